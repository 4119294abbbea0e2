/* What the formats of this room share: the decoder's buffers, and one function a format for a header and one for
 * pixels. The canvas turns, blends and converts rows of pixels on their way into the decoder's picture.
 *
 * A format's error lines have no name in front: rgm_picture_probe() and rgm_decode() put it there.
 */
#ifndef RGM_PICTURE_DECODER_INTERNAL_H
#define RGM_PICTURE_DECODER_INTERNAL_H

#include <stddef.h>
#include "picture/picture.h"

/* A buffer that grows; what it held is lost then. */
typedef struct rgm_buffer {
    uint8_t *at;
    size_t size;
} rgm_buffer;

struct rgm_decoder {
    rgm_buffer pixels; /* the picture */
    rgm_buffer row;    /* a row as stored, one beside it: RGM_ROW_BYTES for each pixel; then the canvas' band */
};

/* A stored pixel has up to 8 bytes (16 bits RGBA), a converted one up to 4. */
enum { RGM_ROW_BYTES = 12 };

/* One decoding. */
typedef struct rgm_decoding {
    rgm_decoder *decoder;
    const rgm_bytes *bytes;
    const rgm_decode_want *want;
    const rgm_picture_info *info; /* of these bytes */
    rgm_picture *picture;         /* the result */
} rgm_decoding;

/* What a row of stored pixels is made of; bytes of 8 bits. */
enum {
    RGM_ROW_GREY = 1,
    RGM_ROW_GREY_ALPHA = 2,
    RGM_ROW_RGB = 3,
    RGM_ROW_RGBA = 4,
    RGM_ROW_CMYK = 5, /* inverted, as files have it */
    RGM_ROW_INDEX = 6 /* into canvas.palette */
};

/* Rows that wait to be turned together: columns are written in pieces then. */
typedef struct rgm_band {
    uint8_t *pixels;
    ptrdiff_t pitch;
    int32_t W, most; /* most rows; 0: none wait */
    int32_t y, rows; /* rows y to y + rows - 1 are here */
} rgm_band;

/* Where stored pixels go. The stored pixel (y, x) is upright at first + y * down + x * right. */
typedef struct rgm_canvas {
    uint8_t *first;
    ptrdiff_t down, right;
    int32_t C;
    const uint8_t *background; /* RGB */
    uint8_t palette[256][3];   /* blended, C bytes each */
    rgm_band band;
} rgm_canvas;

/* A part of a stored row: W pixels, of which the first is column x, the next x + step. */
typedef struct rgm_row {
    const uint8_t *pixels;
    int32_t what; /* RGM_ROW_* */
    int32_t y, x, step, W;
} rgm_row;

/* Takes the memory for H x W pixels upright and W of a stored row, fills picture and canvas. RGM_E_NOMEM. */
rgm_status rgm_canvas_begin(rgm_canvas *canvas, const rgm_decoding *job, rgm_error *err);

/* The same for a part of the stored picture: H x W are its size as stored. */
rgm_status rgm_canvas_begin_part(rgm_canvas *canvas, const rgm_decoding *job, int32_t H, int32_t W, rgm_error *err);

/* Puts a row of pixels where they belong, at the latest when the canvas ends. */
void rgm_canvas_row(rgm_canvas *canvas, const rgm_row *row);
void rgm_canvas_end(rgm_canvas *canvas);

/* Sets the palette from n entries of RGBA; the others are black. */
void rgm_canvas_palette(rgm_canvas *canvas, const uint8_t (*rgba)[4], int32_t n);

/* The row beside the stored one of W pixels: 4 bytes for each. */
uint8_t *rgm_canvas_scratch(const rgm_decoding *job, int32_t W);

/* What a header says is possible: sides, pixels, not empty. `kind` begins the error line. */
rgm_status rgm_check_size(const char *kind, int64_t H, int64_t W, rgm_error *err);

/* The orientation in an EXIF block (behind "Exif\0\0"), 1 where there is none or it makes no sense. */
int32_t rgm_exif_orientation(const uint8_t *bytes, size_t size);

/* Takes the memory for so many pixels with C channels, and for rows. RGM_E_NOMEM. */
rgm_status rgm_canvas_reserve(rgm_decoder *decoder, int64_t pixels, int32_t C, rgm_error *err);

/* What rgm_decoder_reserve() takes. */
size_t rgm_canvas_bytes(int64_t pixels, int32_t C);

static inline uint32_t rgm_be16(const uint8_t *at) { return (uint32_t)at[0] << 8 | at[1]; }
static inline uint32_t rgm_be32(const uint8_t *at) { return rgm_be16(at) << 16 | rgm_be16(at + 2); }
static inline uint32_t rgm_le16(const uint8_t *at) { return (uint32_t)at[1] << 8 | at[0]; }
static inline uint32_t rgm_le32(const uint8_t *at) { return rgm_le16(at + 2) << 16 | rgm_le16(at); }

/* t / 255, rounded, for t up to 255 * 255. */
static inline uint8_t rgm_div255(uint32_t t) {
    t += 128;
    return (uint8_t)((t + (t >> 8)) >> 8);
}

/* Of RGB; the weights are those of picture.h. */
static inline uint8_t rgm_grey_of(const uint8_t *p) {
    return (uint8_t)((19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 0x8000u) >> 16);
}

rgm_status rgm_jpeg_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err);
rgm_status rgm_jpeg_decode(const rgm_decoding *job, rgm_error *err);
rgm_status rgm_png_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err);
rgm_status rgm_png_decode(const rgm_decoding *job, rgm_error *err);
rgm_status rgm_webp_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err);
rgm_status rgm_webp_decode(const rgm_decoding *job, rgm_error *err);
rgm_status rgm_bmp_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err);
rgm_status rgm_bmp_decode(const rgm_decoding *job, rgm_error *err);
rgm_status rgm_pnm_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err);
rgm_status rgm_pnm_decode(const rgm_decoding *job, rgm_error *err);

#endif
