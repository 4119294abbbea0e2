/* Checks of family D: what the inspection finds. */
#ifndef RGM_CHECK_CHECK_DATA_FOUND_H
#define RGM_CHECK_CHECK_DATA_FOUND_H

#include "check/checks.h"

rgm_status rgm_check_readable(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_leaks(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_near_leaks(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_conflicts(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_duplicates(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_blank(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_outliers(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
