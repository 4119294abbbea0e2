/* What a model carries with it from one process to the next: its own constants, the states of plugins, what its run
 * began with. Whatever has changed in between is refused, or said by name; nothing passes in silence. */
#include <check.h>
#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "checkpoint_v1.h"
#include "data/fingerprint.h"
#include "make_set.h"
#include "graph/family.h"
#include "train_run.h"

static char *folder, paths[6][512];
enum { SET, FIRST, SECOND, LAST, OTHER, LOG };

static void set_up(void) {
    static const char *const names[] = {"set.h5", "first.raw", "second.raw", "last.h5", "other.h5", "log.txt"};
    folder = make_folder();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        snprintf(paths[i], sizeof paths[i], "%s", in_folder(folder, names[i]));
}

static void tear_down(void) { remove_folder(folder); }

/* Foreign sets: more images than a checkpoint of version 1 looks at. */
static const rgm_test_set large = {.train = 2400, .test = 48, .H = 4, .W = 4, .C = 2, .classes = 3, .names = 1};
static const rgm_test_set little = {.train = 48, .test = 12, .H = 4, .W = 4, .C = 2, .classes = 3, .names = 1};

/* A linear model, whose graph a test can make as well. */
#define LINEAR "model: {name: linear}\nepochs: 4\naugment: [{crop: {padding: 1, fill: mean}}]\n"

static const char *configure(const char *more) {
    static char texts[4][2048];
    static int next;
    char *text = texts[next++ % 4];
    snprintf(text, sizeof texts[0], "data: {file: '%s', validation: 0.25}\nthreads: 2\n%s", paths[SET], more);
    return text;
}

/* Does the log of the runs so far have a line with these parts? The log is emptied. */
static int logged(const char *part, const char *second) {
    char line[2048];
    int found = 0;
    FILE *in = fopen(paths[LOG], "r");
    while (in && fgets(line, sizeof line, in)) found |= strstr(line, part) && strstr(line, second);
    if (in) fclose(in);
    unlink(paths[LOG]);
    return found;
}

static int is_quiet(void) { /* no word of warning */
    return !logged("warning", "");
}

/* The whole run to FIRST, and the same stopped after `step` with its checkpoint in LAST. */
static void begin(const char *config, int64_t step) {
    static run_result r;
    run_expect(&(run_job){.config = config, .dump = paths[FIRST]}, RGM_OK, &r);
    run_expect(&(run_job){.config = config, .last = paths[LAST], .stop_at = step, .log = paths[LOG]}, RGM_E_INTERRUPTED,
               &r);
    ck_assert(is_quiet());
}

/* Goes on from a checkpoint to the end, which must be the one of the whole run. */
static void go_on(const char *config, const char *checkpoint) {
    static run_result r;
    run_expect(
        &(run_job){
            .config = config, .resume = checkpoint, .last = paths[OTHER], .dump = paths[SECOND], .log = paths[LOG]},
        RGM_OK, &r);
    ck_assert_msg(same_files(paths[FIRST], paths[SECOND]), "other bits");
}

/* Going on must be refused, with these parts in the line. */
static void stays(const char *config, rgm_status status, const char *part, const char *second) {
    static run_result r;
    run_expect(&(run_job){.config = config, .resume = paths[LAST], .log = paths[LOG]}, status, &r);
    ck_assert_msg(strstr(r.error, part) && strstr(r.error, second) && !strchr(r.error, '\n'), "%s", r.error);
    ck_assert_int_eq(r.steps, 0);
}

/* ---- checkpoints to change ---- */

/* A checkpoint of LINEAR with momentum, whole. */
static test_checkpoint *load(const char *path) {
    static rgm_graph *graph;
    static float value[2][512], stat[64];
    static char text[4][65536];
    rgm_error err = {0};
    const rgm_family_options options = {.name = "linear", .C = 2, .H = 4, .W = 4, .outputs = 3};
    if (!graph) ck_assert_int_eq(rgm_family_build(&graph, &options, &err), RGM_OK);
    ck_assert_int_le(rgm_graph_param_floats(graph), 512);
    rgm_checkpoint_reader *reader;
    ck_assert_msg(rgm_checkpoint_open(&reader, path, NULL, &err) == RGM_OK, "%s", err.text);
    static test_checkpoint c;
    c.about = *rgm_checkpoint_header(reader);
    const char **texts[] = {&c.about.config, &c.about.build, &c.about.plugins, &c.about.classes};
    for (int i = 0; i < 4; i++) {
        snprintf(text[i], sizeof text[i], "%s", *texts[i]);
        *texts[i] = text[i];
    }
    c.state = (rgm_state){.graph = graph,
                          .value = value[0],
                          .stat = stat,
                          .slot = {value[1]},
                          .slot_count = 1,
                          .slot_name = {"momentum"}};
    ck_assert_msg(rgm_checkpoint_read(reader, &c.state, 1, &err) == RGM_OK, "%s", err.text);
    rgm_checkpoint_close(reader);
    return &c;
}

static void store(const test_checkpoint *c) {
    rgm_error err = {0};
    ck_assert_msg(rgm_checkpoint_write(&c->about, &c->state, paths[LAST], &err) == RGM_OK, "%s", err.text);
}

/* LAST again, as version 1 would have written it. */
static void make_v1(void) {
    test_checkpoint *c = load(paths[LAST]);
    rgm_dataset *set = open_set(paths[SET], RGM_ACCESS_AUTO);
    ck_assert_int_eq(rgm_fingerprint_sampled(set, &c->about.fingerprint, NULL), RGM_OK);
    rgm_dataset_close(set);
    write_v1(c, paths[LAST]);
}

/* ---- the data ---- */

static void flip_pixel(const char *path, hsize_t image) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(file, "train/images", H5P_DEFAULT);
    const hsize_t at[4] = {image, 3, 3, 1}, one[4] = {1, 1, 1, 1};
    hid_t space = H5Dget_space(set), memory = H5Screate_simple(4, one, NULL);
    uint8_t value;
    H5Sselect_hyperslab(space, H5S_SELECT_SET, at, NULL, one, NULL);
    ck_assert_int_ge(H5Dread(set, H5T_NATIVE_UINT8, memory, space, H5P_DEFAULT, &value), 0);
    value ^= 255;
    ck_assert_int_ge(H5Dwrite(set, H5T_NATIVE_UINT8, memory, space, H5P_DEFAULT, &value), 0);
    H5Sclose(space), H5Sclose(memory), H5Dclose(set), H5Fclose(file);
}

START_TEST(every_pixel_counts) {
    const char *config = configure(LINEAR "batch: 200\n");
    rgm_test_set made = large;
    made.constants = 1; /* so that a pixel does not change the mean */
    make_set(paths[SET], &made);
    begin(config, 5);
    flip_pixel(paths[SET], 1);
    stays(config, RGM_E_USAGE, "other data", paths[SET]);
    flip_pixel(paths[SET], 1);
    go_on(config, paths[LAST]);
    ck_assert(is_quiet());
}
END_TEST

/* Another mean in the file: the run goes on with its own, and says so. */
START_TEST(constants_are_the_models) {
    const char *config = configure(LINEAR "batch: 12\n");
    rgm_test_set made = little;
    make_set(paths[SET], &made);
    begin(config, 5);
    made.constants = 1;
    make_set(paths[SET], &made);
    go_on(config, paths[LAST]);
    ck_assert(logged("it has mean 0.25 0.25, std 0.5 0.5; the model's own are used: mean 0.", paths[SET]));
    test_checkpoint *c = load(paths[OTHER]);
    ck_assert(c->about.input.known && c->about.input.mean[0] != 0.25f);
    ck_assert_int_eq(c->about.input.classes, 3);
    ck_assert_int_eq(c->about.input.image[0], 2);
}
END_TEST

static void rename_class(const char *path, const char *name) {
    const char *names[] = {"class 0", name, "class 2"};
    const hsize_t count = 3;
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    ck_assert_int_ge(H5Adelete(file, "class_names"), 0);
    hid_t space = H5Screate_simple(1, &count, NULL);
    hid_t a = H5Acreate2(file, "class_names", type, space, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Awrite(a, type, names), 0);
    H5Aclose(a), H5Sclose(space), H5Tclose(type), H5Fclose(file);
}

START_TEST(class_names_are_the_models) {
    const char *config = configure(LINEAR "batch: 12\n");
    make_set(paths[SET], &little);
    begin(config, 5);
    rename_class(paths[SET], "zebra");
    go_on(config, paths[LAST]);
    ck_assert(logged("its class 1 is 'zebra', in the run it is 'class 1'", paths[SET]));
    ck_assert_str_eq(load(paths[OTHER])->about.classes, "class 0\nclass 1\nclass 2\n");
}
END_TEST

/* A stop does not wait for the hash of the pixels; the run that goes on says what it could not compare. */
START_TEST(stopped_before_the_hash) {
    static run_result r;
    const char *config = configure(LINEAR "batch: 200\n");
    make_set(paths[SET], &large);
    begin(config, 5);
    run_job job = {.config = config, .last = paths[LAST], .stop_at = 5, .asks_stop = 1};
    run_expect(&job, RGM_E_INTERRUPTED, &r);
    ck_assert_int_eq(load(paths[LAST])->about.fingerprint_pixels, 0);
    go_on(config, paths[LAST]);
    ck_assert(logged("stopped before all pixels were hashed", paths[LAST]));
    ck_assert_int_eq(load(paths[OTHER])->about.fingerprint_pixels, 1);
    rgm_test_set made = large;
    made.classes = 2;
    make_set(paths[SET], &made);
    stays(config, RGM_E_USAGE, "", "");
}
END_TEST

/* ---- version 1 ---- */

START_TEST(version_1_goes_on) {
    const char *config = configure(LINEAR "batch: 200\n");
    make_set(paths[SET], &large);
    begin(config, 5);
    make_v1();
    go_on(config, paths[LAST]);
    test_checkpoint *c = load(paths[OTHER]);
    ck_assert_int_eq(c->about.version, 2);
    ck_assert_int_eq(c->about.input.known, 1);
    ck_assert(logged("a checkpoint of format version 1 has no mean and std; those of", paths[SET]));
    go_on(config, paths[LAST]);
    ck_assert(logged("format version 1: up to 1024 images a split are compared", paths[LAST]));
    flip_pixel(paths[SET], 0);
    stays(config, RGM_E_USAGE, "other data", paths[SET]);
}
END_TEST

static void evaluate(const char *checkpoint, run_result *r) {
    run_expect(&(run_job){.config = configure(LINEAR "batch: 12\n"), .evaluate = checkpoint, .log = paths[LOG]}, RGM_OK,
               r);
}

START_TEST(version_1_is_evaluated) {
    static run_result two, one, other;
    make_set(paths[SET], &little);
    begin(configure(LINEAR "batch: 12\n"), 5);
    evaluate(paths[LAST], &two);
    ck_assert(is_quiet());
    rgm_test_set made = little;
    made.constants = 1;
    make_set(paths[SET], &made);
    evaluate(paths[LAST], &other); /* another mean beside the same test images */
    ck_assert(logged("the model's own are used", "0.25"));
    ck_assert(memcmp(&two.test_loss, &other.test_loss, sizeof two.test_loss) == 0);
    made.train = 0, made.constants = 0; /* none at all */
    make_set(paths[SET], &made);
    evaluate(paths[LAST], &other);
    ck_assert(is_quiet());
    ck_assert(memcmp(&two.test_loss, &other.test_loss, sizeof two.test_loss) == 0);
    make_set(paths[SET], &little);
    make_v1();
    evaluate(paths[LAST], &one);
    ck_assert(logged("format version 1", "are assumed"));
    ck_assert(memcmp(&two.test_loss, &one.test_loss, sizeof two.test_loss) == 0);
    run_job held_out = {
        .config = configure(LINEAR "batch: 12\n"), .evaluate = paths[LAST], .held_out = 1, .log = paths[LOG]};
    run_expect(&held_out, RGM_OK, &one);
    ck_assert(logged("images that its run was trained on may be among those held out now", paths[LAST]));
}
END_TEST

/* ---- the configuration ---- */

/* The rate is 0: the first evaluation is the best, and each one after it counts. */
#define STUCK LINEAR "batch: 12\noptimizer: {sgd: {lr: 0}}\nregularize: []\n"

START_TEST(another_metric_begins_anew) {
    static run_result r;
    make_set(paths[SET], &little);
    const char *config = configure(STUCK "early_stop: {patience: 3}\n");
    run_job job = {.config = config, .last = paths[LAST], .stop_at = 8};
    run_expect(&job, RGM_E_INTERRUPTED, &r);
    ck_assert_int_eq(load(paths[LAST])->about.progress.evaluations_without_gain, 1);
    ck_assert_int_eq(load(paths[LAST])->about.progress.best_epoch, 1);
    run_job same = {.config = config, .resume = paths[LAST], .last = paths[OTHER], .log = paths[LOG]};
    run_expect(&same, RGM_OK, &r);
    ck_assert_int_eq(r.ending, RGM_END_EARLY);
    ck_assert(is_quiet());
    same.config = configure(STUCK "early_stop: {patience: 3, metric: loss}\n");
    run_expect(&same, RGM_OK, &r);
    ck_assert(logged("early_stop.metric was accuracy and is loss", "anew"));
    ck_assert_int_eq(r.progress.best_epoch, 3);
    ck_assert_int_eq(r.progress.evaluations_without_gain, 1);
    ck_assert(r.progress.best_metric < 0); /* a loss, where larger is better */
}
END_TEST

#define GROWING(version, parameters)                                                                                   \
    LINEAR "batch: 12\nscheduler: {growing: " parameters "}\nplugins: ['" RGM_FIXTURES "/train/versions_" version      \
           ".so']\n"

START_TEST(states_grow) {
    make_set(paths[SET], &little);
    const char *config = configure(GROWING("1", "{}"));
    begin(config, 7); /* after two evaluations */
    go_on(config, paths[LAST]);
    ck_assert(is_quiet());
}
END_TEST

/* A newer version has another say in the bits, nobody knows how much; what it has gained stands at its default. */
START_TEST(versions_of_plugins) {
    make_set(paths[SET], &little);
    begin(configure(GROWING("1", "{}")), 7);
    go_on(configure(GROWING("2", "{}")), paths[LAST]);
    ck_assert(logged("scheduler 0 growing was of plugin versions 1.0.0, this one is versions 2.0.0", paths[LAST]));
    go_on(configure(GROWING("2", "{gain: 1}")), paths[LAST]);
    static run_result r;
    run_job other = {.config = configure(GROWING("1b", "{}")), .resume = paths[LAST], .log = paths[LOG]};
    unlink(paths[LOG]);
    run_expect(&other, RGM_OK, &r);
    ck_assert(logged("scheduler 0 growing: the plugin's file has changed since", paths[LAST]));
    stays(configure(GROWING("2", "{gain: 2}")), RGM_E_USAGE, "'scheduler'", paths[LAST]);
    stays(configure(GROWING("3", "{}")), RGM_E_USAGE, "unknown parameter 'rate'", paths[LAST]);
    stays(configure(LINEAR "batch: 12\nscheduler: cosine\n"), RGM_E_USAGE, "'scheduler'", paths[LAST]);
}
END_TEST

START_TEST(all_plugins_are_listed) {
    make_set(paths[SET], &little);
    begin(configure(LINEAR "batch: 12\nwarmup: 1\nscheduler: cosine\n"), 1);
    const char *plugins = load(paths[LAST])->about.plugins;
    static const char *const lines[] = {
        "optimizer 0 sgd: ",     "loss 0 cross_entropy: ",       "scheduler 0 cosine: ", "scheduler 1 warmup: ",
        "augmentation 0 crop: ", "regularizer 0 weight_decay: ", "initializer 0 ",       "initializer 1 normal: "};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(strstr(plugins, lines[i]), "no '%s' in %s", lines[i], plugins);
}
END_TEST

/* ---- progress that cannot be ---- */

#define AT(field) offsetof(rgm_progress, field)

/* One number each; `wide`: of 64 bits. The first ones contradict the run, the others themselves. */
static const struct {
    size_t offset;
    int32_t wide;
    int64_t value;
} impossible[] = {
    {AT(step), 1, INT64_MAX},
    {AT(step), 1, INT64_MIN},
    {AT(step), 1, -1},
    {AT(epoch_step), 1, INT64_MAX},
    {AT(epoch_step), 1, INT64_MIN},
    {AT(epoch), 0, INT32_MAX},
    {AT(epoch), 0, INT32_MIN},
    {AT(tally.seen), 1, INT64_MAX},
    {AT(tally.top1), 1, INT64_MIN},
    {AT(window.seen), 1, INT64_MAX},
    {AT(window.top1), 1, -1},
    {AT(best_epoch), 0, INT32_MAX},
    {AT(seconds), 1, INT64_MIN + 1}, /* below 0 */
    {AT(seconds), 1, INT64_MAX},     /* no number */
    {AT(evaluations_without_gain), 0, INT32_MAX},
    {AT(left_out), 1, INT64_MAX},
    {AT(usual.steps), 1, INT64_MAX},
};
enum { OF_THE_RUN = 7 };

START_TEST(impossible_progress) {
    const char *config = configure(LINEAR "batch: 12\n");
    make_set(paths[SET], &little);
    begin(config, 5);
    const test_checkpoint good = *load(paths[LAST]);
    for (int i = 0; i < (int)(sizeof impossible / sizeof *impossible); i++) {
        test_checkpoint c = good;
        const int32_t narrow = (int32_t)impossible[i].value;
        char *at = (char *)&c.about.progress + impossible[i].offset;
        if (impossible[i].wide)
            memcpy(at, &impossible[i].value, sizeof impossible[i].value);
        else
            memcpy(at, &narrow, sizeof narrow);
        store(&c);
        if (i < OF_THE_RUN)
            stays(config, RGM_E_USAGE, paths[LAST], "not a step of this run");
        else
            stays(config, RGM_E_FORMAT, paths[LAST], "contradicts");
    }
    store(&good);
    go_on(config, paths[LAST]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("resume");
    TCase *tcase = tcase_create("resume");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, every_pixel_counts);
    tcase_add_test(tcase, constants_are_the_models);
    tcase_add_test(tcase, class_names_are_the_models);
    tcase_add_test(tcase, stopped_before_the_hash);
    tcase_add_test(tcase, version_1_goes_on);
    tcase_add_test(tcase, version_1_is_evaluated);
    tcase_add_test(tcase, another_metric_begins_anew);
    tcase_add_test(tcase, states_grow);
    tcase_add_test(tcase, versions_of_plugins);
    tcase_add_test(tcase, all_plugins_are_listed);
    tcase_add_test(tcase, impossible_progress);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
