/* All pairs of sketches against the plain search that pairs.h describes. */
#include <check.h>
#include <stdlib.h>
#include "base/cpu.h"
#include "base/rng.h"
#include "inspect/pairs.h"
#include "make_set.h"

enum { PLACES = 700, PARTS = 5 };
static const int64_t begins[PARTS] = {0, 37, 300, 331, 610}; /* within blocks of 16 and 32 columns */

/* The closest of [from, row) that are put at list[0] and on, as pairs.h says. */
static int32_t closest(const rgm_sketcher *sketcher, const rgm_sketch *all, int64_t row, const int64_t range[2],
                       int32_t most, rgm_candidate *list) {
    int32_t count = 0;
    for (int64_t i = range[0]; i < range[1]; i++) {
        const int32_t distance = rgm_sketch_distance(sketcher, &all[row], &all[i]);
        if (distance > rgm_sketcher_radius(sketcher)) continue;
        if (count == most && distance >= list[count - 1].distance) continue;
        int32_t at = count < most ? count++ : count - 1;
        for (; at > 0 && list[at - 1].distance > distance; at--) list[at] = list[at - 1];
        list[at] = (rgm_candidate){.other = (int32_t)i, .distance = distance};
    }
    return count;
}

static void check_row(const rgm_sketcher *sketcher, const rgm_sketch *all, int64_t row, const rgm_candidate *found) {
    rgm_candidate want[RGM_PAIRS_BEST];
    int64_t own = 0;
    for (int32_t i = 0; i < PARTS && begins[i] <= row; i++) own = begins[i];
    int32_t count = closest(sketcher, all, row, (int64_t[]){0, own}, 3, want);
    count += closest(sketcher, all, row, (int64_t[]){own, row}, own ? 2 : RGM_PAIRS_BEST, want + count);
    for (int32_t i = 1; i < count; i++)
        for (int32_t j = i; j > 0 && want[j - 1].distance > want[j].distance; j--) {
            const rgm_candidate one = want[j];
            want[j] = want[j - 1];
            want[j - 1] = one;
        }
    for (int32_t i = 0; i < RGM_PAIRS_BEST; i++) {
        ck_assert_int_eq(found[i].other, i < count ? want[i].other : -1);
        if (i < count) ck_assert_int_eq(found[i].distance, want[i].distance);
    }
}

/* Numbers below a size, the last sketches the same as the first. */
static void check_pairs(const rgm_dataset *set, const rgm_kernels *kernels, int32_t size) {
    const rgm_rng rng = {.seed = 5, .stream = RGM_STREAM(RGM_STREAM_TEST, 1)};
    static rgm_sketch all[PLACES];
    static rgm_candidate found[PLACES][RGM_PAIRS_BEST];
    rgm_device device = {.kernels = kernels};
    const rgm_team_options team = {.threads = 2, .pin = RGM_PIN_OFF};
    rgm_images *images;
    rgm_sketcher *sketcher;
    rgm_pairs *pairs;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_team_create(&device.team, &team, &err), RGM_OK);
    ck_assert_int_eq(rgm_images_create(&images, set, &device, &err), RGM_OK);
    ck_assert_int_eq(rgm_sketcher_create(&sketcher, images, &device, (rgm_stop){0}, &err), RGM_OK);
    ck_assert_int_eq(rgm_pairs_create(&pairs, PLACES, &err), RGM_OK);
    for (int64_t i = 0; i < PLACES; i++) {
        for (int32_t j = 0; j < RGM_SKETCH_SIZE; j++)
            all[i].of[j] =
                (int16_t)((int32_t)rgm_rng_below(&rng, (uint64_t)(i % 650 * 64 + j), (uint64_t)(2 * size)) - size);
        rgm_pairs_put(pairs, i, &all[i]);
    }
    const rgm_pairs_search ask = {.pairs = pairs,
                                  .sketcher = sketcher,
                                  .device = &device,
                                  .count = PLACES,
                                  .parts = begins,
                                  .part_count = PARTS,
                                  .candidates = found[0]};
    ck_assert_int_eq(rgm_pairs_find(&ask, &err), RGM_OK);
    for (int64_t i = 0; i < PLACES; i++) check_row(sketcher, all, i, found[i]);
    rgm_pairs_destroy(pairs);
    rgm_sketcher_destroy(sketcher);
    rgm_images_destroy(images);
    rgm_team_destroy(device.team);
}

/* The images only give the sketcher its radius. */
START_TEST(pairs_are_the_oracle_s) {
    char *folder = make_folder();
    make_set(in_folder(folder, "set.h5"), &(rgm_test_set){.train = 60, .H = 16, .W = 16, .C = 1, .classes = 2});
    rgm_dataset *set = open_set(in_folder(folder, "set.h5"), RGM_ACCESS_AUTO);
    for (int32_t size = 20; size <= RGM_SKETCH_MOST; size = size * 3 + 40) {
        check_pairs(set, rgm_kernels_reference(8), size);
        check_pairs(set, rgm_kernels_get(RGM_ISA_GENERIC16), size);
    }
    rgm_dataset_close(set);
    remove_folder(folder);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pairs");
    TCase *tc = tcase_create("pairs");
    tcase_add_test(tc, pairs_are_the_oracle_s);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
