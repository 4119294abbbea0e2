#include "data/attribute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATTRIBUTE_BYTES = 1 << 24, TEXT_BYTES = 4095 };

/* An attribute of the root that is open. */
typedef struct opened {
    hid_t attribute, type;
    int64_t elements;
} opened;

/* opened->attribute = -1 if there is none of that name. */
static rgm_status open_attribute(const rgm_dataset *set, const char *name, opened *o, rgm_error *err) {
    *o = (opened){.attribute = -1, .type = -1};
    htri_t found = H5Aexists(set->file, name);
    if (found < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    if (!found) return RGM_OK;
    o->attribute = H5Aopen(set->file, name, H5P_DEFAULT);
    o->type = o->attribute >= 0 ? H5Aget_type(o->attribute) : -1;
    hid_t space = o->attribute >= 0 ? H5Aget_space(o->attribute) : -1;
    o->elements = space >= 0 ? (int64_t)H5Sget_simple_extent_npoints(space) : -1;
    if (space >= 0) H5Sclose(space);
    if (o->type < 0 || o->elements < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    hsize_t bytes = H5Aget_storage_size(o->attribute);
    if (o->elements == 0 || o->elements > RGM_DATA_CLASSES || bytes > ATTRIBUTE_BYTES)
        return rgm_fail(err, RGM_E_FORMAT,
                        "%s: attribute %s has %lld elements, %llu bytes: expected 1 to %d, at most %d bytes", set->path,
                        name, (long long)o->elements, (unsigned long long)bytes, RGM_DATA_CLASSES, ATTRIBUTE_BYTES);
    return RGM_OK;
}

static void close_attribute(const opened *o) {
    if (o->attribute >= 0) H5Aclose(o->attribute);
    if (o->type >= 0) H5Tclose(o->type);
}

/* "expected WHAT, found ELEMENTS of TYPE". */
static rgm_status refuse_attribute(const rgm_dataset *set, const char *name, const char *what, const opened *o,
                                   rgm_error *err) {
    char found[RGM_H5_TEXT];
    rgm_h5_type_text(o->type, found);
    return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s: expected %s, found %lld of %s", set->path, name, what,
                    (long long)o->elements, found);
}

/* Value of channel c of `mean` or `std`: pixels count as 0 to 1. */
static rgm_status check_constant(const rgm_dataset *set, const char *name, int32_t c, double value, rgm_error *err) {
    int32_t is_std = name[0] == 's';
    if (value >= 0.0 && value <= 1.0 && (!is_std || (float)value >= 1e-6f)) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s is %g for channel %d: expected %s 1 (pixels count as 0 to 1)",
                    set->path, name, value, c, is_std ? "1e-6 to" : "0 to");
}

static rgm_status take_constants(const rgm_dataset *set, const char *name, const opened *o, float *to, rgm_error *err) {
    H5T_class_t class = H5Tget_class(o->type);
    double values[RGM_DATA_CHANNELS];
    char what[64];
    snprintf(what, sizeof what, "%d numbers, one per channel", set->info.C);
    if (o->elements != set->info.C || (class != H5T_FLOAT && class != H5T_INTEGER))
        return refuse_attribute(set, name, what, o, err);
    if (H5Aread(o->attribute, H5T_NATIVE_DOUBLE, values) < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    for (int32_t c = 0; c < set->info.C; c++) {
        to[c] = (float)values[c];
        RGM_TRY(check_constant(set, name, c, values[c], err));
    }
    return RGM_OK;
}

rgm_status rgm_attribute_constants(const rgm_dataset *set, const char *name, float *to, int32_t *found,
                                   rgm_error *err) {
    opened o;
    rgm_status status = open_attribute(set, name, &o, err);
    *found = o.attribute >= 0;
    if (status == RGM_OK && *found) status = take_constants(set, name, &o, to, err);
    close_attribute(&o);
    return status;
}

static rgm_status take_integers(const rgm_dataset *set, const rgm_attribute_integers *wish, const opened *o,
                                int32_t *to, rgm_error *err) {
    char what[64];
    snprintf(what, sizeof what, "%d integers of 0 to %d", wish->count, wish->most);
    if (o->elements != wish->count || H5Tget_class(o->type) != H5T_INTEGER)
        return refuse_attribute(set, wish->name, what, o, err);
    if (H5Aread(o->attribute, H5T_NATIVE_INT32, to) < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, wish->name);
    for (int32_t i = 0; i < wish->count; i++)
        if (to[i] < 0 || to[i] > wish->most)
            return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s holds %d: expected %s", set->path, wish->name, to[i],
                            what);
    return RGM_OK;
}

rgm_status rgm_attribute_read_integers(const rgm_dataset *set, const rgm_attribute_integers *wish, int32_t *to,
                                       int32_t *found, rgm_error *err) {
    opened o;
    rgm_status status = open_attribute(set, wish->name, &o, err);
    *found = o.attribute >= 0;
    if (status == RGM_OK && *found) status = take_integers(set, wish, &o, to, err);
    close_attribute(&o);
    return status;
}

/* Copies `text`, a missing one as "". */
static rgm_status keep_text(const rgm_dataset *set, const rgm_attribute_texts *wish, const char *text, size_t length,
                            char **to, rgm_error *err) {
    if (length > wish->most)
        return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s: a text of %zu bytes, at most %zu are read", set->path,
                        wish->name, length, wish->most);
    *to = strndup(text ? text : "", length);
    return *to ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
}

/* Texts of variable length, as h5py writes them. */
static rgm_status read_variable(const rgm_dataset *set, const rgm_attribute_texts *wish, const opened *o, hid_t memory,
                                char **to, rgm_error *err) {
    char **texts = calloc((size_t)o->elements, sizeof *texts);
    if (!texts) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status status = RGM_OK;
    if (H5Tset_size(memory, H5T_VARIABLE) < 0 || H5Aread(o->attribute, memory, texts) < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, set->path, wish->name);
    else {
        for (int64_t i = 0; status == RGM_OK && i < o->elements; i++)
            status = keep_text(set, wish, texts[i], texts[i] ? strlen(texts[i]) : 0, &to[i], err);
        for (int64_t i = 0; i < o->elements; i++) H5free_memory(texts[i]);
    }
    free(texts);
    return status;
}

/* Texts of one size, padded with NUL or blanks. */
static rgm_status read_fixed(const rgm_dataset *set, const rgm_attribute_texts *wish, const opened *o, hid_t memory,
                             char **to, rgm_error *err) {
    size_t size = H5Tget_size(o->type);
    if (size > ATTRIBUTE_BYTES / (size_t)o->elements)
        return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s is too long", set->path, wish->name);
    char *texts = calloc((size_t)o->elements, size);
    if (!texts) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status status = RGM_OK;
    H5Tset_size(memory, size);
    H5Tset_strpad(memory, H5T_STR_NULLPAD);
    if (H5Aread(o->attribute, memory, texts) < 0) status = rgm_h5_fail(err, RGM_E_FORMAT, set->path, wish->name);
    for (int64_t i = 0; status == RGM_OK && i < o->elements; i++) {
        const char *text = texts + (size_t)i * size;
        status = keep_text(set, wish, text, strnlen(text, size), &to[i], err);
    }
    free(texts);
    return status;
}

static rgm_status take_texts(const rgm_dataset *set, const rgm_attribute_texts *wish, const opened *o, char **to,
                             rgm_error *err) {
    hid_t memory = H5Tcopy(H5T_C_S1);
    if (memory < 0) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    H5Tset_cset(memory, H5Tget_cset(o->type));
    htri_t variable = H5Tis_variable_str(o->type);
    rgm_status status = variable < 0   ? rgm_h5_fail(err, RGM_E_FORMAT, set->path, wish->name)
                        : variable > 0 ? read_variable(set, wish, o, memory, to, err)
                                       : read_fixed(set, wish, o, memory, to, err);
    H5Tclose(memory);
    return status;
}

rgm_status rgm_attribute_read_texts(const rgm_dataset *set, const rgm_attribute_texts *wish, char ***texts,
                                    int32_t *count, rgm_error *err) {
    opened o;
    *texts = NULL;
    rgm_status status = open_attribute(set, wish->name, &o, err);
    if (status < 0 || o.attribute < 0) goto done;
    if (H5Tget_class(o.type) != H5T_STRING || (wish->only_one && o.elements != 1)) {
        status = refuse_attribute(set, wish->name, wish->only_one ? "a text" : "an array of texts", &o, err);
        goto done;
    }
    *texts = calloc((size_t)o.elements, sizeof **texts);
    if (!*texts) {
        status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
        goto done;
    }
    *count = (int32_t)o.elements;
    status = take_texts(set, wish, &o, *texts, err);
done:
    close_attribute(&o);
    return status;
}

rgm_status rgm_attribute_text(const rgm_dataset *set, const char *name, char **to, rgm_error *err) {
    const rgm_attribute_texts wish = {.name = name, .only_one = 1, .most = TEXT_BYTES};
    char **texts;
    int32_t count;
    rgm_status status = rgm_attribute_read_texts(set, &wish, &texts, &count, err);
    if (texts) *to = texts[0];
    free(texts);
    return status;
}
