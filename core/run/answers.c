#include "run/answers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

rgm_status rgm_answer_of(const rgm_session *s, const float *logits, float *out, rgm_error *err) {
    const rgm_kernels *k = s->device->kernels;
    int32_t outputs = s->model->outputs;
    for (int32_t i = 0; i < outputs; i++)
        if (!isfinite(logits[i]))
            return rgm_fail(err, RGM_E_NUMERIC, "prediction: the logit of class %d is not finite", i);
    if (outputs > 1) {
        k->softmax(logits, outputs, out);
    } else {
        k->sigmoid_fwd(logits, out + 1, 1);
        out[0] = 1.0f - out[1];
    }
    return RGM_OK;
}

static rgm_status answer_batch(const rgm_answer_walk *a, int64_t number, int64_t first, float *out, int64_t *count,
                               rgm_error *err) {
    rgm_tally tally;
    RGM_TRY(rgm_trainer_evaluate_batch(a->trainer, number, &tally, err));
    int64_t pitch, classes = a->session->model->classes;
    const float *logits = rgm_trainer_batch_logits(a->trainer, &pitch);
    *count = tally.seen;
    for (int64_t i = 0; i < tally.seen; i++)
        RGM_TRY(rgm_answer_of(a->session, logits + i * pitch, out + i * classes, err));
    const rgm_answers_batch batch = {
        .first = first, .count = (int32_t)tally.seen, .classes = (int32_t)classes, .probabilities = out};
    return a->take(a->context, &batch, err);
}

static rgm_status answer_all(const rgm_answer_walk *a, float *room, rgm_error *err) {
    int64_t batches, done = 0;
    RGM_TRY(rgm_trainer_begin_evaluation(a->trainer, a->view, &batches, err));
    for (int64_t i = 0, count; i < batches; i++, done += count) {
        if (rgm_stop_asked(&a->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
        RGM_TRY(answer_batch(a, i, done, room, &count, err));
    }
    return rgm_dataset_check(a->view->set, err);
}

rgm_status rgm_answers_each(const rgm_answer_walk *a, rgm_error *err) {
    if (!a->view->count) return RGM_OK;
    size_t floats = (size_t)a->session->config->batch * (size_t)a->session->model->classes;
    float *room = malloc(floats * sizeof *room);
    if (!room) return rgm_fail(err, RGM_E_NOMEM, "prediction: no memory for %zu probabilities", floats);
    rgm_status status = answer_all(a, room, err);
    rgm_trainer_end_evaluation(a->trainer);
    free(room);
    return status;
}
