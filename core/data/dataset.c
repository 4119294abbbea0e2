#include "data/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/log.h"
#include "base/memory.h"
#include "data/content.h"
#include "data/encoded.h"
#include "data/fingerprint.h"
#include "data/knobs.h"
#include "data/load.h"
#include "data/rehearsal.h"
#include "data/stats.h"
#include "data/unpack.h"

enum { READ_BYTES = 1 << 24, ROOM_SHARE = 4 };

const char *rgm_split_name(int32_t split) {
    static const char *const names[] = {
        [RGM_SPLIT_TRAIN] = "train", [RGM_SPLIT_TEST] = "test", [RGM_SPLIT_VALIDATION] = "validation"};
    _Static_assert(sizeof names / sizeof *names == RGM_SPLIT_COUNT, "each split has a name");
    return split >= 0 && split < RGM_SPLIT_COUNT ? names[split] : "?";
}

void rgm_dataset_close(rgm_dataset *set) {
    if (!set) return;
    rgm_fingerprint_end(set);
    if (set->file >= 0) {
        rgm_h5_enter();
        rgm_content_close(set);
        rgm_h5_leave();
    }
    rgm_load_free(set);
}

/* ---- the pixels' place ---- */

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
    rgm_status status = rgm_load(set, access, err);
    if (status == RGM_OK) status = unpack_pixels(set, err);
    status = rgm_h5_judge(err, status, set->path);
    if (status == RGM_OK && !set->info.slow) rgm_content_close(set);
    rgm_h5_leave();
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
    RGM_TRY(set->info.encoded ? rgm_encoded_sums(set, &sums, err) : sum_channels(set, &sums, err));
    set->info.constants = sums.pixels > 0; /* none of the pictures can be read, which a lenient set may be */
    if (!set->info.constants) return RGM_OK;
    double mean[RGM_DATA_CHANNELS], std[RGM_DATA_CHANNELS];
    rgm_channel_sums_finish(&sums, mean, std);
    for (int32_t c = 0; c < set->info.C; c++) {
        set->info.mean[c] = (float)mean[c];
        set->info.std[c] = (float)std[c];
    }
    set->info.computed = 1;
    return RGM_OK;
}

/* ---- any set's opening ---- */

/* The end of an opening, and of who may stop it. */
static rgm_status hand_over(rgm_dataset *set, rgm_status status, rgm_dataset **out) {
    set->input.stop = (rgm_stop){0};
    if (status < 0)
        rgm_dataset_close(set);
    else
        *out = set;
    return status;
}

/* What of the description is the set's own texts. */
static void describe_texts(rgm_dataset *set) {
    set->info.path = set->path;
    set->info.class_names = (const char *const *)set->names;
    set->info.source = set->source ? set->source : "";
    set->info.licence = set->licence ? set->licence : "";
}

/* ---- a file ---- */

static rgm_status open_set(rgm_dataset *set, const rgm_dataset_options *options, rgm_error *err) {
    static const rgm_dataset_knobs none;
    const rgm_dataset_knobs *knobs = options->knobs ? options->knobs : &none;
    rgm_input *input = &set->input;
    set->room = knobs->room ? knobs->room : find_room();
    set->lenient = options->lenient;
    set->wants_names = options->names;
    const rgm_rehearsal rehearsal = {
        .kind = RGM_REHEARSE_SET, .access = options->access, .names = options->names, .room = set->room};
    RGM_TRY(rgm_input_open(input, set->path, &options->stop, err));
    RGM_TRY(rgm_input_verify(input, err));
    if (!input->framed && !knobs->trusted) RGM_TRY(rgm_file_rehearse(input, &rehearsal, err));
    RGM_TRY(load(set, options->access, err));
    if (set->refused.status) rgm_log(RGM_LOG_WARN, "%s: its images go without names", set->refused.text);
    describe_texts(set);
    set->info.framed = input->framed;
    set->info.unlocked = input->unlocked;
    RGM_TRY(map_pixels(set, err));
    RGM_TRY(rgm_encoded_measure(set, err));
    RGM_TRY(compute_constants(set, err));
    return rgm_input_unchanged(input, err); /* all of that was the same file */
}

rgm_status rgm_dataset_open(rgm_dataset **out, const char *path, const rgm_dataset_options *options, rgm_error *err) {
    static const rgm_dataset_options none;
    *out = NULL;
    rgm_dataset *set = rgm_load_new(path);
    if (!set) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
    rgm_status status = open_set(set, options ? options : &none, err);
    return hand_over(set, status, out);
}

/* ---- pixels in memory ---- */

static rgm_status check_memory(const rgm_dataset *set, const rgm_dataset_memory *m, rgm_error *err) {
    if (m->H < 1 || m->W < 1 || m->C < 1 || m->H > RGM_DATA_SIDE || m->W > RGM_DATA_SIDE || m->C > RGM_DATA_CHANNELS ||
        (int64_t)m->H * m->W * m->C > RGM_DATA_IMAGE_BYTES)
        return rgm_fail(err, RGM_E_USAGE,
                        "%s: images of %d x %d x %d (H, W, C): expected 1 to %d pixels a side, 1 to %d channels, at "
                        "most %d bytes an image",
                        set->path, m->H, m->W, m->C, RGM_DATA_SIDE, RGM_DATA_CHANNELS, RGM_DATA_IMAGE_BYTES);
    if (m->classes < 2 || m->classes > RGM_DATA_CLASSES)
        return rgm_fail(err, RGM_E_USAGE, "%s: %d classes: expected 2 to %d", set->path, m->classes, RGM_DATA_CLASSES);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (m->count[s]) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "%s: no images in any split", set->path);
}

static rgm_status check_memory_split(const rgm_dataset *set, const rgm_dataset_memory *m, int32_t split,
                                     rgm_error *err) {
    int64_t count = m->count[split], bytes = rgm_content_bytes(set);
    const char *name = rgm_split_name(split);
    if (count < 0 || count > INT32_MAX)
        return rgm_fail(err, RGM_E_USAGE, "%s: %lld images in the %s split: expected 0 to %d", set->path,
                        (long long)count, name, INT32_MAX);
    if (count && (!m->images[split] || !m->labels[split]))
        return rgm_fail(err, RGM_E_USAGE, "%s: %lld images in the %s split, but no %s", set->path, (long long)count,
                        name, m->images[split] ? "labels" : "pixels");
    if ((uint64_t)(count * bytes) > UINTPTR_MAX - (uintptr_t)m->images[split])
        return rgm_fail(err, RGM_E_USAGE, "%s: %lld images of %lld bytes in the %s split: more than memory can hold",
                        set->path, (long long)count, (long long)bytes, name);
    return RGM_OK;
}

static rgm_status take_split(rgm_dataset *set, const rgm_dataset_memory *m, int32_t split, rgm_error *err) {
    rgm_split_store *store = &set->splits[split];
    int64_t count = m->count[split];
    if (!count) return RGM_OK;
    store->labels = malloc((size_t)count * sizeof *store->labels);
    if (!store->labels) return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %lld labels", set->path, (long long)count);
    for (int64_t i = 0; i < count; i++) {
        int32_t label = store->labels[i] = m->labels[split][i];
        if (label < 0 || label >= m->classes)
            return rgm_fail(err, RGM_E_USAGE, "%s: %s/labels[%lld] is %d: a label is 0 to %d", set->path,
                            rgm_split_name(split), (long long)i, label, m->classes - 1);
    }
    set->info.count[split] = count;
    set->info.access[split] = RGM_PIXELS_MEMORY;
    store->map = m->images[split];
    return RGM_OK;
}

static rgm_status take_names(rgm_dataset *set, const rgm_dataset_memory *m, rgm_error *err) {
    if (!m->class_names) return RGM_OK;
    set->names = calloc((size_t)m->classes, sizeof *set->names);
    if (!set->names) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    for (int32_t i = 0; i < m->classes; i++) {
        const char *name = m->class_names[i];
        if (!name) return rgm_fail(err, RGM_E_USAGE, "%s: class_names[%d]: there is none", set->path, i);
        if (strnlen(name, RGM_DATA_NAME_BYTES + 1) > RGM_DATA_NAME_BYTES)
            return rgm_fail(err, RGM_E_USAGE, "%s: class_names[%d]: more than %d bytes", set->path, i,
                            RGM_DATA_NAME_BYTES);
        set->names[i] = strdup(name);
        if (!set->names[i]) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
        set->names_count++;
    }
    return RGM_OK;
}

static void take_constants(rgm_dataset *set, const rgm_dataset_memory *m) {
    if (!m->mean || !m->std) return;
    memcpy(set->info.mean, m->mean, (size_t)m->C * sizeof *m->mean);
    memcpy(set->info.std, m->std, (size_t)m->C * sizeof *m->std);
    set->has_mean = set->has_std = 1;
}

static rgm_status take_memory(rgm_dataset *set, const rgm_dataset_memory *m, rgm_error *err) {
    RGM_TRY(check_memory(set, m, err));
    set->info.H = m->H;
    set->info.W = m->W;
    set->info.C = m->C;
    set->info.classes = m->classes;
    set->input.path = set->path;
    set->input.stop = m->stop;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) RGM_TRY(check_memory_split(set, m, s, err));
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) RGM_TRY(take_split(set, m, s, err));
    RGM_TRY(take_names(set, m, err));
    describe_texts(set);
    take_constants(set, m);
    return compute_constants(set, err);
}

rgm_status rgm_dataset_from_memory(rgm_dataset **out, const rgm_dataset_memory *memory, rgm_error *err) {
    const char *name = memory->name ? memory->name : "memory";
    *out = NULL;
    rgm_dataset *set = rgm_load_new(name);
    if (!set) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", name);
    rgm_status status = take_memory(set, memory, err);
    return hand_over(set, status, out);
}

/* ---- use ---- */

const rgm_dataset_info *rgm_dataset_describe(const rgm_dataset *set) { return &set->info; }

const int32_t *rgm_dataset_labels(const rgm_dataset *set, int32_t split) { return set->splits[split].labels; }

const float *rgm_dataset_soft(const rgm_dataset *set, int32_t split) { return set->splits[split].soft; }

const int32_t *rgm_dataset_groups(const rgm_dataset *set, int32_t split) { return set->splits[split].groups; }

const char *rgm_dataset_name(const rgm_dataset *set, int32_t split, int64_t index) {
    const rgm_split_store *store = &set->splits[split];
    return store->names && index >= 0 && index < set->info.count[split] ? store->names + store->name_at[index] : NULL;
}

const uint8_t *rgm_dataset_pixels(const rgm_dataset *set, int32_t split, int64_t index) {
    const uint8_t *map = set->splits[split].map;
    return map && !set->info.encoded ? map + index * rgm_content_bytes(set) : NULL;
}

rgm_status rgm_dataset_read(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *out, rgm_error *err) {
    if (index < 0 || index >= set->info.count[split] || set->info.encoded)
        return rgm_fail(err, RGM_E_INTERNAL, "%s: sample %lld of %lld", set->path, (long long)index,
                        (long long)set->info.count[split]);
    const uint8_t *at = rgm_dataset_pixels(set, split, index);
    if (!at) return rgm_content_samples(set, split, index, 1, out, err);
    memcpy(out, at, (size_t)rgm_content_bytes(set));
    return RGM_OK;
}

rgm_status rgm_dataset_encoded(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *room,
                               rgm_encoded *encoded, rgm_error *err) {
    return rgm_encoded_get(set, split, index, room, encoded, err);
}

void rgm_dataset_will_need(const rgm_dataset *set, int32_t split, int64_t index) {
    const rgm_split_store *store = &set->splits[split];
    const int64_t *places = store->places;
    int64_t at = places ? places[index] : index * rgm_content_bytes(set);
    int64_t bytes = places ? places[index + 1] - at : rgm_content_bytes(set);
    if (set->info.access[split] == RGM_PIXELS_MAPPED) {
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = (uintptr_t)(store->map + at) & ~(page - 1);
        madvise((void *)from, (uintptr_t)(store->map + at + bytes) - from, MADV_WILLNEED);
    } else if (places) {
        posix_fadvise(set->input.fd, (off_t)(store->offset + at), (off_t)bytes, POSIX_FADV_WILLNEED);
    }
}

rgm_status rgm_dataset_check(const rgm_dataset *set, rgm_error *err) {
    int needed = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        needed |= set->info.count[s] && set->info.access[s] != RGM_PIXELS_MEMORY;
    return needed ? rgm_input_unchanged(&set->input, err) : RGM_OK;
}
