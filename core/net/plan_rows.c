/* Reading a plan: its rows, and the first bad layer. */
#include <config.h>

#include <math.h>
#include <stdio.h>
#include "net/plan_internal.h"

int32_t rgm_plan_row_count(const rgm_plan *p) { return rgm_graph_node_count(p->o.graph); }

void rgm_plan_row_get(const rgm_plan *p, int32_t index, rgm_plan_row *row) {
    const rgm_node *node = rgm_plan_node(p, index);
    const rgm_tensor *t = rgm_plan_tensor(p, node->out);
    *row = (rgm_plan_row){.name = node->name, .op = rgm_op_get(node->op)->name, .C = t->C, .H = t->H, .W = t->W};
    for (int32_t i = 0; i < rgm_graph_param_count(p->o.graph); i++) {
        const rgm_param *q = rgm_graph_param(p->o.graph, i);
        if (q->node == index) row->params += q->count;
    }
    row->forward_flops = rgm_node_flops(p->o.graph, index) * p->o.batch;
    if (!rgm_plan_defers(p, node->out) && p->value[node->out] >= 0)
        row->bytes = sizeof(float) * (size_t)(rgm_plan_extent(p, node->out).floats * p->o.batch);
    const rgm_piece *buffer = p->value[node->out] < 0 ? NULL : &p->buffers[p->value[node->out]];
    if (p->kept[node->out] == RGM_MADE_AGAIN)
        row->backward = RGM_ROW_AGAIN;
    else if (buffer && buffer->first < p->forward_count && buffer->last > p->forward_count)
        row->backward = RGM_ROW_KEPT;
    snprintf(row->engine, sizeof row->engine, "%s", p->notes[index].text);
}

static int32_t is_finite(const rgm_plan *p, rgm_buffer buffer, int64_t floats) {
    float largest;
    p->o.kernels->absmax((const float *)(const void *)(p->arena + p->buffers[buffer].offset), floats, &largest);
    return isfinite(largest);
}

/* 1 if the buffer has what the forward pass wrote, between it and the backward pass. */
static int32_t is_there(const rgm_plan *p, rgm_buffer buffer) {
    return p->buffers[buffer].last >= p->forward_count && p->buffers[buffer].first <= p->forward_count;
}

/* A batch norm whose output is pending, or is made again later, shows in its scales and shifts. */
const char *rgm_plan_first_bad(const rgm_plan *p) {
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++) {
        const rgm_node *node = rgm_plan_node(p, i);
        rgm_extent e = rgm_plan_extent(p, node->out);
        int32_t written = !rgm_plan_defers(p, node->out) && is_there(p, p->value[node->out]), bad = 0;
        if (written)
            bad = !is_finite(p, p->value[node->out], e.floats * p->o.batch);
        else if (node->op == RGM_OP_BATCHNORM && is_there(p, p->source[node->out].affine))
            bad = !is_finite(p, p->source[node->out].affine, (int64_t)2 * e.channels);
        if (bad) return node->name;
    }
    return NULL;
}
