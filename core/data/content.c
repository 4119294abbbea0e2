#include "data/content.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data/rehearsal.h"

enum { PIECE = 1 << 16, ATTRIBUTE_BYTES = 1 << 24, READ_BYTES = 1 << 24, NAME_BYTES = 255, TEXT_BYTES = 4095 };
enum { CHUNK_BYTES = 256 << 20, LABEL_CACHE = 256 << 20 };

/* ---- attributes ---- */

/* Opens root attribute `name` and its type and number of elements. *attribute = -1 if there is none. */
static rgm_status open_attribute(const rgm_dataset *set, const char *name, hid_t *attribute, hid_t *type,
                                 int64_t *elements, rgm_error *err) {
    *attribute = *type = -1;
    htri_t found = H5Aexists(set->file, name);
    if (found < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    if (!found) return RGM_OK;
    *attribute = H5Aopen(set->file, name, H5P_DEFAULT);
    *type = *attribute >= 0 ? H5Aget_type(*attribute) : -1;
    hid_t space = *attribute >= 0 ? H5Aget_space(*attribute) : -1;
    *elements = space >= 0 ? (int64_t)H5Sget_simple_extent_npoints(space) : -1;
    if (space >= 0) H5Sclose(space);
    if (*type < 0 || *elements < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    hsize_t bytes = H5Aget_storage_size(*attribute);
    if (*elements == 0 || *elements > RGM_DATA_CLASSES || bytes > ATTRIBUTE_BYTES)
        return rgm_fail(err, RGM_E_FORMAT,
                        "%s: attribute %s has %lld elements, %llu bytes: expected 1 to %d, at most %d bytes", set->path,
                        name, (long long)*elements, (unsigned long long)bytes, RGM_DATA_CLASSES, ATTRIBUTE_BYTES);
    return RGM_OK;
}

static void close_attribute(hid_t attribute, hid_t type) {
    if (attribute >= 0) H5Aclose(attribute);
    if (type >= 0) H5Tclose(type);
}

/* "expected WHAT, found ELEMENTS of TYPE". */
static rgm_status refuse_attribute(const rgm_dataset *set, const char *name, const char *what, hid_t type,
                                   int64_t elements, rgm_error *err) {
    char found[RGM_H5_TEXT];
    rgm_h5_type_text(type, found);
    return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s: expected %s, found %lld of %s", set->path, name, what,
                    (long long)elements, found);
}

/* Reads `mean` or `std`: C numbers. *found = 0 if the file has none. */
static rgm_status read_constants(const rgm_dataset *set, const char *name, float *to, int32_t *found, rgm_error *err) {
    hid_t attribute, type;
    int64_t elements = 0;
    double values[RGM_DATA_CHANNELS];
    rgm_status status = open_attribute(set, name, &attribute, &type, &elements, err);
    *found = attribute >= 0;
    if (status == RGM_OK && *found) {
        H5T_class_t class = H5Tget_class(type);
        char what[64];
        snprintf(what, sizeof what, "%d numbers, one per channel", set->info.C);
        if (elements != set->info.C || (class != H5T_FLOAT && class != H5T_INTEGER))
            status = refuse_attribute(set, name, what, type, elements, err);
        else if (H5Aread(attribute, H5T_NATIVE_DOUBLE, values) < 0)
            status = rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
        for (int32_t c = 0; status == RGM_OK && c < set->info.C; c++) {
            to[c] = (float)values[c];
            if (!(values[c] >= 0.0 && values[c] <= 1.0) || (name[0] == 's' && !(to[c] >= 1e-6f)))
                status = rgm_fail(err, RGM_E_FORMAT,
                                  "%s: attribute %s is %g for channel %d: expected %s 1 (pixels "
                                  "count as 0 to 1)",
                                  set->path, name, values[c], c, name[0] == 's' ? "1e-6 to" : "0 to");
        }
    }
    close_attribute(attribute, type);
    return status;
}

/* Copies `text` of at most `most` bytes, a missing one as "". */
static rgm_status keep_text(const rgm_dataset *set, const char *name, const char *text, size_t length, size_t most,
                            char **to, rgm_error *err) {
    if (length > most)
        return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s: a text of %zu bytes, at most %zu are read", set->path,
                        name, length, most);
    *to = strndup(text ? text : "", length);
    return *to ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
}

/* Texts of variable length, as h5py writes them. */
static rgm_status read_variable(const rgm_dataset *set, hid_t attribute, hid_t memory, const char *name, int64_t count,
                                size_t most, char **to, rgm_error *err) {
    char **texts = calloc((size_t)count, sizeof *texts);
    if (!texts) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status status = RGM_OK;
    if (H5Tset_size(memory, H5T_VARIABLE) < 0 || H5Aread(attribute, memory, texts) < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    else {
        for (int64_t i = 0; status == RGM_OK && i < count; i++)
            status = keep_text(set, name, texts[i], texts[i] ? strlen(texts[i]) : 0, most, &to[i], err);
        for (int64_t i = 0; i < count; i++) H5free_memory(texts[i]);
    }
    free(texts);
    return status;
}

/* Texts of `size` bytes each, padded with NUL or blanks. */
static rgm_status read_fixed(const rgm_dataset *set, hid_t attribute, hid_t memory, const char *name, int64_t count,
                             size_t size, size_t most, char **to, rgm_error *err) {
    if (size > ATTRIBUTE_BYTES / (size_t)count)
        return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s is too long", set->path, name);
    char *texts = calloc((size_t)count, size);
    if (!texts) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status status = RGM_OK;
    H5Tset_size(memory, size);
    H5Tset_strpad(memory, H5T_STR_NULLPAD);
    if (H5Aread(attribute, memory, texts) < 0) status = rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    for (int64_t i = 0; status == RGM_OK && i < count; i++) {
        const char *text = texts + (size_t)i * size;
        status = keep_text(set, name, text, strnlen(text, size), most, &to[i], err);
    }
    free(texts);
    return status;
}

/* Reads attribute `name`, texts of at most `most` bytes, into a new array of *count; *texts = NULL if there is none.
 * `only_one`: it must be a single text. */
static rgm_status read_texts(const rgm_dataset *set, const char *name, int only_one, size_t most, char ***texts,
                             int32_t *count, rgm_error *err) {
    hid_t attribute, type, memory = -1;
    htri_t variable;
    int64_t elements = 0;
    *texts = NULL;
    rgm_status status = open_attribute(set, name, &attribute, &type, &elements, err);
    if (status < 0 || attribute < 0) goto done;
    if (H5Tget_class(type) != H5T_STRING || (only_one && elements != 1)) {
        status = refuse_attribute(set, name, only_one ? "a text" : "an array of texts", type, elements, err);
        goto done;
    }
    *texts = calloc((size_t)elements, sizeof **texts);
    memory = H5Tcopy(H5T_C_S1);
    if (!*texts || memory < 0) {
        status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
        goto done;
    }
    *count = (int32_t)elements;
    H5Tset_cset(memory, H5Tget_cset(type));
    variable = H5Tis_variable_str(type);
    if (variable < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    else
        status = variable ? read_variable(set, attribute, memory, name, elements, most, *texts, err)
                          : read_fixed(set, attribute, memory, name, elements, H5Tget_size(type), most, *texts, err);
done:
    if (memory >= 0) H5Tclose(memory);
    close_attribute(attribute, type);
    return status;
}

static rgm_status read_one_text(const rgm_dataset *set, const char *name, char **to, rgm_error *err) {
    char **texts;
    int32_t count;
    rgm_status status = read_texts(set, name, 1, TEXT_BYTES, &texts, &count, err);
    if (texts) *to = texts[0];
    free(texts);
    return status;
}

/* ---- labels ---- */

/* Selects rows [first, first + n) of `dataset` and reads them as `type`. */
static rgm_status read_rows(const rgm_dataset *set, hid_t dataset, const char *name, int32_t rank, const hsize_t *dims,
                            hsize_t first, hsize_t n, hid_t type, void *to, rgm_error *err) {
    hsize_t start[H5S_MAX_RANK] = {first}, extent[H5S_MAX_RANK] = {n};
    for (int32_t i = 1; i < rank; i++) extent[i] = dims[i];
    hid_t space = H5Dget_space(dataset), memory = H5Screate_simple(rank, extent, NULL);
    rgm_status status = RGM_OK;
    if (space < 0 || memory < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL) < 0 ||
        H5Dread(dataset, type, memory, space, H5P_DEFAULT, to) < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Sclose(memory);
    return status;
}

static rgm_status read_integers(const rgm_dataset *set, hid_t dataset, const char *name, int32_t rank,
                                const hsize_t *dims, int32_t *labels, rgm_error *err) {
    int64_t *piece = malloc(PIECE * sizeof *piece);
    if (!piece) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status status = RGM_OK;
    for (hsize_t at = 0; status == RGM_OK && at < dims[0]; at += PIECE) {
        hsize_t n = dims[0] - at < PIECE ? dims[0] - at : PIECE;
        status = rgm_input_asked(&set->input, err);
        if (status == RGM_OK) status = read_rows(set, dataset, name, rank, dims, at, n, H5T_NATIVE_INT64, piece, err);
        for (hsize_t i = 0; status == RGM_OK && i < n; i++) {
            if (piece[i] < 0 || piece[i] >= RGM_DATA_CLASSES)
                status = rgm_fail(err, RGM_E_FORMAT, "%s: %s[%llu] is %lld: a label is 0 to %d", set->path, name,
                                  (unsigned long long)(at + i), (long long)piece[i], RGM_DATA_CLASSES - 1);
            labels[at + i] = (int32_t)piece[i];
        }
    }
    free(piece);
    return status;
}

/* Checks one soft label; *label = its first largest entry. */
static rgm_status check_soft(const rgm_dataset *set, const char *name, uint64_t row, const float *p, int64_t classes,
                             int32_t *label, rgm_error *err) {
    double sum = 0;
    *label = 0;
    for (int64_t j = 0; j < classes; j++) {
        if (!(p[j] >= 0.0f && p[j] <= 1.001f))
            return rgm_fail(err, RGM_E_FORMAT, "%s: %s[%llu][%lld] is %g: a soft label is 0 to 1", set->path, name,
                            (unsigned long long)row, (long long)j, (double)p[j]);
        sum += (double)p[j];
        if (p[j] > p[*label]) *label = (int32_t)j;
    }
    if (fabs(sum - 1.0) > 1e-3)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s[%llu] sums to %g, expected 1", set->path, name,
                        (unsigned long long)row, sum);
    return RGM_OK;
}

static rgm_status read_soft(const rgm_dataset *set, hid_t dataset, const char *name, const hsize_t *dims,
                            rgm_split_store *store, rgm_error *err) {
    hsize_t classes = dims[1], rows = PIECE / classes + 1;
    store->soft = malloc(dims[0] * classes * sizeof *store->soft);
    if (!store->soft)
        return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %llu x %llu soft labels", set->path,
                        (unsigned long long)dims[0], (unsigned long long)classes);
    for (hsize_t at = 0; at < dims[0]; at += rows) {
        hsize_t n = dims[0] - at < rows ? dims[0] - at : rows;
        RGM_TRY(rgm_input_asked(&set->input, err));
        RGM_TRY(read_rows(set, dataset, name, 2, dims, at, n, H5T_NATIVE_FLOAT, store->soft + at * classes, err));
        for (hsize_t i = at; i < at + n; i++)
            RGM_TRY(check_soft(set, name, i, store->soft + i * classes, (int64_t)classes, &store->labels[i], err));
    }
    return RGM_OK;
}

/* Every element must have been written: a hostile or unfinished file claims what it does not hold. */
static rgm_status check_allocated(const rgm_dataset *set, hid_t dataset, const char *name, int32_t rank,
                                  const hsize_t *dims, rgm_error *err) {
    hid_t plist = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
    if (plist < 0 || type < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    H5D_layout_t layout = H5Pget_layout(plist);
    hsize_t chunk[H5S_MAX_RANK], needed = 1, bytes = H5Tget_size(type), have = 0;
    int chunked = layout == H5D_CHUNKED && H5Pget_chunk(plist, H5S_MAX_RANK, chunk) == rank;
    for (int32_t i = 0; i < rank; i++) {
        needed *= chunked ? (dims[i] + chunk[i] - 1) / chunk[i] : dims[i];
        if (chunked && (chunk[i] > CHUNK_BYTES || (bytes *= chunk[i]) > CHUNK_BYTES)) bytes = CHUNK_BYTES + 1ULL;
    }
    H5Pclose(plist);
    H5Tclose(type);
    if (layout == H5D_CHUNKED && (!chunked || bytes > CHUNK_BYTES))
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: %s: chunks above %d MiB are not read", set->path, name,
                        CHUNK_BYTES >> 20);
    if (chunked) {
        hid_t space = H5Dget_space(dataset);
        int failed = space < 0 || H5Dget_num_chunks(dataset, space, &have) < 0;
        if (space >= 0) H5Sclose(space);
        if (failed) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    } else {
        needed *= bytes;
        have = H5Dget_storage_size(dataset);
    }
    if (have == needed) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s was not written completely: %llu %s of %llu", set->path, name,
                    (unsigned long long)have, chunked ? "chunks" : "bytes", (unsigned long long)needed);
}

static rgm_status refuse_labels(const rgm_dataset *set, const char *name, hid_t type, int32_t rank, const hsize_t *dims,
                                rgm_error *err) {
    char found[RGM_H5_TEXT], shape[RGM_H5_TEXT];
    rgm_h5_type_text(type, found);
    rgm_h5_shape_text(rank, dims, shape);
    int one_hot = type >= 0 && H5Tget_class(type) == H5T_INTEGER;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s: expected integers [N] or floats [N, classes], found %s %s%s", set->path,
                    name, found, shape,
                    one_hot ? " (one-hot? in NumPy: labels.argmax(axis=1), or labels.astype('float32'))" : "");
}

static rgm_status read_labels(const rgm_dataset *set, hid_t group, int32_t split, int32_t *soft_classes,
                              rgm_split_store *store, rgm_error *err) {
    char name[32];
    snprintf(name, sizeof name, "%s/labels", rgm_split_name(split));
    hid_t dataset, type = -1;
    hsize_t dims[2] = {0, 1};
    int32_t rank = 0;
    H5T_class_t class = H5T_NO_CLASS;
    size_t count = (size_t)set->info.count[split];
    int64_t cache = LABEL_CACHE;
    RGM_TRY(rgm_content_open(group, "labels", set->path, &cache, &dataset, err));
    rgm_status status = rgm_h5_extents(dataset, name, set->path, 2, dims, &rank, err);
    if (status == RGM_OK) status = check_allocated(set, dataset, name, rank, dims, err);
    if (status < 0) goto done;
    type = H5Dget_type(dataset);
    class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;
    rgm_rehearsal_allow((int64_t)(dims[0] * dims[1] * (type >= 0 ? H5Tget_size(type) : 1)));
    if (dims[0] != count)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %s has %llu entries for %zu images", set->path, name,
                          (unsigned long long)dims[0], count);
    else if (!(class == H5T_INTEGER && dims[1] == 1) && !(class == H5T_FLOAT && rank == 2))
        status = refuse_labels(set, name, type, rank, dims, err);
    else if (class == H5T_FLOAT && (dims[1] < 2 || dims[1] > RGM_DATA_CLASSES))
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %s has %llu classes, expected 2 to %d", set->path, name,
                          (unsigned long long)dims[1], RGM_DATA_CLASSES);
    else if (!(store->labels = malloc(count * sizeof *store->labels)))
        status = rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %zu labels", set->path, count);
    else if (class == H5T_INTEGER)
        status = read_integers(set, dataset, name, rank, dims, store->labels, err);
    else {
        *soft_classes = (int32_t)dims[1];
        status = read_soft(set, dataset, name, dims, store, err);
    }
done:
    if (type >= 0) H5Tclose(type);
    H5Dclose(dataset);
    return status;
}

/* ---- images ---- */

static rgm_status check_image_type(const rgm_dataset *set, hid_t dataset, const char *name, rgm_error *err) {
    hid_t type = H5Dget_type(dataset);
    int fits = type >= 0 && H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 1 &&
               H5Tget_sign(type) == H5T_SGN_NONE && H5Tget_precision(type) == 8 && H5Tget_offset(type) == 0;
    char found[RGM_H5_TEXT];
    if (type < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    rgm_h5_type_text(type, found);
    const char *hint = H5Tget_class(type) == H5T_INTEGER ? " (in NumPy, pixels of 0 to 255: images.astype('uint8'))"
                       : H5Tget_class(type) == H5T_FLOAT
                           ? " (in NumPy, pixels of 0 to 1: (images * 255).round().astype('uint8'))"
                           : "";
    H5Tclose(type);
    return fits
               ? RGM_OK
               : rgm_fail(err, RGM_E_FORMAT, "%s: %s: expected uint8 pixels, found %s%s", set->path, name, found, hint);
}

/* Takes over or compares the image size; dims are [N][H][W][C], C = 1 where the file has three dimensions. */
static rgm_status check_shape(rgm_dataset *set, const char *name, const hsize_t *dims, rgm_error *err) {
    rgm_dataset_info *info = &set->info;
    int32_t first = dims[3] > RGM_DATA_CHANNELS && (dims[1] == 1 || dims[1] == 3); /* channels, it seems */
    if (dims[0] > INT32_MAX || dims[1] > RGM_DATA_SIDE || dims[2] > RGM_DATA_SIDE || dims[3] > RGM_DATA_CHANNELS ||
        dims[1] * dims[2] * dims[3] > RGM_DATA_IMAGE_BYTES)
        return rgm_fail(err, RGM_E_UNSUPPORTED,
                        "%s: %s is [%llu, %llu, %llu, %llu] (N, H, W, C): at most 2^31-1 images, %d pixels a side, %d "
                        "channels, %d bytes an image%s",
                        set->path, name, (unsigned long long)dims[0], (unsigned long long)dims[1],
                        (unsigned long long)dims[2], (unsigned long long)dims[3], RGM_DATA_SIDE, RGM_DATA_CHANNELS,
                        RGM_DATA_IMAGE_BYTES, first ? "; channels come last: write x.transpose(0, 2, 3, 1)" : "");
    if (info->H == 0) info->H = (int32_t)dims[1], info->W = (int32_t)dims[2], info->C = (int32_t)dims[3];
    if (dims[1] == (hsize_t)info->H && dims[2] == (hsize_t)info->W && dims[3] == (hsize_t)info->C) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s are %llu x %llu x %llu, another split's %d x %d x %d (H, W, C)",
                    set->path, name, (unsigned long long)dims[1], (unsigned long long)dims[2],
                    (unsigned long long)dims[3], info->H, info->W, info->C);
}

/* What is best read at once. */
static rgm_status set_chunk(const rgm_dataset *set, const char *name, const hsize_t dims[4], rgm_split_store *store,
                            rgm_error *err) {
    hsize_t bytes = dims[1] * dims[2] * dims[3], some = READ_BYTES / bytes + 1;
    const hsize_t whole[4] = {some < dims[0] ? some : dims[0], dims[1], dims[2], dims[3]};
    memcpy(store->chunk, whole, sizeof whole);
    hid_t plist = H5Dget_create_plist(store->images);
    H5D_layout_t layout = plist >= 0 ? H5Pget_layout(plist) : H5D_LAYOUT_ERROR;
    int failed = layout < 0 || (layout == H5D_CHUNKED && H5Pget_chunk(plist, store->rank, store->chunk) != store->rank);
    for (int32_t i = 0; i < 4; i++)
        if (store->chunk[i] > dims[i]) store->chunk[i] = dims[i];
    if (plist >= 0) H5Pclose(plist);
    return failed ? rgm_h5_fail(err, RGM_E_FORMAT, set->path, name) : RGM_OK;
}

static rgm_status open_images(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err) {
    rgm_split_store *store = &set->splits[split];
    char name[32];
    snprintf(name, sizeof name, "%s/images", rgm_split_name(split));
    hsize_t dims[4] = {0, 1, 1, 1};
    set->info.cache[split] = set->room;
    RGM_TRY(rgm_content_open(group, "images", set->path, &set->info.cache[split], &store->images, err));
    RGM_TRY(check_image_type(set, store->images, name, err));
    RGM_TRY(rgm_h5_extents(store->images, name, set->path, 4, dims, &store->rank, err));
    char shape[RGM_H5_TEXT];
    rgm_h5_shape_text(store->rank, dims, shape);
    if (store->rank < 3)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s has %d dimensions, expected [N, H, W, C] or [N, H, W], found %s",
                        set->path, name, store->rank, shape);
    RGM_TRY(check_shape(set, name, dims, err));
    RGM_TRY(check_allocated(set, store->images, name, store->rank, dims, err));
    set->info.count[split] = (int64_t)dims[0];
    RGM_TRY(set_chunk(set, name, dims, store, err));
    store->file_space = H5Dget_space(store->images);
    return store->file_space < 0 ? rgm_h5_fail(err, RGM_E_FORMAT, set->path, name) : RGM_OK;
}

/* The hash of the split's pixels, if the file brings one of the type that importers write. */
static rgm_status read_pixel_hash(const rgm_dataset *set, rgm_split_store *store, rgm_error *err) {
    htri_t exists = H5Aexists(store->images, RGM_DATA_PIXEL_HASH);
    if (exists < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, RGM_DATA_PIXEL_HASH);
    if (exists == 0) return RGM_OK;
    hid_t attribute = H5Aopen(store->images, RGM_DATA_PIXEL_HASH, H5P_DEFAULT), type = -1, space = -1;
    if (attribute >= 0) type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    rgm_status status = RGM_OK;
    if (type < 0 || space < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, set->path, RGM_DATA_PIXEL_HASH);
    else if (H5Tequal(type, H5T_STD_U64LE) > 0 && H5Sget_simple_extent_type(space) == H5S_SCALAR)
        store->has_pixel_hash = H5Aread(attribute, H5T_NATIVE_UINT64, &store->pixel_hash) >= 0;
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    return status;
}

/* ---- the whole ---- */

/* Was there a frame around it? The user block is still there, and the images are as only Regimen's importers make them:
 * given their place before they are written, never filled. */
static rgm_status check_frame_lost(const rgm_dataset *set, int32_t split, rgm_error *err) {
    hsize_t block = 0;
    H5D_alloc_time_t when = H5D_ALLOC_TIME_DEFAULT;
    H5D_fill_time_t filled = H5D_FILL_TIME_ERROR;
    hid_t file = H5Fget_create_plist(set->file), images = H5Dget_create_plist(set->splits[split].images);
    int failed = file < 0 || images < 0 || H5Pget_userblock(file, &block) < 0 || H5Pget_alloc_time(images, &when) < 0 ||
                 H5Pget_fill_time(images, &filled) < 0;
    if (file >= 0) H5Pclose(file);
    if (images >= 0) H5Pclose(images);
    if (failed) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, "cannot be judged");
    if (block != RGM_FILE_BLOCK || when != H5D_ALLOC_TIME_EARLY || filled != H5D_FILL_TIME_NEVER) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: damaged: " RGM_FILE_LOST, set->path);
}

static rgm_status load_split(rgm_dataset *set, int32_t split, int32_t *soft_classes, rgm_error *err) {
    hid_t group;
    RGM_TRY(rgm_h5_open_group(set->file, rgm_split_name(split), set->path, &group, err));
    rgm_status status = open_images(set, group, split, err);
    if (status == RGM_OK && !set->input.framed) status = check_frame_lost(set, split, err);
    if (status == RGM_OK) status = read_pixel_hash(set, &set->splits[split], err);
    if (status == RGM_OK) status = read_labels(set, group, split, soft_classes, &set->splits[split], err);
    H5Gclose(group);
    return status;
}

/* The number of classes: of the names, else of the soft labels, else the largest label and one. */
static rgm_status settle_classes(rgm_dataset *set, const int32_t *soft_classes, rgm_error *err) {
    int32_t classes = set->names_count, top = 0, top_split = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        if (classes == 0) classes = soft_classes[s];
        if (soft_classes[s] && soft_classes[s] != classes)
            return rgm_fail(err, RGM_E_FORMAT, "%s: %s/labels has %d classes, elsewhere there are %d", set->path,
                            rgm_split_name(s), soft_classes[s], classes);
        for (int64_t i = 0; i < set->info.count[s]; i++)
            if (set->splits[s].labels[i] > top) top = set->splits[s].labels[i], top_split = s;
    }
    if (classes == 0) classes = top + 1;
    if (top >= classes)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s/labels holds %d, but there are %d classes", set->path,
                        rgm_split_name(top_split), top, classes);
    if (classes < 2)
        return rgm_fail(err, RGM_E_FORMAT, "%s: all labels are 0: a set has at least two classes", set->path);
    set->info.classes = classes;
    return RGM_OK;
}

rgm_status rgm_content_load(rgm_dataset *set, rgm_error *err) {
    int32_t soft_classes[RGM_SPLIT_COUNT] = {0}, splits = 0;
    RGM_TRY(rgm_h5_open(&set->input, &set->file, err));
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        int found = rgm_h5_exists(set->file, rgm_split_name(s));
        if (found < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, rgm_split_name(s));
        if (!found) continue;
        splits++;
        RGM_TRY(load_split(set, s, &soft_classes[s], err));
    }
    if (splits == 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s: not a data set: it has no group train, test or validation", set->path);
    RGM_TRY(read_texts(set, "class_names", 0, NAME_BYTES, &set->names, &set->names_count, err));
    RGM_TRY(settle_classes(set, soft_classes, err));
    RGM_TRY(read_constants(set, "mean", set->info.mean, &set->has_mean, err));
    RGM_TRY(read_constants(set, "std", set->info.std, &set->has_std, err));
    RGM_TRY(read_one_text(set, "source", &set->source, err));
    return read_one_text(set, "licence", &set->licence, err);
}

void rgm_content_close_split(rgm_dataset *set, int32_t split) {
    rgm_split_store *store = &set->splits[split];
    if (store->file_space >= 0) H5Sclose(store->file_space);
    if (store->images >= 0) H5Dclose(store->images);
    store->images = store->file_space = -1;
}

void rgm_content_close(rgm_dataset *set) {
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) rgm_content_close_split(set, s);
    if (set->file >= 0) H5Fclose(set->file);
    set->file = -1;
    H5garbage_collect(); /* what was unpacked in */
}
