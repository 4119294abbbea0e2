#include "train/loop.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"

rgm_progress rgm_progress_start(void) { return (rgm_progress){.best_epoch = -1, .best_metric = NAN}; }

/* ---- checkpoints ---- */

/* Every instance that may have private state, with its label. */
typedef struct instance_ref {
    rgm_instance *instance;
    char label[96];
} instance_ref;

enum { MAX_INSTANCES = 4 + 2 + 2 * RGM_CONFIG_LIST };

static int32_t add_ref(instance_ref *refs, int32_t count, rgm_instance *instance, const char *role, int32_t place) {
    if (!instance) return count;
    refs[count].instance = instance;
    snprintf(refs[count].label, sizeof refs[count].label, "%s %d %s", role, place, rgm_instance_name(instance));
    return count + 1;
}

static int32_t all_instances(const rgm_components *c, instance_ref refs[MAX_INSTANCES]) {
    int32_t n = 0;
    n = add_ref(refs, n, c->optimizer, "optimizer", 0);
    n = add_ref(refs, n, c->loss, "loss", 0);
    n = add_ref(refs, n, c->dropout, "activation", 0);
    for (int32_t i = 0; i < c->schedules; i++) n = add_ref(refs, n, c->schedule[i], "scheduler", i);
    for (int32_t i = 0; i < c->augments; i++) n = add_ref(refs, n, c->augment[i], "augmentation", i);
    for (int32_t i = 0; i < c->regularizers; i++) n = add_ref(refs, n, c->regularize[i], "regularizer", i);
    return n;
}

static void free_states(rgm_checkpoint *c) {
    for (int32_t i = 0; i < c->plugin_count; i++) free(c->plugin[i].data);
    c->plugin_count = 0;
}

/* Room for the states of all instances that have any, labelled. */
static rgm_status make_states(const rgm_session *s, rgm_checkpoint *c, rgm_error *err) {
    instance_ref refs[MAX_INSTANCES];
    int32_t count = all_instances(&s->components, refs);
    for (int32_t i = 0; i < count; i++) {
        size_t bytes = rgm_instance_state_bytes(refs[i].instance);
        if (!bytes) continue;
        rgm_plugin_state *state = &c->plugin[c->plugin_count];
        memcpy(state->label, refs[i].label, sizeof state->label);
        state->bytes = bytes;
        state->data = malloc(bytes);
        if (!state->data) return rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
        c->plugin_count++;
    }
    return RGM_OK;
}

/* Moves the states between instances and buffers: saves, or loads. */
static rgm_status move_states(const rgm_session *s, rgm_checkpoint *c, int32_t load, rgm_error *err) {
    instance_ref refs[MAX_INSTANCES];
    int32_t count = all_instances(&s->components, refs);
    for (int32_t i = 0, k = 0; i < count && k < c->plugin_count; i++) {
        if (strcmp(refs[i].label, c->plugin[k].label) != 0) continue;
        RGM_TRY(load ? rgm_instance_load(refs[i].instance, c->plugin[k].data, c->plugin[k].bytes, err)
                     : rgm_instance_save(refs[i].instance, c->plugin[k].data, c->plugin[k].bytes, err));
        k++;
    }
    return RGM_OK;
}

/* A growing text; `room` is always enough for the lists of a session. */
static void append(char *text, size_t room, const char *line) {
    size_t used = strlen(text);
    snprintf(text + used, room - used, "%s\n", line);
}

static void list_plugins(const rgm_session *s, char *text, size_t room) {
    instance_ref refs[MAX_INSTANCES];
    int32_t count = all_instances(&s->components, refs);
    text[0] = 0;
    for (int32_t i = 0; i < count; i++) {
        const rgm_plugin *p = rgm_instance_listed(refs[i].instance)->plugin;
        char line[256];
        snprintf(line, sizeof line, "%s: %s %s", refs[i].label, p->id, p->version);
        append(text, room, line);
    }
}

static char *class_names(const rgm_session *s) {
    const rgm_dataset_info *info = s->set ? rgm_dataset_describe(s->set) : NULL;
    size_t room = 1;
    for (int32_t i = 0; info && info->class_names && i < info->classes; i++) room += strlen(info->class_names[i]) + 1;
    char *text = calloc(room, 1), *at = text;
    for (int32_t i = 0; text && info && info->class_names && i < info->classes; i++)
        at += snprintf(at, room - (size_t)(at - text), "%s\n", info->class_names[i]);
    return text;
}

rgm_status rgm_loop_save(const rgm_session *s, rgm_trainer *t, const rgm_progress *progress, const char *path,
                         rgm_error *err) {
    enum { PLUGIN_TEXT = MAX_INSTANCES * 256 };
    rgm_checkpoint *c = calloc(1, sizeof *c);
    rgm_config *effective = malloc(sizeof *effective);
    char *yaml = NULL, *names = class_names(s), *plugins = malloc(PLUGIN_TEXT);
    size_t size;
    rgm_status status = RGM_OK;
    if (!c || !effective || !names || !plugins) {
        status = rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
        goto done;
    }
    rgm_trainer_checkpoint(t, c);
    list_plugins(s, plugins, PLUGIN_TEXT);
    if ((status = rgm_session_effective(s, effective, err)) < 0) goto done;
    if ((status = rgm_config_print(effective, &yaml, &size, err)) < 0) goto done;
    if ((status = make_states(s, c, err)) < 0 || (status = move_states(s, c, 0, err)) < 0) goto done;
    c->progress = *progress;
    c->seed = s->config->seed;
    c->fingerprint = s->set ? rgm_dataset_describe(s->set)->fingerprint : 0;
    c->config = yaml;
    c->build = s->build;
    c->plugins = plugins;
    c->classes = names;
    status = rgm_checkpoint_write(c, path, err);
done:
    if (c) free_states(c);
    free(c);
    free(effective);
    free(yaml);
    free(names);
    free(plugins);
    return status;
}

static rgm_status check_header(const rgm_session *s, const rgm_checkpoint *header, const char *path, rgm_error *err) {
    uint64_t fingerprint = s->set ? rgm_dataset_describe(s->set)->fingerprint : 0;
    if (header->seed != s->config->seed)
        return rgm_fail(err, RGM_E_USAGE, "%s: its run has seed %" PRIu64 ", this one %" PRIu64, path, header->seed,
                        s->config->seed);
    if (header->fingerprint != fingerprint)
        return rgm_fail(err, RGM_E_USAGE,
                        "%s: its run was trained on other data than %s (fingerprint %016" PRIx64 ", found %016" PRIx64
                        ")",
                        path, s->config->data.file, header->fingerprint, fingerprint);
    const rgm_progress *p = &header->progress;
    if (p->step < 0 || p->step > s->steps_total || p->epoch_step < 0 || p->epoch_step > s->steps_per_epoch ||
        p->epoch * s->steps_per_epoch + p->epoch_step != p->step)
        return rgm_fail(err, RGM_E_USAGE,
                        "%s: it stands at step %" PRId64 ", which is not a step of this run (%" PRId64
                        " steps in %d epochs)",
                        path, p->step, s->steps_total, s->config->epochs);
    return RGM_OK;
}

rgm_status rgm_loop_resume(const rgm_session *s, rgm_trainer *t, const char *path, rgm_progress *progress,
                           int32_t *differs, char build[256], rgm_error *err) {
    rgm_checkpoint_reader *reader = NULL;
    rgm_checkpoint *into = calloc(1, sizeof *into);
    if (!into) return rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
    rgm_status status;
    RGM_TRY_OR_FAIL(status, rgm_checkpoint_open(&reader, path, err));
    const rgm_checkpoint *header = rgm_checkpoint_header(reader);
    if (rgm_checkpoint_foreign(reader)) {
        status = rgm_fail(err, RGM_E_FORMAT, "%s: weights only: a run cannot be continued from it", path);
        goto fail;
    }
    RGM_TRY_OR_FAIL(status, check_header(s, header, path, err));
    rgm_trainer_checkpoint(t, into);
    RGM_TRY_OR_FAIL(status, make_states(s, into, err));
    RGM_TRY_OR_FAIL(status, rgm_checkpoint_read(reader, into, 1, err));
    RGM_TRY_OR_FAIL(status, move_states(s, into, 1, err));
    *progress = header->progress;
    *differs = strcmp(header->build, s->build) != 0;
    snprintf(build, 256, "%s", header->build);
fail:
    free_states(into);
    free(into);
    rgm_checkpoint_close(reader);
    return status;
}

rgm_status rgm_loop_load(rgm_trainer *t, const char *path, rgm_error *err) {
    rgm_checkpoint_reader *reader = NULL;
    rgm_checkpoint *into = calloc(1, sizeof *into);
    if (!into) return rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
    rgm_trainer_checkpoint(t, into);
    rgm_status status = rgm_checkpoint_open(&reader, path, err);
    if (status >= 0) status = rgm_checkpoint_read(reader, into, 0, err);
    rgm_checkpoint_close(reader);
    free(into);
    return status;
}

/* ---- the loop ---- */

typedef struct loop {
    const rgm_session *s;
    rgm_trainer *t;
    rgm_progress *p;
    const rgm_loop_options *o;
    double saved_at;    /* seconds, monotonic */
    int64_t saved_step; /* of last.h5 */
    int32_t ending, ended;
} loop;

static int32_t asked_to_stop(const loop *l) { return l->o->events.stop && l->o->events.stop(l->o->events.context); }

static rgm_status save(loop *l, const char *path, rgm_error *err) {
    if (!path) return RGM_OK;
    RGM_TRY(rgm_loop_save(l->s, l->t, l->p, path, err));
    if (path == l->o->last) {
        l->saved_at = rgm_seconds();
        l->saved_step = l->p->step;
    }
    return l->o->events.saved ? l->o->events.saved(l->o->events.context, path, l->p, err) : RGM_OK;
}

/* The metric that chooses best.h5, larger is better. */
static double metric_of(const rgm_config *c, const rgm_tally *t) {
    if (t->seen == 0) return NAN;
    return c->early_stop.metric == RGM_METRIC_LOSS ? -t->loss / (double)t->seen : (double)t->top1 / (double)t->seen;
}

/* Ends a run that has had no gain for too long; also one that is resumed after it had ended so. */
static void end_early(loop *l) {
    const rgm_config *c = l->s->config;
    if (c->early_stop.patience == 0 || l->p->evaluations_without_gain < c->early_stop.patience) return;
    l->ended = 1;
    l->ending = RGM_END_EARLY;
}

/* Takes an evaluation into account: best so far, and whether to stop early. */
static int32_t judge(loop *l, const rgm_tally *validation) {
    const rgm_config *c = l->s->config;
    double metric = metric_of(c, validation);
    int32_t best = l->p->best_epoch < 0 ? !isnan(metric) : metric > l->p->best_metric;
    int32_t gained = l->p->best_epoch < 0 || metric > l->p->best_metric + c->early_stop.gain;
    l->p->evaluations_without_gain = gained ? 0 : l->p->evaluations_without_gain + 1;
    if (best) {
        l->p->best_metric = metric;
        l->p->best_epoch = l->p->epoch;
    }
    end_early(l);
    return best;
}

static rgm_status evaluate(loop *l, rgm_epoch_event *event, rgm_error *err) {
    const rgm_session *s = l->s;
    double start = rgm_seconds();
    const rgm_loop_events *e = &l->o->events;
    if (e->evaluating) RGM_TRY(e->evaluating(e->context, s->validation.count, err));
    RGM_TRY(rgm_trainer_evaluate(l->t, &s->validation, e->stop, e->context, &event->validation, err));
    event->evaluated = 1;
    event->seconds = rgm_seconds() - start;
    rgm_clock clock = rgm_session_clock(s, l->p->step);
    double images = (double)event->validation.seen;
    rgm_instance *const *schedule = s->components.schedule;
    size_t count = (size_t)s->components.schedules;
    RGM_TRY(rgm_plug_observe(schedule, count, &clock, "validation_loss", event->validation.loss / images, err));
    RGM_TRY(
        rgm_plug_observe(schedule, count, &clock, "validation_accuracy", (double)event->validation.top1 / images, err));
    return RGM_OK;
}

/* The end of an epoch: evaluation, reports, checkpoints. An interruption in the evaluation leaves the epoch unfinished
 * (epoch_step = steps_per_epoch), so that a resumed run begins with it. */
static rgm_status end_epoch(loop *l, rgm_error *err) {
    const rgm_config *c = l->s->config;
    rgm_epoch_event event = {.progress = l->p};
    int32_t epoch = l->p->epoch + 1, last = l->p->step >= l->s->steps_total;
    if (l->s->validation.count && (epoch % c->evaluate.every == 0 || last)) RGM_TRY(evaluate(l, &event, err));
    l->p->epoch = epoch;
    l->p->epoch_step = 0;
    if (event.evaluated) event.best = judge(l, &event.validation);
    if (l->o->events.epoch) RGM_TRY(l->o->events.epoch(l->o->events.context, &event, err));
    l->p->tally = (rgm_tally){0};
    if (event.best) RGM_TRY(save(l, l->o->best, err));
    if (epoch % c->save.every == 0 || last || l->ended) RGM_TRY(save(l, l->o->last, err));
    return RGM_OK;
}

static rgm_status one_step(loop *l, rgm_error *err) {
    rgm_progress *p = l->p;
    rgm_step_event event = {.progress = p};
    double start = rgm_seconds();
    RGM_TRY(rgm_trainer_step(l->t, p->step, &event.result, err));
    event.seconds = rgm_seconds() - start;
    p->seconds += event.seconds;
    p->step++;
    p->epoch_step++;
    p->tally.loss += event.result.tally.loss;
    p->tally.top1 += event.result.tally.top1;
    p->tally.top5 += event.result.tally.top5;
    p->tally.seen += event.result.tally.seen;
    return l->o->events.step ? l->o->events.step(l->o->events.context, &event, err) : RGM_OK;
}

static rgm_status interrupted(loop *l, rgm_error *err) {
    RGM_TRY(save(l, l->o->last, err));
    return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request after step %" PRId64, l->p->step);
}

static rgm_status run(loop *l, rgm_error *err) {
    const rgm_config *c = l->s->config;
    int64_t limit = c->steps && c->steps < l->s->steps_total ? c->steps : l->s->steps_total;
    end_early(l);
    while (!l->ended) {
        if (l->p->epoch_step >= l->s->steps_per_epoch) {
            rgm_status status = end_epoch(l, err);
            if (status == RGM_E_INTERRUPTED) return interrupted(l, err);
            RGM_TRY(status);
            continue;
        }
        if (l->p->step >= limit) break;
        RGM_TRY(one_step(l, err));
        if (asked_to_stop(l)) return interrupted(l, err);
        if (c->save.minutes > 0 && rgm_seconds() - l->saved_at > 60 * c->save.minutes)
            RGM_TRY(save(l, l->o->last, err));
    }
    if (!l->ended && l->p->step < l->s->steps_total) l->ending = RGM_END_STEPS;
    return l->saved_step != l->p->step ? save(l, l->o->last, err) : RGM_OK;
}

rgm_status rgm_loop_run(const rgm_session *s, rgm_trainer *t, rgm_progress *progress, const rgm_loop_options *options,
                        int32_t *ending, rgm_error *err) {
    loop l = {.s = s,
              .t = t,
              .p = progress,
              .o = options,
              .saved_at = rgm_seconds(),
              .saved_step = -1,
              .ending = RGM_END_COMPLETE};
    rgm_status status = run(&l, err);
    *ending = l.ending;
    return status;
}
