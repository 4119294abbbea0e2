#include "copies.h"

#include <inttypes.h>
#include <stdlib.h>
#include "base/log.h"
#include "base/memory.h"

enum { MEMORY_SHARE = 4 };

int rgm_copies_wanted(const rgm_import_options *o) { return o->find_copies && (o->test > 0.0 || o->validation > 0.0); }

rgm_status rgm_copies_find(const rgm_import_options *o, const rgm_dataset *set, int32_t *groups, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    int64_t count = 0, copies = 0, firsts = 0;
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) count += info->count[s];
    RGM_TRY(o->find_copies(o->copies_context, set, groups, err));
    for (int64_t i = 0; i < count; i++) {
        copies += groups[i] >= 0;
        firsts += groups[i] == i;
    }
    if (!o->report) return RGM_OK;
    o->report->copies = copies;
    o->report->copy_groups = firsts;
    return RGM_OK;
}

/* ---- arrays ---- */

static rgm_status find_in(const rgm_import_options *o, const rgm_copies_array *a, const uint8_t *images,
                          int32_t *groups, rgm_error *err) {
    /* not as a training split: mean and deviation would be computed */
    const rgm_dataset_memory memory = {.name = a->name,
                                       .H = a->H,
                                       .W = a->W,
                                       .C = a->C,
                                       .classes = a->classes,
                                       .count = {[RGM_SPLIT_TEST] = a->count},
                                       .images = {[RGM_SPLIT_TEST] = images},
                                       .labels = {[RGM_SPLIT_TEST] = a->labels},
                                       .stop = o->stop};
    rgm_dataset *set;
    RGM_TRY(rgm_dataset_from_memory(&set, &memory, err));
    rgm_status status = rgm_copies_find(o, set, groups, err);
    rgm_dataset_close(set);
    return status;
}

rgm_status rgm_copies_find_array(const rgm_import_options *o, const rgm_copies_array *a, int32_t **groups,
                                 rgm_error *err) {
    const size_t available = rgm_memory_available(),
                 bytes = (size_t)a->count * (size_t)a->H * (size_t)a->W * (size_t)a->C;
    *groups = NULL;
    if (!rgm_copies_wanted(o)) return RGM_OK;
    uint8_t *images = available == 0 || bytes <= available / MEMORY_SHARE ? malloc(bytes) : NULL;
    if (!images) {
        rgm_log(RGM_LOG_WARN,
                "near duplicates are not looked for: %zu MB of images, too much for the memory: copies of "
                "an image may come into different splits",
                bytes / 1000000);
        return RGM_OK;
    }
    int32_t *found = malloc((size_t)a->count * sizeof *found);
    rgm_status status =
        found ? a->read(a->context, images, err) : rgm_fail(err, RGM_E_NOMEM, "%.200s: out of memory", a->name);
    if (status == RGM_OK) status = find_in(o, a, images, found, err);
    free(images);
    if (status == RGM_OK)
        *groups = found;
    else
        free(found);
    return status;
}

/* ---- splits ---- */

rgm_status rgm_copies_divide(rgm_copies_parts *parts, const int32_t *groups, const uint8_t *split, int64_t count,
                             rgm_error *err) {
    int64_t at[RGM_SPLIT_COUNT] = {0}, total[RGM_SPLIT_COUNT] = {0};
    int32_t some[RGM_SPLIT_COUNT] = {0};
    *parts = (rgm_copies_parts){0};
    for (int64_t i = 0; groups && i < count; i++) {
        if (split[i] >= RGM_SPLIT_COUNT) continue;
        total[split[i]]++;
        some[split[i]] |= groups[i] >= 0;
    }
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        if (!some[s]) continue;
        parts->of[s] = malloc((size_t)total[s] * sizeof *parts->of[s]);
        if (parts->of[s]) continue;
        rgm_copies_free(parts);
        return rgm_fail(err, RGM_E_NOMEM, "no memory for the groups of %" PRId64 " images", total[s]);
    }
    for (int64_t i = 0; groups && i < count; i++)
        if (split[i] < RGM_SPLIT_COUNT && parts->of[split[i]]) parts->of[split[i]][at[split[i]]++] = groups[i];
    return RGM_OK;
}

void rgm_copies_free(rgm_copies_parts *parts) {
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) free(parts->of[s]);
    *parts = (rgm_copies_parts){0};
}
