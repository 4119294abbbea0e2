/* What is left between two aligned images, judged against what copying leaves. */
#ifndef RGM_INSPECT_JUDGE_H
#define RGM_INSPECT_JUDGE_H

#include "inspect/patch.h"

/* A map of pixels: b's pixel at `place` is a's at centre + scale * (place - centre) + shift (y, x), times gain plus
 * offset. */
typedef struct rgm_map {
    double gain, offset, shift[2], scale;
} rgm_map;

/* Where pixel i along an axis of n pixels lies in a: the pixel before it, and how far from there; 0: outside. */
int32_t rgm_map_locate(const rgm_map *map, int32_t n, int32_t axis, int32_t i, int32_t *whole, float *part);

typedef struct rgm_remainder {
    double correlation; /* of the greys */
    double unlike;      /* mean square, in units of what compression and interpolation may leave at each pixel */
    double texture;     /* correlation of what differs from its surroundings */
    double soft;        /* root mean square of what is left after smoothing, in grey levels */
    double worst;       /* the same in that of 16 cells where it is largest */
    double colour;      /* difference of colours, in grey levels */
    double gain, offset;
} rgm_remainder;

typedef struct rgm_judge {
    float warped[3][RGM_PATCH_PIXELS]; /* the grey, and two colours */
    float smooth[2][RGM_PATCH_PIXELS];
    uint8_t inside[RGM_PATCH_PIXELS], limit[RGM_PATCH_PIXELS];
} rgm_judge; /* scratch */

/* Of patches of one size. a is interpolated as some program might have done it: the best of several is taken. */
void rgm_judge_pair(rgm_judge *room, const rgm_patch *a, const rgm_patch *b, const rgm_map *map, rgm_remainder *left);

/* 1: a copy. contrast: the median deviation of the set's images, in grey levels. */
int32_t rgm_judge_copy(const rgm_remainder *left, double contrast);

#endif
