/* Pooling: a ladder of windows, pads and strides, images smaller than the window among them. */
#include "kerncheck.h"

#include <math.h>

/* H, W, (OH, OW), R, S, stride, pad */
static const rgm_pool_shape shapes[] = {
    {8, 8, 0, 0, 3, 3, 2, 1},   {7, 9, 0, 0, 3, 3, 2, 1},   {6, 9, 0, 0, 3, 3, 2, 1},   {9, 2, 0, 0, 3, 3, 2, 1},
    {1, 1, 0, 0, 3, 3, 2, 1},   {2, 5, 0, 0, 3, 3, 1, 1},   {6, 6, 0, 0, 2, 2, 2, 0},   {5, 7, 0, 0, 2, 2, 2, 0},
    {4, 4, 0, 0, 2, 2, 1, 1},   {4, 3, 0, 0, 1, 1, 1, 0},   {5, 5, 0, 0, 1, 1, 2, 0},   {9, 4, 0, 0, 3, 2, 3, 1},
    {3, 3, 0, 0, 5, 5, 1, 2},   {2, 2, 0, 0, 7, 7, 3, 3},   {11, 10, 0, 0, 7, 7, 1, 3}, {8, 8, 0, 0, 8, 8, 1, 0},
    {6, 1, 0, 0, 3, 1, 2, 1},   {10, 10, 0, 0, 2, 2, 4, 0}, {3, 3, 0, 0, 2, 2, 3, 2},   {16, 15, 0, 0, 3, 3, 1, 0},
    {4, 4, 0, 0, 15, 17, 1, 8}, {13, 13, 0, 0, 3, 3, 3, 0},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static rgm_pool_shape shape_at(kc *c, int i) {
    rgm_pool_shape p = shapes[i];
    p.OH = (p.H + 2 * p.pad - p.R) / p.stride + 1;
    p.OW = (p.W + 2 * p.pad - p.S) / p.stride + 1;
    kc_case(c, "%dx%d, window %dx%d, stride %d, pad %d", p.H, p.W, p.R, p.S, p.stride, p.pad);
    return p;
}

/* The input pixel of position k in output o's window, or -1 if it is padding. */
static int64_t pixel_of(const rgm_pool_shape *p, int32_t o, int32_t k) {
    const int32_t h = o / p->OW * p->stride - p->pad + k / p->S, w = o % p->OW * p->stride - p->pad + k % p->S;
    return h < 0 || h >= p->H || w < 0 || w >= p->W ? -1 : (int64_t)h * p->W + w;
}

/* The winner of output o in lane j: the last NaN, else the first maximum. */
static int32_t winner_of(const rgm_pool_shape *p, const float *x, int64_t B, int32_t o, int64_t j, float *value) {
    int32_t winner = 0;
    *value = -INFINITY;
    for (int32_t k = 0; k < p->R * p->S; k++) {
        const int64_t i = pixel_of(p, o, k);
        if (i < 0 || !(isnan(x[i * B + j]) || x[i * B + j] > *value)) continue;
        *value = x[i * B + j];
        winner = k;
    }
    return winner;
}

/* kind: 0 random, 1 many ties, 2 special numbers, 3 all negative */
static float *image(kc *c, int64_t n, int kind) {
    float *x = kc_floats(c, n, -2, kind == 3 ? -1 : 2);
    for (int64_t i = 0; i < n; i++) {
        if (kind == 1) x[i] = (float)kc_below(c, 3);
        if (kind == 2 && kc_below(c, 4) == 0) x[i] = kc_special[kc_below(c, 10)];
    }
    return x;
}

static void test_max_fwd(kc *c) {
    const int64_t B = c->k->block;
    for (int i = 0; i < 4 * SHAPES; i++) {
        const rgm_pool_shape p = shape_at(c, i / 4);
        const int64_t n = (int64_t)p.H * p.W * B, out = (int64_t)p.OH * p.OW * B;
        const float *x = image(c, n, i % 4);
        float *y = KC_OUT(c, out);
        uint8_t *index = kc_out(c, out, 1);
        c->k->maxpool_fwd(KC_IN(c, x, n), kc_in(c, &p, sizeof p / 4, 4), y, index);
        for (int64_t o = 0; o < out; o++) {
            float want;
            kc_equal(c, "index", o, index[o], winner_of(&p, x, B, (int32_t)(o / B), o % B, &want));
            kc_near(c, "y", o, y[o], want, want);
        }
        kc_end(c);
    }
}

static void test_max_bwd(kc *c) {
    const int64_t B = c->k->block;
    for (int i = 0; i < 2 * SHAPES; i++) {
        const rgm_pool_shape p = shape_at(c, i / 2);
        const int64_t n = (int64_t)p.H * p.W * B, out = (int64_t)p.OH * p.OW * B;
        const float *x = image(c, n, i % 2), *dy = kc_floats(c, out, -1, 1);
        uint8_t *index = kc_bytes(c, out);
        double *want = kc_doubles(c, n), *terms = kc_doubles(c, n);
        for (int64_t o = 0; o < out; o++) {
            float value;
            index[o] = (uint8_t)winner_of(&p, x, B, (int32_t)(o / B), o % B, &value);
            const int64_t pixel = pixel_of(&p, (int32_t)(o / B), index[o]);
            if (pixel < 0) continue;
            want[pixel * B + o % B] += dy[o];
            terms[pixel * B + o % B] += fabs(dy[o]);
        }
        float *dx = KC_OUT(c, n);
        c->k->maxpool_bwd(KC_IN(c, dy, out), kc_in(c, index, out, 1), kc_in(c, &p, sizeof p / 4, 4), dx);
        for (int64_t j = 0; j < n; j++) kc_near(c, "dx", j, dx[j], want[j], terms[j]);
        kc_end(c);
    }
}

static void test_avg_fwd(kc *c) {
    const int64_t B = c->k->block;
    for (int i = 0; i < SHAPES; i++) {
        const rgm_pool_shape p = shape_at(c, i);
        const int64_t n = (int64_t)p.H * p.W * B, out = (int64_t)p.OH * p.OW * B;
        const float *x = image(c, n, 0);
        float *y = KC_OUT(c, out);
        c->k->avgpool_fwd(KC_IN(c, x, n), kc_in(c, &p, sizeof p / 4, 4), y);
        for (int64_t o = 0; o < out; o++) {
            double sum = 0, terms = 0;
            for (int32_t k = 0; k < p.R * p.S; k++) {
                const int64_t pixel = pixel_of(&p, (int32_t)(o / B), k);
                const double v = pixel < 0 ? 0 : x[pixel * B + o % B];
                sum += v, terms += fabs(v);
            }
            kc_near(c, "y", o, y[o], sum / (p.R * p.S), terms / (p.R * p.S));
        }
        kc_end(c);
    }
}

static void test_avg_bwd(kc *c) {
    const int64_t B = c->k->block;
    for (int i = 0; i < SHAPES; i++) {
        const rgm_pool_shape p = shape_at(c, i);
        const int64_t n = (int64_t)p.H * p.W * B, out = (int64_t)p.OH * p.OW * B;
        const float *dy = kc_floats(c, out, -1, 1);
        double *want = kc_doubles(c, n), *terms = kc_doubles(c, n);
        for (int64_t o = 0; o < out; o++)
            for (int32_t k = 0; k < p.R * p.S; k++) {
                const int64_t pixel = pixel_of(&p, (int32_t)(o / B), k);
                if (pixel < 0) continue;
                want[pixel * B + o % B] += dy[o] / (double)(p.R * p.S);
                terms[pixel * B + o % B] += fabs(dy[o]) / (p.R * p.S);
            }
        float *dx = KC_OUT(c, n);
        c->k->avgpool_bwd(KC_IN(c, dy, out), kc_in(c, &p, sizeof p / 4, 4), dx);
        for (int64_t j = 0; j < n; j++) kc_near(c, "dx", j, dx[j], want[j], terms[j]);
        kc_end(c);
    }
}

static const int64_t lengths[] = {0, 1, 2, 3, 49, 64, 1023, 1024, 1025, 2051, -1};

static void test_gap_fwd(kc *c) {
    const int64_t B = c->k->block;
    for (const int64_t *L = lengths; *L >= 0; L++) {
        float *x = kc_floats(c, *L * B, -1, 2), *y = KC_OUT(c, B);
        kc_case(c, "L %lld", (long long)*L);
        c->k->gap_fwd(KC_IN(c, x, *L * B), *L, y);
        for (int64_t j = 0; j < B; j++) {
            double sum = 0, terms = 0;
            for (int64_t i = 0; i < *L; i++) sum += x[i * B + j], terms += fabs(x[i * B + j]);
            const double count = (double)(*L ? *L : 1);
            kc_near(c, "y", j, y[j], sum / count, sqrt(fmin(count, 1024)) * terms / count);
        }
        kc_end(c);
    }
}

static void test_gap_bwd(kc *c) {
    const int64_t B = c->k->block;
    for (const int64_t *L = lengths; *L >= 0; L++) {
        float *dy = kc_floats(c, B, -1, 1), *dx = KC_OUT(c, *L * B);
        kc_case(c, "L %lld", (long long)*L);
        c->k->gap_bwd(KC_IN(c, dy, B), *L, dx);
        for (int64_t i = 0; i < *L * B; i++) kc_near(c, "dx", i, dx[i], dy[i % B] / (double)*L, dy[i % B] / (double)*L);
        kc_end(c);
    }
}

const kc_test kc_pool_tests[] = {
    {"maxpool_fwd", test_max_fwd},
    {"maxpool_bwd", test_max_bwd},
    {"avgpool_fwd", test_avg_fwd},
    {"avgpool_bwd", test_avg_bwd},
    {"gap_fwd", test_gap_fwd},
    {"gap_bwd", test_gap_bwd},
    {NULL, NULL},
};
