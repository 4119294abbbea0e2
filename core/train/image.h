/* The image that a model takes: its size, and the transform that makes one of any picture. */
#ifndef RGM_TRAIN_IMAGE_H
#define RGM_TRAIN_IMAGE_H

#include "train/components.h"
#include "train/data.h"

/* The height and width that a model has whose configuration does not say. Of a set of images it is theirs. Of encoded
 * pictures, the first of these that there is:
 *     the `size` of a resized_crop in the chain
 *     the size of the set's own transform
 *     rgm_transform_side() of the median of their shorter sides */
void rgm_image_size(const rgm_config *config, const rgm_dataset_info *info, int32_t size[2]);

/* A transform for images of C x H x W that does what `from` does for those of its own size. `from` with C 0: the
 * default. */
rgm_transform rgm_image_adapt(const rgm_transform *from, const int32_t image[3]);

/* A set's own transform, else the default without a size, with the background of its encoded pictures. C 0: neither. */
rgm_transform rgm_image_own(const rgm_dataset_info *info);

/* What evaluation does with pictures after a training with this chain. *transform stays as it is, for its image, unless
 * an augmentation that takes windows says more. RGM_E_PLUGIN. [main] */
rgm_status rgm_image_evaluation(const rgm_components *components, const rgm_clock *clock, rgm_transform *transform,
                                rgm_error *err);

#endif
