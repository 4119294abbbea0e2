#include "inspect/labelling.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "base/rng.h"

/* Instances of the stream: what a draw is for. */
enum { CLASSES, WITHIN, START, ORDER, AGAIN };

static rgm_rng stream(uint64_t seed, int32_t what, int64_t sample) {
    return (rgm_rng){.seed = seed, .stream = RGM_STREAM(RGM_STREAM_LABEL, what), .sample = (uint32_t)sample};
}

/* ---- the sample ---- */

/* A split by class. */
typedef struct by_class {
    int64_t *first;  /* [classes + 1]: class c has the images list[first[c]] to list[first[c + 1] - 1] */
    uint32_t *list;  /* [N], ascending within a class */
    int64_t *before; /* [classes + 1]: where the k-th class begins in the order of the sample */
} by_class;

static void free_classes(by_class *b) {
    free(b->first);
    free(b->list);
    free(b->before);
}

static rgm_status sort_by_class(by_class *b, const rgm_labelling_ask *ask, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(ask->set);
    const int32_t *labels = rgm_dataset_labels(ask->set, ask->split);
    const int64_t N = info->count[ask->split], classes = info->classes;
    const rgm_rng rng = stream(ask->seed, CLASSES, 0);
    b->first = calloc((size_t)classes + 2, sizeof *b->first);
    b->before = calloc((size_t)classes + 1, sizeof *b->before);
    b->list = malloc((size_t)N * sizeof *b->list);
    if (!b->first || !b->before || !b->list) return rgm_fail(err, RGM_E_NOMEM, "label: out of memory");
    for (int64_t i = 0; i < N; i++) b->first[labels[i] + 2]++;
    for (int64_t c = 0; c < classes; c++) b->first[c + 2] += b->first[c + 1];
    for (int64_t i = 0; i < N; i++) b->list[b->first[labels[i] + 1]++] = (uint32_t)i;
    for (int64_t k = 0; k < classes; k++) {
        int64_t c = (int64_t)rgm_rng_permute(&rng, (uint64_t)classes, (uint64_t)k);
        b->before[k + 1] = b->before[k] + b->first[c + 1] - b->first[c];
    }
    return RGM_OK;
}

/* Takes each N/count-th image, from a place between 0 and N/count on. Whole numbers, so that each has exactly the same
 * chance. */
static void take(const by_class *b, const rgm_labelling_ask *ask, int64_t count, int64_t *images) {
    const rgm_dataset_info *info = rgm_dataset_describe(ask->set);
    const uint64_t N = (uint64_t)info->count[ask->split];
    const rgm_rng order = stream(ask->seed, CLASSES, 0), draw = stream(ask->seed, START, 0);
    const uint64_t start = rgm_rng_below(&draw, 0, N);
    int64_t k = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t at = (int64_t)((start + (uint64_t)i * N) / (uint64_t)count);
        while (at >= b->before[k + 1]) k++;
        int64_t c = (int64_t)rgm_rng_permute(&order, (uint64_t)info->classes, (uint64_t)k);
        const rgm_rng within = stream(ask->seed, WITHIN, c);
        uint64_t n = (uint64_t)(b->before[k + 1] - b->before[k]);
        images[i] = b->list[b->first[c] + (int64_t)rgm_rng_permute(&within, n, (uint64_t)(at - b->before[k]))];
    }
}

/* ---- the order ---- */

/* Image i of the second half is followed by one of the first half that lies half of all images back, if that is one of
 * those to be shown again. */
static void put_order(rgm_labelling *l, int64_t again) {
    const int64_t half = l->count / 2;
    const rgm_rng rng = stream(l->seed, AGAIN, 0);
    l->shows = 0;
    for (int64_t i = 0; i < l->count; i++) {
        l->order[l->shows++] = (int32_t)i;
        if (i < l->count - half) continue;
        int64_t back = i - (l->count - half);
        if ((int64_t)rgm_rng_permute(&rng, (uint64_t)half, (uint64_t)back) < again)
            l->order[l->shows++] = (int32_t)back;
    }
}

static rgm_status choose(rgm_labelling *l, const rgm_labelling_ask *ask, int64_t *taken, rgm_error *err) {
    by_class by = {0};
    const rgm_rng rng = stream(ask->seed, ORDER, 0);
    rgm_status status = sort_by_class(&by, ask, err);
    if (status >= 0) {
        take(&by, ask, l->count, taken);
        for (int64_t i = 0; i < l->count; i++)
            l->images[i] = taken[rgm_rng_permute(&rng, (uint64_t)l->count, (uint64_t)i)];
    }
    free_classes(&by);
    return status;
}

rgm_status rgm_labelling_create(rgm_labelling *l, const rgm_labelling_ask *ask, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(ask->set);
    *l = (rgm_labelling){.set = ask->set, .split = ask->split, .seed = ask->seed};
    int64_t all = info->count[ask->split];
    if (!all)
        return rgm_fail(err, RGM_E_USAGE, "%.300s: there is no split %s: --split names one of train, test, validation",
                        info->path, rgm_split_name(ask->split));
    l->count = ask->count < all ? ask->count : all;
    int64_t again = (l->count + RGM_LABELLING_AGAIN / 2) / RGM_LABELLING_AGAIN;
    int64_t *taken = malloc((size_t)l->count * sizeof *taken);
    l->images = malloc((size_t)l->count * sizeof *l->images);
    l->order = malloc((size_t)(l->count + again) * sizeof *l->order);
    rgm_status status = taken && l->images && l->order ? choose(l, ask, taken, err)
                                                       : rgm_fail(err, RGM_E_NOMEM, "label: out of memory");
    free(taken);
    if (status < 0)
        rgm_labelling_destroy(l);
    else
        put_order(l, again);
    return status;
}

void rgm_labelling_destroy(rgm_labelling *l) {
    free(l->images);
    free(l->order);
    memset(l, 0, sizeof *l);
}

int32_t rgm_labelling_split(const rgm_dataset *set) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    if (info->count[RGM_SPLIT_TEST]) return RGM_SPLIT_TEST;
    return info->count[RGM_SPLIT_VALIDATION] ? RGM_SPLIT_VALIDATION : RGM_SPLIT_TRAIN;
}

/* ---- what tells sets and images apart ---- */

uint64_t rgm_labelling_fingerprint(const rgm_dataset *set, int32_t split) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    const int64_t numbers[] = {info->H, info->W, info->C, info->encoded, info->classes, split, info->count[split]};
    uint64_t hash = XXH3_64bits(numbers, sizeof numbers);
    for (int32_t c = 0; info->class_names && c < info->classes; c++)
        hash = XXH3_64bits_withSeed(info->class_names[c], strlen(info->class_names[c]) + 1, hash);
    return hash;
}

static size_t room_for(const rgm_dataset_info *info) {
    return info->encoded ? (size_t)info->pictures.bytes : (size_t)info->H * (size_t)info->W * (size_t)info->C;
}

rgm_status rgm_labelling_read(rgm_labelling_reader *reader, const rgm_dataset *set, int32_t split, int64_t index,
                              rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    rgm_encoded encoded = {.nameless = 1};
    if (!reader->room) reader->room = malloc(room_for(info) + 1);
    if (!reader->room) return rgm_fail(err, RGM_E_NOMEM, "label: out of memory");
    if (info->encoded) {
        RGM_TRY(rgm_dataset_encoded(set, split, index, reader->room, &encoded, err));
        reader->bytes = encoded.bytes;
    } else {
        RGM_TRY(rgm_dataset_read(set, split, index, reader->room, err));
        reader->bytes = (rgm_bytes){.at = reader->room, .size = room_for(info)};
    }
    reader->hash = XXH3_64bits(reader->bytes.at, reader->bytes.size);
    return RGM_OK;
}

void rgm_labelling_reader_free(rgm_labelling_reader *reader) {
    free(reader->room);
    reader->room = NULL;
}
