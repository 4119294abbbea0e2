/* What a run does at its edges: where it begins and ends, what stops it, and the smallest sets there are. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "make_set.h"
#include "train_run.h"

static char *folder, paths[8][512];
enum { SET, FIRST, SECOND, LAST, BEST, COPY };

static void set_up(void) {
    static const char *const names[] = {"set.h5", "first.raw", "second.raw", "last.h5", "best.h5", "copy.h5"};
    folder = make_folder();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        snprintf(paths[i], sizeof paths[i], "%s", in_folder(folder, names[i]));
}

static void tear_down(void) { remove_folder(folder); }

/* The beginning of every configuration here, and what a test adds. */
static const char *configure(const char *more) {
    static char texts[4][2048];
    static int next;
    char *text = texts[next++ % 4];
    snprintf(text, sizeof texts[0], "data: {file: '%s', validation: 0}\nthreads: 2\n%s", paths[SET], more);
    return text;
}

static const run_set plain = {.H = 8, .W = 8, .C = 1, .classes = 3, .train = 24, .test = 7, .validation = 9};

#define RESNET "model: {name: resnet20, stem: small, base: 4}\nbatch: 6\n"
#define CNN    "model: {name: cnn, width: 0.25}\nbatch: 6\n"

static float *load_raw(const char *path, size_t *count) {
    FILE *in = fopen(path, "rb");
    ck_assert_ptr_nonnull(in);
    fseek(in, 0, SEEK_END);
    *count = (size_t)ftell(in) / sizeof(float);
    rewind(in);
    float *values = malloc(*count * sizeof(float));
    ck_assert_uint_eq(fread(values, sizeof(float), *count, in), *count);
    fclose(in);
    return values;
}

static void copy_file(const char *from, const char *to) {
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    ck_assert(in && out);
    for (int c; (c = getc(in)) != EOF;) putc(c, out);
    fclose(in);
    ck_assert_int_eq(fclose(out), 0);
}

/* ---- the beginning ---- */

static double entropy(const int32_t *labels, int32_t count, int32_t classes) {
    double sum = 0;
    for (int32_t c = 0; c < classes; c++) {
        int32_t n = 0;
        for (int32_t i = 0; i < count; i++) n += labels[i] == c;
        if (n) sum -= (double)n / count * log((double)n / count);
    }
    return sum;
}

/* With the classifier near zero and its bias at the class frequencies, the first loss is the labels' entropy. */
START_TEST(first_loss_is_the_entropy) {
    static const int32_t four[20] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 3};
    static const int32_t two[20] = {[3] = 1, [8] = 1};
    static run_result r;
    int32_t classes = _i == 0 ? 4 : 2;
    const int32_t *labels = _i == 0 ? four : two;
    run_set_write(
        paths[SET],
        &(run_set){.H = 8, .W = 8, .C = 2, .classes = classes, .train = 40, .labels = labels, .label_count = 20});
    char more[256];
    snprintf(more, sizeof more, "model: {name: resnet20, base: 4%s}\nbatch: 40\nsteps: 1\naugment: []\n",
             _i == 2 ? ", head: logit" : "");
    run_expect(&(run_job){.config = configure(more)}, RGM_OK, &r);
    double expected = entropy(labels, 20, classes);
    ck_assert_msg(fabs(r.loss[0] - expected) < 0.02, "first loss %g, entropy %g", r.loss[0], expected);
    strcat(more, "prior_bias: false\n");
    run_expect(&(run_job){.config = configure(more)}, RGM_OK, &r);
    ck_assert_msg(fabs(r.loss[0] - log(classes)) < 0.02, "without the bias %g", r.loss[0]);
}
END_TEST

/* A network may have more classes than the data: those beyond are never right, and never a target. */
START_TEST(more_classes_than_the_data) {
    static run_result r;
    run_set_write(paths[SET], &plain);
    run_expect(
        &(run_job){
            .config = configure(
                "model: {name: cnn, width: 0.25, classes: 9}\nbatch: 24\nsteps: 1\nprior_bias: false\naugment: []\n")},
        RGM_OK, &r);
    ck_assert_msg(fabs(r.loss[0] - log(9)) < 0.05, "first loss %g", r.loss[0]);
    run_expect(&(run_job){.config = configure("model: {name: cnn, classes: 2}\nsteps: 1\n")}, RGM_E_USAGE, &r);
}
END_TEST

START_TEST(overfits_a_batch) {
    static const char *const models[] = {"resnet20, base: 8", "resnet50, base: 4", "cnn", "mlp"};
    static run_result r;
    char more[512];
    run_set_write(paths[SET], &(run_set){.H = 8, .W = 8, .C = 1, .classes = 4, .train = 8, .seed = 3});
    snprintf(more, sizeof more,
             "model: {name: %s}\nbatch: 8\nepochs: 100\naugment: []\nregularize: []\nscheduler: cosine\n"
             "optimizer: {adam: {lr: 0.01}}\nsave: {every: 1000}\n",
             models[_i]);
    run_expect(&(run_job){.config = configure(more)}, RGM_OK, &r);
    ck_assert_int_eq(r.steps, 100);
    ck_assert_msg(r.loss[99] < 0.01, "%s: loss %g", models[_i], r.loss[99]);
}
END_TEST

/* ---- small sets ---- */

static const struct {
    run_set set;
    const char *more;
    int32_t labels[2];
    int64_t steps;
} small[] = {
    {{.train = 1, .classes = 2}, RESNET "epochs: 2\n", {1, 1}, 2},            /* one image, batch 6 */
    {{.train = 12, .classes = 2}, RESNET "epochs: 1\n", {1, 1}, 2},           /* labels of one class */
    {{.train = 5, .classes = 2, .test = 1}, RESNET "epochs: 2\n", {0, 1}, 2}, /* batch larger than the set */
    {{.train = 7, .classes = 2, .validation = 1, .test = 2}, CNN "epochs: 2\n", {0, 1}, 2}, /* a partial batch */
    {{.train = 13, .classes = 2}, RESNET "steps: 3\nepochs: 9\n", {0, 1}, 3},               /* a limit of steps */
    {{.train = 3, .classes = 2}, "model: {name: linear}\nbatch: 1\nepochs: 1\n", {0, 1}, 3},
};

START_TEST(small_sets) {
    static run_result r;
    run_set set = small[_i].set;
    set.H = 7, set.W = 5, set.C = 1;
    set.labels = small[_i].labels, set.label_count = 2;
    run_set_write(paths[SET], &set);
    run_expect(&(run_job){.config = configure(small[_i].more), .last = paths[LAST], .best = paths[BEST]}, RGM_OK, &r);
    ck_assert_int_eq(r.steps, small[_i].steps);
    ck_assert_int_eq(access(paths[LAST], F_OK), 0);
    ck_assert_int_eq(access(paths[BEST], F_OK) == 0, set.validation > 0); /* nothing was evaluated: nothing is best */
    ck_assert_int_eq(r.evaluations > 0, set.validation > 0);
    for (int32_t i = 0; i < r.steps; i++) ck_assert_msg(isfinite(r.loss[i]), "step %d", i);
    if (set.test) ck_assert(isfinite(r.test_loss));
}
END_TEST

START_TEST(one_class_refused) {
    static run_result r;
    static const int32_t labels[1];
    run_set set = plain;
    set.labels = labels, set.label_count = 1, set.test = set.validation = 0;
    run_set_write(paths[SET], &set);
    run_expect(&(run_job){.config = configure(RESNET)}, RGM_E_FORMAT, &r);
    ck_assert_msg(strstr(r.error, "at least two classes") != NULL, "%s", r.error);
}
END_TEST

/* ---- the end ---- */

/* The rate is 0: the first evaluation stays the best, and each one after it counts. */
static const char stuck[] = RESNET "epochs: 12\noptimizer: {sgd: {lr: 0}}\nregularize: []\n"
                                   "early_stop: {patience: 3, gain: 1}\n";

START_TEST(early_stopping) {
    static run_result r, again;
    run_set_write(paths[SET], &plain);
    run_job job = {.config = configure(stuck), .last = paths[LAST], .best = paths[BEST], .dump = paths[FIRST]};
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(r.ending, RGM_END_EARLY);
    ck_assert_int_eq(r.evaluations, 4);
    ck_assert_int_eq(r.progress.epoch, 4);
    ck_assert_int_eq(r.progress.evaluations_without_gain, 3);
    job.resume = paths[LAST];
    job.dump = paths[SECOND];
    run_expect(&job, RGM_OK, &again);
    ck_assert_msg(again.steps == 0 && again.ending == RGM_END_EARLY, "a run that had stopped early went on: %d steps",
                  again.steps);
    ck_assert(same_files(paths[FIRST], paths[SECOND]));
}
END_TEST

/* A run that gets worse: best.h5 stays at its best epoch while last.h5 goes on. */
START_TEST(best_and_last) {
    static run_result r, best, last;
    run_set_write(paths[SET], &plain);
    const char *config = configure(CNN "epochs: 8\naugment: []\nearly_stop: {metric: loss}\nscheduler: none\n"
                                       "optimizer: {sgd: {lr: 0.5}}\nregularize: []\n");
    run_expect(&(run_job){.config = config, .last = paths[LAST], .best = paths[BEST]}, RGM_OK, &r);
    ck_assert_int_ge(r.progress.best_epoch, 1);
    run_expect(&(run_job){.config = config, .resume = paths[BEST], .stop_at = 1, .dump = paths[FIRST]}, RGM_OK, &best);
    run_expect(&(run_job){.config = config, .resume = paths[LAST], .dump = paths[SECOND]}, RGM_OK, &last);
    ck_assert_int_eq(last.steps, 0);
    ck_assert_int_eq(best.steps, (8 - r.progress.best_epoch) * r.steps_per_epoch);
    ck_assert(same_files(paths[FIRST], paths[SECOND])); /* and from the best, too, a run goes on with the same bits */
}
END_TEST

/* ---- numbers ---- */

static const struct {
    const char *more;
} diverging[] = {
    {CNN "augment: []\nscheduler: none\noptimizer: {sgd: {lr: 1000}}\nregularize: [{weight_decay: {rate: 9}}]\n"},
    {RESNET "augment: []\nscheduler: none\noptimizer: {sgd: {lr: 1000}}\nregularize: [{weight_decay: {rate: 10}}]\n"},
    {"model: {name: mlp}\nbatch: 4\naugment: []\nscheduler: none\noptimizer: {sgd: {lr: 1000, momentum: 1}}\n"},
};

START_TEST(divergence) {
    static run_result r;
    run_set set = plain;
    set.train = 600; /* one epoch is long enough: no checkpoint is due before it happens */
    run_set_write(paths[SET], &set);
    char more[512];
    snprintf(more, sizeof more, "%ssteps: 1\n", diverging[_i].more);
    run_job good = {.config = configure(more), .last = paths[LAST], .dump = paths[FIRST]};
    run_expect(&good, RGM_OK, &r);
    copy_file(paths[LAST], paths[COPY]);
    run_job bad = {.config = configure(diverging[_i].more), .load_before = paths[LAST], .last = paths[LAST]};
    run_expect(&bad, RGM_E_NUMERIC, &r);
    char step[32];
    snprintf(step, sizeof step, "step %d", (int)r.progress.step);
    ck_assert_msg(strstr(r.error, step) != NULL, "expected '%s' in: %s", step, r.error);
    ck_assert_msg(strstr(r.error, "the first layer with a bad output is ") || strstr(r.error, "it begins at "), "%s",
                  r.error);
    ck_assert_msg(strstr(r.error, "\n") == NULL && strlen(r.error) < 200, "%s", r.error);
    ck_assert_msg(same_files(paths[LAST], paths[COPY]), "the checkpoint has changed");
}
END_TEST

static double distance(const float *a, const float *b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return sqrt(sum);
}

/* Plain gradient descent with rate 1 moves the parameters by the clipped gradient. A linear model has no statistics in
 * the dump. */
START_TEST(clipping) {
    static run_result r;
    size_t n, m;
    run_set_write(paths[SET], &plain);
    static const char base[] = "model: {name: linear}\nbatch: 24\naugment: []\nregularize: []\nscheduler: none\n"
                               "optimizer: {sgd: {lr: 1, momentum: 0, nesterov: false}}\n";
    static const double limits[] = {0, 0.001, 0.01, 1e6};
    char more[512];
    snprintf(more, sizeof more, "%ssteps: 1\n", base);
    run_expect(&(run_job){.config = configure(more), .last = paths[LAST], .dump = paths[FIRST]}, RGM_OK, &r);
    float *before = load_raw(paths[FIRST], &n);
    snprintf(more, sizeof more, "%ssteps: 1\nclip_norm: %g\n", base, limits[_i]);
    run_expect(&(run_job){.config = configure(more), .load_before = paths[LAST], .dump = paths[SECOND]}, RGM_OK, &r);
    float *after = load_raw(paths[SECOND], &m);
    ck_assert_uint_eq(n, m);
    double moved = distance(before, after, n), norm = r.norm[0];
    ck_assert_msg(norm > 0.012, "the gradient's norm %g", norm);
    double expected = limits[_i] > 0 && limits[_i] < norm ? limits[_i] : norm;
    ck_assert_msg(fabs(moved - expected) < 1e-3 * expected, "moved by %g, expected %g", moved, expected);
    free(before);
    free(after);
}
END_TEST

/* ---- resuming what is not this run ---- */

START_TEST(other_runs_refused) {
    static run_result r;
    run_set_write(paths[SET], &plain);
    run_expect(&(run_job){.config = configure(RESNET "steps: 3\n"), .last = paths[LAST]}, RGM_OK, &r);
    run_job job = {.resume = paths[LAST], .config = configure(RESNET "seed: 2\n")};
    run_expect(&job, RGM_E_USAGE, &r);
    ck_assert_msg(strstr(r.error, "seed 1") && strstr(r.error, paths[LAST]), "%s", r.error);
    job.config = configure(RESNET "epochs: 1\nbatch: 24\n");
    run(&job, &r);
    ck_assert_msg(r.status < 0 && !r.crashed, "another batch size: status %d", r.status);
    job.config = configure("model: {name: resnet20, stem: small, base: 6}\nbatch: 6\n");
    run_expect(&job, RGM_E_USAGE, &r);
    ck_assert_msg(strstr(r.error, "model.base"), "%s", r.error);
    job.config = configure(RESNET "optimizer: adam\n");
    run(&job, &r);
    ck_assert_msg(r.status < 0 && !r.crashed, "another optimizer: status %d", r.status);
    job.config = configure(RESNET);
    job.build = "regimen 0.0.1, another machine";
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(r.differs, 1);
    ck_assert_msg(strncmp(r.build, "regimen ", 8) == 0 && !strstr(r.build, "another"), "%s", r.build);
    run_set other = plain;
    other.seed = 5;
    run_set_write(paths[SET], &other);
    job.build = NULL;
    run_expect(&job, RGM_E_USAGE, &r);
    ck_assert_msg(strstr(r.error, "other data") != NULL, "%s", r.error);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("train edges");
    TCase *tcase = tcase_create("edges");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, first_loss_is_the_entropy, 0, 3);
    tcase_add_test(tcase, more_classes_than_the_data);
    tcase_add_loop_test(tcase, overfits_a_batch, 0, 4);
    tcase_add_loop_test(tcase, small_sets, 0, sizeof small / sizeof *small);
    tcase_add_test(tcase, one_class_refused);
    tcase_add_test(tcase, early_stopping);
    tcase_add_test(tcase, best_and_last);
    tcase_add_loop_test(tcase, divergence, 0, sizeof diverging / sizeof *diverging);
    tcase_add_loop_test(tcase, clipping, 0, 4);
    tcase_add_test(tcase, other_runs_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
