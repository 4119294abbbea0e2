/* What the benches share: quartiles, rates, the order in which things take turns; the calls of bench kernels. */
#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "bench/isas.h"
#include "bench/kernel_calls.h"
#include "bench/measure.h"
#include "skip.h"

static void fine(rgm_status status, const rgm_error *err) { ck_assert_msg(status >= 0, "%s", err->text); }

START_TEST(quartiles) {
    static const struct {
        double values[5];
        int32_t count;
        double low, median, high;
    } t[] = {{{7}, 1, 7, 7, 7},
             {{3, 1}, 2, 1.5, 2, 2.5},
             {{9, 1, 5}, 3, 3, 5, 7},
             {{4, 1, 3, 2}, 4, 1.75, 2.5, 3.25},
             {{50, 10, 30, 20, 40}, 5, 20, 30, 40},
             {{2, 2, 2, 2, 9}, 5, 2, 2, 2}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        double values[5];
        for (int32_t j = 0; j < t[i].count; j++) values[j] = t[i].values[j];
        rgm_spread s = rgm_spread_of(values, t[i].count);
        ck_assert_msg(s.low == t[i].low && s.median == t[i].median && s.high == t[i].high, "case %zu: %g %g %g", i,
                      s.low, s.median, s.high);
    }
}
END_TEST

START_TEST(rates) {
    rgm_spread s = rgm_spread_rate((rgm_spread){1, 2, 4}, 8), m = rgm_spread_scale((rgm_spread){1, 2, 4}, 0.5);
    ck_assert(s.low == 2 && s.median == 4 && s.high == 8);
    ck_assert(m.low == 0.5 && m.median == 1 && m.high == 2);
}
END_TEST

/* Takes `seconds` a call, and notes its letter for every sample. */
typedef struct thing {
    double seconds;
    char letter, *story;
    rgm_status fails;
    volatile sig_atomic_t *stop; /* set by the first sample */
} thing;

static double clock_now; /* a busy machine must not decide how often something is called */

static double the_clock(void) { return clock_now; }

static rgm_status wait_for(void *context, int64_t calls, rgm_error *err) {
    thing *t = context;
    clock_now += t->seconds * (double)calls;
    size_t length = strlen(t->story);
    t->story[length] = t->letter;
    t->story[length + 1] = 0;
    if (t->stop) *t->stop = 1;
    return t->fails ? rgm_fail(err, t->fails, "it fails") : RGM_OK;
}

START_TEST(turns) {
    char story[64] = "";
    thing a = {2e-3, 'a', story, 0, NULL}, b = {2e-3, 'b', story, 0, NULL}, c = {2e-3, 'c', story, 0, NULL};
    rgm_timed list[] = {
        {.run = wait_for, .context = &a}, {.run = wait_for, .context = &b}, {.run = wait_for, .context = &c}};
    rgm_error err = {0};
    fine(rgm_measure(list, 3, &(rgm_effort){.repeats = 4, .sample = 1e-3, .clock = the_clock}, &err), &err);
    ck_assert_str_eq(story, "aabbcc" /* warm-up */ "abcbcacababc");
    for (int32_t i = 0; i < 3; i++) {
        ck_assert_int_eq(list[i].calls, 1);
        rgm_spread s = list[i].seconds;
        ck_assert_msg(fabs(s.low - 2e-3) < 1e-9 && fabs(s.median - 2e-3) < 1e-9 && fabs(s.high - 2e-3) < 1e-9,
                      "%g %g %g", s.low, s.median, s.high);
    }
    fine(rgm_measure(NULL, 0, &(rgm_effort){.repeats = 4, .sample = 1e-3, .clock = the_clock}, &err), &err);
}
END_TEST

/* What is faster than a sample is called several times in it, and the time is that of one call. */
START_TEST(calls) {
    char story[256] = "";
    thing t = {1e-4, 't', story, 0, NULL};
    rgm_timed list[] = {{.run = wait_for, .context = &t}};
    rgm_error err = {0};
    fine(rgm_measure(list, 1, &(rgm_effort){.repeats = 3, .sample = 2e-3, .clock = the_clock}, &err), &err);
    ck_assert_int_ge(list[0].calls, 20);
    ck_assert_int_le(list[0].calls, 23);
    ck_assert_double_eq_tol(list[0].seconds.low, 1e-4, 1e-9);
    ck_assert_double_eq_tol(list[0].seconds.high, 1e-4, 1e-9);
}
END_TEST

START_TEST(ends) {
    char story[64] = "";
    volatile sig_atomic_t stop = 0;
    thing t = {0, 't', story, RGM_E_NUMERIC, NULL}, u = {1e-3, 'u', story, 0, &stop};
    rgm_timed list[] = {{.run = wait_for, .context = &t}};
    rgm_error err = {0};
    ck_assert_int_eq(rgm_measure(list, 1, &(rgm_effort){.repeats = 3, .sample = 1e-3, .clock = the_clock}, &err),
                     RGM_E_NUMERIC);
    ck_assert_str_eq(err.text, "it fails");
    ck_assert_str_eq(story, "t");
    list[0].context = &u;
    ck_assert_int_eq(
        rgm_measure(list, 1, &(rgm_effort){.repeats = 3, .sample = 1e-4, .stop = &stop, .clock = the_clock}, &err),
        RGM_E_INTERRUPTED);
    ck_assert_str_eq(story, "tuu");
}
END_TEST

START_TEST(documents) {
    json_t *json = rgm_bench_json("this", NULL, 3);
    ck_assert_ptr_nonnull(json);
    ck_assert_ptr_nonnull(rgm_bench_json_add(json, "one", "GB/s", (rgm_spread){1, 2, 3}));
    ck_assert_ptr_nonnull(rgm_bench_json_add(json, "two", "ms", (rgm_spread){NAN, INFINITY, 3}));
    ck_assert_str_eq(json_string_value(json_object_get(json, "bench")), "this");
    ck_assert_ptr_null(json_object_get(json, "isa"));
    const json_t *two = json_array_get(json_object_get(json, "results"), 1);
    ck_assert(json_is_null(json_object_get(two, "low")) && json_is_null(json_object_get(two, "median")));
    rgm_error err = {0};
    fine(rgm_bench_json_write(json, NULL, &err), &err);
    ck_assert_int_eq(rgm_bench_json_write(NULL, NULL, &err), RGM_E_NOMEM);
}
END_TEST

/* ---- the calls of bench kernels ---- */

/* `bytes` bytes between pages that may not be touched, ending at one. */
static void *guarded(size_t bytes) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
    char *at = mmap(NULL, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(at != MAP_FAILED && mprotect(at + page, inner, PROT_READ | PROT_WRITE) == 0);
    return at + page + inner - bytes;
}

static rgm_place make_place(const rgm_kernels *k) {
    rgm_place p = {.k = k, .d = guarded(RGM_CALL_DOUBLES * sizeof(double))};
    for (int32_t a = 0; a < RGM_CALL_ARRAYS; a++) {
        p.f[a] = guarded(RGM_CALL_FLOATS * sizeof(float));
        for (int32_t i = 0; i < RGM_CALL_FLOATS; i++)
            p.f[a][i] = (float)(i % 97) / (a < 3 ? 48.5f : 97.0f) - (a < 3 ? 1.0f : 0.0f);
    }
    for (int32_t a = 0; a < RGM_CALL_BYTE_ARRAYS; a++) p.u[a] = memset(guarded(RGM_CALL_FLOATS), 4, RGM_CALL_FLOATS);
    return p;
}

/* No call leaves its arrays, or makes anything but numbers in them, however often it is repeated. */
START_TEST(kernel_calls) {
    const rgm_kernels *tables[RGM_ISA_COUNT];
    int32_t count;
    rgm_error err = {0};
    if (rgm_bench_isas(rgm_isa_name(_i), tables, &count, &err) < 0) SKIP(rgm_isa_name(_i));
    ck_assert_int_eq(count, 1);
    for (size_t kernel = 0; kernel < rgm_kernel_count; kernel++) {
        const char *name = rgm_kernel_list[kernel].name;
        rgm_place p = make_place(tables[0]);
        int64_t elements = rgm_kernel_calls[kernel](&p);
        ck_assert_msg(elements > 0, "%s: %lld elements", name, (long long)elements);
        for (int32_t i = 0; i < 20; i++) ck_assert_int_eq(rgm_kernel_calls[kernel](&p), elements);
        for (int32_t a = 0; a < RGM_CALL_ARRAYS; a++)
            for (int32_t i = 0; i < RGM_CALL_FLOATS; i++)
                if (!isfinite(p.f[a][i])) ck_abort_msg("%s: array %d, element %d: %g", name, a, i, p.f[a][i]);
    }
}
END_TEST

START_TEST(isas) {
    const rgm_kernels *tables[RGM_ISA_COUNT];
    int32_t count;
    rgm_error err = {0};
    fine(rgm_bench_isas("auto", tables, &count, &err), &err);
    ck_assert_int_ge(count, 1);
    for (int32_t i = 0; i < count; i++) ck_assert(tables[i] && tables[i]->level != RGM_ISA_REFERENCE);
    ck_assert_int_eq(rgm_bench_isas("avx1024", tables, &count, &err), RGM_E_USAGE);
    ck_assert_int_eq(count, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bench");
    TCase *cases = tcase_create("measuring");
    tcase_add_test(cases, quartiles);
    tcase_add_test(cases, rates);
    tcase_add_test(cases, turns);
    tcase_add_test(cases, calls);
    tcase_add_test(cases, ends);
    tcase_add_test(cases, documents);
    tcase_add_test(cases, isas);
    tcase_add_loop_test(cases, kernel_calls, 0, RGM_ISA_COUNT);
    tcase_set_timeout(cases, 60);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
