/* Checks of a run: what epochs are evaluated on, and what an early stop restores. */
#ifndef RGM_CHECK_CHECK_RUN_END_H
#define RGM_CHECK_CHECK_RUN_END_H

#include "check/checks.h"

rgm_status rgm_check_split_chosen(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_best_restored(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
