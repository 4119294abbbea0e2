#include "train/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "base/fpenv.h"
#include "base/planted.h"
#include "plug/border.h"
#include "train/image.h"

/* ---- the data ---- */

/* Without data: the image and classes must be given. */
static rgm_status assume_data(rgm_config *config, rgm_error *err) {
    const int32_t *image = config->model.image;
    if (!image[0])
        return rgm_fail(
            err, RGM_E_USAGE,
            "no data set given (data.file, --data FILE), and no image size instead (model.image, --image CxHxW)");
    const rgm_config_data data = {image[0],  image[1], image[2], config->model.classes ? config->model.classes : 10,
                                  INT32_MAX, 0};
    return rgm_config_fit(config, &data, err);
}

static rgm_status fit(const rgm_data *d, rgm_config *config, int32_t suit, rgm_error *err) {
    if (!d->set) return assume_data(config, err);
    const rgm_dataset_info *info = rgm_dataset_describe(d->set);
    int32_t classes = rgm_view_classes(&d->train);
    if (config->model.classes && config->model.classes < classes)
        return rgm_fail(err, RGM_E_USAGE, "model.classes: %d, but %s has labels of %d classes", config->model.classes,
                        config->data.file, classes);
    int64_t images = d->train.count ? d->train.count : d->test.count ? d->test.count : d->validation.count;
    suit = suit && d->train.count > 0;
    int32_t size[2];
    rgm_image_size(config, info, size);
    return rgm_config_fit(config, &(rgm_config_data){info->C, size[0], size[1], classes, images, suit}, err);
}

static rgm_status take_data(rgm_session *s, rgm_config *config, const rgm_session_options *o, rgm_error *err) {
    const rgm_data_options options = {.set = o->set,
                                      .exclude = o->exclude,
                                      .need_data = o->need_data,
                                      .evaluation = o->evaluation,
                                      .split = o->split,
                                      .resumed = o->resumed,
                                      .model = o->model,
                                      .stop = o->stop};
    if (o->set) snprintf(config->data.file, sizeof config->data.file, "%s", rgm_dataset_describe(o->set)->path);
    RGM_TRY(rgm_data_open(&s->data, config, &options, err));
    RGM_TRY(fit(s->data, config, o->suit && !o->evaluation, err));
    RGM_TRY(rgm_config_check(config, err));
    s->steps_per_epoch = s->data->train.count / config->batch > 0 ? s->data->train.count / config->batch : 1;
    s->steps_total = s->steps_per_epoch * (config->epochs > 0 ? config->epochs : 1);
    return RGM_OK;
}

/* ---- the machine ---- */

static rgm_status take_device(rgm_session *s, const rgm_config *config, const rgm_session_options *o, rgm_error *err) {
    if (!o->device) RGM_TRY(rgm_device_configure(&s->own_device, config, o->resumed, err));
    s->device = o->device ? o->device : s->own_device;
    return RGM_OK;
}

/* What nothing can come of is refused before the data is read. */
static rgm_status check_isa(const rgm_config *config, const rgm_session_options *o, rgm_error *err) {
    int32_t isa;
    return o->device ? RGM_OK : rgm_isa_choose(config->isa, rgm_cpu_features(), &isa, err);
}

/* ---- the session ---- */

static rgm_status create(rgm_session **session, rgm_config *config, const rgm_session_options *options,
                         rgm_error *err) {
    rgm_session *s = calloc(1, sizeof *s);
    if (!s) return rgm_fail(err, RGM_E_NOMEM, "session: out of memory");
    rgm_status status;
    if (RGM_PLANTED("E7")) config->seed = rgm_planted_seed();
    s->config = config;
    s->stop = options->stop;
    rgm_border_note_locale();
    RGM_TRY_OR_FAIL(status, check_isa(config, options, err));
    RGM_TRY_OR_FAIL(status, take_data(s, config, options, err));
    RGM_TRY_OR_FAIL(status, take_device(s, config, options, err));
    RGM_TRY_OR_FAIL(status, rgm_model_create(&s->model, s->device, s->data, config, options->evaluation, err));
    rgm_clock clock = rgm_session_clock(s, 0);
    RGM_TRY_OR_FAIL(status, rgm_model_prepare(s->model, s->data, options->model, &clock, err));
    *session = s;
    return RGM_OK;
fail:
    rgm_session_destroy(s);
    return status;
}

rgm_status rgm_session_create(rgm_session **session, rgm_config *config, const rgm_session_options *options,
                              rgm_error *err) {
    fenv_t callers;
    *session = NULL;
    rgm_fpenv_begin(&callers);
    rgm_status status = create(session, config, options, err);
    rgm_fpenv_end(&callers);
    return status;
}

void rgm_session_destroy(rgm_session *s) {
    if (!s) return;
    rgm_model_destroy(s->model);
    rgm_device_destroy(s->own_device);
    rgm_data_close(s->data);
    free(s);
}

int64_t rgm_session_steps(const rgm_session *s) {
    int64_t limit = s->config->steps;
    return limit > 0 && limit < s->steps_total ? limit : s->steps_total;
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

void rgm_session_effective(const rgm_session *s, rgm_config *out) {
    *out = *s->config;
    rgm_components_effective(&s->model->components, out);
}
