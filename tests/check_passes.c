/* The passes of core/plan one by one: each result by itself, on small residual graphs, before any phase exists. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "ops/ops.h"
#include "plan/plan_internal.h"
#include "netrun.h"

enum { N = 2 };

/* A plan that the passes fill one after the other, with operations of its own. */
typedef struct trial {
    rgm_graph *graph;
    netrun run; /* an engine and a team */
    rgm_plan plan;
    rgm_op conv;
    const rgm_op *ops[RGM_OP_COUNT];
} trial;

static void begin(trial *t, rgm_graph *graph, int32_t training) {
    t->graph = graph;
    netrun_open(&t->run, graph, RGM_ISA_REFERENCE, N, 1, training);
    t->plan = (rgm_plan){.o = *rgm_plan_get(t->run.plan)};
    t->plan.o.conv = RGM_WAY_DIRECT; /* the same on all machines */
    memcpy(t->ops, rgm_op_table, sizeof t->ops);
    t->conv = rgm_op_conv;
    t->ops[RGM_OP_CONV] = &t->conv;
    t->plan.o.ops = t->ops;
}

/* The passes up to the order. */
static void decide(trial *t) {
    rgm_plan *p = &t->plan;
    rgm_error err = {0};
    netrun_fine(rgm_sizes_make(p, &p->sizes, &err), &err, "sizes");
    netrun_fine(rgm_layouts_choose(p, &p->layouts, &err), &err, "layouts");
    netrun_fine(rgm_finish_choose(p, &p->finishes, &err), &err, "finish");
    netrun_fine(rgm_pending_choose(p, &p->pending, &err), &err, "pending");
    netrun_fine(rgm_plan_order_make(p, &p->order, &err), &err, "order");
}

static void forget(trial *t) {
    rgm_plan *p = &t->plan;
    free((void *)p->sizes);
    free((void *)p->layouts);
    free((void *)p->finishes);
    free((void *)p->pending);
    free((void *)p->order);
    *p = (rgm_plan){.o = p->o, .knobs = p->knobs};
}

static void end(trial *t) {
    forget(t);
    netrun_close(&t->run);
    rgm_graph_destroy(t->graph);
}

static int32_t node_of(const rgm_graph *g, const char *name) {
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++)
        if (strcmp(rgm_graph_node(g, i)->name, name) == 0) return i;
    ck_abort_msg("no node %s", name);
    return -1;
}

static int32_t out_of(const rgm_graph *g, const char *name) { return rgm_graph_node(g, node_of(g, name))->out; }

static int32_t conv(rgm_graph *g, int32_t x, const char *name, int32_t filters, int32_t window) {
    return rgm_graph_conv(g, x, name, &(rgm_conv_spec){filters, window, 1, window / 2, 0, 0});
}

static void finish(rgm_graph *g, int32_t x) {
    rgm_error err = {0};
    x = rgm_graph_linear(g, rgm_graph_global_pool(g, x), "fc", 3, 0);
    netrun_fine(rgm_graph_finish(g, x, &err), &err, "graph");
}

/* conv0 bn0, then a block of conv1 bn1 conv2 bn2, whose residual is bn0's output through `down` and `downbn`. These
 * stand between conv2 and bn2 in the graph. */
static rgm_graph *block(void) {
    rgm_graph *g;
    rgm_error err = {0};
    netrun_fine(rgm_graph_create(&g, 3, 8, 8, &err), &err, "graph");
    int32_t x = rgm_graph_batchnorm(g, conv(g, rgm_graph_input(g), "conv0", 16, 3), RGM_NO_TENSOR, "bn0", RGM_BN_RELU);
    int32_t y = rgm_graph_batchnorm(g, conv(g, x, "conv1", 20, 3), RGM_NO_TENSOR, "bn1", RGM_BN_RELU);
    y = conv(g, y, "conv2", 32, 3);
    x = rgm_graph_batchnorm(g, conv(g, x, "down", 32, 1), RGM_NO_TENSOR, "downbn", 0);
    finish(g, rgm_graph_batchnorm(g, y, x, "bn2", RGM_BN_RELU));
    return g;
}

START_TEST(sizes) {
    trial t;
    rgm_error err = {0};
    begin(&t, block(), 1);
    decide(&t);
    int32_t B = t.plan.o.kernels->block;
    rgm_extent e = t.plan.sizes->of[out_of(t.graph, "conv1")]; /* 20 channels */
    ck_assert_int_eq(e.layout, RGM_LAYOUT_BLOCKED);
    ck_assert_int_eq(e.blocks, (20 + B - 1) / B);
    ck_assert_int_eq(e.channels, e.blocks * B);
    ck_assert_int_eq(e.floats, (int64_t)64 * e.channels);
    e = t.plan.sizes->of[out_of(t.graph, "fc")]; /* 3 features */
    ck_assert_int_eq(e.layout, RGM_LAYOUT_PLAIN);
    ck_assert_int_eq(e.floats, B);
    const rgm_sizes *too_large = NULL;
    t.plan.o.batch = 1 << 30; /* times 32 * 64 values are 2^41 */
    netrun_fine(rgm_sizes_make(&t.plan, &too_large, &err), &err, "sizes");
    free((void *)too_large);
    rgm_graph *g; /* times 3 * 128 * 128 are more than 2^45 */
    netrun_fine(rgm_graph_create(&g, 3, 128, 128, &err), &err, "graph");
    finish(g, conv(g, rgm_graph_input(g), "wide", 4, 1));
    t.plan.o.graph = g;
    ck_assert_int_eq(rgm_sizes_make(&t.plan, &too_large, &err), RGM_E_NOMEM);
    ck_assert_ptr_nonnull(strstr(err.text, "plan: input: a batch of "));
    rgm_graph_destroy(g);
    t.plan.o.batch = N;
    end(&t);
}
END_TEST

/* A linear layer that reads the input needs it plain. Beside it a pool cannot read it. */
START_TEST(layouts) {
    for (int32_t pool = 0; pool < 2; pool++) {
        trial t;
        rgm_graph *g;
        rgm_error err = {0};
        begin(&t, block(), 1);
        netrun_fine(rgm_graph_create(&g, 3, 8, 8, &err), &err, "graph");
        int32_t x = rgm_graph_linear(g, rgm_graph_input(g), "fc", 3, 0);
        if (pool) x = rgm_graph_add(g, x, rgm_graph_global_pool(g, rgm_graph_input(g)));
        netrun_fine(rgm_graph_finish(g, x, &err), &err, "graph");
        t.plan.o.graph = g;
        netrun_fine(rgm_sizes_make(&t.plan, &t.plan.sizes, &err), &err, "sizes");
        rgm_status status = rgm_layouts_choose(&t.plan, &t.plan.layouts, &err);
        if (pool) {
            ck_assert_int_eq(status, RGM_E_UNSUPPORTED);
            ck_assert_ptr_nonnull(strstr(err.text, "cannot read the network's input"));
            ck_assert_ptr_null(t.plan.layouts);
        } else {
            netrun_fine(status, &err, "layouts");
            ck_assert_int_eq(t.plan.layouts->input.layout, RGM_LAYOUT_PLAIN);
            ck_assert_int_eq(rgm_plan_extent(&t.plan, 0).floats, 3 * 64);
        }
        rgm_graph_destroy(g);
        end(&t);
    }
}
END_TEST

static void check_apart(const trial *t) {
    for (int32_t i = 0; i < t->plan.finishes->nodes; i++) {
        const rgm_finish *f = &t->plan.finishes->of[i];
        ck_assert(f->host == i && f->last == i && f->out == rgm_graph_node(t->graph, i)->out && !f->relu);
        ck_assert(f->norm == RGM_NO_TENSOR && f->residual == RGM_NO_TENSOR);
    }
}

START_TEST(finishes) {
    trial t;
    begin(&t, block(), 0);
    decide(&t);
    int32_t conv2 = node_of(t.graph, "conv2"), bn2 = node_of(t.graph, "bn2");
    const rgm_finish *f = rgm_plan_finish(&t.plan, conv2);
    ck_assert_int_eq(f->out, out_of(t.graph, "bn2"));
    ck_assert_int_eq(f->norm, bn2);
    ck_assert_int_eq(f->residual, out_of(t.graph, "downbn"));
    ck_assert_int_eq(f->relu, 1);
    ck_assert_int_eq(f->host, conv2);
    ck_assert_int_eq(f->last, bn2);
    ck_assert_int_eq(rgm_plan_finish(&t.plan, bn2)->host, conv2);
    ck_assert(rgm_plan_is_joined(&t.plan, conv2) && !rgm_plan_is_joined(&t.plan, node_of(t.graph, "fc")));
    forget(&t);
    t.plan.knobs.apart = 1;
    decide(&t);
    check_apart(&t);
    forget(&t);
    t.plan.knobs.apart = 0;
    t.plan.o.training = 1;
    decide(&t);
    check_apart(&t);
    end(&t);
}
END_TEST

static int32_t applies_forward(const rgm_plan *plan, int32_t node, int32_t input) {
    (void)plan, (void)node, (void)input;
    return RGM_APPLIES_FORWARD;
}

static int32_t pending_of(const trial *t, const char *name) { return t->plan.pending->of[out_of(t->graph, name)]; }

START_TEST(pending) {
    trial t;
    begin(&t, block(), 1);
    decide(&t);
    ck_assert_int_eq(pending_of(&t, "bn0"), RGM_APPLIES_ALWAYS); /* two convolutions read it */
    ck_assert_int_eq(pending_of(&t, "bn1"), RGM_APPLIES_ALWAYS);
    ck_assert_int_eq(pending_of(&t, "downbn"), RGM_APPLIES_ALWAYS); /* a residual */
    ck_assert_int_eq(pending_of(&t, "bn2"), RGM_APPLIES_NEVER);     /* has a residual */
    ck_assert_int_eq(pending_of(&t, "conv1"), RGM_APPLIES_NEVER);
    ck_assert_int_eq(rgm_pending_values(&t.plan, out_of(t.graph, "bn1"), RGM_APPLIES_ALWAYS), out_of(t.graph, "conv1"));
    forget(&t);
    t.conv.applies = applies_forward;
    decide(&t);
    ck_assert_int_eq(pending_of(&t, "bn1"), RGM_APPLIES_FORWARD);
    ck_assert_int_eq(pending_of(&t, "downbn"), RGM_APPLIES_ALWAYS);
    ck_assert_int_eq(rgm_pending_values(&t.plan, out_of(t.graph, "bn1"), RGM_APPLIES_FORWARD),
                     out_of(t.graph, "conv1"));
    ck_assert_int_eq(rgm_pending_values(&t.plan, out_of(t.graph, "bn1"), RGM_APPLIES_ALWAYS), out_of(t.graph, "bn1"));
    forget(&t);
    t.plan.o.training = 0; /* there everything between has joined */
    decide(&t);
    for (int32_t i = 0; i < t.plan.pending->tensors; i++) ck_assert_int_eq(t.plan.pending->of[i], RGM_APPLIES_NEVER);
    forget(&t);
    t.plan.o.training = 1;
    t.plan.o.conv = RGM_WAY_ONEDNN; /* knows nothing of it */
    t.conv.applies = rgm_op_conv.applies;
    decide(&t);
    ck_assert_int_eq(pending_of(&t, "bn1"), RGM_APPLIES_NEVER);
    end(&t);
}
END_TEST

static void check_list(const rgm_graph *g, const int32_t *nodes, int32_t count, const char *const *names,
                       const char *what) {
    int32_t i = 0;
    for (; names[i]; i++) {
        ck_assert_msg(i < count, "%s: %s is missing", what, names[i]);
        const char *name = rgm_graph_node(g, nodes[i])->name;
        ck_assert_msg(strncmp(name, names[i], strlen(names[i])) == 0, "%s %d: %s, expected %s", what, i, name,
                      names[i]);
    }
    ck_assert_msg(i == count, "%s: %d nodes, expected %d", what, count, i);
}

START_TEST(order_of_evaluation) {
    trial t;
    begin(&t, block(), 0);
    decide(&t);
    /* conv2 stores what bn2 would, and so comes behind its residual */
    const char *const forward[] = {"conv0", "conv1", "down", "conv2", "avgpool", "fc", NULL};
    check_list(t.graph, t.plan.order->forward, t.plan.order->forward_count, forward, "forward");
    ck_assert_int_eq(t.plan.order->backward_count, 0);
    end(&t);
}
END_TEST

static int32_t gathers(const rgm_plan *plan, int32_t node) {
    (void)plan, (void)node;
    return 1;
}

START_TEST(order_of_training) {
    trial t;
    begin(&t, block(), 1);
    t.conv.gathers = NULL;
    decide(&t);
    const rgm_plan_order *order = t.plan.order;
    const char *const forward[] = {"conv0",  "bn0", "conv1",   "bn1", "conv2", "down",
                                   "downbn", "bn2", "avgpool", "fc",  NULL};
    check_list(t.graph, order->forward, order->forward_count, forward, "forward");
    const char *const plain[] = {"fc",  "avgpool", "bn2", "downbn", "down", "conv2",
                                 "bn1", "conv1",   "bn0", "conv0",  NULL};
    check_list(t.graph, order->backward, order->backward_count, plain, "backward");
    for (int32_t i = 0; i < t.plan.sizes->tensors; i++) ck_assert_int_eq(order->gatherer[i], -1);
    forget(&t);
    t.conv.gathers = gathers;
    decide(&t);
    order = t.plan.order;
    ck_assert_int_eq(order->gatherer[out_of(t.graph, "bn0")], node_of(t.graph, "conv1")); /* the first of two */
    ck_assert_int_eq(order->gatherer[out_of(t.graph, "bn1")], node_of(t.graph, "conv2"));
    ck_assert_int_eq(order->gatherer[out_of(t.graph, "downbn")], -1); /* read as a residual only */
    ck_assert_int_eq(order->gatherer[out_of(t.graph, "conv0")], -1);  /* no batch norm */
    check_list(t.graph, order->backward, order->backward_count, plain, "backward");
    end(&t);
}
END_TEST

/* A pool reads bn's output before the convolution that gathers: in backward it comes first all the same. */
START_TEST(gatherer_comes_last) {
    for (int32_t gather = 0; gather < 2; gather++) {
        trial t;
        rgm_graph *g;
        rgm_error err = {0};
        netrun_fine(rgm_graph_create(&g, 3, 8, 8, &err), &err, "graph");
        int32_t x = rgm_graph_batchnorm(g, conv(g, rgm_graph_input(g), "first", 16, 3), RGM_NO_TENSOR, "bn", 0);
        int32_t pool = rgm_graph_avgpool(g, x, 3, 1, 1);
        finish(g, rgm_graph_add(g, conv(g, x, "second", 16, 3), pool));
        begin(&t, g, 1);
        t.conv.gathers = gather ? gathers : NULL;
        decide(&t);
        const char *const last[] = {"fc", "avgpool", "add", "avgpool", "second", "bn", "first", NULL};
        const char *const plain[] = {"fc", "avgpool", "add", "second", "avgpool", "bn", "first", NULL};
        check_list(g, t.plan.order->backward, t.plan.order->backward_count, gather ? last : plain, "backward");
        end(&t);
    }
}
END_TEST

/* The names of tensors that a cut drops, by their producers. */
static void check_dropped(trial *t, rgm_cut cut, const char *const *names) {
    const rgm_remake *r = NULL;
    rgm_error err = {0};
    netrun_fine(rgm_remake_choose(&t->plan, cut, &r, &err), &err, "remake");
    for (int32_t i = 0; i < rgm_graph_node_count(t->graph); i++) {
        const rgm_node *node = rgm_graph_node(t->graph, i);
        int32_t expected = 0;
        for (int32_t k = 0; names[k]; k++) expected |= strcmp(names[k], node->name) == 0;
        ck_assert_msg(r->dropped[node->out] == expected, "%d segments, %d flops: %s is %s", cut.segments, cut.flops,
                      node->name, expected ? "kept" : "dropped");
    }
    free((void *)r);
}

START_TEST(dropped) {
    trial t;
    const char *const none[] = {NULL}, *const join[] = {"bn2", NULL}, *const forward[] = {"bn0", "bn1", "bn2", NULL};
    const char *const inside[] = {"conv1", "conv2", "down", NULL};
    const char *const all[] = {"conv0", "conv1", "conv2", "down", "bn2", "avgpool", NULL};
    begin(&t, block(), 1);
    decide(&t);
    check_dropped(&t, (rgm_cut){RGM_PLAN_SEGMENTS, 0}, none); /* too small */
    t.plan.knobs.remake = 1;
    check_dropped(&t, (rgm_cut){RGM_PLAN_SEGMENTS, 0}, join);
    check_dropped(&t, (rgm_cut){1, 0}, none); /* bn2's output is one tensor wide */
    /* conv0's and bn2's are; what lies between is wider */
    check_dropped(&t, (rgm_cut){1, 1 << 20}, inside);
    check_dropped(&t, (rgm_cut){RGM_PLAN_SEGMENTS, 1 << 20}, all);
    forget(&t);
    t.conv.applies = applies_forward; /* what was pending in the forward pass alone */
    decide(&t);
    check_dropped(&t, (rgm_cut){RGM_PLAN_SEGMENTS, 0}, forward);
    forget(&t);
    t.plan.o.training = 0;
    decide(&t);
    check_dropped(&t, (rgm_cut){RGM_PLAN_SEGMENTS, 1 << 20}, none);
    end(&t);
}
END_TEST

/* The example of plan/lifetimes.h. */
START_TEST(lifetimes) {
    const rgm_lifetime buffers[] = {{192, 0, 1}, {128, 1, 2}, {64, 2, 3}};
    const rgm_places *places;
    rgm_error err = {0};
    netrun_fine(rgm_lifetimes_place(buffers, 3, &places, &err), &err, "lifetimes");
    ck_assert_uint_eq(places->offset[0], 0);
    ck_assert_uint_eq(places->offset[1], 192);
    ck_assert_uint_eq(places->offset[2], 0);
    ck_assert_uint_eq(places->bytes, 320);
    free((void *)places);
}
END_TEST

START_TEST(bindings) {
    void *a = NULL, *b = NULL;
    float values[32];
    char arena[128];
    const rgm_lifetime both[] = {{64, 0, 1}, {64, 0, 1}};
    const rgm_places *places;
    const rgm_addresses *addresses;
    rgm_error err = {0};
    rgm_binding list[] = {
        {.into = RGM_BIND_BUFFER, .buffer = 1, .slot = &b, .order = 0, .phase = "first"},
        {.into = RGM_BIND_VALUE, .offset = 16, .slot = &a, .order = 1, .phase = "first"},
        {.into = RGM_BIND_BUFFER, .buffer = 1, .slot = &b, .order = 2, .phase = "second"},
        {.into = RGM_BIND_GRADIENT, .offset = 16, .slot = &a, .order = 3, .phase = "third"},
    };
    netrun_fine(rgm_lifetimes_place(both, 2, &places, &err), &err, "lifetimes");
    netrun_fine(rgm_binding_resolve(list, 3, places, &addresses, &err), &err, "binding");
    ck_assert_int_eq(addresses->count, 2);
    rgm_binding_fill(addresses, arena, &(rgm_memory){.value = values});
    ck_assert_ptr_eq(a, values + 16);
    ck_assert_ptr_eq(b, arena + 64);
    free((void *)addresses);
    ck_assert_int_eq(rgm_binding_resolve(list, 4, places, &addresses, &err), RGM_E_INTERNAL);
    free((void *)places);
    ck_assert_ptr_nonnull(strstr(err.text, "plan: third: "));
}
END_TEST

int main(void) {
    Suite *s = suite_create("passes");
    TCase *t = tcase_create("passes");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, sizes);
    tcase_add_test(t, layouts);
    tcase_add_test(t, finishes);
    tcase_add_test(t, pending);
    tcase_add_test(t, order_of_evaluation);
    tcase_add_test(t, order_of_training);
    tcase_add_test(t, gatherer_comes_last);
    tcase_add_test(t, dropped);
    tcase_add_test(t, lifetimes);
    tcase_add_test(t, bindings);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
