/* Max, average and global average pooling, one image's channel block at a time. Max pooling keeps the winner's position
 * in its window, one byte per output. What is pending on the input is applied to the block in a worker's scratch. */
#include "plan/gradient.h"
#include "plan/images.h"
#include "plan/values.h"

typedef struct pool_state {
    rgm_plan *plan;
    const rgm_kernels *k;
    rgm_extent in, out;
    rgm_pool_shape shape;
    int32_t relu; /* what is pending on x */
    const float *x, *affine, *dy;
    float *y, *dx;
    uint8_t *index;
    int32_t N, chunks;
    rgm_buffer index_buffer;
} pool_state;

/* Block i of the batch, with what is pending. */
static const float *load_block(const pool_state *c, int64_t i, int32_t worker) {
    int32_t B = c->k->block;
    const float *x = c->x + i * c->in.pixels * B;
    if (!c->affine) return x;
    const float *a = c->affine + i % c->in.blocks * B;
    float *block = rgm_plan_scratch(c->plan, worker);
    c->k->bn_fwd(x, &(rgm_affine){a, a + c->in.channels, c->relu}, NULL, NULL, block, c->in.pixels);
    return block;
}

static rgm_status run_max_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const pool_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t out = c->out.pixels * c->k->block;
    for (int64_t i = images.first * c->in.blocks; i < images.end * c->in.blocks; i++)
        c->k->maxpool_fwd(load_block(c, i, worker), &c->shape, c->y + i * out, c->index + i * out);
    return RGM_OK;
}

static rgm_status run_max_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const pool_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t in = c->in.pixels * c->k->block, out = c->out.pixels * c->k->block;
    for (int64_t i = images.first * c->in.blocks; i < images.end * c->in.blocks; i++)
        c->k->maxpool_bwd(c->dy + i * out, c->index + i * out, &c->shape, c->dx + i * in);
    return RGM_OK;
}

static rgm_status run_avg_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const pool_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t out = c->out.pixels * c->k->block;
    for (int64_t i = images.first * c->in.blocks; i < images.end * c->in.blocks; i++)
        c->k->avgpool_fwd(load_block(c, i, worker), &c->shape, c->y + i * out);
    return RGM_OK;
}

static rgm_status run_avg_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const pool_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t in = c->in.pixels * c->k->block, out = c->out.pixels * c->k->block;
    for (int64_t i = images.first * c->in.blocks; i < images.end * c->in.blocks; i++)
        c->k->avgpool_bwd(c->dy + i * out, &c->shape, c->dx + i * in);
    return RGM_OK;
}

static rgm_status run_global_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const pool_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int32_t B = c->k->block; /* features [N][padded C] are the blocks' means side by side */
    for (int64_t i = images.first * c->in.blocks; i < images.end * c->in.blocks; i++)
        c->k->gap_fwd(load_block(c, i, worker), c->in.pixels, c->y + i * B);
    return RGM_OK;
}

static rgm_status run_global_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const pool_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int32_t B = c->k->block;
    for (int64_t i = images.first * c->in.blocks; i < images.end * c->in.blocks; i++)
        c->k->gap_bwd(c->dy + i * B, c->in.pixels, c->dx + i * c->in.pixels * B);
    return RGM_OK;
}

static rgm_chunk_fn forward_of(int32_t op) {
    return op == RGM_OP_MAXPOOL ? run_max_forward : op == RGM_OP_AVGPOOL ? run_avg_forward : run_global_forward;
}

static rgm_chunk_fn backward_of(int32_t op) {
    return op == RGM_OP_MAXPOOL ? run_max_backward : op == RGM_OP_AVGPOOL ? run_avg_backward : run_global_backward;
}

static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_plan_options *o = rgm_plan_get(plan);
    const rgm_tensor *in = rgm_plan_tensor(plan, node->in[0]), *out = rgm_plan_tensor(plan, node->out);
    pool_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    int32_t window = node->conv.window;
    *c = (pool_state){.plan = plan,
                      .k = o->kernels,
                      .in = rgm_plan_extent(plan, node->in[0]),
                      .out = rgm_plan_extent(plan, node->out),
                      .shape = {in->H, in->W, out->H, out->W, window, window, node->conv.stride, node->conv.pad},
                      .N = o->batch};
    if (c->in.layout != RGM_LAYOUT_BLOCKED) return rgm_fail(err, RGM_E_UNSUPPORTED, "pooling needs a blocked image");
    c->chunks = rgm_plan_images(plan, c->in.floats);
    rgm_plan_set_node_state(plan, index, c);
    RGM_TRY(rgm_plan_phase_images(plan, index, &(rgm_phase_spec){"forward", forward_of(node->op), c, c->chunks}, err));
    if (node->op == RGM_OP_MAXPOOL) {
        c->index_buffer = rgm_plan_buffer(plan, (size_t)(c->out.floats * c->N));
        rgm_plan_use(plan, c->index_buffer, &c->index);
    }
    rgm_source x = rgm_plan_source(plan, node->in[0]);
    rgm_plan_use(plan, x.values, &c->x);
    if (x.pending) {
        rgm_plan_use(plan, x.affine, &c->affine);
        rgm_plan_need_scratch(plan, sizeof(float) * (size_t)(c->in.pixels * c->k->block));
    }
    c->relu = x.relu;
    rgm_plan_use(plan, rgm_plan_value(plan, node->out), &c->y);
    return RGM_OK;
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    pool_state *c = rgm_plan_node_state(plan, index);
    if (!rgm_plan_needs_gradient(plan, node->in[0])) return RGM_OK;
    RGM_TRY(rgm_plan_backward_phase(plan, index, &(rgm_phase_spec){"backward", backward_of(node->op), c, c->chunks},
                                    &c->dy, &c->dx, err));
    if (node->op == RGM_OP_MAXPOOL) rgm_plan_use(plan, c->index_buffer, NULL);
    return RGM_OK;
}

static int32_t applies(const rgm_plan *plan, int32_t index, int32_t input) {
    (void)plan, (void)index, (void)input;
    return RGM_APPLIES_ALWAYS;
}

const rgm_op rgm_op_maxpool = {.name = "maxpool", .forward = forward, .backward = backward, .applies = applies};
const rgm_op rgm_op_avgpool = {.name = "avgpool", .forward = forward, .backward = backward, .applies = applies};
const rgm_op rgm_op_global_pool = {
    .name = "global avgpool", .forward = forward, .backward = backward, .applies = applies};
