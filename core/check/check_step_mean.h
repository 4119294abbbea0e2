/* The check that the gradient is the mean over the batch. */
#ifndef RGM_CHECK_CHECK_STEP_MEAN_H
#define RGM_CHECK_CHECK_STEP_MEAN_H

#include "check/checks.h"

rgm_status rgm_check_gradient_mean(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
