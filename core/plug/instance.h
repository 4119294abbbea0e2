/* Instances: a component with its parameters, in memory of the host.
 *
 * Create it from a spec, prepare it once the model and its data are known, then call it with the functions of call.h.
 * A run has one for each component that its configuration names. The registry must outlive it.
 */
#ifndef RGM_PLUG_INSTANCE_H
#define RGM_PLUG_INSTANCE_H

#include "plug/registry.h"
#include "plug/spec.h"

typedef struct rgm_instance rgm_instance;

/* The component that `spec` names, with its settings over the defaults. RGM_E_USAGE for an unknown name or parameter;
 * the nearest is suggested. RGM_E_USAGE for a value that does not parse or is out of range; the range is given. Line
 * and column are in the text if the spec has them. [main] */
rgm_status rgm_instance_create(rgm_instance **instance, const rgm_registry *registry, int32_t kind,
                               const rgm_spec *spec, rgm_error *err);
void rgm_instance_destroy(rgm_instance *instance); /* NULL is fine */

/* Calls the component's prepare, and learns its scratch. Required before any call below, for every instance; may be
 * called again. `clock` at the start of the run. RGM_E_USAGE if the component refuses; RGM_E_PLUGIN if what it asks for
 * cannot be. [main] */
rgm_status rgm_instance_prepare(rgm_instance *instance, const rgm_model_info *model, const rgm_clock *clock,
                                rgm_error *err);

const char *rgm_instance_name(const rgm_instance *instance);
int32_t rgm_instance_kind(const rgm_instance *instance);
const rgm_listed *rgm_instance_listed(const rgm_instance *instance);
int32_t rgm_instance_scope(const rgm_instance *instance);        /* RGM_ELEMENT, RGM_ROW, RGM_TENSOR */
uint32_t rgm_instance_flags(const rgm_instance *instance);       /* RGM_IN_PLACE, ... */
size_t rgm_instance_scratch_bytes(const rgm_instance *instance); /* per worker; after prepare */

/* The spec with every parameter, defaults too, in the order of its table: for the configuration and the checkpoint.
 * Creating an instance from it gives the same instance. Values print so that they read back exactly. */
void rgm_instance_spec(const rgm_instance *instance, rgm_spec *out);

/* Private state for checkpoints: 0 bytes for the components that have none. Its size may differ from one save to the
 * next: ask state_bytes right before a save, with no other call of the instance between. state_bytes answers one byte
 * more than RGM_INSTANCE_STATE for a state that is too large, and save then refuses it. Load takes the bytes of any
 * earlier save, after prepare; 0 bytes are the state after prepare, and nothing is called for them. Errors name the
 * component, its plugin's file and version. [main] */
enum { RGM_INSTANCE_STATE = 64 << 20 };
size_t rgm_instance_state_bytes(const rgm_instance *instance);
rgm_status rgm_instance_save(const rgm_instance *instance, void *out, size_t bytes, rgm_error *err);
rgm_status rgm_instance_load(rgm_instance *instance, const void *in, size_t bytes, rgm_error *err);

#endif
