/* Measures of images against slow ones in double, and images whose measures are known. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "inspect/ascending.h"
#include "inspect/measures.h"
#include "inspect/statistics.h"

enum { MOST = 4096 };

/* An image with a pitch, in a buffer of its own size: what reads beyond is seen by sanitizers. */
typedef struct picture {
    int32_t H, W, C;
    int64_t pitch;
    uint8_t *data;
} picture;

static picture make(int32_t H, int32_t W, int32_t C, int32_t gap) {
    picture p = {.H = H, .W = W, .C = C, .pitch = (int64_t)W * C + gap};
    p.data = malloc((size_t)(p.pitch * (H - 1) + (int64_t)W * C));
    memset(p.data, 7, (size_t)(p.pitch * (H - 1) + (int64_t)W * C));
    return p;
}

static uint8_t *at(const picture *p, int32_t y, int32_t x, int32_t c) { return &p->data[y * p->pitch + x * p->C + c]; }

static void set(const picture *p, int32_t y, int32_t x, double v) {
    for (int32_t c = 0; c < p->C; c++) *at(p, y, x, c) = (uint8_t)lround(fmax(0, fmin(v, 255)));
}

static rgm_measures measure(const picture *p, uint8_t grid[RGM_GRID_COLOUR]) {
    rgm_measurer *m;
    rgm_error err = {0};
    rgm_measures out;
    rgm_look look = {.H = p->H, .W = p->W};
    rgm_channel_sums sums = {.C = p->C};
    look.image = (rgm_pixels){.data = p->data, .pitch = p->pitch, .H = p->H, .W = p->W, .C = p->C};
    for (int32_t y = 0; y < p->H; y++) rgm_channel_sums_add(&sums, p->data + y * p->pitch, p->W);
    ck_assert_msg(rgm_measurer_create(&m, 3, p->W, &err) == RGM_OK, "%s", err.text);
    rgm_measurer_take(m, &look, &sums, 2, &out, grid);
    rgm_measurer_destroy(m);
    return out;
}

/* ---- the oracle ---- */

typedef struct oracle {
    int32_t H, W;
    double grey[MOST];
} oracle;

static void take_grey(const picture *p, oracle *o) {
    o->H = p->H;
    o->W = p->W;
    for (int32_t y = 0; y < p->H; y++)
        for (int32_t x = 0; x < p->W; x++) {
            int32_t sum = 0;
            for (int32_t c = 0; c < p->C; c++) sum += *at(p, y, x, c);
            o->grey[y * p->W + x] = (sum + p->C / 2) / p->C;
        }
}

static double g(const oracle *o, int32_t y, int32_t x) { return o->grey[y * o->W + x]; }

static double entropy(const double *values, int32_t n) {
    double sum = 0;
    for (int32_t i = 0; i < n; i++) {
        int32_t same = 0;
        for (int32_t j = 0; j < n; j++) same += values[i] == values[j];
        sum -= log2((double)same / n) / n;
    }
    return sum;
}

static double information(const oracle *o) {
    static double steps[MOST];
    int32_t n = 0;
    double of_values = entropy(o->grey, o->H * o->W);
    for (int32_t y = 0; y < o->H; y++)
        for (int32_t x = 1; x < o->W; x++) steps[n++] = g(o, y, x) - g(o, y, x - 1);
    return n ? fmin(of_values, entropy(steps, n)) : of_values;
}

static double softness(const oracle *o) {
    double first = 0, second = 0, firsts = 0, seconds = 0;
    for (int32_t y = 0; y < o->H; y++)
        for (int32_t x = 0; x < o->W; x++) {
            const int32_t has[4] = {x > 0, y > 0, x > 1, y > 1};
            first += has[0] ? pow(g(o, y, x) - g(o, y, x - 1), 2) : 0;
            first += has[1] ? pow(g(o, y, x) - g(o, y - 1, x), 2) : 0;
            second += has[2] ? pow(g(o, y, x) - 2 * g(o, y, x - 1) + g(o, y, x - 2), 2) : 0;
            second += has[3] ? pow(g(o, y, x) - 2 * g(o, y - 1, x) + g(o, y - 2, x), 2) : 0;
            firsts += has[0] + has[1];
            seconds += has[2] + has[3];
        }
    if (first <= 0 || seconds <= 0) return NAN;
    return fmin(sqrt(first / firsts / (2 * second / seconds)), fmax(o->H, o->W));
}

static int ascending(const void *a, const void *b) {
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double noise(const oracle *o) {
    double cell[49];
    const int32_t down = (int32_t)fmin((o->H - 2) / 3, 7), across = (int32_t)fmin((o->W - 2) / 3, 7);
    if (o->H < 5 || o->W < 5) return NAN;
    for (int32_t i = 0; i < down * across; i++) {
        double mask = 0, turns_x = 0, turns_y = 0, n = 0;
        for (int32_t y = 1 + i / across * (o->H - 2) / down; y < 1 + (i / across + 1) * (o->H - 2) / down; y++)
            for (int32_t x = 1 + i % across * (o->W - 2) / across; x < 1 + (i % across + 1) * (o->W - 2) / across;
                 x++) {
                static const int32_t weight[3] = {1, -2, 1};
                double d = 0;
                for (int32_t v = -1; v <= 1; v++)
                    for (int32_t u = -1; u <= 1; u++) d += weight[v + 1] * weight[u + 1] * g(o, y + v, x + u);
                mask += fabs(d);
                turns_x += fabs(g(o, y, x - 1) - 2 * g(o, y, x) + g(o, y, x + 1));
                turns_y += fabs(g(o, y - 1, x) - 2 * g(o, y, x) + g(o, y + 1, x));
                n++;
            }
        double m = sqrt(acos(-1) / 2) / 6 * mask / n;
        double f = sqrt(acos(-1) / 2) / sqrt(6) * fmax(turns_x, turns_y) / n;
        cell[i] = fmax(m, f) > 0 ? m * m / fmax(m, f) : 0;
    }
    qsort(cell, (size_t)(down * across), sizeof *cell, ascending);
    return cell[(down * across * 3 + 50) / 100];
}

static double specks(const oracle *o) {
    double cell[9];
    if (o->H < 11 || o->W < 11) return NAN;
    for (int32_t i = 0; i < 9; i++) {
        double sum = 0, n = 0;
        for (int32_t y = 1 + i / 3 * (o->H - 2) / 3; y < 1 + (i / 3 + 1) * (o->H - 2) / 3; y++)
            for (int32_t x = 1 + i % 3 * (o->W - 2) / 3; x < 1 + (i % 3 + 1) * (o->W - 2) / 3; x++, n++) {
                double high = -1, low = 256;
                for (int32_t at = 0; at < 9; at++) {
                    if (at == 4) continue;
                    high = fmax(high, g(o, y + at / 3 - 1, x + at % 3 - 1));
                    low = fmin(low, g(o, y + at / 3 - 1, x + at % 3 - 1));
                }
                sum += fmax(0, fmax(g(o, y, x) - high, low - g(o, y, x)));
            }
        cell[i] = sum / n;
    }
    qsort(cell, 9, sizeof *cell, ascending);
    return cell[4];
}

static double cell_mean(const picture *p, const oracle *o, int32_t i, int32_t side, int32_t channel) {
    double sum = 0, n = 0;
    int32_t top = i / side * p->H / side, bottom = (i / side + 1) * p->H / side;
    int32_t left = i % side * p->W / side, right = (i % side + 1) * p->W / side;
    for (int32_t y = top; y < bottom || y == top; y++)
        for (int32_t x = left; x < right || x == left; x++, n++)
            sum += channel < 0 ? g(o, y, x) : *at(p, y, x, channel);
    return sum / n;
}

/* ---- tests ---- */

static void near(double found, double expected, const char *what) {
    if (isnan(expected) && isnan(found)) return;
    ck_assert_msg(fabs(found - expected) <= 2e-5 * (1 + fabs(expected)), "%s: %.9g, not %.9g", what, found, expected);
}

static void compare(const picture *p) {
    static oracle o;
    uint8_t grid[RGM_GRID_COLOUR];
    double sum = 0, squares = 0, all = 0;
    const double n = p->H * p->W;
    rgm_measures m = measure(p, grid);
    take_grey(p, &o);
    for (int32_t y = 0; y < p->H; y++)
        for (int32_t x = 0; x < p->W; x++) {
            sum += g(&o, y, x);
            squares += pow(g(&o, y, x), 2);
            for (int32_t c = 0; c < p->C; c++) all += *at(p, y, x, c);
        }
    near((double)m.brightness, all / n / p->C, "brightness");
    near((double)m.contrast, sqrt(fmax(squares / n - sum / n * sum / n, 0)), "contrast");
    near((double)m.softness, softness(&o), "softness");
    near((double)m.noise, noise(&o), "noise");
    near((double)m.specks, specks(&o), "specks");
    near((double)m.information, information(&o), "information");
    for (int32_t i = 0; i < RGM_GRID_GREY; i++)
        ck_assert_int_eq(grid[i], (int32_t)floor(cell_mean(p, &o, i, 8, -1) + 0.5));
    for (int32_t i = 0; i < 16 && (p->C == 3 || p->C == 4); i++) {
        double red = cell_mean(p, &o, i, 4, 0), green = cell_mean(p, &o, i, 4, 1), blue = cell_mean(p, &o, i, 4, 2);
        ck_assert_int_eq(grid[64 + 2 * i], (int32_t)floor(128 + (red - green) / 2 + 1e-9));
        ck_assert_int_eq(grid[65 + 2 * i], (int32_t)floor(128 + (2 * blue - red - green) / 4 + 1e-9));
    }
    ck_assert(isnan(m.likeness) && isnan(m.distance) && m.looked);
    ck_assert(m.H == p->H && m.W == p->W);
}

static const int32_t sizes[][3] = {{28, 28, 1}, {32, 32, 3}, {1, 1, 1},   {1, 1, 3},   {1, 9, 1},   {9, 1, 3},
                                   {2, 2, 2},   {3, 3, 1},   {4, 5, 4},   {5, 5, 1},   {5, 6, 3},   {7, 31, 2},
                                   {8, 8, 1},   {17, 19, 5}, {23, 9, 64}, {40, 31, 4}, {60, 60, 1}, {11, 64, 3},
                                   {64, 11, 1}, {2, 64, 1},  {13, 13, 7}};

/* Pixels at random, of few levels or all, beside rows of another stride. */
START_TEST(measures_are_the_oracle_s) {
    const int32_t *size = sizes[_i];
    for (uint32_t round = 0; round < 6; round++) {
        picture p = make(size[0], size[1], size[2], round % 2 ? 5 : 0);
        const rgm_rng rng = {
            .seed = 3, .stream = RGM_STREAM(RGM_STREAM_TEST, 1), .epoch = round, .sample = (uint32_t)_i};
        for (int32_t y = 0; y < p.H; y++)
            for (int32_t i = 0; i < p.W * p.C; i++) {
                uint64_t v = rgm_rng_below(&rng, (uint64_t)(y * p.W * p.C + i), round < 2 ? 256 : round < 4 ? 3 : 40);
                p.data[y * p.pitch + i] = (uint8_t)(round < 2   ? v
                                                    : round < 4 ? 255 - v
                                                                : 2 * (uint64_t)(y + i) % 90 + v);
            }
        compare(&p);
        free(p.data);
    }
}
END_TEST

START_TEST(a_checkerboard) {
    picture p = make(32, 32, 1 + 2 * (_i % 2), 0);
    for (int32_t y = 0; y < 32; y++)
        for (int32_t x = 0; x < 32; x++) set(&p, y, x, (x + y) % 2 ? 200 : 100);
    uint8_t grid[RGM_GRID_COLOUR];
    rgm_measures m = measure(&p, grid);
    near((double)m.brightness, 150, "brightness");
    near((double)m.contrast, 50, "contrast");
    near((double)m.softness, sqrt(1.0 / 8), "softness"); /* differences of 100, their differences 200 */
    near((double)m.information, 1, "information");
    near((double)m.noise, sqrt(acos(-1) / 2) / 6 * 800, "noise"); /* the mask gives 16 times 50; f is less */
    ck_assert(m.low == 100 && m.high == 200 && !m.constant);
    for (int32_t i = 0; i < rgm_grid_bytes(p.C); i++) ck_assert_int_eq(grid[i], i < RGM_GRID_GREY ? 150 : 128);
    free(p.data);
}
END_TEST

START_TEST(a_gradient) {
    picture p = make(20, 40, 1, 0);
    for (int32_t y = 0; y < 20; y++)
        for (int32_t x = 0; x < 40; x++) set(&p, y, x, 5 * x + y);
    uint8_t grid[RGM_GRID_COLOUR];
    rgm_measures m = measure(&p, grid);
    near((double)m.softness, 40, "softness"); /* the longer side: no edge anywhere */
    near((double)m.noise, 0, "noise");
    near((double)m.information, 0, "information"); /* every difference along rows is 5 */
    free(p.data);
}
END_TEST

/* A step blurred by a Gaussian has that width; where the pixels are coarse beside it, more. */
START_TEST(a_blurred_step) {
    static const double widths[] = {1.5, 2, 2.5, 3};
    const double s = widths[_i];
    picture p = make(64, 64, 1, 0);
    for (int32_t y = 0; y < 64; y++)
        for (int32_t x = 0; x < 64; x++) set(&p, y, x, 20 + 200 * 0.5 * erfc(-(x - 31.7) / (s * sqrt(2))));
    uint8_t grid[RGM_GRID_COLOUR];
    rgm_measures m = measure(&p, grid);
    ck_assert_msg(fabs((double)m.softness / s - 1) < 0.12, "width %.3f, not %.1f", (double)m.softness, s);
    free(p.data);
}
END_TEST

/* The estimate grows with the deviation, is not above it by much, and of a gradient below it is nearly the same. */
START_TEST(noise_of_a_known_deviation) {
    static const double deviations[] = {4, 8, 16, 32};
    const double s = deviations[_i];
    double found[2];
    for (int32_t sloped = 0; sloped < 2; sloped++) {
        picture p = make(64, 64, 1, 0);
        const rgm_rng rng = {.seed = 5, .stream = RGM_STREAM(RGM_STREAM_TEST, 2), .sample = (uint32_t)_i};
        for (int32_t y = 0; y < 64; y++)
            for (int32_t x = 0; x < 64; x++) {
                float n;
                rgm_rng_normal(&rng, (uint64_t)(y * 64 + x), &n, 1);
                set(&p, y, x, 128 + (sloped ? x / 2.0 - 16 : 0) + s * (double)n);
            }
        uint8_t grid[RGM_GRID_COLOUR];
        found[sloped] = (double)measure(&p, grid).noise;
        free(p.data);
    }
    ck_assert_msg(found[0] > 0.45 * s && found[0] < 1.05 * s, "%.2f of %.0f", found[0], s);
    ck_assert_msg(fabs(found[1] / found[0] - 1) < 0.1, "%.2f, sloped %.2f", found[0], found[1]);
}
END_TEST

START_TEST(one_colour) {
    uint8_t grid[RGM_GRID_COLOUR];
    picture p = make(6, 7, 3, 2);
    for (int32_t y = 0; y < 6; y++)
        for (int32_t x = 0; x < 7; x++)
            for (int32_t c = 0; c < 3; c++) *at(&p, y, x, c) = (uint8_t)(10 * c + 1);
    ck_assert_int_eq(measure(&p, grid).constant, 1);
    ck_assert(isnan(measure(&p, grid).softness));
    near((double)measure(&p, grid).information, 0, "information");
    *at(&p, 5, 6, 2) = 20;
    ck_assert_int_eq(measure(&p, grid).constant, 0);
    *at(&p, 5, 6, 2) = 21;
    *at(&p, 0, 3, 0) = 2;
    ck_assert_int_eq(measure(&p, grid).constant, 0);
    free(p.data);
}
END_TEST

START_TEST(sorting) {
    const int64_t counts[] = {1, 2, 63, 64, 65, 1000, 40000};
    const int64_t n = counts[_i];
    float *values = calloc((size_t)n, sizeof *values), *room = calloc((size_t)n, sizeof *room);
    double sum = 0, after = 0;
    const rgm_rng rng = {.seed = 8, .stream = RGM_STREAM(RGM_STREAM_TEST, 3)};
    rgm_rng_normal(&rng, 0, values, (size_t)n);
    for (int64_t i = 0; i < n; i++) {
        if (i % 5 == 1) values[i] = i % 2 ? 0.0F : -0.0F;
        if (i % 7 == 2) values[i] *= 1e20F;
        sum += (double)lrintf(values[i] * 1000) * (values[i] < 1e9F && values[i] > -1e9F);
    }
    rgm_ascending_sort(values, room, n);
    for (int64_t i = 0; i < n; i++) {
        if (i) ck_assert(values[i - 1] <= values[i]);
        after += (double)lrintf(values[i] * 1000) * (values[i] < 1e9F && values[i] > -1e9F);
    }
    ck_assert(sum == after);
    ck_assert(rgm_ascending_quantile(values, n, 0) == (double)values[0]);
    ck_assert(rgm_ascending_quantile(values, n, 1) == (double)values[n - 1]);
    if (n == 2) ck_assert(rgm_ascending_quantile(values, n, 0.5) == ((double)values[0] + (double)values[1]) / 2);
    free(values);
    free(room);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("measures");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, measures_are_the_oracle_s, 0, sizeof sizes / sizeof *sizes);
    tcase_add_loop_test(tcase, a_checkerboard, 0, 2);
    tcase_add_test(tcase, a_gradient);
    tcase_add_loop_test(tcase, a_blurred_step, 0, 4);
    tcase_add_loop_test(tcase, noise_of_a_known_deviation, 0, 4);
    tcase_add_test(tcase, one_colour);
    tcase_add_loop_test(tcase, sorting, 0, 7);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
