/* Outliers of sets: planted ones are found and ranked, clean sets are left alone, and threads change nothing. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "plant.h"
#include "recipe/ascending.h"
#include "recipe/inspect.h"
#include "report/summary.h"

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

/* ---- planted ones ---- */

/* Of a kind alone: all are among the first of its list, nearly all are findings of it, and nothing else is one. */
static const struct {
    int32_t kind, way;
} alone[] = {
    {RGM_FIND_CONSTANT, 0},
    {RGM_FIND_CONSTANT, 1},
    {RGM_FIND_DARK, 0},
    {RGM_FIND_DARK, 1},
    {RGM_FIND_BRIGHT, 0},
    {RGM_FIND_BRIGHT, 1},
    {RGM_FIND_BLURRED, 0},
    {RGM_FIND_BLURRED, 2},
    {RGM_FIND_NOISY, 0},
    {RGM_FIND_INVERTED, 0},
    {RGM_FIND_LOW_INFORMATION, 0},
    {RGM_FIND_LOW_INFORMATION, 1},
    {RGM_FIND_LOW_INFORMATION, 2},
    {RGM_FIND_ODD, 0},
    {RGM_FIND_ODD, 2},
};

enum { MANY = 2000, EACH = 20, SHAPES = 2 };
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
    ck_assert_int_ge(found, kind == RGM_FIND_NOISY ? 0 : EACH - 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("outliers");
    TCase *tcase = tcase_create("all");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, clean_sets_raise_no_alarm, 0, 3 * sizeof clean_sets / sizeof *clean_sets);
    tcase_add_loop_test(tcase, sets_of_noise_raise_no_alarm, 0, 4);
    tcase_add_loop_test(tcase, planted_alone, 0, SHAPES * sizeof alone / sizeof *alone);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
