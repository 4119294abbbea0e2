/* What a batch norm and its neighbours do for one another in the forward pass (backward: sums.h): internal to core/net.
 *
 * Pending. The output of a batch norm without residual need not be written at all: its consumers can apply scale, shift
 * and ReLU when they load the batch norm's input. The plan decides so before it asks anybody for phases
 * (rgm_pending_choose), if all of them can (rgm_op.applies); if not, the batch norm materialises it. Whoever can apply
 * it loads a tensor by rgm_plan_source(), the others by rgm_plan_value(). Zero padding comes after what is pending.
 * Where all can in the forward pass but one cannot in the backward pass, the output is pending first, and is written in
 * front of the backward phases that need it.
 *
 * Moments. A convolution that can gathers its output's moments while it stores, so that the batch norm behind it needs
 * no pass for its statistics: [chunks][4][padded channels] doubles, for each chunk and channel the number of pixels, k,
 * sum (y - k), sum (y - k)^2, with k one of the chunk's pixels. The convolution announces them
 * (rgm_plan_gather_moments), the batch norm looks for them (rgm_plan_moments) and gathers its own if nobody has.
 */
#ifndef RGM_PLAN_PENDING_H
#define RGM_PLAN_PENDING_H

#include "plan/op.h"

typedef struct rgm_source {
    rgm_buffer values;
    int32_t pending;   /* 1: what is meant is SCALE[c] * value + SHIFT[c], of affine, behind a ReLU if relu */
    rgm_buffer affine; /* of any batch norm's output: [RGM_NORM_*][padded channels] and more */
    int32_t relu;
} rgm_source;
enum { RGM_NORM_SCALE = 0, RGM_NORM_SHIFT = 1, RGM_NORM_MEAN = 2 };
/* How to load a tensor. */
rgm_source rgm_plan_source(rgm_plan *plan, int32_t tensor);
/* 1 if a batch norm's output is left pending. */
int32_t rgm_plan_defers(const rgm_plan *plan, int32_t tensor);
/* What a batch norm says of its output, in any case: how it is to be loaded while it is pending. */
void rgm_plan_set_source(rgm_plan *plan, int32_t tensor, rgm_source source);

enum { RGM_MOMENTS = 4 };
typedef struct rgm_moments {
    rgm_buffer buffer;
    int32_t chunks; /* 0: nobody gathers them */
} rgm_moments;
/* 1 if a batch norm will want them. */
int32_t rgm_plan_wants_moments(const rgm_plan *plan, int32_t tensor);
rgm_moments rgm_plan_moments(const rgm_plan *plan, int32_t tensor);
/* A buffer for `chunks` of them, announced to the batch norm. */
rgm_moments rgm_plan_gather_moments(rgm_plan *plan, int32_t tensor, int32_t chunks);

/* Decides which batch norms' outputs stay pending: before the first phase is planned. */
void rgm_pending_choose(rgm_plan *plan);
/* From here on outputs are written that were pending in the forward pass alone: they were dropped (plan/remake.h). */
void rgm_pending_end_forward(rgm_plan *plan);

#endif
