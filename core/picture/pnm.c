#include "picture/decoder_internal.h"

#include <stdio.h>

/* P1 to P3 are text, P4 to P6 binary: bits, greys, colours. A raster of bytes begins one space behind the header. */
typedef struct pnm_file {
    const uint8_t *at, *end;
    int32_t H, W, C;
    int32_t type;    /* 1 to 6 */
    int32_t maximum; /* of a sample; of bits 1 */
} pnm_file;

static rgm_status fail_early(int32_t y, int32_t H, rgm_error *err) {
    if (y < 0) return rgm_fail(err, RGM_E_FORMAT, "PNM: ends too early, in its header");
    return rgm_fail(err, RGM_E_FORMAT, "PNM: ends too early, after %d of %d rows", y, H);
}

static int is_space(uint8_t c) { return c == ' ' || (c >= 9 && c <= 13); }

/* Spaces, and comments from # to the end of a line. */
static void pass_spaces(pnm_file *file) {
    while (file->at < file->end && (is_space(*file->at) || *file->at == '#'))
        if (*file->at++ == '#')
            while (file->at < file->end && *file->at != '\n' && *file->at != '\r') file->at++;
}

/* The next number, at most 10^8; -1: the file ends, -2: something else is there. */
static int32_t number(pnm_file *file) {
    pass_spaces(file);
    if (file->at == file->end) return -1;
    if (*file->at < '0' || *file->at > '9') return -2;
    int64_t value = 0;
    for (; file->at < file->end && *file->at >= '0' && *file->at <= '9'; file->at++)
        value = value > 100000000 ? value : value * 10 + (*file->at - '0');
    return value > 100000000 ? 100000001 : (int32_t)value;
}

static rgm_status header_number(pnm_file *file, int32_t *value, rgm_error *err) {
    *value = number(file);
    if (*value == -1 || (*value >= 0 && file->at == file->end)) return fail_early(-1, 0, err);
    if (*value < 0) return rgm_fail(err, RGM_E_FORMAT, "PNM: damaged: its header has no number where one is due");
    return RGM_OK;
}

static rgm_status read_header(pnm_file *file, const rgm_bytes *bytes, rgm_error *err) {
    *file = (pnm_file){.at = bytes->at + 2, .end = bytes->at + bytes->size, .type = bytes->at[1] - '0', .maximum = 1};
    file->C = file->type == 3 || file->type == 6 ? 3 : 1;
    RGM_TRY(header_number(file, &file->W, err));
    RGM_TRY(header_number(file, &file->H, err));
    if (file->type != 1 && file->type != 4) RGM_TRY(header_number(file, &file->maximum, err));
    if (file->maximum < 1 || file->maximum > 65535)
        return rgm_fail(err, RGM_E_FORMAT, "PNM: damaged: its largest value is %d, expected 1 to 65535", file->maximum);
    if (!is_space(*file->at)) return rgm_fail(err, RGM_E_FORMAT, "PNM: damaged: no space behind its header");
    file->at++;
    return RGM_OK;
}

rgm_status rgm_pnm_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    pnm_file file;
    RGM_TRY(read_header(&file, bytes, err));
    info->H = file.H;
    info->W = file.W;
    info->colour = file.C == 3;
    info->bits = 1;
    while (info->bits < 16 && file.maximum >> info->bits) info->bits++;
    return RGM_OK;
}

static rgm_status fail_sample(int32_t value, int32_t maximum, rgm_error *err) {
    return rgm_fail(err, RGM_E_FORMAT, "PNM: damaged: a value is %d, its largest should be %d", value, maximum);
}

static uint8_t scaled(const pnm_file *file, int32_t value) {
    return file->maximum == 255 ? (uint8_t)value : (uint8_t)((value * 255 + file->maximum / 2) / file->maximum);
}

/* One row of a text; digits of bits need no space between them. 1 is black there. */
static rgm_status text_row(pnm_file *file, uint8_t *to, int32_t y, rgm_error *err) {
    for (int32_t i = 0; i < file->W * file->C; i++) {
        int32_t value;
        if (file->type == 1) {
            pass_spaces(file);
            value = file->at == file->end ? -1 : *file->at == '0' || *file->at == '1' ? *file->at++ - '0' : -2;
        } else
            value = number(file);
        if (value == -1) return fail_early(y, file->H, err);
        if (value == -2) return rgm_fail(err, RGM_E_FORMAT, "PNM: damaged: no number, after %d rows", y);
        if (value > file->maximum) return fail_sample(value, file->maximum, err);
        to[i] = file->type == 1 ? (uint8_t)(value ? 0 : 255) : scaled(file, value);
    }
    return RGM_OK;
}

static rgm_status samples_row(pnm_file *file, uint8_t *to, rgm_error *err) {
    int wide = file->maximum > 255;
    for (int32_t i = 0; i < file->W * file->C; i++) {
        int32_t value = wide ? (int32_t)rgm_be16(file->at) : *file->at;
        if (value > file->maximum) return fail_sample(value, file->maximum, err);
        to[i] = scaled(file, value);
        file->at += wide ? 2 : 1;
    }
    return RGM_OK;
}

static rgm_status binary_row(pnm_file *file, uint8_t *to, int32_t y, rgm_error *err) {
    int64_t samples = (int64_t)file->W * file->C, size = samples * (file->maximum > 255 ? 2 : 1);
    if (file->type == 4) size = (file->W + 7) / 8;
    if (file->end - file->at < size) return fail_early(y, file->H, err);
    if (file->type != 4) return samples_row(file, to, err);
    for (int32_t i = 0; i < file->W; i++) to[i] = file->at[i / 8] >> (7 - i % 8) & 1 ? 0 : 255;
    file->at += size;
    return RGM_OK;
}

rgm_status rgm_pnm_decode(const rgm_decoding *job, rgm_error *err) {
    pnm_file file;
    rgm_canvas canvas;
    RGM_TRY(read_header(&file, job->bytes, err));
    RGM_TRY(rgm_canvas_begin(&canvas, job, err));
    uint8_t *pixels = job->decoder->row.at;
    rgm_row row = {.pixels = pixels, .what = file.C, .step = 1, .W = file.W};
    for (; row.y < file.H; row.y++) {
        RGM_TRY(file.type < 4 ? text_row(&file, pixels, row.y, err) : binary_row(&file, pixels, row.y, err));
        rgm_canvas_row(&canvas, &row);
    }
    return RGM_OK;
}
