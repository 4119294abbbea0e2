/* Checks of the weights that a net starts with. */
#ifndef RGM_CHECK_CHECK_START_SCALE_H
#define RGM_CHECK_CHECK_START_SCALE_H

#include "check/checks.h"

rgm_status rgm_check_units_alike(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_weights_at_start(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_scale_at_start(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
