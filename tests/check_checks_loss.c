/* The checks of the loss: what slips give is found, with its cause, and its edit mends it; losses that are right pass.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "make_set.h"
#include "check/loss_form.h"
#include "verdict_case.h"

static char *folder, many[512], two[512];

static void set_up(void) {
    folder = make_folder();
    snprintf(many, sizeof many, "%s", in_folder(folder, "many.h5"));
    snprintf(two, sizeof two, "%s", in_folder(folder, "two.h5"));
    verdict_set(many, &(run_set){.H = 6, .W = 6, .C = 1, .classes = 7, .train = 56});
    verdict_set(two, &(run_set){.H = 6, .W = 6, .C = 3, .classes = 2, .train = 40});
}

static void tear_down(void) { remove_folder(folder); }

static const char *with(const char *loss) {
    static char yaml[1024];
    snprintf(yaml, sizeof yaml,
             "model: {name: linear}\nbatch: 8\nplugins: ['" RGM_FIXTURES "/train/losses.so']\nloss: %s\n", loss);
    return yaml;
}

START_TEST(slips_are_found) {
    verdict_fails(many, with("turned"), "loss_direction", "sign of the loss");
    verdict_fails(many, with("uphill"), "loss_direction", "sign of the gradient");
    verdict_fails(many, with("next"), "loss_direction", "another class");
    verdict_fails(many, with("summed"), "loss_rows", "summed");
    verdict_fails(many, with("twice"), "loss_form", "softmax of a softmax");
    verdict_warns(many, with("squared"), "loss_form", "squared error");
    verdict_fails(many, with("careless"), "loss_gradient", "softmax's cross-entropy");
    verdict_fails(many, with("tenfold"), "loss_scale", "factor of 10");
    verdict_warns(many, with("{cross_entropy: {label_smoothing: 0.8}}"), "loss_form", "smoothing");
}
END_TEST

/* Of one slip the verdict that is told first names the cause, though others may fail, too. */
START_TEST(the_first_verdict_is_the_cause) {
    static const char *const pairs[][2] = {{"turned", "loss_direction"}, {"summed", "loss_rows"},
                                           {"twice", "loss_form"},       {"careless", "loss_gradient"},
                                           {"squared", "loss_form"},     {"tenfold", "loss_scale"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        rgm_verdicts all = verdicts_of(many, with(pairs[i][0]), "M,I,L");
        const rgm_verdict *first = rgm_verdicts_first(&all);
        ck_assert_ptr_nonnull(first);
        ck_assert_str_eq(first->name, pairs[i][1]);
        rgm_verdicts_free(&all);
    }
}
END_TEST

START_TEST(right_losses_pass) {
    verdict_passes(many, with("cross_entropy"), "L");
    verdict_passes(many, with("{cross_entropy: {label_smoothing: 0.1}}"), "L");
    verdict_passes(many, with("focal"), "L");
    verdict_passes(many, with("weighted"), "L");
    verdict_passes(two, with("cross_entropy"), "L");
    verdict_passes(two, "model: {name: linear, head: logit}\nbatch: 2\n", "L");
    verdict_passes(two, "model: {name: linear, head: logit}\nloss: {cross_entropy: {label_smoothing: 0.2}}\n", "L");
}
END_TEST

START_TEST(a_batch_of_one_has_no_other_rows) {
    const rgm_verdict v = verdict_of(many, "model: {name: linear}\nbatch: 1\n", "loss_rows");
    ck_assert_int_eq(v.verdict, RGM_VERDICT_NOT_CHECKED);
}
END_TEST

/* ---- forms by themselves ---- */

enum { COUNT = 24, CLASSES = 3 };

static double entropy(const float *z, int32_t label) {
    double sum = 0;
    for (int32_t k = 0; k < CLASSES; k++) sum += exp((double)z[k]);
    return log(sum) - (double)z[label];
}

static rgm_loss_form form_of(double (*loss)(const float *, int32_t)) {
    float z[COUNT][CLASSES];
    int32_t label[COUNT];
    double value[COUNT];
    rgm_loss_form form;
    for (int32_t i = 0; i < COUNT; i++) {
        label[i] = i % CLASSES;
        for (int32_t k = 0; k < CLASSES; k++) z[i][k] = (float)(3 * sin(7.0 * i + 2.3 * k));
        value[i] = loss(z[i], label[i]);
    }
    rgm_loss_form_find(&(rgm_loss_samples){COUNT, CLASSES, z[0], label, value}, &form);
    return form;
}

static double smoothed(const float *z, int32_t label) {
    double mean = 0;
    for (int32_t k = 0; k < CLASSES; k++) mean += entropy(z, k) / CLASSES;
    return 2 * (0.7 * entropy(z, label) + 0.3 * mean);
}

static double weighted(const float *z, int32_t label) { return (1 + label) * entropy(z, label); }
static double nothing(const float *z, int32_t label) { return 0 * entropy(z, label); }
static double odd(const float *z, int32_t label) { return sqrt(1 + entropy(z, label)) + 0.1 * (double)(z[0] * z[1]); }

START_TEST(forms_are_told) {
    const rgm_loss_form a = form_of(entropy), b = form_of(smoothed), c = form_of(weighted);
    ck_assert(a.entropy && !a.weighted && a.smoothing == 0);
    ck_assert_double_eq_tol(a.factor, 1, 1e-6);
    ck_assert(b.entropy && !b.weighted);
    ck_assert_double_eq_tol(b.factor, 2, 1e-6);
    ck_assert_double_eq_tol(b.smoothing, 0.3, 1e-6);
    ck_assert(c.entropy && c.weighted);
    ck_assert_double_eq_tol(c.factor, 2, 1e-6);
    ck_assert_ptr_null(form_of(nothing).name);
    ck_assert_ptr_null(form_of(odd).name);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checks of the loss");
    TCase *cases = tcase_create("loss");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, slips_are_found);
    tcase_add_test(cases, the_first_verdict_is_the_cause);
    tcase_add_test(cases, right_losses_pass);
    tcase_add_test(cases, a_batch_of_one_has_no_other_rows);
    tcase_add_test(cases, forms_are_told);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
