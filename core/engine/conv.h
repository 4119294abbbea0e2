/* A convolution: oneDNN's primitives for one shape, in the directions that are asked for.
 *
 * A convolution is used like this, per step:
 *     pack weights    chunks 0..rgm_conv_pack_chunks(forward)     canonical -> packed
 *     forward         chunks 0..rgm_conv_groups(forward)          x, packed -> y
 *     pack weights    (for backward data)
 *     backward data   chunks 0..rgm_conv_groups(backward data)    dy, packed -> dx           (overwrites)
 *     backward weights chunks 0..rgm_conv_groups(backward weights) x, dy -> partials
 *     reduce          chunks 0..rgm_conv_reduce_chunks()          partials, in order -> dw canonical (overwrites)
 */
#ifndef RGM_ENGINE_CONV_H
#define RGM_ENGINE_CONV_H

#include "engine/engine.h"
#include "engine/shape.h"

typedef struct rgm_conv rgm_conv;

/* The better layout for a stem's input of C channels. It is plain where oneDNN has a jit forward kernel for it. Fixed
 * per ISA, oneDNN version and shape. `shape->src_layout` is ignored. */
int32_t rgm_conv_stem_layout(rgm_engine *engine, const rgm_conv_shape *shape);

/* RGM_E_UNSUPPORTED if oneDNN refuses the shape. [main] */
rgm_status rgm_conv_create(rgm_conv **conv, rgm_engine *engine, const rgm_conv_shape *shape, rgm_error *err);
void rgm_conv_destroy(rgm_conv *conv);

/* Chunks of a direction: groups of images, a function of the shape only (rgm_conv_group_images). */
int32_t rgm_conv_groups(const rgm_conv *conv, int32_t direction);
int32_t rgm_conv_groups_equal(const rgm_conv *conv, int32_t direction); /* 1: all are of the same size */

/* Bytes: of the packed weights (forward, backward data) or of all partial results (backward weights). */
size_t rgm_conv_packed_bytes(const rgm_conv *conv, int32_t direction);
/* Bytes of scratch per worker, the maximum over the prepared directions. */
size_t rgm_conv_scratch_bytes(const rgm_conv *conv);
/* oneDNN's name of the implementation ("jit:avx512_core"). */
const char *rgm_conv_impl(const rgm_conv *conv, int32_t direction);

/* Chunks of a packing, and of the reduction. */
int32_t rgm_conv_pack_chunks(const rgm_conv *conv, int32_t direction);
int32_t rgm_conv_reduce_chunks(const rgm_conv *conv);
/* The output channels whose gradients a chunk makes, [*from, *to); it may be none. */
void rgm_conv_reduce_rows(const rgm_conv *conv, int32_t chunk, int32_t *from, int32_t *to);

#endif
