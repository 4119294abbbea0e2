#include <config.h>

#include "plan/values.h"

#include "plan/plan_internal.h"

/* ---- shared buffers ---- */

/* 1 if nobody will read the tensor: the phases of all who do are appended. What is pending is read later, by others. */
static int32_t is_read(const rgm_plan *p, int32_t tensor) {
    if (tensor == 0 || tensor == rgm_graph_output(p->o.graph)) return 0;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        const rgm_node *node = rgm_plan_node(p, i);
        if (node->in[0] != tensor && node->in[1] != tensor) continue;
        int32_t host = p->finishes->of[i].host;
        if (p->finishes->of[host].last >= p->build->at || rgm_plan_defers(p, node->out)) return 0;
    }
    return 1;
}

/* 1 if all tensors that live in the buffer have been read. */
static int32_t is_free(const rgm_plan *p, rgm_buffer buffer) {
    for (int32_t t = 0; t < rgm_graph_tensor_count(p->o.graph); t++)
        if (p->build->tensors[t].value == buffer && !is_read(p, t)) return 0;
    return 1;
}

/* A buffer that the tensor may have because those in it have been read, or -1. */
static rgm_buffer recycled(const rgm_plan *p, int32_t tensor) {
    if (!rgm_plan_shares(p)) return -1;
    size_t bytes = rgm_plan_tensor_bytes(p, tensor);
    for (int32_t t = 0; t < rgm_graph_tensor_count(p->o.graph); t++) {
        rgm_buffer value = p->build->tensors[t].value;
        if (value >= 0 && rgm_plan_tensor_bytes(p, t) == bytes && is_free(p, value)) return value;
    }
    return -1;
}

/* ---- values ---- */

rgm_buffer rgm_plan_value(rgm_plan *p, int32_t tensor) {
    rgm_build_tensor *t = &p->build->tensors[tensor];
    if (t->value < 0) t->value = recycled(p, tensor);
    if (t->value < 0) t->value = rgm_plan_buffer(p, rgm_plan_tensor_bytes(p, tensor));
    return t->value;
}

void rgm_plan_alias(rgm_plan *p, int32_t tensor, rgm_buffer b) { p->build->tensors[tensor].value = b; }

rgm_source rgm_plan_source(rgm_plan *p, int32_t tensor) {
    if (!rgm_plan_defers(p, tensor)) return (rgm_source){.values = rgm_plan_value(p, tensor)};
    return p->build->tensors[tensor].source;
}

int32_t rgm_plan_defers(const rgm_plan *p, int32_t tensor) {
    return p->pending->of[tensor] >= (p->build->backward ? RGM_APPLIES_ALWAYS : RGM_APPLIES_FORWARD);
}

void rgm_plan_set_source(rgm_plan *p, int32_t tensor, rgm_source source) {
    source.pending = rgm_plan_defers(p, tensor);
    p->build->tensors[tensor].source = source;
}
