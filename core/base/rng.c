#include "base/rng.h"

#include <math.h>
#include <string.h>

/* Whole blocks are drawn in lanes: LANES counters side by side, in loops of fixed length that compilers vectorise.
 * Everything is integer or correctly rounded IEEE arithmetic without contraction, so one lane gives the bits of many.
 */
enum { LANES = 16, ROUNDS = 10 };

#define INLINE static inline __attribute__((always_inline))

/* The draws of up to LANES counters: word[k][lane]. */
typedef struct lanes {
    uint32_t word[4][LANES];
} lanes;

/* Multipliers and Weyl constants of Philox4x32 (Salmon et al. 2011, section 4.3). */
static const uint32_t multiplier0 = 0xD2511F53u, multiplier1 = 0xCD9E8D57u;
static const uint32_t weyl0 = 0x9E3779B9u, weyl1 = 0xBB67AE85u;

INLINE void philox_rounds(lanes *x, uint32_t key0, uint32_t key1, int count) {
    for (int round = 0; round < ROUNDS; round++) {
        for (int l = 0; l < count; l++) {
            uint64_t product0 = (uint64_t)multiplier0 * x->word[0][l];
            uint64_t product1 = (uint64_t)multiplier1 * x->word[2][l];
            x->word[0][l] = (uint32_t)(product1 >> 32) ^ x->word[1][l] ^ key0;
            x->word[1][l] = (uint32_t)product1;
            x->word[2][l] = (uint32_t)(product0 >> 32) ^ x->word[3][l] ^ key1;
            x->word[3][l] = (uint32_t)product0;
        }
        key0 += weyl0;
        key1 += weyl1;
    }
}

void rgm_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    lanes x;
    for (int k = 0; k < 4; k++) x.word[k][0] = counter[k];
    philox_rounds(&x, key[0], key[1], 1);
    for (int k = 0; k < 4; k++) out[k] = x.word[k][0];
}

/* Counters block, block + 1, ...: element / 4 is the low word. */
INLINE void draw_lanes(const rgm_rng *rng, uint32_t block, lanes *x, int count) {
    for (int l = 0; l < count; l++) {
        x->word[0][l] = block + (uint32_t)l;
        x->word[1][l] = rng->sample;
        x->word[2][l] = rng->epoch;
        x->word[3][l] = rng->stream;
    }
    philox_rounds(x, (uint32_t)rng->seed, (uint32_t)(rng->seed >> 32), count);
}

INLINE float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Coefficients interpolate at Chebyshev nodes; relative errors: log's 3e-7 (in a term that is below 1 % of the result),
 * sine's 4e-9, cosine's 7e-11. The high part of log 2 has 16 bits, so that a small integer times it is exact. */
static const float log_p[3] = {0.666666865f, 0.3998878f, 0.295799494f};
static const float log2_high = 0x1.62e4p-1f, log2_low = 0x1.7f7d1cp-20f;
static const float sine_p[4] = {1.57079637f, -0.64596349f, 0.0796802193f, -0.00460214913f};
static const float cosine_p[4] = {-1.23370051f, 0.253669202f, -0.0208600704f, 0.000903628068f};

/* (word + 1/2) / 2^32, rounded once to float: in (0, 1]. */
INLINE float open_uniform(uint32_t word) {
    float high = (float)(int32_t)(word >> 8), low = (float)(int32_t)(word & 0xffu);
    return (high + (low + 0.5f) * 0x1p-8f) * 0x1p-24f;
}

/* log((word + 1/2) / 2^32), below zero, within 2.5 ulp: all 32 bits count at both ends, so normals reach 6.7 standard
 * deviations and are not coarse near zero. u = 2^e m with m in [sqrt(1/2), sqrt(2)); with f = m - 1, s = f / (2 + f):
 * log(1 + f) = 2 atanh(s) = f - f^2/2 + s (f^2/2 + s^2 P(s^2)). For e = 0, f is taken from 1 - u, which is exact in the
 * word, where u itself has lost digits. */
INLINE float log_uniform(uint32_t word) {
    const uint32_t sqrt_half = 0x3f3504f3u;
    uint32_t u = bits_of_float(open_uniform(word));
    int32_t e = (int32_t)(u - sqrt_half) >> 23;
    float above = -open_uniform(~word), below = float_of_bits(u - ((uint32_t)e << 23)) - 1.0f;
    float f = e == 0 ? above : below;
    float s = f / (2.0f + f), z = s * s, half_square = 0.5f * f * f;
    float p = z * (log_p[0] + z * (log_p[1] + z * log_p[2]));
    float k = (float)e;
    return k * log2_high - ((half_square - (s * (half_square + p) + k * log2_low)) - f);
}

/* Sine and cosine of the angle 2 pi word / 2^32, within 2.5 ulp: the nearest quarter turn is taken off exactly in
 * integers, the rest t in [-1/2, 1/2] quarter turns goes through polynomials in t^2. */
INLINE void sincos_of(uint32_t word, float *sine, float *cosine) {
    uint32_t turned = word + 0x20000000u, quarter = turned >> 30;
    float t = (float)((int32_t)(turned & 0x3fffffffu) - 0x20000000) * 0x1p-30f, z = t * t;
    float s = t * (sine_p[0] + z * (sine_p[1] + z * (sine_p[2] + z * sine_p[3])));
    float c = 1.0f + z * (cosine_p[0] + z * (cosine_p[1] + z * (cosine_p[2] + z * cosine_p[3])));
    uint32_t swap = -(quarter & 1u), s_bits = bits_of_float(s), c_bits = bits_of_float(c);
    uint32_t sine_sign = (quarter & 2u) << 30, cosine_sign = ((quarter + 1u) & 2u) << 30;
    *sine = float_of_bits(((s_bits & ~swap) | (c_bits & swap)) ^ sine_sign);
    *cosine = float_of_bits(((c_bits & ~swap) | (s_bits & swap)) ^ cosine_sign);
}

/* Box and Muller, "A note on the generation of random normal deviates" (1958): words a, b in; two normals out. */
INLINE void normal_pair(uint32_t *a, uint32_t *b) {
    float radius = sqrtf(-2.0f * log_uniform(*a)), sine, cosine;
    sincos_of(*b, &sine, &cosine);
    *a = bits_of_float(radius * cosine);
    *b = bits_of_float(radius * sine);
}

typedef enum draw_kind { DRAW_U32, DRAW_UNIFORM, DRAW_NORMAL } draw_kind;

/* Words to the bits of the wanted draws, in place. */
INLINE void convert(lanes *x, draw_kind kind, int count) {
    if (kind == DRAW_UNIFORM)
        for (int k = 0; k < 4; k++)
            for (int l = 0; l < count; l++)
                x->word[k][l] = bits_of_float((float)(int32_t)(x->word[k][l] >> 8) * 0x1p-24f);
    if (kind == DRAW_NORMAL)
        for (int k = 0; k < 4; k += 2)
            for (int l = 0; l < count; l++) normal_pair(&x->word[k][l], &x->word[k + 1][l]);
}

INLINE void draw_counters(const rgm_rng *rng, uint32_t block, draw_kind kind, uint32_t *out, int count) {
    lanes x;
    draw_lanes(rng, block, &x, count);
    convert(&x, kind, count);
    for (int l = 0; l < count; l++)
        for (int k = 0; k < 4; k++) out[4 * l + k] = x.word[k][l];
}

/* out: n words of 4 bytes, of type uint32_t or float. From six counters on, all lanes at once are quicker than one by
 * one, even if some are thrown away. */
INLINE void draw(const rgm_rng *rng, uint64_t first, draw_kind kind, void *out, size_t n) {
    uint32_t words[4 * LANES];
    uint32_t block = (uint32_t)(first / 4);
    size_t skip = first % 4;
    for (char *to = out; n;) {
        int count = skip + n > 4 * 5 ? LANES : 1;
        if (count == LANES)
            draw_counters(rng, block, kind, words, LANES);
        else
            draw_counters(rng, block, kind, words, 1);
        size_t here = 4 * (size_t)count - skip;
        if (here > n) here = n;
        memcpy(to, words + skip, here * sizeof words[0]);
        to += here * sizeof words[0];
        n -= here;
        block += (uint32_t)count;
        skip = 0;
    }
}

void rgm_rng_u32(const rgm_rng *rng, uint64_t first, uint32_t *out, size_t n) { draw(rng, first, DRAW_U32, out, n); }

void rgm_rng_uniform(const rgm_rng *rng, uint64_t first, float *out, size_t n) {
    draw(rng, first, DRAW_UNIFORM, out, n);
}

void rgm_rng_normal(const rgm_rng *rng, uint64_t first, float *out, size_t n) { draw(rng, first, DRAW_NORMAL, out, n); }

/* The high 64 bits of the 128-bit product. */
static uint64_t multiply_high(uint64_t a, uint64_t b) {
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
    uint64_t carry = (uint32_t)middle + a0 * b1;
    return a1 * b1 + (middle >> 32) + (carry >> 32);
}

uint64_t rgm_rng_below(const rgm_rng *rng, uint64_t element, uint64_t n) {
    uint32_t words[2];
    rgm_rng_u32(rng, 2 * element, words, 2);
    return multiply_high((uint64_t)words[1] << 32 | words[0], n);
}

/* One pass of the Feistel network over 2 * half_bits bits. Round r takes word 0 of the counter whose element / 4 is
 * half | r << 24 (half_bits is at most 20). Narrow halves mix slowly: with 8 rounds, the orders of 5 samples differ in
 * frequency by 4 %. */
static uint64_t feistel(const rgm_rng *rng, uint32_t half_bits, uint64_t value) {
    const uint32_t rounds = half_bits < 5 ? 32 : 8;
    const uint32_t mask = (1u << half_bits) - 1, key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)};
    uint32_t left = (uint32_t)(value >> half_bits), right = (uint32_t)value & mask;
    for (uint32_t round = 0; round < rounds; round++) {
        const uint32_t counter[4] = {right | round << 24, rng->sample, rng->epoch, rng->stream};
        uint32_t words[4];
        rgm_philox(counter, key, words);
        uint32_t mixed = left ^ (words[0] & mask);
        left = right;
        right = mixed;
    }
    return (uint64_t)left << half_bits | right;
}

/* A Feistel network is an even permutation once its halves have two bits. In small sets that shows: of the orders of 5
 * samples, the even ones would come 1.17 times as often as the odd ones. A keyed bit decides whether 0 and 1 change
 * places. */
static uint64_t swap_first_two(const rgm_rng *rng, uint64_t i) {
    const uint32_t counter[4] = {~0u, rng->sample, rng->epoch, rng->stream};
    const uint32_t key[2] = {(uint32_t)rng->seed, (uint32_t)(rng->seed >> 32)};
    uint32_t words[4];
    rgm_philox(counter, key, words);
    return i ^ (words[0] & 1u);
}

uint64_t rgm_rng_permute(const rgm_rng *rng, uint64_t n, uint64_t i) {
    uint32_t half_bits = 0;
    while (n > UINT64_C(1) << (2 * half_bits)) half_bits++;
    if (half_bits == 0) return 0;
    do i = feistel(rng, half_bits, i);
    while (i >= n);
    return i < 2 ? swap_first_two(rng, i) : i;
}
