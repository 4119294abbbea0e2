/* Linear layer: y[N][K] = x[N][C] w[K][C]^T + bias. Forward and dx are cut by images, dw by output units: every element
 * of dw has one owner, so there is nothing to reduce. */
#include <string.h>
#include "base/planted.h"
#include "engine/matmul.h"
#include "plan/gradient.h"
#include "plan/squares.h"
#include "plan/values.h"

typedef struct linear_state {
    const rgm_kernels *k;
    int64_t C, K, x_pitch, y_pitch;
    int32_t N, image_chunks, unit_chunks;
    const float *x, *x_again, *dy, *w, *bias; /* x_again: for the backward pass */
    float *y, *dx, *dw, *db;
    double *sums; /* [K] */
    double *w_squares, *b_squares;
} linear_state;

static rgm_status run_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker;
    const linear_state *c = context;
    rgm_range r = rgm_range_part(c->N, c->image_chunks, chunk);
    int64_t rows = r.end - r.first;
    float *y = c->y + r.first * c->y_pitch;
    const rgm_matmul_shape shape = {
        .trans_b = 1, .m = rows, .n = c->K, .k = c->C, .lda = c->x_pitch, .ldb = c->C, .ldc = c->y_pitch};
    rgm_planted_mix(c->x + r.first * c->x_pitch, rows, c->x_pitch, c->C);
    RGM_TRY(rgm_matmul(&shape, c->x + r.first * c->x_pitch, c->w, y, err));
    for (int64_t n = 0; n < rows; n++, y += c->y_pitch) {
        if (c->bias) c->k->add(y, c->bias, y, c->K);
        memset(y + c->K, 0, sizeof(float) * (size_t)(c->y_pitch - c->K));
    }
    return RGM_OK;
}

static rgm_status run_backward_data(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker;
    const linear_state *c = context;
    rgm_range r = rgm_range_part(c->N, c->image_chunks, chunk);
    int64_t rows = r.end - r.first;
    float *dx = c->dx + r.first * c->x_pitch;
    const rgm_matmul_shape shape = {.m = rows, .n = c->C, .k = c->K, .lda = c->y_pitch, .ldb = c->C, .ldc = c->x_pitch};
    RGM_TRY(rgm_matmul(&shape, c->dy + r.first * c->y_pitch, c->w, dx, err));
    for (int64_t n = 0; n < rows; n++, dx += c->x_pitch)
        memset(dx + c->C, 0, sizeof(float) * (size_t)(c->x_pitch - c->C));
    rgm_planted_mix_back(c->dx + r.first * c->x_pitch, rows, c->x_pitch, c->C);
    return RGM_OK;
}

static rgm_status run_backward_weights(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker;
    const linear_state *c = context;
    rgm_range r = rgm_range_part(c->K, c->unit_chunks, chunk);
    float *dw = c->dw + r.first * c->C;
    const rgm_matmul_shape shape = {
        .trans_a = 1, .m = r.end - r.first, .n = c->C, .k = c->N, .lda = c->y_pitch, .ldb = c->x_pitch, .ldc = c->C};
    RGM_TRY(rgm_matmul(&shape, c->dy + r.first, c->x_again, dw, err));
    c->k->sumsq(dw, (r.end - r.first) * c->C, &c->w_squares[chunk]);
    return RGM_OK;
}

/* The bias's gradient: column sums of dy. The pitch's padding is summed too, and dropped. */
static rgm_status run_backward_bias(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)chunk, (void)worker, (void)err;
    const linear_state *c = context;
    memset(c->sums, 0, sizeof(double) * (size_t)c->y_pitch);
    c->k->col_sum(c->dy, c->N, c->y_pitch, c->sums);
    for (int64_t i = 0; i < c->K; i++) c->db[i] = (float)c->sums[i];
    c->k->sumsq(c->db, c->K, c->b_squares);
    return RGM_OK;
}

static int32_t chunks_of(int64_t count, int32_t most) { return (int32_t)rgm_least(rgm_most(1, count), most); }

static double flops(const linear_state *c) { return 2.0 * c->N * (double)c->C * (double)c->K; }

static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_plan_options *o = rgm_plan_get(plan);
    linear_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    const rgm_param *w = rgm_graph_param(o->graph, node->weight);
    *c = (linear_state){.k = o->kernels,
                        .K = w->dims[0],
                        .C = w->dims[1],
                        .N = o->batch,
                        .x_pitch = rgm_plan_extent(plan, node->in[0]).floats,
                        .y_pitch = rgm_plan_extent(plan, node->out).floats};
    rgm_plan_param(plan, node->weight, &c->w);
    rgm_plan_param(plan, node->bias, &c->bias);
    rgm_plan_grad(plan, node->weight, &c->dw);
    rgm_plan_grad(plan, node->bias, &c->db);
    c->image_chunks = chunks_of(c->N / 8, 16); /* at least 8 rows a product, so that its weights are worth loading */
    c->unit_chunks = chunks_of(c->K / 8, 32);
    rgm_plan_set_node_state(plan, index, c);
    RGM_TRY(rgm_plan_phase(plan, index, &(rgm_phase_spec){"forward", run_forward, c, c->image_chunks}, err));
    rgm_plan_work(plan, flops(c), 0);
    rgm_plan_use(plan, rgm_plan_value(plan, node->in[0]), &c->x);
    rgm_plan_use(plan, rgm_plan_value(plan, node->out), &c->y);
    return RGM_OK;
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    linear_state *c = rgm_plan_node_state(plan, index);
    rgm_gradient dy;
    RGM_TRY(rgm_plan_one_gradient(plan, node->out, &dy, err));
    rgm_plan_set_direction(plan, RGM_WORK_BACKWARD_WEIGHTS);
    RGM_TRY(rgm_plan_phase(plan, index, &(rgm_phase_spec){"backward weights", run_backward_weights, c, c->unit_chunks},
                           err));
    rgm_plan_work(plan, flops(c), 0);
    rgm_plan_use(plan, rgm_plan_value(plan, node->in[0]), &c->x_again);
    rgm_plan_use(plan, dy.addend[0], &c->dy);
    rgm_plan_squares(plan, node->weight, RGM_NO_TENSOR, &c->w_squares);
    if (node->bias != RGM_NO_TENSOR) {
        RGM_TRY(rgm_plan_phase(plan, index, &(rgm_phase_spec){"backward bias", run_backward_bias, c, 1}, err));
        rgm_plan_use(plan, dy.addend[0], NULL);
        rgm_plan_use(plan, rgm_plan_buffer(plan, sizeof(double) * (size_t)c->y_pitch), &c->sums);
        rgm_plan_squares(plan, node->bias, RGM_NO_TENSOR, &c->b_squares);
    }
    if (!rgm_plan_needs_gradient(plan, node->in[0])) return RGM_OK;
    rgm_plan_set_direction(plan, RGM_WORK_BACKWARD_DATA);
    rgm_buffer dx = rgm_plan_buffer(plan, rgm_plan_tensor_bytes(plan, node->in[0]));
    RGM_TRY(
        rgm_plan_phase(plan, index, &(rgm_phase_spec){"backward data", run_backward_data, c, c->image_chunks}, err));
    rgm_plan_work(plan, flops(c), 0);
    rgm_plan_use(plan, dy.addend[0], NULL);
    rgm_plan_use(plan, dx, &c->dx);
    return rgm_plan_add_gradient(plan, node->in[0], dx, 0, err);
}

static int32_t input(const rgm_plan *plan, int32_t node) {
    (void)plan, (void)node;
    return RGM_INPUT_PLAIN;
}

const rgm_op rgm_op_linear = {
    .name = "linear", .input = input, .forward = forward, .backward = backward, .keeps_input = 1};
