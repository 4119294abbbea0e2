#include "train_run.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/log.h"
#include "datasets/writer.h"
#include "train/resume.h"

/* ---- data ---- */

static uint32_t next(uint32_t *state) { return (*state = *state * 1664525u + 1013904223u) >> 8; }

static int32_t label_of(const run_set *set, int32_t split, int64_t i) {
    if (set->labels && split == RGM_SPLIT_TRAIN) return set->labels[i % set->label_count];
    return (int32_t)(i % set->classes);
}

static void need(rgm_status status, const rgm_error *err) { ck_assert_msg(status == RGM_OK, "%s", err->text); }

void run_set_write(const char *path, const run_set *set) {
    rgm_error err = {0};
    rgm_writer *w;
    rgm_writer_options options = {
        .path = path,
        .replace = 1,
        .H = set->H,
        .W = set->W,
        .C = set->C,
        .classes = set->classes,
        .count = {
            [RGM_SPLIT_TRAIN] = set->train, [RGM_SPLIT_TEST] = set->test, [RGM_SPLIT_VALIDATION] = set->validation}};
    need(rgm_writer_create(&w, &options, &err), &err);
    size_t bytes = (size_t)set->H * (size_t)set->W * (size_t)set->C;
    uint8_t *image = malloc(bytes);
    uint32_t state = 17 + (uint32_t)set->seed;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++)
        for (int64_t i = 0; i < options.count[split]; i++) {
            int32_t label = label_of(set, split, i);
            for (size_t k = 0; k < bytes; k++)
                image[k] = (uint8_t)(next(&state) % 200 + (k % (size_t)set->classes == (size_t)label ? 55 : 0));
            need(rgm_writer_add(w, split, image, &label, 1, &err), &err);
        }
    free(image);
    need(rgm_writer_finish(w, &err), &err);
    rgm_writer_destroy(w);
}

/* ---- a run ---- */

typedef struct child {
    const run_job *job;
    run_result *r;
    int32_t in_evaluation, batches;
} child;

static int32_t stopping; /* the run has been asked to stop */

static int32_t on_stop(void *context) {
    child *c = context;
    if (c->job->stop_at && c->r->steps && c->r->progress.step == c->job->stop_at) return stopping = 1;
    return c->job->stop_in && c->in_evaluation == c->job->stop_in && c->batches++ == 1;
}

static rgm_status on_step(void *context, const rgm_step_event *e, rgm_error *err) {
    (void)err;
    child *c = context;
    int32_t at = c->r->steps++ % RUN_LOSSES;
    c->r->loss[at] = e->result.tally.loss / (double)e->result.tally.seen;
    c->r->norm[at] = e->result.gradient_norm;
    c->r->progress = *e->progress;
    return RGM_OK;
}

static rgm_status on_evaluating(void *context, int64_t images, rgm_error *err) {
    (void)err;
    child *c = context;
    c->in_evaluation = ++c->r->evaluations;
    c->batches = 0;
    c->r->validation = images;
    return RGM_OK;
}

static rgm_status on_epoch(void *context, const rgm_epoch_event *e, rgm_error *err) {
    (void)err;
    run_result *r = ((child *)context)->r;
    if (!e->evaluated) return RGM_OK;
    int32_t at = (r->evaluations - 1) % RUN_LOSSES;
    r->validation_loss[at] = e->validation.loss / (double)e->validation.seen;
    r->without_gain[at] = e->progress->evaluations_without_gain;
    return RGM_OK;
}

static rgm_status on_saved(void *context, const char *path, const rgm_progress *p, rgm_error *err) {
    (void)path, (void)p, (void)err;
    ((child *)context)->r->saves++;
    return RGM_OK;
}

static rgm_status write_tensor(void *context, const rgm_state_tensor *t, rgm_error *err) {
    int fine = fwrite(t->data, 1, t->bytes, context) == t->bytes;
    return fine ? RGM_OK : rgm_fail(err, RGM_E_IO, "%s: cannot be written", t->name);
}

/* Parameters, statistics, slots, states. */
static rgm_status dump(rgm_trainer *t, const char *path, rgm_error *err) {
    FILE *out = fopen(path, "wb");
    if (!out) return rgm_fail(err, RGM_E_IO, "%s: cannot be written", path);
    rgm_status status = RGM_OK;
    const uint32_t groups[] = {RGM_PARAMETERS, RGM_STATISTICS, RGM_SLOTS, RGM_PLUGIN_STATES};
    for (int i = 0; i < 4 && status >= 0; i++) status = rgm_trainer_visit(t, groups[i], write_tensor, out, err);
    return fclose(out) == 0 ? status : rgm_fail(err, RGM_E_IO, "%s: cannot be written", path);
}

static rgm_status train(const run_job *job, run_result *r, rgm_session *s, rgm_trainer *t, rgm_error *err) {
    child c = {.job = job, .r = r};
    rgm_progress p = rgm_progress_start();
    r->steps_per_epoch = s->steps_per_epoch;
    if (job->load_before) RGM_TRY(rgm_load_weights(t, job->load_before, NULL, err));
    rgm_resumed resumed = {.progress = p};
    if (job->resume) RGM_TRY(rgm_resume(s, t, job->resume, &resumed, err));
    p = resumed.progress;
    r->differs = resumed.differs;
    memcpy(r->build, resumed.build, sizeof r->build);
    rgm_loop_options options = {.last = job->last,
                                .best = job->best,
                                .begins = job->begins,
                                .events = {.context = &c,
                                           .stop = on_stop,
                                           .step = on_step,
                                           .evaluating = on_evaluating,
                                           .epoch = on_epoch,
                                           .saved = on_saved}};
    rgm_status status = rgm_loop_run(s, t, &p, &options, &r->ending, err);
    p.seconds = 0;
    r->progress = p;
    if (job->load_after) RGM_TRY(rgm_load_weights(t, job->load_after, NULL, err));
    if (job->dump) RGM_TRY(dump(t, job->dump, err));
    rgm_tally test;
    if (status == RGM_OK && s->data->test.count) {
        status = rgm_trainer_evaluate(t, &s->data->test, NULL, NULL, &test, err);
        r->test_loss = test.loss / (double)test.seen;
        r->test_right = test.top1;
    }
    return status;
}

static rgm_status evaluate(const run_job *job, run_result *r, rgm_session *s, rgm_trainer *t, rgm_error *err) {
    rgm_tally test;
    RGM_TRY(rgm_load_weights(t, job->evaluate, NULL, err));
    RGM_TRY(rgm_trainer_evaluate(t, job->held_out ? &s->data->validation : &s->data->test, NULL, NULL, &test, err));
    r->test_loss = test.loss / (double)test.seen;
    r->test_right = test.top1;
    return RGM_OK;
}

static int32_t is_stopping(void *context) {
    (void)context;
    return stopping;
}

static rgm_status session(const run_job *job, run_result *r, rgm_error *err) {
    static rgm_config config;
    rgm_session *s = NULL;
    rgm_trainer *t = NULL;
    RGM_TRY(rgm_config_init(&config, err));
    RGM_TRY(rgm_config_parse(&config, job->config, strlen(job->config), "test", err));
    if (job->threads) config.threads = job->threads;
    rgm_constants own = {0};
    if (job->resume) RGM_TRY(rgm_constants_read(&own, job->resume, NULL, err));
    if (job->evaluate) RGM_TRY(rgm_constants_read(&own, job->evaluate, NULL, err));
    own.held_out = config.data.validation;
    rgm_session_options options = {.need_data = 1,
                                   .model = &own,
                                   .evaluation = job->evaluate != NULL,
                                   .split = job->held_out ? RGM_SPLIT_VALIDATION : RGM_SPLIT_TEST};
    if (job->asks_stop) options.stop = (rgm_stop){is_stopping, NULL};
    rgm_status made = rgm_session_create(&s, &config, &options, err);
    rgm_constants_free(&own);
    RGM_TRY(made);
    if (job->build) snprintf(s->device->build, sizeof s->device->build, "%s", job->build);
    rgm_status status = rgm_trainer_create(&t, s, &(rgm_trainer_options){.training = !job->evaluate}, err);
    if (status == RGM_OK && job->evaluate) status = evaluate(job, r, s, t, err);
    if (status == RGM_OK && !job->evaluate) status = train(job, r, s, t, err);
    rgm_trainer_destroy(t);
    rgm_session_destroy(s);
    return status;
}

static void log_line(void *context, int32_t level, const char *line) { rgm_log_file_add(context, level, line, NULL); }

static void run_child(const run_job *job, int out) {
    static run_result r;
    rgm_error err = {0};
    rgm_log_file log = {0};
    rgm_log_receiver receiver = {.take = log_line, .context = &log};
    if (job->log) rgm_log_file_open(&log, job->log, &err);
    rgm_log_receive(&receiver);
    r.status = session(job, &r, &err);
    memcpy(r.error, err.text, sizeof r.error);
    const char *bytes = (const char *)&r;
    for (size_t done = 0; done < sizeof r;) {
        ssize_t n = write(out, bytes + done, sizeof r - done);
        if (n <= 0) _exit(1);
        done += (size_t)n;
    }
    _exit(0);
}

void run(const run_job *job, run_result *r) {
    int ends[2], how = 0;
    size_t got = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(ends[0]);
        run_child(job, ends[1]);
    }
    close(ends[1]);
    for (ssize_t n; got < sizeof *r && (n = read(ends[0], (char *)r + got, sizeof *r - got)) > 0;) got += (size_t)n;
    close(ends[0]);
    waitpid(pid, &how, 0);
    if (got == sizeof *r) return;
    memset(r, 0, sizeof *r);
    r->crashed = 1;
    r->status = RGM_E_INTERNAL;
    snprintf(r->error, sizeof r->error, "the run's process ended with wait status %d", how);
}

void run_expect(const run_job *job, rgm_status status, run_result *r) {
    run(job, r);
    ck_assert_msg(!r->crashed && r->status == status, "status %d, expected %d: %s", r->status, status, r->error);
}

int same_files(const char *a, const char *b) {
    FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
    ck_assert_msg(x && y, "%s, %s: one of them is missing", a, b);
    int c, d;
    do {
        c = getc(x);
        d = getc(y);
    } while (c == d && c != EOF);
    int same = c == d && ftell(x) > 0;
    fclose(x);
    fclose(y);
    return same;
}

void copy_file(const char *from, const char *to) {
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    ck_assert(in && out);
    for (int c; (c = getc(in)) != EOF;) putc(c, out);
    fclose(in);
    ck_assert_int_eq(fclose(out), 0);
}
