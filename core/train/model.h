/* The model of a session: what the configuration, fitted to the data, makes of it: components, graph, and how plugins
 * and checkpoints see it. Its tensors are the trainer's.
 *
 * The struct is open for reading; nobody but model.c writes it.
 */
#ifndef RGM_TRAIN_MODEL_H
#define RGM_TRAIN_MODEL_H

#include "graph/graph.h"
#include "train/components.h"
#include "train/data.h"
#include "train/device.h"

typedef struct rgm_model {
    const rgm_config *config; /* the caller's */
    rgm_components components;
    char *plugins; /* what is in use, a line each, for checkpoints */
    rgm_graph *graph;
    int32_t classes, outputs; /* outputs: logits, 1 with a one-logit head */
    rgm_model_info info;      /* as plugins see it */
    rgm_tensor_info *tensors; /* one per trained parameter */
    rgm_model_input input;    /* as checkpoints describe it */
} rgm_model;

/* From a configuration that is fitted and checked; it must outlive the model, as device and data must. Regularizers
 * that nobody gave are dropped from it beside an optimizer that decays weights itself. `evaluation` 1: of the
 * components the loss only. RGM_E_USAGE for components or a head that cannot be. [main] */
rgm_status rgm_model_create(rgm_model **model, const rgm_device *device, const rgm_data *data, rgm_config *config,
                            int32_t evaluation, rgm_error *err);
void rgm_model_destroy(rgm_model *model); /* NULL is fine */

/* Prepares the components, and settles the transform: that of `known`, the constants of a checkpoint, if they have one.
 * Else it is what the chain of augmentations makes evaluation do, else the data's own, else the default. [main] */
rgm_status rgm_model_prepare(rgm_model *model, const rgm_data *data, const rgm_constants *known, const rgm_clock *clock,
                             rgm_error *err);

/* What pixels mean to a model that does not say, in evaluations that begin after this: mean, std and transform of
 * `input`. [main] */
void rgm_model_assume(rgm_model *model, const rgm_model_input *input);

#endif
