/* A blocked image -> features in torch's order (c, h, w); the pitch's padding is zero. */
#include <string.h>
#include "plan/gradient.h"
#include "plan/images.h"

typedef struct flatten_state {
    const rgm_kernels *k;
    rgm_extent in, out;
    int32_t C, N, chunks;
    const float *x, *dy;
    float *y, *dx;
} flatten_state;

static rgm_status run_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const flatten_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t features = c->C * c->in.pixels;
    for (int64_t n = images.first; n < images.end; n++) {
        float *y = c->y + n * c->out.floats;
        if (c->in.layout == RGM_LAYOUT_BLOCKED)
            c->k->plane_from_block(c->x + n * c->in.floats, c->C, c->in.pixels, y);
        else
            memcpy(y, c->x + n * c->in.floats, sizeof(float) * (size_t)features);
        memset(y + features, 0, sizeof(float) * (size_t)(c->out.floats - features));
    }
    return RGM_OK;
}

static rgm_status run_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const flatten_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    for (int64_t n = images.first; n < images.end; n++)
        c->k->block_from_plane(c->dy + n * c->out.floats, c->C, c->in.pixels, c->dx + n * c->in.floats);
    return RGM_OK;
}

static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_plan_options *o = rgm_plan_get(plan);
    flatten_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    *c = (flatten_state){.k = o->kernels,
                         .in = rgm_plan_extent(plan, node->in[0]),
                         .out = rgm_plan_extent(plan, node->out),
                         .C = rgm_plan_tensor(plan, node->in[0])->C,
                         .N = o->batch};
    c->chunks = rgm_plan_images(plan, c->in.floats);
    rgm_plan_set_node_state(plan, index, c);
    return rgm_plan_forward_phase(plan, index, &(rgm_phase_spec){"forward", run_forward, c, c->chunks}, &c->x, &c->y,
                                  err);
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    flatten_state *c = rgm_plan_node_state(plan, index);
    if (!rgm_plan_needs_gradient(plan, rgm_plan_node(plan, index)->in[0])) return RGM_OK;
    return rgm_plan_backward_phase(plan, index, &(rgm_phase_spec){"backward", run_backward, c, c->chunks}, &c->dy,
                                   &c->dx, err);
}

static int32_t input(const rgm_plan *plan, int32_t node) {
    (void)plan, (void)node;
    return RGM_INPUT_EITHER;
}

const rgm_op rgm_op_flatten = {.name = "flatten", .input = input, .forward = forward, .backward = backward};
