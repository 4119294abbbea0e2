/* The shape of a convolution, and what follows from it alone: output size, groups of images. */
#ifndef RGM_ENGINE_SHAPE_H
#define RGM_ENGINE_SHAPE_H

#include <stddef.h>
#include <stdint.h>

enum { RGM_CONV_FORWARD = 0, RGM_CONV_BACKWARD_DATA = 1, RGM_CONV_BACKWARD_WEIGHTS = 2, RGM_CONV_DIRECTIONS = 3 };
enum { RGM_LAYOUT_BLOCKED = 0, RGM_LAYOUT_PLAIN = 1 }; /* nChw{B}c; nchw */

typedef struct rgm_conv_shape {
    int32_t N;       /* images in the batch */
    int32_t C, H, W; /* input */
    int32_t K, R, S; /* output channels, filter */
    int32_t stride, pad, groups;
    int32_t bias;        /* adds bias[K] in the forward pass; its gradient comes from rgm_conv_backward_weights */
    int32_t residual;    /* the forward pass adds a tensor like y */
    int32_t relu;        /* ... and then cuts at zero, in the team's threads. A NaN stays one, -inf becomes one */
    int32_t src_layout;  /* RGM_LAYOUT_*; RGM_LAYOUT_PLAIN only for the stem (groups 1) */
    int32_t winograd;    /* 1: by oneDNN's own Winograd in each direction that it has it for, directly in the others */
    uint32_t directions; /* bit 1 << RGM_CONV_*: those to prepare */
} rgm_conv_shape;

/* Output size: (H + 2*pad - R) / stride + 1; 0: none, or none that 32 bits can say. */
int32_t rgm_conv_out(int32_t in, int32_t window, int32_t stride, int32_t pad);

/* Floats of one image of C channels of H*W pixels in nChw{block}c. */
size_t rgm_image_floats(int32_t C, int32_t block, int32_t H, int32_t W);

/* Images of a whole group by Winograd: few groups, for each transforms the filters again. */
int32_t rgm_conv_winograd_images(const rgm_conv_shape *shape);

/* Images of a whole group. A group has to be worth its weights' traffic. In backward weights the partial results have
 * to stay within 72 MiB, with at least 4 groups unless the batch is smaller. 512 images and more are 64 groups, unless
 * that is too much memory. `pixels` are an output image's; `weights` is the number of weights, padded. */
int32_t rgm_conv_group_images(const rgm_conv_shape *shape, int32_t direction, int64_t pixels, size_t weights);

#endif
