/* The run: what its figures are of. */
#include "check/check_run_bits.h"
#include "check/check_run_end.h"
#include "check/check_run_plain.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include "check/short.h"

/* ---- an evaluation, counted again from the predictions ---- */

/* Where two classes are equally likely, either count is right. */
static rgm_status metric(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_run_plain *e;
    RGM_TRY(rgm_run_evaluation(c, &e, err));
    const char *loss_name = rgm_instance_name(c->session->model->components.loss);
    const int32_t entropy = strcmp(loss_name, "cross_entropy") == 0;
    double told = rgm_tally_loss(&e->told), own = e->loss / (double)e->seen;
    const int32_t right = e->told.top1 >= e->right && e->told.top1 <= e->right + e->ties;
    /* probabilities in single precision do not tell losses of 50 and more apart */
    const int32_t same = e->told.seen != e->seen || !(told < 50) || fabs(told - own) <= 1e-3 * (1 + own);
    if (right && e->told.top5 >= e->told.top1 && (same || !entropy))
        return rgm_check_pass(v, "%" PRId64 " of %" PRId64 " right, loss %.4f: the predictions give the same",
                              e->told.top1, e->told.seen, told);
    rgm_check_fail(v,
                   "the evaluation says %" PRId64 " of %" PRId64 " right and loss %.4f, its predictions %" PRId64
                   " of %" PRId64 " and %.4f",
                   e->told.top1, e->told.seen, told, e->right, e->seen, own);
    if (right) {
        rgm_check_cause(v, "the loss that is told is not that of the predictions");
        rgm_check_cause(v, "the loss counts another way in evaluation than in training");
    } else {
        rgm_check_cause(v, "the metric counts wrongly");
        rgm_check_cause(v, "predictions and labels belong to different images");
    }
    rgm_check_mend(v, "do not trust this build's accuracy: report it as a fault of the program");
    return RGM_OK;
}

static rgm_status evaluation_whole(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_run_plain *e;
    RGM_TRY(rgm_run_evaluation(c, &e, err));
    if (e->told.seen == e->view.count)
        return rgm_check_pass(v, "%" PRId64 " of %" PRId64 " images evaluated, the last batch not whole", e->told.seen,
                              e->view.count);
    rgm_check_fail(v, "%" PRId64 " of %" PRId64 " images evaluated", e->told.seen, e->view.count);
    rgm_check_cause(v, "an evaluation drops its last batch, which is not whole");
    rgm_check_mend(v, "do not trust this build's accuracy: report it as a fault of the program");
    return RGM_OK;
}

static rgm_status evaluation_pure(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_run_plain *e;
    char foreign[RGM_SHORT_FOREIGN];
    RGM_TRY(rgm_run_evaluation(c, &e, err));
    if (!e->state_differs) return rgm_check_pass(v, "an evaluation leaves every tensor as it was");
    rgm_check_fail(v, "an evaluation changes %s", e->changed);
    if (rgm_short_foreign(c->session, foreign)[0]) rgm_check_cause(v, "%s keeps what it sees in evaluations", foreign);
    rgm_check_cause(v, "running statistics are updated in evaluations");
    rgm_check_mend(v, "what is kept changes in training steps alone");
    return RGM_OK;
}

/* ---- values that are not finite ---- */

static rgm_status spoil(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    int32_t *spoilt = context;
    if (*spoilt) return RGM_OK;
    ((float *)t->data)[t->bytes / sizeof(float) / 2] = NAN;
    *spoilt = 1;
    return RGM_OK;
}

/* A NaN that is put into a parameter must end the step. */
static rgm_status is_noticed(rgm_checking *c, int32_t *noticed, rgm_error *err) {
    rgm_lab_bench bench;
    rgm_step_result step;
    rgm_error said;
    int32_t spoilt = 0;
    *noticed = 0;
    rgm_status status = rgm_short_open(c, &(rgm_short){0}, &bench, err);
    if (status >= 0) status = rgm_trainer_visit(bench.trainer, RGM_PARAMETERS, spoil, &spoilt, err);
    if (status >= 0) {
        rgm_status stepped = rgm_trainer_step(bench.trainer, 0, &step, &said);
        *noticed = stepped == RGM_E_NUMERIC || rgm_trainer_check_state(bench.trainer, &said) == RGM_E_NUMERIC;
    }
    rgm_lab_close(&bench);
    return status;
}

static rgm_status values_finite(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_lab_result *run = NULL;
    int32_t noticed;
    RGM_TRY(is_noticed(c, &noticed, err));
    if (!noticed) {
        rgm_check_fail(v, "a parameter that is not a number goes through a step unnoticed");
        rgm_check_cause(v, "an operation hides values that are not finite");
        rgm_check_mend(v, "look at every step's loss: report it as a fault of the program");
        return RGM_OK;
    }
    if (c->options->quick) return rgm_check_pass(v, "a value that is not a number ends the step that meets it");
    RGM_TRY(rgm_checking_reference(c, &run, err));
    if (run->status >= 0) return rgm_check_pass(v, "%" PRId64 " steps, all values finite", run->steps);
    if (run->status != RGM_E_NUMERIC) return rgm_check_not(v, "%.300s", run->why.text);
    rgm_check_fail(v, "%.300s", run->why.text);
    rgm_check_cause(v, "values overflow: the learning rate is too high");
    rgm_check_cause(v, "scales grow from layer to layer: initialization, or batch norm that is missing");
    rgm_check_cause(v, "the loss divides by zero or takes a logarithm of zero");
    rgm_check_edit(v, "optimizer.lr", "%.2g", 0.1 * c->session->model->components.lr);
    return RGM_OK;
}

const rgm_check_row rgm_checks_run[] = {
    {{"metric", "E", "is the accuracy that is told the one of the predictions?", 1}, 20, metric},
    {{"evaluation_whole", "E", "does an evaluation see every image?", 1}, 20, evaluation_whole},
    {{"evaluation_pure", "E", "does an evaluation leave the state as it was?", 1}, 21, evaluation_pure},
    {{"seed", "E", "does the seed decide every bit?", 1}, 25, rgm_check_seed},
    {{"threads", "E", "are one and all threads the same bits?", 1}, 26, rgm_check_threads},
    {{"checkpoint", "E", "does a checkpoint hold the state that was saved?", 1}, 24, rgm_check_checkpoint},
    {{"resume", "E", "does a resumed run come to the bits of one that was never stopped?", 1}, 27, rgm_check_resume},
    {{"split_chosen", "E", "is the best state chosen on the validation split, not on the test split?", 1},
     22,
     rgm_check_split_chosen},
    {{"best_restored", "E", "does an early stop end with the best state?", 1}, 23, rgm_check_best_restored},
    {{"values_finite", "E", "do all values stay finite, and is it noticed if not?", 1}, 48, values_finite},
    {{0}, 0, NULL},
};
