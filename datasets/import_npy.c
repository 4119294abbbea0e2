#include "import.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/log.h"
#include "copies.h"
#include "names.h"
#include "npy.h"
#include "shares.h"
#include "source.h"

enum { PIECE_BYTES = 1 << 20, LABEL_PIECE = 4096, KEYS_TOLD = 300 };

/* Images and labels of a split, where they are and what they hold. */
struct pair {
    const char *path[2], *member[2]; /* of the images, of the labels; member NULL: a file of its own */
    rgm_npy images;
    int32_t *labels;
    int64_t count;
    int32_t H, W, C, first; /* first: channels come first, [N][C][H][W] */
    int32_t top;            /* the largest label */
};
enum { IMAGES = 0, LABELS = 1 };

/* ---- which array is what ---- */

static int same(const char *word, size_t length, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == length && strncasecmp(words[i], word, length) == 0) return 1;
    return 0;
}

/* What a word of a key says: 1 if it is a role or a split. */
static int word_says(const char *word, size_t length, int32_t *role, int32_t *split) {
    static const char *const images[] = {"x", "images", "image"}, *const labels[] = {"y", "labels", "label"},
                             *const train[] = {"train"}, *const test[] = {"test"},
                             *const validation[] = {"val", "valid", "validation"};
    if (same(word, length, images, 3) && *role < 0)
        *role = IMAGES;
    else if (same(word, length, labels, 3) && *role < 0)
        *role = LABELS;
    else if (same(word, length, train, 1) && *split < 0)
        *split = RGM_SPLIT_TRAIN;
    else if (same(word, length, test, 1) && *split < 0)
        *split = RGM_SPLIT_TEST;
    else if (same(word, length, validation, 3) && *split < 0)
        *split = RGM_SPLIT_VALIDATION;
    else
        return 0;
    return 1;
}

/* "x_train.npy", "train_images.npy", "labels.npy", "arr_0.npy": 1 if the key says what it is. */
static int classify(const char *key, int32_t *role, int32_t *split) {
    size_t length = strlen(key);
    *role = *split = -1;
    if (length > 4 && strcasecmp(key + length - 4, ".npy") == 0) length -= 4;
    if (length == 5 && strncmp(key, "arr_", 4) == 0 && (key[4] == '0' || key[4] == '1')) {
        *role = key[4] == '0' ? IMAGES : LABELS;
        *split = RGM_SPLIT_TRAIN;
        return 1;
    }
    for (size_t at = 0; at < length;) {
        size_t word = strcspn(key + at, "_");
        if (word > length - at) word = length - at;
        if (!word_says(key + at, word, role, split)) return 0;
        at += word + 1;
    }
    if (*split < 0) *split = RGM_SPLIT_TRAIN;
    return *role >= 0;
}

static void tell_keys(char **members, char out[KEYS_TOLD]) {
    size_t used = 0;
    out[0] = 0;
    for (char **m = members; *m && used + 40 < KEYS_TOLD; m++) {
        size_t length = strlen(*m);
        if (length > 4 && strcmp(*m + length - 4, ".npy") == 0) length -= 4;
        used += (size_t)snprintf(out + used, KEYS_TOLD - used, "%s%.*s", used ? ", " : "",
                                 (int)(length < 30 ? length : 30), *m);
    }
}

static rgm_status find_members(const char *path, char **members, struct pair *pairs, rgm_error *err) {
    char keys[KEYS_TOLD];
    tell_keys(members, keys);
    for (char **m = members; *m; m++) {
        int32_t role, split;
        if (!classify(*m, &role, &split)) continue;
        struct pair *pair = &pairs[split];
        if (pair->member[role])
            return rgm_fail(err, RGM_E_USAGE, "%.200s: %.60s and %.60s would both be the %s %s", path,
                            pair->member[role], *m, rgm_split_name(split), role == IMAGES ? "images" : "labels");
        pair->path[role] = path;
        pair->member[role] = *m;
    }
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        const struct pair *pair = &pairs[s];
        int need = s == RGM_SPLIT_TRAIN || pair->path[IMAGES] || pair->path[LABELS];
        if (need && (!pair->path[IMAGES] || !pair->path[LABELS]))
            return rgm_fail(err, RGM_E_USAGE,
                            "%.200s: no %s %s among its arrays: expected x_train and y_train, train_images and "
                            "train_labels, images and labels, or arr_0 and arr_1; found %s",
                            path, rgm_split_name(s), pair->path[IMAGES] ? "labels" : "images", *keys ? keys : "none");
    }
    return RGM_OK;
}

static int ends(const char *text, const char *with) {
    size_t length = strlen(text), tail = strlen(with);
    return length >= tail && strcasecmp(text + length - tail, with) == 0;
}

static rgm_status find_arrays(const rgm_import_options *o, char ***members, struct pair *pairs, rgm_error *err) {
    if (o->count == 1 && ends(o->sources[0], ".npz")) {
        RGM_TRY(rgm_npy_members(o->sources[0], members, err));
        return find_members(o->sources[0], *members, pairs, err);
    }
    for (int32_t i = 0; i < o->count; i++)
        if (ends(o->sources[i], ".npz"))
            return rgm_fail(err, RGM_E_USAGE, "%.200s: an archive holds images and labels: expected it alone",
                            o->sources[i]);
    if (o->count != 2 && o->count != 4)
        return rgm_fail(
            err, RGM_E_USAGE,
            "import npy: expected images and labels, X.npy Y.npy, for test too, XTEST.npy YTEST.npy, or one "
            "archive SET.npz");
    for (int32_t i = 0; i < o->count; i++) pairs[i < 2 ? RGM_SPLIT_TRAIN : RGM_SPLIT_TEST].path[i % 2] = o->sources[i];
    return RGM_OK;
}

/* ---- labels ---- */

static rgm_status check_labels(const rgm_npy *a, rgm_error *err) {
    char type[RGM_NPY_TEXT], shape[RGM_NPY_TEXT];
    const rgm_npy_head *h = &a->head;
    rgm_npy_type(h, type);
    rgm_npy_shape(h, shape);
    if (h->rank == 2 && h->shape[1] > 1)
        return rgm_fail(err, RGM_E_FORMAT,
                        "%s: labels of shape %s: expected [N] or [N, 1] (remedy for one-hot labels: y.argmax(1))",
                        a->name, shape);
    if (h->rank < 1 || h->rank > 2)
        return rgm_fail(err, RGM_E_FORMAT, "%s: labels of shape %s: expected [N] or [N, 1]", a->name, shape);
    if (h->kind != 'u' && h->kind != 'i')
        return rgm_fail(err, RGM_E_FORMAT, "%s: labels of type %s: expected integers (remedy: y.astype('int64'))",
                        a->name, type);
    if (h->bytes <= 8) return RGM_OK;
    return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: labels of type %s: at most 64 bits", a->name, type);
}

/* An integer of any width; above 2^63 - 1 it becomes that. */
static int64_t element(const uint8_t *at, const rgm_npy_head *h) {
    uint64_t value = 0;
    for (int32_t b = 0; b < h->bytes; b++) value |= (uint64_t)at[h->big ? h->bytes - 1 - b : b] << (8 * b);
    if (h->kind == 'i' && (value >> (8 * h->bytes - 1) & 1))
        return -(int64_t)(~(value | (h->bytes < 8 ? ~UINT64_C(0) << (8 * h->bytes) : 0))) - 1;
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* Room for `need` labels: memory follows what is really there, not what the header claims. */
static int grow_labels(struct pair *pair, int64_t need, int64_t *room) {
    if (need <= *room) return 1;
    *room = 2 * need < pair->count ? 2 * need : pair->count;
    int32_t *grown = realloc(pair->labels, (size_t)*room * sizeof *grown);
    if (grown) pair->labels = grown;
    return grown != NULL;
}

static rgm_status read_labels(struct pair *pair, rgm_npy *a, const rgm_stop *stop, rgm_error *err) {
    uint8_t bytes[LABEL_PIECE * 8];
    int64_t room = 0;
    RGM_TRY(check_labels(a, err));
    pair->count = a->head.elements;
    if (pair->count > INT32_MAX)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: %lld labels: at most 2^31-1", a->name, (long long)pair->count);
    for (int64_t at = 0; at < pair->count; at += LABEL_PIECE) {
        int64_t n = pair->count - at < LABEL_PIECE ? pair->count - at : LABEL_PIECE;
        if (rgm_stop_asked(stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "%s: stopped while it was read", a->name);
        RGM_TRY(rgm_npy_read(a, bytes, (size_t)n * (size_t)a->head.bytes, err));
        if (!grow_labels(pair, at + n, &room)) return rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", a->name);
        for (int64_t i = 0; i < n; i++) {
            int64_t label = element(bytes + i * a->head.bytes, &a->head);
            if (label < 0 || label >= RGM_DATA_CLASSES)
                return rgm_fail(err, RGM_E_FORMAT, "%s[%lld] is %lld: expected a label from 0 to %d", a->name,
                                (long long)(at + i), (long long)label, RGM_DATA_CLASSES - 1);
            pair->labels[at + i] = (int32_t)label;
            if (label > pair->top) pair->top = (int32_t)label;
        }
    }
    return rgm_npy_end(a, err);
}

/* ---- images ---- */

static rgm_status check_pixels(const rgm_npy *a, rgm_error *err) {
    char type[RGM_NPY_TEXT];
    const rgm_npy_head *h = &a->head;
    rgm_npy_type(h, type);
    if (h->fortran && h->rank > 1)
        return rgm_fail(err, RGM_E_UNSUPPORTED,
                        "%s: in Fortran's order (remedy: np.save('x.npy', np.ascontiguousarray(x)))", a->name);
    if (h->kind == 'f')
        return rgm_fail(err, RGM_E_FORMAT,
                        "%s: pixels of type %s: expected uint8 (remedy for 0 to 1: (255 * x).round().astype('uint8'))",
                        a->name, type);
    if (h->kind == 'u' && h->bytes == 1) return RGM_OK;
    return rgm_fail(err, RGM_E_FORMAT, "%s: pixels of type %s: expected uint8 (remedy for 0 to 255: x.astype('uint8'))",
                    a->name, type);
}

/* Which extent is what, by the shape. */
static rgm_status take_shape(struct pair *pair, rgm_error *err) {
    const rgm_npy_head *h = &pair->images.head;
    char shape[RGM_NPY_TEXT];
    const int64_t *n = h->shape;
    rgm_npy_shape(h, shape);
    int last = h->rank == 4 && (n[3] == 1 || n[3] == 3), first = h->rank == 4 && (n[1] == 1 || n[1] == 3);
    if (h->rank != 3 && !last && !first)
        return rgm_fail(err, RGM_E_FORMAT,
                        "%s: images of shape %s: expected [N, H, W], [N, H, W, C] or [N, C, H, W] with 1 or 3 channels",
                        pair->images.name, shape);
    if (last && first && n[1] * n[2] * n[3] > 3) /* of a single pixel both are the same */
        return rgm_fail(err, RGM_E_FORMAT,
                        "%s: images of shape %s: channels could be first or last (remedy: x.reshape to what is meant)",
                        pair->images.name, shape);
    pair->first = first && !last;
    const int64_t H = n[pair->first ? 2 : 1], W = n[pair->first ? 3 : 2];
    if (H < 1 || W < 1 || H > RGM_DATA_SIDE || W > RGM_DATA_SIDE)
        return rgm_fail(err, RGM_E_FORMAT, "%s: images of shape %s: 1 to %d pixels a side", pair->images.name, shape,
                        RGM_DATA_SIDE);
    pair->H = (int32_t)H;
    pair->W = (int32_t)W;
    pair->C = h->rank == 3 ? 1 : (int32_t)n[pair->first ? 1 : 3];
    rgm_log(RGM_LOG_INFO, "%s: %s is taken as %s", pair->images.name, shape,
            h->rank == 3  ? "[N, H, W], grey"
            : pair->first ? "[N, C, H, W], channels first"
                          : "[N, H, W, C], channels last");
    return RGM_OK;
}

static rgm_status open_images(struct pair *pair, const char *labels, rgm_error *err) {
    RGM_TRY(rgm_npy_open(&pair->images, pair->path[IMAGES], pair->member[IMAGES], err));
    const rgm_npy_head *h = &pair->images.head;
    char shape[RGM_NPY_TEXT];
    if (h->rank <= 2)
        return rgm_fail(err, RGM_E_FORMAT,
                        "%s: an array of shape %s holds no images: expected images first, then labels",
                        pair->images.name, rgm_npy_shape(h, shape));
    RGM_TRY(check_pixels(&pair->images, err));
    RGM_TRY(take_shape(pair, err));
    if (h->shape[0] == pair->count && pair->count > 0) return RGM_OK;
    if (pair->count == 0) return rgm_fail(err, RGM_E_FORMAT, "%s: no labels in it", labels);
    return rgm_fail(err, RGM_E_FORMAT, "%s: %lld images, but %s has %lld labels", pair->images.name,
                    (long long)h->shape[0], labels, (long long)pair->count);
}

static rgm_status open_pair(struct pair *pair, const rgm_stop *stop, rgm_error *err) {
    rgm_npy labels = {0};
    RGM_TRY(rgm_npy_open(&labels, pair->path[LABELS], pair->member[LABELS], err));
    rgm_status status = read_labels(pair, &labels, stop, err);
    char name[RGM_NPY_NAME];
    memcpy(name, labels.name, sizeof name);
    rgm_npy_close(&labels);
    RGM_TRY(status);
    return open_images(pair, name, err);
}

/* ---- the file ---- */

/* Planes [C][pixels] -> [pixels][C]. */
static void interleave(const uint8_t *planes, int64_t pixels, int32_t C, uint8_t *image) {
    for (int64_t i = 0; i < pixels; i++)
        for (int32_t c = 0; c < C; c++) image[i * C + c] = planes[c * pixels + i];
}

/* Reads the images of a pair in pieces. split[i]: where image i goes. */
static rgm_status copy_images(struct pair *pair, const uint8_t *split, rgm_writer *writer, rgm_error *err) {
    int64_t pixels = (int64_t)pair->H * pair->W, bytes = pixels * pair->C, most = PIECE_BYTES / bytes + 1;
    uint8_t *read = malloc((size_t)(most * bytes)), *turned = pair->first ? malloc((size_t)(most * bytes)) : NULL;
    rgm_status status =
        read && (turned || !pair->first) ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", pair->images.name);
    for (int64_t at = 0; status == RGM_OK && at < pair->count; at += most) {
        int64_t n = pair->count - at < most ? pair->count - at : most;
        status = rgm_npy_read(&pair->images, read, (size_t)(n * bytes), err);
        for (int64_t i = 0; turned && i < n; i++) interleave(read + i * bytes, pixels, pair->C, turned + i * bytes);
        if (status == RGM_OK)
            status = rgm_writer_add_apart(writer, split + at, turned ? turned : read, pair->labels + at, n, err);
    }
    free(read);
    free(turned);
    return status == RGM_OK ? rgm_npy_end(&pair->images, err) : status;
}

/* All images of a pair, for a look before they are divided; the pair begins anew. */
static rgm_status read_all(void *context, uint8_t *images, rgm_error *err) {
    struct pair *pair = context;
    const int64_t pixels = (int64_t)pair->H * pair->W, bytes = pixels * pair->C;
    uint8_t *one = malloc((size_t)bytes);
    rgm_status status = one ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "%s: out of memory", pair->images.name);
    for (int64_t i = 0; status == RGM_OK && i < pair->count; i++) {
        status = rgm_npy_read(&pair->images, pair->first ? one : images + i * bytes, (size_t)bytes, err);
        if (pair->first) interleave(one, pixels, pair->C, images + i * bytes);
    }
    free(one);
    RGM_TRY(status);
    RGM_TRY(rgm_npy_end(&pair->images, err));
    rgm_npy_close(&pair->images);
    return rgm_npy_open(&pair->images, pair->path[IMAGES], pair->member[IMAGES], err);
}

static rgm_status make_shares(rgm_share_ask *ask, struct pair *train, int32_t **groups, uint8_t *split,
                              rgm_error *err) {
    const rgm_copies_array array = {.name = ask->what,
                                    .count = train->count,
                                    .H = train->H,
                                    .W = train->W,
                                    .C = train->C,
                                    .classes = ask->classes,
                                    .labels = train->labels,
                                    .read = read_all,
                                    .context = train};
    RGM_TRY(rgm_copies_find_array(ask->options, &array, groups, err));
    ask->groups = *groups;
    return rgm_shares_make(ask, split, err);
}

static rgm_status check_alike(const struct pair *pairs, rgm_error *err) {
    const struct pair *train = &pairs[RGM_SPLIT_TRAIN];
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (pairs[s].count && (pairs[s].H != train->H || pairs[s].W != train->W || pairs[s].C != train->C))
            return rgm_fail(err, RGM_E_FORMAT, "%s: images of %dx%dx%d, those of %s are %dx%dx%d", pairs[s].images.name,
                            pairs[s].C, pairs[s].H, pairs[s].W, train->images.name, train->C, train->H, train->W);
    return RGM_OK;
}

static rgm_status write_arrays(const rgm_share_ask *ask, struct pair *pairs, const rgm_names *names,
                               const rgm_copies_parts *copies, uint8_t *split, rgm_error *err) {
    const rgm_import_options *o = ask->options;
    struct pair *train = &pairs[RGM_SPLIT_TRAIN];
    rgm_writer_options settings = {.path = o->out,
                                   .replace = o->overwrite,
                                   .H = train->H,
                                   .W = train->W,
                                   .C = train->C,
                                   .classes = ask->classes,
                                   .class_names = (const char *const *)names->list,
                                   .source = o->source,
                                   .licence = o->licence,
                                   .progress = o->progress,
                                   .progress_context = o->progress_context,
                                   .stop = o->stop};
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) settings.count[s] = s == RGM_SPLIT_TRAIN ? 0 : pairs[s].count;
    for (int64_t i = 0; i < train->count; i++) settings.count[split[i]]++;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) settings.groups[s] = copies->of[s];
    rgm_writer *writer;
    RGM_TRY(rgm_writer_create(&writer, &settings, err));
    rgm_status status = copy_images(train, split, writer, err);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT && status == RGM_OK; s++) {
        if (s == RGM_SPLIT_TRAIN || pairs[s].count == 0) continue;
        memset(split, s, (size_t)pairs[s].count);
        status = copy_images(&pairs[s], split, writer, err);
    }
    if (status == RGM_OK) status = rgm_writer_finish(writer, err);
    rgm_writer_destroy(writer);
    return status;
}

static rgm_status write_set(const rgm_import_options *o, struct pair *pairs, const rgm_names *names, uint8_t *split,
                            rgm_error *err) {
    struct pair *train = &pairs[RGM_SPLIT_TRAIN];
    int32_t top = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) top = pairs[s].top > top ? pairs[s].top : top;
    if (names->count && top >= names->count)
        return rgm_fail(err, RGM_E_FORMAT, "%.200s: label %d, but there are %d class names", train->path[LABELS], top,
                        names->count);
    rgm_share_ask ask = {.options = o, .what = train->path[IMAGES], .labels = train->labels, .count = train->count};
    ask.classes = names->count ? names->count : top + 1;
    if (ask.classes < 2)
        return rgm_fail(err, RGM_E_FORMAT, "%.200s: all labels are 0: expected two classes at least",
                        train->path[LABELS]);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) ask.there[s] = s != RGM_SPLIT_TRAIN && pairs[s].count > 0;
    rgm_copies_parts copies = {0};
    int32_t *groups = NULL;
    rgm_status status = make_shares(&ask, train, &groups, split, err);
    if (status == RGM_OK) status = rgm_copies_divide(&copies, groups, split, train->count, err);
    if (status == RGM_OK) status = write_arrays(&ask, pairs, names, &copies, split, err);
    rgm_copies_free(&copies);
    free(groups);
    return status;
}

static rgm_status import_pairs(const rgm_import_options *o, struct pair *pairs, rgm_names *names, rgm_error *err) {
    int64_t most = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++)
        if (pairs[s].path[IMAGES]) {
            RGM_TRY(open_pair(&pairs[s], &o->stop, err));
            most = pairs[s].count > most ? pairs[s].count : most;
        }
    RGM_TRY(check_alike(pairs, err));
    if (o->names) RGM_TRY(rgm_names_given(names, o->names, err));
    uint8_t *split = malloc((size_t)most + 1);
    if (!split) return rgm_fail(err, RGM_E_NOMEM, "%.200s: out of memory", o->out);
    rgm_status status = write_set(o, pairs, names, split, err);
    free(split);
    return status;
}

rgm_status rgm_import_npy(const rgm_import_options *options, rgm_error *err) {
    struct pair pairs[RGM_SPLIT_COUNT] = {0};
    char **members = NULL;
    rgm_names names = {0};
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) pairs[s].images.fd = -1;
    rgm_status status = find_arrays(options, &members, pairs, err);
    if (status == RGM_OK) status = import_pairs(options, pairs, &names, err);
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        rgm_npy_close(&pairs[s].images);
        free(pairs[s].labels);
    }
    rgm_names_free(&names);
    free(members);
    return status;
}
