/* Imports that make splits keep copies of an image together: exact ones, mirrored ones, brighter ones. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "import_case.h"
#include "make_set.h"
#include "inspect/groups.h"

enum { SIDE = 32, BYTES = SIDE * SIDE * 3, IMAGES = 120, CLASSES = 3, COPIED = 40 };

static import_case *c;
static rgm_groups_options search;

static void setup(void) {
    c = import_begin();
    search = (rgm_groups_options){.kernels = c->options.pictures.kernels, .threads = 2};
    c->options.pictures.H = c->options.pictures.W = SIDE;
    c->options.find_copies = rgm_groups_find;
    c->options.copies_context = &search;
    c->options.test = 0.2;
    c->options.validation = 0.15;
}
static void teardown(void) { import_end(); }

static uint32_t next_of(uint32_t *state) { return *state = *state * 1664525u + 1013904223u, *state >> 8; }

/* Blobs of an image's own. Images 0 to COPIED - 1 have copies: 1 mirrored, 2 brighter, 0 the same. */
static void draw(int32_t number, int32_t copy, uint8_t *rgb) {
    uint32_t state = (uint32_t)number * 7919u + 1;
    float sum[SIDE][SIDE][3] = {0};
    for (int32_t blob = 0; blob < 14; blob++) {
        const float at[2] = {(float)(next_of(&state) % SIDE), (float)(next_of(&state) % SIDE)},
                    wide = 2.0f + (float)(next_of(&state) % 40) / 10;
        for (int32_t k = 0; k < 3; k++) {
            const float height = (float)(next_of(&state) % 200) - 100;
            for (int32_t y = 0; y < SIDE; y++)
                for (int32_t x = 0; x < SIDE; x++) {
                    const float dy = (float)y - at[0], dx = (float)x - at[1];
                    sum[y][x][k] += height * expf(-(dy * dy + dx * dx) / (wide * wide));
                }
        }
    }
    for (int32_t y = 0; y < SIDE; y++)
        for (int32_t x = 0; x < SIDE; x++)
            for (int32_t k = 0; k < 3; k++) {
                const float v = 120 + sum[y][copy == 1 ? SIDE - 1 - x : x][k] + (copy == 2 ? 9 : 0);
                rgb[(y * SIDE + x) * 3 + k] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : lrintf(v));
            }
}

static void put(int32_t number, int32_t copy, int32_t class) {
    static const char head[] = "P6\n32 32\n255\n";
    uint8_t file[sizeof head - 1 + BYTES];
    char name[64];
    memcpy(file, head, sizeof head - 1);
    draw(number, copy, file + sizeof head - 1);
    snprintf(name, sizeof name, "class%d/%d-%03d.ppm", class, copy, number);
    import_put(name, file, sizeof file);
}

/* Every tenth copy has another label. */
static void put_all(void) {
    for (int32_t i = 0; i < IMAGES; i++) put(i, 0, i % CLASSES);
    for (int32_t i = 0; i < COPIED; i++)
        for (int32_t copy = 1; copy <= 2; copy++) put(i, copy, i % 10 ? i % CLASSES : (i + 1) % CLASSES);
    uint8_t file[4096]; /* and the same file in another class */
    FILE *from = fopen(import_path("class0/0-099.ppm"), "rb");
    size_t size = from ? fread(file, 1, sizeof file, from) : 0;
    ck_assert(from && fclose(from) == 0 && size > BYTES);
    import_put("class1/0-199.ppm", file, size);
}

/* The number behind the name's kind: 199 is 99. */
static int32_t number_of(const rgm_dataset *set, int32_t split, int64_t i) {
    const char *name = strrchr(rgm_dataset_name(set, split, i), '-');
    ck_assert_ptr_nonnull(name);
    const int32_t number = atoi(name + 1);
    return number == 199 ? 99 : number;
}

/* No image and its copy lie in two splits, and the groups that are written are those. */
static void check_set(void) {
    rgm_dataset *set;
    rgm_error err = {0};
    int32_t where[IMAGES];
    ck_assert_msg(rgm_dataset_open(&set, c->out, &(rgm_dataset_options){.names = 1}, &err) == RGM_OK, "%s", err.text);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    memset(where, -1, sizeof where);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        int32_t first[IMAGES];
        const int32_t *groups = rgm_dataset_groups(set, s);
        memset(first, -1, sizeof first);
        ck_assert_ptr_nonnull(groups);
        for (int64_t i = 0; i < info->count[s]; i++) {
            const int32_t n = number_of(set, s, i);
            ck_assert_msg(where[n] < 0 || where[n] == s, "image %d is in two splits", n);
            where[n] = s;
            ck_assert_int_eq(groups[i] >= 0, n < COPIED || n == 99);
            if (first[n] >= 0) ck_assert_int_eq(groups[i], groups[first[n]]);
            if (first[n] < 0) first[n] = (int32_t)i;
        }
    }
    const int64_t all = IMAGES + 2 * COPIED + 1;
    ck_assert_int_eq(info->count[RGM_SPLIT_TEST], (int64_t)(0.2 * (double)all + 0.5));
    ck_assert_int_eq(info->count[RGM_SPLIT_VALIDATION], (int64_t)(0.15 * (double)all + 0.5));
    ck_assert_int_eq(c->report.copies, 3 * COPIED + 2);
    ck_assert_int_eq(c->report.copy_groups, COPIED + 1);
    rgm_dataset_close(set);
}

/* Images, and encoded pictures as they are. */
START_TEST(test_folder) {
    put_all();
    c->options.overwrite = 1;
    if (_i) c->options.pictures = (rgm_import_pictures){.keep = 1, .threads = 2, .kernels = search.kernels};
    for (uint64_t seed = 0; seed < 4; seed++) {
        c->options.seed = seed;
        import_expect(rgm_import_folder, RGM_OK, NULL);
        check_set();
    }
}
END_TEST

START_TEST(test_threads) {
    put_all();
    for (int32_t threads = 1; threads <= 3; threads += 2) {
        search.threads = c->options.pictures.threads = threads;
        import_expect(rgm_import_folder, RGM_OK, NULL);
        if (threads == 1) import_keep_bytes();
    }
    import_same();
}
END_TEST

static rgm_status end_search(void *context, const rgm_dataset *set, int32_t *groups, rgm_error *err) {
    (void)set;
    (void)groups;
    return rgm_fail(err, *(rgm_status *)context, "the search ends");
}

/* An import that ends in the search goes on, to the same file. */
START_TEST(test_goes_on) {
    rgm_status interrupted = RGM_E_INTERRUPTED;
    put_all();
    if (_i) c->options.pictures.keep = 1;
    if (_i) c->options.pictures.H = c->options.pictures.W = 0;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    import_keep_bytes();
    c->options.find_copies = end_search;
    c->options.copies_context = &interrupted;
    import_expect(rgm_import_folder, RGM_E_INTERRUPTED, "the search ends");
    ck_assert(access(c->out, F_OK) != 0);
    c->options.find_copies = rgm_groups_find;
    c->options.copies_context = &search;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    ck_assert_int_eq(c->report.gone_on, IMAGES + 2 * COPIED + 1);
    import_same();
}
END_TEST

/* Without the search, or without splits to make, nothing is looked for, and the file has no such table. */
START_TEST(test_unwanted) {
    put_all();
    for (int32_t k = 0; k < 2; k++) {
        c->options.find_copies = k ? rgm_groups_find : NULL;
        if (k) c->options.test = c->options.validation = 0;
        c->options.overwrite = 1;
        import_expect(rgm_import_folder, RGM_OK, NULL);
        rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
        ck_assert_ptr_null(rgm_dataset_groups(set, RGM_SPLIT_TRAIN));
        ck_assert_int_eq(c->report.copies, 0);
        rgm_dataset_close(set);
    }
}
END_TEST

/* ---- arrays ---- */

static void put_npy(const char *name, const char *shape, const uint8_t *bytes, size_t size) {
    uint8_t *file = calloc(1, 128 + size);
    memcpy(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    int length = snprintf((char *)file + 10, 118, "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }", shape);
    memset(file + 10 + length, ' ', (size_t)(117 - length));
    file[127] = '\n';
    memcpy(file + 128, bytes, size);
    import_put(name, file, 128 + size);
    free(file);
}

/* IDX: a magic number and sizes, big-endian. */
static void put_idx(const char *name, uint8_t magic, uint8_t count, const uint8_t *bytes, size_t size) {
    uint8_t *file = calloc(1, 16 + size);
    const size_t head = magic == 3 ? 16 : 8;
    file[2] = 8;
    file[3] = magic;
    file[7] = count;
    if (magic == 3) file[11] = file[15] = SIDE;
    memcpy(file + head, bytes, size);
    import_put(name, file, head + size);
    free(file);
}

/* Images i and i + 60 are copies, for i below 30. */
static void check_array(void) {
    rgm_dataset *set = open_set(c->out, RGM_ACCESS_AUTO);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t together = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        const int32_t *groups = rgm_dataset_groups(set, s);
        for (int64_t i = 0; groups && i < info->count[s]; i++) together += groups[i] >= 0;
    }
    ck_assert_int_eq(together, 60);
    ck_assert_int_eq(c->report.copies, 60);
    ck_assert_int_eq(info->count[RGM_SPLIT_TEST], 18);
    rgm_dataset_close(set);
}

START_TEST(test_arrays) {
    static uint8_t images[90][BYTES], grey[90][SIDE * SIDE], labels[90];
    for (int32_t i = 0; i < 90; i++) {
        draw(i % 60, i < 60 ? 0 : 1, images[i]);
        labels[i] = (uint8_t)(i % 60 % CLASSES);
        for (int32_t p = 0; p < SIDE * SIDE; p++) grey[i][p] = images[i][3 * p];
    }
    put_npy("x.npy", "(90, 32, 32, 3)", images[0], sizeof images);
    put_npy("y.npy", "(90,)", labels, sizeof labels);
    put_idx("train-images", 3, 90, grey[0], sizeof grey);
    put_idx("train-labels", 1, 90, labels, sizeof labels);
    char paths[2][4600];
    c->options.overwrite = 1;
    c->options.count = 2;
    for (int32_t k = 0; k < 2; k++) {
        snprintf(paths[0], sizeof paths[0], "%s", import_path(k ? "train-images" : "x.npy"));
        snprintf(paths[1], sizeof paths[1], "%s", import_path(k ? "train-labels" : "y.npy"));
        c->options.sources = (const char *const[]){paths[0], paths[1]};
        for (uint64_t seed = 0; seed < 3; seed++) {
            c->options.seed = seed;
            import_expect(k ? rgm_import_idx : rgm_import_npy, RGM_OK, NULL);
            check_array();
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("import with groups");
    TCase *tests = tcase_create("groups");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, test_folder, 0, 2);
    tcase_add_test(tests, test_threads);
    tcase_add_loop_test(tests, test_goes_on, 0, 2);
    tcase_add_test(tests, test_unwanted);
    tcase_add_test(tests, test_arrays);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
