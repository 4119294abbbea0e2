/* The loss of the fifth step, or of the first batch of an evaluation, is kept for comparison with another
 * implementation. An evaluation has the batches of the first epoch of training, in its order. */
#include "bench/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/memory.h"
#include "bench/measure.h"
#include "data/order.h"
#include "report/summary.h"
#include "train/peak.h"
#include "train/trainer_internal.h"

/* Where a step's time goes that is not work shared by the threads, in shares of it. */
typedef struct losses {
    double barriers; /* waiting, of the workers' time */
    double single;   /* in phases of one chunk */
    double outside;  /* outside of the team */
} losses;

typedef struct result {
    rgm_spread seconds; /* of a step, or a batch */
    double loss;        /* an image */
    double prepare;     /* seconds, of what an evaluation makes once */
    double peak, flops; /* GFLOP/s of the machine, operations of a step */
    size_t anonymous, mapped;
    rgm_memory_plan plan;
    losses lost; /* with profiling */
} result;

typedef struct bench {
    const char *name, *unit; /* "step", "step" */
    const rgm_session *session;
    const rgm_bench_step_options *options;
    rgm_trainer *trainer;
    const char *loss; /* JSON's name of the loss that is told, of run `told` */
    int32_t told;
    int64_t batches; /* of the evaluation */
    rgm_status (*run)(struct bench *bench, int32_t index, rgm_tally *tally, rgm_error *err);
    const rgm_phase *(*phases)(const rgm_trainer *trainer, int32_t *count);
    result result;
} bench;

static rgm_status run_step(bench *b, int32_t index, rgm_tally *tally, rgm_error *err) {
    rgm_step_result step;
    RGM_TRY(rgm_trainer_step(b->trainer, index, &step, err));
    *tally = step.tally;
    return RGM_OK;
}

static rgm_status run_batch(bench *b, int32_t index, rgm_tally *tally, rgm_error *err) {
    return rgm_trainer_evaluate_batch(b->trainer, index % b->batches, tally, err);
}

static losses find_losses(const bench *b, const double *times) {
    const rgm_team *team = b->session->device->team;
    int32_t count;
    double wall = 0, phases = 0, single = 0;
    const rgm_phase *p = b->phases(b->trainer, &count);
    for (int32_t i = 0; i < b->options->steps; i++) wall += times[i] * 1e9;
    for (int32_t i = 0; i < count; i++) {
        phases += (double)p[i].nanos;
        if (p[i].chunks == 1) single += (double)p[i].nanos;
    }
    return (losses){.barriers = (double)rgm_team_wait_nanos(team) / (wall * rgm_team_size(team)),
                    .single = single / wall,
                    .outside = (wall - phases) / wall};
}

static rgm_status measure(bench *b, double *times, rgm_error *err) {
    const rgm_session *s = b->session;
    const rgm_bench_step_options *o = b->options;
    result *r = &b->result;
    int32_t total = o->warmup + o->steps;
    for (int32_t i = 0; i < total || i <= b->told; i++) {
        rgm_tally tally;
        if (i == o->warmup) rgm_team_profile(s->device->team, o->profile);
        double start = rgm_seconds();
        RGM_TRY(b->run(b, i, &tally, err));
        if (i >= o->warmup && i < total) times[i - o->warmup] = rgm_seconds() - start;
        if (i + 1 == total) rgm_team_profile(s->device->team, 0);
        if (i == b->told) r->loss = rgm_tally_loss(&tally);
        RGM_TRY(rgm_bench_go_on(o->stop, err));
    }
    if (o->profile) r->lost = find_losses(b, times);
    r->seconds = rgm_spread_of(times, o->steps);
    rgm_process_memory(&r->anonymous, &r->mapped);
    r->peak = rgm_peak_gflops(s->device->team, s->device->kernels);
    r->plan = rgm_trainer_memory(b->trainer);
    return RGM_OK;
}

/* ---- telling ---- */

static void print_profile(const bench *b) {
    const losses *lost = &b->result.lost;
    int32_t count, runs = b->options->steps;
    double total = 0;
    const rgm_phase *phases = b->phases(b->trainer, &count);
    for (int32_t i = 0; i < count; i++) total += (double)phases[i].nanos;
    printf("\n%*s%s %7s %7s  %s\n", 9 - (int)strlen(b->unit), "ms/", b->unit, "share", "chunks", "phase");
    for (int32_t i = 0; i < count; i++)
        printf("%9.3f %6.2f%% %7d  %s\n", (double)phases[i].nanos * 1e-6 / runs, 100 * (double)phases[i].nanos / total,
               phases[i].chunks, phases[i].name);
    printf("waiting at barriers: %.2f %% of the workers' time\n", 100 * lost->barriers);
    printf("serial: %.2f %% of the %s in phases of one chunk, %.2f %% outside of the team\n", 100 * lost->single,
           b->unit, 100 * lost->outside);
}

static double mb(size_t bytes) { return (double)bytes / 1048576.0; }

static void print_text(const bench *b) {
    const result *r = &b->result;
    int32_t batch = b->session->config->batch;
    rgm_bench_print_session(b->session);
    printf("\nspeed        %.1f images/s (%.2f ms a %s; quartiles %.2f to %.2f)\n", batch / r->seconds.median,
           r->seconds.median * 1e3, b->unit, r->seconds.low * 1e3, r->seconds.high * 1e3);
    printf("arithmetic   %.1f GFLOP/s effective, %.1f %% of the FMA peak (%.1f GFLOP/s)\n",
           r->flops / r->seconds.median * 1e-9, r->peak > 0 ? 100 * r->flops / r->seconds.median * 1e-9 / r->peak : 0,
           r->peak);
    printf("memory       %.1f MiB anonymous (planned %.1f), %.1f MiB mapped\n", mb(r->anonymous), mb(r->plan.peak),
           mb(r->mapped));
    if (r->prepare > 0) printf("prepared     once, in %.2f ms\n", r->prepare * 1e3);
    printf("loss         %.6f after %d %s\n", r->loss, b->told + 1, b->told ? "steps" : b->unit);
}

/* What is known by the unit's name. */
static int32_t add_times(json_t *json, const bench *b, rgm_spread ms) {
    const struct {
        const char *suffix;
        double value;
    } times[] = {{"", ms.median}, {"_low", ms.low}, {"_high", ms.high}};
    for (int32_t i = 0; i < 3; i++) {
        char key[32];
        snprintf(key, sizeof key, "ms_per_%s%s", b->unit, times[i].suffix);
        if (json_object_set_new(json, key, json_real(times[i].value)) < 0) return 0;
    }
    if (json_object_set_new(json, b->loss, rgm_json_real(b->result.loss)) < 0) return 0;
    if (b->result.prepare > 0 && json_object_set_new(json, "ms_prepare", json_real(b->result.prepare * 1e3)) < 0)
        return 0;
    return rgm_bench_json_add(json, b->name, "ms", ms) != NULL;
}

static rgm_status write_json(const bench *b, rgm_error *err) {
    const rgm_config *c = b->session->config;
    const result *r = &b->result;
    double gflops = r->flops / r->seconds.median * 1e-9;
    json_t *json = rgm_bench_json_session(b->name, b->session);
    json_t *more =
        json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "images_per_s", c->batch / r->seconds.median, "gflops", gflops,
                  "peak_gflops", r->peak, "peak_share", r->peak > 0 ? gflops / r->peak : 0, "rss_mb",
                  mb(r->anonymous + r->mapped), "anon_mb", mb(r->anonymous), "planned_mb", mb(r->plan.peak));
    int32_t made = rgm_bench_json_more(json, more) && add_times(json, b, rgm_spread_scale(r->seconds, 1e3));
    if (made && b->options->profile)
        made = rgm_bench_json_more(json,
                                   json_pack("{s:f, s:f, s:f}", "barrier_wait_share", r->lost.barriers,
                                             "single_chunk_share", r->lost.single, "outside_share", r->lost.outside));
    if (!made) json_decref(json), json = NULL;
    return rgm_bench_json_write(json, b->options->json, err);
}

static rgm_status run(bench *b, rgm_error *err) {
    double *times = malloc(sizeof *times * (size_t)b->options->steps);
    if (!times) return rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    rgm_status status = measure(b, times, err);
    free(times);
    RGM_TRY(status);
    const char *json = b->options->json;
    if (rgm_json_leaves_text(json)) {
        print_text(b);
        if (b->options->profile) print_profile(b);
    }
    return json ? write_json(b, err) : RGM_OK;
}

rgm_status rgm_bench_step(const rgm_session *s, const rgm_bench_step_options *options, rgm_error *err) {
    bench b = {.name = "step",
               .unit = "step",
               .session = s,
               .options = options,
               .loss = "loss_after_5",
               .told = 4,
               .run = run_step,
               .phases = rgm_trainer_phases};
    b.result.flops = rgm_graph_train_flops(s->model->graph) * s->config->batch;
    RGM_TRY(rgm_trainer_create(&b.trainer, s, &(rgm_trainer_options){.training = 1}, err));
    rgm_status status = run(&b, err);
    rgm_trainer_destroy(b.trainer);
    return status;
}

/* Twice: memory has been touched the second time. */
static rgm_status prepare(bench *b, const rgm_view *view, rgm_error *err) {
    double start = 0;
    for (int32_t i = 0; i < 2; i++) {
        start = rgm_seconds();
        RGM_TRY(rgm_trainer_begin_evaluation(b->trainer, view, &b->batches, err));
    }
    b->result.prepare = rgm_seconds() - start;
    return RGM_OK;
}

static void order_as_in_training(const rgm_session *s, uint32_t *indices) {
    rgm_order order = rgm_order_make(s->config->seed, 0, (uint64_t)s->data->train.count, 1);
    for (int64_t i = 0; i < s->data->train.count; i++)
        indices[i] = (uint32_t)rgm_view_index(&s->data->train, (int64_t)rgm_order_at(&order, (uint64_t)i));
}

rgm_status rgm_bench_eval(const rgm_session *s, const rgm_bench_step_options *options, rgm_error *err) {
    bench b = {.name = "eval",
               .unit = "batch",
               .session = s,
               .options = options,
               .loss = "loss",
               .run = run_batch,
               .phases = rgm_trainer_evaluation_phases};
    rgm_view view = s->data->train;
    if (view.count < 1) return rgm_fail(err, RGM_E_USAGE, "%s: no training split", s->config->data.file);
    uint32_t *indices = malloc(sizeof *indices * (size_t)view.count + 1);
    if (!indices) return rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    order_as_in_training(s, indices);
    view.indices = indices;
    b.result.flops = rgm_graph_forward_flops(s->model->graph) * s->config->batch;
    rgm_status status =
        rgm_trainer_create_with(&b.trainer, s, &(rgm_trainer_options){0}, &(rgm_trainer_knobs){.drawn = 1}, err);
    if (status >= 0) status = prepare(&b, &view, err);
    if (status >= 0) status = run(&b, err);
    rgm_trainer_destroy(b.trainer);
    free(indices);
    return status;
}
