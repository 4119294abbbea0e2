/* Saving and continuing a run: everything of a session and its trainer, to and from a checkpoint, or a copy in memory.
 * Declared in loop.h; resume_check.c asks whether a checkpoint may be continued. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "data/fingerprint.h"
#include "train/loop.h"
#include "train/resume_internal.h"

static int32_t add_ref(rgm_instance_ref *refs, int32_t count, rgm_instance *instance, const char *role, int32_t place) {
    if (!instance) return count;
    refs[count].instance = instance;
    snprintf(refs[count].label, sizeof refs[count].label, "%s %d %s", role, place, rgm_instance_name(instance));
    return count + 1;
}

int32_t rgm_resume_instances(const rgm_components *c, rgm_instance_ref refs[RGM_RESUME_INSTANCES]) {
    int32_t n = 0;
    n = add_ref(refs, n, c->optimizer, "optimizer", 0);
    n = add_ref(refs, n, c->loss, "loss", 0);
    n = add_ref(refs, n, c->dropout, "activation", 0);
    for (int32_t i = 0; i < c->schedules; i++) n = add_ref(refs, n, c->schedule[i], "scheduler", i);
    for (int32_t i = 0; i < c->augments; i++) n = add_ref(refs, n, c->augment[i], "augmentation", i);
    for (int32_t i = 0; i < c->regularizers; i++) n = add_ref(refs, n, c->regularize[i], "regularizer", i);
    n = add_ref(refs, n, c->init, "initializer", 0);
    return add_ref(refs, n, c->head_init, "initializer", 1);
}

/* FNV-1a of a plugin's file, so that another one of the same version is noticed; 0 if it cannot be read. */
static uint64_t hash_file(const char *path) {
    unsigned char block[65536];
    uint64_t hash = 0xcbf29ce484222325u;
    FILE *file = fopen(path, "rbe");
    if (!file) return 0;
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
        for (size_t i = 0; i < n; i++) hash = (hash ^ block[i]) * 0x100000001b3u;
    int failed = ferror(file);
    fclose(file);
    return failed ? 0 : hash;
}

rgm_status rgm_resume_list_plugins(const rgm_components *c, char **text, rgm_error *err) {
    rgm_instance_ref refs[RGM_RESUME_INSTANCES];
    int32_t count = rgm_resume_instances(c, refs);
    char *at = *text = calloc((size_t)count + 1, RGM_RESUME_LINE);
    if (!at) return rgm_fail(err, RGM_E_NOMEM, "plugins: out of memory");
    for (int32_t i = 0; i < count; i++) {
        const rgm_listed *listed = rgm_instance_listed(refs[i].instance);
        char file[32] = "";
        if (!listed->builtin) snprintf(file, sizeof file, RGM_RESUME_FILE "%016" PRIx64, hash_file(listed->path));
        int used = snprintf(at, RGM_RESUME_LINE - 1, "%s: %s %.80s%s", refs[i].label, listed->plugin->id,
                            listed->plugin->version, file);
        at += used < RGM_RESUME_LINE - 1 ? used : RGM_RESUME_LINE - 2;
        *at++ = '\n';
    }
    return RGM_OK;
}

static void free_states(rgm_checkpoint *c) {
    for (int32_t i = 0; i < c->plugin_count; i++) free(c->plugin[i].data);
    c->plugin_count = 0;
}

/* Those that keep a state, labelled, even if it is empty now: a state may grow. */
static void label_states(const rgm_session *s, rgm_checkpoint *c) {
    rgm_instance_ref refs[RGM_RESUME_INSTANCES];
    int32_t count = rgm_resume_instances(&s->components, refs);
    for (int32_t i = 0; i < count; i++) {
        const rgm_life *life = rgm_instance_listed(refs[i].instance)->component->life;
        if (!life || !life->save) continue;
        memcpy(c->plugin[c->plugin_count++].label, refs[i].label, sizeof refs[i].label);
    }
}

static rgm_instance *labelled(const rgm_instance_ref *refs, const char *label) {
    while (strcmp(refs->label, label) != 0) refs++;
    return refs->instance;
}

static rgm_status save_states(const rgm_session *s, rgm_checkpoint *c, rgm_error *err) {
    rgm_instance_ref refs[RGM_RESUME_INSTANCES];
    rgm_resume_instances(&s->components, refs);
    label_states(s, c);
    for (int32_t i = 0; i < c->plugin_count; i++) {
        rgm_plugin_state *state = &c->plugin[i];
        rgm_instance *instance = labelled(refs, state->label);
        state->bytes = rgm_instance_state_bytes(instance);
        if (state->bytes > RGM_CHECKPOINT_STATE)
            return rgm_fail(err, RGM_E_PLUGIN, "%s: its state is larger than %d bytes, which is not kept", state->label,
                            RGM_CHECKPOINT_STATE);
        state->data = malloc(state->bytes ? state->bytes : 1);
        if (!state->data) return rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
        if (state->bytes) RGM_TRY(rgm_instance_save(instance, state->data, state->bytes, err));
    }
    return RGM_OK;
}

/* An empty state is the one after prepare, which the instances are in. */
static rgm_status load_states(const rgm_session *s, const rgm_checkpoint *c, rgm_error *err) {
    rgm_instance_ref refs[RGM_RESUME_INSTANCES];
    rgm_resume_instances(&s->components, refs);
    for (int32_t i = 0; i < c->plugin_count; i++) {
        const rgm_plugin_state *state = &c->plugin[i];
        if (state->bytes) RGM_TRY(rgm_instance_load(labelled(refs, state->label), state->data, state->bytes, err));
    }
    return RGM_OK;
}

/* A stop, or pixels that cannot be read any more, must not keep the state from being saved. */
static rgm_status find_fingerprint(const rgm_session *s, rgm_checkpoint *c, rgm_error *err) {
    const rgm_fingerprint_terms terms = {s->constants.input.mean, s->constants.input.std, s->constants.classes};
    rgm_error why = {0};
    if (!s->set) return RGM_OK;
    rgm_status status = rgm_fingerprint(s->set, &terms, &s->stop, &c->fingerprint, &why);
    c->fingerprint_pixels = status == RGM_OK;
    if (status == RGM_OK) return RGM_OK;
    if (status != RGM_E_INTERRUPTED)
        rgm_log(RGM_LOG_WARN, "%s: the checkpoint is saved without a hash of the pixels", why.text);
    return rgm_fingerprint_quick(s->set, &terms, &c->fingerprint, err);
}

rgm_status rgm_loop_save(const rgm_session *s, rgm_trainer *t, const rgm_progress *progress, const char *path,
                         rgm_error *err) {
    rgm_checkpoint *c = calloc(1, sizeof *c);
    rgm_config *effective = malloc(sizeof *effective);
    char *yaml = NULL;
    size_t size;
    rgm_status status = RGM_OK;
    if (!c || !effective) {
        status = rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
        goto done;
    }
    rgm_trainer_checkpoint(t, c);
    if ((status = rgm_session_effective(s, effective, err)) < 0) goto done;
    if ((status = rgm_config_print(effective, &yaml, &size, err)) < 0) goto done;
    if ((status = save_states(s, c, err)) < 0) goto done;
    if ((status = find_fingerprint(s, c, err)) < 0) goto done;
    c->progress = *progress;
    c->seed = s->config->seed;
    c->input = s->constants.input;
    c->config = yaml;
    c->build = s->build;
    c->plugins = s->plugins;
    c->classes = s->constants.classes;
    status = rgm_checkpoint_write(c, path, err);
done:
    if (c) free_states(c);
    free(c);
    free(effective);
    free(yaml);
    return status;
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
    rgm_progress from = header->progress;
    RGM_TRY_OR_FAIL(status, rgm_resume_check(s, header, path, &from, err));
    rgm_trainer_checkpoint(t, into);
    label_states(s, into);
    RGM_TRY_OR_FAIL(status, rgm_checkpoint_read(reader, into, 1, err));
    RGM_TRY_OR_FAIL(status, load_states(s, into, err));
    *progress = from;
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
    rgm_trainer *trainer;
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
    s->trainer = t;
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

void rgm_snapshot_restore(rgm_snapshot *s) {
    move_arrays(&s->of, s->copy, 1);
    rgm_trainer_restored(s->trainer);
}

void rgm_snapshot_destroy(rgm_snapshot *s) {
    if (!s) return;
    free(s->copy);
    free(s);
}

struct rgm_states {
    const rgm_session *session;
    rgm_checkpoint of; /* the plugins' states alone */
};

rgm_status rgm_states_take(rgm_states **states, const rgm_session *session, rgm_error *err) {
    rgm_states *s = *states = calloc(1, sizeof *s);
    if (!s) return rgm_fail(err, RGM_E_NOMEM, "states of plugins: out of memory");
    s->session = session;
    rgm_status status = save_states(session, &s->of, err);
    if (status >= 0) return RGM_OK;
    rgm_states_destroy(s);
    *states = NULL;
    return status;
}

/* An instance whose state was empty is prepared anew: it may have seen something since. */
rgm_status rgm_states_restore(rgm_states *s, rgm_error *err) {
    rgm_instance_ref refs[RGM_RESUME_INSTANCES];
    rgm_clock clock = rgm_session_clock(s->session, 0);
    rgm_resume_instances(&s->session->components, refs);
    for (int32_t i = 0; i < s->of.plugin_count; i++)
        if (!s->of.plugin[i].bytes)
            RGM_TRY(rgm_instance_prepare(labelled(refs, s->of.plugin[i].label), &s->session->model, &clock, err));
    return load_states(s->session, &s->of, err);
}

void rgm_states_destroy(rgm_states *s) {
    if (!s) return;
    free_states(&s->of);
    free(s);
}
