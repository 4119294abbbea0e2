/* An inspection as tables for people. What names hold is shown, never obeyed; of many classes, those with the most
 * images and the fewest are shown.
 */
#ifndef RGM_REPORT_INSPECTION_PRINT_H
#define RGM_REPORT_INSPECTION_PRINT_H

#include <stdio.h>
#include "report/inspection.h"

/* What the set is, splits, classes, findings by kind with the first `most` of each, the verdict. */
void rgm_inspection_print(FILE *to, const rgm_inspection *inspection, int32_t most);

#endif
