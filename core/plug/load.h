/* A plugin's file goes: private copy -> tried in the helper program -> dlopen -> the exported object. */
#ifndef RGM_PLUG_LOAD_H
#define RGM_PLUG_LOAD_H

#include "plug/plug.h"

/* Loads the shared object at `path` (absolute) through a private copy, after the helper program (base/helper.h) has
 * tried it if `probe_seconds` > 0. The same bytes are loaded once in a process. RGM_E_USAGE, RGM_E_IO or RGM_E_NOMEM.
 * [any thread, many at once] */
rgm_status rgm_load_plugin(const char *path, int32_t probe_seconds, const rgm_plugin **plugin, rgm_error *err);

#endif
