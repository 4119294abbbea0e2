/* Where a convolution stands: its node, its shape, and what its neighbours want of it. With side.h and slice.h it is
 * what all ways to compute a convolution share.
 *
 * The room core/conv has these ways, each with a header of its own:
 *
 *     winograd.h        Winograd's transforms, forward and backward data; winograd_weights.h: backward weights
 *     direct.h          matrix products of our own, forward and backward data; direct_weights.h: backward weights
 *     onednn.h          oneDNN's primitives
 *
 * ops/conv.c chooses one for each direction of each convolution: from its shape, the kernels' tuning, and whether a
 * batch norm stands beside it. It asks that way to append its phases. A way keeps what its phases need in states of its
 * own.
 */
#ifndef RGM_CONV_SITE_H
#define RGM_CONV_SITE_H

#include "plan/images.h"
#include "plan/moments.h"
#include "plan/squares.h"
#include "plan/values.h"

/* One convolution of the graph: its node, and its shape on the plan's batch. */
typedef struct rgm_conv_site {
    rgm_plan *plan;
    int32_t node;
    rgm_conv_shape shape;
} rgm_conv_site;

/* A convolution's shape on the plan's batch, with the directions that the plan wants. */
rgm_conv_shape rgm_conv_shape_of(const rgm_plan *plan, int32_t node);

/* Moments for the node's output in the forward pass, in so many chunks; none if nobody wants them. */
rgm_moments rgm_conv_moments(const rgm_conv_site *site, int32_t chunks);

/* Floating-point operations of one direction, by direct summation. */
double rgm_conv_flops(const rgm_conv_site *site);

#endif
