/* What is made again in the backward pass: internal to core/net.
 *
 * A tensor that is dropped is written in the forward pass, and its place is free after its last reader there; or it was
 * pending there (plan/pending.h), and is made in the backward pass for the first time, by the same means. The first
 * operation whose backward phases need it has its producer's forward phases planned once more in front of them, and
 * before these whatever they read that was dropped too: so a segment of the network, from a tensor that was kept to the
 * one that is wanted, is run again, and everybody behind finds what it made. How long each of the two buffers lives
 * follows from their phases, as everywhere.
 *
 * The second time gives the same bits: the same code on the same chunks. What is left out then (rgm_plan_again) is what
 * must not happen twice or need not: batch norms keep their scales and shifts, so nobody gathers moments and running
 * statistics stand still. Activations from plugins are called again for the same images and must give the same.
 *
 * What may be dropped are outputs that take at most so many floating-point operations for each of their bytes. Memory
 * normal: none, so batch norms and joins that had to be written, a pass over memory each. Memory low: joins, pools, 1x1
 * convolutions that widen, others of few channels. Checkpoints, where the network is one tensor wide, cut it into
 * segments (Chen et al., "Training deep nets with sublinear memory cost", 2016): a segment is closed once it has
 * dropped more than a budget. Both numbers are searched: cuts are tried from the cheap to the dear, and a dearer one is
 * taken if its plan is smaller by 2 %.
 */
#ifndef RGM_PLAN_REMAKE_H
#define RGM_PLAN_REMAKE_H

#include "plan/op.h"

typedef struct rgm_cut {
    int32_t segments; /* 1: each as short as the network allows, ..., RGM_PLAN_SEGMENTS: one */
    int32_t flops;    /* for a byte, at most; 0: passes of batch norms and joins only */
} rgm_cut;

/* Decides what is dropped, in training: before the first phase is planned. */
void rgm_remake_choose(rgm_plan *plan, rgm_cut cut);

/* Before a node's backward phases are planned: has what they need made again. */
rgm_status rgm_remake_for(rgm_plan *plan, int32_t node, rgm_error *err);

#endif
