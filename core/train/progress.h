/* Where a training run stands: what a checkpoint has to remember beside tensors. With it a resumed run goes on with the
 * same bits and the same reports. */
#ifndef RGM_TRAIN_PROGRESS_H
#define RGM_TRAIN_PROGRESS_H

#include <stdint.h>

/* Sums over samples, in order. */
typedef struct rgm_tally {
    double loss;              /* sum of the samples' losses */
    int64_t top1, top5, seen; /* correct at 1 and at 5, samples */
} rgm_tally;

void rgm_tally_add(rgm_tally *sum, const rgm_tally *more);

/* Means over the samples: the loss, and the fraction that is correct at 1 and at 5. NaN where none was seen. */
double rgm_tally_loss(const rgm_tally *tally);
double rgm_tally_accuracy(const rgm_tally *tally);
double rgm_tally_accuracy5(const rgm_tally *tally);

/* The loss that is usual (spike.h). */
typedef struct rgm_level {
    double mean, sum; /* of the last whole window; over the one under way */
    int64_t steps;    /* that were added */
} rgm_level;

typedef struct rgm_progress {
    int64_t step;       /* steps done in all */
    int32_t epoch;      /* epochs done */
    int64_t epoch_step; /* steps done in the epoch under way */
    rgm_tally tally;    /* of the training batches of the epoch under way */
    rgm_tally window;   /* of the batches since the last report of a step (metrics.every) */
    double best_metric; /* of the validation split, at best_epoch */
    int32_t best_epoch; /* -1: no evaluation yet */
    double gain_metric; /* the last value that counted as a gain: early stopping measures from it */
    int32_t evaluations_without_gain;
    int32_t skipped;  /* steps in a row, the last one among them, that were left out (policy.h) */
    int32_t rewinds;  /* how often the run went back to an earlier state; each has halved the rate */
    int64_t left_out; /* steps that were left out in all, also those at which the run went back */
    rgm_level usual;  /* of the steps so far, since the last rewind; zeros unless `watch.spikes` acts */
    double seconds;   /* spent training, earlier sessions included */
} rgm_progress;

/* A run that starts at its first step. */
rgm_progress rgm_progress_start(void);

#endif
