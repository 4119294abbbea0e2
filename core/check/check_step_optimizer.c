/* A step: rate, momentum and decay, by what the optimizer does with gradients that are made up (check/rig.h). So
 * optimizers that nobody knows are judged by the same thresholds. docs/CHECKS.md has where these come from. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "check/check_step_schedule.h"
#include "check/check_step_optimizer.h"
#include "check/short.h"
#include "train/suit.h"

/* Gradients of this size in each element: those of a ResNet-20 at its start are of norm 1 over 270,000 elements. */
static const double SIZE = 2e-3, ADAM_RATE = 1e-3;

static const double TOO_HIGH = 8, TOO_LOW = 1.0 / 40; /* of a rate, times the usual one */
static const double DIVERGES = 100; /* times; with 100 times the usual rate 5 of 5 trainings learn nothing */
static const double STEP_HIGH = 0.03, STEP_LOW = 2.5e-5; /* of steps whose length is the rate, as Adam's */
static const double DECAY_HIGH = 8, DECAY_FAIL = 40, DECAY_STEP = 0.05; /* times the usual one; share in a step */

/* ---- the optimizer's answers ---- */

typedef struct answers {
    rgm_response response;
    int32_t moves;
} answers;

/* Decay at the usual rate: one that is wrong is not the decay's fault. */
static rgm_status look(rgm_checking *c, void *kept, rgm_error *err) {
    answers *a = kept;
    rgm_usual usual;
    rgm_rig_ask ask = {.size = SIZE, .rate = ADAM_RATE};
    RGM_TRY(rgm_usual_read(c, &usual, err));
    RGM_TRY(rgm_rig_look(c->session, &ask, &a->response, &a->moves, err));
    if (!a->moves || a->response.ratio < RGM_SCALE_FREE) return RGM_OK;
    ask.rate = usual.rate;
    return rgm_rig_look(c->session, &ask, &a->response, &a->moves, err);
}

rgm_status rgm_step_response(rgm_checking *c, const rgm_response **response, int32_t *moves, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_RATE, sizeof(answers), look, free};
    void *kept;
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    const answers *a = kept;
    *response = &a->response;
    *moves = a->moves;
    return RGM_OK;
}

/* 1 if the step's length does not depend on the gradient's. */
static int32_t is_scale_free(const rgm_response *a) { return a->ratio < RGM_SCALE_FREE; }

/* ---- what is usual ---- */

static rgm_status read_usual(const rgm_checking *c, rgm_config *config, rgm_usual *usual, rgm_error *err) {
    const int32_t *image = c->config->model.image;
    char *text, batch[16], *end;
    RGM_TRY(rgm_config_init(config, err));
    RGM_TRY(rgm_config_suit(config, c->config->model.name, err));
    snprintf(batch, sizeof batch, "%d", c->config->batch);
    RGM_TRY(rgm_config_set(config, "batch", batch, err));
    const rgm_config_data data = {.channels = image[0],
                                  .height = image[1],
                                  .width = image[2],
                                  .classes = c->session->model->classes,
                                  .images = c->session->data->train.count,
                                  .suit = 1};
    RGM_TRY(rgm_config_fit(config, &data, err));
    const char *rate = rgm_spec_get(&config->optimizer, "lr"), *momentum = rgm_spec_get(&config->optimizer, "momentum");
    const char *decay = config->regularize.count ? rgm_spec_get(&config->regularize.items[0], "rate") : NULL;
    double m = momentum ? strtod(momentum, &end) : 0;
    usual->rate = rate ? strtod(rate, &end) : 0.1;
    usual->constant = 1 / (1 - m);
    usual->decay = usual->rate * usual->constant * (decay ? strtod(decay, &end) : 5e-4);
    RGM_TRY(rgm_config_value(config, "optimizer", &text, err));
    snprintf(usual->optimizer, sizeof usual->optimizer, "%s", text);
    free(text);
    return RGM_OK;
}

rgm_status rgm_usual_read(const rgm_checking *c, rgm_usual *usual, rgm_error *err) {
    rgm_config *config = malloc(sizeof *config);
    *usual = (rgm_usual){0};
    if (!config) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a configuration");
    rgm_status status = read_usual(c, config, usual, err);
    free(config);
    return status;
}

rgm_status rgm_step_rate(rgm_checking *c, double *rate, rgm_error *err) {
    const rgm_response *a;
    rgm_usual usual;
    int32_t moves;
    RGM_TRY(rgm_usual_read(c, &usual, err));
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    *rate = moves && a->ratio < RGM_SCALE_FREE ? 1e-4 : 0.1 * usual.rate;
    return RGM_OK;
}

/* ---- rate ---- */

static void edit_rate(const rgm_checking *c, rgm_verdict *v, const rgm_response *a, const rgm_usual *usual,
                      double peak) {
    double factor = c->session->model->components.lr > 0 ? peak / c->session->model->components.lr : 1;
    double rate = is_scale_free(a) ? 1e-3 / a->constant : usual->rate;
    if (factor > 1.5)
        rgm_check_edit(v, "scheduler", "{onecycle: {warm: 0.25}}");
    else if (!is_scale_free(a) && a->constant < 0.3 * usual->constant)
        rgm_check_edit(v, "optimizer", "%s", usual->optimizer);
    if (!v->edit[0].key[0] || factor > 1.5) rgm_check_edit(v, "optimizer.lr", "%.2g", rate);
}

/* How many times the usual one the rate is: by itself and with its momentum, the one nearer to 1. */
static double times_usual(const rgm_response *a, const rgm_usual *usual, double peak) {
    double alone = peak / usual->rate, whole = alone * a->constant / usual->constant;
    if (alone > 1 && whole > 1) return fmin(alone, whole);
    if (alone < 1 && whole < 1) return fmax(alone, whole);
    return 1;
}

static rgm_status judge_rate(rgm_checking *c, const rgm_response *a, double peak, rgm_verdict *v, rgm_error *err) {
    rgm_usual usual;
    const char *name = rgm_instance_name(c->session->model->components.optimizer);
    RGM_TRY(rgm_usual_read(c, &usual, err));
    const int32_t free_of_scale = is_scale_free(a);
    double step = peak * a->constant, times = times_usual(a, &usual, peak);
    int32_t high = free_of_scale ? step >= STEP_HIGH : times >= TOO_HIGH;
    int32_t low = free_of_scale ? step <= STEP_LOW : times <= TOO_LOW;
    char figure[RGM_VERDICT_LINE];
    if (c->config->checkpoint[0]) low = 0; /* trained weights are tuned at a low rate */
    if (free_of_scale)
        snprintf(figure, sizeof figure, "%s takes steps of one length, %.3g at the peak, usual is 0.001", name, step);
    else
        snprintf(figure, sizeof figure, "%s has rate %.3g at the peak, usual is %.3g with batch %d", name, peak,
                 usual.rate, c->config->batch);
    if (!high && !low) return rgm_check_pass(v, "%s", figure);
    if (high)
        rgm_check_fail(v, "%s", figure);
    else
        rgm_check_warn(v, "%s", figure);
    double off = free_of_scale ? (high ? step / 1e-3 : 1e-3 / step) : (high ? times : 1 / times);
    rgm_check_cause(v, "the learning rate is too %s, about %.0f times%s", high ? "high" : "low", off,
                    high && off >= DIVERGES ? ": the training diverges, and may overflow" : "");
    if (high && free_of_scale) rgm_check_cause(v, "the optimizer was exchanged, and the rate of gradient descent kept");
    if (low && !free_of_scale) rgm_check_cause(v, "the optimizer was exchanged, and Adam's rate kept");
    edit_rate(c, v, a, &usual, peak);
    return RGM_OK;
}

rgm_status rgm_check_rate(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_response *a;
    int32_t moves;
    double peak;
    RGM_TRY(rgm_step_peak(c, &peak, err));
    if (!(peak > 0)) {
        rgm_check_fail(v, "the learning rate is 0 in the whole run");
        rgm_check_cause(v, c->session->model->components.lr > 0 ? "the schedule is 0" : "the learning rate is 0");
        rgm_check_edit(v, c->session->model->components.lr > 0 ? "scheduler" : "optimizer.lr",
                       c->session->model->components.lr > 0 ? "{onecycle: {warm: 0.25}}" : "0.1");
        return RGM_OK;
    }
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    if (!moves || !(a->constant > 0))
        return rgm_check_not(v, "the optimizer does not follow gradients (see step_direction)");
    return judge_rate(c, a, peak, v, err);
}

/* ---- momentum ---- */

static void edit_momentum(const rgm_checking *c, rgm_verdict *v, const rgm_usual *usual, int32_t free_of_scale) {
    const rgm_instance *o = c->session->model->components.optimizer;
    const char *key = free_of_scale ? "beta1" : "momentum";
    char full[RGM_EDIT_KEY];
    snprintf(full, sizeof full, "optimizer.%s", key);
    if (rgm_instance_listed(o)->builtin && rgm_short_setting(o, key, -1) >= 0)
        rgm_check_edit(v, full, "0.9");
    else
        rgm_check_edit(v, "optimizer", "%s", usual->optimizer);
}

rgm_status rgm_check_momentum(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_response *a;
    int32_t moves;
    double peak;
    rgm_usual usual;
    RGM_TRY(rgm_usual_read(c, &usual, err));
    RGM_TRY(rgm_step_peak(c, &peak, err));
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    if (!moves || !(peak > 0))
        return rgm_check_not(v, "the optimizer does not answer to gradients (see step_direction)");
    const int32_t free_of_scale = is_scale_free(a);
    const char *word = free_of_scale ? "beta1" : "momentum";
    if (a->remaining > (free_of_scale ? 0.05 : 0.6)) {
        rgm_check_fail(v, "100 steps behind a gradient, a step is still %.0f %% of the second one", 100 * a->remaining);
        rgm_check_cause(v,
                        a->remaining > 0.995 ? "gradients add up without an end: a %s of 1, or they are not cleared"
                                             : "%s is too high: old gradients decide",
                        word);
        edit_momentum(c, v, &usual, free_of_scale);
        return RGM_OK;
    }
    int32_t none = free_of_scale ? rgm_short_setting(c->session->model->components.optimizer, "beta1", 1) <= 0
                                 : a->constant > 0 && a->constant < 1.5 && usual.constant > 5 && peak < 3 * usual.rate;
    if (none) {
        rgm_check_warn(v, "no %s: with rate %.3g, a constant gradient makes %.2g of the usual steps", word, peak,
                       free_of_scale ? 1.0 : peak * a->constant / (usual.rate * usual.constant));
        rgm_check_cause(v, "%s is 0, and the rate is one for a %s of 0.9", word, word);
        edit_momentum(c, v, &usual, free_of_scale);
        return RGM_OK;
    }
    return rgm_check_pass(v, "a step is %.3g times the first one when the gradient stays, %.2g 100 steps behind it",
                          a->first > 0 ? a->constant / a->first : 0, a->remaining);
}

/* ---- decay ---- */

/* The key of the rate that decays; "" if it is nobody's we know. */
static void name_decay(const rgm_checking *c, char key[RGM_EDIT_KEY]) {
    const rgm_components *o = &c->session->model->components;
    double own = rgm_short_setting(o->optimizer, "weight_decay", 0);
    key[0] = 0;
    if (own > 0 && rgm_instance_listed(o->optimizer)->builtin) snprintf(key, RGM_EDIT_KEY, "optimizer.weight_decay");
    for (int32_t i = 0; i < o->regularizers; i++)
        if (rgm_instance_listed(o->regularize[i])->builtin &&
            strcmp(rgm_instance_name(o->regularize[i]), "weight_decay") == 0)
            snprintf(key, RGM_EDIT_KEY, "regularize.%d.rate", i);
}

static void edit_decay(const rgm_checking *c, rgm_verdict *v) {
    char key[RGM_EDIT_KEY];
    name_decay(c, key);
    if (!key[0])
        rgm_check_edit(v, "regularize", "[{weight_decay: {rate: 5e-4}}]");
    else
        rgm_check_edit(v, key, "%s", strncmp(key, "optimizer", 9) == 0 ? "0.01" : "5e-4");
}

/* The sum of the schedule's factors over the run, by samples. */
static rgm_status sum_factors(const rgm_checking *c, double *sum, rgm_error *err) {
    enum { SAMPLES = 64 };
    const rgm_components *o = &c->session->model->components;
    int64_t steps = rgm_step_count(c);
    *sum = 0;
    for (int64_t i = 0; i < SAMPLES; i++) {
        double factor;
        rgm_clock clock = rgm_session_clock(c->session, i * steps / SAMPLES);
        RGM_TRY(rgm_plug_factor(o->schedule, (size_t)o->schedules, &clock, &factor, err));
        *sum += factor * (double)steps / SAMPLES;
    }
    return RGM_OK;
}

rgm_status rgm_check_decay(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_response *a;
    int32_t moves;
    double factors;
    char figure[128];
    rgm_usual usual;
    RGM_TRY(rgm_usual_read(c, &usual, err));
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    RGM_TRY(sum_factors(c, &factors, err));
    if (!moves) return rgm_check_not(v, "the optimizer does not answer to gradients (see step_direction)");
    double longer = is_scale_free(a) ? 1 : fmax(1, a->constant / usual.constant); /* the momentum's fault */
    double taken = a->decay / longer, times = taken / usual.decay, forgotten = taken * factors;
    if (!(a->first > 0)) return rgm_check_not(v, "the optimizer does not follow gradients (see step_direction)");
    if (a->remaining > 0.6) return rgm_check_not(v, "the optimizer does not forget (see momentum)");
    if (a->decay < -1e-6) {
        rgm_check_fail(v, "whatever the gradients, weights grow by %.2g of themselves in a step", -a->decay);
        rgm_check_cause(v, "weight decay has the wrong sign");
        edit_decay(c, v);
        return RGM_OK;
    }
    snprintf(figure, sizeof figure, "at the usual rate a step takes %.2g of the weights, usual is %.2g", taken,
             usual.decay);
    if ((times < DECAY_HIGH || forgotten < 5) && taken < DECAY_STEP) return rgm_check_pass(v, "%s", figure);
    if (times >= DECAY_FAIL || taken >= DECAY_STEP)
        rgm_check_fail(v, "%s", figure);
    else
        rgm_check_warn(v, "%s", figure);
    rgm_check_cause(v, "weight decay is too high, about %.0f times: weights forget in %.0f steps", times, 1 / taken);
    edit_decay(c, v);
    return RGM_OK;
}

/* ---- where decay acts ---- */

static int32_t decays_vectors(const rgm_checking *c, const rgm_instance *regularizer) {
    const rgm_graph *g = c->session->model->graph;
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++)
        for (int32_t stage = RGM_STAGE_GRADIENT; stage <= RGM_STAGE_UPDATED; stage++)
            if (rgm_graph_param(g, i)->role != RGM_ROLE_WEIGHT &&
                rgm_plug_applies(regularizer, &c->session->model->tensors[i], stage))
                return 1;
    return 0;
}

static int32_t is_set(const rgm_instance *instance, const char *key) {
    rgm_spec spec;
    rgm_instance_spec(instance, &spec);
    const char *text = rgm_spec_get(&spec, key);
    return text && strcmp(text, "true") == 0;
}

rgm_status rgm_check_decay_where(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_components *o = &c->session->model->components;
    int32_t own = rgm_optimizer_decays(o->optimizer), count = own;
    (void)err;
    for (int32_t i = 0; i < o->regularizers; i++) {
        const char *name = rgm_instance_name(o->regularize[i]);
        char key[RGM_EDIT_KEY];
        if (decays_vectors(c, o->regularize[i])) {
            rgm_check_warn(v, "%s acts on scales, shifts and biases", name);
            rgm_check_cause(v, "decay on the scales of batch norm and on biases, which do not overfit");
            snprintf(key, sizeof key, "regularize.%d.norm_and_bias", i);
            if (is_set(o->regularize[i], "norm_and_bias"))
                rgm_check_edit(v, key, "false");
            else
                rgm_check_mend(v, "let %s apply to weights alone", name);
            return RGM_OK;
        }
        count += strcmp(name, "weight_decay") == 0 && rgm_short_setting(o->regularize[i], "rate", 0) > 0;
    }
    if (own && is_set(o->optimizer, "norm_and_bias")) {
        rgm_check_warn(v, "the decay of %s acts on scales, shifts and biases", rgm_instance_name(o->optimizer));
        rgm_check_cause(v, "decay on the scales of batch norm and on biases, which do not overfit");
        rgm_check_edit(v, "optimizer.norm_and_bias", "false");
        return RGM_OK;
    }
    if (count < 2) return rgm_check_pass(v, "%s", count ? "one decay, on weights alone" : "no weight decay");
    rgm_check_warn(v, "%d decays act on the same weights", count);
    rgm_check_cause(v, "two decays at once: they add up");
    if (own)
        rgm_check_edit(v, "regularize", "[]");
    else
        rgm_check_edit(v, "regularize", "[{weight_decay: {rate: 5e-4}}]");
    return RGM_OK;
}
