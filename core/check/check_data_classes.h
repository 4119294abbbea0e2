/* Checks of family D: classes and splits. */
#ifndef RGM_CHECK_CHECK_DATA_CLASSES_H
#define RGM_CHECK_CHECK_DATA_CLASSES_H

#include "check/checks.h"

rgm_status rgm_check_classes(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_balance(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_shares(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_validation(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_enough(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
