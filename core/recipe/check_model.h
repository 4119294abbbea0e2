/* Checks of how a net behaves: check_model_runs.c and check_model_dropout.c. */
#ifndef RGM_RECIPE_CHECK_MODEL_H
#define RGM_RECIPE_CHECK_MODEL_H

#include "recipe/checks.h"

rgm_status rgm_check_logits_free(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_samples_apart(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_norm_modes(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_dropout(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
