/* Checks of a run: the same bits again, on other threads, behind a checkpoint. */
#ifndef RGM_CHECK_CHECK_RUN_BITS_H
#define RGM_CHECK_CHECK_RUN_BITS_H

#include "check/checks.h"

rgm_status rgm_check_seed(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_threads(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_checkpoint(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_resume(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
