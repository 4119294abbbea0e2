/* Data sets of encoded pictures: the writer's, and those that other programs write; damaged and hostile ones. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include "data/fingerprint.h"
#include "datasets/encoded_writer.h"
#include "encoded_case.h"
#include "make_set.h"

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

static const encoded_set small = {.count = {23, 9, 4}, .constants = 1};

/* ---- what is in it ---- */

static void check_picture(const rgm_dataset *set, const encoded_set *made, int32_t split, int64_t index,
                          uint8_t *room) {
    rgm_encoded e = {0};
    rgm_error err = {0};
    size_t size;
    picture_spec spec = encoded_spec(made, split, index);
    uint8_t *file = make_picture(&spec, &size);
    ck_assert_msg(rgm_dataset_encoded(set, split, index, room, &e, &err) == RGM_OK, "%s", err.text);
    ck_assert_uint_eq(e.bytes.size, size);
    ck_assert(memcmp(e.bytes.at, file, size) == 0);
    ck_assert(spec.orientation ? e.H == spec.W && e.W == spec.H : e.H == spec.H && e.W == spec.W);
    ck_assert_int_eq(rgm_dataset_labels(set, split)[index], index % ENCODED_CLASSES);
    free(file);
}

static void check_all(const rgm_dataset *set, const encoded_set *made) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    uint8_t *room = malloc((size_t)info->pictures.bytes);
    ck_assert(info->encoded && info->H == 0 && info->W == 0 && info->C == 3 && info->classes == ENCODED_CLASSES);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        ck_assert_int_eq(info->count[s], made->count[s]);
        for (int64_t i = 0; i < made->count[s]; i++) check_picture(set, made, s, i, room);
    }
    free(room);
}

static void check_sizes(const rgm_dataset_info *info, const encoded_set *made) {
    int64_t pixels = 0;
    int32_t H = 0, W = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int64_t i = 0; i < made->count[s]; i++) {
            picture_spec p = encoded_spec(made, s, i);
            int32_t h = p.orientation ? p.W : p.H, w = p.orientation ? p.H : p.W;
            if ((int64_t)h * w > pixels) pixels = (int64_t)h * w;
            if (h > H) H = h;
            if (w > W) W = w;
        }
    ck_assert(info->pictures.pixels == pixels && info->pictures.H == H && info->pictures.W == W);
    ck_assert(info->pictures.shorter >= 20 && info->pictures.shorter <= 60);
}

/* By every way of reading, and of every origin; mean and std are the same whoever has computed them. */
START_TEST(holds_pictures) {
    const char *path = in_folder(folder, "set.h5");
    encoded_set made = small, first = small;
    made.foreign = _i > 0;
    made.bare = _i > 1;
    made.constants = _i == 0;
    make_encoded(path, &made);
    rgm_dataset *own;
    for (int32_t access = 0; access < 2; access++) {
        rgm_dataset *set = open_set(path, access);
        const rgm_dataset_info *info = rgm_dataset_describe(set);
        ck_assert_int_eq(info->access[0], access ? RGM_PIXELS_PREAD : RGM_PIXELS_MAPPED);
        ck_assert_int_eq(info->framed, !made.foreign);
        ck_assert_int_eq(info->computed, made.foreign);
        ck_assert_int_eq(info->transform.C, 0);
        check_all(set, &made);
        check_sizes(info, &made);
        const char *reference = in_folder(folder, "first.h5");
        make_encoded(reference, &first);
        own = open_set(reference, 0);
        for (int32_t c = 0; c < 3; c++) {
            ck_assert(info->mean[c] == rgm_dataset_describe(own)->mean[c]);
            ck_assert(info->std[c] == rgm_dataset_describe(own)->std[c]);
        }
        rgm_dataset_close(own);
        rgm_dataset_close(set);
    }
}
END_TEST

START_TEST(the_same_file_again) {
    char *a = strdup(in_folder(folder, "a.h5")), *b = strdup(in_folder(folder, "b.h5"));
    char command[2048];
    make_encoded(a, &small);
    make_encoded(b, &small);
    snprintf(command, sizeof command, "cmp '%s' '%s'", a, b);
    ck_assert_int_eq(system(command), 0);
    free(a);
    free(b);
}
END_TEST

START_TEST(keeps_transform_and_channels) {
    const char *path = in_folder(folder, "set.h5");
    const rgm_transform transform = {1, 48, 64, RGM_FIT_PAD, 0, {1, 2, 3}};
    encoded_set made = {.count = {12}, .C = 1, .transform = &transform};
    make_encoded(path, &made);
    rgm_dataset *set = open_set(path, 0);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    ck_assert(info->C == 1 && info->transform.fit == RGM_FIT_PAD && info->transform.H == 48 && info->transform.W == 64);
    ck_assert(memcmp(info->transform.background, transform.background, 3) == 0);
    ck_assert(info->pictures.background[0] == 255 && info->computed);
    rgm_dataset_close(set);
}
END_TEST

/* Nobody takes encoded pictures for pixels. */
START_TEST(has_no_pixels) {
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    uint8_t byte;
    rgm_encoded e = {0};
    make_encoded(path, &small);
    rgm_dataset *set = open_set(path, 0);
    ck_assert_ptr_null(rgm_dataset_pixels(set, 0, 0));
    ck_assert_int_eq(rgm_dataset_read(set, 0, 0, &byte, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(rgm_dataset_encoded(set, 0, 23, NULL, &e, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(rgm_dataset_encoded(set, 0, -1, NULL, &e, &err), RGM_E_INTERNAL);
    for (int64_t i = 0; i < 23; i++) rgm_dataset_will_need(set, 0, i);
    rgm_dataset_close(set);
}
END_TEST

/* ---- fingerprints ---- */

static uint64_t print_of(const char *path) {
    static const float mean[3] = {0.5f, 0.5f, 0.5f}, std[3] = {1, 1, 1};
    static const rgm_stop never;
    rgm_error err = {0};
    uint64_t print;
    rgm_dataset *set = open_set(path, 0);
    ck_assert_msg(rgm_fingerprint(set, &(rgm_fingerprint_terms){mean, std, ""}, &never, &print, &err) == RGM_OK, "%s",
                  err.text);
    rgm_dataset_close(set);
    return print;
}

/* Checksums of a framed file stand for its bytes: the same pictures have the same fingerprint in any file. */
START_TEST(fingerprints) {
    const char *path = in_folder(folder, "set.h5");
    encoded_set made = small;
    made.count[RGM_SPLIT_VALIDATION] = 0;
    make_encoded(path, &made);
    uint64_t framed = print_of(path);
    made.foreign = 1;
    make_encoded(path, &made);
    ck_assert_uint_eq(print_of(path), framed);
    flip_byte(path, encoded_offset(path, 1, 5) - 2); /* the end of picture 4 */
    ck_assert_uint_ne(print_of(path), framed);
}
END_TEST

/* ---- damage of framed files ---- */

/* Opening does not read pictures; reading the damaged one names it, and the others are as they were. */
START_TEST(one_damaged_picture) {
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    rgm_encoded e = {0};
    make_encoded(path, &small);
    flip_byte(path, encoded_offset(path, RGM_SPLIT_TEST, 6) + 100);
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    for (int64_t i = 0; i < 9; i++) {
        rgm_status status = rgm_dataset_encoded(set, RGM_SPLIT_TEST, i, NULL, &e, &err);
        ck_assert_int_eq(status, i == 6 ? RGM_E_FORMAT : RGM_OK);
    }
    ck_assert_msg(strstr(err.text, "set.h5: test/encoded[6]: damaged: its checksum does not match"), "%s", err.text);
    rgm_dataset_close(set);
}
END_TEST

/* Every byte outside of the pictures counts. */
START_TEST(metadata_is_vouched_for) {
    const char *path = in_folder(folder, "set.h5");
    make_encoded(path, &small);
    int64_t pictures[RGM_SPLIT_COUNT][2];
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        pictures[s][0] = encoded_offset(path, s, 0);
        pictures[s][1] = encoded_offset(path, s, small.count[s]);
    }
    size_t size;
    uint8_t *bytes = load_file(path, &size);
    int32_t refused = 0;
    for (size_t at = 8; at < size; at += 97) {
        int32_t inside = 0;
        for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
            inside |= (int64_t)at >= pictures[s][0] && (int64_t)at < pictures[s][1];
        if (inside) continue;
        bytes[at] ^= 1;
        store_file(path, bytes, size);
        refuse(path, RGM_E_FORMAT, "damaged");
        bytes[at] ^= 1;
        refused++;
    }
    ck_assert_int_gt(refused, 20);
    for (size_t cut = 1; cut < size; cut += size / 13) {
        store_file(path, bytes, size - cut);
        refuse(path, RGM_E_FORMAT, "");
    }
    free(bytes);
}
END_TEST

enum { APART = 448, CHECK = 504 };

static void put_u64(uint8_t *to, uint64_t value) {
    for (int i = 0; i < 8; i++) to[i] = (uint8_t)(value >> (8 * i));
}

/* What a first block claims to leave out, with a checksum that is right. */
static const struct {
    const char *word;
    int64_t offset, bytes; /* added to the first range's */
    int32_t clear;         /* 1: the range is not there */
} claims[] = {
    {"checksum does not match", 1, -1, 0},        {"checksum does not match", 0, 8, 0},
    {"checksum does not match", 0, 0, 1},         {"leaves out what cannot be", -100000000, 0, 0},
    {"leaves out what cannot be", 0, 1 << 30, 0}, {"leaves out what cannot be", INT64_MAX / 2, INT64_MAX / 2, 0},
};

START_TEST(the_frame_cannot_be_talked_into) {
    const char *path = in_folder(folder, "set.h5");
    make_encoded(path, &small);
    size_t size;
    uint8_t *bytes = load_file(path, &size);
    uint64_t range[2];
    memcpy(range, bytes + APART, sizeof range); /* little-endian, as these machines are */
    ck_assert_uint_eq(range[0], (uint64_t)encoded_offset(path, 0, 0));
    put_u64(bytes + APART, claims[_i].clear ? 0 : range[0] + (uint64_t)claims[_i].offset);
    put_u64(bytes + APART + 8, claims[_i].clear ? 0 : range[1] + (uint64_t)claims[_i].bytes);
    put_u64(bytes + CHECK, XXH3_64bits(bytes, CHECK));
    store_file(path, bytes, size);
    refuse(path, RGM_E_FORMAT, claims[_i].word);
    free(bytes);
}
END_TEST

/* The frame of a set of images is made to leave a few bytes out, by someone who knows how. */
START_TEST(only_pictures_are_left_out) {
    enum { VERSION = 8, SUM = 24, BLOCK = 512, FROM = 600, TO = 640 };
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    rgm_writer *writer;
    const rgm_writer_options options = {.path = path, .H = 8, .W = 8, .C = 1, .classes = 2, .count = {30}};
    ck_assert_int_eq(rgm_writer_create(&writer, &options, &err), RGM_OK);
    for (int32_t i = 0; i < 30; i++) {
        uint8_t image[64];
        memset(image, i, sizeof image);
        ck_assert_int_eq(rgm_writer_add(writer, 0, image, &(int32_t){i % 2}, 1, &err), RGM_OK);
    }
    ck_assert_int_eq(rgm_writer_finish(writer, &err), RGM_OK);
    rgm_writer_destroy(writer);
    size_t size;
    uint8_t *bytes = load_file(path, &size), *rest = malloc(size);
    memcpy(rest, bytes + BLOCK, FROM - BLOCK);
    memcpy(rest + FROM - BLOCK, bytes + TO, size - TO);
    bytes[VERSION] = 2;
    put_u64(bytes + SUM, XXH3_64bits(rest, size - BLOCK - (TO - FROM)));
    put_u64(bytes + APART, FROM);
    put_u64(bytes + APART + 8, TO - FROM);
    put_u64(bytes + CHECK, XXH3_64bits(bytes, CHECK));
    store_file(path, bytes, size);
    refuse(path, RGM_E_FORMAT, "leaves out other bytes than its pictures");
    free(bytes);
    free(rest);
}
END_TEST

/* ---- hostile files ---- */

static void swap_offsets(encoded_tables *t) { t->offsets[3] = t->offsets[2]; }
static void negative_offset(encoded_tables *t) { t->offsets[0] = -1; }
static void offset_behind(encoded_tables *t) { t->offsets[t->offsets_count - 1] += 1; }
static void huge_offset(encoded_tables *t) { t->offsets[5] = INT64_MAX; }
static void few_labels(encoded_tables *t) { t->labels_count--; }
static void wrong_label(encoded_tables *t) { t->labels[2] = -1; }
static void few_sizes(encoded_tables *t) { t->sizes_count--; }
static void no_size(encoded_tables *t) { t->sizes[4][1] = 0; }
static void side_too_large(encoded_tables *t) { t->sizes[4][0] = 70000; }
static void too_many_pixels(encoded_tables *t) { t->sizes[4][0] = t->sizes[4][1] = 30000; }
static void one_offset(encoded_tables *t) { t->offsets_count = 1; }
static void no_picture(encoded_tables *t) {
    free(t->sizes);
    t->sizes = NULL;
    memset(t->encoded + t->offsets[7], 'x', 16);
}

static const struct {
    void (*spoil)(encoded_tables *);
    const char *word;
} spoilt[] = {
    {swap_offsets, "train/offsets[3]"},
    {negative_offset, "train/offsets[0] is -1"},
    {offset_behind, "train/offsets[23]"},
    {huge_offset, "train/offsets[5]"},
    {few_labels, "train/labels has 22 entries"},
    {wrong_label, "train/labels[2]"},
    {few_sizes, "train/sizes has 22 entries"},
    {no_size, "train/sizes[4]"},
    {side_too_large, "train/sizes[4] is 70000"},
    {too_many_pixels, "train/sizes[4] is 30000 x 30000"},
    {one_offset, "train/offsets"},
    {no_picture, "train/encoded[7]"},
};

static void write_spoilt(const char *path, void (*spoil)(encoded_tables *), hsize_t chunk) {
    encoded_tables tables;
    make_tables(&small, 0, &tables);
    if (spoil) spoil(&tables);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    put_tables(file, 0, &tables, chunk);
    H5Fclose(file);
    free_tables(&tables);
}

START_TEST(hostile_tables) {
    const char *path = in_folder(folder, "set.h5");
    write_spoilt(path, spoilt[_i].spoil, 0);
    refuse(path, RGM_E_FORMAT, spoilt[_i].word);
}
END_TEST

static void a_lie(encoded_tables *t) { t->sizes[4][1] += 7; }

/* A table may not make a worker's memory too small. */
START_TEST(a_size_that_is_a_lie) {
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    rgm_encoded e = {0};
    write_spoilt(path, a_lie, 0);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    double half[3] = {0.5, 0.5, 0.5};
    hsize_t three = 3;
    hid_t space = H5Screate_simple(1, &three, NULL);
    for (int i = 0; i < 2; i++) {
        hid_t a = H5Acreate2(file, i ? "std" : "mean", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
        H5Awrite(a, H5T_NATIVE_DOUBLE, half);
        H5Aclose(a);
    }
    H5Sclose(space);
    H5Fclose(file);
    rgm_dataset *set = open_set(path, 0);
    ck_assert_int_eq(rgm_dataset_encoded(set, 0, 3, NULL, &e, &err), RGM_OK);
    ck_assert_int_eq(rgm_dataset_encoded(set, 0, 4, NULL, &e, &err), RGM_E_FORMAT);
    ck_assert_msg(strstr(err.text, "train/encoded[4]: it has ") && strstr(err.text, "train/sizes says"), "%s",
                  err.text);
    rgm_dataset_close(set);
}
END_TEST

START_TEST(chunked_bytes) {
    const char *path = in_folder(folder, "set.h5");
    write_spoilt(path, NULL, 1024);
    refuse(path, RGM_E_UNSUPPORTED, "train/encoded is chunked");
}
END_TEST

START_TEST(hostile_attributes) {
    static const struct {
        const char *name, *word;
        int32_t count, values[3];
    } cases[] = {{"channels", "channels is 2", 1, {2}},
                 {"channels", "channels", 3, {3, 3, 3}},
                 {"background", "background holds 256", 3, {0, 256, 0}},
                 {"background", "background", 1, {0}}};
    const char *path = in_folder(folder, "set.h5");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_spoilt(path, NULL, 0);
        hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
        put_integers(file, cases[i].name, cases[i].count, cases[i].values);
        H5Fclose(file);
        refuse(path, RGM_E_FORMAT, cases[i].word);
    }
}
END_TEST

static void put_transform(const char *path, const char *text) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    H5Tset_size(type, strlen(text));
    hid_t attribute = H5Acreate2(file, "transform", type, space, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert(H5Awrite(attribute, type, text) >= 0);
    H5Aclose(attribute);
    H5Sclose(space);
    H5Tclose(type);
    H5Fclose(file);
}

/* A set of images has one that makes its size, or none. */
START_TEST(transforms_of_images) {
    static const char *const texts[] = {"crop 3x5x4 background ffffff", "crop 3x5x5 background ffffff", "resize 224"};
    const char *path = in_folder(folder, "set.h5");
    make_set(path, &(rgm_test_set){.train = 53, .H = 5, .W = 4, .C = 3, .classes = 4});
    put_transform(path, texts[_i]);
    if (_i == 0) {
        rgm_dataset *set = open_set(path, 0);
        ck_assert_int_eq(rgm_dataset_describe(set)->transform.H, 5);
        rgm_dataset_close(set);
    } else {
        refuse(path, RGM_E_FORMAT, _i == 1 ? "makes images of 3x5x5" : "is no transform");
    }
}
END_TEST

/* Splits of both kinds. */
START_TEST(mixed) {
    const char *path = in_folder(folder, "set.h5");
    make_set(path, &(rgm_test_set){.train = 12, .H = 5, .W = 4, .C = 3, .classes = 3});
    encoded_tables tables;
    make_tables(&small, 1, &tables);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    put_tables(file, 1, &tables, 0);
    H5Fclose(file);
    free_tables(&tables);
    refuse(path, RGM_E_FORMAT, "images and encoded pictures");
}
END_TEST

/* ---- the writer ---- */

START_TEST(writer_refuses) {
    const char *path = in_folder(folder, "set.h5");
    rgm_error err = {0};
    rgm_encoded_writer *writer;
    rgm_encoded_options options = {.path = path, .C = 3, .classes = 2, .count = {2}, .bytes = {30}};
    const rgm_encoded_picture good = {"0123456789", 10, 4, 4, 1}, label = {"0123456789", 10, 4, 4, 2},
                              size = {"0123456789", 10, 0, 4, 1}, large = {"0123456789", 10, 30000, 30000, 1};
    ck_assert_int_eq(rgm_encoded_writer_create(&writer, &options, &err), RGM_OK);
    ck_assert_int_eq(rgm_encoded_writer_add(writer, 0, &label, &err), RGM_E_FORMAT);
    ck_assert_int_eq(rgm_encoded_writer_add(writer, 0, &size, &err), RGM_E_FORMAT);
    ck_assert_int_eq(rgm_encoded_writer_add(writer, 0, &large, &err), RGM_E_FORMAT);
    ck_assert_int_eq(rgm_encoded_writer_add(writer, 1, &good, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(rgm_encoded_writer_add(writer, 0, &good, &err), RGM_OK);
    ck_assert_int_eq(rgm_encoded_writer_finish(writer, NULL, &err), RGM_E_INTERNAL);
    rgm_encoded_writer_destroy(writer);
    ck_assert_int_ne(access(path, F_OK), 0);
    options.C = 2;
    ck_assert_int_eq(rgm_encoded_writer_create(&writer, &options, &err), RGM_E_UNSUPPORTED);
    options.C = 3;
    options.bytes[0] = 1;
    ck_assert_int_eq(rgm_encoded_writer_create(&writer, &options, &err), RGM_E_UNSUPPORTED);
    options.count[0] = options.bytes[0] = 0;
    ck_assert_int_eq(rgm_encoded_writer_create(&writer, &options, &err), RGM_E_FORMAT);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("encoded");
    TCase *cases = tcase_create("encoded");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, holds_pictures, 0, 3);
    tcase_add_test(cases, the_same_file_again);
    tcase_add_test(cases, keeps_transform_and_channels);
    tcase_add_test(cases, has_no_pixels);
    tcase_add_test(cases, fingerprints);
    tcase_add_test(cases, one_damaged_picture);
    tcase_add_test(cases, metadata_is_vouched_for);
    tcase_add_loop_test(cases, the_frame_cannot_be_talked_into, 0, sizeof claims / sizeof *claims);
    tcase_add_test(cases, only_pictures_are_left_out);
    tcase_add_loop_test(cases, hostile_tables, 0, sizeof spoilt / sizeof *spoilt);
    tcase_add_test(cases, a_size_that_is_a_lie);
    tcase_add_test(cases, chunked_bytes);
    tcase_add_test(cases, hostile_attributes);
    tcase_add_loop_test(cases, transforms_of_images, 0, 3);
    tcase_add_test(cases, mixed);
    tcase_add_test(cases, writer_refuses);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
