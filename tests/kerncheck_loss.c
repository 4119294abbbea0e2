/* Losses. */
#include "kerncheck.h"

#include <float.h>
#include <math.h>

static const int64_t class_counts[] = {1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 31, 33, 64, 100, 1000, 1025, -1};

/* kind: 0 ordinary, 1 far apart, 2 equal, 3 huge, 4 some impossible (-inf) */
enum { KINDS = 5 };

static float *logits(kc *c, int64_t n, int kind) {
    static const double range[] = {3, 90, 0, 1e38, 5};
    float *z = kc_floats(c, n, -range[kind], range[kind]);
    for (int64_t j = 0; kind == 4 && j < n; j++)
        if (j % 3 == 1) z[j] = -INFINITY;
    return z;
}

/* kind: 0 one class, 1 soft, 2 soft with a sum that is not 1 */
static float *targets(kc *c, int64_t n, int kind, const float *z) {
    float *t = kc_floats(c, n, 0, kind ? 1 : 0);
    double sum = 0;
    for (int64_t j = 0; j < n; j++) {
        if (isinf(z[j])) t[j] = 0;
        sum += t[j];
    }
    for (int64_t j = 0; kind == 1 && j < n; j++) t[j] = (float)(t[j] / sum);
    if (kind == 0) t[kc_below(c, n) / 3 * 3] = 1;
    return t;
}

typedef struct softmax_facts {
    double top, sum;
} softmax_facts;

static softmax_facts facts_of(const float *z, int64_t n) {
    softmax_facts f = {-INFINITY, 0};
    for (int64_t j = 0; j < n; j++) f.top = fmax(f.top, z[j]);
    for (int64_t j = 0; j < n; j++) f.sum += exp(z[j] - f.top);
    return f;
}

/* What one unit of tolerance means for a probability: the rounding of z - top is magnified by |z - top|. */
static double softmax_scale(const softmax_facts *f, float z) {
    const double below = z - f->top;
    return isinf(below) ? 0 : exp(below) / f->sum * (1 + fabs(below) / 8);
}

/* alias: 0 dz apart, 1 dz is z, 2 dz is NULL */
static void xent_case(kc *c, const float *z, const float *t, int64_t n, int alias) {
    const float grad_scale = 0.25f;
    const softmax_facts f = facts_of(z, n);
    float *loss = KC_OUT(c, 1), *dz = alias == 2 ? NULL : alias ? KC_INOUT(c, z, n) : KC_OUT(c, n);
    c->k->softmax_xent(alias == 1 ? dz : KC_IN(c, z, n), KC_IN(c, t, n), n, grad_scale, loss, dz);
    double sum_t = 0, want = 0, size = 0;
    for (int64_t j = 0; j < n; j++) {
        sum_t += t[j];
        want -= t[j] != 0 ? t[j] * (z[j] - f.top - log(f.sum)) : 0;
        size += t[j] != 0 ? fabs(t[j] * (z[j] - f.top)) : 0;
    }
    kc_near(c, "loss", 0, loss[0], want, size + sum_t * (1 + log(f.sum)));
    for (int64_t j = 0; dz && j < n; j++) {
        const double p = exp(z[j] - f.top) / f.sum * sum_t;
        kc_near(c, "dz", j, dz[j], grad_scale * (p - t[j]), grad_scale * (softmax_scale(&f, z[j]) * sum_t + t[j]));
    }
    kc_end(c);
}

static void test_xent(kc *c) {
    for (const int64_t *n = class_counts; *n >= 0; n++)
        for (int i = 0; i < KINDS * 9; i++) {
            const float *z = logits(c, *n, i % KINDS), *t = targets(c, *n, i / KINDS % 3, z);
            kc_case(c, "%lld classes, logits %d, targets %d, alias %d", (long long)*n, i % KINDS, i / KINDS % 3,
                    i / KINDS / 3);
            xent_case(c, z, t, *n, i / KINDS / 3);
        }
    float z[5] = {1, NAN, 0, 2, 3}, t[5] = {1, 0, 0, 0, 0}; /* a NaN shows everywhere */
    float *loss = KC_OUT(c, 1), *dz = KC_OUT(c, 5);
    kc_case(c, "NaN");
    c->k->softmax_xent(KC_IN(c, z, 5), KC_IN(c, t, 5), 5, 1, loss, dz);
    kc_equal(c, "loss", 0, *loss, NAN);
    for (int j = 0; j < 5; j++) kc_equal(c, "dz", j, dz[j], NAN);
    kc_end(c);
}

static void test_softmax(kc *c) {
    for (const int64_t *n = class_counts; *n >= 0; n++)
        for (int i = 0; i < KINDS * 2; i++) {
            const float *z = logits(c, *n, i % KINDS);
            const softmax_facts f = facts_of(z, *n);
            float *p = i < KINDS ? KC_OUT(c, *n) : KC_INOUT(c, z, *n);
            double sum = 0;
            kc_case(c, "%lld classes, logits %d, alias %d", (long long)*n, i % KINDS, i / KINDS);
            c->k->softmax(i < KINDS ? KC_IN(c, z, *n) : p, *n, p);
            for (int64_t j = 0; j < *n; j++) {
                kc_near(c, "p", j, p[j], exp(z[j] - f.top) / f.sum, softmax_scale(&f, z[j]));
                if (isinf(z[j])) kc_equal(c, "p of an impossible class", j, p[j], 0);
                sum += p[j];
            }
            kc_near(c, "sum", 0, sum, 1, 1);
            kc_end(c);
        }
    float *p = KC_OUT(c, 0);
    kc_case(c, "no classes");
    c->k->softmax(p, 0, p);
    kc_end(c);
}

static void sigmoid_case(kc *c, const float *z, const float *t, int64_t n, int alias) {
    const float grad_scale = 0.5f;
    float *loss = KC_OUT(c, n), *dz = alias == 2 ? NULL : alias ? KC_INOUT(c, z, n) : KC_OUT(c, n);
    c->k->sigmoid_xent(alias == 1 ? dz : KC_IN(c, z, n), KC_IN(c, t, n), n, grad_scale, loss, dz);
    for (int64_t i = 0; i < n; i++) {
        const double x = z[i], tail = 1 / (1 + exp(fabs(x))), sign = x > 0 ? -1 : 1;
        const double miss = x > 0 ? 1 - (double)t[i] : t[i], want = miss * fabs(x) + log1p(exp(-fabs(x)));
        kc_near(c, "loss", i, loss[i], want, want);
        if (dz) kc_near(c, "dz", i, dz[i], grad_scale * sign * (tail - miss), grad_scale * (tail + miss));
    }
    kc_end(c);
}

static void test_sigmoid_xent(kc *c) {
    static const double range[] = {1e-6, 4, 30, 120};
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++)
        for (int i = 0; i < 12; i++) {
            float *z = kc_floats(c, *n, -range[i % 4], range[i % 4]), *t = kc_floats(c, *n, 0, 1);
            for (int64_t j = 0; j < *n; j++)
                if (j % 3) t[j] = (float)(j % 3 - 1); /* hard targets beside soft ones */
            kc_case(c, "n %lld, range %g, alias %d", (long long)*n, range[i % 4], i / 4);
            sigmoid_case(c, z, t, *n, i / 4);
        }
    for (int at = 0; at < 21; at++) { /* a NaN shows where it is: in a full vector and in the rest */
        float z[21] = {0}, t[21] = {0};
        float *loss = KC_OUT(c, 21), *dz = KC_OUT(c, 21);
        z[at] = NAN;
        t[at] = (float)(at % 2);
        kc_case(c, "NaN at %d", at);
        c->k->sigmoid_xent(KC_IN(c, z, 21), KC_IN(c, t, 21), 21, 1, loss, dz);
        for (int j = 0; j < 21; j++) {
            kc_near(c, "loss", j, loss[j], j == at ? NAN : log(2), log(2));
            kc_near(c, "dz", j, dz[j], j == at ? NAN : 0.5, 1);
        }
        kc_end(c);
    }
}

const kc_test kc_loss_tests[] = {
    {"softmax_xent", test_xent},
    {"softmax", test_softmax},
    {"sigmoid_xent", test_sigmoid_xent},
    {NULL, NULL},
};
