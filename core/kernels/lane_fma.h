/* One lane of a fused multiply-add, correctly rounded, with or without FMA hardware.
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

#endif
