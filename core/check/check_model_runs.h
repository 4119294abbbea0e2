/* Checks of how a net answers: its logits, the samples of a batch, the two forms of batch norm. */
#ifndef RGM_CHECK_CHECK_MODEL_RUNS_H
#define RGM_CHECK_CHECK_MODEL_RUNS_H

#include "check/checks.h"

rgm_status rgm_check_logits_free(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_samples_apart(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_gradients_apart(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_norm_modes(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
