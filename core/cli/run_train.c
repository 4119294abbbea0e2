#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "bench/train.h"
#include "cli/commands.h"
#include "cli/fault.h"
#include "cli/run.h"
#include "data/fingerprint.h"
#include "report/bar.h"
#include "report/interval.h"
#include "report/metrics.h"
#include "report/runfolder.h"
#include "train/advice.h"
#include "train/loop.h"
#include "train/resume.h"

/* A run as this command sees it: where it writes, and what it has shown. */
typedef struct run {
    const rgm_cli_line *line;
    const rgm_session *s;
    rgm_trainer *t;
    rgm_bench_train *bench; /* NULL: a run of train */
    rgm_runfolder folder;
    rgm_metrics metrics;
    rgm_bar bar;
    double window_seconds; /* since the last step event of this process */
    int64_t window_images;
    double saving_since; /* seconds, monotonic */
    int64_t saved_step;  /* of last.h5, or of best.h5 without it; -1: there is none */
    int32_t begins;      /* RGM_BEGINS_* */
    int32_t ended;       /* 1: its end has been told */
} run;

static double mean(double sum, int64_t n) { return n ? sum / (double)n : NAN; }

/* ---- events ---- */

static rgm_status write_step(run *r, const rgm_step_event *e, rgm_error *err) {
    rgm_metrics_begin(&r->metrics, "step", e->progress->step, e->progress->epoch + 1);
    rgm_metrics_real(&r->metrics, "loss", mean(e->progress->window.loss, e->progress->window.seen));
    rgm_metrics_real(&r->metrics, "accuracy", mean((double)e->progress->window.top1, e->progress->window.seen));
    rgm_metrics_real(&r->metrics, "lr", e->result.rate);
    rgm_metrics_real(&r->metrics, "grad_norm", e->result.gradient_norm);
    rgm_metrics_real(&r->metrics, "images_per_s", (double)r->window_images / r->window_seconds);
    r->window_seconds = 0;
    r->window_images = 0;
    return rgm_metrics_end(&r->metrics, err);
}

static rgm_status on_step(void *context, const rgm_step_event *e, rgm_error *err) {
    run *r = context;
    const rgm_tally *t = &e->progress->tally;
    r->window_seconds += e->seconds;
    r->window_images += e->result.tally.seen;
    rgm_bar_update(&r->bar, e->progress->step * r->s->config->batch, mean(t->loss, t->seen),
                   mean((double)t->top1, t->seen));
    return e->progress->step % r->s->config->metrics.every == 0 ? write_step(r, e, err) : RGM_OK;
}

static void label_epoch(run *r, int32_t epoch) {
    char label[RGM_BAR_LABEL];
    snprintf(label, sizeof label, "epoch %d/%d", epoch + 1, r->s->config->epochs);
    rgm_bar_label(&r->bar, label);
}

static rgm_status write_evaluation(rgm_metrics *m, const rgm_progress *p, const char *split, const rgm_tally *t,
                                   double seconds, rgm_error *err) {
    double low, high;
    rgm_interval_wilson(t->top1, t->seen, &low, &high);
    rgm_metrics_begin(m, "evaluation", p->step, p->epoch);
    rgm_metrics_text(m, "split", split);
    rgm_metrics_real(m, "loss", mean(t->loss, t->seen));
    rgm_metrics_real(m, "accuracy", mean((double)t->top1, t->seen));
    rgm_metrics_real(m, "accuracy_low", low);
    rgm_metrics_real(m, "accuracy_high", high);
    rgm_metrics_real(m, "accuracy5", mean((double)t->top5, t->seen));
    rgm_metrics_int(m, "images", t->seen);
    rgm_metrics_real(m, "seconds", seconds);
    return rgm_metrics_end(m, err);
}

static rgm_status on_epoch(void *context, const rgm_epoch_event *e, rgm_error *err) {
    run *r = context;
    const rgm_tally *t = &e->progress->tally, *v = &e->validation;
    const char *split = r->bench ? r->bench->split : "validation";
    char validation[128] = "";
    if (e->evaluated)
        snprintf(validation, sizeof validation, "; %s: loss %.4f, accuracy %.2f %%%s", split, mean(v->loss, v->seen),
                 100 * mean((double)v->top1, v->seen), e->best ? ", the best so far" : "");
    rgm_log(RGM_LOG_INFO, "epoch %d/%d: loss %.4f, accuracy %.2f %%%s", e->progress->epoch, r->s->config->epochs,
            mean(t->loss, t->seen), 100 * mean((double)t->top1, t->seen), validation);
    if (e->evaluated && !isfinite(v->loss))
        rgm_log(RGM_LOG_WARN, "%s: the loss is not finite: this evaluation counts for nothing", split);
    if (e->evaluated) RGM_TRY(write_evaluation(&r->metrics, e->progress, split, v, e->seconds, err));
    if (e->progress->epoch < r->s->config->epochs) label_epoch(r, e->progress->epoch);
    rgm_bar_skip(&r->bar);
    return e->evaluated && r->bench ? rgm_bench_train_epoch(r->bench, e, err) : RGM_OK;
}

static rgm_status on_saving(void *context, const char *path, rgm_error *err) {
    run *r = context;
    (void)path;
    r->saving_since = rgm_seconds();
    return rgm_metrics_sync(&r->metrics, err);
}

/* `seconds` is NaN where nobody knows any more. */
static rgm_status write_checkpoint(run *r, const char *path, const rgm_progress *p, double seconds, rgm_error *err) {
    rgm_metrics_begin(&r->metrics, "checkpoint", p->step, p->epoch);
    rgm_metrics_text(&r->metrics, "file", path);
    rgm_metrics_int(&r->metrics, "best", path == r->folder.best);
    rgm_metrics_real(&r->metrics, "seconds", seconds);
    return rgm_metrics_end(&r->metrics, err);
}

static rgm_status on_saved(void *context, const char *path, const rgm_progress *p, rgm_error *err) {
    run *r = context;
    rgm_bar_skip(&r->bar);
    if (path == r->folder.last || access(r->folder.last, F_OK) != 0) r->saved_step = p->step;
    return write_checkpoint(r, path, p, rgm_seconds() - r->saving_since, err);
}

/* ---- beginning and end ---- */

static rgm_status write_start(run *r, const rgm_progress *p, rgm_error *err) {
    const rgm_session *s = r->s;
    rgm_metrics_begin(&r->metrics, "start", p->step, p->epoch);
    rgm_metrics_text(&r->metrics, "model", s->config->model.name);
    rgm_metrics_int(&r->metrics, "parameters", rgm_graph_param_elements(s->model->graph));
    rgm_metrics_int(&r->metrics, "threads", rgm_team_size(s->device->team));
    rgm_metrics_text(&r->metrics, "isa", s->device->kernels->isa);
    rgm_metrics_int(&r->metrics, "resumed", r->begins != RGM_BEGINS_NEW);
    return rgm_metrics_end(&r->metrics, err);
}

static rgm_status write_end(run *r, const rgm_progress *p, const char *reason, rgm_error *err) {
    if (r->ended++) return RGM_OK;
    rgm_metrics_begin(&r->metrics, "end", p->step, p->epoch);
    rgm_metrics_text(&r->metrics, "reason", reason);
    rgm_metrics_real(&r->metrics, "seconds", p->seconds);
    rgm_metrics_real(&r->metrics, "images_per_s",
                     p->seconds > 0 ? (double)p->step * r->s->config->batch / p->seconds : NAN);
    RGM_TRY(rgm_metrics_end(&r->metrics, err));
    return rgm_metrics_sync(&r->metrics, err);
}

static const char *reason_of(int32_t ending, const rgm_config *c, const rgm_progress *p, char text[128]) {
    if (ending == RGM_END_STEPS)
        snprintf(text, 128, "after %" PRId64 " steps, as asked", p->step);
    else if (ending == RGM_END_EARLY)
        snprintf(text, 128, "early: %d evaluations without a gain", c->early_stop.patience);
    else if (ending == RGM_END_REACHED)
        snprintf(text, 128, "at the accuracy asked for");
    else
        return NULL;
    return text;
}

static const char *word_of(const rgm_summary *summary) { return summary->stopped ? summary->stopped : "complete"; }

static rgm_summary summarize(const run *r, const rgm_progress *p, int32_t ending, char text[128]) {
    const rgm_config *c = r->s->config;
    return (rgm_summary){.model = c->model.name,
                         .data = c->data.file,
                         .run = r->folder.path,
                         .steps = p->step,
                         .epochs = p->epoch,
                         .stopped = reason_of(ending, c, p, text),
                         .checkpoint = ending == RGM_END_EARLY ? r->folder.best : r->folder.last};
}

/* 1 for a run that has had its end, with the evaluation that belongs to it; says so. */
static int32_t is_finished(const run *r, const rgm_progress *p, rgm_summary *summary, char text[128]) {
    int32_t ending;
    if (!rgm_loop_over(r->s, p, &ending)) return 0;
    *summary = summarize(r, p, ending, text);
    if (!rgm_metrics_ended(r->folder.metrics, p->step, word_of(summary))) return 0;
    rgm_log(RGM_LOG_INFO, "%s: this run is finished (%s): nothing is left to do", r->folder.path, word_of(summary));
    return 1;
}

/* The weights that a new run begins with, and a word if they were made for other pixels or classes. */
static rgm_status load_weights(rgm_trainer *t, const rgm_session *s, rgm_error *err) {
    rgm_constants theirs;
    RGM_TRY(rgm_load_weights(t, s->config->checkpoint, err));
    if (rgm_trainer_check_state(t, err) < 0) return rgm_fail_in(err, "%s", s->config->checkpoint);
    RGM_TRY(rgm_constants_read(&theirs, s->config->checkpoint, err));
    rgm_constants_compare(&theirs, &s->data->constants, s->config->data.file);
    rgm_constants_free(&theirs);
    return RGM_OK;
}

/* The configuration with which the run goes on, so that it goes on with it the next time, too. */
static rgm_status keep_config(const run *r, rgm_error *err) {
    static rgm_config effective;
    rgm_session_effective(r->s, &effective);
    snprintf(effective.out, sizeof effective.out, "%s", r->folder.path);
    return rgm_runfolder_keep(&r->folder, &effective, err);
}

/* A run that ended before its first checkpoint. */
static rgm_status begin_again(run *r, rgm_error *err) {
    const rgm_config *c = r->s->config;
    int32_t found;
    rgm_log(RGM_LOG_INFO, "%s: no checkpoint was written before this run ended: it begins again at its first step",
            r->folder.path);
    if (c->checkpoint[0]) RGM_TRY(load_weights(r->t, r->s, err));
    RGM_TRY(keep_config(r, err));
    RGM_TRY(rgm_metrics_rewind(r->folder.metrics, NULL, &found, err));
    return rgm_metrics_open(&r->metrics, r->folder.metrics, err);
}

/* A last.h5 that cannot be read is no dead end: without it the run goes on from best.h5, or begins again. */
static void add_way_on(const run *r, const char *damaged, rgm_error *err) {
    int32_t best = damaged == r->folder.last && r->folder.has_best;
    size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, "; if you move this file away, the run %s",
             best ? "goes on from best.h5" : "begins again");
}

/* A limit that has been passed is no limit: it is refused before it is written into config.yaml. */
static rgm_status check_limit(const run *r, const rgm_progress *p, rgm_error *err) {
    int64_t limit = r->s->config->steps;
    if (limit <= 0 || p->step <= limit) return RGM_OK;
    return rgm_fail(err, RGM_E_USAGE,
                    "%.400s: steps: %" PRId64 ", but %" PRId64
                    " are made already: more --steps, or --steps 0 for no limit",
                    r->folder.path, limit, p->step);
}

/* Everything as the checkpoint says. A finished run stays as it is. A process may have ended between a checkpoint and
 * its event: then that is told now. */
static rgm_status resume(run *r, rgm_progress *p, int32_t *finished, rgm_error *err) {
    int32_t found;
    char text[128];
    rgm_resumed resumed;
    rgm_summary summary;
    const char *from = r->begins == RGM_BEGINS_LAST ? r->folder.last : r->folder.best;
    rgm_status status = rgm_resume(r->s, r->t, from, &resumed, err);
    if (status == RGM_E_FORMAT) add_way_on(r, from, err);
    RGM_TRY(status);
    *p = resumed.progress;
    RGM_TRY(check_limit(r, p, err));
    *finished = r->begins == RGM_BEGINS_LAST && is_finished(r, p, &summary, text);
    if (*finished) return rgm_run_print(r->line->json, &summary, err);
    if (resumed.differs)
        rgm_log(RGM_LOG_WARN, "the checkpoint was made by %s; this is %s: the result may have other bits",
                resumed.build, r->s->device->build);
    rgm_log(RGM_LOG_INFO, "continuing %s after step %" PRId64, r->folder.path, p->step);
    r->saved_step = p->step;
    RGM_TRY(keep_config(r, err));
    rgm_metrics_mark mark = {.step = p->step, .epoch = p->epoch, .best = r->begins == RGM_BEGINS_BEST};
    RGM_TRY(rgm_metrics_rewind(r->folder.metrics, &mark, &found, err));
    RGM_TRY(rgm_metrics_open(&r->metrics, r->folder.metrics, err));
    return found ? RGM_OK : write_checkpoint(r, from, p, NAN, err);
}

/* Where the run stands before its first step. */
static rgm_status begin(run *r, rgm_progress *p, int32_t *finished, rgm_error *err) {
    *p = rgm_progress_start();
    *finished = 0;
    if (r->begins != RGM_BEGINS_NEW)
        RGM_TRY(resume(r, p, finished, err));
    else if (r->line->resume)
        RGM_TRY(begin_again(r, err));
    else
        RGM_TRY(rgm_metrics_open(&r->metrics, r->folder.metrics, err));
    return *finished ? RGM_OK : write_start(r, p, err);
}

static rgm_status finish_bench(run *r, const rgm_progress *p, int32_t ending, rgm_error *err) {
    char text[128];
    rgm_summary summary = summarize(r, p, ending, text);
    RGM_TRY(write_end(r, p, word_of(&summary), err));
    return rgm_bench_train_finish(r->bench, p, err);
}

/* Somebody may have taken best.h5 away. */
static rgm_status load_best(const run *r, rgm_summary *summary, rgm_error *err) {
    if (access(r->folder.best, F_OK) == 0 || errno != ENOENT) return rgm_load_weights(r->t, r->folder.best, err);
    rgm_log(RGM_LOG_WARN, "%s is missing: this is the result of the last state, not of the best", r->folder.best);
    summary->checkpoint = r->folder.last;
    return RGM_OK;
}

/* The result: the test split, read once; the validation split if there is no test split. An early stop restores the
 * best. */
static rgm_status finish(run *r, const rgm_progress *p, int32_t ending, rgm_error *err) {
    const rgm_session *s = r->s;
    const rgm_config *c = s->config;
    char text[128];
    rgm_summary summary = summarize(r, p, ending, text);
    if (ending == RGM_END_EARLY) RGM_TRY(load_best(r, &summary, err));
    /* the test split is read once, at the end of the whole run */
    const rgm_view *view = s->data->test.count && ending != RGM_END_STEPS ? &s->data->test : &s->data->validation;
    rgm_tally tally = {0};
    if (view->count) {
        double start = rgm_seconds();
        RGM_TRY(rgm_trainer_evaluate(r->t, view, rgm_run_stop, NULL, &tally, err));
        summary.split = view == &s->data->test ? "test" : "validation";
        RGM_TRY(write_evaluation(&r->metrics, p, summary.split, &tally, rgm_seconds() - start, err));
    }
    RGM_TRY(write_end(r, p, word_of(&summary), err));
    rgm_run_count(&summary, &tally);
    rgm_run_speed(&summary, s, (double)p->step * c->batch, p->seconds, rgm_graph_train_flops(s->model->graph));
    return rgm_run_print(r->line->json, &summary, err);
}

/* ---- an end that was not meant ---- */

/* The run's folder with the first free number behind it. */
static const char *other_folder(const run *r, char path[RGM_CONFIG_PATH + 16]) {
    for (int32_t n = 2; n < 1000; n++) {
        snprintf(path, RGM_CONFIG_PATH + 16, "%s-%d", r->folder.path, n);
        if (access(path, F_OK) != 0) break;
    }
    return path;
}

/* Numbers that are not finite come again if the run is resumed: another run begins with what it had before. */
static void tell_new_run(const run *r) {
    char path[RGM_CONFIG_PATH + 16], config[RGM_RUNFOLDER_COMMAND], out[RGM_RUNFOLDER_COMMAND],
        last[RGM_RUNFOLDER_COMMAND] = "", state[64] = "no checkpoint was written", lr[48] = "";
    if (r->saved_step >= 0) {
        snprintf(last, sizeof last, " --checkpoint ");
        const char *file = access(r->folder.last, F_OK) == 0 ? r->folder.last : r->folder.best;
        rgm_text_shell(file, last + strlen(last), sizeof last - strlen(last));
        snprintf(state, sizeof state, "the last checkpoint is of step %" PRId64, r->saved_step);
    }
    if (r->s->model->components.lr > 0)
        snprintf(lr, sizeof lr, " --set optimizer.lr=%g", r->s->model->components.lr / 10);
    rgm_log(RGM_LOG_WARN,
            "%s; resumed, the run comes to the same numbers: begin a new one with a lower rate: regimen train %s%s "
            "--out %s%s",
            state, rgm_text_shell(r->folder.config, config, sizeof config), last,
            rgm_text_shell(other_folder(r, path), out, sizeof out), lr);
}

static void tell_way_on(const run *r, const rgm_progress *p, rgm_status status) {
    char command[RGM_RUNFOLDER_COMMAND];
    rgm_runfolder_command(&r->folder, command);
    if (access(r->folder.config, F_OK) != 0)
        rgm_log(RGM_LOG_WARN, "%s is gone, or its config.yaml: nothing goes on from it", r->folder.path);
    else if (status == RGM_E_NUMERIC)
        tell_new_run(r);
    else if (r->ended)
        rgm_log(RGM_LOG_WARN, "the run is finished; its result is in %s", r->folder.metrics);
    else if (r->saved_step < 0)
        rgm_log(RGM_LOG_WARN, "no checkpoint was written; begin again with: %s", command);
    else
        rgm_log(RGM_LOG_WARN, "the state after step %" PRId64 " is saved%s; continue with: %s", r->saved_step,
                r->saved_step == p->step ? "" : ", what came later is not", command);
}

/* The failure goes into the log, too; on the terminal it is the last line. */
static rgm_status end_badly(run *r, const rgm_progress *p, rgm_status status, rgm_error *err) {
    rgm_error ignored;
    char line[RGM_ERROR_LINE];
    if (status == RGM_E_VERDICT) return status;
    rgm_log(RGM_LOG_DEBUG, "%s", rgm_error_line(err, line));
    if (!r->bench) tell_way_on(r, p, status);
    write_end(r, p, "failed", &ignored); /* it may be the disk that failed */
    return status;
}

static rgm_status end_interrupted(run *r, const rgm_progress *p, rgm_error *err) {
    char command[RGM_RUNFOLDER_COMMAND];
    rgm_status status = write_end(r, p, "interrupted", err);
    if (status < 0) return end_badly(r, p, status, err);
    if (r->bench) return rgm_fail(err, RGM_E_INTERRUPTED, "bench: stopped on request after step %" PRId64, p->step);
    rgm_runfolder_command(&r->folder, command);
    if (strlen(command) < 400)
        return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request after step %" PRId64 "; continue with: %s", p->step,
                        command);
    rgm_log(RGM_LOG_WARN, "continue with: %s", command); /* too long for the line of an error */
    return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request after step %" PRId64, p->step);
}

static rgm_status run_loop(run *r, rgm_progress *p, int32_t *ending, rgm_error *err) {
    const rgm_config *c = r->s->config;
    rgm_loop_options options = {.last = r->folder.last,
                                .best = r->folder.best,
                                .begins = r->begins,
                                .view = r->bench ? r->bench->view : NULL,
                                .until = r->bench ? r->bench->until : 0,
                                .events = {.context = r,
                                           .stop = rgm_run_stop,
                                           .step = on_step,
                                           .epoch = on_epoch,
                                           .saving = on_saving,
                                           .saved = on_saved}};
    char label[RGM_BAR_LABEL];
    snprintf(label, sizeof label, "epoch %d/%d", p->epoch < c->epochs ? p->epoch + 1 : c->epochs, c->epochs);
    rgm_bar_start(&r->bar, &(rgm_bar_options){.label = label,
                                              .unit = "images",
                                              .done = p->step * c->batch,
                                              .total = r->s->steps_total * c->batch,
                                              .quiet = r->line->quiet});
    rgm_status status = rgm_loop_run(r->s, r->t, p, &options, ending, err);
    rgm_bar_finish(&r->bar);
    return status;
}

static rgm_status train(run *r, rgm_error *err) {
    rgm_progress p;
    int32_t ending, finished;
    RGM_TRY(begin(r, &p, &finished, err));
    if (finished) return RGM_OK;
    rgm_status status = run_loop(r, &p, &ending, err);
    if (status >= 0) status = r->bench ? finish_bench(r, &p, ending, err) : finish(r, &p, ending, err);
    if (status == RGM_E_INTERRUPTED) return end_interrupted(r, &p, err);
    return status < 0 ? end_badly(r, &p, status, err) : status;
}

/* The folder comes last: nothing is left behind by a run that could not begin. */
static rgm_status open_folder(run *r, rgm_config *config, rgm_error *err) {
    r->saved_step = -1;
    r->begins = RGM_BEGINS_NEW;
    if (r->line->resume) {
        RGM_TRY(rgm_runfolder_open(&r->folder, r->line->resume, err));
        if (r->folder.has_last || r->folder.has_best)
            r->begins = r->folder.has_last ? RGM_BEGINS_LAST : RGM_BEGINS_BEST;
        return RGM_OK;
    }
    static rgm_config effective;
    rgm_session_effective(r->s, &effective);
    RGM_TRY(rgm_runfolder_create(&r->folder, &effective, err));
    snprintf(config->out, sizeof config->out, "%s", effective.out);
    rgm_log(RGM_LOG_INFO, "run folder: %s", r->folder.path);
    return RGM_OK;
}

static void on_advice(void *context, const char *line) {
    (void)context;
    rgm_log(RGM_LOG_WARN, "%s", line);
}

/* A run that is continued keeps its model's own constants. What is wrong with the checkpoint is said when it is loaded.
 */
static void take_constants(rgm_constants *own, const char *resume) {
    char path[RGM_RUNFOLDER_PATH];
    *own = (rgm_constants){0};
    if (!resume || !rgm_runfolder_checkpoint(resume, 0, path)) return;
    if (rgm_constants_read(own, path, NULL) < 0) *own = (rgm_constants){0};
}

rgm_status rgm_run_train(rgm_config *config, const rgm_cli_line *line, struct rgm_bench_train *bench, rgm_error *err) {
    static run r;
    rgm_session *s = NULL;
    rgm_trainer *t = NULL;
    rgm_constants own;
    take_constants(&own, line->resume);
    const rgm_session_options session = {.need_data = 1, .model = &own, .resumed = line->resume != NULL};
    rgm_status status = rgm_run_session(&s, config, line, &session, err);
    rgm_constants_free(&own);
    RGM_TRY(status);
    rgm_fingerprint_begin(s->data->set, &s->stop);
    r.line = line;
    r.s = s;
    r.bench = bench;
    rgm_trainer_options options = {.training = 1};
    rgm_advice advice = {.tell = on_advice, .resumed = line->resume != NULL, .evaluated = bench != NULL};
    status = rgm_advise(s, &advice, err);
    if (status >= 0) status = rgm_trainer_create(&t, s, &options, err);
    r.t = t;
    if (status >= 0 && config->checkpoint[0] && !line->resume) status = load_weights(t, s, err);
    if (status >= 0 && bench) status = rgm_bench_train_begin(bench, s, t, err);
    if (status >= 0) status = open_folder(&r, config, err);
    if (status >= 0 && !bench) rgm_fault_run(r.folder.path, r.folder.last, r.folder.log);
    if (status >= 0) status = train(&r, err);
    rgm_fault_run(NULL, NULL, NULL);
    rgm_metrics_close(&r.metrics);
    rgm_runfolder_close(&r.folder);
    rgm_trainer_destroy(t);
    rgm_session_destroy(s);
    return status;
}
