/* How files are read: what is verified is what is read, a failed read is an error and not an answer, chunks are
 * unpacked once, locks, stops, and how the first reader may end. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "data/dataset.h"
#include "data/file.h"
#include "data/rehearsal.h"
#include "datasets/writer.h"
#include "failing_calls.h"
#include "first_reader.h"
#include "make_set.h"

static char *folder;

static void setup(void) {
    folder = make_folder();
    failing_calls = (rgm_failing){0};
    first_reader_does(folder, 0, "nothing");
}
static void teardown(void) {
    failing_calls = (rgm_failing){0};
    remove_folder(folder);
}

static const rgm_test_set small = {
    .train = 23, .test = 9, .H = 5, .W = 3, .C = 2, .classes = 4, .constants = 1, .names = 1};

/* Writes `small` with the frame, its pixels plus `plus`. */
static void write_framed(const char *path, int plus) {
    static const char *const names[] = {"class 0", "class 1", "class 2", "class 3"};
    rgm_writer_options options = {
        .path = path, .replace = 1, .H = 5, .W = 3, .C = 2, .classes = 4, .count = {23, 9}, .class_names = names};
    rgm_error err = {0};
    rgm_writer *writer;
    ck_assert_msg(rgm_writer_create(&writer, &options, &err) == RGM_OK, "%s", err.text);
    for (int32_t s = 0; s < 2; s++)
        for (int64_t i = 0; i < options.count[s]; i++) {
            uint8_t image[30];
            int32_t label = make_set_label(&small, s, i);
            for (int64_t j = 0; j < 30; j++) image[j] = (uint8_t)(make_set_pixel(s, i, j) + plus);
            ck_assert(rgm_writer_add(writer, s, image, &label, 1, &err) == RGM_OK);
        }
    ck_assert_msg(rgm_writer_finish(writer, &err) == RGM_OK, "%s", err.text);
    rgm_writer_destroy(writer);
}

/* The same, by copying one that is written once in a test: writing syncs the disk. */
static void make_framed(const char *path, int plus) {
    const char *first = in_folder(folder, plus ? "plus.h5" : "plain.h5");
    static uint8_t bytes[1 << 16];
    if (access(first, F_OK) != 0) write_framed(first, plus);
    FILE *from = fopen(first, "rb"), *to = fopen(path, "wb");
    ck_assert(from && to);
    size_t size = fread(bytes, 1, sizeof bytes, from);
    ck_assert(size > RGM_FILE_BLOCK && size < sizeof bytes && fwrite(bytes, 1, size, to) == size);
    fclose(from);
    ck_assert(fclose(to) == 0);
}

/* Changed an hour ago: a change made now shows in its time however coarse the clock is. */
static void make_old(const char *path) {
    struct timespec times[2] = {{.tv_sec = time(NULL) - 3600}, {.tv_sec = time(NULL) - 3600}};
    ck_assert(utimensat(AT_FDCWD, path, times, 0) == 0);
}

/* The kinds of file, and of reading it. */
enum { FRAMED, CONTIGUOUS, PREAD, UNPACKED, STREAMED, KINDS };

/* Whose reads something happens at: this process's, of each kind, or the first reader's, to which PREAD and STREAMED
 * are the files before them. */
static const struct {
    int kind, reader;
} turns[] = {{FRAMED, 0},   {CONTIGUOUS, 0}, {PREAD, 0},      {UNPACKED, 0},
             {STREAMED, 0}, {FRAMED, 1},     {CONTIGUOUS, 1}, {UNPACKED, 1}};
enum { TURNS = sizeof turns / sizeof *turns };

static const char *make_kind(int kind) {
    const char *path = in_folder(folder, "set.h5");
    rgm_test_set made = small;
    if (kind >= UNPACKED) made.gzip = made.box[0] = 1, made.box[0] = 6, made.box[1] = 2, made.box[2] = made.box[3] = 2;
    if (kind == FRAMED)
        make_framed(path, 0);
    else
        make_set(path, &made);
    make_old(path);
    return path;
}

static rgm_status open_kind(int kind, rgm_dataset **set, const rgm_stop *stop, rgm_error *err) {
    const rgm_dataset_knobs knobs = {.room = kind == STREAMED ? -1 : 0};
    rgm_dataset_options options = {.access = kind == PREAD ? RGM_ACCESS_PREAD : RGM_ACCESS_AUTO, .knobs = &knobs};
    if (stop) options.stop = *stop;
    return rgm_dataset_open(set, in_folder(folder, "set.h5"), &options, err);
}

/* ---- chunks ---- */

/* One row of chunks, which each image crosses, is more than the least chunk cache: unpacked anew for each image, it
 * would take many times as long as the first reader has. */
START_TEST(test_wide_chunks) {
    enum { COUNT = 80, ROW = 40, SIDE = 1024 };
    const hsize_t dims[4] = {COUNT, SIDE, SIDE, 2}, box[4] = {ROW, 128, SIDE, 2}, labels[1] = {COUNT};
    const char *path = in_folder(folder, "wide.h5");
    uint8_t *pixels = calloc(1, (size_t)COUNT * SIDE * SIDE * 2);
    for (size_t i = 0; i < COUNT; i++) pixels[i * SIDE * SIDE * 2] = (uint8_t)(i + 1);
    const int64_t classes[COUNT] = {[3] = 1};
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), plist = H5Pcreate(H5P_DATASET_CREATE);
    hid_t group = H5Gcreate2(file, "train", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(4, dims, NULL), row = H5Screate_simple(1, labels, NULL);
    H5Pset_chunk(plist, 4, box);
    H5Pset_deflate(plist, 1);
    hid_t images = H5Dcreate2(group, "images", H5T_STD_U8LE, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    hid_t label = H5Dcreate2(group, "labels", H5T_STD_I64LE, row, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert(H5Dwrite(images, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, pixels) >= 0);
    ck_assert(H5Dwrite(label, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, classes) >= 0);
    free(pixels);
    const hid_t open[] = {label, images, row, space, group, plist};
    H5Dclose(open[0]), H5Dclose(open[1]), H5Sclose(open[2]), H5Sclose(open[3]), H5Gclose(open[4]), H5Pclose(open[5]);
    ck_assert(H5Fclose(file) >= 0);
    failing_calls = (rgm_failing){0};
    const rgm_dataset_knobs knobs = {.room = (_i ? 100 : 200) << 20}; /* for a row of chunks, or for all of it */
    const rgm_dataset_options options = {.knobs = &knobs};
    rgm_dataset *set;
    rgm_error err = {0};
    ck_assert_msg(rgm_dataset_open(&set, path, &options, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(rgm_dataset_describe(set)->access[0], _i ? RGM_PIXELS_HDF5 : RGM_PIXELS_MEMORY);
    /* each of the 16 chunks once, or once in each pass, and what describes them */
    ck_assert_int_lt(failing_calls.reads, 16 * 3 + 40);
    for (int64_t i = 0; !_i && i < COUNT; i++) ck_assert_int_eq(rgm_dataset_pixels(set, 0, i)[0], i + 1);
    rgm_dataset_close(set);
}
END_TEST

/* ---- reads that fail ---- */

/* What a set says and holds, as one number. */
static rgm_status read_all(rgm_dataset *set, uint64_t *print, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    uint64_t hash = 0;
    for (int32_t c = 0; c < info->C; c++) hash = hash * 31 + (uint64_t)(info->mean[c] * 1e6f + info->std[c] * 1e9f);
    for (int32_t c = 0; info->class_names && c < info->classes; c++)
        for (const char *at = info->class_names[c]; *at; at++) hash = hash * 31 + (uint8_t)*at;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int64_t i = 0; i < info->count[s]; i++) {
            uint8_t image[30];
            RGM_TRY(rgm_dataset_read(set, s, i, image, err));
            for (int j = 0; j < 30; j++) hash = hash * 31 + image[j];
            hash = hash * 31 + (uint64_t)rgm_dataset_labels(set, s)[i];
        }
    *print = hash + (uint64_t)info->classes;
    return RGM_OK;
}

/* Opens and reads it, the read number `at` failing, of this process or of the first reader; *acted: there was such a
 * read. */
/* A read that fails: number `at` of this process or of the first reader; at = 0: none. */
typedef struct failure {
    int reader, at, error;
    int acted; /* filled: it came to that read */
} failure;

static rgm_status read_failing(int kind, failure *f, uint64_t *print, rgm_error *err) {
    rgm_dataset *set;
    first_reader_does(folder, f->reader ? f->at : 0, "fail %d", f->error);
    failing_calls = (rgm_failing){.at = f->reader ? 0 : f->at, .error = f->error};
    rgm_status status = open_kind(kind, &set, NULL, err);
    if (status == RGM_OK) status = read_all(set, print, err);
    rgm_dataset_close(set);
    f->acted = f->reader ? first_reader_did() : failing_calls.reads >= f->at;
    failing_calls.at = 0;
    return status;
}

/* The read of every number fails in turn, in this process and in the first reader: it is an input/output error,
 * whatever was being looked for, or it was not needed, and then everything is as without it. */
START_TEST(test_failing_reads) {
    int kind = turns[_i].kind, reader = turns[_i].reader, error = _i % 2 ? ESTALE : EIO, failures = 0;
    failure none = {0};
    rgm_error err = {0};
    uint64_t expected = 0, print = 0;
    make_kind(kind);
    ck_assert_int_eq(read_failing(kind, &none, &expected, &err), RGM_OK);
    for (int at = 1;; at++) {
        failure f = {reader, at, error, 0};
        rgm_status status = read_failing(kind, &f, &print, &err);
        if (status == RGM_OK) {
            ck_assert_msg(print == expected, "read %d failed: other content", at);
            if (!f.acted) break;
            continue;
        }
        failures++;
        ck_assert_msg(status == RGM_E_IO && strstr(err.text, strerror(error)), "read %d: status %d: %s", at, status,
                      err.text);
    }
    if (reader && kind == FRAMED)
        ck_assert_int_eq(failures, 0); /* it has no first reader */
    else
        ck_assert_int_gt(failures, 5);
}
END_TEST

/* ---- what is verified is what is read ---- */

static void put_other_in_place(void *context) {
    (void)context;
    ck_assert(rename(in_folder(folder, "other.h5"), in_folder(folder, "set.h5")) == 0);
}

/* Another file is renamed over it at each read in turn, of this process and of the first reader: what was opened is
 * what is read. */
START_TEST(test_renamed_over) {
    int kind = turns[_i].kind, reader = turns[_i].reader, acted = 1;
    uint64_t expected = 0, print = 0;
    char to[4200];
    snprintf(to, sizeof to, "%s", in_folder(folder, "set.h5"));
    for (int at = 0; at == 0 || acted; at++) {
        rgm_dataset *set;
        rgm_error err = {0};
        make_kind(kind);
        make_framed(in_folder(folder, "other.h5"), 1);
        first_reader_does(folder, reader ? at : 0, "rename %s %s", in_folder(folder, "other.h5"), to);
        failing_calls = (rgm_failing){.at = reader ? 0 : at, .instead = put_other_in_place};
        rgm_status status = open_kind(kind, &set, NULL, &err);
        acted = reader ? first_reader_did() : failing_calls.reads >= at;
        failing_calls.at = 0;
        if (status == RGM_OK) status = read_all(set, at ? &print : &expected, &err);
        rgm_dataset_close(set);
        ck_assert_msg(status == RGM_OK, "read %d: %s", at, err.text);
        ck_assert_msg(at == 0 || print == expected, "read %d: another content", at);
    }
}
END_TEST

/* The same byte again: nothing but the time tells. */
static void write_into(void *context) {
    (void)context;
    FILE *file = fopen(in_folder(folder, "set.h5"), "r+b");
    int byte = file ? fgetc(file) : EOF;
    ck_assert(byte != EOF && fseek(file, 0, SEEK_SET) == 0 && fputc(byte, file) == byte && fclose(file) == 0);
}

static int64_t changed_at(void) {
    struct stat st;
    ck_assert(stat(in_folder(folder, "set.h5"), &st) == 0);
    return st.st_mtim.tv_sec;
}

/* It is written to in place, at each read in turn, by the first reader's too, and when it is open. */
START_TEST(test_written_to) {
    int kind = turns[_i].kind, reader = turns[_i].reader;
    for (int at = 1;; at++) {
        rgm_dataset *set;
        rgm_error err = {0};
        make_kind(kind);
        int64_t before = changed_at();
        first_reader_does(folder, reader ? at : 0, "touch %s", in_folder(folder, "set.h5"));
        failing_calls = (rgm_failing){.at = reader ? 0 : at, .instead = write_into};
        rgm_status status = open_kind(kind, &set, NULL, &err);
        failing_calls.at = 0;
        if (changed_at() == before) {
            ck_assert_msg(status == RGM_OK, "%s", err.text);
            ck_assert_int_eq(rgm_dataset_check(set, &err), RGM_OK);
            write_into(NULL);
            ck_assert_int_eq(rgm_dataset_check(set, &err), kind == UNPACKED ? RGM_OK : RGM_E_IO);
            if (kind != UNPACKED) ck_assert_msg(strstr(err.text, "written to while it is in use"), "%s", err.text);
            rgm_dataset_close(set);
            break;
        }
        ck_assert_msg(status == RGM_E_IO && strstr(err.text, "written to"), "read %d: %s", at, err.text);
    }
}
END_TEST

/* ---- locks ---- */

START_TEST(test_locked) {
    rgm_dataset *set;
    rgm_error err = {0};
    const char *path = make_kind(_i);
    hid_t writer = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT); /* as h5py does */
    ck_assert(writer >= 0);
    ck_assert_int_eq(open_kind(_i, &set, NULL, &err), RGM_E_IO);
    ck_assert_msg(strstr(err.text, "another program has it open for writing"), "%s", err.text);
    H5Fclose(writer);
    make_kind(_i);
    ck_assert_msg(open_kind(_i, &set, NULL, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(rgm_dataset_describe(set)->unlocked, 0);
    H5E_BEGIN_TRY { writer = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT); }
    H5E_END_TRY
    ck_assert_msg(writer < 0, "a writer came in while it is in use");
    rgm_dataset_close(set);
}
END_TEST

START_TEST(test_no_locks) {
    static const int errors[] = {ENOLCK, EOPNOTSUPP, ENOSYS};
    rgm_dataset *set;
    rgm_error err = {0};
    make_kind(_i);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        failing_calls.lock_error = errors[i];
        ck_assert_msg(open_kind(_i, &set, NULL, &err) == RGM_OK, "%s", err.text);
        ck_assert_int_eq(rgm_dataset_describe(set)->unlocked, 1);
        rgm_dataset_close(set);
    }
}
END_TEST

/* Without a free descriptor: by name, and not as damage. */
START_TEST(test_no_descriptors) {
    rgm_dataset *set;
    rgm_error err = {0};
    make_kind(_i);
    struct rlimit old, few;
    ck_assert(getrlimit(RLIMIT_NOFILE, &old) == 0);
    int failures = 0, top = dup(0);
    close(top);
    for (int more = 0; more < 8; more++) {
        few = (struct rlimit){(rlim_t)(top + more), old.rlim_max};
        ck_assert(setrlimit(RLIMIT_NOFILE, &few) == 0);
        rgm_status status = open_kind(_i, &set, NULL, &err);
        setrlimit(RLIMIT_NOFILE, &old);
        if (status == RGM_OK) break;
        failures++;
        ck_assert_msg(status == RGM_E_IO && strstr(err.text, strerror(EMFILE)), "%s", err.text);
    }
    ck_assert_int_gt(failures, 0);
    rgm_dataset_close(set);
}
END_TEST

/* ---- stops ---- */

/* Asked to stop at every question in turn. */
START_TEST(test_stop) {
    make_kind(_i);
    int asked = 0;
    for (;; asked++) {
        int left = asked;
        rgm_dataset *set;
        rgm_error err = {0};
        rgm_stop stop = {stop_at_zero, &left};
        rgm_status status = open_kind(_i, &set, &stop, &err);
        if (status == RGM_OK) {
            rgm_dataset_close(set);
            break;
        }
        ck_assert_msg(status == RGM_E_INTERRUPTED, "%s", err.text);
        ck_assert_ptr_null(set);
    }
    ck_assert_int_gt(asked, 0);
}
END_TEST

/* ---- the first reader's end ---- */

static rgm_status rehearse(const char *path, const rgm_stop *stop, rgm_error *err) {
    const rgm_rehearsal rehearsal = {.kind = RGM_REHEARSE_SET};
    rgm_input input;
    ck_assert_int_eq(rgm_input_open(&input, path, stop, err), RGM_OK);
    rgm_status status = rgm_file_rehearse(&input, &rehearsal, err);
    rgm_input_close(&input);
    return status;
}

static const struct {
    const char *what;
    rgm_status status;
    const char *word;
} ends[] = {
    {"signal 9", RGM_E_NOMEM, "was killed (out of memory?)"},
    {"spin", RGM_E_FORMAT, "s of CPU time"},
    {"signal 11", RGM_E_FORMAT, "the HDF5 library crashed"},
    {"signal 6", RGM_E_FORMAT, "the HDF5 library crashed"},
    {"signal 1", RGM_E_IO, "was ended by signal 1"},
    {"exit 3", RGM_E_FORMAT, "the HDF5 library crashed"},
    {"sleep", RGM_E_IO, "s by the clock"},
};

START_TEST(test_ends) {
    rgm_error err = {0};
    first_reader_does(folder, 3, "%s", ends[_i].what);
    ck_assert_int_eq(rehearse(make_kind(CONTIGUOUS), NULL, &err), ends[_i].status);
    ck_assert_int_eq(first_reader_did(), 1);
    ck_assert_msg(strstr(err.text, ends[_i].word), "%s", err.text);
    ck_assert(ends[_i].status == RGM_E_FORMAT || !strstr(err.text, "damaged"));
}
END_TEST

/* Under nohup, too, where signals are ignored that end the reader. */
START_TEST(test_ends_as_by_default) {
    rgm_error err = {0};
    sigset_t all;
    sigfillset(&all);
    for (int s = 1; s < 32; s++)
        if (s != SIGCHLD) signal(s, SIG_IGN);
    sigprocmask(SIG_BLOCK, &all, NULL);
    first_reader_does(folder, 3, "spin");
    ck_assert_int_eq(rehearse(make_kind(CONTIGUOUS), NULL, &err), RGM_E_FORMAT);
    ck_assert_msg(strstr(err.text, "s of CPU time"), "%s", err.text);
}
END_TEST

START_TEST(test_stop_first_reader) {
    rgm_error err = {0};
    int left = 2;
    rgm_stop stop = {stop_at_zero, &left};
    first_reader_does(folder, 1, "spin");
    ck_assert_int_eq(rehearse(make_kind(CONTIGUOUS), &stop, &err), RGM_E_INTERRUPTED);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reading");
    TCase *reading = tcase_create("reading");
    tcase_add_checked_fixture(reading, setup, teardown);
    tcase_set_timeout(reading, 300);
    tcase_add_loop_test(reading, test_wide_chunks, 0, 2);
    tcase_add_loop_test(reading, test_failing_reads, 0, TURNS);
    tcase_add_loop_test(reading, test_renamed_over, 0, TURNS);
    tcase_add_loop_test(reading, test_written_to, 0, TURNS);
    tcase_add_loop_test(reading, test_locked, 0, KINDS);
    tcase_add_loop_test(reading, test_no_locks, 0, KINDS);
    tcase_add_loop_test(reading, test_no_descriptors, 0, KINDS);
    tcase_add_loop_test(reading, test_stop, 0, KINDS);
    tcase_add_loop_test(reading, test_ends, 0, (int)(sizeof ends / sizeof *ends));
    tcase_add_test(reading, test_ends_as_by_default);
    tcase_add_test(reading, test_stop_first_reader);
    suite_add_tcase(suite, reading);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
