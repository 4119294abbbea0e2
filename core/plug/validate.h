/* Checks of a plugin's data, before any of its functions runs, and the completion of its structs to this host's size.
 */
#ifndef RGM_PLUG_VALIDATE_H
#define RGM_PLUG_VALIDATE_H

#include <regimen/plugin.h>
#include "base/status.h"

enum {
    RGM_PLUG_COMPONENTS = 64, /* per plugin */
    RGM_PLUG_CHOICES = 64,
    RGM_PLUG_SLOTS = 8,
    RGM_PLUG_INSTANCE = 1 << 20 /* bytes */
};

/* A plugin with every struct completed to this host's size: fields that it does not have are NULL or 0. Components hold
 * their completed params and life; `origin` is the plugin's own object. */
typedef union rgm_any_component {
    rgm_component head;
    rgm_augmentation augmentation;
    rgm_initializer initializer;
    rgm_scheduler scheduler;
    rgm_optimizer optimizer;
    rgm_regularizer regularizer;
    rgm_activation activation;
    rgm_loss loss;
} rgm_any_component;

typedef struct rgm_adopted {
    rgm_plugin plugin;
    const rgm_plugin *origin;
    rgm_any_component *components; /* [plugin.component_count] */
    rgm_parameter *params;         /* of all components */
    rgm_life *lives;               /* [plugin.component_count] */
} rgm_adopted;

/* Checks all that can be checked without running the plugin, then completes it. RGM_E_USAGE with the reason. */
rgm_status rgm_plugin_adopt(const rgm_plugin *origin, rgm_adopted *out, rgm_error *err);
void rgm_adopted_release(rgm_adopted *adopted);

#endif
