#include "recipe/label_errors.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

enum { STEPS = 60 };

/* ---- how many ---- */

/* What the label gets at temperature T. */
static double temper(const rgm_said *s, double T, int32_t classes) {
    double others = classes - 2, given = pow(fmax((double)s->given, 1e-30), 1 / T),
           other = pow((double)s->other, 1 / T);
    double rest = fmax(0, 1 - (double)s->given - (double)s->other);
    double sum = given + other + (others > 0 ? others * pow(rest / others, 1 / T) : 0);
    return given / sum;
}

static double responsibility(double p, double e, double classes) {
    double error = e * (1 - p) / classes, fine = (1 - e) * p;
    return error / (fine + e / classes);
}

/* The share of errors that makes the labels likeliest; *likelihood is the mean logarithm there. */
static double find_share(const double *p, int64_t count, double classes, double *likelihood) {
    double e = 0.01;
    for (int32_t step = 0; step < STEPS; step++) {
        double sum = 0;
        for (int64_t i = 0; i < count; i++) sum += responsibility(p[i], e, classes);
        e = fmin(sum / (double)count, 0.5);
    }
    *likelihood = 0;
    for (int64_t i = 0; i < count; i++) *likelihood += log((1 - e) * p[i] + e / classes) / (double)count;
    return e;
}

/* Of the tempered p of a part. */
static double expect(const rgm_said *said, int64_t count, int32_t part, int32_t classes, double *p) {
    double best = -INFINITY, errors = 0;
    for (double T = RGM_TEMPER_LEAST; T <= RGM_TEMPER_MOST; T *= M_SQRT2) {
        double likelihood, sum = 0;
        int64_t n = 0;
        for (int64_t i = 0; i < count; i++)
            if (said[i].part == part) p[n++] = temper(&said[i], T, classes);
        if (!n) return 0;
        double e = find_share(p, n, classes, &likelihood);
        if (likelihood <= best) continue;
        best = likelihood;
        n = 0;
        for (int64_t i = 0; i < count; i++) {
            if (said[i].part != part) continue;
            if (said[i].other > said[i].given) sum += responsibility(p[n], e, classes);
            n++;
        }
        errors = sum;
    }
    return errors;
}

double rgm_label_errors_estimate(const rgm_said *said, int64_t count, int32_t part, int32_t classes) {
    double *p = malloc((size_t)(count + 1) * sizeof *p);
    if (!p) return NAN;
    double errors = expect(said, count, part, classes, p);
    free(p);
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
