/* A person's answers beside the model's. */
#ifndef RGM_CHECK_CHECK_TRAINING_HUMAN_H
#define RGM_CHECK_CHECK_TRAINING_HUMAN_H

#include "check/checks.h"

rgm_status rgm_check_human(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
