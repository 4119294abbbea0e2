#include <config.h>

#include "plan/finite.h"

#include <math.h>
#include "plan/plan_internal.h"

int32_t rgm_plan_hides_nan(const rgm_plan *p) { return p->program->hides_nan; }

static int32_t is_bad(const rgm_plan *p, int32_t node) {
    const rgm_node_report *r = &p->program->nodes[node];
    float largest;
    if (r->watch < 0) return 0;
    p->o.kernels->absmax((const float *)(const void *)(p->arena + p->places->offset[r->watch]), r->watch_floats,
                         &largest);
    return !isfinite(largest);
}

const char *rgm_plan_bad_scale(const rgm_plan *p) {
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        int32_t norm = p->finishes->of[i].norm;
        if (is_bad(p, i)) return rgm_plan_node(p, norm == RGM_NO_TENSOR ? i : norm)->name;
    }
    return NULL;
}

/* In training a phase belongs to one node, and the phases of a node follow one another. */
const char *rgm_plan_first_bad(rgm_plan *p, rgm_team *team) {
    const rgm_program *g = p->program;
    for (int32_t i = 0; i < g->forward_count; i++) {
        if (rgm_team_run(team, &g->phases[i], 1, NULL) < 0) return NULL;
        int32_t index = g->works[i].node, more = i + 1 < g->forward_count && g->works[i + 1].node == index;
        if (!more && is_bad(p, index)) return rgm_plan_node(p, index)->name;
    }
    return NULL;
}
