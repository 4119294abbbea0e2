/* A fused multiply-add of one lane or many, correctly rounded, with or without FMA hardware.
 *
 * libm's fmaf is either an indirect call per lane or, without the instruction, slow; this inlines. The product of two
 * floats is exact in double (48 bits). The sum is rounded to odd there (Boldo and Melquiond 2008). So the second
 * rounding to float cannot go wrong. kerncheck compares it with fmaf bit for bit.
 */
#ifndef RGM_KERNELS_LANE_FMA_H
#define RGM_KERNELS_LANE_FMA_H

#include <stdint.h>
#include <string.h>

static inline float lane_fma(float a, float b, float c) {
#ifdef __FMA__
    return __builtin_fmaf(a, b, c);
#else
    const double p = (double)a * b;
    double s = p + c;
    const double c_part = s - p;
    const double error = (p - (s - c_part)) + (c - c_part); /* exact (Knuth's TwoSum); NaN if s is not finite */
    if (error > 0 || error < 0) {
        int64_t bits;
        memcpy(&bits, &s, sizeof bits);
        if ((bits & 1) == 0) bits += (error > 0) == (s > 0) ? 1 : -1;
        memcpy(&s, &bits, sizeof s);
    }
    return (float)s;
#endif
}

/* lane_fma of two lanes, without branches: 16 bytes are the vectors that every machine with any has. */
typedef float fma_floats __attribute__((vector_size(8)));
typedef double fma_doubles __attribute__((vector_size(16)));
typedef int64_t fma_bits __attribute__((vector_size(16)));

static inline fma_doubles fma_load(const float *x) {
    fma_floats two;
    memcpy(&two, x, sizeof two);
    return __builtin_convertvector(two, fma_doubles);
}

/* y[i] = a[i] * b[i] + c[i] for an even count, by what every machine has. */
static inline void emulated_fma(float *restrict y, const float *a, const float *b, const float *c, int count) {
    const fma_doubles zero = {0};
    for (int i = 0; i < count; i += 2) {
        const fma_doubles p = fma_load(a + i) * fma_load(b + i), q = fma_load(c + i), s = p + q, q_part = s - p;
        const fma_doubles error = (p - (s - q_part)) + (q - q_part);
        const fma_bits above = (fma_bits)(error > zero), inexact = above | (fma_bits)(error < zero);
        const fma_bits even = ((fma_bits)s & 1) - 1;
        const fma_bits to_odd = (above ^ (fma_bits)(s > zero)) | 1; /* 1 away from 0, -1 towards it */
        const fma_doubles odd = (fma_doubles)((fma_bits)s + (to_odd & inexact & even));
        const fma_floats two = __builtin_convertvector(odd, fma_floats);
        memcpy(y + i, &two, sizeof two);
    }
}

/* The machine at hand may have the instruction that the compiler was not told of. */
#if defined(__x86_64__)
#    define FMA_AT_RUN_TIME __builtin_cpu_supports("fma")
__attribute__((target("fma"))) static inline void machine_fma(float *restrict y, const float *a, const float *b,
                                                              const float *c, int count) {
    for (int i = 0; i < count; i++) y[i] = __builtin_fmaf(a[i], b[i], c[i]);
}
#else
#    define FMA_AT_RUN_TIME 0
static inline void machine_fma(float *restrict y, const float *a, const float *b, const float *c, int count) {
    emulated_fma(y, a, b, c, count);
}
#endif

/* y[i] = a[i] * b[i] + c[i] for an even count: the same bits in each way. */
static inline void lanes_fma(float *restrict y, const float *a, const float *b, const float *c, int count) {
    if (FMA_AT_RUN_TIME)
        machine_fma(y, a, b, c, count);
    else
        emulated_fma(y, a, b, c, count);
}

#endif
