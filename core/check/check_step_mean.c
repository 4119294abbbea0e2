/* A step: the gradient is the mean over the batch, not the sum. A batch that holds each image twice has the same mean,
 * and statistics of batch norm, too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check/check_step_mean.h"
#include "check/short.h"

typedef struct twice {
    int32_t once;  /* 1: only the first half is left */
    int32_t noted; /* 1: the set could be changed */
} twice;

static void repeat(void *context, rgm_lab_set *set) {
    twice *t = context;
    int64_t half = set->count[RGM_SPLIT_TRAIN] / 2;
    size_t bytes = (size_t)set->H * (size_t)set->W * (size_t)set->C * (size_t)half;
    uint8_t *images = set->images[RGM_SPLIT_TRAIN];
    int32_t *labels = set->labels[RGM_SPLIT_TRAIN];
    t->noted = half > 0;
    memcpy(images + bytes, images, bytes);
    memcpy(labels + half, labels, (size_t)half * sizeof *labels);
    set->count[RGM_SPLIT_TRAIN] = t->once ? half : 2 * half;
}

/* The norm of the first gradient, before clipping and regularizers. */
static rgm_status first_norm(rgm_checking *c, int32_t once, double *norm, rgm_error *err) {
    static const char *const settings[] = {"batch", "16", "augment", "[]", "dropout", "0", "prior_bias", "false", NULL};
    twice t = {.once = once};
    rgm_lab_set set;
    rgm_lab_bench bench = {0};
    rgm_step_result result;
    const rgm_lab_wish wish = {.train = RGM_SHORT_BATCH, .seed = c->config->seed, .change = repeat, .context = &t};
    rgm_status status = rgm_lab_set_make(&set, c->session, &wish, err);
    const rgm_lab_job job = {.config = c->config,
                             .settings = settings,
                             .device = c->device,
                             .set = set.set,
                             .steps = 1,
                             .stop = c->options->stop};
    if (status >= 0) status = rgm_lab_open(&bench, &job, err);
    if (status >= 0) status = rgm_trainer_step(bench.trainer, 0, &result, err);
    if (status >= 0) *norm = result.gradient_norm;
    rgm_lab_close(&bench);
    rgm_lab_set_free(&set);
    return status;
}

rgm_status rgm_check_gradient_mean(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    double once, both;
    RGM_TRY(first_norm(c, 1, &once, err));
    RGM_TRY(first_norm(c, 0, &both, err));
    if (!(once > 0)) return rgm_check_not(v, "the gradient of the first batch is zero");
    double ratio = both / once;
    if (fabs(ratio - 1) <= 0.05)
        return rgm_check_pass(v, "a batch with each image twice has the same gradient, norm %.4g and %.4g", once, both);
    rgm_check_fail(v, "a batch with each image twice has %.3g times the gradient, norm %.4g and %.4g", ratio, once,
                   both);
    if (ratio > 1.5)
        rgm_check_cause(v, "the gradient is the sum over the batch, not its mean: the rate grows with the batch");
    else
        rgm_check_cause(v, "the gradient of an image depends on the others of its batch");
    if (rgm_instance_listed(c->session->model->components.loss)->builtin)
        rgm_check_mend(v, "do not train with this build: report it as a fault of the program");
    else
        rgm_check_edit(v, "loss", "cross_entropy");
    return RGM_OK;
}
