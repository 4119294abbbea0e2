/* A session: a machine, data and a model that are trained or evaluated together (device.h, data.h, model.h).
 *
 *     data set -> configuration fitted to it -> plugins, team, engine -> components, graph
 *
 * Machine and data set are either given ready, and then shared with other sessions, or made from the configuration and
 * owned. The model is always the session's own, as its components keep states. The struct is open: commands and the
 * files of this folder read its fields; nobody but session.c writes them.
 */
#ifndef RGM_TRAIN_SESSION_H
#define RGM_TRAIN_SESSION_H

#include "train/model.h"

typedef struct rgm_session {
    const rgm_config *config; /* the caller's, fitted to the data by rgm_session_create */
    rgm_stop stop;            /* the options' */
    rgm_device *device;
    rgm_data *data;
    rgm_model *model;
    int64_t steps_per_epoch, steps_total; /* of training: floor(train / batch), and times epochs */
    rgm_device *own_device;               /* NULL: the caller's */
} rgm_session;

typedef struct rgm_session_options {
    rgm_device *device;     /* ready; the configuration's threads, pin, isa and plugins are not asked then. Or NULL */
    const rgm_dataset *set; /* ready, the caller's, and shared; NULL: data.file of the configuration is opened */
    const rgm_exclude *exclude; /* images of `set` that are left out; NULL: data.exclude is read */
    int32_t need_data;          /* 1: data.file must be given */
    int32_t evaluation;         /* 1: only the loss is created of the plugins: what trains may be missing */
    int32_t split;   /* of an evaluation: RGM_SPLIT_*. For validation, the run's own data is held out again */
    int32_t suit;    /* 1: batch, epochs and rate follow from the set where they are not given (suit.h) */
    int32_t resumed; /* 1: the configuration is an earlier run's: what has moved is told how to name */
    const rgm_constants *model; /* of the checkpoint that is resumed or evaluated; NULL: a new model */
    rgm_stop stop;              /* asked wherever creation, or planning with the session, may take long */
} rgm_session_options;

/* Makes what is not given; *config is fitted (rgm_config_fit) and checked, and must outlive the session. [main] */
rgm_status rgm_session_create(rgm_session **session, rgm_config *config, const rgm_session_options *options,
                              rgm_error *err);
void rgm_session_destroy(rgm_session *session); /* NULL is fine */

/* Steps of the whole run: steps_total, unless the configuration's limit is lower. */
int64_t rgm_session_steps(const rgm_session *session);

/* The clock at a step. */
rgm_clock rgm_session_clock(const rgm_session *session, int64_t step);

/* The effective configuration with every plugin parameter written out: for config.yaml and the checkpoint. */
void rgm_session_effective(const rgm_session *session, rgm_config *out);

#endif
