/* Marks: spots of the images that tell their class. */
#ifndef RGM_CHECK_CHECK_DATA_MARKS_H
#define RGM_CHECK_CHECK_DATA_MARKS_H

#include "check/checks.h"

rgm_status rgm_check_marks(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
