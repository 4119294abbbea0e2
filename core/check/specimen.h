/* A specimen is a net taken out of its training, to be looked at. It has plans of training and of evaluation, memory of
 * its own, and one batch of images. Whatever is done to it, the training knows nothing of.
 *
 *     rgm_specimen_create(&s, &options, &err);
 *     rgm_specimen_draw(s, &err);                first values, as training starts from
 *     rgm_specimen_load(s, 0, &err);             the first batch
 *     rgm_specimen_forward(s, 1, &err);          in training form; s->logits, s->looks
 *     rgm_specimen_backward(s, &err);            s->loss, s->memory.grad
 *
 * Images are not augmented, so that two specimens of one set see the same. The struct is open: parameters and images
 * may be changed in place.
 */
#ifndef RGM_CHECK_SPECIMEN_H
#define RGM_CHECK_SPECIMEN_H

#include "data/batch.h"
#include "plan/plan.h"
#include "check/lab.h"
#include "train/activation.h"
#include "train/loss.h"
#include "train/session.h"

/* The output of a node in the last forward pass in training form; behind its ReLU, if it has one. */
typedef struct rgm_look {
    int32_t seen;     /* 0: the node has no output of its own */
    double rms, mean; /* over images, channels and pixels */
    double spread;    /* root of the mean variance over images, channel by channel and pixel by pixel */
    double dead;      /* share of channels that are not above zero anywhere; 0 without a ReLU */
    double saturated; /* share of values within 0.01 of the ends of a sigmoid or tanh; 0 for others */
} rgm_look;

typedef struct rgm_specimen {
    rgm_config *config; /* its own: the options' with settings over it */
    rgm_session *session;
    const rgm_graph *graph;
    rgm_plan *plan[2];   /* of evaluation, of training; they share an arena */
    rgm_memory memory;   /* of both; may be written */
    float *x[2];         /* the batch in each plan's layout, [images][x_floats]; may be written */
    int64_t x_floats[2]; /* of an image */
    float *targets;      /* [images][outputs] */
    int32_t *labels;     /* [images] */
    int32_t images, outputs;
    float *logits;   /* [images][outputs] of the last forward pass */
    double loss;     /* mean over images, by rgm_specimen_loss() or rgm_specimen_backward() */
    int32_t looking; /* 1: passes in training form fill `looks`, which takes as long as the pass itself */
    int32_t calm;    /* 1: plugin activations let pass what comes, in training form, too */
    rgm_look *looks; /* of each node */
    /* what is not to be touched */
    rgm_activator activator;
    rgm_batches *batches[2];
    rgm_loss_driver *driver[2];
    void *arena;
} rgm_specimen;

typedef struct rgm_specimen_options {
    const rgm_config *config;  /* fitted to the data */
    rgm_lab_settings settings; /* over it; NULL: none */
    rgm_device *device;
    const rgm_dataset *set; /* its training split, shuffled by the configuration's seed */
    int32_t images;         /* in a batch; cut to what the set has */
    rgm_stop stop;
} rgm_specimen_options;

/* RGM_E_NOMEM, RGM_E_USAGE, RGM_E_INTERRUPTED; others as rgm_session_create() and rgm_plan_create() say. [main] */
rgm_status rgm_specimen_create(rgm_specimen **specimen, const rgm_specimen_options *options, rgm_error *err);
void rgm_specimen_destroy(rgm_specimen *specimen); /* NULL is fine */

/* What its plans are made with, for another plan of the same net: of evaluation, unless its `training` is set. */
rgm_plan_options rgm_specimen_plan(rgm_specimen *specimen);

/* Parameters and statistics as training starts from; without the weights of a checkpoint. [main] */
rgm_status rgm_specimen_draw(rgm_specimen *specimen, rgm_error *err);

/* The values of one parameter. */
float *rgm_specimen_value(const rgm_specimen *specimen, int32_t param);

/* Scales that start at 0 by the graph become 1: the last ones of residual blocks, without which branches have no
 * gradient. */
void rgm_specimen_wake(rgm_specimen *specimen);

/* Batch `batch` of the set, counted from 0. [main] */
rgm_status rgm_specimen_load(rgm_specimen *specimen, int64_t batch, rgm_error *err);

/* Loads batch 0 as rgm_specimen_load() does, but in a layout of the caller's: (*x)[images][*floats], to be freed.
 * RGM_E_NOMEM. [main] */
rgm_status rgm_specimen_images(rgm_specimen *specimen, int32_t layout, float **x, int64_t *floats, rgm_error *err);

/* How many whole batches the set has. */
int64_t rgm_specimen_batches(const rgm_specimen *specimen);

/* A forward pass in training form (1) or evaluation form (0). Running statistics are updated by the first. A value that
 * is not finite is no failure. [main] */
rgm_status rgm_specimen_forward(rgm_specimen *specimen, int32_t training, rgm_error *err);

/* The loss of the last forward pass, in its form; NaN if it is not finite. [main] */
rgm_status rgm_specimen_loss(rgm_specimen *specimen, int32_t training, rgm_error *err);

/* Loss and gradients of the last forward pass in training form. *ok 0: the loss is not finite, there are no gradients.
 * [main] */
rgm_status rgm_specimen_backward(rgm_specimen *specimen, int32_t *ok, rgm_error *err);

/* Draws the classifier anew, N(0, 1 / fan_in) and a bias of N(0, 0.1), so that logits show what is in front of it. */
void rgm_specimen_open(rgm_specimen *specimen);

/* Running statistics become those of the batch that is loaded, without a share of earlier ones, and variances those
 * that the batch was normalised with. Then both forms give the same logits. One forward pass in training form with
 * statistics 0, whose result is taken times `1 / momentum`. *updated 0: that pass has left them as they were. [main] */
rgm_status rgm_specimen_estimate(rgm_specimen *specimen, int32_t *updated, rgm_error *err);

#endif
