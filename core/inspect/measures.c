#include "inspect/measures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3, CELLS = 7, CELL_LEAST = 3, PARTS = 3, LEVELS = 256, STEPS = 512, TABLE = 1024, COLOUR_SIDE = 4 };

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

/* Of an image: where its cells are. */
typedef struct shape {
    const rgm_pixels *p;
    int32_t across, down; /* cells of the mask */
} shape;

struct rgm_measurer {
    int32_t workers, W;
    uint8_t *rows;      /* [workers][ROWS][W] */
    sums *sums;         /* [workers] */
    double bits[TABLE]; /* n log2 n */
};

int32_t rgm_grid_bytes(int32_t C) { return C == 3 || C == 4 ? RGM_GRID_COLOUR : RGM_GRID_GREY; }

rgm_status rgm_measurer_create(rgm_measurer **measurer, int32_t workers, int32_t W, rgm_error *err) {
    rgm_measurer *m = calloc(1, sizeof *m);
    *measurer = m;
    if (!m) return rgm_fail(err, RGM_E_NOMEM, "measures: out of memory");
    m->workers = workers;
    m->W = W;
    m->rows = calloc((size_t)workers * ROWS, (size_t)W);
    m->sums = calloc((size_t)workers, sizeof *m->sums);
    for (int32_t n = 1; n < TABLE; n++) m->bits[n] = n * log2(n);
    if (m->rows && m->sums) return RGM_OK;
    rgm_measurer_destroy(m);
    *measurer = NULL;
    return rgm_fail(err, RGM_E_NOMEM, "measures: no memory for %d workers", (int)workers);
}

void rgm_measurer_destroy(rgm_measurer *m) {
    if (!m) return;
    free(m->rows);
    free(m->sums);
    free(m);
}

/* ---- rows ---- */

/* The grey row y: where it lies, or made in `room`. The factor makes an exact division: sums are below 2^14. */
static const uint8_t *grey_row(const rgm_pixels *p, int32_t y, uint8_t *room) {
    const uint8_t *at = p->data + y * p->pitch;
    const uint32_t C = (uint32_t)p->C, factor = (1U << 22) / C + 1;
    if (C == 1) return at;
    if (C == 3)
        for (int32_t x = 0; x < p->W; x++, at += 3) room[x] = (uint8_t)((at[0] + at[1] + at[2] + 1U) * factor >> 22);
    else
        for (int32_t x = 0; x < p->W; x++, at += C) {
            uint32_t sum = C / 2;
            for (uint32_t c = 0; c < C; c++) sum += at[c];
            room[x] = (uint8_t)(sum * factor >> 22);
        }
    return room;
}

/* What a row has of itself. */
static void add_row(sums *s, const uint8_t *row, int32_t W) {
    uint64_t first = 0, second = 0;
    int32_t before = 0;
    s->values[0][row[0]]++;
    for (int32_t x = 1; x < W; x++) {
        int32_t step = row[x] - row[x - 1], turn = step - before;
        s->values[x & 1][row[x]]++;
        s->steps[x & 1][step + LEVELS]++;
        first += (uint32_t)(step * step);
        second += x > 1 ? (uint32_t)(turn * turn) : 0;
        before = step;
    }
    s->first += first;
    s->second += second;
}

/* What it has with the rows above it, NULL: there is none. */
static void add_columns(sums *s, const uint8_t *row, const uint8_t *above, const uint8_t *second_above, int32_t W) {
    uint64_t first = 0, second = 0;
    for (int32_t x = 0; above && x < W; x++) first += (uint32_t)((row[x] - above[x]) * (row[x] - above[x]));
    for (int32_t x = 0; second_above && x < W; x++) {
        int32_t turn = row[x] - 2 * above[x] + second_above[x];
        second += (uint32_t)(turn * turn);
    }
    s->first += first;
    s->second += second;
}

/* The mask around the row in the middle, which is row y of the image: cell_of() puts it into the cells of this row. */
static void add_mask(sums *s, const shape *of, int32_t y, const uint8_t *const row[ROWS]) {
    const int32_t inner = of->p->W - 2;
    const int64_t first = ((int64_t)y * of->down - 1) / (of->p->H - 2) * of->across;
    for (int32_t i = 0; i < of->across; i++) {
        int32_t end = 1 + (int32_t)((int64_t)(i + 1) * inner / of->across);
        uint32_t mask = 0, turns_x = 0, turns_y = 0; /* at most 8 * 255 * 16384 */
        for (int32_t x = 1 + (int32_t)((int64_t)i * inner / of->across); x < end; x++) {
            int32_t left = row[0][x - 1] - 2 * row[1][x - 1] + row[2][x - 1];
            int32_t here = row[0][x] - 2 * row[1][x] + row[2][x];
            int32_t right = row[0][x + 1] - 2 * row[1][x + 1] + row[2][x + 1];
            mask += (uint32_t)abs(left - 2 * here + right);
            turns_x += (uint32_t)abs(row[1][x - 1] - 2 * row[1][x] + row[1][x + 1]);
            turns_y += (uint32_t)abs(here);
        }
        s->mask[first + i] += mask;
        s->turns_x[first + i] += turns_x;
        s->turns_y[first + i] += turns_y;
    }
}

static int32_t largest(int32_t a, int32_t b, int32_t c) { return a > b ? (a > c ? a : c) : b > c ? b : c; }
static int32_t least(int32_t a, int32_t b, int32_t c) { return a < b ? (a < c ? a : c) : b < c ? b : c; }

/* How far the pixels of the row in the middle are above all eight around them, or below. */
static void add_specks(sums *s, const shape *of, int32_t y, const uint8_t *const row[ROWS]) {
    const int32_t inner = of->p->W - 2;
    uint64_t *to = &s->beyond[((int64_t)y * PARTS - 1) / (of->p->H - 2) * PARTS];
    for (int32_t i = 0; i < PARTS; i++) {
        const int32_t end = 1 + (int32_t)((int64_t)(i + 1) * inner / PARTS);
        uint32_t sum = 0;
        for (int32_t x = 1 + (int32_t)((int64_t)i * inner / PARTS); x < end; x++) {
            const uint8_t *a = row[0] + x, *b = row[1] + x, *c = row[2] + x;
            int32_t over =
                *b - largest(largest(a[-1], a[0], a[1]), b[-1] > b[1] ? b[-1] : b[1], largest(c[-1], c[0], c[1]));
            int32_t under = least(least(a[-1], a[0], a[1]), b[-1] < b[1] ? b[-1] : b[1], least(c[-1], c[0], c[1])) - *b;
            sum += (uint32_t)largest(over, under, 0);
        }
        to[i] += sum;
    }
}

/* Pixels of cell i of `cells` over n: *from and more, below the end that is returned. */
static int32_t cell_of(int32_t i, int32_t n, int32_t cells, int32_t *from) {
    int32_t end = (int32_t)((int64_t)(i + 1) * n / cells);
    *from = (int32_t)((int64_t)i * n / cells);
    return end > *from ? end : *from + 1;
}

static void add_grid(sums *s, const rgm_pixels *p, int32_t y, const uint8_t *row) {
    uint64_t part[RGM_GRID_SIDE];
    for (int32_t i = 0, x; i < RGM_GRID_SIDE; i++) {
        int32_t end = cell_of(i, p->W, RGM_GRID_SIDE, &x);
        for (part[i] = 0; x < end; x++) part[i] += row[x];
    }
    for (int32_t i = 0, from; i < RGM_GRID_SIDE; i++)
        if (y < cell_of(i, p->H, RGM_GRID_SIDE, &from) && y >= from)
            for (int32_t j = 0; j < RGM_GRID_SIDE; j++) s->grid[i * RGM_GRID_SIDE + j] += part[j];
}

static void add_colour(sums *s, const rgm_pixels *p, int32_t y) {
    uint64_t part[COLOUR_SIDE][3] = {{0}};
    for (int32_t i = 0, x; i < COLOUR_SIDE; i++) {
        int32_t end = cell_of(i, p->W, COLOUR_SIDE, &x);
        for (const uint8_t *at = p->data + y * p->pitch + (int64_t)x * p->C; x < end; x++, at += p->C)
            for (int32_t c = 0; c < 3; c++) part[i][c] += at[c];
    }
    for (int32_t i = 0, from; i < COLOUR_SIDE; i++)
        if (y < cell_of(i, p->H, COLOUR_SIDE, &from) && y >= from)
            for (int32_t j = 0; j < COLOUR_SIDE; j++)
                for (int32_t c = 0; c < 3; c++) s->colour[i * COLOUR_SIDE + j][c] += part[j][c];
}

static void add_all(sums *s, const shape *of, uint8_t *rooms, int64_t room) {
    const rgm_pixels *p = of->p;
    const uint8_t *row[ROWS] = {NULL, NULL, NULL}; /* the last three */
    for (int32_t y = 0; y < p->H; y++) {
        row[0] = row[1];
        row[1] = row[2];
        row[2] = grey_row(p, y, rooms + y % ROWS * room);
        add_row(s, row[2], p->W);
        add_columns(s, row[2], row[1], row[0], p->W);
        if (of->across && row[0]) add_mask(s, of, y - 1, row);
        if (of->across && row[0]) add_specks(s, of, y - 1, row);
        add_grid(s, p, y, row[2]);
        if (rgm_grid_bytes(p->C) == RGM_GRID_COLOUR) add_colour(s, p, y);
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
    const int32_t count = of->across * of->down, rank = (count * 3 + 50) / 100;
    if (!count) return NAN;
    for (int32_t i = 0; i < count; i++) {
        int32_t left, top;
        int32_t right = cell_of(i % of->across, of->p->W - 2, of->across, &left);
        int32_t bottom = cell_of(i / of->across, of->p->H - 2, of->down, &top);
        put_ascending(noise, i, noise_in(s, i, (double)(right - left) * (bottom - top)));
    }
    return (float)noise[rank];
}

static float specks_of(const sums *s, const shape *of) {
    double beyond[PARTS * PARTS];
    if (of->across < PARTS || of->down < PARTS) return NAN;
    for (int32_t i = 0; i < PARTS * PARTS; i++) {
        int32_t left, top;
        int32_t right = cell_of(i % PARTS, of->p->W - 2, PARTS, &left);
        int32_t bottom = cell_of(i / PARTS, of->p->H - 2, PARTS, &top);
        put_ascending(beyond, i, (double)s->beyond[i] / ((double)(right - left) * (bottom - top)));
    }
    return (float)beyond[PARTS * PARTS / 2];
}

static void take_grid(const sums *s, const rgm_pixels *p, uint8_t *grid) {
    for (int32_t i = 0; i < RGM_GRID_GREY; i++) {
        int32_t left, top;
        uint64_t across = (uint64_t)cell_of(i % RGM_GRID_SIDE, p->W, RGM_GRID_SIDE, &left);
        uint64_t n = (uint64_t)cell_of(i / RGM_GRID_SIDE, p->H, RGM_GRID_SIDE, &top);
        n = (n - (uint64_t)top) * (across - (uint64_t)left);
        grid[i] = (uint8_t)((s->grid[i] + n / 2) / n);
    }
    if (rgm_grid_bytes(p->C) == RGM_GRID_GREY) return;
    for (int32_t i = 0; i < COLOUR_SIDE * COLOUR_SIDE; i++) {
        int32_t left, top;
        int64_t across = cell_of(i % COLOUR_SIDE, p->W, COLOUR_SIDE, &left);
        int64_t n = (cell_of(i / COLOUR_SIDE, p->H, COLOUR_SIDE, &top) - top) * (across - left);
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
    shape of = {p, (p->W - 2) / CELL_LEAST, (p->H - 2) / CELL_LEAST};
    double total = 0;
    of.across = of.down < 1 ? 0 : of.across < CELLS ? of.across : CELLS;
    of.down = of.across < 1 ? 0 : of.down < CELLS ? of.down : CELLS;
    memset(s, 0, sizeof *s);
    add_all(s, &of, m->rows + (int64_t)worker * ROWS * m->W, m->W);
    for (int32_t c = 0; c < p->C; c++) total += (double)channels->sum[c];
    *out = (rgm_measures){.brightness = (float)(total / ((double)channels->pixels * p->C)),
                          .softness = softness_of(s, p),
                          .noise = noise_of(s, &of),
                          .specks = specks_of(s, &of),
                          .likeness = NAN,
                          .distance = NAN,
                          .H = (uint16_t)look->H,
                          .W = (uint16_t)look->W,
                          .constant = is_constant(p),
                          .looked = 1};
    out->information = (float)fmin(entropy(m, s->values[0], s->values[1], LEVELS),
                                   p->W > 1 ? entropy(m, s->steps[0], s->steps[1], STEPS) : INFINITY);
    take_values(s, out);
    take_grid(s, p, grid);
}
