/* A step as it is made: which way it goes, whether it follows the formula, what it changes. */
#include <inttypes.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "check/check_step_optimizer.h"
#include "check/check_step_update.h"
#include "check/checksums.h"
#include "check/short.h"
#include "train/snapshot.h"

enum { STEPS = 10, WATCHED = 2048, PLAIN = 0, SGD = 1, ADAM = 2 };

/* Some elements of one tensor, and what a formula makes of them. */
typedef struct watched {
    const rgm_param *param;
    int64_t count;
    double *value, *first, *second; /* predicted, and the slots; [count] each */
    int32_t weight;                 /* decay acts on it */
} watched;

typedef struct stepped {
    rgm_checksums before, once, again, end; /* the start; step 0 twice; after STEPS steps */
    double cosine;                          /* of step 0 and the negative gradient */
    double moved;                           /* its length */
    double norm, norm_again; /* of the gradient as the optimizer took it, the first and the second time */
    double raw;              /* norm of the loss's gradient, before clipping and regularizers */
    double apart;            /* of the two, the length of the difference */
    double rate;
    int64_t steps;         /* compared with the formula */
    int32_t known;         /* 1: the optimizer's formula is known */
    double worst;          /* the largest deviation from it, as a share of the step */
    char worst_tensor[64]; /* its tensor */
    double *largest;       /* [params] the largest gradient of any step */
    double *visible;       /* [params] the largest step of an element by the rate and its gradient, as a share of it */
} stepped;

static void drop_stepped(void *kept) {
    stepped *p = kept;
    rgm_checksums_free(&p->before);
    rgm_checksums_free(&p->once);
    rgm_checksums_free(&p->again);
    rgm_checksums_free(&p->end);
    free(p->largest);
    free(p->visible);
    free(p);
}

/* ---- the formulas: plugins/sgd.c and plugins/adam.c, in double ---- */

typedef struct formula {
    int32_t kind;
    double momentum, dampening, beta1, beta2, eps; /* of sgd, of adam and adamw */
    double decay, after;                           /* before the step (adamw), and behind it (weight_decay), per rate */
    int32_t nesterov, decay_all, after_all;
} formula;

/* 1 if every component that touches parameters is a built-in one whose formula is here. */
static int32_t read_formula(const rgm_components *c, formula *f) {
    const char *name = rgm_instance_name(c->optimizer);
    rgm_spec spec;
    *f = (formula){0};
    if (!rgm_instance_listed(c->optimizer)->builtin) return 0;
    if (strcmp(name, "sgd") == 0) {
        f->kind = SGD;
        f->momentum = rgm_short_setting(c->optimizer, "momentum", 0);
        f->dampening = rgm_short_setting(c->optimizer, "dampening", 0);
        rgm_instance_spec(c->optimizer, &spec);
        const char *nesterov = rgm_spec_get(&spec, "nesterov");
        f->nesterov = nesterov && strcmp(nesterov, "true") == 0;
    } else if (strcmp(name, "adam") == 0 || strcmp(name, "adamw") == 0) {
        f->kind = ADAM;
        f->beta1 = rgm_short_setting(c->optimizer, "beta1", 0.9);
        f->beta2 = rgm_short_setting(c->optimizer, "beta2", 0.999);
        f->eps = rgm_short_setting(c->optimizer, "eps", 1e-8);
        f->decay = rgm_short_setting(c->optimizer, "weight_decay", 0);
        rgm_instance_spec(c->optimizer, &spec);
        const char *all = rgm_spec_get(&spec, "norm_and_bias");
        f->decay_all = all && strcmp(all, "true") == 0;
    }
    for (int32_t i = 0; i < c->regularizers; i++) {
        rgm_instance_spec(c->regularize[i], &spec);
        const char *mode = rgm_spec_get(&spec, "mode"), *all = rgm_spec_get(&spec, "norm_and_bias");
        if (!rgm_instance_listed(c->regularize[i])->builtin || strcmp(spec.name, "weight_decay") != 0) return 0;
        if (!mode || strcmp(mode, "decoupled") != 0) continue; /* in the gradient already */
        f->after += rgm_short_setting(c->regularize[i], "rate", 0);
        f->after_all |= all && strcmp(all, "true") == 0;
    }
    return f->kind != PLAIN;
}

static double sgd_step(const formula *f, watched *w, int64_t i, double g, double rate, int64_t step) {
    if (!(f->momentum > 0)) return w->value[i] - rate * g;
    w->first[i] = step == 0 ? g : f->momentum * w->first[i] + (1 - f->dampening) * g;
    return w->value[i] - rate * (f->nesterov ? g + f->momentum * w->first[i] : w->first[i]);
}

static double adam_step(const formula *f, watched *w, int64_t i, double g, double rate, int64_t step) {
    double t = (double)step + 1, p = w->value[i];
    if (f->decay > 0 && (f->decay_all || w->weight)) p -= rate * f->decay * p;
    w->first[i] = f->beta1 * w->first[i] + (1 - f->beta1) * g;
    w->second[i] = f->beta2 * w->second[i] + (1 - f->beta2) * g * g;
    double mean = w->first[i] / (1 - pow(f->beta1, t)), square = w->second[i] / (1 - pow(f->beta2, t));
    return p - rate * mean / (sqrt(square) + f->eps);
}

/* Rounding: 2 units in the last place of the parameter, and of the step what single precision makes of it. */
static void compare(stepped *p, const formula *f, watched *w, const float *grad, const float *value, int64_t step) {
    for (int64_t i = 0; i < w->count; i++) {
        double g = (double)grad[w->param->offset + i], is = (double)value[w->param->offset + i], was = w->value[i];
        double next = f->kind == SGD ? sgd_step(f, w, i, g, p->rate, step) : adam_step(f, w, i, g, p->rate, step);
        if (f->after > 0 && (f->after_all || w->weight)) next -= p->rate * f->after * next;
        double off = fabs(is - next) - 3e-7 * fabs(was), whole = fabs(next - was);
        w->value[i] = is;
        if (!(off > 0)) continue;
        double share = off / fmax(whole, 1e-12);
        if (share <= p->worst) continue;
        p->worst = share;
        snprintf(p->worst_tensor, sizeof p->worst_tensor, "%s", w->param->name);
    }
}

/* ---- the steps ---- */

typedef struct walk {
    stepped *p;
    rgm_lab_bench *bench;
    rgm_state state;
    formula formula;
    watched *watched; /* [params] */
    int32_t params;
    float *before, *gradient; /* [floats] the parameters before step 0, and the first gradient */
    int64_t floats;
} walk;

static void close_walk(walk *w) {
    for (int32_t i = 0; w->watched && i < w->params; i++) free(w->watched[i].value);
    free(w->watched);
    free(w->before);
    free(w->gradient);
}

static rgm_status open_walk(walk *w, stepped *p, rgm_lab_bench *bench, rgm_error *err) {
    const rgm_graph *g = bench->session->model->graph;
    *w = (walk){.p = p, .bench = bench, .params = rgm_graph_param_count(g), .floats = rgm_graph_param_floats(g)};
    rgm_trainer_state(bench->trainer, &w->state);
    p->known = read_formula(&bench->session->model->components, &w->formula);
    w->watched = calloc((size_t)w->params, sizeof *w->watched);
    w->before = malloc((size_t)w->floats * sizeof *w->before);
    w->gradient = malloc((size_t)w->floats * sizeof *w->gradient);
    p->largest = calloc((size_t)w->params, sizeof *p->largest);
    p->visible = calloc((size_t)w->params, sizeof *p->visible);
    int32_t whole = w->watched && w->before && w->gradient && p->largest && p->visible;
    for (int32_t i = 0; whole && i < w->params; i++) {
        watched *t = &w->watched[i];
        t->param = rgm_graph_param(g, i);
        t->weight = t->param->role == RGM_ROLE_WEIGHT;
        t->count = t->param->count < WATCHED ? t->param->count : WATCHED;
        t->value = calloc((size_t)t->count * 3, sizeof *t->value);
        whole = t->value != NULL;
        if (!whole) break;
        t->first = t->value + t->count;
        t->second = t->first + t->count;
        for (int64_t k = 0; k < t->count; k++) t->value[k] = (double)w->state.value[t->param->offset + k];
    }
    return whole ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "checks: no memory for a step");
}

/* Steps that are lost in the rounding of their parameter say nothing of what is frozen. */
static void note_gradients(walk *w) {
    const float *g = rgm_trainer_gradients(w->bench->trainer), *p = w->state.value;
    for (int32_t i = 0; i < w->params; i++) {
        const rgm_param *t = w->watched[i].param;
        for (int64_t k = t->offset; k < t->offset + t->count; k++) {
            double size = fabs((double)g[k]), share = w->p->rate * size / fmax(fabs((double)p[k]), 1e-20);
            if (size > w->p->largest[i]) w->p->largest[i] = size;
            if (share > w->p->visible[i]) w->p->visible[i] = share;
        }
    }
}

static rgm_status step(walk *w, int64_t number, rgm_error *err) {
    rgm_step_result result;
    RGM_TRY(rgm_trainer_step_at(w->bench->trainer, number, w->p->rate, &result, err));
    if (number == 0) w->p->raw = result.gradient_norm;
    return RGM_OK;
}

/* Step 0, and its direction. */
static rgm_status first_step(walk *w, rgm_error *err) {
    stepped *p = w->p;
    double along = 0, moved = 0, squares = 0, own = 0, weights = 0, across = 0;
    memcpy(w->before, w->state.value, (size_t)w->floats * sizeof *w->before);
    RGM_TRY(rgm_checksums_take(&p->before, w->bench->trainer, RGM_PARAMETERS, err));
    RGM_TRY(step(w, 0, err));
    memcpy(w->gradient, rgm_trainer_gradients(w->bench->trainer), (size_t)w->floats * sizeof *w->gradient);
    for (int32_t i = 0; i < w->params; i++) {
        const rgm_param *t = w->watched[i].param;
        for (int64_t k = t->offset; k < t->offset + t->count; k++) {
            double d = (double)w->state.value[k] - (double)w->before[k], g = (double)w->gradient[k];
            double was = (double)w->before[k];
            along -= d * g;
            moved += d * d;
            squares += g * g;
            own += d * was;
            weights += was * was;
            across -= was * g;
        }
    }
    p->moved = sqrt(moved);
    p->norm = sqrt(squares);
    p->cosine = moved > 0 && squares > 0 ? along / (p->moved * p->norm) : 0;
    /* the same without what the parameters lose or gain in proportion, as by a decay of its own */
    double share = weights > 0 ? own / weights : 0, rest = moved - share * own;
    double turned = rest > 0 && squares > 0 ? (along - share * across) / (sqrt(rest) * p->norm) : 0;
    if (p->cosine > -0.05 && turned > p->cosine) p->cosine = turned;
    return rgm_checksums_take(&p->once, w->bench->trainer, RGM_PARAMETERS, err);
}

/* The same step from the same state. */
static rgm_status second_time(walk *w, rgm_error *err) {
    stepped *p = w->p;
    double squares = 0, apart = 0;
    RGM_TRY(step(w, 0, err));
    const float *g = rgm_trainer_gradients(w->bench->trainer);
    for (int32_t i = 0; i < w->params; i++) {
        const rgm_param *t = w->watched[i].param;
        for (int64_t k = t->offset; k < t->offset + t->count; k++) {
            double d = (double)g[k] - (double)w->gradient[k];
            squares += (double)g[k] * (double)g[k];
            apart += d * d;
        }
    }
    p->norm_again = sqrt(squares);
    p->apart = sqrt(apart);
    return rgm_checksums_take(&p->again, w->bench->trainer, RGM_PARAMETERS, err);
}

static rgm_status other_steps(walk *w, rgm_error *err) {
    stepped *p = w->p;
    for (int64_t i = 0; i < STEPS; i++) {
        if (i > 0) RGM_TRY(step(w, i, err));
        note_gradients(w);
        if (!p->known || i > 2) continue;
        for (int32_t k = 0; k < w->params; k++)
            compare(p, &w->formula, &w->watched[k], rgm_trainer_gradients(w->bench->trainer), w->state.value, i);
        p->steps = i + 1;
    }
    return rgm_checksums_take(&p->end, w->bench->trainer, RGM_PARAMETERS, err);
}

static rgm_status make_steps(walk *w, rgm_error *err) {
    rgm_snapshot *start;
    RGM_TRY(rgm_snapshot_take(&start, w->bench->trainer, err));
    rgm_status status = first_step(w, err);
    if (status >= 0) {
        rgm_snapshot_restore(start);
        status = second_time(w, err);
    }
    rgm_snapshot_destroy(start);
    return status < 0 ? status : other_steps(w, err);
}

static rgm_status look_at_steps(rgm_checking *c, stepped *p, rgm_error *err) {
    rgm_lab_bench bench;
    walk w = {0};
    rgm_status status = rgm_short_open(c, &(rgm_short){0}, &bench, err);
    if (status >= 0) status = open_walk(&w, p, &bench, err);
    if (status >= 0) {
        status = rgm_step_rate(c, &p->rate, err);
    }
    if (status >= 0) status = make_steps(&w, err);
    close_walk(&w);
    rgm_lab_close(&bench);
    return status;
}

static rgm_status make(rgm_checking *c, void *kept, rgm_error *err) { return look_at_steps(c, kept, err); }

static rgm_status steps(rgm_checking *c, const stepped **found, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_STEP, sizeof(stepped), make, drop_stepped};
    void *kept;
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    *found = kept;
    return RGM_OK;
}

/* ---- verdicts ---- */

/* Another optimizer is the edit if this one is nobody's we know; else the program is wrong. */
static void mend_update(const rgm_checking *c, rgm_verdict *v) {
    rgm_usual usual;
    rgm_error ignored;
    if (rgm_instance_listed(c->session->model->components.optimizer)->builtin ||
        rgm_usual_read(c, &usual, &ignored) < 0)
        rgm_check_mend(v, "do not train with this build: report it as a fault of the program");
    else
        rgm_check_edit(v, "optimizer", "%s", usual.optimizer);
}

/* 1: weight decay is not what is wrong (see `decay`). */
static rgm_status decays_as_usual(rgm_checking *c, int32_t *yes, rgm_error *err) {
    const rgm_response *a;
    rgm_usual usual;
    int32_t moves;
    RGM_TRY(rgm_usual_read(c, &usual, err));
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    *yes = moves && a->decay < 8 * usual.decay;
    return RGM_OK;
}

rgm_status rgm_check_step_direction(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const stepped *p;
    const char *name = rgm_instance_name(c->session->model->components.optimizer);
    RGM_TRY(steps(c, &p, err));
    if (!(p->norm > 0)) return rgm_check_not(v, "the gradient of the first batch is zero");
    if (!(p->moved > 0)) {
        rgm_check_fail(v, "a step with gradients of norm %.3g changes no parameter", p->norm);
        rgm_check_cause(v, "optimizer %s does not update: all parameters are frozen", name);
        mend_update(c, v);
        return RGM_OK;
    }
    double limit = c->config->clip_norm, loss = limit > 0 && limit < p->raw ? limit : p->raw;
    int32_t usual = 0;
    if (p->norm > 10 * loss) RGM_TRY(decays_as_usual(c, &usual, err));
    if (usual) {
        v->rank = 25; /* the net, its start or the loss, which have lines of their own */
        rgm_check_fail(v, "the loss's gradient has norm %.3g, less than a usual weight decay: the optimizer gets %.3g",
                       loss, p->norm);
        rgm_check_cause(v, "hardly any gradient comes from the loss: dead units, or an activation on the logits");
        rgm_check_mend(v, "mend what other lines name first");
        return RGM_OK;
    }
    if (p->norm < 0.3 * loss || p->norm > 10 * loss) {
        rgm_check_fail(v, "the loss's gradient has norm %.3g, what the optimizer gets %.3g", loss, p->norm);
        if (p->norm > 1.2 * loss) rgm_check_cause(v, "weight decay is too high: the regularizers outweigh the loss");
        rgm_check_cause(v, "a regularizer replaces the gradient instead of adding to it");
        rgm_check_edit(v, "regularize", "[{weight_decay: {rate: 5e-4}}]");
        return RGM_OK;
    }
    if (p->cosine > 0.05) return rgm_check_pass(v, "the first step goes against the gradient: cosine %.2f", p->cosine);
    rgm_check_fail(v, "the cosine of the first step and the negative gradient is %.2f, expected above 0", p->cosine);
    if (p->cosine < -0.05) {
        rgm_check_cause(v, "the sign of the update: optimizer %s goes up the gradient", name);
    } else {
        v->rank = 20; /* a decay that is too high looks so, too */
        rgm_check_cause(v, "optimizer %s does not follow the gradient", name);
    }
    mend_update(c, v);
    return RGM_OK;
}

rgm_status rgm_check_step_formula(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const stepped *p;
    const char *name = rgm_instance_name(c->session->model->components.optimizer);
    RGM_TRY(steps(c, &p, err));
    if (!p->known) return rgm_check_not(v, "no formula of optimizer %s and these regularizers is known here", name);
    if (p->worst <= 1e-4)
        return rgm_check_pass(v, "%" PRId64 " steps of %s as its formula says, within %.1g of a step", p->steps, name,
                              p->worst);
    rgm_check_fail(v, "%s: a step of %s differs from its formula by %.3g of the step", p->worst_tensor, name, p->worst);
    if (p->cosine < -0.05)
        rgm_check_cause(v, "the sign of the update");
    else if (!rgm_checksums_difference(&p->before, &p->end, RGM_PARAMETERS, &(int32_t){0}))
        rgm_check_cause(v, "the parameters are frozen");
    rgm_check_cause(v,
                    "the update is not what the optimizer says: its rate, its momentum, or tensors that are left out");
    rgm_check_mend(v, "do not train with this build: report it as a fault of the program");
    return RGM_OK;
}

rgm_status rgm_check_gradients_cleared(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const stepped *p;
    const rgm_response *a;
    int32_t differs, moves;
    RGM_TRY(steps(c, &p, err));
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    rgm_checksums_difference(&p->once, &p->again, RGM_PARAMETERS, &differs);
    double share = p->norm > 0 ? p->apart / p->norm : 0;
    if (share > 0.01) {
        rgm_check_fail(v, "the same batch at the same parameters gives a gradient of norm %.4g, then of %.4g", p->norm,
                       p->norm_again);
        if (p->norm_again > 1.2 * p->norm)
            rgm_check_cause(v, "gradients are not cleared: they add up from step to step");
        rgm_check_cause(v, "a component draws from outside of the seed, or keeps what it has seen");
        mend_update(c, v);
        return RGM_OK;
    }
    if (moves && a->remaining > 0.995) {
        rgm_check_fail(v, "100 steps behind a single gradient, a step is still %.0f %% of the first one",
                       100 * a->remaining);
        rgm_check_cause(v, "gradients are not cleared: optimizer %s adds them up, and never forgets one",
                        rgm_instance_name(c->session->model->components.optimizer));
        rgm_check_cause(v, "a momentum of 1");
        mend_update(c, v);
        return RGM_OK;
    }
    if (differs) return rgm_check_warn(v, "the same step from the same state gives other bits in %d tensors", differs);
    return rgm_check_pass(v, "the same batch gives the same gradient twice, norm %.4g", p->norm);
}

/* ---- what stays as it was ---- */

static const double VISIBLE = 1e-6; /* 8 units in the last place of single precision */

typedef struct unmoved {
    int32_t frozen, silent, all; /* unchanged though they have a gradient; without any gradient; all tensors */
    const char *first, *first_silent;
    int32_t weights; /* of the frozen: 1 if a weight is among them */
    int32_t body;    /* all but the classifier are frozen, and nothing else is */
} unmoved;

static int32_t is_same(const rgm_checksums *a, const rgm_checksums *b, const char *name) {
    for (int32_t i = 0; i < a->count; i++)
        if (strcmp(a->list[i].name, name) == 0 && i < b->count) return a->list[i].hash == b->list[i].hash;
    return 0;
}

static unmoved count_unmoved(const rgm_graph *g, const stepped *p) {
    unmoved u = {.all = rgm_graph_param_count(g), .body = 1};
    for (int32_t i = 0; i < u.all; i++) {
        const rgm_param *t = rgm_graph_param(g, i);
        int32_t still = is_same(&p->before, &p->end, t->name);
        if (still != !t->head) u.body = 0;
        if (!still) continue;
        if (p->visible[i] > VISIBLE) {
            if (!u.frozen++) u.first = t->name;
            u.weights |= t->role == RGM_ROLE_WEIGHT;
        } else if (!(p->largest[i] > 0) && !u.silent++) {
            u.first_silent = t->name;
        }
    }
    return u;
}

/* 1 if the tensor is as it was, though its steps would be seen, or because its gradient was taken away. */
static int32_t is_still(const stepped *p, int32_t i, const char *name) {
    return is_same(&p->before, &p->end, name) && (p->visible[i] > VISIBLE || !(p->largest[i] > 0));
}

/* 1 if a list of patterns, with commas or blanks between, names what is frozen and nothing else. */
static int32_t patterns_fit(const rgm_graph *g, const stepped *p, const char *text) {
    int32_t named = 0;
    for (int32_t i = 0; i < rgm_graph_param_count(g); i++) {
        const rgm_param *t = rgm_graph_param(g, i);
        char list[RGM_SPEC_VALUE], *rest = NULL;
        int32_t fits = 0;
        snprintf(list, sizeof list, "%s", text);
        for (char *word = strtok_r(list, ", ", &rest); word && !fits; word = strtok_r(NULL, ", ", &rest)) {
            size_t n = strlen(word);
            fits = fnmatch(word, t->name, 0) == 0 || (strncmp(word, t->name, n) == 0 && t->name[n] == '.');
        }
        named += fits;
        if (fits != is_still(p, i, t->name)) return 0;
    }
    return named > 0;
}

/* The setting of the optimizer or of a regularizer that says which tensors are left as they are; NULL: none does. */
static const char *purpose(const rgm_checking *c, const stepped *p, rgm_spec *spec) {
    const rgm_components *o = &c->session->model->components;
    for (int32_t k = -1; k < o->regularizers; k++) {
        rgm_instance_spec(k < 0 ? o->optimizer : o->regularize[k], spec);
        for (int32_t i = 0; i < spec->count; i++)
            if (patterns_fit(c->session->model->graph, p, spec->settings[i].value)) return spec->settings[i].key;
    }
    return NULL;
}

rgm_status rgm_check_parameters_move(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const stepped *p;
    rgm_spec spec;
    RGM_TRY(steps(c, &p, err));
    const unmoved u = count_unmoved(c->session->model->graph, p);
    const char *key = u.frozen || u.silent ? purpose(c, p, &spec) : NULL;
    if (key)
        return rgm_check_pass(v, "%d of %d tensors stay as they are, as %s.%s says", u.frozen + u.silent, u.all,
                              strcmp(spec.name, rgm_instance_name(c->session->model->components.optimizer)) == 0
                                  ? "optimizer"
                                  : spec.name,
                              key);
    if (u.frozen) {
        rgm_check_fail(v, "%d of %d tensors are as before after %d steps, though gradients reach them; first %s",
                       u.frozen, u.all, STEPS, u.first);
        rgm_check_cause(v, "%s",
                        u.frozen == u.all ? "no parameter is updated: all are frozen"
                        : u.body          ? "all but the classifier is frozen, or was forgotten in the update"
                        : u.weights       ? "these parameters are frozen, or were forgotten in the update"
                                          : "scales, shifts and biases are frozen: the update takes weights alone");
        mend_update(c, v);
        return RGM_OK;
    }
    if (u.silent) {
        rgm_check_fail(v, "no gradient reaches %d of %d tensors in %d steps; first %s", u.silent, u.all, STEPS,
                       u.first_silent);
        rgm_check_cause(v, "units in front of them are dead, or start at zero");
        rgm_check_cause(v, "the loss does not depend on them");
        rgm_check_edit(v, "init", "he");
        return RGM_OK;
    }
    return rgm_check_pass(v, "all %d tensors change in %d steps", u.all, STEPS);
}

/* ---- clipping ---- */

/* A limit of 1 is usual, and the first gradients of nets at their default start are about as large. */
static const double LOW_LIMIT = 0.5;

/* Steps of one length, as Adam's, do not care for the gradient's. */
rgm_status rgm_check_clip(rgm_checking *c, rgm_verdict *v, rgm_error *err) {
    const stepped *p;
    const rgm_response *a;
    int32_t moves;
    double limit = c->config->clip_norm;
    if (!(limit > 0)) return rgm_check_pass(v, "no clipping");
    RGM_TRY(steps(c, &p, err));
    RGM_TRY(rgm_step_response(c, &a, &moves, err));
    double share = p->raw > 0 ? limit / p->raw : 1;
    if (share > 0.03 || (moves && a->ratio < RGM_SCALE_FREE))
        return rgm_check_pass(v, "clipped to norm %.3g, the first gradient has %.3g", limit, p->raw);
    rgm_check_fail(v, "clipped to norm %.3g, the first gradient has %.3g: steps are %.2g of what the rate says", limit,
                   p->raw, share);
    if (limit < LOW_LIMIT) {
        rgm_check_cause(v, "clip_norm is too low: it clips every step to nothing");
        rgm_check_edit(v, "clip_norm", "1");
        return RGM_OK;
    }
    v->rank = 40; /* what makes the gradient so large has a line of its own */
    rgm_check_cause(v, "the first gradient is too large: weights that start too large, or a loss with a factor");
    rgm_check_mend(v, "mend what other lines name first, or set clip_norm=0");
    return RGM_OK;
}
