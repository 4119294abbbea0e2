/* What a step shows of each layer: scales of activations, gradients and updates, dead units. It is looked at in every
 * step of every training.
 *
 *     rgm_trainer_step(trainer, step, &result, &err);
 *     const rgm_watch_step *w = rgm_trainer_watch(trainer);
 *     for (int32_t i = 0; i < w->layer_count; i++) printf("%s %g\n", w->layers[i].name, w->layers[i].gradient_rms);
 *
 * Layers are the nodes with parameters and the activations, in the order of the graph. How each signal comes about:
 *
 *     signal              of                             how
 *     activation_*        a convolution with a batch     exact: the moments that the batch norm gathers anyway
 *                         norm behind it
 *                         others                         a sample: all pixels of the batch's first images
 *     dead                units behind a ReLU            the same sample
 *     gradient_rms        all parameters of the layer    exact: the squares that are added up for the gradient's norm
 *     weight_rms,         its weight (of a batch norm,   exact up to RGM_UPDATE_WATCHED elements of a span of
 *     update_rms          its scale)                     the update; of a longer one, pieces that lie evenly in it
 *
 * The sample is as many images as hold RGM_WATCH_SAMPLE values, two at least and the batch at most. Batches are
 * shuffled, so these are other images in each step. A unit is a channel of a map, or one value of a vector of features.
 * It counts as dead in a step if no value of it in the sample is above zero. A channel that answers to few images can
 * look dead in one step. A unit that is dead for good looks so in every step: judge by several.
 *
 * Nothing is allocated in a step. The signals are the same bits on any number of threads. The training's own bits are
 * those of a trainer that does not look (rgm_trainer_knobs).
 */
#ifndef RGM_TRAIN_WATCH_H
#define RGM_TRAIN_WATCH_H

#include "plan/plan.h"
#include "train/session.h"
#include "train/update.h"

enum { RGM_WATCH_SAMPLE = 32768, RGM_WATCH_WORST = 3 };

/* One layer in one step. What a layer does not have is NaN: parameters, units behind a ReLU. */
typedef struct rgm_watch_layer {
    const char *name;       /* the node's: the graph's */
    int32_t node, op;       /* in the graph; RGM_OP_* */
    int32_t head;           /* 1: the classifier, whose output is the logits */
    double activation_mean; /* of its output, over images, channels and pixels; behind its ReLU, if it has one */
    double activation_rms;  /* root of the mean square of it */
    double gradient_rms;    /* of the loss with respect to its parameters; before clipping and regularizers */
    double weight_rms;      /* behind the update */
    double update_rms;      /* of what the update has changed, regularizers included */
    double dead;            /* share of its units, 0 to 1 */
} rgm_watch_layer;

/* A whole step. */
typedef struct rgm_watch_step {
    int64_t step; /* as it was given to rgm_trainer_step(); -1: none was made yet */
    int32_t layer_count;
    const rgm_watch_layer *layers; /* the trainer's; they change with the next step */

    /* the batch as the network sees it: its sample, all channels together */
    double input_mean, input_rms, input_least, input_largest;

    double loss, gradient_norm, rate; /* as in rgm_step_result, the loss a mean */

    /* the images of the batch with the largest losses, falling: their index in the split; -1: there is none */
    int64_t worst[RGM_WATCH_WORST];
    double worst_loss[RGM_WATCH_WORST];

    /* wall time, in seconds: of the step; waiting for pixels before it began; making the batch of them */
    double seconds, waited, batch_seconds;
} rgm_watch_step;

typedef struct rgm_watcher rgm_watcher;

/* Looks at a plan of training that is bound. RGM_E_NOMEM. [main] */
rgm_status rgm_watcher_create(rgm_watcher **watcher, const rgm_session *session, const rgm_plan *plan, rgm_error *err);
void rgm_watcher_destroy(rgm_watcher *watcher); /* NULL is fine */

/* Bytes that watching takes, what is kept of a run among them (watched.h), for the plan. */
size_t rgm_watcher_bytes(const rgm_session *session);

/* The phases that look. One comes behind the batch's phase. The others come each behind the forward phase `after`,
 * counted from 0, in rising order. */
rgm_phase rgm_watcher_input_phase(rgm_watcher *watcher);
int32_t rgm_watcher_phase_count(const rgm_watcher *watcher);
rgm_phase rgm_watcher_phase(rgm_watcher *watcher, int32_t index, int32_t *after);

/* Around a step: it begins; its pixels are there; it was made. The last fills in what its phases left. `step` has its
 * number, loss, norm and rate; `changes` are of each parameter (update.h); NULL: the update was left out. [main] */
void rgm_watcher_begin(rgm_watcher *watcher);
void rgm_watcher_waited(rgm_watcher *watcher);
void rgm_watcher_end(rgm_watcher *watcher, const rgm_watch_step *step, const rgm_change *changes);

/* The last step that was made. */
const rgm_watch_step *rgm_watcher_step(const rgm_watcher *watcher);

#endif
