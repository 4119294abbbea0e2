#include "data/label.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "data/rehearsal.h"
#include "data/unpack.h"

enum { PIECE = 1 << 16, LABEL_CACHE = 256 << 20 };

/* Reads rows [first, first + n) as `type`. */
static rgm_status read_rows(const rgm_h5_table *table, hsize_t first, hsize_t n, hid_t type, void *to, rgm_error *err) {
    hsize_t start[RGM_H5_RANK] = {first}, extent[RGM_H5_RANK] = {n};
    for (int32_t i = 1; i < table->rank; i++) extent[i] = table->dims[i];
    hid_t space = H5Dget_space(table->dataset), memory = H5Screate_simple(table->rank, extent, NULL);
    rgm_status status = RGM_OK;
    if (space < 0 || memory < 0 || H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, extent, NULL) < 0 ||
        H5Dread(table->dataset, type, memory, space, H5P_DEFAULT, to) < 0)
        status = rgm_h5_fail(err, RGM_E_FORMAT, table->path, table->name);
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Sclose(memory);
    return status;
}

static rgm_status read_integers(const rgm_dataset *set, const rgm_h5_table *table, int32_t *labels, rgm_error *err) {
    int64_t *piece = malloc(PIECE * sizeof *piece);
    if (!piece) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status status = RGM_OK;
    for (hsize_t at = 0; status == RGM_OK && at < table->dims[0]; at += PIECE) {
        hsize_t n = table->dims[0] - at < PIECE ? table->dims[0] - at : PIECE;
        status = rgm_h5_asked(&set->input, err);
        if (status == RGM_OK) status = read_rows(table, at, n, H5T_NATIVE_INT64, piece, err);
        for (hsize_t i = 0; status == RGM_OK && i < n; i++) {
            if (piece[i] < 0 || piece[i] >= RGM_DATA_CLASSES)
                status = rgm_fail(err, RGM_E_FORMAT, "%s: %s[%llu] is %lld: a label is 0 to %d", set->path, table->name,
                                  (unsigned long long)(at + i), (long long)piece[i], RGM_DATA_CLASSES - 1);
            labels[at + i] = (int32_t)piece[i];
        }
    }
    free(piece);
    return status;
}

/* Checks the soft label of a row; *label = its first largest entry. */
static rgm_status check_soft(const rgm_h5_table *table, uint64_t row, const float *p, int32_t *label, rgm_error *err) {
    double sum = 0;
    *label = 0;
    for (int32_t j = 0; j < (int32_t)table->dims[1]; j++) {
        if (!(p[j] >= 0.0f && p[j] <= 1.001f))
            return rgm_fail(err, RGM_E_FORMAT, "%s: %s[%llu][%d] is %g: a soft label is 0 to 1", table->path,
                            table->name, (unsigned long long)row, j, (double)p[j]);
        sum += (double)p[j];
        if (p[j] > p[*label]) *label = j;
    }
    if (fabs(sum - 1.0) > 1e-3)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s[%llu] sums to %g, expected 1", table->path, table->name,
                        (unsigned long long)row, sum);
    return RGM_OK;
}

static rgm_status read_soft(const rgm_dataset *set, const rgm_h5_table *table, rgm_split_store *store, rgm_error *err) {
    hsize_t count = table->dims[0], classes = table->dims[1], rows = PIECE / classes + 1;
    store->soft = malloc(count * classes * sizeof *store->soft);
    if (!store->soft)
        return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %llu x %llu soft labels", set->path,
                        (unsigned long long)count, (unsigned long long)classes);
    for (hsize_t at = 0; at < count; at += rows) {
        hsize_t n = count - at < rows ? count - at : rows;
        RGM_TRY(rgm_h5_asked(&set->input, err));
        RGM_TRY(read_rows(table, at, n, H5T_NATIVE_FLOAT, store->soft + at * classes, err));
        for (hsize_t i = at; i < at + n; i++)
            RGM_TRY(check_soft(table, i, store->soft + i * classes, &store->labels[i], err));
    }
    return RGM_OK;
}

static rgm_status refuse_labels(const rgm_h5_table *table, hid_t type, rgm_error *err) {
    char found[RGM_H5_TEXT], shape[RGM_H5_TEXT];
    rgm_h5_type_text(type, found);
    rgm_h5_shape_text(table->rank, table->dims, shape);
    int one_hot = type >= 0 && H5Tget_class(type) == H5T_INTEGER;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s: expected integers [N] or floats [N, classes], found %s %s%s",
                    table->path, table->name, found, shape,
                    one_hot ? " (one-hot? in NumPy: labels.argmax(axis=1), or labels.astype('float32'))" : "");
}

/* May they be labels of `count` images? */
static rgm_status check_kind(const rgm_h5_table *table, hid_t type, size_t count, rgm_error *err) {
    H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;
    if (table->dims[0] != count)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s has %llu entries for %zu images", table->path, table->name,
                        (unsigned long long)table->dims[0], count);
    if (!(class == H5T_INTEGER && table->dims[1] == 1) && !(class == H5T_FLOAT && table->rank == 2))
        return refuse_labels(table, type, err);
    if (class == H5T_FLOAT && (table->dims[1] < 2 || table->dims[1] > RGM_DATA_CLASSES))
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s has %llu classes, expected 2 to %d", table->path, table->name,
                        (unsigned long long)table->dims[1], RGM_DATA_CLASSES);
    return RGM_OK;
}

static rgm_status read_table(rgm_dataset *set, rgm_h5_table *table, int32_t split, int32_t *soft_classes,
                             rgm_error *err) {
    rgm_split_store *store = &set->splits[split];
    size_t count = (size_t)set->info.count[split];
    RGM_TRY(rgm_h5_extents(table, 2, err));
    RGM_TRY(rgm_content_check_allocated(table, err));
    hid_t type = H5Dget_type(table->dataset);
    H5T_class_t class = type >= 0 ? H5Tget_class(type) : H5T_NO_CLASS;
    rgm_rehearsal_allow((int64_t)(table->dims[0] * table->dims[1] * (type >= 0 ? H5Tget_size(type) : 1)));
    rgm_status status = check_kind(table, type, count, err);
    if (type >= 0) H5Tclose(type);
    if (status < 0) return status;
    store->labels = malloc(count * sizeof *store->labels);
    if (!store->labels) return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %zu labels", set->path, count);
    if (class == H5T_INTEGER) return read_integers(set, table, store->labels, err);
    *soft_classes = (int32_t)table->dims[1];
    return read_soft(set, table, store, err);
}

rgm_status rgm_label_read(rgm_dataset *set, hid_t group, int32_t split, int32_t *soft_classes, rgm_error *err) {
    char name[32];
    snprintf(name, sizeof name, "%s/labels", rgm_split_name(split));
    rgm_h5_table table = {.name = name, .path = set->path, .dims = {0, 1}};
    int64_t cache = LABEL_CACHE;
    RGM_TRY(rgm_content_open(group, "labels", set->path, &cache, &table.dataset, err));
    rgm_status status = read_table(set, &table, split, soft_classes, err);
    H5Dclose(table.dataset);
    return status;
}
