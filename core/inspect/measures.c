#include "inspect/measures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, CELLS = 7, CELL_LEAST = 3, PARTS = 3, LEVELS = 256, STEPS = 512, TABLE = 1024, COLOUR_SIDE = 4 };
enum { LANES = 16, CELLS_MOST = RGM_GRID_SIDE };

/* What a worker sums up of an image. */
typedef struct sums {
    uint32_t values[2][LEVELS], steps[2][STEPS]; /* counts, in two tables by turns: equal neighbours do not wait */
    uint64_t first, second;                      /* squares of differences */
    uint64_t mask[CELLS * CELLS];                /* |mask| in a cell */
    uint64_t turns_x[CELLS * CELLS], turns_y[CELLS * CELLS]; /* |second differences| in it */
    uint64_t beyond[PARTS * PARTS];                          /* how far pixels are beyond those around them */
    uint64_t grid[RGM_GRID_SIDE * RGM_GRID_SIDE];
    uint64_t colour[COLOUR_SIDE * COLOUR_SIDE][3];
} sums;

/* Cells of a side: from[i] and more, below end[i]. */
typedef struct cells {
    int32_t count, from[CELLS_MOST], end[CELLS_MOST];
} cells;

/* Where cells of images of a size are: [0] in rows, [1] in columns. The mask's and the parts' are of what is inside. */
typedef struct shape {
    int32_t H, W;
    cells mask[2], parts[2], grid[2], colour[2];
} shape;

/* What a worker has of a row, and behind it 2 * LANES and more of no meaning. */
typedef struct line {
    uint8_t *grey[ROWS];           /* the last three rows */
    int16_t *valid;                /* -1 below the width, else 0 */
    int16_t *turn;                 /* second differences down */
    uint16_t *mask, *along, *down; /* |mask|, |second differences| along the row and down */
    uint8_t *beyond;
} line;

struct rgm_measurer {
    int32_t workers;
    line *lines;        /* [workers] */
    shape *shapes;      /* [workers] of the last image */
    sums *sums;         /* [workers] */
    double bits[TABLE]; /* n log2 n */
};

int32_t rgm_grid_bytes(int32_t C) { return C == 3 || C == 4 ? RGM_GRID_COLOUR : RGM_GRID_GREY; }

/* One block of memory holds a worker's line. */
static int32_t take_line(line *l, int32_t W) {
    const size_t n = ((size_t)W + 3 * LANES) / LANES * LANES;
    uint8_t *at = calloc(n, ROWS + 5 * sizeof(uint16_t) + 1);
    l->valid = (int16_t *)(void *)at;
    if (!at) return 0;
    l->turn = l->valid + n;
    l->mask = (uint16_t *)(void *)(l->turn + n);
    l->along = l->mask + n;
    l->down = l->along + n;
    l->beyond = (uint8_t *)(void *)(l->down + n);
    for (int32_t i = 0; i < ROWS; i++) l->grey[i] = l->beyond + (size_t)(i + 1) * n;
    return 1;
}

rgm_status rgm_measurer_create(rgm_measurer **measurer, int32_t workers, int32_t W, rgm_error *err) {
    rgm_measurer *m = calloc(1, sizeof *m);
    *measurer = m;
    if (!m) return rgm_fail(err, RGM_E_NOMEM, "measures: out of memory");
    m->workers = workers;
    m->lines = calloc((size_t)workers, sizeof *m->lines);
    m->shapes = calloc((size_t)workers, sizeof *m->shapes);
    m->sums = calloc((size_t)workers, sizeof *m->sums);
    for (int32_t n = 1; n < TABLE; n++) m->bits[n] = n * log2(n);
    int32_t taken = 0;
    while (m->lines && taken < workers && take_line(&m->lines[taken], W)) taken++;
    if (taken == workers && m->shapes && m->sums) return RGM_OK;
    rgm_measurer_destroy(m);
    *measurer = NULL;
    return rgm_fail(err, RGM_E_NOMEM, "measures: no memory for %d workers", (int)workers);
}

void rgm_measurer_destroy(rgm_measurer *m) {
    if (!m) return;
    for (int32_t i = 0; m->lines && i < m->workers; i++) free(m->lines[i].valid);
    free(m->lines);
    free(m->shapes);
    free(m->sums);
    free(m);
}

/* ---- cells ---- */

/* Cell i of `count` over n pixels has one pixel at least. */
static void cut(cells *c, int32_t n, int32_t count) {
    c->count = count;
    for (int32_t i = 0; i < count; i++) {
        const int32_t end = (int32_t)((int64_t)(i + 1) * n / count);
        c->from[i] = (int32_t)((int64_t)i * n / count);
        c->end[i] = end > c->from[i] ? end : c->from[i] + 1;
    }
}

static int32_t size_of(const cells *c, int32_t i) { return c->end[i] - c->from[i]; }

static int32_t least_of(int32_t a, int32_t b) { return a < b ? a : b; }

static void find_cells(shape *of, int32_t H, int32_t W) {
    const int32_t side[2] = {H, W};
    const int32_t fit = least_of(H, W) - 2 >= CELL_LEAST; /* else there is no mask */
    if (of->H == H && of->W == W) return;
    of->H = H;
    of->W = W;
    for (int32_t d = 0; d < 2; d++) {
        cut(&of->mask[d], side[d] - 2, fit ? least_of((side[d] - 2) / CELL_LEAST, CELLS) : 0);
        cut(&of->parts[d], side[d] - 2, fit ? PARTS : 0);
        cut(&of->grid[d], side[d], RGM_GRID_SIDE);
        cut(&of->colour[d], side[d], COLOUR_SIDE);
    }
}

/* The first cell that row y of those inside is in. */
static int32_t cell_at(const cells *c, int32_t y) {
    int32_t i = 0;
    while (i + 1 < c->count && y >= c->end[i]) i++;
    return i;
}

/* ---- rows ---- */

/* The factor makes an exact division: sums are below 2^14. */
static void grey_row(const rgm_pixels *p, int32_t y, uint8_t *to) {
    const uint8_t *at = p->data + y * p->pitch;
    const uint32_t C = (uint32_t)p->C, factor = (1U << 22) / C + 1;
    if (C == 1)
        memcpy(to, at, (size_t)p->W);
    else if (C == 3)
        for (int32_t x = 0; x < p->W; x++, at += 3) to[x] = (uint8_t)((at[0] + at[1] + at[2] + 1U) * factor >> 22);
    else
        for (int32_t x = 0; x < p->W; x++, at += C) {
            uint32_t sum = C / 2;
            for (uint32_t c = 0; c < C; c++) sum += at[c];
            to[x] = (uint8_t)(sum * factor >> 22);
        }
}

/* Loops go over whole LANES, of which compilers make vectors: what is behind a row has no weight. */
static uint64_t squares_of_steps(const uint8_t *a, const uint8_t *b, const int16_t *valid, int32_t W) {
    uint64_t all = 0;
    for (int32_t x = 0; x < W; x += LANES) {
        int32_t sum = 0;
        for (int32_t l = 0; l < LANES; l++) {
            const int16_t step = (int16_t)((a[x + l] - b[x + l]) & valid[x + l]);
            sum += step * step;
        }
        all += (uint32_t)sum;
    }
    return all;
}

static uint64_t squares_of_turns(const uint8_t *a, const uint8_t *b, const uint8_t *c, const int16_t *valid,
                                 int32_t W) {
    uint64_t all = 0;
    for (int32_t x = 0; x < W; x += LANES) {
        int32_t sum = 0;
        for (int32_t l = 0; l < LANES; l++) {
            const int16_t turn = (int16_t)((a[x + l] - 2 * b[x + l] + c[x + l]) & valid[x + l]);
            sum += turn * turn;
        }
        all += (uint32_t)sum;
    }
    return all;
}

/* What a row has of itself. */
static void add_row(sums *s, const uint8_t *row, const int16_t *valid, int32_t W) {
    s->values[0][row[0]]++;
    for (int32_t x = 1; x < W; x++) {
        s->values[x & 1][row[x]]++;
        s->steps[x & 1][row[x] - row[x - 1] + LEVELS]++;
    }
    s->first += squares_of_steps(row + 1, row, valid + 1, W - 1);
    s->second += squares_of_turns(row, row + 1, row + 2, valid + 2, W - 2);
}

/* What it has with the rows above it, NULL: there is none. */
static void add_columns(sums *s, const uint8_t *const row[ROWS], const int16_t *valid, int32_t W) {
    if (row[1]) s->first += squares_of_steps(row[2], row[1], valid, W);
    if (row[0]) s->second += squares_of_turns(row[0], row[1], row[2], valid, W);
}

static uint64_t sum_of(const uint16_t *list, int32_t from, int32_t end) {
    uint64_t sum = 0;
    for (int32_t i = from; i < end; i++) sum += list[i];
    return sum;
}

static inline uint8_t larger(uint8_t a, uint8_t b) { return a > b ? a : b; }
static inline uint8_t smaller(uint8_t a, uint8_t b) { return a < b ? a : b; }

static void take_turns(const uint8_t *above, const uint8_t *at, const uint8_t *below, int32_t W,
                       int16_t *restrict turn) {
    for (int32_t x = 0; x < W; x += LANES)
        for (int32_t l = 0; l < LANES; l++) turn[x + l] = (int16_t)(above[x + l] - 2 * at[x + l] + below[x + l]);
}

static void take_sizes(const int16_t *turn, const uint8_t *row, uint16_t *restrict mask, uint16_t *restrict along,
                       uint16_t *restrict down) {
    for (int32_t i = 0; i < LANES; i++) {
        const int16_t m = (int16_t)(turn[i] - 2 * turn[i + 1] + turn[i + 2]);
        const int16_t a = (int16_t)(row[i] - 2 * row[i + 1] + row[i + 2]), d = turn[i + 1];
        mask[i] = (uint16_t)(m < 0 ? -m : m);
        along[i] = (uint16_t)(a < 0 ? -a : a);
        down[i] = (uint16_t)(d < 0 ? -d : d);
    }
}

/* Of the pixels of a row but its first and last. */
static void take_mask(const line *l, const uint8_t *row, int32_t inner) {
    for (int32_t x = 0; x < inner; x += LANES) take_sizes(l->turn + x, row + x, l->mask + x, l->along + x, l->down + x);
}

/* How far pixels are above all eight around them, or below: one of the two differences is 0. */
static void take_beyond(const uint8_t *a, const uint8_t *b, const uint8_t *c, uint8_t *restrict beyond) {
    for (int32_t i = 0; i < LANES; i++) {
        const uint8_t most = larger(larger(larger(a[i], a[i + 1]), larger(a[i + 2], b[i])),
                                    larger(larger(b[i + 2], c[i]), larger(c[i + 1], c[i + 2])));
        const uint8_t least = smaller(smaller(smaller(a[i], a[i + 1]), smaller(a[i + 2], b[i])),
                                      smaller(smaller(b[i + 2], c[i]), smaller(c[i + 1], c[i + 2])));
        beyond[i] = (uint8_t)(larger(b[i + 1], most) - most + least - smaller(b[i + 1], least));
    }
}

/* The mask around the row in the middle, without its first and last pixels. */
static void add_mask(sums *s, const shape *of, const line *l, int32_t y, const uint8_t *const row[ROWS]) {
    const cells *c = &of->mask[1];
    const int32_t first = cell_at(&of->mask[0], y - 1) * c->count;
    take_turns(row[0], row[1], row[2], of->W, l->turn);
    take_mask(l, row[1], of->W - 2);
    for (int32_t i = 0; i < c->count; i++) {
        s->mask[first + i] += sum_of(l->mask, c->from[i], c->end[i]);
        s->turns_x[first + i] += sum_of(l->along, c->from[i], c->end[i]);
        s->turns_y[first + i] += sum_of(l->down, c->from[i], c->end[i]);
    }
}

/* How far the pixels of the row in the middle are above all eight around them, or below. */
static void add_specks(sums *s, const shape *of, const line *l, int32_t y, const uint8_t *const row[ROWS]) {
    const cells *c = &of->parts[1];
    uint64_t *sum = &s->beyond[cell_at(&of->parts[0], y - 1) * PARTS];
    for (int32_t x = 0; x < of->W - 2; x += LANES) take_beyond(row[0] + x, row[1] + x, row[2] + x, l->beyond + x);
    for (int32_t i = 0; i < PARTS; i++)
        for (int32_t x = c->from[i]; x < c->end[i]; x++) sum[i] += l->beyond[x];
}

static void add_grid(sums *s, const shape *of, int32_t y, const uint8_t *row) {
    const cells *down = &of->grid[0], *along = &of->grid[1];
    uint64_t part[RGM_GRID_SIDE];
    for (int32_t i = 0; i < RGM_GRID_SIDE; i++) {
        part[i] = 0;
        for (int32_t x = along->from[i]; x < along->end[i]; x++) part[i] += row[x];
    }
    for (int32_t i = 0; i < RGM_GRID_SIDE; i++)
        if (y < down->end[i] && y >= down->from[i])
            for (int32_t j = 0; j < RGM_GRID_SIDE; j++) s->grid[i * RGM_GRID_SIDE + j] += part[j];
}

static void add_colour(sums *s, const shape *of, const rgm_pixels *p, int32_t y) {
    const cells *down = &of->colour[0], *along = &of->colour[1];
    uint64_t part[COLOUR_SIDE][3] = {{0}};
    for (int32_t i = 0; i < COLOUR_SIDE; i++) {
        const uint8_t *at = p->data + y * p->pitch + (int64_t)along->from[i] * p->C;
        for (int32_t x = along->from[i]; x < along->end[i]; x++, at += p->C)
            for (int32_t c = 0; c < 3; c++) part[i][c] += at[c];
    }
    for (int32_t i = 0; i < COLOUR_SIDE; i++)
        if (y < down->end[i] && y >= down->from[i])
            for (int32_t j = 0; j < COLOUR_SIDE; j++)
                for (int32_t c = 0; c < 3; c++) s->colour[i * COLOUR_SIDE + j][c] += part[j][c];
}

static void add_all(sums *s, const shape *of, const line *l, const rgm_pixels *p) {
    const uint8_t *row[ROWS] = {NULL, NULL, NULL}; /* the last three */
    const int32_t masked = of->mask[1].count > 0;
    for (int32_t x = 0; x < p->W + 2 * LANES; x++) l->valid[x] = x < p->W ? -1 : 0;
    for (int32_t y = 0; y < p->H; y++) {
        row[0] = row[1];
        row[1] = row[2];
        row[2] = l->grey[y % ROWS];
        grey_row(p, y, l->grey[y % ROWS]);
        add_row(s, row[2], l->valid, p->W);
        add_columns(s, row, l->valid, p->W);
        if (masked && row[0]) add_mask(s, of, l, y - 1, row);
        if (masked && row[0]) add_specks(s, of, l, y - 1, row);
        add_grid(s, of, y, row[2]);
        if (rgm_grid_bytes(p->C) == RGM_GRID_COLOUR) add_colour(s, of, p, y);
    }
}

/* ---- what follows from the sums ---- */

static double entropy(const rgm_measurer *m, const uint32_t *a, const uint32_t *b, int32_t levels) {
    double sum = 0;
    int64_t count = 0;
    for (int32_t i = 0; i < levels; i++) {
        uint32_t n = a[i] + b[i];
        if (!n) continue;
        sum += n < TABLE ? m->bits[n] : n * log2(n);
        count += n;
    }
    return count > 1 ? fmax(log2((double)count) - sum / (double)count, 0) : 0;
}

static void take_values(const sums *s, rgm_measures *out) {
    int64_t count = 0, sum = 0, squares = 0, share, some = 0;
    int32_t low = 0, high = LEVELS - 1;
    for (int32_t i = 0; i < LEVELS; i++) {
        int64_t n = (int64_t)s->values[0][i] + s->values[1][i];
        count += n;
        sum += n * i;
        squares += n * i * i;
    }
    double mean = (double)sum / (double)count;
    out->contrast = (float)sqrt(fmax((double)squares / (double)count - mean * mean, 0));
    share = count / 1000;
    while (low < LEVELS - 1 && (some += (int64_t)s->values[0][low] + s->values[1][low]) <= share) low++;
    for (some = 0; high > 0 && (some += (int64_t)s->values[0][high] + s->values[1][high]) <= share;) high--;
    out->low = (uint8_t)low;
    out->high = (uint8_t)high;
}

static float softness_of(const sums *s, const rgm_pixels *p) {
    const double H = p->H, W = p->W, longer = fmax(H, W);
    const double firsts = H * (W - 1) + (H - 1) * W;
    const double seconds = H * fmax(W - 2, 0) + fmax(H - 2, 0) * W;
    if (!s->first || seconds <= 0) return NAN;
    if (!s->second) return (float)longer;
    return (float)fmin(sqrt((double)s->first / firsts / (2 * (double)s->second / seconds)), longer);
}

/* Both deviations are the noise's where there is nothing else; texture has the smaller one from the mask. */
static double noise_in(const sums *s, int32_t i, double pixels) {
    const double scale = 1.2533141373155002512; /* sqrt(pi / 2) */
    double mask = scale / 6 * (double)s->mask[i] / pixels;
    double turns = scale / 2.4494897427831780982 * fmax((double)s->turns_x[i], (double)s->turns_y[i]) / pixels;
    return turns > mask ? mask * mask / turns : mask;
}

static void put_ascending(double *list, int32_t count, double value) {
    for (; count > 0 && list[count - 1] > value; count--) list[count] = list[count - 1];
    list[count] = value;
}

static float noise_of(const sums *s, const shape *of) {
    double noise[CELLS * CELLS];
    const int32_t down = of->mask[0].count, along = of->mask[1].count, count = along * down;
    if (!count) return NAN;
    for (int32_t i = 0; i < count; i++)
        put_ascending(noise, i,
                      noise_in(s, i, (double)size_of(&of->mask[0], i / along) * size_of(&of->mask[1], i % along)));
    return (float)noise[(count * 3 + 50) / 100];
}

static float specks_of(const sums *s, const shape *of) {
    double beyond[PARTS * PARTS];
    if (of->mask[0].count < PARTS || of->mask[1].count < PARTS) return NAN;
    for (int32_t i = 0; i < PARTS * PARTS; i++)
        put_ascending(beyond, i,
                      (double)s->beyond[i] /
                          ((double)size_of(&of->parts[0], i / PARTS) * size_of(&of->parts[1], i % PARTS)));
    return (float)beyond[PARTS * PARTS / 2];
}

static void take_grid(const sums *s, const shape *of, int32_t C, uint8_t *grid) {
    for (int32_t i = 0; i < RGM_GRID_GREY; i++) {
        const uint64_t n =
            (uint64_t)size_of(&of->grid[0], i / RGM_GRID_SIDE) * (uint64_t)size_of(&of->grid[1], i % RGM_GRID_SIDE);
        grid[i] = (uint8_t)((s->grid[i] + n / 2) / n);
    }
    if (rgm_grid_bytes(C) == RGM_GRID_GREY) return;
    for (int32_t i = 0; i < COLOUR_SIDE * COLOUR_SIDE; i++) {
        const int64_t n = (int64_t)size_of(&of->colour[0], i / COLOUR_SIDE) * size_of(&of->colour[1], i % COLOUR_SIDE);
        const int64_t red = (int64_t)s->colour[i][0], green = (int64_t)s->colour[i][1], blue = (int64_t)s->colour[i][2];
        grid[RGM_GRID_GREY + 2 * i] = (uint8_t)((256 * n + red - green) / (2 * n));
        grid[RGM_GRID_GREY + 2 * i + 1] = (uint8_t)((512 * n + 2 * blue - red - green) / (4 * n));
    }
}

static uint8_t is_constant(const rgm_pixels *p) {
    const size_t C = (size_t)p->C, rest = (size_t)(p->W - 1) * C;
    for (int32_t y = 0; y < p->H; y++) {
        const uint8_t *row = p->data + y * p->pitch;
        if (memcmp(row, p->data, C) != 0 || memcmp(row + C, row, rest) != 0) return 0;
    }
    return 1;
}

void rgm_measurer_take(rgm_measurer *m, const rgm_look *look, const rgm_channel_sums *channels, int32_t worker,
                       rgm_measures *out, uint8_t *grid) {
    const rgm_pixels *p = &look->image;
    sums *s = &m->sums[worker];
    shape *of = &m->shapes[worker];
    double total = 0;
    memset(s, 0, sizeof *s);
    find_cells(of, p->H, p->W);
    add_all(s, of, &m->lines[worker], p);
    for (int32_t c = 0; c < p->C; c++) total += (double)channels->sum[c];
    *out = (rgm_measures){.brightness = (float)(total / ((double)channels->pixels * p->C)),
                          .softness = softness_of(s, p),
                          .noise = noise_of(s, of),
                          .specks = specks_of(s, of),
                          .likeness = NAN,
                          .distance = NAN,
                          .H = (uint16_t)look->H,
                          .W = (uint16_t)look->W,
                          .constant = is_constant(p),
                          .looked = 1};
    out->information = (float)fmin(entropy(m, s->values[0], s->values[1], LEVELS),
                                   p->W > 1 ? entropy(m, s->steps[0], s->steps[1], STEPS) : INFINITY);
    take_values(s, out);
    take_grid(s, of, p->C, grid);
}
