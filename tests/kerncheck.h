/* kerncheck: every kernel of kernels.def, in every table this machine can run, against oracles in double.
 *
 * A test gets a `kc` with the table to test and draws its own inputs from it. The driver runs it once per placement of
 * its buffers: ending at an inaccessible page, starting behind one, and misaligned between canaries. Then it runs once
 * more with denormals flushed. Inputs must come back unchanged, canaries too, and all placements must give the same
 * bits. Tables with 16 lanes draw the same inputs, so that avx512 can be held to generic16's bits.
 */
#ifndef KERNCHECK_H
#define KERNCHECK_H

#include "kernels/kernels.h"

#include <stddef.h>
#include <stdint.h>

typedef struct kc kc;

typedef struct kc_test {
    const char *kernel;
    void (*run)(kc *c);
} kc_test;

/* The tests of the families; each ends with a NULL name. */
extern const kc_test kc_elementwise_tests[], kc_reduce_tests[], kc_bnorm_tests[], kc_pool_tests[], kc_loss_tests[],
    kc_image_tests[], kc_resize_tests[], kc_gemm_tests[], kc_conv_tests[];

struct kc {
    const rgm_kernels *k;
    const rgm_kernel_info *info;
    int32_t placement; /* 0 .. KC_PLACEMENTS - 1 */
    uint64_t random;   /* state of the draws */
    uint64_t hash;     /* of all outputs so far */
    uint64_t failures;
    char what[160]; /* the case at hand, for messages */
};

enum { KC_HIGH, KC_LOW, KC_ODD, KC_FLUSHED, KC_PLACEMENTS };

/* ---- draws ---- */
uint64_t kc_draw(kc *c);
double kc_uniform(kc *c, double low, double high);
int64_t kc_below(kc *c, int64_t n);

/* ---- memory of one case; freed by kc_end ---- */
/* Plain memory for the oracle: n floats in [low, high), n bytes, n zeros. */
float *kc_floats(kc *c, int64_t n, double low, double high);
uint8_t *kc_bytes(kc *c, int64_t n);
double *kc_doubles(kc *c, int64_t n);

/* Guarded copies for the kernel. kc_in: `size` elements of `width` bytes that must stay as they are; kc_inout: that the
 * kernel updates; kc_out: filled with garbage. */
const void *kc_in(kc *c, const void *data, int64_t size, int64_t width);
void *kc_inout(kc *c, const void *data, int64_t size, int64_t width);
void *kc_out(kc *c, int64_t size, int64_t width);

#define KC_IN(c, x, n)    ((const float *)kc_in(c, x, n, 4))
#define KC_INOUT(c, x, n) ((float *)kc_inout(c, x, n, 4))
#define KC_OUT(c, n)      ((float *)kc_out(c, n, 4))

/* ---- judging ---- */
/* Names the case in messages (printf). */
void kc_case(kc *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* |got - want| <= tolerance of the list * epsilon * scale, or equal if the tolerance is 0. Added to the
 * tolerance are 4 times the smallest normal float: denormals may be flushed on the way. NaN wants NaN, overflow wants
 * infinity. */
void kc_near(kc *c, const char *name, int64_t i, double got, double want, double scale);
void kc_equal(kc *c, const char *name, int64_t i, double got, double want);

/* Ends a case: guards, canaries and inputs are checked, outputs hashed, memory is free again. */
void kc_end(kc *c);

/* Sizes around the vector length of `lanes`; -1 ends the list. */
const int64_t *kc_sizes(const kc *c);

/* Special numbers: NaN, infinities, zeros, the ends of the normal and denormal ranges, the turning points of exp. */
extern const float kc_special[];
extern const int64_t kc_special_count;

#endif
