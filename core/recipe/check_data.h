/* Rows of family D, by file. */
#ifndef RGM_RECIPE_CHECK_DATA_H
#define RGM_RECIPE_CHECK_DATA_H

#include "recipe/checks.h"

/* check_data_found.c: what the inspection finds */
rgm_status rgm_check_readable(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_leaks(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_near_leaks(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_conflicts(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_duplicates(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_blank(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_outliers(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* check_data_classes.c: classes and splits */
rgm_status rgm_check_classes(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_balance(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_shares(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_validation(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_enough(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* check_data_labels.c: labels against pictures, by a cheap model */
rgm_status rgm_check_labels_fit(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_splits_agree(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_wrong_labels(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* check_data_drift.c: whether the splits are of one kind */
rgm_status rgm_check_drift(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* check_data_trained.c: what short trainings say of the data */
rgm_status rgm_check_inputs_matter(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_baselines(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
