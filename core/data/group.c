#include "data/group.h"

#include <stdio.h>
#include <stdlib.h>
#include "data/rehearsal.h"
#include "data/unpack.h"

enum { PIECE = 1 << 16, GROUP_CACHE = 64 << 20, WIDEST = 8 };

/* An image that says it has copies. */
typedef struct entry {
    uint64_t number;
    uint32_t index;
} entry;

/* A reading: integers with a sign are below 0 where an image is alone. */
typedef struct reading {
    const rgm_dataset *set;
    rgm_h5_table table;
    int32_t sign;
    int64_t count; /* of entries */
    entry *entries;
} reading;

/* ---- the table ---- */

static rgm_status refuse(const reading *r, hid_t type, int64_t images, rgm_error *err) {
    char found[RGM_H5_TEXT], shape[RGM_H5_TEXT];
    rgm_h5_type_text(type, found);
    rgm_h5_shape_text(r->table.rank, r->table.dims, shape);
    return rgm_fail(err, RGM_E_FORMAT,
                    "%s: %s: expected integers [%lld] of at most 64 bits, found %s %s (remedy: one number an image, -1 "
                    "for one without copies, or no such table)",
                    r->set->path, r->table.name, (long long)images, found, shape);
}

static rgm_status check(reading *r, int64_t images, rgm_error *err) {
    RGM_TRY(rgm_h5_extents(&r->table, 2, err));
    hid_t type = H5Dget_type(r->table.dataset);
    int fits = type >= 0 && H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) <= WIDEST && r->table.rank == 1 &&
               r->table.dims[0] == (hsize_t)images;
    r->sign = type >= 0 && fits && H5Tget_sign(type) != H5T_SGN_NONE;
    rgm_status status = fits ? rgm_content_check_allocated(&r->table, err) : refuse(r, type, images, err);
    if (type >= 0) H5Tclose(type);
    return status;
}

static rgm_status read_rows(reading *r, hsize_t first, hsize_t n, uint64_t *piece, rgm_error *err) {
    hid_t space = H5Dget_space(r->table.dataset), memory = H5Screate_simple(1, &n, NULL);
    hid_t as = r->sign ? H5T_NATIVE_INT64 : H5T_NATIVE_UINT64;
    int read = space >= 0 && memory >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, NULL, &n, NULL) >= 0 &&
               H5Dread(r->table.dataset, as, memory, space, H5P_DEFAULT, piece) >= 0;
    rgm_status status = read ? RGM_OK : rgm_h5_fail(err, RGM_E_FORMAT, r->set->path, r->table.name);
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Sclose(memory);
    for (hsize_t i = 0; read && i < n; i++)
        if (!r->sign || (int64_t)piece[i] >= 0)
            r->entries[r->count++] = (entry){.number = piece[i], .index = (uint32_t)(first + i)};
    return status;
}

static rgm_status read_all(reading *r, rgm_error *err) {
    const hsize_t count = r->table.dims[0];
    uint64_t *piece = malloc(PIECE * sizeof *piece);
    r->entries = malloc((size_t)count * sizeof *r->entries);
    rgm_status status =
        piece && r->entries ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %s", r->set->path, r->table.name);
    for (hsize_t at = 0; status == RGM_OK && at < count; at += PIECE) {
        status = rgm_h5_asked(&r->set->input, err);
        if (status == RGM_OK) status = read_rows(r, at, count - at < PIECE ? count - at : PIECE, piece, err);
    }
    free(piece);
    return status;
}

/* ---- numbers ---- */

static int by_number(const void *left, const void *right) {
    const entry *a = left, *b = right;
    if (a->number != b->number) return a->number < b->number ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* Each image of a group gets the group's first image. Returns how many images are in groups. */
static int64_t find_firsts(const reading *r, int32_t *groups) {
    int64_t copies = 0;
    qsort(r->entries, (size_t)r->count, sizeof *r->entries, by_number);
    for (int64_t i = 0, end; i < r->count; i = end) {
        for (end = i + 1; end < r->count && r->entries[end].number == r->entries[i].number;) end++;
        if (end - i < 2) continue;
        for (int64_t j = i; j < end; j++) groups[r->entries[j].index] = (int32_t)r->entries[i].index;
        copies += end - i;
    }
    return copies;
}

static rgm_status take_groups(const reading *r, rgm_split_store *store, rgm_error *err) {
    const int64_t count = (int64_t)r->table.dims[0];
    int32_t *groups = malloc((size_t)count * sizeof *groups), next = 0;
    if (!groups) return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %s", r->set->path, r->table.name);
    for (int64_t i = 0; i < count; i++) groups[i] = -1;
    if (find_firsts(r, groups) == 0) {
        free(groups);
        return RGM_OK;
    }
    for (int64_t i = 0; i < count; i++)
        if (groups[i] >= 0) groups[i] = groups[i] == i ? next++ : groups[groups[i]];
    store->groups = groups;
    return RGM_OK;
}

rgm_status rgm_group_read(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err) {
    char name[32];
    int64_t cache = GROUP_CACHE;
    snprintf(name, sizeof name, "%s/%s", rgm_split_name(split), RGM_DATA_GROUPS);
    int found = rgm_h5_exists(group, RGM_DATA_GROUPS);
    if (found < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    if (!found) return RGM_OK;
    reading r = {.set = set, .table = {.name = name, .path = set->path, .dims = {0, 1}}};
    RGM_TRY(rgm_content_open(group, RGM_DATA_GROUPS, set->path, &cache, &r.table.dataset, err));
    rgm_status status = check(&r, set->info.count[split], err);
    if (status == RGM_OK) rgm_rehearsal_allow(set->info.count[split] * (int64_t)sizeof(entry));
    if (status == RGM_OK) status = read_all(&r, err);
    if (status == RGM_OK) status = take_groups(&r, &set->splits[split], err);
    free(r.entries);
    H5Dclose(r.table.dataset);
    return status;
}
