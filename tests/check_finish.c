/* What evaluation does otherwise than training: operations done in another one's store, layers taken image by image,
 * outputs in buffers that have been read. All of it against plans that do none of it (rgm_plan_knobs.apart), which
 * check_ops.c holds to the oracle. */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "plan/finite.h"
#include "plan/rows.h"
#include "netrun.h"

enum { OUTPUTS = 7 };

static rgm_graph *family(const char *name, rgm_family_options o) {
    o.name = name;
    o.outputs = OUTPUTS;
    return netrun_family(o);
}

static rgm_graph *begin(int32_t C, int32_t H, int32_t W) {
    rgm_graph *g;
    rgm_error err = {0};
    netrun_fine(rgm_graph_create(&g, C, H, W, &err), &err, "graph");
    return g;
}

static void end(rgm_graph *g, int32_t x) {
    rgm_error err = {0};
    if (rgm_graph_tensor(g, x)->image) x = rgm_graph_global_pool(g, x);
    netrun_fine(rgm_graph_finish(g, rgm_graph_linear(g, x, "fc", OUTPUTS, RGM_LINEAR_HEAD), &err), &err, "graph");
}

static int32_t conv(rgm_graph *g, int32_t x, const char *name, rgm_conv_spec spec) {
    return rgm_graph_conv(g, x, name, &spec);
}

static int32_t count_op(const rgm_graph *g, int32_t op) {
    int32_t count = 0;
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) count += rgm_graph_node(g, i)->op == op;
    return count;
}

static float bn_scale = 1; /* of all batch norms, a factor */

static void multiply_scales(netrun *r) {
    for (int32_t i = 0; i < rgm_graph_node_count(r->graph); i++) {
        if (rgm_graph_node(r->graph, i)->op != RGM_OP_BATCHNORM) continue;
        const rgm_param *p = rgm_graph_param(r->graph, rgm_graph_node(r->graph, i)->weight);
        for (int64_t k = 0; k < p->count; k++) r->value[p->offset + k] *= bn_scale;
    }
}

/* Logits of N images, [N][OUTPUTS], to be freed. The arena holds `filling` before. */
static float *evaluate(const rgm_graph *g, int32_t isa, int32_t N, int32_t threads, int32_t apart, int32_t filling) {
    const rgm_tensor *in = rgm_graph_tensor(g, 0);
    int64_t inputs = (int64_t)N * in->C * in->H * in->W;
    float *x = malloc(sizeof *x * (size_t)inputs), *logits = malloc(sizeof *logits * (size_t)N * OUTPUTS);
    ck_assert(x && logits);
    netrun r;
    netrun_knobs.apart = apart;
    netrun_open(&r, g, isa, N, threads, 0);
    netrun_knobs.apart = 0;
    netrun_draw(&r, 5);
    multiply_scales(&r);
    netrun_uniform(5, 999, -1, 1, x, inputs);
    netrun_poison(&r, filling);
    for (int32_t turn = 0; turn < 2; turn++) { /* what is left over from a batch must not reach the next */
        netrun_input(&r, x);
        netrun_forward(&r);
    }
    netrun_logits(&r, logits);
    netrun_close(&r);
    free(x);
    return logits;
}

static int32_t largest(const float *z) {
    int32_t best = 0;
    for (int32_t i = 1; i < OUTPUTS; i++) best = z[i] > z[best] ? i : best;
    return best;
}

/* A layer adds roundings of its own: of a weight that is scaled, of an addend less, half an ulp each, at random, and so
 * does the layer of the other plan; they pass through the layers behind, whose norms keep their size. Four ulps a
 * convolution is what that comes to when all layers err in the same direction. */
static void expect_near(const rgm_graph *g, int32_t N, const float *a, const float *b, const char *what) {
    double error = 0, size = 0, bound = 4 * (double)FLT_EPSILON * (1 + count_op(g, RGM_OP_CONV));
    for (int32_t i = 0; i < N * OUTPUTS; i++) {
        error += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
    }
    ck_assert_msg(size > 0 && sqrt(error) <= bound * sqrt(size), "%s: off by %.3g of %.3g (at most %.3g)", what,
                  sqrt(error), sqrt(size), bound * sqrt(size));
    for (int32_t n = 0; n < N; n++) ck_assert_int_eq(largest(a + n * OUTPUTS), largest(b + n * OUTPUTS));
}

static void compare(const rgm_graph *g, int32_t isa, int32_t N, const char *what) {
    float *apart = evaluate(g, isa, N, 1, 1, 0xFF), *joined = evaluate(g, isa, N, 3, 0, 0xFF);
    expect_near(g, N, joined, apart, what);
    free(apart);
    free(joined);
}

/* ---- the families ---- */

typedef struct variant {
    const char *name;
    rgm_family_options o;
} variant;

static const variant variants[] = {
    {"resnet20", {.C = 1, .H = 28, .W = 28, .base = 8}},
    {"resnet20", {.C = 3, .H = 17, .W = 13, .base = 5, .shortcut_a = 1}},
    {"resnet20", {.C = 3, .H = 16, .W = 16, .base = 16, .shortcut_a = 1}},
    {"resnet18", {.C = 3, .H = 24, .W = 40, .base = 16, .imagenet_stem = 1}},
    {"resnet18", {.C = 3, .H = 16, .W = 16, .base = 17}},
    {"resnet34", {.C = 3, .H = 12, .W = 12, .base = 8, .zero_init = 1}},
    {"resnet50", {.C = 3, .H = 40, .W = 24, .base = 8, .imagenet_stem = 1}},
    {"resnet50", {.C = 3, .H = 12, .W = 12, .base = 16}},
    {"resnet20", {.C = 3, .H = 8, .W = 8, .base = 8, .head_plugin = "dropout"}},
    {"cnn", {.C = 3, .H = 16, .W = 12}},
    {"mlp", {.C = 1, .H = 6, .W = 6}},
    {"linear", {.C = 1, .H = 6, .W = 6}},
};
enum { FAMILIES = sizeof variants / sizeof *variants };

START_TEST(families) {
    static const int32_t batches[] = {1, 3, 4, 8, 5, 6, 16};
    for (int32_t i = 0; i < FAMILIES; i++) {
        rgm_graph *g = family(variants[i].name, variants[i].o);
        for (netrun_conv = RGM_WAY_AUTO; netrun_conv <= RGM_WAY_ONEDNN; netrun_conv++) {
            if (!netrun_turn(_i, RGM_ISA_REFERENCE, (size_t)(i + netrun_conv))) continue;
            char what[64];
            snprintf(what, sizeof what, "%s, variant %d, conv %d", variants[i].name, i, netrun_conv);
            compare(g, _i, batches[i % 7], what);
        }
        rgm_graph_destroy(g);
    }
}
END_TEST

/* Our own products scale, shift and add in the store as a batch norm of its own does: the same bits. */
START_TEST(same_bits_as_apart) {
    for (int32_t i = 0; i < 3; i++) {
        rgm_graph *g = family(i < 2 ? "resnet20" : "resnet50",
                              (rgm_family_options){.C = 32, .H = 15, .W = 12, .base = 8, .shortcut_a = i == 1});
        netrun_conv = RGM_WAY_DIRECT;
        float *a = evaluate(g, _i, 3, 2, 1, 0xFF), *b = evaluate(g, _i, 3, 2, 0, 0xFF);
        ck_assert_mem_eq(a, b, sizeof *a * 3 * OUTPUTS);
        free(a);
        free(b);
        rgm_graph_destroy(g);
    }
}
END_TEST

/* Winograd's convolutions, few channels and many, in spans and image by image: 110 tiles an image are about a span of
 * 16 channels with 16 lanes, 132 are two with 8. The first convolution may be strided. */
static rgm_graph *of_winograd(int32_t C, int32_t H, int32_t W, int32_t stride) {
    rgm_graph *g = begin(C, H, W);
    int32_t x = rgm_graph_input(g);
    char name[16];
    for (int32_t j = 0; j < 4; j++) {
        snprintf(name, sizeof name, "conv%d", j);
        int32_t y = conv(g, x, name, (rgm_conv_spec){C, 3, j ? 1 : stride, 1, 0, 0});
        snprintf(name, sizeof name, "bn%d", j);
        x = rgm_graph_batchnorm(g, y, j % 2 ? x : RGM_NO_TENSOR, name, RGM_BN_RELU);
    }
    end(g, x);
    return g;
}

/* 1 if a phase's name has the text in it. */
static int32_t has_phase(const netrun *r, const char *text) {
    int32_t count;
    const rgm_phase *p = rgm_plan_forward(r->plan, &count);
    for (int32_t i = 0; i < count; i++)
        if (strstr(p[i].name, text)) return 1;
    return 0;
}

static int32_t goes_by_image(const rgm_graph *g, int32_t isa, int32_t N) {
    netrun r;
    netrun_open(&r, g, isa, N, 1, 0);
    int32_t found = has_phase(&r, "conv0 forward to ") && !has_phase(&r, "conv1"); /* one phase for all of them */
    netrun_close(&r);
    return found;
}

START_TEST(same_bits_of_winograd) {
    static const struct {
        int32_t C, H, W, N, stride;
        int32_t conv;
    } t[] = {{16, 44, 39, 16, 1, RGM_WAY_WINOGRAD},   {16, 48, 44, 17, 1, RGM_WAY_WINOGRAD},
             {16, 44, 39, 15, 1, RGM_WAY_WINOGRAD},   {17, 9, 8, 5, 1, RGM_WAY_WINOGRAD},
             {136, 5, 4, 3, 1, RGM_WAY_WINOGRAD},     {17, 9, 8, 5, 1, RGM_WAY_WINOGRAD_2X2},
             {136, 5, 4, 3, 1, RGM_WAY_WINOGRAD_2X2}, {16, 88, 78, 16, 2, RGM_WAY_WINOGRAD},
             {16, 95, 87, 17, 2, RGM_WAY_WINOGRAD},   {136, 10, 7, 3, 2, RGM_WAY_WINOGRAD}};
    int32_t by_image = 0;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        netrun_conv = t[i].conv;
        rgm_graph *g = of_winograd(t[i].C, t[i].H, t[i].W, t[i].stride);
        float *a = evaluate(g, _i, t[i].N, 2, 1, 0xFF), *b = evaluate(g, _i, t[i].N, 2, 0, 0xFF);
        ck_assert_mem_eq(a, b, sizeof *a * (size_t)t[i].N * OUTPUTS);
        by_image += goes_by_image(g, _i, t[i].N);
        free(a);
        free(b);
        rgm_graph_destroy(g);
    }
    ck_assert_int_eq(by_image, 2);
}
END_TEST

/* ---- what the plan looks like ---- */

START_TEST(no_pass_remains) {
    for (int32_t i = 0; i < FAMILIES; i++) {
        if (strncmp(variants[i].name, "resnet", 6) != 0) continue;
        rgm_graph *g = family(variants[i].name, variants[i].o);
        for (netrun_conv = RGM_WAY_AUTO; netrun_conv <= RGM_WAY_ONEDNN; netrun_conv++) {
            netrun r;
            int32_t prepared, joined = 0;
            netrun_open(&r, g, RGM_ISA_REFERENCE, 4, 1, 0);
            ck_assert(!has_phase(&r, "normalise") && !has_phase(&r, "statistics") && !has_phase(&r, "filters") &&
                      !has_phase(&r, "pack"));
            rgm_plan_prepare(r.plan, &prepared);
            ck_assert_int_gt(prepared, count_op(g, RGM_OP_BATCHNORM)); /* scale and shift of each, and filters */
            ck_assert_uint_gt(rgm_plan_kept_bytes(r.plan), 0);
            ck_assert_uint_lt(rgm_plan_kept_bytes(r.plan), rgm_plan_bytes(r.plan));
            for (int32_t j = 0; j < rgm_plan_row_count(r.plan); j++) {
                rgm_plan_row row;
                rgm_plan_row_get(r.plan, j, &row);
                joined += strncmp(row.engine, "in the store of ", 16) == 0;
                ck_assert_msg((row.bytes == 0) == (strcmp(row.op, "conv") == 0), "%s: %zu bytes", row.name, row.bytes);
            }
            ck_assert_int_eq(joined, count_op(g, RGM_OP_BATCHNORM));
            netrun_close(&r);
        }
        rgm_graph_destroy(g);
    }
}
END_TEST

/* ---- small graphs: who may join whom, and whose place an output may take ---- */

enum { CASES = 13 };
static const rgm_conv_spec same = {18, 3, 1, 1, 0, 0}, point = {18, 1, 1, 0, 0, 1};

/* Each returns the tensor to go on with. */
static int32_t build(rgm_graph *g, int32_t x, int32_t which) {
    int32_t a, b, y;
    switch (which) {
    case 0: /* convolution, sum, ReLU; the other addend comes later */
        a = conv(g, x, "a", same);
        b = rgm_graph_activation(g, conv(g, x, "b", point), RGM_TANH, 0);
        return rgm_graph_activation(g, rgm_graph_add(g, a, b), RGM_RELU, 0);
    case 1: /* both addends could have it */
        return rgm_graph_add(g, conv(g, x, "a", same), conv(g, x, "b", point));
    case 2: /* the convolution reads what is added: it must not lie in the output's place */
        return rgm_graph_batchnorm(g, conv(g, x, "a", same), x, "bn", RGM_BN_RELU);
    case 3: /* the residual is read again, later */
        y = rgm_graph_batchnorm(g, conv(g, conv(g, x, "a", point), "b", same), x, "bn", RGM_BN_RELU);
        return rgm_graph_add(g, conv(g, y, "c", same), rgm_graph_activation(g, x, RGM_SIGMOID, 0));
    case 4: /* a batch norm leaves its output pending on the residual's buffer */
        b = rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "b", RGM_BN_RELU);
        y = rgm_graph_batchnorm(g, conv(g, rgm_graph_activation(g, x, RGM_TANH, 0), "a", same), x, "bn", 0);
        return rgm_graph_add(g, y, conv(g, b, "c", same));
    case 5: /* a pending residual */
        b = rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "b", 0);
        return rgm_graph_batchnorm(g, conv(g, b, "a", same), b, "bn", RGM_BN_RELU);
    case 6: /* a plugin's output lives in its input's buffer */
        b = rgm_graph_plugin(g, x, "p");
        y = rgm_graph_batchnorm(g, conv(g, rgm_graph_activation(g, x, RGM_TANH, 0), "a", same), x, "bn", 0);
        return rgm_graph_add(g, y, conv(g, b, "c", same));
    case 7: /* a plugin between the convolution and its batch norm */
        y = rgm_graph_plugin(g, conv(g, x, "a", same), "p");
        return rgm_graph_batchnorm(g, y, rgm_graph_plugin(g, x, "q"), "bn", RGM_BN_RELU);
    case 8: /* a second ReLU, a second batch norm, a second sum */
        y = rgm_graph_batchnorm(g, conv(g, x, "a", point), RGM_NO_TENSOR, "b", RGM_BN_RELU);
        y = rgm_graph_activation(g, y, RGM_RELU, 0);
        y = rgm_graph_batchnorm(g, y, RGM_NO_TENSOR, "c", 0);
        return rgm_graph_add(g, rgm_graph_add(g, conv(g, y, "d", same), x), y);
    case 9: /* x + x, and the convolution as a residual */
        y = conv(g, x, "a", same);
        y = rgm_graph_add(g, y, y);
        return rgm_graph_batchnorm(g, x, conv(g, y, "b", point), "bn", RGM_BN_RELU);
    case 10: /* not ReLU */
        y = rgm_graph_activation(g, conv(g, x, "a", same), RGM_LEAKY_RELU, 0.1f);
        return rgm_graph_activation(g, conv(g, y, "b", (rgm_conv_spec){18, 3, 1, 1, 3, 1}), RGM_RELU, 0);
    case 11: /* a joined residual of a joined batch norm, strided */
        a = conv(g, x, "a", (rgm_conv_spec){18, 3, 2, 1, 0, 0});
        b = rgm_graph_batchnorm(g, conv(g, x, "b", (rgm_conv_spec){18, 1, 2, 0, 0, 0}), RGM_NO_TENSOR, "bb", 0);
        return rgm_graph_batchnorm(g, a, b, "bn", RGM_BN_RELU);
    default: /* pools between, of what is stored and of what is pending */
        y = rgm_graph_batchnorm(g, conv(g, x, "a", same), RGM_NO_TENSOR, "b", RGM_BN_RELU);
        y = rgm_graph_maxpool(g, y, 3, 1, 1);
        y = rgm_graph_avgpool(g, rgm_graph_batchnorm(g, y, RGM_NO_TENSOR, "c", 0), 2, 1, 0);
        return conv(g, y, "d", point);
    }
}

START_TEST(who_joins) {
    static const int32_t batches[] = {1, 4, 7, 16};
    for (int32_t which = 0; which < CASES; which++)
        for (netrun_conv = RGM_WAY_AUTO; netrun_conv <= RGM_WAY_ONEDNN; netrun_conv++) {
            if (!netrun_turn(_i, RGM_ISA_REFERENCE, (size_t)(which + netrun_conv))) continue;
            char what[64];
            rgm_graph *g = begin(3, 7, 6);
            int32_t x = conv(g, rgm_graph_input(g), "stem", (rgm_conv_spec){18, 3, 1, 1, 0, 1});
            end(g, build(g, rgm_graph_activation(g, x, RGM_TANH, 0), which));
            snprintf(what, sizeof what, "case %d, conv %d", which, netrun_conv);
            compare(g, _i, batches[which % 4], what);
            rgm_graph_destroy(g);
        }
}
END_TEST

/* ---- any graph ---- */

static int32_t any_node(rgm_graph *g, const rgm_rng *rng, uint64_t *draws, const int32_t *tensors, int32_t count) {
    char name[16];
    snprintf(name, sizeof name, "n%d", count);
    int32_t a = tensors[rgm_rng_below(rng, (*draws)++, (uint64_t)count)];
    int32_t b = tensors[rgm_rng_below(rng, (*draws)++, (uint64_t)count)];
    if (rgm_rng_below(rng, (*draws)++, 2)) a = tensors[count - 1]; /* chains */
    switch (rgm_rng_below(rng, (*draws)++, 12)) {
    case 0:
    case 1:
    case 2:
        return conv(g, a, name, same);
    case 3:
    case 4:
        return conv(g, a, name, point);
    case 5:
        return rgm_graph_batchnorm(g, a, RGM_NO_TENSOR, name, RGM_BN_RELU);
    case 6:
    case 7:
        return rgm_graph_batchnorm(g, a, b, name, rgm_rng_below(rng, (*draws)++, 2) ? RGM_BN_RELU : 0);
    case 8:
        return rgm_graph_activation(g, a, RGM_RELU, 0);
    case 9:
        return rgm_graph_plugin(g, rgm_graph_activation(g, a, RGM_TANH, 0), name);
    case 10:
        return rgm_graph_maxpool(g, a, 3, 1, 1);
    default:
        return rgm_graph_add(g, a, b);
    }
}

/* Twenty operations on tensors of one shape, so that buffers pass from hand to hand. */
START_TEST(any_graphs) {
    for (uint64_t seed = 1 + 8 * (uint64_t)_i; seed <= 8 + 8 * (uint64_t)_i; seed++) {
        rgm_rng rng = {.seed = seed, .stream = RGM_STREAM(RGM_STREAM_TEST, 2)};
        uint64_t draws = 0;
        int32_t tensors[24], count = 1;
        rgm_graph *g = begin(3, 5, 4);
        tensors[0] = conv(g, rgm_graph_input(g), "stem", (rgm_conv_spec){18, 3, 1, 1, 0, 1});
        for (; count < 20; count++) tensors[count] = any_node(g, &rng, &draws, tensors, count);
        int32_t sum = tensors[count - 1];
        for (int32_t i = 0; i < count - 1; i++)
            if (rgm_graph_tensor(g, tensors[i])->consumers == 0)
                sum = rgm_graph_activation(g, rgm_graph_add(g, sum, tensors[i]), RGM_TANH, 0);
        end(g, sum);
        for (netrun_conv = RGM_WAY_AUTO; netrun_conv <= RGM_WAY_ONEDNN; netrun_conv++) {
            char what[64];
            snprintf(what, sizeof what, "random graph %d, conv %d", (int)seed, netrun_conv);
            compare(g, _i, 4 + 4 * (int32_t)(seed % 2), what);
        }
        rgm_graph_destroy(g);
    }
}
END_TEST

/* ---- bits ---- */

START_TEST(same_bits_on_any_threads) {
    static const int32_t threads[] = {1, 2, 3, 4, 7}, chosen[] = {0, 2, 3, 6}, batches[] = {13, 16, 16, 8};
    for (int32_t i = 0; i < 4; i++) {
        if (!netrun_turn(_i, RGM_ISA_REFERENCE, (size_t)i)) continue;
        const variant *v = &variants[chosen[i]];
        size_t bytes = sizeof(float) * (size_t)batches[i] * OUTPUTS;
        rgm_graph *g = family(v->name, v->o);
        float *first = evaluate(g, _i, batches[i], 1, 0, 0);
        for (int32_t j = 0; j < 5; j++) {
            float *other = evaluate(g, _i, batches[i], threads[j], 0, j % 2 ? 0xFF : 0x3F);
            ck_assert_mem_eq(first, other, bytes);
            free(other);
        }
        free(first);
        rgm_graph_destroy(g);
    }
}
END_TEST

/* Finite parameters whose activations overflow: a NaN of the plan that keeps operations apart is one here, too. */
START_TEST(overflow_shows) {
    for (int32_t i = 0; i < FAMILIES; i++) {
        if (strncmp(variants[i].name, "resnet", 6) != 0 || !netrun_turn(_i, RGM_ISA_REFERENCE, (size_t)i)) continue;
        rgm_graph *g = family(variants[i].name, variants[i].o);
        int32_t nans = 0;
        bn_scale = 1e37f;
        for (netrun_conv = RGM_WAY_AUTO; netrun_conv <= RGM_WAY_ONEDNN; netrun_conv++) {
            float *apart = evaluate(g, _i, 3, 2, 1, 0), *joined = evaluate(g, _i, 3, 2, 0, 0);
            for (int32_t k = 0; k < 3 * OUTPUTS; k++) {
                nans += isnan(apart[k]);
                ck_assert_msg(!isnan(apart[k]) || isnan(joined[k]), "%s, variant %d, conv %d: logit %d is %g",
                              variants[i].name, i, netrun_conv, k, (double)joined[k]);
            }
            free(apart);
            free(joined);
        }
        ck_assert_int_gt(nans, 0);
        rgm_graph_destroy(g);
    }
}
END_TEST

int main(void) {
    netrun_tell_sets();
    Suite *suite = suite_create("finish");
    TCase *cases = tcase_create("every ISA");
    tcase_set_timeout(cases, 300);
    const TTest *const tests[] = {families,   same_bits_as_apart,       same_bits_of_winograd, who_joins,
                                  any_graphs, same_bits_on_any_threads, overflow_shows};
    for (int32_t i = 0; i < (int32_t)(sizeof tests / sizeof *tests); i++)
        for (int32_t isa = 0; isa < RGM_ISA_COUNT; isa++)
            if (netrun_has(isa)) tcase_add_loop_test(cases, tests[i], isa, isa + 1);
    tcase_add_test(cases, no_pass_remains);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
