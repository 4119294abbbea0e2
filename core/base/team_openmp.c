#include "base/team_threads.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct rgm_threads {
    int32_t count;
    int32_t started;
};

rgm_status rgm_threads_create(rgm_threads **threads, int32_t count, int32_t spins, rgm_error *err) {
    (void)spins; /* OMP_WAIT_POLICY and GOMP_SPINCOUNT are the runtime's */
    if (!(*threads = malloc(sizeof **threads))) return rgm_fail(err, RGM_E_NOMEM, "out of memory for the team");
    **threads = (rgm_threads){.count = count};
    return RGM_OK;
}

/* The stacks' size that OMP_STACKSIZE asks the runtime for, as "4096", "64 m"; 0: the system's. */
static size_t runtime_stack(void) {
    static const char units[] = "bkmg";
    const char *text = getenv("OMP_STACKSIZE");
    if (!text) text = getenv("GOMP_STACKSIZE");
    char *end;
    unsigned long number = text ? strtoul(text, &end, 10) : 0;
    if (!number || number > LONG_MAX >> 30) return 0;
    while (isspace((unsigned char)*end)) end++;
    for (int k = 0; k < 4; k++)
        if (tolower((unsigned char)*end) == units[k]) return number << 10 * k;
    return number << 10;
}

static void *wait_for_end(void *lock) {
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    return NULL;
}

/* Starts `count` threads like the runtime's, all at the same time, and ends them. Returns an errno. */
static int try_threads(int32_t count) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t *probes = malloc((size_t)count * sizeof *probes);
    pthread_attr_t attributes;
    sigset_t all, old;
    int failed = 0, started = 0;
    if (!probes) return ENOMEM;
    pthread_attr_init(&attributes);
    if (runtime_stack()) pthread_attr_setstacksize(&attributes, runtime_stack());
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_mutex_lock(&lock);
    while (started < count && !(failed = pthread_create(&probes[started], &attributes, wait_for_end, &lock))) started++;
    pthread_mutex_unlock(&lock);
    for (int k = 0; k < started; k++) pthread_join(probes[k], NULL);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    free(probes);
    return failed;
}

static void nothing(void *context, int32_t worker, int32_t workers) { (void)context, (void)worker, (void)workers; }

/* Threads that the runtime holds for the calling one since its last run, the caller included: they are used again. */
static _Thread_local int32_t pool = 1;

/* The runtime ends the process when the system refuses a thread: whether it will is tried out before. */
rgm_status rgm_threads_start(rgm_threads *threads, rgm_error *err) {
    if (threads->started) return RGM_OK;
    int failed = threads->count > pool ? try_threads(threads->count - pool) : 0;
    if (failed) return rgm_threads_refused(threads->count, failed, err);
    threads->started = 1;
    rgm_threads_run(threads, nothing, NULL);
    return RGM_OK;
}

void rgm_threads_destroy(rgm_threads *threads, int32_t alive) {
    (void)alive; /* the pool is the runtime's */
    free(threads);
}

void rgm_threads_run(rgm_threads *threads, rgm_worker_fn fn, void *context) {
#pragma omp parallel num_threads(threads->count)
    {
        int32_t worker = omp_get_thread_num(), workers = omp_get_num_threads();
        if (worker == 0 && workers > 1) pool = workers;
        fn(context, worker, workers);
    }
}

int32_t rgm_threads_single(void) {
    int32_t before = omp_get_max_threads();
    omp_set_num_threads(1);
    return before;
}

void rgm_threads_restore(int32_t before) { omp_set_num_threads(before); }

const char *rgm_threads_name(void) { return "OpenMP"; }
