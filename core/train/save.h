/* Saving a run: everything of a session and its trainer into a checkpoint. */
#ifndef RGM_TRAIN_SAVE_H
#define RGM_TRAIN_SAVE_H

#include "train/trainer.h"

/* Writes a checkpoint of the state as it is. [main] */
rgm_status rgm_save(const rgm_session *session, rgm_trainer *trainer, const rgm_progress *progress, const char *path,
                    rgm_error *err);

/* What such a checkpoint would say of its data and model, as rgm_constants_take() reads it. It is a model of this
 * build's, and its path is the model's name. RGM_E_NOMEM; RGM_E_IO if pixels cannot be read. [main] */
rgm_status rgm_save_constants(const rgm_session *session, rgm_constants *constants, rgm_error *err);

#endif
