/* The check by one batch that is learnt by heart. */
#ifndef RGM_CHECK_CHECK_TRAINING_BATCH_H
#define RGM_CHECK_CHECK_TRAINING_BATCH_H

#include "check/checks.h"

rgm_status rgm_check_overfit(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
