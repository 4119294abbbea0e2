/* The parameters' update after a backward pass, which has added up the squares of the gradients. It is one pass over
 * the parameters in spans that fit a core's L2 cache. Per span, in this order (torch's): clipping by the global norm,
 * the regularizers' gradients, the optimizer, the regularizers that act on updated parameters.
 *
 * The norm is of the gradients as backward left them: before clipping, without the regularizers' share.
 */
#ifndef RGM_TRAIN_UPDATE_H
#define RGM_TRAIN_UPDATE_H

#include "plan/plan.h"
#include "train/session.h"

typedef struct rgm_update rgm_update;

/* `plan`: of training; `slots`: rgm_plug_slot_count() arrays as large as the parameters. [main] */
rgm_status rgm_update_create(rgm_update **update, const rgm_session *session, const rgm_plan *plan,
                             const rgm_memory *memory, float *const *slots, rgm_error *err);
void rgm_update_destroy(rgm_update *update);

/* The phases: the norm, which fails with RGM_E_NUMERIC if it is not finite (then no parameter has changed), and the
 * update. Owned by the update. */
enum { RGM_UPDATE_PHASES = 2 };
const rgm_phase *rgm_update_phases(rgm_update *update);

/* Adds up, in every update from now on, what it changes. RGM_E_NOMEM. [main] */
rgm_status rgm_update_watch(rgm_update *update, rgm_error *err);

/* Of a parameter: the sums of the squares of its values behind the update, and of what the update has changed. */
typedef struct rgm_change {
    double value, change;
} rgm_change;

/* After a run: of each parameter, the update's; NULL if it does not watch. The same bits on any number of threads.
 * Components of a wide scope ask for spans of more than RGM_UPDATE_WATCHED elements. Of those these are estimates, from
 * RGM_UPDATE_PIECES pieces that lie evenly. [main] */
enum { RGM_UPDATE_WATCHED = 16384, RGM_UPDATE_PIECES = 16 };
const rgm_change *rgm_update_changes(rgm_update *update);

/* Before a run: the clock and the learning rate (base rate times the schedule's factor). [main] */
void rgm_update_set(rgm_update *update, const rgm_clock *clock, double rate);

/* After a run: the global gradient norm (L2), before clipping. */
double rgm_update_norm(const rgm_update *update);

/* After a run that failed: 1 if the update had begun, so that some parameters may have changed. */
int32_t rgm_update_begun(const rgm_update *update);

#endif
