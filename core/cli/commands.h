/* The commands, and what they need from elsewhere.
 *
 * A command parses its own line (argv[0] is its name), prints results on standard output and everything else through
 * the log, and returns a status whose text main.c prints. Configuration objects are large and static: one command runs
 * per process.
 */
#ifndef RGM_CLI_COMMANDS_H
#define RGM_CLI_COMMANDS_H

#include "cli/options.h"
#include "train/constants.h"

typedef rgm_status (*rgm_command_fn)(int argc, char **argv, rgm_error *err);

rgm_status rgm_cmd_import(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_plan(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_train(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_eval(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_plugin(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench(int argc, char **argv, rgm_error *err);

/* ---- what the front ends hand over ---- */

/* The configuration is completed in place (rgm_config_fit). The line says what belongs to the call: resume (then
 * config->out is the same folder), json and quiet. With a bench (bench/train.h) the run ends at its accuracy, and the
 * bench's result is printed instead of the run's. */
struct rgm_bench_train;
rgm_status rgm_run_train(rgm_config *config, const rgm_cli_line *line, struct rgm_bench_train *bench, rgm_error *err);

/* Lays out the model for config->batch images and prints the plan, of a training step or of an evaluation.
 * config->data.file may be "" if the image is given. `cores`: also the estimate of plan/chunks.h for so many; 0: not.
 */
rgm_status rgm_run_plan(rgm_config *config, const rgm_cli_line *line, int32_t evaluation, int32_t cores,
                        rgm_error *err);

/* Evaluates config->checkpoint on a split (RGM_SPLIT_*); config is the checkpoint's own with the line's
 * changes, `model` the checkpoint's constants. */
rgm_status rgm_run_eval(rgm_config *config, const rgm_cli_line *line, const rgm_constants *model, int32_t split,
                        rgm_error *err);

/* The benches of `regimen bench`; argv[0] is the bench's name. */
rgm_status rgm_cmd_bench_machine(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_kernels(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_ops(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_compare(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_pipeline(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_train(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_step(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_eval(int argc, char **argv, rgm_error *err);

#endif
