/* Outliers of sets: planted ones are found and ranked, clean sets are left alone, and threads change nothing. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "plant.h"
#include "inspect/inspect.h"

enum { FIRST = RGM_FIND_CONSTANT, KINDS = RGM_RANKINGS };

static rgm_device *device_of(int32_t threads) {
    rgm_device *device;
    rgm_error err = {0};
    ck_assert_msg(rgm_device_create(&device, &(rgm_device_options){.isa = "auto", .threads = threads}, &err) == RGM_OK,
                  "%s", err.text);
    return device;
}

/* Inspects; the set stays open for the findings. */
static rgm_dataset *inspect(const rgm_dataset_memory *memory, int32_t threads, rgm_inspection *in) {
    rgm_dataset *set;
    rgm_error err = {0};
    rgm_device *device = device_of(threads);
    ck_assert_msg(rgm_dataset_from_memory(&set, memory, &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(rgm_inspect(&(rgm_inspect_options){.set = set, .device = device}, in, &err) == RGM_OK, "%s",
                  err.text);
    rgm_device_destroy(device);
    return set;
}

static uint8_t *image_of(const plant_set *s, int64_t i) { return s->images + i * s->shape.H * s->shape.W * s->shape.C; }

static int64_t count_outliers(const rgm_inspection *in) {
    int64_t count = 0;
    for (int32_t k = 0; k < KINDS; k++) count += rgm_findings_count(&in->findings, FIRST + k);
    return count;
}

static void explain(const rgm_inspection *in) {
    char reason[RGM_FINDING_REASON];
    for (int64_t i = 0; i < in->findings.count && i < 8; i++) {
        const rgm_finding *f = &in->findings.list[i];
        printf("    %s %d %.3f %s\n", rgm_finding_name(f->kind), (int)f->index, f->score,
               rgm_finding_reason(f, in->set, reason));
    }
}

/* ---- clean sets ---- */

static const struct {
    plant_shape shape;
    int64_t count;
    int32_t classes;
} clean_sets[] = {
    {{16, 16, 1}, 2000, 10}, {{28, 28, 1}, 1000, 3}, {{24, 20, 3}, 1000, 10}, {{16, 16, 3}, 900, 300},
    {{9, 31, 1}, 600, 2},    {{12, 12, 4}, 500, 5},  {{12, 12, 2}, 200, 2},   {{16, 16, 1}, 60, 4},
    {{16, 16, 3}, 30, 2},    {{8, 8, 1}, 3000, 10},  {{5, 5, 1}, 1000, 4},    {{3, 3, 1}, 1000, 4},
    {{2, 7, 3}, 1000, 4},    {{1, 64, 1}, 500, 4},   {{64, 1, 1}, 500, 4},
};

START_TEST(clean_sets_raise_no_alarm) {
    const size_t many = sizeof clean_sets / sizeof *clean_sets;
    const size_t which = (size_t)_i % many;
    plant_set s;
    rgm_inspection in;
    plant_set_make(&s, &clean_sets[which].shape, clean_sets[which].count, clean_sets[which].classes,
                   1 + (uint64_t)_i / many);
    rgm_dataset *set = inspect(&s.memory, 2, &in);
    if (count_outliers(&in)) explain(&in);
    ck_assert_int_eq(count_outliers(&in), 0);
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
}
END_TEST

/* Pixels without anything in common, and images of one level with a little noise. */
START_TEST(sets_of_noise_raise_no_alarm) {
    plant_set s;
    rgm_inspection in;
    plant_set_make(&s, &(plant_shape){16, 16, _i % 2 ? 3 : 1}, 1500, 5, 3);
    for (int64_t i = 0; i < 1500; i++) {
        const rgm_rng rng = {.seed = (uint64_t)_i, .stream = RGM_STREAM(RGM_STREAM_TEST, 5), .sample = (uint32_t)i};
        uint8_t *image = image_of(&s, i);
        for (int64_t j = 0; j < 256 * s.shape.C; j++)
            image[j] = (uint8_t)(_i < 2 ? rgm_rng_below(&rng, (uint64_t)j, 256)
                                        : 100 + (uint64_t)i % 50 + rgm_rng_below(&rng, (uint64_t)j, 6));
    }
    rgm_dataset *set = inspect(&s.memory, 2, &in);
    if (count_outliers(&in)) explain(&in);
    ck_assert_int_eq(count_outliers(&in), 0);
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
}
END_TEST

/* A class that is dark, or of noise, or smooth, is a class. */
START_TEST(a_small_class_of_its_own_is_no_alarm) {
    static const int32_t kinds[] = {RGM_FIND_DARK,  RGM_FIND_BRIGHT,          RGM_FIND_BLURRED,
                                    RGM_FIND_NOISY, RGM_FIND_LOW_INFORMATION, RGM_FIND_INVERTED};
    plant_set s;
    rgm_inspection in;
    plant_set_make(&s, &(plant_shape){16, 16, 1}, 3000, 4, 3);
    for (int64_t i = 0; i < 3000; i += 100) {
        s.labels[i] = 4;
        plant_texture(&s.shape, 4, image_of(&s, i), (uint64_t)i);
        plant(kinds[_i], 0, &s.shape, image_of(&s, i), (uint64_t)i);
    }
    s.memory.classes = 5;
    rgm_dataset *set = inspect(&s.memory, 2, &in);
    if (count_outliers(&in)) explain(&in);
    ck_assert_int_eq(count_outliers(&in), 0);
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
}
END_TEST

/* ---- planted ones ---- */

/* Of a kind alone: all are among the first of its list, nearly all are findings of it, and nothing else is one. */
static const struct {
    int32_t kind, way;
} alone[] = {
    {RGM_FIND_CONSTANT, 0},        {RGM_FIND_CONSTANT, 1},        {RGM_FIND_DARK, 0},     {RGM_FIND_DARK, 1},
    {RGM_FIND_BRIGHT, 0},          {RGM_FIND_BRIGHT, 1},          {RGM_FIND_BLURRED, 0},  {RGM_FIND_BLURRED, 2},
    {RGM_FIND_NOISY, 0},           {RGM_FIND_NOISY, 2},           {RGM_FIND_INVERTED, 0}, {RGM_FIND_LOW_INFORMATION, 0},
    {RGM_FIND_LOW_INFORMATION, 1}, {RGM_FIND_LOW_INFORMATION, 2}, {RGM_FIND_ODD, 0},      {RGM_FIND_ODD, 2},
};

enum { MANY = 1500, EACH = 20, SHAPES = 2 };
static const plant_shape shapes[SHAPES] = {{28, 28, 1}, {24, 24, 3}};

static void plant_some(plant_set *s, int32_t kind, int32_t way, int32_t which, int8_t *kind_of) {
    for (int64_t i = 0; i < EACH; i++) {
        int64_t place = plant_place(MANY, which, i, EACH, 5);
        plant(kind, way, &s->shape, image_of(s, place), (uint64_t)place);
        kind_of[place] = (int8_t)(kind - FIRST);
    }
}

START_TEST(planted_alone) {
    const int32_t kind = alone[_i / SHAPES].kind, way = alone[_i / SHAPES].way;
    plant_set s;
    rgm_inspection in;
    int8_t kind_of[MANY];
    int32_t found = 0, wrong = 0, within = 0;
    memset(kind_of, -1, sizeof kind_of);
    plant_set_make(&s, &shapes[_i % SHAPES], MANY, 10, 1);
    plant_some(&s, kind, way, 0, kind_of);
    rgm_dataset *set = inspect(&s.memory, 2, &in);
    for (int64_t i = 0; i < in.findings.count; i++) {
        const rgm_finding *f = &in.findings.list[i];
        if (f->kind < FIRST) continue;
        found += f->kind == kind && kind_of[f->index] >= 0;
        wrong += kind_of[f->index] < 0;
    }
    const rgm_ranking *r = &in.statistics.ranking[kind - FIRST];
    ck_assert_int_eq(r->kind, kind);
    for (int32_t i = 0; i < 3 * EACH && i < r->count; i++) within += kind_of[r->list[i].index] >= 0;
    if (found < EACH || wrong || within < EACH) explain(&in);
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_ge(within, EACH - 1);
    /* noise is not told from such a fine texture for sure */
    ck_assert_int_ge(found, kind == RGM_FIND_NOISY ? 0 : EACH - 2);
}
END_TEST

/* A tail that goes on without a gap: an image of a ninth of the usual brightness is told, as long as few are so dark.
 */
START_TEST(nearly_black_at_the_end_of_a_tail) {
    plant_set s;
    rgm_inspection in;
    const int64_t count = 2000, all = 12 * 12;
    int64_t dark = 0;
    plant_set_make(&s, &(plant_shape){12, 12, 1}, count, 4, 3);
    for (int64_t i = 0; i < count; i++) {
        const double u = ((double)(i * 7 % count) + 0.5) / (double)count;
        const double want = 120 * exp(-(_i ? 0.9 : 0.34) * -log(u)); /* an exponential tail of logarithms */
        for (int64_t j = 0; j < all; j++)
            image_of(&s, i)[j] = (uint8_t)(want * (0.9 + 0.2 * (double)image_of(&s, i)[j] / 255) + 0.5);
    }
    rgm_dataset *set = inspect(&s.memory, 2, &in);
    dark = rgm_findings_count(&in.findings, RGM_FIND_DARK);
    if (_i ? dark > 0 : dark < 1 || dark > 3) explain(&in);
    for (int64_t i = 0, at = 0; i < in.findings.count; i++) {
        if (in.findings.list[i].kind != RGM_FIND_DARK) continue;
        ck_assert_int_eq(in.findings.list[i].index * 7 % count, at++);
        ck_assert(in.findings.list[i].score >= 1);
    }
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
    ck_assert_msg(_i ? dark == 0 : dark >= 1 && dark <= 3, "%d are dark", (int)dark);
}
END_TEST

/* All kinds at once, in one set. */
START_TEST(planted_together) {
    plant_set s;
    rgm_inspection in;
    int8_t kind_of[MANY];
    memset(kind_of, -1, sizeof kind_of);
    plant_set_make(&s, &shapes[_i], MANY, 10, 2);
    for (int32_t k = 0; k < KINDS; k++) plant_some(&s, FIRST + k, 0, k, kind_of);
    rgm_dataset *set = inspect(&s.memory, 2, &in);
    for (int32_t k = 0; k < KINDS; k++) {
        const rgm_ranking *r = &in.statistics.ranking[k];
        int32_t within = 0;
        for (int32_t i = 0; i < 3 * EACH && i < r->count; i++) within += kind_of[r->list[i].index] == k;
        ck_assert_msg(within >= EACH - 1, "%s: %d within", rgm_finding_name(FIRST + k), (int)within);
    }
    for (int64_t i = 0; i < in.findings.count; i++)
        if (in.findings.list[i].kind >= FIRST) ck_assert_int_ge(kind_of[in.findings.list[i].index], 0);
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
}
END_TEST

/* ---- the result and its edges ---- */

static void same_numbers(double a, double b) { ck_assert_int_eq(memcmp(&a, &b, sizeof a), 0); }

static void same_findings(const rgm_findings *a, const rgm_findings *b) {
    ck_assert_int_eq(a->count, b->count);
    for (int64_t i = 0; i < a->count; i++) {
        const rgm_finding *x = &a->list[i], *y = &b->list[i];
        ck_assert(x->kind == y->kind && x->split == y->split && x->index == y->index && x->how == y->how);
        same_numbers(x->score, y->score);
        same_numbers(x->value, y->value);
        same_numbers(x->usual, y->usual);
    }
}

START_TEST(threads_change_nothing) {
    static const int32_t teams[] = {2, 3, 4, 7};
    plant_set s;
    rgm_inspection one, many;
    int8_t kind_of[MANY];
    plant_set_make(&s, &shapes[1], MANY, 7, 4);
    for (int32_t k = 0; k < KINDS; k++) plant_some(&s, FIRST + k, 0, k, kind_of);
    rgm_dataset *first = inspect(&s.memory, 1, &one);
    for (size_t t = 0; t < sizeof teams / sizeof *teams; t++) {
        rgm_dataset *set = inspect(&s.memory, teams[t], &many);
        same_findings(&one.findings, &many.findings);
        for (int32_t i = 0; i < 7 * 3; i++)
            same_numbers(one.statistics.split[0].class_std[i], many.statistics.split[0].class_std[i]);
        ck_assert_int_eq(memcmp(many.statistics.ranking, one.statistics.ranking, sizeof one.statistics.ranking), 0);
        ck_assert_int_eq(memcmp(many.statistics.measure, one.statistics.measure, sizeof one.statistics.measure), 0);
        ck_assert_int_eq(memcmp(many.statistics.examples, one.statistics.examples, 7 * sizeof *one.statistics.examples),
                         0);
        rgm_inspection_free(&many);
        rgm_dataset_close(set);
    }
    rgm_inspection_free(&one);
    rgm_dataset_close(first);
    plant_set_free(&s);
}
END_TEST

static const struct {
    plant_shape shape;
    int64_t count;
    int32_t classes, labels; /* that are given */
} small_sets[] = {
    {{28, 28, 1}, 1, 2, 1},   {{28, 28, 3}, 2, 2, 2},    {{8, 8, 1}, 9, 10, 9},
    {{1, 1, 1}, 50, 2, 2},    {{1, 1, 3}, 50, 3, 1},     {{1, 1, 4}, 1, 2, 1},
    {{16, 16, 1}, 100, 5, 1}, {{16, 16, 2}, 20, 40, 20}, {{2, 2, 1}, 13, 2, 2},
};

START_TEST(small_sets_work) {
    plant_set s;
    rgm_inspection in;
    int64_t typicals = 0;
    plant_set_make(&s, &small_sets[_i].shape, small_sets[_i].count, small_sets[_i].labels, 1);
    s.memory.classes = small_sets[_i].classes;
    rgm_dataset *set = inspect(&s.memory, 3, &in);
    const rgm_statistics *t = &in.statistics;
    ck_assert_int_eq(count_outliers(&in), 0);
    ck_assert_int_eq(t->split[0].images, small_sets[_i].count);
    ck_assert_int_eq(t->split[0].present, small_sets[_i].labels);
    ck_assert_int_eq(t->split[1].images, 0);
    for (int32_t k = 0; k < t->classes; k++) {
        typicals += t->examples[k].typicals;
        ck_assert(k < small_sets[_i].labels || isnan(t->split[0].class_mean[k * t->C]));
    }
    ck_assert_int_le(typicals, RGM_TYPICAL_MOST * small_sets[_i].labels);
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
}
END_TEST

/* A constant image is one among few and among many, and is nothing else. */
START_TEST(one_constant_image) {
    static const int64_t counts[] = {1, 2, 11, 300};
    char reason[RGM_FINDING_REASON];
    plant_set s;
    rgm_inspection in;
    plant_set_make(&s, &(plant_shape){12, 12, 3}, counts[_i], 2, 1);
    memset(image_of(&s, counts[_i] - 1), 0, 12 * 12 * 3);
    rgm_dataset *set = inspect(&s.memory, 2, &in);
    ck_assert_int_eq(count_outliers(&in), 1);
    const rgm_finding *f = &in.findings.list[in.findings.count - 1];
    ck_assert(f->kind == RGM_FIND_CONSTANT && f->index == counts[_i] - 1);
    ck_assert_str_eq(rgm_finding_reason(f, set, reason), "every pixel has the same colour, of brightness 0 of 255");
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
}
END_TEST

/* ---- statistics ---- */

static void split_off(plant_set *s, int64_t test) {
    const int64_t train = s->memory.count[0] - test;
    s->memory.count[0] = train;
    s->memory.count[1] = test;
    s->memory.images[1] = image_of(s, train);
    s->memory.labels[1] = s->labels + train;
}

/* Against sums in double. */
START_TEST(means_and_deviations) {
    plant_set s;
    rgm_inspection in;
    const int32_t C = _i ? 3 : 1, classes = 6;
    plant_set_make(&s, &(plant_shape){9, 7, C}, 200, classes, 3);
    for (int64_t i = 0; i < 200; i++) s.labels[i] = i < 130 ? (int32_t)(i % 5) : 5 * (int32_t)(i % 3 == 0);
    for (int64_t i = 150 * 63 * C; i < 200 * 63 * C; i++) s.images[i] = (uint8_t)(s.images[i] / 2);
    split_off(&s, 50);
    rgm_dataset *set = inspect(&s.memory, 2, &in);
    for (int32_t split = 0; split < 2; split++)
        for (int32_t k = -1; k < classes; k++)
            for (int32_t c = 0; c < C; c++) {
                const rgm_split_statistics *t = &in.statistics.split[split];
                double sum = 0, squares = 0, n = 0;
                for (int64_t i = split ? 150 : 0; i < (split ? 200 : 150); i++)
                    for (int64_t j = c; (k < 0 || s.labels[i] == k) && j < 63 * C; j += C, n++) {
                        sum += image_of(&s, i)[j];
                        squares += pow(image_of(&s, i)[j], 2);
                    }
                double mean = k < 0 ? t->mean[c] : t->class_mean[k * C + c];
                double std = k < 0 ? t->std[c] : t->class_std[k * C + c];
                if (!(n > 0)) {
                    ck_assert(isnan(mean) && isnan(std));
                    continue;
                }
                ck_assert(fabs(mean - sum / n) < 1e-9);
                ck_assert(fabs(std - sqrt(squares / n - sum / n * sum / n)) < 1e-9);
            }
    const rgm_split_statistics *train = &in.statistics.split[0], *test = &in.statistics.split[1];
    ck_assert(train->present == 6 && train->missing == 0 && test->present == 2 && test->missing == 4);
    ck_assert(train->largest == 0 && train->smallest == 5 && test->imbalance > 1.9);
    ck_assert(train->shift_deviations[0] == 0 && test->shift_deviations[0] < -10);
    ck_assert(fabs(test->shift[0] - (test->mean[0] - train->mean[0])) < 1e-9 && test->stretch[0] < 0.8);
    ck_assert(test->entropy > 0.9 && test->entropy < 1 && fabs(test->balanced - 1) < 1e-12);
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
}
END_TEST

/* The most typical image is the one without noise, and the oddest the one that was planted. */
START_TEST(typical_and_odd) {
    plant_set s;
    rgm_inspection in;
    plant_set_make(&s, &(plant_shape){16, 16, 1}, 400, 4, 3);
    for (int64_t i = 4; i < 400; i++) memcpy(image_of(&s, i), image_of(&s, i % 4), 256);
    for (int64_t i = 4; i < 400; i++) plant(RGM_FIND_NOISY, 1, &s.shape, image_of(&s, i), (uint64_t)i);
    for (int64_t i = 100; i < 104; i++) plant(RGM_FIND_ODD, 0, &s.shape, image_of(&s, i), (uint64_t)i);
    rgm_dataset *set = inspect(&s.memory, 2, &in);
    for (int32_t k = 0; k < 4; k++) {
        const rgm_class_examples *e = &in.statistics.examples[k];
        ck_assert(e->typicals == RGM_TYPICAL_MOST && e->odds == RGM_TYPICAL_MOST);
        ck_assert_int_eq(e->typical[0].index, k);
        ck_assert_int_eq(e->odd[0].index, 100 + k);
        ck_assert(e->typical[0].label == k && e->typical[0].split == 0);
        for (int32_t i = 1; i < RGM_TYPICAL_MOST; i++)
            ck_assert(e->typical[i - 1].value >= e->typical[i].value && e->odd[i - 1].value >= e->odd[i].value);
    }
    rgm_inspection_free(&in);
    rgm_dataset_close(set);
    plant_set_free(&s);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("outliers");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, clean_sets_raise_no_alarm, 0, 3 * sizeof clean_sets / sizeof *clean_sets);
    tcase_add_loop_test(tcase, sets_of_noise_raise_no_alarm, 0, 4);
    tcase_add_loop_test(tcase, a_small_class_of_its_own_is_no_alarm, 0, 6);
    tcase_add_loop_test(tcase, planted_alone, 0, SHAPES * sizeof alone / sizeof *alone);
    tcase_add_loop_test(tcase, nearly_black_at_the_end_of_a_tail, 0, 2);
    tcase_add_loop_test(tcase, planted_together, 0, SHAPES);
    tcase_add_test(tcase, threads_change_nothing);
    tcase_add_loop_test(tcase, small_sets_work, 0, sizeof small_sets / sizeof *small_sets);
    tcase_add_loop_test(tcase, one_constant_image, 0, 4);
    tcase_add_loop_test(tcase, means_and_deviations, 0, 2);
    tcase_add_test(tcase, typical_and_odd);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
