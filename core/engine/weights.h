/* Weights between their canonical order and a format of oneDNN. */
#ifndef RGM_ENGINE_WEIGHTS_H
#define RGM_ENGINE_WEIGHTS_H

#include "engine/shim.h"

/* Where a oneDNN weight format keeps each weight. Blocked formats are separable, so one loop serves every format. The
 * offset of weight (g, o, i, r, s) is g_at[g] + o_at[o] + tap_at[i*R*S + r*S + s], in floats. Padded positions (Gp, Op,
 * Ip) hold zeros in packed weights and nothing of value in gradients.
 *
 * Chunks cut the outer dimension (O, or the groups if there are several) into slabs of `slab` entries. */
typedef struct rgm_weights_map {
    int32_t G, O, I, taps;      /* canonical [G*O][I][taps], taps = R*S */
    int32_t Gp, Op, Ip;         /* padded */
    size_t *g_at, *o_at;        /* [Gp], [Op] */
    uint32_t *tap_at;           /* [Ip * taps] */
    size_t floats;              /* of the whole format */
    int32_t rows, slab, chunks; /* rows of the outer dimension, padded; per chunk; number of chunks */
    size_t row_floats;          /* floats per row if a slab is one contiguous piece, else 0 */
} rgm_weights_map;

/* `desc` as oneDNN chose it for weights of `groups` groups. RGM_E_UNSUPPORTED for a format that is not blocked. */
rgm_status rgm_weights_map_create(rgm_weights_map *map, const rgm_desc *desc, int32_t groups, rgm_error *err);
void rgm_weights_map_destroy(rgm_weights_map *map);

/* Chunk `chunk` of: packed <- w (with zeros in the padding; row k times scale[k] unless NULL). */
void rgm_weights_pack(const rgm_weights_map *map, int32_t chunk, const float *w, const float *scale, float *packed);

/* Chunk `chunk` of: w <- ((part 0 + part 1) + part 2) + ..., part p starting at parts + p * pitch floats. Uses part 0
 * for the sum. */
void rgm_weights_reduce(const rgm_weights_map *map, int32_t chunk, float *parts, size_t pitch, int32_t count, float *w);

/* The canonical rows [from, to) of [K] that chunk `chunk` owns. */
void rgm_weights_chunk_rows(const rgm_weights_map *map, int32_t chunk, int32_t *from, int32_t *to);

#endif
