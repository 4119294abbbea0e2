/* Pass 6, remake: which tensors the forward pass drops, to be made again in the backward pass.
 *
 * A dropped tensor's place is free after its last reader of the forward pass. A tensor that was pending in the forward
 * pass alone (RGM_APPLIES_FORWARD) counts as dropped, too. The backward pass makes it for the first time, by the same
 * means. The first operation whose backward phases need such a tensor has it made in front of them (again.h).
 * Before it comes whatever it is made of. So a segment of the network runs again: from a tensor that was kept to the
 * one that is wanted.
 *
 * What may be dropped are outputs that take at most so many floating-point operations for each of their bytes. Memory
 * normal: none, so batch norms and ends of residual blocks that had to be written, a pass over memory each. Memory low:
 * also pools, 1x1 convolutions that widen, others of few channels. Checkpoints, where the network is one tensor wide,
 * cut it into segments. A segment is closed once it has dropped more than a budget (Chen et al., "Training deep nets
 * with sublinear memory cost", 2016). Both numbers are searched (plan.c). Cuts are tried from the cheap to the dear,
 * and a dearer one is taken if its plan is smaller by 2 %.
 *
 * In: a cut, the graph, sizes and pending's result. Out: for each tensor whether it is dropped. The second time gives
 * the same bits: the same code on the same chunks.
 *
 * Example: layer1.1 of a ResNet-50 at 224x224 with a batch of 32. conv3 stores 256x56x56, 98 MiB; bn3 adds the block's
 * input and stores another 98 MiB.
 *
 *  - Memory normal drops bn3's output. layer1.2 reads it in the forward pass, then its 98 MiB are free. The backward
 *    weights of layer1.2.conv1 need it. So bn3's forward phase runs once more, over conv3's output, which was kept. It
 *    also reads the block's input, the output of layer1.0.bn3, which is made again before it. Each of the two is one
 *    pass that reads 196 MiB and writes 98.
 *  - Memory low keeps bn3's output, where the network is one tensor wide, and drops conv1, conv2 and conv3: 147 MiB.
 *    The backward pass runs the three again from the block's input. conv3 takes 3288 MFLOP for its 98 MiB, 32 for each
 *    byte; conv2 takes 288. The whole network keeps 548 MiB instead of 1381, for 17 % more arithmetic.
 */
#ifndef RGM_PLAN_REMAKE_H
#define RGM_PLAN_REMAKE_H

#include "plan/op.h"

typedef struct rgm_cut {
    int32_t segments; /* 1: each as short as the network allows, ..., RGM_PLAN_SEGMENTS: one */
    int32_t flops;    /* for a byte, at most; 0: passes of batch norms only */
} rgm_cut;

typedef struct rgm_remake {
    int32_t tensors;
    uint8_t dropped[]; /* each tensor */
} rgm_remake;

/* The result is to be freed; in evaluation nothing is dropped. RGM_E_NOMEM. */
rgm_status rgm_remake_choose(const rgm_plan *plan, rgm_cut cut, const rgm_remake **remake, rgm_error *err);

#endif
