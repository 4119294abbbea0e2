/* Checks by short trainings at several rates. */
#ifndef RGM_CHECK_CHECK_STEP_RATE_H
#define RGM_CHECK_CHECK_STEP_RATE_H

#include "check/checks.h"

rgm_status rgm_check_rate_range(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_warmup(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
