/* Views: which samples of a data set a pipeline walks over, with which class numbers, and the validation split carved
 * out of the training split. */
#ifndef RGM_DATA_SPLIT_H
#define RGM_DATA_SPLIT_H

#include "data/dataset.h"

/* Other numbers for a set's classes: those of a model that has them in another order. */
typedef struct rgm_class_map {
    int32_t classes; /* that there are behind the map */
    int32_t to[];    /* [the set's classes], each 0 to classes - 1 */
} rgm_class_map;

/* `count` samples of a split: number i is sample indices[i], or sample i where indices is NULL. A plain value; it owns
 * nothing and must not outlive its set, its map (or its holdout). */
typedef struct rgm_view {
    const rgm_dataset *set;
    int32_t split; /* RGM_SPLIT_* */
    const uint32_t *indices;
    int64_t count;
    const rgm_class_map *map; /* of labels and soft labels; NULL: they are as in the set */
} rgm_view;

/* All of a split; count 0 if it is missing. */
rgm_view rgm_view_all(const rgm_dataset *set, int32_t split);

/* The sample in its split that number i of the view is. */
int64_t rgm_view_index(const rgm_view *view, int64_t i);

/* How many classes there are in the view, and its number for the set's class c. */
int32_t rgm_view_classes(const rgm_view *view);
int32_t rgm_view_class(const rgm_view *view, int32_t c);

/* Samples of which some are to be chosen, stratified. */
typedef struct rgm_stratified {
    const int32_t *labels; /* [count], 0 to classes - 1 */
    const int32_t *groups; /* [count], as of rgm_dataset_groups(), but in any order; NULL: all are alone */
    int64_t count;         /* at most 2^32 - 1 */
    int32_t classes;
    double fraction; /* the share of each class */
    uint64_t seed;
    uint32_t instance; /* which choice of this seed: 0 is the one that rgm_holdout_create() makes */
} rgm_stratified;

/* Chooses *total of the samples, as rgm_holdout_create() does: held[count] gets 1 for the chosen, 0 for the others. A
 * class never gives its last sample: *total becomes what can be had, which may be 0. Of groups, all or none are chosen,
 * and *total may become a little more, too (together.h). Where that leaves none, as nearly all are copies of a few,
 * they are divided, and a log line says so. RGM_E_NOMEM. */
rgm_status rgm_stratify(const rgm_stratified *ask, int64_t *total, uint8_t *held, rgm_error *err);

/* The training split in two parts, each in ascending order. */
typedef struct rgm_holdout {
    uint32_t *indices; /* one allocation for both views */
    rgm_view train, validation;
    int64_t asked; /* samples that the fraction asks for; validation.count is another where classes cannot spare them,
                      or where groups would have to be divided */
} rgm_holdout;

/* Holds out round(fraction * count) training samples, stratified. Each class gives its share rounded down. The classes
 * with the largest remainders give one more, so that the total is exact. Remainders that are equal are ordered by the
 * permutation keyed (seed, RGM_STREAM_SPLIT instance 1). A class never gives its last sample: if the fraction asks for
 * more than the classes can spare, what they can is held out. Which samples of class c: the first of the permutation
 * keyed (seed, RGM_STREAM_SPLIT, sample c). Of soft labels, the class is the largest entry.
 * Images of a group (rgm_dataset_groups()) are held out together or not at all (together.h). RGM_E_USAGE for a fraction
 * outside (0, 1) or one that leaves a part empty, RGM_E_FORMAT without a training split. */
rgm_status rgm_holdout_create(rgm_holdout *holdout, const rgm_dataset *set, double fraction, uint64_t seed,
                              rgm_error *err);
void rgm_holdout_destroy(rgm_holdout *holdout); /* a zeroed one is fine */

#endif
