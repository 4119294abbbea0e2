/* The vocabulary of vec.h with 16 lanes in compiler vectors: any machine. Not fast, but it runs every 16-wide body and
 * layout where AVX-512 is missing, with the same bits.
 */
#ifndef RGM_KERNELS_VEC_GENERIC16_H
#define RGM_KERNELS_VEC_GENERIC16_H

#if !defined(__GNUC__)
#    error "vec_generic16.h needs the vector extensions of gcc or clang"
#endif

#include "kernels/lane_fma.h"
#include <math.h>
#include <stdint.h>
#include <string.h>
#include "kernels/unroll.h"

#define INLINE static inline __attribute__((always_inline, unused))

#define VL 16

typedef float V __attribute__((vector_size(64)));
typedef int32_t VI __attribute__((vector_size(64)));
typedef VI M;

INLINE V v_load(const float *p) {
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void v_store(float *p, V v) { memcpy(p, &v, sizeof v); }

INLINE V v_load_first(const float *p, int k) {
    V v = {0};
    memcpy(&v, p, (size_t)k * sizeof *p);
    return v;
}

INLINE void v_store_first(float *p, V v, int k) { memcpy(p, &v, (size_t)k * sizeof *p); }

INLINE V v_set1(float a) { return (V){a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a}; }

INLINE VI i_set1(int32_t a) { return (VI){a, a, a, a, a, a, a, a, a, a, a, a, a, a, a, a}; }

/* Not inline: it is 16 operations. At each of its places they would be most of this level's code, and most of the time
 * that compiling it takes. */
static __attribute__((noinline, unused)) V v_fma(V a, V b, V c) {
    V y;
    lanes_fma((float *)&y, (const float *)&a, (const float *)&b, (const float *)&c, VL);
    return y;
}

INLINE V v_sqrt(V a) {
    V y;
    for (int j = 0; j < VL; j++) y[j] = sqrtf(a[j]);
    return y;
}

INLINE V v_select(M m, V a, V b) { return (V)((m & (VI)a) | (~m & (VI)b)); }

INLINE VI i_select(M m, VI a, VI b) { return (m & a) | (~m & b); }

INLINE V v_keep(M m, V a) { return (V)(m & (VI)a); }

INLINE M v_gt(V a, V b) { return (M)(a > b); }

INLINE M v_ne(V a, V b) { return (M)(a != b); }

INLINE M v_nan(V a) { return (M)(a != a); }

INLINE M m_or(M m, M n) { return m | n; }

INLINE int m_any(M m) {
    int32_t any = 0;
    for (int j = 0; j < VL; j++) any |= m[j];
    return any != 0;
}

INLINE uint32_t m_bits(M m) {
    uint32_t bits = 0;
    for (int j = 0; j < VL; j++) bits |= (m[j] & 1U) << j;
    return bits;
}

INLINE M m_first(int k) {
    const VI lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return (M)(lane < i_set1(k));
}

INLINE V v_max(V a, V b) { return v_select(v_gt(a, b), a, b); }

INLINE V v_min(V a, V b) { return v_select(v_gt(b, a), a, b); }

INLINE VI i_max(VI a, VI b) { return i_select((M)(a > b), a, b); }

INLINE V i_float(VI i) { return __builtin_convertvector(i, V); }

INLINE V v_bytes(uint64_t lo, uint64_t hi) {
    V y;
    for (int j = 0; j < 8; j++) {
        y[j] = (float)(uint8_t)(lo >> 8 * j);
        y[j + 8] = (float)(uint8_t)(hi >> 8 * j);
    }
    return y;
}

INLINE V v_load_bytes(const uint8_t *p) {
    V y;
    for (int j = 0; j < VL; j++) y[j] = (float)p[j];
    return y;
}

INLINE M m_bytes_equal(const uint8_t *p, int k) {
    M m;
    for (int j = 0; j < VL; j++) m[j] = -(p[j] == k);
    return m;
}

INLINE void i_store_bytes(uint8_t *p, VI i) {
    for (int j = 0; j < VL; j++) p[j] = (uint8_t)i[j];
}

INLINE void v_add_to(double *acc, V v) {
    for (int j = 0; j < VL; j++) acc[j] += (double)v[j];
}

INLINE void v_transpose(V *r) {
    for (int i = 0; i < VL; i++)
        for (int j = i + 1; j < VL; j++) {
            const float t = r[i][j];
            r[i][j] = r[j][i];
            r[j][i] = t;
        }
}

#endif
