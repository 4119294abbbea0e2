#include "data/dataset.h"

#include <stdlib.h>
#include "data/content.h"

/* Soft labels of `width` classes become rows of `classes`; what goes to the same class is added. */
static rgm_status map_soft(rgm_dataset *set, int32_t split, const int32_t *map, int32_t classes, rgm_error *err) {
    rgm_split_store *store = &set->splits[split];
    int64_t count = set->info.count[split], width = set->info.classes;
    float *rows = calloc((size_t)count * (size_t)classes, sizeof *rows);
    if (!rows)
        return rgm_fail(err, RGM_E_NOMEM, "%s: no memory for %lld x %d soft labels", set->path, (long long)count,
                        classes);
    for (int64_t i = 0; i < count; i++)
        for (int64_t c = 0; c < width; c++) rows[i * classes + map[c]] += store->soft[i * width + c];
    free(store->soft);
    store->soft = rows;
    return RGM_OK;
}

rgm_status rgm_dataset_relabel(rgm_dataset *set, const int32_t *map, int32_t classes, rgm_error *err) {
    set->relabelled = 1;
    set->info.class_names = NULL; /* they stand in the file's order */
    for (int32_t s = 0; s < RGM_SPLIT_COUNT; s++) {
        rgm_split_store *store = &set->splits[s];
        if (store->soft) RGM_TRY(map_soft(set, s, map, classes, err));
        for (int64_t i = 0; i < set->info.count[s]; i++) store->labels[i] = map[store->labels[i]];
    }
    set->info.classes = classes;
    return RGM_OK;
}
