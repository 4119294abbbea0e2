/* Option A shortcut (He et al. 2016, section 3.3): every stride-th pixel of every stride-th row, zero channels
 * appended. */
#include <string.h>
#include "plan/gradient.h"
#include "plan/images.h"

typedef struct shortcut_state {
    const rgm_kernels *k;
    rgm_extent in, out;
    int32_t N, chunks, W, OH, OW, stride;
    int32_t kept; /* channels of the input's last block; its other lanes are padding, whatever they hold */
    const float *x, *dy;
    float *y, *dx;
} shortcut_state;

/* Pixels of a block that are next to one another on the smaller map. */
typedef struct lattice {
    int64_t row, step; /* between rows, and between pixels of a row: in pixels */
} lattice;

static lattice small_map(const shortcut_state *c) { return (lattice){c->OW, 1}; }
static lattice large_map(const shortcut_state *c) { return (lattice){(int64_t)c->W * c->stride, c->stride}; }

/* Copies OH x OW pixels of a block, every value of the padding lanes set to zero. */
static void copy_block(const shortcut_state *c, int32_t block, const float *from, lattice f, float *to, lattice t) {
    int64_t B = c->k->block, kept = block == c->in.blocks - 1 ? c->kept : B;
    for (int64_t h = 0; h < c->OH; h++)
        for (int64_t w = 0; w < c->OW; w++) {
            float *pixel = to + (h * t.row + w * t.step) * B;
            memcpy(pixel, from + (h * f.row + w * f.step) * B, sizeof(float) * (size_t)kept);
            memset(pixel + kept, 0, sizeof(float) * (size_t)(B - kept));
        }
}

static rgm_status run_forward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const shortcut_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t B = c->k->block;
    for (int64_t n = images.first; n < images.end; n++) {
        float *y = c->y + n * c->out.floats;
        for (int32_t b = 0; b < c->in.blocks; b++, y += c->out.pixels * B)
            copy_block(c, b, c->x + n * c->in.floats + b * c->in.pixels * B, large_map(c), y, small_map(c));
        memset(y, 0, sizeof(float) * (size_t)((c->out.blocks - c->in.blocks) * c->out.pixels * B));
    }
    return RGM_OK;
}

/* Backward of run_forward: the gradients of channels beyond the input's are dropped. */
static rgm_status run_backward(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const shortcut_state *c = context;
    rgm_range images = rgm_range_part(c->N, c->chunks, chunk);
    int64_t B = c->k->block;
    for (int64_t n = images.first; n < images.end; n++) {
        const float *dy = c->dy + n * c->out.floats;
        memset(c->dx + n * c->in.floats, 0, sizeof(float) * (size_t)c->in.floats);
        for (int32_t b = 0; b < c->in.blocks; b++, dy += c->out.pixels * B)
            copy_block(c, b, dy, small_map(c), c->dx + n * c->in.floats + b * c->in.pixels * B, large_map(c));
    }
    return RGM_OK;
}

static rgm_status forward(rgm_plan *plan, int32_t index, rgm_error *err) {
    const rgm_node *node = rgm_plan_node(plan, index);
    const rgm_plan_options *o = rgm_plan_get(plan);
    const rgm_tensor *in = rgm_plan_tensor(plan, node->in[0]), *out = rgm_plan_tensor(plan, node->out);
    shortcut_state *c = rgm_plan_state(plan, sizeof *c);
    if (!c) return rgm_plan_no_memory(err);
    *c = (shortcut_state){.k = o->kernels,
                          .in = rgm_plan_extent(plan, node->in[0]),
                          .out = rgm_plan_extent(plan, node->out),
                          .N = o->batch,
                          .W = in->W,
                          .OH = out->H,
                          .OW = out->W,
                          .stride = node->conv.stride,
                          .kept = (in->C - 1) % o->kernels->block + 1};
    c->chunks = rgm_plan_images(plan, c->out.floats);
    rgm_plan_set_node_state(plan, index, c);
    return rgm_plan_forward_phase(plan, index, &(rgm_phase_spec){"forward", run_forward, c, c->chunks}, &c->x, &c->y,
                                  err);
}

static rgm_status backward(rgm_plan *plan, int32_t index, rgm_error *err) {
    shortcut_state *c = rgm_plan_node_state(plan, index);
    if (!rgm_plan_needs_gradient(plan, rgm_plan_node(plan, index)->in[0])) return RGM_OK;
    return rgm_plan_backward_phase(plan, index, &(rgm_phase_spec){"backward", run_backward, c, c->chunks}, &c->dy,
                                   &c->dx, err);
}

const rgm_op rgm_op_shortcut = {.name = "shortcut", .forward = forward, .backward = backward};
