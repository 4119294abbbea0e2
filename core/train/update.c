#include "train/update.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/planted.h"

/* A span's share of one tensor; 16384 floats with gradient and two slots are 256 KiB. */
enum { SPAN = 16384, SLOTS = 8 };

typedef struct piece {
    int32_t param;
    uint64_t first, n;
} piece;

struct rgm_update {
    const rgm_session *session;
    const rgm_plan *plan;
    rgm_memory memory;
    float *slots[SLOTS];
    int32_t slot_count;
    piece *pieces;
    int32_t piece_count;
    uint8_t *applies; /* [regularizer][param]: bits of the stages */
    double norm, rate;
    int32_t begun; /* 1: parameters may have changed since rgm_update_set */
    float clip;    /* factor on the gradients, at most 1 */
    rgm_clock clock;
    size_t scratch_bytes;
    char *scratch;       /* per worker */
    float *before;       /* per worker: the values of a span before its update; NULL: nobody watches */
    rgm_change *pieced;  /* of each piece */
    rgm_change *changes; /* of each parameter */
    rgm_phase phases[RGM_UPDATE_PHASES];
};

static rgm_status run_norm(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker;
    rgm_update *u = context;
    double limit = u->session->config->clip_norm;
    u->norm = sqrt(rgm_plan_gradient_squares(u->plan));
    if (!isfinite(u->norm)) return rgm_fail(err, RGM_E_NUMERIC, "the gradient's norm is not finite");
    /* nothing is learned from pixels that were written to while they were read */
    if (u->session->data->set) RGM_TRY(rgm_dataset_check(u->session->data->set, err));
    u->begun = 1;
    u->clip = limit > 0 && u->norm > limit ? (float)(limit / (u->norm + 1e-6)) : 1.0f; /* torch's 1e-6 */
    return RGM_OK;
}

/* One regularizer's function of a stage on a span, if it acts on the tensor. */
static rgm_status regularize(const rgm_update *u, int32_t stage, const piece *p, rgm_span *span, void *scratch,
                             rgm_error *err) {
    const rgm_components *c = &u->session->model->components;
    int32_t params = rgm_graph_param_count(u->session->model->graph);
    for (int32_t i = 0; i < c->regularizers; i++) {
        if (!(u->applies[i * params + p->param] & stage)) continue;
        rgm_rng key = {u->session->config->seed, RGM_STREAM(RGM_STREAM_REGULARIZE, i), (uint32_t)u->clock.step,
                       (uint32_t)p->param};
        rgm_plug_call call;
        rgm_plug_call_init(&call, c->regularize[i], &u->clock, &key, scratch);
        RGM_TRY(rgm_plug_regularize(&call, stage, span, err));
    }
    return RGM_OK;
}

/* ---- watching ---- */

/* Part i of what is watched of n values: all of them, or evenly lying parts. */
static rgm_span_range watched(uint64_t n, uint64_t i) {
    if (n <= RGM_UPDATE_WATCHED) return (rgm_span_range){0, i ? 0 : n};
    return (rgm_span_range){n / RGM_UPDATE_PIECES * i, RGM_UPDATE_WATCHED / RGM_UPDATE_PIECES};
}

static void remember(float *before, const rgm_span *span) {
    for (uint64_t i = 0; i < RGM_UPDATE_PIECES; i++) {
        rgm_span_range r = watched(span->n, i);
        memcpy(before, span->param + r.first, sizeof(float) * r.n);
        before += r.n;
    }
}

/* While it is in the cache. */
static void compare(const rgm_kernels *k, float *before, const rgm_span *span, rgm_change *out) {
    double value = 0, change = 0, seen = 0;
    for (uint64_t i = 0; i < RGM_UPDATE_PIECES; i++) {
        rgm_span_range r = watched(span->n, i);
        double values, changes;
        k->sumsq(span->param + r.first, (int64_t)r.n, &values);
        k->axpy(-1, span->param + r.first, before, (int64_t)r.n);
        k->sumsq(before, (int64_t)r.n, &changes);
        before += r.n;
        value += values;
        change += changes;
        seen += (double)r.n;
    }
    double whole = seen > 0 ? (double)span->n / seen : 0;
    *out = (rgm_change){value * whole, change * whole};
}

/* ---- the update ---- */

static rgm_status update_span(const rgm_update *u, const piece *p, rgm_span *span, void *scratch, rgm_error *err) {
    if (u->clip < 1) u->session->device->kernels->scale(u->clip, span->grad, (int64_t)span->n);
    RGM_TRY(regularize(u, RGM_STAGE_GRADIENT, p, span, scratch, err));
    rgm_rng key = {u->session->config->seed, RGM_STREAM(RGM_STREAM_OPTIMIZE, 0), (uint32_t)u->clock.step,
                   (uint32_t)p->param};
    rgm_plug_call call;
    rgm_plug_call_init(&call, u->session->model->components.optimizer, &u->clock, &key, scratch);
    RGM_TRY(rgm_plug_update(&call, span, err));
    span->grad = NULL;
    return regularize(u, RGM_STAGE_UPDATED, p, span, scratch, err);
}

static rgm_status run_update(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const rgm_update *u = context;
    const piece *p = &u->pieces[chunk];
    const rgm_param *param = rgm_graph_param(u->session->model->graph, p->param);
    int64_t at = param->offset + (int64_t)p->first;
    float *slot[SLOTS];
    for (int32_t i = 0; i < u->slot_count; i++) slot[i] = u->slots[i] + at;
    rgm_span span = {.size = sizeof span,
                     .slot_count = (uint32_t)u->slot_count,
                     .first = p->first,
                     .n = p->n,
                     .param = u->memory.value + at,
                     .grad = u->memory.grad + at,
                     .slot = slot,
                     .tensor = &u->session->model->tensors[p->param],
                     .rate = RGM_PLANTED("O16") ? -u->rate : u->rate,
                     .row = (uint64_t)(param->count / param->dims[0])};
    void *scratch = u->scratch + u->scratch_bytes * (size_t)worker;
    if (RGM_PLANTED_AT("O17", param->name)) return RGM_OK;
    if (RGM_PLANTED("E7.threads")) span.rate *= 1 + 1e-3 * worker;
    rgm_planted_accumulate(span.grad, at, (int64_t)span.n, rgm_graph_param_floats(u->session->model->graph));
    if (!u->before) return update_span(u, p, &span, scratch, err);
    float *before = u->before + (size_t)RGM_UPDATE_WATCHED * (size_t)worker;
    remember(before, &span);
    RGM_TRY(update_span(u, p, &span, scratch, err));
    compare(u->session->device->kernels, before, &span, &u->pieced[chunk]);
    return RGM_OK;
}

/* The widest scope of the components that share a span. */
static int32_t scope_of(const rgm_components *c) {
    int32_t scope = rgm_instance_scope(c->optimizer);
    for (int32_t i = 0; i < c->regularizers; i++)
        if (rgm_instance_scope(c->regularize[i]) > scope) scope = rgm_instance_scope(c->regularize[i]);
    return scope;
}

/* Cuts every tensor; with pieces NULL it only counts. */
static int32_t cut(const rgm_session *s, piece *pieces) {
    int32_t scope = scope_of(&s->model->components), count = 0;
    for (int32_t i = 0; i < rgm_graph_param_count(s->model->graph); i++) {
        const rgm_param *p = rgm_graph_param(s->model->graph, i);
        uint64_t elements = (uint64_t)p->count, row = (uint64_t)(p->count / p->dims[0]);
        uint64_t spans = rgm_span_count(scope, elements, row, SPAN);
        for (uint64_t k = 0; k < spans; k++, count++) {
            if (!pieces) continue;
            pieces[count].param = i;
            rgm_span_range range = rgm_span_at(scope, elements, row, SPAN, k);
            pieces[count].first = range.first;
            pieces[count].n = range.n;
        }
    }
    return count;
}

static void ask_regularizers(rgm_update *u) {
    const rgm_session *s = u->session;
    int32_t params = rgm_graph_param_count(s->model->graph);
    for (int32_t i = 0; i < s->model->components.regularizers; i++)
        for (int32_t j = 0; j < params; j++)
            for (int32_t stage = RGM_STAGE_GRADIENT; stage <= RGM_STAGE_UPDATED; stage++)
                if (rgm_plug_applies(s->model->components.regularize[i], &s->model->tensors[j], stage))
                    u->applies[i * params + j] |= (uint8_t)stage;
}

static size_t widest_scratch(const rgm_components *c) {
    size_t bytes = rgm_instance_scratch_bytes(c->optimizer);
    for (int32_t i = 0; i < c->regularizers; i++) {
        size_t other = rgm_instance_scratch_bytes(c->regularize[i]);
        if (other > bytes) bytes = other;
    }
    return rgm_arena_cost(bytes);
}

rgm_status rgm_update_create(rgm_update **update, const rgm_session *s, const rgm_plan *plan, const rgm_memory *memory,
                             float *const *slots, rgm_error *err) {
    rgm_update *u = *update = calloc(1, sizeof *u);
    if (!u) return rgm_fail(err, RGM_E_NOMEM, "update: out of memory");
    u->session = s;
    u->plan = plan;
    u->memory = *memory;
    u->slot_count = (int32_t)rgm_plug_slot_count(s->model->components.optimizer);
    for (int32_t i = 0; i < u->slot_count; i++) u->slots[i] = slots[i];
    u->piece_count = cut(s, NULL);
    u->scratch_bytes = widest_scratch(&s->model->components);
    u->pieces = malloc(sizeof *u->pieces * (size_t)u->piece_count);
    u->applies =
        calloc((size_t)rgm_graph_param_count(s->model->graph) * (size_t)(s->model->components.regularizers + 1), 1);
    u->scratch = aligned_alloc(64, u->scratch_bytes * (size_t)rgm_team_size(s->device->team) + 64);
    if (!u->pieces || !u->applies || !u->scratch) {
        rgm_update_destroy(u);
        *update = NULL;
        return rgm_fail(err, RGM_E_NOMEM, "update: out of memory");
    }
    cut(s, u->pieces);
    ask_regularizers(u);
    u->phases[0] = (rgm_phase){.run = run_norm, .context = u, .chunks = 1, .name = "gradient norm"};
    u->phases[1] = (rgm_phase){.run = run_update, .context = u, .chunks = u->piece_count, .name = "update"};
    return RGM_OK;
}

void rgm_update_destroy(rgm_update *u) {
    if (!u) return;
    free(u->pieces);
    free(u->applies);
    free(u->scratch);
    free(u->before);
    free(u->pieced);
    free(u->changes);
    free(u);
}

rgm_status rgm_update_watch(rgm_update *u, rgm_error *err) {
    size_t workers = (size_t)rgm_team_size(u->session->device->team);
    u->before = aligned_alloc(64, sizeof(float) * RGM_UPDATE_WATCHED * workers);
    u->pieced = calloc((size_t)u->piece_count, sizeof *u->pieced);
    u->changes = calloc((size_t)rgm_graph_param_count(u->session->model->graph), sizeof *u->changes);
    return u->before && u->pieced && u->changes ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "update: out of memory");
}

const rgm_change *rgm_update_changes(rgm_update *u) {
    if (!u->before) return NULL;
    memset(u->changes, 0, sizeof *u->changes * (size_t)rgm_graph_param_count(u->session->model->graph));
    for (int32_t i = 0; i < u->piece_count; i++) {
        rgm_change *c = &u->changes[u->pieces[i].param];
        c->value += u->pieced[i].value;
        c->change += u->pieced[i].change;
    }
    return u->changes;
}

const rgm_phase *rgm_update_phases(rgm_update *u) { return u->phases; }

void rgm_update_set(rgm_update *u, const rgm_clock *clock, double rate) {
    u->clock = *clock;
    u->rate = rate;
    u->begun = 0;
}

double rgm_update_norm(const rgm_update *u) { return u->norm; }
int32_t rgm_update_begun(const rgm_update *u) { return u->begun; }
