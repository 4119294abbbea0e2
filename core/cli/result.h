/* The one result of a command: text on standard output, JSON where --json says. */
#ifndef RGM_CLI_RESULT_H
#define RGM_CLI_RESULT_H

#include <regimen/regimen.h>
#include "report/summary.h"

/* Where --json sends it: a file, "-" (standard output, and nothing else goes there) or NULL (nowhere). A target that
 * cannot be written is refused now, not when the work is done: RGM_E_IO. */
rgm_status rgm_result_check(const char *json, rgm_error *err);

/* Prints the summary as text, or as JSON, or both. */
rgm_status rgm_result_print(const rgm_summary *summary, const char *json, rgm_error *err);

/* The same of a training or an evaluation, beside the peak of its machine, which is measured now. */
rgm_status rgm_result_print_run(const regimen_result *result, const regimen_machine *machine, const char *json,
                                rgm_error *err);

#endif
