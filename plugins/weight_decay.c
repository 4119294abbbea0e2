/* Weight decay: as an L2 penalty rate / 2 * |p|^2 on the loss, whose gradient goes through the optimizer, or decoupled
 * from it (Loshchilov and Hutter 2019): p -= learning rate * rate * p after the update. */
#include <regimen/plugin.h>

struct weight_decay {
    double rate;
    int32_t mode;
    int32_t norm_and_bias;
};

enum { L2 = 0, DECOUPLED = 1 };
static const char *const modes[] = {"l2", "decoupled", NULL};

static const rgm_parameter params[] = {
    RGM_REAL("rate", struct weight_decay, rate, 0.0, 10.0, 5e-4, "strength"),
    RGM_CHOICE("mode", struct weight_decay, mode, modes, L2, "through the gradient, or after the update"),
    RGM_FLAG("norm_and_bias", struct weight_decay, norm_and_bias, 0, "decay those of batch norm and biases too"),
};

static int32_t applies(const void *self, const rgm_tensor_info *tensor, int32_t stage) {
    const struct weight_decay *it = self;
    if (it->rate == 0.0 || stage != (it->mode == L2 ? RGM_STAGE_GRADIENT : RGM_STAGE_UPDATED)) return 0;
    return it->norm_and_bias || tensor->role == RGM_TENSOR_WEIGHT;
}

static int32_t gradient(const rgm_call *call, const void *self, const rgm_span *span) {
    const struct weight_decay *it = self;
    call->host->axpy((float)it->rate, span->param, span->grad, (int64_t)span->n);
    return RGM_DONE;
}

static int32_t updated(const rgm_call *call, const void *self, const rgm_span *span) {
    const struct weight_decay *it = self;
    call->host->scale((float)(1.0 - span->rate * it->rate), span->param, (int64_t)span->n);
    return RGM_DONE;
}

static int32_t penalty(const rgm_call *call, const void *self, const rgm_span *span, double *out) {
    const struct weight_decay *it = self;
    double squares = 0.0;
    if (it->mode == L2) call->host->sumsq(span->param, (int64_t)span->n, &squares);
    *out += 0.5 * it->rate * squares;
    return RGM_DONE;
}

static const rgm_regularizer weight_decay = {
    RGM_COMPONENT(RGM_REGULARIZER, "weight_decay", "pulls weights to zero", params, struct weight_decay),
    .gradient = gradient,
    .updated = updated,
    .applies = applies,
    .penalty = penalty,
};

RGM_PLUGIN("weight_decay", "1.0.0", "Apache-2.0", &weight_decay.component);
