/* The registry: all components of all plugins that were found.
 *
 * Where plugins are looked for; a component found earlier hides one of the same kind and name found later:
 *     1. rgm_registry_options.files   (`plugins:` of the configuration, --set plugins=...): files or folders
 *     2. $REGIMEN_PLUGIN_PATH         files or folders, separated by colons
 *     3. rgm_registry_options.folder  if NULL: the folder of Regimen's own plugins (base/place.h)
 * A file that is named (1, 2) and refused is an error. In a folder every *.so is tried, in the order of their names.
 * One that is refused is skipped with a warning in the log and counted. Files from 1 and 2 are tried in the helper
 * program.
 */
#ifndef RGM_PLUG_REGISTRY_H
#define RGM_PLUG_REGISTRY_H

#include "base/status.h"
#include "kernels/kernels.h"
#include "plug/names.h"

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

/* All components, by kind, then name. */
size_t rgm_registry_count(const rgm_registry *registry);
const rgm_listed *rgm_registry_at(const rgm_registry *registry, size_t i); /* NULL if i is too large */

/* The component of this kind and name; RGM_E_USAGE if there is none, naming the nearest. */
rgm_status rgm_registry_find(const rgm_registry *registry, int32_t kind, const char *name, const rgm_listed **found,
                             rgm_error *err);

/* What plugins may call. It lives as long as the registry. */
const rgm_host *rgm_registry_host(const rgm_registry *registry);
const rgm_kernels *rgm_registry_kernels(const rgm_registry *registry); /* those behind it */

/* Files that were skipped in folders; for tests. */
size_t rgm_registry_refused(const rgm_registry *registry);

#endif
