#include "train/checkpoint_internal.h"

#include <math.h>
#include <string.h>

const char rgm_checkpoint_format[] = "regimen checkpoint";
const char rgm_checkpoint_transform[] = "transform";
const char *const rgm_checkpoint_steps[CHECKPOINT_STEPS] = {"resize", "crop", "channels"};
const char rgm_checkpoint_none[] = "none";

hid_t rgm_number_stored(int32_t type) {
    switch (type) {
    case RGM_I32:
        return H5T_STD_I32LE;
    case RGM_U32:
        return H5T_STD_U32LE;
    case RGM_I64:
        return H5T_STD_I64LE;
    case RGM_U64:
        return H5T_STD_U64LE;
    default:
        return H5T_IEEE_F64LE;
    }
}

hid_t rgm_number_native(int32_t type) {
    switch (type) {
    case RGM_I32:
        return H5T_NATIVE_INT32;
    case RGM_U32:
        return H5T_NATIVE_UINT32;
    case RGM_I64:
        return H5T_NATIVE_INT64;
    case RGM_U64:
        return H5T_NATIVE_UINT64;
    default:
        return H5T_NATIVE_DOUBLE;
    }
}

#define AT(field) offsetof(rgm_checkpoint, field)
const rgm_number rgm_checkpoint_numbers[CHECKPOINT_NUMBERS] = {
    {"step", RGM_I64, AT(progress.step), 1},
    {"epoch", RGM_I32, AT(progress.epoch), 1},
    {"epoch_step", RGM_I64, AT(progress.epoch_step), 1},
    {"epoch_loss", RGM_F64, AT(progress.tally.loss), 1},
    {"epoch_top1", RGM_I64, AT(progress.tally.top1), 1},
    {"epoch_top5", RGM_I64, AT(progress.tally.top5), 1},
    {"epoch_seen", RGM_I64, AT(progress.tally.seen), 1},
    {"window_loss", RGM_F64, AT(progress.window.loss), 1},
    {"window_top1", RGM_I64, AT(progress.window.top1), 1},
    {"window_top5", RGM_I64, AT(progress.window.top5), 1},
    {"window_seen", RGM_I64, AT(progress.window.seen), 1},
    {"gain_metric", RGM_F64, AT(progress.gain_metric), 1},
    {"best_metric", RGM_F64, AT(progress.best_metric), 1},
    {"best_epoch", RGM_I32, AT(progress.best_epoch), 1},
    {"evaluations_without_gain", RGM_I32, AT(progress.evaluations_without_gain), 1},
    {"seconds", RGM_F64, AT(progress.seconds), 1},
    {"seed", RGM_U64, AT(seed), 1},
    {"fingerprint", RGM_U64, AT(fingerprint), 1},
    {"fingerprint_pixels", RGM_I32, AT(fingerprint_pixels), 2},
};

const rgm_number rgm_checkpoint_rare[CHECKPOINT_RARE] = {
    {"skipped", RGM_I32, AT(progress.skipped), 2},     {"rewinds", RGM_I32, AT(progress.rewinds), 2},
    {"left_out", RGM_I64, AT(progress.left_out), 2},   {"usual_loss", RGM_F64, AT(progress.usual.mean), 2},
    {"usual_sum", RGM_F64, AT(progress.usual.sum), 2}, {"usual_steps", RGM_I64, AT(progress.usual.steps), 2},
};

const char *const rgm_checkpoint_texts[CHECKPOINT_TEXTS] = {"config", "build", "plugins", "classes"};

const char **rgm_checkpoint_text(rgm_checkpoint *c, int32_t text) {
    const char **const all[CHECKPOINT_TEXTS] = {&c->config, &c->build, &c->plugins, &c->classes};
    return all[text];
}

rgm_status rgm_checkpoint_counts(const rgm_state *c, const char *path, rgm_error *err) {
    if (c->slot_count >= 0 && c->slot_count <= RGM_CHECKPOINT_SLOTS && c->plugin_count >= 0 &&
        c->plugin_count <= RGM_CHECKPOINT_PLUGINS)
        return RGM_OK;
    return rgm_fail(err, RGM_E_INTERNAL, "%s: %d slots and %d states of plugins, at most %d and %d have room", path,
                    c->slot_count, c->plugin_count, RGM_CHECKPOINT_SLOTS, RGM_CHECKPOINT_PLUGINS);
}

int32_t rgm_model_input_possible(const rgm_model_input *in) {
    if (!in->known || in->image[0] < 1 || in->image[0] > RGM_DATA_CHANNELS || in->classes < 1 ||
        in->classes > RGM_DATA_CLASSES)
        return 0;
    for (int32_t i = 1; i < 3; i++)
        if (in->image[i] < 1 || in->image[i] > RGM_DATA_SIDE) return 0;
    for (int32_t c = 0; c < in->image[0]; c++)
        if (!isfinite(in->mean[c]) || !isfinite(in->std[c]) || in->std[c] <= 0) return 0;
    const rgm_transform *t = &in->transform;
    return t->C == 0 || (t->C == in->image[0] && t->H == in->image[1] && t->W == in->image[2]);
}

void rgm_tensor_dims(const rgm_state_tensor *t, hsize_t dims[4]) {
    for (int32_t i = 0; i < t->ndim; i++) dims[i] = (hsize_t)t->dims[i];
}

typedef struct output {
    const rgm_checkpoint *c;
    const rgm_state *state;
    const char *path;
    hid_t file, dataset_plist, group_plist;
    hid_t group;     /* that tensors go to */
    int32_t written; /* states of plugins */
} output;

/* Object headers without times, so that the same state gives the same bytes; links listed in the order they are made.
 */
static rgm_status make_plists(output *o, rgm_error *err) {
    o->dataset_plist = H5Pcreate(H5P_DATASET_CREATE);
    o->group_plist = H5Pcreate(H5P_GROUP_CREATE);
    if (o->dataset_plist < 0 || o->group_plist < 0 || H5Pset_obj_track_times(o->dataset_plist, 0) < 0 ||
        H5Pset_obj_track_times(o->group_plist, 0) < 0 ||
        H5Pset_link_creation_order(o->group_plist, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) < 0)
        return rgm_h5_fail(err, RGM_E_IO, o->path, "cannot prepare writing");
    return RGM_OK;
}

/* A name becomes one link: a path or the group itself must not come out of it. */
static rgm_status check_name(const output *o, const char *name, rgm_error *err) {
    if (name && name[0] && strcmp(name, ".") != 0 && !strchr(name, '/')) return RGM_OK;
    return rgm_fail(err, RGM_E_INTERNAL, "%s: '%s' cannot be the name of a tensor", o->path, name ? name : "");
}

static rgm_status create_group(const output *o, hid_t parent, const char *name, hid_t *group, rgm_error *err) {
    *group = H5Gcreate2(parent, name, H5P_DEFAULT, o->group_plist, H5P_DEFAULT);
    return *group < 0 ? rgm_h5_fail(err, RGM_E_IO, o->path, name) : RGM_OK;
}

/* What a data set holds: `rank` dimensions (0: a scalar) of a type in the file and in memory. */
typedef struct content {
    hid_t stored, memory;
    int32_t rank;
    const hsize_t *dims;
    const void *data;
} content;

/* Creates and fills a data set, and leaves it open in *dataset. */
static rgm_status write_dataset(const output *o, hid_t group, const char *name, const content *v, hid_t *dataset,
                                rgm_error *err) {
    rgm_status status = RGM_OK;
    hid_t space = v->rank ? H5Screate_simple(v->rank, v->dims, NULL) : H5Screate(H5S_SCALAR);
    *dataset = -1;
    if (space >= 0) *dataset = H5Dcreate2(group, name, v->stored, space, H5P_DEFAULT, o->dataset_plist, H5P_DEFAULT);
    int empty = v->rank == 1 && v->dims[0] == 0;
    if (*dataset < 0 || (!empty && H5Dwrite(*dataset, v->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, v->data) < 0))
        status = rgm_h5_fail(err, RGM_E_IO, o->path, name);
    if (space >= 0) H5Sclose(space);
    if (status < 0 && *dataset >= 0) H5Dclose(*dataset);
    return status;
}

static rgm_status write_tensor(void *context, const rgm_state_tensor *t, rgm_error *err) {
    const output *o = context;
    hsize_t dims[4];
    hid_t dataset;
    rgm_tensor_dims(t, dims);
    RGM_TRY(check_name(o, t->name, err));
    const content what = {H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, t->ndim, dims, t->data};
    RGM_TRY(write_dataset(o, o->group, t->name, &what, &dataset, err));
    H5Dclose(dataset);
    return RGM_OK;
}

/* Tensors into a new group. */
static rgm_status write_group(output *o, hid_t parent, const char *name, uint32_t tensors, rgm_state_fn write,
                              rgm_error *err) {
    RGM_TRY(create_group(o, parent, name, &o->group, err));
    rgm_status status = rgm_state_visit(o->state, tensors, write, o, err);
    H5Gclose(o->group);
    return status;
}

static rgm_status write_slot(output *o, hid_t optimizer, int32_t slot, rgm_error *err) {
    RGM_TRY(check_name(o, o->state->slot_name[slot], err));
    return write_group(o, optimizer, o->state->slot_name[slot], RGM_SLOT(slot), write_tensor, err);
}

static rgm_status write_optimizer(output *o, rgm_error *err) {
    hid_t group;
    RGM_TRY(create_group(o, o->file, "optimizer", &group, err));
    rgm_status status = RGM_OK;
    for (int32_t i = 0; status == RGM_OK && i < o->state->slot_count; i++) status = write_slot(o, group, i, err);
    H5Gclose(group);
    return status;
}

/* A fixed-length UTF-8 type for `bytes` bytes; HDF5 knows no length 0, so an empty text is one NUL. */
static hid_t text_type(size_t bytes) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, bytes ? bytes : 1) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
                      H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        type = -1;
    }
    return type;
}

/* What an attribute holds: `count` values, or a scalar for -1; their types in the file and in memory. */
typedef struct values {
    hid_t stored, memory;
    int32_t count;
    const void *at;
} values;

static rgm_status write_values(const output *o, hid_t object, const char *name, const values *v, rgm_error *err) {
    hsize_t elements = (hsize_t)v->count;
    hid_t space = v->count >= 0 ? H5Screate_simple(1, &elements, NULL) : H5Screate(H5S_SCALAR), attribute = -1;
    if (space >= 0 && v->stored >= 0) attribute = H5Acreate2(object, name, v->stored, space, H5P_DEFAULT, H5P_DEFAULT);
    rgm_status status = RGM_OK;
    if (attribute < 0 || H5Awrite(attribute, v->memory, v->at) < 0) status = rgm_h5_fail(err, RGM_E_IO, o->path, name);
    if (attribute >= 0) H5Aclose(attribute);
    if (space >= 0) H5Sclose(space);
    return status;
}

static rgm_status write_label(const output *o, hid_t object, const char *name, const char *text, rgm_error *err) {
    hid_t type = text_type(strlen(text));
    rgm_status status = write_values(o, object, name, &(values){type, type, -1, text}, err);
    if (type >= 0) H5Tclose(type);
    return status;
}

static rgm_status write_plugin(void *context, const rgm_state_tensor *t, rgm_error *err) {
    output *o = context;
    hsize_t bytes = t->bytes;
    if (bytes > RGM_CHECKPOINT_STATE)
        return rgm_fail(err, RGM_E_PLUGIN, "%s: state of plugin '%s': %zu bytes, at most %d can be kept", o->path,
                        t->name, t->bytes, RGM_CHECKPOINT_STATE);
    hid_t dataset;
    char name[16];
    snprintf(name, sizeof name, "%02d", o->written++);
    const content what = {H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, &bytes, t->data};
    RGM_TRY(write_dataset(o, o->group, name, &what, &dataset, err));
    rgm_status status = write_label(o, dataset, "label", t->name, err);
    H5Dclose(dataset);
    return status;
}

static rgm_status write_input_group(const output *o, hid_t group, rgm_error *err) {
    const rgm_model_input *in = &o->c->input;
    hid_t real = H5T_IEEE_F32LE, integer = H5T_STD_I32LE;
    RGM_TRY(write_values(o, group, "image", &(values){integer, H5T_NATIVE_INT32, 3, in->image}, err));
    RGM_TRY(write_values(o, group, "mean", &(values){real, H5T_NATIVE_FLOAT, in->image[0], in->mean}, err));
    RGM_TRY(write_values(o, group, "std", &(values){real, H5T_NATIVE_FLOAT, in->image[0], in->std}, err));
    RGM_TRY(write_values(o, group, "classes", &(values){integer, H5T_NATIVE_INT32, -1, &in->classes}, err));
    for (int32_t i = 0; i < CHECKPOINT_STEPS; i++)
        RGM_TRY(write_label(o, group, rgm_checkpoint_steps[i], rgm_checkpoint_none, err));
    if (in->transform.C == 0) return RGM_OK;
    char text[RGM_TRANSFORM_TEXT];
    rgm_transform_print(&in->transform, text);
    return write_label(o, group, rgm_checkpoint_transform, text, err);
}

static rgm_status write_input(const output *o, rgm_error *err) {
    hid_t group;
    if (!rgm_model_input_possible(&o->c->input))
        return rgm_fail(err, RGM_E_INTERNAL, "%s: the model's input is not described", o->path);
    RGM_TRY(create_group(o, o->file, "input", &group, err));
    rgm_status status = write_input_group(o, group, err);
    H5Gclose(group);
    return status;
}

/* Texts are data sets: an attribute holds no more than 64 KiB. */
static rgm_status write_text(const output *o, hid_t group, const char *name, const char *text, rgm_error *err) {
    size_t bytes = strlen(text);
    if (bytes > CHECKPOINT_TEXT)
        return rgm_fail(err, RGM_E_USAGE, "%s: the text '%s' has %zu bytes, at most %d can be kept", o->path, name,
                        bytes, CHECKPOINT_TEXT);
    hid_t type = text_type(bytes), dataset = -1;
    if (type < 0) return rgm_h5_fail(err, RGM_E_IO, o->path, name);
    rgm_status status = write_dataset(o, group, name, &(content){type, type, 0, NULL, text}, &dataset, err);
    if (status == RGM_OK) H5Dclose(dataset);
    H5Tclose(type);
    return status;
}

static rgm_status write_texts(const output *o, rgm_error *err) {
    hid_t group;
    RGM_TRY(create_group(o, o->file, "text", &group, err));
    rgm_checkpoint copy = *o->c;
    rgm_status status = RGM_OK;
    for (int32_t i = 0; status == RGM_OK && i < CHECKPOINT_TEXTS; i++) {
        const char *text = *rgm_checkpoint_text(&copy, i);
        status = write_text(o, group, rgm_checkpoint_texts[i], text ? text : "", err);
    }
    H5Gclose(group);
    return status;
}

static rgm_status write_rare(const output *o, rgm_error *err) {
    for (int32_t i = 0; i < CHECKPOINT_RARE; i++) {
        const rgm_number *n = &rgm_checkpoint_rare[i];
        const void *at = (const char *)o->c + n->offset;
        const values v = {rgm_number_stored(n->type), rgm_number_native(n->type), -1, at};
        static const char zeros[8];
        if (memcmp(at, zeros, n->type == RGM_I32 ? 4 : 8) != 0) RGM_TRY(write_values(o, o->file, n->name, &v, err));
    }
    return RGM_OK;
}

static rgm_status write_numbers(const output *o, rgm_error *err) {
    static const uint32_t version = RGM_CHECKPOINT_VERSION;
    RGM_TRY(write_label(o, o->file, "format", rgm_checkpoint_format, err));
    RGM_TRY(write_values(o, o->file, "format_version", &(values){H5T_STD_U32LE, H5T_NATIVE_UINT32, -1, &version}, err));
    for (int32_t i = 0; i < CHECKPOINT_NUMBERS; i++) {
        const rgm_number *n = &rgm_checkpoint_numbers[i];
        const values v = {rgm_number_stored(n->type), rgm_number_native(n->type), -1, (const char *)o->c + n->offset};
        RGM_TRY(write_values(o, o->file, n->name, &v, err));
    }
    return write_rare(o, err);
}

static rgm_status write_content(output *o, rgm_error *err) {
    RGM_TRY(make_plists(o, err));
    RGM_TRY(write_numbers(o, err));
    RGM_TRY(write_texts(o, err));
    RGM_TRY(write_input(o, err));
    RGM_TRY(write_group(o, o->file, "model", RGM_PARAMETERS | RGM_STATISTICS, write_tensor, err));
    RGM_TRY(write_optimizer(o, err));
    return write_group(o, o->file, "plugins", RGM_PLUGIN_STATES, write_plugin, err);
}

rgm_status rgm_checkpoint_write(const rgm_checkpoint *c, const rgm_state *state, const char *path, rgm_error *err) {
    RGM_TRY(rgm_checkpoint_counts(state, path, err));
    rgm_file_writer writer = {0};
    RGM_TRY(rgm_file_create(&writer, path, 1, err));
    output o = {.c = c, .state = state, .path = path, .file = writer.file, .dataset_plist = -1, .group_plist = -1};
    rgm_h5_enter();
    rgm_status status = write_content(&o, err);
    if (o.dataset_plist >= 0) H5Pclose(o.dataset_plist);
    if (o.group_plist >= 0) H5Pclose(o.group_plist);
    rgm_h5_leave();
    if (status == RGM_OK) return rgm_file_commit(&writer, err);
    rgm_file_abandon(&writer);
    return status;
}
