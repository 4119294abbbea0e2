/* The forms of Winograd's algorithm, as those who plan with them see them. kernels.def has their table. */
#ifndef RGM_CONV_WINOGRAD_TILE_H
#define RGM_CONV_WINOGRAD_TILE_H

#include "conv/side.h"
#include "conv/slice.h"

enum {
    RGM_WINO_TAPS = 9,
    RGM_WINO_TILE_PARTS = 4 /* chunks that tiles transformed first are cut into, for each block */
};

/* The form (RGM_WINO_*, kernels.h) that a way of Winograd's takes in a direction. */
int32_t rgm_winograd_form(const rgm_conv_shape *shape, int32_t way, int32_t direction);

/* What phases need to know of a form. */
typedef struct rgm_wino_tile {
    int32_t form;
    rgm_wino_side side;
    int32_t points, filters; /* values of a tile that are multiplied; distinct filters that they are multiplied with */
} rgm_wino_tile;

static inline rgm_wino_tile rgm_winograd_tile(int32_t form) {
    rgm_wino_side s = rgm_wino_side_of(form);
    return (rgm_wino_tile){form, s, s.points * s.points, s.filters * s.filters};
}

/* 1 if points have filters in common. */
static inline int32_t rgm_winograd_shares(rgm_wino_tile t) { return t.points != t.filters; }

/* The filter of a point (kernels.def). */
static inline int32_t rgm_winograd_filter(rgm_wino_tile t, int32_t point) {
    int32_t P = t.side.points, F = t.side.filters;
    return F * (int32_t)rgm_least(point / P, F - 1) + (int32_t)rgm_least(point % P, F - 1);
}

/* 1 if a point before it has the same filter. */
static inline int32_t rgm_winograd_repeats(rgm_wino_tile t, int32_t point) {
    return point / t.side.points >= t.side.filters || point % t.side.points >= t.side.filters;
}

/* Tiles that have as many values as `n` tiles of F(4x4): what memory or a cache has place for. */
static inline int32_t rgm_winograd_fit(rgm_wino_tile t, int32_t n) { return n * 36 / t.points; }

/* Tiles along a side of so many pixels. */
static inline int32_t rgm_winograd_across(rgm_wino_tile t, int32_t pixels) {
    return (pixels + t.side.tile - 1) / t.side.tile;
}

/* Floating-point operations of the products with so many tiles. */
static inline double rgm_winograd_flops(const rgm_conv_shape *s, rgm_wino_tile t, int32_t tiles) {
    return 2.0 * t.points * tiles * s->C * s->K;
}

#endif
