/* Loading a file: absolute path; a regular file of sane size; a private copy (so that rebuilding it cannot crash a
 * run); the helper program tries the copy; dlopen with the FP state saved, compared and restored; the exported data
 * object; magic, size, version; every promised slot; every parameter table. Nothing of the plugin is called before all
 * that. Libraries are never unloaded: rgm_registry_destroy() keeps the code mapped.
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
