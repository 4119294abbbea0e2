/* What a set-up is told before it trains, the defaults that depend on the model, and the class counts of soft labels.
 */
#include <check.h>
#include <hdf5.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "make_set.h"
#include "train/advice.h"
#include "train/initialize.h"
#include "train_run.h"

static char *folder, path[512];

static void set_up(void) {
    folder = make_folder();
    snprintf(path, sizeof path, "%s", in_folder(folder, "set.h5"));
}

static void tear_down(void) { remove_folder(folder); }

/* ---- lines and refusals ---- */

typedef struct heard {
    int32_t lines;
    char text[8192];
} heard;

static void hear(void *context, const char *line) {
    heard *h = context;
    size_t used = strlen(h->text);
    h->lines++;
    snprintf(h->text + used, sizeof h->text - used, "%s\n", line);
}

/* The session of a configuration (YAML) over the set. Each test has a process of its own. */
static rgm_session *session_of(const char *yaml, rgm_config *config) {
    char text[2048];
    rgm_error err = {0};
    rgm_session *s = NULL;
    rgm_status status = rgm_config_init(config, &err);
    snprintf(text, sizeof text, "threads: 1\n%s", yaml);
    if (status >= 0) status = rgm_config_parse(config, text, strlen(text), "test", &err);
    if (status >= 0) status = rgm_config_suit(config, config->model.name, &err);
    strcpy(config->data.file, path);
    if (status >= 0) status = rgm_session_create(&s, config, &(rgm_session_options){.need_data = 1}, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    return s;
}

/* A small set, named by a letter, so that a table can say which. */
static const int32_t gaps[] = {0, 125, 250}, one[] = {1}, most[] = {0, 1, 0, 1, 0, 1, 0, 1, 0, 2};
static const run_set plain = {.H = 8, .W = 8, .C = 3, .classes = 3, .train = 900, .test = 9};
static const run_set square = {.H = 1, .W = 28, .C = 28, .classes = 2, .train = 40};
static const run_set oblong = {.H = 3, .W = 40, .C = 32, .classes = 2, .train = 40};
static const run_set uneven = {.H = 8, .W = 8, .C = 1, .classes = 2, .train = 255};
static const run_set gappy = {
    .H = 8, .W = 8, .C = 1, .classes = 251, .train = 300, .labels = gaps, .label_count = 3, .validation = 0};
static const run_set single = {.H = 8, .W = 8, .C = 1, .classes = 2, .train = 128, .labels = one, .label_count = 1};
static const run_set unseen = {
    .H = 8, .W = 8, .C = 1, .classes = 4, .train = 300, .test = 8, .labels = most, .label_count = 10};
static const run_set few = {.H = 8, .W = 8, .C = 1, .classes = 64, .train = 128};
static const run_set rare = {.H = 8, .W = 8, .C = 1, .classes = 40, .train = 45};
static const run_set validated = {.H = 8, .W = 8, .C = 1, .classes = 2, .train = 128, .validation = 8};

#define SMALL "model: {name: resnet20, base: 4}\n"
#define PLAIN SMALL "batch: 90\ndata: {validation: 0}\n"

static const struct {
    const run_set *set;
    const char *yaml;
    rgm_status status;
    const char *said; /* NULL: nothing */
} cases[] = {
    /* sound set-ups: not a word */
    {&plain, "", RGM_OK, NULL},
    {&plain, "model: {name: mlp}\n", RGM_OK, NULL},
    {&plain, "model: {name: linear}\n", RGM_OK, NULL},
    {&plain, "model: {name: cnn}\nepochs: 2\n", RGM_OK, NULL},
    {&plain, SMALL "early_stop: {patience: 3}\nwarmup: 2\nscheduler: cosine\n", RGM_OK, NULL},
    {&plain, SMALL "optimizer: adamw\n", RGM_OK, NULL},
    {&plain, SMALL "optimizer: adamw\nregularize: []\n", RGM_OK, NULL},
    {&plain, SMALL "optimizer: {adamw: {weight_decay: 0}}\nregularize: [weight_decay]\n", RGM_OK, NULL},
    {&plain, SMALL "scheduler: {step: {at: [0.5, 20]}}\n", RGM_OK, NULL},
    {&plain, PLAIN "steps: 150\n", RGM_OK, NULL},
    {&oblong, "model: {name: mlp, image: 32x3x40}\n", RGM_OK, NULL},

    /* batch norm */
    {&plain, "model: {name: resnet18, stem: imagenet, width: 0.0625}\nbatch: 1\n", RGM_E_USAGE,
     "layer2.0.downsample.1: batch norm over 1 value a channel (batch 1, map 1x1)"},
    {&plain, "model: {name: resnet18, stem: imagenet, width: 0.0625}\nbatch: 9\n", RGM_OK,
     "layer2.0.downsample.1: batch norm has only 9 values a channel (batch 9, map 1x1)"},
    {&plain, "model: {name: mlp}\nbatch: 1\n", RGM_OK, NULL},

    /* channels first */
    {&square, SMALL, RGM_E_USAGE, "images of 1 x 28 with 28 channels look like [N, C, H, W]"},
    {&oblong, SMALL, RGM_OK, "write x.transpose(0, 2, 3, 1), or say --image 32x3x40"},

    /* images left out */
    {&uneven, SMALL "batch: 128\ndata: {validation: 0}\n", RGM_OK,
     "batch: 127 of 255 images for training (49.8 %) are left out of every epoch, which has whole batches of 128; "
     "--batch 127 leaves out 1"},
    {&uneven, SMALL "data: {validation: 0}\n", RGM_OK, NULL}, /* the default batch suits the set */

    /* the schedule */
    {&plain, PLAIN "epochs: 100\nsteps: 10\n", RGM_OK,
     "steps: the schedule is laid out over 1000 steps (100 epochs), of which 10 are made: the rate gets to 4 % of its "
     "peak; --epochs 1 fits it to them"},
    {&plain, PLAIN "epochs: 1\nsteps: 1\n", RGM_OK,
     "steps: the schedule is laid out over 10 steps (1 epoch), of which 1 is made: the rate gets to 4 % of its peak; "
     "more --steps let it rise"},
    {&plain, PLAIN "steps: 1000\n", RGM_OK, "steps: 1000, but 22 epochs have only 220"},
    {&plain, PLAIN "epochs: 1\nsteps: 20\n", RGM_OK, "steps: 20, but 1 epoch has only 10"},
    {&plain, PLAIN "warmup: 22\nscheduler: cosine\n", RGM_OK, "the rate never gets beyond 27 % of the optimizer's lr"},
    {&plain, PLAIN "scheduler: {warmup: {length: 30}}\n", RGM_OK, "scheduler warmup: length: 30 lies beyond"},

    /* classes */
    {&gappy, PLAIN, RGM_OK, "labels up to 250 make 251 classes, of which 248 have no image (first: 1)"},
    {&single, SMALL "data: {validation: 0}\n", RGM_OK, "all images for training are of one class, 1"},
    {&unseen, SMALL "data: {validation: 0}\nbatch: 100\n", RGM_OK,
     "1 of the classes in the test split has no image for training (first: 3): it is never right"},
    {&few, SMALL, RGM_OK, "data.validation: 13 images, but none of 51 of the 64 classes"},
    {&rare, SMALL "data: {validation: 0.5}\n", RGM_OK, "data.validation: 5 images, not the 23 of fraction 0.5"},

    /* evaluations that never come */
    {&plain, PLAIN "early_stop: {patience: 2}\n", RGM_E_USAGE,
     "early_stop.patience: 2 evaluations, but without a validation split there are none"},
    {&plain, PLAIN "plugins: [" RGM_FIXTURES "/good.so]\nscheduler: good\n", RGM_E_USAGE,
     "scheduler good: waits for metrics of evaluations"},

    {&plain, SMALL "early_stop: {patience: 21}\n", RGM_OK,
     "21 evaluations without a gain cannot come before the end of a run that has 22: less"},
    {&plain, SMALL "early_stop: {patience: 3}\nevaluate: {every: 10}\n", RGM_OK, "3 evaluations without a gain"},
    {&plain, SMALL "early_stop: {patience: 20}\n", RGM_OK, NULL},

    /* decay, and keys without effect */
    {&plain, SMALL "optimizer: adamw\nregularize: [weight_decay]\n", RGM_OK,
     "optimizer adamw: decays weights itself, and regularize has weight_decay: they decay twice"},
    {&plain, "model: {name: linear}\ninit: xavier\n", RGM_OK, "init: has no effect: linear has one layer"},
    {&plain, "model: {name: linear}\ninit: {he: {distribution: normal}}\n", RGM_OK, NULL},
    {&plain, "model: {name: linear, width: 2}\n", RGM_OK, "model.width: has no effect: linear has one layer"},
    {&plain, "model: {name: linear, base: 8}\n", RGM_OK, "model.base: has no effect"},
    {&plain, "model: {name: mlp, stem: imagenet}\n", RGM_OK, "model.stem: has no effect: mlp is no ResNet"},
    {&plain, "model: {name: cnn, shortcut: A}\n", RGM_OK, "model.shortcut: has no effect: cnn is no ResNet"},
    {&plain, "model: {name: cnn, zero_init: false}\n", RGM_OK, "model.zero_init: has no effect"},
    {&plain, "model: {name: mlp}\nengine: {conv: direct}\n", RGM_OK, "engine.conv: has no effect: mlp has no conv"},
    {&plain, SMALL "early_stop: {gain: 0.1}\n", RGM_OK, "early_stop.gain: has no effect"},
    {&validated, SMALL "data: {validation: 0.5}\n", RGM_OK, "data.validation: has no effect"},
};

START_TEST(test_what_is_said) {
    static rgm_config config;
    heard h = {0};
    rgm_error err = {0};
    run_set_write(path, cases[_i].set);
    rgm_session *s = session_of(cases[_i].yaml, &config);
    rgm_status status = rgm_advise(s, &(rgm_advice){.context = &h, .tell = hear}, &err);
    rgm_session_destroy(s);
    ck_assert_msg(status == cases[_i].status, "%s: status %d: %s", cases[_i].yaml, status, err.text);
    const char *text = status < 0 ? err.text : h.text;
    if (!cases[_i].said)
        ck_assert_msg(h.lines == 0, "%s: a sound set-up is told: %s", cases[_i].yaml, h.text);
    else
        ck_assert_msg(strstr(text, cases[_i].said) && h.lines == (status == RGM_OK), "%s: %d lines: %s", cases[_i].yaml,
                      h.lines, text);
}
END_TEST

/* A run that goes on is told only what may have come since, and never refused. */
START_TEST(test_resumed) {
    static rgm_config config;
    heard h = {0};
    run_set_write(path, &plain);
    rgm_session *s =
        session_of(PLAIN "optimizer: adamw\nregularize: [weight_decay]\nearly_stop: {patience: 2}\n", &config);
    ck_assert_int_eq(rgm_advise(s, &(rgm_advice){.context = &h, .tell = hear, .resumed = 1}, NULL), RGM_OK);
    rgm_session_destroy(s);
    ck_assert_msg(h.lines == 1 && strstr(h.text, "early_stop.patience"), "%d lines: %s", h.lines, h.text);
}
END_TEST

/* A bench evaluates after each epoch, on the test split. */
START_TEST(test_evaluated) {
    static rgm_config config;
    heard h = {0};
    run_set_write(path, &plain);
    rgm_session *s = session_of(PLAIN "early_stop: {patience: 2}\n", &config);
    ck_assert_int_eq(rgm_advise(s, &(rgm_advice){.context = &h, .tell = hear, .evaluated = 1}, NULL), RGM_OK);
    rgm_session_destroy(s);
    ck_assert_msg(h.lines == 0, "%s", h.text);
}
END_TEST

/* A channel without any differences is named. */
START_TEST(test_flat_channels) {
    static rgm_config config;
    heard h = {0};
    make_set(path, &(rgm_test_set){.train = 64, .H = 8, .W = 8, .C = 3, .classes = 2});
    static uint8_t images[64][8][8][3];
    for (int32_t i = 0; i < 64; i++)
        for (int32_t p = 0; p < 64; p++) images[i][p / 8][p % 8][0] = (uint8_t)(i + p), images[i][p / 8][p % 8][2] = 9;
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(file, "train/images", H5P_DEFAULT);
    ck_assert(set >= 0 && H5Dwrite(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, images) >= 0);
    H5Dclose(set);
    H5Fclose(file);
    rgm_session *s = session_of(SMALL "batch: 32\ndata: {validation: 0}\n", &config);
    ck_assert_int_eq(rgm_advise(s, &(rgm_advice){.context = &h, .tell = hear}, NULL), RGM_OK);
    rgm_session_destroy(s);
    ck_assert_msg(h.lines == 1 && strstr(h.text, "2 of 3 channels have the same value in all pixels (first: 1)"), "%s",
                  h.text);
}
END_TEST

/* ---- regularizers beside an optimizer that decays ---- */

START_TEST(test_regularizers_that_nobody_gave) {
    static const struct {
        const char *yaml;
        int32_t regularizers;
    } runs[] = {
        {SMALL, 1},
        {SMALL "optimizer: adam\n", 1},
        {SMALL "optimizer: adamw\n", 0},
        {SMALL "optimizer: {adamw: {weight_decay: 0}}\n", 1},
        {SMALL "optimizer: adamw\nregularize: [{weight_decay: {rate: 1e-3}}]\n", 1},
        {"model: {name: mlp}\noptimizer: adamw\n", 0},
    };
    static rgm_config config, effective;
    run_set_write(path, &plain);
    rgm_session *s = session_of(runs[_i].yaml, &config);
    rgm_session_effective(s, &effective);
    ck_assert_int_eq(s->model->components.regularizers, runs[_i].regularizers);
    ck_assert_int_eq(effective.regularize.count, runs[_i].regularizers);
    rgm_session_destroy(s);
}
END_TEST

/* ---- the configuration ---- */

START_TEST(test_given) {
    static rgm_config config;
    rgm_error err = {0};
    const char *yaml = "batch: 128\nearly_stop: {patience: 0}\noptimizer: sgd\n";
    ck_assert_int_eq(rgm_config_init(&config, &err), RGM_OK);
    ck_assert_uint_eq(config.given, 0);
    ck_assert_int_eq(rgm_config_suit(&config, "mlp", &err), RGM_OK);
    ck_assert_uint_eq(config.given, 0);
    ck_assert_int_eq(rgm_config_parse(&config, yaml, strlen(yaml), "test", &err), RGM_OK);
    ck_assert_int_eq(rgm_config_assign(&config, "scheduler.warm=0.5", &err), RGM_OK);
    ck_assert_int_eq(rgm_config_suit(&config, "linear", &err), RGM_OK);
    ck_assert_str_eq(config.optimizer.name, "sgd");
    ck_assert(rgm_config_given(&config, "batch") && rgm_config_given(&config, "early_stop.patience"));
    ck_assert(rgm_config_given(&config, "optimizer") && rgm_config_given(&config, "scheduler"));
    ck_assert(!rgm_config_given(&config, "early_stop.gain") && !rgm_config_given(&config, "augment"));
    ck_assert(!rgm_config_given(&config, "nonsense"));
}
END_TEST

/* The table of the manual is the one of the program. */
START_TEST(test_manual_has_the_defaults_of_models) {
    static char manual[65536];
    const char *source = getenv("srcdir");
    char file[1024], row[256];
    snprintf(file, sizeof file, "%s/docs/CONFIG.md", source ? source : ".");
    FILE *in = fopen(file, "r");
    ck_assert_msg(in != NULL, "cannot open %s", file);
    manual[fread(manual, 1, sizeof manual - 1, in)] = 0;
    fclose(in);
    size_t count, rows = 0;
    const rgm_model_default *defaults = rgm_model_defaults(&count);
    for (size_t i = 0; i < count; i++) {
        snprintf(row, sizeof row, "\n| %s | `%s` | `%s` |\n", defaults[i].model, defaults[i].key, defaults[i].value);
        ck_assert_msg(strstr(manual, row) != NULL, "docs/CONFIG.md lacks this row:%s", row);
    }
    for (const char *at = manual; (at = strstr(at, "\n| linear | `")) != NULL; at++) rows++;
    for (const char *at = manual; (at = strstr(at, "\n| mlp | `")) != NULL; at++) rows++;
    ck_assert_msg(rows == count, "docs/CONFIG.md has %zu defaults of models, the table %zu", rows, count);
}
END_TEST

/* A default batch suits the set; one that is given stays, but for the size of the set. */
START_TEST(test_batch_fits_the_set) {
    static const struct {
        const char *given;
        int64_t images;
        int32_t batch;
    } fits[] = {
        {"", 54000, 128}, {"", 1280, 128},   {"", 1281, 128}, {"", 255, 127},    {"", 200, 100},
        {"", 191, 95},    {"", 129, 128},    {"", 128, 128},  {"", 100, 100},    {"", 1, 1},
        {"", 350, 116},   {"128", 255, 128}, {"64", 100, 64}, {"200", 150, 150}, {"1", 7, 1},
    };
    for (size_t i = 0; i < sizeof fits / sizeof *fits; i++) {
        static rgm_config config;
        rgm_error err = {0};
        ck_assert_int_eq(rgm_config_init(&config, &err), RGM_OK);
        if (fits[i].given[0]) ck_assert_int_eq(rgm_config_set(&config, "batch", fits[i].given, &err), RGM_OK);
        ck_assert_int_eq(rgm_config_fit(&config, &(rgm_config_data){1, 8, 8, 2, fits[i].images, 0}, &err), RGM_OK);
        ck_assert_msg(config.batch == fits[i].batch, "%zu: batch %d", i, config.batch);
    }
    ck_assert_int_eq(rgm_batch_near(86, 16, 8, 32), 17);
    ck_assert_int_eq(rgm_batch_near(7, 128, 64, 256), 128); /* none there: as it was */
    ck_assert_int_eq(rgm_batch_near(255, 128, 64, 256), 127);
    ck_assert_int_eq(rgm_batch_near(9, 8, 4, 16), 9);
}
END_TEST

/* ---- soft labels ---- */

/* Overwrites the soft labels of two classes: a share of each image belongs to class 0. */
static void set_soft(float first) {
    static float labels[40][2];
    for (int i = 0; i < 40; i++) {
        labels[i][0] = first;
        labels[i][1] = 1 - first;
    }
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), set = H5Dopen2(file, "train/labels", H5P_DEFAULT);
    ck_assert(set >= 0 && H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, labels) >= 0);
    H5Dclose(set);
    H5Fclose(file);
}

/* The first loss is the entropy of the mean label, although every label has the same largest entry. */
START_TEST(test_first_loss_of_soft_labels) {
    static run_result r;
    char text[1024];
    double shares[] = {0.51, 0.9}, share = shares[_i % 2];
    make_set(path, &(rgm_test_set){.train = 40, .H = 8, .W = 8, .C = 1, .classes = 2, .soft = 1});
    set_soft((float)share);
    snprintf(text, sizeof text,
             "data: {file: '%s', validation: 0}\nthreads: 2\nmodel: {name: resnet20, base: 4%s}\nbatch: 40\nsteps: 1\n"
             "augment: []\n",
             path, _i / 2 ? ", head: logit" : "");
    run_expect(&(run_job){.config = text}, RGM_OK, &r);
    double entropy = -share * log(share) - (1 - share) * log(1 - share);
    ck_assert_msg(fabs(r.loss[0] - entropy) < 0.02, "first loss %g, entropy %g", r.loss[0], entropy);
}
END_TEST

START_TEST(test_class_counts) {
    double hard[2] = {0}, soft[2] = {0};
    rgm_test_set made = {.train = 9, .H = 1, .W = 1, .C = 1, .classes = 2};
    make_set(path, &made);
    rgm_dataset *set = open_set(path, RGM_ACCESS_AUTO);
    rgm_view view = rgm_view_all(set, RGM_SPLIT_TRAIN), none = rgm_view_all(set, RGM_SPLIT_TEST);
    rgm_count_classes(&view, hard);
    rgm_count_classes(&none, hard);
    ck_assert(hard[0] == 5 && hard[1] == 4);
    rgm_dataset_close(set);
    made.soft = 1;
    make_set(path, &made);
    set = open_set(path, RGM_ACCESS_AUTO);
    view = rgm_view_all(set, RGM_SPLIT_TRAIN);
    rgm_count_classes(&view, soft);
    ck_assert(soft[0] == 4.75 && soft[1] == 4.25); /* 3/4 of each to its own class */
    rgm_dataset_close(set);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("advice");
    TCase *tcase = tcase_create("advice");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_what_is_said, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, test_resumed);
    tcase_add_test(tcase, test_evaluated);
    tcase_add_test(tcase, test_flat_channels);
    tcase_add_loop_test(tcase, test_regularizers_that_nobody_gave, 0, 6);
    tcase_add_test(tcase, test_given);
    tcase_add_test(tcase, test_manual_has_the_defaults_of_models);
    tcase_add_test(tcase, test_batch_fits_the_set);
    tcase_add_loop_test(tcase, test_first_loss_of_soft_labels, 0, 4);
    tcase_add_test(tcase, test_class_counts);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
