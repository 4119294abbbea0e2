/* Faults that are planted on purpose, for the trials of the checks (tests/faults).
 *
 * They exist in builds made with `./configure --enable-faults` alone. In any other build RGM_PLANTED is the constant 0,
 * and the compiler leaves out what depends on it. Each place is one line:
 *
 *     int32_t residual = RGM_PLANTED("M11") ? RGM_NO_TENSOR : shortcut(...);
 *
 * The environment variable REGIMEN_PLANTED names the faults that act, separated by commas: "M11,E3". Where a place has
 * a name, such as a layer's, "M4@layer2.*" plants the fault where the pattern fits. The names are those of
 * tests/faults/instances.txt. */
#ifndef RGM_BASE_PLANTED_H
#define RGM_BASE_PLANTED_H

#include <stdint.h>

#ifdef RGM_FAULTS
#    define RGM_PLANTED(fault)           rgm_planted(fault, "")
#    define RGM_PLANTED_AT(fault, place) rgm_planted(fault, place)
#else
#    define RGM_PLANTED(fault)           0
#    define RGM_PLANTED_AT(fault, place) 0
#endif

/* Logits [N][pitch] and labels [N] of a batch. */
typedef struct rgm_planted_axis {
    const float *logits;
    const int32_t *labels;
    int64_t N, pitch, classes;
} rgm_planted_axis;

#ifdef RGM_FAULTS
/* 1 if REGIMEN_PLANTED names the fault, without a pattern or with one that fits the place. [any] */
int32_t rgm_planted(const char *fault, const char *place);

/* P1, P2, P3, P7: other factors and summands of pixels 0..255, for C channels, in training or in evaluation. [any] */
void rgm_planted_pixels(int32_t training, int32_t C, float *scale, float *shift);

/* M15: each of `rows` rows of `n` numbers gets half of the one before; and the way back. [any] */
void rgm_planted_mix(const float *x, int64_t rows, int64_t pitch, int64_t n);
void rgm_planted_mix_back(float *dx, int64_t rows, int64_t pitch, int64_t n);

/* O15: adds the gradients of all steps before. `at` is the place of the first of n among `all` parameters. Spans of one
 * step do not overlap. [any] */
void rgm_planted_accumulate(float *grad, int64_t at, int64_t n, int64_t all);

/* L4: softmax over the samples of the batch instead of the classes. Loss and gradient of row n. [any] */
void rgm_planted_wrong_axis(const rgm_planted_axis *batch, int64_t n, float *loss, float *dlogits);

/* E7: another number at every call. */
uint64_t rgm_planted_seed(void);
#else
#    define rgm_planted_pixels(training, C, scale, shift)   ((void)0)
#    define rgm_planted_mix(x, rows, pitch, n)              ((void)0)
#    define rgm_planted_mix_back(dx, rows, pitch, n)        ((void)0)
#    define rgm_planted_accumulate(grad, at, n, all)        ((void)0)
#    define rgm_planted_wrong_axis(batch, n, loss, dlogits) ((void)(batch))
#    define rgm_planted_seed()                              ((uint64_t)0)
#endif

#endif
