#include "cli/reporting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/replace.h"

rgm_status rgm_reporting_read(rgm_reporting *r, const char *const *folders, int32_t count, const rgm_stop *stop,
                              rgm_error *err) {
    memset(r, 0, sizeof *r);
    for (int32_t i = 0; i < count; i++) {
        RGM_TRY(rgm_history_read(&r->histories[i], folders[i], stop, err));
        r->page.runs[i] = r->histories[i];
        r->page.risks[i] = &r->risks[i];
        r->page.count++;
        rgm_risks_find(&r->risks[i], r->histories[i]);
    }
    rgm_history_distinguish(r->histories, count);
    return RGM_OK;
}

void rgm_reporting_close(rgm_reporting *r) {
    for (int32_t i = 0; i < r->page.count; i++) rgm_history_free(r->histories[i]);
    r->page.count = 0;
}

rgm_status rgm_reporting_check(const char *path, rgm_error *err) {
    int error = rgm_replace_hindered(path);
    if (error) return rgm_fail(err, RGM_E_IO, "report: %.300s: %s", path, strerror(error));
    if (rgm_file_begins(path, RGM_RUN_PAGE_HEAD) != RGM_BEGINS_OTHER) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "report: %.300s: exists, and is no report: give another name with --out", path);
}

const char *rgm_reporting_path(const char *folder, char path[RGM_RUNFOLDER_PATH]) {
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') length--;
    snprintf(path, RGM_RUNFOLDER_PATH, "%.*s/report.html", (int)length, folder);
    return path;
}

void rgm_reporting_ended(const char *folder) {
    char path[RGM_RUNFOLDER_PATH], line[RGM_ERROR_LINE];
    const rgm_stop never = {0};
    rgm_error err = {0};
    rgm_reporting *r = calloc(1, sizeof *r);
    rgm_status status = r ? RGM_OK : rgm_fail(&err, RGM_E_NOMEM, "report: out of memory");
    if (status >= 0) status = rgm_reporting_check(rgm_reporting_path(folder, path), &err);
    if (status >= 0) status = rgm_reporting_read(r, &folder, 1, &never, &err);
    if (status >= 0) status = rgm_run_page_write(&r->page, path, &err);
    if (r) rgm_reporting_close(r);
    free(r);
    if (status < 0)
        rgm_log(RGM_LOG_WARN, "%s", rgm_error_line(&err, line));
    else
        rgm_log(RGM_LOG_INFO, "report: %s", path);
}
