/* Our own convolutions in a network against oneDNN's: sizes that take every way through their phases (few channels and
 * many, several turns, ragged tiles, spans that cross images), on every ISA; and the same bits on any team. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "netrun.h"
#include "ops/ops.h"
#include "plan/rows.h"
#include "sanitized.h"

typedef struct shape {
    int32_t N, H, W, C, K, window, stride, pad, written; /* written: nothing is pending on the input */
} shape;

static const shape shapes[] = {
    {2, 4, 4, 1, 1, 3, 1, 1, 0},        {3, 5, 7, 17, 33, 3, 1, 1, 0},    {6, 5, 4, 16, 16, 3, 1, 0, 0},
    {5, 9, 6, 64, 48, 3, 1, 0, 0},      {2, 33, 30, 20, 8, 3, 1, 1, 0},   {7, 8, 8, 130, 132, 3, 1, 1, 0},
    {3, 7, 7, 260, 70, 3, 1, 1, 0},     {40, 6, 5, 65, 64, 3, 1, 1, 0},   {3, 90, 70, 40, 68, 3, 1, 1, 0},
    {2, 14, 14, 96, 200, 3, 1, 0, 0},   {3, 6, 5, 18, 35, 1, 1, 0, 0},    {2, 31, 29, 64, 130, 1, 1, 0, 0},
    {5, 7, 8, 33, 16, 1, 2, 0, 0},      {4, 12, 13, 70, 140, 1, 2, 0, 0}, {5, 9, 6, 17, 20, 3, 2, 1, 0},
    {2, 40, 41, 64, 96, 3, 2, 1, 0},    {9, 8, 8, 130, 66, 3, 2, 1, 0},   {3, 7, 9, 20, 33, 3, 2, 0, 0},
    {2, 2, 1, 16, 16, 3, 2, 1, 0},      {5, 9, 10, 130, 140, 3, 2, 0, 0}, {120, 12, 11, 140, 130, 3, 2, 1, 0},
    {2, 23, 4, 66, 16, 3, 2, 0, 0},     {3, 3, 4, 20, 17, 3, 2, 0, 0},    {3, 9, 8, 300, 600, 3, 2, 1, 0},
    {1040, 1, 1, 130, 132, 3, 1, 1, 0}, /* more tiles than a stage of F(4x4) holds */
    {93, 10, 9, 130, 140, 3, 1, 1, 0},  /* and of F(2x2) */
    {2, 2, 2, 610, 30, 3, 1, 1, 0},     /* filters in pieces, of F(2x2), too */
    {3, 1, 2, 28, 590, 3, 1, 1, 0},     /* the same in backward data */
    {9, 16, 17, 300, 40, 1, 1, 0, 1},   /* pixels read where they are: strips, parts, */
    {2, 16, 17, 70, 600, 1, 1, 0, 1},   /* panels of outputs */
    {2, 15, 14, 530, 560, 1, 1, 0, 0},  /* strips, gathered */
    {3, 9, 8, 67, 135, 1, 1, 0, 1},     /* one strip */
    {3, 6, 5, 20, 33, 3, 2, 0, 0},      /* a lattice of one tap, larger than dy */
    {2, 8, 9, 40, 35, 3, 1, 1, 1},      /* the centre tap alone is read where it is */
    {150, 5, 3, 64, 70, 1, 1, 0, 1},    /* few pixels: spans that cross images */
    {1, 2, 2, 16, 16, 1, 1, 0, 1},      /* fewer than are worth two parts */
    {1, 24, 16, 64, 70, 1, 1, 0, 1},    /* more parts than strips */
};

enum { UNITS = 3 };

/* input -> 1x1 convolution, batch norm (pending, or else tanh) -> the convolution -> batch norm -> mean -> features */
static rgm_graph *make_graph(const shape *s) {
    rgm_graph *g;
    rgm_error err = {0};
    netrun_fine(rgm_graph_create(&g, 3, s->H, s->W, &err), &err, "graph");
    int32_t x = rgm_graph_conv(g, rgm_graph_input(g), "stem", &(rgm_conv_spec){s->C, 1, 1, 0, 1, 0});
    x = rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "bn1", RGM_BN_RELU);
    if (s->written) x = rgm_graph_activation(g, x, RGM_TANH, 0);
    x = rgm_graph_conv(g, x, "conv", &(rgm_conv_spec){s->K, s->window, s->stride, s->pad, 1, 0});
    x = rgm_graph_batchnorm(g, x, RGM_NO_TENSOR, "bn2", 0);
    x = rgm_graph_global_pool(g, rgm_graph_activation(g, x, RGM_TANH, 0));
    netrun_fine(rgm_graph_finish(g, rgm_graph_linear(g, x, "fc", UNITS, RGM_LINEAR_HEAD), &err), &err, "graph");
    return g;
}

static const char *const names[] = {[RGM_WAY_WINOGRAD] = "winograd",
                                    [RGM_WAY_WINOGRAD_2X2] = "winograd 2x2",
                                    [RGM_WAY_DIRECT] = "direct",
                                    [RGM_WAY_ONEDNN_WINOGRAD] = "jit_wino_4x3:avx512_core"};

/* The way that was asked for is the one that is taken, in all directions. */
static void check_way(const netrun *r, int32_t conv) {
    if (conv == RGM_WAY_AUTO) return;
    char all[96];
    rgm_plan_row row;
    for (int32_t i = 0; i < rgm_plan_row_count(r->plan); i++) {
        rgm_plan_row_get(r->plan, i, &row);
        if (strcmp(row.name, "conv") != 0) continue;
        ck_assert_int_eq(conv == RGM_WAY_ONEDNN, !strstr(row.engine, "winograd") && !strstr(row.engine, "direct") &&
                                                     !strstr(row.engine, "wino_"));
        if (conv == RGM_WAY_ONEDNN) return;
        snprintf(all, sizeof all, "%s, %s, %s", names[conv], names[conv], names[conv]);
        ck_assert_str_eq(row.engine, all);
    }
}

/* Gradients, statistics and logits of one step, one after the other, in a new array. */
static float *record(const rgm_graph *g, const shape *s, int32_t isa, int32_t threads, int32_t conv, int64_t *count) {
    netrun r;
    netrun_conv = conv;
    netrun_open(&r, g, isa, s->N, threads, 1);
    check_way(&r, conv);
    netrun_draw(&r, 5);
    int64_t inputs = (int64_t)s->N * 3 * s->H * s->W, grads = rgm_graph_param_floats(g),
            stats = rgm_graph_stat_floats(g);
    float *x = malloc((size_t)inputs * sizeof *x), *d = malloc(sizeof *d * (size_t)(s->N * UNITS));
    *count = grads + stats + s->N * UNITS;
    float *all = calloc((size_t)*count, sizeof *all);
    ck_assert(x && d && all);
    netrun_uniform(5, 1, -1, 1, x, inputs);
    netrun_uniform(5, 2, -1, 1, d, s->N * UNITS);
    netrun_input(&r, x);
    netrun_forward(&r);
    netrun_logits(&r, all + grads + stats);
    netrun_backward(&r, d);
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) { /* not the gaps between them */
        const rgm_param *p = rgm_graph_param(g, i);
        memcpy(all + p->offset, r.grad + p->offset, sizeof *all * (size_t)p->count);
    }
    for (int32_t i = 0; i < rgm_graph_stat_count(g); i++) {
        const rgm_param *p = rgm_graph_stat(g, i);
        memcpy(all + grads + p->offset, r.stat + p->offset, sizeof *all * (size_t)p->count);
    }
    free(x);
    free(d);
    netrun_close(&r);
    return all;
}

/* Direct summation of n products in single precision is off by about sqrt(n) roundings; Winograd by some times that. */
static void compare(const float *got, const float *want, int64_t count, double scale, const char *what,
                    const shape *s) {
    double error = 0, size = 0, n = 9.0 * (s->C > s->K ? s->C : s->K) + (double)s->N * s->H * s->W;
    for (int64_t i = 0; i < count; i++) {
        error += pow((double)got[i] - want[i], 2);
        size += pow((double)want[i], 2);
    }
    double bound = 16 * sqrt(n) * 0x1p-24 * (sqrt(size) + scale);
    ck_assert_msg(sqrt(error) <= bound,
                  "%dx%dx%d, %d -> %d, window %d, stride %d, pad %d: %s: off by %.3g of %.3g, at most %.3g", s->N, s->H,
                  s->W, s->C, s->K, s->window, s->stride, s->pad, what, sqrt(error), sqrt(size), bound);
}

static int32_t is_3x3(const shape *s) { return s->window == 3; }
static int32_t is_dense_3x3(const shape *s) { return s->window == 3 && s->stride == 1; }

static void compare_with(const rgm_graph *g, const shape *s, int32_t isa, int32_t conv, const float *want) {
    int64_t count, grads = rgm_graph_param_floats(g);
    float *got = record(g, s, isa, 2, conv, &count);
    double all = 0;
    for (int64_t j = 0; j < grads; j++) all += pow((double)want[j], 2);
    for (int32_t j = 0; j < rgm_graph_param_count(g); j++) {
        const rgm_param *p = rgm_graph_param(g, j);
        compare(got + p->offset, want + p->offset, p->count, sqrt(all) / 16, p->name, s);
    }
    compare(got + grads, want + grads, count - grads, 0, "statistics and logits", s);
    free(got);
}

static int32_t onednn_has_winograd(int32_t isa) {
    rgm_engine *engine;
    rgm_error err = {0};
    netrun_fine(rgm_engine_create(&engine, isa, rgm_kernels_get(isa)->block, 1, &err), &err, "engine");
    int32_t has = rgm_engine_has_winograd(engine);
    rgm_engine_destroy(engine);
    return has;
}

START_TEST(same_as_onednn) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const shape *s = &shapes[i];
        int32_t least = (int64_t)s->C * s->K * s->H * s->W * s->N > 20 << 20 ? RGM_ISA_AVX2 : RGM_ISA_GENERIC16;
        if (_i < least || !netrun_turn(_i, least, i)) continue; /* large ones are slow on generic16 */
        rgm_graph *g = make_graph(s);
        int64_t count;
        netrun_cache = i % 2 ? 2 << 20 : 512 << 10; /* its panels are wide or narrow */
        float *want = record(g, s, _i, 2, RGM_WAY_ONEDNN, &count);
        compare_with(g, s, _i, RGM_WAY_DIRECT, want);
        if (is_3x3(s)) compare_with(g, s, _i, RGM_WAY_WINOGRAD, want);
        if (is_dense_3x3(s)) compare_with(g, s, _i, RGM_WAY_WINOGRAD_2X2, want);
        if (is_dense_3x3(s) && _i == RGM_ISA_AVX512 && onednn_has_winograd(_i))
            compare_with(g, s, _i, RGM_WAY_ONEDNN_WINOGRAD, want);
        free(want);
        rgm_graph_destroy(g);
    }
}
END_TEST

/* Where oneDNN has no Winograd, asking for it is an error; where it has, layers it is not for are computed directly. */
START_TEST(onednn_winograd) {
    const shape strided = {5, 9, 6, 17, 20, 3, 2, 1, 0};
    rgm_graph *g = make_graph(&strided);
    rgm_error err = {0};
    rgm_plan *plan;
    rgm_engine *engine;
    const rgm_kernels *k = rgm_kernels_get(_i);
    netrun_fine(rgm_engine_create(&engine, _i, k->block, 1, &err), &err, "engine");
    rgm_plan_options o = {.graph = g,
                          .ops = rgm_op_table,
                          .kernels = k,
                          .engine = engine,
                          .batch = 5,
                          .workers = 1,
                          .conv = RGM_WAY_ONEDNN_WINOGRAD,
                          .training = 1};
    rgm_status status = rgm_plan_create(&plan, &o, &err);
    if (rgm_engine_has_winograd(engine)) {
        ck_assert_int_ne(_i, RGM_ISA_AVX2);
        netrun_fine(status, &err, "plan");
        rgm_plan_row row;
        for (int32_t i = 0; i < rgm_plan_row_count(plan); i++) {
            rgm_plan_row_get(plan, i, &row);
            ck_assert_ptr_null(strstr(row.engine, "wino"));
        }
        rgm_plan_destroy(plan);
    } else {
        ck_assert_int_eq(status, RGM_E_UNSUPPORTED);
        ck_assert_msg(strstr(err.text, "engine.conv=onednn-winograd: oneDNN ") != NULL, "%s", err.text);
    }
    rgm_engine_destroy(engine);
    rgm_graph_destroy(g);
}
END_TEST

/* What the plan chooses by itself. */
START_TEST(rule) {
    static const struct {
        int32_t C, K, window, stride, pad, bias, winograd;
    } t[] = {{16, 16, 3, 1, 1, 0, 3}, {15, 16, 3, 1, 1, 0, 0}, {16, 15, 3, 1, 1, 0, 0}, {64, 64, 3, 1, 0, 0, 3},
             {64, 64, 3, 2, 1, 0, 3}, {63, 64, 3, 2, 1, 0, 0}, {64, 63, 3, 2, 0, 0, 0}, {64, 64, 1, 1, 0, 0, 0},
             {64, 64, 5, 1, 2, 0, 0}, {64, 64, 3, 1, 1, 1, 2}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        rgm_graph *g;
        rgm_error err = {0};
        netrun r;
        netrun_fine(rgm_graph_create(&g, 3, 8, 8, &err), &err, "graph");
        int32_t x = rgm_graph_conv(g, rgm_graph_input(g), "stem", &(rgm_conv_spec){t[i].C, 1, 1, 0, 1, 0});
        x = rgm_graph_conv(g, x, "conv", &(rgm_conv_spec){t[i].K, t[i].window, t[i].stride, t[i].pad, 1, t[i].bias});
        x = rgm_graph_linear(g, rgm_graph_global_pool(g, x), "fc", UNITS, RGM_LINEAR_HEAD);
        netrun_fine(rgm_graph_finish(g, x, &err), &err, "graph");
        netrun_conv = RGM_WAY_AUTO;
        netrun_open(&r, g, _i, 2, 1, 1);
        rgm_plan_row row;
        rgm_plan_row_get(r.plan, 1, &row);
        int32_t found = 0;
        for (const char *s = row.engine; (s = strstr(s, "winograd")); s++) found++;
        ck_assert_msg(found == t[i].winograd, "case %zu: %s", i, row.engine);
        netrun_close(&r);
        rgm_graph_destroy(g);
    }
}
END_TEST

/* What the plan chooses for the convolution by itself. */
static rgm_plan_row rule_of(const shape *s, int32_t isa) {
    rgm_graph *g = make_graph(s);
    netrun r;
    rgm_plan_row row = {0};
    netrun_conv = RGM_WAY_AUTO;
    netrun_open(&r, g, isa, s->N, 1, 1);
    for (int32_t i = 0; i < rgm_plan_row_count(r.plan) && (!row.name || strcmp(row.name, "conv") != 0); i++)
        rgm_plan_row_get(r.plan, i, &row);
    ck_assert_str_eq(row.name, "conv");
    netrun_close(&r);
    rgm_graph_destroy(g);
    return row;
}

/* The size of Winograd's tiles: where 16 products for each 2x2 pixels are no more than 36 for each 4x4. The input's
 * gradient is as large as the input, whatever the padding. */
START_TEST(rule_of_tiles) {
    static const struct {
        int32_t H, W, pad;
        const char *ways;
    } t[] = {{1, 1, 1, "winograd 2x2, winograd 2x2, winograd 2x2"},
             {2, 2, 1, "winograd 2x2, winograd 2x2, winograd 2x2"},
             {3, 3, 1, "winograd, winograd, winograd"},
             {4, 4, 1, "winograd, winograd, winograd"},
             {5, 5, 1, "winograd 2x2, winograd 2x2, winograd 2x2"},
             {6, 6, 1, "winograd 2x2, winograd 2x2, winograd 2x2"},
             {5, 6, 1, "winograd 2x2, winograd 2x2, winograd 2x2"},
             {7, 7, 1, "winograd, winograd, winograd"},
             {6, 7, 1, "winograd, winograd, winograd"},
             {6, 10, 1, "winograd, winograd, winograd"},
             {2, 9, 1, "winograd 2x2, winograd 2x2, winograd 2x2"},
             {40, 1, 1, "winograd 2x2, winograd 2x2, winograd 2x2"},
             {28, 28, 1, "winograd, winograd, winograd"},
             {8, 8, 0, "winograd 2x2, winograd, winograd 2x2"},
             {6, 6, 0, "winograd, winograd 2x2, winograd"},
             {3, 3, 0, "winograd 2x2, winograd, winograd 2x2"}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const shape s = {2, t[i].H, t[i].W, 16, 17, 3, 1, t[i].pad, 0};
        rgm_plan_row row = rule_of(&s, _i);
        ck_assert_msg(strcmp(row.engine, t[i].ways) == 0, "%dx%d, pad %d: %s", s.H, s.W, s.pad, row.engine);
    }
}
END_TEST

/* With stride 2: where enough products are saved. Without padding dx may have a line of tiles more. */
START_TEST(rule_of_strides) {
    enum { F = 1 << RGM_CONV_FORWARD, D = 1 << RGM_CONV_BACKWARD_DATA, W = 1 << RGM_CONV_BACKWARD_WEIGHTS };
    static const struct {
        int32_t H, W, pad, winograd;
    } t[] = {{8, 8, 1, F | D | W}, {7, 7, 1, F | D | W},   {4, 4, 1, 0},           {6, 6, 1, 0},
             {10, 10, 1, 0},       {14, 14, 1, F | D | W}, {13, 13, 1, F | D | W}, {16, 16, 1, F | D | W},
             {28, 28, 1, 0},       {30, 32, 1, F | D | W}, {1, 40, 1, 0},          {9, 9, 0, F | W},
             {17, 18, 0, F | W},   {11, 12, 0, 0},         {64, 64, 0, F | D | W}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        const shape s = {2, t[i].H, t[i].W, 64, 65, 3, 2, t[i].pad, 0};
        rgm_plan_row row = rule_of(&s, _i);
        for (int32_t d = 0; d < RGM_CONV_DIRECTIONS; d++)
            ck_assert_msg((row.way[d] == RGM_WAY_WINOGRAD) == (t[i].winograd >> d & 1), "%dx%d, pad %d: %s", s.H, s.W,
                          s.pad, row.engine);
    }
}
END_TEST

static void check_bits(const rgm_graph *g, const shape *s, int32_t isa, int32_t conv) {
    static const int32_t threads[] = {3, 2, 4, 7};
    int64_t count;
    float *want = record(g, s, isa, 1, conv, &count);
    for (size_t t = 0; t < (RGM_SANITIZED ? 1 : sizeof threads / sizeof *threads); t++) {
        float *got = record(g, s, isa, threads[t], conv, &count);
        ck_assert_msg(memcmp(got, want, sizeof *got * (size_t)count) == 0, "%d -> %d: other bits on %d threads", s->C,
                      s->K, threads[t]);
        free(got);
    }
    free(want);
}

START_TEST(same_bits) {
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i += 2) {
        if (!netrun_turn(_i, RGM_ISA_AVX2, i / 2)) continue;
        rgm_graph *g = make_graph(&shapes[i]);
        netrun_cache = i / 2 % 2 ? 2 << 20 : 512 << 10;
        check_bits(g, &shapes[i], _i, RGM_WAY_DIRECT);
        if (is_3x3(&shapes[i])) check_bits(g, &shapes[i], _i, RGM_WAY_WINOGRAD);
        if (is_dense_3x3(&shapes[i])) check_bits(g, &shapes[i], _i, RGM_WAY_WINOGRAD_2X2);
        if (is_dense_3x3(&shapes[i]) && _i == RGM_ISA_AVX512 && onednn_has_winograd(_i))
            check_bits(g, &shapes[i], _i, RGM_WAY_ONEDNN_WINOGRAD);
        rgm_graph_destroy(g);
    }
}
END_TEST

/* The place of a phase, or -1. */
static int32_t find_phase(const rgm_phase *phases, int32_t count, const char *name) {
    for (int32_t i = 0; i < count; i++)
        if (strcmp(phases[i].name, name) == 0) return i;
    return -1;
}

static int32_t find_forward(const netrun *r, const char *name) {
    int32_t count;
    const rgm_phase *phases = rgm_plan_forward(r->plan, &count);
    return find_phase(phases, count, name);
}

static int32_t find_backward(const netrun *r, const char *name) {
    int32_t count;
    const rgm_phase *phases = rgm_plan_backward(r->plan, &count);
    return find_phase(phases, count, name);
}

/* A 1x1 convolution that widens loads its input as it is pending; with 16 lanes its backward weights do, too, with 8
 * they are oneDNN's and have it written. */
START_TEST(pending_forward) {
    const shape s = {7, 9, 8, 67, 135, 1, 1, 0, 0}, even = {7, 9, 8, 67, 67, 1, 1, 0, 0},
                strided = {7, 9, 8, 67, 135, 1, 2, 0, 0}, few_in = {7, 9, 8, 63, 135, 1, 1, 0, 0},
                few_out = {7, 9, 8, 135, 63, 1, 1, 0, 0}, written = {7, 9, 8, 67, 135, 1, 1, 0, 1};
    int32_t lanes = rgm_kernels_get(_i)->block, with_16 = lanes == 16 ? RGM_WAY_DIRECT : RGM_WAY_ONEDNN;
    ck_assert_int_eq(rule_of(&s, _i).way[RGM_CONV_FORWARD], RGM_WAY_DIRECT);
    ck_assert_int_eq(rule_of(&s, _i).way[RGM_CONV_BACKWARD_DATA], with_16); /* it gathers bn1's sums */
    ck_assert_int_eq(rule_of(&strided, _i).way[RGM_CONV_BACKWARD_DATA], RGM_WAY_ONEDNN);
    ck_assert_int_eq(rule_of(&written, _i).way[RGM_CONV_BACKWARD_DATA], RGM_WAY_ONEDNN); /* tanh is before it */
    ck_assert_int_eq(rule_of(&s, _i).way[RGM_CONV_BACKWARD_WEIGHTS], with_16);
    ck_assert_int_eq(rule_of(&even, _i).way[RGM_CONV_FORWARD], with_16);
    ck_assert_int_eq(rule_of(&strided, _i).way[RGM_CONV_FORWARD], with_16);
    ck_assert_int_eq(rule_of(&strided, _i).way[RGM_CONV_BACKWARD_WEIGHTS], with_16);
    ck_assert_int_eq(rule_of(&even, _i).way[RGM_CONV_BACKWARD_WEIGHTS], with_16);
    ck_assert_int_eq(rule_of(&few_out, _i).way[RGM_CONV_BACKWARD_WEIGHTS], RGM_WAY_ONEDNN);
    ck_assert_int_eq(rule_of(&few_in, _i).way[RGM_CONV_FORWARD], RGM_WAY_ONEDNN);
    ck_assert_int_eq(rule_of(&few_in, _i).way[RGM_CONV_BACKWARD_WEIGHTS], RGM_WAY_ONEDNN);
    ck_assert_int_eq(rule_of(&few_out, _i).way[RGM_CONV_FORWARD], RGM_WAY_ONEDNN);
    rgm_graph *g = make_graph(&s);
    int64_t count;
    float *want = record(g, &s, _i, 2, RGM_WAY_ONEDNN, &count);
    compare_with(g, &s, _i, RGM_WAY_AUTO, want);
    check_bits(g, &s, _i, RGM_WAY_AUTO);
    free(want);
    netrun r;
    netrun_conv = RGM_WAY_AUTO;
    netrun_open(&r, g, _i, s.N, 1, 1);
    ck_assert_int_lt(find_forward(&r, "bn1 normalise"), 0);
    ck_assert_int_eq(find_backward(&r, "bn1 normalise") >= 0, lanes == 8);
    ck_assert_int_lt(find_forward(&r, "bn2 statistics"), 0);                   /* the convolution has gathered them, */
    ck_assert_int_eq(find_backward(&r, "bn1 backward sums") >= 0, lanes == 8); /* and these */
    netrun_close(&r);
    rgm_graph_destroy(g);
}
END_TEST

/* Panels of Winograd's backward weights are as wide as the second-level cache allows: 32 channels on both sides, or 64,
 * of which there is one here; tiles for 21 parts make an even number of chunks of it, or whole rounds of 64 of all. */
START_TEST(panels) {
    const shape s = {64, 32, 32, 64, 64, 3, 1, 1, 0};
    static const int64_t caches[] = {0, 512 << 10, 1 << 20, 2 << 20};
    int32_t lanes = rgm_kernels_get(_i)->block;
    rgm_graph *g = make_graph(&s);
    netrun_conv = RGM_WAY_WINOGRAD;
    for (size_t i = 0; i < sizeof caches / sizeof *caches; i++) {
        netrun r;
        int32_t count, wide = caches[i] ? caches[i] >= 1 << 20 : lanes == 16;
        netrun_cache = caches[i];
        netrun_open(&r, g, _i, s.N, 1, 1);
        const rgm_phase *backward = rgm_plan_backward(r.plan, &count);
        ck_assert_int_eq(backward[find_backward(&r, "conv backward weights")].chunks, wide ? 20 : 64);
        netrun_close(&r);
    }
    rgm_graph_destroy(g);
}
END_TEST

/* What a tensor has for readers besides the convolution that gathers its batch norm's sums. */
enum { ALONE, SHORTCUT, SHORTCUT_FIRST, TWICE, JOINED };

static int32_t branch(rgm_graph *g, int32_t x, const shape *s, const char *name) {
    return rgm_graph_conv(g, x, name, &(rgm_conv_spec){s->K, s->window, s->stride, s->pad, 1, 0});
}

/* As large an output, but by oneDNN in any case. */
static int32_t branch_5x5(rgm_graph *g, int32_t x, const shape *s, const char *name) {
    return rgm_graph_conv(g, x, name, &(rgm_conv_spec){s->K, 5, s->stride, s->pad + (5 - s->window) / 2, 1, 0});
}

/* input -> 1x1 convolution -> batch norm: with a ReLU, behind a sum with the input's projection; or without either
 * -> `conv` and others that read the same -> their sum -> mean -> features */
static rgm_graph *make_fork(const shape *s, int32_t readers, int32_t joined, int32_t relu) {
    rgm_graph *g;
    rgm_error err = {0};
    netrun_fine(rgm_graph_create(&g, 3, s->H, s->W, &err), &err, "graph");
    int32_t in = rgm_graph_input(g), x, other = RGM_NO_TENSOR;
    if (joined) other = rgm_graph_conv(g, in, "projection", &(rgm_conv_spec){s->C, 1, 1, 0, 1, 0});
    x = rgm_graph_conv(g, in, "stem", &(rgm_conv_spec){s->C, 1, 1, 0, 1, 0});
    int32_t t = rgm_graph_batchnorm(g, x, other, "bn1", relu ? RGM_BN_RELU : 0), y = RGM_NO_TENSOR;
    if (readers == SHORTCUT_FIRST) y = rgm_graph_batchnorm(g, branch_5x5(g, t, s, "shortcut"), RGM_NO_TENSOR, "bn3", 0);
    x = rgm_graph_batchnorm(g, branch(g, t, s, "conv"), y, "bn2", 0);
    if (readers == SHORTCUT || readers == TWICE) x = rgm_graph_add(g, x, branch(g, t, s, "shortcut"));
    if (readers == TWICE) x = rgm_graph_add(g, x, branch(g, t, s, "third"));
    if (readers == JOINED) x = rgm_graph_add(g, x, t);
    x = rgm_graph_global_pool(g, rgm_graph_activation(g, x, RGM_TANH, 0));
    netrun_fine(rgm_graph_finish(g, rgm_graph_linear(g, x, "fc", UNITS, RGM_LINEAR_HEAD), &err), &err, "graph");
    return g;
}

static void check_gathered(const rgm_graph *g, const shape *s, int32_t isa, int32_t conv, int32_t gathered) {
    netrun r;
    netrun_conv = conv;
    netrun_open(&r, g, isa, s->N, 1, 1);
    ck_assert_int_eq(find_backward(&r, "bn1 backward sums") < 0, gathered);
    if (gathered && find_backward(&r, "shortcut backward data") >= 0)
        ck_assert_int_lt(find_backward(&r, "shortcut backward data"), find_backward(&r, "conv backward data"));
    netrun_close(&r);
}

/* Sums of a batch norm's backward pass, taken where a convolution stores the gradient: of each mask, of one addend and
 * of several, whoever stands first in the graph; of outputs that are made again, too. */
START_TEST(gathered_sums) {
    static const shape forks[] = {{3, 9, 7, 20, 35, 1, 1, 0, 0},   {2, 13, 11, 40, 40, 1, 1, 0, 0},
                                  {5, 5, 9, 33, 33, 3, 1, 1, 0},   {2, 40, 37, 17, 20, 3, 1, 0, 0},
                                  {3, 9, 8, 130, 150, 3, 1, 1, 0}, {3, 9, 10, 70, 66, 3, 2, 1, 0}};
    for (size_t i = 0, turn = 0; i < sizeof forks / sizeof *forks; i++)
        for (int32_t readers = ALONE; readers <= JOINED; readers++)
            for (int32_t how = 0; how < 4; how++, turn++) {
                const shape *s = &forks[i];
                if (readers == JOINED && (s->C != s->K || s->stride != 1 || s->pad != s->window / 2)) continue;
                if (!netrun_turn(_i, RGM_ISA_GENERIC16, turn)) continue;
                rgm_graph *g = make_fork(s, readers, how & 1, how >> 1);
                int64_t count;
                netrun_knobs.remake = turn % 3 == 0; /* all that can be */
                float *want = record(g, s, _i, 2, RGM_WAY_ONEDNN, &count);
                check_gathered(g, s, _i, RGM_WAY_ONEDNN, 0);
                compare_with(g, s, _i, RGM_WAY_DIRECT, want);
                check_gathered(g, s, _i, RGM_WAY_DIRECT, s->stride == 1);
                if (readers == SHORTCUT_FIRST || readers == JOINED) check_bits(g, s, _i, RGM_WAY_DIRECT);
                free(want);
                rgm_graph_destroy(g);
            }
    netrun_knobs.remake = 0;
}
END_TEST

int main(void) {
    netrun_tell_sets();
    Suite *suite = suite_create("conv");
    TCase *cases = tcase_create("every ISA");
    tcase_set_timeout(cases, 300);
    for (int32_t isa = 0; isa < RGM_ISA_COUNT; isa++)
        if (netrun_has(isa) && isa != RGM_ISA_REFERENCE) {
            tcase_add_loop_test(cases, same_as_onednn, isa, isa + 1);
            tcase_add_loop_test(cases, rule, isa, isa + 1);
            tcase_add_loop_test(cases, rule_of_tiles, isa, isa + 1);
            tcase_add_loop_test(cases, rule_of_strides, isa, isa + 1);
            tcase_add_loop_test(cases, onednn_winograd, isa, isa + 1);
            tcase_add_loop_test(cases, pending_forward, isa, isa + 1);
            tcase_add_loop_test(cases, panels, isa, isa + 1);
            tcase_add_loop_test(cases, gathered_sums, isa, isa + 1);
            if (isa != RGM_ISA_GENERIC16) tcase_add_loop_test(cases, same_bits, isa, isa + 1);
        }
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
