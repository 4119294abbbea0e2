/* What a data set is, in 64 bits: a checkpoint keeps it, so that a run goes on with the data it began with.
 *
 * All pixels count, as one XXH3-64 a split. The importers write those into the file, and the frame's checksum vouches
 * for them. For any other file they are computed, by a thread that gives way to all others:
 *     rgm_fingerprint_begin()   starts the thread, where there is something to do
 *     rgm_fingerprint()         what is left of the work is done in the caller's thread: it gives way to nobody
 */
#ifndef RGM_DATA_FINGERPRINT_H
#define RGM_DATA_FINGERPRINT_H

#include "base/stop.h"
#include "data/dataset.h"

/* What a model makes of pixels and labels, beside what the file holds of them. */
typedef struct rgm_fingerprint_terms {
    const float *mean, *std; /* [C] */
    const char *classes;     /* names, a line each; "": none */
} rgm_fingerprint_terms;

/* Starts hashing in the background; it ends early once `stop` is asked, which must live until the set is closed.
 * Without a thread the work is done later, by rgm_fingerprint(). Nothing if the work has begun. [any thread] */
void rgm_fingerprint_begin(const rgm_dataset *set, const rgm_stop *stop);

/* XXH3-64 of shapes, labels, all pixels, and the terms. RGM_E_INTERRUPTED once `stop` is asked; the work goes on from
 * there if it is asked for again. A log line if it takes long. [any thread; they wait for each other] */
rgm_status rgm_fingerprint(const rgm_dataset *set, const rgm_fingerprint_terms *terms, const rgm_stop *stop,
                           uint64_t *fingerprint, rgm_error *err);

/* The same without the pixels: at once. [any thread] */
rgm_status rgm_fingerprint_quick(const rgm_dataset *set, const rgm_fingerprint_terms *terms, uint64_t *fingerprint,
                                 rgm_error *err);

/* That of checkpoints of version 1: shapes, labels and up to 1024 evenly spaced images a split. [any thread] */
rgm_status rgm_fingerprint_sampled(const rgm_dataset *set, uint64_t *fingerprint, rgm_error *err);

/* Ends the thread. For rgm_dataset_close(). */
void rgm_fingerprint_end(rgm_dataset *set);

#endif
