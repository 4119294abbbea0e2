#include "train/save.h"

#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "data/fingerprint.h"
#include "train/plugin_states.h"

/* A stop, or pixels that cannot be read any more, must not keep the state from being saved. */
static rgm_status find_fingerprint(const rgm_session *s, rgm_checkpoint *c, rgm_error *err) {
    const rgm_fingerprint_terms terms = {s->model->input.mean, s->model->input.std, s->data->constants.classes};
    rgm_error why = {0};
    if (!s->data->set) return RGM_OK;
    rgm_status status = rgm_fingerprint(s->data->set, &terms, &s->stop, &c->fingerprint, &why);
    c->fingerprint_pixels = status == RGM_OK;
    if (status < 0 && status != RGM_E_INTERRUPTED)
        rgm_log(RGM_LOG_WARN, "%s: the checkpoint is saved without a hash of the pixels", why.text);
    if (status < 0) RGM_TRY(rgm_fingerprint_quick(s->data->set, &terms, &c->fingerprint, err));
    c->fingerprint ^= s->data->excluded;
    return RGM_OK;
}

/* What is needed for a while, too large for a stack. */
typedef struct whole {
    rgm_checkpoint checkpoint;
    rgm_state state;
    rgm_config effective;
    char *yaml;
} whole;

static rgm_status fill(whole *w, const rgm_session *s, rgm_trainer *t, rgm_error *err) {
    rgm_checkpoint *c = &w->checkpoint;
    size_t size;
    rgm_trainer_state(t, &w->state);
    rgm_session_effective(s, &w->effective);
    RGM_TRY(rgm_config_print(&w->effective, &w->yaml, &size, err));
    RGM_TRY(rgm_plugin_states_save(&s->model->components, &w->state, err));
    RGM_TRY(find_fingerprint(s, c, err));
    c->seed = s->config->seed;
    c->input = s->model->input;
    c->config = w->yaml;
    c->build = s->device->build;
    c->plugins = s->model->plugins;
    c->classes = s->data->constants.classes;
    return RGM_OK;
}

rgm_status rgm_save(const rgm_session *s, rgm_trainer *t, const rgm_progress *progress, const char *path,
                    rgm_error *err) {
    whole *w = calloc(1, sizeof *w);
    if (!w) return rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
    w->checkpoint.progress = *progress;
    rgm_status status = fill(w, s, t, err);
    if (status >= 0) status = rgm_checkpoint_write(&w->checkpoint, &w->state, path, err);
    rgm_plugin_states_free(&w->state);
    free(w->yaml);
    free(w);
    return status;
}

rgm_status rgm_save_constants(const rgm_session *s, rgm_constants *constants, rgm_error *err) {
    rgm_checkpoint c = {.version = RGM_CHECKPOINT_VERSION};
    *constants = (rgm_constants){0};
    RGM_TRY(find_fingerprint(s, &c, err));
    *constants = (rgm_constants){.input = s->model->input,
                                 .classes = strdup(s->data->constants.classes),
                                 .path = strdup(s->config->model.name),
                                 .version = c.version,
                                 .fingerprint = c.fingerprint,
                                 .fingerprint_pixels = c.fingerprint_pixels,
                                 .seed = s->config->seed,
                                 .held_out = s->config->data.validation};
    if (constants->classes && constants->path) return RGM_OK;
    rgm_constants_free(constants);
    return rgm_fail(err, RGM_E_NOMEM, "model: out of memory");
}
