#include "graph/family.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/planted.h"
#include "base/text.h"

typedef struct family {
    const char *name;
    int32_t blocks[4]; /* per stage; the CIFAR families have three */
    int32_t base;      /* channels of the first stage; 0: a baseline */
    int32_t bottleneck;
} family;

static const family families[] = {
    {"linear", {0}, 0, 0},
    {"mlp", {0}, 0, 0},
    {"cnn", {0}, 0, 0},
    {"resnet18", {2, 2, 2, 2}, 64, 0},
    {"resnet34", {3, 4, 6, 3}, 64, 0},
    {"resnet50", {3, 4, 6, 3}, 64, 1},
    {"resnet101", {3, 4, 23, 3}, 64, 1},
    {"resnet152", {3, 8, 36, 3}, 64, 1},
    {"resnet20", {3, 3, 3}, 16, 0},
    {"resnet32", {5, 5, 5}, 16, 0},
    {"resnet44", {7, 7, 7}, 16, 0},
    {"resnet56", {9, 9, 9}, 16, 0},
    {"resnet110", {18, 18, 18}, 16, 0},
};
enum { FAMILIES = sizeof families / sizeof *families };

const char *const *rgm_family_names(void) {
    static const char *const names[] = {"linear",   "mlp",       "cnn",       "resnet18", "resnet34",
                                        "resnet50", "resnet101", "resnet152", "resnet20", "resnet32",
                                        "resnet44", "resnet56",  "resnet110", NULL};
    _Static_assert(sizeof names / sizeof *names == FAMILIES + 1, "each family is listed");
    return names;
}

/* One model under construction. */
typedef struct builder {
    rgm_graph *g;
    const rgm_family_options *o;
    const family *f;
} builder;

/* The channels of a stage; more than a graph takes (which refuses them) stay below 2^24. */
static int32_t scaled(const builder *b, int32_t base, int32_t stage) {
    double width = b->o->width > 0 ? b->o->width : 1, n = rint((double)base * (1 << stage) * width);
    return (int32_t)fmin(fmax(n, 1), 1 << 24);
}

static int32_t conv(const builder *b, int32_t x, const char *name, int32_t filters, int32_t window, int32_t stride) {
    return rgm_graph_conv(
        b->g, x, name,
        &(rgm_conv_spec){
            .filters = filters, .window = window, .stride = stride, .pad = window / 2, .bias = RGM_PLANTED("M8")});
}

static int32_t head(const builder *b, int32_t x, const char *name) {
    if (b->o->head_plugin && x == rgm_graph_input(b->g)) x = rgm_graph_flatten(b->g, x); /* a plain linear model */
    if (b->o->head_plugin) x = rgm_graph_plugin(b->g, x, b->o->head_plugin);
    x = rgm_graph_linear(b->g, x, name, b->o->outputs, RGM_LINEAR_HEAD | (RGM_PLANTED("M7") ? RGM_LINEAR_NO_BIAS : 0));
    if (RGM_PLANTED("M3")) x = rgm_graph_activation(b->g, x, RGM_SIGMOID, 0);
    if (RGM_PLANTED("M3.relu")) x = rgm_graph_activation(b->g, x, RGM_RELU, 0);
    if (RGM_PLANTED("M3.tanh")) x = rgm_graph_activation(b->g, x, RGM_TANH, 0);
    return x;
}

/* What the residual branch is added to: the input, or its projection where the shape changes. */
static int32_t shortcut(const builder *b, int32_t x, const char *prefix, int32_t in, int32_t out, int32_t stride) {
    if (in == out && stride == 1) return x;
    if (b->o->shortcut_a) return rgm_graph_shortcut(b->g, x, out, stride);
    char name[48];
    snprintf(name, sizeof name, "%s.downsample.0", prefix);
    x = conv(b, x, name, out, 1, stride);
    snprintf(name, sizeof name, "%s.downsample.1", prefix);
    return rgm_graph_batchnorm(b->g, x, RGM_NO_TENSOR, name, 0);
}

/* A residual block, basic (3x3, 3x3) or bottleneck (1x1, 3x3, 1x1 with four times the channels). */
static int32_t block(const builder *b, int32_t x, const char *prefix, int32_t in, int32_t channels, int32_t stride) {
    int32_t convs = b->f->bottleneck ? 3 : 2, out = b->f->bottleneck ? 4 * channels : channels;
    int32_t residual = RGM_PLANTED_AT("M11", prefix) ? RGM_NO_TENSOR : shortcut(b, x, prefix, in, out, stride), y = x;
    for (int32_t i = 1; i <= convs; i++) {
        int32_t last = i == convs, spatial = b->f->bottleneck ? i == 2 : 1;
        int32_t strided = b->f->bottleneck ? i == 2 : i == 1;
        char name[48];
        snprintf(name, sizeof name, "%s.conv%d", prefix, i);
        y = conv(b, y, name, last ? out : channels, spatial ? 3 : 1, strided ? stride : 1);
        snprintf(name, sizeof name, "%s.bn%d", prefix, i);
        y = rgm_graph_batchnorm(b->g, y, last ? residual : RGM_NO_TENSOR, name,
                                RGM_BN_RELU | (last && b->o->zero_init ? RGM_BN_ZERO_SCALE : 0));
    }
    return y;
}

static int32_t stem(const builder *b, int32_t filters) {
    int32_t big = b->o->imagenet_stem;
    int32_t x = conv(b, rgm_graph_input(b->g), "conv1", filters, big ? 7 : 3, big ? 2 : 1);
    x = rgm_graph_batchnorm(b->g, x, RGM_NO_TENSOR, "bn1", RGM_BN_RELU);
    return big ? rgm_graph_maxpool(b->g, x, 3, 2, 1) : x;
}

static int32_t resnet(const builder *b) {
    int32_t base = b->o->base > 0 ? b->o->base : b->f->base, in = scaled(b, base, 0), x = stem(b, in);
    const int32_t *blocks = b->o->blocks[0] > 0 ? b->o->blocks : b->f->blocks;
    for (int32_t stage = 0; stage < 4 && blocks[stage] > 0; stage++) {
        int32_t channels = scaled(b, base, stage);
        for (int32_t i = 0; i < blocks[stage]; i++) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, "layer%d.%d", stage + 1, i);
            x = block(b, x, prefix, in, channels, stage > 0 && i == 0 ? 2 : 1);
            in = b->f->bottleneck ? 4 * channels : channels;
        }
    }
    return head(b, rgm_graph_global_pool(b->g, x), "fc");
}

static int32_t mlp(const builder *b) {
    int32_t x = rgm_graph_input(b->g), units = scaled(b, b->o->base > 0 ? b->o->base : 256, 0);
    x = rgm_graph_activation(b->g, rgm_graph_linear(b->g, x, "fc1", units, 0), RGM_RELU, 0);
    x = rgm_graph_activation(b->g, rgm_graph_linear(b->g, x, "fc2", units, 0), RGM_RELU, 0);
    return head(b, x, "fc3");
}

/* Three 3x3 stages with pooling between them, as long as there are pixels to pool. */
static int32_t cnn(const builder *b) {
    int32_t x = rgm_graph_input(b->g), base = b->o->base > 0 ? b->o->base : 32;
    int32_t side = b->o->H < b->o->W ? b->o->H : b->o->W;
    for (int32_t stage = 0; stage < 3; stage++) {
        char name[16];
        snprintf(name, sizeof name, "conv%d", stage + 1);
        x = conv(b, x, name, scaled(b, base, stage), 3, 1);
        snprintf(name, sizeof name, "bn%d", stage + 1);
        x = rgm_graph_batchnorm(b->g, x, RGM_NO_TENSOR, name, RGM_BN_RELU);
        if (stage < 2 && side >> stage >= 2) x = rgm_graph_maxpool(b->g, x, 2, 2, 0);
    }
    return head(b, rgm_graph_global_pool(b->g, x), "fc");
}

static int32_t build(const builder *b) {
    if (b->f->base) return resnet(b);
    if (strcmp(b->f->name, "linear") == 0) return head(b, rgm_graph_input(b->g), "fc");
    return strcmp(b->f->name, "mlp") == 0 ? mlp(b) : cnn(b);
}

static rgm_status find(const char *name, const family **found, rgm_error *err) {
    for (int32_t i = 0; i < FAMILIES; i++)
        if (strcmp(families[i].name, name) == 0) {
            *found = &families[i];
            return RGM_OK;
        }
    const char *nearest = rgm_text_nearest(name, rgm_family_names(), FAMILIES);
    return rgm_fail(err, RGM_E_USAGE, "model.name: no model '%s'%s%s%s", name, nearest ? " (nearest: '" : "",
                    nearest ? nearest : "", nearest ? "')" : "");
}

rgm_status rgm_family_build(rgm_graph **graph, const rgm_family_options *o, rgm_error *err) {
    *graph = NULL;
    builder b = {.o = o};
    rgm_status status;
    RGM_TRY(find(o->name, &b.f, err));
    if (o->shortcut_a && b.f->bottleneck)
        return rgm_fail(err, RGM_E_USAGE, "model.shortcut: option A needs basic blocks, %s has bottlenecks", o->name);
    RGM_TRY(rgm_graph_create(&b.g, o->C, o->H, o->W, err));
    RGM_TRY_OR_FAIL(status, rgm_graph_finish(b.g, build(&b), err));
    *graph = b.g;
    return RGM_OK;
fail:
    rgm_graph_destroy(b.g);
    return status;
}
