/* Label errors: images to which a model that has not seen them gives another class than their label.
 *
 * They are ranked by margin: what the label gets against the likeliest other class. C. Northcutt, L. Jiang and I.
 * Chuang, "Confident learning", JAIR 70, 2021, take the difference of probabilities. Here it is that of their
 * logarithms, which is that of the logits. Beside a likeliest class that is sure, the former is -1 nearly alike for
 * labels that get 1e-2 and 1e-6. Yet one is of a class that is hard to tell from it, and nobody confuses the other. The
 * list is exactly the first n in that order.
 *
 * How many, n, is an estimate of which no alarm is made where the model is merely unsure. Of the half of the images in
 * whose class it is most confident, and of all of them, it is
 *     n = N / m (wrong - expected)      N images of the part, m of them in the half, or all; the larger of the two
 *     wrong       the labels that are not the predicted class
 *     expected    sum of 1 - c - u, where positive: what mistakes of the model itself, of confidence c, come to
 *     u           1 - c of the image that 5 % are more confident than: what a model says that has learnt wrong labels
 * and 0 unless wrong - expected is above twice the root of expected. The confidences c are tempered before (Guo et al.,
 * ICML 2017). Every p is raised to 1 / T, and divided by the sum over the label, the likeliest other class and the
 * rest. T is from RGM_TEMPER_LEAST to RGM_TEMPER_MOST, in steps of the square root of 2. It is the one that makes the
 * labels likeliest, if a share RGM_TEMPER_FLOOR of them is any class. Wrong labels of classes that are hard to tell
 * apart are not counted in full: n is rather too small.
 */
#ifndef RGM_INSPECT_LABEL_ERRORS_H
#define RGM_INSPECT_LABEL_ERRORS_H

#include "inspect/said.h"
#include "report/findings.h"
#include "report/inspection_model.h"

enum { RGM_LABELS_LEAST = 40 }; /* images of a part: fewer say nothing */

#define RGM_TEMPER_LEAST 0.25
#define RGM_TEMPER_MOST  4.0
#define RGM_TEMPER_FLOOR 0.01

/* The estimate for the images of a part: `said` are those of its split, `count` of them. 0 of fewer than
 * RGM_LABELS_LEAST, NaN without memory. */
double rgm_label_errors_estimate(const rgm_said *said, int64_t count, int32_t part, int32_t classes);

/* Fills errors and reported of a part, and adds its findings: score is -margin, `proposed` the likeliest class, with
 * its probability. RGM_E_NOMEM. */
rgm_status rgm_label_errors_find(rgm_inspection_model *model, int32_t part, const rgm_said_all *said,
                                 const rgm_dataset *set, rgm_findings *findings, rgm_error *err);

/* The first `most` images of a part by margin, of those that the model takes for another class. */
typedef struct rgm_label_ranking {
    const rgm_said *said; /* [count], of a split */
    int64_t count;
    int32_t part;
    int64_t most;
} rgm_label_ranking;

/* Fills indices[most] in the split, of equal margins the lower first; *found is how many there are. RGM_E_NOMEM. */
rgm_status rgm_label_errors_rank(const rgm_label_ranking *ranking, int64_t *indices, int64_t *found, rgm_error *err);

#endif
