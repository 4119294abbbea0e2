#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "run/run_internal.h"

rgm_status rgm_run_config_of_checkpoint(const char *path, const rgm_stop *stop, rgm_config *config,
                                        rgm_constants *model, rgm_error *err) {
    rgm_checkpoint_reader *reader;
    RGM_TRY(rgm_checkpoint_open(&reader, path, stop, err));
    const char *text = rgm_checkpoint_header(reader)->config;
    rgm_status status = rgm_config_init(config, err);
    if (status == RGM_OK && text) status = rgm_config_parse(config, text, strlen(text), path, err);
    if (status == RGM_OK) status = rgm_constants_take(model, reader, path, err);
    if (status == RGM_OK) model->held_out = config->data.validation;
    rgm_checkpoint_close(reader);
    config->plugins.count = 0;
    snprintf(config->checkpoint, sizeof config->checkpoint, "%s", path);
    return status;
}

static const rgm_view *view_of(const rgm_session *s, int32_t split) {
    switch (split) {
    case RGM_SPLIT_TRAIN:
        return &s->data->train;
    case RGM_SPLIT_TEST:
        return &s->data->test;
    default:
        return &s->data->validation;
    }
}

static rgm_status measure(const rgm_run_evaluation *o, const rgm_run_parts *parts, rgm_run_summary *summary,
                          rgm_error *err) {
    const rgm_session *s = parts->session;
    const rgm_run_events *e = &o->events;
    rgm_tally tally;
    if (!parts->judged->count) return rgm_fail(err, RGM_E_USAGE, "%s: no %s split", o->config->data.file, parts->split);
    RGM_TRY(rgm_load_weights(parts->trainer, o->config->checkpoint, &o->stop, err));
    if (e->prepared) RGM_TRY(e->prepared(e->context, parts, err));
    double start = rgm_seconds();
    RGM_TRY(rgm_trainer_evaluate(parts->trainer, parts->judged, o->stop.asked, o->stop.context, &tally, err));
    double seconds = rgm_seconds() - start;
    rgm_run_count(summary, parts->split, &tally);
    rgm_run_pace(summary, (double)tally.seen, seconds, rgm_graph_forward_flops(s->model->graph));
    snprintf(summary->checkpoint, sizeof summary->checkpoint, "%s", o->config->checkpoint);
    summary->memory = rgm_trainer_memory(parts->trainer).peak;
    return e->finished ? e->finished(e->context, parts, summary, err) : RGM_OK;
}

static rgm_status evaluate(const rgm_run_evaluation *o, rgm_run_summary *summary, rgm_error *err) {
    rgm_session *s = NULL;
    rgm_trainer *t = NULL;
    const rgm_session_options session = {.device = o->device,
                                         .data = o->data,
                                         .need_data = 1,
                                         .evaluation = 1,
                                         .split = o->split,
                                         .model = o->model,
                                         .stop = o->stop};
    RGM_TRY(rgm_run_open(&s, o->config, &session, err));
    rgm_status status = rgm_trainer_create(&t, s, &(rgm_trainer_options){.training = 0}, err);
    const rgm_run_parts parts = {s, t, view_of(s, o->split), rgm_split_name(o->split)};
    if (status >= 0) status = measure(o, &parts, summary, err);
    rgm_trainer_destroy(t);
    rgm_session_destroy(s);
    return status;
}

static void take_line(void *context, int32_t level, const char *line) {
    const rgm_run_events *e = context;
    if (e->message) e->message(e->context, level, line);
}

rgm_status rgm_run_evaluate(const rgm_run_evaluation *o, rgm_run_summary *summary, rgm_error *err) {
    rgm_run_events events = o->events;
    rgm_log_receiver receiver = {.take = take_line, .context = &events};
    rgm_error own = {0};
    if (!err) err = &own;
    rgm_run_summary_start(summary);
    rgm_log_receive(&receiver);
    summary->status = evaluate(o, summary, err);
    rgm_log_release(&receiver);
    return summary->status;
}
