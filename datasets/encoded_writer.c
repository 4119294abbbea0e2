#include "encoded_writer.h"

#include <stdlib.h>
#include <xxhash.h>
#include "data/file.h"
#include "structure.h"

/* Where a split's tables are in the file. */
typedef struct split_place {
    off_t encoded, offsets, sizes, labels, checksums, names, groups;
    int64_t written, bytes; /* pictures, and their bytes */
} split_place;

struct rgm_encoded_writer {
    rgm_file_writer file;
    rgm_encoded_options options; /* its texts are not kept */
    split_place splits[RGM_SPLIT_COUNT];
};

static size_t label_bytes(const rgm_encoded_writer *w) { return w->options.classes <= 256 ? 1 : 4; }

static rgm_status check_split(const rgm_encoded_options *o, int32_t split, rgm_error *err) {
    int64_t count = o->count[split], bytes = o->bytes[split];
    if (count >= 0 && count <= INT32_MAX && bytes >= count && (count == 0) == (bytes == 0)) return RGM_OK;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: %lld %s pictures of %lld bytes: at most 2^31-1, none empty", o->path,
                    (long long)count, rgm_split_name(split), (long long)bytes);
}

static rgm_status check_options(const rgm_encoded_options *o, rgm_error *err) {
    if (o->C != 1 && o->C != 3)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: pictures of %d channels: expected 1 or 3", o->path, o->C);
    if (o->classes < 2 || o->classes > RGM_DATA_CLASSES)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %d classes: expected 2 to %d", o->path, o->classes, RGM_DATA_CLASSES);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) RGM_TRY(check_split(o, s, err));
    if (o->count[RGM_SPLIT_TRAIN] < 1) return rgm_fail(err, RGM_E_FORMAT, "%s: no training pictures", o->path);
    return RGM_OK;
}

/* ---- the structure ---- */

static int make_split(rgm_encoded_writer *w, int32_t split) {
    hid_t group = rgm_structure_group(w->file.file, rgm_split_name(split));
    if (group < 0) return 0;
    split_place *to = &w->splits[split];
    const hsize_t N = (hsize_t)w->options.count[split];
    const struct {
        rgm_table_place table;
        off_t *at;
    } all[] = {
        {{RGM_DATA_OFFSETS, H5T_STD_U64LE, 1, {N + 1}}, &to->offsets},
        {{RGM_DATA_SIZES, H5T_STD_I32LE, 2, {N, 2}}, &to->sizes},
        {{"labels", label_bytes(w) == 1 ? H5T_STD_U8LE : H5T_STD_I32LE, 1, {N}}, &to->labels},
        {{RGM_DATA_CHECKSUMS, H5T_STD_U64LE, 1, {N}}, &to->checksums},
        {{RGM_DATA_ENCODED, H5T_STD_U8LE, 1, {(hsize_t)w->options.bytes[split]}}, &to->encoded},
    };
    int made = 1;
    for (size_t i = 0; made && i < sizeof all / sizeof *all; i++)
        made = rgm_structure_place(group, &all[i].table, all[i].at);
    if (made && w->options.names[split])
        made = rgm_structure_names(group, (int64_t)N, w->options.names[split], &to->names);
    if (made && w->options.groups[split]) made = rgm_structure_groups(group, (int64_t)N, &to->groups);
    H5Gclose(group);
    if (made) rgm_file_leave_out(&w->file, to->encoded, w->options.bytes[split]);
    return made;
}

static int put_root(hid_t file, const rgm_encoded_options *o) {
    const rgm_structure_value channels = {H5T_STD_I32LE, H5T_NATIVE_INT32, 0, &o->C};
    const rgm_structure_value background = {H5T_STD_U8LE, H5T_NATIVE_UINT8, 3, o->background};
    const rgm_structure_words words = {o->class_names, o->classes, o->source, o->licence, o->transform};
    return rgm_structure_values(file, RGM_DATA_CHANNEL_COUNT, &channels) &&
           rgm_structure_values(file, RGM_DATA_BACKGROUND, &background) && rgm_structure_root(file, &words);
}

static rgm_status make_structure(rgm_encoded_writer *w, const rgm_encoded_options *o, rgm_error *err) {
    rgm_h5_enter();
    int made = put_root(w->file.file, o);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT && made; s++)
        if (o->count[s]) made = make_split(w, s);
    rgm_status status = made ? RGM_OK : rgm_h5_fail(err, RGM_E_IO, o->path, "cannot write");
    rgm_h5_leave();
    return status;
}

/* The pictures' place alone: the rest is small. */
static rgm_status reserve(const rgm_encoded_writer *w, rgm_error *err) {
    const rgm_encoded_options *o = &w->options;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (o->count[s]) RGM_TRY(rgm_structure_reserve(&w->file, s, w->splits[s].encoded, (off_t)o->bytes[s], err));
    return RGM_OK;
}

static rgm_status put_numbers(const rgm_encoded_writer *w, const uint64_t *values, int32_t count, size_t bytes,
                              off_t offset, rgm_error *err) {
    unsigned char text[32];
    for (int32_t i = 0; i < count; i++)
        for (size_t b = 0; b < bytes; b++) text[(size_t)i * bytes + b] = (unsigned char)(values[i] >> (8 * b));
    return rgm_file_put(&w->file, text, (size_t)count * bytes, offset, err);
}

rgm_status rgm_encoded_writer_create(rgm_encoded_writer **out, const rgm_encoded_options *options, rgm_error *err) {
    *out = NULL;
    RGM_TRY(check_options(options, err));
    rgm_encoded_writer *w = calloc(1, sizeof *w);
    if (!w) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", options->path);
    rgm_status status;
    w->options = *options;
    RGM_TRY_OR_FAIL(status, rgm_file_create(&w->file, options->path, options->replace, err));
    w->options.path = w->file.path;
    w->file.stop = options->stop;
    RGM_TRY_OR_FAIL(status, make_structure(w, options, err));
    RGM_TRY_OR_FAIL(status, reserve(w, err));
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        static const uint64_t first = 0;
        if (options->count[s]) RGM_TRY_OR_FAIL(status, put_numbers(w, &first, 1, 8, w->splits[s].offsets, err));
    }
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (options->groups[s])
            RGM_TRY_OR_FAIL(status, rgm_structure_put_groups(&w->file, w->splits[s].groups, options->groups[s],
                                                             options->count[s], err));
    *out = w;
    return RGM_OK;
fail:
    rgm_encoded_writer_destroy(w);
    return status;
}

/* ---- pictures ---- */

static rgm_status check_picture(const rgm_encoded_writer *w, int32_t split, const rgm_encoded_picture *p,
                                rgm_error *err) {
    const rgm_encoded_options *o = &w->options;
    const split_place *at = &w->splits[split];
    if (at->written >= o->count[split] || p->size < 1 || p->size > o->bytes[split] - at->bytes)
        return rgm_fail(err, RGM_E_INTERNAL, "%s: more than %lld pictures of %lld bytes for the %s split", o->path,
                        (long long)o->count[split], (long long)o->bytes[split], rgm_split_name(split));
    if (p->H < 1 || p->W < 1 || p->H > RGM_PICTURE_SIDE || p->W > RGM_PICTURE_SIDE ||
        (int64_t)p->H * p->W > RGM_PICTURE_PIXELS)
        return rgm_fail(err, RGM_E_FORMAT, "%s: picture %lld of the %s split has %d x %d pixels: at most %d", o->path,
                        (long long)at->written, rgm_split_name(split), p->H, p->W, RGM_PICTURE_PIXELS);
    if (p->label < 0 || p->label >= o->classes)
        return rgm_fail(err, RGM_E_FORMAT, "%s: label %lld of the %s split is %d, there are %d classes", o->path,
                        (long long)at->written, rgm_split_name(split), p->label, o->classes);
    return RGM_OK;
}

static rgm_status report(const rgm_encoded_writer *w, rgm_error *err) {
    const rgm_encoded_options *o = &w->options;
    int64_t done = 0, total = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) done += w->splits[s].written, total += o->count[s];
    if (!o->progress || o->progress(o->progress_context, done, total) == 0) return RGM_OK;
    return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped after %lld of %lld pictures", o->path, (long long)done,
                    (long long)total);
}

rgm_status rgm_encoded_writer_add(rgm_encoded_writer *w, int32_t split, const rgm_encoded_picture *p, rgm_error *err) {
    RGM_TRY(check_picture(w, split, p, err));
    split_place *to = &w->splits[split];
    off_t place = (off_t)to->written;
    size_t label = label_bytes(w);
    const uint64_t size[2] = {(uint64_t)p->H, (uint64_t)p->W}, class = (uint64_t)p->label;
    const uint64_t end = (uint64_t)(to->bytes + p->size), checksum = XXH3_64bits(p->bytes, (size_t)p->size);
    RGM_TRY(rgm_file_put(&w->file, p->bytes, (size_t)p->size, to->encoded + (off_t)to->bytes, err));
    RGM_TRY(put_numbers(w, &end, 1, 8, to->offsets + 8 * (place + 1), err));
    RGM_TRY(put_numbers(w, size, 2, 4, to->sizes + 8 * place, err));
    RGM_TRY(put_numbers(w, &class, 1, label, to->labels + (off_t)label * place, err));
    RGM_TRY(put_numbers(w, &checksum, 1, 8, to->checksums + 8 * place, err));
    to->bytes += p->size;
    to->written++;
    return report(w, err);
}

rgm_status rgm_encoded_writer_names(void *context, int32_t split, int64_t first, const char *rows, int64_t n,
                                    rgm_error *err) {
    const rgm_encoded_writer *w = context;
    int32_t bytes = w->options.names[split];
    return rgm_file_put(&w->file, rows, (size_t)(n * bytes), w->splits[split].names + (off_t)(first * bytes), err);
}

/* ---- the end ---- */

static rgm_status check_complete(const rgm_encoded_writer *w, const rgm_channel_sums *sums, rgm_error *err) {
    const rgm_encoded_options *o = &w->options;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (w->splits[s].written != o->count[s] || w->splits[s].bytes != o->bytes[s])
            return rgm_fail(err, RGM_E_INTERNAL, "%s: %lld of %lld pictures, %lld of %lld bytes of the %s split",
                            o->path, (long long)w->splits[s].written, (long long)o->count[s],
                            (long long)w->splits[s].bytes, (long long)o->bytes[s], rgm_split_name(s));
    if (sums && (sums->C != o->C || sums->pixels == 0))
        return rgm_fail(err, RGM_E_INTERNAL, "%s: sums of %d channels, %llu pixels", o->path, sums->C,
                        (unsigned long long)sums->pixels);
    return RGM_OK;
}

rgm_status rgm_encoded_writer_finish(rgm_encoded_writer *w, const rgm_channel_sums *sums, rgm_error *err) {
    RGM_TRY(check_complete(w, sums, err));
    rgm_h5_enter();
    rgm_status status = RGM_OK;
    if (sums && !rgm_structure_constants(w->file.file, sums))
        status = rgm_h5_fail(err, RGM_E_IO, w->options.path, "cannot write");
    rgm_h5_leave();
    return status < 0 ? status : rgm_file_commit(&w->file, err);
}

void rgm_encoded_writer_destroy(rgm_encoded_writer *w) {
    if (!w) return;
    rgm_file_abandon(&w->file);
    free(w);
}
