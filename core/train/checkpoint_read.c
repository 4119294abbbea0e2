#include "train/checkpoint_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/planted.h"
#include "data/weights.h"

enum { SHAPE_TEXT = 192 };

struct rgm_checkpoint_reader {
    rgm_checkpoint header;
    char *path, *text[CHECKPOINT_TEXTS];
    rgm_input input; /* what is verified and read */
    hid_t file;      /* of a framed checkpoint; foreign files are opened anew for each reading */
    int32_t foreign;
};

/* An attribute to be read: `count` numbers of exactly this stored type, or a scalar (0). */
typedef struct wanted {
    const char *name;
    hid_t stored, memory;
    int32_t count;
} wanted;

static rgm_status read_attribute(const rgm_checkpoint_reader *r, hid_t object, const wanted *w, void *to,
                                 rgm_error *err) {
    htri_t exists = H5Aexists(object, w->name);
    if (exists < 0) return rgm_h5_fail(err, RGM_E_FORMAT, r->path, w->name);
    if (exists == 0) return rgm_fail(err, RGM_E_FORMAT, "%s: no checkpoint: attribute %s is missing", r->path, w->name);
    hid_t attribute = H5Aopen(object, w->name, H5P_DEFAULT), type = -1, space = -1;
    if (attribute >= 0) type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    hsize_t elements = 0;
    rgm_status status = RGM_OK;
    if (type < 0 || space < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, r->path, w->name);
    else if (H5Tequal(type, w->stored) <= 0 || H5Sget_simple_extent_type(space) != (w->count ? H5S_SIMPLE : H5S_SCALAR))
        status = rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s is of a wrong type", r->path, w->name);
    else if (w->count && (H5Sget_simple_extent_ndims(space) != 1 ||
                          H5Sget_simple_extent_dims(space, &elements, NULL) < 0 || elements != (hsize_t)w->count))
        status = rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s: expected %d numbers, found %llu", r->path, w->name,
                          w->count, (unsigned long long)elements);
    else if (H5Aread(attribute, w->memory, to) < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, r->path, w->name);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    return status;
}

/* Reads a text attribute, shorter than `room`, NUL-terminated; 0 if there is no such attribute. */
static int read_label(hid_t object, const char *name, char *to, size_t room) {
    memset(to, 0, room);
    if (H5Aexists(object, name) <= 0) return 0;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), type = -1, space = -1;
    if (attribute >= 0) type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    int fits = type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
               H5Tget_size(type) < room && H5Sget_simple_extent_type(space) == H5S_SCALAR &&
               H5Aread(attribute, type, to) >= 0;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    H5Eclear2(H5E_DEFAULT);
    return fits;
}

static rgm_status read_rare(rgm_checkpoint_reader *r, rgm_error *err) {
    const rgm_progress *p = &r->header.progress;
    for (int32_t i = 0; i < CHECKPOINT_RARE; i++) {
        const rgm_number *n = &rgm_checkpoint_rare[i];
        const wanted w = {n->name, rgm_number_stored(n->type), rgm_number_native(n->type), 0};
        if (H5Aexists(r->file, n->name) == 0) continue;
        RGM_TRY(read_attribute(r, r->file, &w, (char *)&r->header + n->offset, err));
    }
    if (!(p->skipped >= 0 && p->rewinds >= 0 && p->rewinds <= 1000))
        return rgm_fail(err, RGM_E_FORMAT, "%s: attributes skipped and rewinds: %d and %d cannot be", r->path,
                        p->skipped, p->rewinds);
    if (p->left_out >= 0 && p->usual.steps >= 0 && isfinite(p->usual.mean) && isfinite(p->usual.sum)) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: attributes left_out and usual_*: they cannot be", r->path);
}

static rgm_status read_numbers(rgm_checkpoint_reader *r, rgm_error *err) {
    const wanted version_number = {"format_version", H5T_STD_U32LE, H5T_NATIVE_UINT32, 0};
    char format[64];
    uint32_t version = 0;
    if (!read_label(r->file, "format", format, sizeof format) || strcmp(format, rgm_checkpoint_format) != 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s: no checkpoint (another kind of file)", r->path);
    RGM_TRY(read_attribute(r, r->file, &version_number, &version, err));
    if (version < 1 || version > RGM_CHECKPOINT_VERSION)
        return rgm_fail(err, RGM_E_UNSUPPORTED,
                        "%s: checkpoint format version %u, this Regimen reads versions 1 to %d: use a newer Regimen",
                        r->path, version, RGM_CHECKPOINT_VERSION);
    r->header.version = (int32_t)version;
    for (int32_t i = 0; i < CHECKPOINT_NUMBERS; i++) {
        const rgm_number *n = &rgm_checkpoint_numbers[i];
        const wanted w = {n->name, rgm_number_stored(n->type), rgm_number_native(n->type), 0};
        if (version >= n->since) RGM_TRY(read_attribute(r, r->file, &w, (char *)&r->header + n->offset, err));
    }
    return read_rare(r, err);
}

/* A step of a later version is refused, not passed over: the result would be wrong. */
static rgm_status check_step(const rgm_checkpoint_reader *r, hid_t group, const char *name, rgm_error *err) {
    char text[256];
    if (!read_label(group, name, text, sizeof text))
        return rgm_fail(err, RGM_E_FORMAT, "%s: input/%s: expected a text of at most 255 bytes", r->path, name);
    if (strcmp(text, rgm_checkpoint_none) == 0) return RGM_OK;
    return rgm_fail(err, RGM_E_UNSUPPORTED,
                    "%s: its evaluation transform has %s '%.100s', this Regimen knows only '%s': use a newer Regimen",
                    r->path, name, text, rgm_checkpoint_none);
}

/* The default where the file does not say. */
static rgm_status read_transform(rgm_checkpoint_reader *r, hid_t group, rgm_error *err) {
    rgm_model_input *in = &r->header.input;
    char text[RGM_TRANSFORM_TEXT];
    htri_t exists = H5Aexists(group, rgm_checkpoint_transform);
    if (exists < 0) return rgm_h5_fail(err, RGM_E_FORMAT, r->path, rgm_checkpoint_transform);
    in->transform = rgm_transform_default(in->image[0], in->image[1], in->image[2]);
    if (exists == 0) return RGM_OK;
    if (!read_label(group, rgm_checkpoint_transform, text, sizeof text))
        return rgm_fail(err, RGM_E_FORMAT, "%s: input/transform: expected a text of at most %d bytes", r->path,
                        RGM_TRANSFORM_TEXT - 1);
    char what[256];
    snprintf(what, sizeof what, "%.200s: input/transform", r->path);
    return rgm_transform_parse(&in->transform, text, what, err);
}

static rgm_status read_input_group(rgm_checkpoint_reader *r, hid_t group, rgm_error *err) {
    rgm_model_input *in = &r->header.input;
    const wanted image = {"image", H5T_STD_I32LE, H5T_NATIVE_INT32, 3},
                 classes = {"classes", H5T_STD_I32LE, H5T_NATIVE_INT32, 0};
    RGM_TRY(read_attribute(r, group, &image, in->image, err));
    RGM_TRY(read_attribute(r, group, &classes, &in->classes, err));
    int32_t C = in->image[0];
    if (C < 1 || C > RGM_DATA_CHANNELS)
        return rgm_fail(err, RGM_E_FORMAT, "%s: input/image has %d channels, expected 1 to %d", r->path, C,
                        RGM_DATA_CHANNELS);
    const wanted mean = {"mean", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, C},
                 std = {"std", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, C};
    RGM_TRY(read_attribute(r, group, &mean, in->mean, err));
    RGM_TRY(read_attribute(r, group, &std, in->std, err));
    for (int32_t i = 0; i < CHECKPOINT_STEPS; i++) RGM_TRY(check_step(r, group, rgm_checkpoint_steps[i], err));
    RGM_TRY(read_transform(r, group, err));
    in->known = 1;
    if (rgm_model_input_possible(in)) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: input: its image, classes, mean, std or transform are impossible", r->path);
}

static rgm_status read_input(rgm_checkpoint_reader *r, rgm_error *err) {
    hid_t group;
    if (r->header.version < 2) return RGM_OK;
    RGM_TRY(rgm_h5_open_group(r->file, "input", r->path, &group, err));
    rgm_status status = read_input_group(r, group, err);
    H5Gclose(group);
    return status;
}

/* Reads a scalar text into a new NUL-terminated buffer. */
static rgm_status read_text(const rgm_checkpoint_reader *r, hid_t group, const char *name, char **text,
                            rgm_error *err) {
    hid_t dataset;
    RGM_TRY(rgm_h5_open_dataset(group, name, r->path, H5P_DEFAULT, &dataset, err));
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    rgm_status status = RGM_OK;
    if (type < 0 || space < 0 || H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) != 0 ||
        H5Tget_size(type) > CHECKPOINT_TEXT || H5Sget_simple_extent_type(space) != H5S_SCALAR)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: text/%s: expected one text of fixed length, at most %d bytes",
                          r->path, name, CHECKPOINT_TEXT);
    else if (!(*text = calloc(H5Tget_size(type) + 1, 1)))
        status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", r->path);
    else if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, *text) < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, r->path, name);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    H5Dclose(dataset);
    return status;
}

static rgm_status read_texts(rgm_checkpoint_reader *r, rgm_error *err) {
    hid_t group;
    RGM_TRY(rgm_h5_open_group(r->file, "text", r->path, &group, err));
    rgm_status status = RGM_OK;
    for (int32_t i = 0; status == RGM_OK && i < CHECKPOINT_TEXTS; i++) {
        status = read_text(r, group, rgm_checkpoint_texts[i], &r->text[i], err);
        *rgm_checkpoint_text(&r->header, i) = r->text[i];
    }
    H5Gclose(group);
    return status;
}

/* Opens a framed file and reads all but tensors. */
static rgm_status load_header(rgm_checkpoint_reader *r, rgm_error *err) {
    RGM_TRY(rgm_h5_open(&r->input, &r->file, err));
    RGM_TRY(read_numbers(r, err));
    RGM_TRY(read_input(r, err));
    return read_texts(r, err);
}

/* Is it a checkpoint of Regimen's whose frame is gone? Its user block and its attribute are still there. */
static int lost_frame(hid_t file) {
    char format[64];
    hsize_t block = 0;
    hid_t plist = H5Fget_create_plist(file);
    if (plist >= 0) {
        H5Pget_userblock(plist, &block);
        H5Pclose(plist);
    }
    return block == RGM_FILE_BLOCK && read_label(file, "format", format, sizeof format) &&
           strcmp(format, rgm_checkpoint_format) == 0;
}

/* A foreign file must have a group of weights; nothing else is taken from it. */
static rgm_status look_foreign(const rgm_checkpoint_reader *r, rgm_error *err) {
    hid_t file, group;
    RGM_TRY(rgm_h5_open(&r->input, &file, err));
    rgm_status status;
    if (lost_frame(file))
        status = rgm_fail(err, RGM_E_FORMAT, "%s: damaged: " RGM_FILE_LOST, r->path);
    else if (!rgm_h5_exists(file, "model"))
        status = rgm_fail(err, RGM_E_FORMAT, "%s: no checkpoint and no weights (group /model is missing)", r->path);
    else if ((status = rgm_h5_open_group(file, "model", r->path, &group, err)) == RGM_OK)
        H5Gclose(group);
    H5Fclose(file);
    return status;
}

/* The tensors that are told to the helper program. */
typedef struct wanted_list {
    rgm_wanted *list;
    int32_t count;
} wanted_list;

static rgm_status want(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    wanted_list *w = context;
    w->list[w->count++] = (rgm_wanted){t->name, (int64_t)(t->bytes / sizeof(float))};
    return RGM_OK;
}

/* The helper program reads a foreign file first: as it is opened, or the model's tensors in `into`. */
static rgm_status rehearse(const rgm_checkpoint_reader *r, const rgm_state *into, rgm_error *err) {
    rgm_rehearsal rehearsal = {.kind = RGM_REHEARSE_WEIGHTS};
    if (!into) return rgm_file_rehearse(&r->input, &rehearsal, err);
    int32_t count = rgm_graph_param_count(into->graph) + rgm_graph_stat_count(into->graph);
    wanted_list w = {.list = calloc((size_t)count, sizeof *w.list)};
    if (!w.list) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", r->path);
    rgm_state_visit(into, RGM_PARAMETERS | RGM_STATISTICS, want, &w, NULL);
    rehearsal.wanted = w.list;
    rehearsal.wanted_count = w.count;
    rgm_status status = rgm_file_rehearse(&r->input, &rehearsal, err);
    free(w.list);
    return status;
}

rgm_status rgm_checkpoint_open(rgm_checkpoint_reader **reader, const char *path, const rgm_stop *stop, rgm_error *err) {
    *reader = NULL;
    rgm_status status;
    rgm_checkpoint_reader *r = calloc(1, sizeof *r);
    if (!r) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
    r->file = r->input.fd = -1;
    r->header.progress.best_epoch = -1;
    for (int32_t i = 0; i < CHECKPOINT_TEXTS; i++) *rgm_checkpoint_text(&r->header, i) = "";
    if (!(r->path = strdup(path))) {
        status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
        goto fail;
    }
    RGM_TRY_OR_FAIL(status, rgm_input_open(&r->input, r->path, stop, err));
    RGM_TRY_OR_FAIL(status, rgm_input_verify(&r->input, err));
    if (r->input.parts) {
        status = rgm_fail(err, RGM_E_FORMAT, "%s: no checkpoint (another kind of file)", path);
        goto fail;
    }
    r->foreign = !r->input.framed;
    if (r->foreign) RGM_TRY_OR_FAIL(status, rehearse(r, NULL, err));
    rgm_h5_enter();
    status = rgm_h5_judge(err, r->foreign ? look_foreign(r, err) : load_header(r, err), path);
    rgm_h5_leave();
    if (status < 0) goto fail;
    *reader = r;
    return RGM_OK;
fail:
    rgm_checkpoint_close(r);
    return status;
}

void rgm_checkpoint_close(rgm_checkpoint_reader *r) {
    if (!r) return;
    rgm_h5_enter();
    if (r->file >= 0) H5Fclose(r->file);
    rgm_h5_leave();
    rgm_input_close(&r->input);
    for (int32_t i = 0; i < CHECKPOINT_TEXTS; i++) free(r->text[i]);
    free(r->path);
    free(r);
}

const rgm_checkpoint *rgm_checkpoint_header(const rgm_checkpoint_reader *r) { return &r->header; }

int32_t rgm_checkpoint_foreign(const rgm_checkpoint_reader *r) { return r->foreign; }

static void shape_text(char text[SHAPE_TEXT], int32_t rank, const hsize_t *dims) {
    size_t used = 0;
    if (rank == 0) snprintf(text, SHAPE_TEXT, "a scalar");
    for (int32_t i = 0; i < rank && used < SHAPE_TEXT; i++)
        used += (size_t)snprintf(text + used, SHAPE_TEXT - used, "[%llu]", (unsigned long long)dims[i]);
}

/* One reading of tensors. */
typedef struct input {
    const rgm_checkpoint_reader *r;
    rgm_state *into;
    int32_t whole;
    hid_t file, group; /* that tensors come from */
    char folder[160];  /* "model", "optimizer/momentum": for messages */
} input;

/* A type that a weight may be stored in: float32, and in foreign files float64 and either byte order. */
static int is_weight_type(const input *in, hid_t type) {
    if (H5Tequal(type, H5T_IEEE_F32LE) > 0) return 1;
    return in->r->foreign && (H5Tequal(type, H5T_IEEE_F32BE) > 0 || H5Tequal(type, H5T_IEEE_F64LE) > 0 ||
                              H5Tequal(type, H5T_IEEE_F64BE) > 0);
}

/* HDF5 reads chunks whole: one that is larger than the tensor needs would take any amount of memory. */
static rgm_status check_chunk(const input *in, hid_t dataset, const char *name, rgm_error *err) {
    hid_t plist = H5Dget_create_plist(dataset);
    hsize_t dims[H5S_MAX_RANK];
    int rank = plist >= 0 && H5Pget_layout(plist) == H5D_CHUNKED ? H5Pget_chunk(plist, H5S_MAX_RANK, dims) : 0;
    double elements = 1;
    for (int i = 0; i < rank; i++) elements *= (double)dims[i];
    if (plist >= 0) H5Pclose(plist);
    if (elements <= RGM_WEIGHTS_CHUNK) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s/%s: chunks of %.0f elements, at most %d are read", in->r->path,
                    in->folder, name, elements, RGM_WEIGHTS_CHUNK);
}

static rgm_status check_tensor(const input *in, hid_t dataset, const rgm_state_tensor *p, rgm_error *err) {
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    hsize_t want[4], have[H5S_MAX_RANK];
    rgm_tensor_dims(p, want);
    int rank = space >= 0 ? H5Sget_simple_extent_dims(space, have, NULL) : -1;
    int same_type = type >= 0 && is_weight_type(in, type);
    int same_shape = rank == p->ndim && H5Sget_simple_extent_type(space) == H5S_SIMPLE &&
                     memcmp(want, have, sizeof *want * (size_t)rank) == 0;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (same_type && same_shape) return check_chunk(in, dataset, p->name, err);
    char expected[SHAPE_TEXT], found[SHAPE_TEXT] = "no shape";
    shape_text(expected, p->ndim, want);
    if (rank >= 0) shape_text(found, rank, have);
    if (same_shape)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s/%s: expected float32%s, found another type", in->r->path, in->folder,
                        p->name, in->r->foreign ? " or float64" : "");
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s/%s: expected %s, found %s", in->r->path, in->folder, p->name, expected,
                    found);
}

/* Of a batch norm: nothing else can be a variance, and the square root of less is a NaN. */
static rgm_status check_variance(const input *in, const rgm_state_tensor *t, rgm_error *err) {
    if (t->group != RGM_STATISTICS || t->role != RGM_ROLE_VARIANCE) return RGM_OK;
    const float *variance = t->data;
    for (size_t i = 0; i < t->bytes / sizeof *variance; i++)
        if (!(variance[i] >= 0 && isfinite(variance[i])))
            return rgm_fail(
                err, RGM_E_FORMAT,
                "%s: %s/%s: expected finite variances of at least 0, found %g: take an earlier checkpoint of its run",
                in->r->path, in->folder, t->name, (double)variance[i]);
    return RGM_OK;
}

/* 1 if the tensor is one that a planted fault does not read. */
static int32_t planted(const rgm_state_tensor *t) {
    return RGM_PLANTED_AT("E4", t->name) || (RGM_PLANTED("E5") && t->group == RGM_STATISTICS) ||
           (RGM_PLANTED("E6") && t->group & RGM_SLOTS);
}

static rgm_status read_tensor(void *context, const rgm_state_tensor *t, rgm_error *err) {
    const input *in = context;
    if (!rgm_h5_exists(in->group, t->name)) {
        char expected[SHAPE_TEXT];
        hsize_t dims[4];
        rgm_tensor_dims(t, dims);
        shape_text(expected, t->ndim, dims);
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s/%s: expected %s, found none", in->r->path, in->folder, t->name,
                        expected);
    }
    hid_t dataset;
    RGM_TRY(rgm_h5_open_dataset(in->group, t->name, in->r->path, H5P_DEFAULT, &dataset, err));
    rgm_status status = check_tensor(in, dataset, t, err);
    if (status == RGM_OK && !planted(t) &&
        H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->data) < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, in->r->path, t->name);
    H5Dclose(dataset);
    return status < 0 ? status : check_variance(in, t, err);
}

/* Looking for a link that should not be there. */
typedef struct stranger {
    const input *in;
    uint32_t tensors; /* groups whose names belong here */
    const char *at;   /* the link that is looked at */
    int32_t known;    /* 1: it is one of them */
    char name[128];
} stranger;

/* PyTorch's count of batches, which nothing here needs, may be in a foreign file. */
static int is_batch_count(const char *name) {
    static const char tail[] = ".num_batches_tracked";
    size_t length = strlen(name);
    return length >= sizeof tail && strcmp(name + length - (sizeof tail - 1), tail) == 0;
}

static rgm_status compare_name(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    stranger *s = context;
    s->known |= strcmp(s->at, t->name) == 0;
    return RGM_OK;
}

static herr_t find_stranger(hid_t group, const char *name, const H5L_info_t *info, void *context) {
    (void)group;
    (void)info;
    stranger *s = context;
    if (s->in->r->foreign && is_batch_count(name)) return 0;
    s->at = name;
    s->known = 0;
    rgm_state_visit(s->in->into, s->tensors, compare_name, s, NULL);
    if (!s->known) snprintf(s->name, sizeof s->name, "%s", name);
    return !s->known;
}

static rgm_status refuse_strangers(const input *in, uint32_t tensors, rgm_error *err) {
    stranger s = {.in = in, .tensors = tensors};
    herr_t found = H5Literate(in->group, H5_INDEX_NAME, H5_ITER_INC, NULL, find_stranger, &s);
    if (found == 0) return RGM_OK;
    if (found < 0) return rgm_h5_fail(err, RGM_E_FORMAT, in->r->path, in->folder);
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s/%s: expected none, found one: the model has no tensor of that name",
                    in->r->path, in->folder, s.name);
}

/* Exactly these tensors out of a group. */
static rgm_status read_group(input *in, hid_t parent, const char *name, uint32_t tensors, rgm_error *err) {
    RGM_TRY(rgm_h5_open_group(parent, name, in->r->path, &in->group, err));
    rgm_status status = rgm_state_visit(in->into, tensors, read_tensor, in, err);
    if (status == RGM_OK) status = refuse_strangers(in, tensors, err);
    H5Gclose(in->group);
    return status;
}

static rgm_status read_model(input *in, rgm_error *err) {
    snprintf(in->folder, sizeof in->folder, "model");
    return read_group(in, in->file, "model", RGM_PARAMETERS | RGM_STATISTICS, err);
}

static rgm_status read_slot(input *in, hid_t optimizer, int32_t slot, rgm_error *err) {
    const char *name = in->into->slot_name[slot];
    snprintf(in->folder, sizeof in->folder, "optimizer/%s", name);
    if (!rgm_h5_exists(optimizer, name))
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s: the optimizer needs this slot, found none", in->r->path,
                        in->folder);
    return read_group(in, optimizer, name, RGM_SLOT(slot), err);
}

/* "expected N WHAT, found M", unless the group has exactly N links. */
static rgm_status check_links(const input *in, hid_t group, int32_t expected, const char *what, rgm_error *err) {
    H5G_info_t info;
    if (H5Gget_info(group, &info) < 0) return rgm_h5_fail(err, RGM_E_FORMAT, in->r->path, what);
    if (info.nlinks == (hsize_t)expected) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: expected %d %s, found %llu", in->r->path, expected, what,
                    (unsigned long long)info.nlinks);
}

static rgm_status read_optimizer(input *in, rgm_error *err) {
    hid_t group;
    RGM_TRY(rgm_h5_open_group(in->file, "optimizer", in->r->path, &group, err));
    rgm_status status = RGM_OK;
    for (int32_t i = 0; status == RGM_OK && i < in->into->slot_count; i++) status = read_slot(in, group, i, err);
    if (status == RGM_OK) status = check_links(in, group, in->into->slot_count, "slots of the optimizer", err);
    H5Gclose(group);
    return status;
}

/* Reads `bytes` of a state into new memory. */
static rgm_status read_state(const input *in, hid_t dataset, rgm_plugin_state *state, rgm_error *err) {
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
    hsize_t bytes = 0;
    rgm_status status = RGM_OK;
    if (type < 0 || space < 0 || H5Tequal(type, H5T_STD_U8LE) <= 0 || H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, &bytes, NULL) < 0)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: state of plugin '%s': expected bytes", in->r->path, state->label);
    else if (bytes > RGM_CHECKPOINT_STATE)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: state of plugin '%s': expected at most %d bytes, found %llu",
                          in->r->path, state->label, RGM_CHECKPOINT_STATE, (unsigned long long)bytes);
    else if (!(state->data = malloc(bytes ? bytes : 1)))
        status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", in->r->path);
    else if (bytes && H5Dread(dataset, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, state->data) < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, in->r->path, state->label);
    state->bytes = bytes;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return status;
}

/* The entry that a stored state belongs to. */
static rgm_status find_state(const input *in, hid_t dataset, const char *name, rgm_plugin_state **state,
                             rgm_error *err) {
    char label[sizeof in->into->plugin->label];
    if (!read_label(dataset, "label", label, sizeof label))
        return rgm_fail(err, RGM_E_FORMAT, "%s: plugins/%s has no label", in->r->path, name);
    int32_t i = 0;
    while (i < in->into->plugin_count && strcmp(in->into->plugin[i].label, label) != 0) i++;
    if (i == in->into->plugin_count || in->into->plugin[i].data)
        return rgm_fail(err, RGM_E_FORMAT, "%s: it has a state of plugin '%s', which this run does not have",
                        in->r->path, label);
    *state = &in->into->plugin[i];
    return RGM_OK;
}

static rgm_status read_numbered_state(const input *in, hid_t group, int32_t number, rgm_error *err) {
    char name[16];
    hid_t dataset;
    rgm_plugin_state *state = NULL;
    snprintf(name, sizeof name, "%02d", number);
    RGM_TRY(rgm_h5_open_dataset(group, name, in->r->path, H5P_DEFAULT, &dataset, err));
    rgm_status status = find_state(in, dataset, name, &state, err);
    if (status == RGM_OK) status = read_state(in, dataset, state, err);
    H5Dclose(dataset);
    return status;
}

/* Every state that the file has, and then none may be missing. */
static rgm_status read_states(const input *in, hid_t group, rgm_error *err) {
    H5G_info_t info;
    for (int32_t i = 0; i < in->into->plugin_count; i++) in->into->plugin[i].data = NULL;
    if (H5Gget_info(group, &info) < 0) return rgm_h5_fail(err, RGM_E_FORMAT, in->r->path, "plugins");
    if (info.nlinks > RGM_CHECKPOINT_PLUGINS)
        return rgm_fail(err, RGM_E_FORMAT, "%s: expected at most %d states of plugins, found %llu", in->r->path,
                        RGM_CHECKPOINT_PLUGINS, (unsigned long long)info.nlinks);
    for (int32_t i = 0; i < (int32_t)info.nlinks; i++) RGM_TRY(read_numbered_state(in, group, i, err));
    for (int32_t i = 0; i < in->into->plugin_count && in->r->header.version > 1; i++)
        if (!in->into->plugin[i].data)
            return rgm_fail(err, RGM_E_FORMAT, "%s: it has no state of plugin '%s', which this run has", in->r->path,
                            in->into->plugin[i].label);
    return RGM_OK;
}

static rgm_status read_plugins(const input *in, rgm_error *err) {
    hid_t group;
    RGM_TRY(rgm_h5_open_group(in->file, "plugins", in->r->path, &group, err));
    rgm_status status = read_states(in, group, err);
    H5Gclose(group);
    return status;
}

static rgm_status read_all(input *in, rgm_error *err) {
    if (in->r->foreign) RGM_TRY(rgm_h5_open(&in->r->input, &in->file, err));
    rgm_status status = read_model(in, err);
    if (status == RGM_OK && in->whole) status = read_optimizer(in, err);
    if (status == RGM_OK && in->whole) status = read_plugins(in, err);
    if (in->r->foreign) H5Fclose(in->file);
    return status;
}

rgm_status rgm_checkpoint_read(rgm_checkpoint_reader *r, rgm_state *into, int32_t whole, rgm_error *err) {
    RGM_TRY(rgm_checkpoint_counts(into, r->path, err));
    if (whole && r->foreign)
        return rgm_fail(err, RGM_E_FORMAT, "%s: not a file of Regimen's: only weights are read from it, no run resumed",
                        r->path);
    input in = {.r = r, .into = into, .whole = whole, .file = r->file};
    if (r->foreign) RGM_TRY(rehearse(r, into, err));
    rgm_h5_enter();
    rgm_status status = rgm_h5_judge(err, read_all(&in, err), r->path);
    rgm_h5_leave();
    return status < 0 ? status : rgm_input_unchanged(&r->input, err);
}
