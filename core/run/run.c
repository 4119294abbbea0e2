#include "run/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "data/fingerprint.h"
#include "run/run_internal.h"
#include "train/advice.h"

/* ---- the loop's events ---- */

static int32_t on_stop(void *context) {
    const rgm_run *r = context;
    return rgm_stop_asked(&r->o->stop);
}

static rgm_status on_step(void *context, const rgm_step_event *event, rgm_error *err) {
    rgm_run *r = context;
    const rgm_run_events *e = &r->o->events;
    RGM_TRY(rgm_record_step(&r->record, event, err));
    RGM_TRY(rgm_watching_step(r->watching, &r->record, event->progress, err));
    return e->step ? e->step(e->context, event, err) : RGM_OK;
}

static void tell_epoch(const rgm_run *r, const rgm_epoch_event *e) {
    const rgm_tally *t = &e->progress->tally, *v = &e->validation;
    char judged[128] = "";
    if (e->evaluated)
        snprintf(judged, sizeof judged, "; %s: loss %.4f, accuracy %.2f %%%s", rgm_split_name(r->parts.split),
                 rgm_tally_loss(v), 100 * rgm_tally_accuracy(v), e->best ? ", the best so far" : "");
    rgm_log(RGM_LOG_INFO, "epoch %d/%d: loss %.4f, accuracy %.2f %%%s", e->progress->epoch, r->o->config->epochs,
            rgm_tally_loss(t), 100 * rgm_tally_accuracy(t), judged);
    if (e->evaluated && !isfinite(v->loss))
        rgm_log(RGM_LOG_WARN, "%s: the loss is not finite: this evaluation counts for nothing",
                rgm_split_name(r->parts.split));
}

/* Without a folder an early stop goes back to the best state from memory. */
static rgm_status keep_best(rgm_run *r, rgm_error *err) {
    if (r->o->files != RGM_RUN_NO_FILES || !r->o->config->early_stop.patience) return RGM_OK;
    rgm_snapshot_destroy(r->best);
    r->best = NULL;
    return rgm_snapshot_take(&r->best, r->parts.trainer, err);
}

static rgm_status on_epoch(void *context, const rgm_epoch_event *event, rgm_error *err) {
    rgm_run *r = context;
    const rgm_run_events *e = &r->o->events;
    tell_epoch(r, event);
    if (event->evaluated) {
        const rgm_record_evaluation evaluation = {r->parts.split, &event->validation, event->seconds};
        r->judged = event->validation;
        RGM_TRY(rgm_record_evaluated(&r->record, event->progress, &evaluation, err));
    }
    if (event->evaluated || !r->parts.judged->count) rgm_watching_predict(r->watching, event->progress->step);
    if (event->best) RGM_TRY(keep_best(r, err));
    RGM_TRY(rgm_board_epoch(&r->record.board, r->parts.session, r->parts.trainer, event->progress, err));
    return e->epoch ? e->epoch(e->context, event, err) : RGM_OK;
}

static void on_spiked(void *context, rgm_error *said) {
    const rgm_run *r = context;
    rgm_watching_spiked(r->watching, said);
}

static rgm_status on_caught(void *context, const rgm_progress *p, const rgm_caught *caught, rgm_error *err) {
    rgm_run *r = context;
    int32_t back = strcmp(caught->action, "rewind") == 0;
    rgm_watching_caught(r->watching, p, back);
    if (!back)
        rgm_log(RGM_LOG_WARN, "%s: the step is left out (%d in a row)", caught->why, p->skipped);
    else
        rgm_log(RGM_LOG_WARN, "%s: back to the state of the last epoch's end, with %g of the rate", caught->why,
                ldexp(1, -p->rewinds));
    return rgm_record_caught(&r->record, p, caught, err);
}

static rgm_status on_saving(void *context, const char *path, rgm_error *err) {
    rgm_run *r = context;
    (void)path;
    RGM_TRY(rgm_record_saving(&r->record, err));
    rgm_watching_save(r->watching);
    return RGM_OK;
}

static rgm_status on_saved(void *context, const char *path, const rgm_progress *p, rgm_error *err) {
    rgm_run *r = context;
    const rgm_run_events *e = &r->o->events;
    if (path == r->folder.last || access(r->folder.last, F_OK) != 0) r->saved_step = p->step;
    if (e->saved) RGM_TRY(e->saved(e->context, path, p, err));
    const rgm_record_checkpoint checkpoint = {path, path == r->folder.best, rgm_seconds() - r->record.saving_since};
    return rgm_record_saved(&r->record, p, &checkpoint, err);
}

static rgm_status run_loop(rgm_run *r, int32_t *ending, rgm_error *err) {
    const rgm_run_events *e = &r->o->events;
    int32_t files = r->o->files != RGM_RUN_NO_FILES;
    rgm_loop_options options = {.last = files ? r->folder.last : NULL,
                                .best = files ? r->folder.best : NULL,
                                .back = files ? r->folder.back : NULL,
                                .begins = r->begins,
                                .view = r->parts.judged,
                                .until = r->o->until,
                                .events = {.context = r,
                                           .stop = on_stop,
                                           .step = on_step,
                                           .caught = on_caught,
                                           .spiked = on_spiked,
                                           .epoch = on_epoch,
                                           .saving = on_saving,
                                           .saved = on_saved}};
    rgm_status status = rgm_loop_run(r->parts.session, r->parts.trainer, &r->progress, &options, ending, err);
    if (e->trained) e->trained(e->context);
    return status;
}

/* ---- the run ---- */

static rgm_status train(rgm_run *r, rgm_error *err) {
    const rgm_run_events *e = &r->o->events;
    int32_t ending, finished;
    RGM_TRY(rgm_run_begin(r, &finished, err));
    if (finished) {
        r->through = 1;
        rgm_status told = e->finished ? e->finished(e->context, &r->parts, r->summary, err) : RGM_OK;
        return told < 0 ? rgm_run_give_up(r, told, err) : told;
    }
    rgm_status status = run_loop(r, &ending, err);
    if (rgm_metrics_sync(&r->record.metrics, NULL) >= 0) rgm_watching_save(r->watching);
    if (status >= 0) status = rgm_run_finish(r, ending, err);
    return status < 0 ? rgm_run_give_up(r, status, err) : status;
}

static void on_advice(void *context, const char *line) {
    const rgm_run *r = context;
    const rgm_run_events *e = &r->o->events;
    if (e->advice)
        e->advice(e->context, line);
    else
        rgm_log(RGM_LOG_WARN, "%s", line);
}

/* What epochs are evaluated on. */
static void choose_judged(rgm_run *r) {
    const rgm_session *s = r->parts.session;
    int32_t on_test = r->o->on_result && s->data->test.count;
    r->parts.judged = on_test ? &s->data->test : &s->data->validation;
    r->parts.split = on_test ? RGM_SPLIT_TEST : RGM_SPLIT_VALIDATION;
}

/* All but the folder, which comes last: nothing is left behind by a run that could not begin. */
static rgm_status prepare(rgm_run *r, const rgm_session *s, rgm_error *err) {
    const rgm_run_events *e = &r->o->events;
    const rgm_trainer_options options = {.training = 1};
    const rgm_advice advice = {
        .context = r, .tell = on_advice, .resumed = r->o->resume != NULL, .evaluated = r->o->on_result};
    r->parts.session = s;
    choose_judged(r);
    RGM_TRY(rgm_advise(s, &advice, err));
    RGM_TRY(rgm_trainer_create(&r->parts.trainer, s, &options, err));
    r->summary->memory = rgm_trainer_memory(r->parts.trainer).peak;
    r->summary->rate = s->model->components.lr;
    if (r->o->config->checkpoint[0] && !r->o->resume) RGM_TRY(rgm_run_load_weights(r, err));
    return e->prepared ? e->prepared(e->context, &r->parts, err) : RGM_OK;
}

/* A run that is continued keeps its model's own constants. What is wrong with the checkpoint is said when it is
 * loaded. */
static void take_constants(rgm_constants *own, const rgm_run_options *o) {
    const char *resume = o->resume;
    char path[RGM_RUNFOLDER_PATH];
    *own = (rgm_constants){0};
    if (!resume || !rgm_runfolder_checkpoint(resume, 0, path)) return;
    if (rgm_constants_read(own, path, &o->stop, NULL) < 0) *own = (rgm_constants){0};
}

static rgm_status make_session(const rgm_run_options *o, rgm_session **s, rgm_error *err) {
    rgm_constants own;
    if (o->resume && o->files == RGM_RUN_NO_FILES)
        return rgm_fail(err, RGM_E_USAGE, "%s: a run that is resumed writes into its folder", o->resume);
    take_constants(&own, o);
    const rgm_session_options session = {.device = o->device,
                                         .set = o->set,
                                         .exclude = o->exclude,
                                         .need_data = 1,
                                         .suit = 1,
                                         .resumed = o->resume != NULL,
                                         .model = &own,
                                         .stop = o->stop};
    rgm_status status = rgm_run_open(s, o->config, &session, err);
    rgm_constants_free(&own);
    return status;
}

static rgm_status train_in_folder(rgm_run *r, rgm_error *err) {
    const rgm_run_events *e = &r->o->events;
    rgm_status status = rgm_run_open_folder(r, err);
    if (status >= 0) status = train(r, err);
    r->summary->status = status;
    if (e->ended) e->ended(e->context, r->summary);
    return status;
}

static rgm_status conduct(rgm_run *r, rgm_error *err) {
    rgm_session *s = NULL;
    RGM_TRY(make_session(r->o, &s, err));
    /* for checkpoints; whose data it is nobody else may ask for it meanwhile */
    if (r->o->files != RGM_RUN_NO_FILES && !r->o->set) rgm_fingerprint_begin(s->data->set, &s->stop);
    rgm_status status = prepare(r, s, err);
    if (status >= 0) status = train_in_folder(r, err);
    rgm_metrics_close(&r->record.metrics);
    rgm_watching_end(r->watching);
    rgm_board_close(&r->record.board);
    rgm_snapshot_destroy(r->best);
    rgm_trainer_destroy(r->parts.trainer);
    rgm_session_destroy(s);
    return status;
}

/* Whatever is logged in this thread is the run's. */
static void take_line(void *context, int32_t level, const char *line) {
    rgm_run *r = context;
    const rgm_run_events *e = &r->o->events;
    rgm_error full;
    if (e->message) e->message(e->context, level, line);
    if (rgm_log_file_add(&r->folder.said, level, line, &full) < 0 && e->message)
        e->message(e->context, RGM_LOG_WARN, full.text);
}

rgm_status rgm_run_train(const rgm_run_options *options, rgm_run_summary *summary, rgm_error *err) {
    rgm_error own = {0};
    if (!err) err = &own;
    rgm_run_summary_start(summary);
    rgm_run *r = calloc(1, sizeof *r);
    if (!r) {
        summary->status = RGM_E_NOMEM;
        return rgm_fail(err, RGM_E_NOMEM, "run: out of memory");
    }
    r->o = options;
    r->summary = summary;
    r->record.config = options->config;
    r->progress = rgm_progress_start();
    r->saved_step = -1;
    rgm_log_receiver receiver = {.take = take_line, .context = r};
    rgm_log_receive(&receiver);
    summary->status = conduct(r, err);
    rgm_log_release(&receiver);
    rgm_runfolder_close(&r->folder);
    free(r);
    return summary->status;
}
