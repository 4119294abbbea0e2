/* Mean and standard deviation of pixels per channel, by exact integer sums: the same bits however the images arrive. */
#ifndef RGM_DATA_STATS_H
#define RGM_DATA_STATS_H

#include <stdint.h>
#include "data/dataset.h"

__extension__ typedef unsigned __int128 rgm_u128;

typedef struct rgm_channel_sums {
    int32_t C;
    uint64_t pixels; /* of one channel, at most 2^55 */
    uint64_t sum[RGM_DATA_CHANNELS];
    rgm_u128 square[RGM_DATA_CHANNELS];
} rgm_channel_sums;

/* Adds dense [pixels][C] bytes, pixels * C at most RGM_DATA_IMAGE_BYTES (one image). Zero-initialise, then set C. */
void rgm_channel_sums_add(rgm_channel_sums *sums, const uint8_t *image, int64_t pixels);

/* mean[C] and std[C] (of the population) with pixels as 0..1; a channel that never varies gets std 1. pixels >= 1. */
void rgm_channel_sums_finish(const rgm_channel_sums *sums, double *mean, double *std);

#endif
