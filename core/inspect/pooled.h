/* What several networks say of an image together: the geometric mean of their probabilities, divided by its sum over
 * classes.
 *
 *     rgm_pooled_create(&pooled, said, classes, &err);
 *     rgm_answers_each(...)                              with rgm_pooled_take(), once for each network that is asked
 *     rgm_pooled_say(&pooled, said);
 *     rgm_pooled_free(&pooled);
 *
 * Labels are ranked by differences of logarithms (label_errors.h). So logarithms are averaged: the mean of the
 * differences from one other class is the difference of the means.
 *
 * An image keeps sums of its label, of the RGM_POOLED_CLASSES - 1 others that the first network finds likeliest, and of
 * all the rest together. Of more classes than that, none of the rest can be proposed. That is 140 bytes an image,
 * whatever the number of classes and networks.
 */
#ifndef RGM_INSPECT_POOLED_H
#define RGM_INSPECT_POOLED_H

#include "inspect/said.h"

enum { RGM_POOLED_CLASSES = 16 };

typedef struct rgm_pooled_image {
    int32_t networks, part;            /* that have answered; the part of inspection_model.h */
    int32_t class[RGM_POOLED_CLASSES]; /* the label first, then ascending */
    float sum[RGM_POOLED_CLASSES];     /* of log probabilities, in their order */
    float rest;                        /* of the logarithms of what all others get */
} rgm_pooled_image;

typedef struct rgm_pooled {
    rgm_pooled_image *list;         /* [count], by the numbers of images.h */
    int64_t first[RGM_SPLIT_COUNT]; /* the number of a split's first image */
    int64_t count;
    int32_t classes, kept; /* of the set; of those, how many an image keeps */
} rgm_pooled;

/* No network has answered. `said` is of the same set, which has so many classes. RGM_E_NOMEM. */
rgm_status rgm_pooled_create(rgm_pooled *pooled, const rgm_said_all *said, int32_t classes, rgm_error *err);
void rgm_pooled_free(rgm_pooled *pooled); /* a zeroed one is fine */

/* What a network answers for a view, as a context of rgm_pooled_take(). */
typedef struct rgm_pooled_view {
    rgm_pooled *pooled;
    const rgm_view *view; /* without a map: the network's classes are the set's */
    int32_t part;
} rgm_pooled_view;

/* An rgm_answers_fn. */
rgm_status rgm_pooled_take(void *view, const rgm_answers_batch *batch, rgm_error *err);

/* Fills `said` for the images that a network has answered for, and leaves the others alone. */
void rgm_pooled_say(const rgm_pooled *pooled, rgm_said_all *said);

#endif
