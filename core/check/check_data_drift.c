/* Whether the splits are of one kind of picture. */
#include "check/check_data_drift.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/cheap.h"

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

/* ---- in what they differ ---- */

typedef struct look {
    double mean, std, rough; /* of pixels; mean difference of neighbours along rows, in deviations */
} look;

static look look_at(const rgm_lab_set *s, int32_t split) {
    look l = {0};
    double sum = 0, square = 0, rough = 0, n = 0, edges = 0;
    int64_t row = (int64_t)s->W * s->C;
    for (int64_t i = 0; i < s->count[split] * s->H; i++)
        for (int64_t x = 0; x < row; x++) {
            const uint8_t *at = s->images[split] + i * row + x;
            double v = *at;
            n++;
            sum += v;
            square += v * v;
            if (x + s->C >= row) continue;
            edges++;
            rough += abs(at[0] - at[s->C]);
        }
    l.mean = sum / n;
    l.std = sqrt(square / n - l.mean * l.mean > 0 ? square / n - l.mean * l.mean : 0);
    l.rough = edges > 0 ? rough / edges / (l.std + 1) : 0;
    return l;
}

static void tell_cause(const rgm_cheap *m, int32_t other, rgm_verdict *v) {
    look a = look_at(&m->set, TRAIN), b = look_at(&m->set, other);
    const char *name = rgm_split_name(other);
    if (a.rough > 1.25 * b.rough)
        rgm_check_cause(v, "training images are noisier: neighbours differ by %.2f deviations, by %.2f in the %s split",
                        a.rough, b.rough, name);
    if (b.rough > 1.25 * a.rough)
        rgm_check_cause(v,
                        "images of the %s split are noisier: neighbours differ by %.2f deviations, by %.2f in training",
                        name, b.rough, a.rough);
    if (fabs(a.mean - b.mean) > 0.1 * a.std + 1 || fabs(log((a.std + 1) / (b.std + 1))) > 0.1)
        rgm_check_cause(v, "brightness: pixels are %.1f +- %.1f in training and %.1f +- %.1f in the %s split", a.mean,
                        a.std, b.mean, b.std, name);
    rgm_check_cause(v, "the %s split was taken, made or stored otherwise than the training split", name);
}

/* Of two halves of one set, 2,048 images are told apart in 50 % +- 1.1. */
#define DRIFT_SOME 0.62
#define DRIFT_FAR  0.8
#define DRIFT_SURE 5.0

rgm_status rgm_check_drift(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    static const int32_t others[] = {RGM_SPLIT_TEST, RGM_SPLIT_VALIDATION};
    const rgm_cheap *m;
    double worst = -1, share;
    int32_t at = -1;
    int64_t count, of = 0;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    for (int32_t i = 0; i < 2; i++) {
        if (!m->x[others[i]] || (others[i] == RGM_SPLIT_VALIDATION && c->session->data->holdout.indices)) continue;
        RGM_TRY(tell_apart(c, m, others[i], &share, &count, err));
        if (share <= worst) continue;
        worst = share;
        at = others[i];
        of = count;
    }
    if (at < 0) return rgm_check_not(v, "needs another split of %d images or more, of the same classes", PAIRS_LEAST);
    double sure = (worst - 0.5) / (0.5 / sqrt((double)of));
    if (worst < DRIFT_SOME || sure < DRIFT_SURE)
        return rgm_check_pass(v, "a cheap model tells %s images from training images in %.1f %%, chance is 50 %%",
                              rgm_split_name(at), 100 * worst);
    (worst >= DRIFT_FAR ? rgm_check_fail : rgm_check_warn)(
        v, "a cheap model tells %s images from training images of the same class in %.1f %%, expected below %.0f %%",
        rgm_split_name(at), 100 * worst, 100 * DRIFT_SOME);
    tell_cause(m, at, v);
    rgm_check_mend(v, "make all splits of the same pictures in the same way, and divide them at random");
    return RGM_OK;
}
