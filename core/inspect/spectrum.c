#include "inspect/spectrum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = RGM_SPECTRUM_SIDE, BOTH = 2 * SIDE };
#define STEP 0.875 /* cycles an image, from a frequency to the next */

/* Of a side of some length: window * cosine and window * sine at each pixel, and the window; its sum. */
typedef struct table {
    float (*wave)[BOTH]; /* [length] */
    float *window;       /* [length] */
    float sum;
} table;

struct rgm_spectrum {
    table *of; /* [longest + 1], by length */
    int32_t longest;
};

/* The window sin^(3/4): of those that were measured (powers 1/2 to 1) the one that leaves a moved image the closest to
 * itself and strangers the farthest. */
static rgm_status fill(table *t, int32_t length, rgm_error *err) {
    if (t->wave) return RGM_OK;
    t->wave = calloc((size_t)length, sizeof *t->wave);
    t->window = calloc((size_t)length, sizeof *t->window);
    if (!t->wave || !t->window) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for frequencies");
    for (int32_t i = 0; i < length; i++) {
        double at = (i + 0.5) / length, s = sin(M_PI * at), w = sqrt(s * sqrt(s));
        t->window[i] = (float)w;
        t->sum += t->window[i];
        for (int32_t k = 0; k < SIDE; k++) {
            t->wave[i][k] = (float)(w * cos(2 * M_PI * STEP * k * (at - 0.5)));
            t->wave[i][SIDE + k] = (float)(w * sin(2 * M_PI * STEP * k * (at - 0.5)));
        }
    }
    return RGM_OK;
}

void rgm_spectrum_destroy(rgm_spectrum *s) {
    if (!s) return;
    for (int32_t i = 0; s->of && i <= s->longest; i++) {
        free(s->of[i].wave);
        free(s->of[i].window);
    }
    free(s->of);
    free(s);
}

rgm_status rgm_spectrum_create(rgm_spectrum **spectrum, int32_t H, int32_t W, int32_t all, rgm_error *err) {
    rgm_spectrum *s = calloc(1, sizeof *s);
    *spectrum = s;
    if (!s) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for frequencies");
    s->longest = H > W ? H : W;
    s->of = calloc((size_t)s->longest + 1, sizeof *s->of);
    if (!s->of) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory for frequencies");
    RGM_TRY(fill(&s->of[H], H, err));
    RGM_TRY(fill(&s->of[W], W, err));
    for (int32_t i = 1; all && i <= s->longest; i++) RGM_TRY(fill(&s->of[i], i, err));
    return RGM_OK;
}

static void add(float sum[BOTH], float x, const float wave[BOTH]) {
    for (int32_t k = 0; k < BOTH; k++) sum[k] += x * wave[k];
}

static float mean_of(const float *grey, int32_t H, int32_t W, const table *rows, const table *columns) {
    float sum = 0;
    for (int32_t y = 0; y < H; y++) {
        float row = 0;
        for (int32_t x = 0; x < W; x++) row += columns->window[x] * grey[(int64_t)y * W + x];
        sum += rows->window[y] * row;
    }
    return sum / (rows->sum * columns->sum);
}

static float root(float re, float im) { return sqrtf(sqrtf(re * re + im * im)); }

/* row is [cos: SIDE, sin: SIDE] of a row's transform; of the columns' transform, along and across are that of its
 * cosine and sine parts. */
void rgm_spectrum_of(const rgm_spectrum *s, const float *grey, int32_t H, int32_t W, float deviation,
                     float values[RGM_SPECTRUM_SIZE]) {
    const table *rows = &s->of[H], *columns = &s->of[W];
    float re[SIDE][BOTH] = {{0}}, im[SIDE][BOTH] = {{0}}; /* [v][cos u, sin u], by the cosine and the sine of v */
    const float mean = mean_of(grey, H, W, rows, columns);
    const float unit = 1 / (deviation * rows->sum * columns->sum);
    for (int32_t y = 0; y < H; y++) {
        float row[BOTH] = {0};
        for (int32_t x = 0; x < W; x++) add(row, (grey[(int64_t)y * W + x] - mean) * unit, columns->wave[x]);
        for (int32_t v = 0; v < SIDE; v++) {
            add(re[v], rows->wave[y][v], row);
            add(im[v], rows->wave[y][SIDE + v], row);
        }
    }
    float *even = values, *odd = values + RGM_SPECTRUM_EVEN;
    for (int32_t v = 0; v < SIDE; v++)
        for (int32_t u = 0; u < SIDE; u++) {
            const float cc = re[v][u], cs = re[v][SIDE + u], sc = im[v][u], ss = im[v][SIDE + u];
            const float plus = root(cc - ss, cs + sc), minus = root(cc + ss, sc - cs);
            *even++ = (plus + minus) / 2;
            if (u && v) *odd++ = (plus - minus) / 2;
        }
}
