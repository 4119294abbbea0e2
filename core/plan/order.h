/* Pass 5, order: in which order the nodes are asked for their phases, and who gathers a batch norm's sums.
 *
 * Forward: the hosts of finish.h, each in the place of the last node that has joined it.
 *
 * Backward: a node after all readers of its output, so that its gradient is whole; else from the last node to the
 * first. One kind of node comes later than that. A convolution that stores the gradient of a batch norm's output can
 * gather the sums that the batch norm needs of it (sums.h). It can do so only of the whole gradient. So of the readers
 * of that output the gatherer comes last; of several that can, the first of the graph is it.
 *
 * In: the graph, finish.h's result, and what operations say (rgm_op.gathers). Out: two lists of nodes, and each
 * tensor's gatherer. Evaluation has no backward list.
 *
 * Example: bn1 (node 1) is read by a shortcut (2) and by conv2 (3), which can gather; add (4) reads both. From the last
 * to the first is 4 3 2 1, with conv2 before the shortcut. The list is 4 2 3 1.
 */
#ifndef RGM_PLAN_ORDER_H
#define RGM_PLAN_ORDER_H

#include "plan/op.h"

typedef struct rgm_plan_order {
    int32_t forward_count, backward_count;
    int32_t *forward, *backward; /* nodes */
    int32_t *gatherer; /* each tensor: the node that gathers the sums of the batch norm that makes it, or -1 */
    int32_t memory[];
} rgm_plan_order;

/* The result is to be freed. RGM_E_NOMEM. */
rgm_status rgm_plan_order_make(const rgm_plan *plan, const rgm_plan_order **order, rgm_error *err);

#endif
