#include "bench/measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/cpu.h"
#include "report/summary.h"
#include "train/session.h"

/* ---- samples ---- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, int32_t count, double at) {
    double place = at * (count - 1);
    int32_t below = (int32_t)place;
    if (below + 1 >= count) return sorted[count - 1];
    return sorted[below] + (place - below) * (sorted[below + 1] - sorted[below]);
}

rgm_spread rgm_spread_of(double *values, int32_t count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return (rgm_spread){quantile(values, count, 0.25), quantile(values, count, 0.5), quantile(values, count, 0.75)};
}

rgm_spread rgm_spread_rate(rgm_spread s, double work) {
    return (rgm_spread){work / s.high, work / s.median, work / s.low};
}

rgm_spread rgm_spread_scale(rgm_spread s, double factor) {
    return (rgm_spread){s.low * factor, s.median * factor, s.high * factor};
}

/* ---- timing ---- */

rgm_status rgm_bench_go_on(const volatile sig_atomic_t *stop, rgm_error *err) {
    return stop && *stop ? rgm_fail(err, RGM_E_INTERRUPTED, "bench: stopped on request") : RGM_OK;
}

static rgm_status sample(rgm_timed *t, const rgm_effort *e, double *seconds, rgm_error *err) {
    double (*now)(void) = e->clock ? e->clock : rgm_seconds;
    double start = now();
    RGM_TRY(t->run(t->context, t->calls, err));
    *seconds = now() - start;
    return RGM_OK;
}

/* The first call is left out of the estimate: it may touch memory for the first time. */
static rgm_status warm_up(rgm_timed *t, const rgm_effort *e, rgm_error *err) {
    double seconds;
    t->calls = 1;
    RGM_TRY(sample(t, e, &seconds, err));
    for (;;) {
        RGM_TRY(sample(t, e, &seconds, err));
        if (seconds >= e->sample || t->calls > INT64_MAX / 4) return RGM_OK;
        double wanted = seconds > 0 ? 1.1 * e->sample / seconds : 2;
        t->calls = (int64_t)ceil((double)t->calls * (wanted > 16 ? 16 : wanted));
    }
}

static rgm_status take(rgm_timed *list, int32_t count, const rgm_effort *e, double *samples, rgm_error *err) {
    for (int32_t i = 0; i < count; i++) RGM_TRY(warm_up(&list[i], e, err));
    for (int32_t r = 0; r < e->repeats; r++)
        for (int32_t j = 0; j < count; j++) {
            RGM_TRY(rgm_bench_go_on(e->stop, err));
            int32_t i = (r + j) % count;
            RGM_TRY(sample(&list[i], e, &samples[i * e->repeats + r], err));
        }
    for (int32_t i = 0; i < count; i++)
        list[i].seconds =
            rgm_spread_scale(rgm_spread_of(&samples[i * e->repeats], e->repeats), 1 / (double)list[i].calls);
    return RGM_OK;
}

rgm_status rgm_measure(rgm_timed *list, int32_t count, const rgm_effort *effort, rgm_error *err) {
    if (count == 0) return RGM_OK;
    double *samples = malloc(sizeof *samples * (size_t)count * (size_t)effort->repeats);
    if (!samples) return rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    rgm_status status = take(list, count, effort, samples, err);
    free(samples);
    return status;
}

/* ---- tables ---- */

void rgm_table_head(const rgm_column *columns, int32_t count) {
    printf("%-*s", columns[0].width, columns[0].title);
    for (int32_t i = 1; i < count; i++) printf(" %*s", columns[i].width, columns[i].title);
    putchar('\n');
}

void rgm_table_row(const rgm_column *columns, int32_t count, const char *label, const double *values) {
    printf("%-*s", columns[0].width, label);
    for (int32_t i = 1; i < count; i++)
        if (isnan(values[i - 1]))
            printf(" %*s", columns[i].width, "-");
        else
            printf(" %*.*f", columns[i].width, columns[i].decimals, values[i - 1]);
}

void rgm_bench_print_model(const rgm_config *config, const rgm_device *device) {
    const int32_t *image = config->model.image, threads = rgm_team_size(device->team);
    printf("%s, %dx%dx%d, batch %d, %d %s, %s", config->model.name, image[0], image[1], image[2], config->batch,
           threads, threads == 1 ? "thread" : "threads", device->kernels->isa);
}

void rgm_bench_print_session(const rgm_session *s) { rgm_bench_print_model(s->config, s->device); }

/* ---- JSON ---- */

json_t *rgm_bench_json(const char *bench, const char *isa, int32_t threads) {
    return json_pack("{s:s, s:s, s:s*, s:i, s:[]}", "bench", bench, "cpu", rgm_cpu_name(), "isa", isa, "threads",
                     threads, "results");
}

json_t *rgm_bench_json_session(const char *bench, const rgm_session *s) {
    return rgm_bench_json_model(bench, s->config, s->device);
}

json_t *rgm_bench_json_model(const char *bench, const rgm_config *config, const rgm_device *device) {
    const int32_t *image = config->model.image;
    json_t *document = rgm_bench_json(bench, device->kernels->isa, rgm_team_size(device->team));
    json_t *more = json_pack("{s:s, s:[i,i,i], s:i, s:s}", "model", config->model.name, "image", image[0], image[1],
                             image[2], "batch", config->batch, "build", device->build);
    if (rgm_bench_json_more(document, more)) return document;
    json_decref(document);
    return NULL;
}

int32_t rgm_bench_json_more(json_t *object, json_t *more) {
    int32_t made = object && more && json_object_update(object, more) == 0;
    json_decref(more);
    return made;
}

json_t *rgm_bench_json_add(json_t *document, const char *name, const char *unit, rgm_spread s) {
    json_t *result = json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", name, "unit", unit, "median",
                               rgm_json_real(s.median), "low", rgm_json_real(s.low), "high", rgm_json_real(s.high));
    if (!result || json_array_append_new(json_object_get(document, "results"), result) < 0) return NULL;
    return result;
}

rgm_status rgm_bench_json_write(json_t *document, const char *target, rgm_error *err) {
    if (!document) return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    rgm_status status = target ? rgm_json_write(document, target, err) : RGM_OK;
    json_decref(document);
    return status;
}
