#include "picture/encode.h"

#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>
#include <spng.h>

enum { FULL_COLOUR = 90 };

struct failure {
    struct jpeg_error_mgr manager;
    jmp_buf back;
    char text[JMSG_LENGTH_MAX];
};

static void give_up(j_common_ptr c) {
    struct failure *failure = (struct failure *)c->err;
    failure->manager.format_message(c, failure->text);
    longjmp(failure->back, 1);
}

static void stay_silent(j_common_ptr c) { (void)c; }

static void compress(j_compress_ptr c, const rgm_encode_source *source, int32_t quality) {
    c->image_width = (JDIMENSION)source->W;
    c->image_height = (JDIMENSION)source->H;
    c->input_components = source->C;
    c->in_color_space = source->C == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(c);
    jpeg_set_quality(c, quality, TRUE);
    c->dct_method = JDCT_ISLOW;
    if (source->C == 3 && quality >= FULL_COLOUR) c->comp_info[0].h_samp_factor = c->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(c, TRUE);
    while (c->next_scanline < c->image_height) {
        JSAMPROW row = (JSAMPROW)(source->pixels + (size_t)c->next_scanline * (size_t)source->W * (size_t)source->C);
        jpeg_write_scanlines(c, &row, 1);
    }
    jpeg_finish_compress(c);
}

rgm_status rgm_encode_jpeg(const rgm_encode_source *source, int32_t quality, uint8_t **file, size_t *size,
                           rgm_error *err) {
    struct jpeg_compress_struct c;
    struct failure failure = {.text = ""};
    unsigned char *place = NULL;
    unsigned long length = 0;
    *file = NULL;
    *size = 0;
    c.err = jpeg_std_error(&failure.manager);
    failure.manager.error_exit = give_up;
    failure.manager.output_message = stay_silent;
    if (setjmp(failure.back)) {
        jpeg_destroy_compress(&c); /* what was encoded is lost: libjpeg-turbo does not say where it is */
        return rgm_fail(err, RGM_E_UNSUPPORTED, "cannot encode %d x %d pixels as JPEG: %s", source->H, source->W,
                        failure.text);
    }
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &place, &length);
    compress(&c, source, quality);
    jpeg_destroy_compress(&c);
    *file = place;
    *size = length;
    return RGM_OK;
}

/* Of an encoder: what spng's calls return, 0 if it was encoded. */
static int compress_png(spng_ctx *encoder, const rgm_encode_source *source, uint8_t **file, size_t *size) {
    struct spng_ihdr head = {.width = (uint32_t)source->W,
                             .height = (uint32_t)source->H,
                             .bit_depth = 8,
                             .color_type = source->C == 1 ? SPNG_COLOR_TYPE_GRAYSCALE : SPNG_COLOR_TYPE_TRUECOLOR};
    size_t bytes = (size_t)source->H * (size_t)source->W * (size_t)source->C;
    int code = spng_set_option(encoder, SPNG_ENCODE_TO_BUFFER, 1);
    if (!code) code = spng_set_ihdr(encoder, &head);
    if (!code) code = spng_encode_image(encoder, source->pixels, bytes, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE);
    if (!code) *file = spng_get_png_buffer(encoder, size, &code);
    return code;
}

rgm_status rgm_encode_png(const rgm_encode_source *source, uint8_t **file, size_t *size, rgm_error *err) {
    spng_ctx *encoder = spng_ctx_new(SPNG_CTX_ENCODER);
    *file = NULL;
    *size = 0;
    int code = encoder ? compress_png(encoder, source, file, size) : SPNG_EMEM;
    spng_ctx_free(encoder);
    if (code == SPNG_EMEM)
        return rgm_fail(err, RGM_E_NOMEM, "PNG of %d x %d pixels: out of memory", source->H, source->W);
    if (code)
        return rgm_fail(err, RGM_E_UNSUPPORTED, "cannot encode %d x %d pixels as PNG: %s", source->H, source->W,
                        spng_strerror(code));
    return RGM_OK;
}
