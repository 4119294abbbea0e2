/* A comparison for people: a sentence, the answer to the hypotheses, then tables. What names hold is shown, never
 * obeyed; of many classes those with the clearest changes are shown.
 */
#ifndef RGM_REPORT_COMPARISON_PRINT_H
#define RGM_REPORT_COMPARISON_PRINT_H

#include <stdio.h>
#include "report/comparison.h"

/* At most `most` changed images of each kind. RGM_E_NOMEM. */
rgm_status rgm_comparison_print(FILE *to, const rgm_comparison *comparison, int32_t most, rgm_error *err);

#endif
