/* What an import has made, for people and as JSON. */
#ifndef RGM_CLI_IMPORT_RESULT_H
#define RGM_CLI_IMPORT_RESULT_H

#include <jansson.h>
#include "datasets/import.h"

typedef struct rgm_import_result {
    const rgm_dataset *set; /* the finished file */
    const rgm_import_report *report;
    json_t *quarantined; /* [{file, reason}]; borrowed */
    int32_t shares;      /* 1: the import could have made a test split */
    double seconds;
} rgm_import_result;

/* Lines on standard output: sizes, splits, classes with their counts, what was left out. */
void rgm_import_result_print(const rgm_import_result *result);

/* A line more, behind them: the command to go on with; without a test split also how to get one. */
void rgm_import_result_next(const rgm_import_result *result);

/* A new object; NULL without memory. */
json_t *rgm_import_result_json(const rgm_import_result *result);

#endif
