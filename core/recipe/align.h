/* Whether two images show the same pixels, moved, mirrored, scaled, made brighter or compressed: by the pixels.
 *
 * The best of all whole shifts, mirrored or not, by correlation (Lewis 1995, "Fast normalized cross-correlation"); then
 * shift, scale, gain and offset by least squares (Lucas and Kanade 1981; Baker and Matthews 2004). What is left is
 * judged against what copying leaves: noise of compression everywhere, and errors of interpolation where pixels differ
 * from their neighbours. Images that are merely alike differ in smooth places too.
 */
#ifndef RGM_RECIPE_ALIGN_H
#define RGM_RECIPE_ALIGN_H

#include "recipe/images.h"

enum { RGM_PATCH_SIDE = 48, RGM_PATCH_PLANES = 3 };

/* An image as it is compared: within 48 x 48, planes of one (grey) or three channels. */
typedef struct rgm_patch {
    int32_t H, W, C;
    float plane[RGM_PATCH_PLANES][RGM_PATCH_SIDE * RGM_PATCH_SIDE];
    float grey[RGM_PATCH_SIDE * RGM_PATCH_SIDE];
    double sums[2][(RGM_PATCH_SIDE + 1) * (RGM_PATCH_SIDE + 1)]; /* of the grey, and of its square, above and left */
    double allowance;                                            /* mean square that a copy may differ by */
} rgm_patch;

typedef struct rgm_alignment {
    double correlation; /* of the greys, aligned */
    double unlike;      /* mean square of what is left, 1: as much as a copy may have; a copy is below */
    double texture;     /* correlation of what differs from its surroundings */
    double residual;    /* what is left, in grey levels */
    double soft;        /* ... of it, smoothed */
    double gain, offset, shift[2], scale;
    int32_t mirrored;
} rgm_alignment;

typedef struct rgm_aligner rgm_aligner; /* a worker's tools */

/* RGM_E_NOMEM. [any thread] */
rgm_status rgm_aligner_create(rgm_aligner **aligner, const rgm_kernels *kernels, rgm_error *err);
void rgm_aligner_destroy(rgm_aligner *aligner); /* NULL is fine */

/* RGM_E_NOMEM. [worker] */
rgm_status rgm_patch_of(rgm_aligner *aligner, const rgm_pixels *image, rgm_patch *patch, rgm_error *err);

/* Returns 1 if b is a copy of a, or a of b; *alignment says how a becomes b. [worker] */
int32_t rgm_align(rgm_aligner *aligner, const rgm_patch *a, const rgm_patch *b, rgm_alignment *alignment);

#endif
