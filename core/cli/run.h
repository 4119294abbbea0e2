/* What the running commands share: a session made from a configuration, told to the log. */
#ifndef RGM_CLI_RUN_H
#define RGM_CLI_RUN_H

#include "bench/measure.h"
#include "cli/options.h"
#include "report/summary.h"
#include "train/trainer.h"

/* A JSON target (rgm_cli_line.json) that cannot be written is refused now, not when the work is done. */
rgm_status rgm_run_check_target(const char *path, rgm_error *err);

/* A session with the program's own plugins (options->plugin_folder is filled in); logs the build, the team and the
 * data, unless the line is quiet. Checks the JSON target. */
rgm_status rgm_run_session(rgm_session **session, rgm_config *config, const rgm_cli_line *line,
                           const rgm_session_options *options, rgm_error *err);

/* The same for a bench that trains, on random images unless there is a data set (config->data.file). */
rgm_status rgm_run_bench_session(rgm_session **session, rgm_config *config, const rgm_cli_line *line, rgm_error *err);

/* The own flags of a bench that samples: its first two. */
enum { RGM_RUN_REPEATS, RGM_RUN_SAMPLE };

/* What they say, else `repeats` samples of at least `milliseconds` each; stops when a signal asks to. */
rgm_status rgm_run_effort(const rgm_cli_line *line, int32_t repeats, int32_t milliseconds, rgm_effort *effort,
                          rgm_error *err);

/* Nonzero once a signal asked to stop; `context` is ignored (an rgm_loop_events.stop). */
int32_t rgm_run_stop(void *context);

/* Fills the evaluation's part of a summary. */
void rgm_run_count(rgm_summary *summary, const rgm_tally *tally);

/* Fills the speed's part: `images` in `seconds`, each of `flops` operations. */
void rgm_run_speed(rgm_summary *summary, const rgm_session *session, double images, double seconds, double flops);

/* Prints the summary as text, or as JSON to `json` (rgm_cli_line.json), or both. */
rgm_status rgm_run_print(const char *json, const rgm_summary *summary, rgm_error *err);

#endif
