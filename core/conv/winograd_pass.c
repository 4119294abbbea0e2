#include "conv/winograd_pass.h"
#include <string.h>

int32_t rgm_wino_pair_width(const rgm_wino_pass *p, int32_t pair) {
    return (int32_t)rgm_least(2, p->out.blocks - 2 * pair);
}

int64_t rgm_wino_u_floats(const rgm_wino_pass *p) { return p->tile.filters * p->u_point; }

int32_t rgm_wino_stack_height(const rgm_wino_pass *p, int32_t count) {
    int32_t most = p->k->tuning->rows, stacks = (count + most - 1) / most;
    return (count + stacks - 1) / stacks;
}

int32_t rgm_wino_span(const rgm_wino_pass *p, int64_t floats) {
    const rgm_winograd_tuning *t = &p->k->tuning->winograd;
    int64_t rows = p->k->tuning->rows;
    int64_t tiles = t->span_bytes / (int64_t)sizeof(float) / p->tile.points / floats / rows * rows;
    return (int32_t)rgm_least(t->span_tiles, rgm_most(rows, tiles));
}

/* Channels of the padding multiply zeros: their filters are zero, too. */
void rgm_wino_transform_filters(const rgm_wino_pass *p, const rgm_wino_u *f) {
    int32_t B = p->k->block, wide = rgm_wino_pair_width(p, f->pair), row = wide * B;
    int32_t rows = (f->to - f->from) * B, real = (int32_t)rgm_least(rows, p->in.channels - f->from * B);
    rgm_filters shape = {real, p->lane, p->depth, row, p->u_point, B, p->tile.form, p->flip};
    for (int32_t j = 0; j < wide; j++) {
        int32_t channel = (2 * f->pair + j) * B;
        shape.lanes = (int32_t)rgm_least(B, p->out.channels - channel);
        p->k->wino_filter(p->w + channel * p->lane + f->from * B * p->depth, &shape, f->u + j * B);
    }
    if (real < rows)
        for (int32_t filter = 0; filter < p->tile.filters; filter++)
            memset(f->u + filter * p->u_point + (int64_t)real * row, 0, rgm_float_bytes((rows - real) * row));
}

/* Where tile `tile`, the first of a stack, begins. */
static int64_t stack_at(const rgm_wino_pass *p, int32_t height, int64_t tile) {
    return tile / height * p->in.blocks * height * p->k->block;
}

/* Tiles [from, from + count) of the batch, in one stack. */
static void transform_stack(const rgm_wino_pass *p, int32_t block, int64_t from, int64_t count, float *v) {
    int32_t B = p->k->block;
    const rgm_affine pending = rgm_conv_side_pending(&p->in, block, B);
    for (rgm_slice s = rgm_slice_of(from, count, p->per_image); rgm_slice_next(&s);) {
        const rgm_wino_tiles tiles = {s.first, s.count, B, p->v_point};
        p->k->wino_input(rgm_conv_side_at(&p->in, s.image, block, B), &pending, &p->in_shape, &tiles, v + s.done * B);
    }
}

void rgm_wino_transform_inputs(const rgm_wino_pass *p, const rgm_wino_v *tiles, int32_t block, rgm_range range) {
    for (int64_t t = range.first; t < range.end; t += tiles->height)
        transform_stack(p, block, tiles->first + t, rgm_least(tiles->height, range.end - t),
                        tiles->v + stack_at(p, tiles->height, t) + block * tiles->height * p->k->block);
}

void rgm_wino_multiply(const rgm_wino_pass *p, const rgm_wino_v *tiles, const rgm_wino_u *filters, rgm_range range,
                       float *m) {
    int32_t B = p->k->block, height = tiles->height;
    int64_t count = range.end - range.first, stacks = (count + height - 1) / height;
    rgm_gemm_blocks shape = {.blocks = filters->to - filters->from,
                             .a_block = height * B,
                             .c_block = count * B,
                             .wide = rgm_wino_pair_width(p, filters->pair),
                             .accumulate = filters->from > 0};
    for (int32_t point = 0; point < p->tile.points; point++)
        for (int64_t i = 0; i < stacks; i++) {
            int64_t t = range.first + i * height;
            const float *v = tiles->v + filters->from * height * B;
            const float *a = v + point * p->v_point + stack_at(p, height, t), *next = a + p->in.blocks * height * B;
            const float *b = filters->u + rgm_winograd_filter(p->tile, point) * p->u_point;
            if (p->u) /* filters come from further away than tiles: a part of the next point's */
                next = filters->u + rgm_winograd_filter(p->tile, point + 1) * p->u_point + p->u_point / stacks * i;
            else if (i + 1 == stacks)
                next = v + (point + 1) * p->v_point + stack_at(p, height, range.first);
            shape.rows = rgm_least(height, range.end - t);
            p->k->gemm_blocks(&shape, a, b, m + point * p->m_point + (t - range.first) * B, next);
        }
}

/* Products of a slice's tiles -> y + `at`, of a block, finished. */
static void finish_tiles(const rgm_wino_pass *p, int32_t block, const rgm_wino_tiles *tiles, const float *m,
                         int64_t at) {
    int64_t B = p->k->block;
    const rgm_affine last = {p->affine + block * B, p->affine + (p->out.blocks + block) * B, p->relu};
    p->k->wino_finish(m, tiles, &last, p->residual ? p->residual + at : NULL, &p->out_shape, p->y + at);
}

/* The same as they are, with the bias and, unless NULL, moments. */
static void output_tiles(const rgm_wino_pass *p, int32_t block, const rgm_wino_tiles *tiles, const float *m, int64_t at,
                         const rgm_wino_moments *moments) {
    int32_t B = p->k->block, channel = block * B;
    float bias[RGM_LANES_MOST] = {0}; /* the padding's lanes stay zero */
    if (p->bias) memcpy(bias, p->bias + channel, sizeof *bias * (size_t)rgm_least(B, p->out.channels - channel));
    p->k->wino_output(m, tiles, p->bias ? bias : NULL, &p->out_shape, p->y + at, moments);
}

void rgm_wino_store(const rgm_wino_pass *p, int32_t pair, rgm_range range, const float *m, int32_t chunk,
                    int32_t fresh) {
    int32_t B = p->k->block, wide = rgm_wino_pair_width(p, pair);
    int64_t count = range.end - range.first, channels = (int64_t)p->out.blocks * B;
    for (int32_t block = 2 * pair; block < 2 * pair + wide; block++, m += count * B)
        for (rgm_slice s = rgm_slice_of(range.first, count, p->per_image); rgm_slice_next(&s);) {
            int64_t at = s.image * p->out.image + block * p->out.pixels * B;
            const rgm_wino_tiles tiles = {s.first, s.count, B, p->m_point};
            rgm_wino_moments moments = {.pitch = channels, .fresh = fresh && s.done == 0};
            if (p->moments) moments.at = p->moments + chunk * RGM_MOMENTS * channels + block * B;
            if (p->affine)
                finish_tiles(p, block, &tiles, m + s.done * B, at);
            else
                output_tiles(p, block, &tiles, m + s.done * B, at, p->moments ? &moments : NULL);
        }
}

rgm_moments rgm_wino_plan_moments(const rgm_conv_site *site, const rgm_wino_pass *p, int32_t chunks) {
    return p->flip ? (rgm_moments){.chunks = 0} : rgm_conv_moments(site, chunks);
}

void rgm_wino_use_output(const rgm_conv_site *site, rgm_wino_pass *p, const rgm_store *store,
                         const rgm_moments *moments) {
    rgm_store_use(site->plan, store, &p->y, &p->affine, &p->residual);
    p->relu = store->relu;
    if (moments->chunks) rgm_plan_use(site->plan, moments->buffer, &p->moments);
}
