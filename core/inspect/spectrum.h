/* What an image looks like, whatever its place and brightness: roots of the magnitudes of its low frequencies.
 *
 * An image that was moved has the same magnitudes in its discrete Fourier transform; only phases differ. What came in
 * at the edges changes both, so a window takes the edges' weight. Frequencies are RGM_SPECTRUM_SIDE a side, a step of
 * 0.875 cycles an image apart: the size in pixels does not matter. The magnitude of frequency (v, -u) is that of (v, u)
 * in the mirrored image. So half their sum is even: it does not change with the mirror. Half their difference is odd:
 * it changes its sign.
 */
#ifndef RGM_INSPECT_SPECTRUM_H
#define RGM_INSPECT_SPECTRUM_H

#include "picture/resize.h"

enum {
    RGM_SPECTRUM_SIDE = 10, /* frequencies */
    RGM_SPECTRUM_EVEN = RGM_SPECTRUM_SIDE * RGM_SPECTRUM_SIDE,
    RGM_SPECTRUM_ODD = (RGM_SPECTRUM_SIDE - 1) * (RGM_SPECTRUM_SIDE - 1),
    RGM_SPECTRUM_SIZE = RGM_SPECTRUM_EVEN + RGM_SPECTRUM_ODD
};

/* Tables for sides of some lengths. */
typedef struct rgm_spectrum rgm_spectrum;

/* For images of H x W; with `all`, of every size up to that. RGM_E_NOMEM. */
rgm_status rgm_spectrum_create(rgm_spectrum **spectrum, int32_t H, int32_t W, int32_t all, rgm_error *err);
void rgm_spectrum_destroy(rgm_spectrum *spectrum); /* NULL is fine */

/* Of grey[H][W], values: [RGM_SPECTRUM_EVEN] even ones, then the odd ones. `deviation` is that of its pixels, above 0.
 * [worker] */
void rgm_spectrum_of(const rgm_spectrum *spectrum, const float *grey, int32_t H, int32_t W, float deviation,
                     float values[RGM_SPECTRUM_SIZE]);

#endif
