/* What a host program has of its own, noted to be compared. It is locale, floating-point state, signals, settings of
 * OpenMP and HDF5, folder, umask, affinity and environment. */
#ifndef RGM_TESTS_HOST_STATE_H
#define RGM_TESTS_HOST_STATE_H

#include <hdf5.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>

typedef struct host_signal {
    void (*handler)(int);
    int flags, blocked, within; /* within: SIGTERM is blocked while the handler runs */
} host_signal;

typedef struct state {
    char locale[512], folder[1024], environment[16384];
    locale_t thread_locale;
    int comma, rounding, exceptions;
    unsigned csr;
    host_signal signals[65];
    stack_t stack;
    int threads, dynamic, schedule, chunk, levels;
    unsigned plugins;
    H5E_auto2_t on_error;
    void *error_context;
    unsigned mask;
    cpu_set_t affinity;
} state;

/* 1: numbers have a decimal comma now. */
int has_comma(void);

/* As it is now. */
void note(state *s);

/* Everything that is not as it was; "" if all is. Of the last call. */
const char *difference(const state *a, const state *b);

#endif
