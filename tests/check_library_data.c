/* The library's data: files, and pixels in memory that are right, wrong, or hostile. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "library_case.h"
#include "make_set.h"
#include "train_run.h"

static char *folder, set[512];

static void set_up(void) {
    folder = make_folder();
    snprintf(set, sizeof set, "%s", in_folder(folder, "set.h5"));
}

static void tear_down(void) { remove_tree(folder); }

START_TEST(data_of_a_file) {
    regimen_error err;
    regimen_data *data;
    regimen_data_info info = {.size = sizeof info};
    listener l = {0};
    regimen_events events = events_of(&l), stop = {.size = sizeof stop, .cancel = always}, none = {0};
    run_set_write(set, &(run_set){.H = 8, .W = 6, .C = 1, .classes = 3, .train = 24, .validation = 9, .test = 5});
    fine(regimen_data_open(&data, set, &events, &err), &err);
    regimen_data_describe(data, &info);
    ck_assert(info.height == 8 && info.width == 6 && info.channels == 1 && info.classes == 3);
    ck_assert(info.count[REGIMEN_TRAIN] == 24 && info.count[REGIMEN_TEST] == 5 && info.count[REGIMEN_VALIDATION] == 9);
    ck_assert_ptr_null(regimen_data_class(data, 0));
    int64_t asked = l.asked;
    regimen_data_close(data);
    ck_assert_int_eq(l.asked, asked);
    refused(regimen_data_open(&data, set, &stop, &err), REGIMEN_INTERRUPTED, &err, "");
    ck_assert_ptr_null(data);
    refused(regimen_data_open(&data, set, &none, &err), REGIMEN_USAGE, &err, "regimen_events");
    refused(regimen_data_open(&data, in_folder(folder, "none.h5"), NULL, &err), REGIMEN_IO, &err, "none.h5");
    refused(regimen_data_open(&data, folder, NULL, &err), REGIMEN_IO, &err, folder);
    write_text(in_folder(folder, "text"), "this is no data set");
    refused(regimen_data_open(&data, in_folder(folder, "text"), NULL, &err), REGIMEN_FORMAT, &err, "text");
    ck_assert_ptr_null(data);
    ck_assert_int_eq(regimen_data_open(&data, in_folder(folder, "text"), NULL, NULL), REGIMEN_FORMAT);
    regimen_data_close(NULL);
}
END_TEST

static const char *const four[] = {"ant", "bee", "cat", "dog"};
static const char *const gap[] = {"ant", "bee", NULL, "dog"};

/* One wrong thing each. */
static void spoil(regimen_pixels *p, int32_t i) {
    static int32_t labels[60];
    switch (i) {
    case 0:
        p->size = 0;
        break;
    case 1:
        p->size = 7;
        break;
    case 2:
        p->height = 0;
        break;
    case 3:
        p->width = -1;
        break;
    case 4:
        p->channels = 65;
        break;
    case 5:
        p->height = p->width = INT32_MAX;
        break;
    case 6:
        p->classes = 1;
        break;
    case 7:
        p->classes = INT32_MAX;
        break;
    case 8:
        p->classes = 3;
        break; /* label 3 */
    case 9:
        p->count[REGIMEN_TRAIN] = -1;
        break;
    case 10:
        p->count[REGIMEN_TRAIN] = INT64_MAX;
        break;
    case 11:
        p->images[REGIMEN_TRAIN] = NULL;
        break;
    case 12:
        p->labels[REGIMEN_TEST] = NULL;
        break;
    case 13:
        p->count[REGIMEN_TRAIN] = p->count[REGIMEN_TEST] = 0;
        break;
    case 14:
        p->class_names = gap;
        break;
    case 15:
        labels[59] = -1;
        p->labels[REGIMEN_TRAIN] = labels;
        break;
    case 16:
        p->name = "";
        break;
    case 17:
        p->size = offsetof(regimen_pixels, images);
        break; /* counts without pixels */
    case 18:
        p->name = "two\nlines";
        break;
    default:
        break;
    }
}

START_TEST(hostile_pixels) {
    static const char *const words[] = {"regimen_pixels", "regimen_pixels", "", "", "channels", "",       "classes",
                                        "classes",        "label",          "", "", "pixels",   "labels", "no images",
                                        "class_names",    "label"};
    pixels p;
    regimen_error err;
    pixels_usual(&p);
    regimen_pixels given = p.given;
    spoil(&given, _i);
    regimen_data *data = (regimen_data *)&p;
    int32_t status = regimen_data_from_memory(&data, &given, NULL, &err);
    refused(status, REGIMEN_USAGE, &err, _i < 16 ? words[_i] : "");
    ck_assert_ptr_null(data);
    ck_assert_int_eq(regimen_data_from_memory(&data, &given, NULL, NULL), REGIMEN_USAGE);
    pixels_free(&p);
}
END_TEST

START_TEST(data_of_memory) {
    pixels p;
    regimen_error err;
    regimen_data *data;
    pixels_usual(&p);
    char *names[4];
    for (int i = 0; i < 4; i++) names[i] = strdup(four[i]);
    regimen_pixels given = p.given;
    given.class_names = (const char *const *)names;
    int32_t *labels = malloc(60 * sizeof *labels);
    memcpy(labels, p.labels[REGIMEN_TRAIN], 60 * sizeof *labels);
    given.labels[REGIMEN_TRAIN] = labels;
    char name[] = "mine";
    given.name = name;
    fine(regimen_data_from_memory(&data, &given, NULL, &err), &err);
    for (int i = 0; i < 4; i++) free(names[i]);
    memset(labels, 0xff, 60 * sizeof *labels);
    free(labels);
    memset(name, 'x', 4);
    ck_assert_str_eq(regimen_data_class(data, 3), "dog");
    ck_assert_ptr_null(regimen_data_class(data, -1));
    ck_assert_ptr_null(regimen_data_class(data, 4));
    regimen_machine *m = machine_of(1);
    regimen_config *c = config_of("model.name=mlp; batch=6; epochs=1");
    outcome o = trained(m, data, c, &(extra){.no_files = 1});
    ck_assert_str_eq(o.result.data, "mine");
    ck_assert_str_eq(regimen_model_class(o.model, 2), "cat");
    regimen_model_close(o.model);
    regimen_data_close(data);
    refused(regimen_data_from_memory(&data, NULL, NULL, &err), REGIMEN_USAGE, &err, "no pixels");
    regimen_config_destroy(c);
    regimen_machine_close(m);
    pixels_free(&p);
}
END_TEST

/* Without a training split data is for evaluations. */
START_TEST(data_without_training) {
    pixels p;
    regimen_error err;
    pixels_make(&p, 8, 3, 4, (int64_t[]){0, 10, 4});
    regimen_data *data = pixels_data(&p);
    regimen_data_info info = {.size = sizeof info};
    regimen_data_describe(data, &info);
    ck_assert(info.count[REGIMEN_TRAIN] == 0 && info.count[REGIMEN_VALIDATION] == 4);
    regimen_machine *m = machine_of(1);
    regimen_config *c = config_of("model.name=mlp; batch=6");
    outcome o = train(m, data, c, &(extra){.no_files = 1});
    ck_assert_msg(o.status == REGIMEN_USAGE || o.status == REGIMEN_FORMAT, "%d: %s", o.status, o.error);
    ck_assert_msg(strstr(o.error, "train"), "%s", o.error);
    regimen_training training = {.size = sizeof training, .no_files = 1};
    ck_assert_int_eq(regimen_train(m, NULL, c, &training, NULL, &err), REGIMEN_USAGE);
    ck_assert_msg(strstr(err.text, "data"), "%s", err.text);
    regimen_config_destroy(c);
    regimen_machine_close(m);
    regimen_data_close(data);
    pixels_free(&p);
}
END_TEST
int main(void) {
    Suite *suite = suite_create("library: data");
    TCase *tcase = tcase_create("data");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, data_of_a_file);
    tcase_add_loop_test(tcase, hostile_pixels, 0, 19);
    tcase_add_test(tcase, data_of_memory);
    tcase_add_test(tcase, data_without_training);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
