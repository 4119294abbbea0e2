/* Checks of a step that lie in several files. check_step.c has the table. */
#ifndef RGM_RECIPE_CHECK_STEP_H
#define RGM_RECIPE_CHECK_STEP_H

#include "recipe/checks.h"
#include "recipe/rig.h"

/* ---- what is usual for the model ---- */

/* The defaults of the model, at the configured batch and set (docs/CONFIG.md). */
typedef struct rgm_usual {
    char optimizer[RGM_EDIT_VALUE]; /* as --set optimizer takes it */
    double rate;                    /* its lr */
    double constant;                /* rgm_response.constant of it: lr / (1 - momentum), per rate */
    double decay;                   /* share of the weights that a step at this rate takes */
} rgm_usual;
rgm_status rgm_usual_read(const rgm_checking *c, rgm_usual *usual, rgm_error *err);

/* The rate at its highest, by samples of the schedule: the optimizer's lr times the largest factor. [main] */
rgm_status rgm_step_peak(const rgm_checking *c, double *peak, rgm_error *err);

/* Steps that the run makes. */
int64_t rgm_step_count(const rgm_checking *c);

/* ---- check_step_update.c: steps as they are made ---- */

rgm_status rgm_check_step_direction(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_step_formula(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_gradients_cleared(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_parameters_move(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* ---- check_step_mean.c ---- */

rgm_status rgm_check_gradient_mean(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* ---- check_step_optimizer.c: what the optimizer does with gradients that are made up ---- */

/* The optimizer's answers, made once; *moves = 0: it does nothing. */
rgm_status rgm_step_response(rgm_checking *c, const rgm_response **response, int32_t *moves, rgm_error *err);

rgm_status rgm_check_rate(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_momentum(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_decay(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_decay_where(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* ---- check_step_schedule.c ---- */

rgm_status rgm_check_schedule(rgm_checking *c, rgm_verdict *v, rgm_error *err);

/* ---- check_step_rate.c: short trainings at several rates ---- */

rgm_status rgm_check_rate_range(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_warmup(rgm_checking *c, rgm_verdict *v, rgm_error *err);
rgm_status rgm_check_clip(rgm_checking *c, rgm_verdict *v, rgm_error *err);

#endif
