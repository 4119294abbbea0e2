/* The team: the only file that knows the thread runtime.
 *
 * A team runs a list of phases. A phase is a function over `chunks` chunks, a number that depends on the problem only,
 * never on the number of threads. Which thread computes a chunk is free (a contiguous share each, then stealing); what
 * a chunk computes is fixed. A barrier separates phases: what a phase wrote, every later phase sees. Reductions write
 * one partial result per chunk and a later phase combines them in chunk order. So results have the same bits on any
 * number of threads.
 *
 * Every thread has an alternate stack for signal handlers (base/altstack.h). Signals that are sent to the process stay
 * with the caller; the other threads block them.
 *
 * Every thread runs with denormals flushed to zero (FTZ, DAZ) inside a phase. Backends: OpenMP (default) or pthreads
 * (RGM_TEAM_PTHREAD), chosen by configure. oneDNN may be called from a chunk: it sees one thread there in both
 * backends. The caller's FP state, affinity and number of OpenMP threads are restored after a run.
 *
 * A team is used by one thread at a time, which need not be the one that made it. Teams of other threads may run at the
 * same time. OpenMP keeps a pool of threads for each thread that runs teams, until that thread ends.
 */
#ifndef RGM_BASE_TEAM_H
#define RGM_BASE_TEAM_H

#include "base/status.h"

typedef struct rgm_team rgm_team;

/* One chunk of a phase. `worker` in [0, rgm_team_size()) says whose scratch to use and nothing else: results must not
 * depend on it. Returns RGM_OK or a failure with its line in *err. [worker] */
typedef rgm_status (*rgm_chunk_fn)(void *context, int32_t chunk, int32_t worker, rgm_error *err);

typedef struct rgm_phase {
    rgm_chunk_fn run;
    void *context;
    int32_t chunks;   /* 0 is allowed: the phase does nothing */
    const char *name; /* for profiles: "layer1.0.conv1 forward" */
    uint64_t nanos;   /* out, with profiling on: wall time, barrier included, added up */
} rgm_phase;

enum { RGM_PIN_AUTO = 0, RGM_PIN_ON = 1, RGM_PIN_OFF = 2, RGM_PIN_COUNT = 3 };

typedef struct rgm_team_options {
    int32_t threads; /* 0: the CPUs this process may use (affinity mask and cgroup quota), at most 256 */
    int32_t pin;     /* RGM_PIN_*; auto pins only when the run owns all CPUs it may use */
} rgm_team_options;

/* Creates a team; its threads start at rgm_team_start or the first run. RGM_E_USAGE for threads outside 0..256.
 * [main] */
rgm_status rgm_team_create(rgm_team **team, const rgm_team_options *options, rgm_error *err);

/* Starts the threads if they do not run yet. RGM_E_NOMEM if the system does not grant them all, because of a limit of
 * processes or of the address space. Afterwards that cannot happen in a run. [main] */
rgm_status rgm_team_start(rgm_team *team, rgm_error *err);

/* Ends the threads; NULL is fine. [main] */
void rgm_team_destroy(rgm_team *team);

/* Number of workers. */
int32_t rgm_team_size(const rgm_team *team);

/* One line for the log: "2 threads (OpenMP), pinned to CPUs 0-1". Lives as long as the team. */
const char *rgm_team_describe(const rgm_team *team);

/* Adds wall time to each phase's `nanos` from now on (two clock reads a phase and worker). */
void rgm_team_profile(rgm_team *team, int32_t on);

/* Nanoseconds that workers spent at barriers, added up over workers, since profiling was switched on. Not at those of
 * phases with a single chunk: where one works, the others' waiting is not the barrier's. */
uint64_t rgm_team_wait_nanos(const rgm_team *team);

/* Runs the phases in order. If chunks of a phase fail, the later phases are skipped. The failure of the lowest failing
 * chunk is returned with its text: the same one for every thread count. Must not be called from a chunk
 * (RGM_E_INTERNAL). RGM_E_UNSUPPORTED: a team of several threads in a child that was forked after any such team had
 * run. The thread runtime would hang there. [main] */
rgm_status rgm_team_run(rgm_team *team, rgm_phase *phases, int32_t count, rgm_error *err);

/* The same for one function. */
rgm_status rgm_team_for(rgm_team *team, rgm_chunk_fn run, void *context, int32_t chunks, rgm_error *err);

/* Between the two, OpenMP gives the calling thread's own regions one thread, as in a chunk. For what creates oneDNN's
 * primitives: they remember how many threads there were. rgm_single_enter returns what rgm_single_leave puts back. */
int32_t rgm_single_enter(void);
void rgm_single_leave(int32_t before);

#endif
