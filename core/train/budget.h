/* What a trainer needs of the machine's memory, and whether that is there. */
#ifndef RGM_TRAIN_BUDGET_H
#define RGM_TRAIN_BUDGET_H

#include "plan/plan.h"
#include "train/session.h"

/* Memory as planned, in bytes; `fixed` is this process' own anonymous memory (RssAnon) measured when planning was done:
 * libraries, primitives, labels. `peak` is the sum. */
typedef struct rgm_memory_plan {
    size_t fixed, parameters, gradients, slots, statistics, activations, scratch, pipeline, peak;
} rgm_memory_plan;

/* The search for what would fit: at most so many plans. */
enum { RGM_BUDGET_PLANS = 12 };

typedef struct rgm_budget {
    const rgm_session *session;
    rgm_memory_plan planned;
    int32_t training;          /* 1: a training and an evaluation are planned; 0: an evaluation */
    rgm_plan_options plans[2]; /* how they were made: [0] evaluation, [1] training */
    size_t available;          /* bytes that may be taken; 0: what the system and the process' cgroups leave */
} rgm_budget;

/* Before planning: RGM_E_NOMEM unless the address space has room for what libraries take meanwhile. If memory runs out
 * while oneDNN makes an implementation, it takes another one, with other bits, or ends the process. */
rgm_status rgm_budget_room(const rgm_session *session, rgm_error *err);

/* Bytes of HDF5's chunk caches of the splits that are read through it. Each split has one, whatever views there are of
 * it, and keeps it until the set is closed. */
size_t rgm_budget_caches(const rgm_session *session, int32_t training);

/* RGM_E_NOMEM if the plan is more than may be taken. It names a batch that would fit, found in at most RGM_BUDGET_PLANS
 * plans. RGM_E_INTERRUPTED if the session is asked to stop meanwhile. [main] */
rgm_status rgm_budget_check(const rgm_budget *budget, rgm_error *err);

#endif
