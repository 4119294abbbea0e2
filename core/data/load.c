#include "data/load.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "data/encoded.h"
#include "data/unpack.h"

#define REHEARSE_BYTES ((int64_t)1 << 28) /* of pixels that the first reader reads in full */

rgm_dataset *rgm_load_new(const char *path) {
    rgm_dataset *set = calloc(1, sizeof *set);
    if (!set) return NULL;
    set->file = -1;
    set->input.fd = -1;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) set->splits[s].images = set->splits[s].file_space = -1;
    set->path = strdup(path);
    set->hashing = calloc(1, sizeof *set->hashing);
    if (!set->path || !set->hashing) {
        free(set->path);
        free(set->hashing);
        free(set);
        return NULL;
    }
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&set->hashing->mutex, &recursive);
    pthread_mutexattr_destroy(&recursive);
    return set;
}

void rgm_load_free(rgm_dataset *set) {
    if (set->map) munmap(set->map, (size_t)set->input.size);
    rgm_input_close(&set->input);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        free(set->splits[s].unpacked);
        free(set->splits[s].labels);
        free(set->splits[s].soft);
        free(set->splits[s].places);
        free(set->splits[s].sizes);
        free(set->splits[s].checksums);
        free(set->splits[s].groups);
        free(set->splits[s].names);
        free(set->splits[s].name_at);
    }
    for (int32_t i = 0; i < set->names_count; i++) free(set->names[i]);
    free(set->names);
    free(set->source);
    free(set->licence);
    free(set->path);
    pthread_mutex_destroy(&set->hashing->mutex);
    free(set->hashing);
    free(set);
}

/* ---- the pixels' place ---- */

/* Do the file's own bytes at the offset equal what HDF5 gives, for sample `index`? 1, 0 or a failure. */
static rgm_status same_sample(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *two, rgm_error *err) {
    size_t bytes = (size_t)rgm_content_bytes(set);
    RGM_TRY(rgm_content_read(set, split, index, 1, two, err));
    RGM_TRY(rgm_input_read(&set->input, two + bytes, bytes, set->splits[split].offset + index * (int64_t)bytes, err));
    return memcmp(two, two + bytes, bytes) == 0;
}

/* Decides how a split's pixels are read. Pixels lie in the file as they are if the data set is contiguous (then it has
 * no filters; external files were refused and full allocation checked before), within the file, and its first and last
 * samples prove it. */
static rgm_status place_pixels(rgm_dataset *set, int32_t split, int32_t access, rgm_error *err) {
    rgm_split_store *store = &set->splits[split];
    int64_t bytes = rgm_content_bytes(set) * set->info.count[split];
    set->info.access[split] = RGM_PIXELS_HDF5;
    hid_t plist = H5Dget_create_plist(store->images);
    H5D_layout_t layout = plist >= 0 ? H5Pget_layout(plist) : H5D_LAYOUT_ERROR;
    if (plist >= 0) H5Pclose(plist);
    if (layout < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, rgm_split_name(split));
    if (layout != H5D_CONTIGUOUS) return RGM_OK;
    haddr_t offset = H5Dget_offset(store->images);
    if (offset == HADDR_UNDEF || offset > (haddr_t)set->input.size || bytes > set->input.size - (int64_t)offset)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s/images reaches past the end of the file", set->path,
                        rgm_split_name(split));
    store->offset = (int64_t)offset;
    uint8_t *two = malloc(2 * (size_t)rgm_content_bytes(set));
    if (!two) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status same = same_sample(set, split, 0, two, err);
    if (same > 0) same = same_sample(set, split, set->info.count[split] - 1, two, err);
    free(two);
    if (same < 0) return same;
    if (same) set->info.access[split] = access == RGM_ACCESS_PREAD ? RGM_PIXELS_PREAD : RGM_PIXELS_MAPPED;
    return RGM_OK;
}

/* What a frame leaves out must be the pictures, and nothing but them. */
static rgm_status check_frame(const rgm_dataset *set, rgm_error *err) {
    int32_t known = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int32_t i = 0; i < set->input.parts && set->splits[s].encoded; i++)
            known += set->input.apart[i].bytes == set->splits[s].encoded &&
                     set->input.apart[i].offset == set->splits[s].offset;
    if (known == set->input.parts) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: damaged: its checksum leaves out other bytes than its pictures", set->path);
}

rgm_status rgm_load(rgm_dataset *set, int32_t access, rgm_error *err) {
    RGM_TRY(rgm_content_load(set, err));
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        if (!set->info.count[s]) continue;
        RGM_TRY(set->info.encoded ? rgm_encoded_place(set, s, access, err) : place_pixels(set, s, access, err));
    }
    return check_frame(set, err);
}

/* ---- rehearsal ---- */

/* What will be read through HDF5 later: of each such split the chunks, as far as they go, and the last sample. */
static rgm_status rehearse_pixels(rgm_dataset *set, uint8_t *last, rgm_error *err) {
    int64_t bytes = rgm_content_bytes(set), left = REHEARSE_BYTES;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        int64_t all = set->info.count[s] * bytes, most = all < left ? all : left;
        if (set->info.access[s] != RGM_PIXELS_HDF5 || all == 0) continue;
        rgm_rehearsal_allow(most + set->info.cache[s]); /* the last sample's chunks are one row */
        if (most > 0) RGM_TRY(rgm_content_unpack(set, s, NULL, most, err));
        RGM_TRY(rgm_content_read(set, s, set->info.count[s] - 1, 1, last, err));
        left -= most;
    }
    return RGM_OK;
}

rgm_status rgm_load_rehearse(const rgm_input *input, const rgm_rehearsal *rehearsal, rgm_error *err) {
    rgm_dataset *set = rgm_load_new(input->path);
    if (!set) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", input->path);
    set->input = *input;
    set->input.stop = (rgm_stop){0}; /* who waits for it ends this process */
    set->room = rehearsal->room;
    set->wants_names = rehearsal->names;
    rgm_status status = rgm_load(set, rehearsal->access, err);
    if (status == RGM_OK && !set->info.encoded) {
        uint8_t *last = malloc((size_t)rgm_content_bytes(set));
        status = last ? rehearse_pixels(set, last, err) : rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
        free(last);
    }
    set->input.fd = -1; /* the caller's */
    rgm_content_close(set);
    rgm_load_free(set);
    return status;
}
