#include "picture/resize.h"

#include <math.h>
#include <stdlib.h>

enum {
    LANES = 16, /* most rows that are combined at once: the widest block of a kernel table */
    STRIP = 256 /* values of a row that are combined before they are turned: they stay in L1 */
};

/* What the results along one side take from the source: `count` pixels from `first` on, by weights that sum to 1. */
typedef struct side {
    int32_t *first, *count; /* [results]; first counts from `low` */
    float *weight;          /* [results][stride] */
    int32_t stride;         /* most taps that a result has */
    int32_t low, end;       /* source pixels [low, end) that any result takes */
} side;

/* Scratch, cut up. */
typedef struct work {
    const rgm_kernels *kernels;
    side rows, columns;
    float *lanes; /* [values of a combined row][block] */
    float *strip; /* [block][STRIP] */
} work;

/* ---- scratch ---- */

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* A result has less than 2 max(1, scale) + 2 taps, and scale is at most source / results. */
static size_t weight_bytes(int32_t source, int32_t results) {
    return aligned((2 * (size_t)source + 4 * (size_t)results) * sizeof(float));
}

static size_t tap_bytes(int32_t results) { return aligned((size_t)results * sizeof(int32_t)); }

static size_t lane_bytes(int32_t W, int32_t C) { return (size_t)W * (size_t)C * LANES * sizeof(float); }

size_t rgm_resize_scratch(const int32_t source[3], int32_t OH, int32_t OW) {
    return LANES * STRIP * sizeof(float) + lane_bytes(source[1], source[2]) + weight_bytes(source[0], OH) +
           weight_bytes(source[1], OW) + 2 * tap_bytes(OH) + 2 * tap_bytes(OW);
}

static char *take_side(side *s, char *at, int32_t source, int32_t results) {
    s->first = (int32_t *)(void *)at;
    s->count = (int32_t *)(void *)(at + tap_bytes(results));
    s->weight = (float *)(void *)(at + 2 * tap_bytes(results));
    return at + 2 * tap_bytes(results) + weight_bytes(source, results);
}

static void take_work(work *w, char *at, const rgm_resize_source *from, const rgm_resize_result *to) {
    w->strip = (float *)(void *)at;
    at += LANES * STRIP * sizeof(float);
    at = take_side(&w->rows, at, from->H, to->H);
    at = take_side(&w->columns, at, from->W, to->W);
    w->lanes = (float *)(void *)at;
}

/* ---- taps ---- */

/* A part of a side of the source, and which pixels of what it becomes are wanted. */
typedef struct stretch {
    double from, length; /* of the part */
    int32_t size;        /* of the source */
    int32_t full, first, count;
} stretch;

/* The taps of the result around `centre`, and how many; weights sum to 1. Source pixels [low, end) may be taken. */
static int32_t taps_at(double centre, double widest, int32_t low, int32_t end, int32_t *first, float *weight) {
    const double inverse = 1.0 / widest;
    int32_t from = (int32_t)fmax(low, floor(centre - widest + 0.5));
    int32_t to = (int32_t)fmin(end, floor(centre + widest + 0.5));
    double sum = 0.0;
    while (from < to - 1 && 1.0 - fabs(from + 0.5 - centre) * inverse <= 0.0) from++;
    while (to - 1 > from && 1.0 - fabs(to - 0.5 - centre) * inverse <= 0.0) to--;
    for (int32_t i = from; i < to; i++) sum += 1.0 - fabs(i + 0.5 - centre) * inverse;
    const double share = 1.0 / sum;
    for (int32_t i = from; i < to; i++) weight[i - from] = (float)((1.0 - fabs(i + 0.5 - centre) * inverse) * share);
    *first = from;
    return to - from;
}

static void fill_side(side *s, const stretch *of) {
    const double scale = of->length / of->full, widest = scale > 1.0 ? scale : 1.0;
    const int32_t low = (int32_t)fmax(0.0, floor(of->from));
    const int32_t end = (int32_t)fmin(of->size, ceil(of->from + of->length));
    s->stride = (int32_t)(2.0 * widest) + 2;
    s->low = end;
    s->end = low;
    for (int32_t i = 0; i < of->count; i++) {
        const double centre = of->from + (of->first + i + 0.5) * scale;
        s->count[i] = taps_at(centre, widest, low, end, &s->first[i], s->weight + (size_t)i * (size_t)s->stride);
        if (s->first[i] < s->low) s->low = s->first[i];
        if (s->first[i] + s->count[i] > s->end) s->end = s->first[i] + s->count[i];
    }
    for (int32_t i = 0; i < of->count; i++) s->first[i] -= s->low;
}

/* ---- pixels ---- */

/* Rows [first, first + rows) of the result, a block of lanes. */
static void resize_block(const work *w, const rgm_resize_source *from, const rgm_resize_result *to, int32_t first,
                         int32_t rows) {
    const rgm_kernels *kernels = w->kernels;
    const side *s = &w->rows, *c = &w->columns;
    const int64_t n = (int64_t)(c->end - c->low) * from->C;
    const uint8_t *left = from->pixels + s->low * from->pitch + (int64_t)c->low * from->C;
    for (int64_t j = 0; j < n; j += STRIP) {
        const int64_t width = n - j < STRIP ? n - j : STRIP;
        for (int32_t i = first; i < first + rows; i++)
            kernels->resize_rows_u8(left + s->first[i] * from->pitch + j, from->pitch,
                                    s->weight + (int64_t)i * s->stride, s->count[i], w->strip + (i - first) * width,
                                    width);
        kernels->block_from_plane(w->strip, rows, width, w->lanes + j * kernels->block);
    }
    const rgm_resize_columns columns = {rows, to->W, from->C, c->first, c->count, c->weight, c->stride};
    kernels->resize_columns_u8(w->lanes, &columns, to->pixels + first * to->pitch, to->pitch);
}

/* The source's part within its edges. */
static rgm_box part_of(const rgm_resize_source *from) {
    if (!(from->box.height > 0.0)) return (rgm_box){0.0, 0.0, from->H, from->W};
    const double top = fmin(fmax(from->box.top, 0.0), from->H), left = fmin(fmax(from->box.left, 0.0), from->W);
    return (rgm_box){top, left, fmin(from->box.top + from->box.height, from->H) - top,
                     fmin(from->box.left + from->box.width, from->W) - left};
}

void rgm_resize_in(const rgm_kernels *kernels, void *scratch, const rgm_resize_source *from,
                   const rgm_resize_result *to) {
    const int32_t B = kernels->block;
    const rgm_box box = part_of(from);
    work w = {.kernels = kernels};
    take_work(&w, scratch, from, to);
    fill_side(&w.rows, &(stretch){box.top, box.height, from->H, to->full_H, to->top, to->H});
    fill_side(&w.columns, &(stretch){box.left, box.width, from->W, to->full_W, to->left, to->W});
    for (int32_t y = 0; y < to->H; y += B) resize_block(&w, from, to, y, to->H - y < B ? to->H - y : B);
}

/* ---- a worker's ---- */

struct rgm_resizer {
    const rgm_kernels *kernels;
    void *scratch;
    size_t bytes;
};

rgm_status rgm_resizer_create(rgm_resizer **resizer, const rgm_kernels *kernels, rgm_error *err) {
    *resizer = calloc(1, sizeof **resizer);
    if (!*resizer) return rgm_fail(err, RGM_E_NOMEM, "no memory for resizing");
    (*resizer)->kernels = kernels;
    return RGM_OK;
}

void rgm_resizer_destroy(rgm_resizer *resizer) {
    if (!resizer) return;
    free(resizer->scratch);
    free(resizer);
}

rgm_status rgm_resizer_reserve(rgm_resizer *r, const int32_t source[3], int32_t OH, int32_t OW, rgm_error *err) {
    const size_t bytes = rgm_resize_scratch(source, OH, OW);
    if (bytes <= r->bytes) return RGM_OK;
    free(r->scratch);
    r->bytes = 0;
    r->scratch = aligned_alloc(64, bytes);
    if (!r->scratch) return rgm_fail(err, RGM_E_NOMEM, "no memory for resizing: %zu bytes", bytes);
    r->bytes = bytes;
    return RGM_OK;
}

rgm_status rgm_resize(rgm_resizer *r, const rgm_resize_source *from, const rgm_resize_result *to, rgm_error *err) {
    const int32_t source[3] = {from->H, from->W, from->C};
    RGM_TRY(rgm_resizer_reserve(r, source, to->H, to->W, err));
    rgm_resize_in(r->kernels, r->scratch, from, to);
    return RGM_OK;
}
