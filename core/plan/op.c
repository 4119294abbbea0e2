#include <config.h>

#include "plan/op.h"

#include "plan/plan_internal.h"

enum { CHUNK_VALUES = 32768, CHUNKS_MOST = 64 };

const rgm_plan_options *rgm_plan_get(const rgm_plan *p) { return &p->o; }
const rgm_node *rgm_plan_node(const rgm_plan *p, int32_t node) { return rgm_graph_node(p->o.graph, node); }
const rgm_op *rgm_plan_op(const rgm_plan *p, int32_t node) { return p->o.ops[rgm_plan_node(p, node)->op]; }
const rgm_tensor *rgm_plan_tensor(const rgm_plan *p, int32_t tensor) { return rgm_graph_tensor(p->o.graph, tensor); }
int32_t rgm_plan_needs_gradient(const rgm_plan *p, int32_t tensor) {
    return p->o.input_gradient || rgm_plan_tensor(p, tensor)->trains;
}
int32_t rgm_plan_shares(const rgm_plan *p) { return !p->o.training && !p->knobs.apart; }

int32_t rgm_plan_may_overwrite(const rgm_plan *p, int32_t tensor) {
    const rgm_tensor *t = rgm_plan_tensor(p, tensor);
    if (t->producer < 0 || t->consumers != 1) return 0;
    const rgm_node *producer = rgm_plan_node(p, t->producer);
    if (p->o.training) {
        const rgm_op *op = rgm_plan_op(p, t->producer);
        return !op->keeps_output || !op->keeps_output(p, t->producer);
    }
    /* a plugin activation's output is its input's buffer, which others may read */
    return producer->op != RGM_OP_PLUGIN || rgm_plan_may_overwrite(p, producer->in[0]);
}

rgm_extent rgm_plan_extent(const rgm_plan *p, int32_t tensor) {
    return tensor == 0 && p->layouts ? p->layouts->input : p->sizes->of[tensor];
}

size_t rgm_plan_tensor_bytes(const rgm_plan *p, int32_t tensor) {
    return rgm_float_bytes(rgm_plan_extent(p, tensor).floats * p->o.batch);
}

int32_t rgm_plan_images(const rgm_plan *p, int64_t floats) {
    int64_t chunks = ((int64_t)p->o.batch * floats + CHUNK_VALUES - 1) / CHUNK_VALUES;
    return (int32_t)rgm_least(rgm_least(chunks, CHUNKS_MOST), p->o.batch);
}
