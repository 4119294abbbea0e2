/* One side of a convolution in memory: its input or its output, for the whole batch. */
#ifndef RGM_CONV_SIDE_H
#define RGM_CONV_SIDE_H

#include "conv/site.h"

/* Images in blocks of B channels, [image][block][pixel][B]; and, where they are loaded, what is pending on them. */
typedef struct rgm_conv_side {
    int32_t channels, blocks, H, W;
    int64_t pixels, image; /* of a block; floats of an image */
    int32_t relu;
    const float *values, *affine; /* the batch; [2][blocks][B], NULL: nothing is pending */
} rgm_conv_side;

/* Without addresses. */
rgm_conv_side rgm_conv_input(const rgm_conv_site *site);
rgm_conv_side rgm_conv_output(const rgm_conv_site *site);

/* The phase appended last loads the side from there. */
void rgm_conv_side_use(rgm_plan *plan, rgm_conv_side *side, rgm_source from);

/* Where a block of an image begins. */
static inline const float *rgm_conv_side_at(const rgm_conv_side *s, int64_t image, int32_t block, int32_t B) {
    return s->values + image * s->image + block * s->pixels * B;
}

/* What is pending on a block, for the kernels that load it; its scale is NULL if nothing is. */
static inline rgm_affine rgm_conv_side_pending(const rgm_conv_side *s, int32_t block, int32_t B) {
    const float *scale = s->affine ? s->affine + (int64_t)block * B : NULL;
    return (rgm_affine){scale, scale ? scale + (int64_t)s->blocks * B : NULL, s->relu};
}

#endif
