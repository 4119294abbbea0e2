#include "picture/encode.h"

#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>

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
