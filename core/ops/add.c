/* Sum of two tensors. Backward costs nothing: both terms share the incoming gradient's buffer. */
#include "plan/finish.h"
#include "plan/gradient.h"
#include "plan/images.h"
#include "plan/values.h"

typedef struct add_state {
    const rgm_kernels *k;
    const float *a, *b;
    float *y;
    int64_t floats;
    int32_t N, chunks;
} add_state;

static rgm_status run_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const add_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t at = images.first * c->floats;
    c->k->add(c->a + at, c->b + at, c->y + at, (images.end - images.first) * c->floats);
    return RGM_OK;
}

static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_plan_options *o = rgm_plan_get(plan);
    add_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    int64_t floats = rgm_plan_extent(plan, node->out).floats;
    *c = (add_state){.k = o->kernels, .floats = floats, .N = o->batch, .chunks = rgm_plan_images(plan, floats)};
    RGM_TRY(rgm_plan_forward_phase(plan, index, &(rgm_phase_spec){"forward", run_forward, c, c->chunks}, &c->a, &c->y,
                                   err));
    rgm_plan_use(plan, rgm_plan_value(plan, node->in[1]), &c->b);
    return RGM_OK;
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    rgm_gradient dy;
    RGM_TRY(rgm_plan_one_gradient(plan, node->out, &dy, err));
    int32_t both = rgm_plan_needs_gradient(plan, node->in[0]) && rgm_plan_needs_gradient(plan, node->in[1]);
    for (int32_t i = 0; i < 2; i++)
        if (rgm_plan_needs_gradient(plan, node->in[i]))
            RGM_TRY(rgm_plan_add_gradient(plan, node->in[i], dy.addend[0], both || dy.shared[0], err));
    return RGM_OK;
}

static int32_t joins(const rgm_plan *plan, int32_t index, int32_t input, rgm_finish *f) {
    if (f->residual != RGM_NO_TENSOR || f->relu) return 0;
    f->residual = rgm_plan_node(plan, index)->in[1 - input];
    return 1;
}

const rgm_op rgm_op_add = {.name = "add", .forward = forward, .backward = backward, .joins = joins};
