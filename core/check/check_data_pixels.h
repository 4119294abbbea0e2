/* Pixels that show nothing: noise, random bytes, what was cut off. */
#ifndef RGM_CHECK_CHECK_DATA_PIXELS_H
#define RGM_CHECK_CHECK_DATA_PIXELS_H

#include "check/checks.h"

rgm_status rgm_check_damaged(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_noise(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
