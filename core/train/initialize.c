#include "train/initialize.h"

#include <fnmatch.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/text.h"

enum { SPAN = 65536 };

typedef struct fill {
    const rgm_session *session;
    const rgm_memory *memory;
    char *scratch; /* per worker */
    size_t scratch_bytes;
    int32_t param;
} fill;

/* The last of config.init_layers whose pattern has the parameter's name; -1: none. */
static int32_t layer_of(const rgm_session *s, const rgm_param *p) {
    const rgm_spec_list *list = &s->config->init_layers;
    for (int32_t i = list->count - 1; i >= 0; i--)
        if (fnmatch(rgm_spec_get(&list->items[i], RGM_COMPONENT_LAYERS), p->name, 0) == 0) return i;
    return -1;
}

static rgm_instance *initializer_of(const rgm_session *s, const rgm_param *p) {
    const rgm_components *c = &s->model->components;
    int32_t layer = layer_of(s, p);
    return layer >= 0 ? c->init[RGM_INITIALIZERS + layer] : p->head ? c->init[1] : c->init[0];
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
    size_t widest = 0;
    for (int32_t i = 0; i < RGM_INITIALIZERS + RGM_CONFIG_LIST; i++) {
        size_t bytes = c->init[i] ? rgm_instance_scratch_bytes(c->init[i]) : 0;
        if (bytes > widest) widest = bytes;
    }
    return rgm_arena_cost(widest);
}

/* The name that is nearest to a pattern, for the one who slipped. */
static const char *nearest_name(const rgm_graph *graph, const char *pattern) {
    int32_t count = rgm_graph_param_count(graph);
    const char **names = calloc((size_t)count, sizeof *names);
    const char *nearest = NULL;
    for (int32_t i = 0; names && i < count; i++) names[i] = rgm_graph_param(graph, i)->name;
    if (names) nearest = rgm_text_nearest(pattern, names, (size_t)count);
    free(names);
    return nearest ? nearest : rgm_graph_param(graph, 0)->name;
}

/* A pattern that no parameter has is a slip of the pen. */
static rgm_status check_layers(const rgm_session *s, rgm_error *err) {
    const rgm_spec_list *list = &s->config->init_layers;
    const rgm_graph *graph = s->model->graph;
    for (int32_t i = 0; i < list->count; i++) {
        const char *pattern = rgm_spec_get(&list->items[i], RGM_COMPONENT_LAYERS);
        int32_t found = 0;
        for (int32_t j = 0; j < rgm_graph_param_count(graph) && !found; j++)
            found = fnmatch(pattern, rgm_graph_param(graph, j)->name, 0) == 0;
        if (!found)
            return rgm_fail_about(err, RGM_E_USAGE, "init_layers",
                                  "%s: no parameter of %s is called '%.80s' (as '%s' is)", list->items[i].name,
                                  s->config->model.name, pattern, nearest_name(graph, pattern));
    }
    return RGM_OK;
}

static rgm_status initialize_one(fill *f, const rgm_param *p, rgm_error *err) {
    const rgm_session *s = f->session;
    if (p->role == RGM_ROLE_WEIGHT || layer_of(s, p) >= 0)
        return rgm_team_for(s->device->team, run_fill, f, spans_of(s, p), err);
    set_constant(f->memory->value, p);
    if (p->role == RGM_ROLE_BIAS && p->head && s->config->prior_bias)
        return set_prior(s, p, f->memory->value + p->offset, err);
    return RGM_OK;
}

rgm_status rgm_initialize(const rgm_session *s, const rgm_memory *memory, rgm_error *err) {
    RGM_TRY(check_layers(s, err));
    fill f = {.session = s, .memory = memory, .scratch_bytes = widest_scratch(&s->model->components)};
    f.scratch = aligned_alloc(64, f.scratch_bytes * (size_t)rgm_team_size(s->device->team) + 64);
    if (!f.scratch) return rgm_fail(err, RGM_E_NOMEM, "initialize: out of memory");
    rgm_status status = RGM_OK;
    for (f.param = 0; f.param < rgm_graph_param_count(s->model->graph) && status >= 0; f.param++)
        status = initialize_one(&f, rgm_graph_param(s->model->graph, f.param), err);
    for (int32_t i = 0; i < rgm_graph_stat_count(s->model->graph); i++)
        set_constant(memory->stat, rgm_graph_stat(s->model->graph, i));
    free(f.scratch);
    return status;
}
