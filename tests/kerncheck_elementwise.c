/* Element-wise kernels and the optimizers' updates. */
#include "kerncheck.h"

#include <math.h>
#include <string.h>

static double largest(double a, double b) { return fmax(fabs(a), fabs(b)); }

/* Scatters special numbers over the values, rarely. */
static void spice(kc *c, float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        if (kc_below(c, 8) == 0) x[i] = kc_special[kc_below(c, kc_special_count)];
}

/* ---- one input, one output, in place allowed ---- */
typedef void (*unary)(const kc *c, const float *x, float *y, int64_t n);
typedef double (*unary_oracle)(double x);

static void unary_case(kc *c, unary f, unary_oracle oracle, const float *x, int64_t n, int in_place) {
    float *y = in_place ? KC_INOUT(c, x, n) : KC_OUT(c, n);
    f(c, in_place ? y : KC_IN(c, x, n), y, n);
    for (int64_t i = 0; i < n; i++) kc_near(c, "y", i, y[i], oracle(x[i]), oracle(x[i]));
    kc_end(c);
}

static void unary_test(kc *c, unary f, unary_oracle oracle) {
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++)
        for (int in_place = 0; in_place < 2; in_place++) {
            float *x = kc_floats(c, *n, -3, 3);
            kc_case(c, "n %lld%s", (long long)*n, in_place ? ", in place" : "");
            unary_case(c, f, oracle, x, *n, in_place);
        }
    for (int64_t shift = 0; shift < 3; shift++) {
        kc_case(c, "special numbers from %lld", (long long)shift);
        unary_case(c, f, oracle, kc_special + shift, kc_special_count - shift, 0);
    }
    for (int part = 0; part < 16; part++) { /* all signs and exponents */
        const int64_t n = 1 << 12;
        float *x = kc_floats(c, n, 0, 0);
        for (int64_t i = 0; i < n; i++) {
            const uint32_t bits = (uint32_t)(part * n + i) << 16 | (uint32_t)(kc_draw(c) & 0xffff);
            memcpy(&x[i], &bits, sizeof bits);
        }
        kc_case(c, "bit patterns %d/16", part);
        unary_case(c, f, oracle, x, n, 0);
    }
}

static void relu(const kc *c, const float *x, float *y, int64_t n) { c->k->relu_fwd(x, y, n); }
static void leaky(const kc *c, const float *x, float *y, int64_t n) { c->k->leaky_fwd(x, 0.01f, y, n); }
static void sigmoid(const kc *c, const float *x, float *y, int64_t n) { c->k->sigmoid_fwd(x, y, n); }
static void tangent(const kc *c, const float *x, float *y, int64_t n) { c->k->tanh_fwd(x, y, n); }
static double relu_oracle(double x) { return x < 0 ? 0 : x; }
static double leaky_oracle(double x) { return x > 0 ? x : 0.01f * x; }
static double sigmoid_oracle(double x) { return 1 / (1 + exp(-x)); }
static void test_relu(kc *c) { unary_test(c, relu, relu_oracle); }
static void test_leaky(kc *c) { unary_test(c, leaky, leaky_oracle); }
static void test_sigmoid(kc *c) { unary_test(c, sigmoid, sigmoid_oracle); }
static void test_tanh(kc *c) { unary_test(c, tangent, tanh); }

/* ---- two inputs a, b, one output, which may be either ---- */
typedef void (*binary)(const kc *c, const float *a, const float *b, float *y, int64_t n);
typedef double (*binary_oracle)(double a, double b, double *scale);

/* y apart, y = a, y = b */
static void binary_case(kc *c, binary f, binary_oracle oracle, const float *a, const float *b, int64_t n, int alias) {
    float *y = alias == 0 ? KC_OUT(c, n) : KC_INOUT(c, alias == 1 ? a : b, n);
    f(c, alias == 1 ? y : KC_IN(c, a, n), alias == 2 ? y : KC_IN(c, b, n), y, n);
    for (int64_t i = 0; i < n; i++) {
        double scale;
        const double want = oracle(a[i], b[i], &scale);
        kc_near(c, "y", i, y[i], want, scale);
    }
    kc_end(c);
}

static void binary_test(kc *c, binary f, binary_oracle oracle, int aliases, double low) {
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++)
        for (int alias = 0; alias < 3; alias++) {
            if (!(aliases >> alias & 1)) continue;
            float *a = kc_floats(c, *n, low, 1), *b = kc_floats(c, *n, -2, 2);
            if (alias == 0 && low < 0) spice(c, a, *n), spice(c, b, *n);
            kc_case(c, "n %lld, alias %d", (long long)*n, alias);
            binary_case(c, f, oracle, a, b, *n, alias);
        }
}

static void relu_b(const kc *c, const float *a, const float *b, float *y, int64_t n) { c->k->relu_bwd(a, b, y, n); }
static void leaky_b(const kc *c, const float *a, const float *b, float *y, int64_t n) {
    c->k->leaky_bwd(a, 0.2f, b, y, n);
}
static void sigmoid_b(const kc *c, const float *a, const float *b, float *y, int64_t n) {
    c->k->sigmoid_bwd(a, b, y, n);
}
static void tanh_b(const kc *c, const float *a, const float *b, float *y, int64_t n) { c->k->tanh_bwd(a, b, y, n); }
static void add(const kc *c, const float *a, const float *b, float *y, int64_t n) { c->k->add(a, b, y, n); }

static double relu_b_oracle(double y, double dy, double *scale) { return *scale = y > 0 ? dy : 0; }
static double leaky_b_oracle(double x, double dy, double *scale) { return *scale = x > 0 ? dy : 0.2f * dy; }
static double sigmoid_b_oracle(double y, double dy, double *scale) { return *scale = dy * y * (1 - y); }
static double tanh_b_oracle(double y, double dy, double *scale) { return *scale = dy * (1 - y * y); }
static double add_oracle(double a, double b, double *scale) {
    *scale = largest(a, b);
    return a + b;
}

enum { APART = 1, ON_A = 2, ON_B = 4 };
static void test_relu_bwd(kc *c) { binary_test(c, relu_b, relu_b_oracle, APART | ON_B, -1); }
static void test_leaky_bwd(kc *c) { binary_test(c, leaky_b, leaky_b_oracle, APART | ON_B, -1); }
static void test_sigmoid_bwd(kc *c) { binary_test(c, sigmoid_b, sigmoid_b_oracle, APART | ON_B, 0); }
static void test_tanh_bwd(kc *c) { binary_test(c, tanh_b, tanh_b_oracle, APART | ON_B, 0); }
static void test_add(kc *c) { binary_test(c, add, add_oracle, APART | ON_A | ON_B, -1); }

static void test_scale(kc *c) {
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++) {
        float *x = kc_floats(c, *n, -2, 2), *y = KC_INOUT(c, x, *n);
        kc_case(c, "n %lld", (long long)*n);
        c->k->scale(-0.3f, y, *n);
        for (int64_t i = 0; i < *n; i++) kc_near(c, "y", i, y[i], (double)-0.3f * x[i], x[i]);
        kc_end(c);
    }
}

static void test_axpy(kc *c) {
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++) {
        const float a = (float)kc_uniform(c, -2, 2);
        float *x = kc_floats(c, *n, -2, 2), *old = kc_floats(c, *n, -2, 2), *y = KC_INOUT(c, old, *n);
        kc_case(c, "n %lld", (long long)*n);
        c->k->axpy(a, KC_IN(c, x, *n), y, *n);
        for (int64_t i = 0; i < *n; i++) {
            kc_near(c, "y", i, y[i], (double)a * x[i] + old[i], largest((double)a * x[i], old[i]));
            kc_equal(c, "y as one fma", i, y[i], fmaf(a, x[i], old[i]));
        }
        kc_end(c);
    }
}

static void test_bias_add(kc *c) {
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++)
        for (int64_t rows = 0; rows < 4; rows++) {
            float *bias = kc_floats(c, *n, -2, 2), *old = kc_floats(c, rows * *n, -2, 2);
            float *y = KC_INOUT(c, old, rows * *n);
            kc_case(c, "%lld rows of %lld", (long long)rows, (long long)*n);
            c->k->bias_add(KC_IN(c, bias, *n), y, rows, *n);
            for (int64_t i = 0; i < rows * *n; i++)
                kc_near(c, "y", i, y[i], (double)old[i] + bias[i % *n], largest(old[i], bias[i % *n]));
            kc_end(c);
        }
}

/* ---- optimizers ---- */
static void sgd_case(kc *c, int64_t n, float momentum, float dampening, int nesterov, int first) {
    const float lr = 0.1f;
    float *p0 = kc_floats(c, n, -1, 1), *g = kc_floats(c, n, -1, 1), *m0 = kc_floats(c, n, -1, 1);
    float *p = KC_INOUT(c, p0, n), *m = KC_INOUT(c, m0, n);
    kc_case(c, "n %lld, momentum %g, dampening %g, nesterov %d, first %d", (long long)n, momentum, dampening, nesterov,
            first);
    c->k->opt_sgd(p, KC_IN(c, g, n), m, n, lr, momentum, dampening, nesterov, first);
    for (int64_t i = 0; i < n; i++) {
        const double kept = first ? 0 : (double)momentum * m0[i], taken = first ? g[i] : (1.0 - dampening) * g[i];
        const double slot = kept + taken, step = nesterov ? g[i] + momentum * slot : slot;
        const double size = fabs(kept) + fabs(taken) + fabs(g[i]);
        kc_near(c, "m", i, m[i], slot, largest(kept, taken));
        kc_near(c, "p", i, p[i], p0[i] - lr * step, largest(p0[i], lr * size));
    }
    kc_end(c);
}

static void test_sgd(kc *c) {
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++)
        for (int variant = 0; variant < 4; variant++)
            sgd_case(c, *n, variant == 3 ? 0 : 0.9f, *n % 2 ? 0.25f : 0, variant & 1, variant >> 1);
}

static void test_adam(kc *c) {
    const float b1 = 0.9f, b2 = 0.999f, step = 0.01f, bias = 3.0f, eps = 1e-8f;
    for (const int64_t *n = kc_sizes(c); *n >= 0; n++) {
        float *p0 = kc_floats(c, *n, -1, 1), *g = kc_floats(c, *n, -1, 1), *m0 = kc_floats(c, *n, -1, 1);
        float *v0 = kc_floats(c, *n, 0, 1);
        for (int64_t i = 0; i < *n; i += 5) g[i] = m0[i] = v0[i] = 0; /* a parameter that never had a gradient stays */
        float *p = KC_INOUT(c, p0, *n), *m = KC_INOUT(c, m0, *n), *v = KC_INOUT(c, v0, *n);
        kc_case(c, "n %lld", (long long)*n);
        c->k->opt_adam(p, KC_IN(c, g, *n), m, v, *n, step, b1, b2, bias, eps);
        for (int64_t i = 0; i < *n; i++) {
            const double kept = (double)b1 * m0[i], taken = (1.0 - b1) * g[i];
            const double second = (double)b2 * v0[i] + (1.0 - b2) * g[i] * g[i], size = sqrt(second) * bias + eps;
            kc_near(c, "m", i, m[i], kept + taken, largest(kept, taken));
            kc_near(c, "v", i, v[i], second, second);
            kc_near(c, "p", i, p[i], p0[i] - step * (kept + taken) / size,
                    fabs(p0[i]) + step * (fabs(kept) + fabs(taken)) / size);
        }
        kc_end(c);
    }
}

const kc_test kc_elementwise_tests[] = {
    {"relu_fwd", test_relu},       {"relu_bwd", test_relu_bwd},   {"leaky_fwd", test_leaky},
    {"leaky_bwd", test_leaky_bwd}, {"sigmoid_fwd", test_sigmoid}, {"sigmoid_bwd", test_sigmoid_bwd},
    {"tanh_fwd", test_tanh},       {"tanh_bwd", test_tanh_bwd},   {"add", test_add},
    {"scale", test_scale},         {"axpy", test_axpy},           {"bias_add", test_bias_add},
    {"opt_sgd", test_sgd},         {"opt_adam", test_adam},       {NULL, NULL},
};
