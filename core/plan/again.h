/* Appending forward phases for the second time, in front of the backward phases that need what was dropped (remake.h).
 *
 * What a second time leaves out (rgm_plan_again) is what must not happen twice, or need not. Batch norms keep their
 * scales and shifts, so nobody gathers moments, and running statistics stand still. Activations from plugins are called
 * again for the same images and must give the same. How long the first and the second buffer live follows from their
 * phases, as everywhere.
 */
#ifndef RGM_PLAN_AGAIN_H
#define RGM_PLAN_AGAIN_H

#include "plan/op.h"

/* Before a node's backward phases are appended: has what they need made again. RGM_E_NOMEM and what operations say. */
rgm_status rgm_again_for(rgm_plan *plan, int32_t node, rgm_error *err);

#endif
