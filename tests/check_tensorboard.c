/* Event files for TensorBoard: checksums against published ones, records and messages against a reader of the wire
 * format that is written here by hand, histograms against counting, and how often a run tells. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "make_set.h"
#include "report/crc32c.h"
#include "report/tensorboard.h"
#include "run/board.h"

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

/* ---- checksums: RFC 3720, appendix B.4, and the check value of the CRC catalogues ---- */

START_TEST(checksums) {
    uint8_t bytes[32] = {0};
    ck_assert_uint_eq(rgm_crc32c(bytes, 32), 0x8a9136aa);
    memset(bytes, 0xff, 32);
    ck_assert_uint_eq(rgm_crc32c(bytes, 32), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++) bytes[i] = i;
    ck_assert_uint_eq(rgm_crc32c(bytes, 32), 0x46dd794e);
    for (uint8_t i = 0; i < 32; i++) bytes[i] = (uint8_t)(31 - i);
    ck_assert_uint_eq(rgm_crc32c(bytes, 32), 0x113fdb5c);
    ck_assert_uint_eq(rgm_crc32c("123456789", 9), 0xe3069283);
    ck_assert_uint_eq(rgm_crc32c("", 0), 0);
}
END_TEST

/* ---- a reader ---- */

typedef struct wire {
    const uint8_t *at, *end;
} wire;

/* A field of a message: its number, and its bytes, or its varint or fixed value. */
typedef struct field {
    uint32_t number, type;
    uint64_t value;
    wire bytes;
} field;

static uint64_t little(const uint8_t *at, int32_t bytes) {
    uint64_t value = 0;
    for (int32_t i = 0; i < bytes; i++) value |= (uint64_t)at[i] << 8 * i;
    return value;
}

static uint64_t varint(wire *w) {
    uint64_t value = 0;
    for (int32_t shift = 0;; shift += 7) {
        ck_assert(w->at < w->end && shift < 64);
        value |= (uint64_t)(*w->at & 127) << shift;
        if (!(*w->at++ & 128)) return value;
    }
}

static int next(wire *w, field *f) {
    if (w->at == w->end) return 0;
    uint64_t key = varint(w);
    f->number = (uint32_t)(key >> 3);
    f->type = (uint32_t)(key & 7);
    if (f->type == 0) {
        f->value = varint(w);
        return 1;
    }
    size_t size = f->type == 1 ? 8 : f->type == 5 ? 4 : (size_t)varint(w);
    ck_assert((f->type == 1 || f->type == 2 || f->type == 5) && size <= (size_t)(w->end - w->at));
    f->bytes = (wire){w->at, w->at + size};
    if (f->type != 2) f->value = little(w->at, (int32_t)size);
    w->at += size;
    return 1;
}

static double as_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double as_float(uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return (double)value;
}

/* The field of that number, which must be there once. */
static field only(wire w, uint32_t number) {
    field f, found = {0};
    while (next(&w, &f))
        if (f.number == number) {
            ck_assert(!found.number);
            found = f;
        }
    ck_assert_msg(found.number == number, "no field %u", number);
    return found;
}

static int64_t step_of(wire event) {
    field f;
    while (next(&event, &f))
        if (f.number == 2) return (int64_t)f.value;
    return 0;
}

static uint32_t unmasked(uint32_t stored) {
    uint32_t turned = stored - 0xa282ead8u;
    return turned >> 17 | turned << 15;
}

enum { MOST = 64 };
typedef struct events {
    uint8_t *bytes;
    size_t size;
    wire list[MOST];
    int32_t count;
} events;

/* All whole records of so many bytes; what is left over is returned. */
static size_t split_records(events *e, size_t size) {
    size_t at = 0;
    for (e->count = 0; size - at >= 12; e->count++) {
        const uint8_t *head = e->bytes + at;
        uint64_t length = little(head, 8);
        ck_assert_uint_eq(unmasked((uint32_t)little(head + 8, 4)), rgm_crc32c(head, 8));
        if (length + 16 > size - at) break;
        ck_assert_uint_eq(unmasked((uint32_t)little(head + 12 + length, 4)), rgm_crc32c(head + 12, length));
        ck_assert_int_lt(e->count, MOST);
        e->list[e->count] = (wire){head + 12, head + 12 + length};
        at += length + 16;
    }
    return size - at;
}

/* Of the file; the first event is the version. */
static events read_events(const char *path) {
    events e = {0};
    e.bytes = load_file(path, &e.size);
    ck_assert_uint_eq(split_records(&e, e.size), 0);
    ck_assert_int_ge(e.count, 1);
    field version = only(e.list[0], 3);
    ck_assert(version.bytes.end - version.bytes.at == 13 && memcmp(version.bytes.at, "brain.Event:2", 13) == 0);
    for (int32_t i = 0; i < e.count; i++) {
        double when = as_double(only(e.list[i], 1).value);
        ck_assert(when > 1e9 && when < 1e11);
    }
    return e;
}

static void check_tag(wire value, const char *tag) {
    field f = only(value, 1);
    ck_assert((size_t)(f.bytes.end - f.bytes.at) == strlen(tag) && memcmp(f.bytes.at, tag, strlen(tag)) == 0);
}

/* ---- what is written ---- */

static rgm_tensorboard opened(int64_t resumed) {
    rgm_tensorboard b;
    rgm_error err = {0};
    ck_assert_msg(rgm_tensorboard_open(&b, folder, resumed, &err) == RGM_OK, "%s", err.text);
    return b;
}

START_TEST(scalars) {
    static const int64_t steps[] = {0, 1, 127, 128, INT64_C(1) << 40};
    char path[2048];
    rgm_tensorboard b = opened(-1);
    snprintf(path, sizeof path, "%s", b.path);
    for (int32_t i = 0; i < 5; i++) {
        const rgm_tensorboard_scalar list[] = {{"a/b", i - 1.25}, {"not", i ? (double)NAN : (double)INFINITY}};
        ck_assert_int_eq(rgm_tensorboard_scalars(&b, steps[i], list, 2, NULL), RGM_OK);
    }
    ck_assert_int_eq(rgm_tensorboard_sync(&b, NULL), RGM_OK);
    rgm_tensorboard_close(&b);
    ck_assert(!b.open);
    events e = read_events(path);
    ck_assert_int_eq(e.count, 6);
    for (int32_t i = 0; i < 5; i++) {
        ck_assert(step_of(e.list[i + 1]) == steps[i]);
        wire summary = only(e.list[i + 1], 5).bytes;
        field first, second, none;
        ck_assert(next(&summary, &first) && next(&summary, &second) && !next(&summary, &none));
        ck_assert(first.number == 1 && second.number == 1);
        check_tag(first.bytes, "a/b");
        check_tag(second.bytes, "not");
        ck_assert_double_eq(as_float(only(first.bytes, 2).value), i - 1.25);
        double other = as_float(only(second.bytes, 2).value);
        ck_assert(i ? isnan(other) : other == (double)INFINITY);
    }
    /* of a file that is cut anywhere, whatever lies before is whole */
    for (size_t size = 0, before = 0; size <= e.size; size++) {
        split_records(&e, size);
        ck_assert((size_t)e.count >= before);
        before = (size_t)e.count;
    }
    free(e.bytes);
}
END_TEST

static events one_histogram(const float *values, int64_t count) {
    char path[2048];
    rgm_tensorboard b = opened(-1);
    snprintf(path, sizeof path, "%s", b.path);
    ck_assert_int_eq(rgm_tensorboard_histogram(&b, 7, "h", values, count, NULL), RGM_OK);
    rgm_tensorboard_close(&b);
    events e = read_events(path);
    remove(path);
    return e;
}

/* The histogram's fields against the values themselves: each bucket has what lies in it, whatever rounding does at an
 * end. */
static void check_histogram(const float *values, int64_t count, int64_t finite, int32_t buckets) {
    events e = one_histogram(values, count);
    ck_assert_int_eq(e.count, 2);
    wire value = only(only(e.list[1], 5).bytes, 1).bytes;
    check_tag(value, "h");
    wire h = only(value, 5).bytes, limits = only(h, 6).bytes, numbers = only(h, 7).bytes, all = h;
    double low = 0, high = 0, sum = 0, squares = 0, n = as_double(only(h, 3).value), before = -(double)INFINITY,
           told = 0;
    for (field f; next(&all, &f);) { /* zeros are left out */
        if (f.number == 1) low = as_double(f.value);
        if (f.number == 2) high = as_double(f.value);
        if (f.number == 4) sum = as_double(f.value);
        if (f.number == 5) squares = as_double(f.value);
    }
    ck_assert_double_eq(n, (double)finite);
    ck_assert(limits.end - limits.at == 8 * buckets && numbers.end - numbers.at == 8 * buckets);
    double least = (double)INFINITY, most = -(double)INFINITY, total = 0, total_squares = 0;
    for (int64_t i = 0; i < count; i++) {
        double v = (double)values[i];
        if (!isfinite(v)) continue;
        least = fmin(least, v);
        most = fmax(most, v);
        total += v;
        total_squares += v * v;
    }
    ck_assert(low == least && high == most && sum == total && squares == total_squares);
    for (int32_t k = 0; k < buckets; k++) {
        double limit = as_double(little(limits.at + 8 * k, 8)), number = as_double(little(numbers.at + 8 * k, 8));
        double slack = 1e-12 * (fabs(least) + fabs(most)), inside = 0, near = 0;
        ck_assert(limit > before);
        for (int64_t i = 0; i < count; i++) {
            double v = (double)values[i];
            inside += isfinite(v) && v > before + slack && v < limit - slack;
            near += isfinite(v) && v >= before - slack && v <= limit + slack;
        }
        ck_assert_msg(number >= inside && number <= near, "bucket %d: %g of %g to %g", k, number, inside, near);
        told += number;
        before = limit;
    }
    ck_assert_double_eq(told, (double)finite);
    ck_assert_double_eq(before, most);
    free(e.bytes);
}

START_TEST(histograms) {
    float values[1000];
    for (int32_t i = 0; i < 1000; i++) values[i] = (float)((i * 7919) % 1009) / 97 - 3;
    for (int64_t count = 2; count <= 1000; count = count * 3 + 1) check_histogram(values, count, count, 30);
    values[10] = NAN;
    values[20] = INFINITY;
    values[30] = -INFINITY;
    check_histogram(values, 1000, 997, 30);
    const float equal[] = {-2, -2, -2}, zeros[] = {0}, wide[] = {-3e38f, 3e38f, 0}, narrow[] = {1, 1.0000001f};
    check_histogram(equal, 3, 3, 1);
    check_histogram(zeros, 1, 1, 1);
    check_histogram(wide, 3, 3, 30);
    check_histogram(narrow, 2, 2, 30);
    events e = one_histogram(values + 10, 1);
    ck_assert_int_eq(e.count, 1); /* nothing is finite, nothing is told */
    free(e.bytes);
    e = one_histogram(values, 0);
    ck_assert_int_eq(e.count, 1);
    free(e.bytes);
}
END_TEST

START_TEST(images) {
    char path[2048];
    static uint8_t pixels[700 * 700 * 3];
    rgm_tensorboard b = opened(-1);
    snprintf(path, sizeof path, "%s", b.path);
    for (int32_t C = 1; C <= 3; C += 2) {
        ck_assert_int_eq(rgm_tensorboard_image(&b, C, "i", &(rgm_tensorboard_picture){pixels, 5, 7, C}, NULL), RGM_OK);
        ck_assert_int_eq(rgm_tensorboard_image(&b, C, "i", &(rgm_tensorboard_picture){pixels, 700, 70, C}, NULL),
                         RGM_OK);
    }
    rgm_tensorboard_close(&b);
    events e = read_events(path);
    ck_assert_int_eq(e.count, 5);
    for (int32_t i = 1; i < 5; i++) {
        wire picture = only(only(only(e.list[i], 5).bytes, 1).bytes, 4).bytes, file = only(picture, 4).bytes;
        ck_assert_uint_eq(only(picture, 1).value, i % 2 ? 5 : 700);
        ck_assert_uint_eq(only(picture, 2).value, i % 2 ? 7 : 70);
        ck_assert_uint_eq(only(picture, 3).value, i < 3 ? 1 : 3);
        ck_assert_int_eq(memcmp(file.at, i % 2 ? "\211PNG\r\n\032\n" : "\377\330\377", i % 2 ? 8 : 3), 0);
    }
    free(e.bytes);
}
END_TEST

/* Files of a run that goes on sort behind the ones before, though they are made in one second. */
START_TEST(resumed) {
    char paths[4][2048];
    for (int32_t i = 0; i < 4; i++) {
        rgm_tensorboard b = opened(i ? 100 * i : -1);
        snprintf(paths[i], sizeof paths[i], "%s", b.path);
        ck_assert(!i || strcmp(paths[i - 1], paths[i]) < 0);
        rgm_tensorboard_close(&b);
        events e = read_events(paths[i]);
        ck_assert_int_eq(e.count, i ? 2 : 1);
        if (i) { /* TensorBoard drops what older files have from this step on */
            ck_assert_int_eq(step_of(e.list[1]), 100 * i + 1);
            ck_assert_uint_eq(only(only(e.list[1], 7).bytes, 1).value, 1);
        }
        free(e.bytes);
    }
}
END_TEST

START_TEST(closed) {
    rgm_tensorboard b = {0};
    rgm_error err = {0};
    const rgm_tensorboard_scalar one = {"a", 1};
    ck_assert_int_eq(rgm_tensorboard_scalars(&b, 1, &one, 1, &err), RGM_OK);
    ck_assert_int_eq(rgm_tensorboard_histogram(&b, 1, "h", NULL, 0, &err), RGM_OK);
    ck_assert_int_eq(rgm_tensorboard_image(&b, 1, "i", NULL, &err), RGM_OK);
    ck_assert_int_eq(rgm_tensorboard_sync(&b, &err), RGM_OK);
    rgm_tensorboard_close(&b);
    ck_assert_int_eq(rgm_tensorboard_open(&b, in_folder(folder, "none"), -1, &err), RGM_E_IO);
    ck_assert(strstr(err.text, "none/" RGM_TENSORBOARD_FILE) && !b.open && !b.room);
}
END_TEST

/* However long a run is, filters and histograms come at its first and last epoch, and 24 times in between at most. */
START_TEST(turns) {
    for (int32_t epochs = 1; epochs < 2000; epochs += 1 + epochs / 7) {
        int32_t times = 0;
        for (int32_t epoch = 1; epoch <= epochs; epoch++) times += rgm_board_is_turn(epoch, epochs);
        ck_assert_int_eq(rgm_board_is_turn(1, epochs), 1);
        ck_assert_int_eq(rgm_board_is_turn(epochs, epochs), 1);
        ck_assert_int_le(times, RGM_BOARD_TIMES + 1);
        ck_assert_int_ge(times, epochs < RGM_BOARD_TIMES ? epochs : RGM_BOARD_TIMES);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tensorboard");
    TCase *tcase = tcase_create("tensorboard");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, checksums);
    tcase_add_test(tcase, scalars);
    tcase_add_test(tcase, histograms);
    tcase_add_test(tcase, images);
    tcase_add_test(tcase, resumed);
    tcase_add_test(tcase, closed);
    tcase_add_test(tcase, turns);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
