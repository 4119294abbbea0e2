#include "data/h5.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include "data/input.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What the process had set before the lock was taken. */
static struct {
    unsigned second; /* 1: on_error2 is set, 0: on_error1, of HDF5's first interface */
    H5E_auto1_t on_error1;
    H5E_auto2_t on_error2;
    void *context;
    unsigned loading;
} before;

static void keep_settings(void) {
    before.second = 1;
    H5Eauto_is_v2(H5E_DEFAULT, &before.second);
    if (before.second)
        H5Eget_auto2(H5E_DEFAULT, &before.on_error2, &before.context);
    else
        H5Eget_auto1(&before.on_error1, &before.context);
    H5PLget_loading_state(&before.loading);
}

static void restore_settings(void) {
    if (before.second)
        H5Eset_auto2(H5E_DEFAULT, before.on_error2, before.context);
    else
        H5Eset_auto1(before.on_error1, before.context);
    H5PLset_loading_state(before.loading);
}

void rgm_h5_enter(void) {
    pthread_mutex_lock(&lock);
    /* per thread in thread-safe builds of HDF5, so not once for all */
    keep_settings();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
    rgm_input_clear_error();
}

void rgm_h5_leave(void) {
    restore_settings();
    pthread_mutex_unlock(&lock);
}

rgm_status rgm_h5_asked(const rgm_input *input, rgm_error *err) {
    if (!input->stop.asked) return RGM_OK;
    RGM_TRY(rgm_h5_judge(err, RGM_OK, input->path)); /* entering forgets what failed */
    rgm_h5_leave();
    rgm_status status = rgm_input_asked(input, err);
    rgm_h5_enter();
    return status;
}

/* Why a call failed. */
typedef struct reason {
    char text[256];
    int memory; /* HDF5 could not have some */
} reason;

/* What a format that this library does not know most likely is. */
#define NEWER_FORMAT " (damaged, or written by a newer HDF5 library: in h5py take libver='v110', or none)"

/* Called from the outermost to the innermost error: the last one kept says why. */
static herr_t keep_reason(unsigned number, const H5E_error2_t *error, void *context) {
    (void)number;
    reason *why = context;
    if (error->desc && error->desc[0]) snprintf(why->text, sizeof why->text, "%s", error->desc);
    why->memory = error->maj_num == H5E_RESOURCE && (error->min_num == H5E_NOSPACE || error->min_num == H5E_CANTALLOC);
    return 0;
}

rgm_status rgm_h5_judge(rgm_error *err, rgm_status status, const char *path) {
    int error = rgm_input_error();
    if (error == 0) return status;
    H5Eclear2(H5E_DEFAULT);
    if (error == RGM_INPUT_SHORT) return rgm_fail(err, RGM_E_IO, "%s: truncated while it is in use", path);
    return rgm_fail(err, RGM_E_IO, "%s: cannot read: %s", path, strerror(error));
}

rgm_status rgm_h5_fail(rgm_error *err, rgm_status status, const char *path, const char *what) {
    reason why = {"no reason given", 0};
    if (rgm_input_error()) return rgm_h5_judge(err, status, path);
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, keep_reason, &why);
    H5Eclear2(H5E_DEFAULT);
    if (why.memory) return rgm_fail(err, RGM_E_NOMEM, "%s: %s: out of memory (%s)", path, what, why.text);
    return rgm_fail(err, status, "%s: %s: %s%s", path, what, why.text,
                    strstr(why.text, "version number") ? NEWER_FORMAT : "");
}

rgm_status rgm_h5_open(const rgm_input *input, hid_t *file, rgm_error *err) {
    *file = -1;
    hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    if (fapl >= 0 && rgm_input_use(fapl, input) >= 0 && H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG) >= 0)
        *file = H5Fopen(input->path, H5F_ACC_RDONLY, fapl);
    rgm_status status = RGM_OK;
    if (*file < 0) status = rgm_h5_fail(err, RGM_E_FORMAT, input->path, "not a readable HDF5 file");
    if (fapl >= 0) H5Pclose(fapl);
    return status;
}

int rgm_h5_exists(hid_t group, const char *name) { return H5Lexists(group, name, H5P_DEFAULT); }

static const char *kind_of(hid_t object) {
    switch (H5Iget_type(object)) {
    case H5I_GROUP:
        return "a group";
    case H5I_DATASET:
        return "a data set";
    case H5I_DATATYPE:
        return "a named type";
    default:
        return "something else";
    }
}

/* The place in the file of what is called `name` in a group: train/labels. */
static const char *place_of(hid_t parent, const char *name, char out[128]) {
    char group[64] = "";
    if (H5Iget_name(parent, group, sizeof group) <= 1) group[0] = 0;
    snprintf(out, 128, "%s%s%.60s", group[0] ? group + 1 : "", group[0] ? "/" : "", name);
    return out;
}

/* An object that must be there. */
typedef struct wanted {
    hid_t parent;
    const char *name, *path, *kind;
    H5I_type_t type;
    hid_t access; /* of a data set, or below 0 */
} wanted;

/* It must be behind a hard link. */
static rgm_status check_link(const wanted *w, const char *place, rgm_error *err) {
    H5L_info_t link;
    int found = rgm_h5_exists(w->parent, w->name);
    if (found == 0) return rgm_fail(err, RGM_E_FORMAT, "%s: %s is missing", w->path, place);
    if (found < 0 || H5Lget_info(w->parent, w->name, &link, H5P_DEFAULT) < 0)
        return rgm_h5_fail(err, RGM_E_FORMAT, w->path, place);
    if (link.type != H5L_TYPE_HARD)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s is a soft or external link: refused", w->path, place);
    return RGM_OK;
}

static rgm_status open_object(const wanted *w, hid_t *object, rgm_error *err) {
    char where[128], what[160];
    const char *place = place_of(w->parent, w->name, where);
    *object = -1;
    RGM_TRY(check_link(w, place, err));
    *object = H5Oopen(w->parent, w->name, H5P_DEFAULT);
    if (*object >= 0 && w->access >= 0 && H5Iget_type(*object) == w->type) {
        H5Oclose(*object);
        *object = H5Dopen2(w->parent, w->name, w->access);
    }
    snprintf(what, sizeof what, "cannot open the %s %s", w->kind, place);
    if (*object < 0) return rgm_h5_fail(err, RGM_E_FORMAT, w->path, what);
    if (H5Iget_type(*object) == w->type) return RGM_OK;
    rgm_status status =
        rgm_fail(err, RGM_E_FORMAT, "%s: %s is not a %s: found %s", w->path, place, w->kind, kind_of(*object));
    H5Oclose(*object);
    *object = -1;
    return status;
}

rgm_status rgm_h5_open_group(hid_t parent, const char *name, const char *path, hid_t *group, rgm_error *err) {
    const wanted w = {.parent = parent, .name = name, .path = path, .kind = "group", .type = H5I_GROUP, .access = -1};
    return open_object(&w, group, err);
}

static rgm_status check_filters(hid_t plist, const char *name, const char *path, rgm_error *err) {
    int count = H5Pget_nfilters(plist);
    if (count < 0 || count > 8) return rgm_fail(err, RGM_E_FORMAT, "%s: %s has %d filters", path, name, count);
    for (int i = 0; i < count; i++) {
        unsigned flags = 0, config = 0;
        size_t values = 0;
        H5Z_filter_t filter = H5Pget_filter2(plist, (unsigned)i, &flags, &values, NULL, 0, NULL, &config);
        if (filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_FLETCHER32)
            return rgm_fail(err, RGM_E_UNSUPPORTED,
                            "%s: %s is stored with filter %d: only gzip, shuffle and fletcher32 "
                            "are read",
                            path, name, (int)filter);
        if (H5Zfilter_avail(filter) <= 0)
            return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: %s: this HDF5 library lacks filter %d", path, name,
                            (int)filter);
    }
    return RGM_OK;
}

static rgm_status check_storage(hid_t dataset, const char *name, const char *path, rgm_error *err) {
    hid_t plist = H5Dget_create_plist(dataset);
    if (plist < 0) return rgm_h5_fail(err, RGM_E_FORMAT, path, name);
    rgm_status status;
    if (H5Pget_layout(plist) == H5D_VIRTUAL)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %s is a virtual data set: refused", path, name);
    else if (H5Pget_external_count(plist) != 0)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %s is stored in other files: refused", path, name);
    else
        status = check_filters(plist, name, path, err);
    H5Pclose(plist);
    return status;
}

rgm_status rgm_h5_open_dataset(hid_t parent, const char *name, const char *path, hid_t access, hid_t *dataset,
                               rgm_error *err) {
    const wanted w = {
        .parent = parent, .name = name, .path = path, .kind = "data set", .type = H5I_DATASET, .access = access};
    RGM_TRY(open_object(&w, dataset, err));
    char place[128];
    rgm_status status = check_storage(*dataset, place_of(parent, name, place), path, err);
    if (status < 0) {
        H5Dclose(*dataset);
        *dataset = -1;
    }
    return status;
}

void rgm_h5_type_text(hid_t type, char text[RGM_H5_TEXT]) {
    size_t bits = 8 * H5Tget_size(type);
    switch (H5Tget_class(type)) {
    case H5T_INTEGER:
        snprintf(text, RGM_H5_TEXT, "%sint%zu", H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
        break;
    case H5T_FLOAT:
        snprintf(text, RGM_H5_TEXT, "float%zu", bits);
        break;
    case H5T_STRING:
        snprintf(text, RGM_H5_TEXT, "text");
        break;
    case H5T_ENUM: /* h5py's bool */
        snprintf(text, RGM_H5_TEXT, "an enumeration of %zu bits (bool?)", bits);
        break;
    case H5T_COMPOUND:
        snprintf(text, RGM_H5_TEXT, "a compound type of %zu bits (complex?)", bits);
        break;
    default:
        snprintf(text, RGM_H5_TEXT, "another type of %zu bits", bits);
        break;
    }
    H5Eclear2(H5E_DEFAULT);
}

void rgm_h5_shape_text(int32_t rank, const hsize_t *dims, char text[RGM_H5_TEXT]) {
    size_t used = (size_t)snprintf(text, RGM_H5_TEXT, rank ? "[" : "a single value");
    for (int32_t i = 0; i < rank && used < RGM_H5_TEXT; i++)
        used += (size_t)snprintf(text + used, RGM_H5_TEXT - used, "%llu%s", (unsigned long long)dims[i],
                                 i + 1 < rank ? ", " : "]");
}

/* Dimensions of at least 1, and a size that may be. */
static rgm_status take_extents(rgm_h5_table *table, const hsize_t *all, uint64_t bytes, rgm_error *err) {
    for (int32_t i = 0; i < table->rank; i++) {
        table->dims[i] = all[i];
        if (all[i] == 0)
            return rgm_fail(err, RGM_E_FORMAT, "%s: %s is empty (dimension %d is 0)", table->path, table->name, i);
        if (__builtin_mul_overflow(bytes, (uint64_t)all[i], &bytes) || bytes >> 62)
            return rgm_fail(err, RGM_E_FORMAT, "%s: %s claims an impossible size", table->path, table->name);
    }
    return RGM_OK;
}

rgm_status rgm_h5_extents(rgm_h5_table *table, int32_t max_rank, rgm_error *err) {
    hid_t space = H5Dget_space(table->dataset), type = H5Dget_type(table->dataset);
    hsize_t all[H5S_MAX_RANK];
    table->rank = 0;
    if (space >= 0 && H5Sget_simple_extent_type(space) == H5S_SIMPLE)
        table->rank = H5Sget_simple_extent_dims(space, all, NULL);
    uint64_t bytes = type >= 0 ? H5Tget_size(type) : 0;
    rgm_status status;
    if (bytes == 0) /* before anything is closed: that forgets the reason */
        status = rgm_h5_fail(err, RGM_E_FORMAT, table->path, table->name);
    else if (table->rank < 1 || table->rank > max_rank)
        status = rgm_fail(err, RGM_E_FORMAT, "%s: %s has %d dimensions, expected 1 to %d", table->path, table->name,
                          table->rank, max_rank);
    else
        status = take_extents(table, all, bytes, err);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return status;
}
