/* Loading a file, in this order:
 *     1. an absolute path; a regular file of sane size
 *     2. a private copy, so that rebuilding the file cannot crash a run
 *     3. the helper program tries the copy
 *     4. dlopen, with the FP state saved, compared and restored
 *     5. the exported data object; its magic, size and version
 *     6. every promised slot; every parameter table
 * Nothing of the plugin is called before all that. Libraries are never unloaded: rgm_registry_destroy() keeps the code
 * mapped.
 */
#ifndef RGM_PLUG_LOAD_H
#define RGM_PLUG_LOAD_H

#include <regimen/plugin.h>
#include "base/status.h"

/* Loads the shared object at `path` (absolute) through a private copy, after the helper program (base/helper.h) has
 * tried it if `probe_seconds` > 0. The same bytes are loaded once in a process. RGM_E_USAGE, RGM_E_IO or RGM_E_NOMEM.
 * [any thread, many at once] */
rgm_status rgm_load_plugin(const char *path, int32_t probe_seconds, const rgm_plugin **plugin, rgm_error *err);

#endif
