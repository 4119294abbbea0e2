/* bench step: whole training steps, on the code path of train: packing, loss, all gradients, the update. bench eval:
 * whole batches of an evaluation, on the code path of eval: packing, forward, loss and counts. */
#ifndef RGM_BENCH_STEP_H
#define RGM_BENCH_STEP_H

#include <signal.h>
#include "train/session.h"

typedef struct rgm_bench_step_options {
    int32_t steps, warmup;             /* measured, and before them; of eval: batches */
    int32_t profile;                   /* 1: time by phase */
    const char *json;                  /* where the result goes, as rgm_json_leaves_text() has it */
    const volatile sig_atomic_t *stop; /* nonzero: RGM_E_INTERRUPTED after the step */
} rgm_bench_step_options;

/* Makes a trainer, times its steps and prints the result, as text or as JSON. [main] */
rgm_status rgm_bench_step(const rgm_session *session, const rgm_bench_step_options *options, rgm_error *err);

/* The same of an evaluation of the training split, with the parameters that training starts from, and in the order of
 * its first epoch. The session must have a training split. [main] */
rgm_status rgm_bench_eval(const rgm_session *session, const rgm_bench_step_options *options, rgm_error *err);

#endif
