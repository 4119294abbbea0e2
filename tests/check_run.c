/* A training by core/run alone: what it tells, what it leaves, and how it ends. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "cli/commands.h"
#include "heard.h"
#include "make_set.h"
#include "run/earlier.h"
#include "run/predictor.h"
#include "train_run.h"

static char *folder, set[512], out[512];

static void set_up(void) {
    folder = make_folder();
    snprintf(set, sizeof set, "%s", in_folder(folder, "set.h5"));
    snprintf(out, sizeof out, "%s", in_folder(folder, "run"));
    run_set_write(set, &(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 24, .validation = 9, .test = 9});
    unsetenv("RGM_FAIL");
}

static void remove_run(const char *path) {
    char inner[640];
    snprintf(inner, sizeof inner, "%s/checkpoints", path);
    if (access(inner, F_OK) == 0) remove_folder(strdup(inner));
    if (access(path, F_OK) == 0) remove_folder(strdup(path));
}

static void tear_down(void) {
    remove_run(out);
    remove_folder(folder);
}

/* Two epochs of four steps. */
static rgm_config *configure(const char *more) {
    char text[2048];
    rgm_error err = {0};
    rgm_config *c = calloc(1, sizeof *c);
    snprintf(text, sizeof text,
             "data: {file: '%s'}\nmodel: {name: resnet20, stem: small, base: 4}\nthreads: 1\nbatch: 6\nepochs: 2\n"
             "optimizer: {sgd: {lr: 0.3, momentum: 0.9, nesterov: true}}\nmetrics: {every: 1}\nplugins: ['" RGM_FIXTURES
             "/train/fails.so']\n",
             set);
    rgm_status status = rgm_config_init(c, &err);
    if (status >= 0) status = rgm_config_parse(c, text, strlen(text), "test", &err);
    if (status >= 0) status = rgm_config_parse(c, more, strlen(more), "more", &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    snprintf(c->out, sizeof c->out, "%s", out);
    return c;
}

typedef struct outcome {
    rgm_run_summary summary;
    char error[512];
} outcome;

static outcome train(const char *more, const char *resume, int32_t files, heard *h) {
    outcome o = {0};
    rgm_error err = {0};
    rgm_config *c = configure(more);
    const rgm_run_options options = {
        .config = c, .files = files, .resume = resume, .stop = {heard_asked, h}, .events = heard_events(h)};
    rgm_status status = rgm_run_train(&options, &o.summary, &err);
    snprintf(o.error, sizeof o.error, "%s", err.text);
    ck_assert_int_eq(o.summary.status, status);
    free(c);
    return o;
}

static outcome train_to_the_end(const char *more, int32_t files, heard *h) {
    outcome o = train(more, NULL, files, h);
    ck_assert_msg(o.summary.status == RGM_OK, "%s", o.error);
    return o;
}

/* The bits of a run that nothing disturbs, and that leaves nothing. */
static uint64_t undisturbed(const char *more) {
    heard h = {0};
    train_to_the_end(more, RGM_RUN_NO_FILES, &h);
    return h.bits;
}

/* ---- what is told and left ---- */

static int files_of(const char *path) {
    int count = 0;
    char line[512], command[640];
    snprintf(command, sizeof command, "ls -A '%s'", path);
    FILE *list = popen(command, "r");
    while (fgets(line, sizeof line, list)) count++;
    pclose(list);
    return count;
}

static void check_result(const rgm_run_summary *s) {
    ck_assert_int_eq(s->split, RGM_SPLIT_TEST);
    ck_assert_int_eq(s->tally.seen, 9);
    ck_assert(s->accuracy_low <= s->accuracy && s->accuracy <= s->accuracy_high && s->accuracy_high <= 1);
    ck_assert(s->accuracy_low < s->accuracy_high);
    ck_assert_double_eq(s->accuracy, (double)s->tally.top1 / 9);
    ck_assert_double_eq(s->loss, s->tally.loss / 9);
    ck_assert(s->seconds > 0 && s->images_per_s > 0 && s->gflops > 0 && s->memory > 100000 && s->rate > 0);
}

/* Standard output and standard error go to a file; returns how much is there. */
static long quietly(void (*body)(void)) {
    FILE *file = tmpfile();
    int one = dup(1), two = dup(2);
    fflush(NULL);
    dup2(fileno(file), 1);
    dup2(fileno(file), 2);
    body();
    fflush(NULL);
    dup2(one, 1);
    dup2(two, 2);
    close(one);
    close(two);
    long size = (long)lseek(fileno(file), 0, SEEK_END);
    fclose(file);
    return size;
}

static heard first;
static outcome first_outcome;

static void train_first(void) { first_outcome = train_to_the_end("", RGM_RUN_FOLDER, &first); }

static void handler(int number) { (void)number; }

/* Everything comes as events; nothing is printed, and the process stays as it was. */
START_TEST(a_run_tells_by_events_alone) {
    char before[1024], after[1024], log[8192];
    struct sigaction own = {.sa_handler = handler}, now;
    sigaction(SIGINT, &own, NULL);
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(quietly(train_first), 0);
    ck_assert_ptr_nonnull(getcwd(after, sizeof after));
    ck_assert_str_eq(before, after);
    sigaction(SIGINT, NULL, &now);
    ck_assert(now.sa_handler == handler);
    const rgm_run_summary *s = &first_outcome.summary;
    ck_assert_msg(strncmp(first.story, "POBssssvc", 9) == 0, "%s", first.story);
    ck_assert_msg(strstr(first.story, "ssssvcTFE") || strstr(first.story, "ssssvccTFE"), "%s", first.story);
    check_result(s);
    ck_assert_str_eq(s->reason, "complete");
    ck_assert_int_eq(s->ending, RGM_END_COMPLETE);
    ck_assert_int_eq(s->step, 8);
    ck_assert_int_eq(s->epoch, 2);
    ck_assert_int_eq(s->goes_on, RGM_GOES_ON_NOT);
    ck_assert_str_eq(s->folder, out);
    ck_assert_int_eq(access(s->checkpoint, R_OK), 0);
    ck_assert_int_eq(s->saved_step, 8);
    ck_assert_int_eq(memcmp(&first.finished.tally, &s->tally, sizeof s->tally), 0);
    ck_assert_msg(strstr(first.said, "2 regimen ") && strstr(first.said, "2 epoch 2/2: loss "), "%s", first.said);
    snprintf(log, sizeof log, "%s/log.txt", out);
    FILE *in = fopen(log, "r");
    log[fread(log, 1, sizeof log - 1, in)] = 0;
    fclose(in);
    ck_assert_msg(strstr(log, "info: epoch 2/2: loss "), "%s", log);
}
END_TEST

/* Advice has an event of its own, or is a warning. */
START_TEST(advice_is_told) {
    rgm_error err = {0};
    rgm_run_summary s;
    heard h = {0}, plain = {0};
    train_to_the_end("steps: 1\n", RGM_RUN_NO_FILES, &h);
    ck_assert_msg(strstr(h.advised, "the schedule is laid out") && !strstr(h.said, h.advised), "%s", h.advised);
    rgm_config *c = configure("steps: 1\n");
    rgm_run_options options = {.config = c, .files = RGM_RUN_NO_FILES, .events = heard_events(&plain)};
    options.events.advice = NULL;
    ck_assert_msg(rgm_run_train(&options, &s, &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(strstr(plain.said, h.advised) != NULL, "%s", plain.said);
    free(c);
}
END_TEST

/* Without any event. */
START_TEST(nobody_listens) {
    rgm_error err = {0};
    rgm_run_summary s;
    rgm_config *c = configure("");
    ck_assert_msg(rgm_run_train(&(rgm_run_options){.config = c}, &s, &err) == RGM_OK, "%s", err.text);
    check_result(&s);
    free(c);
}
END_TEST

/* Nothing is written, and the bits are the same. */
START_TEST(a_run_without_a_folder) {
    heard kept = {0}, gone = {0};
    train_to_the_end("", RGM_RUN_FOLDER, &kept);
    int before = files_of(folder);
    char *empty = make_folder();
    ck_assert_int_eq(chdir(empty), 0);
    outcome o = train_to_the_end("", RGM_RUN_NO_FILES, &gone);
    ck_assert_int_eq(files_of(empty), 0);
    ck_assert_int_eq(chdir("/"), 0);
    remove_folder(empty);
    ck_assert_int_eq(files_of(folder), before);
    ck_assert_str_eq(gone.story, "PBssssvssssvTFE");
    ck_assert(gone.bits == kept.bits);
    check_result(&o.summary);
    ck_assert(o.summary.accuracy == kept.finished.accuracy && o.summary.loss == kept.finished.loss);
    ck_assert_str_eq(o.summary.folder, "");
    ck_assert_str_eq(o.summary.checkpoint, "");
    ck_assert_int_eq(o.summary.saved_step, -1);
}
END_TEST

/* The best state of an early stop comes from best.h5, or from memory. */
START_TEST(an_early_stop_with_and_without_a_folder) {
    static const char more[] = "epochs: 9\nearly_stop: {patience: 2, gain: 1}\n";
    heard kept = {0}, gone = {0};
    outcome a = train_to_the_end(more, RGM_RUN_FOLDER, &kept), b = train_to_the_end(more, RGM_RUN_NO_FILES, &gone);
    ck_assert_int_eq(a.summary.ending, RGM_END_EARLY);
    ck_assert_int_eq(b.summary.ending, RGM_END_EARLY);
    ck_assert_str_eq(a.summary.reason, "early: 2 evaluations without a gain");
    ck_assert_msg(strstr(a.summary.checkpoint, "best.h5") != NULL, "%s", a.summary.checkpoint);
    ck_assert(kept.bits == gone.bits);
    ck_assert(a.summary.loss == b.summary.loss);
}
END_TEST

/* ---- ends ---- */

START_TEST(a_stop_and_a_resume) {
    const int64_t at[] = {1, 4, 6};
    heard h = {.stop_at = at[_i]}, rest = {0}, again = {0};
    uint64_t whole = undisturbed("");
    outcome o = train("", NULL, RGM_RUN_FOLDER, &h);
    ck_assert_int_eq(o.summary.status, RGM_E_INTERRUPTED);
    ck_assert_int_eq(o.summary.goes_on, RGM_GOES_ON_RESUMED);
    ck_assert_str_eq(o.summary.reason, "interrupted");
    ck_assert_str_eq(o.summary.folder, out);
    ck_assert_int_eq(o.summary.step, at[_i]);
    ck_assert_int_eq(o.summary.saved_step, at[_i]);
    ck_assert_msg(strcmp(h.story + strlen(h.story) - 2, "TE") == 0 && !strchr(h.story, 'F'), "%s", h.story);
    ck_assert_int_eq(h.ended.status, RGM_E_INTERRUPTED);
    o = train("", out, RGM_RUN_FOLDER, &rest);
    ck_assert_msg(o.summary.status == RGM_OK, "%s", o.error);
    ck_assert_int_eq(rest.steps, 8 - at[_i]);
    ck_assert(rest.bits == whole);
    o = train("", out, RGM_RUN_FOLDER, &again); /* it is through */
    ck_assert_int_eq(o.summary.status, RGM_OK);
    ck_assert_str_eq(again.story, "POFE");
    ck_assert(again.bits == whole);
    ck_assert_str_eq(o.summary.reason, "complete");
}
END_TEST

START_TEST(a_stop_before_the_first_step) {
    rgm_error err = {0};
    rgm_run_summary s;
    heard h = {.stop_at = 1, .steps = 1};
    rgm_config *c = configure("");
    const rgm_run_options options = {.config = c, .files = RGM_RUN_NO_FILES, .stop = {heard_asked, &h}};
    ck_assert_int_eq(rgm_run_train(&options, &s, &err), RGM_E_INTERRUPTED);
    ck_assert_int_eq(s.goes_on, RGM_GOES_ON_NOT);
    free(c);
}
END_TEST

START_TEST(what_fails_says_how_it_goes_on) {
    heard h = {0}, rest = {0};
    static const char failing[] = "loss: fails\n";
    uint64_t whole = undisturbed(failing);
    setenv("RGM_FAIL", "loss 5", 1);
    outcome o = train(failing, NULL, RGM_RUN_FOLDER, &h);
    unsetenv("RGM_FAIL");
    ck_assert_int_eq(o.summary.status, RGM_E_PLUGIN);
    ck_assert_msg(strstr(o.error, "asked to fail") != NULL, "%s", o.error);
    ck_assert_str_eq(o.summary.reason, "failed");
    ck_assert_int_eq(o.summary.goes_on, RGM_GOES_ON_RESUMED);
    ck_assert_int_eq(o.summary.saved_step, 5);
    ck_assert_int_eq(o.summary.step, 5);
    ck_assert_int_eq(access(o.summary.checkpoint, R_OK), 0);
    ck_assert_int_eq(o.summary.split, -1);
    ck_assert_int_eq(h.ended.goes_on, RGM_GOES_ON_RESUMED);
    ck_assert_msg(strstr(h.said, "3 ") && strstr(h.said, "asked to fail"), "%s", h.said);
    o = train(failing, out, RGM_RUN_FOLDER, &rest);
    ck_assert_msg(o.summary.status == RGM_OK && rest.bits == whole, "%s", o.error);
}
END_TEST

START_TEST(numbers_out_of_range_want_another_run) {
    heard h = {0};
    setenv("RGM_FAIL", "param 7", 1); /* in the last step of the second epoch */
    outcome o = train("regularize: [fails]\n", NULL, RGM_RUN_FOLDER, &h);
    unsetenv("RGM_FAIL");
    ck_assert_int_eq(o.summary.status, RGM_E_NUMERIC);
    ck_assert_int_eq(o.summary.goes_on, RGM_GOES_ON_ANEW);
    ck_assert_int_eq(o.summary.saved_step, 4);
    ck_assert_int_eq(access(o.summary.checkpoint, R_OK), 0);
    ck_assert(o.summary.rate > 0);
}
END_TEST

/* Refused: nothing is left, and another run's folder is told. */
START_TEST(refusals) {
    heard h = {0}, other = {0}, late = {0};
    outcome o = train("data: {file: '/nonexistent/set.h5'}\n", NULL, RGM_RUN_FOLDER, &h);
    ck_assert_int_eq(o.summary.status, RGM_E_IO);
    ck_assert_int_eq(o.summary.goes_on, RGM_GOES_ON_NOT);
    ck_assert_str_eq(h.story, "");
    ck_assert_int_ne(access(out, F_OK), 0);
    train_to_the_end("", RGM_RUN_FOLDER, &other);
    o = train("", NULL, RGM_RUN_FOLDER, &late);
    ck_assert_int_eq(o.summary.status, RGM_E_USAGE);
    ck_assert_int_eq(o.summary.goes_on, RGM_GOES_ON_OCCUPIED);
    ck_assert_str_eq(o.summary.folder, out);
    ck_assert_str_eq(late.story, "PE");
    o = train("", out, RGM_RUN_NO_FILES, &late);
    ck_assert_int_eq(o.summary.status, RGM_E_USAGE);
}
END_TEST

/* What an event returns is what the run returns. */
START_TEST(an_event_that_fails) {
    heard h = {.fail_at = 3, .failure = RGM_E_IO}, v = {.fail_at = 3, .failure = RGM_E_VERDICT};
    outcome o = train("", NULL, RGM_RUN_NO_FILES, &h);
    ck_assert_int_eq(o.summary.status, RGM_E_IO);
    ck_assert_str_eq(o.error, "an event has failed");
    ck_assert_str_eq(h.story, "PBsssTE");
    o = train("", NULL, RGM_RUN_FOLDER, &v);
    ck_assert_int_eq(o.summary.status, RGM_E_VERDICT);
    ck_assert_int_eq(o.summary.goes_on, RGM_GOES_ON_NOT);
}
END_TEST

/* ---- several in one process ---- */

START_TEST(one_after_the_other) {
    heard a = {0}, b = {0}, c = {0};
    train_to_the_end("", RGM_RUN_NO_FILES, &a);
    train_to_the_end("seed: 5\n", RGM_RUN_NO_FILES, &b);
    train_to_the_end("", RGM_RUN_FOLDER, &c);
    ck_assert(a.bits == c.bits);
    ck_assert(a.bits != b.bits);
    ck_assert_str_eq(a.story, b.story);
}
END_TEST

static heard inner;

static void run_another(heard *h, int64_t step) {
    (void)h;
    if (step == 3) train_to_the_end("seed: 5\n", RGM_RUN_NO_FILES, &inner);
}

/* A run within a step of another: each hears its own messages, and ends with its own bits. */
START_TEST(one_within_another) {
    uint64_t one = undisturbed(""), two = undisturbed("seed: 5\n");
    heard outer = {.within = run_another};
    train_to_the_end("", RGM_RUN_FOLDER, &outer);
    ck_assert(outer.bits == one);
    ck_assert(inner.bits == two);
    ck_assert_str_eq(inner.story, "PBssssvssssvTFE");
    ck_assert_msg(strstr(outer.said, "run folder: ") && !strstr(inner.said, "run folder: "), "%s", outer.said);
    int32_t epochs = 0;
    for (const char *at = outer.said; (at = strstr(at, "2 epoch ")); at++) epochs++;
    ck_assert_int_eq(epochs, 2);
}
END_TEST

typedef struct thread_run {
    const char *more;
    heard heard;
} thread_run;

static void *run_in_thread(void *context) {
    thread_run *r = context;
    train_to_the_end(r->more, RGM_RUN_NO_FILES, &r->heard);
    return NULL;
}

/* The inner one shares the machine and the set of the outer one: their steps take turns. */
static rgm_device *shared_device;
static rgm_dataset *shared_set;

static void share_with(const char *more, heard *h) {
    rgm_error err = {0};
    rgm_run_summary s;
    rgm_config *c = configure(more);
    const rgm_run_options options = {
        .config = c, .files = RGM_RUN_NO_FILES, .device = shared_device, .set = shared_set, .events = heard_events(h)};
    ck_assert_msg(rgm_run_train(&options, &s, &err) == RGM_OK, "%s", err.text);
    free(c);
}

static void share(heard *h, int64_t step) {
    (void)h;
    if (step == 3) share_with("optimizer: adamw\n", &inner);
}

START_TEST(a_shared_machine) {
    rgm_error err = {0};
    uint64_t one = undisturbed(""), two = undisturbed("optimizer: adamw\n");
    const char *plugins[] = {RGM_FIXTURES "/train/fails.so"};
    const rgm_device_options device = {.isa = "auto", .threads = 1, .plugins = plugins, .plugin_count = 1};
    ck_assert_msg(rgm_device_create(&shared_device, &device, &err) == RGM_OK, "%s", err.text);
    ck_assert_msg(rgm_dataset_open(&shared_set, set, NULL, &err) == RGM_OK, "%s", err.text);
    heard outer = {.within = share};
    share_with("", &outer);
    ck_assert(outer.bits == one);
    ck_assert(inner.bits == two);
    rgm_dataset_close(shared_set);
    rgm_device_destroy(shared_device);
}
END_TEST

START_TEST(two_at_once) {
    static thread_run runs[2] = {{.more = "epochs: 5\n"}, {.more = "epochs: 5\nseed: 5\n"}};
    pthread_t threads[2];
    uint64_t bits[2];
    for (int i = 0; i < 2; i++) bits[i] = undisturbed(runs[i].more);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, run_in_thread, &runs[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 2; i++) ck_assert(runs[i].heard.bits == bits[i]);
    for (int i = 0; i < 2; i++) ck_assert_msg(strstr(runs[i].heard.story, "TFE") != NULL, "%s", runs[i].heard.story);
}
END_TEST

/* ---- the same as the command; evaluations ---- */

static void command(const char *path) {
    char file[600], text[2048];
    snprintf(file, sizeof file, "%s", in_folder(folder, "run.yaml"));
    rgm_config *c = configure("");
    rgm_error err = {0};
    ck_assert_msg(rgm_config_write(c, file, &err) == RGM_OK, "%s", err.text);
    free(c);
    snprintf(text, sizeof text, "%s", path);
    char *argv[] = {"train", file, "--out", text, "--quiet", NULL};
    int how, null = open("/dev/null", O_WRONLY);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(null, 1);
        _exit(rgm_status_exit_code(rgm_cmd_train(5, argv, &err)));
    }
    ck_assert_int_eq(waitpid(pid, &how, 0), pid);
    ck_assert_int_eq(how, 0);
}

/* A run that is through is told again, with the weights that it left. */
START_TEST(the_command_has_the_same_bits) {
    heard of_command = {0};
    command(out);
    outcome o = train("", out, RGM_RUN_FOLDER, &of_command);
    ck_assert_msg(o.summary.status == RGM_OK, "%s", o.error);
    ck_assert_str_eq(of_command.story, "POFE");
    ck_assert(of_command.bits == undisturbed(""));
}
END_TEST

static rgm_status evaluate(const char *checkpoint, int32_t split, rgm_run_summary *s) {
    rgm_error err = {0};
    rgm_constants model;
    rgm_device *device;
    rgm_predictor *predictor;
    rgm_config *c = calloc(1, sizeof *c);
    const rgm_stop never = {0};
    rgm_status status = rgm_run_config_of_checkpoint(checkpoint, NULL, c, &model, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    ck_assert_int_eq(rgm_device_configure(&device, c, 0, &err), RGM_OK);
    const rgm_predictor_options options = {.config = c, .model = &model, .device = device};
    status = rgm_predictor_create(&predictor, &options, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    ck_assert_int_eq(rgm_predictor_load(predictor, checkpoint, &never, &err), RGM_OK);
    status = rgm_predictor_evaluate(predictor, &(rgm_predictor_evaluation){.split = split}, s, &err);
    rgm_predictor_destroy(predictor);
    rgm_device_destroy(device);
    rgm_constants_free(&model);
    free(c);
    return status;
}

START_TEST(an_evaluation_has_the_result_of_its_run) {
    heard h = {0};
    rgm_run_summary s;
    outcome o = train_to_the_end("", RGM_RUN_FOLDER, &h);
    ck_assert_int_eq(evaluate(o.summary.checkpoint, RGM_SPLIT_TEST, &s), RGM_OK);
    ck_assert_int_eq(s.split, RGM_SPLIT_TEST);
    ck_assert(s.loss == o.summary.loss && s.accuracy == o.summary.accuracy && s.tally.seen == 9);
    ck_assert(s.images_per_s > 0 && s.memory > 0);
    ck_assert_str_eq(s.checkpoint, o.summary.checkpoint);
    run_set_write(set, &(run_set){.H = 8, .W = 8, .C = 1, .classes = 3, .train = 24});
    ck_assert_int_eq(evaluate(o.summary.checkpoint, RGM_SPLIT_TEST, &s), RGM_E_USAGE);
    ck_assert_int_eq(s.split, -1);
}
END_TEST

/* Epochs are evaluated on the test split, and the last such evaluation is the result. */
START_TEST(measured_on_the_result) {
    rgm_error err = {0};
    rgm_run_summary s;
    heard h = {0};
    rgm_config *c = configure("epochs: 50\n");
    const rgm_run_options options = {
        .config = c, .files = RGM_RUN_NO_FILES, .on_result = 1, .until = 0.01, .events = heard_events(&h)};
    ck_assert_msg(rgm_run_train(&options, &s, &err) == RGM_OK, "%s", err.text);
    ck_assert_int_eq(s.ending, RGM_END_REACHED);
    ck_assert_int_eq(s.split, RGM_SPLIT_TEST);
    ck_assert(s.accuracy >= 0.01 && s.step < 200);
    ck_assert_msg(strstr(h.said, "; test: loss ") && !strstr(h.said, "validation: loss"), "%s", h.said);
    free(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("runs");
    TCase *tcase = tcase_create("runs");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_run_tells_by_events_alone);
    tcase_add_test(tcase, advice_is_told);
    tcase_add_test(tcase, nobody_listens);
    tcase_add_test(tcase, a_run_without_a_folder);
    tcase_add_test(tcase, an_early_stop_with_and_without_a_folder);
    tcase_add_loop_test(tcase, a_stop_and_a_resume, 0, 3);
    tcase_add_test(tcase, a_stop_before_the_first_step);
    tcase_add_test(tcase, what_fails_says_how_it_goes_on);
    tcase_add_test(tcase, numbers_out_of_range_want_another_run);
    tcase_add_test(tcase, refusals);
    tcase_add_test(tcase, an_event_that_fails);
    tcase_add_test(tcase, one_after_the_other);
    tcase_add_test(tcase, one_within_another);
    tcase_add_test(tcase, a_shared_machine);
    tcase_add_test(tcase, two_at_once);
    tcase_add_test(tcase, the_command_has_the_same_bits);
    tcase_add_test(tcase, an_evaluation_has_the_result_of_its_run);
    tcase_add_test(tcase, measured_on_the_result);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
