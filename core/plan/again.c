#include <config.h>

#include "plan/again.h"

#include "plan/plan_internal.h"

static rgm_status run_again(rgm_plan *p, int32_t index, rgm_error *err) {
    rgm_build *b = p->build;
    int32_t direction = b->direction;
    b->again = 1;
    b->direction = RGM_WORK_AGAIN;
    rgm_status status = rgm_plan_op(p, index)->forward(p, index, err);
    b->again = 0;
    b->direction = direction;
    return status;
}

static rgm_status require(rgm_plan *p, int32_t tensor, rgm_error *err) {
    int32_t producer = rgm_plan_tensor(p, tensor)->producer;
    int32_t values = rgm_pending_values(p, tensor, RGM_APPLIES_ALWAYS);
    rgm_build_tensor *t = &p->build->tensors[tensor];
    if (!p->remake->dropped[values]) return RGM_OK;
    if (values != tensor) { /* its batch norm appends nothing, but says where they are now */
        RGM_TRY(require(p, values, err));
        return run_again(p, producer, err);
    }
    if (t->made_again) return RGM_OK;
    for (int32_t k = 0; k < 2; k++) {
        int32_t in = rgm_plan_node(p, producer)->in[k];
        if (in != RGM_NO_TENSOR) RGM_TRY(require(p, in, err));
    }
    t->made_again = 1;
    t->value = -1;
    return run_again(p, producer, err);
}

rgm_status rgm_again_for(rgm_plan *p, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(p, index);
    const rgm_op *op = rgm_plan_op(p, index);
    if (op->keeps_output && op->keeps_output(p, index)) RGM_TRY(require(p, node->out, err));
    return op->keeps_input ? require(p, node->in[0], err) : RGM_OK;
}
