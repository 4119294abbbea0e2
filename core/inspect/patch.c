#include "inspect/patch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct rgm_patcher {
    rgm_resizer *resizer;
    uint8_t *pixels; /* of a resized image */
    size_t bytes;
};

rgm_status rgm_patcher_create(rgm_patcher **patcher, const rgm_kernels *kernels, rgm_error *err) {
    *patcher = calloc(1, sizeof **patcher);
    if (!*patcher) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory to compare images");
    return rgm_resizer_create(&(*patcher)->resizer, kernels, err);
}

void rgm_patcher_destroy(rgm_patcher *t) {
    if (!t) return;
    rgm_resizer_destroy(t->resizer);
    free(t->pixels);
    free(t);
}

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
            p->limit[at] = 0;
            for (int32_t c = 0; c < C; c++) {
                sum += row[c];
                p->limit[at] |= (uint8_t)((row[c] == 0) | (row[c] == 255) << 1);
            }
            p->grey[at] = C == 3 ? 0.299f * row[0] + 0.587f * row[1] + 0.114f * row[2] : (float)sum / (float)C;
            p->colour[0][at] = C == 3 ? row[2] - p->grey[at] : 0;
            p->colour[1][at] = C == 3 ? row[0] - p->grey[at] : 0;
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
    return (double)(RGM_PATCH_NOISE * RGM_PATCH_NOISE) +
           (double)(RGM_PATCH_BLUR * RGM_PATCH_BLUR) * (pixels > 0 ? sum / pixels : 0);
}

/* The size that an image is compared in. */
static void choose_size(const rgm_pixels *image, const rgm_patch *like, int32_t size[2]) {
    int32_t longer = image->H > image->W ? image->H : image->W;
    rgm_transform to = rgm_transform_within(1, image->H, image->W, RGM_PATCH_SIDE);
    size[0] = longer > RGM_PATCH_SIDE ? to.H : image->H;
    size[1] = longer > RGM_PATCH_SIDE ? to.W : image->W;
    if (!like || abs(size[0] - like->H) > 1 + like->H / 20 || abs(size[1] - like->W) > 1 + like->W / 20) return;
    size[0] = like->H;
    size[1] = like->W;
}

static rgm_status resize(rgm_patcher *t, rgm_pixels *p, const int32_t size[2], rgm_error *err) {
    size_t bytes = (size_t)size[0] * (size_t)size[1] * (size_t)p->C;
    if (bytes > t->bytes) {
        free(t->pixels);
        t->pixels = malloc(bytes);
        t->bytes = t->pixels ? bytes : 0;
        if (!t->pixels) return rgm_fail(err, RGM_E_NOMEM, "inspect: no memory to compare images");
    }
    const rgm_resize_source from = {.pixels = p->data, .pitch = p->pitch, .H = p->H, .W = p->W, .C = p->C};
    const rgm_resize_result result = {.pixels = t->pixels,
                                      .pitch = (int64_t)size[1] * p->C,
                                      .H = size[0],
                                      .W = size[1],
                                      .full_H = size[0],
                                      .full_W = size[1]};
    RGM_TRY(rgm_resize(t->resizer, &from, &result, err));
    *p = (rgm_pixels){.data = t->pixels, .pitch = result.pitch, .H = size[0], .W = size[1], .C = p->C};
    return RGM_OK;
}

rgm_status rgm_patch_of(rgm_patcher *t, const rgm_pixels *image, const rgm_patch *like, rgm_patch *patch,
                        rgm_error *err) {
    rgm_pixels p = *image;
    int32_t size[2];
    choose_size(image, like, size);
    if (size[0] != p.H || size[1] != p.W) RGM_TRY(resize(t, &p, size, err));
    split_planes(&p, patch);
    sum_up(patch);
    patch->allowance = allow(patch);
    return RGM_OK;
}

static void mirror_plane(const float *from, int32_t H, int32_t W, float *to) {
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++) to[y * W + x] = from[y * W + W - 1 - x];
}

void rgm_patch_mirror(const rgm_patch *from, rgm_patch *to) {
    const int32_t W = from->W;
    to->H = from->H;
    to->W = from->W;
    to->C = from->C;
    for (int32_t y = 0; y < from->H; y++)
        for (int32_t x = 0; x < W; x++) to->limit[y * W + x] = from->limit[y * W + W - 1 - x];
    to->allowance = from->allowance;
    mirror_plane(from->grey, from->H, from->W, to->grey);
    for (int32_t c = 0; c < 2; c++) mirror_plane(from->colour[c], from->H, from->W, to->colour[c]);
    sum_up(to);
}
