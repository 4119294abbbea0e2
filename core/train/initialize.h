/* The first values of all parameters and statistics: initializer plugins for weights, constants for the rest, and the
 * classifier's bias from the class frequencies. */
#ifndef RGM_TRAIN_INITIALIZE_H
#define RGM_TRAIN_INITIALIZE_H

#include "plan/plan.h"
#include "train/session.h"

/* Adds the images of each class in a view to counts[0..the set's classes); a soft label counts for each class as much
 * as it says. */
void rgm_count_classes(const rgm_view *view, double *counts);

/* Weights of convolutions and hidden linear layers are drawn by the session's initializer. The classifier's are drawn
 * by N(0, 0.01). Draws are keyed by the parameter's index and the element. Scales, shifts and statistics get their
 * constants. An entry of config.init_layers draws every parameter whose name its pattern has, whatever would draw it
 * else: also the classifier's, scales, shifts and biases. Of several the last one does. RGM_E_USAGE for a pattern that
 * no parameter has. With config.prior_bias the classifier's bias becomes log(frequency) per class, or the log-odds with
 * one logit. The first loss is then the entropy of the classes (Karpathy, "A recipe for training neural networks",
 * 2019: init well). A class counts as half a sample at least. Runs the team. [main] */
rgm_status rgm_initialize(const rgm_session *session, const rgm_memory *memory, rgm_error *err);

#endif
