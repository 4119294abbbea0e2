/* Quantiles of many numbers: sorted by their bits, in a time that grows as their number. */
#ifndef RGM_INSPECT_ASCENDING_H
#define RGM_INSPECT_ASCENDING_H

#include <stdint.h>

/* Sorts values[count], which are finite; `room` [count] is written, too. */
void rgm_ascending_sort(float *values, float *room, int64_t count);

/* The quantile `share` of 0 to 1 of sorted values, count >= 1: between two of them in proportion. */
double rgm_ascending_quantile(const float *values, int64_t count, double share);

#endif
