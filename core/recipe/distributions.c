#include "recipe/distributions.h"

#include <math.h>
#include <stdlib.h>

enum { TERMS = 100000 };

/* ---- incomplete beta ---- */

static double away_from_zero(double x) { return fabs(x) < 1e-300 ? 1e-300 : x; }

/* DLMF 8.17.22: the odd and the even coefficient of each step. It needs some sqrt(max(a, b)) steps. */
static double continued_fraction(double a, double b, double x) {
    double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), h = d;
    for (int32_t m = 1; m < TERMS; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        h *= c * d;
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        h *= c * d;
        if (fabs(c * d - 1) < 1e-15) break;
    }
    return h;
}

double rgm_beta_incomplete(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * continued_fraction(a, b, x) / a;
    return 1 - front * continued_fraction(b, a, 1 - x) / b;
}

/* ---- Student's t ---- */

double rgm_student_below(double t, double freedom) {
    if (isinf(freedom) || freedom > 1e8) return 0.5 * erfc(-t / sqrt(2));
    if (isinf(t)) return t > 0;
    double tail = 0.5 * rgm_beta_incomplete(freedom / 2, 0.5, freedom / (freedom + t * t));
    return t > 0 ? 1 - tail : tail;
}

double rgm_student_quantile(double p, double freedom) {
    if (p == 0.5) return 0;
    if (p > 0.5) return -rgm_student_quantile(1 - p, freedom); /* the lower tail keeps its digits */
    double low = -1, high = 0;
    while (rgm_student_below(low, freedom) > p && low > -1e300) low *= 2;
    for (int32_t i = 0; i < 200; i++) {
        double middle = low + (high - low) / 2;
        if (middle == low || middle == high) break;
        if (rgm_student_below(middle, freedom) < p)
            low = middle;
        else
            high = middle;
    }
    return low + (high - low) / 2;
}

/* ---- tests ---- */

double rgm_mcnemar_mid_p(int64_t b, int64_t c) {
    double n = (double)(b + c), k = (double)(b < c ? b : c);
    if (b == c) return 1;
    double here = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2));
    double below = rgm_beta_incomplete(n - k, k + 1, 0.5); /* P(X <= k): DLMF 8.17.5 */
    double p = 2 * below - here;
    return p < 0 ? 0 : p > 1 ? 1 : p;
}

static int by_p(const void *a, const void *b) {
    const rgm_tested *x = a, *y = b;
    return x->p != y->p ? (x->p > y->p) - (x->p < y->p) : (x->number > y->number) - (x->number < y->number);
}

void rgm_holm(rgm_tested *tests, int32_t count) {
    double least = 0;
    qsort(tests, (size_t)count, sizeof *tests, by_p);
    for (int32_t i = 0; i < count; i++) least = tests[i].p = fmax(least, fmin(tests[i].p * (count - i), 1));
}
