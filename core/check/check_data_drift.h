/* A check of family D: whether the splits are of one kind. */
#ifndef RGM_CHECK_CHECK_DATA_DRIFT_H
#define RGM_CHECK_CHECK_DATA_DRIFT_H

#include "check/checks.h"

rgm_status rgm_check_drift(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
