/* The filters of a first layer on a page: a sheet of them on a common scale around 0, and whether they are noise. */
#ifndef RGM_REPORT_FILTERS_H
#define RGM_REPORT_FILTERS_H

#include <stdio.h>
#include "report/examination.h"

enum { RGM_FILTERS_SIDE = 64 }; /* larger ones are not drawn */

/* The sheet, RGM_EXAMINED_FILTERS filters at most, and a sentence with rgm_examination_noise(). Filters of three
 * channels are in colour; of others the first channel is shown. Nothing of none. RGM_E_NOMEM. */
rgm_status rgm_filters_put(FILE *to, const rgm_examined_filters *filters, rgm_error *err);

#endif
