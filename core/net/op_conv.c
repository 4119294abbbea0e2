/* Convolution: the engine's three directions as phases. */
#include <stdio.h>
#include "net/op.h"

typedef struct conv_state {
    rgm_plan *plan;
    rgm_conv *conv;
    const float *x, *dy, *w, *bias;
    float *y, *dx, *dw, *db;
    void *packed[2], *partials;
} conv_state;

static rgm_status run_pack(conv_state *c, int32_t direction, int32_t chunk, int32_t worker, rgm_error *err) {
    return rgm_conv_pack(c->conv, direction, chunk, worker, c->w, c->packed[direction],
                         rgm_plan_scratch(c->plan, worker), err);
}

static rgm_status run_pack_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    return run_pack(context, RGM_CONV_FORWARD, chunk, worker, err);
}

static rgm_status run_pack_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    return run_pack(context, RGM_CONV_BACKWARD_DATA, chunk, worker, err);
}

static rgm_status run_forward(void *context, int32_t group, int32_t worker, rgm_error *err) {
    conv_state *c = context;
    return rgm_conv_forward(c->conv, group, worker, c->x, c->packed[RGM_CONV_FORWARD], c->bias, c->y,
                            rgm_plan_scratch(c->plan, worker), err);
}

static rgm_status run_backward_data(void *context, int32_t group, int32_t worker, rgm_error *err) {
    conv_state *c = context;
    return rgm_conv_backward_data(c->conv, group, worker, c->dy, c->packed[RGM_CONV_BACKWARD_DATA], c->dx,
                                  rgm_plan_scratch(c->plan, worker), err);
}

static rgm_status run_backward_weights(void *context, int32_t group, int32_t worker, rgm_error *err) {
    conv_state *c = context;
    return rgm_conv_backward_weights(c->conv, group, worker, c->x, c->dy, c->partials,
                                     rgm_plan_scratch(c->plan, worker), err);
}

static rgm_status run_reduce(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    conv_state *c = context;
    return rgm_conv_reduce(c->conv, chunk, worker, c->partials, c->dw, c->db, rgm_plan_scratch(c->plan, worker), err);
}

static void destroy(void *conv) { rgm_conv_destroy(conv); }

/* The node's state is made by forward() and found again by backward(). */
static rgm_status create(rgm_plan *plan, int32_t index, conv_state **out, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_tensor *in = rgm_plan_tensor(plan, node->in[0]);
    const rgm_plan_options *o = rgm_plan_get(plan);
    conv_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    rgm_conv_shape shape = {.N = o->batch,
                            .C = in->C,
                            .H = in->H,
                            .W = in->W,
                            .K = node->conv.filters,
                            .R = node->conv.window,
                            .S = node->conv.window,
                            .stride = node->conv.stride,
                            .pad = node->conv.pad,
                            .groups = node->conv.groups,
                            .bias = node->conv.bias,
                            .src_layout = rgm_plan_extent(plan, node->in[0]).layout,
                            .directions = 1u << RGM_CONV_FORWARD};
    if (o->training) shape.directions |= 1u << RGM_CONV_BACKWARD_WEIGHTS;
    if (o->training && rgm_plan_needs_gradient(plan, node->in[0])) shape.directions |= 1u << RGM_CONV_BACKWARD_DATA;
    RGM_TRY(rgm_conv_create(&c->conv, o->engine, &shape, err));
    RGM_TRY(rgm_plan_own(plan, c->conv, destroy, err));
    rgm_plan_need_scratch(plan, rgm_conv_scratch_bytes(c->conv));
    char note[96];
    snprintf(note, sizeof note, "%s, %d groups", rgm_conv_impl(c->conv, RGM_CONV_FORWARD),
             rgm_conv_groups(c->conv, RGM_CONV_FORWARD));
    rgm_plan_note(plan, index, note);
    c->plan = plan;
    rgm_plan_param(plan, node->weight, &c->w);
    rgm_plan_param(plan, node->bias, &c->bias);
    rgm_plan_grad(plan, node->weight, &c->dw);
    rgm_plan_grad(plan, node->bias, &c->db);
    rgm_plan_set_node_state(plan, index, c);
    *out = c;
    return RGM_OK;
}

/* Packs the weights for a direction into a buffer that lives until the phase appended next. */
static rgm_status plan_pack(rgm_plan *plan, int32_t index, conv_state *c, int32_t direction, rgm_buffer *packed,
                            rgm_error *err) {
    *packed = rgm_plan_buffer(plan, rgm_conv_packed_bytes(c->conv, direction));
    RGM_TRY(rgm_plan_phase(plan, index, direction == RGM_CONV_FORWARD ? "pack" : "pack for backward",
                           direction == RGM_CONV_FORWARD ? run_pack_forward : run_pack_backward, c,
                           rgm_conv_pack_chunks(c->conv, direction), err));
    rgm_plan_use(plan, *packed, &c->packed[direction]);
    return RGM_OK;
}

static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    conv_state *c = NULL;
    rgm_buffer packed = 0;
    RGM_TRY(create(plan, index, &c, err));
    RGM_TRY(plan_pack(plan, index, c, RGM_CONV_FORWARD, &packed, err));
    RGM_TRY(rgm_plan_phase(plan, index, "forward", run_forward, c, rgm_conv_groups(c->conv, RGM_CONV_FORWARD), err));
    rgm_plan_use(plan, packed, NULL);
    rgm_plan_use(plan, rgm_plan_value(plan, node->in[0]), &c->x);
    rgm_plan_use(plan, rgm_plan_value(plan, node->out), &c->y);
    return RGM_OK;
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    conv_state *c = rgm_plan_node_state(plan, index);
    rgm_gradient dy;
    RGM_TRY(rgm_plan_one_gradient(plan, node->out, &dy, err));

    rgm_buffer partials = rgm_plan_buffer(plan, rgm_conv_packed_bytes(c->conv, RGM_CONV_BACKWARD_WEIGHTS));
    RGM_TRY(rgm_plan_phase(plan, index, "backward weights", run_backward_weights, c,
                           rgm_conv_groups(c->conv, RGM_CONV_BACKWARD_WEIGHTS), err));
    rgm_plan_use(plan, rgm_plan_value(plan, node->in[0]), NULL);
    rgm_plan_use(plan, dy.addend[0], &c->dy);
    rgm_plan_use(plan, partials, &c->partials);
    RGM_TRY(rgm_plan_phase(plan, index, "reduce", run_reduce, c, rgm_conv_reduce_chunks(c->conv), err));
    rgm_plan_use(plan, partials, NULL);

    if (!rgm_plan_needs_gradient(plan, node->in[0])) return RGM_OK;
    rgm_buffer packed, dx = rgm_plan_buffer(plan, sizeof(float) * (size_t)(rgm_plan_extent(plan, node->in[0]).floats *
                                                                           rgm_plan_get(plan)->batch));
    RGM_TRY(plan_pack(plan, index, c, RGM_CONV_BACKWARD_DATA, &packed, err));
    RGM_TRY(rgm_plan_phase(plan, index, "backward data", run_backward_data, c,
                           rgm_conv_groups(c->conv, RGM_CONV_BACKWARD_DATA), err));
    rgm_plan_use(plan, packed, NULL);
    rgm_plan_use(plan, dy.addend[0], NULL);
    rgm_plan_use(plan, dx, &c->dx);
    return rgm_plan_add_gradient(plan, node->in[0], dx, 0, err);
}

const rgm_op rgm_op_conv = {.name = "conv", .forward = forward, .backward = backward, .keeps_input = 1};
