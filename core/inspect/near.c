#include "inspect/near.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "inspect/align.h"
#include "inspect/pairs.h"

enum { BEST = RGM_PAIRS_BEST, AT_ONCE = 1024, CHUNK = 32 };

struct rgm_near {
    rgm_images *images;
    rgm_near_options o;
    int64_t count;
    rgm_sketcher *sketcher;
    rgm_pairs *pairs;
    uint8_t *textured; /* [count] 1: there is a sketch */
    /* of the images that are compared, by their places */
    int32_t *number;                /* [compared] */
    int64_t parts[RGM_SPLIT_COUNT]; /* the first place of each split */
    int32_t part_count;
    int64_t compared;
    rgm_candidate *candidates; /* [compared][BEST] */
    uint8_t *how;              /* [compared][BEST] */
    struct tools {
        rgm_patcher *patcher;
        rgm_aligner *aligner;
        rgm_patch one, other;
    } * tools; /* [workers] */
    int32_t workers;
    int64_t from; /* of the places that are being verified */
};

/* ---- the object ---- */

void rgm_near_destroy(rgm_near *n) {
    if (!n) return;
    rgm_sketcher_destroy(n->sketcher);
    rgm_pairs_destroy(n->pairs);
    free(n->textured);
    free(n->number);
    free(n->candidates);
    free(n->how);
    for (int32_t i = 0; n->tools && i < n->workers; i++) {
        rgm_patcher_destroy(n->tools[i].patcher);
        rgm_aligner_destroy(n->tools[i].aligner);
    }
    free(n->tools);
    free(n);
}

rgm_status rgm_near_create(rgm_near **near, rgm_images *images, const rgm_near_options *options, rgm_error *err) {
    rgm_near *n = calloc(1, sizeof *n);
    *near = n;
    if (!n) return rgm_fail(err, RGM_E_NOMEM, "inspect: out of memory");
    n->images = images;
    n->o = *options;
    n->count = rgm_images_count(images);
    n->workers = rgm_team_size(options->device->team);
    n->textured = calloc((size_t)n->count + 1, sizeof *n->textured);
    if (!n->textured) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " images", n->count);
    RGM_TRY(rgm_pairs_create(&n->pairs, n->count, err));
    return rgm_sketcher_create(&n->sketcher, images, options->device, options->stop, err);
}

void rgm_near_look(rgm_near *n, const rgm_look *look, int32_t worker) {
    rgm_sketch sketch;
    if (!rgm_sketch_of(n->sketcher, look, worker, &sketch)) return;
    rgm_pairs_put(n->pairs, look->number, &sketch);
    n->textured[look->number] = 1;
}

/* ---- candidates ---- */

static rgm_status take_memory(rgm_near *n, rgm_error *err) {
    size_t count = (size_t)n->compared + 1;
    n->candidates = calloc(count, BEST * sizeof *n->candidates);
    n->tools = calloc((size_t)n->workers, sizeof *n->tools);
    if (!n->candidates || !n->tools)
        return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for near duplicates of %" PRId64 " images", n->compared);
    for (int32_t i = 0; i < n->workers; i++) {
        struct tools *t = &n->tools[i];
        RGM_TRY(rgm_patcher_create(&t->patcher, n->o.device->kernels, err));
        RGM_TRY(rgm_aligner_create(&t->aligner, n->o.device->kernels, rgm_sketcher_contrast(n->sketcher), err));
    }
    return RGM_OK;
}

/* Image i comes next: perhaps it is the first of its split. */
static void note_split(rgm_near *n, int64_t i) {
    int32_t split, before = -1;
    int64_t index;
    rgm_images_place(n->images, i, &split, &index);
    if (n->compared) rgm_images_place(n->images, n->number[n->compared - 1], &before, &index);
    if (split != before) n->parts[n->part_count++] = n->compared;
}

/* The sketches of those that are compared move together: a place is never after its number. */
static rgm_status choose(rgm_near *n, const int64_t *of, rgm_error *err) {
    rgm_sketch sketch;
    n->number = calloc((size_t)n->count + 1, sizeof *n->number);
    if (!n->number) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " images", n->count);
    for (int64_t i = 0; i < n->count; i++) {
        if (!n->textured[i] || of[i] != i) continue;
        note_split(n, i);
        rgm_pairs_get(n->pairs, i, &sketch);
        rgm_pairs_put(n->pairs, n->compared, &sketch);
        n->number[n->compared++] = (int32_t)i;
    }
    return RGM_OK;
}

static rgm_status search(rgm_near *n, rgm_error *err) {
    const rgm_pairs_search search = {.pairs = n->pairs,
                                     .sketcher = n->sketcher,
                                     .device = n->o.device,
                                     .count = n->compared,
                                     .parts = n->parts,
                                     .part_count = n->part_count,
                                     .candidates = n->candidates,
                                     .stop = n->o.stop,
                                     .progress = n->o.progress,
                                     .context = n->o.context};
    if (n->o.begin) n->o.begin(n->o.context, "comparing", n->compared);
    return rgm_pairs_find(&search, err);
}

/* ---- pixels ---- */

static uint8_t how_of(const rgm_alignment *a) {
    uint32_t how = a->mirrored ? RGM_HOW_MIRRORED : 0;
    if (fabs(a->shift[0]) >= 0.5 || fabs(a->shift[1]) >= 0.5) how |= RGM_HOW_SHIFTED;
    if (fabs(a->scale - 1) >= 0.01) how |= RGM_HOW_SCALED;
    if (fabs(a->left.gain - 1) >= 0.025 || fabs(a->left.offset) >= 5) how |= RGM_HOW_BRIGHTNESS;
    return (uint8_t)(how ? how : RGM_HOW_RECOMPRESSED);
}

/* Whether a place shows the same as the one that a worker holds: the score, below 1; 0: it does not. */
static rgm_status verify(rgm_near *n, int64_t other, int32_t worker, float *score, uint8_t *how, rgm_error *err) {
    struct tools *t = &n->tools[worker];
    rgm_look look;
    rgm_alignment a;
    RGM_TRY(rgm_images_get(n->images, n->number[other], 1, worker, &look, err));
    RGM_TRY(rgm_patch_of(t->patcher, &look.image, &t->one, &t->other, err));
    *score = 0;
    if (rgm_align(t->aligner, &t->other, &t->one, &a)) {
        *score = (float)(a.left.correlation < 0.9999 ? a.left.correlation : 0.9999);
        *how = how_of(&a);
    }
    return RGM_OK;
}

/* The candidates of a place get scores; those that are none stay with score 0. */
static rgm_status verify_place(rgm_near *n, int64_t place, int32_t worker, rgm_error *err) {
    rgm_candidate *list = n->candidates + place * BEST;
    rgm_look look;
    if (list[0].other < 0) return RGM_OK;
    RGM_TRY(rgm_images_get(n->images, n->number[place], 0, worker, &look, err));
    RGM_TRY(rgm_patch_of(n->tools[worker].patcher, &look.image, NULL, &n->tools[worker].one, err));
    for (int32_t i = 0; i < BEST && list[i].other >= 0; i++)
        RGM_TRY(verify(n, list[i].other, worker, &list[i].score, &n->how[place * BEST + i], err));
    return RGM_OK;
}

static rgm_status verify_some(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    rgm_near *n = context;
    int64_t first = n->from + (int64_t)chunk * CHUNK, end = first + CHUNK < n->compared ? first + CHUNK : n->compared;
    for (int64_t i = first; i < end; i++) RGM_TRY(verify_place(n, i, worker, err));
    return RGM_OK;
}

/* HDF5 has one lock for all: sets that are read through it are verified by the caller. */
static rgm_status verify_all(rgm_near *n, rgm_error *err) {
    int32_t slow = rgm_dataset_describe(rgm_images_set(n->images))->slow;
    if (n->o.begin) n->o.begin(n->o.context, "verifying", n->compared);
    for (n->from = 0; n->from < n->compared; n->from += AT_ONCE) {
        int64_t count = n->compared - n->from < AT_ONCE ? n->compared - n->from : AT_ONCE;
        int32_t chunks = (int32_t)((count + CHUNK - 1) / CHUNK);
        if (rgm_stop_asked(&n->o.stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped, as asked");
        for (int32_t i = 0; slow && i < chunks; i++) RGM_TRY(verify_some(n, i, 0, err));
        if (!slow) RGM_TRY(rgm_team_for(n->o.device->team, verify_some, n, chunks, err));
        if (n->o.progress) n->o.progress(n->o.context, n->from + count);
    }
    return RGM_OK;
}

/* ---- groups ---- */

static rgm_status add(const rgm_near *n, int64_t place, int64_t other, double score, int32_t how,
                      rgm_findings *findings, rgm_error *err) {
    int32_t split, other_split;
    int64_t index, other_index;
    const rgm_dataset *set = rgm_images_set(n->images);
    rgm_images_place(n->images, n->number[place], &split, &index);
    rgm_images_place(n->images, n->number[other], &other_split, &other_index);
    rgm_finding f = rgm_finding_of(split == other_split ? RGM_FIND_NEAR_DUPLICATE : RGM_FIND_NEAR_LEAK, split, index);
    f.score = score;
    f.other_split = other_split;
    f.other_index = other_index;
    f.how = how;
    f.group = n->number[other];
    RGM_TRY(rgm_findings_add(findings, &f, err));
    if (rgm_dataset_labels(set, split)[index] == rgm_dataset_labels(set, other_split)[other_index]) return RGM_OK;
    f.kind = RGM_FIND_LABEL_CONFLICT;
    return rgm_findings_add(findings, &f, err);
}

static int32_t split_of(const rgm_near *n, int64_t place) {
    int32_t split;
    int64_t index;
    rgm_images_place(n->images, n->number[place], &split, &index);
    return split;
}

/* The best of an image's verified candidates: of another split before its own, a group's first before its members, then
 * by score. -1: none. */
static int32_t best_of(const rgm_near *n, int64_t place, const uint8_t *member) {
    const rgm_candidate *list = n->candidates + place * BEST;
    int32_t best = -1, best_rank = 0;
    for (int32_t i = 0; i < BEST && list[i].other >= 0; i++) {
        if (!(list[i].score > 0)) continue;
        int32_t rank = 2 * (split_of(n, list[i].other) != split_of(n, place)) + !member[list[i].other];
        if (best >= 0 && (rank < best_rank || (rank == best_rank && list[i].score <= list[best].score))) continue;
        best = i;
        best_rank = rank;
    }
    return best;
}

static rgm_status group(rgm_near *n, uint8_t *member, rgm_findings *findings, rgm_error *err) {
    for (int64_t i = 0; i < n->compared; i++) {
        int32_t best = best_of(n, i, member);
        if (best < 0) continue;
        const rgm_candidate *c = &n->candidates[i * BEST + best];
        member[i] = 1;
        RGM_TRY(add(n, i, c->other, (double)c->score, n->how[i * BEST + best], findings, err));
    }
    return RGM_OK;
}

rgm_status rgm_near_find(rgm_near *n, const int64_t *of, rgm_findings *findings, rgm_error *err) {
    RGM_TRY(choose(n, of, err));
    RGM_TRY(take_memory(n, err));
    RGM_TRY(search(n, err));
    rgm_pairs_destroy(n->pairs);
    n->pairs = NULL;
    n->how = calloc((size_t)n->compared + 1, BEST * sizeof *n->how);
    if (!n->how) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " images", n->compared);
    RGM_TRY(verify_all(n, err));
    memset(n->textured, 0, (size_t)n->count); /* from here on: a member of a group */
    return group(n, n->textured, findings, err);
}
