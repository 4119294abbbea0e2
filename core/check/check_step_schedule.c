/* A step: the rates of the run, drawn and judged. The schedulers are asked; nothing is trained. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "check/check_step_optimizer.h"
#include "check/check_step_schedule.h"

enum { SAMPLES = 1000, COLUMNS = 32 };

/* The factors of the steps that are made, and of the whole schedule. */
typedef struct drawn {
    int64_t steps, total;
    int32_t count; /* samples, evenly over the steps that are made */
    double *factor;
    double peak, whole_peak, last, whole_last;
    int32_t at;         /* sample of the peak */
    double dark, dim;   /* share of the run below a thousandth, and below a hundredth, of the peak */
    int32_t first_dark; /* the sample from which on all are below a thousandth */
} drawn;

int64_t rgm_step_count(const rgm_checking *c) { return rgm_session_steps(c->session); }

static rgm_status factor_at(const rgm_checking *c, int64_t step, double *factor, rgm_error *err) {
    const rgm_components *o = &c->session->model->components;
    rgm_clock clock = rgm_session_clock(c->session, step);
    return rgm_plug_factor(o->schedule, (size_t)o->schedules, &clock, factor, err);
}

/* The step of sample i of `count` among `steps`, the first and the last included. */
static int64_t sample_of(int64_t steps, int32_t count, int32_t i) {
    return count > 1 ? (int64_t)((double)(steps - 1) * i / (count - 1) + 0.5) : 0;
}

static rgm_status sample_peak(const rgm_checking *c, int64_t steps, double *peak, rgm_error *err) {
    int32_t count = steps < SAMPLES ? (int32_t)steps : SAMPLES;
    *peak = 0;
    for (int32_t i = 0; i < count; i++) {
        double factor;
        RGM_TRY(factor_at(c, sample_of(steps, count, i), &factor, err));
        if (factor > *peak) *peak = factor;
    }
    return RGM_OK;
}

rgm_status rgm_step_peak(const rgm_checking *c, double *peak, rgm_error *err) {
    RGM_TRY(sample_peak(c, c->session->steps_total, peak, err));
    *peak *= c->session->model->components.lr;
    return RGM_OK;
}

static void measure_samples(drawn *d) {
    int32_t dark = 0, dim = 0;
    d->first_dark = d->count;
    for (int32_t i = 0; i < d->count; i++) {
        if (d->factor[i] <= d->peak) continue;
        d->peak = d->factor[i];
        d->at = i;
    }
    for (int32_t i = 0; i < d->count; i++) {
        dark += d->factor[i] < 1e-3 * d->peak;
        dim += d->factor[i] < 1e-2 * d->peak;
    }
    while (d->first_dark > 0 && d->factor[d->first_dark - 1] < 1e-3 * d->peak) d->first_dark--;
    d->last = d->factor[d->count - 1];
    d->dark = (double)dark / d->count;
    d->dim = (double)dim / d->count;
}

static rgm_status draw(const rgm_checking *c, drawn *d, rgm_error *err) {
    *d = (drawn){.steps = rgm_step_count(c), .total = c->session->steps_total};
    d->count = d->steps < SAMPLES ? (int32_t)d->steps : SAMPLES;
    d->factor = malloc((size_t)d->count * sizeof *d->factor);
    if (!d->factor) return rgm_fail(err, RGM_E_NOMEM, "checks: out of memory");
    for (int32_t i = 0; i < d->count; i++) RGM_TRY(factor_at(c, sample_of(d->steps, d->count, i), &d->factor[i], err));
    measure_samples(d);
    RGM_TRY(factor_at(c, d->total - 1, &d->whole_last, err));
    return sample_peak(c, d->total, &d->whole_peak, err);
}

/* The rates over the run, a digit each: tenths of the peak; '.' is below a hundredth of it. */
static const char *chart(const drawn *d, char text[COLUMNS + 1]) {
    int32_t columns = d->count < COLUMNS ? d->count : COLUMNS;
    for (int32_t i = 0; i < columns; i++) {
        double share = d->factor[columns > 1 ? (int64_t)i * (d->count - 1) / (columns - 1) : 0] / d->peak;
        text[i] = share < 0.01 ? '.' : (char)('0' + (share >= 1 ? 9 : (int)(10 * share)));
    }
    text[columns] = 0;
    return text;
}

static int64_t step_of(const drawn *d, int32_t sample) { return sample_of(d->steps, d->count, sample); }

static void usual_schedule(rgm_verdict *v) { rgm_check_edit(v, "scheduler", "{onecycle: {warm: 0.25}}"); }

/* Epochs that hold the steps that are made. */
static void fit_epochs(const rgm_checking *c, const drawn *d, rgm_verdict *v) {
    int64_t epochs = (d->steps - 1) / c->session->steps_per_epoch + 1;
    if (epochs < c->config->epochs && epochs * c->session->steps_per_epoch < d->steps + d->steps / 2)
        rgm_check_edit(v, "epochs", "%" PRId64, epochs);
    else
        rgm_check_edit(v, "steps", "0");
}

/* What leaves the schedule's end or its peak out; 1 if that was found. */
static int32_t judge_reach(const rgm_checking *c, const drawn *d, const char *line, rgm_verdict *v) {
    if (d->whole_peak < 0.5) {
        rgm_check_warn(v, "%s; the rate gets to %.0f %% of the optimizer's lr", line, 100 * d->whole_peak);
        rgm_check_cause(v, "the schedule never reaches its peak: the warm-up is longer than the run");
        if (c->config->warmup > 0)
            rgm_check_edit(v, "warmup", "0.05");
        else
            usual_schedule(v);
        return 1;
    }
    int32_t short_of_peak = d->peak < 0.5 * d->whole_peak;
    int32_t short_of_end = d->steps < d->total && d->last > 0.5 * d->peak && d->whole_last < 0.1 * d->whole_peak;
    if (!short_of_peak && !short_of_end) return 0;
    rgm_check_warn(v, "%s; of a schedule of %" PRId64 " steps, %" PRId64 " are made", line, d->total, d->steps);
    rgm_check_cause(v, short_of_peak ? "too few steps: the run ends before the schedule reaches its peak"
                                     : "the run ends before its schedule: the rate never decays");
    fit_epochs(c, d, v);
    return 1;
}

/* A constant rate as small as Adam's 3e-4, where recipes begin. */
static int32_t may_stay(rgm_checking *c, rgm_error *err) {
    const rgm_response *a;
    int32_t moves;
    double peak;
    if (rgm_step_response(c, &a, &moves, err) < 0 || !moves || rgm_step_peak(c, &peak, err) < 0) return 0;
    return a->ratio < RGM_SCALE_FREE && peak * a->constant <= 5e-4;
}

static rgm_status judge(rgm_checking *c, const drawn *d, rgm_verdict *v, rgm_error *err) {
    char line[256], text[COLUMNS + 1];
    double lr = c->session->model->components.lr;
    snprintf(line, sizeof line,
             "tenths of the peak %s: from %.3g, %.3g at its peak in step %" PRId64 ", %.3g at the end", chart(d, text),
             lr * d->factor[0], lr * d->peak, step_of(d, d->at), lr * d->last);
    if (judge_reach(c, d, line, v)) return RGM_OK;
    if (d->steps < 8) return rgm_check_pass(v, "%s", line);
    if (d->dark >= 0.25 || d->dim >= 0.6) {
        rgm_check_fail(v, "%s; for %.0f %% of the run it is below a hundredth of the peak", line, 100 * d->dim);
        rgm_check_cause(v, "the schedule ends before the run: the rate is zero from step %" PRId64 " of %" PRId64 " on",
                        step_of(d, d->first_dark < d->count ? d->first_dark : d->count - 1), d->steps);
        rgm_check_cause(v, "the schedule takes steps for epochs");
        usual_schedule(v);
    } else if (d->last >= 0.7 * d->peak) {
        if (d->last <= d->factor[0] * 1.01 && may_stay(c, err))
            return rgm_check_pass(v, "%s; constant, as small as where recipes begin", line);
        rgm_check_warn(v, "%s", line);
        rgm_check_cause(v, d->last > 2 * d->factor[0] ? "the rate grows to the end of the run: it never decays"
                                                      : "the rate never decays");
        rgm_check_cause(v, "the schedule is one of a longer run, or takes epochs for steps");
        usual_schedule(v);
    } else {
        rgm_check_pass(v, "%s", line);
    }
    return RGM_OK;
}

rgm_status rgm_check_schedule(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_components *o = &c->session->model->components;
    drawn d;
    for (int32_t i = 0; i < o->schedules; i++)
        if (rgm_plug_observes(o->schedule[i]))
            return rgm_check_not(v, "scheduler %s waits for metrics, which only a run has",
                                 rgm_instance_name(o->schedule[i]));
    rgm_status status = draw(c, &d, err);
    if (status >= 0 && d.whole_peak > 0 && d.peak > 0) {
        status = judge(c, &d, v, err);
    } else if (status >= 0) {
        rgm_check_fail(v, "the rate is 0 in all %" PRId64 " steps", d.steps);
        rgm_check_cause(v, "the schedule is zero");
        usual_schedule(v);
    }
    free(d.factor);
    return status;
}
