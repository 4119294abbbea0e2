/* Trainings by the library: events, cancels, resumes, and the model that is handed out. */
#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "library_ground.h"
#include "make_set.h"

/* Two epochs of eight steps; twelve images are held out. */
#define NET                                                                                                            \
    "model.name=resnet20; model.base=4; model.stem=small; batch=6; epochs=2; data.validation=0.2; metrics.every=1; "   \
    "dropout=0.1; augment=[flip]; optimizer.lr=0.02;"

static regimen_config *net(const char *more) { return net_of(NET, more); }

static const char *path_in(const char *where, const char *name) {
    static char text[4][1200];
    static int turn;
    char *at = text[turn++ % 4];
    snprintf(at, sizeof text[0], "%s/%s", where, name);
    return at;
}

/* The bits of the model, which is closed. */
static uint64_t bits_of(regimen_model *model) {
    uint64_t found = hash_model(model, &p, path_in(folder, "bits.h5"));
    regimen_model_close(model);
    return found;
}

static uint64_t undisturbed(const char *more) {
    regimen_config *c = net(more);
    outcome o = trained(machine, data, c, &(extra){.no_files = 1});
    regimen_config_destroy(c);
    return bits_of(o.model);
}

/* ---- events ---- */

static void check_progress(const listener *l) {
    const regimen_progress *b = &l->begun, *s = &l->stepped, *e = &l->epoch;
    ck_assert(b->step == 0 && b->steps == 16 && b->epoch == 0 && b->epochs == 2 && b->images == 0 && b->total == 96);
    ck_assert(isnan(b->loss) && isnan(b->accuracy) && isnan(b->gradient_norm) && isnan(b->rate) && b->seconds == 0);
    ck_assert(s->step == 16 && s->images == 96 && s->epoch == 1 && s->total == 96);
    ck_assert(s->loss > 0 && s->accuracy >= 0 && s->accuracy <= 1 && s->gradient_norm > 0);
    ck_assert(s->rate > 0 && s->rate <= 0.02 && s->seconds > 0);
    ck_assert(isnan(s->validation_loss) && isnan(s->validation_accuracy) && s->best == 0);
    ck_assert(e->step == 16 && e->epoch == 2 && e->validation_loss > 0 && e->validation_accuracy >= 0);
    ck_assert(e->gradient_norm == s->gradient_norm && e->rate == s->rate && e->loss == s->loss);
    ck_assert_uint_eq(s->size, sizeof *s);
}

static void check_result(const regimen_result *r) {
    ck_assert(r->status == REGIMEN_OK && r->ending == REGIMEN_END_COMPLETE && r->step == 16 && r->epoch == 2);
    ck_assert_str_eq(r->reason, "complete");
    ck_assert(r->split == REGIMEN_TEST && r->images == 10 && r->correct <= r->correct5 && r->correct5 == 10);
    ck_assert(r->accuracy == (double)r->correct / 10 && r->accuracy_low <= r->accuracy);
    ck_assert(r->accuracy <= r->accuracy_high && r->loss > 0);
    ck_assert(r->seconds > 0 && r->images_per_s > 0 && r->gflops > 0 && r->memory > 10000 && r->lr == 0.02);
    ck_assert_str_eq(r->model, "resnet20");
    ck_assert_str_eq(r->data, "memory");
    ck_assert_int_eq(r->goes_on, REGIMEN_GOES_ON_NOT);
}

START_TEST(events_come_in_order) {
    listener l = {0}, quiet = {0};
    regimen_config *c = net("");
    outcome o = trained(machine, data, c, &(extra){.listener = &l});
    ck_assert_msg(strncmp(l.story, "OBsssssssse", 11) == 0, "%s", l.story);
    const char *end = strchr(l.story, 'T');
    ck_assert_msg(end && strcmp(end, "TFE") == 0 && end[-1] == 'c', "%s", l.story);
    check_progress(&l);
    check_result(&o.result);
    check_result(&l.finished);
    ck_assert_int_eq(memcmp(&l.finished, &o.result, sizeof o.result), 0);
    ck_assert_int_eq(memcmp(&l.ended, &o.result, sizeof o.result), 0);
    ck_assert_str_eq(o.result.folder, run_path);
    ck_assert_str_eq(o.result.checkpoint, path_in(run_path, "checkpoints/last.h5"));
    ck_assert_int_eq(o.result.saved_step, 16);
    ck_assert_msg(strstr(l.said, "2 regimen ") && strstr(l.said, "epoch 2/2: loss "), "%s", l.said);
    uint64_t bits = bits_of(o.model);
    o = trained(machine, data, c, &(extra){.listener = &quiet, .no_files = 1});
    ck_assert_str_eq(quiet.story, "BssssssssesssssssseTFE");
    regimen_config_destroy(c);
    ck_assert_uint_eq(bits_of(o.model), bits);
}
END_TEST

/* ---- events that fail ---- */

typedef struct failing {
    char in;
    int64_t at;
    int32_t status;
    const char *text, *word;
    int32_t goes_on;
    const char *tail; /* of the story */
} failing;

static const failing failings[] = {
    {'s', 3, REGIMEN_IO, "the disk\nis full", "the disk?is full", REGIMEN_GOES_ON_RESUMED, "sssTE"},
    {'s', 3, REGIMEN_USAGE, "enough", "enough", REGIMEN_GOES_ON_RESUMED, "ssscTE"},
    {'s', 1, REGIMEN_NUMERIC, NULL, "step", REGIMEN_GOES_ON_ANEW, "sTE"},
    {'s', 5, REGIMEN_INTERRUPTED, "my own reason", "", REGIMEN_GOES_ON_RESUMED, "scTE"},
    {'e', 8, REGIMEN_PLUGIN, "no more", "no more", REGIMEN_GOES_ON_RESUMED, "TE"},
    {'e', 8, REGIMEN_INTERRUPTED, NULL, "", REGIMEN_GOES_ON_RESUMED, "TE"},
    {'F', 16, REGIMEN_INTERNAL, "bad end", "bad end", REGIMEN_GOES_ON_DONE, "TFE"},
    {'F', 16, REGIMEN_VERDICT, "bad end", "bad end", REGIMEN_GOES_ON_NOT, "TFE"},
    {'s', 2, -12345, "strange", "strange", REGIMEN_GOES_ON_RESUMED, "TE"},
    {'s', 2, INT32_MIN, NULL, "step", REGIMEN_GOES_ON_RESUMED, "TE"},
};

START_TEST(an_event_ends_it) {
    const failing *f = &failings[_i];
    listener l = {.fail_in = f->in, .fail_at = f->at, .failure = f->status, .failing = f->text};
    regimen_config *c = net("");
    outcome o = train(machine, data, c, &(extra){.listener = &l});
    ck_assert_msg(o.status == f->status && strstr(o.error, f->word), "%d: %s", o.status, o.error);
    size_t length = strlen(l.story), tail = strlen(f->tail);
    ck_assert_msg(length > tail && strcmp(l.story + length - tail, f->tail) == 0, "%s", l.story);
    ck_assert_int_eq(o.result.goes_on, f->goes_on);
    ck_assert_int_eq(o.result.step, f->at);
    ck_assert_int_eq(memcmp(&l.ended, &o.result, sizeof o.result), 0);
    if (f->goes_on == REGIMEN_GOES_ON_RESUMED) {
        o = trained(machine, data, NULL, &(extra){.resume = run_path});
        ck_assert_uint_eq(bits_of(o.model), undisturbed(""));
    }
    regimen_config_destroy(c);
}
END_TEST

/* A text that fills its array to the last byte. */
static int32_t long_text(void *context, const regimen_progress *progress, regimen_error *err) {
    (void)context, (void)progress;
    memset(err->text, 'x', sizeof err->text);
    return REGIMEN_PLUGIN;
}

START_TEST(a_text_without_end) {
    regimen_error err;
    regimen_events events = {.size = sizeof events, .step = long_text};
    regimen_training training = {.size = sizeof training, .events = &events, .no_files = 1};
    regimen_config *c = net("");
    refused(regimen_train(machine, data, c, &training, NULL, &err), REGIMEN_PLUGIN, &err, "xxxxxxxx");
    regimen_config_destroy(c);
}
END_TEST

/* ---- cancelling and going on ---- */

START_TEST(a_cancelled_run_goes_on) {
    static const int64_t at[] = {1, 7, 8, 13, 16};
    listener l = {.cancel_at = at[_i]};
    uint64_t expected = undisturbed("");
    regimen_config *c = net("");
    outcome o = train(machine, data, c, &(extra){.listener = &l});
    regimen_config_destroy(c);
    ck_assert_msg(o.status == REGIMEN_INTERRUPTED && strstr(o.error, "on request"), "%d: %s", o.status, o.error);
    ck_assert_str_eq(o.result.reason, "interrupted");
    ck_assert_int_eq(o.result.goes_on, REGIMEN_GOES_ON_RESUMED);
    ck_assert(o.result.saved_step == at[_i] && o.result.step == at[_i]);
    ck_assert_int_eq(access(path_in(o.result.folder, "checkpoints/last.h5"), R_OK), 0);
    listener again = {0};
    o = trained(machine, data, NULL, &(extra){.resume = run_path, .listener = &again});
    ck_assert_int_eq(again.begun.step, at[_i]);
    ck_assert_int_eq(again.begun.images, 6 * at[_i]);
    ck_assert_int_eq(o.result.step, 16);
    ck_assert_uint_eq(bits_of(o.model), expected);
}
END_TEST

/* Neither a file nor a folder, whatever happens. */
START_TEST(nothing_is_left) {
    char before[4096], here[1024];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(folder), 0);
    snprintf(before, sizeof before, "%s", listing(folder));
    for (int64_t at = -1; at < 12; at += 5) {
        listener l = {.cancel_at = at};
        regimen_config *c = net("out=");
        outcome o = train(machine, data, c, &(extra){.listener = &l, .no_files = 1});
        ck_assert_int_eq(o.status, at ? REGIMEN_INTERRUPTED : REGIMEN_OK);
        ck_assert_str_eq(o.result.folder, "");
        ck_assert_str_eq(o.result.checkpoint, "");
        ck_assert_int_eq(o.result.goes_on, REGIMEN_GOES_ON_NOT);
        ck_assert_ptr_null(strchr(l.story, 'O'));
        ck_assert_str_eq(listing(folder), before);
        regimen_model_close(o.model);
        regimen_config_destroy(c);
    }
    ck_assert_int_eq(chdir(here), 0);
}
END_TEST

/* The model of the last step that was made; a run of so many steps has the same. */
START_TEST(what_was_reached_is_handed_out) {
    listener l = {.cancel_at = 5}, early = {.cancel_at = -1};
    regimen_config *c = net("");
    outcome o = train(machine, data, c, &(extra){.listener = &l, .no_files = 1, .reached = 1});
    ck_assert_int_eq(o.status, REGIMEN_INTERRUPTED);
    ck_assert_ptr_nonnull(o.model);
    uint64_t bits = bits_of(o.model);
    o = train(machine, data, c, &(extra){.listener = &l, .no_files = 1, .no_model = 1});
    ck_assert_int_eq(o.status, REGIMEN_INTERRUPTED);
    config_more(c, "steps=5");
    o = trained(machine, data, c, &(extra){.no_files = 1});
    ck_assert_uint_eq(bits_of(o.model), bits);
    o = train(machine, data, c, &(extra){.listener = &early, .no_files = 1, .reached = 1});
    ck_assert_int_eq(o.status, REGIMEN_INTERRUPTED);
    ck_assert_int_eq(o.model != NULL, o.result.step > 0);
    regimen_model_close(o.model);
    regimen_config_destroy(c);
}
END_TEST

/* What does not touch the bits may change; what does is refused, and so is another data set. */
START_TEST(a_resume_with_changes) {
    regimen_error err;
    listener l = {.cancel_at = 5};
    uint64_t expected = undisturbed("");
    regimen_config *c = net("");
    outcome o = train(machine, data, c, &(extra){.listener = &l});
    ck_assert_int_eq(o.status, REGIMEN_INTERRUPTED);
    fine(regimen_config_read(c, run_path, NULL, &err), &err);
    config_more(c, "seed=77");
    o = train(machine, data, c, &(extra){.resume = run_path});
    ck_assert_msg(o.status == REGIMEN_USAGE && strstr(o.error, "seed"), "%d: %s", o.status, o.error);
    o = train(machine, data, NULL, &(extra){.resume = run_path, .no_files = 1});
    ck_assert_msg(o.status == REGIMEN_USAGE && strstr(o.error, run_path), "%d: %s", o.status, o.error);
    o = train(machine, NULL, NULL, &(extra){.resume = run_path});
    ck_assert_msg(o.status == REGIMEN_IO && strstr(o.error, "memory"), "%d: %s", o.status, o.error);
    p.images[REGIMEN_TRAIN][5] ^= 1;
    regimen_data *other = pixels_data(&p);
    o = train(machine, other, NULL, &(extra){.resume = run_path});
    ck_assert_msg(o.status == REGIMEN_USAGE && strstr(o.error, "data"), "%d: %s", o.status, o.error);
    regimen_data_close(other);
    p.images[REGIMEN_TRAIN][5] ^= 1;
    fine(regimen_config_read(c, run_path, NULL, &err), &err);
    config_more(c, "metrics.every=3; save.every=2; threads=1; out=");
    o = trained(machine, data, c, &(extra){.resume = run_path});
    ck_assert_uint_eq(bits_of(o.model), expected);
    regimen_config_destroy(c);
}
END_TEST

START_TEST(what_cannot_be_resumed) {
    regimen_error err;
    regimen_training none = {.size = sizeof none};
    refused(regimen_train(machine, data, NULL, NULL, NULL, &err), REGIMEN_USAGE, &err, "no configuration");
    refused(regimen_train(machine, data, NULL, &none, NULL, &err), REGIMEN_USAGE, &err, "no configuration");
    outcome o = train(machine, data, NULL, &(extra){.resume = folder});
    ck_assert_msg(o.status == REGIMEN_USAGE && strstr(o.error, folder), "%d: %s", o.status, o.error);
    o = train(machine, data, NULL, &(extra){.resume = path_in(folder, "none")});
    ck_assert_msg(o.status < 0 && strstr(o.error, "none"), "%d: %s", o.status, o.error);
    o = train(machine, data, NULL, &(extra){.resume = ""});
    ck_assert_int_lt(o.status, 0);
}
END_TEST

/* A second run in the same folder. */
START_TEST(an_occupied_folder) {
    regimen_config *c = net("");
    outcome o = trained(machine, data, c, &(extra){.no_model = 1});
    char before[8192];
    snprintf(before, sizeof before, "%s", listing(run_path));
    o = train(machine, data, c, NULL);
    ck_assert_msg(o.status == REGIMEN_USAGE && strstr(o.error, run_path), "%d: %s", o.status, o.error);
    ck_assert_int_eq(o.result.goes_on, REGIMEN_GOES_ON_OCCUPIED);
    ck_assert_str_eq(o.result.folder, run_path);
    ck_assert_str_eq(listing(run_path), before);
    regimen_config_destroy(c);
}
END_TEST

/* Two trainings in one folder: the second is refused while the first has it. */
static void into_the_same(listener *l) {
    if (l->steps != 2) return;
    regimen_config *c = net("");
    outcome o = train(machine, data, c, NULL);
    ck_assert_msg(o.status == REGIMEN_USAGE || o.status == REGIMEN_IO, "%d: %s", o.status, o.error);
    o = train(machine, data, NULL, &(extra){.resume = run_path});
    ck_assert_msg(o.status == REGIMEN_USAGE || o.status == REGIMEN_IO, "%d: %s", o.status, o.error);
    regimen_config_destroy(c);
}

START_TEST(a_folder_is_one_trainings) {
    listener l = {.within = into_the_same};
    regimen_config *c = net("");
    outcome o = trained(machine, data, c, &(extra){.listener = &l});
    ck_assert_uint_eq(bits_of(o.model), undisturbed(""));
    regimen_config_destroy(c);
}
END_TEST

/* ---- the model that is handed out ---- */

static void same_as_loaded(outcome *o) {
    regimen_error err;
    regimen_model *loaded;
    fine(regimen_model_load(&loaded, machine, o->result.checkpoint, NULL, NULL, &err), &err);
    uint64_t bits = bits_of(o->model);
    ck_assert_uint_eq(bits_of(loaded), bits);
    ck_assert_uint_eq(hash_checkpoint(path_in(folder, "bits.h5")), hash_checkpoint(o->result.checkpoint));
}

START_TEST(the_model_is_the_checkpoints) {
    regimen_config *c = net("");
    outcome o = trained(machine, data, c, NULL);
    regimen_config_destroy(c);
    ck_assert_str_eq(o.result.checkpoint, path_in(run_path, "checkpoints/last.h5"));
    same_as_loaded(&o);
    o = trained(machine, data, NULL, &(extra){.resume = run_path}); /* it is through: told again */
    ck_assert_int_eq(o.result.step, 16);
    same_as_loaded(&o);
}
END_TEST

#define EARLY "epochs=40; early_stop.patience=2; optimizer.lr=0.3; clip_norm=0; early_stop.metric=loss; "

START_TEST(after_an_early_stop_it_is_the_best) {
    regimen_config *c = net(EARLY);
    listener l = {0}, again = {0};
    outcome o = trained(machine, data, c, &(extra){.listener = &l});
    ck_assert_msg(o.result.ending == REGIMEN_END_EARLY, "%s", o.result.reason);
    ck_assert_str_eq(o.result.checkpoint, path_in(run_path, "checkpoints/best.h5"));
    outcome none = trained(machine, data, c, &(extra){.no_files = 1});
    uint64_t bits = bits_of(none.model);
    ck_assert_uint_ne(hash_checkpoint(path_in(run_path, "checkpoints/best.h5")),
                      hash_checkpoint(path_in(run_path, "checkpoints/last.h5")));
    same_as_loaded(&o);
    ck_assert_uint_eq(hash_checkpoint(path_in(folder, "bits.h5")), hash_checkpoint(o.result.checkpoint));
    o = trained(machine, data, NULL, &(extra){.resume = run_path, .listener = &again});
    ck_assert_str_eq(again.story, "OFE");
    ck_assert_uint_eq(bits_of(o.model), bits);
    regimen_config_destroy(c);
}
END_TEST

/* A limited run has no test; the model is that of the last step. */
START_TEST(a_limited_run) {
    regimen_config *c = net("steps=3");
    listener l = {0};
    outcome o = trained(machine, data, c, &(extra){.listener = &l});
    ck_assert_int_eq(o.result.ending, REGIMEN_END_STEPS);
    ck_assert_int_eq(o.result.split, REGIMEN_VALIDATION);
    ck_assert(l.begun.steps == 3 && l.begun.total == 18 && o.result.images == 12);
    ck_assert_msg(strstr(o.result.reason, "after 3 steps"), "%s", o.result.reason);
    same_as_loaded(&o);
    regimen_config_destroy(c);
}
END_TEST

/* It ends with the first evaluation that is good enough: any is. */
START_TEST(until_an_accuracy) {
    regimen_config *c = net("");
    outcome o = trained(machine, data, c, &(extra){.until = 1e-9, .no_files = 1});
    ck_assert_int_eq(o.result.ending, REGIMEN_END_REACHED);
    ck_assert_int_eq(o.result.epoch, 1);
    regimen_model_close(o.model);
    o = trained(machine, data, c, &(extra){.until = 2, .no_files = 1});
    ck_assert_int_eq(o.result.ending, REGIMEN_END_COMPLETE);
    regimen_model_close(o.model);
    regimen_config_destroy(c);
}
END_TEST

/* All pointers that may be NULL are. */
START_TEST(nobody_wants_anything) {
    char here[1024];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(folder), 0);
    regimen_config *c = net("out=");
    ck_assert_int_eq(regimen_train(machine, data, c, NULL, NULL, NULL), REGIMEN_OK);
    ck_assert_msg(strstr(listing(folder), "runs/resnet20-1/config.yaml"), "%s", listing(folder));
    config_more(c, "model.name=resnet19");
    ck_assert_int_eq(regimen_train(machine, data, c, NULL, NULL, NULL), REGIMEN_USAGE);
    ck_assert_ptr_null(strstr(listing(folder), "runs/resnet20-2"));
    ck_assert_int_eq(chdir(here), 0);
    regimen_config_destroy(c);
}
END_TEST

/* A configuration that cannot be trained is refused before anything is written. */
START_TEST(what_is_refused) {
    static const char *const wrong[] = {"model.name=resnet19",    "model.image=3x9x9; model.classes=2",
                                        "optimizer={nosuch: {}}", "checkpoint=/nowhere.h5",
                                        "out=/proc/none/run",     "model.name=resnet20; model.head=logit"};
    regimen_config *c = net(wrong[_i]);
    listener l = {0};
    outcome o = train(machine, data, c, &(extra){.listener = &l});
    ck_assert_int_lt(o.status, 0);
    ck_assert_str_eq(l.story, _i == 4 ? "E" : "");
    ck_assert_int_eq(o.result.goes_on, REGIMEN_GOES_ON_NOT);
    ck_assert_int_ne(access(run_path, F_OK), 0);
    ck_assert_str_eq(o.result.reason, "");
    regimen_config_destroy(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("library: trainings");
    TCase *tcase = tcase_create("trainings");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, events_come_in_order);
    tcase_add_loop_test(tcase, an_event_ends_it, 0, sizeof failings / sizeof *failings);
    tcase_add_test(tcase, a_text_without_end);
    tcase_add_loop_test(tcase, a_cancelled_run_goes_on, 0, 5);
    tcase_add_test(tcase, nothing_is_left);
    tcase_add_test(tcase, what_was_reached_is_handed_out);
    tcase_add_test(tcase, a_resume_with_changes);
    tcase_add_test(tcase, what_cannot_be_resumed);
    tcase_add_test(tcase, an_occupied_folder);
    tcase_add_test(tcase, a_folder_is_one_trainings);
    tcase_add_test(tcase, the_model_is_the_checkpoints);
    tcase_add_test(tcase, after_an_early_stop_it_is_the_best);
    tcase_add_test(tcase, a_limited_run);
    tcase_add_test(tcase, until_an_accuracy);
    tcase_add_test(tcase, nobody_wants_anything);
    tcase_add_loop_test(tcase, what_is_refused, 0, 6);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
