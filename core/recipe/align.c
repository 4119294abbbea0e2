#include "recipe/align.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "recipe/distort.h"

enum { SIDE = RGM_PATCH_SIDE, PIXELS = SIDE * SIDE, REACH = 4, PITCH = SIDE + 2 * REACH };
enum { PADDED = (SIDE + 2 * REACH) * PITCH + 2 * REACH, STEPS = 4, UNKNOWNS = 5 };

#define NOISE   3.0f  /* grey levels that compression leaves anywhere */
#define BLURRED 0.35f /* of a pixel's difference from its surroundings: what interpolation may take */

#define LEAST_CORRELATION 0.7
#define UNLIKE            0.6
#define SOFT              1.2
#define TEXTURE           0.9

struct rgm_aligner {
    const rgm_kernels *kernels;
    rgm_resizer *resizer;
    uint8_t pixels[PIXELS * 4]; /* a reduced image */
    uint8_t *wide;              /* of many channels */
    size_t wide_bytes;
    rgm_patch fitted, mirrored;         /* a in b's size; and mirrored */
    float padded[PADDED], flat[PADDED]; /* a with zeros around, b with the same pitch */
    float warped[RGM_PATCH_PLANES][PIXELS], smooth[2][PIXELS];
    uint8_t inside[PIXELS];
};

/* A map of pixels: a's place of b's pixel (y, x) is centre + scale * (place - centre) + shift, and its value is
 * gain * a + offset. */
typedef struct map {
    double gain, offset, shift[2], scale;
} map;

/* ---- the object ---- */

rgm_status rgm_aligner_create(rgm_aligner **aligner, const rgm_kernels *kernels, rgm_error *err) {
    rgm_aligner *t = calloc(1, sizeof *t);
    *aligner = t;
    if (!t) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory to compare images");
    t->kernels = kernels;
    return rgm_resizer_create(&t->resizer, kernels, err);
}

void rgm_aligner_destroy(rgm_aligner *t) {
    if (!t) return;
    rgm_resizer_destroy(t->resizer);
    free(t->wide);
    free(t);
}

/* ---- patches ---- */

static void split_planes(const rgm_pixels *from, rgm_patch *p) {
    const int32_t C = from->C;
    p->H = from->H;
    p->W = from->W;
    p->C = C == 3 ? 3 : 1;
    for (int32_t y = 0; y < p->H; y++) {
        const uint8_t *row = from->data + y * from->pitch;
        for (int32_t x = 0; x < p->W; x++, row += C) {
            const int32_t at = y * p->W + x;
            int32_t sum = 0;
            for (int32_t c = 0; c < C; c++) sum += row[c];
            for (int32_t c = 0; c < 3 && C == 3; c++) p->plane[c][at] = row[c];
            p->grey[at] = (float)sum / (float)C;
            if (C != 3) p->plane[0][at] = p->grey[at];
        }
    }
}

static void sum_up(rgm_patch *p) {
    const int32_t pitch = p->W + 1;
    memset(p->sums[0], 0, (size_t)pitch * sizeof(double));
    memset(p->sums[1], 0, (size_t)pitch * sizeof(double));
    for (int32_t y = 0; y < p->H; y++) {
        double sum = 0, squares = 0, *rows[2] = {p->sums[0] + (y + 1) * pitch, p->sums[1] + (y + 1) * pitch};
        rows[0][0] = rows[1][0] = 0;
        for (int32_t x = 0; x < p->W; x++) {
            double v = (double)p->grey[y * p->W + x];
            sum += v;
            squares += v * v;
            rows[0][x + 1] = rows[0][x + 1 - pitch] + sum;
            rows[1][x + 1] = rows[1][x + 1 - pitch] + squares;
        }
    }
}

/* Of the difference of pixels from those around. */
static double allow(const rgm_patch *p) {
    const int32_t W = p->W;
    double sum = 0;
    for (int32_t y = 1; y < p->H - 1; y++) {
        float row = 0;
        for (int32_t x = 1; x < W - 1; x++) {
            const float *v = p->grey + y * W + x, d = v[0] - (v[-1] + v[1] + v[-W] + v[W]) / 4;
            row += d * d;
        }
        sum += (double)row;
    }
    double pixels = (double)(p->H - 2) * (W - 2);
    return (double)(NOISE * NOISE) + (double)(BLURRED * BLURRED) * (pixels > 0 ? sum / pixels : 0);
}

rgm_status rgm_patch_of(rgm_aligner *t, const rgm_pixels *image, rgm_patch *patch, rgm_error *err) {
    rgm_pixels p = *image;
    int32_t longer = p.H > p.W ? p.H : p.W;
    if (longer > SIDE) {
        rgm_transform to = rgm_transform_within(1, p.H, p.W, SIDE);
        size_t bytes = (size_t)to.H * (size_t)to.W * (size_t)p.C;
        if (bytes > sizeof t->pixels && bytes > t->wide_bytes) {
            free(t->wide);
            t->wide = malloc(bytes);
            t->wide_bytes = t->wide ? bytes : 0;
            if (!t->wide) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory to compare images");
        }
        const rgm_resize_source from = {.pixels = p.data, .pitch = p.pitch, .H = p.H, .W = p.W, .C = p.C};
        const rgm_resize_result result = {.pixels = bytes > sizeof t->pixels ? t->wide : t->pixels,
                                          .pitch = (int64_t)to.W * p.C,
                                          .H = to.H,
                                          .W = to.W,
                                          .full_H = to.H,
                                          .full_W = to.W};
        RGM_TRY(rgm_resize(t->resizer, &from, &result, err));
        p = (rgm_pixels){.data = result.pixels, .pitch = result.pitch, .H = to.H, .W = to.W, .C = p.C};
    }
    split_planes(&p, patch);
    sum_up(patch);
    patch->allowance = allow(patch);
    return RGM_OK;
}

static void mirror_plane(const float *from, int32_t H, int32_t W, float *to) {
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++) to[y * W + x] = from[y * W + W - 1 - x];
}

static void mirror(const rgm_patch *from, rgm_patch *to) {
    to->H = from->H;
    to->W = from->W;
    to->C = from->C;
    to->allowance = from->allowance;
    mirror_plane(from->grey, from->H, from->W, to->grey);
    for (int32_t c = 0; c < from->C; c++) mirror_plane(from->plane[c], from->H, from->W, to->plane[c]);
    sum_up(to);
}

/* ---- whole shifts ---- */

/* Over rows box[0] to box[1] and columns box[2] to box[3]. */
static double sum_of(const rgm_patch *p, int32_t squares, const int32_t box[4]) {
    const double *sums = p->sums[squares];
    const int32_t pitch = p->W + 1, top = box[0] * pitch, bottom = box[1] * pitch;
    return (sums[bottom + box[3]] - sums[bottom + box[2]]) - (sums[top + box[3]] - sums[top + box[2]]);
}

/* b's pixel (y, x) is a's (y - dy, x - dx). */
static double correlate(const rgm_aligner *t, const rgm_patch *a, const rgm_patch *b, int32_t dy, int32_t dx) {
    const int32_t H = b->H, W = b->W;
    const int32_t in_b[4] = {dy > 0 ? dy : 0, dy < 0 ? H + dy : H, dx > 0 ? dx : 0, dx < 0 ? W + dx : W};
    const int32_t in_a[4] = {in_b[0] - dy, in_b[1] - dy, in_b[2] - dx, in_b[3] - dx};
    double n = (double)(in_b[1] - in_b[0]) * (in_b[3] - in_b[2]), product;
    t->kernels->dot(t->padded + (REACH - dy) * PITCH + REACH - dx, t->flat, (int64_t)(H - 1) * PITCH + W, &product);
    double sa = sum_of(a, 0, in_a), sb = sum_of(b, 0, in_b);
    double va = sum_of(a, 1, in_a) - sa * sa / n, vb = sum_of(b, 1, in_b) - sb * sb / n;
    return va > n && vb > n ? (product - sa * sb / n) / sqrt(va * vb) : -1;
}

/* The best whole shift of a; returns its correlation. */
static double find_shift(rgm_aligner *t, const rgm_patch *a, const rgm_patch *b, map *m) {
    const int32_t reach[2] = {rgm_distort_reach(b->H), rgm_distort_reach(b->W)};
    double best = -2;
    memset(t->padded, 0, sizeof t->padded);
    for (int32_t y = 0; y < a->H; y++)
        memcpy(t->padded + (y + REACH) * PITCH + REACH, a->grey + y * a->W, (size_t)a->W * sizeof(float));
    for (int32_t dy = -reach[0]; dy <= reach[0]; dy++)
        for (int32_t dx = -reach[1]; dx <= reach[1]; dx++) {
            double r = correlate(t, a, b, dy, dx);
            if (r <= best) continue;
            best = r;
            *m = (map){.gain = 1, .shift = {-dy, -dx}, .scale = 1};
        }
    return best;
}

static void spread(rgm_aligner *t, const rgm_patch *b) {
    memset(t->flat, 0, sizeof t->flat);
    for (int32_t y = 0; y < b->H; y++) memcpy(t->flat + y * PITCH, b->grey + y * b->W, (size_t)b->W * sizeof(float));
}

/* ---- least squares ---- */

/* Where a pixel lies in a: the corner above and left, and how far from there; 0: outside. */
static int32_t locate(const map *m, int32_t n, int32_t axis, int32_t i, int32_t *whole, float *part) {
    double centre = (n - 1) / 2.0, at = centre + m->scale * (i - centre) + m->shift[axis];
    double low = floor(at);
    if (low < 0 || low > n - 1 || (low == n - 1 && at > low)) return 0;
    *whole = low > n - 2 ? n - 2 : (int32_t)low;
    *part = (float)(at - *whole);
    return 1;
}

/* Where the pixels of b's rows lie. */
typedef struct columns {
    int32_t whole[SIDE], good[SIDE];
    float part[SIDE];
} columns;

/* Normal equations: row i, column j, the right side last; in the last row the sum of its squares. */
typedef double equations[UNKNOWNS + 1][UNKNOWNS + 1];

static void gather(float sums[UNKNOWNS + 1][UNKNOWNS + 1], const float row[UNKNOWNS + 1]) {
    for (int32_t i = 0; i <= UNKNOWNS; i++)
        for (int32_t j = i; j <= UNKNOWNS; j++) sums[i][j] += row[i] * row[j];
}

/* Solves the symmetric equations by elimination; 0: they say nothing. */
static int32_t solve(equations n) {
    for (int32_t i = 0; i < UNKNOWNS; i++)
        for (int32_t j = 0; j < i; j++) n[i][j] = n[j][i];
    for (int32_t i = 0; i < UNKNOWNS; i++) n[i][i] = n[i][i] * (1 + 1e-6) + 1e-6;
    for (int32_t k = 0; k < UNKNOWNS; k++) {
        if (!(n[k][k] > 1e-12)) return 0;
        for (int32_t i = 0; i < UNKNOWNS; i++) {
            double f = i == k ? 0 : n[i][k] / n[k][k];
            for (int32_t j = k; f != 0 && j <= UNKNOWNS; j++) n[i][j] -= f * n[k][j];
        }
    }
    for (int32_t i = 0; i < UNKNOWNS; i++) n[i][UNKNOWNS] /= n[i][i];
    return 1;
}

/* A value that was cut at 0 or 255 says only that it would be beyond. */
static int32_t cut(float value, float b) { return (b <= 0 && value < 0) || (b >= 255 && value > 255); }

/* A row of b -> sums; returns how many pixels told something. */
static int32_t gather_row(const rgm_patch *a, const rgm_patch *b, const map *m, int32_t y, const columns *at,
                          float sums[UNKNOWNS + 1][UNKNOWNS + 1]) {
    const int32_t W = b->W;
    const float gain = (float)m->gain, offset = (float)m->offset;
    const float from_top = (float)y - (float)(b->H - 1) / 2, from_left = -(float)(W - 1) / 2;
    int32_t v, count = 0;
    float q;
    if (!locate(m, b->H, 0, y, &v, &q)) return 0;
    for (int32_t x = 0; x < W; x++) {
        if (!at->good[x]) continue;
        const float *p = a->grey + v * W + at->whole[x], f = at->part[x];
        const float upper = p[0] + f * (p[1] - p[0]), lower = p[W] + f * (p[W + 1] - p[W]);
        const float value = upper + q * (lower - upper), made = gain * value + offset, want = b->grey[y * W + x];
        const float gy = gain * (lower - upper), gx = gain * ((1 - q) * (p[1] - p[0]) + q * (p[W + 1] - p[W]));
        if (cut(made, want)) continue;
        const float row[UNKNOWNS + 1] = {value, 1, gy, gx, gy * from_top + gx * (from_left + (float)x), want - made};
        gather(sums, row);
        count++;
    }
    return count;
}

/* A step of least squares on every `stride`th row. Returns the mean square that it leaves if the image is as smooth as
 * it assumes; -1: there is none. */
static double step(const rgm_patch *a, const rgm_patch *b, map *m, int32_t stride) {
    equations n = {{0}};
    columns at;
    double right[UNKNOWNS];
    int32_t count = 0;
    for (int32_t x = 0; x < b->W; x++) at.good[x] = locate(m, b->W, 1, x, &at.whole[x], &at.part[x]);
    for (int32_t y = 0; y < b->H; y += stride) {
        float sums[UNKNOWNS + 1][UNKNOWNS + 1] = {{0}};
        count += gather_row(a, b, m, y, &at, sums);
        for (int32_t i = 0; i <= UNKNOWNS; i++)
            for (int32_t j = i; j <= UNKNOWNS; j++) n[i][j] += (double)sums[i][j];
    }
    double left = n[UNKNOWNS][UNKNOWNS];
    for (int32_t i = 0; i < UNKNOWNS; i++) right[i] = n[i][UNKNOWNS];
    if (count < 2 * UNKNOWNS || !solve(n)) return -1;
    for (int32_t i = 0; i < UNKNOWNS; i++) left -= n[i][UNKNOWNS] * right[i];
    m->gain += n[0][UNKNOWNS];
    m->offset += n[1][UNKNOWNS];
    m->shift[0] += n[2][UNKNOWNS];
    m->shift[1] += n[3][UNKNOWNS];
    m->scale += n[4][UNKNOWNS];
    return left > 0 ? left / count : 0;
}

/* ---- what is left ---- */

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

static void warp(rgm_aligner *t, const rgm_patch *a, const map *m, float sharp) {
    const int32_t H = a->H, W = a->W;
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++) {
            int32_t at[2], i = y * W + x;
            float part[2], w[2][4];
            t->inside[i] = (uint8_t)(locate(m, H, 0, y, &at[0], &part[0]) && locate(m, W, 1, x, &at[1], &part[1]));
            for (int32_t c = 0; c < a->C; c++) t->warped[c][i] = 0;
            if (!t->inside[i]) continue;
            for (int32_t k = 0; k < 2; k++) weigh(sharp, part[k], w[k]);
            for (int32_t c = 0; c < a->C; c++) t->warped[c][i] = pick(a->plane[c], H, W, at, w);
        }
}

/* Gain and offset of what was warped, which is sharper than what they were found with. */
static void fit(const rgm_aligner *t, const rgm_patch *b, map *m) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0;
    for (int32_t i = 0; i < b->C * b->H * b->W; i++) {
        const int32_t c = i / (b->H * b->W), at = i % (b->H * b->W);
        const float value = t->warped[c][at], want = b->plane[c][at];
        if (!t->inside[at] || cut((float)m->gain * value + (float)m->offset, want)) continue;
        n++;
        x += (double)value, y += (double)want;
        xx += (double)value * (double)value, xy += (double)value * (double)want;
    }
    double spread = n * xx - x * x;
    if (!(spread > n)) return;
    m->gain = (n * xy - x * y) / spread;
    m->offset = (y - m->gain * x) / n;
}

static void brighten(rgm_aligner *t, const rgm_patch *b, const map *m) {
    for (int32_t c = 0; c < b->C; c++)
        for (int32_t i = 0; i < b->H * b->W; i++) {
            float value = (float)m->gain * t->warped[c][i] + (float)m->offset;
            t->warped[c][i] = value < 0 ? 0 : value > 255 ? 255 : value;
        }
}

typedef struct rest {
    double n, squares, soft, unlike, a, b, aa, bb, ab, ha, hb, haa, hbb, hab;
} rest;

static void judge_plane(rgm_aligner *t, const rgm_patch *b, int32_t c, rest *r) {
    const int32_t H = b->H, W = b->W;
    smooth(t->warped[c], H, W, t->smooth[0]);
    smooth(b->plane[c], H, W, t->smooth[1]);
    for (int32_t y = 1; y < H - 1; y++)
        for (int32_t x = 1; x < W - 1; x++) {
            const int32_t at = y * W + x;
            int32_t whole = 1;
            for (int32_t i = -1; i <= 1; i++)
                for (int32_t j = -1; j <= 1; j++) whole &= t->inside[at + i * W + j];
            if (!whole) continue;
            float activity = 0;
            for (int32_t i = -1; i <= 1; i++)
                for (int32_t j = -1; j <= 1; j++) {
                    int32_t k = at + i * W + j;
                    float d = b->plane[c][k] - t->smooth[1][k];
                    activity += d * d / 9;
                }
            double va = (double)t->warped[c][at], vb = (double)b->plane[c][at];
            double soft = (double)(t->smooth[0][at] - t->smooth[1][at]);
            r->soft += soft * soft;
            double e = vb - va, ha = (double)(t->warped[c][at] - t->smooth[0][at]), hb = vb - (double)t->smooth[1][at];
            r->n++;
            r->squares += e * e;
            r->unlike += e * e / (double)(NOISE * NOISE + BLURRED * BLURRED * activity);
            r->a += va, r->b += vb, r->aa += va * va, r->bb += vb * vb, r->ab += va * vb;
            r->haa += ha * ha, r->hbb += hb * hb, r->hab += ha * hb;
        }
}

static void judge(rgm_aligner *t, const rgm_patch *a, const rgm_patch *b, const map *found, float sharp,
                  rgm_alignment *to) {
    rest r = {0};
    map m = *found;
    warp(t, a, &m, sharp);
    fit(t, b, &m);
    brighten(t, b, &m);
    for (int32_t c = 0; c < b->C; c++) judge_plane(t, b, c, &r);
    double n = r.n > 0 ? r.n : 1, va = r.aa - r.a * r.a / n, vb = r.bb - r.b * r.b / n;
    to->correlation = va > 0 && vb > 0 ? (r.ab - r.a * r.b / n) / sqrt(va * vb) : 0;
    to->texture = r.haa > 0 && r.hbb > 0 ? r.hab / sqrt(r.haa * r.hbb) : 0;
    to->unlike = r.n > 0 ? r.unlike / n : 1e9;
    to->residual = sqrt(r.squares / n);
    to->soft = sqrt(r.soft / n);
    to->gain = m.gain;
    to->offset = m.offset;
    to->shift[0] = -m.shift[0];
    to->shift[1] = -m.shift[1];
    to->scale = 1 / m.scale;
}

static int32_t far_off(const map *m, const rgm_patch *b) {
    return fabs(m->shift[0]) > rgm_distort_reach(b->H) + 1.5 || fabs(m->shift[1]) > rgm_distort_reach(b->W) + 1.5 ||
           fabs(m->scale - 1) > 0.06 || m->gain < 0.6 || m->gain > 1.7;
}

/* Times the allowance that may be left after each step: the first is on half of the rows, and assumes much. */
static const double left_after[STEPS] = {5, 3, 2, 2};

static int32_t refine(const rgm_patch *a, const rgm_patch *b, map *m) {
    for (int32_t i = 0; i < STEPS; i++) {
        double left = step(a, b, m, i ? 1 : 2);
        if (left < 0 || left > left_after[i] * b->allowance || far_off(m, b)) return 0;
    }
    return 1;
}

/* The best of some ways to interpolate, for nobody knows which one made the copy: Pillow's and OpenCV's cubics are of
 * parameters -1 and -1/2, and -3/4. */
static void judge_all(rgm_aligner *t, const rgm_patch *a, const rgm_patch *b, const map *m, rgm_alignment *to) {
    static const float ways[] = {0, -0.5f, -0.75f, -1};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        rgm_alignment one;
        judge(t, a, b, m, ways[i], &one);
        if (i == 0 || one.soft < to->soft) *to = one;
    }
}

static int32_t is_copy(const rgm_alignment *a) { return a->soft < SOFT && a->unlike < UNLIKE && a->texture > TEXTURE; }

int32_t rgm_align(rgm_aligner *t, const rgm_patch *a, const rgm_patch *b, rgm_alignment *to) {
    map plain, turned;
    rgm_alignment back;
    *to = (rgm_alignment){.unlike = 1e9};
    if (a->H != b->H || a->W != b->W || a->C != b->C || a->H < 6 || a->W < 6) return 0;
    spread(t, b);
    mirror(a, &t->mirrored);
    double r = find_shift(t, a, b, &plain), mirrored = find_shift(t, &t->mirrored, b, &turned);
    int32_t flip = mirrored > r;
    const rgm_patch *from = flip ? &t->mirrored : a;
    map m = flip ? turned : plain, inverse = {.gain = 1, .shift = {-m.shift[0], -m.shift[1]}, .scale = 1};
    if ((flip ? mirrored : r) < LEAST_CORRELATION || !refine(from, b, &m)) return 0;
    judge_all(t, from, b, &m, to);
    if (!is_copy(to) && refine(b, from, &inverse)) {
        judge_all(t, b, from, &inverse, &back);
        if (back.soft < to->soft) {
            to->unlike = back.unlike;
            to->texture = back.texture;
            to->correlation = back.correlation;
            to->residual = back.residual;
            to->soft = back.soft;
        }
    }
    to->mirrored = flip;
    return is_copy(to);
}
