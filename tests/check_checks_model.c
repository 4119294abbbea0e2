/* The checks of a net: rules over graphs that break them, how a specimen behaves, and nets of all families that pass.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "graph/family.h"
#include "make_set.h"
#include "check/model_rules.h"
#include "check/specimen.h"
#include "verdict_case.h"

static char *folder, colour[512], grey[512];

static void set_up(void) {
    folder = make_folder();
    snprintf(colour, sizeof colour, "%s", in_folder(folder, "colour.h5"));
    snprintf(grey, sizeof grey, "%s", in_folder(folder, "grey.h5"));
    verdict_set(colour, &(run_set){.H = 10, .W = 10, .C = 3, .classes = 5, .train = 60});
    verdict_set(grey, &(run_set){.H = 7, .W = 9, .C = 1, .classes = 2, .train = 30});
}

static void tear_down(void) { remove_folder(folder); }

/* ---- rules ---- */

static rgm_graph *g;
static rgm_error err;

static int32_t conv(int32_t x, const char *name, int32_t filters, int32_t bias) {
    return rgm_graph_conv(g, x, name,
                          &(rgm_conv_spec){.filters = filters, .window = 3, .stride = 1, .pad = 1, .bias = bias});
}

static int32_t begin(void) {
    ck_assert_int_eq(rgm_graph_create(&g, 3, 8, 8, &err), RGM_OK);
    return rgm_graph_input(g);
}

static void finish(int32_t x, int32_t flags) {
    x = rgm_graph_linear(g, rgm_graph_global_pool(g, x), "fc", 4, RGM_LINEAR_HEAD | flags);
    ck_assert_msg(rgm_graph_finish(g, x, &err) == RGM_OK, "%s", err.text);
}

START_TEST(a_missing_activation) {
    int32_t x = begin();
    x = conv(x, "conv1", 4, 0);
    x = rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "bn1", 0);
    x = rgm_graph_maxpool(g, x, 2, 2, 0);
    x = rgm_graph_batchnorm(g, conv(x, "conv2", 4, 0), RGM_NO_TENSOR, "bn2", RGM_BN_RELU);
    x = rgm_graph_activation(g, conv(x, "conv3", 4, 0), RGM_LEAKY_RELU, 1);
    finish(x, 0);
    const rgm_rule r = rgm_rule_activations(g);
    ck_assert_int_eq(r.count, 2); /* conv2, and fc behind a leaky ReLU that bends nothing */
    ck_assert_str_eq(r.at, "conv2");
    ck_assert_str_eq(r.behind, "conv1");
    ck_assert_int_eq(rgm_rule_depth(g), 4);
    ck_assert_int_eq(rgm_rule_saturating(g).count, 0);
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(a_sigmoid_in_depth_and_one_on_the_logits) {
    int32_t x = begin();
    x = rgm_graph_activation(g, rgm_graph_linear(g, x, "fc1", 8, 0), RGM_TANH, 0);
    x = rgm_graph_activation(g, rgm_graph_linear(g, x, "fc2", 4, RGM_LINEAR_HEAD | RGM_LINEAR_NO_BIAS), RGM_SIGMOID, 0);
    ck_assert_int_eq(rgm_graph_finish(g, x, &err), RGM_OK);
    ck_assert_int_eq(rgm_rule_saturating(g).count, 1);
    ck_assert_ptr_nonnull(strstr(rgm_rule_saturating(g).at, "tanh"));
    ck_assert_int_eq(rgm_rule_logits(g).count, 1);
    ck_assert_ptr_nonnull(strstr(rgm_rule_logits(g).at, "sigmoid"));
    ck_assert_int_eq(rgm_rule_head_bias(g).count, 1);
    ck_assert_str_eq(rgm_rule_head_bias(g).at, "fc2");
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(a_missing_norm_and_a_bias_in_front_of_one) {
    int32_t x = begin();
    x = rgm_graph_batchnorm(g, conv(x, "conv1", 4, 1), RGM_NO_TENSOR, "bn1", RGM_BN_RELU);
    x = rgm_graph_activation(g, conv(x, "conv2", 4, 1), RGM_RELU, 0);
    finish(x, 0);
    ck_assert_int_eq(rgm_rule_norms(g).count, 1);
    ck_assert_str_eq(rgm_rule_norms(g).at, "conv2");
    ck_assert_int_eq(rgm_rule_biases(g).count, 1);
    ck_assert_str_eq(rgm_rule_biases(g).at, "conv1");
    ck_assert_int_eq(rgm_rule_head_bias(g).count, 0);
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(a_missing_sum) {
    int32_t x = begin();
    x = rgm_graph_batchnorm(g, conv(x, "conv1", 4, 0), RGM_NO_TENSOR, "bn1", RGM_BN_RELU);
    int32_t y = x;
    y = rgm_graph_batchnorm(g, conv(y, "layer1.0.conv1", 4, 0), RGM_NO_TENSOR, "layer1.0.bn1", RGM_BN_RELU);
    y = rgm_graph_batchnorm(g, conv(y, "layer1.0.conv2", 4, 0), x, "layer1.0.bn2", RGM_BN_RELU);
    x = y;
    y = rgm_graph_batchnorm(g, conv(y, "layer1.1.conv1", 4, 0), RGM_NO_TENSOR, "layer1.1.bn1", RGM_BN_RELU);
    y = rgm_graph_batchnorm(g, conv(y, "layer1.1.conv2", 4, 0), RGM_NO_TENSOR, "layer1.1.bn2", RGM_BN_RELU);
    x = y;
    y = rgm_graph_batchnorm(g, conv(y, "layer1.2.conv1", 4, 0), RGM_NO_TENSOR, "layer1.2.bn1", RGM_BN_RELU);
    y = rgm_graph_batchnorm(g, conv(y, "layer1.2.conv2", 4, 0), RGM_NO_TENSOR, "layer1.2.bn2", 0);
    finish(rgm_graph_activation(g, rgm_graph_add(g, x, y), RGM_RELU, 0), 0);
    const rgm_rule r = rgm_rule_sums(g);
    ck_assert_int_eq(r.of, 3);
    ck_assert_int_eq(r.count, 1);
    ck_assert_str_eq(r.at, "layer1.1.conv1");
    ck_assert_int_eq(rgm_rule_activations(g).count, 0);
    rgm_graph_destroy(g);
}
END_TEST

START_TEST(every_family_keeps_the_rules) {
    for (const char *const *name = rgm_family_names(); *name; name++) {
        const rgm_family_options options = {.name = *name, .C = 3, .H = 32, .W = 32, .outputs = 6, .base = 4};
        ck_assert_int_eq(rgm_family_build(&g, &options, &err), RGM_OK);
        ck_assert_msg(rgm_rule_activations(g).count == 0, "%s: %s", *name, rgm_rule_activations(g).at);
        ck_assert_int_eq(rgm_rule_norms(g).count + rgm_rule_biases(g).count + rgm_rule_sums(g).count, 0);
        ck_assert_int_eq(rgm_rule_logits(g).count + rgm_rule_head_bias(g).count + rgm_rule_saturating(g).count, 0);
        rgm_graph_destroy(g);
    }
}
END_TEST

/* ---- a specimen ---- */

static rgm_specimen *specimen_of(const char *path, const char *yaml, rgm_device **device, rgm_dataset **set) {
    static rgm_config config;
    rgm_specimen *s;
    ck_assert_int_eq(rgm_config_init(&config, &err), RGM_OK);
    ck_assert_msg(rgm_config_parse(&config, yaml, strlen(yaml), "test", &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(rgm_device_configure(device, &config, 0, &err), RGM_OK);
    *set = open_set(path, RGM_ACCESS_AUTO);
    const rgm_specimen_options options = {.config = &config, .device = *device, .set = *set, .images = 12};
    ck_assert_msg(rgm_specimen_create(&s, &options, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(rgm_specimen_draw(s, &err), RGM_OK);
    ck_assert_int_eq(rgm_specimen_load(s, 1, &err), RGM_OK);
    return s;
}

static double loss_of(rgm_specimen *s) {
    ck_assert_int_eq(rgm_specimen_forward(s, 1, &err), RGM_OK);
    ck_assert_int_eq(rgm_specimen_loss(s, 1, &err), RGM_OK);
    return s->loss;
}

/* The loss changes along its gradient as the gradient's squares say. */
START_TEST(a_specimen_has_its_gradient) {
    static const char *const nets[] = {"model: {name: mlp}\nthreads: 2\n",
                                       "model: {name: resnet20, base: 4}\nthreads: 2\n"};
    for (size_t i = 0; i < 2; i++) {
        rgm_device *device;
        rgm_dataset *set;
        int32_t ok;
        rgm_specimen *s = specimen_of(colour, nets[i], &device, &set);
        rgm_specimen_wake(s);
        rgm_specimen_open(s);
        ck_assert(loss_of(s) > 0.5 && s->loss < 10);
        ck_assert_int_eq(rgm_specimen_backward(s, &ok, &err), RGM_OK);
        ck_assert_int_eq(ok, 1);
        int64_t floats = rgm_graph_param_floats(s->graph);
        double squares = 0, up, down;
        float *before = malloc(sizeof *before * (size_t)floats);
        memcpy(before, s->memory.value, sizeof *before * (size_t)floats);
        for (int64_t k = 0; k < floats; k++) squares += (double)s->memory.grad[k] * (double)s->memory.grad[k];
        double step = 0.002 / squares; /* the loss moves by 0.002 */
        for (int64_t k = 0; k < floats; k++) s->memory.value[k] = before[k] + (float)(step * (double)s->memory.grad[k]);
        up = loss_of(s);
        for (int64_t k = 0; k < floats; k++) s->memory.value[k] = before[k] - (float)(step * (double)s->memory.grad[k]);
        down = loss_of(s);
        ck_assert_double_eq_tol((up - down) / (2 * step) / squares, 1, 0.05);
        free(before);
        rgm_specimen_destroy(s);
        rgm_dataset_close(set);
        rgm_device_destroy(device);
    }
}
END_TEST

START_TEST(a_specimen_shows_its_layers) {
    rgm_device *device;
    rgm_dataset *set;
    rgm_specimen *s = specimen_of(colour, "model: {name: cnn, base: 5}\nthreads: 2\n", &device, &set);
    s->looking = 1;
    loss_of(s);
    for (int32_t i = 0; i < rgm_graph_node_count(s->graph); i++) {
        const rgm_node *n = rgm_graph_node(s->graph, i);
        const rgm_look *l = &s->looks[i];
        if (n->op != RGM_OP_BATCHNORM) continue;
        ck_assert_int_eq(l->seen, 1);
        ck_assert_double_eq_tol(l->rms, sqrt(0.5), 0.05); /* of what is positive of N(0, 1) */
        ck_assert_double_eq_tol(l->mean, 1 / sqrt(2 * acos(-1.0)), 0.06);
        ck_assert_double_eq(l->dead, 0);
    }
    /* a shift far below zero lets nothing through */
    for (int32_t i = 0; i < rgm_graph_param_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        if (strcmp(p->name, "bn2.bias") != 0) continue;
        for (int64_t k = 0; k < 4; k++) rgm_specimen_value(s, i)[k] = -100;
    }
    loss_of(s);
    for (int32_t i = 0; i < rgm_graph_node_count(s->graph); i++)
        if (strcmp(rgm_graph_node(s->graph, i)->name, "bn2") == 0)
            ck_assert_double_eq_tol(s->looks[i].dead, 0.4, 1e-9); /* 4 of 10 */
    rgm_specimen_destroy(s);
    rgm_dataset_close(set);
    rgm_device_destroy(device);
}
END_TEST

/* ---- nets ---- */

/* The rows of the file that is tested; family M has short trainings, too. */
#define NET "net_activations,net_norms,net_blocks,net_head,samples_apart,gradients_apart,logits_free,norm_modes,dropout"

START_TEST(nets_of_all_families_pass) {
    verdict_passes(colour, "model: {name: linear}\nbatch: 2\n", NET);
    verdict_passes(colour, "model: {name: mlp}\nbatch: 8\ndropout: 0.4\n", NET);
    verdict_passes(colour, "model: {name: cnn, base: 5}\nbatch: 2\n", NET);
    verdict_passes(colour, "model: {name: resnet20, base: 4, zero_init: true}\nbatch: 8\nmemory: low\n", NET);
    verdict_passes(colour, "model: {name: resnet50, base: 4, stem: small}\nbatch: 8\ndropout: 0.2\n", NET);
    verdict_passes(grey, "model: {name: cnn, base: 4, head: logit}\nbatch: 4\n", NET);
    verdict_passes(grey, "model: {name: linear, head: logit}\nbatch: 30\n", NET);
    verdict_passes(grey, "model: {name: resnet20, base: 3, shortcut: A}\nbatch: 2\n", NET);
}
END_TEST

START_TEST(what_is_not_dropout_is_found) {
    verdict_warns(colour, "model: {name: mlp}\ndropout: 0.5\nplugins: ['" RGM_FIXTURES "/train/dropout_PLAIN.so']\n",
                  "dropout", "rate");
    verdict_warns(colour, "model: {name: mlp}\ndropout: 0.95\n", "dropout", "so high");
}
END_TEST

#define BACKWARD(name) "model: {name: mlp}\ndropout: 0.5\nplugins: ['" RGM_FIXTURES "/train/dropout_" name ".so']\n"

START_TEST(gradients_that_are_no_image_s_own) {
    verdict_passes(colour, BACKWARD("PLAIN"), "gradients_apart");
    verdict_fails(colour, BACKWARD("CUT"), "gradients_apart", "no gradient on");
    verdict_fails(colour, BACKWARD("MIXED"), "gradients_apart", "mixed");
}
END_TEST

START_TEST(outputs_that_are_not_classes) {
    verdict_warns(colour, "model: {name: mlp, classes: 9}\n", "net_head", "classes of the data");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checks of the net");
    TCase *cases = tcase_create("net");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, a_missing_activation);
    tcase_add_test(cases, a_sigmoid_in_depth_and_one_on_the_logits);
    tcase_add_test(cases, a_missing_norm_and_a_bias_in_front_of_one);
    tcase_add_test(cases, a_missing_sum);
    tcase_add_test(cases, every_family_keeps_the_rules);
    tcase_add_test(cases, a_specimen_has_its_gradient);
    tcase_add_test(cases, a_specimen_shows_its_layers);
    tcase_add_test(cases, nets_of_all_families_pass);
    tcase_add_test(cases, what_is_not_dropout_is_found);
    tcase_add_test(cases, gradients_that_are_no_image_s_own);
    tcase_add_test(cases, outputs_that_are_not_classes);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
