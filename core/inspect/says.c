#include "inspect/says.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* A part under way. */
typedef struct work {
    rgm_judged *judged;
    const rgm_said *said;  /* of the part's split */
    const int32_t *labels; /* of it */
    int64_t count;         /* images of it, those of other parts too */
    int32_t part, classes;
    int64_t *given, *predicted, *right; /* [classes] */
    double confidence[RGM_SAYS_BINS];   /* sums */
} work;

/* ---- counts ---- */

static int32_t bin_of(double confidence) {
    int32_t bin = (int32_t)ceil(confidence * RGM_SAYS_BINS) - 1;
    return bin < 0 ? 0 : bin >= RGM_SAYS_BINS ? RGM_SAYS_BINS - 1 : bin;
}

static void count_image(work *w, int64_t i) {
    const rgm_said *s = &w->said[i];
    rgm_judged *j = w->judged;
    int32_t label = w->labels[i], predicted = rgm_said_predicted(s, label);
    double confidence = (double)(s->other > s->given ? s->other : s->given);
    rgm_calibration_bin *bin = &j->bins[bin_of(confidence)];
    j->images++;
    w->given[label]++;
    w->predicted[predicted]++;
    w->right[label] += predicted == label;
    bin->hits.n++;
    bin->hits.hits += predicted == label;
    w->confidence[bin_of(confidence)] += confidence;
    j->loss -= log(fmax((double)s->given, 1e-38));
    if (j->confusion) j->confusion[(int64_t)label * w->classes + predicted]++;
}

static void settle(work *w) {
    rgm_judged *j = w->judged;
    int64_t right = 0;
    for (int32_t c = 0; c < w->classes; c++) {
        right += w->right[c];
        j->recall[c] = rgm_share_of(w->right[c], w->given[c]);
        j->precision[c] = rgm_share_of(w->right[c], w->predicted[c]);
    }
    j->hits = rgm_share_of(right, j->images);
    j->loss = j->images ? j->loss / (double)j->images : NAN;
}

/* ---- calibration ---- */

static void calibrate(work *w) {
    rgm_judged *j = w->judged;
    double error = 0, variance = 0;
    for (int32_t b = 0; b < RGM_SAYS_BINS; b++) {
        rgm_calibration_bin *bin = &j->bins[b];
        double n = (double)bin->hits.n, share = n / (double)j->images, right = n > 0 ? (double)bin->hits.hits / n : 0;
        bin->confidence = n > 0 ? w->confidence[b] / n : NAN;
        bin->hits = rgm_share_of(bin->hits.hits, bin->hits.n);
        if (n <= 0) continue;
        error += share * fabs(right - bin->confidence);
        variance += share * share * right * (1 - right) / n;
    }
    j->ece = error;
    j->ece_low = fmax(0, error - 1.96 * sqrt(variance));
    j->ece_high = fmin(1, error + 1.96 * sqrt(variance));
}

/* ---- classes that are taken for each other ---- */

/* A mistake as a number, given * classes + predicted. */
static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* More frequent ones first; of equals the lower classes. */
static int32_t before(const rgm_confused *a, const rgm_confused *b) {
    if (a->count != b->count) return a->count > b->count;
    return a->given != b->given ? a->given < b->given : a->predicted < b->predicted;
}

/* Into the sorted list of the most frequent. */
static void insert(rgm_judged *j, const rgm_confused *pair) {
    int32_t at = j->confused_count < RGM_SAYS_PAIRS ? j->confused_count++ : RGM_SAYS_PAIRS - 1;
    if (at == RGM_SAYS_PAIRS - 1 && j->confused[at].count && before(&j->confused[at], pair)) return;
    for (; at > 0 && before(pair, &j->confused[at - 1]); at--) j->confused[at] = j->confused[at - 1];
    j->confused[at] = *pair;
}

static rgm_status find_confused(work *w, rgm_error *err) {
    int64_t mistakes = w->judged->images - w->judged->hits.hits, found = 0;
    int64_t *list = malloc((size_t)(mistakes + 1) * sizeof *list);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " mistakes", mistakes);
    for (int64_t i = 0; i < w->count; i++) {
        if (w->said[i].part != w->part) continue;
        int32_t predicted = rgm_said_predicted(&w->said[i], w->labels[i]);
        if (predicted != w->labels[i]) list[found++] = (int64_t)w->labels[i] * w->classes + predicted;
    }
    qsort(list, (size_t)found, sizeof *list, by_number);
    for (int64_t i = 0, end; i < found; i = end) {
        for (end = i + 1; end < found && list[end] == list[i]; end++) {}
        rgm_confused pair = {
            .given = (int32_t)(list[i] / w->classes), .predicted = (int32_t)(list[i] % w->classes), .count = end - i};
        pair.of = w->given[pair.given];
        insert(w->judged, &pair);
    }
    free(list);
    return RGM_OK;
}

/* ---- the part ---- */

static rgm_status take_memory(work *w, rgm_error *err) {
    size_t classes = (size_t)w->classes;
    rgm_judged *j = w->judged;
    w->given = calloc(classes, sizeof *w->given);
    w->predicted = calloc(classes, sizeof *w->predicted);
    w->right = calloc(classes, sizeof *w->right);
    j->recall = calloc(classes, sizeof *j->recall);
    j->precision = calloc(classes, sizeof *j->precision);
    j->confused = calloc(RGM_SAYS_PAIRS, sizeof *j->confused);
    if (classes <= RGM_SAYS_MATRIX) j->confusion = calloc(classes * classes, sizeof *j->confusion);
    if (w->given && w->predicted && w->right && j->recall && j->precision && j->confused &&
        (j->confusion || classes > RGM_SAYS_MATRIX))
        return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId32 " classes", w->classes);
}

static rgm_status fill(work *w, rgm_error *err) {
    int64_t there = 0;
    for (int64_t i = 0; i < w->count; i++) there += w->said[i].part == w->part;
    if (!there) return RGM_OK;
    RGM_TRY(take_memory(w, err));
    for (int64_t i = 0; i < w->count; i++)
        if (w->said[i].part == w->part) count_image(w, i);
    settle(w);
    calibrate(w);
    return find_confused(w, err);
}

rgm_status rgm_says_part(rgm_inspection_model *model, int32_t part, const rgm_said_all *said, const rgm_dataset *set,
                         rgm_error *err) {
    int32_t split = model->parts[part].split;
    work w = {.judged = &model->parts[part],
              .said = said->list + said->first[split],
              .labels = rgm_dataset_labels(set, split),
              .count = rgm_dataset_describe(set)->count[split],
              .part = part,
              .classes = model->classes};
    rgm_status status = fill(&w, err);
    free(w.given);
    free(w.predicted);
    free(w.right);
    return status;
}
