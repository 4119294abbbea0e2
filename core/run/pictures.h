/* Pictures in files or in memory as images: read, decoded and transformed by the machine's threads.
 *
 *     rgm_pictures_create(&pictures, device, &err);
 *     rgm_pictures_read(pictures, &transform, sources, count, images, &err);      what a model takes
 *     rgm_pictures_show(pictures, sources, count, side, &err);                    what a person looks at
 *     rgm_pictures_destroy(pictures);
 *
 * What becomes of each stands with it. Buffers belong to the workers and grow as pictures need them.
 */
#ifndef RGM_RUN_PICTURES_H
#define RGM_RUN_PICTURES_H

#include "data/dataset.h"
#include "picture/transform.h"
#include "train/device.h"

#define RGM_PICTURE_FILE (1 << 30) /* largest file, bytes */

enum { RGM_PICTURE_REASON = 256 };

/* A picture, and what became of it. Where it is: a path, or else bytes, or else an encoded set, or else pixels. */
typedef struct rgm_picture_source {
    const char *path;       /* of a regular file; NULL: none */
    rgm_bytes bytes;        /* at NULL: none */
    const rgm_dataset *set; /* with encoded pictures; NULL: none */
    int32_t split;
    int64_t index;
    rgm_resize_source pixels; /* C as of the transform; of those that are shown 1 or 3 */

    rgm_status status;               /* out: RGM_OK, or why it could not be read: RGM_E_IO, those of rgm_decode() */
    char reason[RGM_PICTURE_REASON]; /* out: the same as text, "" if it was read; without its name */
    int32_t H, W;                    /* out, shown: of the picture itself */
    uint8_t *jpeg;                   /* out, shown: it as JPEG, to be freed by the caller; NULL if it was not read */
    size_t jpeg_size;
} rgm_picture_source;

typedef struct rgm_pictures rgm_pictures;

/* The device outlives it. RGM_E_NOMEM. [main] */
rgm_status rgm_pictures_create(rgm_pictures **pictures, const rgm_device *device, rgm_error *err);
void rgm_pictures_destroy(rgm_pictures *pictures); /* NULL is fine */

/* Pictures -> images [count][H][W][C] of the transform, zeros where one cannot be read. RGM_E_NOMEM if threads cannot
 * be had. [main] */
rgm_status rgm_pictures_read(rgm_pictures *pictures, const rgm_transform *transform, rgm_picture_source *sources,
                             int64_t count, uint8_t *images, rgm_error *err);

/* Pictures -> small ones as JPEG, whose longer side has `side` pixels at most. Errors as above. [main] */
rgm_status rgm_pictures_show(rgm_pictures *pictures, rgm_picture_source *sources, int64_t count, int32_t side,
                             rgm_error *err);

#endif
