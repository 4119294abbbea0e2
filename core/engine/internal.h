/* What the engine's own files share; no other room includes this. */
#ifndef RGM_ENGINE_INTERNAL_H
#define RGM_ENGINE_INTERNAL_H

#include "engine/conv.h"
#include "engine/shim.h"
#include "engine/weights.h"

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

static inline size_t rgm_round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

/* conv.c. Looks whether there is a Winograd convolution. */
int32_t rgm_conv_try_winograd(rgm_engine *engine);

#endif
