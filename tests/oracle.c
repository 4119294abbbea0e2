#include "oracle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One node at work: its tensors' shapes and values. */
typedef struct task {
    oracle *o;
    const rgm_node *node;
    const rgm_tensor *in, *out;
    const double *x, *x2;
    double *y;
    int32_t training;
} task;

static void *checked(void *memory) {
    if (!memory) abort();
    return memory;
}

static int64_t per_image(const rgm_tensor *t) { return (int64_t)t->C * t->H * t->W; }

oracle *oracle_create(const rgm_graph *graph, int32_t N) {
    oracle *o = checked(calloc(1, sizeof *o));
    o->graph = graph;
    o->N = N;
    o->param = checked(calloc((size_t)rgm_graph_param_floats(graph) + 1, sizeof(double)));
    o->stat = checked(calloc((size_t)rgm_graph_stat_floats(graph) + 1, sizeof(double)));
    o->next_stat = checked(calloc((size_t)rgm_graph_stat_floats(graph) + 1, sizeof(double)));
    o->value = checked(calloc((size_t)rgm_graph_tensor_count(graph), sizeof *o->value));
    for (int32_t i = 0; i < rgm_graph_tensor_count(graph); i++)
        o->value[i] = checked(calloc((size_t)(N * per_image(rgm_graph_tensor(graph, i))), sizeof(double)));
    return o;
}

void oracle_destroy(oracle *o) {
    for (int32_t i = 0; i < rgm_graph_tensor_count(o->graph); i++) free(o->value[i]);
    free(o->value);
    free(o->param);
    free(o->stat);
    free(o->next_stat);
    free(o);
}

static const double *param(const task *t, int32_t index) {
    return index < 0 ? NULL : t->o->param + rgm_graph_param(t->o->graph, index)->offset;
}

static double at(const rgm_tensor *t, const double *x, int64_t n, int32_t c, int32_t h, int32_t w) {
    if (h < 0 || w < 0 || h >= t->H || w >= t->W) return 0;
    return x[((n * t->C + c) * t->H + h) * t->W + w];
}

/* Adds to y the plane x, moved by (r, q) pixels and taken at each stride, times w. */
static void add_plane(const task *t, const double *x, double w, int32_t r, int32_t q, double *y) {
    const rgm_tensor *in = t->in, *out = t->out;
    const int32_t stride = t->node->conv.stride, first = q < 0 ? (stride - 1 - q) / stride : 0;
    const int32_t after = in->W > q ? (in->W - q - 1) / stride + 1 : 0, end = after < out->W ? after : out->W;
    for (int32_t h = 0; h < out->H; h++) {
        const int32_t row = h * stride + r;
        if (row < 0 || row >= in->H) continue;
        const double *from = x + (int64_t)row * in->W;
        double *to = y + (int64_t)h * out->W;
        for (int32_t i = first; i < end; i++) to[i] += w * from[i * stride + q];
    }
}

/* Not pixel by pixel as its definition: most of these tests' time is here. */
static void run_conv(const task *t) {
    const rgm_conv_spec *s = &t->node->conv;
    const double *weight = param(t, t->node->weight), *bias = param(t, t->node->bias);
    const int32_t C = t->in->C / s->groups, K = t->out->C;
    const int64_t in = (int64_t)t->in->H * t->in->W, out = (int64_t)t->out->H * t->out->W;
    for (int64_t n = 0; n < t->o->N; n++)
        for (int32_t k = 0; k < K; k++) {
            double *y = t->y + (n * K + k) * out;
            const double *x = t->x + (n * t->in->C + k / (K / s->groups) * C) * in;
            const double *w = weight + (int64_t)k * C * s->window * s->window;
            for (int64_t i = 0; i < out; i++) y[i] = bias ? bias[k] : 0;
            for (int32_t c = 0; c < C; c++, x += in)
                for (int32_t r = 0; r < s->window; r++)
                    for (int32_t q = 0; q < s->window; q++) add_plane(t, x, *w++, r - s->pad, q - s->pad, y);
        }
}

static double max_at(const task *t, int64_t n, int32_t c, int32_t h, int32_t w) {
    const rgm_conv_spec *s = &t->node->conv;
    double best = -INFINITY;
    for (int32_t r = h * s->stride - s->pad, i = 0; i < s->window; i++, r++)
        for (int32_t q = w * s->stride - s->pad, j = 0; j < s->window; j++, q++)
            if (r >= 0 && q >= 0 && r < t->in->H && q < t->in->W) best = fmax(best, at(t->in, t->x, n, c, r, q));
    return best;
}

static double average_at(const task *t, int64_t n, int32_t c, int32_t h, int32_t w) {
    const rgm_conv_spec *s = &t->node->conv;
    double sum = 0;
    for (int32_t i = 0; i < s->window; i++)
        for (int32_t j = 0; j < s->window; j++)
            sum += at(t->in, t->x, n, c, h * s->stride - s->pad + i, w * s->stride - s->pad + j);
    return sum / (s->window * s->window);
}

static double windowed(const task *t, int64_t n, int32_t c, int32_t h, int32_t w) {
    int32_t stride = t->node->conv.stride;
    switch (t->node->op) {
    case RGM_OP_MAXPOOL:
        return max_at(t, n, c, h, w);
    case RGM_OP_AVGPOOL:
        return average_at(t, n, c, h, w);
    default:
        return c < t->in->C ? at(t->in, t->x, n, c, h * stride, w * stride) : 0;
    }
}

static void run_windowed(const task *t) {
    double *y = t->y;
    for (int64_t n = 0; n < t->o->N; n++)
        for (int32_t c = 0; c < t->out->C; c++)
            for (int32_t h = 0; h < t->out->H; h++)
                for (int32_t w = 0; w < t->out->W; w++) *y++ = windowed(t, n, c, h, w);
}

/* Statistics of channel c over images and pixels. */
static void moments(const task *t, int32_t c, double *mean, double *variance) {
    int64_t pixels = (int64_t)t->in->H * t->in->W;
    double m = (double)t->o->N * (double)pixels, sum = 0, square = 0;
    for (int64_t n = 0; n < t->o->N; n++)
        for (int64_t p = 0; p < pixels; p++) sum += t->x[(n * t->in->C + c) * pixels + p];
    for (int64_t n = 0; n < t->o->N; n++)
        for (int64_t p = 0; p < pixels; p++) {
            double d = t->x[(n * t->in->C + c) * pixels + p] - sum / m;
            square += d * d;
        }
    *mean = sum / m;
    *variance = square / m;
}

/* torch.nn.BatchNorm2d: eps 1e-5, momentum 0.1, biased variance to normalise, unbiased to remember. */
static void run_batchnorm(const task *t) {
    int64_t pixels = (int64_t)t->in->H * t->in->W;
    double m = (double)t->o->N * (double)pixels;
    int64_t mean_at = rgm_graph_stat(t->o->graph, t->node->mean)->offset;
    int64_t variance_at = rgm_graph_stat(t->o->graph, t->node->mean + 1)->offset;
    const double *scale = param(t, t->node->weight), *shift = param(t, t->node->bias);
    for (int32_t c = 0; c < t->in->C; c++) {
        double mean = t->o->stat[mean_at + c], variance = t->o->stat[variance_at + c];
        if (t->training) {
            double old_mean = mean, old_variance = variance;
            moments(t, c, &mean, &variance);
            t->o->next_stat[mean_at + c] = 0.9 * old_mean + 0.1 * mean;
            t->o->next_stat[variance_at + c] = 0.9 * old_variance + 0.1 * (m > 1 ? variance * m / (m - 1) : variance);
        }
        for (int64_t n = 0; n < t->o->N; n++)
            for (int64_t p = 0; p < pixels; p++) {
                int64_t i = (n * t->in->C + c) * pixels + p;
                double y = scale[c] * (t->x[i] - mean) / sqrt(variance + 1e-5) + shift[c] + (t->x2 ? t->x2[i] : 0);
                t->y[i] = t->node->flags & RGM_BN_RELU && y < 0 ? 0 : y;
            }
    }
}

static double activated(const task *t, double x, int64_t image) {
    if (t->node->op == RGM_OP_FLATTEN) return x;
    if (t->node->op == RGM_OP_PLUGIN) return t->training ? x * oracle_plugin_factor(t->node->kind, (int32_t)image) : x;
    switch (t->node->kind) {
    case RGM_RELU:
        return x > 0 ? x : 0;
    case RGM_LEAKY_RELU:
        return x > 0 ? x : (double)t->node->slope * x;
    case RGM_SIGMOID:
        return 1 / (1 + exp(-x));
    default:
        return tanh(x);
    }
}

static void run_elementwise(const task *t) {
    int64_t floats = per_image(t->out);
    for (int64_t i = 0; i < t->o->N * floats; i++)
        t->y[i] = t->node->op == RGM_OP_ADD ? t->x[i] + t->x2[i] : activated(t, t->x[i], i / floats);
}

static void run_global_pool(const task *t) {
    int64_t pixels = (int64_t)t->in->H * t->in->W;
    for (int64_t i = 0; i < (int64_t)t->o->N * t->in->C; i++) {
        double sum = 0;
        for (int64_t p = 0; p < pixels; p++) sum += t->x[i * pixels + p];
        t->y[i] = sum / (double)pixels;
    }
}

static void run_linear(const task *t) {
    const double *weight = param(t, t->node->weight), *bias = param(t, t->node->bias);
    int64_t C = per_image(t->in), K = t->out->C;
    for (int64_t n = 0; n < t->o->N; n++)
        for (int64_t k = 0; k < K; k++) {
            double sum = bias ? bias[k] : 0;
            for (int64_t c = 0; c < C; c++) sum += t->x[n * C + c] * weight[k * C + c];
            t->y[n * K + k] = sum;
        }
}

static void run(const task *t) {
    switch (t->node->op) {
    case RGM_OP_CONV:
        run_conv(t);
        break;
    case RGM_OP_MAXPOOL:
    case RGM_OP_AVGPOOL:
    case RGM_OP_SHORTCUT:
        run_windowed(t);
        break;
    case RGM_OP_BATCHNORM:
        run_batchnorm(t);
        break;
    case RGM_OP_GLOBAL_POOL:
        run_global_pool(t);
        break;
    case RGM_OP_LINEAR:
        run_linear(t);
        break;
    default:
        run_elementwise(t);
    }
}

static void run_from(oracle *o, int32_t first, int32_t training) {
    for (int32_t i = first; i < rgm_graph_node_count(o->graph); i++) {
        const rgm_node *node = rgm_graph_node(o->graph, i);
        task t = {.o = o, .node = node, .training = training};
        t.in = rgm_graph_tensor(o->graph, node->in[0]);
        t.out = rgm_graph_tensor(o->graph, node->out);
        t.x = o->value[node->in[0]];
        t.x2 = node->in[1] < 0 ? NULL : o->value[node->in[1]];
        t.y = o->value[node->out];
        run(&t);
    }
    o->valid = first;
}

void oracle_forward(oracle *o, int32_t training) {
    run_from(o, 0, training);
    o->valid = rgm_graph_node_count(o->graph);
}

const double *oracle_logits(const oracle *o) { return o->value[rgm_graph_output(o->graph)]; }

static double loss(oracle *o, int32_t first) {
    run_from(o, first, 1);
    int64_t count = (int64_t)o->N * rgm_graph_tensor(o->graph, rgm_graph_output(o->graph))->C;
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += (double)o->weights[i] * oracle_logits(o)[i];
    return sum;
}

/* The step is small enough to stay on one side of nearly every kink, and leaves 9 digits of the difference. */
double oracle_slope(oracle *o, int32_t param, int64_t element) {
    const rgm_param *p = rgm_graph_param(o->graph, param);
    int32_t first = p->node < o->valid ? p->node : o->valid;
    const double step = 1e-6;
    double *value = &o->param[p->offset + element], before = *value;
    *value = before + step;
    double above = loss(o, first);
    *value = before - step;
    double below = loss(o, first);
    *value = before;
    return (above - below) / (2 * step);
}
