#include "writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "data/file.h"
#include "data/stats.h"
#include "structure.h"

enum { LABEL_PIECE = 4096 };

struct rgm_writer {
    rgm_file_writer file;
    rgm_writer_options options; /* its texts are not kept */
    off_t images[RGM_SPLIT_COUNT], labels[RGM_SPLIT_COUNT], names[RGM_SPLIT_COUNT], groups[RGM_SPLIT_COUNT];
    int64_t written[RGM_SPLIT_COUNT];
    rgm_channel_sums sums;
    XXH3_state_t *pixels[RGM_SPLIT_COUNT]; /* hashes of what was written */
};

static size_t label_bytes(const rgm_writer *writer) { return writer->options.classes <= 256 ? 1 : 4; }

static size_t image_bytes(const rgm_writer *writer) {
    return (size_t)writer->options.H * (size_t)writer->options.W * (size_t)writer->options.C;
}

static rgm_status check_options(const rgm_writer_options *o, rgm_error *err) {
    if (o->H < 1 || o->W < 1 || o->C < 1 || o->H > RGM_DATA_SIDE || o->W > RGM_DATA_SIDE || o->C > RGM_DATA_CHANNELS ||
        (int64_t)o->H * o->W * o->C > RGM_DATA_IMAGE_BYTES)
        return rgm_fail(err, RGM_E_UNSUPPORTED,
                        "%s: images of %d x %d x %d (H, W, C): at most %d pixels a side, %d channels", o->path, o->H,
                        o->W, o->C, RGM_DATA_SIDE, RGM_DATA_CHANNELS);
    if (o->classes < 2 || o->classes > RGM_DATA_CLASSES)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %d classes: expected 2 to %d", o->path, o->classes, RGM_DATA_CLASSES);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (o->count[s] < 0 || o->count[s] > INT32_MAX)
            return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: %lld %s images: at most 2^31-1", o->path,
                            (long long)o->count[s], rgm_split_name(s));
    if (o->count[RGM_SPLIT_TRAIN] < 1) return rgm_fail(err, RGM_E_FORMAT, "%s: no training images", o->path);
    return RGM_OK;
}

static int make_split(rgm_writer *writer, int32_t split) {
    const rgm_writer_options *o = &writer->options;
    hid_t group = rgm_structure_group(writer->file.file, rgm_split_name(split));
    if (group < 0) return 0;
    const hsize_t N = (hsize_t)o->count[split];
    const rgm_table_place images = {"images", H5T_STD_U8LE, 4, {N, (hsize_t)o->H, (hsize_t)o->W, (hsize_t)o->C}};
    const rgm_table_place labels = {"labels", label_bytes(writer) == 1 ? H5T_STD_U8LE : H5T_STD_I32LE, 1, {N}};
    int made =
        rgm_structure_place(group, &images, &writer->images[split]) &&
        rgm_structure_place(group, &labels, &writer->labels[split]) &&
        (!o->groups[split] || rgm_structure_groups(group, o->count[split], &writer->groups[split])) &&
        (!o->names[split] || rgm_structure_names(group, o->count[split], o->names[split], &writer->names[split]));
    H5Gclose(group);
    return made;
}

/* The hash of a split's pixels, on its data set of images. */
static int put_pixel_hash(const rgm_writer *writer, int32_t split) {
    char name[64];
    uint64_t hash = XXH3_64bits_digest(writer->pixels[split]);
    snprintf(name, sizeof name, "%s/images", rgm_split_name(split));
    hid_t dataset = H5Dopen2(writer->file.file, name, H5P_DEFAULT);
    const rgm_structure_value value = {H5T_STD_U64LE, H5T_NATIVE_UINT64, 0, &hash};
    int put = dataset >= 0 && rgm_structure_values(dataset, RGM_DATA_PIXEL_HASH, &value);
    if (dataset >= 0) H5Dclose(dataset);
    return put;
}

static rgm_status make_structure(rgm_writer *writer, const rgm_writer_options *o, rgm_error *err) {
    const rgm_structure_words words = {o->class_names, o->classes, o->source, o->licence, o->transform};
    rgm_h5_enter();
    hid_t file = writer->file.file;
    int made = 1;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT && made; s++)
        if (o->count[s]) made = make_split(writer, s);
    if (made) made = rgm_structure_root(file, &words);
    rgm_status status = made ? RGM_OK : rgm_h5_fail(err, RGM_E_IO, o->path, "cannot write");
    rgm_h5_leave();
    return status;
}

static rgm_status reserve(const rgm_writer *writer, rgm_error *err) {
    const rgm_writer_options *o = &writer->options;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        if (o->count[s] == 0) continue;
        off_t images = (off_t)o->count[s] * (off_t)image_bytes(writer),
              labels = (off_t)o->count[s] * (off_t)label_bytes(writer);
        RGM_TRY(rgm_structure_reserve(&writer->file, s, writer->images[s], images, err));
        RGM_TRY(rgm_structure_reserve(&writer->file, s, writer->labels[s], labels, err));
        if (o->groups[s])
            RGM_TRY(rgm_structure_put_groups(&writer->file, writer->groups[s], o->groups[s], o->count[s], err));
    }
    return RGM_OK;
}

rgm_status rgm_writer_create(rgm_writer **out, const rgm_writer_options *options, rgm_error *err) {
    *out = NULL;
    RGM_TRY(check_options(options, err));
    rgm_writer *writer = calloc(1, sizeof *writer);
    if (!writer) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", options->path);
    rgm_status status;
    writer->options = *options;
    writer->sums.C = options->C;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        writer->pixels[s] = XXH3_createState();
        if (!writer->pixels[s]) {
            status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", options->path);
            goto fail;
        }
        XXH3_64bits_reset(writer->pixels[s]);
    }
    RGM_TRY_OR_FAIL(status, rgm_file_create(&writer->file, options->path, options->replace, err));
    writer->options.path = writer->file.path;
    writer->file.stop = options->stop;
    RGM_TRY_OR_FAIL(status, make_structure(writer, options, err));
    RGM_TRY_OR_FAIL(status, reserve(writer, err));
    *out = writer;
    return RGM_OK;
fail:
    rgm_writer_destroy(writer);
    return status;
}

static rgm_status put(const rgm_writer *writer, const void *data, size_t size, off_t offset, rgm_error *err) {
    return rgm_file_put(&writer->file, data, size, offset, err);
}

/* Labels as the file holds them: one byte, or four little-endian. */
static rgm_status put_labels(const rgm_writer *writer, int32_t split, const int32_t *labels, int64_t n,
                             rgm_error *err) {
    uint8_t piece[LABEL_PIECE * 4];
    size_t width = label_bytes(writer);
    for (int64_t at = 0; at < n; at += LABEL_PIECE) {
        int64_t count = n - at < LABEL_PIECE ? n - at : LABEL_PIECE;
        for (int64_t i = 0; i < count; i++) {
            int32_t label = labels[at + i];
            if (label < 0 || label >= writer->options.classes)
                return rgm_fail(err, RGM_E_FORMAT, "%s: label %lld of the %s split is %d, there are %d classes",
                                writer->options.path, (long long)(writer->written[split] + at + i),
                                rgm_split_name(split), label, writer->options.classes);
            for (size_t b = 0; b < width; b++) piece[(size_t)i * width + b] = (uint8_t)((uint32_t)label >> (8 * b));
        }
        off_t offset = writer->labels[split] + (off_t)(writer->written[split] + at) * (off_t)width;
        RGM_TRY(put(writer, piece, (size_t)count * width, offset, err));
    }
    return RGM_OK;
}

rgm_status rgm_writer_report(const rgm_writer *writer, rgm_error *err) {
    const rgm_writer_options *o = &writer->options;
    int64_t done = 0, total = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) done += writer->written[s], total += o->count[s];
    if (!o->progress || o->progress(o->progress_context, done, total) == 0) return RGM_OK;
    return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped after %lld of %lld images", o->path, (long long)done,
                    (long long)total);
}

rgm_status rgm_writer_put(rgm_writer *writer, int32_t split, const uint8_t *images, const int32_t *labels, int64_t n,
                          rgm_error *err) {
    const rgm_writer_options *o = &writer->options;
    if (n < 0 || n > o->count[split] - writer->written[split])
        return rgm_fail(err, RGM_E_INTERNAL, "%s: more than %lld images for the %s split", o->path,
                        (long long)o->count[split], rgm_split_name(split));
    size_t bytes = image_bytes(writer);
    RGM_TRY(put_labels(writer, split, labels, n, err));
    RGM_TRY(put(writer, images, (size_t)n * bytes, writer->images[split] + (off_t)writer->written[split] * (off_t)bytes,
                err));
    writer->written[split] += n;
    return RGM_OK;
}

void rgm_writer_sum(rgm_writer *writer, int32_t split, const uint8_t *images, int64_t n) {
    const rgm_writer_options *o = &writer->options;
    size_t bytes = image_bytes(writer);
    XXH3_64bits_update(writer->pixels[split], images, (size_t)n * bytes);
    for (int64_t i = 0; split == RGM_SPLIT_TRAIN && i < n; i++)
        rgm_channel_sums_add(&writer->sums, images + (size_t)i * bytes, (int64_t)o->H * o->W);
}

rgm_status rgm_writer_add(rgm_writer *writer, int32_t split, const uint8_t *images, const int32_t *labels, int64_t n,
                          rgm_error *err) {
    RGM_TRY(rgm_writer_put(writer, split, images, labels, n, err));
    rgm_writer_sum(writer, split, images, n);
    return rgm_writer_report(writer, err);
}

rgm_status rgm_writer_add_apart(rgm_writer *writer, const uint8_t *split, const uint8_t *images, const int32_t *labels,
                                int64_t n, rgm_error *err) {
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && split[end] == split[i];) end++;
        RGM_TRY(rgm_writer_add(writer, split[i], images + (size_t)i * image_bytes(writer), labels + i, end - i, err));
    }
    return RGM_OK;
}

rgm_status rgm_writer_names(void *context, int32_t split, int64_t first, const char *rows, int64_t n, rgm_error *err) {
    const rgm_writer *writer = context;
    int32_t bytes = writer->options.names[split];
    return rgm_file_put(&writer->file, rows, (size_t)(n * bytes), writer->names[split] + (off_t)(first * bytes), err);
}

rgm_status rgm_writer_finish(rgm_writer *writer, rgm_error *err) {
    const rgm_writer_options *o = &writer->options;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (writer->written[s] != o->count[s])
            return rgm_fail(err, RGM_E_INTERNAL, "%s: %lld of %lld images of the %s split", o->path,
                            (long long)writer->written[s], (long long)o->count[s], rgm_split_name(s));
    rgm_h5_enter();
    rgm_status status = RGM_OK;
    if (!rgm_structure_constants(writer->file.file, &writer->sums))
        status = rgm_h5_fail(err, RGM_E_IO, o->path, "cannot write");
    for (int32_t s = 0; s < RGM_SPLIT_COUNT && status == RGM_OK; s++)
        if (o->count[s] && !put_pixel_hash(writer, s)) status = rgm_h5_fail(err, RGM_E_IO, o->path, "cannot write");
    rgm_h5_leave();
    return status < 0 ? status : rgm_file_commit(&writer->file, err);
}

void rgm_writer_destroy(rgm_writer *writer) {
    if (!writer) return;
    rgm_file_abandon(&writer->file);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) XXH3_freeState(writer->pixels[s]);
    free(writer);
}
