/* Encoded pictures for tests, made in memory: JPEG, PNG and WebP by their libraries, BMP and PNM by hand. Everything
 * that is 0 in a spec is the plain case, so that
 *
 *     make_picture(&(picture_spec){.kind = RGM_PICTURE_JPEG, .H = 40, .W = 30, .C = 3, .seed = 7}, &size)
 *
 * is a usual photograph of 40 x 30. Its pixels are make_picture_pixels(), unless spec.pixels has others.
 *
 * Programs that use it are linked with $(picture_maker_libs) and compiled with $(picture_maker_cppflags).
 */
#ifndef TESTS_MAKE_PICTURE_H
#define TESTS_MAKE_PICTURE_H

#include <stddef.h>
#include <stdint.h>
#include "picture/picture.h"

typedef struct picture_spec {
    int32_t kind;          /* RGM_PICTURE_JPEG and so on */
    int32_t H, W;          /* as stored */
    int32_t C;             /* 1: grey, 2: grey and alpha, 3: RGB, 4: RGB and alpha; JPEG's 4: CMYK as stored */
    uint64_t seed;         /* of the pixels */
    const uint8_t *pixels; /* [H][W][C]; NULL: make_picture_pixels() with the seed */

    int32_t quality;     /* JPEG: 1 to 100, 0: 90. WebP: 1 to 100 lossy, 0: lossless */
    int32_t sampling;    /* JPEG colour: 0: 4:2:0, 1: 4:4:4, 2: 4:2:2, 3: 4:4:0, 4: 4:1:1, 5: RGB as it is (or YCCK),
                            6: 2 across and 4 down for one of colour, 7: 4 across and 2 down */
    int32_t progressive; /* JPEG: 1 progressive, 2: arithmetic coding. PNG: 1 interlaced */
    int32_t restart;     /* JPEG: restart markers every so many rows of blocks */
    int32_t orientation; /* 1 to 8 in EXIF, 0: no EXIF */
    int32_t profile;     /* 1: with a colour profile (nonsense) */
    int32_t bits;        /* 0: 8. PNG: 1, 2, 4 (grey, palette), 16. BMP: 1, 4, 8, 16, 24, 32. PNM: 1, 8, 16. Pixels of
                            less keep their upper bits; 16: the byte twice. */
    int32_t palette;     /* PNG, BMP: 1: indices into 2^bits colours: index i is colour (7 i, 11 i, 13 i), BMP's too;
                            pixels are the indices, C is 1 */
    int32_t transparent; /* PNG: 1: pixels equal to the first are transparent; palette: colour i has alpha 255 - i */
    int32_t plain;       /* PNM: 1: as text (P1, P2, P3) */
    int32_t coded;       /* BMP: 1: run lengths (RLE8, RLE4), 2: bit fields */
    int32_t top_down;    /* BMP: 1: the first row is the upper one */
    int32_t header;      /* BMP: 12, 40, 52, 56, 108, 124; 0: 40 */
} picture_spec;

/* Encodes it; the caller frees. Aborts where an encoder refuses. */
uint8_t *make_picture(const picture_spec *spec, size_t *size);

/* The same into a file. */
void make_picture_file(const char *path, const picture_spec *spec);

/* Smooth waves with a little noise, [H][W][C]: a stand-in for a photograph. */
void make_picture_pixels(uint8_t *pixels, int32_t H, int32_t W, int32_t C, uint64_t seed);

#endif
