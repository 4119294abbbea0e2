#include "inspect/pairs.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns are taken in panels of 16, some panels at once in the second-level cache; rows in tiles that the first-level
 * cache holds with their products. */
enum { HALF = RGM_SKETCH_HALF, PANEL = 16, PANELS = 16, TILE = 48, TILES = 6, ROWS = TILE * TILES };
enum { DEPTH = HALF + 2, AT_ONCE = 64, BEST = RGM_PAIRS_BEST, OTHERS = 3 };

/* Products are of halves of whole numbers. They are exact while squared lengths are at most EXACT; rounded, they may be
 * less by SLACK (2^-24 of their largest sums, twice). A product has to be above LESS below half a distance. */
#define SLACK 256.0f
#define LESS  0.25f
enum { EXACT = 1 << 22, PAIRS_AT_ONCE = 1 << 30, CHUNKS_LEAST = 8 };

struct rgm_pairs {
    int16_t (*first)[HALF][PANEL]; /* [panels] the first halves: number by number, of 16 images */
    int16_t (*second)[HALF];       /* [count] */
    int64_t count;
};

/* What a worker computes in. */
typedef struct room {
    float rows[TILES][DEPTH][TILE];
    float columns[PANELS][DEPTH][PANEL];
    float even[TILE][PANEL], odd[TILE][PANEL]; /* products */
    float least[ROWS];                         /* what a product has to exceed */
    int64_t own[ROWS];                         /* where the row's part begins */
} room;

typedef struct work {
    const rgm_pairs_search *s;
    room *rooms;       /* [workers] */
    int64_t from;      /* the first row of this run's first chunk */
    int32_t even;      /* of the first half */
    int16_t odd[HALF]; /* -1: an odd number of the second half; else 0 */
    float slack;       /* of products */
    float reach;       /* what they have to exceed */
    int32_t radius;
} work;

/* ---- the store ---- */

void rgm_pairs_destroy(rgm_pairs *p) {
    if (!p) return;
    free(p->first);
    free(p->second);
    free(p);
}

rgm_status rgm_pairs_create(rgm_pairs **pairs, int64_t count, rgm_error *err) {
    rgm_pairs *p = calloc(1, sizeof *p);
    *pairs = p;
    if (!p) return rgm_fail(err, RGM_E_NOMEM, "inspect: out of memory");
    if (count >= INT32_MAX)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "inspect: near duplicates among %" PRId64 " images, more than 2^31",
                        count);
    p->count = count;
    p->first = calloc((size_t)(count + PANEL - 1) / PANEL + 1, sizeof *p->first);
    p->second = calloc((size_t)count + 1, sizeof *p->second);
    if (!p->first || !p->second)
        return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for sketches of %" PRId64 " images", count);
    return RGM_OK;
}

void rgm_pairs_put(rgm_pairs *p, int64_t place, const rgm_sketch *sketch) {
    for (int32_t i = 0; i < HALF; i++) p->first[place / PANEL][i][place % PANEL] = sketch->of[i];
    memcpy(p->second[place], sketch->of + HALF, sizeof p->second[place]);
}

void rgm_pairs_get(const rgm_pairs *p, int64_t place, rgm_sketch *sketch) {
    for (int32_t i = 0; i < HALF; i++) sketch->of[i] = p->first[place / PANEL][i][place % PANEL];
    memcpy(sketch->of + HALF, p->second[place], sizeof p->second[place]);
}

/* ---- operands: the even numbers, two that add -|x|^2 / 2 of both sides, the odd ones ---- */

static void load_column(const rgm_pairs *p, int64_t panel, int32_t even, float to[DEPTH][PANEL]) {
    float squares[PANEL] = {0};
    for (int32_t i = 0; i < HALF; i++) {
        float *row = to[i < even ? i : i + 2];
        for (int32_t l = 0; l < PANEL; l++) {
            float v = p->first[panel][i][l];
            row[l] = v;
            squares[l] += v * v;
        }
    }
    for (int32_t l = 0; l < PANEL; l++) {
        to[even][l] = 1;
        to[even + 1][l] = -squares[l] / 2;
    }
}

static int64_t begin_of_part(const rgm_pairs_search *s, int64_t place) {
    int64_t begin = 0;
    for (int32_t i = 0; i < s->part_count && s->parts[i] <= place; i++) begin = s->parts[i];
    return begin;
}

/* Rows beyond the last are like the last. */
static void load_rows(const work *w, int64_t first, room *r) {
    for (int32_t i = 0; i < ROWS; i++) {
        int64_t place = first + i < w->s->count ? first + i : w->s->count - 1;
        float squares = 0;
        float(*to)[TILE] = r->rows[i / TILE];
        for (int32_t k = 0; k < HALF; k++) {
            float v = w->s->pairs->first[place / PANEL][k][place % PANEL];
            to[k < w->even ? k : k + 2][i % TILE] = v;
            squares += v * v;
        }
        to[w->even][i % TILE] = -squares / 2;
        to[w->even + 1][i % TILE] = 1;
        r->least[i] = w->reach;
        r->own[i] = begin_of_part(w->s, place);
    }
}

/* ---- candidates ---- */

/* What the product of a pair at this distance, or a smaller one, exceeds. */
static float above(const work *w, int32_t distance) { return -(float)distance / 2 - LESS - w->slack; }

/* Candidates of a row, while they are searched: OTHERS of the parts before its own, and behind them those of its own.
 * In the first part all are its own. */
typedef struct bests {
    rgm_candidate *list;
    int32_t places;
} bests;

static bests bests_of(const work *w, int64_t row, int64_t own, int64_t column) {
    rgm_candidate *list = w->s->candidates + row * BEST;
    if (!own) return (bests){list, BEST};
    return column < own ? (bests){list, OTHERS} : (bests){list + OTHERS, BEST - OTHERS};
}

static void insert(rgm_candidate *list, int32_t places, int32_t other, int32_t distance) {
    int32_t at = places - 1;
    for (; at > 0 && (list[at - 1].other < 0 || list[at - 1].distance > distance); at--) list[at] = list[at - 1];
    list[at] = (rgm_candidate){.other = other, .distance = distance};
}

/* Of the second halves of two sketches: (x + y)^2 is (x - y)^2 + 4 x y. */
static int32_t rest_of(const int16_t x[HALF], const int16_t y[HALF], const int16_t odd[HALF]) {
    int32_t minus = 0, product = 0;
    for (int32_t i = 0; i < HALF; i++) {
        const int32_t d = x[i] - y[i];
        minus += d * d;
        product += x[i] * (y[i] & odd[i]);
    }
    return product < 0 ? minus + 4 * product : minus;
}

/* A pair whose first halves are close: -2 * product is their squared distance. Together with that of the second halves
 * it bounds the distance from below. Columns come in ascending order, so of equal distances the first stays. */
static void measure(const work *w, int64_t row, int64_t own, int64_t column, float product, float *least) {
    const rgm_pairs *p = w->s->pairs;
    const bests b = bests_of(w, row, own, column);
    const rgm_candidate *last = &b.list[b.places - 1];
    rgm_sketch one, other;
    if (column >= row) return;
    int32_t most = last->other < 0 ? w->radius : last->distance - 1;
    const double first = -2 * ((double)product + (double)w->slack);
    if (rest_of(p->second[row], p->second[column], w->odd) + first > most) return;
    rgm_pairs_get(p, row, &one);
    rgm_pairs_get(p, column, &other);
    int32_t distance = rgm_sketch_distance(w->s->sketcher, &one, &other);
    if (distance > most) return;
    insert(b.list, b.places, (int32_t)column, distance);
    if (last->other < 0) return;
    most = last->distance - 1;
    *least = most < 0 ? INFINITY : above(w, most); /* of many that are alike none is better than these */
}

/* Four at a time, on any machine that has them. */
typedef float four __attribute__((vector_size(16)));
typedef int32_t four_bits __attribute__((vector_size(16)));

static int32_t any_above(const float *even, const float *odd, float least) {
    const four_bits unsigned_bits = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX};
    const four limit = {least, least, least, least};
    four_bits any = {0};
    for (int32_t l = 0; l < PANEL; l += 4) {
        four e;
        four_bits o;
        memcpy(&e, even + l, sizeof e);
        memcpy(&o, odd + l, sizeof o);
        any |= e + (four)(o & unsigned_bits) > limit;
    }
    return (any[0] | any[1]) | (any[2] | any[3]);
}

static void filter(const work *w, room *r, int64_t first_row, int32_t tile, int64_t first_column) {
    for (int32_t i = 0; i < TILE; i++) {
        float *least = &r->least[tile * TILE + i];
        int64_t row = first_row + tile * TILE + i, own = r->own[tile * TILE + i] - first_column;
        if (own >= 0 && own < PANEL) *least = w->reach; /* its own part begins here */
        if (!any_above(r->even[i], r->odd[i], *least) || row >= w->s->count) continue;
        for (int32_t l = 0; l < PANEL; l++) {
            float product = r->even[i][l] + fabsf(r->odd[i][l]);
            if (l == own) *least = w->reach;
            if (product > *least) measure(w, row, own + first_column, first_column + l, product, least);
        }
    }
}

/* ---- products ---- */

static void multiply(const work *w, room *r, int32_t tile, int32_t panel) {
    const rgm_kernels *k = w->s->device->kernels;
    rgm_gemm_outer shape = {.depth = w->even + 2,
                            .rows = TILE,
                            .a_row = TILE,
                            .b_row = PANEL,
                            .b_block = k->block,
                            .c_row = PANEL,
                            .wide = PANEL / k->block};
    const float *columns = r->columns[panel][0];
    k->gemm_outer(&shape, r->rows[tile][0], columns, r->even[0], columns);
    shape.depth = HALF - w->even;
    k->gemm_outer(&shape, r->rows[tile][w->even + 2], r->columns[panel][w->even + 2], r->odd[0], columns);
}

/* The closest first, without gaps. */
static void close_up(rgm_candidate *list) {
    rgm_candidate found[BEST];
    int32_t count = 0;
    for (int32_t i = 0; i < BEST; i++) {
        if (list[i].other < 0) continue;
        int32_t at = count++;
        for (; at > 0 && found[at - 1].distance > list[i].distance; at--) found[at] = found[at - 1];
        found[at] = list[i];
    }
    for (int32_t i = 0; i < BEST; i++) list[i] = i < count ? found[i] : (rgm_candidate){.other = -1};
}

static rgm_status find_rows(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const work *w = context;
    room *r = &w->rooms[worker];
    int64_t row = w->from + (int64_t)chunk * ROWS;
    int64_t end = row + ROWS < w->s->count ? row + ROWS : w->s->count, panels = (end + PANEL - 1) / PANEL;
    (void)err;
    load_rows(w, row, r);
    for (int64_t i = row * BEST; i < end * BEST; i++) w->s->candidates[i] = (rgm_candidate){.other = -1};
    for (int64_t panel = 0; panel < panels; panel += PANELS) {
        int32_t count = panel + PANELS < panels ? PANELS : (int32_t)(panels - panel);
        for (int32_t i = 0; i < count; i++) load_column(w->s->pairs, panel + i, w->even, r->columns[i]);
        for (int32_t tile = 0; tile < TILES; tile++)
            for (int32_t i = 0; i < count; i++) {
                multiply(w, r, tile, i);
                filter(w, r, row, tile, (panel + i) * PANEL);
            }
    }
    for (int64_t i = row; i < end; i++) close_up(w->s->candidates + i * BEST);
    return RGM_OK;
}

/* So many chunks that a stop is soon heard. */
static int32_t chunks_from(const work *w) {
    int64_t chunks = (w->s->count - w->from + ROWS - 1) / ROWS, most = PAIRS_AT_ONCE / ROWS / (w->from + ROWS);
    most = most < CHUNKS_LEAST ? CHUNKS_LEAST : most > AT_ONCE ? AT_ONCE : most;
    return (int32_t)(chunks < most ? chunks : most);
}

static rgm_status find(work *w, rgm_error *err) {
    const rgm_pairs_search *s = w->s;
    for (int32_t chunks; w->from < s->count; w->from += (int64_t)chunks * ROWS) {
        chunks = chunks_from(w);
        if (rgm_stop_asked(&s->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped, as asked");
        RGM_TRY(rgm_team_for(s->device->team, find_rows, w, chunks, err));
        int64_t done = w->from + (int64_t)chunks * ROWS;
        if (s->progress) s->progress(s->context, done < s->count ? done : s->count);
    }
    return RGM_OK;
}

/* The largest squared length of a first half. */
static int32_t longest(const rgm_pairs_search *s) {
    int32_t most = 0;
    for (int64_t i = 0; i < s->count; i++) {
        int32_t squares = 0;
        for (int32_t k = 0; k < HALF; k++) {
            const int32_t v = s->pairs->first[i / PANEL][k][i % PANEL];
            squares += v * v;
        }
        most = squares > most ? squares : most;
    }
    return most;
}

rgm_status rgm_pairs_find(const rgm_pairs_search *s, rgm_error *err) {
    int32_t radius = rgm_sketcher_radius(s->sketcher);
    work w = {.s = s,
              .even = rgm_sketcher_even(s->sketcher, 0),
              .radius = radius,
              .slack = longest(s) > EXACT ? SLACK : 0,
              .rooms = aligned_alloc(64, ((size_t)rgm_team_size(s->device->team) * sizeof(room) + 63) / 64 * 64)};
    if (!w.rooms) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory to compare images");
    w.reach = above(&w, radius);
    for (int32_t i = rgm_sketcher_even(s->sketcher, 1); i < HALF; i++) w.odd[i] = -1;
    rgm_status status = find(&w, err);
    free(w.rooms);
    return status;
}
