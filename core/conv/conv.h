/* How the directions of a convolution are computed: internal to core/net.
 *
 * op_conv.c chooses an algorithm for each direction, from its shape, the number of lanes and whether a batch norm
 * stands beside it (docs/ARCHITECTURE.md, "Convolutions"), and asks it to append its phases. Each algorithm keeps what
 * its phases need in states of its own.
 */
#ifndef RGM_CONV_CONV_H
#define RGM_CONV_CONV_H

#include "plan/finish.h"
#include "plan/pending.h"
#include "plan/sums.h"

/* One convolution of the graph: its node and its shape on the plan's batch. */
typedef struct rgm_conv_site {
    rgm_plan *plan;
    int32_t node;
    rgm_conv_shape shape;
} rgm_conv_site;

/* A convolution's shape on the plan's batch, with the directions that the plan wants. */
rgm_conv_shape rgm_conv_shape_of(const rgm_plan *plan, int32_t node);

/* One side of a convolution in memory: its blocked images, and, where they are loaded, what is pending on them. */
typedef struct rgm_conv_side {
    int32_t channels, blocks, H, W;
    int64_t pixels, image; /* of a block; floats of an image */
    int32_t relu;
    const float *values, *affine; /* the batch; [2][blocks][B], NULL: nothing is pending */
} rgm_conv_side;

/* Without addresses. */
rgm_conv_side rgm_conv_input(const rgm_conv_site *site);
rgm_conv_side rgm_conv_output(const rgm_conv_site *site);

/* The phase appended last loads the side from there. */
void rgm_conv_side_use(rgm_plan *plan, rgm_conv_side *side, rgm_source from);

/* Where a block of an image begins; and its pending scale (0) or shift (1), or NULL. */
static inline const float *rgm_conv_side_at(const rgm_conv_side *s, int64_t image, int32_t block, int32_t B) {
    return s->values + image * s->image + block * s->pixels * B;
}
static inline const float *rgm_conv_side_affine(const rgm_conv_side *s, int32_t which, int32_t block, int32_t B) {
    return s->affine ? s->affine + ((int64_t)which * s->blocks + block) * B : NULL;
}

/* Moments for the node's output in the forward pass, in so many chunks; none if nobody wants them. */
rgm_moments rgm_conv_moments(const rgm_conv_site *site, int32_t chunks);

/* Of one direction, by direct summation. */
double rgm_conv_flops(const rgm_conv_site *site);

/* Pixels or tiles [from, from + total) of the batch, of which an image has `per_image`, image by image:
 *
 *     for (rgm_stretch s = rgm_stretch_of(from, total, per_image); rgm_stretch_next(&s);) ...
 */
typedef struct rgm_stretch {
    int64_t image;
    int32_t first, count; /* of the image */
    int64_t done;         /* how many came before */
    int64_t from, total, per_image;
} rgm_stretch;

static inline rgm_stretch rgm_stretch_of(int64_t from, int64_t total, int64_t per_image) {
    return (rgm_stretch){.from = from, .total = total, .per_image = per_image};
}

static inline int32_t rgm_stretch_next(rgm_stretch *s) {
    s->done += s->count;
    int64_t at = s->from + s->done, left = s->total - s->done;
    s->image = at / s->per_image;
    s->first = (int32_t)(at % s->per_image);
    s->count = (int32_t)rgm_least(s->per_image - s->first, left);
    return left > 0;
}

/* Floats between gathered pixels, or transformed points: else powers of two put them all into a few sets of the cache.
 */
enum { SKEW = 16 };

/* ---- Winograd: conv_winograd.c, conv_winograd_weights.c; `way` is RGM_WAY_WINOGRAD: F(4x4, 3x3), with stride 2 the
 * form for it; or RGM_WAY_WINOGRAD_2X2: F(2x2, 3x3) ---- */

/* 1 if it can compute the direction at all: 3x3, stride 1 or, F(4x4)'s way, 2, padding 0 or 1, one group, blocked
 * layout; without bias in backward weights. */
int32_t rgm_winograd_can(const rgm_conv_shape *shape, int32_t way, int32_t direction);
/* 1 if it is expected to be the fastest way, by the tuning. */
int32_t rgm_winograd_pays(const rgm_conv_shape *shape, int32_t direction, const rgm_winograd_tuning *tuning);
/* The better of both ways: with stride 1, RGM_WAY_WINOGRAD_2X2 where F(2x2) multiplies no more, which is on maps with
 * both sides 5 or 6 pixels, or one of 1 or 2. Its filters are 16/36 as large, its errors a third (half in backward
 * weights). */
int32_t rgm_winograd_best_way(const rgm_conv_shape *shape, int32_t direction);

/* Append the phases of a direction: x -> y, dy -> dx (overwritten), x and dy -> the weights' gradient. What is pending
 * on x is applied; y is finished, or its moments are gathered if wanted. RGM_E_NOMEM. */
rgm_status rgm_winograd_forward(const rgm_conv_site *site, int32_t way, rgm_source x, const rgm_store *store,
                                rgm_error *err);
rgm_status rgm_winograd_backward_data(const rgm_conv_site *site, int32_t way, rgm_buffer dy, rgm_buffer dx,
                                      rgm_error *err);
rgm_status rgm_winograd_backward_weights(const rgm_conv_site *site, int32_t way, rgm_source x, rgm_buffer dy,
                                         rgm_error *err);

/* ---- matrix products of our own: conv_direct.c; the same functions ---- */

/* 1x1 and 3x3, strides 1 and 2, padding up to half the window, one group, blocked layout; without bias in backward
 * weights. */
int32_t rgm_direct_can(const rgm_conv_shape *shape, int32_t direction);
/* 1 where it is faster than oneDNN, by the tuning. `saves`: with what it saves the batch norm that it gathers
 * moments for, forward, or sums, in backward data. */
int32_t rgm_direct_pays(const rgm_conv_shape *shape, int32_t direction, const rgm_direct_tuning *tuning, int32_t saves);
rgm_status rgm_direct_forward(const rgm_conv_site *site, rgm_source x, const rgm_store *store, rgm_error *err);
/* 1 if its backward data can gather sums: with stride 1, where it stores whole lines of an image. */
int32_t rgm_direct_gathers(const rgm_conv_shape *shape);
/* Gathers the sums of the batch norm before, if that is up to this convolution (rgm_sums_gatherer). */
rgm_status rgm_direct_backward_data(const rgm_conv_site *site, rgm_buffer dy, rgm_buffer dx, rgm_error *err);
rgm_status rgm_direct_backward_weights(const rgm_conv_site *site, rgm_source x, rgm_buffer dy, rgm_error *err);

/* ---- oneDNN: conv_onednn.c ---- */

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
