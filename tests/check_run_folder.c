/* The run folder as `regimen train` keeps it, whatever ends the process and whatever cannot be written. Each command
 * runs in a child process, whose calls of the system are watched here. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "make_set.h"
#include "train_run.h"
#include "skip.h"

/* ---- the calls ---- */

enum { NOTHING = 0, KILL_BEFORE, KILL_AMID, FAIL, STOP };

/* What happens at the at-th write to a file whose name has `part` in it. */
typedef struct trap {
    int32_t what, error, at;
    const char *part;
} trap;

static trap set_trap;
static int32_t trap_count, metrics_dirty, config_dirty, no_locks;

static const char *name_of(int fd) {
    static char name[512];
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    name[length < 0 ? 0 : length] = 0;
    return name;
}

/* 1: the call is to fail; *size: how much of it is written. */
static int32_t spring(int fd, size_t *size) {
    if (!set_trap.what || !strstr(name_of(fd), set_trap.part) || ++trap_count < set_trap.at) return 0;
    if (set_trap.what == STOP) {
        if (trap_count == set_trap.at) raise(SIGTERM);
        return 0;
    }
    if (set_trap.what == FAIL) {
        errno = set_trap.error;
        return 1;
    }
    *size = set_trap.what == KILL_AMID ? *size / 2 : 0;
    return 2;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    size_t part = size;
    int32_t how = fd > 2 ? spring(fd, &part) : 0;
    if (how == 1) return -1;
    if (fd > 2 && strstr(name_of(fd), "/metrics.jsonl")) metrics_dirty = 1;
    if (fd > 2 && strstr(name_of(fd), "/config.yaml")) config_dirty = 1;
    ssize_t written = syscall(SYS_write, fd, bytes, part);
    if (how == 2) kill(getpid(), SIGKILL);
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
    size_t part = size;
    int32_t how = spring(fd, &part);
    if (how == 1) return -1;
    ssize_t written = syscall(SYS_pwrite64, fd, bytes, part, offset);
    if (how == 2) kill(getpid(), SIGKILL);
    return written;
}

int fsync(int fd) {
    if (strstr(name_of(fd), "/metrics.jsonl")) metrics_dirty = 0;
    if (strstr(name_of(fd), "/config.yaml")) config_dirty = 0;
    return (int)syscall(SYS_fsync, fd);
}

/* What a checkpoint needs is on the disk before it, and a file before its name. */
int rename(const char *from, const char *to) {
    if (strstr(to, ".h5") && metrics_dirty) _exit(88);
    if (strstr(to, "config.yaml") && config_dirty) _exit(89);
    if (strstr(to, "metrics.jsonl") && metrics_dirty) _exit(90);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int flock(int fd, int operation) {
    if (!no_locks) return (int)syscall(SYS_flock, fd, operation);
    errno = ENOLCK;
    return -1;
}

/* ---- commands ---- */

static char *folder, set[512], whole[512], run_path[512], said_path[512], said[1 << 16];

static void set_up(void) {
    folder = make_folder();
    snprintf(set, sizeof set, "%s", in_folder(folder, "set.h5"));
    snprintf(whole, sizeof whole, "%s", in_folder(folder, "whole"));
    snprintf(run_path, sizeof run_path, "%s", in_folder(folder, "run"));
    snprintf(said_path, sizeof said_path, "%s", in_folder(folder, "said"));
    run_set_write(set, &(run_set){.H = 6, .W = 6, .C = 1, .classes = 3, .train = 18, .validation = 9, .test = 9});
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static void remove_all(const char *path) { nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static void tear_down(void) {
    remove_all(folder);
    free(folder);
}

static const char *in_run(const char *name) {
    static char path[640];
    snprintf(path, sizeof path, "%s/%s", run_path, name);
    return path;
}

static void run_child(const trap *t, int argc, char **argv) {
    rgm_error err = {0};
    int out = open("/dev/null", O_WRONLY), text = open(said_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(out, 1);
    dup2(text, 2);
    signal(SIGTERM, SIG_DFL); /* Check has a handler of its own, which would be respected */
    rgm_interrupt_install();
    rgm_log_set_level(RGM_LOG_INFO);
    if (t) set_trap = *t;
    rgm_status status = rgm_cmd_train(argc, argv, &err);
    set_trap.what = NOTHING;
    if (status < 0) fprintf(stderr, "error: %s\n", err.text);
    fflush(NULL);
    _exit(rgm_status_exit_code(status));
}

static void read_said(void) {
    FILE *in = fopen(said_path, "r");
    ck_assert_ptr_nonnull(in);
    said[fread(said, 1, sizeof said - 1, in)] = 0;
    fclose(in);
}

/* `regimen train LINE`, split at blanks; returns the exit code, or 128 + the signal. */
static int command(const trap *t, const char *line) {
    static char copy[4096];
    char *argv[64] = {"train"};
    int argc = 1, how = 0;
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) run_child(t, argc, argv);
    ck_assert_int_eq(waitpid(pid, &how, 0), pid);
    read_said();
    return WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

#define expect_code(code, call)                                                                                        \
    do {                                                                                                               \
        int code_ = (call);                                                                                            \
        ck_assert_msg(code_ == (code), "exit code %d, expected %d: %s", code_, (code), said);                          \
    } while (0)

static const char *fresh(const char *out, const char *more) {
    static char line[4096];
    snprintf(line, sizeof line,
             "%s --model linear --batch 6 --threads 1 --set metrics.every=1 --set augment=[] --quiet --out %s %s", set,
             out, more);
    return line;
}

static const char *resumed(void) {
    static char line[1024];
    snprintf(line, sizeof line, "--resume %s --quiet", run_path);
    return line;
}

/* ---- events ---- */

/* All events without times; "start" of going on is the one that may come more often. */
static json_t *events(const char *run) {
    char path[640], *line = NULL;
    size_t room = 0;
    ssize_t length;
    json_t *all = json_array();
    snprintf(path, sizeof path, "%s/metrics.jsonl", run);
    FILE *in = fopen(path, "r");
    ck_assert_ptr_nonnull(in);
    while ((length = getline(&line, &room, in)) > 0) {
        json_t *event = json_loadb(line, (size_t)length, 0, NULL);
        ck_assert_msg(event != NULL, "%s: no event: %s", path, line);
        const char *file = json_string_value(json_object_get(event, "file"));
        if (file) json_object_set_new(event, "file", json_string(strrchr(file, '/')));
        json_object_del(event, "seconds");
        json_object_del(event, "images_per_s");
        json_object_del(event, "wait_share");
        json_object_del(event, "batch_share");
        if (json_integer_value(json_object_get(event, "resumed")) == 0)
            json_array_append_new(all, event);
        else
            json_decref(event);
    }
    free(line);
    fclose(in);
    return all;
}

static int32_t is_event(const json_t *event, const char *name) {
    const char *text = json_string_value(json_object_get(event, "event"));
    return text && strcmp(text, name) == 0;
}

static int32_t event_count(const char *run) {
    json_t *all = events(run);
    int32_t count = (int32_t)json_array_size(all);
    json_decref(all);
    return count;
}

/* `stopped`: a stop makes a checkpoint that the other run does not have. */
static void check_events(const char *when, int32_t at, int32_t stopped) {
    json_t *a = events(whole), *b = events(run_path);
    for (size_t i = 0; stopped && i < json_array_size(b); i++)
        if (!json_equal(json_array_get(a, i), json_array_get(b, i)) && is_event(json_array_get(b, i), "checkpoint"))
            json_array_remove(b, i--), stopped--;
    for (size_t i = 0; i < json_array_size(a) || i < json_array_size(b); i++) {
        json_t *x = json_array_get(a, i), *y = json_array_get(b, i);
        if (json_equal(x, y)) continue;
        ck_abort_msg("%s %d: event %zu: expected %s, found %s", when, at, i, x ? json_dumps(x, 0) : "none",
                     y ? json_dumps(y, 0) : "none");
    }
    json_decref(a);
    json_decref(b);
}

static void check_same_events(const char *when, int32_t at) { check_events(when, at, 0); }

static const char *const settings[] = {
    "--epochs 3",
    "--epochs 2 --set save.minutes=1e-9", /* a checkpoint after each step */
    "--epochs 4 --set save.every=3 --set evaluate.every=2",
    "--epochs 9 --steps 7",
    "--epochs 9 --set early_stop.patience=2 --set early_stop.gain=1",
};

/* Killed before and amid each line that is written, and once more when it has gone on: the events of a run that was
 * not, once each. */
START_TEST(killed_at_every_line) {
    expect_code(0, command(NULL, fresh(whole, settings[_i])));
    int32_t lines = event_count(whole);
    for (int32_t at = 1; at <= lines; at++) {
        remove_all(run_path);
        trap t = {.what = at % 2 ? KILL_BEFORE : KILL_AMID, .part = "/metrics.jsonl", .at = at};
        expect_code(128 + SIGKILL, command(&t, fresh(run_path, settings[_i])));
        t.at = 1 + at % 4;
        if (at % 3 == 0) command(&t, resumed()); /* in rewinding, the checkpoint's event, the start, or later */
        expect_code(0, command(NULL, resumed()));
        check_same_events("killed at line", at);
        ck_assert_int_ne(access(in_run("metrics.jsonl.tmp"), F_OK), 0);
    }
}
END_TEST

/* Stopped at each line: the state is saved, and the command that is named goes on, also amid an evaluation. */
START_TEST(stopped_at_every_line) {
    static const char told[] = "continue with: regimen train ";
    expect_code(0, command(NULL, fresh(whole, settings[_i])));
    int32_t lines = event_count(whole);
    for (int32_t at = 1; at <= lines; at++) {
        remove_all(run_path);
        trap t = {.what = STOP, .part = "/metrics.jsonl", .at = at};
        int code = command(&t, fresh(run_path, settings[_i]));
        if (code == 0 && at >= lines - 1) continue; /* behind its last evaluation it comes to its end */
        ck_assert_msg(code == 130, "stopped at line %d: exit code %d: %s", at, code, said);
        ck_assert_int_eq(access(in_run("checkpoints/last.h5"), F_OK), 0);
        char *next = strstr(said, told);
        ck_assert_msg(next != NULL, "no way on: %s", said);
        next[strcspn(next, "\n")] = 0;
        expect_code(0, command(NULL, next + sizeof told - 1));
        check_events("stopped at line", at, 1);
    }
}
END_TEST

/* The other way round: a checkpoint whose own event, or a part of it, was never written. */
START_TEST(an_event_that_is_missing) {
    expect_code(0, command(NULL, fresh(whole, "--epochs 3")));
    for (int32_t at = 1; at <= 3; at++) {
        remove_all(run_path);
        trap t = {.what = KILL_BEFORE, .part = ".last.h5.", .at = 10000};
        expect_code(0, command(&t, fresh(run_path, "--epochs 3")));
        json_t *all = events(run_path);
        int32_t checkpoints = 0, keep = 0;
        for (size_t i = 0; i < json_array_size(all); i++) {
            const char *file = json_string_value(json_object_get(json_array_get(all, i), "file"));
            checkpoints += file && strcmp(file, "/last.h5") == 0;
            if (checkpoints == 3 && !keep) keep = (int32_t)i;
        }
        ck_assert_int_eq(checkpoints, 3);
        json_decref(all);
        FILE *file = fopen(in_run("metrics.jsonl"), "r+"); /* cut before the last checkpoint's event, or in it */
        for (int c, line = 0; line < keep && (c = getc(file)) != EOF;) line += c == '\n';
        ck_assert_int_eq(ftruncate(fileno(file), ftell(file) + (at - 1) * 20), 0);
        fclose(file);
        expect_code(0, command(NULL, resumed()));
        check_same_events("cut", at);
    }
}
END_TEST

/* The keys of every event are those of docs/FILES.md. */
static void check_keys(json_t *event, const char *row) {
    const char *key;
    json_t *value;
    char quoted[64];
    size_t documented = 0;
    for (const char *at = strchr(row, '`'); at; at = strchr(at + 1, '`')) documented++;
    json_object_foreach(event, key, value) {
        (void)value;
        if (strcmp(key, "event") == 0 || strcmp(key, "step") == 0 || strcmp(key, "epoch") == 0) continue;
        snprintf(quoted, sizeof quoted, "`%s`", key);
        ck_assert_msg(strstr(row, quoted) != NULL, "the key %s is not in the row: %s", key, row);
        documented -= 2;
    }
    ck_assert_msg(documented == 0, "%s: keys are missing from %s", row, json_dumps(event, 0));
    ck_assert(json_is_integer(json_object_get(event, "step")) && json_is_integer(json_object_get(event, "epoch")));
}

/* The last column of an event's row in the table of events, until the next call; NULL: none. */
static char *find_row(char *document, const char *event) {
    static char row[4096];
    char start[64];
    snprintf(start, sizeof start, "\n| `%s` |", event);
    const char *found = strstr(document, start);
    if (!found) return NULL;
    snprintf(row, sizeof row, "%.*s", (int)strcspn(found + 1, "\n"), found + 1);
    char *last = strrchr(row, '|');
    *last = 0;
    return strrchr(row, '|');
}

START_TEST(the_document_lists_the_keys) {
    static char document[1 << 16];
    FILE *in = fopen(RGM_FILES_MD, "r");
    ck_assert_ptr_nonnull(in);
    document[fread(document, 1, sizeof document - 1, in)] = 0;
    fclose(in);
    expect_code(0, command(NULL, fresh(run_path, "--epochs 1")));
    in = fopen(in_run("metrics.jsonl"), "r");
    char *line = NULL;
    size_t room = 0, kinds = 0;
    char seen[16][32];
    while (getline(&line, &room, in) > 0) {
        json_t *event = json_loads(line, 0, NULL);
        const char *name = json_string_value(json_object_get(event, "event"));
        char *row = find_row(document, name);
        ck_assert_msg(row != NULL, "no row of the event %s", name);
        check_keys(event, row);
        size_t k = 0;
        while (k < kinds && strcmp(seen[k], name) != 0) k++;
        if (k == kinds) snprintf(seen[kinds++], sizeof seen[0], "%s", name);
        json_decref(event);
    }
    ck_assert_uint_eq(kinds, 5);
    free(line);
    fclose(in);
}
END_TEST

/* ---- what cannot be written ---- */

static const struct {
    trap t;
    const char *name;
    int32_t begun; /* 1: there is a run to be resumed */
} full[] = {
    {{FAIL, ENOSPC, 1, "/config.yaml"}, "config.yaml", 0},
    {{FAIL, ENOSPC, 1, "/metrics.jsonl"}, "metrics.jsonl", 1},
    {{FAIL, ENOSPC, 3, "/metrics.jsonl"}, "metrics.jsonl", 1},
    {{FAIL, EDQUOT, 9, "/metrics.jsonl"}, "metrics.jsonl", 1},
    {{FAIL, ENOSPC, 1, ".best.h5."}, "best.h5", 1},
    {{FAIL, ENOSPC, 1, ".last.h5."}, "last.h5", 1},
    {{FAIL, EIO, 40, ".last.h5."}, "last.h5", 1},
};

START_TEST(a_full_disk) {
    expect_code(0, command(NULL, fresh(whole, "--epochs 3")));
    expect_code(3, command(&full[_i].t, fresh(run_path, "--epochs 3")));
    const char *error = strstr(said, "error: ");
    ck_assert_msg(error && strstr(error, full[_i].name) && strstr(error, strerror(full[_i].t.error)), "%s", said);
    if (full[_i].begun) {
        ck_assert_msg(strstr(said, "with: regimen train --resume ") || full[_i].t.at == 1, "no way on: %s", said);
        expect_code(2, command(NULL, fresh(run_path, "--epochs 3")));
        ck_assert_msg(strstr(said, "continue it with regimen train --resume "), "%s", said);
        expect_code(0, command(NULL, resumed()));
    } else {
        expect_code(2, command(NULL, resumed()));
        expect_code(0, command(NULL, fresh(run_path, "--epochs 3")));
    }
    check_same_events("a full disk", _i);
}
END_TEST

/* A run goes on although its log cannot be written, and says so. */
START_TEST(a_full_disk_under_the_log) {
    if (access("/dev/full", W_OK) != 0) SKIP("no /dev/full");
    trap t = {KILL_BEFORE, 0, 3, "/metrics.jsonl"};
    expect_code(128 + SIGKILL, command(&t, fresh(run_path, "--epochs 1")));
    ck_assert_int_eq(unlink(in_run("log.txt")), 0);
    ck_assert_int_eq(symlink("/dev/full", in_run("log.txt")), 0);
    expect_code(0, command(NULL, resumed()));
    ck_assert_msg(strstr(said, "the log file cannot be written and is closed: No space left"), "%s", said);
}
END_TEST

/* Killed while config.yaml is written: no run yet. Behind it: a run that begins again. */
START_TEST(killed_before_the_first_checkpoint) {
    expect_code(0, command(NULL, fresh(whole, "--epochs 2")));
    trap t = {KILL_AMID, 0, 1, "/config.yaml"};
    expect_code(128 + SIGKILL, command(&t, fresh(run_path, "--epochs 2")));
    expect_code(2, command(NULL, resumed()));
    expect_code(0, command(NULL, fresh(run_path, "--epochs 2")));
    check_same_events("killed in config.yaml", 0);
    t = (trap){KILL_AMID, 0, 2, "/metrics.jsonl"};
    remove_all(run_path);
    expect_code(128 + SIGKILL, command(&t, fresh(run_path, "--epochs 2")));
    ck_assert_int_eq(rmdir(in_run("checkpoints")), 0); /* it never came to that */
    char line[640];
    snprintf(line, sizeof line, "--resume %s", run_path);
    expect_code(0, command(NULL, line));
    ck_assert_msg(strstr(said, "no checkpoint was written before this run ended: it begins again"), "%s", said);
    check_same_events("killed before a checkpoint", 0);
}
END_TEST

/* The line of a resumed run is kept: the next one needs no options. */
START_TEST(options_of_a_resumed_run_are_kept) {
    char moved[512], line[2048];
    snprintf(moved, sizeof moved, "%s", in_folder(folder, "moved.h5"));
    expect_code(0, command(NULL, fresh(run_path, "--epochs 3 --steps 4")));
    ck_assert_int_eq(rename(set, moved), 0);
    trap t = {KILL_BEFORE, 0, 12, "/metrics.jsonl"};
    snprintf(line, sizeof line, "--resume %s --data %s --steps 0 --quiet", run_path, moved);
    expect_code(128 + SIGKILL, command(&t, line));
    expect_code(0, command(NULL, resumed()));
    expect_code(0, command(NULL, resumed()));
    FILE *in = fopen(in_run("log.txt"), "r");
    said[fread(said, 1, sizeof said - 1, in)] = 0;
    fclose(in);
    ck_assert_msg(strstr(said, "this run is finished (complete)"), "%s", said);
}
END_TEST

/* Whoever keeps a run's files elsewhere finds them there when it has gone on. */
START_TEST(links_stay_links) {
    static const char *const names[] = {"config.yaml", "metrics.jsonl"};
    char target[512], line[1024];
    struct stat there, before[2];
    expect_code(0, command(NULL, fresh(run_path, "--epochs 3 --steps 4")));
    for (int i = 0; i < 2; i++) {
        snprintf(target, sizeof target, "%s", in_folder(folder, names[i]));
        ck_assert_int_eq(rename(in_run(names[i]), target), 0);
        ck_assert_int_eq(symlink(target, in_run(names[i])), 0);
        ck_assert_int_eq(stat(target, &before[i]), 0);
    }
    snprintf(line, sizeof line, "--resume %s --steps 0 --quiet", run_path);
    expect_code(0, command(NULL, line));
    for (int i = 0; i < 2; i++) {
        ck_assert(lstat(in_run(names[i]), &there) == 0 && S_ISLNK(there.st_mode));
        ck_assert(stat(in_folder(folder, names[i]), &there) == 0 && there.st_ino != before[i].st_ino);
    }
}
END_TEST

/* A run that ended early, and whose best state somebody has taken away. */
START_TEST(no_best_is_a_warning) {
    expect_code(0, command(NULL, fresh(run_path, settings[4])));
    FILE *metrics = fopen(in_run("metrics.jsonl"), "w");
    fclose(metrics);
    ck_assert_int_eq(unlink(in_run("checkpoints/best.h5")), 0);
    expect_code(0, command(NULL, resumed()));
    ck_assert_msg(strstr(said, "best.h5 is missing: this is the result of the last state"), "%s", said);
}
END_TEST

START_TEST(no_locks_is_a_warning) {
    no_locks = 1;
    expect_code(0, command(NULL, fresh(run_path, "--epochs 1")));
    ck_assert_msg(strstr(said, "this file system has no locks (No locks available)"), "%s", said);
    expect_code(0, command(NULL, resumed()));
    no_locks = 0;
}
END_TEST

/* Two at once: the second is refused, whichever way it comes. */
START_TEST(one_process_a_folder) {
    expect_code(0, command(NULL, fresh(run_path, "--epochs 1")));
    int fd = open(run_path, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    expect_code(2, command(NULL, resumed()));
    ck_assert_msg(strstr(said, "run: another process is writing this run"), "%s", said);
    close(fd);
    expect_code(0, command(NULL, resumed()));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("run folders");
    TCase *tcase = tcase_create("folders");
    tcase_set_timeout(tcase, 600);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, killed_at_every_line, 0, sizeof settings / sizeof *settings);
    tcase_add_loop_test(tcase, stopped_at_every_line, 0, sizeof settings / sizeof *settings);
    tcase_add_test(tcase, an_event_that_is_missing);
    tcase_add_test(tcase, the_document_lists_the_keys);
    tcase_add_loop_test(tcase, a_full_disk, 0, sizeof full / sizeof *full);
    tcase_add_test(tcase, a_full_disk_under_the_log);
    tcase_add_test(tcase, killed_before_the_first_checkpoint);
    tcase_add_test(tcase, options_of_a_resumed_run_are_kept);
    tcase_add_test(tcase, links_stay_links);
    tcase_add_test(tcase, no_best_is_a_warning);
    tcase_add_test(tcase, no_locks_is_a_warning);
    tcase_add_test(tcase, one_process_a_folder);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
