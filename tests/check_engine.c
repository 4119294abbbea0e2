/* The engine against a naive oracle in double precision: all three directions over a ladder of shapes, in every layout
 * and under several caps of oneDNN's instruction set (one process each: the first engine decides). */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include "engine_oracle.h"
#include "base/cpu.h"
#include "base/team.h"

enum { ALL = 7 };

/* --- layouts ------------------------------------------------------------------------------------------------------ */

static size_t padded(int32_t C, int32_t block) { return (size_t)((C + block - 1) / block * block); }

static size_t place(int32_t C, int32_t block, size_t pixels, size_t n, size_t c, size_t p) {
    size_t b = (size_t)block;
    return n * padded(C, block) * pixels + c / b * b * pixels + p * b + c % b;
}

static void to_blocked(const double *x, float *y, size_t N, int32_t C, size_t pixels, int32_t block) {
    for (size_t n = 0; n < N; n++)
        for (size_t c = 0; c < padded(C, block); c++)
            for (size_t p = 0; p < pixels; p++)
                y[place(C, block, pixels, n, c, p)] = c < (size_t)C ? (float)x[(n * (size_t)C + c) * pixels + p] : 0.0f;
}

static void oracle_check_blocked(const oracle *o, const float *got, size_t N, int32_t C, size_t pixels, int32_t block,
                                 const char *what) {
    for (size_t n = 0; n < N; n++)
        for (size_t c = 0; c < padded(C, block); c++)
            for (size_t p = 0; p < pixels; p++) {
                float value = got[place(C, block, pixels, n, c, p)];
                if (c < (size_t)C)
                    oracle_check(o, (n * (size_t)C + c) * pixels + p, value, what);
                else
                    ck_assert_msg(value == 0.0f, "%s: %s: padding lane %zu of image %zu is %g", subject, what, c, n,
                                  (double)value);
            }
}

/* --- a trial: one convolution, its tensors and its oracle ------------------------------------------------------------
 */

typedef struct trial {
    rgm_conv_shape s;
    int32_t OH, OW, block, src_block;
    size_t x_count, y_count, w_count; /* canonical */
    double *x, *w, *dy, *bias;
    double *scale, *residual;
    buffer bx, bdy, bw, bb, by, bdx, bdw, bdb, bs, br; /* bs, br: scale and residual, where the shape finishes */
    int32_t in_place;                                  /* the residual lies in y */
    buffer packed[2], partials, scratch[8];
    rgm_conv *conv;
    int32_t workers;
} trial;

/* 1 if the forward pass ends with more than a bias: then its weights are scaled, too. */
static int finishes(const trial *t) { return t->s.residual || t->s.relu; }

static void trial_make(trial *t, rgm_engine *engine, int32_t block, int32_t workers, const rgm_conv_shape *shape) {
    rgm_error err = {0};
    *t = (trial){.s = *shape, .block = block, .workers = workers};
    snprintf(subject, sizeof subject, "N%d C%d %dx%d K%d %dx%d/%d p%d g%d%s", shape->N, shape->C, shape->H, shape->W,
             shape->K, shape->R, shape->S, shape->stride, shape->pad, shape->groups, shape->src_layout ? " plain" : "");
    const rgm_conv_shape *s = &t->s;
    ck_assert_msg(rgm_conv_create(&t->conv, engine, s, &err) == RGM_OK, "%s", err.text);
    t->src_block = s->src_layout == RGM_LAYOUT_PLAIN ? 1 : block;
    t->OH = (s->H + 2 * s->pad - s->R) / s->stride + 1;
    t->OW = (s->W + 2 * s->pad - s->S) / s->stride + 1;
    size_t N = (size_t)s->N, in = (size_t)(s->H * s->W), out = (size_t)(t->OH * t->OW);
    t->x_count = N * (size_t)s->C * in;
    t->y_count = N * (size_t)s->K * out;
    t->w_count = (size_t)s->K * (size_t)(s->C / s->groups) * (size_t)(s->R * s->S);
    t->x = noise_make(t->x_count);
    t->w = noise_make(t->w_count);
    t->dy = noise_make(t->y_count);
    t->bias = noise_make((size_t)s->K);
    t->scale = noise_make(finishes(t) ? (size_t)s->K : 0);
    t->residual = noise_make(finishes(t) ? t->y_count : 0);
    t->bx = buffer_make(N * padded(s->C, t->src_block) * in * 4);
    t->bdx = buffer_make(t->bx.size);
    t->by = buffer_make(N * padded(s->K, block) * out * 4);
    t->bdy = buffer_make(t->by.size);
    t->bw = buffer_make(t->w_count * 4);
    t->bdw = buffer_make(t->w_count * 4);
    t->bb = buffer_make((size_t)s->K * 4);
    t->bdb = buffer_make((size_t)s->K * 4);
    t->bs = buffer_make(finishes(t) ? (size_t)s->K * 4 : 0);
    t->br = buffer_make(finishes(t) ? t->by.size : 0);
    to_blocked(t->x, floats(&t->bx), N, s->C, in, t->src_block);
    to_blocked(t->dy, floats(&t->bdy), N, s->K, out, block);
    if (finishes(t)) to_blocked(t->residual, floats(&t->br), N, s->K, out, block);
    for (int32_t k = 0; k < s->K && finishes(t); k++) floats(&t->bs)[k] = (float)t->scale[k];
    for (size_t i = 0; i < t->w_count; i++) floats(&t->bw)[i] = (float)t->w[i];
    for (int32_t k = 0; k < s->K; k++) floats(&t->bb)[k] = (float)t->bias[k];
    for (int i = 0; i < 2; i++) t->packed[i] = buffer_make(rgm_conv_packed_bytes(t->conv, i));
    t->partials = buffer_make(rgm_conv_packed_bytes(t->conv, RGM_CONV_BACKWARD_WEIGHTS));
    for (int32_t i = 0; i < workers; i++) t->scratch[i] = buffer_make(rgm_conv_scratch_bytes(t->conv));
}

static void trial_free(trial *t) {
    buffer *all[] = {&t->bx,  &t->bdy,       &t->bw,        &t->bb,       &t->by, &t->bdx, &t->bdw,
                     &t->bdb, &t->packed[0], &t->packed[1], &t->partials, &t->bs, &t->br};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) buffer_free(all[i], "tensor");
    for (int32_t i = 0; i < t->workers; i++) buffer_free(&t->scratch[i], "scratch");
    free(t->x);
    free(t->w);
    free(t->dy);
    free(t->bias);
    free(t->scale);
    free(t->residual);
    rgm_conv_destroy(t->conv);
}

/* The chunk functions as phases of a team. */
static rgm_conv_call call_of(trial *t, int32_t chunk, int32_t worker) {
    return (rgm_conv_call){t->conv, chunk, worker, t->scratch[worker].bytes};
}

static rgm_status pack_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    trial *t = context;
    rgm_conv_call call = call_of(t, chunk, worker);
    return rgm_conv_pack(&call, RGM_CONV_FORWARD, floats(&t->bw), finishes(t) ? floats(&t->bs) : NULL,
                         t->packed[0].bytes, err);
}

static rgm_status forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    trial *t = context;
    rgm_conv_call call = call_of(t, chunk, worker);
    const rgm_conv_forward_args args = {.x = floats(&t->bx),
                                        .bias = t->s.bias ? floats(&t->bb) : NULL,
                                        .residual = !t->s.residual ? NULL : floats(t->in_place ? &t->by : &t->br),
                                        .packed = t->packed[0].bytes,
                                        .y = floats(&t->by)};
    return rgm_conv_forward(&call, &args, err);
}

static rgm_status pack_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    trial *t = context;
    rgm_conv_call call = call_of(t, chunk, worker);
    return rgm_conv_pack(&call, RGM_CONV_BACKWARD_DATA, floats(&t->bw), NULL, t->packed[1].bytes, err);
}

static rgm_status backward_data(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    trial *t = context;
    rgm_conv_call call = call_of(t, chunk, worker);
    return rgm_conv_backward_data(&call, floats(&t->bdy), t->packed[1].bytes, floats(&t->bdx), err);
}

static rgm_status backward_weights(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    trial *t = context;
    rgm_conv_call call = call_of(t, chunk, worker);
    return rgm_conv_backward_weights(&call, floats(&t->bx), floats(&t->bdy), t->partials.bytes, err);
}

static rgm_status reduce(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    trial *t = context;
    rgm_conv_call call = call_of(t, chunk, worker);
    return rgm_conv_reduce(&call, t->partials.bytes, floats(&t->bdw), t->s.bias ? floats(&t->bdb) : NULL, err);
}

enum { PHASES = 6 };

static void trial_phases(trial *t, rgm_phase phases[PHASES]) {
    const rgm_phase all[PHASES] = {
        {pack_forward, t, rgm_conv_pack_chunks(t->conv, RGM_CONV_FORWARD), "pack", 0},
        {forward, t, rgm_conv_groups(t->conv, RGM_CONV_FORWARD), "forward", 0},
        {pack_backward, t, rgm_conv_pack_chunks(t->conv, RGM_CONV_BACKWARD_DATA), "pack", 0},
        {backward_data, t, rgm_conv_groups(t->conv, RGM_CONV_BACKWARD_DATA), "backward data", 0},
        {backward_weights, t, rgm_conv_groups(t->conv, RGM_CONV_BACKWARD_WEIGHTS), "backward weights", 0},
        {reduce, t, rgm_conv_reduce_chunks(t->conv), "reduce", 0}};
    memcpy(phases, all, sizeof all);
}

/* All phases on this thread, chunks backwards: their order must not matter. */
static void trial_run(trial *t) {
    rgm_error err = {0};
    rgm_phase phases[PHASES];
    trial_phases(t, phases);
    if (t->in_place) memcpy(t->by.bytes, t->br.bytes, t->by.size);
    for (int p = 0; p < PHASES; p++)
        for (int32_t c = phases[p].chunks - 1; c >= 0; c--)
            ck_assert_msg(phases[p].run(t, c, c % t->workers, &err) == RGM_OK, "%s: %s", phases[p].name, err.text);
}

static void trial_check(const trial *t) {
    const rgm_conv_shape *s = &t->s;
    size_t in = (size_t)(s->H * s->W), out = (size_t)(t->OH * t->OW);
    oracle y = oracle_make(t->y_count), dx = oracle_make(t->x_count), dw = oracle_make(t->w_count),
           db = oracle_make((size_t)s->K);
    int32_t per_k = s->K / s->groups, per_c = s->C / s->groups;
    for (int32_t n = 0; n < s->N; n++)
        for (int32_t k = 0; k < s->K; k++)
            for (int32_t q = 0; q < t->OH * t->OW; q++) {
                size_t at_y = (size_t)(n * s->K + k) * out + (size_t)q;
                oracle_add(&db, (size_t)k, t->dy[at_y]);
                if (s->bias) oracle_add(&y, at_y, t->bias[k]);
                if (s->residual) oracle_add(&y, at_y, t->residual[at_y]);
                for (int32_t tap = 0; tap < per_c * s->R * s->S; tap++) {
                    int32_t c = k / per_k * per_c + tap / (s->R * s->S);
                    int32_t h = q / t->OW * s->stride - s->pad + tap / s->S % s->R;
                    int32_t w = q % t->OW * s->stride - s->pad + tap % s->S;
                    if (h < 0 || h >= s->H || w < 0 || w >= s->W) continue;
                    size_t at_x = (size_t)(n * s->C + c) * in + (size_t)(h * s->W + w);
                    size_t at_w = (size_t)k * (size_t)(per_c * s->R * s->S) + (size_t)tap;
                    oracle_add(&y, at_y, (finishes(t) ? t->scale[k] : 1) * t->x[at_x] * t->w[at_w]);
                    oracle_add(&dx, at_x, t->dy[at_y] * t->w[at_w]);
                    oracle_add(&dw, at_w, t->x[at_x] * t->dy[at_y]);
                }
            }
    for (size_t i = 0; i < t->y_count && s->relu; i++) y.sum[i] = y.sum[i] > 0 ? y.sum[i] : 0;
    oracle_check_blocked(&y, floats(&t->by), (size_t)s->N, s->K, out, t->block, "y");
    if (s->directions == ALL) {
        oracle_check_blocked(&dx, floats(&t->bdx), (size_t)s->N, s->C, in, t->src_block, "dx");
        for (size_t i = 0; i < t->w_count; i++) oracle_check(&dw, i, floats(&t->bdw)[i], "dw");
        for (int32_t k = 0; k < s->K && s->bias; k++) oracle_check(&db, (size_t)k, floats(&t->bdb)[k], "db");
    }
    oracle_free(&y);
    oracle_free(&dx);
    oracle_free(&dw);
    oracle_free(&db);
}

/* --- the ladder --------------------------------------------------------------------------------------------------- */

#define SHAPE(n, c, h, w, k, r, st, p, g, b)                                                                           \
    {                                                                                                                  \
        .N = n, .C = c, .H = h, .W = w, .K = k, .R = r, .S = r, .stride = st, .pad = p, .groups = g, .bias = b,        \
        .directions = ALL                                                                                              \
    }
#define STEM(n, c, h, w, k, r, st, p)                                                                                  \
    {                                                                                                                  \
        .N = n, .C = c, .H = h, .W = w, .K = k, .R = r, .S = r, .stride = st, .pad = p, .groups = 1,                   \
        .src_layout = RGM_LAYOUT_PLAIN, .directions = ALL                                                              \
    }

static const rgm_conv_shape ladder[] = {
    SHAPE(1, 1, 1, 1, 1, 1, 1, 0, 1, 0),     SHAPE(1, 1, 1, 1, 1, 3, 1, 1, 1, 1),
    SHAPE(2, 8, 1, 1, 8, 3, 1, 1, 1, 0),     SHAPE(3, 16, 2, 2, 16, 3, 2, 1, 1, 1),
    SHAPE(1, 16, 14, 14, 16, 3, 1, 1, 1, 0), SHAPE(9, 16, 7, 7, 32, 3, 1, 1, 1, 1),
    SHAPE(5, 32, 4, 4, 64, 3, 1, 1, 1, 0),   SHAPE(7, 32, 8, 8, 16, 1, 1, 0, 1, 0),
    SHAPE(8, 16, 9, 9, 32, 1, 2, 0, 1, 1),   SHAPE(6, 16, 8, 8, 32, 1, 2, 0, 1, 0),
    SHAPE(4, 16, 13, 11, 32, 3, 2, 1, 1, 0), SHAPE(3, 24, 5, 6, 40, 3, 1, 1, 1, 1),
    SHAPE(2, 3, 17, 17, 16, 7, 2, 3, 1, 0),  SHAPE(9, 5, 6, 5, 7, 3, 1, 1, 1, 1),
    SHAPE(2, 17, 5, 5, 9, 3, 1, 1, 1, 0),    SHAPE(3, 12, 7, 7, 20, 1, 1, 0, 1, 1),
    SHAPE(3, 12, 7, 7, 20, 1, 2, 0, 1, 0),   SHAPE(2, 8, 6, 6, 8, 3, 1, 0, 1, 0),
    SHAPE(2, 8, 5, 5, 8, 1, 1, 1, 1, 0),     SHAPE(2, 8, 4, 4, 8, 3, 1, 3, 1, 1),
    SHAPE(2, 8, 9, 9, 16, 7, 1, 3, 1, 0),    SHAPE(1, 8, 10, 10, 8, 3, 3, 1, 1, 0),
    SHAPE(2, 16, 3, 40, 16, 3, 1, 1, 1, 0),  SHAPE(4, 64, 4, 4, 130, 1, 1, 0, 1, 1),
    SHAPE(3, 16, 6, 6, 32, 3, 1, 1, 2, 1),   SHAPE(5, 32, 5, 5, 32, 3, 2, 1, 2, 0),
    SHAPE(3, 12, 5, 5, 20, 3, 1, 1, 2, 1),   SHAPE(2, 6, 4, 4, 10, 1, 1, 0, 2, 0),
    SHAPE(2, 32, 6, 6, 32, 1, 2, 0, 4, 0),   SHAPE(3, 24, 6, 6, 48, 3, 1, 1, 3, 0),
    SHAPE(4, 16, 7, 7, 16, 3, 1, 1, 16, 1),  SHAPE(9, 32, 6, 6, 32, 3, 2, 1, 32, 0),
    SHAPE(2, 11, 5, 5, 11, 3, 1, 1, 11, 1),  SHAPE(2, 8, 5, 5, 16, 3, 1, 1, 8, 0),
    STEM(2, 1, 12, 12, 16, 3, 1, 1),         STEM(3, 2, 9, 9, 16, 3, 1, 1),
    STEM(5, 3, 16, 16, 16, 3, 1, 1),         STEM(2, 3, 19, 19, 16, 7, 2, 3),
    STEM(3, 4, 9, 7, 24, 3, 1, 1),           STEM(2, 3, 8, 8, 9, 3, 1, 1),
    STEM(3, 7, 9, 9, 16, 3, 1, 1),           STEM(2, 12, 11, 11, 32, 7, 2, 3),
};
enum { LADDER = sizeof ladder / sizeof *ladder };

/* Block 16 under an AVX2 cap is what generic16 meets on such a machine; SSE4.1 is a machine without AVX2. */
static const struct {
    int32_t isa, block;
    const char *cap;
} variants[] = {{RGM_ISA_AVX2, 8, NULL},
                {RGM_ISA_AVX512, 16, NULL},
                {RGM_ISA_GENERIC16, 16, "AVX2"},
                {RGM_ISA_REFERENCE, 8, NULL},
                {RGM_ISA_REFERENCE, 8, "SSE41"}};
enum { VARIANTS = sizeof variants / sizeof *variants, SLICES = 4 };

static rgm_engine *engine_for(int32_t isa, int32_t block, int32_t workers) {
    rgm_error err = {0};
    rgm_engine *engine;
    ck_assert_msg(rgm_engine_create(&engine, isa, block, workers, &err) == RGM_OK, "%s", err.text);
    return engine;
}

static void climb(rgm_engine *engine, int32_t block, const rgm_conv_shape *shape) {
    trial t;
    trial_make(&t, engine, block, 2, shape);
    if (getenv("RGM_VERBOSE"))
        printf("%s block %d %s: %s | %s | %s\n", rgm_engine_describe(engine), block, subject, rgm_conv_impl(t.conv, 0),
               rgm_conv_impl(t.conv, 1), rgm_conv_impl(t.conv, 2));
    trial_run(&t);
    trial_check(&t);
    const buffer *results[] = {&t.by, &t.bdx, &t.bdw, &t.bdb};
    char *first[4];
    for (int i = 0; i < 4; i++) {
        first[i] = malloc(results[i]->size + 1);
        ck_assert_ptr_nonnull(first[i]);
        memcpy(first[i], results[i]->bytes, results[i]->size);
    }
    trial_run(&t); /* over its own results: nothing may be left over */
    for (int i = 0; i < 4; i++) {
        ck_assert_msg(memcmp(first[i], results[i]->bytes, results[i]->size) == 0, "%s: other bits again", subject);
        free(first[i]);
    }
    trial_free(&t);
}

static rgm_engine *engine_of_variant(int variant) {
    if (variants[variant].cap) {
        setenv("ONEDNN_MAX_CPU_ISA", variants[variant].cap, 1);
        setenv("DNNL_MAX_CPU_ISA", variants[variant].cap, 1);
    }
    return engine_for(variants[variant].isa, variants[variant].block, 2);
}

/* Several shapes a process: a fork is cheap, but not under sanitizers. */
START_TEST(test_ladder) {
    const int variant = _i % VARIANTS, slice = _i / VARIANTS;
    const int32_t block = variants[variant].block;
    rgm_engine *engine = engine_of_variant(variant);
    for (int i = slice; i < LADDER; i += SLICES) {
        rgm_conv_shape winograd = ladder[i];
        winograd.winograd = 1;
        climb(engine, block, &ladder[i]);
        if (!rgm_engine_has_winograd(engine)) continue;
        oracle_slack = WINOGRAD_SLACK;
        climb(engine, block, &winograd);
        oracle_slack = 1;
    }
    rgm_engine_destroy(engine);
}
END_TEST

static int has_tap(const rgm_conv_shape *s, int32_t first, int32_t size) { return first < size && first + s->R > 0; }

/* With weights of one output channel that are NaN, so is all of that channel that has a tap in the image. */
static void check_nan_shows(trial *t) {
    const rgm_conv_shape *s = &t->s;
    size_t row = t->w_count / (size_t)s->K, out = (size_t)(t->OH * t->OW), k = (size_t)s->K / 2;
    for (size_t i = 0; i < row; i++) floats(&t->bw)[k * row + i] = NAN;
    trial_run(t);
    for (size_t n = 0; n < (size_t)s->N; n++)
        for (int32_t q = 0; q < t->OH * t->OW; q++)
            if (has_tap(s, q / t->OW * s->stride - s->pad, s->H) && has_tap(s, q % t->OW * s->stride - s->pad, s->W))
                ck_assert_msg(isnan(floats(&t->by)[place(s->K, t->block, out, n, k, (size_t)q)]),
                              "%s: %s: image %zu, pixel %d: a NaN is hidden", subject,
                              rgm_conv_impl(t->conv, RGM_CONV_FORWARD), n, q);
}

/* Forward passes with scaled weights that end with a residual, in place or not, with ReLU, or with both. */
static void climb_finished(rgm_engine *engine, int32_t block, rgm_conv_shape shape, int how) {
    trial t;
    shape.directions = 1 << RGM_CONV_FORWARD;
    shape.residual = how & 1;
    shape.relu = how >> 1;
    trial_make(&t, engine, block, 2, &shape);
    for (t.in_place = 0; t.in_place <= shape.residual; t.in_place++) {
        trial_run(&t);
        trial_check(&t);
    }
    t.in_place = 0;
    check_nan_shows(&t);
    trial_free(&t);
}

/* The ends take turns along the ladder, and from one variant to the next. */
START_TEST(test_finish) {
    rgm_engine *engine = engine_of_variant(_i);
    for (int i = 0; i < LADDER; i++) {
        const int how = 1 + (i + _i) % 3;
        rgm_conv_shape winograd = ladder[i];
        winograd.winograd = 1;
        climb_finished(engine, variants[_i].block, ladder[i], how);
        if (!rgm_engine_has_winograd(engine)) continue;
        oracle_slack = WINOGRAD_SLACK;
        climb_finished(engine, variants[_i].block, winograd, how);
        oracle_slack = 1;
    }
    rgm_engine_destroy(engine);
}
END_TEST

/* --- the same bits on any number of threads -------------------------------------------------------------------------
 */

static const rgm_conv_shape shared[] = {SHAPE(9, 20, 9, 9, 24, 3, 1, 1, 1, 1), SHAPE(13, 32, 8, 8, 64, 1, 2, 0, 1, 1),
                                        SHAPE(11, 12, 6, 6, 20, 3, 1, 1, 2, 1), STEM(10, 3, 15, 15, 16, 3, 1, 1),
                                        SHAPE(70, 64, 4, 4, 64, 3, 1, 1, 1, 0)};
enum { SHARED = sizeof shared / sizeof *shared };

static void team_run(trial *t, int32_t threads) {
    rgm_error err = {0};
    rgm_team *team;
    const rgm_team_options options = {.threads = threads, .pin = RGM_PIN_OFF};
    ck_assert_msg(rgm_team_create(&team, &options, &err) == RGM_OK, "%s", err.text);
    rgm_phase phases[PHASES];
    trial_phases(t, phases);
    ck_assert_msg(rgm_team_run(team, phases, PHASES, &err) == RGM_OK, "%s", err.text);
    rgm_team_destroy(team);
}

static void same_bits(const buffer *a, const buffer *b, const char *what, int32_t threads) {
    ck_assert_msg(memcmp(a->bytes, b->bytes, a->size) == 0, "%s differs with %d threads", what, threads);
}

START_TEST(test_threads) {
    static const int32_t threads[] = {1, 2, 3, 4, 7};
    const rgm_conv_shape *shape = &shared[_i / 2];
    int32_t block = _i % 2 ? 16 : 8;
    trial base, other;
    rgm_engine *engine = engine_for(_i % 2 ? RGM_ISA_AVX512 : RGM_ISA_AVX2, block, 7);
    noise_state = 5;
    trial_make(&base, engine, block, 7, shape);
    trial_run(&base);
    trial_check(&base);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        noise_state = 5;
        trial_make(&other, engine, block, 7, shape);
        for (int repeat = 0; repeat < 3; repeat++) {
            team_run(&other, threads[i]);
            same_bits(&base.by, &other.by, "y", threads[i]);
            same_bits(&base.bdx, &other.bdx, "dx", threads[i]);
            same_bits(&base.bdw, &other.bdw, "dw", threads[i]);
            if (shape->bias) same_bits(&base.bdb, &other.bdb, "db", threads[i]);
        }
        trial_free(&other);
    }
    trial_free(&base);
    rgm_engine_destroy(engine);
}
END_TEST

/* --- plans and refusals ---------------------------------------------------------------------------------------------
 */

START_TEST(test_groups) {
    rgm_error err = {0};
    rgm_engine *engine = engine_for(RGM_ISA_AVX2, 8, 1);
    const int32_t batches[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 64, 65, 100, 128, 129, 257, 511, 512};
    const int32_t sizes[] = {1, 4, 7, 28};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
            rgm_conv *conv;
            const int32_t N = batches[i], pixels = sizes[j] * sizes[j];
            rgm_conv_shape shape = SHAPE(N, 16, sizes[j], sizes[j], 16, 3, 1, 1, 1, 0);
            ck_assert_msg(rgm_conv_create(&conv, engine, &shape, &err) == RGM_OK, "%s", err.text);
            int32_t forward_groups = rgm_conv_groups(conv, RGM_CONV_FORWARD);
            int32_t weight_groups = rgm_conv_groups(conv, RGM_CONV_BACKWARD_WEIGHTS);
            ck_assert_int_ge(forward_groups, 1);
            ck_assert_int_le(forward_groups, N < 64 ? N : 64);
            ck_assert_int_ge(forward_groups, N < 4 ? N : 4);
            if (forward_groups > 9 && N < 512)
                ck_assert_int_ge((N + forward_groups - 1) / forward_groups * pixels, 128);
            ck_assert_int_eq(forward_groups, rgm_conv_groups(conv, RGM_CONV_BACKWARD_DATA));
            ck_assert_int_ge(weight_groups, N < 4 ? N : 4);
            ck_assert_int_le(weight_groups, N < 32 ? N : N <= 128 ? 32 : 64);
            if (weight_groups > 32) ck_assert_int_ge((N + weight_groups - 1) / weight_groups, 4);
            if (N == 512) ck_assert_int_eq(forward_groups + weight_groups, 2 * 64);
            rgm_conv_destroy(conv);
        }
    rgm_conv *large;
    rgm_conv_shape shape =
        SHAPE(64, 1024, 4, 4, 1024, 3, 1, 1, 1, 0); /* 36 MiB of weights: four partials, over 72 MiB */
    ck_assert_msg(rgm_conv_create(&large, engine, &shape, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(rgm_conv_groups(large, RGM_CONV_BACKWARD_WEIGHTS), 4);
    rgm_conv_destroy(large);
    shape = (rgm_conv_shape)SHAPE(256, 512, 7, 7, 256, 3, 1, 1, 1, 0); /* 4.5 MiB of weights */
    ck_assert_msg(rgm_conv_create(&large, engine, &shape, &err) == RGM_OK, "%s", err.text);
    ck_assert_uint_le(rgm_conv_packed_bytes(large, RGM_CONV_BACKWARD_WEIGHTS), 72 << 20);
    rgm_conv_destroy(large);
    rgm_engine_destroy(engine);
}
END_TEST

START_TEST(test_out) {
    ck_assert_int_eq(rgm_conv_out(224, 7, 2, 3), 112);
    ck_assert_int_eq(rgm_conv_out(5, 3, 2, 1), 3);
    ck_assert_int_eq(rgm_conv_out(1, 3, 1, 1), 1);
    ck_assert_int_eq(rgm_conv_out(1, 3, 1, 0), 0);
    ck_assert_int_eq(rgm_conv_out(INT32_MAX, 1, 1, 0), INT32_MAX);
    ck_assert_int_eq(rgm_conv_out(INT32_MAX, 1, 1, 1), 0);
    ck_assert_int_eq(rgm_conv_out(INT32_MAX, 1, 2, INT32_MAX), 0);
}
END_TEST

START_TEST(test_refusals) {
    const struct {
        rgm_conv_shape shape;
        rgm_status expected;
    } wrong[] = {
        {SHAPE(0, 8, 4, 4, 8, 3, 1, 1, 1, 0), RGM_E_USAGE},
        {SHAPE(1, 0, 4, 4, 8, 3, 1, 1, 1, 0), RGM_E_USAGE},
        {SHAPE(1, 8, -4, 4, 8, 3, 1, 1, 1, 0), RGM_E_USAGE},
        {SHAPE(1, 8, 4, 4, 8, 0, 1, 1, 1, 0), RGM_E_USAGE},
        {SHAPE(1, 8, 4, 4, 8, 3, 0, 1, 1, 0), RGM_E_USAGE},
        {SHAPE(1, 8, 4, 4, 8, 3, 1, -1, 1, 0), RGM_E_USAGE},
        {SHAPE(1, 8, 4, 4, 8, 3, 1, 1, 3, 0), RGM_E_USAGE},
        {SHAPE(1, 9, 4, 4, 8, 3, 1, 1, 3, 0), RGM_E_USAGE},
        {SHAPE(1, 8, 2, 2, 8, 7, 1, 1, 1, 0), RGM_E_USAGE},
        {SHAPE(INT32_MAX, 1024, 30000, 30000, 8, 3, 1, 1, 1, 0), RGM_E_UNSUPPORTED},
        {SHAPE(1, 1, 20000, 20000, 1, 20000, 1, 0, 1, 0), RGM_E_UNSUPPORTED}, /* weights are counted in 32 bits */
        {SHAPE(1, 1 << 18, 255, 255, 1, 255, 1, 0, 1, 0), RGM_E_UNSUPPORTED}};
    rgm_error err = {0};
    rgm_engine *engine = engine_for(RGM_ISA_AVX2, 8, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        rgm_conv *conv = (rgm_conv *)&err;
        err = (rgm_error){0};
        ck_assert_int_eq(rgm_conv_create(&conv, engine, &wrong[i].shape, &err), wrong[i].expected);
        ck_assert_ptr_null(conv);
        ck_assert_str_ne(err.text, "");
    }
    rgm_conv *conv;
    rgm_conv_shape plain = STEM(1, 8, 4, 4, 8, 3, 1, 1);
    plain.groups = 2;
    ck_assert_int_eq(rgm_conv_create(&conv, engine, &plain, &err), RGM_E_UNSUPPORTED);
    plain.groups = 1, plain.src_layout = 7;
    ck_assert_int_eq(rgm_conv_create(&conv, engine, &plain, &err), RGM_E_USAGE);
    plain.src_layout = 0, plain.directions = 8;
    ck_assert_int_eq(rgm_conv_create(&conv, engine, &plain, &err), RGM_E_USAGE);
    rgm_conv_destroy(NULL);
    rgm_engine_destroy(engine);

    ck_assert_int_eq(rgm_engine_create(&engine, RGM_ISA_AVX2, 5, 1, &err), RGM_E_USAGE);
    ck_assert_ptr_null(engine);
    ck_assert_int_eq(rgm_engine_create(&engine, -1, 8, 1, &err), RGM_E_USAGE);
    ck_assert_int_eq(rgm_engine_create(&engine, RGM_ISA_COUNT, 8, 1, &err), RGM_E_USAGE);
    ck_assert_int_eq(rgm_engine_create(&engine, RGM_ISA_AVX2, 8, 0, &err), RGM_E_USAGE);
    rgm_engine_destroy(NULL);
}
END_TEST

START_TEST(test_wrong_calls) {
    rgm_error err = {0};
    rgm_engine *engine = engine_for(RGM_ISA_AVX2, 8, 2);
    ck_assert_ptr_nonnull(strstr(rgm_engine_describe(engine), ", avx2"));
    rgm_conv_shape shape = SHAPE(4, 8, 16, 16, 8, 3, 1, 1, 1, 0);
    shape.directions = 1 << RGM_CONV_FORWARD;
    rgm_conv *conv;
    ck_assert_msg(rgm_conv_create(&conv, engine, &shape, &err) == RGM_OK, "%s", err.text);
    ck_assert_str_ne(rgm_conv_impl(conv, RGM_CONV_FORWARD), "");
    ck_assert_int_eq(rgm_conv_groups(conv, RGM_CONV_BACKWARD_DATA), 0);
    ck_assert_uint_eq(rgm_conv_packed_bytes(conv, RGM_CONV_BACKWARD_WEIGHTS), 0);
    ck_assert_int_eq(rgm_conv_reduce_chunks(conv), 0);
    const rgm_conv_call call = {conv, 0, 0, NULL}, no_group = {conv, 4, 0, NULL}, no_worker = {conv, 0, 2, NULL};
    const rgm_conv_call no_chunk = {conv, rgm_conv_pack_chunks(conv, RGM_CONV_FORWARD), 0, NULL};
    const rgm_conv_forward_args args = {.y = NULL};
    ck_assert_int_eq(rgm_conv_backward_data(&call, NULL, NULL, NULL, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(rgm_conv_backward_weights(&call, NULL, NULL, NULL, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(rgm_conv_reduce(&call, NULL, NULL, NULL, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(rgm_conv_forward(&no_group, &args, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(rgm_conv_forward(&no_worker, &args, &err), RGM_E_INTERNAL);
    ck_assert_int_eq(rgm_conv_pack(&no_chunk, RGM_CONV_FORWARD, NULL, NULL, NULL, &err), RGM_E_INTERNAL);
    rgm_conv_destroy(conv);
    rgm_engine_destroy(engine);
}
END_TEST

/* The rule is about speed, but it must be stable, and its answer must work. */
START_TEST(test_stem_layout) {
    rgm_error err = {0};
    int32_t block = _i ? 16 : 8;
    rgm_engine *engine = engine_for(_i ? RGM_ISA_AVX512 : RGM_ISA_AVX2, block, 1);
    for (int32_t c = 1; c <= 16; c++) {
        rgm_conv_shape shape = SHAPE(4, c, 20, 20, 16, 3, 1, 1, 1, 0);
        shape.directions = 1 << RGM_CONV_FORWARD | 1 << RGM_CONV_BACKWARD_WEIGHTS;
        int32_t layout = rgm_conv_stem_layout(engine, &shape);
        ck_assert_int_eq(rgm_conv_stem_layout(engine, &shape), layout);
        if (getenv("RGM_VERBOSE")) printf("stem block %d C%d: %s\n", block, c, layout ? "plain" : "blocked");
        shape.src_layout = layout;
        rgm_conv *conv;
        ck_assert_msg(rgm_conv_create(&conv, engine, &shape, &err) == RGM_OK, "%s", err.text);
        rgm_conv_destroy(conv);
    }
    rgm_engine_destroy(engine);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("engine");
    TCase *ladder_case = tcase_create("ladder"), *rest = tcase_create("rest");
    tcase_set_timeout(ladder_case, 300);
    tcase_set_timeout(rest, 300);
    tcase_add_loop_test(ladder_case, test_ladder, 0, SLICES * VARIANTS);
    tcase_add_loop_test(ladder_case, test_finish, 0, VARIANTS);
    tcase_add_loop_test(rest, test_threads, 0, SHARED * 2);
    tcase_add_test(rest, test_groups);
    tcase_add_test(rest, test_out);
    tcase_add_test(rest, test_refusals);
    tcase_add_test(rest, test_wrong_calls);
    tcase_add_loop_test(rest, test_stem_layout, 0, 2);
    suite_add_tcase(suite, ladder_case);
    suite_add_tcase(suite, rest);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
