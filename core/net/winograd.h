/* What the two files of Winograd's convolutions share. */
#ifndef RGM_NET_WINOGRAD_H
#define RGM_NET_WINOGRAD_H

#include "net/conv.h"

enum {
    TAPS = 9,
    SKEW = 16,      /* floats between points: else all points of a tile fall into one set of the cache */
    TILE_PARTS = 4, /* chunks that tiles transformed first are cut into, for each block */
};

/* The size of a tile and how many values it is transformed to. */
typedef struct rgm_wino_tile {
    int32_t size, points;
} rgm_wino_tile;

static inline rgm_wino_tile rgm_winograd_tile(int32_t size) { return (rgm_wino_tile){size, (size + 2) * (size + 2)}; }

/* As many as `n` of F(4x4) have values: what memory or a cache has place for. */
static inline int32_t rgm_winograd_fit(rgm_wino_tile t, int32_t n) { return n * 36 / t.points; }

/* Of the products with so many tiles. */
static inline double rgm_winograd_flops(const rgm_conv_shape *s, rgm_wino_tile t, int32_t tiles) {
    return 2.0 * t.points * tiles * s->C * s->K;
}

static inline int32_t rgm_winograd_across(rgm_wino_tile t, int32_t pixels) { return (pixels + t.size - 1) / t.size; }

#endif
