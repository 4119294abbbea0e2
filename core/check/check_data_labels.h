/* Checks of family D: labels against pictures, by a cheap model. */
#ifndef RGM_CHECK_CHECK_DATA_LABELS_H
#define RGM_CHECK_CHECK_DATA_LABELS_H

#include "check/checks.h"

rgm_status rgm_check_labels_fit(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_splits_agree(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_wrong_labels(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
