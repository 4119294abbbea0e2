#include "inspect/model_says.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "inspect/checkpoint_says.h"
#include "inspect/folds.h"
#include "inspect/label_errors.h"
#include "inspect/losses.h"
#include "inspect/says.h"

enum { TITLE = 320 };

static rgm_status say_folds(const rgm_model_ask *ask, rgm_inspection_model *model, rgm_said_all *said, rgm_error *err) {
    const int32_t repeats = ask->repeats > 0 ? ask->repeats : 1;
    const rgm_folds folds = {.set = rgm_images_set(ask->images),
                             .device = ask->device,
                             .config = ask->config,
                             .folds = ask->folds,
                             .repeats = repeats,
                             .group = ask->group,
                             .broken = ask->broken,
                             .begin = ask->begin,
                             .progress = ask->progress,
                             .context = ask->context,
                             .stop = ask->stop};
    char title[TITLE], repeated[48] = "";
    if (repeats > 1) snprintf(repeated, sizeof repeated, "%" PRId32 " times ", repeats);
    snprintf(title, sizeof title, "%s%" PRId32 " folds, %s%s, %" PRId32 " epochs", repeated, ask->folds,
             ask->config->model.name, ask->config->model.blocks.count ? " with fewer blocks and channels" : "",
             ask->config->epochs);
    model->title = strdup(title);
    model->folds = ask->folds;
    model->repeats = repeats;
    model->own_data = 1;
    if (!model->title) return rgm_fail(err, RGM_E_NOMEM, "inspect: out of memory");
    for (int32_t part = 0; part < RGM_SPLIT_COUNT; part++)
        model->parts[part].seen = part == RGM_SPLIT_TRAIN ? RGM_SEEN_FOLDS : RGM_SEEN_NOT;
    return rgm_folds_say(&folds, said, err);
}

static rgm_status say_checkpoint(const rgm_model_ask *ask, rgm_inspection_model *model, rgm_said_all *said,
                                 rgm_error *err) {
    const rgm_checkpoint_ask checkpoint = {.path = ask->checkpoint,
                                           .set = rgm_images_set(ask->images),
                                           .device = ask->device,
                                           .broken = ask->broken,
                                           .begin = ask->begin,
                                           .progress = ask->progress,
                                           .context = ask->context,
                                           .stop = ask->stop};
    return rgm_checkpoint_says(&checkpoint, model, said, err);
}

/* What flatters is said. */
static void tell_seen(const rgm_inspection_model *model) {
    const rgm_judged *train = &model->parts[RGM_SPLIT_TRAIN];
    if (train->images && train->seen == RGM_SEEN_TRAINED)
        rgm_log(RGM_LOG_WARN,
                "%s was trained on %" PRId64
                " of these images: it has learnt their labels, wrong ones too, so that few "
                "label errors are found among them (--folds 3 asks networks that have not seen them)",
                model->title, train->images);
    for (int32_t part = 0; part < RGM_SPLIT_COUNT; part++)
        if (model->parts[part].images && model->parts[part].seen == RGM_SEEN_UNKNOWN) {
            rgm_log(RGM_LOG_WARN,
                    "%s was not trained on this data: whether it has seen some of its images is not known",
                    model->title);
            return;
        }
}

static rgm_status evaluate(const rgm_model_ask *ask, rgm_inspection_model *model, const rgm_said_all *said,
                           rgm_findings *findings, rgm_error *err) {
    const rgm_dataset *set = rgm_images_set(ask->images);
    const rgm_losses losses = {.images = ask->images,
                               .said = said,
                               .broken = ask->broken,
                               .progress = ask->progress,
                               .context = ask->context,
                               .stop = ask->stop};
    for (int32_t part = 0; part < RGM_SPLIT_COUNT; part++) {
        RGM_TRY(rgm_says_part(model, part, said, set, err));
        if (model->parts[part].images) RGM_TRY(rgm_label_errors_find(model, part, said, set, findings, err));
    }
    for (int64_t i = 0; i < said->count; i++) model->unjudged += said->list[i].part == RGM_PART_NONE;
    tell_seen(model);
    if (ask->begin) ask->begin(ask->context, "neighbours", rgm_dataset_describe(set)->count[RGM_SPLIT_TRAIN]);
    return rgm_losses_find(&losses, model, err);
}

rgm_status rgm_model_says(const rgm_model_ask *ask, rgm_inspection_model **out, rgm_findings *findings,
                          rgm_error *err) {
    const rgm_dataset *set = rgm_images_set(ask->images);
    double start = rgm_seconds();
    rgm_said_all said;
    rgm_inspection_model *model = *out = calloc(1, sizeof *model);
    if (!model) return rgm_fail(err, RGM_E_NOMEM, "inspect: out of memory");
    model->classes = rgm_dataset_describe(set)->classes;
    for (int32_t part = 0; part < RGM_SPLIT_COUNT; part++) model->parts[part].split = part;
    RGM_TRY(rgm_said_create(&said, set, err));
    rgm_status status = ask->checkpoint ? say_checkpoint(ask, model, &said, err) : say_folds(ask, model, &said, err);
    if (status >= 0) status = evaluate(ask, model, &said, findings, err);
    rgm_said_free(&said);
    model->seconds = rgm_seconds() - start;
    return status;
}
