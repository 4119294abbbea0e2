/* Where the output of a node lies when its forward phases have run: for whoever looks at layers while a step runs
 * (train/watch.h).
 *
 * In training a phase belongs to one node, and the phases of a node follow one another. Behind the last of them the
 * output is in memory. The phase after it may write over it. Nothing is kept longer because somebody looks.
 */
#ifndef RGM_PLAN_PROBE_H
#define RGM_PLAN_PROBE_H

#include "plan/op.h"

typedef struct rgm_probe {
    int32_t phase;              /* the last forward phase of the node, counted from 0; -1: it has none */
    int32_t C;                  /* channels, without padding */
    rgm_extent extent;          /* of `values` */
    const float *values;        /* [batch][extent.floats]: the output; of a pending one, its batch norm's input */
    const float *scale, *shift; /* [padded channels]: pending on `values`, with a ReLU if `relu`; NULL: nothing is */
    int32_t relu;
    const float *mean, *rstd; /* of a batch norm: the moments of its input, [padded channels]; else NULL */
} rgm_probe;

/* Of a plan of training, once it is bound; what it points to changes with every step. */
void rgm_plan_probe(const rgm_plan *plan, int32_t node, rgm_probe *probe);

/* The same of the network's input; its phase is -1. */
void rgm_plan_probe_input(const rgm_plan *plan, rgm_probe *probe);

#endif
