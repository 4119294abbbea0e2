/* How a run ends: what is saved then, what is not, and that it goes on with the same bits. */
#include <check.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "make_set.h"
#include "train_run.h"

static char *folder, paths[9][512];
enum { SET, FIRST, SECOND, LAST, BEST, COPY, OTHER, WHOLE_LAST, WHOLE_BEST };

static void set_up(void) {
    static const char *const names[] = {"set.h5",  "first.raw", "second.raw",    "last.h5",      "best.h5",
                                        "copy.h5", "other.h5",  "whole_last.h5", "whole_best.h5"};
    folder = make_folder();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        snprintf(paths[i], sizeof paths[i], "%s", in_folder(folder, names[i]));
    run_set_write(paths[SET], &(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 24, .validation = 9});
}

static void tear_down(void) { remove_folder(folder); }

/* Four steps an epoch, with batch norm, momentum and dropout. */
static const char *configure(const char *more) {
    static char texts[4][2048];
    static int next;
    char *text = texts[next++ % 4];
    snprintf(text, sizeof texts[0],
             "data: {file: '%s', validation: 0}\nthreads: 2\nmodel: {name: resnet20, stem: small, base: 4}\nbatch: 6\n"
             "epochs: 3\ndropout: 0.2\nplugins: ['" RGM_FIXTURES "/train/fails.so']\n%s",
             paths[SET], more);
    return text;
}

#define ALL_FAIL "loss: fails\nregularize: [fails]\nscheduler: fails\naugment: [flip, fails]\n"

static void fail_at(const char *where) {
    if (where)
        setenv("RGM_FAIL", where, 1);
    else
        unsetenv("RGM_FAIL");
}

static int32_t is_there(int32_t file) { return access(paths[file], F_OK) == 0; }

/* ---- states that are not finite ---- */

static const struct {
    const char *where;
    int32_t step; /* steps done */
    const char *part;
} poison[] = {
    {"param 3", 4, "conv1.weight holds values that are not finite"}, /* in the last step of the first epoch */
    {"slot 3", 4, "the optimizer's 'momentum' of conv1.weight holds"},
    {"param 7", 8, "conv1.weight holds"}, /* of the second */
    {"slot 7", 8, "'momentum' of conv1.weight"},
    {"param 11", 12, "conv1.weight holds"}, /* of the run */
};

START_TEST(bad_states_are_not_saved) {
    static run_result r;
    char step[32];
    fail_at(poison[_i].where);
    run_job job = {.config = configure(ALL_FAIL), .last = paths[LAST], .best = paths[BEST]};
    run_expect(&job, RGM_E_NUMERIC, &r);
    ck_assert_int_eq(rgm_status_exit_code(r.status), 4);
    snprintf(step, sizeof step, "after step %d: ", poison[_i].step);
    ck_assert_msg(strstr(r.error, step) && strstr(r.error, poison[_i].part) && !strchr(r.error, '\n'), "%s", r.error);
    if (poison[_i].step == 4) {
        ck_assert(!is_there(LAST) && !is_there(BEST));
        return;
    }
    fail_at(NULL); /* what is there is good: a run goes on from it */
    ck_assert(is_there(LAST) && is_there(BEST));
    job.resume = paths[LAST];
    job.begins = RGM_BEGINS_LAST;
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(r.steps, 16 - poison[_i].step);
}
END_TEST

/* A value in running statistics that training never reads. */
START_TEST(bad_statistics_are_not_saved) {
    static run_result r;
    static const char name[] = "model/layer1.0.bn1.running_mean";
    fail_at(NULL);
    run_expect(&(run_job){.config = configure("steps: 1\n"), .last = paths[LAST]}, RGM_OK, &r);
    hid_t old = H5Fopen(paths[LAST], H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t file = H5Fcreate(paths[OTHER], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Ocopy(old, "model", file, "model", H5P_DEFAULT, H5P_DEFAULT), 0);
    hid_t set = H5Dopen2(file, name, H5P_DEFAULT);
    float values[4] = {0, NAN, 0, 0};
    ck_assert_int_ge(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Dclose(set);
    H5Fclose(file);
    H5Fclose(old);
    copy_file(paths[LAST], paths[COPY]);
    run_expect(&(run_job){.config = configure("steps: 1\n"), .load_before = paths[OTHER], .last = paths[LAST]},
               RGM_E_NUMERIC, &r);
    ck_assert_msg(strstr(r.error, "after step 1: layer1.0.bn1.running_mean holds"), "%s", r.error);
    ck_assert(same_files(paths[LAST], paths[COPY]));
}
END_TEST

/* ---- evaluations that are not finite ---- */

/* The state is finite: the run goes on, and no evaluation counts. */
START_TEST(nan_is_never_the_best) {
    static run_result r;
    fail_at("nan 0"); /* evaluations have the clock of step 0 */
    run_job job = {.config = configure(ALL_FAIL), .last = paths[LAST], .best = paths[BEST]};
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(r.evaluations, 3);
    ck_assert(isnan(r.validation_loss[0]));
    ck_assert_int_eq(r.progress.best_epoch, -1);
    ck_assert(is_there(LAST) && !is_there(BEST));
}
END_TEST

START_TEST(patience_without_a_finite_loss) {
    static run_result r;
    static const char *const metrics[] = {"loss", "accuracy"};
    char more[512];
    fail_at("nan 0");
    snprintf(more, sizeof more, ALL_FAIL "early_stop: {patience: 2, metric: %s}\n", metrics[_i]);
    run_job job = {.config = configure(more), .last = paths[LAST], .best = paths[BEST]};
    for (int32_t again = 0; again < 2; again++) { /* and when it is resumed */
        run_expect(&job, RGM_E_NUMERIC, &r);
        ck_assert_int_eq(r.ending, RGM_END_EARLY);
        ck_assert_msg(strstr(r.error, "after step 8: no evaluation of 2 had a finite loss"), "%s", r.error);
        ck_assert_int_eq(r.progress.step, 8);
        job.resume = paths[LAST];
    }
}
END_TEST

/* ---- failures ---- */

static const struct {
    const char *where;
    int32_t step, saved; /* steps done; 1: their state is saved */
} failures[] = {
    {"image 5", 5, 1},      {"loss 5", 5, 1},    {"factor 5", 5, 1}, /* before the update, statistics moved or not */
    {"gradient 5", 5, 0},                                            /* amid the update */
    {"evaluation 0", 4, 1}, {"observe 4", 4, 1}, {"loss 0", 0, 0},   /* at an epoch's end; nothing done yet */
};

/* What was saved goes on to the bits of a run that did not fail. */
START_TEST(failures_save_what_is_whole) {
    static run_result whole, r;
    fail_at(NULL);
    run_expect(&(run_job){.config = configure(ALL_FAIL), .dump = paths[FIRST]}, RGM_OK, &whole);
    fail_at(failures[_i].where);
    run_job job = {.config = configure(ALL_FAIL "save: {every: 9}\n"), .last = paths[LAST], .best = paths[BEST]};
    run_expect(&job, RGM_E_PLUGIN, &r);
    ck_assert_msg(strstr(r.error, "asked to fail"), "%s", r.error);
    ck_assert_int_eq(r.progress.step, failures[_i].step);
    ck_assert_int_eq(is_there(LAST), failures[_i].saved);
    fail_at(NULL);
    if (!failures[_i].saved) return;
    job.resume = paths[LAST];
    job.begins = RGM_BEGINS_LAST;
    job.dump = paths[SECOND];
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(r.steps, 12 - failures[_i].step);
    ck_assert(same_files(paths[FIRST], paths[SECOND]));
    ck_assert_int_eq(memcmp(&whole.progress.best_metric, &r.progress.best_metric, sizeof(double)), 0);
}
END_TEST

/* A step whose pixels may be others than the run began with is not made: what is saved is the state before it. */
START_TEST(a_set_written_to_amid_a_step) {
    static run_result r;
    fail_at(NULL);
    run_expect(&(run_job){.config = configure(ALL_FAIL), .dump = paths[FIRST]}, RGM_OK, &r);
    fail_at("touch 5");
    setenv("RGM_TOUCH", paths[SET], 1);
    run_job job = {.config = configure(ALL_FAIL), .last = paths[LAST], .best = paths[BEST]};
    run_expect(&job, RGM_E_IO, &r);
    ck_assert_msg(strstr(r.error, "set.h5: written to while it is in use"), "%s", r.error);
    ck_assert_int_eq(r.progress.step, 5);
    fail_at(NULL);
    job = (run_job){.config = job.config, .resume = paths[LAST], .begins = RGM_BEGINS_LAST, .dump = paths[SECOND]};
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(r.steps, 12 - 5);
    ck_assert(same_files(paths[FIRST], paths[SECOND]));
}
END_TEST

/* A process may die between the two checkpoints of an epoch's end: only best.h5 is there then. */
START_TEST(best_alone_goes_on) {
    static run_result whole, r;
    fail_at(NULL);
    run_expect(&(run_job){.config = configure(""), .last = paths[LAST], .best = paths[BEST], .dump = paths[FIRST]},
               RGM_OK, &whole);
    ck_assert_int_eq(unlink(paths[LAST]), 0);
    run_job job = {.config = configure(""),
                   .resume = paths[BEST],
                   .begins = RGM_BEGINS_BEST,
                   .last = paths[LAST],
                   .best = paths[BEST],
                   .dump = paths[SECOND]};
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(r.steps, 4 * (3 - whole.progress.best_epoch));
    ck_assert(is_there(LAST));
    ck_assert(same_files(paths[FIRST], paths[SECOND]));
}
END_TEST

/* The same state is not written twice. */
START_TEST(a_state_is_saved_once) {
    static run_result r;
    fail_at(NULL);
    run_job job = {.config = configure("steps: 6\n"), .last = paths[LAST]};
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(r.saves, 2);
    job.resume = paths[LAST];
    job.begins = RGM_BEGINS_LAST;
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(r.saves, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("a run's end");
    TCase *tcase = tcase_create("ends");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, bad_states_are_not_saved, 0, sizeof poison / sizeof *poison);
    tcase_add_test(tcase, bad_statistics_are_not_saved);
    tcase_add_test(tcase, nan_is_never_the_best);
    tcase_add_loop_test(tcase, patience_without_a_finite_loss, 0, 2);
    tcase_add_loop_test(tcase, failures_save_what_is_whole, 0, sizeof failures / sizeof *failures);
    tcase_add_test(tcase, a_set_written_to_amid_a_step);
    tcase_add_test(tcase, best_alone_goes_on);
    tcase_add_test(tcase, a_state_is_saved_once);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
