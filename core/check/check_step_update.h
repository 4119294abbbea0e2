/* Checks of steps as they are made. */
#ifndef RGM_CHECK_CHECK_STEP_UPDATE_H
#define RGM_CHECK_CHECK_STEP_UPDATE_H

#include "check/checks.h"

rgm_status rgm_check_step_direction(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_step_formula(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_gradients_cleared(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_parameters_move(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_clip(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
