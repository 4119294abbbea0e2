#include "report/run_curves.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "report/chart_lines.h"

enum { POINTS = 2 * RGM_TRACE_BUCKETS, ABOUT = 384, NAME = 96, MARKS = 2 * RGM_HISTORY_MARKS + 8, COLOURS = 8 };
enum { SMOOTH = 25, LEAST = 5 }; /* a smoothed line is a mean over a 25th of its length, of at least 5 points */

/* The points of a line. */
typedef struct curve {
    double x[POINTS], y[POINTS], low[POINTS], high[POINTS];
    int32_t count;
} curve;

/* ---- lines ---- */

static void scale_x(curve *c, const rgm_history *h, int32_t by_epoch) {
    for (int32_t i = 0; by_epoch && i < c->count; i++) c->x[i] = rgm_history_x(h, c->x[i]);
}

static void take_raw(curve *c, const rgm_trace *t, const rgm_history *h, int32_t by_epoch) {
    c->count = rgm_trace_extremes(t, c->x, c->y);
    scale_x(c, h, by_epoch);
}

static void take_smooth(curve *c, const rgm_trace *t, const rgm_history *h, int32_t by_epoch) {
    int32_t window = t->count / SMOOTH;
    c->count = rgm_trace_smooth(t, window > LEAST || t->count < 2 * LEAST ? window : LEAST, c->x, c->y);
    scale_x(c, h, by_epoch);
}

enum { LOSS = 0, ACCURACY = 1 };

static void take_evaluations(curve *c, const rgm_history *h, int32_t what, int32_t by_epoch) {
    c->count = h->evaluation_kept;
    for (int32_t i = 0; i < c->count; i++) {
        const rgm_history_evaluation *v = &h->evaluations[i];
        c->x[i] = (double)v->step;
        c->y[i] = what == LOSS ? v->loss : v->accuracy;
        c->low[i] = what == LOSS ? NAN : v->low;
        c->high[i] = what == LOSS ? NAN : v->high;
    }
    scale_x(c, h, by_epoch);
}

static void take_test(curve *c, const rgm_history *h, int32_t what, int32_t by_epoch) {
    c->count = h->test.images >= 0;
    c->x[0] = (double)h->test.step;
    c->y[0] = what == LOSS ? h->test.loss : h->test.accuracy;
    c->low[0] = h->test.low;
    c->high[0] = h->test.high;
    scale_x(c, h, by_epoch);
}

/* The smoothed accuracy of training batches at a step, between its neighbours. */
static double at_step(const curve *c, double step) {
    for (int32_t i = 0; i < c->count; i++) {
        if (c->x[i] < step) continue;
        if (!i) return c->y[0];
        double share = (step - c->x[i - 1]) / (c->x[i] - c->x[i - 1]);
        return c->y[i - 1] + share * (c->y[i] - c->y[i - 1]);
    }
    return c->count ? c->y[c->count - 1] : NAN;
}

static void take_gap(curve *c, curve *train, const rgm_history *h, int32_t by_epoch) {
    take_smooth(train, &h->accuracy, h, 0);
    c->count = h->evaluation_kept;
    for (int32_t i = 0; i < c->count; i++) {
        const rgm_history_evaluation *v = &h->evaluations[i];
        double there = at_step(train, (double)v->step);
        c->x[i] = (double)v->step;
        c->y[i] = there - v->accuracy;
        c->low[i] = there - v->high;
        c->high[i] = there - v->low;
    }
    scale_x(c, h, by_epoch);
}

static rgm_chart_line line_of(const curve *c, const char *name, int32_t colour, int32_t look) {
    return (rgm_chart_line){.name = name, .x = c->x, .y = c->y, .count = c->count, .colour = colour, .look = look};
}

static rgm_chart_line banded(const curve *c, const char *name, int32_t colour, int32_t look) {
    rgm_chart_line l = line_of(c, name, colour, look);
    l.low = c->low;
    l.high = c->high;
    return l;
}

/* ---- what a chart is of ---- */

static void add_count(char *text, int64_t count, const char *what) {
    char number[48];
    snprintf(number, sizeof number, "%lld %s", (long long)count, what);
    rgm_text_add(text, ABOUT, number);
}

/* "training batches of 64, each point of 50 steps; validation: 800 images, 95 % intervals; seed 1" */
static const char *about(const rgm_history *h, int32_t intervals, char text[ABOUT]) {
    text[0] = 0;
    if (h->config) {
        add_count(text, h->config->batch, "images a training batch");
        rgm_text_add(text, ABOUT, ", each point of ");
        add_count(text, h->loss.span * h->config->metrics.every, "steps");
    }
    if (h->last.images > 0) {
        rgm_text_add(text, ABOUT, text[0] ? "; validation: " : "validation: ");
        add_count(text, h->last.images, "images");
    }
    if (h->test.images > 0) {
        rgm_text_add(text, ABOUT, "; test: ");
        add_count(text, h->test.images, "images");
    }
    if (intervals && (h->last.images > 0 || h->test.images > 0)) rgm_text_add(text, ABOUT, " (95 % intervals)");
    if (h->config) {
        char seed[48];
        snprintf(seed, sizeof seed, "; seed %llu", (unsigned long long)h->seed);
        rgm_text_add(text, ABOUT, seed);
    }
    return text;
}

static rgm_chart_axis along(int32_t by_epoch) {
    return (rgm_chart_axis){.title = by_epoch ? "epoch" : "step", .low = 0, .high = NAN};
}

static rgm_chart_axis upward(const char *title, int32_t kind, int32_t unit) {
    return (rgm_chart_axis){.title = title, .kind = kind, .unit = unit, .low = NAN, .high = NAN};
}

/* ---- marks ---- */

typedef struct marks {
    rgm_chart_mark list[MARKS];
    int32_t count;
    char best[NAME], guess[NAME];
} marks;

static void add_steps(marks *m, const rgm_history *h, const rgm_history_marks *steps, rgm_chart_mark as) {
    for (int32_t i = 0; i < steps->count && m->count < MARKS; i++) {
        as.at = rgm_history_x(h, (double)steps->steps[i]);
        m->list[m->count++] = as;
    }
}

static void mark_run(marks *m, const rgm_history *h) {
    m->count = 0;
    if (h->best.images >= 0) {
        snprintf(m->best, NAME, "best: %s %lld", h->best.epoch ? "epoch" : "step",
                 h->best.epoch ? (long long)h->best.epoch : (long long)h->best.step);
        m->list[m->count++] = (rgm_chart_mark){RGM_MARK_X, 2, rgm_history_x(h, (double)h->best.step), m->best};
    }
    add_steps(m, h, &h->resumes, (rgm_chart_mark){RGM_MARK_X, 0, 0, h->resumes.count <= 3 ? "resumed" : NULL});
    add_steps(m, h, &h->checkpoints, (rgm_chart_mark){RGM_MARK_TICK, 0, 0, NULL});
}

static void mark_guess(marks *m, const rgm_history *h, int32_t what) {
    char number[RGM_TEXT_REAL];
    if (h->classes < 2 || m->count == MARKS) return;
    double at = what == LOSS ? log(h->classes) : 1.0 / h->classes;
    if (what == LOSS)
        snprintf(m->guess, NAME, "guessing: ln(%d) = %s", h->classes,
                 rgm_text_print_real(number, sizeof number, 4, at));
    else
        snprintf(m->guess, NAME, "guessing");
    m->list[m->count++] = (rgm_chart_mark){RGM_MARK_Y, 0, at, m->guess};
}

/* ---- the charts of a run ---- */

/* What they are drawn with. */
typedef struct desk {
    curve curves[4];
    marks marks;
    char about[ABOUT];
} desk;

static void put_loss(FILE *to, const rgm_history *h, desk *d) {
    int32_t by_epoch = isfinite(h->epoch_steps);
    curve *c = d->curves, *rate = &d->curves[3];
    take_raw(&c[0], &h->loss, h, by_epoch);
    take_smooth(&c[1], &h->loss, h, by_epoch);
    take_evaluations(&c[2], h, LOSS, by_epoch);
    take_raw(rate, &h->rate, h, by_epoch);
    mark_run(&d->marks, h);
    mark_guess(&d->marks, h, LOSS);
    const rgm_chart_line lines[] = {line_of(&c[0], "training, raw", 1, RGM_LINE_RAW),
                                    line_of(&c[1], "training, smoothed", 1, RGM_LINE_PLAIN),
                                    line_of(&c[2], "validation", 2, RGM_LINE_DOTS)};
    const rgm_chart_line lower = line_of(rate, "rate", 3, RGM_LINE_PLAIN);
    rgm_chart_lines_put(to, &(rgm_chart_lines){.frame = {"loss", "Loss", about(h, 0, d->about)},
                                               .x = along(by_epoch),
                                               .y = upward("loss", RGM_SCALE_LINEAR, RGM_SCALE_PLAIN),
                                               .lines = lines,
                                               .line_count = 3,
                                               .marks = d->marks.list,
                                               .mark_count = d->marks.count,
                                               .lower = &lower,
                                               .lower_count = 1,
                                               .lower_y = upward("rate", RGM_SCALE_LINEAR, RGM_SCALE_PLAIN),
                                               .both = 1});
}

static void put_accuracy(FILE *to, const rgm_history *h, desk *d) {
    int32_t by_epoch = isfinite(h->epoch_steps);
    curve *c = d->curves;
    take_smooth(&c[0], &h->accuracy, h, by_epoch);
    take_evaluations(&c[1], h, ACCURACY, by_epoch);
    take_test(&c[2], h, ACCURACY, by_epoch);
    mark_run(&d->marks, h);
    mark_guess(&d->marks, h, ACCURACY);
    const rgm_chart_line lines[] = {line_of(&c[0], "training batches, smoothed", 1, RGM_LINE_PLAIN),
                                    banded(&c[1], "validation", 2, RGM_LINE_DOTS),
                                    banded(&c[2], "test", 3, RGM_LINE_DOTS)};
    rgm_chart_lines_put(to, &(rgm_chart_lines){.frame = {"accuracy", "Accuracy", about(h, 1, d->about)},
                                               .x = along(by_epoch),
                                               .y = upward("accuracy", RGM_SCALE_LINEAR, RGM_SCALE_PERCENT),
                                               .lines = lines,
                                               .line_count = h->test.images >= 0 ? 3 : 2,
                                               .marks = d->marks.list,
                                               .mark_count = d->marks.count});
}

static void put_gap(FILE *to, const rgm_history *h, desk *d) {
    int32_t by_epoch = isfinite(h->epoch_steps);
    if (!h->evaluation_kept) return;
    take_gap(&d->curves[0], &d->curves[1], h, by_epoch);
    const rgm_chart_line line = banded(&d->curves[0], "training - validation", 4, RGM_LINE_DOTS);
    const rgm_chart_mark zero = {RGM_MARK_Y, 0, 0, NULL};
    rgm_chart_lines_put(
        to, &(rgm_chart_lines){.frame = {"gap", "Gap of accuracy, training above validation", about(h, 1, d->about)},
                               .x = along(by_epoch),
                               .y = upward("difference", RGM_SCALE_LINEAR, RGM_SCALE_PERCENT),
                               .lines = &line,
                               .line_count = 1,
                               .marks = &zero,
                               .mark_count = 1});
}

/* A quantity of each step: raw and smoothed. */
typedef struct quantity {
    const char *id, *title, *axis;
    size_t at; /* of the trace in a history */
    int32_t kind;
} quantity;

static void put_quantity(FILE *to, const rgm_history *h, const quantity *q, desk *d) {
    int32_t by_epoch = isfinite(h->epoch_steps);
    const rgm_trace *t = (const rgm_trace *)((const char *)h + q->at);
    take_raw(&d->curves[0], t, h, by_epoch);
    take_smooth(&d->curves[1], t, h, by_epoch);
    const rgm_chart_line lines[] = {line_of(&d->curves[0], "raw", 1, RGM_LINE_RAW),
                                    line_of(&d->curves[1], "smoothed", 1, RGM_LINE_PLAIN)};
    rgm_chart_axis y = upward(q->axis, q->kind, RGM_SCALE_PLAIN);
    if (q->kind == RGM_SCALE_LINEAR) y.low = 0;
    rgm_chart_lines_put(to, &(rgm_chart_lines){.frame = {q->id, q->title, about(h, 0, d->about)},
                                               .x = along(by_epoch),
                                               .y = y,
                                               .lines = lines,
                                               .line_count = 2});
}

rgm_status rgm_run_curves_put(FILE *to, const rgm_history *h, rgm_error *err) {
    static const quantity quantities[] = {
        {"norm", "Norm of the gradient", "norm, before clipping", offsetof(rgm_history, norm), RGM_SCALE_LOG},
        {"pace", "Throughput of training steps", "images/s", offsetof(rgm_history, pace), RGM_SCALE_LINEAR}};
    desk *d = malloc(sizeof *d);
    if (!d) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    fputs("<div class=\"charts\">\n", to);
    put_loss(to, h, d);
    put_accuracy(to, h, d);
    put_gap(to, h, d);
    for (size_t i = 0; i < 2; i++) put_quantity(to, h, &quantities[i], d);
    fputs("</div>\n", to);
    free(d);
    return RGM_OK;
}

/* ---- several runs ---- */

/* How a line is made of a run. */
typedef void take_fn(curve *c, const rgm_history *h, int32_t by_epoch);

static void take_training(curve *c, const rgm_history *h, int32_t by_epoch) { take_smooth(c, &h->loss, h, by_epoch); }
static void take_losses(curve *c, const rgm_history *h, int32_t by_epoch) { take_evaluations(c, h, LOSS, by_epoch); }
static void take_rates(curve *c, const rgm_history *h, int32_t by_epoch) { take_raw(c, &h->rate, h, by_epoch); }
static void take_pace(curve *c, const rgm_history *h, int32_t by_epoch) { take_smooth(c, &h->pace, h, by_epoch); }
static void take_accuracies(curve *c, const rgm_history *h, int32_t by_epoch) {
    take_evaluations(c, h, ACCURACY, by_epoch);
}

typedef struct shared {
    const char *id, *title, *about, *axis;
    take_fn *take;
    int32_t unit, band, both;
} shared;

static const shared charts[] = {
    {"loss", "Training loss", "means of training batches, smoothed; seeds: the table above", "loss", take_training,
     RGM_SCALE_PLAIN, 0, 1},
    {"validation", "Validation loss", "after epochs, on each run's validation split; seeds: the table above", "loss",
     take_losses, RGM_SCALE_PLAIN, 0, 1},
    {"accuracy", "Validation accuracy",
     "after epochs, on each run's validation split, with 95 % intervals up to 4 runs", "accuracy", take_accuracies,
     RGM_SCALE_PERCENT, 1, 0},
    {"rate", "Rate", "of the steps", "rate", take_rates, RGM_SCALE_PLAIN, 0, 0},
    {"pace", "Throughput of training steps", "smoothed", "images/s", take_pace, RGM_SCALE_PLAIN, 0, 0}};

static void put_shared(FILE *to, const shared *s, const rgm_history *const *runs, int32_t count, curve *curves) {
    rgm_chart_line lines[RGM_CHART_LINES];
    int32_t by_epoch = 1;
    for (int32_t i = 0; i < count; i++) by_epoch = by_epoch && isfinite(runs[i]->epoch_steps);
    for (int32_t i = 0; i < count; i++) {
        s->take(&curves[i], runs[i], by_epoch);
        int32_t look = i < COLOURS ? RGM_LINE_PLAIN : RGM_LINE_DASHED, colour = 1 + i % COLOURS;
        /* bands of many runs would hide each other */
        lines[i] = s->band && count <= 4 ? banded(&curves[i], runs[i]->name, colour, look)
                                         : line_of(&curves[i], runs[i]->name, colour, look);
    }
    rgm_chart_lines_put(to, &(rgm_chart_lines){.frame = {s->id, s->title, s->about},
                                               .x = along(by_epoch),
                                               .y = upward(s->axis, RGM_SCALE_LINEAR, s->unit),
                                               .lines = lines,
                                               .line_count = count,
                                               .both = s->both});
}

rgm_status rgm_runs_curves_put(FILE *to, const rgm_history *const *runs, int32_t count, rgm_error *err) {
    if (count > RGM_CHART_LINES) count = RGM_CHART_LINES;
    curve *curves = malloc(sizeof *curves * (size_t)count);
    if (!curves) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    fputs("<div class=\"charts\">\n", to);
    for (size_t i = 0; i < sizeof charts / sizeof *charts; i++) put_shared(to, &charts[i], runs, count, curves);
    fputs("</div>\n", to);
    free(curves);
    return RGM_OK;
}
