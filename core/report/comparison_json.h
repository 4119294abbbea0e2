/* A comparison as JSON: docs/COMPARE.md has the keys. */
#ifndef RGM_REPORT_COMPARISON_JSON_H
#define RGM_REPORT_COMPARISON_JSON_H

#include "report/comparison.h"

/* What files of it begin with. */
#define RGM_COMPARISON_JSON "{\n  \"verdict\":"

/* `target` as report/summary.h says of JSON. RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_comparison_write_json(const rgm_comparison *comparison, const char *target, rgm_error *err);

#endif
