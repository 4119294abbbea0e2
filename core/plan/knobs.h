/* What only tests turn: rgm_plan_options.knobs points to one, or is NULL. A plan with all of them 0 decides by itself.
 */
#ifndef RGM_PLAN_KNOBS_H
#define RGM_PLAN_KNOBS_H

#include "plan/plan.h"

enum { RGM_PLAN_SEGMENTS = 8 };

struct rgm_plan_knobs {
    size_t remake;    /* bytes of an output that is worth making again (plan/remake.h) */
    int32_t segments; /* of plan/remake.h, 1 to RGM_PLAN_SEGMENTS from short to long: one cut instead of a search */
    int32_t apart;    /* 1: in evaluation, too, every operation has a phase of its own and stores its output */
};

#endif
