/* The plan itself, for the files of core/plan. Each pass has a header of its own name, which says what goes in and what
 * comes out. A pass writes its own result and nothing else: the others see it const. */
#ifndef RGM_PLAN_PLAN_INTERNAL_H
#define RGM_PLAN_PLAN_INTERNAL_H

#include "plan/append.h"
#include "plan/finish.h"
#include "plan/knobs.h"
#include "plan/layouts.h"
#include "plan/order.h"
#include "plan/pending.h"
#include "plan/phases.h"
#include "plan/program.h"
#include "plan/remake.h"
#include "plan/sizes.h"

struct rgm_plan {
    rgm_plan_options o; /* what was asked */
    rgm_plan_knobs knobs;

    /* decisions, in the order of the passes; NULL: not yet made */
    const rgm_sizes *sizes;
    const rgm_layouts *layouts;
    const rgm_finishes *finishes;
    const rgm_pending *pending;
    const rgm_plan_order *order;
    const rgm_remake *remake; /* of the cut that is tried */

    rgm_build *build; /* while phases are appended, else NULL */

    /* what runs: of the cut that is taken */
    const rgm_program *program;
    const rgm_places *places;
    const rgm_addresses *addresses;

    /* since binding */
    char *arena;
    void *input, *logits, *dlogits, *dinput;
};

#endif
