#include "check/traits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELL = 4, CELLS_MOST = 64, BINS = 16, CHUNK = 64 };

typedef struct picture {
    const uint8_t *image;
    int32_t H, W, C;
} picture;

static const uint8_t *row_of(const picture *p, int32_t y) { return p->image + (int64_t)y * p->W * p->C; }

/* ---- values ---- */

/* 5 standard deviations of a bin's count are no chance. */
static int32_t is_uniform(const int64_t *of, int64_t n) {
    double expected = (double)n / BINS, most = 5 * sqrt(expected * (1 - 1.0 / BINS));
    for (int32_t b = 0; b < BINS; b++) {
        double count = 0;
        for (int32_t v = b * 256 / BINS; v < (b + 1) * 256 / BINS; v++) count += (double)of[v];
        if (fabs(count - expected) > most) return 0;
    }
    return expected >= 8;
}

static int32_t take_values(const picture *p, rgm_trait *t) {
    int64_t of[256] = {0}, n = (int64_t)p->H * p->W * p->C;
    double sum = 0, square = 0;
    int32_t low = 0, high = 255;
    for (int64_t i = 0; i < n; i++) of[p->image[i]]++;
    for (int32_t v = 0; v < 256; v++) {
        sum += (double)of[v] * v;
        square += (double)of[v] * v * v;
    }
    while (low < 255 && !of[low]) low++;
    while (high > 0 && !of[high]) high--;
    double mean = sum / (double)n, variance = square / (double)n - mean * mean;
    t->mean = (float)mean;
    t->deviation = (float)sqrt(variance > 0 ? variance : 0);
    t->low = (float)low;
    t->high = (float)high;
    return is_uniform(of, n);
}

/* Mean product of a pixel and its neighbour, less the mean, along rows and columns. */
static double neighbours_of(const picture *p, const rgm_trait *t) {
    double sum = 0, pairs = 0, mean = (double)t->mean;
    int32_t row = p->W * p->C;
    for (int32_t y = 0; y < p->H; y++) {
        const uint8_t *at = row_of(p, y);
        int32_t below = y + 1 < p->H;
        for (int32_t x = 0; x < row; x++) {
            double v = at[x] - mean;
            if (x + p->C < row) sum += v * (at[x + p->C] - mean);
            if (below) sum += v * (at[x + row] - mean);
            pairs += (x + p->C < row) + below;
        }
    }
    double variance = (double)t->deviation * (double)t->deviation;
    return pairs > 0 && variance > 0.25 ? sum / pairs / variance : 1;
}

/* ---- noise ---- */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The mask's mean in a cell, as a deviation. */
static double noise_in(const picture *p, int32_t top, int32_t left, int32_t height, int32_t width) {
    const double scale = 1.2533141373155002512 / 6; /* sqrt(pi / 2) / 6 */
    double sum = 0;
    int32_t C = p->C;
    for (int32_t y = top; y < top + height; y++) {
        const uint8_t *a = row_of(p, y - 1), *b = row_of(p, y), *d = row_of(p, y + 1);
        for (int32_t x = left * C; x < (left + width) * C; x++)
            sum += abs(a[x - C] - 2 * a[x] + a[x + C] - 2 * (b[x - C] - 2 * b[x] + b[x + C]) + d[x - C] - 2 * d[x] +
                       d[x + C]);
    }
    return scale * sum / ((double)height * width * C);
}

static double noise_of(const picture *p) {
    double noise[CELLS_MOST];
    int32_t count = 0, down = (p->H - 2) / CELL, across = (p->W - 2) / CELL;
    if (down < 1 || across < 1) return 0;
    down = down < 8 ? down : 8;
    across = across < 8 ? across : 8;
    int32_t height = (p->H - 2) / down, width = (p->W - 2) / across;
    for (int32_t i = 0; i < down; i++)
        for (int32_t j = 0; j < across; j++) noise[count++] = noise_in(p, 1 + i * height, 1 + j * width, height, width);
    qsort(noise, (size_t)count, sizeof *noise, by_value);
    return noise[count / 4];
}

/* ---- what is cut ---- */

static int32_t is_of_colour(const picture *p, int32_t y, const uint8_t *colour) {
    const uint8_t *at = row_of(p, y);
    for (int32_t x = 0; x < p->W; x++)
        if (memcmp(at + (size_t)x * (size_t)p->C, colour, (size_t)p->C) != 0) return 0;
    return 1;
}

static void take_cut(const picture *p, rgm_trait *t) {
    const uint8_t *colour = row_of(p, p->H - 1);
    int32_t first = p->H;
    while (first > 0 && is_of_colour(p, first - 1, colour)) first--;
    if (first > 0 && !is_of_colour(p, 0, colour)) t->cut = p->H - first;
    for (int32_t c = 0; c < p->C && c < RGM_TRAITS_COLOUR; c++) t->fill[c] = colour[c];
}

/* Without neighbours: correlations of random bytes are 0 +- 1 / sqrt(pairs). */
#define NO_NEIGHBOURS 0.15F

rgm_trait rgm_trait_of(const uint8_t *image, int32_t H, int32_t W, int32_t C) {
    const picture p = {image, H, W, C};
    rgm_trait t = {.cut = 0};
    int32_t uniform = take_values(&p, &t);
    t.neighbours = (float)neighbours_of(&p, &t);
    t.noise = (float)noise_of(&p);
    t.random = uniform && fabsf(t.neighbours) < NO_NEIGHBOURS;
    take_cut(&p, &t);
    return t;
}

/* ---- all of them ---- */

static void drop(void *kept) {
    rgm_traits *t = kept;
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) free(t->of[split]);
    free(t);
}

typedef struct taking {
    const rgm_lab_set *set;
    rgm_trait *to;
    int32_t split;
} taking;

static rgm_status take_chunk(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const taking *t = context;
    const rgm_lab_set *s = t->set;
    int64_t bytes = (int64_t)s->H * s->W * s->C, end = (int64_t)(chunk + 1) * CHUNK;
    (void)worker, (void)err;
    for (int64_t i = (int64_t)chunk * CHUNK; i < end && i < s->count[t->split]; i++)
        t->to[i] = rgm_trait_of(s->images[t->split] + i * bytes, s->H, s->W, s->C);
    return RGM_OK;
}

static rgm_status make(rgm_checking *c, void *kept, rgm_error *err) {
    rgm_traits *t = kept;
    const rgm_cheap *m;
    RGM_TRY(rgm_checking_cheap(c, &m, err));
    for (int32_t split = 0; split < RGM_SPLIT_COUNT; split++) {
        int64_t n = m->set.count[split];
        if (!n) continue;
        t->of[split] = malloc((size_t)n * sizeof *t->of[split]);
        if (!t->of[split]) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for images' traits");
        taking job = {&m->set, t->of[split], split};
        RGM_TRY(rgm_team_for(c->device->team, take_chunk, &job, (int32_t)((n + CHUNK - 1) / CHUNK), err));
    }
    return RGM_OK;
}

rgm_status rgm_checking_traits(rgm_checking *c, const rgm_traits **traits, rgm_error *err) {
    static const rgm_kept what = {RGM_KEPT_TRAITS, sizeof(rgm_traits), make, drop};
    void *kept;
    RGM_TRY(rgm_checking_keep(c, &what, &kept, err));
    *traits = kept;
    return RGM_OK;
}
