/* The plan of a training step or an evaluation, printed: a line a layer, arithmetic and memory. */
#ifndef RGM_CLI_PLAN_PRINT_H
#define RGM_CLI_PLAN_PRINT_H

#include "train/trainer.h"

typedef struct rgm_plan_request {
    int32_t evaluation; /* 1: the trainer has the plan of an evaluation */
    int32_t cores;      /* also the estimate of plan/chunks.h for so many; 0: not */
    const char *json;   /* where the result goes, too: as --json says; NULL: nowhere */
} rgm_plan_request;

rgm_status rgm_plan_print(const rgm_session *session, const rgm_trainer *trainer, const rgm_plan_request *request,
                          rgm_error *err);

#endif
