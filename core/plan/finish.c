#include <config.h>

#include "plan/finish.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "plan/plan_internal.h"

/* ---- who joins whom ---- */

/* The only reader of a tensor, and by which input; -1 if there are several or none. */
static int32_t only_reader(const rgm_plan *p, int32_t tensor, int32_t *input) {
    if (rgm_plan_tensor(p, tensor)->consumers != 1) return -1;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++)
        for (int32_t k = 0; k < 2; k++)
            if (rgm_plan_node(p, i)->in[k] == tensor) return *input = k, i;
    return -1;
}

/* The chain of nodes behind `node` that its store can do, as far as it goes. */
static void extend(rgm_plan *p, int32_t node) {
    rgm_finish *f = &p->finish[node];
    for (;;) {
        int32_t input = 0, reader = only_reader(p, f->out, &input);
        if (reader < 0 || p->finish[reader].host != reader) return;
        const rgm_op *op = rgm_plan_op(p, reader);
        if (!op->joins || !op->joins(p, reader, input, f)) return;
        char text[96];
        f->out = rgm_plan_node(p, reader)->out;
        f->turn = reader;
        p->finish[reader].host = node;
        snprintf(text, sizeof text, "in the store of %s", rgm_plan_node(p, node)->name);
        rgm_plan_note(p, reader, text);
    }
}

rgm_status rgm_finish_choose(rgm_plan *p, rgm_error *err) {
    int32_t nodes = rgm_graph_node_count(p->o.graph);
    p->finish = calloc((size_t)nodes, sizeof *p->finish);
    if (!p->finish) return rgm_plan_no_memory(err);
    for (int32_t i = 0; i < nodes; i++)
        p->finish[i] = (rgm_finish){.out = rgm_plan_node(p, i)->out,
                                    .norm = RGM_NO_TENSOR,
                                    .residual = RGM_NO_TENSOR,
                                    .host = i,
                                    .turn = i,
                                    .affine = -1};
    for (int32_t i = 0; i < nodes && !p->o.training && !p->o.apart; i++) {
        const rgm_op *op = rgm_plan_op(p, i);
        if (op->finishes) extend(p, i);
    }
    return RGM_OK;
}

const rgm_finish *rgm_plan_finish(const rgm_plan *p, int32_t node) { return &p->finish[node]; }

int32_t rgm_plan_is_joined(const rgm_plan *p, int32_t node) {
    return p->finish[node].out != rgm_plan_node(p, node)->out;
}

int32_t rgm_finish_at(const rgm_plan *p, int32_t turn) {
    for (int32_t i = 0; i <= turn; i++)
        if (p->finish[i].host == i && p->finish[i].turn == turn) return i;
    return -1;
}

/* ---- scale and shift ---- */

void rgm_norm_affine(double scale, double shift, double mean, double variance, double *a, double *b) {
    double rstd = 1.0 / sqrt(variance + RGM_BN_EPSILON);
    *a = scale * rstd;
    *b = shift - mean * *a;
}

typedef struct fold {
    int32_t C, padded;
    const float *scale, *shift, *mean, *variance; /* NULL without a batch norm */
    const float *bias;                            /* of the node, or NULL */
    float *affine;
} fold;

static rgm_status run_fold(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker, (void)err;
    const fold *c = context;
    for (int32_t i = 0; i < c->padded; i++) {
        double a = i < c->C, b = 0;
        if (i < c->C && c->scale)
            rgm_norm_affine((double)c->scale[i], (double)c->shift[i], (double)c->mean[i], (double)c->variance[i], &a,
                            &b);
        if (i < c->C && c->bias) b += a * (double)c->bias[i];
        c->affine[i] = (float)a;
        c->affine[c->padded + i] = (float)b;
    }
    return RGM_OK;
}

static rgm_status plan_fold(rgm_plan *p, int32_t node, rgm_buffer *affine, rgm_error *err) {
    rgm_finish *f = &p->finish[node];
    fold *c = rgm_plan_state(p, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    *c = (fold){.C = rgm_plan_tensor(p, f->out)->C, .padded = rgm_plan_extent(p, f->out).channels};
    f->affine = *affine = rgm_plan_buffer(p, sizeof(float) * 2 * (size_t)c->padded);
    RGM_TRY(rgm_plan_phase_once(p, node, &(rgm_phase_spec){"scale and shift", run_fold, c, 1}, err));
    rgm_plan_use(p, *affine, &c->affine);
    rgm_plan_param(p, rgm_plan_node(p, node)->bias, &c->bias);
    if (f->norm == RGM_NO_TENSOR) return RGM_OK;
    const rgm_node *norm = rgm_plan_node(p, f->norm);
    rgm_plan_param(p, norm->weight, &c->scale);
    rgm_plan_param(p, norm->bias, &c->shift);
    rgm_plan_stat(p, norm->mean, &c->mean);
    rgm_plan_stat(p, norm->mean + 1, &c->variance);
    return RGM_OK;
}

/* ---- where the output goes ---- */

/* 1 if what the node makes lives in its input's buffer, or is still to be made from it: a plugin activation, or a batch
 * norm whose output is pending. Who reads that is not looked for. */
static int32_t passes_on(const rgm_plan *p, int32_t node) {
    return rgm_plan_node(p, node)->op == RGM_OP_PLUGIN || rgm_plan_defers(p, rgm_plan_node(p, node)->out);
}

/* 1 if the output may take the residual's place: all others that read the residual have had their turns. */
static int32_t may_take_over(const rgm_plan *p, int32_t node, rgm_buffer x) {
    const rgm_finish *f = &p->finish[node];
    int32_t producer = rgm_plan_tensor(p, f->residual)->producer;
    if (producer < 0 || passes_on(p, producer) || p->value[f->residual] == x) return 0;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++)
        for (int32_t k = 0; k < 2; k++) {
            if (rgm_plan_node(p, i)->in[k] != f->residual) continue;
            if (p->finish[p->finish[i].host].turn > f->turn || passes_on(p, i)) return 0;
        }
    return 1;
}

rgm_status rgm_finish_store(rgm_plan *p, int32_t node, rgm_buffer x, rgm_store *store, rgm_error *err) {
    const rgm_finish *f = &p->finish[node];
    *store = (rgm_store){.affine = -1, .residual = -1, .relu = f->relu};
    if (rgm_plan_is_joined(p, node)) RGM_TRY(plan_fold(p, node, &store->affine, err));
    if (f->residual != RGM_NO_TENSOR) {
        store->residual = rgm_plan_value(p, f->residual);
        if (may_take_over(p, node, x)) rgm_plan_alias(p, f->out, store->residual);
    }
    store->y = rgm_plan_value(p, f->out);
    return RGM_OK;
}

void rgm_store_use(rgm_plan *p, const rgm_store *store, void *y, void *affine, void *residual) {
    if (y) rgm_plan_use(p, store->y, y);
    if (affine && store->affine >= 0) rgm_plan_use(p, store->affine, affine);
    if (residual && store->residual >= 0) rgm_plan_use(p, store->residual, residual);
}
