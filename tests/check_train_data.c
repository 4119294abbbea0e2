/* The data of trainings (train/data.h): a set that is borrowed or in memory, classes in another order, no data. */
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "failing_calls.h"
#include "data/fingerprint.h"
#include "make_set.h"
#include "train/trainer.h"

enum { STEPS = 6 };

static const char run_yaml[] = "{model: {name: resnet20, base: 4}, batch: 6, epochs: 40, seed: 3, threads: 1, "
                               "augment: [flip], data: {validation: 0.25}}";
static const rgm_test_set made = {.train = 64, .test = 12, .H = 8, .W = 8, .C = 3, .classes = 4, .names = 1};

static char *folder;
static char path[600];

static void need(rgm_status status, const rgm_error *err) { ck_assert_msg(status == RGM_OK, "%s", err->text); }

static void set_up(void) {
    folder = make_folder();
    snprintf(path, sizeof path, "%s", in_folder(folder, "set.h5"));
    make_set(path, &made);
}

static void tear_down(void) { remove_folder(folder); }

static rgm_status configure(rgm_config *config, const char *text, const char *file, rgm_error *err) {
    RGM_TRY(rgm_config_init(config, err));
    RGM_TRY(rgm_config_parse(config, text, strlen(text), "test", err));
    snprintf(config->data.file, sizeof config->data.file, "%s", file);
    config->pin = RGM_PIN_OFF;
    return RGM_OK;
}

/* The set in memory, whose pixels live as long as the process. */
static rgm_dataset *memory_set(const char *name) {
    static rgm_test_memory copy;
    rgm_error err = {0};
    rgm_dataset *file = open_set(path, RGM_ACCESS_AUTO), *set;
    copy_to_memory(&copy, file);
    copy.memory.name = name;
    need(rgm_dataset_from_memory(&set, &copy.memory, &err), &err);
    rgm_dataset_close(file);
    return set;
}

/* ---- trainings ---- */

typedef struct job {
    const rgm_dataset *set; /* borrowed; NULL: the file */
    rgm_tally tally;        /* of the test split, after STEPS steps */
    rgm_tally held_out;
    rgm_status status;
    rgm_error err;
} job;

static rgm_status train(job *j, const rgm_session *s) {
    rgm_trainer *trainer;
    RGM_TRY(rgm_trainer_create(&trainer, s, &(rgm_trainer_options){.training = 1}, &j->err));
    rgm_status status = RGM_OK;
    rgm_step_result result;
    for (int64_t i = 0; i < STEPS && status == RGM_OK; i++) status = rgm_trainer_step(trainer, i, &result, &j->err);
    if (status == RGM_OK) status = rgm_trainer_evaluate(trainer, &s->data->test, NULL, NULL, &j->tally, &j->err);
    if (status == RGM_OK)
        status = rgm_trainer_evaluate(trainer, &s->data->validation, NULL, NULL, &j->held_out, &j->err);
    rgm_trainer_destroy(trainer);
    return status;
}

static rgm_status do_job(job *j, rgm_config *config) {
    rgm_session *session;
    RGM_TRY(configure(config, run_yaml, j->set ? "" : path, &j->err));
    const rgm_session_options options = {.set = j->set, .need_data = 1};
    RGM_TRY(rgm_session_create(&session, config, &options, &j->err));
    rgm_status status = train(j, session);
    rgm_session_destroy(session);
    return status;
}

static void *run_job(void *context) {
    job *j = context;
    rgm_config *config = calloc(1, sizeof *config);
    j->status = config ? do_job(j, config) : RGM_E_NOMEM;
    free(config);
    return NULL;
}

static int same(const job *a, const job *b) {
    return memcmp(&a->tally, &b->tally, sizeof a->tally) == 0 &&
           memcmp(&a->held_out, &b->held_out, sizeof a->held_out) == 0;
}

/* Two trainings at once of one set, in memory, as a file, and through HDF5, while its pixels are hashed: each as alone
 * on the file. */
START_TEST(at_once) {
    static const rgm_stop never;
    job alone = {0}, jobs[2];
    pthread_t threads[2];
    run_job(&alone);
    need(alone.status, &alone.err);
    ck_assert_int_eq(alone.tally.seen, 12);
    if (_i == 2)
        make_set(path, &(rgm_test_set){
                           .train = 64, .test = 12, .H = 8, .W = 8, .C = 3, .classes = 4, .names = 1, .chunk = 5});
    rgm_dataset *set = _i == 0 ? memory_set("mine") : _i == 1 ? open_set(path, RGM_ACCESS_PREAD) : open_streamed(path);
    rgm_fingerprint_begin(set, &never);
    for (int i = 0; i < 2; i++) {
        jobs[i] = (job){.set = set};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) {
        need(jobs[i].status, &jobs[i].err);
        ck_assert(same(&jobs[i], &alone));
    }
    ck_assert(holds(set, &made)); /* open, and as it was */
    rgm_dataset_close(set);
}
END_TEST

static atomic_int released, asked;

/* A disk that does not answer, until it is released. */
static void hang(void *context) {
    (void)context;
    while (!released) usleep(1000);
}

static int32_t stop_if_asked(void *context) {
    (void)context;
    return asked;
}

/* A wait for pixels of a borrowed set hears the session's stop. */
START_TEST(waits_hear_the_session) {
    static rgm_config config;
    rgm_error err = {0};
    rgm_session *session;
    rgm_trainer *trainer;
    rgm_step_result result;
    rgm_dataset *set = open_set(path, RGM_ACCESS_PREAD);
    need(configure(&config, run_yaml, "", &err), &err);
    const rgm_session_options options = {.set = set, .stop = {stop_if_asked, NULL}};
    need(rgm_session_create(&session, &config, &options, &err), &err);
    need(rgm_trainer_create(&trainer, session, &(rgm_trainer_options){.training = 1}, &err), &err);
    failing_calls = (rgm_failing){.at = 1, .instead = hang};
    asked = 1;
    ck_assert_int_eq(rgm_trainer_step(trainer, 0, &result, &err), RGM_E_INTERRUPTED);
    released = 1;
    asked = 0;
    need(rgm_trainer_step(trainer, 0, &result, &err), &err);
    rgm_trainer_destroy(trainer);
    rgm_session_destroy(session);
    rgm_dataset_close(set);
}
END_TEST

/* ---- opening ---- */

START_TEST(borrowed) {
    static rgm_config config;
    rgm_error err = {0};
    rgm_data *data;
    rgm_dataset *set = memory_set("mine");
    need(configure(&config, run_yaml, "elsewhere.h5", &err), &err); /* which is not asked for */
    need(rgm_data_open(&data, &config, &(rgm_data_options){.set = set}, &err), &err);
    ck_assert_ptr_eq(data->set, set);
    ck_assert_ptr_null(data->own_set);
    ck_assert_str_eq(rgm_dataset_describe(data->set)->path, "mine");
    ck_assert_int_eq(data->validation.count, 16);
    ck_assert_int_eq(data->train.count, 48);
    rgm_data_close(data);
    ck_assert(holds(set, &made));
    rgm_dataset_close(set);
}
END_TEST

START_TEST(wrong_names) {
    static rgm_config config;
    static char name[RGM_CONFIG_PATH + 1];
    rgm_error err = {0};
    rgm_data *data;
    memset(name, _i ? 'x' : 0, RGM_CONFIG_PATH);
    rgm_dataset *set = memory_set(name);
    need(configure(&config, run_yaml, "", &err), &err);
    ck_assert_int_eq(rgm_data_open(&data, &config, &(rgm_data_options){.set = set}, &err), RGM_E_USAGE);
    ck_assert_ptr_null(data);
    ck_assert_msg(strstr(err.text, "the data's name"), "%s", err.text);
    rgm_dataset_close(set);
}
END_TEST

/* ---- evaluations ---- */

/* A model's constants, as a checkpoint has them. */
static rgm_constants constants_of(const char *classes) {
    rgm_constants c = {.path = strdup("model.h5"), .classes = strdup(classes), .version = 2};
    c.input.known = 1;
    memcpy(c.input.image, (const int32_t[]){3, 8, 8}, sizeof c.input.image);
    for (int i = 0; i < 3; i++) c.input.mean[i] = 0.25f, c.input.std[i] = 0.5f;
    return c;
}

/* Evaluations of models with other orders of classes share a set: each counts as its model does. */
START_TEST(mapped) {
    static const char *const classes[] = {"class 3\nclass 2\nclass 1\nclass 0\n",
                                          "class 1\nclass 0\nother\nclass 3\nclass 2\n",
                                          "class 0\nclass 1\nclass 2\nclass 3\nother\n"};
    static const int32_t to[][4] = {{3, 2, 1, 0}, {1, 0, 4, 3}, {0, 1, 2, 3}};
    static rgm_config config;
    rgm_error err = {0};
    rgm_data *data[3];
    rgm_constants model[3];
    rgm_dataset *set = memory_set(NULL);
    need(configure(&config, run_yaml, "", &err), &err);
    for (int k = 0; k < 3; k++) {
        model[k] = constants_of(classes[k]);
        config.model.classes = k ? 5 : 4;
        const rgm_data_options options = {.set = set, .evaluation = 1, .split = RGM_SPLIT_TEST, .model = &model[k]};
        need(rgm_data_open(&data[k], &config, &options, &err), &err);
    }
    for (int k = 0; k < 3; k++) {
        const rgm_view *views[] = {&data[k]->train, &data[k]->test, &data[k]->validation};
        ck_assert_int_eq(data[k]->map != NULL, k < 2);
        for (int v = 0; v < 3; v++) {
            ck_assert_int_eq(rgm_view_classes(views[v]), k == 1 ? 5 : 4);
            for (int32_t c = 0; c < 4; c++) ck_assert_int_eq(rgm_view_class(views[v], c), to[k][c]);
        }
        rgm_data_close(data[k]);
        rgm_constants_free(&model[k]);
    }
    ck_assert(holds(set, &made));
    ck_assert_str_eq(rgm_dataset_describe(set)->class_names[3], "class 3");
    rgm_dataset_close(set);
}
END_TEST

/* ---- no data ---- */

/* A session without data knows what its model's pixels mean, if the model does. */
START_TEST(without_data) {
    static rgm_config config;
    rgm_error err = {0};
    rgm_constants model = constants_of("a\nb\nc\nd\n");
    rgm_session *session;
    model.input.known = _i;
    need(configure(&config, run_yaml, "", &err), &err);
    memcpy(config.model.image, model.input.image, sizeof config.model.image);
    config.model.classes = 4;
    const rgm_session_options options = {.evaluation = 1, .split = RGM_SPLIT_TEST, .model = &model};
    need(rgm_session_create(&session, &config, &options, &err), &err);
    const rgm_model *m = session->model;
    ck_assert_ptr_null(session->data->set);
    ck_assert_int_eq(m->input.known, _i);
    ck_assert_int_eq(m->info.mean != NULL, _i);
    ck_assert_int_eq(m->info.std != NULL, _i);
    if (_i) {
        ck_assert(m->info.mean[2] == 0.25f && m->info.std[2] == 0.5f);
        ck_assert_str_eq(session->data->constants.classes, "a\nb\nc\nd\n");
        ck_assert_ptr_ne(session->data->constants.classes, model.classes);
    }
    rgm_session_destroy(session);
    rgm_constants_free(&model);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("train data");
    TCase *tcase = tcase_create("train data");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, at_once, 0, 3);
    tcase_add_test(tcase, waits_hear_the_session);
    tcase_add_test(tcase, borrowed);
    tcase_add_loop_test(tcase, wrong_names, 0, 2);
    tcase_add_test(tcase, mapped);
    tcase_add_loop_test(tcase, without_data, 0, 2);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
