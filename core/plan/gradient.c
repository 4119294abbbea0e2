#include <config.h>

#include "plan/gradient.h"

#include "plan/plan_internal.h"

typedef struct sum_context {
    const rgm_kernels *k;
    float *a, *b, *out;
    int64_t floats;
    int32_t chunks;
} sum_context;

static rgm_status run_sum(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const sum_context *c = context;
    rgm_range r = rgm_range_part(c->floats / 16, c->chunks, chunk); /* images are whole blocks of 16 floats */
    c->k->add(c->a + r.first * 16, c->b + r.first * 16, c->out + r.first * 16, (r.end - r.first) * 16);
    return RGM_OK;
}

rgm_status rgm_plan_one_gradient(rgm_plan *p, int32_t tensor, rgm_gradient *out, rgm_error *err) {
    rgm_gradient *g = &p->build->tensors[tensor].gradient;
    if (g->count == 2) {
        int64_t floats = rgm_plan_extent(p, tensor).floats;
        sum_context *c = rgm_plan_state(p, sizeof *c);
        if (!c) return rgm_plan_no_memory(err);
        *c = (sum_context){
            .k = p->o.kernels, .floats = (floats * p->o.batch + 15) / 16 * 16, .chunks = rgm_plan_images(p, floats)};
        int32_t producer = rgm_plan_tensor(p, tensor)->producer; /* the input has none */
        RGM_TRY(rgm_plan_phase(p, producer < 0 ? 0 : producer,
                               &(rgm_phase_spec){"add gradients", run_sum, c, c->chunks}, err));
        int32_t target = !g->shared[0] ? 0 : !g->shared[1] ? 1 : -1;
        rgm_buffer sum = target < 0 ? rgm_plan_buffer(p, rgm_plan_tensor_bytes(p, tensor)) : g->addend[target];
        rgm_plan_use(p, g->addend[0], &c->a);
        rgm_plan_use(p, g->addend[1], &c->b);
        rgm_plan_use(p, sum, &c->out);
        *g = (rgm_gradient){.count = 1, .addend = {sum}};
    }
    *out = *g;
    return RGM_OK;
}

rgm_status rgm_plan_add_gradient(rgm_plan *p, int32_t tensor, rgm_buffer b, int32_t shared, rgm_error *err) {
    rgm_gradient *g = &p->build->tensors[tensor].gradient;
    if (g->count == 2) {
        rgm_gradient one;
        RGM_TRY(rgm_plan_one_gradient(p, tensor, &one, err));
    }
    g->addend[g->count] = b;
    g->shared[g->count++] = shared;
    return RGM_OK;
}

rgm_status rgm_plan_backward_phase(rgm_plan *p, int32_t index, const rgm_phase_spec *spec, void *dy_slot, void *dx_slot,
                                   rgm_error *err) {
    const rgm_node *node = rgm_plan_node(p, index);
    rgm_gradient dy;
    RGM_TRY(rgm_plan_one_gradient(p, node->out, &dy, err));
    rgm_buffer dx = rgm_plan_buffer(p, rgm_plan_tensor_bytes(p, node->in[0]));
    RGM_TRY(rgm_plan_phase(p, index, spec, err));
    rgm_plan_use(p, dy.addend[0], dy_slot);
    rgm_plan_use(p, dx, dx_slot);
    return rgm_plan_add_gradient(p, node->in[0], dx, 0, err);
}
