/* Checks of family D: what short trainings say of the data. */
#ifndef RGM_CHECK_CHECK_DATA_TRAINED_H
#define RGM_CHECK_CHECK_DATA_TRAINED_H

#include "check/checks.h"

rgm_status rgm_check_inputs_matter(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_baselines(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
