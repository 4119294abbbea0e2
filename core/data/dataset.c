#include "data/dataset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/memory.h"
#include "data/content.h"
#include "data/fingerprint.h"
#include "data/knobs.h"
#include "data/rehearsal.h"
#include "data/stats.h"

enum { READ_BYTES = 1 << 24, ROOM_SHARE = 4 };
#define REHEARSE_BYTES ((int64_t)1 << 28) /* of pixels that the first reader reads in full */

const char *rgm_split_name(int32_t split) {
    static const char *const names[RGM_SPLIT_COUNT] = {"train", "test", "validation"};
    return split >= 0 && split < RGM_SPLIT_COUNT ? names[split] : "?";
}

static rgm_dataset *make_empty(const char *path) {
    rgm_dataset *set = calloc(1, sizeof *set);
    if (!set) return NULL;
    set->file = -1;
    set->input.fd = -1;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) set->splits[s].images = set->splits[s].file_space = -1;
    set->path = strdup(path);
    if (set->path) return set;
    free(set);
    return NULL;
}

/* Closes all but what HDF5 has open. */
static void release(rgm_dataset *set) {
    if (set->map) munmap(set->map, (size_t)set->input.size);
    rgm_input_close(&set->input);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        free(set->splits[s].unpacked);
        free(set->splits[s].labels);
        free(set->splits[s].soft);
    }
    for (int32_t i = 0; i < set->names_count; i++) free(set->names[i]);
    free(set->names);
    free(set->source);
    free(set->licence);
    free(set->path);
    free(set);
}

void rgm_dataset_close(rgm_dataset *set) {
    if (!set) return;
    rgm_fingerprint_end(set);
    rgm_h5_enter();
    rgm_content_close(set);
    rgm_h5_leave();
    release(set);
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

static rgm_status map_pixels(rgm_dataset *set, rgm_error *err) {
    int wanted = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        wanted |= set->info.count[s] && set->info.access[s] == RGM_PIXELS_MAPPED;
    if (!wanted) return RGM_OK;
    void *map = mmap(NULL, (size_t)set->input.size, PROT_READ, MAP_SHARED, set->input.fd, 0);
    if (map == MAP_FAILED)
        return rgm_fail(err, RGM_E_IO, "%s: cannot map %lld bytes: %s", set->path, (long long)set->input.size,
                        strerror(errno));
    set->map = map;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (set->info.count[s] && set->info.access[s] == RGM_PIXELS_MAPPED)
            set->splits[s].map = (const uint8_t *)map + set->splits[s].offset;
    return RGM_OK;
}

static int64_t find_room(void) {
    size_t memory = rgm_memory_available(), space = rgm_address_space_read().left;
    return (int64_t)((space < memory ? space : memory) / ROOM_SHARE);
}

/* Reads the content, and how pixels are read. Inside the lock. */
static rgm_status load_locked(rgm_dataset *set, int32_t access, rgm_error *err) {
    RGM_TRY(rgm_content_load(set, err));
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (set->info.count[s]) RGM_TRY(place_pixels(set, s, access, err));
    return RGM_OK;
}

/* Unpacks the splits that HDF5 would have to read, as many as there is room for. Inside the lock. */
static rgm_status unpack_pixels(rgm_dataset *set, rgm_error *err) {
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        int64_t bytes = rgm_content_bytes(set) * set->info.count[s];
        if (bytes == 0 || set->info.access[s] != RGM_PIXELS_HDF5) continue;
        rgm_split_store *store = &set->splits[s];
        store->unpacked = bytes <= set->room - set->info.unpacked ? malloc((size_t)bytes) : NULL;
        if (!store->unpacked) {
            set->info.slow = 1;
            continue;
        }
        RGM_TRY(rgm_content_unpack(set, s, store->unpacked, bytes, err));
        rgm_content_close_split(set, s);
        store->map = store->unpacked;
        set->info.access[s] = RGM_PIXELS_MEMORY;
        set->info.unpacked += bytes;
    }
    return RGM_OK;
}

/* Everything that touches HDF5. Closes the HDF5 file unless some split is read through it. */
static rgm_status load(rgm_dataset *set, int32_t access, rgm_error *err) {
    rgm_h5_enter();
    rgm_status status = load_locked(set, access, err);
    if (status == RGM_OK) status = unpack_pixels(set, err);
    status = rgm_h5_judge(err, status, set->path);
    if (status == RGM_OK && !set->info.slow) rgm_content_close(set);
    rgm_h5_leave();
    return status;
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

rgm_status rgm_content_rehearse(const rgm_input *input, int32_t access, int64_t room, rgm_error *err) {
    rgm_dataset *set = make_empty(input->path);
    if (!set) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", input->path);
    set->input = *input;
    set->input.stop = (rgm_stop){0}; /* who waits for it ends this process */
    set->room = room;
    rgm_status status = load_locked(set, access, err);
    if (status == RGM_OK) {
        uint8_t *last = malloc((size_t)rgm_content_bytes(set));
        status = last ? rehearse_pixels(set, last, err) : rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
        free(last);
    }
    set->input.fd = -1; /* the caller's */
    rgm_content_close(set);
    release(set);
    return status;
}

/* ---- what is derived from the pixels ---- */

/* Adds `n` samples from `first` on to the sums; `buffer` has room for them. */
static rgm_status add_samples(const rgm_dataset *set, int64_t first, int64_t n, uint8_t *buffer, rgm_channel_sums *sums,
                              rgm_error *err) {
    const uint8_t *images = rgm_dataset_pixels(set, RGM_SPLIT_TRAIN, first);
    if (!images) RGM_TRY(rgm_content_samples(set, RGM_SPLIT_TRAIN, first, n, buffer, err));
    if (!images) images = buffer;
    for (int64_t i = 0; i < n; i++)
        rgm_channel_sums_add(sums, images + i * rgm_content_bytes(set), (int64_t)set->info.H * set->info.W);
    return RGM_OK;
}

static rgm_status sum_channels(const rgm_dataset *set, rgm_channel_sums *sums, rgm_error *err) {
    int64_t count = set->info.count[RGM_SPLIT_TRAIN], some = READ_BYTES / rgm_content_bytes(set) + 1;
    if (some > count) some = count;
    uint8_t *buffer = malloc((size_t)(some * rgm_content_bytes(set)));
    if (!buffer) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status status = RGM_OK;
    for (int64_t at = 0; at < count && status == RGM_OK; at += some) {
        status = rgm_input_asked(&set->input, err);
        if (status == RGM_OK) status = add_samples(set, at, count - at < some ? count - at : some, buffer, sums, err);
    }
    free(buffer);
    return status;
}

static rgm_status compute_constants(rgm_dataset *set, rgm_error *err) {
    set->info.constants = 1;
    if (set->has_mean && set->has_std) return RGM_OK;
    set->info.constants = set->info.count[RGM_SPLIT_TRAIN] > 0;
    if (!set->info.constants) return RGM_OK;
    rgm_channel_sums sums = {.C = set->info.C};
    RGM_TRY(sum_channels(set, &sums, err));
    double mean[RGM_DATA_CHANNELS], std[RGM_DATA_CHANNELS];
    rgm_channel_sums_finish(&sums, mean, std);
    for (int32_t c = 0; c < set->info.C; c++) {
        set->info.mean[c] = (float)mean[c];
        set->info.std[c] = (float)std[c];
    }
    set->info.computed = 1;
    return RGM_OK;
}

/* ---- the interface ---- */

static rgm_status open_set(rgm_dataset *set, const rgm_dataset_options *options, rgm_error *err) {
    static const rgm_dataset_knobs none;
    const rgm_dataset_knobs *knobs = options->knobs ? options->knobs : &none;
    rgm_input *input = &set->input;
    set->room = knobs->room ? knobs->room : find_room();
    const rgm_rehearsal rehearsal = {.kind = RGM_REHEARSE_SET, .access = options->access, .room = set->room};
    RGM_TRY(rgm_input_open(input, set->path, &options->stop, err));
    RGM_TRY(rgm_input_verify(input, err));
    if (!input->framed && !knobs->trusted) RGM_TRY(rgm_file_rehearse(input, &rehearsal, err));
    RGM_TRY(load(set, options->access, err));
    set->info.path = set->path;
    set->info.framed = input->framed;
    set->info.unlocked = input->unlocked;
    set->info.class_names = (const char *const *)set->names;
    set->info.source = set->source ? set->source : "";
    set->info.licence = set->licence ? set->licence : "";
    RGM_TRY(map_pixels(set, err));
    RGM_TRY(compute_constants(set, err));
    return rgm_input_unchanged(input, err); /* all of that was the same file */
}

rgm_status rgm_dataset_open(rgm_dataset **out, const char *path, const rgm_dataset_options *options, rgm_error *err) {
    static const rgm_dataset_options none;
    *out = NULL;
    rgm_dataset *set = make_empty(path);
    if (!set) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
    rgm_status status = open_set(set, options ? options : &none, err);
    if (status < 0)
        rgm_dataset_close(set);
    else
        *out = set;
    return status;
}

const rgm_dataset_info *rgm_dataset_describe(const rgm_dataset *set) { return &set->info; }

const int32_t *rgm_dataset_labels(const rgm_dataset *set, int32_t split) { return set->splits[split].labels; }

const float *rgm_dataset_soft(const rgm_dataset *set, int32_t split) { return set->splits[split].soft; }

const uint8_t *rgm_dataset_pixels(const rgm_dataset *set, int32_t split, int64_t index) {
    const uint8_t *map = set->splits[split].map;
    return map ? map + index * rgm_content_bytes(set) : NULL;
}

rgm_status rgm_dataset_read(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *out, rgm_error *err) {
    if (index < 0 || index >= set->info.count[split])
        return rgm_fail(err, RGM_E_INTERNAL, "%s: sample %lld of %lld", set->path, (long long)index,
                        (long long)set->info.count[split]);
    const uint8_t *at = rgm_dataset_pixels(set, split, index);
    if (!at) return rgm_content_samples(set, split, index, 1, out, err);
    memcpy(out, at, (size_t)rgm_content_bytes(set));
    return RGM_OK;
}

void rgm_dataset_will_need(const rgm_dataset *set, int32_t split, int64_t index) {
    const uint8_t *at = rgm_dataset_pixels(set, split, index);
    if (!at || set->info.access[split] != RGM_PIXELS_MAPPED) return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)at & ~(page - 1);
    madvise((void *)from, (uintptr_t)at + (uintptr_t)rgm_content_bytes(set) - from, MADV_WILLNEED);
}

rgm_status rgm_dataset_asked(const rgm_dataset *set, rgm_error *err) { return rgm_input_asked(&set->input, err); }

rgm_status rgm_dataset_check(const rgm_dataset *set, rgm_error *err) {
    int needed = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        needed |= set->info.count[s] && set->info.access[s] != RGM_PIXELS_MEMORY;
    return needed ? rgm_input_unchanged(&set->input, err) : RGM_OK;
}
