/* The chunks of a convolution: what the team's workers call in a step (conv.h has the order). Nothing here allocates.
 */
#ifndef RGM_ENGINE_CONV_RUN_H
#define RGM_ENGINE_CONV_RUN_H

#include "engine/conv.h"

/* One chunk of a convolution, or one group of images, on a worker's behalf. scratch: rgm_conv_scratch_bytes() long; the
 * packing and the reduction have no need of it. The functions return RGM_E_INTERNAL if the direction was not prepared,
 * or there is no such chunk or worker. [worker] */
typedef struct rgm_conv_call {
    rgm_conv *conv;
    int32_t chunk, worker;
    void *scratch;
} rgm_conv_call;

/* The whole batch's tensors, 64-byte aligned. residual: only with shape.residual, else NULL; it may be y, and costs a
 * copy if it is not. bias: NULL without. */
typedef struct rgm_conv_forward_args {
    const float *x, *bias, *residual;
    const void *packed;
    float *y;
} rgm_conv_forward_args;

/* packed <- w, in oneDNN's format. scale[K]: factors of the output channels, multiplied into their weights; NULL: none.
 */
rgm_status rgm_conv_pack(const rgm_conv_call *call, int32_t direction, const float *w, const float *scale, void *packed,
                         rgm_error *err);
rgm_status rgm_conv_forward(const rgm_conv_call *call, const rgm_conv_forward_args *args, rgm_error *err);
rgm_status rgm_conv_backward_data(const rgm_conv_call *call, const float *dy, const void *packed, float *dx,
                                  rgm_error *err);
rgm_status rgm_conv_backward_weights(const rgm_conv_call *call, const float *x, const float *dy, void *partials,
                                     rgm_error *err);
/* dw[K][C/groups][R][S] and, with bias, db[K] (NULL without). */
rgm_status rgm_conv_reduce(const rgm_conv_call *call, void *partials, float *dw, float *db, rgm_error *err);

#endif
