/* How a net behaves: logits, samples of a batch, the two forms of batch norm. */
#include "check/check_model_runs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check/dependence.h"
#include "check/nets.h"

static size_t logit_count(const rgm_specimen *s) { return (size_t)s->images * (size_t)s->outputs; }

static double size_of(const float *z, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)z[i] * (double)z[i];
    return sqrt(sum / (double)n);
}

/* A net that answers: blocks and classifier awake, statistics of its batch. */
static rgm_status ready(rgm_specimen *s, rgm_error *err) {
    int32_t updated;
    rgm_specimen_wake(s);
    rgm_specimen_open(s);
    return rgm_specimen_estimate(s, &updated, err);
}

/* Logits of a pass in evaluation form, in new memory. */
static rgm_status answers(rgm_specimen *s, float **z, rgm_error *err) {
    *z = NULL;
    RGM_TRY(rgm_specimen_forward(s, 0, err));
    *z = malloc(sizeof **z * logit_count(s));
    if (!*z) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for logits");
    memcpy(*z, s->logits, sizeof **z * logit_count(s));
    return RGM_OK;
}

/* ---- logits ---- */

/* A power of two, so that a linear classifier gives exactly as many times its logits. */
#define FACTOR (-64.0f)

static void scale_head(rgm_specimen *s, float by) {
    for (int32_t i = 0; i < rgm_graph_param_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        for (int64_t k = 0; p->head && k < p->count; k++) s->memory.value[p->offset + k] *= by;
    }
}

/* Which activation it is, by what the logits of a large classifier are like. */
static const char *kind_of(const rgm_specimen *s) {
    float least = INFINITY, largest = -INFINITY;
    double apart = 0;
    for (int32_t n = 0; n < s->images; n++) {
        double sum = 0;
        for (int32_t k = 0; k < s->outputs; k++) {
            float z = s->logits[(size_t)n * (size_t)s->outputs + (size_t)k];
            sum += (double)z;
            least = z < least ? z : least;
            largest = z > largest ? z : largest;
        }
        apart = fmax(apart, fabs(sum - 1));
    }
    if (least >= 0 && largest <= 1 && apart < 1e-3 && s->outputs > 1) return "a softmax";
    if (least >= 0 && largest <= 1) return "a sigmoid";
    if (least >= -1 && largest <= 1) return "a tanh";
    return least >= 0 ? "a ReLU" : "an activation";
}

rgm_status rgm_check_logits_free(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_specimen *s;
    float *before;
    double apart = 0;
    RGM_TRY(rgm_checking_net(c, &s, err));
    RGM_TRY(ready(s, err));
    RGM_TRY(answers(s, &before, err));
    scale_head(s, FACTOR);
    rgm_status status = rgm_specimen_forward(s, 0, err);
    size_t n = logit_count(s);
    for (size_t i = 0; i < n; i++) apart = fmax(apart, fabs((double)s->logits[i] / (double)FACTOR - (double)before[i]));
    double size = size_of(before, n);
    free(before);
    RGM_TRY(status);
    if (!isfinite(size)) return rgm_check_not(v, "logits of the first values are not finite");
    if (apart <= 1e-3 * size)
        return rgm_check_pass(v, "a classifier %.0f times as large gives logits as many times as large",
                              (double)FACTOR);
    rgm_check_fail(v,
                   "a classifier %.0f times as large does not give logits as many times as large (off by %.2g of %.2g)",
                   (double)FACTOR, apart, size);
    rgm_check_cause(v, "%s on the logits: the loss makes probabilities of them itself", kind_of(s));
    rgm_check_mend(v, "take the activation behind the last layer out");
    return RGM_OK;
}

/* ---- samples ---- */

/* Image j becomes another one: its values in reverse. */
static void change_image(rgm_specimen *s, int32_t j) {
    float *x = s->x[0] + s->x_floats[0] * j;
    for (int64_t a = 0, b = s->x_floats[0] - 1; a < b; a++, b--) {
        float kept = x[a];
        x[a] = x[b];
        x[b] = kept;
    }
}

/* How many images answer with other bits, besides j. */
static int32_t moved(const rgm_specimen *s, const float *before, int32_t j) {
    int32_t count = 0;
    size_t n = (size_t)s->outputs;
    for (int32_t i = 0; i < s->images; i++)
        count += i != j && memcmp(before + (size_t)i * n, s->logits + (size_t)i * n, sizeof(float) * n) != 0;
    return count;
}

/* The first image in all places: the largest difference of a logit from that in the first place. */
static rgm_status try_places(rgm_specimen *s, double *apart, rgm_error *err) {
    for (int32_t i = 1; i < s->images; i++)
        memcpy(s->x[0] + s->x_floats[0] * i, s->x[0], sizeof(float) * (size_t)s->x_floats[0]);
    RGM_TRY(rgm_specimen_forward(s, 0, err));
    *apart = 0;
    for (size_t i = 0; i < logit_count(s); i++)
        *apart = fmax(*apart, fabs((double)s->logits[i] - (double)s->logits[i % (size_t)s->outputs]));
    return RGM_OK;
}

static const char mixed[] =
    "the samples of a batch are mixed: an axis is taken for another, or a view is reshaped wrongly";
static const char keep_apart[] = "let each sample's output depend on that sample alone";

static rgm_status tell_moved(rgm_checking *c, const rgm_specimen *s, int32_t others, rgm_verdict *v) {
    static const char normed[] = "batch norm takes the batch's statistics in evaluation, too";
    int32_t all = others == s->images - 1, norm = rgm_graph_stat_count(s->graph) > 0;
    rgm_check_fail(v, "with one image changed, %d of %d others are answered differently in evaluation form", others,
                   s->images - 1);
    rgm_check_cause(v, "%s", norm && all ? normed : mixed);
    if (norm) rgm_check_cause(v, "%s", all ? mixed : normed);
    if (c->session->model->components.dropout)
        rgm_check_cause(v, "the activation before the classifier mixes the samples of a batch");
    rgm_check_mend(v, "%s", keep_apart);
    return RGM_OK;
}

rgm_status rgm_check_samples_apart(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_specimen *s;
    float *before;
    double apart;
    RGM_TRY(rgm_checking_net(c, &s, err));
    if (s->images < 2) return rgm_check_not(v, "the set has a single image for training");
    RGM_TRY(ready(s, err));
    RGM_TRY(answers(s, &before, err));
    int32_t others = 0;
    rgm_status status = RGM_OK;
    for (int32_t turn = 0; turn < 2 && status >= 0; turn++) {
        int32_t j = turn ? s->images - 1 : 0;
        change_image(s, j);
        status = rgm_specimen_forward(s, 0, err);
        int32_t now = moved(s, before, j);
        others = now > others ? now : others;
        change_image(s, j);
    }
    double size = size_of(before, logit_count(s));
    free(before);
    RGM_TRY(status);
    if (others) return tell_moved(c, s, others, v);
    RGM_TRY(try_places(s, &apart, err));
    /* oneDNN sums the last rows of a product in another order: 1e-6 of a logit */
    if (apart <= 1e-3 * size + 1e-6)
        return rgm_check_pass(v, "one image changed, %d others with the same bits; one image in %d places, one answer",
                              s->images - 1, s->images);
    rgm_check_fail(v, "one image in %d places of a batch is answered differently, by %.2g of %.2g", s->images, apart,
                   size);
    rgm_check_cause(v, c->session->model->components.dropout ? "dropout acts in evaluation, too"
                                                             : "the answer depends on the place in the batch");
    if (c->session->model->components.dropout) rgm_check_edit(v, "dropout", "0");
    return RGM_OK;
}

/* The loss of the first image, then of the last: how many others have a gradient, and the least of its own. */
typedef struct reach {
    int32_t others, finite;
    double own;
} reach;

static rgm_status find_reach(rgm_specimen *s, reach *r, rgm_error *err) {
    rgm_dependence *d = NULL;
    double *largest = calloc((size_t)s->images, sizeof *largest);
    rgm_status status =
        largest ? rgm_dependence_create(&d, s, err) : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for gradients");
    *r = (reach){.finite = 1, .own = INFINITY};
    for (int32_t turn = 0; turn < 2 && status >= 0 && r->finite; turn++) {
        int32_t j = turn ? s->images - 1 : 0, others = 0;
        status = rgm_dependence_of(d, j, largest, &r->finite, err);
        for (int32_t n = 0; n < s->images; n++) others += n != j && !(largest[n] == 0);
        if (others > r->others) r->others = others;
        if (!(largest[j] >= r->own)) r->own = largest[j];
    }
    rgm_dependence_destroy(d);
    free(largest);
    return status;
}

rgm_status rgm_check_gradients_apart(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_specimen *s;
    reach r;
    RGM_TRY(rgm_checking_net(c, &s, err));
    if (s->images < 2) return rgm_check_not(v, "the set has a single image for training");
    RGM_TRY(ready(s, err));
    rgm_status status = find_reach(s, &r, err);
    if (status == RGM_E_UNSUPPORTED) return rgm_check_not(v, "%s", err->text);
    RGM_TRY(status);
    if (!r.finite) return rgm_check_not(v, "the loss of the first values is not finite");
    if (r.others) {
        rgm_check_fail(v, "the loss of one image has a gradient by the pixels of %d of %d others", r.others,
                       s->images - 1);
        rgm_check_cause(v, "%s", mixed);
        rgm_check_mend(v, "%s", keep_apart);
        return RGM_OK;
    }
    if (!(r.own > 0)) {
        rgm_check_fail(v, "the loss of an image has no gradient by its own pixels");
        rgm_check_cause(v, "the way back from the loss is cut: a layer passes no gradient on");
        rgm_check_mend(v, "see which activation, or which part of the loss, has the gradient 0");
        return RGM_OK;
    }
    return rgm_check_pass(v, "of one image's loss by its own pixels up to %.2g, by %d others' exactly 0", r.own,
                          s->images - 1);
}

/* ---- batch norm ---- */

static rgm_status tell_modes(int32_t updated, double apart, rgm_verdict *v) {
    if (!updated) {
        rgm_check_fail(v, "a pass in training form leaves the running statistics as they are");
        rgm_check_cause(v, "batch norm runs in evaluation form while training");
    } else {
        rgm_check_fail(v, "logits of the same batch differ by %.0f %% between training and evaluation form",
                       100 * apart);
        rgm_check_cause(v, "running statistics are not those that the batch is normalised with");
        rgm_check_cause(v, "batch norm runs in the wrong form while training, or in evaluation");
    }
    rgm_check_mend(v, "let training normalise by the batch, and evaluation by the running statistics");
    return RGM_OK;
}

/* The twin has no dropout, which would tell the forms apart, too. */
rgm_status rgm_check_norm_modes(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_specimen *s;
    float *z;
    int32_t updated;
    double square = 0;
    RGM_TRY(rgm_checking_twin(c, &s, err));
    if (rgm_graph_stat_count(s->graph) == 0) return rgm_check_pass(v, "no batch norm");
    rgm_specimen_wake(s);
    rgm_specimen_open(s);
    RGM_TRY(rgm_specimen_estimate(s, &updated, err));
    size_t n = logit_count(s);
    float *trained = malloc(sizeof *trained * n);
    if (!trained) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for logits");
    memcpy(trained, s->logits, sizeof *trained * n);
    rgm_status status = answers(s, &z, err);
    for (size_t i = 0; status >= 0 && i < n; i++) {
        double apart = (double)z[i] - (double)trained[i];
        square += apart * apart;
    }
    double apart = sqrt(square / (double)n) / (size_of(trained, n) + 1e-12);
    free(trained);
    free(z);
    RGM_TRY(status);
    if (!updated || !(apart <= 0.02)) return tell_modes(updated, apart, v);
    return rgm_check_pass(v, "with statistics of the batch, both forms give its logits: %.2g %% apart", 100 * apart);
}
