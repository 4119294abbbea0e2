/* Adam (Kingma and Ba 2015, arXiv:1412.6980) and AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), as in
 * torch.optim. AdamW first shrinks the parameters by rate * weight_decay. */
#include <regimen/plugin.h>

#include <math.h>

struct adam {
    double lr, beta1, beta2, eps;
    double weight_decay; /* AdamW only */
    int32_t norm_and_bias;
};

#define COMMON                                                                                                         \
    RGM_REAL("lr", struct adam, lr, 0.0, 1e3, 1e-3, "learning rate; the peak where a schedule moves it"),              \
        RGM_REAL("beta1", struct adam, beta1, 0.0, 0.999999, 0.9, "decay of the mean of gradients"),                   \
        RGM_REAL("beta2", struct adam, beta2, 0.0, 0.99999999, 0.999, "decay of the mean of squared gradients"),       \
        RGM_REAL("eps", struct adam, eps, 1e-30, 1.0, 1e-8, "added to the divisor")

static const rgm_parameter adam_params[] = {COMMON};

static const rgm_parameter adamw_params[] = {
    COMMON,
    RGM_REAL("weight_decay", struct adam, weight_decay, 0.0, 10.0, 0.01, "parameters shrink by rate times this"),
    RGM_FLAG("norm_and_bias", struct adam, norm_and_bias, 0, "decay those of batch norm and biases too"),
};

static int32_t update(const rgm_call *call, const void *self, const rgm_span *span) {
    const struct adam *it = self;
    double t = (double)call->clock->step + 1.0;
    double bias1 = 1.0 - call->host->pow(it->beta1, t), bias2 = 1.0 - call->host->pow(it->beta2, t);
    int64_t n = (int64_t)span->n;
    if (it->weight_decay > 0.0 && (it->norm_and_bias || span->tensor->role == RGM_TENSOR_WEIGHT))
        call->host->scale((float)(1.0 - span->rate * it->weight_decay), span->param, n);
    call->host->adam(span->param, span->grad, span->slot[0], span->slot[1], n, (float)(span->rate / bias1),
                     (float)it->beta1, (float)it->beta2, (float)(1.0 / sqrt(bias2)), (float)it->eps);
    return RGM_DONE;
}

static const char *const slots[] = {"mean", "square"};

static const rgm_optimizer adam = {
    RGM_COMPONENT(RGM_OPTIMIZER, "adam", "steps scaled by running moments", adam_params, struct adam),
    .update = update,
    .slots = slots,
    .slot_count = 2,
};

static const rgm_optimizer adamw = {
    RGM_COMPONENT(RGM_OPTIMIZER, "adamw", "Adam with decoupled weight decay", adamw_params, struct adam),
    .update = update,
    .slots = slots,
    .slot_count = 2,
};

RGM_PLUGIN("adam", "1.0.0", "Apache-2.0", &adam.component, &adamw.component);
