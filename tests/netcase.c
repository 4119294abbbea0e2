#include "config.h"

#include "netcase.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

enum { UNITS = 3 };

/* Tolerance of a relative L2 distance: a few dozen roundings in a row, each passing through sums that average them. */
static const double tolerance = 48 * (double)FLT_EPSILON;

netcase netcase_begin(int32_t isa, int32_t N, int32_t C, int32_t H, int32_t W, const char *name, ...) {
    netcase c = {.isa = isa, .N = N, .samples = 16, .slack = 1};
    int at = snprintf(c.name, sizeof c.name, "%s: ", rgm_isa_name(isa));
    va_list list;
    va_start(list, name);
    vsnprintf(c.name + at, sizeof c.name - (size_t)at, name, list);
    va_end(list);
    rgm_error err = {0};
    netrun_fine(rgm_graph_create(&c.graph, C, H, W, &err), &err, c.name);
    return c;
}

int32_t netcase_stem(netcase *c, int32_t C) {
    return rgm_graph_conv(c->graph, rgm_graph_input(c->graph), "stem",
                          &(rgm_conv_spec){.filters = C, .window = 1, .stride = 1, .bias = 1});
}

/* Sums of squares of a distance and of the expected values. */
typedef struct distance {
    double error, size;
} distance;

static void add(distance *d, double got, double expected) {
    d->error += (got - expected) * (got - expected);
    d->size += expected * expected;
}

/* `scale`: what the values are made of when they cancel. */
static void check(const netcase *c, const distance *d, double scale, const char *what) {
    double bound = tolerance * c->slack * (sqrt(d->size) + scale);
    ck_assert_msg(sqrt(d->error) <= bound, "%s: %s: off by %.3g of %.3g (at most %.3g)", c->name, what, sqrt(d->error),
                  sqrt(d->size), bound);
}

static void to_double(const float *from, int64_t n, double *to) {
    for (int64_t i = 0; i < n; i++) to[i] = (double)from[i];
}

static void set_up(const netcase *c, netrun *r, oracle *o, float *x, int64_t inputs) {
    netrun_draw(r, 7);
    netrun_uniform(7, 999, -1, 1, x, inputs);
    for (int32_t i = 0; i < rgm_graph_param_count(c->graph); i++) {
        const rgm_param *p = rgm_graph_param(c->graph, i);
        for (int64_t j = 0; j < p->count; j++) {
            if (p->role == RGM_ROLE_SCALE && c->zero_scale) r->value[p->offset + j] = 0;
            if (p->role == RGM_ROLE_BIAS && i == 1) r->value[p->offset + j] += c->stem_shift;
        }
        to_double(r->value + p->offset, p->count, o->param + p->offset);
    }
    for (int32_t i = 0; i < rgm_graph_stat_count(c->graph); i++) {
        const rgm_param *p = rgm_graph_stat(c->graph, i);
        to_double(r->stat + p->offset, p->count, o->stat + p->offset);
    }
    to_double(x, inputs, o->value[0]);
    netrun_input(r, x);
}

static float *take_logits(const netrun *r) {
    float *logits = calloc((size_t)r->N * UNITS, sizeof *logits);
    ck_assert_ptr_nonnull(logits);
    netrun_logits(r, logits);
    return logits;
}

static void check_logits(const netcase *c, const netrun *r, const oracle *o, const char *what) {
    float *logits = take_logits(r);
    distance d = {0};
    for (int64_t i = 0; i < (int64_t)c->N * UNITS; i++) add(&d, (double)logits[i], oracle_logits(o)[i]);
    check(c, &d, 0, what);
    free(logits);
}

static void check_statistics(const netcase *c, const netrun *r, const oracle *o) {
    for (int32_t i = 0; i < rgm_graph_stat_count(c->graph); i++) {
        const rgm_param *p = rgm_graph_stat(c->graph, i);
        distance d = {0};
        for (int64_t j = 0; j < p->count; j++) add(&d, (double)r->stat[p->offset + j], o->next_stat[p->offset + j]);
        check(c, &d, 0, p->name);
    }
}

/* Gradients at up to c->samples places of every tensor. One that is lost among the others (a bias in front of a batch
 * norm has none) is compared on the scale of the whole gradient. */
static void check_gradients(const netcase *c, const netrun *r, oracle *o) {
    int32_t params = rgm_graph_param_count(c->graph);
    distance *d = calloc((size_t)params, sizeof *d);
    ck_assert_ptr_nonnull(d);
    double all = 0;
    for (int32_t i = params; i-- > 0;) {
        const rgm_param *p = rgm_graph_param(c->graph, i);
        rgm_rng rng = {.seed = 11, .stream = RGM_STREAM(RGM_STREAM_TEST, i)};
        int64_t count = p->count < c->samples ? p->count : c->samples;
        for (int64_t j = 0; j < count; j++) {
            int64_t at = count == p->count ? j : (int64_t)rgm_rng_permute(&rng, (uint64_t)p->count, (uint64_t)j);
            add(&d[i], (double)r->grad[p->offset + at], oracle_slope(o, i, at));
        }
        all += d[i].size;
    }
    for (int32_t i = 0; i < params; i++) check(c, &d[i], sqrt(all), rgm_graph_param(c->graph, i)->name);
    free(d);
}

static void check_evaluation(const netcase *c, const netrun *training, oracle *o, const float *x) {
    netrun r;
    netrun_open_beside(&r, training, 0);
    netrun_input(&r, x);
    for (int32_t i = 0; i < rgm_graph_stat_count(c->graph); i++) {
        const rgm_param *p = rgm_graph_stat(c->graph, i);
        to_double(r.stat + p->offset, p->count, o->stat + p->offset);
    }
    netrun_forward(&r);
    oracle_forward(o, 0);
    check_logits(c, &r, o, "logits in evaluation");
    netrun_close(&r);
}

static void *copy(const void *from, size_t bytes) {
    void *to = malloc(bytes + 1);
    ck_assert_ptr_nonnull(to);
    return memcpy(to, from, bytes);
}

static void check_same(const netcase *c, const float *a, const float *b, int64_t count, const char *what) {
    ck_assert_msg(memcmp(a, b, sizeof *a * (size_t)count) == 0, "%s: other bits in low memory: %s", c->name, what);
}

/* The step of `normal`, which began with the statistics `stat`, in low memory, where everything that can be is made
 * again: the same bits. */
static void check_low(const netcase *c, const netrun *normal, const float *logits, const float *stat, const float *x,
                      const float *dlogits, int32_t segments) {
    netrun r;
    int64_t params = rgm_graph_param_floats(c->graph), stats = rgm_graph_stat_floats(c->graph);
    float *grad = copy(normal->grad, sizeof *grad * (size_t)params);
    float *after = copy(normal->stat, sizeof *after * (size_t)stats);
    netrun_memory = RGM_MEMORY_LOW;
    netrun_knobs.segments = segments;
    netrun_open_beside(&r, normal, 1);
    netrun_memory = RGM_MEMORY_NORMAL;
    netrun_knobs.segments = 0;
    memcpy(r.stat, stat, sizeof *stat * (size_t)stats);
    memset(r.grad, 0xFF, sizeof *grad * (size_t)params);
    netrun_input(&r, x);
    netrun_forward(&r);
    float *again = take_logits(&r);
    netrun_backward(&r, dlogits);
    check_same(c, again, logits, (int64_t)c->N * UNITS, "logits");
    check_same(c, r.stat, after, stats, "statistics");
    for (int32_t i = 0; i < rgm_graph_param_count(c->graph); i++) {
        const rgm_param *p = rgm_graph_param(c->graph, i);
        check_same(c, r.grad + p->offset, grad + p->offset, p->count, p->name);
    }
    free(again);
    free(after);
    free(grad);
    netrun_close(&r);
}

static void check_once(netcase *c) {
    const rgm_tensor *in = rgm_graph_tensor(c->graph, 0);
    int64_t inputs = (int64_t)c->N * in->C * in->H * in->W;
    float *values = calloc((size_t)inputs, sizeof *values), *dlogits = calloc((size_t)c->N * UNITS, sizeof *dlogits);
    ck_assert(values && dlogits);
    netrun r;
    netrun_open(&r, c->graph, c->isa, c->N, 2, 1);
    oracle *o = oracle_create(c->graph, c->N);
    set_up(c, &r, o, values, inputs);
    netrun_uniform(7, 998, -1, 1, dlogits, (int64_t)c->N * UNITS);
    float *stat = copy(r.stat, sizeof *stat * (size_t)rgm_graph_stat_floats(c->graph));
    o->weights = dlogits;
    netrun_forward(&r);
    float *logits = take_logits(&r);
    oracle_forward(o, 1);
    check_logits(c, &r, o, "logits in training");
    netrun_backward(&r, dlogits);
    check_statistics(c, &r, o);
    check_gradients(c, &r, o);
    check_low(c, &r, logits, stat, values, dlogits, 1);
    check_low(c, &r, logits, stat, values, dlogits, RGM_PLAN_SEGMENTS);
    check_evaluation(c, &r, o, values);
    oracle_destroy(o);
    netrun_close(&r);
    free(values);
    free(dlogits);
    free(logits);
    free(stat);
}

void netcase_check(netcase *c, int32_t x) {
    static size_t cases;
    rgm_error err = {0};
    if (x >= 0 && rgm_graph_tensor(c->graph, x)->image) x = rgm_graph_flatten(c->graph, x);
    netrun_fine(rgm_graph_finish(c->graph, rgm_graph_linear(c->graph, x, "fc", UNITS, RGM_LINEAR_HEAD), &err), &err,
                c->name);
    static const char *const ways[] = {[RGM_WAY_AUTO] = "auto",
                                       [RGM_WAY_WINOGRAD] = "winograd",
                                       [RGM_WAY_WINOGRAD_2X2] = "winograd 2x2",
                                       [RGM_WAY_DIRECT] = "direct",
                                       [RGM_WAY_ONEDNN] = "onednn"};
    int32_t convs = 0;
    for (int32_t i = 0; i < rgm_graph_node_count(c->graph); i++)
        convs += rgm_graph_node(c->graph, i)->op == RGM_OP_CONV;
    size_t end = strlen(c->name);
    netrun_knobs.remake = 1; /* all that can be */
    for (netrun_conv = RGM_WAY_AUTO; netrun_conv <= RGM_WAY_ONEDNN; netrun_conv++) {
        if (convs == 1 && netrun_conv != RGM_WAY_ONEDNN) continue; /* only the stem */
        if (!netrun_turn(c->isa, RGM_ISA_REFERENCE, cases + (size_t)netrun_conv)) continue;
        snprintf(c->name + end, sizeof c->name - end, ", %s", ways[netrun_conv]);
        check_once(c);
    }
    cases++;
    netrun_conv = RGM_WAY_AUTO;
    netrun_knobs.remake = 0;
    rgm_graph_destroy(c->graph);
}
