#include "conv/winograd_few.h"

enum {
    SPANS_LEAST = 8,  /* of F(2x2), so that threads get equal shares of a small map */
    IMAGES_LEAST = 16 /* in a batch that is cut into images */
};

/* Chunk = pair and input block. */
static rgm_status run_filters(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const rgm_wino_pass *p = context;
    int32_t pair = chunk / p->in.blocks, block = chunk % p->in.blocks, B = p->k->block;
    float *u = p->u + pair * rgm_wino_u_floats(p) + (int64_t)block * B * rgm_wino_pair_width(p, pair) * B;
    rgm_wino_transform_filters(p, &(rgm_wino_u){pair, block, block + 1, u});
    return RGM_OK;
}

static int32_t spans(const rgm_wino_pass *p) { return (p->tiles + p->span - 1) / p->span; }

static void convolve_span(const rgm_wino_pass *p, rgm_range tiles, int32_t chunk, int32_t worker) {
    int32_t count = (int32_t)(tiles.end - tiles.first);
    const rgm_wino_v v = {tiles.first, rgm_wino_stack_height(p, count), rgm_plan_scratch(p->plan, worker)};
    const rgm_range all = {0, count};
    float *m = v.v + p->tile.points * p->v_point;
    for (int32_t b = 0; b < p->in.blocks; b++) rgm_wino_transform_inputs(p, &v, b, all);
    for (int32_t pair = 0; pair < p->pairs; pair++) {
        const rgm_wino_u filters = {pair, 0, p->in.blocks, p->u + pair * rgm_wino_u_floats(p)};
        rgm_wino_multiply(p, &v, &filters, all, m);
        rgm_wino_store(p, pair, tiles, m, chunk, 1);
    }
}

static rgm_status run_span(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const rgm_wino_pass *p = context;
    convolve_span(p, rgm_range_part(p->tiles, spans(p), chunk), chunk, worker);
    return RGM_OK;
}

/* What fills the last register tile of a span costs no time. */
static int32_t longest_span(const rgm_wino_pass *p) { return p->span + p->k->tuning->rows - 1; }

/* Spans of an image. */
static int32_t image_parts(const rgm_wino_pass *p) { return (p->per_image + longest_span(p) - 1) / longest_span(p); }

/* Chunk = image. */
static rgm_status run_image(void *context, int32_t image, int32_t worker, rgm_error *err) {
    (void)err;
    const rgm_wino_pass *p = context;
    for (int32_t i = 0; i < image_parts(p); i++) {
        rgm_range part = rgm_range_part(p->per_image, image_parts(p), i);
        int64_t first = (int64_t)image * p->per_image;
        convolve_span(p, (rgm_range){first + part.first, first + part.end}, image, worker);
    }
    return RGM_OK;
}

/* In evaluation: 1 if a chunk is an image, so that a worker may take it through several layers (rgm_plan_phase_images):
 * where an image's spans are no shorter than others, and the batch has images enough for many cores. */
static int32_t by_image(const rgm_wino_pass *p) {
    return rgm_plan_shares(p->plan) && p->images >= IMAGES_LEAST && p->per_image >= p->span * image_parts(p);
}

static rgm_status plan_phase(const rgm_conv_site *site, rgm_wino_pass *p, const char *what, rgm_error *err) {
    if (by_image(p))
        return rgm_plan_phase_images(site->plan, site->node, &(rgm_phase_spec){what, run_image, p, p->images}, err);
    return rgm_plan_phase(site->plan, site->node, &(rgm_phase_spec){what, run_span, p, spans(p)}, err);
}

/* As many tiles as the cache holds. F(2x2) is for small maps, of which that can be most of a batch: fewer there. */
static int32_t few_span(const rgm_wino_pass *p) {
    int32_t rows = p->k->tuning->rows, share = (p->tiles + SPANS_LEAST - 1) / SPANS_LEAST;
    int32_t most = rgm_wino_span(p, (int64_t)(p->in.blocks + 2) * p->k->block);
    return p->tile.form == RGM_WINO_2 ? (int32_t)rgm_least(most, (share + rows - 1) / rows * rows) : most;
}

rgm_status rgm_winograd_plan_few(const rgm_conv_site *site, rgm_wino_pass *p, const char *what, rgm_source x,
                                 const rgm_store *store, rgm_error *err) {
    p->span = few_span(p);
    p->v_point = (int64_t)p->in.blocks * p->k->block * (p->span + p->k->tuning->rows) + RGM_CONV_SKEW;
    p->m_point = (int64_t)2 * p->k->block * longest_span(p) + RGM_CONV_SKEW;
    rgm_plan_need_scratch(site->plan, rgm_float_bytes(p->tile.points * (p->v_point + p->m_point)));
    rgm_buffer u = rgm_plan_buffer(site->plan, rgm_float_bytes(p->pairs * rgm_wino_u_floats(p)));
    RGM_TRY(rgm_plan_phase_once(site->plan, site->node,
                                &(rgm_phase_spec){"filters", run_filters, p, p->pairs * p->in.blocks}, err));
    rgm_plan_use(site->plan, u, &p->u);
    RGM_TRY(plan_phase(site, p, what, err));
    rgm_plan_work(site->plan, rgm_winograd_flops(&site->shape, p->tile, p->tiles), 0);
    rgm_plan_use(site->plan, u, NULL);
    rgm_conv_side_use(site->plan, &p->in, x);
    rgm_moments moments = rgm_wino_plan_moments(site, p, spans(p));
    rgm_wino_use_output(site, p, store, &moments);
    return RGM_OK;
}
