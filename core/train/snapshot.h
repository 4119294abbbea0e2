/* Copies of a run's state in memory. */
#ifndef RGM_TRAIN_SNAPSHOT_H
#define RGM_TRAIN_SNAPSHOT_H

#include "train/trainer.h"

/* Parameters, slots and running statistics as they are: for steps that are to leave no trace (bench train). Plugins'
 * states are not among them, since only an evaluation's observe() changes those. Its memory, as much as those tensors
 * take, is no part of the plan. RGM_E_NOMEM. Before the trainer ends. [main] */
typedef struct rgm_snapshot rgm_snapshot;
rgm_status rgm_snapshot_take(rgm_snapshot **snapshot, rgm_trainer *trainer, rgm_error *err);
void rgm_snapshot_restore(rgm_snapshot *snapshot);
void rgm_snapshot_destroy(rgm_snapshot *snapshot); /* NULL is fine */

/* The same of the plugins' states, around calls that change them. RGM_E_NOMEM, RGM_E_PLUGIN. [main] */
typedef struct rgm_states rgm_states;
rgm_status rgm_states_take(rgm_states **states, const rgm_session *session, rgm_error *err);
rgm_status rgm_states_restore(rgm_states *states, rgm_error *err);
void rgm_states_destroy(rgm_states *states); /* NULL is fine */

#endif
