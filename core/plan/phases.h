/* Pass 7, phases: operations append their phases, buffers and bindings.
 *
 * In: all results before: the order of the nodes, who has joined whom, what is pending, what is dropped. Out: a program
 * (program.h), whose buffers have no places yet. Its phases are those of the forward order, an empty one, and those of
 * the backward order. In the empty one the loss reads the logits and writes their gradient.
 *
 * All that changes while phases are appended is in one struct, rgm_build (append.h). It ends with the pass. Operations
 * reach it through the functions of build.h and its neighbours.
 */
#ifndef RGM_PLAN_PHASES_H
#define RGM_PLAN_PHASES_H

#include "plan/program.h"

/* *program is to be destroyed. RGM_E_NOMEM; what operations say, behind the layer's name; RGM_E_INTERNAL for an
 * operation that does not tell its gradients' squares. */
rgm_status rgm_phases_append(rgm_plan *plan, rgm_program **program, rgm_error *err);

#endif
