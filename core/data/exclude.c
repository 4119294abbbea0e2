#include "data/exclude.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "data/exclude_lines.h"
#include "data/fingerprint.h"

/* ---- in memory ---- */

void rgm_exclude_free(rgm_exclude *e) {
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) free(e->out[split]);
    *e = (rgm_exclude){0};
}

rgm_status rgm_exclude_add(rgm_exclude *e, const rgm_dataset *set, int32_t split, int64_t index, rgm_error *err) {
    const int64_t *count = rgm_dataset_describe(set)->count;
    if (!count[split]) return rgm_fail(err, RGM_E_USAGE, "there is no %s split", rgm_split_name(split));
    if (index < 0 || index >= count[split])
        return rgm_fail(err, RGM_E_USAGE, "%s %" PRId64 ": that split has images 0 to %" PRId64, rgm_split_name(split),
                        index, count[split] - 1);
    if (!e->out[split]) e->out[split] = calloc((size_t)count[split], 1);
    if (!e->out[split]) return rgm_fail(err, RGM_E_NOMEM, "exclude: no memory for %" PRId64 " images", count[split]);
    e->count[split] += !e->out[split][index];
    e->out[split][index] = 1;
    return RGM_OK;
}

uint64_t rgm_exclude_hash(const rgm_exclude *e, const rgm_dataset *set) {
    uint64_t hash = 0;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        if (e->count[split])
            hash = XXH3_64bits_withSeed(e->out[split], (size_t)rgm_dataset_describe(set)->count[split],
                                        hash + 1 + (uint64_t)split);
    return hash;
}

rgm_status rgm_exclude_view(const rgm_exclude *e, rgm_view *view, uint32_t **indices, rgm_error *err) {
    const uint8_t *out = e->out[view->split];
    int64_t kept = 0;
    *indices = NULL;
    if (!view->count || !e->count[view->split]) return RGM_OK;
    uint32_t *list = malloc((size_t)view->count * sizeof *list);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "exclude: no memory for %" PRId64 " images", view->count);
    for (int64_t i = 0; i < view->count; i++) {
        int64_t index = rgm_view_index(view, i);
        if (!out[index]) list[kept++] = (uint32_t)index;
    }
    view->indices = *indices = list;
    view->count = kept;
    return RGM_OK;
}

rgm_status rgm_exclude_fingerprint(const rgm_dataset *set, uint64_t *fingerprint, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    const rgm_fingerprint_terms terms = {info->mean, info->std, ""};
    return rgm_fingerprint_quick(set, &terms, fingerprint, err);
}

/* ---- of a file ---- */

/* What a list is read into. */
typedef struct into {
    rgm_exclude *exclude;
    const rgm_dataset *set;
} into;

static rgm_status take(void *context, const rgm_exclude_line *line, rgm_error *err) {
    const into *to = context;
    return rgm_exclude_add(to->exclude, to->set, line->split, line->index, err);
}

rgm_status rgm_exclude_read(rgm_exclude *e, const char *path, const rgm_dataset *set, rgm_error *err) {
    uint64_t fingerprint;
    into to = {e, set};
    RGM_TRY(rgm_exclude_fingerprint(set, &fingerprint, err));
    const rgm_exclude_lines lines = {
        .fingerprint = &fingerprint, .of = rgm_dataset_describe(set)->path, .take = take, .context = &to};
    rgm_status status = rgm_exclude_lines_read(path, &lines, err);
    if (status < 0) rgm_exclude_free(e);
    return status;
}
