/* What the files of this folder share, and nobody else includes. */
#ifndef RGM_PLUG_PARTS_H
#define RGM_PLUG_PARTS_H

#include "plug/plug.h"

enum {
    RGM_PLUG_COMPONENTS = 64, /* per plugin */
    RGM_PLUG_CHOICES = 64,
    RGM_PLUG_SLOTS = 8,
    RGM_PLUG_INSTANCE = 1 << 20 /* bytes */
};

/* ---- validate.c: data only, no function of the plugin is called ---- */

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

/* ---- names.c ---- */

const char *rgm_listed_file(const rgm_listed *listed); /* its plugin's, without folders. [signal] */

/* ---- params.c ---- */

void rgm_params_defaults(const rgm_component *component, void *memory);
/* Parses `value` into the parameter's member. RGM_E_USAGE with what was expected; the caller prepends the place. */
rgm_status rgm_param_set(const rgm_parameter *param, const char *value, void *memory, rgm_error *err);
/* The member as text that reads back exactly. */
void rgm_param_print(const rgm_parameter *param, const void *memory, char *out, size_t size);
/* "number, 0 to 1" */
void rgm_param_range(const rgm_parameter *param, char *out, size_t size);

/* ---- host.c, math.c ---- */

void rgm_host_fill(rgm_host *host, const rgm_kernels *kernels);

double rgm_plug_exp(double x);
double rgm_plug_log(double x);
double rgm_plug_sin(double x);
double rgm_plug_cos(double x);
double rgm_plug_pow(double x, double y);

/* ---- instance ---- */

struct rgm_instance {
    const rgm_listed *listed;
    const rgm_host *host;
    const rgm_model_info *model; /* of the last prepare */
    void *memory;                /* what the plugin sees as `self` */
    void *pristine;              /* the same bytes before prepare: the parameters, zeros else */
    rgm_clock clock;             /* of the last prepare */
    void *scratch;               /* of [main] calls; NULL if there are none */
    size_t scratch_bytes;        /* of every call after prepare */
};

const char *rgm_instance_file(const rgm_instance *instance); /* its plugin's, without folders */
const rgm_any_component *rgm_instance_any(const rgm_instance *instance);
const rgm_host *rgm_registry_host(const rgm_registry *registry);
size_t rgm_registry_refused(const rgm_registry *registry); /* files skipped in folders; for tests */

#endif
