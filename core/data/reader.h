/* The read-ahead thread of a batch pipeline: stages the pixels of coming batches, two ahead of the one in use, and
 * sleeps otherwise. It knows which samples come because the order is a pure function. */
#ifndef RGM_DATA_READER_H
#define RGM_DATA_READER_H

#include "data/split.h"

enum { RGM_READER_SLOTS = 3 }; /* the batch in use and two ahead */

typedef struct rgm_reader rgm_reader;

typedef struct rgm_reader_plan {
    rgm_view view;
    int64_t batch, per_epoch; /* images in a batch, batches in an epoch */
    int32_t shuffled;
    uint64_t seed;
    int64_t last;     /* batches are read up to this number (exclusive): INT64_MAX in training */
    rgm_stop stop;    /* of the run that waits, asked in its thread */
    uint8_t *staging; /* [RGM_READER_SLOTS][batch][image]; NULL: only tells the system what will be needed */
} rgm_reader_plan;

/* Starts the thread. */
rgm_status rgm_reader_create(rgm_reader **reader, const rgm_reader_plan *plan, rgm_error *err);
void rgm_reader_destroy(rgm_reader *reader); /* NULL is fine */

/* Waits until batch number `number` (epoch * per_epoch + step) is staged and gives its pixels [batch][H][W][C], valid
 * until the next wait; NULL without staging, at once. Any number may be asked for; the next one is quick.
 * RGM_E_INTERRUPTED if it takes long and the plan's stop says yes. [main] */
rgm_status rgm_reader_wait(rgm_reader *reader, int64_t number, const uint8_t **pixels, rgm_error *err);

/* The sample in its split at `position` of batch `number`; positions behind the end give the view's first. [any thread]
 */
int64_t rgm_reader_sample(const rgm_reader_plan *plan, int64_t number, int64_t position);

#endif
