#include "inspect/losses.h"

#include <math.h>
#include "inspect/nearest.h"

/* ---- the largest ---- */

static int32_t before(const rgm_said_all *said, int64_t a, int64_t b) {
    float x = said->list[a].given, y = said->list[b].given;
    return x < y || (x <= y && a < b);
}

/* The numbers of the largest losses, largest first; returns how many. */
static int32_t find_largest(const rgm_losses *l, int64_t numbers[RGM_SAYS_LOSSES]) {
    int32_t count = 0;
    for (int64_t i = 0; i < l->said->count; i++) {
        if (l->said->list[i].part == RGM_PART_NONE || l->broken[i]) continue;
        int32_t at = count < RGM_SAYS_LOSSES ? count++ : RGM_SAYS_LOSSES;
        if (at == RGM_SAYS_LOSSES && !before(l->said, i, numbers[--at])) continue;
        for (; at > 0 && before(l->said, i, numbers[at - 1]); at--) numbers[at] = numbers[at - 1];
        numbers[at] = i;
    }
    return count;
}

static void describe(const rgm_losses *l, int64_t number, const rgm_nearest_found *nearest, rgm_top_loss *loss) {
    const rgm_said *said = &l->said->list[number];
    int32_t split;
    int64_t index;
    rgm_images_place(l->images, number, &split, &index);
    int32_t label = rgm_dataset_labels(rgm_images_set(l->images), split)[index];
    *loss = (rgm_top_loss){.split = split,
                           .index = index,
                           .label = label,
                           .predicted = rgm_said_predicted(said, label),
                           .given = said->given,
                           .probability = said->other > said->given ? said->other : said->given,
                           .loss = -log(fmax((double)said->given, 1e-38)),
                           .nearest = nearest->index,
                           .distance = nearest->distance};
}

rgm_status rgm_losses_find(const rgm_losses *l, rgm_inspection_model *model, rgm_error *err) {
    int64_t numbers[RGM_SAYS_LOSSES];
    rgm_nearest_found found[RGM_SAYS_LOSSES];
    int32_t count = find_largest(l, numbers);
    const rgm_nearest ask = {.images = l->images,
                             .numbers = numbers,
                             .count = count,
                             .progress = l->progress,
                             .context = l->context,
                             .stop = l->stop};
    RGM_TRY(rgm_nearest_find(&ask, found, err));
    for (int32_t i = 0; i < count; i++) describe(l, numbers[i], &found[i], &model->losses[i]);
    model->losses_count = count;
    return RGM_OK;
}
