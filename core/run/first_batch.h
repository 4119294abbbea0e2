/* The first images of a training's first batch as the network sees them, undone to pictures: augmented, without their
 * normalisation. */
#ifndef RGM_RUN_FIRST_BATCH_H
#define RGM_RUN_FIRST_BATCH_H

#include "train/trainer.h"

typedef struct rgm_first_batch {
    int32_t count, H, W, C; /* C 1 or 3: of other numbers of channels the first ones */
    uint8_t *pixels;        /* [count][H][W][C]; values outside of 0 to 255 are cut. Owned */
    int32_t *labels;        /* [count], the model's classes. Owned */
} rgm_first_batch;

/* Makes at most `most` of them by a pipeline like the training's, which ends here. Sides beyond `side` are made smaller
 * by a whole number, by means; 0: as they are. *batch is overwritten. RGM_E_NOMEM, RGM_E_IO, RGM_E_INTERRUPTED and what
 * augmentations fail with. [main] */
typedef struct rgm_first_batch_wish {
    const rgm_session *session;
    rgm_trainer *trainer;
    int32_t most, side;
} rgm_first_batch_wish;
rgm_status rgm_first_batch_make(rgm_first_batch *batch, const rgm_first_batch_wish *wish, rgm_error *err);
void rgm_first_batch_free(rgm_first_batch *batch); /* a zeroed one is fine */

#endif
