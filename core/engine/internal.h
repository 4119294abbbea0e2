/* What the engine's own files share; no other room includes this. */
#ifndef RGM_ENGINE_INTERNAL_H
#define RGM_ENGINE_INTERNAL_H

#include "engine/engine.h"
#include "engine/shim.h"

#define RGM_ENGINE_ALIGN 64 /* bytes, of every piece of scratch and of each partial result */

struct rgm_engine {
    dnnl_engine_t engine;
    dnnl_primitive_attr_t attr; /* scratchpad in user mode */
    dnnl_stream_t *streams;     /* [workers] */
    int32_t isa, block, workers;
    int32_t capped;   /* rgm_engine_capped() */
    int32_t winograd; /* oneDNN has Winograd convolutions */
    char text[96];
};

/* Where a oneDNN weight format keeps each weight. Blocked formats are separable: the offset of weight (g, o, i, r, s)
 * is g_at[g] + o_at[o] + tap_at[i*R*S + r*S + s], in floats; so one loop serves every format. Padded positions
 * (Gp, Op, Ip) hold zeros in packed weights and nothing of value in gradients.
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

/* A direction on a fixed number of images: a whole group, or the ragged last one. */
typedef struct rgm_conv_part {
    int32_t images;
    dnnl_primitive_t primitive;
    size_t scratchpad; /* bytes */
    struct rgm_conv_memories {
        dnnl_memory_t src, weights, bias, dst, scratchpad;
    } * memories; /* [workers]: their handles are set before each execution */
} rgm_conv_part;

typedef struct rgm_conv_direction {
    int32_t ready, groups, images; /* prepared; image groups; images of a whole one */
    int32_t src_block, dst_block;  /* the primitive's activation layouts: nChw{B}c, 1 is nchw */
    rgm_conv_part part[2];         /* whole groups; the last one if it is smaller */
    int32_t winograd;              /* computed by oneDNN's Winograd */
    rgm_weights_map map;
    size_t weights_bytes, part_bytes; /* of the packed weights; of a partial result with its bias */
    char impl[64];
} rgm_conv_direction;

struct rgm_conv {
    rgm_engine *engine;
    rgm_conv_shape shape;
    int32_t OH, OW;
    int32_t src_block, dst_block; /* the caller's layouts */
    size_t scratch;               /* bytes per worker */
    dnnl_primitive_attr_t finish; /* the engine's attributes and what the forward pass ends with; NULL: nothing */
    rgm_conv_direction direction[RGM_CONV_DIRECTIONS];
};

/* Attributes of every primitive: the scratchpad is the caller's. */
dnnl_status_t rgm_engine_attributes(dnnl_primitive_attr_t *attr);

/* Floats of one image of C channels of H*W pixels in nChw{block}c. */
size_t rgm_image_floats(int32_t C, int32_t block, int32_t H, int32_t W);

static inline size_t rgm_round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

/* Looks whether there is a Winograd convolution. */
int32_t rgm_conv_try_winograd(rgm_engine *engine);

/* Images of a whole group by Winograd: few groups, for each transforms the filters again. */
int32_t rgm_conv_winograd_images(const rgm_conv_shape *shape);

/* Images of a whole group; see engine.h. `weights` is the number of weights, padded. */
int32_t rgm_conv_group_images(const rgm_conv_shape *shape, int32_t direction, int64_t pixels, size_t weights);

#endif
