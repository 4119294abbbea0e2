/* Signals and faults as the command line takes them: what is noted, what ends the process, and what is said then. */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/team.h"
#include "cli/fault.h"
#include "cli/interrupt.h"
#include "sanitized.h"
#include "skip.h"

static const int signals[] = {SIGINT,  SIGTERM, SIGHUP,    SIGUSR1, SIGUSR2, SIGXCPU,
                              SIGALRM, SIGPROF, SIGVTALRM, SIGPWR,  SIGPOLL, 40 /* of the real-time ones */};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

/* Under nohup or in the background some of them come ignored. */
static void install_over_defaults(void) {
    for (size_t i = 0; i < SIGNALS; i++) signal(signals[i], SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    rgm_interrupt_install();
}

START_TEST(test_first_signal_is_noted) {
    install_over_defaults();
    ck_assert_int_eq(*rgm_interrupt_flag(), 0);
    raise(signals[_i]);
    ck_assert_int_eq(*rgm_interrupt_flag(), signals[_i]);
}
END_TEST

static int status_after(int first, int second, useconds_t between) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        install_over_defaults();
        raise(first);
        usleep(between);
        raise(second);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

/* A second later, INT and TERM end the process at once, whatever came first; signals that machines send never do. */
START_TEST(test_who_insists_ends_the_process) {
    int status = status_after(signals[(_i + 1) % SIGNALS], signals[_i], 1100000);
    if (_i < 2)
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == signals[_i], "wait status %#x", status);
    else
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "wait status %#x", status);
}
END_TEST

/* `timeout` and closing terminals send it twice in a moment. On a busy machine the moment may be long: then again. */
START_TEST(test_twice_at_once_is_one_request) {
    for (int round = 0; round < 20; round++) {
        int status = status_after(signals[_i], signals[_i], 0);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
    }
    ck_abort_msg("signal %d twice ended the process", signals[_i]);
}
END_TEST

/* It is there for a run that hangs: at once, with a core dump. */
START_TEST(test_quit_is_not_taken) {
    int status = status_after(SIGUSR1, SIGQUIT, 0);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGQUIT);
}
END_TEST

#if !RGM_SANITIZED
static volatile uintptr_t nowhere = 8;
#endif
static void somebody(int number) { (void)number; }

START_TEST(test_ignored_signals_stay_ignored) {
    struct sigaction now;
    signal(SIGHUP, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPROF, somebody); /* and handled ones stay handled: a profiler's */
    rgm_interrupt_install();
    raise(SIGHUP);
    raise(SIGPROF);
    ck_assert_int_eq(*rgm_interrupt_flag(), 0);
    raise(SIGTERM);
    raise(SIGHUP);
    ck_assert_int_eq(*rgm_interrupt_flag(), SIGTERM);
    ck_assert_int_eq(sigaction(SIGPROF, NULL, &now), 0);
    ck_assert(now.sa_handler == somebody);
}
END_TEST

START_TEST(test_a_blocked_signal_arrives) {
    sigset_t all;
    sigfillset(&all);
    ck_assert_int_eq(sigprocmask(SIG_SETMASK, &all, NULL), 0);
    install_over_defaults();
    raise(signals[_i]);
    ck_assert_int_eq(*rgm_interrupt_flag(), signals[_i]);
}
END_TEST

#if !RGM_SANITIZED /* they have handlers of their own */
static void fault_in_a_child(int number, int out) {
    rgm_error err;
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    dup2(out, STDERR_FILENO);
    signal(number, SIG_DFL);
    if (rgm_fault_install(&err) < 0) _exit(50);
    rgm_fault_run("runs/it");
    if (number == SIGSEGV) *(volatile int *)nowhere = 1;
    raise(number);
    _exit(51);
}

/* A crash outside of plugins: how to go on, then the signal as ever. */
START_TEST(test_other_crashes_say_how_to_go_on) {
    static const int numbers[] = {SIGSEGV, SIGABRT, SIGFPE};
    static const char *const words[] = {"crashed (segmentation fault)", "aborted", "crashed (arithmetic error)"};
    char text[512] = "", wanted[512];
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) fault_in_a_child(numbers[_i], ends[1]);
    close(ends[1]);
    for (ssize_t n, got = 0; (n = read(ends[0], text + got, sizeof text - 1 - (size_t)got)) > 0;) got += n;
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == numbers[_i], "wait status %#x: %s", status, text);
    snprintf(
        wanted, sizeof wanted,
        "regimen: error: %s, in Regimen or a library; there was no checkpoint yet; begin again with: regimen train "
        "--resume runs/it\n",
        words[_i]);
    ck_assert_str_eq(text, wanted);
}
END_TEST
#endif

START_TEST(test_handlers_run_aside_and_keep_errno) {
    struct sigaction now;
    rgm_error err;
    ck_assert_int_eq(rgm_fault_install(&err), RGM_OK);
    install_over_defaults();
    for (size_t i = 0; i < SIGNALS; i++) {
        ck_assert_int_eq(sigaction(signals[i], NULL, &now), 0);
        ck_assert(now.sa_handler != SIG_DFL && (now.sa_flags & SA_ONSTACK));
        errno = 77;
        raise(signals[i]);
        ck_assert_int_eq(errno, 77);
    }
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        ck_assert_int_eq(sigaction(faults[i], NULL, &now), 0);
        ck_assert(now.sa_handler != SIG_DFL && (now.sa_flags & SA_ONSTACK));
    }
}
END_TEST

/* ---- a mapped file that shrinks ---- */

enum { WORKERS = 4 };
static unsigned char *pages;
static int32_t arrived;

/* All workers fault at once. */
static rgm_status touch_page(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)context, (void)worker;
    __atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < WORKERS) {}
    if (*(volatile unsigned char *)(pages + sysconf(_SC_PAGESIZE) * chunk)) return RGM_OK;
    return rgm_fail(err, RGM_E_INTERNAL, "a page that is not there was read");
}

static void read_what_was_truncated(int fd, int out) {
    rgm_error err = {0};
    rgm_team *team;
    size_t size = (size_t)(WORKERS * sysconf(_SC_PAGESIZE));
    rgm_team_options options = {.threads = WORKERS, .pin = RGM_PIN_OFF};
    dup2(out, STDERR_FILENO);
    if (rgm_fault_install(&err) < 0 || ftruncate(fd, (off_t)size) != 0 || rgm_team_create(&team, &options, &err) < 0)
        _exit(50);
    pages = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (pages == MAP_FAILED || ftruncate(fd, 0) != 0) _exit(51);
    rgm_team_for(team, touch_page, NULL, WORKERS, &err);
    _exit(0);
}

/* Several workers may meet the end at the same time: one line of them, and the exit code of failed reading. */
START_TEST(test_truncation_ends_the_process) {
    char text[512];
    int ends[2], status, fd = memfd_create("shrinking", 0);
    ck_assert_int_ge(fd, 0);
    for (int round = 0; round < 20; round++) {
        ck_assert_int_eq(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) read_what_was_truncated(fd, ends[1]);
        close(ends[1]);
        size_t got = 0;
        for (ssize_t n; (n = read(ends[0], text + got, sizeof text - 1 - got)) > 0;) got += (size_t)n;
        close(ends[0]);
        text[got] = 0;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 3, "wait status %d: %s", status, text);
        ck_assert_str_eq(text, "regimen: error: a mapped data file was truncated or could not be read\n");
    }
    close(fd);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("interrupt");
    TCase *tcase = tcase_create("interrupt");
    tcase_add_loop_test(tcase, test_first_signal_is_noted, 0, SIGNALS);
    tcase_add_loop_test(tcase, test_who_insists_ends_the_process, 0, SIGNALS);
    tcase_add_loop_test(tcase, test_twice_at_once_is_one_request, 0, SIGNALS);
    tcase_add_test(tcase, test_quit_is_not_taken);
    tcase_add_test(tcase, test_ignored_signals_stay_ignored);
    tcase_add_loop_test(tcase, test_a_blocked_signal_arrives, 0, SIGNALS);
#if !RGM_SANITIZED
    tcase_add_loop_test(tcase, test_other_crashes_say_how_to_go_on, 0, 3);
#else
    skip_case("test_other_crashes_say_how_to_go_on", "a sanitizer");
#endif
    tcase_add_test(tcase, test_handlers_run_aside_and_keep_errno);
    tcase_add_test(tcase, test_truncation_ends_the_process);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
