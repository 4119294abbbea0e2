#include "cli/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "bench/random_set.h"
#include "cli/interrupt.h"
#include "train/peak.h"

int32_t rgm_run_stop(void *context) {
    (void)context;
    return *rgm_interrupt_flag() != 0;
}

rgm_status rgm_run_effort(const rgm_cli_line *line, int32_t repeats, int32_t milliseconds, rgm_effort *effort,
                          rgm_error *err) {
    int32_t sample;
    RGM_TRY(rgm_cli_integer(line, RGM_RUN_REPEATS, 1, 10000, repeats, &repeats, err));
    RGM_TRY(rgm_cli_integer(line, RGM_RUN_SAMPLE, 1, 10000, milliseconds, &sample, err));
    *effort = (rgm_effort){.repeats = repeats, .sample = sample * 1e-3, .stop = rgm_interrupt_flag()};
    return RGM_OK;
}

static void tell_data(const rgm_session *s) {
    if (!s->data->set) return;
    const rgm_dataset_info *info = rgm_dataset_describe(s->data->set);
    rgm_log(RGM_LOG_INFO,
            "%s: %dx%dx%d, %d classes; %" PRId64 " images for training, %" PRId64 " for validation, %" PRId64
            " for the test",
            info->path, info->C, info->H, info->W, info->classes, s->data->train.count, s->data->validation.count,
            s->data->test.count);
    if (info->slow)
        rgm_log(RGM_LOG_WARN,
                "%s: its images are chunked or compressed and too many to be unpacked into memory, which is slow: "
                "contiguous ones are mapped",
                info->path);
    if (info->unpacked)
        rgm_log(RGM_LOG_INFO, "%s: its images are chunked or compressed: unpacked into %" PRId64 " MB of memory",
                info->path, info->unpacked / 1000000 + 1);
    if (info->unlocked)
        rgm_log(RGM_LOG_WARN, "%s: its file system has no locks: make sure that no other program writes it",
                info->path);
}

rgm_status rgm_run_check_target(const char *path, rgm_error *err) {
    if (!path || strcmp(path, "-") == 0 || access(path, W_OK) == 0) return RGM_OK;
    char folder[RGM_CONFIG_PATH];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == folder) slash++; /* the root */
    if (slash) *slash = 0;
    if (access(path, F_OK) == 0 || access(slash ? folder : ".", W_OK | X_OK) != 0)
        return rgm_fail(err, RGM_E_IO, "--json: %s: cannot be written", path);
    return RGM_OK;
}

rgm_status rgm_run_session(rgm_session **session, rgm_config *config, const rgm_cli_line *line,
                           const rgm_session_options *options, rgm_error *err) {
    rgm_session_options o = *options;
    o.stop = (rgm_stop){rgm_run_stop, NULL};
    if (line->quiet) rgm_log_set_level(RGM_LOG_WARN);
    RGM_TRY(rgm_run_check_target(line->json, err));
    RGM_TRY(rgm_session_create(session, config, &o, err));
    rgm_log(RGM_LOG_INFO, "%s", (*session)->device->build);
    rgm_log(RGM_LOG_INFO, "%s", rgm_team_describe((*session)->device->team));
    tell_data(*session);
    return RGM_OK;
}

rgm_status rgm_run_bench_session(rgm_session **session, rgm_config *config, const rgm_cli_line *line, rgm_error *err) {
    const rgm_session_options options = {.need_data = 1};
    if (config->data.file[0]) return rgm_run_session(session, config, line, &options, err);
    RGM_TRY(rgm_random_set(config, err));
    rgm_status status = rgm_run_session(session, config, line, &options, err);
    unlink(config->data.file); /* it stays open */
    return status;
}

void rgm_run_count(rgm_summary *summary, const rgm_tally *tally) {
    summary->images = tally->seen;
    summary->hits = tally->top1;
    summary->hits5 = tally->top5;
    summary->loss = tally->seen ? tally->loss / (double)tally->seen : 0;
}

void rgm_run_speed(rgm_summary *summary, const rgm_session *s, double images, double seconds, double flops) {
    summary->seconds = seconds;
    summary->images_per_s = seconds > 0 ? images / seconds : 0;
    summary->gflops = summary->images_per_s * flops * 1e-9;
    summary->peak_gflops = rgm_peak_gflops(s->device->team, s->device->kernels);
}

rgm_status rgm_run_print(const char *target, const rgm_summary *summary, rgm_error *err) {
    char text[RGM_SUMMARY_TEXT];
    if (rgm_json_leaves_text(target)) fputs(rgm_summary_text(summary, text), stdout);
    if (!target) return RGM_OK;
    json_t *json = rgm_summary_json(summary);
    if (!json) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    rgm_status status = rgm_json_write(json, target, err);
    json_decref(json);
    return status;
}
