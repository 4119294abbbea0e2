#include "host_state.h"

#include <check.h>
#include <fenv.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef _OPENMP
#    include <omp.h>
#endif
#ifdef __SSE__
#    include <xmmintrin.h>
#endif

extern char **environ;

int has_comma(void) {
    char text[8];
    snprintf(text, sizeof text, "%.1f", 0.5);
    return strcmp(text, "0,5") == 0;
}

static void note_signals(state *s) {
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    for (int i = 1; i <= 64; i++) {
        struct sigaction action;
        if (sigaction(i, NULL, &action) != 0) continue;
        s->signals[i] = (host_signal){action.sa_handler, action.sa_flags, sigismember(&blocked, i),
                                      sigismember(&action.sa_mask, SIGTERM)};
    }
    sigaltstack(NULL, &s->stack);
}

static void note_libraries(state *s) {
#ifdef _OPENMP
    omp_sched_t schedule;
    s->threads = omp_get_max_threads();
    s->dynamic = omp_get_dynamic();
    omp_get_schedule(&schedule, &s->chunk);
    s->schedule = (int)schedule;
    s->levels = omp_get_max_active_levels();
#endif
    H5Eget_auto2(H5E_DEFAULT, &s->on_error, &s->error_context);
    H5PLget_loading_state(&s->plugins);
}

static void note_process(state *s) {
    size_t used = 0;
    for (char **at = environ; *at && used < sizeof s->environment; at++)
        used += (size_t)snprintf(s->environment + used, sizeof s->environment - used, "%s\n", *at);
    ck_assert_ptr_nonnull(getcwd(s->folder, sizeof s->folder));
    s->mask = umask(0);
    umask(s->mask);
    sched_getaffinity(0, sizeof s->affinity, &s->affinity);
}

void note(state *s) {
    memset(s, 0, sizeof *s);
    s->rounding = fegetround();
#ifdef __GLIBC__
    s->exceptions = fegetexcept();
#endif
#ifdef __SSE__
    s->csr = _mm_getcsr(); /* with the flags of what has happened */
#endif
    snprintf(s->locale, sizeof s->locale, "%s", setlocale(LC_ALL, NULL));
    s->thread_locale = uselocale((locale_t)0);
    s->comma = has_comma();
    note_signals(s);
    note_libraries(s);
    note_process(s);
}

#define MEMBER(name)                                                                                                   \
    { #name, offsetof(state, name), sizeof((state *)0)->name }
static const struct {
    const char *name;
    size_t offset, size;
} members[] = {MEMBER(locale),   MEMBER(folder),     MEMBER(environment), MEMBER(thread_locale), MEMBER(comma),
               MEMBER(rounding), MEMBER(exceptions), MEMBER(csr),         MEMBER(signals),       MEMBER(stack),
               MEMBER(threads),  MEMBER(dynamic),    MEMBER(schedule),    MEMBER(chunk),         MEMBER(levels),
               MEMBER(on_error), MEMBER(mask),       MEMBER(affinity),    MEMBER(error_context), MEMBER(plugins)};

const char *difference(const state *a, const state *b) {
    static char text[512];
    text[0] = 0;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (memcmp((const char *)a + members[i].offset, (const char *)b + members[i].offset, members[i].size) == 0)
            continue;
        strcat(text, " ");
        strcat(text, members[i].name);
    }
    return text;
}
