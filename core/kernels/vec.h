/* The vector vocabulary in which every body_*.inc is written, and what follows from it.
 *
 * One header per ISA (vec_generic16.h, vec_avx2.h, vec_avx512.h) is included before this one and defines:
 *   VL                      lanes: 8 or 16
 *   V, VI                   VL floats; VL int32. Compiler vectors: + - * / & | << >> work on them, (VI)v has v's bits
 *   M                       a truth value per lane, opaque
 *   v_load v_store          VL floats, any alignment
 *   v_load_first(p, k)      the first k < VL lanes, the others 0; touches nothing behind p[k - 1]
 *   v_store_first(p, v, k)  likewise
 *   v_set1 i_set1           the same number in all lanes
 *   v_fma(a, b, c)          a * b + c rounded once
 *   v_sqrt(a)               rounded correctly
 *   v_max(a, b)             a > b ? a : b, so b if either is NaN
 *   v_min(a, b)             a < b ? a : b
 *   i_max(a, b)
 *   v_gt v_ne v_nan         comparisons, giving M;  v_nan(a): a is NaN
 *   m_or(m, n)  m_first(k)  either; the first k <= VL lanes;  m_any(m): in any lane
 *   m_bits(m)               bit l for lane l
 *   v_keep(m, a)            a where m, else 0
 *   v_select(m, a, b)       a where m, else b;  i_select for VI
 *   i_float(i)              int32 to float
 *   v_bytes(lo, hi)         16 bytes in two words, lowest first, as floats (8 lanes: hi is ignored)
 *   v_load_bytes(p)         VL bytes as floats
 *   m_bytes_equal(p, k)     lanes whose byte p[lane] equals k
 *   i_store_bytes(p, i)     the low bytes of VL lanes
 *   v_add_to(acc, v)        acc[lane] += v[lane], doubles
 *   v_transpose(r)          VL vectors: lane j of r[i] and lane i of r[j] change places
 *
 * Only operations that IEEE 754 rounds correctly are in the vocabulary. So the same body run by two headers of equal VL
 * gives the same bits. Exceptions are a NaN's payload, and denormals where they are flushed (maxps returns zero, a
 * select the denormal). kerncheck holds avx512 to generic16.
 */
#ifndef RGM_KERNELS_VEC_H
#define RGM_KERNELS_VEC_H

#ifndef VL
#    error "include one of vec_generic16.h, vec_avx2.h, vec_avx512.h before vec.h"
#endif

/* k lanes, 1 <= k <= VL. With a constant k = VL these are plain loads and stores. */
INLINE V v_load_lanes(const float *p, int k) { return k == VL ? v_load(p) : v_load_first(p, k); }

INLINE void v_store_lanes(float *p, V v, int k) {
    if (k == VL)
        v_store(p, v);
    else
        v_store_first(p, v, k);
}

/* Lanes k and up become `filler`. */
INLINE V v_fill_rest(V v, int k, float filler) { return k == VL ? v : v_select(m_first(k), v, v_set1(filler)); }

/* Runs the statement for i = 0, VL, ... with k = VL (a constant), then once for the rest with the k lanes left. */
#define LANES(i, k, n, ...)                                                                                            \
    do {                                                                                                               \
        int64_t i = 0;                                                                                                 \
        for (; i <= (n)-VL; i += VL) {                                                                                 \
            enum { k = VL };                                                                                           \
            __VA_ARGS__;                                                                                               \
        }                                                                                                              \
        if (i < (n)) {                                                                                                 \
            const int k = (int)((n)-i);                                                                                \
            __VA_ARGS__;                                                                                               \
        }                                                                                                              \
    } while (0)

INLINE V v_abs(V a) { return (V)((VI)a & i_set1(0x7fffffff)); }

/* A NaN passes: v_max gives its second operand. */
INLINE V v_relu(V a) { return v_max(v_set1(0), a); }

INLINE float v_first(V v) {
    float t[VL];
    v_store(t, v);
    return t[0];
}

/* Sum and largest of all lanes, in a fixed tree. */
INLINE float v_sum_lanes(V v) {
    float t[VL];
    v_store(t, v);
    for (int half = VL / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) t[j] += t[j + half];
    return t[0];
}

INLINE float v_max_lanes(V v) {
    float t[VL];
    v_store(t, v);
    for (int half = VL / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) t[j] = t[j] > t[j + half] ? t[j] : t[j + half];
    return t[0];
}

INLINE double sum_doubles(double *t) {
    for (int half = VL / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++) t[j] += t[j + half];
    return t[0];
}

/* The first k <= VL of them. */
INLINE double sum_first_doubles(double *t, int k) {
    for (; k < VL; k++) t[k] = 0;
    return sum_doubles(t);
}

/* e^x to about one ulp. Below -87.33 (where results would be denormal) 0, above 88.73 infinity, NaN stays.
 * x = n ln 2 + r with n an integer and |r| <= ln(2)/2; ln 2 in two parts of which n times the first is exact.
 * e^r - 1 - r = r^2 P(r), P of degree 4 minimising the relative error of e^r (Remez): 3e-9. */
INLINE V v_exp(V x) {
    const V magic = v_set1(0x1.8p23f); /* adding it rounds to an integer, left in the low bits */
    const V t = v_max(v_set1(-90.0f), v_min(v_set1(90.0f), x));
    const V shifted = v_fma(t, v_set1(0x1.715476p0f), magic);
    const V n = shifted - magic;
    const V r = v_fma(n, v_set1(-0x1.7f7d1cp-20f), v_fma(n, v_set1(-0x1.62e4p-1f), t));
    V p = v_set1(0.00138143171f);
    p = v_fma(p, r, v_set1(0.00836885069f));
    p = v_fma(p, r, v_set1(0.0416684002f));
    p = v_fma(p, r, v_set1(0.166665196f));
    p = v_fma(p, r, v_set1(0.49999994f));
    p = v_fma(p, r * r, r) + v_set1(1);
    /* times 2^n in two steps: 2^128 is no float, although e^88.7 is */
    const VI whole = (VI)shifted - (VI)magic, half = whole >> 1;
    const VI bias = i_set1(127);
    const V y = p * (V)((half + bias) << 23) * (V)((whole - half + bias) << 23);
    return v_select(v_gt(v_set1(-0x1.5d589ep6f), x), v_set1(0), y);
}

/* 2 atanh(s) = 2s + s^3 Q(s^2) for |s| <= 1/3; Q of degree 4, relative error 1e-10 (Remez). */
INLINE V v_atanh2(V s) {
    const V z = s * s;
    V q = v_set1(0.243009344f);
    q = v_fma(q, z, v_set1(0.214276582f));
    q = v_fma(q, z, v_set1(0.286168844f));
    q = v_fma(q, z, v_set1(0.39998877f));
    q = v_fma(q, z, v_set1(0.666666746f));
    return v_fma(q, z * s, s + s);
}

/* log(1 + u) for 0 <= u <= 1, accurate for the smallest u too; NaN stays. */
INLINE V v_log1p(V u) { return v_atanh2(u / (v_set1(2) + u)); }

/* log(x) for normal positive x; +infinity and NaN stay. x = 2^n m, m in [sqrt(1/2), sqrt(2)); log m = 2
 * atanh((m-1)/(m+1)).
 */
INLINE V v_log(V x) {
    const VI offset = i_set1(0x3f3504f3); /* sqrt(1/2) */
    const VI n = ((VI)x - offset) >> 23;
    const V m = (V)((VI)x - (n << 23));
    const V e = i_float(n);
    const V y =
        v_fma(e, v_set1(0x1.62e4p-1f), v_fma(e, v_set1(0x1.7f7d1cp-20f), v_atanh2((m - v_set1(1)) / (m + v_set1(1)))));
    return v_select(v_gt(v_set1(__builtin_inff()), x), y, x);
}

/* 1 / (1 + e^-x), relative to its size even where it is tiny. */
INLINE V v_sigmoid(V x) {
    const V u = v_exp(-v_abs(x)), one = v_set1(1);
    return v_select(v_gt(v_set1(0), x), u, one) / (one + u);
}

/* tanh. Below 0.5625 it is the odd polynomial x + x^3 P(x^2), P of degree 4 (Remez, relative error 1.3e-9). Above it is
 * 1 - 2 / (e^2|x| + 1) with x's sign. NaN stays. */
INLINE V v_tanh(V x) {
    const V size = v_abs(x), z = x * x, one = v_set1(1);
    V p = v_set1(-0.00617981702f);
    p = v_fma(p, z, v_set1(0.0210074652f));
    p = v_fma(p, z, v_set1(-0.0538374335f));
    p = v_fma(p, z, v_set1(0.133324519f));
    p = v_fma(p, z, v_set1(-0.333333135f));
    const V near = v_fma(p, z * x, x);
    const V far = one - v_set1(2) / (v_exp(size + size) + one);
    const V signed_far = (V)((VI)far | ((VI)x & i_set1(INT32_MIN)));
    return v_select(v_gt(size, v_set1(0.5625f)), signed_far, near);
}

#endif
