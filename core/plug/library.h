/* The only dlopen. It runs the constructors of a library: what they change is put back, as after every call. */
#ifndef RGM_PLUG_LIBRARY_H
#define RGM_PLUG_LIBRARY_H

#include <regimen/plugin.h>
#include "plug/copy.h"

/* Loads the copy and finds its plugin, unchecked. *changed: bits of RGM_BORDER_*. RGM_E_USAGE if the loader refuses it
 * or it is no plugin, RGM_E_NOMEM or RGM_E_IO if it is the machine. */
rgm_status rgm_library_open(const rgm_copy *copy, const rgm_plugin **plugin, int32_t *changed, rgm_error *err);

/* What the helper program does with the copy `fd`: loads and checks it, and puts the verdict into *said. `request` is
 * the copy's name for dlopen; of an anonymous one it is "". */
void rgm_library_try(int fd, const void *request, size_t size, rgm_error *said);

#endif
