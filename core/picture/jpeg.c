#include "picture/decoder_internal.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

/* ---- the header ---- */

typedef struct jpeg_header {
    const uint8_t *at, *end;
    rgm_picture_info *info;
    int32_t frame; /* 1: its SOF marker was seen */
    int32_t exif;  /* 1: the first EXIF block was seen */
} jpeg_header;

static rgm_status fail_header(rgm_error *err) {
    return rgm_fail(err, RGM_E_FORMAT, "JPEG: ends too early, in its header");
}

/* SOF: precision, height, width, components. */
static rgm_status read_frame(jpeg_header *header, int marker, const uint8_t *body, size_t size, rgm_error *err) {
    rgm_picture_info *info = header->info;
    if (header->frame) return rgm_fail(err, RGM_E_FORMAT, "JPEG: damaged: it has two frame headers");
    if (size < 6) return rgm_fail(err, RGM_E_FORMAT, "JPEG: damaged: its frame header has %zu bytes", size);
    if (marker != 0xc0 && marker != 0xc1 && marker != 0xc2 && marker != 0xc9 && marker != 0xca)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "JPEG: its process SOF%d (lossless, hierarchical) cannot be read",
                        marker - 0xc0);
    info->bits = body[0];
    info->H = (int32_t)rgm_be16(body + 1);
    info->W = (int32_t)rgm_be16(body + 3);
    info->colour = body[5] != 1;
    header->frame = 1;
    if (info->bits != 8)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "JPEG: %d bits a channel cannot be read, 8 can", info->bits);
    if (body[5] != 1 && body[5] != 3 && body[5] != 4)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "JPEG: %d channels cannot be read (1, 3 and 4 can)", body[5]);
    return RGM_OK;
}

static rgm_status read_marker(jpeg_header *header, int marker, const uint8_t *body, size_t size, rgm_error *err) {
    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc)
        return read_frame(header, marker, body, size, err);
    if (marker == 0xe1 && !header->exif && size > 6 && !memcmp(body, "Exif\0", 6)) {
        header->info->orientation = rgm_exif_orientation(body + 6, size - 6);
        header->exif = 1;
    }
    if (marker == 0xe2 && size >= 12 && !memcmp(body, "ICC_PROFILE", 12)) header->info->profile = 1;
    return RGM_OK;
}

/* The next marker, or -1 at the end; bytes before it are passed over, as libjpeg does. */
static int next_marker(jpeg_header *header) {
    int marker = 0;
    while (marker == 0) {
        while (header->at < header->end && *header->at != 0xff) header->at++;
        while (header->at < header->end && *header->at == 0xff) header->at++;
        if (header->at >= header->end) return -1;
        marker = *header->at++;
    }
    return marker;
}

rgm_status rgm_jpeg_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err) {
    jpeg_header header = {.at = bytes->at + 2, .end = bytes->at + bytes->size, .info = info};
    for (;;) {
        int marker = next_marker(&header);
        if (marker < 0) return fail_header(err);
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) continue;
        if (marker == 0xd8 || marker == 0xd9) return rgm_fail(err, RGM_E_FORMAT, "JPEG: damaged: it has no picture");
        size_t left = (size_t)(header.end - header.at);
        if (left < 2) return fail_header(err);
        size_t length = rgm_be16(header.at);
        if (length < 2) return rgm_fail(err, RGM_E_FORMAT, "JPEG: damaged: a segment has %zu bytes", length);
        if (length > left) return fail_header(err);
        if (marker == 0xda) break;
        RGM_TRY(read_marker(&header, marker, header.at + 2, length - 2, err));
        header.at += length;
    }
    return header.frame ? RGM_OK : rgm_fail(err, RGM_E_FORMAT, "JPEG: damaged: it has no frame header");
}

/* ---- libjpeg's interface ---- */

typedef struct jpeg_job {
    struct jpeg_decompress_struct c;
    struct jpeg_error_mgr handler;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf out;
    const rgm_decoding *job;
    rgm_status status;
    rgm_error *err;
    int32_t warnings;
    int32_t ended; /* 1: its bytes were read up, and an end marker was put behind them */
    int32_t scans; /* most that are read */
} jpeg_job;

static jpeg_job *job_of(void *cinfo) { return ((j_common_ptr)cinfo)->client_data; }

/* ", after 16 of 300 rows", or nothing where none is whole. They are those of the file, whatever part is wanted. */
static const char *after_rows(const jpeg_job *job, char text[64]) {
    const struct jpeg_decompress_struct *c = &job->c;
    int one_scan = !c->progressive_mode && c->comps_in_scan == c->num_components;
    JDIMENSION rows = one_scan ? c->input_iMCU_row * (JDIMENSION)(c->max_v_samp_factor * DCTSIZE) : 0;
    text[0] = 0;
    if (rows > 0)
        snprintf(text, 64, ", after %u of %u rows", rows < c->image_height ? rows : c->image_height, c->image_height);
    return text;
}

_Noreturn static void leave(jpeg_job *job, rgm_status status) {
    job->status = status;
    longjmp(job->out, 1);
}

_Noreturn static void ends_early(jpeg_job *job) {
    char rows[64];
    leave(job, rgm_fail(job->err, RGM_E_FORMAT, "JPEG: ends too early%s", after_rows(job, rows)));
}

_Noreturn static void on_error(j_common_ptr cinfo) {
    jpeg_job *job = job_of(cinfo);
    char text[JMSG_LENGTH_MAX], rows[64];
    int code = cinfo->err->msg_code;
    cinfo->err->format_message(cinfo, text);
    if (code == JERR_OUT_OF_MEMORY) leave(job, rgm_fail(job->err, RGM_E_NOMEM, "JPEG: no memory to decode it"));
    if (job->ended) ends_early(job);
    int cannot = code == JERR_NO_BACKING_STORE || code == JERR_NOT_COMPILED || code == JERR_NOTIMPL ||
                 code == JERR_ARITH_NOTIMPL || code == JERR_CONVERSION_NOTIMPL || code == JERR_CCIR601_NOTIMPL ||
                 code == JERR_FRACT_SAMPLE_NOTIMPL || code == JERR_BAD_PRECISION || code == JERR_SOF_UNSUPPORTED;
    if (cannot) leave(job, rgm_fail(job->err, RGM_E_UNSUPPORTED, "JPEG: cannot be read: %s", text));
    leave(job, rgm_fail(job->err, RGM_E_FORMAT, "JPEG: damaged: %s%s", text, after_rows(job, rows)));
}

/* Warnings after which pixels are wrong are errors. The others are counted. */
static void on_message(j_common_ptr cinfo, int level) {
    if (level >= 0) return;
    switch (cinfo->err->msg_code) {
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_JPEG_EOF:
        on_error(cinfo);
    default:
        job_of(cinfo)->warnings++;
    }
}

static void on_output(j_common_ptr cinfo) { (void)cinfo; } /* libjpeg's prints */

static void source_begin(j_decompress_ptr c) { (void)c; }

/* libjpeg reads ahead, so that it is not known yet whether more than the end marker is missing: a scan whose data ends
 * there gives a warning, which is an error then. Arithmetic coding gives none. */
static boolean source_fill(j_decompress_ptr c) {
    static const JOCTET end[2] = {0xff, JPEG_EOI};
    jpeg_job *job = job_of(c);
    if (job->ended || c->arith_code) ends_early(job);
    job->ended = 1;
    job->warnings++;
    c->src->next_input_byte = end;
    c->src->bytes_in_buffer = sizeof end;
    return TRUE;
}

static void source_skip(j_decompress_ptr c, long bytes) {
    if (bytes <= 0) return;
    if ((size_t)bytes > c->src->bytes_in_buffer) ends_early(job_of(c));
    c->src->next_input_byte += bytes;
    c->src->bytes_in_buffer -= (size_t)bytes;
}

/* A small file may have thousands of scans over many pixels: that is no picture, but an attack on time. */
static int32_t most_scans(int64_t pixels) {
    int64_t most = 4000000000 / (pixels + 1);
    return most < 40 ? 40 : most > 500 ? 500 : (int32_t)most;
}

static void on_progress(j_common_ptr cinfo) {
    jpeg_job *job = job_of(cinfo);
    if (job->c.input_scan_number > job->scans)
        leave(job, rgm_fail(job->err, RGM_E_UNSUPPORTED, "JPEG: it has more than %d scans", job->scans));
}

static void start(jpeg_job *job) {
    const rgm_bytes *bytes = job->job->bytes;
    jpeg_create_decompress(&job->c);
    job->c.src = &job->source;
    job->source = (struct jpeg_source_mgr){.next_input_byte = bytes->at,
                                           .bytes_in_buffer = bytes->size,
                                           .init_source = source_begin,
                                           .fill_input_buffer = source_fill,
                                           .skip_input_data = source_skip,
                                           .resync_to_restart = jpeg_resync_to_restart,
                                           .term_source = source_begin};
    job->progress.progress_monitor = on_progress;
    job->c.progress = &job->progress;
    jpeg_read_header(&job->c, TRUE);
    const rgm_picture_info *info = job->job->info;
    int64_t H = job->c.image_height, W = job->c.image_width;
    if (H * W != (int64_t)info->H * info->W || (H != info->H && H != info->W))
        leave(job, rgm_fail(job->err, RGM_E_FORMAT, "JPEG: damaged: it has two sizes"));
    job->scans = most_scans(H * W);
    job->c.mem->max_memory_to_use = (long)(H * W * 16 + (64 << 20));
    job->c.dct_method = JDCT_ISLOW;
    job->c.do_fancy_upsampling = TRUE;
}

/* ---- pixels ---- */

/* A part of the stored picture, in pixels of the reduced one: rows top to bottom - 1, columns left to right - 1. */
typedef struct jpeg_part {
    int32_t reduced;
    int32_t top, bottom, left, right;
} jpeg_part;

/* The wanted box as stored: turned back. */
static rgm_box stored_box(const rgm_decoding *job) {
    const rgm_picture_info *info = job->info;
    rgm_box box = job->want->box;
    if (box.height <= 0) box = (rgm_box){0, 0, info->H, info->W};
    int32_t orientation = info->orientation;
    if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8)
        box.top = info->H - box.top - box.height;
    if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7)
        box.left = info->W - box.left - box.width;
    return orientation < 5 ? box : (rgm_box){box.left, box.top, box.width, box.height};
}

static int32_t clip(double value, int32_t low, int32_t high) {
    return !(value > low) ? low : value > high ? high : (int32_t)value; /* NaN: low */
}

static int32_t reduction(const rgm_decode_want *want, const rgm_picture_info *info) {
    int whole = want->box.height <= 0;
    double height = whole ? info->H : want->box.height, width = whole ? info->W : want->box.width;
    int32_t reduced = 1;
    if (want->H <= 0 || want->W <= 0) return 1;
    while (reduced < 8 && height >= 2.0 * reduced * want->H && width >= 2.0 * reduced * want->W) reduced *= 2;
    return reduced;
}

static jpeg_part part_of(const rgm_decoding *job, int32_t H, int32_t W, int32_t reduced) {
    rgm_box box = stored_box(job);
    jpeg_part part = {.reduced = reduced};
    part.top = clip(floor(box.top / reduced), 0, H - 1);
    part.left = clip(floor(box.left / reduced), 0, W - 1);
    part.bottom = clip(ceil((box.top + box.height) / reduced), part.top + 1, H);
    part.right = clip(ceil((box.left + box.width) / reduced), part.left + 1, W);
    return part;
}

/* Where the wanted box is in the decoded part, upright. */
static void place_box(const rgm_decoding *job, const jpeg_part *part) {
    const rgm_picture_info *info = job->info;
    rgm_picture *picture = job->picture;
    rgm_box box = job->want->box, stored = stored_box(job);
    if (box.height <= 0) box = (rgm_box){0, 0, info->H, info->W};
    double reduced = part->reduced, top = stored.top / reduced - part->top, left = stored.left / reduced - part->left;
    double height = stored.height / reduced, width = stored.width / reduced;
    if (info->orientation >= 5) {
        double swap = top;
        top = left;
        left = swap;
        swap = height;
        height = width;
        width = swap;
    }
    int32_t orientation = info->orientation;
    if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8) top = picture->H - top - height;
    if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7) left = picture->W - left - width;
    picture->box = (rgm_box){top, left, height, width};
    picture->reduced = part->reduced;
}

/* Chooses what comes out of libjpeg: what the canvas makes least of. */
static int32_t choose_colours(jpeg_job *job) {
    struct jpeg_decompress_struct *c = &job->c;
    if (c->num_components == 4) {
        c->out_color_space = JCS_CMYK;
        return RGM_ROW_CMYK;
    }
    if (c->num_components == 1) {
        c->out_color_space = JCS_GRAYSCALE;
        return RGM_ROW_GREY;
    }
    c->out_color_space = JCS_RGB;
    return RGM_ROW_RGB;
}

static void check(jpeg_job *job, rgm_status status) {
    if (status < 0) leave(job, status);
}

/* Decoding begins and ends a margin beside the wanted pixels, because smooth upsampling looks at neighbours: with it
 * the wanted pixels are those of the whole picture. libjpeg makes the left one wider, up to its blocks. */
enum { MARGIN = 2 };

/* Several scans are kept as coefficients of the whole picture: there is nothing to gain. And of what has four samples
 * beside one, libjpeg-turbo loses its place or half of a row, where it upsamples smoothly from two. */
static int can_leave_out(struct jpeg_decompress_struct *c) {
    return !jpeg_has_multiple_scans(c) && c->max_h_samp_factor <= 2 && c->max_v_samp_factor <= 2;
}

/* Tells libjpeg which columns and rows are needed. Returns the first column that it decodes. */
static int32_t leave_out(jpeg_job *job, const jpeg_part *part) {
    struct jpeg_decompress_struct *c = &job->c;
    if (!can_leave_out(c)) return 0;
    int32_t left = part->left > MARGIN ? part->left - MARGIN : 0;
    int32_t right = clip(part->right + MARGIN, 1, (int32_t)c->output_width);
    JDIMENSION first = (JDIMENSION)left, width = (JDIMENSION)(right - left);
    if (width < c->output_width) jpeg_crop_scanline(c, &first, &width);
    if (part->top > MARGIN) jpeg_skip_scanlines(c, (JDIMENSION)(part->top - MARGIN));
    return (int32_t)first;
}

/* The rows below the part: their coefficients alone, but for the last ones. Those of several scans have been read. */
static void look_through(jpeg_job *job) {
    struct jpeg_decompress_struct *c = &job->c;
    uint8_t *scratch = job->job->decoder->row.at;
    if (jpeg_has_multiple_scans(c)) return;
    if (can_leave_out(c) && c->output_scanline + 1 < c->output_height)
        jpeg_skip_scanlines(c, c->output_height - 1 - c->output_scanline);
    while (c->output_scanline < c->output_height) jpeg_read_scanlines(c, &scratch, 1);
}

/* Of a picture in several scans without an end marker all scans must be there. It is known of a progressive one: each
 * coefficient has all its bits. */
static void check_scans(jpeg_job *job) {
    const struct jpeg_decompress_struct *c = &job->c;
    if (!job->ended || !jpeg_has_multiple_scans(&job->c)) return;
    if (!c->coef_bits) ends_early(job);
    for (int k = 0; k < c->num_components; k++)
        for (int i = 0; i < DCTSIZE2; i++)
            if (c->coef_bits[k][i] != 0) ends_early(job);
}

static void decode(jpeg_job *job) {
    struct jpeg_decompress_struct *c = &job->c;
    rgm_canvas canvas;
    start(job);
    rgm_row row = {.what = choose_colours(job), .step = 1};
    int32_t reduced = reduction(job->job->want, job->job->info);
    c->scale_num = 1;
    c->scale_denom = (unsigned)reduced;
    jpeg_start_decompress(c);
    check_scans(job);
    jpeg_part part = part_of(job->job, (int32_t)c->output_height, (int32_t)c->output_width, reduced);
    check(job, rgm_canvas_begin_part(&canvas, job->job, part.bottom - part.top, part.right - part.left, job->err));
    place_box(job->job, &part);
    row.W = part.right - part.left;
    uint8_t *scratch = job->job->decoder->row.at;
    int32_t bytes = row.what == RGM_ROW_CMYK ? 4 : row.what;
    row.pixels = scratch + (ptrdiff_t)(part.left - leave_out(job, &part)) * bytes;
    while ((int32_t)c->output_scanline < part.bottom) {
        row.y = (int32_t)c->output_scanline - part.top;
        jpeg_read_scanlines(c, &scratch, 1);
        if (row.y >= 0) rgm_canvas_row(&canvas, &row);
    }
    rgm_canvas_end(&canvas);
    if (job->job->want->checked) look_through(job);
    if (c->output_scanline >= c->output_height) jpeg_finish_decompress(c);
    job->job->picture->warnings = job->warnings;
}

/* Apart from the job, so that no local variable crosses the jump. */
static void decode_or_leave(jpeg_job *job) {
    if (!setjmp(job->out)) decode(job);
}

rgm_status rgm_jpeg_decode(const rgm_decoding *decoding, rgm_error *err) {
    jpeg_job job = {.job = decoding, .err = err};
    job.c.err = jpeg_std_error(&job.handler);
    job.c.client_data = &job;
    job.handler.error_exit = on_error;
    job.handler.emit_message = on_message;
    job.handler.output_message = on_output;
    decode_or_leave(&job);
    jpeg_destroy_decompress(&job.c);
    return job.status;
}
