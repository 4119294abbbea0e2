/* The curves of a report: those of a training over its steps, of one run or of several on common axes. */
#ifndef RGM_REPORT_RUN_CURVES_H
#define RGM_REPORT_RUN_CURVES_H

#include <stdio.h>
#include "report/history.h"

/* Loss with the rate below, accuracy, their gap, the gradient's norm, throughput. RGM_E_NOMEM. */
rgm_status rgm_run_curves_put(FILE *to, const rgm_history *history, rgm_error *err);

/* Training loss, evaluations' loss and accuracy, rate and throughput of several runs. Over epochs if all of them know
 * theirs, else over steps. RGM_E_NOMEM. */
rgm_status rgm_runs_curves_put(FILE *to, const rgm_history *const *runs, int32_t count, rgm_error *err);

#endif
