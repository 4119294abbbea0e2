/* Short trainings: one batch, learnt by heart. Augmentation, regularizers, dropout and smoothing are off. What a net
 * cannot do with its own optimizer is tried with Adam: then the optimizer is to blame, else the net or the loss. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/check_step_optimizer.h"
#include "check/check_step_schedule.h"
#include "check/check_training_batch.h"
#include "check/short.h"

enum { IMAGES = 16, STEPS = 500, WARM = 20, LISTED = IMAGES };
static const double REACHED = 0.01;

typedef struct learnt {
    int64_t steps; /* made */
    int32_t reached, entropy;
    double first, loss, accuracy; /* of the first and the last step */
    int32_t count;
    int32_t label[LISTED], predicted[LISTED]; /* in evaluation form */
} learnt;

/* Images that lie twice in the batch may have two labels: the first of each stays. */
static void keep_different(void *context, rgm_lab_set *set) {
    size_t bytes = (size_t)set->H * (size_t)set->W * (size_t)set->C;
    uint8_t *images = set->images[RGM_SPLIT_TRAIN];
    int32_t *labels = set->labels[RGM_SPLIT_TRAIN];
    int64_t kept = 0;
    (void)context;
    for (int64_t i = 0; i < set->count[RGM_SPLIT_TRAIN]; i++) {
        int32_t known = 0;
        for (int64_t k = 0; k < kept && !known; k++)
            known = memcmp(images + (size_t)k * bytes, images + (size_t)i * bytes, bytes) == 0;
        if (known) continue;
        if (kept != i) memcpy(images + (size_t)kept * bytes, images + (size_t)i * bytes, bytes);
        labels[kept++] = labels[i];
    }
    set->count[RGM_SPLIT_TRAIN] = kept;
}

static rgm_status train(const rgm_checking *c, const rgm_lab_bench *b, double rate, learnt *l, rgm_error *err) {
    for (int64_t i = 0; i < STEPS && !l->reached; i++) {
        rgm_step_result step;
        if (rgm_stop_asked(&c->options->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request");
        double now = i < WARM ? rate * (double)(i + 1) / WARM : rate;
        rgm_status status = rgm_trainer_step_at(b->trainer, i, now, &step, err);
        l->steps = i + 1;
        if (status == RGM_E_NUMERIC) {
            l->loss = (double)INFINITY;
            return RGM_OK;
        }
        RGM_TRY(status);
        l->loss = rgm_tally_loss(&step.tally);
        l->accuracy = rgm_tally_accuracy(&step.tally);
        if (i == 0) l->first = l->loss;
        l->reached = step.tally.top1 == step.tally.seen && (l->loss <= REACHED || !l->entropy);
    }
    return RGM_OK;
}

static rgm_status predict(const rgm_lab_bench *b, learnt *l, rgm_error *err) {
    const rgm_view *view = &b->session->data->train;
    const int32_t *labels = rgm_dataset_labels(view->set, view->split);
    int32_t outputs = b->session->model->outputs;
    l->count = (int32_t)view->count;
    float *logits = malloc((size_t)l->count * (size_t)outputs * sizeof *logits);
    if (!logits) return rgm_fail(err, RGM_E_NOMEM, "checks: out of memory");
    rgm_status status = rgm_trainer_logits(b->trainer, view, l->count, logits, err);
    for (int32_t i = 0; i < l->count && status >= 0; i++) {
        const float *z = logits + (int64_t)i * outputs;
        l->label[i] = labels[rgm_view_index(view, i)];
        l->predicted[i] = outputs == 1 && z[0] > 0;
        for (int32_t k = 1; k < outputs; k++)
            if (z[k] > z[l->predicted[i]]) l->predicted[i] = k;
    }
    free(logits);
    return status == RGM_E_NUMERIC ? RGM_OK : status;
}

/* With `settings` over the configuration, at `rate`, or 0: the configured one for so small a batch. */
static rgm_status learn(rgm_checking *c, const char *const *settings, double rate, learnt *l, rgm_error *err) {
    rgm_lab_set set;
    rgm_lab_bench bench = {0};
    const rgm_lab_wish wish = {.train = IMAGES, .seed = c->config->seed, .change = keep_different};
    *l = (learnt){.entropy = strcmp(rgm_instance_name(c->session->model->components.loss), "cross_entropy") == 0};
    rgm_status status = rgm_lab_set_make(&set, c->session, &wish, err);
    const rgm_lab_job job = {.config = c->config,
                             .settings = settings,
                             .device = c->device,
                             .set = set.set,
                             .steps = STEPS,
                             .stop = c->options->stop};
    if (status >= 0) status = rgm_lab_open(&bench, &job, err);
    if (status >= 0) status = train(c, &bench, rate, l, err);
    if (status >= 0) status = predict(&bench, l, err);
    rgm_lab_close(&bench);
    rgm_lab_set_free(&set);
    return status;
}

/* The configured optimizer. */
static rgm_status learn_own(rgm_checking *c, learnt *l, rgm_error *err) {
    const rgm_components *o = &c->session->model->components;
    double peak, share = sqrt((double)IMAGES / c->config->batch);
    const rgm_response *a;
    int32_t moves;
    const char *settings[16] = {"batch", "16", "augment", "[]", "regularize", "[]", "dropout", "0"};
    int32_t n = 8;
    RGM_TRY(rgm_step_peak(c, &peak, err));
    if (rgm_short_setting(o->loss, "label_smoothing", 0) > 0) {
        settings[n++] = "loss.label_smoothing";
        settings[n++] = "0";
    }
    if (rgm_optimizer_decays(o->optimizer)) {
        settings[n++] = "optimizer.weight_decay";
        settings[n++] = "0";
    }
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    if (share < 1) peak *= share;
    /* steps of one length do not need to be small for a small batch */
    if (moves && a->ratio < RGM_SCALE_FREE && a->constant > 0) peak = fmax(peak, 1e-3 / a->constant);
    return learn(c, settings, peak, l, err);
}

static rgm_status learn_with_adam(rgm_checking *c, learnt *l, rgm_error *err) {
    static const char *const settings[] = {"batch", "16",        "augment", "[]",        "regularize", "[]", "dropout",
                                           "0",     "optimizer", "adam",    "clip_norm", "0",          NULL};
    return learn(c, settings, 3e-3, l, err);
}

/* "3 1 4 1" */
static const char *list(const int32_t *numbers, int32_t count, char *text, size_t size) {
    size_t at = 0;
    text[0] = 0;
    for (int32_t i = 0; i < count && at + 12 < size; i++)
        at += (size_t)snprintf(text + at, size - at, "%s%d", i ? " " : "", numbers[i]);
    return text;
}

static rgm_status judge(rgm_checking *c, const learnt *own, const learnt *adam, rgm_verdict *v, rgm_error *err) {
    char labels[96], predicted[96];
    rgm_usual usual;
    list(own->label, own->count, labels, sizeof labels);
    list(own->predicted, own->count, predicted, sizeof predicted);
    if (own->reached)
        return rgm_check_pass(v, "%d images, loss %.3g after %" PRId64 " steps; labels %s, predicted %s", own->count,
                              own->loss, own->steps, labels, predicted);
    rgm_check_fail(v, "%d images, loss %.3g and %.0f %% right after %" PRId64 " steps; labels %s, predicted %s",
                   own->count, own->loss, 100 * own->accuracy, own->steps, labels, predicted);
    if (adam->reached) {
        if (own->accuracy >= 1) v->verdict = RGM_VERDICT_WARN;
        rgm_check_cause(v, "the optimizer or its rate: Adam gets there in %" PRId64 " steps", adam->steps);
        RGM_TRY(rgm_usual_read(c, &usual, err));
        rgm_check_edit(v, "optimizer", "%s", usual.optimizer);
        return RGM_OK;
    }
    if (adam->accuracy >= 1) v->verdict = RGM_VERDICT_WARN;
    rgm_check_cause(v, "the net cannot tell these images apart: its layers, its start, or its input");
    rgm_check_cause(v, "the loss does not lead to the labels");
    rgm_check_cause(v, "gradients do not reach the parameters");
    rgm_check_mend(v, "mend what other lines name first");
    return RGM_OK;
}

rgm_status rgm_check_overfit(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    learnt own, adam = {0};
    RGM_TRY(learn_own(c, &own, err));
    if (!own.reached) RGM_TRY(learn_with_adam(c, &adam, err));
    return judge(c, &own, &adam, v, err);
}
