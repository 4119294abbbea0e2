/* The largest losses of what a model says (said.h), and beside each the most similar training image. */
#ifndef RGM_INSPECT_LOSSES_H
#define RGM_INSPECT_LOSSES_H

#include "inspect/images.h"
#include "inspect/said.h"
#include "report/inspection_model.h"

typedef struct rgm_losses {
    rgm_images *images;
    const rgm_said_all *said;
    const uint8_t *broken;                         /* [count], 1: a picture that cannot be decoded */
    void (*progress)(void *context, int64_t done); /* of the training images; NULL: not told */
    void *context;
    rgm_stop stop;
} rgm_losses;

/* Fills the losses of the model: the RGM_SAYS_LOSSES images whose label gets least, of equals the lower number first.
 * Beside each the nearest training image (nearest.h). Errors of rgm_nearest_find(). [main] */
rgm_status rgm_losses_find(const rgm_losses *losses, rgm_inspection_model *model, rgm_error *err);

#endif
