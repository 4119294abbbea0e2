/* Saving a run: everything of a session and its trainer into a checkpoint. */
#ifndef RGM_TRAIN_SAVE_H
#define RGM_TRAIN_SAVE_H

#include "train/trainer.h"

/* Writes a checkpoint of the state as it is. [main] */
rgm_status rgm_save(const rgm_session *session, rgm_trainer *trainer, const rgm_progress *progress, const char *path,
                    rgm_error *err);

#endif
