/* The losses that a run's first steps are measured against, in closed form.
 *
 * They are those of a network whose output does not depend on its input. With q the mean of the training targets,
 * smoothed as the loss smooths them, and p the class probabilities that the classifier's bias makes:
 *
 *     start     -sum q_k log p_k    of a network as it is initialized, with small weights in the classifier
 *     constant  -sum q_k log q_k    of the best such network: a loss that does not get below it has learned nothing of
 *                                   the images
 *
 * Without prior bias and smoothing `start` is ln(classes). With prior bias and hard labels both are the entropy of the
 * class frequencies. Label smoothing s: q = (1 - s) * frequencies + s / classes (Szegedy et al. 2016). One logit is a
 * softmax over two classes, with the logit 0 for class 0.
 */
#ifndef RGM_TRAIN_BASELINE_H
#define RGM_TRAIN_BASELINE_H

#include "train/trainer.h"

typedef struct rgm_baseline {
    int32_t known;   /* 0: no cross-entropy, or no labels; the rest is NaN then */
    double start;    /* mean loss of a sample, in nats */
    double constant; /* the same */
    double spread;   /* standard deviation of a sample's loss at the start, for it is of a batch that it is measured */
} rgm_baseline;

/* Of a trainer that has made no step: from its parameters as they are. RGM_E_NOMEM. [main] */
rgm_status rgm_baseline_find(rgm_baseline *baseline, const rgm_session *session, const rgm_trainer *trainer,
                             rgm_error *err);

#endif
