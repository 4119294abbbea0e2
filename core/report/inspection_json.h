/* An inspection for programs: docs/INSPECT.md has the keys. It is written as it comes, since classes and findings may
 * be many. Of a kind, the first 100,000 findings are in it.
 */
#ifndef RGM_REPORT_INSPECTION_JSON_H
#define RGM_REPORT_INSPECTION_JSON_H

#include "report/inspection.h"

/* `target` as report/summary.h says of JSON. RGM_E_IO, RGM_E_NOMEM. */
rgm_status rgm_inspection_write_json(const rgm_inspection *inspection, const char *target, rgm_error *err);

/* What such a file begins with: only those are written over. */
#define RGM_INSPECTION_JSON "{\n  \"data\": "

#endif
