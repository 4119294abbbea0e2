#include "train/trainer.h"

#include <config.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/cpu.h"
#include "base/memory.h"
#include "ops/ops.h"
#include "train/activation.h"
#include "train/augment.h"
#include "train/fit.h"
#include "train/initialize.h"
#include "train/loss.h"
#include "train/update.h"

struct rgm_trainer {
    const rgm_session *session;
    rgm_trainer_options options;
    rgm_arena arena; /* parameters, gradients, slots, statistics, targets, activations */
    rgm_memory memory;
    float *slots[RGM_CHECKPOINT_SLOTS];
    int32_t slot_count;
    float *stat_before; /* the statistics as they were before the step */
    int32_t half;       /* 1: a step failed amid its update */
    float *targets;
    int32_t *labels;
    rgm_activator activator;
    rgm_plan *train_plan, *eval_plan;
    rgm_augmenter *augmenter;
    rgm_batches *train_batches, *eval_batches;
    rgm_view eval_view; /* what eval_batches walks over */
    rgm_loss_driver *train_loss, *eval_loss;
    rgm_update *update;
    rgm_phase *step, *eval;
    int32_t step_count, eval_count;
    rgm_memory_plan planned;
};

/* ---- memory ---- */

static rgm_batch_options batch_options(rgm_trainer *t, const rgm_view *view, int32_t training) {
    const rgm_session *s = t->session;
    const rgm_plan *plan = training ? t->train_plan : t->eval_plan;
    return (rgm_batch_options){.view = *view,
                               .batch = s->config->batch,
                               .train = training,
                               .seed = s->config->seed,
                               .kernels = s->device->kernels,
                               .layout = rgm_plan_input_layout(plan),
                               .H = s->config->model.image[1],
                               .W = s->config->model.image[2],
                               .classes = s->model->classes,
                               .one_logit = s->model->outputs == 1,
                               .workers = rgm_team_size(s->device->team),
                               .mean = s->model->input.mean,
                               .std = s->model->input.std,
                               .augment = training && t->augmenter ? rgm_augmenter_run : NULL,
                               .augment_context = t->augmenter};
}

static rgm_plan_options plan_options(const rgm_trainer *t, int32_t training) {
    const rgm_session *s = t->session;
    return (rgm_plan_options){.graph = s->model->graph,
                              .ops = rgm_op_table,
                              .kernels = s->device->kernels,
                              .engine = s->device->engine,
                              .batch = s->config->batch,
                              .workers = rgm_team_size(s->device->team),
                              .cache = rgm_cpu_cache(2),
                              .conv = s->config->engine.conv,
                              .memory = s->config->memory,
                              .training = training,
                              .hook = rgm_activator_hook((rgm_activator *)&t->activator)};
}

static size_t pipeline_bytes(rgm_trainer *t, const rgm_view *view, int32_t training) {
    if (!view->count) return 0;
    rgm_batch_options options = batch_options(t, view, training);
    return rgm_batches_bytes(&options);
}

/* HDF5's chunk caches of the splits that are read through it. Each split has one, whatever views there are of it, and
 * keeps it until the set is closed. */
static size_t chunk_caches(const rgm_trainer *t) {
    const rgm_session *s = t->session;
    const rgm_view *views[] = {t->options.training ? &s->data->train : NULL, &s->data->validation, &s->data->test};
    size_t bytes[RGM_SPLIT_COUNT] = {0}, all = 0;
    for (int32_t i = 0; i < 3; i++) {
        if (!views[i] || !views[i]->count) continue;
        const rgm_dataset_info *info = rgm_dataset_describe(views[i]->set);
        int32_t split = views[i]->split;
        if (info->access[split] == RGM_PIXELS_HDF5) bytes[split] = (size_t)info->cache[split];
    }
    for (int32_t i = 0; i < RGM_SPLIT_COUNT; i++) all += bytes[i];
    return all;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* Address space that libraries take besides what is planned: code that oneDNN makes for each primitive, copies that its
 * matrix products make in each worker, buffers of HDF5. */
static size_t libraries_room(const rgm_trainer *t) {
    size_t layers = (size_t)rgm_graph_node_count(t->session->model->graph),
           workers = (size_t)rgm_team_size(t->session->device->team);
    return ((size_t)24 << 20) + (layers << 17) + (workers << 22);
}

/* oneDNN takes another implementation, with other bits, or ends the process if memory runs out while it makes one. */
static rgm_status planning_room(const rgm_trainer *t, rgm_error *err) {
    return rgm_address_space_need(libraries_room(t), "planning", err);
}

static void plan_memory(rgm_trainer *t) {
    const rgm_session *s = t->session;
    rgm_memory_plan *m = &t->planned;
    size_t mapped, floats = (size_t)rgm_graph_param_floats(s->model->graph), batch = (size_t)s->config->batch;
    size_t train_bytes = t->train_plan ? rgm_plan_bytes(t->train_plan) : 0, eval_bytes = rgm_plan_bytes(t->eval_plan);
    rgm_process_memory(&m->fixed, &mapped);
    m->parameters = rgm_arena_cost(sizeof(float) * floats);
    m->gradients = t->options.training ? m->parameters : 0;
    m->slots = m->parameters * (size_t)t->slot_count;
    m->statistics = rgm_arena_cost(sizeof(float) * (size_t)rgm_graph_stat_floats(s->model->graph));
    if (t->options.training) m->statistics *= 2; /* and as they were before the step */
    m->scratch = rgm_plan_scratch_bytes(t->train_plan ? t->train_plan : t->eval_plan);
    m->activations = larger(train_bytes, eval_bytes) - m->scratch;
    m->pipeline =
        rgm_arena_cost(sizeof(float) * batch * (size_t)s->model->outputs) + rgm_arena_cost(sizeof(int32_t) * batch);
    m->pipeline += rgm_augmenter_bytes(t->augmenter) + rgm_activator_bytes(&t->activator);
    if (t->options.training) m->pipeline += pipeline_bytes(t, &s->data->train, 1);
    m->pipeline +=
        larger(pipeline_bytes(t, &s->data->validation, 0), pipeline_bytes(t, &s->data->test, 0)) + chunk_caches(t);
    m->peak =
        m->fixed + m->parameters + m->gradients + m->slots + m->statistics + m->activations + m->scratch + m->pipeline;
}

/* What a plan of another batch needs. */
typedef struct attempt {
    const rgm_trainer *trainer;
    int32_t memory;
    size_t room;
} attempt;

/* The evaluation is planned if training alone fits. */
static void plan_attempt(void *context, int32_t batch, size_t *bytes, int32_t *budget) {
    const attempt *a = context;
    *bytes = 0;
    for (int32_t training = a->trainer->options.training; training >= 0 && *bytes <= a->room; training--) {
        rgm_plan *plan;
        rgm_plan_options options = plan_options(a->trainer, training);
        options.batch = batch;
        options.memory = a->memory;
        --*budget;
        int32_t made = planning_room(a->trainer, NULL) >= 0 && rgm_plan_create(&plan, &options, NULL) >= 0;
        *bytes = made ? larger(*bytes, rgm_plan_bytes(plan)) : SIZE_MAX;
        if (made) rgm_plan_destroy(plan);
    }
}

/* What would fit: batches, as they are planned and with low memory. */
static rgm_status find_remedy(const rgm_trainer *t, size_t plans, size_t room, char *text, size_t size,
                              rgm_error *err) {
    enum { HALF = RGM_TRAINER_PLANS / 2 };
    const rgm_config *c = t->session->config;
    attempt a = {t, c->memory, room};
    rgm_fit fit = {plan_attempt, &a, room, t->session->stop, c->batch - 1, c->batch, plans};
    int32_t batch, low = 0, both = t->options.training && c->memory != RGM_MEMORY_LOW;
    int32_t budget = both ? HALF : RGM_TRAINER_PLANS;
    RGM_TRY(rgm_fit_search(&fit, &budget, &batch, err));
    if (both) {
        a.memory = RGM_MEMORY_LOW;
        budget += HALF;
        fit.most = c->batch;
        fit.above = 0;
        RGM_TRY(rgm_fit_search(&fit, &budget, &low, err));
    }
    int used = batch ? snprintf(text, size, "batch %d fits", batch) : snprintf(text, size, "no batch fits");
    if (low > batch) snprintf(text + used, size - (size_t)used, ", with --memory low batch %d does", low);
    return RGM_OK;
}

/* Bytes that may be taken and what says so. Of a limited address space the libraries' part and the reader's stack are
 * kept. */
static size_t room_for_more(const rgm_trainer *t, const char **limit) {
    size_t memory = rgm_memory_available(), kept = libraries_room(t) + rgm_stack_bytes();
    rgm_address_space space = rgm_address_space_read();
    *limit = "";
    if (space.left == SIZE_MAX) return memory;
    size_t left = space.left > kept ? space.left - kept : 1;
    if (memory && memory < left) return memory;
    *limit = space.name;
    return left;
}

static rgm_status check_memory(const rgm_trainer *t, rgm_error *err) {
    const rgm_memory_plan *m = &t->planned;
    size_t plans = m->activations + m->scratch, more = m->peak - m->fixed, rest = more - plans;
    const char *limit = "";
    size_t available = t->options.available ? t->options.available : room_for_more(t, &limit);
    char remedy[96];
    if (!available || more <= available) return RGM_OK;
    RGM_TRY(find_remedy(t, plans, available > rest ? available - rest : 0, remedy, sizeof remedy, err));
    return rgm_fail(err, RGM_E_NOMEM, "memory: batch %d needs %zu MiB, %zu MiB are available%s%s%s: %s",
                    t->session->config->batch, more >> 20, available >> 20, limit[0] ? " (" : "", limit,
                    limit[0] ? ")" : "", remedy);
}

/* The arena's pieces. With a null arena the pointers are null: the plans are made before memory is. */
static rgm_status take_memory(rgm_trainer *t, rgm_error *err) {
    const rgm_session *s = t->session;
    const rgm_memory_plan *m = &t->planned;
    size_t batch = (size_t)s->config->batch, activations = m->activations + m->scratch;
    size_t targets = sizeof(float) * batch * (size_t)s->model->outputs, labels = sizeof(int32_t) * batch;
    size_t statistics = sizeof(float) * (size_t)rgm_graph_stat_floats(s->model->graph);
    size_t bytes = m->parameters * (size_t)(1 + t->options.training + t->slot_count) + m->statistics +
                   rgm_arena_cost(targets) + rgm_arena_cost(labels) + rgm_arena_cost(activations);
    RGM_TRY(rgm_arena_create(&t->arena, bytes, "the training step", err));
    size_t floats = sizeof(float) * (size_t)rgm_graph_param_floats(s->model->graph);
    t->memory.value = rgm_arena_take(&t->arena, floats);
    if (t->options.training) t->memory.grad = rgm_arena_take(&t->arena, floats);
    for (int32_t i = 0; i < t->slot_count; i++) t->slots[i] = rgm_arena_take(&t->arena, floats);
    t->memory.stat = rgm_arena_take(&t->arena, statistics);
    if (t->options.training) t->stat_before = rgm_arena_take(&t->arena, statistics);
    t->targets = rgm_arena_take(&t->arena, targets);
    t->labels = rgm_arena_take(&t->arena, labels);
    void *place = rgm_arena_take(&t->arena, activations);
    if (!place) return rgm_fail(err, RGM_E_INTERNAL, "memory: the arena is smaller than planned");
    if (t->train_plan) rgm_plan_bind(t->train_plan, place, &t->memory);
    rgm_plan_bind(t->eval_plan, place, &t->memory);
    return RGM_OK;
}

/* ---- creation ---- */

static rgm_status create_plans(rgm_trainer *t, rgm_error *err) {
    RGM_TRY(rgm_activator_init(&t->activator, t->session, err));
    rgm_plan_options training = plan_options(t, 1), evaluation = plan_options(t, 0);
    RGM_TRY(planning_room(t, err));
    if (t->options.training) RGM_TRY(rgm_plan_create(&t->train_plan, &training, err));
    return rgm_plan_create(&t->eval_plan, &evaluation, err);
}

static rgm_status assemble_step(rgm_trainer *t, rgm_error *err) {
    const rgm_session *s = t->session;
    int32_t forward, backward;
    rgm_batch_options options = batch_options(t, &s->data->train, 1);
    RGM_TRY(rgm_batches_create(&t->train_batches, &options, err));
    RGM_TRY(rgm_loss_create(&t->train_loss, s, t->train_plan, t->targets, t->labels, 1, err));
    RGM_TRY(rgm_update_create(&t->update, s, t->train_plan, &t->memory, t->slots, err));
    const rgm_phase *f = rgm_plan_forward(t->train_plan, &forward), *b = rgm_plan_backward(t->train_plan, &backward);
    rgm_phase *p = t->step = calloc((size_t)(forward + backward + 2 + RGM_UPDATE_PHASES), sizeof *p);
    if (!p) return rgm_fail(err, RGM_E_NOMEM, "step: out of memory");
    *p++ = *rgm_batches_phase(t->train_batches);
    memcpy(p, f, sizeof *p * (size_t)forward), p += forward;
    *p++ = rgm_loss_phase(t->train_loss);
    memcpy(p, b, sizeof *p * (size_t)backward), p += backward;
    memcpy(p, rgm_update_phases(t->update), sizeof *p * RGM_UPDATE_PHASES), p += RGM_UPDATE_PHASES;
    t->step_count = (int32_t)(p - t->step);
    return RGM_OK;
}

static int32_t equal_views(const rgm_view *a, const rgm_view *b) {
    return a->set == b->set && a->split == b->split && a->indices == b->indices && a->count == b->count;
}

/* 1 if what was read for `old` serves for `view`. A caller may have other numbers in the same place by now; those of
 * the session stay. */
static int32_t same_view(const rgm_session *s, const rgm_view *old, const rgm_view *view) {
    if (!equal_views(old, view)) return 0;
    return !view->indices || equal_views(view, &s->data->validation) || equal_views(view, &s->data->train);
}

/* Points evaluation at a view; the phases stay, their first one belongs to the new pipeline. */
static rgm_status assemble_evaluation(rgm_trainer *t, const rgm_view *view, rgm_error *err) {
    const rgm_session *s = t->session;
    int32_t forward;
    const rgm_phase *f = rgm_plan_forward(t->eval_plan, &forward);
    if (!t->eval) {
        RGM_TRY(rgm_loss_create(&t->eval_loss, s, t->eval_plan, t->targets, t->labels, 0, err));
        t->eval = calloc((size_t)forward + 2, sizeof *t->eval);
        if (!t->eval) return rgm_fail(err, RGM_E_NOMEM, "evaluation: out of memory");
        memcpy(t->eval + 1, f, sizeof *f * (size_t)forward);
        t->eval[forward + 1] = rgm_loss_phase(t->eval_loss);
        t->eval_count = forward + 2;
    }
    if (t->eval_batches && same_view(s, &t->eval_view, view)) return RGM_OK;
    rgm_batches_destroy(t->eval_batches);
    t->eval_batches = NULL;
    rgm_batch_options options = batch_options(t, view, 0);
    RGM_TRY(rgm_batches_create(&t->eval_batches, &options, err));
    t->eval[0] = *rgm_batches_phase(t->eval_batches);
    t->eval_view = *view;
    return RGM_OK;
}

/* Evaluation has no augmentations, so nothing changes an image's size there. */
static rgm_status check_sizes(const rgm_session *s, rgm_error *err) {
    const int32_t *image = s->config->model.image;
    if (!s->data->set || !(s->data->validation.count || s->data->test.count)) return RGM_OK;
    const rgm_dataset_info *info = rgm_dataset_describe(s->data->set);
    if (info->C == image[0] && info->H == image[1] && info->W == image[2]) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE,
                    "model.image: %dx%dx%d, but %s has images of %dx%dx%d, which an evaluation takes as they are",
                    image[0], image[1], image[2], info->path, info->C, info->H, info->W);
}

rgm_status rgm_trainer_create(rgm_trainer **trainer, const rgm_session *session, const rgm_trainer_options *options,
                              rgm_error *err) {
    *trainer = NULL;
    rgm_trainer *t = calloc(1, sizeof *t);
    if (!t) return rgm_fail(err, RGM_E_NOMEM, "trainer: out of memory");
    rgm_status status;
    t->session = session;
    t->options = *options;
    if (options->training) t->slot_count = (int32_t)rgm_plug_slot_count(session->model->components.optimizer);
    if (options->training && !options->plan_only && session->data->train.count < 1) {
        status = rgm_fail(err, RGM_E_USAGE, "%s: no training split", session->config->data.file);
        goto fail;
    }
    if (options->training && session->data->set)
        RGM_TRY_OR_FAIL(status, rgm_augmenter_create(&t->augmenter, session, err));
    RGM_TRY_OR_FAIL(status, check_sizes(session, err));
    RGM_TRY_OR_FAIL(status, create_plans(t, err));
    plan_memory(t);
    if (!options->plan_only) {
        RGM_TRY_OR_FAIL(status, check_memory(t, err));
        RGM_TRY_OR_FAIL(status, take_memory(t, err));
        if (options->training || options->drawn) RGM_TRY_OR_FAIL(status, rgm_initialize(session, &t->memory, err));
        if (options->training) RGM_TRY_OR_FAIL(status, assemble_step(t, err));
        if (session->data->validation.count)
            RGM_TRY_OR_FAIL(status, assemble_evaluation(t, &session->data->validation, err));
    }
    *trainer = t;
    return RGM_OK;
fail:
    rgm_trainer_destroy(t);
    return status;
}

void rgm_trainer_destroy(rgm_trainer *t) {
    if (!t) return;
    rgm_batches_destroy(t->train_batches);
    rgm_batches_destroy(t->eval_batches);
    rgm_loss_destroy(t->train_loss);
    rgm_loss_destroy(t->eval_loss);
    rgm_update_destroy(t->update);
    rgm_augmenter_destroy(t->augmenter);
    rgm_activator_release(&t->activator);
    rgm_plan_destroy(t->train_plan);
    rgm_plan_destroy(t->eval_plan);
    rgm_arena_destroy(&t->arena);
    free(t->step);
    free(t->eval);
    free(t);
}

rgm_memory_plan rgm_trainer_memory(const rgm_trainer *t) { return t->planned; }
const rgm_plan *rgm_trainer_plan(const rgm_trainer *t) { return t->train_plan ? t->train_plan : t->eval_plan; }

const rgm_phase *rgm_trainer_phases(const rgm_trainer *t, int32_t *count) {
    *count = t->step_count;
    return t->step;
}

const rgm_phase *rgm_trainer_evaluation_phases(const rgm_trainer *t, int32_t *count) {
    *count = t->eval_count;
    return t->eval;
}

/* ---- use ---- */

/* The parameter nearest to the loss whose gradient is not finite; NULL: all are. */
static const char *first_bad_gradient(const rgm_trainer *t) {
    for (int32_t i = rgm_graph_param_count(t->session->model->graph); i-- > 0;) {
        const rgm_param *p = rgm_graph_param(t->session->model->graph, i);
        double sum;
        t->session->device->kernels->sumsq(t->memory.grad + p->offset, p->count, &sum);
        if (!isfinite(sum)) return p->name;
    }
    return NULL;
}

/* Says where it began: a loss that is not finite stops the step before the backward pass, so that the batch and the
 * parameters are still those of the forward pass. */
static rgm_status not_finite(const rgm_trainer *t, int64_t step, rgm_error *err) {
    double loss = rgm_loss_tally(t->train_loss).loss;
    const char *layer = isfinite(loss) ? NULL : rgm_plan_first_bad(t->train_plan, t->session->device->team);
    const char *gradient = isfinite(loss) ? first_bad_gradient(t) : NULL;
    if (layer)
        return rgm_fail(err, RGM_E_NUMERIC,
                        "step %" PRId64 ": the loss is not finite; the first layer with a bad output is %s", step,
                        layer);
    if (gradient)
        return rgm_fail(err, RGM_E_NUMERIC,
                        "step %" PRId64 ": the gradient is not finite; going back from the loss, it begins at %s", step,
                        gradient);
    return rgm_fail(err, RGM_E_NUMERIC, "step %" PRId64 ": %s is not finite, though every layer's output is", step,
                    isfinite(loss) ? "the gradient's norm" : "the loss");
}

rgm_status rgm_trainer_step(rgm_trainer *t, int64_t step, rgm_step_result *result, rgm_error *err) {
    const rgm_session *s = t->session;
    double factor;
    rgm_clock clock = rgm_session_clock(s, step);
    RGM_TRY(
        rgm_plug_factor(s->model->components.schedule, (size_t)s->model->components.schedules, &clock, &factor, err));
    result->rate = s->model->components.lr * factor;
    t->activator.clock = clock;
    rgm_loss_set(t->train_loss, &clock, s->config->batch);
    rgm_update_set(t->update, &clock, result->rate);
    RGM_TRY(rgm_batches_prepare(t->train_batches, (uint32_t)(step / s->steps_per_epoch), step % s->steps_per_epoch,
                                rgm_plan_input(t->train_plan), t->targets, t->labels, err));
    size_t statistics = sizeof(float) * (size_t)rgm_graph_stat_floats(s->model->graph);
    memcpy(t->stat_before, t->memory.stat, statistics);
    rgm_status status = rgm_team_run(s->device->team, t->step, t->step_count, err);
    result->tally = rgm_loss_tally(t->train_loss);
    result->gradient_norm = rgm_update_norm(t->update);
    if (status == RGM_OK) return RGM_OK;
    t->half |= rgm_update_begun(t->update);
    if (status == RGM_E_NUMERIC && !rgm_update_begun(t->update)) status = not_finite(t, step, err);
    memcpy(t->memory.stat, t->stat_before, statistics);
    return status;
}

int32_t rgm_trainer_whole(const rgm_trainer *t) { return !t->half; }
void rgm_trainer_restored(rgm_trainer *t) { t->half = 0; }

/* The first parameter, or statistic, with a value in `arena` that is not finite; NULL: all are. */
static const char *first_bad(const rgm_trainer *t, int32_t statistics, const float *arena) {
    const rgm_graph *g = t->session->model->graph;
    int32_t count = statistics ? rgm_graph_stat_count(g) : rgm_graph_param_count(g);
    for (int32_t i = 0; i < count; i++) {
        const rgm_param *p = statistics ? rgm_graph_stat(g, i) : rgm_graph_param(g, i);
        float largest;
        t->session->device->kernels->absmax(arena + p->offset, p->count, &largest);
        if (!isfinite(largest)) return p->name;
    }
    return NULL;
}

static const char *first_bad_value(const rgm_trainer *t) {
    const char *bad = first_bad(t, 0, t->memory.value);
    return bad ? bad : first_bad(t, 1, t->memory.stat);
}

/* Where the plan might hide a NaN, it is looked for before. */
static rgm_status check_parameters(const rgm_trainer *t, rgm_error *err) {
    const char *bad = rgm_plan_hides_nan(t->eval_plan) ? first_bad_value(t) : NULL;
    if (!bad) return RGM_OK;
    return rgm_fail(err, RGM_E_NUMERIC, "evaluation: %s holds values that are not finite", bad);
}

rgm_status rgm_trainer_check_state(rgm_trainer *t, rgm_error *err) {
    const char *bad = first_bad_value(t);
    if (bad) return rgm_fail(err, RGM_E_NUMERIC, "%s holds values that are not finite", bad);
    for (int32_t i = 0; i < t->slot_count; i++) {
        bad = first_bad(t, 0, t->slots[i]);
        if (!bad) continue;
        const char *slot = rgm_plug_slot_name(t->session->model->components.optimizer, (uint32_t)i);
        return rgm_fail(err, RGM_E_NUMERIC, "the optimizer's '%s' of %s holds values that are not finite", slot, bad);
    }
    return RGM_OK;
}

rgm_status rgm_trainer_begin_evaluation(rgm_trainer *t, const rgm_view *view, int64_t *batches, rgm_error *err) {
    int32_t count;
    RGM_TRY(check_parameters(t, err));
    RGM_TRY(assemble_evaluation(t, view, err));
    *batches = rgm_batches_per_epoch(t->eval_batches);
    rgm_phase *prepare = rgm_plan_prepare(t->eval_plan, &count);
    if (count) RGM_TRY(rgm_team_run(t->session->device->team, prepare, count, err));
    const char *bad = rgm_plan_bad_scale(t->eval_plan);
    if (!bad) return RGM_OK;
    return rgm_fail(err, RGM_E_NUMERIC,
                    "evaluation: %s: scale, shift and running statistics make a factor or summand that is not finite",
                    bad);
}

rgm_status rgm_trainer_evaluate_batch(rgm_trainer *t, int64_t batch, rgm_tally *tally, rgm_error *err) {
    rgm_clock clock = rgm_session_clock(t->session, 0);
    RGM_TRY(rgm_batches_prepare(t->eval_batches, 0, batch, rgm_plan_input(t->eval_plan), t->targets, t->labels, err));
    rgm_loss_set(t->eval_loss, &clock, rgm_batches_valid(t->eval_batches));
    RGM_TRY(rgm_team_run(t->session->device->team, t->eval, t->eval_count, err));
    *tally = rgm_loss_tally(t->eval_loss);
    return RGM_OK;
}

rgm_status rgm_trainer_evaluate(rgm_trainer *t, const rgm_view *view, int32_t (*stop)(void *), void *context,
                                rgm_tally *tally, rgm_error *err) {
    int64_t batches = 0;
    *tally = (rgm_tally){0};
    RGM_TRY(rgm_trainer_begin_evaluation(t, view, &batches, err));
    for (int64_t i = 0; i < batches; i++) {
        rgm_tally batch;
        if (stop && stop(context)) return rgm_fail(err, RGM_E_INTERRUPTED, "evaluation stopped on request");
        RGM_TRY(rgm_trainer_evaluate_batch(t, i, &batch, err));
        tally->loss += batch.loss;
        tally->top1 += batch.top1;
        tally->top5 += batch.top5;
        tally->seen += batch.seen;
    }
    RGM_TRY(rgm_dataset_check(view->set, err)); /* the last batch, too, was of the file that was opened */
    if (isfinite(tally->loss)) return RGM_OK;
    return rgm_fail(err, RGM_E_NUMERIC, "evaluation: the loss over %" PRId64 " images is not finite", tally->seen);
}

rgm_status rgm_trainer_logits(rgm_trainer *t, const rgm_view *view, int64_t count, float *logits, rgm_error *err) {
    int64_t outputs = t->session->model->outputs, pitch = rgm_plan_logits_pitch(t->eval_plan), done = 0, batches = 0;
    RGM_TRY(rgm_trainer_begin_evaluation(t, view, &batches, err));
    for (int64_t i = 0; i < batches && done < count; i++) {
        rgm_tally batch;
        RGM_TRY(rgm_trainer_evaluate_batch(t, i, &batch, err));
        const float *z = rgm_plan_logits(t->eval_plan);
        for (int64_t n = 0; n < rgm_batches_valid(t->eval_batches) && done < count; n++, done++)
            memcpy(logits + done * outputs, z + n * pitch, sizeof(float) * (size_t)outputs);
    }
    return RGM_OK;
}

void rgm_trainer_checkpoint(rgm_trainer *t, rgm_checkpoint *c) {
    c->graph = t->session->model->graph;
    c->value = t->memory.value;
    c->stat = t->memory.stat;
    c->slot_count = t->slot_count;
    for (int32_t i = 0; i < t->slot_count; i++) {
        c->slot[i] = t->slots[i];
        c->slot_name[i] = rgm_plug_slot_name(t->session->model->components.optimizer, (uint32_t)i);
    }
}
