#include "check/loss_trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "ops/ops.h"
#include "plan/plan.h"
#include "train/loss.h"

/* The driver takes logits from a plan. The least one that has such logits is a linear layer on one pixel, which never
 * runs. */
struct rgm_loss_trial {
    const rgm_session *session;
    rgm_graph *graph;
    rgm_plan *plan;
    void *arena;
    float *value, *gradient, *targets;
    int32_t *labels;
    rgm_loss_driver *driver[2]; /* of evaluation, of training */
    int64_t pitch;
    int32_t batch, outputs;
};

static rgm_status build_graph(rgm_loss_trial *t, rgm_error *err) {
    RGM_TRY(rgm_graph_create(&t->graph, 1, 1, 1, err));
    int32_t logits = rgm_graph_linear(t->graph, rgm_graph_input(t->graph), "fc", t->outputs, RGM_LINEAR_HEAD);
    return rgm_graph_finish(t->graph, logits, err);
}

static rgm_status build_plan(rgm_loss_trial *t, rgm_error *err) {
    const rgm_device *device = t->session->device;
    const rgm_plan_options options = {.graph = t->graph,
                                      .ops = rgm_op_table,
                                      .kernels = device->kernels,
                                      .engine = device->engine,
                                      .batch = t->batch,
                                      .workers = rgm_team_size(device->team),
                                      .training = 1};
    return rgm_plan_create(&t->plan, &options, err);
}

static void *take(size_t bytes) {
    void *memory = aligned_alloc(64, (bytes + 127) / 64 * 64);
    if (memory) memset(memory, 0, (bytes + 127) / 64 * 64);
    return memory;
}

static rgm_status take_memory(rgm_loss_trial *t, rgm_error *err) {
    size_t floats = (size_t)rgm_graph_param_floats(t->graph), rows = (size_t)t->batch * (size_t)t->outputs;
    t->arena = take(rgm_plan_bytes(t->plan));
    t->value = take(sizeof(float) * floats);
    t->gradient = take(sizeof(float) * floats);
    t->targets = take(sizeof(float) * rows);
    t->labels = take(sizeof(int32_t) * (size_t)t->batch);
    if (!t->arena || !t->value || !t->gradient || !t->targets || !t->labels)
        return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a trial of the loss");
    const rgm_memory memory = {.value = t->value, .grad = t->gradient};
    rgm_plan_bind(t->plan, t->arena, &memory);
    t->pitch = rgm_plan_logits_pitch(t->plan);
    return RGM_OK;
}

static rgm_status create(rgm_loss_trial *t, rgm_error *err) {
    RGM_TRY(build_graph(t, err));
    RGM_TRY(build_plan(t, err));
    RGM_TRY(take_memory(t, err));
    for (int32_t training = 0; training < 2; training++) {
        const rgm_loss_options options = {t->plan, t->targets, t->labels, training};
        RGM_TRY(rgm_loss_create(&t->driver[training], t->session, &options, err));
    }
    return RGM_OK;
}

rgm_status rgm_loss_trial_create(rgm_loss_trial **trial, const rgm_session *session, rgm_error *err) {
    *trial = NULL;
    rgm_loss_trial *t = calloc(1, sizeof *t);
    if (!t) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a trial of the loss");
    *t = (rgm_loss_trial){.session = session, .batch = session->config->batch, .outputs = session->model->outputs};
    rgm_status status = create(t, err);
    if (status < 0)
        rgm_loss_trial_destroy(t);
    else
        *trial = t;
    return status;
}

void rgm_loss_trial_destroy(rgm_loss_trial *t) {
    if (!t) return;
    rgm_loss_destroy(t->driver[0]);
    rgm_loss_destroy(t->driver[1]);
    rgm_plan_destroy(t->plan);
    rgm_graph_destroy(t->graph);
    free(t->arena);
    free(t->value);
    free(t->gradient);
    free(t->targets);
    free(t->labels);
    free(t);
}

static void fill(rgm_loss_trial *t, const rgm_loss_rows *rows) {
    size_t n = (size_t)t->outputs;
    float *logits = rgm_plan_logits(t->plan);
    memset(t->targets, 0, sizeof(float) * n * (size_t)rows->count);
    for (int32_t i = 0; i < rows->count; i++) {
        memcpy(logits + i * t->pitch, rows->logits + (size_t)i * n, sizeof(float) * n);
        t->labels[i] = rows->labels[i];
        if (t->outputs == 1)
            t->targets[i] = (float)rows->labels[i];
        else
            t->targets[(size_t)i * n + (size_t)rows->labels[i]] = 1;
    }
}

rgm_status rgm_loss_trial_run(rgm_loss_trial *t, rgm_loss_rows *rows, rgm_error *err) {
    rgm_loss_driver *driver = t->driver[rows->training];
    size_t n = (size_t)t->outputs;
    const rgm_clock clock = rgm_session_clock(t->session, 0);
    rgm_phase phase = rgm_loss_phase(driver);
    fill(t, rows);
    rgm_loss_set(driver, &clock, rows->count);
    rgm_status status = rgm_team_run(t->session->device->team, &phase, 1, err);
    rows->loss = (double)NAN;
    if (status == RGM_E_NUMERIC) return RGM_OK;
    RGM_TRY(status);
    double loss = rgm_loss_tally(driver).loss;
    if (isfinite(loss)) rows->loss = loss;
    for (int32_t i = 0; rows->gradient && rows->training && i < rows->count; i++)
        memcpy(rows->gradient + (size_t)i * n, rgm_plan_dlogits(t->plan) + i * t->pitch, sizeof(float) * n);
    return RGM_OK;
}
