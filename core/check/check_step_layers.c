/* Updates beside weights, layer by layer: whether one layer learns at another pace than the others. */
#include "check/check_step_layers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "check/check_start.h"
#include "check/check_step_optimizer.h"
#include "check/nets.h"
#include "check/short.h"

/* Step 0 says little: slots are empty, and branches whose last scale is 0 have no gradient. */
enum { STEPS = 10, FEWEST = 3 };

/* A layer is off by as many times as it differs from the others, and beside its twin from how the others differ beside
 * theirs, whichever is less. Both are needed. Layers differ by themselves, the narrow from the wide. A net that starts
 * at another size than its twin differs in all layers, and an optimizer that keeps the ratio the same has layers that
 * are alike. Tried before that comparison was last changed: 19 sound set-ups were off 2.2 times at most, with
 * truncated_normal's 0.02 in narrow nets 3.5. */
static const double OFF_WARN = 30, OFF_FAIL = 300;

/* Of each parameter: how far a step moves it, as a share of its size, and the size that it starts with. Both are roots
 * of mean squares. 0 for all but weights. */
typedef struct pace {
    double *ratio, *size;
    int32_t finite; /* 0: a step was not */
} pace;

static void free_pace(pace *p) {
    free(p->ratio);
    free(p->size);
}

static double moved_of(const float *x, const float *before, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)x[i] - (double)before[i];
        sum += d * d;
    }
    return sqrt(sum / (double)n);
}

typedef struct walk {
    rgm_lab_bench bench;
    rgm_state state;
    float *before;
} walk;

/* A branch that starts at a scale of 0, or at a small one, hardly moves at first, and the layers beside it are not to
 * be measured by that: its last scale becomes 1. */
static void wake(walk *w) {
    const rgm_graph *g = w->bench.session->model->graph;
    for (int32_t k = 0; k < rgm_graph_param_count(g); k++) {
        const rgm_param *t = rgm_graph_param(g, k);
        float *x = w->state.value + t->offset;
        if (t->role != RGM_ROLE_SCALE || rgm_graph_node(g, t->node)->in[1] == RGM_NO_TENSOR) continue;
        if (rgm_check_rms(x, t->count) >= 1) continue;
        for (int64_t i = 0; i < t->count; i++) x[i] = 1;
    }
}

static rgm_status make_steps(walk *w, double rate, pace *p, rgm_error *err) {
    const rgm_graph *g = w->bench.session->model->graph;
    for (int64_t i = 0; i < STEPS; i++) {
        rgm_step_result result;
        memcpy(w->before, w->state.value, (size_t)rgm_graph_param_floats(g) * sizeof *w->before);
        rgm_status status = rgm_trainer_step_at(w->bench.trainer, i, rate, &result, err);
        if (status == RGM_E_NUMERIC) return RGM_OK;
        RGM_TRY(status);
        for (int32_t k = 0; k < rgm_graph_param_count(g); k++) {
            const rgm_param *t = rgm_graph_param(g, k);
            if (t->role != RGM_ROLE_WEIGHT) continue;
            double size = rgm_check_rms(w->before + t->offset, t->count);
            if (i == 0)
                p->size[k] = size;
            else if (size > 0)
                p->ratio[k] +=
                    moved_of(w->state.value + t->offset, w->before + t->offset, t->count) / size / (STEPS - 1);
        }
    }
    p->finite = 1;
    return RGM_OK;
}

/* Of the configured training with settings over it. */
static rgm_status measure(rgm_checking *c, rgm_lab_settings settings, double rate, pace *p, rgm_error *err) {
    walk *w = calloc(1, sizeof *w);
    const rgm_graph *g = c->session->model->graph;
    size_t params = (size_t)rgm_graph_param_count(g);
    *p = (pace){calloc(params, sizeof *p->ratio), calloc(params, sizeof *p->size), 0};
    if (w) w->before = malloc((size_t)rgm_graph_param_floats(g) * sizeof *w->before);
    rgm_status status = w && w->before && p->ratio && p->size
                            ? rgm_short_open(c, &(rgm_short){.settings = settings}, &w->bench, err)
                            : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for steps");
    if (status >= 0) {
        rgm_trainer_state(w->bench.trainer, &w->state);
        wake(w);
        status = make_steps(w, rate, p, err);
    }
    if (w) {
        rgm_lab_close(&w->bench);
        free(w->before);
    }
    free(w);
    return status;
}

/* The twin starts as by default. An optimizer that nobody knows may be what is wrong: then the twin has the usual one
 * of its kind. */
static rgm_status measure_twin(rgm_checking *c, double rate, pace *p, rgm_error *err) {
    const char *settings[9] = {"init", NULL, "init_layers", "[]", "dropout", "0"};
    const rgm_response *a;
    rgm_usual usual;
    int32_t moves;
    char *init;
    RGM_TRY(rgm_usual_read(c, &usual, err));
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    RGM_TRY(rgm_default_init(&init, err));
    settings[1] = init;
    if (!rgm_instance_listed(c->session->model->components.optimizer)->builtin) {
        settings[6] = "optimizer";
        settings[7] = moves && a->ratio < RGM_SCALE_FREE ? "{adam: {lr: 0.001}}" : usual.optimizer;
    }
    rgm_status status = measure(c, settings, rate, p, err);
    free(init);
    return status;
}

/* ---- which layer is off ---- */

typedef struct layer {
    const rgm_param *param;
    double own, twin; /* logarithms of the ratios */
    double bulk;      /* of its size, own over twin */
} layer;

typedef struct layers {
    layer *list;
    int32_t count;
    double own, apart; /* medians: of the ratios, and of what they are beside the twin's */
    int32_t worst;     /* -1: none is off in the same direction from both */
    double off;        /* of it, as a logarithm: above 0 it moves too far */
} layers;

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *list, int32_t n) {
    qsort(list, (size_t)n, sizeof *list, ascending);
    return n % 2 ? list[n / 2] : (list[n / 2 - 1] + list[n / 2]) / 2;
}

/* Layers that do not move, or start at zero, are other lines'. */
static void list_layers(const rgm_graph *g, const pace p[2], layers *l) {
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) {
        const rgm_param *t = rgm_graph_param(g, i);
        if (!(p[0].ratio[i] > 0 && p[1].ratio[i] > 0 && p[0].size[i] > 0 && p[1].size[i] > 0)) continue;
        l->list[l->count++] = (layer){t, log(p[0].ratio[i]), log(p[1].ratio[i]), log(p[0].size[i] / p[1].size[i])};
    }
}

/* The classifier counts among the others, and is not judged: it starts small by default, and is often drawn otherwise.
 */
static void find_worst(layers *l, double *sort) {
    for (int32_t i = 0; i < l->count; i++) sort[i] = l->list[i].own;
    l->own = median(sort, l->count);
    for (int32_t i = 0; i < l->count; i++) sort[i] = l->list[i].own - l->list[i].twin;
    l->apart = median(sort, l->count);
    l->worst = -1;
    for (int32_t i = 0; i < l->count; i++) {
        double others = l->list[i].own - l->own, beyond = l->list[i].own - l->list[i].twin - l->apart;
        double off = others > 0 ? fmax(0, fmin(others, beyond)) : -fmax(0, fmin(-others, -beyond));
        if (l->list[i].param->head || !(fabs(off) > fabs(l->off))) continue;
        l->off = off;
        l->worst = i;
    }
}

static rgm_status judge(rgm_checking *c, const layers *l, double full, rgm_verdict *v, rgm_error *err) {
    double off = exp(fabs(l->off)), usual = full * exp(l->own);
    const layer *at = l->worst < 0 ? NULL : &l->list[l->worst];
    if (off < OFF_WARN)
        return rgm_check_pass(v,
                              "at the full rate a step changes weights by %.2g of themselves, the median of %d layers; "
                              "%s is furthest off, %.2g times",
                              usual, l->count, at ? at->param->name : "none", off);
    int32_t fast = l->off > 0;
    (off < OFF_FAIL ? rgm_check_warn : rgm_check_fail)(
        v, "at the full rate a step changes %s by %.2g of itself, %.0f times %s than others (%.2g) and than by default",
        at->param->name, full * exp(at->own), off, fast ? "more" : "less", usual);
    if (fabs(at->bulk) > log(3) && (at->bulk < 0) == fast) {
        rgm_check_cause(v, "the weights of %s start %.2g times as large as by default: it learns too %s",
                        at->param->name, exp(at->bulk), fast ? "fast" : "slowly");
        rgm_check_start_edit(c, v);
        return RGM_OK;
    }
    rgm_check_cause(v, "the optimizer gives %s a rate of its own, too %s", at->param->name, fast ? "high" : "low");
    rgm_usual known;
    RGM_TRY(rgm_usual_read(c, &known, err));
    if (rgm_instance_listed(c->session->model->components.optimizer)->builtin)
        rgm_check_mend(v, "look at what scales the gradient of %s: a loss, a regularizer, a layer of a plugin",
                       at->param->name);
    else
        rgm_check_edit(v, "optimizer", "%s", known.optimizer);
    return RGM_OK;
}

static rgm_status compare(rgm_checking *c, const pace p[2], double full, rgm_verdict *v, rgm_error *err) {
    const rgm_graph *g = c->session->model->graph;
    size_t params = (size_t)rgm_graph_param_count(g);
    layers l = {.list = calloc(params, sizeof *l.list)};
    double *sort = calloc(params, sizeof *sort);
    rgm_status status = l.list && sort ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for layers");
    if (status >= 0) {
        list_layers(g, p, &l);
        if (l.count >= FEWEST) find_worst(&l, sort);
        status = l.count >= FEWEST
                     ? judge(c, &l, full, v, err)
                     : rgm_check_pass(v, "%d layers of weights move: too few for one to be off the others", l.count);
    }
    free(l.list);
    free(sort);
    return status;
}

rgm_status rgm_check_layer_updates(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    pace p[2] = {{0}, {0}};
    double rate;
    int32_t loaded;
    RGM_TRY(rgm_check_start_loaded(c, v, &loaded));
    if (loaded) return RGM_OK;
    RGM_TRY(rgm_step_rate(c, &rate, err));
    rgm_status status = measure(c, NULL, rate, &p[0], err);
    if (status >= 0) status = measure_twin(c, rate, &p[1], err);
    if (status >= 0 && !(p[0].finite && p[1].finite))
        status = rgm_check_not(v, "a step of the %s is not finite", p[0].finite ? "net as by default" : "net");
    else if (status >= 0)
        status = compare(c, p, c->session->model->components.lr / rate, v, err);
    free_pace(&p[0]);
    free_pace(&p[1]);
    return status;
}
