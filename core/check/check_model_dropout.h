/* The check of the activation in dropout's place. */
#ifndef RGM_CHECK_CHECK_MODEL_DROPOUT_H
#define RGM_CHECK_CHECK_MODEL_DROPOUT_H

#include "check/checks.h"

rgm_status rgm_check_dropout(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
