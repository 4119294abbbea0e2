/* A step: optimizer, rate, schedule, batch, and what can be read off about them. */
#include "check/check_step_layers.h"
#include "check/check_step_mean.h"
#include "check/check_step_optimizer.h"
#include "check/check_step_rate.h"
#include "check/check_step_schedule.h"
#include "check/check_step_update.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "check/short.h"
#include "train/advice.h"
#include "train/suit.h"

/* ---- the batch ---- */

static rgm_status batch(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    int64_t images = c->session->data->train.count, size = c->config->batch;
    int32_t usual = rgm_suit_batch(images, 128);
    (void)err;
    if (images < 8) {
        rgm_check_fail(v, "%" PRId64 " image%s for training", images, images == 1 ? "" : "s");
        rgm_check_cause(v, "too few images: every batch is the same %s", images == 1 ? "single image" : "few images");
        rgm_check_mend(v, "train on more images: 'regimen import', or a smaller data.validation");
    } else if (size == 1) {
        rgm_check_warn(v, "one image in a step, usual is %d for %" PRId64 " images", usual, images);
        rgm_check_cause(v, "a batch of one: each gradient is one image's, and the steps are noise");
        rgm_check_edit(v, "batch", "%d", usual);
    } else if (size < 8 && 8 * size <= usual) {
        rgm_check_warn(v, "%" PRId64 " images in a step, usual is %d for %" PRId64 " images", size, usual, images);
        rgm_check_cause(v, "the batch is too small: gradients and statistics are noise");
        rgm_check_edit(v, "batch", "%d", usual);
    } else if (size >= 4 * (int64_t)usual && (size >= 8 * (int64_t)usual ? 10 : 5) * size > images) {
        rgm_check_warn(v, "%" PRId64 " images in a step, %.0f %% of %" PRId64 "; usual is %d", size,
                       100 * (double)size / (double)images, images, usual);
        rgm_check_cause(v, "the batch is too large for the set: an epoch has %" PRId64 " step%s", images / size,
                        images / size == 1 ? "" : "s");
        rgm_check_edit(v, "batch", "%d", usual);
    } else {
        rgm_check_pass(v, "%" PRId64 " images in a step, usual is %d for %" PRId64 " images", size, usual, images);
    }
    return RGM_OK;
}

/* ---- the length ---- */

static rgm_status length(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    int64_t steps = rgm_step_count(c), images = c->session->data->train.count;
    const int32_t *image = c->config->model.image;
    int32_t usual = rgm_suit_epochs(images, (int64_t)image[1] * image[2], 22);
    (void)err;
    if (c->config->epochs >= usual && steps >= c->session->steps_total)
        return rgm_check_pass(v, "%d epochs, usual is %d", c->config->epochs, usual);
    if (steps < 30 || (c->config->epochs == 1 && steps < 100)) {
        rgm_check_warn(v, "%" PRId64 " steps in all, usual are %d epochs", steps, usual);
        rgm_check_cause(v, "too few epochs for the set");
        rgm_check_edit(v, "epochs", "%d", usual);
        if (c->config->steps) rgm_check_edit(v, "steps", "0");
        return RGM_OK;
    }
    return rgm_check_not(v,
                         "whether %d epochs are too few needs the learning curve; usual is %d for %" PRId64 " images",
                         c->config->epochs, usual, images);
}

/* Fewer evaluations than a tenth of the run, or one or two, stop at noise. */
static rgm_status patience(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_config *g = c->config;
    int64_t epochs = (int64_t)g->early_stop.patience * g->evaluate.every;
    (void)err;
    if (!g->early_stop.patience) return rgm_check_pass(v, "no early stop");
    if (g->early_stop.patience > 2 && 10 * epochs >= g->epochs)
        return rgm_check_pass(v, "stops after %" PRId64 " of %d epochs without a gain", epochs, g->epochs);
    if (epochs + 1 >= g->epochs) return rgm_check_pass(v, "patience for the whole run");
    rgm_check_warn(v, "stops after %" PRId64 " of %d epochs without a gain", epochs, g->epochs);
    rgm_check_cause(v, "the patience of the early stop is too short: it stops at noise, before the rate decays");
    int32_t better = (g->epochs / 4 + g->evaluate.every - 1) / g->evaluate.every;
    rgm_check_edit(v, "early_stop.patience", "%d", better > 3 ? better : 3);
    return RGM_OK;
}

/* ---- dropout ---- */

/* It stands behind every batch norm, where it is least harmful (Li et al. 2019, arXiv:1801.05134): light dropout may
 * stay. */
static const double LIGHT = 0.3;

static rgm_status dropout(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const rgm_graph *g = c->session->model->graph;
    int32_t norms = 0;
    (void)err;
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++) norms += rgm_graph_node(g, i)->op == RGM_OP_BATCHNORM;
    if (!(c->config->dropout > 0)) return rgm_check_pass(v, "no dropout");
    if (!norms || c->config->dropout <= LIGHT)
        return rgm_check_pass(v, "dropout %.2g before the classifier, %d layers of batch norm", c->config->dropout,
                              norms);
    rgm_check_warn(v, "dropout %.2g with %d layers of batch norm", c->config->dropout, norms);
    rgm_check_cause(v, "dropout together with batch norm: variances differ between training and evaluation");
    rgm_check_edit(v, "dropout", "0");
    return RGM_OK;
}

/* ---- what training would be told ---- */

typedef struct lines {
    char text[RGM_VERDICT_LINE];
    char first[RGM_VERDICT_LINE];
    int32_t count;
    int32_t idle; /* keys without effect, which harm nothing */
} lines;

static void take_line(void *context, const char *line) {
    lines *l = context;
    size_t at = strlen(l->text);
    if (strstr(line, ": has no effect: ")) {
        l->idle++;
        return;
    }
    if (!l->count) snprintf(l->first, sizeof l->first, "%s", line);
    snprintf(l->text + at, sizeof l->text - at, "%s%s", at ? "; " : "", line);
    l->count++;
}

static rgm_status advice(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    lines l = {.count = 0};
    rgm_error refused;
    const rgm_advice ask = {.context = &l, .tell = take_line};
    rgm_status status = rgm_advise(c->session, &ask, &refused);
    if (status == RGM_E_NOMEM || status == RGM_E_INTERRUPTED) {
        *err = refused;
        return status;
    }
    if (status < 0) {
        rgm_check_fail(v, "training refuses this: %.400s", refused.text);
        rgm_check_cause(v, "%.500s", refused.text);
        return RGM_OK;
    }
    if (!l.count && l.idle)
        return rgm_check_pass(v, "%d key%s without effect, else nothing", l.idle, l.idle == 1 ? "" : "s");
    if (!l.count) return rgm_check_pass(v, "nothing that training would warn of");
    rgm_check_warn(v, "%s", l.text);
    rgm_check_cause(v, "%s", l.first);
    rgm_check_mend(v, "as the line says");
    return RGM_OK;
}

const rgm_check_row rgm_checks_step[] = {
    {{"rate", "O", "is the rate that of this optimizer, model and batch?", 1}, 10, rgm_check_rate},
    {{"schedule", "O", "does the rate rise and fall within the run?", 1}, 11, rgm_check_schedule},
    {{"momentum", "O", "does the optimizer remember as long as it should?", 1}, 9, rgm_check_momentum},
    {{"decay", "O", "how much of the weights does a step take?", 1}, 12, rgm_check_decay},
    {{"decay_where", "O", "does one decay act, and on weights alone?", 1}, 14, rgm_check_decay_where},
    {{"batch", "O", "does the batch suit the set?", 1}, 13, batch},
    {{"length", "O", "are there enough epochs for the set?", 1}, 15, length},
    {{"patience", "O", "does an early stop wait long enough?", 1}, 15, patience},
    {{"dropout_norm", "O", "is there dropout beside batch norm?", 1}, 16, dropout},
    {{"advice", "O", "what would training warn of?", 1}, 60, advice},
    {{"step_direction", "O", "does a step go against the gradient?", 1}, 8, rgm_check_step_direction},
    {{"gradients_cleared", "O", "does the same batch give the same gradient twice?", 1},
     7,
     rgm_check_gradients_cleared},
    {{"parameters_move", "O", "does every parameter change?", 1}, 18, rgm_check_parameters_move},
    {{"step_formula", "O", "is a step what the optimizer's formula says?", 1}, 19, rgm_check_step_formula},
    {{"layer_updates", "O", "does a step change each layer's weights alike?", 1}, 20, rgm_check_layer_updates},
    {{"gradient_mean", "O", "is the gradient the mean over the batch?", 1}, 9, rgm_check_gradient_mean},
    {{"clip", "O", "does clipping leave steps of a size that trains?", 1}, 17, rgm_check_clip},
    {{"rate_range", "O", "between which rates does the loss fall?", 0}, 31, rgm_check_rate_range},
    {{"warmup", "O", "do the first steps bear the full rate?", 0}, 30, rgm_check_warmup},
    {{0}, 0, NULL},
};
