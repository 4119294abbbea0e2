#include "train/activation.h"

#include <stdlib.h>
#include "base/arena.h"

rgm_status rgm_activator_init(rgm_activator *a, const rgm_session *session, rgm_error *err) {
    *a = (rgm_activator){.session = session};
    const rgm_instance *instance = session->model->components.dropout;
    if (!instance || rgm_instance_scratch_bytes(instance) == 0) return RGM_OK;
    a->scratch_bytes = rgm_arena_cost(rgm_instance_scratch_bytes(instance));
    a->scratch = aligned_alloc(64, rgm_activator_bytes(a));
    return a->scratch ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "activations: out of memory");
}

void rgm_activator_release(rgm_activator *a) {
    free(a->scratch);
    a->scratch = NULL;
}

size_t rgm_activator_bytes(const rgm_activator *a) {
    return a->scratch_bytes ? a->scratch_bytes * (size_t)rgm_team_size(a->session->device->team) : 0;
}

/* One sample's context and span. */
static void prepare(const rgm_activator *a, const rgm_activation_images *images, int32_t sample, int32_t worker,
                    rgm_plug_call *call, rgm_activation_span *span) {
    rgm_rng key = {a->session->config->seed, RGM_STREAM(RGM_STREAM_ACTIVATION, images->index), (uint32_t)a->clock.step,
                   (uint32_t)sample};
    char *scratch = a->scratch ? a->scratch + a->scratch_bytes * (size_t)worker : NULL;
    rgm_plug_call_init(call, a->session->model->components.dropout, &a->clock, &key, scratch);
    *span = (rgm_activation_span){.size = sizeof *span,
                                  .training = 1,
                                  .first = 0,
                                  .n = (uint64_t)images->floats,
                                  .channels = (int32_t)images->floats,
                                  .block = 1,
                                  .pixels = 1,
                                  .elements = (uint64_t)images->floats};
}

static rgm_status forward(void *context, const rgm_activation_images *images, int32_t worker, rgm_error *err) {
    for (int32_t i = 0; i < images->count; i++) {
        rgm_plug_call call;
        rgm_activation_span span;
        prepare(context, images, images->first + i, worker, &call, &span);
        span.x = images->in + i * images->floats;
        span.y = images->out + i * images->floats;
        RGM_TRY(rgm_plug_forward(&call, &span, err));
    }
    return RGM_OK;
}

static rgm_status backward(void *context, const rgm_activation_images *images, int32_t worker, rgm_error *err) {
    for (int32_t i = 0; i < images->count; i++) {
        rgm_plug_call call;
        rgm_activation_span span;
        prepare(context, images, images->first + i, worker, &call, &span);
        span.dy = images->in + i * images->floats;
        span.dx = images->out + i * images->floats;
        RGM_TRY(rgm_plug_backward(&call, &span, err));
    }
    return RGM_OK;
}

rgm_activation_hook rgm_activator_hook(rgm_activator *activator) {
    return (rgm_activation_hook){activator, forward, backward};
}
