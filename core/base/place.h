/* Where the files are that belong to Regimen: its own plugins, and the helper program (helper.h). Looked for in this
 * order; what is there is taken:
 *     1. beside the program that runs, if it lies in a build tree: in the folder with its config.status
 *     2. the folder that configure chose
 *     3. relative to the folder of the program, for one that was moved after its installation: ../lib/regimen/plugins,
 *        ../libexec/regimen
 * Where nothing is there, the answer is 2. */
#ifndef RGM_BASE_PLACE_H
#define RGM_BASE_PLACE_H

#include "base/status.h"

enum { RGM_PLACE_PATH = 4096 };

/* The folder of Regimen's own plugins. [any] */
void rgm_place_plugins(char path[RGM_PLACE_PATH]);

/* The helper program. REGIMEN_LIBEXEC in the environment names its folder instead, for tests; not in a program that
 * runs with another user's rights. [any] */
void rgm_place_helper(char path[RGM_PLACE_PATH]);

#endif
