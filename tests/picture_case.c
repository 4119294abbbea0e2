#include "picture_case.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

rgm_picture decoded(rgm_decoder *decoder, const rgm_bytes *bytes, const rgm_decode_want *want) {
    rgm_picture picture;
    rgm_error err = {0};
    ck_assert_msg(rgm_decode(decoder, bytes, want, &picture, &err) == RGM_OK, "%s", err.text);
    return picture;
}

void refused(const uint8_t *at, size_t size, rgm_status status, const char *words, int probe) {
    uint8_t *copy = malloc(size ? size : 1); /* of this size, so that a sanitizer sees what is read behind it */
    ck_assert_ptr_nonnull(copy);
    if (size) memcpy(copy, at, size);
    rgm_bytes bytes = {copy, size, "folder/some.file"};
    rgm_decoder *decoder;
    rgm_picture picture;
    rgm_picture_info info;
    rgm_error err = {0};
    ck_assert(rgm_decoder_create(&decoder, &err) == RGM_OK);
    rgm_status found = probe ? rgm_picture_probe(&bytes, &info, &err)
                             : rgm_decode(decoder, &bytes, &(rgm_decode_want){.C = 3}, &picture, &err);
    ck_assert_msg(found == status, "status %d, expected %d: %s", found, status, err.text);
    ck_assert_msg(strstr(err.text, words) && !strncmp(err.text, "folder/some.file: ", 18), "%s: no %s", err.text,
                  words);
    rgm_decoder_destroy(decoder);
    free(copy);
}

void stored_place(int orientation, int H, int W, int Y, int X, int *y, int *x) {
    switch (orientation) {
    case 2:
        *y = Y, *x = W - 1 - X;
        break; /* row 0 top, column 0 right */
    case 3:
        *y = H - 1 - Y, *x = W - 1 - X;
        break; /* bottom, right */
    case 4:
        *y = H - 1 - Y, *x = X;
        break; /* bottom, left */
    case 5:
        *y = X, *x = Y;
        break; /* left, top */
    case 6:
        *y = H - 1 - X, *x = Y;
        break; /* right, top */
    case 7:
        *y = H - 1 - X, *x = W - 1 - Y;
        break; /* right, bottom */
    case 8:
        *y = X, *x = W - 1 - Y;
        break; /* left, bottom */
    default:
        *y = Y, *x = X;
    }
}

/* A byte in so many bits and back. */
static int through_bits(int value, int bits) {
    if (bits >= 8) return value;
    int most = (1 << bits) - 1;
    return (int)floor((value >> (8 - bits)) * 255.0 / most + 0.5);
}

static int is_key(const picture_spec *spec, const uint8_t *first, const uint8_t *p) {
    int shift = spec->bits && spec->bits < 8 ? 8 - spec->bits : 0;
    for (int c = 0; c < spec->C; c++)
        if (p[c] >> shift != first[c] >> shift) return 0;
    return 1;
}

/* A stored pixel -> red, green, blue, alpha. */
static void rgba_of(const picture_spec *spec, const uint8_t *first, const uint8_t *p, int rgba[4]) {
    int bits = spec->bits ? spec->bits : 8;
    for (int c = 0; c < 3; c++) {
        int channel_bits = spec->kind == RGM_PICTURE_BMP && bits > 8 ? (bits != 16              ? 8
                                                                        : spec->coded && c == 1 ? 6
                                                                                                : 5)
                                                                     : bits;
        rgba[c] = through_bits(p[spec->C < 3 ? 0 : c], channel_bits);
    }
    rgba[3] = spec->C == 2 ? p[1] : spec->C == 4 ? p[3] : 255;
    if (spec->palette) {
        for (int c = 0; c < 3; c++) rgba[c] = p[0] * (int[]){7, 11, 13}[c] & 255;
        rgba[3] = spec->transparent ? 255 - p[0] : 255;
    } else if (spec->transparent)
        rgba[3] = is_key(spec, first, p) ? 0 : 255;
}

void oracle_pixel(const picture_spec *spec, const uint8_t *pixels, const rgm_decode_want *want, int Y, int X,
                  uint8_t *result) {
    int y, x, rgba[4], rgb[3];
    stored_place(spec->orientation, spec->H, spec->W, Y, X, &y, &x);
    rgba_of(spec, pixels, pixels + (y * spec->W + x) * spec->C, rgba);
    for (int c = 0; c < 3; c++)
        rgb[c] = (int)floor(want->background[c] + (rgba[c] - want->background[c]) * (rgba[3] / 255.0) + 0.5);
    if (want->C == 1)
        *result = (uint8_t)((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) >> 16);
    else
        for (int c = 0; c < 3; c++) result[c] = (uint8_t)rgb[c];
}

int oracle_difference(const picture_spec *spec, const uint8_t *pixels, const rgm_decode_want *want,
                      const rgm_picture *picture) {
    int swapped = spec->orientation >= 5, most = 0;
    ck_assert_int_eq(picture->H, swapped ? spec->W : spec->H);
    ck_assert_int_eq(picture->W, swapped ? spec->H : spec->W);
    ck_assert_int_eq(picture->C, want->C);
    for (int Y = 0; Y < picture->H; Y++)
        for (int X = 0; X < picture->W; X++) {
            uint8_t expected[3];
            oracle_pixel(spec, pixels, want, Y, X, expected);
            for (int c = 0; c < want->C; c++) {
                int d = abs(picture->pixels[Y * picture->pitch + X * want->C + c] - expected[c]);
                if (d > most) most = d;
            }
        }
    return most;
}
