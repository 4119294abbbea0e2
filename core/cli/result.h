/* The one result of a command: text on standard output, JSON where --json says. */
#ifndef RGM_CLI_RESULT_H
#define RGM_CLI_RESULT_H

#include <regimen/regimen.h>
#include "cli/options.h"

/* Before the work. --quiet leaves warnings from now on. --json sends the result to a file, "-" (standard output, and
 * nothing else goes there) or NULL (nowhere). A target that cannot be written is refused now, not when the work is
 * done: RGM_E_IO. */
rgm_status rgm_result_begin(const rgm_cli_line *line, rgm_error *err);

/* Prints what a training or an evaluation gave as text, or as JSON, or both. Beside it stands the peak of its machine,
 * which is measured now. */
rgm_status rgm_result_print_run(const regimen_result *result, const regimen_machine *machine, const char *json,
                                rgm_error *err);

#endif
