/* The transform of a model: how a picture of any size becomes the image that the network takes. It is a plain value,
 * kept in data sets and checkpoints as text, so that training, evaluation and prediction see the same pixels.
 *
 *     fit        what happens to a picture of h x w
 *     crop       its size is made at least H x W, its shorter side `shorter`; then the centre is cut out. A picture of
 *                H x W already stays as it is
 *     pad        it is made as large as fits into H x W; the rest is background, half on each side
 *     stretch    it is made H x W, whatever its aspect ratio
 *
 * Sizes and places are torchvision's (Resize, CenterCrop): the longer side of `crop` is rounded down; half pixels of
 * the place are rounded to even. Resizing is antialiased (resize.h).
 */
#ifndef RGM_PICTURE_TRANSFORM_H
#define RGM_PICTURE_TRANSFORM_H

#include "picture/picture.h"
#include "picture/resize.h"

enum { RGM_FIT_CROP = 0, RGM_FIT_PAD = 1, RGM_FIT_STRETCH = 2, RGM_FIT_COUNT = 3 };

enum { RGM_TRANSFORM_TEXT = 96 };

typedef struct rgm_transform {
    int32_t C, H, W;       /* of the image; C 1: grey, 3: colour. C 0: not known */
    int32_t fit;           /* RGM_FIT_* */
    int32_t shorter;       /* of fit crop, before the cut: at least the shorter of H and W; 0: just covers H x W */
    uint8_t background[3]; /* behind transparency, and around a padded picture */
} rgm_transform;

/* The default for a model of such images: crop, just covering, white behind. */
rgm_transform rgm_transform_default(int32_t C, int32_t H, int32_t W);

/* For a picture of H x W that is to fit into `longer` x `longer` pixels: its aspect ratio stays, and it is not
 * enlarged. The shorter side is rounded to nearest, 1 at least. White is behind. */
rgm_transform rgm_transform_within(int32_t C, int32_t H, int32_t W, int32_t longer);

/* The side, in pixels, of square images that suit pictures whose shorter sides have this median. It is the largest of
 * 32, 48, 64, 96, 128, 160, 192 and 224 that does not exceed it, 32 at least. So most pictures are not enlarged. */
int32_t rgm_transform_side(int32_t median);

/* As text: "crop 3x224x224 shorter 256 background ffffff". */
void rgm_transform_print(const rgm_transform *transform, char text[RGM_TRANSFORM_TEXT]);

/* Reads such a text; `what` begins the error line. RGM_E_FORMAT. */
rgm_status rgm_transform_parse(rgm_transform *transform, const char *text, const char *what, rgm_error *err);

/* "crop", "pad", "stretch". */
const char *rgm_fit_name(int32_t fit);

/* ---- a worker's tools ---- */

typedef struct rgm_transformer rgm_transformer; /* decoder and resizer, for one thread at a time */

/* RGM_E_NOMEM. [any thread] */
rgm_status rgm_transformer_create(rgm_transformer **transformer, const rgm_kernels *kernels, rgm_error *err);
void rgm_transformer_destroy(rgm_transformer *transformer); /* NULL is fine */

/* Takes the memory for pictures of up to `pixels` pixels, H rows and W columns at most, and images of `to`, now. */
rgm_status rgm_transformer_reserve(rgm_transformer *transformer, int64_t pixels, int32_t H, int32_t W,
                                   const rgm_transform *to, rgm_error *err);

/* An encoded picture that becomes an image; plain value. */
typedef struct rgm_transform_job {
    const rgm_bytes *bytes;
    const rgm_transform *to;
    int32_t reduce;        /* 1: it may be decoded reduced (training); 0: as other programs do it (predictions) */
    rgm_picture_info info; /* out: what it is */
    int32_t warnings;      /* out: oddities that a decoder passed over */
} rgm_transform_job;

/* The job's picture -> image [H][W][C], dense. Without `reduce` it is that of the whole picture. Of a JPEG, pixels that
 * a crop cuts off are not computed then, but damage there is found all the same. Errors of rgm_decode(). [worker] */
rgm_status rgm_transformer_picture(rgm_transformer *transformer, rgm_transform_job *job, uint8_t *image,
                                   rgm_error *err);

/* Pixels [H][W][C], C as of `to` -> image. [worker] */
rgm_status rgm_transformer_pixels(rgm_transformer *transformer, const rgm_resize_source *pixels,
                                  const rgm_transform *to, uint8_t *image, rgm_error *err);

/* The part `box` of an encoded picture -> image [H][W][C] dense: what a random crop does. It is decoded reduced where
 * that loses nothing that the image could show. [worker] */
rgm_status rgm_transformer_window(rgm_transformer *transformer, const rgm_bytes *bytes, const rgm_decode_want *window,
                                  uint8_t *image, rgm_error *err);

#endif
