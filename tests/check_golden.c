/* Golden runs: ten training steps of the ResNets against PyTorch in double precision. tests/golden/README.md describes
 * the files, the draws that both sides make by name, and the criterion. */
#include "config.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "graph/family.h"
#include "netrun.h"

enum { PROJECTIONS = 16, SAMPLES = 16 };

/* The file's structures, little-endian as this machine. */
typedef struct golden_header {
    char magic[16], model[32], framework[32];
    uint64_t seed;
    int32_t C, H, W, batch, outputs, base, imagenet_stem, steps, full, entries;
    double rate, momentum, decay, shift;
} golden_header;

typedef struct golden_entry {
    char what[16], name[64];
    int64_t count, values; /* elements of the tensor; doubles that follow */
    double norm, error;    /* of the double-precision tensor; relative L2 distance of single precision from it */
} golden_entry;

/* The ratios of a file's tensors. */
typedef struct tally {
    double ratio[1024];
    int32_t count;
    double largest;
    char which[96];
} tally;

typedef struct golden_run {
    golden_header h;
    netrun net;
    float *x, *targets, *dlogits, *slot;
    double *losses;
    /* copies: gradients and statistics of the first step */
    float *gradient, *first;
} golden_run;

static uint32_t hash(const char *name) { /* FNV-1a */
    uint32_t h = 0x811C9DC5u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 0x01000193u;
    return h;
}

static rgm_rng stream(const golden_run *g, const char *name, uint32_t instance, uint32_t epoch) {
    return (rgm_rng){
        .seed = g->h.seed, .stream = RGM_STREAM(RGM_STREAM_TEST, instance), .epoch = epoch, .sample = hash(name)};
}

/* middle + reach * (2u - 1), rounded once: u has 24 bits and reach 8, the rest is exact. */
static void uniform(const golden_run *g, const char *name, uint32_t epoch, double middle, double reach, float *out,
                    int64_t n) {
    rgm_rng rng = stream(g, name, 0, epoch);
    rgm_rng_uniform(&rng, 0, out, (size_t)n);
    for (int64_t i = 0; i < n; i++) out[i] = (float)(middle + reach * (2 * (double)out[i] - 1));
}

static double eight_bits(double x) {
    int exponent;
    double mantissa = frexp(x, &exponent);
    return ldexp(floor(mantissa * 256), exponent - 8);
}

/* What enters a ReLU stays clear of its kink: see README.md. */
static void draw_shift(const golden_run *g, const rgm_param *p, float *out) {
    const char *last = strcmp(g->h.model, "resnet50") == 0 ? ".bn3.bias" : ".bn2.bias";
    int32_t clear = g->h.shift > 1;
    if (clear && strstr(p->name, last)) {
        uniform(g, p->name, 0, g->h.shift, 0.25, out, p->count);
        return;
    }
    uniform(g, p->name, 0, clear && strstr(p->name, "downsample") ? 2 * g->h.shift + 1 : g->h.shift, 0.25, out,
            p->count);
    for (int64_t i = 1; i < p->count; i += 2) out[i] = -out[i];
}

static void draw_parameter(const golden_run *g, const rgm_param *p, float *out) {
    switch (p->role) {
    case RGM_ROLE_WEIGHT:
        uniform(g, p->name, 0, 0, eight_bits(sqrt((p->ndim == 4 ? 6 : 1) / p->fan_in)), out, p->count);
        break;
    case RGM_ROLE_BIAS:
        uniform(g, p->name, 0, 0, 0.25, out, p->count);
        break;
    case RGM_ROLE_SCALE:
        uniform(g, p->name, 0, 0.75, 0.25, out, p->count);
        break;
    default:
        draw_shift(g, p, out);
    }
}

static void draw_batch(const golden_run *g, uint32_t step) {
    const golden_header *h = &g->h;
    uniform(g, "input", step, 0.5, 0.5, g->x, (int64_t)h->batch * h->C * h->H * h->W);
    memset(g->targets, 0, sizeof(float) * (size_t)(h->batch * h->outputs));
    rgm_rng rng = stream(g, "labels", 0, step);
    for (int32_t n = 0; n < h->batch; n++) {
        uint32_t word;
        rgm_rng_u32(&rng, (uint64_t)n, &word, 1);
        g->targets[n * h->outputs + (int32_t)((uint64_t)(word >> 8) * (uint64_t)h->outputs >> 24)] = 1;
    }
}

static float *floats(int64_t n) {
    float *x = calloc((size_t)n + 1, sizeof *x);
    ck_assert_ptr_nonnull(x);
    return x;
}

static void start(golden_run *g, const rgm_graph *graph, int32_t isa) {
    const golden_header *h = &g->h;
    netrun_open(&g->net, graph, isa, h->batch, 2, 1);
    for (int32_t i = 0; i < rgm_graph_param_count(graph); i++) {
        const rgm_param *p = rgm_graph_param(graph, i);
        draw_parameter(g, p, g->net.value + p->offset);
    }
    for (int32_t i = 0; i < rgm_graph_stat_count(graph); i++) {
        const rgm_param *p = rgm_graph_stat(graph, i);
        for (int64_t j = 0; j < p->count; j++) g->net.stat[p->offset + j] = p->initial;
    }
    g->x = floats((int64_t)h->batch * h->C * h->H * h->W);
    g->targets = floats((int64_t)h->batch * h->outputs);
    g->dlogits = floats((int64_t)h->batch * h->outputs);
    g->slot = floats(rgm_graph_param_floats(graph));
    g->gradient = floats(rgm_graph_param_floats(graph));
    g->first = floats(rgm_graph_stat_floats(graph));
    g->losses = calloc((size_t)h->steps, sizeof *g->losses);
    ck_assert_ptr_nonnull(g->losses);
}

static void finish(golden_run *g) {
    netrun_close(&g->net);
    free(g->x);
    free(g->targets);
    free(g->dlogits);
    free(g->slot);
    free(g->gradient);
    free(g->first);
    free(g->losses);
}

/* Mean cross-entropy with the kernels that training uses; leaves dlogits. */
static double loss(golden_run *g) {
    int32_t K = g->h.outputs;
    double sum = 0;
    netrun_logits(&g->net, g->dlogits);
    for (int32_t n = 0; n < g->h.batch; n++) {
        float one, *z = g->dlogits + n * K;
        g->net.kernels->softmax_xent(z, g->targets + n * K, K, 1.0f / (float)g->h.batch, &one, z);
        sum += (double)one;
    }
    return sum / g->h.batch;
}

/* torch.optim.SGD: decay on weights only, joined to the gradient before the momentum. */
static void update(golden_run *g, int32_t step) {
    const rgm_kernels *k = g->net.kernels;
    for (int32_t i = 0; i < rgm_graph_param_count(g->net.graph); i++) {
        const rgm_param *p = rgm_graph_param(g->net.graph, i);
        float *value = g->net.value + p->offset, *grad = g->net.grad + p->offset;
        if (p->role == RGM_ROLE_WEIGHT) k->axpy((float)g->h.decay, value, grad, p->count);
        k->opt_sgd(value, grad, g->slot + p->offset, p->count, (float)g->h.rate, (float)g->h.momentum, 0, 0, step == 0);
    }
}

static void run(golden_run *g) {
    for (int32_t step = 0; step < g->h.steps; step++) {
        draw_batch(g, (uint32_t)step);
        netrun_input(&g->net, g->x);
        netrun_forward(&g->net);
        g->losses[step] = loss(g);
        netrun_backward(&g->net, g->dlogits);
        if (step == 0) {
            const rgm_graph *graph = g->net.graph;
            memcpy(g->gradient, g->net.grad, sizeof(float) * (size_t)rgm_graph_param_floats(graph));
            memcpy(g->first, g->net.stat, sizeof(float) * (size_t)rgm_graph_stat_floats(graph));
        }
        update(g, step);
    }
}

/* Our tensor for an entry, by name; NULL for the losses. */
static const float *ours(const golden_run *g, const golden_entry *e) {
    const rgm_graph *graph = g->net.graph;
    int32_t trained = strcmp(e->what, "gradient") == 0 || strcmp(e->what, "weight") == 0;
    const float *base = strcmp(e->what, "gradient") == 0 ? g->gradient
                        : strcmp(e->what, "weight") == 0 ? g->net.value
                        : strcmp(e->what, "first") == 0  ? g->first
                                                         : g->net.stat;
    for (int32_t i = 0; i < (trained ? rgm_graph_param_count(graph) : rgm_graph_stat_count(graph)); i++) {
        const rgm_param *p = trained ? rgm_graph_param(graph, i) : rgm_graph_stat(graph, i);
        if (strcmp(p->name, e->name)) continue;
        ck_assert_int_eq(p->count, e->count);
        return base + p->offset;
    }
    ck_abort_msg("%s: no such tensor", e->name);
    return NULL;
}

/* Sums of x with the signs that the draws' bits give; returns the square of x's norm. */
static double project(const golden_run *g, const golden_entry *e, const float *x, double sums[PROJECTIONS]) {
    enum { PART = 1024 };
    rgm_rng rng = stream(g, e->name, 1, 0);
    uint32_t words[PART];
    double norm = 0;
    for (int64_t first = 0; first < e->count; first += PART) {
        int64_t n = e->count - first < PART ? e->count - first : PART;
        rgm_rng_u32(&rng, (uint64_t)first, words, (size_t)n);
        for (int64_t i = 0; i < n; i++) norm += (double)x[first + i] * (double)x[first + i];
        for (int32_t j = 0; j < PROJECTIONS; j++) {
            double even = 0, odd = 0; /* two chains of additions */
            for (int64_t i = 0; i < n; i++) {
                double term = (double)x[first + i] * (1 - 2 * (double)(int32_t)(words[i] >> j & 1));
                if (i & 1)
                    odd += term;
                else
                    even += term;
            }
            sums[j] += even + odd;
        }
    }
    return norm;
}

/* Relative L2 distance of x from the stored tensor: exact where it is stored in full; else estimated by projections on
 * vectors of signs, whose squares' mean is the squared distance, and by sampled elements, whichever says more. */
static double distance(const golden_run *g, const golden_entry *e, const double *values, const float *x) {
    double square = 0;
    if (e->values == e->count) {
        for (int64_t i = 0; i < e->count; i++) square += ((double)x[i] - values[i]) * ((double)x[i] - values[i]);
        return sqrt(square) / e->norm;
    }
    ck_assert_int_eq(e->values, PROJECTIONS + SAMPLES);
    double sums[PROJECTIONS] = {0}, samples = 0, norm = project(g, e, x, sums);
    for (int32_t j = 0; j < PROJECTIONS; j++) square += (sums[j] - values[j]) * (sums[j] - values[j]) / PROJECTIONS;
    for (int64_t i = 0; i < SAMPLES; i++) {
        double d = (double)x[(2 * i + 1) * e->count / (2 * SAMPLES)] - values[PROJECTIONS + i];
        samples += d * d / SAMPLES * (double)e->count;
    }
    /* an element's error varies more than a projection's: a quarter of the samples' estimate is a fair bound */
    return isfinite(norm) ? fmax(fmax(sqrt(square), sqrt(samples) / 4), fabs(sqrt(norm) - e->norm)) / e->norm : NAN;
}

static void compare(const golden_run *g, const golden_entry *e, const double *values, tally *t) {
    double off = 0, size = 0;
    if (strcmp(e->what, "loss") == 0) {
        ck_assert_int_eq(e->values, g->h.steps);
        for (int64_t i = 0; i < e->values; i++) {
            off += (g->losses[i] - values[i]) * (g->losses[i] - values[i]);
            size += values[i] * values[i];
        }
        off = sqrt(off / size);
    } else {
        off = distance(g, e, values, ours(g, e));
    }
    /* The floor: a tensor rounded to single precision is off by a fraction of eps; an error below that is luck. */
    double ratio = off / fmax(e->error, (double)FLT_EPSILON / 2);
    ck_assert_msg(isfinite(ratio), "%s of %s is not finite", e->what, e->name);
    ck_assert_int_lt(t->count, (int32_t)(sizeof t->ratio / sizeof *t->ratio));
    t->ratio[t->count++] = ratio;
    if (ratio > t->largest) {
        t->largest = ratio;
        snprintf(t->which, sizeof t->which, "%s of %s", e->what, e->name);
    }
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void read(FILE *f, void *to, size_t bytes) { ck_assert_uint_eq(fread(to, 1, bytes, f), bytes); }

static void check_file(const char *file, int32_t isa) {
    char path[512];
    snprintf(path, sizeof path, RGM_GOLDEN "/%s.golden", file);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s cannot be opened", path);
    golden_run g = {0};
    tally t = {0};
    read(f, &g.h, sizeof g.h);
    ck_assert_mem_eq(g.h.magic, "regimen golden 1", 16);
    rgm_error err = {0};
    rgm_graph *graph;
    rgm_family_options o = {.name = g.h.model, .C = g.h.C, .H = g.h.H, .W = g.h.W, .outputs = g.h.outputs};
    o.imagenet_stem = g.h.imagenet_stem;
    o.base = g.h.base;
    netrun_fine(rgm_family_build(&graph, &o, &err), &err, file);
    ck_assert_int_eq(g.h.entries, 2 * rgm_graph_param_count(graph) + 2 * rgm_graph_stat_count(graph) + 1);
    start(&g, graph, isa);
    run(&g);
    for (int32_t i = 0; i < g.h.entries; i++) {
        golden_entry e;
        read(f, &e, sizeof e);
        double *values = calloc((size_t)e.values + 1, sizeof *values);
        ck_assert_ptr_nonnull(values);
        read(f, values, sizeof *values * (size_t)e.values);
        compare(&g, &e, values, &t);
        free(values);
    }
    fclose(f);
    qsort(t.ratio, (size_t)t.count, sizeof *t.ratio, ascending);
    printf("%s, %s: %d tensors, error over %s's in single precision: median %.2f, largest %.2f (%s)\n", file,
           rgm_isa_name(isa), t.count, g.h.framework, t.ratio[t.count / 2], t.largest, t.which);
    ck_assert_msg(t.largest <= 4, "%s, %s: %s is off by %.3g times the framework's error", file, rgm_isa_name(isa),
                  t.which, t.largest);
    finish(&g);
    rgm_graph_destroy(graph);
}

START_TEST(resnet20) { check_file("resnet20", _i); }
END_TEST
START_TEST(resnet20_narrow) { check_file("resnet20-narrow", _i); }
END_TEST
START_TEST(resnet50) { check_file("resnet50", _i); }
END_TEST
START_TEST(resnet50_narrow) { check_file("resnet50-narrow", _i); }
END_TEST

int main(void) {
    netrun_tell_sets();
    Suite *suite = suite_create("golden");
    TCase *cases = tcase_create("golden");
    tcase_set_timeout(cases, 300);
    for (int32_t isa = 0; isa < RGM_ISA_COUNT; isa++) {
        if (!netrun_has(isa)) continue;
        if (netrun_turn(isa, RGM_ISA_AVX2, 0)) tcase_add_loop_test(cases, resnet20, isa, isa + 1);
        tcase_add_loop_test(cases, resnet20_narrow, isa, isa + 1);
        /* slow without vectors, and nothing new: the narrow one has the same layers */
        if ((isa >= RGM_ISA_AVX2 || (isa == RGM_ISA_REFERENCE && !netrun_has(RGM_ISA_AVX2))) &&
            netrun_turn(isa, RGM_ISA_AVX2, 1))
            tcase_add_loop_test(cases, resnet50, isa, isa + 1);
        tcase_add_loop_test(cases, resnet50_narrow, isa, isa + 1);
    }
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
