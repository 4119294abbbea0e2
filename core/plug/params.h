/* Parameters: text to typed members of an instance and back, strictly.
 *
 * `memory` is the instance: a parameter's member is at its offset there.
 */
#ifndef RGM_PLUG_PARAMS_H
#define RGM_PLUG_PARAMS_H

#include <stddef.h>
#include <regimen/plugin.h>
#include "base/status.h"

/* Writes every parameter's default. */
void rgm_params_defaults(const rgm_component *component, void *memory);
/* Parses `value` into the parameter's member. RGM_E_USAGE with what was expected; the caller prepends the place. */
rgm_status rgm_param_set(const rgm_parameter *param, const char *value, void *memory, rgm_error *err);
/* The member as text that reads back exactly. */
void rgm_param_print(const rgm_parameter *param, const void *memory, char *out, size_t size);
/* "number, 0 to 1" */
void rgm_param_range(const rgm_parameter *param, char *out, size_t size);

#endif
