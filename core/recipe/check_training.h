/* Short trainings that lie in files of their own. check_training.c has the table. */
#ifndef RGM_RECIPE_CHECK_TRAINING_H
#define RGM_RECIPE_CHECK_TRAINING_H

#include "recipe/checks.h"

rgm_status rgm_check_overfit(rgm_checking *c, rgm_verdict *v, rgm_error *err); /* check_training_batch.c */
rgm_status rgm_check_human(rgm_checking *c, rgm_verdict *v, rgm_error *err);   /* check_training_human.c */

#endif
