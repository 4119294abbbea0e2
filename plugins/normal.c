/* Plain normal initialization: N(mean, std^2) for every tensor, as the classifier starts with N(0, 0.01^2). */
#include <regimen/plugin.h>

struct normal {
    double mean, std;
};

static const rgm_parameter params[] = {
    RGM_REAL("mean", struct normal, mean, -1e3, 1e3, 0.0, "of the distribution"),
    RGM_REAL("std", struct normal, std, 0.0, 1e3, 0.01, "standard deviation"),
};

static int32_t fill(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst, uint64_t first,
                    uint64_t n) {
    const struct normal *it = self;
    float mean = (float)it->mean, std = (float)it->std;
    (void)tensor;
    call->host->normal(call, first, dst, n);
    for (uint64_t i = 0; i < n; i++) dst[i] = dst[i] * std + mean;
    return RGM_DONE;
}

static const rgm_initializer normal = {
    RGM_COMPONENT(RGM_INITIALIZER, "normal", "normal distribution of a given width", params, struct normal),
    .fill = fill,
};

RGM_PLUGIN("normal", "1.0.0", "Apache-2.0", &normal.component);
