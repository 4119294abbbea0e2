/* How a host stores its output (finish.h): planning it, while phases are appended. */
#ifndef RGM_PLAN_STORE_H
#define RGM_PLAN_STORE_H

#include "plan/build.h"
#include "plan/finish.h"

/* How a node stores its output. */
typedef struct rgm_store {
    rgm_buffer y;
    rgm_buffer affine;   /* [2][padded channels]: scale, and shift with the node's bias in it; -1: nothing has joined */
    rgm_buffer residual; /* laid out like y, or y itself; -1: none */
    int32_t relu;
} rgm_store;

/* Plans the phase that makes scale and shift, if anything has joined, and the output's place. That is the residual's
 * own if nobody needs it any more and `x`, the buffer that the node reads, is another one. RGM_E_NOMEM. */
rgm_status rgm_store_plan(rgm_plan *plan, int32_t node, rgm_buffer x, rgm_store *store, rgm_error *err);
/* The phase appended last stores that way: each slot gets its address on binding. One that is NULL, or of what there is
 * not, is skipped. */
void rgm_store_use(rgm_plan *plan, const rgm_store *store, void *y, void *affine, void *residual);

#endif
