/* Convolution on oneDNN: the engine's three directions as phases. Chunks are groups of images. */
#ifndef RGM_CONV_ONEDNN_H
#define RGM_CONV_ONEDNN_H

#include "conv/site.h"
#include "plan/store.h"

typedef struct onednn rgm_onednn;

/* Makes the primitives of `directions` (bits 1 << RGM_CONV_*), which the plan owns. RGM_E_UNSUPPORTED, RGM_E_NOMEM. */
rgm_status rgm_onednn_create(rgm_onednn **out, const rgm_conv_site *site, uint32_t directions, rgm_error *err);
const char *rgm_onednn_name(const rgm_onednn *onednn, int32_t direction); /* of the implementation */

rgm_status rgm_onednn_forward(rgm_onednn *onednn, const rgm_conv_site *site, rgm_buffer x, const rgm_store *store,
                              rgm_error *err);
rgm_status rgm_onednn_backward_data(rgm_onednn *onednn, const rgm_conv_site *site, rgm_buffer dy, rgm_buffer dx,
                                    rgm_error *err);
rgm_status rgm_onednn_backward_weights(rgm_onednn *onednn, const rgm_conv_site *site, rgm_buffer x, rgm_buffer dy,
                                       rgm_error *err);

#endif
