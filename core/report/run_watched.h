/* What was watched of a run (train/watched.h), on its page: the network from within, over its steps. */
#ifndef RGM_REPORT_RUN_WATCHED_H
#define RGM_REPORT_RUN_WATCHED_H

#include <stdio.h>
#include "report/history.h"
#include "train/watched.h"

/* Heat maps of layers by steps: activations, gradients, updates beside weights, dead units. Then what the fixed batch
 * was taken for, over the evaluations, and the first layer's filters at the start and now. `history` has the run's
 * length and seed, `names` [classes] (NULL: numbers). RGM_E_NOMEM. */
rgm_status rgm_run_watched_put(FILE *to, const rgm_watched *watched, const rgm_history *history,
                               const char *const *names, rgm_error *err);

#endif
