/* Xavier (Glorot) initialization (Glorot and Bengio 2010): variance gain^2 / ((fan_in + fan_out) / 2), between keeping
 * the scale of activations and that of gradients. */
#include <regimen/plugin.h>

#include <math.h>

struct xavier {
    int32_t distribution, mode, nonlinearity;
    double slope, gain;
};

static const char *const distributions[] = {"normal", "uniform", NULL};
static const char *const modes[] = {"fan_in", "fan_out", "average", NULL};
static const char *const nonlinearities[] = {"relu", "leaky_relu", "linear", "sigmoid", "tanh", NULL};

static const rgm_parameter params[] = {
    RGM_CHOICE("distribution", struct xavier, distribution, distributions, 1, "of the weights"),
    RGM_CHOICE("mode", struct xavier, mode, modes, 2, "which fan the variance is divided by"),
    RGM_CHOICE("nonlinearity", struct xavier, nonlinearity, nonlinearities, 2, "what follows the layer; sets the gain"),
    RGM_REAL("slope", struct xavier, slope, 0.0, 1.0, 0.01, "of leaky_relu for negative inputs"),
    RGM_REAL("gain", struct xavier, gain, 0.0, 100.0, 0.0, "the gain itself; 0: the nonlinearity's"),
};

static double gain_of(const struct xavier *it) {
    if (it->gain > 0.0) return it->gain;
    switch (it->nonlinearity) {
    case 0:
        return sqrt(2.0);
    case 1:
        return sqrt(2.0 / (1.0 + it->slope * it->slope));
    case 4:
        return 5.0 / 3.0;
    default:
        return 1.0;
    }
}

static double fan_of(const struct xavier *it, const rgm_tensor_info *tensor) {
    double fan = it->mode == 0   ? tensor->fan_in
                 : it->mode == 1 ? tensor->fan_out
                                 : (tensor->fan_in + tensor->fan_out) / 2.0;
    return fan > 1.0 ? fan : 1.0;
}

static int32_t fill(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst, uint64_t first,
                    uint64_t n) {
    const struct xavier *it = self;
    double deviation = gain_of(it) / sqrt(fan_of(it, tensor));
    if (it->distribution == 0) {
        float scale = (float)deviation;
        call->host->normal(call, first, dst, n);
        for (uint64_t i = 0; i < n; i++) dst[i] *= scale;
    } else {
        float bound = (float)(sqrt(3.0) * deviation); /* the variance of U(-b, b) is b^2 / 3 */
        call->host->uniform(call, first, dst, n);
        for (uint64_t i = 0; i < n; i++) dst[i] = (2.0f * dst[i] - 1.0f) * bound;
    }
    return RGM_DONE;
}

static const rgm_initializer xavier = {
    RGM_COMPONENT(RGM_INITIALIZER, "xavier", "Xavier (Glorot) initialization", params, struct xavier),
    .fill = fill,
};

RGM_PLUGIN("xavier", "1.0.0", "Apache-2.0", &xavier.component);
