/* What a run does at its edges: where it begins and ends, what stops it, and the smallest sets there are. */
#include <check.h>
#include <float.h>
#include <hdf5.h>
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

/* Slow, steady learning: each evaluation is better than the one before, by less than the gain that is asked for. */
static const char steady[] = "model: {name: linear}\nbatch: 24\nepochs: 24\naugment: []\nregularize: []\n"
                             "scheduler: none\noptimizer: {sgd: {lr: 0.001, momentum: 0, nesterov: false}}\n"
                             "early_stop: {metric: loss, ";

/* What must be counted after evaluation `last`: patience is measured from the last gain, so small steps add up. */
static int32_t evaluations_without_gain(const run_result *r, int32_t last, double gain) {
    double at_gain = r->validation_loss[0];
    int32_t since = 0;
    for (int32_t i = 1; i <= last; i++) {
        since++;
        if (r->validation_loss[i] < at_gain - gain) at_gain = r->validation_loss[i], since = 0;
    }
    return since;
}

START_TEST(small_gains) {
    static run_result free_run, r;
    char more[512];
    run_set_write(paths[SET], &plain);
    snprintf(more, sizeof more, "%spatience: 0}\n", steady);
    run_expect(&(run_job){.config = configure(more)}, RGM_OK, &free_run);
    ck_assert_int_eq(free_run.evaluations, 24);
    const double *loss = free_run.validation_loss;
    for (int32_t i = 1; i < 24; i++)
        ck_assert_msg(loss[i] < loss[i - 1] && loss[i - 1] - loss[i] > 0.5 * (loss[0] - loss[1]),
                      "not steady: %g after %g", loss[i], loss[i - 1]);
    double gain = 2.5 * (loss[0] - loss[1]); /* each third evaluation or so reaches it */
    for (int32_t patience = 2; patience <= 8; patience += 6) {
        snprintf(more, sizeof more, "%spatience: %d, gain: %.17g}\n", steady, patience, gain);
        run_expect(&(run_job){.config = configure(more)}, RGM_OK, &r);
        int32_t end = 1; /* evaluations until patience is over */
        while (end < 24 && evaluations_without_gain(&free_run, end - 1, gain) < patience) end++;
        ck_assert_int_eq(r.evaluations, end);
        ck_assert_int_eq(r.ending, patience == 2 ? RGM_END_EARLY : RGM_END_COMPLETE);
        for (int32_t i = 0; i < end; i++) {
            ck_assert(r.validation_loss[i] == loss[i]);
            ck_assert_int_eq(r.without_gain[i], evaluations_without_gain(&free_run, i, gain));
        }
        ck_assert_int_eq(r.progress.best_epoch, end); /* the best is the best, gain or not */
    }
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
    set.test = 0;    /* after such a step an evaluation may overflow */
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

/* One logit that is NaN is no prediction of either class. */
static const run_set two_classes = {.H = 8, .W = 8, .C = 1, .classes = 2, .train = 24, .test = 8};

#define ONE_LOGIT "model: {name: linear, head: logit}\nbatch: 6\nsteps: 1\n"

static void write_tensor(hid_t model, const char *name, int rank, float value) {
    static const hsize_t dims[2] = {1, 64};
    float values[64];
    for (int i = 0; i < 64; i++) values[i] = value;
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t set = H5Dcreate2(model, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Dclose(set);
    H5Sclose(space);
}

/* Weights, by no program of ours, that make every logit `logit`. */
static void write_one_logit(const char *path, float logit) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t model = H5Gcreate2(file, "model", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    write_tensor(model, "fc.weight", 2, 0);
    write_tensor(model, "fc.bias", 1, logit);
    H5Gclose(model);
    H5Fclose(file);
}

START_TEST(nan_logit_stops) {
    static run_result r;
    run_set_write(paths[SET], &two_classes);
    write_one_logit(paths[FIRST], 1);
    run_job job = {.config = configure(ONE_LOGIT), .load_before = paths[FIRST], .last = paths[LAST]};
    run_expect(&job, RGM_OK, &r);
    ck_assert_int_eq(unlink(paths[LAST]), 0);
    write_one_logit(paths[FIRST], NAN);
    run_expect(&job, RGM_E_NUMERIC, &r);
    ck_assert_int_eq(rgm_status_exit_code(r.status), 4);
    ck_assert_int_eq(r.steps, 0);
    ck_assert_msg(strstr(r.error, "step 0: the loss is not finite") && !strchr(r.error, '\n'), "%s", r.error);
    ck_assert_int_ne(access(paths[LAST], F_OK), 0);
}
END_TEST

START_TEST(nan_logit_is_never_right) {
    static const float logits[] = {-1, 1, NAN}; /* class 0 for all, class 1 for all, none */
    static const int64_t right[] = {4, 4, 0};
    static run_result r;
    run_set_write(paths[SET], &two_classes);
    write_one_logit(paths[FIRST], logits[_i]);
    run_expect(&(run_job){.config = configure(ONE_LOGIT), .load_after = paths[FIRST]},
               right[_i] ? RGM_OK : RGM_E_NUMERIC, &r);
    ck_assert_int_eq(r.test_right, right[_i]);
    ck_assert_int_eq(!isnan(r.test_loss), right[_i] > 0);
}
END_TEST

/* The weights of a checkpoint in a file by no program of ours, with one value replaced. */
static void copy_with(const char *from, const char *to, const char *name, float value) {
    char path[96];
    snprintf(path, sizeof path, "model/%s", name);
    hid_t old = H5Fopen(from, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t file = H5Fcreate(to, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Ocopy(old, "model", file, "model", H5P_DEFAULT, H5P_DEFAULT), 0);
    hid_t set = H5Dopen2(file, path, H5P_DEFAULT), space = H5Dget_space(set);
    float *values = malloc(sizeof *values * (size_t)H5Sget_simple_extent_npoints(space));
    ck_assert_ptr_nonnull(values);
    ck_assert_int_ge(H5Dread(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    values[0] = value;
    ck_assert_int_ge(H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    free(values);
    H5Sclose(space);
    H5Dclose(set);
    H5Fclose(file);
    H5Fclose(old);
}

/* Where oneDNN's ReLU would make numbers of a NaN, the evaluation names what it comes from instead. */
START_TEST(nan_weight_is_not_hidden) {
    static const char *const names[] = {"layer1.0.conv1.weight", "layer1.0.bn1.running_mean"};
    static run_result r;
    const char *config = configure("model: {name: resnet20, base: 8}\nbatch: 6\nsteps: 1\n");
    run_set_write(paths[SET], &two_classes);
    run_expect(&(run_job){.config = config, .last = paths[LAST]}, RGM_OK, &r);
    copy_with(paths[LAST], paths[FIRST], names[_i], 0.5f);
    run_expect(&(run_job){.config = config, .load_after = paths[FIRST]}, RGM_OK, &r);
    ck_assert(isfinite(r.test_loss));
    copy_with(paths[LAST], paths[FIRST], names[_i], NAN);
    run_expect(&(run_job){.config = config, .load_after = paths[FIRST]}, RGM_E_NUMERIC, &r);
    ck_assert_msg(strstr(r.error, "evaluation: ") && strstr(r.error, names[_i]), "%s", r.error);
}
END_TEST

/* Finite weights whose products are not. */
START_TEST(overflow_in_an_evaluation) {
    static run_result r;
    run_set_write(paths[SET], &two_classes);
    const char *config = configure("model: {name: linear}\nbatch: 6\nsteps: 1\n");
    run_expect(&(run_job){.config = config, .last = paths[LAST]}, RGM_OK, &r);
    copy_with(paths[LAST], paths[FIRST], "fc.weight", FLT_MAX);
    run_expect(&(run_job){.config = config, .load_after = paths[FIRST]}, RGM_E_NUMERIC, &r);
    ck_assert_msg(strstr(r.error, "evaluation: the loss over 8 images is not finite"), "%s", r.error);
}
END_TEST

/* Statistics that no batch has, in a checkpoint; and finite ones whose shift is not. */
START_TEST(bad_statistics_are_named) {
    static const struct {
        const char *name;
        float value;
        rgm_status status;
        const char *part;
    } t[] = {{"layer1.0.bn1.running_var", 0, RGM_OK, ""},
             {"layer1.0.bn1.running_var", -1e-30f, RGM_E_FORMAT,
              ": model/layer1.0.bn1.running_var: expected finite variances"},
             {"bn1.running_var", NAN, RGM_E_FORMAT, ": model/bn1.running_var: expected finite variances"},
             {"layer3.2.bn2.running_var", INFINITY, RGM_E_FORMAT, "found inf"},
             {"layer2.1.bn1.running_mean", -FLT_MAX, RGM_E_NUMERIC, "evaluation: layer2.1.bn1: scale, shift"}};
    static run_result r;
    char config[256];
    for (int32_t conv = 0; conv < 2; conv++) {
        snprintf(config, sizeof config, "model: {name: resnet20, base: 8}\nbatch: 6\nsteps: 1\nengine: {conv: %s}\n",
                 conv ? "direct" : "auto");
        run_set_write(paths[SET], &two_classes);
        run_expect(&(run_job){.config = configure(config), .last = paths[LAST]}, RGM_OK, &r);
        for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
            copy_with(paths[LAST], paths[FIRST], t[i].name, t[i].value);
            if (t[i].status == RGM_E_NUMERIC) copy_with(paths[FIRST], paths[SECOND], "layer2.1.bn1.weight", 1e6f);
            run_expect(&(run_job){.config = configure(config),
                                  .load_after = paths[t[i].status == RGM_E_NUMERIC ? SECOND : FIRST]},
                       t[i].status, &r);
            ck_assert_msg(strstr(r.error, t[i].part), "%zu: %s", i, r.error);
        }
    }
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

/* ---- plugins at their limits ---- */

/* Rows of 1728 elements, and tensors larger and smaller than the spans that initializers of single elements get: rows
 * and tensors come whole, on any number of threads. */
START_TEST(initializers_scope) {
    static const int32_t units[] = {300, 4}, threads[] = {1, 3, 7};
    static const char *const names[] = {"by_row", "by_tensor"};
    static run_result r;
    char more[512];
    run_set_write(paths[SET], &(run_set){.H = 24, .W = 24, .C = 3, .classes = 3, .train = 6});
    for (size_t u = 0; u < 2; u++) {
        snprintf(more, sizeof more,
                 "model: {name: mlp, base: %d}\nbatch: 6\nsteps: 1\nregularize: []\ninit: %s\n"
                 "optimizer: {sgd: {lr: 0}}\nplugins: ['" RGM_FIXTURES "/train/scoped.so']\n",
                 units[u], names[_i]);
        for (size_t t = 0; t < 3; t++) {
            run_job job = {.config = configure(more), .threads = threads[t], .dump = paths[t ? SECOND : FIRST]};
            run_expect(&job, RGM_OK, &r);
            if (t) ck_assert_msg(same_files(paths[FIRST], paths[SECOND]), "%d threads: other values", threads[t]);
        }
        size_t n, row = 24 * 24 * 3, unit = _i == 0 ? row : row * (size_t)units[u];
        float *values = load_raw(paths[FIRST], &n); /* fc1.weight comes first */
        ck_assert_uint_ge(n, row * (size_t)units[u]);
        for (size_t first = 0; first < row * (size_t)units[u]; first += unit) {
            double sum = 0, size = 0;
            for (size_t i = first; i < first + unit; i++) sum += (double)values[i], size += fabs((double)values[i]);
            ck_assert_msg(size > 0.2 * (double)unit && fabs(sum) < 1e-6 * size, "unit at %zu: sum %g of %g", first, sum,
                          size);
        }
        free(values);
    }
}
END_TEST

/* What an activation in dropout's place may ask for today: scratch. */
static const struct {
    const char *file, *part;
} dropouts[] = {
    {"PLAIN", NULL},
    {"INPUT", "dropout: expected a plugin that acts in training only and whose backward needs neither its input"},
    {"OUTPUT", "nor its output"},
    {"ALWAYS", "acts in training only"},
    {"SCRATCH", NULL},
};

START_TEST(dropouts_that_ask) {
    static run_result r;
    char more[512];
    run_set_write(paths[SET], &plain);
    snprintf(more, sizeof more,
             "model: {name: mlp}\nbatch: 6\nsteps: 1\ndropout: 0.5\nplugins: ['%s/train/dropout_%s.so']\n",
             RGM_FIXTURES, dropouts[_i].file);
    run_expect(&(run_job){.config = configure(more)}, dropouts[_i].part ? RGM_E_UNSUPPORTED : RGM_OK, &r);
    ck_assert_int_eq(r.steps, dropouts[_i].part ? 0 : 1);
    if (!dropouts[_i].part) return;
    ck_assert_msg(strstr(r.error, dropouts[_i].part) && !strchr(r.error, '\n'), "%s", r.error);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("train edges");
    TCase *tcase = tcase_create("edges");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, first_loss_is_the_entropy, 0, 3);
    tcase_add_test(tcase, more_classes_than_the_data);
    tcase_add_loop_test(tcase, overfits_a_batch, 0, 4);
    tcase_add_loop_test(tcase, small_sets, 0, sizeof small / sizeof *small);
    tcase_add_test(tcase, one_class_refused);
    tcase_add_test(tcase, early_stopping);
    tcase_add_test(tcase, small_gains);
    tcase_add_test(tcase, best_and_last);
    tcase_add_loop_test(tcase, divergence, 0, sizeof diverging / sizeof *diverging);
    tcase_add_test(tcase, nan_logit_stops);
    tcase_add_loop_test(tcase, nan_logit_is_never_right, 0, 3);
    tcase_add_loop_test(tcase, nan_weight_is_not_hidden, 0, 2);
    tcase_add_test(tcase, overflow_in_an_evaluation);
    tcase_add_test(tcase, bad_statistics_are_named);
    tcase_add_loop_test(tcase, clipping, 0, 4);
    tcase_add_loop_test(tcase, initializers_scope, 0, 2);
    tcase_add_loop_test(tcase, dropouts_that_ask, 0, sizeof dropouts / sizeof *dropouts);
    tcase_add_test(tcase, other_runs_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
