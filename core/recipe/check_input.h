/* Rows of family P, by file, and what they share. */
#ifndef RGM_RECIPE_CHECK_INPUT_H
#define RGM_RECIPE_CHECK_INPUT_H

#include "recipe/checks.h"

/* check_input.c: pixels, and what the pipelines make of them */
rgm_status rgm_check_normalised(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_pixel_levels(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_pixel_order(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_evaluation_pixels(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_train_evaluation(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* check_input_augment.c: augmentations */
rgm_status rgm_check_augment_draws(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_augment_changes(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_augment_strength(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* The augmentation of the chain that changes mean and deviation of images most; -1: none can be told. [main] */
rgm_status rgm_augment_blame(rgm_checking *c, int32_t *place, rgm_error *err);

/* Adds the edit that takes augmentation `place` out of the chain. RGM_E_NOMEM. */
rgm_status rgm_augment_without(const rgm_checking *c, int32_t place, rgm_verdict *v, rgm_error *err);

#endif
