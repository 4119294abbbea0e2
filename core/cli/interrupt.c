#include "cli/interrupt.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t requested;
static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

static void on_signal(int number) {
    requested = number;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction now;
        if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == on_signal) signal(signals[i], SIG_DFL);
    }
}

void rgm_interrupt_install(void) {
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) sigaddset(&action.sa_mask, signals[i]);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
}

static void on_bus_error(int number) {
    static const char line[] = "regimen: error: a mapped data file was truncated while it was read\n";
    static atomic_flag told = ATOMIC_FLAG_INIT; /* several workers may fault at once: one tells, the others wait */
    (void)number;
    while (atomic_flag_test_and_set(&told)) pause();
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0) _exit(3);
    _exit(3);
}

void rgm_interrupt_truncation(void) { signal(SIGBUS, on_bus_error); }

const volatile sig_atomic_t *rgm_interrupt_flag(void) { return &requested; }
