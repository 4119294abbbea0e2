/* Matrix products of our own, for 1x1 and 3x3 windows and strides 1 and 2: the forward pass and backward data. Backward
 * weights are in direct_weights.h.
 *
 * By themselves they are about as fast as oneDNN's. They pay where the tuning says (rgm_direct_pays), because they do
 * more on the way. They apply what is pending on the input, and gather moments or sums of what they store.
 */
#ifndef RGM_CONV_DIRECT_H
#define RGM_CONV_DIRECT_H

#include "conv/site.h"
#include "plan/store.h"

/* 1 if they can compute the direction:
 *     window     1x1 or 3x3, stride 1 or 2
 *     padding    up to half the window
 *     groups     one
 *     layout     blocked
 *     bias       not in backward weights
 */
int32_t rgm_direct_can(const rgm_conv_shape *shape, int32_t direction);

/* 1 where they are faster than oneDNN, by the tuning. `saves`: with what is saved by the batch norm for which moments
 * are gathered in the forward pass, or sums in backward data. */
int32_t rgm_direct_pays(const rgm_conv_shape *shape, int32_t direction, const rgm_direct_tuning *tuning, int32_t saves);

/* 1 if backward data can gather sums: with stride 1, where it stores whole lines of an image. */
int32_t rgm_direct_gathers(const rgm_conv_shape *shape);

/* Append the phases of a direction: x -> y, and dy -> dx (overwritten). What is pending on x is applied. y is finished,
 * or its moments are gathered if wanted. Backward data gathers the sums of the batch norm before, if that is up to this
 * convolution (rgm_sums_gatherer). RGM_E_NOMEM. */
rgm_status rgm_direct_forward(const rgm_conv_site *site, rgm_source x, const rgm_store *store, rgm_error *err);
rgm_status rgm_direct_backward_data(const rgm_conv_site *site, rgm_buffer dy, rgm_buffer dx, rgm_error *err);

#endif
