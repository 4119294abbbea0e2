/* Whole runs with a plugin that takes the contract at its word (fixtures/keeper.c). */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "make_set.h"
#include "train_run.h"

static char *folder, paths[4][512];
enum { SET, FIRST, SECOND, LAST };

static void set_up(void) {
    static const char *const names[] = {"set.h5", "first.raw", "second.raw", "last.h5"};
    folder = make_folder();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        snprintf(paths[i], sizeof paths[i], "%s", in_folder(folder, names[i]));
    run_set_write(paths[SET], &(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 48, .validation = 9});
}

static void tear_down(void) { remove_folder(folder); }

/* The beginning of every configuration here, and what a test adds. */
static const char *configure(int32_t seed, const char *more) {
    static char texts[4][2048];
    static int next;
    char *text = texts[next++ % 4];
    snprintf(text, sizeof texts[0],
             "data: {file: '%s', validation: 0}\nplugins: ['" RGM_FIXTURES "/train/keeper.so']\n"
             "model: {name: mlp, base: 200}\nbatch: 16\nseed: %d\nregularize: []\naugment: []\n%s",
             paths[SET], seed, more);
    return text;
}

/* A loss that is nothing but its draws: the same for every number of threads, others in every step and for every seed.
 */
START_TEST(draws_of_a_loss) {
    static const char more[] = "epochs: 4\noptimizer: {sgd: {lr: 0}}\nloss: keeper\n";
    static run_result one, three, other;
    run_expect(&(run_job){.config = configure(1, more), .threads = 1}, RGM_OK, &one);
    run_expect(&(run_job){.config = configure(1, more), .threads = 3}, RGM_OK, &three);
    run_expect(&(run_job){.config = configure(2, more), .threads = 3}, RGM_OK, &other);
    ck_assert_int_eq(one.steps, 12);
    for (int32_t i = 0; i < one.steps; i++) {
        ck_assert(one.loss[i] > 0 && one.loss[i] < 1 && one.loss[i] == three.loss[i] && one.loss[i] != other.loss[i]);
        for (int32_t k = 0; k < i; k++) ck_assert_msg(one.loss[i] != one.loss[k], "steps %d and %d draw alike", k, i);
    }
}
END_TEST

static float *values_after(int32_t steps, int32_t threads, const char *path, size_t *count) {
    static run_result r;
    char more[128];
    snprintf(more, sizeof more, "steps: %d\nscheduler: constant\noptimizer: {keeper: {lr: %s}}\n", steps ? steps : 1,
             steps ? "0.1" : "0");
    run_expect(&(run_job){.config = configure(1, more), .threads = threads, .dump = path}, RGM_OK, &r);
    FILE *in = fopen(path, "rb");
    float *values = malloc(1 << 20);
    ck_assert(in && values);
    *count = fread(values, sizeof *values, (1 << 20) / sizeof *values, in);
    fclose(in);
    return values;
}

/* An update that is nothing but its draws: the same for every number of threads, others in every step and tensor. */
START_TEST(draws_of_an_optimizer) {
    size_t count[3], alike = 0, biases = 0;
    float *values[3];
    for (int32_t steps = 0; steps < 3; steps++) values[steps] = values_after(steps, 3, paths[FIRST], &count[steps]);
    free(values_after(2, 1, paths[SECOND], &count[0]));
    ck_assert(same_files(paths[FIRST], paths[SECOND]));
    ck_assert(count[0] > 10000 && count[0] == count[1] && count[0] == count[2]);
    for (size_t i = 0; i < count[0]; i++) {
        float once = values[1][i] - values[0][i], again = values[2][i] - values[1][i];
        alike += once - again < 1e-5f && again - once < 1e-5f;
        biases += i > 0 && values[0][i] == 0 && once == values[1][0] - values[0][0];
    }
    ck_assert_msg(alike < count[0] / 100, "%zu of %zu weights move alike in both steps", alike, count[0]);
    ck_assert_uint_lt(biases, 10);
    for (int32_t i = 0; i < 3; i++) free(values[i]);
}
END_TEST

/* A scheduler whose state grows with every evaluation: stopped and resumed wherever, it ends with the bits of a run
 * that was not. Nothing is lost when there is no state yet. */
START_TEST(state_that_grows) {
    static const char more[] = "epochs: 5\nscheduler: keeper\noptimizer: {sgd: {lr: 0.05}}\n";
    static const int64_t stops[] = {1, 3, 4, 7, 12};
    static run_result r;
    run_expect(&(run_job){.config = configure(1, more), .dump = paths[FIRST]}, RGM_OK, &r);
    ck_assert_int_eq(r.steps, 15);
    run_expect(&(run_job){.config = configure(1, more), .last = paths[LAST], .stop_at = stops[_i]}, RGM_E_INTERRUPTED,
               &r);
    run_expect(&(run_job){.config = configure(1, more), .resume = paths[LAST], .dump = paths[SECOND]}, RGM_OK, &r);
    ck_assert_int_eq(r.steps, 15 - (int32_t)stops[_i]);
    ck_assert(same_files(paths[FIRST], paths[SECOND]));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("train plugins");
    TCase *tcase = tcase_create("plugins");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, draws_of_a_loss);
    tcase_add_test(tcase, draws_of_an_optimizer);
    tcase_add_loop_test(tcase, state_that_grows, 0, 5);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
