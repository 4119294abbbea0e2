/* May a run be continued from a checkpoint? Only resume.c asks. */
#ifndef RGM_TRAIN_RESUME_CHECK_H
#define RGM_TRAIN_RESUME_CHECK_H

#include "train/checkpoint.h"
#include "train/session.h"

/* May the session go on from a checkpoint with this header? Refuses what decides the bits and differs (RGM_E_USAGE,
 * naming it), and progress that cannot be (RGM_E_FORMAT). Warns about what may have changed the bits. *progress is
 * changed where counting has to begin anew. */
rgm_status rgm_resume_check(const rgm_session *session, const rgm_checkpoint *header, const char *path,
                            rgm_progress *progress, rgm_error *err);

#endif
