/* Checks of a run that lie in several files. check_run.c has the table. */
#ifndef RGM_RECIPE_CHECK_RUN_H
#define RGM_RECIPE_CHECK_RUN_H

#include "recipe/checks.h"

/* check_run_bits.c: the same bits again, on other threads, behind a checkpoint. */
rgm_status rgm_check_seed(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_threads(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_checkpoint(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_resume(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* check_run_end.c: what epochs are evaluated on, and what an early stop restores. */
rgm_status rgm_check_split_chosen(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_best_restored(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
