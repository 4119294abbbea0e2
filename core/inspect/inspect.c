#include "inspect/inspect.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "inspect/exact.h"
#include "inspect/images.h"
#include "inspect/model_says.h"
#include "inspect/near.h"
#include "inspect/outliers.h"
#include "inspect/statistics.h"

/* An inspection under way. Arrays are [count], by the numbers of images.h. */
typedef struct work {
    const rgm_inspect_options *o;
    rgm_inspection *out;
    rgm_images *images;
    int64_t count;
    rgm_exact_key *keys;
    uint8_t *broken; /* 1: it could not be decoded */
    int64_t *of;     /* the first image with the same pixels */
    rgm_class_sums *tally;
    rgm_measurer *measurer;
    rgm_measures *measures;
    uint8_t *grids; /* [count][rgm_grid_bytes()] */
    rgm_near *near;
} work;

static void begin(const work *w, const char *what, int64_t total) {
    if (w->o->begin) w->o->begin(w->o->context, what, total);
}

/* ---- one walk over all images ---- */

static rgm_status look(void *context, const rgm_look *look, int32_t worker, rgm_error *err) {
    work *w = context;
    const int32_t C = look->image.C;
    rgm_channel_sums sums;
    (void)err;
    rgm_class_sums_add(w->tally, look, &sums);
    rgm_measurer_take(w->measurer, look, &sums, worker, &w->measures[look->number],
                      w->grids + look->number * rgm_grid_bytes(C));
    rgm_near_look(w->near, look, worker);
    w->keys[look->number] = rgm_exact_hash(look);
    w->broken[look->number] = 0;
    return RGM_OK;
}

static rgm_status add_unreadable(work *w, rgm_error *err) {
    for (int64_t i = 0; i < w->count; i++) {
        int32_t split;
        int64_t index;
        if (!w->broken[i]) continue;
        rgm_images_place(w->images, i, &split, &index);
        rgm_finding f = rgm_finding_of(RGM_FIND_UNREADABLE, split, index);
        f.score = 1;
        RGM_TRY(rgm_findings_add(&w->out->findings, &f, err));
    }
    return RGM_OK;
}

static rgm_status walk(work *w, rgm_error *err) {
    rgm_images_walk walk = {.count = w->count,
                            .look = look,
                            .context = w,
                            .progress = w->o->progress,
                            .progress_context = w->o->context,
                            .stop = w->o->stop};
    memset(w->broken, 1, (size_t)w->count);
    begin(w, "looking", w->count);
    RGM_TRY(rgm_images_each(w->images, &walk, err));
    w->out->unreadable = walk.unreadable;
    w->out->images = w->count - walk.unreadable;
    return add_unreadable(w, err);
}

static rgm_status count_classes(work *w, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(w->o->set);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        if (!info->count[split]) continue;
        const int32_t *labels = rgm_dataset_labels(w->o->set, split);
        int64_t *counts = calloc((size_t)info->classes, sizeof *counts);
        w->out->counts[split] = counts;
        if (!counts) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId32 " classes", info->classes);
        for (int64_t i = 0; i < info->count[split]; i++) counts[labels[i]]++;
    }
    return RGM_OK;
}

/* ---- what follows: each part frees what the others do not need ---- */

static rgm_status find_exact(work *w, rgm_error *err) {
    const rgm_exact exact = {
        .images = w->images, .keys = w->keys, .broken = w->broken, .count = w->count, .of = w->of, .stop = w->o->stop};
    rgm_status status = rgm_exact_find(&exact, &w->out->findings, err);
    free(w->keys);
    w->keys = NULL;
    return status;
}

/* Leaves so many images to be compared, evenly spread. */
static void thin_out(work *w, int64_t most) {
    w->out->near_share = (double)most / (double)w->count;
    for (int64_t i = 0, taken = 0; i < w->count; i++) {
        int64_t due = (int64_t)((double)(i + 1) * w->out->near_share);
        if (due == taken) w->of[i] = -1;
        taken = due;
    }
}

static rgm_status find_near(work *w, rgm_error *err) {
    w->out->near_share = 1;
    if (w->o->near_most > 0 && w->o->near_most < w->count) thin_out(w, w->o->near_most);
    rgm_status status = rgm_near_find(w->near, w->of, &w->out->findings, err);
    rgm_near_destroy(w->near);
    w->near = NULL;
    return status;
}

static rgm_status take_measures(work *w, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(w->o->set);
    const int32_t W = info->encoded ? RGM_IMAGES_SIDE : info->W;
    RGM_TRY(rgm_class_sums_create(&w->tally, w->o->set, err));
    RGM_TRY(rgm_measurer_create(&w->measurer, rgm_team_size(w->o->device->team), W, err));
    w->measures = calloc((size_t)w->count, sizeof *w->measures);
    w->grids = calloc((size_t)w->count, (size_t)rgm_grid_bytes(info->C));
    if (!w->measures || !w->grids)
        return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " images", w->count);
    return RGM_OK;
}

static void free_grids(work *w) {
    free(w->grids);
    w->grids = NULL;
}

static rgm_status judge(work *w, const rgm_by_class *by, rgm_error *err) {
    rgm_statistics *statistics = &w->out->statistics;
    const rgm_typical typical = {.images = w->images,
                                 .team = w->o->device->team,
                                 .kernels = w->o->device->kernels,
                                 .by = by,
                                 .measures = w->measures,
                                 .grids = w->grids,
                                 .bytes = rgm_grid_bytes(rgm_dataset_describe(w->o->set)->C),
                                 .stop = w->o->stop};
    const rgm_outliers outliers = {
        .images = w->images, .by = by, .measures = w->measures, .count = w->count, .stop = w->o->stop};
    RGM_TRY(rgm_typical_measure(&typical, err));
    free_grids(w);
    RGM_TRY(rgm_typical_choose(&typical, statistics, err));
    return rgm_outliers_find(&outliers, &w->out->findings, statistics, err);
}

static rgm_status find_outliers(work *w, rgm_error *err) {
    rgm_by_class by;
    RGM_TRY(rgm_class_sums_finish(w->tally, &w->out->statistics, err));
    rgm_status status = rgm_by_class_order(&by, w->images, w->measures, err);
    if (status >= 0) status = judge(w, &by, err);
    rgm_by_class_free(&by);
    free(w->measures);
    w->measures = NULL;
    return status;
}

/* From here on `of` is the first of the same and of near ones: none is judged by a network that has learnt the other.
 */
static void join_near(work *w) {
    for (int64_t i = 0; i < w->out->findings.count; i++) {
        const rgm_finding *f = &w->out->findings.list[i];
        if (f->kind != RGM_FIND_NEAR_DUPLICATE || f->group < 0 || f->group >= w->count) continue;
        w->of[rgm_images_number(w->images, f->split, f->index)] = f->group;
    }
    for (int64_t i = 0; i < w->count; i++) w->of[i] = w->of[w->of[i]];
}

static rgm_status ask_model(work *w, rgm_error *err) {
    const rgm_inspect_options *o = w->o;
    const rgm_model_ask ask = {.images = w->images,
                               .device = o->device,
                               .broken = w->broken,
                               .group = w->of,
                               .checkpoint = o->checkpoint,
                               .folds = o->folds,
                               .repeats = o->repeats,
                               .config = o->config,
                               .begin = o->begin,
                               .progress = o->progress,
                               .context = o->context,
                               .stop = o->stop};
    if (!o->checkpoint && !o->folds) return RGM_OK;
    join_near(w);
    return rgm_model_says(&ask, &w->out->model, &w->out->findings, err);
}

static rgm_status begin_near(work *w, rgm_error *err) {
    const rgm_near_options options = {.device = w->o->device,
                                      .stop = w->o->stop,
                                      .begin = w->o->begin,
                                      .progress = w->o->progress,
                                      .context = w->o->context};
    return rgm_near_create(&w->near, w->images, &options, err);
}

static rgm_status take_memory(work *w, rgm_error *err) {
    RGM_TRY(rgm_images_create(&w->images, w->o->set, w->o->device, err));
    w->count = rgm_images_count(w->images);
    w->keys = calloc((size_t)w->count, sizeof *w->keys);
    w->broken = calloc((size_t)w->count, sizeof *w->broken);
    w->of = calloc((size_t)w->count, sizeof *w->of);
    if (!w->keys || !w->broken || !w->of)
        return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " images", w->count);
    return RGM_OK;
}

static rgm_status inspect(work *w, rgm_error *err) {
    RGM_TRY(take_memory(w, err));
    RGM_TRY(take_measures(w, err));
    RGM_TRY(count_classes(w, err));
    RGM_TRY(begin_near(w, err));
    RGM_TRY(walk(w, err));
    RGM_TRY(find_exact(w, err));
    RGM_TRY(find_outliers(w, err));
    RGM_TRY(find_near(w, err));
    RGM_TRY(ask_model(w, err));
    rgm_findings_sort(&w->out->findings);
    return RGM_OK;
}

rgm_status rgm_inspect(const rgm_inspect_options *options, rgm_inspection *out, rgm_error *err) {
    work w = {.o = options, .out = out};
    double start = rgm_seconds();
    *out = (rgm_inspection){.set = options->set};
    rgm_status status = inspect(&w, err);
    rgm_near_destroy(w.near);
    rgm_images_destroy(w.images);
    free(w.keys);
    free(w.broken);
    free(w.of);
    rgm_class_sums_destroy(w.tally);
    rgm_measurer_destroy(w.measurer);
    free(w.measures);
    free(w.grids);
    out->seconds = rgm_seconds() - start;
    return status;
}
