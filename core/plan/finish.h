/* What an operation does to its output as it stores it: internal to core/net.
 *
 * In evaluation a batch norm is a scale and a shift of each channel. Where it, a sum or a ReLU follows an operation
 * whose store can do the same (rgm_op.finishes), and nobody else reads what lies between, the operation stores the last
 * one's output at once,
 *
 *     y = relu(scale[c] * value + shift[c] + residual),
 *
 * and the others, which have joined it (rgm_op.joins), have no phases. The plan decides so before it asks anybody for
 * phases; it asks the operation where the last one's turn would have been, so that the residual is there.
 *
 * In training nothing joins: the statistics must be known before anything is normalised, and what lies between is kept.
 */
#ifndef RGM_PLAN_FINISH_H
#define RGM_PLAN_FINISH_H

#include "plan/op.h"

struct rgm_finish {
    int32_t out;      /* the tensor that is stored: the node's own if nothing has joined */
    int32_t norm;     /* the batch norm whose scale and shift are applied, or RGM_NO_TENSOR */
    int32_t residual; /* the tensor that is added, or RGM_NO_TENSOR */
    int32_t relu;
    int32_t host;      /* the node it has joined, or itself */
    int32_t turn;      /* of a host: the node where its phases come, which is the last that has joined, or itself */
    rgm_buffer affine; /* of a host: as in rgm_store */
};

/* Decides who joins whom. RGM_E_NOMEM. */
rgm_status rgm_finish_choose(rgm_plan *plan, rgm_error *err);
const rgm_finish *rgm_plan_finish(const rgm_plan *plan, int32_t node);
/* The node whose phases come at the turn of `turn`, or -1. */
int32_t rgm_finish_at(const rgm_plan *plan, int32_t turn);

/* 1 if anything has joined the node. */
int32_t rgm_plan_is_joined(const rgm_plan *plan, int32_t node);

/* How a node stores its output. */
typedef struct rgm_store {
    rgm_buffer y;
    rgm_buffer affine;   /* [2][padded channels]: scale, and shift with the node's bias in it; -1: nothing has joined */
    rgm_buffer residual; /* laid out like y, or y itself; -1: none */
    int32_t relu;
} rgm_store;

/* Plans the phase that makes scale and shift, if anything has joined, and the output's place: the residual's own if
 * nobody needs that any more and `x`, the buffer that the node reads, is another one. */
rgm_status rgm_finish_store(rgm_plan *plan, int32_t node, rgm_buffer x, rgm_store *store, rgm_error *err);
/* The phase appended last stores that way: each slot gets its address on binding. One that is NULL, or of what there is
 * not, is skipped. */
void rgm_store_use(rgm_plan *plan, const rgm_store *store, void *y, void *affine, void *residual);

/* A batch norm's scale and shift of a channel (ops/batchnorm.c): y = *a * x + *b. */
#define RGM_BN_EPSILON 1e-5
void rgm_norm_affine(double scale, double shift, double mean, double variance, double *a, double *b);

#endif
