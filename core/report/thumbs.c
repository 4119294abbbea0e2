#include "report/thumbs.h"

#include <stdlib.h>
#include <string.h>
#include "picture/encode.h"
#include "report/html.h"

enum { QUALITY = 85, GAP = 1, LINE = 0x80, PAPER = 0xff };

typedef struct encoded {
    const char *type;
    uint8_t *bytes;
    size_t size;
} encoded;

static int32_t is_exact(int32_t H, int32_t W, int32_t C, int32_t dense) {
    int32_t most = C == 1 ? RGM_THUMBS_CRISP : dense ? 0 : RGM_THUMBS_CRISP / 2;
    return H <= most && W <= most;
}

static rgm_status encode(const rgm_encode_source *source, int32_t exact, encoded *out, rgm_error *err) {
    out->type = exact ? "png" : "jpeg";
    if (exact) return rgm_encode_png(source, &out->bytes, &out->size, err);
    return rgm_encode_jpeg(source, QUALITY, &out->bytes, &out->size, err);
}

rgm_status rgm_thumbs_put(FILE *to, const rgm_thumb *t, const char *alt, rgm_error *err) {
    encoded file;
    if (!t->H) {
        fputs("<span class=\"soft\">cannot be read</span>", to);
        return RGM_OK;
    }
    RGM_TRY(encode(&(rgm_encode_source){t->pixels, t->H, t->W, t->C}, is_exact(t->H, t->W, t->C, 0), &file, err));
    int32_t tiny = t->H <= RGM_THUMBS_CRISP && t->W <= RGM_THUMBS_CRISP;
    rgm_html_img(to, &(rgm_html_image){.type = file.type,
                                       .bytes = file.bytes,
                                       .size = file.size,
                                       .alt = alt,
                                       .class = tiny ? "tiny" : NULL,
                                       .H = t->H,
                                       .W = t->W});
    free(file.bytes);
    return RGM_OK;
}

/* ---- sheets ---- */

/* What a sheet is like: cells as large as the largest thumb, lines between them. */
typedef struct layout {
    int32_t cell_H, cell_W, C;
    int32_t rows, columns, H, W;
    int32_t equal; /* 1: all have the size of a cell */
} layout;

static layout plan(const rgm_thumb_sheet *s) {
    layout l = {.C = 1, .equal = 1};
    for (int32_t i = 0; i < s->count; i++) {
        const rgm_thumb *t = &s->thumbs[i];
        if (t->H > l.cell_H) l.cell_H = t->H;
        if (t->W > l.cell_W) l.cell_W = t->W;
        if (t->C == 3) l.C = 3;
    }
    for (int32_t i = 0; i < s->count; i++)
        if (s->thumbs[i].H != l.cell_H || s->thumbs[i].W != l.cell_W) l.equal = 0;
    l.columns = s->count < s->columns ? s->count : s->columns;
    l.rows = (s->count + l.columns - 1) / l.columns;
    l.H = l.rows * (l.cell_H + GAP) - GAP;
    l.W = l.columns * (l.cell_W + GAP) - GAP;
    return l;
}

/* In the middle of its cell. */
static void place(const layout *l, const rgm_thumb *t, int32_t at, uint8_t *pixels) {
    int32_t top = at / l->columns * (l->cell_H + GAP) + (l->cell_H - t->H) / 2;
    int32_t left = at % l->columns * (l->cell_W + GAP) + (l->cell_W - t->W) / 2;
    for (int32_t y = 0; y < t->H; y++) {
        const uint8_t *from = t->pixels + (size_t)y * (size_t)t->W * (size_t)t->C;
        uint8_t *to = pixels + ((size_t)(top + y) * (size_t)l->W + (size_t)left) * (size_t)l->C;
        for (int32_t x = 0; x < t->W; x++)
            for (int32_t c = 0; c < l->C; c++) *to++ = from[x * t->C + (t->C == 1 ? 0 : c)];
    }
}

rgm_status rgm_thumbs_put_sheet(FILE *to, const rgm_thumb_sheet *s, rgm_error *err) {
    encoded file;
    if (!s->count) return RGM_OK;
    layout l = plan(s);
    if (!l.cell_H) return RGM_OK;
    size_t bytes = (size_t)l.H * (size_t)l.W * (size_t)l.C;
    uint8_t *pixels = malloc(bytes);
    if (!pixels) return rgm_fail(err, RGM_E_NOMEM, "page: out of memory");
    memset(pixels, l.equal ? LINE : PAPER, bytes);
    for (int32_t i = 0; i < s->count; i++) place(&l, &s->thumbs[i], i, pixels);
    rgm_status status =
        encode(&(rgm_encode_source){pixels, l.H, l.W, l.C}, is_exact(l.cell_H, l.cell_W, l.C, s->dense), &file, err);
    free(pixels);
    if (status < 0) return status;
    int32_t times = l.cell_H > RGM_THUMBS_CRISP || s->width < l.W ? 1 : s->width / l.W;
    rgm_html_img(to, &(rgm_html_image){.type = file.type,
                                       .bytes = file.bytes,
                                       .size = file.size,
                                       .alt = s->alt,
                                       .class = "sprite",
                                       .H = times * l.H,
                                       .W = times * l.W});
    free(file.bytes);
    return RGM_OK;
}

/* PNG gains little on photographs; JPEG of this quality takes half a byte a pixel, and its tables. In base64 each third
 * byte is one more. */
int64_t rgm_thumbs_cost(int32_t H, int32_t W, int32_t C, int32_t dense) {
    int64_t pixels = (int64_t)H * W;
    int64_t bytes = is_exact(H, W, C, dense) ? pixels * C * 3 / 4 + 16 : pixels / 2 + 200;
    return bytes * 4 / 3;
}
