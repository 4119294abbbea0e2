#include "conv/winograd_many.h"

enum {
    CHUNKS = 64,      /* of a stage, where it has tiles enough: for the cores of a large machine */
    PART_TILES = 128, /* of F(4x4), that repay transforming the filters once more */
    PARTED = 512      /* tiles of F(4x4) of a stage that is cut into parts */
};

/* The tiles that are transformed at a time. */
typedef struct stage {
    rgm_wino_pass *p;
    int32_t index, first, count;
} stage;

/* Part `part` of tiles that begin with a stack, in whole stacks. */
static rgm_range stack_part(rgm_range tiles, int32_t height, int32_t parts, int32_t part) {
    rgm_range r = rgm_range_part((tiles.end - tiles.first + height - 1) / height, parts, part);
    return (rgm_range){tiles.first + r.first * height, rgm_least(tiles.first + r.end * height, tiles.end)};
}

static rgm_range stage_part(const stage *s, int32_t height, int32_t parts, int32_t part) {
    return stack_part((rgm_range){0, s->count}, height, parts, part);
}

/* Chunk = input block and part of the tiles. */
static rgm_status run_inputs(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)worker, (void)err;
    const stage *s = context;
    int32_t height = rgm_wino_stack_height(s->p, s->count);
    rgm_range part = stage_part(s, height, RGM_WINO_TILE_PARTS, chunk % RGM_WINO_TILE_PARTS);
    rgm_wino_transform_inputs(s->p, &(rgm_wino_v){s->first, height, s->p->v}, chunk / RGM_WINO_TILE_PARTS, part);
    return RGM_OK;
}

/* Chunk = part of the tiles, and pair. */
static rgm_status run_pair(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    (void)err;
    const stage *s = context;
    const rgm_wino_pass *p = s->p;
    rgm_wino_u f = {.pair = chunk % p->pairs, .u = rgm_plan_scratch(p->plan, worker)};
    const rgm_wino_v v = {s->first, rgm_wino_stack_height(p, s->count), p->v};
    float *m = f.u + rgm_wino_u_floats(p);
    int32_t part = chunk / p->pairs;
    rgm_range tiles = stage_part(s, v.height, p->parts, part);
    int32_t spans = (int32_t)((tiles.end - tiles.first + p->span - 1) / p->span);
    for (; f.from < p->in.blocks; f.from = f.to) {
        f.to = (int32_t)rgm_least(f.from + p->filter_blocks, p->in.blocks);
        rgm_wino_transform_filters(p, &f);
        for (int32_t i = 0; i < spans; i++) {
            rgm_range span = stack_part(tiles, v.height, spans, i);
            rgm_wino_multiply(p, &v, &f, span, m);
            if (f.to < p->in.blocks) continue;
            const rgm_range stored = {s->first + span.first, s->first + span.end};
            rgm_wino_store(p, f.pair, stored, m, s->index * p->parts + part, i == 0);
        }
    }
    return RGM_OK;
}

static double tile_bytes(const rgm_conv_side *side, const rgm_wino_pass *p, int32_t tiles) { /* of one pixel or point */
    return (double)sizeof(float) * side->blocks * p->k->block * tiles;
}

/* Parts of a stage of at least `tiles` tiles. */
static int32_t count_parts(const rgm_wino_pass *p, int32_t tiles) {
    if (tiles < rgm_winograd_fit(p->tile, PARTED)) return 1;
    return (int32_t)rgm_least((CHUNKS + p->pairs - 1) / p->pairs, tiles / rgm_winograd_fit(p->tile, PART_TILES));
}

rgm_status rgm_winograd_plan_many(const rgm_conv_site *site, rgm_wino_pass *p, const char *what, rgm_source x,
                                  const rgm_store *store, rgm_error *err) {
    const rgm_wino_side side = p->tile.side;
    int32_t points = p->tile.points, most = rgm_winograd_fit(p->tile, p->k->tuning->winograd.stage_tiles);
    int32_t stages = (p->tiles + most - 1) / most, longest = (p->tiles + stages - 1) / stages;
    /* half of the cache: the rest is for filters and inputs */
    p->span = rgm_wino_span(p, 2 * p->k->block * 2);
    int32_t in_parts = longest <= p->span * (rgm_winograd_shares(p->tile) ? 2 : 1);
    if (in_parts) p->span = longest;
    p->v_point = (int64_t)p->in.blocks * p->k->block * (longest + p->k->tuning->rows) + RGM_CONV_SKEW;
    p->m_point = (int64_t)2 * p->k->block * (p->span + p->k->tuning->rows) + RGM_CONV_SKEW;
    p->filter_blocks =
        in_parts ? (int32_t)rgm_least(p->in.blocks, rgm_winograd_fit(p->tile, p->k->tuning->winograd.filter_blocks))
                 : p->in.blocks;
    p->u_point = (int64_t)p->filter_blocks * p->k->block * 2 * p->k->block + RGM_CONV_SKEW;
    rgm_plan_need_scratch(site->plan, rgm_float_bytes(rgm_wino_u_floats(p) + points * p->m_point));
    rgm_buffer v = rgm_plan_buffer(site->plan, rgm_float_bytes(points * p->v_point));
    p->parts = count_parts(p, p->tiles / stages);
    rgm_moments moments = rgm_wino_plan_moments(site, p, stages * p->parts);
    stage *list = rgm_plan_state(site->plan, sizeof *list * (size_t)stages);
    if (!list) return rgm_plan_no_memory(err);
    for (int32_t i = 0; i < stages; i++) {
        rgm_range part = rgm_range_part(p->tiles, stages, i);
        list[i] = (stage){p, i, (int32_t)part.first, (int32_t)(part.end - part.first)};
        RGM_TRY(rgm_plan_phase(site->plan, site->node,
                               &(rgm_phase_spec){"tiles", run_inputs, &list[i], p->in.blocks * RGM_WINO_TILE_PARTS},
                               err));
        rgm_plan_work(site->plan, 0, (points + side.step * side.step) * tile_bytes(&p->in, p, list[i].count));
        rgm_conv_side_use(site->plan, &p->in, x);
        rgm_plan_use(site->plan, v, &p->v);
        RGM_TRY(rgm_plan_phase(site->plan, site->node, &(rgm_phase_spec){what, run_pair, &list[i], p->parts * p->pairs},
                               err));
        rgm_plan_work(site->plan, rgm_winograd_flops(&site->shape, p->tile, list[i].count),
                      points * tile_bytes(&p->in, p, list[i].count) +
                          side.tile * side.tile * tile_bytes(&p->out, p, list[i].count));
        rgm_plan_use(site->plan, v, NULL);
        rgm_wino_use_output(site, p, store, &moments);
    }
    return RGM_OK;
}
