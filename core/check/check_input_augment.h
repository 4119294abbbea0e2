/* Checks of family P: augmentations. */
#ifndef RGM_CHECK_CHECK_INPUT_AUGMENT_H
#define RGM_CHECK_CHECK_INPUT_AUGMENT_H

#include "check/checks.h"

rgm_status rgm_check_augment_draws(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_augment_changes(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_augment_strength(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* The augmentation of the chain that changes mean and deviation of images most, and by how many levels; -1: none can be
 * told. [main] */
rgm_status rgm_augment_blame(rgm_checking *c, int32_t *place, double *levels, rgm_error *err);

/* 1: augmentation `place` is Regimen's own crop, cutout or random_erasing, which fill part of an image. */
int32_t rgm_augment_fills(const rgm_checking *c, int32_t place);

/* Adds the edit that takes augmentation `place` out of the chain. RGM_E_NOMEM. */
rgm_status rgm_augment_without(const rgm_checking *c, int32_t place, rgm_verdict *v, rgm_error *err);

#endif
