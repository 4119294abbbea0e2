/* An optimizer on a bench: the update of one tensor as a training makes it, with gradients that are made up. Of that
 * update are the regularizers, too (train/update.h). So an optimizer that nobody knows is known by what it does.
 *
 * It works on memory of its own; the session's trainer is not touched. */
#ifndef RGM_CHECK_RIG_H
#define RGM_CHECK_RIG_H

#include "train/session.h"

/* Below this ratio the length of a step does not depend on that of the gradient. */
#define RGM_SCALE_FREE 3

/* How the parameters of one tensor answer to gradients of +-size in each element. Lengths are divided by the rate, and
 * by the gradient's size unless the optimizer is free of scale. */
typedef struct rgm_response {
    char tensor[64];  /* which was looked at */
    double first;     /* the first step against the gradient */
    double ratio;     /* the same of gradients ten times as large, divided by it: 10 as in descent, 1 as in Adam */
    double constant;  /* a step after many of the same gradient: 1 / (1 - momentum) in descent */
    double remaining; /* of the steps behind one gradient and then none: the 100th divided by the second */
    double decay;     /* with the regularizers, at `rate`: share of the parameters that is lost in a step whatever the
                         gradients; below 0: they grow */
} rgm_response;

/* With gradients of size `size`. All but `decay` is of the optimizer alone, at a small rate, so that regularizers and a
 * wrong rate are not in it. It looks at the last weight that is updated at all; *moves = 0: none is, and the rest is 0.
 * RGM_E_NOMEM; RGM_E_PLUGIN. [main] */
typedef struct rgm_rig_ask {
    double size, rate;
} rgm_rig_ask;
rgm_status rgm_rig_look(const rgm_session *session, const rgm_rig_ask *ask, rgm_response *response, int32_t *moves,
                        rgm_error *err);

#endif
