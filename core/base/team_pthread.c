#include "config.h"
#include "base/team_threads.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/altstack.h"
#include "base/wait.h"

#ifdef RGM_HAVE_GOMP
int omp_get_max_threads(void); /* of libgomp, whose header needs -fopenmp */
void omp_set_num_threads(int count);
#endif

typedef struct member {
    rgm_threads *threads;
    int32_t worker;
    pthread_t thread;
} member;

struct rgm_threads {
    int32_t count;   /* asked for */
    int32_t workers; /* running, the caller included; 0 before the start */
    int32_t spins;
    int32_t stop; /* read after `go` */
    rgm_worker_fn fn;
    void *context;
    _Alignas(64) rgm_event go;
    _Alignas(64) rgm_barrier done;
    member members[]; /* [count], member 0 unused */
};

#ifdef RGM_HAVE_GOMP
int32_t rgm_threads_single(void) {
    int32_t before = omp_get_max_threads();
    omp_set_num_threads(1);
    return before;
}

void rgm_threads_restore(int32_t before) { omp_set_num_threads(before); }
#else
int32_t rgm_threads_single(void) { return 1; }
void rgm_threads_restore(int32_t before) { (void)before; }
#endif

static void *member_main(void *argument) {
    member *self = argument;
    rgm_threads *threads = self->threads;
    rgm_threads_single();
    for (uint32_t seen = 0;; seen++) {
        rgm_event_wait(&threads->go, seen, threads->spins);
        if (threads->stop) return NULL;
        threads->fn(threads->context, self->worker, threads->workers);
        rgm_barrier_wait(&threads->done, threads->workers, threads->spins);
    }
}

static int start_members(rgm_threads *threads) {
    int failed = 0;
    for (threads->workers = 1; threads->workers < threads->count; threads->workers++) {
        member *next = &threads->members[threads->workers];
        *next = (member){.threads = threads, .worker = threads->workers};
        if ((failed = rgm_altstack_thread(&next->thread, member_main, next))) break;
    }
    return failed;
}

static void end_members(rgm_threads *threads) {
    threads->stop = 1;
    rgm_event_bump(&threads->go);
    for (int32_t k = 1; k < threads->workers; k++) pthread_join(threads->members[k].thread, NULL);
}

/* All or none. */
rgm_status rgm_threads_start(rgm_threads *threads, rgm_error *err) {
    if (threads->workers) return RGM_OK;
    int failed = start_members(threads);
    if (!failed) return RGM_OK;
    end_members(threads);
    threads->workers = 0;
    threads->stop = 0;
    threads->go = (rgm_event){0};
    return rgm_threads_refused(threads->count, failed, err);
}

rgm_status rgm_threads_create(rgm_threads **threads, int32_t count, int32_t spins, rgm_error *err) {
    size_t bytes = sizeof(rgm_threads) + (size_t)count * sizeof(member);
    bytes = (bytes + 63) / 64 * 64;
    rgm_threads *made = aligned_alloc(64, bytes);
    if (!made) return rgm_fail(err, RGM_E_NOMEM, "out of memory for the team");
    *made = (rgm_threads){.count = count, .spins = spins};
    *threads = made;
    return RGM_OK;
}

void rgm_threads_destroy(rgm_threads *threads, int32_t alive) {
    if (alive) end_members(threads);
    free(threads);
}

void rgm_threads_run(rgm_threads *threads, rgm_worker_fn fn, void *context) {
    threads->fn = fn;
    threads->context = context;
    rgm_event_bump(&threads->go);
    fn(context, 0, threads->workers);
    rgm_barrier_wait(&threads->done, threads->workers, threads->spins);
}

const char *rgm_threads_name(void) { return "pthreads"; }
