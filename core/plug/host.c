/* The host table: what plugins may call. */
#include "config.h"
#include "plug/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "plug/context.h"
#include "plug/instance_internal.h"
#include "plug/math.h"

static rgm_rng rng_of(const rgm_call *call) {
    return (rgm_rng){
        .seed = call->key.seed, .stream = call->key.stream, .epoch = call->key.epoch, .sample = call->key.sample};
}

static void host_uniform(const rgm_call *call, uint64_t first, float *out, uint64_t n) {
    rgm_rng rng = rng_of(call);
    rgm_rng_uniform(&rng, first, out, n);
}

static void host_normal(const rgm_call *call, uint64_t first, float *out, uint64_t n) {
    rgm_rng rng = rng_of(call);
    rgm_rng_normal(&rng, first, out, n);
}

static void host_u32(const rgm_call *call, uint64_t first, uint32_t *out, uint64_t n) {
    rgm_rng rng = rng_of(call);
    rgm_rng_u32(&rng, first, out, n);
}

static uint64_t host_below(const rgm_call *call, uint64_t number, uint64_t n) {
    rgm_rng rng = rng_of(call);
    return rgm_rng_below(&rng, number, n > 0 ? n : 1);
}

static int32_t host_fail(const rgm_call *call, const char *format, ...) {
    if (call->error && call->error_bytes > 0) {
        va_list args;
        va_start(args, format);
        vsnprintf(call->error, call->error_bytes, format, args);
        va_end(args);
    }
    return RGM_FAILED;
}

static void host_note(const rgm_call *call, const char *format, ...) {
    const rgm_plug_call *context = call->host_data;
    const char *name = context->instance->listed->component->name;
    char line[400];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    rgm_log(RGM_LOG_INFO, "%s: %s", name, line);
}

void rgm_host_fill(rgm_host *host, const rgm_kernels *kernels) {
    *host = (rgm_host){
        .size = sizeof *host,
        .abi_version = RGM_ABI_VERSION,
        .name = PACKAGE_NAME,
        .version = PACKAGE_VERSION,
        .uniform = host_uniform,
        .normal = host_normal,
        .u32 = host_u32,
        .below = host_below,
        .fail = host_fail,
        .note = host_note,
        .exp = rgm_plug_exp,
        .log = rgm_plug_log,
        .sin = rgm_plug_sin,
        .cos = rgm_plug_cos,
        .pow = rgm_plug_pow,
        .axpy = kernels->axpy,
        .scale = kernels->scale,
        .add = kernels->add,
        .sum = kernels->sum,
        .sumsq = kernels->sumsq,
        .dot = kernels->dot,
        .absmax = kernels->absmax,
        .sgd = kernels->opt_sgd,
        .adam = kernels->opt_adam,
        .softmax_xent = kernels->softmax_xent,
        .sigmoid_xent = kernels->sigmoid_xent,
        .crop_flip_u8 = kernels->crop_flip_u8,
        .relu = kernels->relu_fwd,
    };
}
