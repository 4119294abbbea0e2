#include "graph/graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/planted.h"

/* Parameters or statistics, in one flat array of so many floats. */
typedef struct entries {
    rgm_param *list;
    int32_t count;
    int64_t floats;
} entries;

struct rgm_graph {
    rgm_node *nodes;
    rgm_tensor *tensors;
    entries params, stats;
    int32_t node_count, tensor_count;
    int32_t plugins, output, finished;
    rgm_error first; /* the first mistake while building */
};

/* So that no product of these overflows 64 bits: the largest filter bank has 2^56 weights. */
enum { MAX_SIDE = 1 << 14, MAX_CHANNELS = 1 << 20, MAX_WINDOW = 255 };

enum { LINE = 16 }; /* floats of a cache line: where each parameter begins */

/* Keeps the first mistake; returns what stands for the output of a layer that is refused. */
static int32_t mistake(rgm_graph *g, const char *name, const char *text) {
    if (g->first.status == RGM_OK) rgm_fail(&g->first, RGM_E_USAGE, "model: %s: %s", name, text);
    return RGM_NO_TENSOR;
}

/* Room for one more element in an array that grows by doubling at powers of two. */
static void *grow(void *array, int32_t count, size_t size) {
    if (count & (count - 1)) return array;
    return realloc(array, size * (size_t)(count ? 2 * count : 1));
}

rgm_status rgm_graph_create(rgm_graph **graph, int32_t C, int32_t H, int32_t W, rgm_error *err) {
    *graph = NULL;
    if (C < 1 || C > MAX_CHANNELS || H < 1 || W < 1 || H > MAX_SIDE || W > MAX_SIDE)
        return rgm_fail(err, RGM_E_USAGE, "model: an input of %d x %d x %d: expected channels >= 1 and sides 1 to %d",
                        C, H, W, MAX_SIDE);
    rgm_graph *g = calloc(1, sizeof *g);
    if (!g) return rgm_fail(err, RGM_E_NOMEM, "model: no memory for the graph");
    g->tensors = malloc(sizeof *g->tensors);
    if (!g->tensors) {
        rgm_graph_destroy(g);
        return rgm_fail(err, RGM_E_NOMEM, "model: no memory for the graph");
    }
    g->tensors[0] = (rgm_tensor){.C = C, .H = H, .W = W, .image = 1, .producer = RGM_NO_TENSOR};
    g->tensor_count = 1;
    *graph = g;
    return RGM_OK;
}

void rgm_graph_destroy(rgm_graph *g) {
    if (!g) return;
    free(g->nodes);
    free(g->tensors);
    free(g->params.list);
    free(g->stats.list);
    free(g);
}

int32_t rgm_graph_input(rgm_graph *g) { return g->finished ? RGM_NO_TENSOR : 0; }

/* What a node reads; RGM_NO_TENSOR: no second one. */
typedef struct inputs {
    int32_t a, b;
} inputs;

/* Appends a node and its output tensor, of the shape of `out`; NULL after a mistake. */
static rgm_node *append(rgm_graph *g, int32_t op, inputs in, const char *name, rgm_tensor out) {
    if (g->first.status != RGM_OK) return NULL;
    if (out.C < 1 || out.C > MAX_CHANNELS) mistake(g, name, "needs 1 to 1048576 channels");
    if (out.H < 1 || out.W < 1) mistake(g, name, "the window does not fit the image");
    if (g->first.status != RGM_OK) return NULL;
    rgm_node *nodes = grow(g->nodes, g->node_count, sizeof *nodes);
    if (nodes) g->nodes = nodes;
    rgm_tensor *tensors = grow(g->tensors, g->tensor_count, sizeof *tensors);
    if (tensors) g->tensors = tensors;
    if (!nodes || !tensors) {
        rgm_fail(&g->first, RGM_E_NOMEM, "model: no memory for the graph");
        return NULL;
    }
    rgm_node *node = &g->nodes[g->node_count];
    *node = (rgm_node){.op = op,
                       .in = {in.a, in.b},
                       .out = g->tensor_count,
                       .weight = RGM_NO_TENSOR,
                       .bias = RGM_NO_TENSOR,
                       .mean = RGM_NO_TENSOR};
    snprintf(node->name, sizeof node->name, "%s", name);
    g->tensors[in.a].consumers++;
    if (in.b != RGM_NO_TENSOR) g->tensors[in.b].consumers++;
    out.trains = g->tensors[in.a].trains || (in.b != RGM_NO_TENSOR && g->tensors[in.b].trains);
    out.producer = g->node_count++;
    g->tensors[g->tensor_count++] = out;
    return node;
}

static inputs one(int32_t x) { return (inputs){x, RGM_NO_TENSOR}; }

/* Shapes of outputs. */
static rgm_tensor image_shape(int32_t C, int32_t H, int32_t W) {
    return (rgm_tensor){.C = C, .H = H, .W = W, .image = 1};
}
static rgm_tensor feature_shape(int32_t C) { return (rgm_tensor){.C = C, .H = 1, .W = 1}; }
static rgm_tensor shape_of(const rgm_tensor *t) {
    return (rgm_tensor){.C = t->C, .H = t->H, .W = t->W, .image = t->image};
}

/* Checks an operand; NULL after a mistake. */
static const rgm_tensor *operand(rgm_graph *g, int32_t x, const char *name, int32_t needs_image) {
    if (g->first.status != RGM_OK) return NULL;
    if (g->finished || x < 0 || x >= g->tensor_count)
        mistake(g, name, "reads a tensor that does not exist");
    else if (needs_image && !g->tensors[x].image)
        mistake(g, name, "needs an image, but gets features");
    return g->first.status == RGM_OK ? &g->tensors[x] : NULL;
}

static int32_t add_entry(rgm_graph *g, entries *to, const rgm_node *node, const char *suffix, rgm_param value) {
    rgm_param *grown = grow(to->list, to->count, sizeof *grown);
    if (!grown) {
        rgm_fail(&g->first, RGM_E_NOMEM, "model: no memory for the graph");
        return RGM_NO_TENSOR;
    }
    to->list = grown;
    snprintf(value.name, sizeof value.name, "%s.%s", node->name, suffix);
    value.node = (int32_t)(node - g->nodes);
    value.count = 1;
    for (int32_t i = 0; i < value.ndim; i++) value.count *= value.dims[i];
    value.offset = to->floats;
    to->floats += (value.count + LINE - 1) / LINE * LINE;
    grown[to->count] = value;
    return to->count++;
}

static int32_t add_param(rgm_graph *g, const rgm_node *node, const char *suffix, rgm_param value) {
    for (int32_t i = 0; i < g->params.count; i++)
        if (g->nodes[g->params.list[i].node].name != node->name &&
            strcmp(g->nodes[g->params.list[i].node].name, node->name) == 0) {
            mistake(g, node->name, "two layers have this name");
            return RGM_NO_TENSOR;
        }
    g->tensors[node->out].trains = 1;
    return add_entry(g, &g->params, node, suffix, value);
}

int32_t rgm_graph_conv(rgm_graph *g, int32_t x, const char *name, const rgm_conv_spec *spec) {
    const rgm_tensor *in = operand(g, x, name, 1);
    if (!in) return RGM_NO_TENSOR;
    int32_t groups = spec->groups > 0 ? spec->groups : 1, C = in->C;
    if (spec->window < 1 || spec->window > MAX_WINDOW || spec->stride < 1 || spec->pad < 0 ||
        spec->pad >= spec->window || spec->filters < 1)
        return mistake(g, name, "needs window (at most 255), stride, filters >= 1 and 0 <= pad < window");
    if (C % groups || spec->filters % groups)
        return mistake(g, name, "the number of groups must divide the channels and the filters");
    int32_t H = in->H + 2 * spec->pad - spec->window, W = in->W + 2 * spec->pad - spec->window;
    rgm_node *node =
        append(g, RGM_OP_CONV, one(x), name,
               image_shape(spec->filters, H < 0 ? 0 : H / spec->stride + 1, W < 0 ? 0 : W / spec->stride + 1));
    if (!node) return RGM_NO_TENSOR;
    node->conv = *spec;
    node->conv.groups = groups;
    double area = (double)spec->window * spec->window;
    node->weight = add_param(g, node, "weight",
                             (rgm_param){.role = RGM_ROLE_WEIGHT,
                                         .ndim = 4,
                                         .dims = {spec->filters, C / groups, spec->window, spec->window},
                                         .fan_in = C / groups * area,
                                         .fan_out = spec->filters / groups * area});
    if (spec->bias)
        node->bias = add_param(g, node, "bias", (rgm_param){.role = RGM_ROLE_BIAS, .ndim = 1, .dims = {spec->filters}});
    return node->out;
}

/* What a batch norm becomes that is forgotten: the sum and the ReLU that are fused with it. */
static int32_t planted_identity(rgm_graph *g, int32_t x, int32_t residual, int32_t flags) {
    int32_t sum = residual == RGM_NO_TENSOR ? x : rgm_graph_add(g, x, residual);
    return flags & RGM_BN_RELU ? rgm_graph_activation(g, sum, RGM_RELU, 0) : sum;
}

int32_t rgm_graph_batchnorm(rgm_graph *g, int32_t x, int32_t residual, const char *name, int32_t flags) {
    const rgm_tensor *in = operand(g, x, name, 1);
    if (!in) return RGM_NO_TENSOR;
    if (residual != RGM_NO_TENSOR) {
        const rgm_tensor *r = operand(g, residual, name, 1);
        if (!r) return RGM_NO_TENSOR;
        if (r->C != in->C || r->H != in->H || r->W != in->W) return mistake(g, name, "the residual has another shape");
    }
    if (RGM_PLANTED_AT("M4", name)) return planted_identity(g, x, residual, flags);
    if (RGM_PLANTED_AT("M1", name)) flags &= ~RGM_BN_RELU;
    if (flags & RGM_BN_RELU && (RGM_PLANTED_AT("M2", name) || RGM_PLANTED_AT("M2.tanh", name)))
        return rgm_graph_activation(g, rgm_graph_batchnorm(g, x, residual, name, flags & ~RGM_BN_RELU), RGM_RELU, 0);
    int32_t C = in->C;
    rgm_node *node = append(g, RGM_OP_BATCHNORM, (inputs){x, residual}, name, image_shape(C, in->H, in->W));
    if (!node) return RGM_NO_TENSOR;
    node->flags = flags;
    rgm_param p = {.ndim = 1, .dims = {C}};
    p.role = RGM_ROLE_SCALE;
    p.initial = flags & RGM_BN_ZERO_SCALE ? 0.0f : 1.0f;
    node->weight = add_param(g, node, "weight", p);
    p.role = RGM_ROLE_SHIFT;
    p.initial = 0;
    node->bias = add_param(g, node, "bias", p);
    p.role = RGM_ROLE_MEAN;
    node->mean = add_entry(g, &g->stats, node, "running_mean", p);
    p.role = RGM_ROLE_VARIANCE;
    p.initial = 1;
    add_entry(g, &g->stats, node, "running_var", p);
    return node->out;
}

/* A node without parameters is named after its operation and its place among all nodes. */
static void own_name(const rgm_graph *g, const char *what, char name[48]) {
    snprintf(name, 48, "%s%d", what, g->node_count);
}

int32_t rgm_graph_activation(rgm_graph *g, int32_t x, int32_t kind, float slope) {
    static const char *const names[] = {
        [RGM_RELU] = "relu", [RGM_LEAKY_RELU] = "leaky_relu", [RGM_SIGMOID] = "sigmoid", [RGM_TANH] = "tanh"};
    _Static_assert(sizeof names / sizeof *names == RGM_ACTIVATION_COUNT, "each activation has a name");
    int32_t known = kind >= 0 && kind < RGM_ACTIVATION_COUNT;
    char name[48];
    own_name(g, known ? names[kind] : "activation", name);
    const rgm_tensor *in = operand(g, x, name, 0);
    if (!in) return RGM_NO_TENSOR;
    if (!known || !(slope >= 0)) return mistake(g, name, "unknown kind or negative slope");
    if (RGM_PLANTED_AT("M1", name)) return x;
    if (RGM_PLANTED("M2")) kind = RGM_SIGMOID;
    if (RGM_PLANTED("M2.tanh")) kind = RGM_TANH;
    rgm_node *node = append(g, RGM_OP_ACTIVATION, one(x), name, shape_of(in));
    if (!node) return RGM_NO_TENSOR;
    node->kind = kind;
    node->slope = slope;
    return node->out;
}

int32_t rgm_graph_add(rgm_graph *g, int32_t a, int32_t b) {
    char name[48];
    own_name(g, "add", name);
    const rgm_tensor *p = operand(g, a, name, 0), *q = operand(g, b, name, 0);
    if (!p || !q) return RGM_NO_TENSOR;
    if (p->C != q->C || p->H != q->H || p->W != q->W || p->image != q->image)
        return mistake(g, name, "the two terms have different shapes");
    rgm_node *node = append(g, RGM_OP_ADD, (inputs){a, b}, name, shape_of(p));
    return node ? node->out : RGM_NO_TENSOR;
}

static int32_t pool(rgm_graph *g, int32_t op, const char *what, int32_t x, rgm_conv_spec window) {
    char name[48];
    own_name(g, what, name);
    const rgm_tensor *in = operand(g, x, name, 1);
    if (!in) return RGM_NO_TENSOR;
    if (window.window < 1 || window.window > 15 || window.stride < 1 || window.pad < 0 ||
        2 * window.pad > window.window)
        return mistake(g, name, "needs a window of 1 to 15, stride >= 1 and pad at most half the window");
    int32_t H = in->H + 2 * window.pad - window.window, W = in->W + 2 * window.pad - window.window;
    rgm_node *node = append(g, op, one(x), name,
                            image_shape(in->C, H < 0 ? 0 : H / window.stride + 1, W < 0 ? 0 : W / window.stride + 1));
    if (!node) return RGM_NO_TENSOR;
    node->conv = window;
    return node->out;
}

int32_t rgm_graph_maxpool(rgm_graph *g, int32_t x, int32_t window, int32_t stride, int32_t pad) {
    return pool(g, RGM_OP_MAXPOOL, "maxpool", x, (rgm_conv_spec){.window = window, .stride = stride, .pad = pad});
}

int32_t rgm_graph_avgpool(rgm_graph *g, int32_t x, int32_t window, int32_t stride, int32_t pad) {
    return pool(g, RGM_OP_AVGPOOL, "avgpool", x, (rgm_conv_spec){.window = window, .stride = stride, .pad = pad});
}

int32_t rgm_graph_global_pool(rgm_graph *g, int32_t x) {
    const rgm_tensor *in = operand(g, x, "global pool", 1);
    if (!in) return RGM_NO_TENSOR;
    rgm_node *node = append(g, RGM_OP_GLOBAL_POOL, one(x), "avgpool", feature_shape(in->C));
    return node ? node->out : RGM_NO_TENSOR;
}

int32_t rgm_graph_flatten(rgm_graph *g, int32_t x) {
    const rgm_tensor *in = operand(g, x, "flatten", 1);
    if (!in) return RGM_NO_TENSOR;
    int64_t features = (int64_t)in->C * in->H * in->W;
    if (features > INT32_MAX / 4) return mistake(g, "flatten", "too many features");
    rgm_node *node = append(g, RGM_OP_FLATTEN, one(x), "flatten", feature_shape(1));
    if (!node) return RGM_NO_TENSOR;
    g->tensors[node->out].C = (int32_t)features;
    return node->out;
}

int32_t rgm_graph_linear(rgm_graph *g, int32_t x, const char *name, int32_t units, int32_t flags) {
    const rgm_tensor *in = operand(g, x, name, 0);
    if (!in) return RGM_NO_TENSOR;
    if (in->image && x != 0) return mistake(g, name, "needs features: flatten or pool first");
    int64_t C = (int64_t)in->C * in->H * in->W;
    if (C > INT32_MAX / 4) return mistake(g, name, "too many features");
    rgm_node *node = append(g, RGM_OP_LINEAR, one(x), name, feature_shape(units));
    if (!node) return RGM_NO_TENSOR;
    node->flags = flags;
    int32_t head = !!(flags & RGM_LINEAR_HEAD);
    node->weight = add_param(g, node, "weight",
                             (rgm_param){.role = RGM_ROLE_WEIGHT,
                                         .head = head,
                                         .ndim = 2,
                                         .dims = {units, C},
                                         .fan_in = (double)C,
                                         .fan_out = units});
    if (!(flags & RGM_LINEAR_NO_BIAS))
        node->bias =
            add_param(g, node, "bias", (rgm_param){.role = RGM_ROLE_BIAS, .head = head, .ndim = 1, .dims = {units}});
    return node->out;
}

int32_t rgm_graph_shortcut(rgm_graph *g, int32_t x, int32_t channels, int32_t stride) {
    char name[48];
    own_name(g, "shortcut", name);
    const rgm_tensor *in = operand(g, x, name, 1);
    if (!in) return RGM_NO_TENSOR;
    if (channels < in->C || stride < 1) return mistake(g, name, "needs stride >= 1 and at least as many channels");
    rgm_node *node = append(g, RGM_OP_SHORTCUT, one(x), name,
                            image_shape(channels, (in->H - 1) / stride + 1, (in->W - 1) / stride + 1));
    if (!node) return RGM_NO_TENSOR;
    node->conv.stride = stride;
    return node->out;
}

int32_t rgm_graph_plugin(rgm_graph *g, int32_t x, const char *name) {
    const rgm_tensor *in = operand(g, x, name, 0);
    if (!in) return RGM_NO_TENSOR;
    rgm_node *node = append(g, RGM_OP_PLUGIN, one(x), name, shape_of(in));
    if (!node) return RGM_NO_TENSOR;
    node->kind = g->plugins++;
    return node->out;
}

rgm_status rgm_graph_finish(rgm_graph *g, int32_t logits, rgm_error *err) {
    const rgm_tensor *out = operand(g, logits, "output", 0);
    if (out && out->image) mistake(g, "output", "must be features, not an image");
    if (out && !out->trains) mistake(g, "output", "no layer has parameters");
    for (int32_t i = 0; out && i < g->tensor_count; i++)
        if (i != logits && g->tensors[i].consumers == 0 && i != 0)
            mistake(g, g->nodes[g->tensors[i].producer].name, "nothing uses this layer's output");
    if (out && out->consumers) mistake(g, "output", "the logits feed another layer");
    if (g->first.status != RGM_OK) return rgm_fail(err, g->first.status, "%s", g->first.text);
    g->output = logits;
    g->finished = 1;
    return RGM_OK;
}

int32_t rgm_graph_node_count(const rgm_graph *g) { return g->node_count; }
const rgm_node *rgm_graph_node(const rgm_graph *g, int32_t node) { return &g->nodes[node]; }
int32_t rgm_graph_tensor_count(const rgm_graph *g) { return g->tensor_count; }
const rgm_tensor *rgm_graph_tensor(const rgm_graph *g, int32_t tensor) { return &g->tensors[tensor]; }
int32_t rgm_graph_output(const rgm_graph *g) { return g->output; }
int32_t rgm_graph_param_count(const rgm_graph *g) { return g->params.count; }
const rgm_param *rgm_graph_param(const rgm_graph *g, int32_t param) { return &g->params.list[param]; }
int64_t rgm_graph_param_floats(const rgm_graph *g) { return g->params.floats; }
int32_t rgm_graph_stat_count(const rgm_graph *g) { return g->stats.count; }
const rgm_param *rgm_graph_stat(const rgm_graph *g, int32_t stat) { return &g->stats.list[stat]; }
int64_t rgm_graph_stat_floats(const rgm_graph *g) { return g->stats.floats; }

int64_t rgm_graph_param_elements(const rgm_graph *g) {
    int64_t elements = 0;
    for (int32_t i = 0; i < g->params.count; i++) elements += g->params.list[i].count;
    return elements;
}

double rgm_node_flops(const rgm_graph *g, int32_t index) {
    const rgm_node *node = &g->nodes[index];
    if (node->op != RGM_OP_CONV && node->op != RGM_OP_LINEAR) return 0;
    const rgm_tensor *out = &g->tensors[node->out];
    return 2.0 * (double)g->params.list[node->weight].count * out->H * out->W;
}

double rgm_graph_forward_flops(const rgm_graph *g) {
    double flops = 0;
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) flops += rgm_node_flops(g, i);
    return flops;
}

double rgm_graph_train_flops(const rgm_graph *g) {
    double flops = 0;
    for (int32_t i = 0; i < g->node_count; i++)
        flops += rgm_node_flops(g, i) * (g->tensors[g->nodes[i].in[0]].trains ? 3 : 2);
    return flops;
}
