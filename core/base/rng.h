/* Random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 *
 * A draw is a pure function of (seed, stream, epoch, sample, element): no state to save, no order to keep.
 * Counter layout, part of the file format of checkpoints (a resumed run draws the same numbers):
 *     key     = { seed low 32, seed high 32 }
 *     counter = { element / 4, sample, epoch, stream },   word = element % 4
 * Streams are 32-bit, in two halves:
 *     high 16 bits    the purpose (RGM_STREAM_*)
 *
 *     low 16 bits     the instance: the index of an augmentation in its chain, a parameter tensor, a dropout layer
 * uniform(element) uses the top 24 bits of the word. normal() uses words 2k and 2k+1 for elements 2k and 2k+1
 * (Box-Muller). Its log, sine and cosine are this file's own, so the bits do not depend on libm.
 */
#ifndef RGM_BASE_RNG_H
#define RGM_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

enum {
    RGM_STREAM_ORDER = 1,      /* sample order of an epoch             */
    RGM_STREAM_SPLIT = 2,      /* validation split                     */
    RGM_STREAM_INIT = 3,       /* weights; instance = parameter index  */
    RGM_STREAM_AUGMENT = 4,    /* instance = position in the chain     */
    RGM_STREAM_BATCH = 5,      /* batch augmentations                  */
    RGM_STREAM_ACTIVATION = 6, /* dropout masks; instance = op index   */
    RGM_STREAM_TEST = 7,       /* benches and tests                    */
    RGM_STREAM_REGULARIZE = 8, /* regularizers; instance = position in the list */
    RGM_STREAM_OPTIMIZE = 9,   /* the optimizer                        */
    RGM_STREAM_LOSS = 10,      /* the loss                             */
    RGM_STREAM_LABEL = 11      /* which pictures a person labels       */
};
#define RGM_STREAM(purpose, instance) (((uint32_t)(purpose) << 16) | ((uint32_t)(instance)&0xffffu))

typedef struct rgm_rng {
    uint64_t seed;
    uint32_t stream, epoch, sample;
} rgm_rng;

/* The bare block function: out = Philox4x32-10(counter, key). */
void rgm_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* out[i] = the draw of element first + i, for i in [0, n). element < 2^34. */
void rgm_rng_u32(const rgm_rng *rng, uint64_t first, uint32_t *out, size_t n);
void rgm_rng_uniform(const rgm_rng *rng, uint64_t first, float *out, size_t n); /* [0, 1), multiples of 2^-24 */
void rgm_rng_normal(const rgm_rng *rng, uint64_t first, float *out, size_t n);  /* mean 0, variance 1 */

/* An integer in [0, n), n >= 1. It comes from words 2*element (low) and 2*element+1 (high), taken as 64 bits. The bias
 * is below n / 2^64. element < 2^33. */
uint64_t rgm_rng_below(const rgm_rng *rng, uint64_t element, uint64_t n);

/* Position i of a keyed permutation of [0, n): a Feistel network, then a keyed exchange of 0 and 1. The network is over
 * the smallest even number of bits that holds n, and is walked until it lands inside (at most 4 steps expected). The
 * exchange makes odd permutations as likely as even ones. Constant memory, any position in O(1). i < n <= 2^40. The
 * permutation is that of (seed, stream, epoch, sample); give it a stream of its own. */
uint64_t rgm_rng_permute(const rgm_rng *rng, uint64_t n, uint64_t i);

#endif
