#include "cli/reporting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "base/replace.h"
#include "cli/client.h"
#include "library/configuration.h"
#include "library/model.h"
#include "inspect/examine.h"
#include "report/run_answers.h"
#include "train/watched_file.h"

/* What was watched of the only run. A file that cannot be read is told, and the page does without. */
static rgm_status read_watched(rgm_reporting *r, const char *folder, const rgm_stop *stop, rgm_error *err) {
    char path[RGM_RUNFOLDER_PATH], line[RGM_ERROR_LINE];
    rgm_error why = {0};
    int length = snprintf(path, sizeof path, "%s/watch.h5", folder);
    if (length < 0 || (size_t)length >= sizeof path || access(path, F_OK) != 0) return RGM_OK;
    rgm_status status = rgm_watched_read(&r->watched, path, stop, &why);
    r->page.watched = r->watched;
    if (status == RGM_E_INTERRUPTED || status == RGM_E_NOMEM) {
        *err = why;
        return status;
    }
    if (status < 0) rgm_log(RGM_LOG_WARN, "%s", rgm_error_line(&why, line));
    return RGM_OK;
}

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
    return count == 1 ? read_watched(r, folders[0], stop, err) : RGM_OK;
}

static void begin(void *context, const char *what, int64_t total) {
    rgm_reporting *r = context;
    rgm_bar_finish(&r->bar);
    rgm_bar_start(&r->bar, &(rgm_bar_options){.label = what, .unit = "images", .total = total, .quiet = r->quiet});
}

static void advance(void *context, int64_t done) {
    rgm_reporting *r = context;
    rgm_bar_update(&r->bar, done, NAN, NAN);
}

static rgm_status load_model(rgm_reporting *r, const rgm_cli_line *line, const rgm_stop *stop, rgm_error *err) {
    regimen_error why;
    RGM_TRY(rgm_public_checkpoint(r->histories[0]->folder, r->checkpoint, err));
    if (regimen_config_create(&r->config, &why) < 0) return rgm_client_fail(err, &why);
    RGM_TRY(rgm_public_read_checkpoint(r->config, r->checkpoint, stop, err));
    RGM_TRY(rgm_cli_apply(line, &r->config->config, err));
    if (!r->config->config.data.file[0])
        return rgm_fail(err, RGM_E_USAGE, "report: its data are not known: --data FILE");
    if (regimen_machine_open(&r->machine, r->config, NULL, &why) < 0) return rgm_client_fail(err, &why);
    if (regimen_model_load(&r->model, r->machine, r->checkpoint, r->config, NULL, &why) < 0)
        return rgm_client_fail(err, &why);
    return RGM_OK;
}

rgm_status rgm_reporting_examine(rgm_reporting *r, const rgm_cli_line *line, int32_t split, const rgm_stop *stop,
                                 rgm_error *err) {
    rgm_examination *x = &r->examination;
    RGM_TRY(load_model(r, line, stop, err));
    const rgm_examine_options options = {
        .split = split, .device = r->machine->device, .stop = *stop, .begin = begin, .progress = advance, .context = r};
    r->quiet = line->quiet;
    rgm_status status = rgm_examine(r->model->predictor, &options, x, err);
    rgm_bar_finish(&r->bar);
    RGM_TRY(status);
    x->checkpoint = r->checkpoint;
    x->names = r->model->class_count == x->classes ? (const char *const *)r->model->classes : NULL;
    r->page.examination = x;
    rgm_run_answers_risks(x, &r->risks[0]);
    return RGM_OK;
}

void rgm_reporting_close(rgm_reporting *r) {
    rgm_examination_free(&r->examination);
    regimen_model_close(r->model);
    regimen_machine_close(r->machine);
    regimen_config_destroy(r->config);
    for (int32_t i = 0; i < r->page.count; i++) rgm_history_free(r->histories[i]);
    r->page.count = 0;
    rgm_watched_destroy(r->watched);
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
