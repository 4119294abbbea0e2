/* Plugins: the registry that loads them, instances with checked parameters, and the calls that the drivers make.
 *
 * This folder holds the only dlopen. The contract itself is <regimen/plugin.h>; this header is the host's side of it.
 * In order:
 *     registry   rgm_registry_create()    loads every plugin (the helper program tries unknown files first)
 *     instance   rgm_instance_create()    a component with its parameters, from an rgm_spec, all checked
 *                rgm_instance_prepare()   once the model and its data are known
 *     step       rgm_plug_call_init(), then rgm_plug_*() from the chunks of a phase: no allocation, thread-safe
 *
 * Where plugins are looked for; a component found earlier hides one of the same kind and name found later:
 *     1. rgm_registry_options.files   (`plugins:` of the configuration, --set plugins=...): files or folders
 *     2. $REGIMEN_PLUGIN_PATH         files or folders, separated by colons
 *     3. rgm_registry_options.folder  if NULL: the folder of Regimen's own plugins (base/place.h)
 * A file that is named (1, 2) and refused is an error. In a folder every *.so is tried, in the order of their names;
 * one that is refused is skipped with a warning in the log and counted. Files from 1 and 2 are tried in the
 * helper program.
 *
 * Loading a file: absolute path; a regular file of sane size; a private copy (so that rebuilding it cannot crash a
 * run); the helper program tries the copy; dlopen with the FP state saved, compared and restored; the exported data
 * object; magic, size, version; every promised slot; every parameter table. Nothing of the plugin is called before all
 * that. Libraries are never unloaded: rgm_registry_destroy() keeps the code mapped.
 */
#ifndef RGM_PLUG_PLUG_H
#define RGM_PLUG_PLUG_H

#include <regimen/plugin.h>
#include "base/rng.h"
#include "base/status.h"
#include "kernels/kernels.h"
#include "plug/spec.h"

/* ---- registry ---- */

typedef struct rgm_registry rgm_registry;

typedef struct rgm_registry_options {
    const rgm_kernels *kernels; /* for the host table; NULL: the reference */
    const char *const *files;   /* [file_count] */
    size_t file_count;
    const char *folder;                     /* NULL: this build's own; "": none */
    const struct rgm_registry_knobs *knobs; /* of tests (knobs.h); NULL: none */
} rgm_registry_options;

/* Loads all plugins. RGM_E_USAGE for a named file that is refused, with the file and the reason. Registries share
 * the libraries that they have loaded. [any thread, many at once] */
rgm_status rgm_registry_create(rgm_registry **registry, const rgm_registry_options *options, rgm_error *err);
void rgm_registry_destroy(rgm_registry *registry); /* after its instances; NULL is fine */

/* One component as listed. */
typedef struct rgm_listed {
    const rgm_component *component;
    const rgm_plugin *plugin;
    const char *path; /* absolute */
    int32_t builtin;  /* found in 3. */
    int32_t hidden;   /* by an earlier one of the same kind and name */
} rgm_listed;

/* All components, by kind, then name. */
size_t rgm_registry_count(const rgm_registry *registry);
const rgm_listed *rgm_registry_at(const rgm_registry *registry, size_t i); /* NULL if i is too large */

/* The component of this kind and name; RGM_E_USAGE if there is none, naming the nearest. */
rgm_status rgm_registry_find(const rgm_registry *registry, int32_t kind, const char *name, const rgm_listed **found,
                             rgm_error *err);

/* "augmentation", ...; "component" for an unknown kind. And back: 0 for an unknown name. */
const char *rgm_kind_name(int32_t kind);
int32_t rgm_kind_parse(const char *name);

/* Help for `plugin info`: heading, then a line per parameter with type, default, range and meaning. Writes at most
 * `size` bytes, NUL included; returns the length that the whole has (like snprintf). */
size_t rgm_listed_describe(const rgm_listed *listed, char *out, size_t size);

/* Parameter i of a component, completed: fields that an older plugin does not have are 0. */
rgm_parameter rgm_component_param(const rgm_component *component, uint32_t i);

/* ---- instances ---- */

typedef struct rgm_instance rgm_instance;

/* The component that `spec` names, with its settings over the defaults. RGM_E_USAGE for an unknown name or parameter
 * (the nearest is suggested), a value that does not parse or is out of range (the range is given); line and column are
 * in the text if the spec has them. [main] */
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

/* ---- calls ---- */

/* The context of calls to one instance: lives on the caller's stack or in its arena. */
typedef struct rgm_plug_call {
    rgm_call call; /* first */
    const rgm_instance *instance;
    char text[320];
} rgm_plug_call;

/* Fills the context. `clock` stays the caller's and must outlive the calls. `key` gives the draws: seed, stream
 * (RGM_STREAM(purpose, instance)), epoch, sample; NULL: all 0. `scratch`: rgm_instance_scratch_bytes(), 64-byte
 * aligned; may be NULL if that is 0, and for calls tagged [main], which use the instance's own. To go to another
 * sample, set call.key.sample. [any] */
void rgm_plug_call_init(rgm_plug_call *context, const rgm_instance *instance, const rgm_clock *clock,
                        const rgm_rng *key, void *scratch);

/* Calls. Each fails with RGM_E_PLUGIN and "augmentation crop (crop.so): what it said". The structs' `size` is set by
 * the caller: sizeof. */

/* The shape that leaves an augmentation for samples of in's shape: *out = *in with its size changed; refused unless
 * channels, height and width are 1..65536 each. [main] */
rgm_status rgm_plug_augment_output(rgm_plug_call *context, const rgm_image *in, rgm_image *out, rgm_error *err);
/* *changed = 0: nothing was written, go on with `in`. [worker] */
rgm_status rgm_plug_augment(rgm_plug_call *context, const rgm_image *in, rgm_image *out, int32_t *changed,
                            rgm_error *err);

/* Elements [first, first + n) of a tensor; key: RGM_STREAM_INIT with the tensor's index. [worker] */
rgm_status rgm_plug_fill(rgm_plug_call *context, const rgm_tensor_info *tensor, float *dst, uint64_t first, uint64_t n,
                         rgm_error *err);

/* Product of the factors of `count` schedulers at `clock` (1 for none); RGM_E_PLUGIN unless it is finite and >= 0.
 * [main] */
rgm_status rgm_plug_factor(rgm_instance *const *schedulers, size_t count, const rgm_clock *clock, double *factor,
                           rgm_error *err);
/* Does a scheduler look at metrics? Without a validation split it never sees one. [main] */
int32_t rgm_plug_observes(const rgm_instance *scheduler);
/* Shows a metric to the schedulers that want it. [main] */
rgm_status rgm_plug_observe(rgm_instance *const *schedulers, size_t count, const rgm_clock *clock, const char *metric,
                            double value, rgm_error *err);

/* The optimizer's parameter `lr`: span.rate is this times the factor. */
double rgm_plug_base_rate(const rgm_instance *optimizer);
/* Slots of an optimizer instance, and their names. */
uint32_t rgm_plug_slot_count(const rgm_instance *optimizer);
const char *rgm_plug_slot_name(const rgm_instance *optimizer, uint32_t i);
rgm_status rgm_plug_update(rgm_plug_call *context, const rgm_span *span, rgm_error *err); /* [worker] */

/* Does the regularizer act on the tensor at this stage (RGM_STAGE_*)? [main] */
int32_t rgm_plug_applies(const rgm_instance *regularizer, const rgm_tensor_info *tensor, int32_t stage);
/* Its function of the stage on a span. [worker] */
rgm_status rgm_plug_regularize(rgm_plug_call *context, int32_t stage, const rgm_span *span, rgm_error *err);
/* Adds the span's penalty to *penalty (nothing if the component does not say). [worker] */
rgm_status rgm_plug_penalty(rgm_plug_call *context, const rgm_span *span, double *penalty, rgm_error *err);

rgm_status rgm_plug_forward(rgm_plug_call *context, const rgm_activation_span *span, rgm_error *err);  /* [worker] */
rgm_status rgm_plug_backward(rgm_plug_call *context, const rgm_activation_span *span, rgm_error *err); /* [worker] */
rgm_status rgm_plug_loss(rgm_plug_call *context, const rgm_rows *rows, rgm_error *err);                /* [worker] */

/* Cuts a tensor of `elements` (rows of `row`) into spans for a component of `scope`, about `target` elements each:
 * returns the number of spans; rgm_span_at gives elements [first, first + n) of span i, n = 0 behind the last one.
 * Functions of their arguments only. */
typedef struct rgm_span_range {
    uint64_t first, n;
} rgm_span_range;
uint64_t rgm_span_count(int32_t scope, uint64_t elements, uint64_t row, uint64_t target);
rgm_span_range rgm_span_at(int32_t scope, uint64_t elements, uint64_t row, uint64_t target, uint64_t i);

#endif
