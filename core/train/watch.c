#include "train/watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "plan/norm.h"
#include "plan/probe.h"
#include "train/watched.h"

enum { MAP_CHUNKS = 4, PIECE = 256, NAME = 64 };

/* What one chunk of a look leaves. */
typedef struct partial {
    double sum, square;               /* of the output's sample */
    double moment_sum, moment_square; /* of a batch norm's input: of its channels, means and mean squares */
    int64_t dead;
} partial;

/* A phase that looks at the output of one node. */
typedef struct look {
    const rgm_watcher *watcher;
    rgm_probe probe;
    int32_t layer; /* whose output it is */
    int32_t
        before; /* the layer that makes a batch norm's input, if the moments are all that is to know of it; else -1 */
    int32_t behind_relu;
    int32_t images, chunks;
    double *columns; /* [padded features]; NULL for maps */
    partial part[MAP_CHUNKS];
    char name[NAME];
} look;

struct rgm_watcher {
    const rgm_session *session;
    const rgm_plan *plan;
    rgm_watch_layer *layers;
    look *looks; /* by probe.phase */
    int32_t layer_count, look_count;
    double *node_squares; /* [nodes] */
    rgm_probe input;
    int32_t input_images;
    double began, waited, made; /* times of the step */
    rgm_watch_step scratch;     /* of the step under way: what is known of its input */
    rgm_watch_step step;
};

/* ---- looking ---- */

static const float zeros[RGM_LANES_MOST];

/* Adds one row of a map, [pixels][B], to sums of its lanes. */
static void add_row(const look *l, const rgm_kernels *k, const float *x, int32_t block, double *sum, double *square) {
    const rgm_probe *p = &l->probe;
    if (!p->scale) {
        k->bn_stats(x, p->extent.pixels, zeros, sum, square);
        return;
    }
    float y[PIECE * RGM_LANES_MOST];
    const rgm_affine own = {p->scale + block * k->block, p->shift + block * k->block, p->relu};
    for (int64_t at = 0; at < p->extent.pixels; at += PIECE) {
        int64_t n = rgm_least(PIECE, p->extent.pixels - at);
        k->bn_fwd(x + at * k->block, &own, NULL, NULL, y, n);
        k->bn_stats(y, n, zeros, sum, square);
    }
}

/* The moments of a batch norm's input, which its vectors still have. */
static void add_moments(const rgm_probe *p, int64_t channel, partial *out) {
    double mean = p->mean[channel], rstd = p->rstd[channel];
    out->moment_sum += mean;
    out->moment_square += mean * mean + fmax(1 / (rstd * rstd) - RGM_BN_EPSILON, 0);
}

static rgm_status look_at_map(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    look *l = context;
    const rgm_probe *p = &l->probe;
    const rgm_kernels *k = l->watcher->session->device->kernels;
    int64_t B = k->block;
    rgm_range blocks = rgm_range_part(p->extent.blocks, l->chunks, chunk);
    partial sums = {0};
    for (int64_t b = blocks.first; b < blocks.end; b++) {
        double sum[RGM_LANES_MOST] = {0}, square[RGM_LANES_MOST] = {0};
        for (int64_t n = 0; n < l->images; n++)
            add_row(l, k, p->values + n * p->extent.floats + b * p->extent.pixels * B, (int32_t)b, sum, square);
        for (int64_t lane = 0; lane < B && b * B + lane < p->C; lane++) {
            sums.sum += sum[lane];
            sums.square += square[lane];
            sums.dead += sum[lane] == 0;
            if (p->mean) add_moments(p, b * B + lane, &sums);
        }
    }
    l->part[chunk] = sums;
    return RGM_OK;
}

static rgm_status look_at_features(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    look *l = context;
    const rgm_probe *p = &l->probe;
    const rgm_kernels *k = l->watcher->session->device->kernels;
    partial sums = {0};
    memset(l->columns, 0, sizeof(double) * (size_t)p->extent.floats);
    k->col_sum(p->values, l->images, p->extent.floats, l->columns);
    for (int64_t c = 0; c < p->C; c++) {
        sums.sum += l->columns[c];
        sums.dead += l->columns[c] == 0;
    }
    for (int64_t n = 0; n < l->images; n++) {
        double square;
        k->sumsq(p->values + n * p->extent.floats, p->C, &square);
        sums.square += square;
    }
    l->part[chunk] = sums;
    return RGM_OK;
}

/* Least, largest, sums of the lanes of the input's rows. */
typedef struct range {
    float least[RGM_LANES_MOST], largest[RGM_LANES_MOST];
    double sum, square;
    int64_t count;
} range;

/* n rows of `lanes` values, `pitch` floats apart. */
static void add_range(range *r, const float *x, int64_t n, int32_t lanes, int32_t pitch) {
    float sum[RGM_LANES_MOST] = {0}, square[RGM_LANES_MOST] = {0};
    for (int64_t i = 0; i < n; i++, x += pitch)
        for (int32_t lane = 0; lane < lanes; lane++) {
            float v = x[lane];
            r->least[lane] = v < r->least[lane] ? v : r->least[lane];
            r->largest[lane] = v > r->largest[lane] ? v : r->largest[lane];
            sum[lane] += v;
            square[lane] += v * v;
        }
    for (int32_t lane = 0; lane < lanes; lane++) {
        r->sum += (double)sum[lane];
        r->square += (double)square[lane];
    }
    r->count += n * lanes;
}

/* One image of the input. */
static void add_image(range *r, const rgm_probe *p, int32_t B, const float *x) {
    if (p->extent.layout == RGM_LAYOUT_PLAIN) {
        int64_t values = p->C * p->extent.pixels;
        for (int64_t at = 0; at < values; at += PIECE) {
            int64_t n = rgm_least(PIECE, values - at), rows = n / RGM_LANES_MOST;
            add_range(r, x + at, rows, RGM_LANES_MOST, RGM_LANES_MOST);
            add_range(r, x + at + rows * RGM_LANES_MOST, 1, (int32_t)(n % RGM_LANES_MOST), RGM_LANES_MOST);
        }
        return;
    }
    for (int32_t b = 0; b < p->extent.blocks; b++)
        for (int64_t at = 0; at < p->extent.pixels; at += PIECE)
            add_range(r, x + (b * p->extent.pixels + at) * B, rgm_least(PIECE, p->extent.pixels - at),
                      (int32_t)rgm_least(B, p->C - b * B), B);
}

/* Stands behind the batch's phase: notes the time, too. */
static rgm_status look_at_input(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker, (void)err;
    rgm_watcher *w = context;
    range r = {.count = 0};
    w->made = rgm_seconds();
    for (int32_t lane = 0; lane < RGM_LANES_MOST; lane++) {
        r.least[lane] = INFINITY;
        r.largest[lane] = -INFINITY;
    }
    for (int64_t n = 0; n < w->input_images; n++)
        add_image(&r, &w->input, w->session->device->kernels->block, w->input.values + n * w->input.extent.floats);
    for (int32_t lane = 1; lane < RGM_LANES_MOST; lane++) {
        r.least[0] = fminf(r.least[0], r.least[lane]);
        r.largest[0] = fmaxf(r.largest[0], r.largest[lane]);
    }
    w->scratch.input_mean = r.sum / (double)r.count;
    w->scratch.input_rms = sqrt(r.square / (double)r.count);
    w->scratch.input_least = r.least[0];
    w->scratch.input_largest = r.largest[0];
    return RGM_OK;
}

/* ---- creation ---- */

static int32_t is_layer(const rgm_node *node) { return node->weight != RGM_NO_TENSOR || node->op == RGM_OP_ACTIVATION; }

static int32_t is_behind_relu(const rgm_node *node) {
    return node->op == RGM_OP_BATCHNORM ? !!(node->flags & RGM_BN_RELU)
                                        : node->op == RGM_OP_ACTIVATION && node->kind == RGM_RELU;
}

/* The batch norm that reads a convolution's output, whose moments say all of it; or -1. */
static int32_t norm_behind(const rgm_graph *g, int32_t index) {
    const rgm_node *node = rgm_graph_node(g, index);
    if (node->op != RGM_OP_CONV) return -1;
    for (int32_t i = index + 1; i < rgm_graph_node_count(g); i++)
        if (rgm_graph_node(g, i)->op == RGM_OP_BATCHNORM && rgm_graph_node(g, i)->in[0] == node->out) return i;
    return -1;
}

static int32_t layer_of(const rgm_watcher *w, int32_t node) {
    for (int32_t i = 0; i < w->layer_count; i++)
        if (w->layers[i].node == node) return i;
    return -1;
}

static int32_t sample(int64_t floats, int32_t batch) {
    int64_t images = rgm_most(2, RGM_WATCH_SAMPLE / rgm_most(1, floats));
    return (int32_t)rgm_least(batch, images);
}

static void add_layers(rgm_watcher *w) {
    const rgm_graph *g = w->session->model->graph;
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) {
        const rgm_node *node = rgm_graph_node(g, i);
        if (!is_layer(node)) continue;
        w->layers[w->layer_count++] =
            (rgm_watch_layer){.name = node->name, .node = i, .op = node->op, .head = node->out == rgm_graph_output(g)};
    }
}

static int by_phase(const void *a, const void *b) {
    int32_t x = ((const look *)a)->probe.phase, y = ((const look *)b)->probe.phase;
    return (x > y) - (x < y);
}

static rgm_status add_look(rgm_watcher *w, int32_t layer, rgm_error *err) {
    const rgm_graph *g = w->session->model->graph;
    int32_t index = w->layers[layer].node;
    const rgm_node *node = rgm_graph_node(g, index);
    if (norm_behind(g, index) >= 0) return RGM_OK;
    look *l = &w->looks[w->look_count];
    *l = (look){.watcher = w, .layer = layer, .before = -1, .behind_relu = is_behind_relu(node)};
    rgm_plan_probe(w->plan, index, &l->probe);
    if (!l->probe.values || l->probe.phase < 0) return RGM_OK;
    int32_t producer = rgm_graph_tensor(g, node->in[0])->producer;
    if (node->op == RGM_OP_BATCHNORM && producer >= 0 && norm_behind(g, producer) == index)
        l->before = layer_of(w, producer);
    l->images = sample(l->probe.extent.pixels * l->probe.C, w->session->config->batch);
    l->chunks = 1;
    snprintf(l->name, sizeof l->name, "watch %s", node->name);
    w->look_count++; /* from here on it is destroyed with the others */
    if (rgm_graph_tensor(g, node->out)->image) {
        l->chunks = (int32_t)rgm_least(MAP_CHUNKS, l->probe.extent.blocks);
        return RGM_OK;
    }
    l->columns = malloc(sizeof(double) * (size_t)l->probe.extent.floats);
    return l->columns ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
}

static rgm_status fill(rgm_watcher *w, rgm_error *err) {
    size_t nodes = (size_t)rgm_graph_node_count(w->session->model->graph);
    w->layers = calloc(nodes, sizeof *w->layers);
    w->looks = calloc(nodes, sizeof *w->looks);
    w->node_squares = calloc(nodes, sizeof *w->node_squares);
    if (!w->layers || !w->looks || !w->node_squares) return rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
    add_layers(w);
    for (int32_t i = 0; i < w->layer_count; i++) RGM_TRY(add_look(w, i, err));
    qsort(w->looks, (size_t)w->look_count, sizeof *w->looks, by_phase);
    rgm_plan_probe_input(w->plan, &w->input);
    w->input_images = sample(w->input.C * w->input.extent.pixels, w->session->config->batch);
    w->step = (rgm_watch_step){.step = -1, .layer_count = w->layer_count, .layers = w->layers};
    return RGM_OK;
}

rgm_status rgm_watcher_create(rgm_watcher **watcher, const rgm_session *session, const rgm_plan *plan, rgm_error *err) {
    *watcher = NULL;
    rgm_watcher *w = calloc(1, sizeof *w);
    if (!w) return rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
    w->session = session;
    w->plan = plan;
    rgm_status status = fill(w, err);
    if (status >= 0)
        *watcher = w;
    else
        rgm_watcher_destroy(w);
    return status;
}

void rgm_watcher_destroy(rgm_watcher *w) {
    if (!w) return;
    for (int32_t i = 0; i < w->look_count; i++) free(w->looks[i].columns);
    free(w->layers);
    free(w->looks);
    free(w->node_squares);
    free(w);
}

size_t rgm_watcher_bytes(const rgm_session *s) {
    size_t nodes = (size_t)rgm_graph_node_count(s->model->graph), workers = (size_t)rgm_team_size(s->device->team);
    size_t cell = sizeof(double) + 2 * sizeof(float) + sizeof(int32_t);
    return nodes * (sizeof(look) + sizeof(rgm_watch_layer) + (size_t)RGM_WATCHED_BINS * RGM_SIGNALS * cell) +
           workers * sizeof(float) * RGM_UPDATE_WATCHED;
}

/* ---- phases ---- */

rgm_phase rgm_watcher_input_phase(rgm_watcher *w) {
    return (rgm_phase){.run = look_at_input, .context = w, .chunks = 1, .name = "watch input"};
}

int32_t rgm_watcher_phase_count(const rgm_watcher *w) { return w->look_count; }

rgm_phase rgm_watcher_phase(rgm_watcher *w, int32_t index, int32_t *after) {
    look *l = &w->looks[index];
    *after = l->probe.phase;
    return (rgm_phase){
        .run = l->columns ? look_at_features : look_at_map, .context = l, .chunks = l->chunks, .name = l->name};
}

/* ---- the step ---- */

void rgm_watcher_begin(rgm_watcher *w) { w->began = rgm_seconds(); }
void rgm_watcher_waited(rgm_watcher *w) { w->waited = w->made = rgm_seconds(); }

static double root_mean(double squares, double count) { return count > 0 ? sqrt(squares / count) : NAN; }

static void take_look(rgm_watcher *w, const look *l) {
    rgm_watch_layer *layer = &w->layers[l->layer];
    partial all = {0};
    for (int32_t i = 0; i < l->chunks; i++) {
        const partial *part = &l->part[i];
        all.sum += part->sum;
        all.square += part->square;
        all.moment_sum += part->moment_sum;
        all.moment_square += part->moment_square;
        all.dead += part->dead;
    }
    double count = (double)l->images * (double)l->probe.extent.pixels * l->probe.C;
    layer->activation_mean = all.sum / count;
    layer->activation_rms = root_mean(all.square, count);
    if (l->behind_relu) layer->dead = (double)all.dead / l->probe.C;
    if (l->before < 0) return;
    w->layers[l->before].activation_mean = all.moment_sum / l->probe.C;
    w->layers[l->before].activation_rms = root_mean(all.moment_square, l->probe.C);
}

static double param_count(const rgm_graph *g, int32_t param) {
    return param == RGM_NO_TENSOR ? 0 : (double)rgm_graph_param(g, param)->count;
}

static void take_params(rgm_watcher *w, rgm_watch_layer *layer, const rgm_change *changes) {
    const rgm_graph *g = w->session->model->graph;
    const rgm_node *node = rgm_graph_node(g, layer->node);
    if (node->weight == RGM_NO_TENSOR) return;
    double weights = param_count(g, node->weight);
    layer->gradient_rms = root_mean(w->node_squares[layer->node], weights + param_count(g, node->bias));
    if (!changes) return;
    layer->weight_rms = root_mean(changes[node->weight].value, weights);
    layer->update_rms = root_mean(changes[node->weight].change, weights);
}

void rgm_watcher_end(rgm_watcher *w, const rgm_watch_step *step, const rgm_change *changes) {
    rgm_plan_node_squares(w->plan, w->node_squares);
    for (int32_t i = 0; i < w->layer_count; i++) {
        rgm_watch_layer *l = &w->layers[i];
        l->activation_mean = l->activation_rms = l->dead = NAN;
        l->gradient_rms = l->weight_rms = l->update_rms = NAN;
    }
    for (int32_t i = 0; i < w->look_count; i++) take_look(w, &w->looks[i]);
    for (int32_t i = 0; i < w->layer_count; i++) take_params(w, &w->layers[i], changes);
    rgm_watch_step all = *step;
    all.layer_count = w->layer_count;
    all.layers = w->layers;
    all.input_mean = w->scratch.input_mean;
    all.input_rms = w->scratch.input_rms;
    all.input_least = w->scratch.input_least;
    all.input_largest = w->scratch.input_largest;
    all.seconds = rgm_seconds() - w->began;
    all.waited = w->waited - w->began;
    all.batch_seconds = w->made - w->waited;
    w->step = all;
}

const rgm_watch_step *rgm_watcher_step(const rgm_watcher *w) { return &w->step; }
