/* The memory of a trainer: planned before anything is taken, then taken in one piece.
 *
 * In this order: the activator, the augmenter and the update are there, and plans are made; plan, check, take.
 */
#ifndef RGM_TRAIN_TRAINER_MEMORY_H
#define RGM_TRAIN_TRAINER_MEMORY_H

#include "train/trainer_parts.h"

/* Options of the plan of training, or of evaluation. */
rgm_plan_options rgm_trainer_plan_options(const rgm_trainer *trainer, int32_t training);

/* Fills in trainer->planned, in bytes. */
void rgm_trainer_plan_memory(rgm_trainer *trainer);

/* RGM_E_NOMEM, RGM_E_INTERRUPTED: rgm_budget_check() of what is planned. */
rgm_status rgm_trainer_check_memory(const rgm_trainer *trainer, rgm_error *err);

/* The tools that pictures of the session's set need, if any: trainer->tools, its own. RGM_E_NOMEM. */
rgm_status rgm_trainer_take_tools(rgm_trainer *trainer, rgm_error *err);

/* The arena, and its pieces, to which the plans are bound. RGM_E_NOMEM. */
rgm_status rgm_trainer_take_memory(rgm_trainer *trainer, rgm_error *err);

#endif
