/* Many trainings in one process by the library: on one data, one after the other, within each other, at once, and a
 * hundred times. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "datasets/writer.h"
#include "library_case.h"
#include "make_set.h"
#include "sanitized.h"
#include "usage.h"

/* Two that differ in all that a training can have of its own. */
static const char *const settings[] = {
    "model.name=resnet20; model.base=4; batch=6; epochs=1; seed=3; dropout=0.1; augment=[{crop: {padding: 1}}, flip]; "
    "optimizer.lr=0.05; data.validation=0.25",
    "model.name=mlp; model.base=16; batch=5; epochs=1; seed=9; optimizer=adamw; scheduler=cosine; warmup=0.2; "
    "augment=[{cutout: {size: 2}}]; data.validation=0.2",
};

static char *folder;
static pixels p;

static void set_up(void) {
    folder = make_folder();
    pixels_usual(&p);
}

static void tear_down(void) {
    pixels_free(&p);
    remove_tree(folder);
}

/* ---- one training ---- */

/* A training by itself, with its own machine, or what is given. */
typedef struct job {
    int32_t which, threads;
    regimen_machine *machine;
    const regimen_data *data;
    const char *saved;           /* where its model is saved */
    void (*within)(listener *l); /* its steps' event */
    void *mine;
    uint64_t found;
} job;

static uint64_t do_job(void *context) {
    job *j = context;
    listener l = {.within = j->within, .mine = j->mine};
    regimen_machine *machine = j->machine ? j->machine : machine_of(j->threads);
    regimen_data *own = j->data ? NULL : pixels_data(&p);
    regimen_config *config = config_of(settings[j->which]);
    outcome o = trained(machine, own ? own : j->data, config, &(extra){.no_files = 1, .listener = &l});
    j->found = hash_model(o.model, &p, j->saved);
    regimen_model_close(o.model);
    regimen_config_destroy(config);
    regimen_data_close(own);
    if (!j->machine) regimen_machine_close(machine);
    return j->found;
}

static job job_of(int32_t which, int32_t threads) {
    static char paths[8][600];
    static int count;
    char *path = paths[count % 8];
    snprintf(path, sizeof paths[0], "%s/%d.h5", folder, count++ % 8);
    return (job){.which = which, .threads = threads, .saved = path};
}

/* The bits of a process that does nothing else. */
static uint64_t alone(int32_t which, int32_t threads) {
    job j = job_of(which, threads);
    return in_child(do_job, &j);
}

/* ---- memory and files ---- */

static void write_set(const char *path) {
    rgm_error err = {0};
    rgm_writer *w;
    rgm_writer_options options = {.path = path, .H = 8, .W = 8, .C = 3, .classes = 4};
    memcpy(options.count, p.given.count, sizeof options.count);
    ck_assert_msg(rgm_writer_create(&w, &options, &err) == RGM_OK, "%s", err.text);
    for (int32_t s = 0; s < 2; s++)
        ck_assert_int_eq(rgm_writer_add(w, s, p.images[s], p.labels[s], p.given.count[s], &err), RGM_OK);
    ck_assert_msg(rgm_writer_finish(w, &err) == RGM_OK, "%s", err.text);
    rgm_writer_destroy(w);
}

/* Pixels have the bits of a file that holds them; opened by the caller or by the training. */
START_TEST(pixels_are_as_good_as_a_file) {
    char path[600], key[700];
    snprintf(path, sizeof path, "%s", in_folder(folder, "set.h5"));
    write_set(path);
    job j = job_of(_i, 2);
    uint64_t expected = do_job(&j);
    regimen_error err;
    regimen_data *data;
    fine(regimen_data_open(&data, path, NULL, &err), &err);
    job k = job_of(_i, 2);
    k.data = data;
    ck_assert_uint_eq(do_job(&k), expected);
    regimen_data_close(data);
    regimen_machine *machine = machine_of(2);
    regimen_config *config = config_of(settings[_i]);
    snprintf(key, sizeof key, "data.file=%s", path);
    config_more(config, key);
    outcome o = trained(machine, NULL, config, &(extra){.no_files = 1});
    ck_assert_str_eq(o.result.data, path);
    ck_assert_uint_eq(hash_model(o.model, &p, j.saved), expected);
    regimen_model_close(o.model);
    regimen_config_destroy(config);
    regimen_machine_close(machine);
}
END_TEST

/* ---- one after the other, and within each other ---- */

START_TEST(one_after_the_other) {
    uint64_t expected[] = {alone(0, 2), alone(1, 2)};
    ck_assert_uint_ne(expected[0], expected[1]);
    regimen_machine *machine = machine_of(2);
    regimen_data *data = pixels_data(&p);
    for (int32_t i = 0; i < 4; i++) {
        job j = job_of(i % 2, 0);
        j.machine = i < 2 ? machine : machine_of(2);
        j.data = i == 3 ? NULL : data;
        ck_assert_uint_eq(do_job(&j), expected[i % 2]);
        if (i >= 2) regimen_machine_close(j.machine);
    }
    regimen_data_close(data);
    regimen_machine_close(machine);
}
END_TEST

/* A training, and a model's work, between two steps of another. */
static void a_whole_one(listener *l) {
    job *inner = l->mine;
    if (l->steps == 2) do_job(inner);
}

START_TEST(within_each_other) {
    int32_t threads = _i + 1;
    uint64_t expected[] = {alone(0, threads), alone(1, threads)};
    for (int32_t outer = 0; outer < 2; outer++) {
        regimen_machine *machine = machine_of(threads);
        regimen_data *data = pixels_data(&p);
        job inner = job_of(!outer, 0), j = job_of(outer, 0);
        inner.machine = j.machine = machine;
        inner.data = j.data = data;
        j.within = a_whole_one;
        j.mine = &inner;
        ck_assert_uint_eq(do_job(&j), expected[outer]);
        ck_assert_uint_eq(inner.found, expected[!outer]);
        regimen_data_close(data);
        regimen_machine_close(machine);
    }
}
END_TEST

/* A whole training wherever another asks whether to stop, on the same data: also amid the hashing of its pixels. */
typedef struct asker {
    job inner;
    int32_t at, asked;
} asker;

static int32_t train_when_asked(void *context) {
    asker *a = context;
    if (a->asked++ == a->at) do_job(&a->inner);
    return 0;
}

START_TEST(within_a_question) {
    uint64_t expected[] = {alone(0, 1), alone(1, 1)};
    regimen_machine *machine = machine_of(1);
    regimen_config *config = config_of(settings[1]);
    asker a = {.asked = 1};
    for (; a.asked > a.at; a.at++) {
        regimen_error err;
        regimen_data *data = pixels_data(&p);
        regimen_model *model = NULL;
        regimen_events events = {.size = sizeof events, .context = &a, .cancel = train_when_asked};
        regimen_training t = {.size = sizeof t, .events = &events, .no_files = 1, .model = &model};
        a.inner = job_of(0, 0);
        a.inner.machine = machine;
        a.inner.data = data;
        a.asked = 0;
        fine(regimen_train(machine, data, config, &t, NULL, &err), &err);
        ck_assert_uint_eq(hash_model(model, &p, job_of(1, 0).saved), expected[1]);
        if (a.asked > a.at) ck_assert_uint_eq(a.inner.found, expected[0]);
        regimen_model_close(model);
        regimen_data_close(data);
    }
    ck_assert_int_gt(a.at, 5);
    regimen_config_destroy(config);
    regimen_machine_close(machine);
}
END_TEST

/* A file is opened wherever another one's opening asks whether to stop: HDF5 is not locked meanwhile. */
typedef struct opener {
    const char *path;
    int32_t at, asked;
} opener;

static int32_t open_when_asked(void *context) {
    opener *o = context;
    regimen_error err;
    regimen_data *data;
    if (o->asked++ != o->at) return 0;
    fine(regimen_data_open(&data, o->path, NULL, &err), &err);
    regimen_data_close(data);
    return 0;
}

START_TEST(opened_within_an_opening) {
    const char *path = in_folder(folder, "packed.h5");
    const rgm_test_set set = {.train = 40, .test = 8, .H = 8, .W = 8, .C = 3, .classes = 4, .chunk = 4, .gzip = 1};
    make_set(path, &set);
    opener o = {.path = path, .asked = 1};
    for (; o.asked > o.at; o.at++) {
        regimen_error err;
        regimen_data *data;
        regimen_events events = {.size = sizeof events, .context = &o, .cancel = open_when_asked};
        o.asked = 0;
        fine(regimen_data_open(&data, path, &events, &err), &err);
        regimen_data_close(data);
    }
    ck_assert_int_gt(o.at, 10);
}
END_TEST

/* Steps in turn: two threads take turns on one machine, so that it is one thread's at a time. */
typedef struct turns {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int32_t turn, over[2];
    char played[64]; /* whose steps, in order */
} turns;

typedef struct player {
    turns *t;
    int32_t number;
    job j;
} player;

static void take_turn(turns *t, int32_t number) {
    while (t->turn != number && !t->over[!number]) pthread_cond_wait(&t->changed, &t->mutex);
}

static void give_turn(listener *l) {
    player *me = l->mine;
    me->t->played[strlen(me->t->played)] = (char)('0' + me->number);
    me->t->turn = !me->number;
    pthread_cond_broadcast(&me->t->changed);
    take_turn(me->t, me->number);
}

static void *play(void *context) {
    player *me = context;
    pthread_mutex_lock(&me->t->mutex);
    take_turn(me->t, me->number);
    do_job(&me->j);
    me->t->over[me->number] = 1;
    pthread_cond_broadcast(&me->t->changed);
    pthread_mutex_unlock(&me->t->mutex);
    return NULL;
}

START_TEST(steps_in_turn) {
    int32_t threads = _i + 1;
    uint64_t expected[] = {alone(0, threads), alone(1, threads)};
    turns t = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    regimen_machine *machine = machine_of(threads);
    regimen_data *data = pixels_data(&p);
    pthread_t thread[2];
    player players[2];
    for (int32_t k = 0; k < 2; k++) {
        players[k] = (player){.t = &t, .number = k, .j = job_of(k, 0)};
        players[k].j.machine = machine;
        players[k].j.data = data;
        players[k].j.within = give_turn;
        players[k].j.mine = &players[k];
    }
    for (int32_t k = 0; k < 2; k++) ck_assert_int_eq(pthread_create(&thread[k], NULL, play, &players[k]), 0);
    for (int32_t k = 0; k < 2; k++) pthread_join(thread[k], NULL);
    ck_assert_msg(strncmp(t.played, "01010101010101", 14) == 0, "%s", t.played);
    for (int32_t k = 0; k < 2; k++) ck_assert_uint_eq(players[k].j.found, expected[k]);
    regimen_data_close(data);
    regimen_machine_close(machine);
}
END_TEST

/* ---- at once ---- */

static void *do_in_thread(void *context) {
    do_job(context);
    return NULL;
}

/* One data, two threads, a machine each; the same training or another one. Models are evaluated meanwhile, too. */
START_TEST(at_once) {
    int32_t threads = _i % 2 + 1, other = _i / 2;
    uint64_t expected[] = {alone(0, threads), alone(1, threads)};
    regimen_data *data = pixels_data(&p);
    pthread_t thread[2];
    job jobs[2];
    for (int32_t k = 0; RGM_SANITIZED && k < 2; k++) { /* oneDNN is not instrumented: what it keeps is made by now */
        jobs[k] = job_of(k, threads);
        do_job(&jobs[k]);
    }
    for (int32_t k = 0; k < 2; k++) {
        jobs[k] = job_of(k && other, threads);
        jobs[k].data = data;
        ck_assert_int_eq(pthread_create(&thread[k], NULL, do_in_thread, &jobs[k]), 0);
    }
    for (int32_t k = 0; k < 2; k++) pthread_join(thread[k], NULL);
    for (int32_t k = 0; k < 2; k++) ck_assert_uint_eq(jobs[k].found, expected[k && other]);
    regimen_data_close(data);
}
END_TEST

/* ---- a hundred ---- */

/* Everything opened, used and closed; what is refused, too. */
static void cycle(const char *saved) {
    regimen_error err;
    float out[3 * 4];
    regimen_machine *machine = machine_of(2);
    regimen_data *data = pixels_data(&p), *none;
    regimen_config *config =
        config_of("model.name=resnet20; model.base=4; batch=6; epochs=1; steps=1; data.validation=0.2");
    outcome o = trained(machine, data, config, &(extra){.no_files = 1});
    fine(regimen_predict(o.model, p.images[REGIMEN_TEST], 3, out, &err), &err);
    fine(regimen_evaluate(o.model, data, REGIMEN_TEST, NULL, NULL, &err), &err);
    fine(regimen_model_save(o.model, saved, &err), &err);
    regimen_model_close(o.model);
    fine(regimen_model_load(&o.model, machine, saved, NULL, NULL, &err), &err);
    fine(regimen_predict(o.model, p.images[REGIMEN_TEST], 3, out, &err), &err);
    ck_assert_int_lt(regimen_config_read(config, "/nowhere", NULL, NULL), 0);
    fine(regimen_config_read(config, saved, NULL, &err), &err);
    ck_assert_int_lt(regimen_data_open(&none, "/nowhere", NULL, NULL), 0);
    regimen_pixels bad = p.given;
    bad.classes = 3;
    ck_assert_int_lt(regimen_data_from_memory(&none, &bad, NULL, NULL), 0);
    config_more(config, "batch=7; optimizer={nosuch: {}}; checkpoint=");
    ck_assert_int_lt(train(machine, data, config, NULL).status, 0);
    regimen_model_close(o.model);
    regimen_config_destroy(config);
    regimen_data_close(data);
    regimen_machine_close(machine);
}

START_TEST(a_hundred_leave_nothing) {
    usage before = {0};
    int cycles = RGM_SANITIZED ? 10 : 100;
    char saved[600];
    snprintf(saved, sizeof saved, "%s", in_folder(folder, "saved.h5"));
    for (int i = 0; i < cycles; i++) {
        cycle(saved);
        if (i + 1 == cycles / 5) before = usage_now();
    }
    usage_is_flat(&before, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("library: many");
    TCase *tcase = tcase_create("many");
    tcase_set_timeout(tcase, 600);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, pixels_are_as_good_as_a_file, 0, 2);
    tcase_add_test(tcase, one_after_the_other);
    tcase_add_loop_test(tcase, within_each_other, 0, 2);
    tcase_add_test(tcase, within_a_question);
    tcase_add_test(tcase, opened_within_an_opening);
    tcase_add_loop_test(tcase, steps_in_turn, 0, 2);
    tcase_add_loop_test(tcase, at_once, 0, 4);
    tcase_add_test(tcase, a_hundred_leave_nothing);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
