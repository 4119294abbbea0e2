#include "net/sums.h"

#include <config.h>

#include <string.h>
#include "net/plan_internal.h"
#include "net/remake.h"

static int32_t gathers(const rgm_plan *p, int32_t node) {
    const rgm_op *op = rgm_op_get(rgm_plan_node(p, node)->op);
    return op->gathers && op->gathers(p, node);
}

int32_t rgm_sums_gatherer(const rgm_plan *p, int32_t tensor) {
    int32_t producer = rgm_plan_tensor(p, tensor)->producer;
    if (!p->o.training || producer < 0 || rgm_plan_node(p, producer)->op != RGM_OP_BATCHNORM) return -1;
    for (int32_t i = producer + 1; i < rgm_graph_node_count(p->o.graph); i++)
        if (rgm_plan_node(p, i)->in[0] == tensor && gathers(p, i)) return i;
    return -1;
}

rgm_sums rgm_sums_of(rgm_plan *p, int32_t tensor) {
    const rgm_node *norm = rgm_plan_node(p, rgm_plan_tensor(p, tensor)->producer);
    rgm_sums s = {.dy = -1, .dy2 = -1, .g = -1, .y = -1, .vectors = p->source[tensor].affine};
    s.x = rgm_plan_value(p, norm->in[0]);
    s.mask = !(norm->flags & RGM_BN_RELU)   ? RGM_MASK_NONE
             : norm->in[1] == RGM_NO_TENSOR ? RGM_MASK_RECOMPUTE
                                            : RGM_MASK_OUTPUT;
    if (s.mask == RGM_MASK_OUTPUT) s.y = rgm_plan_value(p, tensor);
    return s;
}

rgm_status rgm_sums_begin(rgm_plan *p, int32_t tensor, rgm_buffer dx, rgm_sums *s, rgm_error *err) {
    rgm_gradient others = {0};
    if (p->gradient[tensor].count) RGM_TRY(rgm_plan_one_gradient(p, tensor, &others, err));
    RGM_TRY(rgm_remake_for(p, rgm_plan_tensor(p, tensor)->producer, err));
    *s = rgm_sums_of(p, tensor);
    s->dy = dx;
    if (others.count) s->dy2 = others.addend[0];
    if (others.count || s->mask == RGM_MASK_OUTPUT) s->g = dx;
    return RGM_OK;
}

void rgm_sums_cut(rgm_plan *p, int32_t tensor, rgm_sums *s, int32_t chunks) {
    size_t each = sizeof(double) * 2 * (size_t)rgm_plan_extent(p, tensor).channels;
    s->chunks = chunks;
    s->partial = rgm_plan_buffer(p, each * (size_t)chunks);
}

void rgm_sums_gather(rgm_plan *p, int32_t tensor, rgm_sums *s, int32_t chunks) {
    rgm_sums_cut(p, tensor, s, chunks);
    p->sums[tensor] = *s;
    p->gradient[tensor] = (rgm_gradient){.count = 1, .addend = {s->dy}};
}

void rgm_sums_use(rgm_plan *p, int32_t tensor, const rgm_sums *s, rgm_sums_pass *pass) {
    pass->k = p->o.kernels;
    pass->channels = rgm_plan_extent(p, tensor).channels;
    pass->mask = s->mask;
    rgm_plan_use(p, s->x, &pass->x);
    if (s->y >= 0) rgm_plan_use(p, s->y, &pass->y);
    rgm_plan_use(p, s->dy, &pass->dy);
    if (s->dy2 >= 0) rgm_plan_use(p, s->dy2, &pass->dy2);
    if (s->g >= 0) rgm_plan_use(p, s->g, &pass->g);
    rgm_plan_use(p, s->vectors, &pass->vectors);
    rgm_plan_use(p, s->partial, &pass->partial);
}

rgm_sums rgm_sums_gathered(const rgm_plan *p, int32_t tensor) { return p->sums[tensor]; }

void rgm_sums_add(const rgm_sums_pass *s, int32_t chunk, int32_t block, int64_t at, int64_t n, int32_t fresh) {
    int32_t B = s->k->block;
    const float *vectors = s->vectors + block * B;
    double *sum_g = s->partial + (int64_t)chunk * 2 * s->channels + block * B, *sum_gx = sum_g + s->channels;
    if (fresh) memset(sum_g, 0, sizeof *sum_g * (size_t)B), memset(sum_gx, 0, sizeof *sum_gx * (size_t)B);
    s->k->bn_bwd_reduce(s->x + at, s->y ? s->y + at : NULL, s->dy + at, s->dy2 ? s->dy2 + at : NULL,
                        vectors + RGM_NORM_SCALE * s->channels, vectors + RGM_NORM_SHIFT * s->channels,
                        vectors + RGM_NORM_MEAN * s->channels, s->mask, s->g ? s->g + at : NULL, n, sum_g, sum_gx);
}
