/* The kernel table.
 *
 * rgm_kernels_get() returns a complete, constant table for an ISA level, made at compile time. A kernel without a body
 * of its own in a level is the plain C reference's. A missing one does not compile. There is no global "current" table:
 * whoever computes gets a `const rgm_kernels *` passed in, and a test holds two at once.
 *
 * Same inputs, same table: same bits, wherever the arrays lie. generic16 and avx512 give the same bits as each other,
 * but for NaN payloads, and denormals where those are flushed. The other levels agree within the list's tolerances
 * only.
 *
 * kernels.def is the one list of kernels and documents each. This folder includes nothing of the rest of Regimen;
 * kernels know nothing of tensors, threads or errors.
 */
#ifndef RGM_KERNELS_KERNELS_H
#define RGM_KERNELS_KERNELS_H

#include <stddef.h>
#include <stdint.h>
#include "kernels/tuning.h"

/* A pooling window over an image of H x W pixels; OH = (H + 2*pad - R) / stride + 1, likewise OW. R*S <= 255. */
typedef struct rgm_pool_shape {
    int32_t H, W, OH, OW, R, S, stride, pad;
} rgm_pool_shape;

/* Forms of Winograd's algorithm for 3x3 convolutions (body_winograd.inc):
 *     stride 1    F(4x4, 3x3) and F(2x2, 3x3)
 *     stride 2    forward and backward weights; backward data with padding 0 and 1 of the convolution, for which the
 *                 shapes' pad is 1 and 0
 */
enum {
    RGM_WINO_4 = 0,
    RGM_WINO_2 = 1,
    RGM_WINO_STRIDED = 2,
    RGM_WINO_STRIDED_DATA_0 = 3,
    RGM_WINO_STRIDED_DATA_1 = 4,
    RGM_WINO_FORMS = 5
};

/* What a form has along a side; the table is in kernels.def. */
typedef struct rgm_wino_side {
    int32_t tile, patch, step, points, filters;
} rgm_wino_side;

static inline rgm_wino_side rgm_wino_side_of(int32_t form) {
    switch (form) {
    case RGM_WINO_4:
        return (rgm_wino_side){4, 6, 4, 6, 6};
    case RGM_WINO_2:
        return (rgm_wino_side){2, 4, 2, 4, 4};
    case RGM_WINO_STRIDED:
        return (rgm_wino_side){4, 9, 8, 9, 6};
    default:
        return (rgm_wino_side){8, 5, 4, 9, 6};
    }
}

/* A grid of tiles over an image of H x W pixels, `across` tiles wide. Patches of the image are loaded; the first begins
 * `pad` pixels above and left of it. */
typedef struct rgm_wino_shape {
    int32_t H, W, pad, across, form;
} rgm_wino_shape;

/* The pixels (h, w) = (stride * r + top, stride * q + left) of an image of H x W, with r = 0, 1, ... and
 * 0 <= q < across. One tap of a convolution reads them for its outputs, or one phase of a strided one writes them. */
typedef struct rgm_grid {
    int32_t H, W, stride, top, left, across;
} rgm_grid;

/* Which pixels or tiles of a grid a kernel takes, and where they go. It takes [first, first + count), numbered along
 * the grid's rows. `pitch` floats lie from one to the next. Winograd: the values of a tile are `point` floats apart. */
typedef struct rgm_grid_part {
    int64_t first, count, pitch;
} rgm_grid_part;
typedef struct rgm_wino_tiles {
    int32_t first, count;
    int64_t pitch, point;
} rgm_wino_tiles;

/* What is done to values with B channels when they are loaded or stored: scale*x + shift (one fma), then a ReLU if
 * `relu`. scale and shift are of B floats. A scale of NULL: nothing is done. */
typedef struct rgm_affine {
    const float *scale, *shift;
    int32_t relu;
} rgm_affine;

enum { RGM_MASK_NONE = 0, RGM_MASK_RECOMPUTE = 1, RGM_MASK_OUTPUT = 2 };

/* A batch norm's gradient, of one row of its input x. dy + dy2 (NULL: none) came in, and passes the ReLU's mask. y: the
 * forward output, read with RGM_MASK_OUTPUT alone. scale and shift are read with RGM_MASK_RECOMPUTE alone. */
typedef struct rgm_bn_bwd {
    const float *x, *y, *dy, *dy2;
    const float *scale, *shift, *mean; /* [B] */
    int32_t mask;                      /* RGM_MASK_* */
} rgm_bn_bwd;

/* An image of uint8: element (c, h, w) is `stride_c` * c + `stride_h` * h + `stride_w` * w bytes from the first. */
typedef struct rgm_u8_shape {
    int32_t C, H, W;
    int64_t stride_c, stride_h, stride_w;
} rgm_u8_shape;

/* Taps of a resize along a side: result i takes `count` values of the source from first[i] on, by weight[i][count].
 * first[i + 1] is at least first[i]. */
typedef struct rgm_taps {
    const int32_t *first;
    const float *weight;
    int32_t count;
} rgm_taps;
enum { RGM_RESIZE_TERMS = 512 }; /* most that a resize sums in single precision before they join the total */

/* Results of a resize: `rows` <= B rows of [W][C] bytes, `pitch` bytes apart. */
typedef struct rgm_resize_columns {
    int32_t rows, W, C;
    int64_t pitch;
} rgm_resize_columns;

/* Sizes of the matrix products (kernels.def); distances in floats. */
typedef struct rgm_gemm_blocks {
    int64_t blocks, rows, a_block, c_block;
    int32_t wide, accumulate;
} rgm_gemm_blocks;
typedef struct rgm_gemm_outer {
    int64_t depth, rows, a_row, b_row, b_block, c_row;
    int32_t wide, accumulate;
} rgm_gemm_outer;
typedef struct rgm_products_above {
    int64_t even, depth, rows, a_row, b_row, b_block;
    int32_t wide;
} rgm_products_above;

/* Filters between a convolution's weights and the order of its products. Filter (k, c) lies `lane` * k + `depth` * c
 * floats into the weights, for k < lanes <= B and c < n. In the products' order the lanes are side by side, and filters
 * (., c) `row` floats apart. Winograd: the form, 1 to turn filters by 180 degrees, and floats between the values of a
 * filter. */
typedef struct rgm_filters {
    int64_t n, lane, depth, row, point;
    int32_t lanes, form, flip;
} rgm_filters;

/* Partial results that are added in order: `count` >= 1 of them, `pitch` floats apart. */
typedef struct rgm_parts {
    int32_t count;
    int64_t pitch;
} rgm_parts;

/* Where wino_output gathers moments: four arrays of B doubles, `pitch` apart. fresh: they begin here. */
typedef struct rgm_wino_moments {
    double *at;
    int64_t pitch;
    int32_t fresh;
} rgm_wino_moments;

typedef struct rgm_kernels {
    const char *isa;          /* "reference", "generic16", "avx2", "avx512" */
    int32_t level;            /* RGM_ISA_* of base/cpu.h, the same numbers    */
    int32_t block;            /* B: channels in a block, 8 or 16              */
    const rgm_tuning *tuning; /* for who plans with them: the register tile, caches, which way pays */
#define K(name, arguments, tolerance, flops, bytes) void(*name) arguments;
#include "kernels/kernels.def"
#undef K
    /* Not of the list, for it computes nothing: it measures the machine's peak. n times 12 independent fused
     * multiply-adds of B lanes, 24*B*n operations. *out keeps the compiler from leaving it out. */
    void (*fma_probe)(int64_t n, float *out);
} rgm_kernels;

/* What the list says of each kernel, in its order: for kerncheck, benches and logs. */
typedef struct rgm_kernel_info {
    const char *name;
    size_t offset; /* of its pointer in rgm_kernels */
    double tolerance, flops, bytes;
} rgm_kernel_info;

extern const rgm_kernel_info rgm_kernel_list[];
extern const size_t rgm_kernel_count;

/* The table of ISA level 0..3 (reference, generic16, avx2, avx512), or NULL if this build does not have it. `reference`
 * has block 16; the AVX2 table falls back to reference kernels of block 8. Does not look at the CPU: running a level
 * the CPU lacks is the caller's mistake. [any thread] */
const rgm_kernels *rgm_kernels_get(int32_t level);

/* The plain C reference with block 8 or 16 (any other block: NULL). */
const rgm_kernels *rgm_kernels_reference(int32_t block);

#endif
