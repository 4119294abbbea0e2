#include "inspect/align.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "inspect/distort.h"

enum { SIDE = RGM_PATCH_SIDE, EDGE = RGM_PATCH_EDGE, REACH = 4, PITCH = SIDE + 2 * REACH };
enum { PADDED = (SIDE + 2 * REACH) * PITCH + 2 * REACH, STEPS = 4, UNKNOWNS = 5, WIDE = 8 };
#define LEAST_CORRELATION 0.7 /* of a copy before it is aligned */

struct rgm_aligner {
    const rgm_kernels *kernels;
    double contrast;
    rgm_patch mirrored;                 /* a */
    float padded[PADDED], flat[PADDED]; /* a with zeros around, b with the same pitch */
    rgm_judge judge;
};

rgm_status rgm_aligner_create(rgm_aligner **aligner, const rgm_kernels *kernels, double contrast, rgm_error *err) {
    *aligner = calloc(1, sizeof **aligner);
    if (!*aligner) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory to compare images");
    (*aligner)->kernels = kernels;
    (*aligner)->contrast = contrast;
    return RGM_OK;
}

void rgm_aligner_destroy(rgm_aligner *aligner) { free(aligner); }

/* ---- whole shifts ---- */

/* Over rows box[0] to box[1] and columns box[2] to box[3]. */
static double sum_of(const rgm_patch *p, int32_t squares, const int32_t box[4]) {
    const double *sums = p->sums[squares];
    const int32_t pitch = p->W + 1, top = box[0] * pitch, bottom = box[1] * pitch;
    return (sums[bottom + box[3]] - sums[bottom + box[2]]) - (sums[top + box[3]] - sums[top + box[2]]);
}

static int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

/* b's pixel (y, x) is a's (y - dy, x - dx). */
static double correlate(const rgm_aligner *t, const rgm_patch *a, const rgm_patch *b, int32_t dy, int32_t dx) {
    const int32_t H = b->H, W = b->W;
    const int32_t in_b[4] = {larger(EDGE, dy), H - larger(EDGE, -dy), larger(EDGE, dx), W - larger(EDGE, -dx)};
    const int32_t in_a[4] = {in_b[0] - dy, in_b[1] - dy, in_b[2] - dx, in_b[3] - dx};
    double n = (double)(in_b[1] - in_b[0]) * (in_b[3] - in_b[2]), product;
    t->kernels->dot(t->padded + (REACH - dy) * PITCH + REACH - dx, t->flat, (int64_t)(H - 1) * PITCH + W, &product);
    double sa = sum_of(a, 0, in_a), sb = sum_of(b, 0, in_b);
    double va = sum_of(a, 1, in_a) - sa * sa / n, vb = sum_of(b, 1, in_b) - sb * sb / n;
    return va > n && vb > n ? (product - sa * sb / n) / sqrt(va * vb) : -1;
}

/* The best whole shift of a; returns its correlation. */
static double find_shift(rgm_aligner *t, const rgm_patch *a, const rgm_patch *b, rgm_map *m) {
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
            *m = (rgm_map){.gain = 1, .shift = {-dy, -dx}, .scale = 1};
        }
    return best;
}

static void spread(rgm_aligner *t, const rgm_patch *b) {
    memset(t->flat, 0, sizeof t->flat);
    for (int32_t y = EDGE; y < b->H - EDGE; y++)
        memcpy(t->flat + y * PITCH + EDGE, b->grey + y * b->W + EDGE, (size_t)(b->W - 2 * EDGE) * sizeof(float));
}

/* ---- least squares ---- */

/* Where the pixels of b's rows lie. */
typedef struct columns {
    int32_t whole[SIDE], good[SIDE];
    float part[SIDE];
} columns;

/* Normal equations: row i, column j, the right side last; in the last row the sum of its squares. */
typedef double equations[UNKNOWNS + 1][UNKNOWNS + 1];

static void gather(float sums[UNKNOWNS + 1][WIDE], const float row[WIDE]) {
    for (int32_t i = 0; i <= UNKNOWNS; i++) {
        const float x = row[i];
        for (int32_t j = 0; j < WIDE; j++) sums[i][j] += x * row[j]; /* of a vector all: quicker than some */
    }
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

/* A row of b -> sums; returns how many pixels told something. */
static int32_t gather_row(const rgm_patch *a, const rgm_patch *b, const rgm_map *m, int32_t y, const columns *at,
                          float sums[UNKNOWNS + 1][WIDE]) {
    const int32_t W = b->W;
    const float gain = (float)m->gain, offset = (float)m->offset;
    const float from_top = (float)y - (float)(b->H - 1) / 2, from_left = -(float)(W - 1) / 2;
    int32_t v, count = 0;
    float q;
    if (!rgm_map_locate(m, b->H, 0, y, &v, &q)) return 0;
    for (int32_t x = EDGE; x < W - EDGE; x++) {
        if (!at->good[x]) continue;
        const float *p = a->grey + v * W + at->whole[x], f = at->part[x];
        const float upper = p[0] + f * (p[1] - p[0]), lower = p[W] + f * (p[W + 1] - p[W]);
        const float value = upper + q * (lower - upper), made = gain * value + offset, want = b->grey[y * W + x];
        const float gy = gain * (lower - upper), gx = gain * ((1 - q) * (p[1] - p[0]) + q * (p[W + 1] - p[W]));
        if (rgm_patch_cut(made, want, rgm_patch_limit(a, v * W + at->whole[x]), b->limit[y * W + x])) continue;
        const float row[WIDE] = {value, 1, gy, gx, gy * from_top + gx * (from_left + (float)x), want - made};
        gather(sums, row);
        count++;
    }
    return count;
}

/* A step of least squares on every `stride`th row. Returns the mean square that it leaves if the image is as smooth as
 * it assumes; -1: there is none. */
static double step(const rgm_patch *a, const rgm_patch *b, rgm_map *m, int32_t stride) {
    equations n = {{0}};
    columns at;
    double right[UNKNOWNS];
    int32_t count = 0;
    for (int32_t x = 0; x < b->W; x++) at.good[x] = rgm_map_locate(m, b->W, 1, x, &at.whole[x], &at.part[x]);
    for (int32_t y = EDGE; y < b->H - EDGE; y += stride) {
        float sums[UNKNOWNS + 1][WIDE] = {{0}};
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

/* ---- both ---- */

static int32_t far_off(const rgm_map *m, const rgm_patch *b) {
    return fabs(m->shift[0]) > rgm_distort_reach(b->H) + 1.5 || fabs(m->shift[1]) > rgm_distort_reach(b->W) + 1.5 ||
           fabs(m->scale - 1) > 0.06 || m->gain < 0.6 || m->gain > 1.7;
}

/* Times the allowance that may be left after each step: the first is on half of the rows, and assumes much. Strangers
 * end here. */
static const double left_after[STEPS] = {5, 3, 2, 2};

static int32_t refine(const rgm_patch *a, const rgm_patch *b, rgm_map *m) {
    for (int32_t i = 0; i < STEPS; i++) {
        double left = step(a, b, m, i ? 1 : 2);
        if (left < 0 || left > left_after[i] * b->allowance || far_off(m, b)) return 0;
    }
    return 1;
}

/* From a whole shift, in the direction that explains more: interpolation cannot be undone. */
static int32_t explain(rgm_aligner *t, const rgm_patch *a, const rgm_patch *b, rgm_map m, rgm_alignment *to) {
    rgm_map inverse = {.gain = 1, .shift = {-m.shift[0], -m.shift[1]}, .scale = 1};
    rgm_remainder back;
    if (!refine(a, b, &m)) return 0;
    rgm_judge_pair(&t->judge, a, b, &m, &to->left);
    to->shift[0] = -m.shift[0];
    to->shift[1] = -m.shift[1];
    to->scale = 1 / m.scale;
    if (rgm_judge_copy(&to->left, t->contrast)) return 1;
    if (!refine(b, a, &inverse)) return 0;
    rgm_judge_pair(&t->judge, b, a, &inverse, &back);
    if (back.soft >= to->left.soft) return 0;
    back.gain = to->left.gain;
    back.offset = to->left.offset;
    to->left = back;
    return rgm_judge_copy(&to->left, t->contrast);
}

int32_t rgm_align(rgm_aligner *t, const rgm_patch *a, const rgm_patch *b, rgm_alignment *to) {
    rgm_map plain, turned;
    *to = (rgm_alignment){.left = {.unlike = INFINITY}};
    if (a->H != b->H || a->W != b->W || a->C != b->C || a->H < RGM_PATCH_LEAST || a->W < RGM_PATCH_LEAST) return 0;
    spread(t, b);
    rgm_patch_mirror(a, &t->mirrored);
    double straight = find_shift(t, a, b, &plain), mirrored = find_shift(t, &t->mirrored, b, &turned);
    to->mirrored = mirrored > straight;
    if ((to->mirrored ? mirrored : straight) < LEAST_CORRELATION) return 0;
    return explain(t, to->mirrored ? &t->mirrored : a, b, to->mirrored ? turned : plain, to);
}
