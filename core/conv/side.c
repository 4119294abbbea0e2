#include "conv/side.h"

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
