/* Memory of a run: the step loop allocates nothing, the heap does not grow, and the plan is what is used. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/memory.h"
#include "make_set.h"
#include "malloc_probe.h"
#include "run/run.h"
#include "sanitized.h"
#include "data/knobs.h"
#include "base/largest_batch.h"
#include "train/trainer_internal.h"
#include "train_run.h"
#include "skip.h"

static char *folder;
static rgm_config config;

static void set_up(void) { folder = make_folder(); }
static void tear_down(void) { remove_folder(folder); }

static void need(rgm_status status, const rgm_error *err) { ck_assert_msg(status == RGM_OK, "%s", err->text); }

static void configure(const char *text, const run_set *set) {
    rgm_error err = {0};
    run_set_write(in_folder(folder, "set.h5"), set);
    need(rgm_config_init(&config, &err), &err);
    need(rgm_config_parse(&config, text, strlen(text), "test", &err), &err);
    snprintf(config.data.file, sizeof config.data.file, "%s", in_folder(folder, "set.h5"));
}

/* ---- the step loop ---- */

static int32_t first_step, last_step; /* the probe is armed from the event of one to that of the other */

static int32_t holds_step(const void *bytes, size_t count, int32_t step) {
    char event[64];
    int length = snprintf(event, sizeof event, "{\"event\": \"step\", \"step\": %d,", step);
    return step && count > (size_t)length && memcmp(bytes, event, (size_t)length) == 0;
}

/* Stands in front of the system's: the run's own events tell where it is. */
__attribute__((visibility("default"))) ssize_t write(int fd, const void *bytes, size_t count) {
    if (holds_step(bytes, count, first_step)) malloc_probe_arm();
    if (holds_step(bytes, count, last_step)) malloc_probe_disarm();
    return syscall(SYS_write, fd, bytes, count);
}

/* A whole run, with its metrics. */
START_TEST(steps_allocate_nothing) {
    static const char *const configs[] = {
        ("{model: {name: resnet20, base: 4}, batch: 8, epochs: 1, threads: 3, metrics: {every: 1}, save: {minutes: 0}, "
         "augment: [{crop: {padding: 2}}, flip, {cutout: {size: 3}}], dropout: 0.2, clip_norm: 0.1, warmup: 0.1, "
         "regularize: [{weight_decay: {rate: 1e-4}}]}"),
        ("{model: {name: resnet50, base: 2, stem: imagenet}, batch: 4, epochs: 1, threads: 2, metrics: {every: 1}, "
         "save: {minutes: 0}, optimizer: adamw, scheduler: cosine, loss: {cross_entropy: {label_smoothing: 0.1}}}"),
        ("{model: {name: cnn}, batch: 8, epochs: 1, threads: 1, metrics: {every: 1}, save: {minutes: 0}}"),
    };
    rgm_error err = {0};
    char text[512];
    int32_t all;
    if (!malloc_probe_works()) SKIP("a sanitizer's allocator");
    configure(configs[_i], &(run_set){.H = 16, .W = 16, .C = 2, .classes = 3, .train = 240});
    char *run_folder = config.out;
    snprintf(run_folder, sizeof config.out, "%s", in_folder(folder, "run"));
    int out = dup(1);
    ck_assert_int_eq(dup2(open("/dev/null", O_WRONLY), 1), 1);
    first_step = 2;
    last_step = 22;
    rgm_run_summary summary;
    const rgm_run_options options = {.config = &config};
    rgm_status status = rgm_run_train(&options, &summary, &err);
    fflush(stdout);
    dup2(out, 1);
    need(status, &err);
    int32_t own = malloc_probe_own(text, sizeof text, &all);
    remove_folder(strdup(in_folder(run_folder, "checkpoints")));
    remove_folder(strdup(run_folder));
    ck_assert_msg(own == 0, "%d calls of our own in 20 steps: %s", own, text);
}
END_TEST

START_TEST(the_probe_sees) {
    char text[512], *copy;
    void *volatile block; /* or the compiler leaves both calls out */
    int32_t all;
    if (!malloc_probe_works()) SKIP("a sanitizer's allocator");
    malloc_probe_arm();
    block = malloc(100);
    free(block);
    malloc_probe_disarm();
    ck_assert_int_eq(malloc_probe_own(text, sizeof text, &all), 2);
    ck_assert_msg(strstr(text, "malloc from ") && strstr(text, "free from "), "%s", text);
    malloc_probe_arm();
    copy = strdup(folder); /* through the C library */
    block = copy;
    malloc_probe_disarm();
    ck_assert_int_eq(malloc_probe_own(text, sizeof text, &all), 1);
    free(copy);
    ck_assert_int_eq(malloc_probe_own(text, sizeof text, &all), 1);
}
END_TEST

/* ---- the process ---- */

typedef struct opened {
    rgm_session *session;
    rgm_trainer *trainer;
    rgm_dataset *set; /* NULL: the session's own */
} opened;

static opened open_run(const char *text, const run_set *set) {
    opened o = {0};
    rgm_error err = {0};
    configure(text, set);
    need(rgm_session_create(&o.session, &config, &(rgm_session_options){.need_data = 1}, &err), &err);
    need(rgm_trainer_create(&o.trainer, o.session, &(rgm_trainer_options){.training = 1}, &err), &err);
    return o;
}

static void steps(const opened *o, int64_t first, int64_t end) {
    rgm_error err = {0};
    rgm_step_result result;
    for (int64_t i = first; i < end; i++) need(rgm_trainer_step(o->trainer, i, &result, &err), &err);
}

static void close_run(opened *o) {
    rgm_trainer_destroy(o->trainer);
    rgm_session_destroy(o->session);
    rgm_dataset_close(o->set);
}

START_TEST(the_heap_is_flat) {
    opened o = open_run("{model: {name: resnet20, base: 4}, batch: 4, epochs: 300, threads: 2, dropout: 0.1, "
                        "augment: [{crop: {padding: 1}}, flip, {cutout: {size: 2}}]}",
                        &(run_set){.H = 6, .W = 6, .C = 1, .classes = 3, .train = 16});
    size_t before, after, mapped;
    steps(&o, 0, 50);
    struct mallinfo2 heap = mallinfo2();
    rgm_process_memory(&before, &mapped);
    steps(&o, 50, malloc_probe_works() ? 1050 : 100);
    rgm_process_memory(&after, &mapped);
    struct mallinfo2 now = mallinfo2();
    if (malloc_probe_works()) {
        ck_assert_msg(now.uordblks <= heap.uordblks + 4096, "the heap grew by %zu bytes", now.uordblks - heap.uordblks);
        ck_assert_msg(after < before + 256 * 1024, "the process grew by %zu KiB", (after - before) >> 10);
    }
    close_run(&o);
}
END_TEST

static const struct {
    const char *config;
    run_set set;
} planned[] = {
    {"{model: {name: resnet20, stem: small}, batch: 128, epochs: 2, threads: 2}",
     {.H = 28, .W = 28, .C = 1, .classes = 10, .train = 512}},
    {"{model: {name: resnet18, stem: small}, batch: 8, epochs: 2, threads: 2, optimizer: adam}",
     {.H = 32, .W = 32, .C = 3, .classes = 10, .train = 32}},
    {"{model: {name: cnn}, batch: 256, epochs: 2, threads: 3}",
     {.H = 32, .W = 32, .C = 3, .classes = 10, .train = 1024}},
    {"{model: {name: resnet50, stem: imagenet, width: 0.5}, batch: 8, epochs: 2, threads: 2, memory: low}",
     {.H = 96, .W = 96, .C = 3, .classes = 10, .train = 32}},
};

/* What a process uses after three steps is what it planned, within a tenth. */
START_TEST(as_planned) {
    if (!malloc_probe_works()) SKIP("a sanitizer's allocator");
    opened o = open_run(planned[_i].config, &planned[_i].set);
    size_t used, mapped, peak = rgm_trainer_memory(o.trainer).peak;
    steps(&o, 0, 3);
    rgm_process_memory(&used, &mapped);
    if (used)
        ck_assert_msg(used < peak + peak / 10 && used > peak - peak / 10, "%zu MiB are used, planned were %zu",
                      used >> 20, peak >> 20);
    close_run(&o);
}
END_TEST

/* ---- too little ---- */

enum { BATCH = 64 };

/* A trainer with so many bytes to take, and what it needs besides `fixed`. */
static rgm_status try_batch(int32_t batch, int32_t memory, size_t available, size_t *needs, rgm_error *err) {
    opened o = {0};
    configure("{model: {name: resnet20}, batch: 1, epochs: 1, threads: 2}", /* the batch is given */
              &(run_set){.H = 20, .W = 20, .C = 1, .classes = 3, .train = BATCH});
    config.batch = batch;
    config.memory = memory;
    need(rgm_session_create(&o.session, &config, &(rgm_session_options){.need_data = 1}, err), err);
    rgm_status status =
        rgm_trainer_create_with(&o.trainer, o.session, &(rgm_trainer_options){.training = 1, .plan_only = !available},
                                &(rgm_trainer_knobs){.available = available}, err);
    if (needs) *needs = rgm_trainer_memory(o.trainer).peak - rgm_trainer_memory(o.trainer).fixed;
    close_run(&o);
    return status;
}

/* The number behind `words`; 0 without. */
static int32_t number_behind(const char *text, const char *words) {
    const char *at = strstr(text, words);
    return at ? atoi(at + strlen(words)) : 0;
}

/* What a refusal says would fit does, and half as much again does not. */
static int32_t check_refusal(int32_t memory, size_t available) {
    rgm_error err = {0}, other = {0};
    ck_assert_int_eq(try_batch(BATCH, memory, available, NULL, &err), RGM_E_NOMEM);
    int32_t fits = number_behind(err.text, "available: batch "), low = number_behind(err.text, "low batch ");
    ck_assert_msg(!fits == !!strstr(err.text, "no batch fits"), "%s", err.text);
    ck_assert_msg(low ? memory == RGM_MEMORY_NORMAL && low > fits && low <= BATCH : !strstr(err.text, "low"), "%s",
                  err.text);
    ck_assert_msg(fits < BATCH, "%s", err.text);
    if (fits) need(try_batch(fits, memory, available, NULL, &other), &other);
    if (low) need(try_batch(low, RGM_MEMORY_LOW, available, NULL, &other), &other);
    if (3 * fits / 2 + 2 < BATCH)
        ck_assert_int_eq(try_batch(3 * fits / 2 + 2, memory, available, NULL, &other), RGM_E_NOMEM);
    return fits ? low ? 3 : 2 : low ? 1 : 0;
}

START_TEST(refusals_name_what_fits) {
    rgm_error err = {0};
    size_t needs;
    int32_t seen[4] = {0};
    need(try_batch(BATCH, _i, 0, &needs, &err), &err);
    need(try_batch(BATCH, _i, needs, NULL, &err), &err);
    for (int32_t part = 7; part > 0; part -= 2) seen[check_refusal(_i, needs / 8 * (size_t)part)]++;
    ck_assert_int_eq(check_refusal(_i, 1), 0);
    ck_assert_int_ge(seen[_i == RGM_MEMORY_LOW ? 2 : 3], 1);
}
END_TEST

/* ---- the search ---- */

/* Bytes that a batch needs, and how often was asked. */
typedef struct model {
    double base, slope; /* per image */
    int32_t saves_from; /* from this batch on `saved` bytes less */
    double saved;
    int32_t plans, cost, stop_after;
} model;

static size_t bytes_of(const model *m, int32_t batch) {
    return (size_t)(m->base + m->slope * batch - (m->saves_from && batch >= m->saves_from ? m->saved : 0));
}

static void plan_model(void *context, int32_t batch, size_t *bytes, int32_t *budget) {
    model *m = context;
    *bytes = bytes_of(m, batch);
    *budget -= m->cost;
    m->plans += m->cost;
}

static int32_t stop_model(void *context) {
    const model *m = context;
    return m->stop_after && m->plans >= m->stop_after;
}

static const struct {
    model model;
    int32_t most, fits; /* the largest that fits into a million bytes */
} searches[] = {
    {{.base = 0, .slope = 10000}, 65535, 100},
    {{.base = 900000, .slope = 1000}, 65535, 100},
    {{.base = 999000, .slope = 1000}, 4096, 1},
    {{.base = 999999, .slope = 1000}, 4096, 0},
    {{.base = 2e6, .slope = 1}, 4096, 0},
    {{.base = 0, .slope = 250}, 4001, 4000},
    {{.base = 5e5, .slope = 5000, .saves_from = 60, .saved = 1e5}, 1000, 120},
};

START_TEST(a_batch_is_found_in_few_plans) {
    const int32_t most = searches[_i].most, above = most + 1;
    for (int32_t known = 0; known < 2; known++) {
        for (int32_t cost = 1; cost <= 2; cost++) {
            model m = searches[_i].model;
            m.cost = cost;
            rgm_batch_search fit = {plan_model, &m, 1000000, {stop_model, &m}, most, 0, 0};
            if (known) {
                fit.above = above;
                fit.bytes = bytes_of(&m, above);
            }
            int32_t batch = -1, budget = RGM_BUDGET_PLANS;
            rgm_error err = {0};
            need(rgm_largest_batch(&fit, &budget, &batch, &err), &err);
            ck_assert_int_le(m.plans, RGM_BUDGET_PLANS);
            ck_assert_int_eq(m.plans + budget, RGM_BUDGET_PLANS);
            ck_assert(batch == 0 || bytes_of(&m, batch) <= 1000000);
            ck_assert_msg(batch <= searches[_i].fits && batch >= searches[_i].fits * 7 / 8, "found %d", batch);
        }
    }
}
END_TEST

START_TEST(a_search_can_be_stopped) {
    model m = {.base = 0, .slope = 100, .cost = 2, .stop_after = 2};
    rgm_batch_search fit = {plan_model, &m, 1000000, {stop_model, &m}, 65535, 0, 0};
    int32_t batch, budget = RGM_BUDGET_PLANS;
    rgm_error err = {0};
    ck_assert_int_eq(rgm_largest_batch(&fit, &budget, &batch, &err), RGM_E_INTERRUPTED);
    ck_assert_int_eq(m.plans, 2);
}
END_TEST

static int32_t always(void *context) {
    (void)context;
    return 1;
}

/* The trainer hands its session's stop on. */
START_TEST(a_refusal_can_be_stopped) {
    opened o = {0};
    rgm_error err = {0};
    configure("{model: {name: resnet20}, batch: 64, epochs: 1, threads: 2}",
              &(run_set){.H = 20, .W = 20, .C = 1, .classes = 3, .train = BATCH});
    need(rgm_session_create(&o.session, &config, &(rgm_session_options){.need_data = 1}, &err), &err);
    o.session->stop = (rgm_stop){always, NULL};
    ck_assert_int_eq(rgm_trainer_create_with(&o.trainer, o.session, &(rgm_trainer_options){.training = 1},
                                             &(rgm_trainer_knobs){.available = 1 << 20}, &err),
                     RGM_E_INTERRUPTED);
    close_run(&o);
}
END_TEST

/* ---- limits of the address space ---- */

/* A full group is not one without a limit. */
START_TEST(nothing_left_is_not_unknown) {
    ck_assert_uint_eq(rgm_memory_least(0, -1), 0);
    ck_assert_uint_eq(rgm_memory_least(5, -1), 5);
    ck_assert_uint_eq(rgm_memory_least(5, 7), 5);
    ck_assert_uint_eq(rgm_memory_least(7, 5), 5);
    ck_assert_uint_eq(rgm_memory_least(0, 7), 7);
    ck_assert_uint_eq(rgm_memory_least(0, 0), 1);
    ck_assert_uint_eq(rgm_memory_least(7, 0), 1);
}
END_TEST

START_TEST(the_limits_are_read) {
    struct rlimit old, tight;
    rgm_error err = {0};
    if (RGM_SANITIZED) SKIP("a sanitizer's shadow is larger than any limit");
    ck_assert_int_eq(getrlimit(_i, &old), 0);
    rgm_address_space free_space = rgm_address_space_read();
    tight = old;
    tight.rlim_cur = (rlim_t)1 << 30;
    ck_assert_int_eq(setrlimit(_i, &tight), 0);
    rgm_address_space space = rgm_address_space_read();
    rgm_status little = rgm_address_space_need(1 << 20, "test", &err);
    rgm_status much = rgm_address_space_need((size_t)1 << 30, "test", &err);
    ck_assert_int_eq(setrlimit(_i, &old), 0);
    ck_assert(space.left < free_space.left && space.left < (size_t)1 << 30 && space.left > (size_t)1 << 26);
    ck_assert_uint_eq(space.limit, (size_t)1 << 30);
    ck_assert_int_eq(little, RGM_OK);
    ck_assert_int_eq(much, RGM_E_NOMEM);
    ck_assert_msg(strstr(err.text, _i == RLIMIT_AS ? "ulimit -v" : "ulimit -d"), "%s", err.text);
}
END_TEST

/* ---- views ---- */

/* A run on a set of chunks, which are read through HDF5, ahead. */
static opened open_streaming(const char *text, int64_t test) {
    opened o = {0};
    rgm_error err = {0};
    configure(text, &(run_set){.H = 6, .W = 6, .C = 1, .classes = 4, .train = 64});
    make_set(in_folder(folder, "set.h5"),
             &(rgm_test_set){.train = 64, .test = test, .H = 6, .W = 6, .C = 1, .classes = 4, .chunk = 8});
    o.set = open_streamed(config.data.file);
    need(rgm_session_create(&o.session, &config, &(rgm_session_options){.set = o.set}, &err), &err);
    ck_assert_int_eq(rgm_dataset_describe(o.set)->access[RGM_SPLIT_TRAIN], RGM_PIXELS_HDF5);
    need(rgm_trainer_create(&o.trainer, o.session, &(rgm_trainer_options){.training = 1}, &err), &err);
    return o;
}

/* Each split's chunk cache is planned once, also where the validation part is of the training split. */
START_TEST(chunk_caches_are_planned_once) {
    opened o = open_streaming("{model: {name: linear}, batch: 8, epochs: 1, threads: 1, data: {validation: 0.25}}",
                              _i ? 16 : 0);
    size_t caches = (size_t)(_i ? 2 : 1) * RGM_DATA_CACHE, bytes = rgm_trainer_memory(o.trainer).pipeline;
    ck_assert_int_gt(o.session->data->validation.count, 0);
    ck_assert_msg(bytes >= caches && bytes - caches < RGM_DATA_CACHE / 2, "%zu bytes", bytes);
    close_run(&o);
}
END_TEST

/* A caller's view may have other numbers in the same place: they are read again. */
START_TEST(a_view_with_other_numbers) {
    rgm_error err = {0};
    opened o = open_streaming("{model: {name: linear}, batch: 8, epochs: 1, threads: 1}", 0);
    uint32_t indices[4] = {0, 1, 2, 3};
    float first[16], second[16], fresh[16];
    rgm_view view = {.set = o.session->data->set, .split = RGM_SPLIT_TRAIN, .indices = indices, .count = 4};
    steps(&o, 0, 2);
    need(rgm_trainer_logits(o.trainer, &view, 4, first, &err), &err);
    for (uint32_t i = 0; i < 4; i++) indices[i] = i + 20;
    need(rgm_trainer_logits(o.trainer, &view, 4, second, &err), &err);
    uint32_t others[4] = {20, 21, 22, 23};
    view.indices = others;
    need(rgm_trainer_logits(o.trainer, &view, 4, fresh, &err), &err);
    ck_assert_int_ne(memcmp(first, fresh, sizeof fresh), 0);
    ck_assert_int_eq(memcmp(second, fresh, sizeof fresh), 0);
    close_run(&o);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("memory");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_probe_sees);
    tcase_add_loop_test(tcase, steps_allocate_nothing, 0, 3);
    tcase_add_test(tcase, the_heap_is_flat);
    tcase_add_loop_test(tcase, as_planned, 0, sizeof planned / sizeof *planned);
    tcase_add_loop_test(tcase, refusals_name_what_fits, RGM_MEMORY_NORMAL, RGM_MEMORY_LOW + 1);
    tcase_add_loop_test(tcase, a_batch_is_found_in_few_plans, 0, sizeof searches / sizeof *searches);
    tcase_add_test(tcase, a_search_can_be_stopped);
    tcase_add_test(tcase, a_refusal_can_be_stopped);
    tcase_add_loop_test(tcase, chunk_caches_are_planned_once, 0, 2);
    tcase_add_test(tcase, a_view_with_other_numbers);
    tcase_add_test(tcase, nothing_left_is_not_unknown);
    tcase_add_loop_test(tcase, the_limits_are_read, RLIMIT_AS, RLIMIT_AS + 1);
    tcase_add_loop_test(tcase, the_limits_are_read, RLIMIT_DATA, RLIMIT_DATA + 1);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
