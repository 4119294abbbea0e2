/* Near copies made on purpose, for the search to learn from. An image is moved, scaled, made brighter or darker, or
 * disturbed as lossy compression does.
 */
#ifndef RGM_INSPECT_DISTORT_H
#define RGM_INSPECT_DISTORT_H

#include <stdint.h>

enum { RGM_DISTORT_KINDS = 5 };

/* How far copies may be moved along a side of so many pixels: 2 of 28, and in proportion, 1 at least. */
int32_t rgm_distort_reach(int32_t side);

/* from[H][W] -> to[H][W], values 0 to 255; kind and seed say how. */
void rgm_distort(int32_t kind, uint64_t seed, const float *from, int32_t H, int32_t W, float *to);

#endif
