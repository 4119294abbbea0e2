#include "cli/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "base/altstack.h"
#include "base/text.h"
#include "cli/way_on.h"
#include "plug/guard.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define RUNTIME_HAS_EXIT 1 /* a sanitizer reports at _exit() */
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#        define RUNTIME_HAS_EXIT 1
#    endif
#endif

enum { LINE = 2 * RGM_WAY_COMMAND, PLUGIN_FAILED = 5, NOT_READ = 3, ENDED = 3 };

static const struct {
    int number;
    const char *what;
} faults[] = {
    {SIGSEGV, "crashed (segmentation fault)"},
    {SIGBUS, "crashed (bus error)"},
    {SIGFPE, "crashed (arithmetic error)"},
    {SIGILL, "crashed (illegal instruction)"},
    {SIGTRAP, "crashed (trap)"},
    {SIGSYS, "crashed (bad system call)"},
    {SIGABRT, "aborted"},
};
enum { FAULTS = sizeof faults / sizeof faults[0] };
static struct sigaction before[FAULTS];

static pid_t owner;      /* a child that was forked tells nothing */
static int32_t terminal; /* where a progress line may stand */
static struct { char command[RGM_WAY_COMMAND], checkpoint[RGM_CONFIG_PATH + 32], log[RGM_CONFIG_PATH + 32]; } run;
static _Atomic int32_t has_run;
static _Atomic int32_t under_way; /* 1: it is main() alone that may end the process */

/* ---- the line: system calls only ---- */

static void add(char line[LINE], const char *text) { rgm_text_add(line, LINE - 1, text); } /* a newline follows */

static void add_way_on(char line[LINE]) {
    if (!atomic_load(&has_run)) return;
    int saved = access(run.checkpoint, F_OK) == 0;
    add(line,
        saved ? "; the last checkpoint is kept; continue with: " : "; there was no checkpoint yet; begin again with: ");
    add(line, run.command);
}

static char *digits(char *at, int64_t value, int32_t count) {
    for (int32_t i = count; i-- > 0; value /= 10) at[i] = (char)('0' + value % 10);
    return at + count;
}

/* "2024-05-01T12:00:00.000Z error: ", as in the log; the calendar is counted in years that begin in March. */
static void format_time(char out[64]) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t seconds = now.tv_sec % 86400, day = now.tv_sec / 86400 + 719468;
    int64_t era = day / 146097, of_era = day % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * of_year + 2) / 153, month = march_month < 10 ? march_month + 3 : march_month - 9;
    char *at = digits(out, year_of_era + era * 400 + (month <= 2), 4);
    const int64_t parts[] = {month, of_year - (153 * march_month + 2) / 5 + 1, seconds / 3600, seconds / 60 % 60,
                             seconds % 60};
    for (int32_t i = 0; i < 5; i++) {
        *at++ = "--T::"[i];
        at = digits(at, parts[i], 2);
    }
    *at++ = '.';
    memcpy(digits(at, now.tv_nsec / 1000000, 3), "Z error: ", sizeof "Z error: ");
}

static void put(int fd, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t n = write(fd, text, left);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        text += n;
        left -= (size_t)n;
    }
}

static void tell(char line[LINE]) {
    size_t end = strlen(line);
    memcpy(line + end, "\n", 2);
    if (terminal) put(STDERR_FILENO, "\r\033[K");
    put(STDERR_FILENO, "regimen: error: ");
    put(STDERR_FILENO, line);
    int fd = atomic_load(&has_run) ? open(run.log, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (fd < 0) return;
    char when[64];
    format_time(when);
    put(fd, when);
    put(fd, line);
    close(fd);
}

/* Several threads may come here at once: one tells, the others wait for the end. */
static void take_the_word(void) {
    static atomic_flag told = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&told)) pause();
}

_Noreturn static void quit(int code) {
    for (;;) syscall(SYS_exit_group, code);
}

_Noreturn static void end_by_plugin(const char *what) {
    static char line[LINE];
    take_the_word();
    rgm_guard_text(what, line, sizeof line / 2);
    add_way_on(line);
    tell(line);
    quit(PLUGIN_FAILED);
}

_Noreturn static void end_by(const char *what, int code) {
    static char line[LINE];
    take_the_word();
    add(line, what);
    add_way_on(line);
    tell(line);
    quit(code);
}

/* ---- faults ---- */

static size_t fault_of(int number) {
    size_t i = 0;
    while (i + 1 < FAULTS && faults[i].number != number) i++;
    return i;
}

/* Of this process, as opposed to a child of it and to a signal that another process sends. */
static int32_t is_ours(const siginfo_t *info) {
    return getpid() == owner && (info->si_code > 0 || info->si_pid == owner);
}

/* Puts back what was there before, and has it happen once more. */
static void hand_over(size_t fault, const siginfo_t *info) {
    if (before[fault].sa_handler == SIG_DFL && is_ours(info)) {
        static char line[LINE];
        take_the_word();
        add(line, faults[fault].what);
        add(line, ", in Regimen or a library");
        add_way_on(line);
        tell(line);
    }
    sigaction(faults[fault].number, &before[fault], NULL);
    if (info->si_code <= 0) raise(faults[fault].number);
}

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    int saved = errno;
    size_t fault = fault_of(number);
    if (is_ours(info)) {
        if (number == SIGBUS && info->si_code == BUS_ADRERR) /* no page behind a mapping */
            end_by("a mapped data file was truncated or could not be read", NOT_READ);
        if (rgm_guard_inside()) end_by_plugin(faults[fault].what);
    }
    hand_over(fault, info);
    errno = saved;
}

/* ---- ends without a fault ---- */

static int32_t is_owner(void) { return owner && getpid() == owner; }

static void check_exit(void) {
    if (!is_owner()) return;
    if (rgm_guard_inside()) end_by_plugin("ended the process");
    if (atomic_load(&under_way)) end_by("a library, or a thread of a plugin, ended the process", ENDED);
}

void rgm_fault_ended(void) {
    if (is_owner() && rgm_guard_inside()) end_by_plugin("ended its thread");
}

void rgm_fault_under_way(int32_t yes) { atomic_store(&under_way, yes); }

#ifndef RUNTIME_HAS_EXIT
/* A plugin's _exit() and _Exit() come here, since the program's symbols precede the C library's. */
__attribute__((visibility("default"))) _Noreturn void _exit(int code) {
    check_exit();
    quit(code);
}

__attribute__((visibility("default"))) _Noreturn void _Exit(int code) {
    check_exit();
    quit(code);
}
#endif

/* The one that is registered last is called first, before those of libraries and plugins. */
static int watch_exit(void) { return atexit(check_exit) == 0 && at_quick_exit(check_exit) == 0; }

rgm_status rgm_fault_install(rgm_error *err) {
    const char *term = getenv("TERM");
    owner = getpid();
    terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    RGM_TRY(rgm_altstack_install(err));
    rgm_altstack_watch(rgm_fault_ended);
    if (!watch_exit()) return rgm_fail(err, RGM_E_NOMEM, "no memory to watch for exit()");
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    sigset_t open;
    sigemptyset(&open); /* blocked, a fault ends the process without a word */
    for (size_t i = 0; i < FAULTS; i++) {
        sigaction(faults[i].number, &action, &before[i]);
        sigaddset(&open, faults[i].number);
    }
    sigprocmask(SIG_UNBLOCK, &open, NULL);
    return RGM_OK;
}

void rgm_fault_run(const char *folder) {
    atomic_store(&has_run, 0);
    if (!folder) return;
    rgm_way_command(folder, run.command);
    snprintf(run.checkpoint, sizeof run.checkpoint, "%s/checkpoints/last.h5", folder);
    snprintf(run.log, sizeof run.log, "%s/log.txt", folder);
    watch_exit();
    atomic_store(&has_run, 1);
}
