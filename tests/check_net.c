/* Plans of whole networks: what their memory must not show (leftovers of the arena, of another plan, of what is made
 * again, or of the number of threads), their rows and chunks, and plans that cannot be. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "plan/chunks.h"
#include "netrun.h"
#include "ops/ops.h"

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
    return netrun_family(o);
}

/* Whatever the arena holds before a step, and whatever a step of the evaluation plan leaves in the same arena, the step
 * is the same: nothing reads what no phase of this step wrote, and buffers alive together are apart. */
START_TEST(leftovers) {
    static const int32_t fills[] = {0xFF, 0x7F}; /* NaNs, 3.4e38 */
    for (const char *const *name = rgm_family_names(); *name; name++) {
        if (strcmp(*name, "resnet101") == 0 || strcmp(*name, "resnet152") == 0 || strcmp(*name, "resnet110") == 0)
            continue; /* more of the same blocks */
        for (int32_t variant = 0; variant < 2; variant++) {
            if (!netrun_turn(_i, RGM_ISA_REFERENCE, (size_t)(name - rgm_family_names() + variant))) continue;
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
    netrun_knobs.segments = segments;
    netrun_knobs.remake = 1;
    netrun_open(r, g, isa, N, threads, 1);
    netrun_memory = RGM_MEMORY_NORMAL;
    netrun_knobs.segments = 0;
    netrun_knobs.remake = 0;
}

/* Every family on low memory, with plugin activations in segments that are run again: the bits of normal memory. */
START_TEST(low_memory_same_bits) {
    for (const char *const *name = rgm_family_names(); *name; name++) {
        if (strcmp(*name, "resnet101") == 0 || strcmp(*name, "resnet152") == 0 || strcmp(*name, "resnet110") == 0)
            continue; /* more of the same blocks */
        for (int32_t variant = 0; variant < 2; variant++) {
            if (!netrun_turn(_i, RGM_ISA_REFERENCE, (size_t)(name - rgm_family_names() + variant))) continue;
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
    rgm_graph *g = netrun_family((rgm_family_options){.name = "resnet50",
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
    static const struct {
        rgm_family_options o;
        int32_t N;
    } t[] = {{{.name = "resnet20", .C = 1, .H = 28, .W = 28, .outputs = 10}, 13},
             {{.name = "resnet50", .C = 3, .H = 64, .W = 64, .outputs = 10, .imagenet_stem = 1, .width = 0.25}, 7},
             {{.name = "mlp", .C = 1, .H = 28, .W = 28, .outputs = 10}, 100}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        if (!netrun_turn(_i, RGM_ISA_GENERIC16, i)) continue;
        rgm_graph *g = netrun_family(t[i].o);
        check_threads(g, _i, t[i].N, t[i].o.name);
        rgm_graph_destroy(g);
    }
}
END_TEST

START_TEST(rows) {
    rgm_graph *g = netrun_family((rgm_family_options){
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
    rgm_graph *g = netrun_family((rgm_family_options){
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
    rgm_plan_options o = {
        .graph = g, .ops = rgm_op_table, .kernels = k, .engine = engine, .batch = N, .workers = 1, .training = 1};
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

    g = netrun_family((rgm_family_options){.name = "cnn", .C = 1 << 20, .H = 1 << 14, .W = 1 << 14, .outputs = 10});
    ck_assert_int_eq(try_plan(g, INT32_MAX, &err), RGM_E_NOMEM);
    rgm_graph_destroy(g);
}
END_TEST

int main(void) {
    netrun_tell_sets();
    Suite *suite = suite_create("net");
    TCase *cases = tcase_create("net");
    tcase_set_timeout(cases, 300);
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
