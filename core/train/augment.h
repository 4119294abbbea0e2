/* The chain of sample augmentations. It plugs into the batch pipeline (data/batch.h) and calls plugins on a worker,
 * between two scratch images. So an image is copied only where an augmentation changes it. */
#ifndef RGM_TRAIN_AUGMENT_H
#define RGM_TRAIN_AUGMENT_H

#include "data/batch.h"
#include "train/session.h"

typedef struct rgm_augmenter rgm_augmenter;

/* For the session's chain; *augmenter = NULL if the chain is empty and sizes are equal. The chain must end at the
 * network's input size; with a validation or test split that must be the stored size, too. RGM_E_USAGE names the
 * augmentation and the sizes. [main] */
rgm_status rgm_augmenter_create(rgm_augmenter **augmenter, const rgm_session *session, rgm_error *err);
void rgm_augmenter_destroy(rgm_augmenter *augmenter);

/* For measuring: augmentation `place` of the chain alone, with the draws and the image size that it has there. *input
 * is the size of the images that it takes. [main] */
rgm_status rgm_augmenter_create_one(rgm_augmenter **augmenter, const rgm_session *session, int32_t place,
                                    rgm_pixels *input, rgm_error *err);
size_t rgm_augmenter_bytes(const rgm_augmenter *augmenter);

/* An rgm_augment_fn; context: the augmenter. Draws are keyed by (seed, position in the chain, epoch, sample). */
rgm_status rgm_augmenter_run(void *context, const rgm_sample *sample, const rgm_pixels *in, rgm_pixels *out,
                             int32_t worker, rgm_error *err);

#endif
