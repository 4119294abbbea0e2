#include "heard.h"

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"

static void note(heard *h, char event) {
    size_t used = strlen(h->story);
    if (used < sizeof h->story - 1) h->story[used] = event;
}

static rgm_status add_bits(void *context, const rgm_state_tensor *t, rgm_error *err) {
    uint64_t *hash = context;
    const unsigned char *bytes = t->data;
    (void)err;
    for (size_t i = 0; i < t->bytes; i++) *hash = (*hash ^ bytes[i]) * 0x100000001b3u;
    return RGM_OK;
}

static uint64_t bits_of(rgm_trainer *t) {
    rgm_error err = {0};
    uint64_t hash = 0xcbf29ce484222325u;
    rgm_status status = rgm_trainer_visit(t, RGM_PARAMETERS | RGM_STATISTICS, add_bits, &hash, &err);
    ck_assert_msg(status == RGM_OK, "%s", err.text);
    return hash;
}

static void on_message(void *context, int32_t level, const char *line) {
    heard *h = context;
    size_t used = strlen(h->said);
    snprintf(h->said + used, sizeof h->said - used, "%d %s\n", level, line);
}

static void on_advice(void *context, const char *line) {
    heard *h = context;
    snprintf(h->advised, sizeof h->advised, "%s", line);
}

static rgm_status on_prepared(void *context, const rgm_run_parts *parts, rgm_error *err) {
    (void)err;
    ck_assert(parts->session != NULL && parts->trainer != NULL);
    note(context, 'P');
    return RGM_OK;
}

static void on_opened(void *context, const rgm_runfolder *f) {
    ck_assert_int_eq(access(f->config, R_OK), 0);
    note(context, 'O');
}

static rgm_status on_begun(void *context, const rgm_run_parts *parts, const rgm_progress *p, rgm_error *err) {
    (void)err;
    ck_assert(parts->session != NULL && parts->trainer != NULL && p->step >= 0);
    note(context, 'B');
    return RGM_OK;
}

static rgm_status on_step(void *context, const rgm_step_event *e, rgm_error *err) {
    heard *h = context;
    note(h, 's');
    h->steps++;
    if (h->within) h->within(h, e->progress->step);
    if (h->fail_at && e->progress->step == h->fail_at) return rgm_fail(err, h->failure, "an event has failed");
    return RGM_OK;
}

static rgm_status on_epoch(void *context, const rgm_epoch_event *e, rgm_error *err) {
    (void)err;
    note(context, e->evaluated ? 'v' : 'e');
    return RGM_OK;
}

static rgm_status on_saved(void *context, const char *path, const rgm_progress *p, rgm_error *err) {
    (void)p, (void)err;
    ck_assert_int_eq(access(path, R_OK), 0);
    note(context, 'c');
    return RGM_OK;
}

static void on_trained(void *context) { note(context, 'T'); }

static rgm_status on_finished(void *context, const rgm_run_parts *parts, const rgm_run_summary *s, rgm_error *err) {
    heard *h = context;
    (void)err;
    note(h, 'F');
    h->bits = bits_of(parts->trainer);
    h->finished = *s;
    return RGM_OK;
}

static void on_ended(void *context, const rgm_run_summary *s) {
    heard *h = context;
    note(h, 'E');
    h->ended = *s;
}

int32_t heard_asked(void *context) {
    const heard *h = context;
    return h->stop_at && h->steps >= h->stop_at;
}

rgm_run_events heard_events(heard *h) {
    return (rgm_run_events){.context = h,
                            .message = on_message,
                            .advice = on_advice,
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
