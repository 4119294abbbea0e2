/* What short trainings say of the data: real inputs against zeroed ones, the net against dumb baselines. */
#include "check/check_data_trained.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/cheap.h"

enum { TRAIN = RGM_SPLIT_TRAIN, LAST = 25, BATCH_LEAST = 32, SURE = 3 /* standard errors */ };

static void zero(void *context, rgm_lab_set *set) {
    size_t bytes = (size_t)set->H * (size_t)set->W * (size_t)set->C;
    (void)context;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (set->images[split]) memset(set->images[split], 0, (size_t)set->count[split] * bytes);
}

/* The reference's twin, whose images are black. */
static rgm_status train_zeroed(rgm_checking *c, rgm_lab_result *result, rgm_error *err) {
    const rgm_lab_set *small;
    rgm_lab_set black;
    RGM_TRY(rgm_checking_small(c, &small, err));
    const rgm_lab_wish wish = {.train = small->count[TRAIN],
                               .validation = small->count[RGM_SPLIT_VALIDATION],
                               .seed = c->config->seed,
                               .change = zero};
    rgm_status status = rgm_lab_set_make(&black, c->session, &wish, err);
    if (status >= 0) status = rgm_checking_train(c, black.set, NULL, RGM_REFERENCE_STEPS, result, err);
    rgm_lab_set_free(&black);
    return status;
}

/* By how many standard errors the last losses of `a` are below those of `b`, step by step. */
static double below(const rgm_lab_result *a, const rgm_lab_result *b, double *mean) {
    double sum = 0, square = 0;
    int64_t steps = a->steps < b->steps ? a->steps : b->steps;
    if (steps < LAST) return (double)NAN;
    for (int64_t i = steps - LAST; i < steps; i++) {
        double apart = (double)b->loss[i] - (double)a->loss[i];
        sum += apart;
        square += apart * apart;
    }
    *mean = sum / LAST;
    double variance = square / LAST - *mean * *mean;
    return *mean / sqrt((variance > 0 ? variance : 0) / LAST + 1e-12);
}

/* 1 if a cheap model does better than the largest class: there is something to learn. 2: it has too few images of each
 * class to tell. */
static rgm_status learnable(rgm_checking *c, double *right, double *most, rgm_error *err) {
    const rgm_cheap *m;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    double n = (double)m->set.count[TRAIN];
    *right = (double)rgm_cheap_right(m->scores[TRAIN], m->set.labels[TRAIN], m->set.count[TRAIN], m->set.classes) / n;
    *most = (double)rgm_cheap_majority(m->set.labels[TRAIN], m->set.count[TRAIN], m->set.classes) / n;
    int32_t better = *right > *most + 5 * sqrt(*most * (1 - *most) / n);
    return better || !rgm_cheap_is_sparse(m) ? better : 2;
}

/* ---- without a training on black images ---- */

/* Entropy of the classes of the images that are trained on, in nats, and the largest class's share. */
static void describe_classes(const rgm_lab_set *s, double *entropy, double *most) {
    double n = (double)s->count[TRAIN];
    int64_t *of = calloc((size_t)s->classes, sizeof *of);
    *entropy = (double)INFINITY;
    *most = 1;
    if (!of) return;
    for (int64_t i = 0; i < s->count[TRAIN]; i++) of[s->labels[TRAIN][i]]++;
    *entropy = 0;
    for (int32_t k = 0; k < s->classes; k++)
        if (of[k]) *entropy -= (double)of[k] / n * log((double)of[k] / n);
    *most = (double)rgm_cheap_majority(s->labels[TRAIN], s->count[TRAIN], s->classes) / n;
    free(of);
}

/* Of black images one answer is as good for all. Its cross-entropy is no less than the entropy of the classes (Gibbs),
 * and it is right about the largest class. Below the one and above the other, the training on black images need not be
 * made: 0 is given where it must. */
static double below_entropy(const rgm_checking *c, const rgm_lab_set *s, const rgm_lab_result *r) {
    const rgm_instance *loss = c->session->model->components.loss;
    double entropy, most, square = 0, images = (double)LAST * c->config->batch;
    if (r->status < 0 || r->steps < LAST || r->steps > RGM_LAB_STEPS) return 0;
    if (!rgm_instance_listed(loss)->builtin || strcmp(rgm_instance_name(loss), "cross_entropy") != 0) return 0;
    describe_classes(s, &entropy, &most);
    double mean = rgm_lab_mean(r->loss, r->steps, r->steps - LAST, LAST);
    double right = rgm_lab_mean(r->accuracy, r->steps, r->steps - LAST, LAST);
    for (int64_t i = r->steps - LAST; i < r->steps; i++) square += pow((double)r->loss[i] - mean, 2);
    int32_t lower = entropy - mean > SURE * sqrt(square / (LAST - 1) / LAST) && entropy - mean > 0.01 * entropy;
    int32_t better = right - most > SURE * sqrt(most * (1 - most) / images);
    return lower && better ? entropy - mean : 0;
}

rgm_status rgm_check_inputs_matter(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_lab_result *real;
    const rgm_lab_set *small;
    double right, most, apart = 0;
    RGM_TRY(rgm_checking_small(c, &small, err));
    RGM_TRY(rgm_checking_reference(c, &real, err));
    double gain = below_entropy(c, small, real);
    if (gain > 0)
        return rgm_check_pass(
            v, "after %d steps the loss is %.3f below the entropy of the classes, the least on black images",
            RGM_REFERENCE_STEPS, gain);
    rgm_status shows = learnable(c, &right, &most, err);
    RGM_TRY(shows);
    rgm_lab_result *black = malloc(sizeof *black);
    if (!black) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a training");
    rgm_status status = train_zeroed(c, black, err);
    int32_t failed = status >= 0 && (real->status < 0 || black->status < 0);
    double sure = status >= 0 && !failed ? below(real, black, &apart) : 0;
    free(black);
    RGM_TRY(status);
    if (failed)
        return rgm_check_not(v, "a short training failed: %.200s",
                             real->status < 0 ? real->why.text : "on black images");
    if (!isfinite(sure)) return rgm_check_not(v, "the training is shorter than %d steps", LAST);
    if (sure >= SURE)
        return rgm_check_pass(v, "after %d steps the loss is %.3f below that on black images", RGM_REFERENCE_STEPS,
                              apart);
    if (shows == 2)
        return rgm_check_not(v, "a cheap model has too few images of each class: net and labels cannot be told apart");
    if (!shows) {
        rgm_check_fail(v,
                       "after %d steps the loss is %.3f below that on black images (%.1f standard errors, expected 3)",
                       RGM_REFERENCE_STEPS, apart, sure);
        rgm_check_cause(v, "labels have nothing to do with the images");
        rgm_check_mend(v, "import the set again with images and labels in one order");
        return RGM_OK;
    }
    rgm_check_warn(
        v,
        "after %d steps the loss is %.3f below that on black images (%.1f standard errors, expected 3); a cheap "
        "model is right about %.1f %%",
        RGM_REFERENCE_STEPS, apart, sure, 100 * right);
    rgm_check_cause(v, "the net has not begun to use its inputs: rate, start or net are at fault, not the data");
    rgm_check_mend(v, "see the checks of families M, I and O");
    return RGM_OK;
}

/* ---- dumb baselines ---- */

static const char *const linear[] = {
    "model.name", "linear", "model.zero_init", "false", "checkpoint", "", "init_layers", "[]", NULL};
static const char *const mlp[] = {"model.name", "mlp", "model.zero_init", "false", "checkpoint", "", "init_layers",
                                  "[]",         NULL};

/* The accuracy of a model's last batches; NaN: its training failed. */
static rgm_status train_baseline(rgm_checking *c, const char *const *settings, double *accuracy, rgm_error *err) {
    const rgm_lab_set *small;
    RGM_TRY(rgm_checking_small(c, &small, err));
    rgm_lab_result *r = malloc(sizeof *r);
    if (!r) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a training");
    rgm_status status = rgm_checking_train(c, small->set, settings, RGM_REFERENCE_STEPS, r, err);
    *accuracy =
        status >= 0 && r->status >= 0 ? rgm_lab_mean(r->accuracy, r->steps, r->steps - LAST, LAST) : (double)NAN;
    free(r);
    return status;
}

/* Of what the better baseline knows above the largest class, so much must the net know after as many images. */
#define BASELINE_SHARE 0.5

rgm_status rgm_check_baselines(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_lab_result *real;
    double cheap, most, line, perceptron;
    RGM_TRY(rgm_checking_reference(c, &real, err));
    RGM_TRY(learnable(c, &cheap, &most, err));
    RGM_TRY(train_baseline(c, linear, &line, err));
    RGM_TRY(train_baseline(c, mlp, &perceptron, err));
    if (real->status < 0) return rgm_check_not(v, "the short training failed: %.200s", real->why.text);
    double net = rgm_lab_mean(real->accuracy, real->steps, real->steps - LAST, LAST), best = fmax(line, perceptron);
    char figure[320];
    if (!isfinite(net) || !isfinite(best)) return rgm_check_not(v, "a short training failed");
    snprintf(figure, sizeof figure,
             "after %d steps the net is right about %.1f %%, a linear model %.1f %%, an MLP %.1f %%; regression on "
             "patches %.1f %%, "
             "the largest class %.1f %%",
             RGM_REFERENCE_STEPS, 100 * net, 100 * line, 100 * perceptron, 100 * cheap, 100 * most);
    double deviation = sqrt(most * (1 - most) / ((double)LAST * c->config->batch));
    int32_t behind =
        c->config->batch >= BATCH_LEAST && best - most > 0.1 && net - most < BASELINE_SHARE * (best - most);
    if (!behind || best - most < 6 * deviation) return rgm_check_pass(v, "%s", figure);
    rgm_check_warn(v, "%s", figure);
    rgm_check_cause(v, "the net learns less than dumb baselines: rate, start or net are at fault, not the data");
    rgm_check_mend(v, "see the checks of families M, I and O");
    return RGM_OK;
}
