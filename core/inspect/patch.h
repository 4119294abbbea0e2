/* An image as it is compared by its pixels: small, its grey apart from its colours. */
#ifndef RGM_INSPECT_PATCH_H
#define RGM_INSPECT_PATCH_H

#include "picture/resize.h"
#include "picture/transform.h"
#include "inspect/images.h"

/* EDGE: pixels at the edges of both images that are not compared: who scales an image blends them with what he takes to
 * be outside. */
enum {
    RGM_PATCH_SIDE = 48,
    RGM_PATCH_PIXELS = RGM_PATCH_SIDE * RGM_PATCH_SIDE,
    RGM_PATCH_EDGE = 1,
    RGM_PATCH_LEAST = 8
};

/* What a copy may differ by. NOISE: grey levels that compression leaves anywhere. BLUR: the part of a pixel's
 * difference from its surroundings that interpolation may take. */
#define RGM_PATCH_NOISE 3.0f
#define RGM_PATCH_BLUR  0.35f

/* Within 48 x 48. C: 3 with colours, else 1. */
typedef struct rgm_patch {
    int32_t H, W, C;
    float grey[RGM_PATCH_PIXELS], colour[2][RGM_PATCH_PIXELS];   /* colour: blue and red less grey */
    uint8_t limit[RGM_PATCH_PIXELS];                             /* bit 0: a channel is 0, bit 1: one is 255 */
    double sums[2][(RGM_PATCH_SIDE + 1) * (RGM_PATCH_SIDE + 1)]; /* of the grey, and of its square, above and left */
    double allowance;                                            /* mean square that a copy may differ by */
} rgm_patch;

typedef struct rgm_patcher rgm_patcher; /* a worker's tools */

/* RGM_E_NOMEM. [any thread] */
rgm_status rgm_patcher_create(rgm_patcher **patcher, const rgm_kernels *kernels, rgm_error *err);
void rgm_patcher_destroy(rgm_patcher *patcher); /* NULL is fine */

/* The image, reduced where it is larger. like: made as large as that if it nearly is; NULL: as it is. RGM_E_NOMEM.
 * [worker] */
rgm_status rgm_patch_of(rgm_patcher *patcher, const rgm_pixels *image, const rgm_patch *like, rgm_patch *patch,
                        rgm_error *err);

void rgm_patch_mirror(const rgm_patch *from, rgm_patch *to);

/* Values that were cut at 0 or 255, in either image, say only that they would be beyond. */
static inline int32_t rgm_patch_cut(float made, float want, uint8_t a, uint8_t b) {
    return made > want ? (b & 2) | (a & 1) : (b & 1) | (a & 2);
}

/* The limits of the four pixels at and after a place. */
static inline uint8_t rgm_patch_limit(const rgm_patch *p, int32_t at) {
    return p->limit[at] | p->limit[at + 1] | p->limit[at + p->W] | p->limit[at + p->W + 1];
}

#endif
