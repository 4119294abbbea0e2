#include "check/label_noise.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS = 24, HALVINGS = 30, CLASS_LEAST = 20 };
#define FIRST  1.0    /* temperatures from here on, */
#define FACTOR 1.2599 /* three to a doubling */

typedef struct labels {
    const float *scores;
    const int32_t *label;
    int64_t rows;
    int32_t classes;
    double *share; /* [classes] */
    double *p;     /* [rows] of the label, by the model alone */
} labels;

static void take_shares(const labels *l) {
    for (int32_t k = 0; k < l->classes; k++) l->share[k] = 0;
    for (int64_t i = 0; i < l->rows; i++) l->share[l->label[i]] += 1 / (double)l->rows;
}

/* Of the share of the class, and the score above it: a model that knows nothing gives the shares, and none is wrong. */
static double logit_of(const labels *l, const float *scores, int32_t k, double temperature) {
    return l->share[k] > 0 ? log(l->share[k]) + temperature * ((double)scores[k] - l->share[k]) : -INFINITY;
}

static void take_softmax(const labels *l, double temperature) {
    for (int64_t i = 0; i < l->rows; i++) {
        const float *s = l->scores + i * l->classes;
        double own = logit_of(l, s, l->label[i], temperature), sum = 0;
        for (int32_t k = 0; k < l->classes; k++) sum += exp(logit_of(l, s, k, temperature) - own);
        l->p[i] = 1 / sum;
    }
}

static double likelihood(const labels *l, double e) {
    double sum = 0;
    for (int64_t i = 0; i < l->rows; i++) sum += log((1 - e) * l->p[i] + e * l->share[l->label[i]] + 1e-300);
    return sum;
}

/* Slope of the likelihood by e, and its negative curvature. */
static double slope(const labels *l, double e, double *curvature) {
    double sum = 0, square = 0;
    for (int64_t i = 0; i < l->rows; i++) {
        double share = l->share[l->label[i]], p = (1 - e) * l->p[i] + e * share + 1e-300, d = (share - l->p[i]) / p;
        sum += d;
        square += d * d;
    }
    *curvature = square;
    return sum;
}

/* The likelihood is concave in e. */
static double best_share(const labels *l) {
    double low = 0, high = 1, curvature;
    if (slope(l, 0, &curvature) <= 0) return 0;
    for (int32_t i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;
        if (slope(l, middle, &curvature) > 0)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* The class whose labels are wrong most often, if it is twice as often as of all. */
static rgm_status find_worst(const labels *l, double e, rgm_label_noise *noise, rgm_error *err) {
    double *wrong = calloc(2 * (size_t)l->classes, sizeof *wrong), *of = wrong + l->classes, all = 0;
    noise->worst = -1;
    if (!wrong) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for classes");
    for (int64_t i = 0; i < l->rows; i++) {
        int32_t k = l->label[i];
        double drawn = e * l->share[k] / ((1 - e) * l->p[i] + e * l->share[k] + 1e-300);
        wrong[k] += drawn;
        all += drawn;
        of[k]++;
    }
    for (int32_t k = 0; k < l->classes; k++) {
        if (of[k] < CLASS_LEAST || wrong[k] / of[k] < 2 * all / (double)l->rows) continue;
        if (noise->worst >= 0 && wrong[k] / of[k] <= noise->worst_share) continue;
        noise->worst = k;
        noise->worst_share = wrong[k] / of[k];
    }
    free(wrong);
    return RGM_OK;
}

static rgm_status fit(const labels *l, rgm_label_noise *noise, rgm_error *err) {
    double best = -INFINITY, without = -INFINITY, e = 0, temperature = FIRST, chance = 0, curvature;
    for (int32_t step = 0; step < STEPS; step++, temperature *= FACTOR) {
        take_softmax(l, temperature);
        double here = best_share(l), gained = likelihood(l, here);
        without = fmax(without, likelihood(l, 0));
        if (gained <= best) continue;
        best = gained;
        e = here;
        noise->temperature = temperature;
    }
    for (int32_t k = 0; k < l->classes; k++) chance += l->share[k] * l->share[k];
    take_softmax(l, noise->temperature);
    slope(l, e, &curvature);
    double apart = 1.96 / sqrt(curvature + 1e-9);
    noise->share = e * (1 - chance);
    noise->low = fmax(e - apart, 0) * (1 - chance);
    noise->high = fmin(e + apart, 1) * (1 - chance);
    noise->gain = 2 * (best - without);
    return find_worst(l, e, noise, err);
}

rgm_status rgm_label_noise_fit(const float *scores, const int32_t *label, int64_t rows, int32_t classes,
                               rgm_label_noise *noise, rgm_error *err) {
    const labels l = {.scores = scores,
                      .label = label,
                      .rows = rows,
                      .classes = classes,
                      .share = malloc(sizeof(double) * (size_t)classes),
                      .p = malloc(sizeof(double) * (size_t)rows)};
    *noise = (rgm_label_noise){.worst = -1};
    rgm_status status = RGM_E_NOMEM;
    if (l.share && l.p) {
        take_shares(&l);
        status = fit(&l, noise, err);
    } else {
        rgm_fail(err, status, "checks: no memory for labels");
    }
    free(l.share);
    free(l.p);
    return status;
}
