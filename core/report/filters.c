#include "report/filters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "picture/encode.h"
#include "report/html.h"

enum { SCALE = 9, EDGE = 3, SHEET = 16, PAPER = 255 };

/* A weight as a shade: middle grey is 0, the greatest of all is white or black. */
static uint8_t shade(float weight, float most) {
    double v = 127.5 + 127.5 * (double)weight / (double)most;
    return (uint8_t)(!(v > 0) ? 0 : v > 255 ? 255 : v + 0.5);
}

static float greatest(const rgm_examined_filters *f, int32_t count) {
    float most = 0;
    int64_t size = (int64_t)f->C * f->H * f->W;
    for (int64_t i = 0; i < count * size; i++) most = fmaxf(most, fabsf(f->values[i]));
    return most > 0 && isfinite(most) ? most : 1;
}

/* Of three channels in colour; else the first one. */
static void draw_filter(const rgm_examined_filters *f, int32_t number, float most, uint8_t *pixels, int32_t width) {
    int32_t C = f->C == 3 ? 3 : 1, wide = f->W * SCALE + EDGE, high = f->H * SCALE + EDGE;
    int32_t left = number % SHEET * wide, top = number / SHEET * high;
    const float *w = f->values + (int64_t)number * f->C * f->H * f->W;
    for (int32_t y = 0; y < f->H * SCALE; y++)
        for (int32_t x = 0; x < f->W * SCALE; x++)
            for (int32_t c = 0; c < C; c++)
                pixels[((int64_t)(top + y) * width + left + x) * C + c] =
                    shade(w[((int64_t)c * f->H + y / SCALE) * f->W + x / SCALE], most);
}

static rgm_status put_sheet(FILE *to, const rgm_examined_filters *f, rgm_error *err) {
    int32_t count = f->count < RGM_EXAMINED_FILTERS ? f->count : RGM_EXAMINED_FILTERS, C = f->C == 3 ? 3 : 1;
    int32_t across = count < SHEET ? count : SHEET, down = (count + SHEET - 1) / SHEET;
    int32_t W = across * (f->W * SCALE + EDGE), H = down * (f->H * SCALE + EDGE);
    uint8_t *pixels = malloc((size_t)W * (size_t)H * (size_t)C), *file;
    size_t size;
    if (!pixels) return rgm_fail(err, RGM_E_NOMEM, "report: out of memory");
    memset(pixels, PAPER, (size_t)W * (size_t)H * (size_t)C);
    for (int32_t i = 0; i < count; i++) draw_filter(f, i, greatest(f, count), pixels, W);
    rgm_status status = rgm_encode_png(&(rgm_encode_source){pixels, H, W, C}, &file, &size, err);
    free(pixels);
    RGM_TRY(status);
    fputs("<div class=\"sheet\">", to);
    rgm_html_img(to, &(rgm_html_image){
                         .type = "png", .bytes = file, .size = size, .alt = "filters, side by side", .H = H, .W = W});
    fputs("</div>\n", to);
    free(file);
    return RGM_OK;
}

static void put_noise(FILE *to, const rgm_examined_filters *f) {
    rgm_filter_noise noise = rgm_examination_noise(f);
    fputs("<p>", to);
    if (isfinite(noise.ratio)) {
        fputs("Neighbouring weights: ratio ", to);
        rgm_html_fixed(to, noise.ratio, 3);
        fputs(" (independent weights have 1, within ", to);
        rgm_html_fixed(to, noise.margin, 3);
        fputs("). ", to);
        fputs(fabs(noise.ratio - 1) <= noise.margin ? "That is not told from noise: they have learned little, or "
                                                      "their patterns have no scale."
              : noise.ratio < 1                     ? "They are smoother than noise: they have learned."
                                                    : "They alternate more than noise: they look for edges and points.",
              to);
    } else {
        fputs("They are too small to be told from noise.", to);
    }
    if (isfinite(noise.ratio)) fprintf(to, " Dead: %d of %d.", noise.dead, f->count);
    fputs("</p>\n", to);
}

rgm_status rgm_filters_put(FILE *to, const rgm_examined_filters *f, rgm_error *err) {
    if (!f->values || f->count < 1 || f->W > RGM_FILTERS_SIDE || f->H > RGM_FILTERS_SIDE) return RGM_OK;
    RGM_TRY(put_sheet(to, f, err));
    put_noise(to, f);
    return RGM_OK;
}
