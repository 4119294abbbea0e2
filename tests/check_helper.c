/* The helper program: foreign sets and plugins are opened after a team has run, while one runs, and from two threads at
 * once; and what it is told and tells. The program is its own helper where one must misbehave. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/helper.h"
#include "base/place.h"
#include "base/team.h"
#include "data/rehearsal.h"
#include "make_set.h"
#include "plug/knobs.h"
#include "plug/plug.h"

enum { ROUNDS = 6, OTHER_FILE = 99, LARGE = 5 << 20 };

static char *folder;
static char set_path[4400];

static const rgm_test_set small = {.train = 23, .test = 9, .H = 5, .W = 3, .C = 2, .classes = 4, .constants = 1};

static void setup(void) {
    folder = make_folder();
    snprintf(set_path, sizeof set_path, "%s/set.h5", folder);
    make_set(set_path, &small);
}
static void teardown(void) { remove_folder(folder); }

/* ---- a helper that misbehaves ---- */

static void note(const char *path, long number) {
    FILE *file = fopen(path, "w");
    if (!file || fprintf(file, "%ld", number) < 0 || fclose(file) != 0) _exit(9);
}

static void put(int channel, const void *bytes, size_t size) {
    if (write(channel, bytes, size) != (ssize_t)size) _exit(9);
}

/* This program with the arguments of a helper. */
static int misbehave(char **argv) {
    const char *how = getenv("RGM_FAKE"), *path = getenv("RGM_FAKE_NOTE");
    int channel = atoi(argv[2]);
    char greeting[RGM_HELPER_GREETING];
    rgm_error said = {.status = RGM_E_USAGE, .text = "deaf"};
    if (strcmp(how, "silent") == 0) return 0;
    rgm_helper_greeting(greeting);
    if (strcmp(how, "stranger") == 0) greeting[strlen(greeting) - 1] = '0';
    put(channel, greeting, sizeof greeting);
    if (strcmp(how, "stranger") == 0 || strcmp(how, "hang") == 0) pause();
    if (strcmp(how, "offspring") == 0) {
        pid_t child = fork();
        if (child == 0) pause();
        note(path, child);
    }
    if (strcmp(how, "files") == 0) note(path, fcntl(OTHER_FILE, F_GETFD) >= 0);
    put(channel, &said, sizeof said);
    return 0;
}

static void use_fake(const char *how) {
    char path[RGM_PLACE_PATH];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    ck_assert(length > 0);
    path[length] = '\0';
    ck_assert(symlink(path, in_folder(folder, "regimen-try")) == 0);
    ck_assert(setenv("REGIMEN_LIBEXEC", folder, 1) == 0 && setenv("RGM_FAKE", how, 1) == 0 &&
              setenv("RGM_FAKE_NOTE", in_folder(folder, "note"), 1) == 0);
}

static long noted(void) {
    long number = -1;
    FILE *file = fopen(in_folder(folder, "note"), "r");
    ck_assert(file && fscanf(file, "%ld", &number) == 1);
    fclose(file);
    return number;
}

static rgm_status run_fake(const char *how, int32_t seconds, rgm_helper_result *result, rgm_error *err) {
    static const char request[LARGE];
    const rgm_helper_task task = {.mode = "data", .fd = 0, .request = request, .size = LARGE, .seconds = seconds};
    use_fake(how);
    return rgm_helper_run(&task, result, err);
}

/* ---- starting, refused ---- */

static int spawn_error; /* of every posix_spawn of this program; 0: it goes through */

/* Before the C library's. */
__attribute__((visibility("default"))) int posix_spawn(pid_t *restrict child, const char *restrict path,
                                                       const posix_spawn_file_actions_t *files,
                                                       const posix_spawnattr_t *restrict attributes,
                                                       char *const argv[restrict], char *const envp[restrict]) {
    return spawn_error ? spawn_error : posix_spawnp(child, path, files, attributes, argv, envp);
}

static rgm_status open_it(rgm_error *err) {
    rgm_dataset *set;
    rgm_status status = rgm_dataset_open(&set, set_path, NULL, err);
    rgm_dataset_close(set);
    return status;
}

static rgm_status load(const char *file, rgm_registry **registry, rgm_error *err) {
    const rgm_registry_knobs knobs = {.ignore_path = 1};
    rgm_registry_options options = {.files = &file, .file_count = 1, .folder = "", .knobs = &knobs};
    return rgm_registry_create(registry, &options, err);
}

static rgm_status load_it(rgm_error *err) {
    rgm_registry *registry;
    rgm_status status = load(RGM_FIXTURES "/good.so", &registry, err);
    rgm_registry_destroy(registry);
    return status;
}

static const struct {
    int error;
    rgm_status status;
    const char *word;
} refusals[] = {{EAGAIN, RGM_E_IO, "limit: ulimit -u"},
                {EMFILE, RGM_E_IO, "limit: ulimit -n"},
                {ENOMEM, RGM_E_NOMEM, "child process"},
                {ENOENT, RGM_E_IO, "is missing"},
                {EACCES, RGM_E_IO, "Permission denied"}};

START_TEST(test_refused) {
    for (int plugin = 0; plugin < 2; plugin++) {
        rgm_error err = {0};
        spawn_error = refusals[_i].error;
        ck_assert_int_eq(plugin ? load_it(&err) : open_it(&err), refusals[_i].status);
        ck_assert_msg(strstr(err.text, refusals[_i].word), "%s", err.text);
        ck_assert_msg(strstr(err.text, plugin ? "good.so" : "set.h5"), "%s", err.text);
    }
}
END_TEST

START_TEST(test_missing) {
    rgm_error err = {0};
    ck_assert(setenv("REGIMEN_LIBEXEC", "/nowhere", 1) == 0);
    ck_assert_int_eq(open_it(&err), RGM_E_IO);
    ck_assert_msg(strstr(err.text, "/nowhere/regimen-try"), "%s", err.text);
    ck_assert_int_eq(load_it(&err), RGM_E_IO);
    ck_assert_msg(strstr(err.text, "/nowhere/regimen-try"), "%s", err.text);
}
END_TEST

START_TEST(test_another_version) {
    rgm_helper_result result;
    rgm_error err = {0};
    ck_assert_int_eq(run_fake(_i ? "silent" : "stranger", 0, &result, &err), RGM_E_IO);
    ck_assert_msg(strstr(err.text, _i ? "cannot begin (exit code 0)" : "is of another version"), "%s", err.text);
    ck_assert_msg(strstr(err.text, in_folder(folder, "regimen-try")), "%s", err.text);
}
END_TEST

/* ---- what it is told, and tells ---- */

/* It answers without reading: no SIGPIPE, and the answer counts. */
START_TEST(test_deaf) {
    rgm_helper_result result;
    rgm_error err = {0};
    ck_assert_msg(run_fake("deaf", 0, &result, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(result.how, RGM_HELPER_SAID);
    ck_assert_int_eq(result.verdict.status, RGM_E_USAGE);
    ck_assert_str_eq(result.verdict.text, "deaf");
}
END_TEST

START_TEST(test_late) {
    rgm_helper_result result;
    rgm_error err = {0};
    ck_assert_msg(run_fake("hang", 1, &result, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(result.how, RGM_HELPER_LATE);
    ck_assert(WIFSIGNALED(result.ended) && waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
}
END_TEST

/* A request of megabytes comes through; what is no request is answered. */
START_TEST(test_large_request) {
    static char request[LARGE];
    const char *const modes[] = {"data", "plugin", "unknown"};
    memset(request, 'a', sizeof request);
    const rgm_helper_task task = {.mode = modes[_i], .fd = 0, .request = request, .size = sizeof request};
    rgm_helper_result result;
    rgm_error err = {0};
    ck_assert_msg(rgm_helper_run(&task, &result, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(result.how, RGM_HELPER_SAID);
    ck_assert_int_eq(result.verdict.status, RGM_E_INTERNAL);
}
END_TEST

/* Is there a process of this number that has not ended? */
static int is_alive(long number) {
    char path[64], state = 'X';
    snprintf(path, sizeof path, "/proc/%ld/stat", number);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1) state = 'X';
    fclose(file);
    return state != 'X' && state != 'Z';
}

START_TEST(test_offspring_ends_with_it) {
    rgm_helper_result result;
    rgm_error err = {0};
    ck_assert_msg(run_fake("offspring", 0, &result, &err) == RGM_OK, "%s", err.text);
    long child = noted();
    for (int i = 0; i < 1000 && is_alive(child); i++) usleep(10000);
    ck_assert(!is_alive(child));
}
END_TEST

START_TEST(test_no_other_files) {
    rgm_helper_result result;
    rgm_error err = {0};
    int fd = open(set_path, O_RDONLY | O_CLOEXEC);
    ck_assert(fcntl(fd, F_DUPFD_CLOEXEC, OTHER_FILE) == OTHER_FILE);
    ck_assert_msg(run_fake("files", 0, &result, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(noted(), 0);
}
END_TEST

/* A program around it that has closed its standard files, or does not want to hear of children. */
START_TEST(test_hosts) {
    rgm_error err = {0};
    signal(SIGCHLD, SIG_IGN);
    ck_assert_msg(open_it(&err) == RGM_OK, "%s", err.text);
    signal(SIGCHLD, SIG_DFL);
    for (int fd = 0; fd < 2; fd++) close(fd);
    rgm_status opened = open_it(&err), loaded = load_it(&err);
    ck_assert_msg(opened == RGM_OK && loaded == RGM_OK, "%s", err.text);
}
END_TEST

/* ---- with threads ---- */

static rgm_team *make_team(void) {
    rgm_team *team;
    rgm_error err = {0};
    const rgm_team_options options = {.threads = 3, .pin = RGM_PIN_OFF};
    ck_assert_msg(rgm_team_create(&team, &options, &err) == RGM_OK, "%s", err.text);
    return team;
}

static rgm_status count_chunk(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker, (void)err;
    atomic_fetch_add((atomic_int *)context, 1);
    return RGM_OK;
}

static int count_files(void) {
    int count = 0;
    DIR *all = opendir("/proc/self/fd");
    while (readdir(all)) count++;
    closedir(all);
    return count;
}

/* One of two that start together. */
typedef struct opener {
    pthread_barrier_t *start;
    const char *plugin;
    rgm_status status;
    rgm_error err;
} opener;

static rgm_status open_both(const char *plugin, rgm_error *err) {
    rgm_registry *registry;
    rgm_dataset *set;
    RGM_TRY(rgm_dataset_open(&set, set_path, NULL, err));
    int right = holds(set, &small);
    rgm_dataset_close(set);
    if (!right) return rgm_fail(err, RGM_E_INTERNAL, "another content");
    RGM_TRY(load(plugin, &registry, err));
    size_t count = rgm_registry_count(registry);
    rgm_registry_destroy(registry);
    return count > 0 ? RGM_OK : rgm_fail(err, RGM_E_INTERNAL, "%s: no component", plugin);
}

static void *open_often(void *context) {
    opener *o = context;
    pthread_barrier_wait(o->start);
    for (int i = 0; i < ROUNDS && o->status == RGM_OK; i++) o->status = open_both(o->plugin, &o->err);
    return NULL;
}

static void open_from_two(const char *first, const char *second) {
    pthread_barrier_t start;
    pthread_t threads[2];
    opener openers[2] = {{.start = &start, .plugin = first}, {.start = &start, .plugin = second}};
    pthread_barrier_init(&start, NULL, 2);
    for (int i = 0; i < 2; i++) ck_assert(pthread_create(&threads[i], NULL, open_often, &openers[i]) == 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) ck_assert_msg(openers[i].status == RGM_OK, "%s", openers[i].err.text);
    pthread_barrier_destroy(&start);
}

/* The same plugin at once in both, or two; then the team runs again, and nothing is left. */
START_TEST(test_after_a_team) {
    const char *const second = _i ? RGM_FIXTURES "/brightness.so" : RGM_FIXTURES "/good.so";
    rgm_team *team = make_team();
    rgm_error err = {0};
    atomic_int done = 0;
    ck_assert_int_eq(rgm_team_for(team, count_chunk, &done, 7, &err), RGM_OK);
    open_from_two(RGM_FIXTURES "/good.so", second);
    int files = count_files();
    open_from_two(RGM_FIXTURES "/good.so", second);
    ck_assert_int_eq(count_files(), files);
    ck_assert_int_eq(rgm_team_for(team, count_chunk, &done, 7, &err), RGM_OK);
    ck_assert_int_eq(atomic_load(&done), 14);
    ck_assert(waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
    rgm_team_destroy(team);
}
END_TEST

static atomic_int enough, runs;

static void *run_team(void *context) {
    (void)context;
    rgm_team *team = make_team();
    atomic_int done = 0;
    while (!atomic_load(&enough)) {
        rgm_team_for(team, count_chunk, &done, 7, NULL);
        atomic_fetch_add(&runs, 1);
    }
    rgm_team_destroy(team);
    return NULL;
}

START_TEST(test_while_a_team_runs) {
    pthread_t thread;
    atomic_store(&enough, 0);
    ck_assert(pthread_create(&thread, NULL, run_team, NULL) == 0);
    while (atomic_load(&runs) == 0) usleep(1000);
    open_from_two(RGM_FIXTURES "/good.so", RGM_FIXTURES "/brightness.so");
    atomic_store(&enough, 1);
    pthread_join(thread, NULL);
}
END_TEST

int main(int argc, char **argv) {
    if (argc > 1) return misbehave(argv);
    Suite *suite = suite_create("helper");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, test_refused, 0, (int)(sizeof refusals / sizeof *refusals));
    tcase_add_test(all, test_missing);
    tcase_add_loop_test(all, test_another_version, 0, 2);
    tcase_add_test(all, test_deaf);
    tcase_add_test(all, test_late);
    tcase_add_loop_test(all, test_large_request, 0, 3);
    tcase_add_test(all, test_offspring_ends_with_it);
    tcase_add_test(all, test_no_other_files);
    tcase_add_test(all, test_hosts);
    tcase_add_loop_test(all, test_after_a_team, 0, 2);
    tcase_add_test(all, test_while_a_team_runs);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
