/* Whether two images show the same pixels, moved, mirrored, scaled, made brighter or compressed: by the pixels.
 *
 * First comes the best of all whole shifts, mirrored or not, by correlation (Lewis 1995, "Fast normalized
 * cross-correlation"). Shift, scale, gain and offset follow by least squares (Lucas and Kanade 1981; Baker and Matthews
 * 2004). judge.h decides by what is left.
 */
#ifndef RGM_INSPECT_ALIGN_H
#define RGM_INSPECT_ALIGN_H

#include "inspect/judge.h"

typedef struct rgm_alignment {
    rgm_remainder left;
    double shift[2], scale; /* from a to b, in pixels of the patch: down and right; factor */
    int32_t mirrored;
} rgm_alignment;

typedef struct rgm_aligner rgm_aligner; /* a worker's tools */

/* contrast: as for rgm_judge_copy(). RGM_E_NOMEM. [any thread] */
rgm_status rgm_aligner_create(rgm_aligner **aligner, const rgm_kernels *kernels, double contrast, rgm_error *err);
void rgm_aligner_destroy(rgm_aligner *aligner); /* NULL is fine */

/* Returns 1 if b is a copy of a, or a of b; *alignment says how a becomes b. [worker] */
int32_t rgm_align(rgm_aligner *aligner, const rgm_patch *a, const rgm_patch *b, rgm_alignment *alignment);

#endif
