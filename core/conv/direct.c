/* Our own forward pass and backward data.
 *
 * Each tap of the window reads a grid of input pixels, one for each output pixel. A chunk is a span of output pixels.
 * It gathers what the taps read for them, [tap][input block][pixel][B], applies what is pending, and multiplies it with
 * the filters, [tap][input channel][pair of output blocks]. Where there is one tap, the grid is the whole image and
 * nothing is pending, it reads the pixels where they are.
 *
 * An example: conv3 of ResNet-50's first block, 1x1, 64 to 256 channels on 56x56, batch 16, with 16 lanes and the
 * caches of AVX-512's tuning. The input has 4 blocks of 16 channels, the output 16, which make 8 pairs.
 *   - filters: 8 pairs times 4 blocks, 32 chunks, each packs 16 input by 32 output channels.
 *   - forward: a gathered pixel is 64 floats. 700 KiB would hold 2796 of them; the tuning's limit is 192. The batch has
 *     16 * 3136 = 50176 pixels, so 262 spans, made five rounds of 64: 320 chunks of 156 or 157 pixels.
 *   - a chunk gathers its pixels, because the batch norm before is pending. For each pair it multiplies 64 channels by
 *     32 filters (the first-level cache holds the filters of 128), stores 157 pixels, and adds them to its moments.
 *
 * Backward data is the same with the channels exchanged. With stride 2 the input's pixels are four lattices: (even row,
 * even column), (even, odd), (odd, even), (odd, odd). Those of one lattice are reached by the same taps, those of a 3x3
 * window with padding 1 by 1, 2, 2 and 4. A lattice that no tap reaches gets zeros.
 *
 * Sizes follow from the tuning and the shape alone. They change no bits of the output, only how its moments or sums are
 * cut into chunks.
 */
#include "conv/direct.h"
#include <string.h>
#include "conv/direct_pixels.h"
#include "plan/sums.h"

enum { LATTICES_MOST = 4, LINE = 16 /* floats of a cache line */ };

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

/* Output pixels that the same taps reach. */
typedef struct lattice {
    rgm_grid out;      /* where they are */
    int64_t per_image; /* pixels */
    int32_t taps, tap[RGM_DIRECT_TAPS];
    rgm_grid from[RGM_DIRECT_TAPS]; /* what each tap reads for them */
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
                rgm_filters shape = {.n = n, .lane = p->lane, .depth = p->depth, .row = row};
                shape.lanes = (int32_t)rgm_least(B, p->out.channels - channel);
                p->k->pack_filters(p->w + channel * p->lane + block * B * p->depth + l->tap[t], &shape, u + j * B);
            }
            /* channels of the padding multiply zeros */
            memset(u + n * row, 0, rgm_float_bytes((int64_t)(B - n) * row));
        }
    return RGM_OK;
}

typedef struct span {
    const pass *p;
    const lattice *l;
    int64_t from, count;
    int32_t chunk, in_place; /* in_place: the pixels are read where they are, there is nothing to gather */
    float *a, *c;            /* scratch: gathered pixels [stack][tap][block][rows][B]; products [2][count][B] */
} span;

/* Gathered pixels lie in stacks, as high as a register tile at most, so that what a product reads is one range of
 * memory. A slice's n pixels are cut into stacks of nearly equal height. */
static int64_t stack_height(const pass *p, int64_t n) { return rgm_divide_up(n, rgm_divide_up(n, p->k->tuning->rows)); }

static int64_t stack_floats(const span *s) { /* per pixel */
    return (int64_t)s->l->taps * s->p->in.blocks * s->p->k->block;
}

static void gather_span(const span *s) {
    const pass *p = s->p;
    int32_t B = p->k->block;
    for (rgm_slice of = rgm_slice_of(s->from, s->count, s->l->per_image); rgm_slice_next(&of);) {
        int64_t height = stack_height(p, of.count);
        for (int64_t at = 0; at < of.count; at += height) {
            int64_t rows = rgm_least(height, of.count - at);
            float *a = s->a + (of.done + at) * stack_floats(s);
            const rgm_grid_part part = {of.first + at, rows, B};
            for (int32_t t = 0; t < s->l->taps; t++)
                for (int32_t b = 0; b < p->in.blocks; b++, a += rows * B) {
                    const rgm_affine pending = rgm_conv_side_pending(&p->in, b, B);
                    p->k->grid_load(rgm_conv_side_at(&p->in, of.image, b, B), &pending, &s->l->from[t], &part, a);
                }
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
        if (fresh) {
            m[i] = m[2 * pitch + i] = m[3 * pitch + i] = 0;
            m[pitch + i] = (double)rows[i];
        }
        k[i] = (float)m[pitch + i];
        m[i] += (double)n;
    }
    p->k->bn_stats(rows, n, k, m + 2 * pitch, m + 3 * pitch);
}

/* The products of a slice; they go to y itself where its pixels are those of the grid, one after the other. */
typedef struct products {
    rgm_slice of;
    float *c;
    int64_t c_block; /* floats from a block of the pair to the other */
    int32_t stored;  /* c is y */
} products;

static int64_t block_at(const pass *p, int64_t image, int32_t block) { /* of y */
    return image * p->out.image + block * p->out.pixels * p->k->block;
}

/* Rows -> y + `at`, of a block, finished. */
static void finish_rows(const pass *p, int32_t block, const float *rows, int64_t n, int64_t at) {
    int64_t B = p->k->block;
    const rgm_affine last = {p->affine + block * B, p->affine + (p->out.blocks + block) * B, p->relu};
    p->k->bn_fwd(rows, &last, p->residual ? p->residual + at : NULL, NULL, p->y + at, n);
}

static products products_of(const span *s, int32_t pair, const rgm_slice *of) {
    const pass *p = s->p;
    int32_t B = p->k->block;
    products r = {.of = *of};
    r.stored = !p->affine && rgm_direct_is_whole(&s->l->out, &p->out);
    r.c = r.stored ? p->y + block_at(p, of->image, 2 * pair) + of->first * B : s->c + of->done * B;
    r.c_block = r.stored ? p->out.pixels * B : s->count * B;
    return r;
}

/* A slice's sums read tensors that lie in memory, a row of lines of each for each of the pair's blocks. The products
 * before ask for them, `lines` lines in a call: where the lines of call `call` begin, or NULL when all are asked for.
 * (A shorter last range of the depth asks for some once more; they are near by then.) */
static const float *sums_ahead(const span *s, int32_t pair, const products *r, int64_t call, int64_t lines) {
    const pass *p = s->p;
    int64_t row = rgm_divide_up(r->of.count * p->k->block, LINE), calls = rgm_divide_up(row, lines),
            wide = pair_width(p, pair);
    int64_t at = rgm_most(0, rgm_least(call % calls * lines, row - lines)), index = call / calls;
    const float *from = rgm_sums_read(&p->sums, index / wide);
    if (!from) return NULL;
    return from + block_at(p, r->of.image, 2 * pair + (int32_t)(index % wide)) + r->of.first * p->k->block + at * LINE;
}

/* Adds the products of blocks [from, to) of the depth, and asks for what the sums read, and then for the filters of the
 * next ones: each pixel of the span for its share of them, in whole lines. */
static void multiply_slice(const span *s, int32_t pair, const products *r, int64_t from, int64_t to) {
    const pass *p = s->p;
    int32_t B = p->k->block, wide = pair_width(p, pair);
    int64_t height = stack_height(p, r->of.count);
    int64_t floats = (to - from) * B * wide * B;
    const float *b = p->u + pair * p->u_pair + s->l->u + from * B * wide * B, *next = b + floats;
    int64_t call = from / depth_blocks(p) * rgm_divide_up(r->of.count, height);
    for (int64_t at = 0; at < r->of.count; at += height, call++) {
        int64_t rows = rgm_least(height, r->of.count - at);
        const float *a = s->in_place ? rgm_conv_side_at(&p->in, r->of.image, (int32_t)from, B) + (r->of.first + at) * B
                                     : s->a + (r->of.done + at) * stack_floats(s) + from * rows * B;
        const float *ahead = p->sums.partial ? sums_ahead(s, pair, r, call, (to - from) * B) : NULL;
        if (!ahead) ahead = next + (r->of.done + at) * floats / s->count / LINE * LINE;
        const rgm_gemm_blocks shape = {to - from,  rows, s->in_place ? p->in.pixels * B : rows * B,
                                       r->c_block, wide, from > 0};
        p->k->gemm_blocks(&shape, a, b, r->c + at * B, ahead);
    }
}

static void finish_slice(const span *s, int32_t pair, const products *r) {
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
        if (!r->stored) p->k->grid_store(c, &s->l->out, &(rgm_grid_part){r->of.first, r->of.count, B}, p->y + at);
    }
}

static rgm_status run_span(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const pass *p = context;
    const lattice *l = p->lattice;
    int64_t index = chunk;
    while (index >= l->chunks) index -= l++->chunks;
    rgm_range pixels = rgm_range_part(p->N * l->per_image, (int32_t)l->chunks, (int32_t)index);
    span s = {.p = p, .l = l, .from = pixels.first, .count = pixels.end - pixels.first, .chunk = chunk};
    s.c = rgm_plan_scratch(p->plan, worker);
    s.a = s.c + 2 * l->span * p->k->block;
    s.in_place = l->taps == 1 && rgm_direct_in_place(&l->from[0], l->per_image, &p->in);
    if (!s.in_place) gather_span(&s);
    int64_t blocks = (int64_t)l->taps * p->in.blocks;
    for (int32_t pair = 0; pair < p->pairs; pair++) {
        int64_t from = 0;
        do { /* once at least: no taps, no products, but something to finish */
            int64_t to = rgm_least(from + depth_blocks(p), blocks);
            for (rgm_slice of = rgm_slice_of(s.from, s.count, l->per_image); rgm_slice_next(&of);) {
                products r = products_of(&s, pair, &of);
                multiply_slice(&s, pair, &r, from, to);
                if (to == blocks) finish_slice(&s, pair, &r);
            }
            from = to;
        } while (from < blocks);
    }
    return RGM_OK;
}

/* Spans of so many pixels, of at most `most` each: whole rounds of RGM_DIRECT_CHUNKS, or an even number. */
static int64_t whole_rounds(int64_t pixels, int64_t most) {
    int64_t n = rgm_divide_up(pixels, most);
    return rgm_least(pixels,
                     n > RGM_DIRECT_CHUNKS ? rgm_divide_up(n, RGM_DIRECT_CHUNKS) * RGM_DIRECT_CHUNKS : n + n % 2);
}

/* Sizes that follow from the lattices; their chunks in all. */
static int32_t set_lattice_sizes(pass *p) {
    int64_t chunks = 0, B = p->k->block, scratch = 0;
    for (lattice *l = p->lattice; l < p->lattice + p->lattices; l++) {
        l->u = p->u_pair;
        p->u_pair += (int64_t)l->taps * p->in.blocks * B * 2 * B;
        l->span = rgm_direct_span(p->k, rgm_most(1, l->taps) * p->in.blocks * B);
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
