/* The check of the schedule, and what others ask of it. */
#ifndef RGM_CHECK_CHECK_STEP_SCHEDULE_H
#define RGM_CHECK_CHECK_STEP_SCHEDULE_H

#include "check/checks.h"

/* The rate at its highest, by samples of the schedule: the optimizer's lr times the largest factor. [main] */
rgm_status rgm_step_peak(const rgm_checking *c, double *peak, rgm_error *err);

/* Steps that the run makes. */
int64_t rgm_step_count(const rgm_checking *c);

/* The row. */
rgm_status rgm_check_schedule(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
