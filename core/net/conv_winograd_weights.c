/* Winograd's backward weights: dw = G'[(B' x B) . (A dy A')]G, summed over the tiles of the batch; see conv_winograd.c.
 *
 *   few channels     a chunk transforms a part of the tiles, span by span, and adds their products to a partial result
 *                    of its own.
 *   many channels    tiles are transformed first, up to STAGE of them; a chunk owns a panel of input by a panel of
 *                    output channels and multiplies all tiles, or a part of them if there are few panels.
 *
 * Partial results are added in order, still in the transformed domain, and transformed back; a single one is
 * transformed back where it is made. The number of parts follows from the shape: it decides the bits.
 */
#include "net/winograd.h"

enum {
    FEW = 64 * 64, /* products of channel counts up to which a chunk works on spans */
    PARTIAL_BYTES = 24 << 20,
    PARTS_MOST = 64,
    PART_TILES = 64, /* tiles that are worth a partial result */
    OWNERS = 16,     /* panels that are chunks enough without partial results */
};

/* Channels in panels of at most `width`: v[panel][point][tile][width], whatever the last one's width. */
typedef struct panels {
    rgm_conv_side side;
    rgm_wino_shape shape;
    int32_t width, count; /* width: a multiple of the block */
    int64_t point;
    float *v; /* many channels: where the tiles are */
} panels;

typedef struct weights {
    rgm_plan *plan;
    const rgm_kernels *k;
    panels in, out;
    int32_t per_image, tiles;
    int32_t span;        /* few channels: tiles transformed at a time; 0: many */
    int32_t parts;       /* partial results */
    int32_t at_once;     /* 1: no partial results in memory */
    int64_t point, part; /* of d: [part][in panel][out panel][point][in width][out width] */
    float *dw, *d;
} weights;

typedef struct turn { /* many channels: the tiles of one turn */
    weights *g;
    int32_t first, count, again; /* again: adds to what is there */
} turn;

static void size_panels(panels *p, int32_t B, int32_t tiles) {
    int32_t channels = p->side.blocks * B;
    p->width = (int32_t)rgm_least(channels, B == 16 ? 64 : 32);
    p->count = (channels + p->width - 1) / p->width;
    p->point = (int64_t)tiles * p->width + SKEW;
}

static int64_t panels_floats(const panels *p) { return p->count * POINTS * p->point; }

typedef struct panel_job {
    const panels *p;
    const rgm_kernels *k;
    int32_t block, of_out;
    float *v;
} panel_job;

static void panel_tiles(const void *context, int64_t image, int32_t first, int32_t count, int64_t out) {
    const panel_job *j = context;
    const panels *p = j->p;
    int32_t B = j->k->block, channel = j->block * B;
    float *v = j->v + channel / p->width * POINTS * p->point + channel % p->width + out * p->width;
    const float *from = rgm_conv_side_at(&p->side, image, j->block, B);
    if (j->of_out)
        j->k->wino_grad(from, &p->shape, first, count, v, p->width, p->point);
    else
        j->k->wino_input(from, rgm_conv_side_affine(&p->side, 0, j->block, B),
                         rgm_conv_side_affine(&p->side, 1, j->block, B), p->side.relu, &p->shape, first, count, v,
                         p->width, p->point);
}

/* Block `block` of the input's blocks, then of the output's, tiles [first, first + count). */
static void transform_panels(const weights *g, int32_t block, int64_t first, int32_t count, float *vin, float *vout) {
    int32_t of_out = block >= g->in.side.blocks;
    panel_job job = {.p = of_out ? &g->out : &g->in,
                     .k = g->k,
                     .block = of_out ? block - g->in.side.blocks : block,
                     .of_out = of_out,
                     .v = of_out ? vout : vin};
    rgm_winograd_walk(first, count, g->per_image, panel_tiles, &job);
}

static int64_t d_floats(const weights *g) { return POINTS * g->point; } /* of a pair of panels */

/* Channels of a panel, in whole blocks. */
static int32_t panel_channels(const panels *p, int32_t B, int32_t panel) {
    return (int32_t)rgm_least(p->width, p->side.blocks * B - panel * p->width);
}

/* d (+)= v' z over `count` tiles, for a panel of inputs and one of outputs. */
static void multiply_panels(const weights *g, int32_t i, int32_t j, const float *vin, const float *vout, int32_t count,
                            int32_t again, float *d) {
    int32_t B = g->k->block, rows = panel_channels(&g->in, B, i), columns = panel_channels(&g->out, B, j);
    for (int32_t point = 0; point < POINTS; point++)
        for (int32_t c = 0; c < columns; c += 2 * B)
            g->k->gemm_outer(vin + point * g->in.point, g->in.width, vout + point * g->out.point + c, g->out.width,
                             count, rows, (int32_t)rgm_least(2, (columns - c) / B), again, d + point * g->point + c,
                             g->out.width);
}

/* The weights of blocks of input rows [from, to) of panel i and output panel j, from `parts` results. */
static void finish(const weights *g, int32_t i, int32_t j, int32_t from, int32_t to, const float *d, int32_t parts) {
    int32_t B = g->k->block, columns = panel_channels(&g->out, B, j), C = g->in.side.channels;
    int32_t first = i * g->in.width + from, rows = (int32_t)rgm_least(to - from, C - first);
    for (int32_t c = 0; c < columns && rows > 0; c += B) {
        int32_t channel = j * g->out.width + c;
        g->k->wino_filter_grad(d + (int64_t)from * g->out.width + c, g->out.width, g->point, g->part, parts,
                               (int32_t)rgm_least(B, g->out.side.channels - channel), rows,
                               g->dw + ((int64_t)channel * C + first) * TAPS, (int64_t)C * TAPS, TAPS);
    }
}

/* Few channels: chunk = partial result. */
static rgm_status run_part(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const weights *g = context;
    rgm_range tiles = rgm_range_part(g->tiles, g->parts, chunk);
    float *vin = rgm_plan_scratch(g->plan, worker), *vout = vin + panels_floats(&g->in), *d = g->d + chunk * g->part;
    for (int64_t at = tiles.first; at < tiles.end; at += g->span) {
        int32_t count = (int32_t)rgm_least(g->span, (int32_t)(tiles.end - at));
        for (int32_t b = 0; b < g->in.side.blocks + g->out.side.blocks; b++)
            transform_panels(g, b, at, count, vin, vout);
        for (int32_t i = 0; i < g->in.count; i++)
            for (int32_t j = 0; j < g->out.count; j++)
                multiply_panels(g, i, j, vin + i * POINTS * g->in.point, vout + j * POINTS * g->out.point, count,
                                at > tiles.first, d + (i * g->out.count + j) * d_floats(g));
    }
    return RGM_OK;
}

/* Many channels: chunk = block and part of the tiles. */
static rgm_status run_panels(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const turn *t = context;
    const weights *g = t->g;
    rgm_range part = rgm_range_part(t->count, TILE_PARTS, chunk % TILE_PARTS);
    transform_panels(g, chunk / TILE_PARTS, t->first + part.first, (int32_t)(part.end - part.first),
                     g->in.v + part.first * g->in.width, g->out.v + part.first * g->out.width);
    return RGM_OK;
}

/* Many channels: chunk = partial result, panel of inputs, panel of outputs. */
static rgm_status run_owner(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const turn *t = context;
    const weights *g = t->g;
    int32_t j = chunk % g->out.count, i = chunk / g->out.count % g->in.count, part = chunk / g->out.count / g->in.count;
    rgm_range tiles = rgm_range_part(t->count, g->parts, part);
    float *d =
        g->at_once ? rgm_plan_scratch(g->plan, worker) : g->d + part * g->part + (i * g->out.count + j) * d_floats(g);
    multiply_panels(g, i, j, g->in.v + i * POINTS * g->in.point + tiles.first * g->in.width,
                    g->out.v + j * POINTS * g->out.point + tiles.first * g->out.width,
                    (int32_t)(tiles.end - tiles.first), t->again, d);
    if (g->at_once) finish(g, i, j, 0, g->in.width, d, 1);
    return RGM_OK;
}

/* Chunk = block of input channels and panel of output channels. */
static rgm_status run_finish(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const weights *g = context;
    int32_t j = chunk % g->out.count, block = chunk / g->out.count, B = g->k->block;
    int32_t i = block * B / g->in.width, from = block * B % g->in.width;
    finish(g, i, j, from, from + B, g->d + (i * g->out.count + j) * d_floats(g), g->parts);
    return RGM_OK;
}

static int32_t count_parts(const weights *g, int32_t tiles) {
    int32_t fit = (int32_t)(PARTIAL_BYTES / rgm_float_bytes(g->part));
    return (int32_t)rgm_most(1, (int32_t)rgm_least((int32_t)rgm_least(fit, PARTS_MOST), tiles / PART_TILES));
}

static void set_sizes(weights *g) {
    g->point = (int64_t)g->in.width * g->out.width + SKEW;
    g->part = g->in.count * g->out.count * d_floats(g); /* of multiples of 16 */
}

static rgm_status plan_finish(const rgm_conv_site *site, weights *g, rgm_buffer d, rgm_error *err) {
    RGM_TRY(rgm_plan_phase(site->plan, site->node, "reduce", run_finish, g, g->in.side.blocks * g->out.count, err));
    rgm_plan_use(site->plan, d, NULL);
    return RGM_OK;
}

/* The phase appended last loads x and dy. */
static void use_both(rgm_plan *plan, weights *g, rgm_source x, rgm_buffer dy) {
    rgm_conv_side_use(plan, &g->in.side, x);
    rgm_conv_side_use(plan, &g->out.side, (rgm_source){.values = dy});
}

static rgm_status plan_spans(const rgm_conv_site *site, weights *g, rgm_source x, rgm_buffer dy, rgm_error *err) {
    int32_t B = g->k->block;
    g->span = rgm_winograd_span(g->k, (int64_t)(g->in.side.blocks + g->out.side.blocks) * B);
    size_panels(&g->in, B, g->span);
    size_panels(&g->out, B, g->span);
    set_sizes(g);
    g->parts = count_parts(g, g->tiles);
    rgm_plan_need_scratch(site->plan, rgm_float_bytes(panels_floats(&g->in) + panels_floats(&g->out)));
    rgm_buffer d = rgm_plan_buffer(site->plan, rgm_float_bytes(g->parts * g->part));
    RGM_TRY(rgm_plan_phase(site->plan, site->node, "backward weights", run_part, g, g->parts, err));
    use_both(site->plan, g, x, dy);
    rgm_plan_use(site->plan, d, &g->d);
    return plan_finish(site, g, d, err);
}

static rgm_status plan_panels(const rgm_conv_site *site, weights *g, rgm_source x, rgm_buffer dy, rgm_error *err) {
    int32_t B = g->k->block, turns = (g->tiles + STAGE - 1) / STAGE, longest = (g->tiles + turns - 1) / turns;
    size_panels(&g->in, B, longest);
    size_panels(&g->out, B, longest);
    set_sizes(g);
    int32_t owners = g->in.count * g->out.count;
    g->parts =
        owners >= OWNERS ? 1 : (int32_t)rgm_least(count_parts(g, g->tiles / turns), (2 * OWNERS + owners - 1) / owners);
    g->at_once = g->parts == 1 && turns == 1;
    if (g->at_once) rgm_plan_need_scratch(site->plan, rgm_float_bytes(d_floats(g)));
    rgm_buffer vin = rgm_plan_buffer(site->plan, rgm_float_bytes(panels_floats(&g->in))),
               vout = rgm_plan_buffer(site->plan, rgm_float_bytes(panels_floats(&g->out))),
               d = rgm_plan_buffer(site->plan, g->at_once ? 0 : rgm_float_bytes(g->parts * g->part));
    turn *list = rgm_plan_state(site->plan, sizeof *list * (size_t)turns);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    for (int32_t i = 0; i < turns; i++) {
        rgm_range part = rgm_range_part(g->tiles, turns, i);
        list[i] = (turn){g, (int32_t)part.first, (int32_t)(part.end - part.first), i > 0};
        RGM_TRY(rgm_plan_phase(site->plan, site->node, "tiles of both", run_panels, &list[i],
                               (g->in.side.blocks + g->out.side.blocks) * TILE_PARTS, err));
        use_both(site->plan, g, x, dy);
        rgm_plan_use(site->plan, vin, &g->in.v);
        rgm_plan_use(site->plan, vout, &g->out.v);
        RGM_TRY(
            rgm_plan_phase(site->plan, site->node, "backward weights", run_owner, &list[i], owners * g->parts, err));
        rgm_plan_use(site->plan, vin, NULL);
        rgm_plan_use(site->plan, vout, NULL);
        rgm_plan_use(site->plan, d, &g->d);
    }
    return g->at_once ? RGM_OK : plan_finish(site, g, d, err);
}

rgm_status rgm_winograd_backward_weights(const rgm_conv_site *site, rgm_source x, rgm_buffer dy, rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    int32_t OH = rgm_conv_out(s->H, 3, 1, s->pad), OW = rgm_conv_out(s->W, 3, 1, s->pad),
            across = rgm_winograd_across(OW);
    weights *g = rgm_plan_state(site->plan, sizeof *g);
    if (!g) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    *g = (weights){.plan = site->plan,
                   .k = rgm_plan_get(site->plan)->kernels,
                   .in.side = rgm_conv_side_make(site->plan, s->C, s->H, s->W),
                   .in.shape = {s->H, s->W, s->pad, across},
                   .out.side = rgm_conv_side_make(site->plan, s->K, OH, OW),
                   .out.shape = {OH, OW, 0, across},
                   .per_image = across * rgm_winograd_across(OH),
                   .tiles = across * rgm_winograd_across(OH) * s->N};
    rgm_plan_grad(site->plan, rgm_plan_node(site->plan, site->node)->weight, &g->dw);
    return (int64_t)s->C * s->K <= FEW ? plan_spans(site, g, x, dy, err) : plan_panels(site, g, x, dy, err);
}
