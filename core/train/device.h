/* The machine as trainings use it: kernels of one instruction set, a team of threads, the engine, and the plugins that
 * were loaded. Made once, used by any number of sessions, one after the other or with their steps interleaved.
 *
 * Everything done with it is done by one thread at a time. Two trainings at once need a device each. The cap of
 * oneDNN's instruction set is the process', so all devices of a process have the same one.
 *
 * The struct is open for reading; nobody but device.c writes it.
 */
#ifndef RGM_TRAIN_DEVICE_H
#define RGM_TRAIN_DEVICE_H

#include "base/team.h"
#include "engine/engine.h"
#include "kernels/kernels.h"
#include "plug/plug.h"
#include "train/config.h"

typedef struct rgm_device {
    int32_t isa; /* RGM_ISA_* */
    const rgm_kernels *kernels;
    rgm_team *team;
    rgm_engine *engine;
    rgm_registry *registry;
    char build[256]; /* versions for the log and the checkpoint */
} rgm_device;

typedef struct rgm_device_options {
    const char *isa;            /* "auto" or a name for rgm_isa_choose() */
    int32_t threads, pin;       /* as in rgm_team_options */
    const char *const *plugins; /* files or folders [plugin_count], beside the installed ones */
    size_t plugin_count;
    int32_t resumed; /* 1: the options are an earlier run's: a plugin that has moved is told how to name */
} rgm_device_options;

/* Loads the plugins, starts the threads, creates the engine.
 *     RGM_E_USAGE          an unknown or impossible instruction set; a plugin file that is refused
 *     RGM_E_NOMEM          threads that cannot be had
 *     RGM_E_UNSUPPORTED    another instruction set than that of the process' first device
 * [main] */
rgm_status rgm_device_create(rgm_device **device, const rgm_device_options *options, rgm_error *err);

/* The same as a configuration's threads, pin, isa and plugins say. `resumed`: as above. [main] */
rgm_status rgm_device_configure(rgm_device **device, const rgm_config *config, int32_t resumed, rgm_error *err);

/* After all sessions with it; NULL is fine. Loaded libraries stay in the process. */
void rgm_device_destroy(rgm_device *device);

#endif
