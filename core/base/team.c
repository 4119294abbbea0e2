#include "config.h"
#include "base/team.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/altstack.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/team_threads.h"
#include "base/wait.h"

#ifdef __SSE__
#    include <xmmintrin.h>
#endif

enum {
    MOST_THREADS = 256,
    SPINS = 4000, /* some 50-200 us: a futex sleep and wake-up costs about as much */
};

/* What one worker writes, on its own cache lines. Cursors count the chunks taken from the worker's share; phases use
 * them in turn, so that the next phase's can be cleared while this one's are in use. */
typedef struct worker_state {
    _Alignas(64) _Atomic int32_t cursor[2];
    _Alignas(64) uint64_t wait_nanos;
    rgm_error err; /* of the chunk that runs */
} worker_state;

struct rgm_team {
    int32_t size;
    int32_t spins;
    int32_t pinned;
    int32_t profiling;
    int32_t started;
    rgm_threads *threads;
    rgm_cpu_mask mask; /* of the creating thread */
    int32_t cpus[MOST_THREADS];
    char description[256];

    /* Of the run, set before the workers start. */
    rgm_phase *phases;
    int32_t count;
    _Atomic int32_t failed_phase; /* INT32_MAX if none */
    _Atomic int32_t failed_chunk; /* the lowest so far */
    pthread_mutex_t failure_lock; /* for writing the two above and the text */
    rgm_error failure;

    /* What workers log goes to the caller's receiver, a line at a time. */
    const rgm_log_receiver *heard_by; /* the caller's, or NULL */
    rgm_log_receiver hears;
    pthread_mutex_t hearing;

    rgm_barrier barrier;
    worker_state workers[];
};

static _Atomic int32_t threads_started; /* in this process */
static _Atomic int32_t threads_lost;    /* this process was forked from one where they had */
static pthread_once_t fork_watch_once = PTHREAD_ONCE_INIT;

static void note_child(void) {
    if (atomic_load(&threads_started)) atomic_store(&threads_lost, 1);
}

static void watch_forks(void) { pthread_atfork(NULL, NULL, note_child); }

/* There the thread runtime would hang. */
static rgm_status refuse_in_fork(rgm_error *err) {
    if (!atomic_load_explicit(&threads_lost, memory_order_relaxed)) return RGM_OK;
    return rgm_fail(err, RGM_E_UNSUPPORTED,
                    "the team was used in a process forked after a team had run: its threads are not here");
}

#ifdef __SSE__
typedef unsigned fp_state;
/* Round to nearest, exceptions masked, FTZ and DAZ: whatever the caller's state is, a chunk computes the same bits. */
static fp_state enter_fp_state(void) {
    fp_state old = _mm_getcsr();
    _mm_setcsr(0x1f80u | 0x8040u);
    return old;
}
static void leave_fp_state(fp_state old) { _mm_setcsr(old); }
#else
typedef int fp_state;
static fp_state enter_fp_state(void) { return 0; }
static void leave_fp_state(fp_state old) { (void)old; }
#endif

static _Thread_local int32_t inside_chunk;
static _Thread_local int32_t thread_cpu = -1; /* that a team has pinned this thread to */

static void pin_thread(const rgm_team *team, int32_t worker) {
    int32_t cpu = team->pinned ? team->cpus[worker] : -1;
    if (cpu == thread_cpu) return;
    rgm_cpu_mask mask = team->mask;
    if (cpu >= 0) {
        CPU_ZERO_S(sizeof mask, mask.part);
        CPU_SET_S(cpu, sizeof mask, mask.part);
    }
    sched_setaffinity(0, sizeof mask, mask.part);
    thread_cpu = cpu;
}

/* The caller is free between runs: threads and processes that it starts inherit its mask. */
static void unpin_caller(const rgm_team *team) {
    if (thread_cpu < 0) return;
    sched_setaffinity(0, sizeof team->mask, team->mask.part);
    thread_cpu = -1;
}

static uint64_t now_nanos(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int32_t share_start(int32_t chunks, int32_t worker, int32_t workers) {
    return (int32_t)((int64_t)chunks * worker / workers);
}

static void note_failure(rgm_team *team, int32_t phase, int32_t chunk, rgm_status status, rgm_error *err) {
    if (err->text[0] == '\0')
        rgm_fail(err, status, "%s: chunk %d failed: %s", team->phases[phase].name ? team->phases[phase].name : "phase",
                 chunk, rgm_status_text(status));
    err->status = status;
    pthread_mutex_lock(&team->failure_lock);
    if (chunk < atomic_load(&team->failed_chunk)) {
        team->failure = *err;
        atomic_store(&team->failed_chunk, chunk);
        atomic_store(&team->failed_phase, phase);
    }
    pthread_mutex_unlock(&team->failure_lock);
}

/* After a failure only chunks with a lower number still run: one of them may be the one to report. */
static void run_chunk(rgm_team *team, int32_t phase, int32_t chunk, int32_t worker) {
    if (chunk > atomic_load_explicit(&team->failed_chunk, memory_order_relaxed)) return;
    rgm_error *err = &team->workers[worker].err;
    err->status = RGM_OK;
    err->text[0] = '\0';
    rgm_status status = team->phases[phase].run(team->phases[phase].context, chunk, worker, err);
    if (status < 0) note_failure(team, phase, chunk, status, err);
}

static void run_phase(rgm_team *team, int32_t phase, int32_t worker, int32_t workers) {
    int32_t chunks = team->phases[phase].chunks;
    for (int32_t k = 0; k < workers; k++) {
        int32_t victim = worker + k < workers ? worker + k : worker + k - workers; /* its own share first */
        int32_t start = share_start(chunks, victim, workers);
        int32_t length = share_start(chunks, victim + 1, workers) - start;
        _Atomic int32_t *cursor = &team->workers[victim].cursor[phase & 1];
        while (atomic_load_explicit(cursor, memory_order_relaxed) < length) {
            int32_t taken = atomic_fetch_add_explicit(cursor, 1, memory_order_relaxed);
            if (taken < length) run_chunk(team, phase, start + taken, worker);
        }
    }
}

/* Ends a phase; the last one of a run ends with the run, unless the waiting is measured. */
static void end_phase(rgm_team *team, int32_t phase, int32_t worker, int32_t workers, uint64_t *since) {
    if (!team->profiling) {
        if (phase + 1 < team->count) rgm_barrier_wait(&team->barrier, workers, team->spins);
        return;
    }
    uint64_t arrived = now_nanos();
    rgm_barrier_wait(&team->barrier, workers, team->spins);
    uint64_t left = now_nanos();
    if (team->phases[phase].chunks != 1) team->workers[worker].wait_nanos += left - arrived;
    if (worker == 0) team->phases[phase].nanos += left - *since;
    *since = left;
}

/* Before a thread's first phase. Signals sent to the process are the caller's. */
static void prepare_thread(rgm_team *team, int32_t worker) {
    static _Thread_local int32_t prepared;
    if (prepared) return;
    rgm_error *err = &team->workers[worker].err;
    rgm_status status = rgm_altstack_install(err);
    if (status < 0) {
        note_failure(team, 0, -1, status, err); /* comes before every chunk: none is run */
        return;
    }
    if (worker > 0) rgm_altstack_block(NULL);
    prepared = 1;
}

static void hear(void *context, int32_t level, const char *line) {
    rgm_team *team = context;
    pthread_mutex_lock(&team->hearing);
    team->heard_by->take(team->heard_by->context, level, line);
    pthread_mutex_unlock(&team->hearing);
}

static void run_worker(void *context, int32_t worker, int32_t workers) {
    rgm_team *team = context;
    const rgm_log_receiver *before = rgm_log_adopt(team->heard_by ? &team->hears : NULL);
    fp_state old = enter_fp_state();
    prepare_thread(team, worker);
    pin_thread(team, worker);
    inside_chunk = 1;
    uint64_t since = team->profiling ? now_nanos() : 0;
    for (int32_t phase = 0; phase < team->count; phase++) {
        atomic_store_explicit(&team->workers[worker].cursor[~phase & 1], 0, memory_order_relaxed);
        run_phase(team, phase, worker, workers);
        end_phase(team, phase, worker, workers, &since);
        /* Not "has any phase failed": a quicker worker may be in the next phase and fail there. */
        if (atomic_load(&team->failed_phase) <= phase) break;
    }
    inside_chunk = 0;
    leave_fp_state(old);
    rgm_log_adopt(before);
}

rgm_status rgm_team_start(rgm_team *team, rgm_error *err) {
    if (team->started) return RGM_OK;
    if (team->size > 1) {
        RGM_TRY(refuse_in_fork(err));
        RGM_TRY(rgm_threads_start(team->threads, err));
        atomic_store_explicit(&threads_started, 1, memory_order_relaxed);
    }
    team->started = 1;
    return RGM_OK;
}

static void start_run(rgm_team *team, rgm_phase *phases, int32_t count) {
    team->phases = phases;
    team->count = count;
    team->heard_by = rgm_log_receiving();
    team->hears = (rgm_log_receiver){hear, team, team->heard_by ? team->heard_by->outer : NULL};
    atomic_store(&team->failed_phase, INT32_MAX);
    atomic_store(&team->failed_chunk, INT32_MAX);
    for (int32_t k = 0; k < team->size; k++) atomic_store(&team->workers[k].cursor[0], 0);
}

static rgm_status check_run(const rgm_phase *phases, int32_t count, rgm_error *err) {
    if (inside_chunk) return rgm_fail(err, RGM_E_INTERNAL, "the team was asked to run from inside a chunk");
    for (int32_t k = 0; k < count; k++)
        if (phases[k].chunks < 0 || !phases[k].run)
            return rgm_fail(err, RGM_E_INTERNAL, "phase %d (%s) is malformed: %d chunks", k,
                            phases[k].name ? phases[k].name : "unnamed", phases[k].chunks);
    return RGM_OK;
}

rgm_status rgm_team_run(rgm_team *team, rgm_phase *phases, int32_t count, rgm_error *err) {
    RGM_TRY(check_run(phases, count, err));
    if (count <= 0) return RGM_OK;
    RGM_TRY(rgm_team_start(team, err));
    if (team->size > 1) RGM_TRY(refuse_in_fork(err));
    start_run(team, phases, count);
    int32_t before = rgm_threads_single();
    if (team->size > 1)
        rgm_threads_run(team->threads, run_worker, team);
    else
        run_worker(team, 0, 1);
    rgm_threads_restore(before);
    unpin_caller(team);
    if (atomic_load(&team->failed_phase) == INT32_MAX) return RGM_OK;
    if (err) *err = team->failure;
    return team->failure.status;
}

rgm_status rgm_team_for(rgm_team *team, rgm_chunk_fn run, void *context, int32_t chunks, rgm_error *err) {
    rgm_phase phase = {.run = run, .context = context, .chunks = chunks};
    return rgm_team_run(team, &phase, 1, err);
}

int32_t rgm_single_enter(void) { return rgm_threads_single(); }
void rgm_single_leave(int32_t before) { rgm_threads_restore(before); }

static int wants_pins(int32_t pin, int32_t threads, const rgm_machine *machine) {
    if (pin != RGM_PIN_AUTO) return pin == RGM_PIN_ON;
    return threads > 1 && threads == machine->usable && machine->usable == machine->online;
}

/* "0-3, 8": the CPUs as runs of consecutive numbers in the workers' order; cut with "..." when they do not fit. */
static void format_cpus(const int32_t *cpus, int32_t count, char *text, size_t bytes) {
    size_t used = 0;
    text[0] = '\0';
    for (int32_t k = 0; k < count;) {
        int32_t last = k;
        while (last + 1 < count && cpus[last + 1] == cpus[last] + 1) last++;
        if (used + 32 > bytes) {
            snprintf(text + used, bytes - used, ", ...");
            return;
        }
        used += (size_t)snprintf(text + used, bytes - used, "%s%d", k ? ", " : "", cpus[k]);
        if (last > k) used += (size_t)snprintf(text + used, bytes - used, "-%d", cpus[last]);
        k = last + 1;
    }
}

static void describe(rgm_team *team, const rgm_machine *machine) {
    char cpus[96], where[120], crowd[40] = "";
    const char *plural = team->size == 1 ? "" : "s";
    format_cpus(team->cpus, team->size, cpus, sizeof cpus);
    if (team->pinned)
        snprintf(where, sizeof where, "pinned to CPU%s %s", plural, cpus);
    else
        snprintf(where, sizeof where, "not pinned");
    if (team->size > machine->usable)
        snprintf(crowd, sizeof crowd, " on %d CPU%s", machine->usable, machine->usable == 1 ? "" : "s");
    snprintf(team->description, sizeof team->description, "%d thread%s (%s)%s, %s", team->size, plural,
             rgm_threads_name(), crowd, where);
}

static rgm_team *allocate(int32_t threads) {
    size_t bytes = sizeof(rgm_team) + (size_t)threads * sizeof(worker_state);
    rgm_team *team = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (!team) return NULL;
    memset(team, 0, bytes);
    team->size = threads;
    pthread_mutex_init(&team->failure_lock, NULL);
    pthread_mutex_init(&team->hearing, NULL);
    return team;
}

rgm_status rgm_team_create(rgm_team **team, const rgm_team_options *options, rgm_error *err) {
    *team = NULL;
    if (options->threads < 0 || options->threads > MOST_THREADS)
        return rgm_fail(err, RGM_E_USAGE, "%d threads: expected 1 to %d, or 0 for all CPUs", options->threads,
                        MOST_THREADS);
    if (options->pin < RGM_PIN_AUTO || options->pin > RGM_PIN_OFF)
        return rgm_fail(err, RGM_E_USAGE, "pin mode %d: expected auto, on or off", options->pin);
    rgm_machine machine;
    rgm_machine_read(&machine);
    int32_t threads = options->threads ? options->threads : machine.usable;
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    rgm_status status = RGM_OK;
    rgm_team *made = allocate(threads);
    if (!made) return rgm_fail(err, RGM_E_NOMEM, "out of memory for a team of %d threads", threads);
    made->mask = machine.mask;
    made->spins = threads > machine.usable ? 0 : SPINS;
    made->pinned = wants_pins(options->pin, threads, &machine);
    if (made->pinned) rgm_machine_order(&machine, made->cpus, threads);
    describe(made, &machine);
    pthread_once(&fork_watch_once, watch_forks);
    RGM_TRY_OR_FAIL(status, rgm_threads_create(&made->threads, threads, made->spins, err));
    *team = made;
    return RGM_OK;
fail:
    rgm_team_destroy(made);
    return status;
}

void rgm_team_destroy(rgm_team *team) {
    if (!team) return;
    if (team->threads) rgm_threads_destroy(team->threads, !atomic_load(&threads_lost));
    pthread_mutex_destroy(&team->failure_lock);
    pthread_mutex_destroy(&team->hearing);
    free(team);
}

int32_t rgm_team_size(const rgm_team *team) { return team->size; }

const char *rgm_team_describe(const rgm_team *team) { return team->description; }

void rgm_team_profile(rgm_team *team, int32_t on) {
    if (on && !team->profiling)
        for (int32_t k = 0; k < team->size; k++) team->workers[k].wait_nanos = 0;
    team->profiling = on != 0;
}

uint64_t rgm_team_wait_nanos(const rgm_team *team) {
    uint64_t sum = 0;
    for (int32_t k = 0; k < team->size; k++) sum += team->workers[k].wait_nanos;
    return sum;
}
