/* Sketches: an image in 64 small numbers, by which its near copies are found.
 *
 * A sketch is the spectrum (spectrum.h) along the axes that tell images apart the best (whiten.h), in units of the
 * deviation that copies have. What copies are is shown to it: a sample of the set's images is moved, scaled, brightened
 * and disturbed. So the axes are the set's own, and so is the distance within which copies lie.
 *
 * Numbers e are even under the mirror, numbers o odd. The distance of two images is that to the other or to the other
 * mirrored, whichever is less. Squared, it is  sum (e - e')^2 + min(sum (o - o')^2, sum (o + o')^2).
 */
#ifndef RGM_INSPECT_SKETCH_H
#define RGM_INSPECT_SKETCH_H

#include "inspect/images.h"

enum {
    RGM_SKETCH_HALF = 32, /* the numbers that tell the most come first */
    RGM_SKETCH_SIZE = 64,
    RGM_SKETCH_UNIT = 8, /* of a number: one deviation of copies */
    RGM_SKETCH_MOST = 2047
};

typedef struct rgm_sketch {
    int16_t of[RGM_SKETCH_SIZE];
} rgm_sketch;

typedef struct rgm_sketcher rgm_sketcher;

/* Learns from a sample of the images, always the same. RGM_E_NOMEM, errors of reading, RGM_E_INTERRUPTED. [main] */
rgm_status rgm_sketcher_create(rgm_sketcher **sketcher, rgm_images *images, const rgm_device *device, rgm_stop stop,
                               rgm_error *err);
void rgm_sketcher_destroy(rgm_sketcher *sketcher); /* NULL is fine */

/* How many of the first half's, and of the second half's, numbers are even; the odd ones follow. */
int32_t rgm_sketcher_even(const rgm_sketcher *sketcher, int32_t half);

/* Squared distance that 99 in 100 copies of the sample stay within. */
int32_t rgm_sketcher_radius(const rgm_sketcher *sketcher);

/* The median deviation of the sample's images with texture, in grey levels. */
double rgm_sketcher_contrast(const rgm_sketcher *sketcher);

/* Returns 0 for an image without texture, or one too small to compare: it has no sketch. [worker] */
int32_t rgm_sketch_of(rgm_sketcher *sketcher, const rgm_look *look, int32_t worker, rgm_sketch *sketch);

int32_t rgm_sketch_distance(const rgm_sketcher *sketcher, const rgm_sketch *a, const rgm_sketch *b);

/* Luminance (BT.601; of other numbers of channels than 1 and 3 the mean) -> grey[H][W]; returns its deviation. */
float rgm_grey_of(const rgm_pixels *image, float *grey);

#endif
