/* The first pass of a batch norm's backward pass (op_batchnorm.c): internal to core/net. With g the gradient of the
 * output, behind the ReLU's mask, it takes the sums over pixels of g and of g * (x - mean), and stores g where that is
 * needed again.
 *
 * A batch norm has a phase of its own for it, unless a convolution gathers the sums while it stores the gradient
 * (rgm_op.gathers): then its addend is in a cache, and that of others, as of a join's shortcut, is added on the way. So
 * this convolution comes last of the tensor's readers in the backward pass.
 */
#ifndef RGM_NET_SUMS_H
#define RGM_NET_SUMS_H

#include "net/op.h"

typedef struct rgm_sums {
    int32_t chunks;     /* of the partial results; 0: nobody has gathered any */
    int32_t mask;       /* RGM_MASK_* */
    rgm_buffer dy, dy2; /* the gradient's addends; dy2 is -1 if there is one */
    rgm_buffer g;       /* where it goes, summed and masked: dy, dy2 or another; -1: nowhere */
    rgm_buffer x, y;    /* the batch norm's input; its output if the mask comes from that, else -1 */
    rgm_buffer vectors; /* its scale, shift and mean (rgm_source.affine) */
    rgm_buffer partial; /* double [chunks][2][padded channels] */
} rgm_sums;

/* What a phase needs for it. */
typedef struct rgm_sums_pass {
    const rgm_kernels *k;
    int32_t channels, mask; /* padded */
    const float *x, *y, *dy, *dy2, *vectors;
    float *g;
    double *partial;
} rgm_sums_pass;

/* The node whose backward phases gather the sums for the batch norm that makes `tensor`, or -1: of those who can the
 * first. */
int32_t rgm_sums_gatherer(const rgm_plan *plan, int32_t tensor);

/* What it needs for that: `dx` is where it stores its own addend, and then the whole gradient. May append phases: what
 * the batch norm needs is made again. RGM_E_NOMEM and what those say. */
rgm_status rgm_sums_begin(rgm_plan *plan, int32_t tensor, rgm_buffer dx, rgm_sums *sums, rgm_error *err);
/* It will gather them in so many chunks, and so complete the gradient of `tensor`. */
void rgm_sums_gather(rgm_plan *plan, int32_t tensor, rgm_sums *sums, int32_t chunks);

/* For the batch norm itself: what has been gathered, if anything; else the same for a phase of its own. */
rgm_sums rgm_sums_gathered(const rgm_plan *plan, int32_t tensor);
rgm_sums rgm_sums_of(rgm_plan *plan, int32_t tensor);
/* Makes room for the partial results of so many chunks. */
void rgm_sums_cut(rgm_plan *plan, int32_t tensor, rgm_sums *sums, int32_t chunks);

/* The phase appended last takes the sums, or a part of them. */
void rgm_sums_use(rgm_plan *plan, int32_t tensor, const rgm_sums *sums, rgm_sums_pass *pass);

/* Adds n pixels of a block, the first of them `at` floats into the tensor. fresh: the first of the chunk. [any] */
void rgm_sums_add(const rgm_sums_pass *pass, int32_t chunk, int32_t block, int64_t at, int64_t n, int32_t fresh);

#endif
