#include "train/initialize.h"

#include <stdlib.h>
#include "base/arena.h"

enum { SPAN = 65536 };

typedef struct fill {
    const rgm_session *session;
    const rgm_memory *memory;
    char *scratch; /* per worker */
    size_t scratch_bytes;
    int32_t param;
} fill;

static rgm_instance *initializer_of(const rgm_session *s, const rgm_param *p) {
    return p->head ? s->model->components.init[1] : s->model->components.init[0];
}

static int32_t spans_of(const rgm_session *s, const rgm_param *p) {
    uint64_t row = (uint64_t)(p->count / p->dims[0]);
    return (int32_t)rgm_span_count(rgm_instance_scope(initializer_of(s, p)), (uint64_t)p->count, row, SPAN);
}

static rgm_status run_fill(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const fill *f = context;
    const rgm_session *s = f->session;
    const rgm_param *p = rgm_graph_param(s->model->graph, f->param);
    uint64_t row = (uint64_t)(p->count / p->dims[0]);
    rgm_span_range range =
        rgm_span_at(rgm_instance_scope(initializer_of(s, p)), (uint64_t)p->count, row, SPAN, (uint64_t)chunk);
    rgm_rng key = {s->config->seed, RGM_STREAM(RGM_STREAM_INIT, f->param), 0, 0};
    rgm_clock clock = rgm_session_clock(s, 0);
    rgm_plug_call call;
    rgm_plug_call_init(&call, initializer_of(s, p), &clock, &key, f->scratch + f->scratch_bytes * (size_t)worker);
    float *to = f->memory->value + p->offset + range.first;
    return rgm_plug_fill(&call, &s->model->tensors[f->param], to, range.first, range.n, err);
}

static void set_constant(float *to, const rgm_param *p) {
    for (int64_t i = 0; i < p->count; i++) to[p->offset + i] = p->initial;
}

void rgm_count_classes(const rgm_view *view, double *counts) {
    if (!view->count) return;
    const int32_t *labels = rgm_dataset_labels(view->set, view->split);
    const float *soft = rgm_dataset_soft(view->set, view->split);
    int32_t width = rgm_dataset_describe(view->set)->classes;
    for (int64_t i = 0; i < view->count; i++) {
        int64_t sample = rgm_view_index(view, i);
        if (!soft) counts[rgm_view_class(view, labels[sample])]++;
        for (int32_t c = 0; soft && c < width; c++) counts[rgm_view_class(view, c)] += (double)soft[sample * width + c];
    }
}

static double at_least_half(double count) { return count > 0.5 ? count : 0.5; }

/* Log of the class frequencies into the classifier's bias. */
static rgm_status set_prior(const rgm_session *s, const rgm_param *p, float *bias, rgm_error *err) {
    if (!s->data->set || s->data->train.count == 0) return RGM_OK;
    double *counts = calloc((size_t)s->model->classes, sizeof *counts);
    if (!counts) return rgm_fail(err, RGM_E_NOMEM, "prior bias: out of memory");
    rgm_count_classes(&s->data->train, counts);
    rgm_clock clock = rgm_session_clock(s, 0);
    rgm_plug_call call; /* for the host's log: the same bits on every machine */
    rgm_plug_call_init(&call, s->model->components.init[1], &clock, NULL, NULL);
    double total = (double)s->data->train.count;
    for (int64_t c = 0; c < p->count; c++) {
        double n = at_least_half(counts[s->model->outputs == 1 ? 1 : c]);
        bias[c] = (float)call.call.host->log(n / (s->model->outputs == 1 ? at_least_half(total - n) : total));
    }
    free(counts);
    return RGM_OK;
}

static size_t widest_scratch(const rgm_components *c) {
    size_t a = rgm_instance_scratch_bytes(c->init[0]), b = rgm_instance_scratch_bytes(c->init[1]);
    return rgm_arena_cost(a > b ? a : b);
}

rgm_status rgm_initialize(const rgm_session *s, const rgm_memory *memory, rgm_error *err) {
    fill f = {.session = s, .memory = memory, .scratch_bytes = widest_scratch(&s->model->components)};
    f.scratch = aligned_alloc(64, f.scratch_bytes * (size_t)rgm_team_size(s->device->team) + 64);
    if (!f.scratch) return rgm_fail(err, RGM_E_NOMEM, "initialize: out of memory");
    rgm_status status = RGM_OK;
    for (f.param = 0; f.param < rgm_graph_param_count(s->model->graph) && status >= 0; f.param++) {
        const rgm_param *p = rgm_graph_param(s->model->graph, f.param);
        if (p->role == RGM_ROLE_WEIGHT)
            status = rgm_team_for(s->device->team, run_fill, &f, spans_of(s, p), err);
        else
            set_constant(memory->value, p);
        if (status >= 0 && p->role == RGM_ROLE_BIAS && p->head && s->config->prior_bias)
            status = set_prior(s, p, memory->value + p->offset, err);
    }
    for (int32_t i = 0; i < rgm_graph_stat_count(s->model->graph); i++)
        set_constant(memory->stat, rgm_graph_stat(s->model->graph, i));
    free(f.scratch);
    return status;
}
