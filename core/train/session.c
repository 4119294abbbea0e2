#include "train/session.h"

#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cpu.h"
#include "base/text.h"
#include "data/knobs.h"
#include "graph/family.h"
#include "train/resume_internal.h"

/* ---- plugin instances ---- */

/* A spec that the host names itself: NAME with up to two settings. */
static rgm_spec own_spec(const char *name, const char *key, double value) {
    rgm_spec spec = {.count = key ? 1 : 0};
    snprintf(spec.name, sizeof spec.name, "%s", name);
    if (key) {
        snprintf(spec.settings[0].key, sizeof spec.settings[0].key, "%s", key);
        rgm_text_print_real(spec.settings[0].value, sizeof spec.settings[0].value, 17, value);
    }
    return spec;
}

static rgm_status create_list(rgm_instance **list, int32_t *count, const rgm_registry *registry, int32_t kind,
                              const rgm_spec_list *specs, rgm_error *err) {
    for (int32_t i = 0; i < specs->count; i++, ++*count)
        RGM_TRY(rgm_instance_create(&list[i], registry, kind, &specs->items[i], err));
    return RGM_OK;
}

/* What the driver of activations gives them today is less than the contract allows them to ask for. */
static rgm_status check_dropout(const rgm_instance *dropout, rgm_error *err) {
    uint32_t flags = rgm_instance_flags(dropout);
    if (!(flags & RGM_TRAINING_ONLY) || (flags & (RGM_NEEDS_INPUT | RGM_NEEDS_OUTPUT)))
        return rgm_fail(
            err, RGM_E_UNSUPPORTED,
            "dropout: expected a plugin that acts in training only and whose backward needs neither its input nor its "
            "output, found %s",
            rgm_instance_listed(dropout)->path);
    return RGM_OK;
}

static rgm_status create_schedules(rgm_components *c, const rgm_registry *r, const rgm_config *config, rgm_error *err) {
    if (config->scheduler.name[0])
        RGM_TRY(rgm_instance_create(&c->schedule[c->schedules++], r, RGM_SCHEDULER, &config->scheduler, err));
    if (config->warmup <= 0) return RGM_OK;
    rgm_spec spec = own_spec("warmup", "length", config->warmup);
    return rgm_instance_create(&c->schedule[c->schedules++], r, RGM_SCHEDULER, &spec, err);
}

int32_t rgm_optimizer_decays(const rgm_instance *optimizer) {
    rgm_spec spec;
    rgm_instance_spec(optimizer, &spec);
    const char *rate = rgm_spec_get(&spec, "weight_decay");
    return rate && strpbrk(rate, "123456789") != NULL;
}

/* Evaluation needs the loss only: what a run was trained with may have moved since. */
static rgm_status create_components(rgm_components *c, const rgm_registry *r, rgm_config *config, int32_t evaluation,
                                    rgm_error *err) {
    RGM_TRY(rgm_instance_create(&c->loss, r, RGM_LOSS, &config->loss, err));
    if (evaluation) return RGM_OK;
    rgm_spec head = own_spec("normal", "std", 0.01);
    RGM_TRY(rgm_instance_create(&c->head_init, r, RGM_INITIALIZER, &head, err));
    RGM_TRY(rgm_instance_create(&c->init, r, RGM_INITIALIZER, &config->init, err));
    RGM_TRY(rgm_instance_create(&c->optimizer, r, RGM_OPTIMIZER, &config->optimizer, err));
    if (rgm_optimizer_decays(c->optimizer) && !rgm_config_given(config, "regularize")) config->regularize.count = 0;
    RGM_TRY(create_list(c->augment, &c->augments, r, RGM_AUGMENTATION, &config->augment, err));
    RGM_TRY(create_list(c->regularize, &c->regularizers, r, RGM_REGULARIZER, &config->regularize, err));
    if (config->dropout > 0) {
        rgm_spec dropout = own_spec("dropout", "rate", config->dropout);
        RGM_TRY(rgm_instance_create(&c->dropout, r, RGM_ACTIVATION, &dropout, err));
        RGM_TRY(check_dropout(c->dropout, err));
    }
    c->lr = rgm_plug_base_rate(c->optimizer);
    return create_schedules(c, r, config, err);
}

static void destroy_components(rgm_components *c) {
    rgm_instance_destroy(c->init);
    rgm_instance_destroy(c->head_init);
    rgm_instance_destroy(c->optimizer);
    rgm_instance_destroy(c->loss);
    rgm_instance_destroy(c->dropout);
    for (int32_t i = 0; i < RGM_CONFIG_LIST; i++) {
        rgm_instance_destroy(c->augment[i]);
        rgm_instance_destroy(c->regularize[i]);
    }
    for (int32_t i = 0; i < 2; i++) rgm_instance_destroy(c->schedule[i]);
}

static rgm_status prepare_components(const rgm_session *s, rgm_error *err) {
    rgm_instance_ref refs[RGM_RESUME_INSTANCES];
    rgm_clock clock = rgm_session_clock(s, 0);
    int32_t count = rgm_resume_instances(&s->components, refs);
    for (int32_t i = 0; i < count; i++) RGM_TRY(rgm_instance_prepare(refs[i].instance, &s->model, &clock, err));
    return RGM_OK;
}

/* ---- the model ---- */

static rgm_status build_graph(rgm_session *s, rgm_error *err) {
    const rgm_config *c = s->config;
    s->classes = c->model.classes;
    if (c->model.head == RGM_HEAD_LOGIT && s->classes != 2)
        return rgm_fail(err, RGM_E_USAGE, "model.head: one logit needs 2 classes, found %d", s->classes);
    s->outputs = c->model.head == RGM_HEAD_LOGIT ? 1 : s->classes;
    rgm_family_options family = {.name = c->model.name,
                                 .C = c->model.image[0],
                                 .H = c->model.image[1],
                                 .W = c->model.image[2],
                                 .outputs = s->outputs,
                                 .imagenet_stem = c->model.stem == RGM_STEM_IMAGENET,
                                 .base = c->model.base,
                                 .width = c->model.width,
                                 .shortcut_a = c->model.shortcut == RGM_SHORTCUT_A,
                                 .zero_init = c->model.zero_init,
                                 .head_plugin = s->components.dropout ? "dropout" : NULL};
    for (int32_t i = 0; i < c->model.blocks.count; i++) family.blocks[i] = c->model.blocks.items[i];
    return rgm_family_build(&s->graph, &family, err);
}

static rgm_status describe_model(rgm_session *s, rgm_error *err) {
    int32_t count = rgm_graph_param_count(s->graph);
    s->tensors = calloc((size_t)count, sizeof *s->tensors);
    if (!s->tensors) return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    for (int32_t i = 0; i < count; i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        s->tensors[i] = (rgm_tensor_info){.size = sizeof *s->tensors,
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
    const rgm_config *c = s->config;
    s->model = (rgm_model_info){.size = sizeof s->model,
                                .tensor_count = (uint32_t)count,
                                .tensor_size = sizeof *s->tensors,
                                .classes = s->classes,
                                .tensors = s->tensors,
                                .channels = c->model.image[0],
                                .height = c->model.image[1],
                                .width = c->model.image[2],
                                .batch = c->batch,
                                .samples = (uint64_t)s->train.count};
    if (!s->set) return RGM_OK;
    const rgm_dataset_info *info = rgm_dataset_describe(s->set);
    s->model.height = info->H;
    s->model.width = info->W;
    s->model.mean = s->constants.input.mean;
    s->model.std = s->constants.input.std;
    return RGM_OK;
}

/* ---- the data ---- */

/* Validation: the file's own split, else part of its training split; an evaluation of another split takes nothing. */
static rgm_status hold_out(rgm_session *s, const rgm_config *config, const rgm_session_options *o, rgm_error *err) {
    if (s->validation.count || !s->train.count || config->data.validation <= 0) return RGM_OK;
    if (o->evaluation && o->split != RGM_SPLIT_VALIDATION) return RGM_OK;
    if (o->evaluation && o->model) RGM_TRY(rgm_constants_own_data(o->model, config, s->set, &o->stop, err));
    RGM_TRY(rgm_holdout_create(&s->holdout, s->set, config->data.validation, config->seed, err));
    s->train = s->holdout.train;
    s->validation = s->holdout.validation;
    return RGM_OK;
}

static rgm_status open_data(rgm_session *s, rgm_config *config, const rgm_session_options *o, rgm_error *err) {
    const rgm_dataset_knobs knobs = {.room = o->room};
    const rgm_dataset_options data = {.stop = s->stop, .knobs = &knobs};
    rgm_error why = {0};
    rgm_status status = rgm_dataset_open(&s->set, config->data.file, &data, &why);
    if (status < 0) /* a run's data may have moved since, or the command runs in another folder */
        return rgm_fail(err, status, "%.400s%s", why.text,
                        (o->resumed || o->evaluation) && access(config->data.file, F_OK) != 0
                            ? ": --data FILE says where it is now"
                            : "");
    const rgm_dataset_info *info = rgm_dataset_describe(s->set);
    s->train = rgm_view_all(s->set, RGM_SPLIT_TRAIN);
    s->validation = rgm_view_all(s->set, RGM_SPLIT_VALIDATION);
    s->test = rgm_view_all(s->set, RGM_SPLIT_TEST);
    RGM_TRY(hold_out(s, config, o, err));
    RGM_TRY(rgm_constants_settle(&s->constants, o->model, s->set, err));
    if (o->evaluation && o->model) RGM_TRY(rgm_constants_map(o->model, config, s->set, err));
    if (config->model.classes && config->model.classes < info->classes)
        return rgm_fail(err, RGM_E_USAGE, "model.classes: %d, but %s has labels of %d classes", config->model.classes,
                        config->data.file, info->classes);
    int64_t images = s->train.count ? s->train.count : s->test.count ? s->test.count : s->validation.count;
    return rgm_config_fit(config, &(rgm_config_data){info->C, info->H, info->W, info->classes, images}, err);
}

/* Without data: the image and classes must be given. */
static rgm_status assume_data(rgm_config *config, rgm_error *err) {
    const int32_t *image = config->model.image;
    if (!image[0])
        return rgm_fail(err, RGM_E_USAGE, "no data set given (--data FILE), and no image size instead (--image CxHxW)");
    const rgm_config_data data = {image[0], image[1], image[2], config->model.classes ? config->model.classes : 10,
                                  INT32_MAX};
    return rgm_config_fit(config, &data, err);
}

static rgm_status create_machine(rgm_session *s, rgm_error *err) {
    const rgm_config *c = s->config;
    rgm_team_options team = {.threads = c->threads, .pin = c->pin};
    RGM_TRY(rgm_team_create(&s->team, &team, err));
    RGM_TRY(rgm_team_start(s->team, err));
    RGM_TRY(rgm_engine_create(&s->engine, s->isa, s->kernels->block, rgm_team_size(s->team), err));
    snprintf(s->build, sizeof s->build, "regimen %s, %s, %s kernels, %s, %d KiB L2", PACKAGE_VERSION,
             rgm_engine_describe(s->engine), s->kernels->isa, rgm_cpu_name(), (int)(rgm_cpu_cache(2) >> 10));
    return RGM_OK;
}

static rgm_status load_plugins(rgm_session *s, rgm_config *c, const rgm_session_options *o, rgm_error *err) {
    const char *files[RGM_CONFIG_LIST];
    for (int32_t i = 0; i < c->plugins.count; i++) files[i] = c->plugins.paths[i];
    rgm_registry_options options = {
        .kernels = s->kernels, .files = files, .file_count = (size_t)c->plugins.count, .folder = o->plugin_folder};
    rgm_error why = {0};
    rgm_status status = rgm_registry_create(&s->registry, &options, &why);
    if (status < 0) /* a run's plugins may have moved since it began */
        return rgm_fail(err, status, "%.400s%s", why.text,
                        status == RGM_E_USAGE && o->resumed ? ": --set 'plugins=[FILE.so]' names other files" : "");
    status = create_components(&s->components, s->registry, c, o->evaluation, err);
    if (status >= 0) return rgm_resume_list_plugins(&s->components, &s->plugins, err);
    /* a place in the configuration needs the file's name in front */
    if (err && err->line > 0 && c->source[0]) rgm_fail_in(err, "%.160s", c->source);
    return status;
}

rgm_status rgm_session_create(rgm_session **session, rgm_config *config, const rgm_session_options *options,
                              rgm_error *err) {
    *session = NULL;
    rgm_session *s = calloc(1, sizeof *s);
    if (!s) return rgm_fail(err, RGM_E_NOMEM, "session: out of memory");
    rgm_status status;
    s->config = config;
    s->stop = options->stop;
    RGM_TRY_OR_FAIL(status, rgm_isa_choose(config->isa, rgm_cpu_features(), &s->isa, err));
    s->kernels = rgm_kernels_get(s->isa);
    if (options->need_data && !config->data.file[0]) {
        status = rgm_fail(err, RGM_E_USAGE, "no data set given: --data FILE (make one with 'regimen import')");
        goto fail;
    }
    RGM_TRY_OR_FAIL(status, config->data.file[0] ? open_data(s, config, options, err) : assume_data(config, err));
    RGM_TRY_OR_FAIL(status, rgm_config_check(config, err));
    memcpy(s->constants.input.image, config->model.image, sizeof config->model.image);
    s->constants.input.classes = config->model.classes;
    s->steps_per_epoch = s->train.count / config->batch > 0 ? s->train.count / config->batch : 1;
    s->steps_total = s->steps_per_epoch * (config->epochs > 0 ? config->epochs : 1);
    RGM_TRY_OR_FAIL(status, load_plugins(s, config, options, err));
    RGM_TRY_OR_FAIL(status, create_machine(s, err));
    RGM_TRY_OR_FAIL(status, build_graph(s, err));
    RGM_TRY_OR_FAIL(status, describe_model(s, err));
    RGM_TRY_OR_FAIL(status, prepare_components(s, err));
    *session = s;
    return RGM_OK;
fail:
    rgm_session_destroy(s);
    return status;
}

void rgm_session_destroy(rgm_session *s) {
    if (!s) return;
    destroy_components(&s->components);
    rgm_registry_destroy(s->registry);
    rgm_graph_destroy(s->graph);
    rgm_engine_destroy(s->engine);
    rgm_team_destroy(s->team);
    rgm_holdout_destroy(&s->holdout);
    free(s->plugins);
    rgm_dataset_close(s->set);
    rgm_constants_free(&s->constants);
    free(s->tensors);
    free(s);
}

rgm_clock rgm_session_clock(const rgm_session *s, int64_t step) {
    const rgm_config *c = s->config;
    int64_t epoch = step / s->steps_per_epoch, epochs = c->epochs > 0 ? c->epochs : 1;
    return (rgm_clock){.size = sizeof(rgm_clock),
                       .epoch = (uint32_t)(epoch < epochs ? epoch : epochs - 1),
                       .epochs = (uint32_t)epochs,
                       .batch = (uint32_t)c->batch,
                       .step = (uint64_t)step,
                       .steps_per_epoch = (uint64_t)s->steps_per_epoch,
                       .steps_total = (uint64_t)s->steps_total,
                       .samples = (uint64_t)step * (uint64_t)c->batch};
}

static void effective_list(rgm_instance *const *list, rgm_spec_list *specs) {
    for (int32_t i = 0; i < specs->count; i++) rgm_instance_spec(list[i], &specs->items[i]);
}

rgm_status rgm_session_effective(const rgm_session *s, rgm_config *out, rgm_error *err) {
    (void)err;
    *out = *s->config;
    rgm_instance_spec(s->components.init, &out->init);
    rgm_instance_spec(s->components.optimizer, &out->optimizer);
    if (out->scheduler.name[0]) rgm_instance_spec(s->components.schedule[0], &out->scheduler);
    rgm_instance_spec(s->components.loss, &out->loss);
    effective_list(s->components.augment, &out->augment);
    effective_list(s->components.regularize, &out->regularize);
    return RGM_OK;
}
