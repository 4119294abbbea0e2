/* The first pass of a batch norm's backward pass (ops/batchnorm.c). With g the gradient of the output, behind the
 * ReLU's mask, it takes the sums over pixels of g and of g * (x - mean). It stores g where that is needed again.
 *
 * A batch norm has a phase of its own for it, unless a convolution gathers the sums while it stores the gradient
 * (rgm_op.gathers). Then its addend is in a cache, and those of others, as of a residual block's shortcut, are added on
 * the way. So this convolution comes last of the tensor's readers in the backward pass (order.h).
 */
#ifndef RGM_PLAN_SUMS_H
#define RGM_PLAN_SUMS_H

#include "plan/build.h"

typedef struct rgm_sums {
    int32_t chunks;     /* of the partial results; 0: nobody has taken the sums yet */
    int32_t mask;       /* RGM_MASK_* */
    rgm_buffer dy, dy2; /* the gradient's addends; dy2 is -1 if there is one */
    rgm_buffer g;    /* where it goes, summed and masked: dy, dy2 or another; -1: nowhere, it is dy behind the mask */
    int32_t shared;  /* 1: what holds g, or dy where g is nowhere, is not the batch norm's to overwrite */
    rgm_buffer x, y; /* the batch norm's input; its output if the mask comes from that, else -1 */
    rgm_buffer vectors; /* its scale, shift and mean (rgm_source.affine) */
    rgm_buffer partial; /* double [chunks][2][padded channels] */
} rgm_sums;

/* What a phase needs for it. */
typedef struct rgm_sums_pass {
    const rgm_kernels *k;
    int32_t channels; /* padded */
    int32_t mask;
    const float *x, *y, *dy, *dy2, *vectors;
    float *g;
    double *partial; /* NULL: the phase takes no sums */
} rgm_sums_pass;

/* The node whose backward phases gather the sums for the batch norm that makes `tensor`, or -1 (plan/order.h). */
int32_t rgm_sums_gatherer(const rgm_plan *plan, int32_t tensor);

/* For the gatherer, before its phase: `dx` is where it stores its own addend, and so the whole gradient. Takes in what
 * other readers have left, so that dx is the tensor's first addend then. May append phases: what the batch norm needs
 * is made again. RGM_E_NOMEM and what those say. */
rgm_status rgm_sums_begin(rgm_plan *plan, int32_t tensor, rgm_buffer dx, rgm_sums *sums, rgm_error *err);
/* For the batch norm: what has been gathered; if nothing has (chunks is 0), what a phase of its own would read. */
rgm_sums rgm_sums_of(rgm_plan *plan, int32_t tensor);
/* The phase appended last takes them, in so many chunks. */
void rgm_sums_take(rgm_plan *plan, int32_t tensor, rgm_sums *sums, int32_t chunks, rgm_sums_pass *pass);

/* The tensors that are read besides dy, in the order of `index` from 0; NULL: that was all. */
const float *rgm_sums_read(const rgm_sums_pass *pass, int64_t index);
/* Adds n pixels of a block, the first of them `at` floats into the tensor. fresh: the first of the chunk. [any] */
void rgm_sums_add(const rgm_sums_pass *pass, int32_t chunk, int32_t block, int64_t at, int64_t n, int32_t fresh);

#endif
