/* Lists of layers, and the networks of one layer that bench ops runs. */
#include "config.h"

#include <check.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cpu.h"
#include "bench/layer_net.h"
#include "bench/ops.h"
#include "graph/family.h"
#include "skip.h"

static void fine(rgm_status status, const rgm_error *err) { ck_assert_msg(status >= 0, "%s", err->text); }

static rgm_status parse(rgm_layers *layers, const char *text, rgm_error *err) {
    return rgm_layers_parse(layers, text, strlen(text), "list", err);
}

/* ---- lists ---- */

START_TEST(good_lists) {
    rgm_layers l = {NULL, 0};
    rgm_error err = {0};
    char name[RGM_LAYER_NAME];
    fine(parse(&l,
               "# nothing\n\n\tconv 3 64 7 input image 224x200 pad 3 batch 16 stride 2 # the stem\r\n"
               "conv 64 65 1 batch 2 image 5x6\nconv 64 65 1 image 5x6 batch 2 times 3#\n"
               "conv 64 65 1 image 5x6 batch 3",
               &err),
         &err);
    ck_assert_int_eq(l.count, 3);
    const rgm_layer want[] = {
        {3, 64, 7, 2, 3, 224, 200, 16, 1, 1}, {64, 65, 1, 1, 0, 5, 6, 2, 4, 0}, {64, 65, 1, 1, 0, 5, 6, 3, 1, 0}};
    for (int32_t i = 0; i < 3; i++) ck_assert_mem_eq(&l.list[i], &want[i], sizeof want[i]);
    ck_assert_str_eq(rgm_layer_name(&l.list[0], name), "3->64 7x7/2 pad 3, 224x200 n16, input");
    ck_assert_str_eq(rgm_layer_name(&l.list[1], name), "64->65 1x1, 5x6 n2");
    rgm_layers_set_images(&l, 4, 1); /* at most */
    ck_assert(l.count == 3 && l.list[0].N == 4 && l.list[1].N == 2);
    rgm_layers_set_images(&l, 7, 0);
    ck_assert(l.count == 2 && l.list[0].N == 7 && l.list[1].N == 7 && l.list[1].times == 5);
    rgm_layers_free(&l);
}
END_TEST

START_TEST(wrong_lists) {
    static const struct {
        const char *text, *message;
    } t[] = {
        {"", "list: no layer in it"},
        {"# only this\n\n", "list: no layer in it"},
        {"pool 2", "list:1:1: expected conv, found 'pool'"},
        {"\n  convolution 2", "list:2:3: expected conv, found 'convolution'"},
        {"conv", "list:1:5: expected the input channels (integer, 1 to 65536), found the end of the line"},
        {"conv # 3", "list:1:6: expected the input channels (integer, 1 to 65536), found the end of the line"},
        {"conv 0 4 3", "list:1:6: expected the input channels (integer, 1 to 65536), found '0'"},
        {"conv 4 -1 3", "list:1:8: expected the output channels (integer, 1 to 65536), found '-1'"},
        {"conv 4 65537 3", "list:1:8: expected the output channels (integer, 1 to 65536), found '65537'"},
        {"conv 4 99999999999999999999 3",
         "list:1:8: expected the output channels (integer, 1 to 65536), found '99999999999999999999'"},
        {"conv 4 4 3x3", "list:1:10: expected the window (integer, 1 to 255), found '3x3'"},
        {"conv 4 4 3", "list:1:11: expected image HxW, found the end of the line"},
        {"conv 4 4 3 image 5x5", "list:1:21: expected batch N, found the end of the line"},
        {"conv 4 4 3 image 5 batch 2", "list:1:18: expected the image's size (HxW, each 1 to 16384), found '5'"},
        {"conv 4 4 3 image 5x", "list:1:18: expected the image's size (HxW, each 1 to 16384), found '5x'"},
        {"conv 4 4 3 image x5", "list:1:18: expected the image's size (HxW, each 1 to 16384), found 'x5'"},
        {"conv 4 4 3 image 5x5x5", "list:1:18: expected the image's size (HxW, each 1 to 16384), found '5x5x5'"},
        {"conv 4 4 3 image 0x5", "list:1:18: expected the image's size (HxW, each 1 to 16384), found '0x5'"},
        {"conv 4 4 3 image\nbatch 2", "list:1:17: expected the image's size (HxW, each 1 to 16384), found the end of"},
        {"conv 4 4 3 batch 2 batch 2", "list:1:20: expected each word once, found 'batch'"},
        {"conv 4 4 3 groups 2", "list:1:12: expected image, batch, stride, pad, times or input, found 'groups'"},
        {"conv 4 4 3 stride 0", "list:1:19: expected the stride (integer, 1 to 255), found '0'"},
        {"conv 4 4 3 image 5x5 batch 2 pad 3",
         "list:1:34: expected the padding, smaller than the window (integer, 0 to 2), found '3'"},
        {"conv 4 4 1 pad 1 image 5x5 batch 2",
         "list:1:16: expected the padding, smaller than the window (integer, 0 to 0), found '1'"},
        {"conv 4 4 1 image 5x5 batch 2\nconv 4 4 9 image 5x50 pad 1 batch 2",
         "list:2:1: a window of 9 is larger than the padded image"},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rgm_layers l = {NULL, 0};
        rgm_error err = {0};
        ck_assert_int_eq(parse(&l, t[i].text, &err), RGM_E_FORMAT);
        ck_assert_msg(strncmp(err.text, t[i].message, strlen(t[i].message)) == 0, "'%s': %s", t[i].text, err.text);
        rgm_layers_free(&l);
    }
    rgm_layers l = {NULL, 0};
    rgm_error err = {0};
    ck_assert_int_eq(rgm_layers_parse(&l, "conv 1 1 1 \0 1", 15, "list", &err), RGM_E_FORMAT);
    rgm_layers_free(&l);
}
END_TEST

/* The lists of networks have the convolutions that core/net builds. */
START_TEST(networks) {
    static const struct {
        const char *list;
        rgm_family_options family;
        int32_t batch;
    } t[] = {{"resnet20", {.name = "resnet20", .C = 1, .H = 28, .W = 28, .outputs = 10}, 128},
             {"resnet18-32", {.name = "resnet18", .C = 3, .H = 32, .W = 32, .outputs = 10}, 64},
             {"resnet18-224", {.name = "resnet18", .C = 3, .H = 224, .W = 224, .outputs = 10, .imagenet_stem = 1}, 16},
             {"resnet50-224", {.name = "resnet50", .C = 3, .H = 224, .W = 224, .outputs = 10, .imagenet_stem = 1}, 16}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rgm_layers l = {NULL, 0};
        rgm_graph *g;
        rgm_error err = {0};
        double listed = 0, built = 0;
        int32_t listed_count = 0, built_count = 0;
        fine(rgm_layers_load(&l, t[i].list, &err), &err);
        fine(rgm_family_build(&g, &t[i].family, &err), &err);
        for (int32_t j = 0; j < l.count; j++) {
            ck_assert_int_eq(l.list[j].N, t[i].batch);
            listed += l.list[j].times * rgm_layer_flops(&l.list[j]) / l.list[j].N;
            listed_count += l.list[j].times;
        }
        for (int32_t j = 0; j < rgm_graph_node_count(g); j++)
            if (rgm_graph_node(g, j)->op == RGM_OP_CONV) built += rgm_node_flops(g, j), built_count++;
        ck_assert_msg(listed == built && listed_count == built_count, "%s: %d convolutions of %g, built %d of %g",
                      t[i].list, listed_count, listed, built_count, built);
        rgm_graph_destroy(g);
        rgm_layers_free(&l);
    }
    static const char *const names[] = {"performance",  "resnet18-224", "resnet18-32", "resnet20",
                                        "resnet50-224", "small",        "strided"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        rgm_layers l = {NULL, 0};
        rgm_error err = {0};
        fine(rgm_layers_load(&l, names[i], &err), &err);
        rgm_layers_free(&l);
    }
}
END_TEST

/* ---- networks of one layer ---- */

/* Ways of all kinds: few channels and many, ragged ones, strides, the network's input. */
static const char layers_text[] =
    "conv 16 32 3 pad 1 image 9x10 batch 3\nconv 130 140 3 pad 1 image 6x7 batch 5\n"
    "conv 20 33 3 stride 2 pad 1 image 9x8 batch 2\nconv 17 40 1 image 5x5 batch 1\n"
    "conv 40 24 1 stride 2 image 8x9 batch 4\nconv 3 20 7 stride 2 pad 3 image 20x21 batch 2 input\n"
    "conv 16 20 3 pad 1 image 7x6 batch 2 input\n"
    "conv 5 20 5 pad 2 image 7x7 batch 2\n";

static int32_t has_isa(int32_t isa) {
    int32_t chosen;
    return rgm_kernels_get(isa) && rgm_isa_choose(rgm_isa_name(isa), rgm_cpu_features(), &chosen, NULL) >= 0;
}

static void check_owners(const rgm_layer_net *net) {
    int32_t owned[RGM_CONV_DIRECTIONS] = {0};
    static const char *const ends[] = {"conv forward", "conv backward data", "conv backward weights"};
    for (int32_t i = 0; i < net->count; i++) {
        const char *name = net->phases[i].name;
        ck_assert_msg((net->owner[i] >= 0) == (strncmp(name, "conv ", 5) == 0), "%s", name);
        for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++)
            if (strcmp(name, ends[d]) == 0) ck_assert_msg(net->owner[i] == d, "%s: %d", name, net->owner[i]);
        if (strcmp(name, "conv reduce") == 0) ck_assert_int_eq(net->owner[i], RGM_CONV_BACKWARD_WEIGHTS);
        if (net->owner[i] >= 0) owned[net->owner[i]]++;
    }
    for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++) {
        int32_t there = d != RGM_CONV_BACKWARD_DATA || !net->layer->input;
        ck_assert_int_eq(owned[d] > 0, there);
        ck_assert_int_eq(net->way[d] != RGM_WAY_AUTO, there);
    }
}

START_TEST(owners) {
    rgm_layers l = {NULL, 0};
    rgm_error err = {0};
    rgm_layer_means means = {.kernels = rgm_kernels_get(_i)};
    if (!has_isa(_i)) SKIP(rgm_isa_name(_i));
    fine(parse(&l, layers_text, &err), &err);
    fine(rgm_team_create(&means.team, &(rgm_team_options){2, RGM_PIN_OFF}, &err), &err);
    fine(rgm_engine_create(&means.engine, _i, means.kernels->block, 2, &err), &err);
    for (int32_t i = 0; i < l.count; i++)
        for (int32_t way = RGM_WAY_AUTO; way <= RGM_WAY_ONEDNN_WINOGRAD; way++) {
            rgm_layer_data data;
            rgm_layer_net net;
            if (way == RGM_WAY_ONEDNN_WINOGRAD && !rgm_engine_has_winograd(means.engine)) continue;
            fine(rgm_layer_data_make(&data, &l.list[i], &means, 0, &err), &err);
            fine(rgm_layer_net_make(&net, &l.list[i], &means, (rgm_layer_use){&data, 0, way}, &err), &err);
            check_owners(&net);
            fine(rgm_layer_net_run(&net, &err), &err);
            rgm_layer_net_free(&net);
            rgm_layer_data_free(&data);
        }
    rgm_engine_destroy(means.engine);
    rgm_team_destroy(means.team);
    rgm_layers_free(&l);
}
END_TEST

/* Runs bench ops --errors on the layers above and returns its document. */
static json_t *errors_of(int32_t isa) {
    static rgm_config config;
    static char list[] = "/tmp/regimen-check-XXXXXX", result[64];
    const char *names[] = {list};
    rgm_error err = {0};
    int fd = mkstemp(list);
    ck_assert(fd >= 0 && write(fd, layers_text, sizeof layers_text - 1) == sizeof layers_text - 1);
    close(fd);
    snprintf(result, sizeof result, "%s.json", list);
    fine(rgm_config_init(&config, &err), &err);
    config.threads = 2;
    snprintf(config.isa, sizeof config.isa, "%s", rgm_isa_name(isa));
    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
    fine(
        rgm_bench_ops(&config, &(rgm_bench_ops_options){.names = names, .count = 1, .errors = 1, .json = result}, &err),
        &err);
    json_t *json = json_load_file(result, 0, NULL);
    unlink(list);
    unlink(result);
    ck_assert_ptr_nonnull(json);
    return json;
}

/* A sum of n products in single precision is off by some roundings of its partial sums, at most sqrt(n) on average;
 * Winograd by 8 times that, F(2x2, 3x3) by twice. A mistake of the layout, of a tap or of a direction would be off by
 * 2^24. */
START_TEST(errors) {
    if (!has_isa(_i)) SKIP(rgm_isa_name(_i));
    json_t *json = errors_of(_i), *result;
    size_t i, seen[5] = {0};
    json_array_foreach(json_object_get(json, "results"), i, result) {
        const char *name = json_string_value(json_object_get(result, "name"));
        double value = json_number_value(json_object_get(result, "median"));
        double roundings = sqrt(9.0 * 140) * (strstr(name, "winograd-2x2") ? 2 : strstr(name, "winograd") ? 8 : 1);
        if (!strstr(name, "rms")) continue;
        ck_assert_msg(value > 0 && value < roundings, "%s: %g", name, value);
        seen[strstr(name, "onednn-winograd") ? 4
             : strstr(name, "winograd-2x2")  ? 3
             : strstr(name, "winograd")      ? 2
             : strstr(name, "direct")        ? 1
                                             : 0]++;
    }
    ck_assert_uint_eq(seen[0], 6 * 3 + 2 * 2);
    ck_assert_uint_eq(seen[1], 5 * 3 + 2);
    ck_assert_uint_eq(seen[2], 3 * 3 + 2); /* one of stride 2 */
    ck_assert_uint_eq(seen[3], 2 * 3 + 2);
    ck_assert(seen[4] == 0 || seen[4] == 2 * 3 + 2);
    json_decref(json);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bench ops");
    TCase *cases = tcase_create("layers");
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, good_lists);
    tcase_add_test(cases, wrong_lists);
    tcase_add_test(cases, networks);
    tcase_add_loop_test(cases, owners, RGM_ISA_GENERIC16, RGM_ISA_COUNT);
    tcase_add_loop_test(cases, errors, RGM_ISA_GENERIC16, RGM_ISA_COUNT);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
