/* Exact duplicates: images with the same pixels, or pictures with the same bytes, within splits and across them.
 *
 * Each image has a hash of 128 bits (XXH3, https://xxhash.com) of its size and its bytes. Those whose hashes agree are
 * compared byte by byte, so that nothing is called a duplicate that is none.
 */
#ifndef RGM_INSPECT_EXACT_H
#define RGM_INSPECT_EXACT_H

#include "inspect/images.h"
#include "report/findings.h"

typedef struct rgm_exact_key {
    uint64_t low, high;
} rgm_exact_key;

/* The key of an image. [worker] */
rgm_exact_key rgm_exact_hash(const rgm_look *look);

typedef struct rgm_exact {
    rgm_images *images;
    const rgm_exact_key *keys; /* [count], by number */
    const uint8_t *broken;     /* [count], 1: it could not be decoded and has no key */
    int64_t count;
    int64_t *of; /* out [count]: the number of the group's first image, its own of a first or of one without */
    rgm_stop stop;
} rgm_exact;

/* Finds groups, and adds a finding for each image but the first of its group. It is a leak if the first is of another
 * split, else an exact duplicate. A conflict stands beside it if its label is not that of the first. Errors of
 * rgm_images_get(), RGM_E_NOMEM, RGM_E_INTERRUPTED. [main] */
rgm_status rgm_exact_find(const rgm_exact *exact, rgm_findings *findings, rgm_error *err);

#endif
