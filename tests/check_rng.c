#include "base/rng.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_RANDOM123
#    include <Random123/philox.h>
#endif

static const rgm_rng plain = {
    .seed = 0x0123456789abcdefu, .stream = RGM_STREAM(RGM_STREAM_TEST, 3), .epoch = 5, .sample = 7};

/* Known answers of Salmon et al.'s own library for ten rounds. */
START_TEST(philox_known_answers) {
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } table[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    uint32_t out[4];
    rgm_philox(table[_i].counter, table[_i].key, out);
    ck_assert_mem_eq(out, table[_i].out, sizeof out);
}
END_TEST

/* Element e is word e % 4 of the counter {e / 4, sample, epoch, stream}, also where e / 4 wraps a vector of counters.
 */
START_TEST(counter_layout) {
    static const uint64_t firsts[] = {0, 1, 62, 63, 64, 1000003, (UINT64_C(1) << 32) - 30, (UINT64_C(1) << 34) - 200};
    uint32_t drawn[200];
    uint64_t first = firsts[_i];
    rgm_rng_u32(&plain, first, drawn, 200);
    for (uint64_t k = 0; k < 200; k++) {
        uint64_t element = first + k;
        const uint32_t counter[4] = {(uint32_t)(element / 4), plain.sample, plain.epoch, plain.stream};
        const uint32_t key[2] = {0x89abcdef, 0x01234567};
        uint32_t out[4];
        rgm_philox(counter, key, out);
        ck_assert_uint_eq(drawn[k], out[element % 4]);
    }
}
END_TEST

#ifdef HAVE_RANDOM123
START_TEST(random123_agrees) {
    uint32_t inputs[6 * 500];
    rgm_rng_u32(&plain, 0, inputs, 6 * 500);
    for (int k = 0; k < 500; k++) {
        const uint32_t *in = inputs + 6 * k;
        philox4x32_ctr_t counter = {{in[0], in[1], in[2], in[3]}};
        philox4x32_key_t key = {{in[4], in[5]}};
        philox4x32_ctr_t theirs = philox4x32(counter, key);
        uint32_t ours[4];
        rgm_philox(in, in + 4, ours);
        ck_assert_mem_eq(ours, theirs.v, sizeof ours);
    }
}
END_TEST
#endif

typedef void (*draw_fn)(const rgm_rng *rng, uint64_t first, void *out, size_t n);
static void draw_u32(const rgm_rng *rng, uint64_t first, void *out, size_t n) { rgm_rng_u32(rng, first, out, n); }
static void draw_uniform(const rgm_rng *rng, uint64_t first, void *out, size_t n) {
    rgm_rng_uniform(rng, first, out, n);
}
static void draw_normal(const rgm_rng *rng, uint64_t first, void *out, size_t n) { rgm_rng_normal(rng, first, out, n); }
static const draw_fn kinds[] = {draw_u32, draw_uniform, draw_normal};

/* Any (first, n) gives the same bits, and nothing outside out[0..n) is written. */
START_TEST(any_split_same_bits) {
    enum { ALL = 700, GUARD = 0x5a };
    uint32_t whole[ALL], part[ALL + 2];
    draw_fn draw = kinds[_i];
    draw(&plain, 0, whole, ALL);
    for (uint64_t first = 0; first < 70; first++)
        for (size_t n = 0; n < 150; n++) {
            memset(part, GUARD, sizeof part);
            draw(&plain, first, part + 1, n);
            ck_assert_mem_eq(part + 1, whole + first, n * 4);
            ck_assert_uint_eq(part[0], 0x5a5a5a5a);
            ck_assert_uint_eq(part[1 + n], 0x5a5a5a5a);
        }
}
END_TEST

/* FNV-1a over the bytes of the draws. A checkpoint resumes with these numbers, on any compiler and any machine. */
START_TEST(draws_never_change) {
    static const uint64_t expected[] = {UINT64_C(0x933e962bbc3982af), UINT64_C(0x38fce3d9f92377af),
                                        UINT64_C(0xbc6d8f365fbee8ab), UINT64_C(0x4dd233d70cf77ae5)};
    enum { N = 20000 };
    uint32_t drawn[N];
    if (_i < 3) kinds[_i](&plain, 5, drawn, N);
    for (uint32_t k = 0; _i == 3 && k < N; k++) drawn[k] = (uint32_t)rgm_rng_permute(&plain, N, k);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (int k = 0; k < N; k++)
        for (int byte = 0; byte < 4; byte++) hash = (hash ^ (drawn[k] >> 8 * byte & 0xff)) * UINT64_C(0x100000001b3);
    ck_assert_msg(hash == expected[_i], "kind %d: %#llx", _i, (unsigned long long)hash);
}
END_TEST

START_TEST(every_key_part_matters) {
    rgm_rng others[] = {plain, plain, plain, plain, plain};
    others[0].seed ^= 1;
    others[1].seed ^= UINT64_C(1) << 63;
    others[2].stream ^= 1;
    others[3].epoch ^= 1;
    others[4].sample ^= 1;
    uint32_t base[64], other[64];
    rgm_rng_u32(&plain, 0, base, 64);
    rgm_rng_u32(&others[_i], 0, other, 64);
    int equal = 0;
    for (int k = 0; k < 64; k++) equal += base[k] == other[k];
    ck_assert_int_eq(equal, 0);
}
END_TEST

START_TEST(uniform_is_the_top_bits) {
    uint32_t words[1000];
    float values[1000];
    rgm_rng_u32(&plain, 3, words, 1000);
    rgm_rng_uniform(&plain, 3, values, 1000);
    for (int k = 0; k < 1000; k++) {
        ck_assert(values[k] == (float)ldexp(words[k] >> 8, -24));
        ck_assert(values[k] >= 0.0f && values[k] < 1.0f);
    }
}
END_TEST

static float *draws(size_t n, draw_fn draw) {
    float *values = malloc(n * sizeof *values);
    ck_assert_ptr_nonnull(values);
    draw(&plain, 0, values, n);
    return values;
}

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double uniform_cdf(double x) { return x; }
static double normal_cdf(double x) { return 0.5 * erfc(-x * M_SQRT1_2); }

/* Kolmogorov-Smirnov: sqrt(n) D exceeds 1.95 once in a thousand keys; the key is fixed. */
static double ks_statistic(float *values, size_t n, double (*cdf)(double)) {
    qsort(values, n, sizeof *values, compare_floats);
    double most = 0;
    for (size_t k = 0; k < n; k++) {
        double expected = cdf(values[k]);
        most = fmax(most, fmax(expected - (double)k / (double)n, (double)(k + 1) / (double)n - expected));
    }
    return most * sqrt((double)n);
}

START_TEST(distributions) {
    enum { N = 1 << 19 };
    float *uniform = draws(N, draw_uniform), *normal = draws(N, draw_normal);
    ck_assert_double_lt(ks_statistic(uniform, N, uniform_cdf), 1.95);
    ck_assert_double_lt(ks_statistic(normal, N, normal_cdf), 1.95);
    free(uniform);
    free(normal);
}
END_TEST

/* Raw moments of N(0, 1) are 0, 1, 0, 3; the standard error of the k-th is sqrt((m_2k - m_k^2) / n). */
START_TEST(normal_moments) {
    enum { N = 1 << 20 };
    static const double expected[5] = {1, 0, 1, 0, 3}, variance[5] = {0, 1, 2, 15, 96};
    float *x = draws(N, draw_normal);
    double sum[5] = {0}, pair = 0, neighbour = 0, squares = 0;
    for (int k = 0; k < N; k++)
        for (int p = 1; p < 5; p++) sum[p] += pow(x[k], p);
    for (int k = 0; k + 2 < N; k += 2) {
        pair += (double)x[k] * x[k + 1];
        neighbour += (double)x[k + 1] * x[k + 2];
        squares += ((double)x[k] * x[k] - 1) * ((double)x[k + 1] * x[k + 1] - 1);
    }
    for (int p = 1; p < 5; p++)
        ck_assert_msg(fabs(sum[p] / N - expected[p]) < 4 * sqrt(variance[p] / N), "moment %d: %.6f", p, sum[p] / N);
    ck_assert_double_lt(fabs(pair), 4 * sqrt(N / 2));
    ck_assert_double_lt(fabs(neighbour), 4 * sqrt(N / 2));
    ck_assert_double_lt(fabs(squares), 4 * 2 * sqrt(N / 2));
    free(x);
}
END_TEST

START_TEST(normal_tails) {
    enum { N = 1 << 22 };
    static const double limits[] = {3, 4, 4.5, 5};
    float *x = draws(N, draw_normal);
    for (int k = 0; k < 4; k++) {
        double low = 0, high = 0, expected = N * normal_cdf(-limits[k]);
        for (int i = 0; i < N; i++) {
            low += x[i] < -limits[k];
            high += x[i] > limits[k];
        }
        double slack = 4 * sqrt(expected) + 1;
        ck_assert_msg(fabs(low - expected) < slack && fabs(high - expected) < slack,
                      "beyond %.1f: %.0f below, %.0f above, expected %.1f", limits[k], low, high, expected);
    }
    free(x);
}
END_TEST

/* Against libm in double precision on the same words. The float result may differ by rounding in u (1/2 ulp, up to 2
 * ulp of the logarithm, halved by the root), in the logarithm, root, angle and product: 5 ulp bound it, 3.9 are seen.
 */
START_TEST(normal_against_libm) {
    enum { N = 1 << 20 };
    uint32_t *words = malloc(N * sizeof *words);
    float *x = draws(N, draw_normal);
    rgm_rng_u32(&plain, 0, words, N);
    double worst = 0;
    for (int k = 0; k < N; k += 2) {
        double radius = sqrt(-2 * log(((double)words[k] + 0.5) * 0x1p-32));
        double angle = 2 * M_PI * words[k + 1] * 0x1p-32;
        const double expected[2] = {radius * cos(angle), radius * sin(angle)};
        for (int j = 0; j < 2; j++) {
            if (fabs(expected[j]) < 1e-9) continue; /* the double angle has lost its digits here */
            int exponent;
            frexp(expected[j], &exponent);
            worst = fmax(worst, fabs(x[k + j] - expected[j]) / ldexp(1, exponent - 24));
        }
    }
    ck_assert_msg(worst < 5, "%.2f ulp", worst);
    free(words);
    free(x);
}
END_TEST

static double chi_square(const int *counts, int cells, double expected) {
    double sum = 0;
    for (int k = 0; k < cells; k++) sum += (counts[k] - expected) * (counts[k] - expected) / expected;
    return sum;
}

/* The 0.1 % point of chi-square, by Wilson and Hilferty. */
static double chi_limit(int freedom) {
    double a = 2.0 / (9.0 * freedom);
    return freedom * pow(1 - a + 3.09 * sqrt(a), 3);
}

START_TEST(below_is_even) {
    static const int sizes[] = {1, 2, 3, 7, 10, 100};
    int n = sizes[_i], counts[100] = {0};
    for (uint64_t k = 0; k < 100000; k++) {
        uint64_t value = rgm_rng_below(&plain, k, (uint64_t)n);
        ck_assert_uint_lt(value, n);
        counts[value]++;
    }
    if (n > 1) ck_assert_double_lt(chi_square(counts, n, 100000.0 / n), chi_limit(n - 1));
}
END_TEST

/* floor(x n / 2^64) with x from words 2e and 2e + 1, in exact arithmetic. */
START_TEST(below_is_the_product) {
    static const uint64_t sizes[] = {1, 2, 3, 1000, 0xffffffff, UINT64_C(1) << 32, UINT64_MAX / 3, UINT64_MAX};
    for (uint64_t k = 0; k < 2000; k++) {
        uint32_t words[2];
        rgm_rng_u32(&plain, 2 * k, words, 2);
        unsigned __int128 x = (uint64_t)words[1] << 32 | words[0];
        ck_assert_uint_eq(rgm_rng_below(&plain, k, sizes[_i]), (uint64_t)(x * sizes[_i] >> 64));
    }
}
END_TEST

static const uint64_t permuted[] = {1, 2, 3, 4, 5, 16, 17, 1000, 65536, 65537};

START_TEST(permutation_is_a_bijection) {
    uint64_t n = permuted[_i];
    char *seen = calloc(1, n);
    for (uint64_t i = 0; i < n; i++) {
        uint64_t to = rgm_rng_permute(&plain, n, i);
        ck_assert_uint_lt(to, n);
        ck_assert_int_eq(seen[to]++, 0);
    }
    free(seen);
}
END_TEST

/* Ends of the largest set, where the two halves have 20 bits. */
START_TEST(permutation_of_a_large_set) {
    const uint64_t n = UINT64_C(1) << 40;
    for (uint64_t i = 0; i < 1000; i++) {
        ck_assert_uint_lt(rgm_rng_permute(&plain, n, n - 1 - i), n);
        ck_assert_uint_lt(rgm_rng_permute(&plain, n - 12345, i), n - 12345);
        ck_assert_uint_ne(rgm_rng_permute(&plain, n, i), rgm_rng_permute(&plain, n, i + 1));
    }
}
END_TEST

/* Of two keys' permutations of n, about one position is equal. */
START_TEST(permutation_depends_on_the_key) {
    const uint64_t n = 1000;
    rgm_rng others[] = {plain, plain, plain, plain};
    others[0].seed++;
    others[1].epoch++;
    others[2].stream++;
    others[3].sample++;
    int equal = 0, fixed = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t to = rgm_rng_permute(&plain, n, i);
        equal += to == rgm_rng_permute(&others[_i], n, i);
        fixed += to == i;
    }
    ck_assert_int_lt(equal, 8);
    ck_assert_int_lt(fixed, 8);
}
END_TEST

static int permutation_number(const rgm_rng *rng, uint64_t n) {
    int number = 0;
    for (uint64_t i = 0; i < n; i++) {
        int smaller = 0;
        for (uint64_t j = i + 1; j < n; j++) smaller += rgm_rng_permute(rng, n, j) < rgm_rng_permute(rng, n, i);
        number = number * (int)(n - i) + smaller;
    }
    return number;
}

/* Over many keys, all n! permutations of a small set come equally often. */
START_TEST(small_permutations_are_even) {
    static const struct {
        uint64_t n;
        int factorial;
    } table[] = {{2, 2}, {3, 6}, {4, 24}, {5, 120}};
    enum { KEYS = 30000 };
    int counts[120] = {0};
    rgm_rng rng = plain;
    for (rng.epoch = 0; rng.epoch < KEYS; rng.epoch++) counts[permutation_number(&rng, table[_i].n)]++;
    double found = chi_square(counts, table[_i].factorial, (double)KEYS / table[_i].factorial);
    ck_assert_msg(found < chi_limit(table[_i].factorial - 1), "chi-square %.1f", found);
}
END_TEST

/* Where a position lands over many keys, and where neighbours land relative to each other, in 50 equal cells. */
START_TEST(permutation_positions_are_even) {
    const uint64_t n = 1000;
    int place[50] = {0}, gap[50] = {0};
    rgm_rng rng = plain;
    for (rng.epoch = 0; rng.epoch < 20000; rng.epoch++) {
        uint64_t a = rgm_rng_permute(&rng, n, 17), b = rgm_rng_permute(&rng, n, 18);
        place[a / 20]++;
        gap[(b + n - a) % n / 20]++;
    }
    ck_assert_double_lt(chi_square(place, 50, 400), chi_limit(49));
    /* A gap of 0 cannot be: its cell has 19 values of 999. */
    ck_assert_double_lt(chi_square(gap + 1, 49, 20000 * 20.0 / 999), chi_limit(48));
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

int main(void) {
    Suite *suite = suite_create("rng");
    TCase *philox = tcase_create("philox"), *values = tcase_create("values"), *orders = tcase_create("permutation");
    tcase_set_timeout(values, 300);
    tcase_set_timeout(orders, 300);
    tcase_add_loop_test(philox, philox_known_answers, 0, 3);
    tcase_add_loop_test(philox, counter_layout, 0, 8);
#ifdef HAVE_RANDOM123
    tcase_add_test(philox, random123_agrees);
#endif
    tcase_add_loop_test(philox, any_split_same_bits, 0, COUNT(kinds));
    tcase_add_loop_test(philox, draws_never_change, 0, 4);
    tcase_add_loop_test(philox, every_key_part_matters, 0, 5);
    tcase_add_test(values, uniform_is_the_top_bits);
    tcase_add_test(values, distributions);
    tcase_add_test(values, normal_moments);
    tcase_add_test(values, normal_tails);
    tcase_add_test(values, normal_against_libm);
    tcase_add_loop_test(values, below_is_even, 0, 6);
    tcase_add_loop_test(values, below_is_the_product, 0, 8);
    tcase_add_loop_test(orders, permutation_is_a_bijection, 0, COUNT(permuted));
    tcase_add_test(orders, permutation_of_a_large_set);
    tcase_add_loop_test(orders, permutation_depends_on_the_key, 0, 4);
    tcase_add_loop_test(orders, small_permutations_are_even, 0, 4);
    tcase_add_test(orders, permutation_positions_are_even);
    suite_add_tcase(suite, philox);
    suite_add_tcase(suite, values);
    suite_add_tcase(suite, orders);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
