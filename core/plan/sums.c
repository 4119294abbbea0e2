#include <config.h>

#include "plan/sums.h"

#include <string.h>
#include "plan/again.h"
#include "plan/plan_internal.h"

int32_t rgm_sums_gatherer(const rgm_plan *p, int32_t tensor) { return p->order->gatherer[tensor]; }

/* g is stored where somebody else needs it (the residual), where it is a sum of two, or where its mask cannot be had
 * again in the second pass (it comes from y). A plain copy of dy need not be stored. */
static rgm_sums sums_from(rgm_plan *p, int32_t tensor, const rgm_gradient *dy) {
    const rgm_node *norm = rgm_plan_node(p, rgm_plan_tensor(p, tensor)->producer);
    rgm_sums s = {.dy = dy->addend[0], .dy2 = -1, .g = -1, .y = -1, .vectors = p->build->tensors[tensor].source.affine};
    s.x = rgm_plan_value(p, norm->in[0]);
    s.mask = !(norm->flags & RGM_BN_RELU)   ? RGM_MASK_NONE
             : norm->in[1] == RGM_NO_TENSOR ? RGM_MASK_RECOMPUTE
                                            : RGM_MASK_OUTPUT;
    if (s.mask == RGM_MASK_OUTPUT) s.y = rgm_plan_value(p, tensor);
    if (dy->count == 2) s.dy2 = dy->addend[1];
    if (dy->count == 2 || s.mask == RGM_MASK_OUTPUT)
        s.g = !dy->shared[0]                     ? s.dy
              : dy->count == 2 && !dy->shared[1] ? s.dy2
                                                 : rgm_plan_buffer(p, rgm_plan_tensor_bytes(p, tensor));
    else
        s.shared = dy->shared[0];
    return s;
}

rgm_sums rgm_sums_of(rgm_plan *p, int32_t tensor) {
    const rgm_build_tensor *t = &p->build->tensors[tensor];
    return t->sums.chunks ? t->sums : sums_from(p, tensor, &t->gradient);
}

rgm_status rgm_sums_begin(rgm_plan *p, int32_t tensor, rgm_buffer dx, rgm_sums *s, rgm_error *err) {
    rgm_gradient all = {.count = 1, .addend = {dx}}, others;
    if (p->build->tensors[tensor].gradient.count) {
        RGM_TRY(rgm_plan_one_gradient(p, tensor, &others, err));
        all = (rgm_gradient){2, {dx, others.addend[0]}, {0, others.shared[0]}};
        p->build->tensors[tensor].gradient = (rgm_gradient){0};
    }
    RGM_TRY(rgm_again_for(p, rgm_plan_tensor(p, tensor)->producer, err));
    *s = sums_from(p, tensor, &all);
    return RGM_OK;
}

void rgm_sums_take(rgm_plan *p, int32_t tensor, rgm_sums *s, int32_t chunks, rgm_sums_pass *pass) {
    int32_t channels = rgm_plan_extent(p, tensor).channels;
    s->chunks = chunks;
    s->partial = rgm_plan_buffer(p, sizeof(double) * 2 * (size_t)channels * (size_t)chunks);
    p->build->tensors[tensor].sums = *s;
    pass->k = p->o.kernels;
    pass->channels = channels;
    pass->mask = s->mask;
    rgm_plan_use(p, s->x, &pass->x);
    if (s->y >= 0) rgm_plan_use(p, s->y, &pass->y);
    rgm_plan_use(p, s->dy, &pass->dy);
    if (s->dy2 >= 0) rgm_plan_use(p, s->dy2, &pass->dy2);
    if (s->g >= 0) rgm_plan_use(p, s->g, &pass->g);
    rgm_plan_use(p, s->vectors, &pass->vectors);
    rgm_plan_use(p, s->partial, &pass->partial);
}

const float *rgm_sums_read(const rgm_sums_pass *s, int64_t index) {
    const float *const reads[] = {s->x, s->y, s->dy2};
    for (int32_t i = 0; i < 3; i++)
        if (reads[i] && index-- == 0) return reads[i];
    return NULL;
}

void rgm_sums_add(const rgm_sums_pass *s, int32_t chunk, int32_t block, int64_t at, int64_t n, int32_t fresh) {
    int32_t B = s->k->block;
    const float *vectors = s->vectors + block * B;
    double *sum_g = s->partial + (int64_t)chunk * 2 * s->channels + block * B, *sum_gx = sum_g + s->channels;
    if (fresh) {
        memset(sum_g, 0, sizeof *sum_g * (size_t)B);
        memset(sum_gx, 0, sizeof *sum_gx * (size_t)B);
    }
    const rgm_bn_bwd in = {.x = s->x + at,
                           .y = s->y ? s->y + at : NULL,
                           .dy = s->dy + at,
                           .dy2 = s->dy2 ? s->dy2 + at : NULL,
                           .scale = vectors + RGM_NORM_SCALE * s->channels,
                           .shift = vectors + RGM_NORM_SHIFT * s->channels,
                           .mean = vectors + RGM_NORM_MEAN * s->channels,
                           .mask = s->mask};
    s->k->bn_bwd_reduce(&in, s->g ? s->g + at : NULL, n, sum_g, sum_gx);
}
