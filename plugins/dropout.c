/* Dropout (Srivastava et al. 2014), scaled in training so that evaluation is the identity. The mask is not stored:
 * backward draws the same numbers again. */
#include <regimen/plugin.h>

struct dropout {
    double rate;
};

static const rgm_parameter params[] = {
    RGM_REAL("rate", struct dropout, rate, 0.0, 0.999, 0.5, "probability of dropping a value"),
};

/* to = from * mask / (1 - rate); element i of the sample is dropped where its draw is below the rate */
static void mask(const rgm_call *call, const struct dropout *it, uint64_t first, uint64_t n, const float *from,
                 float *to) {
    float rate = (float)it->rate, scale = (float)(1.0 / (1.0 - it->rate)), draw[256];
    for (uint64_t done = 0; done < n;) {
        uint64_t part = n - done < 256 ? n - done : 256;
        call->host->uniform(call, first + done, draw, part);
        for (uint64_t i = 0; i < part; i++) to[done + i] = draw[i] < rate ? 0.0f : from[done + i] * scale;
        done += part;
    }
}

static int32_t forward(const rgm_call *call, const void *self, const rgm_activation_span *span) {
    mask(call, self, span->first, span->n, span->x, span->y);
    return RGM_DONE;
}

static int32_t backward(const rgm_call *call, const void *self, const rgm_activation_span *span) {
    mask(call, self, span->first, span->n, span->dy, span->dx);
    return RGM_DONE;
}

static const rgm_activation dropout = {
    RGM_COMPONENT_WITH(RGM_ACTIVATION, "dropout", "sets random values to zero", params, struct dropout, RGM_ELEMENT,
                       RGM_TRAINING_ONLY, NULL),
    .forward = forward,
    .backward = backward,
};

RGM_PLUGIN("dropout", "1.0.0", "Apache-2.0", &dropout.component);
