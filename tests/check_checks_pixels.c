/* Checks of pixels and of wrong labels: what is planted is found with its cause and its share, what is hard but sound
 * is not. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check/label_noise.h"
#include "check/traits.h"
#include "checks_case.h"
#include "data/dataset.h"

enum { TRAIN = RGM_SPLIT_TRAIN, TEST = RGM_SPLIT_TEST, SIDE = 12, CLASSES = 4, BYTES = SIDE * SIDE };
enum { PASS = RGM_VERDICT_PASS, WARN = RGM_VERDICT_WARN, FAIL = RGM_VERDICT_FAIL };

static const int64_t usual[RGM_SPLIT_COUNT] = {800, 300, 0};

static void make(checks_set *s) { checks_set_make(s, SIDE, 1, CLASSES, usual); }

static uint32_t draw(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* About N(0, 1): the sum of four uniform ones. */
static double normal(uint32_t *state) {
    double sum = 0;
    for (int32_t i = 0; i < 4; i++) sum += (double)draw(state) / 65536 - 0.5;
    return sum * sqrt(3);
}

/* ---- wrong labels ---- */

/* Scores whose softmax at `sharpness` is the truth, labels drawn by it, and a share of them drawn anew. */
static rgm_label_noise noise_of(int32_t classes, double sharpness, double spread, double drawn) {
    enum { ROWS = 2000 };
    float *scores = malloc(sizeof *scores * ROWS * (size_t)classes);
    int32_t *labels = malloc(sizeof *labels * ROWS);
    uint32_t state = 7;
    rgm_label_noise noise;
    rgm_error err = {0};
    ck_assert(scores && labels);
    for (int32_t i = 0; i < ROWS; i++) {
        float *s = scores + i * classes;
        double sum = 0, at = 0;
        for (int32_t k = 0; k < classes; k++) {
            s[k] = (float)(spread * normal(&state));
            sum += exp(sharpness * (double)s[k]);
        }
        double u = sum * ((double)draw(&state) + 0.5) / 65536;
        for (labels[i] = 0; labels[i] < classes - 1; labels[i]++)
            if ((at += exp(sharpness * (double)s[labels[i]])) >= u) break;
        if ((double)draw(&state) < drawn * 65536) labels[i] = (int32_t)(draw(&state) % (uint32_t)classes);
    }
    ck_assert_int_eq(rgm_label_noise_fit(scores, labels, ROWS, classes, &noise, &err), RGM_OK);
    free(scores);
    free(labels);
    return noise;
}

START_TEST(test_share_of_wrong) {
    static const double drawn[] = {0.05, 0.1, 0.4};
    for (int32_t k = 0; k < 3; k++) {
        rgm_label_noise noise = noise_of(5, 10, 0.7, drawn[k]);
        double wrong = 0.8 * drawn[k]; /* a fifth of the draws is right */
        ck_assert_msg(noise.low <= wrong && wrong <= noise.high, "%.3f: %.3f to %.3f", wrong, noise.low, noise.high);
        ck_assert(noise.gain > 16);
    }
}
END_TEST

/* However hard the pictures: labels that are drawn as the scores say are not wrong. */
START_TEST(test_hard_is_not_wrong) {
    static const double sharpness[] = {2, 4, 8, 20};
    for (int32_t k = 0; k < 4; k++) {
        rgm_label_noise noise = noise_of(6, sharpness[k], 0.5, 0);
        ck_assert_msg(noise.gain < 16, "%g: gain %.1f, share %.3f", sharpness[k], noise.gain, noise.share);
    }
}
END_TEST

/* ---- traits ---- */

START_TEST(test_random_bytes) {
    uint8_t image[32 * 32 * 3];
    uint32_t state = 3;
    for (size_t i = 0; i < sizeof image; i++) image[i] = (uint8_t)draw(&state);
    ck_assert_int_eq(rgm_trait_of(image, 32, 32, 3).random, 1);
    for (size_t i = 0; i < sizeof image; i++) image[i] = (uint8_t)(i / 12); /* uniform, but smooth */
    ck_assert_int_eq(rgm_trait_of(image, 32, 32, 3).random, 0);
    for (size_t i = 0; i < sizeof image; i++) image[i] = (uint8_t)(128 + 20 * normal(&state)); /* noise, not uniform */
    ck_assert_int_eq(rgm_trait_of(image, 32, 32, 3).random, 0);
}
END_TEST

START_TEST(test_noise_in_levels) {
    static const double levels[] = {8, 25, 50};
    for (int32_t k = 0; k < 3; k++) {
        uint8_t image[28 * 28];
        uint32_t state = 5;
        for (size_t i = 0; i < sizeof image; i++)
            image[i] = (uint8_t)fmax(0, fmin(255, 128 + (double)(i % 28) + levels[k] * normal(&state)));
        double noise = (double)rgm_trait_of(image, 28, 28, 1).noise;
        ck_assert_msg(noise > 0.7 * levels[k] && noise < 1.1 * levels[k], "%g: %.1f", levels[k], noise);
    }
}
END_TEST

START_TEST(test_cut_rows) {
    uint8_t image[8 * 8 * 3];
    for (size_t i = 0; i < sizeof image; i++) image[i] = (uint8_t)i;
    ck_assert_int_eq(rgm_trait_of(image, 8, 8, 3).cut, 0);
    memset(image + 5 * 24, 128, 3 * 24);
    ck_assert_int_eq(rgm_trait_of(image, 8, 8, 3).cut, 3);
    memset(image, 128, 24); /* a frame */
    ck_assert_int_eq(rgm_trait_of(image, 8, 8, 3).cut, 0);
    memset(image, 128, sizeof image); /* blank */
    ck_assert_int_eq(rgm_trait_of(image, 8, 8, 3).cut, 0);
    ck_assert_int_eq(rgm_trait_of(image, 1, 1, 1).cut, 0);
}
END_TEST

/* ---- the lines ---- */

static void randomise(checks_set *s, int64_t every) {
    uint32_t state = 9;
    for (int64_t i = 0; i < s->count[TRAIN]; i += every)
        for (int32_t p = 0; p < BYTES; p++) s->images[TRAIN][i * BYTES + p] = (uint8_t)draw(&state);
}

START_TEST(test_damaged) {
    checks_set s;
    make(&s);
    randomise(&s, 21);
    checks_expect(&s, "damaged", NULL, FAIL, "random bytes");
    checks_set_free(&s);
    make(&s);
    for (int64_t i = 0; i < s.count[TRAIN]; i += 21) memset(s.images[TRAIN] + i * BYTES + BYTES / 2, 128, BYTES / 2);
    checks_expect(&s, "damaged", NULL, FAIL, "cut off");
    checks_set_free(&s);
    make(&s); /* a class of its own */
    randomise(&s, CLASSES);
    checks_expect(&s, "damaged", NULL, PASS, NULL);
    checks_set_free(&s);
}
END_TEST

/* Below an object there is often nothing but the background. */
START_TEST(test_background_is_not_cut) {
    checks_set s;
    make(&s);
    for (int64_t i = 0; i < s.count[TRAIN]; i++) {
        memset(s.images[TRAIN] + i * BYTES + BYTES / 2, 0, BYTES / 2);
        if (i % 3 == 0)
            for (int32_t y = 0; y < SIDE; y++) s.images[TRAIN][i * BYTES + y * SIDE] = 0;
    }
    checks_expect(&s, "damaged", NULL, PASS, NULL);
    checks_set_free(&s);
}
END_TEST

START_TEST(test_noise) {
    checks_set s;
    uint32_t state = 11;
    make(&s);
    for (int32_t k = 0; k < 2; k++)
        for (int64_t p = 0; p < s.count[k] * BYTES; p++)
            s.images[k][p] = (uint8_t)fmax(0, fmin(255, s.images[k][p] + 70 * normal(&state)));
    checks_expect(&s, "noise", NULL, WARN, "noise lies on the pixels");
    checks_set_free(&s);
}
END_TEST

START_TEST(test_drift_is_named) {
    checks_set s;
    uint32_t state = 13;
    make(&s);
    for (int64_t p = 0; p < s.count[TEST] * BYTES; p++) s.images[TEST][p] = (uint8_t)(s.images[TEST][p] / 2);
    checks_expect(&s, "drift", NULL, FAIL, "pixels are");
    checks_set_free(&s);
    make(&s);
    for (int64_t p = 0; p < s.count[TRAIN] * BYTES; p++)
        s.images[TRAIN][p] = (uint8_t)fmax(0, fmin(255, s.images[TRAIN][p] + 60 * normal(&state)));
    checks_expect(&s, "drift", NULL, FAIL, "lies on training images");
    checks_set_free(&s);
}
END_TEST

START_TEST(test_marks) {
    checks_set s;
    make(&s);
    for (int64_t i = 0; i < s.count[TRAIN]; i++) s.images[TRAIN][i * BYTES + s.labels[TRAIN][i]] = 255;
    checks_expect(&s, "marks", NULL, FAIL, "a mark tells the class");
    checks_set_free(&s);
    make(&s); /* one in all images tells nothing */
    for (int64_t i = 0; i < s.count[TRAIN]; i++) s.images[TRAIN][i * BYTES + 5] = 255;
    checks_expect(&s, "marks", NULL, PASS, NULL);
    checks_set_free(&s);
}
END_TEST

int main(void) {
    Suite *s = suite_create("checks of pixels and labels");
    TCase *c = tcase_create("pixels");
    tcase_set_timeout(c, 240);
    tcase_add_test(c, test_share_of_wrong);
    tcase_add_test(c, test_hard_is_not_wrong);
    tcase_add_test(c, test_random_bytes);
    tcase_add_test(c, test_noise_in_levels);
    tcase_add_test(c, test_cut_rows);
    tcase_add_test(c, test_damaged);
    tcase_add_test(c, test_background_is_not_cut);
    tcase_add_test(c, test_noise);
    tcase_add_test(c, test_drift_is_named);
    tcase_add_test(c, test_marks);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
