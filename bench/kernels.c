#include "bench/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/team.h"
#include "base/text.h"
#include "bench/isas.h"
#include "bench/kernel_calls.h"
#include "report/summary.h"
#include "train/peak.h"

enum {
    ALL_FLOATS = 8 << 20,   /* of an array in memory, of all workers together */
    LEAST_FLOATS = 1 << 19, /* of a worker's at least: six of them are more than a second-level cache */
    PROBE = 4096,
    MOST_WORKERS = 256
};
enum { CACHE, MEMORY, PLACES };

static const char *const place_names[] = {"cache", "memory"};

/* The arrays of all workers, worker by worker, and where each worker's next call is. */
typedef struct arrays {
    rgm_arena arena;
    int64_t floats; /* of an array: a multiple of RGM_CALL_FLOATS */
    float *f[MOST_WORKERS][RGM_CALL_ARRAYS];
    uint8_t *u[MOST_WORKERS][RGM_CALL_BYTE_ARRAYS];
    double *d[MOST_WORKERS];
    int64_t at[MOST_WORKERS];
} arrays;

/* A kernel, a table and a place. */
typedef struct job {
    rgm_team *team;
    const rgm_kernels *k;
    arrays *where;
    rgm_kernel_call call; /* NULL: fused multiply-adds */
    int64_t calls;        /* of the sample at hand */
} job;

/* A worker's arrays, from `at` on. */
static rgm_place place_of(const job *j, int32_t worker, int64_t at) {
    const arrays *w = j->where;
    rgm_place place = {.k = j->k, .d = w->d[worker]};
    for (int32_t a = 0; a < RGM_CALL_ARRAYS; a++) place.f[a] = w->f[worker][a] + at;
    for (int32_t a = 0; a < RGM_CALL_BYTE_ARRAYS; a++) place.u[a] = w->u[worker][a] + at;
    return place;
}

static rgm_status run_chunk(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const job *j = context;
    arrays *w = j->where;
    int64_t at = w->at[chunk]; /* written once: it shares a cache line with those of other workers */
    for (int64_t i = 0; i < j->calls; i++) {
        rgm_place place = place_of(j, chunk, at);
        j->call(&place);
        at = at + RGM_CALL_FLOATS < w->floats ? at + RGM_CALL_FLOATS : 0;
    }
    w->at[chunk] = at;
    return RGM_OK;
}

static rgm_status run_job(void *context, int64_t calls, rgm_error *err) {
    job *j = context;
    if (!j->call) return rgm_peak_probe(j->team, j->k, calls * PROBE, err);
    j->calls = calls;
    return rgm_team_for(j->team, run_chunk, j, rgm_team_size(j->team), err);
}

/* ---- arrays ---- */

static void fill(float *x, int64_t count, int32_t positive) {
    for (int64_t i = 0; i < count; i++) {
        float unit = (float)((uint32_t)i * 2654435761u >> 8) * 0x1p-24f; /* Knuth's multiplicative hash */
        x[i] = positive ? unit : 2 * unit - 1;
    }
}

static rgm_status make_arrays(arrays *w, int64_t floats, int32_t workers, rgm_error *err) {
    size_t bytes = (size_t)floats * sizeof(float);
    size_t worker = RGM_CALL_ARRAYS * rgm_arena_cost(bytes) + RGM_CALL_BYTE_ARRAYS * rgm_arena_cost((size_t)floats) +
                    rgm_arena_cost(RGM_CALL_DOUBLES * sizeof(double));
    w->floats = floats;
    RGM_TRY(rgm_arena_create(&w->arena, worker * (size_t)workers, "bench kernels", err));
    for (int32_t i = 0; i < workers; i++) {
        for (int32_t a = 0; a < RGM_CALL_ARRAYS; a++) {
            w->f[i][a] = rgm_arena_take(&w->arena, bytes);
            fill(w->f[i][a], floats, a >= 3);
        }
        for (int32_t a = 0; a < RGM_CALL_BYTE_ARRAYS; a++) {
            w->u[i][a] = rgm_arena_take(&w->arena, (size_t)floats);
            memset(w->u[i][a], 4, (size_t)floats);
        }
        w->d[i] = rgm_arena_take(&w->arena, RGM_CALL_DOUBLES * sizeof(double));
    }
    return RGM_OK;
}

/* ---- measuring ---- */

typedef struct bench {
    const rgm_config *config;
    const rgm_bench_kernels_options *options;
    const rgm_kernels *tables[RGM_ISA_COUNT];
    int32_t isas;
    rgm_team *team;
    arrays places[PLACES];
    json_t *json;
    int32_t text;
    rgm_column columns[3 + 3 * RGM_ISA_COUNT];
} bench;

typedef struct figure {
    rgm_spread rate;
    double share; /* of what is measured beside it */
} figure;

/* GFLOP/s or GB/s: what a call computes or moves on all workers. */
static double work_of(const bench *b, size_t kernel, int64_t elements) {
    const rgm_kernel_info *info = &rgm_kernel_list[kernel];
    double each = info->bytes > 0 ? info->bytes : info->flops;
    return (double)elements * each * rgm_team_size(b->team) * 1e-9;
}

static size_t find_kernel(const char *name) {
    size_t i = 0;
    while (i < rgm_kernel_count && strcmp(rgm_kernel_list[i].name, name) != 0) i++;
    return i;
}

/* A call in the first worker's arrays, to learn its elements. */
static int64_t count_elements(const job *j) {
    rgm_place place = place_of(j, 0, 0);
    return j->call(&place);
}

/* A kernel on all tables at the first `places` places, each beside its limit: they all take turns. */
static rgm_status measure_kernel(bench *b, size_t kernel, int32_t places, figure figures[PLACES][RGM_ISA_COUNT],
                                 rgm_error *err) {
    enum { MOST = 2 * PLACES * RGM_ISA_COUNT };
    job jobs[MOST];
    rgm_timed list[MOST];
    double work[MOST];
    int32_t count = 2 * places * b->isas, moves = rgm_kernel_list[kernel].bytes > 0;
    size_t add = find_kernel("add");
    for (int32_t i = 0; i < count; i++) {
        const rgm_kernels *k = b->tables[i / 2 % b->isas];
        arrays *where = &b->places[i / 2 / b->isas];
        size_t which = i % 2 ? add : kernel;
        jobs[i] = (job){b->team, k, where, i % 2 && !moves ? NULL : rgm_kernel_calls[which], 0};
        list[i] = (rgm_timed){.run = run_job, .context = &jobs[i]};
        work[i] = jobs[i].call ? work_of(b, which, count_elements(&jobs[i])) : rgm_peak_flops(b->team, k, PROBE) * 1e-9;
    }
    RGM_TRY(rgm_measure(list, count, &b->options->effort, err));
    for (int32_t i = 0; i < count; i += 2) {
        figure *f = &figures[i / 2 / b->isas][i / 2 % b->isas];
        f->rate = rgm_spread_rate(list[i].seconds, work[i]);
        f->share = f->rate.median / (work[i + 1] / list[i + 1].seconds.median);
    }
    return RGM_OK;
}

/* ---- telling ---- */

/* Label, unit, and for each table rate, half the quartiles' distance and share. */
static void make_columns(bench *b) {
    rgm_column *c = b->columns;
    *c++ = (rgm_column){"kernel, where", 25, 0};
    for (int32_t i = 0; i < b->isas; i++) {
        *c++ = (rgm_column){b->tables[i]->isa, 9, 1};
        *c++ = (rgm_column){"+-%", 5, 1};
        *c++ = (rgm_column){"share%", 6, 0};
    }
    *c = (rgm_column){"unit", 8, 0};
}

static rgm_status tell(const bench *b, size_t kernel, int32_t place, const figure *figures, rgm_error *err) {
    const rgm_kernel_info *info = &rgm_kernel_list[kernel];
    const char *unit = info->bytes > 0 ? "GB/s" : "GFLOP/s";
    double values[3 * RGM_ISA_COUNT];
    char name[96];
    for (int32_t i = 0; i < b->isas; i++) {
        rgm_spread rate = figures[i].rate;
        values[3 * i] = rate.median;
        values[3 * i + 1] = 50 * (rate.high - rate.low) / rate.median;
        values[3 * i + 2] = 100 * figures[i].share;
        snprintf(name, sizeof name, "%s %s %s", info->name, place_names[place], b->tables[i]->isa);
        json_t *result = rgm_bench_json_add(b->json, name, unit, rate);
        if (!result || json_object_set_new(result, "share", json_real(figures[i].share)) < 0)
            return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    }
    if (!b->text) return RGM_OK;
    snprintf(name, sizeof name, "%s, %s", info->name, place_names[place]);
    rgm_table_row(b->columns, 1 + 3 * b->isas, name, values);
    printf(" %*s\n", b->columns[1 + 3 * b->isas].width, unit);
    fflush(stdout);
    return RGM_OK;
}

static void print_head(const bench *b) {
    int32_t threads = rgm_team_size(b->team);
    printf("%s, %d %s\nshare: of fused multiply-adds alone (GFLOP/s), of the kernel add at the same place (GB/s)\n\n",
           rgm_cpu_name(), threads, threads == 1 ? "thread" : "threads");
    rgm_table_head(b->columns, 2 + 3 * b->isas);
}

/* ---- all of it ---- */

static int32_t is_wanted(const rgm_bench_kernels_options *o, const char *name) {
    for (int32_t i = 0; i < o->count; i++)
        if (strcmp(o->names[i], name) == 0) return 1;
    return o->count == 0;
}

static rgm_status check_names(const rgm_bench_kernels_options *o, rgm_error *err) {
    const char *names[256];
    size_t count = rgm_kernel_count < 256 ? rgm_kernel_count : 256;
    for (size_t i = 0; i < count; i++) names[i] = rgm_kernel_list[i].name;
    for (int32_t i = 0; i < o->count; i++) {
        if (find_kernel(o->names[i]) < rgm_kernel_count) continue;
        const char *nearest = rgm_text_nearest(o->names[i], names, count);
        if (nearest) return rgm_fail(err, RGM_E_USAGE, "unknown kernel '%.80s' (nearest: '%s')", o->names[i], nearest);
        return rgm_fail(err, RGM_E_USAGE, "unknown kernel '%.80s' (the command `bench kernels` shows all)",
                        o->names[i]);
    }
    return RGM_OK;
}

static rgm_status measure(bench *b, rgm_error *err) {
    figure figures[PLACES][RGM_ISA_COUNT];
    make_columns(b);
    if (b->text) print_head(b);
    for (size_t i = 0; i < rgm_kernel_count; i++) {
        if (!is_wanted(b->options, rgm_kernel_list[i].name)) continue;
        int32_t places = rgm_kernel_list[i].bytes > 0 ? PLACES : 1;
        RGM_TRY(measure_kernel(b, i, places, figures, err));
        for (int32_t p = 0; p < places; p++) RGM_TRY(tell(b, i, p, figures[p], err));
    }
    return RGM_OK;
}

static rgm_status prepare(bench *b, rgm_error *err) {
    RGM_TRY(check_names(b->options, err));
    RGM_TRY(rgm_bench_isas(b->config->isa, b->tables, &b->isas, err));
    RGM_TRY(rgm_team_create(&b->team, &(rgm_team_options){b->config->threads, b->config->pin}, err));
    int32_t workers = rgm_team_size(b->team);
    int64_t floats = ALL_FLOATS / workers;
    if (floats < LEAST_FLOATS) floats = LEAST_FLOATS;
    RGM_TRY(make_arrays(&b->places[CACHE], RGM_CALL_FLOATS, workers, err));
    RGM_TRY(make_arrays(&b->places[MEMORY], (floats / RGM_CALL_FLOATS + 1) * RGM_CALL_FLOATS, workers, err));
    b->json = rgm_bench_json("kernels", NULL, workers);
    b->text = rgm_json_leaves_text(b->options->json);
    return b->json ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
}

rgm_status rgm_bench_kernels(const rgm_config *config, const rgm_bench_kernels_options *options, rgm_error *err) {
    bench *b = calloc(1, sizeof *b);
    if (!b) return rgm_fail(err, RGM_E_NOMEM, "bench: out of memory");
    b->config = config;
    b->options = options;
    rgm_status status = prepare(b, err);
    if (status >= 0) status = measure(b, err);
    if (status >= 0) status = rgm_bench_json_write(json_incref(b->json), options->json, err);
    json_decref(b->json);
    for (int32_t i = 0; i < PLACES; i++) rgm_arena_destroy(&b->places[i].arena);
    rgm_team_destroy(b->team);
    free(b);
    return status;
}
