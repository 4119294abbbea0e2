#include "inspect/folds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "inspect/pooled.h"
#include "run/run.h"
#include "train/suit.h"

/* ---- the network ---- */

/* Encoded pictures are large: the network sees them small. */
static rgm_status set_image(rgm_config *config, const rgm_dataset_info *info, rgm_error *err) {
    char size[64];
    if (!info->encoded || info->pictures.shorter <= RGM_FOLDS_SIDE) return RGM_OK;
    snprintf(size, sizeof size, "%dx%dx%d", info->C, RGM_FOLDS_SIDE, RGM_FOLDS_SIDE);
    return rgm_config_set(config, "model.image", size, err);
}

rgm_status rgm_folds_config(rgm_config *config, const rgm_dataset *set, const rgm_folds_wish *wish, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t images = info->count[RGM_SPLIT_TRAIN] * (wish->folds - 1) / wish->folds;
    int64_t pixels = info->encoded ? (int64_t)RGM_FOLDS_SIDE * RGM_FOLDS_SIDE : (int64_t)info->H * info->W;
    char epochs[16];
    RGM_TRY(rgm_config_init(config, err));
    RGM_TRY(rgm_config_set(config, "model.name", wish->model ? wish->model : "resnet20", err));
    RGM_TRY(rgm_config_suit(config, config->model.name, err));
    if (!wish->model) RGM_TRY(rgm_config_set(config, "model.blocks", "[1, 1, 1]", err));
    if (!wish->model) RGM_TRY(rgm_config_set(config, "model.base", "8", err));
    RGM_TRY(rgm_config_set(config, "augment", "[{crop: {padding: 2}}]", err));
    RGM_TRY(set_image(config, info, err));
    int32_t rule = rgm_suit_epochs(images > 0 ? images : 1, pixels, RGM_FOLDS_EPOCHS);
    snprintf(epochs, sizeof epochs, "%" PRId32, wish->epochs ? wish->epochs : rule);
    RGM_TRY(rgm_config_set(config, "epochs", epochs, err));
    RGM_TRY(rgm_config_set(config, "data.validation", "0", err));
    snprintf(config->data.file, sizeof config->data.file, "%s", info->path);
    config->seed = wish->seed;
    return RGM_OK;
}

/* ---- who is in which fold ---- */

/* A command line's seeds have 31 bits: those of repeats are beyond them, none is that of another command line. */
static uint64_t seed_of(const rgm_folds *f, int32_t repeat) { return f->config->seed + ((uint64_t)repeat << 32); }

/* A group, in the order in which it is dealt out. */
typedef struct group {
    int32_t label;   /* of its first image */
    uint64_t place;  /* by the permutation */
    int64_t first;   /* its first image */
    int64_t members; /* images of it */
} group;

static int by_turn(const void *left, const void *right) {
    const group *a = left, *b = right;
    if (a->label != b->label) return a->label < b->label ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/* A group of another split's first image has none here: then it is the image's own. */
static int64_t first_of(const rgm_folds *f, int64_t i) {
    int64_t first = f->group ? f->group[i] : i;
    return first >= 0 && first < rgm_dataset_describe(f->set)->count[RGM_SPLIT_TRAIN] && !f->broken[first] ? first : i;
}

static int64_t list_groups(const rgm_folds *f, int32_t repeat, group *groups) {
    const int32_t *labels = rgm_dataset_labels(f->set, RGM_SPLIT_TRAIN);
    int64_t count = rgm_dataset_describe(f->set)->count[RGM_SPLIT_TRAIN], found = 0;
    const rgm_rng rng = {.seed = seed_of(f, repeat), .stream = RGM_STREAM(RGM_STREAM_SPLIT, 0xffff)};
    for (int64_t i = 0; i < count; i++)
        groups[i] =
            (group){.label = labels[i], .place = rgm_rng_permute(&rng, (uint64_t)count, (uint64_t)i), .first = i};
    for (int64_t i = 0; i < count; i++)
        if (!f->broken[i]) groups[first_of(f, i)].members++;
    for (int64_t i = 0; i < count; i++)
        if (groups[i].members) groups[found++] = groups[i];
    qsort(groups, (size_t)found, sizeof *groups, by_turn);
    return found;
}

/* Each group goes where its class has fewest images yet; the turn at which classes begin moves on. */
static void deal(const rgm_folds *f, const group *groups, int64_t count, int8_t *fold) {
    int64_t has[RGM_FOLDS_MOST] = {0};
    for (int64_t i = 0; i < count; i++) {
        int32_t start = groups[i].label % f->folds, least = start;
        if (i && groups[i].label != groups[i - 1].label) memset(has, 0, sizeof has);
        for (int32_t k = 1; k < f->folds; k++)
            if (has[(start + k) % f->folds] < has[least]) least = (start + k) % f->folds;
        has[least] += groups[i].members;
        fold[groups[i].first] = (int8_t)least;
    }
}

rgm_status rgm_folds_deal(const rgm_folds *f, int32_t repeat, int8_t *fold, rgm_error *err) {
    int64_t count = rgm_dataset_describe(f->set)->count[RGM_SPLIT_TRAIN];
    group *groups = malloc((size_t)(count + 1) * sizeof *groups);
    if (!groups) return rgm_fail(err, RGM_E_NOMEM, "folds: no memory for %" PRId64 " images", count);
    int64_t found = list_groups(f, repeat, groups);
    if (found >= f->folds) deal(f, groups, found, fold);
    free(groups);
    if (found < f->folds)
        return rgm_fail(err, RGM_E_USAGE,
                        "%s: --folds %d: each fold needs a training image, and %" PRId64 " of them differ",
                        rgm_dataset_describe(f->set)->path, f->folds, found);
    for (int64_t i = 0; i < count; i++) fold[i] = f->broken[i] ? (int8_t)RGM_PART_NONE : fold[first_of(f, i)];
    return RGM_OK;
}

/* ---- a fold ---- */

/* All folds, and the one that is under way. */
typedef struct work {
    const rgm_folds *f;
    rgm_said_all *said;
    rgm_pooled pooled;
    int8_t *fold;      /* [training images] */
    int64_t *outside;  /* [classes] images that are trained on */
    uint32_t *indices; /* of the view that is asked about; as many as the largest split has */
    rgm_config *config;
    rgm_exclude exclude;
    int32_t repeat, at; /* the repeat, and its fold */
    int64_t told;       /* images of the training, in steps */
} work;

/* The images of a split that this fold's network is asked about. */
static rgm_view view_of(work *w, int32_t split) {
    const rgm_folds *f = w->f;
    const int32_t *labels = rgm_dataset_labels(f->set, split);
    rgm_view view = {.set = f->set, .split = split, .indices = w->indices};
    for (int64_t i = 0; i < rgm_dataset_describe(f->set)->count[split]; i++) {
        int32_t mine = split == RGM_SPLIT_TRAIN ? w->fold[i] == w->at
                                                : i % f->folds == w->at && !f->broken[w->said->first[split] + i];
        if (mine && w->outside[labels[i]]) w->indices[view.count++] = (uint32_t)i;
    }
    return view;
}

static rgm_status ask(work *w, const rgm_run_parts *parts, int32_t split, rgm_error *err) {
    rgm_view view = view_of(w, split);
    rgm_pooled_view take = {.pooled = &w->pooled, .view = &view, .part = split};
    const rgm_answer_walk walk = {.session = parts->session,
                                  .trainer = parts->trainer,
                                  .view = &view,
                                  .take = rgm_pooled_take,
                                  .context = &take,
                                  .stop = w->f->stop};
    return rgm_answers_each(&walk, err);
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *summary,
                              rgm_error *err) {
    (void)summary;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) RGM_TRY(ask(context, parts, split, err));
    return RGM_OK;
}

/* Of all trainings: of the first fold of the second repeat of three folds it is 4. */
static int32_t number(const work *w) { return w->repeat * w->f->folds + w->at + 1; }

static rgm_status on_begun(void *context, const rgm_run_parts *parts, const rgm_progress *progress, rgm_error *err) {
    work *w = context;
    char what[48];
    (void)progress;
    (void)err;
    w->told = parts->session->config->batch;
    snprintf(what, sizeof what, "training %d of %d", number(w), w->f->repeats * w->f->folds);
    if (w->f->begin) w->f->begin(w->f->context, what, rgm_session_steps(parts->session) * w->told);
    return RGM_OK;
}

static rgm_status on_step(void *context, const rgm_step_event *event, rgm_error *err) {
    const work *w = context;
    (void)err;
    if (w->f->progress) w->f->progress(w->f->context, event->progress->step * w->told);
    return RGM_OK;
}

/* What the fold's network is trained without: the fold, what is broken, and all other splits. */
static rgm_status leave_out(work *w, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(w->f->set);
    const int32_t *labels = rgm_dataset_labels(w->f->set, RGM_SPLIT_TRAIN);
    rgm_exclude_free(&w->exclude);
    memset(w->outside, 0, (size_t)info->classes * sizeof *w->outside);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        for (int64_t i = 0; i < info->count[split]; i++) {
            int32_t trained = split == RGM_SPLIT_TRAIN && w->fold[i] >= 0 && w->fold[i] != w->at;
            if (trained)
                w->outside[labels[i]]++;
            else
                RGM_TRY(rgm_exclude_add(&w->exclude, w->f->set, split, i, err));
        }
    return RGM_OK;
}

static rgm_status train_fold(work *w, rgm_error *err) {
    rgm_run_summary summary;
    const rgm_run_options options = {
        .config = w->config,
        .files = RGM_RUN_NO_FILES,
        .device = w->f->device,
        .set = w->f->set,
        .exclude = &w->exclude,
        .stop = w->f->stop,
        .events = {.context = w, .begun = on_begun, .step = on_step, .finished = on_finished}};
    *w->config = *w->f->config;
    w->config->seed = seed_of(w->f, w->repeat);
    RGM_TRY(leave_out(w, err));
    rgm_status status = rgm_run_train(&options, &summary, err);
    return status < 0 ? rgm_fail_in(err, "training %d of %d", number(w), w->f->repeats * w->f->folds) : RGM_OK;
}

/* ---- all ---- */

static rgm_status take_memory(work *w, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(w->f->set);
    int64_t most = 1;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (info->count[split] > most) most = info->count[split];
    w->fold = malloc((size_t)info->count[RGM_SPLIT_TRAIN]);
    w->outside = calloc((size_t)info->classes, sizeof *w->outside);
    w->indices = malloc((size_t)most * sizeof *w->indices);
    w->config = malloc(sizeof *w->config);
    if (w->fold && w->outside && w->indices && w->config)
        return rgm_pooled_create(&w->pooled, w->said, info->classes, err);
    return rgm_fail(err, RGM_E_NOMEM, "folds: no memory for %" PRId64 " images", most);
}

static rgm_status train_repeat(work *w, rgm_error *err) {
    RGM_TRY(rgm_folds_deal(w->f, w->repeat, w->fold, err));
    for (w->at = 0; w->at < w->f->folds; w->at++) RGM_TRY(train_fold(w, err));
    return RGM_OK;
}

static rgm_status say(work *w, rgm_error *err) {
    RGM_TRY(take_memory(w, err));
    for (w->repeat = 0; w->repeat < w->f->repeats; w->repeat++) RGM_TRY(train_repeat(w, err));
    rgm_pooled_say(&w->pooled, w->said);
    return RGM_OK;
}

rgm_status rgm_folds_say(const rgm_folds *f, rgm_said_all *said, rgm_error *err) {
    work w = {.f = f, .said = said};
    const rgm_dataset_info *info = rgm_dataset_describe(f->set);
    if (!info->count[RGM_SPLIT_TRAIN])
        return rgm_fail(err, RGM_E_USAGE, "%s: --folds: no train split (remedy: --checkpoint RUN)", info->path);
    rgm_status status = say(&w, err);
    rgm_pooled_free(&w.pooled);
    rgm_exclude_free(&w.exclude);
    free(w.fold);
    free(w.outside);
    free(w.indices);
    free(w.config);
    return status;
}
