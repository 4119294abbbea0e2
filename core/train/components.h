/* The components of a run: every plugin instance that its configuration names, or that a run has anyway.
 *
 * There is one list of them (components.c). Everything that is done to all is a walk over it: creating, preparing,
 * saving, resuming, comparing, telling, destroying. Its order is that of /plugins and /text/plugins in checkpoints.
 */
#ifndef RGM_TRAIN_COMPONENTS_H
#define RGM_TRAIN_COMPONENTS_H

#include <stddef.h>
#include "plug/plug.h"
#include "train/config.h"

enum {
    RGM_SCHEDULES = 2,    /* the schedule and a warmup, those that there are; their factors multiply */
    RGM_INITIALIZERS = 2, /* 0: of every weight but 1: the classifier's */
    RGM_COMPONENTS = 3 + RGM_SCHEDULES + 3 * RGM_CONFIG_LIST + RGM_INITIALIZERS
};

typedef struct rgm_components {
    union {
        struct {
            rgm_instance *optimizer, *loss;
            rgm_instance *dropout; /* NULL: none */
            rgm_instance *schedule[RGM_SCHEDULES];
            rgm_instance *augment[RGM_CONFIG_LIST]; /* of samples, in order */
            rgm_instance *regularize[RGM_CONFIG_LIST];
            rgm_instance *init[RGM_INITIALIZERS + RGM_CONFIG_LIST]; /* behind those two: config.init_layers */
        };
        rgm_instance *all[RGM_COMPONENTS]; /* the same; NULL: a place that is not taken */
    };
    int32_t augments, regularizers, schedules;
    double lr; /* the optimizer's own `lr` */
} rgm_components;

/* Creates those that the configuration has. Evaluation needs the loss only: what a run was trained with may have moved
 * since. Regularizers that nobody gave are dropped from *config beside an optimizer that decays weights itself.
 * RGM_E_USAGE for what is unknown or out of range; on failure some may be left to destroy. [main] */
rgm_status rgm_components_create(rgm_components *components, const rgm_registry *registry, rgm_config *config,
                                 int32_t evaluation, rgm_error *err);
void rgm_components_destroy(rgm_components *components); /* zeros are fine */

/* Prepares them all. [main] */
rgm_status rgm_components_prepare(const rgm_components *components, const rgm_model_info *model, const rgm_clock *clock,
                                  rgm_error *err);

/* The name of all[place] in checkpoints: "scheduler 0 plateau"; the number counts within its list. Returns label. */
enum { RGM_COMPONENT_LABEL = 96 };
const char *rgm_component_label(const rgm_components *components, int32_t place, char label[RGM_COMPONENT_LABEL]);

/* The instance of that label; NULL: none. */
rgm_instance *rgm_component_labelled(const rgm_components *components, const char *label);

/* 1: the component keeps a state for checkpoints. */
int32_t rgm_component_has_state(const rgm_instance *instance);

/* The text of /text/plugins in new memory, a line for each: "LABEL: ID VERSION". A plugin that is not Regimen's own
 * adds RGM_COMPONENT_FILE and a hash of its file. For plugins that have just been loaded. */
#define RGM_COMPONENT_FILE " file "
rgm_status rgm_components_text(const rgm_components *components, char **text, rgm_error *err);

/* Writes every parameter, defaults too, into the configuration that they were created from. */
void rgm_components_effective(const rgm_components *components, rgm_config *config);

/* Completes `then`, a configuration of an earlier build, where it names the same components as `now`. Parameters that a
 * plugin has gained since get their defaults. RGM_E_USAGE names a parameter that it has lost. [main] */
rgm_status rgm_components_complete(const rgm_registry *registry, rgm_config *then, rgm_config *now, rgm_error *err);

/* The setting of initializers in config.init_layers that is the host's: names of parameters, as fnmatch(3) has
 * patterns.
 */
#define RGM_COMPONENT_LAYERS "layers"

/* 1 if an optimizer decays weights itself: it has a setting `weight_decay`, above 0. */
int32_t rgm_optimizer_decays(const rgm_instance *optimizer);

#endif
