/* An instance from inside, for the files of this folder. */
#ifndef RGM_PLUG_INSTANCE_INTERNAL_H
#define RGM_PLUG_INSTANCE_INTERNAL_H

#include "plug/instance.h"
#include "plug/validate.h"

struct rgm_instance {
    const rgm_listed *listed;
    const rgm_host *host;
    const rgm_kernels *kernels;  /* of the host */
    const rgm_model_info *model; /* of the last prepare */
    void *memory;                /* what the plugin sees as `self` */
    void *pristine;              /* the same bytes before prepare: the parameters, zeros else */
    rgm_clock clock;             /* of the last prepare */
    void *scratch;               /* of [main] calls; NULL if there are none */
    size_t scratch_bytes;        /* of every call after prepare */
};

/* The component as its kind. The head is the first member of every kind's struct, and of the union. */
static inline const rgm_any_component *rgm_instance_any(const rgm_instance *instance) {
    return (const rgm_any_component *)(const void *)instance->listed->component;
}

#endif
