/* Checks of what enters the net (family P). */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "checks_case.h"
#include "data/dataset.h"

enum { TRAIN = RGM_SPLIT_TRAIN, SIDE = 12, CLASSES = 4 };
enum { PASS = RGM_VERDICT_PASS, WARN = RGM_VERDICT_WARN, FAIL = RGM_VERDICT_FAIL, NOT = RGM_VERDICT_NOT_CHECKED };

static const int64_t usual[RGM_SPLIT_COUNT] = {600, 200, 0};
START_TEST(test_healthy) {
    static const char *const none[] = {"augment", "[]", NULL},
                             *const some[] = {"augment", "[{crop: {padding: 1}}]", NULL},
                             *const three[] = {"augment", "[{crop: {padding: 1}}, flip, {cutout: {size: 3}}]", NULL};
    const char *const *const chains[] = {none, some, three};
    for (int32_t colour = 0; colour < 2; colour++) {
        checks_set s;
        checks_set_make(&s, SIDE, colour ? 3 : 1, CLASSES, usual);
        for (int32_t k = 0; k < 3; k++) {
            rgm_verdicts all;
            checks_verdicts(&s, "P", chains[k], &all);
            for (int32_t i = 0; i < all.count; i++)
                ck_assert_msg(all.list[i].verdict == PASS || (k == 2 && i == all.count - 1), "%s: %s", all.list[i].name,
                              all.list[i].figure);
            rgm_verdicts_free(&all);
        }
        checks_set_free(&s);
    }
}
END_TEST

static void expect_constants(double mean, double std, int32_t verdict, const char *cause) {
    checks_set s;
    checks_set_make(&s, SIDE, 1, CLASSES, usual);
    s.mean = mean;
    s.std = std;
    checks_expect(&s, "normalised", NULL, verdict, cause);
    checks_set_free(&s);
}

START_TEST(test_normalisation) {
    /* pixels have mean 0.49 and deviation 0.15 */
    expect_constants(0, 1, FAIL, "not normalised");
    expect_constants(0, 1 / 255.0, FAIL, "not divided by 255");
    expect_constants(0.49 + 0.49 * 0.15, 0.15 * 0.15, FAIL, "normalised twice");
    expect_constants(0.47, 0.14, PASS, NULL); /* of another set, nearly the same */
    expect_constants(0.49, 0.25, WARN, "not its pixels'");
}
END_TEST

START_TEST(test_pixels) {
    checks_set s;
    checks_set_make(&s, SIDE, 1, CLASSES, usual);
    for (int64_t p = 0; p < s.count[TRAIN] * SIDE * SIDE; p++) s.images[TRAIN][p] = s.images[TRAIN][p] > 128;
    checks_expect(&s, "pixel_levels", NULL, FAIL, "cut to whole numbers");
    checks_set_free(&s);
}
END_TEST

START_TEST(test_planes) {
    checks_set s;
    checks_set_make(&s, 16, 3, CLASSES, usual);
    for (int32_t k = 0; k < 2; k++) {
        uint8_t *old = malloc(3 * 256);
        for (int64_t i = 0; i < s.count[k]; i++) {
            uint8_t *at = s.images[k] + i * 768;
            memcpy(old, at, 768);
            for (int32_t b = 0; b < 768; b++) at[b % 3 * 256 + b / 3] = old[b];
        }
        free(old);
    }
    checks_expect(&s, "pixel_order", NULL, FAIL, "channels first");
    checks_set_free(&s);
}
END_TEST

/* Noise has no neighbours, and gray images have equal channels. */
START_TEST(test_gray) {
    checks_set s;
    uint32_t state = 1;
    checks_set_make(&s, 16, 3, CLASSES, usual);
    for (int64_t p = 0; p < s.count[TRAIN] * 256; p++) {
        state = state * 1664525u + 1013904223u;
        for (int32_t c = 0; c < 3; c++) s.images[TRAIN][3 * p + c] = (uint8_t)(state >> 24);
    }
    checks_expect(&s, "pixel_order", NULL, PASS, NULL);
    checks_set_free(&s);
}
END_TEST

/* What changes few images, or not the first, is drawn all the same. */
START_TEST(test_weak) {
    static const char *const weak[] = {"augment", "[{flip: {p: 0.05}}]", NULL}, *const flip[] = {"augment", "[flip]",
                                                                                                 NULL};
    checks_set s;
    checks_set_make(&s, SIDE, 1, CLASSES, usual);
    checks_expect(&s, "augment_draws", weak, PASS, NULL);
    for (int64_t i = 0; i < s.count[TRAIN]; i++)
        if (!s.labels[TRAIN][i]) memset(s.images[TRAIN] + i * SIDE * SIDE, 90, SIDE * SIDE);
    checks_expect(&s, "augment_draws", flip, PASS, NULL);
    checks_set_free(&s);
}
END_TEST

/* Bright images with dark margins are as crop makes them. */
START_TEST(test_margins) {
    static const char *const crop[] = {"augment", "[{crop: {padding: 2, fill: zero}}]", NULL};
    checks_set s;
    checks_set_make(&s, SIDE, 1, CLASSES, usual);
    for (int32_t k = 0; k < 2; k++)
        for (int64_t p = 0; p < s.count[k] * SIDE * SIDE; p++) s.images[k][p] = (uint8_t)(180 + s.images[k][p] / 4);
    checks_expect(&s, "train_evaluation", crop, PASS, NULL);
    ck_assert_ptr_nonnull(strstr(checks_verdict(&s, "train_evaluation", crop).figure, "crop fills"));
    checks_set_free(&s);
}
END_TEST

START_TEST(test_augmentations) {
    static const char *const useless[] = {"augment", "[{crop: {padding: 1}}, {flip: {p: 0}}]", NULL},
                             *const strong[] = {"augment",
                                                "[{crop: {padding: 11}}, {crop: {padding: 11}}, {crop: {padding: 11}}]",
                                                NULL};
    checks_set s;
    checks_set_make(&s, SIDE, 1, CLASSES, usual);
    checks_expect(&s, "augment_changes", useless, WARN, "flip does nothing");
    rgm_verdict v = checks_verdict(&s, "augment_changes", useless);
    ck_assert_str_eq(v.edit[0].key, "augment");
    ck_assert_ptr_null(strstr(v.edit[0].value, "flip"));
    ck_assert_ptr_nonnull(strstr(v.edit[0].value, "crop"));
    v = checks_verdict(&s, "augment_strength", strong);
    ck_assert_msg(v.verdict == FAIL || v.verdict == WARN, "%s", v.figure);
    ck_assert_ptr_nonnull(strstr(v.cause[0], "crop"));
    checks_set_free(&s);
}
END_TEST

/* A mirrored stripe is one of another class: what is learnt of mirrored ones alone is wrong about plain ones, though
 * each augmented image can be told. */
START_TEST(test_other_domain) {
    static const char *const mirrored[] = {"augment", "[{crop: {padding: 1}}, {flip: {p: 1}}]", NULL};
    checks_set s;
    checks_set_make(&s, SIDE, 1, CLASSES, usual);
    checks_expect(&s, "augment_strength", mirrored, FAIL, "flip, is too strong");
    const rgm_verdict v = checks_verdict(&s, "augment_strength", mirrored);
    ck_assert_ptr_null(strstr(v.edit[0].value, "flip"));
    checks_set_free(&s);
}
END_TEST

START_TEST(test_odd) {
    static const int64_t tiny[RGM_SPLIT_COUNT] = {2, 1, 0};
    static const char *const alone[] = {"data.validation", "0", NULL};
    checks_set s;
    checks_set_make(&s, 1, 1, 2, tiny);
    rgm_verdicts all;
    checks_verdicts(&s, "P", alone, &all);
    ck_assert_int_eq(all.count, 8);
    rgm_verdicts_free(&all);
    checks_set_free(&s);
}
END_TEST

START_TEST(test_threads) {
    static const char *const threads[][3] = {{"threads", "1", NULL}, {"threads", "5", NULL}};
    checks_set s;
    checks_set_make(&s, SIDE, 3, CLASSES, usual);
    rgm_verdicts one, five;
    checks_verdicts(&s, "P", threads[0], &one);
    checks_verdicts(&s, "P", threads[1], &five);
    for (int32_t i = 0; i < one.count; i++) ck_assert_str_eq(one.list[i].figure, five.list[i].figure);
    rgm_verdicts_free(&one);
    rgm_verdicts_free(&five);
    checks_set_free(&s);
}
END_TEST

int main(void) {
    Suite *s = suite_create("checks of the input");
    TCase *c = tcase_create("input");
    tcase_set_timeout(c, 240);
    tcase_add_test(c, test_healthy);
    tcase_add_test(c, test_normalisation);
    tcase_add_test(c, test_pixels);
    tcase_add_test(c, test_planes);
    tcase_add_test(c, test_gray);
    tcase_add_test(c, test_weak);
    tcase_add_test(c, test_margins);
    tcase_add_test(c, test_augmentations);
    tcase_add_test(c, test_other_domain);
    tcase_add_test(c, test_odd);
    tcase_add_test(c, test_threads);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
