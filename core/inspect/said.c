#include "inspect/said.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

rgm_status rgm_said_create(rgm_said_all *all, const rgm_dataset *set, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    *all = (rgm_said_all){0};
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        all->first[split] = all->count;
        all->count += info->count[split];
    }
    all->list = malloc((size_t)all->count * sizeof *all->list);
    if (!all->list) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " answers", all->count);
    for (int64_t i = 0; i < all->count; i++) all->list[i] = (rgm_said){.class = -1, .part = RGM_PART_NONE};
    return RGM_OK;
}

void rgm_said_free(rgm_said_all *all) {
    free(all->list);
    *all = (rgm_said_all){0};
}

static rgm_said say(const rgm_said_view *v, const float *p, int32_t classes, int32_t label) {
    int32_t own = rgm_dataset_describe(v->view->set)->classes;
    rgm_said said = {.class = -1, .part = v->part};
    for (int32_t c = 0; c < own; c++) {
        int32_t number = rgm_view_class(v->view, c);
        float q = number < classes ? p[number] : 0;
        if (c == label)
            said.given = q;
        else if (said.class < 0 || q > said.other) {
            said.other = q;
            said.class = c;
        }
    }
    return said;
}

rgm_status rgm_said_take(void *context, const rgm_answers_batch *batch, rgm_error *err) {
    const rgm_said_view *v = context;
    const int32_t *labels = rgm_dataset_labels(v->view->set, v->view->split);
    (void)err;
    for (int32_t i = 0; i < batch->count; i++) {
        int64_t index = rgm_view_index(v->view, batch->first + i);
        v->said->list[v->said->first[v->view->split] + index] =
            say(v, batch->probabilities + (int64_t)i * batch->classes, batch->classes, labels[index]);
    }
    if (v->progress) v->progress(v->context, batch->first + batch->count);
    return RGM_OK;
}

int32_t rgm_said_predicted(const rgm_said *said, int32_t label) {
    return said->other > said->given ? said->class : label;
}

double rgm_said_margin(const rgm_said *said) {
    return log(fmax((double)said->given, 1e-38)) - log(fmax((double)said->other, 1e-38));
}
