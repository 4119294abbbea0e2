/* What the two files of Winograd's convolutions share. */
#ifndef RGM_NET_WINOGRAD_H
#define RGM_NET_WINOGRAD_H

#include "net/conv.h"

enum {
    TAPS = 9,
    SKEW = 16,      /* floats between points: else all points of a tile fall into one set of the cache */
    STAGE = 1024,   /* tiles of F(4x4) transformed at a time where channels are many */
    TILE_PARTS = 4, /* chunks to cut them into, for each block */
};

/* The size of a tile and how many values it is transformed to. */
typedef struct rgm_wino_tile {
    int32_t side, points;
} rgm_wino_tile;

static inline rgm_wino_tile rgm_winograd_tile(int32_t side) { return (rgm_wino_tile){side, (side + 2) * (side + 2)}; }

/* As many as `n` of F(4x4) have values: what memory or a cache has place for. */
static inline int32_t rgm_winograd_fit(rgm_wino_tile t, int32_t n) { return n * 36 / t.points; }

/* Tiles in a span whose `floats` values a tile and point fit into the share of the second-level cache that is theirs:
 * that of 2 MiB with 16 lanes, of 512 KiB with 8. */
static inline int32_t rgm_winograd_span(const rgm_kernels *k, rgm_wino_tile t, int64_t floats) {
    int64_t cache = k->block == 16 ? 800 << 10 : 300 << 10, rows = k->rows;
    int64_t tiles = cache / (int64_t)sizeof(float) / t.points / floats / rows * rows;
    return (int32_t)rgm_least(192, rgm_most(rows, tiles));
}

/* Of the products with so many tiles. */
static inline double rgm_winograd_flops(const rgm_conv_shape *s, rgm_wino_tile t, int32_t tiles) {
    return 2.0 * t.points * tiles * s->C * s->K;
}

static inline int32_t rgm_winograd_across(rgm_wino_tile t, int32_t pixels) { return (pixels + t.side - 1) / t.side; }

#endif
