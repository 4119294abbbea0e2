#include "import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "names.h"
#include "source.h"

enum { SIDE = 32, CHANNELS = 3, PIXELS = SIDE * SIDE, IMAGE = PIXELS * CHANNELS, PIECE = 256, FILES_MOST = 64 };

/* The two binary versions: a record is `label_bytes` labels, the last of which is taken, and an image in planes. */
struct variant {
    const char *name, *train, *test, *names; /* how the files' names begin */
    int32_t classes, label_bytes;
    const char *source;
};

static const struct variant variants[] = {
    {"CIFAR-10", "data_batch", "test_batch", "batches.meta", 10, 1,
     "CIFAR-10, https://www.cs.toronto.edu/~kriz/cifar.html"},
    {"CIFAR-100", "train", "test", "fine_label_names", 100, 2,
     "CIFAR-100, https://www.cs.toronto.edu/~kriz/cifar.html"},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

struct found {
    const struct variant *variant;
    const char *files[RGM_SPLIT_COUNT][FILES_MOST];
    int32_t files_count[RGM_SPLIT_COUNT];
    const char *names_path;
};

/* ---- which file is what ---- */

static int begins(const char *text, const char *with) { return strncasecmp(text, with, strlen(with)) == 0; }

static int ends(const char *text, const char *with) {
    size_t length = strlen(text), tail = strlen(with);
    return length >= tail && strcasecmp(text + length - tail, with) == 0;
}

/* Which variant's file this is by its name, and the split (RGM_SPLIT_COUNT: the list of names); NULL: none. */
static const struct variant *classify(const char *path, int32_t *split) {
    const char *name = rgm_source_name(path);
    for (int32_t v = 0; v < VARIANTS; v++) {
        *split = RGM_SPLIT_COUNT;
        if (begins(name, variants[v].names) && ends(name, ".txt")) return &variants[v];
        if (!ends(name, ".bin")) continue;
        *split = begins(name, variants[v].train) ? RGM_SPLIT_TRAIN : RGM_SPLIT_TEST;
        if (*split == RGM_SPLIT_TRAIN || begins(name, variants[v].test)) return &variants[v];
    }
    return NULL;
}

static rgm_status assign(struct found *found, const char *path, int must, rgm_error *err) {
    int32_t split;
    const struct variant *variant = classify(path, &split);
    if (!variant && !must) return RGM_OK;
    if (!variant)
        return rgm_fail(err, RGM_E_USAGE,
                        "%s: not a name of CIFAR's binary files (data_batch_1.bin, test_batch.bin, train.bin, "
                        "test.bin)",
                        path);
    if (found->variant && found->variant != variant)
        return rgm_fail(err, RGM_E_USAGE, "%s: a file of %s among those of %s", path, variant->name,
                        found->variant->name);
    found->variant = variant;
    if (split == RGM_SPLIT_COUNT) {
        found->names_path = path;
        return RGM_OK;
    }
    if (found->files_count[split] == FILES_MOST)
        return rgm_fail(err, RGM_E_USAGE, "%s: more than %d files", path, FILES_MOST);
    found->files[split][found->files_count[split]++] = path;
    return RGM_OK;
}

static rgm_status find_files(const rgm_import_options *options, char ***listed, struct found *found, rgm_error *err) {
    const char *folder = options->count == 1 && rgm_source_is_folder(options->sources[0]) ? options->sources[0] : NULL;
    if (folder) {
        RGM_TRY(rgm_source_list(folder, listed, err));
        for (char **path = *listed; *path; path++) RGM_TRY(assign(found, *path, 0, err));
    }
    for (int32_t i = 0; !folder && i < options->count; i++) RGM_TRY(assign(found, options->sources[i], 1, err));
    if (found->files_count[RGM_SPLIT_TRAIN] == 0)
        return rgm_fail(err, RGM_E_USAGE, "%s: no training images found (data_batch_1.bin ... or train.bin)",
                        folder ? folder : options->out);
    return RGM_OK;
}

/* ---- reading ---- */

static int64_t record_bytes(const struct variant *variant) { return variant->label_bytes + IMAGE; }

/* Images in a file, from its size. */
static rgm_status count_images(const struct variant *variant, const char *path, int64_t *count, rgm_error *err) {
    rgm_source source;
    RGM_TRY(rgm_source_open(&source, path, err));
    int64_t size = source.file_size, record = record_bytes(variant);
    rgm_source_close(&source);
    if (size == 0 || size % record != 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %lld bytes, not a whole number of %s records of %lld bytes", path,
                        (long long)size, variant->name, (long long)record);
    *count += size / record;
    return RGM_OK;
}

/* Planes [3][32][32] -> [32][32][3]. */
static void interleave(const uint8_t *planes, uint8_t *image) {
    for (int32_t i = 0; i < PIXELS; i++)
        for (int32_t c = 0; c < CHANNELS; c++) image[i * CHANNELS + c] = planes[c * PIXELS + i];
}

/* Takes n records apart; labels are range-checked by the writer, coarse ones are not looked at. */
static void split_records(const struct variant *variant, const uint8_t *records, int64_t n, uint8_t *images,
                          int32_t *labels) {
    for (int64_t i = 0; i < n; i++) {
        const uint8_t *record = records + i * record_bytes(variant);
        labels[i] = record[variant->label_bytes - 1];
        interleave(record + variant->label_bytes, images + i * IMAGE);
    }
}

static rgm_status copy_file(const struct variant *variant, const char *path, int32_t split, rgm_writer *writer,
                            const rgm_stop *stop, rgm_error *err) {
    int64_t left = 0, record = record_bytes(variant);
    int32_t labels[PIECE];
    RGM_TRY(count_images(variant, path, &left, err));
    rgm_source source;
    RGM_TRY(rgm_source_open(&source, path, err));
    source.stop = *stop;
    uint8_t *records = malloc((size_t)(PIECE * record)), *images = malloc((size_t)PIECE * IMAGE);
    rgm_status status = RGM_OK;
    if (!records || !images) status = rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", path);
    while (status == RGM_OK && left > 0) {
        int64_t n = left < PIECE ? left : PIECE;
        status = rgm_source_read(&source, records, (size_t)(n * record), "its images", err);
        if (status < 0) break;
        split_records(variant, records, n, images, labels);
        status = rgm_writer_add(writer, split, images, labels, n, err);
        if (status == RGM_E_FORMAT) rgm_fail_in(err, "%s", path);
        left -= n;
    }
    if (status == RGM_OK) status = rgm_source_end(&source, err);
    free(images);
    free(records);
    rgm_source_close(&source);
    return status;
}

/* Without names, a set has as many classes as its labels show: fewer than CIFAR's where a class is absent, and none
 * that opens where all labels are 0. So the classes are called by their numbers. */
static rgm_status number_names(int32_t classes, rgm_names *names, rgm_error *err) {
    char text[512];
    size_t used = 0;
    for (int32_t c = 0; c < classes; c++) used += (size_t)snprintf(text + used, sizeof text - used, "%d,", c);
    return rgm_names_split(names, text, ',', "names", err);
}

static rgm_status read_names(const rgm_import_options *options, const struct found *found, rgm_names *names,
                             rgm_error *err) {
    const char *what = options->names ? "names" : found->names_path;
    if (options->names)
        RGM_TRY(rgm_names_split(names, options->names, ',', what, err));
    else if (found->names_path)
        RGM_TRY(rgm_names_read(names, found->names_path, err));
    else
        return number_names(found->variant->classes, names, err);
    if (names->count == found->variant->classes) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: %d class names, %s has %d", what, names->count, found->variant->name,
                    found->variant->classes);
}

static rgm_status write_set(const rgm_import_options *options, const struct found *found, const rgm_names *names,
                            rgm_error *err) {
    rgm_writer_options settings = {
        .path = options->out,
        .replace = options->overwrite,
        .H = SIDE,
        .W = SIDE,
        .C = CHANNELS,
        .classes = found->variant->classes,
        .class_names = (const char *const *)names->list,
        .source = options->source ? options->source : found->variant->source,
        .licence = options->licence,
        .progress = options->progress,
        .progress_context = options->progress_context,
        .stop = options->stop,
    };
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int32_t i = 0; i < found->files_count[s]; i++)
            RGM_TRY(count_images(found->variant, found->files[s][i], &settings.count[s], err));
    rgm_writer *writer;
    RGM_TRY(rgm_writer_create(&writer, &settings, err));
    rgm_status status = RGM_OK;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        for (int32_t i = 0; i < found->files_count[s] && status == RGM_OK; i++)
            status = copy_file(found->variant, found->files[s][i], s, writer, &options->stop, err);
    if (status == RGM_OK) status = rgm_writer_finish(writer, err);
    rgm_writer_destroy(writer);
    return status;
}

rgm_status rgm_import_cifar(const rgm_import_options *options, rgm_error *err) {
    struct found found = {0};
    char **listed = NULL;
    rgm_names names = {0};
    rgm_status status = find_files(options, &listed, &found, err);
    if (status == RGM_OK) status = read_names(options, &found, &names, err);
    if (status == RGM_OK) status = write_set(options, &found, &names, err);
    rgm_names_free(&names);
    rgm_source_free_list(listed);
    return status;
}
