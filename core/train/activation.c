#include "train/activation.h"

/* One sample's context and span; the plugin's scratch is not offered: activations have none. */
static void prepare(const rgm_activator *a, int32_t index, int32_t sample, int64_t floats, rgm_plug_call *call,
                    rgm_activation_span *span) {
    rgm_rng key = {a->session->config->seed, RGM_STREAM(RGM_STREAM_ACTIVATION, index), (uint32_t)a->clock.step,
                   (uint32_t)sample};
    rgm_plug_call_init(call, a->session->components.dropout, &a->clock, &key, NULL);
    *span = (rgm_activation_span){.size = sizeof *span,
                                  .training = 1,
                                  .first = 0,
                                  .n = (uint64_t)floats,
                                  .channels = (int32_t)floats,
                                  .block = 1,
                                  .pixels = 1,
                                  .elements = (uint64_t)floats};
}

/* Sample by sample: x -> y forward, or dy -> dx backward. */
static rgm_status each(const rgm_activator *a, int32_t index, int32_t first, int32_t count, int64_t floats,
                       const float *in, float *out, int32_t backwards, rgm_error *err) {
    for (int32_t i = 0; i < count; i++, in += floats, out += floats) {
        rgm_plug_call call;
        rgm_activation_span span;
        prepare(a, index, first + i, floats, &call, &span);
        if (backwards)
            span.dy = in, span.dx = out;
        else
            span.x = in, span.y = out;
        RGM_TRY(backwards ? rgm_plug_backward(&call, &span, err) : rgm_plug_forward(&call, &span, err));
    }
    return RGM_OK;
}

static rgm_status forward(void *context, int32_t index, int32_t first, int32_t count, int64_t floats, const float *x,
                          float *y, int32_t worker, rgm_error *err) {
    (void)worker;
    return each(context, index, first, count, floats, x, y, 0, err);
}

static rgm_status backward(void *context, int32_t index, int32_t first, int32_t count, int64_t floats, const float *dy,
                           float *dx, int32_t worker, rgm_error *err) {
    (void)worker;
    return each(context, index, first, count, floats, dy, dx, 1, err);
}

rgm_activation_hook rgm_activator_hook(rgm_activator *activator) {
    return (rgm_activation_hook){activator, forward, backward};
}
