/* The same bits: on any number of threads, and after any stop and resume. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "make_set.h"
#include "train_run.h"

static char *folder, paths[12][512];
enum { SET, FIRST, SECOND, LAST, BEST, LAST2, BEST2, FIRST_BEST, SECOND_BEST, OTHER };

static void set_up(void) {
    static const char *const names[] = {"set.h5",   "first.raw", "second.raw",     "last.h5",         "best.h5",
                                        "last2.h5", "best2.h5",  "first_best.raw", "second_best.raw", "other.h5"};
    folder = make_folder();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        snprintf(paths[i], sizeof paths[i], "%s", in_folder(folder, names[i]));
}

static void tear_down(void) { remove_folder(folder); }

/* Two networks, with everything in them that draws random numbers or keeps state. */
static const struct {
    const char *config;
    run_set set;
} cases[] = {
    {"model: {name: resnet20, stem: small, base: 5}\n"
     "batch: 8\n"
     "epochs: 4\n"
     "data: {file: '%s', validation: 0.3}\n"
     "augment: [{crop: {padding: 2}}, flip, {cutout: {size: 3}}]\n"
     "dropout: 0.3\n"
     "warmup: 1\n"
     "clip_norm: 0.5\n",
     {.H = 9, .W = 8, .C = 1, .classes = 3, .train = 61, .test = 5}},
    {"model: {name: resnet50, stem: small, base: 3}\n"
     "batch: 6\n"
     "epochs: 4\n"
     "data: {file: '%s'}\n"
     "optimizer: {adam: {lr: 3e-3}}\n"
     "augment: [flip, alternating_flip, {random_erasing: {p: 0.9, fill: noise}}]\n"
     "scheduler: cosine\n"
     "loss: {cross_entropy: {label_smoothing: 0.1}}\n"
     "evaluate: {every: 2}\n"
     "early_stop: {metric: loss}\n",
     {.H = 12, .W = 12, .C = 3, .classes = 4, .train = 33, .validation = 13}},
};
enum { CASES = sizeof cases / sizeof *cases };

static const char *config_of(int i) {
    static char text[2048];
    snprintf(text, sizeof text, cases[i].config, paths[SET]);
    run_set_write(paths[SET], &cases[i].set);
    return text;
}

static void check_progress(const rgm_progress *a, const rgm_progress *b) {
    ck_assert_int_eq(a->step, b->step);
    ck_assert_int_eq(a->epoch, b->epoch);
    ck_assert_int_eq(a->epoch_step, b->epoch_step);
    ck_assert_int_eq(a->best_epoch, b->best_epoch);
    ck_assert_int_eq(a->evaluations_without_gain, b->evaluations_without_gain);
    ck_assert_int_eq(memcmp(&a->best_metric, &b->best_metric, sizeof a->best_metric), 0);
    ck_assert_int_eq(memcmp(&a->tally.loss, &b->tally.loss, sizeof a->tally.loss), 0);
    ck_assert_int_eq(a->tally.seen, b->tally.seen);
}

START_TEST(any_number_of_threads) {
    static const int32_t threads[] = {2, 3, 4, 7};
    static run_result one, other;
    run_job job = {.config = config_of(_i), .threads = 1, .dump = paths[FIRST]};
    run_expect(&job, RGM_OK, &one);
    ck_assert_int_eq(one.steps, 20);
    ck_assert_int_ge(one.evaluations, 2);
    ck_assert_msg(one.loss[19] != one.loss[0], "nothing was learned");
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        run_job with = {.config = job.config, .threads = threads[i], .dump = paths[SECOND]};
        run_expect(&with, RGM_OK, &other);
        check_progress(&one.progress, &other.progress);
        ck_assert_msg(memcmp(one.loss, other.loss, sizeof one.loss) == 0, "losses differ with %d threads", threads[i]);
        ck_assert_msg(memcmp(one.norm, other.norm, sizeof one.norm) == 0, "norms differ with %d threads", threads[i]);
        ck_assert(memcmp(&one.test_loss, &other.test_loss, sizeof one.test_loss) == 0);
        ck_assert_msg(same_files(paths[FIRST], paths[SECOND]), "tensors differ with %d threads", threads[i]);
    }
}
END_TEST

/* The seed decides: another one must not give the same tensors (or the comparisons above say nothing). */
START_TEST(another_seed_other_bits) {
    static run_result r;
    char config[2200];
    run_job job = {.config = config_of(_i), .threads = 2, .dump = paths[FIRST]};
    run_expect(&job, RGM_OK, &r);
    snprintf(config, sizeof config, "%sseed: 2\n", job.config);
    run_job other = {.config = config, .threads = 2, .dump = paths[SECOND]};
    run_expect(&other, RGM_OK, &r);
    ck_assert(!same_files(paths[FIRST], paths[SECOND]));
}
END_TEST

/* Low memory: the same bits, stopped in one and continued in the other. Large enough that much is made again. */
START_TEST(low_memory) {
    static run_result whole, r;
    char config[2][1024];
    run_set_write(paths[SET], &(run_set){.H = 24, .W = 24, .C = 3, .classes = 3, .train = 256, .test = 64});
    for (int32_t i = 0; i < 2; i++)
        snprintf(config[i], sizeof config[i],
                 "model: {name: resnet20}\nbatch: 64\nepochs: 1\ndropout: 0.3\ndata: {file: '%s', validation: 0}\n"
                 "memory: %s\n",
                 paths[SET], i ? "low" : "normal");
    run_job job = {.config = config[0], .threads = 2, .dump = paths[FIRST]};
    run_expect(&job, RGM_OK, &whole);
    ck_assert_int_eq(whole.steps, 4);
    run_job low = {.config = config[1], .threads = 3, .dump = paths[SECOND]};
    run_expect(&low, RGM_OK, &r);
    ck_assert_msg(memcmp(whole.loss, r.loss, sizeof r.loss) == 0, "other losses in low memory");
    ck_assert_msg(same_files(paths[FIRST], paths[SECOND]), "other tensors in low memory");
    run_job part = {.config = config[1], .threads = 2, .stop_at = 2, .last = paths[LAST]};
    run_expect(&part, RGM_E_INTERRUPTED, &r);
    run_job rest = {.config = config[0], .threads = 1, .resume = paths[LAST], .dump = paths[SECOND]};
    run_expect(&rest, RGM_OK, &r);
    ck_assert_int_eq(r.differs, 0);
    ck_assert_msg(same_files(paths[FIRST], paths[SECOND]), "other tensors after a stop in low memory");
}
END_TEST

static void uninterrupted(const char *config, run_result *r) {
    run_job job = {.config = config, .threads = 2, .last = paths[LAST], .best = paths[BEST], .dump = paths[FIRST]};
    run_expect(&job, RGM_OK, r);
    run_job best = job;
    best.last = best.best = NULL;
    best.dump = paths[FIRST_BEST];
    best.resume = paths[LAST];
    best.load_after = paths[BEST];
    static run_result again;
    run_expect(&best, RGM_OK, &again);
    ck_assert_int_eq(again.steps, 0);
}

/* Goes on to the end and compares everything with the run that was not interrupted. */
static void finish(const char *config, const run_result *whole, int32_t threads) {
    static run_result r;
    run_job job = {.config = config,
                   .threads = threads,
                   .resume = paths[LAST2],
                   .last = paths[LAST2],
                   .best = paths[BEST2],
                   .dump = paths[SECOND]};
    run_expect(&job, RGM_OK, &r);
    check_progress(&whole->progress, &r.progress);
    ck_assert_int_eq(r.ending, whole->ending);
    ck_assert(memcmp(&whole->test_loss, &r.test_loss, sizeof r.test_loss) == 0);
    ck_assert(same_files(paths[FIRST], paths[SECOND]));
    run_job best = {.config = config,
                    .threads = threads,
                    .resume = paths[LAST2],
                    .load_after = paths[BEST2],
                    .dump = paths[SECOND_BEST]};
    run_expect(&best, RGM_OK, &r);
    ck_assert_int_eq(r.steps, 0);
    ck_assert_msg(same_files(paths[FIRST_BEST], paths[SECOND_BEST]), "the best checkpoints differ");
}

START_TEST(stopped_ten_times) {
    static run_result whole, r;
    const char *config = config_of(_i);
    uninterrupted(config, &whole);
    uint32_t state = (uint32_t)(7 + _i);
    int stops = 0;
    int64_t at = 0;
    for (int left = 20; left > 1; left--) {
        state = state * 1664525u + 1013904223u;
        int64_t step = 21 - left;
        if (step != 5 && step != 10 && (state >> 8) % 18 >= 9) continue; /* both ends of epochs in any case */
        run_job job = {.config = config,
                       .threads = 1 + stops % 3,
                       .resume = stops ? paths[LAST2] : NULL,
                       .last = paths[LAST2],
                       .best = paths[BEST2],
                       .stop_at = step};
        run_expect(&job, RGM_E_INTERRUPTED, &r);
        ck_assert_int_eq(r.progress.step, step);
        ck_assert_int_eq(r.steps, step - at);
        ck_assert_msg(!memcmp(r.loss, whole.loss + at, sizeof(double) * (size_t)(step - at)), "after step %d", (int)at);
        ck_assert_int_eq(r.differs, 0);
        at = step;
        stops++;
    }
    ck_assert_int_ge(stops, 5);
    finish(config, &whole, 2);
}
END_TEST

/* A limit of steps ends the epoch first, where it falls on its end; an interruption leaves the evaluation for later. */
START_TEST(limited_steps) {
    static run_result whole, r;
    char config[2200];
    const char *base = config_of(_i);
    uninterrupted(base, &whole);
    static const int64_t limits[] = {1, 5, 9, 10};
    for (size_t i = 0; i < 4; i++) {
        snprintf(config, sizeof config, "%ssteps: %lld\n", base, (long long)limits[i]);
        run_job job = {.config = config,
                       .threads = 2,
                       .resume = i ? paths[LAST2] : NULL,
                       .last = paths[LAST2],
                       .best = paths[BEST2]};
        run_expect(&job, RGM_OK, &r);
        ck_assert_int_eq(r.progress.step, limits[i]);
        ck_assert_int_eq(r.ending, RGM_END_STEPS);
        ck_assert_int_eq(r.progress.epoch, limits[i] / 5);
    }
    finish(base, &whole, 3);
}
END_TEST

START_TEST(stopped_in_an_evaluation) {
    static run_result whole, r;
    const char *config = config_of(_i);
    uninterrupted(config, &whole);
    for (int32_t round = 1; round <= 2; round++) {
        run_job job = {.config = config,
                       .threads = 2,
                       .resume = round > 1 ? paths[LAST2] : NULL,
                       .last = paths[LAST2],
                       .best = paths[BEST2],
                       .stop_in = round};
        run_expect(&job, RGM_E_INTERRUPTED, &r);
        ck_assert_int_eq(r.progress.step, r.steps_per_epoch * (_i == 0 ? round : 2 * round));
        ck_assert_int_eq(r.progress.epoch_step, r.steps_per_epoch);
    }
    finish(config, &whole, 2);
}
END_TEST

/* A process that dies between two checkpoints: the older one gives the same run. */
START_TEST(from_an_older_checkpoint) {
    static run_result whole, r;
    char config[2200];
    const char *base = config_of(_i);
    uninterrupted(base, &whole);
    snprintf(config, sizeof config, "%ssteps: 8\n", base);
    run_job job = {.config = config, .threads = 1, .last = paths[OTHER], .best = paths[BEST2]};
    run_expect(&job, RGM_OK, &r);
    run_job further = {.config = base, .threads = 1, .resume = paths[OTHER], .best = paths[BEST2], .stop_at = 17};
    run_expect(&further, RGM_E_INTERRUPTED, &r);
    run_job again = {
        .config = base, .threads = 2, .resume = paths[OTHER], .last = paths[LAST2], .best = paths[BEST2], .stop_at = 9};
    run_expect(&again, RGM_E_INTERRUPTED, &r);
    finish(base, &whole, 2);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("train");
    TCase *tcase = tcase_create("bits");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, any_number_of_threads, 0, CASES);
    tcase_add_loop_test(tcase, another_seed_other_bits, 0, CASES);
    tcase_add_test(tcase, low_memory);
    tcase_add_loop_test(tcase, stopped_ten_times, 0, CASES);
    tcase_add_loop_test(tcase, limited_steps, 0, CASES);
    tcase_add_loop_test(tcase, stopped_in_an_evaluation, 0, CASES);
    tcase_add_loop_test(tcase, from_an_older_checkpoint, 0, CASES);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
