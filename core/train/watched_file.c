#include "train/watched_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "data/file.h"

static const char format[] = "regimen watch";

enum { REAL, SINGLE, WHOLE, SHORT, BYTE, NAME, TYPES };
enum { FIELDS = 24, NUMBERS = 22 };

/* One data set: its name, type, shape, and where it is in memory. */
typedef struct field {
    const char *name;
    int32_t type, rank;
    hsize_t dims[4];
    void *data;
} field;

/* A number in an attribute of the root. */
typedef struct number {
    const char *name;
    int64_t *at;
} number;

/* All numbers that shapes follow from. */
typedef struct header {
    int64_t version, step, span, bins, layers, images, split, seen, each, evaluations, units, C, R, S, numbers, seed;
    int64_t pictures, picture_H, picture_W, picture_C;
} header;

static int32_t list_numbers(header *h, number out[NUMBERS]) {
    const number all[] = {{"format_version", &h->version},
                          {"step", &h->step},
                          {"span", &h->span},
                          {"bins", &h->bins},
                          {"layers", &h->layers},
                          {"images", &h->images},
                          {"split", &h->split},
                          {"evaluations_seen", &h->seen},
                          {"evaluations_each", &h->each},
                          {"evaluations", &h->evaluations},
                          {"filter_units", &h->units},
                          {"filter_channels", &h->C},
                          {"filter_rows", &h->R},
                          {"filter_columns", &h->S},
                          {"rule_numbers", &h->numbers},
                          {"seed", &h->seed},
                          {"pictures", &h->pictures},
                          {"picture_rows", &h->picture_H},
                          {"picture_columns", &h->picture_W},
                          {"picture_channels", &h->picture_C}};
    memcpy(out, all, sizeof all);
    return (int32_t)(sizeof all / sizeof *all);
}

static header header_of(const rgm_watched *w) {
    const rgm_watched_shape *s = &w->shape;
    return (header){.version = RGM_WATCHED_VERSION,
                    .step = w->step,
                    .span = w->span,
                    .bins = w->bins,
                    .layers = s->layers,
                    .images = s->images,
                    .split = s->split,
                    .seen = w->seen,
                    .each = w->each,
                    .evaluations = w->evaluations,
                    .units = s->filter[0],
                    .C = s->filter[1],
                    .R = s->filter[2],
                    .S = s->filter[3],
                    .numbers = s->numbers,
                    .seed = (int64_t)s->seed,
                    .pictures = s->picture[0],
                    .picture_H = s->picture[1],
                    .picture_W = s->picture[2],
                    .picture_C = s->picture[3]};
}

static int32_t list_table(const rgm_watched *w, const rgm_watched_table *t, const char *const names[4], field *out) {
    int32_t layers = t == &w->layer;
    const hsize_t bins = (hsize_t)w->bins, series = (hsize_t)t->series, L = (hsize_t)w->shape.layers;
    void *const data[4] = {t->sum, t->least, t->largest, t->count};
    static const int32_t types[4] = {REAL, SINGLE, SINGLE, SHORT};
    for (int32_t i = 0; i < 4; i++) {
        out[i] = (field){names[i], types[i], 2, {bins, series}, data[i]};
        if (!layers) continue;
        out[i].rank = 3;
        out[i].dims[1] = L;
        out[i].dims[2] = RGM_SIGNALS;
    }
    return 4;
}

static int32_t list_fields(const rgm_watched *w, field out[FIELDS]) {
    static const char *const of_layers[] = {"layer_sum", "layer_least", "layer_largest", "layer_count"};
    static const char *const of_steps[] = {"step_sum", "step_least", "step_largest", "step_count"};
    const rgm_watched_shape *s = &w->shape;
    const hsize_t bins = (hsize_t)w->bins, n = (hsize_t)s->images, evaluations = (hsize_t)w->evaluations;
    const hsize_t f[4] = {(hsize_t)s->filter[0], (hsize_t)s->filter[1], (hsize_t)s->filter[2], (hsize_t)s->filter[3]};
    const hsize_t p[4] = {(hsize_t)s->picture[0], (hsize_t)s->picture[1], (hsize_t)s->picture[2],
                          (hsize_t)s->picture[3]};
    const field all[] = {{"layer_names", NAME, 1, {(hsize_t)s->layers}, w->names},
                         {"bin_first", WHOLE, 1, {bins}, w->first},
                         {"bin_last", WHOLE, 1, {bins}, w->last},
                         {"bin_steps", WHOLE, 1, {bins}, w->steps},
                         {"image_index", WHOLE, 1, {n}, w->index},
                         {"image_label", SHORT, 1, {n}, w->label},
                         {"prediction_step", WHOLE, 1, {evaluations}, w->evaluated},
                         {"prediction_class", SHORT, 2, {evaluations, n}, w->predicted},
                         {"prediction_probability", SINGLE, 2, {evaluations, n}, w->probability},
                         {"prediction_margin", SINGLE, 2, {evaluations, n}, w->margin},
                         {"filters_start", SINGLE, 4, {f[0], f[1], f[2], f[3]}, w->filters_start},
                         {"filters_now", SINGLE, 4, {f[0], f[1], f[2], f[3]}, w->filters_now},
                         {"pictures", BYTE, 4, {p[0], p[1], p[2], p[3]}, w->pictures},
                         {"picture_label", SHORT, 1, {p[0]}, w->picture_label},
                         {"rules", REAL, 1, {(hsize_t)s->numbers}, w->numbers}};
    int32_t count = (int32_t)(sizeof all / sizeof *all);
    memcpy(out, all, sizeof all);
    count += list_table(w, &w->layer, of_layers, out + count);
    return count + list_table(w, &w->whole, of_steps, out + count);
}

/* A text of so many bytes; to be closed. */
static hid_t text_type(size_t bytes) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, bytes) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0 ||
                      H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        type = -1;
    }
    return type;
}

/* In the file, and in memory; to be closed. */
static hid_t type_of(int32_t type, int32_t memory) {
    if (type == NAME) return text_type(RGM_WATCHED_NAME);
    const hid_t stored[TYPES] = {H5T_IEEE_F64LE, H5T_IEEE_F32LE, H5T_STD_I64LE, H5T_STD_I32LE, H5T_STD_U8LE};
    const hid_t native[TYPES] = {H5T_NATIVE_DOUBLE, H5T_NATIVE_FLOAT, H5T_NATIVE_INT64, H5T_NATIVE_INT32,
                                 H5T_NATIVE_UINT8};
    return H5Tcopy(memory ? native[type] : stored[type]);
}

static int32_t is_empty(const field *f) {
    for (int32_t i = 0; i < f->rank; i++)
        if (f->dims[i] == 0) return 1;
    return 0;
}

/* ---- writing; inside of HDF5's lock ---- */

/* An attribute of the root: a scalar. */
typedef struct attribute {
    const char *name;
    hid_t stored, memory;
    const void *value;
} attribute;

static rgm_status write_attribute(hid_t file, const attribute *a, const char *path, rgm_error *err) {
    hid_t space = H5Screate(H5S_SCALAR), made = -1;
    rgm_status status = RGM_OK;
    if (space >= 0 && a->stored >= 0) made = H5Acreate2(file, a->name, a->stored, space, H5P_DEFAULT, H5P_DEFAULT);
    if (made < 0 || H5Awrite(made, a->memory, a->value) < 0) status = rgm_h5_fail(err, RGM_E_IO, path, a->name);
    if (made >= 0) H5Aclose(made);
    if (space >= 0) H5Sclose(space);
    return status;
}

static rgm_status write_text(hid_t file, const char *name, const char *text, const char *path, rgm_error *err) {
    hid_t type = text_type(strlen(text) + 1);
    rgm_status status = write_attribute(file, &(attribute){name, type, type, text}, path, err);
    if (type >= 0) H5Tclose(type);
    return status;
}

static rgm_status write_field(hid_t file, hid_t plist, const field *f, const char *path, rgm_error *err) {
    hid_t stored = type_of(f->type, 0), memory = type_of(f->type, 1), space = H5Screate_simple(f->rank, f->dims, NULL);
    hid_t dataset = -1;
    rgm_status status = RGM_OK;
    if (stored >= 0 && space >= 0) dataset = H5Dcreate2(file, f->name, stored, space, H5P_DEFAULT, plist, H5P_DEFAULT);
    if (dataset < 0 || (!is_empty(f) && H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, f->data) < 0))
        status = rgm_h5_fail(err, RGM_E_IO, path, f->name);
    if (dataset >= 0) H5Dclose(dataset);
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Tclose(memory);
    if (stored >= 0) H5Tclose(stored);
    return status;
}

static rgm_status write_numbers(const rgm_watched *w, hid_t file, const char *path, rgm_error *err) {
    header h = header_of(w);
    number numbers[NUMBERS];
    int32_t count = list_numbers(&h, numbers);
    RGM_TRY(write_text(file, "format", format, path, err));
    RGM_TRY(write_text(file, "signals", rgm_watched_signals, path, err));
    RGM_TRY(write_text(file, "step_signals", rgm_watched_step_signals, path, err));
    RGM_TRY(write_text(file, "filter_name", w->filter_name, path, err));
    for (int32_t i = 0; i < count; i++) {
        const attribute a = {numbers[i].name, H5T_STD_I64LE, H5T_NATIVE_INT64, numbers[i].at};
        RGM_TRY(write_attribute(file, &a, path, err));
    }
    return RGM_OK;
}

static rgm_status write_content(const rgm_watched *w, hid_t file, const char *path, rgm_error *err) {
    field fields[FIELDS];
    int32_t count = list_fields(w, fields);
    rgm_status status = write_numbers(w, file, path, err);
    hid_t plist = H5Pcreate(H5P_DATASET_CREATE); /* without times: the same bytes */
    if (status >= 0 && (plist < 0 || H5Pset_obj_track_times(plist, 0) < 0))
        status = rgm_h5_fail(err, RGM_E_IO, path, "cannot prepare writing");
    for (int32_t i = 0; status >= 0 && i < count; i++) status = write_field(file, plist, &fields[i], path, err);
    if (plist >= 0) H5Pclose(plist);
    return status;
}

rgm_status rgm_watched_write(const rgm_watched *w, const char *path, rgm_error *err) {
    rgm_file_writer writer = {0};
    RGM_TRY(rgm_file_create(&writer, path, 1, err));
    rgm_h5_enter();
    rgm_status status = write_content(w, writer.file, path, err);
    rgm_h5_leave();
    if (status >= 0) return rgm_file_commit(&writer, err);
    rgm_file_abandon(&writer);
    return status;
}

/* ---- reading; inside of HDF5's lock ---- */

static rgm_status read_number(hid_t file, const number *n, const char *path, rgm_error *err) {
    hid_t a = H5Aexists(file, n->name) > 0 ? H5Aopen(file, n->name, H5P_DEFAULT) : -1, type = -1, space = -1;
    if (a >= 0) type = H5Aget_type(a), space = H5Aget_space(a);
    int32_t fits = type >= 0 && space >= 0 && H5Tequal(type, H5T_STD_I64LE) > 0 &&
                   H5Sget_simple_extent_type(space) == H5S_SCALAR && H5Aread(a, H5T_NATIVE_INT64, n->at) >= 0;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (a >= 0) H5Aclose(a);
    H5Eclear2(H5E_DEFAULT);
    if (fits) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s: expected one int64", path, n->name);
}

/* A text shorter than `room`; 0 if there is none. */
static int32_t read_text(hid_t file, const char *name, char *to, size_t room) {
    memset(to, 0, room);
    hid_t a = H5Aexists(file, name) > 0 ? H5Aopen(file, name, H5P_DEFAULT) : -1, type = -1, space = -1;
    if (a >= 0) type = H5Aget_type(a), space = H5Aget_space(a);
    int32_t fits = type >= 0 && space >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
                   H5Tget_size(type) <= room && H5Sget_simple_extent_type(space) == H5S_SCALAR &&
                   H5Aread(a, type, to) >= 0 && memchr(to, 0, room);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (a >= 0) H5Aclose(a);
    H5Eclear2(H5E_DEFAULT);
    return fits;
}

static int32_t has_shape(hid_t dataset, const field *f) {
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), wanted = type_of(f->type, 0);
    hid_t plist = H5Dget_create_plist(dataset);
    hsize_t have[H5S_MAX_RANK];
    int rank = space >= 0 ? H5Sget_simple_extent_dims(space, have, NULL) : -1;
    int32_t fits = type >= 0 && wanted >= 0 && H5Tequal(type, wanted) > 0 && rank == f->rank &&
                   memcmp(have, f->dims, sizeof *have * (size_t)rank) == 0 && plist >= 0 &&
                   H5Pget_layout(plist) == H5D_CONTIGUOUS;
    if (plist >= 0) H5Pclose(plist);
    if (wanted >= 0) H5Tclose(wanted);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return fits;
}

static rgm_status read_field(hid_t file, const field *f, const char *path, rgm_error *err) {
    hid_t dataset;
    rgm_status status = RGM_OK;
    RGM_TRY(rgm_h5_open_dataset(file, f->name, path, H5P_DEFAULT, &dataset, err));
    hid_t memory = type_of(f->type, 1);
    if (!has_shape(dataset, f))
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %s has another type or shape than the attributes say", path, f->name);
    else if (!is_empty(f) && H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, f->data) < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, path, f->name);
    if (memory >= 0) H5Tclose(memory);
    H5Dclose(dataset);
    return status;
}

static int32_t between(int64_t value, int64_t low, int64_t high) { return value >= low && value <= high; }

/* Counts stay far below what overflows when spans double, or evaluations are multiplied by one of so many. */
static int32_t is_possible(const header *h) {
    const int64_t most = INT64_MAX / 1024;
    return between(h->step, 0, most) && between(h->span, 1, most) && between(h->bins, 0, RGM_WATCHED_BINS) &&
           between(h->layers, 0, RGM_WATCHED_LAYERS) && between(h->images, 0, RGM_WATCHED_IMAGES) &&
           between(h->split, 0, RGM_SPLIT_COUNT - 1) && between(h->seen, 0, most) && between(h->each, 1, most) &&
           between(h->evaluations, 0, RGM_WATCHED_EVALUATIONS) && between(h->pictures, 0, RGM_WATCHED_PICTURES) &&
           between(h->picture_H, 0, RGM_WATCHED_SIDE) && between(h->picture_W, 0, RGM_WATCHED_SIDE) &&
           between(h->picture_C, 0, 3);
}

static rgm_status read_header(hid_t file, header *h, const char *path, rgm_error *err) {
    char text[64];
    number numbers[NUMBERS];
    int32_t count = list_numbers(h, numbers);
    if (!read_text(file, "format", text, sizeof text) || strcmp(text, format) != 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s: it is another kind of file", path);
    RGM_TRY(read_number(file, &numbers[0], path, err));
    if (h->version != RGM_WATCHED_VERSION)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: format version %lld, this Regimen reads version %d", path,
                        (long long)h->version, RGM_WATCHED_VERSION);
    for (int32_t i = 1; i < count; i++) RGM_TRY(read_number(file, &numbers[i], path, err));
    if (is_possible(h)) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: its attributes are out of range", path);
}

/* What pages may rely on: texts that end, bins in order that hold something, values that are numbers. */
static int32_t is_sound(const rgm_watched *w) {
    for (int32_t i = 0; i < w->shape.layers; i++)
        if (!memchr(w->names[i], 0, RGM_WATCHED_NAME)) return 0;
    for (int32_t i = 0; i < w->bins; i++)
        if (w->first[i] < 0 || w->last[i] < w->first[i] || w->last[i] > INT64_MAX / 4 || w->steps[i] < 1 ||
            w->steps[i] > w->span || (i > 0 && w->first[i] <= w->last[i - 1]))
            return 0;
    for (int32_t i = 0; i < w->evaluations; i++)
        if (w->evaluated[i] < 0 || (i > 0 && w->evaluated[i] < w->evaluated[i - 1])) return 0;
    for (int32_t i = 0; i < w->shape.images; i++)
        if (w->index[i] < 0 || w->label[i] < 0) return 0;
    for (int32_t i = 0; i < w->shape.picture[0]; i++)
        if (w->picture_label[i] < 0) return 0;
    for (int32_t i = 0; i < w->evaluations * w->shape.images; i++)
        if (w->predicted[i] < 0) return 0;
    return 1;
}

static int32_t is_sound_table(const rgm_watched_table *t, int32_t bins) {
    for (int64_t i = 0; i < bins * t->series; i++)
        if (t->count[i] < 0 || !isfinite(t->sum[i]) || !isfinite(t->least[i]) || !isfinite(t->largest[i])) return 0;
    return 1;
}

static rgm_status read_content(rgm_watched **out, hid_t file, const char *path, rgm_error *err) {
    header h;
    field fields[FIELDS];
    RGM_TRY(read_header(file, &h, path, err));
    const rgm_watched_shape shape = {
        .layers = (int32_t)h.layers,
        .images = (int32_t)h.images,
        .split = (int32_t)h.split,
        .filter = {h.units, h.C, h.R, h.S},
        .picture = {(int32_t)h.pictures, (int32_t)h.picture_H, (int32_t)h.picture_W, (int32_t)h.picture_C},
        .numbers = h.numbers,
        .seed = (uint64_t)h.seed};
    if (rgm_watched_create(out, &shape, err) < 0) return rgm_fail_in(err, "%s", path);
    rgm_watched *w = *out;
    w->step = h.step;
    w->span = h.span;
    w->bins = (int32_t)h.bins;
    w->seen = h.seen;
    w->each = h.each;
    w->evaluations = (int32_t)h.evaluations;
    if (!read_text(file, "filter_name", w->filter_name, sizeof w->filter_name))
        return rgm_fail(err, RGM_E_FORMAT, "%s: attribute filter_name: expected a short text", path);
    int32_t count = list_fields(w, fields);
    for (int32_t i = 0; i < count; i++) RGM_TRY(read_field(file, &fields[i], path, err));
    if (is_sound(w) && is_sound_table(&w->layer, w->bins) && is_sound_table(&w->whole, w->bins)) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: its bins, images or predictions are impossible", path);
}

static rgm_status read_verified(rgm_watched **out, const rgm_input *input, rgm_error *err) {
    hid_t file;
    if (!input->framed || input->parts)
        return rgm_fail(err, RGM_E_FORMAT, "%s: it was not written by Regimen, or is another kind of file",
                        input->path);
    rgm_h5_enter();
    rgm_status status = rgm_h5_open(input, &file, err);
    if (status >= 0) {
        status = rgm_h5_judge(err, read_content(out, file, input->path, err), input->path);
        H5Fclose(file);
    }
    rgm_h5_leave();
    return status;
}

rgm_status rgm_watched_read(rgm_watched **watched, const char *path, const rgm_stop *stop, rgm_error *err) {
    rgm_input input = {.fd = -1};
    *watched = NULL;
    RGM_TRY(rgm_input_open(&input, path, stop, err));
    rgm_status status = rgm_input_verify(&input, err);
    if (status >= 0) status = read_verified(watched, &input, err);
    rgm_input_close(&input);
    if (status >= 0) return RGM_OK;
    rgm_watched_destroy(*watched);
    *watched = NULL;
    return status;
}
