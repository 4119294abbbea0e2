/* Regularizers as makers get them wrong. */
#include <regimen/plugin.h>

struct decay {
    double rate;
};

static const rgm_parameter params[] = {RGM_REAL("rate", struct decay, rate, -10.0, 10.0, 5e-4, "strength")};

/* The wrong sign: weights grow. */
static int32_t grow(const rgm_call *call, const void *self, const rgm_span *span) {
    const struct decay *it = self;
    call->host->axpy(-(float)it->rate, span->param, span->grad, (int64_t)span->n);
    return RGM_DONE;
}

/* Not times the learning rate: a share of the weights is gone at every step. */
static int32_t shrink(const rgm_call *call, const void *self, const rgm_span *span) {
    const struct decay *it = self;
    call->host->scale((float)(1 - it->rate), span->param, (int64_t)span->n);
    return RGM_DONE;
}

/* Replaces the gradient instead of adding to it. */
static int32_t replace(const rgm_call *call, const void *self, const rgm_span *span) {
    const struct decay *it = self;
    (void)call;
    for (uint64_t i = 0; i < span->n; i++) span->grad[i] = (float)it->rate * span->param[i];
    return RGM_DONE;
}

static const rgm_regularizer growth = {
    RGM_COMPONENT(RGM_REGULARIZER, "growth", "weight decay of the wrong sign", params, struct decay), .gradient = grow};
static const rgm_regularizer shrinking = {
    RGM_COMPONENT(RGM_REGULARIZER, "shrinking", "decay without the learning rate", params, struct decay),
    .updated = shrink};
static const rgm_regularizer replacing = {
    RGM_COMPONENT(RGM_REGULARIZER, "replacing", "decay in place of the gradient", params, struct decay),
    .gradient = replace};

RGM_PLUGIN("fault_regularizers", "1.0.0", "Apache-2.0", &growth.component, &shrinking.component, &replacing.component);
