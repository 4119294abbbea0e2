#include "bench/predict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "bench/measure.h"
#include "report/summary.h"

/* A latency: of calls, in seconds. */
typedef struct latency {
    rgm_spread spread;
    double p95, p99;
} latency;

typedef struct bench {
    rgm_predictor *predictor;
    const rgm_device *device;
    const rgm_bench_predict_options *o;
    size_t image; /* bytes */
    int32_t batch, window;
    uint8_t *images; /* [window] */
    float *probabilities;
    rgm_picture_source *sources; /* [window] */
    double *times;               /* [the most that is measured] */

    /* the result */
    latency one, one_file;
    rgm_spread batches, files; /* seconds of a batch, of a pass over the files */
} bench;

/* ---- measuring ---- */

static latency latency_of(double *times, int32_t count) {
    latency l = {.spread = rgm_spread_of(times, count)}; /* sorts them */
    l.p95 = times[(int32_t)ceil(0.95 * count) - 1];
    l.p99 = times[(int32_t)ceil(0.99 * count) - 1];
    return l;
}

static rgm_status predict(bench *b, int64_t count, rgm_error *err) {
    return rgm_predictor_predict(b->predictor, b->images, count, b->probabilities, err);
}

static rgm_status read_files(bench *b, int64_t first, int64_t count, rgm_error *err) {
    for (int64_t i = 0; i < count; i++) b->sources[i] = (rgm_picture_source){.path = b->o->files[first + i]};
    RGM_TRY(rgm_predictor_read(b->predictor, b->sources, count, b->images, err));
    for (int64_t i = 0; i < count; i++)
        if (b->sources[i].status < 0)
            return rgm_fail(err, RGM_E_FORMAT, "%.300s: %s", b->sources[i].path, b->sources[i].reason);
    return RGM_OK;
}

/* `count` images at a time, `repeats` times behind the first ones, from memory. */
static rgm_status time_memory(bench *b, int64_t count, int32_t repeats, rgm_error *err) {
    for (int32_t i = -b->o->warmup; i < repeats; i++) {
        double start = rgm_seconds();
        RGM_TRY(predict(b, count, err));
        if (i >= 0) b->times[i] = rgm_seconds() - start;
        RGM_TRY(rgm_bench_go_on(b->o->stop, err));
    }
    return RGM_OK;
}

/* The same of single files, one after the other. */
static rgm_status time_single_files(bench *b, rgm_error *err) {
    for (int32_t i = -b->o->warmup; i < b->o->singles; i++) {
        double start = rgm_seconds();
        RGM_TRY(read_files(b, (i + b->o->warmup) % b->o->file_count, 1, err));
        RGM_TRY(predict(b, 1, err));
        if (i >= 0) b->times[i] = rgm_seconds() - start;
        RGM_TRY(rgm_bench_go_on(b->o->stop, err));
    }
    b->one_file = latency_of(b->times, b->o->singles);
    return RGM_OK;
}

static rgm_status pass(bench *b, int64_t most, rgm_error *err) {
    for (int64_t done = 0, some; done < most; done += some) {
        some = most - done < b->window ? most - done : b->window;
        RGM_TRY(read_files(b, done, some, err));
        RGM_TRY(predict(b, some, err));
        RGM_TRY(rgm_bench_go_on(b->o->stop, err));
    }
    return RGM_OK;
}

static rgm_status time_files(bench *b, rgm_error *err) {
    int64_t count = b->o->file_count;
    int32_t passes = b->o->batches / 3 > 3 ? b->o->batches / 3 : 3;
    RGM_TRY(time_single_files(b, err));
    RGM_TRY(pass(b, count < b->window ? count : b->window, err));
    for (int32_t i = 0; i < passes; i++) {
        double start = rgm_seconds();
        RGM_TRY(pass(b, count, err));
        b->times[i] = rgm_seconds() - start;
    }
    b->files = rgm_spread_of(b->times, passes);
    return RGM_OK;
}

static rgm_status measure(bench *b, rgm_error *err) {
    RGM_TRY(time_memory(b, 1, b->o->singles, err));
    b->one = latency_of(b->times, b->o->singles);
    RGM_TRY(time_memory(b, b->batch, b->o->batches, err));
    b->batches = rgm_spread_of(b->times, b->o->batches);
    return b->o->file_count ? time_files(b, err) : RGM_OK;
}

/* ---- telling ---- */

static void print_latency(const char *what, const latency *l, int32_t count) {
    printf("%s %.3f ms (95 %% below %.3f, 99 %% below %.3f; %d of them)\n", what, l->spread.median * 1e3, l->p95 * 1e3,
           l->p99 * 1e3, count);
}

static void print_text(const bench *b) {
    rgm_bench_print_model(rgm_predictor_config(b->predictor), b->device);
    printf("\n");
    print_latency("one image   ", &b->one, b->o->singles);
    rgm_spread rate = rgm_spread_rate(b->batches, b->batch);
    printf("batches      %.1f images/s (quartiles %.1f to %.1f)\n", rate.median, rate.low, rate.high);
    if (!b->o->file_count) return;
    print_latency("one file    ", &b->one_file, b->o->singles);
    rate = rgm_spread_rate(b->files, (double)b->o->file_count);
    printf("files        %.1f pictures/s (quartiles %.1f to %.1f; %lld files)\n", rate.median, rate.low, rate.high,
           (long long)b->o->file_count);
}

static int32_t add_latency(json_t *json, const char *key, const char *name, const latency *l) {
    const struct {
        const char *suffix;
        double seconds;
    } figures[] = {{"median", l->spread.median}, {"p95", l->p95}, {"p99", l->p99}};
    for (int32_t i = 0; i < 3; i++) {
        char member[64];
        snprintf(member, sizeof member, "%s_ms_%s", key, figures[i].suffix);
        if (json_object_set_new(json, member, json_real(figures[i].seconds * 1e3)) < 0) return 0;
    }
    return rgm_bench_json_add(json, name, "ms", rgm_spread_scale(l->spread, 1e3)) != NULL;
}

static int32_t add_rate(json_t *json, const char *key, const char *name, rgm_spread rate) {
    if (json_object_set_new(json, key, json_real(rate.median)) < 0) return 0;
    return rgm_bench_json_add(json, name, key[0] == 'p' ? "pictures/s" : "images/s", rate) != NULL;
}

static rgm_status write_json(const bench *b, rgm_error *err) {
    json_t *json = rgm_bench_json_model("predict", rgm_predictor_config(b->predictor), b->device);
    int32_t made = json != NULL && add_latency(json, "latency", "one image", &b->one) &&
                   add_rate(json, "images_per_s", "batches", rgm_spread_rate(b->batches, b->batch));
    if (made && b->o->file_count)
        made = add_latency(json, "latency_picture", "one file", &b->one_file) &&
               add_rate(json, "pictures_per_s", "files", rgm_spread_rate(b->files, (double)b->o->file_count)) &&
               json_object_set_new(json, "pictures", json_integer(b->o->file_count)) == 0;
    if (!made) json_decref(json), json = NULL;
    return rgm_bench_json_write(json, b->o->json, err);
}

/* ---- the bench ---- */

rgm_status rgm_bench_predict_random(rgm_predictor **predictor, rgm_config *config, rgm_device *device, rgm_error *err) {
    int32_t *image = config->model.image;
    if (!image[0]) memcpy(image, (int32_t[]){1, 28, 28}, sizeof config->model.image);
    if (!config->model.classes) config->model.classes = 10;
    config->data.file[0] = 0;
    const rgm_config_data of = {image[0], image[1], image[2], config->model.classes, INT32_MAX, 0};
    RGM_TRY(rgm_config_fit(config, &of, err));
    char path[] = "random weights", classes[] = "";
    rgm_constants constants = {.path = path, .classes = classes};
    constants.input.known = 1;
    constants.input.classes = config->model.classes;
    memcpy(constants.input.image, image, sizeof constants.input.image);
    for (int32_t c = 0; c < image[0]; c++) {
        constants.input.mean[c] = 0.5f;
        constants.input.std[c] = 0.25f;
    }
    const rgm_predictor_options options = {.config = config, .model = &constants, .device = device};
    return rgm_predictor_create(predictor, &options, err);
}

static rgm_status make(bench *b, rgm_error *err) {
    const rgm_config *config = rgm_predictor_config(b->predictor);
    const int32_t *image = config->model.image;
    int32_t most = b->o->singles > b->o->batches ? b->o->singles : b->o->batches;
    b->batch = config->batch;
    b->window = b->batch < 256 ? 256 - 256 % b->batch : b->batch;
    b->image = (size_t)image[0] * (size_t)image[1] * (size_t)image[2];
    b->images = malloc((size_t)b->window * b->image);
    b->probabilities = malloc((size_t)b->window * (size_t)config->model.classes * sizeof *b->probabilities);
    b->sources = malloc((size_t)b->window * sizeof *b->sources);
    b->times = malloc(sizeof *b->times * (size_t)(most > 3 ? most : 3));
    if (!b->images || !b->probabilities || !b->sources || !b->times)
        return rgm_fail(err, RGM_E_NOMEM, "bench predict: out of memory");
    for (size_t i = 0; i < (size_t)b->window * b->image; i++) b->images[i] = (uint8_t)(i * 2654435761u >> 24);
    return RGM_OK;
}

static rgm_status run(bench *b, rgm_error *err) {
    RGM_TRY(make(b, err));
    RGM_TRY(measure(b, err));
    if (rgm_json_leaves_text(b->o->json)) print_text(b);
    return b->o->json ? write_json(b, err) : RGM_OK;
}

rgm_status rgm_bench_predict(rgm_predictor *predictor, const rgm_device *device,
                             const rgm_bench_predict_options *options, rgm_error *err) {
    bench b = {.predictor = predictor, .device = device, .o = options};
    rgm_status status = run(&b, err);
    free(b.images);
    free(b.probabilities);
    free(b.sources);
    free(b.times);
    return status;
}
