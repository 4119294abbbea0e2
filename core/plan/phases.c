#include <config.h>

#include "plan/phases.h"

#include <stdlib.h>
#include "plan/again.h"
#include "plan/plan_internal.h"

/* ---- forward ---- */

static rgm_status append_forward(rgm_plan *p, rgm_error *err) {
    rgm_build *b = p->build;
    rgm_buffer input = rgm_plan_value(p, 0);
    if (b->out_of_memory) return rgm_plan_no_memory(err); /* there is no buffer 0 */
    rgm_build_touch(b, input, 0);
    rgm_build_bind(b, (rgm_binding){.into = RGM_BIND_BUFFER, .buffer = input, .slot = &p->input});
    for (int32_t i = 0; i < p->order->forward_count; i++) {
        int32_t node = p->order->forward[i];
        b->at = p->finishes->of[node].last;
        rgm_status status = rgm_plan_op(p, node)->forward(p, node, err);
        if (status < 0) return rgm_fail_in(err, "layer %s", rgm_plan_node(p, node)->name);
    }
    b->at = rgm_graph_node_count(p->o.graph);
    b->program->forward_count = b->program->phase_count;
    return RGM_OK;
}

/* In training a batch norm whose output is pending shows in its scales and shifts. In evaluation only these are looked
 * at: those of a batch norm by itself, or what has been made of them and a bias for a host's store. */
static void watch(const rgm_plan *p, int32_t index, rgm_node_report *r) {
    const rgm_node *node = rgm_plan_node(p, index);
    const rgm_finish *f = &p->finishes->of[index];
    const rgm_build_tensor *out = &p->build->tensors[node->out];
    r->watch_floats = (int64_t)2 * rgm_plan_extent(p, f->out).channels;
    if (!p->o.training) {
        r->watch = p->build->nodes[index].affine;
        if (f->host == index && node->op == RGM_OP_BATCHNORM) r->watch = out->source.affine;
    } else if (out->value >= 0) {
        r->watch = out->value;
        r->watch_floats = rgm_plan_extent(p, node->out).floats * p->o.batch;
    } else {
        r->watch = out->source.affine;
    }
}

/* Where a node's output is, for those who look while a step runs (probe.h). */
static void show(const rgm_plan *p, int32_t index, rgm_node_report *r) {
    const rgm_node *node = rgm_plan_node(p, index);
    const rgm_build_tensor *out = &p->build->tensors[node->out];
    int32_t norm = node->op == RGM_OP_BATCHNORM;
    r->pending = norm && out->value < 0;
    r->values = r->pending ? out->source.values : out->value;
    r->affine = norm ? out->source.affine : -1;
    r->relu = r->pending && out->source.relu;
}

/* ---- the loss ---- */

static rgm_status run_nothing(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)context, (void)chunk, (void)worker, (void)err;
    return RGM_OK;
}

/* An empty phase stands for the loss, where logits are read and their gradient is written. */
static rgm_status append_loss(rgm_plan *p, rgm_error *err) {
    rgm_build *b = p->build;
    int32_t out = rgm_graph_output(p->o.graph);
    RGM_TRY(rgm_plan_phase(p, rgm_plan_tensor(p, out)->producer, &(rgm_phase_spec){"loss", run_nothing, p, 0}, err));
    rgm_plan_use(p, rgm_plan_value(p, out), &p->logits);
    if (!p->o.training) return RGM_OK;
    /* for rgm_plan_first_bad; nearly always it is kept anyway */
    rgm_build_touch(b, rgm_plan_value(p, 0), b->program->phase_count - 1);
    rgm_buffer gradient = rgm_plan_buffer(p, rgm_plan_tensor_bytes(p, out));
    rgm_plan_use(p, gradient, &p->dlogits);
    return rgm_plan_add_gradient(p, out, gradient, 0, err);
}

/* ---- backward ---- */

static rgm_status append_backward_of(rgm_plan *p, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(p, index);
    int32_t squared = p->build->squared + (node->weight != RGM_NO_TENSOR) + (node->bias != RGM_NO_TENSOR);
    p->build->direction = RGM_WORK_BACKWARD;
    RGM_TRY(rgm_again_for(p, index, err));
    RGM_TRY(rgm_plan_op(p, index)->backward(p, index, err));
    if (p->build->squared == squared) return RGM_OK;
    return rgm_fail(err, RGM_E_INTERNAL, "its gradients' squares are not told");
}

static rgm_status append_backward(rgm_plan *p, rgm_error *err) {
    p->build->backward = 1;
    for (int32_t i = 0; i < p->order->backward_count; i++) {
        int32_t node = p->order->backward[i];
        rgm_status status = append_backward_of(p, node, err);
        if (status < 0) return rgm_fail_in(err, "layer %s", rgm_plan_node(p, node)->name);
    }
    if (!p->o.input_gradient || !p->build->tensors[0].gradient.count) return RGM_OK;
    rgm_gradient input;
    RGM_TRY(rgm_plan_one_gradient(p, 0, &input, err));
    rgm_plan_use(p, input.addend[0], &p->dinput);
    return RGM_OK;
}

/* ---- all of it ---- */

static void report(const rgm_plan *p, int32_t index, rgm_node_report *r) {
    const rgm_program *g = p->build->program;
    int32_t out = rgm_plan_node(p, index)->out;
    const rgm_build_tensor *t = &p->build->tensors[out];
    const rgm_lifetime *l = t->value < 0 ? NULL : &g->buffers[t->value];
    if (l && !rgm_plan_defers(p, out)) r->bytes = rgm_plan_tensor_bytes(p, out);
    if (t->made_again)
        r->backward = RGM_ROW_AGAIN;
    else if (l && l->first < g->forward_count && l->last > g->forward_count)
        r->backward = RGM_ROW_KEPT;
}

static rgm_status append(rgm_plan *p, rgm_error *err) {
    rgm_build *b = p->build;
    int32_t nodes = rgm_graph_node_count(p->o.graph);
    RGM_TRY(append_forward(p, err));
    for (int32_t i = 0; i < nodes; i++) {
        watch(p, i, &b->program->nodes[i]);
        show(p, i, &b->program->nodes[i]);
    }
    RGM_TRY(append_loss(p, err));
    if (p->o.training) RGM_TRY(append_backward(p, err));
    if (b->out_of_memory) return rgm_plan_no_memory(err);
    for (int32_t i = 0; i < nodes; i++) report(p, i, &b->program->nodes[i]);
    return RGM_OK;
}

static rgm_status begin(const rgm_plan *p, rgm_build *b, rgm_error *err) {
    int32_t nodes = rgm_graph_node_count(p->o.graph), tensors = rgm_graph_tensor_count(p->o.graph);
    b->program = calloc(1, sizeof *b->program);
    b->tensors = calloc((size_t)tensors, sizeof *b->tensors);
    b->nodes = calloc((size_t)nodes, sizeof *b->nodes);
    if (!b->program || !b->tensors || !b->nodes) return rgm_plan_no_memory(err);
    b->program->nodes = calloc((size_t)nodes, sizeof *b->program->nodes);
    if (!b->program->nodes) return rgm_plan_no_memory(err);
    for (int32_t i = 0; i < tensors; i++) b->tensors[i].value = -1;
    for (int32_t i = 0; i < nodes; i++) b->nodes[i].affine = -1;
    return RGM_OK;
}

rgm_status rgm_phases_append(rgm_plan *p, rgm_program **program, rgm_error *err) {
    rgm_build build = {0};
    rgm_status status = begin(p, &build, err);
    p->build = &build;
    if (status >= 0) status = append(p, err);
    p->build = NULL;
    free(build.tensors);
    free(build.nodes);
    if (status < 0) {
        rgm_program_destroy(build.program);
        return status;
    }
    *program = build.program;
    return RGM_OK;
}
