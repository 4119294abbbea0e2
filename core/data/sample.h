/* A sample on its way into a batch: which one it is, and its pixels. */
#ifndef RGM_DATA_SAMPLE_H
#define RGM_DATA_SAMPLE_H

#include "base/status.h"
#include "picture/picture.h"

/* A uint8 image, element (h, w, c) at data[h*pitch + w*C + c]. */
typedef struct rgm_pixels {
    uint8_t *data;
    int64_t pitch; /* bytes from row to row, at least W*C */
    int32_t H, W, C;
} rgm_pixels;

/* Which image is being made: keys of its random draws. */
typedef struct rgm_sample {
    int64_t index;    /* of the image in its split */
    int64_t position; /* in the epoch: step * batch + place in the batch */
    uint32_t epoch;
} rgm_sample;

/* Chooses which part of a picture becomes the image that augmentations go on with: want->box, which is the whole
 * picture before. Its C, its background and the size of the image are set. What it chooses must not depend on
 * `worker`. [worker] */
typedef rgm_status (*rgm_window_fn)(void *context, const rgm_sample *sample, rgm_decode_want *want, int32_t worker,
                                    rgm_error *err);

#endif
