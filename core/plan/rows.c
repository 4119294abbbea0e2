#include <config.h>

#include "plan/rows.h"

#include <stdio.h>
#include <string.h>
#include "plan/plan_internal.h"

const char *rgm_work_name(int32_t direction) {
    static const char *const names[] = {[RGM_WORK_FORWARD] = "forward",
                                        [RGM_WORK_BACKWARD] = "backward",
                                        [RGM_WORK_BACKWARD_DATA] = "backward data",
                                        [RGM_WORK_BACKWARD_WEIGHTS] = "backward weights",
                                        [RGM_WORK_AGAIN] = "again"};
    _Static_assert(sizeof names / sizeof *names == RGM_WORK_COUNT, "each direction has a name");
    return names[direction];
}

int32_t rgm_plan_phase_node(const rgm_plan *p, int32_t phase, int32_t *direction) {
    const rgm_program *g = p->program;
    const rgm_work *w = &g->works[phase + (phase >= g->forward_count)]; /* between the passes stands the loss */
    *direction = w->direction;
    return w->node;
}

int32_t rgm_plan_row_count(const rgm_plan *p) { return rgm_graph_node_count(p->o.graph); }

static int64_t params_of(const rgm_plan *p, int32_t node) {
    int64_t params = 0;
    for (int32_t i = 0; i < rgm_graph_param_count(p->o.graph); i++) {
        const rgm_param *q = rgm_graph_param(p->o.graph, i);
        if (q->node == node) params += q->count;
    }
    return params;
}

void rgm_plan_row_get(const rgm_plan *p, int32_t index, rgm_plan_row *row) {
    const rgm_node *node = rgm_plan_node(p, index);
    const rgm_tensor *t = rgm_plan_tensor(p, node->out);
    const rgm_node_report *r = &p->program->nodes[index];
    int32_t host = p->finishes->of[index].host;
    *row = (rgm_plan_row){.name = node->name,
                          .op = rgm_plan_op(p, index)->name,
                          .C = t->C,
                          .H = t->H,
                          .W = t->W,
                          .params = params_of(p, index),
                          .forward_flops = rgm_node_flops(p->o.graph, index) * p->o.batch,
                          .bytes = r->bytes,
                          .backward = r->backward};
    if (host == index)
        memcpy(row->engine, r->engine, sizeof row->engine);
    else
        snprintf(row->engine, sizeof row->engine, "in the store of %s", rgm_plan_node(p, host)->name);
    memcpy(row->way, r->way, sizeof row->way);
}
