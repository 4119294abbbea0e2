/* The data set: what it accepts, what it refuses, views and orders. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hdf5.h>
#include "data/dataset.h"
#include "data/stats.h"
#include "make_set.h"

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

static const rgm_test_set small = {.train = 23, .test = 9, .H = 5, .W = 3, .C = 2, .classes = 4};

static void check_kind(const rgm_test_set *made, int32_t access, int32_t expected) {
    const char *path = in_folder(folder, "kind.h5");
    make_set(path, made);
    rgm_dataset *set = expected == RGM_PIXELS_HDF5 ? open_streamed(path) : open_set(path, access);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t pixels = (made->train + made->test) * made->H * made->W * made->C;
    ck_assert(holds(set, made));
    ck_assert_int_eq(info->access[0], expected);
    ck_assert_int_eq(info->slow, expected == RGM_PIXELS_HDF5);
    ck_assert_int_eq(info->unpacked, expected == RGM_PIXELS_MEMORY ? pixels : 0);
    ck_assert_int_eq(info->classes, made->classes);
    ck_assert((rgm_dataset_pixels(set, 0, 0) != NULL) ==
              (expected == RGM_PIXELS_MAPPED || expected == RGM_PIXELS_MEMORY));
    rgm_dataset_close(set);
}

START_TEST(test_kinds) {
    rgm_test_set made = small;
    check_kind(&made, RGM_ACCESS_AUTO, RGM_PIXELS_MAPPED);
    check_kind(&made, RGM_ACCESS_PREAD, RGM_PIXELS_PREAD);
    made.soft = 1;
    check_kind(&made, RGM_ACCESS_AUTO, RGM_PIXELS_MAPPED);
    made.soft = 0;
    made.C = made.rank3 = 1;
    check_kind(&made, RGM_ACCESS_AUTO, RGM_PIXELS_MAPPED);
}
END_TEST

static const int32_t boxes[][4] = {{4, 5, 3, 2}, {6, 2, 3, 2}, {5, 5, 2, 2}, {23, 1, 1, 1}, {1, 5, 3, 1}, {7, 3, 2, 1}};

/* Chunks of whole images, and such as h5py chooses, which cross images, rows and channels. */
START_TEST(test_chunks) {
    for (int kind = 0; kind < 4; kind++) {
        rgm_test_set made = small;
        memcpy(made.box, boxes[_i], sizeof made.box);
        made.gzip = kind != 0;
        made.soft = kind == 2;
        if (kind == 3) made.C = made.rank3 = 1;
        check_kind(&made, kind & 1 ? RGM_ACCESS_PREAD : RGM_ACCESS_AUTO, RGM_PIXELS_MEMORY);
        check_kind(&made, RGM_ACCESS_AUTO, RGM_PIXELS_HDF5);
    }
}
END_TEST

START_TEST(test_label_widths) {
    const hid_t types[] = {H5T_STD_U8LE, H5T_STD_I8BE, H5T_STD_U16BE, H5T_STD_I32LE, H5T_STD_U64LE, H5T_STD_I64BE};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        rgm_test_set made = small;
        made.label_type = types[i];
        check_kind(&made, RGM_ACCESS_AUTO, RGM_PIXELS_MAPPED);
    }
}
END_TEST

START_TEST(test_attributes) {
    for (int names = 1; names <= 2; names++) {
        rgm_test_set made = small;
        made.names = names;
        made.constants = 1;
        make_set(in_folder(folder, "a.h5"), &made);
        rgm_dataset *set = open_set(in_folder(folder, "a.h5"), RGM_ACCESS_AUTO);
        const rgm_dataset_info *info = rgm_dataset_describe(set);
        ck_assert_str_eq(info->class_names[3], "class 3");
        ck_assert(info->mean[1] == 0.25f && info->std[0] == 0.5f && !info->computed);
        ck_assert_str_eq(info->source, "");
        rgm_dataset_close(set);
    }
}
END_TEST

/* Mean and deviation without attributes, against a plain two-pass computation in double. */
START_TEST(test_constants) {
    make_set(in_folder(folder, "c.h5"), &small);
    rgm_dataset *set = open_set(in_folder(folder, "c.h5"), RGM_ACCESS_AUTO);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    ck_assert_int_eq(info->computed, 1);
    for (int c = 0; c < 2; c++) {
        double mean = 0, square = 0, n = 23 * 15;
        for (int i = 0; i < 23; i++)
            for (int j = c; j < 30; j += 2) mean += make_set_pixel(0, i, j) / 255.0 / n;
        for (int i = 0; i < 23; i++)
            for (int j = c; j < 30; j += 2) square += pow(make_set_pixel(0, i, j) / 255.0 - mean, 2) / n;
        ck_assert_double_eq_tol(info->mean[c], mean, 1e-7);
        ck_assert_double_eq_tol(info->std[c], sqrt(square), 1e-7);
    }
    rgm_dataset_close(set);
}
END_TEST

/* Sums of any number of channels and pixels, in any pieces, against a plain loop; of the largest image, all white. */
START_TEST(test_sums) {
    static uint8_t bytes[4000], white[48 * 70000];
    uint64_t sum[RGM_DATA_CHANNELS] = {0}, square[RGM_DATA_CHANNELS] = {0};
    const int32_t C = _i, all = (int32_t)sizeof bytes / C;
    rgm_channel_sums sums = {.C = C};
    for (int32_t i = 0; i < C * all; i++) {
        bytes[i] = (uint8_t)((uint32_t)i * 2654435761u >> 23);
        sum[i % C] += bytes[i];
        square[i % C] += (uint64_t)bytes[i] * bytes[i];
    }
    for (int32_t at = 0, n = 0; at < all; at += n++)
        rgm_channel_sums_add(&sums, bytes + at * C, n < all - at ? n : all - at);
    ck_assert_uint_eq(sums.pixels, (uint64_t)all);
    for (int32_t c = 0; c < C; c++) ck_assert(sums.sum[c] == sum[c] && sums.square[c] == square[c]);
    memset(white, 255, sizeof white);
    sums = (rgm_channel_sums){.C = C};
    rgm_channel_sums_add(&sums, white, (int64_t)sizeof white / C);
    for (int32_t c = 0; c < C; c++)
        ck_assert(sums.sum[c] == 255 * sums.pixels && sums.square[c] == 65025 * sums.pixels);
}
END_TEST

/* Without a training split there may be no mean and deviation: a model may bring its own. */
START_TEST(test_no_constants) {
    rgm_test_set made = small;
    for (made.constants = 0; made.constants < 2; made.constants++)
        for (made.train = 0; made.train < 24; made.train += 23) {
            make_set(in_folder(folder, "c.h5"), &made);
            rgm_dataset *set = open_set(in_folder(folder, "c.h5"), RGM_ACCESS_AUTO);
            ck_assert_int_eq(rgm_dataset_describe(set)->constants, made.constants || made.train);
            rgm_dataset_close(set);
        }
}
END_TEST

/* ---- refusals ---- */

/* Changes one thing in a good file through HDF5. */
static const char *altered(const rgm_test_set *made, void (*change)(hid_t file)) {
    const char *path = in_folder(folder, "altered.h5");
    make_set(path, made);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    ck_assert(file >= 0);
    change(file);
    ck_assert(H5Fclose(file) >= 0);
    return path;
}

/* Replaces `name` by a new data set of these dimensions, written (zeros) or not. */
static void replace(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims, hid_t plist, int write) {
    H5Ldelete(file, name, H5P_DEFAULT);
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    ck_assert(dataset >= 0);
    if (write) {
        void *zeros = calloc(1, (size_t)H5Sget_simple_extent_npoints(space) * H5Tget_size(type) + 1);
        ck_assert(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros) >= 0);
        free(zeros);
    }
    H5Dclose(dataset);
    H5Sclose(space);
}

static const hsize_t dims4[4] = {23, 5, 3, 2}, dims_labels[2] = {23, 4};

static void float_images(hid_t f) { replace(f, "train/images", H5T_NATIVE_FLOAT, 4, dims4, H5P_DEFAULT, 1); }
static void signed_images(hid_t f) { replace(f, "train/images", H5T_NATIVE_INT8, 4, dims4, H5P_DEFAULT, 1); }
static void flat_images(hid_t f) { replace(f, "train/images", H5T_NATIVE_UINT8, 2, dims4, H5P_DEFAULT, 1); }
static void unwritten_images(hid_t f) { replace(f, "train/images", H5T_NATIVE_UINT8, 4, dims4, H5P_DEFAULT, 0); }
static void other_size(hid_t f) {
    const hsize_t dims[4] = {9, 5, 4, 2};
    replace(f, "test/images", H5T_NATIVE_UINT8, 4, dims, H5P_DEFAULT, 1);
}
static void zero_images(hid_t f) {
    const hsize_t dims[4] = {0, 5, 3, 2};
    replace(f, "train/images", H5T_NATIVE_UINT8, 4, dims, H5P_DEFAULT, 0);
}
static void no_columns(hid_t f) {
    const hsize_t dims[4] = {23, 5, 0, 2}, chunk[4] = {1, 5, 3, 2}, most[4] = {23, 5, 3, 2};
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(4, dims, most);
    H5Pset_chunk(plist, 4, chunk);
    H5Ldelete(f, "train/images", H5P_DEFAULT);
    H5Dclose(H5Dcreate2(f, "train/images", H5T_NATIVE_UINT8, space, H5P_DEFAULT, plist, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(plist);
}
static void many_channels(hid_t f) {
    const hsize_t dims[4] = {23, 5, 3, 65};
    replace(f, "train/images", H5T_NATIVE_UINT8, 4, dims, H5P_DEFAULT, 1);
}
static void channels_first(hid_t f) {
    const hsize_t dims[4] = {23, 3, 65, 65};
    replace(f, "train/images", H5T_NATIVE_UINT8, 4, dims, H5P_DEFAULT, 1);
}
static void sparse_images(hid_t f) { /* claims 2^50 bytes, holds none */
    const hsize_t dims[4] = {1 << 30, 1024, 1024, 1}, chunk[4] = {1, 1024, 1024, 1};
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plist, 4, chunk);
    replace(f, "train/images", H5T_NATIVE_UINT8, 4, dims, plist, 0);
    H5Pclose(plist);
}
static void no_labels(hid_t f) { H5Ldelete(f, "train/labels", H5P_DEFAULT); }
static void no_groups(hid_t f) {
    H5Ldelete(f, "train", H5P_DEFAULT);
    H5Ldelete(f, "test", H5P_DEFAULT);
}
static void fewer_labels(hid_t f) {
    const hsize_t dims[1] = {22};
    replace(f, "train/labels", H5T_NATIVE_INT32, 1, dims, H5P_DEFAULT, 1);
}
static void zero_rows(hid_t f) { replace(f, "train/labels", H5T_NATIVE_FLOAT, 2, dims_labels, H5P_DEFAULT, 1); }
static void one_hot_integers(hid_t f) { replace(f, "train/labels", H5T_NATIVE_INT32, 2, dims_labels, H5P_DEFAULT, 1); }
static void text_labels(hid_t f) {
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 5);
    replace(f, "train/labels", type, 1, dims_labels, H5P_DEFAULT, 1);
    H5Tclose(type);
}
static void one_label(hid_t f, double value, hid_t type) {
    replace(f, "train/labels", type, 1, dims_labels, H5P_DEFAULT, 1);
    double all[23] = {[5] = value};
    hid_t dataset = H5Dopen2(f, "train/labels", H5P_DEFAULT);
    ck_assert(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, all) >= 0);
    H5Dclose(dataset);
}
static void negative_label(hid_t f) { one_label(f, -1, H5T_NATIVE_INT16); }
static void large_label(hid_t f) { one_label(f, 1e15, H5T_NATIVE_INT64); }
static void label_beyond_names(hid_t f) { one_label(f, 4, H5T_NATIVE_INT64); }
static void one_class(hid_t f) {
    one_label(f, 0, H5T_NATIVE_INT64);
    H5Ldelete(f, "test", H5P_DEFAULT);
}
static void nan_label(hid_t f) {
    float rows[23][4];
    for (int i = 0; i < 23; i++)
        for (int j = 0; j < 4; j++) rows[i][j] = i == 7 && j == 2 ? NAN : 0.25f;
    zero_rows(f);
    hid_t dataset = H5Dopen2(f, "train/labels", H5P_DEFAULT);
    H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows);
    H5Dclose(dataset);
}
static void soft_link(hid_t f) {
    H5Lmove(f, "train/images", f, "elsewhere", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/elsewhere", f, "train/images", H5P_DEFAULT, H5P_DEFAULT);
}
static void external_link(hid_t f) {
    H5Ldelete(f, "train", H5P_DEFAULT);
    H5Lcreate_external("/etc/passwd", "/train", f, "train", H5P_DEFAULT, H5P_DEFAULT);
}
static void external_storage(hid_t f) {
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(plist, "/etc/passwd", 0, 690);
    replace(f, "train/images", H5T_NATIVE_UINT8, 4, dims4, plist, 0);
    H5Pclose(plist);
}
static void virtual_images(hid_t f) {
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(4, dims4, NULL);
    H5Pset_virtual(plist, space, "/etc/passwd", "x", space);
    replace(f, "train/images", H5T_NATIVE_UINT8, 4, dims4, plist, 0);
    H5Sclose(space);
    H5Pclose(plist);
}
static void odd_filter(hid_t f) {
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(plist, 4, dims4);
    H5Pset_scaleoffset(plist, H5Z_SO_INT, 0);
    replace(f, "train/images", H5T_NATIVE_UINT8, 4, dims4, plist, 1);
    H5Pclose(plist);
}
static void group_for_data(hid_t f) {
    H5Ldelete(f, "train/images", H5P_DEFAULT);
    H5Gclose(H5Gcreate2(f, "train/images", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
}
static void data_for_group(hid_t f) { replace(f, "train", H5T_NATIVE_UINT8, 4, dims4, H5P_DEFAULT, 1); }
static void attribute(hid_t f, const char *name, hsize_t count, double value) {
    double values[65];
    for (int i = 0; i < 65; i++) values[i] = value;
    hid_t space = H5Screate_simple(1, &count, NULL);
    hid_t made = H5Acreate2(f, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(made, H5T_NATIVE_DOUBLE, values);
    H5Aclose(made);
    H5Sclose(space);
}
static void hashed_images(hid_t f) { /* as importers do; nothing vouches for it */
    hid_t space = H5Screate(H5S_SCALAR), images = H5Dopen2(f, "train/images", H5P_DEFAULT);
    H5Aclose(H5Acreate2(images, RGM_DATA_PIXEL_HASH, H5T_STD_U64LE, space, H5P_DEFAULT, H5P_DEFAULT));
    H5Dclose(images);
    H5Sclose(space);
}
static void short_mean(hid_t f) { attribute(f, "mean", 1, 0.5); }
static void long_mean(hid_t f) { attribute(f, "mean", 65, 0.5); }
static void mean_in_bytes(hid_t f) { attribute(f, "mean", 2, 128.0); }
static void nan_mean(hid_t f) { attribute(f, "mean", 2, NAN); }
static void zero_std(hid_t f) { attribute(f, "std", 2, 0.0); }
static void number_names(hid_t f) { attribute(f, "class_names", 4, 1.0); }

static void short_groups(hid_t f) { replace(f, "train/groups", H5T_NATIVE_INT64, 1, (hsize_t[]){22}, H5P_DEFAULT, 1); }
static void flat_groups(hid_t f) { replace(f, "train/groups", H5T_NATIVE_INT64, 2, dims_labels, H5P_DEFAULT, 1); }
static void float_groups(hid_t f) { replace(f, "train/groups", H5T_NATIVE_FLOAT, 1, dims_labels, H5P_DEFAULT, 1); }
static void unwritten_groups(hid_t f) { replace(f, "train/groups", H5T_NATIVE_INT8, 1, dims_labels, H5P_DEFAULT, 0); }
static void linked_groups(hid_t f) { H5Lcreate_soft("/train/labels", f, "train/groups", H5P_DEFAULT, H5P_DEFAULT); }

static const struct {
    void (*change)(hid_t);
    rgm_status status;
    const char *word;
} refusals[] = {
    {float_images, RGM_E_FORMAT, "expected uint8 pixels, found float32 (in NumPy, pixels of 0 to 1: (images * 255)"},
    {signed_images, RGM_E_FORMAT, "expected uint8 pixels, found int8 (in NumPy, pixels of 0 to 255: images.astype("},
    {flat_images, RGM_E_FORMAT, "expected [N, H, W, C] or [N, H, W], found [23, 5]"},
    {unwritten_images, RGM_E_FORMAT, "not written completely"},
    {sparse_images, RGM_E_FORMAT, "not written completely"},
    {other_size, RGM_E_FORMAT, "another split's"},
    {zero_images, RGM_E_FORMAT, "empty"},
    {no_columns, RGM_E_FORMAT, "dimension 2 is 0"},
    {many_channels, RGM_E_UNSUPPORTED, "at most"},
    {channels_first, RGM_E_UNSUPPORTED, "channels come last: write x.transpose(0, 2, 3, 1)"},
    {no_labels, RGM_E_FORMAT, ".h5: train/labels is missing"},
    {no_groups, RGM_E_FORMAT, "no group train"},
    {fewer_labels, RGM_E_FORMAT, "22 entries for 23 images"},
    {zero_rows, RGM_E_FORMAT, "sums to 0"},
    {nan_label, RGM_E_FORMAT, "labels[7][2] is nan"},
    {one_hot_integers, RGM_E_FORMAT, "floats [N, classes], found int32 [23, 4] (one-hot?"},
    {text_labels, RGM_E_FORMAT, "expected integers [N] or floats [N, classes], found text [23]"},
    {negative_label, RGM_E_FORMAT, "labels[5] is -1"},
    {large_label, RGM_E_FORMAT, "labels[5] is 1000000000000000"},
    {label_beyond_names, RGM_E_FORMAT, "holds 4, but there are 4 classes"},
    {one_class, RGM_E_FORMAT, "at least two classes"},
    {soft_link, RGM_E_FORMAT, "link"},
    {external_link, RGM_E_FORMAT, "link"},
    {external_storage, RGM_E_FORMAT, "other files"},
    {virtual_images, RGM_E_FORMAT, "virtual"},
    {odd_filter, RGM_E_UNSUPPORTED, "filter"},
    {group_for_data, RGM_E_FORMAT, "images is not a data set: found a group"},
    {data_for_group, RGM_E_FORMAT, "not a group: found a data set"},
    {short_mean, RGM_E_FORMAT, "mean: expected 2 numbers, one per channel, found 1 of float64"},
    {long_mean, RGM_E_FORMAT, "one per channel, found 65 of float64"},
    {mean_in_bytes, RGM_E_FORMAT, "mean is 128"},
    {nan_mean, RGM_E_FORMAT, "mean is nan"},
    {zero_std, RGM_E_FORMAT, "std is 0"},
    {short_groups, RGM_E_FORMAT, "train/groups: expected integers [23] of at most 64 bits, found int64 [22] (remedy"},
    {flat_groups, RGM_E_FORMAT, "train/groups: expected integers [23] of at most 64 bits, found int64 [23, 4]"},
    {float_groups, RGM_E_FORMAT, "train/groups: expected integers [23] of at most 64 bits, found float32 [23]"},
    {unwritten_groups, RGM_E_FORMAT, "train/groups was not written completely"},
    {linked_groups, RGM_E_FORMAT, "link"},
    {number_names, RGM_E_FORMAT, "class_names: expected an array of texts, found 4 of float64"},
};

START_TEST(test_refusals) {
    rgm_test_set made = small;
    made.names = refusals[_i].change == label_beyond_names;
    const char *path = altered(&made, refusals[_i].change);
    refuse(path, refusals[_i].status, refusals[_i].word);
}
END_TEST

static void put_groups(hid_t f, hid_t type, hid_t memory, const void *numbers) {
    replace(f, "train/groups", type, 1, dims_labels, H5P_DEFAULT, 1);
    hid_t dataset = H5Dopen2(f, "train/groups", H5P_DEFAULT);
    ck_assert(H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0);
    H5Dclose(dataset);
}
/* Any numbers, in any order: those of one image alone are none. */
static void odd_groups(hid_t f) {
    int64_t numbers[23] = {[0] = INT64_MAX, [1] = 7, [2] = INT64_MIN, [3] = 7, [4] = INT64_MAX - 1, [22] = INT64_MAX};
    for (int i = 5; i < 22; i++) numbers[i] = -i;
    numbers[6] = numbers[7] = -1;
    put_groups(f, H5T_STD_I64BE, H5T_NATIVE_INT64, numbers);
}
/* What would be below 0 with a sign. */
static void unsigned_groups(hid_t f) {
    uint64_t numbers[23];
    for (unsigned int i = 0; i < 23; i++) numbers[i] = UINT64_MAX - i;
    numbers[0] = numbers[22];
    numbers[1] = numbers[3];
    put_groups(f, H5T_STD_U64LE, H5T_NATIVE_UINT64, numbers);
}
static void single_groups(hid_t f) {
    int64_t numbers[23];
    for (int i = 0; i < 23; i++) numbers[i] = 5 * i;
    put_groups(f, H5T_STD_I32LE, H5T_NATIVE_INT64, numbers);
}

START_TEST(test_groups) {
    void (*const change[])(hid_t) = {odd_groups, unsigned_groups};
    rgm_dataset *set;
    for (size_t k = 0; k < 2; k++) {
        set = open_set(altered(&small, change[k]), RGM_ACCESS_AUTO);
        const int32_t *groups = rgm_dataset_groups(set, RGM_SPLIT_TRAIN);
        ck_assert_ptr_nonnull(groups);
        for (int32_t i = 0; i < 23; i++) ck_assert_int_eq(groups[i], i == 0 || i == 22 ? 0 : i == 1 || i == 3 ? 1 : -1);
        ck_assert_ptr_null(rgm_dataset_groups(set, RGM_SPLIT_TEST));
        rgm_dataset_close(set);
    }
    set = open_set(altered(&small, single_groups), RGM_ACCESS_AUTO);
    ck_assert_ptr_null(rgm_dataset_groups(set, RGM_SPLIT_TRAIN));
    rgm_dataset_close(set);
}
END_TEST

START_TEST(test_no_hdf5) {
    refuse(in_folder(folder, "absent.h5"), RGM_E_IO, "No such file");
    refuse(folder, RGM_E_IO, "not a regular file");
    const char *path = in_folder(folder, "text.h5");
    FILE *file = fopen(path, "w");
    refuse(path, RGM_E_FORMAT, "empty");
    fputs("just a text, and not a short one either\n", file);
    fclose(file);
    refuse(path, RGM_E_FORMAT, "not a readable HDF5 file");
    path = in_folder(folder, "pipe");
    ck_assert(mkfifo(path, 0600) == 0);
    refuse(path, RGM_E_IO, "not a regular file");
}
END_TEST

/* Sets the byte behind the first place in the file that holds these. */
static void set_byte_behind(const char *path, const uint8_t *place, size_t size, uint8_t byte) {
    static uint8_t bytes[1 << 16];
    FILE *file = fopen(path, "r+b");
    ck_assert(file != NULL);
    size_t length = fread(bytes, 1, sizeof bytes, file);
    uint8_t *at = memmem(bytes, length, place, size);
    ck_assert(at && fseek(file, at - bytes + (long)size, SEEK_SET) == 0 && fputc(byte, file) == byte &&
              fclose(file) == 0);
}

/* Formats that a later HDF5 library writes: of the file, or of the layout of one split's images. */
START_TEST(test_newer_hdf5) {
    static const uint8_t superblock[] = {0x89, 'H', 'D', 'F', 0x0d, 0x0a, 0x1a, 0x0a},
                         layout[] = {8, 0, 24, 0, 0, 0, 0, 0};
    const char *path = in_folder(folder, "newer.h5");
    rgm_test_set made = small;
    made.test = 0;
    make_set(path, &made);
    set_byte_behind(path, _i ? layout : superblock, sizeof layout, 9);
    refuse(path, RGM_E_FORMAT, "written by a newer HDF5 library: in h5py take libver='v110'");
}
END_TEST

/* An attribute of the images that cannot be read is damage of the file, not an input/output error. */
START_TEST(test_damaged_attribute) {
    static const uint8_t header[] = {0x0c, 0, 0x30, 0, 0, 0, 0, 0}; /* in front of the attribute's version */
    const char *path = altered(&small, hashed_images);
    rgm_dataset_close(open_set(path, RGM_ACCESS_AUTO));
    set_byte_behind(path, header, sizeof header, 9);
    refuse(path, RGM_E_FORMAT, "xxh3_64: ");
}
END_TEST

/* A file that shrinks while it is open. */
START_TEST(test_truncated_in_use) {
    const char *path = in_folder(folder, "t.h5");
    make_set(path, &small);
    rgm_dataset *set = open_set(path, RGM_ACCESS_PREAD);
    rgm_error err = {0};
    ck_assert_int_eq(rgm_dataset_check(set, &err), RGM_OK);
    ck_assert(truncate(path, 100) == 0);
    ck_assert_int_eq(rgm_dataset_check(set, &err), RGM_E_IO);
    uint8_t image[30];
    ck_assert_int_eq(rgm_dataset_read(set, 0, 22, image, &err), RGM_E_IO);
    ck_assert(strstr(err.text, "truncated") != NULL);
    rgm_dataset_close(set);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("data");
    TCase *sets = tcase_create("sets");
    tcase_add_checked_fixture(sets, setup, teardown);
    tcase_set_timeout(sets, 60);
    tcase_add_test(sets, test_kinds);
    tcase_add_loop_test(sets, test_chunks, 0, (int)(sizeof boxes / sizeof *boxes));
    tcase_add_test(sets, test_label_widths);
    tcase_add_test(sets, test_attributes);
    tcase_add_test(sets, test_constants);
    tcase_add_loop_test(sets, test_sums, 1, RGM_DATA_CHANNELS + 1);
    tcase_add_test(sets, test_no_constants);
    tcase_add_loop_test(sets, test_refusals, 0, (int)(sizeof refusals / sizeof *refusals));
    tcase_add_test(sets, test_groups);
    tcase_add_test(sets, test_no_hdf5);
    tcase_add_loop_test(sets, test_newer_hdf5, 0, 2);
    tcase_add_test(sets, test_damaged_attribute);
    tcase_add_test(sets, test_truncated_in_use);
    suite_add_tcase(suite, sets);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
