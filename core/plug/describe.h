/* Components as text, for who lists them. */
#ifndef RGM_PLUG_DESCRIBE_H
#define RGM_PLUG_DESCRIBE_H

#include <stddef.h>
#include "plug/names.h"

/* Help for `plugin info`: heading, then a line per parameter with type, default, range and meaning. Writes at most
 * `size` bytes, NUL included; returns the length that the whole has (like snprintf). */
size_t rgm_listed_describe(const rgm_listed *listed, char *out, size_t size);

/* Parameter i of a component, completed: fields that an older plugin does not have are 0. */
rgm_parameter rgm_component_param(const rgm_component *component, uint32_t i);

#endif
