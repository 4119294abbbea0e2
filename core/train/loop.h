/* The training loop: epochs of steps, evaluations, checkpoints, early stopping.
 *
 * The loop reports through events and is asked to stop through one. It prints nothing. It knows no run folder, only the
 * paths of its two checkpoints. Its caller is a run (run/run.h), which has both.
 */
#ifndef RGM_TRAIN_LOOP_H
#define RGM_TRAIN_LOOP_H

#include "train/trainer.h"

/* After every step. Means over the step's batch come from result.tally. */
typedef struct rgm_step_event {
    const rgm_progress *progress; /* the step included */
    rgm_step_result result;
    double seconds; /* of this step */
    double waited;  /* of them, waiting for pixels to be read */
    double making;  /* of them, making the batch: decoding, augmenting, packing */
} rgm_step_event;

/* After every epoch. */
typedef struct rgm_epoch_event {
    const rgm_progress *progress; /* progress->tally: of the epoch's training batches */
    int32_t evaluated;            /* 1: `validation` holds an evaluation of the whole validation split */
    rgm_tally validation;         /* or of the options' view; its loss may be not finite, then it counts for nothing */
    int32_t best;                 /* 1: the best so far */
    double seconds;               /* of the evaluation */
} rgm_epoch_event;

/* A step was left out, or the run has gone back (policy.h). */
typedef struct rgm_caught {
    const char *action; /* "skip" or "rewind" */
    const char *cause;  /* "not finite" or "spike" */
    const char *why;
} rgm_caught;

/* Every function may be NULL. A failure returned from an event ends the loop with it; RGM_E_IO says that the event
 * could not be written. [main] */
typedef struct rgm_loop_events {
    void *context;
    int32_t (*stop)(void *context); /* asked after each step and batch of an evaluation */
    rgm_status (*step)(void *context, const rgm_step_event *event, rgm_error *err);
    rgm_status (*caught)(void *context, const rgm_progress *progress, const rgm_caught *caught, rgm_error *err);
    /* A step's loss is a spike, before anything is done about it: what is said of it may be added to. */
    void (*spiked)(void *context, rgm_error *said);
    rgm_status (*epoch)(void *context, const rgm_epoch_event *event, rgm_error *err);
    rgm_status (*evaluating)(void *context, int64_t images, rgm_error *err); /* an evaluation begins */
    rgm_status (*saving)(void *context, const char *path, rgm_error *err); /* what was told must be on the disk first */
    rgm_status (*saved)(void *context, const char *path, const rgm_progress *progress, rgm_error *err);
} rgm_loop_events;

enum { RGM_END_COMPLETE = 0, RGM_END_STEPS = 1, RGM_END_EARLY = 2, RGM_END_REACHED = 3 }; /* why the loop ended */

enum { RGM_BEGINS_NEW = 0, RGM_BEGINS_LAST = 1, RGM_BEGINS_BEST = 2 }; /* where the state that a run begins with is */

typedef struct rgm_loop_options {
    const char *last, *best; /* checkpoint files; NULL: none is written */
    const char *back;        /* what the policy `rewind` goes back to; NULL: it is kept in memory */
    int32_t begins;          /* RGM_BEGINS_LAST: in `last`; RGM_BEGINS_BEST: in `best`, and `last` is missing */
    const rgm_view *view;    /* evaluated after epochs; NULL: the validation split */
    double until;            /* the accuracy in such an evaluation that ends the run; 0: it runs to its end */
    rgm_loop_events events;
} rgm_loop_options;

/* 1 if nothing of the configured run is left to do; *ending: why it ended, or how it is going to without an early stop.
 * Also for a run that is resumed after its end. */
int32_t rgm_loop_over(const rgm_session *session, const rgm_progress *progress, int32_t *ending);

/* Trains from *progress to the end of the configured run. RGM_E_INTERRUPTED when stopped on request, after saving.
 * Before any other failure, too, the state is saved to `last` (the event `saved` tells), except:
 *
 *     a checkpoint or an event could not be written      the file is the last one that was written whole
 *     RGM_E_NUMERIC                                      a resumed run would come to it again
 *     a plugin failed amid an update                     the state is that of no step
 *
 * What is not finite is never saved: RGM_E_NUMERIC names the step and the tensor. RGM_E_NUMERIC as well if a run ends
 * early and no evaluation was finite. [main] */
rgm_status rgm_loop_run(const rgm_session *session, rgm_trainer *trainer, rgm_progress *progress,
                        const rgm_loop_options *options, int32_t *ending, rgm_error *err);

#endif
