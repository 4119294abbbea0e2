/* The loss and the metrics of a batch, as one phase between forward and backward. It calls the loss plugin row by row
 * and counts correct predictions. Partial results per chunk of rows, combined in chunk order. */
#ifndef RGM_TRAIN_LOSS_H
#define RGM_TRAIN_LOSS_H

#include "plan/plan.h"
#include "train/progress.h"
#include "train/session.h"

typedef struct rgm_loss_driver rgm_loss_driver;

typedef struct rgm_loss_options {
    const rgm_plan *plan;  /* bound */
    const float *targets;  /* [N][outputs], which the batch pipeline fills */
    const int32_t *labels; /* [N], likewise */
    int32_t training;      /* 1: the gradient is wanted */
} rgm_loss_options;

/* RGM_E_NOMEM. [main] */
rgm_status rgm_loss_create(rgm_loss_driver **driver, const rgm_session *session, const rgm_loss_options *options,
                           rgm_error *err);
void rgm_loss_destroy(rgm_loss_driver *driver);

/* The phase. */
rgm_phase rgm_loss_phase(rgm_loss_driver *driver);

/* Before a run: the clock, and how many rows count (the others have loss 0 and no gradient). [main] */
void rgm_loss_set(rgm_loss_driver *driver, const rgm_clock *clock, int32_t valid);

/* After a run: the batch's sums. [main] */
rgm_tally rgm_loss_tally(const rgm_loss_driver *driver);

/* After a run: the rows with the largest losses, falling, of equal ones the first; place[count] and loss[count]. Where
 * there are fewer rows: -1 and NaN. [main] */
void rgm_loss_worst(const rgm_loss_driver *driver, int32_t count, int32_t *place, double *loss);

#endif
