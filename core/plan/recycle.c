/* In evaluation an output takes the buffer of one that has been read by all and has as many bytes. Laying out memory by
 * liveness does not see this where phases have become one (rgm_plan_phase_images): there a worker may still read an
 * image of the old output while another writes one of the new; but never the same image, and images lie at the same
 * places. */
#include <config.h>

#include "plan/plan_internal.h"

/* 1 if nobody will read the tensor: all who do have had their turns. What is pending is read later, by others. */
static int32_t is_read(const rgm_plan *p, int32_t tensor) {
    if (tensor == 0 || tensor == rgm_graph_output(p->o.graph)) return 0;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        const rgm_node *node = rgm_plan_node(p, i);
        if (node->in[0] != tensor && node->in[1] != tensor) continue;
        if (p->finish[p->finish[i].host].turn >= p->turn || rgm_plan_defers(p, node->out)) return 0;
    }
    return 1;
}

/* 1 if all tensors that live in the buffer have been read. */
static int32_t is_free(const rgm_plan *p, rgm_buffer buffer) {
    for (int32_t t = 0; t < rgm_graph_tensor_count(p->o.graph); t++)
        if (p->value[t] == buffer && !is_read(p, t)) return 0;
    return 1;
}

rgm_buffer rgm_plan_recycled(const rgm_plan *p, int32_t tensor) {
    if (p->o.training || p->o.apart) return -1;
    size_t bytes = rgm_plan_tensor_bytes(p, tensor);
    for (int32_t t = 0; t < rgm_graph_tensor_count(p->o.graph); t++)
        if (p->value[t] >= 0 && rgm_plan_tensor_bytes(p, t) == bytes && is_free(p, p->value[t])) return p->value[t];
    return -1;
}
