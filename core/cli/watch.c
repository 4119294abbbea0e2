#include "cli/watch.h"

#include <math.h>
#include <stdio.h>
#include "base/log.h"
#include "cli/fault.h"
#include "cli/way_on.h"

static void on_message(void *context, int32_t level, const char *line) {
    (void)context;
    rgm_log(level, "%s", line);
}

static rgm_status on_prepared(void *context, const rgm_run_parts *parts, rgm_error *err) {
    const rgm_run_events *more = &((rgm_watch *)context)->more;
    return more->prepared ? more->prepared(more->context, parts, err) : RGM_OK;
}

static void on_opened(void *context, const rgm_runfolder *folder) {
    const rgm_watch *w = context;
    if (w->kept) rgm_fault_run(folder->path, folder->last, folder->log);
}

static void name_epoch(const rgm_watch *w, int32_t done, char label[RGM_BAR_LABEL]) {
    int32_t epochs = w->config->epochs;
    snprintf(label, RGM_BAR_LABEL, "epoch %d/%d", done < epochs ? done + 1 : epochs, epochs);
}

static rgm_status on_begun(void *context, const rgm_run_parts *parts, const rgm_progress *p, rgm_error *err) {
    rgm_watch *w = context;
    char label[RGM_BAR_LABEL];
    (void)err;
    name_epoch(w, p->epoch, label);
    rgm_bar_start(&w->bar, &(rgm_bar_options){.label = label,
                                              .unit = "images",
                                              .done = p->step * w->config->batch,
                                              .total = parts->session->steps_total * w->config->batch,
                                              .quiet = w->quiet});
    return RGM_OK;
}

static rgm_status on_step(void *context, const rgm_step_event *e, rgm_error *err) {
    rgm_watch *w = context;
    const rgm_tally *t = &e->progress->tally;
    double seen = (double)t->seen;
    (void)err;
    rgm_bar_update(&w->bar, e->progress->step * w->config->batch, t->seen ? t->loss / seen : NAN,
                   t->seen ? (double)t->top1 / seen : NAN);
    return RGM_OK;
}

static rgm_status on_epoch(void *context, const rgm_epoch_event *e, rgm_error *err) {
    rgm_watch *w = context;
    char label[RGM_BAR_LABEL];
    name_epoch(w, e->progress->epoch, label);
    rgm_bar_label(&w->bar, label);
    rgm_bar_skip(&w->bar);
    return w->more.epoch ? w->more.epoch(w->more.context, e, err) : RGM_OK;
}

static rgm_status on_saved(void *context, const char *path, const rgm_progress *p, rgm_error *err) {
    rgm_watch *w = context;
    (void)path, (void)p, (void)err;
    rgm_bar_skip(&w->bar);
    return RGM_OK;
}

static void on_trained(void *context) {
    rgm_watch *w = context;
    rgm_bar_finish(&w->bar);
}

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *summary,
                              rgm_error *err) {
    const rgm_run_events *more = &((rgm_watch *)context)->more;
    return more->finished ? more->finished(more->context, parts, summary, err) : RGM_OK;
}

static void on_ended(void *context, const rgm_run_summary *summary) {
    const rgm_watch *w = context;
    if (w->kept) rgm_way_tell(summary);
    rgm_fault_run(NULL, NULL, NULL);
}

rgm_run_events rgm_watch_events(rgm_watch *watch) {
    return (rgm_run_events){.context = watch,
                            .message = on_message,
                            .prepared = on_prepared,
                            .opened = on_opened,
                            .begun = on_begun,
                            .step = on_step,
                            .epoch = on_epoch,
                            .saved = on_saved,
                            .trained = on_trained,
                            .finished = on_finished,
                            .ended = on_ended};
}
