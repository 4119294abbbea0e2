#include <config.h>

#include "plan/lifetimes.h"

#include <stdlib.h>

typedef struct work {
    const rgm_lifetime *buffers;
    int32_t *order; /* those of order[0..placed) have their places */
    rgm_places *places;
} work;

static int by_size(const void *x, const void *y, void *buffers) {
    int32_t i = *(const int32_t *)x, j = *(const int32_t *)y;
    size_t a = ((const rgm_lifetime *)buffers)[i].bytes, b = ((const rgm_lifetime *)buffers)[j].bytes;
    return a != b ? (a < b) - (a > b) : (i > j) - (i < j);
}

static int conflict(const work *w, int32_t buffer, size_t at, int32_t other) {
    const rgm_lifetime *a = &w->buffers[buffer], *b = &w->buffers[other];
    size_t offset = w->places->offset[other];
    return a->first <= b->last && b->first <= a->last && at < offset + b->bytes && offset < at + a->bytes;
}

/* Steps over the placed buffers in the way until none is. */
static size_t lowest_place(const work *w, int32_t placed, int32_t buffer) {
    size_t at = 0;
    for (int32_t i = 0; i < placed; i++) {
        int32_t other = w->order[i];
        if (!w->buffers[other].bytes || !conflict(w, buffer, at, other)) continue;
        at = w->places->offset[other] + w->buffers[other].bytes;
        i = -1; /* look at all of them again from the new place */
    }
    return at;
}

static void place(const work *w, int32_t count) {
    for (int32_t i = 0; i < count; i++) w->order[i] = i;
    qsort_r(w->order, (size_t)count, sizeof *w->order, by_size, (void *)w->buffers);
    for (int32_t i = 0; i < count; i++) {
        int32_t buffer = w->order[i];
        size_t at = lowest_place(w, i, buffer), end = at + w->buffers[buffer].bytes;
        w->places->offset[buffer] = at;
        if (end > w->places->bytes) w->places->bytes = end;
    }
}

rgm_status rgm_lifetimes_place(const rgm_lifetime *buffers, int32_t count, const rgm_places **places, rgm_error *err) {
    work w = {.buffers = buffers,
              .order = malloc(sizeof *w.order * (size_t)(count + 1)),
              .places = calloc(1, sizeof *w.places + sizeof *w.places->offset * (size_t)count)};
    if (!w.order || !w.places) {
        free(w.order);
        free(w.places);
        return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    }
    place(&w, count);
    free(w.order);
    *places = w.places;
    return RGM_OK;
}
