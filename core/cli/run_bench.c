/* bench step: whole training steps on random images, on the code path of train. The images are a data set in a
 * temporary file that is removed at once, so that packing from the map is part of the step as it is in training. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/rng.h"
#include "cli/commands.h"
#include "cli/run.h"
#include "datasets/writer.h"
#include "train/peak.h"

/* ---- random data ---- */

static rgm_status fill(rgm_writer *w, const rgm_config *c, int32_t classes, int64_t images, rgm_error *err) {
    size_t bytes = (size_t)c->model.image[0] * (size_t)c->model.image[1] * (size_t)c->model.image[2],
           words = bytes / 4 + 1;
    uint32_t *pixels = malloc(4 * words);
    if (!pixels) return rgm_fail(err, RGM_E_NOMEM, "bench: no memory for an image");
    rgm_status status = RGM_OK;
    for (int64_t i = 0; i < images && status >= 0; i++) {
        rgm_rng rng = {c->seed, RGM_STREAM(RGM_STREAM_TEST, 0), 0, (uint32_t)i};
        int32_t label = i ? (int32_t)rgm_rng_below(&rng, 1u << 30, (uint64_t)classes) : classes - 1; /* all are there */
        rgm_rng_u32(&rng, 0, pixels, words);
        status = rgm_writer_add(w, RGM_SPLIT_TRAIN, (const uint8_t *)pixels, &label, 1, err);
    }
    free(pixels);
    return status;
}

static rgm_status write_random(const rgm_config *c, int32_t classes, int64_t images, const char *path, rgm_error *err) {
    rgm_writer *w;
    rgm_writer_options options = {.path = path,
                                  .replace = 1,
                                  .H = c->model.image[1],
                                  .W = c->model.image[2],
                                  .C = c->model.image[0],
                                  .classes = classes,
                                  .count = {[RGM_SPLIT_TRAIN] = images}};
    RGM_TRY(rgm_writer_create(&w, &options, err));
    rgm_status status = fill(w, c, classes, images, err);
    if (status >= 0) status = rgm_writer_finish(w, err);
    rgm_writer_destroy(w);
    return status;
}

/* Makes the data and a session over it; the file has no name left when this returns. */
static rgm_status random_session(rgm_session **s, rgm_config *c, rgm_error *err) {
    if (!c->model.image[0]) memcpy(c->model.image, (int32_t[]){1, 28, 28}, sizeof c->model.image);
    int32_t classes = c->model.classes ? c->model.classes : 10;
    int64_t images = 4 * (int64_t)c->batch;
    const char *folder = getenv("TMPDIR");
    int length =
        snprintf(c->data.file, sizeof c->data.file, "%s/regimen-bench-XXXXXX", folder && folder[0] ? folder : "/tmp");
    if (length >= (int)sizeof c->data.file) return rgm_fail(err, RGM_E_USAGE, "bench: TMPDIR is too long");
    int fd = mkstemp(c->data.file);
    if (fd < 0) return rgm_fail(err, RGM_E_IO, "bench: %s: no temporary file can be made", c->data.file);
    close(fd);
    c->data.validation = 0;
    c->model.classes = classes;
    rgm_status status = write_random(c, classes, images, c->data.file, err);
    if (status >= 0) status = rgm_run_session(s, c, &(rgm_session_options){.need_data = 1}, err);
    unlink(c->data.file);
    return status;
}

/* ---- measuring ---- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct result {
    double median, low, high; /* seconds of a step: median and quartiles */
    double loss_after_5;
    double peak, flops; /* GFLOP/s of the machine, operations of a step */
    size_t anonymous, mapped;
    rgm_memory_plan plan;
} result;

/* Runs warm-up and measured steps; the loss of step 5 is kept for comparison with another implementation. */
static rgm_status measure(const rgm_session *s, rgm_trainer *t, const rgm_bench_options *o, double *times, result *r,
                          rgm_error *err) {
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
        if (rgm_run_stop(NULL)) return rgm_fail(err, RGM_E_INTERRUPTED, "bench: stopped on request");
    }
    qsort(times, (size_t)o->steps, sizeof *times, by_value);
    r->median = times[o->steps / 2];
    r->low = times[o->steps / 4];
    r->high = times[o->steps * 3 / 4];
    rgm_process_memory(&r->anonymous, &r->mapped);
    r->peak = rgm_peak_gflops(s->team, s->kernels);
    r->flops = rgm_graph_train_flops(s->graph) * s->config->batch;
    r->plan = rgm_trainer_memory(t);
    return RGM_OK;
}

/* ---- telling ---- */

static void print_profile(const rgm_session *s, const rgm_trainer *t, int32_t steps) {
    int32_t count;
    double total = 0;
    const rgm_phase *phases = rgm_trainer_phases(t, &count);
    for (int32_t i = 0; i < count; i++) total += (double)phases[i].nanos;
    printf("\n%9s %7s %7s  %s\n", "ms/step", "share", "chunks", "phase");
    for (int32_t i = 0; i < count; i++)
        printf("%9.3f %6.2f%% %7d  %s\n", (double)phases[i].nanos * 1e-6 / steps, 100 * (double)phases[i].nanos / total,
               phases[i].chunks, phases[i].name);
    printf("waiting at barriers: %.2f %% of the workers' time\n",
           100 * (double)rgm_team_wait_nanos(s->team) / (total * rgm_team_size(s->team)));
}

static double mb(size_t bytes) { return (double)bytes / 1048576.0; }

static void print_text(const rgm_session *s, const result *r) {
    const rgm_config *c = s->config;
    printf("%s, %dx%dx%d, batch %d, %d threads, %s\n", c->model.name, c->model.image[0], c->model.image[1],
           c->model.image[2], c->batch, rgm_team_size(s->team), s->kernels->isa);
    printf("speed        %.1f images/s (%.2f ms a step; quartiles %.2f to %.2f)\n", c->batch / r->median,
           r->median * 1e3, r->low * 1e3, r->high * 1e3);
    printf("arithmetic   %.1f GFLOP/s effective, %.1f %% of the FMA peak (%.1f GFLOP/s)\n", r->flops / r->median * 1e-9,
           r->peak > 0 ? 100 * r->flops / r->median * 1e-9 / r->peak : 0, r->peak);
    printf("memory       %.1f MiB anonymous (planned %.1f), %.1f MiB mapped\n", mb(r->anonymous), mb(r->plan.peak),
           mb(r->mapped));
    printf("loss         %.6f after 5 steps\n", r->loss_after_5);
}

static rgm_status print_json(const rgm_session *s, const result *r, rgm_error *err) {
    const rgm_config *c = s->config;
    double gflops = r->flops / r->median * 1e-9;
    json_t *json =
        json_pack("{s:s, s:[i,i,i], s:i, s:i, s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o}",
                  "model", c->model.name, "image", c->model.image[0], c->model.image[1], c->model.image[2], "batch",
                  c->batch, "threads", rgm_team_size(s->team), "isa", s->kernels->isa, "build", s->build,
                  "images_per_s", c->batch / r->median, "ms_per_step", r->median * 1e3, "ms_per_step_low", r->low * 1e3,
                  "ms_per_step_high", r->high * 1e3, "gflops", gflops, "peak_gflops", r->peak, "peak_share",
                  r->peak > 0 ? gflops / r->peak : 0, "rss_mb", mb(r->anonymous + r->mapped), "anon_mb",
                  mb(r->anonymous), "planned_mb", mb(r->plan.peak), "loss_after_5", rgm_json_real(r->loss_after_5));
    if (!json) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    rgm_status status = rgm_json_write(json, c->json, err);
    json_decref(json);
    return status;
}

static rgm_status bench(const rgm_session *s, rgm_trainer *t, const rgm_bench_options *o, rgm_error *err) {
    double *times = malloc(sizeof *times * (size_t)o->steps);
    if (!times) return rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    result r;
    rgm_status status = measure(s, t, o, times, &r, err);
    free(times);
    RGM_TRY(status);
    if (strcmp(s->config->json, "-") != 0) {
        print_text(s, &r);
        if (o->profile) print_profile(s, t, o->steps);
    }
    return s->config->json[0] ? print_json(s, &r, err) : RGM_OK;
}

rgm_status rgm_run_bench_step(rgm_config *config, const rgm_bench_options *options, rgm_error *err) {
    rgm_session *s = NULL;
    rgm_trainer *t = NULL;
    rgm_status status = config->data.file[0] ? rgm_run_session(&s, config, &(rgm_session_options){.need_data = 1}, err)
                                             : random_session(&s, config, err);
    rgm_trainer_options trainer = {.training = 1};
    if (status >= 0) status = rgm_trainer_create(&t, s, &trainer, err);
    if (status >= 0) status = bench(s, t, options, err);
    rgm_trainer_destroy(t);
    rgm_session_destroy(s);
    return status;
}
