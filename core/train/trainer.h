/* The trainer: a session's memory, plans and pipelines, and the two things done with them: a training step and an
 * evaluation.
 *
 * A step is one list of phases run by the team in one go:
 *     fill the batch | forward | loss | backward | gradient norm, update
 * Everything is planned and allocated by rgm_trainer_create(); a step allocates nothing.
 */
#ifndef RGM_TRAIN_TRAINER_H
#define RGM_TRAIN_TRAINER_H

#include "data/batch.h"
#include "plan/plan.h"
#include "train/budget.h"
#include "train/progress.h"
#include "train/session.h"
#include "train/state.h"
#include "train/watch.h"

typedef struct rgm_trainer rgm_trainer;

typedef struct rgm_trainer_options {
    int32_t training;  /* 0: evaluation only: no gradients, slots, training plan */
    int32_t plan_only; /* 1: nothing is allocated; only rgm_trainer_memory and the plans may be asked for */
} rgm_trainer_options;

/* Plans, checks the planned peak against the machine's available memory, allocates, and sets all parameters to their
 * first values.
 *     RGM_E_NOMEM          it does not fit; names a batch that would, found in at most RGM_BUDGET_PLANS plans
 *     RGM_E_INTERRUPTED    the session was asked to stop meanwhile
 * [main] */
rgm_status rgm_trainer_create(rgm_trainer **trainer, const rgm_session *session, const rgm_trainer_options *options,
                              rgm_error *err);
void rgm_trainer_destroy(rgm_trainer *trainer); /* before its session; NULL is fine */

rgm_memory_plan rgm_trainer_memory(const rgm_trainer *trainer);
const rgm_plan *rgm_trainer_plan(const rgm_trainer *trainer); /* of training if there is one, else of evaluation */

/* What a step gave. */
typedef struct rgm_step_result {
    rgm_tally tally;      /* of its batch */
    double gradient_norm; /* before clipping */
    double rate;          /* learning rate used */
} rgm_step_result;

/* What follows, and creation, computes with the floating-point environment of base/fpenv.h, whatever the caller has
 * set: the same bits. */

/* Makes step `step` of the run (epoch step / steps_per_epoch). RGM_E_NUMERIC names the step and the first layer whose
 * output is not finite. A step that fails before its update leaves parameters, slots and statistics as they were.
 * [main]
 */
rgm_status rgm_trainer_step(rgm_trainer *trainer, int64_t step, rgm_step_result *result, rgm_error *err);

/* What the last step that was made shows of each layer (watch.h). It stays valid, and changes with the next step; of a
 * trainer that has made none, step -1. */
const rgm_watch_step *rgm_trainer_watch(const rgm_trainer *trainer);

/* The same with a learning rate of the caller's instead of the optimizer's with its schedule: for what looks at rates.
 * [main] */
rgm_status rgm_trainer_step_at(rgm_trainer *trainer, int64_t step, double rate, rgm_step_result *result,
                               rgm_error *err);

/* The gradients of the last step as the optimizer took them, clipped and with the regularizers' share: an arena as that
 * of the parameters. NULL: not of training. */
const float *rgm_trainer_gradients(const rgm_trainer *trainer);

/* From now on steps have this share of the rate that the schedule says; 1 at first. [main] */
void rgm_trainer_slow(rgm_trainer *trainer, double share);

/* From now on a step fails before its update if its loss is a spike beside the usual one (spike.h). That is
 * RGM_E_NUMERIC, and names images. NaN, as at first: none is. Only where `watch.spikes` acts. What such a step shows of
 * layers, its update excepted, is what rgm_trainer_watch() gives then. [main] */
void rgm_trainer_expect(rgm_trainer *trainer, double usual);
int32_t rgm_trainer_spiked(const rgm_trainer *trainer); /* 1: the last step failed for that */

/* 0 once a step failed amid its update, and while a state is put back. The state is then that of no step, and must not
 * be saved. */
int32_t rgm_trainer_whole(const rgm_trainer *trainer);
void rgm_trainer_restoring(rgm_trainer *trainer); /* by someone who begins to put a state back */
void rgm_trainer_restored(rgm_trainer *trainer);  /* by someone who has put a whole state back */

/* RGM_E_NUMERIC naming the first tensor among parameters, slots and statistics with a value that is not finite. [main]
 */
rgm_status rgm_trainer_check_state(rgm_trainer *trainer, rgm_error *err);

/* Loss, top-1 and top-5 over all of a view, with running statistics. `stop`: asked between batches, nonzero ends with
 * RGM_E_INTERRUPTED; may be NULL. RGM_E_NUMERIC before the first batch, so that the tally has seen nothing, names what
 * is not finite:
 *     a parameter or statistic, if the result might not show it (rgm_plan_hides_nan)
 *     a layer, if its scales or shifts are not (rgm_plan_bad_scale)
 * What overflows later is a loss that is not finite: RGM_E_NUMERIC with the whole tally. [main] */
rgm_status rgm_trainer_evaluate(rgm_trainer *trainer, const rgm_view *view, int32_t (*stop)(void *context),
                                void *context, rgm_tally *tally, rgm_error *err);

/* The same batch by batch. The first begins an evaluation of the view, of *batches batches, and prepares what depends
 * on the parameters alone. The second does batch `batch` of it. No training step may come in between. [main] */
rgm_status rgm_trainer_begin_evaluation(rgm_trainer *trainer, const rgm_view *view, int64_t *batches, rgm_error *err);
rgm_status rgm_trainer_evaluate_batch(rgm_trainer *trainer, int64_t batch, rgm_tally *tally, rgm_error *err);

/* Logits of the last batch of an evaluation, [images][*pitch], valid until the next. */
const float *rgm_trainer_batch_logits(const rgm_trainer *trainer, int64_t *pitch);

/* Lets go of the view, and of its set, which may be closed then. [main] */
void rgm_trainer_end_evaluation(rgm_trainer *trainer);

/* Logits of `count` images from the start of a view, [count][outputs]. [main] */
rgm_status rgm_trainer_logits(rgm_trainer *trainer, const rgm_view *view, int64_t count, float *logits, rgm_error *err);

/* The phases of a step, and of a batch of an evaluation (once one has begun), with their times once rgm_team_profile is
 * on. */
const rgm_phase *rgm_trainer_phases(const rgm_trainer *trainer, int32_t *count);
const rgm_phase *rgm_trainer_evaluation_phases(const rgm_trainer *trainer, int32_t *count);

/* How its pipelines make batches of a view: for training, or for evaluation. What it names is the trainer's. */
rgm_batch_options rgm_trainer_batch_options(rgm_trainer *trainer, const rgm_view *view, int32_t training);

/* Visits every tensor of the run (state.h): parameters, running statistics, slots, and what plugins keep, as bytes that
 * are the visit's. A visitor may write into the tensors that are the trainer's own. RGM_E_NOMEM, RGM_E_PLUGIN for
 * plugins' states; else what the visitor fails with. [main] */
rgm_status rgm_trainer_visit(rgm_trainer *trainer, uint32_t groups, rgm_state_fn visit, void *context, rgm_error *err);

/* Where they are, without the states of plugins. */
void rgm_trainer_state(const rgm_trainer *trainer, rgm_state *state);

#endif
