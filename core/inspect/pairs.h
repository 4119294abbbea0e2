/* All pairs of sketches: for each image the closest of those before it.
 *
 * Squared distances are matrix products. Let e be the even numbers of sketch x, o its odd ones. The lesser distance of
 * sketch.h is |x|^2 + |x'|^2 - 2 (e e' + |o o'|). Products are of the first half of the numbers alone: they bound the
 * distance from below. The few pairs that they leave are measured in full. Distances are whole numbers: candidates have
 * the same bits on all instruction sets and any number of threads.
 *
 * Memory is 128 bytes an image and RGM_PAIRS_BEST candidates.
 */
#ifndef RGM_INSPECT_PAIRS_H
#define RGM_INSPECT_PAIRS_H

#include "inspect/sketch.h"

enum { RGM_PAIRS_BEST = 5 };

typedef struct rgm_candidate {
    int32_t other; /* below the image's own place; -1: none */
    union {
        int32_t distance; /* squared, of sketches */
        float score;      /* for what follows */
    };
} rgm_candidate;

typedef struct rgm_pairs rgm_pairs;

/* For up to `count` images. RGM_E_NOMEM; RGM_E_UNSUPPORTED for more than 2^31. */
rgm_status rgm_pairs_create(rgm_pairs **pairs, int64_t count, rgm_error *err);
void rgm_pairs_destroy(rgm_pairs *pairs); /* NULL is fine */

/* The sketch at a place; places are written by any worker. */
void rgm_pairs_put(rgm_pairs *pairs, int64_t place, const rgm_sketch *sketch);
void rgm_pairs_get(const rgm_pairs *pairs, int64_t place, rgm_sketch *sketch);

typedef struct rgm_pairs_search {
    const rgm_pairs *pairs;
    const rgm_sketcher *sketcher;
    const rgm_device *device;
    int64_t count;             /* the places before this */
    const int64_t *parts;      /* [part_count] places at which parts begin, ascending; NULL: there is one */
    int32_t part_count;        /* of a part behind the first, three candidates are of parts before it */
    rgm_candidate *candidates; /* out [count][RGM_PAIRS_BEST], the closest first */
    rgm_stop stop;
    void (*progress)(void *context, int64_t done); /* [main]; NULL: not told */
    void *context;
} rgm_pairs_search;

/* RGM_E_NOMEM, RGM_E_INTERRUPTED. [main] */
rgm_status rgm_pairs_find(const rgm_pairs_search *search, rgm_error *err);

#endif
