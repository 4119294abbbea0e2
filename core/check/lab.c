#include "check/lab.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "data/develop.h"
#include "train/image.h"

/* ---- which images ---- */

/* An image of a view: sorted by class, within it by a permutation, so that evenly spaced ones have each class's share.
 */
typedef struct turn {
    int32_t label;
    uint64_t place;
    int64_t number; /* in the view */
} turn;

static int by_class(const void *left, const void *right) {
    const turn *a = left, *b = right;
    if (a->label != b->label) return a->label < b->label ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

/* Chooses `count` of a view's images: their numbers in it. */
static rgm_status choose(const rgm_view *view, uint64_t seed, int64_t count, int64_t *numbers, rgm_error *err) {
    const int32_t *labels = rgm_dataset_labels(view->set, view->split);
    const rgm_rng rng = {.seed = seed, .stream = RGM_STREAM(RGM_STREAM_SPLIT, 0xfffe)};
    turn *turns = malloc((size_t)view->count * sizeof *turns);
    if (!turns) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for %" PRId64 " images", view->count);
    for (int64_t i = 0; i < view->count; i++)
        turns[i] = (turn){.label = labels[rgm_view_index(view, i)],
                          .place = rgm_rng_permute(&rng, (uint64_t)view->count, (uint64_t)i),
                          .number = i};
    qsort(turns, (size_t)view->count, sizeof *turns, by_class);
    /* the image in the middle of each of `count` spans */
    for (int64_t k = 0; k < count; k++) numbers[k] = turns[(2 * k + 1) * view->count / (2 * count)].number;
    free(turns);
    return RGM_OK;
}

/* ---- pixels ---- */

static rgm_status read_stored(const rgm_view *view, const int64_t *from, int64_t count, uint8_t *images,
                              rgm_error *err) {
    const rgm_dataset_info *info = rgm_dataset_describe(view->set);
    size_t bytes = (size_t)info->H * (size_t)info->W * (size_t)info->C;
    for (int64_t i = 0; i < count; i++)
        RGM_TRY(rgm_dataset_read(view->set, view->split, from[i], images + (size_t)i * bytes, err));
    return RGM_OK;
}

static void copy_image(const rgm_pixels *image, uint8_t *to) {
    size_t row = (size_t)image->W * (size_t)image->C;
    for (int32_t h = 0; h < image->H; h++) memcpy(to + (size_t)h * row, image->data + h * image->pitch, row);
}

static rgm_status develop(const rgm_session *s, const rgm_view *view, const int64_t *from, int64_t count,
                          uint8_t *images, rgm_error *err) {
    const int32_t *size = s->config->model.image;
    const rgm_transform own = rgm_image_own(rgm_dataset_describe(view->set));
    const rgm_develop how = {.set = view->set,
                             .split = view->split,
                             .H = size[1],
                             .W = size[2],
                             .transform = rgm_image_adapt(&own, size),
                             .reduce = 1};
    const rgm_tools_plan plan = {
        .set = view->set, .kernels = s->device->kernels, .workers = 1, .H = size[1], .W = size[2]};
    rgm_tools *tools;
    RGM_TRY(rgm_tools_create(&tools, &plan, err));
    rgm_status status = RGM_OK;
    for (int64_t i = 0; i < count && status >= 0; i++) {
        const rgm_sample sample = {.index = from[i], .position = i};
        rgm_pixels image;
        if (rgm_stop_asked(&s->stop)) {
            status = rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
            break;
        }
        status = rgm_develop_sample(&how, tools, &sample, NULL, &image, 0, err);
        if (status >= 0) copy_image(&image, images + (size_t)i * (size_t)size[0] * (size_t)size[1] * (size_t)size[2]);
    }
    rgm_tools_destroy(tools);
    return status;
}

/* ---- a set ---- */

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Takes what is wished for of a view into a split of the set in memory. */
static rgm_status take(rgm_lab_set *lab, const rgm_session *s, const rgm_lab_wish *wish, const rgm_view *view,
                       int32_t split, rgm_error *err) {
    const int64_t most[RGM_SPLIT_COUNT] = {
        [RGM_SPLIT_TRAIN] = wish->train, [RGM_SPLIT_TEST] = wish->test, [RGM_SPLIT_VALIDATION] = wish->validation};
    const int64_t count = least(most[split], view->count);
    if (!count) return RGM_OK;
    size_t bytes = (size_t)lab->H * (size_t)lab->W * (size_t)lab->C;
    lab->images[split] = malloc((size_t)count * bytes);
    lab->labels[split] = malloc((size_t)count * sizeof *lab->labels[split]);
    lab->from[split] = malloc((size_t)count * sizeof *lab->from[split]);
    if (!lab->images[split] || !lab->labels[split] || !lab->from[split])
        return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for %" PRId64 " images", count);
    RGM_TRY(choose(view, wish->seed, count, lab->from[split], err));
    const int32_t *labels = rgm_dataset_labels(view->set, view->split);
    for (int64_t i = 0; i < count; i++) {
        int64_t index = rgm_view_index(view, lab->from[split][i]);
        lab->from[split][i] = index;
        lab->labels[split][i] = rgm_view_class(view, labels[index]);
    }
    lab->count[split] = count;
    return rgm_dataset_describe(view->set)->encoded
               ? develop(s, view, lab->from[split], count, lab->images[split], err)
               : read_stored(view, lab->from[split], count, lab->images[split], err);
}

static rgm_status fill(rgm_lab_set *lab, const rgm_session *s, const rgm_lab_wish *wish, rgm_error *err) {
    const rgm_view *train = &s->data->train;
    const rgm_dataset_info *info = rgm_dataset_describe(s->data->set);
    lab->C = info->C;
    lab->H = info->encoded ? s->config->model.image[1] : info->H;
    lab->W = info->encoded ? s->config->model.image[2] : info->W;
    lab->classes = s->model->classes;
    if (train->count < 2)
        return rgm_fail(err, RGM_E_USAGE, "%s: %" PRId64 " images for training, expected 2 or more", info->path,
                        train->count);
    RGM_TRY(take(lab, s, wish, train, RGM_SPLIT_TRAIN, err));
    RGM_TRY(take(lab, s, wish, &s->data->validation, RGM_SPLIT_VALIDATION, err));
    return take(lab, s, wish, &s->data->test, RGM_SPLIT_TEST, err);
}

rgm_status rgm_lab_set_make(rgm_lab_set *lab, const rgm_session *s, const rgm_lab_wish *wish, rgm_error *err) {
    *lab = (rgm_lab_set){0};
    RGM_TRY(fill(lab, s, wish, err));
    if (wish->change) wish->change(wish->context, lab);
    rgm_dataset_memory memory = {.name = rgm_dataset_describe(s->data->set)->path,
                                 .H = lab->H,
                                 .W = lab->W,
                                 .C = lab->C,
                                 .classes = lab->classes,
                                 .mean = s->data->constants.input.mean,
                                 .std = s->data->constants.input.std,
                                 .stop = s->stop};
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        memory.count[split] = lab->count[split];
        memory.images[split] = lab->images[split];
        memory.labels[split] = lab->labels[split];
    }
    return rgm_dataset_from_memory(&lab->set, &memory, err);
}

void rgm_lab_set_free(rgm_lab_set *lab) {
    rgm_dataset_close(lab->set);
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        free(lab->images[split]);
        free(lab->labels[split]);
        free(lab->from[split]);
    }
    *lab = (rgm_lab_set){0};
}

/* ---- a training ---- */

typedef struct training {
    const rgm_lab_job *job;
    rgm_lab_result *result;
} training;

static void on_message(void *context, int32_t level, const char *line) { (void)context, (void)level, (void)line; }

static void on_advice(void *context, const char *line) { (void)context, (void)line; }

static rgm_status on_prepared(void *context, const rgm_run_parts *parts, rgm_error *err) {
    const rgm_run_events *e = &((const training *)context)->job->events;
    return e->prepared ? e->prepared(e->context, parts, err) : RGM_OK;
}

static rgm_status on_begun(void *context, const rgm_run_parts *parts, const rgm_progress *p, rgm_error *err) {
    const rgm_run_events *e = &((const training *)context)->job->events;
    return e->begun ? e->begun(e->context, parts, p, err) : RGM_OK;
}

static rgm_status on_step(void *context, const rgm_step_event *event, rgm_error *err) {
    const training *t = context;
    const rgm_run_events *e = &t->job->events;
    rgm_lab_result *r = t->result;
    if (r->steps < RGM_LAB_STEPS) {
        r->loss[r->steps] = (float)rgm_tally_loss(&event->result.tally);
        r->accuracy[r->steps] = (float)rgm_tally_accuracy(&event->result.tally);
        r->norm[r->steps] = (float)event->result.gradient_norm;
    }
    r->steps++;
    return e->step ? e->step(e->context, event, err) : RGM_OK;
}

static rgm_status on_epoch(void *context, const rgm_epoch_event *event, rgm_error *err) {
    const rgm_run_events *e = &((const training *)context)->job->events;
    return e->epoch ? e->epoch(e->context, event, err) : RGM_OK;
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *summary,
                              rgm_error *err) {
    const training *t = context;
    const rgm_run_events *e = &t->job->events;
    t->result->validation_loss = summary->loss;
    t->result->validation_accuracy = summary->accuracy;
    t->result->validation_images = summary->tally.seen;
    return e->finished ? e->finished(e->context, parts, summary, err) : RGM_OK;
}

static rgm_status set_number(rgm_config *config, const char *key, int64_t value, rgm_error *err) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return rgm_config_set(config, key, text, err);
}

/* Epochs of this set whose steps are at least so many. */
static rgm_status set_length(rgm_config *config, const rgm_lab_job *job, rgm_error *err) {
    int64_t images = rgm_dataset_describe(job->set)->count[RGM_SPLIT_TRAIN];
    int64_t batch = config->batch < images ? config->batch : images;
    int64_t epoch = images / batch;
    if (!job->steps) return RGM_OK;
    int64_t epochs = (job->steps + epoch - 1) / epoch;
    RGM_TRY(set_number(config, "epochs", epochs < 1000000 ? epochs : 1000000, err));
    if (job->no_evaluations) RGM_TRY(set_number(config, "evaluate.every", 1000000, err));
    return set_number(config, "steps", job->steps, err);
}

/* What the whole set made of batch and rate is given from now on: a small set would make less of it. */
static rgm_status keep_suited(rgm_config *config, rgm_error *err) {
    char *optimizer;
    RGM_TRY(rgm_config_value(config, "optimizer", &optimizer, err));
    rgm_status status = rgm_config_set(config, "optimizer", optimizer, err);
    free(optimizer);
    RGM_TRY(status);
    RGM_TRY(set_number(config, "batch", config->batch, err));
    return set_number(config, "epochs", config->epochs, err);
}

/* A warm-up of epochs stays the share of the run that it is; a short training has no such epochs. */
static void keep_warmup(rgm_config *config, const rgm_lab_job *job) {
    double epochs = job->config->epochs > 0 ? job->config->epochs : 1;
    if (config->warmup >= 1) config->warmup = fmin(config->warmup / epochs, 0.9);
}

/* What stands in the user's configuration of files and of ends is not of this training. */
static rgm_status settle(rgm_config *config, const rgm_lab_job *job, rgm_error *err) {
    config->data.exclude[0] = 0;
    config->out[0] = 0;
    config->steps = 0;
    config->early_stop.patience = 0;
    RGM_TRY(keep_suited(config, err));
    RGM_TRY(set_number(config, "data.validation", 0, err));
    for (int32_t i = 0; job->settings && job->settings[i]; i += 2)
        RGM_TRY(rgm_config_set(config, job->settings[i], job->settings[i + 1], err));
    keep_warmup(config, job);
    return set_length(config, job, err);
}

static rgm_status train(const rgm_lab_job *job, rgm_config *config, training *t, rgm_error *err) {
    const rgm_exclude none = {0};
    rgm_run_summary summary;
    const rgm_run_options options = {.config = config,
                                     .files = RGM_RUN_NO_FILES,
                                     .device = job->device,
                                     .set = job->set,
                                     .exclude = &none,
                                     .stop = job->stop,
                                     .events = {.context = t,
                                                .message = on_message,
                                                .advice = on_advice,
                                                .prepared = on_prepared,
                                                .begun = on_begun,
                                                .step = on_step,
                                                .epoch = on_epoch,
                                                .finished = on_finished}};
    RGM_TRY(settle(config, job, err));
    return rgm_run_train(&options, &summary, err);
}

rgm_status rgm_lab_train(const rgm_lab_job *job, rgm_lab_result *r, rgm_error *err) {
    training t = {.job = job, .result = r};
    rgm_config *config = malloc(sizeof *config);
    if (!config) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a configuration");
    *config = *job->config;
    *r = (rgm_lab_result){.validation_loss = (double)NAN, .validation_accuracy = (double)NAN};
    r->status = train(job, config, &t, &r->why);
    free(config);
    if (r->status == RGM_E_INTERRUPTED || r->status == RGM_E_NOMEM) {
        *err = r->why;
        return r->status;
    }
    return RGM_OK;
}

rgm_status rgm_lab_open(rgm_lab_bench *bench, const rgm_lab_job *job, rgm_error *err) {
    const rgm_exclude none = {0};
    const rgm_session_options options = {
        .device = job->device, .set = job->set, .exclude = &none, .need_data = 1, .stop = job->stop};
    *bench = (rgm_lab_bench){.config = malloc(sizeof *bench->config)};
    if (!bench->config) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a configuration");
    *bench->config = *job->config;
    RGM_TRY(settle(bench->config, job, err));
    RGM_TRY(rgm_session_create(&bench->session, bench->config, &options, err));
    return rgm_trainer_create(&bench->trainer, bench->session, &(rgm_trainer_options){.training = 1}, err);
}

void rgm_lab_close(rgm_lab_bench *bench) {
    rgm_trainer_destroy(bench->trainer);
    rgm_session_destroy(bench->session);
    free(bench->config);
    *bench = (rgm_lab_bench){0};
}

double rgm_lab_mean(const float *series, int64_t steps, int64_t first, int64_t count) {
    double sum = 0;
    if (steps > RGM_LAB_STEPS) steps = RGM_LAB_STEPS;
    if (first < 0 || count < 1 || first + count > steps) return (double)NAN;
    for (int64_t i = first; i < first + count; i++) sum += (double)series[i];
    return sum / (double)count;
}
