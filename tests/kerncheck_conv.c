/* Grids, filters, and Winograd's transforms against their definitions. */
#include "kerncheck.h"

#include <math.h>
#include <stdlib.h>

enum { POINTS_MOST = 81, SIDE_FILTERS_MOST = 6, TAPS = 9 };

/* Nothing is done to a value when it is loaded: said in both ways. */
static const rgm_affine *none(int64_t n) {
    static const rgm_affine nothing = {NULL, NULL, 1};
    return n % 2 ? &nothing : NULL;
}

/* ---- grids ---- */

static const rgm_grid grids[] = {{5, 7, 1, 0, 0, 7}, {5, 7, 1, -1, 1, 7},   {6, 9, 2, -1, 0, 5}, {4, 4, 2, 1, 1, 2},
                                 {1, 1, 1, 0, 0, 1}, {3, 20, 1, 1, -1, 20}, {7, 7, 3, 0, 2, 3},  {2, 3, 2, 1, 0, 2}};

static void load_case(kc *c, const rgm_grid *g, int64_t first, int64_t count, int how) {
    const int64_t B = c->k->block, n = (int64_t)g->H * g->W * B, pitch = B + first % 2 * 3;
    const float *x = kc_floats(c, n, -2, 3), *a = kc_floats(c, B, -2, 2), *b = kc_floats(c, B, -1, 1);
    float *rows = KC_OUT(c, count ? (count - 1) * pitch + B : 0);
    kc_case(c, "%dx%d, stride %d, from %d, %d, pixels %lld+%lld, load %d", g->H, g->W, g->stride, g->top, g->left,
            (long long)first, (long long)count, how);
    const rgm_affine load = {KC_IN(c, a, B), KC_IN(c, b, B), how == 2};
    c->k->grid_load(KC_IN(c, x, n), how ? &load : none(first), g, &(rgm_grid_part){first, count, pitch}, rows);
    for (int64_t i = 0; i < count * B; i++) {
        const int64_t h = (first + i / B) / g->across * g->stride + g->top;
        const int64_t w = (first + i / B) % g->across * g->stride + g->left;
        float want = 0;
        if (h >= 0 && h < g->H && w >= 0 && w < g->W) {
            want = x[(h * g->W + w) * B + i % B];
            if (how) want = fmaf(a[i % B], want, b[i % B]);
            if (how == 2 && want < 0) want = 0;
        }
        kc_equal(c, "rows", i, rows[i / B * pitch + i % B], want);
    }
    kc_end(c);
}

static void store_case(kc *c, const rgm_grid *g, int64_t first, int64_t count) {
    const int64_t B = c->k->block, n = (int64_t)g->H * g->W * B, pitch = B + first % 3;
    const int64_t size = count ? (count - 1) * pitch + B : 0;
    const float *rows = kc_floats(c, size, -1, 1), *old = kc_floats(c, n, 2, 3);
    float *want = kc_floats(c, n, 0, 1), *y = KC_INOUT(c, old, n);
    kc_case(c, "%dx%d, stride %d, from %d, %d, pixels %lld+%lld", g->H, g->W, g->stride, g->top, g->left,
            (long long)first, (long long)count);
    c->k->grid_store(KC_IN(c, rows, size), g, &(rgm_grid_part){first, count, pitch}, y);
    for (int64_t i = 0; i < n; i++) want[i] = old[i];
    for (int64_t i = 0; i < count * B; i++) {
        const int64_t h = (first + i / B) / g->across * g->stride + g->top;
        const int64_t w = (first + i / B) % g->across * g->stride + g->left;
        if (h >= 0 && h < g->H && w >= 0 && w < g->W) want[(h * g->W + w) * B + i % B] = rows[i / B * pitch + i % B];
    }
    for (int64_t i = 0; i < n; i++) kc_equal(c, "y", i, y[i], want[i]);
    kc_end(c);
}

static void test_grid_load(kc *c) {
    for (size_t i = 0; i < sizeof grids / sizeof *grids; i++)
        for (int how = 0; how < 3; how++) {
            load_case(c, &grids[i], 0, grids[i].across * 3, how);
            load_case(c, &grids[i], grids[i].across - 1, 4, how);
            load_case(c, &grids[i], 1, 0, how);
        }
}

static void test_grid_store(kc *c) {
    for (size_t i = 0; i < sizeof grids / sizeof *grids; i++) {
        store_case(c, &grids[i], 0, grids[i].across * 3);
        store_case(c, &grids[i], grids[i].across - 1, 4);
        store_case(c, &grids[i], 1, 0);
    }
}

/* Filters of `taps` weights, in either order of channels. */
static void pack_case(kc *c, int32_t lanes, int64_t n, int64_t taps, int turned, int32_t parts) {
    const int64_t B = c->k->block, row = B + n % 2 * B, lane = turned ? taps : n * taps;
    const int64_t depth = turned ? lanes * taps : taps, size = n ? lanes * n * taps - (taps - 1) : 0;
    const int64_t nu = n ? (n - 1) * row + B : 0, pitch = nu + 5;
    const float *w = kc_floats(c, size, -1, 1), *d = kc_floats(c, parts * pitch, -1, 1);
    float *u = KC_OUT(c, nu);
    kc_case(c, "%d lanes, %lld filters of %lld, turned %d", lanes, (long long)n, (long long)taps, turned);
    const rgm_filters shape = {.n = n, .lane = lane, .depth = depth, .row = row, .lanes = lanes};
    if (!parts) {
        c->k->pack_filters(KC_IN(c, w, size), &shape, u);
        for (int64_t i = 0; i < n * B; i++)
            kc_equal(c, "u", i, u[i / B * row + i % B], i % B < lanes ? w[i % B * lane + i / B * depth] : 0);
    } else {
        float *back = KC_INOUT(c, w, size);
        double begun = kc_uniform(c, 0, 1), squares = begun, *sum = kc_inout(c, &begun, 1, sizeof begun);
        c->k->unpack_filters(KC_IN(c, d, parts * pitch), &shape, &(rgm_parts){parts, pitch}, back, sum);
        for (int64_t i = 0; i < n * B; i++) {
            double want = 0, terms = 0;
            for (int32_t p = 0; p < parts; p++) {
                want += d[p * pitch + i / B * row + i % B];
                terms += fabs((double)d[p * pitch + i / B * row + i % B]);
            }
            if (i % B >= lanes) continue;
            const double stored = back[i % B * lane + i / B * depth];
            kc_near(c, "w", i, stored, want, (double)parts * terms);
            squares += stored * stored;
        }
        kc_near(c, "squares", 0, *sum, squares, sqrt((double)B) * squares); /* B in single precision */
    }
    kc_end(c);
}

static void pack_cases(kc *c, int32_t parts) {
    for (int turned = 0; turned < 2; turned++)
        for (int64_t taps = 1; taps <= 9; taps += 8)
            for (int32_t lanes = 1; lanes <= c->k->block; lanes += 5)
                for (int64_t n = 0; n < 40; n += 13) pack_case(c, lanes, n, taps, turned, parts);
    pack_case(c, c->k->block, 3 * c->k->block, 1, 0, parts);
}

static void test_pack_filters(kc *c) { pack_cases(c, 0); }

static void test_unpack_filters(kc *c) {
    pack_cases(c, 1);
    pack_cases(c, 3);
}

/* ---- transforms: matrices by their definitions ---- */

/* Numbers of one side. */
typedef struct form {
    int tile, patch, step, points, filters, stride;
    const double *bt, *at, *g; /* [points][patch], [tile][points], [filters][3] */
} form;

#define PA 0.70710678118654752440
#define PB 1.41421356237309504880
static const double bt4[6][6] = {{1, 0, -2.5, 0, 1, 0},        {0, -2 * PA, -2, PA, 1, 0},   {0, 2 * PA, -2, -PA, 1, 0},
                                 {0, -PB / 2, -0.5, PB, 1, 0}, {0, PB / 2, -0.5, -PB, 1, 0}, {0, 1, 0, -2.5, 0, 1}};
static const double at4[4][6] = {
    {1, 1, 1, 1, 1, 0}, {0, PA, -PA, PB, -PB, 0}, {0, 0.5, 0.5, 2, 2, 0}, {0, PA / 2, -PA / 2, 2 * PB, -2 * PB, 1}};
static const double g4[6][3] = {{1, 0, 0},
                                {-2. / 3, -2 * PA / 3, -1. / 3},
                                {-2. / 3, 2 * PA / 3, -1. / 3},
                                {1. / 6, PB / 6, 1. / 3},
                                {1. / 6, -PB / 6, 1. / 3},
                                {0, 0, 1}};
static const double bt2[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}};
static const double at2[2][4] = {{1, 1, 1, 0}, {0, 1, -1, 1}};
static const double g2[4][3] = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
/* Strided: F(4, 2) of taps 0 and 2, then tap 1 by the pixels between. */
static const double g_strided[6][3] = {{-2 * PA / 3, 0, -1. / 3},
                                       {2 * PA / 3, 0, -1. / 3},
                                       {PB / 6, 0, 1. / 3},
                                       {-PB / 6, 0, 1. / 3},
                                       {0, 0, 1},
                                       {0, 1, 0}};
static const double bt_strided[9][9] = {{-2 * PA, 0, -2, 0, PA, 0, 1},
                                        {2 * PA, 0, -2, 0, -PA, 0, 1},
                                        {-PB / 2, 0, -0.5, 0, PB, 0, 1},
                                        {PB / 2, 0, -0.5, 0, -PB, 0, 1},
                                        {1, 0, 0, 0, -2.5, 0, 0, 0, 1},
                                        {0, 1},
                                        {0, 0, 0, 1},
                                        {0, 0, 0, 0, 0, 1},
                                        {0, 0, 0, 0, 0, 0, 0, 1}};
static const double at_strided[4][9] = {{1, 1, 1, 1, 0, 1},
                                        {PA, -PA, PB, -PB, 0, 0, 1},
                                        {0.5, 0.5, 2, 2, 0, 0, 0, 1},
                                        {PA / 2, -PA / 2, 2 * PB, -2 * PB, 1, 0, 0, 0, 1}};
static const double bt_data0[9][5] = {{-2 * PA, -2, PA, 1, 0},   {2 * PA, -2, -PA, 1, 0}, {-PB / 2, -0.5, PB, 1, 0},
                                      {PB / 2, -0.5, -PB, 1, 0}, {1, 0, -2.5, 0, 1},      {0, 1, 0, 0, 0},
                                      {0, 0, 1, 0, 0},           {0, 0, 0, 1, 0},         {0, 0, 0, 0, 1}};
static const double at_data0[8][9] = {{1, 1, 1, 1, 0},
                                      {0, 0, 0, 0, 0, 1},
                                      {PA, -PA, PB, -PB, 0},
                                      {0, 0, 0, 0, 0, 0, 1},
                                      {0.5, 0.5, 2, 2, 0},
                                      {0, 0, 0, 0, 0, 0, 0, 1},
                                      {PA / 2, -PA / 2, 2 * PB, -2 * PB, 1},
                                      {0, 0, 0, 0, 0, 0, 0, 0, 1}};
static const double bt_data1[9][5] = {{-2 * PA, -2, PA, 1, 0},   {2 * PA, -2, -PA, 1, 0}, {-PB / 2, -0.5, PB, 1, 0},
                                      {PB / 2, -0.5, -PB, 1, 0}, {1, 0, -2.5, 0, 1},      {1, 0, 0, 0, 0},
                                      {0, 1, 0, 0, 0},           {0, 0, 1, 0, 0},         {0, 0, 0, 1, 0}};
static const double at_data1[8][9] = {
    {0, 0, 0, 0, 0, 1},       {1, 1, 1, 1, 0},     {0, 0, 0, 0, 0, 0, 1},       {PA, -PA, PB, -PB, 0},
    {0, 0, 0, 0, 0, 0, 0, 1}, {0.5, 0.5, 2, 2, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 1}, {PA / 2, -PA / 2, 2 * PB, -2 * PB, 1}};
static const form forms[RGM_WINO_FORMS] = {
    [RGM_WINO_4] = {4, 6, 4, 6, 6, 1, bt4[0], at4[0], g4[0]},
    [RGM_WINO_2] = {2, 4, 2, 4, 4, 1, bt2[0], at2[0], g2[0]},
    [RGM_WINO_STRIDED] = {4, 9, 8, 9, 6, 2, bt_strided[0], at_strided[0], g_strided[0]},
    [RGM_WINO_STRIDED_DATA_0] = {8, 5, 4, 9, 6, 2, bt_data0[0], at_data0[0], g_strided[0]},
    [RGM_WINO_STRIDED_DATA_1] = {8, 5, 4, 9, 6, 2, bt_data1[0], at_data1[0], g_strided[0]}};

static int is_data(int32_t of) { return of == RGM_WINO_STRIDED_DATA_0 || of == RGM_WINO_STRIDED_DATA_1; }

/* How often output i is pixel j of the patch times tap k. Backward data, whose filters are turned: dx[2m + t - pad] is
 * w[t] dy[m]; the patch begins with dy[-1], with padding 1 with dy[0]. */
static double expected(int32_t of, int i, int k, int j) {
    if (!is_data(of)) return j == forms[of].stride * i + k;
    const int pad = of == RGM_WINO_STRIDED_DATA_1, m = j + pad - 1;
    return i == 2 * m + (2 - k) - pad;
}

/* They multiply polynomials: the sum over points of A' G B'. */
static void check_points(kc *c, int32_t of) {
    const form *f = &forms[of];
    kc_case(c, "A' (G . B'), form %d", of);
    for (int i = 0; i < f->tile; i++)
        for (int k = 0; k < 3; k++)
            for (int j = 0; j < f->patch; j++) {
                double sum = 0;
                for (int p = 0; p < f->points; p++) {
                    const int filter = p < f->filters ? p : f->filters - 1;
                    sum += f->at[i * f->points + p] * f->g[filter * 3 + k] * f->bt[p * f->patch + j];
                }
                kc_near(c, "identity", (i * 3 + k) * f->patch + j, (float)sum, expected(of, i, k, j), 1);
            }
    kc_end(c);
}

/* out[n][n] = M in[m][m] M' with M[n][m], or with M' stored; *size: the same of absolute values. Each of the two
 * products rounds up to four times, coefficients that are no floats once more. */
typedef struct value {
    double want[POINTS_MOST], size[POINTS_MOST];
} value;

static value sandwich(const double *M, int n, int m, int transposed, const double *in) {
    value v = {{0}, {0}};
    double right[POINTS_MOST][2] = {{0}}; /* in M' of m x n, and of absolute values */
    for (int k = 0; k < m; k++)
        for (int j = 0; j < n; j++)
            for (int l = 0; l < m; l++) {
                const double b = transposed ? M[l * n + j] : M[j * m + l];
                right[k * n + j][0] += b * in[k * m + l];
                right[k * n + j][1] += fabs(b * in[k * m + l]);
            }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < m; k++) {
            const double a = transposed ? M[k * n + i] : M[i * m + k];
            for (int j = 0; j < n; j++) {
                v.want[i * n + j] += a * right[k * n + j][0];
                v.size[i * n + j] += fabs(a) * right[k * n + j][1];
            }
        }
    return v;
}

static double pixel(const float *x, const rgm_wino_shape *s, int64_t B, int h, int w, int64_t lane) {
    return h >= 0 && h < s->H && w >= 0 && w < s->W ? x[((int64_t)h * s->W + w) * B + lane] : 0;
}

enum { PLAIN, AFFINE, RELU };

/* wino_input (`pad` around; `how` pixels are loaded) and wino_grad. */
static void forth_case(kc *c, const rgm_wino_shape *s, int32_t first, int32_t count, int is_input, int how) {
    const form *f = &forms[s->form];
    const int side = is_input ? f->patch : f->tile, step = is_input ? f->step : f->tile;
    const int points = f->points * f->points;
    const int64_t B = c->k->block, n = (int64_t)s->H * s->W * B, tile = B + first % 2 * 5, point = count * tile + 3;
    const float *x = kc_floats(c, n, -2, 3), *a = kc_floats(c, B, -2, 2), *b = kc_floats(c, B, -1, 1);
    float *v = KC_OUT(c, points * point);
    kc_case(c, "%dx%d, pad %d, form %d, tiles %d+%d, load %d", s->H, s->W, s->pad, s->form, first, count, how);
    const rgm_affine load = {KC_IN(c, a, B), KC_IN(c, b, B), how == RELU};
    const rgm_wino_tiles tiles = {first, count, tile, point};
    if (is_input)
        c->k->wino_input(KC_IN(c, x, n), how ? &load : none(first), s, &tiles, v);
    else
        c->k->wino_grad(KC_IN(c, x, n), s, &tiles, v);
    for (int64_t t = 0; t < count * B; t++) {
        const int top = (first + (int)(t / B)) / s->across * step - (is_input ? s->pad : 0);
        const int left = (first + (int)(t / B)) % s->across * step - (is_input ? s->pad : 0);
        double in[POINTS_MOST];
        for (int i = 0; i < side * side; i++) {
            const int h = top + i / side, w = left + i % side;
            in[i] = pixel(x, s, B, h, w, t % B);
            if (!how || h < 0 || h >= s->H || w < 0 || w >= s->W) continue; /* zero outside, whatever is pending */
            in[i] = fmaf(a[t % B], (float)in[i], b[t % B]);
            if (how == RELU && in[i] < 0) in[i] = 0;
        }
        const value o = sandwich(is_input ? f->bt : f->at, f->points, side, !is_input, in);
        for (int i = 0; i < points; i++)
            kc_near(c, "v", t * points + i, v[t / B * tile + i * point + t % B], o.want[i], o.size[i]);
    }
    kc_end(c);
}

/* Images around the tile's size, on a grid of tiles of side x side pixels that covers them. */
static void walk_tiles(kc *c, int32_t of, int32_t side,
                       void (*run)(kc *c, const rgm_wino_shape *s, int32_t first, int32_t count)) {
    static const int32_t sizes[][2] = {{1, 1}, {2, 5}, {4, 4}, {5, 3}, {6, 6}, {8, 7}, {9, 12}, {17, 13}, {26, 19}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int32_t pad = 0; pad <= 2; pad++) {
            const rgm_wino_shape s = {sizes[i][0], sizes[i][1], pad, (sizes[i][1] + side - 1) / side, of};
            const int32_t tiles = s.across * ((s.H + side - 1) / side);
            run(c, &s, 0, tiles);
            run(c, &s, tiles / 2, tiles - tiles / 2);
            run(c, &s, tiles / 3, 0);
        }
}

static void input_case(kc *c, const rgm_wino_shape *s, int32_t first, int32_t count) {
    for (int how = PLAIN; how <= RELU; how++) forth_case(c, s, first, count, 1, how);
}

static void grad_case(kc *c, const rgm_wino_shape *s, int32_t first, int32_t count) {
    forth_case(c, s, first, count, 0, PLAIN);
}

/* What wino_output adds to the moments of the pixels it stores, from what it stored. */
static void check_moments(kc *c, const float *y, const int8_t *stored, int64_t n, const double *old, const double *got,
                          int64_t pitch, int fresh) {
    const int64_t B = c->k->block;
    for (int64_t j = 0; j < B; j++) {
        int64_t first = j;
        while (first < n && !stored[first]) first += B;
        if (first >= n) continue;
        const double k = fresh ? y[first] : old[pitch + j];
        double count = fresh ? 0 : old[j], s = fresh ? 0 : old[2 * pitch + j], q = fresh ? 0 : old[3 * pitch + j];
        double terms = fabs(s), squares = fabs(q);
        for (int64_t i = j; i < n; i += B) {
            if (!stored[i]) continue;
            const double d = (float)(y[i] - k);
            count++, s += d, q += d * d, terms += fabs(d), squares += d * d;
        }
        kc_equal(c, "count", j, got[j], count);
        kc_near(c, "k", j, got[pitch + j], k, 0);
        kc_near(c, "sum", j, got[2 * pitch + j], s, sqrt(count) * terms);
        kc_near(c, "sum of squares", j, got[3 * pitch + j], q, sqrt(count) * squares);
    }
}

enum { NO_MOMENTS, FRESH, GOING_ON };

static void back_case(kc *c, const rgm_wino_shape *s, int32_t first, int32_t count, int summed) {
    const form *f = &forms[s->form];
    const int64_t B = c->k->block, n = (int64_t)s->H * s->W * B, tile = B + first % 2 * 2, point = count * tile + 1;
    const int64_t pitch = B + first % 3;
    const int with_bias = s->H % 2;
    const int points = f->points * f->points;
    const float *m = kc_floats(c, points * point, -1, 1), *bias = kc_floats(c, B, -1, 1), *old = kc_floats(c, n, -1, 1);
    float *y = KC_INOUT(c, old, n);
    double *want = kc_doubles(c, n), *size = kc_doubles(c, n), *before = kc_doubles(c, 4 * pitch);
    int8_t *stored = (int8_t *)kc_bytes(c, n);
    for (int64_t j = 0; j < 4 * pitch; j++) before[j] = j < pitch ? 7 : (double)(float)kc_uniform(c, 1, 2);
    double *moments = summed ? kc_inout(c, before, 4 * pitch, 8) : NULL;
    kc_case(c, "%dx%d, form %d, tiles %d+%d, bias %d, moments %d", s->H, s->W, s->form, first, count, with_bias,
            summed);
    const rgm_wino_tiles tiles = {first, count, tile, point};
    const rgm_wino_moments into = {moments, pitch, summed == FRESH};
    c->k->wino_output(KC_IN(c, m, points * point), &tiles, with_bias ? KC_IN(c, bias, B) : NULL, s, y,
                      summed ? &into : NULL);
    for (int64_t i = 0; i < n; i++) want[i] = old[i], size[i] = 0, stored[i] = 0; /* outside of the tiles: as it was */
    for (int64_t t = 0; t < count * B; t++) {
        double in[POINTS_MOST];
        for (int i = 0; i < points; i++) in[i] = m[t / B * tile + i * point + t % B];
        const value o = sandwich(f->at, f->tile, f->points, 0, in);
        for (int i = 0; i < f->tile * f->tile; i++) {
            const int h = (first + (int)(t / B)) / s->across * f->tile + i / f->tile;
            const int w = (first + (int)(t / B)) % s->across * f->tile + i % f->tile;
            if (h >= s->H || w >= s->W) continue;
            const int64_t to = ((int64_t)h * s->W + w) * B + t % B;
            const double b = with_bias ? bias[t % B] : 0;
            want[to] = o.want[i] + b;
            size[to] = o.size[i] + fabs(b);
            stored[to] = 1;
        }
    }
    for (int64_t i = 0; i < n; i++) kc_near(c, "y", i, y[i], want[i], size[i]);
    if (summed && count) check_moments(c, y, stored, n, before, moments, pitch, summed == FRESH);
    for (int64_t i = 0; summed && !count && i < 4 * pitch; i++) kc_equal(c, "moments", i, moments[i], before[i]);
    kc_end(c);
}

/* y is the residual's array if `r` says so. */
enum { NO_RESIDUAL, RESIDUAL, IN_PLACE };

static void finish_one(kc *c, const rgm_wino_shape *s, int32_t first, int32_t count, int r, int relu) {
    const form *f = &forms[s->form];
    const int64_t B = c->k->block, n = (int64_t)s->H * s->W * B, tile = B + first % 2 * 2, point = count * tile + 1;
    const int points = f->points * f->points;
    const float *m = kc_floats(c, points * point, -1, 1), *scale = kc_floats(c, B, -2, 2),
                *shift = kc_floats(c, B, -1, 1);
    const float *residual = kc_floats(c, n, -1, 1), *old = r == IN_PLACE ? residual : kc_floats(c, n, -1, 1);
    float *y = KC_INOUT(c, old, n);
    const float *added = r == NO_RESIDUAL ? NULL : r == IN_PLACE ? y : KC_IN(c, residual, n);
    double *want = kc_doubles(c, n), *size = kc_doubles(c, n);
    kc_case(c, "%dx%d, form %d, tiles %d+%d, residual %d, relu %d", s->H, s->W, s->form, first, count, r, relu);
    const rgm_wino_tiles tiles = {first, count, tile, point};
    const rgm_affine last = {KC_IN(c, scale, B), KC_IN(c, shift, B), relu};
    c->k->wino_finish(KC_IN(c, m, points * point), &tiles, &last, added, s, y);
    for (int64_t i = 0; i < n; i++) want[i] = old[i], size[i] = 0; /* outside of the tiles: as it was */
    for (int64_t t = 0; t < count * B; t++) {
        double in[POINTS_MOST];
        for (int i = 0; i < points; i++) in[i] = m[t / B * tile + i * point + t % B];
        const value o = sandwich(f->at, f->tile, f->points, 0, in);
        for (int i = 0; i < f->tile * f->tile; i++) {
            const int h = (first + (int)(t / B)) / s->across * f->tile + i / f->tile;
            const int w = (first + (int)(t / B)) % s->across * f->tile + i % f->tile;
            if (h >= s->H || w >= s->W) continue;
            const int64_t to = ((int64_t)h * s->W + w) * B + t % B;
            const double a = scale[t % B], b = shift[t % B], plus = r ? residual[to] : 0;
            const double v = a * o.want[i] + b + plus;
            want[to] = relu && v < 0 ? 0 : v;
            size[to] = fabs(a) * o.size[i] + fabs(b) + fabs(plus);
        }
    }
    for (int64_t i = 0; i < n; i++) kc_near(c, "y", i, y[i], want[i], size[i]);
    kc_end(c);
}

static void finish_case(kc *c, const rgm_wino_shape *s, int32_t first, int32_t count) {
    for (int r = NO_RESIDUAL; r <= IN_PLACE; r++)
        for (int relu = 0; relu <= 1; relu++) finish_one(c, s, first, count, r, relu);
}

static void output_case(kc *c, const rgm_wino_shape *s, int32_t first, int32_t count) {
    for (int summed = NO_MOMENTS; summed <= GOING_ON; summed++) back_case(c, s, first, count, summed);
}

static void test_wino_input(kc *c) {
    for (int32_t i = 0; i < RGM_WINO_FORMS; i++) {
        check_points(c, i);
        walk_tiles(c, i, forms[i].step, input_case);
    }
}
static void test_wino_grad(kc *c) {
    for (int32_t i = 0; i < RGM_WINO_FORMS; i++)
        if (!is_data(i)) walk_tiles(c, i, forms[i].tile, grad_case);
}
static void test_wino_output(kc *c) {
    for (int32_t i = 0; i < RGM_WINO_FORMS; i++) walk_tiles(c, i, forms[i].tile, output_case);
}
static void test_wino_finish(kc *c) {
    for (int32_t i = 0; i < RGM_WINO_FORMS; i++) walk_tiles(c, i, forms[i].tile, finish_case);
}

/* Filters as in a convolution's weights: lanes are output channels, or input channels (then turned). */
static void filter_case(kc *c, int32_t of, int32_t lanes, int64_t n, int32_t flip) {
    const form *f = &forms[of];
    const int64_t B = c->k->block, row = B + 4, point = n * row + 1, lane = flip ? TAPS : n * TAPS;
    const int64_t depth = flip ? lanes * TAPS : TAPS, nw = lanes * n * TAPS;
    const int filters = f->filters * f->filters;
    const float *w = kc_floats(c, nw, -1, 1);
    float *u = KC_OUT(c, filters * point);
    kc_case(c, "form %d, %d lanes, %lld filters, flip %d", of, lanes, (long long)n, flip);
    const rgm_filters shape = {n, lane, depth, row, point, lanes, of, flip};
    c->k->wino_filter(KC_IN(c, w, nw), &shape, u);
    for (int64_t t = 0; t < n * B; t++) {
        double in[TAPS] = {0};
        for (int i = 0; i < TAPS && t % B < lanes; i++)
            in[i] = w[t % B * lane + t / B * depth + (flip ? TAPS - 1 - i : i)];
        const value o = sandwich(f->g, f->filters, 3, 0, in);
        for (int i = 0; i < filters; i++)
            kc_near(c, "u", t * filters + i, u[t / B * row + i * point + t % B], o.want[i], o.size[i]);
    }
    kc_end(c);
}

static void test_wino_filter(kc *c) {
    for (int32_t flip = 0; flip <= 1; flip++)
        for (int32_t lanes = 1; lanes <= c->k->block; lanes++)
            for (int32_t i = 0; i < RGM_WINO_FORMS; i++) filter_case(c, i, lanes, lanes % 5, flip);
}

static void filter_grad_case(kc *c, int32_t of, int32_t lanes, int64_t n, int32_t parts) {
    const form *f = &forms[of];
    const int filters = f->filters * f->filters;
    const int64_t B = c->k->block, row = B + 2, point = n * row + 1, part = filters * point + 5, lane = n * TAPS;
    const int64_t nd = parts * part, nw = lanes * lane;
    const float *d = kc_floats(c, nd, -1, 1);
    float *dw = KC_OUT(c, nw);
    double begun = kc_uniform(c, 0, 1), squares = begun, *sum = kc_inout(c, &begun, 1, sizeof begun);
    kc_case(c, "form %d, %d lanes, %lld filters, %d parts", of, lanes, (long long)n, parts);
    const rgm_filters shape = {n, lane, TAPS, row, point, lanes, of, 0};
    c->k->wino_filter_grad(KC_IN(c, d, nd), &shape, &(rgm_parts){parts, part}, dw, sum);
    for (int64_t t = 0; t < n * B; t++) {
        if (t % B >= lanes) continue;
        double in[POINTS_MOST] = {0}, terms[POINTS_MOST] = {0};
        for (int i = 0; i < filters; i++)
            for (int p = 0; p < parts; p++) {
                in[i] += d[t / B * row + i * point + p * part + t % B];
                terms[i] += fabs((double)d[t / B * row + i * point + p * part + t % B]);
            }
        const value o = sandwich(f->g, 3, f->filters, 1, in);
        double absolute[SIDE_FILTERS_MOST * 3];
        for (int i = 0; i < f->filters * 3; i++) absolute[i] = fabs(f->g[i]);
        const value sizes = sandwich(absolute, 3, f->filters, 1, terms);
        for (int i = 0; i < TAPS; i++) {
            const double stored = dw[t % B * lane + t / B * TAPS + i];
            kc_near(c, "dw", t * TAPS + i, stored, o.want[i], sizes.want[i]);
            squares += stored * stored;
        }
    }
    kc_near(c, "squares", 0, *sum, squares, 0.75 * squares); /* 9 in single precision; of 6 ulp */
    kc_end(c);
}

static void test_wino_filter_grad(kc *c) {
    for (int32_t lanes = 1; lanes <= c->k->block; lanes++)
        for (int32_t i = 0; i < RGM_WINO_FORMS; i++) filter_grad_case(c, i, lanes, lanes % 4, 1 + lanes % 3);
}

const kc_test kc_conv_tests[] = {
    {"grid_load", test_grid_load},
    {"grid_store", test_grid_store},
    {"pack_filters", test_pack_filters},
    {"unpack_filters", test_unpack_filters},
    {"wino_input", test_wino_input},
    {"wino_grad", test_wino_grad},
    {"wino_output", test_wino_output},
    {"wino_finish", test_wino_finish},
    {"wino_filter", test_wino_filter},
    {"wino_filter_grad", test_wino_filter_grad},
    {NULL, NULL},
};
