/* Pass 1, sizes: how much memory each tensor takes.
 *
 * In: the graph, the batch, and the kernel table's block B. Out: each tensor's extent. Images are blocked, nChw{B}c,
 * and their channels padded to a multiple of B. Features are [N][pitch], and their pitch is C padded likewise.
 *
 * A tensor of more than 2^44 values in a batch is refused here. So no size that a later pass computes overflows 64
 * bits.
 *
 * Example: 64 channels of 56x56 pixels with B = 16 are 4 blocks of 3136 pixels, 200704 floats an image. That is 24.5
 * MiB with a batch of 32.
 */
#ifndef RGM_PLAN_SIZES_H
#define RGM_PLAN_SIZES_H

#include "plan/op.h"

typedef struct rgm_sizes {
    int32_t tensors;
    rgm_extent of[]; /* each tensor */
} rgm_sizes;

/* The result is to be freed. RGM_E_NOMEM, naming the layer for a tensor that is too large. */
rgm_status rgm_sizes_make(const rgm_plan *plan, const rgm_sizes **sizes, rgm_error *err);

#endif
