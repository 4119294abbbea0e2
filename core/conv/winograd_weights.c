/* Winograd's backward weights: dw = G'[(B' x B) . (A dy A')]G, summed over the tiles of the batch; see winograd.c.
 * A chunk owns a cell, the products of a panel of input by a panel of output channels, which lie in its second-level
 * cache with the tiles they are made of.
 *
 *   almost always    a chunk transforms its two panels' tiles itself, span by span, all of the batch or a part of them.
 *                    A panel is transformed as often as there are panels on the other side: less work than to write
 *                    36/16 (F(2x2): 16/4, stride 2: 81/64 and 81/16) of its tiles and read them.
 *   many panels,     tiles are transformed first, all of them.
 *   few tiles
 *
 * Partial results are added in order, still in the transformed domain, and transformed back; a single one is
 * transformed back where it is made. The number of parts follows from the shape and the panels' width, and so from the
 * size of the second-level cache (fit_cache): it decides the bits.
 */
#include "conv/winograd_weights.h"
#include "conv/winograd_tile.h"

enum {
    PARTIAL_BYTES = 40 << 20, /* of all partial results of a layer */
    CHUNKS = 64,              /* for the cores of a large machine */
    PARTS_MOST = 64,
    PART_TILES = 192, /* tiles that are worth a partial result */
    FINISHED = 4,     /* input channels whose partial results are added at a time */
    SPAN_LEAST = 16,  /* tiles transformed at a time, of F(4x4) */
    SPAN_MOST = 48,
    MANY_PANELS = 5, /* on one side */
    FEW_TILES = 128, /* of F(4x4); measured: with twice as many, transforming first takes longer */
};

/* Channels in panels of at most `width`: v[panel][point][tile][width], whatever the last one's width. */
typedef struct panels {
    rgm_conv_side side;
    rgm_wino_shape shape;
    int32_t width, count; /* width: a multiple of the block */
    int64_t point;
    float *v; /* tiles transformed first: where they are */
} panels;

typedef struct weights {
    rgm_plan *plan;
    const rgm_kernels *k;
    panels in, out;
    rgm_wino_tile tile;
    int32_t per_image, tiles;
    int32_t span;        /* tiles transformed at a time; changes no bits, but the panels' widths decide the parts */
    int32_t parts;       /* partial results */
    int32_t at_once;     /* 1: no partial results in memory */
    int64_t point, part; /* of d: [part][in panel][out panel][filter][in width][out width] */
    float *dw, *d;
    double *squares; /* of the phase that finishes */
} weights;

static void cut_panels(panels *p, int32_t B, int32_t width) {
    int32_t channels = p->side.blocks * B;
    p->width = (int32_t)rgm_least(channels, width);
    p->count = (channels + p->width - 1) / p->width;
}

/* Panels and spans: of both sides as many channels as leave place for some tiles in the second-level cache, of which
 * 7/8 are for them and their products. */
static void fit_cache(weights *g) {
    const rgm_tuning *t = g->k->tuning;
    int32_t B = g->k->block, width = t->winograd.panel_wide;
    int64_t cache = rgm_plan_get(g->plan)->cache;
    if (!cache) cache = t->cache;
    cache = cache / 8 * 7 / (int64_t)sizeof(float) / 36;
    if (cache < width * width + SPAN_LEAST * 2 * width) width = t->winograd.panel_narrow;
    int64_t tiles = (cache - width * width) / (2 * width);
    g->span = rgm_winograd_fit(g->tile, (int32_t)rgm_least(SPAN_MOST, rgm_most(SPAN_LEAST, tiles / 8 * 8)));
    cut_panels(&g->in, B, width);
    cut_panels(&g->out, B, width);
}

static void set_point(panels *p, int32_t tiles) { p->point = (int64_t)tiles * p->width + RGM_CONV_SKEW; }

static int64_t panels_floats(const weights *g, const panels *p) { return p->count * g->tile.points * p->point; }

/* Tiles transformed first: where those of a panel are. */
static float *panel_at(const weights *g, const panels *p, int32_t panel) {
    return p->v + panel * g->tile.points * p->point;
}

/* Block `block` of a panel, tiles [first, first + count), to the panel's v. */
static void transform_block(const weights *g, const panels *p, int32_t block, int64_t first, int32_t count, float *v) {
    const rgm_kernels *k = g->k;
    const rgm_affine pending = rgm_conv_side_pending(&p->side, block, k->block);
    v += block * k->block % p->width;
    for (rgm_slice s = rgm_slice_of(first, count, g->per_image); rgm_slice_next(&s);) {
        const float *from = rgm_conv_side_at(&p->side, s.image, block, k->block);
        const rgm_wino_tiles tiles = {s.first, s.count, p->width, p->point};
        float *to = v + s.done * p->width;
        if (p == &g->out)
            k->wino_grad(from, &p->shape, &tiles, to);
        else
            k->wino_input(from, &pending, &p->shape, &tiles, to);
    }
}

/* Channels of a panel, in whole blocks. */
static int32_t panel_channels(const panels *p, int32_t B, int32_t panel) {
    return (int32_t)rgm_least(p->width, p->side.blocks * B - panel * p->width);
}

static void transform_panel(const weights *g, const panels *p, int32_t panel, int64_t first, int32_t count, float *v) {
    int32_t B = g->k->block, from = panel * p->width / B, blocks = panel_channels(p, B, panel) / B;
    for (int32_t b = 0; b < blocks; b++) transform_block(g, p, from + b, first, count, v);
}

static int64_t d_floats(const weights *g) { return g->tile.filters * g->point; } /* of a pair of panels */

static int32_t cells(const weights *g) { return g->in.count * g->out.count; }

/* Transformed tiles of a pair of panels: [point][tile][width]. */
typedef struct operands {
    const float *in, *out;
    int32_t count, again; /* tiles; 1: their products are added to what is there */
} operands;

/* d (+)= in' out over the tiles, for panel i of inputs and j of outputs. */
static void multiply_panels(const weights *g, int32_t i, int32_t j, const operands *v, float *d) {
    int32_t B = g->k->block, rows = panel_channels(&g->in, B, i), columns = panel_channels(&g->out, B, j);
    rgm_gemm_outer shape = {v->count, rows, g->in.width, g->out.width, B, g->out.width, 2, 0};
    for (int32_t point = 0; point < g->tile.points; point++)
        for (int32_t c = 0; c < columns; c += 2 * B) {
            int32_t filter = rgm_winograd_filter(g->tile, point);
            const float *a = v->in + point * g->in.point;
            const float *next = d + rgm_winograd_filter(g->tile, point + 1) * g->point;
            shape.wide = (int32_t)rgm_least(2, (columns - c) / B);
            shape.accumulate = v->again || rgm_winograd_repeats(g->tile, point);
            g->k->gemm_outer(&shape, a, v->out + point * g->out.point + c, d + filter * g->point + c,
                             c ? a + g->in.point : next);
        }
}

/* Adds up partial results of the panels, of which the first is at d. */
typedef struct results {
    const float *d;
    int32_t parts;
    double *squares; /* of the weights, added to what is there */
} results;

/* The weights of input channels [first, first + count), which lie in one panel, and a block of outputs. */
static void finish_block(const weights *g, int32_t first, int32_t count, int32_t block, const results *from) {
    int32_t B = g->k->block, channel = block * B, C = g->in.side.channels;
    int32_t rows = (int32_t)rgm_least(count, C - first);
    if (rows <= 0) return;
    const rgm_filters shape = {.n = rows,
                               .lane = (int64_t)C * RGM_WINO_TAPS,
                               .depth = RGM_WINO_TAPS,
                               .row = g->out.width,
                               .point = g->point,
                               .lanes = (int32_t)rgm_least(B, g->out.side.channels - channel),
                               .form = g->tile.form};
    const rgm_parts parts = {from->parts, g->part};
    g->k->wino_filter_grad(from->d + (int64_t)(first % g->in.width) * g->out.width + channel % g->out.width, &shape,
                           &parts, g->dw + ((int64_t)channel * C + first) * RGM_WINO_TAPS, from->squares);
}

/* Those of a pair of panels, whose products are complete, by a chunk. */
static void finish_panels(const weights *g, int32_t chunk, int32_t i, int32_t j, const float *d) {
    int32_t B = g->k->block, from = j * g->out.width / B, blocks = panel_channels(&g->out, B, j) / B;
    double squares = 0;
    const results all = {d, 1, &squares};
    for (int32_t b = from; b < from + blocks; b++) finish_block(g, i * g->in.width, g->in.width, b, &all);
    g->squares[chunk] = squares;
}

/* What a chunk owns: partial result, panel of inputs, panel of outputs. */
typedef struct cell {
    int32_t part, i, j;
} cell;

static cell cell_of(const weights *g, int32_t chunk) {
    return (cell){chunk / g->out.count / g->in.count, chunk / g->out.count % g->in.count, chunk % g->out.count};
}

/* Where its products go; a single part's lie in the worker's scratch, at its start. */
static float *cell_products(const weights *g, cell o, int32_t worker) {
    return g->at_once ? rgm_plan_scratch(g->plan, worker)
                      : g->d + o.part * g->part + (o.i * g->out.count + o.j) * d_floats(g);
}

/* Chunk = cell. */
static rgm_status run_spans(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const weights *g = context;
    cell o = cell_of(g, chunk);
    rgm_range tiles = rgm_range_part(g->tiles, g->parts, o.part);
    float *d = cell_products(g, o, worker);
    float *vin = rgm_plan_scratch(g->plan, worker);
    if (g->at_once) vin += d_floats(g);
    float *vout = vin + g->tile.points * g->in.point;
    int32_t spans = (int32_t)((tiles.end - tiles.first + g->span - 1) / g->span);
    for (int32_t n = 0; n < spans; n++) {
        rgm_range part = rgm_range_part(tiles.end - tiles.first, spans, n);
        int32_t count = (int32_t)(part.end - part.first);
        transform_panel(g, &g->in, o.i, tiles.first + part.first, count, vin);
        transform_panel(g, &g->out, o.j, tiles.first + part.first, count, vout);
        multiply_panels(g, o.i, o.j, &(operands){vin, vout, count, n > 0}, d);
    }
    if (g->at_once) finish_panels(g, chunk, o.i, o.j, d);
    return RGM_OK;
}

/* Tiles transformed first: chunk = block of the inputs, then of the outputs, and part of the tiles. */
static rgm_status run_panels(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const weights *g = context;
    rgm_range tiles = rgm_range_part(g->tiles, RGM_WINO_TILE_PARTS, chunk % RGM_WINO_TILE_PARTS);
    int32_t block = chunk / RGM_WINO_TILE_PARTS, of_out = block >= g->in.side.blocks;
    const panels *p = of_out ? &g->out : &g->in;
    if (of_out) block -= g->in.side.blocks;
    transform_block(g, p, block, tiles.first, (int32_t)(tiles.end - tiles.first),
                    panel_at(g, p, block * g->k->block / p->width) + tiles.first * p->width);
    return RGM_OK;
}

/* ... then chunk = cell. */
static rgm_status run_cell(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const weights *g = context;
    cell o = cell_of(g, chunk);
    float *d = cell_products(g, o, worker);
    const operands v = {panel_at(g, &g->in, o.i), panel_at(g, &g->out, o.j), g->tiles, 0};
    multiply_panels(g, o.i, o.j, &v, d);
    finish_panels(g, chunk, o.i, o.j, d);
    return RGM_OK;
}

/* Chunk = FINISHED input channels and a block of outputs. */
static rgm_status run_finish(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const weights *g = context;
    int32_t block = chunk % g->out.side.blocks, first = chunk / g->out.side.blocks * FINISHED;
    int32_t i = first / g->in.width, j = block * g->k->block / g->out.width;
    double squares = 0;
    const results all = {g->d + (i * g->out.count + j) * d_floats(g), g->parts, &squares};
    finish_block(g, first, FINISHED, block, &all);
    g->squares[chunk] = squares;
    return RGM_OK;
}

/* Parts of the tiles: of a size that is worth one, as many as the memory allows, for two rounds of CHUNKS chunks at
 * most, and whole rounds if they are several; else an even number of chunks. */
static int32_t count_parts(const weights *g) {
    if (cells(g) >= CHUNKS) return 1;
    int64_t most = rgm_least(PARTS_MOST, 2 * CHUNKS / cells(g)),
            fit = PARTIAL_BYTES / (int64_t)rgm_float_bytes(g->part);
    int64_t parts = rgm_most(1, rgm_least(rgm_least(fit, most), g->tiles / PART_TILES));
    int64_t round = CHUNKS % cells(g) ? 1 : CHUNKS / cells(g);
    if (parts > round) return (int32_t)(parts / round * round);
    return (int32_t)(parts > 1 && parts * cells(g) % 2 ? parts - 1 : parts);
}

/* The phase appended last loads x and dy. */
static void use_both(rgm_plan *plan, weights *g, rgm_source x, rgm_buffer dy) {
    rgm_conv_side_use(plan, &g->in.side, x);
    rgm_conv_side_use(plan, &g->out.side, (rgm_source){.values = dy});
}

/* Sizes for `tiles` tiles transformed at a time. */
static void set_sizes(weights *g, int32_t tiles) {
    set_point(&g->in, tiles);
    set_point(&g->out, tiles);
    g->point = (int64_t)g->in.width * g->out.width + RGM_CONV_SKEW;
    g->part = cells(g) * d_floats(g); /* of multiples of 16 */
}

static rgm_status plan_finish(const rgm_conv_site *site, weights *g, rgm_buffer d, rgm_error *err) {
    int32_t chunks = g->in.side.blocks * g->k->block / FINISHED * g->out.side.blocks;
    RGM_TRY(rgm_plan_phase(site->plan, site->node, &(rgm_phase_spec){"reduce", run_finish, g, chunks}, err));
    rgm_plan_use(site->plan, d, NULL);
    return RGM_OK;
}

static rgm_status plan_spans(const rgm_conv_site *site, weights *g, rgm_source x, rgm_buffer dy, rgm_error *err) {
    set_sizes(g, g->span);
    g->parts = count_parts(g);
    g->at_once = g->parts == 1;
    rgm_plan_need_scratch(site->plan, rgm_float_bytes(g->tile.points * (g->in.point + g->out.point) + d_floats(g)));
    rgm_buffer d = rgm_plan_buffer(site->plan, g->at_once ? 0 : rgm_float_bytes(g->parts * g->part));
    RGM_TRY(rgm_plan_phase(site->plan, site->node,
                           &(rgm_phase_spec){"backward weights", run_spans, g, cells(g) * g->parts}, err));
    rgm_plan_work(site->plan, rgm_winograd_flops(&site->shape, g->tile, g->tiles), 0);
    use_both(site->plan, g, x, dy);
    rgm_plan_use(site->plan, d, &g->d);
    return g->at_once ? RGM_OK : plan_finish(site, g, d, err);
}

static rgm_status plan_first(const rgm_conv_site *site, weights *g, rgm_source x, rgm_buffer dy, rgm_error *err) {
    const rgm_wino_side side = g->tile.side;
    int32_t blocks = g->in.side.blocks + g->out.side.blocks;
    /* of one pixel or point of a block's tiles */
    double bytes = (double)sizeof(float) * g->k->block * g->tiles;
    double pixels = side.step * side.step * g->in.side.blocks + side.tile * side.tile * g->out.side.blocks;
    set_sizes(g, g->tiles);
    g->parts = g->at_once = 1;
    rgm_plan_need_scratch(site->plan, rgm_float_bytes(d_floats(g)));
    rgm_buffer vin = rgm_plan_buffer(site->plan, rgm_float_bytes(panels_floats(g, &g->in))),
               vout = rgm_plan_buffer(site->plan, rgm_float_bytes(panels_floats(g, &g->out)));
    RGM_TRY(rgm_plan_phase(site->plan, site->node,
                           &(rgm_phase_spec){"tiles of both", run_panels, g, blocks * RGM_WINO_TILE_PARTS}, err));
    rgm_plan_work(site->plan, 0, (g->tile.points * blocks + pixels) * bytes);
    use_both(site->plan, g, x, dy);
    rgm_plan_use(site->plan, vin, &g->in.v);
    rgm_plan_use(site->plan, vout, &g->out.v);
    RGM_TRY(rgm_plan_phase(site->plan, site->node, &(rgm_phase_spec){"backward weights", run_cell, g, cells(g)}, err));
    rgm_plan_work(site->plan, rgm_winograd_flops(&site->shape, g->tile, g->tiles), g->tile.points * blocks * bytes);
    rgm_plan_use(site->plan, vin, NULL);
    rgm_plan_use(site->plan, vout, NULL);
    return RGM_OK;
}

rgm_status rgm_winograd_backward_weights(const rgm_conv_site *site, int32_t way, rgm_source x, rgm_buffer dy,
                                         rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    const rgm_wino_tile t = rgm_winograd_tile(rgm_winograd_form(s, way, RGM_CONV_BACKWARD_WEIGHTS));
    const rgm_conv_side y = rgm_conv_output(site);
    int32_t across = rgm_winograd_across(t, y.W), per_image = across * rgm_winograd_across(t, y.H);
    weights *g = rgm_plan_state(site->plan, sizeof *g);
    if (!g) return rgm_plan_no_memory(err);
    *g = (weights){.plan = site->plan,
                   .k = rgm_plan_get(site->plan)->kernels,
                   .in.side = rgm_conv_input(site),
                   .in.shape = {s->H, s->W, s->pad, across, t.form},
                   .out.side = y,
                   .out.shape = {y.H, y.W, 0, across, t.form},
                   .tile = t,
                   .per_image = per_image,
                   .tiles = per_image * s->N};
    rgm_plan_grad(site->plan, rgm_plan_node(site->plan, site->node)->weight, &g->dw);
    fit_cache(g);
    int32_t first = rgm_most(g->in.count, g->out.count) >= MANY_PANELS && g->tiles <= rgm_winograd_fit(t, FEW_TILES);
    RGM_TRY(first ? plan_first(site, g, x, dy, err) : plan_spans(site, g, x, dy, err));
    rgm_plan_squares(site->plan, rgm_plan_node(site->plan, site->node)->weight, RGM_NO_TENSOR, &g->squares);
    return RGM_OK;
}
