/* The tuning beside a kernel table decides what the planner does, and no kernel's lanes do: plans for machines that
 * this one is not, and for an instruction set that Regimen does not have. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "kernels/tuning.h"
#include "netrun.h"
#include "plan/chunks.h"
#include "sanitized.h"

/* A machine of 4 lanes, 32 registers and 256 KiB, on which our own products pay wherever they can. */
extern const rgm_tuning rgm_tuning_of_four;
extern const rgm_kernels rgm_kernels_reference4;
const rgm_tuning rgm_tuning_of_four = {.lanes = 4,
                                       .rows = 10,
                                       .cache = 256 << 10,
                                       .direct = {.channels = 8,
                                                  .span_bytes = 20 << 10,
                                                  .span_pixels = 50,
                                                  .depth = 24,
                                                  .panel_in = 16,
                                                  .panel_out = 24,
                                                  .slice_most = 40,
                                                  .slice_least = 10,
                                                  .in_place = 1},
                                       .winograd = {.channels = 8,
                                                    .strided_channels = 8,
                                                    .strided_left = 12,
                                                    .small_left = 12,
                                                    .few = 16 * 24,
                                                    .span_bytes = 30 << 10,
                                                    .span_tiles = 40,
                                                    .stage_tiles = 64,
                                                    .filter_blocks = 3,
                                                    .panel_wide = 64,
                                                    .panel_narrow = 32},
                                       .flops = 20e9,
                                       .bytes = 5e9,
                                       .barrier = 1e-6};

START_TEST(tables_have_their_own) {
    const rgm_kernels *tables[RGM_ISA_COUNT + 1] = {rgm_kernels_reference(8)};
    int32_t count = 1;
    for (int32_t isa = 0; isa < RGM_ISA_COUNT; isa++)
        if (rgm_kernels_get(isa)) tables[count++] = rgm_kernels_get(isa);
    for (int32_t i = 0; i < count; i++) {
        const rgm_tuning *t = tables[i]->tuning;
        ck_assert_int_eq(t->lanes, tables[i]->block);
        ck_assert_int_le(t->lanes, RGM_LANES_MOST);
        /* what sizes are cut into */
        ck_assert_int_eq(t->direct.panel_in % t->lanes, 0);
        ck_assert_int_eq(t->direct.panel_out % t->lanes, 0);
        ck_assert_int_eq(t->direct.depth % t->lanes, 0);
        ck_assert_int_eq(t->winograd.panel_wide % (2 * t->lanes), 0);
        ck_assert_int_eq(t->winograd.panel_narrow % (2 * t->lanes), 0);
        ck_assert_int_ge(t->winograd.span_tiles, t->rows);
    }
    /* who has the same bits has the same plan */
    ck_assert_ptr_eq(rgm_kernels_get(RGM_ISA_GENERIC16)->tuning, &rgm_tuning_avx512);
}
END_TEST

/* ---- ResNet-50 at 224, planned and not run ---- */

/* One layer of each kind, and the ways of forward, backward data and backward weights. */
typedef struct kind {
    const char *layer;
    int32_t way[RGM_CONV_DIRECTIONS];
} kind;

enum { W = RGM_WAY_WINOGRAD, D = RGM_WAY_DIRECT, O = RGM_WAY_ONEDNN, NO = RGM_WAY_AUTO };

static const kind of_avx512[] = {
    {"conv1", {O, NO, O}},               /* 7x7, of the input: no gradient of it */
    {"layer1.0.conv1", {D, O, D}},       /* 1x1, 64 to 64, behind the pool */
    {"layer1.0.conv2", {W, W, W}},       /* 3x3 */
    {"layer1.0.conv3", {D, D, D}},       /* 1x1, 64 to 256, behind a batch norm */
    {"layer2.0.conv2", {W, W, W}},       /* 3x3, stride 2, on 56x56 */
    {"layer3.0.conv2", {O, O, O}},       /* 3x3, stride 2, onto 14x14: no third is saved */
    {"layer4.0.conv2", {W, W, W}},       /* and onto 7x7, a small map */
    {"layer2.0.downsample.0", {D, O, D}} /* 1x1, stride 2 */
};

static const kind of_avx2[] = {{"conv1", {O, NO, O}},         {"layer1.0.conv1", {O, O, O}},
                               {"layer1.0.conv2", {W, W, W}}, {"layer1.0.conv3", {D, O, O}}, /* widens */
                               {"layer2.0.conv2", {W, W, W}}, {"layer3.0.conv2", {O, O, O}},
                               {"layer4.0.conv2", {W, W, W}}, {"layer2.0.downsample.0", {O, O, O}}};

static const kind of_products_alone[] = {/* nothing of Winograd pays, and our products always do */
                                         {"conv1", {O, NO, O}},         {"layer1.0.conv1", {D, D, D}},
                                         {"layer1.0.conv2", {O, O, O}}, {"layer1.0.conv3", {D, D, D}},
                                         {"layer2.0.conv2", {O, O, D}}, {"layer3.0.conv2", {O, O, D}},
                                         {"layer4.0.conv2", {O, O, D}}, {"layer2.0.downsample.0", {D, D, D}}};

static void check_ways(const rgm_plan *plan, const kind *kinds, size_t count, const char *what) {
    for (size_t k = 0; k < count; k++) {
        int32_t found = 0;
        for (int32_t i = 0; i < rgm_plan_row_count(plan); i++) {
            rgm_plan_row row;
            rgm_plan_row_get(plan, i, &row);
            if (strcmp(row.name, kinds[k].layer) != 0) continue;
            found = 1;
            for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++)
                ck_assert_msg(row.way[d] == kinds[k].way[d], "%s: %s, direction %d: way %d, expected %d", what,
                              row.name, d, row.way[d], kinds[k].way[d]);
        }
        ck_assert_msg(found, "no layer %s", kinds[k].layer);
    }
}

/* The most chunks of a phase of the layer's direction. */
static int32_t chunks_of(const rgm_plan *plan, const rgm_speed *speed, const char *layer, int32_t direction) {
    int32_t count = rgm_plan_chunk_rows(plan), chunks = 0;
    rgm_chunk_row *rows = calloc((size_t)count, sizeof *rows);
    ck_assert_ptr_nonnull(rows);
    rgm_plan_chunk_rows_get(plan, speed, 64, rows);
    for (int32_t i = 0; i < count; i++)
        if (!strcmp(rows[i].layer, layer) && rows[i].direction == direction) chunks = rows[i].chunks;
    free(rows);
    ck_assert_int_gt(chunks, 0);
    return chunks;
}

static const char *const cut[] = {"layer3.1.conv1", "layer1.0.conv2"}; /* products of our own, Winograd */

static void plan_resnet50(const rgm_tuning *t, const kind *kinds, size_t count, const char *what, int32_t chunks[2]) {
    rgm_graph *g = netrun_family((rgm_family_options){"resnet50", 3, 224, 224, 100, .imagenet_stem = 1});
    rgm_kernels kernels = *rgm_kernels_get(RGM_ISA_GENERIC16);
    netrun r;
    kernels.tuning = t;
    netrun_kernels = &kernels;
    netrun_open(&r, g, RGM_ISA_GENERIC16, 4, 1, 1);
    check_ways(r.plan, kinds, count, what);
    rgm_speed speed = rgm_speed_assumed(r.kernels);
    ck_assert(speed.flops == t->flops && speed.bytes == t->bytes && speed.barrier == t->barrier);
    for (int32_t i = 0; chunks && i < 2; i++) chunks[i] = chunks_of(r.plan, &speed, cut[i], RGM_WORK_FORWARD);
    netrun_close(&r);
    rgm_graph_destroy(g);
    netrun_kernels = NULL;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

START_TEST(ways_follow_the_limits) {
    rgm_tuning mixed = rgm_tuning_avx512;
    plan_resnet50(&rgm_tuning_avx512, of_avx512, COUNT(of_avx512), "AVX-512", NULL);
    mixed.direct = rgm_tuning_avx2.direct;
    plan_resnet50(&mixed, of_avx2, COUNT(of_avx2), "AVX2's limits", NULL);
    mixed.direct = (rgm_direct_tuning){.strided_channels = 1};
    mixed.direct.channels = rgm_tuning_avx512.direct.channels;
    mixed.direct.span_bytes = rgm_tuning_avx512.direct.span_bytes;
    mixed.direct.span_pixels = rgm_tuning_avx512.direct.span_pixels;
    mixed.direct.depth = rgm_tuning_avx512.direct.depth;
    mixed.direct.panel_in = mixed.direct.panel_out = 64;
    mixed.direct.slice_most = mixed.direct.slice_least = 100;
    mixed.winograd.channels = mixed.winograd.strided_channels = 100000;
    plan_resnet50(&mixed, of_products_alone, COUNT(of_products_alone), "products alone", NULL);
}
END_TEST

START_TEST(chunks_follow_the_caches) {
    int32_t large[2], small[2];
    rgm_tuning t = rgm_tuning_avx512;
    plan_resnet50(&t, of_avx512, COUNT(of_avx512), "AVX-512", large);
    t.direct.span_bytes /= 8;
    t.winograd.span_bytes /= 8;
    t.cache /= 8;
    t.flops /= 2;
    plan_resnet50(&t, of_avx512, COUNT(of_avx512), "small caches", small);
    ck_assert_int_gt(small[0], large[0]);
    ck_assert_int_gt(small[1], large[1]);
}
END_TEST

/* ---- run on the reference ---- */

enum { UNITS = 5, BATCH = 6 };

/* Every kind of convolution, with channels that fill no block, and tiles that fit no map. */
static rgm_graph *make_graph(void) {
    rgm_graph *g;
    rgm_error err = {0};
    netrun_fine(rgm_graph_create(&g, 3, 15, 14, &err), &err, "graph");
    int32_t x = rgm_graph_conv(g, rgm_graph_input(g), "stem", &(rgm_conv_spec){18, 3, 1, 1, 1, 0});
    x = rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "bn1", RGM_BN_RELU);
    x = rgm_graph_conv(g, x, "pointwise", &(rgm_conv_spec){45, 1, 1, 0, 1, 0});
    x = rgm_graph_activation(g, rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "bn2", 0), RGM_TANH, 0);
    x = rgm_graph_conv(g, x, "square", &(rgm_conv_spec){34, 3, 1, 1, 1, 0});
    x = rgm_graph_activation(g, rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "bn3", 0), RGM_TANH, 0);
    x = rgm_graph_conv(g, x, "strided", &(rgm_conv_spec){26, 3, 2, 1, 1, 0});
    x = rgm_graph_activation(g, rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "bn4", 0), RGM_TANH, 0);
    x = rgm_graph_conv(g, x, "shortcut", &(rgm_conv_spec){30, 1, 2, 0, 1, 0});
    x = rgm_graph_global_pool(g, rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "bn5", 0));
    netrun_fine(rgm_graph_finish(g, rgm_graph_linear(g, x, "fc", UNITS, RGM_LINEAR_HEAD), &err), &err, "graph");
    return g;
}

static const kind of_four[] = {{"stem", {O, NO, O}},
                               {"pointwise", {D, D, D}},
                               {"square", {W, W, W}},
                               {"strided", {W, W, W}},
                               {"shortcut", {D, D, D}}};

/* Logits and gradients of a step, in a new array. */
static float *run(const rgm_graph *g, const rgm_kernels *kernels, const kind *kinds, int32_t conv, int64_t *count) {
    netrun r;
    netrun_kernels = kernels;
    netrun_conv = conv;
    netrun_open(&r, g, RGM_ISA_REFERENCE, BATCH, 2, 1);
    netrun_kernels = NULL;
    netrun_conv = RGM_WAY_AUTO;
    if (kinds) check_ways(r.plan, kinds, COUNT(of_four), "four lanes");
    netrun_draw(&r, 5);
    int64_t inputs = BATCH * 3 * 15 * 14, used = BATCH * UNITS;
    float *x = malloc((size_t)inputs * sizeof *x), d[BATCH * UNITS];
    float *all = calloc((size_t)(used + rgm_graph_param_floats(g)), sizeof *all);
    ck_assert(x && all);
    netrun_uniform(5, 1, -1, 1, x, inputs);
    netrun_uniform(5, 2, -1, 1, d, BATCH * UNITS);
    netrun_input(&r, x);
    netrun_forward(&r);
    netrun_logits(&r, all);
    netrun_backward(&r, d);
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) { /* not the gaps between them */
        const rgm_param *p = rgm_graph_param(g, i);
        memcpy(all + used, r.grad + p->offset, sizeof *all * (size_t)p->count);
        used += p->count;
    }
    *count = used;
    free(x);
    netrun_close(&r);
    return all;
}

static void compare(const float *got, const float *want, int64_t count, const char *what) {
    double error = 0, size = 0;
    for (int64_t i = 0; i < count; i++) {
        error += pow((double)got[i] - want[i], 2);
        size += pow((double)want[i], 2);
    }
    /* some 50 roundings of a sum of up to 400 products in each of five layers, in both directions */
    ck_assert_msg(sqrt(error) <= 500 * 0x1p-24 * sqrt(size), "%s: off by %g of %g", what, sqrt(error), sqrt(size));
    ck_assert(size > 1);
}

/* An instruction set is a kernel table and a tuning: nothing else knows how many lanes there are. */
START_TEST(four_lanes) {
    rgm_graph *g = make_graph();
    int64_t count, again;
    ck_assert_int_eq(rgm_kernels_reference4.block, 4);
    float *want = run(g, rgm_kernels_get(RGM_ISA_REFERENCE), NULL, RGM_WAY_ONEDNN, &count);
    float *got = run(g, &rgm_kernels_reference4, of_four, RGM_WAY_AUTO, &again);
    ck_assert_int_eq(again, count);
    compare(got, want, count, "four lanes");
    free(got);
    got = run(g, &rgm_kernels_reference4, NULL, RGM_WAY_ONEDNN, &again);
    compare(got, want, count, "four lanes, oneDNN");
    free(got);
    free(want);
    rgm_graph_destroy(g);
}
END_TEST

/* 16 lanes on a machine of very small caches: other chunks, the same sums. */
START_TEST(sixteen_lanes_of_another_machine) {
    rgm_graph *g = make_graph();
    rgm_tuning t = rgm_tuning_of_four;
    rgm_kernels kernels = *rgm_kernels_get(RGM_ISA_REFERENCE);
    int64_t count;
    t.lanes = 16;
    t.rows = 5;
    t.direct.depth = t.direct.panel_in = 16;
    t.direct.panel_out = 32;
    t.direct.in_place = 0;
    kernels.tuning = &t;
    float *want = run(g, rgm_kernels_get(RGM_ISA_REFERENCE), NULL, RGM_WAY_ONEDNN, &count);
    float *got = run(g, &kernels, of_four, RGM_WAY_AUTO, &count);
    compare(got, want, count, "sixteen lanes");
    free(got);
    free(want);
    rgm_graph_destroy(g);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tuning");
    TCase *cases = tcase_create("tables");
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, tables_have_their_own);
    tcase_add_test(cases, ways_follow_the_limits);
    tcase_add_test(cases, chunks_follow_the_caches);
    tcase_add_test(cases, four_lanes);
    tcase_add_test(cases, sixteen_lanes_of_another_machine);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
