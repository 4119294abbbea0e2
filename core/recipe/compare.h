/* Which of two recipes is better? Statistics over the answers that runs of them gave for the same images.
 *
 * Two things are drawn by chance: the test images, and the seed of a run. A difference counts only against both.
 *
 * | interval   | question                                       | one run a side             | several runs |
 * |------------|------------------------------------------------|----------------------------|-------------------------|
 * | over images | Would these runs differ on other images?      | Newcombe's method 10; loss: paired t | paired t on
 * means over seeds | | over seeds | Would other runs differ on these images?       | assumed, see below         |
 * Welch's t               | | over both  | Are the recipes different? It decides.         | the two above, in squares
 * | the same                |
 *
 * Over both, the half-widths add in squares, as of a sum of independent deviations. (Zou and Donner, "Construction of
 * confidence limits about effect measures", Statist. Med. 27, 2008.) The flips of single images from seed to seed are
 * in both, and so count twice. That keeps what is called resolved well below 5 % of equal recipes.
 *
 * The spread over seeds of a single run is not known. If images flip independently of one another, their number gives
 * it. (K. Jordan, "On the variance of neural network training with respect to test sets and distributions",
 * arXiv:2304.01910, 2023.) That is what long trainings show. Runs of short ones and on small sets differ in whole
 * classes, and spread more. So the larger of two variances is assumed. One is RGM_COMPARE_ALLOWANCE times that of
 * independent flips. The other follows from the classes' gains and losses, as if these were independent and did not
 * cancel.
 *
 * With several seeds, a spread below that of independent flips is luck, and theirs is taken.
 *
 * Everything here is a pure function of its input, in one thread.
 */
#ifndef RGM_RECIPE_COMPARE_H
#define RGM_RECIPE_COMPARE_H

#include "report/comparison.h"

#define RGM_COMPARE_ALLOWANCE 2.0

/* What a run says of an image. */
typedef struct rgm_reply {
    float loss, probability; /* -log p and p of the label */
    int32_t predicted;       /* class of the set; -1: one that it does not have */
    int32_t right;           /* 1: predicted is the label */
} rgm_reply;
_Static_assert(sizeof(rgm_reply) <= 16, "there is one for each image and run");

typedef struct rgm_replies {
    int64_t images;
    int32_t classes;
    const int32_t *labels;                   /* [images], 0 to classes - 1 */
    int32_t runs[RGM_SIDES];                 /* at least 1 */
    const rgm_reply *const *list[RGM_SIDES]; /* [runs] of [images] */
} rgm_replies;

/* Fills accuracy, loss, McNemar's test, classes and changed images; side, split and configurations are left alone.
 * `index` of a changed image is its number here. The comparison is to be freed, on failure, too. RGM_E_NOMEM. */
rgm_status rgm_compare(const rgm_replies *replies, rgm_comparison *comparison, rgm_error *err);

/* The interval of the difference of two paired proportions, p(B) - p(A). `only_b` images are right in B alone, `only_a`
 * in A alone. R. G. Newcombe, "Improved confidence intervals for the difference between
 * binomial proportions based on paired data", Statist. Med. 17, 1998, method 10. */
typedef struct rgm_paired {
    int64_t both, only_a, only_b, none;
} rgm_paired;
void rgm_newcombe(const rgm_paired *counts, double *low, double *high);

#endif
