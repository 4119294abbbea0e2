/* Models of the library in files: loading, saving, weights from elsewhere. */
#include <check.h>
#include <hdf5.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "library_ground.h"
#include "make_set.h"
#include "train_run.h"

/* One epoch of eight steps; twelve images are held out. */
#define NET                                                                                                            \
    "model.name=resnet20; model.base=4; model.stem=small; batch=6; epochs=1; data.validation=0.2; optimizer.lr=0.02;"

static const char *const names[] = {"ant", "bee", "cat", "dog"};

static regimen_config *net(const char *more) { return net_of(NET, more); }

static outcome model_on(const regimen_data *d, const char *more, listener *l) { return model_of(d, net(more), l); }

/* The weights of a checkpoint, and nothing else: a file from elsewhere. */
static const char *weights_alone(const char *checkpoint) {
    static char path[600];
    snprintf(path, sizeof path, "%s", in_folder(folder, "weights.h5"));
    hid_t from = H5Fopen(checkpoint, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t to = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    ck_assert_int_ge(H5Ocopy(from, "model", to, "model", H5P_DEFAULT, H5P_DEFAULT), 0);
    H5Fclose(from);
    H5Fclose(to);
    return path;
}

/* It can be evaluated with the data's mean and deviation; what pixels mean to it nobody knows. */
START_TEST(weights_from_elsewhere) {
    regimen_error err;
    float out[4];
    outcome o = model_on(data, "", NULL);
    fine(regimen_model_save(o.model, saved, &err), &err);
    const char *path = weights_alone(saved);
    regimen_config *c = config_of(_i ? NET "model.image=3x8x8; model.classes=4" : NET);
    regimen_model *m = load(machine, path, c);
    regimen_model_info info = {.size = sizeof info};
    regimen_model_describe(m, &info);
    ck_assert_int_eq(info.classes, _i ? 4 : 0);
    ck_assert_ptr_null(regimen_model_class(m, 0));
    refused(regimen_predict(m, p.images[REGIMEN_TEST], 1, out, &err), REGIMEN_USAGE, &err, path);
    if (!_i) refused(regimen_model_save(m, saved, &err), REGIMEN_USAGE, &err, path);
    regimen_result r = evaluated(m, data, REGIMEN_TEST);
    ck_assert(same_result(&r, &o.result));
    regimen_model_describe(m, &info);
    ck_assert(info.classes == 4 && info.height == 8 && info.parameters > 1000);
    refused(regimen_predict(m, p.images[REGIMEN_TEST], 1, out, &err), REGIMEN_USAGE, &err, path);
    r = evaluated(m, data, REGIMEN_TEST);
    ck_assert(same_result(&r, &o.result));
    evaluation_refused(m, data, REGIMEN_VALIDATION, REGIMEN_USAGE, "");
    refused(regimen_model_save(m, in_folder(folder, "again.h5"), &err), REGIMEN_USAGE, &err, path);
    ck_assert_int_ne(access(in_folder(folder, "again.h5"), F_OK), 0);
    regimen_model_close(m);
    regimen_model_close(o.model);
    regimen_config_destroy(c);
}
END_TEST

/* ---- loading ---- */

static void load_refused(const char *path, const regimen_config *c, int32_t status, const char *word) {
    regimen_error err;
    regimen_model *m = (regimen_model *)&err;
    refused(regimen_model_load(&m, machine, path, c, NULL, &err), status, &err, word);
    ck_assert_ptr_null(m);
    ck_assert_int_eq(regimen_model_load(&m, machine, path, c, NULL, NULL), status);
}

START_TEST(what_is_not_loaded) {
    regimen_error err;
    char text[600], long_path[1500];
    outcome o = model_on(data, "", NULL);
    fine(regimen_model_save(o.model, saved, &err), &err);
    regimen_model_close(o.model);
    snprintf(text, sizeof text, "%s", in_folder(folder, "text"));
    FILE *out = fopen(text, "w");
    fputs("no model", out);
    fclose(out);
    memset(long_path, 'x', sizeof long_path);
    long_path[sizeof long_path - 1] = 0;
    load_refused(text, NULL, REGIMEN_FORMAT, text);
    load_refused(in_folder(folder, "none"), NULL, REGIMEN_IO, "none");
    load_refused(folder, NULL, REGIMEN_USAGE, folder);
    load_refused("", NULL, REGIMEN_IO, "");
    load_refused(long_path, NULL, REGIMEN_USAGE, "too long");
    regimen_config *c = config_of("model.name=mlp; model.image=3x8x8; model.classes=4");
    load_refused(saved, c, REGIMEN_FORMAT, saved);
    config_more(c, "model.name=nosuch");
    load_refused(saved, c, REGIMEN_USAGE, "nosuch");
    regimen_config_destroy(c);
    regimen_model *m = (regimen_model *)text;
    regimen_events stop = {.size = sizeof stop, .cancel = always}, none = {0};
    refused(regimen_model_load(&m, machine, saved, NULL, &stop, &err), REGIMEN_INTERRUPTED, &err, "");
    ck_assert_ptr_null(m);
    refused(regimen_model_load(&m, machine, saved, NULL, &none, &err), REGIMEN_USAGE, &err, "regimen_events");
    ck_assert_int_eq(truncate(saved, 5000), 0);
    load_refused(saved, NULL, REGIMEN_FORMAT, saved);
    regimen_model_close(NULL);
}
END_TEST

/* best.h5, else last.h5. */
START_TEST(a_run_folder_is_loaded) {
    char best[700], last[700];
    regimen_config *c = net("epochs=4; optimizer.lr=0.5; clip_norm=0; early_stop.metric=loss; early_stop.patience=1");
    outcome o = trained(machine, data, c, NULL);
    snprintf(best, sizeof best, "%s/checkpoints/best.h5", run_path);
    snprintf(last, sizeof last, "%s/checkpoints/last.h5", run_path);
    uint64_t expected[] = {hash_checkpoint(best), hash_checkpoint(last)};
    for (int i = 0; i < 2; i++) {
        regimen_model *m = load(machine, run_path, NULL);
        hash_model(m, &p, saved);
        ck_assert_uint_eq(hash_checkpoint(saved), expected[i]);
        ck_assert_str_eq(evaluated(m, data, REGIMEN_TEST).checkpoint, i ? last : best);
        regimen_model_close(m);
        if (!i) remove(best);
    }
    remove(last);
    load_refused(run_path, NULL, REGIMEN_USAGE, "last.h5");
    regimen_model_close(o.model);
    regimen_config_destroy(c);
}
END_TEST

/* ---- saving ---- */

START_TEST(a_saved_model_is_loaded) {
    regimen_error err;
    regimen_data *d = pixels_named(&p, names);
    outcome o = model_on(d, "", NULL);
    uint64_t bits = hash_model(o.model, &p, saved);
    regimen_model_info a = {.size = sizeof a}, b = {.size = sizeof b};
    regimen_model_describe(o.model, &a);
    regimen_model *m = load(machine, saved, NULL);
    regimen_result v = evaluated(o.model, d, REGIMEN_VALIDATION);
    regimen_model_close(o.model);
    regimen_model_describe(m, &b);
    ck_assert_int_eq(memcmp(&a, &b, sizeof a), 0);
    for (int i = 0; i < 4; i++) ck_assert_str_eq(regimen_model_class(m, i), names[i]);
    regimen_result w = evaluated(m, d, REGIMEN_VALIDATION);
    ck_assert(same_result(&v, &w));
    ck_assert_uint_eq(hash_model(m, &p, saved), bits); /* over the file that it comes from */
    fine(regimen_model_save(m, in_folder(folder, "again.h5"), &err), &err);
    ck_assert(same_files(saved, in_folder(folder, "again.h5")));
    regimen_model_close(m);
    regimen_data_close(d);
}
END_TEST

/* A run does not go on from it, but begins with it. */
START_TEST(a_saved_model_begins_a_run) {
    char last[700], key[700];
    regimen_config *c = net("model.name=mlp; augment=[]; regularize=[]; clip_norm=0");
    listener l = {.cancel_at = 3};
    outcome o = train(machine, data, c, &(extra){.listener = &l});
    ck_assert_int_eq(o.status, REGIMEN_INTERRUPTED);
    snprintf(last, sizeof last, "%s/checkpoints/last.h5", run_path);
    regimen_model *m = load(machine, last, NULL);
    uint64_t bits = hash_model(m, &p, saved);
    regimen_model_close(m);
    copy_file(saved, last);
    o = train(machine, data, NULL, &(extra){.resume = run_path});
    ck_assert_int_eq(o.status, REGIMEN_USAGE);
    ck_assert_msg(strstr(o.error, last) && strstr(o.error, "a model that was saved by itself"), "%s", o.error);
    snprintf(key, sizeof key, "checkpoint=%s; out=; steps=1; optimizer.lr=1e-30", saved);
    config_more(c, key);
    o = trained(machine, data, c, &(extra){.no_files = 1});
    ck_assert_uint_eq(hash_model(o.model, &p, in_folder(folder, "again.h5")), bits);
    regimen_model_close(o.model);
    regimen_config_destroy(c);
}
END_TEST

/* What cannot be written leaves the file as it was, and nothing beside it. */
START_TEST(a_full_disk) {
    regimen_error err;
    char before[4096];
    struct rlimit limit, small;
    outcome o = model_on(data, "", NULL);
    fine(regimen_model_save(o.model, saved, &err), &err);
    uint64_t bits = hash_checkpoint(saved);
    snprintf(before, sizeof before, "%s", listing(folder));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small = limit;
    small.rlim_cur = 20000;
    setrlimit(RLIMIT_FSIZE, &small);
    refused(regimen_model_save(o.model, saved, &err), REGIMEN_IO, &err, saved);
    refused(regimen_model_save(o.model, in_folder(folder, "new.h5"), &err), REGIMEN_IO, &err, "new.h5");
    setrlimit(RLIMIT_FSIZE, &limit);
    ck_assert_str_eq(listing(folder), before);
    ck_assert_uint_eq(hash_checkpoint(saved), bits);
    refused(regimen_model_save(o.model, in_folder(folder, "none/new.h5"), &err), REGIMEN_IO, &err, "none/new.h5");
    refused(regimen_model_save(o.model, folder, &err), REGIMEN_IO, &err, folder);
    ck_assert_int_lt(regimen_model_save(o.model, "", &err), 0);
    ck_assert_str_eq(listing(folder), before);
    fine(regimen_model_save(o.model, saved, &err), &err);
    regimen_model_close(o.model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("library: saved models");
    TCase *tcase = tcase_create("saved models");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, weights_from_elsewhere, 0, 2);
    tcase_add_test(tcase, what_is_not_loaded);
    tcase_add_test(tcase, a_run_folder_is_loaded);
    tcase_add_test(tcase, a_saved_model_is_loaded);
    tcase_add_test(tcase, a_saved_model_begins_a_run);
    tcase_add_test(tcase, a_full_disk);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
