#include <config.h>

#include "plan/finish.h"

#include <stdlib.h>
#include "plan/plan_internal.h"

/* The only reader of a tensor, and by which input; -1 if there are several or none. */
static int32_t only_reader(const rgm_plan *p, int32_t tensor, int32_t *input) {
    if (rgm_plan_tensor(p, tensor)->consumers != 1) return -1;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++)
        for (*input = 0; *input < 2; ++*input)
            if (rgm_plan_node(p, i)->in[*input] == tensor) return i;
    return -1;
}

/* The chain of nodes behind `node` that its store can do, as far as it goes. */
static void extend(const rgm_plan *p, rgm_finish *of, int32_t node) {
    rgm_finish *f = &of[node];
    for (;;) {
        int32_t input, reader = only_reader(p, f->out, &input);
        if (reader < 0 || of[reader].host != reader) return;
        const rgm_op *op = rgm_plan_op(p, reader);
        if (!op->joins || !op->joins(p, reader, input, f)) return;
        f->out = rgm_plan_node(p, reader)->out;
        f->last = reader;
        of[reader].host = node;
    }
}

rgm_status rgm_finish_choose(const rgm_plan *p, const rgm_finishes **finishes, rgm_error *err) {
    int32_t nodes = rgm_graph_node_count(p->o.graph);
    rgm_finishes *f = calloc(1, sizeof *f + sizeof *f->of * (size_t)nodes);
    if (!f) return rgm_plan_no_memory(err);
    f->nodes = nodes;
    for (int32_t i = 0; i < nodes; i++)
        f->of[i] = (rgm_finish){
            .out = rgm_plan_node(p, i)->out, .norm = RGM_NO_TENSOR, .residual = RGM_NO_TENSOR, .host = i, .last = i};
    for (int32_t i = 0; i < nodes && rgm_plan_shares(p); i++)
        if (rgm_plan_op(p, i)->finishes) extend(p, f->of, i);
    *finishes = f;
    return RGM_OK;
}

const rgm_finish *rgm_plan_finish(const rgm_plan *p, int32_t node) { return &p->finishes->of[node]; }

int32_t rgm_plan_is_joined(const rgm_plan *p, int32_t node) {
    return rgm_plan_finish(p, node)->out != rgm_plan_node(p, node)->out;
}
