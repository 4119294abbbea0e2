/* bench train: the time to an accuracy. A run of `regimen train` as it is, metrics and checkpoints included, that is
 * evaluated after each epoch and ends once the accuracy is there. After each epoch come some steps alone, to see what
 * of their rate the epoch had. They come right then, since a machine is not as fast in one minute as in the next. They
 * leave no trace. The command makes the run (run/run.h, options `on_result` and `until`); this file takes the times
 * from its events and tells them. */
#ifndef RGM_BENCH_TRAIN_H
#define RGM_BENCH_TRAIN_H

#include <signal.h>
#include "run/run.h"

/* An epoch that was evaluated, or, of a run without one, its steps. */
typedef struct rgm_bench_epoch {
    int32_t epoch; /* from 1 */
    double accuracy;
    double seconds;    /* of training, until its end */
    double run, alone; /* seconds of a step: with all that lies between steps but evaluations; alone */
} rgm_bench_epoch;

typedef struct rgm_bench_train {
    double until;                      /* the accuracy, a fraction: the run's option, too */
    int32_t steps, warmup;             /* alone, after each epoch */
    const volatile sig_atomic_t *stop; /* nonzero: RGM_E_INTERRUPTED after the step */
    const char *json;                  /* of the command line; NULL: nowhere */

    /* of the run; zero before it */
    rgm_run_parts parts;
    double started, evaluating; /* monotonic; seconds in evaluations */
    double alone;               /* seconds of the steps alone, with all that belongs to them */
    double mark;                /* monotonic: when this epoch began; */
    int64_t mark_step;          /* the step with which it began */
    rgm_bench_epoch *epochs;
    int32_t count;
} rgm_bench_train;

/* The run's events that the bench takes: prepared (RGM_E_USAGE if there is nothing to evaluate), epoch, finished. After
 * each evaluated epoch come steps alone; RGM_E_INTERRUPTED in these: then the epoch does not count here. At the end the
 * result is printed, as text or where `json` says. If no epoch was evaluated, it is that of the steps that were made,
 * with steps alone after them. RGM_E_VERDICT if the accuracy was not reached. */
rgm_run_events rgm_bench_train_events(rgm_bench_train *bench);

/* Releases what the epochs left, however the run ended, or if none began. */
void rgm_bench_train_end(rgm_bench_train *bench);

#endif
