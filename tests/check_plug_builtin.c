/* Regimen's own initializers and schedules, and the host's mathematics, against plain double code. */
#include "check_plug.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "plug/math.h"
#include "skip.h"

/* ---- the host's mathematics ---- */

static void close_to(double got, double want, double relative, double x) {
    EXPECT_MSG(got == want || fabs(got - want) <= relative * fabs(want), "%.17g, expected %.17g at %.17g", got, want,
               x);
}

START_TEST(test_math) {
    for (int i = -70000; i <= 70000; i++) {
        double x = i * 0.01003;
        double e = exp(x);
        if (e > 1e-300 && e < 1e300) close_to(rgm_plug_exp(x), e, 1e-15, x);
        if (x > 0) close_to(rgm_plug_log(x), log(x), 1e-15, x);
        close_to(rgm_plug_log(1.0 + x * 1e-6), log(1.0 + x * 1e-6), 1e-15, x);
        EXPECT(fabs(rgm_plug_sin(x) - sin(x)) < 1e-15);
        EXPECT(fabs(rgm_plug_cos(x) - cos(x)) < 1e-15);
        double far = i * 14.2857;
        EXPECT(fabs(rgm_plug_sin(far) - sin(far)) < 1e-15);
        EXPECT(fabs(rgm_plug_cos(far) - cos(far)) < 1e-15);
    }
    close_to(rgm_plug_exp(-740.0), exp(-740.0), 1e-2, -740); /* subnormal */
    close_to(rgm_plug_log(0x1p-1070), log(0x1p-1070), 1e-15, 0);
    EXPECT(rgm_plug_exp(1000.0) == INFINITY && rgm_plug_exp(-1000.0) == 0.0 && isnan(rgm_plug_exp(NAN)));
    EXPECT(rgm_plug_exp(-INFINITY) == 0.0 && rgm_plug_exp(INFINITY) == INFINITY && rgm_plug_exp(0.0) == 1.0);
    EXPECT(rgm_plug_log(0.0) == -INFINITY && isnan(rgm_plug_log(-1.0)) && rgm_plug_log(1.0) == 0.0);
    EXPECT(rgm_plug_log(INFINITY) == INFINITY && isnan(rgm_plug_log(NAN)));
    EXPECT(isnan(rgm_plug_sin(INFINITY)) && isnan(rgm_plug_cos(NAN)) && rgm_plug_cos(0.0) == 1.0);
}
END_TEST

START_TEST(test_pow) {
    for (int y = -60; y <= 60; y++)
        for (double x = 0.05; x < 3.0; x += 0.043) {
            close_to(rgm_plug_pow(x, y), pow(x, y), 1e-13, x);
            if (fabs(y * 0.37 * log(x)) < 69) close_to(rgm_plug_pow(x, y * 0.37), pow(x, y * 0.37), 1e-13, x);
        }
}
END_TEST

#if defined(__SIZEOF_FLOAT128__)
__extension__ typedef __float128 quad; /* 113 bits: x^(2^53) by squaring errs by less than 2^-58 */
#else
typedef long double quad;
#endif

static quad quad_power(quad x, uint64_t n) {
    quad out = 1;
    for (; n > 0; n >>= 1) {
        if (n & 1) out *= x;
        if (n > 1) x *= x;
    }
    return out;
}

/* |got / want - 1|, and whether the promise speaks of the result. */
static double error_of(double got, quad want) { return fabs((double)((quad)got / want - 1)); }
static int32_t promised(quad result) { return result > (quad)1e-30 && result < (quad)1e30; }

/* x^n, x^-n and the powers between whole numbers: (x^(n/4))^4 is x^n. */
static double worst_of(double x, uint64_t n) {
    quad want = quad_power((quad)x, n);
    if (!promised(want)) return 0.0;
    double worst = fmax(error_of(rgm_plug_pow(x, (double)n), want), error_of(rgm_plug_pow(x, -(double)n), 1 / want));
    double part = (double)n / 4;
    if (part * 4 != (double)n) return worst;
    double up = error_of(1.0, quad_power((quad)rgm_plug_pow(x, part), 4) / want) / 4;
    double down = error_of(1.0, quad_power((quad)rgm_plug_pow(x, -part), 4) * want) / 4;
    return fmax(worst, fmax(up, down));
}

/* The promise of plugin.h: 1e-13 for results in 1e-30..1e30, with bases near 1 and exponents up to 2^53. */
START_TEST(test_pow_promise) {
    int64_t judged = 0;
    if (sizeof(quad) < 16) SKIP("no type of 16 bytes to compare with");
    for (double step = 0x1p-52; step < 0.6; step *= 1.37)
        for (double exponent = 1; exponent < 0x1p53; exponent *= 1.19) {
            uint64_t n = (uint64_t)exponent;
            for (int32_t sign = -1; sign <= 1; sign += 2) {
                double x = 1.0 + sign * step, worst = worst_of(x, n);
                EXPECT_MSG(worst <= 1e-13, "%.17g to the power %llu errs by %g", x, (unsigned long long)n, worst);
                judged += promised(quad_power((quad)x, n));
            }
        }
    EXPECT_MSG(judged > 5000, "only %lld results are in the range of the promise", (long long)judged);
    static const struct {
        double x;
        uint64_t n;
    } known[] = {
        {0.9999, 100000}, {0.99999, 1000000}, {1.0000001, 100000000}, {1.00000001, 2000000000}, {0.999, 20000}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        EXPECT(promised(quad_power((quad)known[i].x, known[i].n)));
        double worst = worst_of(known[i].x, known[i].n);
        EXPECT_MSG(worst <= 1e-13, "%.17g to the power %llu errs by %g", known[i].x, (unsigned long long)known[i].n,
                   worst);
    }
}
END_TEST

/* As C's pow has them (IEEE 754). */
START_TEST(test_pow_special) {
    static const double values[] = {0.0,     -0.0,  1.0,     -1.0,       0.5,         -0.5,      2.0,
                                    -2.0,    3.0,   -3.0,    0x1p31 + 1, -0x1p31 - 1, 0x1p53,    0x1p60,
                                    -0x1p60, 1e300, -1e-300, 0x1p-1074,  INFINITY,    -INFINITY, NAN};
    enum { COUNT = sizeof values / sizeof *values };
    for (int i = 0; i < COUNT; i++)
        for (int k = 0; k < COUNT; k++) {
            double got = rgm_plug_pow(values[i], values[k]), want = pow(values[i], values[k]);
            EXPECT_MSG(isnan(got) == isnan(want) && (isnan(want) || signbit(got) == signbit(want)), "%g^%g: %g, not %g",
                       values[i], values[k], got, want);
            close_to(isnan(got) ? 0 : got, isnan(want) ? 0 : want, 1e-13, values[i]);
        }
    close_to(rgm_plug_pow(0.5, 1070.0), 0x1p-1070, 0, 0.5);
    close_to(rgm_plug_pow(0x1p-1070, -0.5), 0x1p535, 1e-13, 0);
}
END_TEST

/* ---- initializers ---- */

static void fill(const rgm_instance *it, float *dst, uint64_t first, uint64_t n) {
    static const rgm_clock clock = {.size = sizeof clock, .epochs = 1, .steps_per_epoch = 1, .steps_total = 1};
    rgm_rng key = {.seed = 5, .stream = RGM_STREAM(RGM_STREAM_INIT, 3)};
    rgm_plug_call call;
    rgm_error err = {0};
    rgm_plug_call_init(&call, it, &clock, &key, NULL);
    EXPECT_MSG(rgm_plug_fill(&call, &plug_weight, dst, first, n, &err) == RGM_OK, "%s", err.text);
}

/* The plain formula for one element; kind 0 normal, 1 uniform. */
static double drawn(int uniform, double deviation, uint64_t element) {
    rgm_rng key = {.seed = 5, .stream = RGM_STREAM(RGM_STREAM_INIT, 3)};
    float u;
    if (uniform)
        rgm_rng_uniform(&key, element, &u, 1);
    else
        rgm_rng_normal(&key, element, &u, 1);
    return uniform ? (2.0 * (double)u - 1.0) * sqrt(3.0) * deviation : (double)u * deviation;
}

START_TEST(test_initializers) {
    static const struct {
        const char *name, *settings;
        int uniform;
        double gain, fan;
    } cases[] = {
        {"he", "", 0, M_SQRT2, 25},
        {"he", "distribution=uniform mode=fan_in", 1, M_SQRT2, 20},
        {"he", "mode=average nonlinearity=leaky_relu slope=0.2", 0, 1.3867504905630728, 22.5}, /* sqrt(2 / 1.04) */
        {"he", "nonlinearity=tanh", 0, 5.0 / 3.0, 25},
        {"he", "nonlinearity=linear", 0, 1, 25},
        {"he", "nonlinearity=sigmoid", 0, 1, 25},
        {"he", "gain=3", 0, 3, 25},
        {"xavier", "", 1, 1, 22.5},
        {"xavier", "distribution=normal nonlinearity=relu", 0, M_SQRT2, 22.5},
        {"xavier", "mode=fan_in nonlinearity=leaky_relu slope=1", 1, 1, 20},
        {"xavier", "nonlinearity=tanh mode=fan_out gain=0.5", 1, 0.5, 25},
        {"normal", "", 0, 0.01, 1},
        {"normal", "std=0.5", 0, 0.5, 1},
        {"constant", "", 0, 0, 1},
    };
    rgm_registry *registry = plug_registry(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rgm_instance *it = plug_instance(registry, RGM_INITIALIZER, cases[i].name, cases[i].settings);
        double deviation = cases[i].gain / sqrt(cases[i].fan);
        float whole[100], parts[100];
        fill(it, whole, 0, 100);
        for (uint64_t e = 0; e < 100; e++)
            EXPECT_MSG(fabs((double)whole[e] - drawn(cases[i].uniform, deviation, e)) <= 4e-7 * deviation * 4,
                       "%s %s: %g", cases[i].name, cases[i].settings, (double)whole[e]);
        static const uint64_t cuts[] = {0, 1, 2, 17, 33, 64, 99, 100};
        for (int k = 0; k < 7; k++) fill(it, parts + cuts[k], cuts[k], cuts[k + 1] - cuts[k]);
        ck_assert_mem_eq(whole, parts, sizeof whole);
        fill(it, parts, 50, 0);
        rgm_instance_destroy(it);
    }
    float v[2];
    rgm_instance *it = plug_instance(registry, RGM_INITIALIZER, "constant", "value=-1.5");
    fill(it, v, 0, 2);
    EXPECT(v[0] == -1.5f && v[1] == -1.5f);
    rgm_instance_destroy(it);
    rgm_registry_destroy(registry);
}
END_TEST

/* ---- schedules ---- */

static double factor_at(rgm_instance *it, uint64_t step, uint64_t per_epoch, uint32_t epochs) {
    rgm_clock clock = plug_clock(step, per_epoch, epochs);
    rgm_error err = {0};
    double f;
    EXPECT_MSG(rgm_plug_factor(&it, 1, &clock, &f, &err) == RGM_OK, "%s", err.text);
    return f;
}

static double onecycle(double step, double total, double warm, double start_div, double final_div) {
    double top = warm * total - 1, start = 1 / start_div, end = start / final_div;
    if (step <= top) return start + (1 - start) * (1 - cos(M_PI * step / top)) / 2;
    return end + (1 - end) * (1 + cos(M_PI * (step - top) / (total - 1 - top))) / 2;
}

START_TEST(test_schedules) {
    rgm_registry *registry = plug_registry(NULL);
    rgm_instance *constant = plug_instance(registry, RGM_SCHEDULER, "constant", "");
    rgm_instance *step = plug_instance(registry, RGM_SCHEDULER, "step", "");
    rgm_instance *epochs = plug_instance(registry, RGM_SCHEDULER, "step", "at=3,0.5,8 gamma=0.5");
    rgm_instance *cosine = plug_instance(registry, RGM_SCHEDULER, "cosine", "final=0.1");
    rgm_instance *cycle = plug_instance(registry, RGM_SCHEDULER, "onecycle", "");
    rgm_instance *linear =
        plug_instance(registry, RGM_SCHEDULER, "onecycle", "shape=linear warm=0.5 start_div=10 final_div=1");
    rgm_instance *warm = plug_instance(registry, RGM_SCHEDULER, "warmup", "length=2");
    rgm_instance *share = plug_instance(registry, RGM_SCHEDULER, "warmup", "length=0.1 start=0.5");
    for (uint64_t s = 0; s < 100; s++) {
        double x = (double)s;
        EXPECT(factor_at(constant, s, 10, 10) == 1.0);
        close_to(factor_at(step, s, 10, 10), s < 50 ? 1 : s < 75 ? 0.1 : 0.01, 1e-15, x);
        close_to(factor_at(epochs, s, 10, 10), s < 30 ? 1 : s < 50 ? 0.5 : s < 80 ? 0.25 : 0.125, 1e-15, x);
        close_to(factor_at(cosine, s, 10, 10), 0.1 + 0.9 * (1 + cos(M_PI * x / 100)) / 2, 1e-13, x);
        close_to(factor_at(cycle, s, 10, 10), onecycle(x, 100, 0.25, 25, 1e4), 1e-9, x);
        close_to(factor_at(linear, s, 10, 10), s <= 49 ? 0.1 + 0.9 * x / 49 : 1 - 0.9 * (x - 49) / 50, 1e-13, x);
        close_to(factor_at(warm, s, 10, 10), s < 19 ? (x + 1) / 20 : 1, 1e-15, x);
        close_to(factor_at(share, s, 10, 10), s < 9 ? 0.5 + 0.5 * (x + 1) / 10 : 1, 1e-15, x);
    }
    close_to(factor_at(cycle, 0, 10, 10), 0.04, 1e-15, 0);
    close_to(factor_at(cycle, 24, 10, 10), 1.0, 1e-15, 24);
    close_to(factor_at(cycle, 99, 10, 10), 4e-6, 1e-15, 99);
    rgm_instance *all[] = {warm, cosine};
    rgm_clock clock = plug_clock(5, 10, 10);
    rgm_error err = {0};
    double product;
    ck_assert_int_eq(rgm_plug_factor(all, 2, &clock, &product, &err), RGM_OK);
    close_to(product, 0.3 * (0.1 + 0.9 * (1 + cos(M_PI * 0.05)) / 2), 1e-13, 5);
    ck_assert_int_eq(rgm_plug_factor(all, 0, &clock, &product, &err), RGM_OK);
    EXPECT(product == 1.0);
    rgm_instance *every[] = {constant, step, epochs, cosine, cycle, linear, warm, share};
    for (int i = 0; i < 8; i++) rgm_instance_destroy(every[i]);
    rgm_registry_destroy(registry);
}
END_TEST

/* Any clock, any parameters: finite, not negative, at most 1. */
START_TEST(test_schedules_sane) {
    static const struct {
        const char *name, *settings;
    } cases[] = {{"constant", ""},
                 {"step", ""},
                 {"step", "at="},
                 {"step", "at=0.0001,1,1000000 gamma=0"},
                 {"cosine", ""},
                 {"cosine", "final=1"},
                 {"onecycle", ""},
                 {"onecycle", "warm=0"},
                 {"onecycle", "warm=1"},
                 {"onecycle", "warm=1e-9 start_div=1 final_div=1e9"},
                 {"onecycle", "shape=linear"},
                 {"onecycle", "warm=0.5 start_div=1e9 final_div=1e9"},
                 {"warmup", ""},
                 {"warmup", "length=0"},
                 {"warmup", "length=1e6"},
                 {"warmup", "length=1e-9 start=1"}};
    static const uint64_t totals[] = {1, 2, 3, 7, 100, 1000000007};
    rgm_registry *registry = plug_registry(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rgm_instance *it = plug_instance(registry, RGM_SCHEDULER, cases[i].name, cases[i].settings);
        for (int t = 0; t < 6; t++) {
            uint64_t stride = totals[t] / 97 + 1;
            for (uint64_t s = 0; s <= totals[t]; s += stride) {
                double f = factor_at(it, s, totals[t], 1);
                EXPECT_MSG(f >= 0.0 && f <= 1.0 + 1e-12, "%s %s: %g at %llu of %llu", cases[i].name, cases[i].settings,
                           f, (unsigned long long)s, (unsigned long long)totals[t]);
            }
            EXPECT(isfinite(factor_at(it, totals[t], totals[t], 1)));
            EXPECT(isfinite(factor_at(it, totals[t] - 1, 1, (uint32_t)totals[t])));
        }
        rgm_instance_destroy(it);
    }
    rgm_registry_destroy(registry);
}
END_TEST

START_TEST(test_observe_and_bad_factor) {
    rgm_registry *registry = plug_registry(RGM_FIXTURES "/good.so");
    rgm_instance *it = plug_instance(registry, RGM_SCHEDULER, "good", "real=0.5");
    rgm_clock clock = plug_clock(4, 10, 10);
    rgm_error err = {0};
    double f;
    EXPECT(factor_at(it, 4, 10, 10) == 2.0);
    ck_assert_int_eq(rgm_plug_observe(&it, 1, &clock, "loss", 0.25, &err), RGM_OK);
    ck_assert_int_eq(rgm_plug_observe(&it, 1, &clock, "accuracy", 9.0, &err), RGM_OK);
    EXPECT(factor_at(it, 4, 10, 10) == 1.0);
    rgm_instance *bad = plug_instance(registry, RGM_SCHEDULER, "good", "integer=5");
    plug_refused(rgm_plug_factor(&bad, 1, &clock, &f, &err), RGM_E_PLUGIN, &err, "factor -1 at step 4");
    rgm_instance_destroy(it);
    rgm_instance_destroy(bad);
    rgm_registry_destroy(registry);
}
END_TEST

TCase *plug_case_schedule(void) {
    TCase *tc = tcase_create("mathematics, initializers and schedules");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, test_math);
    tcase_add_test(tc, test_pow);
    tcase_add_test(tc, test_pow_promise);
    tcase_add_test(tc, test_pow_special);
    tcase_add_test(tc, test_initializers);
    tcase_add_test(tc, test_schedules);
    tcase_add_test(tc, test_schedules_sane);
    tcase_add_test(tc, test_observe_and_bad_factor);
    return tc;
}
