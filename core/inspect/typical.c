#include "inspect/typical.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 16,
    MOST = RGM_TYPICAL_REFERENCES,
    PANELS = MOST / LANES,
    BLOCK = 64,
    AT_ONCE = 512,
    NEAREST = 3,
    REFERENCES_LEAST = 64
};
#define COMPARISONS 2e9 /* bytes that all comparisons may touch, before there are fewer references */

/* ---- by class ---- */

rgm_status rgm_by_class_order(rgm_by_class *by, const rgm_images *images, const rgm_measures *measures,
                              rgm_error *err) {
    const rgm_dataset *set = rgm_images_set(images);
    const rgm_dataset_info *info = rgm_dataset_describe(set);
    const int64_t count = rgm_images_count(images);
    *by = (rgm_by_class){.classes = info->classes};
    by->order = calloc((size_t)count, sizeof *by->order);
    by->first = calloc((size_t)info->classes + 2, sizeof *by->first);
    if (!by->order || !by->first)
        return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %" PRId64 " images by class", count);
    int64_t *next = by->first + 1; /* of class k: where its next image goes */
    for (int32_t pass = 0; pass < 2; pass++) {
        int64_t number = 0;
        for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
            const int32_t *labels = rgm_dataset_labels(set, split);
            for (int64_t i = 0; i < info->count[split]; i++, number++) {
                if (!measures[number].looked) continue;
                if (pass)
                    by->order[next[labels[i]]++] = number;
                else
                    next[labels[i] + 1]++;
            }
        }
        for (int32_t k = 0; !pass && k < info->classes; k++) next[k + 1] += next[k];
    }
    return RGM_OK;
}

void rgm_by_class_free(rgm_by_class *by) {
    free(by->order);
    free(by->first);
    *by = (rgm_by_class){0};
}

/* ---- likeness and distance ---- */

/* Sums over a grid: whole numbers, exact as all that is made of them here. */
typedef struct sums_of {
    double sum, squares; /* of the grey part */
    double colours;      /* squares of the colours less 128 */
    double spread;       /* squares of grey less its mean, and of colours; times RGM_GRID_GREY */
} sums_of;

/* A worker's references of the class that it is in, images that are compared with them, and what is made of both. Grids
 * are floats, colours less 128: their products are below 2^24, so they are exact. */
typedef struct references {
    float of[PANELS][RGM_GRID_COLOUR][LANES];
    sums_of sums[MOST];
    float images[RGM_GRID_COLOUR][BLOCK];
    float grey[BLOCK][MOST], colour[BLOCK][MOST]; /* products */
} references;

typedef struct work {
    const rgm_typical *t;
    uint64_t *sums; /* [classes][RGM_GRID_GREY] */
    int64_t most;   /* references of a class */
    int64_t from;   /* the first place in the order, of those that are compared now */
    int64_t count;
    references *references; /* [workers] */
} work;

static rgm_status sum_class(void *context, int32_t k, int32_t worker, rgm_error *err) {
    const work *w = context;
    uint64_t *sum = w->sums + (size_t)k * RGM_GRID_GREY;
    (void)worker;
    (void)err;
    for (int64_t i = w->t->by->first[k]; i < w->t->by->first[k + 1]; i++) {
        const uint8_t *grid = w->t->grids + w->t->by->order[i] * w->t->bytes;
        for (int32_t j = 0; j < RGM_GRID_GREY; j++) sum[j] += grid[j];
    }
    return RGM_OK;
}

static float likeness(const uint8_t *grid, const uint64_t *sum, int64_t others) {
    double a = 0, b = 0, aa = 0, bb = 0, ab = 0;
    if (others < 1) return NAN;
    for (int32_t j = 0; j < RGM_GRID_GREY; j++) {
        double x = grid[j], y = (double)(sum[j] - grid[j]) / (double)others;
        a += x;
        b += y;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    aa -= a * a / RGM_GRID_GREY;
    bb -= b * b / RGM_GRID_GREY;
    ab -= a * b / RGM_GRID_GREY;
    /* the means of a flat class differ by rounding */
    return aa > 1e-6 && bb > 1e-6 ? (float)fmax(-1, fmin(ab / sqrt(aa * bb), 1)) : NAN;
}

static sums_of sum_grid(const uint8_t *grid, int32_t bytes) {
    int32_t sum = 0, squares = 0, colours = 0;
    for (int32_t j = 0; j < RGM_GRID_GREY; j++) {
        sum += grid[j];
        squares += grid[j] * grid[j];
    }
    for (int32_t j = RGM_GRID_GREY; j < bytes; j++) colours += (grid[j] - 128) * (grid[j] - 128);
    const int64_t n = RGM_GRID_GREY;
    return (sums_of){sum, squares, colours, (double)(n * squares - (int64_t)sum * sum + n * colours)};
}

static float number_of(const uint8_t *grid, int32_t j) { return (float)(j < RGM_GRID_GREY ? grid[j] : grid[j] - 128); }

/* Of grey values less their means, and of colours less grey. 0 if one of the two is flat. */
static double correlation(const sums_of *a, const sums_of *b, double grey, double colour) {
    const double ab = RGM_GRID_GREY * (grey + colour) - a->sum * b->sum;
    return a->spread > 0 && b->spread > 0 ? ab / sqrt(a->spread * b->spread) : 0;
}

/* Where reference i of `count` lies among n. */
static int64_t place_of(int64_t i, int64_t count, int64_t n) { return i * n / count; }

/* The NEAREST smallest of the values that were put in, ascending. */
typedef struct few {
    double list[NEAREST];
    int32_t count;
} few;

static void put(few *f, double value) {
    if (f->count == NEAREST && value >= f->list[NEAREST - 1]) return;
    int32_t j = f->count < NEAREST ? f->count++ : NEAREST - 1;
    for (; j > 0 && f->list[j - 1] > value; j--) f->list[j] = f->list[j - 1];
    f->list[j] = value;
}

/* Fills what compares image i of the worker's with the references, but its own; `place` is its place in its class of n.
 */
static void compare_one(const work *w, int64_t number, int32_t i, int64_t place, int64_t n, const references *r) {
    const sums_of own = sum_grid(w->t->grids + number * w->t->bytes, w->t->bytes);
    const int32_t count = (int32_t)(n < w->most ? n : w->most);
    few near = {.count = 0}, alike = {.count = 0}, opposite = {.count = 0};
    rgm_measures *m = &w->t->measures[number];
    for (int32_t j = 0; j < count; j++) {
        const double grey = (double)r->grey[i][j], colour = (double)r->colour[i][j];
        const sums_of *other = &r->sums[j];
        if (place_of(j, count, n) == place) continue;
        const double c = correlation(&own, other, grey, colour);
        put(&near, own.squares + other->squares + own.colours + other->colours - 2 * (grey + colour));
        put(&alike, -c);
        put(&opposite, c);
    }
    if (!near.count) return;
    m->distance = (float)sqrt(near.list[near.count - 1] / w->t->bytes);
    m->alike = (int16_t)lrint(-alike.list[alike.count - 1] * RGM_MEASURES_ONE);
    m->opposite = (int16_t)lrint(opposite.list[opposite.count - 1] * RGM_MEASURES_ONE);
}

static void gather(const work *w, int32_t k, references *r) {
    const rgm_by_class *by = w->t->by;
    const int64_t n = by->first[k + 1] - by->first[k], count = n < w->most ? n : w->most;
    for (int64_t i = 0; i < count; i++) {
        const uint8_t *grid = w->t->grids + by->order[by->first[k] + place_of(i, count, n)] * w->t->bytes;
        for (int32_t j = 0; j < w->t->bytes; j++) r->of[i / LANES][j][i % LANES] = number_of(grid, j);
        r->sums[i] = sum_grid(grid, w->t->bytes);
    }
}

/* Of `count` images by all references, the part [from, end) of the grids. */
static void multiply(const work *w, references *r, int32_t count, int32_t from, int32_t end, float to[BLOCK][MOST]) {
    const rgm_kernels *k = w->t->kernels;
    const rgm_gemm_outer shape = {.depth = end - from,
                                  .rows = count,
                                  .a_row = BLOCK,
                                  .b_row = LANES,
                                  .b_block = k->block,
                                  .c_row = MOST,
                                  .wide = LANES / k->block};
    for (int64_t panel = 0; panel * LANES < w->most; panel++)
        k->gemm_outer(&shape, r->images[from], r->of[panel][from], to[0] + panel * LANES, r->images[0]);
}

/* The images from place `at` on, of class k, whose references are there. */
static void compare_with(const work *w, int32_t k, int64_t at, int32_t count, references *r) {
    const rgm_by_class *by = w->t->by;
    const int64_t n = by->first[k + 1] - by->first[k];
    for (int32_t i = 0; i < count; i++) {
        const uint8_t *grid = w->t->grids + by->order[at + i] * w->t->bytes;
        for (int32_t j = 0; j < w->t->bytes; j++) r->images[j][i] = number_of(grid, j);
        w->t->measures[by->order[at + i]].likeness = likeness(grid, w->sums + (size_t)k * RGM_GRID_GREY, n - 1);
    }
    multiply(w, r, count, 0, RGM_GRID_GREY, r->grey);
    if (w->t->bytes > RGM_GRID_GREY) multiply(w, r, count, RGM_GRID_GREY, w->t->bytes, r->colour);
    for (int32_t i = 0; i < count; i++) compare_one(w, by->order[at + i], i, at + i - by->first[k], n, r);
}

/* The class of a place in the order. */
static int32_t class_at(const rgm_by_class *by, int64_t place) {
    int32_t low = 0, high = by->classes - 1;
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (place < by->first[middle + 1])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static rgm_status compare_some(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const work *w = context;
    const rgm_by_class *by = w->t->by;
    references *r = &w->references[worker];
    int64_t at = w->from + (int64_t)chunk * BLOCK, end = at + BLOCK;
    (void)err;
    if (end > w->from + w->count) end = w->from + w->count;
    while (at < end) {
        const int32_t k = class_at(by, at);
        const int64_t last = by->first[k + 1] < end ? by->first[k + 1] : end;
        gather(w, k, r);
        compare_with(w, k, at, (int32_t)(last - at), r);
        at = last;
    }
    return RGM_OK;
}

static rgm_status measure(work *w, rgm_error *err) {
    const rgm_by_class *by = w->t->by;
    const int64_t all = by->first[by->classes];
    const double afford = COMPARISONS / ((double)w->t->bytes * (double)(all ? all : 1));
    w->most = afford < REFERENCES_LEAST         ? REFERENCES_LEAST
              : afford < RGM_TYPICAL_REFERENCES ? (int64_t)afford
                                                : RGM_TYPICAL_REFERENCES;
    RGM_TRY(rgm_team_for(w->t->team, sum_class, w, by->classes, err));
    for (w->from = 0; w->from < all; w->from += w->count) {
        w->count = all - w->from < AT_ONCE * BLOCK ? all - w->from : AT_ONCE * BLOCK;
        if (rgm_stop_asked(&w->t->stop)) return rgm_fail(err, RGM_E_INTERRUPTED, "stopped, as asked");
        RGM_TRY(rgm_team_for(w->t->team, compare_some, w, (int32_t)((w->count + BLOCK - 1) / BLOCK), err));
    }
    return RGM_OK;
}

rgm_status rgm_typical_measure(const rgm_typical *t, rgm_error *err) {
    const int32_t workers = rgm_team_size(t->team);
    work w = {.t = t};
    w.sums = calloc((size_t)t->by->classes, RGM_GRID_GREY * sizeof *w.sums);
    w.references = calloc((size_t)workers, sizeof *w.references);
    rgm_status status =
        w.sums && w.references ? measure(&w, err) : rgm_fail(err, RGM_E_NOMEM, "inspect: out of memory");
    free(w.sums);
    free(w.references);
    return status;
}

/* ---- the most typical, and the oddest ---- */

/* Keeps the RGM_TYPICAL_MOST with the largest values, the lowest numbers among equals: they come ascending. */
static void keep(rgm_ranked_image *list, int32_t *count, const rgm_ranked_image *one) {
    int32_t j = *count;
    if (!isfinite(one->value)) return;
    if (j == RGM_TYPICAL_MOST) {
        if (one->value <= list[j - 1].value) return;
        j--;
    } else {
        ++*count;
    }
    for (; j > 0 && list[j - 1].value < one->value; j--) list[j] = list[j - 1];
    list[j] = *one;
}

/* What choose_of_class() needs. */
typedef struct choice {
    const rgm_typical *t;
    rgm_class_examples *examples;
} choice;

static rgm_status choose_of_class(void *context, int32_t k, int32_t worker, rgm_error *err) {
    const choice *c = context;
    const rgm_by_class *by = c->t->by;
    rgm_class_examples *to = &c->examples[k];
    (void)worker;
    (void)err;
    for (int64_t i = by->first[k]; i < by->first[k + 1]; i++) {
        rgm_ranked_image one = {.label = k};
        rgm_images_place(c->t->images, by->order[i], &one.split, &one.index);
        one.value = (double)c->t->measures[by->order[i]].likeness;
        keep(to->typical, &to->typicals, &one);
        one.value = (double)c->t->measures[by->order[i]].distance;
        keep(to->odd, &to->odds, &one);
    }
    return RGM_OK;
}

rgm_status rgm_typical_choose(const rgm_typical *t, rgm_statistics *statistics, rgm_error *err) {
    choice c = {t, calloc((size_t)t->by->classes, sizeof *c.examples)};
    if (!c.examples) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for %d classes", (int)t->by->classes);
    statistics->examples = c.examples;
    return rgm_team_for(t->team, choose_of_class, &c, t->by->classes, err);
}
