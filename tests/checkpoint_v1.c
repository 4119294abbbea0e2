#include "checkpoint_v1.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include "data/file.h"

#define NEED(call) ck_assert_msg((call) >= 0, #call)

static hid_t text_type(size_t bytes) {
    hid_t type = H5Tcopy(H5T_C_S1);
    NEED(H5Tset_size(type, bytes ? bytes : 1));
    NEED(H5Tset_strpad(type, H5T_STR_NULLPAD));
    NEED(H5Tset_cset(type, H5T_CSET_UTF8));
    return type;
}

static void put_attribute(hid_t object, const char *name, hid_t stored, hid_t memory, const void *value) {
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
    NEED(attribute);
    NEED(H5Awrite(attribute, memory, value));
    H5Aclose(attribute);
    H5Sclose(space);
}

static void put_label(hid_t object, const char *name, const char *text) {
    hid_t type = text_type(strlen(text));
    put_attribute(object, name, type, type, text);
    H5Tclose(type);
}

static void put_numbers(hid_t file, const test_checkpoint *c) {
    const rgm_progress *p = &c->about.progress;
    const struct {
        const char *name;
        hid_t stored, memory;
        const void *value;
    } numbers[] = {
        {"step", H5T_STD_I64LE, H5T_NATIVE_INT64, &p->step},
        {"epoch", H5T_STD_I32LE, H5T_NATIVE_INT32, &p->epoch},
        {"epoch_step", H5T_STD_I64LE, H5T_NATIVE_INT64, &p->epoch_step},
        {"epoch_loss", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &p->tally.loss},
        {"epoch_top1", H5T_STD_I64LE, H5T_NATIVE_INT64, &p->tally.top1},
        {"epoch_top5", H5T_STD_I64LE, H5T_NATIVE_INT64, &p->tally.top5},
        {"epoch_seen", H5T_STD_I64LE, H5T_NATIVE_INT64, &p->tally.seen},
        {"window_loss", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &p->window.loss},
        {"window_top1", H5T_STD_I64LE, H5T_NATIVE_INT64, &p->window.top1},
        {"window_top5", H5T_STD_I64LE, H5T_NATIVE_INT64, &p->window.top5},
        {"window_seen", H5T_STD_I64LE, H5T_NATIVE_INT64, &p->window.seen},
        {"gain_metric", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &p->gain_metric},
        {"best_metric", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &p->best_metric},
        {"best_epoch", H5T_STD_I32LE, H5T_NATIVE_INT32, &p->best_epoch},
        {"evaluations_without_gain", H5T_STD_I32LE, H5T_NATIVE_INT32, &p->evaluations_without_gain},
        {"seconds", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &p->seconds},
        {"seed", H5T_STD_U64LE, H5T_NATIVE_UINT64, &c->about.seed},
        {"fingerprint", H5T_STD_U64LE, H5T_NATIVE_UINT64, &c->about.fingerprint},
    };
    const uint32_t version = 1;
    put_label(file, "format", "regimen checkpoint");
    put_attribute(file, "format_version", H5T_STD_U32LE, H5T_NATIVE_UINT32, &version);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        put_attribute(file, numbers[i].name, numbers[i].stored, numbers[i].memory, numbers[i].value);
}

static hid_t make_group(hid_t parent, const char *name) {
    hid_t group = H5Gcreate2(parent, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    NEED(group);
    return group;
}

static hid_t put_dataset(hid_t group, const char *name, hid_t stored, hid_t space) {
    hid_t dataset = H5Dcreate2(group, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    NEED(dataset);
    H5Sclose(space);
    return dataset;
}

static void put_text(hid_t group, const char *name, const char *text) {
    hid_t type = text_type(strlen(text)), dataset = put_dataset(group, name, type, H5Screate(H5S_SCALAR));
    NEED(H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text));
    H5Dclose(dataset);
    H5Tclose(type);
}

static void put_tensor(hid_t group, const rgm_param *p, const float *arena) {
    hsize_t dims[4];
    for (int32_t i = 0; i < p->ndim; i++) dims[i] = (hsize_t)p->dims[i];
    hid_t dataset = put_dataset(group, p->name, H5T_IEEE_F32LE, H5Screate_simple(p->ndim, dims, NULL));
    NEED(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, arena + p->offset));
    H5Dclose(dataset);
}

static void put_tensors(hid_t file, const test_checkpoint *c) {
    const rgm_graph *g = c->state.graph;
    hid_t model = make_group(file, "model"), optimizer = make_group(file, "optimizer");
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) put_tensor(model, rgm_graph_param(g, i), c->state.value);
    for (int32_t i = 0; i < rgm_graph_stat_count(g); i++) put_tensor(model, rgm_graph_stat(g, i), c->state.stat);
    for (int32_t k = 0; k < c->state.slot_count; k++) {
        hid_t slot = make_group(optimizer, c->state.slot_name[k]);
        for (int32_t i = 0; i < rgm_graph_param_count(g); i++)
            put_tensor(slot, rgm_graph_param(g, i), c->state.slot[k]);
        H5Gclose(slot);
    }
    H5Gclose(optimizer);
    H5Gclose(model);
}

static void put_states(hid_t file, const test_checkpoint *c) {
    hid_t group = make_group(file, "plugins");
    int number = 0;
    for (int32_t i = 0; i < c->state.plugin_count; i++) {
        char name[16];
        hsize_t bytes = c->state.plugin[i].bytes;
        if (!bytes) continue;
        snprintf(name, sizeof name, "%02d", number++);
        hid_t dataset = put_dataset(group, name, H5T_STD_U8LE, H5Screate_simple(1, &bytes, NULL));
        NEED(H5Dwrite(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, c->state.plugin[i].data));
        put_label(dataset, "label", c->state.plugin[i].label);
        H5Dclose(dataset);
    }
    H5Gclose(group);
}

void write_v1(const test_checkpoint *c, const char *path) {
    rgm_file_writer w = {0};
    rgm_error err = {0};
    ck_assert_msg(rgm_file_create(&w, path, 1, &err) == RGM_OK, "%s", err.text);
    rgm_h5_enter();
    put_numbers(w.file, c);
    hid_t text = make_group(w.file, "text");
    put_text(text, "config", c->about.config ? c->about.config : "");
    put_text(text, "build", c->about.build ? c->about.build : "");
    put_text(text, "plugins", c->about.plugins ? c->about.plugins : "");
    put_text(text, "classes", c->about.classes ? c->about.classes : "");
    H5Gclose(text);
    put_tensors(w.file, c);
    put_states(w.file, c);
    rgm_h5_leave();
    ck_assert_msg(rgm_file_commit(&w, &err) == RGM_OK, "%s", err.text);
}
