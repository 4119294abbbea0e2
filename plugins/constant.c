/* Two constants: a schedule that leaves the rate alone, and an initializer that fills tensors with one value. */
#include <regimen/plugin.h>

struct constant {
    double value;
};

static const rgm_parameter params[] = {
    RGM_REAL("value", struct constant, value, -1e6, 1e6, 0.0, "of every element"),
};

static int32_t fill(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst, uint64_t first,
                    uint64_t n) {
    const struct constant *it = self;
    (void)call, (void)tensor, (void)first;
    for (uint64_t i = 0; i < n; i++) dst[i] = (float)it->value;
    return RGM_DONE;
}

static const rgm_initializer initializer = {
    RGM_COMPONENT(RGM_INITIALIZER, "constant", "one value everywhere", params, struct constant),
    .fill = fill,
};

static int32_t factor(const rgm_call *call, const void *self, double *out) {
    (void)call, (void)self;
    *out = 1.0;
    return RGM_DONE;
}

static const rgm_scheduler scheduler = {
    RGM_COMPONENT_BARE(RGM_SCHEDULER, "constant", "the rate stays as it is"),
    .factor = factor,
};

RGM_PLUGIN("constant", "1.0.0", "Apache-2.0", &initializer.component, &scheduler.component);
