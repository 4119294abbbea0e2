/* The chain of sample augmentations. It plugs into the batch pipeline (data/batch.h) and calls plugins on a worker,
 * between two scratch images. So an image is copied only where an augmentation changes it. */
#ifndef RGM_TRAIN_AUGMENT_H
#define RGM_TRAIN_AUGMENT_H

#include "data/batch.h"
#include "train/session.h"

typedef struct rgm_augmenter rgm_augmenter;

/* For the session's chain; *augmenter = NULL if the chain is empty. The chain must end at the network's input size, and
 * begins with
 *     the window that its first augmentation chooses of an encoded picture, if it chooses one
 *     the stored image, if the chain makes the network's size of it
 *     else the image that the model's transform makes
 * RGM_E_USAGE names the augmentation and the sizes. [main] */
rgm_status rgm_augmenter_create(rgm_augmenter **augmenter, const rgm_session *session, rgm_error *err);
void rgm_augmenter_destroy(rgm_augmenter *augmenter);

/* For measuring: augmentation `place` of the chain alone, with the draws and the image size that it has there. *input
 * is the size of the images that it takes. [main] */
rgm_status rgm_augmenter_create_one(rgm_augmenter **augmenter, const rgm_session *session, int32_t place,
                                    rgm_pixels *input, rgm_error *err);
size_t rgm_augmenter_bytes(const rgm_augmenter *augmenter);

/* Height (0) or width (1) of the images that the chain begins with; 0 for NULL. */
int32_t rgm_augmenter_start(const rgm_augmenter *augmenter, int32_t side);

/* What chooses a window of encoded pictures, with the augmenter as its context; NULL: nothing does, or `augmenter` is
 * NULL. */
rgm_window_fn rgm_augmenter_window(const rgm_augmenter *augmenter);

/* An rgm_augment_fn; context: the augmenter. Draws are keyed by (seed, position in the chain, epoch, sample). */
rgm_status rgm_augmenter_run(void *context, const rgm_sample *sample, const rgm_pixels *in, rgm_pixels *out,
                             int32_t worker, rgm_error *err);

#endif
