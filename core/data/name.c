#include "data/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "data/rehearsal.h"
#include "data/unpack.h"

enum { PIECE_BYTES = 1 << 20, NAME_CACHE = 64 << 20, MOST = 4095, VARIABLE_ROWS = 4096 };

/* A text of variable length, as HDF5 was given memory for it. */
typedef struct given {
    struct given *next;
    char text[];
} given;

/* A reading: rows of a piece, and where their texts gather. */
typedef struct reading {
    const rgm_dataset *set;
    rgm_h5_table table;
    hid_t memory, transfer;
    size_t size; /* of a row in memory */
    int32_t variable;
    rgm_split_store *store;
    size_t used, room; /* bytes of store->names */
    given *given;      /* of the piece */
} reading;

static rgm_status no_memory(const reading *r, rgm_error *err) {
    return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %s", r->set->path, r->table.name);
}

/* ---- texts ---- */

/* Texts of variable length are as long as the file says: HDF5 gets no memory for longer ones. It forgets those before
 * one that it fails at, so that they are remembered here. */
static void *take_memory(size_t size, void *context) {
    reading *r = context;
    given *taken = size <= MOST + 1 ? malloc(sizeof *taken + size) : NULL;
    if (!taken) return NULL;
    taken->next = r->given;
    r->given = taken;
    return taken->text;
}

static void give_memory(void *at, void *context) { (void)at, (void)context; } /* all at once, behind the piece */

static void free_given(reading *r) {
    for (given *next; r->given; r->given = next) {
        next = r->given->next;
        free(r->given);
    }
}

/* Names of a small file may unpack to more than any memory: they get what pixels would. */
static rgm_status refuse_more(const reading *r, rgm_error *err) {
    return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: %s: more than %lld MB of texts", r->set->path, r->table.name,
                    (long long)r->set->room / 1000000);
}

static rgm_status keep(reading *r, hsize_t row, const char *text, size_t length, rgm_error *err) {
    rgm_split_store *store = r->store;
    if ((int64_t)(r->used + length) >= r->set->room) return refuse_more(r, err);
    if (r->room - r->used < length + 1) {
        size_t room = 2 * r->room + length + 4096;
        char *grown = realloc(store->names, room);
        if (!grown) return no_memory(r, err);
        store->names = grown;
        r->room = room;
    }
    char *to = store->names + r->used;
    memcpy(to, text, length);
    to[length] = 0;
    store->name_at[row] = r->used;
    r->used += length + 1;
    for (size_t n; *to; to += n)
        if ((n = rgm_text_utf8_length((const unsigned char *)to)) == 0)
            return rgm_fail(err, RGM_E_FORMAT, "%s: %s[%llu] is not UTF-8", r->set->path, r->table.name,
                            (unsigned long long)row);
    return RGM_OK;
}

/* Without what pads it. */
static size_t text_length(const reading *r, const char *text) {
    size_t length = strnlen(text, r->size);
    if (H5Tget_strpad(r->memory) == H5T_STR_SPACEPAD)
        while (length && text[length - 1] == ' ') length--;
    return length;
}

static rgm_status keep_rows(reading *r, hsize_t first, hsize_t n, const void *rows, rgm_error *err) {
    for (hsize_t i = 0; i < n; i++) {
        const char *text = r->variable ? ((char *const *)rows)[i] : (const char *)rows + i * r->size;
        if (!text) text = "";
        RGM_TRY(keep(r, first + i, text, r->variable ? strlen(text) : text_length(r, text), err));
    }
    return RGM_OK;
}

static rgm_status read_rows(reading *r, hsize_t first, hsize_t n, void *rows, rgm_error *err) {
    hid_t space = H5Dget_space(r->table.dataset), memory = H5Screate_simple(1, &n, NULL);
    int read = space >= 0 && memory >= 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, NULL, &n, NULL) >= 0 &&
               H5Dread(r->table.dataset, r->memory, memory, space, r->transfer, rows) >= 0;
    rgm_status status = read ? RGM_OK : rgm_h5_fail(err, RGM_E_FORMAT, r->set->path, r->table.name);
    if (status == RGM_OK) status = keep_rows(r, first, n, rows, err);
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Sclose(memory);
    free_given(r);
    return status;
}

static rgm_status read_all(reading *r, rgm_error *err) {
    hsize_t count = r->table.dims[0], rows = r->variable ? VARIABLE_ROWS : PIECE_BYTES / r->size;
    void *piece = calloc(rows < count ? rows : count, r->size);
    r->store->name_at = malloc((size_t)count * sizeof *r->store->name_at);
    rgm_status status = piece && r->store->name_at ? RGM_OK : no_memory(r, err);
    for (hsize_t at = 0; status == RGM_OK && at < count; at += rows) {
        hsize_t n = count - at < rows ? count - at : rows;
        memset(piece, 0, n * r->size);
        status = rgm_h5_asked(&r->set->input, err);
        if (status == RGM_OK) status = read_rows(r, at, n, piece, err);
    }
    free(piece);
    return status;
}

/* ---- the table ---- */

static rgm_status refuse(const reading *r, hid_t type, rgm_error *err) {
    char found[RGM_H5_TEXT], shape[RGM_H5_TEXT];
    rgm_h5_type_text(type, found);
    rgm_h5_shape_text(r->table.rank, r->table.dims, shape);
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s: expected texts [%lld] of at most %d bytes, found %s %s", r->set->path,
                    r->table.name, (long long)r->set->info.count[r->store - r->set->splits], MOST, found, shape);
}

static rgm_status check(reading *r, rgm_error *err) {
    RGM_TRY(rgm_h5_extents(&r->table, 2, err));
    hid_t type = r->memory = H5Dget_type(r->table.dataset);
    htri_t variable = type >= 0 && H5Tget_class(type) == H5T_STRING ? H5Tis_variable_str(type) : -1;
    r->variable = variable > 0;
    r->size = type >= 0 ? H5Tget_size(type) : 0;
    if (variable < 0 || r->table.rank != 1 || r->size < 1 || (!variable && r->size > MOST) ||
        r->table.dims[0] != (hsize_t)r->set->info.count[r->store - r->set->splits])
        return refuse(r, type, err);
    rgm_rehearsal_allow((int64_t)(r->table.dims[0] * r->size));
    return rgm_content_check_allocated(&r->table, err);
}

static rgm_status read_names(reading *r, hid_t group, rgm_error *err) {
    int64_t cache = NAME_CACHE;
    RGM_TRY(rgm_content_open(group, RGM_DATA_NAMES, r->set->path, &cache, &r->table.dataset, err));
    r->transfer = H5Pcreate(H5P_DATASET_XFER);
    rgm_status status = r->transfer >= 0 && H5Pset_vlen_mem_manager(r->transfer, take_memory, r, give_memory, r) >= 0
                            ? check(r, err)
                            : rgm_h5_fail(err, RGM_E_NOMEM, r->set->path, r->table.name);
    if (status == RGM_OK) status = read_all(r, err);
    if (r->transfer >= 0) H5Pclose(r->transfer);
    if (r->memory >= 0) H5Tclose(r->memory);
    H5Dclose(r->table.dataset);
    return status;
}

rgm_status rgm_name_read(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err) {
    char name[32];
    rgm_error why = {0};
    rgm_split_store *store = &set->splits[split];
    snprintf(name, sizeof name, "%s/%s", rgm_split_name(split), RGM_DATA_NAMES);
    reading r = {.set = set, .table = {.name = name, .path = set->path}, .memory = -1, .transfer = -1, .store = store};
    int found = rgm_h5_exists(group, RGM_DATA_NAMES);
    if (found < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    rgm_status status = found ? read_names(&r, group, &why) : RGM_OK;
    if (status == RGM_OK) return RGM_OK;
    free(store->names);
    free(store->name_at);
    store->names = NULL;
    store->name_at = NULL;
    if (status == RGM_E_FORMAT || status == RGM_E_UNSUPPORTED)
        set->refused = why;
    else
        *err = why;
    return status == RGM_E_FORMAT || status == RGM_E_UNSUPPORTED ? RGM_OK : status;
}
