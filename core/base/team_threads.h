/* What the team needs of a thread runtime; team_openmp.c or team_pthread.c, chosen by configure. */
#ifndef RGM_BASE_TEAM_THREADS_H
#define RGM_BASE_TEAM_THREADS_H

#include "base/status.h"

typedef struct rgm_threads rgm_threads;

/* One worker's part of a run: `worker` in [0, workers), all of them at the same time. */
typedef void (*rgm_worker_fn)(void *context, int32_t worker, int32_t workers);

/* For `count` threads, the caller included; rgm_threads_start starts them. `spins`: looks at a word before sleeping. */
rgm_status rgm_threads_create(rgm_threads **threads, int32_t count, int32_t spins, rgm_error *err);

/* Starts the threads, once; RGM_E_NOMEM if the system does not grant them all. */
rgm_status rgm_threads_start(rgm_threads *threads, rgm_error *err);

/* RGM_E_NOMEM: `count` threads cannot be had because of `error`, an errno. */
rgm_status rgm_threads_refused(int32_t count, int error, rgm_error *err);

/* In a forked child (`alive` = 0) there are no threads to end: only memory is given back. */
void rgm_threads_destroy(rgm_threads *threads, int32_t alive);

/* Calls fn in `workers` threads, the caller being worker 0, and returns when all are done. After rgm_threads_start. A
 * runtime may give fewer threads than asked for, at least one. */
void rgm_threads_run(rgm_threads *threads, rgm_worker_fn fn, void *context);

/* What the runtime lets the calling thread's own OpenMP regions have; sets it to one and returns what it was. */
int32_t rgm_threads_single(void);
void rgm_threads_restore(int32_t before); /* what rgm_threads_single returned */

/* "OpenMP" or "pthreads". */
const char *rgm_threads_name(void);

#endif
