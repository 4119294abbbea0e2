/* Commands that go on after a run: with its model, or with a run that has ended before it was through. */
#ifndef RGM_CLI_WAY_ON_H
#define RGM_CLI_WAY_ON_H

#include <regimen/regimen.h>
#include <stddef.h>
#include "train/config.h"

/* "build/regimen train --resume RUN", for a shell. Returns out. */
enum { RGM_WAY_COMMAND = 4 * RGM_CONFIG_PATH + 4096 };
const char *rgm_way_command(const char *folder, char out[RGM_WAY_COMMAND]);

/* A line on standard output: the command that predicts with the finished run. */
void rgm_way_next(const regimen_result *result);

/* A warning that says what goes on, if something has failed. An interruption is the error's own line. */
void rgm_way_tell(const regimen_result *result);

/* Adds the command to the line of an error, in `size` bytes. The error is of a run that was stopped on request, or
 * refused for another one in its folder. */
void rgm_way_add(const regimen_result *result, char *text, size_t size);

#endif
