/* How a training begins: a new folder, or what a checkpoint says. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "run/run_internal.h"
#include "train/suit.h"

rgm_status rgm_run_load_weights(rgm_run *r, rgm_error *err) {
    const rgm_session *s = r->parts.session;
    const char *path = s->config->checkpoint;
    rgm_constants theirs;
    RGM_TRY(rgm_load_weights(r->parts.trainer, path, &s->stop, err));
    if (rgm_trainer_check_state(r->parts.trainer, err) < 0) return rgm_fail_in(err, "%s", path);
    RGM_TRY(rgm_constants_read(&theirs, path, &s->stop, err));
    rgm_constants_compare(&theirs, &s->data->constants, s->config->data.file);
    rgm_constants_free(&theirs);
    return RGM_OK;
}

/* ---- the folder ---- */

static rgm_status effective(const rgm_run *r, rgm_config **config, rgm_error *err) {
    *config = malloc(sizeof **config);
    if (!*config) return rgm_fail(err, RGM_E_NOMEM, "configuration: out of memory");
    rgm_session_effective(r->parts.session, *config);
    return RGM_OK;
}

static rgm_status create_folder(rgm_run *r, rgm_error *err) {
    rgm_config *config;
    RGM_TRY(effective(r, &config, err));
    rgm_status status = rgm_runfolder_create(&r->folder, config, err);
    if (status >= 0) snprintf(r->o->config->out, sizeof r->o->config->out, "%s", config->out);
    free(config);
    if (status >= 0) rgm_log(RGM_LOG_INFO, "run folder: %s", r->folder.path);
    if (status >= 0 || !r->folder.has_run) return status;
    r->summary->goes_on = RGM_GOES_ON_OCCUPIED;
    snprintf(r->summary->folder, sizeof r->summary->folder, "%s", r->folder.path);
    return status;
}

/* What follows from the set, as nobody has given it. */
static void tell_suited(const rgm_run *r) {
    const rgm_session *s = r->parts.session;
    char text[RGM_SUIT_TEXT];
    if (!rgm_suit_describe(s->config, text)[0]) return;
    rgm_log(RGM_LOG_INFO, "%" PRId64 " training images of %dx%d, %d classes: %s (docs/CONFIG.md#defaults-of-a-set)",
            s->data->train.count, s->config->model.image[1], s->config->model.image[2], s->model->classes, text);
}

static rgm_status open_folder(rgm_run *r, rgm_error *err) {
    if (!r->o->resume) return create_folder(r, err);
    RGM_TRY(rgm_runfolder_open(&r->folder, r->o->resume, err));
    if (r->folder.has_last || r->folder.has_best) r->begins = r->folder.has_last ? RGM_BEGINS_LAST : RGM_BEGINS_BEST;
    return RGM_OK;
}

rgm_status rgm_run_open_folder(rgm_run *r, rgm_error *err) {
    const rgm_run_events *e = &r->o->events;
    int32_t files = r->o->files != RGM_RUN_NO_FILES;
    if (files) RGM_TRY(open_folder(r, err));
    if (r->begins == RGM_BEGINS_NEW) tell_suited(r);
    if (files && e->opened) e->opened(e->context, &r->folder);
    return RGM_OK;
}

/* ---- going on ---- */

/* The configuration with which the run goes on, so that it goes on with it the next time, too. */
static rgm_status keep_config(const rgm_run *r, rgm_error *err) {
    rgm_config *config;
    RGM_TRY(effective(r, &config, err));
    snprintf(config->out, sizeof config->out, "%s", r->folder.path);
    rgm_status status = rgm_runfolder_keep(&r->folder, config, err);
    free(config);
    return status;
}

/* A run that ended before its first checkpoint. */
static rgm_status begin_again(rgm_run *r, rgm_error *err) {
    int32_t found;
    rgm_log(RGM_LOG_INFO, "%s: no checkpoint was written before this run ended: it begins again at its first step",
            r->folder.path);
    if (r->o->config->checkpoint[0]) RGM_TRY(rgm_run_load_weights(r, err));
    RGM_TRY(keep_config(r, err));
    RGM_TRY(rgm_metrics_rewind(r->folder.metrics, NULL, &found, err));
    return rgm_metrics_open(&r->record.metrics, r->folder.metrics, err);
}

/* A last.h5 that cannot be read is no dead end: without it the run goes on from best.h5, or begins again. */
static void add_way_on(const rgm_run *r, const char *damaged, rgm_error *err) {
    int32_t best = damaged == r->folder.last && r->folder.has_best;
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, "; if you move this file away, the run %s",
             best ? "goes on from best.h5" : "begins again");
}

/* A limit that has been passed is no limit: it is refused before it is written into config.yaml. */
static rgm_status check_limit(const rgm_run *r, rgm_error *err) {
    int64_t limit = r->o->config->steps, step = r->progress.step;
    if (limit <= 0 || step <= limit) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE,
                    "%.400s: steps: %" PRId64 ", but %" PRId64
                    " are made already: more --steps, or --steps 0 for no limit",
                    r->folder.path, limit, step);
}

/* 1 for a run that has had its end, with the evaluation that belongs to it; says so. */
static int32_t is_finished(rgm_run *r) {
    int32_t ending;
    if (!rgm_loop_over(r->parts.session, &r->progress, &ending)) return 0;
    rgm_run_summarize(r, ending);
    if (!rgm_metrics_ended(r->folder.metrics, r->progress.step, r->summary->reason)) return 0;
    rgm_log(RGM_LOG_INFO, "%s: this run is finished (%s): nothing is left to do", r->folder.path, r->summary->reason);
    return 1;
}

static rgm_status load_state(rgm_run *r, const char *from, rgm_resumed *resumed, rgm_error *err) {
    rgm_status status = rgm_resume(r->parts.session, r->parts.trainer, from, resumed, err);
    if (status == RGM_E_FORMAT) add_way_on(r, from, err);
    RGM_TRY(status);
    r->progress = resumed->progress;
    return check_limit(r, err);
}

/* The events as they were when the checkpoint `from` was written. A process may have ended between a checkpoint and its
 * event: then that is told now. */
static rgm_status rewind_events(rgm_run *r, const char *from, rgm_error *err) {
    int32_t found, best = from == r->folder.best;
    const rgm_metrics_mark mark = {.step = r->progress.step, .epoch = r->progress.epoch, .best = best};
    RGM_TRY(rgm_metrics_rewind(r->folder.metrics, &mark, &found, err));
    RGM_TRY(rgm_metrics_open(&r->record.metrics, r->folder.metrics, err));
    if (found) return RGM_OK;
    return rgm_record_saved(&r->record, &r->progress, &(rgm_record_checkpoint){from, best, NAN}, err);
}

/* Everything as the checkpoint says. A finished run stays as it is. */
static rgm_status resume(rgm_run *r, int32_t *finished, rgm_error *err) {
    rgm_resumed resumed;
    const char *from = r->begins == RGM_BEGINS_LAST ? r->folder.last : r->folder.best;
    RGM_TRY(load_state(r, from, &resumed, err));
    *finished = r->begins == RGM_BEGINS_LAST && is_finished(r);
    if (*finished) return RGM_OK;
    if (resumed.differs)
        rgm_log(RGM_LOG_WARN, "the checkpoint was made by %s; this is %s: the result may have other bits",
                resumed.build, r->parts.session->device->build);
    rgm_log(RGM_LOG_INFO, "continuing %s after step %" PRId64, r->folder.path, r->progress.step);
    r->saved_step = r->progress.step;
    RGM_TRY(keep_config(r, err));
    return rewind_events(r, from, err);
}

rgm_status rgm_run_begin(rgm_run *r, int32_t *finished, rgm_error *err) {
    const rgm_run_events *e = &r->o->events;
    *finished = 0;
    if (r->begins != RGM_BEGINS_NEW)
        RGM_TRY(resume(r, finished, err));
    else if (r->o->resume)
        RGM_TRY(begin_again(r, err));
    else if (r->folder.path[0])
        RGM_TRY(rgm_metrics_open(&r->record.metrics, r->folder.metrics, err));
    if (*finished) return RGM_OK;
    int32_t resumed = r->begins != RGM_BEGINS_NEW;
    const rgm_watching_options watching = {.session = r->parts.session,
                                           .trainer = r->parts.trainer,
                                           .judged = r->parts.judged,
                                           .path = r->folder.watch,
                                           .metrics = r->folder.metrics,
                                           .fresh = !resumed && !r->o->config->checkpoint[0],
                                           .resumed = resumed,
                                           .step = r->progress.step,
                                           .stop = r->o->stop};
    r->watching = rgm_watching_begin(&watching);
    RGM_TRY(rgm_board_open(&r->record.board, r->parts.session, r->parts.trainer, r->folder.path,
                           r->o->resume ? r->progress.step : -1, err));
    RGM_TRY(rgm_record_start(&r->record, r->parts.session, &r->progress, resumed, err));
    return e->begun ? e->begun(e->context, &r->parts, &r->progress, err) : RGM_OK;
}
