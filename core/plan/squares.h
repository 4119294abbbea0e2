/* The squares of the gradients, added up where gradients are stored: no pass over memory for their norm. */
#ifndef RGM_PLAN_SQUARES_H
#define RGM_PLAN_SQUARES_H

#include "plan/op.h"

/* Of one phase. */
typedef struct rgm_squares {
    struct rgm_squares *next;
    int32_t param; /* one of those whose gradients they are; they belong to one node */
    int32_t chunks;
    double sum[]; /* each chunk */
} rgm_squares;

/* The phase appended last finishes the gradients of parameters a and b (RGM_NO_TENSOR: of one only). Its chunk i writes
 * to (*slot)[i] the sum of the squares of what it stores. That is in double precision but for short partial sums like
 * those of kernels->sumsq. Some phase has to say so of every gradient. *slot is set at once, not on binding: it is
 * set-up memory. */
void rgm_plan_squares(rgm_plan *plan, int32_t a, int32_t b, double **slot);

/* Their sum, after the backward phases; in a fixed order. */
double rgm_squares_sum(const rgm_squares *squares);

/* Adds each node's to of[node]. */
void rgm_squares_by_node(const rgm_squares *squares, const rgm_graph *graph, double *of);

#endif
