#include <config.h>

#include "plan/squares.h"

#include "plan/plan_internal.h"

void rgm_plan_squares(rgm_plan *p, int32_t a, int32_t b, double **slot) {
    rgm_program *g = p->build->program;
    int32_t chunks = g->phases[g->phase_count - 1].chunks;
    rgm_squares *s = rgm_plan_state(p, sizeof *s + sizeof *s->sum * (size_t)chunks);
    p->build->squared += (a != RGM_NO_TENSOR) + (b != RGM_NO_TENSOR);
    if (!s) return; /* no plan comes of it */
    s->param = a != RGM_NO_TENSOR ? a : b;
    s->chunks = chunks;
    s->next = g->squares;
    g->squares = s;
    *slot = s->sum;
}

double rgm_squares_sum(const rgm_squares *squares) {
    double sum = 0;
    for (const rgm_squares *s = squares; s; s = s->next)
        for (int32_t i = 0; i < s->chunks; i++) sum += s->sum[i];
    return sum;
}

void rgm_squares_by_node(const rgm_squares *squares, const rgm_graph *graph, double *of) {
    for (const rgm_squares *s = squares; s; s = s->next)
        for (int32_t i = 0; i < s->chunks; i++) of[rgm_graph_param(graph, s->param)->node] += s->sum[i];
}
