#include "picture/picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "picture/decoder_internal.h"

static const struct {
    const char *name;
    rgm_status (*probe)(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err);
    rgm_status (*decode)(const rgm_decoding *job, rgm_error *err);
} kinds[] = {
    [RGM_PICTURE_NONE] = {"", NULL, NULL},
    [RGM_PICTURE_JPEG] = {"JPEG", rgm_jpeg_probe, rgm_jpeg_decode},
    [RGM_PICTURE_PNG] = {"PNG", rgm_png_probe, rgm_png_decode},
    [RGM_PICTURE_WEBP] = {"WebP", rgm_webp_probe, rgm_webp_decode},
    [RGM_PICTURE_BMP] = {"BMP", rgm_bmp_probe, rgm_bmp_decode},
    [RGM_PICTURE_PNM] = {"PNM", rgm_pnm_probe, rgm_pnm_decode},
};
enum { KINDS = (int)(sizeof kinds / sizeof *kinds) };

static int starts(const uint8_t *at, size_t size, const char *with, size_t n) {
    return size >= n && !memcmp(at, with, n);
}

static int is_space(uint8_t c) { return c == ' ' || (c >= 9 && c <= 13); }

int32_t rgm_picture_kind(const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    if (starts(at, size, "\xff\xd8\xff", 3)) return RGM_PICTURE_JPEG;
    if (starts(at, size, "\x89PNG\r\n\x1a\n", 8)) return RGM_PICTURE_PNG;
    if (starts(at, size, "RIFF", 4) && size >= 12 && !memcmp(at + 8, "WEBP", 4)) return RGM_PICTURE_WEBP;
    if (size >= 18 && starts(at, size, "BM", 2)) { /* two letters are not enough: a header's size follows */
        uint32_t header = rgm_le32(at + 14);
        if (header >= 12 && header <= 124) return RGM_PICTURE_BMP;
    }
    if (size >= 3 && at[0] == 'P' && at[1] >= '1' && at[1] <= '6' && (is_space(at[2]) || at[2] == '#'))
        return RGM_PICTURE_PNM;
    return RGM_PICTURE_NONE;
}

const char *rgm_picture_kind_name(int32_t kind) { return kind > 0 && kind < KINDS ? kinds[kind].name : ""; }

const char *rgm_picture_other(const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    static const struct {
        int32_t place, length;
        const char *mark, *name;
    } others[] = {
        {0, 6, "GIF87a", "GIF"},     {0, 6, "GIF89a", "GIF"},         {0, 4, "II*\0", "TIFF"},
        {0, 4, "MM\0*", "TIFF"},     {4, 8, "ftypheic", "HEIC"},      {4, 8, "ftypmif1", "HEIF"},
        {4, 8, "ftypheix", "HEIC"},  {4, 8, "ftypavif", "AVIF"},      {4, 8, "JXL \r\n\x87\n", "JPEG XL"},
        {0, 2, "\xff\n", "JPEG XL"}, {4, 6, "jP  \r\n", "JPEG 2000"}, {0, 4, "8BPS", "Photoshop"},
        {0, 5, "%PDF-", "PDF"},      {0, 4, "\0\0\1\0", "ICO"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        size_t place = (size_t)others[i].place, n = (size_t)others[i].length;
        if (size >= place + n && !memcmp(at + place, others[i].mark, n)) return others[i].name;
    }
    return "";
}

static rgm_status fail_unknown(const rgm_bytes *bytes, rgm_error *err) {
    if (!bytes->size) return rgm_fail(err, RGM_E_FORMAT, "empty file");
    const char *other = rgm_picture_other(bytes->at, bytes->size);
    if (*other)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: this kind cannot be read (JPEG, PNG, WebP, BMP and PNM can)",
                        other);
    char first[32] = "";
    int used = 0;
    for (size_t i = 0; i < bytes->size && i < 8; i++)
        used += snprintf(first + used, sizeof first - (size_t)used, "%s%02x", i ? " " : "", bytes->at[i]);
    return rgm_fail(err, RGM_E_FORMAT, "not a picture (its first bytes are %s), expected JPEG, PNG, WebP, BMP or PNM",
                    first);
}

rgm_status rgm_picture_fail_in(const rgm_bytes *bytes, rgm_status status, rgm_error *err) {
    const char *name = bytes->name;
    if (status >= 0 || !err || !name) return status;
    size_t length = strlen(name), most = 240;
    if (length <= most) return rgm_fail_in(err, "%s", name);
    name += length - most;
    while ((*name & 0xc0) == 0x80) name++; /* not into a character */
    return rgm_fail_in(err, "...%s", name);
}

static rgm_status probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    *info = (rgm_picture_info){.orientation = 1};
    int32_t kind = rgm_picture_kind(bytes->at, bytes->size);
    if (kind == RGM_PICTURE_NONE) return fail_unknown(bytes, err);
    info->kind = kind;
    RGM_TRY(kinds[kind].probe(bytes, info, err));
    RGM_TRY(rgm_check_size(kinds[kind].name, info->H, info->W, err));
    if (info->orientation >= 5) {
        int32_t H = info->H;
        info->H = info->W;
        info->W = H;
    }
    return RGM_OK;
}

rgm_status rgm_picture_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    return rgm_picture_fail_in(bytes, probe(bytes, info, err), err);
}

rgm_status rgm_check_size(const char *kind, int64_t H, int64_t W, rgm_error *err) {
    if (H <= 0 || W <= 0)
        return rgm_fail(err, RGM_E_FORMAT, "%s: damaged: its size is %lld x %lld", kind, (long long)H, (long long)W);
    if (H > RGM_PICTURE_SIDE || W > RGM_PICTURE_SIDE)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: too large: %lld x %lld pixels, sides are at most %d", kind,
                        (long long)H, (long long)W, RGM_PICTURE_SIDE);
    if (H * W > RGM_PICTURE_PIXELS)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "%s: too large: %lld x %lld pixels, at most %d are read", kind,
                        (long long)H, (long long)W, RGM_PICTURE_PIXELS);
    return RGM_OK;
}

/* ---- the decoder ---- */

rgm_status rgm_decoder_create(rgm_decoder **decoder, rgm_error *err) {
    *decoder = calloc(1, sizeof **decoder);
    return *decoder ? RGM_OK : rgm_fail(err, RGM_E_NOMEM, "no memory for a picture decoder");
}

void rgm_decoder_destroy(rgm_decoder *decoder) {
    if (!decoder) return;
    free(decoder->pixels.at);
    free(decoder->row.at);
    free(decoder);
}

rgm_status rgm_decoder_reserve(rgm_decoder *decoder, int64_t pixels, int32_t C, rgm_error *err) {
    return rgm_canvas_reserve(decoder, pixels, C, err);
}

size_t rgm_decoder_bytes(int64_t pixels, int32_t C) { return rgm_canvas_bytes(pixels, C); }

rgm_status rgm_decode(rgm_decoder *decoder, const rgm_bytes *bytes, const rgm_decode_want *want, rgm_picture *picture,
                      rgm_error *err) {
    rgm_picture_info info;
    *picture = (rgm_picture){.reduced = 1};
    rgm_status status = probe(bytes, &info, err);
    rgm_decoding job = {.decoder = decoder, .bytes = bytes, .want = want, .info = &info, .picture = picture};
    if (status >= 0) status = kinds[info.kind].decode(&job, err);
    return rgm_picture_fail_in(bytes, status, err);
}
