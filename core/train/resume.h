/* Going on from a checkpoint: all of a run, or its weights. */
#ifndef RGM_TRAIN_RESUME_H
#define RGM_TRAIN_RESUME_H

#include "train/trainer.h"

enum { RGM_BUILD_TEXT = 256 };

/* What a checkpoint says of the run that is resumed. */
typedef struct rgm_resumed {
    rgm_progress progress;
    int32_t differs;            /* 1: another build wrote it; other bits may follow */
    char build[RGM_BUILD_TEXT]; /* which one */
} rgm_resumed;

/* Loads everything from a checkpoint of the same run: progress, weights, slots, plugin states. Refused (RGM_E_USAGE,
 * naming it) if the data's fingerprint, the constants, the seed or another option that decides the bits differs. A
 * model that was saved by itself (run/predictor.h) has no step, and is refused. Other versions of plugins, other class
 * names and another metric of early stopping are a warning in the log. With another metric the best and the patience
 * begin anew. [main] */
rgm_status rgm_resume(const rgm_session *session, rgm_trainer *trainer, const char *path, rgm_resumed *resumed,
                      rgm_error *err);

/* The tensors and plugins' states of a checkpoint that this run has written itself, at any step; its progress is passed
 * over. RGM_E_FORMAT for another kind of file, RGM_E_USAGE for one of another seed. Nothing stops it, and the trainer
 * is not whole if it fails amid the tensors. [main] */
rgm_status rgm_resume_state(const rgm_session *session, rgm_trainer *trainer, const char *path, rgm_error *err);

/* Loads weights and statistics only. The tensors must match the model's. RGM_E_INTERRUPTED if `stop` is asked (NULL:
 * never). [main] */
rgm_status rgm_load_weights(rgm_trainer *trainer, const char *path, const rgm_stop *stop, rgm_error *err);

#endif
