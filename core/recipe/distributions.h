/* Distributions and exact tests for comparisons: few, small, and checked against published tables. libm computes them:
 * they are for people, and enter no training.
 */
#ifndef RGM_RECIPE_DISTRIBUTIONS_H
#define RGM_RECIPE_DISTRIBUTIONS_H

#include <stdint.h>

/* The regularized incomplete beta function I_x(a, b), for a, b > 0 and x in [0, 1]. It is the continued
 * fraction 8.17.22 of the NIST Digital Library of Mathematical Functions (DLMF), by the modified method of Lentz.
 * Within 1e-10 for a, b up to 1e6. */
double rgm_beta_incomplete(double a, double b, double x);

/* The share of Student's t distribution with `freedom` > 0 degrees below t: DLMF 8.17 with I of freedom / 2 and 1 / 2.
 * An infinite `freedom`: the normal distribution. */
double rgm_student_below(double t, double freedom);

/* The t below which the share p, in (0, 1), lies: by bisection, to the last bits. */
double rgm_student_quantile(double p, double freedom);

/* McNemar's test of pairs that differ, b of one kind and c of the other. It gives the two-sided mid-p value of the
 * exact test; 1 without any pair. Source: Fagerland, Lydersen and Laake, "The McNemar test for binary matched-pairs
 * data: mid-p and asymptotic are better than exact conditional", BMC Med. Res. Methodol. 13:91, 2013. */
double rgm_mcnemar_mid_p(int64_t b, int64_t c);

/* Holm's correction of the tests of a family: sorts them by p, and each p becomes the least level at which its test
 * rejects. Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6, 1979. */
typedef struct rgm_tested {
    double p; /* not NaN */
    int32_t number;
} rgm_tested;
void rgm_holm(rgm_tested *tests, int32_t count);

#endif
