#include "data/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_SLOTS = 10007, SLOTS_PER_CHUNK = 20, SLOTS_MOST = 4000037, PIXEL_RANK = 4 };

/* ---- the cache ---- */

/* Bytes and number of the chunks that hold the same rows; 0 bytes if it is not chunked, or below 0. */
static int64_t measure_row(hid_t dataset, int64_t *chunks) {
    hsize_t dims[H5S_MAX_RANK], chunk[H5S_MAX_RANK];
    hid_t plist = H5Dget_create_plist(dataset), space = H5Dget_space(dataset), type = H5Dget_type(dataset);
    int64_t bytes = -1;
    *chunks = 1;
    if (plist < 0 || space < 0 || type < 0) goto done;
    bytes = 0;
    if (H5Pget_layout(plist) != H5D_CHUNKED) goto done;
    int rank = H5Sget_simple_extent_dims(space, dims, NULL);
    if (rank < 1 || H5Pget_chunk(plist, H5S_MAX_RANK, chunk) != rank) {
        bytes = -1;
        goto done;
    }
    for (int i = 0; i < rank; i++)
        if (dims[i] == 0 || chunk[i] == 0) goto done; /* nothing to keep: the shape is judged later */
    double size = (double)H5Tget_size(type) * (double)chunk[0], count = 1;
    for (int i = 1; i < rank; i++) {
        double along = (double)(dims[i] / chunk[i] + (dims[i] % chunk[i] != 0));
        size *= along * (double)chunk[i];
        count *= along;
    }
    bytes = size < (double)(INT64_MAX / 4) ? (int64_t)size + (int64_t)(size / count) + 1 : INT64_MAX / 2;
    *chunks = count < SLOTS_MOST ? (int64_t)count : SLOTS_MOST;
done:
    if (plist >= 0) H5Pclose(plist);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return bytes;
}

rgm_status rgm_content_open(hid_t group, const char *name, const char *path, int64_t *cache, hid_t *dataset,
                            rgm_error *err) {
    int64_t chunks, most = *cache;
    *cache = RGM_DATA_CACHE;
    RGM_TRY(rgm_h5_open_dataset(group, name, path, H5P_DEFAULT, dataset, err));
    int64_t row = measure_row(*dataset, &chunks);
    if (row == 0) return RGM_OK;
    H5Dclose(*dataset);
    *dataset = -1;
    if (row > *cache && *cache < most) *cache = row < most ? row : most;
    int64_t slots = chunks * SLOTS_PER_CHUNK < SLOTS_MOST ? chunks * SLOTS_PER_CHUNK + 1 : SLOTS_MOST;
    hid_t access = row < 0 ? -1 : H5Pcreate(H5P_DATASET_ACCESS);
    if (access < 0 ||
        H5Pset_chunk_cache(access, slots > CACHE_SLOTS ? (size_t)slots : CACHE_SLOTS, (size_t)*cache, 0.75) < 0)
        return rgm_h5_fail(err, RGM_E_FORMAT, path, name);
    rgm_status status = rgm_h5_open_dataset(group, name, path, access, dataset, err);
    H5Pclose(access);
    return status;
}

/* ---- reading ---- */

/* Reads the box of pixels that begins at `at` and extends over `n`, dense. */
static rgm_status read_box(const rgm_dataset *set, int32_t split, const hsize_t *at, const hsize_t *n, uint8_t *out,
                           rgm_error *err) {
    const rgm_split_store *store = &set->splits[split];
    hid_t memory = H5Screate_simple(store->rank, n, NULL);
    int read = memory >= 0 && H5Sselect_hyperslab(store->file_space, H5S_SELECT_SET, at, NULL, n, NULL) >= 0 &&
               H5Dread(store->images, H5T_NATIVE_UINT8, memory, store->file_space, H5P_DEFAULT, out) >= 0;
    if (memory >= 0) H5Sclose(memory);
    if (read) return RGM_OK;
    char what[64];
    snprintf(what, sizeof what, "%s/images[%llu]", rgm_split_name(split), (unsigned long long)at[0]);
    return rgm_h5_fail(err, RGM_E_FORMAT, set->path, what);
}

rgm_status rgm_content_read(const rgm_dataset *set, int32_t split, int64_t first, int64_t n, uint8_t *out,
                            rgm_error *err) {
    const rgm_dataset_info *info = &set->info;
    const hsize_t at[PIXEL_RANK] = {(hsize_t)first},
                  box[PIXEL_RANK] = {(hsize_t)n, (hsize_t)info->H, (hsize_t)info->W, (hsize_t)info->C};
    return read_box(set, split, at, box, out, err);
}

rgm_status rgm_content_samples(const rgm_dataset *set, int32_t split, int64_t first, int64_t n, uint8_t *out,
                               rgm_error *err) {
    int64_t bytes = rgm_content_bytes(set);
    if (set->info.access[split] == RGM_PIXELS_PREAD)
        return rgm_input_read(&set->input, out, (size_t)(n * bytes), set->splits[split].offset + first * bytes, err);
    rgm_h5_enter();
    rgm_status status = rgm_h5_judge(err, rgm_content_read(set, split, first, n, out, err), set->path);
    rgm_h5_leave();
    return status;
}

/* Puts a dense box into its place among the images. */
static void scatter(const rgm_dataset_info *info, const hsize_t *at, const hsize_t *n, const uint8_t *from,
                    uint8_t *images) {
    size_t H = (size_t)info->H, W = (size_t)info->W, C = (size_t)info->C, run = n[2] * n[3];
    for (hsize_t i = 0; i < n[0]; i++)
        for (hsize_t h = 0; h < n[1]; h++, from += run) {
            uint8_t *to = images + (((at[0] + i) * H + at[1] + h) * W + at[2]) * C + at[3];
            if (n[3] == C)
                memcpy(to, from, run);
            else
                for (hsize_t w = 0; w < n[2]; w++)
                    for (hsize_t c = 0; c < n[3]; c++) to[w * C + c] = from[w * n[3] + c];
        }
}

/* To the next box, the last dimension first; 0 behind the last. */
static int advance(hsize_t *at, const hsize_t *chunk, const hsize_t *dims) {
    for (int32_t i = PIXEL_RANK - 1; i >= 0; i--) {
        at[i] += chunk[i];
        if (at[i] < dims[i]) return 1;
        at[i] = 0;
    }
    return 0;
}

rgm_status rgm_content_unpack(const rgm_dataset *set, int32_t split, uint8_t *to, int64_t most, rgm_error *err) {
    const rgm_dataset_info *info = &set->info;
    const hsize_t *chunk = set->splits[split].chunk;
    const hsize_t dims[PIXEL_RANK] = {(hsize_t)info->count[split], (hsize_t)info->H, (hsize_t)info->W,
                                      (hsize_t)info->C};
    hsize_t at[PIXEL_RANK] = {0}, n[PIXEL_RANK];
    uint8_t *box = malloc(chunk[0] * chunk[1] * chunk[2] * chunk[3]);
    if (!box) return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for a chunk", set->path);
    rgm_status status;
    do {
        status = rgm_h5_asked(&set->input, err);
        for (int32_t i = 0; i < PIXEL_RANK; i++) n[i] = dims[i] - at[i] < chunk[i] ? dims[i] - at[i] : chunk[i];
        if (status == RGM_OK) status = read_box(set, split, at, n, box, err);
        if (status == RGM_OK && to) scatter(info, at, n, box, to);
        most -= (int64_t)(n[0] * n[1] * n[2] * n[3]);
    } while (status == RGM_OK && most > 0 && advance(at, chunk, dims));
    free(box);
    return status;
}
