/* What only tests turn, in rgm_registry_options.knobs. */
#ifndef RGM_PLUG_KNOBS_H
#define RGM_PLUG_KNOBS_H

#include <stdint.h>

typedef struct rgm_registry_knobs {
    int32_t ignore_path;   /* 1: leave $REGIMEN_PLUGIN_PATH alone */
    int32_t probe_seconds; /* how long a file may take to load in the helper program; 0: 10 */
} rgm_registry_knobs;

#endif
