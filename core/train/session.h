/* A session: everything a command needs before it can train or evaluate, made from a configuration in one place.
 *
 *     data set -> configuration fitted to it -> plugins and their instances -> kernels, team, engine -> graph
 *
 * The struct is open: commands and the files of this folder read its fields; nobody but session.c writes them.
 */
#ifndef RGM_TRAIN_SESSION_H
#define RGM_TRAIN_SESSION_H

#include "base/stop.h"
#include "base/team.h"
#include "data/split.h"
#include "engine/engine.h"
#include "graph/graph.h"
#include "plug/plug.h"
#include "train/config.h"
#include "train/constants.h"

/* The plugin instances that a configuration names. */
typedef struct rgm_components {
    rgm_instance *init, *head_init, *optimizer, *loss;
    rgm_instance *dropout;                  /* NULL: none */
    rgm_instance *augment[RGM_CONFIG_LIST]; /* samples, in order */
    rgm_instance *regularize[RGM_CONFIG_LIST];
    rgm_instance *schedule[2]; /* the schedule and a warmup, those that there are; their factors multiply */
    int32_t augments, regularizers, schedules;
    double lr; /* the optimizer's own `lr` */
} rgm_components;

typedef struct rgm_session {
    const rgm_config *config; /* the caller's, fitted to the data by rgm_session_create */
    rgm_stop stop;            /* the options' */
    int32_t isa;              /* RGM_ISA_* */
    const rgm_kernels *kernels;
    rgm_team *team;
    rgm_engine *engine;
    rgm_registry *registry;
    rgm_components components;
    char *plugins; /* what is in use, a line each, for checkpoints */

    rgm_dataset *set;        /* NULL: no data named (plan) */
    rgm_constants constants; /* what pixels are normalised with, and class names: the model's or the set's own */
    rgm_holdout holdout;
    rgm_view train, validation, test; /* count 0: missing */

    rgm_graph *graph;
    int32_t classes, outputs;             /* outputs: logits, 1 with a one-logit head */
    rgm_model_info model;                 /* as plugins see it */
    rgm_tensor_info *tensors;             /* one per trained parameter */
    int64_t steps_per_epoch, steps_total; /* of training: floor(train / batch), and times epochs */
    char build[256];                      /* versions for the log and the checkpoint */
} rgm_session;

typedef struct rgm_session_options {
    const char *plugin_folder; /* of an uninstalled build, or NULL (rgm_registry_options.folder) */
    int32_t need_data;         /* 1: data.file must be given */
    int32_t evaluation;        /* 1: only the loss is created of the plugins: what trains may be missing */
    int32_t split;             /* of an evaluation: RGM_SPLIT_*. For validation, the run's own data is held out again */
    int32_t resumed;           /* 1: the configuration is that of a run: what it names may have moved since */
    const rgm_constants *model; /* of the checkpoint that is resumed or evaluated; NULL: a new model */
    rgm_stop stop;              /* asked wherever creation, or planning with the session, may take long */
    int64_t room;               /* for pixels in memory, as in rgm_dataset_options (tests set it) */
} rgm_session_options;

/* Opens and builds everything; *config is fitted (rgm_config_fit) and checked, and must outlive the session.
 * Regularizers that nobody gave are dropped beside an optimizer that decays weights itself. Call it once, before any
 * team has run in this process: plugins and foreign data files are tried in child processes. [main] */
rgm_status rgm_session_create(rgm_session **session, rgm_config *config, const rgm_session_options *options,
                              rgm_error *err);
void rgm_session_destroy(rgm_session *session); /* NULL is fine */

/* 1 if an optimizer decays weights itself: it has a setting `weight_decay`, above 0. */
int32_t rgm_optimizer_decays(const rgm_instance *optimizer);

/* The clock at a step. */
rgm_clock rgm_session_clock(const rgm_session *session, int64_t step);

/* The effective configuration with every plugin parameter written out: for config.yaml and the checkpoint. */
rgm_status rgm_session_effective(const rgm_session *session, rgm_config *out, rgm_error *err);

#endif
