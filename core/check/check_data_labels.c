/* Labels against pictures, by a cheap model (cheap.h) whose answers are out of sample. */
#include "check/check_data_labels.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/cheap.h"
#include "check/label_noise.h"

enum { TRAIN = RGM_SPLIT_TRAIN, TEST = RGM_SPLIT_TEST, VALIDATION = RGM_SPLIT_VALIDATION, SPLITS = RGM_SPLIT_COUNT };

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for labels"); }

/* ---- do labels and pictures have to do with one another at all? ---- */

static rgm_status too_sparse(const rgm_cheap *m, rgm_verdict *v) {
    return rgm_check_not(v, "a cheap model has %" PRId64 " images of %d classes: it knows too little to judge labels",
                         m->set.count[TRAIN], m->set.classes);
}

/* Fewer images than these show little. */
enum { LABELS_LEAST = 200 };
#define RELATED 4.0 /* standard deviations: one healthy set in 30,000 */

/* By how many standard deviations labels and guesses go together more than guesses and permuted labels would. A guess
 * is the class whose score is most above what it has of itself, so that a rare class is guessed as often as it comes.
 */
static double relation(const float *scores, const float *prior, const int32_t *labels, int64_t n, int32_t K,
                       int64_t *counts) {
    double right = 0, expected = 0;
    memset(counts, 0, 2 * sizeof *counts * (size_t)K);
    for (int64_t i = 0; i < n; i++) {
        int32_t best = 0;
        double most = -1e30;
        for (int32_t k = 0; k < K; k++) {
            double p = (double)prior[k], room = p * (1 - p),
                   above = ((double)scores[i * K + k] - p) / sqrt(room + 1e-9);
            if (room <= 0 || above <= most) continue;
            most = above;
            best = k;
        }
        counts[best]++;
        counts[K + labels[i]]++;
        right += best == labels[i];
    }
    for (int32_t k = 0; k < K; k++) expected += (double)counts[k] * (double)counts[K + k] / (double)n;
    double deviation = sqrt(expected * (1 - expected / (double)n));
    return deviation > 1e-9 ? (right - expected) / deviation : 0;
}

/* The same of another split by itself: a regression of its own. 0 for one that is too small, or missing. */
static rgm_status relation_within(rgm_checking *c, const rgm_cheap *m, int32_t split, double *relates, rgm_error *err) {
    const rgm_ridge_job job = {.team = c->device->team,
                               .rows = m->set.count[split],
                               .width = m->features.width,
                               .classes = m->set.classes,
                               .x = m->x[split],
                               .labels = m->set.labels[split],
                               .stop = c->options->stop};
    rgm_ridge own;
    *relates = 0;
    if (job.rows < LABELS_LEAST) return RGM_OK;
    int64_t *counts = malloc(2 * sizeof *counts * (size_t)job.classes);
    if (!counts) return no_memory(err);
    rgm_status status = rgm_ridge_fit(&own, &job, err);
    if (status >= 0) *relates = relation(own.left_out, own.prior, job.labels, job.rows, job.classes, counts);
    rgm_ridge_free(&own);
    free(counts);
    return status;
}

rgm_status rgm_check_labels_fit(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_cheap *m;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    int64_t n = m->set.count[TRAIN];
    int32_t K = m->set.classes;
    int64_t *counts = malloc(2 * sizeof *counts * (size_t)K);
    if (!counts) return no_memory(err);
    double relates = relation(m->scores[TRAIN], m->ridge.prior, m->set.labels[TRAIN], n, K, counts), other = 0;
    free(counts);
    double right = (double)rgm_cheap_right(m->scores[TRAIN], m->set.labels[TRAIN], n, K) / (double)n;
    double most = (double)rgm_cheap_majority(m->set.labels[TRAIN], n, K) / (double)n;
    if (relates >= RELATED)
        return rgm_check_pass(v,
                              "a cheap model is right about %.1f %% of images left out, the largest class is %.1f %%",
                              100 * right, 100 * most);
    /* what is not of the largest class has to show it */
    if ((1 - most) * (double)n < LABELS_LEAST)
        return rgm_check_not(v, "%.0f training images beside the largest class: too few to tell whether labels belong",
                             (1 - most) * (double)n);
    if (rgm_cheap_is_sparse(m)) return too_sparse(m, v);
    if (m->x[TEST]) RGM_TRY(relation_within(c, m, TEST, &other, err));
    rgm_check_fail(v,
                   "a cheap model is right about %.1f %% of %" PRId64
                   " training images left out, the largest class is %.1f %%: labels and pictures are unrelated "
                   "(%.1f standard deviations, expected %.0f or more)",
                   100 * right, n, 100 * most, relates, RELATED);
    rgm_check_cause(v, "the training labels do not belong to their images: one of the two is in another order%s",
                    other >= RELATED ? "; those of the test split do belong" : "");
    rgm_check_cause(v, "the labels are random, or of something that the pictures do not show");
    rgm_check_mend(v, "import the set again with images and labels in one order");
    return RGM_OK;
}

/* ---- do the splits mean the same by their labels? ---- */

/* A split with the training split's shares of classes taken out of the comparison: both are weighed by the split's own.
 * Images of classes that training lacks do not count. */
typedef struct pair {
    int64_t count;      /* of the split's images */
    double usual, here; /* shares that are right: of training images left out, of the split's */
    double deviation;   /* of their difference, were both the same */
} pair;

/* Adds images and right ones of each class: of[classes] and right[classes]. */
static void count_right(const rgm_cheap *m, int32_t split, double *of, double *right) {
    int32_t K = m->set.classes;
    for (int64_t i = 0; i < m->set.count[split]; i++) {
        int32_t label = m->set.labels[split][i];
        of[label]++;
        right[label] += rgm_cheap_guess(m->scores[split] + i * K, K, NULL) == label;
    }
}

static rgm_status compare(const rgm_cheap *m, int32_t split, pair *p, rgm_error *err) {
    int32_t K = m->set.classes;
    double *of = calloc(4 * (size_t)K, sizeof *of), *right = of + K, *other = of + 2 * K, *found = of + 3 * K, n = 0,
           variance = 0;
    *p = (pair){.count = 0};
    if (!of) return no_memory(err);
    count_right(m, TRAIN, of, right);
    count_right(m, split, other, found);
    for (int32_t k = 0; k < K; k++) n += of[k] > 0 ? other[k] : 0;
    for (int32_t k = 0; k < K && n > 0; k++) {
        if (of[k] <= 0) continue;
        double weight = other[k] / n, rough = (right[k] + found[k] + 1) / (of[k] + other[k] + 2);
        p->usual += weight * right[k] / of[k];
        p->here += found[k] / n;
        variance += weight * weight * rough * (1 - rough) / of[k] + weight * rough * (1 - rough) / n;
    }
    p->count = (int64_t)n;
    p->deviation = sqrt(variance);
    free(of);
    return RGM_OK;
}

/* Per guess, how often each label stands there: in every second image, from `first` on. */
static int64_t *cross(const rgm_cheap *m, int32_t split, int64_t first) {
    int32_t K = m->set.classes;
    int64_t *table = calloc((size_t)K * (size_t)K, sizeof *table);
    for (int64_t i = first; table && i < m->set.count[split]; i += 2)
        table[(int64_t)rgm_cheap_guess(m->scores[split] + i * K, K, NULL) * K + m->set.labels[split][i]]++;
    return table;
}

typedef struct exchange {
    double as_is, renamed; /* shares of the other half that are right */
    int32_t moved, alike;  /* guesses whose usual label is another; of these, as far away as the first */
    int32_t by, from, to;  /* classes that the first one is away; the first itself */
} exchange;

/* Names are taken from one half and judged by the other: of many classes, the best of each row is often chance. */
static exchange look_for_exchange(const int64_t *half, const int64_t *other, int32_t K, int64_t n) {
    exchange e = {0};
    for (int32_t g = 0; g < K; g++) {
        int32_t usual = g;
        int64_t all = 0, row = (int64_t)g * K;
        for (int32_t l = 0; l < K; l++) {
            all += half[row + l];
            if (half[row + l] > half[row + usual]) usual = l;
        }
        e.as_is += (double)other[row + g] / (double)n;
        e.renamed += (double)other[row + usual] / (double)n;
        if (usual == g || all < 3) continue;
        int32_t by = (usual - g + K) % K;
        if (by > K / 2) by -= K; /* the nearer way round */
        if (!e.moved) {
            e.by = by;
            e.from = g;
            e.to = usual;
        }
        e.moved++;
        e.alike += by == e.by;
    }
    return e;
}

static double share_right(const rgm_cheap *m, int32_t split) {
    return (double)rgm_cheap_right(m->scores[split], m->set.labels[split], m->set.count[split], m->set.classes) /
           (double)m->set.count[split];
}

static void tell_exchange(rgm_verdict *v, const exchange *e, const char *split, double usual) {
    rgm_check_fail(
        v,
        "a cheap model is right about %.1f %% of training images left out and %.1f %% of the %s split's; with "
        "its classes renamed about %.1f %%, of images that gave no name",
        100 * usual, 100 * e->as_is, split, 100 * e->renamed);
    if (e->moved > 2 && e->alike > e->moved / 2)
        rgm_check_cause(
            v,
            "class k of the training split is class k %+d of the %s split: one of the two counts from another number",
            e->by, split);
    else if (e->moved == 2)
        rgm_check_cause(v, "classes %d and %d are exchanged between the training and the %s split", e->from, e->to,
                        split);
    else
        rgm_check_cause(v, "the classes have other numbers in the %s split: %d of them, class %d there is %d", split,
                        e->moved, e->from, e->to);
    rgm_check_mend(v, "import all splits at once, with one list of classes");
}

/* Lower than this share of what the model does in training is another split's own. */
#define SPLIT_LOWER 0.8
#define SPLIT_SURE  5.0

/* How the classes of a split are exchanged; deals with less than two images. */
static rgm_status find_exchange(const rgm_cheap *m, int32_t split, exchange *e, rgm_error *err) {
    int64_t *half = cross(m, split, 0), *other = cross(m, split, 1), n = m->set.count[split] / 2;
    *e = (exchange){0};
    if (half && other && n) *e = look_for_exchange(half, other, m->set.classes, n);
    rgm_status status = half && other ? RGM_OK : no_memory(err);
    free(half);
    free(other);
    return status;
}

/* 1: a verdict was given; 0: the split is as the training split. */
static rgm_status judge_split(const rgm_cheap *m, int32_t split, rgm_verdict *v, rgm_error *err) {
    pair p;
    exchange e;
    RGM_TRY(compare(m, split, &p, err));
    if (!p.count || p.here >= SPLIT_LOWER * p.usual || p.usual - p.here < SPLIT_SURE * p.deviation) return 0;
    RGM_TRY(find_exchange(m, split, &e, err));
    if (e.moved > 1 && e.renamed - e.as_is > 0.5 * (p.usual - p.here)) {
        tell_exchange(v, &e, rgm_split_name(split), p.usual);
        return 1;
    }
    rgm_check_warn(v,
                   "a cheap model is right about %.1f %% of training images left out, but %.1f %% of the %s split's "
                   "(both by its shares of classes)",
                   100 * p.usual, 100 * p.here, rgm_split_name(split));
    rgm_check_cause(v, "the %s split is of other pictures than the training split, or its labels are wrong",
                    rgm_split_name(split));
    rgm_check_mend(v, "draw the splits from one set at random");
    return 1;
}

rgm_status rgm_check_splits_agree(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    static const int32_t others[] = {TEST, VALIDATION};
    char text[128] = "";
    const rgm_cheap *m;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    for (int32_t i = 0; i < 2; i++) {
        if (!m->x[others[i]]) continue;
        int32_t judged = judge_split(m, others[i], v, err);
        if (judged) return judged < 0 ? judged : RGM_OK;
        size_t at = strlen(text);
        snprintf(text + at, sizeof text - at, ", %s %.1f %%", rgm_split_name(others[i]),
                 100 * share_right(m, others[i]));
    }
    if (!text[0]) return rgm_check_not(v, "there is no split but the training split");
    return rgm_check_pass(v, "a cheap model is right about %.1f %% of training images left out%s",
                          100 * share_right(m, TRAIN), text);
}

/* ---- how many labels are wrong? ---- */

#define FEW_WRONG  0.06  /* ImageNet's test split has 5.8 %, CIFAR-10's 0.5 (Northcutt, Athalye and Mueller 2021) */
#define SOME_WRONG 0.015 /* healthy sets: below 1 % */
#define WRONG_SURE 16.0  /* twice the gain in log likelihood, 4 standard deviations; healthy sets: below 4 */

static void tell_wrong(rgm_verdict *v, double share, const char *how) {
    if (share >= FEW_WRONG)
        rgm_check_fail(v, "about %.0f %% of the training labels are wrong: %s", 100 * share, how);
    else
        rgm_check_warn(v, "about %.1f %% of the training labels are wrong: %s", 100 * share, how);
    rgm_check_cause(v, "labels of the training split were given to the wrong class");
    rgm_check_cause(v, "classes overlap: the same picture may have either label");
    rgm_check_mend(v,
                   "regimen inspect DATA --folds 5 --write-exclude list.txt, look at the label errors, then train with "
                   "--exclude list.txt");
}

/* 1: the test split's labels are right clearly more often than the training split's, by the same shares of classes. */
static rgm_status better_elsewhere(const rgm_cheap *m, pair *p, rgm_error *err) {
    *p = (pair){.count = 0};
    if (!m->x[TEST]) return 0;
    RGM_TRY(compare(m, TEST, p, err));
    return p->here - p->usual > 0.03 && p->here - p->usual > SPLIT_SURE * p->deviation;
}

rgm_status rgm_check_wrong_labels(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_cheap *m;
    rgm_label_noise noise;
    pair elsewhere;
    char how[256];
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    if (m->set.count[TRAIN] < LABELS_LEAST)
        return rgm_check_not(v, "%" PRId64 " training images: too few to tell wrong labels from hard pictures",
                             m->set.count[TRAIN]);
    if (rgm_cheap_is_sparse(m)) return too_sparse(m, v);
    RGM_TRY(
        rgm_label_noise_fit(m->scores[TRAIN], m->set.labels[TRAIN], m->set.count[TRAIN], m->set.classes, &noise, err));
    int32_t size =
        snprintf(how, sizeof how, "%.1f %% (%.1f to %.1f) are not what a cheap model takes hard pictures for",
                 100 * noise.share, 100 * noise.low, 100 * noise.high);
    if (noise.worst >= 0 && size > 0 && (size_t)size < sizeof how)
        snprintf(how + size, sizeof how - (size_t)size, ", of class %d %.0f %%", noise.worst, 100 * noise.worst_share);
    if (noise.gain >= WRONG_SURE && noise.share >= SOME_WRONG) {
        tell_wrong(v, noise.share, how);
        return RGM_OK;
    }
    rgm_status better = better_elsewhere(m, &elsewhere, err);
    RGM_TRY(better);
    if (better) {
        snprintf(how, sizeof how, "a cheap model is right about %.1f %% of them, and %.1f %% of the test labels",
                 100 * elsewhere.usual, 100 * elsewhere.here);
        tell_wrong(v, 1 - elsewhere.usual / elsewhere.here, how);
        return RGM_OK;
    }
    if (noise.share >= FEW_WRONG)
        return rgm_check_not(v,
                             "%.0f %% of the training labels may be wrong (%.0f to %.0f), or pictures are hard: the "
                             "cheap model knows too little",
                             100 * noise.share, 100 * noise.low, 100 * noise.high);
    return rgm_check_pass(v, "a cheap model takes no more pictures for another class than hard ones explain");
}
