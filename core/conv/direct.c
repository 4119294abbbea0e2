/* Convolution by matrix products of our own, for 1x1 and 3x3 windows and strides 1 and 2. auto takes them for most 1x1
 * convolutions with 16 lanes, backward data only behind a batch norm, and little else (rgm_direct_pays).
 *
 * Each tap of the window reads a grid of input pixels, one for each output pixel. The forward pass gathers a span of
 * output pixels, [tap][input block][pixel][B], applies what is pending, and multiplies it with the filters,
 * [tap][input channel][two blocks of outputs]. Where there is one tap, the grid is the whole image and nothing is
 * pending, it reads the pixels where they are. Backward data is the same with the channels exchanged, for each of the
 * stride * stride lattices of the input's pixels, with the taps that reach it (none: zeros).
 *
 * Backward weights: a chunk is a tap, a panel of input by a panel of output channels, and a part of the batch's output
 * pixels. It goes through them strip by strip of an image, reads outputs where they are, and inputs, too, with 16
 * lanes, if they are the whole image and nothing is pending; else it gathers them. The products are added to a partial
 * result, and these in order. Images of few pixels are gathered on both sides, several to a span. There are as many
 * parts as make two rounds of CHUNKS chunks, if their pixels repay them and memory allows.
 *
 * Sizes follow from the kernels' block and the shape alone. In the forward pass and backward data they change no bits
 * of the output, only how its moments or sums are cut into chunks.
 */
#include <string.h>
#include "conv/conv.h"

enum { TAPS_MOST = 9, LATTICES_MOST = 4, PARTS_MOST = 64, CHUNKS = 64, PART_PIXELS = 1024 };
enum {
    PARTIAL_BYTES = 64 << 20, /* of all partial results of a layer */
    REDUCED = 4,              /* blocks of output channels whose partial results are added at a time */
};
/* Chunks of backward weights that a layer of few pixels is cut into at least, and pixels that one has then. */
enum { FEW_CHUNKS = 4, FEW_PIXELS = 128 };
enum { LINE = 16 }; /* floats of a cache line */

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/* Pixels in a span whose `floats` a pixel fit into the share of the second-level cache that is theirs. */
static int64_t span_pixels(const rgm_kernels *k, int64_t floats) {
    const rgm_direct_tuning *t = &k->tuning->direct;
    int64_t tiles = t->span_bytes / (int64_t)sizeof(float) / floats / k->tuning->rows;
    return rgm_least(t->span_pixels, rgm_most(1, tiles) * k->tuning->rows);
}

int32_t rgm_direct_can(const rgm_conv_shape *s, int32_t direction) {
    if (s->R != s->S || (s->R != 1 && s->R != 3) || s->stride > 2 || s->pad > s->R / 2) return 0;
    if (s->groups > 1 || s->src_layout != RGM_LAYOUT_BLOCKED || (int64_t)s->N * s->H * s->W > INT32_MAX) return 0;
    return direction != RGM_CONV_BACKWARD_WEIGHTS || !s->bias;
}

/* Under these conditions (RGM_PAYS_*, kernels/tuning.h). */
static int32_t pays_if(uint32_t conditions, const rgm_conv_shape *s, int32_t saves) {
    if (conditions & RGM_PAYS_NEVER) return 0;
    if (conditions & RGM_PAYS_BESIDE_NORM && !saves) return 0;
    if (conditions & RGM_PAYS_STRIDE_1 && s->stride != 1) return 0;
    return !(conditions & RGM_PAYS_WIDENING) || s->K > s->C;
}

int32_t rgm_direct_pays(const rgm_conv_shape *s, int32_t direction, const rgm_direct_tuning *t, int32_t saves) {
    if (s->R == 3)
        return direction == RGM_CONV_BACKWARD_WEIGHTS && s->stride == 2 && t->strided_channels &&
               (int64_t)s->C * s->K >= t->strided_channels;
    if (s->R != 1 || s->C < t->channels || s->K < t->channels) return 0;
    const uint32_t conditions[] = {[RGM_CONV_FORWARD] = t->forward,
                                   [RGM_CONV_BACKWARD_DATA] = t->backward_data,
                                   [RGM_CONV_BACKWARD_WEIGHTS] = t->backward_weights};
    return pays_if(conditions[direction], s, saves);
}

/* The pixels of a grid, from one block of one image, to rows `pitch` apart. */
static void gather(const rgm_kernels *k, const rgm_conv_side *s, int64_t image, int32_t block, const rgm_grid *grid,
                   int64_t first, int64_t n, float *rows, int64_t pitch) {
    k->grid_load(rgm_conv_side_at(s, image, block, k->block), rgm_conv_side_affine(s, 0, block, k->block),
                 rgm_conv_side_affine(s, 1, block, k->block), s->relu, grid, first, n, rows, pitch);
}

/* ---- forward, and backward data ---- */

/* Output pixels that the same taps reach. */
typedef struct lattice {
    rgm_grid out;      /* where they are */
    int64_t per_image; /* pixels */
    int32_t taps, tap[TAPS_MOST];
    rgm_grid from[TAPS_MOST]; /* what each tap reads for them */
    int64_t span, chunks;
    int64_t u; /* of its filters, floats into a pair's */
} lattice;

typedef struct pass {
    rgm_plan *plan;
    const rgm_kernels *k;
    rgm_conv_side in, out;
    int32_t N, pairs, lattices;
    int64_t lane, depth, u_pair; /* floats: between the weights of output and input channels; of a pair's filters */
    lattice lattice[LATTICES_MOST];
    const float *w, *bias;
    const float *affine, *residual; /* how y is finished (plan/finish.h), or NULL */
    int32_t relu;
    float *y, *u;
    double *moments;
    rgm_sums_pass sums; /* without partial results: nobody wants them */
} pass;

/* Blocks of the depth that are multiplied at a time. */
static int64_t depth_blocks(const pass *p) { return p->k->tuning->direct.depth / p->k->block; }

static int32_t pair_width(const pass *p, int32_t pair) { return (int32_t)rgm_least(2, p->out.blocks - 2 * pair); }

/* Chunk = pair and input block. */
static rgm_status run_filters(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const pass *p = context;
    int32_t B = p->k->block, pair = chunk / p->in.blocks, block = chunk % p->in.blocks;
    int32_t wide = pair_width(p, pair), row = wide * B, n = (int32_t)rgm_least(B, p->in.channels - block * B);
    for (const lattice *l = p->lattice; l < p->lattice + p->lattices; l++)
        for (int32_t t = 0; t < l->taps; t++) {
            float *u = p->u + pair * p->u_pair + l->u + ((int64_t)t * p->in.blocks + block) * B * row;
            for (int32_t j = 0; j < wide; j++) {
                int32_t channel = (2 * pair + j) * B;
                p->k->pack_filters(p->w + channel * p->lane + block * B * p->depth + l->tap[t], p->lane, p->depth,
                                   (int32_t)rgm_least(B, p->out.channels - channel), n, u + j * B, row);
            }
            /* channels of the padding multiply zeros */
            memset(u + n * row, 0, rgm_float_bytes((int64_t)(B - n) * row));
        }
    return RGM_OK;
}

static int32_t is_whole(const rgm_grid *g, const rgm_conv_side *s) {
    return g->stride == 1 && !g->top && !g->left && g->across == s->W;
}

/* 1 if a grid's pixels are the side's own, one after the other, and nothing is pending on them. (A lattice may have a
 * line more than there is to read.) */
static int32_t reads_in_place(const rgm_grid *g, int64_t pixels, const rgm_conv_side *s) {
    return is_whole(g, s) && pixels == s->pixels && !s->affine;
}

typedef struct span {
    const pass *p;
    const lattice *l;
    int64_t from, count;
    int32_t chunk, in_place; /* in_place: the pixels are read where they are, there is nothing to gather */
    float *a, *c;            /* scratch: gathered pixels [stack][tap][block][rows][B]; products [2][count][B] */
} span;

/* Gathered pixels lie in stacks, as high as a register tile at most, so that what a product reads is one piece of
 * memory. An image's n pixels are cut into stacks of nearly equal height. */
static int64_t stack_height(const pass *p, int64_t n) { return divide_up(n, divide_up(n, p->k->tuning->rows)); }

static int64_t stack_floats(const span *s) { /* per pixel */
    return (int64_t)s->l->taps * s->p->in.blocks * s->p->k->block;
}

static void gather_span(const span *s) {
    const pass *p = s->p;
    int32_t B = p->k->block;
    for (rgm_stretch of = rgm_stretch_of(s->from, s->count, s->l->per_image); rgm_stretch_next(&of);) {
        int64_t height = stack_height(p, of.count);
        for (int64_t at = 0; at < of.count; at += height) {
            int64_t rows = rgm_least(height, of.count - at);
            float *a = s->a + (of.done + at) * stack_floats(s);
            for (int32_t t = 0; t < s->l->taps; t++)
                for (int32_t b = 0; b < p->in.blocks; b++, a += rows * B)
                    gather(p->k, &p->in, of.image, b, &s->l->from[t], of.first + at, rows, a, B);
        }
    }
}

static void add_bias(const pass *p, int32_t block, float *rows, int64_t n) {
    float bias[RGM_LANES_MOST] = {0}; /* the padding's lanes stay zero */
    int32_t B = p->k->block;
    memcpy(bias, p->bias + block * B, sizeof *bias * (size_t)rgm_least(B, p->out.channels - block * B));
    p->k->bias_add(bias, rows, n, B);
}

/* Moments of n rows that have just been stored; fresh: the chunk's first. */
static void add_moments(const pass *p, int32_t chunk, int32_t block, const float *rows, int64_t n, int32_t fresh) {
    int32_t B = p->k->block;
    int64_t pitch = (int64_t)p->out.blocks * B;
    double *m = p->moments + (int64_t)chunk * RGM_MOMENTS * pitch + block * B;
    float k[RGM_LANES_MOST];
    for (int32_t i = 0; i < B; i++) {
        if (fresh) m[i] = 0, m[pitch + i] = (double)rows[i], m[2 * pitch + i] = m[3 * pitch + i] = 0;
        k[i] = (float)m[pitch + i];
        m[i] += (double)n;
    }
    p->k->bn_stats(rows, n, k, m + 2 * pitch, m + 3 * pitch);
}

/* Products of an image's pixels; they go to y itself where its pixels are those of the grid, one after the other. */
typedef struct piece {
    rgm_stretch of; /* the span */
    float *c;
    int64_t c_block; /* floats from a block of the pair to the other */
    int32_t stored;  /* c is y */
} piece;

static int64_t block_at(const pass *p, int64_t image, int32_t block) { /* of y */
    return image * p->out.image + block * p->out.pixels * p->k->block;
}

/* Rows -> y + `at`, of a block, finished. */
static void finish_rows(const pass *p, int32_t block, const float *rows, int64_t n, int64_t at) {
    int64_t B = p->k->block;
    p->k->bn_fwd(rows, p->residual ? p->residual + at : NULL, NULL, NULL, 0, p->affine + block * B,
                 p->affine + (p->out.blocks + block) * B, p->relu, p->y + at, n);
}

static piece piece_of(const span *s, int32_t pair, const rgm_stretch *of) {
    const pass *p = s->p;
    int32_t B = p->k->block;
    piece r = {.of = *of};
    r.stored = !p->affine && is_whole(&s->l->out, &p->out);
    r.c = r.stored ? p->y + block_at(p, of->image, 2 * pair) + of->first * B : s->c + of->done * B;
    r.c_block = r.stored ? p->out.pixels * B : s->count * B;
    return r;
}

/* A piece's sums read tensors that lie in memory, a row of lines of each for each of the pair's blocks. The products
 * before ask for them, `lines` lines in a call: where the lines of call `call` begin, or NULL when all are asked for.
 * (A shorter last range of the depth asks for some once more; they are near by then.) */
static const float *sums_ahead(const span *s, int32_t pair, const piece *r, int64_t call, int64_t lines) {
    const pass *p = s->p;
    int64_t row = divide_up(r->of.count * p->k->block, LINE), calls = divide_up(row, lines), wide = pair_width(p, pair);
    int64_t at = rgm_most(0, rgm_least(call % calls * lines, row - lines)), index = call / calls;
    const float *from = rgm_sums_read(&p->sums, index / wide);
    if (!from) return NULL;
    return from + block_at(p, r->of.image, 2 * pair + (int32_t)(index % wide)) + r->of.first * p->k->block + at * LINE;
}

/* Adds the products of blocks [from, to) of the depth, and asks for what the sums read, and then for the filters of the
 * next ones: each pixel of the span for its share of them, in whole lines. */
static void multiply_piece(const span *s, int32_t pair, const piece *r, int64_t from, int64_t to) {
    const pass *p = s->p;
    int32_t B = p->k->block, wide = pair_width(p, pair);
    int64_t height = stack_height(p, r->of.count);
    int64_t floats = (to - from) * B * wide * B;
    const float *b = p->u + pair * p->u_pair + s->l->u + from * B * wide * B, *next = b + floats;
    int64_t call = from / depth_blocks(p) * divide_up(r->of.count, height);
    for (int64_t at = 0; at < r->of.count; at += height, call++) {
        int64_t rows = rgm_least(height, r->of.count - at);
        const float *a = s->in_place ? rgm_conv_side_at(&p->in, r->of.image, (int32_t)from, B) + (r->of.first + at) * B
                                     : s->a + (r->of.done + at) * stack_floats(s) + from * rows * B;
        const float *ahead = p->sums.partial ? sums_ahead(s, pair, r, call, (to - from) * B) : NULL;
        if (!ahead) ahead = next + (r->of.done + at) * floats / s->count / LINE * LINE;
        p->k->gemm_blocks(a, s->in_place ? p->in.pixels * B : rows * B, b, to - from, rows, wide, from > 0,
                          r->c + at * B, r->c_block, ahead);
    }
}

static void finish_piece(const span *s, int32_t pair, const piece *r) {
    const pass *p = s->p;
    int32_t B = p->k->block;
    for (int32_t j = 0; j < pair_width(p, pair); j++) {
        int32_t block = 2 * pair + j;
        float *c = r->c + j * r->c_block;
        int64_t at = block_at(p, r->of.image, block);
        if (p->affine) {
            finish_rows(p, block, c, r->of.count, at + r->of.first * B);
            continue;
        }
        if (p->bias) add_bias(p, block, c, r->of.count);
        if (p->moments) add_moments(p, s->chunk, block, c, r->of.count, r->of.done == 0);
        if (p->sums.partial)
            rgm_sums_add(&p->sums, s->chunk, block, at + r->of.first * B, r->of.count, r->of.done == 0);
        if (!r->stored) p->k->grid_store(c, B, &s->l->out, r->of.first, r->of.count, p->y + at);
    }
}

static rgm_status run_span(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const pass *p = context;
    const lattice *l = p->lattice;
    int64_t index = chunk;
    while (index >= l->chunks) index -= l++->chunks;
    rgm_range r = rgm_range_part(p->N * l->per_image, (int32_t)l->chunks, (int32_t)index);
    span s = {.p = p, .l = l, .from = r.first, .count = r.end - r.first, .chunk = chunk};
    s.c = rgm_plan_scratch(p->plan, worker);
    s.a = s.c + 2 * l->span * p->k->block;
    s.in_place = l->taps == 1 && reads_in_place(&l->from[0], l->per_image, &p->in);
    if (!s.in_place) gather_span(&s);
    int64_t blocks = (int64_t)l->taps * p->in.blocks;
    for (int32_t pair = 0; pair < p->pairs; pair++) {
        int64_t from = 0;
        do { /* once at least: no taps, no products, but something to finish */
            int64_t to = rgm_least(from + depth_blocks(p), blocks);
            for (rgm_stretch of = rgm_stretch_of(s.from, s.count, l->per_image); rgm_stretch_next(&of);) {
                piece products = piece_of(&s, pair, &of);
                multiply_piece(&s, pair, &products, from, to);
                if (to == blocks) finish_piece(&s, pair, &products);
            }
            from = to;
        } while (from < blocks);
    }
    return RGM_OK;
}

/* Spans of so many pixels, of at most `most` each: whole rounds of CHUNKS, or an even number. */
static int64_t whole_rounds(int64_t pixels, int64_t most) {
    int64_t n = divide_up(pixels, most);
    return rgm_least(pixels, n > CHUNKS ? divide_up(n, CHUNKS) * CHUNKS : n + n % 2);
}

/* Sizes that follow from the lattices; their chunks in all. */
static int32_t set_lattice_sizes(pass *p) {
    int64_t chunks = 0, B = p->k->block, scratch = 0;
    for (lattice *l = p->lattice; l < p->lattice + p->lattices; l++) {
        l->u = p->u_pair;
        p->u_pair += (int64_t)l->taps * p->in.blocks * B * 2 * B;
        l->span = span_pixels(p->k, rgm_most(1, l->taps) * p->in.blocks * B);
        l->chunks = whole_rounds(p->N * l->per_image, l->span);
        chunks += l->chunks;
        scratch = rgm_most(scratch, l->span * B * (2 + (int64_t)l->taps * p->in.blocks));
    }
    rgm_plan_need_scratch(p->plan, rgm_float_bytes(scratch));
    return (int32_t)chunks;
}

static rgm_status plan_pass(const rgm_conv_site *site, pass *p, int32_t direction, rgm_source x, const rgm_store *store,
                            rgm_error *err) {
    rgm_plan *plan = site->plan;
    int32_t in = rgm_plan_node(plan, site->node)->in[0];
    int32_t gathers = direction == RGM_CONV_BACKWARD_DATA && rgm_sums_gatherer(plan, in) == site->node;
    rgm_sums sums;
    if (gathers) RGM_TRY(rgm_sums_begin(plan, in, store->y, &sums, err));
    p->pairs = (p->out.blocks + 1) / 2;
    rgm_plan_param(plan, rgm_plan_node(plan, site->node)->weight, &p->w);
    int32_t chunks = set_lattice_sizes(p);
    rgm_buffer u = rgm_plan_buffer(plan, rgm_float_bytes(p->pairs * p->u_pair));
    RGM_TRY(rgm_plan_phase_once(plan, site->node, &(rgm_phase_spec){"filters", run_filters, p, p->pairs * p->in.blocks},
                                err));
    rgm_plan_use(plan, u, &p->u);
    RGM_TRY(rgm_plan_phase(
        plan, site->node,
        &(rgm_phase_spec){direction == RGM_CONV_FORWARD ? "forward" : "backward data", run_span, p, chunks}, err));
    rgm_plan_work(plan, rgm_conv_flops(site), 0);
    rgm_plan_use(plan, u, NULL);
    rgm_conv_side_use(plan, &p->in, x);
    rgm_store_use(plan, store, &p->y, &p->affine, &p->residual);
    p->relu = store->relu;
    if (gathers) rgm_sums_take(plan, in, &sums, chunks, &p->sums);
    if (direction != RGM_CONV_FORWARD) return RGM_OK;
    rgm_moments moments = rgm_conv_moments(site, chunks);
    if (moments.chunks) rgm_plan_use(plan, moments.buffer, &p->moments);
    return RGM_OK;
}

static pass *make_pass(const rgm_conv_site *site, rgm_conv_side in, rgm_conv_side out) {
    pass *p = rgm_plan_state(site->plan, sizeof *p);
    if (!p) return NULL;
    p->plan = site->plan;
    p->k = rgm_plan_get(site->plan)->kernels;
    p->N = site->shape.N;
    p->in = in;
    p->out = out;
    return p;
}

rgm_status rgm_direct_forward(const rgm_conv_site *site, rgm_source x, const rgm_store *store, rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    const rgm_conv_side y = rgm_conv_output(site);
    pass *p = make_pass(site, rgm_conv_input(site), y);
    if (!p) return rgm_plan_no_memory(err);
    p->depth = (int64_t)s->R * s->S;
    p->lane = s->C * p->depth;
    p->lattices = 1;
    lattice *l = p->lattice;
    l->out = (rgm_grid){y.H, y.W, 1, 0, 0, y.W};
    l->per_image = y.pixels;
    for (int32_t t = 0; t < s->R * s->S; t++) {
        l->tap[l->taps] = t;
        l->from[l->taps++] = (rgm_grid){s->H, s->W, s->stride, t / s->S - s->pad, t % s->S - s->pad, y.W};
    }
    rgm_plan_param(site->plan, rgm_plan_node(site->plan, site->node)->bias, &p->bias);
    return plan_pass(site, p, RGM_CONV_FORWARD, x, store, err);
}

int32_t rgm_direct_gathers(const rgm_conv_shape *s) { return s->stride == 1; }

rgm_status rgm_direct_backward_data(const rgm_conv_site *site, rgm_buffer dy, rgm_buffer dx, rgm_error *err) {
    const rgm_conv_shape *s = &site->shape;
    pass *p = make_pass(site, rgm_conv_output(site), rgm_conv_input(site));
    if (!p) return rgm_plan_no_memory(err);
    p->lane = (int64_t)s->R * s->S;
    p->depth = s->C * p->lane;
    for (int32_t top = 0; top < s->stride; top++)
        for (int32_t left = 0; left < s->stride; left++) {
            lattice *l = &p->lattice[p->lattices];
            int32_t down = (s->H - top + s->stride - 1) / s->stride, across = (s->W - left + s->stride - 1) / s->stride;
            if (down < 1 || across < 1) continue;
            p->lattices++;
            l->out = (rgm_grid){s->H, s->W, s->stride, top, left, across};
            l->per_image = (int64_t)down * across;
            for (int32_t t = 0; t < s->R * s->S; t++) {
                int32_t h = top + s->pad - t / s->S, w = left + s->pad - t % s->S; /* stride times the output's place */
                if (h % s->stride || w % s->stride) continue;
                l->tap[l->taps] = t;
                l->from[l->taps++] = (rgm_grid){p->in.H, p->in.W, 1, h / s->stride, w / s->stride, across};
            }
        }
    const rgm_store store = {.y = dx, .affine = -1, .residual = -1};
    return plan_pass(site, p, RGM_CONV_BACKWARD_DATA, (rgm_source){.values = dy}, &store, err);
}

/* ---- backward weights ---- */

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
    int32_t strips;     /* of an image; 0: images of few pixels, gathered on both sides, several to a span */
    int64_t span;       /* pixels gathered at a time */
    int64_t pair, part; /* floats of d: [part][tap][in panel][out panel][in width][out width] */
    rgm_grid from[TAPS_MOST], whole;
    float *dw, *d;
    double *squares; /* of the reduction */
} weights;

/* A chunk: partial result, tap, panel of inputs, panel of outputs. */
typedef struct owner {
    int32_t part, tap, i, j;
} owner;

static int32_t owners(const weights *g) { return g->taps * g->in.count * g->out.count; } /* of a part */

static owner owner_of(const weights *g, int32_t chunk) {
    int32_t pair = chunk / g->out.count, rest = pair / g->in.count;
    return (owner){rest / g->taps, rest % g->taps, pair % g->in.count, chunk % g->out.count};
}

static float *owner_products(const weights *g, owner o) {
    return g->d + o.part * g->part + (((int64_t)o.tap * g->in.count + o.i) * g->out.count + o.j) * g->pair;
}

/* Pixels of a panel's blocks: `row` floats apart, a pixel's blocks `block` apart. */
typedef struct operand {
    const float *at;
    int64_t row, block;
} operand;

/* In the tensor itself. */
static operand operand_of(const panels *p, int32_t panel, int32_t B, const rgm_stretch *s) {
    return (operand){rgm_conv_side_at(&p->side, s->image, panel * p->width / B, B) + (int64_t)s->first * B, B,
                     p->side.pixels * B};
}

static int32_t panel_blocks(const weights *g, const panels *p, int32_t panel) {
    int32_t B = g->k->block;
    return (int32_t)rgm_least(p->width / B, p->side.blocks - panel * p->width / B);
}

/* The grid's pixels [s->first, s->first + s->count) of a panel. */
static void gather_panel(const weights *g, const panels *p, int32_t panel, const rgm_grid *grid, const rgm_stretch *s,
                         float *rows) {
    int32_t B = g->k->block, first = panel * p->width / B, blocks = panel_blocks(g, p, panel);
    for (int32_t b = 0; b < blocks; b++)
        gather(g->k, &p->side, s->image, first + b, grid, s->first, s->count, rows + b * B, p->row);
}

/* An owner's d (+)= a' z over n pixels. Meanwhile the first two blocks of a ask for the next two of z: gemm_outer asks
 * for n lines with each register tile. */
static void multiply_panels(const weights *g, owner o, operand a, operand z, int64_t n, int32_t again) {
    int32_t B = g->k->block, in = panel_blocks(g, &g->in, o.i), out = panel_blocks(g, &g->out, o.j);
    int32_t step = a.block == B ? in : 1; /* blocks of a that are side by side */
    float *d = owner_products(g, o);
    for (int32_t j = 0; j < out; j += 2)
        for (int32_t i = 0; i < in; i += step) {
            const float *rows = a.at + i * a.block;
            int32_t next = j + 2 + i;
            g->k->gemm_outer(rows, a.row, z.at + j * z.block, z.row, z.block, n, step * B,
                             (int32_t)rgm_least(2, out - j), again, d + i * B * g->out.width + j * B, g->out.width,
                             i < 2 && next < out ? z.at + next * z.block : rows);
        }
}

/* Chunk = owner, of strips of images. */
static rgm_status run_strips(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const weights *g = context;
    owner o = owner_of(g, chunk);
    int32_t B = g->k->block;
    float *gathered = rgm_plan_scratch(g->plan, worker);
    /* In place, a is multiplied block by block. */
    int32_t in_place =
        g->k->tuning->direct.in_place && reads_in_place(&g->from[o.tap], g->out.side.pixels, &g->in.side);
    rgm_range mine = rgm_range_part((int64_t)g->N * g->strips, g->parts, o.part);
    for (int64_t n = mine.first; n < mine.end; n++) {
        rgm_range r = rgm_range_part(g->out.side.pixels, g->strips, (int32_t)(n % g->strips));
        rgm_stretch s = {.image = n / g->strips, .first = (int32_t)r.first, .count = (int32_t)(r.end - r.first)};
        operand a = in_place ? operand_of(&g->in, o.i, B, &s) : (operand){gathered, g->in.row, B};
        if (!in_place) gather_panel(g, &g->in, o.i, &g->from[o.tap], &s, gathered);
        multiply_panels(g, o, a, operand_of(&g->out, o.j, B, &s), s.count, n > mine.first);
    }
    return RGM_OK;
}

/* Chunk = owner, of spans of pixels of several images. */
static rgm_status run_images(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const weights *g = context;
    owner o = owner_of(g, chunk);
    rgm_range r = rgm_range_part(g->N * g->out.side.pixels, g->parts, o.part);
    float *a = rgm_plan_scratch(g->plan, worker), *z = a + g->span * g->in.row;
    for (int64_t at = r.first; at < r.end; at += g->span) {
        int64_t count = rgm_least(g->span, r.end - at);
        for (rgm_stretch s = rgm_stretch_of(at, count, g->out.side.pixels); rgm_stretch_next(&s);) {
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
    double squares = 0;
    for (int32_t t = 0; t < g->taps; t++)
        for (int32_t b = from; b < rgm_least(from + REDUCED, out_blocks); b++) {
            int32_t c = b * B;
            owner o = {0, t, first / g->in.width, c / g->out.width};
            const float *d = owner_products(g, o) + (int64_t)(first % g->in.width) * g->out.width + c % g->out.width;
            g->k->unpack_filters(d, g->out.width, g->part, g->parts, (int32_t)rgm_least(B, g->out.side.channels - c), n,
                                 g->dw + c * lane + first * depth + t, lane, depth, &squares);
        }
    g->squares[chunk] = squares;
    return RGM_OK;
}

/* Panels of equal width, at most `width`. */
static void cut_panels(panels *p, int32_t B, int32_t width) {
    p->count = (int32_t)divide_up(p->side.blocks, width / B);
    p->width = (int32_t)(divide_up(p->side.blocks, p->count) * B);
    p->row = p->width + SKEW;
}

static void set_sizes(weights *g) {
    int32_t B = g->k->block;
    int64_t pixels = g->out.side.pixels;
    const rgm_direct_tuning *t = &g->k->tuning->direct;
    cut_panels(&g->in, B, t->panel_in);
    cut_panels(&g->out, B, t->panel_out);
    g->strips = pixels >= t->strip_least ? (int32_t)divide_up(pixels, t->strip_most) : 0;
    g->span = g->strips ? divide_up(pixels, g->strips) : span_pixels(g->k, g->in.row + g->out.row);
    g->pair = (int64_t)g->in.width * g->out.width;
    g->part = owners(g) * g->pair;
    /* Nine taps make no round of CHUNKS chunks: the most that fit into two. */
    int64_t parts = rgm_most(1, 2 * CHUNKS / owners(g));
    parts = rgm_least(rgm_least(parts, PARTS_MOST), PARTIAL_BYTES / (int64_t)rgm_float_bytes(g->part));
    parts = rgm_least(parts, g->N * pixels / PART_PIXELS);
    /* ... and some at least, for few cores, even if their pixels hardly repay them. */
    int64_t few = rgm_least(divide_up(FEW_CHUNKS, owners(g)), g->N * pixels / FEW_PIXELS);
    parts = rgm_most(1, rgm_most(parts, few));
    g->parts = (int32_t)(g->strips ? rgm_least(parts, (int64_t)g->N * g->strips) : parts);
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
    rgm_plan_need_scratch(site->plan, rgm_float_bytes(g->span * (g->in.row + (g->strips ? 0 : g->out.row))));
    rgm_buffer d = rgm_plan_buffer(site->plan, rgm_float_bytes(g->parts * g->part));
    RGM_TRY(rgm_plan_phase(
        site->plan, site->node,
        &(rgm_phase_spec){"backward weights", g->strips ? run_strips : run_images, g, g->parts * owners(g)}, err));
    rgm_plan_work(site->plan, rgm_conv_flops(site), 0);
    rgm_conv_side_use(site->plan, &g->in.side, x);
    rgm_conv_side_use(site->plan, &g->out.side, (rgm_source){.values = dy});
    rgm_plan_use(site->plan, d, &g->d);
    RGM_TRY(rgm_plan_phase(
        site->plan, site->node,
        &(rgm_phase_spec){"reduce", run_reduce, g, g->in.side.blocks * (int32_t)divide_up(g->out.side.blocks, REDUCED)},
        err));
    rgm_plan_use(site->plan, d, NULL);
    rgm_plan_squares(site->plan, rgm_plan_node(site->plan, site->node)->weight, RGM_NO_TENSOR, &g->squares);
    return RGM_OK;
}
