/* What the two files of Winograd's convolutions share. */
#ifndef RGM_NET_WINOGRAD_H
#define RGM_NET_WINOGRAD_H

#include "net/conv.h"

enum {
    POINTS = 36,
    SIDE = 4,
    TAPS = 9,
    SKEW = 16,      /* floats between points: else all points of a tile fall into one set of the cache */
    STAGE = 1024,   /* tiles transformed at a time where channels are many */
    TILE_PARTS = 4, /* chunks to cut them into, for each block */
};

/* Tiles in a span whose `floats` values a tile and point fit into the share of the second-level cache that is theirs:
 * that of 2 MiB with 16 lanes, of 512 KiB with 8. */
static inline int32_t rgm_winograd_span(const rgm_kernels *k, int64_t floats) {
    int64_t cache = k->block == 16 ? 800 << 10 : 300 << 10, rows = k->rows;
    int64_t tiles = cache / (int64_t)(POINTS * sizeof(float)) / floats / rows * rows;
    return (int32_t)rgm_least(192, rgm_most(rows, tiles));
}

/* Of the products with so many tiles. */
static inline double rgm_winograd_flops(const rgm_conv_shape *s, int32_t tiles) {
    return 2.0 * POINTS * tiles * s->C * s->K;
}

static inline int32_t rgm_winograd_across(int32_t pixels) { return (pixels + SIDE - 1) / SIDE; }

#endif
