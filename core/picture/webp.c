#include "picture/decoder_internal.h"

#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>

/* What lies where in the file. */
typedef struct webp_file {
    int32_t H, W;            /* of the canvas */
    int32_t y, x;            /* of the frame in it */
    int32_t animated, alpha; /* 1: yes */
    const uint8_t *frame;    /* what libwebp decodes */
    size_t size;
} webp_file;

static rgm_status fail_early(rgm_error *err) { return rgm_fail(err, RGM_E_FORMAT, "WebP: ends too early"); }

static uint32_t le24(const uint8_t *at) { return rgm_le16(at) | (uint32_t)at[2] << 16; }

/* ANMF: place and size of the frame, duration, flags, then its own chunks. */
static rgm_status read_frame(webp_file *file, const uint8_t *data, size_t size, rgm_error *err) {
    if (file->frame) return RGM_OK; /* the first */
    if (size < 16) return rgm_fail(err, RGM_E_FORMAT, "WebP: damaged: a frame has %zu bytes", size);
    file->x = 2 * (int32_t)le24(data);
    file->y = 2 * (int32_t)le24(data + 3);
    file->frame = data + 16;
    file->size = size - 16;
    return RGM_OK;
}

static rgm_status read_chunk(webp_file *file, const uint8_t *at, size_t size, rgm_picture_info *info, rgm_error *err) {
    const uint8_t *data = at + 8;
    if (!memcmp(at, "VP8X", 4)) {
        if (size < 10) return rgm_fail(err, RGM_E_FORMAT, "WebP: damaged: its header has %zu bytes", size);
        file->animated = data[0] >> 1 & 1;
        file->alpha = data[0] >> 4 & 1;
        file->W = 1 + (int32_t)le24(data + 4);
        file->H = 1 + (int32_t)le24(data + 7);
    }
    if (!memcmp(at, "ANMF", 4) && file->animated) return read_frame(file, data, size, err);
    if (!memcmp(at, "ICCP", 4)) info->profile = 1;
    if (!memcmp(at, "EXIF", 4)) {
        int marked = size > 6 && !memcmp(data, "Exif\0", 6); /* some writers keep JPEG's mark */
        info->orientation = rgm_exif_orientation(data + (marked ? 6 : 0), size - (marked ? 6 : 0));
    }
    return RGM_OK;
}

static rgm_status read_file(webp_file *file, const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    size_t riff = rgm_le32(bytes->at + 4);
    if (riff > bytes->size - 8) return fail_early(err);
    const uint8_t *end = bytes->at + 8 + riff;
    for (const uint8_t *at = bytes->at + 12; end - at >= 8;) {
        size_t size = rgm_le32(at + 4), left = (size_t)(end - at) - 8;
        if (size > left) return fail_early(err);
        RGM_TRY(read_chunk(file, at, size, info, err));
        at += 8 + size + (size < left && size % 2);
    }
    if (file->animated) return file->frame ? RGM_OK : rgm_fail(err, RGM_E_FORMAT, "WebP: damaged: it has no frame");
    file->frame = bytes->at;
    file->size = riff + 8;
    return RGM_OK;
}

static rgm_status fail_webp(VP8StatusCode code, rgm_error *err) {
    switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
        return rgm_fail(err, RGM_E_NOMEM, "WebP: no memory to decode it");
    case VP8_STATUS_NOT_ENOUGH_DATA:
        return fail_early(err);
    case VP8_STATUS_UNSUPPORTED_FEATURE:
        return rgm_fail(err, RGM_E_UNSUPPORTED, "WebP: this kind cannot be read");
    default:
        return rgm_fail(err, RGM_E_FORMAT, "WebP: damaged: its data make no sense");
    }
}

/* Reads the file's parts, and the header of the picture in them. */
static rgm_status open_file(webp_file *file, WebPBitstreamFeatures *features, const rgm_bytes *bytes,
                            rgm_picture_info *info, rgm_error *err) {
    RGM_TRY(read_file(file, bytes, info, err));
    VP8StatusCode code = WebPGetFeatures(file->frame, file->size, features);
    if (code != VP8_STATUS_OK) return fail_webp(code, err);
    if (!file->animated) {
        file->H = features->height;
        file->W = features->width;
    }
    if (features->height > file->H - file->y || features->width > file->W - file->x || features->has_animation)
        return rgm_fail(err, RGM_E_FORMAT, "WebP: damaged: its frame is larger than the picture");
    return RGM_OK;
}

rgm_status rgm_webp_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    webp_file file = {0};
    WebPBitstreamFeatures features;
    RGM_TRY(open_file(&file, &features, bytes, info, err));
    info->H = file.H;
    info->W = file.W;
    info->colour = 1;
    info->bits = 8;
    info->alpha = features.has_alpha || file.alpha;
    return RGM_OK;
}

/* A frame smaller than the picture lies on the background. */
static void fill(rgm_canvas *canvas, const webp_file *file) {
    uint8_t clear[4] = {0, 0, 0, 0};
    for (int32_t y = 0; y < file->H; y++)
        for (int32_t x = 0; x < file->W; x++) rgm_canvas_row(canvas, &(rgm_row){clear, RGM_ROW_RGBA, y, x, 1, 1});
}

static rgm_status decode(const rgm_decoding *job, const webp_file *file, WebPDecoderConfig *config, rgm_error *err) {
    rgm_canvas canvas;
    int alpha = config->input.has_alpha;
    config->output.colorspace = alpha ? MODE_RGBA : MODE_RGB;
    VP8StatusCode code = WebPDecode(file->frame, file->size, config);
    if (code != VP8_STATUS_OK) return fail_webp(code, err);
    RGM_TRY(rgm_canvas_begin(&canvas, job, err));
    if (config->output.height < file->H || config->output.width < file->W) fill(&canvas, file);
    const struct WebPRGBABuffer *rgba = &config->output.u.RGBA;
    rgm_row row = {.what = alpha ? RGM_ROW_RGBA : RGM_ROW_RGB, .x = file->x, .step = 1, .W = config->output.width};
    for (int32_t y = 0; y < config->output.height; y++) {
        row.y = file->y + y;
        row.pixels = rgba->rgba + (ptrdiff_t)y * rgba->stride;
        rgm_canvas_row(&canvas, &row);
    }
    rgm_canvas_end(&canvas);
    return RGM_OK;
}

rgm_status rgm_webp_decode(const rgm_decoding *job, rgm_error *err) {
    webp_file file = {0};
    WebPDecoderConfig config;
    rgm_picture_info info;
    if (!WebPInitDecoderConfig(&config)) return rgm_fail(err, RGM_E_UNSUPPORTED, "WebP: another version of libwebp");
    RGM_TRY(open_file(&file, &config.input, job->bytes, &info, err));
    rgm_status status = decode(job, &file, &config, err);
    WebPFreeDecBuffer(&config.output);
    return status;
}
