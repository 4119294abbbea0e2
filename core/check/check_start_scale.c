/* The weights that a net starts with: whether units differ, how large they are, and what becomes of scales. */
#include "check/check_start_scale.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check/check_start.h"
#include "check/nets.h"

/* Weights of a hidden layer. */
static int32_t is_hidden(const rgm_param *p) { return p->role == RGM_ROLE_WEIGHT && !p->head; }

/* ---- units alike ---- */

enum { ROWS = 64 };

/* How many directions the rows of a matrix use, at most ROWS of them: (sum of squared singular values)^2 / sum of their
 * fourth powers, by the matrix of products of rows. All rows alike: 1. */
static double directions(const float *w, int64_t rows, int64_t columns) {
    int64_t count = rows < ROWS ? rows : ROWS;
    double trace = 0, squares = 0;
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j <= i; j++) {
            const float *a = w + i * rows / count * columns, *b = w + j * rows / count * columns;
            double dot = 0;
            for (int64_t k = 0; k < columns; k++) dot += (double)a[k] * (double)b[k];
            trace += i == j ? dot : 0;
            squares += (i == j ? 1 : 2) * dot * dot;
        }
    return squares > 0 ? trace * trace / squares : 0;
}

/* The share of weights above zero. */
static double positive_share(const float *w, int64_t n) {
    int64_t above = 0;
    for (int64_t i = 0; i < n; i++) above += w[i] > 0;
    return (double)above / (double)n;
}

/* The deviation of weights over their size. */
static double spread_of(const float *w, int64_t n) {
    double mean = 0, rms = rgm_check_rms(w, n);
    for (int64_t i = 0; i < n; i++) mean += (double)w[i] / (double)n;
    return rms > 0 ? sqrt(fmax(0, 1 - mean * mean / (rms * rms))) : 0;
}

/* Layers that break a rule. */
typedef struct broken {
    int32_t count, of;
    const char *at;
    double figure, usual;
    double positive, spread; /* of the first one's weights: share above zero, deviation over size */
} broken;

/* Random weights of which this share has one sign are no longer around zero. A constant with a little noise is none of
 * them: its deviation is small beside its size. Uniform numbers of one sign have 0.5. */
static const double ONE_SIGN = 0.9, ONE_SIGN_SPREAD = 0.2;

static void add_broken(broken *b, const broken *found) {
    if (b->count++) return;
    int32_t of = b->of;
    *b = *found;
    b->count = 1;
    b->of = of;
}

static rgm_status tell_alike(rgm_checking *c, const broken *zero, const broken *alike, rgm_verdict *v) {
    if (zero->count) {
        rgm_check_fail(v, "the weights of %d of %d hidden layers are all 0, %s first", zero->count, zero->of, zero->at);
        rgm_check_cause(v, "weights start at zero: what is behind them has no gradient, and units stay the same");
    } else {
        rgm_check_fail(v,
                       "the units of %d of %d hidden layers start alike: %s has %.1f directions where %.1f are usual",
                       alike->count, alike->of, alike->at, alike->figure, alike->usual);
        if (alike->spread > ONE_SIGN_SPREAD && (alike->positive > ONE_SIGN || alike->positive < 1 - ONE_SIGN))
            rgm_check_cause(v,
                            "weights of %s start with one sign, %.0f %% above zero: their sums are large, and grow "
                            "with the depth",
                            alike->at, 100 * alike->positive);
        rgm_check_cause(v, "weights start at one constant, or around one: all units of a layer learn the same");
    }
    rgm_check_start_edit(c, v);
    return RGM_OK;
}

rgm_status rgm_check_units_alike(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_specimen *own, *twin;
    broken zero = {0}, alike = {0};
    int32_t loaded;
    RGM_TRY(rgm_check_start_loaded(c, v, &loaded));
    if (loaded) return RGM_OK;
    RGM_TRY(rgm_checking_net(c, &own, err));
    RGM_TRY(rgm_checking_twin(c, &twin, err));
    for (int32_t i = 0; i < rgm_graph_param_count(own->graph); i++) {
        const rgm_param *p = rgm_graph_param(own->graph, i);
        int64_t rows = p->dims[0], columns = p->count / p->dims[0];
        if (!is_hidden(p)) continue;
        zero.of++;
        alike.of++;
        double mine = directions(rgm_specimen_value(own, i), rows, columns);
        double usual = directions(rgm_specimen_value(twin, i), rows, columns);
        const broken found = {.at = p->name,
                              .figure = mine,
                              .usual = usual,
                              .positive = positive_share(rgm_specimen_value(own, i), p->count),
                              .spread = spread_of(rgm_specimen_value(own, i), p->count)};
        if (mine == 0)
            add_broken(&zero, &found);
        else if (mine < 0.3 * usual)
            add_broken(&alike, &found);
    }
    if (zero.count || alike.count) return tell_alike(c, &zero, &alike, v);
    return rgm_check_pass(
        v, alike.of ? "%d hidden layers, in each as many directions as random weights have" : "no hidden layers",
        alike.of);
}

/* ---- size of weights ---- */

/* The range of deviations that known initializers give a layer: He et al. 2015 by either fan, Glorot and Bengio 2010,
 * LeCun et al. 1998, orthogonal matrices (Saxe et al. 2014). */
static void known_range(const rgm_param *p, double *low, double *high) {
    double rows = (double)p->dims[0], columns = (double)(p->count / p->dims[0]);
    const double known[] = {sqrt(2 / p->fan_in), sqrt(2 / p->fan_out), sqrt(2 / (p->fan_in + p->fan_out)),
                            sqrt(1 / p->fan_in), sqrt(1 / fmax(rows, columns))};
    *low = INFINITY;
    *high = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        *low = fmin(*low, known[i]);
        *high = fmax(*high, known[i]);
    }
}

/* How many times a layer's weights are outside of that range: above 1 too large, below 1 too small. */
static double outside(const rgm_param *p, const float *w) {
    double low, high, rms = rgm_check_rms(w, p->count);
    known_range(p, &low, &high);
    return rms > high ? rms / high : rms < low ? rms / low : 1;
}

/* Of one layer, and of all in the geometric mean. One deviation for all layers is usual, too: truncated_normal's 0.02,
 * 0.0176 without its tails. In narrow nets that is far below the range above (1/20 in a bottleneck of 4 channels), and
 * batch norm puts it right. So what is no smaller than that is never too small. */
#define LAYER_TIMES 8
#define TOO_LARGE   3.5
#define TOO_SMALL   3.5
#define USUAL       0.0158

typedef struct sizes {
    double mean, largest, smallest; /* `outside` of the layers */
    double rms, rms_smallest;       /* of all in the geometric mean, of the smallest */
    const char *large_at, *small_at;
    int32_t count;
} sizes;

static sizes measure_sizes(const rgm_specimen *s) {
    sizes z = {.largest = 0, .smallest = INFINITY};
    double sum = 0, sizes_sum = 0;
    for (int32_t i = 0; i < rgm_graph_param_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        if (!is_hidden(p)) continue;
        double times = outside(p, rgm_specimen_value(s, i)), rms = rgm_check_rms(rgm_specimen_value(s, i), p->count);
        sum += log(fmax(times, 1e-30));
        sizes_sum += log(fmax(rms, 1e-30));
        z.count++;
        if (times > z.largest) z.largest = times, z.large_at = p->name;
        if (times < z.smallest) z.smallest = times, z.rms_smallest = rms, z.small_at = p->name;
    }
    z.mean = z.count ? exp(sum / z.count) : 1;
    z.rms = z.count ? exp(sizes_sum / z.count) : 1;
    return z;
}

rgm_status rgm_check_weights_at_start(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_specimen *own;
    int32_t loaded;
    RGM_TRY(rgm_check_start_loaded(c, v, &loaded));
    if (loaded) return RGM_OK;
    RGM_TRY(rgm_checking_net(c, &own, err));
    const sizes z = measure_sizes(own);
    if (!z.count) return rgm_check_pass(v, "no hidden layers");
    int32_t large = z.mean > TOO_LARGE || z.largest > LAYER_TIMES || !isfinite(z.mean);
    int32_t small =
        (z.mean < 1 / TOO_SMALL && z.rms < USUAL) || (z.smallest < 1.0 / LAYER_TIMES && z.rms_smallest < USUAL);
    if (!large && !small)
        return rgm_check_pass(v, "weights of %d hidden layers are %.2g times the size of known starts in the mean",
                              z.count, z.mean);
    rgm_check_fail(v,
                   "weights of %d hidden layers are %.2g times the size of known starts in the mean, of %s %.2g times",
                   z.count, z.mean, large ? z.large_at : z.small_at, large ? z.largest : z.smallest);
    rgm_check_cause(v, large ? "weights start too large" : "weights start too small");
    rgm_check_start_edit(c, v);
    return RGM_OK;
}

/* ---- scales through the depth ---- */

/* Of outputs of hidden layers: the smallest and the largest over the first. */
typedef struct scales {
    double least, most; /* of the outputs */
    const char *least_at, *most_at;
    int32_t count;
    double gain; /* the scale of a batch norm that is furthest from 1; 1 without any */
    const char *gain_at;
} scales;

/* What leaves layers of weights; a batch norm puts any scale right, so its output is taken. */
static int32_t counts(const rgm_specimen *s, int32_t node) {
    int32_t op = rgm_graph_node(s->graph, node)->op;
    return s->looks[node].seen && (op == RGM_OP_CONV || op == RGM_OP_LINEAR || op == RGM_OP_BATCHNORM) &&
           rgm_graph_node(s->graph, node)->out != rgm_graph_output(s->graph);
}

static int32_t has_norm(const rgm_graph *g) { return rgm_graph_stat_count(g) > 0; }

static scales measure_scales(const rgm_specimen *s) {
    scales z = {.least = INFINITY};
    double first = 0;
    for (int32_t i = 0; i < rgm_graph_node_count(s->graph); i++) {
        const rgm_node *n = rgm_graph_node(s->graph, i);
        if (!counts(s, i) || (has_norm(s->graph) && n->op != RGM_OP_BATCHNORM)) continue;
        if (!z.count++) first = s->looks[i].rms;
        double times = s->looks[i].rms / first;
        if (times < z.least || !(times == times)) z.least = times, z.least_at = n->name;
        if (times > z.most || !(times == times)) z.most = times, z.most_at = n->name;
    }
    return z;
}

/* Scales of batch norm: size of the one that is furthest from 1. A block's last one may be small, so that it begins as
 * an identity (Touvron et al. 2021, LayerScale). */
static void measure_gains(const rgm_specimen *s, scales *z) {
    z->gain = 1;
    for (int32_t i = 0; i < rgm_graph_param_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        if (p->role != RGM_ROLE_SCALE) continue;
        double size = rgm_check_rms(rgm_specimen_value(s, i), p->count);
        if (size < 1 && rgm_graph_node(s->graph, p->node)->in[1] != RGM_NO_TENSOR) continue;
        if (!(size > 0 && fabs(log(size)) > fabs(log(z->gain)))) continue;
        z->gain = size;
        z->gain_at = p->name;
    }
}

static rgm_status run_both_ways(rgm_specimen *s, int32_t *ok, rgm_error *err) {
    rgm_specimen_wake(s);
    rgm_specimen_open(s);
    s->looking = 1;
    s->calm = 1;
    RGM_TRY(rgm_specimen_forward(s, 1, err));
    return rgm_specimen_backward(s, ok, err);
}

/* The gradient of the first hidden layer over that of the last, each over its weights' size: what the depth makes of
 * it, whatever the loss. */
static double backward_of(const rgm_specimen *s) {
    double first = 0, last = 0;
    for (int32_t i = 0; i < rgm_graph_param_count(s->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->graph, i);
        if (!is_hidden(p)) continue;
        double size =
            rgm_check_rms(s->memory.grad + p->offset, p->count) * rgm_check_rms(rgm_specimen_value(s, i), p->count);
        if (first == 0) first = size;
        last = size;
    }
    return last > 0 ? first / last : 1;
}

/* Scales of batch norm start at 1, or at 0 where a block ends. The next layer's batch norm puts smaller ones right, as
 * long as their squares are well above its eps of 1e-5. */
static const double GAIN_LOW = 0.03, GAIN_HIGH = 30;

static rgm_status judge_scales(rgm_checking *c, const scales *own, const scales *twin, const double back[2],
                               rgm_verdict *v) {
    double low = own->least, high = own->most, ratio = back[0] / back[1];
    /* within [0.1, 10], or no further out than the default start by more than 3; as far back */
    int32_t forward = (low < 0.1 && low < twin->least / 3) || (high > 10 && high > 3 * twin->most) || !isfinite(high);
    int32_t backward = !(ratio > 0.01 && ratio < 100);
    int32_t extreme = low < 1e-3 || high > 1e3, scaled = own->gain < GAIN_LOW || own->gain > GAIN_HIGH;
    if (!forward && !backward && !extreme && !scaled)
        return rgm_check_pass(
            v, "outputs of %d layers are %.2g to %.2g times the first one's; the way back %.2g (default %.2g)",
            own->count, low, high, back[0], back[1]);
    rgm_check_fail(v,
                   "outputs of %d layers are %.2g to %.2g times the first one's (default start %.2g to %.2g), the way "
                   "back %.2g (default %.2g)",
                   own->count, low, high, twin->least, twin->most, back[0], back[1]);
    /* known small starts do that in narrow nets, and train */
    if (!backward && !extreme && !scaled && low > 0.03 && high < 30) v->verdict = RGM_VERDICT_WARN;
    if (scaled)
        rgm_check_cause(v, "the scale of a batch norm starts too %s, %s at %.2g: activations %s",
                        own->gain < 1 ? "small" : "large", own->gain_at, own->gain,
                        own->gain < 1 ? "vanish" : "explode");
    if (forward || extreme)
        rgm_check_cause(v,
                        high > 10 ? "activations grow through the depth, up to %s"
                                  : "activations shrink through the depth, down to %s",
                        high > 10 ? own->most_at : own->least_at);
    if (backward) rgm_check_cause(v, "gradients do not reach the first layer as they leave the last");
    if (!has_norm(c->session->model->graph))
        rgm_check_cause(v, "weights start at another size than the depth asks for");
    rgm_check_start_edit(c, v);
    return RGM_OK;
}

rgm_status rgm_check_scale_at_start(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    rgm_specimen *net[2];
    scales z[2];
    double back[2];
    int32_t loaded, ok;
    RGM_TRY(rgm_check_start_loaded(c, v, &loaded));
    if (loaded) return RGM_OK;
    RGM_TRY(rgm_checking_net(c, &net[0], err));
    RGM_TRY(rgm_checking_twin(c, &net[1], err));
    for (int32_t i = 0; i < 2; i++) {
        RGM_TRY(run_both_ways(net[i], &ok, err));
        z[i] = measure_scales(net[i]);
        measure_gains(net[i], &z[i]);
        back[i] = ok ? backward_of(net[i]) : (double)NAN;
    }
    if (z[0].count < 2) return rgm_check_pass(v, "no depth: %d hidden layers", z[0].count);
    return judge_scales(c, &z[0], &z[1], back, v);
}
