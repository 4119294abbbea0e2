#include "train/state.h"

#include <math.h>

/* The graph's tensors as torchvision lists them. */
typedef struct walk {
    const rgm_graph *graph;
    int32_t param, stat;
} walk;

/* NULL at the end. */
static const rgm_param *next(walk *w, uint32_t *group) {
    const rgm_param *p = w->param < rgm_graph_param_count(w->graph) ? rgm_graph_param(w->graph, w->param) : NULL;
    const rgm_param *s = w->stat < rgm_graph_stat_count(w->graph) ? rgm_graph_stat(w->graph, w->stat) : NULL;
    int32_t is_stat = s && (!p || s->node < p->node);
    *group = is_stat ? RGM_STATISTICS : RGM_PARAMETERS;
    if (is_stat) w->stat++;
    if (!is_stat && p) w->param++;
    return is_stat ? s : p;
}

static rgm_state_tensor describe(const rgm_param *p, uint32_t group, float *arena) {
    rgm_state_tensor t = {.group = group,
                          .in = "",
                          .name = p->name,
                          .role = p->role,
                          .ndim = p->ndim,
                          .data = arena + p->offset,
                          .bytes = sizeof(float) * (size_t)p->count};
    for (int32_t i = 0; i < p->ndim; i++) t.dims[i] = p->dims[i];
    return t;
}

static rgm_status visit_model(const rgm_state *state, uint32_t groups, rgm_state_fn visit, void *context,
                              rgm_error *err) {
    walk w = {.graph = state->graph};
    uint32_t group;
    for (const rgm_param *p; (p = next(&w, &group));) {
        if (!(groups & group)) continue;
        rgm_state_tensor t = describe(p, group, group == RGM_STATISTICS ? state->stat : state->value);
        RGM_TRY(visit(context, &t, err));
    }
    return RGM_OK;
}

static rgm_status visit_slot(const rgm_state *state, int32_t slot, rgm_state_fn visit, void *context, rgm_error *err) {
    for (int32_t i = 0; i < rgm_graph_param_count(state->graph); i++) {
        rgm_state_tensor t = describe(rgm_graph_param(state->graph, i), RGM_SLOT(slot), state->slot[slot]);
        t.in = state->slot_name[slot];
        RGM_TRY(visit(context, &t, err));
    }
    return RGM_OK;
}

rgm_status rgm_state_visit(const rgm_state *state, uint32_t groups, rgm_state_fn visit, void *context, rgm_error *err) {
    if (groups & (RGM_PARAMETERS | RGM_STATISTICS)) RGM_TRY(visit_model(state, groups, visit, context, err));
    for (int32_t k = 0; k < state->slot_count; k++)
        if (groups & RGM_SLOT(k)) RGM_TRY(visit_slot(state, k, visit, context, err));
    for (int32_t i = 0; groups & RGM_PLUGIN_STATES && i < state->plugin_count; i++) {
        const rgm_plugin_state *p = &state->plugin[i];
        rgm_state_tensor t = {.group = RGM_PLUGIN_STATES,
                              .in = "",
                              .name = p->label,
                              .ndim = 1,
                              .dims = {(int64_t)p->bytes},
                              .data = p->data,
                              .bytes = p->bytes};
        RGM_TRY(visit(context, &t, err));
    }
    return RGM_OK;
}

/* Looking for a tensor with a value that is not finite. */
typedef struct search {
    const rgm_kernels *kernels;
    rgm_state_tensor found; /* name NULL: all are finite */
} search;

static rgm_status look(void *context, const rgm_state_tensor *t, rgm_error *err) {
    (void)err;
    search *s = context;
    float largest;
    if (s->found.name) return RGM_OK;
    s->kernels->absmax(t->data, (int64_t)(t->bytes / sizeof(float)), &largest);
    if (!isfinite(largest)) s->found = *t;
    return RGM_OK;
}

rgm_state_tensor rgm_state_first_bad(const rgm_state *state, const rgm_kernels *kernels, const uint32_t *groups,
                                     int32_t count) {
    search s = {.kernels = kernels};
    for (int32_t i = 0; i < count && !s.found.name; i++) rgm_state_visit(state, groups[i], look, &s, NULL);
    return s.found;
}
