/* Element-wise activations: ReLU, leaky ReLU, sigmoid, tanh. Backward reads the output only, so the input may be
 * overwritten (leaky ReLU: the output's sign is the input's as long as slope >= 0; with slope 0 the gradient at y = 0
 * is 0). */
#include "plan/finish.h"
#include "plan/gradient.h"
#include "plan/images.h"
#include "plan/values.h"

typedef struct activation_state {
    const rgm_kernels *k;
    const float *x, *dy;
    float *y, *dx;
    int64_t floats;
    int32_t N, chunks, kind;
    float slope;
} activation_state;

static rgm_status run_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const activation_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t at = images.first * c->floats, n = (images.end - images.first) * c->floats;
    switch (c->kind) {
    case RGM_RELU:
        c->k->relu_fwd(c->x + at, c->y + at, n);
        break;
    case RGM_LEAKY_RELU:
        c->k->leaky_fwd(c->x + at, c->slope, c->y + at, n);
        break;
    case RGM_SIGMOID:
        c->k->sigmoid_fwd(c->x + at, c->y + at, n);
        break;
    default:
        c->k->tanh_fwd(c->x + at, c->y + at, n);
    }
    return RGM_OK;
}

/* Backward of run_forward. */
static rgm_status run_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const activation_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t at = images.first * c->floats, n = (images.end - images.first) * c->floats;
    switch (c->kind) {
    case RGM_RELU:
        c->k->relu_bwd(c->y + at, c->dy + at, c->dx + at, n);
        break;
    case RGM_LEAKY_RELU:
        c->k->leaky_bwd(c->y + at, c->slope, c->dy + at, c->dx + at, n);
        break;
    case RGM_SIGMOID:
        c->k->sigmoid_bwd(c->y + at, c->dy + at, c->dx + at, n);
        break;
    default:
        c->k->tanh_bwd(c->y + at, c->dy + at, c->dx + at, n);
    }
    return RGM_OK;
}

static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_plan_options *o = rgm_plan_get(plan);
    activation_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    int64_t floats = rgm_plan_extent(plan, node->out).floats;
    *c = (activation_state){.k = o->kernels,
                            .floats = floats,
                            .N = o->batch,
                            .chunks = rgm_plan_images(plan, floats),
                            .kind = node->kind,
                            .slope = node->slope};
    rgm_plan_set_node_state(plan, index, c);
    if (rgm_plan_may_overwrite(plan, node->in[0])) rgm_plan_alias(plan, node->out, rgm_plan_value(plan, node->in[0]));
    return rgm_plan_forward_phase(plan, index, &(rgm_phase_spec){"forward", run_forward, c, c->chunks}, &c->x, &c->y,
                                  err);
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    activation_state *c = rgm_plan_node_state(plan, index);
    rgm_gradient dy;
    RGM_TRY(rgm_plan_one_gradient(plan, node->out, &dy, err));
    rgm_buffer dx = dy.shared[0] ? rgm_plan_buffer(plan, rgm_plan_tensor_bytes(plan, node->out)) : dy.addend[0];
    RGM_TRY(rgm_plan_phase(plan, index, &(rgm_phase_spec){"backward", run_backward, c, c->chunks}, err));
    rgm_plan_use(plan, rgm_plan_value(plan, node->out), NULL);
    rgm_plan_use(plan, dy.addend[0], &c->dy);
    rgm_plan_use(plan, dx, &c->dx);
    return rgm_plan_add_gradient(plan, node->in[0], dx, 0, err);
}

static int32_t keeps_output(const rgm_plan *plan, int32_t index) {
    (void)plan, (void)index;
    return 1;
}

static int32_t joins(const rgm_plan *plan, int32_t index, int32_t input, rgm_finish *f) {
    (void)input;
    if (rgm_plan_node(plan, index)->kind != RGM_RELU) return 0;
    f->relu = 1;
    return 1;
}

const rgm_op rgm_op_activation = {
    .name = "activation", .forward = forward, .backward = backward, .keeps_output = keeps_output, .joins = joins};
