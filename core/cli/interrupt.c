#include "cli/interrupt.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { INSISTING = 2, SAME_REQUEST_MS = 1000 };

static volatile sig_atomic_t requested;
static _Atomic int64_t requested_ms;
static const int signals[] = {SIGINT, SIGTERM, /* the INSISTING ones */
                              SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF, SIGPWR, SIGPOLL};
enum { SIGNALS = sizeof signals / sizeof signals[0] };

static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int is_insisting(int number) {
    for (size_t i = 0; i < INSISTING; i++)
        if (signals[i] == number) return 1;
    return 0;
}

/* It stays blocked until the handler returns: then it ends the process. */
static void end_at_once(int number) {
    struct sigaction plain;
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    sigaction(number, &plain, NULL);
    raise(number);
}

static void on_signal(int number) {
    int saved = errno;
    if (!requested) {
        atomic_store(&requested_ms, now_ms());
        requested = number;
    } else if (is_insisting(number) && now_ms() - atomic_load(&requested_ms) >= SAME_REQUEST_MS) {
        end_at_once(number);
    }
    errno = saved;
}

static void take(int number, const struct sigaction *action) {
    struct sigaction old;
    if (sigaction(number, NULL, &old) != 0) return;
    if (!(old.sa_flags & SA_SIGINFO) && (old.sa_handler == SIG_DFL || old.sa_handler == on_signal))
        sigaction(number, action, NULL);
}

/* The mask is inherited from whoever starts the process: blocked, a request would never arrive. */
void rgm_interrupt_install(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < SIGNALS; i++) sigaddset(&action.sa_mask, signals[i]);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++) sigaddset(&action.sa_mask, number);
    for (size_t i = 0; i < SIGNALS; i++) take(signals[i], &action);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++) take(number, &action);
    sigprocmask(SIG_UNBLOCK, &action.sa_mask, NULL);
}

const volatile sig_atomic_t *rgm_interrupt_flag(void) { return &requested; }

static int32_t asked(void *context) {
    (void)context;
    return requested != 0;
}

rgm_stop rgm_interrupt_stop(void) { return (rgm_stop){asked, NULL}; }
