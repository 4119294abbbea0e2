/* The commands, and what they need from elsewhere.
 *
 * A command parses its own line; argv[0] is its name. It prints results on standard output and everything else through
 * the log. It returns a status whose text main.c prints. Configuration objects are large and static: one command runs
 * per process.
 */
#ifndef RGM_CLI_COMMANDS_H
#define RGM_CLI_COMMANDS_H

#include "base/status.h"

typedef rgm_status (*rgm_command_fn)(int argc, char **argv, rgm_error *err);

rgm_status rgm_cmd_import(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_inspect(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_check(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_label(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_plan(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_train(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_eval(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_predict(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_compare(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_report(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_plugin(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench(int argc, char **argv, rgm_error *err);

/* The benches of `regimen bench`; argv[0] is the bench's name. */
rgm_status rgm_cmd_bench_machine(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_kernels(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_ops(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_compare(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_pipeline(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_predict(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_train(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_step(int argc, char **argv, rgm_error *err);
rgm_status rgm_cmd_bench_eval(int argc, char **argv, rgm_error *err);

#endif
