/* The result of pass 7 (phases.h): phases, and what they ask of memory. Where that memory lies is the result of the
 * passes behind it. Afterwards nothing in it changes but what the phases write. */
#ifndef RGM_PLAN_PROGRAM_H
#define RGM_PLAN_PROGRAM_H

#include "plan/binding.h"
#include "plan/lifetimes.h"
#include "plan/squares.h"

/* What a phase computes, for the estimate of chunks.h. */
typedef struct rgm_work {
    int32_t node, direction; /* RGM_WORK_* */
    int32_t told;            /* 1: bytes were told, not added up */
    double flops, bytes;
} rgm_work;

/* What there is to tell of a node. */
typedef struct rgm_node_report {
    char engine[96]; /* as in rgm_plan_row */
    int32_t way[RGM_CONV_DIRECTIONS];
    size_t bytes;         /* of its output; 0: it is not written */
    int32_t backward;     /* RGM_ROW_* */
    rgm_buffer watch;     /* where values that are not finite would show (finite.h); -1: nowhere */
    int64_t watch_floats; /* of it */
    rgm_buffer values;    /* of its output behind its forward phases (probe.h); -1: none */
    rgm_buffer affine;    /* of a batch norm: its vectors; else -1 */
    int32_t pending;      /* 1: scale, shift and, if `relu`, a ReLU of them are pending on `values` */
    int32_t relu;
} rgm_node_report;

typedef struct rgm_owned {
    void *object;
    void (*destroy)(void *object);
} rgm_owned;

typedef struct rgm_block { /* of set-up memory */
    struct rgm_block *next;
    max_align_t data[];
} rgm_block;

typedef struct rgm_program {
    /* what runs */
    rgm_phase *prepare; /* once, before the forward phases: evaluation only */
    rgm_phase *phases;  /* forward, then a gap of one (the loss), then backward */
    rgm_work *works;    /* of each of `phases` */
    int32_t prepare_count, phase_count, forward_count;
    int32_t hides_nan;    /* as in finite.h */
    rgm_squares *squares; /* of the phases that finish gradients */

    /* what memory it asks for */
    rgm_lifetime *buffers; /* alive in phases, counted over forward, loss, backward */
    rgm_binding *bindings; /* in the order in which they were asked for */
    int32_t buffer_count, binding_count;
    size_t scratch_each; /* bytes, of each worker, behind the buffers */

    /* what belongs to it */
    rgm_node_report *nodes;
    rgm_block *blocks;
    rgm_owned *owned;
    int32_t owned_count;
} rgm_program;

/* NULL is fine. */
void rgm_program_destroy(rgm_program *program);

#endif
