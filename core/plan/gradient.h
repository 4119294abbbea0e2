/* The gradients of tensors: each reader of a tensor adds its part. */
#ifndef RGM_PLAN_GRADIENT_H
#define RGM_PLAN_GRADIENT_H

#include "plan/build.h"

/* The gradient of `tensor`: one or two addends. `shared`: another gradient lives in the same buffer; do not
 * overwrite. */
typedef struct rgm_gradient {
    int32_t count;
    rgm_buffer addend[2];
    int32_t shared[2];
} rgm_gradient;

/* A consumer of `tensor` adds its part. A third addend is summed at once. */
rgm_status rgm_plan_add_gradient(rgm_plan *plan, int32_t tensor, rgm_buffer buffer, int32_t shared, rgm_error *err);
/* For operations that load one addend only: sums two in a phase of its own and returns the one that is left. */
rgm_status rgm_plan_one_gradient(rgm_plan *plan, int32_t tensor, rgm_gradient *gradient, rgm_error *err);

/* The backward phase that most operations have: one gradient in (*dy_slot), one out in a buffer of its own
 * (*dx_slot). */
rgm_status rgm_plan_backward_phase(rgm_plan *plan, int32_t node, const rgm_phase_spec *spec, void *dy_slot,
                                   void *dx_slot, rgm_error *err);

#endif
