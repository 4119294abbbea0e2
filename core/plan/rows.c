/* Reading a plan: its rows, and what is not finite in it. */
#include <config.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "plan/plan_internal.h"

int32_t rgm_plan_row_count(const rgm_plan *p) { return rgm_graph_node_count(p->o.graph); }

void rgm_plan_row_get(const rgm_plan *p, int32_t index, rgm_plan_row *row) {
    const rgm_node *node = rgm_plan_node(p, index);
    const rgm_tensor *t = rgm_plan_tensor(p, node->out);
    *row = (rgm_plan_row){.name = node->name, .op = rgm_plan_op(p, index)->name, .C = t->C, .H = t->H, .W = t->W};
    for (int32_t i = 0; i < rgm_graph_param_count(p->o.graph); i++) {
        const rgm_param *q = rgm_graph_param(p->o.graph, i);
        if (q->node == index) row->params += q->count;
    }
    row->forward_flops = rgm_node_flops(p->o.graph, index) * p->o.batch;
    if (!rgm_plan_defers(p, node->out) && p->value[node->out] >= 0) row->bytes = rgm_plan_tensor_bytes(p, node->out);
    const rgm_piece *buffer = p->value[node->out] < 0 ? NULL : &p->buffers[p->value[node->out]];
    if (p->kept[node->out] == RGM_MADE_AGAIN)
        row->backward = RGM_ROW_AGAIN;
    else if (buffer && buffer->first < p->forward_count && buffer->last > p->forward_count)
        row->backward = RGM_ROW_KEPT;
    snprintf(row->engine, sizeof row->engine, "%s", p->notes[index].text);
    memcpy(row->way, p->notes[index].way, sizeof row->way);
}

int32_t rgm_plan_phase_node(const rgm_plan *p, int32_t phase, int32_t *direction) {
    const work *w = &p->works[phase + (phase >= p->forward_count)]; /* between the passes stands the loss */
    *direction = w->direction;
    return w->node;
}

static int32_t is_finite(const rgm_plan *p, rgm_buffer buffer, int64_t floats) {
    float largest;
    p->o.kernels->absmax((const float *)(const void *)(p->arena + p->buffers[buffer].offset), floats, &largest);
    return isfinite(largest);
}

/* Of a node whose phases have just run. A batch norm whose output is pending shows in its scales and shifts. */
static int32_t is_bad(const rgm_plan *p, const rgm_node *node) {
    rgm_extent e = rgm_plan_extent(p, node->out);
    if (p->first[node->out] >= 0) return !is_finite(p, p->first[node->out], e.floats * p->o.batch);
    return !is_finite(p, p->source[node->out].affine, (int64_t)2 * e.channels);
}

const char *rgm_plan_bad_scale(const rgm_plan *p) {
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        const rgm_node *node = rgm_plan_node(p, i);
        const rgm_finish *f = &p->finish[i];
        rgm_buffer affine = f->host == i && node->op == RGM_OP_BATCHNORM ? p->source[node->out].affine : f->affine;
        if (affine < 0 || is_finite(p, affine, (int64_t)2 * rgm_plan_extent(p, f->out).channels)) continue;
        return f->norm == RGM_NO_TENSOR ? node->name : rgm_plan_node(p, f->norm)->name;
    }
    return NULL;
}

/* In training a phase belongs to one node, and the phases of a node follow one another. */
const char *rgm_plan_first_bad(rgm_plan *p, rgm_team *team) {
    for (int32_t i = 0; i < p->forward_count; i++) {
        if (rgm_team_run(team, &p->phases[i], 1, NULL) < 0) return NULL;
        int32_t index = p->works[i].node, more = i + 1 < p->forward_count && p->works[i + 1].node == index;
        if (!more && is_bad(p, rgm_plan_node(p, index))) return rgm_plan_node(p, index)->name;
    }
    return NULL;
}
