/* The search for a batch that fits into memory, in a few plans: a plan of a deep net takes a while. */
#ifndef RGM_BASE_LARGEST_BATCH_H
#define RGM_BASE_LARGEST_BATCH_H

#include <stddef.h>

#include "base/status.h"
#include "base/stop.h"

typedef struct rgm_batch_search {
    /* Plans a batch: *bytes that it needs, and takes the plans it made off *budget, at most two. A batch that cannot be
     * planned needs SIZE_MAX. */
    void (*plan)(void *context, int32_t batch, size_t *bytes, int32_t *budget);
    void *context;
    size_t room; /* bytes */
    rgm_stop stop;
    int32_t most;  /* the largest batch that is asked for */
    int32_t above; /* a batch above `most` that does not fit; 0: none is known */
    size_t bytes;  /* that `above` needs */
} rgm_batch_search;

/* *batch: one in [1, most] that fits, as a plan has shown, or 0. It is not always the largest. The search ends within a
 * sixteenth of a batch that does not fit, or when less than two plans are left of *budget. Memory is taken for nearly
 * affine in the batch. RGM_E_INTERRUPTED when asked to stop. */
rgm_status rgm_largest_batch(const rgm_batch_search *search, int32_t *budget, int32_t *batch, rgm_error *err);

#endif
