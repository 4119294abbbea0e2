#include <stdlib.h>
#include <string.h>
#include "library/inside.h"

RGM_SAME(REGIMEN_TRAIN, RGM_SPLIT_TRAIN);
RGM_SAME(REGIMEN_TEST, RGM_SPLIT_TEST);
RGM_SAME(REGIMEN_VALIDATION, RGM_SPLIT_VALIDATION);
RGM_SAME(REGIMEN_SPLITS, RGM_SPLIT_COUNT);

/* ---- a file ---- */

static rgm_status open_file(rgm_entry *entry, regimen_data **data, const char *path, rgm_error *err) {
    regimen_data *d = calloc(1, sizeof *d);
    if (!d) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
    const rgm_dataset_options options = {.stop = rgm_entry_stop(entry)};
    rgm_status status = rgm_dataset_open(&d->set, path, &options, err);
    if (status >= 0)
        *data = d;
    else
        free(d);
    return status;
}

int32_t regimen_data_open(regimen_data **data, const char *path, const regimen_events *events, regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, events);
    if (data) *data = NULL;
    rgm_status status = rgm_sized_check(events, "regimen_events", &entry.err);
    if (status >= 0) status = rgm_entry_need(data, "regimen_data_open", "place for it", &entry.err);
    if (status >= 0) status = rgm_entry_need(path, "regimen_data_open", "path", &entry.err);
    if (status >= 0) status = open_file(&entry, data, path, &entry.err);
    return rgm_entry_end(&entry, status, err);
}

/* ---- memory ---- */

/* It comes into configurations and messages, in the place of a file's. */
static rgm_status check_name(const char *name, rgm_error *err) {
    if (!name) return RGM_OK;
    if (!name[0]) return rgm_fail(err, RGM_E_USAGE, "regimen_pixels: its name is empty: NULL for none");
    if (rgm_text_acceptable(name, RGM_CONFIG_PATH, err) < 0) return rgm_fail_in(err, "regimen_pixels: its name");
    return RGM_OK;
}

static rgm_status take_pixels(rgm_entry *entry, regimen_data **data, const regimen_pixels *pixels, rgm_error *err) {
    regimen_pixels p;
    RGM_TRY(rgm_entry_need(pixels, "regimen_data_from_memory", "pixels", err));
    RGM_TRY(rgm_sized_check(pixels, "regimen_pixels", err));
    rgm_sized_take(&p, sizeof p, pixels);
    RGM_TRY(check_name(p.name, err));
    rgm_dataset_memory memory = {.name = p.name,
                                 .H = p.height,
                                 .W = p.width,
                                 .C = p.channels,
                                 .classes = p.classes,
                                 .class_names = p.class_names,
                                 .stop = rgm_entry_stop(entry)};
    memcpy(memory.count, p.count, sizeof memory.count);
    memcpy(memory.images, p.images, sizeof memory.images);
    memcpy(memory.labels, p.labels, sizeof memory.labels);
    regimen_data *d = calloc(1, sizeof *d);
    if (!d) return rgm_fail(err, RGM_E_NOMEM, "data: out of memory");
    rgm_status status = rgm_dataset_from_memory(&d->set, &memory, err);
    if (status >= 0)
        *data = d;
    else
        free(d);
    return status;
}

int32_t regimen_data_from_memory(regimen_data **data, const regimen_pixels *pixels, const regimen_events *events,
                                 regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, events);
    if (data) *data = NULL;
    rgm_status status = rgm_sized_check(events, "regimen_events", &entry.err);
    if (status >= 0) status = rgm_entry_need(data, "regimen_data_from_memory", "place for it", &entry.err);
    if (status >= 0) status = take_pixels(&entry, data, pixels, &entry.err);
    return rgm_entry_end(&entry, status, err);
}

/* ---- both ---- */

void regimen_data_close(regimen_data *data) {
    if (!data) return;
    rgm_dataset_close(data->set);
    free(data);
}

void regimen_data_describe(const regimen_data *data, regimen_data_info *info) {
    if (!data) {
        rgm_sized_give(info, &(regimen_data_info){0}, sizeof *info);
        return;
    }
    const rgm_dataset_info *i = rgm_dataset_describe(data->set);
    regimen_data_info own = {.height = i->H, .width = i->W, .channels = i->C, .classes = i->classes};
    memcpy(own.count, i->count, sizeof own.count);
    rgm_sized_give(info, &own, sizeof own);
}

const char *regimen_data_class(const regimen_data *data, int32_t index) {
    if (!data) return NULL;
    const rgm_dataset_info *i = rgm_dataset_describe(data->set);
    return i->class_names && index >= 0 && index < i->classes ? i->class_names[index] : NULL;
}
