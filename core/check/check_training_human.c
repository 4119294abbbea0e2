/* A person's answers (inspect/human.h) beside the model's on the same images. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/check_training_human.h"
#include "inspect/human.h"
#include "train/resume.h"

/* ---- the model ---- */

/* Of the images that the person saw. */
static rgm_status count_right(const rgm_checking *c, const rgm_human *human, rgm_trainer *t, int64_t *right,
                              rgm_error *err) {
    rgm_tally tally = {0};
    rgm_view view = rgm_view_all(c->session->data->set, human->split);
    uint32_t *indices = malloc((size_t)human->count * sizeof *indices);
    if (!indices) return rgm_fail(err, RGM_E_NOMEM, "checks: out of memory");
    for (int64_t i = 0; i < human->count; i++) indices[i] = (uint32_t)human->answers[i].index;
    view.indices = indices;
    view.count = human->count;
    view.map = c->session->data->train.map;
    rgm_status status = rgm_trainer_evaluate(t, &view, c->options->stop.asked, c->options->stop.context, &tally, err);
    rgm_trainer_end_evaluation(t);
    free(indices);
    *right = tally.top1;
    return status;
}

static rgm_status of_checkpoint(rgm_checking *c, const rgm_human *human, int64_t *right, rgm_error *err) {
    rgm_trainer *t;
    RGM_TRY(rgm_checking_trainer(c, &t, err));
    c->stepped = 1;
    RGM_TRY(rgm_load_weights(t, c->given->checkpoint, &c->options->stop, err));
    return count_right(c, human, t, right, err);
}

/* As many steps as the reference. */
static rgm_status of_short_training(rgm_checking *c, const rgm_human *human, int64_t *right, rgm_error *err) {
    const rgm_lab_set *small;
    rgm_lab_bench bench;
    RGM_TRY(rgm_checking_small(c, &small, err));
    const rgm_lab_job job = {.config = c->config,
                             .device = c->device,
                             .set = small->set,
                             .steps = RGM_REFERENCE_STEPS,
                             .stop = c->options->stop};
    rgm_status status = rgm_lab_open(&bench, &job, err);
    for (int64_t i = 0; i < RGM_REFERENCE_STEPS && status >= 0; i++) {
        rgm_step_result step;
        status = rgm_stop_asked(&c->options->stop) ? rgm_fail(err, RGM_E_INTERRUPTED, "stopped on request")
                                                   : rgm_trainer_step(bench.trainer, i, &step, err);
    }
    if (status >= 0) status = count_right(c, human, bench.trainer, right, err);
    rgm_lab_close(&bench);
    return status;
}

/* ---- the verdict ---- */

static rgm_status compare(rgm_checking *c, const rgm_human *h, rgm_verdict *v, rgm_error *err) {
    const int32_t trained = c->given->checkpoint[0] != 0;
    int64_t right = 0;
    char same[64] = "", model[96];
    rgm_error why = {0};
    rgm_status status = trained ? of_checkpoint(c, h, &right, &why) : of_short_training(c, h, &right, &why);
    if (status == RGM_E_INTERRUPTED || status == RGM_E_NOMEM) {
        *err = why;
        return status;
    }
    if (h->same.n)
        snprintf(same, sizeof same, ", the same answer again to %" PRId64 " of %" PRId64, h->same.hits, h->same.n);
    if (status < 0)
        snprintf(model, sizeof model, "the model's could not be had");
    else
        snprintf(model, sizeof model, "the model %s is right on %.1f %%",
                 trained ? "of the checkpoint" : "after 100 steps", 100.0 * (double)right / (double)h->count);
    return rgm_check_pass(v, "a person is right on %.1f %% of %" PRId64 " images (%.1f to %.1f)%s; %s",
                          100.0 * (double)h->right.hits / (double)h->right.n, h->count, 100 * h->right.low,
                          100 * h->right.high, same, model);
}

rgm_status rgm_check_human(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_human human;
    if (!c->options->human)
        return rgm_check_not(v, "no person's answers: regimen label %.300s --count 100, then --human answers.json",
                             c->session->data->set ? rgm_dataset_describe(c->session->data->set)->path : "DATA.h5");
    RGM_TRY(rgm_human_read(c->options->human, c->session->data->set, &human, err));
    rgm_status status =
        human.count ? compare(c, &human, v, err) : rgm_check_not(v, "%.300s has no answers", c->options->human);
    rgm_human_free(&human);
    return status;
}
