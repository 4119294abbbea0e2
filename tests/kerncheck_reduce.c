/* Reductions over flat arrays. Bounds grow with the square root of the terms of a single-precision partial sum. */
#include "kerncheck.h"

#include <math.h>

/* sqrt(n) for the terms that are summed in single precision */
static double spread(int64_t n) { return sqrt((double)(n < 1 ? 1 : n < 1024 ? n : 1024)); }

enum { SUM, SUMSQ, DOT };

static void fold_case(kc *c, int kind, const float *a, const float *b, int64_t n) {
    double want = 0, terms = 0, zero = 0;
    double *out = kc_inout(c, &zero, 1, 8);
    const float *x = KC_IN(c, a, n);
    if (kind == SUM)
        c->k->sum(x, n, out);
    else if (kind == SUMSQ)
        c->k->sumsq(x, n, out);
    else
        c->k->dot(x, KC_IN(c, b, n), n, out);
    for (int64_t i = 0; i < n; i++) {
        const double term = kind == SUM ? a[i] : (double)a[i] * (kind == DOT ? b[i] : a[i]);
        want += term;
        terms += fabs(term);
    }
    kc_near(c, "out", 0, *out, want, spread(n) * terms);
    kc_end(c);
}

static void fold_test(kc *c, int kind) {
    static const int64_t more[] = {1023 + 1024, 4096, 5000, 40001, -1};
    for (const int64_t *n = kc_sizes(c); *n >= 0; n = n[1] < 0 && *n < 4000 && *n != 2047 ? more : n + 1) {
        kc_case(c, "n %lld", (long long)*n);
        const float *a = kc_floats(c, *n, -1, 1), *b = kc_floats(c, *n, -1, 1);
        fold_case(c, kind, a, b, *n);
        kc_case(c, "n %lld, offset", (long long)*n);
        a = kc_floats(c, *n, 100, 101), b = kc_floats(c, *n, 10, 11);
        fold_case(c, kind, a, b, *n);
    }
    for (int64_t at = 0; at < 100; at += 9) { /* a NaN anywhere shows */
        float *a = kc_floats(c, 100, -1, 1);
        a[at] = NAN;
        kc_case(c, "NaN at %lld", (long long)at);
        fold_case(c, kind, a, a, 100);
    }
}

static void test_sum(kc *c) { fold_test(c, SUM); }
static void test_sumsq(kc *c) { fold_test(c, SUMSQ); }
static void test_dot(kc *c) { fold_test(c, DOT); }

static void absmax_case(kc *c, const float *x, int64_t n) {
    float *out = KC_OUT(c, 1);
    double want = 0;
    for (int64_t i = 0; i < n; i++) want = x[i] != x[i] || want != want ? NAN : fmax(want, fabs((double)x[i]));
    c->k->absmax(KC_IN(c, x, n), n, out);
    kc_near(c, "out", 0, *out, want, want);
    kc_end(c);
}

static void test_absmax(kc *c) {
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++) {
        kc_case(c, "n %lld", (long long)*n);
        absmax_case(c, kc_floats(c, *n, -2, 1), *n);
        for (int64_t at = 0; at < *n; at += 1 + *n / 7) {
            float *x = kc_floats(c, *n, -2, 1);
            x[at] = at % 2 ? NAN : -INFINITY;
            kc_case(c, "n %lld, %g at %lld", (long long)*n, (double)x[at], (long long)at);
            absmax_case(c, x, *n);
        }
    }
}

static void test_col_sum(kc *c) {
    static const int64_t row_counts[] = {0, 1, 2, 3, 7, 128, -1};
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++)
        for (const int64_t *rows = row_counts; *rows >= 0; rows++) {
            const int64_t r = *n == 3 ? *rows * 17 : *n > 1000 ? *rows % 9 : *rows; /* 17 * 128 crosses 1024 rows */
            float *x = kc_floats(c, r * *n, -1, 2);
            double *old = kc_doubles(c, *n);
            for (int64_t j = 0; j < *n; j++) old[j] = kc_uniform(c, -1, 1);
            double *out = kc_inout(c, old, *n, 8);
            kc_case(c, "%lld rows of %lld", (long long)r, (long long)*n);
            c->k->col_sum(KC_IN(c, x, r * *n), r, *n, out);
            for (int64_t j = 0; j < *n; j++) {
                double want = old[j], terms = fabs(old[j]);
                for (int64_t i = 0; i < r; i++) {
                    want += x[i * *n + j];
                    terms += fabs((double)x[i * *n + j]);
                }
                kc_near(c, "out", j, out[j], want, spread(r) * terms);
            }
            kc_end(c);
        }
}

const kc_test kc_reduce_tests[] = {
    {"sum", test_sum},       {"sumsq", test_sumsq},     {"dot", test_dot},
    {"absmax", test_absmax}, {"col_sum", test_col_sum}, {NULL, NULL},
};
