/* The check of updates beside weights, layer by layer. */
#ifndef RGM_CHECK_CHECK_STEP_LAYERS_H
#define RGM_CHECK_CHECK_STEP_LAYERS_H

#include "check/checks.h"

rgm_status rgm_check_layer_updates(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
