#include "picture/decoder_internal.h"

#include <stdlib.h>
#include <string.h>
#include <spng.h>
#include <zlib.h>

enum { SIGNATURE = 8, CHUNK = 12, GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 };

/* A chunk is its length, four letters, the data and a checksum. */
typedef struct png_chunk {
    const uint8_t *at;   /* its length */
    const uint8_t *data; /* of `size` bytes */
    size_t size;
} png_chunk;

static int is(const png_chunk *chunk, const char *name) { return !memcmp(chunk->at + 4, name, 4); }

/* The chunk at `at`; fails where the file ends in it. */
static rgm_status chunk_at(const uint8_t *at, const uint8_t *end, png_chunk *chunk, rgm_error *err) {
    chunk->at = at;
    if (end - at < CHUNK) return rgm_fail(err, RGM_E_FORMAT, "PNG: ends too early");
    chunk->size = rgm_be32(at);
    chunk->data = at + 8;
    if (chunk->size > (size_t)(end - at) - CHUNK)
        return rgm_fail(err, RGM_E_FORMAT, "PNG: ends too early, in its chunk %.4s", (const char *)at + 4);
    return RGM_OK;
}

static const uint8_t *behind(const png_chunk *chunk) { return chunk->data + chunk->size + 4; }

/* A palette of greys alone is grey. */
static int32_t palette_colour(const png_chunk *chunk) {
    for (size_t i = 0; i + 2 < chunk->size; i += 3)
        if (chunk->data[i] != chunk->data[i + 1] || chunk->data[i] != chunk->data[i + 2]) return 1;
    return 0;
}

/* Palettes have at most 8 bits, colours and alpha 8 or 16. */
static int is_possible(int type, int bits) {
    switch (type) {
    case GREY:
        return bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
    case PALETTE:
        return bits == 1 || bits == 2 || bits == 4 || bits == 8;
    case RGB:
    case GREY_ALPHA:
    case RGB_ALPHA:
        return bits == 8 || bits == 16;
    default:
        return 0;
    }
}

static rgm_status read_ihdr(const png_chunk *chunk, rgm_picture_info *info, rgm_error *err) {
    if (!is(chunk, "IHDR") || chunk->size != 13)
        return rgm_fail(err, RGM_E_FORMAT, "PNG: damaged: it does not begin with its header");
    uint32_t W = rgm_be32(chunk->data), H = rgm_be32(chunk->data + 4);
    int32_t type = chunk->data[9];
    RGM_TRY(rgm_check_size("PNG", H, W, err));
    info->H = (int32_t)H;
    info->W = (int32_t)W;
    info->bits = chunk->data[8];
    info->colour = type == RGB || type == RGB_ALPHA || type == PALETTE;
    info->alpha = type == GREY_ALPHA || type == RGB_ALPHA;
    if (!is_possible(type, info->bits))
        return rgm_fail(err, RGM_E_FORMAT, "PNG: damaged: its colour type is %d with %d bits", type, info->bits);
    return RGM_OK;
}

rgm_status rgm_png_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    const uint8_t *end = bytes->at + bytes->size;
    png_chunk chunk;
    RGM_TRY(chunk_at(bytes->at + SIGNATURE, end, &chunk, err));
    RGM_TRY(read_ihdr(&chunk, info, err));
    int palette = chunk.data[9] == PALETTE;
    while (!is(&chunk, "IEND")) {
        RGM_TRY(chunk_at(behind(&chunk), end, &chunk, err));
        if (is(&chunk, "PLTE") && palette) info->colour = palette_colour(&chunk);
        if (is(&chunk, "tRNS")) info->alpha = 1;
        if (is(&chunk, "iCCP")) info->profile = 1;
        if (is(&chunk, "eXIf")) info->orientation = rgm_exif_orientation(chunk.data, chunk.size);
    }
    return RGM_OK;
}

/* ---- what libspng reads ----
 * It gets the critical chunks and tRNS alone: texts, profiles and other chunks take neither memory nor time there. */

typedef struct png_stream {
    const uint8_t *next, *stop; /* of the part that is handed on */
    const uint8_t *end;         /* of the file */
    const uint8_t *broken;      /* the name of a chunk with a wrong checksum */
} png_stream;

static int is_sound(const png_chunk *chunk) {
    uLong sum = crc32(crc32(0, NULL, 0), chunk->at + 4, (uInt)(chunk->size + 4));
    return sum == rgm_be32(chunk->data + chunk->size);
}

/* Moves to the next chunk that libspng is to see. It checks their checksums; those of the others are checked here. */
static int advance(png_stream *stream) {
    png_chunk chunk;
    for (const uint8_t *at = stream->stop; at < stream->end; at = behind(&chunk)) {
        if (chunk_at(at, stream->end, &chunk, NULL) < 0) return 0;
        if ((at[4] & 0x20) && !is(&chunk, "tRNS")) {
            if (is_sound(&chunk)) continue;
            stream->broken = at + 4;
            return 0;
        }
        stream->next = at;
        stream->stop = behind(&chunk);
        return 1;
    }
    return 0;
}

static int read_stream(spng_ctx *ctx, void *user, void *to, size_t length) {
    png_stream *stream = user;
    uint8_t *at = to;
    (void)ctx;
    while (length) {
        if (stream->next == stream->stop && !advance(stream)) return SPNG_IO_EOF;
        size_t n = (size_t)(stream->stop - stream->next);
        if (n > length) n = length;
        memcpy(at, stream->next, n);
        stream->next += n;
        at += n;
        length -= n;
    }
    return 0;
}

/* ---- rows ---- */

typedef struct png_job {
    const rgm_decoding *job;
    rgm_canvas canvas;
    spng_ctx *ctx;
    struct spng_ihdr header;
    struct spng_trns key;
    int32_t has_key; /* one grey, or one colour, is transparent */
    int32_t entries; /* of the palette */
    int32_t warnings;
    uint8_t *raw, *row; /* a row as stored, and of bytes */
    png_stream stream;
} png_job;

static rgm_status fail_spng(const png_job *png, int code, int32_t y, rgm_error *err) {
    if (code == SPNG_EMEM) return rgm_fail(err, RGM_E_NOMEM, "PNG: no memory to decode it");
    const uint8_t *name = png->stream.broken;
    if (name)
        return rgm_fail(err, RGM_E_FORMAT, "PNG: damaged: its chunk %.4s has a wrong checksum", (const char *)name);
    if (y > 0)
        return rgm_fail(err, RGM_E_FORMAT, "PNG: damaged: %s, after %d of %u rows", spng_strerror(code), y,
                        png->header.height);
    return rgm_fail(err, RGM_E_FORMAT, "PNG: damaged: %s", spng_strerror(code));
}

/* 16 bits -> 8, rounded. */
static uint8_t upper(const uint8_t *at) { return (uint8_t)((rgm_be16(at) * 255 + 32895) >> 16); }

/* Samples of 1, 2 and 4 bits, the first in the highest bits, times `scale`. */
static void unpack(const uint8_t *from, uint8_t *to, int32_t W, int bits, int scale) {
    int mask = (1 << bits) - 1;
    for (int32_t i = 0, bit = 8 - bits; i < W; i++) {
        to[i] = (uint8_t)(((*from >> bit) & mask) * scale);
        bit -= bits;
        if (bit < 0) {
            bit = 8 - bits;
            from++;
        }
    }
}

static int32_t channels_of(int type) { return type == RGB_ALPHA ? 4 : type == RGB ? 3 : type == GREY_ALPHA ? 2 : 1; }

static int is_key(const png_job *png, const uint8_t *at, int32_t n, int bits) {
    const uint16_t *key = n == 1 ? &png->key.gray : &png->key.red;
    for (int32_t c = 0; c < n; c++)
        if ((bits == 16 ? rgm_be16(at + 2 * c) : at[c]) != key[c]) return 0;
    return 1;
}

/* Grey or RGB with a transparent colour -> the same with alpha. Samples below 8 bits are unpacked, not yet scaled. */
static void add_alpha(const png_job *png, const uint8_t *from, int32_t W, int32_t n, int scale) {
    int bits = png->header.bit_depth;
    uint8_t *to = png->row;
    for (int32_t i = 0; i < W; i++, from += n * (bits == 16 ? 2 : 1)) {
        for (int32_t c = 0; c < n; c++) *to++ = bits == 16 ? upper(from + 2 * c) : (uint8_t)(from[c] * scale);
        *to++ = is_key(png, from, n, bits) ? 0 : 255;
    }
}

/* png->raw -> what the canvas takes. */
static void convert_row(png_job *png, rgm_row *row) {
    int bits = png->header.bit_depth, type = png->header.color_type;
    int32_t n = channels_of(type);
    int scale = bits >= 8 || type == PALETTE ? 1 : 255 / ((1 << bits) - 1);
    const uint8_t *raw = png->raw;
    row->what = type == PALETTE ? RGM_ROW_INDEX : n;
    row->pixels = raw;
    if (bits < 8) {
        uint8_t *to = png->has_key ? png->row + 2 * (size_t)row->W + 8 : png->row;
        unpack(raw, to, row->W, bits, png->has_key ? 1 : scale);
        row->pixels = raw = to;
    }
    if (png->has_key) {
        add_alpha(png, raw, row->W, n, scale);
        row->pixels = png->row;
        row->what = n + 1;
    } else if (bits == 16) {
        for (int32_t i = 0; i < row->W * n; i++) png->row[i] = upper(raw + 2 * (ptrdiff_t)i);
        row->pixels = png->row;
    }
    if (type == PALETTE && png->entries < 256)
        for (int32_t i = 0; i < row->W; i++) png->warnings |= row->pixels[i] >= png->entries;
}

/* The palette, blended once; or the colour that is transparent. */
static rgm_status read_transparency(png_job *png, rgm_error *err) {
    struct spng_trns trns = {0};
    int has = !spng_get_trns(png->ctx, &trns);
    if (png->header.color_type != PALETTE) {
        png->has_key = has && (png->header.color_type == GREY || png->header.color_type == RGB);
        png->key = trns;
        return RGM_OK;
    }
    struct spng_plte plte;
    int code = spng_get_plte(png->ctx, &plte);
    if (code) return fail_spng(png, code, 0, err);
    uint8_t rgba[256][4];
    png->entries = (int32_t)plte.n_entries;
    for (int32_t i = 0; i < png->entries; i++) {
        const struct spng_plte_entry *from = &plte.entries[i];
        uint8_t alpha = has && i < (int32_t)trns.n_type3_entries ? trns.type3_alpha[i] : 255;
        memcpy(rgba[i], (uint8_t[]){from->red, from->green, from->blue, alpha}, 4);
    }
    rgm_canvas_palette(&png->canvas, (const uint8_t(*)[4])rgba, png->entries);
    return RGM_OK;
}

/* The seven passes of an interlaced picture: where each begins and how it steps. */
static const struct {
    uint8_t y, x, down, right;
} passes[7] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4}, {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};

static rgm_status read_rows(png_job *png, rgm_error *err) {
    size_t most = (size_t)png->header.width * 8 + 8;
    int code = 0;
    for (int32_t count = 0; code != SPNG_EOI; count++) {
        struct spng_row_info at;
        code = spng_get_row_info(png->ctx, &at);
        if (!code) code = spng_decode_scanline(png->ctx, png->raw, most);
        if (code && code != SPNG_EOI) return fail_spng(png, code, count, err);
        rgm_row row = {.y = (int32_t)at.row_num, .step = 1, .W = (int32_t)png->header.width};
        if (png->header.interlace_method) {
            row.step = passes[at.pass].right;
            row.x = passes[at.pass].x;
            row.W = (row.W - row.x + row.step - 1) / row.step;
        }
        convert_row(png, &row);
        rgm_canvas_row(&png->canvas, &row);
    }
    rgm_canvas_end(&png->canvas);
    code = spng_decode_chunks(png->ctx);
    return code ? fail_spng(png, code, 0, err) : RGM_OK;
}

static rgm_status decode(png_job *png, rgm_error *err) {
    const rgm_bytes *bytes = png->job->bytes;
    png->stream = (png_stream){.next = bytes->at, .stop = bytes->at + SIGNATURE, .end = bytes->at + bytes->size};
    spng_set_image_limits(png->ctx, RGM_PICTURE_SIDE, RGM_PICTURE_SIDE);
    spng_set_crc_action(png->ctx, SPNG_CRC_ERROR, SPNG_CRC_ERROR);
    int code = spng_set_png_stream(png->ctx, read_stream, &png->stream);
    if (!code) code = spng_get_ihdr(png->ctx, &png->header);
    if (code) return fail_spng(png, code, 0, err);
    RGM_TRY(rgm_canvas_begin(&png->canvas, png->job, err));
    png->raw = png->job->decoder->row.at;
    png->row = rgm_canvas_scratch(png->job, (int32_t)png->header.width);
    RGM_TRY(read_transparency(png, err));
    code = spng_decode_image(png->ctx, NULL, 0, SPNG_FMT_RAW, SPNG_DECODE_PROGRESSIVE);
    if (code) return fail_spng(png, code, 0, err);
    RGM_TRY(read_rows(png, err));
    png->job->picture->warnings = png->warnings;
    return RGM_OK;
}

rgm_status rgm_png_decode(const rgm_decoding *job, rgm_error *err) {
    png_job png = {.job = job, .ctx = spng_ctx_new(0)};
    if (!png.ctx) return rgm_fail(err, RGM_E_NOMEM, "PNG: no memory to decode it");
    rgm_status status = decode(&png, err);
    spng_ctx_free(png.ctx);
    return status;
}
