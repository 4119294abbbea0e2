/* The loss: what it says of made-up logits, and the gradient that it gives of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "check/checks.h"
#include "check/loss_form.h"
#include "check/loss_trial.h"

/* SAMPLES of each of CLASSES classes at most, and ROWS of them in one batch. Of each sample COORDINATES logits are
 * moved. */
enum { SAMPLES = 8, CLASSES = 6, ROWS = 4, COORDINATES = 8, ALL = SAMPLES * CLASSES };

/* float32 of a loss near 1 has steps of 1e-7, so that differences over 2 STEP are right to 1e-5. */
#define STEP   0.01
#define SPREAD 1.5 /* of the logits: probabilities from 0.01 to 0.9 */

/* What was tried, kept for all checks of the family. */
typedef struct tried {
    rgm_loss_trial *trial;
    int32_t outputs, count;
    float *z;        /* [count][outputs] */
    float *gradient; /* [count][outputs] of each sample by itself */
    int32_t label[ALL];
    double loss[2][ALL]; /* of each by itself: in evaluation, in training */
    rgm_loss_form form;
} tried;

static void drop(void *kept) {
    tried *t = kept;
    rgm_loss_trial_destroy(t->trial);
    free(t->z);
    free(t->gradient);
    free(t);
}

static rgm_status try_one(tried *t, const float *z, int32_t label, double *loss, float *gradient, rgm_error *err) {
    rgm_loss_rows rows = {.count = 1, .logits = z, .labels = &label, .training = 1, .gradient = gradient};
    RGM_TRY(rgm_loss_trial_run(t->trial, &rows, err));
    *loss = rows.loss;
    return RGM_OK;
}

static rgm_status try_all(tried *t, rgm_error *err) {
    size_t n = (size_t)t->outputs;
    for (int32_t i = 0; i < t->count; i++) {
        rgm_loss_rows rows = {.count = 1, .logits = t->z + (size_t)i * n, .labels = &t->label[i]};
        RGM_TRY(rgm_loss_trial_run(t->trial, &rows, err));
        t->loss[0][i] = rows.loss;
        RGM_TRY(try_one(t, rows.logits, t->label[i], &t->loss[1][i], t->gradient + (size_t)i * n, err));
    }
    const rgm_loss_samples samples = {t->count, t->outputs, t->z, t->label, t->loss[1]};
    rgm_loss_form_find(&samples, &t->form);
    return RGM_OK;
}

static rgm_status make(rgm_checking *c, void *kept, rgm_error *err) {
    const rgm_session *s = c->session;
    tried *t = kept;
    int32_t classes = s->model->classes < CLASSES ? s->model->classes : CLASSES;
    const rgm_rng rng = {.seed = s->config->seed, .stream = RGM_STREAM(RGM_STREAM_TEST, 1)};
    t->outputs = s->model->outputs;
    t->count = SAMPLES * classes;
    size_t floats = (size_t)t->count * (size_t)t->outputs;
    t->z = malloc(sizeof *t->z * floats);
    t->gradient = malloc(sizeof *t->gradient * floats);
    if (!t->z || !t->gradient) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a trial of the loss");
    rgm_rng_normal(&rng, 0, t->z, floats);
    for (size_t i = 0; i < floats; i++) t->z[i] *= (float)SPREAD;
    for (int32_t i = 0; i < t->count; i++) /* the first classes and, of many, the last */
        t->label[i] = i % classes == CLASSES - 1 ? s->model->classes - 1 : i % classes;
    RGM_TRY(rgm_loss_trial_create(&t->trial, s, err));
    return try_all(t, err);
}

static rgm_status get(rgm_checking *c, tried **t, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_LOSS, sizeof(tried), make, drop};
    void *kept;
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    *t = kept;
    return RGM_OK;
}

/* ---- what a verdict says ---- */

static const char *loss_name(const rgm_checking *c) { return rgm_instance_name(c->session->model->components.loss); }

/* 1: it is Regimen's own. */
static int32_t is_own(const rgm_checking *c) { return strcmp(loss_name(c), "cross_entropy") == 0; }

/* Regimen's own in its place; of that itself there is nothing to set. */
static void mend(const rgm_checking *c, rgm_verdict *v) {
    if (!is_own(c))
        rgm_check_edit(v, "loss", "cross_entropy");
    else
        rgm_check_mend(v, "the program itself is at fault: install Regimen anew");
}

static double size_of(const float *v, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)v[i] * (double)v[i];
    return sqrt(sum);
}

/* ---- direction ---- */

/* The loss with logit k of sample i moved. */
static rgm_status moved(tried *t, int32_t i, int32_t k, double by, double *loss, rgm_error *err) {
    float *z = t->z + (size_t)i * (size_t)t->outputs, before = z[k];
    z[k] = (float)((double)before + by);
    rgm_status status = try_one(t, z, t->label[i], loss, NULL, err);
    z[k] = before;
    return status;
}

/* The slope along logit k; *smooth 0: it has a corner there, or is not finite. */
static rgm_status slope_of(tried *t, int32_t i, int32_t k, double *slope, int32_t *smooth, rgm_error *err) {
    double up, down, here = t->loss[1][i];
    RGM_TRY(moved(t, i, k, STEP, &up, err));
    RGM_TRY(moved(t, i, k, -STEP, &down, err));
    *slope = (up - down) / (2 * STEP);
    double corner = fabs((up - here) - (here - down)) / STEP;
    *smooth = isfinite(*slope) && corner <= 0.1 * fabs(*slope) + 0.02 * fabs(here) + 1e-3;
    return RGM_OK;
}

/* The logit that speaks for the right class, and whether it does so by rising. */
static int32_t own_logit(const tried *t, int32_t i) { return t->outputs == 1 ? 0 : t->label[i]; }
static double toward(const tried *t, int32_t i) { return t->outputs == 1 && !t->label[i] ? -1 : 1; }

/* What moves the loss, counted over the samples. */
typedef struct directions {
    int32_t rises;   /* samples whose loss rises with the logit of their class */
    int32_t against; /* whose gradient points uphill there */
    int32_t other;   /* whose loss falls with the logit of a single other class, and with no more */
} directions;

/* 1 if exactly one class but the sample's own makes the loss fall. */
static rgm_status falls_with_one(tried *t, int32_t i, int32_t *one, rgm_error *err) {
    int32_t falls = 0;
    for (int32_t k = 0; k < t->outputs && falls < 2; k++) {
        double slope = 0;
        int32_t smooth;
        if (k == own_logit(t, i)) continue;
        RGM_TRY(slope_of(t, i, k, &slope, &smooth, err));
        falls += slope < -1e-3;
    }
    *one = falls == 1;
    return RGM_OK;
}

static rgm_status count_directions(tried *t, directions *d, rgm_error *err) {
    for (int32_t i = 0; i < t->count; i++) {
        double slope = 0;
        int32_t smooth, one = 0, k = own_logit(t, i);
        RGM_TRY(slope_of(t, i, k, &slope, &smooth, err));
        double given = (double)t->gradient[(size_t)i * (size_t)t->outputs + (size_t)k];
        int32_t rises = slope * toward(t, i) > 1e-4;
        if (rises && t->outputs > 2) RGM_TRY(falls_with_one(t, i, &one, err));
        d->rises += rises;
        d->other += one;
        d->against += slope * given < 0 && fabs(slope) > 1e-4;
    }
    return RGM_OK;
}

static rgm_status loss_direction(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    tried *t;
    directions d = {0};
    RGM_TRY(get(c, &t, err));
    RGM_TRY(count_directions(t, &d, err));
    /* a squared error of the logits rises for logits above 1: for one in four */
    if (d.rises > 0.8 * t->count) {
        rgm_check_fail(v, "%s rises with the logit of the right class in %d of %d trials, expected to fall",
                       loss_name(c), d.rises, t->count);
        rgm_check_cause(v,
                        d.other > 0.8 * t->count
                            ? "the loss teaches another class than the label: classes are counted from another number"
                            : "the sign of the loss is turned: training moves away from the labels");
        mend(c, v);
        return RGM_OK;
    }
    if (d.against > 0.5 * t->count) {
        rgm_check_fail(v, "the gradient of %s points uphill in %d of %d trials", loss_name(c), d.against, t->count);
        rgm_check_cause(v, "the sign of the gradient is turned: training moves away from the labels");
        mend(c, v);
        return RGM_OK;
    }
    return rgm_check_pass(v, "%s falls as the right class' logit rises, and along its gradient (%d trials)",
                          loss_name(c), t->count);
}

/* ---- rows of a batch ---- */

#define FAR 10.0 /* further apart is not told: by itself a row may have no loss at all */
typedef struct together {
    double loss_apart; /* of the sum, relative */
    double mean_apart; /* of gradients times rows from those of each by itself, relative */
    double sum_apart;  /* of gradients as they are from those of each by itself */
} together;

static rgm_status try_together(tried *t, int32_t first, int32_t rows, together *worst, rgm_error *err) {
    size_t n = (size_t)t->outputs, floats = (size_t)rows * n;
    const float *alone = t->gradient + (size_t)first * n;
    float *gradient = malloc(sizeof *gradient * floats);
    if (!gradient) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a trial of the loss");
    rgm_loss_rows batch = {.count = rows,
                           .logits = t->z + (size_t)first * n,
                           .labels = &t->label[first],
                           .training = 1,
                           .gradient = gradient};
    rgm_status status = rgm_loss_trial_run(t->trial, &batch, err);
    double sum = 0, all = 0, mean = 0, whole = 0;
    for (int32_t i = 0; i < rows; i++) sum += t->loss[1][first + i], all += fabs(t->loss[1][first + i]);
    for (size_t i = 0; i < floats && status >= 0; i++) {
        double joint = (double)gradient[i], single = (double)alone[i];
        mean += (joint * rows - single) * (joint * rows - single);
        whole += (joint - single) * (joint - single);
    }
    double size = size_of(alone, (int64_t)floats) + 1e-12;
    free(gradient);
    RGM_TRY(status);
    double loss_apart = fabs(batch.loss - sum) / (all + 1e-12);
    worst->loss_apart = fmax(worst->loss_apart, isfinite(loss_apart) ? fmin(loss_apart, FAR) : FAR);
    worst->mean_apart = fmax(worst->mean_apart, fmin(sqrt(mean) / size, FAR));
    worst->sum_apart = fmax(worst->sum_apart, sqrt(whole) / size);
    return RGM_OK;
}

static rgm_status loss_rows(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    tried *t;
    together worst = {0};
    int32_t rows = c->config->batch < ROWS ? c->config->batch : ROWS;
    RGM_TRY(get(c, &t, err));
    if (rows < 2) return rgm_check_not(v, "a batch of one image has no other rows");
    for (int32_t first = 0; first + rows <= t->count; first += rows) RGM_TRY(try_together(t, first, rows, &worst, err));
    /* rows that know nothing of each other give the same bits; sums in float32 leave 1e-6 */
    if (worst.loss_apart <= 1e-4 && worst.mean_apart <= 1e-3)
        return rgm_check_pass(v, "%d rows together have the loss of each by itself, and its gradient over %d", rows,
                              rows);
    if (worst.loss_apart <= 1e-4 && worst.sum_apart <= 1e-3) {
        rgm_check_fail(v, "each row of %d has the gradient that it has by itself, expected a %d-th of it", rows, rows);
        rgm_check_cause(v, "the gradient is summed over the batch instead of averaged: the rate is %d times as high",
                        c->config->batch);
        rgm_check_cause(v, "the loss leaves out the factor grad_scale that it is handed");
        mend(c, v);
        return RGM_OK;
    }
    rgm_check_fail(v,
                   "%d rows together: the loss is off by %.1f %% from that of each by itself, the gradient by %.1f %%",
                   rows, 100 * worst.loss_apart, 100 * worst.mean_apart);
    rgm_check_cause(v, "the loss normalises over the batch: the wrong axis, so that samples depend on each other");
    mend(c, v);
    return RGM_OK;
}

/* ---- gradient ---- */

/* Sums over pairs of a slope and what the gradient says of it. */
typedef struct pairs {
    double ss, gs, gg, dd;
    int32_t count, corners;
} pairs;

static rgm_status take_slopes(tried *t, int32_t i, pairs *p, rgm_error *err) {
    for (int32_t j = 0; j < COORDINATES && j < t->outputs; j++) {
        double slope;
        int32_t smooth, k = (own_logit(t, i) + j * (t->outputs / COORDINATES + 1)) % t->outputs;
        RGM_TRY(slope_of(t, i, k, &slope, &smooth, err));
        if (!smooth) {
            p->corners++;
            continue;
        }
        double g = (double)t->gradient[(size_t)i * (size_t)t->outputs + (size_t)k];
        p->ss += slope * slope, p->gs += g * slope, p->gg += g * g, p->dd += (g - slope) * (g - slope);
        p->count++;
    }
    return RGM_OK;
}

/* What the gradient's rows sum to, over their size: 0 for losses that do not change when all logits rise. */
static double row_sum(const tried *t) {
    double worst = 0;
    for (int32_t i = 0; i < t->count; i++) {
        const float *g = t->gradient + (size_t)i * (size_t)t->outputs;
        double sum = 0;
        for (int32_t k = 0; k < t->outputs; k++) sum += (double)g[k];
        worst = fmax(worst, fabs(sum) / (size_of(g, t->outputs) + 1e-12));
    }
    return worst;
}

static rgm_status loss_gradient(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    tried *t;
    pairs p = {0};
    RGM_TRY(get(c, &t, err));
    for (int32_t i = 0; i < t->count; i++) RGM_TRY(take_slopes(t, i, &p, err));
    if (!p.count)
        return rgm_check_not(v, "%s has a corner, or no finite value, at all of %d points", loss_name(c), p.corners);
    double scale = p.ss > 0 ? p.gs / p.ss : 0, apart = sqrt(p.dd / fmax(p.ss, 1e-12));
    double rest = sqrt(fmax(p.gg - scale * p.gs, 0) / fmax(p.gg, 1e-12)), sum = row_sum(t);
    int32_t sums = !t->form.entropy || t->outputs == 1 || sum <= 1e-3;
    /* differences over 2 STEP of a smooth loss are off by STEP^2 / 6 of its third derivative, and by float32's 1e-5 */
    if (apart <= 0.02 && sums)
        return rgm_check_pass(v, "the gradient of %s agrees with %d differences to %.2f %%", loss_name(c), p.count,
                              100 * apart);
    if (!sums) {
        rgm_check_fail(v, "a row of the gradient sums to %.2g of its size, expected 0", sum);
        rgm_check_cause(v, "the gradient of %s is not that of a softmax's cross-entropy", loss_name(c));
    } else if (rest <= 0.02) {
        rgm_check_fail(v, "the gradient of %s is %.3g times the slope of its value", loss_name(c), scale);
        rgm_check_cause(v, scale < 0 ? "the sign of the gradient is turned"
                                     : "the gradient has another factor than the loss");
    } else {
        rgm_check_fail(v, "the gradient of %s is off by %.0f %% from %d differences", loss_name(c), 100 * apart,
                       p.count);
        rgm_check_cause(v, "the gradient is not the derivative of the loss");
    }
    mend(c, v);
    return RGM_OK;
}

/* ---- form ---- */

/* The loss where the right class is far below the others, and far above, over that of equal logits. */
typedef struct ends {
    double equal, wrong, right;
} ends;

static rgm_status try_ends(tried *t, ends *e, rgm_error *err) {
    size_t n = (size_t)t->outputs;
    float *z = calloc(n, sizeof *z);
    if (!z) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a trial of the loss");
    int32_t label = t->outputs == 1 ? 1 : 0;
    rgm_status status = try_one(t, z, label, &e->equal, NULL, err);
    z[0] = -30;
    if (status >= 0) status = try_one(t, z, label, &e->wrong, NULL, err);
    e->right = INFINITY;
    for (int32_t margin = 1; margin <= 32 && status >= 0; margin *= 2) {
        double loss = 0;
        z[0] = (float)margin;
        status = try_one(t, z, label, &loss, NULL, err);
        e->right = fmin(e->right, loss);
    }
    free(z);
    return status;
}

static rgm_status tell_known(rgm_checking *c, const tried *t, const ends *e, rgm_verdict *v) {
    const rgm_loss_form *f = &t->form;
    if (f->entropy && f->smoothing > 0.5) {
        rgm_check_warn(v, "%s, of whose targets %.0f %% are spread over all classes", f->name, 100 * f->smoothing);
        rgm_check_cause(v, "label smoothing is so high that the labels hardly count");
        rgm_check_edit(v, is_own(c) ? "loss.label_smoothing" : "loss", is_own(c) ? "0.1" : "cross_entropy");
        return RGM_OK;
    }
    if (f->entropy && f->factor < 0) return rgm_check_pass(v, "%s, but for its sign", f->name);
    if (f->entropy && f->smoothing != 0) return rgm_check_pass(v, "%s, smoothing %.3f", f->name, f->smoothing);
    if (f->kind == RGM_FORM_RIGHT) return rgm_check_pass(v, "%s", f->name);
    const char *told = "%s: between %.3g where it is right and %.3g where it is wrong, %.3g at equal logits";
    if (f->kind == RGM_FORM_WRONG)
        rgm_check_fail(v, told, f->name, e->right, e->wrong, e->equal);
    else
        rgm_check_warn(v, told, f->name, e->right, e->wrong, e->equal);
    rgm_check_cause(v, "the loss is %s, not the cross-entropy of a softmax", f->name);
    mend(c, v);
    return RGM_OK;
}

/* No rate or start mends a loss that is not finite: it comes before them. */
enum { NOT_FINITE = 8 };

/* A loss that nobody here knows: one that can hardly fall, or hardly rise, teaches little. */
static rgm_status tell_unknown(rgm_checking *c, const ends *e, rgm_verdict *v) {
    if (!isfinite(e->wrong) || !isfinite(e->right)) {
        v->rank = NOT_FINITE;
        rgm_check_fail(v, "%s is not finite for a logit of 30 or -30", loss_name(c));
        rgm_check_cause(
            v, "the loss overflows: a logarithm of 0, or an exponential of a large number; subtract the largest "
               "logit first");
        mend(c, v);
        return RGM_OK;
    }
    double range = e->wrong - e->equal;
    if (isfinite(range) && range > 1.5 * fmax(e->equal - e->right, 0.1))
        return rgm_check_pass(
            v, "%s is none that is known; %.3g where it is right, %.3g at equal logits, %.3g where it is wrong",
            loss_name(c), e->right, e->equal, e->wrong);
    rgm_check_warn(
        v,
        "%s is none that is known, and bounded: %.3g where it is right, %.3g at equal logits, %.3g where it is wrong",
        loss_name(c), e->right, e->equal, e->wrong);
    rgm_check_cause(v, "a loss that hardly rises where the net is wrong has no gradient there");
    mend(c, v);
    return RGM_OK;
}

static rgm_status loss_form(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    tried *t;
    ends e;
    RGM_TRY(get(c, &t, err));
    for (int32_t i = 0; i < t->count; i++) {
        if (isfinite(t->loss[1][i])) continue;
        v->rank = NOT_FINITE;
        rgm_check_fail(v, "%s of ordinary logits is not finite", loss_name(c));
        rgm_check_cause(v, "the loss takes a logarithm of 0, or an exponential of a large number");
        mend(c, v);
        return RGM_OK;
    }
    RGM_TRY(try_ends(t, &e, err));
    return t->form.name ? tell_known(c, t, &e, v) : tell_unknown(c, &e, v);
}

/* ---- scale ---- */

/* The size of the gradient at equal logits over that of the cross-entropy: 1 - 1/K, and 1/K for the K - 1 others. */
static rgm_status gradient_scale(tried *t, double *scale, rgm_error *err) {
    size_t n = (size_t)t->outputs;
    float *z = calloc(2 * n, sizeof *z);
    double loss = 0, K = t->outputs > 1 ? t->outputs : 2;
    if (!z) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a trial of the loss");
    rgm_status status = try_one(t, z, t->outputs == 1, &loss, z + n, err);
    *scale = size_of(z + n, t->outputs) / (t->outputs == 1 ? 0.5 : sqrt((1 - 1 / K) * (1 - 1 / K) + (K - 1) / (K * K)));
    free(z);
    return status;
}

static rgm_status loss_scale(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    tried *t;
    ends e;
    double scale = 0, K = c->session->model->classes;
    RGM_TRY(get(c, &t, err));
    RGM_TRY(try_ends(t, &e, err));
    RGM_TRY(gradient_scale(t, &scale, err));
    int32_t entropy = t->form.entropy;
    double factor = fabs(entropy ? t->form.factor : scale);
    if (t->form.name && t->form.kind != RGM_FORM_RIGHT)
        return rgm_check_pass(v, "%.3f at equal logits; not a loss of the kind that has a size to be compared with",
                              e.equal);
    /* weights of classes, and losses of another kind, have scales of their own; nobody multiplies a cross-entropy */
    double warn = entropy && !t->form.weighted ? 1.1 : 5, fail = entropy && !t->form.weighted ? 3 : 30;
    if (t->form.name && !entropy) { /* known losses that sum over the classes */
        warn = fmax(warn, 1.2 * K);
        fail = fmax(fail, 3 * K);
    }
    if (factor <= warn && factor >= 1 / warn)
        return rgm_check_pass(v, "%.3f at equal logits, expected %.3f; gradients %.3g times those of the cross-entropy",
                              e.equal, entropy ? t->form.factor * log(K) : e.equal, scale);
    if (factor <= fail && factor >= 1 / fail)
        rgm_check_warn(v, "%.3f at equal logits (ln %.0f is %.3f); gradients %.3g times those of the cross-entropy",
                       e.equal, K, log(K), scale);
    else
        rgm_check_fail(v, "%.3f at equal logits (ln %.0f is %.3f); gradients %.3g times those of the cross-entropy",
                       e.equal, K, log(K), scale);
    if (entropy)
        rgm_check_cause(v, "the loss has a factor of %.3g: with SGD the rate is as many times as high", factor);
    else
        rgm_check_cause(v, "the loss is %s, not the cross-entropy of a softmax, and its gradients are on another scale",
                        t->form.name ? t->form.name : "one that is not known");
    mend(c, v);
    return RGM_OK;
}

const rgm_check_row rgm_checks_loss[] = {
    {{"loss_direction", "L", "does the loss fall where the right class gains, and along its gradient?", 1},
     12,
     loss_direction},
    {{"loss_rows", "L", "has each sample a loss of its own, averaged over the batch?", 1}, 13, loss_rows},
    {{"loss_form", "L", "is the loss one that teaches classes?", 1}, 14, loss_form},
    {{"loss_gradient", "L", "is the gradient of the loss the slope of its value?", 1}, 15, loss_gradient},
    {{"loss_scale", "L", "has the loss the size of a cross-entropy?", 1}, 16, loss_scale},
    {{0}, 0, NULL},
};
