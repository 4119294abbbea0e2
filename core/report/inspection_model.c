#include "report/inspection_model.h"

#include <stdlib.h>

rgm_share rgm_share_of(int64_t hits, int64_t n) {
    rgm_share share = {.hits = hits, .n = n};
    rgm_interval_wilson(hits, n, &share.low, &share.high);
    return share;
}

void rgm_inspection_model_free(rgm_inspection_model *model) {
    if (!model) return;
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) {
        free(model->parts[i].confusion);
        free(model->parts[i].recall);
        free(model->parts[i].precision);
        free(model->parts[i].confused);
    }
    free(model->title);
    free(model);
}
