/* Winograd F(4x4, 3x3) in phases. A tile is 4x4 pixels of an image's output; tiles are numbered over the whole batch.
 * Everything becomes 36 matrix products (one a point) between tiles, channels and filters; the kernels are in
 * kernels/body_winograd.inc and body_gemm.inc. Backward data is the forward pass on dy with the filters turned by 180
 * degrees, their channels exchanged, and padding 2 - pad.
 *
 * What is done where, so that what is transformed is multiplied while it is in the second-level cache:
 *
 *   few channels     filters are transformed first, all of them; a chunk is a span of tiles, which are transformed,
 *                    multiplied and transformed back in a worker's scratch.
 *   many channels    the transformed filters (36/9 of the weights) would be more than the inputs: tiles are transformed
 *                    first, up to STAGE of them; a chunk is a pair of channel blocks, whose filters are transformed in
 *                    scratch, multiplied with all tiles, and transformed back.
 *
 * Backward weights likewise: few channels, a chunk transforms a span of tiles and adds their products to a partial
 * result of its own; many, tiles are transformed first and a chunk owns a panel of input by a panel of output channels.
 * Partial results are added in order, still in the transformed domain, and transformed back.
 *
 * The sizes below follow from the kernels' block (8: a second-level cache of 512 KiB, 16: of 2 MiB) and the shape
 * alone. In the forward pass they change no bits: an element is one chain of products in the order of the channels.
 */
#include <string.h>
#include "net/conv.h"

enum {
    POINTS = 36,
    SIDE = 4,
    TAPS = 9,
    SKEW = 16,             /* floats between points: else all points of a tile fall into one set of the cache */
    STAGE = 1024,          /* tiles transformed at a time where channels are many */
    SPAN_MOST = 192,       /* tiles in a span */
    FEW = 128 * 128,       /* products of channel counts up to which filters are transformed first */
    FEW_WEIGHTS = 64 * 64, /* ... up to which backward weights works on spans */
    PARTIAL_BYTES = 24 << 20,
    PARTS_MOST = 64,
    PART_TILES = 64, /* tiles that are worth a partial result */
    PIECE = 16,      /* blocks of filters that the cache holds with what they are multiplied with */
    OWNERS = 16,     /* panels that are chunks enough without partial results */
};

/* The channels of one side, in blocks, and where their images are. */
typedef struct side {
    int32_t channels, blocks;
    int64_t pixels, image; /* of a block; floats of an image */
    rgm_wino_shape shape;
} side;

/* The first of a tensor's pending vectors that belong to a block, or NULL. */
static const float *affine_of(const float *affine, const side *s, int32_t which, int32_t block, int32_t B) {
    return affine ? affine + ((int64_t)which * s->blocks + block) * B : NULL;
}

static side make_side(const rgm_plan *plan, int32_t channels, int32_t H, int32_t W, int32_t pad, int32_t across) {
    int32_t B = rgm_plan_get(plan)->kernels->block, blocks = (channels + B - 1) / B;
    int64_t pixels = (int64_t)H * W;
    return (side){channels, blocks, pixels, blocks * pixels * B, {H, W, pad, across}};
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }

static int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

/* Tiles in a span whose `floats` values a tile and point fit into the share of the cache that is theirs. */
static int32_t span_tiles(const rgm_kernels *k, int64_t floats) {
    int64_t cache = k->block == 16 ? 800 << 10 : 300 << 10, rows = k->block == 16 ? 12 : 6;
    int64_t tiles = cache / (int64_t)(POINTS * sizeof(float)) / floats / rows * rows;
    return (int32_t)(tiles < rows ? rows : tiles > SPAN_MOST ? SPAN_MOST : tiles);
}

/* Calls the transform for tiles [from, from + count) of the batch, image by image: `out` is where the first goes. */
typedef void (*tile_fn)(const void *context, int64_t image, int32_t first, int32_t count, int64_t out);
static void walk_tiles(int64_t from, int32_t count, int32_t per_image, tile_fn run, const void *context) {
    for (int64_t at = from, end = from + count; at < end;) {
        int32_t first = (int32_t)(at % per_image), n = least(per_image - first, (int32_t)(end - at));
        run(context, at / per_image, first, n, at - from);
        at += n;
    }
}

int32_t rgm_winograd_can(const rgm_conv_shape *s, int32_t direction) {
    if (s->R != 3 || s->S != 3 || s->stride != 1 || s->pad > 1 || s->groups > 1 || s->src_layout != RGM_LAYOUT_BLOCKED)
        return 0;
    return direction != RGM_CONV_BACKWARD_WEIGHTS || !s->bias;
}

int32_t rgm_winograd_pays(const rgm_conv_shape *s, int32_t direction) {
    (void)direction;
    return s->C >= 16 && s->K >= 16;
}

/* ---- forward, and backward data ---- */

typedef struct pass {
    rgm_plan *plan;
    const rgm_kernels *k;
    side in, out;
    int32_t per_image, tiles; /* of the batch */
    int32_t span;             /* tiles multiplied at a time */
    int32_t piece;            /* many channels: input blocks whose filters are transformed at a time */
    int32_t flip, pairs;      /* pairs of output blocks; the last may be single */
    int64_t lane, depth;      /* of the weights: floats from an output channel to the next, and from an input channel */
    int64_t u_point, v_point, m_point;
    int32_t relu; /* what is pending on x */
    const float *x, *affine, *w, *bias;
    float *y, *u, *v;
    double *moments; /* of y, [chunk][RGM_MOMENTS][channels], or NULL */
} pass;

/* Many channels: the tiles of one turn. */
typedef struct stage {
    pass *p;
    int32_t index, first, count;
} stage;

typedef struct tile_job {
    const pass *p;
    int32_t block;
    float *v;
    const float *m;
    double *moments; /* of this block and chunk */
    int32_t fresh;   /* the chunk has none yet: before its first tile */
} tile_job;

static void input_tiles(const void *context, int64_t image, int32_t first, int32_t count, int64_t out) {
    const tile_job *j = context;
    const pass *p = j->p;
    int32_t B = p->k->block;
    p->k->wino_input(p->x + image * p->in.image + j->block * p->in.pixels * B,
                     affine_of(p->affine, &p->in, 0, j->block, B), affine_of(p->affine, &p->in, 1, j->block, B),
                     p->relu, &p->in.shape, first, count, j->v + out * B, B, p->v_point);
}

static void output_tiles(const void *context, int64_t image, int32_t first, int32_t count, int64_t out) {
    const tile_job *j = context;
    const pass *p = j->p;
    int32_t B = p->k->block, channel = j->block * B;
    float bias[16] = {0}; /* the padding's lanes stay zero */
    if (p->bias) memcpy(bias, p->bias + channel, sizeof *bias * (size_t)least(B, p->out.channels - channel));
    p->k->wino_output(j->m + out * B, B, p->m_point, p->bias ? bias : NULL, 0, &p->out.shape, first, count,
                      p->y + image * p->out.image + j->block * p->out.pixels * B, j->moments,
                      (int64_t)p->out.blocks * B, j->fresh && out == 0);
}

static int32_t pair_width(const pass *p, int32_t pair) { return least(2, p->out.blocks - 2 * pair); }

static int64_t u_floats(const pass *p) { return POINTS * p->u_point; } /* of a pair */

/* u[point][input channel][wide * B] of a pair, for input blocks [from, to), of which `u` has the first in front.
 * Channels of the padding multiply zeros: zero too. */
static void transform_filters(const pass *p, int32_t pair, int32_t from, int32_t to, float *u) {
    int32_t B = p->k->block, wide = pair_width(p, pair), row = wide * B;
    int32_t rows = (to - from) * B, real = least(rows, p->in.channels - from * B);
    for (int32_t j = 0; j < wide; j++) {
        int32_t channel = (2 * pair + j) * B;
        p->k->wino_filter(p->w + channel * p->lane + from * B * p->depth, p->lane, p->depth, p->flip,
                          least(B, p->out.channels - channel), real, u + j * B, row, p->u_point);
    }
    if (real < rows)
        for (int32_t point = 0; point < POINTS; point++)
            memset(u + point * p->u_point + (int64_t)real * row, 0, sizeof(float) * (size_t)((rows - real) * row));
}

/* m (+)= `count` tiles v[point][block][pitch tiles][B] times a pair's filters of input blocks [from, to); adds to what
 * is there unless from is 0. */
static void multiply(const pass *p, int32_t pair, int32_t from, int32_t to, const float *v, int64_t pitch,
                     const float *u, int32_t count, float *m) {
    int32_t B = p->k->block, wide = pair_width(p, pair);
    for (int32_t point = 0; point < POINTS; point++)
        p->k->gemm_blocks(v + point * p->v_point + from * pitch * B, pitch * B, u + point * p->u_point, to - from,
                          count, wide, from > 0, m + point * p->m_point, (int64_t)count * B);
}

/* Transforms the products of a pair's filters with tiles [first, first + count) back. Moments go to chunk `chunk`;
 * fresh: they begin. */
static void store(const pass *p, int32_t pair, int64_t first, int32_t count, const float *m, int32_t chunk,
                  int32_t fresh) {
    int32_t B = p->k->block, wide = pair_width(p, pair);
    for (int32_t j = 0; j < wide; j++) {
        int32_t block = 2 * pair + j;
        tile_job job = {.p = p, .block = block, .m = m + (int64_t)j * count * B, .fresh = fresh};
        if (p->moments) job.moments = p->moments + ((int64_t)chunk * RGM_MOMENTS * p->out.blocks + block) * B;
        walk_tiles(first, count, p->per_image, output_tiles, &job);
    }
}

static void transform_inputs(const pass *p, int32_t block, int64_t first, int32_t count, int64_t pitch, float *v) {
    tile_job job = {.p = p, .block = block, .v = v + block * pitch * p->k->block};
    walk_tiles(first, count, p->per_image, input_tiles, &job);
}

/* Few channels: chunk = pair and block of rows. */
static rgm_status run_filters(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const pass *p = context;
    int32_t pair = chunk / p->in.blocks, block = chunk % p->in.blocks, B = p->k->block;
    float *u = p->u + pair * u_floats(p) + (int64_t)block * B * pair_width(p, pair) * B;
    transform_filters(p, pair, block, block + 1, u);
    return RGM_OK;
}

static int32_t spans(const pass *p) { return (p->tiles + p->span - 1) / p->span; }

static rgm_status run_span(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const pass *p = context;
    rgm_range tiles = rgm_range_part(p->tiles, spans(p), chunk);
    int32_t count = (int32_t)(tiles.end - tiles.first);
    float *v = rgm_plan_scratch(p->plan, worker), *m = v + POINTS * p->v_point;
    for (int32_t b = 0; b < p->in.blocks; b++) transform_inputs(p, b, tiles.first, count, count, v);
    for (int32_t pair = 0; pair < p->pairs; pair++) {
        multiply(p, pair, 0, p->in.blocks, v, count, p->u + pair * u_floats(p), count, m);
        store(p, pair, tiles.first, count, m, chunk, 1);
    }
    return RGM_OK;
}

/* Many channels: chunk = input block and part of the tiles. */
enum { INPUT_PARTS = 4 };
static rgm_status run_inputs(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const stage *s = context;
    const pass *p = s->p;
    rgm_range part = rgm_range_part(s->count, INPUT_PARTS, chunk % INPUT_PARTS);
    transform_inputs(p, chunk / INPUT_PARTS, s->first + part.first, (int32_t)(part.end - part.first), s->count,
                     p->v + part.first * p->k->block);
    return RGM_OK;
}

static rgm_status run_pair(void *context, int32_t pair, int32_t worker, rgm_error *err) {
    (void)err;
    const stage *s = context;
    const pass *p = s->p;
    float *u = rgm_plan_scratch(p->plan, worker), *m = u + u_floats(p);
    int32_t parts = (s->count + p->span - 1) / p->span;
    for (int32_t from = 0; from < p->in.blocks; from += p->piece) {
        int32_t to = least(from + p->piece, p->in.blocks), last = to == p->in.blocks;
        transform_filters(p, pair, from, to, u);
        for (int32_t i = 0; i < parts; i++) {
            rgm_range part = rgm_range_part(s->count, parts, i);
            int32_t count = (int32_t)(part.end - part.first);
            multiply(p, pair, from, to, p->v + part.first * p->k->block, s->count, u, count, m);
            if (last) store(p, pair, s->first + part.first, count, m, s->index, i == 0);
        }
    }
    return RGM_OK;
}

static size_t bytes_of(int64_t floats) { return sizeof(float) * (size_t)floats; }

/* The phase appended last loads x. */
static void use_source(rgm_plan *plan, pass *p, rgm_source x) {
    rgm_plan_use(plan, x.values, &p->x);
    if (x.pending) rgm_plan_use(plan, x.affine, &p->affine);
    p->relu = x.relu;
}

/* The phase appended last stores y, in so many chunks of moments. */
static void use_output(const rgm_conv_site *site, pass *p, rgm_buffer y, const rgm_moments *moments) {
    rgm_plan_use(site->plan, y, &p->y);
    if (moments->chunks) rgm_plan_use(site->plan, moments->buffer, &p->moments);
}

static rgm_moments plan_moments(const rgm_conv_site *site, const pass *p, int32_t chunks) {
    int32_t y = rgm_plan_node(site->plan, site->node)->out;
    if (p->flip || !rgm_plan_wants_moments(site->plan, y)) return (rgm_moments){.chunks = 0};
    return rgm_plan_gather_moments(site->plan, y, chunks);
}

static rgm_status plan_few(const rgm_conv_site *site, pass *p, const char *what, rgm_source x, rgm_buffer y,
                           rgm_error *err) {
    p->span = span_tiles(p->k, (int64_t)(p->in.blocks + 2) * p->k->block);
    p->v_point = (int64_t)p->in.blocks * p->k->block * p->span + SKEW;
    p->m_point = (int64_t)2 * p->k->block * p->span + SKEW;
    rgm_plan_need_scratch(site->plan, bytes_of(POINTS * (p->v_point + p->m_point)));
    rgm_buffer u = rgm_plan_buffer(site->plan, bytes_of(p->pairs * u_floats(p)));
    RGM_TRY(rgm_plan_phase(site->plan, site->node, "filters", run_filters, p, p->pairs * p->in.blocks, err));
    rgm_plan_use(site->plan, u, &p->u);
    RGM_TRY(rgm_plan_phase(site->plan, site->node, what, run_span, p, spans(p), err));
    rgm_plan_use(site->plan, u, NULL);
    use_source(site->plan, p, x);
    rgm_moments moments = plan_moments(site, p, spans(p));
    use_output(site, p, y, &moments);
    return RGM_OK;
}

static rgm_status plan_many(const rgm_conv_site *site, pass *p, const char *what, rgm_source x, rgm_buffer y,
                            rgm_error *err) {
    int32_t stages = (p->tiles + STAGE - 1) / STAGE, longest = (p->tiles + stages - 1) / stages;
    p->span = span_tiles(p->k, 2 * p->k->block * 2); /* half of the cache: the rest is for filters and inputs */
    p->v_point = (int64_t)p->in.blocks * p->k->block * longest + SKEW;
    p->m_point = (int64_t)2 * p->k->block * p->span + SKEW;
    /* In pieces the products must all be kept until the last one. */
    p->piece = longest <= p->span ? least(p->in.blocks, PIECE) : p->in.blocks;
    p->u_point = (int64_t)p->piece * p->k->block * 2 * p->k->block + SKEW;
    rgm_plan_need_scratch(site->plan, bytes_of(u_floats(p) + POINTS * p->m_point));
    rgm_buffer v = rgm_plan_buffer(site->plan, bytes_of(POINTS * p->v_point));
    rgm_moments moments = plan_moments(site, p, stages);
    stage *list = rgm_plan_state(site->plan, sizeof *list * (size_t)stages);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    for (int32_t i = 0; i < stages; i++) {
        rgm_range part = rgm_range_part(p->tiles, stages, i);
        list[i] = (stage){p, i, (int32_t)part.first, (int32_t)(part.end - part.first)};
        RGM_TRY(rgm_plan_phase(site->plan, site->node, "tiles", run_inputs, &list[i], p->in.blocks * INPUT_PARTS, err));
        use_source(site->plan, p, x);
        rgm_plan_use(site->plan, v, &p->v);
        RGM_TRY(rgm_plan_phase(site->plan, site->node, what, run_pair, &list[i], p->pairs, err));
        rgm_plan_use(site->plan, v, NULL);
        use_output(site, p, y, &moments);
    }
    return RGM_OK;
}

static int32_t tiles_across(int32_t pixels) { return (pixels + SIDE - 1) / SIDE; }

static rgm_status plan_pass(const rgm_conv_site *site, pass *p, const char *what, rgm_source x, rgm_buffer y,
                            rgm_error *err) {
    p->plan = site->plan;
    p->k = rgm_plan_get(site->plan)->kernels;
    p->per_image = p->out.shape.across * tiles_across(p->out.shape.H);
    p->tiles = p->per_image * site->shape.N;
    p->pairs = (p->out.blocks + 1) / 2;
    p->u_point = (int64_t)p->in.blocks * p->k->block * 2 * p->k->block + SKEW;
    rgm_plan_param(site->plan, rgm_plan_node(site->plan, site->node)->weight, &p->w);
    int few = (int64_t)p->in.channels * p->out.channels <= FEW;
    return few ? plan_few(site, p, what, x, y, err) : plan_many(site, p, what, x, y, err);
}

rgm_status rgm_winograd_forward(const rgm_conv_site *site, rgm_source x, rgm_buffer y, rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    int32_t OH = rgm_conv_out(s->H, 3, 1, s->pad), OW = rgm_conv_out(s->W, 3, 1, s->pad), across = tiles_across(OW);
    pass *p = rgm_plan_state(site->plan, sizeof *p);
    if (!p) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    *p = (pass){.in = make_side(site->plan, s->C, s->H, s->W, s->pad, across),
                .out = make_side(site->plan, s->K, OH, OW, 0, across),
                .lane = (int64_t)s->C * TAPS,
                .depth = TAPS};
    rgm_plan_param(site->plan, rgm_plan_node(site->plan, site->node)->bias, &p->bias);
    return plan_pass(site, p, "forward", x, y, err);
}

rgm_status rgm_winograd_backward_data(const rgm_conv_site *site, rgm_buffer dy, rgm_buffer dx, rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    int32_t OH = rgm_conv_out(s->H, 3, 1, s->pad), OW = rgm_conv_out(s->W, 3, 1, s->pad), across = tiles_across(s->W);
    pass *p = rgm_plan_state(site->plan, sizeof *p);
    if (!p) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    *p = (pass){.in = make_side(site->plan, s->K, OH, OW, 2 - s->pad, across),
                .out = make_side(site->plan, s->C, s->H, s->W, 0, across),
                .lane = TAPS,
                .depth = (int64_t)s->C * TAPS,
                .flip = 1};
    return plan_pass(site, p, "backward data", (rgm_source){.values = dy}, dx, err);
}

/* ---- backward weights ---- */

/* Channels in panels of at most `width`: v[panel][point][tile][width], whatever the last one's width. */
typedef struct panels {
    side side;
    int32_t width, count; /* width: a multiple of the block */
    int64_t point;
    int32_t relu;
    const float *from, *affine; /* x with what is pending, or dy */
    float *v;                   /* many channels: where the tiles are */
} panels;

typedef struct weights {
    rgm_plan *plan;
    const rgm_kernels *k;
    panels in, out;
    int32_t per_image, tiles;
    int32_t span;        /* few channels: tiles transformed at a time; 0: many */
    int32_t parts;       /* partial results */
    int32_t direct;      /* 1: no partial results in memory */
    int64_t point, part; /* of d: [part][in panel][out panel][point][in width][out width] */
    float *dw, *d;
} weights;

typedef struct turn { /* many channels: the tiles of one turn */
    weights *g;
    int32_t first, count, again; /* again: adds to what is there */
} turn;

static panels make_panels(side s, int32_t B, int32_t tiles) {
    panels p = {.side = s, .width = least(s.blocks * B, B == 16 ? 64 : 32)};
    p.count = (s.blocks * B + p.width - 1) / p.width;
    p.point = (int64_t)tiles * p.width + SKEW;
    return p;
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
    const float *from = p->from + image * p->side.image + j->block * p->side.pixels * B;
    if (j->of_out)
        j->k->wino_grad(from, &p->side.shape, first, count, v, p->width, p->point);
    else
        j->k->wino_input(from, affine_of(p->affine, &p->side, 0, j->block, B),
                         affine_of(p->affine, &p->side, 1, j->block, B), p->relu, &p->side.shape, first, count, v,
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
    walk_tiles(first, count, g->per_image, panel_tiles, &job);
}

static int64_t d_floats(const weights *g) { return POINTS * g->point; } /* of a pair of panels */

/* Channels of a panel, in whole blocks. */
static int32_t panel_channels(const panels *p, int32_t B, int32_t panel) {
    return least(p->width, p->side.blocks * B - panel * p->width);
}

/* d (+)= v' z over `count` tiles, for a panel of inputs and one of outputs. */
static void multiply_panels(const weights *g, int32_t i, int32_t j, const float *vin, const float *vout, int32_t count,
                            int32_t again, float *d) {
    int32_t B = g->k->block, rows = panel_channels(&g->in, B, i), columns = panel_channels(&g->out, B, j);
    for (int32_t point = 0; point < POINTS; point++)
        for (int32_t c = 0; c < columns; c += 2 * B)
            g->k->gemm_outer(vin + point * g->in.point, g->in.width, vout + point * g->out.point + c, g->out.width,
                             count, rows, least(2, (columns - c) / B), again, d + point * g->point + c, g->out.width);
}

/* The weights of blocks of input rows [from, to) of panel i and output panel j, from `parts` results. */
static void finish(const weights *g, int32_t i, int32_t j, int32_t from, int32_t to, const float *d, int32_t parts) {
    int32_t B = g->k->block, columns = panel_channels(&g->out, B, j), C = g->in.side.channels;
    int32_t first = i * g->in.width + from, rows = least(to - from, C - first);
    for (int32_t c = 0; c < columns && rows > 0; c += B) {
        int32_t channel = j * g->out.width + c;
        g->k->wino_filter_grad(d + (int64_t)from * g->out.width + c, g->out.width, g->point, g->part, parts,
                               least(B, g->out.side.channels - channel), rows,
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
        int32_t count = least(g->span, (int32_t)(tiles.end - at));
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
    rgm_range part = rgm_range_part(t->count, INPUT_PARTS, chunk % INPUT_PARTS);
    transform_panels(g, chunk / INPUT_PARTS, t->first + part.first, (int32_t)(part.end - part.first),
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
        g->direct ? rgm_plan_scratch(g->plan, worker) : g->d + part * g->part + (i * g->out.count + j) * d_floats(g);
    multiply_panels(g, i, j, g->in.v + i * POINTS * g->in.point + tiles.first * g->in.width,
                    g->out.v + j * POINTS * g->out.point + tiles.first * g->out.width,
                    (int32_t)(tiles.end - tiles.first), t->again, d);
    if (g->direct) finish(g, i, j, 0, g->in.width, d, 1);
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
    int32_t fit = (int32_t)(PARTIAL_BYTES / bytes_of(g->part));
    return most(1, least(least(fit, PARTS_MOST), tiles / PART_TILES));
}

static void set_sizes(weights *g) {
    g->point = (int64_t)g->in.width * g->out.width + SKEW;
    g->part = round_up(g->in.count * g->out.count * d_floats(g), 16);
}

static rgm_status plan_finish(const rgm_conv_site *site, weights *g, rgm_buffer d, rgm_error *err) {
    RGM_TRY(rgm_plan_phase(site->plan, site->node, "reduce", run_finish, g, g->in.side.blocks * g->out.count, err));
    rgm_plan_use(site->plan, d, NULL);
    return RGM_OK;
}

/* The phase appended last loads x and dy. */
static void use_both(rgm_plan *plan, weights *g, rgm_source x, rgm_buffer dy) {
    rgm_plan_use(plan, x.values, &g->in.from);
    if (x.pending) rgm_plan_use(plan, x.affine, &g->in.affine);
    g->in.relu = x.relu;
    rgm_plan_use(plan, dy, &g->out.from);
}

static rgm_status plan_spans(const rgm_conv_site *site, weights *g, rgm_source x, rgm_buffer dy, rgm_error *err) {
    int32_t B = g->k->block;
    g->span = span_tiles(g->k, (int64_t)(g->in.side.blocks + g->out.side.blocks) * B);
    g->in = make_panels(g->in.side, B, g->span);
    g->out = make_panels(g->out.side, B, g->span);
    set_sizes(g);
    g->parts = count_parts(g, g->tiles);
    rgm_plan_need_scratch(site->plan, bytes_of(panels_floats(&g->in) + panels_floats(&g->out)));
    rgm_buffer d = rgm_plan_buffer(site->plan, bytes_of(g->parts * g->part));
    RGM_TRY(rgm_plan_phase(site->plan, site->node, "backward weights", run_part, g, g->parts, err));
    use_both(site->plan, g, x, dy);
    rgm_plan_use(site->plan, d, &g->d);
    return plan_finish(site, g, d, err);
}

static rgm_status plan_panels(const rgm_conv_site *site, weights *g, rgm_source x, rgm_buffer dy, rgm_error *err) {
    int32_t B = g->k->block, turns = (g->tiles + STAGE - 1) / STAGE, longest = (g->tiles + turns - 1) / turns;
    g->in = make_panels(g->in.side, B, longest);
    g->out = make_panels(g->out.side, B, longest);
    set_sizes(g);
    int32_t owners = g->in.count * g->out.count;
    g->parts = owners >= OWNERS ? 1 : least(count_parts(g, g->tiles / turns), (2 * OWNERS + owners - 1) / owners);
    g->direct = g->parts == 1 && turns == 1;
    if (g->direct) rgm_plan_need_scratch(site->plan, bytes_of(d_floats(g)));
    rgm_buffer vin = rgm_plan_buffer(site->plan, bytes_of(panels_floats(&g->in))),
               vout = rgm_plan_buffer(site->plan, bytes_of(panels_floats(&g->out))),
               d = rgm_plan_buffer(site->plan, g->direct ? 0 : bytes_of(g->parts * g->part));
    turn *list = rgm_plan_state(site->plan, sizeof *list * (size_t)turns);
    if (!list) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    for (int32_t i = 0; i < turns; i++) {
        rgm_range part = rgm_range_part(g->tiles, turns, i);
        list[i] = (turn){g, (int32_t)part.first, (int32_t)(part.end - part.first), i > 0};
        RGM_TRY(rgm_plan_phase(site->plan, site->node, "tiles of both", run_panels, &list[i],
                               (g->in.side.blocks + g->out.side.blocks) * INPUT_PARTS, err));
        use_both(site->plan, g, x, dy);
        rgm_plan_use(site->plan, vin, &g->in.v);
        rgm_plan_use(site->plan, vout, &g->out.v);
        RGM_TRY(
            rgm_plan_phase(site->plan, site->node, "backward weights", run_owner, &list[i], owners * g->parts, err));
        rgm_plan_use(site->plan, vin, NULL);
        rgm_plan_use(site->plan, vout, NULL);
        rgm_plan_use(site->plan, d, &g->d);
    }
    return g->direct ? RGM_OK : plan_finish(site, g, d, err);
}

rgm_status rgm_winograd_backward_weights(const rgm_conv_site *site, rgm_source x, rgm_buffer dy, rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    int32_t OH = rgm_conv_out(s->H, 3, 1, s->pad), OW = rgm_conv_out(s->W, 3, 1, s->pad), across = tiles_across(OW);
    weights *g = rgm_plan_state(site->plan, sizeof *g);
    if (!g) return rgm_fail(err, RGM_E_NOMEM, "plan: out of memory");
    *g = (weights){.plan = site->plan,
                   .k = rgm_plan_get(site->plan)->kernels,
                   .in.side = make_side(site->plan, s->C, s->H, s->W, s->pad, across),
                   .out.side = make_side(site->plan, s->K, OH, OW, 0, across),
                   .per_image = across * tiles_across(OH),
                   .tiles = across * tiles_across(OH) * s->N};
    rgm_plan_grad(site->plan, rgm_plan_node(site->plan, site->node)->weight, &g->dw);
    return (int64_t)s->C * s->K <= FEW_WEIGHTS ? plan_spans(site, g, x, dy, err) : plan_panels(site, g, x, dy, err);
}
