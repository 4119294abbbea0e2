/* Graphs, the model families and plans: builders' mistakes, parameter tables against the published counts, FLOPs, and
 * what a plan's memory must not show: leftovers of the arena, of another plan, or of the number of threads. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "net/chunks.h"
#include "net/family.h"
#include "netrun.h"

/* ---- mistakes while building ---- */

static int32_t conv(rgm_graph *g, int32_t x, const char *name, rgm_conv_spec spec) {
    return rgm_graph_conv(g, x, name, &spec);
}

/* Each makes one mistake in a graph of 3 x 8 x 8 and returns the tensor to finish with; the line must hold `text`. */
static int32_t big_window(rgm_graph *g, int32_t x) { return conv(g, x, "wide", (rgm_conv_spec){4, 9, 1, 0, 0, 0}); }
static int32_t big_pad(rgm_graph *g, int32_t x) { return conv(g, x, "padded", (rgm_conv_spec){4, 3, 1, 3, 0, 0}); }
static int32_t no_stride(rgm_graph *g, int32_t x) { return conv(g, x, "still", (rgm_conv_spec){4, 3, 0, 1, 0, 0}); }
static int32_t no_filters(rgm_graph *g, int32_t x) { return conv(g, x, "empty", (rgm_conv_spec){0, 3, 1, 1, 0, 0}); }
static int32_t bad_groups(rgm_graph *g, int32_t x) { return conv(g, x, "split", (rgm_conv_spec){4, 3, 1, 1, 2, 0}); }
static int32_t many_groups(rgm_graph *g, int32_t x) {
    return conv(g, x, "split", (rgm_conv_spec){4, 3, 1, 1, INT32_MAX, 0});
}
static int32_t many_filters(rgm_graph *g, int32_t x) {
    return conv(g, x, "crowd", (rgm_conv_spec){INT32_MAX, 1, 1, 0, 0, 0});
}
static int32_t endless_window(rgm_graph *g, int32_t x) {
    return conv(g, x, "endless", (rgm_conv_spec){4, INT32_MAX, 1, INT32_MAX - 1, 0, 0});
}
static int32_t bn_of_features(rgm_graph *g, int32_t x) {
    return rgm_graph_batchnorm(g, rgm_graph_flatten(g, x), RGM_NO_TENSOR, "norm", 0);
}
static int32_t bn_residual(rgm_graph *g, int32_t x) {
    return rgm_graph_batchnorm(g, x, rgm_graph_maxpool(g, x, 2, 2, 0), "norm", 0);
}
static int32_t unlike_terms(rgm_graph *g, int32_t x) { return rgm_graph_add(g, x, rgm_graph_maxpool(g, x, 2, 2, 0)); }
static int32_t image_and_features(rgm_graph *g, int32_t x) {
    int32_t y = rgm_graph_maxpool(g, x, 8, 1, 0);
    return rgm_graph_add(g, rgm_graph_global_pool(g, y), y);
}
static int32_t linear_of_image(rgm_graph *g, int32_t x) {
    return rgm_graph_linear(g, rgm_graph_maxpool(g, x, 2, 2, 0), "dense", 4, 0);
}
static int32_t no_units(rgm_graph *g, int32_t x) { return rgm_graph_linear(g, x, "dense", 0, 0); }
static int32_t same_names(rgm_graph *g, int32_t x) {
    x = conv(g, x, "twin", (rgm_conv_spec){4, 3, 1, 1, 0, 0});
    return conv(g, x, "twin", (rgm_conv_spec){4, 3, 1, 1, 0, 0});
}
static int32_t image_out(rgm_graph *g, int32_t x) { return conv(g, x, "c", (rgm_conv_spec){4, 3, 1, 1, 0, 0}); }
static int32_t nothing_trained(rgm_graph *g, int32_t x) { return rgm_graph_flatten(g, x); }
static int32_t input_out(rgm_graph *g, int32_t x) { return (void)g, x; }
static int32_t left_over(rgm_graph *g, int32_t x) {
    conv(g, x, "stray", (rgm_conv_spec){4, 3, 1, 1, 0, 0});
    return rgm_graph_linear(g, x, "fc", 4, 0);
}
static int32_t logits_read(rgm_graph *g, int32_t x) {
    x = rgm_graph_linear(g, x, "fc", 4, 0);
    rgm_graph_activation(g, x, RGM_RELU, 0);
    return x;
}
static int32_t no_tensor(rgm_graph *g, int32_t x) { return (void)x, rgm_graph_linear(g, -5, "fc", 4, 0); }
static int32_t odd_kind(rgm_graph *g, int32_t x) { return rgm_graph_activation(g, x, RGM_TANH + 1, 0); }
static int32_t negative_slope(rgm_graph *g, int32_t x) { return rgm_graph_activation(g, x, RGM_LEAKY_RELU, -1); }
static int32_t nan_slope(rgm_graph *g, int32_t x) { return rgm_graph_activation(g, x, RGM_LEAKY_RELU, NAN); }
static int32_t wide_pool(rgm_graph *g, int32_t x) { return rgm_graph_maxpool(g, x, 16, 1, 8); }
static int32_t padded_pool(rgm_graph *g, int32_t x) { return rgm_graph_avgpool(g, x, 3, 1, 2); }
static int32_t narrow_shortcut(rgm_graph *g, int32_t x) { return rgm_graph_shortcut(g, x, 2, 2); }
static int32_t first_of_two(rgm_graph *g, int32_t x) {
    x = conv(g, x, "first", (rgm_conv_spec){4, 9, 1, 0, 0, 0});
    x = conv(g, x, "second", (rgm_conv_spec){4, 9, 1, 0, 0, 0});
    return rgm_graph_linear(g, rgm_graph_global_pool(g, rgm_graph_add(g, x, x)), "fc", 4, 0);
}

static const struct {
    int32_t (*build)(rgm_graph *, int32_t);
    const char *text;
} mistakes[] = {
    {big_window, "wide: the window does not fit"},
    {big_pad, "padded: needs window"},
    {no_stride, "still: needs window"},
    {no_filters, "empty: needs window"},
    {bad_groups, "split: the number of groups"},
    {many_groups, "split: the number of groups"},
    {many_filters, "crowd: needs 1 to 1048576 channels"},
    {endless_window, "endless: needs window"},
    {bn_of_features, "norm: needs an image"},
    {bn_residual, "norm: the residual has another shape"},
    {unlike_terms, "add1: the two terms"},
    {image_and_features, "add2: the two terms"},
    {linear_of_image, "dense: needs features"},
    {no_units, "dense: needs 1 to 1048576 channels"},
    {same_names, "twin: two layers have this name"},
    {image_out, "output: must be features"},
    {nothing_trained, "output: no layer has parameters"},
    {input_out, "output: must be features"},
    {left_over, "stray: nothing uses"},
    {logits_read, "nothing uses"},
    {no_tensor, "fc: reads a tensor that does not exist"},
    {odd_kind, "activation0: unknown kind"},
    {negative_slope, "leaky_relu0: unknown kind or negative slope"},
    {nan_slope, "leaky_relu0: unknown kind or negative slope"},
    {wide_pool, "maxpool0: needs a window of 1 to 15"},
    {padded_pool, "avgpool0: needs a window of 1 to 15"},
    {narrow_shortcut, "shortcut0: needs stride >= 1"},
    {first_of_two, "first: the window does not fit"},
};

START_TEST(builders_mistakes) {
    rgm_error err = {0};
    rgm_graph *g;
    ck_assert_int_eq(rgm_graph_create(&g, 3, 8, 8, &err), RGM_OK);
    int32_t out = mistakes[_i].build(g, rgm_graph_input(g));
    ck_assert_int_eq(rgm_graph_finish(g, out, &err), RGM_E_USAGE);
    ck_assert_msg(strstr(err.text, mistakes[_i].text) && strncmp(err.text, "model: ", 7) == 0, "got '%s', not '%s'",
                  err.text, mistakes[_i].text);
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(impossible_inputs) {
    static const int32_t sizes[][3] = {{0, 8, 8},       {3, 0, 8},         {3, 8, 0},        {-1, 8, 8},
                                       {3, -8, 8},      {3, 8, INT32_MIN}, {1 << 21, 8, 8},  {3, 1 << 15, 8},
                                       {3, 8, 1 << 15}, {INT32_MAX, 1, 1}, {1, INT32_MAX, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rgm_error err = {0};
        rgm_graph *g;
        ck_assert_int_eq(rgm_graph_create(&g, sizes[i][0], sizes[i][1], sizes[i][2], &err), RGM_E_USAGE);
        ck_assert_ptr_null(g);
        ck_assert_msg(strstr(err.text, "an input of"), "%s", err.text);
    }
    rgm_graph_destroy(NULL);
}
END_TEST

START_TEST(building_after_the_end) {
    rgm_error err = {0};
    rgm_graph *g;
    ck_assert_int_eq(rgm_graph_create(&g, 1, 4, 4, &err), RGM_OK);
    int32_t x = rgm_graph_linear(g, rgm_graph_input(g), "fc", 2, 0);
    ck_assert_int_eq(rgm_graph_finish(g, x, &err), RGM_OK);
    ck_assert_int_eq(rgm_graph_input(g), RGM_NO_TENSOR);
    ck_assert_int_eq(rgm_graph_linear(g, 0, "late", 2, 0), RGM_NO_TENSOR);
    ck_assert_int_eq(rgm_graph_node_count(g), 1);
    ck_assert_int_eq(rgm_graph_output(g), x);
    rgm_graph_destroy(g);
}
END_TEST

/* ---- families ---- */

static rgm_graph *family(rgm_family_options o) {
    rgm_error err = {0};
    rgm_graph *g;
    netrun_fine(rgm_family_build(&g, &o, &err), &err, o.name);
    return g;
}

/* torchvision's models with 1000 classes and the CIFAR ResNets with option A and 10 classes; tensors counted as one
 * per convolution, two per batch norm, two for the classifier. Option B adds 16*32 + 2*32 + 32*64 + 2*64. */
START_TEST(parameter_counts) {
    static const struct {
        const char *name;
        int64_t elements;
        int32_t tensors;
        int32_t cifar;
    } t[] = {
        {"resnet18", 11689512, 62, 0},   {"resnet34", 21797672, 110, 0},  {"resnet50", 25557032, 161, 0},
        {"resnet101", 44549160, 314, 0}, {"resnet152", 60192808, 467, 0}, {"resnet20", 269722, 59, 1},
        {"resnet32", 464154, 95, 1},     {"resnet44", 658586, 131, 1},    {"resnet56", 853018, 167, 1},
        {"resnet110", 1727962, 329, 1},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rgm_family_options o = {.name = t[i].name, .C = 3, .H = 32, .W = 32, .outputs = t[i].cifar ? 10 : 1000};
        o.imagenet_stem = !t[i].cifar;
        o.shortcut_a = t[i].cifar;
        rgm_graph *g = family(o);
        ck_assert_msg(rgm_graph_param_elements(g) == t[i].elements, "%s: %lld parameters, not %lld", t[i].name,
                      (long long)rgm_graph_param_elements(g), (long long)t[i].elements);
        ck_assert_int_eq(rgm_graph_param_count(g), t[i].tensors);
        rgm_graph_destroy(g);
        if (!t[i].cifar) continue;
        o.shortcut_a = 0;
        g = family(o);
        ck_assert_int_eq(rgm_graph_param_elements(g), t[i].elements + 2752);
        ck_assert_int_eq(rgm_graph_param_count(g), t[i].tensors + 6);
        rgm_graph_destroy(g);
    }
}
END_TEST

static void expect(const rgm_graph *g, const char *name, int32_t role, int32_t ndim, const int64_t *dims, double fan_in,
                   double fan_out) {
    const rgm_param *p = netrun_find(g, name);
    ck_assert_msg(p->role == role && p->ndim == ndim, "%s: role %d, %d dimensions", name, p->role, p->ndim);
    for (int32_t i = 0; i < ndim; i++) ck_assert_msg(p->dims[i] == dims[i], "%s: dimension %d", name, i);
    ck_assert_msg(p->fan_in == fan_in && p->fan_out == fan_out, "%s: fans %g, %g", name, p->fan_in, p->fan_out);
}

START_TEST(names_and_shapes) {
    rgm_graph *g = family((rgm_family_options){
        .name = "resnet50", .C = 3, .H = 64, .W = 64, .outputs = 7, .imagenet_stem = 1, .zero_init = 1});
    expect(g, "conv1.weight", RGM_ROLE_WEIGHT, 4, (int64_t[]){64, 3, 7, 7}, 147, 64 * 49);
    expect(g, "bn1.running_var", RGM_ROLE_VARIANCE, 1, (int64_t[]){64}, 0, 0);
    expect(g, "layer1.0.downsample.0.weight", RGM_ROLE_WEIGHT, 4, (int64_t[]){256, 64, 1, 1}, 64, 256);
    expect(g, "layer2.0.downsample.1.bias", RGM_ROLE_SHIFT, 1, (int64_t[]){512}, 0, 0);
    expect(g, "layer3.5.conv2.weight", RGM_ROLE_WEIGHT, 4, (int64_t[]){256, 256, 3, 3}, 2304, 2304);
    expect(g, "layer4.2.bn3.weight", RGM_ROLE_SCALE, 1, (int64_t[]){2048}, 0, 0);
    expect(g, "layer4.2.bn3.running_mean", RGM_ROLE_MEAN, 1, (int64_t[]){2048}, 0, 0);
    expect(g, "fc.weight", RGM_ROLE_WEIGHT, 2, (int64_t[]){7, 2048}, 2048, 7);
    expect(g, "fc.bias", RGM_ROLE_BIAS, 1, (int64_t[]){7}, 0, 0);
    ck_assert(netrun_find(g, "layer4.2.bn3.weight")->initial == 0.0f &&
              netrun_find(g, "layer4.2.bn2.weight")->initial == 1.0f);
    ck_assert(netrun_find(g, "layer1.0.downsample.1.weight")->initial == 1.0f &&
              netrun_find(g, "bn1.running_var")->initial == 1.0f);
    ck_assert(netrun_find(g, "fc.weight")->head && netrun_find(g, "fc.bias")->head &&
              !netrun_find(g, "conv1.weight")->head);
    const rgm_node *strided = rgm_graph_node(g, netrun_find(g, "layer2.0.conv2.weight")->node);
    ck_assert_int_eq(strided->conv.stride, 2); /* torchvision's place for it */
    rgm_graph_destroy(g);
    g = family((rgm_family_options){.name = "resnet20", .C = 1, .H = 28, .W = 28, .outputs = 10});
    expect(g, "conv1.weight", RGM_ROLE_WEIGHT, 4, (int64_t[]){16, 1, 3, 3}, 9, 144);
    expect(g, "layer3.0.downsample.0.weight", RGM_ROLE_WEIGHT, 4, (int64_t[]){64, 32, 1, 1}, 32, 64);
    ck_assert_int_eq(rgm_graph_node(g, netrun_find(g, "layer2.0.conv1.weight")->node)->conv.stride, 2);
    rgm_graph_destroy(g);
}
END_TEST

/* Every family: names all different, pieces of the arenas apart, in order and on 64-byte boundaries. */
static void check_table(const rgm_graph *g, const rgm_param *(*get)(const rgm_graph *, int32_t), int32_t count,
                        int64_t floats) {
    int64_t end = 0;
    for (int32_t i = 0; i < count; i++) {
        const rgm_param *p = get(g, i);
        int64_t product = 1;
        for (int32_t d = 0; d < p->ndim; d++) product *= p->dims[d];
        ck_assert_int_eq(product, p->count);
        ck_assert(p->count > 0 && p->offset >= end && p->offset % 16 == 0);
        end = p->offset + p->count;
        for (int32_t j = 0; j < i; j++)
            if (strcmp(get(g, j)->name, p->name) == 0) ck_abort_msg("%s twice", p->name);
    }
    ck_assert(floats >= end && floats < end + 16);
}

START_TEST(every_family) {
    static const int32_t sizes[][3] = {{1, 1, 1}, {3, 5, 7}, {3, 32, 32}, {17, 2, 90}};
    for (const char *const *name = rgm_family_names(); *name; name++)
        for (int32_t i = 0; i < 8; i++) {
            rgm_family_options o = {.name = *name, .outputs = 1 + i % 4 * 3, .imagenet_stem = i / 4};
            o.C = sizes[i % 4][0], o.H = sizes[i % 4][1], o.W = sizes[i % 4][2];
            o.width = i % 4 == 1 ? 0.01 : i % 4 == 3 ? 1.3 : 0;
            o.head_plugin = i == 2 ? "dropout" : NULL;
            rgm_graph *g = family(o);
            check_table(g, rgm_graph_param, rgm_graph_param_count(g), rgm_graph_param_floats(g));
            check_table(g, rgm_graph_stat, rgm_graph_stat_count(g), rgm_graph_stat_floats(g));
            ck_assert_int_eq(rgm_graph_tensor(g, rgm_graph_output(g))->C, o.outputs);
            ck_assert_int_eq(rgm_graph_plugin_count(g), i == 2);
            rgm_graph_destroy(g);
        }
}
END_TEST

START_TEST(families_mistakes) {
    static const struct {
        rgm_family_options o;
        const char *text;
    } t[] = {
        {{.name = "resnet21", .C = 3, .H = 8, .W = 8, .outputs = 2}, "no model 'resnet21' (nearest: 'resnet20')"},
        {{.name = "", .C = 3, .H = 8, .W = 8, .outputs = 2}, "no model ''"},
        {{.name = "resnet50", .C = 3, .H = 8, .W = 8, .outputs = 2, .shortcut_a = 1}, "option A needs basic blocks"},
        {{.name = "resnet20", .C = 3, .H = 8, .W = 8, .outputs = 0}, "fc: "},
        {{.name = "resnet20", .C = 3, .H = 8, .W = 8, .outputs = -3}, "fc: "},
        {{.name = "resnet20", .C = 0, .H = 8, .W = 8, .outputs = 2}, "an input of 0 x 8 x 8"},
        {{.name = "resnet20", .C = 3, .H = 8, .W = 8, .outputs = 2, .width = 1e30}, "channels"},
        {{.name = "resnet50", .C = 3, .H = 8, .W = 8, .outputs = 2, .width = 1e7}, "channels"},
        {{.name = "resnet50", .C = 3, .H = 8, .W = 8, .outputs = 2, .base = INT32_MAX}, "channels"},
        {{.name = "mlp", .C = 3, .H = 8, .W = 8, .outputs = 2, .width = INFINITY}, "channels"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rgm_error err = {0};
        rgm_graph *g;
        ck_assert_int_eq(rgm_family_build(&g, &t[i].o, &err), RGM_E_USAGE);
        ck_assert_ptr_null(g);
        ck_assert_msg(strstr(err.text, t[i].text), "got '%s', not '%s'", err.text, t[i].text);
    }
}
END_TEST

/* Training GFLOP per image as published with the project's measurements. */
START_TEST(training_flops) {
    static const struct {
        const char *name;
        int32_t C, side, outputs, imagenet_stem;
        double giga;
    } t[] = {{"resnet20", 1, 28, 10, 0, 0.19},
             {"resnet18", 3, 32, 10, 0, 3.33},
             {"resnet18", 3, 224, 1000, 1, 10.7},
             {"resnet50", 3, 224, 1000, 1, 24.3}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rgm_family_options o = {.name = t[i].name, .C = t[i].C, .H = t[i].side, .W = t[i].side};
        o.outputs = t[i].outputs;
        o.imagenet_stem = t[i].imagenet_stem;
        rgm_graph *g = family(o);
        double giga = rgm_graph_train_flops(g) * 1e-9, forward = 0;
        ck_assert_msg(fabs(giga / t[i].giga - 1) < 0.03, "%s: %.3f GFLOP, not %.2f", t[i].name, giga, t[i].giga);
        for (int32_t n = 0; n < rgm_graph_node_count(g); n++) forward += rgm_node_flops(g, n);
        ck_assert(giga * 1e9 < 3 * forward && giga * 1e9 > 2.9 * forward); /* all but the stem's backward data */
        rgm_graph_destroy(g);
    }
}
END_TEST

/* ---- plans ---- */

/* What a training step leaves: logits, gradients, statistics. */
typedef struct outcome {
    float *logits, *grad, *stat;
    size_t logit_bytes, grad_bytes, stat_bytes;
    double squares; /* of the gradients, by the plan */
} outcome;

static void *copy(const void *from, size_t bytes) {
    void *to = malloc(bytes + 1);
    ck_assert_ptr_nonnull(to);
    memcpy(to, from, bytes);
    return to;
}

/* One step from fixed parameters on a fixed batch. */
static outcome step(netrun *r) {
    const rgm_tensor *in = rgm_graph_tensor(r->graph, 0);
    int64_t inputs = (int64_t)r->N * in->C * in->H * in->W, outputs = (int64_t)r->N * netrun_outputs(r);
    float *x = malloc(sizeof *x * (size_t)inputs), *logits = malloc(sizeof *logits * (size_t)outputs * 2);
    ck_assert(x && logits);
    netrun_draw(r, 3);
    netrun_uniform(3, 999, -1, 1, x, inputs);
    netrun_uniform(3, 998, -1, 1, logits + outputs, outputs);
    memset(r->grad, 0xFF, sizeof(float) * (size_t)rgm_graph_param_floats(r->graph));
    netrun_input(r, x);
    netrun_forward(r);
    netrun_logits(r, logits);
    netrun_backward(r, logits + outputs);
    outcome o = {.logit_bytes = sizeof(float) * (size_t)outputs,
                 .grad_bytes = sizeof(float) * (size_t)rgm_graph_param_floats(r->graph),
                 .stat_bytes = sizeof(float) * (size_t)rgm_graph_stat_floats(r->graph),
                 .squares = rgm_plan_gradient_squares(r->plan)};
    o.logits = copy(logits, o.logit_bytes);
    o.grad = copy(r->grad, o.grad_bytes);
    o.stat = copy(r->stat, o.stat_bytes);
    free(x);
    free(logits);
    return o;
}

static void forget(outcome *o) {
    free(o->logits);
    free(o->grad);
    free(o->stat);
}

static void expect_same(const outcome *a, const outcome *b, const rgm_graph *g, const char *name, const char *what) {
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) {
        const rgm_param *p = rgm_graph_param(g, i);
        ck_assert_msg(memcmp(a->grad + p->offset, b->grad + p->offset, sizeof(float) * (size_t)p->count) == 0,
                      "%s: the gradient of %s has other bits %s", name, p->name, what);
    }
    ck_assert_msg(memcmp(&a->squares, &b->squares, sizeof a->squares) == 0, "%s: other squares %s", name, what);
    ck_assert_msg(memcmp(a->logits, b->logits, a->logit_bytes) == 0, "%s: logits have other bits %s", name, what);
    ck_assert_msg(memcmp(a->stat, b->stat, a->stat_bytes) == 0, "%s: statistics have other bits %s", name, what);
}

static void expect_finite(const outcome *o, const rgm_graph *g, const char *name) {
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) {
        const rgm_param *p = rgm_graph_param(g, i);
        double square = 0;
        for (int64_t j = 0; j < p->count; j++)
            square += (double)o->grad[p->offset + j] * (double)o->grad[p->offset + j];
        ck_assert_msg(isfinite(square) && square > 0, "%s: the gradient of %s is %g", name, p->name, sqrt(square));
    }
}

static rgm_graph *tiny(const char *name, int32_t variant) {
    rgm_family_options o = {.name = name, .C = 3, .H = 16, .W = 16, .outputs = 3, .base = 8, .zero_init = 0};
    o.shortcut_a = variant && strcmp(name, "resnet50") < 0 && strncmp(name, "resnet1", 7) != 0;
    o.imagenet_stem = variant;
    o.head_plugin = variant ? "dropout" : NULL;
    return family(o);
}

/* Whatever the arena holds before a step, and whatever a step of the evaluation plan leaves in the same arena, the step
 * is the same: nothing reads what no phase of this step wrote, and buffers alive together are apart. */
START_TEST(leftovers) {
    static const int32_t fills[] = {0xFF, 0x7F}; /* NaNs, 3.4e38 */
    for (const char *const *name = rgm_family_names(); *name; name++) {
        if (strcmp(*name, "resnet101") == 0 || strcmp(*name, "resnet152") == 0 || strcmp(*name, "resnet110") == 0)
            continue; /* more of the same blocks */
        for (int32_t variant = 0; variant < 2; variant++) {
            rgm_graph *g = tiny(*name, variant);
            netrun r;
            netrun_open(&r, g, _i, 3, 2, 1);
            netrun_poison(&r, 0);
            outcome first = step(&r);
            expect_finite(&first, g, *name);
            for (size_t f = 0; f < sizeof fills / sizeof *fills; f++) {
                netrun_poison(&r, fills[f]);
                outcome again = step(&r);
                expect_same(&first, &again, g, *name, "with another filling of the arena");
                forget(&again);
            }
            forget(&first);
            netrun_close(&r);
            rgm_graph_destroy(g);
        }
    }
}
END_TEST

START_TEST(one_arena_for_two_plans) {
    rgm_graph *g = tiny("resnet20", 0);
    netrun train, eval;
    float x[16 * 3 * 16 * 16], a[16 * 3], b[16 * 3];
    netrun_open(&train, g, _i, 16, 2, 1);
    netrun_open_beside(&eval, &train, 0);
    ck_assert_uint_lt(rgm_plan_bytes(eval.plan), rgm_plan_bytes(train.plan));
    netrun_uniform(3, 999, -1, 1, x, sizeof x / sizeof *x);
    netrun_draw(&train, 3);
    netrun_input(&eval, x);
    netrun_forward(&eval);
    netrun_logits(&eval, a);
    outcome first = step(&train);
    netrun_draw(&train, 3);
    rgm_plan_bind(eval.plan, train.arena, &(rgm_memory){train.value, NULL, train.stat});
    netrun_input(&eval, x);
    netrun_forward(&eval);
    netrun_logits(&eval, b);
    ck_assert_mem_eq(a, b, sizeof a);
    outcome second = step(&train);
    expect_same(&first, &second, g, "resnet20", "after an evaluation");
    forget(&first);
    forget(&second);
    netrun_close(&eval);
    netrun_close(&train);
    rgm_graph_destroy(g);
}
END_TEST

/* Opens a plan in low memory in which all that can be is made again: short segments or long ones. */
static void open_low(netrun *r, const rgm_graph *g, int32_t isa, int32_t N, int32_t threads, int32_t segments) {
    netrun_memory = RGM_MEMORY_LOW;
    netrun_segments = segments;
    netrun_remake = 1;
    netrun_open(r, g, isa, N, threads, 1);
    netrun_memory = RGM_MEMORY_NORMAL;
    netrun_segments = 0;
    netrun_remake = 0;
}

/* Every family on low memory, with plugin activations in segments that are run again: the bits of normal memory. */
START_TEST(low_memory_same_bits) {
    for (const char *const *name = rgm_family_names(); *name; name++) {
        if (strcmp(*name, "resnet101") == 0 || strcmp(*name, "resnet152") == 0 || strcmp(*name, "resnet110") == 0)
            continue; /* more of the same blocks */
        for (int32_t variant = 0; variant < 2; variant++) {
            rgm_graph *g = tiny(*name, variant);
            netrun r;
            netrun_open(&r, g, _i, 3, 2, 1);
            outcome normal = step(&r);
            netrun_close(&r);
            for (int32_t segments = 1; segments <= RGM_PLAN_SEGMENTS; segments += RGM_PLAN_SEGMENTS - 1) {
                open_low(&r, g, _i, 3, 2, segments);
                outcome low = step(&r);
                expect_same(&normal, &low, g, *name, "in low memory");
                forget(&low);
                netrun_close(&r);
            }
            forget(&normal);
            rgm_graph_destroy(g);
        }
    }
}
END_TEST

static int32_t count_phases(const netrun *r, const char *name) {
    int32_t count, found = 0;
    const rgm_phase *phases = rgm_plan_forward(r->plan, &count);
    for (int32_t i = 0; i < count; i++) found += strcmp(phases[i].name, name) == 0;
    phases = rgm_plan_backward(r->plan, &count);
    for (int32_t i = 0; i < count; i++) found += strcmp(phases[i].name, name) == 0;
    return found;
}

static int32_t fate(const netrun *r, const char *name) {
    for (int32_t i = 0; i < rgm_plan_row_count(r->plan); i++) {
        rgm_plan_row row;
        rgm_plan_row_get(r->plan, i, &row);
        if (strcmp(row.name, name) == 0) return row.backward;
    }
    ck_abort_msg("no layer %s", name);
    return -1;
}

/* What is made again is, once, and nothing else; a checkpoint is kept; statistics are gathered once. */
START_TEST(low_memory_plan) {
    rgm_graph *g = family((rgm_family_options){.name = "resnet50",
                                               .C = 3,
                                               .H = 32,
                                               .W = 32,
                                               .outputs = 5,
                                               .base = 16,
                                               .imagenet_stem = 1,
                                               .head_plugin = "dropout"});
    netrun normal, low;
    netrun_open(&normal, g, RGM_ISA_REFERENCE, 8, 2, 1);
    ck_assert_int_eq(count_phases(&normal, "layer1.1.conv3 forward"), 1);
    ck_assert_int_eq(fate(&normal, "layer1.1.conv3"), RGM_ROW_KEPT);
    ck_assert_int_eq(fate(&normal, "layer1.1.bn3"), RGM_ROW_KEPT);
    open_low(&low, g, RGM_ISA_REFERENCE, 8, 2, 1); /* every block's output is a checkpoint */
    ck_assert_int_eq(fate(&low, "layer1.1.bn3"), RGM_ROW_KEPT);
    ck_assert_int_eq(fate(&low, "layer1.1.conv3"), RGM_ROW_AGAIN);
    netrun_close(&low);
    open_low(&low, g, RGM_ISA_REFERENCE, 8, 2, RGM_PLAN_SEGMENTS);
    ck_assert_int_eq(fate(&low, "layer1.1.conv3"), RGM_ROW_AGAIN);
    ck_assert_int_eq(count_phases(&low, "layer1.1.conv3 forward"), 2);
    ck_assert_int_eq(fate(&low, "layer1.1.bn3"), RGM_ROW_AGAIN);
    ck_assert_int_eq(count_phases(&low, "layer1.1.bn3 normalise"), 2);
    ck_assert_int_eq(count_phases(&low, "layer1.1.bn3 combine statistics"), 1);
    ck_assert_int_eq(count_phases(&low, "layer1.1.bn3 statistics"), count_phases(&normal, "layer1.1.bn3 statistics"));
    ck_assert_int_eq(fate(&low, "layer4.1.conv2"), RGM_ROW_KEPT); /* much arithmetic for its bytes */
    ck_assert_int_eq(count_phases(&low, "dropout forward"), 2);
    ck_assert_int_eq(fate(&low, "fc"), RGM_ROW_UNUSED);
    netrun_close(&low);
    netrun_close(&normal);

    size_t bytes[2]; /* with its own sizes and segments */
    for (int32_t i = 0; i < 2; i++) {
        netrun_memory = i ? RGM_MEMORY_LOW : RGM_MEMORY_NORMAL;
        netrun_open(&low, g, RGM_ISA_REFERENCE, 128, 2, 1);
        bytes[i] = rgm_plan_bytes(low.plan);
        netrun_close(&low);
    }
    netrun_memory = RGM_MEMORY_NORMAL;
    ck_assert_msg(bytes[1] < bytes[0] * 2 / 3, "%zu bytes, not much less than %zu", bytes[1], bytes[0]);
    rgm_graph_destroy(g);
}
END_TEST

static void check_threads(const rgm_graph *g, int32_t isa, int32_t N, const char *name) {
    static const int32_t threads[] = {1, 2, 3, 4, 7};
    outcome first = {0};
    for (int32_t i = 0; i < 5; i++) {
        netrun r;
        netrun_open(&r, g, isa, N, threads[i], 1);
        outcome now = step(&r);
        if (i == 0) {
            first = now;
            expect_finite(&first, g, name);
        } else {
            char what[32];
            snprintf(what, sizeof what, "on %d threads", threads[i]);
            expect_same(&first, &now, g, name, what);
            forget(&now);
        }
        netrun_close(&r);
        if (threads[i] < 7) continue; /* low memory has its own test; here the most threads */
        open_low(&r, g, isa, N, threads[i], 4);
        now = step(&r);
        expect_same(&first, &now, g, name, "in low memory");
        forget(&now);
        netrun_close(&r);
    }
    forget(&first);
}

START_TEST(same_bits_on_any_threads) {
    rgm_graph *g = family((rgm_family_options){.name = "resnet20", .C = 1, .H = 28, .W = 28, .outputs = 10});
    check_threads(g, _i, 13, "resnet20");
    rgm_graph_destroy(g);
    g = family((rgm_family_options){
        .name = "resnet50", .C = 3, .H = 64, .W = 64, .outputs = 10, .imagenet_stem = 1, .width = 0.25});
    check_threads(g, _i, 7, "narrow resnet50");
    rgm_graph_destroy(g);
    g = family((rgm_family_options){.name = "mlp", .C = 1, .H = 28, .W = 28, .outputs = 10});
    check_threads(g, _i, 100, "mlp");
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(rows) {
    rgm_graph *g = family((rgm_family_options){
        .name = "resnet18", .C = 3, .H = 32, .W = 32, .outputs = 10, .imagenet_stem = 1, .width = 0.25});
    netrun r;
    netrun_open(&r, g, RGM_ISA_REFERENCE, 2, 1, 1);
    int64_t params = 0;
    double flops = 0, expected = 0;
    ck_assert_int_eq(rgm_plan_row_count(r.plan), rgm_graph_node_count(g));
    for (int32_t i = 0; i < rgm_plan_row_count(r.plan); i++) {
        rgm_plan_row row;
        rgm_plan_row_get(r.plan, i, &row);
        ck_assert(row.name[0] && row.op[0] && row.C > 0 && row.H > 0 && row.W > 0);
        ck_assert(row.bytes > 0 || strcmp(row.op, "batchnorm") == 0); /* its output may stay pending */
        ck_assert_int_eq(row.engine[0] != 0, strcmp(row.op, "conv") == 0);
        params += row.params;
        flops += row.forward_flops;
        expected += rgm_node_flops(g, i) * 2;
    }
    ck_assert_int_eq(params, rgm_graph_param_elements(g));
    ck_assert_double_eq(flops, expected);
    netrun_close(&r);
    rgm_graph_destroy(g);
}
END_TEST

/* Rows of all phases that run, in order; on one core nothing but barriers is lost, on very many a phase takes one of
 * its chunks, and between the two no number of cores makes the step slower. */
START_TEST(chunks) {
    rgm_graph *g = family((rgm_family_options){
        .name = "resnet18", .C = 3, .H = 32, .W = 32, .outputs = 10, .imagenet_stem = 1, .width = 0.25});
    static const int32_t cores[] = {1, 2, 3, 7, 64, 1 << 20};
    netrun r;
    open_low(&r, g, RGM_ISA_REFERENCE, 8, 2, RGM_PLAN_SEGMENTS);
    int32_t count = rgm_plan_chunk_rows(r.plan), forward, backward, phases = 0;
    const rgm_phase *f = rgm_plan_forward(r.plan, &forward), *b = rgm_plan_backward(r.plan, &backward);
    for (int32_t i = 0; i < forward; i++) phases += f[i].chunks > 0;
    for (int32_t i = 0; i < backward; i++) phases += b[i].chunks > 0;
    rgm_chunk_row *list = calloc((size_t)count, sizeof *list);
    ck_assert_ptr_nonnull(list);
    rgm_speed speed = rgm_speed_assumed(r.kernels);
    double before = INFINITY;
    for (size_t c = 0; c < sizeof cores / sizeof *cores; c++) {
        double one = 0, many = 0;
        int32_t barriers = 0, directions[RGM_WORK_COUNT] = {0};
        rgm_plan_chunk_rows_get(r.plan, &speed, cores[c], list);
        for (int32_t i = 0; i < count; i++) {
            const rgm_chunk_row *row = &list[i];
            double lost = row->lost.few + row->lost.uneven + row->lost.barrier;
            ck_assert_double_eq_tol(row->many, row->one / cores[c] + lost, 1e-12);
            ck_assert(row->chunks > 0 && row->chunk > 0 && row->lost.few >= 0);
            if (cores[c] == 1) ck_assert_double_eq_tol(lost, row->barriers * speed.barrier, 1e-12);
            if (cores[c] == 1 << 20) ck_assert_double_eq(row->lost.uneven, 0);
            ck_assert(i == 0 || strcmp(row->layer, row[-1].layer) != 0 || row->direction != row[-1].direction);
            one += row->one;
            many += row->many;
            barriers += row->barriers;
            directions[row->direction]++;
        }
        ck_assert_int_eq(barriers, phases);
        ck_assert(many < before || cores[c] == 1 << 20);
        ck_assert(one >= rgm_graph_train_flops(g) * 8 / 4.01 / speed.flops); /* Winograd's part in a quarter */
        for (int32_t d = 0; d < RGM_WORK_COUNT; d++) ck_assert_int_gt(directions[d], 0);
        before = many;
    }
    free(list);
    netrun_close(&r);
    rgm_graph_destroy(g);
}
END_TEST

static rgm_status try_plan(const rgm_graph *g, int32_t N, rgm_error *err) {
    const rgm_kernels *k = rgm_kernels_get(RGM_ISA_REFERENCE);
    rgm_engine *engine;
    rgm_plan *plan;
    netrun_fine(rgm_engine_create(&engine, RGM_ISA_REFERENCE, k->block, 1, err), err, "engine");
    rgm_plan_options o = {.graph = g, .kernels = k, .engine = engine, .batch = N, .workers = 1, .training = 1};
    rgm_status status = rgm_plan_create(&plan, &o, err);
    ck_assert((status == RGM_OK) == (plan != NULL));
    rgm_plan_destroy(plan);
    rgm_engine_destroy(engine);
    return status;
}

START_TEST(plans_that_cannot_be) {
    rgm_error err = {0};
    rgm_graph *g = tiny("resnet20", 1); /* with a plugin activation, and no hook for it */
    ck_assert_int_eq(try_plan(g, 2, &err), RGM_E_INTERNAL);
    ck_assert_msg(strstr(err.text, "dropout"), "%s", err.text);
    rgm_graph_destroy(g);

    ck_assert_int_eq(rgm_graph_create(&g, 3, 4, 4, &err), RGM_OK);
    int32_t in = rgm_graph_input(g), x = rgm_graph_linear(g, in, "a", 4, 0);
    int32_t y = rgm_graph_linear(g, rgm_graph_flatten(g, rgm_graph_activation(g, in, RGM_RELU, 0)), "b", 4, 0);
    ck_assert_int_eq(rgm_graph_finish(g, rgm_graph_add(g, x, y), &err), RGM_OK);
    ck_assert_int_eq(try_plan(g, 2, &err), RGM_E_UNSUPPORTED);
    ck_assert_msg(strstr(err.text, "relu1"), "%s", err.text);
    rgm_graph_destroy(g);

    g = family((rgm_family_options){.name = "cnn", .C = 1 << 20, .H = 1 << 14, .W = 1 << 14, .outputs = 10});
    ck_assert_int_eq(try_plan(g, INT32_MAX, &err), RGM_E_NOMEM);
    rgm_graph_destroy(g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("net");
    TCase *cases = tcase_create("net");
    tcase_set_timeout(cases, 300);
    tcase_add_loop_test(cases, builders_mistakes, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(cases, impossible_inputs);
    tcase_add_test(cases, building_after_the_end);
    tcase_add_test(cases, parameter_counts);
    tcase_add_test(cases, names_and_shapes);
    tcase_add_test(cases, every_family);
    tcase_add_test(cases, families_mistakes);
    tcase_add_test(cases, training_flops);
    tcase_add_test(cases, rows);
    tcase_add_test(cases, low_memory_plan);
    tcase_add_test(cases, chunks);
    tcase_add_test(cases, plans_that_cannot_be);
    for (int32_t isa = 0; isa < RGM_ISA_COUNT; isa++) {
        if (!netrun_has(isa)) continue;
        tcase_add_loop_test(cases, leftovers, isa, isa + 1);
        tcase_add_loop_test(cases, low_memory_same_bits, isa, isa + 1);
        tcase_add_loop_test(cases, one_arena_for_two_plans, isa, isa + 1);
        tcase_add_loop_test(cases, same_bits_on_any_threads, isa, isa + 1);
    }
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
