#include "train/trainer_memory.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "ops/ops.h"

/* Of the session's set, for training and evaluation alike. *needed = 0: all its images are taken as they are. */
static rgm_tools_plan plan_tools(rgm_trainer *t, int32_t *needed) {
    const rgm_data *data = t->session->data;
    const rgm_view *evaluated = data->validation.count ? &data->validation : &data->test;
    rgm_tools_plan all = {0};
    *needed = 0;
    for (int32_t training = 0; training <= t->options.training; training++) {
        const rgm_view *view = training ? &data->train : evaluated;
        int32_t needs;
        if (!view->count) continue;
        const rgm_batch_options options = rgm_trainer_batch_options(t, view, training);
        const rgm_tools_plan plan = rgm_batches_tools(&options, &needs);
        if (!needs) continue;
        if (!*needed) all = plan;
        if (plan.H > all.H) all.H = plan.H;
        if (plan.W > all.W) all.W = plan.W;
        *needed = 1;
    }
    return all;
}

static size_t tools_bytes(rgm_trainer *t) {
    int32_t needed;
    const rgm_tools_plan plan = plan_tools(t, &needed);
    return needed ? rgm_tools_bytes(&plan) : 0;
}

rgm_status rgm_trainer_take_tools(rgm_trainer *t, rgm_error *err) {
    int32_t needed;
    const rgm_tools_plan plan = plan_tools(t, &needed);
    return needed ? rgm_tools_create(&t->tools, &plan, err) : RGM_OK;
}

rgm_plan_options rgm_trainer_plan_options(const rgm_trainer *t, int32_t training) {
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
    rgm_batch_options options = rgm_trainer_batch_options(t, view, training);
    return rgm_batches_bytes(&options);
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

void rgm_trainer_plan_memory(rgm_trainer *t) {
    const rgm_session *s = t->session;
    rgm_memory_plan *m = &t->planned;
    size_t mapped, floats = (size_t)rgm_graph_param_floats(s->model->graph), batch = (size_t)s->config->batch;
    size_t train_bytes = t->train_plan ? rgm_plan_bytes(t->train_plan) : 0, eval_bytes = rgm_plan_bytes(t->eval_plan);
    rgm_process_memory(&m->fixed, &mapped);
    m->parameters = rgm_arena_cost(sizeof(float) * floats);
    m->gradients = t->options.training ? m->parameters : 0;
    m->slots = m->parameters * (size_t)t->state.slot_count;
    m->statistics = rgm_arena_cost(sizeof(float) * (size_t)rgm_graph_stat_floats(s->model->graph));
    if (t->options.training) m->statistics *= 2; /* and as they were before the step */
    m->scratch = rgm_plan_scratch_bytes(t->train_plan ? t->train_plan : t->eval_plan);
    m->activations = larger(train_bytes, eval_bytes) - m->scratch;
    m->pipeline =
        rgm_arena_cost(sizeof(float) * batch * (size_t)s->model->outputs) + rgm_arena_cost(sizeof(int32_t) * batch);
    m->pipeline += rgm_augmenter_bytes(t->augmenter) + rgm_activator_bytes(&t->activator) + tools_bytes(t);
    if (t->options.training) m->pipeline += pipeline_bytes(t, &s->data->train, 1) + rgm_watcher_bytes(s);
    m->pipeline += larger(pipeline_bytes(t, &s->data->validation, 0), pipeline_bytes(t, &s->data->test, 0)) +
                   rgm_budget_caches(s, t->options.training);
    m->peak =
        m->fixed + m->parameters + m->gradients + m->slots + m->statistics + m->activations + m->scratch + m->pipeline;
}

rgm_status rgm_trainer_check_memory(const rgm_trainer *t, rgm_error *err) {
    const rgm_budget budget = {.session = t->session,
                               .planned = t->planned,
                               .training = t->options.training,
                               .plans = {rgm_trainer_plan_options(t, 0), rgm_trainer_plan_options(t, 1)},
                               .available = t->knobs.available};
    return rgm_budget_check(&budget, err);
}

/* The arena's pieces. With a null arena the pointers are null: the plans are made before memory is. */
rgm_status rgm_trainer_take_memory(rgm_trainer *t, rgm_error *err) {
    const rgm_session *s = t->session;
    const rgm_memory_plan *m = &t->planned;
    size_t batch = (size_t)s->config->batch, activations = m->activations + m->scratch;
    size_t targets = sizeof(float) * batch * (size_t)s->model->outputs, labels = sizeof(int32_t) * batch;
    size_t statistics = sizeof(float) * (size_t)rgm_graph_stat_floats(s->model->graph);
    size_t bytes = m->parameters * (size_t)(1 + t->options.training + t->state.slot_count) + m->statistics +
                   rgm_arena_cost(targets) + rgm_arena_cost(labels) + rgm_arena_cost(activations);
    RGM_TRY(rgm_arena_create(&t->arena, bytes, "the training step", err));
    size_t floats = sizeof(float) * (size_t)rgm_graph_param_floats(s->model->graph);
    t->memory.value = rgm_arena_take(&t->arena, floats);
    if (t->options.training) t->memory.grad = rgm_arena_take(&t->arena, floats);
    for (int32_t i = 0; i < t->state.slot_count; i++) t->state.slot[i] = rgm_arena_take(&t->arena, floats);
    t->memory.stat = rgm_arena_take(&t->arena, statistics);
    if (t->options.training) t->stat_before = rgm_arena_take(&t->arena, statistics);
    t->targets = rgm_arena_take(&t->arena, targets);
    t->labels = rgm_arena_take(&t->arena, labels);
    t->state.graph = s->model->graph;
    t->state.value = t->memory.value;
    t->state.stat = t->memory.stat;
    void *place = rgm_arena_take(&t->arena, activations);
    if (!place) return rgm_fail(err, RGM_E_INTERNAL, "memory: the arena is smaller than planned");
    if (t->train_plan) rgm_plan_bind(t->train_plan, place, &t->memory);
    rgm_plan_bind(t->eval_plan, place, &t->memory);
    return RGM_OK;
}
