/* What commands share that make a session themselves: plan and the benches. A training or an evaluation is the
 * library's (<regimen/regimen.h>). */
#ifndef RGM_CLI_SESSION_H
#define RGM_CLI_SESSION_H

#include "bench/measure.h"
#include "cli/options.h"
#include "run/run.h"

/* Begins (rgm_result_begin), and makes a session that stops when a signal asks to (options->stop is filled in); the log
 * says of what. */
rgm_status rgm_cli_session(const rgm_cli_line *line, rgm_session **session, rgm_config *config,
                           const rgm_session_options *options, rgm_error *err);

/* The same for a bench that trains, on random images unless there is a data set (config->data.file). */
rgm_status rgm_cli_bench_session(const rgm_cli_line *line, rgm_session **session, rgm_config *config, rgm_error *err);

/* The own flags of a bench that samples: its first two. */
enum { RGM_CLI_REPEATS, RGM_CLI_SAMPLE };

/* What they say, else `repeats` samples of at least `milliseconds` each; stops when a signal asks to. */
rgm_status rgm_cli_effort(const rgm_cli_line *line, int32_t repeats, int32_t milliseconds, rgm_effort *effort,
                          rgm_error *err);

#endif
