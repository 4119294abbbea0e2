/* Who is to blame for a step that is not finite, or a spike: the layer, and the images of the batch.
 *
 * The batch, the parameters and, up to the loss, the outputs are still those of the step. So the first bad layer is
 * found by running its forward phases once more (plan/finite.h). Of the gradients it is the parameter nearest to the
 * loss. The images are those whose logits are not finite. Behind a batch norm one bad image spoils all of them: then
 * all are said.
 */
#ifndef RGM_TRAIN_BLAME_H
#define RGM_TRAIN_BLAME_H

#include "data/batch.h"
#include "plan/plan.h"
#include "train/session.h"
#include "train/watch.h"

typedef struct rgm_scene {
    const rgm_session *session;
    rgm_plan *plan; /* of training, bound */
    const rgm_batches *batches;
    const float *grad; /* all gradients */
    double loss;       /* of the batch */
} rgm_scene;

/* RGM_E_NUMERIC with the step, the layer and the images; images by their index in the split. [main] */
rgm_status rgm_blame(const rgm_scene *scene, int64_t step, rgm_error *err);

/* RGM_E_NUMERIC of a step whose loss is a spike beside the usual one: with both losses, and the three images with the
 * largest. The layer is the watch's to add (loop.h). */
rgm_status rgm_blame_spike(const rgm_watch_step *step, double usual, rgm_error *err);

#endif
