#include <config.h>

#include "plan/moments.h"

#include "plan/plan_internal.h"

int32_t rgm_plan_feeds_norm(const rgm_plan *p, int32_t tensor) {
    for (int32_t i = 0; p->o.training && !p->o.frozen && i < rgm_graph_node_count(p->o.graph); i++)
        if (rgm_plan_node(p, i)->op == RGM_OP_BATCHNORM && rgm_plan_node(p, i)->in[0] == tensor) return 1;
    return 0;
}

int32_t rgm_plan_wants_moments(const rgm_plan *p, int32_t tensor) {
    return !p->build->again && rgm_plan_feeds_norm(p, tensor);
}

rgm_moments rgm_plan_moments(const rgm_plan *p, int32_t tensor) { return p->build->tensors[tensor].moments; }

rgm_moments rgm_plan_gather_moments(rgm_plan *p, int32_t tensor, int32_t chunks) {
    size_t each = sizeof(double) * RGM_MOMENTS * (size_t)rgm_plan_extent(p, tensor).channels;
    rgm_moments moments = {rgm_plan_buffer(p, each * (size_t)chunks), chunks};
    p->build->tensors[tensor].moments = moments;
    return moments;
}
