/* The vocabulary of vec.h with 16 lanes, for AVX-512 F, BW, DQ and VL. */
#ifndef RGM_KERNELS_VEC_AVX512_H
#define RGM_KERNELS_VEC_AVX512_H

#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) || !defined(__AVX512VL__)
#    error "vec_avx512.h needs -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif

#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include "kernels/unroll.h"

#define INLINE static inline __attribute__((always_inline, unused))
#define VL     16

typedef __m512 V;
typedef int32_t VI __attribute__((vector_size(64)));
typedef __mmask16 M;

INLINE V v_load(const float *p) { return _mm512_loadu_ps(p); }

INLINE void v_store(float *p, V v) { _mm512_storeu_ps(p, v); }

INLINE V v_set1(float a) { return _mm512_set1_ps(a); }

INLINE VI i_set1(int32_t a) { return (VI)_mm512_set1_epi32(a); }

INLINE M m_first(int k) { return (M)((1u << k) - 1u); }

INLINE int m_any(M m) { return m != 0; }

INLINE uint32_t m_bits(M m) { return m; }

INLINE V v_load_first(const float *p, int k) { return _mm512_maskz_loadu_ps(m_first(k), p); }

INLINE void v_store_first(float *p, V v, int k) { _mm512_mask_storeu_ps(p, m_first(k), v); }

INLINE V v_fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }

INLINE V v_sqrt(V a) { return _mm512_sqrt_ps(a); }

INLINE V v_max(V a, V b) { return _mm512_max_ps(a, b); }

INLINE V v_min(V a, V b) { return _mm512_min_ps(a, b); }

INLINE VI i_max(VI a, VI b) { return (VI)_mm512_max_epi32((__m512i)a, (__m512i)b); }

INLINE M v_gt(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }

INLINE M v_ne(V a, V b) { return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ); }

INLINE M v_nan(V a) { return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q); }

INLINE M m_or(M m, M n) { return (M)(m | n); }

INLINE V v_keep(M m, V a) { return _mm512_maskz_mov_ps(m, a); }

INLINE V v_select(M m, V a, V b) { return _mm512_mask_blend_ps(m, b, a); }

INLINE VI i_select(M m, VI a, VI b) { return (VI)_mm512_mask_blend_epi32(m, (__m512i)b, (__m512i)a); }

INLINE V i_float(VI i) { return _mm512_cvtepi32_ps((__m512i)i); }

INLINE V v_bytes(uint64_t lo, uint64_t hi) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_set_epi64x((int64_t)hi, (int64_t)lo)));
}

INLINE V v_load_bytes(const uint8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

INLINE M m_bytes_equal(const uint8_t *p, int k) {
    return _mm_cmpeq_epi8_mask(_mm_loadu_si128((const __m128i *)p), _mm_set1_epi8((char)k));
}

INLINE void i_store_bytes(uint8_t *p, VI i) { _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8((__m512i)i)); }

INLINE void v_add_to(double *acc, V v) {
    const __m512d lo = _mm512_cvtps_pd(_mm512_castps512_ps256(v)), hi = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
    _mm512_storeu_pd(acc, _mm512_add_pd(_mm512_loadu_pd(acc), lo));
    _mm512_storeu_pd(acc + 8, _mm512_add_pd(_mm512_loadu_pd(acc + 8), hi));
}

INLINE void v_transpose(V *r) {
    V t[16];
    UNROLL for (int i = 0; i < 16; i += 4) { /* pairs of rows, then pairs of pairs: 4x4 blocks in the quarters */
        const V a = _mm512_unpacklo_ps(r[i], r[i + 1]), b = _mm512_unpackhi_ps(r[i], r[i + 1]);
        const V c = _mm512_unpacklo_ps(r[i + 2], r[i + 3]), d = _mm512_unpackhi_ps(r[i + 2], r[i + 3]);
        t[i] = _mm512_shuffle_ps(a, c, 0x44);
        t[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
        t[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
        t[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
    }
    UNROLL for (int i = 0; i < 4; i++) { /* quarters of rows i, i + 4, i + 8, i + 12 */
        const V a = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x88), b = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xdd);
        const V c = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x88),
                d = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xdd);
        r[i] = _mm512_shuffle_f32x4(a, c, 0x88);
        r[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
        r[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
        r[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
}

#endif
