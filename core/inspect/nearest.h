/* The training image that is most like another image. */
#ifndef RGM_INSPECT_NEAREST_H
#define RGM_INSPECT_NEAREST_H

#include "inspect/images.h"

typedef struct rgm_nearest {
    rgm_images *images;
    const int64_t *numbers; /* [count] of the images that are asked about, of any split; each can be decoded */
    int32_t count;
    const uint8_t *among; /* [images of the training split] 0: not compared with; NULL: all are */
    int32_t silent;       /* as in images.h */
    void (*progress)(void *context, int64_t done); /* of the training images; NULL: not told */
    void *context;
    rgm_stop stop;
} rgm_nearest;

typedef struct rgm_nearest_found {
    int64_t index;   /* in the training split, another image than the one asked about; -1: none */
    double distance; /* of pixels as 0 to 1, made small: root of the mean square */
} rgm_nearest_found;

/* Fills found[count]. All images are made 16 x 16 by means over cells, and compared; images of another number of
 * colours are not. Of equals the lower index. Errors of rgm_images_each(), RGM_E_NOMEM. [main] */
rgm_status rgm_nearest_find(const rgm_nearest *ask, rgm_nearest_found *found, rgm_error *err);

#endif
