#include "picture/decoder_internal.h"

#include <string.h>

enum { FILE_HEADER = 14, RGB = 0, RLE8 = 1, RLE4 = 2, FIELDS = 3, ALPHA_FIELDS = 6 };

typedef struct bmp_field {
    uint32_t mask, maximum; /* maximum: of what is under the mask, shifted down */
    int32_t shift;
} bmp_field;

typedef struct bmp_file {
    const uint8_t *pixels, *end;
    int32_t H, W, bits;
    int32_t top_down;
    int32_t coding;     /* RGB, RLE8, ... */
    bmp_field field[4]; /* red, green, blue, alpha of 16 and 32 bits */
    int32_t entries;    /* of the palette */
    uint8_t palette[256][4];
} bmp_file;

static rgm_status fail_early(rgm_error *err) {
    return rgm_fail(err, RGM_E_FORMAT, "BMP: ends too early, in its header");
}

/* ---- the header ---- */

static rgm_status set_field(bmp_field *field, uint32_t mask, rgm_error *err) {
    *field = (bmp_field){.mask = mask};
    if (!mask) return RGM_OK;
    while (!(mask & 1)) {
        mask >>= 1;
        field->shift++;
    }
    if (mask & (mask + 1)) return rgm_fail(err, RGM_E_FORMAT, "BMP: damaged: a bit mask has holes");
    field->maximum = mask;
    return RGM_OK;
}

static rgm_status read_fields(bmp_file *file, const uint8_t *at, int32_t n, rgm_error *err) {
    for (int32_t c = 0; c < n; c++) RGM_TRY(set_field(&file->field[c], rgm_le32(at + 4 * c), err));
    return RGM_OK;
}

static rgm_status plain_fields(bmp_file *file, rgm_error *err) {
    static const uint32_t masks[2][3] = {{0x7c00, 0x3e0, 0x1f}, {0xff0000, 0xff00, 0xff}};
    for (int32_t c = 0; c < 3; c++) RGM_TRY(set_field(&file->field[c], masks[file->bits == 32][c], err));
    return RGM_OK;
}

/* BITMAPCOREHEADER has 16-bit sizes, all later ones 32-bit ones, of which a negative height means top-down. */
static rgm_status read_sizes(bmp_file *file, const uint8_t *header, uint32_t size, rgm_error *err) {
    if (size < 16) {
        file->W = (int32_t)rgm_le16(header + 4);
        file->H = (int32_t)rgm_le16(header + 6);
        file->bits = (int32_t)rgm_le16(header + 10);
        return RGM_OK;
    }
    int64_t W = (int32_t)rgm_le32(header + 4), H = (int32_t)rgm_le32(header + 8);
    file->top_down = H < 0;
    if (H < 0) H = -H;
    RGM_TRY(rgm_check_size("BMP", H, W, err));
    file->W = (int32_t)W;
    file->H = (int32_t)H;
    file->bits = (int32_t)rgm_le16(header + 14);
    file->coding = size >= 20 ? (int32_t)rgm_le32(header + 16) : RGB;
    return RGM_OK;
}

static rgm_status check_coding(const bmp_file *file, uint32_t size, rgm_error *err) {
    int32_t bits = file->bits, coding = file->coding;
    if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
        return rgm_fail(err, RGM_E_FORMAT, "BMP: damaged: a pixel has %d bits", bits);
    int fields = size >= 40 && size != 64 && (coding == FIELDS || coding == ALPHA_FIELDS);
    int known = coding == RGB || (coding == RLE8 && bits == 8) || (coding == RLE4 && bits == 4) ||
                (fields && (bits == 16 || bits == 32));
    if (!known) return rgm_fail(err, RGM_E_UNSUPPORTED, "BMP: its coding %d of %d bits cannot be read", coding, bits);
    if (file->top_down && (coding == RLE8 || coding == RLE4))
        return rgm_fail(err, RGM_E_FORMAT, "BMP: damaged: run lengths from the top down");
    return RGM_OK;
}

static rgm_status read_palette(bmp_file *file, const uint8_t *at, const uint8_t *pixels, int32_t used, int32_t bytes) {
    int32_t most = 1 << file->bits;
    file->entries = used > 0 && used < most ? used : most;
    for (int32_t i = 0; i < file->entries; i++, at += bytes) {
        if (pixels - at < bytes) {
            file->entries = i;
            break;
        }
        memcpy(file->palette[i], (uint8_t[]){at[2], at[1], at[0], 255}, 4);
    }
    return RGM_OK;
}

static rgm_status read_header(bmp_file *file, const rgm_bytes *bytes, rgm_error *err) {
    *file = (bmp_file){.end = bytes->at + bytes->size};
    const uint8_t *header = bytes->at + FILE_HEADER;
    uint32_t size = rgm_le32(header), offset = rgm_le32(bytes->at + 10);
    if (bytes->size < FILE_HEADER + size) return fail_early(err);
    RGM_TRY(read_sizes(file, header, size, err));
    RGM_TRY(check_coding(file, size, err));
    const uint8_t *behind = header + size;
    int fields = file->coding == FIELDS || file->coding == ALPHA_FIELDS;
    int32_t masks = size >= 56 || (size < 52 && file->coding == ALPHA_FIELDS) ? 4 : 3;
    if (fields && size < 52) {
        if (file->end - behind < 4 * masks) return fail_early(err);
        behind += 4 * masks;
    }
    if (offset > bytes->size) return fail_early(err);
    file->pixels = bytes->at + offset;
    if (file->pixels < behind) return rgm_fail(err, RGM_E_FORMAT, "BMP: damaged: its pixels begin in its header");
    if (fields) RGM_TRY(read_fields(file, header + 40, masks, err));
    if (!fields && (file->bits == 16 || file->bits == 32)) RGM_TRY(plain_fields(file, err));
    if (file->bits > 8) return RGM_OK;
    return read_palette(file, behind, file->pixels, size >= 36 ? (int32_t)rgm_le32(header + 32) : 0, size < 16 ? 3 : 4);
}

static int32_t has_colour(const bmp_file *file) {
    if (file->bits > 8) return 1;
    for (int32_t i = 0; i < file->entries; i++)
        if (file->palette[i][0] != file->palette[i][1] || file->palette[i][0] != file->palette[i][2]) return 1;
    return 0;
}

rgm_status rgm_bmp_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    bmp_file file;
    RGM_TRY(read_header(&file, bytes, err));
    info->H = file.H;
    info->W = file.W;
    info->colour = has_colour(&file);
    info->alpha = file.field[3].mask != 0;
    info->bits = file.bits > 8 ? 8 : file.bits;
    uint32_t header = rgm_le32(bytes->at + FILE_HEADER);
    info->profile = header >= 124 && rgm_le32(bytes->at + FILE_HEADER + 112) != 0;
    return RGM_OK;
}

/* ---- pixels ---- */

typedef struct bmp_job {
    bmp_file *file;
    rgm_canvas canvas;
    rgm_row row;
    uint8_t *pixels; /* of the row */
    int32_t warnings;
} bmp_job;

static void put_row(bmp_job *bmp, int32_t y) {
    const bmp_file *file = bmp->file;
    bmp->row.y = file->top_down ? y : file->H - 1 - y;
    if (bmp->row.what == RGM_ROW_INDEX)
        for (int32_t x = 0; x < file->W; x++) bmp->warnings |= bmp->pixels[x] >= file->entries;
    rgm_canvas_row(&bmp->canvas, &bmp->row);
}

static uint8_t field_of(const bmp_field *field, uint32_t value) {
    if (!field->maximum) return 0;
    return (uint8_t)(((uint64_t)((value & field->mask) >> field->shift) * 255 + field->maximum / 2) / field->maximum);
}

static void unpack_fields(const bmp_file *file, const uint8_t *from, uint8_t *to, int alpha) {
    for (int32_t x = 0; x < file->W; x++, from += file->bits / 8) {
        uint32_t value = file->bits == 16 ? rgm_le16(from) : rgm_le32(from);
        for (int32_t c = 0; c < 3; c++) *to++ = field_of(&file->field[c], value);
        if (alpha) *to++ = field_of(&file->field[3], value);
    }
}

static void unpack(const bmp_file *file, const uint8_t *from, uint8_t *to, int alpha) {
    if (file->bits == 24) {
        for (int32_t x = 0; x < 3 * file->W; x += 3) {
            to[x] = from[x + 2];
            to[x + 1] = from[x + 1];
            to[x + 2] = from[x];
        }
    } else if (file->bits > 8) {
        unpack_fields(file, from, to, alpha);
    } else {
        int32_t per = 8 / file->bits, mask = (1 << file->bits) - 1;
        for (int32_t x = 0; x < file->W; x++)
            to[x] = (uint8_t)(from[x / per] >> (8 - file->bits * (x % per + 1)) & mask);
    }
}

/* Some programs write 0 for every alpha and mean nothing by it. */
static int any_alpha(const bmp_file *file, size_t pitch) {
    if (!file->field[3].mask) return 0;
    for (int32_t y = 0; y < file->H; y++) {
        const uint8_t *at = file->pixels + (size_t)y * pitch;
        for (int32_t x = 0; x < file->W; x++, at += file->bits / 8)
            if ((file->bits == 16 ? rgm_le16(at) : rgm_le32(at)) & file->field[3].mask) return 1;
    }
    return 0;
}

static rgm_status read_plain(bmp_job *bmp, rgm_error *err) {
    const bmp_file *file = bmp->file;
    size_t pitch = ((size_t)file->W * (size_t)file->bits + 31) / 32 * 4, size = (size_t)(file->end - file->pixels);
    if (size / pitch < (size_t)file->H)
        return rgm_fail(err, RGM_E_FORMAT, "BMP: ends too early, after %d of %d rows", (int)(size / pitch), file->H);
    int alpha = any_alpha(file, pitch);
    bmp->row.what = file->bits <= 8 ? RGM_ROW_INDEX : alpha ? RGM_ROW_RGBA : RGM_ROW_RGB;
    for (int32_t y = 0; y < file->H; y++) {
        unpack(file, file->pixels + (size_t)y * pitch, bmp->pixels, alpha);
        put_row(bmp, y);
    }
    return RGM_OK;
}

/* ---- run lengths ----
 * Pairs of bytes. (n, v): n pixels of v (of RLE4: its two halves by turns). (0, 0): end of the row. (0, 1): end of the
 * picture. (0, 2) dx dy: go there. (0, n): n pixels as they are, filled up to an even number of bytes. What is passed
 * over is index 0. */

typedef struct bmp_place {
    const uint8_t *at;
    int32_t y, x;
} bmp_place;

static rgm_status fail_runs(const bmp_job *bmp, const bmp_place *place, const char *what, rgm_error *err) {
    return rgm_fail(err, RGM_E_FORMAT, "BMP: %s, after %d of %d rows", what, place->y, bmp->file->H);
}

static void next_row(bmp_job *bmp, bmp_place *place) {
    put_row(bmp, place->y++);
    memset(bmp->pixels, 0, (size_t)bmp->file->W);
    place->x = 0;
}

static rgm_status copy_run(bmp_job *bmp, bmp_place *place, int32_t n, int literal, rgm_error *err) {
    const bmp_file *file = bmp->file;
    int half = file->coding == RLE4;
    ptrdiff_t bytes = half ? (n + 1) / 2 : n;
    bytes = literal ? bytes + bytes % 2 : 0;
    if (file->end - place->at < bytes) return fail_runs(bmp, place, "ends too early", err);
    if (place->y >= file->H || n > file->W - place->x)
        return fail_runs(bmp, place, "damaged: a run goes beyond its row", err);
    for (int32_t i = 0; i < n; i++) {
        uint8_t value = literal ? place->at[half ? i / 2 : i] : place->at[-1];
        bmp->pixels[place->x++] = !half ? value : i % 2 ? value & 15 : value >> 4;
    }
    place->at += bytes;
    return RGM_OK;
}

static rgm_status jump(bmp_job *bmp, bmp_place *place, rgm_error *err) {
    if (bmp->file->end - place->at < 2) return fail_runs(bmp, place, "ends too early", err);
    int32_t x = place->x + place->at[0], y = place->y + place->at[1];
    place->at += 2;
    if (x > bmp->file->W || y >= bmp->file->H) return fail_runs(bmp, place, "damaged: a jump goes out of it", err);
    while (place->y < y) next_row(bmp, place);
    place->x = x;
    return RGM_OK;
}

static rgm_status read_runs(bmp_job *bmp, rgm_error *err) {
    const bmp_file *file = bmp->file;
    bmp_place place = {.at = file->pixels};
    bmp->row.what = RGM_ROW_INDEX;
    memset(bmp->pixels, 0, (size_t)file->W);
    for (;;) {
        if (file->end - place.at < 2) return fail_runs(bmp, &place, "ends too early", err);
        int32_t n = place.at[0], value = place.at[1];
        place.at += 2;
        if (n)
            RGM_TRY(copy_run(bmp, &place, n, 0, err));
        else if (value == 0 && place.y < file->H)
            next_row(bmp, &place);
        else if (value == 1)
            break;
        else if (value == 2)
            RGM_TRY(jump(bmp, &place, err));
        else
            RGM_TRY(copy_run(bmp, &place, value, 1, err));
    }
    while (place.y < file->H) next_row(bmp, &place);
    return RGM_OK;
}

rgm_status rgm_bmp_decode(const rgm_decoding *job, rgm_error *err) {
    bmp_file file;
    RGM_TRY(read_header(&file, job->bytes, err));
    bmp_job bmp = {.file = &file};
    RGM_TRY(rgm_canvas_begin(&bmp.canvas, job, err));
    if (file.bits <= 8) rgm_canvas_palette(&bmp.canvas, (const uint8_t(*)[4])file.palette, file.entries);
    bmp.pixels = job->decoder->row.at;
    bmp.row = (rgm_row){.pixels = bmp.pixels, .step = 1, .W = file.W};
    RGM_TRY(file.coding == RLE8 || file.coding == RLE4 ? read_runs(&bmp, err) : read_plain(&bmp, err));
    job->picture->warnings = bmp.warnings;
    return RGM_OK;
}
