/* A component as the registry lists it, and what kinds and files are called. */
#ifndef RGM_PLUG_NAMES_H
#define RGM_PLUG_NAMES_H

#include <regimen/plugin.h>

/* One component as listed. */
typedef struct rgm_listed {
    const rgm_component *component;
    const rgm_plugin *plugin;
    const char *path; /* absolute */
    int32_t builtin;  /* found in 3. */
    int32_t hidden;   /* by an earlier one of the same kind and name */
} rgm_listed;

/* "augmentation", ...; "component" for an unknown kind. And back: 0 for an unknown name. */
const char *rgm_kind_name(int32_t kind);
int32_t rgm_kind_parse(const char *name);

/* The file of its plugin, without folders. [signal] */
const char *rgm_listed_file(const rgm_listed *listed);

#endif
