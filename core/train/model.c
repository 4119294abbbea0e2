#include "train/model.h"

#include <stdlib.h>
#include <string.h>
#include "graph/family.h"
#include "train/image.h"

static rgm_status create_components(rgm_model *m, const rgm_device *device, rgm_config *c, int32_t evaluation,
                                    rgm_error *err) {
    rgm_status status = rgm_components_create(&m->components, device->registry, c, evaluation, err);
    if (status >= 0) return rgm_components_text(&m->components, &m->plugins, err);
    /* a place in the configuration needs the file's name in front */
    if (err && err->line > 0 && c->source[0]) rgm_fail_in(err, "%.160s", c->source);
    return status;
}

static rgm_status build_graph(rgm_model *m, rgm_error *err) {
    const rgm_config *c = m->config;
    m->classes = c->model.classes;
    if (c->model.head == RGM_HEAD_LOGIT && m->classes != 2)
        return rgm_fail(err, RGM_E_USAGE, "model.head: one logit needs 2 classes, found %d", m->classes);
    m->outputs = c->model.head == RGM_HEAD_LOGIT ? 1 : m->classes;
    rgm_family_options family = {.name = c->model.name,
                                 .C = c->model.image[0],
                                 .H = c->model.image[1],
                                 .W = c->model.image[2],
                                 .outputs = m->outputs,
                                 .imagenet_stem = c->model.stem == RGM_STEM_IMAGENET,
                                 .base = c->model.base,
                                 .width = c->model.width,
                                 .shortcut_a = c->model.shortcut == RGM_SHORTCUT_A,
                                 .zero_init = c->model.zero_init,
                                 .head_plugin = m->components.dropout ? "dropout" : NULL};
    for (int32_t i = 0; i < c->model.blocks.count; i++) family.blocks[i] = c->model.blocks.items[i];
    return rgm_family_build(&m->graph, &family, err);
}

_Static_assert((int)RGM_ROLE_WEIGHT == (int)RGM_TENSOR_WEIGHT && (int)RGM_ROLE_BIAS == (int)RGM_TENSOR_BIAS &&
                   (int)RGM_ROLE_SCALE == (int)RGM_TENSOR_SCALE && (int)RGM_ROLE_SHIFT == (int)RGM_TENSOR_SHIFT,
               "the graph's roles are the plugin contract's");

static rgm_status describe_tensors(rgm_model *m, rgm_error *err) {
    int32_t count = rgm_graph_param_count(m->graph);
    m->tensors = calloc((size_t)count, sizeof *m->tensors);
    if (!m->tensors) return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    for (int32_t i = 0; i < count; i++) {
        const rgm_param *p = rgm_graph_param(m->graph, i);
        m->tensors[i] = (rgm_tensor_info){.size = sizeof *m->tensors,
                                          .index = (uint32_t)i,
                                          .role = p->role,
                                          .ndim = p->ndim,
                                          .name = p->name,
                                          .dims = p->dims,
                                          .elements = (uint64_t)p->count,
                                          .fan_in = p->ndim > 1 ? p->fan_in : 1,
                                          .fan_out = p->ndim > 1 ? p->fan_out : 1,
                                          .is_last = p->head};
    }
    return RGM_OK;
}

void rgm_model_assume(rgm_model *m, const rgm_model_input *input) {
    memcpy(m->input.mean, input->mean, sizeof m->input.mean);
    memcpy(m->input.std, input->std, sizeof m->input.std);
    m->input.transform = rgm_image_adapt(&input->transform, m->input.image);
    m->info.mean = m->input.mean;
    m->info.std = m->input.std;
}

/* A sample's size is the data's where there is data of one size: augmentations make the model's of it. */
static void describe(rgm_model *m, const rgm_data *data) {
    const rgm_config *c = m->config;
    m->input = data->constants.input;
    memcpy(m->input.image, c->model.image, sizeof c->model.image);
    m->input.classes = c->model.classes;
    m->info = (rgm_model_info){.size = sizeof m->info,
                               .tensor_count = (uint32_t)rgm_graph_param_count(m->graph),
                               .tensor_size = sizeof *m->tensors,
                               .classes = m->classes,
                               .tensors = m->tensors,
                               .channels = c->model.image[0],
                               .height = c->model.image[1],
                               .width = c->model.image[2],
                               .batch = c->batch,
                               .samples = (uint64_t)data->train.count,
                               .input_height = c->model.image[1],
                               .input_width = c->model.image[2]};
    if (m->input.known) rgm_model_assume(m, &data->constants.input);
    if (!data->set) return;
    const rgm_dataset_info *info = rgm_dataset_describe(data->set);
    if (info->encoded) return;
    m->info.height = info->H;
    m->info.width = info->W;
}

rgm_status rgm_model_create(rgm_model **model, const rgm_device *device, const rgm_data *data, rgm_config *config,
                            int32_t evaluation, rgm_error *err) {
    *model = NULL;
    rgm_model *m = calloc(1, sizeof *m);
    if (!m) return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    rgm_status status;
    m->config = config;
    RGM_TRY_OR_FAIL(status, create_components(m, device, config, evaluation, err));
    RGM_TRY_OR_FAIL(status, build_graph(m, err));
    RGM_TRY_OR_FAIL(status, describe_tensors(m, err));
    describe(m, data);
    *model = m;
    return RGM_OK;
fail:
    rgm_model_destroy(m);
    return status;
}

rgm_status rgm_model_prepare(rgm_model *m, const rgm_data *data, const rgm_constants *known, const rgm_clock *clock,
                             rgm_error *err) {
    RGM_TRY(rgm_components_prepare(&m->components, &m->info, clock, err));
    if (!data->set || (known && known->input.known)) return RGM_OK;
    const rgm_dataset_info *info = rgm_dataset_describe(data->set);
    const int32_t *image = m->input.image;
    if (!info->encoded && info->H == image[1] && info->W == image[2]) return RGM_OK;
    return rgm_image_evaluation(&m->components, clock, &m->input.transform, err);
}

void rgm_model_destroy(rgm_model *m) {
    if (!m) return;
    rgm_components_destroy(&m->components);
    rgm_graph_destroy(m->graph);
    free(m->plugins);
    free(m->tensors);
    free(m);
}
