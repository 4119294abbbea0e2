/* Watched runs: their file over stops, and steps that are not finite. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "run/run.h"
#include "run/watching.h"
#include "train/policy.h"
#include "train/resume.h"
#include "train/spike.h"
#include "train/watched_file.h"
#include "watch_case.h"

/* ---- runs ---- */

#define OF_RUNS "model: {name: cnn, base: 4}\nbatch: 8\nepochs: 6\nmetrics: {every: 4}\n"
#define FAILING OF_RUNS "plugins: ['" RGM_FIXTURES "/train/fails.so']\nloss: fails\nregularize: [fails]\n"

static const char *of_runs = OF_RUNS;
static rgm_run_summary summary; /* of the last run */
static int64_t stop_at;
static rgm_status stop_with = RGM_E_INTERRUPTED;
static int32_t warnings, steps_made;
static float *result; /* the parameters at the end */
static size_t result_bytes;

static rgm_status on_step(void *context, const rgm_step_event *e, rgm_error *error) {
    (void)context;
    steps_made++;
    if (stop_at && e->progress->step == stop_at) return rgm_fail(error, stop_with, "enough");
    return RGM_OK;
}

static void on_message(void *context, int32_t level, const char *line) {
    (void)context, (void)line;
    warnings += level == RGM_LOG_WARN;
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *s, rgm_error *error) {
    (void)context, (void)s, (void)error;
    const bench b = {.session = (rgm_session *)parts->session, .trainer = parts->trainer};
    free(result);
    result = copy_values(&b);
    result_bytes = sizeof(float) * (size_t)rgm_graph_param_floats(parts->session->model->graph);
    return RGM_OK;
}

/* Runs in a folder ("": without files), to its end or up to a step; resumes if it is there. */
static rgm_status run_in(const char *path, int32_t threads, int64_t stop, int32_t resume) {
    rgm_config *config = configure(of_runs, threads);
    snprintf(config->out, sizeof config->out, "%s", path);
    stop_at = stop;
    warnings = steps_made = 0;
    const rgm_run_options options = {.config = config,
                                     .files = path[0] ? RGM_RUN_FOLDER : RGM_RUN_NO_FILES,
                                     .resume = resume ? path : NULL,
                                     .events = {.step = on_step, .message = on_message, .finished = on_finished}};
    rgm_status status = rgm_run_train(&options, &summary, &err);
    free(config);
    return status;
}

/* The parameters that a run ended with; the caller's. */
static float *take_result(void) {
    float *taken = result;
    ck_assert_ptr_nonnull(taken);
    result = NULL;
    return taken;
}

static const char *inside(const char *name) {
    static char paths[4][700];
    static int32_t turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

START_TEST(resumed_runs_have_the_same_file) {
    NEED(run_in(inside("whole"), 2, 0, 0));
    int64_t at = (int64_t[]){3, 6, 20}[_i];
    ck_assert_int_lt(run_in(inside("parts"), 1, at, 0), 0);
    NEED(run_in(inside("parts"), 3, 0, 1));
    ck_assert_msg(same_files(inside("whole/watch.h5"), inside("parts/watch.h5")), "after a stop at %d", (int)at);
    rgm_watched *w;
    NEED(rgm_watched_read(&w, inside("whole/watch.h5"), NULL, &err));
    ck_assert_int_eq(w->step, 36);
    ck_assert_int_eq(w->evaluations, 6);
    ck_assert_int_eq(w->shape.images, 12);
    ck_assert_int_eq(w->shape.filter[0], 4);
    ck_assert(memcmp(w->filters_start, w->filters_now, sizeof(float) * 4 * 27) != 0);
    rgm_watched_destroy(w);
}
END_TEST

/* The share of time that data took is of all steps, or is not known. */
START_TEST(resumed_runs_know_no_share) {
    ck_assert_int_lt(run_in(inside("run"), 1, 20, 0), 0);
    ck_assert(summary.data_share > 0 && summary.data_share <= 1);
    NEED(run_in(inside("run"), 1, 0, 1));
    ck_assert(isnan(summary.data_share) && summary.seconds > 0);
}
END_TEST

/* A file that is gone or damaged costs a warning, and nothing else. */
START_TEST(lost_files_are_begun_anew) {
    ck_assert_int_lt(run_in(inside("parts"), 2, 20, 0), 0);
    size_t size;
    uint8_t *bytes = load_file(inside("parts/watch.h5"), &size);
    bytes[size / 2] ^= 1;
    store_file(inside("parts/watch.h5"), bytes, size);
    free(bytes);
    if (_i) unlink(inside("parts/watch.h5"));
    NEED(run_in(inside("parts"), 2, 0, 1));
    ck_assert_int_eq(warnings, 1);
    rgm_watched *w;
    NEED(rgm_watched_read(&w, inside("parts/watch.h5"), NULL, &err));
    ck_assert_int_eq(w->first[0], 20);
    ck_assert_int_eq(w->step, 36);
    rgm_watched_destroy(w);
}
END_TEST

static int32_t stops_now(void *context) {
    (void)context;
    return 1;
}

/* What could not be read for another reason than its content is not written over. */
START_TEST(files_that_were_not_read_stay) {
    bench b = begin(OF_RUNS, 1);
    const rgm_view *judged = &b.session->data->validation;
    rgm_watching_options options = {.session = b.session,
                                    .trainer = b.trainer,
                                    .judged = judged,
                                    .path = inside("watch.h5"),
                                    .metrics = inside("metrics.jsonl"),
                                    .fresh = 1};
    rgm_watching *w = rgm_watching_begin(&options);
    ck_assert_ptr_nonnull(w);
    rgm_watching_predict(w, 1);
    rgm_watching_save(w);
    rgm_watching_end(w);
    const char *copy = inside("copy.h5");
    copy_file(options.path, copy);
    options.fresh = 0;
    options.resumed = 1;
    options.stop = (rgm_stop){.asked = stops_now};
    for (int32_t stopped = 1; stopped >= 0; stopped--) {
        w = rgm_watching_begin(&options);
        ck_assert_ptr_nonnull(w);
        rgm_watching_save(w);
        rgm_watching_end(w);
        ck_assert_int_eq(same_files(options.path, copy), stopped);
        options.stop = (rgm_stop){0}; /* read, it goes back to step 0: no prediction is left */
    }
    end(&b);
}
END_TEST

/* ---- steps that are not finite ---- */

static int32_t count_events(const char *file, const char *event) {
    size_t size;
    int32_t count = 0;
    char *text = (char *)load_file(file, &size), wanted[64];
    snprintf(wanted, sizeof wanted, "{\"event\": \"%s\"", event);
    for (const char *at = text; (at = strstr(at, wanted)); at++) count++;
    free(text);
    return count;
}

/* Six steps an epoch, six epochs. */
static const struct {
    const char *fail, *policy, *event;
    rgm_status status;
    int32_t steps, events; /* told */
} cases[] = {
    {"nan_loss 8", "stop", "skip", RGM_E_NUMERIC, 8, 0},
    {"nan_loss 8", "skip", "skip", RGM_OK, 35, 1},
    {"nan_loss 0", "skip", "skip", RGM_OK, 35, 1},
    {"nan_since 8", "skip", "skip", RGM_E_NUMERIC, 8, 2},
    {"nan_loss 8", "rewind", "rewind", RGM_OK, 35, 1},
    {"nan_loss 3", "rewind", "rewind", RGM_OK, 35, 1}, /* to the start */
    {"param 8", "rewind", "rewind", RGM_OK, 35, 1},
    {"param 11", "rewind", "rewind", RGM_OK, 36, 1}, /* found at the epoch's end */
    {"param 8", "skip", "skip", RGM_E_NUMERIC, 9, 2},
    {"nan_since 8", "rewind", "rewind", RGM_E_NUMERIC, 8, 2},
};
enum { CASES = sizeof cases / sizeof *cases };

static void ask_to_fail(int32_t i) {
    static char text[1024];
    setenv("RGM_FAIL", cases[i].fail, 1);
    snprintf(text, sizeof text, FAILING "watch: {policy: %s, most: 2}\n", cases[i].policy);
    of_runs = text;
}

START_TEST(policies) {
    ask_to_fail(_i);
    rgm_status status = run_in(inside("run"), 2, 0, 0);
    ck_assert_msg(status == cases[_i].status, "%d: %s", status, err.text);
    ck_assert_int_eq(steps_made, cases[_i].steps);
    ck_assert_int_eq(count_events(inside("run/metrics.jsonl"), cases[_i].event), cases[_i].events);
    if (status < 0) return;
    for (size_t i = 0; i < result_bytes / sizeof *result; i++) ck_assert(isfinite(result[i]));
    float *files = take_result();
    NEED(run_in("", 3, 0, 0)); /* the same from memory, on other threads */
    ck_assert(memcmp(files, result, result_bytes) == 0);
    setenv("RGM_FAIL", "none 0", 1);
    NEED(run_in("", 2, 0, 0));
    ck_assert_msg(memcmp(files, result, result_bytes) != 0, "nothing has happened");
    free(files);
}
END_TEST

/* Stopped and resumed before, at, and behind what happens. */
START_TEST(policies_after_a_stop) {
    static const int32_t which[] = {1, 4, 6};
    static const int32_t stops[] = {2, 7, 11, 13};
    ask_to_fail(which[_i]);
    NEED(run_in(inside("whole"), 2, 0, 0));
    float *whole = take_result();
    for (int32_t i = 0; i < 4; i++) {
        char name[16];
        snprintf(name, sizeof name, "parts%d", i);
        ck_assert_int_lt(run_in(inside(name), 1, stops[i], 0), 0);
        NEED(run_in(inside(name), 3, 0, 1));
        ck_assert_msg(memcmp(whole, result, result_bytes) == 0, "other bits after a stop at %d", stops[i]);
    }
    free(whole);
}
END_TEST

/* A state that is not finite where it is to be saved, at a stop or by the clock, is mended. */
START_TEST(bad_states_are_mended_to_be_saved) {
    static const char *const more[] = {"", "save: {minutes: 1e-9}\n"};
    char text[1024];
    snprintf(text, sizeof text, FAILING "watch: {policy: rewind}\n%s", more[_i]);
    of_runs = text;
    setenv("RGM_FAIL", "param 8", 1); /* the state behind step 9 */
    ck_assert_int_eq(run_in(inside("run"), 2, _i ? 0 : 9, 0), _i ? RGM_OK : RGM_E_INTERRUPTED);
    ck_assert_int_eq(count_events(inside("run/metrics.jsonl"), "rewind"), 1);
    if (_i) return;
    NEED(run_in(inside("run"), 2, 0, 1));
    ck_assert_int_eq(count_events(inside("run/metrics.jsonl"), "rewind"), 1);
}
END_TEST

/* A state that was put back in part is no step's. */
START_TEST(half_a_state_is_not_whole) {
    static char path[700];
    NEED(run_in(inside("run"), 2, 0, 0));
    snprintf(path, sizeof path, "%s", inside("run/checkpoints/last.h5"));
    bench b = begin("model: {name: cnn, base: 5}\nbatch: 8\n", 1);
    ck_assert(rgm_trainer_whole(b.trainer));
    ck_assert_int_lt(rgm_resume_state(b.session, b.trainer, inside("none.h5"), &err), 0);
    ck_assert(rgm_trainer_whole(b.trainer));
    ck_assert_int_eq(rgm_resume_state(b.session, b.trainer, path, &err), RGM_E_FORMAT);
    ck_assert(!rgm_trainer_whole(b.trainer));
    end(&b);
    b = begin(OF_RUNS, 1);
    b.session->stop = (rgm_stop){.asked = stops_now}; /* it is not stopped in between */
    rgm_trainer_restoring(b.trainer);
    ck_assert(!rgm_trainer_whole(b.trainer));
    NEED(rgm_resume_state(b.session, b.trainer, path, &err));
    ck_assert(rgm_trainer_whole(b.trainer));
    end(&b);
}
END_TEST

/* What plugins have seen since goes back, too, in memory and in a file; the state may have been empty. */
START_TEST(plugins_go_back) {
    bench b = begin(OF_RUNS "plugins: ['" RGM_FIXTURES "/train/keeper.so']\nscheduler: keeper\n"
                            "watch: {policy: rewind}\n",
                    1);
    const rgm_components *c = &b.session->model->components;
    rgm_policy policy = {.session = b.session, .trainer = b.trainer, .back = _i ? inside("back.h5") : NULL};
    rgm_progress at = rgm_progress_start();
    const char *action = "";
    for (size_t seen = 0; seen < 3; seen++) {
        size_t size = rgm_instance_state_bytes(c->schedule[0]);
        ck_assert_int_eq(size == 0, seen == 0);
        rgm_policy_begin(&policy, &at);
        NEED(rgm_policy_keep(&policy, &at, 1, &err));
        rgm_clock clock = rgm_session_clock(b.session, 0);
        NEED(rgm_plug_observe(c->schedule, (size_t)c->schedules, &clock, "validation_loss", 1, &err));
        ck_assert_int_ne(rgm_instance_state_bytes(c->schedule[0]), size);
        NEED(rgm_policy_catch(&policy, &at, 1, &action, RGM_E_NUMERIC, &err));
        ck_assert_str_eq(action, "rewind");
        ck_assert_int_eq(rgm_instance_state_bytes(c->schedule[0]), size);
        rgm_policy_end(&policy);
        NEED(rgm_plug_observe(c->schedule, (size_t)c->schedules, &clock, "validation_loss", 1, &err));
    }
    end(&b);
}
END_TEST

/* A file of another epoch is not gone back to: of the future, of the past, or of another run. */
START_TEST(other_states_to_go_back_to) {
    of_runs = FAILING "seed: 5\nwatch: {policy: rewind}\n";
    setenv("RGM_FAIL", "none 0", 1);
    ck_assert_int_lt(run_in(inside("seed"), 2, 14, 0), 0);
    of_runs = FAILING "watch: {policy: rewind}\n";
    NEED(run_in(inside("future"), 2, 0, 0));
    ck_assert_int_lt(run_in(inside("past"), 2, 8, 0), 0);
    const char *const others[] = {"future", "past", "seed"};
    float *missing = NULL;
    for (int32_t i = -1; i < 3; i++) {
        char run[32], back[64], other[64];
        snprintf(run, sizeof run, "run%d", i + 1);
        snprintf(back, sizeof back, "%s/checkpoints/back.h5", run);
        setenv("RGM_FAIL", "none 0", 1);
        ck_assert_int_lt(run_in(inside(run), 2, 14, 0), 0);
        ck_assert_int_eq(unlink(inside(back)), 0);
        if (i >= 0) {
            snprintf(other, sizeof other, "%s/checkpoints/back.h5", others[i]);
            copy_file(inside(other), inside(back));
        }
        setenv("RGM_FAIL", "nan_loss 16", 1);
        NEED(run_in(inside(run), 2, 0, 1));
        if (missing)
            ck_assert_msg(memcmp(missing, result, result_bytes) == 0, "back to the state of '%s'", others[i]);
        else
            missing = take_result();
    }
    free(missing);
}
END_TEST

static int64_t step_in(const char *checkpoint) {
    rgm_checkpoint_reader *reader;
    NEED(rgm_checkpoint_open(&reader, checkpoint, NULL, &err));
    int64_t at = rgm_checkpoint_header(reader)->progress.step;
    rgm_checkpoint_close(reader);
    return at;
}

/* However seldom `last` is saved, what the policy goes back to is not newer: here when the disk fails in an epoch. */
START_TEST(last_is_saved_with_back) {
    of_runs = FAILING "watch: {policy: rewind}\nsave: {every: 5}\n";
    setenv("RGM_FAIL", "none 0", 1);
    stop_with = RGM_E_IO;
    ck_assert_int_eq(run_in(inside("run"), 2, 14, 0), RGM_E_IO);
    ck_assert_int_eq(step_in(inside("run/checkpoints/last.h5")), 12);
    ck_assert_int_eq(step_in(inside("run/checkpoints/back.h5")), 12);
}
END_TEST

/* ---- spikes of the loss ---- */

/* Six steps an epoch, nine epochs; 32 images a step, so that there are spikes. Two windows are 40 steps. */
#define OF_SPIKES                                                                                                      \
    "model: {name: cnn, base: 4}\nbatch: 32\nepochs: 9\nplugins: ['" RGM_FIXTURES                                      \
    "/train/fails.so']\nloss: fails\noptimizer: {sgd: {lr: 0.02, momentum: 0.9}}\n"

static const struct {
    const char *fail, *spikes, *event;
    rgm_status status;
    int32_t steps, events;
} spike_cases[] = {
    {"spike 45", "note", "warning", RGM_OK, 54, 1},        {"spike 45", "stop", "skip", RGM_E_NUMERIC, 45, 0},
    {"spike 45", "skip", "skip", RGM_OK, 53, 1},           {"spike 45", "rewind", "rewind", RGM_OK, 53, 1},
    {"spike 39", "skip", "skip", RGM_OK, 54, 0}, /* too early to say */
    {"spike 40", "skip", "skip", RGM_OK, 53, 1},           {"spikes 45", "skip", "skip", RGM_E_NUMERIC, 45, 2},
    {"spikes 45", "rewind", "rewind", RGM_OK, 53, 1}, /* what is usual is found anew */
    {"nan_loss 45", "skip", "skip", RGM_E_NUMERIC, 45, 0}, {"nan_loss 45", "rewind", "rewind", RGM_E_NUMERIC, 45, 0},
    {"wild 45", "skip", "skip", RGM_E_NUMERIC, 45, 0}, /* a gradient that is not finite is the other policy's */
};
enum { SPIKE_CASES = sizeof spike_cases / sizeof *spike_cases };

static void ask_for_spikes(const char *fail, const char *spikes) {
    static char text[1024];
    run_set_write(set_path, &(run_set){.H = 10, .W = 9, .C = 3, .classes = 3, .train = 240, .test = 9});
    setenv("RGM_FAIL", fail, 1);
    snprintf(text, sizeof text, OF_SPIKES "watch: {spikes: %s, most: 2}\n", spikes);
    of_runs = text;
}

START_TEST(policies_for_spikes) {
    ask_for_spikes(spike_cases[_i].fail, spike_cases[_i].spikes);
    rgm_status status = run_in(inside("run"), 2, 0, 0);
    ck_assert_msg(status == spike_cases[_i].status, "%d: %s", status, err.text);
    ck_assert_int_eq(steps_made, spike_cases[_i].steps);
    ck_assert_int_eq(count_events(inside("run/metrics.jsonl"), spike_cases[_i].event), spike_cases[_i].events);
    if (status < 0) {
        int32_t spiked = strncmp(spike_cases[_i].fail, "spike", 5) == 0;
        ck_assert_msg(!spiked == !strstr(err.text, "the loss jumps to"), "%s", err.text);
        ck_assert_msg(!spiked == !strstr(err.text, "the gradient grew most in "), "%s", err.text);
        return;
    }
    float *files = take_result();
    NEED(run_in("", 3, 0, 0)); /* the same from memory, on other threads */
    ck_assert(memcmp(files, result, result_bytes) == 0);
    ask_for_spikes(spike_cases[_i].fail, "note");
    NEED(run_in("", 2, 0, 0));
    int32_t acts = strcmp(spike_cases[_i].spikes, "note") != 0 && spike_cases[_i].events > 0;
    ck_assert_int_eq(memcmp(files, result, result_bytes) != 0, acts);
    free(files);
}
END_TEST

START_TEST(what_a_spike_is) {
    ck_assert(rgm_is_spike(3.1, 1, 32) && rgm_is_spike(1.2, 0.1, 128));
    ck_assert(!rgm_is_spike(2.9, 1, 32) && !rgm_is_spike(1, 0.1, 128)); /* not 3 times, not 1 above */
    ck_assert(!rgm_is_spike(3.1, 1, 31));
    ck_assert(!rgm_is_spike(3.1, NAN, 32) && !rgm_is_spike(NAN, 1, 32));
    ck_assert(!rgm_is_spike(-18, -20, 32));
}
END_TEST

/* Where no loss is a spike, who looks for one changes no bit. */
START_TEST(looking_for_spikes_changes_nothing) {
    ask_for_spikes("none 0", "note");
    NEED(run_in("", 2, 0, 0));
    float *noted = take_result();
    ask_for_spikes("none 0", _i ? "rewind" : "skip");
    NEED(run_in("", 3, 0, 0));
    ck_assert(memcmp(noted, result, result_bytes) == 0);
    free(noted);
}
END_TEST

/* The line of the first event of a kind; the caller's. */
static char *event_of(const char *file, const char *event) {
    size_t size;
    char *text = (char *)load_file(file, &size), wanted[64];
    snprintf(wanted, sizeof wanted, "{\"event\": \"%s\"", event);
    const char *at = strstr(text, wanted);
    ck_assert_msg(at, "no event %s", event);
    char *line = strndup(at, strcspn(at, "\n"));
    free(text);
    return line;
}

/* Stopped in a window, before, at and behind the spike: the usual loss and the numbers of the policy go on. */
START_TEST(spikes_after_a_stop) {
    static const int32_t stops[] = {31, 46, 48, 50}; /* no step ends at 47 */
    const char *action = _i ? "rewind" : "skip";
    ask_for_spikes("spike 46", action);
    NEED(run_in(inside("whole"), 2, 0, 0));
    float *whole = take_result();
    char *told = event_of(inside("whole/metrics.jsonl"), action);
    ck_assert_msg(strstr(told, "\"cause\": \"spike\"") && strstr(told, "\"left_out\": 1"), "%s", told);
    for (int32_t i = 0; i < 4; i++) {
        char name[16], metrics[64];
        snprintf(name, sizeof name, "parts%d", i);
        snprintf(metrics, sizeof metrics, "%s/metrics.jsonl", name);
        ck_assert_int_lt(run_in(inside(name), 1, stops[i], 0), 0);
        NEED(run_in(inside(name), 3, 0, 1));
        ck_assert_msg(memcmp(whole, result, result_bytes) == 0, "other bits after a stop at %d", stops[i]);
        char *again = event_of(inside(metrics), action);
        ck_assert_str_eq(again, told);
        free(again);
    }
    char *end = event_of(inside("whole/metrics.jsonl"), "end");
    ck_assert_msg(strstr(end, "\"left_out\": 1"), "%s", end);
    free(end);
    free(told);
    free(whole);
}
END_TEST

/* What failed is named: the layer, and the images if not all are bad. */
START_TEST(blame_names_images) {
    static rgm_state state;
    rgm_step_result r;
    bench b = begin("model: {name: linear}\nbatch: 8\n", 2);
    rgm_trainer_state(b.trainer, &state);
    state.value[0] = NAN;
    ck_assert_int_eq(rgm_trainer_step(b.trainer, 0, &r, &err), RGM_E_NUMERIC);
    ck_assert_msg(strstr(err.text, "bad output is fc; with all 8 images of the batch"), "%s", err.text);
    end(&b);
}
END_TEST

TCase *watch_runs(void) {
    TCase *c = watch_case("runs");
    add(c, resumed_runs_have_the_same_file, 3);
    tcase_add_test(c, resumed_runs_know_no_share);
    add(c, lost_files_are_begun_anew, 2);
    tcase_add_test(c, files_that_were_not_read_stay);
    add(c, policies, CASES);
    add(c, policies_after_a_stop, 3);
    tcase_add_test(c, other_states_to_go_back_to);
    tcase_add_test(c, last_is_saved_with_back);
    add(c, bad_states_are_mended_to_be_saved, 2);
    tcase_add_test(c, half_a_state_is_not_whole);
    add(c, plugins_go_back, 2);
    add(c, policies_for_spikes, SPIKE_CASES);
    tcase_add_test(c, what_a_spike_is);
    add(c, looking_for_spikes_changes_nothing, 2);
    add(c, spikes_after_a_stop, 2);
    tcase_add_test(c, blame_names_images);
    return c;
}
