/* Inside of saving and continuing: what resume.c, resume_check.c and session.c share. Nobody else includes this. */
#ifndef RGM_TRAIN_RESUME_INTERNAL_H
#define RGM_TRAIN_RESUME_INTERNAL_H

#include "train/checkpoint.h"
#include "train/session.h"

enum { RGM_RESUME_INSTANCES = 6 + 2 + 2 * RGM_CONFIG_LIST, RGM_RESUME_LINE = 320 };

/* An instance of the session and its name in checkpoints: "scheduler 0 plateau". */
typedef struct rgm_instance_ref {
    rgm_instance *instance;
    char label[96];
} rgm_instance_ref;

/* Every instance that there is; returns how many. */
int32_t rgm_resume_instances(const rgm_components *components, rgm_instance_ref refs[RGM_RESUME_INSTANCES]);

/* The text of /text/plugins in new memory, a line for each instance: "LABEL: ID VERSION", and for a plugin that is not
 * Regimen's own RGM_RESUME_FILE and a hash of its file. When they have just been loaded. */
#define RGM_RESUME_FILE " file "
rgm_status rgm_resume_list_plugins(const rgm_components *components, char **text, rgm_error *err);

/* May the session go on from a checkpoint with this header? Refuses what decides the bits and differs (RGM_E_USAGE,
 * naming it) and progress that cannot be (RGM_E_FORMAT); warns about what may have changed the bits. *progress is
 * changed where counting has to begin anew. */
rgm_status rgm_resume_check(const rgm_session *session, const rgm_checkpoint *header, const char *path,
                            rgm_progress *progress, rgm_error *err);

#endif
