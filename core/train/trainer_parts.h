/* What a trainer is made of: for trainer.c, and trainer_memory.c beside it. */
#ifndef RGM_TRAIN_TRAINER_PARTS_H
#define RGM_TRAIN_TRAINER_PARTS_H

#include "base/arena.h"
#include "plan/plan.h"
#include "train/activation.h"
#include "train/augment.h"
#include "train/budget.h"
#include "train/loss.h"
#include "train/trainer_internal.h"
#include "train/update.h"

struct rgm_trainer {
    const rgm_session *session;
    rgm_trainer_options options;
    rgm_trainer_knobs knobs;
    rgm_arena arena; /* parameters, gradients, slots, statistics, targets, activations */
    rgm_memory memory;
    rgm_state state;    /* where all tensors are; without states of plugins */
    float *stat_before; /* the statistics as they were before the step */
    int32_t half;       /* 1: a step failed amid its update */
    double rate_share;  /* of the rate that the schedule says */
    double usual;       /* loss beside which a step's is a spike; NaN: none is */
    int32_t spiked;     /* 1: the last step failed for that */
    float *targets;
    int32_t *labels;
    rgm_activator activator;
    rgm_plan *train_plan, *eval_plan;
    rgm_augmenter *augmenter;
    rgm_tools *tools; /* for pictures of the session's set; NULL: none are needed */
    rgm_batches *train_batches, *eval_batches;
    rgm_view eval_view; /* what eval_batches walks over */
    rgm_loss_driver *train_loss, *eval_loss;
    rgm_update *update;
    rgm_watcher *watcher; /* NULL: nobody looks */
    rgm_phase *step, *eval;
    int32_t step_count, eval_count;
    rgm_memory_plan planned;
};

#endif
