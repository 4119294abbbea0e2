#include "import.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "copies.h"
#include "names.h"
#include "shares.h"
#include "source.h"

enum { MAGIC_LABELS = 0x0801, MAGIC_IMAGES = 0x0803, PIECE_BYTES = 1 << 20 };

/* Sets that are recognised by their counts and their first training labels. */
struct known_set {
    const char *name, *source, *licence;
    uint8_t first[16];
};

static const struct known_set known_sets[] = {
    {"fashion-mnist",
     "Fashion-MNIST, https://github.com/zalandoresearch/fashion-mnist",
     "MIT",
     {9, 0, 0, 3, 0, 2, 7, 2, 5, 5, 0, 9, 5, 5, 7, 9}},
    {"mnist", "MNIST, Y. LeCun, C. Cortes, C. J. C. Burges", NULL, {5, 0, 4, 1, 9, 2, 1, 3, 1, 4, 3, 5, 3, 6, 1, 7}},
};
enum { KNOWN_SETS = sizeof known_sets / sizeof *known_sets, KNOWN_TRAIN = 60000 };

/* One split of the import. */
struct pair {
    const char *images_path, *labels_path;
    rgm_source images;
    int32_t *labels;
    int64_t count;
    int32_t H, W, top; /* top: the largest label */
};

/* ---- which file is what ---- */

/* "train-images-idx3-ubyte.gz", "t10k-labels.idx1-ubyte": 1 if the name says split and kind. */
static int classify(const char *path, int32_t *split, int *images) {
    const char *name = rgm_source_name(path);
    *images = strcasestr(name, "images") != NULL;
    if (*images == (strcasestr(name, "labels") != NULL)) return 0;
    if (strcasestr(name, "train"))
        *split = RGM_SPLIT_TRAIN;
    else if (strcasestr(name, "t10k") || strcasestr(name, "test"))
        *split = RGM_SPLIT_TEST;
    else
        return 0;
    return 1;
}

/* Do the two name the same file, one of them gzipped? */
static int twins(const char *a, const char *b) {
    size_t la = strlen(a), lb = strlen(b), shorter = la < lb ? la : lb;
    return strncmp(a, b, shorter) == 0 && strcmp(a + shorter, la < lb ? "" : ".gz") == 0 &&
           strcmp(b + shorter, la < lb ? ".gz" : "") == 0;
}

static rgm_status assign(struct pair *pairs, const char *path, rgm_error *err) {
    int32_t split;
    int images;
    if (!classify(path, &split, &images))
        return rgm_fail(err, RGM_E_USAGE,
                        "%s: the name does not tell what it is: expected images or labels, train or t10k or test",
                        path);
    const char **place = images ? &pairs[split].images_path : &pairs[split].labels_path;
    if (*place && twins(*place, path)) return RGM_OK; /* sorted: the plain file came first */
    if (*place)
        return rgm_fail(err, RGM_E_USAGE, "%s and %s: both would be the %s %s, name the files to take", *place, path,
                        rgm_split_name(split), images ? "images" : "labels");
    *place = path;
    return RGM_OK;
}

/* From a folder, files that look like IDX are taken; files given by name must all fit. */
static rgm_status find_files(const rgm_import_options *options, char ***listed, struct pair *pairs, rgm_error *err) {
    const char *folder = options->count == 1 && rgm_source_is_folder(options->sources[0]) ? options->sources[0] : NULL;
    if (folder) {
        RGM_TRY(rgm_source_list(folder, listed, err));
        for (char **path = *listed; *path; path++) {
            int32_t split;
            int images;
            if (strcasestr(rgm_source_name(*path), "idx") && classify(*path, &split, &images))
                RGM_TRY(assign(pairs, *path, err));
        }
    }
    for (int32_t i = 0; !folder && i < options->count; i++) RGM_TRY(assign(pairs, options->sources[i], err));
    for (int32_t s = RGM_SPLIT_TRAIN; s <= RGM_SPLIT_TEST; s++) {
        const struct pair *pair = &pairs[s];
        if (s == RGM_SPLIT_TEST && !pair->images_path && !pair->labels_path) continue;
        if (!pair->images_path || !pair->labels_path)
            return rgm_fail(err, RGM_E_USAGE, "%s: no %s %s found (%s-%s-idx%d-ubyte or .gz)",
                            folder ? folder : options->out, rgm_split_name(s), pair->images_path ? "labels" : "images",
                            s == RGM_SPLIT_TRAIN ? "train" : "t10k", pair->images_path ? "labels" : "images",
                            pair->images_path ? 1 : 3);
    }
    return RGM_OK;
}

/* ---- reading ---- */

/* Reads magic and `count` big-endian sizes. */
static rgm_status read_header(rgm_source *source, uint32_t magic, uint32_t *sizes, int32_t count, rgm_error *err) {
    uint8_t bytes[16];
    RGM_TRY(rgm_source_read(source, bytes, 4 + 4 * (size_t)count, "its header", err));
    uint32_t words[4];
    for (int32_t i = 0; i <= count; i++)
        words[i] = (uint32_t)bytes[4 * i] << 24 | (uint32_t)bytes[4 * i + 1] << 16 | (uint32_t)bytes[4 * i + 2] << 8 |
                   bytes[4 * i + 3];
    if (words[0] != magic)
        return rgm_fail(err, RGM_E_FORMAT, "%s: starts with %08x, expected %08x (IDX %s)", source->path, words[0],
                        magic, magic == MAGIC_LABELS ? "labels" : "images");
    for (int32_t i = 0; i < count; i++) {
        sizes[i] = words[i + 1];
        if (sizes[i] == 0 || sizes[i] > INT32_MAX)
            return rgm_fail(err, RGM_E_FORMAT, "%s: size %u of its header is %u", source->path, i, sizes[i]);
    }
    return RGM_OK;
}

/* Memory follows what is really there, not what the header claims. */
static rgm_status read_label_bytes(rgm_source *source, struct pair *pair, rgm_error *err) {
    static const int64_t piece = 65536;
    uint8_t bytes[65536];
    int64_t room = 0;
    for (int64_t at = 0; at < pair->count; at += piece) {
        int64_t n = pair->count - at < piece ? pair->count - at : piece;
        RGM_TRY(rgm_source_read(source, bytes, (size_t)n, "its labels", err));
        if (at + n > room) {
            room = at + n > 2 * room ? at + n : 2 * room;
            int32_t *grown = realloc(pair->labels, (size_t)room * sizeof *grown);
            if (!grown) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", source->path);
            pair->labels = grown;
        }
        for (int64_t i = 0; i < n; i++) {
            pair->labels[at + i] = bytes[i];
            if (bytes[i] > pair->top) pair->top = bytes[i];
        }
    }
    return rgm_source_end(source, err);
}

static rgm_status read_labels(struct pair *pair, const rgm_stop *stop, rgm_error *err) {
    rgm_source source;
    uint32_t count;
    RGM_TRY(rgm_source_open(&source, pair->labels_path, err));
    source.stop = *stop;
    rgm_status status = read_header(&source, MAGIC_LABELS, &count, 1, err);
    if (status == RGM_OK) {
        pair->count = count;
        status = read_label_bytes(&source, pair, err);
    }
    rgm_source_close(&source);
    return status;
}

static rgm_status open_images(struct pair *pair, const rgm_stop *stop, rgm_error *err) {
    uint32_t sizes[3];
    RGM_TRY(rgm_source_open(&pair->images, pair->images_path, err));
    pair->images.stop = *stop;
    RGM_TRY(read_header(&pair->images, MAGIC_IMAGES, sizes, 3, err));
    if (sizes[0] != (uint64_t)pair->count)
        return rgm_fail(err, RGM_E_FORMAT, "%s: %u images, but %s has %lld labels", pair->images_path, sizes[0],
                        rgm_source_name(pair->labels_path), (long long)pair->count);
    if (sizes[1] > RGM_DATA_SIDE || sizes[2] > RGM_DATA_SIDE)
        return rgm_fail(err, RGM_E_FORMAT, "%s: images of %u x %u pixels: at most %d a side", pair->images_path,
                        sizes[1], sizes[2], RGM_DATA_SIDE);
    pair->H = (int32_t)sizes[1];
    pair->W = (int32_t)sizes[2];
    return RGM_OK;
}

/* The images that the header promises must fit into the file: disk space is reserved for them before they are read. */
static rgm_status check_promise(const struct pair *pair, rgm_error *err) {
    if (pair->count == 0) return RGM_OK;
    int64_t promised = 16 + pair->count * pair->H * pair->W, most = rgm_source_most(&pair->images);
    if (promised <= most) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: truncated: %lld bytes by its header, there can be at most %lld in it",
                    pair->images_path, (long long)promised, (long long)most);
}

/* split[i]: where image i goes. */
static rgm_status copy_images(struct pair *pair, const uint8_t *split, rgm_writer *writer, rgm_error *err) {
    if (pair->count == 0) return RGM_OK;
    int64_t bytes = (int64_t)pair->H * pair->W, most = PIECE_BYTES / bytes + 1;
    uint8_t *piece = malloc((size_t)(most * bytes));
    if (!piece) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", pair->images_path);
    rgm_status status = RGM_OK;
    for (int64_t at = 0; status == RGM_OK && at < pair->count; at += most) {
        int64_t n = pair->count - at < most ? pair->count - at : most;
        status = rgm_source_read(&pair->images, piece, (size_t)(n * bytes), "its images", err);
        if (status == RGM_OK) status = rgm_writer_add_apart(writer, split + at, piece, pair->labels + at, n, err);
    }
    free(piece);
    return status < 0 ? status : rgm_source_end(&pair->images, err);
}

/* ---- copies ---- */

/* All images of a pair, for a look before they are divided; the pair begins anew. */
static rgm_status read_all(void *context, uint8_t *images, rgm_error *err) {
    struct pair *pair = context;
    const rgm_stop stop = pair->images.stop;
    RGM_TRY(rgm_source_read(&pair->images, images, (size_t)(pair->count * pair->H * pair->W), "its images", err));
    RGM_TRY(rgm_source_end(&pair->images, err));
    rgm_source_close(&pair->images);
    return open_images(pair, &stop, err);
}

static rgm_status make_shares(rgm_share_ask *ask, struct pair *train, int32_t **groups, uint8_t *split,
                              rgm_error *err) {
    const rgm_copies_array array = {.name = ask->what,
                                    .count = train->count,
                                    .H = train->H,
                                    .W = train->W,
                                    .C = 1,
                                    .classes = ask->classes,
                                    .labels = train->labels,
                                    .read = read_all,
                                    .context = train};
    /* one class is refused when the file is written */
    if (ask->classes >= 2) RGM_TRY(rgm_copies_find_array(ask->options, &array, groups, err));
    ask->groups = *groups;
    return rgm_shares_make(ask, split, err);
}

/* ---- names ---- */

static const struct known_set *recognise(const struct pair *pairs) {
    const struct pair *train = &pairs[RGM_SPLIT_TRAIN];
    for (int32_t k = 0; train->count == KNOWN_TRAIN && k < KNOWN_SETS; k++) {
        int same = 1;
        for (int32_t i = 0; i < 16; i++) same &= train->labels[i] == known_sets[k].first[i];
        if (same) return &known_sets[k];
    }
    return NULL;
}

/* The set that options->names names, or a list of names, or what is recognised. */
static rgm_status choose_names(const rgm_import_options *options, const struct known_set **known, rgm_names *names,
                               rgm_error *err) {
    const char *list = options->names;
    for (int32_t k = 0; list && k < KNOWN_SETS; k++)
        if (strcasecmp(list, known_sets[k].name) == 0) {
            *known = &known_sets[k];
            list = NULL;
        }
    if (list) *known = NULL;
    if (!list && *known) list = (*known)->name;
    return list ? rgm_names_given(names, list, err) : RGM_OK;
}

static rgm_status write_images(struct pair *pairs, uint8_t *split, rgm_writer *writer, rgm_error *err) {
    struct pair *test = &pairs[RGM_SPLIT_TEST];
    RGM_TRY(copy_images(&pairs[RGM_SPLIT_TRAIN], split, writer, err));
    memset(split, RGM_SPLIT_TEST, (size_t)test->count);
    RGM_TRY(copy_images(test, split, writer, err));
    return rgm_writer_finish(writer, err);
}

/* What is known of a set beside its files. */
struct beside {
    const struct known_set *known;
    const rgm_names *names;
    const rgm_copies_parts *copies;
};

static rgm_status write_pairs(const rgm_share_ask *ask, struct pair *pairs, const struct beside *beside, uint8_t *split,
                              rgm_error *err) {
    const rgm_import_options *options = ask->options;
    const struct known_set *known = beside->known;
    const struct pair *train = &pairs[RGM_SPLIT_TRAIN], *test = &pairs[RGM_SPLIT_TEST];
    rgm_writer_options settings = {
        .path = options->out,
        .replace = options->overwrite,
        .H = train->H,
        .W = train->W,
        .C = 1,
        .classes = ask->classes,
        .count = {[RGM_SPLIT_TEST] = test->count},
        .class_names = (const char *const *)beside->names->list,
        .source = options->source ? options->source
                  : known         ? known->source
                                  : NULL,
        .licence = options->licence ? options->licence
                   : known          ? known->licence
                                    : NULL,
        .progress = options->progress,
        .progress_context = options->progress_context,
        .stop = options->stop,
    };
    for (int64_t i = 0; i < train->count; i++) settings.count[split[i]]++;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) settings.groups[s] = beside->copies->of[s];
    rgm_writer *writer;
    RGM_TRY(rgm_writer_create(&writer, &settings, err));
    rgm_status status = write_images(pairs, split, writer, err);
    rgm_writer_destroy(writer);
    return status;
}

/* split: room for the images of either pair. */
static rgm_status write_set(const rgm_import_options *options, struct pair *pairs, const struct known_set *known,
                            const rgm_names *names, uint8_t *split, rgm_error *err) {
    struct pair *train = &pairs[RGM_SPLIT_TRAIN], *test = &pairs[RGM_SPLIT_TEST];
    int32_t top = train->top > test->top ? train->top : test->top;
    if (names->count && top >= names->count)
        return rgm_fail(err, RGM_E_FORMAT, "%s: label %d, but there are %d class names", train->labels_path, top,
                        names->count);
    if (test->count && (test->H != train->H || test->W != train->W))
        return rgm_fail(err, RGM_E_FORMAT, "%s: images of %d x %d, those of %s are %d x %d", test->images_path, test->H,
                        test->W, rgm_source_name(train->images_path), train->H, train->W);
    RGM_TRY(check_promise(train, err));
    RGM_TRY(check_promise(test, err));
    rgm_share_ask ask = {.options = options,
                         .what = train->images_path,
                         .there = {[RGM_SPLIT_TEST] = test->count > 0},
                         .labels = train->labels,
                         .count = train->count,
                         .classes = names->count ? names->count : top + 1};
    rgm_copies_parts copies = {0};
    int32_t *groups = NULL;
    rgm_status status = make_shares(&ask, train, &groups, split, err);
    if (status == RGM_OK) status = rgm_copies_divide(&copies, groups, split, train->count, err);
    if (status == RGM_OK) status = write_pairs(&ask, pairs, &(struct beside){known, names, &copies}, split, err);
    rgm_copies_free(&copies);
    free(groups);
    return status;
}

static rgm_status import_pairs(const rgm_import_options *options, struct pair *pairs, const struct known_set *known,
                               const rgm_names *names, rgm_error *err) {
    int64_t train = pairs[RGM_SPLIT_TRAIN].count, test = pairs[RGM_SPLIT_TEST].count;
    uint8_t *split = malloc((size_t)(train > test ? train : test) + 1);
    if (!split) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", options->out);
    rgm_status status = write_set(options, pairs, known, names, split, err);
    free(split);
    return status;
}

rgm_status rgm_import_idx(const rgm_import_options *options, rgm_error *err) {
    struct pair pairs[RGM_SPLIT_COUNT] = {0};
    char **listed = NULL;
    rgm_names names = {0};
    const struct known_set *known = NULL;
    rgm_status status = find_files(options, &listed, pairs, err);
    for (int32_t s = 0; status == RGM_OK && s < RGM_SPLIT_COUNT; s++) {
        if (!pairs[s].labels_path) continue;
        status = read_labels(&pairs[s], &options->stop, err);
        if (status == RGM_OK) status = open_images(&pairs[s], &options->stop, err);
    }
    if (status == RGM_OK) known = recognise(pairs);
    if (status == RGM_OK) status = choose_names(options, &known, &names, err);
    if (status == RGM_OK) status = import_pairs(options, pairs, known, &names, err);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        rgm_source_close(&pairs[s].images);
        free(pairs[s].labels);
    }
    rgm_names_free(&names);
    rgm_source_free_list(listed);
    return status;
}
