/* One call of each kernel, as `bench kernels` makes it: the table that kernels.def is expanded into. */
#ifndef RGM_BENCH_KERNEL_CALLS_H
#define RGM_BENCH_KERNEL_CALLS_H

#include "kernels/kernels.h"

enum {
    RGM_CALL_FLOATS = 8192, /* most that a call touches of an array: 32 KiB */
    RGM_CALL_ARRAYS = 6,
    RGM_CALL_BYTE_ARRAYS = 2,
    RGM_CALL_DOUBLES = 256
};

/* Where a call finds its arrays: f[0..2] hold values in [-1, 1), f[3..5] in [0, 1), u 4s (the middle of a 3x3 window).
 * Calls may be repeated without end: what they update stays in range. */
typedef struct rgm_place {
    const rgm_kernels *k;
    float *f[RGM_CALL_ARRAYS];
    uint8_t *u[RGM_CALL_BYTE_ARRAYS];
    double *d;
} rgm_place;

/* Calls a kernel; returns the elements (in the sense of kernels.def) that it computed. */
typedef int64_t (*rgm_kernel_call)(const rgm_place *place);

/* In the order of rgm_kernel_list. */
extern const rgm_kernel_call rgm_kernel_calls[];

#endif
