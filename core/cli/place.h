/* Where this program lies, and so where its plugins are. */
#ifndef RGM_CLI_PLACE_H
#define RGM_CLI_PLACE_H

enum { RGM_PLACE_PATH = 4096 };

/* The folder of the plugins that came with this program: plugins/.libs beside a program in its build tree; NULL for the
 * folder that configure chose (rgm_registry_options.folder is NULL then), if it is there; ../lib/regimen/plugins beside
 * a program that was moved after its installation. `path` is the storage. */
const char *rgm_place_plugins(char path[RGM_PLACE_PATH]);

#endif
