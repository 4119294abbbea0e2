/* Every operation of the network, in small graphs run as the trainer runs them, on every ISA the machine has: logits
 * and running statistics against the double-precision oracle, every parameter's gradient against its signed central
 * differences. A graph is: input -> 1x1 convolution with bias (so that the operation's input trains: the stem's
 * gradients are those of the operation's input) -> operation -> features -> linear layer -> a fixed linear loss. */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "ops/ops.h"
#include "plan/build.h"
#include "plan/finite.h"
#include "netcase.h"

static const int32_t batches[] = {1, 2, 3, 5};

static int32_t conv(rgm_graph *g, int32_t x, const char *name, rgm_conv_spec spec) {
    return rgm_graph_conv(g, x, name, &spec);
}

/* ---- convolutions, stems ---- */

START_TEST(convolutions) {
    static const struct {
        int32_t C, H, W;
        rgm_conv_spec spec;
    } t[] = {
        {1, 1, 1, {1, 1, 1, 0, 0, 0}},  {3, 7, 5, {5, 3, 1, 1, 0, 1}},    {5, 6, 9, {17, 3, 2, 1, 0, 0}},
        {17, 5, 5, {3, 1, 2, 0, 0, 1}}, {16, 4, 4, {16, 3, 1, 1, 0, 0}},  {8, 9, 7, {8, 5, 3, 2, 0, 1}},
        {6, 7, 7, {9, 3, 2, 0, 3, 1}},  {16, 6, 5, {16, 3, 1, 1, 16, 0}}, {32, 5, 4, {32, 3, 2, 1, 2, 1}},
        {20, 3, 3, {4, 3, 1, 2, 4, 0}}, {17, 7, 6, {5, 3, 2, 1, 0, 1}},
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        netcase c = netcase_begin(_i, batches[i % 4], 3, t[i].H, t[i].W, "conv %zu", i);
        int32_t x = netcase_stem(&c, t[i].C);
        netcase_check(&c, conv(c.graph, x, "conv", t[i].spec));
    }
}
END_TEST

/* The network's input goes straight into the convolution, in either layout the engine prefers. */
START_TEST(stems) {
    static const struct {
        int32_t C, H, W;
        rgm_conv_spec spec;
    } t[] = {{3, 9, 11, {16, 7, 2, 3, 0, 0}}, {1, 8, 8, {16, 3, 1, 1, 0, 0}}, {3, 5, 6, {5, 3, 1, 1, 0, 1}},
             {4, 7, 7, {9, 7, 2, 3, 0, 0}},   {9, 5, 5, {9, 3, 1, 1, 3, 1}},  {17, 4, 3, {64, 3, 1, 1, 0, 0}}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        netcase c = netcase_begin(_i, batches[i % 4], t[i].C, t[i].H, t[i].W, "stem %zu", i);
        int32_t x = conv(c.graph, rgm_graph_input(c.graph), "conv1", t[i].spec);
        x = rgm_graph_batchnorm(c.graph, x, RGM_NO_TENSOR, "bn1", RGM_BN_RELU);
        if (t[i].spec.window == 7) x = rgm_graph_maxpool(c.graph, x, 3, 2, 1);
        netcase_check(&c, x);
    }
    netcase c = netcase_begin(_i, 3, 3, 5, 5, "two convolutions of the input");
    int32_t in = rgm_graph_input(c.graph);
    int32_t a = conv(c.graph, in, "a", (rgm_conv_spec){8, 3, 1, 1, 0, 0});
    int32_t b = conv(c.graph, in, "b", (rgm_conv_spec){8, 1, 1, 0, 0, 1});
    netcase_check(&c, rgm_graph_add(c.graph, a, b));
}
END_TEST

/* ---- batch norm ---- */

START_TEST(batchnorms) {
    static const int32_t channels[] = {1, 3, 5, 8, 16, 17};
    for (int32_t i = 0; i < 24; i++) {
        int32_t relu = i & 1 ? RGM_BN_RELU : 0, residual = i >> 1 & 1, twice = i / 4 % 2, C = channels[i % 6];
        netcase c = netcase_begin(_i, batches[1 + i % 3], 2, 1 + i % 5, 3 + i % 2, "batch norm %d", i);
        int32_t x = netcase_stem(&c, C), r = RGM_NO_TENSOR;
        if (residual) r = twice ? x : conv(c.graph, x, "side", (rgm_conv_spec){C, 1, 1, 0, 0, 0});
        int32_t y = rgm_graph_batchnorm(c.graph, x, r, "bn", relu);
        if (twice) y = rgm_graph_add(c.graph, rgm_graph_activation(c.graph, y, RGM_TANH, 0), y);
        netcase_check(&c, y);
    }
}
END_TEST

/* Degenerate ones: a scale of zero, a single value per channel (variance 0), the network's input normalised. */
START_TEST(batchnorm_edges) {
    netcase c = netcase_begin(_i, 3, 2, 4, 4, "zero scale");
    int32_t x = netcase_stem(&c, 5);
    int32_t r = conv(c.graph, x, "side", (rgm_conv_spec){5, 3, 1, 1, 0, 1});
    c.zero_scale = 1;
    netcase_check(&c, rgm_graph_batchnorm(c.graph, x, r, "bn", RGM_BN_RELU | RGM_BN_ZERO_SCALE));

    c = netcase_begin(_i, 1, 3, 1, 1, "one value per channel");
    x = netcase_stem(&c, 9);
    c.slack = 1 / sqrt(1e-5); /* rstd with a variance of 0: what should cancel is that much larger */
    netcase_check(&c, rgm_graph_batchnorm(c.graph, x, RGM_NO_TENSOR, "bn", RGM_BN_RELU));

    c = netcase_begin(_i, 2, 3, 5, 3, "normalised input");
    x = rgm_graph_batchnorm(c.graph, rgm_graph_input(c.graph), RGM_NO_TENSOR, "bn", 0);
    netcase_check(&c, x);

    c = netcase_begin(_i, 2, 3, 5, 3, "the input as residual");
    x = conv(c.graph, rgm_graph_input(c.graph), "conv", (rgm_conv_spec){3, 3, 1, 1, 0, 0});
    netcase_check(&c, rgm_graph_batchnorm(c.graph, x, rgm_graph_input(c.graph), "bn", RGM_BN_RELU));

    c = netcase_begin(_i, 4, 1, 16, 16, "a large mean");
    x = netcase_stem(&c, 3);
    c.stem_shift = 1000; /* leaves 14 bits of the values; the statistics must not lose more */
    c.slack = 1000;
    netcase_check(&c, rgm_graph_batchnorm(c.graph, x, RGM_NO_TENSOR, "bn", 0));
}
END_TEST

/* What a batch norm leaves pending: one consumer and several, with and without ReLU, a join, and consumers that cannot
 * apply it. Its shift is not zero, so padding before it would show. */
START_TEST(pendings) {
    for (int32_t i = 0; i < 12; i++) {
        int32_t relu = i & 1 ? RGM_BN_RELU : 0, C = i % 3 ? 5 : 17;
        netcase c = netcase_begin(_i, batches[i % 4], 2, 5 - i % 2, 6, "pending %d", i);
        rgm_conv_spec same = {C, 3, 1, 1, 0, 0}, side = {C, 1, 1, 0, 0, 0};
        int32_t y = rgm_graph_batchnorm(c.graph, netcase_stem(&c, C), RGM_NO_TENSOR, "bn1", relu);
        int32_t z = conv(c.graph, y, "conv", same);
        if (i / 2 == 1) z = rgm_graph_batchnorm(c.graph, z, y, "join", RGM_BN_RELU);
        if (i / 2 == 2) z = rgm_graph_add(c.graph, z, conv(c.graph, y, "side", side));
        if (i / 2 == 3) z = rgm_graph_batchnorm(c.graph, z, conv(c.graph, y, "other", same), "join", 0);
        if (i / 2 == 4) z = rgm_graph_batchnorm(c.graph, z, rgm_graph_plugin(c.graph, y, "plugin"), "join", 0);
        if (i / 2 == 5) { /* a shortcut with a batch norm of its own */
            int32_t s = rgm_graph_batchnorm(c.graph, conv(c.graph, y, "side", side), RGM_NO_TENSOR, "bn2", relu);
            z = rgm_graph_batchnorm(c.graph, z, s, "join", RGM_BN_RELU);
        }
        netcase_check(&c, z);
    }
    for (int32_t i = 0; i < 6; i++) { /* pools, of several images and blocks */
        netcase c = netcase_begin(_i, 3, 2, 6, 5, "pending pool %d", i);
        int32_t y = netcase_stem(&c, 18);
        y = rgm_graph_batchnorm(c.graph, y, RGM_NO_TENSOR, "bn1", i & 1 ? RGM_BN_RELU : 0);
        netcase_check(&c, i / 2 == 0   ? rgm_graph_maxpool(c.graph, y, 3, 2, 1)
                          : i / 2 == 1 ? rgm_graph_avgpool(c.graph, y, 2, 2, 0)
                                       : rgm_graph_global_pool(c.graph, y));
    }
}
END_TEST

/* ---- the others ---- */

START_TEST(activations) {
    static const float slopes[] = {0, 0.1f, 0, 0, 0, 1};
    static const int32_t kinds[] = {RGM_RELU, RGM_LEAKY_RELU, RGM_SIGMOID, RGM_TANH, RGM_LEAKY_RELU, RGM_LEAKY_RELU};
    for (int32_t i = 0; i < 6; i++) {
        netcase c = netcase_begin(_i, batches[i % 4], 2, 3, 5, "activation %d of an image", i);
        int32_t x = rgm_graph_activation(c.graph, netcase_stem(&c, 5), kinds[i], slopes[i]);
        /* a grouped convolution sees the block's padding lanes, which a sigmoid fills */
        netcase_check(&c, conv(c.graph, x, "conv", (rgm_conv_spec){10, 3, 1, 1, 5, 0}));

        c = netcase_begin(_i, batches[i % 4], 2, 3, 3, "activation %d of features", i);
        x = rgm_graph_linear(c.graph, rgm_graph_input(c.graph), "fc0", 13, 0);
        netcase_check(&c, rgm_graph_activation(c.graph, x, kinds[i], slopes[i]));
    }
}
END_TEST

START_TEST(sums) {
    netcase c = netcase_begin(_i, 3, 2, 3, 3, "x + x");
    int32_t x = netcase_stem(&c, 9);
    netcase_check(&c, rgm_graph_add(c.graph, x, x));

    c = netcase_begin(_i, 2, 2, 4, 3, "relu + relu: gradients share a buffer, nobody may overwrite it");
    x = netcase_stem(&c, 5);
    int32_t a = rgm_graph_activation(c.graph, conv(c.graph, x, "a", (rgm_conv_spec){5, 3, 1, 1, 0, 0}), RGM_RELU, 0);
    int32_t b = rgm_graph_activation(c.graph, conv(c.graph, x, "b", (rgm_conv_spec){5, 3, 1, 1, 0, 0}), RGM_TANH, 0);
    netcase_check(&c, rgm_graph_activation(c.graph, rgm_graph_add(c.graph, a, b), RGM_SIGMOID, 0));

    c = netcase_begin(_i, 5, 3, 4, 4, "with the input, which needs no gradient");
    x = conv(c.graph, rgm_graph_input(c.graph), "a", (rgm_conv_spec){3, 3, 1, 1, 0, 0});
    netcase_check(&c, rgm_graph_add(c.graph, rgm_graph_input(c.graph), x));

    c = netcase_begin(_i, 4, 3, 2, 2, "of features");
    a = rgm_graph_linear(c.graph, rgm_graph_input(c.graph), "a", 7, 0);
    b = rgm_graph_activation(c.graph, a, RGM_TANH, 0);
    netcase_check(&c, rgm_graph_add(c.graph, a, rgm_graph_add(c.graph, b, a)));
}
END_TEST

/* A tensor that 2, 3, 4 and 5 operations read. */
START_TEST(many_readers) {
    for (int32_t readers = 2; readers <= 5; readers++)
        for (int32_t kind = 0; kind < 3; kind++) {
            netcase c = netcase_begin(_i, 3, 2, 4, 5, "%d readers of kind %d", readers, kind);
            int32_t x = netcase_stem(&c, 6), sum = RGM_NO_TENSOR;
            if (kind == 1) x = rgm_graph_batchnorm(c.graph, x, RGM_NO_TENSOR, "bn", RGM_BN_RELU);
            if (kind == 2) x = rgm_graph_batchnorm(c.graph, x, x, "bn", RGM_BN_RELU);
            for (int32_t i = 0; i < readers; i++) {
                char name[8];
                snprintf(name, sizeof name, "c%d", i);
                int32_t y = i == 2 ? rgm_graph_activation(c.graph, x, RGM_TANH, 0)
                                   : conv(c.graph, x, name, (rgm_conv_spec){6, 1 + 2 * (i & 1), 1, i & 1, 0, 0});
                sum = i ? rgm_graph_add(c.graph, sum, y) : y;
            }
            netcase_check(&c, sum);
        }
}
END_TEST

START_TEST(pools) {
    static const struct {
        int32_t C, H, W, window, stride, pad;
    } t[] = {{1, 4, 4, 2, 2, 0}, {3, 7, 5, 3, 2, 1},  {17, 5, 6, 3, 1, 1}, {8, 6, 9, 2, 3, 1},
             {5, 3, 3, 3, 1, 0}, {16, 1, 1, 2, 1, 1}, {9, 8, 7, 5, 2, 2},  {2, 15, 15, 15, 1, 7}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        netcase c = netcase_begin(_i, batches[i % 4], 2, t[i].H, t[i].W, "maximum %zu", i);
        int32_t x = netcase_stem(&c, t[i].C);
        netcase_check(&c, rgm_graph_maxpool(c.graph, x, t[i].window, t[i].stride, t[i].pad));
        c = netcase_begin(_i, batches[i % 4], 2, t[i].H, t[i].W, "average %zu", i);
        x = netcase_stem(&c, t[i].C);
        netcase_check(&c, rgm_graph_avgpool(c.graph, x, t[i].window, t[i].stride, t[i].pad));
        c = netcase_begin(_i, batches[i % 4], 2, t[i].H, t[i].W, "global %zu", i);
        x = netcase_stem(&c, t[i].C);
        netcase_check(&c, rgm_graph_global_pool(c.graph, x));
    }
    netcase c = netcase_begin(_i, 2, 3, 6, 6, "pools of the input");
    int32_t in = rgm_graph_input(c.graph);
    int32_t x =
        rgm_graph_add(c.graph, rgm_graph_maxpool(c.graph, in, 2, 2, 0), rgm_graph_avgpool(c.graph, in, 2, 2, 0));
    netcase_check(&c, x);
}
END_TEST

START_TEST(linears) {
    for (int32_t i = 0; i < 4; i++) {
        netcase c = netcase_begin(_i, batches[i], 3 - i / 2, 2, 3 + i, "hidden layers %d", i);
        int32_t x = rgm_graph_linear(c.graph, rgm_graph_input(c.graph), "fc0", 1 + 16 * i, 0);
        x = rgm_graph_activation(c.graph, x, RGM_RELU, 0);
        x = rgm_graph_linear(c.graph, x, "fc1", 9, RGM_LINEAR_NO_BIAS);
        netcase_check(&c, x);
    }
    netcase c = netcase_begin(_i, 133, 1, 2, 2, "more images than chunks"); /* 16 chunks of 8 or 9 */
    netcase_check(&c, rgm_graph_linear(c.graph, rgm_graph_input(c.graph), "fc0", 263, 0));
    c = netcase_begin(_i, 3, 2, 3, 3, "flattened input");
    netcase_check(&c, rgm_graph_flatten(c.graph, rgm_graph_input(c.graph)));
    c = netcase_begin(_i, 3, 2, 3, 3, "the input, linear and convolved");
    int32_t x = conv(c.graph, rgm_graph_input(c.graph), "conv", (rgm_conv_spec){6, 3, 1, 1, 0, 1});
    int32_t a = rgm_graph_linear(c.graph, rgm_graph_input(c.graph), "a", 6, 0);
    netcase_check(&c, rgm_graph_add(c.graph, rgm_graph_global_pool(c.graph, x), a));
}
END_TEST

START_TEST(shortcuts) {
    static const struct {
        int32_t C, H, W, to, stride;
    } t[] = {{16, 4, 4, 32, 2}, {8, 5, 7, 16, 2}, {5, 5, 5, 10, 2}, {3, 3, 4, 3, 1},
             {17, 1, 1, 40, 2}, {1, 7, 2, 2, 3},  {6, 4, 4, 20, 1}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        netcase c = netcase_begin(_i, batches[i % 4], 2, t[i].H, t[i].W, "shortcut %zu", i);
        int32_t x = netcase_stem(&c, t[i].C);
        if (i % 2) x = rgm_graph_activation(c.graph, x, RGM_SIGMOID, 0); /* fills the block's padding lanes */
        int32_t y = rgm_graph_shortcut(c.graph, x, t[i].to, t[i].stride);
        netcase_check(&c, conv(c.graph, y, "conv", (rgm_conv_spec){7, 1, 1, 0, 0, 0}));
    }
}
END_TEST

/* Plugin activations act in training and pass through in evaluation, where their output is their input's buffer: the
 * activation behind one must not overwrite what others still read. */
START_TEST(plugins) {
    netcase c = netcase_begin(_i, 5, 2, 4, 3, "plugins");
    int32_t x = netcase_stem(&c, 5);
    int32_t a = rgm_graph_activation(c.graph, rgm_graph_plugin(c.graph, x, "p1"), RGM_TANH, 0);
    int32_t b = rgm_graph_plugin(c.graph, rgm_graph_plugin(c.graph, x, "p2"), "p3");
    b = rgm_graph_activation(c.graph, b, RGM_RELU, 0);
    int32_t y = rgm_graph_add(c.graph, a, b);
    netcase_check(&c, rgm_graph_add(c.graph, y, conv(c.graph, x, "conv", (rgm_conv_spec){5, 3, 1, 1, 0, 0})));

    c = netcase_begin(_i, 3, 2, 3, 3, "plugin before the classifier");
    x = rgm_graph_linear(c.graph, rgm_graph_input(c.graph), "fc0", 5, 0);
    netcase_check(&c, rgm_graph_plugin(c.graph, x, "dropout"));

    c = netcase_begin(_i, 4, 3, 3, 3, "plugin on the input");
    x = rgm_graph_plugin(c.graph, rgm_graph_input(c.graph), "noise");
    x = rgm_graph_activation(c.graph, x, RGM_RELU, 0);
    a = conv(c.graph, x, "conv", (rgm_conv_spec){3, 3, 1, 1, 0, 0});
    netcase_check(&c, rgm_graph_add(c.graph, a, rgm_graph_input(c.graph)));
}
END_TEST

/* ---- mistakes of operations ---- */

enum { NO_MISTAKE, TWO_BUFFERS, BUFFER_AND_PARAMETER };
static int32_t mistake;
static void *mistaken_slot;

/* Flatten, and a second phase that gives a slot of the first to something else. */
static rgm_status give_slot_twice(rgm_plan *plan, int32_t node, rgm_error *err) {
    RGM_TRY(rgm_op_flatten.forward(plan, node, err));
    rgm_buffer a = rgm_plan_buffer(plan, 64), b = rgm_plan_buffer(plan, 64);
    rgm_plan_use(plan, a, &mistaken_slot);
    rgm_plan_use(plan, a, &mistaken_slot); /* the same again is fine */
    rgm_plan_use(plan, b, NULL);
    RGM_TRY(rgm_plan_phase(plan, node, &(rgm_phase_spec){"again", NULL, plan, 1}, err));
    if (mistake == TWO_BUFFERS) rgm_plan_use(plan, b, &mistaken_slot);
    if (mistake == BUFFER_AND_PARAMETER) rgm_plan_param(plan, 0, &mistaken_slot);
    return RGM_OK;
}

/* A slot of two buffers would hold the last one's address in both phases: wrong numbers, and no other sign. */
START_TEST(slots_of_two_buffers) {
    netcase c = netcase_begin(RGM_ISA_REFERENCE, 2, 3, 4, 4, "slots");
    int32_t x = rgm_graph_flatten(c.graph, netcase_stem(&c, 5));
    netrun r;
    rgm_error err = {0};
    rgm_op mistaken = rgm_op_flatten;
    const rgm_op *ops[RGM_OP_COUNT];
    netrun_fine(rgm_graph_finish(c.graph, rgm_graph_linear(c.graph, x, "fc", 3, 0), &err), &err, "graph");
    netrun_open(&r, c.graph, RGM_ISA_REFERENCE, 2, 1, 1);
    memcpy(ops, rgm_op_table, sizeof ops);
    mistaken.forward = give_slot_twice;
    ops[RGM_OP_FLATTEN] = &mistaken;
    rgm_plan_options o = *rgm_plan_get(r.plan);
    o.ops = ops;
    for (mistake = NO_MISTAKE; mistake <= BUFFER_AND_PARAMETER; mistake++) {
        rgm_plan *plan;
        rgm_status status = rgm_plan_create(&plan, &o, &err);
        if (mistake == NO_MISTAKE) {
            netrun_fine(status, &err, "plan");
            rgm_plan_destroy(plan);
            continue;
        }
        char name[64];
        snprintf(name, sizeof name,
                 "plan: %s again: ", rgm_graph_node(c.graph, rgm_graph_tensor(c.graph, x)->producer)->name);
        ck_assert_int_eq(status, RGM_E_INTERNAL);
        ck_assert_ptr_null(plan);
        ck_assert_msg(strncmp(err.text, name, strlen(name)) == 0, "expected '%s' in: %s", name, err.text);
    }
    netrun_close(&r);
    rgm_graph_destroy(c.graph);
}
END_TEST

/* ---- the first bad layer ---- */

static rgm_graph *resnet20(int32_t base) {
    return netrun_family(
        (rgm_family_options){.name = "resnet20", .C = 3, .H = 16, .W = 16, .outputs = 3, .base = base});
}

/* Forward with one value of a parameter replaced; what rgm_plan_first_bad says. */
static const char *first_bad(netrun *r, const char *name, float value) {
    float x[2 * 3 * 16 * 16];
    netrun_uniform(3, 999, -1, 1, x, sizeof x / sizeof *x);
    netrun_draw(r, 3);
    if (name) r->value[netrun_find(r->graph, name)->offset] = value;
    netrun_input(r, x);
    netrun_forward(r);
    return rgm_plan_first_bad(r->plan, r->team);
}

START_TEST(first_bad_layer) {
    rgm_graph *g = resnet20(8);
    netrun r;
    netrun_open(&r, g, RGM_ISA_REFERENCE, 2, 1, 1);
    ck_assert_ptr_null(first_bad(&r, NULL, 0));
    ck_assert_ptr_null(first_bad(&r, "fc.bias", 1e30f)); /* large, yet a number */
    ck_assert_str_eq(first_bad(&r, "layer2.1.conv2.weight", NAN), "layer2.1.conv2");
    ck_assert_str_eq(first_bad(&r, "conv1.weight", INFINITY), "conv1");
    ck_assert_str_eq(first_bad(&r, "layer1.0.bn1.bias", NAN), "layer1.0.bn1");
    ck_assert_str_eq(first_bad(&r, "fc.bias", -INFINITY), "fc");
    netrun_close(&r);
    rgm_graph_destroy(g);
}
END_TEST

/* Outputs that are not there once the forward pass is over: pending, or made again for the backward pass, in low memory
 * those of convolutions and joins too. Weights of each convolution in turn, so that any layer is the first. */
START_TEST(first_bad_unwritten) {
    rgm_graph *g = resnet20(16);
    netrun r;
    netrun_conv = _i ? RGM_WAY_ONEDNN : RGM_WAY_AUTO;
    netrun_knobs.remake = _i ? 1 : 0;
    netrun_memory = _i == 2 ? RGM_MEMORY_LOW : RGM_MEMORY_NORMAL;
    netrun_knobs.segments = _i == 2 ? RGM_PLAN_SEGMENTS : 0;
    netrun_open(&r, g, RGM_ISA_REFERENCE, 2, 1, 1);
    ck_assert_ptr_null(first_bad(&r, NULL, 0));
    ck_assert_str_eq(first_bad(&r, "layer1.0.bn1.bias", NAN), "layer1.0.bn1");
    ck_assert_str_eq(first_bad(&r, "bn1.weight", INFINITY), "bn1");
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) {
        const rgm_node *node = rgm_graph_node(g, i);
        if (node->op == RGM_OP_CONV)
            ck_assert_str_eq(first_bad(&r, rgm_graph_param(g, node->weight)->name, NAN), node->name);
    }
    netrun_close(&r);
    rgm_graph_destroy(g);
}
END_TEST

/* ---- any graph ---- */

/* One more operation on tensors drawn among `count` of the same shape. */
static int32_t any_node(rgm_graph *g, const rgm_rng *rng, uint64_t *draws, const int32_t *tensors, int32_t count,
                        int32_t C) {
    char name[16];
    snprintf(name, sizeof name, "n%d", count);
    int32_t a = tensors[rgm_rng_below(rng, (*draws)++, (uint64_t)count)];
    int32_t b = tensors[rgm_rng_below(rng, (*draws)++, (uint64_t)count)];
    switch (rgm_rng_below(rng, (*draws)++, 10)) {
    case 0:
        return conv(g, a, name, (rgm_conv_spec){C, 3, 1, 1, 0, 1});
    case 1:
        return conv(g, a, name, (rgm_conv_spec){C, 1, 1, 0, 0, 0});
    case 2:
        return rgm_graph_batchnorm(g, a, RGM_NO_TENSOR, name, RGM_BN_RELU);
    case 3:
        return rgm_graph_batchnorm(g, a, b, name, RGM_BN_RELU);
    case 4:
        return rgm_graph_batchnorm(g, a, b, name, 0);
    case 5:
        return rgm_graph_activation(g, a, RGM_TANH, 0);
    case 6:
        return rgm_graph_activation(g, a, RGM_LEAKY_RELU, 0.25f);
    case 7:
        return rgm_graph_plugin(g, a, name);
    case 8:
        return rgm_graph_maxpool(g, a, 3, 1, 1);
    default:
        return rgm_graph_add(g, a, b);
    }
}

/* Random graphs of eight operations on tensors of one shape: every way in which gradients meet and buffers are shared
 * turns up. What nothing reads is added up at the end. */
START_TEST(any_graphs) {
    static const int32_t channels[] = {3, 8, 16, 17};
    for (uint64_t seed = 1 + 24 * (uint64_t)_i; seed <= 24 + 24 * (uint64_t)_i; seed++) {
        rgm_rng rng = {.seed = seed, .stream = RGM_STREAM(RGM_STREAM_TEST, 1)};
        uint64_t draws = 0;
        int32_t C = channels[seed % 4], tensors[10], count = 1;
        netcase c = netcase_begin(_i, 2 + (int32_t)(seed % 3), 2, 3, 4, "random graph %d", (int)seed);
        c.samples = 6;
        tensors[0] = netcase_stem(&c, C);
        while (count < 9) {
            tensors[count] = any_node(c.graph, &rng, &draws, tensors, count, C);
            count++;
        }
        int32_t sum = tensors[count - 1];
        for (int32_t i = 0; i < count - 1; i++)
            if (rgm_graph_tensor(c.graph, tensors[i])->consumers == 0) sum = rgm_graph_add(c.graph, sum, tensors[i]);
        netcase_check(&c, sum);
    }
}
END_TEST

int main(void) {
    netrun_tell_sets();
    Suite *suite = suite_create("ops");
    TCase *cases = tcase_create("every ISA");
    tcase_set_timeout(cases, 300);
    const TTest *const tests[] = {convolutions, stems, batchnorms, batchnorm_edges, pendings, activations, sums,
                                  many_readers, pools, linears,    shortcuts,       plugins,  any_graphs};
    for (int32_t i = 0; i < (int32_t)(sizeof tests / sizeof *tests); i++)
        for (int32_t isa = 0; isa < RGM_ISA_COUNT; isa++)
            if (netrun_has(isa)) tcase_add_loop_test(cases, tests[i], isa, isa + 1);
    tcase_add_test(cases, slots_of_two_buffers);
    tcase_add_test(cases, first_bad_layer);
    tcase_add_loop_test(cases, first_bad_unwritten, 0, 3);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
