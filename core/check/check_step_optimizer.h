/* Checks of rate, momentum and decay, by what the optimizer does with gradients that are made up. */
#ifndef RGM_CHECK_CHECK_STEP_OPTIMIZER_H
#define RGM_CHECK_CHECK_STEP_OPTIMIZER_H

#include "check/checks.h"
#include "check/rig.h"

/* The defaults of the model, at the configured batch and set (docs/CONFIG.md). */
typedef struct rgm_usual {
    char optimizer[RGM_EDIT_VALUE]; /* as --set optimizer takes it */
    double rate;                    /* its lr */
    double constant;                /* rgm_response.constant of it: lr / (1 - momentum), per rate */
    double decay;                   /* share of the weights that a step at this rate takes */
} rgm_usual;
rgm_status rgm_usual_read(const rgm_checking *c, rgm_usual *usual, rgm_error *err);

/* The optimizer's answers, made once; *moves = 0: it does nothing. */
rgm_status rgm_step_response(rgm_checking *c, const rgm_response **response, int32_t *moves, rgm_error *err);

/* The rate of steps that are looked at: a tenth of the usual one. So they do not show a rate that is too high. Nor are
 * they lost in rounding. */
rgm_status rgm_step_rate(rgm_checking *c, double *rate, rgm_error *err);

/* The rows. */
rgm_status rgm_check_rate(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_momentum(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_decay(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_decay_where(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
