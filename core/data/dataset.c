#include "data/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "data/content.h"
#include "data/stats.h"

enum { FINGERPRINT_SAMPLES = 1024 };
#define REHEARSE_BYTES ((int64_t)1 << 28) /* of pixels that the child process reads in full */

const char *rgm_split_name(int32_t split) {
    static const char *const names[RGM_SPLIT_COUNT] = {"train", "test", "validation"};
    return split >= 0 && split < RGM_SPLIT_COUNT ? names[split] : "?";
}

static int64_t image_bytes(const rgm_dataset *set) { return (int64_t)set->info.H * set->info.W * set->info.C; }

static rgm_dataset *make_empty(const char *path) {
    rgm_dataset *set = calloc(1, sizeof *set);
    if (!set) return NULL;
    set->file = -1;
    set->fd = -1;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        set->splits[s].images = set->splits[s].file_space = set->splits[s].image_space = -1;
    set->path = strdup(path);
    if (set->path) return set;
    free(set);
    return NULL;
}

void rgm_dataset_close(rgm_dataset *set) {
    if (!set) return;
    rgm_h5_enter();
    rgm_content_close(set);
    rgm_h5_leave();
    if (set->map) munmap(set->map, (size_t)set->file_size);
    if (set->fd >= 0) close(set->fd);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
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

/* ---- the pixels' place ---- */

/* Reads `size` bytes of the file at `offset`; a file that ended earlier is an error. */
static rgm_status read_file(const rgm_dataset *set, off_t offset, size_t size, uint8_t *out, rgm_error *err) {
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(set->fd, out + done, size - done, offset + (off_t)done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return rgm_fail(err, RGM_E_IO, "%s: cannot read: %s", set->path, strerror(errno));
        if (got == 0) return rgm_fail(err, RGM_E_IO, "%s: truncated while it is in use", set->path);
        done += (size_t)got;
    }
    return RGM_OK;
}

/* Do the file's own bytes at the offset equal what HDF5 gives, for sample `index`? 1, 0 or a failure. */
static rgm_status same_sample(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *two, rgm_error *err) {
    size_t bytes = (size_t)image_bytes(set);
    RGM_TRY(rgm_content_read(set, split, index, two, err));
    off_t at = set->splits[split].offset + (off_t)(index * (int64_t)bytes);
    RGM_TRY(read_file(set, at, bytes, two + bytes, err));
    return memcmp(two, two + bytes, bytes) == 0;
}

/* Decides how a split's pixels are read. Pixels lie in the file as they are if the data set is contiguous (then it has
 * no filters; external files were refused and full allocation checked before), within the file, and its first and last
 * samples prove it. */
static rgm_status place_pixels(rgm_dataset *set, int32_t split, int32_t access, rgm_error *err) {
    rgm_split_store *store = &set->splits[split];
    int64_t bytes = image_bytes(set) * set->info.count[split];
    set->info.access[split] = RGM_PIXELS_HDF5;
    hid_t plist = H5Dget_create_plist(store->images);
    H5D_layout_t layout = plist >= 0 ? H5Pget_layout(plist) : H5D_CHUNKED;
    if (plist >= 0) H5Pclose(plist);
    if (layout != H5D_CONTIGUOUS) return RGM_OK;
    haddr_t offset = H5Dget_offset(store->images);
    if (offset == HADDR_UNDEF || offset > (haddr_t)set->file_size || bytes > set->file_size - (off_t)offset)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s/images reaches past the end of the file", set->path,
                        rgm_split_name(split));
    store->offset = (off_t)offset;
    uint8_t *two = malloc(2 * (size_t)image_bytes(set));
    if (!two) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status same = same_sample(set, split, 0, two, err);
    if (same > 0) same = same_sample(set, split, set->info.count[split] - 1, two, err);
    free(two);
    if (same < 0) return same;
    if (same) set->info.access[split] = access == RGM_ACCESS_PREAD ? RGM_PIXELS_PREAD : RGM_PIXELS_MAPPED;
    return RGM_OK;
}

/* Keeps a descriptor of the very file that HDF5 parsed. */
static rgm_status hold_file(rgm_dataset *set, rgm_error *err) {
    int *fd = NULL;
    struct stat st;
    if (H5Fget_vfd_handle(set->file, H5P_DEFAULT, (void **)&fd) < 0 || !fd)
        return rgm_h5_fail(err, RGM_E_IO, set->path, "cannot open");
    set->fd = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
    if (set->fd < 0 || fstat(set->fd, &st) != 0) return rgm_fail(err, RGM_E_IO, "%s: %s", set->path, strerror(errno));
    set->file_size = st.st_size;
    return RGM_OK;
}

static rgm_status map_pixels(rgm_dataset *set, rgm_error *err) {
    int wanted = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        wanted |= set->info.count[s] && set->info.access[s] == RGM_PIXELS_MAPPED;
    if (!wanted) return RGM_OK;
    void *map = mmap(NULL, (size_t)set->file_size, PROT_READ, MAP_SHARED, set->fd, 0);
    if (map == MAP_FAILED)
        return rgm_fail(err, RGM_E_IO, "%s: cannot map %lld bytes: %s", set->path, (long long)set->file_size,
                        strerror(errno));
    set->map = map;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (set->info.count[s] && set->info.access[s] == RGM_PIXELS_MAPPED)
            set->splits[s].map = (const uint8_t *)map + set->splits[s].offset;
    return RGM_OK;
}

/* Everything that touches HDF5; inside the lock. Closes the HDF5 file unless some split is read through it. */
static rgm_status load_locked(rgm_dataset *set, int32_t access, rgm_error *err) {
    RGM_TRY(rgm_content_load(set, err));
    RGM_TRY(hold_file(set, err));
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        if (set->info.count[s] == 0) continue;
        RGM_TRY(place_pixels(set, s, access, err));
        set->info.slow |= set->info.access[s] == RGM_PIXELS_HDF5;
    }
    if (!set->info.slow) rgm_content_close(set);
    return RGM_OK;
}

/* ---- rehearsal ---- */

struct rehearsal {
    const char *path;
    int32_t access;
};

/* In the child: loads the set as the parent will, and reads through HDF5 what will be read through HDF5 later. */
static rgm_status rehearse(void *context, rgm_error *err) {
    const struct rehearsal *plan = context;
    rgm_dataset *set = make_empty(plan->path);
    if (!set) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", plan->path);
    RGM_TRY(load_locked(set, plan->access, err));
    int64_t bytes = image_bytes(set), left = REHEARSE_BYTES / bytes + 1;
    uint8_t *out = malloc((size_t)bytes);
    if (!out) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", plan->path);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        if (set->info.access[s] != RGM_PIXELS_HDF5 || set->info.count[s] == 0) continue;
        for (int64_t i = 0; i < set->info.count[s] && left > 0; i++, left--)
            RGM_TRY(rgm_content_read(set, s, i, out, err));
        RGM_TRY(rgm_content_read(set, s, set->info.count[s] - 1, out, err));
    }
    return RGM_OK; /* the process ends here, and its memory with it */
}

/* ---- what is derived from the pixels ---- */

/* One sample's pixels: where they are mapped, or read into `buffer`. */
static rgm_status get_sample(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *buffer, const uint8_t **at,
                             rgm_error *err) {
    *at = rgm_dataset_pixels(set, split, index);
    if (*at) return RGM_OK;
    *at = buffer;
    return rgm_dataset_read(set, split, index, buffer, err);
}

static rgm_status compute_constants(rgm_dataset *set, uint8_t *buffer, rgm_error *err) {
    if (set->has_mean && set->has_std) return RGM_OK;
    if (set->info.count[RGM_SPLIT_TRAIN] == 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s: without a train split it needs the attributes mean and std", set->path);
    rgm_channel_sums sums = {.C = set->info.C};
    for (int64_t i = 0; i < set->info.count[RGM_SPLIT_TRAIN]; i++) {
        const uint8_t *image;
        RGM_TRY(get_sample(set, RGM_SPLIT_TRAIN, i, buffer, &image, err));
        rgm_channel_sums_add(&sums, image, (int64_t)set->info.H * set->info.W);
    }
    double mean[RGM_DATA_CHANNELS], std[RGM_DATA_CHANNELS];
    rgm_channel_sums_finish(&sums, mean, std);
    for (int32_t c = 0; c < set->info.C; c++) {
        set->info.mean[c] = (float)mean[c];
        set->info.std[c] = (float)std[c];
    }
    set->info.computed = 1;
    return RGM_OK;
}

static rgm_status compute_fingerprint(rgm_dataset *set, uint8_t *buffer, rgm_error *err) {
    XXH3_state_t *state = XXH3_createState();
    if (!state) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status status = RGM_OK;
    rgm_dataset_info *info = &set->info;
    XXH3_64bits_reset(state);
    int32_t shape[4] = {info->H, info->W, info->C, info->classes};
    XXH3_64bits_update(state, shape, sizeof shape);
    XXH3_64bits_update(state, info->count, sizeof info->count);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT && status == RGM_OK; s++) {
        int64_t count = info->count[s], samples = count < FINGERPRINT_SAMPLES ? count : FINGERPRINT_SAMPLES;
        const rgm_split_store *store = &set->splits[s];
        if (count) XXH3_64bits_update(state, store->labels, (size_t)count * sizeof *store->labels);
        if (store->soft) XXH3_64bits_update(state, store->soft, (size_t)(count * info->classes) * sizeof *store->soft);
        for (int64_t i = 0; i < samples && status == RGM_OK; i++) {
            const uint8_t *image;
            status = get_sample(set, s, i * count / samples, buffer, &image, err);
            if (status == RGM_OK) XXH3_64bits_update(state, image, (size_t)image_bytes(set));
        }
    }
    info->fingerprint = XXH3_64bits_digest(state);
    XXH3_freeState(state);
    return status;
}

static rgm_status derive(rgm_dataset *set, rgm_error *err) {
    uint8_t *buffer = malloc((size_t)image_bytes(set));
    if (!buffer) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status status = compute_constants(set, buffer, err);
    if (status == RGM_OK) status = compute_fingerprint(set, buffer, err);
    free(buffer);
    return status;
}

/* ---- the interface ---- */

rgm_status rgm_dataset_open(rgm_dataset **out, const char *path, int32_t access, rgm_error *err) {
    *out = NULL;
    int32_t framed = 0;
    RGM_TRY(rgm_file_verify(path, &framed, err));
    struct rehearsal plan = {path, access};
    if (!framed) RGM_TRY(rgm_file_rehearse(path, rehearse, &plan, err));
    rgm_status status;
    rgm_dataset *set = make_empty(path);
    if (!set) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
    rgm_h5_enter();
    status = load_locked(set, access, err);
    rgm_h5_leave();
    if (status < 0) goto fail;
    set->info.path = set->path;
    set->info.framed = framed;
    set->info.class_names = (const char *const *)set->names;
    set->info.source = set->source ? set->source : "";
    set->info.licence = set->licence ? set->licence : "";
    RGM_TRY_OR_FAIL(status, map_pixels(set, err));
    RGM_TRY_OR_FAIL(status, derive(set, err));
    *out = set;
    return RGM_OK;
fail:
    rgm_dataset_close(set);
    return status;
}

const rgm_dataset_info *rgm_dataset_describe(const rgm_dataset *set) { return &set->info; }

const int32_t *rgm_dataset_labels(const rgm_dataset *set, int32_t split) { return set->splits[split].labels; }

const float *rgm_dataset_soft(const rgm_dataset *set, int32_t split) { return set->splits[split].soft; }

const uint8_t *rgm_dataset_pixels(const rgm_dataset *set, int32_t split, int64_t index) {
    const uint8_t *map = set->splits[split].map;
    return map ? map + index * image_bytes(set) : NULL;
}

rgm_status rgm_dataset_read(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *out, rgm_error *err) {
    if (index < 0 || index >= set->info.count[split])
        return rgm_fail(err, RGM_E_INTERNAL, "%s: sample %lld of %lld", set->path, (long long)index,
                        (long long)set->info.count[split]);
    size_t bytes = (size_t)image_bytes(set);
    switch (set->info.access[split]) {
    case RGM_PIXELS_MAPPED:
        memcpy(out, rgm_dataset_pixels(set, split, index), bytes);
        return RGM_OK;
    case RGM_PIXELS_PREAD:
        return read_file(set, set->splits[split].offset + (off_t)(index * (int64_t)bytes), bytes, out, err);
    default:
        break;
    }
    rgm_h5_enter();
    rgm_status status = rgm_content_read(set, split, index, out, err);
    rgm_h5_leave();
    return status;
}

void rgm_dataset_will_need(const rgm_dataset *set, int32_t split, int64_t index) {
    const uint8_t *at = rgm_dataset_pixels(set, split, index);
    if (!at) return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)at & ~(page - 1);
    madvise((void *)from, (uintptr_t)at + (uintptr_t)image_bytes(set) - from, MADV_WILLNEED);
}

rgm_status rgm_dataset_check(const rgm_dataset *set, rgm_error *err) {
    struct stat st;
    if (fstat(set->fd, &st) != 0) return rgm_fail(err, RGM_E_IO, "%s: %s", set->path, strerror(errno));
    if (st.st_size >= set->file_size) return RGM_OK;
    return rgm_fail(err, RGM_E_IO, "%s: truncated from %lld to %lld bytes while it is in use", set->path,
                    (long long)set->file_size, (long long)st.st_size);
}
