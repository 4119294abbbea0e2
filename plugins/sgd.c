/* Stochastic gradient descent with momentum (Polyak 1964; Nesterov 1983), as torch.optim.SGD:
 *     m = momentum * m + (1 - dampening) * g, at the first step m = g
 *     p -= rate * (nesterov ? g + momentum * m : m) */
#include <regimen/plugin.h>

struct sgd {
    double lr, momentum, dampening;
    int32_t nesterov;
};

static const rgm_parameter params[] = {
    RGM_REAL("lr", struct sgd, lr, 0.0, 1e3, 0.1, "learning rate; the peak where a schedule moves it"),
    RGM_REAL("momentum", struct sgd, momentum, 0.0, 1.0, 0.9, "share of the last update that goes on; 0: none"),
    RGM_REAL("dampening", struct sgd, dampening, 0.0, 1.0, 0.0, "of the gradient as it enters the momentum"),
    RGM_FLAG("nesterov", struct sgd, nesterov, 0, "look ahead along the momentum"),
};

static int32_t prepare(const rgm_call *call, void *self, const rgm_model_info *model) {
    const struct sgd *it = self;
    (void)model;
    if (it->nesterov && (it->momentum == 0.0 || it->dampening != 0.0))
        return call->host->fail(call, "nesterov needs a momentum above 0 and no dampening");
    return RGM_DONE;
}

static uint32_t slots_used(const void *self) {
    const struct sgd *it = self;
    return it->momentum > 0.0;
}

static int32_t update(const rgm_call *call, const void *self, const rgm_span *span) {
    const struct sgd *it = self;
    float rate = (float)span->rate;
    if (it->momentum > 0.0)
        call->host->sgd(span->param, span->grad, span->slot[0], (int64_t)span->n, rate, (float)it->momentum,
                        (float)it->dampening, it->nesterov, call->clock->step == 0);
    else
        call->host->axpy(-rate, span->grad, span->param, (int64_t)span->n);
    return RGM_DONE;
}

static const char *const slots[] = {"momentum"};
static const rgm_life life = {.size = sizeof life, .prepare = prepare};

static const rgm_optimizer sgd = {
    RGM_COMPONENT_WITH(RGM_OPTIMIZER, "sgd", "gradient descent with momentum", params, struct sgd, RGM_ELEMENT, 0,
                       &life),
    .update = update,
    .slots = slots,
    .slot_count = 1,
    .slots_used = slots_used,
};

RGM_PLUGIN("sgd", "1.0.0", "Apache-2.0", &sgd.component);
