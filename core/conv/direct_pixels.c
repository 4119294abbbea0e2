#include "conv/direct_pixels.h"

int64_t rgm_direct_span(const rgm_kernels *k, int64_t floats) {
    const rgm_direct_tuning *t = &k->tuning->direct;
    int64_t tiles = t->span_bytes / (int64_t)sizeof(float) / floats / k->tuning->rows;
    return rgm_least(t->span_pixels, rgm_most(1, tiles) * k->tuning->rows);
}

int32_t rgm_direct_is_whole(const rgm_grid *g, const rgm_conv_side *s) {
    return g->stride == 1 && !g->top && !g->left && g->across == s->W;
}

int32_t rgm_direct_in_place(const rgm_grid *g, int64_t pixels, const rgm_conv_side *s) {
    return rgm_direct_is_whole(g, s) && pixels == s->pixels && !s->affine;
}
