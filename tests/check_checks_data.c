/* Checks of the data (family D): a fault is found by its line with its cause, what is healthy passes, and odd sets do
 * not break anything. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "checks_case.h"
#include "data/dataset.h"

enum { TRAIN = RGM_SPLIT_TRAIN, TEST = RGM_SPLIT_TEST, SIDE = 12, CLASSES = 4, BYTES = SIDE * SIDE };
enum { PASS = RGM_VERDICT_PASS, WARN = RGM_VERDICT_WARN, FAIL = RGM_VERDICT_FAIL, NOT = RGM_VERDICT_NOT_CHECKED };

static const int64_t usual[RGM_SPLIT_COUNT] = {800, 300, 0};

#define STATIC                                                                                                         \
    "readable,classes,validation,leaks,near_leaks,conflicts,duplicates,blank_images,outliers,balance,shares,labels_"   \
    "fit,"                                                                                                             \
    "splits_agree,wrong_labels,drift,damaged,noise,marks"

static void make(checks_set *s) { checks_set_make(s, SIDE, 1, CLASSES, usual); }

START_TEST(test_healthy) {
    checks_set s;
    rgm_verdicts all;
    make(&s);
    checks_verdicts(&s, STATIC, NULL, &all);
    for (int32_t i = 0; i < all.count; i++)
        ck_assert_msg(all.list[i].verdict == PASS, "%s: %s", all.list[i].name, all.list[i].figure);
    rgm_verdicts_free(&all);
    checks_expect(&s, "enough_images", NULL, NOT, NULL);
    checks_set_free(&s);
}
END_TEST

/* ---- labels ---- */

START_TEST(test_permuted) {
    checks_set s;
    make(&s);
    for (int64_t i = 0; i < s.count[TRAIN]; i++) s.labels[TRAIN][i] = (int32_t)((i * 7919 / 13) % CLASSES);
    checks_expect(&s, "labels_fit", NULL, FAIL, "do not belong to their images");
    rgm_verdict v = checks_verdict(&s, "labels_fit", NULL);
    ck_assert_ptr_nonnull(strstr(v.cause[0], "test split do belong"));
    checks_set_free(&s);
}
END_TEST

START_TEST(test_shifted) {
    checks_set s;
    make(&s);
    for (int64_t i = 0; i < s.count[TRAIN]; i++) s.labels[TRAIN][i] = (s.labels[TRAIN][i] + 1) % CLASSES;
    checks_expect(&s, "splits_agree", NULL, FAIL, "k -1 of the test split");
    checks_expect(&s, "labels_fit", NULL, PASS, NULL);
    checks_set_free(&s);
}
END_TEST

START_TEST(test_exchanged) {
    checks_set s;
    make(&s);
    for (int64_t i = 0; i < s.count[TEST]; i++)
        if (s.labels[TEST][i] < 2) s.labels[TEST][i] = 1 - s.labels[TEST][i];
    checks_expect(&s, "splits_agree", NULL, FAIL, "classes 0 and 1 are exchanged");
    checks_set_free(&s);
}
END_TEST

/* Every n-th label is of another class. */
static void flip(checks_set *s, int64_t every) {
    for (int64_t i = 0; i < s->count[TRAIN]; i += every)
        s->labels[TRAIN][i] = (s->labels[TRAIN][i] + 1 + (int32_t)(i / every % (CLASSES - 1))) % CLASSES;
}

START_TEST(test_flipped) {
    static const int64_t every[] = {3, 10};
    for (int32_t k = 0; k < 2; k++) {
        checks_set s;
        make(&s);
        flip(&s, every[k]);
        checks_expect(&s, "wrong_labels", NULL, FAIL, "wrong class");
        checks_expect(&s, "labels_fit", NULL, PASS, NULL);
        checks_set_free(&s);
    }
}
END_TEST

START_TEST(test_sparse) {
    static const int64_t few[RGM_SPLIT_COUNT] = {400, 0, 0};
    checks_set s;
    checks_set_make(&s, SIDE, 1, 100, few);
    ck_assert_int_ne(checks_verdict(&s, "labels_fit", NULL).verdict, FAIL);
    checks_expect(&s, "wrong_labels", NULL, NOT, NULL);
    for (int64_t i = 0; i < few[TRAIN]; i++) s.labels[TRAIN][i] = (int32_t)((i * 7919 / 13) % 100);
    checks_expect(&s, "labels_fit", NULL, NOT, NULL); /* not even where they are wrong */
    checks_set_free(&s);
}
END_TEST

/* Noise of +- `most` on each pixel. */
static void shake(checks_set *s, int32_t most) {
    uint32_t state = 1;
    for (int32_t k = 0; k < 2; k++)
        for (int64_t p = 0; p < s->count[k] * BYTES; p++) {
            state = state * 1664525u + 1013904223u;
            int32_t value = s->images[k][p] + (int32_t)(state >> 16) % (2 * most + 1) - most;
            s->images[k][p] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
        }
}

/* A set of which most is class 0, and a test split of which each class is as much. */
START_TEST(test_unbalanced) {
    checks_set s;
    make(&s);
    shake(&s, 250);
    int64_t kept = 0;
    for (int64_t i = 0; i < s.count[TRAIN]; i++) {
        if (s.labels[TRAIN][i] && i % 20 >= CLASSES) continue;
        memmove(s.images[TRAIN] + kept * BYTES, s.images[TRAIN] + i * BYTES, BYTES);
        s.labels[TRAIN][kept++] = s.labels[TRAIN][i];
    }
    s.count[TRAIN] = kept;
    checks_expect(&s, "splits_agree", NULL, PASS, NULL);
    ck_assert_int_ne(checks_verdict(&s, "wrong_labels", NULL).verdict, FAIL);
    checks_set_free(&s);
}
END_TEST

/* ---- what the inspection finds ---- */

static void copy(checks_set *s, int32_t from, int64_t i, int32_t to, int64_t k) {
    memcpy(s->images[to] + k * BYTES, s->images[from] + i * BYTES, BYTES);
    s->labels[to][k] = s->labels[from][i];
}

START_TEST(test_copies) {
    checks_set s;
    make(&s);
    for (int64_t i = 0; i < 30; i++) copy(&s, TRAIN, 2 * i, TEST, i);
    checks_expect(&s, "leaks", NULL, FAIL, "in the test split");
    checks_set_free(&s);
    make(&s);
    for (int64_t i = 0; i < 40; i++) {
        copy(&s, TRAIN, i, TRAIN, 400 + i);
        s.labels[TRAIN][400 + i] = (s.labels[TRAIN][i] + 1) % CLASSES;
    }
    checks_expect(&s, "conflicts", NULL, FAIL, "labelled twice");
    checks_set_free(&s);
    make(&s);
    for (int64_t i = 0; i < 80; i++) copy(&s, TRAIN, i, TRAIN, 400 + i);
    checks_expect(&s, "duplicates", NULL, WARN, "imported more than once");
    checks_expect(&s, "conflicts", NULL, PASS, NULL);
    checks_set_free(&s);
}
END_TEST

START_TEST(test_blank) {
    checks_set s;
    make(&s);
    for (int64_t i = 0; i < s.count[TRAIN]; i += 20) memset(s.images[TRAIN] + i * BYTES, 0, BYTES);
    checks_expect(&s, "blank_images", NULL, FAIL, "blank");
    checks_expect(&s, "conflicts", NULL, PASS, NULL); /* they are the same by what they lack */
    checks_set_free(&s);
    make(&s);
    for (int64_t i = 0; i < s.count[TRAIN]; i += CLASSES) memset(s.images[TRAIN] + i * BYTES, 0, BYTES);
    for (int64_t i = 0; i < s.count[TEST]; i += CLASSES) memset(s.images[TEST] + i * BYTES, 0, BYTES);
    checks_expect(&s, "blank_images", NULL, PASS, NULL); /* a class of its own */
    checks_set_free(&s);
}
END_TEST

/* ---- classes and splits ---- */

START_TEST(test_classes) {
    checks_set s;
    make(&s);
    for (int64_t i = 0; i < s.count[TEST]; i++) s.labels[TEST][i] = s.labels[TEST][i] == 2 ? 1 : s.labels[TEST][i];
    checks_expect(&s, "classes", NULL, FAIL, "lost from the test split");
    for (int64_t i = 0; i < s.count[TRAIN]; i++) s.labels[TRAIN][i] = s.labels[TRAIN][i] == 3 ? 1 : s.labels[TRAIN][i];
    checks_expect(&s, "classes", NULL, FAIL, "lost from the training split");
    for (int64_t i = 0; i < s.count[TRAIN]; i++) s.labels[TRAIN][i] = 1;
    checks_expect(&s, "classes", NULL, FAIL, "only one class");
    checks_set_free(&s);
}
END_TEST

START_TEST(test_balance) {
    static const char *const declared[] = {"prior_bias", "true", NULL};
    checks_set s;
    make(&s);
    int64_t kept = 0;
    for (int64_t i = 0; i < s.count[TRAIN]; i++)
        if (s.labels[TRAIN][i] == 0 || i % 60 < CLASSES) copy(&s, TRAIN, i, TRAIN, kept++);
    s.count[TRAIN] = kept;
    checks_expect(&s, "balance", NULL, WARN, "unbalanced");
    checks_expect(&s, "shares", NULL, WARN, "other shares");
    checks_expect(&s, "balance", declared, PASS, NULL);
    checks_expect(&s, "shares", declared, PASS, NULL);
    rgm_verdict v = checks_verdict(&s, "balance", NULL);
    ck_assert_str_eq(v.edit[0].key, "prior_bias");
    ck_assert_int_ne(checks_verdict(&s, "labels_fit", NULL).verdict, FAIL);
    checks_set_free(&s);
}
END_TEST

/* What random labels give is no lack of balance, and a net with more classes no lack of the data's. */
START_TEST(test_chance) {
    static const int64_t few[RGM_SPLIT_COUNT] = {600, 0, 0};
    static const char *const wide[] = {"model.classes", "9", NULL};
    checks_set s;
    uint32_t state = 3;
    checks_set_make(&s, 4, 1, 100, few);
    for (int64_t i = 100; i < few[TRAIN]; i++) {
        state = state * 1664525u + 1013904223u;
        s.labels[TRAIN][i] = (int32_t)((state >> 16) % 100);
    }
    for (int64_t i = 0; i < 12; i++) s.labels[TRAIN][100 + i] = 7; /* 12 times the smallest */
    checks_expect(&s, "balance", NULL, PASS, NULL);
    checks_set_free(&s);
    make(&s);
    checks_expect(&s, "classes", wide, PASS, NULL);
    checks_set_free(&s);
}
END_TEST

START_TEST(test_edits) {
    static const int64_t few[RGM_SPLIT_COUNT] = {800, 300, 20};
    checks_set s;
    checks_set_make(&s, SIDE, 1, CLASSES, few);
    checks_expect(&s, "validation", NULL, WARN, "too small");
    rgm_verdict v = checks_verdict(&s, "validation", NULL);
    ck_assert(!v.edit[0].key[0] && v.mend[0]); /* data.validation divides no split of the file */
    for (int64_t i = 0; i < s.count[TEST]; i++) s.labels[TEST][i] = i % 3 ? 0 : s.labels[TEST][i];
    checks_expect(&s, "shares", NULL, WARN, "other shares");
    v = checks_verdict(&s, "shares", NULL);
    ck_assert(!v.edit[0].key[0] && v.mend[0]);
    checks_set_free(&s);
}
END_TEST

START_TEST(test_validation) {
    static const char *const none[] = {"data.validation", "0", NULL}, *const mended[] = {"data.validation", "0.1",
                                                                                         NULL};
    checks_set s;
    make(&s);
    checks_expect(&s, "validation", none, FAIL, "no validation split");
    checks_expect(&s, "validation", mended, PASS, NULL);
    checks_set_free(&s);
}
END_TEST

START_TEST(test_drift) {
    checks_set s;
    make(&s);
    for (int64_t p = 0; p < s.count[TEST] * BYTES; p++) s.images[TEST][p] = (uint8_t)(s.images[TEST][p] * 2 / 3);
    checks_expect(&s, "drift", NULL, FAIL, "preprocessing differs");
    checks_set_free(&s);
}
END_TEST

/* ---- odd sets ---- */

static void expect_none(const checks_set *s, const char *const *settings) {
    rgm_verdicts all;
    checks_verdicts(s, STATIC, settings, &all);
    for (int32_t i = 0; i < all.count; i++)
        ck_assert_msg(all.list[i].verdict != FAIL || (settings && strcmp(all.list[i].name, "validation") == 0),
                      "%s: %s", all.list[i].name, all.list[i].figure);
    rgm_verdicts_free(&all);
}

START_TEST(test_odd) {
    static const int64_t tiny[RGM_SPLIT_COUNT] = {3, 0, 0}, colour[RGM_SPLIT_COUNT] = {260, 120, 60};
    static const char *const alone[] = {"data.validation", "0", NULL};
    checks_set s;
    checks_set_make(&s, 1, 1, 2, tiny); /* one pixel */
    s.images[TRAIN][1] = 9;
    expect_none(&s, alone);
    checks_expect(&s, "labels_fit", alone, NOT, NULL);
    checks_expect(&s, "splits_agree", alone, NOT, NULL);
    checks_set_free(&s);
    checks_set_make(&s, 9, 3, 2, colour);
    expect_none(&s, NULL);
    float *soft = malloc(sizeof *soft * 2 * (size_t)s.count[TRAIN]);
    for (int64_t i = 0; i < s.count[TRAIN]; i++) {
        soft[2 * i] = s.labels[TRAIN][i] ? 0.1f : 0.9f;
        soft[2 * i + 1] = 1 - soft[2 * i];
    }
    s.soft = soft;
    expect_none(&s, NULL);
    free(soft);
    checks_set_free(&s);
}
END_TEST

START_TEST(test_threads) {
    static const char *const threads[][3] = {{"threads", "1", NULL}, {"threads", "3", NULL}, {"threads", "7", NULL}};
    checks_set s;
    rgm_verdicts one, other;
    make(&s);
    checks_verdicts(&s, "labels_fit,wrong_labels,drift", threads[0], &one);
    for (int32_t k = 1; k < 3; k++) {
        checks_verdicts(&s, "labels_fit,wrong_labels,drift", threads[k], &other);
        for (int32_t i = 0; i < one.count; i++) ck_assert_str_eq(one.list[i].figure, other.list[i].figure);
        rgm_verdicts_free(&other);
    }
    rgm_verdicts_free(&one);
    checks_set_free(&s);
}
END_TEST

/* What a net learns of healthy images lies below the entropy of their classes; of labels at random it does not, and
 * black images are tried. */
START_TEST(test_inputs) {
    static const char *const settings[] = {"batch", "16", "model.base", "4", NULL};
    checks_set s;
    make(&s);
    rgm_verdict v = checks_verdict(&s, "inputs_matter", settings);
    ck_assert_msg(v.verdict == PASS && strstr(v.figure, "entropy"), "%s", v.figure);
    for (int64_t i = 0; i < s.count[TRAIN]; i++) s.labels[TRAIN][i] = (int32_t)((i * 7919 / 13) % CLASSES);
    v = checks_verdict(&s, "inputs_matter", settings);
    ck_assert_msg(v.verdict == FAIL && strstr(v.figure, "black images"), "%s", v.figure);
    checks_set_free(&s);
}
END_TEST

int main(void) {
    Suite *s = suite_create("checks of the data");
    TCase *trained = tcase_create("trained");
    tcase_set_timeout(trained, 240);
    tcase_add_test(trained, test_inputs);
    suite_add_tcase(s, trained);
    TCase *c = tcase_create("data");
    tcase_set_timeout(c, 240);
    tcase_add_test(c, test_healthy);
    tcase_add_test(c, test_permuted);
    tcase_add_test(c, test_shifted);
    tcase_add_test(c, test_exchanged);
    tcase_add_test(c, test_flipped);
    tcase_add_test(c, test_sparse);
    tcase_add_test(c, test_unbalanced);
    tcase_add_test(c, test_copies);
    tcase_add_test(c, test_blank);
    tcase_add_test(c, test_classes);
    tcase_add_test(c, test_balance);
    tcase_add_test(c, test_chance);
    tcase_add_test(c, test_edits);
    tcase_add_test(c, test_validation);
    tcase_add_test(c, test_drift);
    tcase_add_test(c, test_odd);
    tcase_add_test(c, test_threads);
    suite_add_tcase(s, c);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
