#include "inspect/pairs.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Columns are taken in panels of 16, some panels at once in the second-level cache; rows in tiles that the first-level
 * cache holds with a panel. */
enum { HALF = RGM_SKETCH_HALF, SIZE = RGM_SKETCH_SIZE, PANEL = 16, PANELS = 16, TILE = 48, TILES = 12 };
enum { ROWS = TILE * TILES };
enum { DEPTH = HALF + 2, AT_ONCE = 64, BEST = RGM_PAIRS_BEST, OTHERS = 3 };

/* Products are of halves of whole numbers. They are exact while squared lengths are at most EXACT; rounded, they may be
 * less by SLACK (2^-24 of their largest sums, twice). A product has to be above LESS below half a distance. */
#define SLACK 256.0f
#define LESS  0.25f
enum { EXACT = 1 << 22, PAIRS_AT_ONCE = 1 << 30, CHUNKS_LEAST = 8 };

struct rgm_pairs {
    rgm_sketch *sketches; /* [count] */
    int64_t count;
};

/* What a worker computes in. */
typedef struct room {
    float rows[TILES][DEPTH][TILE];
    float columns[PANELS][DEPTH][PANEL];
    float least[ROWS];    /* what a product has to exceed */
    uint32_t above[TILE]; /* the columns whose products do */
    int64_t own[ROWS];    /* where the row's part begins */
} room;

typedef struct work {
    const rgm_pairs_search *s;
    room *rooms;       /* [workers] */
    int64_t from;      /* the first row of this run's first chunk */
    int32_t even;      /* of the first half */
    int16_t odd[SIZE]; /* -1: an odd number; else 0 */
    float slack;       /* of products */
    float reach;       /* what they have to exceed */
    int32_t radius;
} work;

/* ---- the store ---- */

void rgm_pairs_destroy(rgm_pairs *p) {
    if (!p) return;
    free(p->sketches);
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
    p->sketches = calloc((size_t)count + 1, sizeof *p->sketches);
    if (!p->sketches) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for sketches of %" PRId64 " images", count);
    return RGM_OK;
}

void rgm_pairs_put(rgm_pairs *p, int64_t place, const rgm_sketch *sketch) { p->sketches[place] = *sketch; }

void rgm_pairs_get(const rgm_pairs *p, int64_t place, rgm_sketch *sketch) { *sketch = p->sketches[place]; }

/* ---- operands: the even numbers, two that add -|x|^2 / 2 of both sides, the odd ones ---- */

/* What lies beyond the last does not matter: no row comes behind it. */
static void load_column(const rgm_pairs *p, int64_t panel, int32_t even, float to[DEPTH][PANEL]) {
    for (int32_t l = 0; l < PANEL; l++) {
        const int64_t place = panel * PANEL + l < p->count ? panel * PANEL + l : p->count;
        const int16_t *of = p->sketches[place].of;
        float squares = 0;
        for (int32_t i = 0; i < HALF; i++) {
            const float v = of[i];
            to[i < even ? i : i + 2][l] = v;
            squares += v * v;
        }
        to[even][l] = 1;
        to[even + 1][l] = -squares / 2;
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
            float v = w->s->pairs->sketches[place].of[k];
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

/* rgm_sketch_distance(), in a form that compilers make vectors of: (x + y)^2 is (x - y)^2 + 4 x y. */
static int32_t distance_of(const int16_t x[SIZE], const int16_t y[SIZE], const int16_t odd[SIZE]) {
    int32_t minus = 0, product = 0;
    for (int32_t i = 0; i < SIZE; i++) {
        const int16_t d = (int16_t)(x[i] - y[i]), o = (int16_t)(y[i] & odd[i]);
        minus += d * d;
        product += x[i] * o;
    }
    return product < 0 ? minus + 4 * product : minus;
}

/* A pair whose first halves are close. Columns come in ascending order, so of equal distances the first stays. */
static void measure(const work *w, int64_t row, int64_t own, int64_t column, float *least) {
    const rgm_pairs *p = w->s->pairs;
    if (column >= row) return;
    const int32_t distance = distance_of(p->sketches[row].of, p->sketches[column].of, w->odd);
    if (distance > w->radius) return;
    const bests b = bests_of(w, row, own, column);
    const rgm_candidate *last = &b.list[b.places - 1];
    if (last->other >= 0 && distance >= last->distance) return;
    insert(b.list, b.places, (int32_t)column, distance);
    if (last->other < 0) return;
    const int32_t most = last->distance - 1;
    *least = most < 0 ? INFINITY : above(w, most); /* of many that are alike none is better than these */
}

/* ---- products ---- */

static void compute(const work *w, room *r, int32_t tile, int32_t panel, int32_t panels) {
    const rgm_kernels *k = w->s->device->kernels;
    const rgm_products_above shape = {.even = w->even + 2,
                                      .depth = DEPTH,
                                      .rows = TILE,
                                      .a_row = TILE,
                                      .b_row = PANEL,
                                      .b_block = k->block < PANEL ? k->block : DEPTH * PANEL,
                                      .wide = k->block < PANEL ? PANEL / k->block : panels};
    k->products_above(&shape, r->rows[tile][0], r->columns[panel][0], &r->least[tile * TILE], r->above);
}

/* The columns from `first_column` on whose bits are set. */
static void measure_all(const work *w, int64_t row, int64_t own, int64_t first_column, uint32_t bits, float *least) {
    for (; bits; bits &= bits - 1) measure(w, row, own, first_column + __builtin_ctz(bits), least);
}

/* A tile of rows by `columns` columns. */
static void compare(const work *w, room *r, int64_t first_row, int32_t tile, int64_t first_column, int32_t columns) {
    const int64_t *begin = &r->own[tile * TILE];
    float *least = &r->least[tile * TILE];
    for (int32_t i = 0; i < TILE; i++)
        if (begin[i] >= first_column && begin[i] < first_column + columns) least[i] = w->reach;
    compute(w, r, tile, (int32_t)(first_column / PANEL % PANELS), columns / PANEL);
    for (int32_t i = 0; i < TILE; i++) {
        const int64_t row = first_row + tile * TILE + i, before = begin[i] - first_column;
        const uint32_t others = before > 0 && before < columns ? r->above[i] & ((1U << before) - 1) : 0;
        if (!r->above[i] || row >= w->s->count) continue;
        measure_all(w, row, begin[i], first_column, others, &least[i]);
        if (others) least[i] = w->reach; /* its own part begins */
        measure_all(w, row, begin[i], first_column, r->above[i] & ~others, &least[i]);
    }
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
    const int32_t abreast = w->s->device->kernels->block < PANEL ? 1 : 2; /* panels that are two vectors */
    (void)err;
    load_rows(w, row, r);
    for (int64_t i = row * BEST; i < end * BEST; i++) w->s->candidates[i] = (rgm_candidate){.other = -1};
    for (int64_t panel = 0; panel < panels; panel += PANELS) {
        int32_t count = panel + PANELS < panels ? PANELS : (int32_t)(panels - panel);
        for (int32_t i = 0; i < count; i++) load_column(w->s->pairs, panel + i, w->even, r->columns[i]);
        for (int32_t tile = 0; tile < TILES; tile++)
            for (int32_t i = 0; i < count; i += abreast)
                compare(w, r, row, tile, (panel + i) * PANEL, (i + abreast < count ? abreast : count - i) * PANEL);
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
            const int32_t v = s->pairs->sketches[i].of[k];
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
    for (int32_t half = 0; half < 2; half++)
        for (int32_t i = rgm_sketcher_even(s->sketcher, half); i < HALF; i++) w.odd[half * HALF + i] = -1;
    rgm_status status = find(&w, err);
    free(w.rooms);
    return status;
}
