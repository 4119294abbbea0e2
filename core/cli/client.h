/* The program as a client of the library (<regimen/regimen.h>): the library's errors as the program's own. */
#ifndef RGM_CLI_CLIENT_H
#define RGM_CLI_CLIENT_H

#include <regimen/regimen.h>
#include "base/status.h"

/* Puts the library's line into *err, and returns its status. The line may be longer than an error's text: what does not
 * fit is kept for rgm_client_line(). [main] */
rgm_status rgm_client_fail(rgm_error *err, const regimen_error *theirs);

/* As rgm_error_line(), but for an error of the library's the whole of its line, which lives until the next one. [main]
 */
const char *rgm_client_line(const rgm_error *err, char line[RGM_ERROR_LINE]);

#endif
