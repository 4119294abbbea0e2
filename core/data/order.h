/* The order of samples in an epoch: a keyed permutation of (seed, epoch), any position in O(1), nothing stored.
 * Resuming in the middle of an epoch needs the position only. */
#ifndef RGM_DATA_ORDER_H
#define RGM_DATA_ORDER_H

#include "base/rng.h"

typedef struct rgm_order {
    rgm_rng rng;
    uint64_t count;
    int32_t shuffled;
} rgm_order;

/* The order of `count` samples in `epoch`; shuffled = 0: as they lie. */
rgm_order rgm_order_make(uint64_t seed, uint32_t epoch, uint64_t count, int32_t shuffled);

/* Which sample, in [0, count), stands at `position` in [0, count). [any thread] */
uint64_t rgm_order_at(const rgm_order *order, uint64_t position);

#endif
