/* Pass 2, layouts: how the network's input lies in memory. All other layouts follow from the kind of tensor (sizes.h).
 *
 * In: what the readers of the input say of it (rgm_op.input). Out: the input's extent. It is plain, nchw, if a reader
 * needs that, or if all of them would rather have it; else it is blocked.
 *
 * Example: with oneDNN on AVX-512 a 7x7 stem of 3 channels would rather have plain pixels. Blocked, 13 of 16 lanes
 * would be padding.
 */
#ifndef RGM_PLAN_LAYOUTS_H
#define RGM_PLAN_LAYOUTS_H

#include "plan/op.h"

typedef struct rgm_layouts {
    rgm_extent input;
} rgm_layouts;

/* The result is to be freed. RGM_E_NOMEM; RGM_E_UNSUPPORTED, naming the layer that cannot read what another needs. */
rgm_status rgm_layouts_choose(const rgm_plan *plan, const rgm_layouts **layouts, rgm_error *err);

#endif
