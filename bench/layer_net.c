#include "bench/layer_net.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cpu.h"
#include "base/rng.h"
#include "ops/ops.h"

enum { SEED = 1, GIVES = 0 /* plugin in front of the convolution; the other one is behind it */ };

int32_t rgm_layer_out(const rgm_layer *l, int32_t size) { return rgm_conv_out(size, l->window, l->stride, l->pad); }

double rgm_layer_flops(const rgm_layer *l) {
    double pixels = (double)rgm_layer_out(l, l->H) * rgm_layer_out(l, l->W);
    return 2.0 * l->N * l->C * l->K * l->window * l->window * pixels;
}

/* ---- data ---- */

static int64_t blocks(int32_t channels, int32_t B) { return (channels + B - 1) / B; }

/* Images of C channels: blocked, or plain (B 1). */
typedef struct images {
    int32_t N, C, B;
    int64_t pixels;
} images;

/* Padding lanes stay zero. */
static void draw(uint32_t instance, int32_t relu, images of, float *out) {
    enum { DRAWN = 1024 };
    float drawn[DRAWN];
    int32_t B = of.B;
    int64_t pixels = of.pixels, floats = blocks(of.C, B) * B * pixels;
    for (int64_t n = 0; n < of.N; n++) {
        rgm_rng rng = {SEED, RGM_STREAM(RGM_STREAM_TEST, instance), 0, (uint32_t)n};
        for (int64_t i = 0; i < floats; i++) {
            if (i % DRAWN == 0) rgm_rng_normal(&rng, (uint64_t)i, drawn, DRAWN);
            int64_t c = i / (B * pixels) * B + i % B;
            float value = c < of.C ? drawn[i % DRAWN] : 0;
            out[n * floats + i] = relu && value < 0 ? 0 : value;
        }
    }
}

static void draw_weights(const rgm_layer *l, float *w, int64_t count) {
    rgm_rng rng = {SEED, RGM_STREAM(RGM_STREAM_TEST, 2), 0, 0};
    float deviation = sqrtf(2.0f / ((float)l->C * (float)l->window * (float)l->window));
    rgm_rng_normal(&rng, 0, w, (size_t)count);
    for (int64_t i = 0; i < count; i++) w[i] *= deviation;
}

rgm_status rgm_layer_data_make(rgm_layer_data *d, const rgm_layer *l, const rgm_layer_means *means, int32_t taken,
                               rgm_error *err) {
    int32_t B = means->kernels->block, OH = rgm_layer_out(l, l->H), OW = rgm_layer_out(l, l->W);
    rgm_layer_net asked;
    *d = (rgm_layer_data){.y_floats = blocks(l->K, B) * B * OH * OW, .x_block = B};
    RGM_TRY(rgm_layer_net_make(&asked, l, means, (rgm_layer_use){.way = RGM_WAY_AUTO}, err));
    if (l->input && rgm_plan_input_layout(asked.plan) == RGM_LAYOUT_PLAIN) d->x_block = 1;
    rgm_layer_net_free(&asked);
    d->x_floats = blocks(l->C, d->x_block) * d->x_block * l->H * l->W;
    int64_t weights = (int64_t)l->K * l->C * l->window * l->window;
    size_t x = sizeof(float) * (size_t)(d->x_floats * l->N), y = sizeof(float) * (size_t)(d->y_floats * l->N),
           w = sizeof(float) * (size_t)weights;
    RGM_TRY(rgm_arena_create(&d->arena, (rgm_arena_cost(x) + rgm_arena_cost(y) + rgm_arena_cost(w)) * (taken ? 2 : 1),
                             "bench ops", err));
    d->x = rgm_arena_take(&d->arena, x);
    d->dy = rgm_arena_take(&d->arena, y);
    d->w = rgm_arena_take(&d->arena, w);
    draw(0, 1, (images){l->N, l->C, d->x_block, (int64_t)l->H * l->W}, d->x);
    draw(1, 0, (images){l->N, l->K, B, (int64_t)OH * OW}, d->dy);
    draw_weights(l, d->w, weights);
    if (!taken) return RGM_OK;
    d->dx = rgm_arena_take(&d->arena, x);
    d->y = rgm_arena_take(&d->arena, y);
    d->dw = rgm_arena_take(&d->arena, w);
    return RGM_OK;
}

void rgm_layer_data_free(rgm_layer_data *d) { rgm_arena_destroy(&d->arena); }

/* ---- the network ---- */

static rgm_status pass_forward(void *context, const rgm_activation_images *i, int32_t worker, rgm_error *err) {
    const rgm_layer_net *net = context;
    (void)worker, (void)err;
    size_t bytes = sizeof(float) * (size_t)(i->count * i->floats);
    int64_t at = i->first * i->floats;
    int32_t gives = i->index == GIVES && !net->layer->input;
    memcpy(i->out, gives ? net->data->x + at : i->in, bytes);
    if (!gives && net->takes) memcpy(net->data->y + at, i->in, bytes);
    return RGM_OK;
}

static rgm_status pass_backward(void *context, const rgm_activation_images *i, int32_t worker, rgm_error *err) {
    const rgm_layer_net *net = context;
    (void)worker, (void)err;
    size_t bytes = sizeof(float) * (size_t)(i->count * i->floats);
    int64_t at = i->first * i->floats;
    int32_t front = i->index == GIVES && !net->layer->input;
    if (front && net->takes) memcpy(net->data->dx + at, i->in, bytes);
    memcpy(i->out, front ? i->in : net->data->dy + at, bytes);
    return RGM_OK;
}

static rgm_status make_graph(rgm_layer_net *net, rgm_error *err) {
    const rgm_layer *l = net->layer;
    RGM_TRY(rgm_graph_create(&net->graph, l->input ? l->C : 1, l->H, l->W, err));
    int32_t x = rgm_graph_input(net->graph);
    if (!l->input) {
        x = rgm_graph_conv(net->graph, x, "front", &(rgm_conv_spec){.filters = l->C, .window = 1, .stride = 1});
        x = rgm_graph_plugin(net->graph, x, "before");
    }
    x = rgm_graph_conv(net->graph, x, "conv", &(rgm_conv_spec){l->K, l->window, l->stride, l->pad, 1, 0});
    x = rgm_graph_plugin(net->graph, x, "behind");
    x = rgm_graph_linear(net->graph, rgm_graph_global_pool(net->graph, x), "fc", 1, RGM_LINEAR_HEAD);
    return rgm_graph_finish(net->graph, x, err);
}

static void find_conv(rgm_layer_net *net) {
    rgm_plan_row row = {.name = ""};
    for (net->conv = -1; strcmp(row.name, "conv") != 0;) rgm_plan_row_get(net->plan, ++net->conv, &row);
    memcpy(net->way, row.way, sizeof net->way);
}

/* Which direction of the convolution a phase belongs to. */
static void find_owners(rgm_layer_net *net) {
    static const int32_t directions[RGM_WORK_COUNT] = {[RGM_WORK_FORWARD] = RGM_CONV_FORWARD,
                                                       [RGM_WORK_BACKWARD] = -1,
                                                       [RGM_WORK_BACKWARD_DATA] = RGM_CONV_BACKWARD_DATA,
                                                       [RGM_WORK_BACKWARD_WEIGHTS] = RGM_CONV_BACKWARD_WEIGHTS,
                                                       [RGM_WORK_AGAIN] = -1};
    for (int32_t i = 0; i < net->count; i++) {
        int32_t work, node = rgm_plan_phase_node(net->plan, i, &work);
        net->owner[i] = node == net->conv ? directions[work] : -1;
    }
}

static rgm_status list_phases(rgm_layer_net *net, rgm_error *err) {
    int32_t forward, backward;
    const rgm_phase *f = rgm_plan_forward(net->plan, &forward), *b = rgm_plan_backward(net->plan, &backward);
    net->count = forward + backward;
    net->phases = malloc(sizeof *net->phases * (size_t)net->count);
    net->owner = malloc(sizeof *net->owner * (size_t)net->count);
    if (!net->phases || !net->owner) return rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    memcpy(net->phases, f, sizeof *f * (size_t)forward);
    memcpy(net->phases + forward, b, sizeof *b * (size_t)backward);
    find_owners(net);
    return RGM_OK;
}

/* Activations, parameters and gradients in one arena. */
static rgm_status take_memory(rgm_layer_net *net, rgm_error *err) {
    size_t params = sizeof(float) * (size_t)rgm_graph_param_floats(net->graph), plan = rgm_plan_bytes(net->plan);
    RGM_TRY(rgm_arena_create(&net->arena, rgm_arena_cost(plan) + 2 * rgm_arena_cost(params) + rgm_arena_cost(0),
                             "bench ops", err));
    void *activations = rgm_arena_take(&net->arena, plan);
    net->memory = (rgm_memory){.value = rgm_arena_take(&net->arena, params),
                               .grad = rgm_arena_take(&net->arena, params),
                               .stat = rgm_arena_take(&net->arena, 0)};
    rgm_plan_bind(net->plan, activations, &net->memory);
    return RGM_OK;
}

static const rgm_param *find_weights(const rgm_layer_net *net) {
    for (int32_t i = 0; i < rgm_graph_param_count(net->graph); i++)
        if (strcmp(rgm_graph_param(net->graph, i)->name, "conv.weight") == 0) return rgm_graph_param(net->graph, i);
    return NULL;
}

static rgm_status make(rgm_layer_net *net, int32_t way, rgm_error *err) {
    const rgm_layer_means *m = net->means;
    RGM_TRY(make_graph(net, err));
    const rgm_plan_options options = {.graph = net->graph,
                                      .ops = rgm_op_table,
                                      .kernels = m->kernels,
                                      .engine = m->engine,
                                      .batch = net->layer->N,
                                      .workers = rgm_team_size(m->team),
                                      .cache = rgm_cpu_cache(2),
                                      .conv = way,
                                      .training = 1,
                                      .hook = {net, pass_forward, pass_backward}};
    RGM_TRY(rgm_plan_create(&net->plan, &options, err));
    find_conv(net);
    if (!net->data) return RGM_OK;
    RGM_TRY(take_memory(net, err));
    const rgm_param *w = find_weights(net);
    memcpy(net->memory.value + w->offset, net->data->w, sizeof(float) * (size_t)w->count);
    return list_phases(net, err);
}

rgm_status rgm_layer_net_make(rgm_layer_net *net, const rgm_layer *layer, const rgm_layer_means *means,
                              rgm_layer_use use, rgm_error *err) {
    char name[RGM_LAYER_NAME];
    *net = (rgm_layer_net){.layer = layer, .means = means, .data = use.data, .takes = use.takes};
    rgm_status status = make(net, use.way, err);
    if (status >= 0) return status;
    rgm_layer_net_free(net);
    return rgm_fail_in(err, "%s", rgm_layer_name(layer, name));
}

void rgm_layer_net_free(rgm_layer_net *net) {
    rgm_plan_destroy(net->plan);
    rgm_graph_destroy(net->graph);
    rgm_arena_destroy(&net->arena);
    free(net->phases);
    free(net->owner);
    *net = (rgm_layer_net){0};
}

rgm_status rgm_layer_net_run(rgm_layer_net *net, rgm_error *err) {
    if (net->layer->input) /* what the arena has there may be written over in a step */
        memcpy(rgm_plan_input(net->plan), net->data->x, sizeof(float) * (size_t)(net->data->x_floats * net->layer->N));
    RGM_TRY(rgm_team_run(net->means->team, net->phases, net->count, err));
    const rgm_param *w = find_weights(net);
    if (net->takes) memcpy(net->data->dw, net->memory.grad + w->offset, sizeof(float) * (size_t)w->count);
    return RGM_OK;
}
