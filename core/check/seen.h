/* What the net sees: training images just before the first layer, value by value. The same images come out of the
 * pipelines of training and of evaluation.
 *
 *     rgm_checking_seen(c, &seen, &err);
 *     rgm_seen_plain(seen, i), rgm_seen_training(seen, epoch, i)
 */
#ifndef RGM_CHECK_SEEN_H
#define RGM_CHECK_SEEN_H

#include "check/checks.h"

enum { RGM_SEEN_IMAGES = 512, RGM_SEEN_EPOCHS = 3 };

typedef struct rgm_seen {
    int32_t C, H, W, classes;
    int64_t count;                   /* images */
    size_t floats;                   /* of an image: C * H * W */
    uint32_t *from;                  /* [count] in the training split */
    int32_t *labels;                 /* [count] as the pipeline of evaluation gives them */
    float *plain;                    /* [count][C][H][W] of evaluation */
    float *trained[RGM_SEEN_EPOCHS]; /* the same images in epochs of training */
    const float *mean, *std;         /* [C] what normalises */
    int32_t augments;                /* 1: there are augmentations */
} rgm_seen;

/* Made at the first call. At most RGM_SEEN_IMAGES, evenly spaced in the training view; of large images fewer. [main] */
rgm_status rgm_checking_seen(rgm_checking *c, const rgm_seen **seen, rgm_error *err);

/* One pass of a pipeline over the first images of a view. */
typedef struct rgm_seen_pass {
    int64_t count;
    uint32_t epoch;
    float *to;       /* [count][C][H][W] */
    int32_t *labels; /* [count]; NULL: not wanted */
} rgm_seen_pass;

/* The first images of a view as evaluation makes them. Errors of the pipeline. [main] */
rgm_status rgm_seen_evaluation(rgm_checking *c, const rgm_view *view, const rgm_seen_pass *pass, rgm_error *err);

/* Image i in evaluation, or in an epoch of training. */
const float *rgm_seen_plain(const rgm_seen *seen, int64_t i);
const float *rgm_seen_training(const rgm_seen *seen, int32_t epoch, int64_t i);

#endif
