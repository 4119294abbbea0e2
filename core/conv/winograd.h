/* Winograd's convolutions of 3x3: the forward pass and backward data. Backward weights are in winograd_weights.h.
 *
 * `way` is RGM_WAY_WINOGRAD, which is F(4x4, 3x3), and with stride 2 the form for it; or RGM_WAY_WINOGRAD_2X2, which is
 * F(2x2, 3x3).
 */
#ifndef RGM_CONV_WINOGRAD_H
#define RGM_CONV_WINOGRAD_H

#include "conv/site.h"
#include "plan/store.h"

/* 1 if it can compute the direction at all:
 *     window     3x3, stride 1; in F(4x4)'s way also stride 2
 *     padding    0 or 1
 *     groups     one
 *     layout     blocked
 *     bias       not in backward weights
 */
int32_t rgm_winograd_can(const rgm_conv_shape *shape, int32_t way, int32_t direction);

/* 1 if it is expected to be the fastest way, by the tuning. */
int32_t rgm_winograd_pays(const rgm_conv_shape *shape, int32_t direction, const rgm_winograd_tuning *tuning);

/* The better of both ways. With stride 1 it is RGM_WAY_WINOGRAD_2X2 where F(2x2) multiplies no more. These are maps
 * with both sides 5 or 6 pixels, or one of 1 or 2. Its filters are 16/36 as large, its errors a third (half in backward
 * weights). */
int32_t rgm_winograd_best_way(const rgm_conv_shape *shape, int32_t direction);

/* Append the phases of a direction: x -> y, and dy -> dx (overwritten). What is pending on x is applied. y is finished,
 * or its moments are gathered if wanted. RGM_E_NOMEM. */
rgm_status rgm_winograd_forward(const rgm_conv_site *site, int32_t way, rgm_source x, const rgm_store *store,
                                rgm_error *err);
rgm_status rgm_winograd_backward_data(const rgm_conv_site *site, int32_t way, rgm_buffer dy, rgm_buffer dx,
                                      rgm_error *err);

#endif
