#include "train/loop.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/fpenv.h"
#include "base/planted.h"
#include "train/policy.h"
#include "train/save.h"
#include "train/snapshot.h"
#include "train/spike.h"

typedef struct loop {
    const rgm_session *s;
    rgm_trainer *t;
    rgm_progress *p;
    const rgm_loop_options *o;
    double saved_at;     /* seconds, monotonic */
    int64_t saved_step;  /* of last.h5 */
    int32_t saved_epoch; /* of it */
    int32_t ending;
    int32_t reached; /* options->until */
    int32_t mute;    /* 1: something could not be written */
    rgm_policy policy;
    int32_t torn; /* 1: plugins have seen a part of an evaluation, and could not be put back */
} loop;

static const rgm_view *evaluated_view(const loop *l) {
    if (RGM_PLANTED("E2")) return &l->s->data->test;
    return l->o->view ? l->o->view : &l->s->data->validation;
}

static int32_t asked_to_stop(const loop *l) { return l->o->events.stop && l->o->events.stop(l->o->events.context); }

/* An event's status; what could not be written is no reason to write more. */
static rgm_status told(loop *l, rgm_status status) {
    if (status == RGM_E_IO) l->mute = 1;
    return status;
}

static int32_t is_saved(const loop *l) { return l->saved_step == l->p->step && l->saved_epoch == l->p->epoch; }

static rgm_status write_checkpoint(loop *l, const char *path, rgm_error *err) {
    const rgm_loop_events *e = &l->o->events;
    if (e->saving) RGM_TRY(e->saving(e->context, path, err));
    RGM_TRY(rgm_save(l->s, l->t, l->p, path, err));
    if (path == l->o->last) {
        l->saved_at = rgm_seconds();
        l->saved_step = l->p->step;
        l->saved_epoch = l->p->epoch;
    }
    return e->saved ? e->saved(e->context, path, l->p, err) : RGM_OK;
}

static rgm_status check_state(const loop *l, rgm_error *err) {
    if (rgm_trainer_check_state(l->t, err) >= 0) return RGM_OK;
    return rgm_fail_in(err, "after step %" PRId64, l->p->step);
}

static rgm_status save(loop *l, const char *path, rgm_error *err) {
    if (!path) return RGM_OK;
    RGM_TRY(check_state(l, err));
    rgm_status status = write_checkpoint(l, path, err);
    if (status < 0) l->mute = 1; /* a state that says what the best is needs that best on the disk */
    return status;
}

/* The metric that chooses best.h5, larger is better; NaN never is the best. */
static double metric_of(const rgm_config *c, const rgm_tally *t) {
    if (t->seen == 0 || !isfinite(t->loss)) return NAN;
    return c->early_stop.metric == RGM_METRIC_LOSS ? -rgm_tally_loss(t) : rgm_tally_accuracy(t);
}

static int32_t out_of_patience(const rgm_config *c, const rgm_progress *p) {
    return c->early_stop.patience && p->evaluations_without_gain >= c->early_stop.patience;
}

int32_t rgm_loop_over(const rgm_session *s, const rgm_progress *p, int32_t *ending) {
    int64_t limit = rgm_session_steps(s);
    *ending = RGM_END_EARLY;
    if (out_of_patience(s->config, p)) return 1;
    *ending = limit < s->steps_total ? RGM_END_STEPS : RGM_END_COMPLETE;
    return p->step >= limit && p->epoch_step < s->steps_per_epoch;
}

/* Takes an evaluation into account: the best so far, and how long ago the last gain was. */
static int32_t judge(loop *l, const rgm_tally *validation) {
    const rgm_config *c = l->s->config;
    double metric = metric_of(c, validation);
    int32_t best = l->p->best_epoch < 0 ? !isnan(metric) : metric > l->p->best_metric;
    int32_t gained = l->p->best_epoch < 0 ? !isnan(metric) : metric > l->p->gain_metric + c->early_stop.gain;
    if (gained) l->p->gain_metric = metric;
    l->p->evaluations_without_gain = gained ? 0 : l->p->evaluations_without_gain + 1;
    if (best) {
        l->p->best_metric = metric;
        l->p->best_epoch = l->p->epoch;
    }
    return best;
}

static rgm_status tell_plugins(const loop *l, const rgm_tally *validation, rgm_error *err) {
    const rgm_components *c = &l->s->model->components;
    rgm_clock clock = rgm_session_clock(l->s, l->p->step);
    size_t count = (size_t)c->schedules;
    RGM_TRY(rgm_plug_observe(c->schedule, count, &clock, "validation_loss", rgm_tally_loss(validation), err));
    return rgm_plug_observe(c->schedule, count, &clock, "validation_accuracy", rgm_tally_accuracy(validation), err);
}

/* All plugins have seen the evaluation, or none. */
static rgm_status observe(loop *l, const rgm_tally *validation, rgm_error *err) {
    rgm_states *before;
    rgm_error later = {0};
    RGM_TRY(rgm_states_take(&before, l->s, err));
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    rgm_status status = tell_plugins(l, validation, err);
    rgm_fpenv_end(&callers);
    if (status < 0) l->torn = rgm_states_restore(before, &later) < 0;
    rgm_states_destroy(before);
    return status;
}

static rgm_status evaluate(loop *l, rgm_epoch_event *event, rgm_error *err) {
    double start = rgm_seconds();
    const rgm_loop_events *e = &l->o->events;
    rgm_tally *v = &event->validation;
    if (e->evaluating) RGM_TRY(told(l, e->evaluating(e->context, evaluated_view(l)->count, err)));
    RGM_TRY(check_state(l, err));
    rgm_status status = rgm_trainer_evaluate(l->t, evaluated_view(l), e->stop, e->context, v, err);
    /* A loss over all images that is not finite is a result: running statistics may be too young. */
    if (status != RGM_E_NUMERIC || v->seen != evaluated_view(l)->count) RGM_TRY(status);
    event->evaluated = 1;
    event->seconds = rgm_seconds() - start;
    l->reached = l->o->until > 0 && isfinite(v->loss) && rgm_tally_accuracy(v) >= l->o->until;
    return observe(l, v, err);
}

static int32_t is_due(const loop *l) {
    const rgm_config *c = l->s->config;
    if (rgm_policy_rewinds(c)) return 1; /* what it goes back to must not be newer than `last` */
    return l->p->epoch % c->save.every == 0 || l->p->step >= l->s->steps_total || out_of_patience(c, l->p);
}

/* The state that the policy `rewind` goes back to. */
static rgm_status keep_back(loop *l, rgm_error *err) {
    if (!rgm_policy_rewinds(l->s->config)) return RGM_OK;
    RGM_TRY(check_state(l, err));
    rgm_status status = rgm_policy_keep(&l->policy, l->p, 1, err);
    if (status < 0) l->mute = 1;
    return status;
}

/* The end of an epoch: evaluation, reports, checkpoints. An interruption in the evaluation leaves the epoch unfinished
 * (epoch_step = steps_per_epoch), so that a resumed run begins with it. */
static rgm_status end_epoch(loop *l, rgm_error *err) {
    const rgm_loop_events *e = &l->o->events;
    rgm_epoch_event event = {.progress = l->p};
    int32_t epoch = l->p->epoch + 1, last = l->p->step >= l->s->steps_total;
    if (l->s->data->set)
        RGM_TRY(rgm_dataset_check(l->s->data->set, err)); /* the last batch, too, was of the file as opened */
    if (evaluated_view(l)->count && (epoch % l->s->config->evaluate.every == 0 || last))
        RGM_TRY(evaluate(l, &event, err));
    l->p->epoch = epoch;
    l->p->epoch_step = 0;
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    if (event.evaluated) event.best = judge(l, &event.validation);
    rgm_fpenv_end(&callers);
    rgm_status status = e->epoch ? told(l, e->epoch(e->context, &event, err)) : RGM_OK;
    if (l->mute) return status; /* after any other failure, the epoch is complete all the same */
    l->p->tally = (rgm_tally){0};
    rgm_error later = {0};
    rgm_status saved = event.best ? save(l, l->o->best, &later) : RGM_OK;
    if (saved >= 0 && is_due(l)) saved = save(l, l->o->last, &later);
    if (saved >= 0) saved = keep_back(l, &later);
    return saved < 0 ? rgm_fail(err, saved, "%s", later.text) : status;
}

static void add_step(const loop *l, const rgm_tally *more) {
    rgm_progress *p = l->p;
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    if (l->s->config->watch.spikes != RGM_SPIKES_NOTE) rgm_level_add(&p->usual, rgm_tally_loss(more));
    rgm_tally_add(&p->tally, more);
    rgm_tally_add(&p->window, more);
    rgm_fpenv_end(&callers);
}

/* What failed may be mended by the policy: then that is told, and the run goes on. */
static rgm_status mend(loop *l, int32_t in_step, rgm_status failure, rgm_error *err) {
    const rgm_loop_events *e = &l->o->events;
    int32_t spiked = in_step && rgm_trainer_spiked(l->t);
    rgm_caught caught = {.cause = spiked ? "spike" : "not finite"};
    if (spiked && e->spiked) e->spiked(e->context, err);
    RGM_TRY(rgm_policy_catch(&l->policy, l->p, in_step, &caught.action, failure, err));
    const rgm_error why = *err;
    *err = (rgm_error){0};
    caught.why = why.text;
    if (in_step) {
        l->p->step++;
        l->p->epoch_step++;
        l->p->left_out++;
    }
    return e->caught ? told(l, e->caught(e->context, l->p, &caught, err)) : RGM_OK;
}

static rgm_status one_step(loop *l, rgm_error *err) {
    rgm_progress *p = l->p;
    rgm_step_event event = {.progress = p};
    double start = rgm_seconds();
    rgm_trainer_expect(l->t, rgm_level_usual(&p->usual));
    rgm_status made = rgm_trainer_step(l->t, p->step, &event.result, err);
    if (made < 0) return mend(l, 1, made, err);
    rgm_policy_made(p);
    event.seconds = rgm_seconds() - start;
    event.waited = rgm_trainer_watch(l->t)->waited;
    event.making = rgm_trainer_watch(l->t)->batch_seconds;
    p->seconds += event.seconds;
    p->step++;
    p->epoch_step++;
    add_step(l, &event.result.tally);
    const rgm_loop_events *e = &l->o->events;
    rgm_status status = e->step ? told(l, e->step(e->context, &event, err)) : RGM_OK;
    if (p->step % l->s->config->metrics.every == 0) p->window = (rgm_tally){0};
    return status;
}

/* Saves to `last`. What is not finite is mended first, if the policy can. */
static rgm_status save_last(loop *l, rgm_error *err) {
    rgm_status status = save(l, l->o->last, err);
    if (status != RGM_E_NUMERIC || l->mute) return status;
    RGM_TRY(mend(l, 0, status, err));
    return save(l, l->o->last, err);
}

static rgm_status interrupted(loop *l, rgm_error *err) {
    if (!is_saved(l) && rgm_trainer_whole(l->t)) RGM_TRY(save_last(l, err));
    return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request after step %" PRId64, l->p->step);
}

/* What ends a run is no reason to lose its state. */
static void keep_state(loop *l, rgm_status status) {
    if (status >= 0 || status == RGM_E_NUMERIC || l->mute || l->torn) return;
    if (l->p->step == 0 || is_saved(l) || !rgm_trainer_whole(l->t)) return;
    rgm_error later = {0}; /* the failure that is told is the first one */
    save(l, l->o->last, &later);
}

static rgm_status check_ending(const loop *l, rgm_error *err) {
    if (l->ending != RGM_END_EARLY || l->p->best_epoch >= 0) return RGM_OK;
    return rgm_fail(err, RGM_E_NUMERIC, "after step %" PRId64 ": no evaluation of %d had a finite loss", l->p->step,
                    l->p->evaluations_without_gain);
}

static rgm_status run(loop *l, rgm_error *err) {
    const rgm_config *c = l->s->config;
    if (l->o->begins == RGM_BEGINS_BEST && is_due(l)) RGM_TRY(save(l, l->o->last, err));
    RGM_TRY(rgm_policy_keep(&l->policy, l->p, 0, err));
    while (!rgm_loop_over(l->s, l->p, &l->ending)) {
        if (l->p->epoch_step >= l->s->steps_per_epoch) {
            rgm_status status = end_epoch(l, err);
            if (status == RGM_E_INTERRUPTED) return interrupted(l, err);
            if (status < 0 && !l->mute) status = mend(l, 0, status, err);
            RGM_TRY(status);
            if (!l->reached) continue;
            l->ending = RGM_END_REACHED;
            break;
        }
        rgm_status stepped = one_step(l, err);
        if (stepped == RGM_E_INTERRUPTED || (stepped == RGM_OK && asked_to_stop(l))) return interrupted(l, err);
        RGM_TRY(stepped);
        if (c->save.minutes > 0 && rgm_seconds() - l->saved_at > 60 * c->save.minutes) RGM_TRY(save_last(l, err));
    }
    if (!is_saved(l)) RGM_TRY(save_last(l, err));
    return check_ending(l, err);
}

rgm_status rgm_loop_run(const rgm_session *s, rgm_trainer *t, rgm_progress *progress, const rgm_loop_options *options,
                        int32_t *ending, rgm_error *err) {
    loop l = {.s = s,
              .t = t,
              .p = progress,
              .o = options,
              .saved_at = rgm_seconds(),
              .saved_step = options->begins == RGM_BEGINS_LAST ? progress->step : -1,
              .saved_epoch = progress->epoch,
              .ending = RGM_END_COMPLETE,
              .policy = {.session = s, .trainer = t, .back = options->back}};
    rgm_error own = {0};
    if (!err) err = &own; /* a failure that is mended must be told */
    if (s->config->watch.spikes == RGM_SPIKES_NOTE) progress->usual = (rgm_level){0}; /* it would be out of date */
    rgm_policy_begin(&l.policy, progress);
    rgm_status status = run(&l, err);
    rgm_policy_end(&l.policy);
    keep_state(&l, status);
    *ending = l.ending;
    return status;
}
