/* Where a tensor's values are: in a buffer of its own, in one that it shares, or pending on another tensor's
 * (pending.h).
 *
 * Whoever can apply what is pending loads a tensor by rgm_plan_source(), the others by rgm_plan_value().
 *
 * In evaluation an output takes the buffer of one that has been read by all and has as many bytes. Laying out memory by
 * liveness does not see this where phases have become one (images.h). There a worker may still read an image of the old
 * output while another writes one of the new. But it is never the same image, and images lie at the same places.
 */
#ifndef RGM_PLAN_VALUES_H
#define RGM_PLAN_VALUES_H

#include "plan/build.h"
#include "plan/norm.h"

/* A tensor's values: its buffer, created on first use; rgm_plan_alias makes the output live in the input's buffer. */
rgm_buffer rgm_plan_value(rgm_plan *plan, int32_t tensor);
void rgm_plan_alias(rgm_plan *plan, int32_t tensor, rgm_buffer buffer);

/* How to load a tensor. */
typedef struct rgm_source {
    rgm_buffer values;
    int32_t pending;   /* 1: what is meant is SCALE[c] * value + SHIFT[c], of affine, behind a ReLU if relu */
    rgm_buffer affine; /* of any batch norm's output: [RGM_NORM_*][padded channels] and more */
    int32_t relu;
} rgm_source;
rgm_source rgm_plan_source(rgm_plan *plan, int32_t tensor);
/* 1 if a batch norm's output is pending in the phases appended now. */
int32_t rgm_plan_defers(const rgm_plan *plan, int32_t tensor);
/* What a batch norm says of its output, in any case: how it is to be loaded while it is pending. */
void rgm_plan_set_source(rgm_plan *plan, int32_t tensor, rgm_source source);

#endif
