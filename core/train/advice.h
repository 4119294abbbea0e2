/* What a set-up that can hardly train is told before its first step: refusals, and lines of warning with a remedy.
 *
 * Nothing here changes the run. A set-up about which nothing is to say gives no line. docs/CONFIG.md has the list.
 */
#ifndef RGM_TRAIN_ADVICE_H
#define RGM_TRAIN_ADVICE_H

#include "train/session.h"

/* A warning if batch norm has fewer values a channel. The variance of 16 normal values has a relative standard
 * deviation of sqrt(2 / 15), more than a third. ResNet-18 of width 1/8 on Fashion-MNIST, last maps of 1x1, one epoch:
 * 87.1 % with batch 32, 87.2 with 16, 86.5 with 8, 20 with 2. */
enum { RGM_ADVICE_NORM_VALUES = 16 };

typedef struct rgm_advice {
    void *context;
    void (*tell)(void *context, const char *line); /* a line of warning, without a newline */
    int32_t resumed; /* 1: the run was begun before, and told: only what may have come since, and nothing is refused */
    int32_t evaluated; /* 1: epochs end with an evaluation even without a validation split (bench train) */
} rgm_advice;

/* Looks at a session that is to train. RGM_E_USAGE for what cannot work:
 *     batch norm over a single value a channel
 *     images that are channels first by all appearances (model.image says that they are not)
 *     early_stop.patience, or a scheduler that waits for a metric, without a validation split [main] */
rgm_status rgm_advise(const rgm_session *session, const rgm_advice *advice, rgm_error *err);

#endif
