#include "inspect/judge.h"

#include <math.h>
#include <string.h>

enum { CELLS = 4, EDGE = RGM_PATCH_EDGE };
#define NOISE   RGM_PATCH_NOISE
#define BLURRED RGM_PATCH_BLUR

/* The limits of a copy. They are measured on Fashion-MNIST, icons and fractal textures with planted copies, and on the
 * closest strangers of these sets (tests/trials/near.sh).
 *
 *     measure    copies, 99 in 100 below    Fashion-MNIST's closest strangers
 *     soft       1.0                        from 1 on; half are above 5
 *     worst      1.9                        from 1.5 on
 *     unlike     0.8                        half are above 3
 *     colour     5                          (grey)
 *
 * What is left after smoothing tells them apart the best: compression and interpolation leave errors of alternating
 * sign, but folds, shades and outlines are smooth. Strangers in sets of little contrast differ by less: below
 * CONTRAST, soft and worst shrink with it. */
#define SOFT     0.95
#define WORST    1.9
#define UNLIKE   1.0
#define TEXTURE  0.5
#define COLOUR   8.0
#define CONTRAST 40.0

/* Where a pixel lies in a: the corner above and left, and how far from there; 0: outside. */
int32_t rgm_map_locate(const rgm_map *m, int32_t n, int32_t axis, int32_t i, int32_t *whole, float *part) {
    double centre = (n - 1) / 2.0, at = centre + m->scale * (i - centre) + m->shift[axis];
    double low = floor(at);
    if (at < EDGE || at > n - 1 - EDGE) return 0;
    *whole = low > n - 2 ? n - 2 : (int32_t)low;
    *part = (float)(at - *whole);
    return 1;
}

static void smooth(const float *from, int32_t H, int32_t W, float *to) {
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++) {
            float sum = 0;
            for (int32_t i = -1; i <= 1; i++)
                for (int32_t j = -1; j <= 1; j++) {
                    int32_t v = y + i < 0    ? 0
                                : y + i >= H ? H - 1
                                             : y + i,
                            u = x + j < 0    ? 0
                                : x + j >= W ? W - 1
                                             : x + j;
                    sum += from[v * W + u];
                }
            to[y * W + x] = sum / 9;
        }
}

/* Weights of the four pixels around a place, from one before its corner on: linear for a = 0, or Keys' cubic (1981) of
 * parameter a < 0. */
static void weigh(float a, float f, float w[4]) {
    const float g = 1 - f;
    w[0] = a * f * g * g;
    w[1] = a < 0 ? 1 + f * f * ((a + 2) * f - (a + 3)) : g;
    w[2] = a < 0 ? 1 + g * g * ((a + 2) * g - (a + 3)) : f;
    w[3] = a * g * f * f;
}

static float pick(const float *plane, int32_t H, int32_t W, const int32_t at[2], float w[2][4]) {
    float sum = 0;
    for (int32_t i = 0; i < 4; i++) {
        int32_t y = at[0] + i - 1, v = y < 0 ? 0 : y >= H ? H - 1 : y;
        float row = 0;
        for (int32_t j = 0; j < 4 && w[0][i] != 0; j++) {
            int32_t x = at[1] + j - 1, u = x < 0 ? 0 : x >= W ? W - 1 : x;
            row += w[1][j] * plane[v * W + u];
        }
        sum += w[0][i] * row;
    }
    return sum;
}

static void warp(rgm_judge *t, const rgm_patch *a, const rgm_map *m, float sharp) {
    const int32_t H = a->H, W = a->W;
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++) {
            int32_t at[2], i = y * W + x;
            float part[2], w[2][4];
            t->inside[i] =
                (uint8_t)(rgm_map_locate(m, H, 0, y, &at[0], &part[0]) && rgm_map_locate(m, W, 1, x, &at[1], &part[1]));
            for (int32_t c = 0; c < 3; c++) t->warped[c][i] = 0;
            if (!t->inside[i]) continue;
            for (int32_t k = 0; k < 2; k++) weigh(sharp, part[k], w[k]);
            t->limit[i] = rgm_patch_limit(a, at[0] * W + at[1]);
            t->warped[0][i] = pick(a->grey, H, W, at, w);
            for (int32_t c = 0; c < 2 && a->C == 3; c++) t->warped[1 + c][i] = pick(a->colour[c], H, W, at, w);
        }
}

/* Gain and offset of what was warped, which is sharper than what they were found with. */
static void fit(const rgm_judge *t, const rgm_patch *b, rgm_map *m) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (int32_t at = b->W; at < (b->H - 1) * b->W; at++) {
        const float value = t->warped[0][at], want = b->grey[at];
        if (!t->inside[at] ||
            rgm_patch_cut((float)m->gain * value + (float)m->offset, want, t->limit[at], b->limit[at]))
            continue;
        n++;
        x += (double)value, y += (double)want;
        xx += (double)value * (double)value, xy += (double)value * (double)want;
    }
    double spread = n * xx - x * x;
    if (!(spread > n)) return;
    m->gain = (n * xy - x * y) / spread;
    m->offset = (y - m->gain * x) / n;
}

static void brighten(rgm_judge *t, const rgm_patch *b, const rgm_map *m) {
    for (int32_t i = 0; i < b->H * b->W; i++) {
        float value = (float)m->gain * t->warped[0][i] + (float)m->offset, want = b->grey[i];
        t->warped[0][i] = t->inside[i] && rgm_patch_cut(value, want, t->limit[i], b->limit[i]) ? want : value;
        t->warped[1][i] *= (float)m->gain;
        t->warped[2][i] *= (float)m->gain;
    }
}

/* Sums over pixels of a, as it was warped, and b; h: of what differs from its surroundings. */
typedef struct rest {
    double cell[CELLS * CELLS][2];
    double n, soft, unlike, a, b, aa, bb, ab, haa, hbb, hab;
} rest;

static int32_t all_inside(const rgm_judge *t, int32_t at, int32_t W) {
    int32_t all = 1;
    for (int32_t i = -1; i <= 1; i++)
        for (int32_t j = -1; j <= 1; j++) all &= t->inside[at + i * W + j];
    return all;
}

/* Mean square of what differs from its surroundings, around a pixel of b. */
static float activity_at(const rgm_judge *t, const rgm_patch *b, int32_t at) {
    float sum = 0;
    for (int32_t i = -1; i <= 1; i++)
        for (int32_t j = -1; j <= 1; j++) {
            int32_t k = at + i * b->W + j;
            float d = b->grey[k] - t->smooth[1][k];
            sum += d * d / 9;
        }
    return sum;
}

static void judge_pixel(const rgm_judge *t, const rgm_patch *b, int32_t at, double cell[2], rest *r) {
    const double va = (double)t->warped[0][at], vb = (double)b->grey[at], e = vb - va;
    const double sa = (double)t->smooth[0][at], sb = (double)t->smooth[1][at], ha = va - sa, hb = vb - sb;
    const double soft = (sa - sb) * (sa - sb);
    cell[0] += soft;
    cell[1]++;
    r->n++;
    r->soft += soft;
    r->unlike += e * e / (double)(NOISE * NOISE + BLURRED * BLURRED * activity_at(t, b, at));
    r->a += va;
    r->b += vb;
    r->aa += va * va;
    r->bb += vb * vb;
    r->ab += va * vb;
    r->haa += ha * ha;
    r->hbb += hb * hb;
    r->hab += ha * hb;
}

static void judge_grey(rgm_judge *t, const rgm_patch *b, rest *r) {
    const int32_t H = b->H, W = b->W;
    smooth(t->warped[0], H, W, t->smooth[0]);
    for (int32_t y = 1 + EDGE; y < H - 1 - EDGE; y++)
        for (int32_t x = 1 + EDGE; x < W - 1 - EDGE; x++)
            if (all_inside(t, y * W + x, W))
                judge_pixel(t, b, y * W + x, r->cell[y * CELLS / H * CELLS + x * CELLS / W], r);
}

/* The difference of colours in cells of an image, so large that compression leaves their means. */
static double judge_colour(const rgm_judge *t, const rgm_patch *b) {
    double squares = 0, sums[CELLS * CELLS][3] = {{0}};
    int32_t cells = 0;
    for (int32_t y = 0; y < b->H; y++)
        for (int32_t x = 0; x < b->W; x++) {
            const int32_t at = y * b->W + x;
            double *cell = sums[y * CELLS / b->H * CELLS + x * CELLS / b->W];
            if (!t->inside[at]) continue;
            for (int32_t c = 0; c < 2; c++) cell[c] += (double)(b->colour[c][at] - t->warped[1 + c][at]);
            cell[2]++;
        }
    for (int32_t i = 0; i < CELLS * CELLS; i++) {
        if (!(sums[i][2] > 0)) continue;
        for (int32_t c = 0; c < 2; c++) squares += sums[i][c] / sums[i][2] * (sums[i][c] / sums[i][2]);
        cells++;
    }
    return cells ? sqrt(squares / (2 * cells)) : 0;
}

/* Of the cells of at least so many pixels. */
static double worst_cell(const rest *r, double least) {
    double worst = 0;
    for (int32_t i = 0; i < CELLS * CELLS; i++) {
        double squares = r->cell[i][1] >= least ? r->cell[i][0] / r->cell[i][1] : 0;
        worst = squares > worst ? squares : worst;
    }
    return sqrt(worst);
}

static void judge(rgm_judge *t, const rgm_patch *a, const rgm_patch *b, const rgm_map *found, float sharp,
                  rgm_remainder *to) {
    rest r = {0};
    rgm_map m = *found;
    warp(t, a, &m, sharp);
    fit(t, b, &m);
    brighten(t, b, &m);
    judge_grey(t, b, &r);
    double n = r.n > 0 ? r.n : 1, va = r.aa - r.a * r.a / n, vb = r.bb - r.b * r.b / n;
    *to = (rgm_remainder){.correlation = va > 0 && vb > 0 ? (r.ab - r.a * r.b / n) / sqrt(va * vb) : 0,
                          .unlike = r.n > 0 ? r.unlike / n : 1e9,
                          .texture = r.haa > 0 && r.hbb > 0 ? r.hab / sqrt(r.haa * r.hbb) : 0,
                          .soft = sqrt(r.soft / n),
                          .worst = worst_cell(&r, 0.4 * b->H * b->W / (CELLS * CELLS)),
                          .colour = b->C == 3 ? judge_colour(t, b) : 0,
                          .gain = m.gain,
                          .offset = m.offset};
}

/* Pillow's cubics are of parameters -1 and -1/2, OpenCV's of -3/4. */
void rgm_judge_pair(rgm_judge *t, const rgm_patch *a, const rgm_patch *b, const rgm_map *map, rgm_remainder *left) {
    static const float ways[] = {0, -0.5f, -0.75f, -1};
    smooth(b->grey, b->H, b->W, t->smooth[1]);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        rgm_remainder one;
        judge(t, a, b, map, ways[i], &one);
        if (i == 0 || one.soft < left->soft) *left = one;
    }
}

int32_t rgm_judge_copy(const rgm_remainder *left, double contrast) {
    const double part = contrast < CONTRAST ? contrast / CONTRAST : 1;
    return left->soft < SOFT * part && left->worst < WORST * part && left->unlike < UNLIKE && left->texture > TEXTURE &&
           left->colour < COLOUR;
}
