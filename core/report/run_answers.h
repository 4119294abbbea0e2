/* What a model says of a split, on the page of its run: confusion, classes, reliability, the worst mistakes, filters.
 */
#ifndef RGM_REPORT_RUN_ANSWERS_H
#define RGM_REPORT_RUN_ANSWERS_H

#include <stdio.h>
#include "report/examination.h"
#include "report/risks.h"

/* Sections "predictions" and "filters". RGM_E_NOMEM. */
rgm_status rgm_run_answers_put(FILE *to, const rgm_examination *examination, rgm_error *err);

/* What it adds to a run's risks, by kind:
 *     calibration    the error is beyond chance and above 3 points
 *     class          the recall of a class with 10 images and more is below half of the mean
 *     filters        more than a tenth of the first layer's filters are dead */
void rgm_run_answers_risks(const rgm_examination *examination, rgm_risks *risks);

#endif
