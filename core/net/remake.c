#include <config.h>

#include "net/plan_internal.h"
#include "net/remake.h"

enum { REMAKE_BYTES = 4 << 20 }; /* what is worth a pass over memory not to keep */

static int32_t finds_input_again(const rgm_plan *p, int32_t node, int32_t input) {
    return input != 0 || rgm_op_get(rgm_plan_node(p, node)->op)->keeps_input != RGM_KEEPS_BUFFER;
}

rgm_status rgm_remake_input(rgm_plan *p, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(p, index);
    int32_t tensor = node->in[0], producer = rgm_plan_tensor(p, tensor)->producer;
    if (!rgm_op_get(node->op)->keeps_input || producer < 0) return RGM_OK;
    size_t bytes = rgm_plan_tensor_bytes(p, tensor);
    const rgm_op *op = rgm_op_get(rgm_plan_node(p, producer)->op);
    if (!op->remakes || !op->remakes(p, producer) || rgm_plan_defers(p, tensor)) return RGM_OK;
    if (p->buffers[p->value[tensor]].first > p->forward_count) return RGM_OK; /* has been made again */
    if (bytes < (p->o.remake ? p->o.remake : REMAKE_BYTES) || !rgm_plan_all_consumers(p, tensor, finds_input_again))
        return RGM_OK;
    rgm_buffer again = rgm_plan_buffer(p, bytes);
    RGM_TRY(op->remake(p, producer, again, err));
    p->value[tensor] = again;
    return RGM_OK;
}
