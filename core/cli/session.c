#include "cli/session.h"

#include <unistd.h>
#include "bench/random_set.h"
#include "cli/interrupt.h"
#include "cli/result.h"

rgm_status rgm_cli_session(const rgm_cli_line *line, rgm_session **session, rgm_config *config,
                           const rgm_session_options *options, rgm_error *err) {
    rgm_session_options o = *options;
    o.stop = rgm_interrupt_stop();
    RGM_TRY(rgm_result_begin(line, err));
    return rgm_run_open(session, config, &o, err);
}

rgm_status rgm_cli_bench_session(const rgm_cli_line *line, rgm_session **session, rgm_config *config, rgm_error *err) {
    const rgm_session_options options = {.need_data = 1};
    if (config->data.file[0]) return rgm_cli_session(line, session, config, &options, err);
    RGM_TRY(rgm_random_set(config, err));
    rgm_status status = rgm_cli_session(line, session, config, &options, err);
    unlink(config->data.file); /* it stays open */
    return status;
}

rgm_status rgm_cli_effort(const rgm_cli_line *line, int32_t repeats, int32_t milliseconds, rgm_effort *effort,
                          rgm_error *err) {
    int32_t sample;
    RGM_TRY(rgm_cli_integer(line, RGM_CLI_REPEATS, 1, 10000, repeats, &repeats, err));
    RGM_TRY(rgm_cli_integer(line, RGM_CLI_SAMPLE, 1, 10000, milliseconds, &sample, err));
    *effort = (rgm_effort){.repeats = repeats, .sample = sample * 1e-3, .stop = rgm_interrupt_flag()};
    return RGM_OK;
}
