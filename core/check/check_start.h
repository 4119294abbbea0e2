/* What the checks of a net's start share. */
#ifndef RGM_CHECK_CHECK_START_H
#define RGM_CHECK_CHECK_START_H

#include "check/checks.h"

/* *loaded 1: training starts from a checkpoint's weights, and the verdict says so. */
rgm_status rgm_check_start_loaded(const rgm_checking *c, rgm_verdict *v, int32_t *loaded);

/* The root of the mean square of n numbers. */
double rgm_check_rms(const float *x, int64_t n);

/* The edit that starts as by default. */
void rgm_check_start_edit(const rgm_checking *c, rgm_verdict *v);

#endif
