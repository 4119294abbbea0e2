#include "train/data.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"

/* 1 if validation has to come out of the training split. */
static int32_t needs_holdout(const rgm_dataset *set, const rgm_config *config) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    return !info->count[RGM_SPLIT_VALIDATION] && info->count[RGM_SPLIT_TRAIN] && config->data.validation > 0;
}

/* An evaluation of another split takes nothing. */
static rgm_status hold_out(rgm_data *d, const rgm_config *config, const rgm_data_options *o, rgm_error *err) {
    if (!needs_holdout(d->set, config)) return RGM_OK;
    if (o->evaluation && o->split != RGM_SPLIT_VALIDATION) return RGM_OK;
    if (o->evaluation && o->model)
        RGM_TRY(rgm_constants_own_data(o->model, config, d->set, d->excluded, &o->stop, err));
    RGM_TRY(rgm_holdout_create(&d->holdout, d->set, config->data.validation, config->seed, err));
    d->train = d->holdout.train;
    d->validation = d->holdout.validation;
    return RGM_OK;
}

static rgm_status open_set(rgm_data *d, const rgm_config *config, const rgm_data_options *o, rgm_error *err) {
    const rgm_dataset_options set = {.stop = o->stop};
    rgm_error why = {0};
    rgm_status status = rgm_dataset_open(&d->own_set, config->data.file, &set, &why);
    d->set = d->own_set;
    if (status >= 0) return RGM_OK;
    int32_t moved = (o->resumed || o->evaluation) && access(config->data.file, F_OK) != 0;
    return rgm_fail(err, status, "%.400s%s", why.text, moved ? ": data.file (--data FILE) says where it is now" : "");
}

static rgm_status borrow_set(rgm_data *d, const rgm_dataset *set, rgm_error *err) {
    const char *path = rgm_dataset_describe(set)->path;
    if (!path[0] || strlen(path) >= RGM_CONFIG_PATH)
        return rgm_fail(err, RGM_E_USAGE, "the data's name has %zu bytes: expected 1 to %d", strlen(path),
                        RGM_CONFIG_PATH - 1);
    d->set = set;
    return RGM_OK;
}

/* Without data: what pixels and classes mean to the model. */
static rgm_status do_without(rgm_data *d, const rgm_data_options *o, rgm_error *err) {
    const rgm_constants *model = o->model;
    if (o->need_data)
        return rgm_fail(err, RGM_E_USAGE,
                        "no data set given: data.file (--data FILE) names one, and the command `import` makes one");
    if (!model || !model->input.known) return RGM_OK;
    d->constants.input = model->input;
    d->constants.classes = strdup(model->classes);
    return d->constants.classes ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "data: out of memory");
}

/* ---- what is left out ---- */

/* The list of the configuration. */
static rgm_status read_list(rgm_exclude *list, const rgm_data *d, const rgm_config *config, const rgm_data_options *o,
                            rgm_error *err) {
    const char *path = config->data.exclude;
    char line[RGM_ERROR_LINE];
    rgm_error why = {0};
    if (!path[0]) return RGM_OK;
    rgm_status status = rgm_exclude_read(list, path, d->set, &why);
    if (status >= 0) return RGM_OK;
    if (o->evaluation && !rgm_config_given(config, "data.exclude")) {
        rgm_log(RGM_LOG_WARN, "the list that the run left images out by does not fit, so nothing is left out here: %s",
                rgm_error_line(&why, line));
        return RGM_OK;
    }
    if (o->resumed && status == RGM_E_IO) rgm_fail_in(&why, "data.exclude (--exclude LIST) says where the list is now");
    if (err) *err = why;
    return status;
}

static rgm_status count_classes(const rgm_view *view, int64_t **counts, rgm_error *err) {
    *counts = calloc((size_t)rgm_dataset_describe(view->set)->classes, sizeof **counts);
    if (!*counts) return rgm_fail(err, RGM_E_NOMEM, "exclude: out of memory");
    const int32_t *labels = rgm_dataset_labels(view->set, view->split);
    for (int64_t i = 0; i < view->count; i++) (*counts)[labels[rgm_view_index(view, i)]]++;
    return RGM_OK;
}

/* A class that had images to train with, and has none now. */
static rgm_status check_classes(const int64_t *before, const rgm_view *left, const char *path, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(left->set);
    int64_t *now;
    RGM_TRY(count_classes(left, &now, err));
    rgm_status status = RGM_OK;
    for (int32_t c = 0; c < info->classes && status >= 0; c++)
        if (before[c] && !now[c])
            status = rgm_fail(err, RGM_E_USAGE,
                              "%.300s: it leaves no image of class %" PRId32
                              "%s%.80s to train with: take some of its lines away",
                              path, c, info->class_names ? ", " : "", info->class_names ? info->class_names[c] : "");
    free(now);
    return status;
}

static rgm_status take_out(rgm_data *d, const rgm_exclude *list, rgm_error *err) {
    rgm_view *const views[RGM_SPLIT_COUNT] = {&d->train, &d->test, &d->validation};
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) {
        int64_t before = views[i]->count;
        RGM_TRY(rgm_exclude_view(list, views[i], &d->kept[i], err));
        d->excluded_count += before - views[i]->count;
    }
    return RGM_OK;
}

/* The same, with what a list of the configuration must leave. */
static rgm_status take_out_listed(rgm_data *d, const rgm_exclude *list, const char *path, rgm_error *err) {
    const rgm_view *const views[RGM_SPLIT_COUNT] = {&d->train, &d->test, &d->validation};
    const rgm_view before[RGM_SPLIT_COUNT] = {d->train, d->test, d->validation};
    int64_t *classes = NULL;
    if (before[0].count) RGM_TRY(count_classes(&before[0], &classes, err));
    rgm_status status = take_out(d, list, err);
    for (int32_t i = 0; i < RGM_SPLIT_COUNT && status >= 0; i++)
        if (before[i].count && !views[i]->count)
            status = rgm_fail(err, RGM_E_USAGE, "%.300s: it leaves no image for %s: take some of its lines away", path,
                              i == RGM_SPLIT_TRAIN ? "training" : rgm_split_name(i));
    if (status >= 0 && classes) status = check_classes(classes, &d->train, path, err);
    free(classes);
    return status;
}

static rgm_status make_views(rgm_data *d, const rgm_config *config, const rgm_data_options *o, rgm_error *err) {
    rgm_exclude list = {0};
    d->train = rgm_view_all(d->set, RGM_SPLIT_TRAIN);
    d->validation = rgm_view_all(d->set, RGM_SPLIT_VALIDATION);
    d->test = rgm_view_all(d->set, RGM_SPLIT_TEST);
    if (!o->exclude) RGM_TRY(read_list(&list, d, config, o, err));
    d->excluded = rgm_exclude_hash(o->exclude ? o->exclude : &list, d->set);
    rgm_status status = hold_out(d, config, o, err);
    if (status >= 0 && o->exclude) status = take_out(d, o->exclude, err);
    if (status >= 0 && !o->exclude && d->excluded) status = take_out_listed(d, &list, config->data.exclude, err);
    rgm_exclude_free(&list);
    return status;
}

static rgm_status fill(rgm_data *d, const rgm_config *config, const rgm_data_options *o, rgm_error *err) {
    if (!o->set && !config->data.file[0]) return do_without(d, o, err);
    RGM_TRY(o->set ? borrow_set(d, o->set, err) : open_set(d, config, o, err));
    RGM_TRY(make_views(d, config, o, err));
    RGM_TRY(rgm_constants_settle(&d->constants, o->model, d->set, err));
    const rgm_dataset_info *info = rgm_dataset_describe(d->set);
    memcpy(d->constants.input.image, (const int32_t[]){info->C, info->H, info->W}, sizeof d->constants.input.image);
    if (!o->evaluation || !o->model) return RGM_OK;
    RGM_TRY(rgm_constants_map(o->model, config, d->set, &d->map, err));
    d->train.map = d->validation.map = d->test.map = d->map;
    return RGM_OK;
}

rgm_status rgm_data_open(rgm_data **data, const rgm_config *config, const rgm_data_options *options, rgm_error *err) {
    *data = NULL;
    rgm_data *d = calloc(1, sizeof *d);
    if (!d) return rgm_fail(err, RGM_E_NOMEM, "data: out of memory");
    rgm_status status = fill(d, config, options, err);
    if (status >= 0)
        *data = d;
    else
        rgm_data_close(d);
    return status;
}

void rgm_data_close(rgm_data *d) {
    if (!d) return;
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) free(d->kept[i]);
    rgm_holdout_destroy(&d->holdout);
    rgm_dataset_close(d->own_set);
    rgm_constants_free(&d->constants);
    free(d->map);
    free(d);
}
