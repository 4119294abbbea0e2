/* What the components of a run keep for checkpoints, as bytes in an rgm_state. */
#ifndef RGM_TRAIN_PLUGIN_STATES_H
#define RGM_TRAIN_PLUGIN_STATES_H

#include "train/session.h"
#include "train/state.h"

/* Labels of those that keep one, in the order of checkpoints, even if it is empty now: a state may grow. */
void rgm_plugin_states_label(const rgm_components *components, rgm_state *state);

/* The same, and their bytes in new memory. RGM_E_PLUGIN for one that is too large or fails. Free it in any case.
 * [main] */
rgm_status rgm_plugin_states_save(const rgm_components *components, rgm_state *state, rgm_error *err);

/* Gives them back to prepared components. An empty state is the one after prepare, which they are in. [main] */
rgm_status rgm_plugin_states_load(const rgm_components *components, const rgm_state *state, rgm_error *err);

/* The same to components that may have seen something since: one whose state is empty is prepared anew. [main] */
rgm_status rgm_plugin_states_restore(const rgm_session *session, const rgm_state *state, rgm_error *err);

void rgm_plugin_states_free(rgm_state *state);

#endif
