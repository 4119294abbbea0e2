/* Many sessions in one process: one after the other, with their steps interleaved on one machine, and at once. */
#include "config.h"

#include <check.h>
#include <fenv.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __SSE__
#    include <xmmintrin.h>
#endif

#include "base/cpu.h"
#include "make_set.h"
#include "sanitized.h"
#include "skip.h"
#include "train_run.h"
#include "usage.h"

/* OpenMP's, where it is linked: its header needs -fopenmp. */
int omp_get_max_threads(void) __attribute__((weak));
void omp_set_num_threads(int count) __attribute__((weak));

enum { STEPS = 6 };

/* Two runs that differ in all that a run can have of its own. */
static const char *const yaml[] = {
    "{model: {name: resnet20, base: 8}, batch: 6, epochs: 40, seed: 3, dropout: 0.1, augment: [{crop: {padding: 1}}, "
    "flip], optimizer: {sgd: {lr: 0.05}}, data: {validation: 0.25}}",
    "{model: {name: mlp}, batch: 5, epochs: 20, seed: 9, optimizer: adamw, scheduler: cosine, warmup: 2, "
    "augment: [{cutout: {size: 2}}], data: {validation: 0.2}}",
};

static char *folder;
static char set[600];

static void need(rgm_status status, const rgm_error *err) { ck_assert_msg(status == RGM_OK, "%s", err->text); }

static void set_up(void) {
    folder = make_folder();
    snprintf(set, sizeof set, "%s", in_folder(folder, "set.h5"));
    run_set_write(set, &(run_set){.H = 8, .W = 8, .C = 3, .classes = 4, .train = 64, .test = 12});
}

static void tear_down(void) { remove_folder(folder); }

/* ---- a run ---- */

typedef struct run_of {
    rgm_config config;
    rgm_session *session;
    rgm_trainer *trainer;
    rgm_status status;
    rgm_error err;
} run_of;

static rgm_status configure(rgm_config *config, const char *text, int32_t threads, rgm_error *err) {
    RGM_TRY(rgm_config_init(config, err));
    RGM_TRY(rgm_config_parse(config, text, strlen(text), "test", err));
    snprintf(config->data.file, sizeof config->data.file, "%s", set);
    config->threads = threads;
    config->pin = RGM_PIN_OFF;
    return RGM_OK;
}

/* Fails the test only where it may be told: in the main thread. */
static rgm_status open_run(run_of *r, const char *text, int32_t threads, rgm_device *device, const rgm_dataset *data) {
    const rgm_session_options options = {.device = device, .set = data, .need_data = 1};
    RGM_TRY(configure(&r->config, text, threads, &r->err));
    RGM_TRY(rgm_session_create(&r->session, &r->config, &options, &r->err));
    return rgm_trainer_create(&r->trainer, r->session, &(rgm_trainer_options){.training = 1}, &r->err);
}

static rgm_status step(run_of *r, int64_t i) {
    rgm_step_result result;
    return rgm_trainer_step(r->trainer, i, &result, &r->err);
}

static void close_run(run_of *r) {
    rgm_trainer_destroy(r->trainer);
    rgm_session_destroy(r->session);
    r->trainer = NULL;
    r->session = NULL;
}

static uint64_t hash(const void *data, size_t bytes, uint64_t seed) {
    const unsigned char *at = data;
    for (size_t i = 0; i < bytes; i++) seed = (seed ^ at[i]) * 0x100000001b3u;
    return seed;
}

static rgm_status hash_tensor(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    uint64_t *found = context;
    *found = hash(t->data, t->bytes, hash(t->name, strlen(t->name), *found));
    return RGM_OK;
}

/* Of every tensor, and an evaluation of the held-out images. */
static rgm_status bits(run_of *r, uint64_t *found) {
    rgm_tally tally;
    *found = 17;
    RGM_TRY(rgm_trainer_visit(r->trainer, ~0u, hash_tensor, found, &r->err));
    RGM_TRY(rgm_trainer_evaluate(r->trainer, &r->session->data->validation, NULL, NULL, &tally, &r->err));
    *found = hash(&tally, sizeof tally, *found);
    return RGM_OK;
}

/* All of a run, by itself. */
static rgm_status whole(run_of *r, const char *text, int32_t threads, uint64_t *found) {
    RGM_TRY(open_run(r, text, threads, NULL, NULL));
    for (int64_t i = 0; i < STEPS; i++) RGM_TRY(step(r, i));
    RGM_TRY(bits(r, found));
    close_run(r);
    return RGM_OK;
}

static uint64_t alone(const char *text, int32_t threads) {
    static run_of r;
    uint64_t found = 0;
    need(whole(&r, text, threads, &found), &r.err);
    return found;
}

/* ---- one after the other ---- */

/* Machine and data made by each session, or shared by all. */
START_TEST(a_hundred_leave_nothing) {
    static run_of r;
    rgm_error err = {0};
    rgm_device *device = NULL;
    rgm_dataset *data = NULL;
    usage before = {0};
    if (_i) need(rgm_dataset_open(&data, set, NULL, &err), &err);
    if (_i) need(rgm_device_create(&device, &(rgm_device_options){.isa = "auto", .threads = 2}, &err), &err);
    int sessions = RGM_SANITIZED ? 12 : 100;
    for (int i = 0; i < sessions; i++) {
        need(open_run(&r, yaml[0], 2, device, data), &r.err);
        need(step(&r, 0), &r.err);
        need(step(&r, 1), &r.err);
        close_run(&r);
        if (i + 1 == sessions / 5) before = usage_now();
    }
    usage_is_flat(&before, 0);
    rgm_device_destroy(device);
    rgm_dataset_close(data);
}
END_TEST

/* ---- interleaved ---- */

START_TEST(steps_in_turn) {
    static run_of r[2];
    rgm_error err = {0};
    int32_t threads = _i + 1;
    uint64_t expected[2], found[2];
    rgm_device *device;
    for (int k = 0; k < 2; k++) expected[k] = alone(yaml[k], threads);
    need(rgm_device_create(&device, &(rgm_device_options){.isa = "auto", .threads = threads}, &err), &err);
    for (int k = 0; k < 2; k++) need(open_run(&r[k], yaml[k], 0, device, NULL), &r[k].err);
    for (int64_t i = 0; i < STEPS; i++)
        for (int k = 0; k < 2; k++) need(step(&r[k], i), &r[k].err);
    for (int k = 0; k < 2; k++) need(bits(&r[k], &found[k]), &r[k].err);
    for (int k = 0; k < 2; k++) close_run(&r[k]);
    rgm_device_destroy(device);
    for (int k = 0; k < 2; k++) ck_assert_uint_eq(found[k], expected[k]);
}
END_TEST

/* Two trainings of one configuration, or of two that hold out other images, on one machine and one set. */
START_TEST(all_is_shared) {
    static run_of r[2];
    const char *const text[] = {yaml[0], yaml[_i]};
    rgm_error err = {0};
    uint64_t expected[2], found;
    rgm_device *device;
    rgm_dataset *data;
    for (int k = 0; k < 2; k++) expected[k] = alone(text[k], 2);
    need(rgm_dataset_open(&data, set, NULL, &err), &err);
    need(rgm_device_create(&device, &(rgm_device_options){.isa = "auto", .threads = 2}, &err), &err);
    for (int k = 0; k < 2; k++) need(open_run(&r[k], text[k], 0, device, data), &r[k].err);
    for (int64_t i = 0; i < STEPS; i++)
        for (int k = 0; k < 2; k++) need(step(&r[k], i), &r[k].err);
    for (int k = 0; k < 2; k++) {
        need(bits(&r[k], &found), &r[k].err);
        ck_assert_uint_eq(found, expected[k]);
        close_run(&r[k]);
    }
    rgm_device_destroy(device);
    rgm_dataset_close(data);
}
END_TEST

/* ---- at once ---- */

typedef struct job {
    run_of run;
    const char *text;
    int32_t threads;
    uint64_t found;
} job;

static void *do_job(void *context) {
    job *j = context;
    j->run.status = whole(&j->run, j->text, j->threads, &j->found);
    return NULL;
}

/* A machine of one thread each, or of two: then teams have other masters than the first thread. */
START_TEST(two_at_once) {
    static job jobs[2];
    pthread_t threads[2];
    uint64_t expected[2];
    for (int k = 0; k < 2; k++) expected[k] = alone(yaml[k], 1);
    for (int k = 0; k < 2; k++) {
        jobs[k] = (job){.text = yaml[k], .threads = _i + 1};
        ck_assert_int_eq(pthread_create(&threads[k], NULL, do_job, &jobs[k]), 0);
    }
    for (int k = 0; k < 2; k++) pthread_join(threads[k], NULL);
    for (int k = 0; k < 2; k++) {
        need(jobs[k].run.status, &jobs[k].run.err);
        ck_assert_uint_eq(jobs[k].found, expected[k]);
    }
}
END_TEST

/* Each in a thread of its own, which ends: the threads of its team end with it. */
START_TEST(threads_leave_nothing) {
    static job j;
    usage before = {0};
    int sessions = RGM_SANITIZED ? 10 : 50;
    for (int i = 0; i < sessions; i++) {
        pthread_t thread;
        j = (job){.text = yaml[1], .threads = 2};
        ck_assert_int_eq(pthread_create(&thread, NULL, do_job, &j), 0);
        pthread_join(thread, NULL);
        need(j.run.status, &j.run.err);
        if (i + 1 == sessions / 5) before = usage_now();
    }
    usage_is_flat(&before, 1);
}
END_TEST

/* Made in one thread, trained in another. A machine of one thread starts none there. */
typedef struct elsewhere {
    run_of run;
    int threads[2];
} elsewhere;

static void *do_steps(void *context) {
    elsewhere *e = context;
    e->threads[0] = usage_now().threads;
    for (int64_t i = 0; i < STEPS && e->run.status == RGM_OK; i++) e->run.status = step(&e->run, i);
    e->threads[1] = usage_now().threads;
    return NULL;
}

START_TEST(steps_in_another_thread) {
    static elsewhere e;
    pthread_t thread;
    int32_t threads = _i + 1;
    uint64_t expected = alone(yaml[0], threads), found;
    need(open_run(&e.run, yaml[0], threads, NULL, NULL), &e.run.err);
    ck_assert_int_eq(pthread_create(&thread, NULL, do_steps, &e), 0);
    pthread_join(thread, NULL);
    need(e.run.status, &e.run.err);
    if (threads == 1) ck_assert_int_eq(e.threads[0], e.threads[1]);
    need(bits(&e.run, &found), &e.run.err);
    ck_assert_uint_eq(found, expected);
    close_run(&e.run);
}
END_TEST

/* ---- no order ---- */

/* A foreign set and a plugin from a file, which a helper program tries first. */
static const char foreign[] =
    "{model: {name: mlp, base: 16}, batch: 5, epochs: 20, plugins: ['" RGM_FIXTURES "/train/keeper.so'], loss: keeper}";

/* In the folder `set.h5` of this test. */
static void make_foreign(void) {
    make_set(set, &(rgm_test_set){.train = 30, .test = 6, .H = 4, .W = 4, .C = 1, .classes = 3, .chunk = 4});
}

/* Opened before any team, after one has run, while another runs. */
START_TEST(data_and_plugins_at_any_time) {
    static run_of r;
    static job jobs[2];
    pthread_t threads[2];
    uint64_t expected, found;
    make_foreign();
    expected = alone(foreign, 2);
    need(whole(&r, foreign, 2, &found), &r.err);
    ck_assert_uint_eq(found, expected);
    for (int k = 0; k < 2; k++) {
        jobs[k] = (job){.text = foreign, .threads = 2};
        ck_assert_int_eq(pthread_create(&threads[k], NULL, do_job, &jobs[k]), 0);
    }
    for (int k = 0; k < 2; k++) pthread_join(threads[k], NULL);
    for (int k = 0; k < 2; k++) {
        need(jobs[k].run.status, &jobs[k].run.err);
        ck_assert_uint_eq(jobs[k].found, expected);
    }
}
END_TEST

/* ---- components ---- */

static const char everything[] =
    "{model: {name: mlp, base: 16}, batch: 5, epochs: 20, optimizer: sgd, loss: cross_entropy, dropout: 0.1, "
    "scheduler: cosine, warmup: 2, augment: [flip, {cutout: {size: 2}}], regularize: [weight_decay], init: he}";

/* Whoever adds a kind to the contract has to say where a run has it. */
START_TEST(every_kind_of_component_is_in_the_list) {
    static run_of r;
    int found[RGM_LOSS + 1] = {0};
    char label[RGM_COMPONENT_LABEL];
    need(open_run(&r, everything, 1, NULL, NULL), &r.err);
    const rgm_components *c = &r.session->model->components;
    for (int32_t i = 0; i < RGM_COMPONENTS; i++) {
        if (!c->all[i]) continue;
        found[rgm_instance_kind(c->all[i])]++;
        ck_assert_ptr_eq(rgm_component_labelled(c, rgm_component_label(c, i, label)), c->all[i]);
        ck_assert_msg(strstr(r.session->model->plugins, label), "%s is not told", label);
    }
    for (int32_t kind = 1; strcmp(rgm_kind_name(kind), "component") != 0; kind++) {
        ck_assert_int_le(kind, RGM_LOSS);
        if (kind != RGM_BATCH_AUGMENTATION) ck_assert_msg(found[kind], "no %s", rgm_kind_name(kind));
    }
    ck_assert_int_eq(found[RGM_SCHEDULER], 2);
    ck_assert_int_eq(found[RGM_AUGMENTATION], 2);
    ck_assert_int_eq(found[RGM_INITIALIZER], 2);
    ck_assert_str_eq(rgm_component_label(c, (int32_t)(c->schedule + 1 - c->all), label), "scheduler 1 warmup");
    ck_assert_str_eq(rgm_component_label(c, (int32_t)(c->init + 1 - c->all), label), "initializer 1 normal");
    close_run(&r);
}
END_TEST

/* The defaults of every component that the configuration names are in the effective one. */
START_TEST(every_component_is_effective) {
    static run_of r;
    static rgm_config c;
    need(open_run(&r, everything, 1, NULL, NULL), &r.err);
    rgm_session_effective(r.session, &c);
    ck_assert_ptr_nonnull(rgm_spec_get(&c.optimizer, "momentum"));
    ck_assert_ptr_nonnull(rgm_spec_get(&c.loss, "label_smoothing"));
    ck_assert_ptr_nonnull(rgm_spec_get(&c.augment.items[0], "p"));
    ck_assert_ptr_nonnull(rgm_spec_get(&c.regularize.items[0], "rate"));
    ck_assert_int_gt(c.scheduler.count, 0);
    ck_assert_int_gt(c.init.count, 0);
    close_run(&r);
}
END_TEST

/* An evaluation has the loss alone. */
START_TEST(an_evaluation_needs_the_loss) {
    static rgm_config config;
    rgm_error err = {0};
    rgm_session *s;
    need(configure(&config, everything, 1, &err), &err);
    const rgm_session_options options = {.need_data = 1, .evaluation = 1, .split = RGM_SPLIT_TEST};
    need(rgm_session_create(&s, &config, &options, &err), &err);
    for (int32_t i = 0; i < RGM_COMPONENTS; i++) {
        const rgm_instance *instance = s->model->components.all[i];
        ck_assert_int_eq(instance != NULL, instance && rgm_instance_kind(instance) == RGM_LOSS);
    }
    ck_assert_ptr_nonnull(s->model->components.loss);
    rgm_session_destroy(s);
}
END_TEST

/* ---- tensors ---- */

static rgm_status count_group(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    int *counts = context;
    for (int bit = 0; bit < 16; bit++) counts[bit] += t->group == 1u << bit;
    return RGM_OK;
}

/* What the walk visits: every parameter, statistic, slot of each, and the state that a plugin keeps. */
START_TEST(the_walk_visits_all) {
    static run_of r;
    int counts[16] = {0}, one[16] = {0};
    make_foreign();
    need(open_run(&r,
                  "{model: {name: resnet20, base: 8}, batch: 5, epochs: 20, optimizer: adam, plugins: ['" RGM_FIXTURES
                  "/train/keeper.so'], scheduler: keeper}",
                  1, NULL, NULL),
         &r.err);
    const rgm_graph *g = r.session->model->graph;
    need(rgm_trainer_visit(r.trainer, ~0u, count_group, counts, &r.err), &r.err);
    ck_assert_int_eq(counts[0], rgm_graph_param_count(g));
    ck_assert_int_eq(counts[1], rgm_graph_stat_count(g));
    ck_assert_int_eq(counts[2], 1);
    ck_assert_int_eq(counts[3], rgm_graph_param_count(g));
    ck_assert_int_eq(counts[4], rgm_graph_param_count(g));
    ck_assert_int_eq(counts[5], 0);
    need(rgm_trainer_visit(r.trainer, RGM_SLOT(1), count_group, one, &r.err), &r.err);
    ck_assert_int_eq(one[4], counts[4]);
    ck_assert_int_eq(one[0] + one[1] + one[2] + one[3], 0);
    close_run(&r);
}
END_TEST

/* ---- what is the caller's ---- */

typedef struct caller {
    unsigned csr;
    int rounding, openmp;
} caller;

static caller state_of_caller(void) {
    caller c = {.rounding = fegetround(), .openmp = omp_get_max_threads ? omp_get_max_threads() : 0};
#ifdef __SSE__
    c.csr = _mm_getcsr() & ~0x3fu; /* without the flags of what has happened */
#endif
    return c;
}

/* A training has the same bits whether its caller flushes denormal numbers or not, and leaves all as it was. */
START_TEST(what_is_the_callers) {
    static run_of r;
    uint64_t expected = alone(yaml[0], _i + 1), found;
    if (omp_set_num_threads) omp_set_num_threads(3);
#ifdef __SSE__
    _mm_setcsr(_mm_getcsr() | 0x8040u);
#endif
    caller before = state_of_caller(), after;
    need(whole(&r, yaml[0], _i + 1, &found), &r.err);
    after = state_of_caller();
    ck_assert_uint_eq(found, expected);
    ck_assert_int_eq(memcmp(&before, &after, sizeof after), 0);
}
END_TEST

/* What a run tells of its steps. Sums of losses and rates of a cosine with a warmup are never exact. */
static rgm_status told_bits(run_of *r, const char *text, int32_t rounding, uint64_t *found) {
    rgm_step_result result;
    rgm_status status = open_run(r, text, 2, NULL, NULL);
    caller before, after;
    *found = 17;
    for (int64_t i = 0; i < STEPS && status >= 0; i++) {
        fesetround(rounding);
        before = state_of_caller();
        status = rgm_trainer_step(r->trainer, i, &result, &r->err);
        after = state_of_caller();
        fesetround(FE_TONEAREST);
        ck_assert_int_eq(memcmp(&before, &after, sizeof after), 0);
        *found = hash(&result.rate, sizeof result.rate, *found);
        *found = hash(&result.gradient_norm, sizeof result.gradient_norm, *found);
        *found = hash(&result.tally.loss, sizeof result.tally.loss, *found);
    }
    close_run(r);
    return status;
}

/* Rates, norms, losses and initial values do not depend on the caller's rounding, nor do numbers that are parsed. */
START_TEST(rounding_is_the_callers) {
    static const int rounding[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    static run_of r;
    for (size_t k = 0; k < sizeof yaml / sizeof *yaml; k++) {
        uint64_t expected = alone(yaml[k], 2), found = 0, told, others;
        fesetround(rounding[_i]);
        rgm_status status = whole(&r, yaml[k], 2, &found);
        fesetround(FE_TONEAREST);
        need(status, &r.err);
        ck_assert_uint_eq(found, expected);
        need(told_bits(&r, yaml[k], FE_TONEAREST, &told), &r.err);
        need(told_bits(&r, yaml[k], rounding[_i], &others), &r.err);
        ck_assert_uint_eq(told, others);
    }
}
END_TEST

/* oneDNN's cap is the process': a second instruction set would compute with the first one's. */
START_TEST(one_instruction_set) {
    rgm_device *first, *second;
    rgm_error err = {0};
    int32_t isa;
    if (rgm_isa_choose("avx2", rgm_cpu_features(), &isa, NULL) < 0) SKIP("no AVX2");
    need(rgm_device_create(&first, &(rgm_device_options){.isa = "avx2", .threads = 1}, &err), &err);
    ck_assert_int_eq(rgm_device_create(&second, &(rgm_device_options){.isa = "reference", .threads = 1}, &err),
                     RGM_E_UNSUPPORTED);
    ck_assert_msg(strstr(err.text, "instruction set"), "%s", err.text);
    need(rgm_device_create(&second, &(rgm_device_options){.isa = "avx2", .threads = 1}, &err), &err);
    rgm_device_destroy(second);
    rgm_device_destroy(first);
    ck_assert_int_eq(rgm_device_create(&second, &(rgm_device_options){.isa = "generic16", .threads = 1}, &err),
                     RGM_E_UNSUPPORTED);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sessions");
    TCase *tcase = tcase_create("sessions");
    tcase_set_timeout(tcase, 600);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_hundred_leave_nothing, 0, 2);
    tcase_add_loop_test(tcase, steps_in_turn, 0, 2);
    tcase_add_loop_test(tcase, all_is_shared, 0, 2);
    tcase_add_loop_test(tcase, two_at_once, 0, 2);
    tcase_add_test(tcase, threads_leave_nothing);
    tcase_add_loop_test(tcase, steps_in_another_thread, 0, 2);
    tcase_add_test(tcase, data_and_plugins_at_any_time);
    tcase_add_test(tcase, every_kind_of_component_is_in_the_list);
    tcase_add_test(tcase, every_component_is_effective);
    tcase_add_test(tcase, an_evaluation_needs_the_loss);
    tcase_add_test(tcase, the_walk_visits_all);
    tcase_add_loop_test(tcase, what_is_the_callers, 0, 2);
    tcase_add_loop_test(tcase, rounding_is_the_callers, 0, 3);
    tcase_add_test(tcase, one_instruction_set);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
