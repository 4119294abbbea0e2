/* An import that is stopped, killed or out of disk space goes on where it was, to the same file. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>
#include "datasets/stage.h"
#include "failing_calls.h"
#include "import_case.h"
#include "make_set.h"

enum { EACH = 400, BROKEN = 3, FILES = 2 * EACH + BROKEN };

static import_case *c;
static char journal[4600], data[4600];

static void setup(void) {
    char name[64];
    c = import_begin();
    for (int32_t i = 0; i < EACH; i++) {
        snprintf(name, sizeof name, "cat/%03d.ppm", i);
        import_picture(name, RGM_PICTURE_PNM, 9, 9 + i % 3, 3);
        snprintf(name, sizeof name, "dog/%03d.png", i);
        import_picture(name, RGM_PICTURE_PNG, 10, 9, 3);
    }
    import_put("cat/100broken.png", "x", 1);
    import_put("cat/zbroken.png", "", 0);
    import_put("dog/a.txt", "text", 4);
    c->options.test = 0.1;
    snprintf(journal, sizeof journal, "%s.import/journal", c->out);
    snprintf(data, sizeof data, "%s.import/data", c->out);
}
static void teardown(void) { import_end(); }

/* What ends the import in a child, and when: after so many calls of the progress. */
struct end {
    int64_t calls;
    int signal; /* 0: it is asked to stop */
};

static int32_t end_there(void *context, int64_t done, int64_t total) {
    struct end *end = context;
    (void)done;
    (void)total;
    if (end->calls-- > 0) return 0;
    if (end->signal) raise(end->signal);
    return 1;
}

/* Imports in a process of its own, which is killed there; 1 if it came to its end before. */
static int run_killed(int64_t calls) {
    fflush(NULL);
    pid_t child = fork();
    ck_assert(child >= 0);
    if (child == 0) {
        struct end end = {.calls = calls, .signal = SIGKILL};
        rgm_error err;
        c->options.progress = end_there;
        c->options.progress_context = &end;
        c->report = (rgm_import_report){0};
        _exit(rgm_import_folder(&c->options, &err) == RGM_OK ? 0 : 1);
    }
    int status;
    ck_assert(waitpid(child, &status, 0) == child);
    ck_assert_msg(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0), "status %d", status);
    return WIFEXITED(status);
}

/* The undisturbed file, in a process of its own: this one has run no team yet when it forks again. */
static void make_wanted(void) {
    ck_assert(run_killed(INT64_MAX));
    import_keep_bytes();
}

static off_t size_of(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : -1;
}

/* Killed at many places, once and again; each goes on behind the one before. */
START_TEST(test_killed) {
    c->options.pictures.keep = _i;
    if (_i) c->options.pictures.H = c->options.pictures.W = 0;
    make_wanted();
    int ended = 0;
    for (int64_t calls = 0; !ended; calls += 1 + calls / 8) ended = run_killed(calls);
    import_same();
    size_t size;
    char *list = (char *)load_file(in_folder(c->folder, "out.quarantine.csv"), &size);
    ck_assert(strstr(list, "cat/100broken.png,\"not a picture") && strstr(list, "cat/zbroken.png,empty file"));
    free(list);
    ck_assert(unlink(c->out) == 0 && !run_killed(3));
    ck_assert(size_of(journal) > 0 && size_of(data) > 0 && access(c->out, F_OK) != 0);
    import_expect(rgm_import_folder, RGM_OK, "going on after ");
    ck_assert_int_gt(c->report.gone_on, 0);
    ck_assert_int_eq(c->report.quarantined, 2);
    ck_assert_int_eq(c->report.passed[RGM_PASSED_OTHER], 1);
    import_same();
}
END_TEST

/* Files of the staging that end anywhere, or hold other bytes. */
START_TEST(test_torn) {
    make_wanted();
    for (int32_t k = 0; k < 12; k++) {
        unlink(c->out);
        ck_assert(!run_killed(3));
        off_t records = size_of(journal), bytes = size_of(data);
        uint8_t byte = 0;
        int fd = open(k % 2 ? data : journal, O_RDWR);
        off_t at = k % 2 ? bytes * k / 12 : records * k / 12;
        switch (k / 4) {
        case 0:
            ck_assert_int_eq(ftruncate(fd, at), 0);
            break;
        case 1:
            ck_assert(pread(fd, &byte, 1, at) == 1);
            byte ^= 1;
            ck_assert(pwrite(fd, &byte, 1, at) == 1);
            break;
        default:
            ck_assert(pwrite(fd, "behind the end", 14, k % 2 ? bytes : records) == 14);
        }
        close(fd);
        ck_assert(run_killed(INT64_MAX));
        import_same();
    }
}
END_TEST

START_TEST(test_stopped) {
    struct end end = {.calls = 3};
    make_wanted();
    c->options.progress = end_there;
    c->options.progress_context = &end;
    import_expect(rgm_import_folder, RGM_E_INTERRUPTED, "pictures: the same command goes on");
    ck_assert(strstr(c->err.text, "stopped after ") && access(c->out, F_OK) != 0);
    c->options.progress = NULL;
    for (int32_t asked = 20; asked > 0; asked /= 2) { /* while pictures are decoded, and while they are looked at */
        int left = FILES / asked;
        c->options.stop = (rgm_stop){.asked = stop_at_zero, .context = &left};
        import_expect(rgm_import_folder, RGM_E_INTERRUPTED, "stopped");
    }
    c->options.stop = (rgm_stop){0};
    c->options.progress = NULL;
    import_expect(rgm_import_folder, RGM_OK, "going on after ");
    import_same();
}
END_TEST

/* Other options or other pictures: the staging is no use. */
START_TEST(test_anew) {
    make_wanted();
    ck_assert(!run_killed(3));
    c->options.pictures.fit = RGM_FIT_PAD;
    import_expect(rgm_import_folder, RGM_OK, "this one begins anew");
    ck_assert_int_eq(c->report.gone_on, 0);
    c->options.pictures.fit = RGM_FIT_CROP;
    c->options.overwrite = 1;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    import_same();
}
END_TEST

/* Another seed needs no picture to be decoded again. */
START_TEST(test_other_seed) {
    make_wanted();
    ck_assert(!run_killed(4));
    c->options.seed = 3;
    import_expect(rgm_import_folder, RGM_OK, "going on after ");
}
END_TEST

START_TEST(test_picture_changed) {
    ck_assert(!run_killed(4));
    import_put("cat/zbroken.png", "now more", 8);
    import_expect(rgm_import_folder, RGM_OK, "this one begins anew");
}
END_TEST

/* The file, its staging and its list of what cannot be read are no part of the folder in which they lie. */
START_TEST(test_inside) {
    static const char *const places[] = {"set.h5", "cat/set.h5"};
    snprintf(c->out, sizeof c->out, "%s", import_path(places[_i]));
    make_wanted();
    ck_assert(!run_killed(3));
    import_expect(rgm_import_folder, RGM_OK, "going on after ");
    import_same();
    c->options.overwrite = 1;
    import_expect(rgm_import_folder, RGM_OK, NULL);
    ck_assert_int_eq(c->report.files, FILES);
}
END_TEST

/* A journal that somebody made, all hashes right, whose images have another size. */
START_TEST(test_forged) {
    char said[] = "damaged at picture 5";
    rgm_stage *stage, *forged;
    rgm_stage_record record;
    uint8_t *image = calloc(1, 4096);
    struct {
        char magic[8];
        uint64_t version, key;
    } head;
    int64_t done;
    int32_t anew, more = 1;
    ck_assert(!run_killed(6));
    int fd = open(journal, O_RDONLY);
    ck_assert(fd >= 0 && read(fd, &head, sizeof head) == sizeof head && close(fd) == 0);
    rgm_stop never = {0};
    ck_assert_int_eq(rgm_stage_open(&stage, c->out, head.key, &never, &done, &anew, &c->err), RGM_OK);
    ck_assert(!anew && done > 5);
    char other[4600];
    snprintf(other, sizeof other, "%s.other", c->out);
    ck_assert_int_eq(rgm_stage_open(&forged, other, head.key, &never, &done, &anew, &c->err), RGM_OK);
    for (rgm_stage_rewind(stage); rgm_stage_next(stage, &record, &more, &c->err) == RGM_OK && more;) {
        if (record.bytes) ck_assert_int_eq(rgm_stage_data(stage, &record, image, &c->err), RGM_OK);
        if (record.index == 5) record.bytes = 1;
        record.hash = XXH3_64bits(image, (size_t)record.bytes);
        ck_assert_int_eq(rgm_stage_add(forged, &record, image, &c->err), RGM_OK);
    }
    ck_assert_int_eq(rgm_stage_commit(forged, &c->err), RGM_OK);
    rgm_stage_remove(stage);
    rgm_stage_close(stage);
    rgm_stage_close(forged);
    char from[4700], to[4700];
    snprintf(from, sizeof from, "%s.import", other);
    snprintf(to, sizeof to, "%s.import", c->out);
    ck_assert_int_eq(rename(from, to), 0);
    import_expect(rgm_import_folder, RGM_E_FORMAT, said);
    free(image);
}
END_TEST

/* What is no staging is left alone; two imports do not write to one. */
START_TEST(test_place_taken) {
    char folder[4600], file[4700];
    snprintf(folder, sizeof folder, "%s.import", c->out);
    snprintf(file, sizeof file, "%s/mine", folder);
    ck_assert_int_eq(mkdir(folder, 0777), 0);
    int fd = open(file, O_CREAT | O_WRONLY, 0666);
    ck_assert(fd >= 0 && close(fd) == 0);
    import_expect(rgm_import_folder, RGM_E_USAGE, "exists and is not an import's");
    ck_assert(access(file, F_OK) == 0 && unlink(file) == 0);
    fd = open(journal, O_CREAT | O_RDWR, 0666);
    ck_assert(fd >= 0 && write(fd, "something of somebody", 21) == 21);
    import_expect(rgm_import_folder, RGM_E_USAGE, "exists and is not an import's");
    ck_assert_int_eq(size_of(journal), 21);
    ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
    import_expect(rgm_import_folder, RGM_E_USAGE, "another import is writing there");
    ck_assert(close(fd) == 0 && unlink(journal) == 0 && rmdir(folder) == 0);
    fd = open(folder, O_CREAT | O_WRONLY, 0666);
    ck_assert(fd >= 0 && close(fd) == 0);
    import_expect(rgm_import_folder, RGM_E_USAGE, "exists and is not an import's");
    ck_assert_int_eq(unlink(folder), 0);
    ck_assert_int_eq(mkdir(folder, 0777), 0); /* an empty folder is what a kill may leave */
    import_expect(rgm_import_folder, RGM_OK, NULL);
}
END_TEST

/* A limit on the size of files stands for a full disk. */
START_TEST(test_full_disk) {
    struct rlimit old, limit;
    make_wanted();
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &old), 0);
    limit = old;
    limit.rlim_cur = 80000;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    import_expect(rgm_import_folder, RGM_E_IO, "data: cannot write: File too large");
    ck_assert(access(c->out, F_OK) != 0);
    limit.rlim_cur = 160000; /* for the staging, not for the file */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    import_expect(rgm_import_folder, RGM_E_IO, "out.h5: cannot ");
    ck_assert(access(c->out, F_OK) != 0 && c->report.gone_on > 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &old), 0);
    import_expect(rgm_import_folder, RGM_OK, "going on after ");
    ck_assert_int_eq(c->report.gone_on, FILES);
    import_same();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("import resumed");
    TCase *tests = tcase_create("resumed");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, test_killed, 0, 2);
    tcase_add_test(tests, test_torn);
    tcase_add_test(tests, test_stopped);
    tcase_add_test(tests, test_anew);
    tcase_add_test(tests, test_other_seed);
    tcase_add_test(tests, test_picture_changed);
    tcase_add_loop_test(tests, test_inside, 0, 2);
    tcase_add_test(tests, test_forged);
    tcase_add_test(tests, test_place_taken);
    tcase_add_test(tests, test_full_disk);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
