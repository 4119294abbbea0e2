/* Pass 4, pending: which batch norms' outputs are never written.
 *
 * The readers of a batch norm without residual can apply its scale, shift and ReLU as they load its input. Then its
 * output is pending: a scale and a shift of each channel, and no map. Zero padding comes after what is pending.
 *
 * In: the graph, finish.h's result (who has joined a store has no load), and what the readers say (rgm_op.applies).
 * Out: for each tensor
 *
 *     RGM_APPLIES_ALWAYS    pending, in both passes: all readers can apply it in all their phases
 *     RGM_APPLIES_FORWARD   pending in the forward pass; the backward phases of some reader want it written, and it is
 *                           made for them in the backward pass (again.h)
 *     RGM_APPLIES_NEVER     written by whoever makes it, or made in the store of its host
 *
 * The decision alone is here. Where a pending tensor's vectors are is known once its batch norm has appended its phases
 * (rgm_source in values.h).
 *
 * Example: layer1.0 of a ResNet-50 at 224x224 with a batch of 32. conv1 stores a map of 64x56x56, 24.5 MiB. bn1 follows
 * with a ReLU, and conv2 reads bn1's output. Written, that output is three passes over 24.5 MiB: bn1 reads conv1's map
 * and writes its own, conv2 reads that. conv2 is our Winograd convolution and can apply it in all directions, so it is
 * pending. conv2 then reads conv1's map and two vectors of 64 floats. Two passes, 49 MiB of traffic and 24.5 MiB of
 * memory are saved. bn3 at the end of the block has a residual: its output is written.
 */
#ifndef RGM_PLAN_PENDING_H
#define RGM_PLAN_PENDING_H

#include "plan/op.h"

typedef struct rgm_pending {
    int32_t tensors;
    uint8_t of[]; /* each tensor: RGM_APPLIES_* */
} rgm_pending;

/* The result is to be freed. RGM_E_NOMEM. */
rgm_status rgm_pending_choose(const rgm_plan *plan, const rgm_pending **pending, rgm_error *err);

/* The tensor that is in memory where a tensor is pending in at least the passes of `least` (RGM_APPLIES_FORWARD, or
 * RGM_APPLIES_ALWAYS). It is its batch norm's input, or itself where it is written. */
int32_t rgm_pending_values(const rgm_plan *plan, int32_t tensor, int32_t least);

#endif
