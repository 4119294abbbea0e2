/* The driver of kerncheck.h: coverage, tables, placements, crashes.
 *
 *   kerncheck [--seed N] [--kernel NAME]
 */
#include "kerncheck.h"

#include "kernels/lane_fma.h"
#include "skip.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#    include <xmmintrin.h>
#endif

static const kc_test *const families[] = {kc_elementwise_tests, kc_reduce_tests, kc_bnorm_tests,
                                          kc_pool_tests,        kc_loss_tests,   kc_image_tests,
                                          kc_resize_tests,      kc_gemm_tests,   kc_conv_tests};

static int64_t checks, failures;
static const kc *volatile running; /* for the crash handler */
static volatile uint64_t seed = 20150;

static void count(int64_t failed) {
    checks++;
    failures += failed != 0;
}

static void expect(int truth, const char *what) {
    if (!truth) fprintf(stderr, "%s\n", what);
    count(!truth);
}

static void closing_line(int64_t errors) {
    const int64_t bad = failures + errors, all = checks + errors;
    printf("%lld%%: Checks: %lld, Failures: %lld, Errors: %lld\n", (long long)(all ? (all - bad) * 100 / all : 0),
           (long long)all, (long long)failures, (long long)errors);
    fflush(stdout);
}

/* The process is lost anyway; what it was doing is worth the unsafe printing. */
static void crashed(int signal_number) {
    const kc *c = running;
    fprintf(stderr, "kerncheck: %s in %s (%s), case %s, placement %d; --seed %llu\n", strsignal(signal_number),
            c ? c->info->name : "the driver", c ? c->k->isa : "-", c ? c->what : "-", c ? c->placement : 0,
            (unsigned long long)seed);
    closing_line(1);
    _exit(EXIT_FAILURE);
}

static void catch_crashes(void) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM};
    struct sigaction action = {.sa_handler = crashed, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) sigaction(signals[i], &action, NULL);
}

static void flush_denormals(int on) {
#if defined(__x86_64__)
    _mm_setcsr(on ? _mm_getcsr() | 0x8040u : _mm_getcsr() & ~0x8040u);
#else
    (void)on;
#endif
}

static const kc_test *find_test(const char *kernel) {
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++)
        for (const kc_test *t = families[f]; t->kernel; t++)
            if (!strcmp(t->kernel, kernel)) return t;
    return NULL;
}

static const rgm_kernel_info *find_kernel(const char *name) {
    for (size_t i = 0; i < rgm_kernel_count; i++)
        if (!strcmp(rgm_kernel_list[i].name, name)) return &rgm_kernel_list[i];
    return NULL;
}

/* The tables this machine runs: both references, then the levels. */
static int find_tables(const rgm_kernels **tables) {
    int n = 0;
    tables[n++] = rgm_kernels_reference(8);
    tables[n++] = rgm_kernels_reference(16);
    tables[n++] = rgm_kernels_get(1);
#if defined(__x86_64__)
    if (rgm_kernels_get(2) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        tables[n++] = rgm_kernels_get(2);
    if (rgm_kernels_get(3) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
        tables[n++] = rgm_kernels_get(3);
#endif
    return n;
}

/* Instruction sets that this build or this machine has not. */
static void tell_absent(const rgm_kernels **tables, int count) {
    static const char *const sets[] = {"avx2", "avx512"};
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        int found = 0;
        for (int i = 0; i < count; i++) found |= !strcmp(tables[i]->isa, sets[s]);
        if (!found) skip_case("every kernel", sets[s]);
    }
}

typedef struct outcome {
    uint64_t plain, flushed; /* hashes of the outputs */
} outcome;

static outcome run_test(const kc_test *test, const rgm_kernels *table) {
    kc c = {.k = table, .info = find_kernel(test->kernel)};
    uint64_t hash[KC_PLACEMENTS], name = 0;
    for (const char *p = test->kernel; *p; p++) name = name * 31 + (unsigned char)*p;
    running = &c;
    for (c.placement = 0; c.placement < KC_PLACEMENTS; c.placement++) {
        c.random = seed * 0x9e3779b97f4a7c15u + name;
        c.hash = 0xcbf29ce484222325u;
        flush_denormals(c.placement == KC_FLUSHED);
        test->run(&c);
        flush_denormals(0);
        hash[c.placement] = c.hash;
    }
    running = NULL;
    if (hash[KC_HIGH] != hash[KC_LOW] || hash[KC_HIGH] != hash[KC_ODD]) {
        fprintf(stderr, "%s (%s): the bits depend on where the arrays lie\n", test->kernel, table->isa);
        c.failures++;
    }
    count((int64_t)c.failures);
    return (outcome){hash[KC_HIGH], hash[KC_FLUSHED]};
}

/* All tables; avx512 is held to generic16's bits. */
static void check_kernel(const char *name, const rgm_kernels *const *tables, int table_count) {
    const kc_test *test = find_test(name);
    outcome generic = {0, 0};
    if (!test) {
        fprintf(stderr, "%s: on the list, but kerncheck has no test for it\n", name);
        count(1);
        return;
    }
    for (int i = 0; i < table_count; i++) {
        const outcome o = run_test(test, tables[i]);
        if (!strcmp(tables[i]->isa, "generic16")) generic = o;
        if (strcmp(tables[i]->isa, "avx512")) continue;
        if (o.plain != generic.plain || o.flushed != generic.flushed)
            fprintf(stderr, "%s: generic16 and avx512 differ in bits\n", name);
        count(o.plain != generic.plain || o.flushed != generic.flushed);
    }
}

static void check_tables(void) {
    static const char *const names[] = {"reference", "generic16", "avx2", "avx512"};
    expect(!rgm_kernels_get(-1) && !rgm_kernels_get(4), "rgm_kernels_get: levels outside 0..3 must give NULL");
    expect(!rgm_kernels_reference(0) && !rgm_kernels_reference(4), "rgm_kernels_reference: only blocks 8 and 16");
    for (int32_t level = 0; level < 4; level++) {
        const rgm_kernels *k = rgm_kernels_get(level);
        if (!k) continue;
        expect(k->level == level && !strcmp(k->isa, names[level]), "a table must know its level and name");
        expect(k->block == (level == 2 ? 8 : 16), "a table must have its level's block");
        for (size_t i = 0; i < rgm_kernel_count; i++) {
            void (*slot)(void);
            memcpy(&slot, (const char *)k + rgm_kernel_list[i].offset, sizeof slot);
            expect(slot != NULL, "a slot must be full");
        }
    }
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++)
        for (const kc_test *t = families[f]; t->kernel; t++)
            expect(find_kernel(t->kernel) != NULL, "a test for a kernel that is not on the list");
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

enum { FMA_CASES = 400000 };

static float fma_operands[3][FMA_CASES], fma_results[FMA_CASES];

static void same_as_fmaf(const char *way) {
    int64_t wrong = 0;
    for (int i = 0; i < FMA_CASES; i++) {
        const float a = fma_operands[0][i], b = fma_operands[1][i], third = fma_operands[2][i];
        const float got = fma_results[i], want = fmaf(a, b, third);
        if (!memcmp(&got, &want, sizeof got) || (got != got && want != want)) continue;
        if (wrong++ < 4) fprintf(stderr, "%s(%a, %a, %a) = %a, expected %a\n", way, a, b, third, got, want);
    }
    count(wrong);
}

/* Each way of lane_fma.h against libm's fmaf, for random bits and for sums that nearly cancel. */
static void check_lane_fma(void) {
    kc c = {.random = seed};
    for (int i = 0; i < FMA_CASES; i++) {
        const float a = float_of((uint32_t)kc_draw(&c)), b = float_of((uint32_t)kc_draw(&c));
        const float third = float_of((uint32_t)kc_draw(&c));
        fma_operands[0][i] = a;
        fma_operands[1][i] = b;
        fma_operands[2][i] = i % 2 ? -a * b * (float)(1 + (double)kc_below(&c, 9) * 0x1p-23) : third;
        fma_results[i] = lane_fma(a, b, fma_operands[2][i]);
    }
    same_as_fmaf("lane_fma");
    emulated_fma(fma_results, fma_operands[0], fma_operands[1], fma_operands[2], FMA_CASES);
    same_as_fmaf("emulated_fma");
    if (!FMA_AT_RUN_TIME) return;
    machine_fma(fma_results, fma_operands[0], fma_operands[1], fma_operands[2], FMA_CASES);
    same_as_fmaf("machine_fma");
}

int main(int argc, char **argv) {
    const rgm_kernels *tables[6];
    const char *only = NULL;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 0);
        else if (!strcmp(argv[i], "--kernel") && i + 1 < argc)
            only = argv[++i];
        else {
            fprintf(stderr, "usage: kerncheck [--seed N] [--kernel NAME]\n");
            return 2;
        }
    }
    if (only && !find_kernel(only)) {
        fprintf(stderr, "kerncheck: no kernel named %s\n", only);
        return 2;
    }
    catch_crashes();
    const int table_count = find_tables(tables);

    printf("kerncheck: --seed %llu, tables", (unsigned long long)seed);
    for (int i = 0; i < table_count; i++) printf(" %s/%d", tables[i]->isa, tables[i]->block);
    printf("\n");
    tell_absent(tables, table_count);
    fflush(stdout);
    alarm(900); /* to end one that hangs, also under a sanitizer on a busy machine */
    check_tables();
    check_lane_fma();
    for (size_t i = 0; i < rgm_kernel_count; i++)
        if (!only || !strcmp(only, rgm_kernel_list[i].name)) check_kernel(rgm_kernel_list[i].name, tables, table_count);
    closing_line(0);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
