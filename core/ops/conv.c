/* Convolution: chooses how each direction is computed (conv/site.h). */
#include <stdio.h>
#include <string.h>
#include "conv/direct.h"
#include "conv/direct_weights.h"
#include "conv/onednn.h"
#include "conv/winograd.h"
#include "conv/winograd_weights.h"
#include "engine/conv.h"
#include "plan/sums.h"
#include "plan/gradient.h"

typedef struct conv_state {
    rgm_conv_site site;
    rgm_onednn *onednn;               /* NULL: no direction is oneDNN's */
    int32_t way[RGM_CONV_DIRECTIONS]; /* RGM_WAY_ONEDNN or one of our own */
} conv_state;

static int32_t can(const rgm_conv_shape *s, int32_t way, int32_t direction) {
    return way == RGM_WAY_DIRECT ? rgm_direct_can(s, direction) : rgm_winograd_can(s, way, direction);
}

/* 1 if a batch norm with the batch's statistics follows; in backward data, if one comes before (of several readers of
 * it only one will gather its sums). */
static int32_t saves(const rgm_plan *plan, int32_t index, int32_t direction) {
    const rgm_node *node = rgm_plan_node(plan, index);
    if (direction != RGM_CONV_BACKWARD_DATA) return rgm_plan_feeds_norm(plan, node->out);
    int32_t producer = rgm_plan_tensor(plan, node->in[0])->producer;
    return producer >= 0 && rgm_plan_node(plan, producer)->op == RGM_OP_BATCHNORM;
}

/* The rule: a function of the shape, the tuning and what stands beside it. */
static int32_t choose(const rgm_plan *plan, int32_t index, const rgm_conv_shape *s, int32_t direction) {
    const rgm_plan_options *o = rgm_plan_get(plan);
    const rgm_tuning *t = o->kernels->tuning;
    int32_t winograd = rgm_winograd_best_way(s, direction);
    switch (o->conv) {
    case RGM_WAY_AUTO:
        if (can(s, winograd, direction) && rgm_winograd_pays(s, direction, &t->winograd)) return winograd;
        if (can(s, RGM_WAY_DIRECT, direction) &&
            rgm_direct_pays(s, direction, &t->direct, saves(plan, index, direction)))
            return RGM_WAY_DIRECT;
        return RGM_WAY_ONEDNN;
    case RGM_WAY_WINOGRAD:
    case RGM_WAY_WINOGRAD_2X2:
    case RGM_WAY_DIRECT:
        return can(s, o->conv, direction) ? o->conv : RGM_WAY_ONEDNN;
    default:
        return RGM_WAY_ONEDNN;
    }
}

/* "jit:avx512_core, winograd, direct": forward, backward data, backward weights. */
static void tell(const conv_state *c) {
    static const char *const own[] = {
        [RGM_WAY_WINOGRAD] = "winograd", [RGM_WAY_WINOGRAD_2X2] = "winograd 2x2", [RGM_WAY_DIRECT] = "direct"};
    char text[96];
    size_t used = 0;
    for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++) {
        if (!(c->site.shape.directions & 1u << d) || used >= sizeof text) continue;
        int32_t way = c->way[d];
        const char *name = way == RGM_WAY_ONEDNN ? rgm_onednn_name(c->onednn, d) : own[way];
        if (way == RGM_WAY_ONEDNN && strstr(name, "wino_")) way = RGM_WAY_ONEDNN_WINOGRAD;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", name);
        rgm_plan_computed_way(c->site.plan, c->site.node, d, way);
    }
    rgm_plan_computed_by(c->site.plan, c->site.node, text);
}

static rgm_status create(rgm_plan *plan, int32_t index, conv_state **out, rgm_error *err) {
    conv_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    c->site = (rgm_conv_site){plan, index, rgm_conv_shape_of(plan, index)};
    uint32_t rest = 0;
    for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++) {
        if (!(c->site.shape.directions & 1u << d)) continue;
        c->way[d] = choose(plan, index, &c->site.shape, d);
        if (c->way[d] == RGM_WAY_ONEDNN) rest |= 1u << d;
    }
    c->site.shape.winograd = rgm_plan_get(plan)->conv == RGM_WAY_ONEDNN_WINOGRAD;
    if (c->site.shape.winograd && !rgm_engine_has_winograd(rgm_plan_get(plan)->engine))
        return rgm_fail(err, RGM_E_UNSUPPORTED,
                        "engine.conv=onednn-winograd: %s has no Winograd convolution (expected oneDNN 2.x and AVX-512)",
                        rgm_engine_describe(rgm_plan_get(plan)->engine));
    if (rest) RGM_TRY(rgm_onednn_create(&c->onednn, &c->site, rest, err));
    tell(c);
    rgm_plan_set_node_state(plan, index, c);
    *out = c;
    return RGM_OK;
}

/* The node's state is made by the first forward() and found again by the others. */
static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    conv_state *c = rgm_plan_node_state(plan, index);
    if (!rgm_plan_again(plan)) RGM_TRY(create(plan, index, &c, err));
    rgm_source x = rgm_plan_source(plan, node->in[0]);
    rgm_store store;
    RGM_TRY(rgm_store_plan(plan, index, x.values, &store, err));
    switch (c->way[RGM_CONV_FORWARD]) {
    case RGM_WAY_WINOGRAD:
    case RGM_WAY_WINOGRAD_2X2:
        return rgm_winograd_forward(&c->site, c->way[RGM_CONV_FORWARD], x, &store, err);
    case RGM_WAY_DIRECT:
        return rgm_direct_forward(&c->site, x, &store, err);
    default:
        return rgm_onednn_forward(c->onednn, &c->site, x.values, &store, err);
    }
}

static rgm_status backward_weights(conv_state *c, rgm_source x, rgm_buffer dy, rgm_error *err) {
    switch (c->way[RGM_CONV_BACKWARD_WEIGHTS]) {
    case RGM_WAY_WINOGRAD:
    case RGM_WAY_WINOGRAD_2X2:
        return rgm_winograd_backward_weights(&c->site, c->way[RGM_CONV_BACKWARD_WEIGHTS], x, dy, err);
    case RGM_WAY_DIRECT:
        return rgm_direct_backward_weights(&c->site, x, dy, err);
    default:
        return rgm_onednn_backward_weights(c->onednn, &c->site, x.values, dy, err);
    }
}

static rgm_status backward_data(conv_state *c, rgm_buffer dy, rgm_buffer dx, rgm_error *err) {
    switch (c->way[RGM_CONV_BACKWARD_DATA]) {
    case RGM_WAY_WINOGRAD:
    case RGM_WAY_WINOGRAD_2X2:
        return rgm_winograd_backward_data(&c->site, c->way[RGM_CONV_BACKWARD_DATA], dy, dx, err);
    case RGM_WAY_DIRECT:
        return rgm_direct_backward_data(&c->site, dy, dx, err);
    default:
        return rgm_onednn_backward_data(c->onednn, &c->site, dy, dx, err);
    }
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    conv_state *c = rgm_plan_node_state(plan, index);
    rgm_gradient gradient;
    RGM_TRY(rgm_plan_one_gradient(plan, node->out, &gradient, err));
    rgm_buffer dy = gradient.addend[0];
    rgm_plan_set_direction(plan, RGM_WORK_BACKWARD_WEIGHTS);
    RGM_TRY(backward_weights(c, rgm_plan_source(plan, node->in[0]), dy, err));
    if (!rgm_plan_needs_gradient(plan, node->in[0])) return RGM_OK;
    rgm_buffer dx = rgm_plan_buffer(plan, rgm_plan_tensor_bytes(plan, node->in[0]));
    rgm_plan_set_direction(plan, RGM_WORK_BACKWARD_DATA);
    RGM_TRY(backward_data(c, dy, dx, err));
    return rgm_plan_add_gradient(plan, node->in[0], dx, 0, err);
}

static int32_t gathers(const rgm_plan *plan, int32_t index) {
    rgm_conv_shape shape = rgm_conv_shape_of(plan, index);
    if (!(shape.directions & 1u << RGM_CONV_BACKWARD_DATA)) return 0;
    return choose(plan, index, &shape, RGM_CONV_BACKWARD_DATA) == RGM_WAY_DIRECT && rgm_direct_gathers(&shape);
}

/* What is pending is applied where our own kernels load the input; oneDNN knows nothing of it. */
static int32_t applies(const rgm_plan *plan, int32_t index, int32_t input) {
    (void)input;
    rgm_conv_shape shape = rgm_conv_shape_of(plan, index);
    if (choose(plan, index, &shape, RGM_CONV_FORWARD) == RGM_WAY_ONEDNN) return RGM_APPLIES_NEVER;
    if (!rgm_plan_get(plan)->training) return RGM_APPLIES_ALWAYS;
    int32_t backward = choose(plan, index, &shape, RGM_CONV_BACKWARD_WEIGHTS);
    return backward == RGM_WAY_ONEDNN ? RGM_APPLIES_FORWARD : RGM_APPLIES_ALWAYS;
}

/* The stem decides; in evaluation, too, as in training. */
static int32_t input(const rgm_plan *plan, int32_t node) {
    rgm_conv_shape shape = rgm_conv_shape_of(plan, node);
    shape.directions = 1u << RGM_CONV_FORWARD | 1u << RGM_CONV_BACKWARD_WEIGHTS;
    if (shape.groups != 1) return RGM_INPUT_EITHER;
    return rgm_conv_stem_layout(rgm_plan_get(plan)->engine, &shape) == RGM_LAYOUT_PLAIN ? RGM_INPUT_RATHER_PLAIN
                                                                                        : RGM_INPUT_EITHER;
}

const rgm_op rgm_op_conv = {.name = "conv",
                            .input = input,
                            .forward = forward,
                            .backward = backward,
                            .keeps_input = 1,
                            .applies = applies,
                            .gathers = gathers,
                            .finishes = 1};
