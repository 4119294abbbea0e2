/* Antialiased resizing: combining rows, then columns. */
#include "kerncheck.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_TAPS = 1600 };

typedef struct taps {
    rgm_taps guarded;
    const int32_t *first;
    const float *weight;
    int64_t size; /* of the source that they reach */
} taps;

static int rising(const void *a, const void *b) { return *(const int32_t *)a - *(const int32_t *)b; }

/* `results` results of `count` taps, somewhere in the first `size` values; one reaches the last value. */
static taps take_taps(kc *c, int32_t results, int32_t count, int64_t size) {
    int32_t *first = (int32_t *)(void *)kc_bytes(c, 4 * (int64_t)results);
    float *weight = kc_floats(c, (int64_t)results * count, 0, 2.0 / (count > 0 ? count : 1));
    for (int32_t i = 0; i < results; i++)
        first[i] = i == results - 1 ? (int32_t)size - count : (int32_t)kc_below(c, size - count + 1);
    qsort(first, (size_t)results, sizeof *first, rising);
    for (int32_t i = 0; i < results; i++) {
        double sum = 0;
        for (int32_t t = 0; t < count; t++) sum += (double)weight[(int64_t)i * count + t];
        for (int32_t t = 0; t < count; t++) weight[(int64_t)i * count + t] /= (float)sum;
    }
    return (taps){
        {kc_in(c, first, results, 4), KC_IN(c, weight, (int64_t)results * count), count}, first, weight, size};
}

static void rows_case(kc *c, int32_t rows, int32_t count, int64_t n, int64_t slack) {
    const int64_t B = c->k->block, height = count + 5, pitch = n + slack, bytes = (height - 1) * pitch + n;
    const taps t = take_taps(c, rows, count, height);
    const uint8_t *src = kc_bytes(c, bytes);
    float *dst = KC_OUT(c, n * B);
    kc_case(c, "%d rows of %lld, %d taps, pitch %lld", rows, (long long)n, count, (long long)pitch);
    c->k->resize_rows_u8(kc_in(c, src, bytes, 1), pitch, &t.guarded, rows, dst, n);
    for (int64_t j = 0; j < n; j++)
        for (int64_t i = 0; i < B; i++) {
            double sum = 0;
            for (int32_t k = 0; i < rows && k < count; k++)
                sum += (double)t.weight[i * count + k] * src[(t.first[i] + k) * pitch + j];
            kc_near(c, "dst", j * B + i, dst[j * B + i], sum, sum * sqrt(count + 4));
        }
    kc_end(c);
}

static void test_rows(kc *c) {
    const int64_t *sizes = kc_sizes(c);
    const int32_t B = c->k->block, rows[] = {1, 2, B - 1, B}, counts[] = {1, 2, 3, 5, 12};
    for (int32_t i = 0; sizes[i] >= 0 && sizes[i] < 200; i++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            for (size_t t = 0; t < sizeof counts / sizeof *counts; t++)
                rows_case(c, rows[r], counts[t], sizes[i], (int64_t)t);
    rows_case(c, B, RGM_RESIZE_TERMS, 40, 0);
    rows_case(c, B, RGM_RESIZE_TERMS + 1, 9, 1);
    rows_case(c, 1, MOST_TAPS, 70, 2);
}

static void columns_case(kc *c, int32_t rows, int32_t count, int32_t W, int32_t C) {
    const int64_t B = c->k->block, width = count + 7, n = width * C * B, pitch = (int64_t)W * C + count % 3;
    const int64_t bytes = W > 0 ? (rows - 1) * pitch + (int64_t)W * C : 0;
    const taps t = take_taps(c, W, count, width);
    float *src = kc_floats(c, n, 0, 255);
    for (int64_t i = 0; i < n; i++)
        if (kc_below(c, 8) == 0) src[i] = 255;
    uint8_t *dst = kc_out(c, bytes, 1);
    kc_case(c, "%d rows of %d x %d, %d taps", rows, W, C, count);
    c->k->resize_columns_u8(KC_IN(c, src, n), &t.guarded, &(rgm_resize_columns){rows, W, C, pitch}, dst);
    for (int64_t i = 0; i < bytes; i++) {
        const int64_t row = i / pitch, x = i % pitch / C, channel = i % pitch % C;
        double sum = 0;
        if (x >= W) { /* between the rows */
            kc_equal(c, "dst", i, dst[i], 0x7f);
            continue;
        }
        for (int32_t k = 0; k < count; k++)
            sum += (double)t.weight[x * count + k] * (double)src[((t.first[x] + k) * C + channel) * B + row];
        const double tie = fabs(sum - floor(sum) - 0.5), want = tie < 1e-3 ? dst[i] : rint(sum);
        kc_equal(c, "dst", i, dst[i], fabs(dst[i] - sum) < 0.502 ? want : rint(sum));
    }
    kc_end(c);
}

static void test_columns(kc *c) {
    const int32_t B = c->k->block, rows[] = {1, B / 2 + 1, B}, counts[] = {1, 2, 5, 13};
    const int32_t widths[] = {0, 1, 2, 5, B - 1, B, B + 1, 2 * B + 3, 67}, channels[] = {1, 2, 3, 4, 7};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t t = 0; t < sizeof counts / sizeof *counts; t++)
            for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
                for (size_t n = 0; n < sizeof channels / sizeof *channels; n++)
                    columns_case(c, rows[r], counts[t], widths[w], channels[n]);
    columns_case(c, B, RGM_RESIZE_TERMS + 3, 3, 3);
    columns_case(c, 2, MOST_TAPS, 2, 1);
}

const kc_test kc_resize_tests[] = {{"resize_rows_u8", test_rows}, {"resize_columns_u8", test_columns}, {NULL, NULL}};
