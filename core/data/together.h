/* A stratified choice of samples of which some are copies of one another: a group is chosen whole, or not at all. */
#ifndef RGM_DATA_TOGETHER_H
#define RGM_DATA_TOGETHER_H

#include "data/split.h"

typedef struct rgm_together {
    const rgm_stratified *ask;
    const int64_t *members; /* [classes] samples of each class */
    const int64_t *share;   /* [classes] how many of them were to be chosen, could groups be divided */
    const uint32_t *order;  /* [classes] the order in which classes give more */
} rgm_together;

/* Chooses about *total samples: held[count], zeroed before, gets 1 for each. *total becomes what was chosen. In the
 * order of classes, a group is of the class of its first sample. Where sizes count, each member is of its own class.
 * Each class goes through its groups and single samples in the order of rgm_stratify()'s permutation, and takes what
 * fits. What fits grows in four steps, until the total is there:
 *     1. no class gives more than its share
 *     2. nor a group larger than its share, but up to half of its samples in all
 *     3. up to half of its samples
 *     4. the same, and one group more than *total, if that is nearer to it than what there is
 * RGM_E_NOMEM. */
rgm_status rgm_together_choose(const rgm_together *together, int64_t *total, uint8_t *held, rgm_error *err);

#endif
