#include "picture/decoder_internal.h"

#include <stdlib.h>
#include <string.h>

static rgm_status grow(rgm_buffer *buffer, size_t size, rgm_error *err) {
    if (size <= buffer->size) return RGM_OK;
    free(buffer->at);
    buffer->size = 0;
    buffer->at = malloc(size);
    if (!buffer->at) return rgm_fail(err, RGM_E_NOMEM, "no memory for %zu bytes of pixels", size);
    buffer->size = size;
    return RGM_OK;
}

/* The rows' buffer has room for the widest picture from the start: the system gives pages only to what is touched. */
static const size_t row_bytes = (size_t)(RGM_PICTURE_SIDE + 16) * RGM_ROW_BYTES + 64;

size_t rgm_canvas_bytes(int64_t pixels, int32_t C) { return (size_t)pixels * (size_t)C + row_bytes; }

rgm_status rgm_canvas_reserve(rgm_decoder *decoder, int64_t pixels, int32_t C, rgm_error *err) {
    RGM_TRY(grow(&decoder->row, row_bytes, err));
    return grow(&decoder->pixels, (size_t)pixels * (size_t)C, err);
}

uint8_t *rgm_canvas_scratch(const rgm_decoding *job, int32_t W) {
    return job->decoder->row.at + (size_t)(W + 16) * (RGM_ROW_BYTES - 4);
}

/* Pictures that are turned get several rows at once, where there is room for them behind two whole stored rows. Their
 * pitch is an odd number of cache lines, so that a column of them does not fall into one set of the cache. One line
 * more than the pixels take is for turn()'s fourth byte. */
static void begin_band(rgm_canvas *canvas, const rgm_decoding *job, int32_t W) {
    canvas->band = (rgm_band){.W = W};
    if (job->info->orientation < 5) return;
    size_t used = ((size_t)(job->info->H + 16) * RGM_ROW_BYTES + 63) / 64 * 64; /* upright H: stored W */
    size_t lines = ((size_t)W * (size_t)canvas->C + 64) / 64 | 1, rows = (row_bytes - used) / (64 * lines);
    canvas->band.pixels = job->decoder->row.at + used;
    canvas->band.pitch = (ptrdiff_t)(64 * lines);
    canvas->band.most = rows > 16 ? 16 : (int32_t)rows;
}

/* Upright from stored, by EXIF: 2 mirrored, 3 turned by 180 degrees, 4 upside down, 5 transposed, 6 to be turned
 * clockwise, 7 transposed over the other diagonal, 8 to be turned counterclockwise. */
rgm_status rgm_canvas_begin_part(rgm_canvas *canvas, const rgm_decoding *job, int32_t H, int32_t W, rgm_error *err) {
    int32_t orientation = job->info->orientation, C = job->want->C;
    rgm_picture *picture = job->picture;
    int swapped = orientation >= 5;
    RGM_TRY(rgm_canvas_reserve(job->decoder, (int64_t)H * W, C, err));
    picture->C = C;
    picture->H = swapped ? W : H;
    picture->W = swapped ? H : W;
    picture->pitch = (int64_t)picture->W * C;
    picture->pixels = job->decoder->pixels.at;
    int up = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8; /* upright rows backwards */
    int back = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
    ptrdiff_t row = (ptrdiff_t)picture->pitch * (up ? -1 : 1), column = C * (back ? -1 : 1);
    canvas->first = job->decoder->pixels.at + (up ? (picture->H - 1) * picture->pitch : 0) +
                    (back ? (ptrdiff_t)(picture->W - 1) * C : 0);
    canvas->down = swapped ? column : row;
    canvas->right = swapped ? row : column;
    canvas->C = C;
    canvas->background = job->want->background;
    begin_band(canvas, job, W);
    return RGM_OK;
}

rgm_status rgm_canvas_begin(rgm_canvas *canvas, const rgm_decoding *job, rgm_error *err) {
    const rgm_picture_info *info = job->info;
    int swapped = info->orientation >= 5;
    RGM_TRY(rgm_canvas_begin_part(canvas, job, swapped ? info->W : info->H, swapped ? info->H : info->W, err));
    rgm_picture *picture = job->picture;
    picture->reduced = 1;
    picture->box = job->want->box;
    if (picture->box.height <= 0) picture->box = (rgm_box){0, 0, picture->H, picture->W};
    return RGM_OK;
}

static inline uint8_t blend(uint32_t pixel, uint32_t background, uint32_t alpha) {
    return rgm_div255(pixel * alpha + background * (255 - alpha));
}

/* One pixel of any kind -> RGB. */
static inline void rgb_of(const rgm_canvas *canvas, int32_t what, const uint8_t *p, uint8_t rgb[3]) {
    int colour = what == RGM_ROW_RGB || what == RGM_ROW_RGBA || what == RGM_ROW_CMYK;
    int alpha = what == RGM_ROW_RGBA ? p[3] : what == RGM_ROW_GREY_ALPHA ? p[1] : 255;
    for (int c = 0; c < 3; c++) {
        uint8_t value = p[colour ? c : 0];
        if (what == RGM_ROW_CMYK)
            rgb[c] = rgm_div255((uint32_t)value * p[3]);
        else
            rgb[c] = alpha == 255 ? value : blend(value, canvas->background[c], (uint32_t)alpha);
    }
}

/* The loop over a row, which each kind gets for itself with its constants. */
static inline void convert(const rgm_canvas *canvas, const rgm_row *row, uint8_t *to, ptrdiff_t step, int32_t what,
                           int32_t bytes, int32_t C) {
    const uint8_t *from = row->pixels;
    for (int32_t i = 0; i < row->W; i++, from += bytes, to += step) {
        uint8_t rgb[3];
        if (what == RGM_ROW_INDEX)
            memcpy(rgb, canvas->palette[*from], 3);
        else
            rgb_of(canvas, what, from, rgb);
        if (C == 3)
            memcpy(to, rgb, 3);
        else
            *to = what == RGM_ROW_INDEX || what == RGM_ROW_GREY ? rgb[0] : rgm_grey_of(rgb);
    }
}

#define EACH(what, bytes)                                                                                              \
    case what:                                                                                                         \
        if (canvas->C == 3)                                                                                            \
            convert(canvas, row, to, step, what, bytes, 3);                                                            \
        else                                                                                                           \
            convert(canvas, row, to, step, what, bytes, 1);                                                            \
        break;

/* The first pixel goes to `to`, the next `step` bytes behind. */
static void put(const rgm_canvas *canvas, const rgm_row *row, uint8_t *to, ptrdiff_t step) {
    if (row->what == canvas->C && step == canvas->C) { /* as it is: grey or RGB */
        memcpy(to, row->pixels, (size_t)row->W * (size_t)canvas->C);
        return;
    }
    switch (row->what) {
        EACH(RGM_ROW_GREY, 1)
        EACH(RGM_ROW_GREY_ALPHA, 2)
        EACH(RGM_ROW_RGB, 3)
        EACH(RGM_ROW_RGBA, 4)
        EACH(RGM_ROW_CMYK, 4)
        EACH(RGM_ROW_INDEX, 1)
    default:
        break;
    }
}

/* ---- the band ---- */

/* Upright rows get their pieces from the left to the right. A pixel of three bytes is written as four, of which the
 * next one overwrites the last: that takes half as long. */
static inline void turn(const rgm_canvas *canvas, int32_t C) {
    const rgm_band *band = &canvas->band;
    int back = canvas->down < 0;
    uint8_t *to = canvas->first + (band->y + (back ? band->rows - 1 : 0)) * canvas->down;
    const uint8_t *from = band->pixels + (back ? (band->rows - 1) * band->pitch : 0);
    ptrdiff_t pitch = back ? -band->pitch : band->pitch;
    for (int32_t x = 0; x < band->W; x++, to += canvas->right, from += C) {
        const uint8_t *at = from;
        uint8_t *piece = to;
        for (int32_t i = band->rows - 1; i > 0; i--, at += pitch, piece += C) memcpy(piece, at, C == 3 ? 4 : 1);
        memcpy(piece, at, (size_t)C);
    }
}

void rgm_canvas_end(rgm_canvas *canvas) {
    if (!canvas->band.rows) return;
    if (canvas->C == 3)
        turn(canvas, 3);
    else
        turn(canvas, 1);
    canvas->band.rows = 0;
}

/* Whole rows, one behind the other, wait in the band until it is full. */
static int banded(rgm_canvas *canvas, const rgm_row *row) {
    rgm_band *band = &canvas->band;
    if (!band->most || row->W != band->W || row->x || row->step != 1) return 0;
    if (band->rows == band->most || row->y != band->y + band->rows) rgm_canvas_end(canvas);
    if (!band->rows) band->y = row->y;
    put(canvas, row, band->pixels + band->rows++ * band->pitch, canvas->C);
    return 1;
}

void rgm_canvas_row(rgm_canvas *canvas, const rgm_row *row) {
    if (banded(canvas, row)) return;
    put(canvas, row, canvas->first + row->y * canvas->down + row->x * canvas->right, row->step * canvas->right);
}

void rgm_canvas_palette(rgm_canvas *canvas, const uint8_t (*rgba)[4], int32_t n) {
    memset(canvas->palette, 0, sizeof canvas->palette);
    for (int32_t i = 0; i < n && i < 256; i++) {
        uint8_t *to = canvas->palette[i];
        rgb_of(canvas, RGM_ROW_RGBA, rgba[i], to);
        if (canvas->C == 1) to[0] = rgm_grey_of(to);
    }
}
