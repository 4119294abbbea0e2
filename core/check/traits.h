/* What single images look like, of those that the cheap model has (cheap.h): where splits, classes and damaged images
 * are told apart by what people see.
 *
 *     mean, deviation   of all values
 *     low, high         the least and the largest value
 *     neighbours        correlation of neighbours along rows and columns; 1 where there is nothing
 *     noise             levels, by a mask of 3 x 3 (J. Immerkaer, Fast noise variance estimation, CVIU 64, 1996), in
 * the cell at a quarter from below: noise is everywhere, what is shown is not random            1: values are as of
 * random bytes: uniform, and without neighbours cut               rows at the end that have one colour, unless the
 * first ones have it, too; 0: the image is whole
 */
#ifndef RGM_RECIPE_TRAITS_H
#define RGM_RECIPE_TRAITS_H

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
