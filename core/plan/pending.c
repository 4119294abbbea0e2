#include <config.h>

#include "plan/pending.h"

#include <stdlib.h>
#include "plan/plan_internal.h"

static int32_t applies(const rgm_plan *p, int32_t node, int32_t input) {
    const rgm_op *op = rgm_plan_op(p, node);
    if (p->finishes->of[node].host != node) return RGM_APPLIES_NEVER; /* a store loads its residual as it is */
    return op->applies ? op->applies(p, node, input) : RGM_APPLIES_NEVER;
}

/* What all readers of the tensor can do. */
static int32_t all_apply(const rgm_plan *p, int32_t tensor) {
    int32_t all = RGM_APPLIES_ALWAYS;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++)
        for (int32_t k = 0; k < 2; k++)
            if (rgm_plan_node(p, i)->in[k] == tensor) all = (int32_t)rgm_least(all, applies(p, i, k));
    return all;
}

static int32_t choose(const rgm_plan *p, int32_t index) {
    const rgm_node *node = rgm_plan_node(p, index);
    if (node->op != RGM_OP_BATCHNORM || node->in[1] != RGM_NO_TENSOR || p->finishes->of[index].host != index)
        return RGM_APPLIES_NEVER;
    if (node->out == rgm_graph_output(p->o.graph)) return RGM_APPLIES_NEVER;
    int32_t all = all_apply(p, node->out);
    return all == RGM_APPLIES_FORWARD && !p->o.training ? RGM_APPLIES_NEVER : all;
}

rgm_status rgm_pending_choose(const rgm_plan *p, const rgm_pending **pending, rgm_error *err) {
    int32_t tensors = rgm_graph_tensor_count(p->o.graph);
    rgm_pending *result = calloc(1, sizeof *result + (size_t)tensors);
    if (!result) return rgm_plan_no_memory(err);
    result->tensors = tensors;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++)
        result->of[rgm_plan_node(p, i)->out] = (uint8_t)choose(p, i);
    *pending = result;
    return RGM_OK;
}

int32_t rgm_pending_values(const rgm_plan *p, int32_t tensor, int32_t least) {
    return p->pending->of[tensor] >= least ? rgm_plan_node(p, rgm_plan_tensor(p, tensor)->producer)->in[0] : tensor;
}
