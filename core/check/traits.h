/* What single images look like, of those that the cheap model has (cheap.h). People tell splits and damaged images
 * apart by it.
 *
 *     mean, deviation   of all values
 *     low, high         the least and the largest value
 *     neighbours        correlation of neighbours along rows and columns; 1 where there is nothing
 *     noise             levels, in the cell at a quarter from below
 *     random            1: values are uniform, and without neighbours, as random bytes are
 *     cut               rows at the end that have one colour; 0: none, or the first row has it, too
 *
 * Noise is taken by a mask of 3 x 3 (J. Immerkaer, Fast noise variance estimation, CVIU 64, 1996). It is everywhere,
 * and what is shown is not: so a cell with little counts.
 */
#ifndef RGM_CHECK_TRAITS_H
#define RGM_CHECK_TRAITS_H

#include "check/cheap.h"

enum { RGM_TRAITS_COLOUR = 4 };

typedef struct rgm_trait {
    float mean, deviation, low, high, neighbours, noise;
    uint8_t random, fill[RGM_TRAITS_COLOUR]; /* the colour of what is cut, of its first channels */
    int32_t cut;
} rgm_trait;

/* Of the cheap model's images. [RGM_SPLIT_COUNT]; NULL: there is no such view. */
typedef struct rgm_traits {
    rgm_trait *of[RGM_SPLIT_COUNT];
} rgm_traits;

/* Made at the first call. [main] */
rgm_status rgm_checking_traits(rgm_checking *c, const rgm_traits **traits, rgm_error *err);

/* Of image[H][W][C]. */
rgm_trait rgm_trait_of(const uint8_t *image, int32_t H, int32_t W, int32_t C);

#endif
