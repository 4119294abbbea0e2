#include "inspect/examine.h"

#include <stdlib.h>
#include <string.h>
#include "inspect/nearest.h"
#include "inspect/sheets.h"
#include "train/data.h"

/* What is under way. */
typedef struct work {
    rgm_predictor *predictor;
    const rgm_examine_options *o;
    const rgm_dataset *set;
    rgm_images *images;
    rgm_data *data;
    const rgm_view *view;
    rgm_exclude exclude; /* pictures that cannot be decoded, where there are any */
    uint8_t *readable;   /* [images] of an encoded set, by number */
    uint8_t *among;      /* [images of the training split] 1: the run trains on it, as far as the data says */
    rgm_examination *out;
} work;

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "report: out of memory"); }

static void begin(const work *w, const char *what, int64_t total) {
    if (w->o->begin) w->o->begin(w->o->context, what, total);
}

/* ---- pictures that cannot be decoded ---- */

static rgm_status look(void *context, const rgm_look *look, int32_t worker, rgm_error *err) {
    work *w = context;
    (void)worker;
    (void)err;
    w->readable[look->number] = 1;
    return RGM_OK;
}

static rgm_status leave_out_broken(work *w, int32_t split, rgm_error *err) {
    int64_t count = rgm_images_count(w->images);
    if (!rgm_dataset_describe(w->set)->encoded) return RGM_OK;
    w->readable = calloc((size_t)count + 1, 1);
    if (!w->readable) return no_memory(err);
    begin(w, "reading", count);
    rgm_images_walk walk = {.count = count,
                            .look = look,
                            .context = w,
                            .progress = w->o->progress,
                            .progress_context = w->o->context,
                            .stop = w->o->stop};
    RGM_TRY(rgm_images_each(w->images, &walk, err));
    for (int64_t i = 0; i < count; i++) {
        int32_t of;
        int64_t index;
        if (w->readable[i]) continue;
        rgm_images_place(w->images, i, &of, &index);
        RGM_TRY(rgm_exclude_add(&w->exclude, w->set, of, index, err));
    }
    w->out->unreadable = w->exclude.count[split];
    return RGM_OK;
}

/* ---- answers ---- */

static rgm_status take(void *context, const rgm_answers_batch *batch, rgm_error *err) {
    work *w = context;
    const int32_t *labels = rgm_dataset_labels(w->set, w->view->split);
    for (int32_t i = 0; i < batch->count; i++) {
        int64_t index = rgm_view_index(w->view, batch->first + i);
        const rgm_examined image = {.probabilities = batch->probabilities + (int64_t)i * batch->classes,
                                    .label = rgm_view_class(w->view, labels[index]),
                                    .index = index,
                                    .name = rgm_dataset_name(w->set, w->view->split, index)};
        RGM_TRY(rgm_examination_add(w->out, &image, err));
    }
    if (w->o->progress) w->o->progress(w->o->context, batch->first + batch->count);
    return RGM_OK;
}

/* The first layer, if it is a convolution: the first tensor of four dimensions. */
static rgm_status find_filters(const rgm_predictor *p, rgm_examined_filters *filters, rgm_error *err) {
    rgm_state *state = malloc(sizeof *state);
    if (!state) return no_memory(err);
    rgm_status status = rgm_predictor_state(p, state, err);
    const rgm_param *first = status >= 0 ? rgm_graph_param(state->graph, 0) : NULL;
    if (first && first->ndim == 4)
        *filters = (rgm_examined_filters){.count = (int32_t)first->dims[0],
                                          .C = (int32_t)first->dims[1],
                                          .H = (int32_t)first->dims[2],
                                          .W = (int32_t)first->dims[3],
                                          .values = state->value + first->offset};
    free(state);
    return status;
}

/* ---- pictures ---- */

static rgm_status find_among(work *w, rgm_error *err) {
    const rgm_view *train = &w->data->train;
    if (!train->count) return RGM_OK;
    w->among = calloc((size_t)rgm_dataset_describe(w->set)->count[RGM_SPLIT_TRAIN] + 1, 1);
    if (!w->among) return no_memory(err);
    for (int64_t i = 0; i < train->count; i++) w->among[rgm_view_index(train, i)] = 1;
    return RGM_OK;
}

/* Beside each mistake the training image that is most like it. */
static rgm_status find_nearest(work *w, rgm_error *err) {
    rgm_examination *x = w->out;
    const rgm_dataset_info *info = rgm_dataset_describe(w->set);
    int64_t numbers[RGM_EXAMINED_WORST];
    rgm_nearest_found found[RGM_EXAMINED_WORST];
    if (!info->count[RGM_SPLIT_TRAIN] || !x->worst_count) return RGM_OK;
    for (int32_t i = 0; i < x->worst_count; i++)
        numbers[i] = rgm_images_number(w->images, w->view->split, x->worst[i].index);
    RGM_TRY(find_among(w, err));
    begin(w, "comparing", info->count[RGM_SPLIT_TRAIN]);
    const rgm_nearest ask = {.images = w->images,
                             .numbers = numbers,
                             .count = x->worst_count,
                             .among = w->among,
                             .silent = 1,
                             .progress = w->o->progress,
                             .context = w->o->context,
                             .stop = w->o->stop};
    RGM_TRY(rgm_nearest_find(&ask, found, err));
    const int32_t *labels = rgm_dataset_labels(w->set, RGM_SPLIT_TRAIN);
    for (int32_t i = 0; i < x->worst_count; i++) {
        x->worst[i].nearest = found[i].index;
        if (found[i].index >= 0) x->worst[i].nearest_label = rgm_view_class(w->view, labels[found[i].index]);
    }
    return RGM_OK;
}

static rgm_status draw(const rgm_thumb *thumb, rgm_examined_picture *picture, rgm_error *err) {
    const int32_t size[3] = {thumb->H, thumb->W, thumb->C};
    return thumb->H ? rgm_examination_picture(picture, thumb->pixels, size, err) : RGM_OK;
}

static rgm_status draw_all(const work *w, rgm_sheets *sheets, rgm_error *err) {
    rgm_examination *x = w->out;
    rgm_image_place places[2 * RGM_EXAMINED_WORST];
    rgm_thumb thumbs[2 * RGM_EXAMINED_WORST];
    int32_t count = 0;
    for (int32_t i = 0; i < x->worst_count; i++) {
        places[count++] = (rgm_image_place){w->view->split, x->worst[i].index};
        if (x->worst[i].nearest >= 0) places[count++] = (rgm_image_place){RGM_SPLIT_TRAIN, x->worst[i].nearest};
    }
    RGM_TRY(rgm_sheets_give(sheets, places, count, RGM_IMAGES_SIDE, thumbs, err));
    count = 0;
    for (int32_t i = 0; i < x->worst_count; i++) {
        RGM_TRY(draw(&thumbs[count++], &x->worst[i].picture, err));
        if (x->worst[i].nearest >= 0) RGM_TRY(draw(&thumbs[count++], &x->worst[i].nearest_picture, err));
    }
    return RGM_OK;
}

static rgm_status draw_worst(const work *w, rgm_error *err) {
    rgm_sheets *sheets;
    RGM_TRY(rgm_sheets_create(&sheets, w->images, w->o->stop, err));
    rgm_status status = draw_all(w, sheets, err);
    rgm_sheets_destroy(sheets);
    return status;
}

/* ---- all ---- */

static rgm_status examine(work *w, rgm_error *err) {
    const rgm_predictor_walk walk = {.data = w->data, .view = w->view, .take = take, .context = w, .stop = w->o->stop};
    w->out->split =
        rgm_split_name(w->view->split == RGM_SPLIT_TRAIN && w->view->indices ? RGM_SPLIT_VALIDATION : w->view->split);
    RGM_TRY(find_filters(w->predictor, &w->out->filters, err));
    begin(w, "examining", w->view->count);
    RGM_TRY(rgm_predictor_each(w->predictor, &walk, err));
    rgm_examination_end(w->out);
    RGM_TRY(find_nearest(w, err));
    return draw_worst(w, err);
}

static const rgm_view *view_of(const rgm_data *data, int32_t split) {
    return split == RGM_SPLIT_TRAIN ? &data->train : split == RGM_SPLIT_TEST ? &data->test : &data->validation;
}

static rgm_status examine_split(work *w, int32_t split, rgm_error *err) {
    const rgm_config *config = rgm_predictor_config(w->predictor);
    RGM_TRY(rgm_examination_begin(w->out, config->model.classes, err));
    RGM_TRY(leave_out_broken(w, split, err));
    const rgm_data_options options = {.need_data = 1,
                                      .evaluation = 1,
                                      .split = split,
                                      .exclude = rgm_exclude_hash(&w->exclude, w->set) ? &w->exclude : NULL,
                                      .model = rgm_predictor_constants(w->predictor),
                                      .set = w->set,
                                      .stop = w->o->stop};
    RGM_TRY(rgm_data_open(&w->data, config, &options, err));
    w->view = view_of(w->data, split);
    if (w->view->count) return examine(w, err);
    return rgm_fail(err, RGM_E_USAGE, "%s: no %s split", rgm_dataset_describe(w->set)->path, rgm_split_name(split));
}

static rgm_status examine_set(work *w, rgm_error *err) {
    int32_t split = w->o->split;
    if (split < 0) split = rgm_dataset_describe(w->set)->count[RGM_SPLIT_TEST] ? RGM_SPLIT_TEST : RGM_SPLIT_VALIDATION;
    RGM_TRY(rgm_images_create(&w->images, w->set, w->o->device, err));
    rgm_status status = examine_split(w, split, err);
    rgm_data_close(w->data);
    rgm_images_destroy(w->images);
    rgm_exclude_free(&w->exclude);
    free(w->readable);
    free(w->among);
    return status;
}

rgm_status rgm_examine(rgm_predictor *predictor, const rgm_examine_options *o, rgm_examination *out, rgm_error *err) {
    work w = {.predictor = predictor, .out = out, .o = o};
    rgm_dataset *set;
    memset(out, 0, sizeof *out);
    const rgm_dataset_options options = {.stop = o->stop, .names = 1, .lenient = 1};
    RGM_TRY(rgm_dataset_open(&set, rgm_predictor_config(predictor)->data.file, &options, err));
    w.set = set;
    rgm_status status = examine_set(&w, err);
    rgm_dataset_close(set);
    return status;
}
