#include "conv/onednn.h"

#include "engine/conv_run.h"

typedef struct onednn onednn;

/* The primitives; and, in a copy for each direction that is planned, what its phases work on. */
struct onednn {
    rgm_plan *plan;
    rgm_conv *conv;
    const float *x, *dy, *w, *bias;
    const float *affine, *residual; /* how the output is finished (plan/finish.h), or NULL */
    int64_t padded;                 /* output channels */
    float *y, *dx, *dw, *db;
    void *packed[2], *partials;
    int64_t row; /* weights of an output channel */
    double *squares;
};

static rgm_conv_call call_of(const onednn *c, int32_t chunk, int32_t worker) {
    return (rgm_conv_call){c->conv, chunk, worker, rgm_plan_scratch(c->plan, worker)};
}

/* oneDNN has no scale for each channel in its store: it goes into the weights. */
static rgm_status run_pack_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    onednn *c = context;
    rgm_conv_call call = call_of(c, chunk, worker);
    return rgm_conv_pack(&call, RGM_CONV_FORWARD, c->w, c->affine, c->packed[RGM_CONV_FORWARD], err);
}

static rgm_status run_pack_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    onednn *c = context;
    rgm_conv_call call = call_of(c, chunk, worker);
    return rgm_conv_pack(&call, RGM_CONV_BACKWARD_DATA, c->w, NULL, c->packed[RGM_CONV_BACKWARD_DATA], err);
}

static rgm_status run_forward(void *context, int32_t group, int32_t worker, rgm_error *err) {
    onednn *c = context;
    rgm_conv_call call = call_of(c, group, worker);
    const rgm_conv_forward_args args = {.x = c->x,
                                        .bias = c->affine ? c->affine + c->padded : c->bias,
                                        .residual = c->residual,
                                        .packed = c->packed[RGM_CONV_FORWARD],
                                        .y = c->y};
    return rgm_conv_forward(&call, &args, err);
}

static rgm_status run_backward_data(void *context, int32_t group, int32_t worker, rgm_error *err) {
    onednn *c = context;
    rgm_conv_call call = call_of(c, group, worker);
    return rgm_conv_backward_data(&call, c->dy, c->packed[RGM_CONV_BACKWARD_DATA], c->dx, err);
}

static rgm_status run_backward_weights(void *context, int32_t group, int32_t worker, rgm_error *err) {
    onednn *c = context;
    rgm_conv_call call = call_of(c, group, worker);
    return rgm_conv_backward_weights(&call, c->x, c->dy, c->partials, err);
}

static rgm_status run_reduce(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    onednn *c = context;
    rgm_conv_call call = call_of(c, chunk, worker);
    RGM_TRY(rgm_conv_reduce(&call, c->partials, c->dw, c->db, err));
    int32_t from, to;
    double weights, biases = 0;
    const rgm_kernels *k = rgm_plan_get(c->plan)->kernels;
    rgm_conv_reduce_rows(c->conv, chunk, &from, &to);
    k->sumsq(c->dw + from * c->row, (to - from) * c->row, &weights);
    if (c->db) k->sumsq(c->db + from, to - from, &biases);
    c->squares[chunk] = weights + biases;
    return RGM_OK;
}

static void destroy(void *conv) { rgm_conv_destroy(conv); }

rgm_status rgm_onednn_create(rgm_onednn **out, const rgm_conv_site *site, uint32_t directions, rgm_error *err) {
    onednn *c = rgm_plan_state(site->plan, sizeof *c);
    *out = NULL;
    if (!c) return rgm_plan_no_memory(err);
    rgm_conv_shape shape = site->shape;
    const rgm_finish *finish = rgm_plan_finish(site->plan, site->node);
    shape.directions = directions;
    shape.bias |= rgm_plan_is_joined(site->plan, site->node);
    shape.residual = finish->residual != RGM_NO_TENSOR;
    shape.relu = finish->relu;
    if (shape.relu) rgm_plan_set_hides_nan(site->plan);
    RGM_TRY(rgm_conv_create(&c->conv, rgm_plan_get(site->plan)->engine, &shape, err));
    RGM_TRY(rgm_plan_own(site->plan, c->conv, destroy, err));
    rgm_plan_need_scratch(site->plan, rgm_conv_scratch_bytes(c->conv));
    c->plan = site->plan;
    c->row = (int64_t)(shape.C / shape.groups) * shape.R * shape.S;
    c->padded = rgm_plan_extent(site->plan, rgm_plan_node(site->plan, site->node)->out).channels;
    *out = c;
    return RGM_OK;
}

static onednn *copy(const rgm_conv_site *site, const onednn *from) {
    const rgm_node *node = rgm_plan_node(site->plan, site->node);
    onednn *c = rgm_plan_state(site->plan, sizeof *c);
    if (!c) return NULL;
    *c = *from;
    rgm_plan_param(site->plan, node->weight, &c->w);
    rgm_plan_param(site->plan, node->bias, &c->bias);
    rgm_plan_grad(site->plan, node->weight, &c->dw);
    rgm_plan_grad(site->plan, node->bias, &c->db);
    return c;
}

const char *rgm_onednn_name(const rgm_onednn *c, int32_t direction) { return rgm_conv_impl(c->conv, direction); }

/* Packs the weights for a direction into a buffer that lives until the phase appended next. */
static rgm_status plan_pack(const rgm_conv_site *site, onednn *c, int32_t direction, rgm_buffer *packed,
                            rgm_error *err) {
    *packed = rgm_plan_buffer(site->plan, rgm_conv_packed_bytes(c->conv, direction));
    RGM_TRY(rgm_plan_phase_once(site->plan, site->node,
                                &(rgm_phase_spec){direction == RGM_CONV_FORWARD ? "pack" : "pack for backward",
                                                  direction == RGM_CONV_FORWARD ? run_pack_forward : run_pack_backward,
                                                  c, rgm_conv_pack_chunks(c->conv, direction)},
                                err));
    rgm_plan_use(site->plan, *packed, &c->packed[direction]);
    return RGM_OK;
}

rgm_status rgm_onednn_forward(rgm_onednn *primitives, const rgm_conv_site *site, rgm_buffer x, const rgm_store *store,
                              rgm_error *err) {
    onednn *c = copy(site, primitives);
    if (!c) return rgm_plan_no_memory(err);
    rgm_buffer packed = 0;
    RGM_TRY(plan_pack(site, c, RGM_CONV_FORWARD, &packed, err));
    rgm_store_use(site->plan, store, NULL, &c->affine, NULL);
    int32_t groups = rgm_conv_groups(c->conv, RGM_CONV_FORWARD),
            equal = rgm_conv_groups_equal(c->conv, RGM_CONV_FORWARD);
    const rgm_phase_spec spec = {"forward", run_forward, c, groups};
    RGM_TRY((equal ? rgm_plan_phase_images : rgm_plan_phase)(site->plan, site->node, &spec, err));
    rgm_plan_work(site->plan, rgm_conv_flops(site), 0);
    rgm_plan_use(site->plan, packed, NULL);
    rgm_plan_use(site->plan, x, &c->x);
    rgm_store_use(site->plan, store, &c->y, NULL, &c->residual);
    return RGM_OK;
}

rgm_status rgm_onednn_backward_data(rgm_onednn *primitives, const rgm_conv_site *site, rgm_buffer dy, rgm_buffer dx,
                                    rgm_error *err) {
    onednn *c = copy(site, primitives);
    if (!c) return rgm_plan_no_memory(err);
    rgm_buffer packed = 0;
    RGM_TRY(plan_pack(site, c, RGM_CONV_BACKWARD_DATA, &packed, err));
    RGM_TRY(rgm_plan_phase(
        site->plan, site->node,
        &(rgm_phase_spec){"backward data", run_backward_data, c, rgm_conv_groups(c->conv, RGM_CONV_BACKWARD_DATA)},
        err));
    rgm_plan_work(site->plan, rgm_conv_flops(site), 0);
    rgm_plan_use(site->plan, packed, NULL);
    rgm_plan_use(site->plan, dy, &c->dy);
    rgm_plan_use(site->plan, dx, &c->dx);
    return RGM_OK;
}

rgm_status rgm_onednn_backward_weights(rgm_onednn *primitives, const rgm_conv_site *site, rgm_buffer x, rgm_buffer dy,
                                       rgm_error *err) {
    onednn *c = copy(site, primitives);
    if (!c) return rgm_plan_no_memory(err);
    rgm_buffer partials = rgm_plan_buffer(site->plan, rgm_conv_packed_bytes(c->conv, RGM_CONV_BACKWARD_WEIGHTS));
    RGM_TRY(rgm_plan_phase(site->plan, site->node,
                           &(rgm_phase_spec){"backward weights", run_backward_weights, c,
                                             rgm_conv_groups(c->conv, RGM_CONV_BACKWARD_WEIGHTS)},
                           err));
    rgm_plan_work(site->plan, rgm_conv_flops(site), 0);
    rgm_plan_use(site->plan, x, &c->x);
    rgm_plan_use(site->plan, dy, &c->dy);
    rgm_plan_use(site->plan, partials, &c->partials);
    RGM_TRY(rgm_plan_phase(site->plan, site->node,
                           &(rgm_phase_spec){"reduce", run_reduce, c, rgm_conv_reduce_chunks(c->conv)}, err));
    rgm_plan_use(site->plan, partials, NULL);
    const rgm_node *node = rgm_plan_node(site->plan, site->node);
    rgm_plan_squares(site->plan, node->weight, node->bias, &c->squares);
    return RGM_OK;
}
