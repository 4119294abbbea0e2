/* The HDF5 frame and the writer: damage at every kind of place, truncation, overwriting, a full disk. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "data/file.h"
#include "datasets/writer.h"
#include "make_set.h"
#include "sanitized.h"

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

static const rgm_test_set small = {.train = 23, .test = 9, .H = 5, .W = 3, .C = 2, .classes = 4};

/* ---- damage ---- */

/* Writes `small` with the frame. */
static const char *make_framed(const char *name) {
    const char *path = in_folder(folder, name);
    static const char *const names[] = {"a", "b", "c", "d"};
    rgm_writer_options options = {.path = path,
                                  .replace = 1,
                                  .H = 5,
                                  .W = 3,
                                  .C = 2,
                                  .classes = 4,
                                  .count = {23, 9},
                                  .class_names = names,
                                  .source = "a test",
                                  .licence = "none"};
    rgm_error err = {0};
    rgm_writer *writer;
    ck_assert_msg(rgm_writer_create(&writer, &options, &err) == RGM_OK, "%s", err.text);
    for (int32_t s = 0; s < 2; s++)
        for (int64_t i = 0; i < options.count[s]; i++) {
            uint8_t image[30];
            int32_t label = make_set_label(&small, s, i);
            for (int64_t j = 0; j < 30; j++) image[j] = make_set_pixel(s, i, j);
            ck_assert_msg(rgm_writer_add(writer, s, image, &label, 1, &err) == RGM_OK, "%s", err.text);
        }
    ck_assert_msg(rgm_writer_finish(writer, &err) == RGM_OK, "%s", err.text);
    rgm_writer_destroy(writer);
    return path;
}

START_TEST(test_framed) {
    const char *path = make_framed("own.h5");
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    ck_assert(holds(set, &small));
    ck_assert(info->framed && !info->computed && info->access[1] == RGM_PIXELS_MAPPED);
    ck_assert_str_eq(info->class_names[2], "c");
    ck_assert_str_eq(info->source, "a test");
    make_set(in_folder(folder, "plain.h5"), &small);
    rgm_dataset *plain = open_set(in_folder(folder, "plain.h5"), RGM_ACCESS_AUTO);
    for (int c = 0; c < 2; c++) {
        ck_assert(info->mean[c] == rgm_dataset_describe(plain)->mean[c]);
        ck_assert(info->std[c] == rgm_dataset_describe(plain)->std[c]);
    }
    rgm_dataset_close(plain);
    rgm_dataset_close(set);
}
END_TEST

/* Our own files: a flipped bit anywhere is refused, in the magic too. */
START_TEST(test_framed_damage) {
    size_t size;
    uint8_t *bytes = load_file(make_framed("own.h5"), &size);
    const char *path = in_folder(folder, "hurt.h5");
    for (size_t at = 0; at < size; at += at < 600 ? 1 : 1 + size / 400) {
        bytes[at] ^= (uint8_t)(1u << (at % 8));
        store_file(path, bytes, size);
        bytes[at] ^= (uint8_t)(1u << (at % 8));
        rgm_dataset *set;
        rgm_status status = rgm_dataset_open(&set, path, NULL, NULL);
        ck_assert_msg(status == RGM_E_FORMAT || status == RGM_E_UNSUPPORTED, "a flipped bit in byte %zu: %d", at,
                      status);
    }
    free(bytes);
}
END_TEST

/* The first block is gone: zeros, ones, text, another file's first bytes, our own without its magic. What is behind it
 * says that there was a frame. */
START_TEST(test_block_overwritten) {
    static const char *const begins[] = {"", "\xff", "#!/bin/sh\n", "\x89PNG\r\n\x1a\n"};
    size_t size;
    uint8_t *bytes = load_file(make_framed("own.h5"), &size);
    const char *path = in_folder(folder, "hurt.h5");
    if (_i < 4) {
        memset(bytes, _i == 1 ? 0xff : 0, RGM_FILE_BLOCK);
        memcpy(bytes, begins[_i], strlen(begins[_i]));
    } else
        memset(bytes, 0, 8);
    store_file(path, bytes, size);
    refuse(path, RGM_E_FORMAT, "its first block was overwritten");
    refuse(path, RGM_E_FORMAT, "h5unjam takes the block off");
    memmove(bytes, bytes + RGM_FILE_BLOCK, size - RGM_FILE_BLOCK); /* as h5unjam does */
    store_file(path, bytes, size - RGM_FILE_BLOCK);
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    ck_assert(holds(set, &small) && !rgm_dataset_describe(set)->framed);
    rgm_dataset_close(set);
    free(bytes);
}
END_TEST

/* Foreign files may have a user block. */
START_TEST(test_foreign_userblock) {
    for (int kind = 0; kind < 8; kind++) {
        rgm_test_set made = small;
        made.userblock = 1;
        made.latest = kind & 1;
        made.constants = made.names = kind >> 1 & 1;
        made.chunk = kind & 4 ? 6 : 0;
        const char *path = in_folder(folder, "user.h5");
        make_set(path, &made);
        size_t size;
        uint8_t *bytes = load_file(path, &size);
        if (_i) memcpy(bytes, "a text of somebody's", 20);
        store_file(path, bytes, size);
        free(bytes);
        rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
        ck_assert(holds(set, &made));
        rgm_dataset_close(set);
    }
}
END_TEST

START_TEST(test_framed_truncation) {
    size_t size;
    uint8_t *bytes = load_file(make_framed("own.h5"), &size);
    const char *path = in_folder(folder, "cut.h5");
    for (size_t length = 0; length < size; length += length < 20 ? 1 : 37) {
        store_file(path, bytes, length);
        refuse(path, RGM_E_FORMAT, length == 0 ? "empty" : length < 8 ? "HDF5" : "truncated");
    }
    bytes[size] = 0;
    store_file(path, bytes, size + 1);
    refuse(path, RGM_E_FORMAT, "too long");
    free(bytes);
}
END_TEST

/* Foreign files carry no checksum: pixels may be wrong, but nothing crashes, hangs or reads outside. */
static void hurt_foreign(const rgm_test_set *made, size_t from, size_t step) {
    const char *path = in_folder(folder, "foreign.h5");
    make_set(path, made);
    size_t size;
    uint8_t *bytes = load_file(path, &size);
    path = in_folder(folder, "hurt.h5");
    for (size_t at = from; at < size; at += step) {
        uint8_t old = bytes[at];
        bytes[at] = (uint8_t)(at % 3 == 0 ? 0xff : at % 3 == 1 ? old ^ 1 : old + 64);
        store_file(path, bytes, size);
        bytes[at] = old;
        rgm_dataset *set;
        rgm_error err = {0};
        if (rgm_dataset_open(&set, path, NULL, &err) < 0) {
            ck_assert(err.text[0] != 0 && strchr(err.text, '\n') == NULL);
            continue;
        }
        holds(set, made); /* reads all of it */
        rgm_dataset_close(set);
    }
    free(bytes);
}

START_TEST(test_foreign_damage) {
    rgm_test_set made = small;
    made.names = 1;
    made.constants = 1;
    if (_i & 1) made.chunk = 6, made.gzip = 1;
    hurt_foreign(&made, (size_t)_i * 16, RGM_SANITIZED ? 131 : 499); /* it sees what is read outside */
}
END_TEST

START_TEST(test_foreign_truncation) {
    size_t size;
    const char *path = in_folder(folder, "foreign.h5");
    make_set(path, &small);
    uint8_t *bytes = load_file(path, &size);
    path = in_folder(folder, "cut.h5");
    for (size_t length = 1; length < size; length += 97) {
        store_file(path, bytes, length);
        refuse(path, RGM_E_FORMAT, path);
    }
    free(bytes);
}
END_TEST

/* ---- writing ---- */

static int files_in(const char *path) {
    char command[4500];
    snprintf(command, sizeof command, "ls -A '%s' | wc -l", path);
    FILE *pipe = popen(command, "r");
    int count = -1;
    ck_assert(fscanf(pipe, "%d", &count) == 1);
    pclose(pipe);
    return count;
}

START_TEST(test_overwrite) {
    const char *path = in_folder(folder, "o.h5");
    rgm_writer_options options = {.path = path, .H = 1, .W = 1, .C = 1, .classes = 2, .count = {1}};
    rgm_error err = {0};
    rgm_writer *writer;
    store_file(path, "old", 3);
    ck_assert_int_eq(rgm_writer_create(&writer, &options, &err), RGM_E_USAGE);
    ck_assert(strstr(err.text, "exists already") != NULL);
    options.replace = 1;
    ck_assert_int_eq(rgm_writer_create(&writer, &options, &err), RGM_OK);
    ck_assert_int_eq(rgm_writer_finish(writer, &err), RGM_E_INTERNAL); /* an image is missing */
    rgm_writer_destroy(writer);
    size_t size;
    uint8_t *bytes = load_file(path, &size);
    ck_assert(size == 3 && memcmp(bytes, "old", 3) == 0);
    free(bytes);
    ck_assert_int_eq(files_in(folder), 1);
    options.path = in_folder(folder, "no/such/folder.h5");
    ck_assert_int_eq(rgm_writer_create(&writer, &options, &err), RGM_E_IO);
    options.path = path, options.H = RGM_DATA_SIDE + 1;
    ck_assert_int_eq(rgm_writer_create(&writer, &options, &err), RGM_E_UNSUPPORTED);
}
END_TEST

/* A link of that name stays, and what it leads to is replaced, or made. */
START_TEST(test_links) {
    rgm_writer_options options = {
        .path = in_folder(folder, "link.h5"), .replace = 1, .H = 1, .W = 1, .C = 1, .classes = 2, .count = {2}};
    char deep[4500];
    snprintf(deep, sizeof deep, "%s", in_folder(folder, "deep"));
    ck_assert(mkdir(deep, 0700) == 0);
    ck_assert(symlink("deep/link2.h5", options.path) == 0);
    ck_assert(symlink("../real.h5", in_folder(folder, "deep/link2.h5")) == 0);
    for (int round = 0; round < 2; round++) { /* there is no real.h5; there is one */
        rgm_error err = {0};
        rgm_writer *writer;
        const uint8_t pixels[2] = {1, 2};
        const int32_t labels[2] = {0, 1};
        options.replace = round;
        ck_assert_msg(rgm_writer_create(&writer, &options, &err) == RGM_OK, "%s", err.text);
        ck_assert(rgm_writer_add(writer, 0, pixels, labels, 2, &err) == RGM_OK);
        ck_assert_msg(rgm_writer_finish(writer, &err) == RGM_OK, "%s", err.text);
        rgm_writer_destroy(writer);
        struct stat st;
        ck_assert(lstat(options.path, &st) == 0 && S_ISLNK(st.st_mode));
        ck_assert(lstat(in_folder(folder, "real.h5"), &st) == 0 && S_ISREG(st.st_mode));
        rgm_dataset_close(open_set(options.path, RGM_ACCESS_AUTO));
        ck_assert_int_eq(files_in(folder), 3);
    }
    unlink(in_folder(folder, "deep/link2.h5"));
    rmdir(deep);
    rgm_error err = {0};
    rgm_writer *writer;
    unlink(options.path);
    ck_assert(symlink("link.h5", options.path) == 0); /* to itself */
    ck_assert_int_eq(rgm_writer_create(&writer, &options, &err), RGM_E_IO);
}
END_TEST

/* In a process of its own, whose files may not grow beyond `bytes`: 0 if everything fails as it should. */
static int write_with_limit(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {bytes, bytes};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const char *path = in_folder(folder, "full.h5");
    rgm_error err = {0};
    rgm_writer_options options = {.path = path, .H = 100, .W = 100, .C = 1, .classes = 2, .count = {100}};
    rgm_writer *writer;
    if (rgm_writer_create(&writer, &options, &err) != RGM_E_IO || writer || !strstr(err.text, "too large")) return 2;
    rgm_file_writer file = {0};
    if (rgm_file_create(&file, path, 0, &err) != RGM_OK) return 3;
    rgm_h5_enter();
    hsize_t count = 100000;
    hid_t space = H5Screate_simple(1, &count, NULL);
    float *numbers = calloc(count, sizeof *numbers);
    for (int i = 0; i < 3; i++) {
        char name[8] = {(char)('a' + i)};
        hid_t dataset = H5Dcreate2(file.file, name, H5T_NATIVE_FLOAT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
        H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers);
        H5Dclose(dataset);
    }
    free(numbers);
    H5Sclose(space);
    rgm_h5_leave();
    if (rgm_file_commit(&file, &err) != RGM_E_IO || !strstr(err.text, "File too large")) return 4;
    return 0;
}

/* A full disk (here: the largest file allowed) is an error line, leaves nothing behind, and the process ends well. */
START_TEST(test_full_disk) {
    const rlim_t limits[] = {100, 600, 3000, 20000};
    pid_t child = fork();
    if (child == 0) exit(write_with_limit(limits[_i])); /* exit: HDF5's own handlers run */
    int how = 0;
    ck_assert(waitpid(child, &how, 0) == child);
    ck_assert_msg(WIFEXITED(how), "ended by signal %d", WTERMSIG(how));
    ck_assert_int_eq(WEXITSTATUS(how), 0);
    ck_assert_int_eq(files_in(folder), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("frame");
    TCase *writing = tcase_create("writing"), *damage = tcase_create("damage");
    tcase_add_checked_fixture(writing, setup, teardown);
    tcase_add_test(writing, test_framed);
    tcase_add_test(writing, test_overwrite);
    tcase_add_test(writing, test_links);
    tcase_add_loop_test(writing, test_full_disk, 0, 4);
    tcase_add_checked_fixture(damage, setup, teardown);
    tcase_set_timeout(damage, 300);
    tcase_add_test(damage, test_framed_damage);
    tcase_add_test(damage, test_framed_truncation);
    tcase_add_loop_test(damage, test_block_overwritten, 0, 5);
    tcase_add_loop_test(damage, test_foreign_userblock, 0, 2);
    tcase_add_loop_test(damage, test_foreign_damage, 0, 8);
    tcase_add_test(damage, test_foreign_truncation);
    suite_add_tcase(suite, writing);
    suite_add_tcase(suite, damage);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
