/* A loss on made-up logits: the run's own loss component, called by the driver that calls it in training, without a
 * net.
 *
 *     rgm_loss_trial_create(&trial, session, &err);
 *     rgm_loss_rows rows = {.count = 2, .logits = z, .labels = y, .training = 1, .gradient = dz};
 *     rgm_loss_trial_run(trial, &rows, &err);       rows.loss, dz
 *     rgm_loss_trial_destroy(trial);
 *
 * A row by itself shows the loss of one sample. The same rows together show what a batch makes of them.
 */
#ifndef RGM_CHECK_LOSS_TRIAL_H
#define RGM_CHECK_LOSS_TRIAL_H

#include "train/session.h"

typedef struct rgm_loss_trial rgm_loss_trial;

/* For the session's loss, classes and head; up to the session's batch of rows. RGM_E_NOMEM. [main] */
rgm_status rgm_loss_trial_create(rgm_loss_trial **trial, const rgm_session *session, rgm_error *err);
void rgm_loss_trial_destroy(rgm_loss_trial *trial); /* NULL is fine */

typedef struct rgm_loss_rows {
    int32_t count;         /* 1 to the session's batch */
    const float *logits;   /* [count][outputs] */
    const int32_t *labels; /* [count]; targets are 1 for them, 0 for others */
    int32_t training;      /* 0: as in evaluation, which has no gradient */
    double loss;           /* out: the sum over rows; NaN if it is not finite */
    float *gradient;       /* out: [count][outputs], what the net would get; NULL: not wanted */
} rgm_loss_rows;

/* Errors of the component. [main] */
rgm_status rgm_loss_trial_run(rgm_loss_trial *trial, rgm_loss_rows *rows, rgm_error *err);

#endif
