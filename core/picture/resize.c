#include "picture/resize.h"

#include <math.h>
#include <stdlib.h>

enum { LANES = 16 }; /* rows that are combined at once: the widest block of a kernel table */

/* What the results along one side take from the source: `count` pixels each, by weights that sum to 1. */
typedef struct side {
    int32_t *first; /* [results], counted from `low` */
    float *weight;  /* [results][count] */
    int32_t count;
    int32_t low, end; /* source pixels [low, end) that any result takes */
} side;

/* Scratch, cut up. */
typedef struct work {
    const rgm_kernels *kernels;
    side rows, columns;
    float *lanes; /* [values of a combined row][block] */
} work;

/* ---- scratch ---- */

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* A result has less than 2 max(1, scale) + 2 taps, and scale is at most source / results. */
static size_t weight_bytes(int32_t source, int32_t results) {
    return aligned((2 * (size_t)source + 4 * (size_t)results) * sizeof(float));
}

static size_t first_bytes(int32_t results) { return aligned((size_t)results * sizeof(int32_t)); }

static size_t lane_bytes(int32_t W, int32_t C) { return (size_t)W * (size_t)C * LANES * sizeof(float); }

size_t rgm_resize_scratch(const int32_t source[3], int32_t OH, int32_t OW) {
    return lane_bytes(source[1], source[2]) + weight_bytes(source[0], OH) + weight_bytes(source[1], OW) +
           first_bytes(OH) + first_bytes(OW);
}

static char *take_side(side *s, char *at, int32_t source, int32_t results) {
    s->first = (int32_t *)(void *)at;
    s->weight = (float *)(void *)(at + first_bytes(results));
    return at + first_bytes(results) + weight_bytes(source, results);
}

static void take_work(work *w, char *at, const rgm_resize_source *from, const rgm_resize_result *to) {
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

/* A result looks `widest` pixels to either side of its centre, and nowhere outside of [low, end). All results have the
 * same number of taps: what it does not need has weight 0. Nothing here depends on which results are wanted. */
typedef struct filter {
    double from, scale, widest, inverse;
    int32_t low, end, taps;
} filter;

static int32_t up(double x) { return (int32_t)x + ((int32_t)x < x); }

static filter filter_of(const stretch *of) {
    const double scale = of->length / of->full, widest = scale > 1.0 ? scale : 1.0;
    const int32_t low = (int32_t)of->from, last = up(of->from + of->length), end = last < of->size ? last : of->size;
    const int32_t taps = up(2.0 * widest); /* pixels whose centre is within reach */
    return (filter){of->from, scale, widest, 1.0 / widest, low, end, taps < end - low ? taps : end - low};
}

static double centre_of(const filter *f, int32_t result) { return f->from + (result + 0.5) * f->scale; }

static double weight_of(const filter *f, double centre, int32_t pixel) {
    const double w = 1.0 - fabs(pixel + 0.5 - centre) * f->inverse;
    return w > 0.0 ? w : 0.0;
}

/* The first of the source pixels that a result takes. */
static int32_t first_of(const filter *f, double centre) {
    int32_t first = (int32_t)(centre - f->widest + 0.5);
    if (first < f->low) first = f->low;
    if (weight_of(f, centre, first) <= 0.0) first++;
    return first < f->end - f->taps ? first : f->end - f->taps;
}

/* Weights that sum to 1. */
static void weigh(const filter *f, double centre, int32_t first, float *weight) {
    double sum = 0.0;
    for (int32_t t = 0; t < f->taps; t++) {
        const double w = weight_of(f, centre, first + t);
        weight[t] = (float)w;
        sum += w;
    }
    const float share = (float)(1.0 / sum);
    for (int32_t t = 0; t < f->taps; t++) weight[t] *= share;
}

static void fill_side(side *s, const stretch *of) {
    const filter f = filter_of(of);
    s->count = f.taps;
    for (int32_t i = 0; i < of->count; i++) {
        const double centre = centre_of(&f, of->first + i);
        s->first[i] = first_of(&f, centre);
        weigh(&f, centre, s->first[i], s->weight + (int64_t)i * s->count);
    }
    s->low = s->first[0];
    s->end = s->first[of->count - 1] + s->count;
    for (int32_t i = 0; i < of->count; i++) s->first[i] -= s->low;
}

/* ---- pixels ---- */

/* Rows [first, first + rows) of the result, a block of lanes. */
static void resize_block(const work *w, const rgm_resize_source *from, const rgm_resize_result *to, int32_t first,
                         int32_t rows) {
    const side *r = &w->rows, *c = &w->columns;
    const uint8_t *corner =
        from->pixels + (r->low - from->top) * from->pitch + (int64_t)(c->low - from->left) * from->C;
    const rgm_taps down = {r->first + first, r->weight + (int64_t)first * r->count, r->count};
    const rgm_taps across = {c->first, c->weight, c->count};
    const rgm_resize_columns columns = {rows, to->W, from->C, to->pitch};
    w->kernels->resize_rows_u8(corner, from->pitch, &down, rows, w->lanes, (int64_t)(c->end - c->low) * from->C);
    w->kernels->resize_columns_u8(w->lanes, &across, &columns, to->pixels + first * to->pitch);
}

/* The source's part within its edges. */
static rgm_box part_of(const rgm_resize_source *from) {
    if (!(from->box.height > 0.0)) return (rgm_box){0.0, 0.0, from->H, from->W};
    const double top = fmin(fmax(from->box.top, 0.0), from->H), left = fmin(fmax(from->box.left, 0.0), from->W);
    return (rgm_box){top, left, fmin(from->box.top + from->box.height, from->H) - top,
                     fmin(from->box.left + from->box.width, from->W) - left};
}

/* One side of rgm_resize_reach(), as fill_side() has it. */
static void reach(const stretch *of, double *low, double *length) {
    const filter f = filter_of(of);
    const int32_t last = of->first + of->count - 1;
    *low = first_of(&f, centre_of(&f, of->first));
    *length = first_of(&f, centre_of(&f, last)) + f.taps - *low;
}

rgm_box rgm_resize_reach(const rgm_resize_source *from, const rgm_resize_result *to) {
    const rgm_box box = part_of(from);
    rgm_box taken;
    reach(&(stretch){box.top, box.height, from->H, to->full_H, to->top, to->H}, &taken.top, &taken.height);
    reach(&(stretch){box.left, box.width, from->W, to->full_W, to->left, to->W}, &taken.left, &taken.width);
    return taken;
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
