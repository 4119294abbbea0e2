/* Label errors: images to which a model that has not seen them gives another class than their label.
 *
 * They are ranked by margin, what the label gets against the likeliest other class, as in C. Northcutt, L. Jiang and I.
 * Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 70, 2021. There it is the difference of
 * probabilities; here it is that of their logarithms, which is that of the logits. The difference of probabilities is
 * -1 nearly alike for a label that gets 1e-2 and for one that gets 1e-6: a class that is hard to tell from the other,
 * and one that nobody takes for it. docs/INSPECT.md has what was measured. The list is exactly the first n in that
 * order.
 *
 * How many, n, is an estimate. A label is thought to be drawn from what the model says, p, but with a probability e
 * from all classes alike, 1 / classes each: an error. e is what makes the labels likeliest, found by expectation
 * maximization (A. Dempster, N. Laird and D. Rubin, JRSS B 39, 1977):
 *     r_i = e (1 - p_i) / K / ((1 - e) p_i + e / K)     e = mean of r_i
 * where p_i is what image i's label gets, K the number of classes. n is the sum of r_i, rounded, of the images that the
 * model takes for another class. So a class that is hard to tell from another gives few: there the label still gets
 * something. An overconfident model would give many, a timid one few. So p is tempered before: every p is raised to
 * 1 / T and divided by the sum over the label, the likeliest other class and the rest. T is the likeliest with e, from
 * RGM_TEMPER_LEAST to RGM_TEMPER_MOST in steps of the square root of 2.
 */
#ifndef RGM_RECIPE_LABEL_ERRORS_H
#define RGM_RECIPE_LABEL_ERRORS_H

#include "recipe/said.h"
#include "report/findings.h"
#include "report/inspection_model.h"

#define RGM_TEMPER_LEAST 0.25
#define RGM_TEMPER_MOST  4.0

/* The estimate for the images of a part: `said` are those of its split, `count` of them. 0 without any, NaN without
 * memory. */
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
