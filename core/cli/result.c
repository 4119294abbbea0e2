#include "cli/result.h"

#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/replace.h"
#include "library/inside.h"
#include "report/summary.h"
#include "train/peak.h"

static rgm_status check_target(const char *json, rgm_error *err) {
    int error = json && strcmp(json, "-") != 0 ? rgm_write_hindered(json) : 0;
    return error ? rgm_fail(err, RGM_E_IO, "--json: %.300s: cannot be written: %s", json, strerror(error)) : RGM_OK;
}

rgm_status rgm_result_begin(const rgm_cli_line *line, rgm_error *err) {
    if (line->quiet) rgm_log_set_level(RGM_LOG_WARN);
    return check_target(line->json, err);
}

static rgm_status print(const rgm_summary *summary, const char *target, rgm_error *err) {
    char text[RGM_SUMMARY_TEXT];
    if (rgm_json_leaves_text(target)) fputs(rgm_summary_text(summary, text), stdout);
    if (!target) return RGM_OK;
    json_t *json = rgm_summary_json(summary);
    if (!json) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    rgm_status status = rgm_json_write(json, target, err);
    json_decref(json);
    return status;
}

static const char *text_or_null(const char *text) { return text[0] ? text : NULL; }

/* As report/summary.h tells it, but for the machine's peak. Texts point into the result. */
static rgm_summary report(const regimen_result *r) {
    return (rgm_summary){.model = r->model,
                         .data = r->data,
                         .split = r->split < 0 ? NULL : rgm_split_name(r->split),
                         .run = text_or_null(r->folder),
                         .checkpoint = text_or_null(r->checkpoint),
                         .stopped = r->ending == REGIMEN_END_COMPLETE ? NULL : r->reason,
                         .images = r->images,
                         .hits = r->correct,
                         .hits5 = r->correct5,
                         .classes = r->classes,
                         .loss = r->loss,
                         .steps = r->step,
                         .epochs = r->epoch,
                         .seconds = r->images_per_s > 0 ? r->seconds : 0, /* of what was measured */
                         .images_per_s = r->images_per_s,
                         .gflops = r->gflops,
                         .data_share = r->data_share};
}

rgm_status rgm_result_print_run(const regimen_result *result, const regimen_machine *machine, const char *json,
                                rgm_error *err) {
    const rgm_device *device = machine->device;
    rgm_summary summary = report(result);
    if (result->images_per_s > 0) summary.peak_gflops = rgm_peak_gflops(device->team, device->kernels);
    return print(&summary, json, err);
}
