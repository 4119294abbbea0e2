/* What the engine's suites share: guarded memory, noise, and an oracle that sums in double and knows its tolerance. */
#ifndef RGM_TESTS_ENGINE_ORACLE_H
#define RGM_TESTS_ENGINE_ORACLE_H

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "engine/conv_run.h"

enum { GUARD = 64, CANARY = 0xA5 };

static char subject[96]; /* what is being tested, for messages */

typedef struct buffer {
    unsigned char *bytes;
    size_t size;
} buffer;

/* `size` bytes, 64-byte aligned, of NaNs (whatever is not written shows), with a guard behind. */
static inline buffer buffer_make(size_t size) {
    buffer b = {aligned_alloc(64, (size + GUARD + 63) / 64 * 64), size};
    ck_assert_ptr_nonnull(b.bytes);
    memset(b.bytes, 0xFF, size);
    memset(b.bytes + size, CANARY, GUARD);
    return b;
}

static inline void buffer_free(buffer *b, const char *what) {
    for (int i = 0; i < GUARD; i++)
        ck_assert_msg(b->bytes[b->size + i] == CANARY, "%s: %s: written past its end", subject, what);
    free(b->bytes);
}

static inline float *floats(const buffer *b) { return (float *)b->bytes; }

static uint32_t noise_state = 1;

/* Uniform in [-1, 1), never zero. */
static inline float noise(void) {
    noise_state = noise_state * 1664525u + 1013904223u;
    return ((float)(noise_state >> 8) + 0.5f) / 8388608.0f - 1.0f;
}

static inline double *noise_make(size_t count) {
    double *x = malloc((count + 1) * sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < count; i++) x[i] = (double)noise();
    return x;
}

/* Sums in double, with the sum of magnitudes and the number of summands that the tolerance needs. */
typedef struct oracle {
    double *sum, *magnitude;
    int32_t *terms;
    size_t count;
} oracle;

static inline oracle oracle_make(size_t count) {
    oracle o = {calloc(count, sizeof(double)), calloc(count, sizeof(double)), calloc(count, sizeof(int32_t)), count};
    ck_assert(o.sum && o.magnitude && o.terms);
    return o;
}

static inline void oracle_free(oracle *o) {
    free(o->sum);
    free(o->magnitude);
    free(o->terms);
}

static inline void oracle_add(oracle *o, size_t i, double term) {
    o->sum[i] += term;
    o->magnitude[i] += fabs(term);
    o->terms[i]++;
}

/* Winograd's transforms magnify roundings. Rows of F(4x4, 3x3)'s matrices have sums of magnitudes of up to 10, 1 and
 * 18, columns far less. 8 holds for what averages out. A value that one tap alone reaches has the roundings of all
 * nine: 4 times as much. */
enum { WINOGRAD_SLACK = 32 };
static double oracle_slack = 1;

/* A sum of n fp32 products in any order. Each rounding error is at most eps/2 of a partial sum bounded by sum|xy|.
 * Together they behave like a random walk of n steps. A term has two such steps (product and sum). */

static inline void oracle_check(const oracle *o, size_t i, float got, const char *what) {
    double tolerance = oracle_slack * sqrt(2.0 * o->terms[i]) * (double)FLT_EPSILON * o->magnitude[i];
    ck_assert_msg(fabs((double)got - o->sum[i]) <= tolerance, "%s: %s[%zu]: got %.9g, expected %.9g within %.3g",
                  subject, what, i, (double)got, o->sum[i], tolerance);
}

#endif
