/* All images of a data set, one after the other, on all threads: stored pixels as they lie, encoded pictures decoded
 * small. They are numbered through the splits: those of `train` first, then `test`, then `validation`.
 *
 *     rgm_images_create(&images, set, device, &err);
 *     rgm_images_each(images, &walk, &err);            calls walk.look for each, any number of times
 *     rgm_images_destroy(images);
 *
 * An encoded picture is made so small that its longer side has RGM_IMAGES_SIDE pixels at most. Its own size stands
 * beside. Memory is the workers' buffers, and 64 MiB of images where they are read through HDF5.
 */
#ifndef RGM_INSPECT_IMAGES_H
#define RGM_INSPECT_IMAGES_H

#include "base/stop.h"
#include "data/dataset.h"
#include "data/sample.h"
#include "train/device.h"

enum { RGM_IMAGES_SIDE = 96 };

/* An image, while it is looked at. */
typedef struct rgm_look {
    int64_t number; /* through all splits */
    int32_t split;
    int64_t index; /* in its split */
    int32_t label;
    rgm_pixels image; /* read-only, [H][W][C] with a pitch */
    int32_t H, W;     /* of the picture itself */
    rgm_bytes file;   /* of an encoded picture; at NULL: stored pixels */
} rgm_look;

/* Looks at an image. What it leaves behind must not depend on `worker`. [worker] */
typedef rgm_status (*rgm_look_fn)(void *context, const rgm_look *look, int32_t worker, rgm_error *err);

typedef struct rgm_images rgm_images;

/* Both outlive it. RGM_E_NOMEM. [main] */
rgm_status rgm_images_create(rgm_images **images, const rgm_dataset *set, const rgm_device *device, rgm_error *err);
void rgm_images_destroy(rgm_images *images); /* NULL is fine */

const rgm_dataset *rgm_images_set(const rgm_images *images);
int32_t rgm_images_workers(const rgm_images *images);

/* How many there are in all splits; where one of them is; the number of one. */
int64_t rgm_images_count(const rgm_images *images);
void rgm_images_place(const rgm_images *images, int64_t number, int32_t *split, int64_t *index);
int64_t rgm_images_number(const rgm_images *images, int32_t split, int64_t index);

typedef struct rgm_images_walk {
    const int64_t *numbers; /* [count]; NULL: the first `count` of all */
    int64_t count;
    rgm_look_fn look;
    void *context;
    void (*progress)(void *context, int64_t done); /* [main]; NULL: none */
    void *progress_context;
    rgm_stop stop;
    int32_t silent;     /* 1: the log knows of pictures that cannot be decoded */
    int64_t unreadable; /* out: pictures that cannot be decoded: look() is not called; the log names the first ten */
} rgm_images_walk;

/* Errors of the looks, of reading, RGM_E_INTERRUPTED. [main] */
rgm_status rgm_images_each(rgm_images *images, rgm_images_walk *walk, rgm_error *err);

/* The image in the worker's own memory, until the worker's next. For what compares an image with another while it looks
 * at it: `which` 0 or 1 are two rooms apart from that of the walk. Not of sets that are read through HDF5 (slow): there
 * only outside of chunks. RGM_E_FORMAT for one that cannot be decoded. [worker] */
rgm_status rgm_images_get(rgm_images *images, int64_t number, int32_t which, int32_t worker, rgm_look *look,
                          rgm_error *err);

/* The same without decoding: of an encoded picture its bytes and size, and no image. */
rgm_status rgm_images_get_bytes(rgm_images *images, int64_t number, int32_t which, int32_t worker, rgm_look *look,
                                rgm_error *err);

#endif
