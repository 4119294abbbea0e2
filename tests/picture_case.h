/* What the suites of pictures share: decoding that fails the test on errors, and an oracle of what must come out. */
#ifndef TESTS_PICTURE_CASE_H
#define TESTS_PICTURE_CASE_H

#include "make_picture.h"
#include "picture/picture.h"

enum {
    JPEG = RGM_PICTURE_JPEG,
    PNG = RGM_PICTURE_PNG,
    WEBP = RGM_PICTURE_WEBP,
    BMP = RGM_PICTURE_BMP,
    PNM = RGM_PICTURE_PNM
};

/* Decodes, or fails the test. */
rgm_picture decoded(rgm_decoder *decoder, const rgm_bytes *bytes, const rgm_decode_want *want);

/* Fails the test unless decoding gives `status` and a line with the name and `words`; probe 1: already probing. */
void refused(const uint8_t *at, size_t size, rgm_status status, const char *words, int probe);

/* The stored pixel of the upright one (Y, X), from EXIF's words: where the stored row 0 and column 0 are seen. */
void stored_place(int orientation, int H, int W, int Y, int X, int *y, int *x);

/* What a lossless picture of these stored pixels must decode to, upright, [C]; (Y, X) upright. */
void oracle_pixel(const picture_spec *spec, const uint8_t *pixels, const rgm_decode_want *want, int Y, int X,
                  uint8_t *result);

/* The largest difference between a decoded picture and the oracle; fails the test where sizes differ. */
int oracle_difference(const picture_spec *spec, const uint8_t *pixels, const rgm_decode_want *want,
                      const rgm_picture *picture);

#endif
