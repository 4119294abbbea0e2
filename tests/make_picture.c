#include "make_picture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <spng.h>
#include <webp/encode.h>

static void need(int good, const char *what) {
    if (good) return;
    fprintf(stderr, "make_picture: %s\n", what);
    abort();
}

/* ---- bytes ---- */

typedef struct bytes_out {
    uint8_t *at;
    size_t size, room;
} bytes_out;

static void put(bytes_out *out, const void *bytes, size_t size) {
    if (out->size + size > out->room) {
        out->room = 2 * (out->size + size);
        out->at = realloc(out->at, out->room);
        need(out->at != NULL, "no memory");
    }
    if (size) memcpy(out->at + out->size, bytes, size);
    out->size += size;
}

static void put_byte(bytes_out *out, int value) { put(out, &(uint8_t){(uint8_t)value}, 1); }

static void put_le(bytes_out *out, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++) put_byte(out, (int)(value >> (8 * i) & 255));
}

static void put_chunk(bytes_out *out, const char *name, const void *bytes, size_t size) { /* of RIFF */
    put(out, name, 4);
    put_le(out, (uint32_t)size, 4);
    put(out, bytes, size);
    if (size % 2) put_byte(out, 0);
}

/* ---- pixels ---- */

static uint64_t mix(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void make_picture_pixels(uint8_t *pixels, int32_t H, int32_t W, int32_t C, uint64_t seed) {
    uint64_t state = seed;
    double wave[4][3];
    for (int c = 0; c < 4; c++)
        for (int k = 0; k < 3; k++) wave[c][k] = (double)(mix(&state) >> 40) / (1 << 24);
    for (int32_t y = 0; y < H; y++)
        for (int32_t x = 0; x < W; x++)
            for (int32_t c = 0; c < C; c++) {
                const double *w = wave[c];
                double value = 128 + 90 * sin(x * (0.02 + 0.1 * w[0]) + y * (0.02 + 0.1 * w[1]) + 6 * w[2]);
                *pixels++ = (uint8_t)(value + (double)(mix(&state) >> 60));
            }
}

/* A TIFF file of one directory with one entry: little-endian for odd orientations, big-endian for even ones. */
static size_t make_exif(uint8_t exif[32], int orientation) {
    static const uint8_t little[26] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0};
    static const uint8_t big[26] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1};
    memcpy(exif, orientation % 2 ? little : big, 26);
    exif[orientation % 2 ? 18 : 19] = (uint8_t)orientation;
    return 26;
}

/* ---- JPEG ---- */

static void set_sampling(struct jpeg_compress_struct *c, const picture_spec *spec) {
    static const int factors[8][2] = {{2, 2}, {1, 1}, {2, 1}, {1, 2}, {4, 1}, {1, 1}, {2, 4}, {4, 2}};
    if (spec->C == 1) return;
    if (spec->C == 3 && spec->sampling == 5) jpeg_set_colorspace(c, JCS_RGB);
    if (spec->C == 4) jpeg_set_colorspace(c, spec->sampling == 5 ? JCS_YCCK : JCS_CMYK);
    for (int i = 0; i < spec->C; i++) c->comp_info[i].h_samp_factor = c->comp_info[i].v_samp_factor = 1;
    if (spec->C != 3) return;
    c->comp_info[0].h_samp_factor = factors[spec->sampling][0];
    c->comp_info[0].v_samp_factor = factors[spec->sampling][1];
}

static void put_markers(struct jpeg_compress_struct *c, const picture_spec *spec) {
    uint8_t exif[6 + 32] = "Exif\0";
    if (spec->orientation)
        jpeg_write_marker(c, JPEG_APP0 + 1, exif, 6 + (unsigned)make_exif(exif + 6, spec->orientation));
    if (spec->profile) jpeg_write_marker(c, JPEG_APP0 + 2, (const uint8_t *)"ICC_PROFILE\0\1\1nonsense", 22);
}

static void make_jpeg(const picture_spec *spec, const uint8_t *pixels, bytes_out *out) {
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr handler;
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    c.err = jpeg_std_error(&handler);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, &size);
    c.image_height = (JDIMENSION)spec->H;
    c.image_width = (JDIMENSION)spec->W;
    c.input_components = spec->C;
    c.in_color_space = spec->C == 1 ? JCS_GRAYSCALE : spec->C == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&c);
    set_sampling(&c, spec);
    jpeg_set_quality(&c, spec->quality ? spec->quality : 90, TRUE);
    if (spec->progressive == 1) jpeg_simple_progression(&c);
    c.arith_code = spec->progressive == 2;
    c.restart_in_rows = spec->restart;
    jpeg_start_compress(&c, TRUE);
    put_markers(&c, spec);
    for (JSAMPROW row = (JSAMPROW)pixels; c.next_scanline < c.image_height; row += spec->W * spec->C)
        jpeg_write_scanlines(&c, &row, 1);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    put(out, bytes, size);
    free(bytes);
}

/* ---- PNG ---- */

static void set_palette(spng_ctx *ctx, const picture_spec *spec) {
    struct spng_plte plte = {.n_entries = 1u << (spec->bits ? spec->bits : 8)};
    struct spng_trns trns = {.n_type3_entries = plte.n_entries};
    for (unsigned i = 0; i < plte.n_entries; i++) {
        plte.entries[i].red = (uint8_t)(7 * i);
        plte.entries[i].green = (uint8_t)(11 * i);
        plte.entries[i].blue = (uint8_t)(13 * i);
        trns.type3_alpha[i] = (uint8_t)(255 - i);
    }
    need(!spng_set_plte(ctx, &plte), "PLTE");
    if (spec->transparent) need(!spng_set_trns(ctx, &trns), "tRNS");
}

/* libspng keeps the pointer to `exif` until it has encoded. */
static void set_extras(spng_ctx *ctx, const picture_spec *spec, const uint8_t *pixels, uint8_t exif[32]) {
    int bits = spec->bits ? spec->bits : 8;
    if (spec->palette)
        set_palette(ctx, spec);
    else if (spec->transparent) {
        uint16_t key[3];
        for (int c = 0; c < 3; c++) {
            uint16_t value = pixels[c % spec->C];
            key[c] = (uint16_t)(bits == 16 ? value * 257 : value >> (8 - bits));
        }
        struct spng_trns trns = {.gray = key[0], .red = key[0], .green = key[1], .blue = key[2]};
        need(!spng_set_trns(ctx, &trns), "tRNS");
    }
    struct spng_exif block = {.data = (char *)exif, .length = make_exif(exif, spec->orientation)};
    if (spec->orientation) need(!spng_set_exif(ctx, &block), "eXIf");
    static char nonsense[] = "nonsense";
    struct spng_iccp profile = {.profile_name = "odd", .profile_len = 8, .profile = nonsense};
    if (spec->profile) need(!spng_set_iccp(ctx, &profile), "iCCP");
}

/* Rows of bytes -> rows of `bits`: the upper bits of each, or the byte twice; whole: the values as they are. */
static void pack_rows(bytes_out *out, const uint8_t *pixels, int32_t H, int32_t n, int bits, int whole) {
    for (int32_t y = 0; y < H; y++) {
        int held = 0, value = 0;
        for (int32_t i = 0; i < n; i++, pixels++) {
            if (bits >= 8) {
                put_byte(out, *pixels);
                if (bits == 16) put_byte(out, *pixels);
                continue;
            }
            value = value << bits | (whole ? *pixels : *pixels >> (8 - bits));
            held += bits;
            if (held == 8 || i == n - 1) {
                put_byte(out, value << (8 - held));
                held = value = 0;
            }
        }
    }
}

static void make_png(const picture_spec *spec, const uint8_t *pixels, bytes_out *out) {
    static const uint8_t types[5] = {0, 0, 4, 2, 6};
    int bits = spec->bits ? spec->bits : 8, code = 0;
    bytes_out rows = {0};
    spng_ctx *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    need(ctx != NULL, "libspng");
    spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    struct spng_ihdr header = {.height = (uint32_t)spec->H, .width = (uint32_t)spec->W, .bit_depth = (uint8_t)bits};
    header.color_type = spec->palette ? 3 : types[spec->C];
    header.interlace_method = (uint8_t)spec->progressive;
    need(!spng_set_ihdr(ctx, &header), "IHDR");
    uint8_t exif[32];
    set_extras(ctx, spec, pixels, exif);
    pack_rows(&rows, pixels, spec->H, spec->W * spec->C, bits, spec->palette);
    code = spng_encode_image(ctx, rows.at, rows.size, SPNG_FMT_RAW, SPNG_ENCODE_FINALIZE);
    need(!code, spng_strerror(code));
    size_t size;
    void *bytes = spng_get_png_buffer(ctx, &size, &code);
    need(bytes != NULL, "PNG");
    put(out, bytes, size);
    free(bytes);
    free(rows.at);
    spng_ctx_free(ctx);
}

/* ---- WebP ---- */

static uint8_t *widen(const picture_spec *spec, const uint8_t *pixels) { /* -> RGBA */
    uint8_t *rgba = malloc((size_t)spec->H * (size_t)spec->W * 4);
    need(rgba != NULL, "no memory");
    for (int32_t i = 0; i < spec->H * spec->W; i++, pixels += spec->C) {
        for (int c = 0; c < 3; c++) rgba[4 * i + c] = pixels[spec->C < 3 ? 0 : c];
        rgba[4 * i + 3] = spec->C == 2 ? pixels[1] : spec->C == 4 ? pixels[3] : 255;
    }
    return rgba;
}

/* The simple file of libwebp, taken apart and put into an extended one with more chunks. */
static void put_extended(const picture_spec *spec, const uint8_t *simple, size_t size, bytes_out *out) {
    uint8_t exif[32], header[10] = {0};
    bytes_out body = {0};
    header[0] = (uint8_t)((spec->profile ? 0x20 : 0) | (spec->orientation ? 8 : 0) | (spec->C % 2 ? 0 : 0x10));
    for (int i = 0; i < 3; i++) {
        header[4 + i] = (uint8_t)((spec->W - 1) >> (8 * i));
        header[7 + i] = (uint8_t)((spec->H - 1) >> (8 * i));
    }
    put(&body, "WEBP", 4);
    put_chunk(&body, "VP8X", header, 10);
    if (spec->profile) put_chunk(&body, "ICCP", "nonsense", 8);
    size_t skip = !memcmp(simple + 12, "VP8X", 4) ? 30 : 12;
    put(&body, simple + skip, size - skip);
    if (spec->orientation) put_chunk(&body, "EXIF", exif, make_exif(exif, spec->orientation));
    put_chunk(out, "RIFF", body.at, body.size);
    free(body.at);
}

static void make_webp(const picture_spec *spec, const uint8_t *pixels, bytes_out *out) {
    WebPConfig config;
    WebPPicture picture;
    WebPMemoryWriter writer;
    need(WebPConfigInit(&config) && WebPPictureInit(&picture), "libwebp");
    config.lossless = !spec->quality;
    config.exact = 1;
    config.method = 1;
    config.quality = spec->quality ? (float)spec->quality : 20;
    uint8_t *rgba = widen(spec, pixels);
    picture.use_argb = config.lossless;
    picture.height = spec->H;
    picture.width = spec->W;
    WebPMemoryWriterInit(&writer);
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &writer;
    need(spec->C % 2 ? WebPPictureImportRGBX(&picture, rgba, 4 * spec->W)
                     : WebPPictureImportRGBA(&picture, rgba, 4 * spec->W),
         "WebP pixels");
    need(WebPEncode(&config, &picture), "WebP");
    if (spec->orientation || spec->profile)
        put_extended(spec, writer.mem, writer.size, out);
    else
        put(out, writer.mem, writer.size);
    WebPMemoryWriterClear(&writer);
    WebPPictureFree(&picture);
    free(rgba);
}

/* ---- BMP ---- */

typedef struct bmp_plan {
    int bits, header, pitch, masks; /* masks: bytes of them behind the header */
} bmp_plan;

/* Samples are packed from the highest bits down: red, green, blue, alpha last and highest. */
static void put_bmp_row(const picture_spec *spec, const bmp_plan *plan, const uint8_t *row, bytes_out *out) {
    size_t begun = out->size;
    if (plan->bits <= 8) pack_rows(out, row, 1, spec->W, plan->bits, spec->palette);
    for (int32_t x = 0; plan->bits > 8 && x < spec->W; x++) {
        const uint8_t *p = row + x * spec->C;
        int r = p[0], g = p[spec->C < 3 ? 0 : 1], b = p[spec->C < 3 ? 0 : 2];
        if (plan->bits == 16 && spec->coded)
            put_le(out, (uint32_t)(r >> 3 << 11 | g >> 2 << 5 | b >> 3), 2);
        else if (plan->bits == 16)
            put_le(out, (uint32_t)(r >> 3 << 10 | g >> 3 << 5 | b >> 3), 2);
        else
            put_le(out, (uint32_t)(r << 16 | g << 8 | b), 3);
        if (plan->bits == 32) put_byte(out, spec->C == 4 ? p[3] : 0);
    }
    while (out->size - begun < (size_t)plan->pitch) put_byte(out, 0);
}

static int32_t run_of(const uint8_t *row, int32_t W) {
    int32_t n = 1;
    while (n < W && n < 255 && row[n] == row[0]) n++;
    return n;
}

/* Runs of equal indices; others as they are, in pieces. Bytes 0, 0 end the row. */
static void put_runs(const picture_spec *spec, int bits, const uint8_t *row, bytes_out *out) {
    for (int32_t x = 0; x < spec->W;) {
        int32_t left = spec->W - x, n = run_of(row + x, left);
        if (n < 3 && left >= 3) {
            n = left < 7 ? left : 7;
            put_byte(out, 0);
            put_byte(out, n);
            size_t begun = out->size;
            pack_rows(out, row + x, 1, n, bits, 1);
            if ((out->size - begun) % 2) put_byte(out, 0);
        } else {
            put_byte(out, n);
            put_byte(out, bits == 4 ? row[x] << 4 | row[x] : row[x]);
        }
        x += n;
    }
    put_le(out, 0, 2);
}

static void put_palette(const picture_spec *spec, const bmp_plan *plan, bytes_out *out) {
    int n = 1 << plan->bits;
    for (int i = 0; i < n; i++) {
        int grey = i * 255 / (n - 1);
        put_byte(out, spec->palette ? 13 * i & 255 : grey);
        put_byte(out, spec->palette ? 11 * i & 255 : grey);
        put_byte(out, spec->palette ? 7 * i & 255 : grey);
        if (plan->header > 12) put_byte(out, 0);
    }
}

static void put_bmp_header(const picture_spec *spec, const bmp_plan *plan, uint32_t size, bytes_out *out) {
    size_t begun = out->size;
    int coding = spec->coded == 1 ? (plan->bits == 4 ? 2 : 1) : spec->coded == 2 ? 3 : 0;
    put_le(out, (uint32_t)plan->header, 4);
    if (plan->header == 12) {
        put_le(out, (uint32_t)spec->W, 2);
        put_le(out, (uint32_t)spec->H, 2);
    } else {
        put_le(out, (uint32_t)spec->W, 4);
        put_le(out, (uint32_t)(spec->top_down ? -spec->H : spec->H), 4);
    }
    put_le(out, 1, 2);
    put_le(out, (uint32_t)plan->bits, 2);
    if (plan->header == 12) return;
    put_le(out, (uint32_t)coding, 4);
    put_le(out, size, 4);
    for (int i = 0; i < 4; i++) put_le(out, 0, 4);
    static const uint32_t masks[2][4] = {{0xf800, 0x7e0, 0x1f, 0}, {0xff0000, 0xff00, 0xff, 0xff000000}};
    for (int i = 0; i < 4 && (coding == 3 || plan->header > 40); i++)
        if (out->size - begun < (size_t)(plan->header + plan->masks)) put_le(out, masks[plan->bits == 32][i], 4);
    while (out->size - begun < (size_t)plan->header) put_byte(out, 0);
}

static void make_bmp(const picture_spec *spec, const uint8_t *pixels, bytes_out *out) {
    bmp_plan plan = {.bits = spec->bits     ? spec->bits
                             : spec->C == 1 ? 8
                                            : 24,
                     .header = spec->header ? spec->header : 40};
    plan.pitch = (spec->W * plan.bits + 31) / 32 * 4;
    plan.masks = spec->coded == 2 && plan.header == 40 ? 12 : 0;
    bytes_out body = {0};
    for (int32_t y = 0; y < spec->H; y++) {
        const uint8_t *row = pixels + (spec->top_down ? y : spec->H - 1 - y) * spec->W * spec->C;
        if (spec->coded == 1)
            put_runs(spec, plan.bits, row, &body);
        else
            put_bmp_row(spec, &plan, row, &body);
    }
    if (spec->coded == 1) put_le(&body, 0x100, 2);
    size_t palette = plan.bits > 8 ? 0 : ((size_t)1 << plan.bits) * (plan.header > 12 ? 4 : 3);
    size_t offset = 14 + (size_t)(plan.header + plan.masks) + palette;
    put(out, "BM", 2);
    put_le(out, (uint32_t)(offset + body.size), 4);
    put_le(out, 0, 4);
    put_le(out, (uint32_t)offset, 4);
    put_bmp_header(spec, &plan, (uint32_t)body.size, out);
    if (palette) put_palette(spec, &plan, out);
    put(out, body.at, body.size);
    free(body.at);
}

/* ---- PNM ---- */

static void put_number(bytes_out *out, int value, char behind) {
    char text[16];
    put(out, text, (size_t)snprintf(text, sizeof text, "%d%c", value, behind));
}

static void make_pnm(const picture_spec *spec, const uint8_t *pixels, bytes_out *out) {
    int bits = spec->bits ? spec->bits : 8;
    put_byte(out, 'P');
    put_number(out, (bits == 1 ? 1 : spec->C == 1 ? 2 : 3) + (spec->plain ? 0 : 3), '\n');
    put(out, "# a comment\n", 12);
    put_number(out, spec->W, ' ');
    put_number(out, spec->H, '\n');
    if (bits > 1) put_number(out, bits == 16 ? 65535 : 255, '\n');
    int32_t n = spec->W * spec->C;
    for (int32_t y = 0; y < spec->H; y++, pixels += n) {
        if (!spec->plain) {
            size_t begun = out->size;
            pack_rows(out, pixels, 1, n, bits, 0);
            for (size_t i = begun; bits == 1 && i < out->size; i++) out->at[i] ^= 255; /* 1 is black */
            continue;
        }
        for (int32_t i = 0; i < n; i++)
            put_number(out,
                       bits == 1    ? pixels[i] < 128
                       : bits == 16 ? pixels[i] * 257
                                    : pixels[i],
                       i % 16 ? ' ' : '\n');
    }
}

uint8_t *make_picture(const picture_spec *spec, size_t *size) {
    bytes_out out = {0};
    uint8_t *own = malloc((size_t)spec->H * (size_t)spec->W * (size_t)spec->C + 1);
    need(own != NULL, "no memory");
    if (!spec->pixels) make_picture_pixels(own, spec->H, spec->W, spec->C, spec->seed);
    const uint8_t *pixels = spec->pixels ? spec->pixels : own;
    switch (spec->kind) {
    case RGM_PICTURE_JPEG:
        make_jpeg(spec, pixels, &out);
        break;
    case RGM_PICTURE_PNG:
        make_png(spec, pixels, &out);
        break;
    case RGM_PICTURE_WEBP:
        make_webp(spec, pixels, &out);
        break;
    case RGM_PICTURE_BMP:
        make_bmp(spec, pixels, &out);
        break;
    case RGM_PICTURE_PNM:
        make_pnm(spec, pixels, &out);
        break;
    default:
        need(0, "no such kind");
    }
    free(own);
    *size = out.size;
    return out.at;
}

void make_picture_file(const char *path, const picture_spec *spec) {
    size_t size;
    uint8_t *bytes = make_picture(spec, &size);
    FILE *file = fopen(path, "wb");
    need(file != NULL, path);
    need(fwrite(bytes, 1, size, file) == size && !fclose(file), path);
    free(bytes);
}
