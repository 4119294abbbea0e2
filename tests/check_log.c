/* The log: levels, the hook, receivers, also of a team's workers, files. */
#include "config.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/team.h"
#include "skip.h"

/* Runs the log with stderr captured, and with a receiver that has a file. */
static char captured[8192], filed[8192];
static rgm_log_file file_log;

static void slurp(const char *path, char *text, size_t bytes) {
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    size_t length = fread(text, 1, bytes - 1, file);
    text[length] = '\0';
    fclose(file);
}

static void take_into_file(void *context, int32_t level, const char *line) {
    rgm_error full;
    (void)context;
    rgm_log(level, "%s", line); /* to the process, or to the receiver before */
    if (rgm_log_file_add(&file_log, level, line, &full) < 0) rgm_log(RGM_LOG_WARN, "%s", full.text);
}

static void with_captured_log(void (*write)(void)) {
    const char *parent = getenv("TMPDIR");
    char folder[256], path[300], log_path[300];
    snprintf(folder, sizeof folder, "%s/check_base.XXXXXX", parent ? parent : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/stderr", folder);
    snprintf(log_path, sizeof log_path, "%s/log.txt", folder);
    int saved = dup(2);
    ck_assert_ptr_nonnull(freopen(path, "w", stderr));
    rgm_log_receiver receiver = {.take = take_into_file};
    rgm_status opened = rgm_log_file_open(&file_log, log_path, NULL);
    rgm_log_set_level(RGM_LOG_INFO);
    rgm_log_receive(&receiver);
    write();
    rgm_log_release(&receiver);
    rgm_log_file_close(&file_log);
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    slurp(path, captured, sizeof captured);
    slurp(log_path, filed, sizeof filed);
    unlink(path);
    unlink(log_path);
    rmdir(folder);
    ck_assert_int_eq(opened, RGM_OK);
}

static void write_levels(void) {
    for (int level = RGM_LOG_ERROR; level <= RGM_LOG_DEBUG; level++) rgm_log(level, "line %d\nof \033%s", level, "log");
    rgm_log(-7, "below");
    rgm_log(99, "above");
}

START_TEST(log_levels) {
    with_captured_log(write_levels);
    ck_assert_str_eq(captured, "regimen: error: line 0?of ?log\n"
                               "regimen: warning: line 1?of ?log\n"
                               "line 2?of ?log\n"
                               "regimen: error: below\n");
    static const char *const kinds[] = {"error: line 0", "warning: line 1", "info: line 2",
                                        "debug: line 3", "error: below",    "debug: above"};
    char *line = filed;
    for (int k = 0; k < 6; k++) {
        int year, end = 0;
        ck_assert_int_eq(sscanf(line, "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ %n", &year, &end), 1);
        ck_assert_int_eq(strncmp(line + end, kinds[k], strlen(kinds[k])), 0);
        line = strchr(line, '\n') + 1;
    }
    ck_assert_str_eq(line, "");
}
END_TEST

static void write_quietly(void) {
    rgm_log_set_level(RGM_LOG_ERROR);
    write_levels();
}

START_TEST(log_quiet) {
    with_captured_log(write_quietly);
    ck_assert_str_eq(captured, "regimen: error: line 0?of ?log\nregimen: error: below\n");
    ck_assert_ptr_nonnull(strstr(filed, "debug: line 3"));
}
END_TEST

static void note_hook(void *context, int before) { fprintf(stderr, "<%s%d>", (const char *)context, before); }

static void write_with_hook(void) {
    rgm_log_set_hook(note_hook, "h");
    rgm_log(RGM_LOG_INFO, "seen");
    rgm_log(RGM_LOG_DEBUG, "not on stderr");
    rgm_log_set_hook(NULL, NULL);
    rgm_log(RGM_LOG_INFO, "again");
}

START_TEST(log_hook_frames_stderr_lines) {
    with_captured_log(write_with_hook);
    ck_assert_str_eq(captured, "<h1>seen\n<h0>again\n");
}
END_TEST

static void write_long_line(void) {
    char lengthy[5000];
    memset(lengthy, 'y', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    rgm_log(RGM_LOG_INFO, "%s", lengthy);
}

START_TEST(log_long_line_is_cut) {
    with_captured_log(write_long_line);
    ck_assert_uint_lt(strlen(captured), 2100);
    ck_assert_ptr_nonnull(strstr(captured, "yyy...\n"));
}
END_TEST

START_TEST(log_cannot_open) {
    rgm_error err = {0};
    ck_assert_int_eq(rgm_log_file_open(&file_log, "/nonexistent/log.txt", &err), RGM_E_IO);
    ck_assert_ptr_nonnull(strstr(err.text, "/nonexistent/log.txt"));
}
END_TEST

static void write_to_full_disk(void) {
    rgm_log_file_close(&file_log);
    rgm_log_file_open(&file_log, "/dev/full", NULL);
    rgm_log(RGM_LOG_INFO, "one");
    rgm_log(RGM_LOG_INFO, "two");
}

START_TEST(log_survives_a_full_disk) {
    if (access("/dev/full", W_OK) != 0) SKIP("no /dev/full");
    with_captured_log(write_to_full_disk);
    ck_assert_ptr_nonnull(strstr(captured, "one\nregimen: warning: the log file cannot be written"));
    ck_assert_ptr_nonnull(strstr(captured, "closed: No space left on device\ntwo\n"));
}
END_TEST

static void write_unasked(void) {
    rgm_log_set_level(RGM_LOG_SILENT);
    write_levels();
}

/* No program has set a level: a library says nothing. */
START_TEST(log_is_silent_unless_asked) {
    with_captured_log(write_unasked);
    ck_assert_str_eq(captured, "");
    ck_assert_ptr_nonnull(strstr(filed, "error: line 0"));
}
END_TEST

typedef struct heard {
    char text[256];
} heard;

static void hear(void *context, int32_t level, const char *line) {
    heard *h = context;
    size_t used = strlen(h->text);
    snprintf(h->text + used, sizeof h->text - used, "%d %s;", level, line);
    if (strcmp(line, "pass on") == 0) rgm_log(RGM_LOG_ERROR, "passed on");
}

static void *log_elsewhere(void *unused) {
    (void)unused;
    rgm_log(RGM_LOG_INFO, "of another thread");
    return NULL;
}

/* Receivers nest, and are of one thread. */
START_TEST(log_receivers) {
    heard first = {0}, second = {0};
    rgm_log_receiver outer = {.take = hear, .context = &first}, inner = {.take = hear, .context = &second};
    pthread_t thread;
    rgm_log_receive(&outer);
    rgm_log(RGM_LOG_INFO, "one");
    rgm_log_receive(&inner);
    rgm_log(RGM_LOG_WARN, "two\n");
    rgm_log(RGM_LOG_INFO, "pass on");
    ck_assert_int_eq(pthread_create(&thread, NULL, log_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    rgm_log_release(&inner);
    rgm_log(RGM_LOG_DEBUG, "three");
    rgm_log_release(&outer);
    rgm_log(RGM_LOG_INFO, "of nobody");
    ck_assert_str_eq(first.text, "2 one;0 passed on;3 three;");
    ck_assert_str_eq(second.text, "1 two?;2 pass on;");
}
END_TEST

static rgm_status say_chunk(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)context, (void)worker, (void)err;
    rgm_log(RGM_LOG_WARN, "chunk");
    return chunk < 0 ? RGM_E_INTERNAL : RGM_OK;
}

static void count_line(void *context, int32_t level, const char *line) {
    int *count = context;
    if (level == RGM_LOG_WARN && strcmp(line, "chunk") == 0) ++*count; /* one at a time */
}

/* Whoever took the chunk, its line goes to the receiver of the thread that runs the team; later ones do not. */
START_TEST(log_of_workers) {
    enum { CHUNKS = 1000 };
    rgm_error err = {0};
    rgm_team *team;
    int count = 0;
    rgm_log_receiver receiver = {.take = count_line, .context = &count};
    ck_assert_msg(rgm_team_create(&team, &(rgm_team_options){3, RGM_PIN_OFF}, &err) == RGM_OK, "%s", err.text);
    rgm_log_receive(&receiver);
    ck_assert_int_eq(rgm_team_for(team, say_chunk, NULL, CHUNKS, &err), RGM_OK);
    rgm_log_release(&receiver);
    ck_assert_int_eq(count, CHUNKS);
    ck_assert_int_eq(rgm_team_for(team, say_chunk, NULL, CHUNKS, &err), RGM_OK);
    ck_assert_int_eq(count, CHUNKS);
    rgm_team_destroy(team);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("log");
    TCase *log = tcase_create("log");
    suite_add_tcase(suite, log);
    tcase_add_test(log, log_levels);
    tcase_add_test(log, log_quiet);
    tcase_add_test(log, log_hook_frames_stderr_lines);
    tcase_add_test(log, log_is_silent_unless_asked);
    tcase_add_test(log, log_receivers);
    tcase_add_test(log, log_long_line_is_cut);
    tcase_add_test(log, log_cannot_open);
    tcase_add_test(log, log_survives_a_full_disk);
    tcase_add_test(log, log_of_workers);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
