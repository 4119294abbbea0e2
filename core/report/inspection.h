/* What an inspection of a data set gives, as plain data: recipe/inspect.h fills it, report/ tells it. Arrays are the
 * inspection's own; what was not looked at is NULL or 0.
 */
#ifndef RGM_REPORT_INSPECTION_H
#define RGM_REPORT_INSPECTION_H

#include "report/findings.h"
#include "report/inspection_model.h"
#include "report/statistics.h"

typedef struct rgm_inspection {
    const rgm_dataset *set;           /* the caller's */
    rgm_findings findings;            /* sorted */
    int64_t images;                   /* looked at, of all splits */
    int64_t unreadable;               /* pictures that cannot be decoded, not among them */
    int64_t *counts[RGM_SPLIT_COUNT]; /* [classes] of the split's images; NULL: there is no such split */
    rgm_inspection_model *model;      /* what a model says; NULL: none was asked */
    rgm_statistics statistics;        /* of the whole set */
    double seconds;
} rgm_inspection;

/* A zeroed one is fine. */
void rgm_inspection_free(rgm_inspection *inspection);

/* Tables for people on `to`: counts, findings by kind, the first `most` of each. */
void rgm_inspection_print(const rgm_inspection *inspection, int32_t most);

/* The result for programs: docs/INSPECT.md has the keys. NULL without memory. The caller owns the reference. */
json_t *rgm_inspection_json(const rgm_inspection *inspection);

#endif
