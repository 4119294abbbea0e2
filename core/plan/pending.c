#include <config.h>

#include "plan/plan_internal.h"

rgm_source rgm_plan_source(rgm_plan *p, int32_t tensor) {
    return p->source[tensor].pending ? p->source[tensor] : (rgm_source){.values = rgm_plan_value(p, tensor)};
}

int32_t rgm_plan_defers(const rgm_plan *p, int32_t tensor) { return p->source[tensor].pending != 0; }

void rgm_plan_set_source(rgm_plan *p, int32_t tensor, rgm_source source) {
    source.pending = rgm_plan_defers(p, tensor);
    p->source[tensor] = source;
}

int32_t rgm_plan_wants_moments(const rgm_plan *p, int32_t tensor) {
    for (int32_t i = 0; p->o.training && !p->again && i < rgm_graph_node_count(p->o.graph); i++)
        if (rgm_plan_node(p, i)->op == RGM_OP_BATCHNORM && rgm_plan_node(p, i)->in[0] == tensor) return 1;
    return 0;
}

rgm_moments rgm_plan_moments(const rgm_plan *p, int32_t tensor) { return p->moments[tensor]; }

rgm_moments rgm_plan_gather_moments(rgm_plan *p, int32_t tensor, int32_t chunks) {
    size_t each = sizeof(double) * RGM_MOMENTS * (size_t)rgm_plan_extent(p, tensor).channels;
    return p->moments[tensor] = (rgm_moments){rgm_plan_buffer(p, each * (size_t)chunks), chunks};
}

static int32_t applies(const rgm_plan *p, int32_t node, int32_t input) {
    const rgm_op *op = rgm_plan_op(p, node);
    if (p->finish[node].host != node) return RGM_APPLIES_NEVER; /* a store loads its residual as it is */
    return op->applies ? op->applies(p, node, input) : RGM_APPLIES_NEVER;
}

static int32_t applies_always(const rgm_plan *p, int32_t node, int32_t input) {
    return applies(p, node, input) == RGM_APPLIES_ALWAYS;
}

static int32_t applies_forward(const rgm_plan *p, int32_t node, int32_t input) {
    return applies(p, node, input) != RGM_APPLIES_NEVER;
}

void rgm_pending_choose(rgm_plan *p) {
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        const rgm_node *node = rgm_plan_node(p, i);
        if (node->op != RGM_OP_BATCHNORM || node->in[1] != RGM_NO_TENSOR || p->finish[i].host != i) continue;
        if (node->out == rgm_graph_output(p->o.graph)) continue;
        if (rgm_plan_all_consumers(p, node->out, applies_always)) {
            p->source[node->out].pending = -1;
        } else if (p->o.training && rgm_plan_all_consumers(p, node->out, applies_forward)) {
            p->source[node->out].pending = -1;
            p->kept[node->out] = RGM_DROPPED;
        }
    }
}

void rgm_pending_end_forward(rgm_plan *p) {
    for (int32_t i = 0; i < rgm_graph_tensor_count(p->o.graph); i++)
        if (p->kept[i] == RGM_DROPPED) p->source[i].pending = 0;
}
