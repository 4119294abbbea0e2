#include "conv/site.h"

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

double rgm_conv_flops(const rgm_conv_site *site) {
    return rgm_node_flops(rgm_plan_get(site->plan)->graph, site->node) * site->shape.N;
}

rgm_moments rgm_conv_moments(const rgm_conv_site *site, int32_t chunks) {
    int32_t out = rgm_plan_node(site->plan, site->node)->out;
    return rgm_plan_wants_moments(site->plan, out) ? rgm_plan_gather_moments(site->plan, out, chunks)
                                                   : (rgm_moments){.chunks = 0};
}
