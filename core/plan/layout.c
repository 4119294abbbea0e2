#include <config.h>

#include "plan/layout.h"

#include <stdlib.h>

static int by_size(const void *x, const void *y, void *pieces) {
    int32_t i = *(const int32_t *)x, j = *(const int32_t *)y;
    size_t a = ((const rgm_piece *)pieces)[i].bytes, b = ((const rgm_piece *)pieces)[j].bytes;
    return a != b ? (a < b) - (a > b) : (i > j) - (i < j);
}

static int conflict(const rgm_piece *a, size_t at, const rgm_piece *b) {
    return a->first <= b->last && b->first <= a->last && at < b->offset + b->bytes && b->offset < at + a->bytes;
}

/* Steps over the placed pieces in the way until none is. */
static size_t lowest_place(const rgm_piece *pieces, const int32_t *order, int32_t placed, const rgm_piece *piece) {
    size_t at = 0;
    for (int32_t i = 0; i < placed; i++) {
        const rgm_piece *other = &pieces[order[i]];
        if (!other->bytes || !conflict(piece, at, other)) continue;
        at = other->offset + other->bytes;
        i = -1; /* look at all of them again from the new place */
    }
    return at;
}

rgm_status rgm_layout(rgm_piece *pieces, int32_t count, size_t *total, rgm_error *err) {
    int32_t *order = malloc(sizeof *order * (size_t)(count + 1));
    if (!order) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    for (int32_t i = 0; i < count; i++) order[i] = i;
    qsort_r(order, (size_t)count, sizeof *order, by_size, pieces);
    *total = 0;
    for (int32_t i = 0; i < count; i++) {
        rgm_piece *piece = &pieces[order[i]];
        piece->offset = lowest_place(pieces, order, i, piece);
        if (piece->offset + piece->bytes > *total) *total = piece->offset + piece->bytes;
    }
    free(order);
    return RGM_OK;
}
