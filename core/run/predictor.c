#include "run/predictor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "run/run_internal.h"
#include "train/image.h"
#include "train/save.h"

/* A plan for so many images at a time, and what a prediction runs through it. */
typedef struct planned {
    rgm_config config; /* the predictor's, with this batch and without data */
    rgm_session *session;
    rgm_trainer *trainer;
    uint8_t *pixels;  /* [batch][H][W][C]: what a prediction is about to read */
    rgm_dataset *set; /* over `pixels` */
    int32_t begun;    /* 1: the trainer stands at `set` */
} planned;

struct rgm_predictor {
    rgm_config config;
    rgm_constants constants;
    rgm_device *device;
    char *path;             /* weights that are yet to be loaded; NULL: they are there */
    const rgm_stop *stop;   /* of the call that is under way */
    planned *many, *one;    /* for the configuration's batch; for one image, NULL until it is asked for */
    rgm_pictures *pictures; /* NULL until one is read */
};

/* The session outlives the calls, each of which has a stop of its own. */
static int32_t asked(void *context) {
    const rgm_predictor *p = context;
    return p->stop && rgm_stop_asked(p->stop);
}

/* ---- plans ---- */

static void free_planned(planned *n) {
    if (!n) return;
    rgm_trainer_destroy(n->trainer);
    rgm_session_destroy(n->session);
    rgm_dataset_close(n->set);
    free(n->pixels);
    free(n);
}

static rgm_status fill_planned(planned *n, rgm_predictor *p, int32_t batch, rgm_error *err) {
    const rgm_session_options session = {
        .device = p->device, .evaluation = 1, .model = &p->constants, .stop = {asked, p}};
    const rgm_trainer_options trainer = {.training = 0};
    n->config = p->config;
    n->config.batch = batch;
    n->config.data.file[0] = 0;
    RGM_TRY(rgm_session_create(&n->session, &n->config, &session, err));
    return rgm_trainer_create(&n->trainer, n->session, &trainer, err);
}

static rgm_status make_planned(planned **planned_, rgm_predictor *p, int32_t batch, rgm_error *err) {
    planned *n = calloc(1, sizeof *n);
    if (!n) return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    rgm_status status = fill_planned(n, p, batch, err);
    if (status >= 0)
        *planned_ = n;
    else
        free_planned(n);
    return status;
}

static size_t floats(int64_t count) { return sizeof(float) * (size_t)count; }

static void copy_weights(const planned *to, const float *value, const float *stat) {
    const rgm_graph *graph = to->session->model->graph;
    rgm_state state;
    rgm_trainer_state(to->trainer, &state);
    memcpy(state.value, value, floats(rgm_graph_param_floats(graph)));
    memcpy(state.stat, stat, floats(rgm_graph_stat_floats(graph)));
}

static rgm_status need_one(rgm_predictor *p, rgm_error *err) {
    rgm_state state;
    if (p->one) return RGM_OK;
    RGM_TRY(make_planned(&p->one, p, 1, err));
    rgm_trainer_state(p->many->trainer, &state);
    copy_weights(p->one, state.value, state.stat);
    return RGM_OK;
}

static rgm_status check_channels(const rgm_predictor *p, rgm_error *err) {
    int32_t asked = p->config.model.image[0], known = p->constants.input.image[0];
    if (!p->constants.input.known || asked == known) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "model.image: %d channels, but %s has mean and std of %d", asked,
                    p->constants.path, known);
}

/* What the model takes is known now: plans it, with the weights that wait for it. */
static rgm_status plan(rgm_predictor *p, rgm_error *err) {
    planned *n;
    RGM_TRY(check_channels(p, err));
    RGM_TRY(make_planned(&n, p, p->config.batch, err));
    rgm_status status = p->path ? rgm_load_weights(n->trainer, p->path, p->stop, err) : RGM_OK;
    if (status < 0) {
        free_planned(n);
        return status;
    }
    free(p->path);
    p->path = NULL;
    p->many = n;
    memcpy(p->config.model.name, n->config.model.name, sizeof p->config.model.name); /* what was "auto" */
    p->config.model.classes = n->config.model.classes;
    return RGM_OK;
}

/* ---- the object ---- */

static rgm_status fill(rgm_predictor *p, const rgm_predictor_options *o, rgm_error *err) {
    p->config = *o->config;
    p->device = o->device;
    p->stop = &o->stop;
    RGM_TRY(rgm_constants_copy(&p->constants, o->model, err));
    return p->config.model.image[0] ? plan(p, err) : RGM_OK;
}

rgm_status rgm_predictor_create(rgm_predictor **predictor, const rgm_predictor_options *options, rgm_error *err) {
    *predictor = NULL;
    rgm_predictor *p = calloc(1, sizeof *p);
    if (!p) return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    rgm_status status = fill(p, options, err);
    p->stop = NULL;
    if (status >= 0)
        *predictor = p;
    else
        rgm_predictor_destroy(p);
    return status;
}

void rgm_predictor_destroy(rgm_predictor *p) {
    if (!p) return;
    free_planned(p->many);
    free_planned(p->one);
    rgm_pictures_destroy(p->pictures);
    rgm_constants_free(&p->constants);
    free(p->path);
    free(p);
}

rgm_status rgm_predictor_load(rgm_predictor *p, const char *path, const rgm_stop *stop, rgm_error *err) {
    if (p->many) return rgm_load_weights(p->many->trainer, path, stop, err);
    p->path = strdup(path);
    return p->path ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
}

const rgm_config *rgm_predictor_config(const rgm_predictor *p) { return &p->config; }

const rgm_constants *rgm_predictor_constants(const rgm_predictor *p) { return &p->constants; }

int64_t rgm_predictor_parameters(const rgm_predictor *p) {
    int64_t sum = 0;
    const rgm_graph *graph = p->many ? p->many->session->model->graph : NULL;
    for (int32_t i = 0; graph && i < rgm_graph_param_count(graph); i++) sum += rgm_graph_param(graph, i)->count;
    return sum;
}

rgm_status rgm_predictor_state(const rgm_predictor *p, rgm_state *state, rgm_error *err) {
    if (!p->many)
        return rgm_fail(err, RGM_E_USAGE, "%s: it does not say how large its images are: model.image and model.classes",
                        p->constants.path);
    rgm_trainer_state(p->many->trainer, state);
    return RGM_OK;
}

/* ---- evaluations ---- */

/* An evaluation's events may not use what it is amid. */
static rgm_status check_free(const rgm_predictor *p, rgm_error *err) {
    if (!p->stop) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "%s: this model is being evaluated: its evaluation's events cannot use it",
                    p->constants.path);
}

static const rgm_view *view_of(const rgm_data *data, int32_t split) {
    switch (split) {
    case RGM_SPLIT_TRAIN:
        return &data->train;
    case RGM_SPLIT_TEST:
        return &data->test;
    default:
        return &data->validation;
    }
}

/* A model that did not say takes images and classes as the data has them. */
static rgm_status fit(rgm_predictor *p, const rgm_data *data, rgm_error *err) {
    if (p->many) return RGM_OK;
    const rgm_dataset_info *info = rgm_dataset_describe(data->set);
    int32_t size[2];
    rgm_image_size(&p->config, info, size);
    const rgm_config_data of = {info->C, size[0], size[1], info->classes, INT32_MAX, 0};
    RGM_TRY(rgm_config_fit(&p->config, &of, err));
    return plan(p, err);
}

static rgm_status measure(rgm_predictor *p, const rgm_data *data, const rgm_predictor_evaluation *o,
                          rgm_run_summary *summary, rgm_error *err) {
    const rgm_view *view = view_of(data, o->split);
    rgm_tally tally;
    rgm_run_tell(p->device, data);
    if (!view->count)
        return rgm_fail(err, RGM_E_USAGE, "%s: no %s split", rgm_dataset_describe(data->set)->path,
                        rgm_split_name(o->split));
    RGM_TRY(fit(p, data, err));
    const rgm_session *s = p->many->session;
    if (!p->constants.input.known) rgm_model_assume(s->model, &data->constants.input);
    p->many->begun = 0;
    double start = rgm_seconds();
    rgm_status status = rgm_trainer_evaluate(p->many->trainer, view, o->stop.asked, o->stop.context, &tally, err);
    double seconds = rgm_seconds() - start;
    rgm_trainer_end_evaluation(p->many->trainer);
    RGM_TRY(status);
    rgm_run_count(summary, o->split, &tally);
    rgm_run_pace(summary, (double)tally.seen, seconds, rgm_graph_forward_flops(s->model->graph));
    snprintf(summary->checkpoint, sizeof summary->checkpoint, "%s", p->constants.path);
    summary->memory = rgm_trainer_memory(p->many->trainer).peak;
    return RGM_OK;
}

static rgm_status evaluate(rgm_predictor *p, const rgm_predictor_evaluation *o, rgm_run_summary *summary,
                           rgm_error *err) {
    rgm_data *data;
    const rgm_data_options options = {
        .need_data = 1, .evaluation = 1, .split = o->split, .model = &p->constants, .set = o->set, .stop = o->stop};
    RGM_TRY(rgm_data_open(&data, &p->config, &options, err));
    rgm_status status = measure(p, data, o, summary, err);
    rgm_data_close(data);
    return status;
}

static rgm_status check_planned(const rgm_predictor *p, rgm_error *err) {
    if (p->many) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "%s: it does not say how large its images are: model.image and model.classes",
                    p->constants.path);
}

rgm_status rgm_predictor_evaluate(rgm_predictor *p, const rgm_predictor_evaluation *evaluation,
                                  rgm_run_summary *summary, rgm_error *err) {
    rgm_run_summary_start(summary);
    summary->status = check_free(p, err);
    if (summary->status < 0) return summary->status;
    p->stop = &evaluation->stop;
    summary->status = evaluate(p, evaluation, summary, err);
    p->stop = NULL;
    return summary->status;
}

static rgm_status answer(rgm_predictor *p, const rgm_predictor_walk *walk, rgm_error *err) {
    RGM_TRY(fit(p, walk->data, err));
    const rgm_answer_walk answers = {.session = p->many->session,
                                     .trainer = p->many->trainer,
                                     .view = walk->view,
                                     .take = walk->take,
                                     .context = walk->context,
                                     .stop = walk->stop};
    if (!p->constants.input.known) rgm_model_assume(p->many->session->model, &walk->data->constants.input);
    p->many->begun = 0;
    return rgm_answers_each(&answers, err);
}

rgm_status rgm_predictor_each(rgm_predictor *p, const rgm_predictor_walk *walk, rgm_error *err) {
    RGM_TRY(check_free(p, err));
    p->stop = &walk->stop;
    rgm_status status = answer(p, walk, err);
    p->stop = NULL;
    return status;
}

/* ---- predictions ---- */

static size_t image_bytes(const planned *n) {
    const int32_t *image = n->config.model.image;
    return (size_t)image[0] * (size_t)image[1] * (size_t)image[2];
}

/* The data set that a prediction is a batch of. Its labels are all 0, and nobody asks for them. */
static rgm_status make_set(planned *n, rgm_error *err) {
    const int32_t *image = n->config.model.image;
    int32_t batch = n->config.batch;
    n->pixels = calloc((size_t)batch, image_bytes(n));
    int32_t *labels = calloc((size_t)batch, sizeof *labels);
    rgm_dataset_memory memory = {.name = "prediction",
                                 .C = image[0],
                                 .H = image[1],
                                 .W = image[2],
                                 .classes = n->session->model->classes,
                                 .count = {[RGM_SPLIT_TEST] = batch},
                                 .images = {[RGM_SPLIT_TEST] = n->pixels},
                                 .labels = {[RGM_SPLIT_TEST] = labels}};
    rgm_status status = n->pixels && labels ? rgm_dataset_from_memory(&n->set, &memory, err)
                                            : rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    free(labels);
    return status;
}

static rgm_status begin(planned *n, rgm_error *err) {
    int64_t batches;
    if (!n->set) RGM_TRY(make_set(n, err));
    if (n->begun) return RGM_OK;
    const rgm_view view = rgm_view_all(n->set, RGM_SPLIT_TEST);
    RGM_TRY(rgm_trainer_begin_evaluation(n->trainer, &view, &batches, err));
    n->begun = 1;
    return RGM_OK;
}

/* `count` images, at most the plan's batch: the rest of the batch is whatever was there before. */
static rgm_status predict_batch(planned *n, const uint8_t *images, int64_t count, float *out, rgm_error *err) {
    rgm_tally unused;
    RGM_TRY(begin(n, err));
    memcpy(n->pixels, images, (size_t)count * image_bytes(n));
    RGM_TRY(rgm_trainer_evaluate_batch(n->trainer, 0, &unused, err));
    const rgm_plan *p = rgm_trainer_plan(n->trainer);
    const float *logits = rgm_plan_logits(p);
    int64_t pitch = rgm_plan_logits_pitch(p), classes = n->session->model->classes;
    for (int64_t i = 0; i < count; i++) RGM_TRY(rgm_answer_of(n->session, logits + i * pitch, out + i * classes, err));
    return RGM_OK;
}

static rgm_status predict(rgm_predictor *p, const uint8_t *images, int64_t count, float *out, rgm_error *err) {
    int32_t batch = p->config.batch;
    for (int64_t done = 0, some; done < count; done += some) {
        /* images one by one, where they would be less than half of a batch */
        int32_t single = count - done <= batch / 2;
        if (single) RGM_TRY(need_one(p, err));
        planned *n = single ? p->one : p->many;
        some = single ? 1 : count - done < batch ? count - done : batch;
        RGM_TRY(predict_batch(n, images + (size_t)done * image_bytes(n), some, out + done * n->session->model->classes,
                              err));
    }
    return RGM_OK;
}

rgm_status rgm_predictor_predict(rgm_predictor *p, const uint8_t *images, int64_t count, float *probabilities,
                                 rgm_error *err) {
    RGM_TRY(check_free(p, err));
    RGM_TRY(check_planned(p, err));
    if (!p->constants.input.known)
        return rgm_fail(err, RGM_E_USAGE, "%s: it does not say what pixels mean to it (mean and std)",
                        p->constants.path);
    if (count < 0) return rgm_fail(err, RGM_E_USAGE, "prediction: %lld images", (long long)count);
    return predict(p, images, count, probabilities, err);
}

/* ---- pictures ---- */

rgm_status rgm_predictor_transform(const rgm_predictor *p, rgm_transform *transform, rgm_error *err) {
    const int32_t *image = p->config.model.image;
    RGM_TRY(check_planned(p, err));
    if (image[0] != 1 && image[0] != 3)
        return rgm_fail(err, RGM_E_UNSUPPORTED,
                        "%s: its images have %d channels: no picture has so many, only images of data sets",
                        p->constants.path, image[0]);
    const rgm_transform *own = &p->many->session->model->input.transform;
    int32_t fits = own->C == image[0] && own->H == image[1] && own->W == image[2];
    *transform = fits ? *own : rgm_transform_default(image[0], image[1], image[2]);
    return RGM_OK;
}

rgm_status rgm_predictor_read(rgm_predictor *p, rgm_picture_source *sources, int64_t count, uint8_t *images,
                              rgm_error *err) {
    rgm_transform transform;
    RGM_TRY(check_free(p, err));
    RGM_TRY(rgm_predictor_transform(p, &transform, err));
    if (!p->pictures) RGM_TRY(rgm_pictures_create(&p->pictures, p->device, err));
    return rgm_pictures_read(p->pictures, &transform, sources, count, images, err);
}

/* ---- saving ---- */

static rgm_status save(const rgm_predictor *p, const rgm_state *state, const char *path, rgm_error *err) {
    char *yaml = NULL;
    size_t size;
    RGM_TRY(rgm_config_print(&p->config, &yaml, &size, err));
    const rgm_checkpoint checkpoint = {.progress = rgm_progress_start(),
                                       .seed = p->constants.seed,
                                       .fingerprint = p->constants.fingerprint,
                                       .fingerprint_pixels = p->constants.fingerprint_pixels,
                                       .input = p->many->session->model->input,
                                       .config = yaml,
                                       .build = p->device->build,
                                       .classes = p->constants.classes};
    rgm_status status = rgm_checkpoint_write(&checkpoint, state, path, err);
    free(yaml);
    return status;
}

rgm_status rgm_predictor_save(const rgm_predictor *p, const char *path, rgm_error *err) {
    if (!p->many)
        return rgm_fail(err, RGM_E_USAGE, "%s: it does not say how large its images are: nothing is saved",
                        p->constants.path);
    if (!p->constants.input.known)
        return rgm_fail(err, RGM_E_USAGE, "%s: it does not say what pixels mean to it (mean and std): nothing is saved",
                        p->constants.path);
    rgm_state *state = malloc(sizeof *state);
    if (!state) return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    rgm_trainer_state(p->many->trainer, state);
    rgm_status status = save(p, state, path, err);
    free(state);
    return status;
}

/* ---- out of a training ---- */

struct rgm_trained {
    rgm_config config;
    rgm_constants constants;
    float *value, *stat;
};

void rgm_trained_free(rgm_trained *t) {
    if (!t) return;
    rgm_constants_free(&t->constants);
    free(t->value);
    free(t->stat);
    free(t);
}

static rgm_status take(rgm_trained *t, const rgm_session *s, rgm_trainer *trainer, rgm_error *err) {
    const rgm_graph *graph = s->model->graph;
    size_t values = floats(rgm_graph_param_floats(graph)), stats = floats(rgm_graph_stat_floats(graph));
    rgm_state state;
    rgm_session_effective(s, &t->config);
    RGM_TRY(rgm_save_constants(s, &t->constants, err));
    t->value = malloc(values);
    t->stat = malloc(stats + 1); /* a network without batch norm has none */
    if (!t->value || !t->stat) return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    rgm_trainer_state(trainer, &state);
    memcpy(t->value, state.value, values);
    memcpy(t->stat, state.stat, stats);
    return RGM_OK;
}

rgm_status rgm_trained_take(rgm_trained **trained, const rgm_session *session, rgm_trainer *trainer, rgm_error *err) {
    *trained = NULL;
    rgm_trained *t = calloc(1, sizeof *t);
    if (!t) return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
    rgm_status status = take(t, session, trainer, err);
    if (status >= 0)
        *trained = t;
    else
        rgm_trained_free(t);
    return status;
}

rgm_status rgm_predictor_of(rgm_predictor **predictor, const rgm_trained *t, rgm_device *device, rgm_error *err) {
    const rgm_predictor_options options = {.config = &t->config, .model = &t->constants, .device = device};
    RGM_TRY(rgm_predictor_create(predictor, &options, err));
    copy_weights((*predictor)->many, t->value, t->stat);
    return RGM_OK;
}
