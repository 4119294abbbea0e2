/* Memory of a run: the step loop allocates nothing, the heap does not grow, and the plan is what is used. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "cli/commands.h"
#include "make_set.h"
#include "malloc_probe.h"
#include "train_run.h"

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

/* The program's own loop, with its progress line and metrics. */
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
    if (!malloc_probe_works()) return;
    configure(configs[_i], &(run_set){.H = 16, .W = 16, .C = 2, .classes = 3, .train = 240});
    config.quiet = 1;
    char *run_folder = config.out;
    snprintf(run_folder, sizeof config.out, "%s", in_folder(folder, "run"));
    int out = dup(1);
    ck_assert_int_eq(dup2(open("/dev/null", O_WRONLY), 1), 1);
    first_step = 2;
    last_step = 22;
    rgm_status status = rgm_run_train(&config, NULL, &err);
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
    if (!malloc_probe_works()) return;
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
} opened;

static opened open_run(const char *text, const run_set *set) {
    opened o;
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
    if (!malloc_probe_works()) return;
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
    configure("{model: {name: resnet20}, epochs: 1, threads: 2}",
              &(run_set){.H = 20, .W = 20, .C = 1, .classes = 3, .train = BATCH});
    config.batch = batch;
    config.memory = memory;
    need(rgm_session_create(&o.session, &config, &(rgm_session_options){.need_data = 1}, err), err);
    rgm_status status =
        rgm_trainer_create(&o.trainer, o.session,
                           &(rgm_trainer_options){.training = 1, .plan_only = !available, .available = available}, err);
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
    int32_t fits = number_behind(err.text, "the largest batch that fits is "), low = number_behind(err.text, "low ");
    if (!low) low = number_behind(err.text, "low one of ");
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
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
