#include "run/examine.h"

#include <stdlib.h>
#include <string.h>
#include "train/data.h"

/* A batch under way. */
typedef struct bench {
    rgm_predictor *predictor;
    const rgm_view *view;
    rgm_examination *out;
    const rgm_examine_options *o;
    rgm_transform transform;
    int32_t same;  /* 1: images are stored as the model takes them */
    int64_t batch; /* images at a time */
    size_t image;  /* bytes, as the model takes it */
    size_t stored; /* bytes, as the set has it; 0: encoded */
    uint8_t *images, *raw;
    float *probabilities;
    rgm_picture_source *sources;
} bench;

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "report: out of memory"); }

static rgm_status take_memory(bench *b, rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(b->view->set);
    const rgm_config *config = rgm_predictor_config(b->predictor);
    const int32_t *image = config->model.image;
    size_t n;
    b->batch = config->batch;
    n = (size_t)b->batch;
    b->image = (size_t)image[0] * (size_t)image[1] * (size_t)image[2];
    b->stored = info->encoded ? 0 : (size_t)info->H * (size_t)info->W * (size_t)info->C;
    b->same = !info->encoded && info->C == image[0] && info->H == image[1] && info->W == image[2];
    if (!b->same) RGM_TRY(rgm_predictor_transform(b->predictor, &b->transform, err));
    if (!b->same && !info->encoded && info->C != image[0])
        return rgm_fail(err, RGM_E_USAGE, "%s: its images have %d channels, those of the model %d", info->path, info->C,
                        image[0]);
    b->images = malloc(n * b->image);
    b->raw = b->same || info->encoded ? NULL : malloc(n * b->stored);
    b->probabilities = malloc(n * sizeof(float) * (size_t)config->model.classes);
    b->sources = calloc(n, sizeof *b->sources);
    if (!b->images || !b->probabilities || !b->sources) return no_memory(err);
    return b->same || info->encoded || b->raw ? RGM_OK : no_memory(err);
}

static void free_memory(bench *b) {
    free(b->images);
    free(b->raw);
    free(b->probabilities);
    free(b->sources);
}

static rgm_status read_images(bench *b, int64_t first, int64_t count, rgm_error *err) {
    const rgm_dataset *set = b->view->set;
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    for (int64_t i = 0; i < count; i++) {
        int64_t index = rgm_view_index(b->view, first + i);
        uint8_t *to = b->same ? b->images + (size_t)i * b->image : b->raw ? b->raw + (size_t)i * b->stored : NULL;
        b->sources[i] =
            (rgm_picture_source){.set = info->encoded ? set : NULL, .split = b->view->split, .index = index};
        if (!to) continue;
        b->sources[i].pixels = (rgm_resize_source){
            .pixels = to, .pitch = (int64_t)info->W * info->C, .H = info->H, .W = info->W, .C = info->C};
        RGM_TRY(rgm_dataset_read(set, b->view->split, index, to, err));
    }
    if (!b->same) RGM_TRY(rgm_predictor_read(b->predictor, b->sources, count, b->images, err));
    return rgm_dataset_check(set, err);
}

static rgm_status add(bench *b, int64_t first, int64_t i, rgm_error *err) {
    const rgm_config *config = rgm_predictor_config(b->predictor);
    const int32_t *labels = rgm_dataset_labels(b->view->set, b->view->split);
    int64_t index = rgm_view_index(b->view, first + i);
    const rgm_examined image = {.probabilities = b->probabilities + i * config->model.classes,
                                .pixels = b->images + (size_t)i * b->image,
                                .H = config->model.image[1],
                                .W = config->model.image[2],
                                .C = config->model.image[0],
                                .label = rgm_view_class(b->view, labels[index]),
                                .index = index,
                                .name = rgm_dataset_name(b->view->set, b->view->split, index)};
    if (b->sources[i].status < 0) {
        b->out->unreadable++;
        return RGM_OK;
    }
    return rgm_examination_add(b->out, &image, err);
}

static rgm_status go_through(bench *b, rgm_error *err) {
    for (int64_t first = 0, count; first < b->view->count; first += count) {
        count = b->view->count - first < b->batch ? b->view->count - first : b->batch;
        if (rgm_stop_asked(&b->o->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "report: stopped on request");
        RGM_TRY(read_images(b, first, count, err));
        RGM_TRY(rgm_predictor_predict(b->predictor, b->images, count, b->probabilities, err));
        for (int64_t i = 0; i < count; i++) RGM_TRY(add(b, first, i, err));
        if (b->o->progress) b->o->progress(b->o->context, first + count, b->view->count);
    }
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

static rgm_status examine(bench *b, rgm_error *err) {
    RGM_TRY(rgm_examination_begin(b->out, rgm_predictor_config(b->predictor)->model.classes, err));
    b->out->split =
        rgm_split_name(b->view->split == RGM_SPLIT_TRAIN && b->view->indices ? RGM_SPLIT_VALIDATION : b->view->split);
    RGM_TRY(find_filters(b->predictor, &b->out->filters, err));
    RGM_TRY(take_memory(b, err));
    RGM_TRY(go_through(b, err));
    rgm_examination_end(b->out);
    return RGM_OK;
}

static const rgm_view *view_of(const rgm_data *data, int32_t split) {
    return split == RGM_SPLIT_TRAIN ? &data->train : split == RGM_SPLIT_TEST ? &data->test : &data->validation;
}

static rgm_status examine_set(bench *b, const rgm_dataset *set, rgm_error *err) {
    int32_t split = b->o->split;
    if (split < 0) split = rgm_dataset_describe(set)->count[RGM_SPLIT_TEST] ? RGM_SPLIT_TEST : RGM_SPLIT_VALIDATION;
    const rgm_data_options options = {.need_data = 1,
                                      .evaluation = 1,
                                      .split = split,
                                      .model = rgm_predictor_constants(b->predictor),
                                      .set = set,
                                      .stop = b->o->stop};
    rgm_data *data;
    RGM_TRY(rgm_data_open(&data, rgm_predictor_config(b->predictor), &options, err));
    b->view = view_of(data, split);
    rgm_status status = b->view->count ? examine(b, err)
                                       : rgm_fail(err, RGM_E_USAGE, "%s: no %s split", rgm_dataset_describe(set)->path,
                                                  rgm_split_name(split));
    free_memory(b);
    rgm_data_close(data);
    return status;
}

rgm_status rgm_examine(rgm_predictor *predictor, const rgm_examine_options *o, rgm_examination *out, rgm_error *err) {
    bench b = {.predictor = predictor, .out = out, .o = o};
    rgm_dataset *set;
    memset(out, 0, sizeof *out);
    const rgm_dataset_options options = {.stop = o->stop, .names = 1, .lenient = 1};
    RGM_TRY(rgm_dataset_open(&set, rgm_predictor_config(predictor)->data.file, &options, err));
    rgm_status status = examine_set(&b, set, err);
    rgm_dataset_close(set);
    return status;
}
