/* bench train: the time to an accuracy. A run of `regimen train` as it is, metrics and checkpoints included, that is
 * evaluated after each epoch and ends once the accuracy is there. After each epoch come some steps alone, to see what
 * of their rate the epoch had: right then, since a machine is not as fast in one minute as in the next. They leave no
 * trace. The command makes the run; this file takes the times and tells them. */
#ifndef RGM_BENCH_TRAIN_H
#define RGM_BENCH_TRAIN_H

#include <signal.h>
#include "train/loop.h"

/* An epoch that was evaluated, or, of a run without one, its steps. */
typedef struct rgm_bench_epoch {
    int32_t epoch; /* from 1 */
    double accuracy;
    double seconds;    /* of training, until its end */
    double run, alone; /* seconds of a step: with all that lies between steps but evaluations; alone */
} rgm_bench_epoch;

typedef struct rgm_bench_train {
    double until;                      /* the accuracy, a fraction */
    const char *json;                  /* where the result goes, as rgm_json_leaves_text() has it */
    int32_t steps, warmup;             /* alone, after each epoch */
    const volatile sig_atomic_t *stop; /* nonzero: RGM_E_INTERRUPTED after the step */

    /* of the run; zero before it */
    const rgm_session *session;
    rgm_trainer *trainer;
    const rgm_view *view;
    const char *split;          /* "test", or "validation" of what is held out */
    double started, evaluating; /* monotonic; seconds in evaluations */
    double alone;               /* seconds of the steps alone, with all that belongs to them */
    double mark;                /* monotonic: when this epoch began; */
    int64_t mark_step;          /* the step with which it began */
    rgm_bench_epoch *epochs;
    int32_t count;
} rgm_bench_train;

/* Which split is evaluated: the test split, else validation; RGM_E_USAGE if there is neither. Starts the clock. Both
 * objects stay the caller's, until the result is told. */
rgm_status rgm_bench_train_begin(rgm_bench_train *bench, const rgm_session *session, rgm_trainer *trainer,
                                 rgm_error *err);

/* Takes an epoch's end into account, as soon as it has been evaluated, and times the steps alone. RGM_E_INTERRUPTED in
 * these: then the epoch does not count here. [main] */
rgm_status rgm_bench_train_epoch(rgm_bench_train *bench, const rgm_epoch_event *event, rgm_error *err);

/* Prints the result, as text or as JSON; if no epoch was evaluated, of the steps that were
 * made, with steps alone after them. RGM_E_VERDICT if the accuracy was not reached.
 * [main] */
rgm_status rgm_bench_train_finish(rgm_bench_train *bench, const rgm_progress *progress, rgm_error *err);

/* Releases what the epochs left, however the run ended, or if none began. */
void rgm_bench_train_end(rgm_bench_train *bench);

#endif
