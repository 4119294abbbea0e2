/* Matrix products of our own: backward weights. See direct.h for what they can compute. */
#ifndef RGM_CONV_DIRECT_WEIGHTS_H
#define RGM_CONV_DIRECT_WEIGHTS_H

#include "conv/site.h"

/* Appends the phases: x and dy -> the weights' gradient (overwritten), with its squares. What is pending on x is
 * applied. RGM_E_NOMEM. */
rgm_status rgm_direct_backward_weights(const rgm_conv_site *site, rgm_source x, rgm_buffer dy, rgm_error *err);

#endif
