/* Files that a command writes, looked at before its work. Can they be written? Would they take the place of something
 * else: a picture, say, where a name was forgotten before a pattern?
 */
#ifndef RGM_CLI_OUTPUTS_H
#define RGM_CLI_OUTPUTS_H

#include <stddef.h>
#include "base/status.h"

enum { RGM_OUTPUT_REPLACED, RGM_OUTPUT_IN_PLACE, RGM_OUTPUT_ANY }; /* how it is written; ANY: found out later */

typedef struct rgm_output {
    const char *flag; /* "page" */
    const char *path; /* NULL: not asked for; a stream of the process is never refused */
    const char *head; /* what the command's own files begin with */
    int32_t how;      /* RGM_OUTPUT_* */
} rgm_output;

/* RGM_E_IO if it could not be written, RGM_E_USAGE if something else is there, or for "-" where a file is replaced.
 * `command` is for the line. */
rgm_status rgm_output_check(const rgm_output *output, const char *command, rgm_error *err);

/* RGM_E_USAGE if two of them have one name: the latter would take the place of the former. */
rgm_status rgm_outputs_apart(const rgm_output *outputs, size_t count, rgm_error *err);

#endif
