/* A span is a range of the batch's pixels, or of its tiles, counted image by image. A slice is the part of a span that
 * lies in one image. Kernels take slices:
 *
 *     for (rgm_slice s = rgm_slice_of(from, total, per_image); rgm_slice_next(&s);) ...
 *
 * With 196 pixels an image, the span of 192 pixels from pixel 100 on has two slices. These are pixels 100 to 195 of
 * image 0 and pixels 0 to 95 of image 1.
 */
#ifndef RGM_CONV_SLICE_H
#define RGM_CONV_SLICE_H

#include "plan/op.h"

typedef struct rgm_slice {
    int64_t image;
    int32_t first, count; /* of the image's pixels or tiles */
    int64_t done;         /* how many of the span came before */
    int64_t from, total, per_image;
} rgm_slice;

/* Before the first slice of the span [from, from + total). */
static inline rgm_slice rgm_slice_of(int64_t from, int64_t total, int64_t per_image) {
    return (rgm_slice){.from = from, .total = total, .per_image = per_image};
}

/* Goes on to the next slice; 0: there is none. */
static inline int32_t rgm_slice_next(rgm_slice *s) {
    s->done += s->count;
    int64_t at = s->from + s->done, left = s->total - s->done;
    s->image = at / s->per_image;
    s->first = (int32_t)(at % s->per_image);
    s->count = (int32_t)rgm_least(s->per_image - s->first, left);
    return left > 0;
}

/* Floats between gathered pixels, or transformed points: else powers of two put them all into a few sets of the cache.
 */
enum { RGM_CONV_SKEW = 16 };

#endif
