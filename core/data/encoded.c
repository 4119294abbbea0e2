#include "data/encoded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "base/rng.h"
#include "data/attribute.h"
#include "data/rehearsal.h"
#include "data/unpack.h"

enum { TABLE_CACHE = 64 << 20, PROOF_BYTES = 1 << 16, SUMMED_PICTURES = 1000, WHITE = 255 };
#define SUMMED_PIXELS ((int64_t)1 << 28)

/* The root's `channels` and `background`. */
static rgm_status read_channels(rgm_dataset *set, rgm_error *err) {
    const rgm_attribute_integers channels = {RGM_DATA_CHANNEL_COUNT, 1, RGM_DATA_CHANNELS},
                                 background = {RGM_DATA_BACKGROUND, 3, WHITE};
    int32_t C = 3, colour[3] = {WHITE, WHITE, WHITE}, found;
    RGM_TRY(rgm_attribute_read_integers(set, &channels, &C, &found, err));
    RGM_TRY(rgm_attribute_read_integers(set, &background, colour, &found, err));
    if (C != 1 && C != 3)
        return rgm_fail(err, RGM_E_FORMAT, "%s: attribute %s is %d: pictures are decoded to 1 or 3", set->path,
                        RGM_DATA_CHANNEL_COUNT, C);
    set->info.C = C;
    set->info.encoded = 1;
    for (int32_t i = 0; i < 3; i++) set->info.pictures.background[i] = (uint8_t)colour[i];
    return RGM_OK;
}

/* ---- tables ---- */

/* A table beside the pictures: what must be in it, and where it goes. */
typedef struct wanted {
    const char *name; /* in the group */
    int32_t columns;  /* 0: of one dimension */
    hid_t memory;     /* integers */
    size_t bytes;     /* of one of them */
} wanted;

static rgm_status refuse_table(const rgm_h5_table *table, hid_t type, const char *expected, rgm_error *err) {
    char found[RGM_H5_TEXT], shape[RGM_H5_TEXT];
    rgm_h5_type_text(type, found);
    rgm_h5_shape_text(table->rank, table->dims, shape);
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s: expected %s, found %s %s", table->path, table->name, expected, found,
                    shape);
}

static rgm_status check_table(rgm_h5_table *table, const wanted *w, rgm_error *err) {
    RGM_TRY(rgm_h5_extents(table, 2, err));
    hid_t type = H5Dget_type(table->dataset);
    int fits = type >= 0 && H5Tget_class(type) == H5T_INTEGER && table->rank == (w->columns ? 2 : 1) &&
               (!w->columns || table->dims[1] == (hsize_t)w->columns) && table->dims[0] <= (hsize_t)INT32_MAX + 1;
    rgm_status status = fits ? rgm_content_check_allocated(table, err)
                             : refuse_table(table, type, w->columns ? "integers [N, 2]" : "integers [N]", err);
    if (type >= 0) H5Tclose(type);
    return status;
}

static rgm_status take_table(rgm_h5_table *table, const wanted *w, void **to, rgm_error *err) {
    RGM_TRY(check_table(table, w, err));
    size_t count = (size_t)table->dims[0] * (size_t)(w->columns ? w->columns : 1);
    rgm_rehearsal_allow((int64_t)(count * w->bytes));
    *to = malloc(count * w->bytes);
    if (!*to) return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %zu %s", table->path, count, table->name);
    if (H5Dread(table->dataset, w->memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, *to) >= 0) return RGM_OK;
    return rgm_h5_fail(err, RGM_E_FORMAT, table->path, table->name);
}

/* Reads a whole table into new memory, freed with the set; *rows of it. */
static rgm_status read_table(const rgm_dataset *set, hid_t group, const char *name, const wanted *w, void **to,
                             int64_t *rows, rgm_error *err) {
    int64_t cache = TABLE_CACHE;
    rgm_h5_table table = {.name = name, .path = set->path, .dims = {0, 1}};
    RGM_TRY(rgm_content_open(group, w->name, set->path, &cache, &table.dataset, err));
    rgm_status status = take_table(&table, w, to, err);
    H5Dclose(table.dataset);
    *rows = (int64_t)table.dims[0];
    return status;
}

static rgm_status open_bytes(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err) {
    rgm_split_store *store = &set->splits[split];
    char name[32];
    snprintf(name, sizeof name, "%s/encoded", rgm_split_name(split));
    rgm_h5_table table = {.name = name, .path = set->path};
    RGM_TRY(rgm_h5_open_dataset(group, RGM_DATA_ENCODED, set->path, H5P_DEFAULT, &store->images, err));
    table.dataset = store->images;
    RGM_TRY(rgm_h5_extents(&table, 2, err));
    hid_t type = H5Dget_type(table.dataset);
    int fits = type >= 0 && H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 1 && table.rank == 1;
    rgm_status status = fits ? RGM_OK : refuse_table(&table, type, "uint8 [bytes]", err);
    if (type >= 0) H5Tclose(type);
    if (status < 0) return status;
    store->encoded = (int64_t)table.dims[0];
    return rgm_content_check_allocated(&table, err);
}

/* Each picture has bytes, and lies behind the one before. */
static rgm_status check_places(const rgm_dataset *set, int32_t split, rgm_error *err) {
    const rgm_split_store *store = &set->splits[split];
    const int64_t count = set->info.count[split], *at = store->places;
    for (int64_t i = 0; i <= count; i++)
        if (at[i] < 0 || at[i] > store->encoded || (i && at[i] <= at[i - 1]))
            return rgm_fail(err, RGM_E_FORMAT,
                            "%s: %s/%s[%lld] is %lld: expected more than the one before, at most %lld", set->path,
                            rgm_split_name(split), RGM_DATA_OFFSETS, (long long)i, (long long)at[i],
                            (long long)store->encoded);
    if (!set->input.framed || (at[0] == 0 && at[count] == store->encoded)) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s/%s leaves out some of the bytes", set->path, rgm_split_name(split),
                    RGM_DATA_OFFSETS);
}

static rgm_status read_places(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err) {
    static const char *const names[] = {"train/offsets", "test/offsets", "validation/offsets"};
    const wanted w = {RGM_DATA_OFFSETS, 0, H5T_NATIVE_INT64, sizeof(int64_t)};
    int64_t rows;
    void *to = NULL;
    rgm_status status = read_table(set, group, names[split], &w, &to, &rows, err);
    set->splits[split].places = to;
    if (status < 0) return status;
    if (rows < 2)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s: expected one more than there are pictures, found 1", set->path,
                        names[split]);
    set->info.count[split] = rows - 1;
    return check_places(set, split, err);
}

static rgm_status check_size(const rgm_dataset *set, int32_t split, int64_t index, const int32_t size[2],
                             rgm_error *err) {
    if (size[0] >= 1 && size[1] >= 1 && size[0] <= RGM_PICTURE_SIDE && size[1] <= RGM_PICTURE_SIDE &&
        (int64_t)size[0] * size[1] <= RGM_PICTURE_PIXELS)
        return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s/%s[%lld] is %d x %d: expected 1 to %d a side, at most %d pixels",
                    set->path, rgm_split_name(split), RGM_DATA_SIZES, (long long)index, size[0], size[1],
                    RGM_PICTURE_SIDE, RGM_PICTURE_PIXELS);
}

static rgm_status read_sizes(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err) {
    static const char *const names[] = {"train/sizes", "test/sizes", "validation/sizes"};
    const wanted w = {RGM_DATA_SIZES, 2, H5T_NATIVE_INT32, sizeof(int32_t)};
    int64_t rows, count = set->info.count[split];
    void *to = NULL;
    int found = rgm_h5_exists(group, RGM_DATA_SIZES);
    if (found < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, names[split]);
    if (!found && !set->input.framed) return RGM_OK;
    rgm_status status = read_table(set, group, names[split], &w, &to, &rows, err);
    int32_t *sizes = set->splits[split].sizes = to;
    if (status < 0) return status;
    if (rows != count)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s has %lld entries for %lld pictures", set->path, names[split],
                        (long long)rows, (long long)count);
    for (int64_t i = 0; i < count; i++) RGM_TRY(check_size(set, split, i, sizes + 2 * i, err));
    return RGM_OK;
}

/* Only a frame vouches for checksums. */
static rgm_status read_checksums(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err) {
    static const char *const names[] = {"train/checksums", "test/checksums", "validation/checksums"};
    const wanted w = {RGM_DATA_CHECKSUMS, 0, H5T_NATIVE_UINT64, sizeof(uint64_t)};
    int64_t rows, count = set->info.count[split];
    void *to = NULL;
    if (!set->input.framed) return RGM_OK;
    rgm_status status = read_table(set, group, names[split], &w, &to, &rows, err);
    set->splits[split].checksums = to;
    if (status < 0 || rows == count) return status;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %s has %lld entries for %lld pictures", set->path, names[split],
                    (long long)rows, (long long)count);
}

rgm_status rgm_encoded_open(rgm_dataset *set, hid_t group, int32_t split, rgm_error *err) {
    if (!set->info.encoded) RGM_TRY(read_channels(set, err));
    RGM_TRY(open_bytes(set, group, split, err));
    RGM_TRY(read_places(set, group, split, err));
    RGM_TRY(read_sizes(set, group, split, err));
    return read_checksums(set, group, split, err);
}

/* ---- the bytes' place ---- */

/* Do the file's own bytes equal what HDF5 gives, for n bytes from `first` on? 1, 0 or a failure. */
static rgm_status same_bytes(const rgm_dataset *set, int32_t split, int64_t first, int64_t n, uint8_t *two,
                             rgm_error *err) {
    const rgm_split_store *store = &set->splits[split];
    const hsize_t start = (hsize_t)first, extent = (hsize_t)n;
    hid_t space = H5Dget_space(store->images), memory = H5Screate_simple(1, &extent, NULL);
    int read = space >= 0 && memory >= 0 &&
               H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &extent, NULL) >= 0 &&
               H5Dread(store->images, H5T_NATIVE_UINT8, memory, space, H5P_DEFAULT, two) >= 0;
    rgm_status status = read ? RGM_OK : rgm_h5_fail(err, RGM_E_FORMAT, set->path, RGM_DATA_ENCODED);
    if (space >= 0) H5Sclose(space);
    if (memory >= 0) H5Sclose(memory);
    if (status == RGM_OK) status = rgm_input_read(&set->input, two + n, (size_t)n, store->offset + first, err);
    return status < 0 ? status : memcmp(two, two + n, (size_t)n) == 0;
}

static rgm_status prove_place(const rgm_dataset *set, int32_t split, rgm_error *err) {
    int64_t bytes = set->splits[split].encoded, n = bytes < PROOF_BYTES ? bytes : PROOF_BYTES;
    uint8_t *two = malloc(2 * (size_t)n);
    if (!two) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    rgm_status same = same_bytes(set, split, 0, n, two, err);
    if (same > 0) same = same_bytes(set, split, bytes - n, n, two, err);
    free(two);
    return same;
}

rgm_status rgm_encoded_place(rgm_dataset *set, int32_t split, int32_t access, rgm_error *err) {
    rgm_split_store *store = &set->splits[split];
    const char *name = rgm_split_name(split);
    hid_t plist = H5Dget_create_plist(store->images);
    H5D_layout_t layout = plist >= 0 ? H5Pget_layout(plist) : H5D_LAYOUT_ERROR;
    if (plist >= 0) H5Pclose(plist);
    if (layout < 0) return rgm_h5_fail(err, RGM_E_FORMAT, set->path, name);
    haddr_t offset = layout == H5D_CONTIGUOUS ? H5Dget_offset(store->images) : HADDR_UNDEF;
    if (layout != H5D_CONTIGUOUS)
        return rgm_fail(err, RGM_E_UNSUPPORTED,
                        "%s: %s/%s is chunked: expected contiguous bytes, as h5py writes them without chunks= and "
                        "compression=",
                        set->path, name, RGM_DATA_ENCODED);
    if (offset == HADDR_UNDEF || offset > (haddr_t)set->input.size ||
        store->encoded > set->input.size - (int64_t)offset)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s/%s reaches past the end of the file", set->path, name,
                        RGM_DATA_ENCODED);
    store->offset = (int64_t)offset;
    rgm_status same = prove_place(set, split, err);
    if (same < 0) return same;
    if (!same)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %s/%s is not where the file says", set->path, name, RGM_DATA_ENCODED);
    set->info.access[split] = access == RGM_ACCESS_PREAD ? RGM_PIXELS_PREAD : RGM_PIXELS_MAPPED;
    rgm_content_close_split(set, split);
    return RGM_OK;
}

/* ---- one picture ---- */

/* Its bytes, unjudged. */
static rgm_status get_bytes(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *room, rgm_encoded *e,
                            rgm_error *err) {
    const rgm_split_store *store = &set->splits[split];
    int64_t from = store->places[index];
    size_t bytes = (size_t)(store->places[index + 1] - from);
    snprintf(e->name, sizeof e->name, "%.256s: %s/%s[%lld]", set->path, rgm_split_name(split), RGM_DATA_ENCODED,
             (long long)index);
    e->bytes = (rgm_bytes){store->map ? store->map + from : room, bytes, e->nameless ? NULL : e->name};
    return store->map ? RGM_OK : rgm_input_read(&set->input, room, bytes, store->offset + from, err);
}

static rgm_status probe(rgm_encoded *e, rgm_error *err) {
    rgm_picture_info info;
    RGM_TRY(rgm_picture_probe(&e->bytes, &info, err));
    e->H = info.H;
    e->W = info.W;
    return RGM_OK;
}

rgm_status rgm_encoded_get(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *room, rgm_encoded *e,
                           rgm_error *err) {
    const rgm_split_store *store = &set->splits[split];
    if (!set->info.encoded || index < 0 || index >= set->info.count[split])
        return rgm_fail(err, RGM_E_INTERNAL, "%s: encoded picture %lld of %lld", set->path, (long long)index,
                        (long long)set->info.count[split]);
    RGM_TRY(get_bytes(set, split, index, room, e, err));
    if (store->checksums && XXH3_64bits(e->bytes.at, e->bytes.size) != store->checksums[index])
        return rgm_picture_fail_in(&e->bytes, rgm_fail(err, RGM_E_FORMAT, "damaged: its checksum does not match"), err);
    RGM_TRY(probe(e, err));
    const int32_t *size = store->sizes + 2 * index;
    if (e->H == size[0] && e->W == size[1]) return RGM_OK;
    return rgm_picture_fail_in(&e->bytes,
                               rgm_fail(err, RGM_E_FORMAT, "it has %d x %d pixels, %s/%s says %d x %d", e->H, e->W,
                                        rgm_split_name(split), RGM_DATA_SIZES, size[0], size[1]),
                               err);
}

/* ---- all pictures ---- */

/* Is it a picture's own fault, and the set taken all the same? */
static int passes(const rgm_dataset *set, rgm_status status) {
    return set->lenient && (status == RGM_E_FORMAT || status == RGM_E_UNSUPPORTED);
}

/* Of a broken one they are 0. */
static rgm_status probe_size(const rgm_dataset *set, int32_t split, int64_t index, uint8_t *room, int32_t size[2],
                             rgm_error *err) {
    rgm_encoded e = {0};
    rgm_error said = {0};
    RGM_TRY(get_bytes(set, split, index, room, &e, err));
    rgm_status status = probe(&e, &said);
    size[0] = status < 0 ? 0 : e.H;
    size[1] = status < 0 ? 0 : e.W;
    if (status == RGM_OK) status = check_size(set, split, index, size, &said);
    if (status == RGM_OK || passes(set, status)) return RGM_OK;
    *err = said;
    return status;
}

static rgm_status probe_sizes(rgm_dataset *set, int32_t split, uint8_t *room, rgm_error *err) {
    int64_t count = set->info.count[split];
    int32_t *sizes = set->splits[split].sizes = malloc((size_t)count * 2 * sizeof *sizes);
    if (!sizes) return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %lld sizes", set->path, (long long)count);
    for (int64_t i = 0; i < count; i++) {
        RGM_TRY(rgm_input_asked(&set->input, err));
        RGM_TRY(probe_size(set, split, i, room, sizes + 2 * i, err));
    }
    return RGM_OK;
}

/* By a histogram, as sides are few. */
static rgm_status find_median(rgm_dataset *set, int32_t split, rgm_error *err) {
    int64_t *with = calloc(RGM_PICTURE_SIDE + 1, sizeof *with), below = 0, count = set->info.count[split];
    if (!with) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", set->path);
    const int32_t *sizes = set->splits[split].sizes;
    int32_t side = 0;
    for (int64_t i = 0; i < count; i++) with[sizes[2 * i] < sizes[2 * i + 1] ? sizes[2 * i] : sizes[2 * i + 1]]++;
    while ((below += with[side]) * 2 < count) side++;
    set->info.pictures.shorter = side;
    free(with);
    return RGM_OK;
}

static void measure_split(rgm_dataset *set, int32_t split) {
    const rgm_split_store *store = &set->splits[split];
    rgm_dataset_pictures *p = &set->info.pictures;
    for (int64_t i = 0; i < set->info.count[split]; i++) {
        int32_t H = store->sizes[2 * i], W = store->sizes[2 * i + 1];
        if ((int64_t)H * W > p->pixels) p->pixels = (int64_t)H * W;
        if (H > p->H) p->H = H;
        if (W > p->W) p->W = W;
    }
}

static void find_largest_file(rgm_dataset *set) {
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        const int64_t *at = set->splits[s].places;
        for (int64_t i = 0; i < set->info.count[s]; i++)
            if (at[i + 1] - at[i] > set->info.pictures.bytes) set->info.pictures.bytes = at[i + 1] - at[i];
    }
}

static rgm_status measure(rgm_dataset *set, uint8_t *room, rgm_error *err) {
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        if (!set->info.count[s]) continue;
        if (!set->splits[s].sizes) RGM_TRY(probe_sizes(set, s, room, err));
        if (!set->info.pictures.shorter) RGM_TRY(find_median(set, s, err));
        measure_split(set, s);
    }
    return RGM_OK;
}

/* Where a picture is read to, if it is not mapped. */
static rgm_status make_room(const rgm_dataset *set, uint8_t **room, rgm_error *err) {
    *room = malloc((size_t)set->info.pictures.bytes);
    return *room ? RGM_OK
                 : rgm_fail(err, RGM_E_NOMEM, "%s: no memory for a picture of %lld bytes", set->path,
                            (long long)set->info.pictures.bytes);
}

rgm_status rgm_encoded_measure(rgm_dataset *set, rgm_error *err) {
    uint8_t *room = NULL;
    if (!set->info.encoded) return RGM_OK;
    find_largest_file(set);
    RGM_TRY(make_room(set, &room, err));
    rgm_status status = measure(set, room, err);
    free(room);
    return status;
}

/* ---- sums of channels ---- */

static rgm_status add_picture(const rgm_dataset *set, int64_t index, uint8_t *room, rgm_decoder *decoder,
                              rgm_channel_sums *sums, rgm_error *err) {
    rgm_encoded e = {0};
    rgm_picture picture;
    rgm_decode_want want = {.C = set->info.C};
    memcpy(want.background, set->info.pictures.background, sizeof want.background);
    RGM_TRY(rgm_encoded_get(set, RGM_SPLIT_TRAIN, index, room, &e, err));
    RGM_TRY(rgm_decode(decoder, &e.bytes, &want, &picture, err));
    for (int64_t h = 0; h < picture.H; h++) rgm_channel_sums_add(sums, picture.pixels + h * picture.pitch, picture.W);
    return RGM_OK;
}

/* Where the first ones are very large, they are enough. */
rgm_status rgm_encoded_sums(const rgm_dataset *set, rgm_channel_sums *sums, rgm_error *err) {
    const rgm_rng key = {.stream = RGM_STREAM(RGM_STREAM_ORDER, 1)};
    int64_t count = set->info.count[RGM_SPLIT_TRAIN], some = count < SUMMED_PICTURES ? count : SUMMED_PICTURES;
    rgm_decoder *decoder = NULL;
    uint8_t *room = NULL;
    rgm_status status = rgm_decoder_create(&decoder, err);
    if (status == RGM_OK) status = make_room(set, &room, err);
    for (int64_t i = 0; i < some && sums->pixels < SUMMED_PIXELS && status == RGM_OK; i++) {
        int64_t index = (int64_t)rgm_rng_permute(&key, (uint64_t)count, (uint64_t)i);
        status = rgm_input_asked(&set->input, err);
        rgm_error said = {0};
        if (status == RGM_OK) status = add_picture(set, index, room, decoder, sums, &said);
        if (passes(set, status)) status = RGM_OK;
        if (status < 0 && said.status < 0) *err = said;
    }
    free(room);
    rgm_decoder_destroy(decoder);
    return status;
}
