/* Graphs and the model families: builders' mistakes, parameter tables against the published counts, FLOPs. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
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
        rgm_graph *g = netrun_family(o);
        ck_assert_msg(rgm_graph_param_elements(g) == t[i].elements, "%s: %lld parameters, not %lld", t[i].name,
                      (long long)rgm_graph_param_elements(g), (long long)t[i].elements);
        ck_assert_int_eq(rgm_graph_param_count(g), t[i].tensors);
        rgm_graph_destroy(g);
        if (!t[i].cifar) continue;
        o.shortcut_a = 0;
        g = netrun_family(o);
        ck_assert_int_eq(rgm_graph_param_elements(g), t[i].elements + 2752);
        ck_assert_int_eq(rgm_graph_param_count(g), t[i].tensors + 6);
        rgm_graph_destroy(g);
    }
}
END_TEST

/* Given blocks make another family of the same kind, or fewer stages. */
START_TEST(given_blocks) {
    rgm_family_options o = {.name = "resnet34", .C = 3, .H = 32, .W = 32, .outputs = 1000, .imagenet_stem = 1};
    for (int32_t stage = 0; stage < 4; stage++) o.blocks[stage] = 2;
    rgm_graph *g = netrun_family(o);
    ck_assert_int_eq(rgm_graph_param_elements(g), 11689512); /* of resnet18 */
    rgm_graph_destroy(g);
    o = (rgm_family_options){.name = "resnet20", .C = 3, .H = 32, .W = 32, .outputs = 10, .blocks = {1}};
    g = netrun_family(o);
    ck_assert_int_eq(rgm_graph_param_count(g), 3 + 6 + 2); /* the stem, two convolutions, the classifier */
    rgm_graph_destroy(g);
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
    rgm_graph *g = netrun_family((rgm_family_options){
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
    g = netrun_family((rgm_family_options){.name = "resnet20", .C = 1, .H = 28, .W = 28, .outputs = 10});
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
            rgm_graph *g = netrun_family(o);
            check_table(g, rgm_graph_param, rgm_graph_param_count(g), rgm_graph_param_floats(g));
            check_table(g, rgm_graph_stat, rgm_graph_stat_count(g), rgm_graph_stat_floats(g));
            ck_assert_int_eq(rgm_graph_tensor(g, rgm_graph_output(g))->C, o.outputs);
            int32_t plugins = 0;
            for (int32_t j = 0; j < rgm_graph_node_count(g); j++) plugins += rgm_graph_node(g, j)->op == RGM_OP_PLUGIN;
            ck_assert_int_eq(plugins, i == 2);
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
        rgm_graph *g = netrun_family(o);
        double giga = rgm_graph_train_flops(g) * 1e-9, forward = 0;
        ck_assert_msg(fabs(giga / t[i].giga - 1) < 0.03, "%s: %.3f GFLOP, not %.2f", t[i].name, giga, t[i].giga);
        for (int32_t n = 0; n < rgm_graph_node_count(g); n++) forward += rgm_node_flops(g, n);
        ck_assert(giga * 1e9 < 3 * forward && giga * 1e9 > 2.9 * forward); /* all but the stem's backward data */
        rgm_graph_destroy(g);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("graph");
    TCase *cases = tcase_create("graph");
    tcase_set_timeout(cases, 300);
    tcase_add_loop_test(cases, builders_mistakes, 0, sizeof mistakes / sizeof *mistakes);
    tcase_add_test(cases, impossible_inputs);
    tcase_add_test(cases, building_after_the_end);
    tcase_add_test(cases, given_blocks);
    tcase_add_test(cases, parameter_counts);
    tcase_add_test(cases, names_and_shapes);
    tcase_add_test(cases, every_family);
    tcase_add_test(cases, families_mistakes);
    tcase_add_test(cases, training_flops);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
