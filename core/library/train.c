#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "library/model.h"
#include "library/result.h"
#include "run/earlier.h"

/* A call of regimen_train(). */
typedef struct training {
    rgm_entry entry;
    regimen_training options;
    regimen_machine *machine;
    rgm_config config;
    rgm_run_parts parts;       /* once it has begun; a run that was through before does not */
    regimen_progress progress; /* as it was told last */
    rgm_trained *trained;
    rgm_run_summary summary;
} training;

/* ---- progress ---- */

static void stand(training *t, const rgm_progress *p) {
    regimen_progress *to = &t->progress;
    const rgm_config *c = &t->config;
    to->step = p->step;
    to->epoch = p->epoch;
    to->images = p->step * c->batch;
    to->loss = rgm_tally_loss(&p->tally);
    to->accuracy = rgm_tally_accuracy(&p->tally);
    to->seconds = p->seconds;
    to->best = 0;
    to->validation_loss = to->validation_accuracy = NAN;
}

static void start(training *t, const rgm_session *s) {
    const rgm_config *c = &t->config;
    int64_t steps = rgm_session_steps(s);
    t->progress = (regimen_progress){.size = sizeof t->progress,
                                     .steps = steps,
                                     .epochs = c->epochs,
                                     .total = steps * c->batch,
                                     .gradient_norm = NAN,
                                     .rate = NAN};
}

/* ---- the run's events, handed on ---- */

static void on_message(void *context, int32_t level, const char *line) {
    (void)context;
    rgm_log(level, "%s", line); /* to the entry's receiver */
}

static void on_opened(void *context, const rgm_runfolder *folder) {
    training *t = context;
    const regimen_events *e = &t->entry.events;
    if (!e->opened) return;
    rgm_entry_leave(&t->entry);
    e->opened(e->context, folder->path);
    rgm_entry_return(&t->entry);
}

static rgm_status on_begun(void *context, const rgm_run_parts *parts, const rgm_progress *p, rgm_error *err) {
    training *t = context;
    const regimen_events *e = &t->entry.events;
    (void)err;
    t->parts = *parts;
    start(t, parts->session);
    stand(t, p);
    if (!e->begun) return RGM_OK;
    rgm_entry_leave(&t->entry);
    e->begun(e->context, &t->progress);
    rgm_entry_return(&t->entry);
    return RGM_OK;
}

typedef int32_t (*progress_fn)(void *context, const regimen_progress *progress, regimen_error *err);

static rgm_status tell_progress(training *t, progress_fn event, const char *name, rgm_error *err) {
    regimen_error theirs = {0};
    if (!event) return RGM_OK;
    rgm_entry_leave(&t->entry);
    int32_t status = event(t->entry.events.context, &t->progress, &theirs);
    rgm_entry_return(&t->entry);
    return rgm_entry_judge(name, status, &theirs, err);
}

static rgm_status on_step(void *context, const rgm_step_event *step, rgm_error *err) {
    training *t = context;
    stand(t, step->progress);
    t->progress.gradient_norm = step->result.gradient_norm;
    t->progress.rate = step->result.rate;
    return tell_progress(t, t->entry.events.step, "step", err);
}

static rgm_status on_epoch(void *context, const rgm_epoch_event *epoch, rgm_error *err) {
    training *t = context;
    const rgm_tally *v = &epoch->validation;
    stand(t, epoch->progress);
    if (epoch->evaluated) {
        t->progress.best = epoch->best;
        t->progress.validation_loss = rgm_tally_loss(v);
        t->progress.validation_accuracy = rgm_tally_accuracy(v);
    }
    return tell_progress(t, t->entry.events.epoch, "epoch", err);
}

static rgm_status on_saved(void *context, const char *path, const rgm_progress *p, rgm_error *err) {
    training *t = context;
    const regimen_events *e = &t->entry.events;
    (void)p, (void)err;
    if (!e->saved) return RGM_OK;
    rgm_entry_leave(&t->entry);
    e->saved(e->context, path);
    rgm_entry_return(&t->entry);
    return RGM_OK;
}

static void on_trained(void *context) {
    training *t = context;
    const regimen_events *e = &t->entry.events;
    if (!e->trained) return;
    rgm_entry_leave(&t->entry);
    e->trained(e->context);
    rgm_entry_return(&t->entry);
}

/* A run that was through before does not begin; it is told again with the weights of its last step. */
static rgm_status take_model(training *t, const rgm_run_parts *parts, const rgm_run_summary *summary, rgm_error *err) {
    const rgm_stop stop = rgm_entry_stop(&t->entry);
    if (!t->parts.trainer && summary->ending == RGM_END_EARLY)
        RGM_TRY(rgm_load_weights(parts->trainer, summary->checkpoint, &stop, err));
    return rgm_trained_take(&t->trained, parts->session, parts->trainer, err);
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *summary,
                              rgm_error *err) {
    training *t = context;
    regimen_result result;
    if (t->options.model) RGM_TRY(take_model(t, parts, summary, err));
    rgm_public_result(&result, summary, &t->config);
    return rgm_entry_finished(&t->entry, &result, err);
}

/* A training that is cancelled hands out what it has reached. Without memory for that, there is none. */
static void keep_reached(training *t, const rgm_run_summary *summary) {
    const rgm_run_parts *p = &t->parts;
    if (!t->options.model || summary->status != RGM_E_INTERRUPTED || !p->trainer) return;
    if (!rgm_trainer_whole(p->trainer) || rgm_trainer_check_state(p->trainer, NULL) < 0) return;
    rgm_trained_take(&t->trained, p->session, p->trainer, NULL);
}

static void on_ended(void *context, const rgm_run_summary *summary) {
    training *t = context;
    const regimen_events *e = &t->entry.events;
    regimen_result result;
    keep_reached(t, summary);
    if (!e->ended) return;
    rgm_public_result(&result, summary, &t->config);
    rgm_entry_leave(&t->entry);
    e->ended(e->context, &result);
    rgm_entry_return(&t->entry);
}

/* ---- the call ---- */

static rgm_status make_config(training *t, const regimen_config *config, rgm_error *err) {
    const char *resume = t->options.resume;
    if (config)
        t->config = config->config;
    else if (resume)
        return rgm_run_config_of_folder(resume, &t->config, err);
    else
        return rgm_fail(err, RGM_E_USAGE, "regimen_train: no configuration, and no run to go on with");
    if (resume) snprintf(t->config.out, sizeof t->config.out, "%s", resume);
    return RGM_OK;
}

static rgm_status hand_out(training *t, rgm_error *err) {
    rgm_predictor *predictor;
    RGM_TRY(rgm_predictor_of(&predictor, t->trained, t->machine->device, err));
    return rgm_public_model(t->options.model, t->machine, predictor, err);
}

static rgm_status train(training *t, const regimen_data *data, const regimen_config *config, rgm_error *err) {
    RGM_TRY(make_config(t, config, err));
    const rgm_run_options options = {.config = &t->config,
                                     .files = t->options.no_files ? RGM_RUN_NO_FILES : RGM_RUN_FOLDER,
                                     .resume = t->options.resume,
                                     .device = t->machine->device,
                                     .set = data ? data->set : NULL,
                                     .until = t->options.until,
                                     .stop = rgm_entry_stop(&t->entry),
                                     .events = {.context = t,
                                                .message = on_message,
                                                .opened = on_opened,
                                                .begun = on_begun,
                                                .step = on_step,
                                                .epoch = on_epoch,
                                                .saved = on_saved,
                                                .trained = on_trained,
                                                .finished = on_finished,
                                                .ended = on_ended}};
    rgm_status status = rgm_run_train(&options, &t->summary, err);
    if (status == RGM_E_INTERRUPTED && t->trained) hand_out(t, NULL);
    RGM_TRY(status);
    return t->options.model ? hand_out(t, err) : RGM_OK;
}

/* Takes over what the caller has given, as far as its structs say their size. */
static rgm_status take(training *t, const regimen_training *options, const regimen_result *result, rgm_error *err) {
    RGM_TRY(rgm_sized_check(options, "regimen_training", err));
    rgm_sized_take(&t->options, sizeof t->options, options);
    if (t->options.model) *t->options.model = NULL;
    RGM_TRY(rgm_sized_check(result, "regimen_result", err));
    return rgm_sized_check(t->options.events, "regimen_events", err);
}

static rgm_status no_memory(regimen_error *err) {
    rgm_entry entry;
    rgm_entry_begin(&entry, NULL);
    return rgm_entry_end(&entry, rgm_fail(&entry.err, RGM_E_NOMEM, "training: out of memory"), err);
}

int32_t regimen_train(regimen_machine *machine, const regimen_data *data, const regimen_config *config,
                      const regimen_training *options, regimen_result *result, regimen_error *err) {
    regimen_result told;
    rgm_error wrong = {0};
    training *t = calloc(1, sizeof *t);
    if (!t) return no_memory(err);
    rgm_status status = take(t, options, result, &wrong);
    rgm_entry_begin(&t->entry, status < 0 ? NULL : t->options.events);
    t->entry.err = wrong;
    t->machine = machine;
    rgm_run_summary_start(&t->summary);
    if (status >= 0) status = rgm_entry_need(machine, "regimen_train", "machine", &t->entry.err);
    if (status >= 0) status = train(t, data, config, &t->entry.err);
    if (t->summary.status == RGM_OK) t->summary.status = status; /* of a call that came to no run */
    rgm_public_result(&told, &t->summary, &t->config);
    rgm_sized_give(result, &told, sizeof told);
    rgm_trained_free(t->trained);
    rgm_entry_end(&t->entry, status, err);
    free(t);
    return status;
}
