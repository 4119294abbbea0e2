/* Names of pictures in data sets: what is read, and what is passed over. */
#include <check.h>
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "data/dataset.h"
#include "data/knobs.h"
#include "make_set.h"

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

static const rgm_test_set small = {.train = 23, .test = 9, .H = 5, .W = 3, .C = 2, .classes = 4};

/* A way to write the names of the 23 training pictures. */
typedef struct naming {
    const char *first,
        *warned; /* the first name, as bytes; what is said if they are passed over, NULL: they are read */
    size_t size; /* of each; 0: of variable length */
    H5T_str_t padding;
    int32_t count, columns; /* columns 0: one dimension */
    int32_t numbers;        /* 1: no texts */
    int32_t chunk;          /* -1: one that is too large */
    const char *last;       /* NULL: b.jpg */
} naming;

static char long_name[5000]; /* 4999 letters */

static const naming namings[] = {
    {.first = "cat/1.jpg", .size = 9, .padding = H5T_STR_NULLPAD, .count = 23},
    {.first = "cat/1.jpg", .size = 12, .padding = H5T_STR_SPACEPAD, .count = 23},
    {.first = "cat/1.jpg", .size = 12, .padding = H5T_STR_NULLTERM, .count = 23, .chunk = 5},
    {.first = "cat/1.jpg", .count = 23},
    {.first = "\346\227\245", .count = 23, .chunk = 4},
    {.first = NULL, .count = 23},
    {.first = "caf\351", .size = 9, .count = 23, .warned = "train/names[0] is not UTF-8"},
    {.first = "caf\351", .count = 23, .warned = "train/names[0] is not UTF-8"},
    {.first = "cat/1.jpg",
     .size = 9,
     .count = 22,
     .warned = "expected texts [23] of at most 4095 bytes, found text [22]"},
    {.first = "cat/1.jpg", .count = 24, .warned = "expected texts [23]"},
    {.first = "cat/1.jpg", .size = 9, .count = 23, .columns = 1, .warned = "found text [23, 1]"},
    {.count = 23, .numbers = 1, .warned = "found float64 [23]"},
    {.first = "cat/1.jpg", .size = 4999, .count = 23, .warned = "of at most 4095 bytes"},
    {.first = long_name, .count = 23, .warned = "train/names: "},
    {.first = "cat/1.jpg", .last = long_name, .count = 23, .warned = "train/names: "},
    {.first = "cat/1.jpg", .count = 23, .chunk = -1, .warned = "train/names: chunks above 256 MiB are not read"},
};

static void put_names(hid_t group, const naming *n) {
    const hsize_t dims[2] = {(hsize_t)n->count, (hsize_t)n->columns}, any = H5S_UNLIMITED,
                  chunk = n->chunk < 0 ? 1 << 27 : (hsize_t)n->chunk;
    size_t size = n->numbers ? sizeof(double) : n->size ? n->size : sizeof(char *);
    char *rows = calloc((size_t)n->count, size);
    for (int32_t i = 0; i < n->count && !n->numbers; i++) {
        const char *name = !i ? n->first : n->last && i == n->count - 1 ? n->last : "b.jpg";
        if (!n->size) {
            memcpy(rows + (size_t)i * size, &name, sizeof name);
            continue;
        }
        if (n->padding == H5T_STR_SPACEPAD) memset(rows + (size_t)i * size, ' ', size);
        memcpy(rows + (size_t)i * size, name, strlen(name));
    }
    hid_t type = H5Tcopy(n->numbers ? H5T_NATIVE_DOUBLE : H5T_C_S1), plist = H5Pcreate(H5P_DATASET_CREATE);
    if (!n->numbers) ck_assert(H5Tset_size(type, n->size ? n->size : H5T_VARIABLE) >= 0);
    if (!n->numbers && n->size) ck_assert(H5Tset_strpad(type, n->padding) >= 0);
    if (!n->numbers) ck_assert(H5Tset_cset(type, H5T_CSET_UTF8) >= 0);
    if (chunk) ck_assert(H5Pset_chunk(plist, 1, &chunk) >= 0);
    hid_t space = H5Screate_simple(n->columns ? 2 : 1, dims, n->chunk < 0 ? &any : NULL);
    hid_t dataset = H5Dcreate2(group, "names", type, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    ck_assert(n->chunk < 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows) >= 0);
    H5Dclose(dataset);
    H5Sclose(space);
    H5Pclose(plist);
    H5Tclose(type);
    free(rows);
}

static char said[4096];
static void hear(void *context, int32_t level, const char *line) {
    (void)context;
    if (level == RGM_LOG_WARN) strncat(said, line, sizeof said - strlen(said) - 1);
}

/* Names are told if they are asked for, and as they should be; else the set goes without them. */
START_TEST(test_picture_names) {
    const naming *n = &namings[_i];
    const char *path = in_folder(folder, "named.h5");
    rgm_dataset *set;
    rgm_error err = {0};
    memset(long_name, 'x', sizeof long_name - 1);
    make_set(path, &small);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), group = H5Gopen2(file, "train", H5P_DEFAULT);
    put_names(group, n);
    H5Gclose(group);
    H5Fclose(file);
    rgm_log_receiver receiver = {.take = hear};
    rgm_log_receive(&receiver);
    for (int32_t names = 0; names < 2; names++) {
        const rgm_dataset_options options = {.names = names};
        said[0] = 0;
        ck_assert_msg(rgm_dataset_open(&set, path, &options, &err) == RGM_OK, "%s", err.text);
        const char *first = rgm_dataset_name(set, 0, 0), *last = rgm_dataset_name(set, 0, 22);
        ck_assert_msg(!names || !n->warned == !said[0], "%s", said);
        if (names && n->warned) ck_assert_msg(strstr(said, n->warned) != NULL, "%s", said);
        if (!names || n->warned) ck_assert(!first && !last);
        if (names && !n->warned) {
            ck_assert_str_eq(first, n->first ? n->first : "");
            ck_assert_str_eq(last, "b.jpg");
        }
        ck_assert(!rgm_dataset_name(set, 0, 23) && !rgm_dataset_name(set, 0, -1) && !rgm_dataset_name(set, 1, 0));
        ck_assert(holds(set, &small));
        rgm_dataset_close(set);
    }
    rgm_log_release(&receiver);
}
END_TEST

/* They take no more memory than pixels would. */
START_TEST(test_picture_names_room) {
    const char *path = in_folder(folder, "roomy.h5");
    rgm_log_receiver receiver = {.take = hear};
    rgm_error err = {0};
    make_set(path, &small);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), group = H5Gopen2(file, "train", H5P_DEFAULT);
    put_names(group, &namings[_i]);
    H5Gclose(group);
    H5Fclose(file);
    rgm_log_receive(&receiver);
    for (int32_t more = 0; more < 2; more++) {
        const rgm_dataset_knobs knobs = {.room = 10 + 22 * 6 - 1 + more}; /* cat/1.jpg, and b.jpg for the others */
        rgm_dataset *set;
        said[0] = 0;
        ck_assert_int_eq(rgm_dataset_open(&set, path, &(rgm_dataset_options){.names = 1, .knobs = &knobs}, &err),
                         RGM_OK);
        ck_assert(!rgm_dataset_name(set, 0, 22) == !more);
        ck_assert_msg(more ? !said[0] : strstr(said, "train/names: more than 0 MB of texts: ") != NULL, "%s", said);
        rgm_dataset_close(set);
    }
    rgm_log_release(&receiver);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("picture names");
    TCase *names = tcase_create("names");
    tcase_add_checked_fixture(names, setup, teardown);
    tcase_add_loop_test(names, test_picture_names, 0, (int)(sizeof namings / sizeof *namings));
    tcase_add_loop_test(names, test_picture_names_room, 2, 4);
    suite_add_tcase(suite, names);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
