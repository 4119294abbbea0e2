#include "engine/weights.h"

#include <stdlib.h>
#include <string.h>
#include "engine/internal.h"

enum {
    ROW_TILE = 16,         /* rows packed together: a block of oneDNN's, whose cache lines are then written at once */
    CHUNK_WEIGHTS = 16384, /* a chunk is at least about this many weights */
    SUM_TILE = 2048        /* floats summed at a time: they stay in the first-level cache over all partial results */
};

/* The place of position `p` of dimension `d`: one summand of an element's offset. */
static size_t offset_of(const rgm_desc_layout *layout, int32_t d, int64_t p) {
    int64_t place = 0, stride = 1;
    for (int32_t i = layout->inner - 1; i >= 0; i--) {
        if (layout->inner_dims[i] == d) {
            place += p % layout->inner_blocks[i] * stride;
            p /= layout->inner_blocks[i];
        }
        stride *= layout->inner_blocks[i];
    }
    return (size_t)(place + p * layout->strides[d]);
}

static int64_t inner_block(const rgm_desc_layout *layout, int32_t d) {
    int64_t block = 1;
    for (int32_t i = 0; i < layout->inner; i++)
        if (layout->inner_dims[i] == d) block *= layout->inner_blocks[i];
    return block;
}

/* Cuts dimension `d` (the groups, or O) into slabs of whole blocks. */
static void plan_chunks(rgm_weights_map *map, const rgm_desc_layout *layout, int32_t d) {
    int32_t block = (int32_t)inner_block(layout, d);
    int32_t unit = block > ROW_TILE || map->G > 1 ? block : ROW_TILE;
    map->rows = (int32_t)layout->padded[d];
    size_t weights_per_row = map->floats / (size_t)map->rows;
    int32_t least = (int32_t)(CHUNK_WEIGHTS / (weights_per_row ? weights_per_row : 1)) + 1;
    map->slab = (int32_t)rgm_round_up((size_t)least, (size_t)unit);
    map->chunks = (map->rows + map->slab - 1) / map->slab;
    /* A slab is one piece if the dimension is outermost and whole blocks of it follow one another. */
    int64_t outer = map->rows / block;
    map->row_floats = map->slab % block == 0 && (size_t)(layout->strides[d] * outer) == map->floats
                          ? (size_t)layout->strides[d] / (size_t)block
                          : 0;
    if (map->row_floats * (size_t)block != (size_t)layout->strides[d]) map->row_floats = 0;
}

static rgm_status fill_tables(rgm_weights_map *map, const rgm_desc_layout *layout, int32_t o_dim, rgm_error *err) {
    int32_t S = (int32_t)layout->dims[o_dim + 3];
    map->g_at = calloc((size_t)map->Gp, sizeof *map->g_at);
    map->o_at = calloc((size_t)map->Op, sizeof *map->o_at);
    map->tap_at = calloc((size_t)map->Ip * (size_t)map->taps, sizeof *map->tap_at);
    if (!map->g_at || !map->o_at || !map->tap_at)
        return rgm_fail(err, RGM_E_NOMEM, "engine: no memory for a weight format's tables");
    for (int32_t g = 0; g < map->Gp && o_dim; g++) map->g_at[g] = offset_of(layout, 0, g);
    for (int32_t o = 0; o < map->Op; o++) map->o_at[o] = offset_of(layout, o_dim, o);
    for (int32_t i = 0; i < map->Ip; i++)
        for (int32_t t = 0; t < map->taps; t++)
            map->tap_at[i * map->taps + t] =
                (uint32_t)(offset_of(layout, o_dim + 1, i) + offset_of(layout, o_dim + 2, t / S) +
                           offset_of(layout, o_dim + 3, t % S));
    return RGM_OK;
}

/* 1 if what is counted here in 32 bits fits, the end of a tile or slab behind the last one too: weights of an output
 * channel, rows, and, without a sign, places in the format. */
static int32_t fits(const rgm_desc_layout *layout, int32_t o, size_t floats) {
    int64_t taps = layout->dims[o + 2] * layout->dims[o + 3];
    return floats <= UINT32_MAX &&
           (layout->padded[o + 1] + ROW_TILE) * (taps < INT32_MAX ? taps : INT32_MAX) <= INT32_MAX &&
           layout->padded[0] <= INT32_MAX / 2 && layout->padded[o] <= INT32_MAX / 2;
}

rgm_status rgm_weights_map_create(rgm_weights_map *map, const rgm_desc *desc, int32_t groups, rgm_error *err) {
    *map = (rgm_weights_map){0};
    rgm_desc_layout layout = {0};
    dnnl_status_t got = rgm_desc_layout_get(desc, &layout);
    if (got != dnnl_success) return rgm_dnnl_fail(err, got, "reading a weight format");
    int32_t o = groups > 1; /* index of dimension O */
    if (layout.ndims != o + 4 || layout.padded[o + 2] != layout.dims[o + 2] ||
        layout.padded[o + 3] != layout.dims[o + 3])
        return rgm_fail(err, RGM_E_UNSUPPORTED, "oneDNN: a weight format with a padded filter window");
    if (!fits(&layout, o, rgm_desc_bytes(desc) / sizeof(float)))
        return rgm_fail(
            err, RGM_E_UNSUPPORTED,
            "convolution: more weights than can be counted: %lld x %lld x %lld x %lld (at most 16 GB, and 8 "
            "GB of an output channel)",
            (long long)layout.dims[o], (long long)layout.dims[o + 1], (long long)layout.dims[o + 2],
            (long long)layout.dims[o + 3]);

    map->G = groups;
    map->O = (int32_t)layout.dims[o];
    map->I = (int32_t)layout.dims[o + 1];
    map->taps = (int32_t)(layout.dims[o + 2] * layout.dims[o + 3]);
    map->Gp = groups > 1 ? (int32_t)layout.padded[0] : 1;
    map->Op = (int32_t)layout.padded[o];
    map->Ip = (int32_t)layout.padded[o + 1];
    map->floats = rgm_desc_bytes(desc) / sizeof(float);
    plan_chunks(map, &layout, 0);
    rgm_status status = fill_tables(map, &layout, o, err);
    if (status < 0) rgm_weights_map_destroy(map);
    return status;
}

void rgm_weights_map_destroy(rgm_weights_map *map) {
    free(map->g_at);
    free(map->o_at);
    free(map->tap_at);
    *map = (rgm_weights_map){0};
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* Rows o0..o1 of group g. */
typedef struct row_range {
    int32_t g, o0, o1;
} row_range;

/* In tiles of ROW_TILE rows by as many input channels. */
static void pack_rows(const rgm_weights_map *map, row_range r, const float *w, const float *scale, float *packed) {
    int32_t row = map->I * map->taps, padded_row = map->Ip * map->taps, step = ROW_TILE * map->taps;
    for (int32_t j0 = 0; j0 < padded_row; j0 += step)
        for (int32_t o = r.o0; o < r.o1; o++) {
            float *to = packed + map->g_at[r.g] + map->o_at[o];
            int32_t end = least(j0 + step, padded_row), j = j0;
            if (r.g < map->G && o < map->O) {
                size_t k = (size_t)r.g * (size_t)map->O + (size_t)o;
                const float *from = w + k * (size_t)row;
                for (int32_t stop = least(end, row); j < stop; j++)
                    to[map->tap_at[j]] = scale ? scale[k] * from[j] : from[j];
            }
            for (; j < end; j++) to[map->tap_at[j]] = 0.0f;
        }
}

/* The reverse, without the padding. */
static void unpack_rows(const rgm_weights_map *map, row_range r, const float *packed, float *w) {
    int32_t row = map->I * map->taps, step = ROW_TILE * map->taps;
    for (int32_t j0 = 0; j0 < row; j0 += step)
        for (int32_t o = r.o0; o < r.o1; o++) {
            const float *from = packed + map->g_at[r.g] + map->o_at[o];
            float *to = w + ((size_t)r.g * (size_t)map->O + (size_t)o) * (size_t)row;
            for (int32_t j = j0, end = least(j0 + step, row); j < end; j++) to[j] = from[map->tap_at[j]];
        }
}

void rgm_weights_pack(const rgm_weights_map *map, int32_t chunk, const float *w, const float *scale, float *packed) {
    int32_t first = chunk * map->slab, end = least(first + map->slab, map->rows);
    if (map->G > 1)
        for (int32_t g = first; g < end; g++) pack_rows(map, (row_range){g, 0, map->Op}, w, scale, packed);
    else
        for (int32_t o = first; o < end; o += ROW_TILE)
            pack_rows(map, (row_range){0, o, least(o + ROW_TILE, end)}, w, scale, packed);
}

static void unpack(const rgm_weights_map *map, int32_t chunk, const float *packed, float *w) {
    int32_t first = chunk * map->slab, end = least(first + map->slab, map->rows);
    if (map->G > 1)
        for (int32_t g = first; g < least(end, map->G); g++) unpack_rows(map, (row_range){g, 0, map->O}, packed, w);
    else
        for (int32_t o = first; o < least(end, map->O); o += ROW_TILE)
            unpack_rows(map, (row_range){0, o, least(o + ROW_TILE, least(end, map->O))}, packed, w);
}

void rgm_weights_chunk_rows(const rgm_weights_map *map, int32_t chunk, int32_t *from, int32_t *to) {
    int32_t per_row = map->G > 1 ? map->O : 1, rows = map->G > 1 ? map->G : map->O;
    *from = least(chunk * map->slab, rows) * per_row;
    *to = least((chunk + 1) * map->slab, rows) * per_row;
}

typedef float vector4 __attribute__((vector_size(16), aligned(4), may_alias));

static void add_to(float *restrict sum, const float *restrict part, size_t count) {
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (size_t j = 0; j < 16; j += 4) *(vector4 *)(sum + i + j) += *(const vector4 *)(part + i + j);
    for (; i < count; i++) sum[i] += part[i];
}

static void sum_piece(float *parts, size_t pitch, int32_t count, size_t first, size_t end) {
    for (size_t at = first; at < end; at += SUM_TILE) {
        size_t length = end - at < SUM_TILE ? end - at : SUM_TILE;
        for (int32_t p = 1; p < count; p++) add_to(parts + at, parts + (size_t)p * pitch + at, length);
    }
}

/* For formats whose slabs are scattered: element by element, in the same order. */
static void sum_scattered(const rgm_weights_map *map, row_range r, float *parts, size_t pitch, int32_t count) {
    for (int32_t o = r.o0; o < r.o1; o++) {
        float *sum = parts + map->g_at[r.g] + map->o_at[o];
        for (int32_t p = 1; p < count; p++)
            for (int32_t j = 0; j < map->I * map->taps; j++)
                sum[map->tap_at[j]] += sum[(size_t)p * pitch + map->tap_at[j]];
    }
}

void rgm_weights_reduce(const rgm_weights_map *map, int32_t chunk, float *parts, size_t pitch, int32_t count,
                        float *w) {
    int32_t first = chunk * map->slab, end = least(first + map->slab, map->rows);
    if (map->row_floats)
        sum_piece(parts, pitch, count, (size_t)first * map->row_floats, (size_t)end * map->row_floats);
    else if (map->G > 1)
        for (int32_t g = first; g < least(end, map->G); g++)
            sum_scattered(map, (row_range){g, 0, map->O}, parts, pitch, count);
    else
        sum_scattered(map, (row_range){0, first, least(end, map->O)}, parts, pitch, count);
    unpack(map, chunk, parts, w);
}
