#include "train/data.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 1 if validation has to come out of the training split. */
static int32_t needs_holdout(const rgm_dataset *set, const rgm_config *config) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    return !info->count[RGM_SPLIT_VALIDATION] && info->count[RGM_SPLIT_TRAIN] && config->data.validation > 0;
}

/* An evaluation of another split takes nothing. */
static rgm_status hold_out(rgm_data *d, const rgm_config *config, const rgm_data_options *o, rgm_error *err) {
    if (!needs_holdout(d->set, config)) return RGM_OK;
    if (o->evaluation && o->split != RGM_SPLIT_VALIDATION) return RGM_OK;
    if (o->evaluation && o->model) RGM_TRY(rgm_constants_own_data(o->model, config, d->set, &o->stop, err));
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

static rgm_status fill(rgm_data *d, const rgm_config *config, const rgm_data_options *o, rgm_error *err) {
    if (!o->set && !config->data.file[0]) return do_without(d, o, err);
    RGM_TRY(o->set ? borrow_set(d, o->set, err) : open_set(d, config, o, err));
    d->train = rgm_view_all(d->set, RGM_SPLIT_TRAIN);
    d->validation = rgm_view_all(d->set, RGM_SPLIT_VALIDATION);
    d->test = rgm_view_all(d->set, RGM_SPLIT_TEST);
    RGM_TRY(hold_out(d, config, o, err));
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
    rgm_holdout_destroy(&d->holdout);
    rgm_dataset_close(d->own_set);
    rgm_constants_free(&d->constants);
    free(d->map);
    free(d);
}
