/* What only tests and the bench turn, in rgm_dataset_options.knobs. */
#ifndef RGM_DATA_KNOBS_H
#define RGM_DATA_KNOBS_H

#include <stdint.h>

typedef struct rgm_dataset_knobs {
    int64_t room;    /* bytes that unpacked pixels, a chunk cache, or a split's names may take; 0: a quarter of the
                        free memory; below 0: none */
    int32_t trusted; /* 1: a foreign file has no first reader */
} rgm_dataset_knobs;

#endif
