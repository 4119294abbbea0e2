/* The engine: convolutions and matrix products on oneDNN. The only folder that includes dnnl.h (2.6 and 3.x).
 *
 * Everything is called on fixed groups of images from inside the team's chunks, where oneDNN sees one thread, so
 * results do not depend on the number of threads. Primitives are made once, with scratchpads in user mode: the caller
 * gives each worker its scratch. Layouts: activations nChw{B}c with the channels padded to blocks of B, the padding
 * lanes zero (the stem's input may be plain nchw); parameters and their gradients canonical OIHW (grouped:
 * [K][C/groups][R][S], K first), unpadded.
 *
 * A convolution is used like this, per step:
 *     pack weights    chunks 0..rgm_conv_pack_chunks(forward)     canonical -> packed
 *     forward         chunks 0..rgm_conv_groups(forward)          x, packed -> y
 *     pack weights    (for backward data)
 *     backward data   chunks 0..rgm_conv_groups(backward data)    dy, packed -> dx           (overwrites)
 *     backward weights chunks 0..rgm_conv_groups(backward weights) x, dy -> partials
 *     reduce          chunks 0..rgm_conv_reduce_chunks()          partials, in order -> dw canonical (overwrites)
 */
#ifndef RGM_ENGINE_ENGINE_H
#define RGM_ENGINE_ENGINE_H

#include <stddef.h>
#include "base/status.h"

typedef struct rgm_engine rgm_engine;
typedef struct rgm_conv rgm_conv;

/* Creates the engine for kernels of ISA level `isa` (RGM_ISA_*; oneDNN's own cap is set to match, process-wide, before
 * its first use: the first engine decides) and channel block `block` (4, 8 or 16). `workers`: the team's size; oneDNN
 * memory objects are mutable, so there is one set per worker. [main] */
rgm_status rgm_engine_create(rgm_engine **engine, int32_t isa, int32_t block, int32_t workers, rgm_error *err);
void rgm_engine_destroy(rgm_engine *engine); /* after its convolutions; NULL is fine */

/* 1: oneDNN keeps to the engine's ISA level. 0: the process' first engine was of a level with another cap, and oneDNN
 * keeps to that one. */
int32_t rgm_engine_capped(const rgm_engine *engine);

/* "oneDNN 2.6.3, avx512_core": for the log and the checkpoint. */
const char *rgm_engine_describe(const rgm_engine *engine);

enum { RGM_CONV_FORWARD = 0, RGM_CONV_BACKWARD_DATA = 1, RGM_CONV_BACKWARD_WEIGHTS = 2, RGM_CONV_DIRECTIONS = 3 };
enum { RGM_LAYOUT_BLOCKED = 0, RGM_LAYOUT_PLAIN = 1 }; /* nChw{B}c; nchw */

typedef struct rgm_conv_shape {
    int32_t N;       /* images in the batch */
    int32_t C, H, W; /* input */
    int32_t K, R, S; /* output channels, filter */
    int32_t stride, pad, groups;
    int32_t bias;        /* adds bias[K] in the forward pass; its gradient comes from rgm_conv_backward_weights */
    int32_t residual;    /* the forward pass adds a tensor like y */
    int32_t relu;        /* ... and then cuts at zero, in the team's threads. A NaN stays one, -inf becomes one */
    int32_t src_layout;  /* RGM_LAYOUT_*; RGM_LAYOUT_PLAIN only for the stem (groups 1) */
    int32_t winograd;    /* 1: by oneDNN's own Winograd in each direction that it has it for, directly in the others */
    uint32_t directions; /* bit 1 << RGM_CONV_*: those to prepare */
} rgm_conv_shape;

/* The better layout for a stem's input of C channels (plain where oneDNN has a jit forward kernel for it): fixed per
 * ISA, oneDNN version and shape. `shape->src_layout` is ignored. */
int32_t rgm_conv_stem_layout(rgm_engine *engine, const rgm_conv_shape *shape);

/* 1 if oneDNN has Winograd convolutions of its own for this engine: 2.x with AVX-512. */
int32_t rgm_engine_has_winograd(const rgm_engine *engine);

/* RGM_E_UNSUPPORTED if oneDNN refuses the shape. [main] */
rgm_status rgm_conv_create(rgm_conv **conv, rgm_engine *engine, const rgm_conv_shape *shape, rgm_error *err);
void rgm_conv_destroy(rgm_conv *conv);

/* Output size: (H + 2*pad - R) / stride + 1; 0: none, or none that 32 bits can say. */
int32_t rgm_conv_out(int32_t in, int32_t window, int32_t stride, int32_t pad);

/* Chunks of a direction: groups of images, a function of the shape only. Groups are sized so that a group is worth its
 * weights' traffic and, for backward weights, so that the partial results stay within 72 MiB (at least 4 unless the
 * batch is smaller). 512 images and more are 64 groups, unless that is too much memory. */
int32_t rgm_conv_groups(const rgm_conv *conv, int32_t direction);
int32_t rgm_conv_groups_equal(const rgm_conv *conv, int32_t direction); /* 1: all are of the same size */

/* Bytes: of the packed weights (forward, backward data) or of all partial results (backward weights). */
size_t rgm_conv_packed_bytes(const rgm_conv *conv, int32_t direction);
/* Bytes of scratch per worker, the maximum over the prepared directions. */
size_t rgm_conv_scratch_bytes(const rgm_conv *conv);
/* oneDNN's name of the implementation ("jit:avx512_core"). */
const char *rgm_conv_impl(const rgm_conv *conv, int32_t direction);

/* One chunk of a convolution, or one group of images, on a worker's behalf. scratch: rgm_conv_scratch_bytes() long; the
 * packing and the reduction have no need of it. */
typedef struct rgm_conv_call {
    rgm_conv *conv;
    int32_t chunk, worker;
    void *scratch;
} rgm_conv_call;

/* The whole batch's tensors, 64-byte aligned. residual: only with shape.residual, else NULL; it may be y, and costs a
 * copy if it is not. bias: NULL without. */
typedef struct rgm_conv_forward_args {
    const float *x, *bias, *residual;
    const void *packed;
    float *y;
} rgm_conv_forward_args;

/* The chunk functions. RGM_E_INTERNAL if the direction was not prepared, or there is no such chunk or worker. [worker]
 */
int32_t rgm_conv_pack_chunks(const rgm_conv *conv, int32_t direction);
/* scale[K]: factors of the output channels, multiplied into their weights; NULL: none. */
rgm_status rgm_conv_pack(const rgm_conv_call *call, int32_t direction, const float *w, const float *scale, void *packed,
                         rgm_error *err);
rgm_status rgm_conv_forward(const rgm_conv_call *call, const rgm_conv_forward_args *args, rgm_error *err);
rgm_status rgm_conv_backward_data(const rgm_conv_call *call, const float *dy, const void *packed, float *dx,
                                  rgm_error *err);
rgm_status rgm_conv_backward_weights(const rgm_conv_call *call, const float *x, const float *dy, void *partials,
                                     rgm_error *err);
int32_t rgm_conv_reduce_chunks(const rgm_conv *conv);
/* dw[K][C/groups][R][S] and, with bias, db[K] (NULL without). */
rgm_status rgm_conv_reduce(const rgm_conv_call *call, void *partials, float *dw, float *db, rgm_error *err);
/* The output channels whose gradients a chunk makes, [*from, *to); it may be none. */
void rgm_conv_reduce_rows(const rgm_conv *conv, int32_t chunk, int32_t *from, int32_t *to);

/* Sizes of a row-major matrix product C[m][n] = A*B, or C += A*B if `accumulate`. A is [m][k] with row pitch lda, or,
 * if trans_a, stored as [k][m]; B is [k][n] with pitch ldb, or, if trans_b, stored as [n][k]. Pitches in floats. */
typedef struct rgm_matmul_shape {
    int32_t trans_a, trans_b, accumulate;
    int64_t m, n, k, lda, ldb, ldc;
} rgm_matmul_shape;

/* A matrix product on the calling thread. The inner product's three directions are this with different transposes:
 *   y = x w^T (trans_b);   dx = dy w;   dw = dy^T x (trans_a).
 * RGM_E_INTERNAL for a negative size, or a pitch below the width. [worker] */
rgm_status rgm_matmul(const rgm_matmul_shape *shape, const float *a, const float *b, float *c, rgm_error *err);

#endif
