/* Plans with frozen batch norms and the gradient of the input: that gradient against the oracle's differences, what it
 * says of which images depend on which, the running statistics, and the bits on any number of threads. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "netrun.h"
#include "oracle.h"
#include "plan/op.h"

enum { IMAGES = 3, SIDE = 8, OUTPUTS = 5 };

static const rgm_family_options nets[] = {
    {.name = "linear", .C = 2, .H = SIDE, .W = SIDE, .outputs = OUTPUTS},
    {.name = "mlp", .C = 1, .H = SIDE, .W = SIDE, .outputs = OUTPUTS, .base = 7},
    {.name = "cnn", .C = 3, .H = SIDE, .W = SIDE, .outputs = OUTPUTS, .base = 4},
    {.name = "resnet20", .C = 3, .H = SIDE, .W = SIDE, .outputs = OUTPUTS, .base = 4, .blocks = {1, 1, 1}},
    {.name = "resnet20",
     .C = 1,
     .H = SIDE,
     .W = SIDE,
     .outputs = OUTPUTS,
     .base = 5,
     .blocks = {1, 1},
     .shortcut_a = 1},
    {.name = "resnet50",
     .C = 3,
     .H = SIDE,
     .W = SIDE,
     .outputs = OUTPUTS,
     .base = 4,
     .blocks = {1, 1},
     .imagenet_stem = 1},
};
enum { NETS = sizeof nets / sizeof *nets };

/* Where value `p` of channel `c` of an image is in the plan's input. */
static int64_t place(const netrun *r, int64_t c, int64_t p) {
    const rgm_tensor *t = rgm_graph_tensor(r->graph, 0);
    int64_t pixels = (int64_t)t->H * t->W, B = r->kernels->block;
    return rgm_plan_input_layout(r->plan) == RGM_LAYOUT_PLAIN ? c * pixels + p : (c / B * pixels + p) * B + c % B;
}

static float *draw(int32_t stream, int64_t n) {
    float *x = malloc(sizeof *x * (size_t)n);
    ck_assert_ptr_nonnull(x);
    netrun_uniform(5, (uint32_t)stream, -1, 1, x, n);
    return x;
}

/* One pass there and back, with the gradient dz of the logits. */
static void pass(netrun *r, const float *x, const float *dz) {
    netrun_draw(r, 4);
    netrun_input(r, x);
    netrun_forward(r);
    netrun_backward(r, dz);
}

static int64_t inputs_of(const rgm_graph *g) {
    const rgm_tensor *t = rgm_graph_tensor(g, 0);
    return (int64_t)t->C * t->H * t->W;
}

static double loss_of(oracle *o, const float *dz) {
    double sum = 0;
    oracle_forward(o, 0);
    for (int32_t i = 0; i < IMAGES * OUTPUTS; i++) sum += (double)dz[i] * oracle_logits(o)[i];
    return sum;
}

static double slope(oracle *o, const float *dz, int64_t element) {
    const double h = 1e-6, before = o->value[0][element];
    o->value[0][element] = before + h;
    double up = loss_of(o, dz);
    o->value[0][element] = before - h;
    double down = loss_of(o, dz);
    o->value[0][element] = before;
    return (up - down) / (2 * h);
}

static oracle *oracle_of(const netrun *r, const float *x) {
    oracle *o = oracle_create(r->graph, IMAGES);
    for (int64_t i = 0; i < rgm_graph_param_floats(r->graph); i++) o->param[i] = (double)r->value[i];
    for (int64_t i = 0; i < rgm_graph_stat_floats(r->graph); i++) o->stat[i] = (double)r->stat[i];
    for (int64_t i = 0; i < IMAGES * inputs_of(r->graph); i++) o->value[0][i] = (double)x[i];
    return o;
}

/* Every 7th pixel, so that all places within a block are met. A kink between two points of a difference is rare. */
static void expect_slopes(const netrun *r, const float *x, const float *dz, const char *name) {
    oracle *o = oracle_of(r, x);
    const rgm_tensor *t = rgm_graph_tensor(r->graph, 0);
    int64_t pixels = (int64_t)t->H * t->W, floats = rgm_plan_extent(r->plan, 0).floats, seen = 0, far = 0;
    const float *dx = rgm_plan_dinput(r->plan);
    ck_assert_ptr_nonnull(dx);
    for (int64_t e = 0; e < IMAGES * inputs_of(r->graph); e += 7, seen++) {
        int64_t n = e / (t->C * pixels), c = e / pixels % t->C;
        double expected = slope(o, dz, e), got = (double)dx[n * floats + place(r, c, e % pixels)];
        far += !(fabs(got - expected) <= 2e-4 * (1 + fabs(expected)));
    }
    oracle_destroy(o);
    ck_assert_msg(far * 50 <= seen, "%s: %d of %d gradients of pixels are not the oracle's", name, (int)far, (int)seen);
}

START_TEST(as_the_oracle_has_it) {
    const rgm_family_options *net = &nets[_i % NETS];
    int32_t isa = _i / NETS;
    if (!netrun_turn(isa, 0, (size_t)(_i % NETS))) return;
    rgm_graph *g = netrun_family(*net);
    float *x = draw(1, IMAGES * inputs_of(g)), *dz = draw(2, IMAGES * OUTPUTS);
    netrun r;
    netrun_open(&r, g, isa, IMAGES, 1, 1);
    pass(&r, x, dz);
    expect_slopes(&r, x, dz, net->name);
    netrun_close(&r);
    rgm_graph_destroy(g);
    free(x);
    free(dz);
}
END_TEST

/* dz of one image alone. */
START_TEST(images_are_apart) {
    rgm_graph *g = netrun_family(nets[_i]);
    float *x = draw(1, IMAGES * inputs_of(g)), *dz = draw(2, IMAGES * OUTPUTS);
    memset(dz, 0, sizeof *dz * OUTPUTS);
    memset(dz + (size_t)2 * OUTPUTS, 0, sizeof *dz * OUTPUTS);
    netrun r;
    netrun_open(&r, g, RGM_ISA_REFERENCE, IMAGES, 1, 1);
    pass(&r, x, dz);
    int64_t floats = rgm_plan_extent(r.plan, 0).floats;
    for (int32_t n = 0; n < IMAGES; n++) {
        double sum = 0;
        for (int64_t i = 0; i < floats; i++) sum += fabs((double)rgm_plan_dinput(r.plan)[n * floats + i]);
        ck_assert_msg((sum > 0) == (n == 1), "%s: image %d has %g", nets[_i].name, n, sum);
    }
    netrun_close(&r);
    rgm_graph_destroy(g);
    free(x);
    free(dz);
}
END_TEST

START_TEST(the_same_bits_and_statistics) {
    rgm_graph *g = netrun_family(nets[_i]);
    float *x = draw(1, IMAGES * inputs_of(g)), *dz = draw(2, IMAGES * OUTPUTS), *first = NULL;
    for (int32_t threads = 1; threads < 4; threads++) {
        netrun r;
        netrun_open(&r, g, RGM_ISA_REFERENCE, IMAGES, threads, 1);
        netrun_draw(&r, 4);
        size_t bytes = sizeof(float) * (size_t)(rgm_plan_extent(r.plan, 0).floats * IMAGES);
        size_t stats = sizeof(float) * (size_t)rgm_graph_stat_floats(g);
        float *before = malloc(stats + 1);
        ck_assert_ptr_nonnull(before);
        memcpy(before, r.stat, stats);
        pass(&r, x, dz);
        ck_assert_msg(memcmp(before, r.stat, stats) == 0, "%s: frozen statistics change", nets[_i].name);
        if (!first) {
            first = malloc(bytes);
            ck_assert_ptr_nonnull(first);
            memcpy(first, rgm_plan_dinput(r.plan), bytes);
        }
        ck_assert_msg(memcmp(first, rgm_plan_dinput(r.plan), bytes) == 0, "%s: other bits on %d threads", nets[_i].name,
                      threads);
        free(before);
        netrun_close(&r);
    }
    rgm_graph_destroy(g);
    free(first);
    free(x);
    free(dz);
}
END_TEST

int main(void) {
    netrun_tell_sets();
    netrun_frozen = 1;
    Suite *suite = suite_create("input gradient");
    TCase *cases = tcase_create("input gradient");
    tcase_set_timeout(cases, 300);
    for (int32_t isa = 0; isa < RGM_ISA_COUNT; isa++)
        if (netrun_has(isa)) tcase_add_loop_test(cases, as_the_oracle_has_it, isa * NETS, (isa + 1) * NETS);
    tcase_add_loop_test(cases, images_are_apart, 0, NETS);
    tcase_add_loop_test(cases, the_same_bits_and_statistics, 0, NETS);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
