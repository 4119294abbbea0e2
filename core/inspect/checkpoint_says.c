#include "inspect/checkpoint_says.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "report/runfolder.h"
#include "run/earlier.h"
#include "run/predictor.h"

/* A checkpoint that is asked. */
typedef struct work {
    const rgm_checkpoint_ask *ask;
    rgm_inspection_model *model;
    rgm_said_all *said;
    char path[RGM_RUNFOLDER_PATH];
    rgm_config config;
    rgm_constants constants;
    rgm_predictor *predictor;
    rgm_data *data;
    rgm_exclude exclude; /* broken pictures */
    int64_t done;        /* images of the parts before */
} work;

static rgm_status find_file(work *w, rgm_error *err) {
    struct stat s;
    const char *given = w->ask->path;
    if (stat(given, &s) == 0 && S_ISDIR(s.st_mode)) {
        if (rgm_runfolder_checkpoint(given, 1, w->path)) return RGM_OK;
        return rgm_fail(err, RGM_E_USAGE, "%.160s: this folder has no checkpoints/best.h5 or last.h5", given);
    }
    if (strlen(given) >= RGM_CONFIG_PATH)
        return rgm_fail(err, RGM_E_USAGE, "--checkpoint: the path is too long: at most %d bytes", RGM_CONFIG_PATH - 1);
    memcpy(w->path, given, strlen(given) + 1);
    return RGM_OK;
}

static rgm_status load(work *w, rgm_error *err) {
    RGM_TRY(find_file(w, err));
    RGM_TRY(rgm_run_config_of_checkpoint(w->path, &w->ask->stop, &w->config, &w->constants, err));
    const rgm_predictor_options options = {
        .config = &w->config, .model = &w->constants, .device = w->ask->device, .stop = w->ask->stop};
    RGM_TRY(rgm_predictor_create(&w->predictor, &options, err));
    RGM_TRY(rgm_predictor_load(w->predictor, w->path, &w->ask->stop, err));
    w->model->title = strdup(w->path);
    return w->model->title ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "inspect: out of memory");
}

/* ---- the data, and whose it is ---- */

static rgm_status find_broken(work *w, rgm_error *err) {
    const int64_t *count = rgm_dataset_describe(w->ask->set)->count;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        for (int64_t i = 0; i < count[split]; i++)
            if (w->ask->broken[w->said->first[split] + i])
                RGM_TRY(rgm_exclude_add(&w->exclude, w->ask->set, split, i, err));
    return RGM_OK;
}

static rgm_status open_data(work *w, int32_t split, rgm_error *err) {
    const rgm_data_options options = {.set = w->ask->set,
                                      .need_data = 1,
                                      .evaluation = 1,
                                      .split = split,
                                      .exclude = rgm_exclude_hash(&w->exclude, w->ask->set) ? &w->exclude : NULL,
                                      .model = &w->constants,
                                      .stop = w->ask->stop};
    return rgm_data_open(&w->data, &w->config, &options, err);
}

/* A list that does not fit was told of when the data was opened for the first time. */
static void forget_list(work *w) {
    rgm_exclude list = {0};
    rgm_error unused;
    char *path = w->config.data.exclude;
    if (path[0] && rgm_exclude_read(&list, path, w->ask->set, &unused) < 0) path[0] = 0;
    rgm_exclude_free(&list);
}

/* Its own data is opened with what the run held out as the validation; other data whole. No run was trained on data
 * with broken pictures. */
static rgm_status find_data(work *w, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(w->ask->set);
    rgm_error why = {0};
    RGM_TRY(find_broken(w, err));
    int32_t held_out = !info->count[RGM_SPLIT_VALIDATION] && info->count[RGM_SPLIT_TRAIN] && w->constants.version > 0;
    rgm_status status = held_out ? open_data(w, RGM_SPLIT_VALIDATION, &why) : RGM_E_USAGE;
    if (status < 0 && status != RGM_E_USAGE) {
        *err = why;
        return status;
    }
    if (status < 0) {
        if (held_out) forget_list(w);
        RGM_TRY(open_data(w, RGM_SPLIT_TRAIN, err));
    }
    if (w->data->holdout.indices) {
        w->model->own_data = 1; /* or nothing would have been held out */
        w->model->parts[RGM_SPLIT_VALIDATION].split = RGM_SPLIT_TRAIN;
        return RGM_OK;
    }
    const rgm_data *d = w->data;
    status = rgm_constants_own_data(&w->constants, &w->config, d->set, d->excluded, &w->ask->stop, &why);
    w->model->own_data = status == RGM_OK;
    if (status == RGM_E_USAGE || status == RGM_OK) return RGM_OK;
    *err = why;
    return status;
}

static int32_t seen(const work *w, int32_t part) {
    if (!w->model->own_data) return RGM_SEEN_UNKNOWN;
    return part == RGM_SPLIT_TRAIN ? RGM_SEEN_TRAINED : RGM_SEEN_NOT;
}

/* ---- the answers ---- */

static void on_progress(void *context, int64_t done) {
    const work *w = context;
    if (w->ask->progress) w->ask->progress(w->ask->context, w->done + done);
}

static rgm_status ask_part(work *w, int32_t part, const rgm_view *view, rgm_error *err) {
    rgm_said_view take = {.said = w->said, .view = view, .part = part, .progress = on_progress, .context = w};
    const rgm_predictor_walk walk = {
        .data = w->data, .view = view, .take = rgm_said_take, .context = &take, .stop = w->ask->stop};
    w->model->parts[part].seen = seen(w, part);
    RGM_TRY(rgm_predictor_each(w->predictor, &walk, err));
    w->done += view->count;
    return RGM_OK;
}

static rgm_status say(work *w, rgm_error *err) {
    RGM_TRY(load(w, err));
    RGM_TRY(find_data(w, err));
    const rgm_view *views[RGM_SPLIT_COUNT] = {&w->data->train, &w->data->test, &w->data->validation};
    int64_t total = 0;
    for (int32_t part = 0; part < RGM_SPLIT_COUNT; part++) total += views[part]->count;
    if (w->ask->begin) w->ask->begin(w->ask->context, "asking the model", total);
    for (int32_t part = 0; part < RGM_SPLIT_COUNT; part++) RGM_TRY(ask_part(w, part, views[part], err));
    return RGM_OK;
}

rgm_status rgm_checkpoint_says(const rgm_checkpoint_ask *ask, rgm_inspection_model *model, rgm_said_all *said,
                               rgm_error *err) {
    work *w = calloc(1, sizeof *w);
    if (!w) return rgm_fail(err, RGM_E_NOMEM, "inspect: out of memory");
    w->ask = ask;
    w->model = model;
    w->said = said;
    rgm_status status = say(w, err);
    rgm_predictor_destroy(w->predictor);
    rgm_data_close(w->data);
    rgm_exclude_free(&w->exclude);
    rgm_constants_free(&w->constants);
    free(w);
    return status;
}
