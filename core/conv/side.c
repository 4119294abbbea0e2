#include "conv/conv.h"

rgm_conv_shape rgm_conv_shape_of(const rgm_plan *plan, int32_t index) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_tensor *in = rgm_plan_tensor(plan, node->in[0]);
    const rgm_plan_options *o = rgm_plan_get(plan);
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
    return shape;
}

static rgm_conv_side make(const rgm_plan *plan, int32_t channels, int32_t H, int32_t W) {
    int32_t B = rgm_plan_get(plan)->kernels->block, blocks = (channels + B - 1) / B;
    int64_t pixels = (int64_t)H * W;
    return (rgm_conv_side){
        .channels = channels, .blocks = blocks, .H = H, .W = W, .pixels = pixels, .image = blocks * pixels * B};
}

rgm_conv_side rgm_conv_input(const rgm_conv_site *site) {
    const rgm_conv_shape *s = &site->shape;
    return make(site->plan, s->C, s->H, s->W);
}

rgm_conv_side rgm_conv_output(const rgm_conv_site *site) {
    const rgm_conv_shape *s = &site->shape;
    return make(site->plan, s->K, rgm_conv_out(s->H, s->R, s->stride, s->pad),
                rgm_conv_out(s->W, s->S, s->stride, s->pad));
}

void rgm_conv_side_use(rgm_plan *plan, rgm_conv_side *side, rgm_source from) {
    rgm_plan_use(plan, from.values, &side->values);
    if (from.pending) rgm_plan_use(plan, from.affine, &side->affine);
    side->relu = from.relu;
}

double rgm_conv_flops(const rgm_conv_site *site) {
    return rgm_node_flops(rgm_plan_get(site->plan)->graph, site->node) * site->shape.N;
}

rgm_moments rgm_conv_moments(const rgm_conv_site *site, int32_t chunks) {
    int32_t out = rgm_plan_node(site->plan, site->node)->out;
    return rgm_plan_wants_moments(site->plan, out) ? rgm_plan_gather_moments(site->plan, out, chunks)
                                                   : (rgm_moments){.chunks = 0};
}
