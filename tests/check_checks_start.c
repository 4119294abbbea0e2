/* The checks of a net's start: planted starts are found, with their cause, and the edit mends them; known starts pass.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "make_set.h"
#include "verdict_case.h"

static char *folder, even[512], uneven[512], rare[512];

static void set_up(void) {
    static const int32_t often[] = {0, 0, 0, 0, 0, 0, 1, 2}, seldom[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    folder = make_folder();
    snprintf(even, sizeof even, "%s", in_folder(folder, "even.h5"));
    snprintf(uneven, sizeof uneven, "%s", in_folder(folder, "uneven.h5"));
    snprintf(rare, sizeof rare, "%s", in_folder(folder, "rare.h5"));
    verdict_set(even, &(run_set){.H = 12, .W = 12, .C = 3, .classes = 4, .train = 96});
    verdict_set(uneven,
                &(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 128, .labels = often, .label_count = 8});
    verdict_set(rare,
                &(run_set){.H = 8, .W = 8, .C = 1, .classes = 2, .train = 100, .labels = seldom, .label_count = 10});
}

static void tear_down(void) { remove_folder(folder); }

#define MLP "model: {name: mlp}\nbatch: 8\n"
#define CNN "model: {name: cnn, base: 8}\nbatch: 8\n"
#define NET "model: {name: resnet20, base: 8}\nbatch: 8\n"

START_TEST(planted_starts_are_found) {
    verdict_fails(even, MLP "init: {constant: {value: 0}}\n", "units_alike", "zero");
    verdict_fails(even, CNN "init: {constant: {value: 0.1}}\n", "units_alike", "constant");
    verdict_fails(even, NET "init_layers: [{constant: {layers: 'layer2.0.conv1.weight', value: 0.1}}]\n", "units_alike",
                  "constant");
    verdict_fails(even, MLP "init: {he: {gain: 14}}\n", "weights_at_start", "too large");
    verdict_fails(even, NET "init: {he: {gain: 14}}\n", "weights_at_start", "too large");
    verdict_fails(even, MLP "init: {he: {gain: 0.14}}\n", "weights_at_start", "too small");
    verdict_fails(even, NET "init: {normal: {std: 0.001}}\n", "weights_at_start", "too small");
    verdict_fails(even, MLP "init_layers: [{constant: {layers: 'fc1.bias', value: -50}}]\n", "units_at_start", "low");
    verdict_fails(even, MLP "init_layers: [{normal: {layers: 'fc3.weight', std: 1}}]\n", "loss_at_start", "classifier");
    verdict_fails(even, NET "init_layers: [{normal: {layers: 'fc.bias', std: 3}}]\n", "loss_at_start", "bias");
    verdict_fails(even, NET "init_layers: [{normal: {layers: '*bn1.weight', std: 0.0001}}]\n", "scale_at_start",
                  "batch norm starts too small");
    verdict_fails(even, CNN "init_layers: [{constant: {layers: 'bn?.weight', value: 100}}]\n", "scale_at_start",
                  "batch norm starts too large");
}
END_TEST

START_TEST(known_starts_pass) {
    static const char *const starts[] = {"he",
                                         "{he: {mode: fan_in, distribution: uniform}}",
                                         "xavier",
                                         "orthogonal",
                                         "truncated_normal",
                                         "{he: {mode: fan_in, nonlinearity: linear}}"};
    static const char *const nets[] = {MLP, CNN, NET, "model: {name: linear}\nbatch: 2\n",
                                       "model: {name: resnet20, base: 4, zero_init: true}\nbatch: 2\n"};
    char yaml[512];
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        snprintf(yaml, sizeof yaml, "%sinit: %s\n", nets[i % 5], starts[i]);
        verdict_passes(even, yaml, "I");
        snprintf(yaml, sizeof yaml, "%sinit: %s\n", nets[(i + 1) % 5], starts[i]);
        verdict_passes(uneven, yaml, "I");
    }
    verdict_passes(even, MLP "init_layers: [{constant: {layers: 'fc3.weight', value: 0}}]\n", "I");
    verdict_passes(even, NET "init_layers: [{constant: {layers: '*.bn2.weight', value: 0}}]\n", "I");
    verdict_passes(even,
                   "model: {name: resnet20, base: 8, zero_init: false}\nbatch: 8\ninit_layers: [{constant: {layers: "
                   "'*.bn2.weight', value: 0.3}}]\n",
                   "I");
}
END_TEST

static double loss_of(const char *set, const char *yaml) {
    double loss = -1;
    const rgm_verdict v = verdict_of(set, yaml, "loss_at_start");
    ck_assert_msg(v.verdict == RGM_VERDICT_PASS, "%s", v.figure);
    ck_assert_int_eq(sscanf(v.figure, "loss %lf", &loss), 1);
    return loss;
}

/* Three quarters, an eighth, an eighth: 0.736 nats; nine in ten: 0.325. */
START_TEST(prior_bias_starts_at_the_entropy) {
    ck_assert_double_eq_tol(loss_of(uneven, MLP "prior_bias: true\n"), 0.736, 0.15);
    ck_assert_double_eq_tol(loss_of(uneven, MLP "prior_bias: false\n"), 1.099, 0.15);
    ck_assert_double_eq_tol(loss_of(rare, MLP "prior_bias: true\n"), 0.325, 0.15);
    ck_assert_double_eq_tol(loss_of(rare, "model: {name: cnn, base: 8, head: logit}\nprior_bias: true\n"), 0.325, 0.15);
    ck_assert_double_eq_tol(loss_of(rare, "model: {name: cnn, base: 8, head: logit}\nprior_bias: false\n"), 0.693, 0.1);
}
END_TEST

START_TEST(a_wrong_prior_is_found) {
    verdict_fails(uneven, CNN "prior_bias: true\ninit_layers: [{normal: {layers: 'fc.bias', std: 2}}]\n",
                  "loss_at_start", "bias");
    verdict_fails(rare,
                  "model: {name: cnn, base: 8, head: logit}\nprior_bias: true\n"
                  "init_layers: [{constant: {layers: 'fc.bias', value: 2}}]\n",
                  "loss_at_start", "bias");
}
END_TEST

START_TEST(weights_of_a_checkpoint_are_not_drawn) {
    rgm_verdicts all = verdicts_of(even, MLP "checkpoint: none.h5\n", "I");
    for (int32_t i = 0; i < all.count; i++) ck_assert_int_eq(all.list[i].verdict, RGM_VERDICT_NOT_CHECKED);
    rgm_verdicts_free(&all);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checks of the start");
    TCase *cases = tcase_create("start");
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_set_timeout(cases, 300);
    tcase_add_test(cases, planted_starts_are_found);
    tcase_add_test(cases, known_starts_pass);
    tcase_add_test(cases, prior_bias_starts_at_the_entropy);
    tcase_add_test(cases, a_wrong_prior_is_found);
    tcase_add_test(cases, weights_of_a_checkpoint_are_not_drawn);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
