#include "train/watch_rules.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is added up of a layer over a window. */
enum { GRADIENT, RATIO, UPDATE, DEAD, ACTIVATION, BEFORE, SIGNALS }; /* BEFORE: the gradient, of the window before */

enum { LOSSES = 5 }; /* windows whose losses are remembered */

/* All that changes. Numbers only, so that it can be kept in a file. */
typedef struct seen {
    double steps, windows;                        /* looked at */
    double in_window, loss, norm;                 /* sums over the window */
    double full;                                  /* steps so far, each weighted by its share of the full rate */
    double images;                                /* so far */
    double least;                                 /* window's loss */
    double past[LOSSES];                          /* of the last windows, the newest first */
    double input_count, input_mean, input_square; /* sums over the first window */
} seen;
enum { SEEN = sizeof(seen) / sizeof(double) };

typedef struct trait {
    int32_t weighs;      /* it has a weight of a convolution or a linear layer */
    int32_t hidden;      /* and is not the classifier */
    int32_t gated;       /* it lies in a branch whose last scale starts at zero */
    int32_t before_norm; /* a batch norm rescales its output */
} trait;

struct rgm_rules {
    const rgm_session *session;
    rgm_baseline baseline;
    int32_t fresh, layers;
    int32_t hidden; /* layers with weights that are not the classifier */
    trait *traits;
    char symmetric[48]; /* a hidden layer whose units begin alike; "": none */
    double *sort;       /* [layers] */
    double *numbers;    /* seen, then [layers][SIGNALS] */
    int64_t count;
    double waited, seconds; /* of this process: no times among the numbers */
    uint32_t said;          /* a bit for each rule */
    const rgm_watch_step *step;
};

static seen *seen_of(const rgm_rules *r) { return (seen *)(void *)r->numbers; }
static double *sums(const rgm_rules *r, int32_t layer) { return r->numbers + SEEN + (int64_t)layer * SIGNALS; }
static double mean(const rgm_rules *r, int32_t layer, int32_t signal) {
    return sums(r, layer)[signal] / seen_of(r)->in_window;
}

/* ---- what a graph says of its layers ---- */

/* The layers of a branch, back from the batch norm whose scale starts at zero to where other ways begin. */
static void mark_gated(uint8_t *gated, const rgm_graph *g, int32_t norm) {
    int32_t tensor = rgm_graph_node(g, norm)->in[0];
    while (tensor != RGM_NO_TENSOR && rgm_graph_tensor(g, tensor)->consumers == 1) {
        int32_t producer = rgm_graph_tensor(g, tensor)->producer;
        if (producer < 0 || rgm_graph_node(g, producer)->in[1] != RGM_NO_TENSOR) return;
        gated[producer] = 1;
        tensor = rgm_graph_node(g, producer)->in[0];
    }
}

static int32_t feeds_norm(const rgm_graph *g, int32_t tensor) {
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++)
        if (rgm_graph_node(g, i)->op == RGM_OP_BATCHNORM && rgm_graph_node(g, i)->in[0] == tensor) return 1;
    return 0;
}

static rgm_status find_traits(rgm_rules *r, const rgm_watch_step *step, rgm_error *err) {
    const rgm_graph *g = r->session->model->graph;
    uint8_t *gated = calloc((size_t)rgm_graph_node_count(g) + 1, 1);
    if (!gated) return rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
    for (int32_t i = 0; i < rgm_graph_node_count(g); i++)
        if (rgm_graph_node(g, i)->flags & RGM_BN_ZERO_SCALE && rgm_graph_node(g, i)->op == RGM_OP_BATCHNORM)
            mark_gated(gated, g, i);
    for (int32_t i = 0; i < step->layer_count; i++) {
        const rgm_watch_layer *l = &step->layers[i];
        const rgm_node *node = rgm_graph_node(g, l->node);
        int32_t weighs = (l->op == RGM_OP_CONV || l->op == RGM_OP_LINEAR) && node->weight != RGM_NO_TENSOR;
        r->hidden += weighs && !l->head;
        r->traits[i] = (trait){weighs, weighs && !l->head, gated[l->node], feeds_norm(g, node->out)};
    }
    free(gated);
    return RGM_OK;
}

/* 1 if all units of a weight have the same values, and there is more than one. */
static int32_t is_symmetric(const rgm_param *p, const float *value) {
    int64_t row = p->count / p->dims[0];
    for (int64_t k = 1; k < p->dims[0]; k++)
        if (memcmp(value, value + k * row, sizeof *value * (size_t)row) != 0) return 0;
    return p->dims[0] > 1;
}

static rgm_status find_symmetric(rgm_rules *r, const rgm_trainer *t, const rgm_watch_step *step, rgm_error *err) {
    const rgm_graph *g = r->session->model->graph;
    rgm_state *state = malloc(sizeof *state);
    if (!state) return rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
    rgm_trainer_state(t, state);
    for (int32_t i = 0; i < r->layers && !r->symmetric[0]; i++) {
        if (!r->traits[i].hidden) continue;
        const rgm_param *p = rgm_graph_param(g, rgm_graph_node(g, step->layers[i].node)->weight);
        if (is_symmetric(p, state->value + p->offset))
            snprintf(r->symmetric, sizeof r->symmetric, "%s", step->layers[i].name);
    }
    free(state);
    return RGM_OK;
}

/* ---- the rules: 1 and the warning, or 0 ---- */

static void put(rgm_warning *w, double figure, const char *layer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void put(rgm_warning *w, double figure, const char *layer, const char *format, ...) {
    va_list arguments;
    w->figure = figure;
    snprintf(w->layer, sizeof w->layer, "%s", layer);
    va_start(arguments, format);
    vsnprintf(w->text, sizeof w->text, format, arguments);
    va_end(arguments);
}

static double window_loss(const rgm_rules *r) { return seen_of(r)->loss / seen_of(r)->in_window; }

/* 1 if the window's loss is no better than guessing's, as far as that is known. */
static int32_t is_guessing(const rgm_rules *r) { return !r->baseline.known || window_loss(r) >= r->baseline.constant; }

static const char *name(const rgm_rules *r, int32_t layer) { return r->step->layers[layer].name; }

static int32_t find_start(const rgm_rules *r, rgm_warning *w) {
    const rgm_baseline *b = &r->baseline;
    if (!b->known || r->step->step != 0) return 0;
    double loss = r->step->loss, noise = 4 * b->spread / sqrt(r->session->config->batch), off = loss - b->start;
    if (off <= 0.7 + noise && off >= -0.1 - noise) return 0;
    put(w, loss, "", "the loss starts at %.3f, where %d classes with these frequencies give %.3f: %s", loss,
        r->session->model->classes, b->start,
        off > 0 ? "the classifier's first weights are too large; its default is N(0, 0.01), which init_layers replaces"
                : "the network knows something of the labels before it has learned; do the pixels show them?");
    return 1;
}

static int32_t find_symmetric_units(const rgm_rules *r, rgm_warning *w) {
    if (!r->symmetric[0] || r->step->step != 0) return 0;
    put(w, 1, r->symmetric,
        "%s: all units begin with the same weights, and will stay alike: let them be drawn, such as by --set init=he",
        r->symmetric);
    return 1;
}

static int32_t find_input(const rgm_rules *r, rgm_warning *w) {
    const seen *s = seen_of(r);
    if (s->windows != 0) return 0;
    double m = s->input_mean / s->input_count, deviation = sqrt(fmax(s->input_square / s->input_count - m * m, 0));
    if (fabs(m) <= 1 && deviation >= 1.0 / 3 && deviation <= 3) return 0;
    put(w, fabs(m) > 1 ? m : deviation, "",
        "the network sees pixels of mean %.3g and deviation %.3g, not of 0 and 1: look at the set's attributes mean "
        "and "
        "std (regimen inspect)",
        m, deviation);
    return 1;
}

/* 1 in the first window of a run that began with initialized weights, in this process or an earlier one. */
static int32_t begins(const rgm_rules *r) {
    const seen *s = seen_of(r);
    int32_t from_start = s->steps == (double)(r->step->step + 1); /* none was before those that were looked at */
    return s->windows == 0 && (r->fresh || from_start) && !r->session->config->checkpoint[0];
}

static int32_t find_scale(const rgm_rules *r, rgm_warning *w) {
    if (!begins(r)) return 0;
    for (int32_t i = 0; i < r->layers; i++) {
        double rms = mean(r, i, ACTIVATION);
        if (r->traits[i].before_norm || r->step->layers[i].head || !(rms < 0.01 || rms > 100)) continue;
        put(w, rms, name(r, i),
            "%s: its outputs have an rms of %.2g; 0.1 to 10 trains well: the first weights' scale is wrong, see init "
            "and "
            "init_layers",
            name(r, i), rms);
        return 1;
    }
    return 0;
}

static int32_t find_dead(const rgm_rules *r, rgm_warning *w) {
    int32_t worst = -1, count = 0;
    for (int32_t i = 0; i < r->layers; i++) {
        double dead = mean(r, i, DEAD);
        if (!(dead > 0.5)) continue;
        count++;
        if (worst < 0 || dead > mean(r, worst, DEAD)) worst = i;
    }
    if (worst < 0) return 0;
    put(w, mean(r, worst, DEAD), name(r, worst),
        "%s: %.0f %% of its units are dead behind their ReLU (%d layer%s with more than half): a lower rate, or a "
        "warmup, keeps them alive: --set warmup=1",
        name(r, worst), 100 * mean(r, worst, DEAD), count, count == 1 ? "" : "s");
    return 1;
}

static int32_t find_vanishing(const rgm_rules *r, rgm_warning *w) {
    int32_t least = -1, largest = -1;
    if (seen_of(r)->windows < 1) return 0;
    for (int32_t i = 0; i < r->layers; i++) {
        double gradient = mean(r, i, GRADIENT);
        if (!r->traits[i].weighs || isnan(gradient)) continue;
        if (r->traits[i].hidden && !r->traits[i].gated && (least < 0 || gradient < mean(r, least, GRADIENT))) least = i;
        if (largest < 0 || gradient > mean(r, largest, GRADIENT)) largest = i;
    }
    if (least < 0 || mean(r, least, GRADIENT) >= 1e-5 * mean(r, largest, GRADIENT)) return 0;
    put(w, mean(r, least, GRADIENT) / mean(r, largest, GRADIENT), name(r, least),
        "%s: its gradient is %.1e of that of %s: it vanishes on the way: look at init, or put batch norms between",
        name(r, least), mean(r, least, GRADIENT) / mean(r, largest, GRADIENT), name(r, largest));
    return 1;
}

static int32_t find_exploding(const rgm_rules *r, rgm_warning *w) {
    double norm = seen_of(r)->norm / seen_of(r)->in_window;
    int32_t largest = -1;
    if (!(norm > 1000) || !is_guessing(r)) return 0;
    for (int32_t i = 0; i < r->layers; i++)
        if (r->traits[i].weighs && (largest < 0 || mean(r, i, GRADIENT) > mean(r, largest, GRADIENT))) largest = i;
    if (largest < 0) return 0;
    put(w, norm, name(r, largest),
        "%s: the gradient's norm is %.3g, the largest part of it here: a tenth of the rate, or --set clip_norm=1",
        name(r, largest), norm);
    return 1;
}

/* The step's rate as a share of the optimizer's; small in a warmup, and at the end of most schedules. */
static double rate_share(const rgm_rules *r) { return r->step->rate / r->session->model->components.lr; }

static int32_t find_frozen(const rgm_rules *r, rgm_warning *w) {
    if (!(rate_share(r) > 0.01)) return 0; /* next to no rate moves no weight, and is meant */
    for (int32_t i = 0; i < r->layers; i++) {
        if (!r->traits[i].weighs || r->traits[i].gated || mean(r, i, UPDATE) != 0) continue;
        put(w, 0, name(r, i), "%s: its weights have not changed in %d steps: %s", name(r, i), RGM_RULES_WINDOW,
            mean(r, i, GRADIENT) > 0 ? "the rate is too low for numbers of 24 bits" : "no gradient comes to it");
        return 1;
    }
    return 0;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of update to weight; of a model without hidden layers, the classifier's. NaN: there is none. */
static double usual_update(const rgm_rules *r) {
    int32_t n = 0;
    for (int32_t hidden = 1; hidden >= 0 && n == 0; hidden--)
        for (int32_t i = 0; i < r->layers; i++)
            if (r->traits[i].weighs && r->traits[i].hidden == hidden && !r->traits[i].gated &&
                isfinite(mean(r, i, RATIO)))
                r->sort[n++] = mean(r, i, RATIO);
    if (!n) return NAN;
    qsort(r->sort, (size_t)n, sizeof *r->sort, ascending);
    return r->sort[n / 2];
}

static int32_t find_rate(const rgm_rules *r, rgm_warning *w) {
    double update = usual_update(r);
    if (!r->hidden && seen_of(r)->windows < 3) return 0; /* a classifier alone starts with small weights */
    if (!(update > 0.2) || !is_guessing(r)) return 0;
    put(w, update, "",
        "a step changes weights by %.2g of themselves, about 0.001 is usual, and the loss is that of guessing: the "
        "rate "
        "is too high: --set optimizer.lr=%.2g",
        update, r->session->model->components.lr / 10);
    return 1;
}

/* What updates would be at the full rate. */
static double full_update(const rgm_rules *r) {
    double share = rate_share(r);
    return share > 0.01 ? usual_update(r) / share : NAN;
}

static int32_t find_slow(const rgm_rules *r, rgm_warning *w) {
    double update = full_update(r);
    if (!r->fresh || seen_of(r)->windows < 1 || !(update < 2e-5)) return 0;
    put(w, update, "",
        "a step at the full rate changes weights by %.1e of themselves, where about 1e-3 is usual: the rate is too "
        "low: "
        "--set optimizer.lr=%.2g",
        update, r->session->model->components.lr * 10);
    return 1;
}

/* The likely cause of a loss that does not fall. */
static void put_cause(const rgm_rules *r, char cause[160]) {
    double lr = r->session->model->components.lr, update = usual_update(r), at_full = full_update(r);
    if (update > 0.05)
        snprintf(cause, 160, "the rate is too high: --set optimizer.lr=%.2g", lr / 10);
    else if (at_full < 1e-4)
        snprintf(cause, 160, "the rate is too low: --set optimizer.lr=%.2g", lr * 10);
    else
        snprintf(cause, 160, "do labels and pixels belong together? 'regimen inspect' shows them");
}

static int32_t find_stalled(const rgm_rules *r, rgm_warning *w) {
    const seen *s = seen_of(r);
    double loss = window_loss(r);
    char cause[160];
    if (!r->baseline.known || s->windows < LOSSES || s->full < 200) return 0;
    if (s->images < 50.0 * r->session->model->classes) return 0;
    for (int32_t i = 0; i + 1 < LOSSES; i++) loss += s->past[i];
    loss /= LOSSES;
    if (!(loss > 0.99 * r->baseline.constant)) return 0;
    put_cause(r, cause);
    put(w, loss, "", "the loss is %.3f after %.0f steps; guessing by class frequencies has %.3f: %s", loss, s->steps,
        r->baseline.constant, cause);
    return 1;
}

static int32_t find_rising(const rgm_rules *r, rgm_warning *w) {
    double loss = window_loss(r), least = seen_of(r)->least;
    if (seen_of(r)->windows < 1 || !(loss > 2 * least) || !is_guessing(r)) return 0;
    put(w, loss, "", "the loss has risen from %.3f to %.3f: the rate is too high: --set optimizer.lr=%.2g", least, loss,
        r->session->model->components.lr / 10);
    return 1;
}

/* The layer whose gradient has grown most since the window before; -1: there is none. */
static int32_t most_grown(const rgm_rules *r, const rgm_watch_step *step, double *times) {
    int32_t most = -1;
    for (int32_t i = 0; i < r->layers; i++) {
        double growth = step->layers[i].gradient_rms / sums(r, i)[BEFORE];
        if (!r->traits[i].weighs || !isfinite(growth) || (most >= 0 && growth <= *times)) continue;
        most = i;
        *times = growth;
    }
    return most;
}

static int32_t find_spike(const rgm_rules *r, rgm_warning *w) {
    const seen *s = seen_of(r);
    const rgm_watch_step *step = r->step;
    double times = 0;
    if (s->windows < RGM_SPIKE_WINDOWS || !rgm_is_spike(step->loss, s->past[0], r->session->config->batch)) return 0;
    int32_t layer = most_grown(r, step, &times);
    put(w, step->loss, layer < 0 ? "" : name(r, layer),
        "the loss jumps to %.3f from %.3f; the gradient grew most in %s (%.0f times); images %" PRId64 ", %" PRId64
        " and %" PRId64 " of the split have the largest losses (%.2g): look at them, or --set clip_norm=1",
        step->loss, s->past[0], layer < 0 ? "no layer" : name(r, layer), times, step->worst[0], step->worst[1],
        step->worst[2], step->worst_loss[0]);
    return 1;
}

static int32_t find_data(const rgm_rules *r, rgm_warning *w) {
    double share = r->waited / r->seconds;
    if (!(r->seconds > 10) || !(share > 0.3)) return 0;
    put(w, share, "",
        "%.0f %% of the time is spent waiting for pixels to be read: put the set on a faster disk, or store it "
        "contiguous and unpacked (datasets/FORMAT.md)",
        100 * share);
    return 1;
}

/* When a rule is asked. */
enum { AT_FIRST, AT_EACH, AT_WINDOW };

/* Kinds with one cause: what is said of one is said of those in `covers`. */
static const struct {
    const char *kind;
    int32_t when;
    int32_t (*find)(const rgm_rules *rules, rgm_warning *warning);
    const char *covers;
} rules[RGM_RULES] = {
    {"start", AT_FIRST, find_start, ""},
    {"symmetric", AT_FIRST, find_symmetric_units, "scale dead vanishing frozen"},
    {"input", AT_WINDOW, find_input, ""},
    {"scale", AT_WINDOW, find_scale, ""},
    {"dead", AT_WINDOW, find_dead, ""},
    {"vanishing", AT_WINDOW, find_vanishing, ""},
    {"exploding", AT_WINDOW, find_exploding, "rate rising"},
    {"frozen", AT_WINDOW, find_frozen, ""},
    {"rate", AT_WINDOW, find_rate, "exploding rising"},
    {"slow", AT_WINDOW, find_slow, "stalled"},
    {"stalled", AT_WINDOW, find_stalled, ""},
    {"rising", AT_WINDOW, find_rising, "exploding rate"},
    {"spike", AT_EACH, find_spike, ""},
    {"data", AT_WINDOW, find_data, ""},
};

/* ---- use ---- */

static rgm_status fill(rgm_rules *r, const rgm_trainer *t, rgm_error *err) {
    const rgm_watch_step *step = rgm_trainer_watch(t);
    r->layers = step->layer_count;
    r->count = SEEN + (int64_t)r->layers * SIGNALS;
    r->traits = calloc((size_t)r->layers + 1, sizeof *r->traits);
    r->sort = calloc((size_t)r->layers + 1, sizeof *r->sort);
    r->numbers = calloc((size_t)r->count, sizeof *r->numbers);
    if (!r->traits || !r->sort || !r->numbers) return rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
    RGM_TRY(rgm_baseline_find(&r->baseline, r->session, t, err));
    RGM_TRY(find_traits(r, step, err));
    return r->fresh ? find_symmetric(r, t, step, err) : RGM_OK;
}

rgm_status rgm_rules_create(rgm_rules **out, const rgm_session *session, const rgm_trainer *trainer, int32_t fresh,
                            rgm_error *err) {
    *out = NULL;
    rgm_rules *r = calloc(1, sizeof *r);
    if (!r) return rgm_fail(err, RGM_E_NOMEM, "watch: out of memory");
    r->session = session;
    r->fresh = fresh;
    rgm_status status = fill(r, trainer, err);
    if (status >= 0)
        *out = r;
    else
        rgm_rules_destroy(r);
    return status;
}

void rgm_rules_destroy(rgm_rules *r) {
    if (!r) return;
    free(r->traits);
    free(r->sort);
    free(r->numbers);
    free(r);
}

void rgm_rules_said(rgm_rules *r, const char *kind) {
    for (int32_t i = 0; i < RGM_RULES; i++) {
        if (strcmp(rules[i].kind, kind) != 0) continue;
        r->said |= 1u << i;
        for (int32_t k = 0; k < RGM_RULES; k++)
            if (strstr(rules[i].covers, rules[k].kind)) r->said |= 1u << k;
    }
}

const rgm_baseline *rgm_rules_baseline(const rgm_rules *r) { return &r->baseline; }
const double *rgm_rules_numbers(const rgm_rules *r, int64_t *count) {
    *count = r->count;
    return r->numbers;
}

int32_t rgm_rules_go_on(rgm_rules *r, const double *numbers, int64_t count) {
    if (count != r->count) return 0;
    memcpy(r->numbers, numbers, sizeof *numbers * (size_t)count);
    return 1;
}

static void add(rgm_rules *r, const rgm_watch_step *step) {
    seen *s = seen_of(r);
    double lr = r->session->model->components.lr;
    s->steps++;
    s->in_window++;
    s->loss += step->loss;
    s->norm += step->gradient_norm;
    s->full += lr > 0 ? fmin(step->rate / lr, 1) : 1;
    s->images += r->session->config->batch;
    r->waited += step->waited;
    r->seconds += step->seconds;
    if (s->windows == 0) {
        s->input_count++;
        s->input_mean += step->input_mean;
        s->input_square += step->input_rms * step->input_rms;
    }
    for (int32_t i = 0; i < r->layers; i++) {
        const rgm_watch_layer *l = &step->layers[i];
        double *sum = sums(r, i);
        sum[GRADIENT] += l->gradient_rms;
        sum[RATIO] += l->update_rms / l->weight_rms;
        sum[UPDATE] += l->update_rms;
        sum[DEAD] += l->dead;
        sum[ACTIVATION] += l->activation_rms;
    }
}

static void end_window(rgm_rules *r) {
    seen *s = seen_of(r);
    double loss = window_loss(r), in_window = s->in_window;
    if (s->windows == 0 || loss < s->least) s->least = loss;
    memmove(s->past + 1, s->past, sizeof *s->past * (LOSSES - 1));
    s->past[0] = loss;
    s->windows++;
    s->in_window = s->loss = s->norm = 0;
    for (int32_t i = 0; i < r->layers; i++) {
        double *sum = sums(r, i), before = sum[GRADIENT] / in_window;
        memset(sum, 0, sizeof *sum * SIGNALS);
        sum[BEFORE] = before;
    }
}

const char *rgm_rules_grown(const rgm_rules *r, const rgm_watch_step *step, double *times) {
    int32_t layer = step->layer_count == r->layers ? most_grown(r, step, times) : -1;
    return layer < 0 ? NULL : step->layers[layer].name;
}

void rgm_rules_went_back(rgm_rules *r) {
    seen *s = seen_of(r);
    s->in_window = s->loss = s->norm = 0;
    s->least = INFINITY;
    for (int32_t i = 0; i < LOSSES; i++) s->past[i] = NAN;
    for (int32_t i = 0; i < r->layers; i++) memset(sums(r, i), 0, sizeof(double) * BEFORE);
}

static int32_t ask(rgm_rules *r, int32_t when, rgm_warning *out) {
    int32_t found = 0;
    for (int32_t i = 0; i < RGM_RULES; i++) {
        if (rules[i].when != when || r->said & 1u << i) continue;
        rgm_warning *w = &out[found];
        *w = (rgm_warning){.kind = rules[i].kind, .step = r->step->step + 1};
        if (!rules[i].find(r, w)) continue;
        rgm_rules_said(r, rules[i].kind);
        found++;
    }
    return found;
}

int32_t rgm_rules_judge(rgm_rules *r, const rgm_watch_step *step, rgm_warning out[RGM_RULES]) {
    int32_t found = 0;
    if (step->layer_count != r->layers || step->step < 0) return 0;
    r->step = step;
    add(r, step);
    if (r->fresh && step->step == 0) found += ask(r, AT_FIRST, out);
    found += ask(r, AT_EACH, out + found);
    if (seen_of(r)->in_window < RGM_RULES_WINDOW) return found;
    found += ask(r, AT_WINDOW, out + found);
    end_window(r);
    return found;
}
