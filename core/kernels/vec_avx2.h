/* The vocabulary of vec.h with 8 lanes, for AVX2 and FMA. */
#ifndef RGM_KERNELS_VEC_AVX2_H
#define RGM_KERNELS_VEC_AVX2_H

#if !defined(__AVX2__) || !defined(__FMA__)
#    error "vec_avx2.h needs -mavx2 -mfma"
#endif

#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include "kernels/unroll.h"

#define INLINE static inline __attribute__((always_inline, unused))
#define VL     8

typedef __m256 V;
typedef int32_t VI __attribute__((vector_size(32)));
typedef VI M;

INLINE V v_load(const float *p) { return _mm256_loadu_ps(p); }

INLINE void v_store(float *p, V v) { _mm256_storeu_ps(p, v); }

INLINE V v_set1(float a) { return _mm256_set1_ps(a); }

INLINE VI i_set1(int32_t a) { return (VI)_mm256_set1_epi32(a); }

INLINE M m_first(int k) {
    const VI lane = {0, 1, 2, 3, 4, 5, 6, 7};
    return (M)_mm256_cmpgt_epi32(_mm256_set1_epi32(k), (__m256i)lane);
}

INLINE int m_any(M m) { return !_mm256_testz_si256((__m256i)m, (__m256i)m); }

INLINE uint32_t m_bits(M m) { return (uint32_t)_mm256_movemask_ps((V)m); }

INLINE V v_load_first(const float *p, int k) { return _mm256_maskload_ps(p, (__m256i)m_first(k)); }

INLINE void v_store_first(float *p, V v, int k) { _mm256_maskstore_ps(p, (__m256i)m_first(k), v); }

INLINE V v_fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }

INLINE V v_sqrt(V a) { return _mm256_sqrt_ps(a); }

INLINE V v_max(V a, V b) { return _mm256_max_ps(a, b); }

INLINE V v_min(V a, V b) { return _mm256_min_ps(a, b); }

INLINE VI i_max(VI a, VI b) { return (VI)_mm256_max_epi32((__m256i)a, (__m256i)b); }

INLINE M v_gt(V a, V b) { return (M)_mm256_cmp_ps(a, b, _CMP_GT_OQ); }

INLINE M v_ne(V a, V b) { return (M)_mm256_cmp_ps(a, b, _CMP_NEQ_UQ); }

INLINE M v_nan(V a) { return (M)_mm256_cmp_ps(a, a, _CMP_UNORD_Q); }

INLINE M m_or(M m, M n) { return m | n; }

INLINE V v_keep(M m, V a) { return _mm256_and_ps((V)m, a); }

INLINE V v_select(M m, V a, V b) { return _mm256_blendv_ps(b, a, (V)m); }

INLINE VI i_select(M m, VI a, VI b) { return (VI)_mm256_blendv_ps((V)b, (V)a, (V)m); }

INLINE V i_float(VI i) { return _mm256_cvtepi32_ps((__m256i)i); }

INLINE V v_bytes(uint64_t lo, uint64_t hi) {
    (void)hi;
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((int64_t)lo)));
}

INLINE V v_load_bytes(const uint8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}

INLINE M m_bytes_equal(const uint8_t *p, int k) {
    const __m128i bytes = _mm_loadl_epi64((const __m128i *)p);
    return (M)_mm256_cvtepi8_epi32(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)k)));
}

INLINE void i_store_bytes(uint8_t *p, VI i) {
    const __m256i v = (__m256i)i;
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(words, words));
}

INLINE void v_add_to(double *acc, V v) {
    const __m256d lo = _mm256_cvtps_pd(_mm256_castps256_ps128(v)), hi = _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
    _mm256_storeu_pd(acc, _mm256_add_pd(_mm256_loadu_pd(acc), lo));
    _mm256_storeu_pd(acc + 4, _mm256_add_pd(_mm256_loadu_pd(acc + 4), hi));
}

INLINE void v_transpose(V *r) {
    V t[8];
    UNROLL for (int i = 0; i < 8; i += 4) { /* pairs of rows, then pairs of pairs */
        const V a = _mm256_unpacklo_ps(r[i], r[i + 1]), b = _mm256_unpackhi_ps(r[i], r[i + 1]);
        const V c = _mm256_unpacklo_ps(r[i + 2], r[i + 3]), d = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
        t[i] = _mm256_shuffle_ps(a, c, 0x44);
        t[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
        t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
        t[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
    UNROLL for (int i = 0; i < 4; i++) { /* halves */
        r[i] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x20);
        r[i + 4] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x31);
    }
}

#endif
