/* The checks of a step: a planted fault is found by its line, with its cause first; what is sound passes. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "one_check.h"

enum { PASS = RGM_VERDICT_PASS, WARN = RGM_VERDICT_WARN, FAIL = RGM_VERDICT_FAIL, NOT = RGM_VERDICT_NOT_CHECKED };

#define PLUGIN "plugins: ['" RGM_FIXTURES "/train/astray.so']\n"
#define MLP    "model: {name: mlp, base: 16}\nbatch: 16\nepochs: 8\nthreads: 2\n"
#define RES    "model: {name: resnet20, base: 4, blocks: [1, 1]}\nbatch: 16\nepochs: 8\nthreads: 2\n"

static void set_up(void) {
    checks_begin(&(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 240, .validation = 24, .test = 12});
}

static const char *const names[] = {
    "rate",         "schedule", "momentum", "decay",          "decay_where",       "batch",         "patience",
    "dropout_norm", "clip",     "advice",   "step_direction", "gradients_cleared", "gradient_mean", "layer_updates"};
enum { NAMES = sizeof names / sizeof *names };

static const char *const sound[] = {
    MLP,
    RES,
    RES "model: {zero_init: false}\n",
    "model: {name: linear}\nbatch: 16\nepochs: 8\n",
    "model: {name: cnn}\nbatch: 8\nepochs: 8\naugment: []\n",
    MLP "optimizer: {adam: {lr: 3e-3}}\n",
    RES "optimizer: {adamw: {lr: 3e-3, weight_decay: 0.02}}\n",
    RES "optimizer: {sgd: {lr: 0.05}}\nscheduler: cosine\nwarmup: 1\n",
    MLP "optimizer: {adam: {lr: 3e-4}}\nscheduler: constant\n",
    MLP "scheduler: step\nloss: {cross_entropy: {label_smoothing: 0.1}}\n",
    MLP PLUGIN "optimizer: {astray: {lr: 0.5}}\n",
};
enum { SOUND = sizeof sound / sizeof *sound };

/* A second `model` replaces nothing: lines of one key are one. */
static const char *one_model(const char *yaml, char *text, size_t size) {
    const char *zero = strstr(yaml, "model: {zero_init: false}\n");
    if (!zero) return yaml;
    snprintf(text, size, "model: {name: resnet20, base: 4, blocks: [1, 1], zero_init: false}\nbatch: 16\nepochs: 8\n");
    return text;
}

START_TEST(what_is_sound_passes) {
    char text[512];
    const char *yaml = one_model(sound[_i], text, sizeof text);
    for (int32_t k = 0; k < NAMES; k++) expect_one(yaml, names[k], PASS, "");
    expect_one(yaml, "parameters_move", PASS, "");
    expect_one(yaml, "step_formula", strstr(yaml, "astray") ? NOT : PASS, "");
}
END_TEST

static const struct {
    const char *yaml, *name;
    int32_t verdict;
    const char *cause;
} wrong[] = {
    {MLP "optimizer: {sgd: {lr: 10}}\n", "rate", FAIL, "too high"},
    {MLP "optimizer: {sgd: {lr: 100}}\n", "rate", FAIL, "diverges"},
    {MLP "optimizer: {sgd: {lr: 3e-4}}\n", "rate", WARN, "too low"},
    {MLP "optimizer: {adam: {lr: 0.3}}\n", "rate", FAIL, "too high"},
    {MLP "optimizer: {sgd: {lr: 0}}\n", "rate", FAIL, "rate is 0"},
    {MLP "optimizer: {sgd: {momentum: 0.999}}\n", "momentum", FAIL, "too high"},
    {MLP "optimizer: {sgd: {momentum: 1}}\n", "momentum", FAIL, "add up"},
    {MLP "optimizer: {sgd: {momentum: 0}}\n", "momentum", WARN, "momentum is 0"},
    {MLP "optimizer: {adam: {beta1: 0.999}}\n", "momentum", FAIL, "beta1 is too high"},
    {MLP "regularize: [{weight_decay: {rate: 0.1}}]\n", "decay", FAIL, "decay is too high"},
    {MLP "regularize: [{weight_decay: {norm_and_bias: true}}]\n", "decay_where", WARN, "biases"},
    {MLP "optimizer: {adamw: {norm_and_bias: true}}\n", "decay_where", WARN, "biases"},
    {MLP "optimizer: adamw\nregularize: [weight_decay]\n", "decay_where", WARN, "two decays"},
    {MLP "scheduler: constant\n", "schedule", WARN, "never decays"},
    {MLP PLUGIN "scheduler: half\n", "schedule", FAIL, "zero from step"},
    {MLP "steps: 5\n", "schedule", WARN, "before the schedule reaches its peak"},
    {"model: {name: mlp, base: 16}\nbatch: 1\n", "batch", WARN, "batch of one"},
    {"model: {name: mlp, base: 16}\nbatch: 120\n", "batch", WARN, "too large"},
    {"model: {name: mlp, base: 16}\nbatch: 16\nepochs: 1\n", "length", WARN, "too few epochs"},
    {MLP "early_stop: {patience: 1}\n", "patience", WARN, "too short"},
    {RES "dropout: 0.5\n", "dropout_norm", WARN, "dropout together with batch norm"},
    {MLP "clip_norm: 1e-4\n", "clip", FAIL, "clip_norm is too low"},
    {MLP "init: {he: {gain: 14}}\n", "clip", FAIL, "gradient is too large"},
    {MLP PLUGIN "optimizer: {astray: {how: ascent}}\n", "step_direction", FAIL, "sign of the update"},
    {MLP PLUGIN "optimizer: {astray: {how: nothing}}\n", "step_direction", FAIL, "frozen"},
    {MLP PLUGIN "optimizer: {astray: {how: nothing}}\n", "parameters_move", FAIL, "frozen"},
    {MLP PLUGIN "optimizer: {astray: {how: some}}\n", "parameters_move", FAIL, "frozen"},
    {MLP PLUGIN "optimizer: {astray: {how: sums}}\n", "gradients_cleared", FAIL, "not cleared"},
    {MLP PLUGIN "loss: summed\n", "gradient_mean", FAIL, "sum over the batch"},
    {RES PLUGIN "loss: summed\n", "gradient_mean", FAIL, "sum over the batch"},
    {RES PLUGIN "optimizer: {astray: {other: layer2.0.conv1.weight, share: 1e-4}}\n", "layer_updates", FAIL,
     "gives layer2.0.conv1.weight a rate of its own, too low"},
    {RES "init_layers: [{normal: {layers: layer2.0.conv1.weight, std: 0.0005}}]\n", "layer_updates", FAIL,
     "weights of layer2.0.conv1.weight start"},
};

START_TEST(a_fault_is_named) {
    rgm_verdict v = expect_one(wrong[_i].yaml, wrong[_i].name, wrong[_i].verdict, wrong[_i].cause);
    ck_assert_msg(v.edit[0].key[0] || v.mend[0], "%s: nothing mends it", v.name);
    ck_assert_str_eq(v.family, "O");
}
END_TEST

/* The edit mends what is named. */
START_TEST(an_edit_mends) {
    rgm_verdict v = check_one(wrong[_i].yaml, wrong[_i].name, 1);
    if (!v.edit[0].key[0]) return;
    char text[RGM_EDIT_TEXT];
    ck_assert_msg(v.verified && (v.after == PASS || v.after == NOT), "%s: with %s: %s: %s", v.name,
                  rgm_verdict_edit(&v, text), rgm_verdict_word(v.after), v.after_figure);
}
END_TEST

/* A tensor that the optimizer's own setting names is left alone on purpose. */
START_TEST(frozen_on_purpose) {
    rgm_verdict v = expect_one(MLP PLUGIN "optimizer: {astray: {keep: fc1.weight}}\n", "parameters_move", PASS, "");
    ck_assert_ptr_nonnull(strstr(v.figure, "optimizer.keep"));
}
END_TEST

START_TEST(the_schedule_is_drawn) {
    rgm_verdict v = expect_one(MLP "scheduler: cosine\n", "schedule", PASS, "");
    ck_assert_ptr_nonnull(strstr(v.figure, "99999"));
    ck_assert_ptr_nonnull(strstr(v.figure, "."));
    expect_one("model: {name: mlp, base: 16}\nbatch: 240\nepochs: 1\n", "schedule", PASS, "");
}
END_TEST

/* At a rate that is far too high the ramp ends early, and a tenth of it does better. */
START_TEST(the_range_of_rates) {
    expect_one(MLP, "rate_range", PASS, "");
    rgm_verdict v = check_one(MLP "optimizer: {sgd: {lr: 100}}\nclip_norm: 0\n", "rate_range", 0);
    ck_assert_msg(v.verdict == FAIL || v.verdict == NOT, "%s", v.figure);
    expect_one(MLP, "warmup", PASS, "");
}
END_TEST

/* Images are all black: a lower rate mends a start that is far off, and still learns nothing of them. */
START_TEST(no_rate_learns) {
    rgm_verdict v =
        check_one("model: {name: linear}\nbatch: 16\nepochs: 8\naugment: [{cutout: {size: 16, fill: zero}}]\n"
                  "init_layers: [{normal: {layers: fc.weight, std: 0.3}}]\noptimizer: {adam: {lr: 1}}\n"
                  "clip_norm: 0\n",
                  "rate_range", 0);
    ck_assert_msg(v.verdict == NOT, "%s: %s", rgm_verdict_word(v.verdict), v.figure);
    ck_assert_msg(strstr(v.figure, "constant prediction"), "%s", v.figure);
}
END_TEST

/* Too few images for anything but a word about it. */
START_TEST(tiny_sets) {
    checks_end();
    checks_begin(&(run_set){.H = 1, .W = 1, .C = 3, .classes = 2, .train = 2});
    static const char yaml[] = "model: {name: linear}\ndata: {validation: 0}\nbatch: 2\n";
    expect_one(yaml, "batch", FAIL, "too few images");
    for (int32_t k = 0; k < NAMES; k++) check_one(yaml, names[k], 0);
    check_one(yaml, "parameters_move", 0);
    check_one(yaml, "rate_range", 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checks of a step");
    TCase *tests = tcase_create("step");
    tcase_set_timeout(tests, 300);
    tcase_add_checked_fixture(tests, set_up, checks_end);
    tcase_add_loop_test(tests, what_is_sound_passes, 0, SOUND);
    tcase_add_loop_test(tests, a_fault_is_named, 0, (int)(sizeof wrong / sizeof *wrong));
    tcase_add_loop_test(tests, an_edit_mends, 0, (int)(sizeof wrong / sizeof *wrong));
    tcase_add_test(tests, frozen_on_purpose);
    tcase_add_test(tests, the_schedule_is_drawn);
    tcase_add_test(tests, the_range_of_rates);
    tcase_add_test(tests, no_rate_learns);
    tcase_add_test(tests, tiny_sets);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
