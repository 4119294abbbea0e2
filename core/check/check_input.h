/* Checks of family P: pixels, and what the pipelines make of them. */
#ifndef RGM_CHECK_CHECK_INPUT_H
#define RGM_CHECK_CHECK_INPUT_H

#include "check/checks.h"

rgm_status rgm_check_normalised(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_pixel_levels(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_pixel_order(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_evaluation_pixels(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_train_evaluation(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
