/* The importers: small sets made here, every kind of damage, and Fashion-MNIST if it is installed. */
#include <check.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include "datasets/import.h"
#include "failing_calls.h"
#include "make_set.h"
#include "skip.h"

#define FASHION "/usr/share/datasets/fashion-mnist"

static char *folder;

static void setup(void) {
    folder = make_folder();
    failing_calls = (rgm_failing){0};
}
static void teardown(void) {
    failing_calls = (rgm_failing){0};
    remove_folder(folder);
}

/* ---- IDX ---- */

enum { TRAIN = 37, TEST = 11, H = 4, W = 3 };

static void put(const char *name, const void *bytes, size_t size, int gzip) {
    gzFile file = gzopen(in_folder(folder, name), gzip ? "wb" : "wbT");
    ck_assert_ptr_nonnull(file);
    ck_assert(size == 0 || gzwrite(file, bytes, (unsigned)size) == (int)size);
    ck_assert(gzclose(file) == Z_OK);
}

static uint8_t *word(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++) to[i] = (uint8_t)(value >> (24 - 8 * i));
    return to + 4;
}

/* The bytes of an IDX file of `count` images (or labels): *size of them, in a static buffer. */
static uint8_t *idx(int images, int32_t split, uint32_t count, size_t *size) {
    static uint8_t bytes[4096];
    uint8_t *at = word(word(bytes, images ? 0x0803 : 0x0801), count);
    if (images) at = word(word(at, H), W);
    for (uint32_t i = 0; i < count; i++)
        for (int j = 0; j < (images ? H * W : 1); j++)
            *at++ = images ? make_set_pixel(split, i, j) : (uint8_t)((i * 3 + (unsigned)split) % 5);
    *size = (size_t)(at - bytes);
    return bytes;
}

static void put_idx(const char *name, int images, int32_t split, uint32_t count, int gzip) {
    size_t size;
    uint8_t *bytes = idx(images, split, count, &size);
    put(name, bytes, size, gzip);
}

static void put_good_idx(int gzip) {
    put_idx(gzip ? "train-images-idx3-ubyte.gz" : "train-images-idx3-ubyte", 1, 0, TRAIN, gzip);
    put_idx(gzip ? "train-labels-idx1-ubyte.gz" : "train-labels-idx1-ubyte", 0, 0, TRAIN, gzip);
    put_idx(gzip ? "t10k-images-idx3-ubyte.gz" : "t10k-images-idx3-ubyte", 1, 1, TEST, gzip);
    put_idx(gzip ? "t10k-labels-idx1-ubyte.gz" : "t10k-labels-idx1-ubyte", 0, 1, TEST, gzip);
}

static rgm_import_options from_folder(void) {
    static const char *sources[1];
    static char out[4500];
    sources[0] = folder;
    snprintf(out, sizeof out, "%s", in_folder(folder, "out.h5"));
    return (rgm_import_options){.sources = sources, .count = 1, .out = out};
}

static const rgm_test_set expected_idx = {.train = TRAIN, .test = TEST, .H = H, .W = W, .C = 1, .classes = 5};

static void succeed(rgm_status (*import)(const rgm_import_options *, rgm_error *), const rgm_import_options *options) {
    rgm_error err = {0};
    rgm_status status = import(options, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
}

/* The import fails with `status` and `said` in its line, and leaves no file behind. */
static void refuse_import(rgm_status (*import)(const rgm_import_options *, rgm_error *),
                          const rgm_import_options *options, rgm_status status, const char *said) {
    rgm_error err = {0};
    rgm_status got = import(options, &err);
    ck_assert_msg(got == status, "status %d, expected %d: %s", got, status, err.text);
    ck_assert_msg(strstr(err.text, said) != NULL, "expected '%s' in: %s", said, err.text);
    ck_assert(access(options->out, F_OK) != 0);
}

START_TEST(test_idx) {
    put_good_idx(_i);
    if (_i == 1) put_idx("train-labels-idx1-ubyte", 0, 0, TRAIN, 0); /* beside its gzipped twin */
    rgm_import_options options = from_folder();
    if (_i == 0) options.names = "a, b,c d ,e,f";
    succeed(rgm_import_idx, &options);
    rgm_dataset *set = open_set(options.out, RGM_ACCESS_AUTO);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    ck_assert(holds(set, &expected_idx) && info->framed && !info->slow && info->classes == 5);
    if (_i == 0)
        ck_assert_str_eq(info->class_names[2], "c d");
    else
        ck_assert_ptr_null(info->class_names);
    rgm_dataset_close(set);
    rgm_error err = {0};
    ck_assert_int_eq(rgm_import_idx(&options, &err), RGM_E_USAGE);
    ck_assert(strstr(err.text, "exists already") != NULL);
    options.overwrite = 1;
    succeed(rgm_import_idx, &options);
}
END_TEST

/* Files by name, a training pair alone. */
START_TEST(test_idx_files) {
    put_idx("my-TRAIN-images", 1, 0, TRAIN, 1);
    put_idx("labels.train", 0, 0, TRAIN, 0);
    rgm_import_options options = from_folder();
    char images[4500], labels[4500];
    snprintf(images, sizeof images, "%s", in_folder(folder, "my-TRAIN-images"));
    snprintf(labels, sizeof labels, "%s", in_folder(folder, "labels.train"));
    const char *sources[] = {labels, images, images};
    options.sources = sources;
    options.count = 1;
    refuse_import(rgm_import_idx, &options, RGM_E_USAGE, "no train images");
    options.count = 3;
    refuse_import(rgm_import_idx, &options, RGM_E_USAGE, "both would be the train images");
    options.count = 2;
    options.names = "fashion-mnits";
    refuse_import(rgm_import_idx, &options, RGM_E_USAGE, "nearest: fashion-mnist");
    options.names = "a,b,c";
    refuse_import(rgm_import_idx, &options, RGM_E_FORMAT, "label 4, but there are 3 class names");
    options.names = " ,, ";
    refuse_import(rgm_import_idx, &options, RGM_E_FORMAT, "names: no class name in it");
    options.names = "MNIST";
    succeed(rgm_import_idx, &options);
    rgm_dataset *set = open_set(options.out, RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_dataset_describe(set)->classes, 10);
    ck_assert_int_eq(rgm_dataset_describe(set)->count[RGM_SPLIT_TEST], 0);
    rgm_dataset_close(set);
}
END_TEST

/* Where image i of the training file went: to a split, each in its order. */
static void need_shares(const char *path, const int64_t counts[RGM_SPLIT_COUNT]) {
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t next[RGM_SPLIT_COUNT] = {0};
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) ck_assert_int_eq(info->count[s], counts[s]);
    for (int32_t i = 0; i < TRAIN; i++) {
        int32_t found = 0;
        for (int32_t s = 0; s < RGM_SPLIT_COUNT && !found; s++) {
            const uint8_t *image = next[s] < counts[s] ? rgm_dataset_pixels(set, s, next[s]) : NULL;
            for (found = image != NULL; found && found <= H * W; found++)
                if (image[found - 1] != make_set_pixel(0, i, found - 1)) break;
            found = found > H * W && rgm_dataset_labels(set, s)[next[s]] == i * 3 % 5;
            next[s] += found;
        }
        ck_assert_msg(found, "image %d is nowhere", i);
    }
    rgm_dataset_close(set);
}

START_TEST(test_idx_shares) {
    rgm_import_options options = from_folder();
    put_good_idx(0);
    options.test = 0.2;
    refuse_import(rgm_import_idx, &options, RGM_E_USAGE, "has a test split of its own");
    unlink(in_folder(folder, "t10k-images-idx3-ubyte"));
    unlink(in_folder(folder, "t10k-labels-idx1-ubyte"));
    succeed(rgm_import_idx, &options);
    need_shares(options.out, (const int64_t[]){30, 7, 0});
    unlink(options.out);
    options.validation = 0.3;
    options.seed = 5;
    succeed(rgm_import_idx, &options);
    need_shares(options.out, (const int64_t[]){19, 7, 11});
}
END_TEST

START_TEST(test_idx_damage) {
    static const struct {
        int images, offset, byte; /* the byte at offset becomes `byte` */
        const char *said;
    } changes[] = {
        {1, 3, 1, "expected 00000803"},          {0, 3, 3, "expected 00000801"},
        {0, 2, 9, "expected 00000801"},          {1, 7, TRAIN - 1, "36 images, but"},
        {0, 7, TRAIN + 1, "truncated"},          {0, 7, TRAIN - 1, "bytes behind the end"},
        {1, 4, 200, "size 0 of its header"},     {0, 4, 127, "truncated"},
        {1, 11, 0, "size 1 of its header is 0"}, {1, 10, 1, "those of train-images"},
        {1, 15, W - 1, "those of train-images"}, {1, 13, 1, "at most"},
        {1, 11, H + 1, "those of train-images"},
    };
    const char *names[] = {"train-labels-idx1-ubyte", "train-images-idx3-ubyte"};
    rgm_import_options options = from_folder();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        put_good_idx(0);
        size_t size;
        uint8_t *bytes = idx(changes[i].images, 0, TRAIN, &size);
        bytes[changes[i].offset] = (uint8_t)changes[i].byte;
        put(names[changes[i].images], bytes, size, 0);
        refuse_import(rgm_import_idx, &options, RGM_E_FORMAT, changes[i].said);
    }
    for (int more = -1; more <= 1; more += 2) {
        put_good_idx(0);
        size_t size;
        uint8_t *bytes = idx(1, 0, TRAIN, &size);
        put(names[1], bytes, size + (size_t)more, 0);
        refuse_import(rgm_import_idx, &options, RGM_E_FORMAT, more < 0 ? "truncated" : "bytes behind the end");
    }
    put_good_idx(0);
    put("t10k-labels-idx1-ubyte", NULL, 0, 0);
    refuse_import(rgm_import_idx, &options, RGM_E_FORMAT, "truncated");
    unlink(in_folder(folder, "t10k-labels-idx1-ubyte"));
    refuse_import(rgm_import_idx, &options, RGM_E_USAGE, "no test labels");
}
END_TEST

/* A header that promises 10 GB: refused for what the file can hold, before disk space is reserved for it. */
START_TEST(test_idx_promise) {
    for (int gzip = 0; gzip < 2; gzip++) {
        put_idx("train-labels", 0, 0, TRAIN, 0);
        size_t size;
        uint8_t *bytes = idx(1, 0, TRAIN, &size);
        word(word(bytes + 8, 16384), 16384);
        put("train-images", bytes, size, gzip);
        rgm_import_options options = from_folder();
        char images[4500], labels[4500];
        snprintf(images, sizeof images, "%s", in_folder(folder, "train-images"));
        snprintf(labels, sizeof labels, "%s", in_folder(folder, "train-labels"));
        const char *sources[] = {labels, images};
        options.sources = sources;
        options.count = 2;
        refuse_import(rgm_import_idx, &options, RGM_E_FORMAT, "truncated: 9932111888 bytes by its header");
    }
}
END_TEST

/* A gzipped file cut or flipped anywhere is refused, or gives the same set: its checksum is looked at. */
START_TEST(test_idx_gzip_damage) {
    put_good_idx(1);
    char path[4500];
    snprintf(path, sizeof path, "%s", in_folder(folder, "train-images-idx3-ubyte.gz"));
    size_t size;
    uint8_t *bytes = load_file(path, &size);
    rgm_import_options options = from_folder();
    for (size_t at = 0; at < 2 * size; at++) {
        size_t length = at < size ? size : at - size;
        if (at < size) bytes[at] ^= 0x10;
        store_file(path, bytes, length);
        if (at < size) bytes[at] ^= 0x10;
        rgm_error err = {0};
        if (rgm_import_idx(&options, &err) == RGM_OK) {
            ck_assert_msg(at + 8 < size, "byte %zu of %zu", at, size); /* fields and bits without a meaning */
            rgm_dataset *set = open_set(options.out, RGM_ACCESS_AUTO);
            ck_assert(holds(set, &expected_idx));
            rgm_dataset_close(set);
            unlink(options.out);
        } else {
            ck_assert_msg(err.status == RGM_E_FORMAT, "%s", err.text);
        }
    }
    free(bytes);
}
END_TEST

/* ---- CIFAR ---- */

/* `count` records with `label_bytes` labels each; sample numbers start at `first`. */
static void put_cifar(const char *name, int32_t split, int first, int count, int label_bytes, int classes) {
    size_t record = (size_t)label_bytes + 3072;
    uint8_t *bytes = malloc((size_t)count * record + 1);
    for (int i = 0; i < count; i++) {
        uint8_t *at = bytes + (size_t)i * record;
        at[0] = 255; /* coarse: not looked at */
        at[label_bytes - 1] = (uint8_t)(((first + i) * 3 + split) % classes);
        for (int c = 0; c < 3; c++)
            for (int j = 0; j < 1024; j++) at[label_bytes + c * 1024 + j] = make_set_pixel(split, first + i, j * 3 + c);
    }
    put(name, bytes, (size_t)count * record, 0);
    free(bytes);
}

static void put_names(const char *name, int count) {
    char text[4096] = "";
    for (int i = 0; i < count; i++) snprintf(text + strlen(text), 32, "name%d\n", i);
    strcat(text, "\n");
    put(name, text, strlen(text), 0);
}

START_TEST(test_cifar10) {
    put_cifar("data_batch_1.bin", 0, 0, 12, 1, 10);
    put_cifar("data_batch_2.bin", 0, 12, 300, 1, 10);
    put_cifar("test_batch.bin", 1, 0, 9, 1, 10);
    put_names("batches.meta.txt", 10);
    put("readme.html", "x", 1, 0);
    rgm_import_options options = from_folder();
    succeed(rgm_import_cifar, &options);
    rgm_test_set made = {.train = 312, .test = 9, .H = 32, .W = 32, .C = 3, .classes = 10};
    rgm_dataset *set = open_set(options.out, RGM_ACCESS_AUTO);
    ck_assert(holds(set, &made));
    ck_assert_str_eq(rgm_dataset_describe(set)->class_names[9], "name9");
    rgm_dataset_close(set);
}
END_TEST

START_TEST(test_cifar100) {
    put_cifar("train.bin", 0, 0, 120, 2, 100);
    put_cifar("test.bin", 1, 0, 7, 2, 100);
    put_names("fine_label_names.txt", 100);
    rgm_import_options options = from_folder();
    succeed(rgm_import_cifar, &options);
    rgm_test_set made = {.train = 120, .test = 7, .H = 32, .W = 32, .C = 3, .classes = 100};
    rgm_dataset *set = open_set(options.out, RGM_ACCESS_AUTO);
    ck_assert(holds(set, &made));
    ck_assert_str_eq(rgm_dataset_describe(set)->class_names[99], "name99");
    rgm_dataset_close(set);
}
END_TEST

/* Without names it keeps its number of classes, whatever the labels. */
START_TEST(test_cifar_nameless) {
    put_cifar("data_batch_1.bin", 0, 0, 3, 1, 1);
    rgm_import_options options = from_folder();
    succeed(rgm_import_cifar, &options);
    rgm_dataset *set = open_set(options.out, RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_dataset_describe(set)->classes, 10);
    ck_assert_str_eq(rgm_dataset_describe(set)->class_names[9], "9");
    rgm_dataset_close(set);
}
END_TEST

START_TEST(test_cifar_damage) {
    rgm_import_options options = from_folder();
    refuse_import(rgm_import_cifar, &options, RGM_E_USAGE, "no training images");
    put("data_batch_1.bin", NULL, 0, 0);
    refuse_import(rgm_import_cifar, &options, RGM_E_FORMAT, "0 bytes, not a whole number");
    put("data_batch_1.bin", "short", 5, 0);
    refuse_import(rgm_import_cifar, &options, RGM_E_FORMAT, "5 bytes, not a whole number");
    put_cifar("data_batch_1.bin", 0, 0, 12, 1, 11);
    refuse_import(rgm_import_cifar, &options, RGM_E_FORMAT, "is 10, there are 10 classes");
    put_cifar("data_batch_1.bin", 0, 0, 12, 1, 10);
    put_names("batches.meta.txt", 9);
    refuse_import(rgm_import_cifar, &options, RGM_E_FORMAT, "9 class names");
    put("batches.meta.txt", "a\0b", 3, 0);
    refuse_import(rgm_import_cifar, &options, RGM_E_FORMAT, "not a text file");
    put_cifar("train.bin", 0, 0, 2, 2, 10);
    refuse_import(rgm_import_cifar, &options, RGM_E_USAGE, "among those of");
}
END_TEST

static int32_t stop_half(void *context, int64_t done, int64_t total) {
    int64_t *last = context;
    ck_assert(done > *last && done <= total);
    *last = done;
    return done * 2 > total;
}

START_TEST(test_progress_stops) {
    put_cifar("data_batch_1.bin", 0, 0, 1000, 1, 10);
    rgm_import_options options = from_folder();
    int64_t last = 0;
    options.progress = stop_half;
    options.progress_context = &last;
    refuse_import(rgm_import_cifar, &options, RGM_E_INTERRUPTED, "stopped after 512 of 1000");
    ck_assert_int_eq(last, 512);
}
END_TEST

/* ---- the real one ---- */

START_TEST(test_fashion) {
    if (access(FASHION "/train-images-idx3-ubyte.gz", R_OK) != 0) SKIP(FASHION " is not installed");
    const char *sources[] = {FASHION};
    rgm_import_options options = from_folder();
    options.sources = sources;
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    succeed(rgm_import_idx, &options);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("Fashion-MNIST imported in %.2f s\n",
           (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9);
    rgm_dataset *set = open_set(options.out, RGM_ACCESS_AUTO);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    ck_assert(info->count[RGM_SPLIT_TRAIN] == 60000 && info->count[RGM_SPLIT_TEST] == 10000);
    ck_assert(info->H == 28 && info->W == 28 && info->C == 1 && info->classes == 10);
    ck_assert(fabs((double)info->mean[0] - 0.2860) < 5e-5 && fabs((double)info->std[0] - 0.3530) < 5e-5);
    ck_assert_str_eq(info->class_names[9], "Ankle boot");
    ck_assert_str_eq(info->licence, "MIT");
    int64_t members[10] = {0};
    for (int64_t i = 0; i < 60000; i++) members[rgm_dataset_labels(set, RGM_SPLIT_TRAIN)[i]]++;
    for (int c = 0; c < 10; c++) ck_assert(members[c] == 6000);
    rgm_dataset_close(set);
}
END_TEST

/* ---- reads that fail, stops ---- */

/* Plain and gzipped IDX, CIFAR. */
static rgm_status import_kind(int kind, const rgm_stop *stop, rgm_error *err) {
    rgm_import_options options = from_folder();
    if (stop) options.stop = *stop;
    return kind == 2 ? rgm_import_cifar(&options, err) : rgm_import_idx(&options, err);
}

static void put_kind(int kind) {
    if (kind < 2) {
        put_good_idx(kind);
        return;
    }
    put_cifar("data_batch_1.bin", 0, 0, 5, 1, 10);
    put_cifar("test_batch.bin", 1, 0, 3, 1, 10);
    put_names("batches.meta.txt", 10);
}

/* The read of every number fails in turn, also of what is being written: an input/output error, and no file. */
START_TEST(test_failing_reads) {
    int failures = 0;
    put_kind(_i);
    for (int64_t at = 1;; at++) {
        rgm_error err = {0};
        failing_calls = (rgm_failing){.at = at, .error = EIO};
        rgm_status status = import_kind(_i, NULL, &err);
        int64_t reads = failing_calls.reads;
        failing_calls.at = 0;
        if (status == RGM_OK && at > reads) break;
        failures++;
        ck_assert_msg(status == RGM_E_IO && strstr(err.text, strerror(EIO)), "read %d: status %d: %s", (int)at, status,
                      err.text);
        ck_assert(access(in_folder(folder, "out.h5"), F_OK) != 0);
    }
    ck_assert_int_gt(failures, 5);
}
END_TEST

START_TEST(test_stop) {
    put_kind(_i);
    int asked = 0;
    for (;; asked++) {
        int left = asked;
        rgm_error err = {0};
        rgm_stop stop = {stop_at_zero, &left};
        rgm_status status = import_kind(_i, &stop, &err);
        if (status == RGM_OK) break;
        ck_assert_msg(status == RGM_E_INTERRUPTED, "%s", err.text);
        ck_assert(access(in_folder(folder, "out.h5"), F_OK) != 0);
    }
    ck_assert_int_gt(asked, 2);
}
END_TEST

/* A caught signal ends calls that wait for the disk: they are made again, unless it asks for the stop. */
START_TEST(test_interrupted_calls) {
    put_kind(0);
    for (int calls = 1; calls < 4; calls++) {
        rgm_error err = {0};
        failing_calls = (rgm_failing){.syncs = calls, .places = calls};
        ck_assert_msg(import_kind(0, NULL, &err) == RGM_OK, "%d calls: %s", calls, err.text);
        ck_assert_int_eq(failing_calls.syncs + failing_calls.places, 0);
        ck_assert(unlink(in_folder(folder, "out.h5")) == 0);
    }
    for (int asked = 0; asked < 9; asked++) {
        int left = asked;
        rgm_error err = {0};
        rgm_stop stop = {stop_at_zero, &left};
        failing_calls = (rgm_failing){.places = 1 << 20};
        ck_assert_int_eq(import_kind(0, &stop, &err), RGM_E_INTERRUPTED);
        ck_assert(access(in_folder(folder, "out.h5"), F_OK) != 0);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("import");
    TCase *importers = tcase_create("importers");
    tcase_add_checked_fixture(importers, setup, teardown);
    tcase_set_timeout(importers, 300);
    tcase_add_loop_test(importers, test_idx, 0, 2);
    tcase_add_test(importers, test_idx_files);
    tcase_add_test(importers, test_idx_shares);
    tcase_add_test(importers, test_idx_damage);
    tcase_add_test(importers, test_idx_promise);
    tcase_add_test(importers, test_idx_gzip_damage);
    tcase_add_test(importers, test_cifar10);
    tcase_add_test(importers, test_cifar100);
    tcase_add_test(importers, test_cifar_nameless);
    tcase_add_test(importers, test_cifar_damage);
    tcase_add_test(importers, test_progress_stops);
    tcase_add_loop_test(importers, test_failing_reads, 0, 3);
    tcase_add_loop_test(importers, test_stop, 0, 3);
    tcase_add_test(importers, test_interrupted_calls);
    tcase_add_test(importers, test_fashion);
    suite_add_tcase(suite, importers);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
