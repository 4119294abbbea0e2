/* Where this program lies, and so where its plugins are. */
#ifndef RGM_CLI_PLACE_H
#define RGM_CLI_PLACE_H

enum { RGM_PLACE_PATH = 4096 };

/* The folder of the plugins that came with this program: plugins/.libs beside a program in its build tree,
 * ../lib/regimen/plugins beside one that was installed and moved. NULL if neither is there: then the folder that
 * configure chose is right (rgm_registry_options.folder NULL). `path` is the storage. */
const char *rgm_place_plugins(char path[RGM_PLACE_PATH]);

#endif
