#include "inspect/label_errors.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* ---- how many ---- */

/* An image of the part. */
typedef struct judged {
    double confidence; /* of the predicted class, tempered */
    int32_t wrong;     /* 1: that is not the label */
    float given, other;
} judged;

/* p of one of the two at temperature T. */
static double temper(const judged *s, double p, double T, int32_t classes) {
    double others = classes - 2, rest = fmax(0, 1 - (double)s->given - (double)s->other);
    double sum = pow(fmax((double)s->given, 1e-30), 1 / T) + pow(fmax((double)s->other, 1e-30), 1 / T);
    if (others > 0) sum += others * pow(rest / others, 1 / T);
    return pow(fmax(p, 1e-30), 1 / T) / sum;
}

/* The temperature at which the labels are likeliest. */
static double find_temper(const judged *list, int64_t count, int32_t classes) {
    double best = -INFINITY, found = 1;
    for (double T = RGM_TEMPER_LEAST; T <= RGM_TEMPER_MOST; T *= M_SQRT2) {
        double likelihood = 0;
        for (int64_t i = 0; i < count; i++) {
            double p = temper(&list[i], (double)list[i].given, T, classes);
            likelihood += log((1 - RGM_TEMPER_FLOOR) * p + RGM_TEMPER_FLOOR / classes);
        }
        if (likelihood <= best) continue;
        best = likelihood;
        found = T;
    }
    return found;
}

static int by_confidence(const void *left, const void *right) {
    const judged *a = left, *b = right;
    if (a->confidence < b->confidence || a->confidence > b->confidence) return a->confidence > b->confidence ? -1 : 1;
    return b->wrong - a->wrong;
}

/* What the most confident `some` say of all `count`. */
static double extrapolate(const judged *list, int64_t some, int64_t count) {
    double least = 1 - list[count / 20].confidence, wrong = 0, expected = 0;
    for (int64_t i = 0; i < some; i++) {
        wrong += list[i].wrong;
        expected += fmax(0, 1 - list[i].confidence - least);
    }
    double excess = wrong - expected;
    return some && excess > 2 * sqrt(expected) ? excess / (double)some * (double)count : 0;
}

static double estimate(judged *list, int64_t count, int32_t classes) {
    if (count < RGM_LABELS_LEAST) return 0;
    double T = find_temper(list, count, classes);
    for (int64_t i = 0; i < count; i++)
        list[i].confidence = temper(&list[i], fmax((double)list[i].given, (double)list[i].other), T, classes);
    qsort(list, (size_t)count, sizeof *list, by_confidence);
    return fmax(extrapolate(list, count / 2, count), extrapolate(list, count, count));
}

double rgm_label_errors_estimate(const rgm_said *said, int64_t count, int32_t part, int32_t classes) {
    int64_t found = 0;
    judged *list = malloc((size_t)(count + 1) * sizeof *list);
    if (!list) return NAN;
    for (int64_t i = 0; i < count; i++)
        if (said[i].part == part)
            list[found++] =
                (judged){.wrong = said[i].other > said[i].given, .given = said[i].given, .other = said[i].other};
    double errors = estimate(list, found, classes);
    free(list);
    return errors;
}

/* ---- which ---- */

/* An image in the order of margins. */
typedef struct ranked {
    double margin;
    int64_t index;
} ranked;

static int by_margin(const void *left, const void *right) {
    const ranked *a = left, *b = right;
    if (a->margin < b->margin || a->margin > b->margin) return a->margin < b->margin ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* All that are taken for another class, in new memory. */
static ranked *rank_all(const rgm_said *said, int64_t count, int32_t part, int64_t *found) {
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) n += said[i].part == part && said[i].other > said[i].given;
    ranked *list = malloc((size_t)(n + 1) * sizeof *list);
    *found = 0;
    for (int64_t i = 0; list && i < count; i++)
        if (said[i].part == part && said[i].other > said[i].given)
            list[(*found)++] = (ranked){rgm_said_margin(&said[i]), i};
    if (list) qsort(list, (size_t)*found, sizeof *list, by_margin);
    return list;
}

rgm_status rgm_label_errors_rank(const rgm_label_ranking *r, int64_t *indices, int64_t *found, rgm_error *err) {
    int64_t all;
    ranked *list = rank_all(r->said, r->count, r->part, &all);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory to rank %" PRId64 " images", r->count);
    *found = all < r->most ? all : r->most;
    for (int64_t i = 0; i < *found; i++) indices[i] = list[i].index;
    free(list);
    return RGM_OK;
}

static rgm_status report(const rgm_said *said, int32_t split, const int64_t *indices, int64_t count,
                         rgm_findings *findings, rgm_error *err) {
    for (int64_t i = 0; i < count; i++) {
        const rgm_said *s = &said[indices[i]];
        rgm_finding f = rgm_finding_of(RGM_FIND_LABEL_ERROR, split, indices[i]);
        f.score = -rgm_said_margin(s);
        f.proposed = s->class;
        f.probability = s->other;
        RGM_TRY(rgm_findings_add(findings, &f, err));
    }
    return RGM_OK;
}

rgm_status rgm_label_errors_find(rgm_inspection_model *model, int32_t part, const rgm_said_all *all,
                                 const rgm_dataset *set, rgm_findings *findings, rgm_error *err) {
    rgm_judged *j = &model->parts[part];
    const rgm_said *said = all->list + all->first[j->split];
    int64_t count = rgm_dataset_describe(set)->count[j->split];
    j->errors = rgm_label_errors_estimate(said, count, part, model->classes);
    if (isnan(j->errors)) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory to rank %" PRId64 " images", count);
    const rgm_label_ranking ranking = {said, count, part, (int64_t)llrint(j->errors)};
    int64_t *indices = malloc((size_t)(ranking.most + 1) * sizeof *indices);
    if (!indices) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " findings", ranking.most);
    rgm_status status = rgm_label_errors_rank(&ranking, indices, &j->reported, err);
    if (status >= 0) status = report(said, j->split, indices, j->reported, findings, err);
    free(indices);
    return status;
}
