/* The hook through which the net runs activations from plugins (dropout). Draws are keyed by seed, layer, step and
 * place in the batch, so that the backward pass draws the forward pass' mask again. */
#ifndef RGM_TRAIN_ACTIVATION_H
#define RGM_TRAIN_ACTIVATION_H

#include "plan/plan.h"
#include "train/session.h"

typedef struct rgm_activator {
    const rgm_session *session;
    rgm_clock clock; /* of the step under way; set by the trainer */
    char *scratch;   /* the plugin's, per worker */
    size_t scratch_bytes;
} rgm_activator;

/* Takes the scratch that the plugin asked for. [main] */
rgm_status rgm_activator_init(rgm_activator *activator, const rgm_session *session, rgm_error *err);
void rgm_activator_release(rgm_activator *activator);
size_t rgm_activator_bytes(const rgm_activator *activator);

/* The hook; `activator` is its context and must outlive the plan. */
rgm_activation_hook rgm_activator_hook(rgm_activator *activator);

#endif
