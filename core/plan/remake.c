#include <config.h>

#include "plan/remake.h"

#include <stdlib.h>
#include "plan/plan_internal.h"

enum {
    WORTH_NORMAL = 4 << 20, /* bytes that are worth a pass over memory not to keep */
    WORTH_LOW = 1 << 20,
};

static size_t worth(const rgm_plan *p) {
    if (p->knobs.remake) return p->knobs.remake;
    return p->o.memory == RGM_MEMORY_LOW ? WORTH_LOW : WORTH_NORMAL;
}

static int32_t is_written(const rgm_plan *p, int32_t tensor) {
    return rgm_plan_tensor(p, tensor)->producer >= 0 && tensor != rgm_graph_output(p->o.graph) &&
           p->pending->of[tensor] == RGM_APPLIES_NEVER;
}

static int32_t is_cheap(const rgm_plan *p, int32_t index, int32_t flops) {
    const rgm_node *node = rgm_plan_node(p, index);
    if (!flops && node->op != RGM_OP_BATCHNORM && node->op != RGM_OP_ADD) return 0;
    if (node->op == RGM_OP_ACTIVATION && rgm_plan_may_overwrite(p, node->in[0])) /* destroys what it is made of */
        return is_cheap(p, rgm_plan_tensor(p, node->in[0])->producer, flops);
    return rgm_node_flops(p->o.graph, index) * p->o.batch <= flops * (double)rgm_plan_tensor_bytes(p, node->out);
}

static int32_t can_drop(const rgm_plan *p, int32_t tensor, int32_t flops) {
    return is_written(p, tensor) && rgm_plan_tensor_bytes(p, tensor) >= worth(p) &&
           is_cheap(p, rgm_plan_tensor(p, tensor)->producer, flops);
}

static void drop(const rgm_plan *p, rgm_remake *r, int32_t tensor) {
    const rgm_node *node = rgm_plan_node(p, rgm_plan_tensor(p, tensor)->producer);
    r->dropped[tensor] = 1;
    if (node->op == RGM_OP_ACTIVATION && rgm_plan_may_overwrite(p, node->in[0])) drop(p, r, node->in[0]);
}

static int32_t values_of(const rgm_plan *p, int32_t tensor) {
    return rgm_pending_values(p, tensor, RGM_APPLIES_FORWARD);
}

/* 1 if what follows node `index` reads no values made up to it but those of its own output. */
static int32_t is_narrow(const rgm_plan *p, int32_t index) {
    int32_t own = values_of(p, rgm_plan_node(p, index)->out);
    for (int32_t i = index + 1; i < rgm_graph_node_count(p->o.graph); i++)
        for (int32_t k = 0; k < 2; k++) {
            int32_t in = rgm_plan_node(p, i)->in[k];
            if (in != RGM_NO_TENSOR && rgm_plan_tensor(p, in)->producer <= index && values_of(p, in) != own) return 0;
        }
    return 1;
}

/* Drops what it can; a narrow place behind which the segment has dropped more than `most` bytes is a checkpoint. */
static void drop_segments(const rgm_plan *p, rgm_remake *r, size_t most, int32_t flops) {
    size_t dropped = 0;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        int32_t out = rgm_plan_node(p, i)->out, checkpoint = values_of(p, out);
        if (can_drop(p, out, flops)) {
            drop(p, r, out);
            dropped += rgm_plan_tensor_bytes(p, out);
        }
        if (!is_narrow(p, i)) continue;
        if (dropped > most) r->dropped[checkpoint] = 0;
        if (!r->dropped[checkpoint]) dropped = 0;
    }
}

static size_t droppable(const rgm_plan *p, int32_t flops) {
    size_t bytes = 0;
    for (int32_t i = 0; i < rgm_graph_tensor_count(p->o.graph); i++)
        if (can_drop(p, i, flops)) bytes += rgm_plan_tensor_bytes(p, i);
    return bytes;
}

rgm_status rgm_remake_choose(const rgm_plan *p, rgm_cut cut, const rgm_remake **remake, rgm_error *err) {
    int32_t tensors = rgm_graph_tensor_count(p->o.graph);
    rgm_remake *r = calloc(1, sizeof *r + (size_t)tensors);
    if (!r) return rgm_plan_no_memory(err);
    *remake = r;
    r->tensors = tensors;
    if (!p->o.training) return RGM_OK;
    for (int32_t i = 0; i < tensors; i++) r->dropped[i] = p->pending->of[i] == RGM_APPLIES_FORWARD;
    size_t most = cut.segments > 1 ? droppable(p, cut.flops) >> (RGM_PLAN_SEGMENTS - cut.segments) : 0;
    drop_segments(p, r, most, cut.flops);
    return RGM_OK;
}
