/* What comes out of runs, as the public structs have it. */
#ifndef RGM_LIBRARY_RESULT_H
#define RGM_LIBRARY_RESULT_H

#include "library/inside.h"

/* The public result of a run or an evaluation; its texts are copies. config NULL: nothing is known. */
void rgm_public_result(regimen_result *result, const rgm_run_summary *summary, const rgm_config *config);

#endif
