#include "library/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "library/result.h"
#include "run/earlier.h"

/* ---- the object ---- */

rgm_status rgm_public_model(regimen_model **model, regimen_machine *machine, rgm_predictor *predictor, rgm_error *err) {
    regimen_model *m = calloc(1, sizeof *m);
    if (!m) {
        rgm_predictor_destroy(predictor);
        return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    }
    m->machine = machine;
    m->predictor = predictor;
    const char *names = rgm_predictor_constants(predictor)->classes;
    rgm_status status = rgm_constants_list(names, &m->classes, &m->class_count, err);
    if (status >= 0)
        *model = m;
    else
        regimen_model_close(m);
    return status;
}

void regimen_model_close(regimen_model *model) {
    if (!model) return;
    rgm_predictor_destroy(model->predictor);
    free(model->classes);
    free(model);
}

/* ---- loading and saving ---- */

rgm_status rgm_public_checkpoint(const char *given, char path[RGM_RUNFOLDER_PATH], rgm_error *err) {
    struct stat status;
    if (stat(given, &status) == 0 && S_ISDIR(status.st_mode)) {
        if (rgm_runfolder_checkpoint(given, 1, path)) return RGM_OK;
        return rgm_fail(err, RGM_E_USAGE, "%.160s: this folder has no checkpoints/best.h5 or last.h5", given);
    }
    if ((size_t)snprintf(path, RGM_RUNFOLDER_PATH, "%s", given) < RGM_CONFIG_PATH) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "model: the path of the checkpoint is too long");
}

/* A call of regimen_model_load(). */
typedef struct loading {
    regimen_machine *machine;
    const regimen_config *config; /* NULL: `own` */
    char path[RGM_RUNFOLDER_PATH];
    rgm_stop stop;
    rgm_config own; /* the checkpoint's */
} loading;

static rgm_status load(regimen_model **model, loading *l, rgm_error *err) {
    rgm_constants constants;
    rgm_predictor *predictor;
    RGM_TRY(rgm_run_config_of_checkpoint(l->path, &l->stop, &l->own, &constants, err));
    const rgm_predictor_options options = {.config = l->config ? &l->config->config : &l->own,
                                           .model = &constants,
                                           .device = l->machine->device,
                                           .stop = l->stop};
    rgm_status status = rgm_predictor_create(&predictor, &options, err);
    rgm_constants_free(&constants);
    RGM_TRY(status);
    status = rgm_predictor_load(predictor, l->path, &l->stop, err);
    if (status >= 0) return rgm_public_model(model, l->machine, predictor, err);
    rgm_predictor_destroy(predictor);
    return status;
}

int32_t regimen_model_load(regimen_model **model, regimen_machine *machine, const char *path,
                           const regimen_config *config, const regimen_events *events, regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, events);
    loading *l = calloc(1, sizeof *l);
    rgm_status status = l ? rgm_sized_check(events, "regimen_events", &entry.err)
                          : rgm_fail(&entry.err, RGM_E_NOMEM, "model: out of memory");
    if (model) *model = NULL;
    if (status >= 0) status = rgm_entry_need(model, "regimen_model_load", "place for it", &entry.err);
    if (status >= 0) status = rgm_entry_need(machine, "regimen_model_load", "machine", &entry.err);
    if (status >= 0) status = rgm_entry_need(path, "regimen_model_load", "path", &entry.err);
    if (status >= 0) status = rgm_public_checkpoint(path, l->path, &entry.err);
    if (status >= 0) {
        l->machine = machine;
        l->config = config;
        l->stop = rgm_entry_stop(&entry);
        status = load(model, l, &entry.err);
    }
    free(l);
    return rgm_entry_end(&entry, status, err);
}

int32_t regimen_model_save(const regimen_model *model, const char *path, regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, NULL);
    rgm_status status = rgm_entry_need(model, "regimen_model_save", "model", &entry.err);
    if (status >= 0) status = rgm_entry_need(path, "regimen_model_save", "path", &entry.err);
    if (status >= 0) status = rgm_predictor_save(model->predictor, path, &entry.err);
    return rgm_entry_end(&entry, status, err);
}

/* ---- what it is ---- */

RGM_SAME(sizeof((regimen_model_info *)0)->transform, RGM_TRANSFORM_TEXT);

void regimen_model_describe(const regimen_model *model, regimen_model_info *info) {
    if (!model) {
        rgm_sized_give(info, &(regimen_model_info){0}, sizeof *info);
        return;
    }
    const rgm_config *c = rgm_predictor_config(model->predictor);
    regimen_model_info own = {.channels = c->model.image[0],
                              .height = c->model.image[1],
                              .width = c->model.image[2],
                              .classes = c->model.classes,
                              .parameters = rgm_predictor_parameters(model->predictor)};
    rgm_transform transform;
    snprintf(own.name, sizeof own.name, "%s", c->model.name);
    if (rgm_predictor_transform(model->predictor, &transform, NULL) >= 0)
        rgm_transform_print(&transform, own.transform);
    rgm_sized_give(info, &own, sizeof own);
}

const char *regimen_model_class(const regimen_model *model, int32_t index) {
    return model && index >= 0 && index < model->class_count ? model->classes[index] : NULL;
}

/* ---- use ---- */

static rgm_status check_evaluation(const regimen_model *model, int32_t split, const regimen_events *events,
                                   const regimen_result *result, rgm_error *err) {
    RGM_TRY(rgm_sized_check(events, "regimen_events", err));
    RGM_TRY(rgm_sized_check(result, "regimen_result", err));
    RGM_TRY(rgm_entry_need(model, "regimen_evaluate", "model", err));
    if (split >= 0 && split < RGM_SPLIT_COUNT) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "regimen_evaluate: no split has the number %d", split);
}

int32_t regimen_evaluate(regimen_model *model, const regimen_data *data, int32_t split, const regimen_events *events,
                         regimen_result *result, regimen_error *err) {
    rgm_entry entry;
    regimen_result told;
    rgm_run_summary summary;
    rgm_entry_begin(&entry, events);
    const rgm_predictor_evaluation evaluation = {
        .set = data ? data->set : NULL, .split = split, .stop = rgm_entry_stop(&entry)};
    rgm_status status = check_evaluation(model, split, events, result, &entry.err);
    rgm_run_summary_start(&summary);
    if (status >= 0) status = rgm_predictor_evaluate(model->predictor, &evaluation, &summary, &entry.err);
    rgm_public_result(&told, &summary, model ? rgm_predictor_config(model->predictor) : NULL);
    if (data) snprintf(told.data, sizeof told.data, "%s", rgm_dataset_describe(data->set)->path);
    if (status >= 0) status = rgm_entry_finished(&entry, &told, &entry.err);
    told.status = status;
    rgm_sized_give(result, &told, sizeof told);
    return rgm_entry_end(&entry, status, err);
}

int32_t regimen_predict(regimen_model *model, const uint8_t *images, int64_t count, float *probabilities,
                        regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, NULL);
    rgm_status status = rgm_entry_need(model, "regimen_predict", "model", &entry.err);
    if (status >= 0 && count) status = rgm_entry_need(images, "regimen_predict", "images", &entry.err);
    if (status >= 0 && count)
        status = rgm_entry_need(probabilities, "regimen_predict", "place for results", &entry.err);
    if (status >= 0) status = rgm_predictor_predict(model->predictor, images, count, probabilities, &entry.err);
    return rgm_entry_end(&entry, status, err);
}
