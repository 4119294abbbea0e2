#include "bench/machine.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/cpu.h"
#include "bench/isas.h"
#include "report/summary.h"
#include "train/peak.h"

enum { PROBE = 4096 /* iterations of a call */, ALL_COUNTS = 8 /* above that many threads: powers of two */ };
enum { STREAM_L1, STREAM_L2, STREAM_RAM, STREAMS, MOST = RGM_ISA_COUNT + STREAMS };

/* What the system does not say of a cache is a usual size. */
static int64_t cache_bytes(int32_t level) {
    int64_t bytes = rgm_cpu_cache(level);
    return bytes ? bytes : level == 1 ? 32 << 10 : level == 2 ? 512 << 10 : 0;
}

/* ---- what is timed ---- */

typedef struct probe {
    rgm_team *team;
    const rgm_kernels *kernels;
} probe;

static rgm_status run_fma(void *context, int64_t calls, rgm_error *err) {
    const probe *f = context;
    return rgm_peak_probe(f->team, f->kernels, calls * PROBE, err);
}

/* Floats between the shares of two workers: caches fetch ahead within a page, and must not fetch the other's. */
enum { GAP = 2048 };

/* Each worker's share of the arrays a, b and c lies together. */
typedef struct stream {
    rgm_team *team;
    const rgm_kernels *kernels;
    float *floats;
    int64_t share, count; /* of a worker; of each array */
    int64_t calls;
} stream;

static rgm_status run_share(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const stream *s = context;
    (void)worker, (void)err;
    float *a = s->floats + chunk * (s->share + GAP), *b = a + s->count, *c = b + s->count;
    for (int64_t i = 0; i < s->calls; i++) s->kernels->add(a, b, c, s->count);
    return RGM_OK;
}

static rgm_status run_stream(void *context, int64_t calls, rgm_error *err) {
    stream *s = context;
    s->calls = calls;
    return rgm_team_for(s->team, run_share, s, rgm_team_size(s->team), err);
}

/* ---- one number of threads ---- */

typedef struct machine {
    const rgm_config *config;
    const rgm_bench_machine_options *options;
    const rgm_kernels *tables[RGM_ISA_COUNT];
    int32_t isas;
    int32_t mib; /* of the arrays in memory */
    rgm_arena arena;
    float *floats;        /* all of it */
    rgm_spread one[MOST]; /* rates of one thread */
    json_t *json;
    int32_t text;
} machine;

static void describe(const machine *m, int32_t i, char name[32], const char **unit) {
    static const char *const streams[] = {"stream L1", "stream L2", "stream RAM"};
    *unit = i < m->isas ? "GFLOP/s" : "GB/s";
    if (i < m->isas)
        snprintf(name, 32, "fma %s", m->tables[i]->isa);
    else
        snprintf(name, 32, "%s", streams[i - m->isas]);
}

static const rgm_column columns[] = {{"", 16, 0},    {"threads", 7, 0}, {"median", 9, 1}, {"low", 9, 1},
                                     {"high", 9, 1}, {"scaling", 9, 2}, {"unit", 8, 0}};
enum { COLUMNS = sizeof columns / sizeof *columns - 1 /* the unit is a text */ };

static rgm_status tell(machine *m, int32_t i, int32_t threads, rgm_spread rate, rgm_error *err) {
    char name[32], full[64];
    const char *unit;
    describe(m, i, name, &unit);
    if (threads == 1) m->one[i] = rate;
    double scaling = rate.median / m->one[i].median;
    if (m->text) {
        rgm_table_row(columns, COLUMNS, name, (double[]){threads, rate.median, rate.low, rate.high, scaling});
        printf(" %*s\n", columns[COLUMNS].width, unit);
    }
    snprintf(full, sizeof full, "%s, %d %s", name, threads, threads == 1 ? "thread" : "threads");
    json_t *result = rgm_bench_json_add(m->json, full, unit, rate);
    if (!result || json_object_set_new(result, "threads", json_integer(threads)) < 0 ||
        json_object_set_new(result, "scaling", json_real(scaling)) < 0)
        return rgm_fail(err, RGM_E_NOMEM, "no memory for the result");
    return RGM_OK;
}

/* Bytes of a worker's three arrays: half of a cache, or its part of what lies in memory. */
static int64_t stream_bytes(const machine *m, int32_t which, int32_t threads) {
    return which == STREAM_L1   ? cache_bytes(1) / 2
           : which == STREAM_L2 ? cache_bytes(2) / 2
                                : ((int64_t)m->mib << 20) / threads;
}

static rgm_status measure_with(machine *m, rgm_team *team, rgm_error *err) {
    int32_t threads = rgm_team_size(team), count = m->isas + STREAMS;
    probe probes[RGM_ISA_COUNT];
    stream streams[STREAMS];
    rgm_timed list[MOST];
    double work[MOST];
    for (int32_t i = 0; i < m->isas; i++) {
        probes[i] = (probe){team, m->tables[i]};
        list[i] = (rgm_timed){.run = run_fma, .context = &probes[i]};
        work[i] = rgm_peak_flops(team, m->tables[i], PROBE);
    }
    for (int32_t i = 0; i < STREAMS; i++) {
        int64_t share = stream_bytes(m, i, threads) / 192 * 192 / (int64_t)sizeof(float), at = m->isas + i;
        streams[i] = (stream){team, m->tables[m->isas - 1], m->floats, share, share / 3, 0};
        list[at] = (rgm_timed){.run = run_stream, .context = &streams[i]};
        work[at] = (double)share * sizeof(float) * threads;
    }
    RGM_TRY(rgm_measure(list, count, &m->options->effort, err));
    for (int32_t i = 0; i < count; i++)
        RGM_TRY(tell(m, i, threads, rgm_spread_rate(list[i].seconds, work[i] * 1e-9), err));
    return RGM_OK;
}

/* ---- all of them ---- */

static rgm_status measure_threads(machine *m, int32_t threads, rgm_error *err) {
    rgm_team *team;
    RGM_TRY(rgm_team_create(&team, &(rgm_team_options){threads, m->config->pin}, err));
    rgm_status status = measure_with(m, team, err);
    rgm_team_destroy(team);
    return status;
}

static int32_t next_count(int32_t threads, int32_t most) {
    int32_t next = most <= ALL_COUNTS ? threads + 1 : 2 * threads;
    return threads < most && next > most ? most : next;
}

static rgm_status measure(machine *m, int32_t most, rgm_error *err) {
    size_t bytes = (size_t)m->mib << 20, cached = (size_t)(cache_bytes(1) + cache_bytes(2)) * (size_t)most;
    if (bytes < cached) bytes = cached;
    bytes += GAP * sizeof(float) * (size_t)most;
    RGM_TRY(rgm_arena_create(&m->arena, rgm_arena_cost(bytes), "bench machine", err));
    m->floats = rgm_arena_take(&m->arena, bytes);
    for (size_t i = 0; i < bytes / sizeof(float); i++) m->floats[i] = 1; /* real pages */
    for (int32_t threads = 1; threads <= most; threads = next_count(threads, most))
        RGM_TRY(measure_threads(m, threads, err));
    return RGM_OK;
}

static void print_head(const machine *m, int32_t most) {
    printf("%s, %d %s\n", rgm_cpu_name(), most, most == 1 ? "thread" : "threads");
    printf("caches: L1 %lld KiB, L2 %lld KiB, L3 %lld KiB; arrays in memory: %d MiB\n\n",
           (long long)cache_bytes(1) >> 10, (long long)cache_bytes(2) >> 10, (long long)cache_bytes(3) >> 10, m->mib);
    rgm_table_head(columns, COLUMNS + 1);
}

rgm_status rgm_bench_machine(const rgm_config *config, const rgm_bench_machine_options *options, rgm_error *err) {
    machine m = {.config = config, .options = options};
    rgm_team *team;
    RGM_TRY(rgm_bench_isas(config->isa, m.tables, &m.isas, err));
    RGM_TRY(rgm_team_create(&team, &(rgm_team_options){config->threads, config->pin}, err));
    int32_t most = rgm_team_size(team);
    rgm_team_destroy(team);
    m.mib = options->mib ? options->mib : most > 12 ? 32 * most : 384;
    m.json = rgm_bench_json("machine", NULL, most);
    m.text = rgm_json_leaves_text(options->json);
    if (!m.json || json_object_set_new(m.json, "cache_bytes",
                                       json_pack("[I,I,I]", (json_int_t)cache_bytes(1), (json_int_t)cache_bytes(2),
                                                 (json_int_t)cache_bytes(3))) < 0)
        return rgm_bench_json_write(NULL, options->json, err);
    if (m.text) print_head(&m, most);
    rgm_status status = measure(&m, most, err);
    rgm_arena_destroy(&m.arena);
    if (status >= 0) return rgm_bench_json_write(m.json, options->json, err);
    json_decref(m.json);
    return status;
}
