/* The checks by short trainings. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include "one_check.h"

enum { PASS = RGM_VERDICT_PASS, WARN = RGM_VERDICT_WARN, FAIL = RGM_VERDICT_FAIL, NOT = RGM_VERDICT_NOT_CHECKED };

#define PLUGIN "plugins: ['" RGM_FIXTURES "/train/astray.so']\n"
#define MLP    "model: {name: mlp, base: 32}\nbatch: 16\nepochs: 8\nthreads: 2\n"
#define RES    "model: {name: resnet20, base: 4, blocks: [1, 1]}\nbatch: 16\nepochs: 8\nthreads: 2\n"

static void set_up(void) {
    checks_begin(&(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 240, .validation = 24});
}

static const char *const sound[] = {
    MLP,
    RES,
    "model: {name: linear}\nbatch: 16\n",
    MLP "optimizer: {adam: {lr: 3e-3}}\nloss: {cross_entropy: {label_smoothing: 0.2}}\n",
    RES "optimizer: {adamw: {lr: 3e-3, weight_decay: 0.02}}\n",
    "model: {name: cnn, base: 4}\nbatch: 240\naugment: []\n",
};

START_TEST(what_is_sound_passes) {
    rgm_verdict v = expect_one(sound[_i], "overfit_batch", PASS, "");
    ck_assert_ptr_nonnull(strstr(v.figure, "labels"));
    v = check_one(sound[_i], "more_width", 0);
    ck_assert_int_eq(v.verdict, strstr(sound[_i], "linear") ? NOT : PASS);
    v = check_one(sound[_i], "loss_falls", 0);
    ck_assert_msg(v.verdict == PASS || v.verdict == NOT, "%s", v.figure);
}
END_TEST

/* Where the optimizer goes the wrong way, Adam gets there: so it is the optimizer's fault. */
START_TEST(an_optimizer_that_cannot) {
    rgm_verdict v = expect_one(MLP PLUGIN "optimizer: {astray: {how: ascent}}\n", "overfit_batch", FAIL, "optimizer");
    ck_assert_str_eq(v.edit[0].key, "optimizer");
    expect_one(MLP PLUGIN "optimizer: {astray: {how: ascent}}\n", "loss_falls", FAIL, "");
}
END_TEST

/* All weights at zero: nothing can tell the images apart. */
START_TEST(a_net_that_cannot) {
    static const char yaml[] = MLP "init: {constant: {value: 0}}\n";
    rgm_verdict v = expect_one(yaml, "overfit_batch", FAIL, "net cannot tell");
    ck_assert_str_ne(v.mend, "");
}
END_TEST

START_TEST(nobody_asked_a_person) {
    rgm_verdict v = expect_one(MLP, "human", NOT, "");
    ck_assert_ptr_nonnull(strstr(v.figure, "regimen label"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("short trainings");
    TCase *tests = tcase_create("training");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, checks_end);
    tcase_add_loop_test(tests, what_is_sound_passes, 0, (int)(sizeof sound / sizeof *sound));
    tcase_add_test(tests, an_optimizer_that_cannot);
    tcase_add_test(tests, a_net_that_cannot);
    tcase_add_test(tests, nobody_asked_a_person);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
