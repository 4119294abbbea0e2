/* What a net is at its start: its first loss, and its units. The scale of weights is check_start_scale.c's. */
#include "check/check_start.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check/check_start_scale.h"
#include "check/nets.h"
#include "train/initialize.h"

/* ---- what all of them share ---- */

rgm_status rgm_check_start_loaded(const rgm_checking *c, rgm_verdict *v, int32_t *loaded) {
    *loaded = c->config->checkpoint[0] != 0;
    return *loaded ? rgm_check_not(v, "training starts from the weights of a checkpoint, not from drawn ones") : RGM_OK;
}

double rgm_check_rms(const float *x, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sqrt(sum / (double)n);
}

void rgm_check_start_edit(const rgm_checking *c, rgm_verdict *v) {
    if (c->config->init_layers.count) rgm_check_edit(v, "init_layers", "[]");
    if (strcmp(c->config->init.name, "he") != 0 || c->config->init.count) rgm_check_edit(v, "init", "he");
    if (!v->edit[0].key[0]) rgm_check_mend(v, "start from the default initializer: init: he");
}

/* ---- the first loss ---- */

enum { BATCHES = 4 };

/* The mean loss over several batches in training form. */
static rgm_status mean_loss(rgm_specimen *s, double *loss, rgm_error *err) {
    int64_t batches = rgm_specimen_batches(s) < BATCHES ? rgm_specimen_batches(s) : BATCHES;
    *loss = 0;
    for (int64_t i = 0; i < batches; i++) {
        RGM_TRY(rgm_specimen_load(s, i, err));
        RGM_TRY(rgm_specimen_forward(s, 1, err));
        RGM_TRY(rgm_specimen_loss(s, 1, err));
        *loss += s->loss / (double)batches;
    }
    return RGM_OK;
}

/* The entropy of the class frequencies of the training view, in nats, and the log of the frequencies as a bias. */
static rgm_status class_entropy(const rgm_session *s, double *entropy, float *bias, rgm_error *err) {
    int32_t classes = s->model->classes, one = s->model->outputs == 1;
    double *counts = calloc((size_t)classes, sizeof *counts), total = (double)s->data->train.count;
    if (!counts) return rgm_fail(err, RGM_E_NOMEM, "classes: out of memory");
    rgm_count_classes(&s->data->train, counts);
    *entropy = 0;
    for (int32_t i = 0; i < classes; i++)
        if (counts[i] > 0) *entropy -= counts[i] / total * log(counts[i] / total);
    for (int32_t i = 0; i < s->model->outputs; i++) {
        double n = fmax(counts[one ? 1 : i], 0.5);
        bias[i] = (float)log(n / (one ? fmax(total - n, 0.5) : total));
    }
    free(counts);
    return RGM_OK;
}

/* The classifier becomes one that knows nothing but this bias; NULL: nothing at all. */
static void blind(rgm_specimen *s, const float *bias) {
    for (int32_t i = 0; i < rgm_graph_param_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        if (!p->head) continue;
        memset(s->memory.value + p->offset, 0, sizeof(float) * (size_t)p->count);
        if (bias && p->role == RGM_ROLE_BIAS)
            memcpy(s->memory.value + p->offset, bias, sizeof(float) * (size_t)p->count);
    }
}

/* The weights of the classifier become 0, its bias stays. */
static void mute(rgm_specimen *s) {
    for (int32_t i = 0; i < rgm_graph_param_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        if (p->head && p->role == RGM_ROLE_WEIGHT)
            memset(s->memory.value + p->offset, 0, sizeof(float) * (size_t)p->count);
    }
}

typedef struct first_loss {
    double own, expected, twin, muted; /* muted: with the classifier's weights at 0 */
    double entropy;
} first_loss;

static rgm_status measure_loss(rgm_checking *c, const float *bias, first_loss *l, rgm_error *err) {
    rgm_specimen *own, *twin;
    RGM_TRY(rgm_checking_net(c, &own, err));
    own->calm = 1;
    RGM_TRY(mean_loss(own, &l->own, err));
    mute(own);
    RGM_TRY(mean_loss(own, &l->muted, err));
    RGM_TRY(rgm_checking_twin(c, &twin, err));
    RGM_TRY(mean_loss(twin, &l->twin, err));
    blind(twin, bias);
    return mean_loss(twin, &l->expected, err);
}

static rgm_status judge_loss(const rgm_checking *c, const first_loss *l, rgm_verdict *v) {
    double within = c->config->prior_bias ? 0.02 : 0.1, apart = fabs(l->own - l->expected);
    const char *what = c->config->prior_bias ? "the entropy of the classes" : "guessing without a preference";
    if (apart <= within) {
        if (!c->config->prior_bias && l->expected - l->entropy > 0.2)
            return rgm_check_pass(v, "loss %.3f, %s %.3f (prior_bias: true would start at %.3f)", l->own, what,
                                  l->expected, l->entropy);
        return rgm_check_pass(v, "loss %.3f, %s %.3f", l->own, what, l->expected);
    }
    if (apart <= fabs(l->twin - l->expected) * 1.25 + 0.02)
        return rgm_check_pass(v, "loss %.3f, %s %.3f; the default start has %.3f: many inputs, each a little", l->own,
                              what, l->expected, l->twin);
    rgm_check_fail(v, "loss %.3f, expected %.3f (%s) +- %.2f; the default start has %.3f", l->own, l->expected, what,
                   within, l->twin);
    if (!isfinite(l->own))
        rgm_check_cause(v, "weights start so large that numbers overflow");
    else if (fabs(l->muted - l->expected) > within)
        rgm_check_cause(v, "the classifier's bias starts at values of its own: %.3f of the loss is the bias'",
                        l->muted - l->expected);
    else
        rgm_check_cause(v, "the classifier starts too large, or what it reads: %.3f of the loss is its weights'",
                        l->own - l->muted);
    rgm_check_start_edit(c, v);
    return RGM_OK;
}

static rgm_status loss_at_start(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    first_loss l = {0};
    int32_t loaded;
    RGM_TRY(rgm_check_start_loaded(c, v, &loaded));
    if (loaded) return RGM_OK;
    float *bias = calloc((size_t)c->session->model->outputs, sizeof *bias);
    if (!bias) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a bias");
    rgm_status status = class_entropy(c->session, &l.entropy, bias, err);
    if (status >= 0) status = measure_loss(c, c->config->prior_bias ? bias : NULL, &l, err);
    free(bias);
    RGM_TRY(status);
    if (!isfinite(l.expected)) return rgm_check_not(v, "the loss is not finite even for a classifier of zeros");
    return judge_loss(c, &l, v);
}

/* ---- units ---- */

/* The largest share among hidden layers, and whose. */
typedef struct worst {
    double share;
    const char *at;
} worst;

static worst worst_of(const rgm_specimen *s, int32_t saturated) {
    worst w = {0};
    for (int32_t i = 0; i < rgm_graph_node_count(s->graph); i++) {
        const rgm_look *l = &s->looks[i];
        double share = saturated ? l->saturated : l->dead;
        if (!l->seen || !(share > w.share)) continue;
        w = (worst){share, rgm_graph_node(s->graph, i)->name};
    }
    return w;
}

static rgm_status units_at_start(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_specimen *own, *twin;
    int32_t loaded;
    RGM_TRY(rgm_check_start_loaded(c, v, &loaded));
    if (loaded) return RGM_OK;
    RGM_TRY(rgm_checking_net(c, &own, err));
    rgm_specimen_wake(own);
    own->looking = 1;
    own->calm = 1;
    RGM_TRY(rgm_specimen_forward(own, 1, err));
    RGM_TRY(rgm_checking_twin(c, &twin, err));
    rgm_specimen_wake(twin);
    twin->looking = 1;
    RGM_TRY(rgm_specimen_forward(twin, 1, err));
    const worst dead = worst_of(own, 0), usual = worst_of(twin, 0), full = worst_of(own, 1), spare = worst_of(twin, 1);
    /* of 32 images a few units of a layer see none above zero; more than the default start has is the start's doing */
    if (dead.share >= 0.2 && dead.share > usual.share + 0.15) {
        rgm_check_fail(v,
                       "%.0f %% of the units of %s are at zero for all of %d images, expected less than 20 %%; the "
                       "default start has %.0f %%",
                       100 * dead.share, dead.at, own->images, 100 * usual.share);
        rgm_check_cause(v, "biases, shifts or weights of %s start so low that its ReLU lets nothing through", dead.at);
        rgm_check_start_edit(c, v);
        return RGM_OK;
    }
    if (full.share >= 0.2 && full.share > spare.share + 0.15) {
        rgm_check_fail(v, "%.0f %% of the values of %s are saturated; the default start has %.0f %%", 100 * full.share,
                       full.at, 100 * spare.share);
        rgm_check_cause(v, "the weights in front of %s start too large", full.at);
        rgm_check_start_edit(c, v);
        return RGM_OK;
    }
    return rgm_check_pass(v, "at most %.0f %% of a layer's units are dead, as at the default start (%.0f %%)",
                          100 * dead.share, 100 * usual.share);
}

const rgm_check_row rgm_checks_start[] = {
    {{"units_alike", "I", "do the units of each layer start different?", 1}, 17, rgm_check_units_alike},
    {{"weights_at_start", "I", "have weights the size that keeps scales through the depth?", 1},
     18,
     rgm_check_weights_at_start},
    {{"scale_at_start", "I", "do scales stay alike through the depth, forward and backward?", 1},
     21,
     rgm_check_scale_at_start},
    {{"units_at_start", "I", "are the units alive?", 1}, 22, units_at_start},
    {{"loss_at_start", "I", "is the first loss that of guessing?", 1}, 23, loss_at_start},
    {{0}, 0, NULL},
};
