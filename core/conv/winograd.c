/* Winograd's convolutions: where they pay, and the forward pass and backward data.
 *
 * A tile is 4x4 or 2x2 pixels of an image's output (strided backward data: 8x8). Tiles are numbered over the whole
 * batch. Everything becomes 36, 16 or, with stride 2, 81 matrix products, one a point, between tiles, channels and
 * filters. The kernels are in kernels/body_winograd.inc and body_gemm.inc. Backward data is the forward pass on dy with
 * the filters turned by 180 degrees, their channels exchanged, and padding 2 - pad. With stride 2 it has forms of its
 * own.
 *
 * What is transformed is multiplied while it is in the second-level cache. There are two orders:
 *
 *   few channels    winograd_few.c. Filters are transformed first, all of them. A chunk is a span of tiles.
 *   many channels   winograd_many.c. The transformed filters, 36/9 or 16/9 of the weights, would be more than the
 *                   inputs. So a stage of tiles is transformed first. A chunk is a pair of output blocks, and of a
 *                   large stage a part of the tiles.
 *
 * An example with few channels: conv2 of ResNet-50's first block, 3x3, 64 to 64 channels on 56x56, batch 16, F(4x4),
 * with 16 lanes and the caches of AVX-512's tuning. Input and output have 4 blocks, the output 2 pairs.
 *   - an image has 14x14 tiles, the batch 3136.
 *   - filters: 36 points of 64 by 64: 590 KB, made by 2 * 4 = 8 chunks.
 *   - a tile's values and a pair's products are (4 + 2) * 16 floats at each of 36 points. 800 KiB hold 59 tiles; 48 are
 *     whole register tiles of 12. So the batch is 66 spans, of 47 or 48 tiles, one a chunk.
 *   - a chunk transforms its tiles, 4 blocks; for each pair it makes 36 products, of 48 tiles by 64 channels by 32
 *     filters, and transforms them back to y, with y's moments.
 *
 * An example with many channels: conv2 of its last stage, 512 to 512 channels on 7x7. 32 blocks in and out, 16 pairs.
 *   - an image has 2x2 tiles, the batch 64: one stage, in stacks of 11 tiles.
 *   - tiles: 32 blocks in 4 parts: 128 chunks transform them into memory, 36 * 64 * 512 floats, 4.7 MB.
 *   - forward: 16 chunks, one a pair. Its filters are made 16 blocks at a time: 36 points of 256 by 32, 1.2 MB.
 *
 * Sizes follow from the tuning and the shape alone. They change no bits of the output, whose elements are one chain of
 * products in the order of the channels. They cut its moments into chunks, and so decide the bits of the batch norm
 * behind it.
 */
#include "conv/winograd.h"
#include "conv/winograd_few.h"
#include "conv/winograd_many.h"

int32_t rgm_winograd_can(const rgm_conv_shape *s, int32_t way, int32_t direction) {
    if (s->R != 3 || s->S != 3 || s->stride > 2 || s->pad > 1 || s->groups > 1 || s->src_layout != RGM_LAYOUT_BLOCKED)
        return 0;
    if (s->stride == 2 && way != RGM_WAY_WINOGRAD) return 0;
    int32_t tile = way == RGM_WAY_WINOGRAD ? 4 : 2; /* the smallest of the directions */
    if ((int64_t)s->N * (s->H / tile + 2) * (s->W / tile + 2) > INT32_MAX) return 0; /* tiles are counted in 32 bits */
    return direction != RGM_CONV_BACKWARD_WEIGHTS || !s->bias;
}

/* Products of a pair of channels and an image. Tiles cover y, in backward data dx. */
static int64_t products(const rgm_conv_shape *s, int32_t way, int32_t direction) {
    const rgm_wino_tile t = rgm_winograd_tile(rgm_winograd_form(s, way, direction));
    int32_t data = direction == RGM_CONV_BACKWARD_DATA;
    int32_t H = data ? s->H : rgm_conv_out(s->H, 3, s->stride, s->pad);
    int32_t W = data ? s->W : rgm_conv_out(s->W, 3, s->stride, s->pad);
    return (int64_t)t.points * rgm_winograd_across(t, H) * rgm_winograd_across(t, W);
}

int32_t rgm_winograd_best_way(const rgm_conv_shape *s, int32_t direction) {
    if (s->stride == 2) return RGM_WAY_WINOGRAD;
    int64_t small = products(s, RGM_WAY_WINOGRAD_2X2, direction);
    return small <= products(s, RGM_WAY_WINOGRAD, direction) ? RGM_WAY_WINOGRAD_2X2 : RGM_WAY_WINOGRAD;
}

/* With stride 2, 9/16 of the products are left at best, where tiles fit the map. */
int32_t rgm_winograd_pays(const rgm_conv_shape *s, int32_t direction, const rgm_winograd_tuning *t) {
    int32_t least = s->stride == 1 ? t->channels : t->strided_channels;
    if (s->C < least || s->K < least) return 0;
    if (s->stride == 1) return 1;
    int64_t pixels = (int64_t)rgm_conv_out(s->H, 3, 2, s->pad) * rgm_conv_out(s->W, 3, 2, s->pad);
    int64_t direct = RGM_WINO_TAPS * pixels, left = products(s, RGM_WAY_WINOGRAD, direction);
    return 12 * left <= (pixels <= t->small_map ? t->small_left : t->strided_left) * direct;
}

static rgm_status plan_pass(const rgm_conv_site *site, rgm_wino_pass *p, const char *what, rgm_source x,
                            const rgm_store *store, rgm_error *err) {
    p->plan = site->plan;
    p->k = rgm_plan_get(site->plan)->kernels;
    p->images = site->shape.N;
    p->per_image = p->out_shape.across * rgm_winograd_across(p->tile, p->out.H);
    p->tiles = p->per_image * site->shape.N;
    p->pairs = (p->out.blocks + 1) / 2;
    p->u_point = (int64_t)p->in.blocks * p->k->block * 2 * p->k->block + RGM_CONV_SKEW;
    rgm_plan_param(site->plan, rgm_plan_node(site->plan, site->node)->weight, &p->w);
    int few = (int64_t)p->in.channels * p->out.channels <= p->k->tuning->winograd.few;
    return few ? rgm_winograd_plan_few(site, p, what, x, store, err)
               : rgm_winograd_plan_many(site, p, what, x, store, err);
}

rgm_status rgm_winograd_forward(const rgm_conv_site *site, int32_t way, rgm_source x, const rgm_store *store,
                                rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    const rgm_wino_tile t = rgm_winograd_tile(rgm_winograd_form(s, way, RGM_CONV_FORWARD));
    const rgm_conv_side y = rgm_conv_output(site);
    int32_t across = rgm_winograd_across(t, y.W);
    rgm_wino_pass *p = rgm_plan_state(site->plan, sizeof *p);
    if (!p) return rgm_plan_no_memory(err);
    *p = (rgm_wino_pass){.tile = t,
                         .in = rgm_conv_input(site),
                         .in_shape = {s->H, s->W, s->pad, across, t.form},
                         .out = y,
                         .out_shape = {y.H, y.W, 0, across, t.form},
                         .lane = (int64_t)s->C * RGM_WINO_TAPS,
                         .depth = RGM_WINO_TAPS};
    rgm_plan_param(site->plan, rgm_plan_node(site->plan, site->node)->bias, &p->bias);
    return plan_pass(site, p, "forward", x, store, err);
}

rgm_status rgm_winograd_backward_data(const rgm_conv_site *site, int32_t way, rgm_buffer dy, rgm_buffer dx,
                                      rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    const rgm_wino_tile t = rgm_winograd_tile(rgm_winograd_form(s, way, RGM_CONV_BACKWARD_DATA));
    const rgm_conv_side y = rgm_conv_output(site);
    int32_t across = rgm_winograd_across(t, s->W);
    rgm_wino_pass *p = rgm_plan_state(site->plan, sizeof *p);
    if (!p) return rgm_plan_no_memory(err);
    *p = (rgm_wino_pass){.tile = t,
                         .in = y,
                         /* with stride 2, dx[0] needs dy[-1] and dy[0], with padding dy[0] and dy[1] */
                         .in_shape = {y.H, y.W, (s->stride == 1 ? 2 : 1) - s->pad, across, t.form},
                         .out = rgm_conv_input(site),
                         .out_shape = {s->H, s->W, 0, across, t.form},
                         .lane = RGM_WINO_TAPS,
                         .depth = (int64_t)s->C * RGM_WINO_TAPS,
                         .flip = 1};
    const rgm_store store = {.y = dx, .affine = -1, .residual = -1};
    return plan_pass(site, p, "backward data", (rgm_source){.values = dy}, &store, err);
}
