/* What a model says of a data set, on an inspection's page: accuracy, calibration, which classes it takes for which. */
#ifndef RGM_REPORT_INSPECTION_SAYS_H
#define RGM_REPORT_INSPECTION_SAYS_H

#include "report/inspection_draw.h"

/* Nothing without a model. RGM_E_NOMEM. */
rgm_status rgm_says_draw(rgm_drawing *drawing, rgm_error *err);

#endif
