/* Pictures: from the bytes of a file to upright pixels. JPEG through libjpeg-turbo, PNG through libspng, WebP through
 * libwebp; BMP and PNM (PBM, PGM, PPM) are read here. This room alone includes those libraries.
 *
 *     rgm_decoder_create(&decoder, &err);                   one for each worker
 *     rgm_picture_probe(&bytes, &info, &err);               what it is: its header alone
 *     rgm_decode(decoder, &bytes, &want, &picture, &err);   its pixels, in the decoder's memory
 *     rgm_decoder_destroy(decoder);
 *
 * What comes out is uint8 with one channel (grey) or three (RGB), whatever went in:
 *     palettes, 1 to 16 bits        8 bits; of 16 the upper ones, rounded
 *     alpha                         blended over want.background: background + (pixel - background) * alpha
 *     CMYK, YCCK                    RGB without a profile: each of c * k / 255, rounded
 *     colour to grey                (19595 R + 38470 G + 7471 B + 2^15) >> 16, the weights of ITU-R BT.601
 *     EXIF orientation              applied: every H, W and box here is of the upright picture
 *     colour profiles               ignored, and told in info.profile
 *     several frames or pages       the first
 *
 * A decoded picture is a function of bytes and want alone. libjpeg-turbo decodes with its accurate inverse DCT and its
 * smooth upsampling, which have the same bits on all instruction sets.
 *
 * A damaged picture is RGM_E_FORMAT, and so is one that ends too early. Its line is "NAME: what is wrong", without a
 * name "what is wrong". Bytes that a decoder passes over without harm are counted in picture.warnings, and so is the
 * end marker that a whole JPEG lacks.
 */
#ifndef RGM_PICTURE_PICTURE_H
#define RGM_PICTURE_PICTURE_H

#include <stddef.h>
#include "base/status.h"

#define RGM_PICTURE_SIDE   65535       /* largest height and width */
#define RGM_PICTURE_PIXELS (100000000) /* most pixels: larger ones are RGM_E_UNSUPPORTED, from their header */

enum {
    RGM_PICTURE_NONE = 0, /* no picture */
    RGM_PICTURE_JPEG = 1,
    RGM_PICTURE_PNG = 2,
    RGM_PICTURE_WEBP = 3,
    RGM_PICTURE_BMP = 4,
    RGM_PICTURE_PNM = 5
};

/* An encoded picture in memory; plain value. */
typedef struct rgm_bytes {
    const uint8_t *at;
    size_t size;
    const char *name; /* a path, or where it lies in a set: begins its error lines; NULL: they have no name */
} rgm_bytes;

/* RGM_PICTURE_* by the first bytes; NONE for all else. [any thread] */
int32_t rgm_picture_kind(const void *bytes, size_t size);

/* Puts the name, of a long one its end, in front of the line of a failure; returns it. Without a name or a failure
 * nothing is done. */
rgm_status rgm_picture_fail_in(const rgm_bytes *bytes, rgm_status status, rgm_error *err);

/* "JPEG", "PNG", "WebP", "BMP", "PNM"; "" for NONE. */
const char *rgm_picture_kind_name(int32_t kind);

/* "GIF", "TIFF", ...: a kind that people have and that is not read here, by the first bytes; "" for all else. */
const char *rgm_picture_other(const void *bytes, size_t size);

typedef struct rgm_picture_info {
    int32_t kind;
    int32_t H, W;        /* upright */
    int32_t colour;      /* 0: grey, 1: colour */
    int32_t alpha;       /* 1: it has transparency */
    int32_t bits;        /* of a channel, as stored: 1 to 16 */
    int32_t orientation; /* 1 to 8, as in EXIF; 1: upright as stored */
    int32_t profile;     /* 1: it has a colour profile, which is ignored */
} rgm_picture_info;

/* Reads the header. RGM_E_FORMAT for what is no picture, or a damaged one; RGM_E_UNSUPPORTED for one that is too large
 * or of a kind that cannot be read. [any thread] */
rgm_status rgm_picture_probe(const rgm_bytes *bytes, rgm_picture_info *info, rgm_error *err);

/* A rectangle in pixels; it may begin and end within one. height 0: the whole picture. */
typedef struct rgm_box {
    double top, left, height, width;
} rgm_box;

/* What of a picture is wanted. */
typedef struct rgm_decode_want {
    int32_t C;             /* 1 or 3 */
    uint8_t background[3]; /* behind transparency, RGB */
    rgm_box box;           /* only this part is needed; more may come */
    int32_t checked;       /* 1: what lies beside the box is looked through too: damage there is an error as well */
    int32_t H, W;          /* the box may come reduced by 2, 4 or 8, but has at least so many pixels; 0: not reduced */
} rgm_decode_want;

typedef struct rgm_picture {
    const uint8_t *pixels; /* [H] rows of [W][C], in the decoder's memory until its next use */
    int64_t pitch;         /* bytes from row to row */
    int32_t H, W, C;       /* of what was decoded */
    rgm_box box;           /* where want.box is in it */
    int32_t reduced;       /* 1, 2, 4 or 8 */
    int32_t warnings;      /* oddities that a decoder passed over */
} rgm_picture;

typedef struct rgm_decoder rgm_decoder; /* buffers that grow, for one thread at a time */

/* RGM_E_NOMEM. [any thread] */
rgm_status rgm_decoder_create(rgm_decoder **decoder, rgm_error *err);
void rgm_decoder_destroy(rgm_decoder *decoder); /* NULL is fine */

/* Takes the memory for pictures of up to so many pixels with C channels now. Later decoding takes none of our own; the
 * libraries take theirs. RGM_E_NOMEM. */
rgm_status rgm_decoder_reserve(rgm_decoder *decoder, int64_t pixels, int32_t C, rgm_error *err);

/* Bytes that rgm_decoder_reserve() takes, for a plan. */
size_t rgm_decoder_bytes(int64_t pixels, int32_t C);

/* Decodes. Errors of rgm_picture_probe(); RGM_E_NOMEM. [any thread] */
rgm_status rgm_decode(rgm_decoder *decoder, const rgm_bytes *bytes, const rgm_decode_want *want, rgm_picture *picture,
                      rgm_error *err);

#endif
