/* Moments of a batch norm's input, gathered by the convolution in front of it (the backward pass: sums.h).
 *
 * A convolution that can gathers its output's moments while it stores. So the batch norm behind it needs no pass for
 * its statistics. Moments are [chunks][RGM_MOMENTS][padded channels] doubles. For each chunk and channel they are the
 * number of pixels, k, sum (y - k) and sum (y - k)^2. k is one of the chunk's pixels. The convolution announces them
 * (rgm_plan_gather_moments), the batch norm looks for them (rgm_plan_moments) and gathers its own if nobody has.
 */
#ifndef RGM_PLAN_MOMENTS_H
#define RGM_PLAN_MOMENTS_H

#include "plan/build.h"

enum { RGM_MOMENTS = 4 };

typedef struct rgm_moments {
    rgm_buffer buffer;
    int32_t chunks; /* 0: nobody gathers them */
} rgm_moments;

/* 1 if a batch norm with the batch's statistics reads the tensor. Pure, as the questions of op.h. */
int32_t rgm_plan_feeds_norm(const rgm_plan *plan, int32_t tensor);
/* 1 if it will want moments in the phases appended now: not when they are appended again. */
int32_t rgm_plan_wants_moments(const rgm_plan *plan, int32_t tensor);
rgm_moments rgm_plan_moments(const rgm_plan *plan, int32_t tensor);
/* A buffer for `chunks` of them, announced to the batch norm. */
rgm_moments rgm_plan_gather_moments(rgm_plan *plan, int32_t tensor, int32_t chunks);

#endif
