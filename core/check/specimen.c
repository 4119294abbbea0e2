#include "check/specimen.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "base/fpenv.h"
#include "base/rng.h"
#include "ops/ops.h"
#include "plan/probe.h"
#include "train/initialize.h"

/* ---- creation ---- */

static rgm_status set_number(rgm_config *config, const char *key, int64_t value, rgm_error *err) {
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return rgm_config_set(config, key, text, err);
}

static rgm_status open_session(rgm_specimen *s, const rgm_specimen_options *o, rgm_error *err) {
    const rgm_exclude none = {0};
    const rgm_session_options options = {
        .device = o->device, .set = o->set, .exclude = &none, .need_data = 1, .stop = o->stop};
    s->config = malloc(sizeof *s->config);
    if (!s->config) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a configuration");
    *s->config = *o->config;
    s->config->data.exclude[0] = 0;
    s->config->steps = 0;
    for (int32_t i = 0; o->settings && o->settings[i]; i += 2)
        RGM_TRY(rgm_config_set(s->config, o->settings[i], o->settings[i + 1], err));
    int64_t held = rgm_dataset_describe(o->set)->count[RGM_SPLIT_TRAIN];
    RGM_TRY(set_number(s->config, "data.validation", 0, err));
    RGM_TRY(set_number(s->config, "epochs", s->config->epochs > 0 ? s->config->epochs : 1, err));
    RGM_TRY(set_number(s->config, "batch", o->images < held ? o->images : held, err));
    RGM_TRY(rgm_session_create(&s->session, s->config, &options, err));
    s->graph = s->session->model->graph;
    s->images = s->config->batch;
    s->outputs = s->session->model->outputs;
    return RGM_OK;
}

/* The activator's hook, unless the specimen is to be calm. */
static rgm_status pass(const rgm_activation_images *images) {
    memcpy(images->out, images->in, sizeof(float) * (size_t)(images->floats * images->count));
    return RGM_OK;
}

static rgm_status run_forward(void *context, const rgm_activation_images *images, int32_t worker, rgm_error *err) {
    rgm_specimen *s = context;
    const rgm_activation_hook hook = rgm_activator_hook(&s->activator);
    return s->calm ? pass(images) : hook.forward(hook.context, images, worker, err);
}

static rgm_status run_backward(void *context, const rgm_activation_images *images, int32_t worker, rgm_error *err) {
    rgm_specimen *s = context;
    const rgm_activation_hook hook = rgm_activator_hook(&s->activator);
    return s->calm ? pass(images) : hook.backward(hook.context, images, worker, err);
}

rgm_plan_options rgm_specimen_plan(rgm_specimen *s) {
    const rgm_session *session = s->session;
    return (rgm_plan_options){.graph = s->graph,
                              .ops = rgm_op_table,
                              .kernels = session->device->kernels,
                              .engine = session->device->engine,
                              .batch = s->images,
                              .workers = rgm_team_size(session->device->team),
                              .cache = rgm_cpu_cache(2),
                              .conv = s->config->engine.conv,
                              .memory = s->config->memory,
                              .hook = {s, run_forward, run_backward}};
}

static rgm_status create_plans(rgm_specimen *s, rgm_error *err) {
    rgm_plan_options options = rgm_specimen_plan(s);
    RGM_TRY(rgm_activator_init(&s->activator, s->session, err));
    for (options.training = 0; options.training < 2; options.training++)
        RGM_TRY(rgm_plan_create(&s->plan[options.training], &options, err));
    return RGM_OK;
}

/* Zeroed memory for vector loads; also of nothing. */
static void *take(size_t bytes) {
    size_t whole = (bytes + 127) / 64 * 64;
    void *memory = aligned_alloc(64, whole);
    if (memory) memset(memory, 0, whole);
    return memory;
}

static rgm_status no_memory(rgm_error *err) { return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a net"); }

static rgm_status take_memory(rgm_specimen *s, rgm_error *err) {
    size_t parameters = sizeof(float) * (size_t)rgm_graph_param_floats(s->graph), images = (size_t)s->images;
    size_t rows = sizeof(float) * images * (size_t)s->outputs, bytes = rgm_plan_bytes(s->plan[0]);
    if (rgm_plan_bytes(s->plan[1]) > bytes) bytes = rgm_plan_bytes(s->plan[1]);
    s->memory = (rgm_memory){.value = take(parameters),
                             .grad = take(parameters),
                             .stat = take(sizeof(float) * (size_t)rgm_graph_stat_floats(s->graph))};
    s->arena = take(bytes);
    s->targets = take(rows);
    s->logits = take(rows);
    s->labels = take(sizeof(int32_t) * images);
    s->looks = calloc((size_t)rgm_graph_node_count(s->graph), sizeof *s->looks);
    if (!s->memory.value || !s->memory.grad || !s->memory.stat || !s->arena || !s->targets || !s->logits ||
        !s->labels || !s->looks)
        return no_memory(err);
    for (int32_t i = 0; i < 2; i++) rgm_plan_bind(s->plan[i], s->arena, &s->memory);
    return RGM_OK;
}

/* Pixels without augmentation; shuffled, as sets in memory may be sorted by class. */
static rgm_status create_batches(const rgm_specimen *s, int32_t layout, rgm_batches **batches, float **x,
                                 int64_t *floats, rgm_error *err) {
    const rgm_session *session = s->session;
    const rgm_batch_options options = {.view = session->data->train,
                                       .batch = s->images,
                                       .train = 1,
                                       .seed = s->config->seed,
                                       .kernels = session->device->kernels,
                                       .layout = layout,
                                       .H = s->config->model.image[1],
                                       .W = s->config->model.image[2],
                                       .classes = session->model->classes,
                                       .one_logit = s->outputs == 1,
                                       .workers = rgm_team_size(session->device->team),
                                       .stop = session->stop,
                                       .mean = session->model->input.mean,
                                       .std = session->model->input.std,
                                       .transform = session->model->input.transform};
    RGM_TRY(rgm_batches_create(batches, &options, err));
    *floats = (int64_t)rgm_batches_x_floats(&options) / s->images;
    *x = take(sizeof(float) * rgm_batches_x_floats(&options));
    return *x ? RGM_OK : no_memory(err);
}

static rgm_status create(rgm_specimen *s, const rgm_specimen_options *options, rgm_error *err) {
    RGM_TRY(open_session(s, options, err));
    RGM_TRY(create_plans(s, err));
    RGM_TRY(take_memory(s, err));
    for (int32_t training = 0; training < 2; training++) {
        const rgm_loss_options loss = {s->plan[training], s->targets, s->labels, training};
        int32_t layout = rgm_plan_input_layout(s->plan[training]);
        RGM_TRY(create_batches(s, layout, &s->batches[training], &s->x[training], &s->x_floats[training], err));
        RGM_TRY(rgm_loss_create(&s->driver[training], s->session, &loss, err));
    }
    return RGM_OK;
}

rgm_status rgm_specimen_create(rgm_specimen **specimen, const rgm_specimen_options *options, rgm_error *err) {
    fenv_t callers;
    rgm_specimen *s = calloc(1, sizeof *s);
    *specimen = NULL;
    if (!s) return no_memory(err);
    rgm_fpenv_begin(&callers);
    rgm_status status = create(s, options, err);
    rgm_fpenv_end(&callers);
    if (status < 0)
        rgm_specimen_destroy(s);
    else
        *specimen = s;
    return status;
}

void rgm_specimen_destroy(rgm_specimen *s) {
    if (!s) return;
    for (int32_t i = 0; i < 2; i++) {
        rgm_batches_destroy(s->batches[i]);
        rgm_loss_destroy(s->driver[i]);
        rgm_plan_destroy(s->plan[i]);
        free(s->x[i]);
    }
    rgm_activator_release(&s->activator);
    rgm_session_destroy(s->session);
    free(s->memory.value);
    free(s->memory.grad);
    free(s->memory.stat);
    free(s->arena);
    free(s->targets);
    free(s->logits);
    free(s->labels);
    free(s->looks);
    free(s->config);
    free(s);
}

/* ---- values ---- */

rgm_status rgm_specimen_draw(rgm_specimen *s, rgm_error *err) {
    fenv_t callers;
    rgm_fpenv_begin(&callers);
    rgm_status status = rgm_initialize(s->session, &s->memory, err);
    rgm_fpenv_end(&callers);
    return status;
}

float *rgm_specimen_value(const rgm_specimen *s, int32_t param) {
    return s->memory.value + rgm_graph_param(s->graph, param)->offset;
}

void rgm_specimen_wake(rgm_specimen *s) {
    for (int32_t i = 0; i < rgm_graph_param_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        if (p->role != RGM_ROLE_SCALE || p->initial != 0) continue;
        for (int64_t k = 0; k < p->count; k++) s->memory.value[p->offset + k] = 1;
    }
}

void rgm_specimen_open(rgm_specimen *s) {
    for (int32_t i = 0; i < rgm_graph_param_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        const rgm_rng rng = {.seed = s->config->seed, .stream = RGM_STREAM(RGM_STREAM_TEST, i)};
        float *to = s->memory.value + p->offset, scale = p->fan_in > 0 ? (float)(1 / sqrt(p->fan_in)) : 0.1f;
        if (!p->head) continue;
        rgm_rng_normal(&rng, 0, to, (size_t)p->count);
        for (int64_t k = 0; k < p->count; k++) to[k] *= scale;
    }
}

/* ---- images ---- */

int64_t rgm_specimen_batches(const rgm_specimen *s) { return s->session->data->train.count / s->images; }

static rgm_status load(const rgm_specimen *s, rgm_batches *batches, int64_t batch, float *x, rgm_error *err) {
    const rgm_batch_out out = {x, s->targets, s->labels};
    RGM_TRY(rgm_batches_prepare(batches, 0, batch, &out, err));
    rgm_phase phase = *rgm_batches_phase(batches);
    return rgm_team_run(s->session->device->team, &phase, 1, err);
}

rgm_status rgm_specimen_load(rgm_specimen *s, int64_t batch, rgm_error *err) {
    for (int32_t i = 0; i < 2; i++) RGM_TRY(load(s, s->batches[i], batch, s->x[i], err));
    return RGM_OK;
}

rgm_status rgm_specimen_images(rgm_specimen *s, int32_t layout, float **x, int64_t *floats, rgm_error *err) {
    rgm_batches *batches = NULL;
    *x = NULL;
    rgm_status status = create_batches(s, layout, &batches, x, floats, err);
    if (status >= 0) status = load(s, batches, 0, *x, err);
    rgm_batches_destroy(batches);
    if (status >= 0) return status;
    free(*x);
    *x = NULL;
    return status;
}

/* ---- looking ---- */

/* Sums over one channel's values: of images and pixels, and of pixels' variances over images. */
typedef struct sums {
    double sum, square, variance;
    float least, largest;
    int64_t saturated;
} sums;

/* How the values of a node lie, and what has to be done to them. */
typedef struct lens {
    const rgm_probe *probe;
    double low, high;          /* saturated beyond */
    int64_t first, step;       /* of the channel's values within an image */
    float scale, shift, floor; /* of the channel: pending ones; -inf: no ReLU is */
} lens;

static void aim(lens *l, int32_t c) {
    const rgm_extent *e = &l->probe->extent;
    int64_t width = e->layout == RGM_LAYOUT_PLAIN ? 1 : e->channels / e->blocks;
    l->first = c / width * e->pixels * width + c % width;
    l->step = width;
    l->scale = l->probe->scale ? l->probe->scale[c] : 1;
    l->shift = l->probe->scale ? l->probe->shift[c] : 0;
    l->floor = l->probe->relu ? 0 : -INFINITY;
}

static void add_pixel(const lens *l, int64_t pixel, int32_t images, sums *s) {
    const float *at = l->probe->values + l->first + pixel * l->step;
    double sum = 0, square = 0;
    for (int32_t n = 0; n < images; n++, at += l->probe->extent.floats) {
        float v = *at * l->scale + l->shift;
        if (v < l->floor) v = l->floor;
        sum += (double)v;
        square += (double)v * (double)v;
        if (!(v >= s->least)) s->least = v;
        if (!(v <= s->largest)) s->largest = v;
        s->saturated += (double)v < l->low || (double)v > l->high;
    }
    s->sum += sum;
    s->square += square;
    s->variance += square / images - (sum / images) * (sum / images);
}

static void set_ends(const rgm_node *node, lens *l) {
    l->low = -INFINITY;
    l->high = INFINITY;
    if (node->op != RGM_OP_ACTIVATION || (node->kind != RGM_SIGMOID && node->kind != RGM_TANH)) return;
    l->low = node->kind == RGM_TANH ? -0.99 : 0.01;
    l->high = 0.99;
}

static int32_t has_relu(const rgm_node *node) {
    return (node->op == RGM_OP_BATCHNORM && node->flags & RGM_BN_RELU) ||
           (node->op == RGM_OP_ACTIVATION && node->kind == RGM_RELU);
}

static void look(rgm_specimen *s, int32_t index, const rgm_probe *probe) {
    const rgm_node *node = rgm_graph_node(s->graph, index);
    const rgm_tensor *out = rgm_graph_tensor(s->graph, node->out);
    lens l = {.probe = probe};
    sums all = {0};
    int32_t dead = 0;
    set_ends(node, &l);
    for (int32_t c = 0; c < out->C; c++) {
        sums one = {.least = INFINITY, .largest = -INFINITY};
        aim(&l, c);
        for (int64_t p = 0; p < probe->extent.pixels; p++) add_pixel(&l, p, s->images, &one);
        all.sum += one.sum;
        all.square += one.square;
        all.variance += one.variance;
        all.saturated += one.saturated;
        dead += one.largest <= 0;
    }
    double pixels = (double)out->C * (double)probe->extent.pixels, n = pixels * s->images;
    s->looks[index] = (rgm_look){.seen = 1,
                                 .rms = sqrt(all.square / n),
                                 .mean = all.sum / n,
                                 .spread = sqrt(fmax(all.variance, 0) / pixels),
                                 .dead = has_relu(node) ? (double)dead / out->C : 0,
                                 .saturated = (double)all.saturated / n};
}

/* ---- passes ---- */

/* The forward phases of training, with a look at each node behind its last one. */
static rgm_status run_training(rgm_specimen *s, rgm_error *err) {
    int32_t count, nodes = rgm_graph_node_count(s->graph);
    rgm_phase *phases = rgm_plan_forward(s->plan[1], &count);
    if (!s->looking) return rgm_team_run(s->session->device->team, phases, count, err);
    for (int32_t i = 0; i < nodes; i++) s->looks[i] = (rgm_look){0};
    for (int32_t i = 0; i < count; i++) {
        RGM_TRY(rgm_team_run(s->session->device->team, &phases[i], 1, err));
        for (int32_t node = 0; node < nodes; node++) {
            rgm_probe probe;
            rgm_plan_probe(s->plan[1], node, &probe);
            if (probe.phase == i && probe.values) look(s, node, &probe);
        }
    }
    return RGM_OK;
}

static rgm_status run_evaluation(rgm_specimen *s, rgm_error *err) {
    int32_t count;
    rgm_phase *phases = rgm_plan_prepare(s->plan[0], &count);
    if (count) RGM_TRY(rgm_team_run(s->session->device->team, phases, count, err));
    memcpy(rgm_plan_input(s->plan[0]), s->x[0], sizeof(float) * (size_t)(s->x_floats[0] * s->images));
    phases = rgm_plan_forward(s->plan[0], &count);
    return rgm_team_run(s->session->device->team, phases, count, err);
}

static void take_logits(rgm_specimen *s, int32_t training) {
    int64_t pitch = rgm_plan_logits_pitch(s->plan[training]);
    const float *z = rgm_plan_logits(s->plan[training]);
    for (int32_t n = 0; n < s->images; n++)
        memcpy(s->logits + (size_t)n * (size_t)s->outputs, z + n * pitch, sizeof(float) * (size_t)s->outputs);
}

rgm_status rgm_specimen_forward(rgm_specimen *s, int32_t training, rgm_error *err) {
    fenv_t callers;
    s->activator.clock = rgm_session_clock(s->session, 0);
    if (training) memcpy(rgm_plan_input(s->plan[1]), s->x[1], sizeof(float) * (size_t)(s->x_floats[1] * s->images));
    rgm_fpenv_begin(&callers);
    rgm_status status = training ? run_training(s, err) : run_evaluation(s, err);
    rgm_fpenv_end(&callers);
    if (status >= 0) take_logits(s, training);
    return status;
}

rgm_status rgm_specimen_loss(rgm_specimen *s, int32_t training, rgm_error *err) {
    const rgm_clock clock = rgm_session_clock(s->session, 0);
    rgm_phase phase = rgm_loss_phase(s->driver[training]);
    rgm_loss_set(s->driver[training], &clock, s->images);
    rgm_status status = rgm_team_run(s->session->device->team, &phase, 1, err);
    s->loss = (double)NAN;
    if (status == RGM_E_NUMERIC) return RGM_OK;
    RGM_TRY(status);
    const rgm_tally tally = rgm_loss_tally(s->driver[training]);
    if (isfinite(tally.loss)) s->loss = rgm_tally_loss(&tally);
    return RGM_OK;
}

rgm_status rgm_specimen_backward(rgm_specimen *s, int32_t *ok, rgm_error *err) {
    int32_t count;
    fenv_t callers;
    RGM_TRY(rgm_specimen_loss(s, 1, err));
    *ok = isfinite(s->loss);
    if (!*ok) return RGM_OK;
    rgm_phase *phases = rgm_plan_backward(s->plan[1], &count);
    rgm_fpenv_begin(&callers);
    rgm_status status = rgm_team_run(s->session->device->team, phases, count, err);
    rgm_fpenv_end(&callers);
    return status;
}

/* ---- statistics ---- */

#define MOMENTUM 0.1 /* of a batch norm's running statistics: ops/batchnorm.c */

/* Values that a batch norm's moments are of. */
static double values_of(const rgm_specimen *s, const rgm_param *p) {
    const rgm_tensor *out = rgm_graph_tensor(s->graph, rgm_graph_node(s->graph, p->node)->out);
    return (double)s->images * out->H * out->W;
}

rgm_status rgm_specimen_estimate(rgm_specimen *s, int32_t *updated, rgm_error *err) {
    memset(s->memory.stat, 0, sizeof(float) * (size_t)rgm_graph_stat_floats(s->graph));
    RGM_TRY(rgm_specimen_forward(s, 1, err));
    *updated = 0;
    for (int32_t i = 0; i < rgm_graph_stat_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_stat(s->graph, i);
        double n = values_of(s, p), unbiased = p->role == RGM_ROLE_VARIANCE && n > 1 ? (n - 1) / n : 1;
        for (int64_t k = p->offset; k < p->offset + p->count; k++) {
            *updated |= s->memory.stat[k] != 0;
            s->memory.stat[k] = (float)((double)s->memory.stat[k] / MOMENTUM * unbiased);
        }
    }
    return RGM_OK;
}
