/* Rows of family D, by file. */
#ifndef RGM_RECIPE_CHECK_DATA_H
#define RGM_RECIPE_CHECK_DATA_H

#include "recipe/checks.h"

/* check_data_labels.c: labels against pictures, by a cheap model */
rgm_status rgm_check_labels_fit(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_splits_agree(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_wrong_labels(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
