/* The checks of a run: sound ones pass, on odd sets, too; a component that keeps what it may not is found. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "one_check.h"
#include "check/checksums.h"

enum { PASS = RGM_VERDICT_PASS, WARN = RGM_VERDICT_WARN, FAIL = RGM_VERDICT_FAIL, NOT = RGM_VERDICT_NOT_CHECKED };

#define PLUGIN "plugins: ['" RGM_FIXTURES "/train/astray.so']\n"
#define MLP    "model: {name: mlp, base: 16}\nbatch: 16\nepochs: 8\nthreads: 2\n"
#define RES    "model: {name: resnet20, base: 4, blocks: [1, 1]}\nbatch: 16\nepochs: 8\nthreads: 3\n"

static void set_up(void) {
    checks_begin(&(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 120, .validation = 24, .test = 12});
}

static const char *const names[] = {"metric",     "evaluation_whole", "evaluation_pure", "seed",         "threads",
                                    "checkpoint", "resume",           "split_chosen",    "best_restored"};
enum { NAMES = sizeof names / sizeof *names };

static const char *const sound[] = {
    MLP,
    RES,
    "model: {name: linear}\nbatch: 1\n",
    "model: {name: cnn}\nbatch: 120\nepochs: 1\n",
    RES "dropout: 0.2\naugment: [{crop: {padding: 1}}, flip]\noptimizer: adam\n",
    MLP "loss: {cross_entropy: {label_smoothing: 0.2}}\n",
};

START_TEST(what_is_sound_passes) {
    for (int32_t k = 0; k < NAMES; k++) {
        rgm_verdict v = check_one(sound[_i], names[k], 0);
        int32_t fine = v.verdict == PASS || (v.verdict == NOT && strcmp(names[k], "best_restored") == 0);
        ck_assert_msg(fine, "%s with %s: %s: %s", names[k], sound[_i], rgm_verdict_word(v.verdict), v.figure);
    }
}
END_TEST

START_TEST(values_stay_finite) { expect_one(MLP, "values_finite", PASS, ""); }
END_TEST

START_TEST(values_that_are_not_finite) {
    expect_one(MLP "optimizer: {sgd: {lr: 1000}}\nclip_norm: 0\n", "values_finite", FAIL, "rate is too high");
}
END_TEST

/* An optimizer that counts its calls in a variable of its own: other bits each time. */
START_TEST(what_is_kept_is_found) {
    static const char yaml[] = MLP PLUGIN "optimizer: {astray: {how: counts}}\n";
    rgm_verdict v = check_one(yaml, "seed", 0);
    ck_assert_int_eq(v.verdict, FAIL);
    ck_assert_ptr_nonnull(strstr(v.cause[0], "update depends"));
    ck_assert_ptr_nonnull(strstr(v.cause[1], "optimizer astray"));
    v = check_one(yaml, "resume", 0);
    ck_assert_int_eq(v.verdict, FAIL);
    ck_assert_ptr_nonnull(strstr(v.cause[0], "save and load"));
}
END_TEST

/* The file has a test split alone: nothing to choose on. */
START_TEST(nothing_to_choose_on) {
    checks_end();
    checks_begin(&(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 120, .test = 12});
    expect_one(MLP "data: {validation: 0}\n", "split_chosen", WARN, "held out");
    expect_one(MLP, "split_chosen", PASS, "");
    expect_one(MLP "data: {validation: 0}\n", "metric", PASS, "");
}
END_TEST

/* Checkpoints that a check writes are gone behind it. */
START_TEST(no_file_stays) {
    char parent[512];
    snprintf(parent, sizeof parent, "%s/empty", checks_folder());
    ck_assert_int_eq(mkdir(parent, 0700), 0);
    setenv("TMPDIR", parent, 1);
    expect_one(MLP, "checkpoint", PASS, "");
    expect_one(MLP, "resume", PASS, "");
    ck_assert_msg(rmdir(parent) == 0, "something is left");
}
END_TEST

static rgm_checksum some(uint32_t group, const char *name, uint64_t hash) {
    rgm_checksum sum = {.group = group, .hash = hash};
    snprintf(sum.name, sizeof sum.name, "%s", name);
    return sum;
}

START_TEST(differences_of_checksums) {
    rgm_checksum a[] = {some(RGM_PARAMETERS, "w", 1), some(RGM_STATISTICS, "m", 2), some(RGM_SLOT(0), "w", 3)};
    rgm_checksum b[] = {some(RGM_SLOT(0), "w", 3), some(RGM_PARAMETERS, "w", 1), some(RGM_STATISTICS, "m", 9)};
    const rgm_checksums left = {a, 3, 3}, right = {b, 3, 3}, none = {NULL, 0, 0};
    int32_t number;
    ck_assert_ptr_null(rgm_checksums_difference(&left, &right, RGM_PARAMETERS | RGM_SLOTS, &number));
    ck_assert_int_eq(number, 0);
    ck_assert_ptr_eq(rgm_checksums_difference(&left, &right, RGM_PARAMETERS | RGM_STATISTICS, &number), &a[1]);
    ck_assert_int_eq(number, 1);
    ck_assert_ptr_eq(rgm_checksums_difference(&left, &none, RGM_SLOTS, &number), &a[2]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checks of a run");
    TCase *tests = tcase_create("run");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, checks_end);
    tcase_add_loop_test(tests, what_is_sound_passes, 0, (int)(sizeof sound / sizeof *sound));
    tcase_add_test(tests, values_stay_finite);
    tcase_add_test(tests, values_that_are_not_finite);
    tcase_add_test(tests, what_is_kept_is_found);
    tcase_add_test(tests, nothing_to_choose_on);
    tcase_add_test(tests, no_file_stays);
    tcase_add_test(tests, differences_of_checksums);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
