/* What a run shows in TensorBoard (report/tensorboard.h), beside metrics.jsonl:
 *
 *     scalars       with each step event: loss, accuracy, rate, norm of the gradient, images/s; with each evaluation:
 *                   loss and accuracy of its split
 *     images        the first training batch as the network sees it: augmented, its normalisation undone;
 *                   filters of the first layer
 *     histograms    weights of convolutions and linear layers, and their gradients as the optimizer took them
 *
 * Filters and histograms come at ends of epochs: each one, but of a longer run RGM_BOARD_TIMES of them, evenly spaced.
 * So the file of a run stays small. Nothing here changes what the training computes. Without a folder, or if the
 * configuration does not ask for it, all of it does nothing. [main]
 */
#ifndef RGM_RUN_BOARD_H
#define RGM_RUN_BOARD_H

#include "report/tensorboard.h"
#include "train/loop.h"

enum { RGM_BOARD_TIMES = 24, RGM_BOARD_IMAGES = 64 };

typedef struct rgm_board {
    rgm_tensorboard to;
    int32_t stepped; /* 1: gradients are those of a step */
} rgm_board;

/* `resumed`: the step after which the run goes on; -1: a new run, of which the first batch is shown. What hinders that
 * is a warning. RGM_E_IO, RGM_E_NOMEM, RGM_E_INTERRUPTED. */
rgm_status rgm_board_open(rgm_board *board, const rgm_session *session, rgm_trainer *trainer, const char *folder,
                          int64_t resumed, rgm_error *err);
void rgm_board_close(rgm_board *board); /* a zeroed one is fine */

/* A step event. RGM_E_IO. */
rgm_status rgm_board_step(rgm_board *board, const rgm_step_event *event, double images_per_s, rgm_error *err);

/* An evaluation after `step`. RGM_E_IO. */
rgm_status rgm_board_evaluated(rgm_board *board, int64_t step, int32_t split, const rgm_tally *tally, rgm_error *err);

/* The end of an epoch. RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_board_epoch(rgm_board *board, const rgm_session *session, const rgm_trainer *trainer,
                           const rgm_progress *progress, rgm_error *err);

/* 1 if filters and histograms are shown at the end of this epoch of so many. */
int32_t rgm_board_is_turn(int32_t epoch, int32_t epochs);

#endif
