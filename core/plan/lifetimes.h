/* Pass 8, lifetimes: where each buffer lies in the arena. Buffers that are never alive at the same time may share a
 * place.
 *
 * In: for each buffer its bytes, and the first and the last phase that touches it. Out: offsets, and the arena's size.
 *
 * Greedy by size: the largest first, each at the lowest place that no buffer alive at the same time holds. After
 * Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020.
 *
 * Example: A has 192 bytes, in phases 0 to 1. B has 128, in phases 1 to 2. C has 64, in phases 2 to 3. A lies at 0. B
 * is alive beside A in phase 1 and lies at 192. C meets B alone and lies at 0, in A's place. The arena has 320 bytes.
 */
#ifndef RGM_PLAN_LIFETIMES_H
#define RGM_PLAN_LIFETIMES_H

#include <stddef.h>
#include "base/status.h"

typedef struct rgm_lifetime {
    size_t bytes;        /* a multiple of the alignment wanted */
    int32_t first, last; /* alive from phase `first` to phase `last`, inclusive */
} rgm_lifetime;

typedef struct rgm_places {
    size_t bytes;    /* that all of them take */
    size_t offset[]; /* each buffer */
} rgm_places;

/* The result is to be freed. Takes time in the square of `count`. RGM_E_NOMEM. */
rgm_status rgm_lifetimes_place(const rgm_lifetime *buffers, int32_t count, const rgm_places **places, rgm_error *err);

#endif
