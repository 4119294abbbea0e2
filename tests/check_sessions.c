/* Many sessions in one process: one after the other, with their steps interleaved on one machine, and at once. */
#include "config.h"

#include <check.h>
#include <dirent.h>
#include <fenv.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __SSE__
#    include <xmmintrin.h>
#endif

#include "base/memory.h"
#include "make_set.h"
#include "sanitized.h"
#include "train_run.h"

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
static rgm_status open_run(run_of *r, const char *text, int32_t threads, rgm_device *device, rgm_data *data) {
    const rgm_session_options options = {.device = device, .data = data, .need_data = 1};
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

static int entries(const char *path) {
    DIR *dir = opendir(path);
    ck_assert_ptr_nonnull(dir);
    int count = 0;
    while (readdir(dir)) count++;
    closedir(dir);
    return count;
}

typedef struct usage {
    size_t memory;
    int files, threads;
} usage;

static usage use(void) {
    size_t mapped;
    usage u = {.files = entries("/proc/self/fd"), .threads = entries("/proc/self/task")};
    rgm_process_memory(&u.memory, &mapped);
    return u;
}

/* Machine and data made by each session, or shared by all. */
START_TEST(a_hundred_leave_nothing) {
    static run_of r;
    rgm_error err = {0};
    rgm_device *device = NULL;
    rgm_data *data = NULL;
    usage before = {0};
    need(configure(&r.config, yaml[0], 2, &err), &err);
    if (_i) need(rgm_data_open(&data, &r.config, &(rgm_data_options){0}, &err), &err);
    if (_i) need(rgm_device_create(&device, &(rgm_device_options){.isa = "auto", .threads = 2}, &err), &err);
    int sessions = RGM_SANITIZED ? 12 : 100;
    for (int i = 0; i < sessions; i++) {
        need(open_run(&r, yaml[0], 2, device, data), &r.err);
        need(step(&r, 0), &r.err);
        need(step(&r, 1), &r.err);
        close_run(&r);
        if (i + 1 == sessions / 5) before = use();
    }
    usage after = use();
    ck_assert_int_eq(after.files, before.files);
    ck_assert_int_eq(after.threads, before.threads);
    ck_assert_msg(RGM_SANITIZED || after.memory < before.memory + (1 << 20), "%zu KiB, then %zu KiB",
                  before.memory >> 10, after.memory >> 10);
    rgm_device_destroy(device);
    rgm_data_close(data);
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

/* Two trainings of one configuration, on one machine and one set. */
START_TEST(all_is_shared) {
    static run_of r[2];
    rgm_error err = {0};
    uint64_t expected = alone(yaml[0], 2), found;
    rgm_device *device;
    rgm_data *data;
    need(configure(&r[0].config, yaml[0], 2, &err), &err);
    need(rgm_data_open(&data, &r[0].config, &(rgm_data_options){0}, &err), &err);
    need(rgm_device_create(&device, &(rgm_device_options){.isa = "auto", .threads = 2}, &err), &err);
    for (int k = 0; k < 2; k++) need(open_run(&r[k], yaml[0], 0, device, data), &r[k].err);
    for (int64_t i = 0; i < STEPS; i++)
        for (int k = 0; k < 2; k++) need(step(&r[k], i), &r[k].err);
    for (int k = 0; k < 2; k++) {
        need(bits(&r[k], &found), &r[k].err);
        ck_assert_uint_eq(found, expected);
        close_run(&r[k]);
    }
    rgm_device_destroy(device);
    rgm_data_close(data);
}
END_TEST

/* Data that holds out other images than a run asks for is not its data. */
START_TEST(other_images_are_held_out) {
    static run_of r;
    static rgm_config config;
    rgm_error err = {0};
    rgm_data *data;
    need(configure(&config, yaml[0], 1, &err), &err);
    need(rgm_data_open(&data, &config, &(rgm_data_options){0}, &err), &err);
    ck_assert_int_eq(open_run(&r, yaml[1], 1, NULL, data), RGM_E_USAGE);
    ck_assert_msg(strstr(r.err.text, "held out"), "%s", r.err.text);
    rgm_data_close(data);
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

/* Made in one thread, trained in another. A machine of one thread starts none there. */
typedef struct elsewhere {
    run_of run;
    int threads[2];
} elsewhere;

static void *do_steps(void *context) {
    elsewhere *e = context;
    e->threads[0] = entries("/proc/self/task");
    for (int64_t i = 0; i < STEPS && e->run.status == RGM_OK; i++) e->run.status = step(&e->run, i);
    e->threads[1] = entries("/proc/self/task");
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
    rgm_error err = {0};
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

    need(open_run(&r, yaml[0], _i + 1, NULL, NULL), &err);
    ck_assert_int_eq(fesetround(FE_UPWARD), 0);
    before = state_of_caller();
    need(step(&r, 0), &r.err);
    after = state_of_caller();
    fesetround(FE_TONEAREST);
    ck_assert_int_eq(memcmp(&before, &after, sizeof after), 0);
    close_run(&r);
}
END_TEST

/* oneDNN's cap is the process': a second instruction set would compute with the first one's. */
START_TEST(one_instruction_set) {
    rgm_device *first, *second;
    rgm_error err = {0};
    if (rgm_device_create(&first, &(rgm_device_options){.isa = "avx2", .threads = 1}, &err) < 0) return;
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
    tcase_add_test(tcase, all_is_shared);
    tcase_add_test(tcase, other_images_are_held_out);
    tcase_add_loop_test(tcase, two_at_once, 0, 2);
    tcase_add_loop_test(tcase, steps_in_another_thread, 0, 2);
    tcase_add_loop_test(tcase, what_is_the_callers, 0, 2);
    tcase_add_test(tcase, one_instruction_set);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
