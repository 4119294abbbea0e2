/* Whether the splits are of one kind of picture. */
#include "check/check_data_drift.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/traits.h"

enum { TRAIN = RGM_SPLIT_TRAIN, PAIRS_LEAST = 100, PAIRS_MOST = 1024 };

/* Images of both splits, as many of each class in one as in the other. */
typedef struct pairs {
    int64_t count; /* of each split */
    float *x;      /* [2 * count][width]: training, other, training, ... */
    int32_t *labels;
} pairs;

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for splits"); }

/* The next image of a class from *at on; count: none. */
static int64_t next_of(const rgm_lab_set *s, int32_t split, int32_t label, int64_t at) {
    while (at < s->count[split] && s->labels[split][at] != label) at++;
    return at;
}

static rgm_status match(const rgm_cheap *m, int32_t other, pairs *p, rgm_error *err) {
    const rgm_lab_set *s = &m->set;
    int64_t most = s->count[TRAIN] < s->count[other] ? s->count[TRAIN] : s->count[other];
    if (most > PAIRS_MOST) most = PAIRS_MOST;
    size_t width = (size_t)m->features.width;
    int64_t *at = calloc((size_t)s->classes, sizeof *at);
    *p = (pairs){.x = malloc(2 * (size_t)most * width * sizeof *p->x),
                 .labels = malloc(2 * (size_t)most * sizeof(int32_t))};
    if (!at || !p->x || !p->labels) {
        free(at);
        return no_memory(err);
    }
    for (int64_t k = 0; k < most; k++) {
        int64_t i = k * s->count[other] / most; /* they lie by class: evenly over all */
        int32_t label = s->labels[other][i];
        int64_t own = next_of(s, TRAIN, label, at[label]);
        at[label] = own < s->count[TRAIN] ? own + 1 : own;
        if (own >= s->count[TRAIN]) continue;
        float *to = p->x + 2 * (size_t)p->count * width;
        memcpy(to, m->x[TRAIN] + (size_t)own * width, sizeof *to * width);
        memcpy(to + width, m->x[other] + (size_t)i * width, sizeof *to * width);
        p->labels[2 * p->count] = 0;
        p->labels[2 * p->count + 1] = 1;
        p->count++;
    }
    free(at);
    return RGM_OK;
}

/* The share of images whose split a cheap model tells, each left out. -1: there are too few. */
static rgm_status tell_apart(rgm_checking *c, const rgm_cheap *m, int32_t other, double *share, int64_t *count,
                             rgm_error *err) {
    pairs p = {0};
    rgm_ridge ridge = {.width = 0};
    rgm_status status = match(m, other, &p, err);
    *share = -1;
    *count = 2 * p.count;
    const rgm_ridge_job job = {.team = c->device->team,
                               .rows = 2 * p.count,
                               .width = m->features.width,
                               .classes = 2,
                               .x = p.x,
                               .labels = p.labels,
                               .stop = c->options->stop};
    if (status >= 0 && p.count >= PAIRS_LEAST) {
        status = rgm_ridge_fit(&ridge, &job, err);
        if (status >= 0)
            *share = (double)rgm_cheap_right(ridge.left_out, p.labels, 2 * p.count, 2) / (double)(2 * p.count);
        rgm_ridge_free(&ridge);
    }
    free(p.x);
    free(p.labels);
    return status;
}

/* ---- what people see ---- */

enum { MEAN, DEVIATION, LOW, HIGH, NEIGHBOURS, NOISE, TRAITS };

static double trait_of(const rgm_trait *t, int32_t kind) {
    const float values[TRAITS] = {t->mean, t->deviation, t->low, t->high, t->neighbours, t->noise};
    return (double)values[kind];
}

/* A trait in both splits, by the other split's shares of classes. */
typedef struct gap {
    double here, there; /* means: of training images, of the other split's */
    double apart, sure; /* in deviations within classes; in standard errors */
} gap;

/* Sums of a class in a split: how many, of the trait, of its square. */
typedef struct sums {
    double n, sum, square;
} sums;

static void add_split(const rgm_lab_set *s, const rgm_trait *of, int32_t split, int32_t kind, sums *to) {
    for (int64_t i = 0; i < s->count[split]; i++) {
        double value = trait_of(&of[i], kind);
        sums *at = &to[s->labels[split][i]];
        at->n++;
        at->sum += value;
        at->square += value * value;
    }
}

/* Deviations below this many levels, or so much correlation, are none that people see. */
static double least_deviation(int32_t kind) { return kind == NEIGHBOURS ? 0.05 : 5; }

static gap compare(const sums *a, const sums *b, int32_t K, int32_t kind) {
    gap g = {0};
    double images = 0, within = 0, of = 0, error = 0;
    for (int32_t k = 0; k < K; k++) images += a[k].n > 1 && b[k].n > 1 ? b[k].n : 0;
    for (int32_t k = 0; k < K && images > 0; k++) {
        if (a[k].n < 2 || b[k].n < 2) continue;
        double weight = b[k].n / images;
        g.here += weight * a[k].sum / a[k].n;
        g.there += weight * b[k].sum / b[k].n;
        within += a[k].square - a[k].sum * a[k].sum / a[k].n + b[k].square - b[k].sum * b[k].sum / b[k].n;
        of += a[k].n + b[k].n - 2;
        error += weight * weight * (1 / a[k].n + 1 / b[k].n);
    }
    if (of <= 0) return g;
    double deviation = fmax(sqrt(fmax(within, 0) / of), least_deviation(kind));
    g.apart = (g.there - g.here) / deviation;
    g.sure = fabs(g.apart) / sqrt(error);
    return g;
}

/* All traits of another split beside the training split's. */
static rgm_status look_apart(const rgm_cheap *m, const rgm_traits *t, int32_t other, gap gaps[TRAITS], rgm_error *err) {
    int32_t K = m->set.classes;
    for (int32_t kind = 0; kind < TRAITS; kind++) {
        sums *a = calloc(2 * (size_t)K, sizeof *a), *b = a + K;
        if (!a) return no_memory(err);
        add_split(&m->set, t->of[TRAIN], TRAIN, kind, a);
        add_split(&m->set, t->of[other], other, kind, b);
        gaps[kind] = compare(a, b, K, kind);
        free(a);
    }
    return RGM_OK;
}

/* Two halves of one set differ by sampling alone. An effect of 0.5 is medium by Cohen's words, and 6 standard errors
 * are no chance. */
#define SEEN_APART 0.5
#define SEEN_FAR   1.5
#define SEEN_SURE  6.0

/* The trait that is furthest apart; -1: none is. */
static int32_t furthest(const gap gaps[TRAITS]) {
    int32_t most = -1;
    for (int32_t kind = 0; kind < TRAITS; kind++) {
        if (fabs(gaps[kind].apart) < SEEN_APART || gaps[kind].sure < SEEN_SURE) continue;
        if (most < 0 || fabs(gaps[kind].apart) > fabs(gaps[most].apart)) most = kind;
    }
    return most;
}

/* ---- causes ---- */

/* Correlation of the splits' mean images, of those that vary. */
static rgm_status likeness(const rgm_lab_set *s, int32_t other, double *alike, rgm_error *err) {
    int64_t bytes = (int64_t)s->H * s->W * s->C;
    double *a = calloc(2 * (size_t)bytes, sizeof *a), *b = a + bytes, ab = 0, aa = 0, bb = 0, ma = 0, mb = 0;
    if (!a) return no_memory(err);
    for (int64_t i = 0; i < s->count[TRAIN] * bytes; i++) a[i % bytes] += s->images[TRAIN][i];
    for (int64_t i = 0; i < s->count[other] * bytes; i++) b[i % bytes] += s->images[other][i];
    for (int64_t p = 0; p < bytes; p++) {
        a[p] /= (double)s->count[TRAIN];
        b[p] /= (double)s->count[other];
        ma += a[p] / (double)bytes;
        mb += b[p] / (double)bytes;
    }
    for (int64_t p = 0; p < bytes; p++) {
        ab += (a[p] - ma) * (b[p] - mb);
        aa += (a[p] - ma) * (a[p] - ma);
        bb += (b[p] - mb) * (b[p] - mb);
    }
    free(a);
    *alike = aa > (double)bytes && bb > (double)bytes ? ab / sqrt(aa * bb) : 1;
    return RGM_OK;
}

/* Noise of one split takes neighbours' likeness with it. */
static void tell_noise(const gap gaps[TRAITS], const char *name, rgm_verdict *v) {
    const gap *noise = &gaps[NOISE], *near = &gaps[NEIGHBOURS];
    if (noise->sure < SEEN_SURE || fabs(noise->apart) < SEEN_APART) return;
    if (noise->apart > 0 && near->apart < 0)
        rgm_check_cause(v,
                        "preprocessing differs between training and evaluation: noise of %.0f levels lies on images of "
                        "the %s split, of %.0f on training images",
                        noise->there, name, noise->here);
    else if (noise->apart < 0 && near->apart > 0)
        rgm_check_cause(v,
                        "preprocessing differs between training and evaluation: noise of %.0f levels lies on training "
                        "images, of %.0f on those of the %s split",
                        noise->here, noise->there, name);
}

static int32_t is_apart(const gap *g) { return fabs(g->apart) >= SEEN_APART && g->sure >= SEEN_SURE; }

static rgm_status tell_causes(const rgm_cheap *m, int32_t other, const gap gaps[TRAITS], rgm_verdict *v,
                              rgm_error *err) {
    const char *name = rgm_split_name(other);
    double alike = 1;
    RGM_TRY(likeness(&m->set, other, &alike, err));
    if (alike < -0.5)
        rgm_check_cause(v,
                        "preprocessing differs between training and evaluation: the %s split is the negative, dark is "
                        "bright there",
                        name);
    tell_noise(gaps, name, v);
    if (is_apart(&gaps[MEAN]) || is_apart(&gaps[DEVIATION]) || is_apart(&gaps[HIGH]) || is_apart(&gaps[LOW]))
        rgm_check_cause(v,
                        "preprocessing differs between training and evaluation: pixels are %.0f +- %.0f in training, "
                        "%.0f at most, and %.0f +- %.0f in the %s split, %.0f at most",
                        gaps[MEAN].here, gaps[DEVIATION].here, gaps[HIGH].here, gaps[MEAN].there, gaps[DEVIATION].there,
                        name, gaps[HIGH].there);
    rgm_check_cause(v, "the %s split was taken, made or stored otherwise than the training split", name);
    return RGM_OK;
}

/* ---- verdict ---- */

/* Of two halves of one set, 2,048 images are told apart in 50 % +- 1.1. */
#define DRIFT_SOME 0.62
#define DRIFT_FAR  0.8
#define DRIFT_SURE 5.0

typedef struct drift {
    int32_t split, kind; /* the trait that is furthest apart; -1: none */
    double share;        /* told apart by the cheap model */
    int32_t grade;       /* 0: alike, 1: WARN, 2: FAIL */
    gap gaps[TRAITS];
} drift;

static rgm_status look_at(rgm_checking *c, const rgm_cheap *m, int32_t other, drift *d, rgm_error *err) {
    const rgm_traits *t;
    int64_t count;
    *d = (drift){.split = other};
    RGM_TRY(rgm_checking_traits(c, &t, err));
    RGM_TRY(tell_apart(c, m, other, &d->share, &count, err));
    RGM_TRY(look_apart(m, t, other, d->gaps, err));
    d->kind = furthest(d->gaps);
    if (d->kind >= 0) d->grade = fabs(d->gaps[d->kind].apart) >= SEEN_FAR ? 2 : 1;
    double sure = count > 0 ? (d->share - 0.5) / (0.5 / sqrt((double)count)) : 0;
    if (d->share < DRIFT_SOME || sure < DRIFT_SURE) return RGM_OK;
    if (d->grade < 2) d->grade = d->share >= DRIFT_FAR ? 2 : 1;
    return RGM_OK;
}

static rgm_status tell(const rgm_cheap *m, const drift *d, rgm_verdict *v, rgm_error *err) {
    static const char *const names[TRAITS] = {
        "the mean of the pixels", "the deviation of the pixels",   "the darkest pixel",
        "the brightest pixel",    "the correlation of neighbours", "noise"};
    const char *name = rgm_split_name(d->split);
    char figure[160] = "";
    if (d->kind >= 0)
        snprintf(figure, sizeof figure, "; %s is %.3g there and %.3g in training, %.1f deviations apart",
                 names[d->kind], d->gaps[d->kind].there, d->gaps[d->kind].here, fabs(d->gaps[d->kind].apart));
    (d->grade == 2 ? rgm_check_fail : rgm_check_warn)(
        v, "a cheap model tells %s images from training images of the same class in %.1f %%, chance is 50 %%%s", name,
        100 * d->share, figure);
    RGM_TRY(tell_causes(m, d->split, d->gaps, v, err));
    rgm_check_mend(v, "make all splits of the same pictures in the same way, and divide them at random");
    return RGM_OK;
}

rgm_status rgm_check_drift(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    static const int32_t others[] = {RGM_SPLIT_TEST, RGM_SPLIT_VALIDATION};
    const rgm_cheap *m;
    drift worst = {.share = -1}, d;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    for (int32_t i = 0; i < 2; i++) {
        if (!m->x[others[i]] || (others[i] == RGM_SPLIT_VALIDATION && c->session->data->holdout.indices)) continue;
        RGM_TRY(look_at(c, m, others[i], &d, err));
        if (d.share < 0) continue;
        if (d.grade > worst.grade || (d.grade == worst.grade && d.share > worst.share)) worst = d;
    }
    if (worst.share < 0)
        return rgm_check_not(v, "needs another split of %d images or more, of the same classes", PAIRS_LEAST);
    if (worst.grade) return tell(m, &worst, v, err);
    return rgm_check_pass(v, "a cheap model tells %s images from training images in %.1f %%, chance is 50 %%",
                          rgm_split_name(worst.split), 100 * worst.share);
}
