/* Initializers as makers get them wrong. */
#include <regimen/plugin.h>

#include <math.h>
#include <string.h>

struct fill {
    double value, std, gain;
};

static const rgm_parameter values[] = {RGM_REAL("value", struct fill, value, -1e6, 1e6, 0.0, "of every element")};
static const rgm_parameter deviations[] = {RGM_REAL("std", struct fill, std, 0.0, 1e6, 1.0, "standard deviation")};
static const rgm_parameter gains[] = {RGM_REAL("gain", struct fill, gain, 0.0, 1e6, 1.0, "times He's deviation")};

/* Zeros, or another number. */
static int32_t same(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst, uint64_t first,
                    uint64_t n) {
    const struct fill *it = self;
    (void)call, (void)tensor, (void)first;
    for (uint64_t i = 0; i < n; i++) dst[i] = (float)it->value;
    return RGM_DONE;
}

/* One deviation for all layers, whatever their fan. */
static int32_t alike(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst, uint64_t first,
                     uint64_t n) {
    const struct fill *it = self;
    (void)tensor;
    call->host->normal(call, first, dst, n);
    call->host->scale((float)it->std, dst, (int64_t)n);
    return RGM_DONE;
}

/* He's deviation times a gain. */
static int32_t scaled(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst, uint64_t first,
                      uint64_t n) {
    const struct fill *it = self;
    call->host->normal(call, first, dst, n);
    call->host->scale((float)(it->gain * sqrt(2.0 / tensor->fan_in)), dst, (int64_t)n);
    return RGM_DONE;
}

/* Every output unit gets the weights of the first: the draws begin anew in each row. */
static int32_t rows_alike(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst,
                          uint64_t first, uint64_t n) {
    uint64_t row = tensor->elements / (uint64_t)tensor->dims[0];
    float scale = (float)sqrt(2.0 / tensor->fan_in);
    (void)self;
    for (uint64_t i = 0; i < n; i++) {
        call->host->normal(call, (first + i) % row, dst + i, 1);
        dst[i] *= scale;
    }
    return RGM_DONE;
}

/* Uniform in [0, 2 bound) instead of [-bound, bound): all weights are positive. */
static int32_t positive(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst,
                        uint64_t first, uint64_t n) {
    (void)self;
    call->host->uniform(call, first, dst, n);
    call->host->scale((float)(2 * sqrt(6.0 / tensor->fan_in)), dst, (int64_t)n);
    return RGM_DONE;
}

/* fan_in and its root exchanged: deviations far too small, the more so the wider a layer is. */
static int32_t without_root(const rgm_call *call, const void *self, const rgm_tensor_info *tensor, float *dst,
                            uint64_t first, uint64_t n) {
    (void)self;
    call->host->normal(call, first, dst, n);
    call->host->scale((float)(2.0 / tensor->fan_in), dst, (int64_t)n);
    return RGM_DONE;
}

static const rgm_initializer constant = {
    RGM_COMPONENT(RGM_INITIALIZER, "fill", "one number everywhere", values, struct fill), .fill = same};
static const rgm_initializer one_std = {
    RGM_COMPONENT(RGM_INITIALIZER, "one_std", "one deviation for all layers", deviations, struct fill), .fill = alike};
static const rgm_initializer gained = {
    RGM_COMPONENT(RGM_INITIALIZER, "gained", "He's deviation times a gain", gains, struct fill), .fill = scaled};
static const rgm_initializer twins = {RGM_COMPONENT_BARE(RGM_INITIALIZER, "twins", "units of a layer are the same"),
                                      .fill = rows_alike};
static const rgm_initializer above = {RGM_COMPONENT_BARE(RGM_INITIALIZER, "positive", "no weight is negative"),
                                      .fill = positive};
static const rgm_initializer rootless = {RGM_COMPONENT_BARE(RGM_INITIALIZER, "rootless", "deviation 2 / fan_in"),
                                         .fill = without_root};

RGM_PLUGIN("fault_initializers", "1.0.0", "Apache-2.0", &constant.component, &one_std.component, &gained.component,
           &twins.component, &above.component, &rootless.component);
