/* Plugins: the registry that loads them, instances with checked parameters, and the calls that the drivers make.
 *
 * This folder holds the only dlopen. The contract itself is <regimen/plugin.h>; these headers are the host's side of
 * it. In order: registry.h   rgm_registry_create()    loads every plugin (the helper program tries unknown files first)
 *     names.h      rgm_listed               a component as the registry lists it
 *     spec.h       rgm_spec                 a component as a configuration names it
 *     instance.h   rgm_instance_create()    a component with its parameters, from an rgm_spec, all checked
 *                  rgm_instance_prepare()   once the model and its data are known
 *     span.h       rgm_span_at()            how tensors are cut for a component
 *     context.h    rgm_plug_call_init()     what the calls of one worker share
 *     call.h       rgm_plug_*()             from the chunks of a phase: no allocation, thread-safe
 *     describe.h   rgm_listed_describe()    a component as text
 */
#ifndef RGM_PLUG_PLUG_H
#define RGM_PLUG_PLUG_H

#include "plug/call.h"
#include "plug/describe.h"
#include "plug/instance.h"
#include "plug/names.h"
#include "plug/registry.h"
#include "plug/span.h"
#include "plug/spec.h"

#endif
