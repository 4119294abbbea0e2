/* Saving and continuing a run: everything of a session and its trainer, to and from a checkpoint, or a copy in memory.
 * Declared in loop.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "train/loop.h"

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

/* A run goes on with the same bits only if what decides them is the same. Free to change: the machine's part, when the
 * run ends early, what is written when, and names of files (the data has its fingerprint). */
static rgm_status check_config(const rgm_session *s, const rgm_checkpoint *header, const char *path, rgm_error *err) {
    static const char *const free_keys[] = {
        "data.file",           "threads",           "pin",           "memory",  "isa", "steps",
        "early_stop.gain",     "early_stop.metric", "save.every",    "plugins", "out", "checkpoint",
        "early_stop.patience", "save.minutes",      "metrics.every", NULL};
    rgm_config *then = malloc(sizeof *then), *now = malloc(sizeof *now);
    rgm_status status =
        then && now ? rgm_config_init(then, err) : rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
    if (status >= 0) status = rgm_config_parse(then, header->config, strlen(header->config), path, err);
    if (status >= 0) status = rgm_session_effective(s, now, err);
    const char *key = status >= 0 ? rgm_config_difference(then, now, free_keys) : NULL;
    if (key)
        status = rgm_fail(err, RGM_E_USAGE,
                          "%s: '%s' is not what its run began with: a run is continued as it was begun (or begin a "
                          "new one with --checkpoint)",
                          path, key);
    free(then);
    free(now);
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
    return check_config(s, header, path, err);
}

/* What a file says of itself is believed only as far as it is possible. */
static rgm_status check_progress(const rgm_session *s, const rgm_progress *p, const char *path, rgm_error *err) {
    const rgm_tally *t = &p->tally;
    int32_t evaluations = p->epoch >= 0 && p->best_epoch >= -1 && p->best_epoch <= p->epoch &&
                          p->evaluations_without_gain >= 0 && p->evaluations_without_gain <= p->epoch;
    int32_t tally = t->top1 >= 0 && t->top1 <= t->top5 && t->top5 <= t->seen && t->seen <= p->step * s->config->batch;
    if (!evaluations || !tally) return rgm_fail(err, RGM_E_FORMAT, "%s: its progress contradicts itself", path);
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
    RGM_TRY_OR_FAIL(status, check_progress(s, &header->progress, path, err));
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

/* ---- in memory ---- */

struct rgm_snapshot {
    rgm_checkpoint of; /* the trainer's arrays */
    float *copy;       /* of them, one behind the other */
};

/* Copies the trainer's arrays, or puts the copies back; returns how many floats they are. Without `copy` it only
 * counts.
 */
static size_t move_arrays(const rgm_checkpoint *c, float *copy, int32_t load) {
    size_t parameters = (size_t)rgm_graph_param_floats(c->graph), done = 0;
    for (int32_t i = -2; i < c->slot_count; i++) {
        float *own = i == -2 ? c->stat : i == -1 ? c->value : c->slot[i];
        size_t floats = i == -2 ? (size_t)rgm_graph_stat_floats(c->graph) : parameters;
        if (copy && load) memcpy(own, copy + done, floats * sizeof *own);
        if (copy && !load) memcpy(copy + done, own, floats * sizeof *own);
        done += floats;
    }
    return done;
}

rgm_status rgm_snapshot_take(rgm_snapshot **snapshot, rgm_trainer *t, rgm_error *err) {
    rgm_snapshot *s = *snapshot = calloc(1, sizeof *s);
    if (!s) return rgm_fail(err, RGM_E_NOMEM, "snapshot: out of memory");
    rgm_trainer_checkpoint(t, &s->of);
    s->copy = malloc(move_arrays(&s->of, NULL, 0) * sizeof *s->copy);
    if (!s->copy) {
        rgm_snapshot_destroy(s);
        *snapshot = NULL;
        return rgm_fail(err, RGM_E_NOMEM, "snapshot: out of memory");
    }
    move_arrays(&s->of, s->copy, 0);
    return RGM_OK;
}

void rgm_snapshot_restore(rgm_snapshot *s) { move_arrays(&s->of, s->copy, 1); }

void rgm_snapshot_destroy(rgm_snapshot *s) {
    if (!s) return;
    free(s->copy);
    free(s);
}
