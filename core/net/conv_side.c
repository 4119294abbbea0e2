#include "net/conv.h"

rgm_conv_side rgm_conv_side_make(const rgm_plan *plan, int32_t channels, int32_t H, int32_t W) {
    int32_t B = rgm_plan_get(plan)->kernels->block, blocks = (channels + B - 1) / B;
    int64_t pixels = (int64_t)H * W;
    return (rgm_conv_side){
        .channels = channels, .blocks = blocks, .H = H, .W = W, .pixels = pixels, .image = blocks * pixels * B};
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
