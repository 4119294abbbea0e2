/* Our own backward weights: dw[k][c] = sum over output pixels of dy[pixel][k] * x[what the tap reads for it][c].
 *
 * A chunk owns a cell: a tap, a panel of input by a panel of output channels, whose products stay in the second-level
 * cache, and a part of the batch's output pixels. It goes through its part slice by slice of an image. Outputs are read
 * where they are, and so are inputs, if the tuning says so, the grid is the whole image and nothing is pending. Else
 * they are gathered. The products add up to a partial result, and the parts are added in order. Images of few pixels
 * are gathered on both sides, several to a span.
 *
 * An example: conv3 of ResNet-50's first block, 1x1, 64 to 256 channels on 56x56, batch 16, with 16 lanes and the
 * caches of AVX-512's tuning.
 *   - 64 and 256 channels are one panel each, of at most 256 by 512: one cell for each part, of 64 KiB.
 *   - an image's 3136 pixels are cut into 16 slices of 196, at most 200: two blocks of outputs are 25 KiB.
 *   - two rounds of 64 chunks would be 128 parts. A part is worth 1024 pixels, so 50176 pixels are 49 parts: 49 chunks,
 *     of 5 or 6 slices each.
 *   - reduce: 4 input blocks by 4 times 4 output blocks: 16 chunks add up 49 parts.
 */
#include "conv/direct_weights.h"
#include "conv/direct_pixels.h"

enum {
    PARTS_MOST = 64,
    PART_PIXELS = 1024,       /* that are worth a partial result */
    PARTIAL_BYTES = 64 << 20, /* of all partial results of a layer */
    REDUCED = 4,              /* blocks of output channels whose partial results are added at a time */
    FEW_CHUNKS = 4,           /* that a layer of few pixels is cut into at least, */
    FEW_PIXELS = 128          /* and pixels that one has then */
};

/* Channels in panels of `width`, the last one narrower. */
typedef struct panels {
    rgm_conv_side side;
    int32_t width, count; /* width: a multiple of the block */
    int64_t row;          /* floats of a gathered pixel */
} panels;

typedef struct weights {
    rgm_plan *plan;
    const rgm_kernels *k;
    panels in, out;
    int32_t N, taps, parts;
    int32_t slices;     /* of an image; 0: images of few pixels, gathered on both sides, several to a span */
    int64_t span;       /* pixels gathered at a time */
    int64_t pair, part; /* floats of d: [part][tap][in panel][out panel][in width][out width] */
    rgm_grid from[RGM_DIRECT_TAPS], whole;
    float *dw, *d;
    double *squares; /* of the reduction */
} weights;

/* What a chunk owns: partial result, tap, panel of inputs, panel of outputs. */
typedef struct cell {
    int32_t part, tap, i, j;
} cell;

static int32_t cells(const weights *g) { return g->taps * g->in.count * g->out.count; } /* of a part */

static cell cell_of(const weights *g, int32_t chunk) {
    int32_t pair = chunk / g->out.count, rest = pair / g->in.count;
    return (cell){rest / g->taps, rest % g->taps, pair % g->in.count, chunk % g->out.count};
}

static float *cell_products(const weights *g, cell o) {
    return g->d + o.part * g->part + (((int64_t)o.tap * g->in.count + o.i) * g->out.count + o.j) * g->pair;
}

/* Pixels of a panel's blocks: `row` floats apart, a pixel's blocks `block` apart. */
typedef struct operand {
    const float *at;
    int64_t row, block;
} operand;

/* In the tensor itself. */
static operand operand_of(const panels *p, int32_t panel, int32_t B, const rgm_slice *s) {
    return (operand){rgm_conv_side_at(&p->side, s->image, panel * p->width / B, B) + (int64_t)s->first * B, B,
                     p->side.pixels * B};
}

static int32_t panel_blocks(const weights *g, const panels *p, int32_t panel) {
    int32_t B = g->k->block;
    return (int32_t)rgm_least(p->width / B, p->side.blocks - panel * p->width / B);
}

/* The grid's pixels [s->first, s->first + s->count) of a panel. */
static void gather_panel(const weights *g, const panels *p, int32_t panel, const rgm_grid *grid, const rgm_slice *s,
                         float *rows) {
    int32_t B = g->k->block, first = panel * p->width / B, blocks = panel_blocks(g, p, panel);
    const rgm_grid_part part = {s->first, s->count, p->row};
    for (int32_t b = first; b < first + blocks; b++, rows += B) {
        const rgm_affine pending = rgm_conv_side_pending(&p->side, b, B);
        g->k->grid_load(rgm_conv_side_at(&p->side, s->image, b, B), &pending, grid, &part, rows);
    }
}

/* A cell's d (+)= a' z over n pixels. Meanwhile the first two blocks of a ask for the next two of z: gemm_outer asks
 * for n lines with each register tile. */
static void multiply_panels(const weights *g, cell o, operand a, operand z, int64_t n, int32_t again) {
    int32_t B = g->k->block, in = panel_blocks(g, &g->in, o.i), out = panel_blocks(g, &g->out, o.j);
    int32_t step = a.block == B ? in : 1; /* blocks of a that are side by side */
    rgm_gemm_outer shape = {n, step * B, a.row, z.row, z.block, g->out.width, 2, again};
    float *d = cell_products(g, o);
    for (int32_t j = 0; j < out; j += 2)
        for (int32_t i = 0; i < in; i += step) {
            const float *rows = a.at + i * a.block;
            int32_t next = j + 2 + i;
            const float *ahead = i < 2 && next < out ? z.at + next * z.block : rows;
            shape.wide = (int32_t)rgm_least(2, out - j);
            g->k->gemm_outer(&shape, rows, z.at + j * z.block, d + i * B * g->out.width + j * B, ahead);
        }
}

/* Chunk = cell, of slices of images. */
static rgm_status run_slices(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const weights *g = context;
    cell o = cell_of(g, chunk);
    int32_t B = g->k->block;
    float *gathered = rgm_plan_scratch(g->plan, worker);
    /* In place, a is multiplied block by block. */
    int32_t in_place =
        g->k->tuning->direct.in_place && rgm_direct_in_place(&g->from[o.tap], g->out.side.pixels, &g->in.side);
    rgm_range mine = rgm_range_part((int64_t)g->N * g->slices, g->parts, o.part);
    for (int64_t n = mine.first; n < mine.end; n++) {
        rgm_range r = rgm_range_part(g->out.side.pixels, g->slices, (int32_t)(n % g->slices));
        rgm_slice s = {.image = n / g->slices, .first = (int32_t)r.first, .count = (int32_t)(r.end - r.first)};
        operand a = in_place ? operand_of(&g->in, o.i, B, &s) : (operand){gathered, g->in.row, B};
        if (!in_place) gather_panel(g, &g->in, o.i, &g->from[o.tap], &s, gathered);
        multiply_panels(g, o, a, operand_of(&g->out, o.j, B, &s), s.count, n > mine.first);
    }
    return RGM_OK;
}

/* Chunk = cell, of spans of pixels of several images. */
static rgm_status run_images(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const weights *g = context;
    cell o = cell_of(g, chunk);
    rgm_range r = rgm_range_part(g->N * g->out.side.pixels, g->parts, o.part);
    float *a = rgm_plan_scratch(g->plan, worker), *z = a + g->span * g->in.row;
    for (int64_t at = r.first; at < r.end; at += g->span) {
        int64_t count = rgm_least(g->span, r.end - at);
        for (rgm_slice s = rgm_slice_of(at, count, g->out.side.pixels); rgm_slice_next(&s);) {
            gather_panel(g, &g->in, o.i, &g->from[o.tap], &s, a + s.done * g->in.row);
            gather_panel(g, &g->out, o.j, &g->whole, &s, z + s.done * g->out.row);
        }
        multiply_panels(g, o, (operand){a, g->in.row, g->k->block}, (operand){z, g->out.row, g->k->block}, count,
                        at > r.first);
    }
    return RGM_OK;
}

/* Chunk = input block and REDUCED output blocks. */
static rgm_status run_reduce(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const weights *g = context;
    int32_t B = g->k->block, in_blocks = g->in.side.blocks, out_blocks = g->out.side.blocks;
    int32_t first = chunk % in_blocks * B, from = chunk / in_blocks * REDUCED;
    int32_t C = g->in.side.channels, n = (int32_t)rgm_least(B, C - first);
    int64_t depth = g->taps, lane = C * depth;
    rgm_filters shape = {.n = n, .lane = lane, .depth = depth, .row = g->out.width};
    const rgm_parts parts = {g->parts, g->part};
    double squares = 0;
    for (int32_t t = 0; t < g->taps; t++)
        for (int32_t b = from; b < rgm_least(from + REDUCED, out_blocks); b++) {
            int32_t c = b * B;
            cell o = {0, t, first / g->in.width, c / g->out.width};
            const float *d = cell_products(g, o) + (int64_t)(first % g->in.width) * g->out.width + c % g->out.width;
            shape.lanes = (int32_t)rgm_least(B, g->out.side.channels - c);
            g->k->unpack_filters(d, &shape, &parts, g->dw + c * lane + first * depth + t, &squares);
        }
    g->squares[chunk] = squares;
    return RGM_OK;
}

/* Panels of equal width, at most `width`. */
static void cut_panels(panels *p, int32_t B, int32_t width) {
    p->count = (int32_t)rgm_divide_up(p->side.blocks, width / B);
    p->width = (int32_t)(rgm_divide_up(p->side.blocks, p->count) * B);
    p->row = p->width + RGM_CONV_SKEW;
}

static void set_sizes(weights *g) {
    int32_t B = g->k->block;
    int64_t pixels = g->out.side.pixels;
    const rgm_direct_tuning *t = &g->k->tuning->direct;
    cut_panels(&g->in, B, t->panel_in);
    cut_panels(&g->out, B, t->panel_out);
    g->slices = pixels >= t->slice_least ? (int32_t)rgm_divide_up(pixels, t->slice_most) : 0;
    g->span = g->slices ? rgm_divide_up(pixels, g->slices) : rgm_direct_span(g->k, g->in.row + g->out.row);
    g->pair = (int64_t)g->in.width * g->out.width;
    g->part = cells(g) * g->pair;
    /* Nine taps make no round of RGM_DIRECT_CHUNKS chunks: the most that fit into two. */
    int64_t parts = rgm_most(1, 2 * RGM_DIRECT_CHUNKS / cells(g));
    parts = rgm_least(rgm_least(parts, PARTS_MOST), PARTIAL_BYTES / (int64_t)rgm_float_bytes(g->part));
    parts = rgm_least(parts, g->N * pixels / PART_PIXELS);
    /* ... and some at least, for few cores, even if their pixels hardly repay them. */
    int64_t few = rgm_least(rgm_divide_up(FEW_CHUNKS, cells(g)), g->N * pixels / FEW_PIXELS);
    parts = rgm_most(1, rgm_most(parts, few));
    g->parts = (int32_t)(g->slices ? rgm_least(parts, (int64_t)g->N * g->slices) : parts);
}

rgm_status rgm_direct_backward_weights(const rgm_conv_site *site, rgm_source x, rgm_buffer dy, rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    const rgm_conv_side y = rgm_conv_output(site);
    weights *g = rgm_plan_state(site->plan, sizeof *g);
    if (!g) return rgm_plan_no_memory(err);
    *g = (weights){.plan = site->plan,
                   .k = rgm_plan_get(site->plan)->kernels,
                   .in.side = rgm_conv_input(site),
                   .out.side = y,
                   .N = s->N,
                   .taps = s->R * s->S,
                   .whole = {y.H, y.W, 1, 0, 0, y.W}};
    for (int32_t t = 0; t < g->taps; t++)
        g->from[t] = (rgm_grid){s->H, s->W, s->stride, t / s->S - s->pad, t % s->S - s->pad, y.W};
    set_sizes(g);
    rgm_plan_grad(site->plan, rgm_plan_node(site->plan, site->node)->weight, &g->dw);
    rgm_plan_need_scratch(site->plan, rgm_float_bytes(g->span * (g->in.row + (g->slices ? 0 : g->out.row))));
    rgm_buffer d = rgm_plan_buffer(site->plan, rgm_float_bytes(g->parts * g->part));
    RGM_TRY(rgm_plan_phase(
        site->plan, site->node,
        &(rgm_phase_spec){"backward weights", g->slices ? run_slices : run_images, g, g->parts * cells(g)}, err));
    rgm_plan_work(site->plan, rgm_conv_flops(site), 0);
    rgm_conv_side_use(site->plan, &g->in.side, x);
    rgm_conv_side_use(site->plan, &g->out.side, (rgm_source){.values = dy});
    rgm_plan_use(site->plan, d, &g->d);
    RGM_TRY(rgm_plan_phase(site->plan, site->node,
                           &(rgm_phase_spec){"reduce", run_reduce, g,
                                             g->in.side.blocks * (int32_t)rgm_divide_up(g->out.side.blocks, REDUCED)},
                           err));
    rgm_plan_use(site->plan, d, NULL);
    rgm_plan_squares(site->plan, rgm_plan_node(site->plan, site->node)->weight, RGM_NO_TENSOR, &g->squares);
    return RGM_OK;
}
