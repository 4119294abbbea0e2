/* The shared library in a program that has everything of its own: locale, floating-point state, signal handlers,
 * OpenMP's and HDF5's settings, folder, umask, affinity. All of it stays, inside events, too, and no bit depends on it.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <hdf5.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef _OPENMP
#    include <omp.h>
#endif
#ifdef __SSE__
#    include <xmmintrin.h>
#endif
#include "host_state.h"
#include "library_case.h"
#include "sanitized.h"
#include "skip.h"

static char folder[256];
static pixels p;

static void set_up(void) {
    snprintf(folder, sizeof folder, "%s/regimen-host-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    pixels_usual(&p);
}

static void tear_down(void) {
    pixels_free(&p);
    remove_tree(folder);
}

/* ---- a locale with a decimal comma ---- */

/* The system's, or one made in the test's folder; NULL: there is none. The locale stays as it is. */
static const char *comma_locale(void) {
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    char command[800], path[300];
    for (int made = 0; made < 2; made++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            int found = setlocale(LC_ALL, names[i]) && has_comma();
            setlocale(LC_ALL, "C");
            if (found) return names[i];
        }
        snprintf(path, sizeof path, "%s/locales", folder);
        snprintf(command, sizeof command,
                 "mkdir -p '%s' && localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >/dev/null 2>&1", path, path);
        if (made || system(command) != 0) break;
        setenv("LOCPATH", path, 1);
    }
    return NULL;
}

/* ---- the host ---- */

static state own; /* the state that it has chosen */
static int h5_errors, children;

static void on_signal(int number) { children += number == SIGCHLD; }

static herr_t on_h5_error(hid_t stack, void *context) {
    (void)stack, (void)context;
    h5_errors++;
    return 0;
}

/* A parallel region of its own; returns how many threads took part. */
static int parallel_region(void) {
    int threads = 1;
#ifdef _OPENMP
#    pragma omp parallel
    {
#    pragma omp single
        threads = omp_get_num_threads();
    }
#endif
    return threads;
}

static void choose_signals(void) {
    static char stack[1 << 16];
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_NODEFER};
    sigset_t blocked;
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    sigaction(SIGSEGV, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_ONSTACK}, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGQUIT);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    if (!RGM_SANITIZED) sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, NULL);
}

static void choose_libraries(void) {
#ifdef _OPENMP
    omp_set_num_threads(3);
    omp_set_dynamic(1);
    omp_set_schedule(omp_sched_guided, 7);
#endif
    ck_assert_int_ge(H5Eset_auto2(H5E_DEFAULT, on_h5_error, folder), 0);
}

static void choose_process(void) {
    cpu_set_t one;
    char path[300];
    snprintf(path, sizeof path, "%s/here", folder);
    mkdir(path, 0700);
    ck_assert_int_eq(chdir(path), 0);
    umask(027);
    setenv("REGIMEN_HOST", "here", 1);
    CPU_ZERO(&one);
    sched_getaffinity(0, sizeof one, &one);
    int last = CPU_SETSIZE - 1;
    while (last && !CPU_ISSET(last, &one)) last--;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    sched_setaffinity(0, sizeof one, &one);
}

/* Last of all: what the C library computes is rounded upward from here on. */
static void choose_floating_point(void) {
    fesetround(FE_UPWARD);
#ifdef __SSE__
    _mm_setcsr(_mm_getcsr() | 0x8040u); /* denormal numbers are zero */
#endif
#ifdef __GLIBC__
    feenableexcept(FE_DIVBYZERO | FE_INVALID);
#endif
    feraiseexcept(FE_INEXACT);
}

static void become_plain(void) {
#ifdef __GLIBC__
    fedisableexcept(FE_ALL_EXCEPT);
#endif
    fesetenv(FE_DFL_ENV);
}

/* Of the leak sanitizer, where it is linked. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* The C library does not free what it makes of LOCPATH. */
static locale_t new_locale(const char *name) {
    if (__lsan_disable) __lsan_disable();
    locale_t made = newlocale(LC_ALL_MASK, name, (locale_t)0);
    if (__lsan_enable) __lsan_enable();
    return made;
}

/* Only what is nobody else's: that one of the process' threads does. */
static void become_host(int thread_locale, const char *locale) {
    choose_signals();
    choose_libraries();
    choose_process();
    if (locale && !thread_locale) setlocale(LC_ALL, locale);
    if (locale && thread_locale) uselocale(new_locale(locale));
    choose_floating_point();
    parallel_region();
    note(&own);
}

/* ---- what it does with the library ---- */

static int is_host, checked;
static char wrong[512];
static char said[16384];

static void look(const char *where) {
    state now;
    checked++;
    if (!is_host) return;
    note(&now);
    if (difference(&own, &now)[0] && !wrong[0]) snprintf(wrong, sizeof wrong, "%s:%s", where, difference(&own, &now));
}

static int32_t on_cancel(void *context) {
    look(context);
    return 0;
}

static void on_message(void *context, int32_t level, const char *line) {
    size_t used = strlen(said);
    (void)context, (void)level;
    snprintf(said + used, sizeof said - used, "%s\n", line);
    look("message");
}

static void on_text(void *context, const char *text) {
    (void)context, (void)text;
    look("opened, saved");
}

static void on_begun(void *context, const regimen_progress *progress) {
    (void)context, (void)progress;
    look("begun");
}

static int32_t on_step(void *context, const regimen_progress *progress, regimen_error *err) {
    (void)context, (void)progress, (void)err;
    look("step");
    parallel_region();
    return 0;
}

static void on_trained(void *context) {
    (void)context;
    look("trained");
}

static int32_t on_finished(void *context, const regimen_result *result, regimen_error *err) {
    (void)context, (void)result, (void)err;
    look("finished");
    return 0;
}

static void on_ended(void *context, const regimen_result *result) {
    (void)context, (void)result;
    look("ended");
}

static const regimen_events events = {.size = sizeof events,
                                      .context = (void *)"cancel",
                                      .cancel = on_cancel,
                                      .message = on_message,
                                      .opened = on_text,
                                      .begun = on_begun,
                                      .step = on_step,
                                      .epoch = on_step,
                                      .saved = on_text,
                                      .trained = on_trained,
                                      .finished = on_finished,
                                      .ended = on_ended};

static const char settings[] = "model.name=resnet20; model.base=4; batch=6; epochs=1; seed=3; dropout=0.125; "
                               "augment=[{crop: {padding: 1}}, flip]; optimizer.lr=0.0625; data.validation=0.25; "
                               "metrics.every=1; threads=2";

static uint64_t predict_all(regimen_model *model) {
    regimen_error err;
    static float out[60 * 4];
    memset(out, 0, sizeof out);
    fine(regimen_predict(model, p.images[REGIMEN_TRAIN], 60, out, &err), &err);
    fine(regimen_predict(model, p.images[REGIMEN_TRAIN], 1, out, &err), &err);
    return hash_bytes(out, sizeof out, 17);
}

static void train_model(regimen_machine *machine, regimen_data *data, const regimen_config *c, regimen_model **model) {
    regimen_error err;
    regimen_training training = {.size = sizeof training, .events = &events, .model = model};
    fine(regimen_train(machine, data, c, &training, NULL, &err), &err);
    look("train");
}

/* A call each, and everything once. Tensors are looked at later, by HDF5 itself. */
static uint64_t use_library(void *out) {
    regimen_error err;
    regimen_machine *machine;
    regimen_model *model, *loaded;
    regimen_data *none;
    char text[300];
    regimen_config *c = config_of(settings);
    snprintf(text, sizeof text, "out=%s", (const char *)out);
    config_more(c, text);
    fine(regimen_machine_open(&machine, c, &events, &err), &err);
    look("machine");
    regimen_data *data = pixels_data(&p);
    look("data");
    train_model(machine, data, c, &model);
    regimen_result result = {.size = sizeof result};
    fine(regimen_evaluate(model, data, REGIMEN_VALIDATION, &events, &result, &err), &err);
    uint64_t found = hash_bytes(&result.loss, sizeof result.loss, predict_all(model));
    fine(regimen_model_save(model, "saved.h5", &err), &err);
    look("save");
    fine(regimen_model_load(&loaded, machine, "saved.h5", NULL, &events, &err), &err);
    found = hash_bytes(&found, sizeof found, predict_all(loaded));
    fine(regimen_config_read(c, "saved.h5", &events, &err), &err);
    ck_assert_int_lt(regimen_data_open(&none, "broken.h5", &events, &err), 0);
    look("refused");
    regimen_model_close(loaded);
    regimen_model_close(model);
    regimen_data_close(data);
    regimen_config_destroy(c);
    regimen_machine_close(machine);
    look("close");
    return found;
}

/* ---- the tests ---- */

static char *contents(const char *path) {
    static char text[1 << 16];
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

/* No number has a comma between its digits. */
static void has_points(const char *what, const char *text, const char *number) {
    ck_assert_msg(strstr(text, number) != NULL, "expected %s in %s:\n%s", number, what, text);
    for (const char *at = text; (at = strchr(at, ',')); at++)
        ck_assert_msg(at == text || !strchr("0123456789", at[-1]) || !strchr("0123456789", at[1]), "%s: %.40s", what,
                      at - 1);
}

static void make_broken(const char *path) {
    FILE *file = fopen(path, "w");
    fputs("\x89HDF\r\n\x1a\n and then nothing that HDF5 could read", file);
    fclose(file);
}

/* Standard output and error go into a file; returns its descriptor. */
static int redirect(int kept[2]) {
    char path[300];
    snprintf(path, sizeof path, "%s/printed", folder);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(file, 0);
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        kept[i] = dup(i + 1);
        dup2(file, i + 1);
    }
    return file;
}

static long printed(int file, const int kept[2]) {
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(kept[i], i + 1);
        close(kept[i]);
    }
    long size = (long)lseek(file, 0, SEEK_END);
    close(file);
    return size;
}

static uint64_t plainly(void *context) {
    ck_assert_int_eq(chdir(folder), 0);
    make_broken("broken.h5");
    return use_library(context);
}

static void check_files(const char *locale, const char *plain) {
    char path[400];
    has_points("config.yaml", contents("run/config.yaml"), "0.0625");
    has_points("metrics.jsonl", contents("run/metrics.jsonl"), "\"lr\": 0.0025,");
    has_points("what was said", said, locale ? "loss " : "");
    snprintf(path, sizeof path, "%s/checkpoints/last.h5", plain);
    ck_assert_uint_eq(hash_checkpoint("run/checkpoints/last.h5"), hash_checkpoint(path));
}

START_TEST(a_host_keeps_what_it_has) {
    int kept[2];
    char plain[300];
    const char *locale = comma_locale();
    if (!locale) skip_case(__func__, "no locale with a decimal comma, and localedef makes none");
    snprintf(plain, sizeof plain, "%s/plain", folder);
    uint64_t expected = in_child(plainly, plain);
    become_host(_i, locale);
    make_broken("broken.h5");
    is_host = 1;
    note(&own);
    int file = redirect(kept);
    uint64_t found = use_library((void *)"run");
    parallel_region();
    long size = printed(file, kept);
    become_plain();
    ck_assert_msg(!wrong[0], "in the event or after the call %s", wrong);
    ck_assert_int_gt(checked, 40);
    ck_assert_int_eq(size, 0);
    ck_assert_int_eq(h5_errors, 0);
    ck_assert(!locale || own.comma);
    ck_assert_uint_eq(found, expected);
    check_files(locale, plain);
    ck_assert_str_eq(listing("run/checkpoints"), "run/checkpoints\nrun/checkpoints/best.h5\nrun/checkpoints/last.h5\n");
}
END_TEST

/* What a host's handler of SIGCHLD may do: nothing, wait for all children, or let the system reap them. A foreign file
 * is opened in a child. */
static void reap_all(int number) {
    int before = errno;
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    errno = before;
}

static void make_foreign(const char *path) {
    static const hsize_t dims[] = {60, 8, 8, 3};
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t group = H5Gcreate2(file, "train", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t space = H5Screate_simple(4, dims, NULL), line = H5Screate_simple(1, dims, NULL);
    hid_t images = H5Dcreate2(group, "images", H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    hid_t labels = H5Dcreate2(group, "labels", H5T_STD_I64LE, line, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(images, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, p.images[REGIMEN_TRAIN]);
    H5Dwrite(labels, H5T_NATIVE_INT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, p.labels[REGIMEN_TRAIN]);
    H5Dclose(images), H5Dclose(labels), H5Sclose(space), H5Sclose(line), H5Gclose(group);
    ck_assert_int_ge(H5Fclose(file), 0);
}

/* HDF5's first interface has a setting of its own. */
static herr_t on_old_error(void *context) { return *(herr_t *)context; }

START_TEST(an_old_setting_of_hdf5) {
    herr_t answer = 0;
    unsigned second = 1;
    H5E_auto1_t found;
    void *context;
    regimen_error err;
    regimen_data *data;
    char path[300];
    ck_assert_int_ge(H5Eset_auto1(on_old_error, &answer), 0);
    snprintf(path, sizeof path, "%s/broken.h5", folder);
    make_broken(path);
    refused(regimen_data_open(&data, path, NULL, &err), REGIMEN_FORMAT, &err, path);
    H5Eauto_is_v2(H5E_DEFAULT, &second);
    ck_assert_uint_eq(second, 0);
    ck_assert_int_ge(H5Eget_auto1(&found, &context), 0);
    ck_assert(found == on_old_error && context == &answer);
}
END_TEST

START_TEST(children_are_reaped_by_others) {
    static void (*const handlers[])(int) = {SIG_DFL, on_signal, SIG_IGN, reap_all};
    char path[300];
    regimen_error err;
    regimen_data *data;
    snprintf(path, sizeof path, "%s/foreign.h5", folder);
    make_foreign(path);
    struct sigaction action = {.sa_handler = handlers[_i], .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    fine(regimen_data_open(&data, path, NULL, &err), &err);
    regimen_data_close(data);
    make_broken(path);
    refused(regimen_data_open(&data, path, NULL, &err), REGIMEN_FORMAT, &err, path);
}
END_TEST

/* A locale that the host chooses while a machine is open stays: between calls, and within an event. */
static int32_t choose_locale(void *context, const regimen_progress *progress, regimen_error *err) {
    const char *now = setlocale(LC_ALL, NULL), *const *names = context;
    (void)err;
    if (progress->step > 1) ck_assert_str_eq(now, names[progress->step % 2]);
    ck_assert_ptr_nonnull(setlocale(LC_ALL, names[(progress->step + 1) % 2]));
    return 0;
}

START_TEST(a_host_changes_its_locale) {
    static const char *names[] = {"C", "C.UTF-8"};
    if (!setlocale(LC_ALL, names[1])) SKIP("no locale C.UTF-8");
    setlocale(LC_ALL, names[0]);
    regimen_error err;
    regimen_model *model = NULL;
    regimen_machine *machine = machine_of(2);
    regimen_data *data = pixels_data(&p);
    regimen_config *config = config_of(settings);
    regimen_events e = {.size = sizeof e, .context = names, .step = choose_locale};
    regimen_training t = {.size = sizeof t, .events = &e, .no_files = 1, .model = &model};
    fine(regimen_train(machine, data, config, &t, NULL, &err), &err);
    for (int32_t i = 0; i < 4; i++) {
        ck_assert_ptr_nonnull(setlocale(LC_ALL, names[i % 2]));
        fine(regimen_evaluate(model, data, REGIMEN_TEST, NULL, NULL, &err), &err);
        ck_assert_str_eq(setlocale(LC_ALL, NULL), names[i % 2]);
    }
    setlocale(LC_ALL, "C");
    regimen_model_close(model);
    regimen_config_destroy(config);
    regimen_data_close(data);
    regimen_machine_close(machine);
}
END_TEST

/* A handler on the thread's own stack never runs amid a matrix product, whose stack is in the heap. */
static char *stack_from, *stack_to;
static volatile int handled, elsewhere;

static void on_timer(int number) {
    volatile char room[4096];
    (void)number;
    memset((char *)room, 0xee, sizeof room);
    elsewhere += (char *)room < stack_from || (char *)room > stack_to;
    handled++;
}

START_TEST(handlers_without_a_stack) {
    pthread_attr_t attributes;
    size_t size;
    void *from;
    ck_assert_int_eq(pthread_getattr_np(pthread_self(), &attributes), 0);
    pthread_attr_getstack(&attributes, &from, &size);
    pthread_attr_destroy(&attributes);
    stack_from = from;
    stack_to = stack_from + size;
    regimen_error err;
    sigaction(_i ? SIGPROF : SIGALRM, &(struct sigaction){.sa_handler = on_timer, .sa_flags = SA_RESTART}, NULL);
    regimen_machine *machine = machine_of(1 + _i);
    regimen_data *data = pixels_data(&p);
    regimen_config *config = config_of("model.name=mlp; model.base=512; epochs=20; batch=50; data.validation=0");
    int timer = _i ? ITIMER_PROF : ITIMER_REAL;
    setitimer(timer, &(struct itimerval){{0, 100}, {0, 100}}, NULL);
    const regimen_training t = {.size = sizeof t, .no_files = 1};
    fine(regimen_train(machine, data, config, &t, NULL, &err), &err);
    setitimer(timer, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    ck_assert_int_eq(elsewhere, 0);
    ck_assert_int_gt(handled, 0);
    regimen_config_destroy(config);
    regimen_data_close(data);
    regimen_machine_close(machine);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("host");
    TCase *tcase = tcase_create("host");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_host_keeps_what_it_has, 0, 2);
    tcase_add_test(tcase, a_host_changes_its_locale);
    tcase_add_loop_test(tcase, handlers_without_a_stack, 0, 2);
    tcase_add_test(tcase, an_old_setting_of_hdf5);
    tcase_add_loop_test(tcase, children_are_reaped_by_others, 0, 4);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
