/* What the two files of Winograd's convolutions share. */
#ifndef RGM_NET_WINOGRAD_H
#define RGM_NET_WINOGRAD_H

#include "net/conv.h"

enum {
    TAPS = 9,
    SKEW = 16,      /* floats between points: else all points of a tile fall into one set of the cache */
    TILE_PARTS = 4, /* chunks that tiles transformed first are cut into, for each block */
};

/* What phases need to know of a form (RGM_WINO_*, kernels.h). */
typedef struct rgm_wino_tile {
    int32_t form, size, points; /* pixels of a side; values of a tile that are multiplied */
    int32_t filters;            /* distinct filters they are multiplied with */
} rgm_wino_tile;

static inline rgm_wino_tile rgm_winograd_tile(int32_t form) {
    switch (form) {
    case RGM_WINO_4:
        return (rgm_wino_tile){form, 4, 36, 36};
    case RGM_WINO_2:
        return (rgm_wino_tile){form, 2, 16, 16};
    case RGM_WINO_STRIDED:
        return (rgm_wino_tile){form, 4, 81, 36};
    default:
        return (rgm_wino_tile){form, 8, 81, 36};
    }
}

/* 1 if points have filters in common. */
static inline int32_t rgm_winograd_shares(rgm_wino_tile t) { return t.points != t.filters; }

/* The filter of a point (kernels.def). */
static inline int32_t rgm_winograd_filter(rgm_wino_tile t, int32_t point) {
    if (!rgm_winograd_shares(t)) return point;
    return 6 * (int32_t)rgm_least(point / 9, 5) + (int32_t)rgm_least(point % 9, 5);
}

/* 1 if a point before it has the same filter. */
static inline int32_t rgm_winograd_repeats(rgm_wino_tile t, int32_t point) {
    return rgm_winograd_shares(t) && (point / 9 > 5 || point % 9 > 5);
}

/* As many as `n` of F(4x4) have values: what memory or a cache has place for. */
static inline int32_t rgm_winograd_fit(rgm_wino_tile t, int32_t n) { return n * 36 / t.points; }

/* Of the products with so many tiles. */
static inline double rgm_winograd_flops(const rgm_conv_shape *s, rgm_wino_tile t, int32_t tiles) {
    return 2.0 * t.points * tiles * s->C * s->K;
}

static inline int32_t rgm_winograd_across(rgm_wino_tile t, int32_t pixels) { return (pixels + t.size - 1) / t.size; }

#endif
