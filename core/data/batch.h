/* The batch pipeline: turns (epoch, step) into packed, normalised images and targets, as one phase of the team.
 *
 *     rgm_batches_create(&batches, &options, &err);
 *     for each step:
 *         rgm_batches_prepare(batches, epoch, step, &out, &err);   [main]
 *         phases[0] = *rgm_batches_phase(batches);  ... and the network's phases behind it
 *         rgm_team_run(team, phases, ...);
 *
 * What a batch holds is a pure function of the set, the view, the seed, epoch and step. Any step may be prepared at any
 * time, in any order. Per image:
 *     pixels       the sample's: mapped, or staged by a thread that reads two batches ahead and otherwise sleeps
 *     developing   if it is an encoded picture, or of another size than augmentations or the network take (develop.h)
 *     `augment`    if there is one
 *     packing      into the network's input layout as u8 * scale[c] + shift[c], scale = 1 / (255 * std),
 *                  shift = -mean / std
 * Nothing is allocated after creation.
 */
#ifndef RGM_DATA_BATCH_H
#define RGM_DATA_BATCH_H

#include "base/team.h"
#include "data/develop.h"
#include "data/sample.h"
#include "data/split.h"
#include "kernels/kernels.h"

/* Makes the image that goes into the network from the sample's. `in` must not be written (it may be a read-only map).
 * `out` arrives as the worker's scratch, dense, of the network's H x W x C, and must be filled whole. Or the function
 * sets *out to another image of that size (*in, say). That stays valid until the worker's next call. What is written
 * must not depend on `worker`. [worker] */
typedef rgm_status (*rgm_augment_fn)(void *context, const rgm_sample *sample, const rgm_pixels *in, rgm_pixels *out,
                                     int32_t worker, rgm_error *err);

typedef struct rgm_batch_options {
    rgm_view view;
    int32_t batch; /* images; in training at most view.count (the caller clips) */
    int32_t train; /* 1: shuffled per epoch, the last partial batch dropped; 0: in order, the last batch padded */
    uint64_t seed; /* of the order */
    const rgm_kernels *kernels;
    int32_t layout;    /* of x: 0 blocked [N][ceil(C/B)][H][W][B], 1 plain [N][C][H][W] (RGM_LAYOUT_* of the engine) */
    int32_t H, W;      /* the network's input; 0: the set's. Another size needs `augment`, or a transform. */
    int32_t classes;   /* width of a row of targets, at least the view's; 0: the view's */
    int32_t one_logit; /* 1: targets are [N], the probability of class 1 (views of two classes only) */
    int32_t workers;   /* the team's size */
    rgm_stop stop;     /* asked where pixels are waited for */
    const float *mean, *std; /* [C] of the normalisation, pixels as 0 to 1; NULL: the set's */
    rgm_augment_fn augment;  /* NULL: none */
    void *augment_context;
    int32_t from_H, from_W;  /* of images that `augment` takes; 0: the set's, or the network's of encoded pictures */
    rgm_transform transform; /* makes images of from_H x from_W, or of the network's size; C 0: none */
    rgm_window_fn window;    /* of encoded pictures, in place of the transform; its context is augment's. NULL: none */
    rgm_tools *tools;        /* for developing, the caller's; NULL, or too small: the pipeline makes its own */
} rgm_batch_options;

typedef struct rgm_batches rgm_batches;

/* RGM_E_USAGE for a batch or size that does not fit the view. Starts the reading thread where one is needed. [main] */
rgm_status rgm_batches_create(rgm_batches **batches, const rgm_batch_options *options, rgm_error *err);
void rgm_batches_destroy(rgm_batches *batches); /* NULL is fine */

/* Bytes that creation takes (scratch and staging), for the plan, without tools of its own. */
size_t rgm_batches_bytes(const rgm_batch_options *options);

/* The tools that creation would make: *needed = 0 if the set's images are taken as they are. */
rgm_tools_plan rgm_batches_tools(const rgm_batch_options *options, int32_t *needed);

/* How samples are developed, where tools are needed. */
rgm_develop rgm_batches_develop(const rgm_batch_options *options);

/* Floats of one batch's x. */
size_t rgm_batches_x_floats(const rgm_batch_options *options);

/* Batches in an epoch: floor(count / batch) in training, else ceil. */
int64_t rgm_batches_per_epoch(const rgm_batches *batches);

/* Where a batch goes.
 *     x          [N]... in the layout, 64-byte aligned
 *     targets    [N][classes] (or [N]), one-hot or soft, 0 behind the view's classes
 *     labels     [N]
 * targets and labels may be NULL. */
typedef struct rgm_batch_out {
    float *x, *targets;
    int32_t *labels;
} rgm_batch_out;

/* Points the phase at batch `step` of `epoch` and at its outputs. Waits for staged pixels, which
 * the stop may end (RGM_E_INTERRUPTED); they can be asked for again. The previous batch must have
 * been filled. A failure of the reading thread comes out here. [main] */
rgm_status rgm_batches_prepare(rgm_batches *batches, uint32_t epoch, int64_t step, const rgm_batch_out *out,
                               rgm_error *err);

/* The phase that fills the prepared batch; the same for every step. */
const rgm_phase *rgm_batches_phase(const rgm_batches *batches);

/* Images of the prepared batch that count: `batch`, except in the last one of an evaluation. That one is filled up with
 * copies of the view's first image. */
int32_t rgm_batches_valid(const rgm_batches *batches);

/* The index in its split of image `place` of the prepared batch. */
int64_t rgm_batches_sample(const rgm_batches *batches, int32_t place);

/* scale[C] and shift[C] of the normalisation by mean[C] and std[C]. */
void rgm_batches_normalisation(const float *mean, const float *std, int32_t C, float *scale, float *shift);

#endif
