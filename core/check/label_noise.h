/* How many labels are wrong, by scores that are out of sample.
 *
 * A label is the true class with the probability 1 - e, and a draw from the shares of the classes with e:
 *
 *     p(label k | image) = (1 - e) q[k] + e share[k],   q[k] ~ share[k] exp(T (score[k] - share[k]))
 *
 * e and T are those of the largest likelihood. Hard pictures make T small: the model is seldom sure, and errs near by.
 * Wrong labels lie where it is sure and anywhere, which no T explains. So both are told apart. A model that knows
 * nothing has T = 0, and e does not matter.
 *
 * Labels that are drawn anew: D. Angluin and P. Laird, Learning from noisy examples, Machine Learning 2, 1988.
 * Temperature: C. Guo et al., On calibration of modern neural networks, ICML 2017.
 */
#ifndef RGM_CHECK_LABEL_NOISE_H
#define RGM_CHECK_LABEL_NOISE_H

#include <stdint.h>
#include "base/status.h"

typedef struct rgm_label_noise {
    double share;       /* of labels that are wrong: e less the draws that are right by chance */
    double low, high;   /* between these with 95 %, by the likelihood's curvature */
    double gain;        /* twice the gain in log likelihood over the best T without wrong labels */
    double temperature; /* T */
    int32_t worst;      /* class of which the largest share is wrong; -1: none stands out */
    double worst_share; /* of its labels */
} rgm_label_noise;

/* Of scores[rows][classes] and labels[rows], all of them below `classes`. RGM_E_NOMEM. */
rgm_status rgm_label_noise_fit(const float *scores, const int32_t *labels, int64_t rows, int32_t classes,
                               rgm_label_noise *noise, rgm_error *err);

#endif
