#include "cli/result.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "train/peak.h"

rgm_status rgm_result_check(const char *json, rgm_error *err) {
    if (!json || strcmp(json, "-") == 0 || access(json, W_OK) == 0) return RGM_OK;
    char folder[RGM_CONFIG_PATH];
    snprintf(folder, sizeof folder, "%s", json);
    char *slash = strrchr(folder, '/');
    if (slash == folder) slash++; /* the root */
    if (slash) *slash = 0;
    if (access(json, F_OK) == 0 || access(slash ? folder : ".", W_OK | X_OK) != 0)
        return rgm_fail(err, RGM_E_IO, "--json: %s: cannot be written", json);
    return RGM_OK;
}

rgm_status rgm_result_print(const rgm_summary *summary, const char *target, rgm_error *err) {
    char text[RGM_SUMMARY_TEXT];
    if (rgm_json_leaves_text(target)) fputs(rgm_summary_text(summary, text), stdout);
    if (!target) return RGM_OK;
    json_t *json = rgm_summary_json(summary);
    if (!json) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    rgm_status status = rgm_json_write(json, target, err);
    json_decref(json);
    return status;
}

rgm_status rgm_result_print_run(const rgm_run_summary *summary, const rgm_run_parts *parts, const char *json,
                                rgm_error *err) {
    const rgm_session *s = parts->session;
    rgm_summary report = rgm_run_report(summary, s->config);
    if (summary->images_per_s > 0) report.peak_gflops = rgm_peak_gflops(s->device->team, s->device->kernels);
    return rgm_result_print(&report, json, err);
}
