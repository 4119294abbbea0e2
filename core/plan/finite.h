/* Where numbers that are not finite came from. */
#ifndef RGM_PLAN_FINITE_H
#define RGM_PLAN_FINITE_H

#include "plan/plan.h"

/* 1 if the plan leaves ReLUs to oneDNN, which promises nothing of a NaN there. (It is asked in a way that keeps them:
 * engine/shim.c.) */
int32_t rgm_plan_hides_nan(const rgm_plan *plan);

/* In evaluation, once it is prepared: the first node with a scale or shift that is not finite, or NULL. It is a batch
 * norm, or a convolution that others have joined. [main] */
const char *rgm_plan_bad_scale(const rgm_plan *plan);

/* After a step of training with a non-finite loss: the first node, in forward order, whose output is not finite, or
 * NULL. Runs the forward phases once more (running statistics are updated again), and looks at each output before
 * anything takes its place. Where a batch norm leaves its own pending, it looks at the scales and shifts. So an output
 * that overflows with finite ones is laid at its reader's door. [main] */
const char *rgm_plan_first_bad(rgm_plan *plan, rgm_team *team);

#endif
