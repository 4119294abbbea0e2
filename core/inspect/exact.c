#define _GNU_SOURCE
#include "inspect/exact.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

/* ---- hashes ---- */

static void hash_rows(XXH3_state_t *state, const rgm_pixels *p) {
    size_t row = (size_t)p->W * (size_t)p->C;
    if (p->pitch == (int64_t)row)
        XXH3_128bits_update(state, p->data, row * (size_t)p->H);
    else
        for (int32_t y = 0; y < p->H; y++) XXH3_128bits_update(state, p->data + y * p->pitch, row);
}

rgm_exact_key rgm_exact_hash(const rgm_look *look) {
    XXH3_state_t state;
    const int32_t size[3] = {look->H, look->W, look->image.C};
    XXH3_INITSTATE(&state);
    XXH3_128bits_reset(&state);
    XXH3_128bits_update(&state, size, sizeof size);
    if (look->file.at)
        XXH3_128bits_update(&state, look->file.at, look->file.size);
    else
        hash_rows(&state, &look->image);
    XXH128_hash_t hash = XXH3_128bits_digest(&state);
    return (rgm_exact_key){hash.low64, hash.high64};
}

/* ---- groups ---- */

static int same_key(const rgm_exact_key *a, const rgm_exact_key *b) { return a->low == b->low && a->high == b->high; }

/* Numbers in the order of their keys. */
static int compare(const void *left, const void *right, void *context) {
    const rgm_exact_key *keys = context;
    const uint32_t x = *(const uint32_t *)left, y = *(const uint32_t *)right;
    const rgm_exact_key *a = &keys[x], *b = &keys[y];
    if (a->high != b->high) return a->high < b->high ? -1 : 1;
    if (a->low != b->low) return a->low < b->low ? -1 : 1;
    return (x > y) - (x < y);
}

static int32_t same_pixels(const rgm_look *a, const rgm_look *b) {
    size_t row = (size_t)a->image.W * (size_t)a->image.C;
    if (a->H != b->H || a->W != b->W) return 0;
    if (a->file.at) return a->file.size == b->file.size && memcmp(a->file.at, b->file.at, a->file.size) == 0;
    for (int32_t y = 0; y < a->image.H; y++)
        if (memcmp(a->image.data + y * a->image.pitch, b->image.data + y * b->image.pitch, row) != 0) return 0;
    return 1;
}

static rgm_status add(const rgm_exact *e, int64_t number, rgm_findings *findings, rgm_error *err) {
    int32_t split, first_split;
    int64_t index, first_index, first = e->of[number];
    const rgm_dataset *set = rgm_images_set(e->images);
    rgm_images_place(e->images, number, &split, &index);
    rgm_images_place(e->images, first, &first_split, &first_index);
    rgm_finding f = rgm_finding_of(split == first_split ? RGM_FIND_EXACT_DUPLICATE : RGM_FIND_LEAK, split, index);
    f.score = 1;
    f.other_split = first_split;
    f.other_index = first_index;
    f.group = first;
    RGM_TRY(rgm_findings_add(findings, &f, err));
    if (rgm_dataset_labels(set, split)[index] == rgm_dataset_labels(set, first_split)[first_index]) return RGM_OK;
    f.kind = RGM_FIND_LABEL_CONFLICT;
    return rgm_findings_add(findings, &f, err);
}

/* Images of one key, in the order of their numbers. Of different images with one key, only those like the first are a
 * group: there are none in practice. */
static rgm_status join(const rgm_exact *e, const uint32_t *list, int64_t count, rgm_findings *findings,
                       rgm_error *err) {
    rgm_look first, other;
    if (count > 1) RGM_TRY(rgm_images_get_bytes(e->images, list[0], 0, 0, &first, err));
    for (int64_t i = 1; i < count; i++) {
        if (rgm_stop_asked(&e->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
        RGM_TRY(rgm_images_get_bytes(e->images, list[i], 1, 0, &other, err));
        if (!same_pixels(&first, &other)) continue;
        e->of[list[i]] = list[0];
        RGM_TRY(add(e, list[i], findings, err));
    }
    return RGM_OK;
}

static rgm_status find(const rgm_exact *e, uint32_t *list, rgm_findings *findings, rgm_error *err) {
    int64_t count = 0;
    for (int64_t i = 0; i < e->count; i++) {
        e->of[i] = i;
        if (!e->broken[i]) list[count++] = (uint32_t)i;
    }
    qsort_r(list, (size_t)count, sizeof *list, compare, (void *)(uintptr_t)e->keys);
    for (int64_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && same_key(&e->keys[list[i]], &e->keys[list[end]]); end++) {}
        RGM_TRY(join(e, list + i, end - i, findings, err));
    }
    return RGM_OK;
}

rgm_status rgm_exact_find(const rgm_exact *e, rgm_findings *findings, rgm_error *err) {
    if (e->count > UINT32_MAX)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "inspect: duplicates among %" PRId64 " images, more than 2^32",
                        e->count);
    uint32_t *list = calloc((size_t)e->count + 1, sizeof *list);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for the hashes of %" PRId64 " images", e->count);
    rgm_status status = find(e, list, findings, err);
    free(list);
    return status;
}
