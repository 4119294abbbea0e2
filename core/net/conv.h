/* How the directions of a convolution are computed: internal to core/net.
 *
 * op_conv.c chooses an algorithm for each direction, from the shape alone (docs/ARCHITECTURE.md, "Convolutions"), and
 * asks it to append its phases. Each algorithm keeps what its phases need in states of its own.
 */
#ifndef RGM_NET_CONV_H
#define RGM_NET_CONV_H

#include "net/op.h"

/* One convolution of the graph: its node and its shape on the plan's batch. */
typedef struct rgm_conv_site {
    rgm_plan *plan;
    int32_t node;
    rgm_conv_shape shape;
} rgm_conv_site;

/* ---- reading ahead ----
 *
 * Products are bound by arithmetic, gathering their operands by memory: while a chunk multiplies, it brings what it is
 * going to store and what the next chunk is going to load into the second-level cache, a few lines before each product.
 * Which lines is a guess that costs nothing if it is wrong. */
typedef struct rgm_ahead {
    const char *base; /* of `ranges` ranges of `bytes`, `stride` bytes apart */
    int64_t ranges, stride, bytes;
    int64_t range, at; /* the line that is next */
} rgm_ahead;

/* Pixels [from, from + count) of a batch of images of `pixels` each, in blocks of B channels. */
static inline rgm_ahead rgm_ahead_of(const float *values, int64_t image_floats, int32_t blocks, int64_t pixels,
                                     int32_t B, int64_t from, int64_t count) {
    int64_t image = from / pixels, last = (from + count - 1) / pixels;
    const char *base = (const char *)(values + image * image_floats);
    if (count <= 0) return (rgm_ahead){.ranges = 0};
    if (last > image) return (rgm_ahead){base, 1, 0, (last + 1 - image) * image_floats * (int64_t)sizeof *values, 0, 0};
    int64_t pixel = B * (int64_t)sizeof *values;
    return (rgm_ahead){base + from % pixels * pixel, blocks, pixels * pixel, count * pixel, 0, 0};
}

/* A `calls`-th part of all lines, or what is left of them. */
static inline void rgm_ahead_step(rgm_ahead *a, int64_t calls) {
    if (a->range >= a->ranges) return;
    for (int64_t lines = (a->ranges * a->bytes / 64 + calls - 1) / calls; lines > 0; lines--) {
        __builtin_prefetch(a->base + a->range * a->stride + a->at, 0, 2);
        a->at += 64;
        if (a->at < a->bytes) continue;
        a->at = 0;
        if (++a->range >= a->ranges) return;
    }
}

/* ---- Winograd F(4x4, 3x3): conv_winograd.c ---- */

/* 1 if it can compute the direction at all: 3x3, stride 1, padding 0 or 1, one group, blocked layout; without bias in
 * backward weights. */
int32_t rgm_winograd_can(const rgm_conv_shape *shape, int32_t direction);
/* 1 if it is expected to be the fastest way (docs/ARCHITECTURE.md has the rule and why). */
int32_t rgm_winograd_pays(const rgm_conv_shape *shape, int32_t direction);

/* Append the phases of a direction: x -> y, dy -> dx (overwritten), x and dy -> the weights' gradient. What is pending
 * on x is applied; the moments of y are gathered if wanted. RGM_E_NOMEM. */
rgm_status rgm_winograd_forward(const rgm_conv_site *site, rgm_source x, rgm_buffer y, rgm_error *err);
rgm_status rgm_winograd_backward_data(const rgm_conv_site *site, rgm_buffer dy, rgm_buffer dx, rgm_error *err);
rgm_status rgm_winograd_backward_weights(const rgm_conv_site *site, rgm_source x, rgm_buffer dy, rgm_error *err);

/* ---- matrix products of our own: conv_direct.c; the same functions ---- */

/* 1x1 and 3x3, strides 1 and 2, padding up to half the window, one group, blocked layout; without bias in backward
 * weights. */
int32_t rgm_direct_can(const rgm_conv_shape *shape, int32_t direction);
int32_t rgm_direct_pays(const rgm_conv_shape *shape, int32_t direction);
rgm_status rgm_direct_forward(const rgm_conv_site *site, rgm_source x, rgm_buffer y, rgm_error *err);
rgm_status rgm_direct_backward_data(const rgm_conv_site *site, rgm_buffer dy, rgm_buffer dx, rgm_error *err);
rgm_status rgm_direct_backward_weights(const rgm_conv_site *site, rgm_source x, rgm_buffer dy, rgm_error *err);

/* ---- oneDNN: conv_onednn.c ---- */

typedef struct onednn rgm_onednn;

/* Makes the primitives of `directions` (bits 1 << RGM_CONV_*). RGM_E_UNSUPPORTED. */
rgm_status rgm_onednn_create(rgm_onednn **out, const rgm_conv_site *site, uint32_t directions, rgm_error *err);
const char *rgm_onednn_name(const rgm_onednn *onednn, int32_t direction); /* of the implementation */

rgm_status rgm_onednn_forward(rgm_onednn *onednn, const rgm_conv_site *site, rgm_buffer x, rgm_buffer y,
                              rgm_error *err);
rgm_status rgm_onednn_backward_data(rgm_onednn *onednn, const rgm_conv_site *site, rgm_buffer dy, rgm_buffer dx,
                                    rgm_error *err);
rgm_status rgm_onednn_backward_weights(rgm_onednn *onednn, const rgm_conv_site *site, rgm_buffer x, rgm_buffer dy,
                                       rgm_error *err);

#endif
