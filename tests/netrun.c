#include "config.h"

#include "netrun.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "ops/ops.h"
#include "oracle.h"
#include "sanitized.h"
#include "skip.h"

void netrun_fine(rgm_status status, const rgm_error *err, const char *what) {
    ck_assert_msg(status == RGM_OK, "%s: %s (%s)", what, err->text, rgm_status_text(status));
}

rgm_graph *netrun_family(rgm_family_options options) {
    rgm_graph *g;
    rgm_error err = {0};
    netrun_fine(rgm_family_build(&g, &options, &err), &err, options.name);
    return g;
}

void netrun_tell_sets(void) {
    for (int32_t isa = 0; isa < RGM_ISA_COUNT; isa++)
        if (!netrun_has(isa)) skip_case("every case", rgm_isa_name(isa));
}

int32_t netrun_has(int32_t isa) {
    rgm_error err = {0};
    int32_t chosen;
    return rgm_kernels_get(isa) && rgm_isa_choose(rgm_isa_name(isa), rgm_cpu_features(), &chosen, &err) == RGM_OK;
}

/* 1 if it is the turn of `isa` among the levels from `first` on, below `end`, that the machine has. */
static int32_t has_turn(int32_t isa, int32_t first, int32_t end, size_t i) {
    size_t levels = 0, before = 0;
    for (int32_t level = first; level < end; level++) {
        if (!netrun_has(level)) continue;
        before += level < isa;
        levels++;
    }
    return isa >= first && isa < end && i % levels == before;
}

int32_t netrun_turn(int32_t isa, int32_t least, size_t i) {
    const char *turns = getenv("REGIMEN_TEST_TURNS");
    int32_t best = RGM_ISA_COUNT - 1;
    while (!netrun_has(best)) best--;
    if (least > best) least = best;
    if (RGM_SANITIZED || (turns && strcmp(turns, "one") == 0)) return has_turn(isa, least, best + 1, i);
    if (turns && strcmp(turns, "all") == 0) return isa >= least;
    return isa == best || has_turn(isa, least, best, i);
}

enum { GUARD = 64 };

/* NaNs, with a guard behind. */
static void *memory(size_t bytes) {
    unsigned char *m = aligned_alloc(64, (bytes + GUARD + 63) / 64 * 64);
    ck_assert_ptr_nonnull(m);
    memset(m, 0xFF, bytes);
    memset(m + bytes, 0xA5, GUARD);
    return m;
}

static void release(void *m, size_t bytes, const char *what) {
    for (size_t i = 0; i < GUARD; i++)
        ck_assert_msg(((unsigned char *)m)[bytes + i] == 0xA5, "%s: written past the end", what);
    free(m);
}

/* The activation hook, both directions: a factor that depends on the image alone. */
static rgm_status scale_images(void *context, const rgm_activation_images *images, int32_t worker, rgm_error *err) {
    (void)context, (void)worker, (void)err;
    for (int32_t n = 0; n < images->count; n++)
        for (int64_t i = n * images->floats; i < (n + 1) * images->floats; i++)
            images->out[i] = (float)oracle_plugin_factor(images->index, images->first + n) * images->in[i];
    return RGM_OK;
}

int32_t netrun_conv = RGM_WAY_AUTO;
int32_t netrun_memory = RGM_MEMORY_NORMAL;
int64_t netrun_cache;
const rgm_kernels *netrun_kernels;
rgm_plan_knobs netrun_knobs;
int32_t netrun_frozen;

static void make_plan(netrun *r) {
    rgm_error err = {0};
    rgm_plan_options o = {.graph = r->graph,
                          .ops = rgm_op_table,
                          .kernels = r->kernels,
                          .engine = r->engine,
                          .batch = r->N,
                          .workers = r->threads,
                          .cache = netrun_cache,
                          .training = r->training,
                          .frozen = r->training && netrun_frozen,
                          .input_gradient = r->training && netrun_frozen,
                          .conv = netrun_conv,
                          .memory = netrun_memory,
                          .hook = {NULL, scale_images, scale_images},
                          .knobs = &netrun_knobs};
    netrun_fine(rgm_plan_create(&r->plan, &o, &err), &err, "plan");
    r->arena = memory(rgm_plan_bytes(r->plan));
    rgm_plan_bind(r->plan, r->arena, &(rgm_memory){r->value, r->training ? r->grad : NULL, r->stat});
}

void netrun_open(netrun *r, const rgm_graph *graph, int32_t isa, int32_t N, int32_t threads, int32_t training) {
    rgm_error err = {0};
    *r = (netrun){.graph = graph, .N = N, .threads = threads, .training = training};
    r->kernels = netrun_kernels ? netrun_kernels : rgm_kernels_get(isa);
    netrun_fine(rgm_team_create(&r->team, &(rgm_team_options){threads, RGM_PIN_OFF}, &err), &err, "team");
    netrun_fine(rgm_engine_create(&r->engine, isa, r->kernels->block, threads, &err), &err, "engine");
    r->value = memory(sizeof(float) * (size_t)rgm_graph_param_floats(graph));
    r->grad = memory(sizeof(float) * (size_t)rgm_graph_param_floats(graph));
    r->stat = memory(sizeof(float) * (size_t)rgm_graph_stat_floats(graph));
    make_plan(r);
}

void netrun_open_beside(netrun *r, const netrun *first, int32_t training) {
    *r = *first;
    r->training = training;
    r->borrows = 1;
    make_plan(r);
}

void netrun_close(netrun *r) {
    size_t params = sizeof(float) * (size_t)rgm_graph_param_floats(r->graph);
    release(r->arena, rgm_plan_bytes(r->plan), "arena");
    rgm_plan_destroy(r->plan);
    if (r->borrows) return;
    rgm_engine_destroy(r->engine);
    rgm_team_destroy(r->team);
    release(r->value, params, "parameters");
    release(r->grad, params, "gradients");
    release(r->stat, sizeof(float) * (size_t)rgm_graph_stat_floats(r->graph), "statistics");
}

void netrun_poison(netrun *r, int32_t byte) { memset(r->arena, byte, rgm_plan_bytes(r->plan)); }

void netrun_uniform(uint64_t seed, uint32_t instance, float low, float high, float *out, int64_t n) {
    rgm_rng rng = {.seed = seed, .stream = RGM_STREAM(RGM_STREAM_TEST, instance)};
    rgm_rng_uniform(&rng, 0, out, (size_t)n);
    for (int64_t i = 0; i < n; i++) out[i] = low + (high - low) * out[i];
}

static void draw(uint64_t seed, uint32_t instance, const rgm_param *p, float *out) {
    float reach = p->role == RGM_ROLE_WEIGHT ? (float)sqrt(3.0 / p->fan_in) : 0.5f;
    float middle = p->role == RGM_ROLE_SCALE || p->role == RGM_ROLE_VARIANCE ? 1.0f : 0.0f;
    netrun_uniform(seed, instance, middle - reach, middle + reach, out + p->offset, p->count);
}

void netrun_draw(netrun *r, uint64_t seed) {
    int32_t params = rgm_graph_param_count(r->graph);
    for (int32_t i = 0; i < params; i++) draw(seed, (uint32_t)i, rgm_graph_param(r->graph, i), r->value);
    for (int32_t i = 0; i < rgm_graph_stat_count(r->graph); i++)
        draw(seed, (uint32_t)(params + i), rgm_graph_stat(r->graph, i), r->stat);
}

void netrun_input(netrun *r, const float *x) {
    const rgm_tensor *t = rgm_graph_tensor(r->graph, 0);
    int64_t pixels = (int64_t)t->H * t->W, floats = rgm_plan_extent(r->plan, 0).floats, B = r->kernels->block;
    float *to = rgm_plan_input(r->plan);
    int32_t plain = rgm_plan_input_layout(r->plan) == RGM_LAYOUT_PLAIN;
    int64_t channels = plain ? t->C : (t->C + B - 1) / B * B;
    ck_assert_int_eq(floats, channels * pixels);
    for (int64_t n = 0; n < r->N; n++)
        for (int64_t c = 0; c < channels; c++)
            for (int64_t p = 0; p < pixels; p++)
                to[n * floats + (plain ? c * pixels + p : (c / B * pixels + p) * B + c % B)] =
                    c < t->C ? x[(n * t->C + c) * pixels + p] : 0;
}

static void run(netrun *r, rgm_phase *phases, int32_t count, const char *what) {
    rgm_error err = {0};
    netrun_fine(rgm_team_run(r->team, phases, count, &err), &err, what);
}

void netrun_forward(netrun *r) {
    int32_t count;
    rgm_phase *phases = rgm_plan_prepare(r->plan, &count);
    if (count) run(r, phases, count, "prepare");
    phases = rgm_plan_forward(r->plan, &count);
    run(r, phases, count, "forward");
}

/* The plan's sum of the gradients' squares against one in double precision. */
static void check_squares(const netrun *r) {
    double want = 0, got = rgm_plan_gradient_squares(r->plan);
    for (int32_t i = 0; i < rgm_graph_param_count(r->graph); i++) {
        const rgm_param *p = rgm_graph_param(r->graph, i);
        for (int64_t j = p->offset; j < p->offset + p->count; j++) want += (double)r->grad[j] * r->grad[j];
    }
    /* in single precision: partial sums of 1024 / (4 * 8) terms at most, four of them added, and a rest */
    double bound = (1024 / 32 + 4) * (FLT_EPSILON / 2) * want;
    bound += FLT_MIN * (double)rgm_graph_param_floats(r->graph); /* squares that are flushed */
    ck_assert_msg(fabs(got - want) <= bound || (isnan(got) && isnan(want)),
                  "squares of the gradients: %.9g, expected %.9g within %.2g", got, want, bound);
}

void netrun_backward(netrun *r, const float *dlogits) {
    int64_t pitch = rgm_plan_logits_pitch(r->plan), K = netrun_outputs(r);
    float *to = rgm_plan_dlogits(r->plan);
    for (int64_t n = 0; n < r->N; n++)
        for (int64_t k = 0; k < pitch; k++) to[n * pitch + k] = k < K ? dlogits[n * K + k] : 0;
    int32_t count;
    rgm_phase *phases = rgm_plan_backward(r->plan, &count);
    run(r, phases, count, "backward");
    check_squares(r);
}

void netrun_logits(const netrun *r, float *out) {
    int64_t pitch = rgm_plan_logits_pitch(r->plan), K = netrun_outputs(r);
    for (int64_t n = 0; n < r->N; n++)
        memcpy(out + n * K, rgm_plan_logits(r->plan) + n * pitch, sizeof(float) * (size_t)K);
}

int32_t netrun_outputs(const netrun *r) { return rgm_graph_tensor(r->graph, rgm_graph_output(r->graph))->C; }

const rgm_param *netrun_find(const rgm_graph *g, const char *name) {
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++)
        if (strcmp(rgm_graph_param(g, i)->name, name) == 0) return rgm_graph_param(g, i);
    for (int32_t i = 0; i < rgm_graph_stat_count(g); i++)
        if (strcmp(rgm_graph_stat(g, i)->name, name) == 0) return rgm_graph_stat(g, i);
    ck_abort_msg("no parameter %s", name);
    return NULL;
}
