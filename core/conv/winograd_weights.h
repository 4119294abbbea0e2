/* Winograd's convolutions: backward weights. See winograd.h for `way` and for what it can compute. */
#ifndef RGM_CONV_WINOGRAD_WEIGHTS_H
#define RGM_CONV_WINOGRAD_WEIGHTS_H

#include "conv/site.h"

/* Appends the phases: x and dy -> the weights' gradient (overwritten), with its squares. What is pending on x is
 * applied. RGM_E_NOMEM. */
rgm_status rgm_winograd_backward_weights(const rgm_conv_site *site, int32_t way, rgm_source x, rgm_buffer dy,
                                         rgm_error *err);

#endif
