/* Batch norm on rows [L][B]: every combination of flags and NULL arguments. */
#include "kerncheck.h"

#include <math.h>

static const int64_t lengths[] = {0, 1, 2, 3, 4, 5, 7, 49, 64, 1023, 1024, 1025, 2051, -1};

/* sqrt(L) for the pixels that are summed in single precision */
static double spread(int64_t L) { return sqrt((double)(L < 1 ? 1 : L < 1024 ? L : 1024)); }

/* An accumulator of B doubles that already holds something. */
static double *begun(kc *c, double *old) {
    for (int j = 0; j < c->k->block; j++) old[j] = kc_uniform(c, -1, 1);
    return kc_inout(c, old, c->k->block, 8);
}

static void test_stats(kc *c) {
    const int64_t B = c->k->block;
    for (const int64_t *L = lengths; *L >= 0; L++) {
        float *x = kc_floats(c, *L * B, -1, 3), *k = kc_floats(c, B, 0, 2);
        double *old_sum = kc_doubles(c, B), *old_sumsq = kc_doubles(c, B);
        double *sum = begun(c, old_sum), *sumsq = begun(c, old_sumsq);
        kc_case(c, "L %lld", (long long)*L);
        c->k->bn_stats(KC_IN(c, x, *L * B), *L, KC_IN(c, k, B), sum, sumsq);
        for (int64_t j = 0; j < B; j++) {
            double s = old_sum[j], q = old_sumsq[j], terms = fabs(s), squares = fabs(q);
            for (int64_t i = 0; i < *L; i++) {
                const double d = (double)x[i * B + j] - k[j];
                s += d, q += d * d, terms += fabs(d), squares += d * d;
            }
            kc_near(c, "sum", j, sum[j], s, spread(*L) * terms);
            kc_near(c, "sumsq", j, sumsq[j], q, 2 * spread(*L) * squares); /* d's rounding counts twice */
        }
        kc_end(c);
    }
}

/* alias: 0 y apart, 1 y is x, 2 y is r */
enum { NO_RESIDUAL, PLAIN, AFFINE, RELU };

static void fwd_case(kc *c, int64_t L, int residual, int relu, int alias) {
    const int64_t B = c->k->block, n = L * B;
    float *x = kc_floats(c, n, -2, 2), *r = kc_floats(c, n, -2, 2), *a = kc_floats(c, B, -2, 2);
    float *b = kc_floats(c, B, -1, 1), *ra = kc_floats(c, B, -2, 2), *rb = kc_floats(c, B, -1, 1);
    const int pending = residual >= AFFINE;
    if (n > 40) x[37] = NAN, x[38] = -INFINITY;
    float *y = alias ? KC_INOUT(c, alias == 1 ? x : r, n) : KC_OUT(c, n);
    const float *gx = alias == 1 ? y : KC_IN(c, x, n), *gr = !residual ? NULL : alias == 2 ? y : KC_IN(c, r, n);
    kc_case(c, "L %lld, residual %d, relu %d, alias %d", (long long)L, residual, relu, alias);
    const rgm_affine own = {KC_IN(c, a, B), KC_IN(c, b, B), relu},
                     of_r = {KC_IN(c, ra, B), KC_IN(c, rb, B), residual == RELU};
    const rgm_affine none = {NULL, NULL, 1};
    c->k->bn_fwd(gx, &own, gr, pending ? &of_r : relu ? &none : NULL, y, L);
    for (int64_t i = 0; i < n; i++) {
        double rest = !residual ? 0 : pending ? fmaf(ra[i % B], r[i], rb[i % B]) : r[i];
        if (residual == RELU && rest < 0) rest = 0;
        const double scaled = (double)a[i % B] * x[i], v = scaled + b[i % B] + rest;
        kc_near(c, "y", i, y[i], relu && v < 0 ? 0 : v, fmax(fabs(scaled), fmax(fabs(b[i % B]), fabs(rest))));
    }
    kc_end(c);
}

static void test_fwd(kc *c) {
    for (const int64_t *L = lengths; *L >= 0; L++)
        for (int residual = NO_RESIDUAL; residual <= RELU; residual++)
            for (int variant = 0; variant < 6; variant++)
                if (variant < 4 || residual) fwd_case(c, *L, residual, variant % 2, variant / 2);
}

typedef struct reduce_case {
    int64_t L;
    int two, mask, keep, alias; /* alias: 0 g apart, 1 g is dy, 2 g is dy2 */
} reduce_case;

static void bwd_reduce_case(kc *c, reduce_case t) {
    const int64_t B = c->k->block, n = t.L * B;
    const int affine = t.mask == RGM_MASK_RECOMPUTE, output = t.mask == RGM_MASK_OUTPUT;
    float *x = kc_floats(c, n, -2, 2), *y = kc_floats(c, n, -1, 1), *dy = kc_floats(c, n, -1, 1);
    float *dy2 = kc_floats(c, n, -1, 1), *a = kc_floats(c, B, -2, 2), *b = kc_floats(c, B, -1, 1);
    float *mean = kc_floats(c, B, -1, 1);
    double *old_g = kc_doubles(c, B), *old_gx = kc_doubles(c, B);
    double *sum_g = begun(c, old_g), *sum_gx = begun(c, old_gx);
    float *g = !t.keep ? NULL : t.alias ? KC_INOUT(c, t.alias == 1 ? dy : dy2, n) : KC_OUT(c, n);
    const float *in1 = t.alias == 1 ? g : KC_IN(c, dy, n), *in2 = !t.two ? NULL : t.alias == 2 ? g : KC_IN(c, dy2, n);
    kc_case(c, "L %lld, dy2 %d, mask %d, g %d, alias %d", (long long)t.L, t.two, t.mask, t.keep, t.alias);
    const rgm_bn_bwd in = {.x = KC_IN(c, x, n),
                           .y = output ? KC_IN(c, y, n) : NULL,
                           .dy = in1,
                           .dy2 = in2,
                           .scale = affine ? KC_IN(c, a, B) : NULL,
                           .shift = affine ? KC_IN(c, b, B) : NULL,
                           .mean = KC_IN(c, mean, B),
                           .mask = t.mask};
    c->k->bn_bwd_reduce(&in, g, t.L, sum_g, sum_gx);
    for (int64_t j = 0; j < B; j++) {
        double s = old_g[j], q = old_gx[j], terms = fabs(s), products = fabs(q);
        for (int64_t i = j; i < n; i += B) {
            const int alive = affine ? (double)a[j] * x[i] + b[j] > 0 : output ? y[i] > 0 : 1;
            const double v = alive ? (double)dy[i] + (t.two ? dy2[i] : 0) : 0, d = v * ((double)x[i] - mean[j]);
            const double size = t.two ? fabs(dy[i]) + fabs(dy2[i]) : fabs(dy[i]); /* dy + dy2 may cancel */
            if (g) kc_near(c, "g", i, g[i], v, alive ? size : 0);
            s += v, q += d, terms += size, products += size * fabs((double)x[i] - mean[j]);
        }
        kc_near(c, "sum_g", j, sum_g[j], s, spread(t.L) * terms);
        kc_near(c, "sum_gx", j, sum_gx[j], q, spread(t.L) * products);
    }
    kc_end(c);
}

static void test_bwd_reduce(kc *c) {
    for (const int64_t *L = lengths; *L >= 0; L++)
        for (int variant = 0; variant < 12; variant++)
            for (int alias = 0; alias < 3; alias++) {
                const reduce_case t = {*L, variant & 1, variant >> 2, variant >> 1 & 1, alias};
                if (alias == 0 || (t.keep && (alias == 1 || t.two))) bwd_reduce_case(c, t);
            }
}

static void test_bwd_apply(kc *c) {
    const int64_t B = c->k->block;
    for (const int64_t *L = lengths; *L >= 0; L++)
        for (int variant = 0; variant < 4; variant++) {
            const int64_t n = *L * B;
            const int affine = variant & 1, in_place = variant >> 1;
            float *x = kc_floats(c, n, -2, 2), *dy = kc_floats(c, n, -1, 1), *a = kc_floats(c, B, -2, 2);
            float *b = kc_floats(c, B, -1, 1), *p = kc_floats(c, B, -2, 2), *q = kc_floats(c, B, -1, 1);
            float *s = kc_floats(c, B, -1, 1), *dx = in_place ? KC_INOUT(c, dy, n) : KC_OUT(c, n);
            kc_case(c, "L %lld, mask %d%s", (long long)*L, affine, in_place ? ", in place" : "");
            const rgm_bn_bwd in = {.x = KC_IN(c, x, n),
                                   .dy = in_place ? dx : KC_IN(c, dy, n),
                                   .scale = affine ? KC_IN(c, a, B) : NULL,
                                   .shift = affine ? KC_IN(c, b, B) : NULL,
                                   .mask = affine ? RGM_MASK_RECOMPUTE : RGM_MASK_NONE};
            c->k->bn_bwd_apply(&in, KC_IN(c, p, B), KC_IN(c, q, B), KC_IN(c, s, B), dx, *L);
            for (int64_t i = 0; i < n; i++) {
                const int64_t j = i % B;
                const int alive = !affine || (double)a[j] * x[i] + b[j] > 0;
                const double pg = alive ? (double)p[j] * dy[i] : 0, qx = (double)q[j] * x[i];
                kc_near(c, "dx", i, dx[i], pg + qx + s[j], fmax(fabs(pg), fmax(fabs(qx), fabs(s[j]))));
            }
            kc_end(c);
        }
}

/* bn_fwd's ReLU and bn_bwd_reduce's recomputed mask agree on every pixel, near zero above all. */
static void test_fwd_and_mask(kc *c) {
    const int64_t B = c->k->block, L = 257, n = L * B;
    float *x = kc_floats(c, n, -2, 2), *a = kc_floats(c, B, 0.5, 2), *b = kc_floats(c, B, -1, 1);
    float *one = kc_floats(c, n, 1, 1), *mean = kc_floats(c, B, 0, 0);
    for (int64_t i = 0; i < n; i += 2) x[i] = -b[i % B] / a[i % B]; /* zero but for rounding */
    float *y = KC_OUT(c, n), *g = KC_OUT(c, n);
    double *sums = kc_inout(c, kc_doubles(c, 2 * B), 2 * B, 8);
    kc_case(c, "mask against forward");
    c->k->bn_fwd(KC_IN(c, x, n), &(rgm_affine){KC_IN(c, a, B), KC_IN(c, b, B), 1}, NULL, NULL, y, L);
    const rgm_bn_bwd in = {x, NULL, KC_IN(c, one, n), NULL, a, b, mean, RGM_MASK_RECOMPUTE};
    c->k->bn_bwd_reduce(&in, g, L, sums, sums + B);
    for (int64_t i = 0; i < n; i++) kc_equal(c, "mask", i, g[i], y[i] > 0);
    kc_end(c);
}

static void test_bn_fwd(kc *c) {
    test_fwd(c);
    test_fwd_and_mask(c);
}

const kc_test kc_bnorm_tests[] = {
    {"bn_stats", test_stats},
    {"bn_fwd", test_bn_fwd},
    {"bn_bwd_reduce", test_bwd_reduce},
    {"bn_bwd_apply", test_bwd_apply},
    {NULL, NULL},
};
