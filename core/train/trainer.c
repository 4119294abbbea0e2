#include "train/trainer.h"

#include <config.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/fpenv.h"
#include "base/planted.h"
#include "plan/finite.h"
#include "train/blame.h"
#include "train/initialize.h"
#include "train/plugin_states.h"
#include "train/spike.h"
#include "train/trainer_memory.h"

rgm_batch_options rgm_trainer_batch_options(rgm_trainer *t, const rgm_view *view, int32_t training) {
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
                               .stop = s->stop,
                               .mean = s->model->input.mean,
                               .std = s->model->input.std,
                               .augment = (training || RGM_PLANTED("P10")) && t->augmenter ? rgm_augmenter_run : NULL,
                               .augment_context = t->augmenter,
                               .from_H = training ? rgm_augmenter_start(t->augmenter, 0) : 0,
                               .from_W = training ? rgm_augmenter_start(t->augmenter, 1) : 0,
                               .transform = s->model->input.transform,
                               .window = training ? rgm_augmenter_window(t->augmenter) : NULL,
                               .tools = t->tools};
}

/* ---- creation ---- */

static rgm_status create_plans(rgm_trainer *t, rgm_error *err) {
    RGM_TRY(rgm_activator_init(&t->activator, t->session, err));
    rgm_plan_options training = rgm_trainer_plan_options(t, 1), evaluation = rgm_trainer_plan_options(t, 0);
    RGM_TRY(rgm_budget_room(t->session, err));
    if (t->options.training) RGM_TRY(rgm_plan_create(&t->train_plan, &training, err));
    return rgm_plan_create(&t->eval_plan, &evaluation, err);
}

/* The forward phases; behind the last one of a layer whoever looks at it. */
static rgm_phase *put_forward(rgm_trainer *t, rgm_phase *p) {
    int32_t count, looks = t->watcher ? rgm_watcher_phase_count(t->watcher) : 0, next = 0, after = -1;
    const rgm_phase *forward = rgm_plan_forward(t->train_plan, &count);
    if (t->watcher) *p++ = rgm_watcher_input_phase(t->watcher);
    for (int32_t i = 0; i < count; i++) {
        *p++ = forward[i];
        if (next == looks) continue;
        rgm_phase look = rgm_watcher_phase(t->watcher, next, &after);
        if (after != i) continue;
        *p++ = look;
        next++;
    }
    return p;
}

/* Stands before the update, so that nothing has changed; behind the backward pass, so that layers can be named. */
static rgm_status find_spike(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker;
    rgm_trainer *t = context;
    rgm_tally tally = rgm_loss_tally(t->train_loss);
    /* a gradient that is not finite is watch.policy's: the next phase finds it */
    t->spiked = isfinite(rgm_plan_gradient_squares(t->train_plan)) &&
                rgm_is_spike(rgm_tally_loss(&tally), t->usual, t->session->config->batch);
    return t->spiked ? rgm_fail(err, RGM_E_NUMERIC, "the loss is a spike") : RGM_OK;
}

static rgm_status list_phases(rgm_trainer *t, rgm_error *err) {
    int32_t forward, backward, looks = t->watcher ? 1 + rgm_watcher_phase_count(t->watcher) : 0;
    rgm_plan_forward(t->train_plan, &forward);
    const rgm_phase *b = rgm_plan_backward(t->train_plan, &backward);
    rgm_phase *p = t->step = calloc((size_t)(forward + looks + backward + 3 + RGM_UPDATE_PHASES), sizeof *p);
    if (!p) return rgm_fail(err, RGM_E_NOMEM, "step: out of memory");
    *p++ = *rgm_batches_phase(t->train_batches);
    p = put_forward(t, p);
    *p++ = rgm_loss_phase(t->train_loss);
    memcpy(p, b, sizeof *p * (size_t)backward);
    p += backward;
    if (t->session->config->watch.spikes != RGM_SPIKES_NOTE)
        *p++ = (rgm_phase){.run = find_spike, .context = t, .chunks = 1, .name = "watch loss"};
    memcpy(p, rgm_update_phases(t->update), sizeof *p * RGM_UPDATE_PHASES);
    p += RGM_UPDATE_PHASES;
    t->step_count = (int32_t)(p - t->step);
    return RGM_OK;
}

static rgm_status assemble_step(rgm_trainer *t, rgm_error *err) {
    const rgm_session *s = t->session;
    rgm_batch_options options = rgm_trainer_batch_options(t, &s->data->train, 1);
    RGM_TRY(rgm_batches_create(&t->train_batches, &options, err));
    const rgm_loss_options loss = {t->train_plan, t->targets, t->labels, 1};
    RGM_TRY(rgm_loss_create(&t->train_loss, s, &loss, err));
    RGM_TRY(rgm_update_create(&t->update, s, t->train_plan, &t->memory, t->state.slot, err));
    if (!t->knobs.unwatched) RGM_TRY(rgm_watcher_create(&t->watcher, s, t->train_plan, err));
    if (t->watcher) RGM_TRY(rgm_update_watch(t->update, err));
    return list_phases(t, err);
}

static int32_t equal_views(const rgm_view *a, const rgm_view *b) {
    return a->set == b->set && a->split == b->split && a->indices == b->indices && a->count == b->count &&
           a->map == b->map;
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
        const rgm_loss_options loss = {t->eval_plan, t->targets, t->labels, 0};
        RGM_TRY(rgm_loss_create(&t->eval_loss, s, &loss, err));
        t->eval = calloc((size_t)forward + 2, sizeof *t->eval);
        if (!t->eval) return rgm_fail(err, RGM_E_NOMEM, "evaluation: out of memory");
        memcpy(t->eval + 1, f, sizeof *f * (size_t)forward);
        t->eval[forward + 1] = rgm_loss_phase(t->eval_loss);
        t->eval_count = forward + 2;
    }
    if (t->eval_batches && same_view(s, &t->eval_view, view)) return RGM_OK;
    rgm_batches_destroy(t->eval_batches);
    t->eval_batches = NULL;
    rgm_batch_options options = rgm_trainer_batch_options(t, view, 0);
    RGM_TRY(rgm_batches_create(&t->eval_batches, &options, err));
    t->eval[0] = *rgm_batches_phase(t->eval_batches);
    t->eval_view = *view;
    return RGM_OK;
}

static void name_slots(rgm_trainer *t) {
    const rgm_instance *optimizer = t->session->model->components.optimizer;
    t->state.slot_count = (int32_t)rgm_plug_slot_count(optimizer);
    for (int32_t i = 0; i < t->state.slot_count; i++)
        t->state.slot_name[i] = rgm_plug_slot_name(optimizer, (uint32_t)i);
}

/* A transform changes an image's size, but not its channels. */
static rgm_status check_channels(const rgm_session *s, rgm_error *err) {
    const int32_t *image = s->config->model.image;
    if (!s->data->set) return RGM_OK;
    const rgm_dataset_info *info = rgm_dataset_describe(s->data->set);
    if (info->C == image[0]) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE, "model.image: %dx%dx%d, but %s has images of %d channels", image[0], image[1],
                    image[2], info->path, info->C);
}

/* What a trainer that is more than a plan has. */
static rgm_status build(rgm_trainer *t, rgm_error *err) {
    const rgm_session *s = t->session;
    RGM_TRY(rgm_trainer_check_memory(t, err));
    RGM_TRY(rgm_trainer_take_memory(t, err));
    RGM_TRY(rgm_trainer_take_tools(t, err));
    if (t->options.training || t->knobs.drawn) RGM_TRY(rgm_initialize(s, &t->memory, err));
    if (t->options.training) RGM_TRY(assemble_step(t, err));
    return s->data->validation.count ? assemble_evaluation(t, &s->data->validation, err) : RGM_OK;
}

static rgm_status create(rgm_trainer *t, rgm_error *err) {
    const rgm_session *s = t->session;
    if (t->options.training) name_slots(t);
    if (t->options.training && !t->options.plan_only && s->data->train.count < 1)
        return rgm_fail(err, RGM_E_USAGE, "%s: no training split", s->config->data.file);
    if (t->options.training && s->data->set) RGM_TRY(rgm_augmenter_create(&t->augmenter, s, err));
    RGM_TRY(check_channels(s, err));
    RGM_TRY(create_plans(t, err));
    rgm_trainer_plan_memory(t);
    return t->options.plan_only ? RGM_OK : build(t, err);
}

rgm_status rgm_trainer_create_with(rgm_trainer **trainer, const rgm_session *session,
                                   const rgm_trainer_options *options, const rgm_trainer_knobs *knobs, rgm_error *err) {
    *trainer = NULL;
    rgm_trainer *t = calloc(1, sizeof *t);
    if (!t) return rgm_fail(err, RGM_E_NOMEM, "trainer: out of memory");
    t->session = session;
    t->rate_share = 1;
    t->usual = NAN;
    t->options = *options;
    t->knobs = *knobs;
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    rgm_status status = create(t, err);
    rgm_fpenv_end(&callers);
    if (status >= 0)
        *trainer = t;
    else
        rgm_trainer_destroy(t);
    return status;
}

rgm_status rgm_trainer_create(rgm_trainer **trainer, const rgm_session *session, const rgm_trainer_options *options,
                              rgm_error *err) {
    return rgm_trainer_create_with(trainer, session, options, &(rgm_trainer_knobs){0}, err);
}

void rgm_trainer_destroy(rgm_trainer *t) {
    if (!t) return;
    rgm_batches_destroy(t->train_batches);
    rgm_batches_destroy(t->eval_batches);
    rgm_loss_destroy(t->train_loss);
    rgm_loss_destroy(t->eval_loss);
    rgm_update_destroy(t->update);
    rgm_watcher_destroy(t->watcher);
    rgm_augmenter_destroy(t->augmenter);
    rgm_tools_destroy(t->tools);
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

static rgm_status blame(const rgm_trainer *t, int64_t step, const rgm_step_result *result, rgm_error *err) {
    const rgm_scene scene = {t->session, t->train_plan, t->train_batches, t->memory.grad, result->tally.loss};
    return rgm_blame(&scene, step, err);
}

static void find_worst(const rgm_trainer *t, rgm_watch_step *step) {
    int32_t place[RGM_WATCH_WORST];
    rgm_loss_worst(t->train_loss, RGM_WATCH_WORST, place, step->worst_loss);
    for (int32_t i = 0; i < RGM_WATCH_WORST; i++)
        step->worst[i] = place[i] < 0 ? -1 : rgm_batches_sample(t->train_batches, place[i]);
}

static rgm_watch_step describe(const rgm_trainer *t, int64_t step, const rgm_step_result *result) {
    rgm_watch_step seen = {.step = step,
                           .loss = rgm_tally_loss(&result->tally),
                           .gradient_norm = result->gradient_norm,
                           .rate = result->rate};
    find_worst(t, &seen);
    return seen;
}

static void watch_step(rgm_trainer *t, int64_t step, const rgm_step_result *result) {
    if (!t->watcher) return;
    const rgm_watch_step made = describe(t, step, result);
    rgm_watcher_end(t->watcher, &made, rgm_update_changes(t->update));
}

static rgm_status blame_spike(rgm_trainer *t, int64_t step, rgm_step_result *result, rgm_error *err) {
    result->gradient_norm = sqrt(rgm_plan_gradient_squares(t->train_plan));
    const rgm_watch_step seen = describe(t, step, result);
    if (t->watcher) rgm_watcher_end(t->watcher, &seen, NULL);
    return rgm_blame_spike(&seen, t->usual, err);
}

const rgm_watch_step *rgm_trainer_watch(const rgm_trainer *t) {
    static const rgm_watch_step none = {.step = -1};
    return t->watcher ? rgm_watcher_step(t->watcher) : &none;
}

/* The learning rate of a step. */
static rgm_status ask_rate(const rgm_trainer *t, int64_t step, double *rate, rgm_error *err) {
    const rgm_components *c = &t->session->model->components;
    double factor;
    rgm_clock clock = rgm_session_clock(t->session, step);
    RGM_TRY(rgm_plug_factor(c->schedule, (size_t)c->schedules, &clock, &factor, err));
    *rate = c->lr * factor * t->rate_share;
    return RGM_OK;
}

/* With result->rate. */
static rgm_status run_step(rgm_trainer *t, int64_t step, rgm_step_result *result, rgm_error *err) {
    const rgm_session *s = t->session;
    rgm_clock clock = rgm_session_clock(s, step);
    if (t->watcher) rgm_watcher_begin(t->watcher);
    t->activator.clock = clock;
    t->spiked = 0;
    rgm_loss_set(t->train_loss, &clock, s->config->batch);
    rgm_update_set(t->update, &clock, result->rate);
    const rgm_batch_out out = {rgm_plan_input(t->train_plan), t->targets, t->labels};
    RGM_TRY(rgm_batches_prepare(t->train_batches, (uint32_t)(step / s->steps_per_epoch), step % s->steps_per_epoch,
                                &out, err));
    if (t->watcher) rgm_watcher_waited(t->watcher);
    size_t statistics = sizeof(float) * (size_t)rgm_graph_stat_floats(s->model->graph);
    memcpy(t->stat_before, t->memory.stat, statistics);
    rgm_status status = rgm_team_run(s->device->team, t->step, t->step_count, err);
    result->tally = rgm_loss_tally(t->train_loss);
    result->gradient_norm = rgm_update_norm(t->update);
    if (status == RGM_OK) {
        watch_step(t, step, result);
        return RGM_OK;
    }
    t->half |= rgm_update_begun(t->update);
    if (t->spiked)
        status = blame_spike(t, step, result, err);
    else if (status == RGM_E_NUMERIC && !rgm_update_begun(t->update))
        status = blame(t, step, result, err);
    memcpy(t->memory.stat, t->stat_before, statistics);
    return status;
}

rgm_status rgm_trainer_step(rgm_trainer *t, int64_t step, rgm_step_result *result, rgm_error *err) {
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    t->spiked = 0; /* also where no rate is to be had */
    rgm_status status = ask_rate(t, step, &result->rate, err);
    if (status >= 0) status = run_step(t, step, result, err);
    rgm_fpenv_end(&callers);
    return status;
}

rgm_status rgm_trainer_step_at(rgm_trainer *t, int64_t step, double rate, rgm_step_result *result, rgm_error *err) {
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    result->rate = rate;
    rgm_status status = run_step(t, step, result, err);
    rgm_fpenv_end(&callers);
    return status;
}

const float *rgm_trainer_gradients(const rgm_trainer *t) { return t->memory.grad; }
void rgm_trainer_slow(rgm_trainer *t, double share) { t->rate_share = share; }
void rgm_trainer_expect(rgm_trainer *t, double usual) { t->usual = usual; }
int32_t rgm_trainer_spiked(const rgm_trainer *t) { return t->spiked; }

int32_t rgm_trainer_whole(const rgm_trainer *t) { return !t->half; }
void rgm_trainer_restoring(rgm_trainer *t) { t->half = 1; }
void rgm_trainer_restored(rgm_trainer *t) { t->half = 0; }

/* The first bad one of the groups that are given. */
static rgm_state_tensor first_bad(const rgm_trainer *t, const uint32_t *groups, int32_t count) {
    return rgm_state_first_bad(&t->state, t->session->device->kernels, groups, count);
}

static const uint32_t checked[] = {RGM_PARAMETERS, RGM_STATISTICS, RGM_SLOTS};

/* Where the plan might hide a NaN, it is looked for before. */
static rgm_status check_parameters(rgm_trainer *t, rgm_error *err) {
    rgm_state_tensor bad = first_bad(t, checked, rgm_plan_hides_nan(t->eval_plan) ? 2 : 0);
    if (!bad.name) return RGM_OK;
    return rgm_fail(err, RGM_E_NUMERIC, "evaluation: %s holds values that are not finite", bad.name);
}

rgm_status rgm_trainer_check_state(rgm_trainer *t, rgm_error *err) {
    rgm_state_tensor bad = first_bad(t, checked, 3);
    if (!bad.name) return RGM_OK;
    if (!bad.in[0]) return rgm_fail(err, RGM_E_NUMERIC, "%s holds values that are not finite", bad.name);
    return rgm_fail(err, RGM_E_NUMERIC, "the optimizer's '%s' of %s holds values that are not finite", bad.in,
                    bad.name);
}

static rgm_status begin_evaluation(rgm_trainer *t, const rgm_view *view, int64_t *batches, rgm_error *err) {
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

rgm_status rgm_trainer_begin_evaluation(rgm_trainer *t, const rgm_view *view, int64_t *batches, rgm_error *err) {
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    rgm_status status = begin_evaluation(t, view, batches, err);
    rgm_fpenv_end(&callers);
    return status;
}

static rgm_status evaluate_batch(rgm_trainer *t, int64_t batch, rgm_tally *tally, rgm_error *err) {
    rgm_clock clock = rgm_session_clock(t->session, 0);
    const rgm_batch_out out = {rgm_plan_input(t->eval_plan), t->targets, t->labels};
    RGM_TRY(rgm_batches_prepare(t->eval_batches, 0, batch, &out, err));
    rgm_loss_set(t->eval_loss, &clock, rgm_batches_valid(t->eval_batches));
    RGM_TRY(rgm_team_run(t->session->device->team, t->eval, t->eval_count, err));
    *tally = rgm_loss_tally(t->eval_loss);
    return RGM_OK;
}

rgm_status rgm_trainer_evaluate_batch(rgm_trainer *t, int64_t batch, rgm_tally *tally, rgm_error *err) {
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    rgm_status status = evaluate_batch(t, batch, tally, err);
    rgm_fpenv_end(&callers);
    return status;
}

static rgm_status add_batch(rgm_trainer *t, int64_t batch, rgm_tally *sum, rgm_error *err) {
    rgm_tally of;
    RGM_TRY(evaluate_batch(t, batch, &of, err));
    rgm_tally_add(sum, &of);
    return RGM_OK;
}

void rgm_trainer_end_evaluation(rgm_trainer *t) {
    rgm_batches_destroy(t->eval_batches);
    t->eval_batches = NULL;
}

rgm_status rgm_trainer_evaluate(rgm_trainer *t, const rgm_view *view, int32_t (*stop)(void *), void *context,
                                rgm_tally *tally, rgm_error *err) {
    int64_t batches = 0;
    *tally = (rgm_tally){0};
    RGM_TRY(rgm_trainer_begin_evaluation(t, view, &batches, err));
    for (int64_t i = 0; i < batches; i++) {
        if (stop && stop(context)) return rgm_fail(err, RGM_E_INTERRUPTED, "evaluation stopped on request");
        fenv_t callers;
        rgm_fpenv_begin(&callers);
        rgm_status status = add_batch(t, i, tally, err);
        rgm_fpenv_end(&callers);
        RGM_TRY(status);
    }
    RGM_TRY(rgm_dataset_check(view->set, err)); /* the last batch, too, was of the file that was opened */
    if (isfinite(tally->loss)) return RGM_OK;
    return rgm_fail(err, RGM_E_NUMERIC, "evaluation: the loss over %" PRId64 " images is not finite", tally->seen);
}

const float *rgm_trainer_batch_logits(const rgm_trainer *t, int64_t *pitch) {
    *pitch = rgm_plan_logits_pitch(t->eval_plan);
    return rgm_plan_logits(t->eval_plan);
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

void rgm_trainer_state(const rgm_trainer *t, rgm_state *state) { *state = t->state; }

rgm_status rgm_trainer_visit(rgm_trainer *t, uint32_t groups, rgm_state_fn visit, void *context, rgm_error *err) {
    if (!(groups & RGM_PLUGIN_STATES)) return rgm_state_visit(&t->state, groups, visit, context, err);
    rgm_state *all = malloc(sizeof *all);
    if (!all) return rgm_fail(err, RGM_E_NOMEM, "states of plugins: out of memory");
    *all = t->state;
    rgm_status status = rgm_plugin_states_save(&t->session->model->components, all, err);
    if (status >= 0) status = rgm_state_visit(all, groups, visit, context, err);
    rgm_plugin_states_free(all);
    free(all);
    return status;
}
