/* Antialiased resizing of uint8 images: the triangle filter over the area that a pixel covers (Turkowski 1990, "Filters
 * for common resampling tasks"). It is Pillow's BILINEAR and torchvision's resize with antialias=True: a pixel of the
 * result differs by at most 1 from theirs. Rows are combined first, columns second, in floating point, and rounded
 * once.
 *
 * The source may be a part of an image with edges between pixels; what lies outside of the part is not looked at. The
 * result may be a window of the resized image: rows top to top + H, columns left to left + W of full_H x full_W.
 */
#ifndef RGM_PICTURE_RESIZE_H
#define RGM_PICTURE_RESIZE_H

#include "kernels/kernels.h"
#include "picture/picture.h"

typedef struct rgm_resize_source {
    const uint8_t *pixels; /* [H] rows of [W][C] */
    int64_t pitch;         /* bytes from row to row */
    int32_t H, W, C;
    rgm_box box;       /* the part that is resized; height 0: all */
    int32_t top, left; /* where `pixels` begins in H x W. Only what rgm_resize_reach() says need be there */
} rgm_resize_source;

typedef struct rgm_resize_result {
    uint8_t *pixels; /* [H] rows of [W][C] */
    int64_t pitch;
    int32_t H, W;
    int32_t full_H, full_W; /* what the whole part would become */
    int32_t top, left;      /* of the result in it */
} rgm_resize_result;

/* The pixels of H x W that the result is made of: a box with whole edges. Only the sizes of both are looked at. */
rgm_box rgm_resize_reach(const rgm_resize_source *source, const rgm_resize_result *result);

/* Bytes of scratch for sources up to H x W x C and results up to OH x OW. */
size_t rgm_resize_scratch(const int32_t source[3], int32_t OH, int32_t OW);

/* Resizes in `scratch`: 64-byte aligned, as many bytes as rgm_resize_scratch() says. The result has the same bits
 * whatever window of it is asked for. [any thread] */
void rgm_resize_in(const rgm_kernels *kernels, void *scratch, const rgm_resize_source *source,
                   const rgm_resize_result *result);

typedef struct rgm_resizer rgm_resizer; /* kernels with scratch that grows, for one thread at a time */

/* RGM_E_NOMEM. [any thread] */
rgm_status rgm_resizer_create(rgm_resizer **resizer, const rgm_kernels *kernels, rgm_error *err);
void rgm_resizer_destroy(rgm_resizer *resizer); /* NULL is fine */

/* Takes scratch for sources up to H x W x C and results up to OH x OW now: later calls take none. RGM_E_NOMEM. */
rgm_status rgm_resizer_reserve(rgm_resizer *resizer, const int32_t source[3], int32_t OH, int32_t OW, rgm_error *err);

/* rgm_resize_in() its scratch. RGM_E_NOMEM. [any thread] */
rgm_status rgm_resize(rgm_resizer *resizer, const rgm_resize_source *source, const rgm_resize_result *result,
                      rgm_error *err);

#endif
