/* Where the files are that belong to Regimen: its own plugins, and the helper program (helper.h). Looked for in this
 * order, from the file that this code is in; what is there is taken:
 *
 *                                             plugins                     the helper program, in
 *     1. a build tree: of the folder with     plugins/.libs               the folder itself
 *        config.status that the file is in
 *     2. as configure chose                   plugindir                   pkglibexecdir
 *     3. relative to the file, if that is
 *        the program                          ../lib/regimen/plugins      ../libexec/regimen
 *        libregimen.so                        regimen/plugins             ../libexec/regimen
 *
 * The third is for what was moved after its installation. Where nothing is there, the answer is 2. The file is the
 * program also where libregimen.a was linked into it. Its links are followed. */
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
