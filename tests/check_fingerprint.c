/* Fingerprints of data sets: what counts, and who does the work. */
#include <check.h>
#include <fcntl.h>
#include <hdf5.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "data/fingerprint.h"
#include "datasets/writer.h"
#include "make_set.h"

static char *folder;

static void setup(void) { folder = make_folder(); }
static void teardown(void) { remove_folder(folder); }

/* More images than were ever sampled, of more than one piece. */
static const rgm_test_set large = {.train = 2500, .test = 120, .H = 16, .W = 12, .C = 3, .classes = 4};
static const float mean[] = {0.5f, 0.25f, 0.125f}, std[] = {1, 2, 3};
static const rgm_fingerprint_terms terms = {mean, std, "a\nb\nc\nd\n"};
static const rgm_stop never;

static uint64_t fingerprint(rgm_dataset *set) {
    uint64_t print;
    rgm_error err = {0};
    ck_assert_msg(rgm_fingerprint(set, &terms, &never, &print, &err) == RGM_OK, "%s", err.text);
    return print;
}

/* Through HDF5, since there is no room to unpack it. */
static rgm_dataset *open_tight(const char *path) {
    rgm_error err = {0};
    rgm_dataset *set;
    ck_assert_msg(
        rgm_dataset_open(&set, path, &(rgm_dataset_options){.knobs = &(rgm_dataset_knobs){.room = 1}}, &err) == RGM_OK,
        "%s", err.text);
    return set;
}

static uint64_t print_of(const char *path, int32_t access) {
    rgm_dataset *set = open_set(path, access);
    uint64_t print = fingerprint(set);
    rgm_dataset_close(set);
    return print;
}

static uint64_t sampled(const char *path) {
    uint64_t print;
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_fingerprint_sampled(set, &print, NULL), RGM_OK);
    rgm_dataset_close(set);
    return print;
}

/* Adds one to a pixel or a label of a foreign file. */
static void alter(const char *path, const char *dataset, int32_t rank, const hsize_t *at) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(file, dataset, H5P_DEFAULT);
    static const hsize_t one[4] = {1, 1, 1, 1};
    hid_t space = H5Dget_space(set), memory = H5Screate_simple(rank, one, NULL);
    int64_t value;
    H5Sselect_hyperslab(space, H5S_SELECT_SET, at, NULL, one, NULL);
    ck_assert_int_ge(H5Dread(set, H5T_NATIVE_INT64, memory, space, H5P_DEFAULT, &value), 0);
    value = rank == 4 ? value ^ 1 : (value + 1) % 4;
    ck_assert_int_ge(H5Dwrite(set, H5T_NATIVE_INT64, memory, space, H5P_DEFAULT, &value), 0);
    H5Sclose(space), H5Sclose(memory), H5Dclose(set), H5Fclose(file);
}

/* However pixels are read, they are the same. */
START_TEST(kinds) {
    const char *path = in_folder(folder, "set.h5");
    rgm_test_set made = large;
    make_set(path, &made);
    uint64_t print = print_of(path, RGM_ACCESS_AUTO), old = sampled(path);
    ck_assert(print == print_of(path, RGM_ACCESS_PREAD));
    made.chunk = 100, made.gzip = 1;
    make_set(path, &made);
    ck_assert(print == print_of(path, RGM_ACCESS_AUTO));
    ck_assert(old == sampled(path));
    rgm_dataset *set = open_tight(path);
    ck_assert_int_eq(rgm_dataset_describe(set)->access[0], RGM_PIXELS_HDF5);
    ck_assert(print == fingerprint(set));
    rgm_dataset_close(set);
    rgm_test_memory copy;
    rgm_error err = {0};
    set = open_set(path, RGM_ACCESS_AUTO);
    copy_to_memory(&copy, set);
    rgm_dataset_close(set);
    copy.memory.class_names = NULL;
    copy.memory.name = NULL;
    for (int32_t begun = 0; begun < 2; begun++) {
        ck_assert_msg(rgm_dataset_from_memory(&set, &copy.memory, &err) == RGM_OK, "%s", err.text);
        if (begun) rgm_fingerprint_begin(set, &never);
        uint64_t sample = 0;
        ck_assert_int_eq(rgm_fingerprint_sampled(set, &sample, &err), RGM_OK);
        ck_assert(print == fingerprint(set) && old == sample);
        rgm_dataset_close(set);
    }
    free_memory(&copy);
    made.train--;
    make_set(path, &made);
    ck_assert(print != print_of(path, RGM_ACCESS_AUTO));
}
END_TEST

START_TEST(every_pixel_counts) {
    static const hsize_t places[][4] = {
        {0, 0, 0, 0}, {1, 3, 4, 1}, {1234, 15, 0, 2}, {2498, 7, 7, 0}, {2499, 15, 11, 2}};
    const char *path = in_folder(folder, "set.h5");
    make_set(path, &large);
    uint64_t print = print_of(path, RGM_ACCESS_AUTO), old = sampled(path);
    int seen = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        alter(path, "train/images", 4, places[i]);
        ck_assert_msg(print != print_of(path, RGM_ACCESS_AUTO), "image %d", (int)places[i][0]);
        seen += old != sampled(path);
        alter(path, "train/images", 4, places[i]);
        ck_assert(print == print_of(path, RGM_ACCESS_AUTO));
    }
    ck_assert_int_lt(seen, 5); /* that of version 1 did not see all of them */
    alter(path, "test/labels", 1, (const hsize_t[]){8});
    ck_assert(print != print_of(path, RGM_ACCESS_AUTO));
}
END_TEST

START_TEST(terms_count) {
    static const float other[] = {0.5f, 0.25f, 0.1250001f};
    const rgm_fingerprint_terms changed[] = {
        {other, std, terms.classes}, {mean, other, terms.classes}, {mean, std, "a\nc\nb\nd\n"}, {mean, std, ""}};
    make_set(in_folder(folder, "set.h5"), &large);
    rgm_dataset *set = open_set(in_folder(folder, "set.h5"), RGM_ACCESS_AUTO);
    uint64_t print = fingerprint(set), quick, found;
    ck_assert_int_eq(rgm_fingerprint_quick(set, &terms, &quick, NULL), RGM_OK);
    ck_assert(quick != print);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(rgm_fingerprint(set, &changed[i], &never, &found, NULL), RGM_OK);
        ck_assert(found != print);
        ck_assert_int_eq(rgm_fingerprint_quick(set, &changed[i], &found, NULL), RGM_OK);
        ck_assert(found != quick);
    }
    rgm_dataset_close(set);
}
END_TEST

/* ---- what importers write ---- */

static void write_framed(const char *path) {
    rgm_writer_options options = {.path = path, .replace = 1, .H = 16, .W = 12, .C = 3, .classes = 4};
    options.count[RGM_SPLIT_TRAIN] = large.train;
    options.count[RGM_SPLIT_TEST] = large.test;
    rgm_error err = {0};
    rgm_writer *writer;
    ck_assert_msg(rgm_writer_create(&writer, &options, &err) == RGM_OK, "%s", err.text);
    for (int32_t s = 0; s < 2; s++)
        for (int64_t i = 0; i < options.count[s]; i++) {
            uint8_t image[16 * 12 * 3];
            int32_t label = make_set_label(&large, s, i);
            for (int64_t j = 0; j < (int64_t)sizeof image; j++) image[j] = make_set_pixel(s, i, j);
            ck_assert_msg(rgm_writer_add(writer, s, image, &label, 1, &err) == RGM_OK, "%s", err.text);
        }
    ck_assert_msg(rgm_writer_finish(writer, &err) == RGM_OK, "%s", err.text);
    rgm_writer_destroy(writer);
}

/* Puts a hash, which lies, on a split's images of a foreign file. */
static void put_hash(const char *path) {
    const uint64_t hash = 1;
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(file, "train/images", H5P_DEFAULT);
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t a = H5Acreate2(set, "xxh3_64", H5T_STD_U64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Awrite(a, H5T_NATIVE_UINT64, &hash), 0);
    H5Aclose(a), H5Sclose(space), H5Dclose(set), H5Fclose(file);
}

static int has_hash(const char *path, const char *dataset) {
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, dataset, H5P_DEFAULT);
    int has = H5Aexists(set, "xxh3_64") > 0;
    H5Dclose(set), H5Fclose(file);
    return has;
}

/* The hash of a framed file is that of its pixels; where no frame vouches for one, it is not believed. */
START_TEST(hash_in_the_file) {
    const char *own = in_folder(folder, "own.h5"), *foreign = in_folder(folder, "foreign.h5");
    write_framed(own);
    make_set(foreign, &large);
    uint64_t print = print_of(foreign, RGM_ACCESS_AUTO);
    ck_assert(has_hash(own, "train/images") && has_hash(own, "test/images") && !has_hash(foreign, "train/images"));
    ck_assert(print == print_of(own, RGM_ACCESS_AUTO));
    put_hash(foreign);
    ck_assert(print == print_of(foreign, RGM_ACCESS_AUTO));
}
END_TEST

/* ---- who does the work ---- */

static int32_t yes(void *context) {
    (void)context;
    return 1;
}

START_TEST(in_the_background) {
    const rgm_stop asked = {yes, NULL};
    const char *path = in_folder(folder, "set.h5");
    rgm_test_set made = large;
    made.chunk = _i ? 50 : 0;
    make_set(path, &made);
    uint64_t print = print_of(path, RGM_ACCESS_AUTO), found;
    for (int round = 0; round < 20; round++) {
        rgm_error err = {0};
        rgm_dataset *set = open_tight(path);
        rgm_fingerprint_begin(set, round % 2 ? &never : &asked); /* a thread that is stopped at once, too */
        rgm_fingerprint_begin(set, &never);                      /* not twice */
        rgm_status status = rgm_fingerprint(set, &terms, &asked, &found, &err);
        ck_assert(status == RGM_E_INTERRUPTED || (status == RGM_OK && found == print));
        if (round % 4 == 0) ck_assert_int_eq(status, RGM_E_INTERRUPTED);
        if (round % 3) ck_assert(fingerprint(set) == print);
        rgm_dataset_close(set); /* also with the work under way */
    }
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    rgm_fingerprint_begin(set, &never);
    rgm_dataset_close(set);
}
END_TEST

/* The file is written to before its pixels are hashed: a hash of other pixels would go into the checkpoint, which then
 * could not be continued with the right ones. */
START_TEST(written_to) {
    const char *path = in_folder(folder, "set.h5");
    rgm_test_set made = large;
    made.chunk = _i == RGM_PIXELS_MEMORY || _i == RGM_PIXELS_HDF5 ? 100 : 0;
    make_set(path, &made);
    const struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    ck_assert(utimensat(AT_FDCWD, path, old, 0) == 0);
    rgm_dataset *set = _i == RGM_PIXELS_HDF5
                           ? open_tight(path)
                           : open_set(path, _i == RGM_PIXELS_PREAD ? RGM_ACCESS_PREAD : RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_dataset_describe(set)->access[0], _i);
    uint64_t print;
    rgm_error err = {0};
    int fd = open(path, O_WRONLY), again = _i == RGM_PIXELS_MEMORY ? RGM_OK : RGM_E_IO;
    ck_assert(fd >= 0 && pwrite(fd, "x", 1, 0) == 1 && close(fd) == 0);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(rgm_fingerprint(set, &terms, &never, &print, &err), again);
    rgm_dataset_close(set);
}
END_TEST

/* ---- a set that is shared ---- */

typedef struct sharer {
    const rgm_dataset *set;
    rgm_stop stop;
    uint64_t print;
    rgm_status status;
} sharer;

static void *take_print(void *context) {
    sharer *s = context;
    s->status = rgm_fingerprint(s->set, &terms, &s->stop, &s->print, NULL);
    return NULL;
}

/* Two runs that share a set may ask at once. */
START_TEST(at_once) {
    const char *path = in_folder(folder, "set.h5");
    rgm_test_set made = large;
    make_set(path, &made);
    rgm_dataset *one = open_set(path, RGM_ACCESS_AUTO), *shared = open_set(path, RGM_ACCESS_AUTO);
    sharer alone = {.set = one}, both[2] = {{.set = shared}, {.set = shared}};
    pthread_t threads[2];
    take_print(&alone);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, take_print, &both[i]), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(both[i].status, RGM_OK);
        ck_assert(both[i].print == alone.print);
    }
    rgm_dataset_close(one);
    rgm_dataset_close(shared);
}
END_TEST

static atomic_int held, released;

static int32_t hold(void *context) {
    (void)context;
    held = 1;
    while (!released) usleep(1000);
    return 0;
}

/* Who waits for another's work hears its own stop, and need not begin what has begun. */
START_TEST(waiting_hears_the_stop) {
    const rgm_stop asked = {yes, NULL};
    uint64_t print;
    rgm_error err = {0};
    make_set(in_folder(folder, "set.h5"), &large);
    rgm_dataset *set = open_set(in_folder(folder, "set.h5"), RGM_ACCESS_AUTO);
    sharer other = {.set = set, .stop = {hold, NULL}};
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, take_print, &other), 0);
    while (!held) usleep(1000);
    rgm_fingerprint_begin(set, &never);
    ck_assert_int_eq(rgm_fingerprint(set, &terms, &asked, &print, &err), RGM_E_INTERRUPTED);
    ck_assert_msg(strstr(err.text, "stopped before all its pixels were hashed"), "%s", err.text);
    released = 1;
    ck_assert(fingerprint(set) == print_of(in_folder(folder, "set.h5"), RGM_ACCESS_AUTO));
    pthread_join(thread, NULL);
    ck_assert_int_eq(other.status, RGM_OK);
    ck_assert(other.print == fingerprint(set));
    rgm_dataset_close(set);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("fingerprint");
    TCase *tcase = tcase_create("fingerprint");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, kinds);
    tcase_add_test(tcase, every_pixel_counts);
    tcase_add_test(tcase, terms_count);
    tcase_add_test(tcase, at_once);
    tcase_add_test(tcase, waiting_hears_the_stop);
    tcase_add_test(tcase, hash_in_the_file);
    tcase_add_loop_test(tcase, in_the_background, 0, 2);
    tcase_add_loop_test(tcase, written_to, RGM_PIXELS_MAPPED, RGM_PIXELS_MEMORY + 1);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
