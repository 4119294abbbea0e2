#include "cli/watch.h"

#include <stdio.h>
#include "base/log.h"
#include "cli/fault.h"
#include "cli/interrupt.h"
#include "cli/result.h"
#include "cli/way_on.h"

/* ---- the bar ---- */

static void name_epoch(const regimen_progress *p, char label[RGM_BAR_LABEL]) {
    snprintf(label, RGM_BAR_LABEL, "epoch %d/%d", p->epoch < p->epochs ? p->epoch + 1 : p->epochs, p->epochs);
}

static void begin(rgm_watch *w, const regimen_progress *p) {
    char label[RGM_BAR_LABEL];
    name_epoch(p, label);
    rgm_bar_start(
        &w->bar,
        &(rgm_bar_options){.label = label, .unit = "images", .done = p->images, .total = p->total, .quiet = w->quiet});
}

static void advance(rgm_watch *w, const regimen_progress *p) {
    rgm_bar_update(&w->bar, p->images, p->loss, p->accuracy);
}

static void end_epoch(rgm_watch *w, const regimen_progress *p) {
    char label[RGM_BAR_LABEL];
    name_epoch(p, label);
    rgm_bar_label(&w->bar, label);
    rgm_bar_skip(&w->bar);
}

/* ---- of both kinds ---- */

static void on_message(void *context, int32_t level, const char *line) {
    (void)context;
    rgm_log(level, "%s", line);
}

static void on_trained(void *context) {
    rgm_watch *w = context;
    rgm_bar_finish(&w->bar);
}

/* ---- the library's events ---- */

static int32_t on_cancel(void *context) {
    const rgm_stop stop = rgm_interrupt_stop();
    (void)context;
    return rgm_stop_asked(&stop);
}

static void on_opened(void *context, const char *folder) {
    (void)context;
    rgm_fault_run(folder);
}

static void on_begun(void *context, const regimen_progress *p) { begin(context, p); }

static int32_t on_step(void *context, const regimen_progress *p, regimen_error *err) {
    (void)err;
    advance(context, p);
    return REGIMEN_OK;
}

static int32_t on_epoch(void *context, const regimen_progress *p, regimen_error *err) {
    (void)err;
    end_epoch(context, p);
    return REGIMEN_OK;
}

static void on_saved(void *context, const char *path) {
    rgm_watch *w = context;
    (void)path;
    rgm_bar_skip(&w->bar);
}

static int32_t on_finished(void *context, const regimen_result *result, regimen_error *err) {
    const rgm_watch *w = context;
    rgm_error why = {0};
    char line[RGM_ERROR_LINE];
    rgm_status status = rgm_result_print_run(result, w->machine, w->json, &why);
    if (status < 0) snprintf(err->text, sizeof err->text, "%s", rgm_error_line(&why, line));
    return status;
}

static void on_ended(void *context, const regimen_result *result) {
    (void)context;
    rgm_way_tell(result);
    rgm_fault_run(NULL);
}

regimen_events rgm_watch_events(rgm_watch *watch) {
    return (regimen_events){.size = sizeof(regimen_events),
                            .context = watch,
                            .cancel = on_cancel,
                            .message = on_message,
                            .opened = on_opened,
                            .begun = on_begun,
                            .step = on_step,
                            .epoch = on_epoch,
                            .saved = on_saved,
                            .trained = on_trained,
                            .finished = on_finished,
                            .ended = on_ended};
}

/* ---- a run's events ---- */

/* As much as the bar shows. */
static regimen_progress progress_of(const rgm_watch *w, const rgm_progress *p) {
    return (regimen_progress){.epoch = p->epoch,
                              .epochs = w->epochs,
                              .images = p->step * w->batch,
                              .total = w->steps * w->batch,
                              .loss = rgm_tally_loss(&p->tally),
                              .accuracy = rgm_tally_accuracy(&p->tally)};
}

static rgm_status on_run_prepared(void *context, const rgm_run_parts *parts, rgm_error *err) {
    rgm_watch *w = context;
    const rgm_session *s = parts->session;
    w->steps = rgm_session_steps(s);
    w->batch = s->config->batch;
    w->epochs = s->config->epochs;
    return w->more->prepared ? w->more->prepared(w->more->context, parts, err) : RGM_OK;
}

static rgm_status on_run_begun(void *context, const rgm_run_parts *parts, const rgm_progress *p, rgm_error *err) {
    const regimen_progress progress = progress_of(context, p);
    (void)parts, (void)err;
    begin(context, &progress);
    return RGM_OK;
}

static rgm_status on_run_step(void *context, const rgm_step_event *e, rgm_error *err) {
    const regimen_progress progress = progress_of(context, e->progress);
    (void)err;
    advance(context, &progress);
    return RGM_OK;
}

static rgm_status on_run_epoch(void *context, const rgm_epoch_event *e, rgm_error *err) {
    rgm_watch *w = context;
    const regimen_progress progress = progress_of(w, e->progress);
    end_epoch(w, &progress);
    return w->more->epoch ? w->more->epoch(w->more->context, e, err) : RGM_OK;
}

static rgm_status on_run_saved(void *context, const char *path, const rgm_progress *p, rgm_error *err) {
    (void)p, (void)err;
    on_saved(context, path);
    return RGM_OK;
}

static rgm_status on_run_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *summary,
                                  rgm_error *err) {
    const rgm_run_events *more = ((rgm_watch *)context)->more;
    return more->finished ? more->finished(more->context, parts, summary, err) : RGM_OK;
}

rgm_run_events rgm_watch_run_events(rgm_watch *watch) {
    return (rgm_run_events){.context = watch,
                            .message = on_message,
                            .prepared = on_run_prepared,
                            .begun = on_run_begun,
                            .step = on_run_step,
                            .epoch = on_run_epoch,
                            .saved = on_run_saved,
                            .trained = on_trained,
                            .finished = on_run_finished};
}
