/* What a net is at its start: loss, scales, units. */
#include <math.h>
#include <stdlib.h>
#include "recipe/checks.h"
#include "train/initialize.h"

/* The entropy of the class frequencies of the training view, in nats. */
static rgm_status class_entropy(const rgm_session *s, double *entropy, rgm_error *err) {
    int32_t classes = rgm_view_classes(&s->data->train);
    double *counts = calloc((size_t)classes, sizeof *counts);
    if (!counts) return rgm_fail(err, RGM_E_NOMEM, "classes: out of memory");
    rgm_count_classes(&s->data->train, counts);
    *entropy = 0;
    for (int32_t i = 0; i < classes; i++) {
        double p = counts[i] / (double)s->data->train.count;
        if (p > 0) *entropy -= p * log(p);
    }
    free(counts);
    return RGM_OK;
}

static rgm_status loss_at_start(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_trainer *trainer;
    rgm_step_result step;
    double expected = 0;
    RGM_TRY(rgm_checking_trainer(c, &trainer, err));
    c->stepped = 1;
    RGM_TRY(rgm_trainer_step(trainer, 0, &step, err));
    RGM_TRY(class_entropy(c->session, &expected, err));
    if (!c->config->prior_bias) expected = log(c->session->model->classes);
    double loss = rgm_tally_loss(&step.tally);
    if (fabs(loss - expected) <= 0.1) return rgm_check_pass(v, "loss %.3f, expected %.3f", loss, expected);
    rgm_check_fail(v, "loss %.3f, expected %.3f +- 0.1", loss, expected);
    rgm_check_cause(v, "the classifier's weights start too large");
    rgm_check_edit(v, "init_layers", "[]");
    return RGM_OK;
}

const rgm_check_row rgm_checks_start[] = {
    {{"loss_at_start", "I", "is the first loss that of guessing by class frequencies?", 1}, 20, loss_at_start},
    {{0}, 0, NULL},
};
