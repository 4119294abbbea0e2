#include "train/resume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "train/plugin_states.h"
#include "train/resume_check.h"

/* Reads tensors and states into the trainer and its components. */
static rgm_status read_all(rgm_checkpoint_reader *reader, const rgm_session *s, rgm_trainer *t, rgm_error *err) {
    rgm_state *into = calloc(1, sizeof *into);
    if (!into) return rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
    rgm_trainer_state(t, into);
    rgm_plugin_states_label(&s->model->components, into);
    rgm_status status = rgm_checkpoint_read(reader, into, 1, err);
    if (status >= 0) status = rgm_plugin_states_restore(s, into, err);
    rgm_plugin_states_free(into);
    free(into);
    return status;
}

rgm_status rgm_resume(const rgm_session *s, rgm_trainer *t, const char *path, rgm_resumed *resumed, rgm_error *err) {
    rgm_checkpoint_reader *reader;
    RGM_TRY(rgm_checkpoint_open(&reader, path, &s->stop, err));
    const rgm_checkpoint *header = rgm_checkpoint_header(reader);
    rgm_progress from = header->progress;
    rgm_status status;
    if (rgm_checkpoint_foreign(reader)) {
        status = rgm_fail(err, RGM_E_FORMAT, "%s: weights only: a run cannot be continued from it", path);
        goto fail;
    }
    RGM_TRY_OR_FAIL(status, rgm_resume_check(s, header, path, &from, err));
    RGM_TRY_OR_FAIL(status, read_all(reader, s, t, err));
    resumed->progress = from;
    resumed->differs = strcmp(header->build, s->device->build) != 0;
    snprintf(resumed->build, sizeof resumed->build, "%s", header->build);
fail:
    rgm_checkpoint_close(reader);
    return status;
}

rgm_status rgm_resume_state(const rgm_session *s, rgm_trainer *t, const char *path, rgm_error *err) {
    rgm_checkpoint_reader *reader;
    RGM_TRY(rgm_checkpoint_open(&reader, path, NULL, err));
    rgm_status status;
    if (rgm_checkpoint_foreign(reader)) {
        status = rgm_fail(err, RGM_E_FORMAT, "%s: weights only: a run cannot be continued from it", path);
    } else if (rgm_checkpoint_header(reader)->seed != s->config->seed) {
        status = rgm_fail(err, RGM_E_USAGE, "%s: it is of a run with another seed", path);
    } else {
        rgm_trainer_restoring(t);
        status = read_all(reader, s, t, err);
        if (status >= 0) rgm_trainer_restored(t);
    }
    rgm_checkpoint_close(reader);
    return status;
}

rgm_status rgm_load_weights(rgm_trainer *t, const char *path, const rgm_stop *stop, rgm_error *err) {
    rgm_checkpoint_reader *reader = NULL;
    rgm_state *into = calloc(1, sizeof *into);
    if (!into) return rgm_fail(err, RGM_E_NOMEM, "checkpoint: out of memory");
    rgm_trainer_state(t, into);
    rgm_status status = rgm_checkpoint_open(&reader, path, stop, err);
    if (status >= 0) status = rgm_checkpoint_read(reader, into, 0, err);
    rgm_checkpoint_close(reader);
    free(into);
    return status;
}
