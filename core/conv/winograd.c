/* Winograd's convolutions in phases. A tile is 4x4 or 2x2 pixels of an image's output (strided backward data: 8x8);
 * tiles are numbered over the whole batch. Everything becomes 36, 16 or, with stride 2, 81 matrix products (one a
 * point) between tiles, channels and filters; the kernels are in kernels/body_winograd.inc and body_gemm.inc. Backward
 * data is the forward pass on dy with the filters turned by 180 degrees, their channels exchanged, and padding 2 - pad;
 * with stride 2 it has forms of its own.
 *
 * What is done where, so that what is transformed is multiplied while it is in the second-level cache:
 *
 *   few channels     filters are transformed first, all of them; a chunk is a span of tiles, which are transformed,
 *                    multiplied and transformed back in a worker's scratch.
 *   many channels    the transformed filters (36/9 or 16/9 of the weights) would be more than the inputs: tiles are
 *                    transformed first, a stage of them; a chunk is a pair of channel blocks, whose filters are made in
 *                    scratch, multiplied with all tiles, and transformed back. A large stage is cut into parts as
 *                    well, for CHUNKS chunks in all; each part transforms the filters again.
 *
 * Sizes follow from the tuning and the shape alone. They change no bits of the output, whose elements are one chain of
 * products in the order of the channels; they cut its moments into chunks, and so decide the bits of the batch norm
 * behind it.
 */
#include <string.h>
#include "conv/winograd.h"

enum {
    SPANS_LEAST = 8,   /* of F(2x2) and few channels, so that threads get equal shares of a small map */
    IMAGES_LEAST = 16, /* in a batch that is cut into images */
    CHUNKS = 64,       /* of a stage, where it has tiles enough: for the cores of a large machine */
    PART_TILES = 128,  /* of F(4x4), that repay transforming the filters once more */
    PARTED = 512,      /* tiles of F(4x4) of a stage that is cut into parts */
};

int32_t rgm_winograd_can(const rgm_conv_shape *s, int32_t way, int32_t direction) {
    if (s->R != 3 || s->S != 3 || s->stride > 2 || s->pad > 1 || s->groups > 1 || s->src_layout != RGM_LAYOUT_BLOCKED)
        return 0;
    if (s->stride == 2 && way != RGM_WAY_WINOGRAD) return 0;
    int32_t tile = way == RGM_WAY_WINOGRAD ? 4 : 2; /* the smallest of the directions */
    if ((int64_t)s->N * (s->H / tile + 2) * (s->W / tile + 2) > INT32_MAX) return 0; /* tiles are counted in 32 bits */
    return direction != RGM_CONV_BACKWARD_WEIGHTS || !s->bias;
}

int32_t rgm_winograd_form(const rgm_conv_shape *s, int32_t way, int32_t direction) {
    if (s->stride == 1) return way == RGM_WAY_WINOGRAD ? RGM_WINO_4 : RGM_WINO_2;
    if (direction != RGM_CONV_BACKWARD_DATA) return RGM_WINO_STRIDED;
    return s->pad ? RGM_WINO_STRIDED_DATA_1 : RGM_WINO_STRIDED_DATA_0;
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
    int64_t direct = TAPS * pixels, left = products(s, RGM_WAY_WINOGRAD, direction);
    return 12 * left <= (pixels <= t->small_map ? t->small_left : t->strided_left) * direct;
}

typedef struct pass {
    rgm_plan *plan;
    const rgm_kernels *k;
    rgm_conv_side in, out;
    rgm_wino_shape in_shape, out_shape;
    rgm_wino_tile tile;
    int32_t per_image, tiles; /* of the batch */
    int32_t span;             /* tiles multiplied at a time */
    int32_t images;           /* of the batch */
    int32_t piece;            /* many channels: input blocks whose filters are transformed at a time */
    int32_t parts;            /* many channels: of a stage's tiles */
    int32_t flip, pairs;      /* pairs of output blocks; the last may be single */
    int64_t lane, depth;      /* of the weights: floats from an output channel to the next, and from an input channel */
    int64_t u_point, v_point, m_point;
    const float *w, *bias;
    const float *affine, *residual; /* how y is finished (plan/finish.h), or NULL */
    int32_t relu;
    float *y, *u, *v;
    double *moments; /* of y, [chunk][RGM_MOMENTS][channels], or NULL */
} pass;

/* Many channels: the tiles of one turn. */
typedef struct stage {
    pass *p;
    int32_t index, first, count;
} stage;

static int32_t pair_width(const pass *p, int32_t pair) { return (int32_t)rgm_least(2, p->out.blocks - 2 * pair); }

static int64_t u_floats(const pass *p) { return p->tile.filters * p->u_point; } /* of a pair */

/* u[filter][input channel][wide * B] of a pair, for input blocks [from, to), of which `u` has the first in front.
 * Channels of the padding multiply zeros: zero too. */
static void transform_filters(const pass *p, int32_t pair, int32_t from, int32_t to, float *u) {
    int32_t B = p->k->block, wide = pair_width(p, pair), row = wide * B;
    int32_t rows = (to - from) * B, real = (int32_t)rgm_least(rows, p->in.channels - from * B);
    for (int32_t j = 0; j < wide; j++) {
        int32_t channel = (2 * pair + j) * B;
        p->k->wino_filter(p->tile.form, p->w + channel * p->lane + from * B * p->depth, p->lane, p->depth, p->flip,
                          (int32_t)rgm_least(B, p->out.channels - channel), real, u + j * B, row, p->u_point);
    }
    if (real < rows)
        for (int32_t filter = 0; filter < p->tile.filters; filter++)
            memset(u + filter * p->u_point + (int64_t)real * row, 0, rgm_float_bytes((rows - real) * row));
}

/* Transformed tiles lie in stacks, as high as a register tile at most: v[point][stack][input block][height][B]. So what
 * a product reads is one piece of memory. The height for `count` tiles keeps the last stack from being low. */
static int32_t stack_height(const pass *p, int32_t count) {
    int32_t most = p->k->tuning->rows, stacks = (count + most - 1) / most;
    return (count + stacks - 1) / stacks;
}

/* Where tile `tile`, the first of a stack, begins. */
static int64_t stack_at(const pass *p, int32_t height, int32_t tile) {
    return (int64_t)(tile / height) * p->in.blocks * height * p->k->block;
}

/* Tiles [from, from + count) of the batch, in one stack. */
static void transform_stack(const pass *p, int32_t block, int64_t from, int32_t count, float *v) {
    int32_t B = p->k->block;
    for (rgm_stretch s = rgm_stretch_of(from, count, p->per_image); rgm_stretch_next(&s);)
        p->k->wino_input(rgm_conv_side_at(&p->in, s.image, block, B), rgm_conv_side_affine(&p->in, 0, block, B),
                         rgm_conv_side_affine(&p->in, 1, block, B), p->in.relu, &p->in_shape, s.first, s.count,
                         v + s.done * B, B, p->v_point);
}

/* Transforms tiles [from, to), which are whole stacks but for the last one, of those that begin at `first`. */
static void transform_inputs(const pass *p, int32_t block, int64_t first, int32_t from, int32_t to, int32_t height,
                             float *v) {
    for (int32_t t = from; t < to; t += height)
        transform_stack(p, block, first + t, (int32_t)rgm_least(height, to - t),
                        v + stack_at(p, height, t) + block * height * p->k->block);
}

/* m (+)= tiles [at, at + count), at the first of a stack, times a pair's filters of input blocks [from, to); adds to
 * what is there unless from is 0. m[point][wide][count][B]. */
static void multiply(const pass *p, int32_t pair, int32_t from, int32_t to, const float *v, int32_t height,
                     const float *u, int32_t at, int32_t count, float *m) {
    int32_t B = p->k->block, wide = pair_width(p, pair);
    int32_t stacks = (count + height - 1) / height;
    for (int32_t point = 0; point < p->tile.points; point++)
        for (int32_t i = 0; i < stacks; i++) {
            int32_t t = at + i * height;
            const float *a = v + point * p->v_point + stack_at(p, height, t) + from * height * B;
            const float *b = u + rgm_winograd_filter(p->tile, point) * p->u_point,
                        *next = a + p->in.blocks * height * B;
            if (p->u) /* filters come from further away than tiles: a part of the next point's */
                next = u + rgm_winograd_filter(p->tile, point + 1) * p->u_point + p->u_point / stacks * i;
            else if (i + 1 == stacks)
                next = v + (point + 1) * p->v_point + stack_at(p, height, at) + from * height * B;
            p->k->gemm_blocks(a, height * B, b, to - from, rgm_least(height, at + count - t), wide, from > 0,
                              m + point * p->m_point + (t - at) * B, (int64_t)count * B, next);
        }
}

/* Products of an image's tiles -> y + `at`, of a block, finished. */
static void finish_tiles(const pass *p, int32_t block, const rgm_stretch *s, const float *m, int64_t at) {
    int64_t B = p->k->block;
    p->k->wino_finish(m, B, p->m_point, p->affine + block * B, p->affine + (p->out.blocks + block) * B,
                      p->residual ? p->residual + at : NULL, p->relu, &p->out_shape, s->first, s->count, p->y + at);
}

/* The same as they are, with the bias; moments go to chunk `chunk`, fresh: these are its first. */
static void output_tiles(const pass *p, int32_t block, const rgm_stretch *s, const float *m, int64_t at, int32_t chunk,
                         int32_t fresh) {
    int32_t B = p->k->block, channel = block * B;
    int64_t channels = (int64_t)p->out.blocks * B;
    double *moments = p->moments ? p->moments + chunk * RGM_MOMENTS * channels + channel : NULL;
    float bias[RGM_LANES_MOST] = {0}; /* the padding's lanes stay zero */
    if (p->bias) memcpy(bias, p->bias + channel, sizeof *bias * (size_t)rgm_least(B, p->out.channels - channel));
    p->k->wino_output(m, B, p->m_point, p->bias ? bias : NULL, &p->out_shape, s->first, s->count, p->y + at, moments,
                      channels, fresh);
}

/* Transforms the products of a pair's filters with tiles [first, first + count) back. Moments go to chunk `chunk`;
 * fresh: they begin. */
static void store(const pass *p, int32_t pair, int64_t first, int32_t count, const float *m, int32_t chunk,
                  int32_t fresh) {
    int32_t B = p->k->block, wide = pair_width(p, pair);
    for (int32_t j = 0; j < wide; j++, m += (int64_t)count * B) {
        int32_t block = 2 * pair + j;
        for (rgm_stretch s = rgm_stretch_of(first, count, p->per_image); rgm_stretch_next(&s);) {
            int64_t at = s.image * p->out.image + block * p->out.pixels * B;
            if (p->affine)
                finish_tiles(p, block, &s, m + s.done * B, at);
            else
                output_tiles(p, block, &s, m + s.done * B, at, chunk, fresh && s.done == 0);
        }
    }
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

static void convolve_span(const pass *p, int64_t first, int32_t count, int32_t chunk, int32_t worker) {
    int32_t height = stack_height(p, count);
    float *v = rgm_plan_scratch(p->plan, worker), *m = v + p->tile.points * p->v_point;
    for (int32_t b = 0; b < p->in.blocks; b++) transform_inputs(p, b, first, 0, count, height, v);
    for (int32_t pair = 0; pair < p->pairs; pair++) {
        multiply(p, pair, 0, p->in.blocks, v, height, p->u + pair * u_floats(p), 0, count, m);
        store(p, pair, first, count, m, chunk, 1);
    }
}

static rgm_status run_span(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const pass *p = context;
    rgm_range tiles = rgm_range_part(p->tiles, spans(p), chunk);
    convolve_span(p, tiles.first, (int32_t)(tiles.end - tiles.first), chunk, worker);
    return RGM_OK;
}

/* What fills the last register tile of a span costs no time. */
static int32_t longest_span(const pass *p) { return p->span + p->k->tuning->rows - 1; }

/* Spans of an image. */
static int32_t image_parts(const pass *p) { return (p->per_image + longest_span(p) - 1) / longest_span(p); }

/* Chunk = image. */
static rgm_status run_image(void *context, int32_t image, int32_t worker, rgm_error *err) {
    (void)err;
    const pass *p = context;
    for (int32_t i = 0; i < image_parts(p); i++) {
        rgm_range part = rgm_range_part(p->per_image, image_parts(p), i);
        convolve_span(p, (int64_t)image * p->per_image + part.first, (int32_t)(part.end - part.first), image, worker);
    }
    return RGM_OK;
}

/* Part `part` of tiles that begin with a stack, in whole stacks. */
static rgm_range stack_part(rgm_range tiles, int32_t height, int32_t parts, int32_t part) {
    rgm_range r = rgm_range_part((tiles.end - tiles.first + height - 1) / height, parts, part);
    return (rgm_range){tiles.first + r.first * height, rgm_least(tiles.first + r.end * height, tiles.end)};
}

static rgm_range stage_part(const stage *s, int32_t height, int32_t parts, int32_t part) {
    return stack_part((rgm_range){0, s->count}, height, parts, part);
}

/* Many channels: chunk = input block and part of the tiles. */
static rgm_status run_inputs(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const stage *s = context;
    int32_t height = stack_height(s->p, s->count);
    rgm_range part = stage_part(s, height, TILE_PARTS, chunk % TILE_PARTS);
    transform_inputs(s->p, chunk / TILE_PARTS, s->first, (int32_t)part.first, (int32_t)part.end, height, s->p->v);
    return RGM_OK;
}

/* Chunk = part of the tiles, and pair. */
static rgm_status run_pair(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const stage *s = context;
    const pass *p = s->p;
    float *u = rgm_plan_scratch(p->plan, worker), *m = u + u_floats(p);
    int32_t part = chunk / p->pairs, pair = chunk % p->pairs, height = stack_height(p, s->count);
    rgm_range tiles = stage_part(s, height, p->parts, part);
    int32_t spans = (int32_t)((tiles.end - tiles.first + p->span - 1) / p->span);
    for (int32_t from = 0; from < p->in.blocks; from += p->piece) {
        int32_t to = (int32_t)rgm_least(from + p->piece, p->in.blocks), last = to == p->in.blocks;
        transform_filters(p, pair, from, to, u);
        for (int32_t i = 0; i < spans; i++) {
            rgm_range span = stack_part(tiles, height, spans, i);
            int32_t at = (int32_t)span.first, count = (int32_t)(span.end - span.first);
            multiply(p, pair, from, to, p->v, height, u, at, count, m);
            if (last) store(p, pair, s->first + at, count, m, s->index * p->parts + part, i == 0);
        }
    }
    return RGM_OK;
}

/* The phase appended last stores y, in so many chunks of moments. */
static void use_output(const rgm_conv_site *site, pass *p, const rgm_store *store, const rgm_moments *moments) {
    rgm_store_use(site->plan, store, &p->y, &p->affine, &p->residual);
    p->relu = store->relu;
    if (moments->chunks) rgm_plan_use(site->plan, moments->buffer, &p->moments);
}

static rgm_moments plan_moments(const rgm_conv_site *site, const pass *p, int32_t chunks) {
    return p->flip ? (rgm_moments){.chunks = 0} : rgm_conv_moments(site, chunks);
}

/* In evaluation: 1 if a chunk is an image, so that a worker may take it through several layers (rgm_plan_phase_images):
 * where an image's spans are no shorter than others, and the batch has images enough for many cores. */
static int32_t by_image(const pass *p) {
    const rgm_plan_options *o = rgm_plan_get(p->plan);
    return !o->training && !o->apart && p->images >= IMAGES_LEAST && p->per_image >= p->span * image_parts(p);
}

static rgm_status plan_few_phase(const rgm_conv_site *site, pass *p, const char *what, rgm_error *err) {
    if (by_image(p))
        return rgm_plan_phase_images(site->plan, site->node, &(rgm_phase_spec){what, run_image, p, p->images}, err);
    return rgm_plan_phase(site->plan, site->node, &(rgm_phase_spec){what, run_span, p, spans(p)}, err);
}

/* Tiles in a span whose `floats` values a tile and point fit into the share of the second-level cache that is theirs.
 */
static int32_t span_tiles(const rgm_kernels *k, rgm_wino_tile t, int64_t floats) {
    const rgm_winograd_tuning *share = &k->tuning->winograd;
    int64_t rows = k->tuning->rows,
            tiles = share->span_bytes / (int64_t)sizeof(float) / t.points / floats / rows * rows;
    return (int32_t)rgm_least(share->span_tiles, rgm_most(rows, tiles));
}

/* As many tiles as the cache holds. F(2x2) is for small maps, of which that can be most of a batch: fewer there. */
static int32_t few_span(const pass *p) {
    int32_t rows = p->k->tuning->rows, share = (p->tiles + SPANS_LEAST - 1) / SPANS_LEAST;
    int32_t most = span_tiles(p->k, p->tile, (int64_t)(p->in.blocks + 2) * p->k->block);
    return p->tile.form == RGM_WINO_2 ? (int32_t)rgm_least(most, (share + rows - 1) / rows * rows) : most;
}

static rgm_status plan_few(const rgm_conv_site *site, pass *p, const char *what, rgm_source x, const rgm_store *store,
                           rgm_error *err) {
    p->span = few_span(p);
    p->v_point = (int64_t)p->in.blocks * p->k->block * (p->span + p->k->tuning->rows) + SKEW;
    p->m_point = (int64_t)2 * p->k->block * longest_span(p) + SKEW;
    rgm_plan_need_scratch(site->plan, rgm_float_bytes(p->tile.points * (p->v_point + p->m_point)));
    rgm_buffer u = rgm_plan_buffer(site->plan, rgm_float_bytes(p->pairs * u_floats(p)));
    RGM_TRY(rgm_plan_phase_once(site->plan, site->node,
                                &(rgm_phase_spec){"filters", run_filters, p, p->pairs * p->in.blocks}, err));
    rgm_plan_use(site->plan, u, &p->u);
    RGM_TRY(plan_few_phase(site, p, what, err));
    rgm_plan_work(site->plan, rgm_winograd_flops(&site->shape, p->tile, p->tiles), 0);
    rgm_plan_use(site->plan, u, NULL);
    rgm_conv_side_use(site->plan, &p->in, x);
    rgm_moments moments = plan_moments(site, p, spans(p));
    use_output(site, p, store, &moments);
    return RGM_OK;
}

static double tile_bytes(const rgm_conv_side *side, const pass *p, int32_t tiles) { /* of one pixel or point */
    return (double)sizeof(float) * side->blocks * p->k->block * tiles;
}

/* Parts of a stage of at least `tiles` tiles. */
static int32_t count_parts(const pass *p, int32_t tiles) {
    if (tiles < rgm_winograd_fit(p->tile, PARTED)) return 1;
    return (int32_t)rgm_least((CHUNKS + p->pairs - 1) / p->pairs, tiles / rgm_winograd_fit(p->tile, PART_TILES));
}

static rgm_status plan_many(const rgm_conv_site *site, pass *p, const char *what, rgm_source x, const rgm_store *store,
                            rgm_error *err) {
    const rgm_wino_side side = p->tile.side;
    int32_t points = p->tile.points, most = rgm_winograd_fit(p->tile, p->k->tuning->winograd.stage_tiles);
    int32_t stages = (p->tiles + most - 1) / most, longest = (p->tiles + stages - 1) / stages;
    /* half of the cache: the rest is for filters and inputs */
    p->span = span_tiles(p->k, p->tile, 2 * p->k->block * 2);
    int32_t in_pieces = longest <= p->span * (rgm_winograd_shares(p->tile) ? 2 : 1);
    if (in_pieces) p->span = longest;
    p->v_point = (int64_t)p->in.blocks * p->k->block * (longest + p->k->tuning->rows) + SKEW;
    p->m_point = (int64_t)2 * p->k->block * (p->span + p->k->tuning->rows) + SKEW;
    p->piece = in_pieces
                   ? (int32_t)rgm_least(p->in.blocks, rgm_winograd_fit(p->tile, p->k->tuning->winograd.piece_blocks))
                   : p->in.blocks;
    p->u_point = (int64_t)p->piece * p->k->block * 2 * p->k->block + SKEW;
    rgm_plan_need_scratch(site->plan, rgm_float_bytes(u_floats(p) + points * p->m_point));
    rgm_buffer v = rgm_plan_buffer(site->plan, rgm_float_bytes(points * p->v_point));
    p->parts = count_parts(p, p->tiles / stages);
    rgm_moments moments = plan_moments(site, p, stages * p->parts);
    stage *list = rgm_plan_state(site->plan, sizeof *list * (size_t)stages);
    if (!list) return rgm_plan_no_memory(err);
    for (int32_t i = 0; i < stages; i++) {
        rgm_range part = rgm_range_part(p->tiles, stages, i);
        list[i] = (stage){p, i, (int32_t)part.first, (int32_t)(part.end - part.first)};
        RGM_TRY(rgm_plan_phase(site->plan, site->node,
                               &(rgm_phase_spec){"tiles", run_inputs, &list[i], p->in.blocks * TILE_PARTS}, err));
        rgm_plan_work(site->plan, 0, (points + side.step * side.step) * tile_bytes(&p->in, p, list[i].count));
        rgm_conv_side_use(site->plan, &p->in, x);
        rgm_plan_use(site->plan, v, &p->v);
        RGM_TRY(rgm_plan_phase(site->plan, site->node, &(rgm_phase_spec){what, run_pair, &list[i], p->parts * p->pairs},
                               err));
        rgm_plan_work(site->plan, rgm_winograd_flops(&site->shape, p->tile, list[i].count),
                      points * tile_bytes(&p->in, p, list[i].count) +
                          side.tile * side.tile * tile_bytes(&p->out, p, list[i].count));
        rgm_plan_use(site->plan, v, NULL);
        use_output(site, p, store, &moments);
    }
    return RGM_OK;
}

static rgm_status plan_pass(const rgm_conv_site *site, pass *p, const char *what, rgm_source x, const rgm_store *store,
                            rgm_error *err) {
    p->plan = site->plan;
    p->k = rgm_plan_get(site->plan)->kernels;
    p->images = site->shape.N;
    p->per_image = p->out_shape.across * rgm_winograd_across(p->tile, p->out.H);
    p->tiles = p->per_image * site->shape.N;
    p->pairs = (p->out.blocks + 1) / 2;
    p->u_point = (int64_t)p->in.blocks * p->k->block * 2 * p->k->block + SKEW;
    rgm_plan_param(site->plan, rgm_plan_node(site->plan, site->node)->weight, &p->w);
    int few = (int64_t)p->in.channels * p->out.channels <= p->k->tuning->winograd.few;
    return few ? plan_few(site, p, what, x, store, err) : plan_many(site, p, what, x, store, err);
}

rgm_status rgm_winograd_forward(const rgm_conv_site *site, int32_t way, rgm_source x, const rgm_store *store,
                                rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    const rgm_wino_tile t = rgm_winograd_tile(rgm_winograd_form(s, way, RGM_CONV_FORWARD));
    const rgm_conv_side y = rgm_conv_output(site);
    int32_t across = rgm_winograd_across(t, y.W);
    pass *p = rgm_plan_state(site->plan, sizeof *p);
    if (!p) return rgm_plan_no_memory(err);
    *p = (pass){.tile = t,
                .in = rgm_conv_input(site),
                .in_shape = {s->H, s->W, s->pad, across, t.form},
                .out = y,
                .out_shape = {y.H, y.W, 0, across, t.form},
                .lane = (int64_t)s->C * TAPS,
                .depth = TAPS};
    rgm_plan_param(site->plan, rgm_plan_node(site->plan, site->node)->bias, &p->bias);
    return plan_pass(site, p, "forward", x, store, err);
}

rgm_status rgm_winograd_backward_data(const rgm_conv_site *site, int32_t way, rgm_buffer dy, rgm_buffer dx,
                                      rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    const rgm_wino_tile t = rgm_winograd_tile(rgm_winograd_form(s, way, RGM_CONV_BACKWARD_DATA));
    const rgm_conv_side y = rgm_conv_output(site);
    int32_t across = rgm_winograd_across(t, s->W);
    pass *p = rgm_plan_state(site->plan, sizeof *p);
    if (!p) return rgm_plan_no_memory(err);
    *p = (pass){.tile = t,
                .in = y,
                /* with stride 2, dx[0] needs dy[-1] and dy[0], with padding dy[0] and dy[1] */
                .in_shape = {y.H, y.W, (s->stride == 1 ? 2 : 1) - s->pad, across, t.form},
                .out = rgm_conv_input(site),
                .out_shape = {s->H, s->W, 0, across, t.form},
                .lane = TAPS,
                .depth = (int64_t)s->C * TAPS,
                .flip = 1};
    const rgm_store store = {.y = dx, .affine = -1, .residual = -1};
    return plan_pass(site, p, "backward data", (rgm_source){.values = dy}, &store, err);
}
