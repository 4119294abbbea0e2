#include "data/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/rng.h"
#include "data/together.h"

rgm_view rgm_view_all(const rgm_dataset *set, int32_t split) {
    return (rgm_view){.set = set, .split = split, .count = rgm_dataset_describe(set)->count[split]};
}

int64_t rgm_view_index(const rgm_view *view, int64_t i) { return view->indices ? (int64_t)view->indices[i] : i; }

int32_t rgm_view_classes(const rgm_view *view) {
    return view->map ? view->map->classes : rgm_dataset_describe(view->set)->classes;
}

int32_t rgm_view_class(const rgm_view *view, int32_t c) { return view->map ? view->map->to[c] : c; }

/* A class in the order in which classes give one sample more than their share rounded down. */
struct turn {
    int64_t remainder; /* of the exact share, in 1e-9: what differs by rounding alone is equal */
    uint32_t tie;      /* the seed's order of classes whose remainders are equal */
    uint32_t class;
};

/* Work arrays of one split; `held` and `sorted` are per sample, the others per class. */
struct stratify {
    int64_t *members, *share; /* samples of the class; how many of them are held out */
    struct turn *turns;
    uint32_t *sorted; /* samples ordered by class, ascending within one */
    uint8_t *held;    /* the caller's */
};

static void free_stratify(struct stratify *work) {
    free(work->members);
    free(work->share);
    free(work->turns);
    free(work->sorted);
}

static rgm_status alloc_stratify(struct stratify *work, int64_t classes, int64_t count, rgm_error *err) {
    work->members = calloc((size_t)classes, sizeof *work->members);
    work->share = calloc((size_t)classes, sizeof *work->share);
    work->turns = calloc((size_t)classes, sizeof *work->turns);
    work->sorted = calloc((size_t)count, sizeof *work->sorted);
    if (work->members && work->share && work->turns && work->sorted) return RGM_OK;
    return rgm_fail(err, RGM_E_NOMEM, "validation split: no memory for %lld samples", (long long)count);
}

static int by_turn(const void *a, const void *b) {
    const struct turn *x = a, *y = b;
    if (x->remainder != y->remainder) return x->remainder > y->remainder ? -1 : 1;
    return x->tie < y->tie ? -1 : x->tie > y->tie;
}

/* Samples that can be held out: all but one of each class. */
static int64_t count_spare(const struct stratify *work, int64_t classes) {
    int64_t spare = 0;
    for (int64_t c = 0; c < classes; c++) spare += work->members[c] > 0 ? work->members[c] - 1 : 0;
    return spare;
}

/* Shares rounded down, then one more in the order of turns, as long as a class keeps a sample, until the total is
 * `total`, which can be had. */
static void settle_shares(struct stratify *work, const rgm_stratified *ask, int64_t total) {
    rgm_rng rng = {.seed = ask->seed, .stream = RGM_STREAM(RGM_STREAM_SPLIT, 2 * ask->instance + 1)};
    int64_t given = 0, classes = ask->classes;
    for (int64_t c = 0; c < classes; c++) {
        double exact = ask->fraction * (double)work->members[c];
        work->share[c] = (int64_t)exact;
        work->turns[c] = (struct turn){.remainder = (int64_t)rint(1e9 * (exact - (double)work->share[c])),
                                       .tie = (uint32_t)rgm_rng_permute(&rng, (uint64_t)classes, (uint64_t)c),
                                       .class = (uint32_t)c};
        given += work->share[c];
    }
    qsort(work->turns, (size_t)classes, sizeof *work->turns, by_turn);
    while (given < total)
        for (int64_t i = 0; i < classes && given < total; i++) {
            uint32_t c = work->turns[i].class;
            if (work->share[c] + 1 >= work->members[c]) continue;
            work->share[c]++;
            given++;
        }
}

static void sort_by_class(struct stratify *work, const int32_t *labels, int64_t classes, int64_t count) {
    int64_t *next = work->share; /* free until the shares are settled */
    for (int64_t i = 0; i < count; i++) work->members[labels[i]]++;
    for (int64_t c = 0, at = 0; c < classes; at += work->members[c++]) next[c] = at;
    for (int64_t i = 0; i < count; i++) work->sorted[next[labels[i]]++] = (uint32_t)i;
}

static void mark_held(struct stratify *work, const rgm_stratified *ask) {
    const uint32_t *members = work->sorted;
    for (int64_t c = 0; c < ask->classes; members += work->members[c++]) {
        rgm_rng rng = {
            .seed = ask->seed, .stream = RGM_STREAM(RGM_STREAM_SPLIT, 2 * ask->instance), .sample = (uint32_t)c};
        for (int64_t i = 0; i < work->share[c]; i++)
            work->held[members[rgm_rng_permute(&rng, (uint64_t)work->members[c], (uint64_t)i)]] = 1;
    }
}

/* The same where some samples are copies of one another. */
static rgm_status mark_groups(const struct stratify *work, const rgm_stratified *ask, int64_t *total, rgm_error *err) {
    uint32_t *order = calloc((size_t)ask->classes, sizeof *order);
    if (!order) return rgm_fail(err, RGM_E_NOMEM, "validation split: no memory for %d classes", ask->classes);
    for (int32_t i = 0; i < ask->classes; i++) order[i] = work->turns[i].class;
    const rgm_together together = {.ask = ask, .members = work->members, .share = work->share, .order = order};
    rgm_status status = rgm_together_choose(&together, total, work->held, err);
    free(order);
    return status;
}

/* Both lists in one array: the training part first. */
static void write_views(rgm_holdout *holdout, const rgm_dataset *set, const uint8_t *held, int64_t count,
                        int64_t total) {
    uint32_t *train = holdout->indices, *validation = holdout->indices + (count - total);
    holdout->train = (rgm_view){.set = set, .split = RGM_SPLIT_TRAIN, .indices = train, .count = count - total};
    holdout->validation = (rgm_view){.set = set, .split = RGM_SPLIT_TRAIN, .indices = validation, .count = total};
    for (int64_t i = 0; i < count; i++) {
        if (held[i])
            *validation++ = (uint32_t)i;
        else
            *train++ = (uint32_t)i;
    }
}

/* How many samples the fraction asks for. */
static rgm_status count_asked(const rgm_dataset_info *info, double fraction, int64_t *asked, rgm_error *err) {
    int64_t count = info->count[RGM_SPLIT_TRAIN];
    if (count == 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s: no train split to take a validation split from", info->path);
    if (!(fraction > 0.0 && fraction < 1.0))
        return rgm_fail(err, RGM_E_USAGE, "validation fraction %g: expected a number between 0 and 1", fraction);
    *asked = (int64_t)floor(fraction * (double)count + 0.5);
    if (*asked >= 1 && *asked < count) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "%s: validation: %g of %lld training image%s leaves none for %s", info->path,
                    fraction, (long long)count, count == 1 ? "" : "s",
                    *asked < 1 ? "validation: a larger --validation, or 0 for no validation"
                               : "training: a smaller --validation");
}

/* Where nearly all are copies of a few, none can be spared together with its copies: these are divided then. */
static rgm_status mark(struct stratify *work, const rgm_stratified *ask, int64_t *total, rgm_error *err) {
    int64_t wanted = *total;
    if (ask->groups) RGM_TRY(mark_groups(work, ask, total, err));
    if (ask->groups && (*total > 0 || wanted == 0)) return RGM_OK;
    if (ask->groups) rgm_log(RGM_LOG_WARN, "nearly all images are copies of a few: copies come into several splits");
    *total = wanted;
    mark_held(work, ask);
    return RGM_OK;
}

rgm_status rgm_stratify(const rgm_stratified *ask, int64_t *total, uint8_t *held, rgm_error *err) {
    struct stratify work = {.held = held};
    rgm_status status = alloc_stratify(&work, ask->classes, ask->count, err);
    if (status == RGM_OK) {
        memset(held, 0, (size_t)ask->count);
        sort_by_class(&work, ask->labels, ask->classes, ask->count);
        int64_t spare = count_spare(&work, ask->classes);
        if (*total > spare) *total = spare;
        settle_shares(&work, ask, *total);
        status = mark(&work, ask, total, err);
    }
    free_stratify(&work);
    return status;
}

static rgm_status refuse_none(double fraction, rgm_error *err) {
    return rgm_fail(err, RGM_E_USAGE,
                    "validation fraction %g: no class can spare a sample, none has more than one "
                    "(remedy: --validation 0, or a validation split in the file)",
                    fraction);
}

rgm_status rgm_holdout_create(rgm_holdout *holdout, const rgm_dataset *set, double fraction, uint64_t seed,
                              rgm_error *err) {
    memset(holdout, 0, sizeof *holdout);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    RGM_TRY(count_asked(info, fraction, &holdout->asked, err));
    int64_t count = info->count[RGM_SPLIT_TRAIN], total = holdout->asked;
    const rgm_stratified ask = {.labels = rgm_dataset_labels(set, RGM_SPLIT_TRAIN),
                                .groups = rgm_dataset_groups(set, RGM_SPLIT_TRAIN),
                                .count = count,
                                .classes = info->classes,
                                .fraction = fraction,
                                .seed = seed};
    rgm_status status;
    uint8_t *held = malloc((size_t)count);
    holdout->indices = malloc((size_t)count * sizeof *holdout->indices);
    if (!holdout->indices || !held) {
        status = rgm_fail(err, RGM_E_NOMEM, "validation split: no memory for %lld samples", (long long)count);
        goto fail;
    }
    RGM_TRY_OR_FAIL(status, rgm_stratify(&ask, &total, held, err));
    if (total == 0) {
        status = refuse_none(fraction, err);
        goto fail;
    }
    write_views(holdout, set, held, count, total);
    free(held);
    return RGM_OK;
fail:
    free(held);
    rgm_holdout_destroy(holdout);
    return status;
}

void rgm_holdout_destroy(rgm_holdout *holdout) {
    free(holdout->indices);
    memset(holdout, 0, sizeof *holdout);
}
