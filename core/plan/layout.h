/* Laying out memory by liveness: pieces that are never alive at the same time may share a place. */
#ifndef RGM_PLAN_LAYOUT_H
#define RGM_PLAN_LAYOUT_H

#include <stddef.h>
#include "base/status.h"

typedef struct rgm_piece {
    size_t bytes;        /* a multiple of the alignment wanted */
    int32_t first, last; /* alive from step `first` to step `last`, inclusive */
    size_t offset;       /* out */
} rgm_piece;

/* Gives every piece its offset and returns the bytes needed in *total. Greedy: the largest first, each at the lowest
 * place that no piece alive at the same time holds (Pisarchyk and Lee, "Efficient memory management for deep neural net
 * inference", 2020, greedy by size). Takes time in the square of `count`. RGM_E_NOMEM. */
rgm_status rgm_layout(rgm_piece *pieces, int32_t count, size_t *total, rgm_error *err);

#endif
