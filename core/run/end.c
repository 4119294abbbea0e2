/* How a training ends: its result, or what goes on. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/planted.h"
#include "report/interval.h"
#include "run/run_internal.h"

/* ---- the summary ---- */

void rgm_run_summary_start(rgm_run_summary *summary) {
    *summary =
        (rgm_run_summary){.accuracy = NAN, .accuracy_low = NAN, .accuracy_high = NAN, .loss = NAN, .data_share = NAN};
    summary->split = -1;
    summary->saved_step = -1;
}

void rgm_run_count(rgm_run_summary *summary, int32_t split, const rgm_tally *tally) {
    if (!tally->seen) return;
    summary->split = split;
    summary->tally = *tally;
    summary->accuracy = rgm_tally_accuracy(tally);
    summary->loss = rgm_tally_loss(tally);
    rgm_interval_wilson(tally->top1, tally->seen, &summary->accuracy_low, &summary->accuracy_high);
}

void rgm_run_pace(rgm_run_summary *summary, double images, double seconds, double flops) {
    summary->seconds = seconds;
    summary->images_per_s = seconds > 0 ? images / seconds : 0;
    summary->gflops = summary->images_per_s * flops * 1e-9;
}

/* Where the run stands. */
static void stand(rgm_run *r) {
    rgm_run_summary *s = r->summary;
    s->step = r->progress.step;
    s->epoch = r->progress.epoch;
    s->seconds = r->progress.seconds;
    s->saved_step = r->saved_step;
    s->data_share = r->o->resume ? NAN : rgm_record_data_share(&r->record); /* of the same steps as the seconds */
    snprintf(s->folder, sizeof s->folder, "%s", r->folder.path);
}

static void name_checkpoint(rgm_run *r, const char *path) {
    snprintf(r->summary->checkpoint, sizeof r->summary->checkpoint, "%s", path);
}

static void name_reason(rgm_run *r, int32_t ending) {
    char *text = r->summary->reason;
    size_t size = sizeof r->summary->reason;
    switch (ending) {
    case RGM_END_STEPS:
        snprintf(text, size, "after %" PRId64 " steps, as asked", r->progress.step);
        break;
    case RGM_END_EARLY:
        snprintf(text, size, "early: %d evaluations without a gain", r->o->config->early_stop.patience);
        break;
    case RGM_END_REACHED:
        snprintf(text, size, "at the accuracy asked for");
        break;
    default:
        snprintf(text, size, "complete");
    }
}

void rgm_run_summarize(rgm_run *r, int32_t ending) {
    stand(r);
    r->summary->ending = ending;
    name_reason(r, ending);
    name_checkpoint(r, ending == RGM_END_EARLY ? r->folder.best : r->folder.last);
}

/* ---- the result ---- */

/* Somebody may have taken best.h5 away. */
static rgm_status load_best(rgm_run *r, rgm_error *err) {
    const char *best = r->folder.best;
    if (r->best) {
        rgm_snapshot_restore(r->best);
        return RGM_OK;
    }
    if (access(best, F_OK) == 0 || errno != ENOENT) return rgm_load_weights(r->parts.trainer, best, &r->o->stop, err);
    rgm_log(RGM_LOG_WARN, "%s is missing: this is the result of the last state, not of the best", best);
    name_checkpoint(r, r->folder.last);
    return RGM_OK;
}

/* The test split, read once, at the end of the whole run; the validation split if there is none. An early stop restores
 * the best. */
static rgm_status measure(rgm_run *r, int32_t ending, rgm_error *err) {
    const rgm_session *s = r->parts.session;
    if (ending == RGM_END_EARLY && !RGM_PLANTED("E9")) RGM_TRY(load_best(r, err));
    int32_t on_test = s->data->test.count && ending != RGM_END_STEPS;
    const rgm_view *view = on_test ? &s->data->test : &s->data->validation;
    if (!view->count) return RGM_OK;
    rgm_tally tally = {0};
    double start = rgm_seconds();
    RGM_TRY(rgm_trainer_evaluate(r->parts.trainer, view, r->o->stop.asked, r->o->stop.context, &tally, err));
    rgm_run_count(r->summary, on_test ? RGM_SPLIT_TEST : RGM_SPLIT_VALIDATION, &tally);
    const rgm_record_evaluation evaluation = {r->summary->split, &tally, rgm_seconds() - start};
    return rgm_record_evaluated(&r->record, &r->progress, &evaluation, err);
}

rgm_status rgm_run_finish(rgm_run *r, int32_t ending, rgm_error *err) {
    const rgm_session *s = r->parts.session;
    const rgm_run_events *e = &r->o->events;
    rgm_run_summarize(r, ending);
    if (r->o->on_result)
        rgm_run_count(r->summary, r->parts.split, &r->judged);
    else
        RGM_TRY(measure(r, ending, err));
    RGM_TRY(rgm_record_end(&r->record, &r->progress, r->summary->reason, err));
    if (r->progress.left_out || r->progress.rewinds)
        rgm_log(RGM_LOG_WARN, "steps left out: %" PRId64 " of %" PRId64 "; rewinds: %d", r->progress.left_out,
                r->progress.step, r->progress.rewinds);
    r->through = 1;
    double images = (double)r->progress.step * s->config->batch;
    rgm_run_pace(r->summary, images, r->progress.seconds, rgm_graph_train_flops(s->model->graph));
    return e->finished ? e->finished(e->context, &r->parts, r->summary, err) : RGM_OK;
}

/* ---- an end that was not meant ---- */

static int32_t find_way(const rgm_run *r, rgm_status status) {
    if (!r->folder.path[0]) return RGM_GOES_ON_NOT;
    if (access(r->folder.config, F_OK) != 0) return RGM_GOES_ON_GONE;
    if (status == RGM_E_NUMERIC) return RGM_GOES_ON_ANEW; /* resumed, the numbers come again */
    return r->through ? RGM_GOES_ON_DONE : RGM_GOES_ON_RESUMED;
}

static rgm_status fail(rgm_run *r, rgm_status status, rgm_error *err) {
    rgm_error ignored;
    char line[RGM_ERROR_LINE];
    if (status == RGM_E_VERDICT) return status;
    rgm_log(RGM_LOG_DEBUG, "%s", rgm_error_line(err, line)); /* for log.txt; the caller has it anyway */
    r->summary->goes_on = find_way(r, status);
    rgm_record_end(&r->record, &r->progress, "failed", &ignored); /* it may be the disk that failed */
    return status;
}

static rgm_status stop(rgm_run *r, rgm_error *err) {
    snprintf(r->summary->reason, sizeof r->summary->reason, "interrupted");
    rgm_status status = rgm_record_end(&r->record, &r->progress, r->summary->reason, err);
    if (status < 0) return fail(r, status, err);
    r->summary->goes_on = find_way(r, RGM_E_INTERRUPTED);
    return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request after step %" PRId64, r->progress.step);
}

rgm_status rgm_run_give_up(rgm_run *r, rgm_status status, rgm_error *err) {
    int32_t has_last = r->folder.path[0] && access(r->folder.last, F_OK) == 0;
    stand(r);
    snprintf(r->summary->reason, sizeof r->summary->reason, "failed");
    name_checkpoint(r, r->saved_step < 0 ? "" : has_last ? r->folder.last : r->folder.best);
    return status == RGM_E_INTERRUPTED ? stop(r, err) : fail(r, status, err);
}
