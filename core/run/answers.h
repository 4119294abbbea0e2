/* What a network answers for each image of a view: probabilities, handed over batch by batch. */
#ifndef RGM_RUN_ANSWERS_H
#define RGM_RUN_ANSWERS_H

#include "base/stop.h"
#include "train/trainer.h"

/* Answers for the images number first to first + count - 1 of the view. */
typedef struct rgm_answers_batch {
    int64_t first;
    int32_t count, classes;     /* the model's classes */
    const float *probabilities; /* [count][classes], valid during the call */
} rgm_answers_batch;

typedef rgm_status (*rgm_answers_fn)(void *context, const rgm_answers_batch *batch, rgm_error *err);

typedef struct rgm_answer_walk {
    const rgm_session *session;
    rgm_trainer *trainer;
    const rgm_view *view; /* its map, if any, is not asked: classes are the model's */
    rgm_answers_fn take;
    void *context;
    rgm_stop stop; /* asked between batches */
} rgm_answer_walk;

/* An evaluation of the whole view. Afterwards the trainer has let go of it. Errors of rgm_trainer_begin_evaluation()
 * and rgm_trainer_evaluate_batch(), RGM_E_NUMERIC if a logit is not finite, RGM_E_INTERRUPTED, RGM_E_NOMEM, and what
 * `take` returns. [main] */
rgm_status rgm_answers_each(const rgm_answer_walk *answers, rgm_error *err);

/* The class probabilities [classes] of logits [outputs] of the session's model: their softmax, or the sigmoid of a
 * single one. RGM_E_NUMERIC if one is not finite. [any thread] */
rgm_status rgm_answer_of(const rgm_session *session, const float *logits, float *probabilities, rgm_error *err);

#endif
