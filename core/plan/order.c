#include <config.h>

#include "plan/order.h"

#include <stdlib.h>
#include "plan/plan_internal.h"

static void list_forward(const rgm_plan *p, rgm_plan_order *order) {
    int32_t nodes = rgm_graph_node_count(p->o.graph);
    for (int32_t last = 0; last < nodes; last++)
        for (int32_t i = 0; i <= last; i++)
            if (p->finishes->of[i].host == i && p->finishes->of[i].last == last)
                order->forward[order->forward_count++] = i;
}

static int32_t gathers(const rgm_plan *p, int32_t node) {
    const rgm_op *op = rgm_plan_op(p, node);
    return op->gathers && op->gathers(p, node);
}

static int32_t gatherer_of(const rgm_plan *p, int32_t tensor) {
    int32_t producer = rgm_plan_tensor(p, tensor)->producer;
    if (!p->o.training || producer < 0 || rgm_plan_node(p, producer)->op != RGM_OP_BATCHNORM) return -1;
    for (int32_t i = producer + 1; i < rgm_graph_node_count(p->o.graph); i++)
        if (rgm_plan_node(p, i)->in[0] == tensor && gathers(p, i)) return i;
    return -1;
}

typedef struct walk {
    const rgm_plan *plan;
    rgm_plan_order *order;
    uint8_t *seen; /* per node */
} walk;

static void visit(walk *w, int32_t index);

static void visit_readers(walk *w, int32_t tensor) {
    for (int32_t i = rgm_graph_node_count(w->plan->o.graph); i-- > 0;) {
        const rgm_node *node = rgm_plan_node(w->plan, i);
        if (node->in[0] == tensor || node->in[1] == tensor) visit(w, i);
    }
}

static void visit(walk *w, int32_t index) {
    const rgm_node *node = rgm_plan_node(w->plan, index);
    if (w->seen[index] || !rgm_plan_needs_gradient(w->plan, node->out)) return;
    w->seen[index] = 1; /* at once: a gatherer is a reader of its own input */
    visit_readers(w, node->out);
    if (w->order->gatherer[node->in[0]] == index) visit_readers(w, node->in[0]);
    w->order->backward[w->order->backward_count++] = index;
}

static rgm_status list_backward(const rgm_plan *p, rgm_plan_order *order, rgm_error *err) {
    int32_t nodes = rgm_graph_node_count(p->o.graph);
    walk w = {p, order, calloc((size_t)nodes + 1, 1)};
    if (!w.seen) return rgm_plan_no_memory(err);
    for (int32_t i = nodes; i-- > 0;) visit(&w, i);
    free(w.seen);
    return RGM_OK;
}

rgm_status rgm_plan_order_make(const rgm_plan *p, const rgm_plan_order **out, rgm_error *err) {
    int32_t nodes = rgm_graph_node_count(p->o.graph), tensors = rgm_graph_tensor_count(p->o.graph);
    rgm_plan_order *order = calloc(1, sizeof *order + sizeof *order->memory * (size_t)(2 * nodes + tensors));
    if (!order) return rgm_plan_no_memory(err);
    *out = order;
    order->forward = order->memory;
    order->backward = order->forward + nodes;
    order->gatherer = order->backward + nodes;
    for (int32_t i = 0; i < tensors; i++) order->gatherer[i] = gatherer_of(p, i);
    list_forward(p, order);
    return p->o.training ? list_backward(p, order, err) : RGM_OK;
}
