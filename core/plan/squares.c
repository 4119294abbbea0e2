/* The squares of the gradients (op.h). */
#include <config.h>

#include "plan/plan_internal.h"

struct squares { /* of one phase */
    struct squares *next;
    int32_t chunks;
    double sum[];
};

void rgm_plan_squares(rgm_plan *p, int32_t a, int32_t b, double **slot) {
    int32_t chunks = p->phases[p->phase_count - 1].chunks;
    struct squares *s = rgm_plan_state(p, sizeof *s + sizeof *s->sum * (size_t)chunks);
    p->squared += (a != RGM_NO_TENSOR) + (b != RGM_NO_TENSOR);
    if (!s) return; /* no plan comes of it */
    s->chunks = chunks;
    s->next = p->squares;
    p->squares = s;
    *slot = s->sum;
}

double rgm_plan_gradient_squares(const rgm_plan *p) {
    double sum = 0;
    for (const struct squares *s = p->squares; s; s = s->next)
        for (int32_t i = 0; i < s->chunks; i++) sum += s->sum[i];
    return sum;
}
