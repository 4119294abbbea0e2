/* Resizing against the formula of the triangle filter in double: sizes, boxes, windows, extreme ratios, memory. */
#include <check.h>
#include <math.h>
#include <regimen/plugin.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "picture/resize.h"

enum { CASES = 160, CANARY = 0xA5, BAND = 48, LEVELS = 4 };

static uint64_t state;
static uint64_t draw(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15u; /* SplitMix64 (Steele, Lea and Flood 2014) */
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static int32_t between(int32_t low, int32_t high) { return low + (int32_t)(draw() % (uint64_t)(high - low + 1)); }
static double real(double low, double high) { return low + (high - low) * ((double)(draw() >> 11) * 0x1p-53); }

static void *memory(size_t bytes) {
    void *p = malloc(bytes + 1);
    ck_assert_ptr_nonnull(p);
    return p;
}

/* Kernels of a level that this machine runs, or NULL. */
static const rgm_kernels *kernels_of(int32_t level) {
    int32_t found;
    const rgm_kernels *kernels = rgm_kernels_get(level);
    if (!kernels || rgm_isa_choose(kernels->isa, rgm_cpu_features(), &found, NULL) < 0) return NULL;
    return kernels;
}

/* ---- the oracle ---- */

/* weight[i][size]: what result i of `full` takes of each pixel. */
static double *weights_of(double from, double length, int32_t size, int32_t full) {
    double *weight = memory((size_t)full * (size_t)size * sizeof *weight);
    const double scale = length / full, widest = fmax(scale, 1.0), low = floor(from), end = ceil(from + length);
    for (int32_t i = 0; i < full; i++) {
        double *w = weight + (size_t)i * (size_t)size, sum = 0;
        for (int32_t p = 0; p < size; p++) {
            const double away = fabs(p + 0.5 - (from + (i + 0.5) * scale)) / widest;
            w[p] = p >= low && p < end && away < 1 ? 1 - away : 0;
            sum += w[p];
        }
        for (int32_t p = 0; p < size; p++) w[p] /= sum;
    }
    return weight;
}

/* [full_H][full_W][C], not rounded. */
static double *oracle(const rgm_resize_source *s, const rgm_box *box, int32_t full_H, int32_t full_W) {
    double *rows = weights_of(box->top, box->height, s->H, full_H);
    double *columns = weights_of(box->left, box->width, s->W, full_W);
    double *line = memory((size_t)s->W * (size_t)s->C * sizeof *line);
    double *result = memory((size_t)full_H * (size_t)full_W * (size_t)s->C * sizeof *result), *to = result;
    for (int32_t y = 0; y < full_H; y++) {
        const double *down = rows + (size_t)y * (size_t)s->H;
        for (int32_t j = 0; j < s->W * s->C; j++) {
            line[j] = 0;
            for (int32_t p = 0; p < s->H; p++)
                if (down[p] > 0) line[j] += down[p] * s->pixels[p * s->pitch + j];
        }
        for (int32_t x = 0; x < full_W; x++)
            for (int32_t c = 0; c < s->C; c++, to++) {
                const double *across = columns + (size_t)x * (size_t)s->W;
                *to = 0;
                for (int32_t p = 0; p < s->W; p++)
                    if (across[p] > 0) *to += across[p] * line[p * s->C + c];
            }
    }
    free(rows);
    free(columns);
    free(line);
    return result;
}

/* ---- cases ---- */

/* Pixels in memory of exactly their size, so that a sanitizer sees what reads beyond. */
static uint8_t *pixels_of(const rgm_resize_source *s, int32_t kind) {
    const size_t bytes = (size_t)(s->H - 1) * (size_t)s->pitch + (size_t)s->W * (size_t)s->C;
    uint8_t *p = malloc(bytes);
    ck_assert_ptr_nonnull(p);
    for (size_t i = 0; i < bytes; i++) p[i] = kind == 0 ? (uint8_t)draw() : kind == 1 ? 255 * (draw() & 1) : 255;
    return p;
}

static rgm_resize_source any_source(void) {
    rgm_resize_source s = {.H = between(1, 60), .W = between(1, 60), .C = between(1, 4)};
    if (draw() % 8 == 0) s.C = between(5, 64);
    if (draw() % 4 == 0) s.H = between(1, 500);
    if (draw() % 4 == 0) s.W = between(1, 500);
    s.pitch = (int64_t)s.W * s.C + (draw() % 2 ? between(0, 9) : 0);
    return s;
}

/* Whole, of pixels, or with edges between pixels; never smaller than a pixel. */
static rgm_box any_box(const rgm_resize_source *s) {
    rgm_box box = {0, 0, s->H, s->W};
    const uint64_t kind = draw() % 3;
    if (kind == 0) return box;
    box.height = real(1, s->H);
    box.width = real(1, s->W);
    box.top = real(0, s->H - box.height);
    box.left = real(0, s->W - box.width);
    if (kind == 1) box = (rgm_box){floor(box.top), floor(box.left), floor(box.height), floor(box.width)};
    return box;
}

/* The result in the middle of canaries: between its rows, too. */
typedef struct canvas {
    uint8_t *all;
    size_t bytes;
    rgm_resize_result to;
} canvas;

static canvas canvas_of(int32_t full_H, int32_t full_W, int32_t C, int32_t part) {
    canvas c = {.to = {.H = full_H, .W = full_W, .full_H = full_H, .full_W = full_W}};
    if (part) {
        c.to.H = between(1, full_H);
        c.to.W = between(1, full_W);
        c.to.top = between(0, full_H - c.to.H);
        c.to.left = between(0, full_W - c.to.W);
    }
    c.to.pitch = (int64_t)c.to.W * C + between(0, 20);
    c.bytes = (size_t)c.to.H * (size_t)c.to.pitch + 2 * BAND;
    c.all = memory(c.bytes);
    memset(c.all, CANARY, c.bytes);
    c.to.pixels = c.all + BAND;
    return c;
}

static void check_canaries(const canvas *c, int32_t C) {
    const size_t row = (size_t)c->to.W * (size_t)C;
    for (size_t i = 0; i < c->bytes; i++) {
        const size_t at = i - BAND, y = at / (size_t)c->to.pitch;
        if (i >= BAND && y < (size_t)c->to.H && at % (size_t)c->to.pitch < row) continue;
        if (c->all[i] != CANARY) ck_abort_msg("byte %zu beside the result was written", i);
    }
}

static void check_values(const canvas *c, int32_t C, const double *want) {
    for (int32_t y = 0; y < c->to.H; y++)
        for (int32_t j = 0; j < c->to.W * C; j++) {
            const int64_t at = ((int64_t)(y + c->to.top) * c->to.full_W + c->to.left) * C + j;
            const double got = c->to.pixels[y * c->to.pitch + j];
            if (fabs(got - want[at]) > 0.505) ck_abort_msg("row %d, value %d: %g, expected %.4f", y, j, got, want[at]);
        }
}

static void resize(rgm_resizer *resizer, const rgm_resize_source *s, const rgm_resize_result *to) {
    rgm_error err = {0};
    ck_assert_msg(rgm_resize(resizer, s, to, &err) == RGM_OK, "%s", err.text);
}

/* The pixels that the result is made of, alone in memory, give the same bits. */
static void check_reach(rgm_resizer *resizer, const rgm_resize_source *s, const canvas *c) {
    const rgm_box reach = rgm_resize_reach(s, &c->to);
    const int32_t top = (int32_t)reach.top, left = (int32_t)reach.left;
    const size_t H = (size_t)reach.height, row = (size_t)reach.width * (size_t)s->C;
    ck_assert(top >= 0 && left >= 0 && reach.height >= 1 && reach.width >= 1);
    ck_assert(top + reach.height <= s->H && left + reach.width <= s->W);
    rgm_resize_source part = *s;
    rgm_resize_result to = c->to;
    uint8_t *alone = memory(H * row), *got = memory((size_t)(c->to.H * c->to.W * s->C));
    for (size_t y = 0; y < H; y++)
        memcpy(alone + y * row, s->pixels + (top + (int64_t)y) * s->pitch + left * s->C, row);
    part.pixels = alone;
    part.pitch = (int64_t)row;
    part.top = top;
    part.left = left;
    to.pixels = got;
    to.pitch = (int64_t)to.W * s->C;
    resize(resizer, &part, &to);
    for (int32_t y = 0; y < to.H; y++)
        ck_assert_mem_eq(got + y * to.pitch, c->to.pixels + y * c->to.pitch, (size_t)to.pitch);
    free(alone);
    free(got);
}

START_TEST(test_oracle) {
    const rgm_kernels *kernels = kernels_of(_i);
    rgm_resizer *resizer;
    if (!kernels) return;
    ck_assert_int_eq(rgm_resizer_create(&resizer, kernels, NULL), RGM_OK);
    state = 1;
    for (int i = 0; i < CASES; i++) {
        rgm_resize_source s = any_source();
        const rgm_box box = any_box(&s);
        const int32_t full_H = between(1, draw() % 4 ? 40 : 200), full_W = between(1, draw() % 4 ? 40 : 200);
        uint8_t *pixels = pixels_of(&s, i % 3);
        s.pixels = pixels;
        if (i % 2 || box.height < s.H || box.width < s.W) s.box = box;
        double *want = oracle(&s, &box, full_H, full_W);
        canvas whole = canvas_of(full_H, full_W, s.C, 0);
        resize(resizer, &s, &whole.to);
        check_canaries(&whole, s.C);
        check_values(&whole, s.C, want);
        for (int part = 0; part < 3; part++) { /* a window has the bits of the whole */
            canvas c = canvas_of(full_H, full_W, s.C, 1);
            resize(resizer, &s, &c.to);
            check_canaries(&c, s.C);
            for (int32_t y = 0; y < c.to.H; y++)
                ck_assert_mem_eq(c.to.pixels + y * c.to.pitch,
                                 whole.to.pixels + (y + c.to.top) * whole.to.pitch + c.to.left * s.C,
                                 (size_t)(c.to.W * s.C));
            check_reach(resizer, &s, &c);
            free(c.all);
        }
        free(whole.all);
        free(want);
        free(pixels);
    }
    rgm_resizer_destroy(resizer);
}
END_TEST

/* What is outside of the box does not matter. */
START_TEST(test_outside) {
    const rgm_kernels *kernels = kernels_of(_i);
    rgm_resizer *resizer;
    if (!kernels) return;
    ck_assert_int_eq(rgm_resizer_create(&resizer, kernels, NULL), RGM_OK);
    state = 2;
    for (int i = 0; i < CASES; i++) {
        rgm_resize_source s = any_source();
        uint8_t *pixels = pixels_of(&s, 0), first[40 * 40 * 64], second[sizeof first];
        const int32_t H = between(1, 40), W = between(1, 40);
        s.pixels = pixels;
        s.box = any_box(&s);
        resize(resizer, &s, &(rgm_resize_result){first, (int64_t)W * s.C, H, W, H, W, 0, 0});
        for (int32_t y = 0; y < s.H; y++)
            for (int32_t x = 0; x < s.W; x++)
                if (y < floor(s.box.top) || y >= s.box.top + s.box.height || x < floor(s.box.left) ||
                    x >= s.box.left + s.box.width)
                    memset(pixels + y * s.pitch + (int64_t)x * s.C, (int)draw() & 255, (size_t)s.C);
        resize(resizer, &s, &(rgm_resize_result){second, (int64_t)W * s.C, H, W, H, W, 0, 0});
        ck_assert_mem_eq(first, second, (size_t)H * (size_t)W * (size_t)s.C);
        free(pixels);
    }
    rgm_resizer_destroy(resizer);
}
END_TEST

/* The same size: the same pixels. Flat pictures stay flat. */
START_TEST(test_same) {
    const rgm_kernels *kernels = kernels_of(_i);
    rgm_resizer *resizer;
    if (!kernels) return;
    ck_assert_int_eq(rgm_resizer_create(&resizer, kernels, NULL), RGM_OK);
    state = 3;
    for (int i = 0; i < CASES; i++) {
        rgm_resize_source s = any_source();
        uint8_t *pixels = pixels_of(&s, 0), flat[30 * 30 * 64];
        s.pixels = pixels;
        canvas c = canvas_of(s.H, s.W, s.C, 0);
        resize(resizer, &s, &c.to);
        for (int32_t y = 0; y < s.H; y++)
            ck_assert_mem_eq(c.to.pixels + y * c.to.pitch, pixels + y * s.pitch, (size_t)(s.W * s.C));
        const int32_t H = between(1, 30), W = between(1, 30), value = between(0, 255);
        for (int32_t y = 0; y < s.H; y++) memset(pixels + y * s.pitch, value, (size_t)(s.W * s.C));
        s.box = any_box(&s);
        resize(resizer, &s, &(rgm_resize_result){flat, (int64_t)W * s.C, H, W, H, W, 0, 0});
        for (int32_t j = 0; j < H * W * s.C; j++)
            if (flat[j] != value) ck_abort_msg("%d becomes %d", value, flat[j]);
        free(c.all);
        free(pixels);
    }
    rgm_resizer_destroy(resizer);
}
END_TEST

typedef struct extreme {
    int32_t H, W, C, OH, OW;
} extreme;
static const extreme extremes[] = {
    {30000, 2, 3, 1, 1},  {2, 30000, 3, 1, 1},    {65535, 1, 1, 1, 1}, {1, 65535, 1, 1, 1},
    {65535, 2, 1, 2, 1},  {3, 65535, 1, 2, 3},    {1, 1, 3, 224, 224}, {1, 1, 64, 1, 1},
    {1, 9, 1, 300, 2},    {9, 1, 2, 2, 300},      {2, 2, 4, 65, 65},   {1025, 513, 1, 2, 1},
    {1, 30000, 3, 1, 64}, {30000, 1, 1, 64, 224}, {40, 40, 64, 7, 5},  {300, 1, 3, 299, 2}};

START_TEST(test_extremes) {
    const extreme *e = &extremes[_i];
    rgm_resize_source s = {.pitch = (int64_t)e->W * e->C, .H = e->H, .W = e->W, .C = e->C};
    state = 4;
    uint8_t *pixels = pixels_of(&s, 0);
    s.pixels = pixels;
    double *want = oracle(&s, &(rgm_box){0, 0, e->H, e->W}, e->OH, e->OW);
    for (int32_t level = 0; level < LEVELS; level++) {
        const rgm_kernels *kernels = kernels_of(level);
        rgm_resizer *resizer;
        if (!kernels) continue;
        ck_assert_int_eq(rgm_resizer_create(&resizer, kernels, NULL), RGM_OK);
        canvas c = canvas_of(e->OH, e->OW, e->C, 0);
        resize(resizer, &s, &c.to);
        check_canaries(&c, e->C);
        check_values(&c, e->C, want);
        free(c.all);
        rgm_resizer_destroy(resizer);
    }
    free(want);
    free(pixels);
}
END_TEST

/* Scratch is what is said, which the plugin contract's figure covers; a part of a picture never takes more than it. */
START_TEST(test_scratch) {
    const rgm_kernels *kernels = kernels_of(_i);
    if (!kernels) return;
    state = 5;
    for (int i = 0; i < 2 * CASES; i++) {
        rgm_resize_source s = any_source();
        const int32_t shape[3] = {s.H, s.W, s.C}, H = between(1, 90), W = between(1, 90);
        const size_t bytes = rgm_resize_scratch(shape, H, W);
        ck_assert_uint_le(bytes, RGM_RESIZE_SCRATCH(s.H, s.W, s.C, H, W));
        ck_assert_uint_eq(bytes % 64, 0);
        uint8_t *pixels = pixels_of(&s, 0), *scratch = aligned_alloc(64, bytes + 64),
                *out = memory((size_t)(H * W * s.C));
        ck_assert_ptr_nonnull(scratch);
        memset(scratch + bytes, CANARY, 64);
        s.pixels = pixels;
        s.box = any_box(&s);
        rgm_resize_in(kernels, scratch, &s, &(rgm_resize_result){out, (int64_t)W * s.C, H, W, H, W, 0, 0});
        for (int j = 0; j < 64; j++) ck_assert_uint_eq(scratch[bytes + (size_t)j], CANARY);
        free(pixels);
        free(scratch);
        free(out);
    }
    const int32_t large[3] = {65535, 65535, 64};
    ck_assert_uint_le(rgm_resize_scratch(large, 65536, 65536), RGM_RESIZE_SCRATCH(65535, 65535, 64, 65536, 65536));
}
END_TEST

int main(void) {
    const int count = (int)(sizeof extremes / sizeof *extremes);
    Suite *suite = suite_create("resize");
    TCase *tc = tcase_create("resize");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, test_oracle, 0, LEVELS);
    tcase_add_loop_test(tc, test_outside, 0, LEVELS);
    tcase_add_loop_test(tc, test_same, 0, LEVELS);
    tcase_add_loop_test(tc, test_scratch, 0, LEVELS);
    tcase_add_loop_test(tc, test_extremes, 0, count);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
