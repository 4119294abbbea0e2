/* Models of the library: evaluating and predicting. */
#include <check.h>
#include <hdf5.h>
#include <xxhash.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "data/file.h"
#include "library_ground.h"
#include "make_set.h"
#include "train_run.h"

/* One epoch of eight steps; twelve images are held out. */
#define NET                                                                                                            \
    "model.name=resnet20; model.base=4; model.stem=small; batch=6; epochs=1; data.validation=0.2; optimizer.lr=0.02;"

static const char *const names[] = {"ant", "bee", "cat", "dog"};

static regimen_config *net(const char *more) { return net_of(NET, more); }

static outcome model_on(const regimen_data *d, const char *more, listener *l) { return model_of(d, net(more), l); }

/* ---- evaluations ---- */

START_TEST(an_evaluation_is_the_runs) {
    listener l = {0};
    regimen_config *c = net("");
    outcome o = trained(machine, data, c, &(extra){.listener = &l});
    regimen_model *loaded = load(machine, o.result.checkpoint, NULL), *of[] = {o.model, loaded};
    for (int i = 0; i < 2; i++) {
        regimen_result r = evaluated(of[i], data, REGIMEN_TEST), v = evaluated(of[i], data, REGIMEN_VALIDATION);
        ck_assert(same_result(&r, &o.result));
        ck_assert(r.seconds > 0 && r.images_per_s > 0 && r.gflops > 0 && r.memory > 10000);
        ck_assert_str_eq(r.data, "memory");
        ck_assert_str_eq(r.model, "resnet20");
        ck_assert_int_eq(v.images, 12);
        ck_assert(v.accuracy == l.epoch.validation_accuracy && v.loss == l.epoch.validation_loss);
        ck_assert_int_eq(evaluated(of[i], data, REGIMEN_TRAIN).images, 60);
        evaluation_refused(of[i], data, 3, REGIMEN_USAGE, "3");
        evaluation_refused(of[i], data, -1, REGIMEN_USAGE, "-1");
        regimen_model_close(of[i]);
    }
    regimen_config_destroy(c);
}
END_TEST

/* Probabilities that differ in their last bits at most. */
static void nearly(const float *a, const float *b, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(fabsf(a[i] - b[i]) <= 2e-6f, "%g, %g", (double)a[i], (double)b[i]);
}

/* The batch is how many images a model takes at a time, and decides nothing but last bits. */
START_TEST(the_batch_decides_nothing) {
    regimen_error err;
    outcome o = model_on(data, "", NULL);
    regimen_result expected = evaluated(o.model, data, REGIMEN_TEST);
    float all[60 * 4], some[60 * 4];
    predict(o.model, p.images[REGIMEN_TRAIN], 60, all);
    fine(regimen_model_save(o.model, saved, &err), &err);
    regimen_config *c = config_of("");
    fine(regimen_config_read(c, saved, NULL, &err), &err);
    for (int32_t batch = 1; batch < 70; batch = batch * 3 + 1) {
        char text[32];
        snprintf(text, sizeof text, "batch=%d", batch);
        config_more(c, text);
        regimen_model *m = load(machine, saved, c);
        regimen_result r = evaluated(m, data, REGIMEN_TEST);
        ck_assert(r.correct == expected.correct && fabs(r.loss - expected.loss) < 1e-6 * expected.loss);
        predict(m, p.images[REGIMEN_TRAIN], 60, some);
        nearly(some, all, 60 * 4);
        hash_model(m, &p, in_folder(folder, "again.h5"));
        ck_assert_uint_eq(hash_checkpoint(in_folder(folder, "again.h5")), hash_checkpoint(saved));
        regimen_model_close(m);
    }
    regimen_config_destroy(c);
    regimen_model_close(o.model);
}
END_TEST

/* The same images with the same names, in another order. */
START_TEST(classes_are_matched_by_name) {
    static const char *const other[] = {"dog", "cat", "ant", "bee"}, *const unknown[] = {"ant", "bee", "cow", "dog"};
    static const int32_t to[] = {2, 3, 1, 0};
    regimen_data *first = pixels_named(&p, names);
    outcome o = model_on(first, "", NULL);
    regimen_result expected = evaluated(o.model, first, REGIMEN_TEST);
    for (int i = 0; i < 4; i++) ck_assert_str_eq(regimen_model_class(o.model, i), names[i]);
    ck_assert(!regimen_model_class(o.model, 4) && !regimen_model_class(o.model, -1));
    for (int32_t s = 0; s < 2; s++)
        for (int64_t i = 0; i < p.given.count[s]; i++) p.labels[s][i] = to[p.labels[s][i]];
    regimen_data *second = pixels_named(&p, other), *strange = pixels_named(&p, unknown);
    for (int round = 0; round < 2; round++) { /* the data stays as it is */
        regimen_result r = evaluated(o.model, second, REGIMEN_TEST);
        ck_assert(same_result(&r, &expected));
    }
    evaluation_refused(o.model, strange, REGIMEN_TEST, REGIMEN_USAGE, "'cow'");
    regimen_result again = evaluated(o.model, first, REGIMEN_TEST);
    ck_assert(same_result(&again, &expected));
    regimen_error err;
    listener l = {0};
    regimen_events events = events_of(&l);
    fine(regimen_evaluate(o.model, data, REGIMEN_TEST, &events, NULL, &err), &err);
    ck_assert_msg(strstr(l.said, "1 memory: class names are only in the model"), "%s", l.said);
    ck_assert_str_eq(l.story, "F");
    regimen_data_close(first);
    regimen_data_close(second);
    regimen_data_close(strange);
    regimen_model_close(o.model);
}
END_TEST

START_TEST(data_that_does_not_fit) {
    outcome o = model_on(data, "", NULL), none = model_on(data, "data.validation=0", NULL);
    pixels other[3];
    pixels_make(&other[0], 9, 3, 4, (int64_t[]){12, 4, 0});
    pixels_make(&other[1], 8, 1, 4, (int64_t[]){12, 0, 4});
    pixels_make(&other[2], 8, 3, 5, (int64_t[]){12, 10, 0});
    static const char *const words[] = {"", "channel", "classes"};
    for (int i = 0; i < 3; i++) {
        regimen_data *d = pixels_data(&other[i]);
        if (i == 0) /* its transform makes them fit */
            ck_assert_int_eq(evaluated(o.model, d, REGIMEN_TEST).images, 4);
        else
            evaluation_refused(o.model, d, i == 1 ? REGIMEN_VALIDATION : REGIMEN_TEST, REGIMEN_USAGE, words[i]);
        regimen_data_close(d);
        pixels_free(&other[i]);
    }
    pixels_make(&other[0], 8, 3, 4, (int64_t[]){0, 0, 6});
    regimen_data *d = pixels_data(&other[0]);
    evaluation_refused(o.model, d, REGIMEN_TEST, REGIMEN_USAGE, "no test split");
    ck_assert_int_eq(evaluated(o.model, d, REGIMEN_VALIDATION).images, 6);
    regimen_data_close(d);
    pixels_free(&other[0]);
    evaluation_refused(none.model, data, REGIMEN_VALIDATION, REGIMEN_USAGE, "no validation split");
    p.images[REGIMEN_TRAIN][7] ^= 1;
    d = pixels_data(&p);
    evaluation_refused(o.model, d, REGIMEN_VALIDATION, REGIMEN_USAGE, "");
    ck_assert_int_eq(evaluated(o.model, d, REGIMEN_TEST).images, 10);
    regimen_data_close(d);
    p.images[REGIMEN_TRAIN][7] ^= 1;
    evaluation_refused(o.model, NULL, REGIMEN_TEST, REGIMEN_IO, "memory");
    regimen_model_close(o.model);
    regimen_model_close(none.model);
}
END_TEST

/* The configuration's data.file, if no data is given. */
START_TEST(data_of_the_configuration) {
    char path[600], key[700];
    regimen_error err;
    snprintf(path, sizeof path, "%s", in_folder(folder, "set.h5"));
    snprintf(key, sizeof key, "data.file=%s", path);
    run_set_write(path, &(run_set){.H = 8, .W = 8, .C = 3, .classes = 4, .train = 24, .test = 9});
    outcome o = model_on(NULL, key, NULL);
    ck_assert_str_eq(evaluated(o.model, NULL, REGIMEN_TEST).data, path);
    fine(regimen_model_save(o.model, saved, &err), &err);
    regimen_model *m = load(machine, saved, NULL);
    regimen_result r = evaluated(m, NULL, REGIMEN_TEST);
    ck_assert(same_result(&r, &o.result));
    remove(path);
    evaluation_refused(m, NULL, REGIMEN_TEST, REGIMEN_IO, path);
    regimen_model_close(m);
    regimen_model_close(o.model);
}
END_TEST

typedef struct impatient {
    int32_t asked, most;
} impatient;

static int32_t lose_patience(void *context) {
    impatient *i = context;
    return i->asked++ >= i->most;
}

static int32_t refuse_result(void *context, const regimen_result *result, regimen_error *err) {
    (void)context;
    ck_assert_int_eq(result->images, 60);
    snprintf(err->text, sizeof err->text, "not good enough");
    return REGIMEN_VERDICT;
}

START_TEST(an_evaluation_is_cancelled) {
    outcome o = model_on(data, "", NULL);
    regimen_error err;
    regimen_result expected = evaluated(o.model, data, REGIMEN_TRAIN), result = {.size = sizeof result};
    uint64_t bits = hash_predictions(o.model, &p, REGIMEN_TEST);
    for (int32_t most = 0; most < 6; most += 2) {
        impatient i = {.most = most};
        regimen_events events = {.size = sizeof events, .context = &i, .cancel = lose_patience};
        refused(regimen_evaluate(o.model, data, REGIMEN_TRAIN, &events, &result, &err), REGIMEN_INTERRUPTED, &err, "");
        ck_assert(result.status == REGIMEN_INTERRUPTED && result.split == -1 && isnan(result.accuracy));
        ck_assert_uint_eq(hash_predictions(o.model, &p, REGIMEN_TEST), bits);
        regimen_result again = evaluated(o.model, data, REGIMEN_TRAIN);
        ck_assert(same_result(&again, &expected));
    }
    regimen_events events = {.size = sizeof events, .finished = refuse_result};
    refused(regimen_evaluate(o.model, data, REGIMEN_TRAIN, &events, &result, &err), REGIMEN_VERDICT, &err, "not good");
    ck_assert_int_eq(result.status, REGIMEN_VERDICT);
    ck_assert(same_result(&result, &expected));
    regimen_model_close(o.model);
}
END_TEST

/* Its own evaluation's events get no other result out of a model, and change none. */
typedef struct intruder {
    regimen_model *model;
    int32_t asked;
} intruder;

static int32_t intrude(void *context) {
    intruder *i = context;
    regimen_error err;
    static float out[10 * 4];
    i->asked++;
    refused(regimen_predict(i->model, p.images[REGIMEN_TEST], 10, out, &err), REGIMEN_USAGE, &err, "being evaluated");
    evaluation_refused(i->model, data, REGIMEN_TEST, REGIMEN_USAGE, "being evaluated");
    return 0;
}

START_TEST(an_evaluation_is_alone_with_its_model) {
    outcome o = model_on(data, "", NULL);
    regimen_error err;
    intruder i = {.model = o.model};
    regimen_events events = {.size = sizeof events, .context = &i, .cancel = intrude};
    regimen_result expected = evaluated(o.model, data, REGIMEN_TRAIN), result = {.size = sizeof result};
    uint64_t bits = hash_predictions(o.model, &p, REGIMEN_TEST);
    fine(regimen_evaluate(o.model, data, REGIMEN_TRAIN, &events, &result, &err), &err);
    ck_assert_int_gt(i.asked, 1);
    ck_assert(same_result(&result, &expected));
    ck_assert_uint_eq(hash_predictions(o.model, &p, REGIMEN_TEST), bits);
    regimen_model_close(o.model);
}
END_TEST

/* ---- predictions ---- */

/* Mean and deviation are of each channel. */
START_TEST(other_channels_are_refused) {
    outcome o = model_on(data, "model.name=mlp", NULL);
    regimen_error err;
    regimen_model *m;
    fine(regimen_model_save(o.model, saved, &err), &err);
    regimen_config *c = config_of("model.name=mlp; batch=6; model.classes=4; model.image=6x8x4");
    refused(regimen_model_load(&m, machine, saved, c, NULL, &err), REGIMEN_USAGE, &err, "6 channels");
    ck_assert_ptr_null(m);
    regimen_config_destroy(c);
    regimen_model_close(o.model);
}
END_TEST

/* What the other images of a call show changes no bit. */
static void others_do_not_count(regimen_model *model) {
    static uint8_t some[17 * 192];
    static float expected[17 * 4], found[17 * 4];
    for (int64_t count = 1; count <= 17; count++) {
        predict(model, p.images[REGIMEN_TRAIN], count, expected);
        for (int64_t i = 0; i < count; i++) {
            memset(some, (int)i * 15, sizeof some);
            memcpy(some + i * 192, p.images[REGIMEN_TRAIN] + i * 192, 192);
            predict(model, some, count, found);
            ck_assert_int_eq(memcmp(found + 4 * i, expected + 4 * i, 4 * sizeof *found), 0);
        }
    }
}

/* Each image by itself, in all sizes of calls, gives the same but for last bits; after an evaluation, too. */
START_TEST(a_prediction_is_of_one_image) {
    static float all[60 * 4], some[60 * 4];
    static const int64_t counts[] = {0, 1, 2, 3, 4, 6, 7, 17, 60};
    outcome o = model_on(data, _i ? "model.name=mlp" : "", NULL);
    size_t bytes = pixels_bytes(&p);
    const uint8_t *images = p.images[REGIMEN_TRAIN];
    for (int64_t i = 0; i < 60; i++) predict(o.model, images + (size_t)i * bytes, 1, all + 4 * i);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        for (int64_t first = 0; first + counts[k] <= 60; first += 19) {
            memset(some, 0xff, sizeof some);
            predict(o.model, images + (size_t)first * bytes, counts[k], some);
            nearly(some, all + 4 * first, counts[k] * 4);
            for (int64_t i = counts[k] * 4; i < 60 * 4; i++) ck_assert(isnan(some[i]));
            if (k % 2) evaluated(o.model, data, REGIMEN_TEST);
        }
    predict(o.model, NULL, 0, NULL);
    others_do_not_count(o.model);
    int64_t correct = 0;
    for (int64_t i = 0; i < 60; i++) {
        const float *at = all + 4 * i;
        int32_t best = 0;
        double sum = 0;
        for (int32_t c = 0; c < 4; c++) {
            sum += (double)at[c];
            ck_assert(at[c] >= 0 && at[c] <= 1);
            if (at[c] > at[best]) best = c;
        }
        ck_assert(fabs(sum - 1) < 1e-6);
        correct += best == p.labels[REGIMEN_TRAIN][i];
    }
    ck_assert_int_eq(evaluated(o.model, data, REGIMEN_TRAIN).correct, correct);
    regimen_error err;
    refused(regimen_predict(o.model, images, -1, some, &err), REGIMEN_USAGE, &err, "-1");
    regimen_model_close(o.model);
}
END_TEST

/* The sigmoid of a single logit. */
START_TEST(a_single_logit) {
    pixels two;
    pixels_make(&two, 8, 3, 2, (int64_t[]){40, 10, 0});
    regimen_data *d = pixels_data(&two);
    outcome o = model_on(d, "model.head=logit", NULL);
    regimen_model_info info = {.size = sizeof info};
    regimen_model_describe(o.model, &info);
    ck_assert(info.classes == 2 && info.height == 8 && info.width == 8 && info.channels == 3 && info.parameters > 1000);
    float out[80];
    int64_t correct = 0;
    predict(o.model, two.images[REGIMEN_TRAIN], 40, out);
    for (int i = 0; i < 40; i++) {
        ck_assert(fabs((double)out[2 * i] + (double)out[2 * i + 1] - 1) < 1e-6);
        correct += (out[2 * i + 1] > out[2 * i]) == two.labels[REGIMEN_TRAIN][i];
    }
    ck_assert_int_eq(evaluated(o.model, d, REGIMEN_TRAIN).correct, correct);
    uint64_t bits = hash_model(o.model, &two, saved);
    regimen_model *loaded = load(machine, saved, NULL);
    ck_assert_uint_eq(hash_predictions(loaded, &two, REGIMEN_TEST), hash_predictions(o.model, &two, REGIMEN_TEST));
    ck_assert_uint_eq(hash_model(loaded, &two, saved), bits);
    regimen_model_close(loaded);
    regimen_model_close(o.model);
    regimen_data_close(d);
    pixels_free(&two);
}
END_TEST

/* Puts NaN into the last bias of a checkpoint, and the checksums that belong to it (data/file.h). */
static void spoil(const char *path) {
    static unsigned char bytes[1 << 20];
    const float nan = NAN;
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, "model/fc.bias", H5P_DEFAULT);
    haddr_t at = H5Dget_offset(set);
    H5Dclose(set);
    H5Fclose(file);
    FILE *f = fopen(path, "r+b");
    size_t size = fread(bytes, 1, sizeof bytes, f);
    ck_assert(at != HADDR_UNDEF && at + 4 < size && size < sizeof bytes);
    memcpy(bytes + at, &nan, sizeof nan);
    uint64_t sum = XXH3_64bits(bytes + RGM_FILE_BLOCK, size - RGM_FILE_BLOCK);
    memcpy(bytes + 24, &sum, sizeof sum);
    sum = XXH3_64bits(bytes, 504);
    memcpy(bytes + 504, &sum, sizeof sum);
    rewind(f);
    ck_assert_uint_eq(fwrite(bytes, 1, size, f), size);
    ck_assert_int_eq(fclose(f), 0);
}

START_TEST(what_is_not_finite) {
    regimen_error err;
    float out[60 * 4];
    outcome good = model_on(data, "", NULL);
    fine(regimen_model_save(good.model, saved, &err), &err);
    spoil(saved);
    regimen_model *bad = load(machine, saved, NULL);
    uint64_t bits = hash_predictions(good.model, &p, REGIMEN_TRAIN);
    for (int64_t count = 1; count <= 60; count += 59)
        refused(regimen_predict(bad, p.images[REGIMEN_TRAIN], count, out, &err), REGIMEN_NUMERIC, &err, "");
    evaluation_refused(bad, data, REGIMEN_TEST, REGIMEN_NUMERIC, "");
    ck_assert_uint_eq(hash_predictions(good.model, &p, REGIMEN_TRAIN), bits);
    char key[600];
    snprintf(key, sizeof key, "checkpoint=%s", saved);
    regimen_config *c = net(key);
    ck_assert_int_eq(train(machine, data, c, &(extra){.no_files = 1}).status, REGIMEN_NUMERIC);
    regimen_config_destroy(c);
    regimen_model_close(bad);
    regimen_model_close(good.model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("library: models");
    TCase *tcase = tcase_create("models");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, an_evaluation_is_the_runs);
    tcase_add_test(tcase, the_batch_decides_nothing);
    tcase_add_test(tcase, classes_are_matched_by_name);
    tcase_add_test(tcase, data_that_does_not_fit);
    tcase_add_test(tcase, data_of_the_configuration);
    tcase_add_test(tcase, an_evaluation_is_cancelled);
    tcase_add_test(tcase, an_evaluation_is_alone_with_its_model);
    tcase_add_test(tcase, other_channels_are_refused);
    tcase_add_loop_test(tcase, a_prediction_is_of_one_image, 0, 2);
    tcase_add_test(tcase, a_single_logit);
    tcase_add_test(tcase, what_is_not_finite);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
