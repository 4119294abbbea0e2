#include <config.h>

#include "plan/store.h"

#include "plan/plan_internal.h"

/* ---- scale and shift ---- */

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
    const rgm_finish *f = &p->finishes->of[node];
    fold *c = rgm_plan_state(p, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    *c = (fold){.C = rgm_plan_tensor(p, f->out)->C, .padded = rgm_plan_extent(p, f->out).channels};
    *affine = rgm_plan_buffer(p, rgm_float_bytes(2 * c->padded));
    p->build->nodes[node].affine = *affine;
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

/* 1 if the output may take the residual's place: the phases of all others that read the residual are appended. */
static int32_t may_take_over(const rgm_plan *p, int32_t node, rgm_buffer x) {
    const rgm_finish *f = &p->finishes->of[node];
    int32_t producer = rgm_plan_tensor(p, f->residual)->producer;
    if (producer < 0 || passes_on(p, producer) || p->build->tensors[f->residual].value == x) return 0;
    for (int32_t i = 0; i < rgm_graph_node_count(p->o.graph); i++)
        for (int32_t k = 0; k < 2; k++) {
            if (rgm_plan_node(p, i)->in[k] != f->residual) continue;
            if (p->finishes->of[p->finishes->of[i].host].last > f->last || passes_on(p, i)) return 0;
        }
    return 1;
}

rgm_status rgm_store_plan(rgm_plan *p, int32_t node, rgm_buffer x, rgm_store *store, rgm_error *err) {
    const rgm_finish *f = &p->finishes->of[node];
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
