#include "data/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "data/attribute.h"
#include "data/encoded.h"
#include "data/group.h"
#include "data/label.h"
#include "data/name.h"
#include "data/unpack.h"

enum { READ_BYTES = 1 << 24, CHUNK_BYTES = 256 << 20 };

/* Chunks, or bytes of one that is not chunked, that a table needs, and that it has. */
typedef struct allocated {
    hsize_t needed, have;
    int32_t chunked;
} allocated;

static rgm_status refuse_chunks(const rgm_h5_table *table, rgm_error *err) {
    return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: %s: chunks above %d MiB are not read", table->path, table->name,
                    CHUNK_BYTES >> 20);
}

/* The chunks along each dimension, multiplied. */
static rgm_status need_chunks(const rgm_h5_table *table, hid_t plist, hsize_t bytes, hsize_t *needed, rgm_error *err) {
    hsize_t chunk[H5S_MAX_RANK];
    *needed = 1;
    if (H5Pget_chunk(plist, H5S_MAX_RANK, chunk) != table->rank) return refuse_chunks(table, err);
    for (int32_t i = 0; i < table->rank; i++) {
        *needed *= (table->dims[i] + chunk[i] - 1) / chunk[i];
        if (chunk[i] > CHUNK_BYTES || (bytes *= chunk[i]) > CHUNK_BYTES) return refuse_chunks(table, err);
    }
    return RGM_OK;
}

/* Texts of variable length have another size in the file. Those that are missing are empty. */
static rgm_status count_allocated(const rgm_h5_table *table, hid_t plist, hid_t type, allocated *a, rgm_error *err) {
    hsize_t bytes = H5Tget_size(type);
    a->chunked = H5Pget_layout(plist) == H5D_CHUNKED;
    if (!a->chunked && H5Tis_variable_str(type) > 0) return RGM_OK;
    if (!a->chunked) {
        a->needed = bytes;
        for (int32_t i = 0; i < table->rank; i++) a->needed *= table->dims[i];
        a->have = H5Dget_storage_size(table->dataset);
        return RGM_OK;
    }
    RGM_TRY(need_chunks(table, plist, bytes, &a->needed, err));
    hid_t space = H5Dget_space(table->dataset);
    int failed = space < 0 || H5Dget_num_chunks(table->dataset, space, &a->have) < 0;
    if (space >= 0) H5Sclose(space);
    return failed ? rgm_h5_fail(err, RGM_E_FORMAT, table->path, table->name) : RGM_OK;
}

rgm_status rgm_content_check_allocated(const rgm_h5_table *table, rgm_error *err) {
    hid_t plist = H5Dget_create_plist(table->dataset), type = H5Dget_type(table->dataset);
    allocated a = {0};
    rgm_status status = plist < 0 || type < 0 ? rgm_h5_fail(err, RGM_E_FORMAT, table->path, table->name)
                                              : count_allocated(table, plist, type, &a, err);
    if (plist >= 0) H5Pclose(plist);
    if (type >= 0) H5Tclose(type);
    if (status < 0 || a.have == a.needed) return status;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s was not written completely: %llu %s of %llu", table->path, table->name,
                    (unsigned long long)a.have, a.chunked ? "chunks" : "bytes", (unsigned long long)a.needed);
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
    if (info->H == 0) {
        info->H = (int32_t)dims[1];
        info->W = (int32_t)dims[2];
        info->C = (int32_t)dims[3];
    }
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
    rgm_h5_table table = {.name = name, .path = set->path, .dims = {0, 1, 1, 1}};
    const hsize_t *dims = table.dims;
    set->info.cache[split] = set->room;
    RGM_TRY(rgm_content_open(group, "images", set->path, &set->info.cache[split], &store->images, err));
    RGM_TRY(check_image_type(set, store->images, name, err));
    table.dataset = store->images;
    RGM_TRY(rgm_h5_extents(&table, 4, err));
    store->rank = table.rank;
    char shape[RGM_H5_TEXT];
    rgm_h5_shape_text(store->rank, dims, shape);
    if (store->rank < 3)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s has %d dimensions, expected [N, H, W, C] or [N, H, W], found %s",
                        set->path, name, store->rank, shape);
    RGM_TRY(check_shape(set, name, dims, err));
    RGM_TRY(rgm_content_check_allocated(&table, err));
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
    if (attribute >= 0) {
        type = H5Aget_type(attribute);
        space = H5Aget_space(attribute);
    }
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

/* Images or encoded pictures, whichever the split has: all splits have the same. */
static rgm_status open_samples(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err) {
    int encoded = rgm_h5_exists(group, RGM_DATA_ENCODED), images = rgm_h5_exists(group, "images");
    if (encoded < 0 || images < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, rgm_split_name(split));
    if (!encoded && !set->info.encoded) return open_images(set, group, split, err);
    if (encoded && !images && set->info.H == 0) return rgm_encoded_open(set, group, split, err);
    return rgm_fail(err, RGM_E_FORMAT, "%s: it has images and encoded pictures: expected one of them in all splits",
                    set->path);
}

static rgm_status load_split(rgm_dataset *set, int32_t split, int32_t *soft_classes, rgm_error *err) {
    hid_t group;
    RGM_TRY(rgm_h5_open_group(set->file, rgm_split_name(split), set->path, &group, err));
    rgm_status status = open_samples(set, group, split, err);
    if (status == RGM_OK && !set->input.framed) status = check_frame_lost(set, split, err);
    if (status == RGM_OK && !set->info.encoded) status = read_pixel_hash(set, &set->splits[split], err);
    if (status == RGM_OK) status = rgm_label_read(set, group, split, soft_classes, err);
    if (status == RGM_OK) status = rgm_group_read(set, group, split, err);
    if (status == RGM_OK && set->wants_names) status = rgm_name_read(set, group, split, err);
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
            if (set->splits[s].labels[i] > top) {
                top = set->splits[s].labels[i];
                top_split = s;
            }
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

static rgm_status read_transform(rgm_dataset *set, rgm_error *err) {
    char what[RGM_DATA_PLACE], *text = NULL;
    rgm_status status = rgm_attribute_text(set, RGM_DATA_TRANSFORM, &text, err);
    snprintf(what, sizeof what, "%.256s: attribute %s", set->path, RGM_DATA_TRANSFORM);
    if (status == RGM_OK && text) status = rgm_transform_parse(&set->info.transform, text, what, err);
    free(text);
    const rgm_transform *t = &set->info.transform;
    const rgm_dataset_info *info = &set->info;
    if (status < 0 || !t->C || (t->C == info->C && (info->encoded || (t->H == info->H && t->W == info->W))))
        return status;
    return rgm_fail(err, RGM_E_FORMAT, "%s makes images of %dx%dx%d, the set has %dx%dx%d (C, H, W)", what, t->C, t->H,
                    t->W, info->C, info->H, info->W);
}

rgm_status rgm_content_load(rgm_dataset *set, rgm_error *err) {
    static const rgm_attribute_texts names = {.name = "class_names", .most = RGM_DATA_NAME_BYTES};
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
    RGM_TRY(rgm_attribute_read_texts(set, &names, &set->names, &set->names_count, err));
    RGM_TRY(settle_classes(set, soft_classes, err));
    RGM_TRY(rgm_attribute_constants(set, "mean", set->info.mean, &set->has_mean, err));
    RGM_TRY(rgm_attribute_constants(set, "std", set->info.std, &set->has_std, err));
    RGM_TRY(rgm_attribute_text(set, "source", &set->source, err));
    RGM_TRY(rgm_attribute_text(set, "licence", &set->licence, err));
    return read_transform(set, err);
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
