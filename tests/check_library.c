/* The library's configurations and machines; statuses, errors and structs that grow. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "library_case.h"
#include "make_set.h"
#include "train_run.h"

static char *folder, set[512];

static void set_up(void) {
    folder = make_folder();
    snprintf(set, sizeof set, "%s", in_folder(folder, "set.h5"));
}

static void tear_down(void) { remove_tree(folder); }

/* ---- statuses ---- */

START_TEST(every_status_has_words) {
    ck_assert_msg(regimen_version()[0] >= '0' && regimen_version()[0] <= '9', "%s", regimen_version());
    for (int32_t s = REGIMEN_INTERNAL; s <= REGIMEN_OK; s++)
        for (int32_t t = REGIMEN_INTERNAL - 1; t < s; t++)
            ck_assert_str_ne(regimen_status_text(s), regimen_status_text(t));
    ck_assert_str_eq(regimen_status_text(REGIMEN_IO), "input/output error");
    ck_assert_str_eq(regimen_status_text(1), regimen_status_text(INT32_MIN));
    ck_assert_str_eq(regimen_status_text(1), regimen_status_text(INT32_MAX));
}
END_TEST

/* ---- configurations ---- */

static char *print_config(const regimen_config *config) {
    regimen_error err;
    int64_t size = regimen_config_print(config, NULL, 0, &err);
    fine(size > 1 ? 0 : -1, &err);
    char *text = malloc((size_t)size);
    ck_assert_int_eq(regimen_config_print(config, text, (size_t)size, &err), size);
    ck_assert_uint_eq(strlen(text) + 1, (size_t)size);
    return text;
}

/* Its text, to compare. */
static void prints_as(const regimen_config *config, const char *expected) {
    char *text = print_config(config);
    ck_assert_str_eq(text, expected);
    free(text);
}

static void has(const regimen_config *config, const char *line) {
    char *text = print_config(config);
    ck_assert_msg(strstr(text, line) != NULL, "expected '%s' in:\n%s", line, text);
    free(text);
}

START_TEST(a_configuration_goes_round) {
    regimen_error err;
    regimen_config *a = config_of("model.name=mlp; batch=7; optimizer.lr=0.125; augment=[flip]; seed=9"), *b;
    char *text = print_config(a), path[600], small[8];
    snprintf(path, sizeof path, "%s", in_folder(folder, "a.yaml"));
    write_text(path, text);
    fine(regimen_config_create(&b, &err), &err);
    fine(regimen_config_read(b, path, NULL, &err), &err);
    prints_as(b, text);
    has(b, "0.125");
    memset(small, 'x', sizeof small);
    int64_t size = regimen_config_print(a, small, 5, NULL);
    ck_assert_int_eq(size, (int64_t)strlen(text) + 1);
    ck_assert(strlen(small) == 4 && strncmp(small, text, 4) == 0 && small[5] == 'x');
    ck_assert_int_eq(regimen_config_print(a, small, 1, &err), size);
    ck_assert(small[0] == 0 && small[1] == text[1]);
    regimen_config_destroy(a);
    regimen_config_destroy(b);
    regimen_config_destroy(NULL);
    free(text);
}
END_TEST

typedef struct wrong_setting {
    const char *key, *value, *word;
} wrong_setting;

static const wrong_setting wrong_settings[] = {
    {"epoch", "5", "epoch"},
    {"", "5", ""},
    {"epochs", "", ""},
    {"epochs", "many", "epochs"},
    {"epochs", "-1", "epochs"},
    {"epochs", "5\n", "epochs"},
    {"batch", "1e30", "batch"},
    {"model.name", "a\xff", ""},
    {"model", "{name: mlp}", "model"},
    {"optimizer.momentums", "{}}", ""},
    {"optimizer", "{sgd: {lr: 0.1}, adam: {}}", ""},
    {"data.file", "a\nb", ""},
    {"data", "3", "data"},
    {"a.b.c.d.e.f", "1", ""},
    {"epochs.x", "1", "epochs"},
};

START_TEST(a_refused_change_changes_nothing) {
    const wrong_setting *w = &wrong_settings[_i];
    regimen_error err;
    regimen_config *c = config_of("model.name=mlp; batch=7; optimizer.lr=0.125");
    char *before = print_config(c);
    refused(regimen_config_set(c, w->key, w->value, &err), REGIMEN_USAGE, &err, w->word);
    ck_assert_int_eq(regimen_config_set(c, w->key, w->value, NULL), REGIMEN_USAGE);
    prints_as(c, before);
    regimen_config_destroy(c);
    free(before);
}
END_TEST

START_TEST(a_refused_file_changes_nothing) {
    regimen_error err;
    regimen_config *c = config_of("model.name=mlp; batch=7");
    char *before = print_config(c), path[600], bad[600];
    snprintf(path, sizeof path, "%s", in_folder(folder, "bad.yaml"));
    snprintf(bad, sizeof bad, "%s", in_folder(folder, "bad.h5"));
    write_text(path, "batch: 3\nepochs: 4\nepoch: 5\n");
    write_text(bad, "\x89HDF\r\n\x1a\nnothing more");
    refused(regimen_config_read(c, path, NULL, &err), REGIMEN_USAGE, &err, "bad.yaml:3:1");
    refused(regimen_config_read(c, bad, NULL, &err), REGIMEN_FORMAT, &err, "bad.h5");
    refused(regimen_config_read(c, in_folder(folder, "none"), NULL, &err), REGIMEN_IO, &err, "none");
    refused(regimen_config_read(c, folder, NULL, &err), REGIMEN_USAGE, &err, folder);
    ck_assert_int_eq(regimen_config_read(c, "", NULL, &err), REGIMEN_IO);
    ck_assert_int_eq(regimen_config_read(c, path, NULL, NULL), REGIMEN_USAGE);
    prints_as(c, before);
    regimen_config_destroy(c);
    free(before);
}
END_TEST

/* What the model brings, in whatever order. */
START_TEST(a_model_has_defaults_of_its_own) {
    regimen_error err;
    regimen_config *plain = config_of("model.name=mlp"), *before = config_of("clip_norm=3; model.name=mlp");
    regimen_config *after = config_of("model.name=mlp; clip_norm=3");
    has(plain, "clip_norm: 1");
    has(plain, "lr: 0.1");
    has(before, "clip_norm: 3");
    has(before, "lr: 0.1");
    char *text = print_config(after);
    prints_as(before, text);
    const char *yaml = in_folder(folder, "m.yaml");
    write_text(yaml, "clip_norm: 3\n");
    fine(regimen_config_read(plain, yaml, NULL, &err), &err);
    prints_as(plain, text);
    regimen_config *other = config_of("model.name=mlp; model.name=resnet20"), *only = config_of("model.name=resnet20");
    char *last = print_config(only);
    prints_as(other, last);
    regimen_config *part = config_of("optimizer.lr=0.5; model.name=mlp");
    has(part, "lr: 0.5");
    regimen_config *of[] = {plain, before, after, other, only, part};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) regimen_config_destroy(of[i]);
    free(text);
    free(last);
}
END_TEST

/* A run's folder and its checkpoint have the same configuration, whatever was there before. */
START_TEST(a_run_has_its_configuration) {
    const regimen_events stop = {.size = sizeof stop, .cancel = always};
    regimen_error err;
    pixels p;
    char out[600], last[1100];
    pixels_usual(&p);
    regimen_data *data = pixels_data(&p);
    snprintf(out, sizeof out, "out=%s", in_folder(folder, "run"));
    regimen_config *c = config_of("model.name=mlp; batch=6; epochs=1; optimizer.lr=0.03125"), *a, *b;
    config_more(c, out);
    regimen_machine *m = machine_of(1);
    outcome o = trained(m, data, c, &(extra){.no_model = 1});
    a = config_of("model.name=resnet20; batch=99; seed=4");
    fine(regimen_config_read(a, o.result.folder, NULL, &err), &err);
    has(a, "batch: 6");
    has(a, "lr: 0.03125");
    snprintf(last, sizeof last, "%s/checkpoints/last.h5", o.result.folder);
    b = config_of("model.name=resnet20; batch=99; dropout=0.5");
    refused(regimen_config_read(b, last, &stop, &err), REGIMEN_INTERRUPTED, &err, "last.h5");
    has(b, "batch: 99");
    fine(regimen_config_read(b, last, NULL, &err), &err);
    has(b, "batch: 6");
    has(b, "seed: 1");
    has(b, "last.h5");
    regimen_config_destroy(a);
    regimen_config_destroy(b);
    regimen_config_destroy(c);
    regimen_machine_close(m);
    regimen_data_close(data);
    pixels_free(&p);
}
END_TEST

/* ---- machines ---- */

START_TEST(machines) {
    regimen_error err = {.status = 77};
    regimen_machine *m = (regimen_machine *)&err, *second;
    regimen_config *c = config_of("isa=reference; threads=2");
    fine(regimen_machine_open(&m, c, NULL, &err), &err);
    ck_assert_msg(strstr(regimen_machine_build(m), "reference"), "%s", regimen_machine_build(m));
    config_more(c, "isa=auto");
    second = m;
    int32_t status = regimen_machine_open(&second, c, NULL, &err);
    if (status < 0) {
        refused(status, REGIMEN_UNSUPPORTED, &err, "instruction set");
        ck_assert_ptr_null(second);
    }
    regimen_machine_close(second);
    config_more(c, "isa=reference; plugins=[/nowhere.so]");
    second = m;
    ck_assert_int_lt(regimen_machine_open(&second, c, NULL, NULL), 0);
    ck_assert_ptr_null(second);
    ck_assert_int_lt(regimen_machine_open(&second, c, NULL, &err), 0);
    ck_assert_msg(strstr(err.text, "/nowhere.so"), "%s", err.text);
    config_more(c, "plugins=[]");
    fine(regimen_machine_open(&second, c, NULL, &err), &err);
    regimen_machine_close(m);
    regimen_machine_close(second);
    regimen_machine_close(NULL);
    regimen_config_destroy(c);
}
END_TEST

START_TEST(a_machine_by_default) {
    regimen_error err;
    regimen_machine *m;
    fine(regimen_machine_open(&m, NULL, NULL, &err), &err);
    ck_assert_ptr_nonnull(strstr(regimen_machine_build(m), regimen_version()));
    regimen_machine_close(m);
}
END_TEST

START_TEST(a_machine_tells_what_it_skips) {
    regimen_error err;
    regimen_machine *m;
    listener l = {0};
    regimen_events events = events_of(&l), none = {0};
    char plugins[640];
    snprintf(plugins, sizeof plugins, "plugins=[%s]", folder);
    write_text(in_folder(folder, "bad.so"), "no plugin");
    regimen_config *c = config_of(plugins);
    fine(regimen_machine_open(&m, c, &events, &err), &err);
    ck_assert_msg(strstr(l.said, "1 ") && strstr(l.said, "bad.so") && strstr(l.said, "skipped"), "%s", l.said);
    regimen_machine_close(m);
    refused(regimen_machine_open(&m, c, &none, &err), REGIMEN_USAGE, &err, "regimen_events");
    ck_assert_ptr_null(m);
    regimen_config_destroy(c);
}
END_TEST

/* ---- structs that grow ---- */

typedef struct longer {
    regimen_result result;
    char more[64];
} longer;

static int clean(const void *from, size_t bytes, unsigned char with) {
    const unsigned char *at = from;
    for (size_t i = 0; i < bytes; i++)
        if (at[i] != with) return 0;
    return 1;
}

/* Filled up to its size, whatever is behind. */
static void fills(regimen_machine *m, const regimen_data *data, const regimen_config *c, size_t size) {
    longer l;
    regimen_error err;
    regimen_training training = {.size = sizeof training, .no_files = 1};
    memset(&l, 0x5a, sizeof l);
    l.result.size = size;
    fine(regimen_train(m, data, c, &training, &l.result, &err), &err);
    size_t most = size < sizeof l.result ? size : sizeof l.result;
    ck_assert_uint_eq(l.result.size, size);
    ck_assert(clean((char *)&l + most, sizeof l - most, 0x5a));
    if (size >= sizeof l.result) ck_assert_str_eq(l.result.model, "mlp");
    if (size >= offsetof(regimen_result, reason)) ck_assert_int_eq(l.result.status, REGIMEN_OK);
}

START_TEST(structs_say_their_size) {
    pixels p;
    regimen_error err;
    pixels_usual(&p);
    regimen_data *data = pixels_data(&p);
    regimen_machine *m = machine_of(1);
    regimen_config *c = config_of("model.name=mlp; batch=20; epochs=1");
    fills(m, data, c, sizeof(size_t));
    fills(m, data, c, offsetof(regimen_result, reason));
    fills(m, data, c, offsetof(regimen_result, accuracy));
    fills(m, data, c, sizeof(regimen_result));
    fills(m, data, c, sizeof(longer));

    regimen_model *model = (regimen_model *)&p;
    regimen_result result = {0};
    regimen_events events = {0};
    regimen_training none = {0}, sized = {.size = sizeof sized, .events = &events, .no_files = 1, .model = &model};
    refused(regimen_train(m, data, c, &none, NULL, &err), REGIMEN_USAGE, &err, "regimen_training");
    refused(regimen_train(m, data, c, &sized, NULL, &err), REGIMEN_USAGE, &err, "regimen_events");
    ck_assert_ptr_null(model);
    sized.events = NULL;
    refused(regimen_train(m, data, c, &sized, &result, &err), REGIMEN_USAGE, &err, "regimen_result");
    ck_assert(clean(&result, sizeof result, 0));

    fine(regimen_train(m, data, c, &sized, NULL, NULL), &(regimen_error){0});
    refused(regimen_evaluate(model, data, REGIMEN_TEST, &events, NULL, &err), REGIMEN_USAGE, &err, "regimen_events");
    refused(regimen_evaluate(model, data, REGIMEN_TEST, NULL, &result, &err), REGIMEN_USAGE, &err, "regimen_result");
    longer l;
    memset(&l, 0x5a, sizeof l);
    l.result.size = offsetof(regimen_result, loss);
    fine(regimen_evaluate(model, data, REGIMEN_TEST, NULL, &l.result, &err), &err);
    ck_assert_int_eq(l.result.images, 10);
    ck_assert(clean(&l.result.loss, sizeof l - offsetof(regimen_result, loss), 0x5a));

    regimen_model_info mi, *mip = &mi;
    memset(&mi, 0x5a, sizeof mi);
    mi.size = offsetof(regimen_model_info, classes);
    regimen_model_describe(model, mip);
    ck_assert(mi.height == 8 && mi.channels == 3 && mi.classes == 0x5a5a5a5a);
    regimen_data_info di;
    memset(&di, 0x5a, sizeof di);
    di.size = 0;
    regimen_data_describe(data, &di);
    di.size = offsetof(regimen_data_info, count);
    regimen_data_describe(data, &di);
    ck_assert(di.classes == 4 && di.count[0] == 0x5a5a5a5a5a5a5a5a);
    regimen_model_close(model);
    regimen_config_destroy(c);
    regimen_machine_close(m);
    regimen_data_close(data);
    pixels_free(&p);
}
END_TEST

/* Nothing that must be there may be NULL; what is no pointer's fault is no crash. */
START_TEST(pointers_that_must_be_there) {
    regimen_error err;
    regimen_config *c = config_of("");
    regimen_data_info data = {.size = sizeof data, .classes = 7};
    regimen_model_info model = {.size = sizeof model, .classes = 7};
    regimen_machine *machine;
    regimen_model *none;
    regimen_data *nowhere;
    uint8_t image = 0;
    float probability;
    refused(regimen_config_create(NULL, &err), REGIMEN_USAGE, &err, "regimen_config_create");
    refused(regimen_config_read(NULL, "x", NULL, &err), REGIMEN_USAGE, &err, "no configuration");
    refused(regimen_config_read(c, NULL, NULL, &err), REGIMEN_USAGE, &err, "no path");
    refused(regimen_config_set(NULL, "epochs", "1", &err), REGIMEN_USAGE, &err, "no configuration");
    refused(regimen_config_set(c, NULL, "1", &err), REGIMEN_USAGE, &err, "no key");
    refused(regimen_config_set(c, "epochs", NULL, &err), REGIMEN_USAGE, &err, "no value");
    refused((int32_t)regimen_config_print(NULL, NULL, 0, &err), REGIMEN_USAGE, &err, "no configuration");
    refused((int32_t)regimen_config_print(c, NULL, 9, &err), REGIMEN_USAGE, &err, "no place");
    refused(regimen_machine_open(NULL, c, NULL, &err), REGIMEN_USAGE, &err, "regimen_machine_open");
    refused(regimen_data_open(&nowhere, NULL, NULL, &err), REGIMEN_USAGE, &err, "no path");
    refused(regimen_data_open(NULL, "x", NULL, &err), REGIMEN_USAGE, &err, "regimen_data_open");
    refused(regimen_data_from_memory(NULL, NULL, NULL, &err), REGIMEN_USAGE, &err, "regimen_data_from_memory");
    refused(regimen_train(NULL, NULL, c, NULL, NULL, &err), REGIMEN_USAGE, &err, "no machine");
    refused(regimen_model_load(&none, NULL, "x", NULL, NULL, &err), REGIMEN_USAGE, &err, "no machine");
    refused(regimen_model_save(NULL, "x", &err), REGIMEN_USAGE, &err, "no model");
    refused(regimen_evaluate(NULL, NULL, REGIMEN_TEST, NULL, NULL, &err), REGIMEN_USAGE, &err, "no model");
    refused(regimen_predict(NULL, &image, 1, &probability, &err), REGIMEN_USAGE, &err, "no model");
    fine(regimen_machine_open(&machine, c, NULL, &err), &err);
    refused(regimen_model_load(NULL, machine, "x", NULL, NULL, &err), REGIMEN_USAGE, &err, "regimen_model_load");
    refused(regimen_model_load(&none, machine, NULL, NULL, NULL, &err), REGIMEN_USAGE, &err, "no path");
    regimen_machine_close(machine);
    regimen_data_describe(NULL, &data);
    regimen_model_describe(NULL, &model);
    ck_assert(data.size == sizeof data && data.classes == 0 && model.size == sizeof model && model.classes == 0);
    ck_assert(!regimen_data_class(NULL, 0) && !regimen_model_class(NULL, 0) && !regimen_machine_build(NULL));
    regimen_config_destroy(c);
}
END_TEST

/* A caller that knows of no event but the first two. */
START_TEST(an_older_caller) {
    static struct {
        size_t size;
        void *context;
        int32_t (*cancel)(void *);
        unsigned char behind[200];
    } older;
    pixels p;
    regimen_error err;
    pixels_usual(&p);
    memset(&older, 0xff, sizeof older);
    older.size = offsetof(regimen_events, message);
    older.context = NULL;
    older.cancel = always;
    regimen_data *data = pixels_data(&p);
    regimen_machine *m = machine_of(1);
    regimen_config *c = config_of("model.name=mlp; batch=20; epochs=1");
    struct {
        size_t size;
        const regimen_events *events;
        const char *resume;
        int32_t no_files;
        int32_t padding;
        void *model;
    } training = {offsetof(regimen_training, model), (const regimen_events *)&older, NULL, 1, 0, (void *)1};
    refused(regimen_train(m, data, c, (const regimen_training *)&training, NULL, &err), REGIMEN_INTERRUPTED, &err, "");
    regimen_config_destroy(c);
    regimen_machine_close(m);
    regimen_data_close(data);
    pixels_free(&p);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("library");
    TCase *tcase = tcase_create("library");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, every_status_has_words);
    tcase_add_test(tcase, a_configuration_goes_round);
    tcase_add_loop_test(tcase, a_refused_change_changes_nothing, 0, sizeof wrong_settings / sizeof *wrong_settings);
    tcase_add_test(tcase, a_refused_file_changes_nothing);
    tcase_add_test(tcase, a_model_has_defaults_of_its_own);
    tcase_add_test(tcase, a_run_has_its_configuration);
    tcase_add_test(tcase, machines);
    tcase_add_test(tcase, a_machine_by_default);
    tcase_add_test(tcase, a_machine_tells_what_it_skips);
    tcase_add_test(tcase, structs_say_their_size);
    tcase_add_test(tcase, pointers_that_must_be_there);
    tcase_add_test(tcase, an_older_caller);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
