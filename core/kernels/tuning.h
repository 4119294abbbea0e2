/* What the planner has to know of an instruction set beyond its kernels. This is the register tile, the caches of its
 * machines, and where each way to compute a convolution pays.
 *
 * A table of kernels points to its tuning (rgm_kernels.tuning). Whoever plans reads sizes and limits there, and asks
 * nowhere which instruction set it is. So another set is another table. A test can plan for a machine that it does not
 * have. It copies a kernel table and points the copy to a tuning of its own.
 *
 * Two kinds of numbers stand here. Limits (who computes which direction) decide a result's bits. Sizes decide how work
 * is cut into chunks, and through the sums over chunks most of them decide bits as well. So a number is changed
 * knowingly: tests/bits and tests/check_tuning.c notice.
 */
#ifndef RGM_KERNELS_TUNING_H
#define RGM_KERNELS_TUNING_H

#include <stdint.h>

/* The most lanes of any instruction set: the length of an array that holds one value for each channel of a block. */
enum { RGM_LANES_MOST = 16 };

/* When a way pays for a direction: all conditions that are named must hold. */
enum {
    RGM_PAYS_ALWAYS = 0,
    RGM_PAYS_BESIDE_NORM = 1, /* a batch norm is next to it, and spared a pass over memory: the one that follows the
                                 convolution, or in backward data the one before it */
    RGM_PAYS_STRIDE_1 = 2,
    RGM_PAYS_WIDENING = 4, /* more channels go out than come in */
    RGM_PAYS_NEVER = 8
};

/* Matrix products of our own (conv/direct.h). */
typedef struct rgm_direct_tuning {
    /* 1x1: the channels that both sides have at least, and RGM_PAYS_* of each direction. */
    int32_t channels;
    uint32_t forward, backward_data, backward_weights;
    /* 3x3 with stride 2, backward weights: input times output channels from which on it pays; 0: never. */
    int64_t strided_channels;

    /* Forward and backward data. span_bytes: of the second-level cache, for a span of gathered pixels. span_pixels: its
     * most pixels. depth: input channels times taps whose filters the first-level cache holds. */
    int64_t span_bytes;
    int32_t span_pixels, depth;
    /* Backward weights.
     *     panel_in, panel_out    input and output channels of a panel, whose products the second-level cache holds
     *     slice_most             the most pixels of a slice; the first-level cache holds two blocks of their outputs
     *     slice_least            the pixels of an image from which on it is cut into slices
     */
    int32_t panel_in, panel_out, slice_most, slice_least;
    /* Backward weights. 1: inputs are read where they are, for a tile of one block's channels is nearly as fast as a
     * whole register tile. 0: they are gathered. */
    int32_t in_place;
} rgm_direct_tuning;

/* Winograd's convolutions (conv/winograd.h). Strided ones have a form of their own. */
typedef struct rgm_winograd_tuning {
    int32_t channels, strided_channels; /* that both sides have at least where it pays */
    /* Strided: twelfths of direct summation's products that may be left; on outputs of up to `small_map` pixels, where
     * direct convolutions are slow, more may be. */
    int32_t strided_left, small_left, small_map;

    /* Input times output channels up to which all filters are transformed first, and tiles in spans. */
    int64_t few;
    /* Bytes of the second-level cache for a span of tiles; its most tiles. */
    int64_t span_bytes;
    int32_t span_tiles;
    /* Many channels, for F(4x4): tiles of a stage; input blocks whose filters are in the cache with their products. */
    int32_t stage_tiles, filter_blocks;
    /* Backward weights: channels of a panel where the second-level cache has room for it, and where not. */
    int32_t panel_wide, panel_narrow;
} rgm_winograd_tuning;

typedef struct rgm_tuning {
    int32_t lanes; /* channels of a block, at most RGM_LANES_MOST; the kernel table's `block` */
    int32_t rows;  /* of a register tile: matrix products like multiples of it */
    int64_t cache; /* bytes of a core's second-level cache where the plan is not told */
    rgm_direct_tuning direct;
    rgm_winograd_tuning winograd;
    /* For the estimate of plan/chunks.h, of one core: floating-point operations and bytes a second; seconds of a
     * barrier. */
    double flops, bytes, barrier;
} rgm_tuning;

/* One for each instruction set. The levels for tests have the tuning, and so the plans, of those they stand in for:
 *     AVX-512    generic16 and the reference of 16 lanes
 *     AVX2       the reference of 8 lanes
 */
extern const rgm_tuning rgm_tuning_avx2;
extern const rgm_tuning rgm_tuning_avx512;

#endif
