/* Pass 3, finish: which operations the store of another does, so that they have no phases of their own.
 *
 * In evaluation a batch norm is a scale and a shift of each channel. A batch norm, a sum or a ReLU may follow an
 * operation whose store can do the same (rgm_op.finishes). If nobody else reads what lies between, that operation is
 * the host. It stores the last one's output at once,
 *
 *     y = relu(scale[c] * value + shift[c] + residual),
 *
 * and the others have joined it (rgm_op.joins). The host's phases come in the place of the last one that has joined, so
 * that the residual is there.
 *
 * In training nothing joins: statistics must be known before anything is normalised, and the backward pass reads what
 * lies between.
 *
 * In: the graph, and what operations say. Out: for each node what it stores, and where its phases come.
 *
 * Example, the end of a residual block, nodes 7 to 9: conv2 -> bn2 (with the block's input as its residual) -> relu.
 * The result of conv2 is {out: relu's output, norm: 8, residual: the block's input, relu: 1, host: 7, last: 9}. bn2 and
 * relu have host 7. Three passes over the map have become one.
 */
#ifndef RGM_PLAN_FINISH_H
#define RGM_PLAN_FINISH_H

#include "plan/op.h"

struct rgm_finish {
    int32_t out;      /* the tensor that is stored: the node's own if nothing has joined */
    int32_t norm;     /* the batch norm whose scale and shift are applied, or RGM_NO_TENSOR */
    int32_t residual; /* the tensor that is added, or RGM_NO_TENSOR */
    int32_t relu;
    int32_t host; /* the node it has joined, or itself */
    int32_t last; /* of a host: the last node that has joined, in whose place its phases come; or itself */
};

typedef struct rgm_finishes {
    int32_t nodes;
    rgm_finish of[]; /* each node */
} rgm_finishes;

/* The result is to be freed. RGM_E_NOMEM. */
rgm_status rgm_finish_choose(const rgm_plan *plan, const rgm_finishes **finishes, rgm_error *err);

const rgm_finish *rgm_plan_finish(const rgm_plan *plan, int32_t node);
/* 1 if anything has joined the node. */
int32_t rgm_plan_is_joined(const rgm_plan *plan, int32_t node);

#endif
