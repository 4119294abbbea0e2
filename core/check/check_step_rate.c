/* A step: short trainings at several rates. A rate is called wrong only where a training at another one shows it. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/text.h"
#include "check/check_step_optimizer.h"
#include "check/check_step_rate.h"
#include "check/check_step_schedule.h"
#include "check/short.h"
#include "train/baseline.h"
#include "train/snapshot.h"

enum { RAMP = 100, COARSE = 40, TRIAL = 60, WARM = 30 };
static const double BELOW = 1e-3, ABOVE = 1e3; /* of the configured peak: where the ramp begins and ends */

/* ---- the ramp ---- */

typedef struct ramp {
    int32_t steps; /* RAMP, or COARSE for a rate that is not doubted whatever comes out */
    int32_t count; /* steps made; it ends where the loss does */
    double rate[RAMP], loss[RAMP];
    double best;       /* the rate where the smoothed loss is least */
    double divergence; /* the rate from which on it is above its start; beyond the last one if it never is */
    double start, least;
} ramp;

/* Smoothed over the last few steps, without the weight of a start. */
static void judge_ramp(ramp *r) {
    double mean = 0, keep = r->steps < RAMP ? 0.6 : 0.8, share = 1; /* over the same span of rates, about */
    r->start = r->least = r->count ? r->loss[0] : (double)NAN;
    r->best = r->rate[0];
    r->divergence = 0;
    for (int32_t i = 0; i < r->count; i++) {
        mean = keep * mean + (1 - keep) * r->loss[i];
        share *= keep;
        double smooth = mean / (1 - share);
        if (smooth < r->least) {
            r->least = smooth;
            r->best = r->rate[i];
        }
        if (smooth > 1.1 * r->start && !(r->divergence > 0)) r->divergence = r->rate[i];
    }
    if (r->count < r->steps && !(r->divergence > 0)) r->divergence = r->rate[r->count];
    if (!(r->divergence > 0)) r->divergence = 10 * r->rate[r->steps - 1];
}

static rgm_status climb(rgm_checking *c, rgm_trainer *t, ramp *r, rgm_error *err) {
    for (int32_t i = 0; i < r->steps; i++) {
        rgm_step_result step;
        if (rgm_stop_asked(&c->options->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
        rgm_status status = rgm_trainer_step_at(t, i, r->rate[i], &step, err);
        if (status == RGM_E_NUMERIC) return RGM_OK;
        RGM_TRY(status);
        r->loss[i] = rgm_tally_loss(&step.tally);
        r->count = i + 1;
        if (!isfinite(r->loss[i]) || r->loss[i] > 4 * r->loss[0] + 1) return RGM_OK;
    }
    return RGM_OK;
}

/* From a thousandth of the configured peak to a thousand times it, on the trainer of the checks, whose state is put
 * back. */
static rgm_status make_ramp(rgm_checking *c, double peak, int32_t steps, ramp *r, rgm_error *err) {
    rgm_trainer *t;
    rgm_snapshot *start;
    *r = (ramp){.steps = steps};
    for (int32_t i = 0; i < steps; i++) r->rate[i] = peak * BELOW * pow(ABOVE / BELOW, (double)i / (steps - 1));
    RGM_TRY(rgm_checking_trainer(c, &t, err));
    RGM_TRY(rgm_snapshot_take(&start, t, err));
    rgm_status status = climb(c, t, r, err);
    rgm_snapshot_restore(start);
    rgm_snapshot_destroy(start);
    judge_ramp(r);
    return status;
}

/* ---- trainings ---- */

/* The loss in the last quarter of a training at `times` the configured rate; infinity if it ends before. */
static rgm_status try_rate(rgm_checking *c, double times, double *loss, rgm_error *err) {
    const rgm_lab_set *small;
    char rate[RGM_TEXT_REAL];
    const char *settings[] = {"optimizer.lr", rgm_text_shortest(rate, times * c->session->model->components.lr), NULL};
    rgm_lab_result *result = malloc(sizeof *result);
    if (!result) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a training");
    rgm_status status = rgm_checking_small(c, &small, err);
    if (status >= 0) status = rgm_checking_train(c, small->set, settings, TRIAL, result, err);
    *loss = (double)INFINITY;
    if (status >= 0 && result->status >= 0 && result->steps == TRIAL)
        *loss = rgm_lab_mean(result->loss, result->steps, TRIAL - TRIAL / 4, TRIAL / 4);
    if (!isfinite(*loss)) *loss = (double)INFINITY;
    free(result);
    return status;
}

/* ---- the range test ---- */

typedef struct trial {
    ramp r;
    double peak, suggested;
    double known;             /* the usual rate of such an optimizer; 0: it does nothing */
    double own, other, times; /* losses at the configured rate and at `times` it; times 0: not tried */
    double constant;          /* the loss of the best constant prediction; infinity where it is not known */
} trial;

/* The usual rate of an optimizer that answers so. */
static rgm_status find_known(rgm_checking *c, trial *t, rgm_error *err) {
    const rgm_response *a;
    rgm_usual usual;
    int32_t moves;
    RGM_TRY(rgm_usual_read(c, &usual, err));
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    t->known = !moves ? 0 : a->ratio < RGM_SCALE_FREE ? 1e-3 / a->constant : usual.rate * usual.constant / a->constant;
    return RGM_OK;
}

/* A rate near the usual one is not doubted: short runs like other rates than long ones. */
static int32_t doubts_high(const trial *t) { return t->peak > 1.5 * t->known; }
static int32_t doubts_low(const rgm_checking *c, const trial *t) {
    return !c->config->checkpoint[0] && t->peak < t->known / 5; /* trained weights are tuned at a low rate */
}

/* The usual rate where it lies in the range, else a third of the best one of the ramp. */
static void suggest(trial *t) {
    t->suggested = t->r.best / 3;
    if (t->known > t->r.best / 100 && t->known < t->r.divergence / 2) t->suggested = t->known;
}

static void edit_rate(const rgm_checking *c, const trial *t, rgm_verdict *v) {
    double factor = t->peak / c->session->model->components.lr;
    rgm_check_edit(v, "optimizer.lr", "%.2g", t->suggested / factor);
}

static rgm_status judge_trial(const rgm_checking *c, const trial *t, rgm_verdict *v) {
    char range[160];
    double own = t->r.start - t->own, other = t->r.start - t->other;
    const int32_t high = t->times < 1;
    snprintf(range, sizeof range, "peak %.3g, the loss falls up to %.2g and rises from %.2g on", t->peak, t->r.best,
             t->r.divergence);
    if (!(t->times > 0)) return rgm_check_pass(v, "%s", range);
    if (!(other > 0.02 * fabs(t->r.start)) && !(own > 0.02 * fabs(t->r.start)))
        return rgm_check_not(v, "%s; at no rate the loss falls in %d steps", range, TRIAL);
    if (fmin(t->own, t->other) > t->constant - 0.02 * fabs(t->r.start)) /* large logits of a start may have shrunk */
        return rgm_check_not(v, "%s; at no rate is the loss below that of a constant prediction, %.3g, in %d steps",
                             range, t->constant, TRIAL);
    if (own >= (high ? 0.5 : 0.3) * other)
        return rgm_check_pass(v, "%s; after %d steps loss %.3g, %.3g at %g times the rate", range, TRIAL, t->own,
                              t->other, t->times);
    if (high || own < 0.1 * other)
        rgm_check_fail(v, "%s; after %d steps loss %.3g, but %.3g at %g times the rate", range, TRIAL, t->own, t->other,
                       t->times);
    else
        rgm_check_warn(v, "%s; after %d steps loss %.3g, but %.3g at %g times the rate", range, TRIAL, t->own, t->other,
                       t->times);
    rgm_check_cause(v, "the learning rate is too %s", high ? "high" : "low");
    if (!high) rgm_check_cause(v, "weights or scales that make gradients small");
    edit_rate(c, t, v);
    return RGM_OK;
}

static rgm_status find_constant(rgm_checking *c, double *constant, rgm_error *err) {
    rgm_trainer *fresh;
    rgm_baseline baseline;
    RGM_TRY(rgm_checking_trainer(c, &fresh, err));
    RGM_TRY(rgm_baseline_find(&baseline, c->session, fresh, err));
    *constant = baseline.known ? baseline.constant : (double)INFINITY;
    return RGM_OK;
}

rgm_status rgm_check_rate_range(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    trial t = {0};
    RGM_TRY(rgm_step_peak(c, &t.peak, err));
    if (!(t.peak > 0)) return rgm_check_not(v, "the learning rate is 0 in the whole run");
    RGM_TRY(find_known(c, &t, err));
    RGM_TRY(make_ramp(c, t.peak, doubts_high(&t) || doubts_low(c, &t) ? RAMP : COARSE, &t.r, err));
    if (t.r.count < 3) return rgm_check_not(v, "the loss is not finite, or grows, in step %d already", t.r.count);
    suggest(&t);
    if ((t.peak > t.r.divergence / 3 || t.peak > 3 * t.r.best) && doubts_high(&t))
        t.times = 0.1;
    else if (t.peak < t.r.best / 20 && doubts_low(c, &t))
        t.times = 10;
    if (t.times > 0) {
        RGM_TRY(try_rate(c, 1, &t.own, err));
        RGM_TRY(try_rate(c, t.times, &t.other, err));
        RGM_TRY(find_constant(c, &t.constant, err));
    }
    return judge_trial(c, &t, v);
}

/* ---- warm-up ---- */

/* The loss in the last steps of WARM, with linear warm-up or without, at the configured peak. */
static rgm_status try_start(rgm_checking *c, double peak, int32_t warm, double *start, double *loss, rgm_error *err) {
    rgm_trainer *t;
    rgm_snapshot *snapshot;
    double sum = 0;
    RGM_TRY(rgm_checking_trainer(c, &t, err));
    RGM_TRY(rgm_snapshot_take(&snapshot, t, err));
    rgm_status status = RGM_OK;
    for (int32_t i = 0; i < WARM && status >= 0; i++) {
        rgm_step_result step;
        double rate = warm && i < WARM / 2 ? peak * (i + 1) / (WARM / 2) : peak;
        if (rgm_stop_asked(&c->options->stop))
            status = rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
        else
            status = rgm_trainer_step_at(t, i, rate, &step, err);
        if (status < 0) break;
        if (i == 0) *start = rgm_tally_loss(&step.tally);
        if (i >= WARM - WARM / 4) sum += rgm_tally_loss(&step.tally) / (WARM / 4);
    }
    *loss = status == RGM_E_NUMERIC || !isfinite(sum) ? (double)INFINITY : sum;
    rgm_snapshot_restore(snapshot);
    rgm_snapshot_destroy(snapshot);
    return status == RGM_E_NUMERIC ? RGM_OK : status;
}

rgm_status rgm_check_warmup(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_components *o = &c->session->model->components;
    double first, peak, start = 0, cold, warm;
    rgm_clock clock = rgm_session_clock(c->session, 0);
    RGM_TRY(rgm_step_peak(c, &peak, err));
    RGM_TRY(rgm_plug_factor(o->schedule, (size_t)o->schedules, &clock, &first, err));
    if (!(peak > 0)) return rgm_check_not(v, "the learning rate is 0 in the whole run");
    if (first * o->lr < 0.5 * peak)
        return rgm_check_pass(v, "the rate begins at %.2g of its peak", first * o->lr / peak);
    RGM_TRY(try_start(c, peak, 0, &start, &cold, err));
    RGM_TRY(try_start(c, peak, 1, &start, &warm, err));
    if (!(start - warm > 0.05 * start) || start - cold >= 0.5 * (start - warm))
        return rgm_check_pass(v, "without a warm-up loss %.3g after %d steps, with one %.3g", cold, WARM, warm);
    rgm_check_warn(v, "without a warm-up loss %.3g after %d steps, with one %.3g, from %.3g", cold, WARM, warm, start);
    rgm_check_cause(v, "no warm-up, and the full rate is too high for the first steps");
    rgm_check_cause(v, "the learning rate is too high");
    rgm_check_edit(v, "warmup", "0.05");
    return RGM_OK;
}
