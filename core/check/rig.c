#include "check/rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "plug/plug.h"

enum { SLOTS = 8, LONG = 400, REST = 100, ELEMENTS = 1024 };

typedef struct rig {
    const rgm_session *session;
    int32_t tensor; /* trained parameter of the graph */
    uint64_t n, row;
    float *param, *grad, *slot[SLOTS];
    void *scratch;
    double rate;
    int32_t plain; /* 1: without regularizers */
} rig;

static const double SMALL_RATE = 1e-3;

/* ---- the update of train/update.c, on one tensor ---- */

static size_t scratch_bytes(const rgm_components *c) {
    size_t bytes = rgm_instance_scratch_bytes(c->optimizer);
    for (int32_t i = 0; i < c->regularizers; i++) {
        size_t other = rgm_instance_scratch_bytes(c->regularize[i]);
        if (other > bytes) bytes = other;
    }
    return (bytes + 63) / 64 * 64 + 64;
}

static void close_rig(rig *r) {
    free(r->param);
    free(r->grad);
    for (int32_t i = 0; i < SLOTS; i++) free(r->slot[i]);
    free(r->scratch);
}

static float *zeros(uint64_t n) {
    size_t bytes = (n * sizeof(float) + 63) / 64 * 64;
    float *x = aligned_alloc(64, bytes);
    if (x) memset(x, 0, bytes);
    return x;
}

/* 1 if a part of a tensor is updated as it would be in the whole. */
static int32_t is_element_wise(const rgm_components *c) {
    int32_t alone = rgm_instance_scope(c->optimizer) == RGM_ELEMENT;
    for (int32_t i = 0; i < c->regularizers; i++) alone &= rgm_instance_scope(c->regularize[i]) == RGM_ELEMENT;
    return alone;
}

static rgm_status open_rig(rig *r, const rgm_session *s, int32_t tensor, rgm_error *err) {
    const rgm_param *p = rgm_graph_param(s->model->graph, tensor);
    const uint32_t slots = rgm_plug_slot_count(s->model->components.optimizer);
    *r = (rig){.session = s, .tensor = tensor, .n = (uint64_t)p->count, .row = (uint64_t)(p->count / p->dims[0])};
    if (is_element_wise(&s->model->components) && r->n > ELEMENTS) r->n = ELEMENTS;
    r->rate = SMALL_RATE;
    r->plain = 1;
    r->param = zeros(r->n);
    r->grad = zeros(r->n);
    r->scratch = aligned_alloc(64, scratch_bytes(&s->model->components));
    int32_t whole = r->param && r->grad && r->scratch;
    for (uint32_t i = 0; i < slots; i++) whole &= (r->slot[i] = zeros(r->n)) != NULL;
    if (whole) return RGM_OK;
    close_rig(r);
    return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for an update");
}

static void clear(rig *r) {
    memset(r->param, 0, r->n * sizeof(float));
    for (int32_t i = 0; i < SLOTS && r->slot[i]; i++) memset(r->slot[i], 0, r->n * sizeof(float));
}

static rgm_status regularize(const rig *r, int32_t stage, const rgm_clock *clock, rgm_span *span, rgm_error *err) {
    const rgm_components *c = &r->session->model->components;
    for (int32_t i = 0; i < c->regularizers && !r->plain; i++) {
        rgm_plug_call call;
        const rgm_rng key = {r->session->config->seed, RGM_STREAM(RGM_STREAM_REGULARIZE, i), (uint32_t)clock->step,
                             (uint32_t)r->tensor};
        if (!rgm_plug_applies(c->regularize[i], span->tensor, stage)) continue;
        rgm_plug_call_init(&call, c->regularize[i], clock, &key, r->scratch);
        RGM_TRY(rgm_plug_regularize(&call, stage, span, err));
    }
    return RGM_OK;
}

/* A step with the gradients that are in grad, which is spoilt. */
static rgm_status update(rig *r, int64_t step, rgm_error *err) {
    const rgm_session *s = r->session;
    rgm_clock clock = rgm_session_clock(s, step < s->steps_total ? step : s->steps_total - 1);
    clock.step = (uint64_t)step;
    rgm_span span = {.size = sizeof span,
                     .slot_count = rgm_plug_slot_count(s->model->components.optimizer),
                     .n = r->n,
                     .param = r->param,
                     .grad = r->grad,
                     .slot = r->slot,
                     .tensor = &s->model->tensors[r->tensor],
                     .rate = r->rate,
                     .row = r->row};
    rgm_plug_call call;
    const rgm_rng key = {s->config->seed, RGM_STREAM(RGM_STREAM_OPTIMIZE, 0), (uint32_t)step, (uint32_t)r->tensor};
    RGM_TRY(regularize(r, RGM_STAGE_GRADIENT, &clock, &span, err));
    rgm_plug_call_init(&call, s->model->components.optimizer, &clock, &key, r->scratch);
    RGM_TRY(rgm_plug_update(&call, &span, err));
    span.grad = NULL;
    return regularize(r, RGM_STAGE_UPDATED, &clock, &span, err);
}

/* ---- gradients that are made up ---- */

/* +1 or -1, whatever the machine. */
static float sign_of(uint64_t i, uint64_t step) {
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u + step * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 31)) * 0x94d049bb133111ebu;
    return (x >> 40) & 1 ? 1.0f : -1.0f;
}

static void set_gradient(rig *r, double size, uint64_t pattern) {
    for (uint64_t i = 0; i < r->n; i++) r->grad[i] = (float)size * sign_of(i, pattern);
}

/* How far the parameters are against the gradient's signs, on average. */
static double along(const rig *r) {
    double sum = 0;
    for (uint64_t i = 0; i < r->n; i++) sum -= (double)r->param[i] * (double)sign_of(i, 0);
    return sum / (double)r->n;
}

static rgm_status first_step(rig *r, double size, double *length, rgm_error *err) {
    clear(r);
    set_gradient(r, size, 0);
    RGM_TRY(update(r, 0, err));
    *length = along(r);
    return RGM_OK;
}

/* Of `steps` steps the first `pushed` have a gradient. The others have none, or with `noise` gradients of random signs.
 */
typedef struct push {
    double size;
    int64_t pushed, steps;
    int32_t noise;
} push;

/* The length of the last step. */
static rgm_status late_step(rig *r, const push *p, double *length, rgm_error *err) {
    double before = 0;
    clear(r);
    for (int64_t i = 0; i < p->steps; i++) {
        before = along(r);
        if (i < p->pushed || !p->noise)
            set_gradient(r, i < p->pushed ? p->size : 0, 0);
        else
            set_gradient(r, p->size, (uint64_t)i + 1);
        RGM_TRY(update(r, i, err));
    }
    *length = along(r) - before;
    return RGM_OK;
}

/* From +start and from -start with the same random gradients: half of what lies between them is what decays. */
static rgm_status run_apart(rig *r, double size, double start, double *middle, double *end, rgm_error *err) {
    clear(r);
    for (uint64_t i = 0; i < r->n; i++) r->param[i] = (float)start * sign_of(i, 0);
    for (int64_t k = 0; k < LONG; k++) {
        if (k == LONG / 2) *middle = -along(r);
        set_gradient(r, size, (uint64_t)k + 1);
        RGM_TRY(update(r, k, err));
    }
    *end = -along(r);
    return RGM_OK;
}

static rgm_status look_at_decay(rig *r, double size, double *decay, rgm_error *err) {
    double middle[2], end[2], start = 0.1;
    RGM_TRY(run_apart(r, size, start, &middle[0], &end[0], err));
    RGM_TRY(run_apart(r, size, -start, &middle[1], &end[1], err));
    double from = middle[0] - middle[1], to = end[0] - end[1];
    *decay = from > 0 && to > 0 ? log(from / to) / (LONG - LONG / 2) : 1;
    return RGM_OK;
}

/* ---- the whole look ---- */

static rgm_status look(rig *r, const rgm_rig_ask *ask, rgm_response *a, rgm_error *err) {
    double second, late, large, size = ask->size;
    RGM_TRY(first_step(r, size, &a->first, err));
    RGM_TRY(first_step(r, 10 * size, &large, err));
    a->ratio = fabs(a->first) > 0 ? large / a->first : 0;
    RGM_TRY(late_step(r, &(push){size, REST, REST, 0}, &a->constant, err));
    RGM_TRY(late_step(r, &(push){size, 1, 2, 0}, &second, err));
    RGM_TRY(late_step(r, &(push){size, 1, REST, 0}, &late, err));
    a->remaining = fabs(second) > 1e-3 * fabs(a->first) ? late / second : 0;
    /* a sign of momentum (Lion) stays for good without gradients, whatever is forgotten: other gradients tell */
    if (a->ratio < RGM_SCALE_FREE && fabs(a->remaining - 1) < 1e-3) {
        RGM_TRY(late_step(r, &(push){size, 1, REST, 1}, &late, err));
        if (fabs(late / second) < 0.2) a->remaining = 0;
    }
    double unit = a->ratio < RGM_SCALE_FREE ? r->rate : r->rate * size;
    a->first /= unit;
    a->constant /= unit;
    r->plain = 0;
    r->rate = ask->rate;
    return look_at_decay(r, size, &a->decay, err);
}

rgm_status rgm_rig_look(const rgm_session *s, const rgm_rig_ask *ask, rgm_response *a, int32_t *moves, rgm_error *err) {
    *a = (rgm_response){0};
    *moves = 0;
    for (int32_t i = rgm_graph_param_count(s->model->graph); i-- > 0 && !*moves;) {
        const rgm_param *p = rgm_graph_param(s->model->graph, i);
        rig r;
        double length = 0;
        if (p->role != RGM_ROLE_WEIGHT) continue;
        RGM_TRY(open_rig(&r, s, i, err));
        rgm_status status = first_step(&r, ask->size, &length, err);
        *moves = fabs(length) > 0;
        snprintf(a->tensor, sizeof a->tensor, "%s", p->name);
        if (status >= 0 && *moves) status = look(&r, ask, a, err);
        close_rig(&r);
        RGM_TRY(status);
    }
    return RGM_OK;
}
