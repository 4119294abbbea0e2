/* Knobs of a trainer that only tests and benches turn. */
#ifndef RGM_TRAIN_TRAINER_INTERNAL_H
#define RGM_TRAIN_TRAINER_INTERNAL_H

#include "train/trainer.h"

typedef struct rgm_trainer_knobs {
    int32_t drawn;     /* 1: without training, too, parameters get the values that training starts from */
    size_t available;  /* bytes that may be taken; 0: what the system and the process' cgroups leave */
    int32_t unwatched; /* 1: nobody looks at layers (watch.h) */
} rgm_trainer_knobs;

rgm_status rgm_trainer_create_with(rgm_trainer **trainer, const rgm_session *session,
                                   const rgm_trainer_options *options, const rgm_trainer_knobs *knobs, rgm_error *err);

#endif
