#include <config.h>

#include "plan/plan_internal.h"
#include "plan/remake.h"

enum {
    WORTH_NORMAL = 4 << 20, /* bytes that are worth a pass over memory not to keep */
    WORTH_LOW = 1 << 20,
};

static size_t worth(const rgm_plan *p) {
    if (p->o.remake) return p->o.remake;
    return p->o.memory == RGM_MEMORY_LOW ? WORTH_LOW : WORTH_NORMAL;
}

/* ---- choosing ---- */

static int32_t is_written(const rgm_plan *p, int32_t tensor) {
    return rgm_plan_tensor(p, tensor)->producer >= 0 && tensor != rgm_graph_output(p->o.graph) &&
           !rgm_plan_defers(p, tensor);
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

static void drop(rgm_plan *p, int32_t tensor) {
    const rgm_node *node = rgm_plan_node(p, rgm_plan_tensor(p, tensor)->producer);
    p->kept[tensor] = RGM_DROPPED;
    if (node->op == RGM_OP_ACTIVATION && rgm_plan_may_overwrite(p, node->in[0])) drop(p, node->in[0]);
}

/* Where a tensor's values are. */
static int32_t values_of(const rgm_plan *p, int32_t tensor) {
    return rgm_plan_defers(p, tensor) ? rgm_plan_node(p, rgm_plan_tensor(p, tensor)->producer)->in[0] : tensor;
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
static void drop_segments(rgm_plan *p, size_t most, int32_t flops) {
    size_t dropped = 0;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        int32_t out = rgm_plan_node(p, i)->out, checkpoint = values_of(p, out);
        if (can_drop(p, out, flops)) {
            drop(p, out);
            dropped += rgm_plan_tensor_bytes(p, out);
        }
        if (!is_narrow(p, i)) continue;
        if (dropped > most) p->kept[checkpoint] = RGM_KEPT;
        if (p->kept[checkpoint] == RGM_KEPT) dropped = 0;
    }
}

static size_t droppable(const rgm_plan *p, int32_t flops) {
    size_t bytes = 0;
    for (int32_t i = 0; i < rgm_graph_tensor_count(p->o.graph); i++)
        if (can_drop(p, i, flops)) bytes += rgm_plan_tensor_bytes(p, i);
    return bytes;
}

void rgm_remake_choose(rgm_plan *p, rgm_cut cut) {
    if (!p->o.training) return;
    drop_segments(p, cut.segments > 1 ? droppable(p, cut.flops) >> (RGM_PLAN_SEGMENTS - cut.segments) : 0, cut.flops);
}

/* ---- making again ---- */

static rgm_status run_again(rgm_plan *p, int32_t index, rgm_error *err) {
    int32_t direction = p->direction;
    p->again = 1;
    p->direction = RGM_WORK_AGAIN;
    rgm_status status = rgm_plan_op(p, index)->forward(p, index, err);
    p->again = 0;
    p->direction = direction;
    return status;
}

static rgm_status require(rgm_plan *p, int32_t tensor, rgm_error *err) {
    int32_t producer = rgm_plan_tensor(p, tensor)->producer, values = values_of(p, tensor);
    if (p->kept[values] == RGM_KEPT) return RGM_OK;
    if (values != tensor) { /* its batch norm appends nothing, but says where they are now */
        RGM_TRY(require(p, values, err));
        return run_again(p, producer, err);
    }
    if (p->kept[tensor] == RGM_MADE_AGAIN) return RGM_OK;
    for (int32_t k = 0; k < 2; k++)
        if (rgm_plan_node(p, producer)->in[k] != RGM_NO_TENSOR)
            RGM_TRY(require(p, rgm_plan_node(p, producer)->in[k], err));
    p->kept[tensor] = RGM_MADE_AGAIN;
    p->value[tensor] = -1;
    return run_again(p, producer, err);
}

rgm_status rgm_remake_for(rgm_plan *p, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(p, index);
    const rgm_op *op = rgm_plan_op(p, index);
    if (op->keeps_output && op->keeps_output(p, index)) RGM_TRY(require(p, node->out, err));
    return op->keeps_input ? require(p, node->in[0], err) : RGM_OK;
}
