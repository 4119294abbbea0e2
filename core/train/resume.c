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

static void free_states(rgm_checkpoint *c) {
    for (int32_t i = 0; i < c->plugin_count; i++) free(c->plugin[i].data);
    c->plugin_count = 0;
}

/* Those that keep a state, labelled, even if it is empty now: a state may grow. */
static void label_states(const rgm_session *s, rgm_checkpoint *c) {
    const rgm_components *components = &s->model->components;
    for (int32_t i = 0; i < RGM_COMPONENTS; i++)
        if (components->all[i] && rgm_component_has_state(components->all[i]))
            rgm_component_label(components, i, c->plugin[c->plugin_count++].label);
}

static rgm_status save_states(const rgm_session *s, rgm_checkpoint *c, rgm_error *err) {
    label_states(s, c);
    for (int32_t i = 0; i < c->plugin_count; i++) {
        rgm_plugin_state *state = &c->plugin[i];
        rgm_instance *instance = rgm_component_labelled(&s->model->components, state->label);
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
    for (int32_t i = 0; i < c->plugin_count; i++) {
        const rgm_plugin_state *state = &c->plugin[i];
        if (state->bytes)
            RGM_TRY(rgm_instance_load(rgm_component_labelled(&s->model->components, state->label), state->data,
                                      state->bytes, err));
    }
    return RGM_OK;
}

/* A stop, or pixels that cannot be read any more, must not keep the state from being saved. */
static rgm_status find_fingerprint(const rgm_session *s, rgm_checkpoint *c, rgm_error *err) {
    const rgm_fingerprint_terms terms = {s->model->input.mean, s->model->input.std, s->data->constants.classes};
    rgm_error why = {0};
    if (!s->data->set) return RGM_OK;
    rgm_status status = rgm_fingerprint(s->data->set, &terms, &s->stop, &c->fingerprint, &why);
    c->fingerprint_pixels = status == RGM_OK;
    if (status == RGM_OK) return RGM_OK;
    if (status != RGM_E_INTERRUPTED)
        rgm_log(RGM_LOG_WARN, "%s: the checkpoint is saved without a hash of the pixels", why.text);
    return rgm_fingerprint_quick(s->data->set, &terms, &c->fingerprint, err);
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
    rgm_session_effective(s, effective);
    if ((status = rgm_config_print(effective, &yaml, &size, err)) < 0) goto done;
    if ((status = save_states(s, c, err)) < 0) goto done;
    if ((status = find_fingerprint(s, c, err)) < 0) goto done;
    c->progress = *progress;
    c->seed = s->config->seed;
    c->input = s->model->input;
    c->config = yaml;
    c->build = s->device->build;
    c->plugins = s->model->plugins;
    c->classes = s->data->constants.classes;
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
    *differs = strcmp(header->build, s->device->build) != 0;
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
    rgm_clock clock = rgm_session_clock(s->session, 0);
    for (int32_t i = 0; i < s->of.plugin_count; i++)
        if (!s->of.plugin[i].bytes)
            RGM_TRY(rgm_instance_prepare(rgm_component_labelled(&s->session->model->components, s->of.plugin[i].label),
                                         &s->session->model->info, &clock, err));
    return load_states(s->session, &s->of, err);
}

void rgm_states_destroy(rgm_states *s) {
    if (!s) return;
    free_states(&s->of);
    free(s);
}
