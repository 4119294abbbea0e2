/* The host table: what plugins may call. */
#include "config.h"
#include "plug/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "picture/resize.h"
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

static int32_t interleaved(const rgm_image *image) {
    return image->type == RGM_PIXEL_U8 && image->stride_c == 1 && image->stride_w == image->channels;
}

static int32_t host_resize_u8(const rgm_call *call, const rgm_image *in, const rgm_window *window, rgm_image *out,
                              void *scratch, uint64_t scratch_bytes) {
    const rgm_plug_call *context = call->host_data;
    const int32_t shape[3] = {in->height, in->width, in->channels};
    if (!interleaved(in) || !interleaved(out) || in->channels != out->channels)
        return host_fail(call, "resize_u8: the images are not uint8 with the same interleaved channels");
    if (!rgm_window_inside(window, in))
        return host_fail(call, "resize_u8: the window is not inside of the image, or smaller than a pixel");
    const size_t bytes = rgm_resize_scratch(shape, out->height, out->width);
    if (scratch_bytes < bytes || (uintptr_t)scratch % 64 != 0)
        return host_fail(call, "resize_u8: %llu bytes of scratch, expected at least %zu, 64-byte aligned",
                         (unsigned long long)scratch_bytes, bytes);
    rgm_host_resize(context->instance->kernels, in, window, out, scratch);
    return RGM_DONE;
}

void rgm_host_resize(const rgm_kernels *kernels, const rgm_image *in, const rgm_window *window, rgm_image *out,
                     void *scratch) {
    const rgm_resize_source source = {.pixels = in->data,
                                      .pitch = in->stride_h,
                                      .H = in->height,
                                      .W = in->width,
                                      .C = in->channels,
                                      .box = {window->top, window->left, window->height, window->width}};
    const rgm_resize_result result = {.pixels = out->data,
                                      .pitch = out->stride_h,
                                      .H = out->height,
                                      .W = out->width,
                                      .full_H = out->height,
                                      .full_W = out->width};
    rgm_resize_in(kernels, scratch, &source, &result);
}

int32_t rgm_window_inside(const rgm_window *w, const rgm_image *of) {
    const double slack = 1e-6; /* of a sum that is rounded */
    return w->top >= 0.0 && w->left >= 0.0 && w->height >= 1.0 - slack && w->width >= 1.0 - slack &&
           w->top + w->height <= of->height + slack && w->left + w->width <= of->width + slack;
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
        .resize_u8 = host_resize_u8,
    };
}
