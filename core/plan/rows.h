/* Reading a finished plan: a row for each node, as `regimen plan` prints it, and what each phase is for. */
#ifndef RGM_PLAN_ROWS_H
#define RGM_PLAN_ROWS_H

#include "plan/plan.h"

/* What the backward pass has of an output. */
enum {
    RGM_ROW_UNUSED = 0,
    RGM_ROW_KEPT = 1,
    RGM_ROW_AGAIN = 2 /* made there, in most cases again */,
    RGM_ROW_COUNT = 3
};

/* What a phase does for its node. */
enum {
    RGM_WORK_FORWARD,
    RGM_WORK_BACKWARD,
    RGM_WORK_BACKWARD_DATA,
    RGM_WORK_BACKWARD_WEIGHTS,
    RGM_WORK_AGAIN, /* the forward pass, in the backward pass */
    RGM_WORK_COUNT
};
const char *rgm_work_name(int32_t direction);

/* The node of a phase, which is counted over those of rgm_plan_forward() and then of rgm_plan_backward(). `direction`
 * becomes RGM_WORK_*. */
int32_t rgm_plan_phase_node(const rgm_plan *plan, int32_t phase, int32_t *direction);

/* Bytes of the node's output (0: it is left pending), and how its convolution is computed (else ""). */
typedef struct rgm_plan_row {
    const char *name, *op;
    int32_t C, H, W;
    int64_t params;       /* elements */
    double forward_flops; /* of the whole batch */
    size_t bytes;
    int32_t backward; /* RGM_ROW_UNUSED, ... */
    char engine[96];
    int32_t way[RGM_CONV_DIRECTIONS]; /* of a convolution's directions, RGM_WAY_*; RGM_WAY_AUTO: there is no such one */
} rgm_plan_row;

int32_t rgm_plan_row_count(const rgm_plan *plan);
void rgm_plan_row_get(const rgm_plan *plan, int32_t row, rgm_plan_row *out);

#endif
