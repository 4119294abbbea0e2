#include "check/features.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "engine/matmul.h"
#include "inspect/cholesky.h"
#include "inspect/spectrum.h"

enum {
    FILTERS = RGM_FEATURES_FILTERS,
    PATCH_SIDE = 6,
    PLACES = 12, /* of patches along a side, at most about so many */
    CELLS = 3,
    GRID = 8,
    CHANNELS = 4, /* of images with more, the first ones */
    DRAWN = 4000, /* patches whose covariance is taken */
    CHUNK = 16
};

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static int32_t channels_of(const rgm_features *f) { return least(f->C, CHANNELS); }
static int32_t cells_of(int32_t side, int32_t cells) { return least(side, cells); }

/* ---- small images and patches ---- */

static void shrink(const rgm_features *f, const uint8_t *image, float *to) {
    int32_t s = f->shrink, C = channels_of(f);
    for (int32_t y = 0; y < f->h; y++)
        for (int32_t x = 0; x < f->w; x++)
            for (int32_t c = 0; c < C; c++) {
                int32_t sum = 0, y1 = least((y + 1) * s, f->H), x1 = least((x + 1) * s, f->W);
                for (int32_t v = y * s; v < y1; v++)
                    for (int32_t u = x * s; u < x1; u++) sum += image[((int64_t)v * f->W + u) * f->C + c];
                *to++ = (float)sum / (float)((y1 - y * s) * (x1 - x * s));
            }
}

/* Mean 0 and deviation about 1; a flat one stays near 0: 10 levels squared are added, as Coates and Ng do. */
static void take_patch(const rgm_features *f, const float *small, int32_t y, int32_t x, float *to) {
    int32_t C = channels_of(f), row = f->side * C;
    float sum = 0, square = 0, n = (float)f->patch;
    for (int32_t v = 0; v < f->side; v++)
        memcpy(to + v * row, small + ((y + v) * f->w + x) * C, sizeof *to * (size_t)row);
    for (int32_t i = 0; i < f->patch; i++) sum += to[i];
    for (int32_t i = 0; i < f->patch; i++) {
        to[i] -= sum / n;
        square += to[i] * to[i];
    }
    float scale = 1 / sqrtf(square / n + 10);
    for (int32_t i = 0; i < f->patch; i++) to[i] *= scale;
}

/* ---- filters ---- */

static void draw_patches(const rgm_features *f, const rgm_features_of *of, float *small, float *patches) {
    const rgm_rng rng = {.seed = of->seed, .stream = RGM_STREAM(RGM_STREAM_SPLIT, 0xfffd)};
    int64_t bytes = (int64_t)f->H * f->W * f->C;
    for (int32_t i = 0; i < DRAWN; i++) {
        int64_t image = (int64_t)rgm_rng_below(&rng, 3 * (uint64_t)i, (uint64_t)of->count);
        int32_t y = (int32_t)rgm_rng_below(&rng, 3 * (uint64_t)i + 1, (uint64_t)(f->h - f->side + 1));
        int32_t x = (int32_t)rgm_rng_below(&rng, 3 * (uint64_t)i + 2, (uint64_t)(f->w - f->side + 1));
        shrink(f, of->images + image * bytes, small);
        take_patch(f, small, y, x, patches + (int64_t)i * f->patch);
    }
}

static void covariance(const rgm_features *f, const float *patches, double *a) {
    int32_t n = f->patch;
    memset(a, 0, sizeof *a * (size_t)n * (size_t)n);
    for (int32_t p = 0; p < DRAWN; p++)
        for (int32_t i = 0; i < n; i++) {
            double v = (double)(patches[p * n + i] - f->mean[i]);
            for (int32_t j = 0; j <= i; j++) a[i * n + j] += v * (double)(patches[p * n + j] - f->mean[j]) / DRAWN;
        }
    for (int32_t i = 0; i < n; i++) a[i * n + i] += 0.1; /* ZCA's, as Coates and Ng have it */
}

/* f' inv(C), scaled so that responses to the patches have deviation 1 */
static void make_filters(rgm_features *f, const float *patches, double *a, double *b) {
    int32_t n = f->patch;
    rgm_cholesky(a, n, 1e-12);
    for (int32_t i = 0; i < FILTERS; i++) {
        double along = 0;
        for (int32_t j = 0; j < n; j++) b[j] = (double)(patches[i * n + j] - f->mean[j]);
        rgm_cholesky_forward(a, n, b);
        rgm_cholesky_back(a, n, b);
        for (int32_t j = 0; j < n; j++) along += b[j] * (double)(patches[i * n + j] - f->mean[j]);
        along = along > 1e-12 ? 1 / sqrt(along) : 0;
        for (int32_t j = 0; j < n; j++) f->filters[j * FILTERS + i] = (float)(b[j] * along);
    }
}

static void measure(rgm_features *f, const rgm_features_of *of) {
    int32_t longer = of->H > of->W ? of->H : of->W;
    *f = (rgm_features){.H = of->H, .W = of->W, .C = of->C};
    f->shrink = (longer + RGM_FEATURES_SIDE - 1) / RGM_FEATURES_SIDE;
    f->h = (f->H + f->shrink - 1) / f->shrink;
    f->w = (f->W + f->shrink - 1) / f->shrink;
    f->side = least(PATCH_SIDE, least(f->h, f->w));
    f->patch = f->side * f->side * channels_of(f);
    f->pixels = cells_of(f->h, GRID) * cells_of(f->w, GRID) * channels_of(f);
    f->width = f->pixels + CELLS * CELLS * 2 * FILTERS + RGM_SPECTRUM_SIZE;
}

rgm_status rgm_features_make(rgm_features *f, const rgm_features_of *of, rgm_error *err) {
    measure(f, of);
    size_t n = (size_t)f->patch;
    f->mean = calloc(n, sizeof *f->mean);
    f->filters = calloc(n * FILTERS, sizeof *f->filters);
    float *patches = malloc(sizeof *patches * DRAWN * n),
          *small = malloc(sizeof *small * (size_t)f->h * (size_t)f->w * CHANNELS);
    double *a = malloc(sizeof *a * n * n), *b = malloc(sizeof *b * n);
    rgm_status status = rgm_spectrum_create(&f->spectrum, f->h, f->w, 0, err);
    int32_t made = f->mean && f->filters && patches && small && a && b;
    if (made) {
        draw_patches(f, of, small, patches);
        for (int32_t i = 0; i < DRAWN * f->patch; i++) f->mean[i % f->patch] += patches[i] / DRAWN;
        covariance(f, patches, a);
        make_filters(f, patches, a, b);
    }
    free(patches);
    free(small);
    free(a);
    free(b);
    if (!made) return rgm_fail(err, RGM_E_NOMEM, "checks: no memory for features");
    return status;
}

void rgm_features_free(rgm_features *f) {
    free(f->mean);
    free(f->filters);
    rgm_spectrum_destroy(f->spectrum);
    *f = (rgm_features){0};
}

/* ---- features ---- */

typedef struct taking {
    const rgm_features *f;
    const uint8_t *images;
    int64_t count;
    float *to;
} taking;

static void take_pixels(const rgm_features *f, const float *small, float *to) {
    int32_t C = channels_of(f), gh = cells_of(f->h, GRID), gw = cells_of(f->w, GRID);
    for (int32_t i = 0; i < gh; i++)
        for (int32_t j = 0; j < gw; j++)
            for (int32_t c = 0; c < C; c++) {
                int32_t y0 = i * f->h / gh, y1 = (i + 1) * f->h / gh, x0 = j * f->w / gw, x1 = (j + 1) * f->w / gw;
                float sum = 0;
                for (int32_t y = y0; y < y1; y++)
                    for (int32_t x = x0; x < x1; x++) sum += small[(y * f->w + x) * C + c];
                *to++ = sum / (float)((y1 - y0) * (x1 - x0)) / 255;
            }
}

/* A row of patches' responses into its cells. */
static void pool(const rgm_features *f, const float *responses, int32_t places, int32_t cell_y, float *to) {
    (void)f;
    for (int32_t p = 0; p < places; p++) {
        float *cell = to + (cell_y * CELLS + p * CELLS / places) * 2 * FILTERS;
        for (int32_t i = 0; i < FILTERS; i++) {
            float a = responses[p * FILTERS + i] - 0.5f, b = -responses[p * FILTERS + i] - 0.5f;
            cell[i] += a > 0 ? a : 0;
            cell[FILTERS + i] += b > 0 ? b : 0;
        }
    }
}

/* Frequencies of the grey image, whatever its place and contrast. */
static void take_spectrum(const rgm_features *f, const float *small, float *grey, float *to) {
    int32_t C = channels_of(f), n = f->h * f->w;
    double sum = 0, square = 0;
    for (int32_t p = 0; p < n; p++) {
        float v = 0;
        for (int32_t c = 0; c < C; c++) v += small[p * C + c];
        grey[p] = v / (float)C;
        sum += (double)grey[p];
        square += (double)grey[p] * (double)grey[p];
    }
    double variance = square / n - sum / n * (sum / n);
    rgm_spectrum_of(f->spectrum, grey, f->h, f->w, (float)sqrt((variance > 0 ? variance : 0) + 1), to);
}

typedef struct rooms {
    float *small, *grey, *patches, *responses;
} rooms;

static rgm_status take_one(const taking *t, int64_t image, const rooms *r, rgm_error *err) {
    const rgm_features *f = t->f;
    int32_t reach_y = f->h - f->side, reach_x = f->w - f->side;
    int32_t rows = least(reach_y + 1, PLACES), places = least(reach_x + 1, PLACES);
    float *to = t->to + image * f->width, *pooled = to + f->pixels;
    shrink(f, t->images + image * ((int64_t)f->H * f->W * f->C), r->small);
    take_pixels(f, r->small, to);
    memset(pooled, 0, sizeof *pooled * CELLS * CELLS * 2 * FILTERS);
    for (int32_t i = 0; i < rows; i++) {
        int32_t y = rows > 1 ? i * reach_y / (rows - 1) : 0;
        for (int32_t j = 0; j < places; j++) {
            float *patch = r->patches + j * f->patch;
            take_patch(f, r->small, y, places > 1 ? j * reach_x / (places - 1) : 0, patch);
            for (int32_t k = 0; k < f->patch; k++) patch[k] -= f->mean[k];
        }
        const rgm_matmul_shape shape = {
            .m = places, .n = FILTERS, .k = f->patch, .lda = f->patch, .ldb = FILTERS, .ldc = FILTERS};
        RGM_TRY(rgm_matmul(&shape, r->patches, f->filters, r->responses, err));
        pool(f, r->responses, places, i * CELLS / rows, pooled);
    }
    for (int32_t i = 0; i < CELLS * CELLS * 2 * FILTERS; i++)
        pooled[i] *= (float)(CELLS * CELLS) / (float)(rows * places);
    take_spectrum(f, r->small, r->grey, pooled + CELLS * CELLS * 2 * FILTERS);
    return RGM_OK;
}

static rgm_status take_chunk(void *context, int32_t chunk, int32_t worker, rgm_error *err) {
    const taking *t = context;
    const rgm_features *f = t->f;
    (void)worker;
    rooms r = {.small = malloc(sizeof(float) * (size_t)f->h * (size_t)f->w * CHANNELS),
               .grey = malloc(sizeof(float) * (size_t)f->h * (size_t)f->w),
               .patches = malloc(sizeof(float) * PLACES * (size_t)f->patch),
               .responses = malloc(sizeof(float) * PLACES * FILTERS)};
    rgm_status status = RGM_OK;
    if (!r.small || !r.grey || !r.patches || !r.responses)
        status = rgm_fail(err, RGM_E_NOMEM, "checks: no memory for features");
    for (int64_t i = (int64_t)chunk * CHUNK; status >= 0 && i < t->count && i < (int64_t)(chunk + 1) * CHUNK; i++)
        status = take_one(t, i, &r, err);
    free(r.small);
    free(r.grey);
    free(r.patches);
    free(r.responses);
    return status;
}

rgm_status rgm_features_take(const rgm_features *f, rgm_team *team, const uint8_t *images, int64_t count, float *to,
                             rgm_error *err) {
    taking t = {.f = f, .images = images, .count = count, .to = to};
    return rgm_team_for(team, take_chunk, &t, (int32_t)((count + CHUNK - 1) / CHUNK), err);
}
