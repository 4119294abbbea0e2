/* Figures of what a model says (said.h): accuracy, confusion, precision and recall by class, calibration. */
#ifndef RGM_INSPECT_SAYS_H
#define RGM_INSPECT_SAYS_H

#include "inspect/said.h"
#include "report/inspection_model.h"

/* Fills a part of the model: `split` and `seen` of the part are there, and stay. Sums are made in the order of images.
 *
 * Calibration: images lie in RGM_SAYS_BINS bins of the probability of the predicted class. The expected calibration
 * error is the mean over images of |share that is right - mean probability| of their bins. C. Guo et al., "On
 * calibration of modern neural networks", ICML 2017. Its interval is that of a sum of independent shares: +- 1.96 times
 * the root of sum (n_b / n)^2 a_b (1 - a_b) / n_b, cut at 0. RGM_E_NOMEM. */
rgm_status rgm_says_part(rgm_inspection_model *model, int32_t part, const rgm_said_all *said, const rgm_dataset *set,
                         rgm_error *err);

#endif
