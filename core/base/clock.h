/* Time for progress and measurements; never part of a result. */
#ifndef RGM_BASE_CLOCK_H
#define RGM_BASE_CLOCK_H

#include <time.h>

/* Seconds on the monotonic clock. */
static inline double rgm_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
