/* The loss of step 5 is kept for comparison with another implementation. */
#include "bench/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "bench/measure.h"
#include "report/summary.h"
#include "train/peak.h"
#include "train/trainer.h"

/* Where a step's time goes that is not work shared by the threads, in shares of it. */
typedef struct losses {
    double barriers; /* waiting, of the workers' time */
    double single;   /* in phases of one chunk */
    double outside;  /* outside of the team */
} losses;

typedef struct result {
    rgm_spread seconds; /* of a step */
    double loss_after_5;
    double peak, flops; /* GFLOP/s of the machine, operations of a step */
    size_t anonymous, mapped;
    rgm_memory_plan plan;
    losses lost; /* with profiling */
} result;

static losses find_losses(const rgm_session *s, const rgm_trainer *t, const double *times, int32_t steps) {
    int32_t count;
    double wall = 0, phases = 0, single = 0;
    const rgm_phase *p = rgm_trainer_phases(t, &count);
    for (int32_t i = 0; i < steps; i++) wall += times[i] * 1e9;
    for (int32_t i = 0; i < count; i++) {
        phases += (double)p[i].nanos;
        if (p[i].chunks == 1) single += (double)p[i].nanos;
    }
    return (losses){.barriers = (double)rgm_team_wait_nanos(s->team) / (wall * rgm_team_size(s->team)),
                    .single = single / wall,
                    .outside = (wall - phases) / wall};
}

static rgm_status measure(const rgm_session *s, rgm_trainer *t, const rgm_bench_step_options *o, double *times,
                          result *r, rgm_error *err) {
    int32_t total = o->warmup + o->steps;
    r->loss_after_5 = NAN;
    for (int32_t i = 0; i < total || i < 5; i++) {
        rgm_step_result step;
        if (i == o->warmup) rgm_team_profile(s->team, o->profile);
        double start = rgm_seconds();
        RGM_TRY(rgm_trainer_step(t, i, &step, err));
        if (i >= o->warmup && i < total) times[i - o->warmup] = rgm_seconds() - start;
        if (i + 1 == total) rgm_team_profile(s->team, 0);
        if (i == 4) r->loss_after_5 = step.tally.loss / (double)step.tally.seen;
        if (o->stop && *o->stop) return rgm_fail(err, RGM_E_INTERRUPTED, "bench: stopped on request");
    }
    if (o->profile) r->lost = find_losses(s, t, times, o->steps);
    r->seconds = rgm_spread_of(times, o->steps);
    rgm_process_memory(&r->anonymous, &r->mapped);
    r->peak = rgm_peak_gflops(s->team, s->kernels);
    r->flops = rgm_graph_train_flops(s->graph) * s->config->batch;
    r->plan = rgm_trainer_memory(t);
    return RGM_OK;
}

/* ---- telling ---- */

static void print_profile(const rgm_trainer *t, const losses *lost, int32_t steps) {
    int32_t count;
    double total = 0;
    const rgm_phase *phases = rgm_trainer_phases(t, &count);
    for (int32_t i = 0; i < count; i++) total += (double)phases[i].nanos;
    printf("\n%9s %7s %7s  %s\n", "ms/step", "share", "chunks", "phase");
    for (int32_t i = 0; i < count; i++)
        printf("%9.3f %6.2f%% %7d  %s\n", (double)phases[i].nanos * 1e-6 / steps, 100 * (double)phases[i].nanos / total,
               phases[i].chunks, phases[i].name);
    printf("waiting at barriers: %.2f %% of the workers' time\n", 100 * lost->barriers);
    printf("serial: %.2f %% of the step in phases of one chunk, %.2f %% outside of the team\n", 100 * lost->single,
           100 * lost->outside);
}

static double mb(size_t bytes) { return (double)bytes / 1048576.0; }

static void print_text(const rgm_session *s, const result *r) {
    const rgm_config *c = s->config;
    printf("%s, %dx%dx%d, batch %d, %d threads, %s\n", c->model.name, c->model.image[0], c->model.image[1],
           c->model.image[2], c->batch, rgm_team_size(s->team), s->kernels->isa);
    printf("speed        %.1f images/s (%.2f ms a step; quartiles %.2f to %.2f)\n", c->batch / r->seconds.median,
           r->seconds.median * 1e3, r->seconds.low * 1e3, r->seconds.high * 1e3);
    printf("arithmetic   %.1f GFLOP/s effective, %.1f %% of the FMA peak (%.1f GFLOP/s)\n",
           r->flops / r->seconds.median * 1e-9, r->peak > 0 ? 100 * r->flops / r->seconds.median * 1e-9 / r->peak : 0,
           r->peak);
    printf("memory       %.1f MiB anonymous (planned %.1f), %.1f MiB mapped\n", mb(r->anonymous), mb(r->plan.peak),
           mb(r->mapped));
    printf("loss         %.6f after 5 steps\n", r->loss_after_5);
}

static rgm_status write_json(const rgm_session *s, const result *r, int32_t profile, rgm_error *err) {
    const rgm_config *c = s->config;
    double gflops = r->flops / r->seconds.median * 1e-9;
    rgm_spread ms = rgm_spread_scale(r->seconds, 1e3);
    json_t *json = rgm_bench_json("step", s->kernels->isa, rgm_team_size(s->team));
    json_t *more =
        json_pack("{s:s, s:[i,i,i], s:i, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "model",
                  c->model.name, "image", c->model.image[0], c->model.image[1], c->model.image[2], "batch", c->batch,
                  "build", s->build, "images_per_s", c->batch / r->seconds.median, "ms_per_step", ms.median,
                  "ms_per_step_low", ms.low, "ms_per_step_high", ms.high, "gflops", gflops, "peak_gflops", r->peak,
                  "peak_share", r->peak > 0 ? gflops / r->peak : 0, "rss_mb", mb(r->anonymous + r->mapped), "anon_mb",
                  mb(r->anonymous), "planned_mb", mb(r->plan.peak), "loss_after_5", rgm_json_real(r->loss_after_5));
    int32_t made = json && more && json_object_update(json, more) == 0 && rgm_bench_json_add(json, "step", "ms", ms);
    json_decref(more);
    if (made && profile) {
        more = json_pack("{s:f, s:f, s:f}", "barrier_wait_share", r->lost.barriers, "single_chunk_share",
                         r->lost.single, "outside_share", r->lost.outside);
        made = more && json_object_update(json, more) == 0;
        json_decref(more);
    }
    if (made) return rgm_bench_json_write(json, c->json, err);
    json_decref(json);
    return rgm_bench_json_write(NULL, c->json, err);
}

static rgm_status bench(const rgm_session *s, rgm_trainer *t, const rgm_bench_step_options *o, rgm_error *err) {
    double *times = malloc(sizeof *times * (size_t)o->steps);
    if (!times) return rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    result r;
    rgm_status status = measure(s, t, o, times, &r, err);
    free(times);
    RGM_TRY(status);
    if (strcmp(s->config->json, "-") != 0) {
        print_text(s, &r);
        if (o->profile) print_profile(t, &r.lost, o->steps);
    }
    return s->config->json[0] ? write_json(s, &r, o->profile, err) : RGM_OK;
}

rgm_status rgm_bench_step(const rgm_session *s, const rgm_bench_step_options *options, rgm_error *err) {
    rgm_trainer *t = NULL;
    RGM_TRY(rgm_trainer_create(&t, s, &(rgm_trainer_options){.training = 1}, err));
    rgm_status status = bench(s, t, options, err);
    rgm_trainer_destroy(t);
    return status;
}
