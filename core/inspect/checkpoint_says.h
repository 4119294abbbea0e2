/* What the model of a checkpoint says of a set.
 *
 * The checkpoint's fingerprint tells whether its run was trained on this data. Then the images that the run held out
 * are a part of their own: it has not seen them. What its exclude list leaves out is not asked about. */
#ifndef RGM_INSPECT_CHECKPOINT_SAYS_H
#define RGM_INSPECT_CHECKPOINT_SAYS_H

#include "inspect/said.h"
#include "report/inspection_model.h"

typedef struct rgm_checkpoint_ask {
    const char *path; /* a file, or a run folder, of which the best checkpoint is taken */
    const rgm_dataset *set;
    rgm_device *device;
    const uint8_t *broken;                                         /* [images], by number, 1: left out */
    void (*begin)(void *context, const char *what, int64_t total); /* NULL: not told */
    void (*progress)(void *context, int64_t done);                 /* NULL: not told */
    void *context;                                                 /* of both */
    rgm_stop stop;
} rgm_checkpoint_ask;

/* Fills title, own_data and the parts' split and seen of the model, and what is said. Errors as of rgm_model_says().
 * [main] */
rgm_status rgm_checkpoint_says(const rgm_checkpoint_ask *ask, rgm_inspection_model *model, rgm_said_all *said,
                               rgm_error *err);

#endif
