#include "train/snapshot.h"

#include <stdlib.h>
#include <string.h>
#include "train/plugin_states.h"

enum { TENSORS = RGM_PARAMETERS | RGM_STATISTICS | RGM_SLOTS };

struct rgm_snapshot {
    rgm_trainer *trainer;
    char *copy;   /* of the tensors, one behind the other */
    size_t bytes; /* so far, of a walk */
};

static rgm_status count(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    ((rgm_snapshot *)context)->bytes += t->bytes;
    return RGM_OK;
}

static rgm_status take(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    rgm_snapshot *s = context;
    memcpy(s->copy + s->bytes, t->data, t->bytes);
    s->bytes += t->bytes;
    return RGM_OK;
}

static rgm_status restore(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    rgm_snapshot *s = context;
    memcpy(t->data, s->copy + s->bytes, t->bytes);
    s->bytes += t->bytes;
    return RGM_OK;
}

static void walk(rgm_snapshot *s, rgm_state_fn visit) {
    s->bytes = 0;
    rgm_trainer_visit(s->trainer, TENSORS, visit, s, NULL);
}

rgm_status rgm_snapshot_take(rgm_snapshot **snapshot, rgm_trainer *t, rgm_error *err) {
    *snapshot = NULL;
    rgm_snapshot *s = calloc(1, sizeof *s);
    if (!s) return rgm_fail(err, RGM_E_NOMEM, "snapshot: out of memory");
    s->trainer = t;
    walk(s, count);
    s->copy = malloc(s->bytes);
    if (!s->copy) {
        free(s);
        return rgm_fail(err, RGM_E_NOMEM, "snapshot: out of memory");
    }
    walk(s, take);
    *snapshot = s;
    return RGM_OK;
}

void rgm_snapshot_restore(rgm_snapshot *s) {
    walk(s, restore);
    rgm_trainer_restored(s->trainer);
}

void rgm_snapshot_destroy(rgm_snapshot *s) {
    if (!s) return;
    free(s->copy);
    free(s);
}

struct rgm_states {
    const rgm_session *session;
    rgm_state of; /* the plugins' states alone */
};

rgm_status rgm_states_take(rgm_states **states, const rgm_session *session, rgm_error *err) {
    *states = NULL;
    rgm_states *s = calloc(1, sizeof *s);
    if (!s) return rgm_fail(err, RGM_E_NOMEM, "states of plugins: out of memory");
    s->session = session;
    rgm_status status = rgm_plugin_states_save(&session->model->components, &s->of, err);
    if (status >= 0)
        *states = s;
    else
        rgm_states_destroy(s);
    return status;
}

rgm_status rgm_states_restore(rgm_states *s, rgm_error *err) {
    return rgm_plugin_states_restore(s->session, &s->of, err);
}

void rgm_states_destroy(rgm_states *s) {
    if (!s) return;
    rgm_plugin_states_free(&s->of);
    free(s);
}
