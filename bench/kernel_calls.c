#include "bench/kernel_calls.h"

enum { N = RGM_CALL_FLOATS, ROW = 128 /* of matrices */, CLASSES = 1024, WEIGHTS = 9 };

#define F(i) (p->f[i])
#define B    (p->k->block)
#define L    (N / B) /* pixels of a row */

/* CALL(name, elements, arguments...) */
#define CALL(name, elements, ...)                                                                                      \
    static int64_t call_##name(const rgm_place *p) {                                                                   \
        p->k->name(__VA_ARGS__);                                                                                       \
        return elements;                                                                                               \
    }

/* ---- element-wise, reductions ---- */

CALL(relu_fwd, N, F(0), F(1), N)
CALL(relu_bwd, N, F(0), F(1), F(2), N)
CALL(leaky_fwd, N, F(0), 0.1f, F(1), N)
CALL(leaky_bwd, N, F(0), 0.1f, F(1), F(2), N)
CALL(sigmoid_fwd, N, F(0), F(1), N)
CALL(sigmoid_bwd, N, F(0), F(1), F(2), N)
CALL(tanh_fwd, N, F(0), F(1), N)
CALL(tanh_bwd, N, F(0), F(1), F(2), N)
CALL(add, N, F(0), F(1), F(2), N)
CALL(scale, N, 1, F(0), N)
CALL(axpy, N, 0x1p-20f, F(3), F(1), N)
CALL(bias_add, N, F(3), F(1), N / ROW, ROW)
CALL(sum, N, F(0), N, p->d)
CALL(sumsq, N, F(0), N, p->d)
CALL(dot, N, F(0), F(1), N, p->d)
CALL(absmax, N, F(0), N, F(5))
CALL(col_sum, N, F(0), N / ROW, ROW, p->d)
CALL(opt_sgd, N, F(0), F(1), F(2), N, 0, 0.9f, 0, 1, 0)
CALL(opt_adam, N, F(0), F(1), F(2), F(3), N, 0, 0.9f, 0.999f, 1, 1e-8f)

/* ---- batch norm: as a residual join has it ---- */

CALL(bn_stats, N, F(0), L, F(5), p->d, p->d + B)
#define LOAD (&(rgm_affine){F(4), F(5), 1})
CALL(bn_fwd, N, F(0), LOAD, F(1), NULL, F(2), L)
#define OF_OUTPUT (&(rgm_bn_bwd){.x = F(0), .y = F(1), .dy = F(2), .mean = F(5), .mask = RGM_MASK_OUTPUT})
#define AGAIN     (&(rgm_bn_bwd){.x = F(0), .dy = F(1), .scale = F(4), .shift = F(5), .mask = RGM_MASK_RECOMPUTE})
CALL(bn_bwd_reduce, N, OF_OUTPUT, F(3), L, p->d, p->d + B)
CALL(bn_bwd_apply, N, AGAIN, F(4), F(5), F(5), F(2), L)

/* ---- pools: 3x3, stride 2, on an image of N floats. An element is a pixel of the input or the output, half of each,
 *      which makes the list's bytes those that are moved ---- */

#define POOL   (&(rgm_pool_shape){L / 32, 32, L / 64, 16, 3, 3, 2, 1})
#define POOLED (N / 8 * 5)
CALL(maxpool_fwd, POOLED, F(0), POOL, F(1), p->u[1])
CALL(maxpool_bwd, POOLED, F(0), p->u[1], POOL, F(1))
CALL(avgpool_fwd, POOLED, F(0), POOL, F(1))
CALL(avgpool_bwd, POOLED, F(0), POOL, F(1))
CALL(gap_fwd, N, F(0), L, F(1))
CALL(gap_bwd, N, F(0), L, F(1))

/* ---- losses: several rows a call ---- */

static int64_t call_softmax_xent(const rgm_place *p) {
    for (int64_t i = 0; i < N; i += CLASSES) p->k->softmax_xent(F(0) + i, F(3) + i, CLASSES, 1, F(5), F(1) + i);
    return N;
}

static int64_t call_softmax(const rgm_place *p) {
    for (int64_t i = 0; i < N; i += CLASSES) p->k->softmax(F(0) + i, CLASSES, F(1) + i);
    return N;
}

CALL(sigmoid_xent, N, F(0), F(3), N, 1, F(1), F(2))

/* ---- input: images of three channels; the padding's lanes count for nothing ---- */

enum { SIDE = 16, PIXELS = 3 * SIDE * SIDE, LARGE = 48 };
#define HWC(side) (&(rgm_u8_shape){3, side, side, 1, 3 * (side), 3})
CALL(pack_u8_plane, 3 * LARGE * LARGE, p->u[0], HWC(LARGE), F(4), F(5), F(1))
CALL(pack_u8_block, PIXELS, p->u[0], HWC(SIDE), F(4), F(5), F(1))
CALL(crop_flip_u8, 3 * LARGE * LARGE, p->u[0], 3 * LARGE, LARGE, LARGE, 3, -2, 3, 1, p->u[0], p->u[1], LARGE, LARGE)
CALL(block_from_plane, N, F(0), 64, N / 64, F(1))
CALL(plane_from_block, N, F(0), 64, N / 64, F(1))

/* ---- resizing: 2 to 1, four taps; the values' range does not matter ---- */

enum { RESULTS = 84, NARROW = 224 };
static const int32_t every_second[RESULTS] = {
#define FOUR(i)    i, i + 2, i + 4, i + 6
#define SIXTEEN(i) FOUR(i), FOUR(i + 8), FOUR(i + 16), FOUR(i + 24)
    SIXTEEN(0), SIXTEEN(32), SIXTEEN(64), SIXTEEN(96), SIXTEEN(128), FOUR(160)};
#define TAPS (&(rgm_taps){every_second, F(4), 4})
CALL(resize_rows_u8, 4 * NARROW * B, p->u[0], NARROW, TAPS, B, F(1), NARROW)
#define COLUMNS (&(rgm_resize_columns){B, RESULTS, 3, 3 * RESULTS})
CALL(resize_columns_u8, 4 * 3 * RESULTS * B, F(3), TAPS, COLUMNS, p->u[1])

/* ---- matrix products: 64 channels by two blocks of filters; 48 tiles of 64 channels by two blocks of others ---- */

#define ROWS   (p->k->tuning->rows)
#define BLOCKS (&(rgm_gemm_blocks){64 / B, ROWS, ROWS * B, ROWS * B, 2, 0})
#define OUTER  (&(rgm_gemm_outer){48, 64, 64, 64, B, 64, 2, 1})
CALL(gemm_blocks, ROWS * 64 * 2 * B, BLOCKS, F(0), F(1), F(2), F(0))
CALL(gemm_outer, 48 * 64 * 2 * B, OUTER, F(0), F(1), F(2), F(0))
#define ABOVE (&(rgm_products_above){22, 34, 48, 48, B, 34 * B, 2})
CALL(products_above, 48 * 34 * 2 * B, ABOVE, F(0), F(1), F(2), (uint32_t *)(void *)p->u[0])

/* ---- grids and filters: a tap of a 3x3 window; 1x1 filters ---- */

#define GRID        (&(rgm_grid){L / 32, 32, 1, -1, -1, 32})
#define WHOLE       (&(rgm_grid_part){0, L, B})
#define FILTERS_1X1 (&(rgm_filters){.n = L, .lane = L, .depth = 1, .row = B, .lanes = B})
CALL(grid_load, N, F(0), LOAD, GRID, WHOLE, F(1))
CALL(grid_store, N, F(0), GRID, WHOLE, F(1))
CALL(pack_filters, N, F(0), FILTERS_1X1, F(1))
CALL(unpack_filters, N, F(0), FILTERS_1X1, &(rgm_parts){1, 0}, F(1), p->d)

/* ---- Winograd: images of whole tiles, whose 36 values are 2.25 times as many; 3x3 filters ---- */

enum { FILTERS = 14 };
#define TILED   (&(rgm_wino_shape){TILES, 16, 1, 4, RGM_WINO_4})
#define TILES   (192 / B)
#define PATCH   (TILES * 16 * B)
#define FILTER  (FILTERS * B * WEIGHTS)
#define ALL     (&(rgm_wino_tiles){0, TILES, B, TILES * B})
#define MOMENTS (&(rgm_wino_moments){p->d, 64, 1})
CALL(wino_input, PATCH, F(0), LOAD, TILED, ALL, F(1))
CALL(wino_grad, PATCH, F(0), TILED, ALL, F(1))
CALL(wino_output, PATCH, F(0), ALL, NULL, TILED, F(1), MOMENTS)
CALL(wino_finish, PATCH, F(0), ALL, LOAD, F(3), TILED, F(1))
#define FILTERS_3X3 (&(rgm_filters){FILTERS, FILTERS * WEIGHTS, WEIGHTS, B, FILTERS * B, B, RGM_WINO_4, 0})
CALL(wino_filter, FILTER, F(0), FILTERS_3X3, F(1))
CALL(wino_filter_grad, FILTER, F(0), FILTERS_3X3, &(rgm_parts){1, 0}, F(1), p->d)

const rgm_kernel_call rgm_kernel_calls[] = {
#define K(name, arguments, tolerance, flops, bytes) call_##name,
#include "kernels/kernels.def"
#undef K
};
