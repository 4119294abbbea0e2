#include "data/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

rgm_view rgm_view_all(const rgm_dataset *set, int32_t split) {
    return (rgm_view){.set = set, .split = split, .count = rgm_dataset_describe(set)->count[split]};
}

int64_t rgm_view_index(const rgm_view *view, int64_t i) { return view->indices ? (int64_t)view->indices[i] : i; }

/* Work arrays of one split; `held` is per sample, the others per class. */
struct stratify {
    int64_t *members, *share; /* samples of the class; how many of them are held out */
    double *remainder;        /* of the exact share */
    uint32_t *sorted;         /* samples ordered by class, ascending within one */
    uint8_t *held;
};

static void free_stratify(struct stratify *work) {
    free(work->members);
    free(work->share);
    free(work->remainder);
    free(work->sorted);
    free(work->held);
}

static rgm_status alloc_stratify(struct stratify *work, int64_t classes, int64_t count, rgm_error *err) {
    work->members = calloc((size_t)classes, sizeof *work->members);
    work->share = calloc((size_t)classes, sizeof *work->share);
    work->remainder = calloc((size_t)classes, sizeof *work->remainder);
    work->sorted = calloc((size_t)count, sizeof *work->sorted);
    work->held = calloc((size_t)count, sizeof *work->held);
    if (work->members && work->share && work->remainder && work->sorted && work->held) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "validation split: no memory for %lld samples", (long long)count);
}

/* Shares rounded down, then one more for the largest remainders until the total is `total`. */
static void settle_shares(struct stratify *work, int64_t classes, double fraction, int64_t total) {
    int64_t given = 0;
    for (int64_t c = 0; c < classes; c++) {
        double exact = fraction * (double)work->members[c];
        work->share[c] = (int64_t)exact;
        work->remainder[c] = exact - (double)work->share[c];
        given += work->share[c];
    }
    for (; given < total; given++) {
        int64_t best = -1;
        for (int64_t c = 0; c < classes; c++)
            if (work->share[c] < work->members[c] && (best < 0 || work->remainder[c] > work->remainder[best])) best = c;
        work->share[best]++;
        work->remainder[best] = -1.0; /* served */
    }
}

static void sort_by_class(struct stratify *work, const int32_t *labels, int64_t classes, int64_t count) {
    int64_t *next = work->share; /* free until the shares are settled */
    for (int64_t i = 0; i < count; i++) work->members[labels[i]]++;
    for (int64_t c = 0, at = 0; c < classes; at += work->members[c++]) next[c] = at;
    for (int64_t i = 0; i < count; i++) work->sorted[next[labels[i]]++] = (uint32_t)i;
}

static void mark_held(struct stratify *work, int64_t classes, uint64_t seed) {
    const uint32_t *members = work->sorted;
    for (int64_t c = 0; c < classes; members += work->members[c++]) {
        rgm_rng rng = {.seed = seed, .stream = RGM_STREAM(RGM_STREAM_SPLIT, 0), .sample = (uint32_t)c};
        for (int64_t i = 0; i < work->share[c]; i++)
            work->held[members[rgm_rng_permute(&rng, (uint64_t)work->members[c], (uint64_t)i)]] = 1;
    }
}

/* Both lists in one array: the training part first. */
static void write_views(rgm_holdout *holdout, const rgm_dataset *set, const uint8_t *held, int64_t count,
                        int64_t total) {
    uint32_t *train = holdout->indices, *validation = holdout->indices + (count - total);
    holdout->train = (rgm_view){set, RGM_SPLIT_TRAIN, train, count - total};
    holdout->validation = (rgm_view){set, RGM_SPLIT_TRAIN, validation, total};
    for (int64_t i = 0; i < count; i++) {
        if (held[i])
            *validation++ = (uint32_t)i;
        else
            *train++ = (uint32_t)i;
    }
}

rgm_status rgm_holdout_create(rgm_holdout *holdout, const rgm_dataset *set, double fraction, uint64_t seed,
                              rgm_error *err) {
    memset(holdout, 0, sizeof *holdout);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t count = info->count[RGM_SPLIT_TRAIN], classes = info->classes;
    if (count == 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s: no train split to take a validation split from", info->path);
    if (!(fraction > 0.0 && fraction < 1.0))
        return rgm_fail(err, RGM_E_USAGE, "validation fraction %g: expected a number between 0 and 1", fraction);
    int64_t total = (int64_t)floor(fraction * (double)count + 0.5);
    if (total < 1 || total >= count)
        return rgm_fail(err, RGM_E_USAGE, "validation fraction %g of %lld training samples leaves %s sample", fraction,
                        (long long)count, total < 1 ? "validation without a" : "training without a");
    struct stratify work = {0};
    rgm_status status = alloc_stratify(&work, classes, count, err);
    if (status < 0) goto done;
    holdout->indices = malloc((size_t)count * sizeof *holdout->indices);
    if (!holdout->indices) {
        status = rgm_fail(err, RGM_E_NOMEM, "validation split: no memory for %lld samples", (long long)count);
        goto done;
    }
    sort_by_class(&work, rgm_dataset_labels(set, RGM_SPLIT_TRAIN), classes, count);
    settle_shares(&work, classes, fraction, total);
    mark_held(&work, classes, seed);
    write_views(holdout, set, work.held, count, total);
done:
    free_stratify(&work);
    return status;
}

void rgm_holdout_destroy(rgm_holdout *holdout) {
    free(holdout->indices);
    memset(holdout, 0, sizeof *holdout);
}
